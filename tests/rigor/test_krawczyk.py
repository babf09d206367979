"""Branch and prune finds every zero, isolates what is simple, and leaves open what cannot be decided."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from dynlatch.rigor import balls, krawczyk
from dynlatch.rigor import intervals as iv
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.rigor.krawczyk import BoxFunction, Floats, ZeroSearch, certify_zero, find_zeros
from dynlatch.verdict import Stop

Pair = tuple[float, float]


class Polynomial:
    """The product of ``x - root``, evaluated by Horner's rule in outward-rounded intervals."""

    def __init__(self, roots: Sequence[Fraction], scale: int = 1) -> None:
        coefficients = [Fraction(scale)]
        for root in roots:
            shifted = [*coefficients, Fraction(0)]
            coefficients = [c - root * d for c, d in zip(shifted, [Fraction(0), *coefficients], strict=True)]
        self.roots = tuple(roots)
        self.value = _columns(coefficients)
        degree = len(coefficients) - 1
        slope = _columns([c * (degree - k) for k, c in enumerate(coefficients[:-1])])
        self.slope: BoxFunction = lambda lo, hi: tuple(d[None] for d in slope(lo, hi))  # pyright: ignore

    def search(self, lo: float, hi: float, **options: float) -> ZeroSearch:
        return find_zeros(self.value, self.slope, (np.array([lo]), np.array([hi])), **options)  # pyright: ignore


def _columns(coefficients: Sequence[Fraction]) -> BoxFunction:
    ends = [Enclosure.exactly(c) for c in coefficients]

    def evaluate(lo: Floats, hi: Floats) -> tuple[Floats, Floats]:
        out = np.empty((2, *lo.shape))
        for j in range(lo.shape[1]):
            total: Pair = (0.0, 0.0)
            for c in ends:
                total = iv.add(*iv.mul(*total, float(lo[0, j]), float(hi[0, j])), c.lo, c.hi)
            out[:, 0, j] = total
        return out[0], out[1]

    return evaluate


def boxes(found: tuple[Floats, Floats]) -> list[tuple[tuple[float, ...], tuple[float, ...]]]:
    return [(tuple(lo), tuple(hi)) for lo, hi in zip(found[0].T.tolist(), found[1].T.tolist(), strict=True)]


def holding(found: tuple[Floats, Floats], root: Sequence[Fraction]) -> int:
    return sum(all(a <= x <= b for a, x, b in zip(lo, root, hi, strict=True)) for lo, hi in boxes(found))


def check(found: ZeroSearch, roots: Sequence[Sequence[Fraction]]) -> None:
    """No root is lost, and every isolated box holds exactly one."""
    for root in roots:
        assert holding(found.isolated, root) + holding(found.undecided, root) >= 1
    for lo, hi in boxes(found.isolated):
        assert (
            sum(all(a <= x <= b for a, x, b in zip(lo, root, hi, strict=True)) for root in set(map(tuple, roots))) == 1
        )


def inside(roots: Sequence[Fraction], lo: float, hi: float) -> list[list[Fraction]]:
    return [[r] for r in roots if lo <= r <= hi]


sevenths = st.integers(-20, 20).map(lambda k: Fraction(k, 7))


@given(st.lists(sevenths, min_size=1, max_size=5, unique=True), st.sampled_from([1, -3, 1000]))
def test_simple_roots_are_all_isolated(roots: list[Fraction], scale: int) -> None:
    found = Polynomial(roots, scale).search(-4.0, 4.125)
    check(found, [[r] for r in roots])
    assert found.isolated[0].shape == (1, len(roots))
    assert found.undecided[0].shape == (1, 0)
    assert found.stop is Stop.SOLVED


@given(st.lists(sevenths, min_size=1, max_size=4), st.integers(1, 120), st.floats(-3, 0), st.floats(0.1, 3))
def test_whatever_the_budget_no_root_is_lost(roots: list[Fraction], budget: int, lo: float, hi: float) -> None:
    found = Polynomial(roots).search(lo, hi, max_boxes=budget)
    for lower, upper in boxes(found.isolated):  # a double root is in no isolated box
        (held,) = [r for r in set(roots) if lower[0] <= r <= upper[0]]
        assert roots.count(held) == 1
    check(found, inside(roots, lo, hi))
    assert found.num_boxes <= budget
    if found.stop is Stop.BUDGET:
        assert found.undecided[0].shape[1] > 0


def test_a_double_root_is_undecided_and_closely_so() -> None:
    found = Polynomial([Fraction(1, 7)] * 2 + [Fraction(2)]).search(-3.0, 3.0)
    assert found.stop is Stop.SOLVED
    ((lo, hi),) = boxes(found.isolated)
    assert lo[0] < 2 < hi[0]
    assert holding(found.undecided, [Fraction(1, 7)]) >= 1
    assert all(abs(lo[0] - 1 / 7) < 1e-5 for lo, _ in boxes(found.undecided))


def test_without_roots_nothing_is_left() -> None:
    for polynomial in (Polynomial([]), Polynomial([Fraction(9), Fraction(-8)])):
        found = polynomial.search(-3.0, 3.0)
        assert found.isolated[0].shape == found.undecided[0].shape == (1, 0)
        assert found.stop is Stop.SOLVED


@pytest.mark.parametrize(("lo", "hi"), [(0.0, 1.0), (1.0, 3.0), (0.0, 256.0), (-127.0, 129.0)])
def test_a_root_on_an_edge_or_on_a_cut_is_not_lost(lo: float, hi: float) -> None:
    cut = Fraction(lo + krawczyk.BISECT_AT * (hi - lo))
    polynomial = Polynomial([Fraction(1), cut, Fraction(200)])
    found = polynomial.search(lo, hi)
    check(found, inside(polynomial.roots, lo, hi))
    assert found.stop is Stop.SOLVED


def test_boxes_far_from_zero_stop_at_the_spacing_of_floats() -> None:
    polynomial = Polynomial([Fraction(10**12)] * 2)
    found = polynomial.search(1e12 - 8, 1e12 + 8)
    assert found.stop is Stop.SOLVED
    assert holding(found.undecided, [Fraction(10**12)]) >= 1


# --- two dimensions ---------------------------------------------------------------------------------------------------


def _system(f: object, width: int) -> BoxFunction:
    def evaluate(lo: Floats, hi: Floats) -> tuple[Floats, Floats]:
        rows = [f((float(a), float(b)), (float(c), float(d))) for (a, c), (b, d) in zip(lo.T, hi.T, strict=True)]  # pyright: ignore
        table = np.array(rows, dtype=np.float64).reshape(len(rows), width, 2).transpose(2, 1, 0)
        shape = (2, lo.shape[1]) if width == 2 else (2, 2, lo.shape[1])
        return table[0].reshape(shape), table[1].reshape(shape)

    return evaluate


def test_a_circle_and_a_line_meet_in_two_points() -> None:
    def value(x: Pair, y: Pair) -> list[Pair]:
        return [iv.sub(*iv.add(*iv.sqr(*x), *iv.sqr(*y)), 25.0, 25.0), iv.sub(*x, *iv.add(*y, 1.0, 1.0))]

    def slope(x: Pair, y: Pair) -> list[Pair]:
        return [iv.mul(2.0, 2.0, *x), iv.mul(2.0, 2.0, *y), (1.0, 1.0), (-1.0, -1.0)]

    box = np.array([-8.0, -8.0]), np.array([8.0, 8.5])
    found = find_zeros(_system(value, 2), _system(slope, 4), box)
    roots = [[Fraction(4), Fraction(3)], [Fraction(-3), Fraction(-4)]]
    check(found, roots)
    assert found.isolated[0].shape == (2, 2)
    assert found.undecided[0].shape == (2, 0)
    assert found.num_boxes < 300
    for budget in (1, 2, 5, 9):
        check(find_zeros(_system(value, 2), _system(slope, 4), box, max_boxes=budget), roots)


def test_a_tangent_line_touches_and_is_undecided() -> None:
    def value(x: Pair, y: Pair) -> list[Pair]:
        return [iv.sub(*iv.add(*iv.sqr(*x), *iv.sqr(*y)), 1.0, 1.0), iv.sub(*x, 1.0, 1.0)]

    def slope(x: Pair, y: Pair) -> list[Pair]:
        return [iv.mul(2.0, 2.0, *x), iv.mul(2.0, 2.0, *y), (1.0, 1.0), (0.0, 0.0)]

    found = find_zeros(_system(value, 2), _system(slope, 4), (np.array([-3.0, -3.0]), np.array([3.0, 3.5])))
    assert found.isolated[0].shape == (2, 0)
    assert holding(found.undecided, [Fraction(1), Fraction(0)]) >= 1


def test_a_function_that_is_unknown_or_unbounded_decides_nothing() -> None:
    def unknown(lo: Floats, hi: Floats) -> tuple[Floats, Floats]:
        return np.full_like(lo, np.nan), np.full_like(lo, np.nan)

    def unbounded(lo: Floats, hi: Floats) -> tuple[Floats, Floats]:
        return np.full((1, *lo.shape), -np.inf), np.full((1, *lo.shape), np.inf)

    for f in (unknown, lambda lo, hi: (np.full_like(lo, -np.inf), np.full_like(lo, np.inf))):
        found = find_zeros(f, unbounded, (np.array([0.0]), np.array([1.0])), tolerance=0.1)
        assert found.isolated[0].shape == (1, 0)
        assert holding(found.undecided, [Fraction(1, 3)]) >= 1


# --- mutants ----------------------------------------------------------------------------------------------------------


def test_an_operator_without_the_spread_of_the_derivative_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    polynomial = Polynomial([Fraction(-1), Fraction(0), Fraction(1)])

    def newton(f: BoxFunction, derivative: BoxFunction, lo: Floats, hi: Floats) -> tuple[Floats, Floats]:
        mid = lo + 0.5 * (hi - lo)
        point = mid - f(mid, mid)[0] / derivative(mid, mid)[0][0]
        return point - 1e-12, point + 1e-12

    check(polynomial.search(-2.0, 2.125), [[r] for r in polynomial.roots])
    monkeypatch.setattr(krawczyk, "_operator", newton)
    found = polynomial.search(-2.0, 2.125)
    with pytest.raises(AssertionError):
        check(found, [[r] for r in polynomial.roots])


def test_a_function_without_outward_rounding_is_refuted() -> None:
    """``(x + 1e17) - 1e17`` has the root 0, and is 0 in floating point near -4 as well."""

    def one(lo: Floats, hi: Floats) -> tuple[Floats, Floats]:
        return np.ones((1, *lo.shape)), np.ones((1, *lo.shape))

    def careless(lo: Floats, hi: Floats) -> tuple[Floats, Floats]:
        return (lo + 1e17) - 1e17, (hi + 1e17) - 1e17

    def careful(lo: Floats, hi: Floats) -> tuple[Floats, Floats]:
        pairs = [iv.sub(*iv.add(float(a), float(b), 1e17, 1e17), 1e17, 1e17) for a, b in zip(lo[0], hi[0], strict=True)]
        return np.array([[p[0] for p in pairs]]), np.array([[p[1] for p in pairs]])

    box = np.array([-5.0]), np.array([-3.0])
    check(find_zeros(careful, one, box, tolerance=0.1), [])
    claimed = find_zeros(careless, one, box)
    with pytest.raises(AssertionError):
        check(claimed, [])


# --- certify_zero -----------------------------------------------------------------------------------------------------


def test_a_simple_zero_is_enclosed_to_forty_digits() -> None:
    found = certify_zero(lambda x: [x[0] * x[0] - 2], lambda x: [[2 * x[0]]], [1.4])
    assert found is not None
    (root,) = found
    assert root.lower**2 <= 2 <= root.upper**2
    assert root.width < 1e-40


def test_more_bits_give_a_narrower_enclosure() -> None:
    wide, narrow = (
        certify_zero(lambda x: [x[0] * x[0] - 2], lambda x: [[2 * x[0]]], [1.5], bits=bits) for bits in (64, 400)
    )
    assert wide is not None
    assert narrow is not None
    assert narrow[0].width < 1e-110 < wide[0].width < 1e-15
    assert wide[0].overlaps(narrow[0])


def test_a_system_is_certified_in_every_coordinate() -> None:
    found = certify_zero(
        lambda x: [balls.tanh(x[0]) - x[1] / 3, x[0] + x[1] - 2],
        lambda x: [[balls.sech2(x[0]), arb(-1) / 3], [arb(1), arb(1)]],
        [0.5, 1.5],
    )
    assert found is not None
    x, y = (float(e) for e in found)
    assert math.tanh(x) == pytest.approx(y / 3, rel=1e-14)
    assert x + y == pytest.approx(2, rel=1e-14)
    assert all(e.width < 1e-40 for e in found)


@pytest.mark.parametrize(
    ("value", "slope"),
    [
        (lambda x: [x[0] * x[0] + 1], lambda x: [[2 * x[0]]]),
        (lambda x: [x[0] * x[0]], lambda x: [[2 * x[0]]]),
        (lambda x: [x[0] * 0], lambda x: [[x[0] * 0]]),
        (lambda x: [balls.log(x[0])], lambda x: [[balls.div(arb(1), x[0])]]),
        (lambda x: [x[0] + arb(0, 1e-3)], lambda x: [[arb(1, 3)]]),
    ],
    ids=["no zero", "double zero", "identically zero", "undefined at the start", "wide derivative"],
)
def test_what_is_no_simple_zero_is_not_certified(value: krawczyk.BallFunction, slope: krawczyk.BallDerivative) -> None:
    assert certify_zero(value, slope, [0.0]) is None


def test_the_precision_of_the_process_is_left_as_it_was() -> None:
    with balls.precision(77):
        certify_zero(lambda x: [x[0] - 1], lambda x: [[arb(1)]], [0.5])
        third = balls.ball(Fraction(1, 3))
        assert float(third.rad()) == pytest.approx(2.0**-79, rel=3)
