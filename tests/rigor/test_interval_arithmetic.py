"""Interval arithmetic without the C library's functions, against exact rationals: contained and narrow."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from flint import arb

from dynlatch.rigor import balls, intervals
from dynlatch.seeds import rng_for

Interval = tuple[float, float]

EPS, TINY, MAX, INF, NAN = 2.0**-52, 5e-324, math.nextafter(math.inf, 0.0), math.inf, math.nan
SPECIAL = [0.0, TINY, 3 * TINY, 2.0**-1022, 2.0**-1021 - TINY, 2.0**-969, 1e-160, 1e-20, 1e-8, 0.5, 1.0, 1.5, 2.0, 20.0]
SPECIAL += [
    354.5,
    355.5,
    372.4,
    372.6,
    709.78,
    709.79,
    710.47,
    710.48,
    745.1,
    745.2,
    1e6,
    1.5e6,
    1e22,
    1e154,
    1e300,
    MAX,
]


def neighbours(x: float, steps: int = 3) -> list[float]:
    below, above, found = x, x, [x]
    for _ in range(steps):
        below, above = math.nextafter(below, -INF), math.nextafter(above, INF)
        found += [below, above]
    return found


def ulp(value: Fraction) -> Fraction:
    """The unit in the last place of a number between two powers of 2, and the least number where it is subnormal."""
    size = max(abs(value), Fraction(2) ** -1022)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    return Fraction(2) ** (exponent - (size < Fraction(2) ** exponent) - 52)


EXACT: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
}


def floats(count: int, *names: str) -> list[float]:
    rng = rng_for(4, "floats", *names)
    wide = rng.choice([-1.0, 1.0], count) * np.exp2(rng.uniform(-1074, 1023.9, count))
    near = rng.uniform(-4, 4, count)
    special = [s * x for x in SPECIAL for s in (1, -1)]
    return np.where(rng.random(count) < 0.5, wide, near).tolist() + special


@pytest.mark.parametrize("name", intervals.BINARY)
def test_arithmetic_of_points_is_contained_and_narrow(name: str) -> None:
    run, exact = getattr(intervals, name), EXACT[name]
    left, right = floats(3000, name, "left"), floats(3000, name, "right")
    special = [s * x for x in SPECIAL for s in (1, -1)]
    bare_outside = 0
    for x, y in [*zip(left, right, strict=True), *itertools.product(special, special)]:
        lo, hi = run(x, x, y, y)
        if name == "div" and y == 0:
            assert math.isnan(lo)
            assert math.isnan(hi)
            continue
        value = exact(Fraction(x), Fraction(y))
        if abs(value) > Fraction(MAX) * (1 - Fraction(EPS)):
            assert (math.isnan(lo) and math.isnan(hi)) or (lo <= value <= hi)
            continue
        assert Fraction(lo) <= value, (x, y)
        assert hi == INF or value <= Fraction(hi), (x, y)
        assert hi - lo <= 3 * EPS * max(abs(lo), abs(hi)) + 4 * TINY, (x, y)
        assert hi - lo <= 4 * ulp(value), (x, y)
        rounded = {"add": x + y, "sub": x - y, "mul": x * y}.get(name, x / y if y else 0.0)
        bare_outside += Fraction(rounded) != value
    assert bare_outside > 1000  # so that an operation rounded to nearest would have been refuted


@pytest.mark.parametrize("name", intervals.BINARY)
def test_arithmetic_of_intervals_is_the_hull_of_its_corners(name: str) -> None:
    run, exact, rng = getattr(intervals, name), EXACT[name], rng_for(5, "boxes", name)
    for _ in range(1500):
        al, ah, bl, bh = (float(v) for v in (*np.sort(rng.uniform(-2, 2, 2)), *np.sort(rng.uniform(-2, 2, 2))))
        lo, hi = run(al, ah, bl, bh)
        if name == "div" and bl <= 0 <= bh:
            assert math.isnan(lo)
            continue
        corners = [exact(Fraction(a), Fraction(b)) for a in (al, ah) for b in (bl, bh)]
        below, above = min(corners), max(corners)
        assert below - 2 * Fraction(EPS) * abs(below) - 4 * Fraction(TINY) <= Fraction(lo) <= below
        assert above <= Fraction(hi) <= above + 2 * Fraction(EPS) * abs(above) + 4 * Fraction(TINY)


@pytest.mark.parametrize("k", [0, 1, 2, 3, 4, 5, 7, 10, 31, 64, -1, -2, -3, -8, -31])
def test_powers_against_rationals(k: int) -> None:
    rng = rng_for(6, "powers", k)
    decided = 0
    for _ in range(400):
        centre, width = rng.uniform(-3, 3), 2.0 ** rng.uniform(-60, 1)
        lo_in, hi_in = float(centre - width), float(centre + width)
        lo, hi = intervals.powi(lo_in, hi_in, k)
        if k < 0 and lo_in <= 0 <= hi_in:
            assert math.isnan(lo)
            assert math.isnan(hi)
            continue
        values = [Fraction(x) ** k for x in (lo_in, hi_in)]
        if k > 0 and lo_in <= 0 <= hi_in:
            values.append(Fraction(0))
        slack = Fraction(2 * EPS)
        assert min(values) - slack * abs(min(values)) - 4 * Fraction(TINY) <= Fraction(lo) <= min(values)
        assert max(values) <= Fraction(hi) <= max(values) + slack * abs(max(values)) + 4 * Fraction(TINY)
        decided += 1
    assert decided > 100


@pytest.mark.parametrize("k", [2, 3, 5, 13, 64, 1001, -1, -3, -64])
def test_powers_of_points_are_narrow_over_the_whole_range(k: int) -> None:
    rng = rng_for(9, "powers of points", k)
    sizes = np.exp2(rng.uniform(-1074 / abs(k), 1023.9 / abs(k), 1500))
    decided = 0
    for x in [*(sizes * rng.choice([-1.0, 1.0], sizes.size)).tolist(), 2.0, -0.5, 1.0, 3.0, math.nextafter(1.0, 0.0)]:
        value, (lo, hi) = Fraction(x) ** k, intervals.powi(x, x, k)
        if math.isnan(lo) or hi == INF or lo == -INF:
            assert abs(value) > Fraction(2) ** 1023
            continue
        assert Fraction(lo) <= value <= Fraction(hi), x
        assert Fraction(hi) - Fraction(lo) <= 4 * ulp(value), x
        decided += 1
    assert decided > 1400


def test_repeated_squaring_rounded_to_nearest_is_refuted() -> None:
    def mutant(x: float, k: int) -> Interval:
        value = 1.0
        for _ in range(k):
            value *= x
        return math.nextafter(value, -INF), math.nextafter(value, INF)

    points = rng_for(10, "mutant").uniform(0.8, 1.2, 300).tolist()
    wrong = [x for x in points if not mutant(x, 31)[0] <= Fraction(x) ** 31 <= mutant(x, 31)[1]]
    assert len(wrong) > 100
    assert all(intervals.powi(x, x, 31)[0] <= Fraction(x) ** 31 <= intervals.powi(x, x, 31)[1] for x in points)


def test_of_very_high_powers_little_is_known() -> None:
    k = 2**20 + 1
    assert intervals.powi(0.5, 0.75, k) == (0.0, 1.0)
    assert intervals.powi(1.5, 2.0, k) == (1.0, INF)
    assert intervals.powi(-0.5, 0.5, k) == (-1.0, 1.0)
    assert intervals.powi(0.5, 0.75, -k) == (1.0, INF)
    assert intervals.powi(-2.0, -1.0, -k) == (-1.0, 0.0)
    for x in (1.0 + EPS, 1.0 - EPS / 2):
        lo, hi = intervals.powi(x, x, k - 1)
        with balls.precision(200):
            value = arb(x) ** (k - 1)
        assert arb(lo) < value < arb(hi)
        assert hi - lo <= 4 * EPS


def test_powers_at_the_edge_of_the_range() -> None:
    assert intervals.powi(0.0, 0.0, 0) == (1.0, 1.0)
    assert intervals.powi(-2.0, 3.0, 1) == (-2.0, 3.0)
    lo, hi = intervals.powi(1e-200, 1e-200, 2)
    assert lo == 0.0
    assert 0.0 < hi <= 8 * TINY
    assert all(map(math.isnan, intervals.powi(1e200, 1e200, 2)))
    lo, hi = intervals.powi(1.0, 1e200, 2)
    assert 0.9 < lo <= 1.0
    assert hi == INF
    assert all(map(math.isnan, intervals.powi(1.5, 1.5, -(2**63))))
    assert all(map(math.isnan, intervals.powi(NAN, NAN, 0)))


def test_down_and_up_take_one_step_or_two() -> None:
    for x in [y for v in (*floats(5000, "steps"), -0.0) for y in neighbours(v)]:
        if math.isinf(x):
            continue
        one = math.nextafter(x, -INF)
        assert math.nextafter(one, -INF) <= intervals.down(x) <= one, x
        assert intervals.up(-x) == -intervals.down(x)
    assert math.isnan(intervals.down(INF))
    assert intervals.down(-INF) == -INF
    assert intervals.up(MAX) == INF


# --- inclusion and infinities ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", intervals.BINARY)
def test_smaller_operands_have_a_smaller_result(name: str) -> None:
    run, rng = getattr(intervals, name), rng_for(8, "inclusion", name)
    for _ in range(2000):
        a, b = np.sort(rng.normal(size=4)).tolist(), np.sort(rng.normal(1.5, 1, size=4)).tolist()
        lo, hi = run(a[0], a[3], b[0], b[3])
        if not math.isnan(lo):
            inner_lo, inner_hi = run(a[1], a[2], b[1], b[2])
            assert lo <= inner_lo <= inner_hi <= hi


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (lambda: intervals.add(MAX, MAX, MAX, MAX), None),
        (lambda: intervals.add(1.0, MAX, 1.0, MAX), (2.0, INF)),
        (lambda: intervals.sub(-INF, 1.0, 0.0, 1.0), (-INF, 1.0)),
        (lambda: intervals.mul(0.0, 1.0, 1.0, INF), None),
        (lambda: intervals.mul(1.0, 2.0, 1.0, INF), (1.0, INF)),
        (lambda: intervals.div(1.0, 2.0, 1.0, INF), (0.0, 2.0)),
        (lambda: intervals.div(0.0, 0.0, 0.0, 0.0), None),
        (lambda: intervals.exp(-INF, 1e9), (0.0, INF)),
        (lambda: intervals.tanh(-INF, INF), (-1.0, 1.0)),
        (lambda: intervals.sech2(-INF, 0.0), (0.0, 1.0)),
        (lambda: intervals.sin(-INF, INF), (-1.0, 1.0)),
        (lambda: intervals.atan(0.0, INF), (0.0, math.pi / 2)),
        (lambda: intervals.sqr(-INF, 1.0), (0.0, INF)),
    ],
)
def test_infinite_ends(result: Callable[[], Interval], expected: Interval | None) -> None:
    lo, hi = result()
    if expected is None:
        assert math.isnan(lo)
        assert math.isnan(hi)
    else:
        assert lo <= expected[0]
        assert hi >= expected[1]
        assert (lo, hi) == pytest.approx(expected, rel=1e-14, abs=1e-300)
