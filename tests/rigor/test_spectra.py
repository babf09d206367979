"""Enclosures of eigenvalues: known spectra, defective and multiple ones, and matrices of wide entries."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import acb, arb
from hypothesis import given
from hypothesis import strategies as st

from dynlatch.rigor import balls, spectra
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.rigor.spectra import Eigenvalue, eigenvalues

BITS = 200


def of(matrix: Sequence[Sequence[int | float | Fraction]]) -> tuple[Eigenvalue, ...]:
    with balls.precision(BITS):
        found = eigenvalues([[balls.ball(v) for v in row] for row in matrix])
    assert found is not None
    return found


def holds(e: Eigenvalue, value: complex, slack: float = 0.0) -> bool:
    def near(side: Enclosure, x: float) -> bool:
        return side.lower - Fraction(slack) <= Fraction(x) <= side.upper + Fraction(slack)

    return near(e.real, value.real) and near(e.imag, value.imag) and near(e.modulus, abs(value))


def width(e: Eigenvalue) -> float:
    return max(e.real.width, e.imag.width, e.modulus.width)


def check(found: Sequence[Eigenvalue], expected: Sequence[complex], slack: float = 1e-12) -> None:
    """One to one in some order."""
    assert len(found) == len(expected)
    assert any(
        all(holds(e, v, slack) for e, v in zip(order, expected, strict=True)) for order in itertools.permutations(found)
    )
    sizes = [float(e.modulus) for e in found]
    assert sizes == sorted(sizes, reverse=True)


def test_one_by_one() -> None:
    (e,) = of([[Fraction(-1, 3)]])
    assert Fraction(-1, 3) in e.real
    assert Fraction(1, 3) in e.modulus
    assert e.imag == Enclosure.exactly(0)
    assert complex(e) == -1 / 3
    assert width(e) < 1e-55


def test_a_triangular_matrix_has_its_diagonal() -> None:
    found = of([[2, 5, -7], [0, Fraction(-1, 3), 100], [0, 0, Fraction(1, 7)]])
    check(found, [2, -1 / 3, 1 / 7])
    for e, exact in zip(found, (Fraction(2), Fraction(-1, 3), Fraction(1, 7)), strict=True):
        assert exact in e.real
        assert e.imag == Enclosure.exactly(0)
        assert width(e) < 1e-45


def test_complex_pairs_of_a_scaled_rotation() -> None:
    found = of([[Fraction(3, 5), Fraction(-4, 5)], [Fraction(4, 5), Fraction(3, 5)]])
    check(found, [0.6 + 0.8j, 0.6 - 0.8j])
    for e in found:
        assert Fraction(1) in e.modulus
        assert width(e) < 1e-45
    assert {e.imag.lower > 0 for e in found} == {True, False}


def test_a_defective_eigenvalue_is_held_by_every_copy() -> None:
    for size in (2, 3, 4):
        block = [[Fraction(1, 2) if i == j else int(j == i + 1) for j in range(size)] for i in range(size)]
        found = of(block)
        assert len(found) == size
        assert all(Fraction(1, 2) in e.real and 0 in e.imag and Fraction(1, 2) in e.modulus for e in found)
        assert all(width(e) < 1e-8 for e in found)


@pytest.mark.parametrize("bits", [53, 64, 128, 200, 256])
def test_a_double_eigenvalue_of_an_exact_matrix_is_exact_at_any_precision(bits: int) -> None:
    for a, b in ((1, 1), (2, 3), (Fraction(1, 2), 1), (-3, 5)):
        with balls.precision(bits):
            found = eigenvalues([[balls.ball(v) for v in row] for row in [[a, b], [0, a]]])
        assert found is not None
        assert all(e.real == Enclosure.exactly(a) and width(e) == 0 for e in found)


def test_nearly_double_eigenvalues_of_wide_matrices_are_held() -> None:
    rng = np.random.default_rng(5)
    for size in (1e-9, 1e-3, 0.3):
        check_wide([[arb(1, size), arb(1)], [arb(0, size), arb(1, size)]], rng)


def test_multiple_eigenvalues_of_symmetric_matrices() -> None:
    found = of([[3, 1, 1], [1, 3, 1], [1, 1, 3]])
    check(found, [5, 2, 2])
    assert all(width(e) < 1e-20 for e in found)
    assert all(holds(e, 1) for e in of(np.eye(4).tolist()))
    assert all(holds(e, 0) and width(e) == 0 for e in of([[0, 0], [0, 0]]))


def test_a_nilpotent_matrix_has_the_eigenvalue_zero_twice() -> None:
    found = of([[-4, 8], [-2, 4]])
    assert all(holds(e, 0) and width(e) < 1e-20 for e in found)
    assert all(e.modulus.lower == 0 for e in found)


@given(st.integers(1, 4), st.integers(0, 10**6))
def test_random_matrices_agree_with_mpmath(n: int, seed: int) -> None:
    matrix = np.random.default_rng(seed).normal(size=(n, n))
    found = of(matrix.tolist())
    with mpmath.workdps(40):
        exact = [complex(v) for v in mpmath.eig(mpmath.matrix(matrix.tolist()))[0]]
    check(found, exact, slack=1e-14)
    assert all(width(e) < 1e-30 for e in found)
    num_real = sum(e.imag == Enclosure.exactly(0) for e in found)
    assert num_real == sum(abs(v.imag) < 1e-25 for v in exact)


def sample(matrix: Sequence[Sequence[arb]], rng: np.random.Generator) -> np.ndarray:
    middle = np.array([[float(v.mid()) for v in row] for row in matrix])
    radius = np.array([[float(v.rad()) for v in row] for row in matrix])
    corner = rng.choice([-1.0, 1.0], size=middle.shape) if rng.random() < 0.5 else rng.uniform(-1, 1, middle.shape)
    return middle + radius * corner * (1 - 1e-9)


def check_wide(rows: list[list[arb]], rng: np.random.Generator) -> None:
    with balls.precision(100):
        found = eigenvalues(rows)
    if found is None:
        return
    assert len(found) == len(rows)
    for _ in range(12):
        for value in np.linalg.eigvals(sample(rows, rng)):
            assert any(holds(e, complex(value), 1e-6) for e in found)


@given(st.integers(1, 3), st.integers(0, 10**6), st.floats(-9, 1))
def test_wide_matrices_hold_the_eigenvalues_of_all_matrices_in_them(n: int, seed: int, exponent: float) -> None:
    rng = np.random.default_rng(seed)
    check_wide([[arb(float(v), 10.0**exponent * rng.random()) for v in row] for row in rng.normal(size=(n, n))], rng)


def turning() -> list[list[arb]]:
    """Real and complex pairs in one matrix of intervals."""
    return [[arb(0, 0.125), arb(0, 1)], [arb(1), arb(0, 0.125)]]


def test_eigenvalues_that_may_be_complex_are_not_put_on_the_real_axis() -> None:
    check_wide(turning(), np.random.default_rng(0))
    found = eigenvalues(turning())
    assert found is not None
    assert all(holds(e, 0.9j) and holds(e, -0.9j) and holds(e, 0.9) for e in found)
    assert all(width(e) < 5 for e in found)


def test_putting_every_ball_that_meets_the_axis_on_it_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        spectra, "_on_the_axis", lambda values: [acb(v.real) if v.imag.contains(0) else v for v in values]
    )
    with pytest.raises(AssertionError):
        check_wide(turning(), np.random.default_rng(0))


def test_a_ball_whose_mirror_image_meets_another_one_stays_complex() -> None:
    high, low = acb(arb(0, 0.1), arb(0.1, 0.2)), acb(arb(0, 0.1), arb(-0.25, 0.04))  # +-0.25i would be one in each
    assert not high.overlaps(low)
    for value in spectra._on_the_axis([high, low]):
        assert not value.imag.is_exact()
    alone = spectra._on_the_axis([high, acb(7)])
    assert alone[0].imag == 0


def test_an_entry_that_is_not_finite_gives_none() -> None:
    assert eigenvalues([[arb.nan()]]) is None
    assert eigenvalues([[arb(1), arb("inf")], [arb(0), arb(1)]]) is None
    assert eigenvalues([[arb(1), arb(0)], [arb(0, math.inf), arb(1)]]) is None


def test_repr_is_a_number() -> None:
    assert repr(of([[Fraction(1, 3)]])[0]) == "0.3333333333"
    assert repr(of([[0, -1], [1, 0]])[0]) == "0+1j"


def test_what_is_too_large_to_be_written_out_is_not_known() -> None:
    huge = arb(2) ** (1 << 17)
    assert eigenvalues([[huge]]) is None
    assert eigenvalues([[huge, arb(1)], [arb(0), arb(1)]]) is None
