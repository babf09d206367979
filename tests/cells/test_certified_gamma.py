"""Certified reduced sets: edges bracket closed forms, and nothing contradicts products along sampled orbits."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import dynlatch as d
from dynlatch.cells.certified_gamma import CertifiedReducedSet, certified_reduced_set
from dynlatch.cells.gamma_cells import classify
from dynlatch.cells.tree import box_volume
from dynlatch.errors import InputError
from dynlatch.maps.evaluators import numpy_map
from dynlatch.regions.reduced_set import READINGS, Membership, spectral_radii
from dynlatch.verdict import Stop, Verdict

NETWORK = d.tanh_network([[2, "1/5"], ["1/5", "9/5"]])
MAPS: dict[str, tuple[d.Map, int]] = {
    "neuron": (d.neuron(2), 12),
    "cycle": (d.logistic("3.2"), 11),
    "network": (NETWORK, 6),
    "spiral": (d.predator_prey(), 5),
    "newton": (d.newton(), 5),
    "three units": (d.tanh_network([[2, 0, "1/5"], ["1/5", "9/5", 0], [0, "1/3", "3/2"]]), 4),
}


@pytest.fixture(scope="module", params=MAPS)
def found(request: pytest.FixtureRequest) -> CertifiedReducedSet:
    m, depth = MAPS[request.param]
    return certified_reduced_set(m, depth=depth, max_cells=8000)


def products(m: d.Map, states: np.ndarray, steps: int) -> np.ndarray:
    """(M^l)' for l = 1, ..., steps at each state, shape (steps, N, n, n)."""
    product = np.repeat(np.eye(m.dimension)[None], states.shape[1], axis=0)
    listed = []
    for _ in range(steps):
        with np.errstate(all="ignore"):
            product = np.moveaxis(numpy_map(m).jacobian(states), 2, 0) @ product
            states = numpy_map(m).step(states)
        listed.append(product)
    return np.array(listed)


def contradictions(found: CertifiedReducedSet, reading: str, seed: int = 0) -> tuple[int, int]:
    """How many random states of IN cells have a product of 1 or more, and of OUT cells none at the step that is
    named."""
    rng = np.random.default_rng(seed)
    size = spectral_radii if reading == "spectral" else (lambda j: np.linalg.norm(j, 2, axis=(1, 2)))
    wrong = [0, 0]
    for kind in (Membership.IN, Membership.OUT):
        cells = found.cells(reading, kind)
        lo, hi = found.tree.ends(cells)
        states = lo + (hi - lo) * rng.random(lo.shape)
        steps = found.steps[READINGS.index(reading), cells]
        listed = products(found.map, states, 40 if kind is Membership.IN else int(steps.max(initial=1)))
        sizes = np.array([size(np.nan_to_num(p, nan=np.inf, posinf=1e300, neginf=-1e300)) for p in listed])
        if kind is Membership.IN:
            wrong[0] = int(np.sum(np.any(sizes >= 1, axis=0)))
        else:
            wrong[1] = int(np.sum(sizes[steps - 1, np.arange(cells.size)] < 1 - 1e-9))
    return wrong[0], wrong[1]


@pytest.mark.parametrize("reading", ["spectral", "norm"])
def test_products_at_random_states_agree(found: CertifiedReducedSet, reading: str) -> None:
    assert found.verdict is Verdict.PROVED
    assert contradictions(found, reading) == (0, 0)


def test_it_never_contradicts_the_sampled_sets(found: CertifiedReducedSet) -> None:
    resolution = {1: 1500, 2: 60, 3: 14}[found.map.dimension]
    sampled = d.reduced_set(found.map, labelled=d.basins(found.map, found.box, resolution, attractors=found.attractors))
    grid = sampled.basins.grid
    lo = np.array([[float(a)] for a, _ in found.box])
    width = np.array([[float(b - a)] for a, b in found.box])
    units = np.array([[r << found.tree.fine] for r in found.tree.roots])
    points = grid.points(0, grid.num_cells)
    leaf = found.tree.locate(np.clip(np.floor((points - lo) / width * units), 0, units - 1).astype(np.int64))
    labels = sampled.basins.labels.ravel()
    known = found.attractor[leaf] >= 0
    assert np.array_equal(found.attractor[leaf][known], labels[known])
    for name in READINGS:
        proved, seen = found.reading(name)[leaf], sampled.reading(name).ravel()
        assert not np.any((proved == Membership.IN) & (seen == Membership.OUT))
        assert not np.any((proved == Membership.OUT) & (seen == Membership.IN))


def test_volumes_add_up(found: CertifiedReducedSet) -> None:
    for name in READINGS:
        assert sum((found.volume(name, kind) for kind in Membership), Fraction(0)) == box_volume(found.box)


@pytest.mark.parametrize("w", ["1.05", "1.25", "2", "5", "10"])
@pytest.mark.parametrize("reading", READINGS)
def test_the_neurons_edge_is_bracketed(w: str, reading: str) -> None:
    found = certified_reduced_set(d.neuron(w), depth=14)
    edge = math.acosh(math.sqrt(float(w)))
    lo, hi = found.tree.ends(found.cells(reading, Membership.IN, 1))
    outside = found.tree.ends(found.cells(reading, Membership.OUT))[1]
    width = float(found.box[0][1] - found.box[0][0]) / 2**14
    assert edge - 1e-12 < lo.min() < edge + 2.1 * width
    assert edge - 2.1 * width < outside.max() < edge + 1e-12
    assert hi.max() == found.box[0][1]


def test_a_spiral_whose_one_step_expands_has_no_norm_gamma() -> None:
    """|M'| > 1 at the predator and prey's fixed point, though its spectral radius is 0.91."""
    found = certified_reduced_set(d.predator_prey(), [("0.32", "0.35"), ("0.32", "0.35")], depth=5)
    assert found.share("norm", Membership.OUT) == 1
    assert found.share("spectral", Membership.OUT) < 1
    assert found.share("uniform", Membership.IN) > 0


def test_a_cell_across_the_edge_is_undecided() -> None:
    m = d.neuron(2)
    edge = math.acosh(math.sqrt(2))
    attractors = certified_reduced_set(m, depth=6).attractors
    for width in (1e-1, 1e-3, 1e-9):
        found = classify(m, attractors, np.array([[edge - width]]), np.array([[edge + width]]), 200)
        assert np.all(found.members == Membership.UNDECIDED)


def test_the_products_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Factors alone, instead of products, would put the wrong cells in."""
    monkeypatch.setattr("dynlatch.cells.images.interval_product", lambda a, b, c, e: (a, b))
    mutant = certified_reduced_set(d.logistic("3.2"), depth=11, max_cells=8000)
    assert sum(contradictions(mutant, "norm")) > 0


def test_without_attractors_cells_can_only_be_out() -> None:
    found = certified_reduced_set(d.neuron(1), depth=6)
    assert all(found.volume(name, Membership.IN) == 0 for name in READINGS)


def test_a_small_budget_gives_a_part_and_says_so() -> None:
    found = certified_reduced_set(NETWORK, max_cells=400)
    assert found.stop is Stop.BUDGET
    assert found.tree.leaves.size <= 400


@pytest.mark.parametrize(
    ("arguments", "said"),
    [({"depth": 0}, "depth=0"), ({"max_cells": 2}, "max_cells=2"), ({"max_steps": 0}, "max_steps=0")],
)
def test_bad_arguments_are_refused(arguments: dict[str, int], said: str) -> None:
    with pytest.raises(InputError, match=said):
        certified_reduced_set(NETWORK, **arguments)  # pyright: ignore[reportArgumentType]
