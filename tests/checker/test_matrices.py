"""Norms, eigenvalue counts and tight inequalities against NumPy, closed forms and matrices drawn from the intervals."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy as sp
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dynlatch.checker import intervals as iv
from dynlatch.checker.bounds import check_norm
from dynlatch.checker.inequalities import Margin, everywhere, is_nowhere_negative
from dynlatch.checker.intervals import Interval
from dynlatch.checker.jets import Jet
from dynlatch.checker.matrices import Norm, inverse_of, is_positive, two_norm, two_norm_at_least, two_norm_at_most
from dynlatch.checker.outcome import RefutedError, UnprovedError
from dynlatch.checker.spectra import Spectrum, radius_at_least_one, radius_below_one
from dynlatch.checker.systems import System
from dynlatch.maps.catalogue import tanh_network
from dynlatch.maps.definition import Formulas, Map, exact_box, state_symbol

F = Fraction
entries = st.floats(-3, 3, allow_subnormal=False).map(lambda v: round(v, 6))
matrices = st.integers(1, 4).flatmap(lambda n: hnp.arrays(np.float64, (n, n), elements=entries))


def rows_of(middle: np.ndarray, radius: float = 0.0) -> list[list[Interval]]:
    return [[iv.span(F(float(v)) - F(radius), F(float(v)) + F(radius)) for v in row] for row in middle]


def bound(value: float) -> arb:
    return iv.number(F(value)).lo


def drawn(middle: np.ndarray, radius: float, seed: int) -> list[np.ndarray]:
    """Matrices in the interval matrix: corners and points inside."""
    rng = np.random.default_rng(seed)
    signs = [rng.choice([-1.0, 1.0], size=middle.shape) for _ in range(6)]
    return [middle, *(middle + radius * s for s in signs), middle + radius * rng.uniform(-1, 1, middle.shape)]


@given(matrices, st.sampled_from([0.0, 1e-9, 1e-2, 0.3]), st.integers(0, 10))
def test_two_norms_hold_every_matrix_and_are_sharp_at_points(middle: np.ndarray, radius: float, seed: int) -> None:
    with iv.precision(128):
        rows = rows_of(middle, radius)
        largest = max(np.linalg.norm(m, 2) for m in drawn(middle, radius, seed))
        least = min(np.linalg.norm(m, 2) for m in drawn(middle, radius, seed))
        upper = float(two_norm(rows))
        assert upper >= largest * (1 - 1e-12)
        spread = radius * len(middle)
        assert upper <= np.linalg.norm(middle, 2) + spread * (1 + 1e-9) + 1e-9
        assert not two_norm_at_most(rows, bound(largest * (1 - 1e-9) - 1e-12))
        assert two_norm_at_most(rows, bound(upper * (1 + 1e-6) + 1e-9))
        assert not two_norm_at_least(rows, bound(least * (1 + 1e-9) + 1e-12))
        if radius == 0.0:
            assert two_norm_at_most(rows, bound(largest * (1 + 1e-13) + 1e-15))
            assert two_norm_at_least(rows, bound(largest * (1 - 1e-13)))


@given(matrices, st.sampled_from([0.0, 1e-3, 0.2]), st.integers(0, 10), st.sampled_from(["1", "inf", "adapted"]))
def test_other_norms(middle: np.ndarray, radius: float, seed: int, kind: str) -> None:
    n = len(middle)
    p = np.triu(np.ones((n, n))) + np.eye(n)
    matrix = tuple(tuple(F(float(v)) for v in row) for row in p)
    norm = Norm("adapted", matrix, inverse_of(matrix)) if kind == "adapted" else Norm(kind)
    q = np.linalg.inv(p)

    def size(m: np.ndarray) -> float:
        return (
            float(np.linalg.norm(p @ m @ q, 2))
            if kind == "adapted"
            else float(np.linalg.norm(m, {"1": 1, "inf": np.inf}[kind]))
        )

    with iv.precision(128):
        rows = rows_of(middle, radius)
        sizes = [size(m) for m in drawn(middle, radius, seed)]
        assert not norm.at_most(rows, bound(max(sizes) * (1 - 1e-9) - 1e-12))
        assert not norm.at_least(rows, bound(min(sizes) * (1 + 1e-9) + 1e-12))
        if radius == 0.0:
            assert norm.at_most(rows, bound(sizes[0] * (1 + 1e-12) + 1e-14))
            assert norm.at_least(rows, bound(sizes[0] * (1 - 1e-12) - 1e-14))


def test_norms_are_tight_to_thirty_digits() -> None:
    """|[[1, 1], [0, 1]]| is the golden ratio; diag(2, 2, 1) has a double singular value."""
    with iv.precision(256):
        golden = (1 + iv.sqrt(iv.number(5)).lo) / 2
        rows = rows_of(np.array([[1.0, 1.0], [0.0, 1.0]]))
        step = arb(2) ** -110
        assert two_norm_at_most(rows, (golden + step).upper())
        assert not two_norm_at_most(rows, (golden - step).lower())
        assert two_norm_at_least(rows, (golden - step).lower())
        assert not two_norm_at_least(rows, (golden + step).upper())
        three = rows_of(np.array([[1.0, 2.0, 0.0], [2.0, -1.0, 1.0], [0.0, 1.0, 1.0]]))
        largest = np.linalg.norm(np.array([[1.0, 2.0, 0.0], [2.0, -1.0, 1.0], [0.0, 1.0, 1.0]]), 2)
        assert two_norm_at_most(three, bound(largest + 1e-12))
        double = rows_of(np.diag([2.0, 2.0, 1.0]))
        assert two_norm_at_most(double, (2 + step).upper())
        assert two_norm_at_least(double, arb(2))
        assert not two_norm_at_most(double, (2 - step).lower())


def test_positive_definite_or_not() -> None:
    one, zero = arb(1), arb(0)
    assert is_positive([[one, zero], [zero, one]])
    assert is_positive([[one, one], [one, one]])  # the last pivot is exactly 0
    assert not is_positive([[one, arb(2)], [arb(2), one]])
    assert not is_positive([[zero, zero], [zero, one]])
    assert not is_positive([[arb(1), zero], [zero, arb(0, 1e-9)]])


@given(matrices, st.floats(0.1, 5), st.sampled_from([0.0, 1e-6]))
def test_eigenvalues_are_counted_inside_circles(middle: np.ndarray, radius: float, spread: float) -> None:
    moduli = np.abs(np.linalg.eigvals(middle))
    with iv.precision(200):
        found = Spectrum(rows_of(middle, spread)).count_inside(bound(radius))
    if found is not None:
        near = 1e-3 if spread or len(middle) > 2 else 1e-6
        assert np.sum(moduli < radius - near) <= found <= np.sum(moduli < radius + near)
    elif not spread:
        # undecided only on the circle, or where some product of moduli is r^k: |a_0| = |a_n| in one of the steps
        assert len(middle) > 1 or abs(moduli[0] - radius) < 1e-9


@pytest.mark.parametrize(
    ("middle", "radius", "count"),
    [
        ([[0.5]], 1.0, 1), ([[-0.5]], 0.4, 0), ([[0.0, 2.0], [0.0, 0.0]], 1.0, 2), ([[2.0, 1.0], [0.0, 2.0]], 1.9, 0),
        ([[2.0, 1.0], [0.0, 2.0]], 2.1, 2), ([[0.0, -1.0], [1.0, 0.0]], 1.0, None),
        ([[1.0, 0.0], [0.0, 0.5]], 1.0, None),
        ([[2.0, 0.0], [0.0, 0.5]], 1.0, 1), ([[3.0, 0.0], [0.0, -2.0]], 1.0, 0), ([[0.6, -0.7], [0.7, 0.6]], 1.0, 2),
        ([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.125, 0.0, 0.0]], 0.6, 3),
        ([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.125, 0.0, 0.0]], 0.4, 0),
        (np.diag([3.0, 0.5, 0.2, 1.5]).tolist(), 1.0, 2),
    ],
)  # fmt: skip
def test_known_spectra(middle: list[list[float]], radius: float, count: int | None) -> None:
    with iv.precision(200):
        rows = rows_of(np.array(middle))
        assert Spectrum(rows).count_inside(bound(radius)) == count
        if radius == 1.0:
            assert radius_below_one(rows) == (count == len(middle))
            assert radius_at_least_one(rows) or count == len(middle) or count is None


@given(matrices, st.sampled_from([0.0, 1e-3, 0.1]), st.integers(0, 10))
def test_spectral_radii_on_either_side_of_one(middle: np.ndarray, spread: float, seed: int) -> None:
    radii = [max(np.abs(np.linalg.eigvals(m))) for m in drawn(middle, spread, seed)]
    with iv.precision(128):
        rows = rows_of(middle, spread)
        if radius_below_one(rows):
            assert max(radii) < 1 + 1e-6
        if radius_at_least_one(rows):
            assert min(radii) > 1 - 1e-3
        if spread == 0.0 and len(middle) <= 2 and abs(radii[0] - 1) > 1e-6:
            assert radius_below_one(rows) == (radii[0] < 1)
            assert radius_at_least_one(rows) == (radii[0] >= 1)


# --- inequalities -----------------------------------------------------------------------------------------------------

x, y = map(state_symbol, "xy")


def margin(e: sp.Expr) -> Margin:
    system = System(Map("f", (x, y), Formulas((e, y)), (), exact_box((-4, 4), 2)))
    return Margin(lambda box: system.jets(box, 2)[0], decisive=True)


TIGHT = sp.Rational(1, 10**30)


@pytest.mark.parametrize(
    ("e", "box"),
    [
        (1 - sp.sech(x) ** 2 + TIGHT, (-3, 3)),  # a smooth minimum inside
        (x**2 + y**2 - x * y + TIGHT, (-1, 2)),
        ((x - sp.Rational(1, 3)) ** 2 + (y - sp.Rational(1, 7)) ** 4 + sp.Rational(1, 10**6), (-1, 1)),
        (x + y, (0, 1)),  # 0 at a corner
        (x * (1 + y**2) + sp.Rational(1, 3) * x**2, (0, 1)),  # 0 on a face
        (sp.cosh(x) - 1 + (y - 1) ** 2, (-2, 2)),
        (2 - sp.sin(3 * x) - sp.cos(2 * y) + TIGHT, (-1, 1)),
    ],
)
def test_tight_inequalities_need_few_pieces(e: sp.Expr, box: tuple[int, int]) -> None:
    f = margin(e)
    with iv.precision(256):
        side = [iv.span(*box)] * 2
        everywhere(side, lambda _: False, lambda _: [f], 400, "f >= 0")


@pytest.mark.parametrize(
    ("e", "box"),
    [
        (1 - sp.sech(x) ** 2 - TIGHT, (-3, 3)), (x**2 + y**2 - x * y - TIGHT, (-1, 2)), (x + y - TIGHT, (0, 1)),
        (x - y, (0, 1)), (2 - sp.sin(3 * x) - sp.cos(2 * y) - TIGHT, (-1, 1)),
    ],
)  # fmt: skip
def test_what_is_false_by_a_hair_is_refuted(e: sp.Expr, box: tuple[int, int]) -> None:
    f = margin(e)
    with iv.precision(256), pytest.raises(RefutedError, match="f >= 0 is false at"):
        everywhere([iv.span(*box)] * 2, lambda _: False, lambda _: [f], 2000, "f >= 0")


@pytest.mark.parametrize("e", [sp.expand((x**2 - y**2) ** 2), sp.Abs(x - y) - sp.tanh(x - y), sp.log(x + 1) ** 2])
def test_what_is_too_flat_or_undefined_is_given_up(e: sp.Expr) -> None:
    """A ridge of zeros, a kink along one, a singularity on the edge: true, but not to be seen by pieces."""
    f = margin(e)
    with iv.precision(128), pytest.raises(UnprovedError) as caught:
        everywhere([iv.span(-1, 2)] * 2, lambda _: False, lambda _: [f], 300, "f >= 0")
    assert caught.type is UnprovedError


def test_an_indecisive_margin_refutes_nothing() -> None:
    f = margin(x)
    assert not is_nowhere_negative(Margin(f.over, decisive=False), [iv.span(-1, 1), iv.span(0, 1)], "f >= 0")


def test_margins_are_never_believed_where_they_are_undefined() -> None:
    def over(box: Any) -> Jet:
        jet = margin(x).over(box)
        return Jet(jet.shape, [iv.UNDEFINED] * jet.shape.size)

    assert not is_nowhere_negative(Margin(over, decisive=True), [iv.span(1, 2)] * 2, "f >= 0")


@settings(max_examples=15)
@given(st.integers(0, 10**6))
def test_norm_bounds_of_networks_agree_with_a_search(seed: int) -> None:
    """In an adapted norm too: the sup over a box lies at a corner of the slopes."""
    rng = np.random.default_rng(seed)
    W, lo = rng.normal(size=(2, 2)).round(3), rng.uniform(-2, 2, size=2).round(2)
    hi = lo + rng.uniform(0.1, 2, size=2).round(2)
    p = np.array([[1.0, rng.normal()], [0.0, rng.uniform(0.3, 3)]]).round(3)
    matrix = tuple(tuple(F(float(v)) for v in row) for row in p)
    q = np.linalg.inv(p)
    grid = np.stack(np.meshgrid(*(np.linspace(a, b, 60) for a, b in zip(lo, hi, strict=True))), axis=-1).reshape(-1, 2)
    largest = max(np.linalg.norm(p @ W @ np.diag(1 / np.cosh(a) ** 2) @ q, 2) for a in grid)
    system = System(tanh_network(W))
    box = [iv.span(F(float(a)), F(float(b))) for a, b in zip(lo, hi, strict=True)]
    norm = Norm("adapted", matrix, inverse_of(matrix))
    with iv.precision(128):
        with pytest.raises(UnprovedError):
            check_norm(system, box, norm, F(float(largest) * (1 - 1e-9)))
        check_norm(system, box, norm, F(float(largest) * 1.01 + 1e-9))


def test_the_inverse_is_exact() -> None:
    matrix = ((F(2), F(1, 3)), (F(0), F(5)))
    assert inverse_of(matrix) == ((F(1, 2), F(-1, 30)), (F(0), F(1, 5)))
    assert inverse_of(((F(1), F(2)), (F(2), F(4)))) is None
    assert math.isclose(float(inverse_of(((F(3),),))[0][0]), 1 / 3)
