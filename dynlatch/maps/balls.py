"""The ball evaluator: a map, its Jacobian and its second derivatives over boxes of balls.

Rigor: certified. A result that is not finite means that nothing is known on that box.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

import sympy as sp
from flint import arb, ctx

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
        return self._image(box)

    def image_of_point(self, box: Sequence[arb]) -> list[arb]:
        """The image of a narrow box by the mean value form: its width grows by M', not by all that a formula adds."""
        if self._has_narrow_images or all(a.is_exact() for a in box):
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
        flat = self._where_defined(self._jacobian, box)
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
        flat = self._where_defined(self._hessian, box)
        return [[flat[(i * n + j) * n : (i * n + j + 1) * n] for j in range(n)] for i in range(n)]

    def _where_defined(self, program: _BallProgram, box: Sequence[arb]) -> list[arb]:
        if self._is_total or all(value.is_finite() for value in self.image(box)):
            return program(box)
        return [arb("nan")] * len(program.program.outputs)

    # Kept here, not looked up by the map: orbits of many steps ask again and again.

    @cached_property
    def _is_total(self) -> bool:
        return is_total(self._map)

    @cached_property
    def _has_narrow_images(self) -> bool:
        """Whether every formula has each state once, so that its range over a box is enclosed but for rounding."""
        m = self._map
        return isinstance(m.rule, TanhLayer) or all(f.count(s) <= 1 for f in m.expressions for s in m.states)

    @cached_property
    def _image(self) -> _BallProgram:
        return _BallProgram(_image_program(self._map))

    @cached_property
    def _jacobian(self) -> _BallProgram:
        return _BallProgram(jacobian_program(self._map))

    @cached_property
    def _hessian(self) -> _BallProgram:
        return _BallProgram(_hessian_program(self._map))


class _BallProgram:
    """A program over balls; its constants are enclosed once for each precision."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._constants: dict[int, list[arb]] = {}

    def __call__(self, box: Sequence[arb]) -> list[arb]:
        constants = self._constants.get(ctx.prec)
        if constants is None:
            constants = self._constants[ctx.prec] = [ball_of(c) for c in self.program.constants]
        results: list[Any] = run(self.program, box, constants, _OPERATIONS)
        return results


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
