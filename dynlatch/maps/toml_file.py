"""A user's map as a TOML file, read through the closed grammar and checked line by line.

::

    name = "two units"
    state = ["a", "b"]
    [parameters]
    w = "5/4"
    [map]
    a = "w*tanh(a) + b/3"
    b = "tanh(a + b)"
    [domain]
    a = [-4, 4]
    b = ["-7/2", 3.5]

A decimal written without quotes is the decimal that it looks like: ``0.1`` is 1/10, as it is on the command line.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import sympy as sp

from dynlatch.errors import InputError
from dynlatch.maps import grammar
from dynlatch.maps.definition import Box, Formulas, Map, state_symbol

MAX_BYTES: Final = 64 * 1024
MAX_STATES: Final = 64

_KEYS: Final = ("name", "state", "parameters", "map", "domain")


def read_map(path: str | Path) -> Map:
    """The map that a TOML file of at most 64 KiB describes.

    Raises: InputError in one line, naming the file and the place in it. Rigor: exact.
    """
    file = Path(path)
    where = grammar.quoted(Path(path).name or str(path))
    try:
        if not file.is_file():
            raise InputError(
                f"{where}: {'a folder' if file.is_dir() else 'no such file'}; give the path of a TOML file"
            )
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise InputError(f"{where}: {size} bytes, more than the {MAX_BYTES} that a map may have; is it a map?")
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path, or an InputError of ours
        if isinstance(error, InputError):
            raise
        reason = getattr(error, "strerror", None) or "not a path"
        raise InputError(f"{where}: cannot be read ({reason}); check the path and its permissions") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: byte {error.start + 1} is not UTF-8; save the file as UTF-8 text") from None
    return map_from_toml(text, where=where)


def map_from_toml(text: str, *, where: str = "<toml>") -> Map:
    """The map that TOML text describes: ``name``, ``state``, ``[parameters]``, ``[map]`` and ``[domain]``.

    Raises: InputError ``{where}: [table] key: ...`` in one line: no TOML, unknown or missing keys, names used twice,
    expressions outside the grammar or undefined at the parameters' values, empty or inverted domains. Rigor: exact.
    """
    table = _load(text, where)
    _only(table, _KEYS, where, "key")
    for key in _KEYS:
        if key not in table and key != "parameters":
            raise InputError(f"{where}: {_label(key)} is missing; a map needs name, state, [map] and [domain]")
    name = table["name"]
    if not isinstance(name, str) or not name.strip() or not name.isprintable() or len(name) > 64:
        raise InputError(f"{where}: name: must be 1 to 64 printable characters in quotes; rename the map")
    states = _states(table["state"], f"{where}: state")
    parameters = _parameters(_table(table, "parameters", where), states, f"{where}: [parameters]")
    lines = _one_per_state(_table(table, "map", where), states, f"{where}: [map]", "an expression in quotes")
    sides = _one_per_state(_table(table, "domain", where), states, f"{where}: [domain]", "a pair [lo, hi]")
    symbols = {key: state_symbol(key) for key in [*states, *parameters]}
    expressions: list[sp.Expr] = []
    for state, line in lines.items():
        if isinstance(line, bool) or not isinstance(line, str | int | Decimal):
            raise InputError(f"{where}: [map] {state}: not an expression; write it as text in quotes")
        expressions.append(grammar.parse_expression(str(line), symbols, where=f"{where}: [map] {state}"))
    domain: Box = tuple(_side(side, f"{where}: [domain] {state}") for state, side in sides.items())
    values = tuple((symbols[key], value) for key, value in parameters.items())
    m = Map(name, tuple(symbols[s] for s in states), Formulas(tuple(expressions)), values, domain)
    _check_values(m, f"{where}: [map]")
    return m


def split_overrides(items: Sequence[str]) -> dict[str, str]:
    """``["w=2", "h=1/3"]`` as ``{"w": "2", "h": "1/3"}``, the texts not yet read.

    Raises: InputError for an item that is not ``name=value`` and for a name given twice.
    """
    result: dict[str, str] = {}
    for item in items:
        name, equals, value = (part.strip() for part in item.partition("="))
        if not (name and equals and value):
            raise InputError(f"parameter {grammar.quoted(item)}: not of the form name=value; write for example w=5/4")
        if name in result:
            raise InputError(f"parameter {grammar.quoted(name)} is given twice; give it once")
        result[name] = value
    return result


def override_parameters(m: Map, overrides: Mapping[str, str | int | float | Fraction | Decimal]) -> Map:
    """The same map with some parameters given other exact values, checked in every expression that holds them.

    Raises: InputError for an unknown parameter (with the nearest one), a value that is no finite real constant, and
    values at which the map is undefined or a power too large. Rigor: exact.
    """
    known = {str(symbol): symbol for symbol, _ in m.parameters}
    new = dict(m.parameters)
    for name, value in overrides.items():
        if name not in known:
            hint = grammar.suggestion(name, known) or f"; it has: {', '.join(known) or 'none'}"
            raise InputError(f"parameter {grammar.quoted(name)}: {m.name} has no such parameter{hint}")
        new[known[name]] = grammar.parse_constant(value, where=f"parameter {name}")
    changed = replace(m, parameters=tuple((symbol, new[symbol]) for symbol, _ in m.parameters))
    _check_values(changed, m.name)
    return changed


def _check_values(m: Map, where: str) -> None:
    """Refuse parameter values at which an expression is undefined; a network has none that could be."""
    if isinstance(m.rule, Formulas):
        for state, expression in zip(m.states, m.rule.expressions, strict=True):
            try:
                grammar.substitute(expression, m.values, where=f"{where} {state}")
            except InputError as error:
                given = ", ".join(f"{s} = {v}" for s, v in m.parameters if s in expression.free_symbols)
                raise InputError(f"{error} (with {given[:200]})" if given else str(error)) from None


def _load(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        message = re.sub(r"[^ -~]", "?", " ".join(str(error).split()))
        raise InputError(f"{where}: not TOML: {message[:200]}; mend the file there") from None
    except RecursionError:
        raise InputError(f"{where}: not a map: arrays or tables nested too deep; write the file flat") from None
    except (ValueError, InvalidOperation):
        raise InputError(
            f"{where}: not a map: a number is too long or out of range; put it in quotes or shorten it"
        ) from None


def _label(key: str) -> str:
    return f"[{key}]" if key in ("parameters", "map", "domain") else key


def _only(table: Mapping[str, object], allowed: Iterable[str], where: str, what: str) -> None:
    names = list(allowed)
    for key in table:
        if key not in names:
            hint = grammar.suggestion(key, names) or f"; use {', '.join(names[:8])}"
            raise InputError(f"{where}: unknown {what} {grammar.quoted(key)}{hint}")


def _table(table: Mapping[str, object], key: str, where: str) -> dict[str, object]:
    value: Any = table.get(key, {})
    if not isinstance(value, dict):
        raise InputError(f"{where}: {key}: must be a table; write [{key}] on a line of its own")
    return value


def _check_name(name: object, where: str) -> str:
    if not isinstance(name, str) or not re.fullmatch(rf"[A-Za-z][A-Za-z0-9_]{{0,{grammar.MAX_NAME - 1}}}", name):
        rule = f"a letter, then letters, digits and _ (ASCII), at most {grammar.MAX_NAME} characters"
        raise InputError(f"{where}: {grammar.quoted(str(name))} cannot be a name; use {rule}")
    if name in grammar.CONSTANTS or name in grammar.FUNCTIONS:
        kind = "constant" if name in grammar.CONSTANTS else "function"
        raise InputError(f'{where}: "{name}" is a {kind} of the grammar; choose another name')
    return name


def _states(value: object, where: str) -> list[str]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_STATES:
        raise InputError(f'{where}: must be a list of 1 to {MAX_STATES} names, such as ["a", "b"]; list the states')
    names = [_check_name(item, where) for item in value]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f'{where}: "{name}" is listed twice; every state needs its own name')
    return names


def _parameters(table: Mapping[str, object], states: Sequence[str], where: str) -> dict[str, sp.Expr]:
    result: dict[str, sp.Expr] = {}
    for key, value in table.items():
        name = _check_name(key, where)
        if name in states:
            raise InputError(f'{where}: "{name}" is also a state; rename one of them')
        result[name] = grammar.parse_constant(_number(value, f"{where} {name}"), where=f"{where} {name}")
    return result


def _number(value: object, where: str) -> str | int | Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise InputError(f'{where}: not a number; give an integer, a decimal, or text such as "5/4"')
    return value


def _one_per_state(table: Mapping[str, object], states: Sequence[str], where: str, what: str) -> dict[str, object]:
    _only(table, states, where, "state")
    for state in states:
        if state not in table:
            raise InputError(f'{where}: no line for the state "{state}"; give it {what}')
    return {state: table[state] for state in states}


def _side(value: object, where: str) -> tuple[Fraction, Fraction]:
    if not isinstance(value, list) or len(value) != 2:
        raise InputError(f"{where}: must be a pair [lo, hi]; give the two ends")
    ends = [grammar.parse_number(_number(end, where), where=where) for end in value]
    lo, hi = (Fraction(int(end.p), int(end.q)) for end in ends)
    if lo >= hi:
        raise InputError(
            f"{where}: [{ends[0]}, {ends[1]}] is {'empty' if lo == hi else 'inverted'}; lo must be below hi"
        )
    return lo, hi
