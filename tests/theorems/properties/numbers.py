"""The neuron in floats, to aim with, and numbers that a case can be made of."""

from __future__ import annotations

import math
from fractions import Fraction

ALMOST = Fraction(999, 1000)
"""The share of a bound that is used at most: room for rounding."""


def slope(w: Fraction, a: float) -> float:
    """m(a) = w sech^2 a."""
    return float(w) / math.cosh(a) ** 2


def edge(w: Fraction) -> float:
    """a_c, where the slope is 1."""
    return math.acosh(math.sqrt(w))


def critical(w: Fraction) -> float:
    """h* = w tanh a_c - a_c."""
    return float(w) * math.tanh(edge(w)) - edge(w)


def latched(w: Fraction) -> float:
    """abar, the positive fixed point."""
    a = float(w)
    for _ in range(200):
        a = float(w) * math.tanh(a)
    return a


def short(value: float, digits: int = 9) -> Fraction:
    """A float as a short decimal."""
    return Fraction(round(value * 10**digits), 10**digits)
