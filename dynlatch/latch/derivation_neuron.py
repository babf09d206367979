"""The latching neuron in closed form, derived by SymPy: fold, critical input, fixed points near w = 1.

Each formula is worked out from M(a) = w tanh(a) + h; the guiding substitutions are x = tanh a, c = cosh a and p = a.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

import sympy as sp

from dynlatch.latch.derivation_checks import Check, Line, check_derivative, check_identity, check_series, line
from dynlatch.maps.definition import Map, TanhLayer, state_symbol
from dynlatch.verdict import Verdict

EXCESS: Final = sp.Symbol("e", positive=True)
"""e = w - 1, the distance to the pitchfork at w = 1."""

_W: Final = sp.Symbol("w", positive=True)
_P: Final = sp.Symbol("p", positive=True)
_NUM_TERMS: Final = 3


@dataclass(frozen=True, slots=True)
class NeuronForm:
    """A map recognised as a -> weight tanh(a) + bias, both free of the state.

    ``symbol`` stands for the weight in formulas: its own symbol, or a new one where it is a number or compound.
    """

    weight: sp.Expr
    bias: sp.Expr
    symbol: sp.Symbol


def neuron_form(m: Map) -> NeuronForm | None:
    """The neuron that a map is, whatever it is called, or None: one state, and M = weight tanh(a) + bias."""
    if m.dimension != 1:
        return None
    if isinstance(m.rule, TanhLayer):
        weight, bias = m.rule.weights[0][0], m.rule.bias[0]
        exact = [sp.Rational(v.numerator, v.denominator) for v in (weight, bias)]
        return NeuronForm(exact[0], exact[1], state_symbol("w"))
    squashed = sp.tanh(m.states[0])
    expression = sp.expand(m.expressions[0])
    weight = expression.coeff(squashed)
    bias = sp.expand(expression - weight * squashed)
    if weight == 0 or weight.has(m.states[0]) or bias.has(m.states[0]):
        return None
    taken = {str(s) for s in (*m.states, *m.values)}
    symbol = weight if isinstance(weight, sp.Symbol) else state_symbol("weight" if "w" in taken else "w")
    return NeuronForm(weight, bias, symbol)


@dataclass(frozen=True, slots=True)
class NeuronFormulas:
    """What SymPy derives for h = 0 and w > 1, in the positive symbol w, and series in e = w - 1."""

    edge: sp.Expr
    edge_squashed: sp.Expr
    critical: sp.Expr
    derivative: sp.Expr
    critical_series: sp.Expr
    state_series: sp.Expr
    multiplier_series: sp.Expr

    def of(self, expression: sp.Expr, weight: sp.Expr) -> sp.Expr:
        """One of these in terms of another symbol or value for w (and of e)."""
        return expression.xreplace({_W: weight})


@lru_cache(maxsize=1)
def neuron_formulas() -> NeuronFormulas:
    """Derive the closed forms. Rigor: exact. Cost: a few tenths of a second, once."""
    a, x, c = state_symbol("a"), sp.Symbol("x", positive=True), sp.Symbol("c", positive=True)
    slope = sp.diff(_W * sp.tanh(a), a)  # w (1 - tanh^2 a): the fold of a = w tanh a + h is where it is 1
    (edge_squashed,) = sp.solve(slope.subs(sp.tanh(a), x) - 1, x)
    (cosh_edge,) = sp.solve(_W / c**2 - 1, c)  # the same slope as w / cosh^2 a
    edge = sp.acosh(cosh_edge)
    rise = _in_excess(_W * edge_squashed)
    critical = rise - edge  # w tanh a - a at the edge, where it is greatest
    derivative = _in_excess(sp.diff(critical, _W))
    in_excess = sp.powdenest(derivative.subs(_W, 1 + EXCESS), force=True)
    regular = sp.series(in_excess / sp.sqrt(EXCESS), EXCESS, 0, _NUM_TERMS).removeO()
    critical_series = sp.integrate(sp.expand(regular * sp.sqrt(EXCESS)), EXCESS)  # h* = 0 at w = 1
    state_series, multiplier_series = _latch_series()
    return NeuronFormulas(edge, edge_squashed, critical, derivative, critical_series, state_series, multiplier_series)


def _in_excess(expression: sp.Expr) -> sp.Expr:
    """Simplify for w > 1 by way of e = w - 1 > 0, where SymPy may split the roots."""
    short = sp.simplify(expression.subs(_W, 1 + EXCESS))
    return sp.powsimp(short.subs(EXCESS, _W - 1).subs(1 + EXCESS, _W))


def _latch_series() -> tuple[sp.Expr, sp.Expr]:
    """x^2 and mu at the latched state as series in e: x = tanh(w x) gives w = atanh(x) / x, to be inverted."""
    x = sp.Symbol("x", positive=True)
    excess = sp.series(sp.atanh(x) / x, x, 0, 2 * _NUM_TERMS + 2).removeO() - 1
    unknown = sp.symbols(f"k1:{_NUM_TERMS + 1}")
    square = sum((k * EXCESS ** (i + 1) for i, k in enumerate(unknown)), sp.S.Zero)
    equation = sp.expand(sp.expand(excess).subs(x**2, square).subs(x, sp.sqrt(square)) - EXCESS)
    known: dict[sp.Symbol, sp.Expr] = {}
    for power, k in enumerate(unknown, start=1):
        coefficient = equation.coeff(EXCESS, power).subs(known)
        (known[k],) = sp.solve(coefficient, k)
    state = square.subs(known)
    multiplier = sp.expand((1 + EXCESS) * (1 - state))
    kept = sum((multiplier.coeff(EXCESS, i) * EXCESS**i for i in range(_NUM_TERMS + 1)), sp.S.Zero)
    return state, kept


def critical_lines(form: NeuronForm, values: dict[sp.Symbol, sp.Expr]) -> list[Line]:
    """The edge, the critical input, its derivative and its series."""
    f = neuron_formulas()
    w, one = form.symbol, Fraction(1)
    values = {**values, w: form.weight.xreplace(values)}
    p, x = _P, "x = \\tanh a"
    edge, squashed = f.of(f.edge, w), f.of(f.edge_squashed, w)
    critical, derivative = f.of(f.critical, w), f.of(f.derivative, w)
    by_x = "SymPy, guided by x = tanh a"
    edge_check = check_identity(w * (1 - sp.tanh(edge) ** 2), sp.S.One, {w: one})
    squash_check = check_identity(sp.atanh(squashed), edge, {w: one}, anchor={w: one})
    fold_check = check_identity(w * squashed - sp.atanh(squashed), critical, {w: one}, anchor={w: one})
    slope_check = check_derivative(critical, w, derivative, {w: one})
    small = p / sp.tanh(p) - 1
    excess_check = check_series(f.of(f.critical, 1 + EXCESS), EXCESS, EXCESS, f.critical_series, sp.Rational(2 * _NUM_TERMS + 3, 2))
    square_check = check_series(sp.tanh(p) ** 2, small, p, f.state_series, sp.Integer(_NUM_TERMS + 1))
    mu_check = check_series(2 * p / sp.sinh(2 * p), small, p, f.multiplier_series, sp.Integer(_NUM_TERMS + 1))
    return [
        line("edge of contraction, where M' = 1 (w > 1)", "a_c", edge, edge_check, how="SymPy, guided by c = cosh a", values=values),
        line("the edge in x", f"{x},\\quad x_c", squashed, squash_check, how=by_x, values=values),
        line("critical input: the fold of a = M(a) + h", "h^*", critical, fold_check, how=by_x, values=values),
        line("its slope", f"\\frac{{d h^*}}{{d {sp.latex(w)}}}", derivative, slope_check, values=values),
        line("critical input near the pitchfork, e = w - 1", "h^*", f.critical_series, excess_check, relation="\\approx"),
        line("latched state near the pitchfork", "\\tanh^2 \\bar a", f.state_series, square_check, how=by_x, relation="\\approx"),
        line("its multiplier near the pitchfork", "\\mu", f.multiplier_series, mu_check, how=by_x, relation="\\approx"),
    ]


def latch_lines(m: Map, form: NeuronForm, values: dict[sp.Symbol, sp.Expr]) -> list[Line]:
    """The latched state as a parameter, and the contraction constant away from 0."""
    a, w, p = m.states[0], form.symbol, _P
    q = sp.Symbol("m", positive=True)
    weight = p / sp.tanh(p)
    slope = w * sp.sech(a) ** 2
    (solved,) = sp.solve(w * sp.tanh(p) - p, w)
    multiplier = 2 * p / sp.sinh(2 * p)
    by_p = "SymPy, guided by the latched state p as parameter"
    monotone = check_identity(sp.diff(slope, a), -2 * sp.tanh(a) * slope)
    if monotone.verdict is Verdict.PROVED:
        monotone = Check(Verdict.PROVED, "exact: (sech^2)' = -2 tanh sech^2, so it falls as abs(a) grows; checked in balls")
    return [
        line("weight of the neuron that latches at p (h = 0)", sp.latex(w), p * sp.coth(p),
             check_identity(solved, weight), how=by_p, values=values),
        line("its multiplier", "\\mu", multiplier, check_identity(slope.xreplace({w: weight, a: p}), multiplier), how=by_p),
        line(f"contraction constant on abs({a}) >= m", f"\\sup_{{|{sp.latex(a)}| \\ge m}} |M'|", sp.Abs(w) * sp.sech(q) ** 2, monotone),
    ]  # fmt: skip


def neuron_lines(m: Map, form: NeuronForm) -> Sequence[Line]:
    """All lines that only the neuron has."""
    return [*latch_lines(m, form, m.values), *critical_lines(form, m.values)]
