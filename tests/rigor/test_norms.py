"""Operator norms against closed forms, mpmath and NumPy; widths as well as containment."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from dynlatch.errors import InputError
from dynlatch.rigor import balls
from dynlatch.rigor.float_norms import norm_upper_bounds
from dynlatch.rigor.norms import (
    AdaptedNorm,
    adapted_norm,
    operator_norm,
    operator_norm_bound,
    read_norm,
    second_order_bound,
)
from dynlatch.seeds import rng_for

NORMS = [1, 2, math.inf]
SHEAR = AdaptedNorm(((Fraction(1), Fraction(3)), (Fraction(0), Fraction(1, 7))))


def rows_of(matrix: np.ndarray) -> list[list[arb]]:
    return [[arb(float(v)) for v in row] for row in matrix]


def largest_singular_value(matrix: np.ndarray) -> mpmath.mpf:
    with mpmath.workdps(50):
        return max(mpmath.svd_r(mpmath.matrix(matrix.tolist()), compute_uv=False))


def of_fraction(value: Fraction) -> mpmath.mpf:
    with mpmath.workdps(60):
        return mpmath.mpf(value.numerator) / value.denominator


@pytest.mark.parametrize("n", [1, 2, 3, 5, 9])
def test_norm_2_of_a_point_matrix_holds_the_singular_value_narrowly(n: int) -> None:
    for trial in range(4):
        matrix = rng_for(1, "norm 2", n, trial).normal(size=(n, n))
        with balls.precision(128):
            found = balls.enclosure(operator_norm(rows_of(matrix), 2))
        with mpmath.workdps(50):
            truth, slack = largest_singular_value(matrix), mpmath.mpf(10) ** -40
            assert of_fraction(found.lower) - slack <= truth <= of_fraction(found.upper) + slack
        assert found.width < 1e-20


def test_norm_2_where_all_singular_values_coincide() -> None:
    orthogonal = np.linalg.qr(rng_for(1, "orthogonal").normal(size=(4, 4)))[0]
    with balls.precision(128):
        found = balls.enclosure(operator_norm(rows_of(orthogonal), 2))
        identity = balls.enclosure(operator_norm(rows_of(np.eye(3)), 2))
    assert found.width < 1e-14
    assert found.lo <= float(np.linalg.norm(orthogonal, 2)) + 1e-15
    assert 1 in identity
    assert identity.width < 1e-14


@pytest.mark.parametrize("norm", NORMS)
def test_the_spectral_radius_is_not_a_norm(norm: float) -> None:
    nilpotent = [[arb(0), arb(2)], [arb(0), arb(0)]]
    assert balls.ends(operator_norm(nilpotent, norm)) == (2, 2)
    j = np.array([[0.0, 2.0], [0.0, 0.0]])[:, :, None]
    assert 2.0 <= norm_upper_bounds(j, j, norm)[0] < 2.0 + 1e-14


def test_column_and_row_sums_are_told_apart() -> None:
    matrix = [[arb(1), arb(-5)], [arb(2), arb(3)]]
    assert balls.ends(operator_norm(matrix, 1)) == (8, 8)
    assert balls.ends(operator_norm(matrix, "inf")) == (6, 6)


@pytest.mark.parametrize("norm", [*NORMS, SHEAR])
@given(seed=st.integers(0, 10_000), n=st.integers(1, 4))
def test_no_sampled_matrix_exceeds_the_bounds(norm: float | AdaptedNorm, seed: int, n: int) -> None:
    if isinstance(norm, AdaptedNorm):
        n = 2
    rng = rng_for(seed, "wide")
    middle, radius = rng.normal(size=(n, n)), 10.0 ** rng.uniform(-6, 0) * rng.uniform(size=(n, n))
    lo, hi = middle - radius, middle + radius
    rows = [
        [balls.hull(arb(float(a)), arb(float(b))) for a, b in zip(*r, strict=True)] for r in zip(lo, hi, strict=True)
    ]
    by_balls = float(operator_norm_bound(rows, norm))
    by_floats = float(norm_upper_bounds(lo[:, :, None], hi[:, :, None], norm)[0])
    corner = rng.random((n, n)) < 0.5
    for sample in (lo, hi, middle, rng.uniform(lo, hi), np.where(corner, lo, hi)):
        size = float_norm(sample, norm)
        assert size <= by_balls * (1 + 1e-14)
        assert size <= by_floats * (1 + 1e-14)
    spread = float_norm(2 * radius, 2) * 10 * n
    assert (
        max(by_balls, by_floats)
        <= float_norm(middle, norm) + (60 if isinstance(norm, AdaptedNorm) else 1) * spread + 1e-12
    )


def float_norm(matrix: np.ndarray, norm: float | AdaptedNorm) -> float:
    if isinstance(norm, AdaptedNorm):
        p, q = (np.array(m, dtype=np.float64) for m in (norm.matrix, norm.inverse))
        return float(np.linalg.norm(p @ matrix @ q, 2))
    return float(np.linalg.norm(matrix, norm))


@pytest.mark.parametrize("n", [1, 2, 3, 6])
@pytest.mark.parametrize("norm", NORMS)
def test_float_bounds_of_point_matrices_are_above_the_truth_and_tight(n: int, norm: float) -> None:
    j = rng_for(2, "tight", n).normal(size=(n, n, 50)) * 10.0 ** rng_for(2, "scale", n).uniform(-30, 30, size=50)
    bounds = norm_upper_bounds(j, j, norm)
    for k in range(50):
        with balls.precision(128):
            found = balls.enclosure(operator_norm(rows_of(j[:, :, k]), norm))
        assert Fraction(float(bounds[k])) >= found.lower
        assert bounds[k] <= found.hi * (1 + 1e-13)


def test_what_is_unknown_has_no_bound_and_spoils_no_neighbour() -> None:
    lo, hi = np.zeros((3, 3, 4)), np.ones((3, 3, 4))
    lo[0, 0, 1] = np.nan
    hi[2, 1, 2] = np.inf
    for norm in NORMS:
        bounds = norm_upper_bounds(lo, hi, norm)
        assert np.isinf(bounds[[1, 2]]).all()
        assert np.allclose(bounds[[0, 3]], 3.0, rtol=1e-12)
    assert not operator_norm([[arb.nan()]], 2).is_finite()
    assert norm_upper_bounds(lo[:, :, :0], hi[:, :, :0], 2).shape == (0,)


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1e160, 1e300])
@pytest.mark.parametrize("n", [2, 3])
def test_tiny_and_huge_entries_do_not_slip_through(size: float, n: int) -> None:
    j = np.full((n, n, 1), size)
    assert norm_upper_bounds(j, j, 2)[0] >= size * n * (1 - 1e-15)
    assert operator_norm_bound(rows_of(j[:, :, 0]), 2) >= size * n * (1 - 1e-15)


def test_an_adapted_norm_undoes_the_shear() -> None:
    jacobian = np.array([[0.5, 10.0], [0.0, 0.5]])
    norm = adapted_norm(jacobian)
    assert float(operator_norm_bound(rows_of(jacobian), norm)) < 0.63
    assert float(operator_norm_bound(rows_of(jacobian), 2)) > 10
    n = len(norm.matrix)
    product = [[sum(norm.matrix[i][k] * norm.inverse[k][j] for k in range(n)) for j in range(n)] for i in range(n)]
    assert product == [[int(i == j) for j in range(n)] for i in range(n)]
    assert all(v.denominator.bit_count() == 1 for row in norm.matrix for v in row)


@given(seed=st.integers(0, 10_000), n=st.integers(1, 6))
def test_an_adapted_norm_is_below_1_for_every_stable_matrix(seed: int, n: int) -> None:
    matrix = rng_for(seed, "stable").normal(size=(n, n))
    matrix *= 0.95 / np.max(np.abs(np.linalg.eigvals(matrix)))
    assert operator_norm_bound(rows_of(matrix), adapted_norm(matrix)) < 1


@pytest.mark.parametrize("norm", [*NORMS, SHEAR])
@given(seed=st.integers(0, 10_000), n=st.integers(1, 3))
def test_the_second_order_bound_holds_for_every_shift(norm: float | AdaptedNorm, seed: int, n: int) -> None:
    if isinstance(norm, AdaptedNorm):
        n = 2
    rng = rng_for(seed, "second order")
    centre, bends, width = rng.normal(size=(n, n)), rng.normal(size=(n, n, n)), 10.0 ** rng.uniform(-4, 0)
    shift = [arb(0, width)] * n
    balls_of_bends = [[[arb(float(v)) for v in line] for line in matrix] for matrix in bends]
    bound = float(second_order_bound(rows_of(centre), balls_of_bends, shift, norm))
    for _ in range(10):
        step = rng.uniform(-width, width, size=n)
        assert float_norm(centre + bends @ step, norm) <= bound * (1 + 1e-12)


@pytest.mark.parametrize("given_norm", ["two", 3, None, True, "spectral", 0.5])
def test_an_unknown_norm_is_refused_with_the_known_ones(given_norm: object) -> None:
    with pytest.raises(InputError, match=r"1, 2, inf, adapted") as refusal:
        read_norm(given_norm)
    assert "\n" not in str(refusal.value)


def test_a_wrong_p_is_refused() -> None:
    one, zero = Fraction(1), Fraction(0)
    with pytest.raises(InputError, match="singular"):
        AdaptedNorm(((one, one), (one, one)))
    with pytest.raises(InputError, match="square"):
        AdaptedNorm(((one, zero),))
    with pytest.raises(InputError, match="2\\^"):
        AdaptedNorm(((Fraction(1, 2**600),),))
    with pytest.raises(InputError, match="3 states"):
        read_norm(SHEAR, 3)
    with pytest.raises(InputError, match="not finite"):
        adapted_norm(np.array([[np.nan]]))


def test_names_of_norms() -> None:
    assert [read_norm(v) for v in (1, 2.0, "2", "inf", math.inf)] == [1, 2, 2, math.inf, math.inf]
