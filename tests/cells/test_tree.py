"""Trees of cells: exact tilings, outward-rounded places, and walks that find just the leaves they should."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dynlatch as d
from dynlatch.cells.tree import CellTree, box_volume, edges, in_cells, make_tree
from dynlatch.cells.tree_walk import leaves_between, raster, walk_arrays
from dynlatch.errors import InputError
from dynlatch.maps.definition import exact_box
from dynlatch.rigor.enclosure import Enclosure

NETWORK = d.tanh_network([[2, "1/5"], ["1/5", "9/5"]])


def random_tree(seed: int, m: d.Map = NETWORK, box: object = (-4, 4), roots: tuple[int, ...] = (3, 2)) -> CellTree:
    rng = np.random.default_rng(seed)
    tree = make_tree(m, exact_box(box, m.dimension), roots)
    for _ in range(4):
        leaves = tree.leaves
        tree = tree.split(rng.choice(leaves, size=max(1, leaves.size // 3), replace=False))
    return tree


def exact_ends(tree: CellTree, node: int) -> list[tuple[Fraction, Fraction]]:
    """The cell's sides by exact arithmetic."""
    ends = []
    for i, (lo, hi) in enumerate(tree.box):
        width = (hi - lo) / (tree.roots[i] << int(tree.level[node]))
        ends.append((lo + width * int(tree.index[i, node]), lo + width * (int(tree.index[i, node]) + 1)))
    return ends


@pytest.mark.parametrize("box", [(-4, 4), ("-1/3", "7/5"), (1000, "1000.1"), ("-1e-300", "1e-300")])
def test_the_float_ends_hold_the_exact_cell(box: tuple[object, object]) -> None:
    tree = random_tree(1, box=box)
    leaves = tree.leaves
    lo, hi = tree.ends(leaves)
    for j, node in enumerate(leaves):
        for i, (a, b) in enumerate(exact_ends(tree, node)):
            assert Fraction(lo[i, j]) <= a
            assert b <= Fraction(hi[i, j])
            size = max(map(abs, tree.box[i])) + tree.box[i][1] - tree.box[i][0]
            assert Fraction(hi[i, j]) - Fraction(lo[i, j]) <= (b - a) + size / 2**48


def test_dyadic_cells_are_exact() -> None:
    lo, hi = edges((Fraction(-4), Fraction(4)), 1024, np.arange(1024))
    assert np.array_equal(lo[1:], hi[:-1])
    assert all(Fraction(x) == Fraction(-4) + Fraction(8 * k, 1024) for k, x in enumerate(lo))


def test_the_leaves_tile_the_box() -> None:
    tree = random_tree(2)
    assert tree.volume(tree.leaves) == box_volume(tree.box)
    assert sorted(tree.in_order()) == sorted(tree.leaves)


@given(st.integers(0, 2**32), st.floats(-5, 5), st.floats(-5, 5), st.floats(0, 3), st.floats(0, 3))
def test_places_are_rounded_outward(seed: int, x: float, y: float, width: float, height: float) -> None:
    box = exact_box([("-1/3", 3), (-4, "31/7")], 2)
    counts = (37, 1 << 20)
    first, last, status = in_cells(box, counts, np.array([[x], [y]]), np.array([[x + width], [y + height]]))
    outside = False
    for i, (lo, hi) in enumerate(((x, x + width), (y, y + height))):
        (a, b), count = box[i], counts[i]
        below, above = (Fraction(lo) - a) / (b - a) * count, (Fraction(hi) - a) / (b - a) * count
        if below < 0 or above > count:
            assert status[0] & 2
        if above < 0 or below > count:
            outside = True
            continue
        if first[i, 0] <= last[i, 0]:
            assert first[i, 0] <= max(0, below)
            assert last[i, 0] + 1 >= min(count, above)
            assert first[i, 0] >= max(0, below) - 2
            assert last[i, 0] + 1 <= min(count, above) + 2
    assert outside or np.all(first <= last)
    del seed


def test_nothing_known_touches_everything() -> None:
    first, last, status = in_cells(exact_box((0, 1), 1), (8,), np.array([[np.nan]]), np.array([[np.nan]]))
    assert (first[0, 0], last[0, 0], status[0]) == (0, 7, 2)


@pytest.mark.parametrize("seed", range(5))
def test_a_walk_finds_the_leaves_that_brute_force_finds(seed: int) -> None:
    tree = random_tree(seed)
    rng = np.random.default_rng(seed)
    units = np.array([r << tree.fine for r in tree.roots])
    begin = tree.index[:, tree.leaves].astype(np.int64) << (tree.fine - tree.level[tree.leaves].astype(np.int64))
    size = 1 << (tree.fine - tree.level[tree.leaves].astype(np.int64))
    for _ in range(50):
        low = (rng.random(2) * units).astype(np.int64)
        high = np.minimum(low + (rng.random(2) ** 3 * units).astype(np.int64), units - 1)
        found = leaves_between(*walk_arrays(tree), tree.fine, low, high)
        touching = np.all((begin <= high[:, None]) & (begin + size > low[:, None]), axis=0)
        assert sorted(found) == sorted(tree.leaves[touching])
        assert len(set(found)) == len(found)


def test_images_of_leaves_hold_the_images_of_their_points() -> None:
    tree = random_tree(3)
    rng = np.random.default_rng(3)
    leaves = tree.leaves
    lo, hi = tree.ends(leaves)
    image_lo, image_hi = tree.image_ends(leaves)
    for _ in range(20):
        points = lo + (hi - lo) * rng.random(lo.shape)
        image = NETWORK_STEP(points)
        known = np.isfinite(image_lo[0])
        assert np.all((image >= image_lo)[:, known])
        assert np.all((image <= image_hi)[:, known])


def NETWORK_STEP(points: np.ndarray) -> np.ndarray:
    return np.array([[2, 0.2], [0.2, 1.8]]) @ np.tanh(points)


def test_a_unit_is_found_in_its_leaf_and_painted_there() -> None:
    tree = random_tree(4, roots=(2, 2))
    values = np.arange(tree.num_nodes, dtype=np.int32)
    picture = raster(*walk_arrays(tree), tree.fine, values, 64).reshape(64, 64)
    place = np.stack(np.meshgrid(np.arange(64), np.arange(64), indexing="ij")).reshape(2, -1)
    units = np.array([[r << tree.fine] for r in tree.roots])
    found = tree.locate((2 * place + 1) * units // 128)
    assert np.array_equal(picture.ravel(), found)


def test_a_state_on_an_edge_touches_both_cells() -> None:
    tree = make_tree(NETWORK, exact_box((-4, 4), 2), (4, 4))
    assert len(tree.touched([Enclosure.exactly(0), Enclosure.exactly(1)])) == 2
    assert len(tree.touched([Enclosure.exactly(0), Enclosure.exactly(0)])) == 4
    assert tree.touched([Enclosure.exactly(5), Enclosure.exactly(0)]) == []


def test_five_states_are_refused() -> None:
    with pytest.raises(InputError, match="5 states but cells cover at most 4"):
        make_tree(d.tanh_network(np.eye(5).tolist()), exact_box((-1, 1), 5), (2,) * 5)
