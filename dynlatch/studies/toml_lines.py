"""On which line each key and each element of a TOML text stands, which ``tomllib`` does not tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Final, TypeAlias

Place: TypeAlias = tuple[str | int, ...]
"""Keys and positions that lead to a value: ``("grid", 0, "noise", 2)``."""

_TOKEN: Final = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|[\[\]{},=\n]"
    r"|[^\[\]{},=\n\#\"']+",
    re.DOTALL,
)
"""Texts, comments, marks, and what stands between them."""


def lines_of(text: str) -> dict[Place, int]:
    """The line, from 1 on, of every table header, key and element of an array of a text that ``tomllib`` can read.

    What stands inside a table in braces, or in an array of an array, is on the line where its element begins. Cost:
    one scan.
    """
    found: dict[Place, int] = {}
    arrays: dict[Place, int] = {}
    table: Place = ()
    for line, tokens in _statements(text):
        if tokens[0] == "[":
            double = tokens[1] == "["
            inner = tokens[2:-2] if double else tokens[1:-1]
            table = _in_last(_keys("".join(inner)), arrays, new=double)
            found.setdefault(table, line[0])
            continue
        equals = tokens.index("=")
        place = (*table, *_keys("".join(tokens[:equals])))
        for k in range(len(table) + 1, len(place) + 1):
            found.setdefault(place[:k], line[0])
        for position, where in enumerate(_elements(tokens[equals + 1 :], line[equals + 1 :])):
            found[(*place, position)] = where
    return found


def line_at(lines: dict[Place, int], place: Place) -> int:
    """The line of a place, or of the nearest one around it that has one."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


def _statements(text: str) -> Iterator[tuple[list[int], list[str]]]:
    """Headers and assignments, as tokens with their lines; blank lines and comments left out."""
    line, depth, lines, tokens = 1, 0, list[int](), list[str]()
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token.startswith("#"):
            continue
        if token == "\n" and not depth and tokens:
            yield lines, tokens
            lines, tokens = [], []
        elif token.strip():
            depth += (token in "[{") - (token in "]}")
            lines.append(line)
            tokens.append(token.strip())
        line += token.count("\n")
    if tokens:
        yield lines, tokens


def _elements(tokens: list[str], lines: list[int]) -> Iterator[int]:
    """The lines of the elements of an array; nothing if the value is none."""
    if not tokens or tokens[0] != "[":
        return
    depth, expected = 0, True
    for token, line in zip(tokens, lines, strict=True):
        if depth == 1 and expected and token not in ("]", ","):
            yield line
            expected = False
        if depth == 1 and token == ",":
            expected = True
        depth += (token in "[{") - (token in "]}")


def _keys(text: str) -> tuple[str, ...]:
    """``a."b c".d`` as the three keys that it is."""
    value: object = tomllib.loads(f"{text} = 0")
    keys: list[str] = []
    while isinstance(value, dict):
        ((key, value),) = value.items()
        keys.append(str(key))
    return tuple(keys)


def _in_last(keys: tuple[str, ...], arrays: dict[Place, int], *, new: bool) -> Place:
    """The place of a header: in an array of tables, in its last one; ``new`` begins one."""
    place: Place = ()
    for k, key in enumerate(keys):
        place = (*place, key)
        if new and k == len(keys) - 1:
            arrays[place] = arrays.get(place, -1) + 1
        if place in arrays:
            place = (*place, arrays[place])
    return place
