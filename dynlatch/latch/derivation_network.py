"""Lines for networks a -> W tanh(a) + b in matrix form, for any number of units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Final

import sympy as sp

from dynlatch.latch.derivation_checks import NARROW, Check, Line, check_identity, line
from dynlatch.maps.balls import ball_map
from dynlatch.maps.definition import Map, TanhLayer
from dynlatch.rigor import balls
from dynlatch.rigor.krawczyk import Ball
from dynlatch.verdict import Verdict

_BITS: Final = 320
_MAX_CHECKED: Final = 8
"""Columns of a large matrix that are checked."""


def network_lines(m: Map) -> list[Line]:
    """Jacobian, curvature, contraction constant and what the weights say about the origin. Empty for other maps."""
    if not isinstance(m.rule, TanhLayer):
        return []
    weights, bias = m.rule.weights, m.rule.bias
    evaluator = ball_map(m)
    sums = {
        r"\infty": max(sum(map(abs, row)) for row in weights),
        "1": max(sum(map(abs, c)) for c in zip(*weights, strict=True)),
    }
    slope = _slope_check(m, evaluator.image, evaluator.jacobian)
    u, v = sp.symbols("a m", positive=True)
    falls = check_identity(sp.diff(sp.sech(u) ** 2, u), -2 * sp.tanh(u) * sp.sech(u) ** 2)
    steepest = sp.atanh(1 / sp.sqrt(3))
    top = check_identity(2 * sp.tanh(steepest) * (1 - sp.tanh(steepest) ** 2), 4 / (3 * sp.sqrt(3)))
    norm = Check(
        falls.verdict,
        "exact: abs(W D) <= abs(W) max D, with equality at D = sech^2(m) I; sech^2 falls; checked in balls",
    )
    lines = [
        line("Jacobian in matrix form", "M'(a)", r"W \operatorname{diag}(\operatorname{sech}^2 a)", slope),
        line(
            "curvature",
            r"\frac{\partial^2 M_i}{\partial a_j^2}",
            r"-2 W_{ij} \tanh(a_j) \operatorname{sech}^2(a_j)",
            falls,
        ),
        line(
            "greatest curvature",
            r"\sup_a |M''|",
            r"\frac{4}{3 \sqrt 3} |W|",
            top,
            how="SymPy, guided by x = tanh a",
            relation=r"\le",
        ),
        line("contraction constant where every abs(a_i) >= m", r"\sup |M'|", r"|W| \operatorname{sech}^2 m", norm),
    ]
    for name, value in sums.items():
        exact = sp.Rational(value.numerator, value.denominator)
        lines.append(_edge_line(name, exact, v))
    if not any(bias):
        lines.append(line("multipliers of the origin", r"M'(0)", "W", _origin_check(m, evaluator.jacobian)))
    return lines


def _edge_line(norm: str, size: sp.Rational, v: sp.Symbol) -> Line:
    title = f"edge of contraction in the {norm.strip(chr(92)).replace('infty', 'infinity')} norm"
    if size <= 1:
        return line(title, "m", sp.S.Zero, Check(Verdict.PROVED, f"exact: abs(W) = {size} <= 1 contracts away from 0"))
    edge = sp.acosh(sp.sqrt(size))
    check = check_identity(size * (1 - sp.tanh(edge) ** 2), sp.S.One)
    return line(title, rf"\operatorname{{arcosh}} \sqrt{{|W|_{norm}}}", edge, check, how="SymPy, guided by c = cosh m")


def _slope_check(
    m: Map, image: Callable[[Sequence[Ball]], list[Ball]], jacobian: Callable[[Sequence[Ball]], list[list[Ball]]]
) -> Check:
    """The ball Jacobian against slopes of M itself, by the mean value theorem along each axis."""
    step, agreed = Fraction(1, 10**30), 0
    with balls.precision(_BITS):
        for point in range(3):
            state = [balls.ball(Fraction((5 * i + 7 * point) % 11 - 5, 4)) for i in range(m.dimension)]
            start = image(state)
            for j in range(min(m.dimension, _MAX_CHECKED)):
                end = [a + balls.ball(step) if i == j else a for i, a in enumerate(state)]
                over = [balls.hull(a, b) if i == j else a for i, (a, b) in enumerate(zip(state, end, strict=True))]
                slopes = [(y - x) / balls.ball(step) for x, y in zip(start, image(end), strict=True)]
                for slope, row in zip(slopes, jacobian(over), strict=True):
                    lower, upper = balls.ends(slope - row[j])
                    if lower > 0 or upper < 0:
                        return Check(Verdict.REFUTED, f"a slope in direction {j + 1} differs by {float(lower):.3g}")
                    agreed += upper - lower < NARROW
    exact = "exact: d tanh = sech^2 in each unit"
    return Check(Verdict.PROVED, f"{exact}; {agreed} slopes by the mean value theorem in balls agree to 1e-20")


def _origin_check(m: Map, jacobian: Callable[[Sequence[Ball]], list[list[Ball]]]) -> Check:
    rule = m.rule
    if not isinstance(rule, TanhLayer):
        return Check(Verdict.INCONCLUSIVE, "no network")
    with balls.precision(_BITS):
        rows = jacobian([balls.ball(0)] * m.dimension)
        same = all(
            e.contains(balls.ball(w))
            for r, s in zip(rows, rule.weights, strict=True)
            for e, w in zip(r, s, strict=True)
        )
    return (
        Check(Verdict.PROVED, "exact: sech^2(0) = 1; balls agree") if same else Check(Verdict.REFUTED, "M'(0) is not W")
    )
