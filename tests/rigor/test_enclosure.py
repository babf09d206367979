"""Enclosures: exact ends, floats rounded outward as tightly as can be."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynlatch.rigor.enclosure import Enclosure, float_above, float_below

MAX = math.nextafter(math.inf, 0.0)
TINY = 5e-324
FINITE = st.floats(allow_nan=False, allow_infinity=False)
RATIONALS = st.one_of(
    st.fractions(),
    FINITE.map(Fraction),
    st.builds(lambda x, p, q: Fraction(x) * Fraction(p, q), FINITE, st.integers(1, 10**20), st.integers(1, 10**20)),
    st.builds(
        lambda n, d, k: Fraction(n, d) * Fraction(2) ** k, st.integers(), st.integers(1), st.integers(-1200, 1200)
    ),
)


def exceeds(x: float, value: Fraction) -> bool:
    return x > 0 if math.isinf(x) else Fraction(x) > value


@given(RATIONALS)
def test_float_below_is_the_largest_float_not_above(value: Fraction) -> None:
    below = float_below(value)
    assert not exceeds(below, value)
    assert exceeds(math.nextafter(below, math.inf), value)


@given(RATIONALS)
def test_float_above_mirrors_float_below(value: Fraction) -> None:
    assert float_above(value) == -float_below(-value)


@pytest.mark.parametrize(
    ("value", "below", "above"),
    [
        (Fraction(0), 0.0, 0.0),
        (Fraction(1), 1.0, 1.0),
        (Fraction(1, 3), 1 / 3, math.nextafter(1 / 3, 1)),
        (Fraction(1, 10), math.nextafter(0.1, 0), 0.1),
        (1 + Fraction(1, 10**30), 1.0, math.nextafter(1, 2)),
        (1 - Fraction(1, 10**30), math.nextafter(1, 0), 1.0),
        (Fraction(TINY) / 3, 0.0, TINY),
        (-Fraction(TINY) / 3, -TINY, 0.0),
        (Fraction(TINY) * Fraction(3, 2), TINY, 2 * TINY),
        (Fraction(1, 10**5000), 0.0, TINY),
        (Fraction(MAX), MAX, MAX),
        (Fraction(MAX) + 1, MAX, math.inf),
        (Fraction(2) ** 1024, MAX, math.inf),
        (-(Fraction(10) ** 5000), -math.inf, -MAX),
    ],
)
def test_directed_rounding_at_the_edges(value: Fraction, below: float, above: float) -> None:
    assert float_below(value) == below
    assert float_above(value) == above


def test_rounding_to_nearest_would_be_refuted() -> None:
    values = [Fraction(n, 7919) for n in range(1, 200)]
    assert any(exceeds(value.numerator / value.denominator, value) for value in values)
    assert not any(exceeds(float_below(value), value) for value in values)


@given(RATIONALS, RATIONALS)
def test_floats_lie_outside_of_the_exact_ends(x: Fraction, y: Fraction) -> None:
    box = Enclosure(min(x, y), max(x, y))
    assert not exceeds(box.lo, box.lower)
    assert not exceeds(-box.hi, -box.upper)
    assert not exceeds(-box.width, box.lower - box.upper)
    assert x in box
    assert y in box
    assert box.middle in box
    assert (-box).lower == -box.upper
    assert box.overlaps(Enclosure.exactly(x))


def test_a_float_is_the_dyadic_it_is() -> None:
    assert Enclosure.exactly(0.1).lower == Fraction(0.1) != Fraction(1, 10)
    assert Fraction(1, 10) not in Enclosure.exactly(0.1)
    assert float(Enclosure.exactly(Fraction(1, 3))) == 1 / 3
    assert Enclosure.exactly(3).width == 0.0


def test_disjoint_and_touching() -> None:
    left, right = Enclosure(Fraction(0), Fraction(1)), Enclosure(Fraction(1), Fraction(2))
    assert left.overlaps(right)
    assert right.overlaps(left)
    assert not left.overlaps(Enclosure(1 + Fraction(1, 10**40), Fraction(2)))


def test_inverted_ends_are_refused() -> None:
    with pytest.raises(ValueError, match="inverted"):
        Enclosure(Fraction(1), Fraction(0))


@pytest.mark.parametrize("huge", [Fraction(10) ** 400, -(Fraction(10) ** 400)])
def test_huge_enclosures_still_have_a_float(huge: Fraction) -> None:
    assert abs(float(Enclosure.exactly(huge))) == math.inf
    assert "exact" in repr(Enclosure.exactly(huge))
