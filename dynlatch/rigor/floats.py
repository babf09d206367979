"""Powers and sech^2 of one float, without the C library's functions, so that their errors can be derived.

Compiled. Rigor: floating point, with the error bounds that the docstrings derive for rounding to nearest;
``intervals`` rounds them outward.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from dynlatch.jit import jit

LARGEST_POWER: Final = 1 << 20

_LEAST, _MOST = 2.0**-900, 2.0**900
_POWERS_OF_TWO = np.ldexp(1.0, -np.arange(1078))
_SPLITTER = 2.0**27 + 1.0
# fmt: off
_LN2_HIGH = 6.93147180369123816490e-01  # ln 2 in two parts, the first with 21 trailing zero bits,
_LN2_LOW = 1.90821492927058770002e-10   # so that k times it is exact for the exponents k that occur
_LOG2_E = 1.4426950408889634
_ROUND = 6755399441055744.0             # 1.5 * 2^52: adding it rounds to an integer
# fmt: on


@jit
def _product(x: float, y: float) -> tuple[float, float]:
    """``x y`` as a float and its error, exactly, for sizes from 2^-900 to 2^900 (Veltkamp, Dekker 1971)."""
    cut, cut_y = _SPLITTER * x, _SPLITTER * y
    high, high_y = cut - (cut - x), cut_y - (cut_y - y)
    low, low_y = x - high, y - high_y
    p = x * y
    return p, ((high * high_y - p) + high * low_y + low * high_y) + low * low_y


@jit
def _times(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    """The product of two numbers ``h + l`` with |l| <= 2^-53 |h|; relative error below 2^-102."""
    p, rest = _product(a[0], b[0])
    rest += a[0] * b[1] + a[1] * b[0]
    high = p + rest
    return high, rest - (high - p)


@jit
def _power(x: float, k: int) -> tuple[float, float]:
    """``x^k`` for ``k >= 1`` as the sum of two floats; each of the k - 1 factors costs 2^-102, 2^20 of them 2^-82."""
    base = (x, 0.0)
    while k & 1 == 0:
        base = _times(base, base)
        k >>= 1
    result = base
    while k > 1:
        base = _times(base, base)
        k >>= 1
        if k & 1:
            result = _times(result, base)
    return result


@jit
def _scaled_power(x: float, k: int) -> tuple[float, float, int]:
    """``x^k`` as ``_power`` has it, with the exponent apart: for powers that a float can hardly hold."""
    m, e = math.frexp(x)
    base, result = (m, 0.0, int(e)), (1.0, 0.0, 0)
    while True:
        if k & 1:
            result = _scaled(_times((result[0], result[1]), (base[0], base[1])), result[2] + base[2])
        k >>= 1
        if k == 0:
            return result
        base = _scaled(_times((base[0], base[1]), (base[0], base[1])), 2 * base[2])


@jit
def _scaled(a: tuple[float, float], e: int) -> tuple[float, float, int]:
    return (2.0 * a[0], 2.0 * a[1], e - 1) if a[0] < 0.5 else (a[0], a[1], e)


@jit
def _inverse(high: float, low: float) -> float:
    """``1 / (high + low)`` by a division and one step of Newton's method for the bits in ``low``."""
    nearly = 1.0 / high
    one, rest = _product(nearly, high)
    return nearly + nearly * (((1.0 - one) - rest) - nearly * low)


@jit
def power_nearly(x: float, k: int) -> float:
    """``x^k`` for ``x >= 0`` and ``1 <= |k| <= 2^20`` with an error of hardly more than half an ulp."""
    if k == 1 or k == 2:
        return x if k == 1 else x * x
    count = abs(k)
    high, low = _power(x, count)
    if _LEAST < high < _MOST:  # and with it all that came before
        return high if k > 0 else _inverse(high, low)
    if not 0.0 < x < math.inf:
        return x if k > 0 else 1.0 / x
    high, low, e = _scaled_power(x, count)
    return math.ldexp(high, e) if k > 0 else math.ldexp(_inverse(high, low), -e)


@jit
def sech2_nearly(x: float) -> float:
    """``4e / (1 + e)^2`` with ``e = exp(-2x)``, ``x >= 0``: no cancellation, hence relative accuracy far out.

    ``e = 2^k g`` with ``g = exp(r)``, ``|r| <= 0.347``, by Taylor's polynomial of degree 13. In units of 2^-53 the
    relative error of g is below 2.2: 0.35 from r, whose first difference is exact; 0.8 from ``p = r + r^2 q``, that is
    0.04 from the terms left out, 0.27 from ``r^2 q`` and 0.42 from adding r, divided by g; 1 from rounding g. The
    result's is below 6.2: no more than that of g, 2 from rounding ``1 + e``, 1 each from the square and the quotient.
    A subnormal result errs by half of the least number beside that. From 373 on the value at 373, which is 2^-1074.
    """
    y = -2.0 * min(x, 373.0)
    k = (y * _LOG2_E + _ROUND) - _ROUND
    r = (y - k * _LN2_HIGH) - k * _LN2_LOW
    s, t = r * r, (r * r) * (r * r)
    head = (0.5 + r * (1.0 / 6.0)) + s * (1.0 / 24.0 + r * (1.0 / 120.0))
    middle = (1.0 / 720.0 + r * (1.0 / 5040.0)) + s * (1.0 / 40320.0 + r * (1.0 / 362880.0))
    tail = (1.0 / 3628800.0 + r * (1.0 / 39916800.0)) + s * (1.0 / 479001600.0 + r * (1.0 / 6227020800.0))
    g = 1.0 + (r + s * (head + t * (middle + t * tail)))
    power = _POWERS_OF_TWO[int(-k)]
    one = 1.0 + power * g
    return (g / (one * one)) * (4.0 * power)
