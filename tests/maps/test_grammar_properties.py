"""The grammar against independent evaluations of random trees and arbitrary text, and mutants that they refute."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import mpmath
import sympy as sp
from hypothesis import assume, given
from hypothesis import strategies as st

from dynlatch.errors import InputError
from dynlatch.maps.grammar import FUNCTIONS, parse_expression

a, b, w = (sp.Symbol(name, real=True) for name in "abw")
SYMBOLS = {"a": a, "b": b, "w": w}


def read(text: str) -> sp.Expr:
    return parse_expression(text, SYMBOLS, where="[map] a")


# --- properties -----------------------------------------------------------------------------------------------------

Tree = tuple  # ("num", Fraction) | ("name", str) | (operator, left, right) | ("-", tree) | (function, tree)
VALUES = {"a": Fraction(3, 2), "b": Fraction(-2, 5), "w": Fraction(7, 3)}
OPERATORS: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip
LEVEL = {"+": 1, "-": 1, "*": 2, "/": 2, "neg": 3, "**": 4}

leaves = st.one_of(
    st.tuples(st.just("num"), st.integers(0, 40).map(Fraction)),
    st.tuples(st.just("num"), st.sampled_from([Fraction(1, 2), Fraction(1, 10), Fraction(9, 4), Fraction(3, 1000)])),
    st.tuples(st.just("name"), st.sampled_from(sorted(VALUES))),
)


def rational_nodes(children: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    return st.one_of(
        st.tuples(st.sampled_from(sorted(OPERATORS)), children, children),
        st.tuples(st.just("neg"), children),
        st.tuples(st.just("**"), children, st.tuples(st.just("num"), st.integers(0, 4).map(Fraction))),
    )


rational_trees = st.recursive(leaves, rational_nodes, max_leaves=12)
smooth = sorted(set(FUNCTIONS) & {"exp", "sin", "cos", "tanh", "sech", "atan", "asinh", "abs"})
real_trees = st.recursive(
    leaves,
    lambda c: st.one_of(rational_nodes(c), st.tuples(st.sampled_from(smooth), c)),
    max_leaves=8,
)


def written(tree: Tree, spare: bool = True) -> str:
    """The tree as text with as few brackets as the usual precedence needs, or with all of them."""
    kind = tree[0]
    if kind == "num":
        digits = Decimal(tree[1].numerator) / Decimal(tree[1].denominator)
        return format(digits, "f")
    if kind == "name":
        return tree[1]
    if kind in FUNCTIONS:
        return f"{kind}({written(tree[1], spare)})"

    def inner(part: Tree, least: int) -> str:
        text = written(part, spare)
        return text if spare and LEVEL.get(part[0], 5) >= least else f"({text})"

    if kind == "neg":
        return f"-{inner(tree[1], 3)}"
    if kind == "**":  # groups to the right: the base needs brackets unless it is an atom, the exponent does not
        return f"{inner(tree[1], 5)}**{inner(tree[2], 3)}"
    return f"{inner(tree[1], LEVEL[kind])} {kind} {inner(tree[2], LEVEL[kind] + 1)}"


def exact(tree: Tree) -> Fraction:
    """The tree's value in rational arithmetic, without SymPy."""
    kind = tree[0]
    if kind in ("num", "name"):
        return tree[1] if kind == "num" else VALUES[tree[1]]
    if kind == "neg":
        return -exact(tree[1])
    if kind == "**":
        return exact(tree[1]) ** int(exact(tree[2]))
    return OPERATORS[kind](exact(tree[1]), exact(tree[2]))


MP = {"exp": mpmath.exp, "sin": mpmath.sin, "cos": mpmath.cos, "tanh": mpmath.tanh, "sech": mpmath.sech,
      "atan": mpmath.atan, "asinh": mpmath.asinh, "abs": abs, "neg": operator.neg, **OPERATORS}  # fmt: skip


def approximate(tree: Tree) -> mpmath.mpf:
    """The tree's value in mpmath, without SymPy."""
    kind = tree[0]
    if kind in ("num", "name"):
        value = tree[1] if kind == "num" else VALUES[tree[1]]
        return mpmath.mpf(value.numerator) / value.denominator
    if kind == "**":
        return approximate(tree[1]) ** int(tree[2][1])
    return MP[kind](*map(approximate, tree[1:]))


def at_values(expression: sp.Expr) -> sp.Expr:
    return expression.subs({SYMBOLS[k]: sp.Rational(v.numerator, v.denominator) for k, v in VALUES.items()})


@given(tree=rational_trees, spare=st.booleans())
def test_rational_trees_keep_their_exact_value(tree: Tree, spare: bool) -> None:
    try:
        expected = exact(tree)
        value = at_values(read(written(tree, spare)))
    except (ZeroDivisionError, InputError):
        assume(False)
        return
    assert value == sp.Rational(expected.numerator, expected.denominator)


@given(tree=real_trees)
def test_trees_with_functions_agree_with_mpmath(tree: Tree) -> None:
    with mpmath.workdps(60):
        try:
            expected = approximate(tree)
            value = at_values(read(written(tree)))
        except (ZeroDivisionError, OverflowError, InputError):
            assume(False)
            return
        assume(value.is_finite is not False and abs(expected) < mpmath.mpf(10) ** 20)
        assert abs(mpmath.mpf(sp.N(value, 60)) - expected) <= mpmath.mpf(10) ** -15 * (1 + abs(expected))


ALPHABET = [*"aabbw0123456789.+-*/()  ^_,=e\u0430\n", "**", "tanh(", "log(", "sqrt(", "exp(", "1e9", "pi", "E", "9**"]


@given(text=st.one_of(st.text(max_size=60), st.lists(st.sampled_from(ALPHABET), max_size=25).map("".join)))
def test_any_text_gives_an_expression_or_one_line(text: str) -> None:
    try:
        expression = read(text)
    except InputError as error:
        outcome = str(error)
    else:
        outcome = "[map] a: column none"
        assert expression.free_symbols <= {a, b, w}
        assert not expression.has(sp.nan, sp.zoo, sp.oo, sp.I, sp.Float)
    assert outcome.isprintable()
    assert outcome.startswith("[map] a: column ")


# --- teeth ----------------------------------------------------------------------------------------------------------


def to_the_left(numbers: list[int]) -> int:
    result = numbers[0]
    for n in numbers[1:]:
        result **= n
    return result


def test_powers_that_group_to_the_left_would_be_caught() -> None:
    assert read("2**3**2") != to_the_left([2, 3, 2])
    assert read("(2**3)**2") == to_the_left([2, 3, 2])


def test_a_sign_that_binds_tighter_than_a_power_would_be_caught() -> None:
    assert read("-a**2") != (-a) ** 2
    assert read("(-a)**2") == (-a) ** 2


def test_the_property_refutes_a_reader_that_drops_brackets() -> None:
    tree = ("-", ("name", "a"), ("-", ("name", "b"), ("name", "w")))
    honest, careless = written(tree), written(tree).replace("(", "").replace(")", "")
    expected = sp.Rational(*exact(tree).as_integer_ratio())
    assert at_values(read(honest)) == expected
    assert at_values(read(careless)) != expected
