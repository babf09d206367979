"""Certified basins: every label is checked against orbits, closed forms, and the sampled basins."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import dynlatch as d
from dynlatch.cells.certified import CertifiedBasins, certified_basins
from dynlatch.cells.settle import LEAVES, OPEN
from dynlatch.cells.tree import box_volume
from dynlatch.errors import InputError
from dynlatch.maps.evaluators import compiled_map, numpy_map
from dynlatch.maps.toml_file import map_from_toml
from dynlatch.verdict import Stop, Verdict

NETWORK = d.tanh_network([[2, "1/5"], ["1/5", "9/5"]])
THREE = d.tanh_network([[2, 0, "1/5"], ["1/5", "9/5", 0], [0, "1/3", "3/2"]])
MAPS: dict[str, tuple[d.Map, int]] = {
    "neuron": (d.neuron(2), 14),
    "driven neuron": (d.neuron(2, "1/2"), 14),
    "network": (NETWORK, 8),
    "spiral": (d.predator_prey(), 7),
    "cycle": (d.logistic("3.2"), 12),
    "four cycle": (d.logistic("3.5"), 12),
    "chaos in one dimension": (d.logistic("3.9"), 12),
    "henon": (d.henon(), 8),
    "cubic": (d.cubic(), 12),
    "newton": (d.newton(), 6),
    "rotation and latch": (d.tanh_network([["3/2", "-2/5"], ["2/5", "3/2"]]), 7),
    "three units": (THREE, 5),
}


@pytest.fixture(scope="module", params=MAPS)
def found(request: pytest.FixtureRequest) -> CertifiedBasins:
    m, depth = MAPS[request.param]
    return certified_basins(m, depth=depth)


def random_points(found: CertifiedBasins, cells: np.ndarray, each: int, seed: int) -> np.ndarray:
    """Random states of cells, ``each`` of every one; shape (n, N)."""
    rng = np.random.default_rng(seed)
    lo, hi = (np.repeat(ends, each, axis=1) for ends in found.tree.ends(cells))
    return lo + (hi - lo) * rng.random(lo.shape)


def astray(found: CertifiedBasins, each: int = 5, seed: int = 0) -> int:
    """How many random states of labelled cells do not do within ``rank`` steps what their cell's label says."""
    m, box = found.map, np.array([[float(a), float(b)] for a, b in found.box])
    wrong = 0
    for label in (*found.targets, LEAVES):
        cells = found.cells(label)
        states = random_points(found, cells, each, seed)
        ranks = np.repeat(found.rank[cells], each)
        done = np.zeros(ranks.size, dtype=bool)
        for step in range(int(ranks.max(initial=0)) + 1):
            now = ~done & (ranks >= step)
            done[now] = reached(found, label, states[:, now], box)
            with np.errstate(all="ignore"):
                states = numpy_map(m).step(states)
        wrong += int(np.sum(~done))
    return wrong


def reached(found: CertifiedBasins, label: int, states: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Whether states are out of the box, in a trapping region, or in the block, as the label asks."""
    if label == LEAVES:
        return ~np.all((states >= box[:, :1]) & (states <= box[:, 1:]), axis=0)
    if label in found.blocks:
        tree = found.tree
        at_rest = (found.label == label) & (found.rank == 0)
        units = np.array([[r << tree.fine] for r in tree.roots])
        place = np.floor((states - box[:, :1]) / (box[:, 1:] - box[:, :1]) * units)
        inside = np.all((place >= 0) & (place < units), axis=0)
        return inside & at_rest[tree.locate(np.where(inside, place, 0).astype(np.int64))]
    inside = np.zeros(states.shape[1], dtype=bool)
    for trap in found.attractors[label].traps:
        offset = trap.norm.floats()[0] @ (states - np.array(trap.centre)[:, None])
        inside |= np.linalg.norm(offset, axis=0) <= trap.radius
    return inside


def test_every_label_holds_for_random_states_of_its_cell(found: CertifiedBasins) -> None:
    assert found.verdict is Verdict.PROVED
    assert astray(found) == 0


def test_it_never_contradicts_the_sampled_basins(found: CertifiedBasins) -> None:
    resolution = {1: 4000, 2: 150, 3: 30}[found.map.dimension]
    sampled = d.basins(found.map, found.box, resolution, attractors=found.attractors)
    proved = found.label_at(sampled.grid.points(0, sampled.grid.num_cells))
    labels = sampled.labels.ravel()
    for k in found.targets:
        assert np.all(labels[proved == k] == k)
    for k in found.targets:
        avoided = found.avoids(k)
        tree = found.tree
        lo = np.array([[float(a)] for a, _ in found.box])
        width = np.array([[float(b - a)] for a, b in found.box])
        units = np.array([[r << tree.fine] for r in tree.roots])
        points = sampled.grid.points(0, sampled.grid.num_cells)
        place = np.clip(np.floor((points - lo) / width * units), 0, units - 1).astype(np.int64)
        assert not np.any(labels[avoided[tree.locate(place)]] == k)


def test_volumes_are_exact_and_add_up(found: CertifiedBasins) -> None:
    volumes = [found.tree.volume(found.cells(k)) for k in (*found.targets, OPEN, LEAVES)]
    assert sum(volumes, Fraction(0)) == box_volume(found.box)
    for k in found.targets:
        areas = found.areas(k)
        assert 0 < areas.inner <= areas.outer <= box_volume(found.box)


@pytest.mark.parametrize("w", ["1.05", "1.5", "2", "5", "10"])
def test_the_neuron_is_decided_but_for_a_sliver_around_0(w: str) -> None:
    found = certified_basins(d.neuron(w))
    assert found.decided > Fraction("0.9999")
    for k in (0, 1):
        lo, hi = found.tree.ends(found.cells(k))
        assert (hi.max() <= 0) if k == 0 else (lo.min() >= 0)
        half = box_volume(found.box) / 2
        assert found.areas(k).inner < half < found.areas(k).outer


def test_the_network_is_decided_to_99_percent() -> None:
    found = certified_basins(NETWORK, (-4, 4))
    assert found.decided > Fraction("0.99")
    assert found.inner(0) == found.inner(3), "the map is odd"


def test_deeper_cells_decide_more_and_change_no_label() -> None:
    coarse, fine = certified_basins(NETWORK, depth=6), certified_basins(NETWORK, depth=8)
    assert fine.decided > coarse.decided
    points = np.random.default_rng(3).uniform(-3, 3, size=(2, 20_000))
    before, after = coarse.label_at(points), fine.label_at(points)
    assert np.array_equal(before[before >= 0], after[before >= 0])


def test_images_of_middles_alone_would_be_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def middles(m: d.Map, lo: np.ndarray, hi: np.ndarray, **_: object) -> tuple[np.ndarray, np.ndarray]:
        image = numpy_map(m).step(0.5 * (lo + hi))
        return image, image

    monkeypatch.setattr("dynlatch.cells.tree.images", middles)
    assert astray(certified_basins(NETWORK, depth=7)) > 0


def test_a_ranks_claim_is_not_idle() -> None:
    """Ranks lowered by one are refuted by some orbit."""
    found = certified_basins(NETWORK, depth=7)
    found.rank[:] = np.maximum(found.rank - 1, 0)
    assert astray(found) > 0


def test_a_chaotic_attractor_has_a_block_and_a_basin() -> None:
    found = certified_basins(d.henon(), depth=9)
    assert found.blocks == (0,)
    assert found.attractors[0].verdict is Verdict.INCONCLUSIVE
    assert found.decided > Fraction("0.97")
    at_rest = found.cells(0)[found.rank[found.cells(0)] == 0]
    states = random_points(found, at_rest, 3, 1)
    for _ in range(200):
        states = compiled_map(d.henon()).step(states)
    assert np.all(np.abs(states) < 2), "the block is never left"


def test_a_pole_stays_open() -> None:
    found = certified_basins(d.newton(), depth=7)
    (pole,) = set(found.label_at(np.array([[1e-9], [1e-9]])).tolist())
    assert pole == OPEN


def test_without_attractors_nothing_is_claimed() -> None:
    found = certified_basins(d.logistic(5), depth=12)
    assert found.targets == ()
    assert found.cells(LEAVES).size > 0
    assert set(found.label[found.tree.leaves].tolist()) <= {OPEN, LEAVES}


def test_the_pitchfork_is_not_decided() -> None:
    found = certified_basins(d.neuron(1), depth=12)
    assert found.targets == ()
    assert found.decided == 0


def test_a_small_budget_gives_a_part_and_says_so() -> None:
    found = certified_basins(NETWORK, max_cells=1500)
    assert found.stop is Stop.BUDGET
    assert found.tree.leaves.size <= 1500
    assert 0 < found.decided < 1
    assert astray(found) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"depth": 0}, "depth=0"),
        ({"depth": 99}, "depth=99"),
        ({"max_cells": 3}, "max_cells=3"),
        ({"box": (2, -2)}, "empty or inverted"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        certified_basins(NETWORK, **arguments)  # pyright: ignore[reportArgumentType]


def test_an_attractor_without_a_region_has_no_outer_set() -> None:
    found = certified_basins(NETWORK, depth=6)
    with pytest.raises(InputError, match="attractor 9 has no certified region"):
        found.areas(9)


def test_the_table_of_cells_tells_where_there_is_no_image() -> None:
    """1/x on cells that touch 0; everything else has an image, decided or not."""
    m = map_from_toml('name = "pole"\nstate = ["x"]\n[map]\nx = "1/(4*x)"\n[domain]\nx = [-1, 1]\n')
    table = certified_basins(m, depth=5).to_xarray()
    lo, hi, has = (table[name].to_numpy() for name in ("x_lo", "x_hi", "has_image"))
    assert np.array_equal(has, (lo > 0) | (hi < 0))
    assert 0 < np.sum(~has) < has.size
    assert np.all(table["label"].to_numpy()[~has] == OPEN)
