"""A map lowered to a straight-line program, the one source of the four evaluators.

A node is an operation on earlier nodes; equal nodes are one node. Everything that does not depend on the states
is a constant, kept exactly, so that programs of maps that differ in parameter values alone have one structure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import sympy as sp

from dynlatch.errors import InputError
from dynlatch.maps.definition import with_values

UNARY: Final = frozenset(
    "neg exp log sqrt sin cos tan sinh cosh tanh sech2 asin acos atan asinh acosh atanh absolute sign".split()
)
BINARY: Final = frozenset("add sub mul div".split())

_PARTIAL: Final = frozenset("div log sqrt tan asin acos acosh atanh sign".split())

Node = tuple[str, int, int]
"""``(operation, first, second)``: node indices; ``second`` is the exponent of ``powi`` and 0 where unused.
The leaves are ``("state", i, 0)`` and ``("const", k, 0)``."""


@dataclass(frozen=True, slots=True)
class Program:
    """Nodes in the order of evaluation, exact constants, and the nodes that are the outputs."""

    num_states: int
    nodes: tuple[Node, ...]
    constants: tuple[sp.Expr, ...]
    outputs: tuple[int, ...]

    @property
    def is_total(self) -> bool:
        """Whether every operation has a value, and is continuous, everywhere."""
        return not any(
            name in _PARTIAL or (name == "powi" and second < 0) for name, _, second in self.nodes
        )  # fmt: skip

    @property
    def structure_hash(self) -> str:
        """A hash of the operations alone, without the values of the constants."""
        return hashlib.sha256(repr((self.num_states, self.nodes, self.outputs)).encode()).hexdigest()


def lower(expressions: Sequence[sp.Expr], states: Sequence[sp.Symbol], values: dict[sp.Symbol, sp.Expr]) -> Program:
    """The program that computes ``expressions`` from the states, the parameters having the given exact values.

    Raises: InputError for a function that no evaluator knows, and as ``with_values``.
    """
    builder = _Builder({s: i for i, s in enumerate(states)}, values)
    outputs = tuple(builder.visit(e) for e in expressions)
    return Program(len(states), tuple(builder.nodes), tuple(builder.constants), outputs)


def run(
    program: Program,
    states: Sequence[object],
    constants: Sequence[object],
    operations: dict[str, Callable[..., object]],
) -> list[object]:
    """Evaluate a program with one implementation of its operations (NumPy arrays, balls, source text)."""
    values: list[object] = []
    for name, first, second in program.nodes:
        if name == "state":
            values.append(states[first])
        elif name == "const":
            values.append(constants[first])
        elif name == "powi":
            values.append(operations[name](values[first], second))
        elif name in BINARY:
            values.append(operations[name](values[first], values[second]))
        else:
            values.append(operations[name](values[first]))
    return [values[i] for i in program.outputs]


FUNCTION_NAMES: Final[dict[type[sp.Basic], str]] = {
    sp.exp: "exp", sp.log: "log", sp.sin: "sin", sp.cos: "cos", sp.tan: "tan", sp.sinh: "sinh", sp.cosh: "cosh",
    sp.tanh: "tanh", sp.asin: "asin", sp.acos: "acos", sp.atan: "atan", sp.asinh: "asinh", sp.acosh: "acosh",
    sp.atanh: "atanh", sp.Abs: "absolute", sp.sign: "sign",
}  # fmt: skip
"""SymPy's elementary functions and what their operation is called."""


@dataclass
class _Builder:
    positions: dict[sp.Symbol, int]
    values: dict[sp.Symbol, sp.Expr]
    nodes: list[Node] = field(default_factory=list[Node])
    constants: list[sp.Expr] = field(default_factory=list[sp.Expr])
    seen: dict[Node, int] = field(default_factory=dict[Node, int])
    constant_positions: dict[sp.Expr, int] = field(default_factory=dict[sp.Expr, int])
    memo: dict[sp.Expr, int] = field(default_factory=dict[sp.Expr, int])

    def emit(self, name: str, first: int, second: int = 0) -> int:
        node = (name, first, second)
        if node not in self.seen:
            self.seen[node] = len(self.nodes)
            self.nodes.append(node)
        return self.seen[node]

    def visit(self, e: sp.Expr) -> int:
        if e not in self.memo:
            self.memo[e] = self.constant(e) if not e.free_symbols & self.positions.keys() else self.compute(e)
        return self.memo[e]

    def constant(self, e: sp.Expr) -> int:
        # Keyed by the expression before substitution, so that w and h stay two constants when both are 1.
        if e not in self.constant_positions:
            self.constant_positions[e] = len(self.constants)
            self.constants.append(with_values(e, self.values))
        return self.emit("const", self.constant_positions[e])

    def compute(self, e: sp.Expr) -> int:
        if isinstance(e, sp.Symbol):
            return self.emit("state", self.positions[e])
        if isinstance(e, sp.Add):
            return self.sum(e)
        if isinstance(e, sp.Mul):
            return self.product(e)
        if isinstance(e, sp.Pow):
            return self.power(e.base, e.exp)
        if isinstance(e, sp.sech):
            return self.emit("sqrt", self.emit("sech2", self.visit(e.args[0])))
        if isinstance(e, sp.DiracDelta):  # from the second derivative of |u|: 0 / u is 0, and undefined where u is 0
            return self.emit("div", self.constant(sp.S.Zero), self.visit(e.args[0]))
        name = FUNCTION_NAMES.get(type(e))
        if name is None:
            raise InputError(f"{e}: no evaluator knows {type(e).__name__}; use arithmetic and the elementary functions")
        return self.emit(name, self.visit(e.args[0]))

    def split(self, e: sp.Expr) -> tuple[list[sp.Expr], list[sp.Expr]]:
        """The operands without and with states."""
        fixed = [a for a in e.args if not a.free_symbols & self.positions.keys()]
        moving = [a for a in e.args if a.free_symbols & self.positions.keys()]
        return fixed, moving

    def sum(self, e: sp.Expr) -> int:
        fixed, moving = self.split(e)
        total = self.visit(moving[0])
        for term in moving[1:]:
            if isinstance(term, sp.Mul) and term.could_extract_minus_sign():
                total = self.emit("sub", total, self.visit(-term))
            else:
                total = self.emit("add", total, self.visit(term))
        return self.emit("add", total, self.visit(sp.Add(*fixed))) if fixed else total

    def product(self, e: sp.Expr) -> int:
        fixed, moving = self.split(e)
        over = [f for f in moving if not (isinstance(f, sp.Pow) and f.exp.could_extract_minus_sign())]
        under = [sp.Pow(f.base, -f.exp) for f in moving if f not in over]
        coefficient = sp.Mul(*fixed)
        if coefficient in (1, -1) and over:
            total, over = self.visit(over[0]), over[1:]
        else:
            total, coefficient = self.visit(coefficient), sp.S.One
        for factor in over:
            total = self.emit("mul", total, self.visit(factor))
        for factor in under:
            total = self.emit("div", total, self.visit(factor))
        return self.emit("neg", total) if coefficient == -1 else total

    def power(self, base: sp.Expr, exponent: sp.Expr) -> int:
        value = with_values(exponent, self.values)
        if isinstance(base, sp.sech) and value.is_Integer and int(value) % 2 == 0:
            square = self.emit("sech2", self.visit(base.args[0]))
            return square if value == 2 else self.emit("powi", square, int(value) // 2)
        if base == sp.E:
            return self.emit("exp", self.visit(exponent))
        if value.is_Integer:
            return self.emit("powi", self.visit(base), int(value))
        if value.is_Rational and value.q == 2:
            root = self.emit("sqrt", self.visit(base))
            return root if value.p == 1 else self.emit("powi", root, int(value.p))
        return self.emit("exp", self.emit("mul", self.visit(exponent), self.emit("log", self.visit(base))))
