"""A real number known to lie between two exact ends."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction


def float_below(value: Fraction) -> float:
    """The largest float that does not exceed ``value``. Rigor: exact."""
    nearest = _to_float(value)
    if math.isinf(nearest):
        return nearest if nearest < 0 else math.nextafter(math.inf, 0.0)
    return nearest if Fraction(nearest) <= value else math.nextafter(nearest, -math.inf)


def float_above(value: Fraction) -> float:
    """The smallest float that is not below ``value``. Rigor: exact."""
    return -float_below(-value) + 0.0  # not -0.0


def _to_float(value: Fraction) -> float:
    try:
        return value.numerator / value.denominator
    except OverflowError:
        return math.inf if value > 0 else -math.inf


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A closed interval with exact rational ends that is proved to hold a real number.

    ``lo`` and ``hi`` are floats rounded outward, ``lower`` and ``upper`` the exact ends, ``float(...)`` the
    middle. Rigor: certified by whoever made it.
    """

    lower: Fraction
    upper: Fraction

    def __post_init__(self) -> None:
        if self.lower > self.upper:
            raise ValueError(f"Enclosure ends are inverted: {self.lower} > {self.upper}")

    @classmethod
    def exactly(cls, value: int | float | Fraction) -> Enclosure:
        """The enclosure of width 0 around an exact value (a float is the dyadic it is)."""
        exact = Fraction(value)
        return cls(exact, exact)

    @property
    def lo(self) -> float:
        """The lower end as a float, rounded down."""
        return float_below(self.lower)

    @property
    def hi(self) -> float:
        """The upper end as a float, rounded up."""
        return float_above(self.upper)

    @property
    def width(self) -> float:
        """The distance of the ends, rounded up."""
        return float_above(self.upper - self.lower)

    @property
    def middle(self) -> Fraction:
        """The exact middle."""
        return (self.lower + self.upper) / 2

    def __float__(self) -> float:
        return _to_float(self.middle)

    def __contains__(self, value: int | float | Fraction) -> bool:
        return self.lower <= Fraction(value) <= self.upper

    def __neg__(self) -> Enclosure:
        return Enclosure(-self.upper, -self.lower)

    def overlaps(self, other: Enclosure) -> bool:
        """Whether the two intervals share a point."""
        return self.lower <= other.upper and other.lower <= self.upper

    def __repr__(self) -> str:
        if self.lower == self.upper:
            return f"Enclosure({float(self)!r}, exact)"
        return f"Enclosure(about {float(self)!r}, width {self.width:.1e})"
