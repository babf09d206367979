"""Lines for polynomial maps in one and two dimensions: fixed points, multipliers, bifurcations and folds by radicals.

Only factors of degree 2 at most are solved, so that the work is bounded and the answers are short.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sympy as sp

from dynlatch.latch.derivation_checks import Check, Line, check_identity, degree_bound, line
from dynlatch.maps.definition import Map, TanhLayer
from dynlatch.verdict import Verdict

_MAX_DEGREE: Final = 6
_MAX_LENGTH: Final = 120
_MAX_BOUND: Final = 16
"""Bound of the degree in states and parameters together, above which nothing is tried."""


def polynomial_lines(m: Map) -> list[Line]:
    """Fixed points, their multipliers, bifurcation values and folds of a polynomial map; empty for other maps."""
    if isinstance(m.rule, TanhLayer) or m.dimension > 2:
        return []
    if not all(degree_bound(e) <= _MAX_BOUND and e.is_polynomial(*m.states) for e in m.expressions):
        return []
    return _line_maps(m) if m.dimension == 1 else _plane_maps(m)


def short_roots(expression: sp.Expr, symbol: sp.Symbol) -> list[sp.Expr]:
    """The roots that come from factors of degree 1 and 2 of the numerator, free of the imaginary unit."""
    numerator = sp.fraction(sp.together(expression))[0]
    if not numerator.is_polynomial(symbol) or numerator.count_ops() > _MAX_LENGTH:
        return []
    if not 1 <= sp.degree(numerator, symbol) <= _MAX_DEGREE:
        return []
    found: list[sp.Expr] = []
    for factor, _ in sp.factor_list(numerator, symbol)[1]:
        coefficients = sp.Poly(factor, symbol).all_coeffs()
        if len(coefficients) == 2:
            found.append(sp.cancel(-coefficients[1] / coefficients[0]))
        elif len(coefficients) == 3:
            a, b, c = coefficients
            root = sp.sqrt(sp.factor(b**2 - 4 * a * c))
            found += [sp.simplify((-b + side * root) / (2 * a)) for side in (-1, 1)]
    return [root for root in found if not root.has(sp.I)]


def _line_maps(m: Map) -> list[Line]:
    (expression,), (x,) = m.expressions, m.states
    slope, bend = m.jacobian[0, 0], m.second_derivatives[0][0, 0]
    lines: list[Line] = []
    points = short_roots(expression - x, x)
    for number, point in enumerate(points, start=1):
        star = rf"{sp.latex(x)}^*_{{{number}}}"
        multiplier = sp.simplify(slope.subs(x, point))
        solved = check_identity(expression.subs(x, point), point)
        lines.append(line(f"fixed point {number}", star, point, solved, values=m.values))
        check = check_identity(slope.subs(x, point), multiplier)
        lines.append(
            line(f"multiplier of fixed point {number}", rf"\mu_{{{number}}}", multiplier, check, values=m.values)
        )
        lines += _bifurcation_lines(m, number, multiplier)
    lines += _fold_lines(m, expression, slope, x)
    if sp.diff(bend, x) == 0 and bend != 0:
        c, d = sp.Symbol("c", real=True), sp.Symbol("d", positive=True)
        constant = sp.Abs(slope.subs(x, c)) + d * sp.Abs(bend)
        left = rf"\sup_{{|{sp.latex(x)} - c| \le d}} |M'|"
        check = Check(
            Verdict.PROVED, "exact: M' is affine (M''' = 0), so its modulus is greatest at an end of the interval"
        )
        lines.append(line("contraction constant on a ball", left, constant, check))
    return lines


def _bifurcation_lines(m: Map, number: int, multiplier: sp.Expr) -> list[Line]:
    """Where a multiplier is 1 (fold, pitchfork, exchange of stability) or -1 (period doubling), for one parameter."""
    if len(m.parameters) != 1:
        return []
    parameter = m.parameters[0][0]
    lines: list[Line] = []
    for target, name in ((sp.S.One, "1"), (sp.S.NegativeOne, "-1")):
        for value in short_roots(multiplier - target, parameter):
            check = check_identity(multiplier.subs(parameter, value), target)
            title = f"bifurcation of fixed point {number}: its multiplier is {name}"
            lines.append(line(title, sp.latex(parameter), value, check))
    return lines


def _fold_lines(m: Map, expression: sp.Expr, slope: sp.Expr, x: sp.Symbol) -> list[Line]:
    """Where x = M(x) + h has a double solution."""
    lines: list[Line] = []
    for number, point in enumerate(short_roots(slope - 1, x), start=1):
        fold = sp.factor(sp.simplify((x - expression).subs(x, point)))
        at_fold = check_identity(slope.subs(x, point), sp.S.One)
        lines.append(
            line(
                f"fold {number} of {x} = M({x}) + h, state",
                rf"{sp.latex(x)}_{{c,{number}}}",
                point,
                at_fold,
                values=m.values,
            )
        )
        check = check_identity(expression.subs(x, point) + fold, point)
        lines.append(
            line(f"fold {number} of {x} = M({x}) + h, input", rf"h_{{{number}}}", fold, check, values=m.values)
        )
    return lines


def _plane_maps(m: Map) -> list[Line]:
    """Fixed points of a planar map by eliminating one state that appears linearly."""
    lines: list[Line] = []
    trace, determinant = m.jacobian.trace(), m.jacobian.det()
    for number, point in enumerate(_planar_points(m), start=1):
        there = dict(zip(m.states, point, strict=True))
        for s, e, value in zip(m.states, m.expressions, point, strict=True):
            check = check_identity(e.subs(there, simultaneous=True), value)
            lines.append(
                line(f"fixed point {number}, {s}", rf"{sp.latex(s)}^*_{{{number}}}", value, check, values=m.values)
            )
        for title, left, whole in (("trace", r"\tau", trace), ("determinant", r"\Delta", determinant)):
            inserted = whole.subs(there, simultaneous=True)
            value = sp.simplify(inserted) if inserted.count_ops() <= _MAX_LENGTH else inserted
            check = check_identity(inserted, value)
            lines.append(
                line(f"{title} at fixed point {number}", rf"{left}_{{{number}}}", value, check, values=m.values)
            )
    return lines


def _planar_points(m: Map) -> Sequence[tuple[sp.Expr, sp.Expr]]:
    equations = [sp.expand(e - s) for e, s in zip(m.expressions, m.states, strict=True)]
    resolved: list[tuple[sp.Expr, sp.Expr]] = []
    for equation, other in (equations, equations[::-1]):
        for k, s in enumerate(m.states):
            if sp.Poly(equation, s).degree() != 1 or resolved:
                continue
            slope, rest = sp.Poly(equation, s).all_coeffs()
            t = m.states[1 - k]
            if slope.has(t):  # the factor of s may vanish, which would lose solutions
                continue
            level = sp.cancel(-rest / slope)
            for root in short_roots(other.subs(s, level), t):
                first = sp.simplify(level.subs(t, root))
                resolved.append((first, root) if k == 0 else (root, first))
    return resolved or _by_factors(m, equations)


def _by_factors(m: Map, equations: Sequence[sp.Expr]) -> list[tuple[sp.Expr, sp.Expr]]:
    """Fixed points where one equation splits into factors of one state each."""
    found: list[tuple[sp.Expr, sp.Expr]] = []
    for equation, other in (equations, equations[::-1]):
        factors = [f for f, _ in sp.factor_list(equation)[1] if f.has(*m.states)]
        if found or not all(len(f.free_symbols & set(m.states)) == 1 for f in factors):
            continue
        for factor in factors:
            (s,) = factor.free_symbols & set(m.states)
            t = m.states[1 - m.states.index(s)]
            for first in short_roots(factor, s):
                for second in short_roots(sp.expand(other.subs(s, first)), t):
                    pair = (first, second) if s == m.states[0] else (second, first)
                    if pair not in found:
                        found.append(pair)
    return found
