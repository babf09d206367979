"""Ball arithmetic on exact dyadics: python-flint's ``arb``, made safe for wide balls and for domains.

A ball ``[mid +- rad]`` holds a real number; NaN says "undefined somewhere or nothing known". Arb's own functions are
made for narrow balls (``tanh`` of ``[0, 1]`` comes out beyond +-1), so here a monotone function takes the hull of its
values at the ends. Radii have 30 bits, so a hull may exceed its ends by 2^-28 of its width.

Comparisons of balls are three-valued: ``not (x < y)`` does not say ``x >= y``.
Rigor: certified.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from fractions import Fraction

from flint import arb, arb_mat, ctx, fmpq

from dynlatch.rigor.enclosure import Enclosure

_LARGEST_EXPONENT = 1 << 16
_NARROW_BITS = 30
_NARROW_PHASE = 2.0**-30


@contextmanager
def precision(bits: int) -> Generator[None]:
    """Work with ``bits`` bits inside the ``with``, then return to what was.

    The precision belongs to the whole process: use processes, not threads, for ball work.
    """
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


def ball(x: int | float | Fraction | Enclosure) -> arb:
    """The smallest ball of this precision around an exact number (a float is the dyadic it is) or an enclosure."""
    if isinstance(x, Enclosure):
        lo, hi = ball(x.lower), ball(x.upper)
        return _hull_from_ends(lo, hi, lo.union(hi))
    if isinstance(x, Fraction):
        return arb(fmpq(x.numerator, x.denominator))
    return arb(x)


def hull(lo: arb, hi: arb) -> arb:
    """A ball around both and all between; it holds 0 only if that lies between their ends."""
    both = lo.union(hi)
    return both if both > 0 or both < 0 or not both.is_finite() else _hull_from_ends(lo, hi, both)


def _hull_from_ends(lo: arb, hi: arb, both: arb) -> arb:
    """A hull whose end nearer to 0 is exact, and both ends where 30 bits of radius allow; else ``both``."""
    try:
        (lo_below, lo_above), (hi_below, hi_above) = _ends(lo), _ends(hi)
        below, above = min(lo_below, hi_below), max(lo_above, hi_above)
        if below == above:
            return both
        if -below <= above:
            return _anchored(below, above, both)
        return _anchored(-above, -below, both.neg(exact=True)).neg(exact=True)
    except ArithmeticError:  # no fractions of that size
        return both


def ends(x: arb) -> tuple[Fraction, Fraction]:
    """The exact ends ``mid - rad`` and ``mid + rad``; bits below 2^-65536 are rounded outward.

    Raises: ArithmeticError if they are not finite, or too large to be written out.
    """
    if not x.is_finite():
        raise ArithmeticError(f"the ball {x} has no ends: nothing finite is known about it")
    (lower, upper), (_, radius) = _rounded(x.mid()), _rounded(x.rad())
    return lower - radius, upper + radius


def enclosure(x: arb) -> Enclosure:
    """The ball as an interval with exact ends. Raises: ArithmeticError as ``ends`` does."""
    return Enclosure(*ends(x))


def _rounded(x: arb) -> tuple[Fraction, Fraction]:
    """An exact ball between two fractions that can be written out; they are equal but for the very smallest numbers."""
    mantissa, exponent = (int(part) for part in x.man_exp())
    shift = -_LARGEST_EXPONENT - exponent
    if shift <= 0:
        exact = _dyadic(x)
        return exact, exact
    return Fraction(mantissa >> shift, 1 << _LARGEST_EXPONENT), Fraction(-(-mantissa >> shift), 1 << _LARGEST_EXPONENT)


def _dyadic(x: arb) -> Fraction:
    mantissa, exponent = (int(part) for part in x.man_exp())
    if abs(exponent) > _LARGEST_EXPONENT:
        raise ArithmeticError(f"the ball end {x} is too large or too small to be written out")
    return Fraction(mantissa << exponent) if exponent >= 0 else Fraction(mantissa, 1 << -exponent)


def _ends(x: arb) -> tuple[Fraction, Fraction]:
    middle, radius = _dyadic(x.mid()), _dyadic(x.rad())
    return middle - radius, middle + radius


def _anchored(below: Fraction, above: Fraction, otherwise: arb) -> arb:
    """A ball whose lower end is exactly ``below``, or ``otherwise`` where none is found.

    A radius is stored as the first 30 bits of what was asked for, plus one: so ask for a little less.
    """
    half = (above - below) / 2
    exponent = half.numerator.bit_length() - half.denominator.bit_length() - 28
    scaled = half / Fraction(2) ** exponent
    mantissa = -(-scaled.numerator // scaled.denominator)
    radius = mantissa * Fraction(2) ** exponent
    middle = below + radius
    result = arb(
        (middle.numerator, 1 - middle.denominator.bit_length()),
        ((mantissa << 40) - 1, exponent - 40),
    )
    lower, upper = _ends(result)
    return result if lower == below and upper >= above else otherwise


def _exact_ends(x: arb) -> tuple[arb, arb]:
    """Exact balls that bound ``x`` from below and above, rounded outward to the precision."""
    return x.lower(), x.upper()


def _increasing(function: Callable[[arb], arb], x: arb) -> arb:
    if not x.is_finite():
        return arb.nan()
    if x.is_exact():
        return function(x)
    lo, hi = _exact_ends(x)
    return hull(function(lo), function(hi))


def _even(function: Callable[[arb], arb], x: arb) -> arb:
    """The hull of the values at the least and the greatest absolute value."""
    return _increasing(function, absolute(x))


# --- arithmetic -------------------------------------------------------------------------------------------------------


def add(x: arb, y: arb) -> arb:
    """``x + y``."""
    return x + y


def sub(x: arb, y: arb) -> arb:
    """``x - y``."""
    return x - y


def mul(x: arb, y: arb) -> arb:
    """``x * y``; of two wide balls the hull of the products of their ends."""
    product = x * y
    if _is_narrow(x) or _is_narrow(y) or not product.is_finite():
        return product
    (xl, xh), (yl, yh) = _exact_ends(x), _exact_ends(y)
    corners = (xl * yl, xl * yh, xh * yl, xh * yh)
    least, greatest = corners[0], corners[0]
    for corner in corners[1:]:
        least, greatest = least.min(corner), greatest.max(corner)
    return hull(least, greatest)


def div(x: arb, y: arb) -> arb:
    """``x / y``; NaN if ``y`` holds 0."""
    if not (y > 0 or y < 0):
        return arb.nan()
    return x / y if _is_narrow(y) else mul(x, _increasing(lambda end: 1 / end, y))


def neg(x: arb) -> arb:
    """``-x``, exactly (flint's own minus sign rounds)."""
    return x.neg(exact=True)


def absolute(x: arb) -> arb:
    """``|x|``."""
    if x >= 0:
        return x
    if x <= 0:
        return neg(x)
    return hull(arb(0), x.abs_upper()) if x.is_finite() else arb.nan()


def sign(x: arb) -> arb:
    """The sign of ``x``: 1 or -1, and everything from -1 to 1 if ``x`` holds 0."""
    if x > 0:
        return arb(1)
    if x < 0:
        return arb(-1)
    return _FROM_MINUS_ONE_TO_ONE if x.is_finite() else arb.nan()


def sqr(x: arb) -> arb:
    """``x**2``, never below 0."""
    return powi(x, 2)


def powi(x: arb, k: int) -> arb:
    """``x**k`` for an integer ``k``; NaN if ``k < 0`` and ``x`` holds 0."""
    if not x.is_finite():
        return arb.nan()
    if k == 0:
        return arb(1)
    if k < 0 and not (x > 0 or x < 0):
        return arb.nan()
    return (_increasing if k % 2 else _even)(lambda end: end**k, x)


def _is_narrow(x: arb) -> bool:
    return x.is_exact() or x.rel_accuracy_bits() >= _NARROW_BITS


# --- elementary functions ---------------------------------------------------------------------------------------------


def sqrt(x: arb) -> arb:
    """The square root; NaN if ``x`` reaches below 0."""
    return _increasing(arb.sqrt, x) if x >= 0 else arb.nan()


def exp(x: arb) -> arb:
    """``e**x``."""
    return _increasing(arb.exp, x)


def log(x: arb) -> arb:
    """The natural logarithm; NaN if ``x`` touches 0 or reaches below."""
    return _increasing(arb.log, x) if x > 0 else arb.nan()


def sinh(x: arb) -> arb:
    """The hyperbolic sine."""
    return _increasing(arb.sinh, x)


def cosh(x: arb) -> arb:
    """The hyperbolic cosine."""
    return _even(arb.cosh, x)


def tanh(x: arb) -> arb:
    """The hyperbolic tangent."""
    return _increasing(arb.tanh, x)


def sech2(x: arb) -> arb:
    """``1 / cosh(x)^2``, the slope of tanh."""
    return _even(lambda end: end.sech() ** 2, x)


def asin(x: arb) -> arb:
    """The inverse sine; NaN if ``x`` reaches beyond [-1, 1]."""
    return _increasing(arb.asin, x) if -1 <= x <= 1 else arb.nan()


def acos(x: arb) -> arb:
    """The inverse cosine; NaN if ``x`` reaches beyond [-1, 1]."""
    return -_increasing(lambda end: -end.acos(), x) if -1 <= x <= 1 else arb.nan()


def atan(x: arb) -> arb:
    """The inverse tangent."""
    return _increasing(arb.atan, x)


def asinh(x: arb) -> arb:
    """The inverse hyperbolic sine."""
    return _increasing(arb.asinh, x)


def acosh(x: arb) -> arb:
    """The inverse hyperbolic cosine; NaN if ``x`` reaches below 1."""
    return _increasing(arb.acosh, x) if x >= 1 else arb.nan()


def atanh(x: arb) -> arb:
    """The inverse hyperbolic tangent; NaN if ``x`` touches -1 or 1 or reaches beyond."""
    return _increasing(arb.atanh, x) if -1 < x < 1 else arb.nan()


def _half_waves(x: arb, shift: Fraction) -> tuple[int, int] | None:
    """The integer parts of ``x / pi - shift`` at the two ends, or None where the precision cannot tell."""
    found = tuple((end / arb.pi() - ball(shift)).floor().unique_fmpz() for end in _exact_ends(x))
    return None if found[0] is None or found[1] is None else (int(found[0]), int(found[1]))


def _wave(function: Callable[[arb], arb], x: arb, shift: Fraction) -> arb:
    """Sine or cosine: values at the ends, and ``(-1)^k`` where the extremum number ``k`` lies between them."""
    if not x.is_finite():
        return arb.nan()
    if x.rad() < _NARROW_PHASE:
        return function(x)
    parts = _half_waves(x, shift)
    if parts is None or parts[1] > parts[0] + 1:
        return _FROM_MINUS_ONE_TO_ONE
    lo, hi = _exact_ends(x)
    at_lo, at_hi = function(lo), function(hi)
    least, greatest = at_lo.min(at_hi), at_lo.max(at_hi)
    if parts[0] == parts[1]:
        return hull(least, greatest)
    return hull(least, arb(1)) if parts[1] % 2 == 0 else hull(arb(-1), greatest)


def sin(x: arb) -> arb:
    """The sine."""
    return _wave(arb.sin, x, Fraction(1, 2))


def cos(x: arb) -> arb:
    """The cosine."""
    return _wave(arb.cos, x, Fraction(0))


def tan(x: arb) -> arb:
    """The tangent; NaN if ``x`` may hold a pole."""
    if not x.is_finite():
        return arb.nan()
    if x.is_exact():
        return arb.tan(x)
    parts = _half_waves(x, Fraction(1, 2))
    return _increasing(arb.tan, x) if parts is not None and parts[0] == parts[1] else arb.nan()


_FROM_MINUS_ONE_TO_ONE = _anchored(Fraction(-1), Fraction(1), hull(arb(-1), arb(1)))

FUNCTIONS: dict[str, Callable[[arb], arb]] = {
    function.__name__: function
    for function in (
        *(neg, sqr, absolute, sign, exp, log, sqrt, sin, cos, tan, sinh, cosh, tanh, sech2),
        *(asin, acos, atan, asinh, acosh, atanh),
    )
}
"""The functions of one ball by name."""


def matrix_product(a: Sequence[Sequence[arb]], b: Sequence[Sequence[arb]]) -> list[list[arb]]:
    """The product of two matrices given as rows."""
    product = arb_mat([list(row) for row in a]) * arb_mat([list(row) for row in b])
    return [[product[i, j] for j in range(product.ncols())] for i in range(product.nrows())]
