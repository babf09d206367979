"""Maps as text: what is written is read back as the same map, and what could not be is refused in one line."""

from __future__ import annotations

import copy
import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import assume, given
from hypothesis import strategies as st

from dynlatch.errors import InputError
from dynlatch.maps.catalogue import CATALOGUE, augmented, neuron, newton, tanh_network
from dynlatch.maps.definition import Formulas, Map, exact_box, state_symbol
from dynlatch.maps.grammar import FUNCTIONS, parse_expression
from dynlatch.maps.text import expression_text, map_from_json, map_to_json

x, y, w = map(state_symbol, ("x", "y", "w"))
SYMBOLS = {"x": x, "y": y, "w": w}


def read(text: str) -> sp.Expr:
    return parse_expression(text, SYMBOLS, where="test")


def formula(*expressions: sp.Expr, **parameters: Any) -> Map:
    values = tuple((state_symbol(k), sp.Rational(v)) for k, v in parameters.items())
    return Map("test", (x, y)[: len(expressions)], Formulas(expressions), values, exact_box((-1, 1), len(expressions)))


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (x + y, "x + y"),
        (x - y, "x - y"),
        (-x - 1, "-x - 1"),
        (-2 * x / 3, "-2*x/3"),
        (x / (y * (x + 1)), "x/y/(x + 1)"),
        (x ** sp.Rational(-1, 2), "x**(-1/2)"),
        (y / sp.sqrt(x), "y/sqrt(x)"),
        (sp.sqrt(x**2 + 1), "sqrt(x**2 + 1)"),
        ((x + y) ** 3, "(x + y)**3"),
        (2**x, "2**x"),
        (sp.Rational(1, 2) ** x, "(1/2)**x"),
        (x**y, "x**y"),
        (sp.exp(-x), "exp(-x)"),
        (sp.Abs(x), "abs(x)"),
        (sp.sech(x) ** 2, "sech(x)**2"),
        (sp.log(x) + sp.pi * sp.E, "log(x) + E*pi"),
        (sp.Rational(-7, 3), "-7/3"),
        (x * (1 - x) * w, "w*x*(1 - x)"),
        (-(x**2), "-x**2"),
        ((-x) ** 3 + x, "-x**3 + x"),
    ],
)
def test_expressions_are_written_as_one_would(expression: sp.Expr, text: str) -> None:
    assert expression_text(expression) == text
    assert read(text) == expression


ATOMS = {"x": x, "y": y, "w": w, "pi": sp.pi, "e": sp.E, "|x|": sp.Abs(x), "|x - y/3|": sp.Abs(x - y / 3)}
functions = sorted(set(FUNCTIONS) - {"ln", "log", "asin", "acos", "acosh", "atanh", "tan", "sqrt", "abs"})
leaves = st.one_of(st.sampled_from(sorted(ATOMS)), st.fractions(-5, 5, max_denominator=12))
trees = st.recursive(
    leaves,
    lambda c: st.one_of(
        st.tuples(st.sampled_from("+-*/"), c, c),
        st.tuples(st.just("**"), c, st.integers(-3, 4)),
        st.tuples(st.sampled_from([*functions, "root"]), c),
    ),
    max_leaves=10,
)


def built(tree: Any) -> sp.Expr:
    if isinstance(tree, str):
        return ATOMS[tree]
    if isinstance(tree, Fraction):
        return sp.Rational(tree.numerator, tree.denominator)
    kind, first, *rest = tree
    u = built(first)
    if kind == "**":
        return u ** rest[0] if not u.is_number else u
    if kind == "root":
        return sp.sqrt(u**2 + 1)
    if not rest:
        return FUNCTIONS[kind](u)
    v = built(rest[0])
    return {"+": u + v, "-": u - v, "*": u * v, "/": u / v if v != 0 else u}[kind]


@given(trees)
def test_whatever_is_written_is_read_back(tree: Any) -> None:
    expression = built(tree)
    assume(not expression.has(sp.zoo, sp.nan, sp.oo, sp.I, sp.cot, sp.csch, sp.coth))
    try:
        text = expression_text(expression)
        found = read(text)
    except InputError:  # beyond a limit of the grammar, or a constant that it cannot tell from 0
        assume(False)
        raise
    assert found == expression, text
    assert expression_text(found) == text


@given(st.integers(-(10**400), 10**400), st.integers(1, 10**300))
def test_numbers_of_any_length_that_the_grammar_allows(p: int, q: int) -> None:
    value = sp.Rational(p, q)
    assert read(expression_text(value)) == value


def everything() -> list[Map]:
    listed = [entry.make(**entry.example) for entry in CATALOGUE.values()]
    rng = np.random.default_rng(3)
    return [
        *listed,
        neuron(1e-300, 0.1),
        neuron(sp.sqrt(2) * sp.pi, sp.Rational(-1, 7)),
        newton((1, 0, 0, 0, 0, -1)),
        augmented(neuron(2), ["h"], "1/3"),
        tanh_network(rng.normal(size=(64, 64)), rng.normal(size=64)),
    ]


@pytest.mark.parametrize("m", everything(), ids=lambda m: f"{m.name}-{m.dimension}")
def test_every_map_comes_back_through_json(m: Map) -> None:
    found = map_from_json(json.loads(json.dumps(map_to_json(m))))
    assert found == m
    assert found.content_hash == m.content_hash


def test_what_a_map_looks_like() -> None:
    assert map_to_json(neuron("5/4", "0.1")) == {
        "name": "neuron", "states": ["a"], "parameters": {"w": "5/4", "h": "1/10"},
        "rule": {"formulas": ["h + w*tanh(a)"]}, "domain": [["-5", "5"]],
    }  # fmt: skip
    assert map_to_json(tanh_network([[2, "1/5"], [0, "9/5"]], ["1/3", 0]))["rule"] == {
        "weights": [["2", "1/5"], ["0", "9/5"]], "bias": ["1/3", "0"],
    }  # fmt: skip


def refusal(call: Any, *arguments: Any) -> str:
    with pytest.raises(InputError) as caught:
        call(*arguments)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 300
    return message


@pytest.mark.parametrize(
    ("m", "why"),
    [
        (formula(sp.sign(x)), "sign is not in the grammar"),
        (formula(sp.Max(x, 0)), "Max is not in the grammar"),
        (formula(sp.Mul(2, x + 1, evaluate=False)), "rule would be read back as something else"),
        (
            Map("m", (sp.Symbol("x"),), Formulas((2 * sp.Symbol("x"),)), (), exact_box((0, 1), 1)),
            "states would be read",
        ),
        (Map("m", (state_symbol("x_1'"),), Formulas((state_symbol("x_1'"),)), (), exact_box((0, 1), 1)), "be a name"),
        (Map("m", (state_symbol("pi"),), Formulas((state_symbol("pi"),)), (), exact_box((0, 1), 1)), "word of the gr"),
        (formula(sum((sp.tanh(k * x) for k in range(1, 300)), sp.Integer(0))), "the text has"),
        (neuron(2).with_domain((0, 1)).__class__("", (x,), Formulas((x,)), (), exact_box((0, 1), 1)), "name: must be"),
    ],
)
def test_maps_that_have_no_text(m: Map, why: str) -> None:
    assert why in refusal(map_to_json, m)


GOOD: dict[str, Any] = {
    "name": "two", "states": ["x", "y"], "parameters": {"w": "5/4"},
    "rule": {"formulas": ["w*tanh(x) + y/3", "tanh(x + y)"]}, "domain": [["-4", "4"], ["-7/2", "3"]],
}  # fmt: skip
NETWORK: dict[str, Any] = {**GOOD, "parameters": {}, "rule": {"weights": [["2", "0"], ["1", "2"]], "bias": ["0", "0"]}}


def changed(data: dict[str, Any], path: list[Any], value: Any) -> dict[str, Any]:
    found = copy.deepcopy(data)
    place: Any = found
    for key in path[:-1]:
        place = place[key]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return found


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        (["name"], "", "name: must be 1 to 64 printable"),
        (["name"], "a\nb", "name: must be 1 to 64 printable"),
        (["name"], ..., "name is missing"),
        (["extra"], 1, 'unknown part "extra"'),
        (["states"], [], "must be a list of 1 to 64"),
        (["states"], ["x"], "list of 1 entries"),
        (["states"], [f"x{k}" for k in range(65)], "list of 1 to 64"),
        (["states"], ["x", "x"], '"x" is used twice'),
        (["states"], ["x", "w"], '"w" is used twice'),
        (["states"], ["x", "exp"], "word of the grammar"),
        (["states"], ["x", 3], "cannot be a name"),
        (["parameters"], [], "must be an object"),
        (["parameters", "w"], 1.25, "must be text in quotes"),
        (["parameters", "w"], "x", "not a number"),
        (["parameters", "w"], "1/0", "division by 0"),
        (["parameters", "w"], "log(-1)", "not defined"),
        (["parameters"], {f"p{k}": "1" for k in range(300)}, "at most 256"),
        (["rule"], {}, "weights is missing"),
        (["rule"], {"formulas": ["x", "y"], "weights": []}, 'unknown part "weights"'),
        (["rule", "formulas"], ["x"], "list of 2 entries"),
        (["rule", "formulas", 0], "z", "unknown name"),
        (["rule", "formulas", 0], "x.real", "attribute access"),
        (["rule", "formulas", 0], "9**9**9", "more than 4096 bits"),
        (["rule", "formulas", 0], 3, "must be text in quotes"),
        (["rule", "formulas", 0], "x/(w - 5/4)", "division by 0"),
        (["domain"], [["-4", "4"]], "list of 2 entries"),
        (["domain", 0], ["4", "-4"], "inverted"),
        (["domain", 0], ["0.5", "1"], "not a fraction such as"),
        (["domain", 0], ["1/0", "1"], "divides by 0"),
        (["domain", 0], ["9" * 3000, "1"], "too long"),
        (["domain", 0], ["nan", "1"], "not a fraction such as"),
    ],
)
def test_what_is_no_map_is_refused(path: list[Any], value: Any, why: str) -> None:
    message = refusal(map_from_json, changed(GOOD, path, value))
    assert why in message
    assert message.startswith("map: ")


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        (["rule", "weights"], [["2", "0"]], "list of 2 entries"),
        (["rule", "weights", 0], ["2"], "list of 2 entries"),
        (["rule", "weights", 0, 0], 2, "must be text"),
        (["rule", "weights", 0, 0], "1e400", "not a fraction"),
        (["rule", "bias"], ["1"], "list of 2 entries"),
        (["rule", "bias"], ..., "bias is missing"),
    ],
)
def test_what_is_no_network_is_refused(path: list[Any], value: Any, why: str) -> None:
    assert map_from_json(NETWORK).dimension == 2
    assert why in refusal(map_from_json, changed(NETWORK, path, value))


@pytest.mark.parametrize("data", [None, 3, "map", [], [GOOD]])
def test_what_is_no_object_is_refused(data: Any) -> None:
    assert "must be an object" in refusal(map_from_json, data)


def test_fractions_are_read_exactly() -> None:
    found = map_from_json(changed(GOOD, ["domain", 0], ["-10000000000000000000001/3", "1/7"]))
    assert found.domain[0] == (Fraction(-10000000000000000000001, 3), Fraction(1, 7))
