"""The ball evaluator: a map, its Jacobian and its second derivatives over boxes of balls.

Rigor: certified. A result that is not finite means that nothing is known on that box.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy as sp
from flint import arb

from dynlatch.errors import InputError
from dynlatch.maps.definition import Map, TanhLayer
from dynlatch.maps.program import FUNCTION_NAMES, Program, lower, run
from dynlatch.rigor import balls


def ball_of(expression: sp.Expr) -> arb:
    """A ball around an exact real number given as an expression, at the current precision.

    Raises: InputError for an expression that is not built of rationals, pi, E and elementary functions.
    """
    if isinstance(expression, sp.Rational):
        return balls.ball(Fraction(int(expression.p), int(expression.q)))
    if expression == sp.pi:
        return arb.pi()
    if expression == sp.E:
        return arb(1).exp()
    operands = [ball_of(a) for a in expression.args if isinstance(a, sp.Expr)]
    if isinstance(expression, sp.Add):
        return sum(operands, arb(0))
    if isinstance(expression, sp.Mul):
        product = arb(1)
        for operand in operands:
            product = product * operand
        return product
    if isinstance(expression, sp.Pow):
        return _power(expression, operands)
    if isinstance(expression, sp.sech):
        return 1 / operands[0].cosh()
    name = FUNCTION_NAMES.get(type(expression))
    if name is None or not operands:
        raise InputError(f"{expression} is no number that balls can enclose; use fractions and elementary functions")
    return balls.FUNCTIONS[name](operands[0])


def _power(expression: sp.Pow, operands: list[arb]) -> arb:
    base, exponent = expression.base, expression.exp
    if exponent.is_Integer:
        return balls.powi(operands[0], int(exponent))
    if base == sp.E:
        return operands[1].exp()
    if exponent.is_Rational and exponent.q == 2:
        return balls.powi(balls.FUNCTIONS["sqrt"](operands[0]), int(exponent.p))
    return (operands[1] * balls.FUNCTIONS["log"](operands[0])).exp()


class BallMap:
    """M, M' and M'' over boxes of balls. Make it with ``ball_map``; its precision is that of the moment of use."""

    def __init__(self, m: Map) -> None:
        self._map = m

    def image(self, box: Sequence[arb]) -> list[arb]:
        """An enclosure of M over the box, one ball per state."""
        if isinstance(self._map.rule, TanhLayer):
            squashed = [balls.tanh(a) for a in box]
            return [_dot(row, squashed) + balls.ball(b) for row, b in zip(*_rows(self._map.rule), strict=True)]
        return _evaluate(_image_program(self._map), box)

    def image_of_point(self, box: Sequence[arb]) -> list[arb]:
        """The image of a narrow box by the mean value form: its width grows by M', not by all that a formula adds."""
        if isinstance(self._map.rule, TanhLayer) or all(a.is_exact() for a in box):
            return self.image(box)
        middle = [a.mid() for a in box]
        shift = [a - c for a, c in zip(box, middle, strict=True)]
        slopes = self.jacobian(box)
        return [
            value + sum((s * d for s, d in zip(row, shift, strict=True)), arb(0))
            for value, row in zip(self.image(middle), slopes, strict=True)
        ]

    def jacobian(self, box: Sequence[arb]) -> list[list[arb]]:
        """An enclosure of every entry of M' over the box, as rows; nan unless M has a value on all of the box.

        Without that, a pole or a jump of M could go unseen where the formula of M' has none: d/dx atan(tan x) = 1.
        """
        if isinstance(self._map.rule, TanhLayer):
            slopes = [balls.sech2(a) for a in box]
            rows, _ = _rows(self._map.rule)
            return [[balls.mul(balls.ball(w), s) for w, s in zip(row, slopes, strict=True)] for row in rows]
        n = self._map.dimension
        flat = self._where_defined(jacobian_program(self._map), box)
        return [flat[i * n : (i + 1) * n] for i in range(n)]

    def second_derivatives(self, box: Sequence[arb]) -> list[list[list[arb]]]:
        """An enclosure of d^2 M_i / da_j da_k over the box, indexed [i][j][k]; nan unless M has a value there."""
        n = self._map.dimension
        if isinstance(self._map.rule, TanhLayer):
            bends = [balls.mul(-2 * balls.tanh(a), balls.sech2(a)) for a in box]
            rows, _ = _rows(self._map.rule)
            return [
                [[balls.mul(balls.ball(row[j]), bends[j]) if j == k else arb(0) for k in range(n)] for j in range(n)]
                for row in rows
            ]
        flat = self._where_defined(_hessian_program(self._map), box)
        return [[flat[(i * n + j) * n : (i * n + j + 1) * n] for j in range(n)] for i in range(n)]

    def _where_defined(self, program: Program, box: Sequence[arb]) -> list[arb]:
        if is_total(self._map) or all(value.is_finite() for value in self.image(box)):
            return _evaluate(program, box)
        return [arb("nan")] * len(program.outputs)


@lru_cache(maxsize=64)
def is_total(m: Map) -> bool:
    """Whether M has a value and is continuous everywhere, as far as its operations tell."""
    return isinstance(m.rule, TanhLayer) or _image_program(m).is_total


@lru_cache(maxsize=64)
def ball_map(m: Map) -> BallMap:
    """The ball evaluator of a map."""
    return BallMap(m)


def _rows(rule: TanhLayer) -> tuple[tuple[tuple[Fraction, ...], ...], tuple[Fraction, ...]]:
    return rule.weights, rule.bias


def _dot(weights: Sequence[Fraction], values: Sequence[arb]) -> arb:
    return sum((balls.mul(balls.ball(w), v) for w, v in zip(weights, values, strict=True)), arb(0))


def _evaluate(program: Program, box: Sequence[arb]) -> list[arb]:
    constants = [ball_of(c) for c in program.constants]
    results: list[Any] = run(program, box, constants, _OPERATIONS)
    return results


@lru_cache(maxsize=64)
def _image_program(m: Map) -> Program:
    return lower(m.expressions, m.states, m.values)


@lru_cache(maxsize=64)
def jacobian_program(m: Map) -> Program:
    """The program of M', row-major."""
    return lower(list(m.jacobian), m.states, m.values)


@lru_cache(maxsize=64)
def _hessian_program(m: Map) -> Program:
    return lower([entry for matrix in m.second_derivatives for entry in matrix], m.states, m.values)


_OPERATIONS: dict[str, Callable[..., object]] = {
    "add": balls.add,
    "sub": balls.sub,
    "mul": balls.mul,
    "div": balls.div,
    "powi": balls.powi,
    **balls.FUNCTIONS,
}
