"""One value of a JSON document together with the place it stands at, so that every complaint can name it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final, TypeAlias

from flint import fmpz

from dynlatch.errors import InputError

Matrix: TypeAlias = tuple[tuple[Fraction, ...], ...]
Sides: TypeAlias = tuple[tuple[Fraction, Fraction], ...]
"""A box of exact numbers, ``(lo, hi)`` with ``lo <= hi`` per state."""

MAX_CHARACTERS: Final = 20_000
"""Of one number."""
MAX_EXPONENT: Final = 1 << 20
MAX_LIST: Final = 1_000_000

_NUMBER: Final = re.compile(r"(-?[0-9]+)(?:/([0-9]+)|\*2\^(-?[0-9]{1,7}))?", re.ASCII)
_SHOWN: Final = 40


class Field:
    """A value of the document, ``where`` it stands. Every method raises InputError if the value is not of its kind."""

    __slots__ = ("value", "where")

    def __init__(self, value: object, where: str) -> None:
        self.value = value
        self.where = where

    def refuse(self, why: str) -> InputError:
        """The complaint about this value, in one line."""
        return InputError(f"{self.where}: {why}")

    def parts(self, *names: str, optional: Sequence[str] = ()) -> dict[str, Field]:
        """The parts of an object that must have all of ``names``, may have those of ``optional``, and no others."""
        value = self.value
        if not isinstance(value, dict):
            raise self.refuse(f"must be an object with {', '.join(names)}, not {_kind(value)}")
        for name in names:
            if name not in value:
                raise self.refuse(f"{name} is missing; is the file cut or edited?")
        for name in value:
            if name not in names and name not in optional:
                raise self.refuse(f"unknown part {shown(name)}; it has {', '.join((*names, *optional))}")
        return {str(name): Field(part, f"{self.where}.{name}") for name, part in value.items()}

    def entries(self) -> dict[str, Field]:
        """The parts of an object with names of any kind."""
        if not isinstance(self.value, dict):
            raise self.refuse(f"must be an object, not {_kind(self.value)}")
        return {str(k): Field(v, f"{self.where}.{shown(str(k))}") for k, v in self.value.items()}

    def items(self, count: int | None = None, *, least: int = 0) -> list[Field]:
        """The entries of a list, of ``count`` where that is given."""
        value = self.value
        if not isinstance(value, list):
            raise self.refuse(f"must be a list, not {_kind(value)}")
        if count is not None and len(value) != count:
            raise self.refuse(f"has {len(value)} entries where {count} are expected")
        if not least <= len(value) <= MAX_LIST:
            raise self.refuse(f"has {len(value)} entries; {least} to {MAX_LIST} are allowed")
        return [Field(item, f"{self.where}[{i}]") for i, item in enumerate(value)]

    def text(self, *choices: str) -> str:
        """Text, one of ``choices`` where those are given."""
        if not isinstance(self.value, str):
            raise self.refuse(f"must be text, not {_kind(self.value)}")
        if choices and self.value not in choices:
            raise self.refuse(f"{shown(self.value)} is not one of {', '.join(choices)}")
        return self.value

    def whole(self, least: int, most: int) -> int:
        """A JSON whole number between two others."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self.refuse(f"must be a whole number, not {_kind(self.value)}")
        if not least <= self.value <= most:
            raise self.refuse(f"must lie between {least} and {most}; it does not")
        return self.value

    def boolean(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            raise self.refuse(f"must be true or false, not {_kind(self.value)}")
        return self.value

    def number(self) -> Fraction:
        """An exact number: ``"-3"``, ``"5/4"`` or ``"12345*2^-60"``."""
        text = self.text()
        if len(text) > MAX_CHARACTERS:
            raise self.refuse(f"a number of {len(text)} characters; at most {MAX_CHARACTERS} are read")
        match = _NUMBER.fullmatch(text)
        if match is None:
            raise self.refuse(f'{shown(text)} is not an exact number such as "5/4" or "3*2^-60"')
        over, under, power = match.groups()
        if power is not None and abs(int(power)) > MAX_EXPONENT:
            raise self.refuse(f"an exponent beyond {MAX_EXPONENT} in size")
        if under is not None and not under.strip("0"):
            raise self.refuse(f"{shown(text)} divides by 0")
        found = Fraction(_whole(over), _whole(under or "1"))
        return found if power is None else found * Fraction(2) ** int(power)

    def positive(self) -> Fraction:
        """An exact number above 0."""
        found = self.number()
        if found <= 0:
            raise self.refuse("must be above 0")
        return found

    def interval(self) -> tuple[Fraction, Fraction]:
        """``[lower, upper]``, in this order or equal."""
        lo, hi = (end.number() for end in self.items(2))
        if lo > hi:
            raise self.refuse("is inverted: its lower end is above its upper end")
        return lo, hi

    def box(self, dimension: int) -> Sides:
        """One interval per state."""
        return tuple(side.interval() for side in self.items(dimension))

    def solid_box(self, dimension: int) -> Sides:
        """A box whose every side has a length above 0."""
        found = self.box(dimension)
        if any(lo == hi for lo, hi in found):
            raise self.refuse("has a side of length 0")
        return found

    def vector(self, dimension: int) -> tuple[Fraction, ...]:
        """One number per state."""
        return tuple(item.number() for item in self.items(dimension))

    def matrix(self, dimension: int) -> Matrix:
        """A square matrix, row by row."""
        return tuple(row.vector(dimension) for row in self.items(dimension))


def shown(text: str) -> str:
    """Foreign text for a message: ASCII, short, in quotes."""
    cut = text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
    return '"' + "".join(c if " " <= c <= "~" else "?" for c in cut) + '"'


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number"}
    return "null" if value is None else names.get(type(value), "a number")


def _whole(digits: str) -> int:
    return int(fmpz(digits))  # Python's own reader stops at some thousand digits
