"""Interval matrices: what is said of all holds for each, is sharp where they are narrow, and mutants are refuted."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynlatch.errors import InputError
from dynlatch.rigor import balls
from dynlatch.rigor import interval_matrices as im
from dynlatch.rigor.float_norms import norm_upper_bounds
from dynlatch.rigor.interval_determinants import _determinant, _pairs
from dynlatch.rigor.norms import AdaptedNorm, adapted_norm, operator_norm
from dynlatch.rigor.spectra import eigenvalues
from dynlatch.seeds import rng_for

NORMS = [1, 2, math.inf, "shear"]
Bounds = Callable[[np.ndarray, np.ndarray, object], np.ndarray]


def named(norm: object, n: int) -> object:
    """``shear`` is an adapted norm of dimension n whose inverse no float holds."""
    if norm != "shear":
        return norm
    rows = [[Fraction(int(i == j) + 3 * int(j == i + 1)) for j in range(n)] for i in range(n)]
    rows[-1][-1] = Fraction(1, 7)
    return AdaptedNorm(tuple(map(tuple, rows)))


def boxes(n: int, count: int, width: float, *names: str | int | float) -> tuple[np.ndarray, np.ndarray]:
    """Interval matrices whose middles have a spectral radius on both sides of 1, many of them close to it."""
    rng = rng_for(11, *names, n)
    middle = rng.normal(size=(n, n, count))
    middle *= np.where(rng.random((n, n, count)) < 0.2, 0.0, 1.0)
    radius = np.max(np.abs(np.linalg.eigvals(np.moveaxis(middle, 2, 0))), axis=1)
    middle *= np.exp(rng.choice([-1, 1], count) * 10.0 ** rng.uniform(-4, -0.5, count)) / np.maximum(radius, 1e-3)
    half = width * rng.random((n, n, count))
    return middle - half, middle + half


def members(lo: np.ndarray, hi: np.ndarray, k: int, rng: np.random.Generator, count: int = 6) -> list[np.ndarray]:
    """Matrices of one interval matrix: the middle, corners, points inside."""
    a, b = lo[:, :, k], hi[:, :, k]
    corners = [np.where(rng.random(a.shape) < 0.5, a, b) for _ in range(count)]
    inside = [np.clip(rng.uniform(a, b), a, b) for _ in range(count)]
    return [np.clip(0.5 * (a + b), a, b), a, b, *corners, *inside]


def exact_rows(matrix: np.ndarray) -> list[list[balls.arb]]:
    return [[balls.ball(float(v)) for v in row] for row in matrix]


def radius_of(matrix: np.ndarray) -> tuple[Fraction, Fraction]:
    """Proved ends of a spectral radius."""
    with balls.precision(160):
        found = eigenvalues(exact_rows(matrix))
    assert found is not None
    return max(e.modulus.lower for e in found), max(e.modulus.upper for e in found)


# --- least norms ------------------------------------------------------------------------------------------------------


def norm_refutations(bounds: Bounds, n: int, norm: object, width: float, count: int = 30) -> int:
    """How many bounds lie certainly above the norm of a member."""
    kind = named(norm, n)
    lo, hi = boxes(n, count, width, "norms", width)
    found, rng = bounds(lo, hi, kind), rng_for(12, "members", n)
    refuted = 0
    for k in range(count):
        with balls.precision(120):
            above = [balls.ends(operator_norm(exact_rows(m), kind))[1] for m in members(lo, hi, k, rng, 3)]
        refuted += Fraction(float(found[k])) > min(above)
    return refuted


@pytest.mark.parametrize("width", [0.0, 1e-12, 1e-3, 0.5])
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_no_member_has_a_smaller_norm(n: int, norm: object, width: float) -> None:
    assert norm_refutations(im.norm_lower_bounds, n, norm, width) == 0


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_a_bound_that_is_enough_is_still_found(n: int, norm: object) -> None:
    for width in (0.0, 1e-6, 1e-2, 0.3):
        lo, hi = boxes(n, 800, width, "enough", width)
        best = im.norm_lower_bounds(lo, hi, named(norm, n))
        enough = float(np.median(best[best > 0]))
        found = im.norm_lower_bounds(lo, hi, named(norm, n), enough)
        assert np.array_equal(found >= enough, best >= enough)
        assert np.all(found <= best)
        assert 0 < np.sum(found >= enough) < 800


@pytest.mark.parametrize("norm", NORMS)
def test_the_middle_s_norm_and_an_unrounded_one_are_refuted(norm: object) -> None:
    def at_the_middle(lo: np.ndarray, hi: np.ndarray, kind: object) -> np.ndarray:
        return im.norm_lower_bounds(0.5 * (lo + hi), 0.5 * (lo + hi), kind)

    def a_little_more(lo: np.ndarray, hi: np.ndarray, kind: object) -> np.ndarray:
        return im.norm_lower_bounds(lo, hi, kind) * (1 + 2.0**-40)

    assert norm_refutations(at_the_middle, 2, norm, 1e-3) > 25
    assert norm_refutations(a_little_more, 2, norm, 0.0) > 25


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("n", [1, 2, 3, 4, 7])
def test_the_gap_to_the_upper_bound_is_of_the_order_of_the_width(n: int, norm: object) -> None:
    kind = named(norm, n)
    for width in (0.0, 1e-8, 1e-4):
        lo, hi = boxes(n, 200, width, "gap")
        below, above = im.norm_lower_bounds(lo, hi, kind), norm_upper_bounds(lo, hi, kind)
        condition = np.linalg.cond(np.array(kind.matrix, dtype=np.float64)) if isinstance(kind, AdaptedNorm) else 1
        assert np.all(below <= above)
        assert np.all(above - below <= 1e-12 * condition * above + 8 * n * condition * width + 1e-140)


@pytest.mark.parametrize("norm", [1, math.inf])
def test_in_norms_1_and_inf_the_bound_is_the_least_norm(norm: float) -> None:
    lo, hi = boxes(3, 200, 0.7, "least")
    least = np.clip(0.0, lo, hi)  # the member next to 0 in every entry
    truth = np.array([np.linalg.norm(least[:, :, k], norm) for k in range(200)])
    found = im.norm_lower_bounds(lo, hi, norm)
    assert np.all(found <= truth * (1 + 1e-15))
    assert np.all(found >= truth * (1 - 1e-13))


def test_tiny_and_huge_entries_keep_their_norms() -> None:
    for size in (5e-324, 1e-310, 1e-200, 1e200, 1e300):
        j = np.array([[3.0, 0.0], [4.0, 0.0]])[:, :, None] * size
        for norm, truth in ((1, 7.0), (2, 5.0), (math.inf, 4.0)):
            found = float(im.norm_lower_bounds(j, j, norm)[0]) / size
            assert truth * (0.5 if size < 1e-300 else 1 - 1e-14) <= found <= truth or size == 5e-324


# --- the spectral radius ----------------------------------------------------------------------------------------------


def radius_refutations(
    below: Callable[[np.ndarray, np.ndarray], np.ndarray],
    above: Callable[[np.ndarray, np.ndarray], np.ndarray],
    n: int,
    width: float,
    count: int = 40,
) -> tuple[int, int]:
    """How many answers are certainly wrong for a member."""
    lo, hi = boxes(n, count, width, "radius", width)
    small, large, rng = below(lo, hi), above(lo, hi), rng_for(13, "members", n)
    wrong = [0, 0]
    for k in range(count):
        ends = [radius_of(m) for m in members(lo, hi, k, rng)] if small[k] or large[k] else []
        wrong[0] += bool(small[k]) and any(e[0] >= 1 for e in ends)
        wrong[1] += bool(large[k]) and any(e[1] < 1 for e in ends)
    return wrong[0], wrong[1]


@pytest.mark.parametrize("width", [0.0, 1e-6, 1e-3, 0.05, 0.3])
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_no_member_is_on_the_other_side(n: int, width: float) -> None:
    assert radius_refutations(im.radius_below_one, im.radius_at_least_one, n, width) == (0, 0)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_answers_of_the_middle_alone_are_refuted(n: int) -> None:
    def of_middle(rule: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
        return lambda lo, hi: rule(0.5 * (lo + hi), 0.5 * (lo + hi))

    small, large = radius_refutations(of_middle(im.radius_below_one), of_middle(im.radius_at_least_one), n, 0.1)
    assert small > 5
    assert large > 5


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_every_narrow_matrix_is_decided(n: int) -> None:
    for width in (0.0, 1e-10):
        lo, hi = boxes(n, 400, width, "narrow", width)
        below, above = im.radius_below_one(lo, hi), im.radius_at_least_one(lo, hi)
        assert not np.any(below & above)
        decided = below | above
        assert np.mean(decided) > 0.99  # an even number of eigenvalues outside may hide from the signs
        for k in np.flatnonzero(~decided):
            assert radius_of(0.5 * (lo + hi)[:, :, k])[1] > 1


def test_for_two_states_nothing_is_lost_below_1_even_where_they_are_wide() -> None:
    lo, hi = boxes(2, 400, 0.05, "wide")
    below = im.radius_below_one(lo, hi)
    for k in range(400):  # the conditions are linear in each entry, so corners decide
        corners = [
            np.where(np.array(c).reshape(2, 2), hi[:, :, k], lo[:, :, k]) for c in itertools.product((0, 1), repeat=4)
        ]
        worst = max(float(np.max(np.abs(np.linalg.eigvals(m)))) for m in corners)
        assert below[k] == (worst < 1) or abs(worst - 1) < 1e-6
    assert 50 < np.sum(below) < 350


@pytest.mark.parametrize("n", [3, 4, 6])
def test_a_large_norm_does_not_hide_a_small_radius(n: int) -> None:
    a = np.where(np.arange(n)[:, None] < np.arange(n), 10.0, 0.0) + 0.5 * np.eye(n)
    j = a[:, :, None]
    assert norm_upper_bounds(j, j, 2)[0] > 10
    assert im.radius_below_one(j, j)[0]
    assert not im.radius_below_one(2 * j, 2 * j)[0]
    assert im.radius_at_least_one(2.1 * j, 2.1 * j)[0]
    assert im.radius_below_one(j - 10.0 ** (-2 * n), j + 10.0 ** (-2 * n))[0]


def test_given_norms_are_tried() -> None:
    a = np.diag([0.9, 0.5, 0.1, 0.9, 0.9]) + np.diag([4.0, 4.0, 0.0, 0.0], 1)
    lo, hi = a[:, :, None] - 2e-4, a[:, :, None] + 2e-4
    assert norm_upper_bounds(lo, hi, adapted_norm(a))[0] < 1
    assert im.radius_below_one(lo, hi, [adapted_norm(a)])[0]
    with pytest.raises(InputError, match="rows"):
        im.radius_below_one(lo, hi, [named("shear", 2)])


def test_on_the_circle_nothing_below_is_said() -> None:
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])  # its determinant is 1 + 2^-55 or so
    shear = np.array([[1.0, 1.0], [0.0, 1.0]])
    for a in (np.eye(1), -np.eye(1), turn, shear, np.eye(3), np.eye(4)[[1, 2, 3, 0]], np.eye(6)):
        j = a[:, :, None]
        assert not im.radius_below_one(j, j)[0]
    for a in (shear * 2, np.eye(1) * -1.5, np.eye(5) * 1.01, 1.01 * np.eye(3)[[1, 2, 0]], np.eye(6)[::-1] * 2):
        j = a[:, :, None]
        assert im.radius_at_least_one(j, j)[0]


@given(seed=st.integers(0, 10**6))
def test_a_pair_of_modulus_above_1_is_seen_beside_small_eigenvalues(seed: int) -> None:
    rng = rng_for(seed, "pair")
    for n in (3, 4):
        angle, modulus = rng.uniform(0.1, 3.0), 1 + 10.0 ** rng.uniform(-6, -1)
        a = np.diag(rng.uniform(-0.9, 0.9, n))
        a[:2, :2] = modulus * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        q = np.linalg.qr(rng.normal(size=(n, n)))[0]
        j = (q @ a @ q.T)[:, :, None]
        assert im.radius_at_least_one(j, j)[0]
        assert im.radius_below_one(j / (modulus + 1e-7), j / (modulus + 1e-7))[0]


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_determinants_hold_the_exact_ones(n: int) -> None:
    rng = rng_for(14, "determinants", n)
    for _ in range(50):
        a = rng.normal(size=(n, n))
        lo, hi = _determinant(a, a)
        with balls.precision(400):
            exact = balls.ends(balls.arb_mat(exact_rows(a)).det())
        assert Fraction(lo) <= exact[0] <= exact[1] <= Fraction(hi)
        assert hi - lo < 1e-13
        if n >= 3:
            values = np.linalg.eigvals(a)
            product = np.prod([1 - values[i] * values[k] for i in range(n) for k in range(i)])
            lo, hi = _pairs(a, a, lo, hi)
            assert lo - 1e-9 * abs(lo) - 1e-11 <= product.real <= hi + 1e-9 * abs(hi) + 1e-11
            assert hi - lo < 1e-9 * (1 + abs(hi))


# --- products and what is degenerate ----------------------------------------------------------------------------------


@given(seed=st.integers(0, 10**6), n=st.integers(1, 4), exponent=st.integers(-18, 0))
def test_products_hold_the_products_of_members(seed: int, n: int, exponent: int) -> None:
    rng = rng_for(seed, "products")
    a, b = rng.normal(size=(2, n, n, 3))
    r = 10.0**exponent
    lo, hi = im.interval_product(a - r, a + r, b - r, b + r)
    for k in range(3):
        for x, y in zip(members(a - r, a + r, k, rng), members(b - r, b + r, k, rng), strict=True):
            for i, j in itertools.product(range(n), repeat=2):
                exact = sum(Fraction(x[i, q]) * Fraction(y[q, j]) for q in range(n))
                assert Fraction(lo[i, j, k]) <= exact <= Fraction(hi[i, j, k])
    assert np.all(hi - lo <= 60 * n * (r + 1e-15))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_of_poison_nothing_is_known_and_no_neighbour_is_spoiled(n: int) -> None:
    lo = np.repeat(0.25 / n * np.eye(n)[:, :, None], 5, axis=2)
    hi = lo.copy()
    lo[0, 0, 1] = hi[0, 0, 1] = np.nan
    hi[n - 1, 0, 2] = np.nan
    lo[0, n - 1, 3], hi[0, n - 1, 3] = 1.0, -1.0
    clean = [0, 4]
    for norm in NORMS:
        assert np.all(im.norm_lower_bounds(lo, hi, named(norm, n))[[1, 2, 3]] == 0)
        assert np.all(im.norm_lower_bounds(lo, hi, named(norm, n))[clean] > 0.2 / n)
    assert im.radius_below_one(lo, hi).tolist() == [True, False, False, False, True]
    assert not np.any(im.radius_at_least_one(lo, hi))
    assert im.radius_at_least_one(lo + 3 * np.eye(n)[:, :, None], hi + 3 * np.eye(n)[:, :, None])[clean].all()
    none = lo[:, :, :0]
    assert im.norm_lower_bounds(none, none, 2).shape == (0,)
    assert im.radius_below_one(none, none).shape == im.radius_at_least_one(none, none).shape == (0,)


def test_an_unbounded_entry_still_has_a_least_size() -> None:
    lo, hi = np.array([[2.0, 0.0], [0.0, 0.0]])[:, :, None], np.array([[math.inf, 0.0], [0.0, 0.0]])[:, :, None]
    for norm in (1, 2, math.inf):
        assert 1.99 < im.norm_lower_bounds(lo, hi, norm)[0] <= 2.0
    assert im.radius_at_least_one(lo, hi)[0]
    assert not im.radius_below_one(lo, hi)[0]
    assert not im.radius_below_one(-hi, hi)[0]
    for size in (1e100, 1e308):
        j = np.full((3, 3, 1), size)
        assert not im.radius_below_one(j, j)[0]
        assert im.radius_at_least_one(j, j)[0] == (size < 1e300)


def test_an_unknown_norm_is_refused() -> None:
    j = np.zeros((2, 2, 1))
    with pytest.raises(InputError, match="spectral"):
        im.norm_lower_bounds(j, j, "spectral")
    with pytest.raises(InputError, match="spectral"):
        im.radius_below_one(j, j, ["spectral"])
