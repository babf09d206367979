"""Intervals and elementary functions against exact rationals and mpmath: they hold the truth, and are narrow."""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import pytest
from flint import arb, ctx
from hypothesis import assume, given
from hypothesis import strategies as st

from dynlatch.checker import functions
from dynlatch.checker import intervals as iv
from dynlatch.checker.intervals import Interval

F = Fraction


@st.composite
def intervals(draw: Any, low: int = -40, high: int = 40) -> tuple[Fraction, Fraction]:
    ends = st.one_of(
        st.fractions(low, high, max_denominator=10**6),
        st.integers(low, high).map(F),
        st.just(low + F(1, 10**5)),
        st.just(F(max(low, 0))),
    )
    first, second = draw(ends), draw(ends)
    return (min(first, second), max(first, second)) if draw(st.booleans()) else (first, first)


def exact(x: arb) -> Fraction:
    mantissa, exponent = (int(v) for v in x.man_exp())
    return F(mantissa) * F(2) ** exponent


def ends(x: Interval) -> tuple[Fraction, Fraction]:
    assert x.lo.is_exact()
    assert x.hi.is_exact()
    return exact(x.lo), exact(x.hi)


def made(side: tuple[Fraction, Fraction]) -> Interval:
    return iv.span(*side)


@given(intervals(), intervals(), st.sampled_from([32, 64, 200]))
def test_arithmetic_is_the_exact_hull_rounded_outward(
    x: tuple[Fraction, Fraction], y: tuple[Fraction, Fraction], bits: int
) -> None:
    with iv.precision(bits):
        for combine in (operator.add, operator.sub, operator.mul, operator.truediv):
            found = combine(made(x), made(y))
            if combine is operator.truediv and y[0] <= 0 <= y[1]:
                assert not found.defined
                continue
            corners = [combine(a, b) for a in x for b in y]
            low, high = ends(found)
            assert low <= min(corners)
            assert high >= max(corners)
            size = max(1, *map(abs, corners), *(abs(1 / b) for b in y if b))
            room = 60 * size * max(1, *map(abs, (*x, *y))) / F(2) ** bits
            assert low >= min(corners) - room
            assert high <= max(corners) + room


@given(intervals(), st.integers(-5, 6))
def test_powers_are_the_exact_range(x: tuple[Fraction, Fraction], k: int) -> None:
    with iv.precision(128):
        found = iv.power(made(x), k)
    if k < 0 and x[0] <= 0 <= x[1]:
        assert not found.defined
        return
    values = [end**k for end in x] + ([F(0)] if k > 0 and x[0] <= 0 <= x[1] else [])
    low, high = ends(found)
    assert low <= min(values)
    assert high >= max(values)
    assert high - low <= (max(values) - min(values)) * (1 + F(1, 2**60)) + max(map(abs, values)) / F(2) ** 100


@given(intervals(), intervals())
def test_hulls_and_halves(x: tuple[Fraction, Fraction], y: tuple[Fraction, Fraction]) -> None:
    with iv.precision(160):
        a, b = made(x), made(y)
        both = iv.hull(a, b)
        assert a.within(both)
        assert b.within(both)
        left, right = iv.halves(a)
        assert left.lo == a.lo
        assert right.hi == a.hi
        assert left.hi == right.lo
        assert ends(iv.absolute(a))[1] >= max(map(abs, x))
        if x[1] < y[0]:
            assert a.apart(b)
        elif y[0] <= x[1] and x[0] <= y[1] and x == y:
            assert not a.apart(b)
        assert iv.meet(a, both).within(a)


ALL = (-40, 40)
INCREASING = {"exp": ALL, "log": (0, 40), "sinh": ALL, "tanh": ALL, "asin": (-1, 1), "atan": ALL, "asinh": ALL,
              "acosh": (1, 40), "atanh": (-1, 1)}  # fmt: skip
OTHERS = {"cosh": ALL, "sech": ALL, "sin": ALL, "cos": ALL, "tan": ALL, "acos": (-1, 1), "abs": ALL}
ORACLES: dict[str, Callable[[Any], Any]] = {
    name: getattr(mpmath, name, abs) for name in (*INCREASING, *OTHERS) if name != "abs"
} | {"abs": abs}


def true_range(name: str, x: tuple[Fraction, Fraction]) -> tuple[Any, Any] | None:
    """The exact range of a function over an interval, to 60 digits; None where it is not defined."""
    lo, hi = (mpmath.mpf(v.numerator) / v.denominator for v in x)
    f = ORACLES[name]
    if name == "log" and lo <= 0:
        return None
    if name in ("atanh",) and not -1 < lo <= hi < 1:
        return None
    low, high = sorted([f(lo), f(hi)])
    inside = []
    if name in ("cosh", "sech", "abs") and lo <= 0 <= hi:
        inside = [f(mpmath.mpf(0))]
    if name in ("sin", "cos", "tan"):
        start = int(mpmath.floor(lo / mpmath.pi)) - 1
        places = [mpmath.pi * k / 2 for k in range(2 * start, 2 * start + 2 * int((hi - lo) / mpmath.pi) + 8)]
        inside = [f(p) for p in places if lo < p < hi]
        if name == "tan" and any(mpmath.cos(p) ** 2 < 1e-20 for p in places if lo <= p <= hi):
            return None
        inside = [] if name == "tan" else inside
    return min([low, *inside]), max([high, *inside])


@pytest.mark.parametrize("name", [*INCREASING, *OTHERS])
@given(data=st.data())
def test_functions_enclose_their_range_narrowly(name: str, data: Any) -> None:
    x = data.draw(intervals(*{**INCREASING, **OTHERS}[name]))
    with iv.precision(128), mpmath.workdps(60):
        found, true = functions.value(name, made(x)), true_range(name, x)
        if true is None:
            assert not found.defined
            return
        if not found.defined:
            assert name in ("tan", "atanh", "log")  # too near to a pole to tell
            return
        low, high = (mpmath.mpf(exact(v).numerator) / exact(v).denominator for v in (found.lo, found.hi))
        slack = mpmath.mpf(2) ** -100 * (1 + abs(true[0]) + abs(true[1]))
        assert low <= true[0] + mpmath.mpf(10) ** -55
        assert high >= true[1] - mpmath.mpf(10) ** -55
        if name != "tan":
            assert low >= true[0] - slack
            assert high <= true[1] + slack


@pytest.mark.parametrize(
    ("name", "outside"),
    [("log", (-1, 1)), ("log", (0, 1)), ("asin", (0, 2)), ("acos", (-2, 0)), ("acosh", (0, 2)), ("atanh", (0, 1)),
     ("tan", (1, 2)), ("tan", (-100, 100))],
)  # fmt: skip
def test_outside_their_domain_functions_are_undefined(name: str, outside: tuple[int, int]) -> None:
    found = functions.taylor(name, iv.span(*outside), 3)
    assert not any(c.defined for c in found)
    assert not any((found[0].lo <= 0, found[0].hi >= 0, found[0].hi < 0, found[0].lo > 0))


@pytest.mark.parametrize("name", sorted([*INCREASING, *OTHERS]))
def test_an_unbounded_result_is_undefined(name: str) -> None:
    huge = iv.span(-(10**400), 10**400)
    found = functions.value(name, huge)
    assert found.defined == (name in ("tanh", "atan", "asinh", "sech", "sin", "cos", "abs"))
    assert not functions.value(name, iv.UNDEFINED).defined


@pytest.mark.parametrize("name", sorted([*INCREASING, *OTHERS]))
@given(data=st.data())
def test_taylor_coefficients_hold_the_derivatives(name: str, data: Any) -> None:
    """mpmath differentiates numerically to 15 digits; the enclosure at a point must meet that."""
    narrow = (F(-9, 10), F(9, 10))
    special = {"log": (1, 40), "asin": narrow, "acos": narrow, "acosh": (F(11, 10), 20), "atanh": narrow, "abs": (1, 9)}
    point = data.draw(st.fractions(*special.get(name, (-6, 6)), max_denominator=997))
    with mpmath.workdps(50):
        at = mpmath.mpf(point.numerator) / point.denominator
        assume(not (name == "tan" and abs(mpmath.cos(at)) < 0.05))
        true = mpmath.taylor(ORACLES[name], at, 3)
    with iv.precision(160):
        found = functions.taylor(name, iv.number(point), 3)
        wide = functions.taylor(name, iv.span(point - F(1, 10**6), point + F(1, 10**6)), 3)
    for c, w, value in zip(found, wide, true, strict=True):
        size = 1e-12 * (1 + abs(float(value)))
        assert abs(float(c.lo) - float(value)) <= size
        assert abs(float(c.hi) - float(value)) <= size
        assert c.within(w)


def test_whole_powers_and_roots_have_the_same_form() -> None:
    with iv.precision(128):
        x = iv.number(F(9, 4))
        assert [float(c.lo) for c in functions.root(x, 3)] == pytest.approx([1.5, 1 / 3, -1 / 27, 2 / 243])
        assert [float(c.lo) for c in functions.whole_power(x, 2, 3)] == [5.0625, 4.5, 1.0, 0.0]
        inverse = functions.whole_power(x, -1, 3)
        assert [float(c.lo) for c in inverse] == pytest.approx([4 / 9, -16 / 81, 64 / 729, -256 / 6561])
        touching = functions.root(iv.span(0, 1), 2)
        assert touching[0].defined
        assert not touching[1].defined


def test_a_kink_has_every_slope_and_no_curvature() -> None:
    found = functions.taylor("abs", iv.span(-1, 2), 2)
    assert ends(found[0]) == (0, 2)
    assert ends(found[1]) == (-1, 1)
    assert not found[2].defined


def test_undefined_proves_nothing() -> None:
    for found in (iv.UNDEFINED + iv.ONE, iv.UNDEFINED * iv.ZERO, -iv.UNDEFINED, iv.square(iv.UNDEFINED),
                  iv.hull(iv.UNDEFINED, iv.ONE), iv.inverse(iv.UNDEFINED), iv.absolute(iv.UNDEFINED)):  # fmt: skip
        assert not found.defined
        assert not any((found.lo <= found.hi, found.within(iv.ONE), found.apart(iv.ONE), found.holds(arb(0))))


def test_the_precision_is_given_back() -> None:
    def fails() -> None:
        with iv.precision(777):
            assert iv.bits() == 777
            raise KeyError

    before = ctx.prec
    with pytest.raises(KeyError):
        fails()
    assert ctx.prec == before


def test_messages_never_write_out_what_is_huge() -> None:
    assert iv.brief(F(1, 3)) == "0.3333333333"
    assert iv.brief(arb(2) ** (10**9)) == "something huge"
