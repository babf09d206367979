"""Pavings of |M'| < 1: the neuron's edge, random states, exact volumes."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import dynlatch as d
from dynlatch.cells.paving import contracting_region
from dynlatch.cells.tree import box_volume
from dynlatch.errors import InputError
from dynlatch.maps.evaluators import numpy_map
from dynlatch.regions.reduced_set import Membership
from dynlatch.verdict import Stop

NETWORK = d.tanh_network([[2, "1/5"], ["1/5", "9/5"]])


@pytest.mark.parametrize("norm", [1, 2, "inf"])
@pytest.mark.parametrize("m", [NETWORK, d.henon(), d.newton(), d.predator_prey()], ids=lambda m: m.name)
def test_random_states_are_on_the_side_proved(m: d.Map, norm: object) -> None:
    found = contracting_region(m, norm=norm, depth=7)
    rng = np.random.default_rng(0)
    for kind in (Membership.IN, Membership.OUT):
        lo, hi = found.tree.ends(found.cells(kind))
        states = lo + (hi - lo) * rng.random(lo.shape)
        sizes = np.linalg.norm(np.moveaxis(numpy_map(m).jacobian(states), 2, 0), ord=float(str(norm)), axis=(1, 2))
        assert np.all(sizes < 1 + 1e-12) if kind is Membership.IN else np.all(~(sizes < 1 - 1e-12))
    assert sum((found.volume(kind) for kind in Membership), Fraction(0)) == box_volume(found.box)


@pytest.mark.parametrize("w", [1.05, 2.0, 10.0])
def test_the_neurons_edge(w: float) -> None:
    found = contracting_region(d.neuron(w))
    edge = math.acosh(math.sqrt(w))
    inside, outside = found.volume(Membership.IN), found.volume(Membership.OUT)
    length = float(found.box[0][1] - found.box[0][0])
    assert float(inside) < length - 2 * edge < float(inside) + 5 * length / 2**20
    assert float(outside) < 2 * edge < float(outside) + 5 * length / 2**20


def test_each_halving_halves_what_is_open() -> None:
    shares = [float(contracting_region(NETWORK, depth=k).volume(Membership.UNDECIDED)) for k in (6, 7, 8)]
    assert 0.4 < shares[1] / shares[0] < 0.6
    assert 0.4 < shares[2] / shares[1] < 0.6


def test_a_budget_ends_it() -> None:
    found = contracting_region(NETWORK, max_cells=400)
    assert found.stop is Stop.BUDGET
    assert found.tree.leaves.size <= 400


@pytest.mark.parametrize(("arguments", "said"), [({"norm": 3}, "norm"), ({"depth": -1}, "depth=-1")])
def test_bad_arguments_are_refused(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        contracting_region(NETWORK, **arguments)  # pyright: ignore[reportArgumentType]
