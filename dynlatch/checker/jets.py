"""Truncated Taylor polynomials with interval coefficients, and formulas evaluated in them.

A jet of order r in n variables around a box X encloses, for every y in X, the coefficients of f(y + t) up to degree r
in t: the value, the partial derivatives, half the second ones, and so on. Products and compositions of jets are those
of the polynomials, cut off at degree r, so derivatives come from the formula itself. Rigor: certified.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final, TypeAlias

import sympy as sp

from dynlatch.checker import functions
from dynlatch.checker import intervals as iv
from dynlatch.checker.intervals import Interval
from dynlatch.errors import InputError
from dynlatch.maps.definition import with_values

Exponents: TypeAlias = tuple[int, ...]
"""The variables of a monomial, sorted: ``(0, 0, 1)`` is t_0^2 t_1."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The monomials of degree up to ``order`` in ``num_variables`` variables, and which pairs multiply to each."""

    num_variables: int
    order: int
    monomials: tuple[Exponents, ...]
    places: dict[Exponents, int]
    pairs: tuple[tuple[tuple[int, int], ...], ...]

    @property
    def size(self) -> int:
        """How many coefficients a jet has."""
        return len(self.monomials)


@lru_cache(maxsize=64)
def shape(num_variables: int, order: int) -> Shape:
    """The shape of jets of this order in this many variables."""
    monomials = [m for d in range(order + 1) for m in itertools.combinations_with_replacement(range(num_variables), d)]
    places = {m: k for k, m in enumerate(monomials)}
    pairs: list[list[tuple[int, int]]] = [[] for _ in monomials]
    for (i, a), (j, b) in itertools.product(enumerate(monomials), repeat=2):
        if len(a) + len(b) <= order:
            pairs[places[tuple(sorted(a + b))]].append((i, j))
    return Shape(num_variables, order, tuple(monomials), places, tuple(map(tuple, pairs)))


class Jet:
    """Coefficients in the order of the shape's monomials; None stands for one that is 0 everywhere."""

    __slots__ = ("coefficients", "shape")

    def __init__(self, kind: Shape, coefficients: list[Interval | None]) -> None:
        self.shape = kind
        self.coefficients = coefficients

    @property
    def value(self) -> Interval:
        """The function's own range."""
        return self.coefficients[0] or iv.ZERO

    def coefficient(self, *variables: int) -> Interval:
        """That of a monomial: ``coefficient(0)`` is the partial derivative by variable 0."""
        return self.coefficients[self.shape.places[tuple(sorted(variables))]] or iv.ZERO

    def derivative(self, variable: int) -> Jet:
        """The jet of the partial derivative, of one order less."""
        less = shape(self.shape.num_variables, self.shape.order - 1)
        found: list[Interval | None] = []
        for monomial in less.monomials:
            c = self.coefficients[self.shape.places[tuple(sorted((*monomial, variable)))]]
            times = monomial.count(variable) + 1
            found.append(c if c is None or times == 1 else c * iv.number(times))
        return Jet(less, found)

    def __neg__(self) -> Jet:
        return Jet(self.shape, [None if c is None else -c for c in self.coefficients])

    def __add__(self, other: Jet) -> Jet:
        pairs = zip(self.coefficients, other.coefficients, strict=True)
        return Jet(self.shape, [b if a is None else a if b is None else a + b for a, b in pairs])

    def __sub__(self, other: Jet) -> Jet:
        return self + -other

    def __mul__(self, other: Jet) -> Jet:
        left, right = self.coefficients, other.coefficients
        found: list[Interval | None] = []
        for pairs in self.shape.pairs:
            sum_: Interval | None = None
            for i, j in pairs:
                a, b = left[i], right[j]
                if a is not None and b is not None:
                    sum_ = a * b if sum_ is None else sum_ + a * b
            found.append(sum_)
        return Jet(self.shape, found)

    def composed(self, outer: Sequence[Interval]) -> Jet:
        """f of this jet, given the coefficients of f over this jet's values."""
        nilpotent = Jet(self.shape, [None, *self.coefficients[1:]])
        found: list[Interval | None] = [outer[0]] + [None] * (self.shape.size - 1)
        power_ = nilpotent
        for k in range(1, self.shape.order + 1):
            for place, c in enumerate(power_.coefficients):
                if c is not None:
                    term, before = outer[k] * c, found[place]
                    found[place] = term if before is None else before + term
            power_ = power_ * nilpotent if k < self.shape.order else power_
        return Jet(self.shape, found)


def constant(kind: Shape, value: Interval) -> Jet:
    """The jet of a number."""
    return Jet(kind, [value] + [None] * (kind.size - 1))


def variable(kind: Shape, index: int, value: Interval) -> Jet:
    """The jet of a variable."""
    found: list[Interval | None] = [value] + [None] * (kind.size - 1)
    if kind.order:
        found[kind.places[index,]] = iv.ONE
    return Jet(kind, found)


# --- formulas ---------------------------------------------------------------------------------------------------------

NAMES: Final[dict[type[sp.Basic], str]] = {
    sp.exp: "exp", sp.log: "log", sp.sin: "sin", sp.cos: "cos", sp.tan: "tan", sp.sinh: "sinh", sp.cosh: "cosh",
    sp.tanh: "tanh", sp.sech: "sech", sp.asin: "asin", sp.acos: "acos", sp.atan: "atan", sp.asinh: "asinh",
    sp.acosh: "acosh", sp.atanh: "atanh", sp.Abs: "abs",
}  # fmt: skip
"""SymPy's functions and what they are called here."""

Step: TypeAlias = tuple[str, tuple[int, ...], int]
"""An operation, the steps that it takes, and a whole number: a state, a constant, an exponent."""


class Formula:
    """Several expressions in the states as one list of steps, each on earlier ones; equal parts are one step."""

    def __init__(
        self, expressions: Sequence[sp.Expr], states: Sequence[sp.Symbol], values: dict[sp.Symbol, sp.Expr]
    ) -> None:
        self._states = {s: i for i, s in enumerate(states)}
        self._values = values
        self._numbers: list[sp.Expr] = []
        self._steps: list[Step] = []
        self._known: dict[sp.Basic, int] = {}
        self._outputs = [self._step(e) for e in expressions]
        self._constants: dict[int, list[Interval]] = {}

    def evaluate(self, box: Sequence[Interval]) -> list[Interval]:
        """The range of every expression over the box; undefined where it has no value on all of it."""
        numbers = self._balls()
        found: list[Interval] = []
        for name, at, k in self._steps:
            if name == "state":
                found.append(box[k])
            elif name == "number":
                found.append(numbers[k])
            elif name == "add":
                found.append(iv.total([found[i] for i in at]))
            elif name == "mul":
                result = found[at[0]]
                for i in at[1:]:
                    result = result * found[i]
                found.append(result)
            elif name == "neg":
                found.append(-found[at[0]])
            elif name == "power":
                found.append(iv.power(found[at[0]], k))
            else:
                found.append(iv.sqrt(found[at[0]]) if name == "sqrt" else functions.value(name, found[at[0]]))
        return [found[i] for i in self._outputs]

    def jets(self, box: Sequence[Interval], order: int) -> list[Jet]:
        """The jet of every expression over the box; one whose value is undefined says nothing at all."""
        numbers, kind = self._balls(), shape(len(box), order)
        found: list[Jet] = []
        for name, at, k in self._steps:
            if name == "state":
                found.append(variable(kind, k, box[k]))
            elif name == "number":
                found.append(constant(kind, numbers[k]))
            elif name in ("add", "mul"):
                result = found[at[0]]
                for i in at[1:]:
                    result = result + found[i] if name == "add" else result * found[i]
                found.append(result)
            elif name == "neg":
                found.append(-found[at[0]])
            else:
                inner = found[at[0]]
                if name == "power":
                    outer = functions.whole_power(inner.value, k, order)
                elif name == "sqrt":
                    outer = functions.root(inner.value, order)
                else:
                    outer = functions.taylor(name, inner.value, order)
                found.append(inner.composed(outer))
        return [found[i] for i in self._outputs]

    def _balls(self) -> list[Interval]:
        bits = iv.bits()
        if bits not in self._constants:
            if len(self._constants) > 8:
                self._constants.clear()
            self._constants[bits] = [number_of(e) for e in self._numbers]
        return self._constants[bits]

    def _add(self, name: str, at: tuple[int, ...], k: int = 0) -> int:
        self._steps.append((name, at, k))
        return len(self._steps) - 1

    def _step(self, e: sp.Expr) -> int:
        if e not in self._known:
            self._known[e] = self._lowered(e)
        return self._known[e]

    def _lowered(self, e: sp.Expr) -> int:
        if isinstance(e, sp.Symbol) and e in self._states:
            return self._add("state", (), self._states[e])
        if not e.free_symbols & self._states.keys():
            # Parameters stay apart from the rest until here, so that 2**w is never built for a huge w unseen.
            self._numbers.append(with_values(e, self._values))
            return self._add("number", (), len(self._numbers) - 1)
        if isinstance(e, sp.Add | sp.Mul):
            name = "add" if isinstance(e, sp.Add) else "mul"
            fixed = [a for a in e.args if not a.free_symbols & self._states.keys()]
            parts = [self._step(a) for a in e.args if a.free_symbols & self._states.keys()]
            number: sp.Expr = e.func(*fixed)
            negated = name == "mul" and number == sp.S.NegativeOne
            if fixed and not negated:
                parts.append(self._step(number))
            whole = self._add(name, tuple(parts)) if len(parts) > 1 else parts[0]
            return self._add("neg", (whole,)) if negated else whole
        if isinstance(e, sp.Pow):
            return self._power(e.base, e.exp)
        name = NAMES.get(type(e))
        if name is None or len(e.args) != 1:
            raise InputError(f"{type(e).__name__} is not a function that certificates know; write the map without it")
        return self._add(name, (self._step(e.args[0]),))

    def _power(self, base: sp.Expr, exponent: sp.Expr) -> int:
        value = with_values(exponent, self._values)
        if base == sp.E:
            return self._add("exp", (self._step(exponent),))
        if value.is_Integer:
            return self._add("power", (self._step(base),), int(value))
        if value.is_Rational and value.q == 2:
            root = self._add("sqrt", (self._step(base),))
            return root if value.p == 1 else self._add("power", (root,), int(value.p))
        logarithm = self._add("log", (self._step(base),))
        return self._add("exp", (self._add("mul", (self._step(exponent), logarithm)),))


def number_of(e: sp.Expr) -> Interval:
    """An exact constant at the precision of now, by the same steps as a formula.

    Raises: InputError for a constant that is not built of rationals, pi, E and elementary functions.
    """
    if isinstance(e, sp.Rational):
        return iv.number(Fraction(int(e.p), int(e.q)))
    if e == sp.pi:
        return iv.pi()
    if e == sp.E:
        return functions.value("exp", iv.ONE)
    parts = [number_of(a) for a in e.args]
    if isinstance(e, sp.Add):
        return iv.total(parts)
    if isinstance(e, sp.Mul):
        product = iv.ONE
        for part in parts:
            product = product * part
        return product
    if isinstance(e, sp.Pow):
        if e.exp.is_Integer:
            return iv.power(parts[0], int(e.exp))
        if e.exp.is_Rational and e.exp.q == 2:
            return iv.power(iv.sqrt(parts[0]), int(e.exp.p))
        return functions.value("exp", parts[1] * functions.value("log", parts[0]))
    name = NAMES.get(type(e))
    if name is None or len(parts) != 1:
        raise InputError(f"{type(e).__name__} is not a function that certificates know; write the map without it")
    return functions.value(name, parts[0])
