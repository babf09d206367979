"""The merging test: Newton's basins share one boundary, a network's do not; distances against a plain search."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import dynlatch as d
from dynlatch.regions.labels import Label
from dynlatch.verdict import Verdict

NETWORK = d.tanh_network([[2, "1/5"], ["1/5", "9/5"]])


def stripes(*widths: int, colours: int = 3, across: int = 120) -> np.ndarray:
    """Vertical stripes of the given widths, coloured in turn."""
    row = np.repeat(np.arange(len(widths)) % colours, widths)
    return np.broadcast_to(row, (across, row.size)).copy()


def plain_boundary(inside: np.ndarray) -> np.ndarray:
    cells = [
        (i, j)
        for i, j in np.ndindex(inside.shape)
        for a, b in ((i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1))
        if 0 <= a < inside.shape[0] and 0 <= b < inside.shape[1] and inside[a, b] != inside[i, j]
    ]
    return np.unique(np.array(cells), axis=0)


def plain_distances(labels: np.ndarray) -> np.ndarray:
    """Largest distance from boundary j to boundary i, up to the picture's edge, by comparing every two cells."""
    boundaries = [plain_boundary(labels == label) for label in np.unique(labels)]
    found = np.zeros((len(boundaries),) * 2)
    for i, target in enumerate(boundaries):
        for j, cells in enumerate(boundaries):
            away = np.min(np.linalg.norm(cells[:, None] - target[None], axis=2), axis=1)
            edge = np.min(np.minimum(cells + 1, np.array(labels.shape) - cells), axis=1)
            found[i, j] = np.max(np.minimum(away, edge))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_distances_are_those_of_a_plain_search(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = np.kron(rng.integers(0, 4, size=(6, 5)), np.ones((4, 4), dtype=int))
    found = d.wada_test(labels, 3)
    np.testing.assert_allclose(found.distances, plain_distances(labels))
    assert found.least_radius == np.max(found.distances)
    assert found.holds == (found.least_radius <= 3)


@pytest.mark.parametrize("resolution", [200, 401, 800])
def test_newton_s_basins_have_one_boundary_at_every_resolution(resolution: int) -> None:
    found = d.wada_test(d.basins(d.newton(), resolution=resolution))
    assert found.holds
    assert found.labels == (0, 1, 2)
    assert found.least_radius <= 5
    assert found.share_within == 1
    assert found.verdict is Verdict.INCONCLUSIVE, "a grid proves nothing about what is inside of its cells"


def test_a_network_s_basins_do_not_and_finer_cells_show_it_better() -> None:
    coarse, fine = (d.wada_test(d.basins(NETWORK, resolution=n)) for n in (200, 400))
    assert not coarse.holds
    assert not fine.holds
    assert fine.least_radius == pytest.approx(2 * coarse.least_radius, abs=2), "in cells; the same in the map's units"
    assert fine.share_within < 0.05
    assert fine.verdict is Verdict.INCONCLUSIVE, "a filament thinner than a cell would not be seen"


def test_the_worst_cell_can_be_looked_at() -> None:
    found = d.basins(NETWORK, resolution=150)
    test = d.wada_test(found)
    away = np.linalg.norm(np.argwhere(found.labels == test.worst_label) - np.array(test.worst), axis=1)
    assert np.min(away) >= test.least_radius - 1
    assert found.labels[test.worst] != test.worst_label


def test_wide_stripes_are_far_from_the_third_colour_and_narrow_ones_are_not() -> None:
    wide = d.wada_test(stripes(30, 30, 60))
    assert wide.least_radius == 30, "from the boundary of 0 and 1 to colour 2, and to the picture's edge"
    assert not wide.holds
    narrow = d.wada_test(stripes(*[2] * 60))
    assert narrow.least_radius == 2, "at the picture's left edge; 1 elsewhere"
    assert narrow.holds
    assert narrow.share_within == 1


def test_a_corner_of_a_third_colour_does_not_make_a_boundary_of_three() -> None:
    labels = stripes(50, 50, across=100)
    labels[:2, :2] = 2
    found = d.wada_test(labels)
    assert not found.holds
    assert found.share_within < 0.05
    assert 0 < found.share_at_edge < 0.2


def test_cells_of_no_basin_take_the_nearest_label() -> None:
    whole = stripes(*[3] * 40)
    holes = whole.copy()
    holes[40:60:3, 1::9] = Label.UNDECIDED
    holes[0, :] = Label.LEFT_THE_BOX
    found = d.wada_test(holes)
    np.testing.assert_array_equal(found.distances, d.wada_test(whole).distances)
    assert found.num_filled == np.count_nonzero(holes < 0)


def test_escape_counts_as_a_basin_if_asked() -> None:
    labels = stripes(*[3] * 40) - 1  # -1, 0, 1
    labels[labels == -1] = np.where(np.arange(np.count_nonzero(labels == -1)) % 2, -1, -2)
    with pytest.raises(d.InputError, match="holds 2 basins"):
        d.wada_test(labels)
    found = d.wada_test(labels, escape=True)
    assert found.labels == (-1, 0, 1)
    assert found.holds


def test_names_and_orientation_change_nothing() -> None:
    found = d.basins(d.newton(), resolution=150).labels
    base = d.wada_test(found)
    for other in (np.array([5, 9, 2, -4, -3, -2, -1])[found], found.T, found[::-1]):
        again = d.wada_test(other)
        assert again.least_radius == base.least_radius
        assert again.share_within == pytest.approx(base.share_within, nan_ok=True)


@pytest.mark.parametrize("radius", [0, -1, 60, math.inf, math.nan, True, "5"])
def test_bad_radii_are_refused_in_one_line(radius: Any) -> None:
    with pytest.raises(d.InputError, match="radius") as caught:
        d.wada_test(stripes(40, 40, 40), radius)
    assert "\n" not in str(caught.value)


def test_other_than_two_axes_and_fewer_than_three_basins_are_refused() -> None:
    with pytest.raises(d.InputError, match="1 axes"):
        d.wada_test(np.arange(30) % 3)
    with pytest.raises(d.InputError, match="2 basins"):
        d.wada_test(stripes(40, 40))
    with pytest.raises(d.InputError, match="the grid of tanh_network holds 2 basins"):
        d.wada_test(d.basins(d.tanh_network([[2, 0], [0, "1/2"]]), resolution=20))
