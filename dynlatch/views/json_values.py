"""Values as JSON: numbers that read back exactly, enclosures with exact ends, and how the text is laid out."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final, TypeAlias

from dynlatch.rigor.enclosure import Enclosure

Json: TypeAlias = dict[str, Any]

_MAX_EXACT_BITS: Final = 8192
"""Ends with longer numerators than this are given as their floats, rounded outward."""
_WIDTH: Final = 120


def to_text(value: object) -> str:
    """Strictly valid JSON, indented, short lists and tables on one line.

    Raises: ValueError for a float that is not finite: write those by ``number``.
    """
    return _layout(value, 0) + "\n"


def number(value: float) -> float | str | None:
    """A float that JSON can hold: itself, ``"Infinity"``, ``"-Infinity"``, or None for nan."""
    plain = float(value)
    if math.isnan(plain):
        return None
    return plain if math.isfinite(plain) else ("Infinity" if plain > 0 else "-Infinity")


def of_enclosure(value: Enclosure) -> Json:
    """The ends as floats rounded outward, and exactly."""
    lo, hi = value.lo, value.hi
    return {
        "lo": number(lo),
        "hi": number(hi),
        "lower": exact_text(value.lower, lo),
        "upper": exact_text(value.upper, hi),
    }


def exact_text(value: Fraction, outward: float | None = None) -> str:
    """A fraction as ``p/q``; one that is very long as ``outward``, a float on its safe side, if there is one."""
    long = max(value.numerator.bit_length(), value.denominator.bit_length()) > _MAX_EXACT_BITS
    return str(Fraction(outward) if long and outward is not None and math.isfinite(outward) else value)


def _layout(value: object, depth: int) -> str:
    line = json.dumps(value, allow_nan=False, ensure_ascii=False)
    if len(line) + 2 * depth <= _WIDTH or not isinstance(value, dict | list):
        return line
    inner, end = "  " * (depth + 1), "  " * depth
    if isinstance(value, dict):
        entries: dict[str, object] = value
        rows = [f"{json.dumps(k, ensure_ascii=False)}: {_layout(v, depth + 1)}" for k, v in entries.items()]
        return "{\n" + ",\n".join(inner + row for row in rows) + f"\n{end}}}"
    items: Sequence[object] = value
    if all(isinstance(item, float | int) for item in items):
        return line
    return "[\n" + ",\n".join(inner + _layout(item, depth + 1) for item in items) + f"\n{end}]"
