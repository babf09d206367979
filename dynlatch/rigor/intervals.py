"""Outward-rounded interval kernels for compiled loops.

An interval is a pair ``(lo, hi)`` of float64: the real numbers between the two, unbounded where an end is infinite.
``(nan, nan)`` is poison, "undefined somewhere or nothing known"; every kernel turns poison into poison, and none
raises. The rounding mode is never touched. ``+ - * /`` and ``sqrt`` are correctly rounded, so one step outward suffices
(Rump, Zimmermann, Boldo, Melquiond 2009); the elementary functions of the C library are not, and are widened by 4 ulp
or more of what they return, an error that no library in use reaches (the tests and ``analyses/interval_kernels.py``
hold every one of them against balls). Powers and ``sech2`` do without the C library: their errors are derived in
``floats``. At a point no result is wider than 16 ulp of the true value.

Rigor: certified, as long as the platform's elementary functions stay within 4 ulp, rounding is to nearest and
subnormal numbers are not flushed to zero.
"""

from __future__ import annotations

import math

from dynlatch.jit import jit
from dynlatch.rigor.floats import LARGEST_POWER, power_nearly, sech2_nearly

BINARY = ("add", "sub", "mul", "div")
UNARY = (
    *("neg", "sqr", "absolute", "sign", "exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "sech2"),
    *("asin", "acos", "atan", "asinh", "acosh", "atanh"),
)
OPERATIONS = (*BINARY, *UNARY, "powi")
"""Names of all kernels on intervals; ``powi`` takes an integer exponent beside its interval."""

_TINY = 5e-324
_ONE_STEP = 2.0**-53 * (1.0 + 2.0**-52)
_MORE = 1.0 + 2.0**-50  # 4 ulp where the significand is 1, up to 8 where it is nearly 2
_LESS = 1.0 - 2.0**-50
_INVERSE_PI = 1.0 / math.pi
_PHASE_SLACK = 2.0**-50
_LARGEST_PHASE = 1.0e6


@jit
def down(x: float) -> float:
    """A float below ``x`` by one ulp or two. Rigor: certified; ``down(inf)`` is NaN."""
    return x - (abs(x) * _ONE_STEP + _TINY)


@jit
def up(x: float) -> float:
    """A float above ``x`` by one ulp or two. Rigor: certified; ``up(-inf)`` is NaN."""
    return x + (abs(x) * _ONE_STEP + _TINY)


@jit
def _seal(lo: float, hi: float) -> tuple[float, float]:
    """Poison unless both ends are numbers in order, so that a NaN never stands at one end alone."""
    if lo <= hi:
        return lo, hi
    return math.nan, math.nan


@jit
def _far_up(x: float) -> float:
    """A float above ``x`` by 4 to 8 ulp: rounded once, so that 8 are never exceeded. ``_far_up(-inf)`` is NaN."""
    if x == -math.inf:
        return math.nan
    return max(x * (_MORE if x > 0.0 else _LESS), x + 4.0 * _TINY)


@jit
def _widen(lo: float, hi: float) -> tuple[float, float]:
    """Room for 4 ulp at both ends, or for a relative error of 7 2^-53 and half of the least number beside it."""
    return _seal(-_far_up(-lo), _far_up(hi))


@jit
def _clamp(pair: tuple[float, float], least: float, greatest: float) -> tuple[float, float]:
    """Intersect with the exact range of a function; NaN stays NaN."""
    lo, hi = pair
    return (least if lo < least else lo), (greatest if hi > greatest else hi)


@jit
def _magnitudes(al: float, ah: float) -> tuple[float, float]:
    """Least and greatest absolute value."""
    if not al <= ah:
        return math.nan, math.nan
    least = al if al > 0.0 else (-ah if ah < 0.0 else 0.0)
    return least, max(-al, ah)


@jit
def _around(p: float, q: float, r: float, s: float) -> tuple[float, float]:
    """The rounded hull of four results of one operation; poison if one is NaN (0 * inf)."""
    total = p + q + r + s
    if total != total:
        return math.nan, math.nan
    return _seal(down(min(min(p, q), min(r, s))), up(max(max(p, q), max(r, s))))


# --- arithmetic -------------------------------------------------------------------------------------------------------


@jit
def add(al: float, ah: float, bl: float, bh: float) -> tuple[float, float]:
    """``a + b``."""
    return _seal(down(al + bl), up(ah + bh))


@jit
def sub(al: float, ah: float, bl: float, bh: float) -> tuple[float, float]:
    """``a - b``."""
    return _seal(down(al - bh), up(ah - bl))


@jit
def mul(al: float, ah: float, bl: float, bh: float) -> tuple[float, float]:
    """``a * b``."""
    return _around(al * bl, al * bh, ah * bl, ah * bh)


@jit
def div(al: float, ah: float, bl: float, bh: float) -> tuple[float, float]:
    """``a / b``; poison if ``b`` touches 0."""
    if bl > 0.0 or bh < 0.0:
        return _around(al / bl, al / bh, ah / bl, ah / bh)
    return math.nan, math.nan


@jit
def neg(al: float, ah: float) -> tuple[float, float]:
    """``-a``, exactly."""
    return -ah, -al


@jit
def absolute(al: float, ah: float) -> tuple[float, float]:
    """``|a|``, exactly."""
    return _magnitudes(al, ah)


@jit
def sign(al: float, ah: float) -> tuple[float, float]:
    """The sign of ``a``: 1 or -1, and everything from -1 to 1 if ``a`` touches 0."""
    if not al <= ah:
        return math.nan, math.nan
    return (1.0 if al > 0.0 else -1.0), (-1.0 if ah < 0.0 else 1.0)


@jit
def sqr(al: float, ah: float) -> tuple[float, float]:
    """``a**2``, never below 0."""
    least, greatest = _magnitudes(al, ah)
    return _clamp(_seal(down(least * least), up(greatest * greatest)), 0.0, math.inf)


@jit
def _power_below(x: float, k: int) -> float:
    """A lower bound of ``x**k`` for ``x >= 0``; hardly anything is known of very high powers."""
    if abs(k) > LARGEST_POWER:
        return 1.0 if (x >= 1.0 if k > 0 else x <= 1.0) else 0.0
    below = x if k == 1 else down(power_nearly(x, k))
    return 0.0 if below < 0.0 else below


@jit
def _power_above(x: float, k: int) -> float:
    """An upper bound of ``x**k`` for ``x >= 0``."""
    if abs(k) > LARGEST_POWER:
        return 1.0 if (x <= 1.0 if k > 0 else x >= 1.0) else math.inf
    return x if k == 1 else up(power_nearly(x, k))


@jit
def powi(al: float, ah: float, k: int) -> tuple[float, float]:
    """``a**k`` for an integer ``k``: 1 if ``k`` is 0, poison if ``k < 0`` and ``a`` touches 0. Cost: O(log k)."""
    if not (al <= ah and abs(k) >= 0):  # the least int64 has no absolute value
        return math.nan, math.nan
    if k == 0:
        return 1.0, 1.0
    least, greatest = _magnitudes(al, ah)
    if k < 0:
        if least == 0.0:
            return math.nan, math.nan
        least, greatest = greatest, least
    if k & 1 == 0 or al >= 0.0:
        return _seal(_power_below(least, k), _power_above(greatest, k))
    if ah <= 0.0:
        return _seal(-_power_above(greatest, k), -_power_below(least, k))
    return _seal(-_power_above(-al, k), _power_above(ah, k))


# --- elementary functions: monotone -----------------------------------------------------------------------------------


@jit
def sqrt(al: float, ah: float) -> tuple[float, float]:
    """The square root; poison if ``a`` reaches below 0."""
    return _clamp(_seal(down(math.sqrt(al)), up(math.sqrt(ah))), 0.0, math.inf)


@jit
def exp(al: float, ah: float) -> tuple[float, float]:
    """``e**a``, never below 0."""
    return _clamp(_widen(math.exp(al), math.exp(ah)), 0.0, math.inf)


@jit
def log(al: float, ah: float) -> tuple[float, float]:
    """The natural logarithm; poison if ``a`` touches 0 or reaches below."""
    if al > 0.0:
        return _widen(math.log(al), math.log(ah))
    return math.nan, math.nan


@jit
def sinh(al: float, ah: float) -> tuple[float, float]:
    """The hyperbolic sine."""
    return _widen(math.sinh(al), math.sinh(ah))


@jit
def tanh(al: float, ah: float) -> tuple[float, float]:
    """The hyperbolic tangent, within [-1, 1]."""
    return tanh_between(math.tanh(al), math.tanh(ah))


@jit
def tanh_between(at_al: float, at_ah: float) -> tuple[float, float]:
    """The hyperbolic tangent from what the C library gives for the two ends."""
    return _clamp(_widen(at_al, at_ah), -1.0, 1.0)


@jit
def asinh(al: float, ah: float) -> tuple[float, float]:
    """The inverse hyperbolic sine."""
    return _widen(math.asinh(al), math.asinh(ah))


@jit
def acosh(al: float, ah: float) -> tuple[float, float]:
    """The inverse hyperbolic cosine, at least 0; poison if ``a`` reaches below 1."""
    if al >= 1.0:
        return _clamp(_widen(math.acosh(al), math.acosh(ah)), 0.0, math.inf)
    return math.nan, math.nan


@jit
def atanh(al: float, ah: float) -> tuple[float, float]:
    """The inverse hyperbolic tangent; poison if ``a`` touches -1 or 1 or reaches beyond."""
    if al > -1.0 and ah < 1.0:
        return _widen(math.atanh(al), math.atanh(ah))
    return math.nan, math.nan


@jit
def asin(al: float, ah: float) -> tuple[float, float]:
    """The inverse sine; poison if ``a`` reaches beyond [-1, 1]."""
    if al >= -1.0 and ah <= 1.0:
        return _widen(math.asin(al), math.asin(ah))
    return math.nan, math.nan


@jit
def acos(al: float, ah: float) -> tuple[float, float]:
    """The inverse cosine, at least 0; poison if ``a`` reaches beyond [-1, 1]."""
    if al >= -1.0 and ah <= 1.0:
        return _clamp(_widen(math.acos(ah), math.acos(al)), 0.0, math.inf)
    return math.nan, math.nan


@jit
def atan(al: float, ah: float) -> tuple[float, float]:
    """The inverse tangent."""
    return _widen(math.atan(al), math.atan(ah))


# --- elementary functions: even or periodic ---------------------------------------------------------------------------


@jit
def cosh(al: float, ah: float) -> tuple[float, float]:
    """The hyperbolic cosine, at least 1."""
    least, greatest = _magnitudes(al, ah)
    return _clamp(_widen(math.cosh(least), math.cosh(greatest)), 1.0, math.inf)


@jit
def sech2(al: float, ah: float) -> tuple[float, float]:
    """``1 / cosh(a)^2``, the slope of tanh, within [0, 1] and with relative accuracy far from 0."""
    least, greatest = _magnitudes(al, ah)
    if not least <= greatest:
        return math.nan, math.nan
    return _clamp(_widen(sech2_nearly(greatest), sech2_nearly(least)), 0.0, 1.0)


@jit
def _phase_range(al: float, ah: float, shift: float) -> tuple[int, int]:
    """First and last integer that ``x / pi - shift`` may pass on ``a``; the first is above the last if there is none.

    For arguments up to 1e6 the two roundings and that of 1/pi stay within half of the slack.
    """
    ql, qh = al * _INVERSE_PI - shift, ah * _INVERSE_PI - shift
    first = math.ceil(ql - _PHASE_SLACK * (abs(ql) + 1.0))
    return first, math.floor(qh + _PHASE_SLACK * (abs(qh) + 1.0))


@jit
def _wave(al: float, ah: float, at_al: float, at_ah: float, shift: float) -> tuple[float, float]:
    """Sine or cosine from its values at the ends: the extremum number ``k`` is ``(-1)^k``."""
    if not al <= ah:
        return math.nan, math.nan
    if not (al >= -_LARGEST_PHASE and ah <= _LARGEST_PHASE):
        return -1.0, 1.0
    first, last = _phase_range(al, ah, shift)
    if first < last:
        return -1.0, 1.0
    lo, hi = _clamp(_widen(min(at_al, at_ah), max(at_al, at_ah)), -1.0, 1.0)
    if first == last:
        if first & 1:
            lo = -1.0
        else:
            hi = 1.0
    return lo, hi


@jit
def sin(al: float, ah: float) -> tuple[float, float]:
    """The sine, within [-1, 1], and all of that if ``a`` reaches beyond +-1e6."""
    return _wave(al, ah, math.sin(al), math.sin(ah), 0.5)


@jit
def cos(al: float, ah: float) -> tuple[float, float]:
    """The cosine, within [-1, 1], and all of that if ``a`` reaches beyond +-1e6."""
    return _wave(al, ah, math.cos(al), math.cos(ah), 0.0)


@jit
def tan(al: float, ah: float) -> tuple[float, float]:
    """The tangent; poison if ``a`` may hold a pole or reaches beyond +-1e6."""
    if not (al >= -_LARGEST_PHASE and ah <= _LARGEST_PHASE):
        return math.nan, math.nan
    first, last = _phase_range(al, ah, 0.5)
    if first <= last:
        return math.nan, math.nan
    return _widen(math.tan(al), math.tan(ah))
