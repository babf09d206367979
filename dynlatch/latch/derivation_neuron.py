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
    squashed = sp.Dummy("x")
    expression = m.expressions[0].xreplace({sp.tanh(m.states[0]): squashed})
    weight, bias = sp.diff(expression, squashed), expression.subs(squashed, 0)
    if weight == 0 or weight.has(squashed) or expression.has(m.states[0]):
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
    square: sp.Expr = sp.Add(*(k * EXCESS ** (i + 1) for i, k in enumerate(unknown)))
    equation = sp.expand(sp.expand(excess).subs(x**2, square).subs(x, sp.sqrt(square)) - EXCESS)
    known: dict[sp.Symbol, sp.Expr] = {}
    for power, k in enumerate(unknown, start=1):
        coefficient = equation.coeff(EXCESS, power).subs(known)
        (known[k],) = sp.solve(coefficient, k)
    state = square.subs(known)
    multiplier = sp.expand((1 + EXCESS) * (1 - state))
    kept = sp.Add(*(multiplier.coeff(EXCESS, i) * EXCESS**i for i in range(_NUM_TERMS + 1)))
    return state, kept


def critical_lines(form: NeuronForm, values: dict[sp.Symbol, sp.Expr]) -> list[Line]:
    """The edge, the critical input, its derivative and its series."""
    f = neuron_formulas()
    w = form.symbol
    values = {**values, w: form.weight.xreplace(values)}
    edge, squashed = f.of(f.edge, w), f.of(f.edge_squashed, w)
    critical, derivative = f.of(f.critical, w), f.of(f.derivative, w)
    above, by_x = {w: Fraction(1)}, "SymPy, guided by x = tanh a"
    edge_check = check_identity(w * (1 - sp.tanh(edge) ** 2), sp.S.One, above)
    squash_check = check_identity(sp.atanh(squashed), edge, above, anchor=above)
    fold_check = check_identity(w * squashed - sp.atanh(squashed), critical, above, anchor=above)
    slope_check = check_derivative(critical, w, derivative, above)
    near, order = f.of(f.critical, 1 + EXCESS), sp.Rational(2 * _NUM_TERMS + 3, 2)
    series_check = check_series(near, EXCESS, EXCESS, f.critical_series, order)
    return [
        line(
            "edge of contraction, where M' = 1 (w > 1)",
            "a_c",
            edge,
            edge_check,
            how="SymPy, guided by c = cosh a",
            values=values,
        ),
        line("edge of contraction in x = tanh a", "x_c", squashed, squash_check, how=by_x, values=values),
        line(
            "critical input, from input 0 to the fold of a = M(a) + h (w > 1)",
            "h^*",
            critical,
            fold_check,
            how=by_x,
            values=values,
        ),
        line(
            "slope of the critical input", rf"\frac{{d h^*}}{{d {sp.latex(w)}}}", derivative, slope_check, values=values
        ),
        line(
            "critical input near the pitchfork, e = w - 1", "h^*", f.critical_series, series_check, relation=r"\approx"
        ),
    ]


def latch_lines(m: Map, form: NeuronForm, values: dict[sp.Symbol, sp.Expr]) -> list[Line]:
    """The latched state as a parameter, its series near the pitchfork, and the contraction constant away from 0."""
    f = neuron_formulas()
    a, w, p, q = m.states[0], form.symbol, _P, sp.Symbol("m", positive=True)
    weight, multiplier = p / sp.tanh(p), 2 * p / sp.sinh(2 * p)
    slope, order = w * sp.sech(a) ** 2, sp.Integer(_NUM_TERMS + 1)
    (solved,) = sp.solve(w * sp.tanh(p) - p, w)
    by_p, by_x = "SymPy, guided by the latched state p as parameter", "SymPy, guided by x = tanh a"
    weight_check = check_identity(solved, p * sp.coth(p))
    multiplier_check = check_identity(slope.xreplace({w: weight, a: p}), multiplier)
    state_check = check_series(sp.tanh(p) ** 2, weight - 1, p, f.state_series, order)
    series_check = check_series(multiplier, weight - 1, p, f.multiplier_series, order)
    falls = check_identity(sp.diff(slope, a), -2 * sp.tanh(a) * slope)
    if falls.verdict is Verdict.PROVED:
        falls = Check(
            Verdict.PROVED, "exact: M'' = -2 tanh(a) M', so M' falls as abs(a) grows; that identity holds in balls too"
        )
    constant = rf"\sup_{{|{sp.latex(a)}| \ge m}} |M'|"
    return [
        line(
            "weight of the neuron that latches at p (h = 0)",
            sp.latex(w),
            p * sp.coth(p),
            weight_check,
            how=by_p,
            values=values,
        ),
        line("multiplier of the neuron that latches at p", r"\mu", multiplier, multiplier_check, how=by_p),
        line(
            "latched state near the pitchfork, e = w - 1",
            r"\tanh^2 \bar a",
            f.state_series,
            state_check,
            how=by_x,
            relation=r"\approx",
        ),
        line(
            "latched multiplier near the pitchfork, e = w - 1",
            r"\mu",
            f.multiplier_series,
            series_check,
            how=by_x,
            relation=r"\approx",
        ),
        line(f"contraction constant on abs({a}) >= m", constant, sp.Abs(w) * sp.sech(q) ** 2, falls),
    ]


def neuron_lines(m: Map, form: NeuronForm) -> Sequence[Line]:
    """All lines that only the neuron has."""
    return [*latch_lines(m, form, m.values), *critical_lines(form, m.values)]
