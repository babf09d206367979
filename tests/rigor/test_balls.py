"""Balls: exact ends, wide balls that stay tight, domains that are refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import mpmath
import pytest
from flint import arb, ctx, fmpq
from hypothesis import given
from hypothesis import strategies as st

from dynlatch.rigor import balls, intervals
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.seeds import rng_for

SLOP = Fraction(1, 2**27)  # a radius has 30 bits
FINITE = st.floats(allow_nan=False, allow_infinity=False)
MODERATE = st.fractions(-1000, 1000, max_denominator=10**9)
DOMAIN: dict[str, tuple[Fraction, Fraction]] = {
    "sqrt": (Fraction(0), Fraction(50)),
    "log": (Fraction(1, 1000), Fraction(50)),
    "acosh": (Fraction(1), Fraction(50)),
    "asin": (Fraction(-1), Fraction(1)),
    "acos": (Fraction(-1), Fraction(1)),
    "atanh": (Fraction(-999, 1000), Fraction(999, 1000)),
}
TRUTH: dict[str, Callable[[mpmath.mpf], mpmath.mpf]] = {
    "neg": lambda x: -x,
    "sqr": lambda x: x * x,
    "absolute": abs,
    "sign": mpmath.sign,
    "sech2": lambda x: mpmath.sech(x) ** 2,
    **{name: getattr(mpmath, name) for name in balls.FUNCTIONS if hasattr(mpmath, name)},
}


@pytest.fixture(autouse=True)
def _bits():
    with balls.precision(128):
        yield


def box(lo: Fraction | int, hi: Fraction | int) -> arb:
    return balls.ball(Enclosure(Fraction(lo), Fraction(hi)))


def exact(x: mpmath.mpf) -> Fraction:
    sign, mantissa, exponent, _ = x._mpf_
    return (-1) ** sign * Fraction(int(mantissa)) * Fraction(2) ** exponent


def truth(name: str, x: Fraction) -> tuple[Fraction, Fraction]:
    """A value computed by an independent library with 100 digits, and the error it may have at the most."""
    with mpmath.workdps(100):
        value = exact(mpmath.mpf(TRUTH[name](mpmath.mpf(x.numerator) / x.denominator)))
    return value, (abs(value) + 1) / 10**80


def random_boxes(name: str, count: int) -> list[tuple[Fraction, Fraction]]:
    rng = rng_for(0, "boxes", name)
    least, greatest = DOMAIN.get(name, (Fraction(-8), Fraction(8)))
    found: list[tuple[Fraction, Fraction]] = []
    for _ in range(count):
        ends = [Fraction(int(k), 1 << 20) for k in rng.integers(int(least * 2**20), int(greatest * 2**20) + 1, 2)]
        middle, width = min(ends), (max(ends) - min(ends)) / 2 ** int(rng.integers(0, 12))
        found.append((middle, middle + width))
    return found


def test_every_function_of_the_kernels_is_here() -> None:
    assert tuple(balls.FUNCTIONS) == intervals.UNARY
    assert all(hasattr(balls, name) for name in intervals.OPERATIONS)


# --- in and out -------------------------------------------------------------------------------------------------------


@given(FINITE)
def test_a_float_is_the_dyadic_it_is(x: float) -> None:
    with balls.precision(20):
        assert balls.ends(balls.ball(x)) == (Fraction(x), Fraction(x))


def test_a_third_is_a_third() -> None:
    lo, hi = balls.ends(balls.ball(Fraction(1, 3)))
    assert lo < Fraction(1, 3) < hi
    assert hi - lo < Fraction(1, 2**120)
    assert not balls.ball(1 / 3).contains(fmpq(1, 3))
    assert balls.ends(balls.ball(3**200)) == (3**200, 3**200)


@given(st.fractions(), st.fractions())
def test_an_enclosure_is_held_and_hardly_widened(x: Fraction, y: Fraction) -> None:
    lower, upper = min(x, y), max(x, y)
    lo, hi = balls.ends(box(lower, upper))
    assert lo <= lower <= upper <= hi
    slack = SLOP * (upper - lower) + (abs(lower) + abs(upper)) / 2**120
    assert hi - lo <= upper - lower + 2 * slack


@pytest.mark.parametrize(("lo", "hi"), [(0, 1), (-1, 1), (-3, 0), (1, 2), (-7, -5), (Fraction(1, 2**300), 1)])
def test_round_boxes_keep_their_sign_and_mostly_their_ends(lo: Fraction | int, hi: Fraction | int) -> None:
    below, above = balls.ends(box(lo, hi))
    assert below == lo
    assert hi <= above <= hi + SLOP
    assert (below, above) == (lo, hi) or lo == Fraction(1, 2**300)
    assert isinstance(balls.enclosure(box(lo, hi)), Enclosure)


def test_a_hull_holds_no_zero_that_was_not_there() -> None:
    tiny = balls.ball(Fraction(1, 10**40))
    assert balls.hull(tiny, arb(1)) > 0
    assert balls.hull(arb(-1), -tiny) < 0
    assert not tiny.union(arb(1)) > 0  # what flint alone would say
    assert balls.hull(arb(0), arb(1)) >= 0


@pytest.mark.parametrize("x", [arb.nan(), arb("inf"), arb("+/- inf")])
def test_what_has_no_ends_is_refused(x: arb) -> None:
    with pytest.raises(ArithmeticError, match="no ends"):
        balls.ends(x)
    with pytest.raises(ArithmeticError):
        balls.enclosure(x)


def test_ends_too_large_to_write_are_refused_but_still_computed_with() -> None:
    huge = balls.exp(arb(10**9))
    with pytest.raises(ArithmeticError, match="too large"):
        balls.ends(huge)
    wide = balls.exp(box(-(10**9), 10**9))
    assert wide.contains(1)
    assert wide.contains(huge)


def test_precision_comes_back_even_after_an_error() -> None:
    before = ctx.prec
    with pytest.raises(RuntimeError), balls.precision(77):  # noqa: PT012
        assert ctx.prec == 77
        with balls.precision(300):
            assert ctx.prec == 300
        assert ctx.prec == 77
        raise RuntimeError
    assert ctx.prec == before


# --- functions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", balls.FUNCTIONS)
def test_points_against_an_independent_library(name: str) -> None:
    for x, _ in random_boxes(name, 60):
        value, error = truth(name, x)
        lo, hi = balls.ends(balls.FUNCTIONS[name](balls.ball(x)))
        assert lo - error <= value <= hi + error
        if not (name == "sign" and x == 0):
            assert hi - lo <= (abs(value) + Fraction(1, 10**30)) / 2**110


@pytest.mark.parametrize("name", balls.FUNCTIONS)
def test_wide_balls_hold_their_image_and_little_more(name: str) -> None:
    function, rng = balls.FUNCTIONS[name], rng_for(1, "inside", name)
    decided = 0
    for lower, upper in random_boxes(name, 60):
        image = function(box(lower, upper))
        if not image.is_finite():
            assert name == "tan" or not {lower, upper}.isdisjoint(DOMAIN[name])
            continue
        lo, hi = balls.ends(image)
        steps = [Fraction(k, 64) for k in range(65)] + [Fraction(float(t)) for t in rng.random(5)]
        points = [lower + t * (upper - lower) for t in steps] + ([Fraction(0)] if lower <= 0 <= upper else [])
        values = [truth(name, x) for x in points]
        assert all(lo - error <= value <= hi + error for value, error in values)
        least, greatest = min(v for v, _ in values), max(v for v, _ in values)
        if name not in ("sin", "cos", "sign"):  # whose extrema the sample may miss, or which jump
            slack = SLOP * (greatest - least + 1)
            assert lo >= least - slack
            assert hi <= greatest + slack
        decided += 1
    assert decided > 20


def test_tanh_of_a_wide_ball_does_not_explode() -> None:
    x = box(-1, 1)
    lo, hi = balls.ends(balls.tanh(x))
    assert -0.7616 < lo < hi < 0.7616
    assert x.tanh().rad() > 2  # what flint alone would say


@pytest.mark.parametrize(
    ("name", "lo", "hi", "least", "greatest"),
    [
        ("sech2", -2, 3, math.cosh(3) ** -2, 1.0),
        ("cosh", -2, 1, 1.0, math.cosh(2)),
        ("sqr", -3, 2, 0.0, 9.0),
        ("absolute", -3, 2, 0.0, 3.0),
        ("sin", 1, 2, math.sin(1), 1.0),
        ("sin", 1, 5, -1.0, 1.0),
        ("sin", 4, 5, -1.0, math.sin(4)),
        ("sin", 2, 4, math.sin(4), math.sin(2)),
        ("cos", -1, 2, math.cos(2), 1.0),
        ("cos", 0, 100, -1.0, 1.0),
        ("cos", 1, 3, math.cos(3), math.cos(1)),
        ("tan", -1, 1, -math.tan(1), math.tan(1)),
        ("sign", -1, 1, -1.0, 1.0),
        ("exp", -50, 50, math.exp(-50), math.exp(50)),
    ],
)
def test_images_known_in_closed_form(name: str, lo: int, hi: int, least: float, greatest: float) -> None:
    below, above = balls.ends(balls.FUNCTIONS[name](box(lo, hi)))
    slack = SLOP * Fraction(greatest - least)
    assert least - slack <= below <= Fraction(least) + Fraction(1, 2**50)
    assert Fraction(greatest) * (1 - Fraction(1, 2**50)) <= above <= greatest * (1 + Fraction(1, 2**50)) + slack


@pytest.mark.parametrize(
    ("name", "lo", "hi"),
    [
        ("sqrt", -1, 4),
        ("sqrt", -4, -1),
        ("log", 0, 1),
        ("log", -1, 2),
        ("asin", 0, 2),
        ("acos", -2, 0),
        ("acosh", 0, 2),
        ("atanh", 0, 1),
        ("atanh", -1, 0),
        ("tan", 1, 2),
        ("tan", 0, 10),
    ],
)
def test_outside_the_domain_is_nan(name: str, lo: int, hi: int) -> None:
    assert balls.FUNCTIONS[name](box(lo, hi)).is_nan()


@pytest.mark.parametrize("name", balls.FUNCTIONS)
@pytest.mark.parametrize("x", [arb.nan(), arb("+/- inf")])
def test_nothing_known_stays_nothing_known(name: str, x: arb) -> None:
    assert not balls.FUNCTIONS[name](x).is_finite()
    assert not balls.powi(x, 0).is_finite()


# --- arithmetic -------------------------------------------------------------------------------------------------------

EXACT: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
}


@pytest.mark.parametrize("name", intervals.BINARY)
@given(a=MODERATE, b=MODERATE, c=MODERATE, d=MODERATE)
def test_arithmetic_of_wide_balls_is_the_hull_of_its_corners(
    name: str, a: Fraction, b: Fraction, c: Fraction, d: Fraction
) -> None:
    (al, ah), (bl, bh) = sorted((a, b)), sorted((c, d))
    with balls.precision(128):
        result = getattr(balls, name)(box(al, ah), box(bl, bh))
    if name == "div" and bl <= 0 <= bh:
        assert result.is_nan()
        return
    corners = [EXACT[name](x, y) for x in (al, ah) for y in (bl, bh)]
    lo, hi = balls.ends(result)
    scale = max(abs(corner) for corner in corners) + 1
    if name == "div":  # the end of b nearer to 0 counts, and a width counts there
        scale *= (bh - bl + 1) / min(abs(bl), abs(bh)) + 1
    assert min(corners) - 4 * SLOP * scale <= lo <= min(corners)
    assert max(corners) <= hi <= max(corners) + 4 * SLOP * scale


@pytest.mark.parametrize("k", [-5, -2, -1, 0, 1, 2, 3, 6])
def test_powers_against_rationals(k: int) -> None:
    for lower, upper in random_boxes(f"power {k}", 100):
        result = balls.powi(box(lower, upper), k)
        if k < 0 and lower <= 0 <= upper:
            assert result.is_nan()
            continue
        values = [lower**k, upper**k] + ([Fraction(0) ** k] if lower <= 0 <= upper else [])
        lo, hi = balls.ends(result)
        slack = SLOP * (max(values) - min(values)) + max(map(abs, values)) / 2**100
        if k < 0:
            slack += SLOP * abs(k) * max(map(abs, values)) * (upper - lower) / min(abs(lower), abs(upper))
        assert min(values) - slack <= lo <= min(values)
        assert max(values) <= hi <= max(values) + slack


def test_even_powers_and_roots_undo_each_other_around_zero() -> None:
    lo, hi = balls.ends(balls.sqrt(balls.sqr(box(-3, 2))))
    assert lo == 0
    assert 3 <= hi <= 3 + SLOP
    assert balls.log(balls.exp(box(-20, 20))).is_finite()
