"""Boxes: nothing is lost by paving or cutting, distances are bounded on the right side, and mutants are refuted."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynlatch.noise.boxes import Boxes, are_known, farthest, hull, nearest, paved, widened, within
from dynlatch.seeds import rng_for


def random_boxes(seed: int, n: int, count: int, width: float) -> Boxes:
    rng = rng_for(seed, "boxes", n)
    middle, half = rng.normal(size=(n, count)), width * rng.random((n, count)) * (rng.random((n, count)) < 0.8)
    return middle - half, middle + half


def points_in(boxes: Boxes, seed: int, per_box: int = 4) -> np.ndarray:
    """Corners and inner points of each box; shape (n, k)."""
    rng = rng_for(seed, "points")
    lo, hi = (np.repeat(side, per_box, axis=1) for side in boxes)
    t = rng.random(lo.shape)
    t = np.where(rng.random(lo.shape) < 0.5, np.round(t), t)
    return np.clip(lo + t * (hi - lo), lo, hi)


def covered(points: np.ndarray, boxes: Boxes) -> np.ndarray:
    lo, hi = boxes
    return np.any(np.all((points[:, :, None] >= lo[:, None]) & (points[:, :, None] <= hi[:, None]), axis=0), axis=1)


@given(
    seed=st.integers(0, 10**6), n=st.integers(1, 4), pieces=st.integers(1, 7), exponent=st.floats(-12, 1)
)  # fmt: skip
def test_paving_loses_nothing_and_stays_in_the_hull(seed: int, n: int, pieces: int, exponent: float) -> None:
    boxes = random_boxes(seed, n, 12, 10.0**exponent)
    new = paved(boxes, pieces)
    assert new[0].shape[1] <= pieces**n
    assert np.all(covered(points_in(boxes, seed), new))
    for old, fresh in zip(hull(boxes), hull(new), strict=True):
        assert np.array_equal(old, fresh)
    widest = np.max((hull(boxes)[1] - hull(boxes)[0])[:, 0]) / pieces
    assert np.max(new[1] - new[0]) <= widest * (1 + 1e-12)


def test_in_one_dimension_paving_adds_nothing() -> None:
    boxes = np.array([[0.0, 2.0, 5.0]]), np.array([[1.0, 2.5, 5.0]])
    lo, hi = paved(boxes, 1000)
    assert np.sum(hi - lo) == pytest.approx(1.5, abs=1e-12)
    assert covered(np.array([[1.2, 3.0, 4.9]]), (lo, hi)).tolist() == [False, False, False]


def test_a_set_as_narrow_as_rounding_stays_one_box() -> None:
    x = np.array([[1.0], [2.0]])
    for boxes in ((x, x), (x, np.nextafter(x, 3.0))):
        new = paved(boxes, 50)
        assert new[0].shape == (2, 1)
        assert np.array_equal(new[0], boxes[0])
        assert np.array_equal(new[1], boxes[1])


def test_cells_without_their_upper_edge_are_refuted() -> None:
    """Were a box given to the cell of its lower end alone, what reaches into the next would be lost."""
    boxes = random_boxes(3, 2, 12, 0.5)
    lo, hi = boxes
    edges = [np.linspace(lo[i].min(), hi[i].max(), 6) for i in range(2)]
    upper = np.stack([e[np.clip(np.searchsorted(e, lo[i], side="right"), 1, 5)] for i, e in enumerate(edges)])
    mutant = lo, np.minimum(hi, upper)
    assert not np.all(covered(points_in(boxes, 3), mutant))


@given(seed=st.integers(0, 10**6), n=st.integers(1, 4), exponent=st.integers(-300, 300))
def test_distances_are_bounded_on_either_side(seed: int, n: int, exponent: int) -> None:
    scale = 2.0**exponent
    boxes = tuple(scale * side for side in random_boxes(seed, n, 6, 0.3))
    centre = tuple(scale * side for side in random_boxes(seed + 1, n, 1, 0.01))
    points, middles = points_in(boxes, seed, 3), points_in(centre, seed, 3)
    for norm in (2, math.inf):
        low, high = (np.repeat(f(boxes, centre, norm), 3) for f in (nearest, farthest))
        for k in range(points.shape[1]):
            for c in middles.T:
                apart = [abs(Fraction(a) - Fraction(b)) for a, b in zip(points[:, k], c, strict=True)]
                square = max(apart) ** 2 if norm == math.inf else sum(a * a for a in apart)
                assert Fraction(float(low[k])) ** 2 <= square <= Fraction(float(high[k])) ** 2
    same = tuple(side[:, :1] for side in boxes)
    exact = float(np.linalg.norm((same[1] - same[0])[:, 0]))
    assert farthest(same, same, 2)[0] == pytest.approx(exact, rel=1e-12)
    assert nearest(same, same, 2)[0] == 0


def test_nearest_in_the_place_of_farthest_is_refuted() -> None:
    boxes, centre = random_boxes(5, 2, 20, 0.3), (np.zeros((2, 1)), np.zeros((2, 1)))
    points = points_in(boxes, 5)
    assert np.any(np.linalg.norm(points, axis=0) > np.repeat(nearest(boxes, centre, 2), 4))
    assert not np.any(np.linalg.norm(points, axis=0) > np.repeat(farthest(boxes, centre, 2), 4))


@given(seed=st.integers(0, 10**6), n=st.integers(1, 3), radius=st.floats(0.01, 2))
def test_cutting_by_a_ball_loses_nothing_of_it(seed: int, n: int, radius: float) -> None:
    boxes, centre = random_boxes(seed, n, 12, 0.5), random_boxes(seed + 1, n, 1, 0.0)
    points = points_in(boxes, seed, 8)
    for norm in (2, math.inf):
        left = within(boxes, centre, radius, norm)
        distance = np.linalg.norm(points - centre[0], norm, axis=0)
        assert np.all(covered(points, left)[distance <= radius])
        assert np.all(farthest(left, centre, math.inf) <= radius * (1 + 1e-12))


def test_widening_rounds_outward() -> None:
    lo, hi = widened((np.array([[0.1]]), np.array([[0.3]])), 0.1)
    assert Fraction(float(lo[0, 0])) <= Fraction(0.1) - Fraction(0.1)
    assert Fraction(float(hi[0, 0])) >= Fraction(0.3) + Fraction(0.1)
    boxes = random_boxes(1, 2, 3, 0.1)
    assert widened(boxes, 0.0) is boxes


def test_of_what_is_unbounded_nothing_is_known() -> None:
    boxes = np.array([[0.0, -math.inf, math.nan, 0.0]]), np.array([[1.0, 0.0, math.nan, math.inf]])
    assert are_known(boxes).tolist() == [True, False, False, False]
    centre = np.zeros((1, 1)), np.zeros((1, 1))
    for norm in (2, math.inf):
        assert np.isinf(farthest(boxes, centre, norm)).tolist() == [False, True, True, True]
