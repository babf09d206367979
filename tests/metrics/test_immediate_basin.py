"""Ends of immediate basins, proved: every kind of end, and what must not be proved."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

import dynlatch as d
from dynlatch.latch.cycle_system import CycleSystem
from dynlatch.maps.definition import Formulas, Map, exact_box, state_symbol
from dynlatch.maps.evaluators import numpy_map
from dynlatch.metrics.immediate_basin import ImmediateBasin, is_common_end
from dynlatch.regions.attractors import find_attractors
from dynlatch.rigor.enclosure import Enclosure

X = state_symbol("x")


def formula(expression: sp.Expr, box: tuple[int, int] = (-2, 2)) -> Map:
    return Map("test", (X,), Formulas((expression,)), (), exact_box(box, 1))


def basin_of(m: Map, number: int) -> ImmediateBasin:
    return ImmediateBasin(m, find_attractors(m, m.domain)[number].traps[0])


@pytest.mark.parametrize("w", ["1.02", "5/4", 2, 10])
def test_the_neuron_s_basin_ends_at_0(w: object) -> None:
    basin = basin_of(d.neuron(w), 1)  # pyright: ignore[reportArgumentType]
    basin.prove_end(-1, 1e-9)
    end = basin.end(-1)
    assert end is not None
    assert 0 in end.value
    assert end.value.width < 1e-40
    assert end.period == 1
    assert basin.end(1) is None
    assert basin.grow(1, 1000.0), "it is all of (0, inf)"
    assert not basin.grow(-1, 0.0), "the end itself is not in it"
    assert not basin.grow(-1, -1.0)


@pytest.mark.parametrize("r", ["11/10", "3/2", "19/10", "1.99"])
def test_an_end_that_goes_to_the_other_end(r: str) -> None:
    """The cubic map's upper latch has (0, sqrt r): r x - x^3 = 0 at its upper end."""
    basin = basin_of(d.cubic(r), 1)
    basin.prove_end(1, math.sqrt(float(sp.Rational(r))))
    assert basin.end(1) is None, "the other end comes first"
    basin.prove_end(-1, 0.0)
    basin.prove_end(1, math.sqrt(float(sp.Rational(r))))
    end = basin.end(1)
    assert end is not None
    assert end.period == 0
    assert end.value.lower**2 <= sp.Rational(r) <= end.value.upper**2
    assert end.value.width < 1e-40


def test_both_ends_on_a_cycle_of_period_2() -> None:
    """x -> -x/2 - x^3 swaps +-sqrt(1/2), beyond which it diverges."""
    basin = basin_of(formula(-X / 2 - X**3), 0)
    for side in (-1, 1):
        basin.prove_end(side, side * math.sqrt(0.5))
        end = basin.end(side)
        assert end is not None
        assert end.period == 2
        lower, upper = sorted((end.value.lower**2, end.value.upper**2))
        assert lower <= sp.Rational(1, 2) <= upper


@pytest.mark.parametrize(
    ("m", "number", "side", "guess"),
    [
        (d.neuron(2), 1, -1, 0.3),  # no end there
        (d.neuron(2), 1, -1, -1.9150080481545),  # beyond the end: the other latch
        (d.cubic("3/2"), 1, 1, 1.58113883008419),  # a repelling cycle of period 2, but another piece lies between
        (formula(X / 2 + X**2 / 2), 0, 1, 1.0 + 1e-4),  # the end is at 1, farther than a guess may be off
        (formula(X + X**2 * (X - 1) / 2), 0, -1, 0.0),  # semi-stable at 0: no attractor has that end by this test
    ],
)  # fmt: skip
def test_what_is_no_hyperbolic_end_is_not_proved(m: Map, number: int, side: int, guess: float) -> None:
    found = find_attractors(m, m.domain)
    if len(found) <= number or not found[number].traps:
        return
    basin = ImmediateBasin(m, found[number].traps[0])
    basin.prove_end(side, guess)
    assert basin.end(side) is None


def test_what_is_proved_is_true_of_orbits() -> None:
    m = d.cubic("19/10")
    basin = basin_of(m, 1)
    basin.prove_end(-1, 0.0)
    basin.prove_end(1, math.sqrt(1.9))
    assert basin.end(1) is not None
    states = np.linspace(0, math.sqrt(1.9), 4000)[None, 1:-1]
    for _ in range(2000):
        states = numpy_map(m).step(states)
    np.testing.assert_allclose(states, math.sqrt(0.9))


def test_a_wrong_trapping_region_would_be_a_wrong_proof() -> None:
    """The mutant: with a region that reaches across 0 the basin would be proved on both sides of its end."""
    m = d.neuron(2)
    trap = find_attractors(m, m.domain)[1].traps[0]
    assert not ImmediateBasin(m, trap).grow(-1, -0.5)
    assert ImmediateBasin(m, replace(trap, radius=3.0)).grow(-1, -0.5)


def test_a_common_end_must_end_both() -> None:
    m = d.cubic("3/2")
    found = find_attractors(m, m.domain)
    sides = [(float(a.states[0, 0]), a.traps[0]) for a in found.listed]
    (zero,) = (p.state[0] for p in d.fixed_points(m) if abs(p.values[0]) < 0.1)
    certified = CycleSystem(m, 1).certify(np.array([float(zero)]))
    assert certified is not None
    assert is_common_end(m, certified[0], sides)
    other = formula(3 * X / 2 - X**3 + X**2 / 10)
    assert not is_common_end(other, found[1].point.state[0], sides[:1])  # pyright: ignore[reportOptionalMemberAccess]
    assert not is_common_end(m, Enclosure.exactly(0), sides), "an enclosure from elsewhere might be of a neighbour"
