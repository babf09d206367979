"""Elementary functions for compiled float loops, written without branches so that the loops vectorise.

Errors against the exact value, measured over the whole range and held by tests: ``tanh``, ``exp``, ``sech2``
4 ulp; the rest are the C library's. Rigor: floating point.
"""

from __future__ import annotations

import math
from typing import Any

from dynlatch.jit import jit
from dynlatch.lanes import fma, larger, magnitude, power_of_two, with_sign_of

# fmt: off
_LN2_HIGH = 6.93147180369123816490e-01  # ln 2 in two parts, the first with 21 trailing zero bits,
_LN2_LOW = 1.90821492927058770002e-10   # so that k times it is exact for the exponents k that occur
_LOG2_E = 1.4426950408889634
_ROUND = 6755399441055744.0             # 1.5 * 2^52: adding it rounds to an integer held in the low bits
_RATE = -2.0 * _LOG2_E
# p(g) / q(g) is tanh(f ln 2 / 2) / f for g = f^2 <= 1/4, but for 5e-18 of it: the rational function that agrees with it
# at the Chebyshev points, scaled so that p(0) and q(0) are floats to within 1e-20.
_P = (0.6593021033841667, 0.008798037696113686, 1.005785117921927e-05)
_Q = (1.90234375, 0.10155133639046904, 0.0004355104015294544)
# fmt: on


@jit
def _expm1_parts(y: Any) -> tuple[Any, Any]:
    """(s, p) with exp(y) = s (1 + p), s a power of two and p = expm1 of the rest, for -708 <= y <= 709."""
    shifted = fma(y, _LOG2_E, _ROUND)
    k = shifted - _ROUND
    r = fma(k, -_LN2_LOW, fma(k, -_LN2_HIGH, y))
    # Pairs of terms rather than one after another: half the latency.
    r2 = r * r
    r4 = r2 * r2
    q = fma(fma(r, 1.0 / 6227020800.0, 1.0 / 479001600.0), r2, fma(r, 1.0 / 39916800.0, 1.0 / 3628800.0))
    q = fma(q, r4, fma(fma(r, 1.0 / 362880.0, 1.0 / 40320.0), r2, fma(r, 1.0 / 5040.0, 1.0 / 720.0)))
    q = fma(q, r4, fma(fma(r, 1.0 / 120.0, 1.0 / 24.0), r2, fma(r, 1.0 / 6.0, 0.5)))
    return power_of_two(shifted), fma(q, r2, r)


@jit
def exp(x: float) -> float:
    """e^x; 0 below -708 and inf above 709, so that no subnormal arithmetic occurs."""
    y = min(max(x, -708.0), 709.0)
    s, p = _expm1_parts(y)
    value = fma(s, p, s)
    value = 0.0 if x < -708.0 else value
    value = math.inf if x > 709.0 else value
    return x if x != x else value


@jit
def tanh(x: Any) -> Any:
    """The hyperbolic tangent of a float or of lanes, with relative accuracy near 0 as well.

    With -2 |x| = (k + f) ln 2, |f| <= 1/2, and tanh(f ln 2 / 2) = p / q, a rational function of f,
    e^(-2 |x|) = 2^k (q + p) / (q - p), so that a single division is left.
    """
    u = larger(magnitude(x) * _RATE, -64.0)
    shifted = u + _ROUND
    f = u - (shifted - _ROUND)
    g = f * f
    p = fma(fma(g, _P[2], _P[1]), g, _P[0]) * f
    q = fma(fma(g, _Q[2], _Q[1]), g, _Q[0])
    s = power_of_two(shifted)
    more, less = s + 1.0, s - 1.0
    return with_sign_of(fma(more, p, less * q) / fma(less, p, more * q), x)


@jit
def sech2(x: float) -> float:
    """1 / cosh(x)^2, with relative accuracy in the tails (0 where |x| > 354)."""
    e = exp(-2.0 * abs(x))
    return 4.0 * e / ((1.0 + e) * (1.0 + e))


@jit
def sign(x: float) -> float:
    """-1, 0 or 1."""
    return x if x != x else (1.0 if x > 0.0 else (-1.0 if x < 0.0 else 0.0))
