"""Elementary functions on intervals, each with the coefficients of its Taylor polynomial.

``taylor(name, x, order)`` encloses f(y), f'(y), f''(y)/2!, ... up to ``order`` for every y in x. Where f has no value
somewhere in x all are undefined; where it has no derivative, only those from there on. Rigor: certified.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import comb
from typing import Final

from flint import arb

from dynlatch.checker import intervals as iv
from dynlatch.checker.intervals import ONE, UNDEFINED, UNIT, Interval

MAX_ORDER: Final = 3

_TWO, _THREE, _FIVE, _SIX = (Interval(arb(k), arb(k)) for k in (2, 3, 5, 6))


def value(name: str, x: Interval) -> Interval:
    """f over x; undefined if f has no value somewhere in x."""
    return _VALUES[name](x)


def taylor(name: str, x: Interval, order: int) -> list[Interval]:
    """f and its derivatives over x, the k-th divided by k!, for k = 0..order (at most 3)."""
    first = _VALUES[name](x)
    if order == 0 or not first.defined:
        return [first] + [UNDEFINED] * order
    return [first, *_DERIVATIVES[name](x, first, order)][: order + 1]


def whole_power(x: Interval, k: int, order: int) -> list[Interval]:
    """The same for x^k with a whole number k: the j-th coefficient is binomial(k, j) x^(k-j)."""
    found: list[Interval] = []
    for j in range(order + 1):
        factor = comb(k, j) if k >= 0 else (-1) ** j * comb(j - k - 1, j)
        found.append(iv.ZERO if factor == 0 else iv.number(factor) * iv.power(x, k - j))
    return found if found[0].defined else [UNDEFINED] * (order + 1)


def root(x: Interval, order: int) -> list[Interval]:
    """The same for the square root: the j-th coefficient is binomial(1/2, j) x^(1/2-j)."""
    first = iv.sqrt(x)
    factors = Fraction(1, 2), Fraction(-1, 8), Fraction(1, 16)
    return [first] + [iv.number(factors[j]) * iv.inverse(first * iv.power(x, j)) for j in range(order)]


def _sech(x: Interval) -> Interval:
    return iv.made(x.magnitude.sech(), x.mignitude.sech()) if x.defined else UNDEFINED


def _log(x: Interval) -> Interval:
    return iv.increasing(arb.log, x) if x.lo > 0 else UNDEFINED


def _inside(function: Callable[[arb], arb], low: int, high: int) -> Callable[[Interval], Interval]:
    return lambda x: iv.increasing(function, x) if x.lo >= low and x.hi <= high else UNDEFINED


def _acos(x: Interval) -> Interval:
    return iv.made(x.hi.acos(), x.lo.acos()) if x.lo >= -1 and x.hi <= 1 else UNDEFINED


def _acosh(x: Interval) -> Interval:
    return iv.increasing(arb.acosh, x) if x.lo >= 1 else UNDEFINED


def _atanh(x: Interval) -> Interval:
    return iv.increasing(arb.atanh, x) if x.lo > -1 and x.hi < 1 else UNDEFINED


def _monotone(function: Callable[[arb], arb]) -> Callable[[Interval], Interval]:
    return lambda x: iv.increasing(function, x)


_VALUES: Final[dict[str, Callable[[Interval], Interval]]] = {
    "exp": _monotone(arb.exp), "log": _log, "sin": iv.sin, "cos": iv.cos, "tan": iv.tan,
    "sinh": _monotone(arb.sinh), "cosh": lambda x: iv.even(arb.cosh, x), "tanh": _monotone(arb.tanh), "sech": _sech,
    "asin": _inside(arb.asin, -1, 1), "acos": _acos, "atan": _monotone(arb.atan), "asinh": _monotone(arb.asinh),
    "acosh": _acosh, "atanh": _atanh, "abs": iv.absolute,
}  # fmt: skip


# Each of the following gives f', f''/2, f'''/6 over x, from x and f's own range; fewer where fewer are asked for.


def _exp(_x: Interval, f: Interval, _order: int) -> list[Interval]:
    return [f, f / _TWO, f / _SIX]


def _log_slopes(x: Interval, _f: Interval, _order: int) -> list[Interval]:
    first = iv.inverse(x)
    return [first, -iv.square(first) / _TWO, iv.power(first, 3) / _THREE]


def _sin_slopes(x: Interval, f: Interval, _order: int) -> list[Interval]:
    cosine = iv.cos(x)
    return [cosine, -f / _TWO, -cosine / _SIX]


def _cos_slopes(x: Interval, f: Interval, _order: int) -> list[Interval]:
    sine = iv.sin(x)
    return [-sine, -f / _TWO, sine / _SIX]


def _tan_slopes(_x: Interval, f: Interval, _order: int) -> list[Interval]:
    squared = iv.square(f)
    first = ONE + squared
    return [first, f * first, first * (ONE + _THREE * squared) / _THREE]


def _sinh_slopes(x: Interval, f: Interval, _order: int) -> list[Interval]:
    other = value("cosh", x)
    return [other, f / _TWO, other / _SIX]


def _cosh_slopes(x: Interval, f: Interval, _order: int) -> list[Interval]:
    other = value("sinh", x)
    return [other, f / _TWO, other / _SIX]


def _tanh_slopes(x: Interval, f: Interval, order: int) -> list[Interval]:
    first = sech2(x)
    if order == 1:
        return [first]
    return [first, -f * first, first * (_THREE * iv.square(f) - ONE) / _THREE]


def sech2(x: Interval) -> Interval:
    """sech(x)^2, the slope of tanh."""
    return iv.square(_sech(x))


def _sech_slopes(x: Interval, f: Interval, _order: int) -> list[Interval]:
    t = value("tanh", x)
    squared = iv.square(t)
    return [-f * t, f * (_TWO * squared - ONE) / _TWO, f * t * (_FIVE - _SIX * squared) / _SIX]


def _arc(x: Interval, inside: Interval, sign: int, middle: Interval) -> list[Interval]:
    """For a slope s^(-1/2), s the part under the root: s^(-1/2), -+x s^(-3/2) / 2, middle s^(-5/2) / 6."""
    first = iv.inverse(iv.sqrt(inside))
    second = x * iv.power(first, 3) / _TWO
    return [first, second if sign > 0 else -second, middle * iv.power(first, 5) / _SIX]


def _asin_slopes(x: Interval, _f: Interval, _order: int) -> list[Interval]:
    squared = iv.square(x)
    return _arc(x, (ONE - x) * (ONE + x), 1, ONE + _TWO * squared)


def _acos_slopes(x: Interval, f: Interval, order: int) -> list[Interval]:
    return [-slope for slope in _asin_slopes(x, f, order)]


def _atan_slopes(x: Interval, _f: Interval, _order: int) -> list[Interval]:
    squared = iv.square(x)
    first = iv.inverse(ONE + squared)
    return [first, -x * iv.square(first), (_THREE * squared - ONE) * iv.power(first, 3) / _THREE]


def _asinh_slopes(x: Interval, _f: Interval, _order: int) -> list[Interval]:
    squared = iv.square(x)
    return _arc(x, ONE + squared, -1, _TWO * squared - ONE)


def _acosh_slopes(x: Interval, _f: Interval, _order: int) -> list[Interval]:
    return _arc(x, (x - ONE) * (x + ONE), -1, _TWO * iv.square(x) + ONE)


def _atanh_slopes(x: Interval, _f: Interval, _order: int) -> list[Interval]:
    first = iv.inverse((ONE - x) * (ONE + x))
    return [first, x * iv.square(first), (ONE + _THREE * iv.square(x)) * iv.power(first, 3) / _THREE]


def _abs_slopes(x: Interval, _f: Interval, _order: int) -> list[Interval]:
    """The sign; at 0 every slope from -1 to 1, as the mean value theorem for |x| needs, and no second derivative."""
    if x.lo > 0:
        return [ONE, iv.ZERO, iv.ZERO]
    return [-ONE, iv.ZERO, iv.ZERO] if x.hi < 0 else [UNIT, UNDEFINED, UNDEFINED]


_DERIVATIVES: Final[dict[str, Callable[[Interval, Interval, int], list[Interval]]]] = {
    "exp": _exp, "log": _log_slopes, "sin": _sin_slopes, "cos": _cos_slopes, "tan": _tan_slopes,
    "sinh": _sinh_slopes, "cosh": _cosh_slopes, "tanh": _tanh_slopes, "sech": _sech_slopes, "asin": _asin_slopes,
    "acos": _acos_slopes, "atan": _atan_slopes, "asinh": _asinh_slopes, "acosh": _acosh_slopes,
    "atanh": _atanh_slopes, "abs": _abs_slopes,
}  # fmt: skip
