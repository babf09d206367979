"""The trade-off law by algebra alone, line by line: 2 d < gamma < 2 d + 1 for every latched state of the neuron.

Take w > 1 and any a > a_c = artanh s, s = sqrt(1 - 1/w), the state in which the neuron is latched by some constant
input. Its forgetting rate is gamma(a) = -log(w (1 - tanh^2 a)), and d(a) = h* - (w tanh a - a) is the distance of
that input from the fold; at a = a_bar the input is 0 and d = h*. With F = gamma - 2 d:

1. F(a_c) = 0: at the fold both are 0.
2. F'(a) = 2 (1 - x)(w (1 + x) - 1) > 0 for x = tanh a in (0, 1): F > 0, the lower side.
3. F = 1 - A(y) - B(q), y = (1 - s)/2 in (0, 1/2), q = (1 - x)/(1 + x) = e^(-2a) in (0, 1), and A, B > 0: F < 1, the
   upper side.

So the law holds with every constant input, and at input 0 it says 2 h* < gamma < 2 h* + 1. That gamma - 2 h* rises
with w, from 0 to 1, is line 8.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Final

import sympy as sp

from dynlatch.latch.derivation_checks import Check, Line, check_identity, line
from dynlatch.latch.derivation_neuron import neuron_formulas
from dynlatch.verdict import Verdict

_X, _W, _S, _P, _Q, _Y, _E, _U = sp.symbols("x w s p q y e u", positive=True)
_A: Final = sp.Symbol("a", positive=True)
_H: Final = sp.Symbol("H", positive=True)
_BY: Final = "SymPy, guided by x = tanh a and s = sqrt(1 - 1/w)"
_WEIGHT: Final = 1 / (1 - _S**2)
_CRITICAL: Final = _S * _WEIGHT - sp.atanh(_S)

BELOW_ONE: Final = 1 / (1 + _U)
"""Any number in (0, 1), for some u > 0."""
ABOVE_ONE: Final = 1 + _E
"""Any number beyond 1, for some e > 0."""


def excess(critical: sp.Expr, w: sp.Expr, a: sp.Expr, x: sp.Expr) -> sp.Expr:
    """F = gamma - 2 d at the state a with x = tanh a, as an expression."""
    return -sp.log(w * (1 - x**2)) - 2 * (critical - (w * x - a))


def algebraic_part(y: sp.Expr) -> sp.Expr:
    """A(y) = -y / (1 - y) - 2 log(1 - y) = y - y^3/3 - y^4/2 - ..., about 1/(4 w) for y = (1 - s)/2."""
    return -y / (1 - y) - 2 * sp.log(1 - y)


def exponential_part(w: sp.Expr, q: sp.Expr) -> sp.Expr:
    """B(q) = 4 w q / (1 + q) - 2 log(1 + q), exponentially small in a for q = e^(-2a)."""
    return 4 * w * q / (1 + q) - 2 * sp.log(1 + q)


@lru_cache(maxsize=1)
def exact_steps() -> tuple[Line, ...]:
    """The lines of the proof, each checked by SymPy and against balls. Rigor: exact. Cost: about a second, once."""
    f, root, above = neuron_formulas(), sp.sqrt(1 - 1 / _W), {_W: Fraction(1)}
    closed, by_root = f.of(f.critical, _W), _W * root - sp.atanh(root)
    at_edge = check_identity(excess(_CRITICAL, _WEIGHT, sp.atanh(_S), _S), sp.S.Zero)
    slope = 2 * (1 - _X) * (_W * (1 + _X) - 1)
    slope_check = check_identity(sp.diff(excess(_H, _W, _A, sp.tanh(_A)), _A), slope.subs(_X, sp.tanh(_A)), above)
    rises = slope.xreplace({_X: BELOW_ONE, _W: ABOVE_ONE})
    a_slope, a_of_y = (1 - 2 * _Y) / (1 - _Y) ** 2, algebraic_part(_Y)
    b_slope, b_of_q = (4 * _W - 2 * (1 + _Q)) / (1 + _Q) ** 2, exponential_part(_W, _Q)
    return (
        line("critical input by s", "h^*", by_root, check_identity(by_root, closed, above, anchor=above), how=_BY),
        line("excess of gamma over 2 d at the fold", r"F(\operatorname{artanh} s)", sp.S.Zero, at_edge, how=_BY),
        line("slope of the excess in the state", "F'(a)", slope, slope_check, how=_BY),
        line("which is positive, so that F > 0", "F'(a)", sp.S.Zero, check_positive(rises), relation=">"),
        line("excess by its two small parts", "F", _sum_of_parts(), expansion_check(), how=_BY),
        line(
            "algebraic part, 0 at y = 0, rises up to y = 1/2", "A'(y)", a_slope,
            _rising(a_of_y, _Y, a_slope, {_Y: BELOW_ONE / 2}),
        ),
        line(
            "exponential part, 0 at q = 0, rises", r"\partial B / \partial q", b_slope,
            _rising(b_of_q, _Q, b_slope, {_Q: BELOW_ONE, _W: ABOVE_ONE}),
        ),
        line(
            "slope of the excess in w at input 0", r"\frac{d (\gamma - 2 h^*)}{d w}", _slope_in_weight(),
            _slope_check(), how="SymPy, guided by the latched state p as parameter",
        ),
    )  # fmt: skip


def check_positive(expression: sp.Expr) -> Check:
    """Whether a rational function of positive symbols is positive because all of its coefficients are."""
    parts = [sp.Poly(part, *sorted(expression.free_symbols, key=str)) for part in sp.fraction(sp.together(expression))]
    if all(all(c > 0 for c in part.coeffs()) for part in parts):
        return Check(Verdict.PROVED, "exact: a quotient of polynomials with positive coefficients in positive numbers")
    return Check(Verdict.INCONCLUSIVE, "some coefficient is not positive, which decides nothing")


def _rising(function: sp.Expr, symbol: sp.Symbol, slope: sp.Expr, ranges: Mapping[sp.Symbol, sp.Expr]) -> Check:
    """Whether a function is 0 at 0 and has a positive slope, given as ``slope``, over the ranges of its symbols."""
    identity = check_identity(sp.diff(function, symbol), slope)
    positive = check_positive(slope.xreplace(dict(ranges)))
    if function.subs(symbol, 0) != 0:
        return Check(Verdict.INCONCLUSIVE, "it is not 0 at 0")
    if identity.verdict is not Verdict.PROVED:
        return identity
    return Check(positive.verdict, f"{identity.what}; positive: {positive.what}")


def _sum_of_parts() -> sp.Expr:
    return 1 - algebraic_part((1 - _S) / 2) - exponential_part(_W, _Q)


@lru_cache(maxsize=1)
def expansion_check() -> Check:
    """F against 1 - A - B: equal slopes in x, and at x = 0 equal slopes in s and the value 0 at s = 0. Rigor: exact."""
    parts = _sum_of_parts()
    of_x, origin = parts.subs(_Q, (1 - _X) / (1 + _X)), {_S: Fraction(0)}
    by_x = sp.diff(excess(_H, _W, sp.atanh(_X), _X), _X)
    slopes = check_identity(by_x, sp.cancel(sp.diff(of_x, _X)))
    at_zero = excess(_CRITICAL, _WEIGHT, sp.S.Zero, sp.S.Zero), of_x.subs({_X: 0, _W: _WEIGHT})
    values = check_identity(*at_zero, origin, anchor=origin)
    proved = slopes.verdict is values.verdict is Verdict.PROVED
    what = f"equal slopes in x ({slopes.what}); equal at x = 0 ({values.what})"
    return Check(Verdict.PROVED if proved else Verdict.INCONCLUSIVE, what)


def _slope_in_weight() -> sp.Expr:
    mu = sp.Symbol("mu", positive=True)
    return (1 - _S) ** 2 + 2 * _S**2 * mu / (1 - mu)


def _slope_check() -> Check:
    """d gamma/dw - 2 s against (1 - s)^2 + 2 s^2 mu / (1 - mu), both along w = p coth p, mu = 2p / sinh 2p.

    By d h*/dw = s the terms linear in s agree as they stand; s^2 = 1 - tanh(p)/p in the rest.
    """
    weight, mu = _P / sp.tanh(_P), 2 * _P / sp.sinh(2 * _P)
    square = 1 - sp.tanh(_P) / _P
    left, right = -sp.diff(sp.log(mu), _P), sp.diff(weight, _P) * (1 + square + 2 * square * mu / (1 - mu))
    difference = sp.simplify((left - right).rewrite(sp.exp))
    if difference == 0:
        return Check(Verdict.PROVED, "exact: the two sides simplify to one; positive, as 0 < s < 1 and 0 < mu < 1")
    return check_identity(left, right)
