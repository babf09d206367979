"""A map as exact text: its formulas in the grammar's own words, or its weights as fractions; and back.

What is written is read back at once and compared, so a text that could be misread is never handed out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, TypeAlias

import sympy as sp

from dynlatch.errors import InputError
from dynlatch.maps import grammar
from dynlatch.maps.definition import Box, Formulas, Map, TanhLayer, exact_box, state_symbol
from dynlatch.maps.toml_file import MAX_STATES

Json: TypeAlias = dict[str, Any]

MAX_PARAMETERS: Final = 256
_KEYS: Final = ("name", "states", "parameters", "rule", "domain")
_SPLIT: Final = 10**50
"""Numbers of more digits than the grammar reads are written in pieces of 50."""
_FRACTION: Final = re.compile(r"-?[0-9]+(/[0-9]+)?")
_MAX_CHARACTERS: Final = 2 * (grammar.MAX_BITS // 3 + 3)
_NAMES: Final = {function: name for name, function in grammar.FUNCTIONS.items() if name not in ("ln", "sqrt")}
_SUM, _PRODUCT, _ATOM = 1, 2, 4
"""How tightly a written piece holds together."""


def expression_text(e: sp.Expr) -> str:
    """An expression in the grammar of ``dynlatch.maps.grammar``, such that reading the text gives the equal one.

    Raises: InputError for a function or constant that the grammar lacks (``sign``, ``Max``, complex numbers).
    Rigor: exact; ``map_to_json`` reads back what this writes and compares.

    >>> x = state_symbol("x")
    >>> expression_text(sp.Abs(x) / 3 - sp.sech(x) ** 2)
    'abs(x)/3 - sech(x)**2'
    """
    return _written(e)[0]


def _written(e: sp.Expr) -> tuple[str, int]:
    """The text, and how tightly it holds together."""
    if isinstance(e, sp.Symbol):
        return e.name, _ATOM
    if isinstance(e, sp.Rational):
        return _rational(int(e.p), int(e.q))
    if e in (sp.pi, sp.E):
        return ("pi" if e == sp.pi else "E"), _ATOM
    if isinstance(e, sp.Add):
        return _sum(e)
    if isinstance(e, sp.Mul):
        return _product(e)
    if isinstance(e, sp.Pow):
        return _power(e.base, e.exp)
    name = _NAMES.get(type(e))
    if name is None or len(e.args) != 1:
        kind = type(e).__name__
        raise InputError(
            f"{grammar.quoted(str(e))}: {kind} is not in the grammar of maps, so the map cannot be written as text; "
            "use the elementary functions"
        )
    return f"{name}({expression_text(e.args[0])})", _ATOM


def _within(e: sp.Expr, least: int) -> str:
    """The text, in brackets if it holds together less tightly than is asked for."""
    text, held = _written(e)
    return text if held >= least else f"({text})"


def _rational(p: int, q: int) -> tuple[str, int]:
    if q != 1:
        return f"{_whole(p)}/{_whole(q)}", _PRODUCT
    return _whole(p), _ATOM if p >= 0 else _SUM


def _whole(value: int) -> str:
    if abs(value) < _SPLIT:
        return str(value)
    parts: list[str] = []
    rest, power = abs(value), 0
    while rest:
        rest, part = divmod(rest, _SPLIT)
        if part:
            parts.append(f"{part}*10**{power}" if power else str(part))
        power += 50
    return f"{'-' if value < 0 else ''}({' + '.join(reversed(parts))})"


def _sum(e: sp.Add) -> tuple[str, int]:
    text = ""
    for term in e.as_ordered_terms():
        minus = term.as_coeff_Mul()[0] < 0
        piece = _within(-term if minus else term, _PRODUCT)
        text += (" - " if text else "-") + piece if minus else (" + " if text else "") + piece
    return text, _SUM


def _product(e: sp.Mul) -> tuple[str, int]:
    coefficient, factors = e.args[0] if e.args[0].is_Rational else sp.S.One, e.args
    if coefficient is not sp.S.One:
        factors = factors[1:]
    sign = "-" if coefficient < 0 else ""
    # The grammar reads -(x + y)*z as (-x - y)*z: a sum in front must not take the sign alone.
    unit = abs(coefficient.p) == 1 and not (sign and isinstance(factors[0], sp.Add))
    over = [] if unit else [_whole(abs(int(coefficient.p)))]
    under = [_whole(int(coefficient.q))] if coefficient.q != 1 else []
    for factor in factors:
        if isinstance(factor, sp.Pow) and factor.exp.is_Rational and factor.exp < 0:
            under.append(_within(sp.Pow(factor.base, -factor.exp), _ATOM - 1))
        else:
            over.append(_within(factor, _ATOM - 1))
    text = sign + "*".join(over or ["1"]) + "".join(f"/{piece}" for piece in under)
    return text, _SUM if sign else _PRODUCT


def _power(base: sp.Expr, exponent: sp.Expr) -> tuple[str, int]:
    if exponent == sp.S.Half:
        return f"sqrt({expression_text(base)})", _ATOM
    return f"{_within(base, _ATOM)}**{_within(exponent, _ATOM)}", _ATOM - 1


# --- whole maps -------------------------------------------------------------------------------------------------------


def map_to_json(m: Map) -> Json:
    """The map as plain JSON data: names, exact constants as text, and one formula per state or the weights and bias.

    Raises: InputError for a map that cannot be written, or would be read back as another one: functions that the
    grammar lacks, names that it does not allow, symbols that are not real, expressions longer than it reads.
    Rigor: exact. Cost: milliseconds.
    """
    written: Json = {
        "name": m.name,
        "states": [str(s) for s in m.states],
        "parameters": {str(s): expression_text(v) for s, v in m.parameters},
        "rule": _rule(m.rule),
        "domain": [[str(lo), str(hi)] for lo, hi in m.domain],
    }
    read = map_from_json(written, where=grammar.quoted(m.name))
    for part in ("states", "parameters", "rule", "domain"):
        if getattr(read, part) != getattr(m, part):
            raise InputError(
                f"{grammar.quoted(m.name)}: its {part} would be read back as something else; "
                "build it of real symbols and of formulas as SymPy simplifies them"
            )
    return written


def _rule(rule: Formulas | TanhLayer) -> Json:
    if isinstance(rule, TanhLayer):
        return {"weights": [[str(v) for v in row] for row in rule.weights], "bias": [str(v) for v in rule.bias]}
    return {"formulas": [expression_text(e) for e in rule.expressions]}


def map_from_json(data: object, *, where: str = "map") -> Map:
    """The map that ``map_to_json`` wrote, every part of it checked as a map from a TOML file is.

    Raises: InputError ``{where}: part: ...`` in one line: missing or unknown keys, names that the grammar does not
    allow or that are used twice, more than 64 states, formulas outside the grammar or undefined at the parameters'
    values, numbers that are no fractions or too long, empty or inverted domains. Rigor: exact.
    """
    table = _table(data, where)
    _keys(table, _KEYS, where)
    name = table["name"]
    if not isinstance(name, str) or not name.strip() or not name.isprintable() or len(name) > 64:
        raise InputError(f"{where}: name: must be 1 to 64 printable characters; rename the map")
    states = [_name(v, f"{where}: states") for v in _list(table["states"], f"{where}: states", MAX_STATES)]
    given = _table(table["parameters"], f"{where}: parameters")
    if len(given) > MAX_PARAMETERS:
        raise InputError(f"{where}: parameters: {len(given)} of them; at most {MAX_PARAMETERS} are read")
    names = [*states, *(_name(key, f"{where}: parameters") for key in given)]
    for known in names:
        if names.count(known) > 1:
            raise InputError(f"{where}: the name {grammar.quoted(known)} is used twice; rename one of them")
    symbols = {key: state_symbol(key) for key in names}
    values = tuple(
        (symbols[key], grammar.parse_constant(_text(value, f"{where}: {key}"), where=f"{where}: parameter {key}"))
        for key, value in given.items()
    )
    rule = _read_rule(_table(table["rule"], f"{where}: rule"), states, symbols, f"{where}: rule")
    domain = _read_domain(table["domain"], len(states), f"{where}: domain")
    m = Map(name, tuple(symbols[s] for s in states), rule, values, domain)
    for expression in rule.expressions if isinstance(rule, Formulas) else ():
        grammar.substitute(expression, m.values, where=f"{where}: rule at the parameters' values")
    return m


def _read_rule(
    table: Json, states: Sequence[str], symbols: Mapping[str, sp.Symbol], where: str
) -> Formulas | TanhLayer:
    n = len(states)
    if "formulas" in table:
        _keys(table, ("formulas",), where)
        lines = _list(table["formulas"], where, n, exactly=True)
        return Formulas(
            tuple(
                grammar.parse_expression(_text(line, f"{where}: {s}"), symbols, where=f"{where}: {s}")
                for s, line in zip(states, lines, strict=True)
            )
        )
    _keys(table, ("weights", "bias"), where)
    rows = [_list(row, f"{where}: weights", n, exactly=True) for row in _list(table["weights"], where, n, exactly=True)]
    weights = tuple(tuple(_fraction(v, f"{where}: weights") for v in row) for row in rows)
    bias = tuple(_fraction(v, f"{where}: bias") for v in _list(table["bias"], f"{where}: bias", n, exactly=True))
    return TanhLayer(weights, bias)


def _read_domain(value: object, n: int, where: str) -> Box:
    sides = [_list(side, where, 2, exactly=True) for side in _list(value, where, n, exactly=True)]
    return exact_box([[_fraction(end, where) for end in side] for side in sides], n, where)


def _table(value: object, where: str) -> Json:
    if not isinstance(value, dict):
        raise InputError(f"{where}: must be an object with named parts; is the file cut or edited?")
    return value


def _keys(table: Mapping[str, object], keys: Sequence[str], where: str) -> None:
    for key in keys:
        if key not in table:
            raise InputError(f"{where}: {key} is missing; a map has {', '.join(keys)}")
    for key in table:
        if key not in keys:
            raise InputError(f"{where}: unknown part {grammar.quoted(str(key))}; a map has {', '.join(keys)}")


def _list(value: object, where: str, most: int, *, exactly: bool = False) -> list[Any]:
    if not isinstance(value, list) or not (len(value) == most if exactly else 1 <= len(value) <= most):
        count = str(most) if exactly else f"1 to {most}"
        raise InputError(f"{where}: must be a list of {count} entries; is the file cut or edited?")
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise InputError(f"{where}: must be text in quotes, exact; numbers are not read as floats")
    return value


def _name(value: object, where: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(rf"[A-Za-z][A-Za-z0-9_]{{0,{grammar.MAX_NAME - 1}}}", value):
        rule = f"a letter, then letters, digits and _ (ASCII), at most {grammar.MAX_NAME} characters"
        raise InputError(f"{where}: {grammar.quoted(str(value))} cannot be a name; use {rule}")
    if value in grammar.CONSTANTS or value in grammar.FUNCTIONS:
        raise InputError(f"{where}: {grammar.quoted(value)} is a word of the grammar; choose another name")
    return value


def _fraction(value: object, where: str) -> Fraction:
    """``"-5/4"`` or ``"3"``; bounded as every exact number of a map is."""
    text = _text(value, where)
    if len(text) > _MAX_CHARACTERS or not _FRACTION.fullmatch(text):
        raise InputError(f"{where}: {grammar.quoted(text)} is not a fraction such as 5/4, or too long; write it so")
    over, _, under = text.partition("/")
    if under and not int(under):
        raise InputError(f"{where}: {grammar.quoted(text)} divides by 0; mend it")
    found = Fraction(int(over), int(under or "1"))
    if max(found.numerator.bit_length(), found.denominator.bit_length()) > grammar.MAX_BITS:
        raise InputError(f"{where}: a number of more than {grammar.MAX_BITS} bits; rescale the map")
    return found
