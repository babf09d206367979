"""The certificate document: one JSON object of exact text, and the writers of its numbers.

What the format means is told in ``dynlatch/checker/certificates.md``; nothing here is trusted by the checker.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InputError
from dynlatch.files import whole_file, writable_parent
from dynlatch.maps.definition import Map
from dynlatch.maps.text import map_to_json
from dynlatch.rigor.enclosure import Enclosure

Json: TypeAlias = dict[str, Any]
Number: TypeAlias = int | float | Fraction

FORMAT: Final = "dynlatch certificate"
VERSION: Final = 1

_MAX_BITS: Final = 1 << 20
"""Of an exponent; numbers nearer to 0 or farther from it have no short text."""
_MAX_DIGITS: Final = 4000
_BITS: Final = 104
"""Of the ends of an enclosure: far fewer than it was made with, so that the text is short and can be proved again."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A claim about a map, written down so that others can prove it again without the code that found it.

    ``kind`` names the claim, ``claim`` is its exact content as plain JSON data, ``map`` the map it is about.
    ``dynlatch.verify`` re-proves it. Rigor: none by itself: it is only as good as its check.
    """

    kind: str
    map: Map
    claim: Json

    def text(self) -> str:
        """The document, UTF-8 JSON that ends in a line break.

        Raises: InputError for a map that has no exact text (see ``map_to_json``).
        """
        document = {
            "format": FORMAT, "version": VERSION, "kind": self.kind, "map": map_to_json(self.map), "claim": self.claim,
        }  # fmt: skip
        return json.dumps(document, indent=1, allow_nan=False) + "\n"

    def save(self, path: str | Path) -> Path:
        """Write the document; the file appears whole or not at all. Returns its absolute path.

        Raises: OutputError if it cannot be written; InputError as ``text``.
        """
        text = self.text()
        target = writable_parent(Path(path))
        with whole_file(target) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="\n")
        return target

    def __repr__(self) -> str:
        return f"Certificate({self.kind} of {self.map.name})"


# --- numbers ----------------------------------------------------------------------------------------------------------


def number(value: Number) -> str:
    """An exact number as text: ``"-3"``, ``"5/4"``, or ``"12345*2^-60"`` where that is shorter; a float is its dyadic.

    Raises: InputError for nan, infinities, and numbers whose text would be senselessly long.
    """
    if isinstance(value, float) and not np.isfinite(value):
        raise InputError(f"{value} has no exact text; only finite numbers can be certified")
    exact = Fraction(value)
    p, q = exact.numerator, exact.denominator
    shift = (p & -p).bit_length() - 1 if p else 0
    power = shift - (q.bit_length() - 1) if q & (q - 1) == 0 else 0
    if max(abs(power), p.bit_length(), q.bit_length()) > _MAX_BITS:
        raise InputError(f"a number beyond 2^+-{_MAX_BITS} has no short text; rescale the map")
    if q & (q - 1) == 0 and abs(power) > 3:
        p, q, tail = p >> shift, 1, f"*2^{power}"
    else:
        tail = ""
    if max(p.bit_length(), q.bit_length()) > 3 * _MAX_DIGITS:
        raise InputError(f"a number of more than {_MAX_DIGITS} digits arises; rescale the map")
    return f"{p}{tail}" if q == 1 else f"{p}/{q}"


def interval(value: Enclosure) -> list[str]:
    """Both ends, exactly."""
    return [number(value.lower), number(value.upper)]


def widened(value: Enclosure, scale: Number) -> Enclosure:
    """A somewhat wider enclosure whose ends are short dyadics, multiples of about 2^-104 of ``scale``.

    The room between the ends and the number lets another arithmetic, rounding elsewhere, prove the same claim.
    """
    step = _power_of_two(max(Fraction(scale), abs(value.lower), abs(value.upper), value.upper - value.lower))
    room = max(2 * step, (value.upper - value.lower) / 8)
    return Enclosure(_multiple(value.lower - room, step, up=False), _multiple(value.upper + room, step, up=True))


def rounded_up(value: Number) -> Fraction:
    """A short dyadic above a number, by 2^-104 to 2^-102 of it: an upper bound that can be proved again."""
    exact = Fraction(value)
    step = _power_of_two(abs(exact) or Fraction(1))
    return _multiple(exact + step, step, up=True)


def rounded_down(value: Number) -> Fraction:
    """The same from below."""
    return -rounded_up(-Fraction(value))


def _power_of_two(scale: Fraction) -> Fraction:
    exponent = scale.numerator.bit_length() - scale.denominator.bit_length() - _BITS
    return Fraction(2) ** exponent


def _multiple(value: Fraction, step: Fraction, *, up: bool) -> Fraction:
    ratio = value / step
    return (-(-ratio.numerator // ratio.denominator) if up else ratio.numerator // ratio.denominator) * step


# --- boxes, matrices, arrays ------------------------------------------------------------------------------------------


def box(sides: Iterable[Enclosure | tuple[Number, Number]]) -> list[list[str]]:
    """One pair of exact ends per state."""
    return [interval(s) if isinstance(s, Enclosure) else [number(s[0]), number(s[1])] for s in sides]


def vector(values: Iterable[Number]) -> list[str]:
    """One exact number per state."""
    return [number(v) for v in values]


def matrix(rows: Sequence[Sequence[Number]]) -> list[list[str]]:
    """Rows of exact numbers."""
    return [vector(row) for row in rows]


def packed(values: NDArray[Any], kind: str) -> Json:
    """An array of whole numbers as compressed text: ``kind`` is ``"u1"`` (bytes) or ``"i4"`` (32 bits, signed).

    Raises: InputError for a kind of another name and for values that do not fit it.
    """
    if kind not in ("u1", "i4"):
        raise InputError(f"kind={kind!r} is not one of u1 and i4; choose the smaller one that fits")
    flat = np.asarray(values).ravel()
    stored = flat.astype(f"<{kind}")
    if not np.array_equal(stored, flat):
        raise InputError(f"the values of an array do not fit the type {kind}; choose i4, or mend the values")
    data = base64.b64encode(zlib.compress(stored.tobytes(), 9)).decode("ascii")
    return {"type": kind, "length": int(flat.size), "data": data}
