"""Basin entropy and uncertainty exponent against closed forms, and pictures whose boundary's dimension is known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import linregress

import dynlatch as d
from dynlatch.regions.labels import Label


def entropy(p: float) -> float:
    return -sum(q * math.log(q) for q in (p, 1 - p) if q > 0)


def cantor(levels: int) -> np.ndarray:
    """Labels of 3^levels cells: the parity of the step at which the middle-thirds construction takes a cell out."""
    cells, taken = np.arange(3**levels), np.zeros(3**levels, dtype=int)
    for step in range(1, levels + 1):
        middle = cells // 3 ** (levels - step) % 3 == 1
        taken[(taken == 0) & middle] = step
    taken[taken == 0] = levels + 1
    return taken % 2


CANTOR = math.log(2) / math.log(3)


# --- basin entropy ----------------------------------------------------------------------------------------------------


def test_boxes_cut_at_every_place_have_a_mean_entropy_of_one_half() -> None:
    """The mean of the entropy of (p, 1 - p) over uniform p is 1/2; here p runs through all k / n."""
    n = 1500
    labels = (np.arange(n)[None, :] >= np.arange(1, n)[:, None]).astype(int)
    found = d.basin_entropy(labels, (1, n))
    assert found.num_boxes == found.num_boundary_boxes == n - 1
    assert found.boundary_entropy == pytest.approx(sum(entropy(k / n) for k in range(1, n)) / (n - 1), rel=1e-12)
    assert found.boundary_entropy == pytest.approx(0.5, abs=1 / n)


def test_boxes_cut_by_a_slanted_line() -> None:
    """A line of irrational slope s meets 1 + s boxes a column, and its offsets in them fill (-s, 1) evenly."""
    slope, side, boxes = (math.sqrt(5) - 1) / 2, 60, 40
    x, y = np.indices((side * boxes,) * 2) + 0.5
    found = d.basin_entropy((y > slope * x + 7.3 * side).astype(int), side)
    middles = (np.arange(1000) + 0.5) / 1000
    offsets = -slope + (1 + slope) * middles
    below = np.mean(np.clip(offsets[:, None] + slope * middles[None, :], 0, 1), axis=1)
    expected = np.mean([entropy(p) for p in below])
    assert found.entropy == pytest.approx((1 + slope) / boxes * expected, rel=0.005)
    # Of a few boxes less than half a cell is cut off; they count as whole, and leave the mean over the others larger.
    assert boxes * (1 + slope) - 3 < found.num_boundary_boxes < boxes * (1 + slope) + 1
    assert found.boundary_entropy * found.num_boundary_boxes == pytest.approx(found.entropy * boxes**2)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_checkerboard_is_as_mixed_as_two_colours_can_be(n: int) -> None:
    labels = np.indices((30,) * n).sum(axis=0) % 2
    found = d.basin_entropy(labels, 2)
    assert found.entropy == pytest.approx(math.log(2), rel=1e-14)
    assert found.boundary_entropy == pytest.approx(math.log(2), rel=1e-14)
    assert not found.exceeds_log_2, "the limit itself does not suffice"


def test_three_colours_in_each_box_exceed_log_2() -> None:
    found = d.basin_entropy(np.indices((30, 30)).sum(axis=0) % 3, 3)
    assert found.boundary_entropy == pytest.approx(math.log(3), rel=1e-14)
    assert found.exceeds_log_2


def test_without_a_boundary_both_are_0() -> None:
    found = d.basin_entropy(np.full((12, 12), 5))
    assert (found.entropy, found.boundary_entropy, found.num_boundary_boxes) == (0, 0, 0)
    assert not found.exceeds_log_2


def test_cells_that_fill_no_whole_box_are_not_used() -> None:
    labels = np.zeros((11, 7), dtype=int)
    labels[10:] = 1
    labels[:, 6:] = 2
    found = d.basin_entropy(labels, (5, 3))
    assert (found.num_boxes, found.num_boundary_boxes, found.num_unused_cells) == (4, 0, 77 - 60)
    assert d.basin_entropy(labels, (11, 7)).num_boundary_boxes == 1


def test_labels_below_0_are_colours_unless_left_out() -> None:
    labels = np.array([[0, Label.UNDECIDED, 1, 1], [0, 0, Label.DIVERGED, 0], [-1, -1, -2, -3], [-1, -1, -4, -5]])
    assert d.basin_entropy(labels, 2).num_boundary_boxes == 3
    found = d.basin_entropy(labels, 2, attractors_only=True)
    assert (found.num_boxes, found.num_boundary_boxes) == (2, 1), "boxes without an attractor are not counted"
    assert found.boundary_entropy == pytest.approx(entropy(1 / 3))
    assert d.basin_entropy(np.full((4, 4), -1), 2, attractors_only=True).num_boxes == 0


def test_names_of_labels_order_of_axes_and_finer_cells_change_nothing() -> None:
    found = d.basins(d.newton(), resolution=90)
    base = d.basin_entropy(found, 6)
    renamed = np.array([3, -7, 100, 5, 6, 8, 9])[found.labels]
    for other in (renamed, found.labels.T, found.labels[::-1]):
        again = d.basin_entropy(other, 6)
        assert (again.entropy, again.boundary_entropy) == pytest.approx((base.entropy, base.boundary_entropy))
    finer = np.kron(found.labels, np.ones((2, 2), dtype=int))
    assert d.basin_entropy(finer, 12).entropy == pytest.approx(base.entropy)


def test_newton_s_basins_are_fractal_and_those_of_a_network_are_not() -> None:
    assert d.basin_entropy(d.basins(d.newton(), resolution=1000), attractors_only=True).exceeds_log_2
    network = d.tanh_network([[2, "1/5"], ["1/5", "9/5"]])
    assert not d.basin_entropy(d.basins(network, resolution=1000)).exceeds_log_2


@pytest.mark.parametrize("box", [1, 0, -1, 41, True, 2.0, (2, 2, 2), (1, 1)])
def test_bad_boxes_are_refused_in_one_line(box: Any) -> None:
    with pytest.raises(d.InputError, match="box_cells") as caught:
        d.basin_entropy(np.zeros((40, 40), dtype=int), box)
    assert "\n" not in str(caught.value)


# --- uncertainty exponent ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_flat_boundary_has_exponent_1(n: int) -> None:
    labels = (np.indices((100 if n == 3 else 300,) * n)[0] >= 50).astype(int)
    found = d.uncertainty_exponent(labels)
    assert found.alpha == pytest.approx(1, abs=1e-12)
    assert found.dimension == pytest.approx(n - 1)
    assert found.r_squared == pytest.approx(1)
    assert found.interval == pytest.approx((1, 1))
    assert found.slopes == pytest.approx([1] * (len(found.distances) - 1))
    margin = found.distances[-1]
    expected = [2 * e / (labels.shape[0] - 2 * margin) for e in found.distances]
    assert found.fractions == pytest.approx(expected)


def test_a_slanted_boundary_has_exponent_1() -> None:
    x, y = np.indices((400, 400))
    found = d.uncertainty_exponent((y > 0.618 * x + 31.7).astype(int))
    assert found.alpha == pytest.approx(1, abs=0.01)


def test_the_cantor_set_has_its_exponent() -> None:
    found = d.uncertainty_exponent(cantor(11), [3**k for k in range(8)])
    assert found.interval[0] < 1 - CANTOR < found.interval[1]
    assert found.alpha == pytest.approx(1 - CANTOR, abs=0.01)
    assert found.dimension == pytest.approx(CANTOR, abs=0.01)
    assert found.standard_error < 0.02


def test_lines_over_a_cantor_set_add_one_dimension() -> None:
    labels = np.broadcast_to(cantor(7)[:, None], (3**7, 300))
    found = d.uncertainty_exponent(labels, [1, 3, 9, 27, 81])
    assert found.dimension == pytest.approx(1 + CANTOR, abs=0.03)


def test_noise_has_exponent_0() -> None:
    found = d.uncertainty_exponent(np.random.default_rng(0).integers(0, 2, size=(500, 500)))
    assert found.alpha == pytest.approx(0, abs=1e-3)
    assert found.fractions[0] == pytest.approx(15 / 16, abs=3e-3), "none of four neighbours agrees by chance"


def test_without_a_boundary_there_is_a_reason_and_no_number() -> None:
    found = d.uncertainty_exponent(np.zeros((50, 50), dtype=int))
    assert math.isnan(found.alpha)
    assert math.isnan(found.dimension)
    assert "no boundary" in found.reason
    assert "no boundary" in repr(found)
    outside = np.zeros(400, dtype=int)
    outside[:10] = 1  # of the cells that are looked at, only those near the edge see it, from far away
    assert "too few" in d.uncertainty_exponent(outside, [1, 2, 16, 20]).reason
    left_out = d.uncertainty_exponent(outside, [1, 12, 14, 16, 20])
    assert "1 distances" in left_out.reason
    assert left_out.alpha > 0


def test_the_line_and_its_error_are_those_of_an_ordinary_regression() -> None:
    found = d.uncertainty_exponent(d.basins(d.newton(), resolution=300))
    known = linregress(np.log(found.distances), np.log(found.fractions))
    assert found.alpha == pytest.approx(known.slope)
    assert found.standard_error == pytest.approx(known.stderr)
    assert found.r_squared == pytest.approx(known.rvalue**2)
    wider = d.uncertainty_exponent(d.basins(d.newton(), resolution=300), confidence=0.99)
    assert wider.interval[0] < found.interval[0] < found.alpha < found.interval[1] < wider.interval[1]


def newton_root(z: np.ndarray) -> np.ndarray:
    """Which root of z^3 - 1 the iteration finds, by NumPy alone."""
    with np.errstate(all="ignore"):
        for _ in range(60):
            z = z - (z**3 - 1) / (3 * z**2)
    return np.argmin(np.abs(z[..., None] - np.exp(2j * np.pi * np.arange(3) / 3)), axis=-1)


def test_newton_s_exponent_is_that_of_random_states_and_errors() -> None:
    """No grid: random states, each pushed by epsilon four ways. 40 000 states leave an error of about 0.01."""
    rng = np.random.default_rng(0)
    z = rng.uniform(-2, 2, 40_000) + 1j * rng.uniform(-2, 2, 40_000)
    root, errors = newton_root(z), 2.0 ** -np.arange(5, 11)
    uncertain = [
        np.mean(np.any([newton_root(z + way * e) != root for way in (1, -1, 1j, -1j)], axis=0)) for e in errors
    ]
    sampled = np.polyfit(np.log(errors), np.log(uncertain), 1)[0]
    found = d.uncertainty_exponent(d.basins(d.newton(), resolution=1000), attractors_only=True)
    assert found.alpha == pytest.approx(sampled, abs=0.03)
    assert found.dimension == pytest.approx(1.45, abs=0.02)


def test_cells_that_are_left_out_are_neither_counted_nor_compared_with() -> None:
    labels = np.zeros((200, 100), dtype=int)
    labels[100:] = Label.DIVERGED
    assert d.uncertainty_exponent(labels).alpha == pytest.approx(1)
    found = d.uncertainty_exponent(labels, attractors_only=True)
    assert "no boundary" in found.reason
    margin = found.distances[-1]
    assert found.num_cells == (100 - margin) * (100 - 2 * margin)


@pytest.mark.parametrize("distances", [[1, 2], [0, 1, 2], [1, 2, 25], [1, 1, 2], [1.0, 2, 3], [True, 2, 3]])
def test_bad_distances_are_refused_in_one_line(distances: Any) -> None:
    with pytest.raises(d.InputError, match="distances") as caught:
        d.uncertainty_exponent(np.zeros((50, 60), dtype=int), distances)
    assert "\n" not in str(caught.value)


def test_a_grid_too_small_and_a_bad_level_are_refused() -> None:
    d.uncertainty_exponent(np.zeros((48, 50), dtype=int))
    with pytest.raises(d.InputError, match="at least 48 cells"):
        d.uncertainty_exponent(np.zeros((47, 50), dtype=int))
    for level in (0.0, 1.0, -1, 2, True, math.nan, "high"):
        with pytest.raises(d.InputError, match="confidence"):
            d.uncertainty_exponent(np.zeros((50, 50), dtype=int), confidence=level)  # pyright: ignore[reportArgumentType]
