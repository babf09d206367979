"""Intervals whose two ends are exact numbers of any precision, rounded outward: the arithmetic of every check.

An end is a ball of python-flint with radius 0. A result that is undefined anywhere is ``UNDEFINED``, whose ends are
not numbers: every comparison with it is false, so it proves nothing. Rigor: certified.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from fractions import Fraction

from flint import arb, ctx, fmpq


@contextmanager
def precision(bits: int) -> Generator[None, None, None]:
    """Round to ``bits`` bits inside the ``with``, then to what was before. It belongs to the whole process."""
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


def bits() -> int:
    """The precision that holds now."""
    return int(ctx.prec)


class Interval:
    """The real numbers from ``lo`` to ``hi``, both exact. A value: nothing changes it once it is made."""

    __slots__ = ("hi", "lo")

    def __init__(self, lo: arb, hi: arb) -> None:
        self.lo = lo
        self.hi = hi

    @property
    def defined(self) -> bool:
        """Whether the ends are numbers."""
        return self.lo.is_finite() and self.hi.is_finite()

    @property
    def magnitude(self) -> arb:
        """The largest absolute value."""
        below = self.lo.neg(exact=True)
        return below if below > self.hi else self.hi

    @property
    def mignitude(self) -> arb:
        """The smallest absolute value."""
        if self.lo > 0:
            return self.lo
        return self.hi.neg(exact=True) if self.hi < 0 else _ZERO

    @property
    def middle(self) -> arb:
        """A number inside, near the middle."""
        found = ((self.lo + self.hi) / 2).mid()
        return found if self.lo <= found <= self.hi else self.lo

    @property
    def width(self) -> arb:
        """The distance of the ends, rounded up."""
        return (self.hi - self.lo).upper()

    def holds(self, value: arb) -> bool:
        """Whether a ball is proved to lie inside."""
        return bool(self.lo <= value) and bool(value <= self.hi)

    def within(self, other: Interval) -> bool:
        """Whether all of it is proved to lie in ``other``."""
        return bool(self.lo >= other.lo) and bool(self.hi <= other.hi)

    def apart(self, other: Interval) -> bool:
        """Whether the two are proved to have no point in common."""
        return bool(self.hi < other.lo) or bool(other.hi < self.lo)

    def __neg__(self) -> Interval:
        return Interval(self.hi.neg(exact=True), self.lo.neg(exact=True))

    def __add__(self, other: Interval) -> Interval:
        return Interval((self.lo + other.lo).lower(), (self.hi + other.hi).upper())

    def __sub__(self, other: Interval) -> Interval:
        return Interval((self.lo - other.hi).lower(), (self.hi - other.lo).upper())

    def __mul__(self, other: Interval) -> Interval:
        a, b, c, d = self.lo, self.hi, other.lo, other.hi
        if a >= 0:
            if c >= 0:
                low, high = a * c, b * d
            elif d <= 0:
                low, high = b * c, a * d
            else:
                low, high = b * c, b * d
        elif b <= 0:
            if c >= 0:
                low, high = a * d, b * c
            elif d <= 0:
                low, high = b * d, a * c
            else:
                low, high = a * d, a * c
        elif c >= 0:
            low, high = a * d, b * d
        elif d <= 0:
            low, high = b * c, a * c
        else:
            low, high = _lesser(a * d, b * c), _greater(a * c, b * d)
        return Interval(low.lower(), high.upper())

    def __truediv__(self, other: Interval) -> Interval:
        return self * inverse(other)

    def __repr__(self) -> str:
        return f"[{self.lo.str(12, radius=False)}, {self.hi.str(12, radius=False)}]"


_ZERO = arb(0)
_LONGEST = arb(2) ** 4096
"""Larger numbers are not written out."""
ZERO = Interval(arb(0), arb(0))
ONE = Interval(arb(1), arb(1))
UNDEFINED = Interval(arb.nan(), arb.nan())
UNIT = Interval(arb(-1), arb(1))
"""All numbers from -1 to 1."""


def _lesser(x: arb, y: arb) -> arb:
    """Of two balls the one that reaches lower."""
    return x if x.lower() <= y.lower() else y


def _greater(x: arb, y: arb) -> arb:
    return x if x.upper() >= y.upper() else y


def made(lo: arb, hi: arb) -> Interval:
    """From a ball around or below the lower end to one around or above the upper end; UNDEFINED without such ends."""
    low, high = lo.lower(), hi.upper()
    return Interval(low, high) if low <= high and low.is_finite() and high.is_finite() else UNDEFINED


def around(ball: arb) -> Interval:
    """The ends of a ball."""
    return made(ball, ball)


def ball(x: Interval) -> arb:
    """A ball around an interval."""
    return x.lo.union(x.hi) if x.defined else arb.nan()


def number(value: Fraction | int) -> Interval:
    """The narrowest interval of this precision around an exact number."""
    return around(exact(value))


def exact(value: Fraction | int) -> arb:
    """A ball of this precision around an exact number."""
    return arb(fmpq(value.numerator, value.denominator))


def brief(value: Fraction | arb) -> str:
    """About the value, for a message."""
    found = value if isinstance(value, arb) else exact(value)
    return str(found.mid().str(10, radius=False)) if abs(found) < _LONGEST else "something huge"


def pi() -> Interval:
    """The number pi."""
    return around(arb.pi())


def span(lo: Fraction | int, hi: Fraction | int) -> Interval:
    """The narrowest interval of this precision that holds everything from ``lo`` to ``hi``."""
    return made(exact(lo), exact(hi))


def hull(x: Interval, y: Interval) -> Interval:
    """Both, and everything between them."""
    if not (x.defined and y.defined):
        return UNDEFINED
    return Interval(x.lo if x.lo <= y.lo else y.lo, x.hi if x.hi >= y.hi else y.hi)


def meet(x: Interval, y: Interval) -> Interval:
    """The common part of two intervals that are known to share a point; either, if the other says nothing."""
    if not x.defined:
        return y
    if not y.defined:
        return x
    return Interval(x.lo if x.lo >= y.lo else y.lo, x.hi if x.hi <= y.hi else y.hi)


def halves(x: Interval) -> tuple[Interval, Interval]:
    """The lower and the upper half."""
    middle = x.middle
    return Interval(x.lo, middle), Interval(middle, x.hi)


def total(terms: Sequence[Interval]) -> Interval:
    """The sum, each end rounded once."""
    low, high = _ZERO, _ZERO
    for term in terms:
        low = low + term.lo
        high = high + term.hi
    return Interval(low.lower(), high.upper())


def inverse(x: Interval) -> Interval:
    """1 / x; undefined if x holds 0."""
    return made(1 / x.hi, 1 / x.lo) if x.lo > 0 or x.hi < 0 else UNDEFINED


def increasing(function: Callable[[arb], arb], x: Interval) -> Interval:
    """The range of a function that never falls on x."""
    return made(function(x.lo), function(x.hi)) if x.defined else UNDEFINED


def even(function: Callable[[arb], arb], x: Interval) -> Interval:
    """The range of an even function that never falls for positive arguments."""
    return made(function(x.mignitude), function(x.magnitude)) if x.defined else UNDEFINED


def absolute(x: Interval) -> Interval:
    """|x|."""
    return Interval(x.mignitude, x.magnitude) if x.defined else UNDEFINED


def square(x: Interval) -> Interval:
    """x^2, never below 0."""
    low, high = x.mignitude, x.magnitude
    return Interval((low * low).lower(), (high * high).upper()) if x.defined else UNDEFINED


def power(x: Interval, k: int) -> Interval:
    """x^k for a whole number k; undefined if k < 0 and x holds 0."""
    if k < 0:
        return inverse(power(x, -k))
    if k == 0:
        return ONE if x.defined else UNDEFINED
    return increasing(lambda end: end**k, x) if k % 2 else even(lambda end: end**k, x)


def sqrt(x: Interval) -> Interval:
    """The square root; undefined if x reaches below 0."""
    return increasing(arb.sqrt, x) if x.lo >= 0 else UNDEFINED


def _wave(function: Callable[[arb], arb], x: Interval, top: arb) -> Interval:
    """Sine or cosine: its ends, and 1 or -1 where a crest or a trough may lie between them.

    Crests are at 2 pi (k + top), troughs half a wave further, for all whole k.
    """
    if not x.defined:
        return UNDEFINED
    wave = 2 * arb.pi()
    low, high = x.lo / wave - top, x.hi / wave - top
    ends = function(x.lo), function(x.hi)
    return made(
        arb(-1) if _maybe_whole(low - 0.5, high - 0.5) else _lesser(*ends),
        arb(1) if _maybe_whole(low, high) else _greater(*ends),
    )


def _maybe_whole(low: arb, high: arb) -> bool:
    """Whether a whole number may lie between two balls."""
    return not low.lower().ceil() > high.upper().floor()


def sin(x: Interval) -> Interval:
    """The sine."""
    return _wave(arb.sin, x, arb(0.25))


def cos(x: Interval) -> Interval:
    """The cosine."""
    return _wave(arb.cos, x, arb(0))


def tan(x: Interval) -> Interval:
    """The tangent; undefined if x may hold a pole."""
    turns = x.lo / arb.pi() - 0.5, x.hi / arb.pi() - 0.5
    return UNDEFINED if not x.defined or _maybe_whole(*turns) else increasing(arb.tan, x)
