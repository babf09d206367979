"""What a system is: one symbolic definition of M in a_t = M(a_{t-1}) + u_t."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import sympy as sp

from dynlatch.errors import InputError
from dynlatch.maps import grammar

Exact: TypeAlias = int | float | str | Fraction | Decimal | sp.Expr
"""A number as a user may give it; a float is taken as the exact dyadic it is."""

_MEND = 'give an integer, a fraction such as "5/4", or a decimal such as "1.25"'
_EXAMPLE = "a fraction as sympy.Rational(1, 2)"
_NO_NUMBERS = (sp.I, sp.nan, sp.oo, -sp.oo, sp.zoo)
_MAX_EXPONENT = 1024

FARTHEST = 10**306
"""No number that a map meets may be larger, so that sums and products of a few stay floats."""
MAX_SYMBOLIC_DIMENSION = 6
"""Networks with more units than this are never written out as expressions."""


@dataclass(frozen=True, slots=True)
class Formulas:
    """A rule given by one expression per state, in the states' and parameters' symbols."""

    expressions: tuple[sp.Expr, ...]


@dataclass(frozen=True, slots=True)
class TanhLayer:
    """The rule W tanh(a) + b with exact entries, kept as a matrix for any number of units."""

    weights: tuple[tuple[Fraction, ...], ...]
    bias: tuple[Fraction, ...]

    def __hash__(self) -> int:
        return hash((len(self.bias), self.bias, self.weights[:1]))  # not all n^2 entries at every look into a cache


Box: TypeAlias = tuple[tuple[Fraction, Fraction], ...]
"""One closed interval with exact ends per state."""


@dataclass(frozen=True, slots=True, repr=False)
class Map:
    """A discrete dynamical system a -> M(a): frozen, exact, and the source of every evaluator.

    ``states`` are SymPy symbols, ``rule`` holds the expressions (or, for networks, the matrix), ``parameters``
    pairs each parameter's symbol with its exact value, ``domain`` is the box of interest, one ``(lo, hi)`` per
    state (activation: dimensionless). Derivatives are derived from the rule on demand.
    """

    name: str
    states: tuple[sp.Symbol, ...]
    rule: Formulas | TanhLayer
    parameters: tuple[tuple[sp.Symbol, sp.Expr], ...]
    domain: Box

    def __post_init__(self) -> None:
        _check(self)

    @property
    def dimension(self) -> int:
        """The number n of states."""
        return len(self.states)

    @property
    def values(self) -> dict[sp.Symbol, sp.Expr]:
        """The exact value of each parameter."""
        return dict(self.parameters)

    @property
    def expressions(self) -> tuple[sp.Expr, ...]:
        """M, one expression per state, in the symbols of states and parameters.

        Raises: InputError for a network of more than ``MAX_SYMBOLIC_DIMENSION`` units, which stays a matrix.
        """
        return _expressions(self.rule, self.states)

    @property
    def explicit(self) -> tuple[sp.Expr, ...]:
        """M with every parameter replaced by its exact value. Raises: InputError as ``with_values``."""
        return tuple(with_values(e, self.values) for e in self.expressions)

    @property
    def jacobian(self) -> sp.ImmutableMatrix:
        """M', the n x n matrix of dM_i/da_j, in the symbols of states and parameters."""
        return _jacobian(self.expressions, self.states)

    @property
    def second_derivatives(self) -> tuple[sp.ImmutableMatrix, ...]:
        """M'', one n x n Hessian per component of M."""
        return _hessians(self.expressions, self.states)

    @property
    def content_hash(self) -> str:
        """A hash of what the map is (not of its name), equal in every process and on every machine."""
        return _content_hash(self.states, self.rule, self.parameters, self.domain)

    def with_parameters(self, **values: Exact) -> Map:
        """The same map with some parameters given other exact values.

        Raises: InputError if a name is no parameter of this map, a value is no finite real number, or the map is
        undefined or blows up at these values.
        """
        known = {str(symbol): symbol for symbol, _ in self.parameters}
        for name in values:
            if name not in known:
                listed = ", ".join(known) or "none"
                raise InputError(f"{name}: {self.name} has no such parameter (it has: {listed}); rename or remove it")
        new = tuple((s, exact(values[str(s)], str(s)) if str(s) in values else v) for s, v in self.parameters)
        for expression in self.rule.expressions if isinstance(self.rule, Formulas) else ():
            with_values(expression, dict(new))
        return replace(self, parameters=new)

    def with_domain(self, box: object) -> Map:
        """The same map with another box of interest; see ``exact_box`` for what may be given."""
        return replace(self, domain=exact_box(box, self.dimension, "domain"))

    def latex(self) -> str:
        """The rule as LaTeX, ``a \\mapsto ...`` per state (a matrix for networks that are not written out)."""
        if isinstance(self.rule, TanhLayer) and self.dimension > MAX_SYMBOLIC_DIMENSION:
            return r"a \mapsto W \tanh(a) + b"
        lines = [rf"{sp.latex(s)} &\mapsto {sp.latex(e)}" for s, e in zip(self.states, self.expressions, strict=True)]
        return r"\begin{aligned}" + r" \\ ".join(lines) + r"\end{aligned}"

    def _repr_latex_(self) -> str:
        return f"${self.latex()}$"

    def __repr__(self) -> str:
        given = ", ".join(f"{s} = {v}" for s, v in self.parameters)
        tail = f" with {given}" if given else ""
        if isinstance(self.rule, TanhLayer) and self.dimension > MAX_SYMBOLIC_DIMENSION:
            return f"{self.name}: a -> W tanh(a) + b with W {self.dimension} x {self.dimension}"
        lhs = ", ".join(str(s) for s in self.states)
        rhs = ", ".join(str(e) for e in self.expressions)
        return f"{self.name}: {lhs} -> {rhs}{tail}" if self.dimension == 1 else f"{self.name}: ({lhs}) -> ({rhs}){tail}"


def check_map(m: object) -> None:
    """Raises: InputError for what is no map, such as the name of one."""
    if not isinstance(m, Map):
        raise InputError(f"{m!r:.40} is no Map; make one, as dynlatch.neuron(2) or dynlatch.read_map(file)")


def state_symbol(name: str) -> sp.Symbol:
    """The real symbol that stands for a state or a parameter."""
    return sp.Symbol(name, real=True)


def exact(value: Exact, what: str) -> sp.Expr:
    """A finite real number taken exactly: int, fraction or decimal text, float (as its dyadic), real SymPy number.

    Raises: InputError naming ``what`` for anything else, for nan and for infinities.
    """
    if isinstance(value, sp.Expr) and not isinstance(value, sp.Rational):
        if value.free_symbols or not value.is_real or not value.is_finite or not _is_elementary(value):
            text = _short(str(value))
            raise InputError(
                f"{what}={text} is not an exact finite real number; give an integer, a fraction or a decimal"
            )
        return value
    rational = exact_fraction(value, what)
    return sp.Rational(rational.numerator, rational.denominator)


def _is_elementary(value: sp.Expr) -> bool:
    """Whether a number is built of what every evaluator knows."""
    known = (sp.Rational, sp.Add, sp.Mul, sp.Pow, *(f for f in grammar.FUNCTIONS.values() if isinstance(f, type)))
    return all(e in (sp.pi, sp.E) or isinstance(e, known) for e in sp.preorder_traversal(value))


def exact_fraction(value: object, what: str) -> Fraction:
    """Like ``exact``, for the numbers that must be rational (box ends, weights)."""
    if isinstance(value, sp.Rational):
        return Fraction(int(value.p), int(value.q))
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float | str | Fraction | Decimal):
        raise InputError(f"{what}={_short(repr(value))} is not a number; {_MEND}")
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{what}={value} is not finite; {_MEND}")
    try:
        if isinstance(value, Decimal) and abs(value.adjusted()) > grammar.MAX_DECIMAL_EXPONENT:
            raise ValueError  # its fraction would be huge
        found = _fraction_from_text(value) if isinstance(value, str) else Fraction(value)
    except (ValueError, ZeroDivisionError, OverflowError, InvalidOperation):
        raise InputError(f"{what}={_short(str(value))!r} is not a finite number; {_MEND}") from None
    if max(found.numerator.bit_length(), found.denominator.bit_length()) > grammar.MAX_BITS:
        raise InputError(f"{what} has more than {grammar.MAX_BITS} bits; rescale the map")
    return found


def _short(text: str) -> str:
    """Foreign text for a message of one line."""
    line = " ".join(text.split())
    return line if len(line) <= 40 else f"{line[:37]}..."


def _fraction_from_text(text: str) -> Fraction:
    """Read a fraction or decimal; bounded, so that a short text cannot become a huge number."""
    mantissa, _, exponent = text.lower().partition("e")
    too_long = len(text) > 100 or len(exponent) > 5
    if too_long or (exponent and abs(int(exponent)) > grammar.MAX_DECIMAL_EXPONENT) or "_" in mantissa:
        raise ValueError(text)
    return Fraction(text)


def with_values(expression: sp.Expr, values: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    """``expression`` with parameters replaced by exact values, every operation on constants checked first.

    SymPy computes a power of numbers at once: ``2**w`` at w = 10^9 must never be built.
    Raises: InputError if the values make a constant undefined (``1/(w - 1)`` at w = 1) or a power too large.
    """
    known = values.keys()
    if not expression.free_symbols & known:
        return expression
    try:
        _guard(expression, values)
    except InputError as error:
        given = ", ".join(f"{s} = {v}" for s, v in values.items() if s in expression.free_symbols)
        raise InputError(f"{error} (with {given[:200]})") from None
    return expression.xreplace(values)


def _guard(e: sp.Expr, values: Mapping[sp.Symbol, sp.Expr]) -> None:
    symbols = e.free_symbols
    if isinstance(e, sp.Symbol) or not symbols & values.keys():
        return
    if symbols <= values.keys() and not e.has(sp.sign):  # the sign of a number is harmless, and not in the grammar
        grammar.substitute(e, values, where=_short(str(e)))
        return
    for argument in e.args:
        _guard(argument, values)
    if isinstance(e, sp.Pow | sp.exp):  # SymPy pulls numbers out of a base: (2 a)**w becomes 2**w a**w
        most = _MAX_EXPONENT if isinstance(e, sp.Pow) or e.has(sp.log) else grammar.MAX_BITS
        fixed = [part.xreplace(values) for part in (e.exp, *e.exp.args) if part.free_symbols <= values.keys()]
        for number in (factor for part in fixed for factor in sp.Mul.make_args(part)):
            if number.is_Rational and max(abs(number.p), number.q) > most:
                raise InputError(f"{_short(str(e))}: an exponent beyond {most} in size; use a smaller one")


def exact_box(box: object, dimension: int, what: str = "box") -> Box:
    """One exact ``(lo, hi)`` per state from pairs of numbers; a single pair is used for every state.

    Raises: InputError if the shape is wrong, an end is not finite, or an interval is empty or inverted.
    """
    shape = f"one (lo, hi) per state, {dimension} in all"
    if isinstance(box, str):
        raise InputError(f"{what}={_short(repr(box))} is text and not a box; give {shape}")
    try:
        given = list(box)  # pyright: ignore[reportArgumentType]
        if any(isinstance(row, str) for row in given):
            raise TypeError  # a pair of texts, which must not be taken apart into letters
        rows = [tuple(row) for row in given]
    except TypeError:
        try:
            rows: list[tuple[Any, ...]] = [tuple(box)] * dimension  # pyright: ignore[reportArgumentType]
        except TypeError:
            raise InputError(f"{what}={_short(repr(box))} is not a box; give {shape}") from None
    if len(rows) != dimension or any(len(row) != 2 for row in rows):
        raise InputError(f"{what}={_short(repr(box))} has the wrong shape; give {shape}")
    result: list[tuple[Fraction, Fraction]] = []
    for index, (lo, hi) in enumerate(rows, start=1):
        ends = (
            exact_fraction(lo, f"{what} side {index} lower end"),
            exact_fraction(hi, f"{what} side {index} upper end"),
        )
        if ends[0] >= ends[1]:
            raise InputError(
                f"{what} side {index} = [{lo}, {hi}] is empty or inverted; its lower end must be below its upper end"
            )
        if max(map(abs, ends)) > FARTHEST:
            raise InputError(
                f"{what} side {index} reaches beyond 1e306, too far for floats; choose a smaller box or weight"
            )
        result.append(ends)
    return tuple(result)


def _check(m: Map) -> None:
    if not m.states:
        raise InputError(f"{m.name}: a map needs at least one state; give state symbols")
    names = [str(s) for s in m.states] + [str(s) for s, _ in m.parameters]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{m.name}: the name {name} is used twice among states and parameters; rename one")
    size = len(m.rule.expressions) if isinstance(m.rule, Formulas) else len(m.rule.bias)
    if size != m.dimension or len(m.domain) != m.dimension:
        raise InputError(
            f"{m.name}: {m.dimension} states, {size} expressions and {len(m.domain)} domain sides; the three must agree"
        )
    if isinstance(m.rule, TanhLayer) and any(len(row) != m.dimension for row in m.rule.weights):
        raise InputError(f"{m.name}: the weight matrix must be {m.dimension} x {m.dimension}; check its rows")
    exact_box(m.domain, m.dimension, f"{m.name}: domain")
    if isinstance(m.rule, Formulas):
        known = set(m.states) | {s for s, _ in m.parameters}
        for expression in m.rule.expressions:
            if inexact := [e for e in sp.preorder_traversal(expression) if isinstance(e, sp.Float) or e in _NO_NUMBERS]:
                raise InputError(
                    f"{m.name}: {inexact[0]} in {_short(str(expression))} is no exact real number; write {_EXAMPLE}"
                )
            unknown = sorted(str(s) for s in expression.free_symbols - known)
            if unknown:
                raise InputError(f"{m.name}: {unknown[0]} is neither a state nor a parameter; declare or rename it")


@lru_cache(maxsize=256)
def _expressions(rule: Formulas | TanhLayer, states: tuple[sp.Symbol, ...]) -> tuple[sp.Expr, ...]:
    if isinstance(rule, Formulas):
        return rule.expressions
    if len(states) > MAX_SYMBOLIC_DIMENSION:
        raise InputError(
            f"a network of {len(states)} units is kept as a matrix: "
            f"expressions are written out up to {MAX_SYMBOLIC_DIMENSION} units; use fewer units or a numerical call"
        )
    rows: list[sp.Expr] = []
    for weights, bias in zip(rule.weights, rule.bias, strict=True):
        terms = [sp.Rational(w.numerator, w.denominator) * sp.tanh(s) for w, s in zip(weights, states, strict=True)]
        rows.append(sp.Add(*terms, sp.Rational(bias.numerator, bias.denominator)))
    return tuple(rows)


def differentiate(expression: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
    """The derivative, with c - c tanh(x)^2 written as c sech(x)^2, which keeps its relative accuracy for large x."""
    return sp.diff(expression, symbol).replace(_is_sech_squared, _as_sech_squared)


def _is_sech_squared(e: sp.Basic) -> bool:
    return _as_sech_squared(e) is not e


def _as_sech_squared(e: sp.Basic) -> sp.Basic:
    if not (isinstance(e, sp.Add) and len(e.args) == 2):
        return e
    constant, rest = e.args if e.args[0].is_number else e.args[::-1]
    square = rest / -constant if constant.is_number else None
    if isinstance(square, sp.Pow) and square.exp == 2 and isinstance(square.base, sp.tanh):
        return constant * sp.sech(square.base.args[0]) ** 2
    return e


@lru_cache(maxsize=256)
def _jacobian(expressions: tuple[sp.Expr, ...], states: tuple[sp.Symbol, ...]) -> sp.ImmutableMatrix:
    return sp.ImmutableMatrix([[differentiate(e, s) for s in states] for e in expressions])


@lru_cache(maxsize=256)
def _hessians(expressions: tuple[sp.Expr, ...], states: tuple[sp.Symbol, ...]) -> tuple[sp.ImmutableMatrix, ...]:
    jacobian = _jacobian(expressions, states)
    n = len(states)
    return tuple(
        sp.ImmutableMatrix([[differentiate(jacobian[i, j], s) for s in states] for j in range(n)]) for i in range(n)
    )


@lru_cache(maxsize=256)
def _content_hash(
    states: tuple[sp.Symbol, ...],
    rule: Formulas | TanhLayer,
    parameters: tuple[tuple[sp.Symbol, sp.Expr], ...],
    domain: Box,
) -> str:
    body = (
        [sp.srepr(e) for e in rule.expressions] if isinstance(rule, Formulas) else [str(rule.weights), str(rule.bias)]
    )
    given = sorted(f"{s}={sp.srepr(v)}" for s, v in parameters)
    text = "\n".join(["dynlatch map 1", *map(str, states), *body, *given, str(domain)])
    return hashlib.sha256(text.encode()).hexdigest()
