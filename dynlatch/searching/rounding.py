"""From floats to the simplest fractions that keep what was found."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Final

Numbers = tuple[Fraction, ...]

_FINEST: Final = 40


def simplest_between(lo: Fraction, hi: Fraction) -> Fraction:
    """The fraction with the least denominator (of those, the least size) in [lo, hi], by continued fractions.

    >>> simplest_between(Fraction(31, 10), Fraction(32, 10))
    Fraction(19, 6)
    """
    if lo <= 0 <= hi:
        return Fraction(0)
    if hi < 0:
        return -simplest_between(-hi, -lo)
    whole = math.ceil(lo)
    if whole <= hi:
        return Fraction(whole)
    return whole - 1 + 1 / simplest_between(1 / (hi - whole + 1), 1 / (lo - whole + 1))


def roundings(x: Sequence[float], keeps: Callable[[Numbers], bool]) -> Iterator[Numbers]:
    """Vectors of simple fractions near x that keep a property, the simplest first.

    At tolerance 2^-k of each entry's size, k = 0, 1, ..., every entry is replaced by the simplest fraction within it;
    where the vector keeps the property, each entry is then made simpler still, one after another, as far as it goes.
    """
    exact = [Fraction(v) for v in x]
    seen: set[Numbers] = set()
    for k in range(_FINEST):
        rounded = tuple(_near(v, k) for v in exact)
        if not keeps(rounded):
            continue
        found = _simplified(rounded, exact, k, keeps)
        if found not in seen:
            seen.add(found)
            yield found


def _near(v: Fraction, k: int) -> Fraction:
    tolerance = abs(v) / 2**k
    return simplest_between(v - tolerance, v + tolerance)


def _simplified(rounded: Numbers, exact: Sequence[Fraction], k: int, keeps: Callable[[Numbers], bool]) -> Numbers:
    found = rounded
    for i, v in enumerate(exact):
        for coarser in range(k):
            simpler = (*found[:i], _near(v, coarser), *found[i + 1 :])
            if _length(simpler[i]) < _length(found[i]) and keeps(simpler):
                found = simpler
                break
    return found


def _length(v: Fraction) -> tuple[int, int]:
    return v.denominator, abs(v.numerator)
