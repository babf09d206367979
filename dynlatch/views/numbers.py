"""Numbers and verdicts as words on the page: only digits that are certain, and a sign for every status."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Final, SupportsFloat

from markupsafe import Markup

from dynlatch.rigor.enclosure import Enclosure
from dynlatch.rigor.spectra import Eigenvalue

MEASURED: Final = "measured"
"""The status of what floating point has seen."""


def badge(verdict: str) -> Markup:
    """A verdict that can be told by its sign, its word, its border and its colour."""
    sign = {"PROVED": "✓", "REFUTED": "✗", "INCONCLUSIVE": "?", MEASURED: "≈"}.get(str(verdict), "")
    return Markup('<span class="badge {}"><span aria-hidden="true">{}</span> {}</span>').format(
        str(verdict).lower(), sign, verdict
    )


def sentence(text: str) -> str:
    """Words as a sentence of their own; a symbol that stands first keeps its case."""
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    start = text[:1].upper() if first.strip(":,;").isalpha() and len(first) > 1 else text[:1]
    return f"{start}{text[1:].rstrip('.')}." if text else ""


def real_text(value: float, digits: int = 6) -> str:
    """A float to some digits."""
    if math.isnan(value):
        return "not defined"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value + 0.0:.{digits}g}".replace("-", "−")


def at_least_text(value: float | Fraction, digits: int = 6) -> str:
    """A proved lower bound to some digits, rounded down, so that what is shown is proved as well."""
    return _rounded(value, digits, ROUND_FLOOR)


def at_most_text(value: float | Fraction, digits: int = 6) -> str:
    """A proved upper bound to some digits, rounded up."""
    return _rounded(value, digits, ROUND_CEILING)


def _rounded(value: float | Fraction, digits: int, rounding: str) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return real_text(value)
    return real_text(float(_decimal(value, digits, rounding)), digits)


def _decimal(value: float | Fraction, digits: int, rounding: str) -> Decimal:
    """An exact number rounded once, in the direction that is asked for."""
    exact = Fraction(value)
    return Context(prec=digits, rounding=rounding).divide(Decimal(exact.numerator), Decimal(exact.denominator))


def certain_digits(e: Enclosure, digits: int = 12) -> str:
    """The digits of an enclosed number that are certain, at most ``digits``."""
    if e.lower == e.upper:
        short = str(e.lower)
        return short.replace("-", "−") if len(short) <= 12 else real_text(float(e), digits)
    size, width = abs(float(e)), e.width
    if size <= width:
        return "0"
    return real_text(float(e), min(digits, max(1, math.floor(math.log10(size / width)))))


def half_width(e: Enclosure) -> str:
    """How far an enclosed number may be off."""
    return "exact" if e.lower == e.upper else f"± {e.width / 2:.1e}".replace("-", "−")


def multiplier_text(e: Eigenvalue) -> str:
    """An enclosed eigenvalue, by its certain digits."""
    real = certain_digits(e.real, 8 if e.imag.lower == e.imag.upper == 0 else 6)
    if e.imag.lower == e.imag.upper == 0:
        return real
    sign = "−" if float(e.imag) < 0 else "+"
    size = -e.imag if float(e.imag) < 0 else e.imag
    return f"{real} {sign} {certain_digits(size, 6)} i, modulus {certain_digits(e.modulus, 5)}"


def point_text(values: Iterable[SupportsFloat], digits: int = 6) -> str:
    """The first coordinates of a state."""
    listed = [float(v) for v in values]
    shown = ", ".join(real_text(v, digits) for v in listed[:8])
    return f"({shown}{', …' if len(listed) > 8 else ''})"


def share_text(value: float | Fraction, rounding: str = ROUND_HALF_EVEN) -> str:
    """A share in per cent; one too small for two decimals keeps a digit, and only the whole is 100.00 %."""
    percent = _decimal(100 * Fraction(value), 60, rounding)
    if 0 < value < 5e-5:
        return f"{float(Context(prec=1, rounding=rounding).create_decimal(percent)):.1g} %"
    decimals = 2
    while value < 1 and f"{percent:.{decimals}f}".startswith("100") and decimals < 12:
        decimals += 1
    return f"{percent.quantize(Decimal(1).scaleb(-decimals), rounding)} %"


def share_at_least(value: float | Fraction) -> str:
    """A proved lower bound of a share, rounded down."""
    return share_text(value, ROUND_FLOOR)


def share_at_most(value: float | Fraction) -> str:
    """A proved upper bound of a share, rounded up."""
    return share_text(value, ROUND_CEILING)
