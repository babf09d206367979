"""The joint spectral radius: families whose value is known exactly, brute force, and mutants that must be refuted."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, arb_mat
from hypothesis import given, settings
from hypothesis import strategies as st

import dynlatch
from dynlatch.errors import InputError
from dynlatch.rigor import balls, joint_radius
from dynlatch.rigor.common_norms import common_norm
from dynlatch.rigor.joint_radius import JointRadius, joint_spectral_radius
from dynlatch.rigor.norms import AdaptedNorm
from dynlatch.rigor.spectra import eigenvalues
from dynlatch.seeds import rng_for
from dynlatch.verdict import Stop, Verdict

GOLDEN = [[[1, 1], [0, 1]], [[1, 0], [1, 1]]]
NILPOTENT = [[[0, 2], [0, 0]], [[0, 0], [2, 0]]]
ANDO_SHIH = [[[1, 0], [1, 0]], [[0, 1], [0, -1]]]


def growth(matrices: Sequence[object], word: Sequence[int]) -> tuple[Fraction, Fraction]:
    """Proved ends of rho(A_w)^(1/|w|)."""
    with balls.precision(200):
        product = arb_mat([[int(i == j) for j in range(len(matrices[0]))] for i in range(len(matrices[0]))])
        for letter in word:
            product *= arb_mat([[balls.ball(v) for v in row] for row in matrices[letter]])
        found = eigenvalues(product.tolist())
        assert found is not None
        ends = [
            balls.ends(balls.ball(max(getattr(e.modulus, side) for e in found)).root(len(word)))
            for side in ("lower", "upper")
        ]
    return ends[0][0], ends[1][1]


def longest_growth(matrices: np.ndarray, length: int) -> float:
    """The largest rho(A_w)^(1/|w|) of all words up to a length, in floats."""
    products, best = matrices, 0.0
    for k in range(1, length + 1):
        best = max(best, float(np.max(np.abs(np.linalg.eigvals(products)))) ** (1 / k))
        products = (products[:, None] @ matrices[None]).reshape(-1, *matrices.shape[1:])
    return best


def check(found: JointRadius, value: arb, gap: float) -> None:
    """Certified on both sides, and as close as was asked for."""
    assert arb(found.lower) <= value or bool(abs(value - arb(found.lower)) < 1e-50)
    assert arb(found.upper) >= value or bool(abs(value - arb(found.upper)) < 1e-50)
    assert found.stop is Stop.SOLVED
    assert found.verdict is Verdict.PROVED
    assert found.upper <= found.lower * (1 + gap)


# --- exact values -----------------------------------------------------------------------------------------------------


def test_the_golden_pair() -> None:
    with balls.precision(200):
        value = (1 + arb(5).sqrt()) / 2
        found = dynlatch.joint_spectral_radius(GOLDEN)
        check(found, value, 0.01)
        check(joint_spectral_radius([[[3 * v for v in row] for row in m] for m in GOLDEN]), 3 * value, 0.01)
    assert found.word in ((0, 1), (1, 0))
    assert found.upper / found.lower < 1 + 1e-12


def test_radius_0_each_and_2_together() -> None:
    check(joint_spectral_radius(NILPOTENT), arb(2), 1e-9)
    assert joint_spectral_radius(NILPOTENT[:1]).upper == 0.0
    alike = joint_spectral_radius([NILPOTENT[0], [[0, Fraction(1, 3)], [0, 0]]])
    assert (alike.lower, alike.upper, alike.verdict, alike.norm) == (0.0, 0.0, Verdict.PROVED, None)


def test_rows_whose_sizes_sum_to_1() -> None:
    """Norm inf is 1 for both, and one has the eigenvalue 1; no ellipsoid's norm shows it (Ando and Shih 1998)."""
    found = joint_spectral_radius(ANDO_SHIH, gap=1e-6)
    check(found, arb(1), 1e-6)
    assert found.norm == math.inf


def test_commuting_triangular_matrices_have_the_larger_diagonal() -> None:
    family = [[[Fraction(1, 2), b], [0, Fraction(1, 2)]] for b in (1, -3, Fraction(1, 7))]
    check(joint_spectral_radius(family), arb(0.5), 0.01)


@settings(max_examples=12)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 3))
def test_symmetric_matrices_have_the_largest_radius(seed: int, n: int) -> None:
    family = [(a + a.T).tolist() for a in rng_for(seed, "symmetric").integers(-6, 7, (3, n, n))]
    if not any(v for m in family for row in m for v in row):
        return
    found = joint_spectral_radius(family)
    ends = [growth(family, (k,)) for k in range(3)]
    assert Fraction(found.lower) <= max(hi for _, hi in ends)
    assert Fraction(found.upper) >= max(lo for lo, _ in ends)
    assert found.upper <= found.lower * (1 + 1e-9)


def test_scaled_rotations_have_the_largest_scale() -> None:
    turn = [[Fraction(3, 5), Fraction(-4, 5)], [Fraction(4, 5), Fraction(3, 5)]]
    back = [[Fraction(5, 13), Fraction(12, 13)], [Fraction(-12, 13), Fraction(5, 13)]]
    family = [[[Fraction(9, 10) * v for v in row] for row in turn], [[Fraction(7, 8) * v for v in row] for row in back]]
    with balls.precision(200):
        found = joint_spectral_radius(family)
        check(found, balls.ball(Fraction(9, 10)), 1e-9)
    assert found.below_one is Verdict.PROVED


@given(seed=st.integers(0, 10**6))
def test_block_triangular_matrices_have_the_larger_block(seed: int) -> None:
    rng = rng_for(seed, "blocks")
    a, b, c = (rng.integers(-20, 21, 3).tolist() for _ in range(3))
    family = [[[x, z], [0, y]] for x, y, z in zip(a, b, c, strict=True)]
    value = max(map(abs, (*a, *b)))
    found = joint_spectral_radius(family)
    assert found.lower <= value <= found.upper
    assert found.stop is Stop.SOLVED or value == 0 or found.upper < 1.2 * value


def test_rows_chosen_independently_from_nonnegative_ones_have_the_largest_radius() -> None:
    """The set holds every combination of given rows (Blondel and Nesterov 2009)."""
    rng = rng_for(3, "rows")
    rows = rng.integers(0, 8, (3, 2, 3))
    family = [[rows[i, c].tolist() for i, c in enumerate(choice)] for choice in itertools.product((0, 1), repeat=3)]
    found = joint_spectral_radius(family)
    ends = [growth(family, (k,)) for k in range(8)]
    assert Fraction(found.lower) <= max(hi for _, hi in ends)
    assert Fraction(found.upper) >= max(lo for lo, _ in ends)
    assert found.stop is Stop.SOLVED
    assert len(found.word) == 1 or found.lower <= float(max(hi for _, hi in ends))


def test_a_pair_without_the_finiteness_property_is_enclosed() -> None:
    """No word attains it (Hare, Morris, Sidorov and Theys 2011); here against all words of up to 12 letters."""
    alpha = Fraction(749326546330367557943961948091344672091327, 10**42)
    family = [[[1, 1], [0, 1]], [[alpha, 0], [alpha, alpha]]]
    found = joint_spectral_radius(family, gap=1e-3)
    assert found.stop is Stop.SOLVED
    best = longest_growth(np.array([[[float(v) for v in row] for row in m] for m in family]), 12)
    assert best * (1 - 1e-12) <= found.lower < found.upper <= 1.001 * found.lower


# --- brute force and symmetry -----------------------------------------------------------------------------------------


def family_of(seed: int, n: int, count: int) -> np.ndarray:
    rng = rng_for(seed, "family", n, count)
    return rng.normal(size=(count, n, n)) * rng.choice([0.0, 1.0, 1.0], size=(count, n, n))


@pytest.mark.parametrize(("n", "count"), [(1, 3), (2, 2), (2, 4), (3, 2), (3, 4), (4, 2)])
@settings(max_examples=6)
@given(seed=st.integers(0, 10**6))
def test_no_word_grows_faster_and_the_word_proves_the_lower_bound(n: int, count: int, seed: int) -> None:
    family = family_of(seed, n, count)
    found = joint_spectral_radius(list(family), max_products=20_000)
    best = longest_growth(family, 9 if count == 2 else 5)
    assert best <= found.upper * (1 + 1e-12)
    assert best * (1 - 1e-9) <= found.lower <= found.upper
    if found.lower > 0:
        assert Fraction(found.lower) <= growth(family.tolist(), found.word)[1]
        assert found.lower >= float(growth(family.tolist(), found.word)[0]) * (1 - 1e-14)
    if found.stop is Stop.SOLVED:
        assert found.upper <= 1.01 * found.lower


@settings(max_examples=6)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 3), exponent=st.integers(-900, 900))
def test_similar_transposed_scaled_and_squared_families(seed: int, n: int, exponent: int) -> None:
    family = family_of(seed, n, 2)
    found = joint_spectral_radius(list(family))
    q = np.linalg.qr(rng_for(seed, "turn").normal(size=(n, n)))[0]
    others = {
        "transposed": (joint_spectral_radius([a.T for a in family]), 1.0),
        "similar": (joint_spectral_radius([q @ a @ q.T for a in family]), 1.0),
        "scaled": (joint_spectral_radius([np.ldexp(a, exponent) for a in family]), 2.0**exponent),
    }
    for name, (other, factor) in others.items():
        assert other.lower <= found.upper * factor * (1 + 1e-12), name
        assert found.lower * factor <= other.upper * (1 + 1e-12), name
    squares = joint_spectral_radius([a @ b for a in family for b in family])
    assert squares.lower <= found.upper**2 * (1 + 1e-12)
    assert found.lower**2 <= squares.upper * (1 + 1e-12)


def test_out_of_products_the_bounds_still_hold() -> None:
    family = family_of(4, 3, 4)
    short = joint_spectral_radius(list(family), gap=1e-12, max_products=100)
    long = joint_spectral_radius(list(family), gap=1e-12, max_products=20_000)
    assert short.stop is Stop.BUDGET
    assert short.verdict is Verdict.PROVED
    assert short.lower <= long.lower <= long.upper <= short.upper
    assert short.num_products <= 100 < long.num_products <= 20_000


def test_one_matrix_has_its_spectral_radius() -> None:
    found = joint_spectral_radius([[[1, 10**6], [0, 1]]])
    assert (found.lower, found.upper, found.norm) == (1.0, 1.0, None)
    assert found.below_one is Verdict.REFUTED
    with balls.precision(100):
        check(joint_spectral_radius([[[0, 2], [1, 0]]]), arb(2).sqrt(), 1e-12)


# --- interval matrices ------------------------------------------------------------------------------------------------


@settings(max_examples=12)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 3), exponent=st.floats(-9, -0.5))
def test_the_bound_of_interval_matrices_holds_for_members(seed: int, n: int, exponent: float) -> None:
    rng = rng_for(seed, "intervals")
    middle, half = rng.normal(size=(n, n, 3)), 10.0**exponent * rng.random((n, n, 3))
    lo, hi = middle - half, middle + half
    found = joint_spectral_radius((lo, hi), max_products=3000)
    assert found.lower <= found.upper
    for _ in range(3):
        k = rng.integers(0, 3, 5)
        corner = rng.random((n, n, 5)) < 0.5
        members = np.where(corner, lo[:, :, k], hi[:, :, k])
        assert longest_growth(np.moveaxis(members, 2, 0), 3) <= found.upper * (1 + 1e-12)
    if exponent < -6:
        assert found.upper <= 1.011 * found.lower or found.stop is Stop.BUDGET


def test_of_poison_nothing_is_known() -> None:
    lo = np.zeros((2, 2, 2))
    for bad in (math.nan, math.inf):
        hi = lo.copy()
        hi[0, 0, 1] = bad
        found = joint_spectral_radius((lo, hi))
        assert (found.lower, found.upper) == (0.0, math.inf)
        assert (found.verdict, found.stop) == (Verdict.INCONCLUSIVE, Stop.STUCK)
        assert found.below_one is Verdict.INCONCLUSIVE
    found = joint_spectral_radius((lo, lo), max_products=100)
    assert 0.0 == found.lower <= found.upper < 1e-100


# --- teeth ------------------------------------------------------------------------------------------------------------


def test_eigenvalues_in_the_place_of_a_norm_are_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    def radii(lo: np.ndarray, hi: np.ndarray, norm: object) -> np.ndarray:
        return np.max(np.abs(np.linalg.eigvals(np.moveaxis(hi, 2, 0))), axis=1)

    wrong = 0
    for seed in range(20):
        family = family_of(seed, 2, 2)
        with monkeypatch.context() as patch:
            patch.setattr(joint_radius, "norm_upper_bounds", radii)
            mutant = joint_spectral_radius(list(family), gap=1e-9)
        wrong += mutant.upper < longest_growth(family, 9) * (1 - 1e-9) or mutant.upper < mutant.lower
    assert wrong > 3


def test_middles_in_the_place_of_intervals_are_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    real = joint_radius.norm_upper_bounds

    def of_middle(lo: np.ndarray, hi: np.ndarray, norm: object) -> np.ndarray:
        return real(0.5 * (lo + hi), 0.5 * (lo + hi), norm)

    monkeypatch.setattr(joint_radius, "norm_upper_bounds", of_middle)
    lo, hi = np.full((2, 2, 1), 0.3), np.full((2, 2, 1), 0.4)
    assert joint_spectral_radius((lo, hi)).upper < 0.75
    monkeypatch.undo()
    assert joint_spectral_radius((lo, hi)).upper >= 0.8


def test_unrounded_norms_are_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    def nearest(lo: np.ndarray, hi: np.ndarray, norm: object) -> np.ndarray:
        return np.linalg.norm(np.moveaxis(0.5 * (lo + hi), 2, 0), norm, axis=(1, 2))

    values = [Fraction(k, 11) for k in (1, 2, 3, 4, 5, 6, 7, 8)]
    families = [[[[v, 0], [0, -v]], [[0, v], [v, 0]]] for v in values]
    assert all(Fraction(joint_spectral_radius(f).upper) > v for f, v in zip(families, values, strict=True))
    monkeypatch.setattr(joint_radius, "norm_upper_bounds", nearest)
    assert any(Fraction(joint_spectral_radius(f).upper) < v for f, v in zip(families, values, strict=True))


# --- the common norm, and what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 4, 8])
def test_a_common_norm_undoes_a_common_shear(n: int) -> None:
    """Turned by one shear, contractions of norm 0.9 seem to expand; a common norm exists, and one as good is found."""
    rng = rng_for(6, "shear", n)
    shear = np.eye(n) + np.triu(np.full((n, n), 2.0), 1)
    turns = [np.linalg.qr(rng.normal(size=(n, n)))[0] for _ in range(3)]
    family = np.array([shear @ (0.9 * q) @ np.linalg.inv(shear) for q in turns])
    norm = common_norm(family)
    p = np.array([[float(v) for v in row] for row in norm.matrix]) if isinstance(norm, AdaptedNorm) else np.eye(n)
    found = max(np.linalg.norm(p @ a @ np.linalg.inv(p), 2) for a in family)
    plain = max(np.linalg.norm(a, 2) for a in family)
    assert found <= 0.905 if n <= 3 else found < plain or n == 1


@pytest.mark.parametrize(
    ("given_matrices", "message"),
    [
        ([], "one at least"),
        ("abc", "one at least"),
        (3, "one at least"),
        ([[[1, 2]]], "square"),
        ([[1, 2], [3, 4]], "square"),
        ([[[1]], [[1, 0], [0, 1]]], "one size"),
        ([[["1/2"]]], "finite numbers"),
        ([[[True]]], "finite numbers"),
        ([[[math.nan]]], "finite numbers"),
        ([[[math.inf]]], "finite numbers"),
        ([[[1j]]], "finite numbers"),
        ((np.zeros((2, 2, 3)), np.zeros((2, 2, 2))), r"\(n, n, N\)"),
        ((np.zeros((2, 3, 3)), np.zeros((2, 3, 3))), r"\(n, n, N\)"),
        ((np.ones((1, 1, 1)), np.zeros((1, 1, 1))), "lower ends first"),
    ],
)
def test_bad_input_is_refused_in_one_line(given_matrices: object, message: str) -> None:
    with pytest.raises(InputError, match=message) as refusal:
        joint_spectral_radius(given_matrices)
    assert "\n" not in str(refusal.value)


def test_senseless_limits_are_refused() -> None:
    for gap in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(InputError, match="positive number"):
            joint_spectral_radius(GOLDEN, gap=gap)
    with pytest.raises(InputError, match="at least 1"):
        joint_spectral_radius(GOLDEN, max_products=0)


def test_numbers_of_all_kinds_are_exact() -> None:
    mixed = [[[np.float64(0.5), 0], [np.int64(0), Fraction(1, 2)]]]
    found = joint_spectral_radius(mixed)
    assert (found.lower, found.upper) == (0.5, 0.5)
    assert "0.5" in repr(found)
