"""Lines of a symbolic derivation and their checks: exact where SymPy can, and always against balls.

A check that ends in PROVED rests on exact algebra or on balls for a whole set; agreement at sample points stays
INCONCLUSIVE, however narrow the balls; REFUTED names the point at which the balls of the two sides are apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final

import sympy as sp

from dynlatch.errors import InputError
from dynlatch.maps.balls import ball_map, ball_of
from dynlatch.maps.definition import Formulas, Map
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.rigor.krawczyk import Ball
from dynlatch.verdict import Verdict

NARROW: Final = Fraction(1, 10**20)
"""What the balls of the two sides may differ by at a sample point."""

_BITS: Final = 320
_MAX_BITS: Final = 1 << 15
_MAX_OPERATIONS: Final = 60
"""Operations up to which a difference is given to ``simplify``."""
_MAX_EXPANDED: Final = 300
"""Operations up to which a difference is expanded."""
_MAX_DEGREE: Final = 40
"""Bound of the degree up to which a difference is expanded."""
_NUM_POINTS: Final = 5
_SAMPLES: Final = tuple(
    Fraction(x) for x in ("5/4", "2", "1/3", "7/2", "3/5", "-1/2", "9/7", "-2", "11/4", "1/8", "6/5")
)

At = dict[sp.Symbol, Fraction]


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of checking one line, and in words how it was checked."""

    verdict: Verdict
    what: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a derivation: ``left = right``, typeset, with how it was obtained and how it was checked.

    ``how`` is "SymPy alone" or "SymPy, guided by ..."; ``value`` is the right side at the map's own parameter
    values where that is a number.
    """

    title: str
    left: sp.Expr | str
    right: sp.Expr | str
    latex: str
    how: str
    check: Check
    value: Enclosure | None = None


def line(
    title: str, left: sp.Expr | str, right: sp.Expr | str, check: Check, *, how: str = "SymPy alone",
    relation: str = "=", values: dict[sp.Symbol, sp.Expr] | None = None,
) -> Line:  # fmt: skip
    """A line whose LaTeX is made of its two sides (text is taken as LaTeX) and whose value is worked out."""
    rising = relation == r"\approx"
    sides = [side if isinstance(side, str) else typeset(side, rising=rising) for side in (left, right)]
    value = value_of(right, values or {}) if isinstance(right, sp.Expr) else None
    return Line(title, left, right, f" {relation} ".join(sides), how, check, value)


def typeset(expression: sp.Expr, *, rising: bool = False) -> str:
    """LaTeX with the inverse hyperbolic functions named as areas, not arcs of a circle.

    ``rising`` writes the terms of a series in the order of their powers.
    """
    text = str(sp.latex(expression, order="rev-lex" if rising else None))
    for name in ("sinh", "cosh", "tanh"):
        text = text.replace(rf"\operatorname{{a{name}}}", rf"\operatorname{{ar{name}}}")
    return text


def value_of(expression: sp.Expr, values: dict[sp.Symbol, sp.Expr]) -> Enclosure | None:
    """The number that an expression is at given exact parameter values, or None if it is none there."""
    number = expression.xreplace(values)
    if number.free_symbols:
        return None
    try:
        return enclose(number)
    except (ValueError, ArithmeticError):
        return None


def enclose(number: sp.Expr) -> Enclosure:
    """An exact real number to a relative width of at most 2^-100, by balls of rising precision.

    Raises: ArithmeticError if no precision up to 2^15 bits suffices (for instance for an unsimplified 0; then
    a number below 2^-1000 in size is enclosed absolutely), ValueError as ``ball_of`` does.
    """
    if number.is_Rational:
        return Enclosure.exactly(Fraction(int(number.p), int(number.q)))
    bits, found = 160, balls.ball(1)
    while bits <= _MAX_BITS:
        with balls.precision(bits):
            found = ball_of(number)
            if found.is_finite() and (found.is_exact() or found.rel_accuracy_bits() >= 100):
                return balls.enclosure(found)
        bits *= 2
    if found.is_finite() and found.contains(0) and abs(found) < balls.ball(Fraction(1, 2**1000)):
        return balls.enclosure(found)
    raise ArithmeticError(f"{number} could not be enclosed with {_MAX_BITS} bits")


def ball_at(expression: sp.Expr, at: dict[sp.Symbol, Ball]) -> Ball:
    """An expression over balls for its symbols, at the current precision.

    Raises: InputError for a function that no evaluator knows.
    """
    expression = expression.replace(sp.coth, lambda x: 1 / sp.tanh(x))  # no evaluator has a name for coth
    symbols = tuple(sorted(expression.free_symbols, key=str))
    if not symbols:
        return ball_of(expression)
    rule = Formulas((expression, *[sp.S.Zero] * (len(symbols) - 1)))
    whole = Map("line", symbols, rule, (), ((Fraction(-1), Fraction(1)),) * len(symbols))
    return ball_map(whole).image([at[s] for s in symbols])[0]


def sample_points(symbols: Sequence[sp.Symbol], centre: At | None = None) -> list[At]:
    """Exact rational arguments for a check; ``centre`` shifts the given symbols' samples to lie above a value.

    Symbols that SymPy knows to be positive or negative get such numbers.
    """
    points: list[At] = []
    for start in range(len(_SAMPLES)):
        at = {s: _SAMPLES[(start + 3 * k) % len(_SAMPLES)] for k, s in enumerate(symbols)}
        points.append({s: abs(v) + centre[s] if centre and s in centre else _signed(s, v) for s, v in at.items()})
    return points


def _signed(symbol: sp.Symbol, value: Fraction) -> Fraction:
    return abs(value) if symbol.is_nonnegative else -abs(value) if symbol.is_nonpositive else value


def check_identity(left: sp.Expr, right: sp.Expr, above: At | None = None, *, anchor: At | None = None) -> Check:
    """Whether two expressions are one function: balls at sample points, then exact algebra.

    ``above`` gives lower limits of positive symbols (w above 1). With an ``anchor`` for the one symbol the exact
    part compares the derivatives and the values at the anchor, which settles inverse functions that SymPy does not
    bring to one form. Both sides must be differentiable on all of an interval for that: beyond a pole they may differ
    by a constant (atan x + atan 1/x is pi/2 for x > 0 alone), so all sample points are then tried.
    """
    numeric = _compare(left, right, above, enough=_NUM_POINTS if anchor is None else len(_SAMPLES))
    if numeric.verdict is Verdict.REFUTED:
        return numeric
    if _is_zero(left - right, above) or (anchor is not None and _equal_from(left, right, anchor, above)):
        return Check(Verdict.PROVED, f"exact: the two sides simplify to one; {numeric.what}")
    return numeric


def _compare(left: sp.Expr, right: sp.Expr, above: At | None, *, enough: int) -> Check:
    symbols = sorted(left.free_symbols | right.free_symbols, key=str)
    agreed = 0
    with balls.precision(_BITS):
        for point in sample_points(symbols, above) if symbols else [{}]:
            at = {s: balls.ball(v) for s, v in point.items()}
            try:
                difference = ball_at(left, at) - ball_at(right, at)
                lower, upper = balls.ends(difference)
            except (InputError, ValueError, ArithmeticError):
                continue  # undefined here
            if lower > 0 or upper < 0:
                where = ", ".join(f"{s} = {v}" for s, v in point.items())
                return Check(Verdict.REFUTED, f"the two sides differ by {float(lower):.3g} at {where or 'this number'}")
            agreed += upper - lower < NARROW
            if agreed == enough:
                break
    what = (
        f"checked at {agreed} points: the balls of both sides agree to 1e-20" if agreed else "no point could be checked"
    )
    what = "checked as numbers: the balls of both sides agree to 1e-20" if agreed and not symbols else what
    return Check(Verdict.INCONCLUSIVE, what)


def degree_bound(expression: sp.Expr) -> int:
    """An upper bound of the degree that expanding can reach, read off without expanding; functions count as 1."""
    if isinstance(expression, sp.Add):
        return max(degree_bound(a) for a in expression.args)
    if isinstance(expression, sp.Mul):
        return sum(degree_bound(a) for a in expression.args)
    if isinstance(expression, sp.Pow) and expression.exp.is_Rational:
        return math.ceil(abs(expression.exp)) * degree_bound(expression.base)
    return 0 if expression.is_number else 1


def _is_zero(difference: sp.Expr, above: At | None = None) -> bool:
    """Whether SymPy brings a short expression to 0; symbols above a limit become limit + positive."""
    length = 0 if difference == 0 else int(difference.count_ops())
    if length > _MAX_EXPANDED or degree_bound(difference) > _MAX_DEGREE:
        return False
    if sp.expand(difference) == 0:
        return True
    if length > _MAX_OPERATIONS:
        return False
    for symbol, limit in (above or {}).items():
        rest = sp.Dummy(str(symbol), positive=True)
        difference = difference.subs(symbol, sp.Rational(limit.numerator, limit.denominator) + rest)
    return bool(sp.simplify(difference) == 0)


def _equal_from(left: sp.Expr, right: sp.Expr, anchor: At, above: At | None) -> bool:
    ((symbol, value),) = anchor.items()
    there = {symbol: sp.Rational(value.numerator, value.denominator)}
    difference = left - right
    return difference.subs(there) == 0 and _is_zero(sp.diff(difference, symbol), above)


def check_derivative(function: sp.Expr, symbol: sp.Symbol, derivative: sp.Expr, above: At | None = None) -> Check:
    """Whether ``derivative`` is that of ``function``: by the mean value theorem in balls, then by SymPy's rules.

    Some point of [a, a + d] has the slope (f(a + d) - f(a)) / d, so the balls of the derivative over [a, a + d]
    and of the quotient meet; with d = 1e-30 they are narrow. This does not use SymPy's differentiation.
    """
    step, agreed = Fraction(1, 10**30), 0
    symbols = sorted(function.free_symbols | derivative.free_symbols | {symbol}, key=str)
    with balls.precision(_BITS):
        for point in sample_points(symbols, above):
            at = {s: balls.ball(v) for s, v in point.items()}
            end = {**at, symbol: balls.ball(point[symbol] + step)}
            over = {**at, symbol: balls.hull(at[symbol], end[symbol])}
            try:
                quotient = (ball_at(function, end) - ball_at(function, at)) / balls.ball(step)
                lower, upper = balls.ends(quotient - ball_at(derivative, over))
            except (InputError, ValueError, ArithmeticError):
                continue
            if lower > 0 or upper < 0:
                where = ", ".join(f"{s} = {v}" for s, v in point.items())
                return Check(Verdict.REFUTED, f"the slope differs by {float(lower):.3g} at {where}")
            agreed += upper - lower < NARROW
            if agreed == _NUM_POINTS:
                break
    what = f"checked at {agreed} points: slopes by the mean value theorem in balls agree to 1e-20"
    if _is_zero(sp.diff(function, symbol) - derivative, above):
        return Check(Verdict.PROVED, f"exact where the map has a value: SymPy's rules of differentiation; {what}")
    return Check(Verdict.INCONCLUSIVE, what)


def check_series(exact: sp.Expr, small: sp.Expr, symbol: sp.Symbol, series: sp.Expr, order: sp.Rational) -> Check:
    """Whether ``exact - series(small)`` falls like ``small^order`` as ``symbol`` goes to 0 from above.

    ``exact`` and ``small`` are functions of one symbol, ``series`` one of ``small``, which it names ``e``.
    Balls at symbol = 1/64, 1/256, 1/1024 must give remainders whose ratio tends to that of small^order.
    """
    e = sp.Symbol("e", positive=True)
    exponents: list[float] = []
    with balls.precision(_BITS):
        found: list[tuple[Ball, Ball]] = []
        for k in (6, 8, 10):
            at = {symbol: balls.ball(Fraction(1, 2**k))}
            size = ball_at(small, at)
            found.append((ball_at(exact, at) - ball_at(series, {e: size}), size))
        for (r0, s0), (r1, s1) in pairwise(found):
            if r0.contains(0) or r1.contains(0):
                return Check(Verdict.INCONCLUSIVE, "the remainder could not be told from 0")
            exponents.append(float((abs(r0) / abs(r1)).log() / (s0 / s1).log()))
    wanted = float(order)
    seen = ", ".join(f"{x:.3f}" for x in exponents)
    what = f"the remainder falls with exponent {seen} in balls, the next term's is {wanted:g}"
    if abs(exponents[-1] - wanted) > 0.05 or abs(exponents[-1] - wanted) > abs(exponents[0] - wanted):
        return Check(Verdict.REFUTED, what)
    if _agree_below(exact, small, symbol, series, order):
        return Check(Verdict.PROVED, f"exact: SymPy's series of the closed form has the same terms; {what}")
    return Check(Verdict.INCONCLUSIVE, what)


def _agree_below(exact: sp.Expr, small: sp.Expr, symbol: sp.Symbol, series: sp.Expr, order: sp.Rational) -> bool:
    """Whether every power of ``symbol`` below that of small^order cancels in SymPy's series of the difference."""
    e = sp.Symbol("e", positive=True)
    if small == symbol:
        inner, unit = symbol, sp.S.One
    else:
        terms = 2 * int(sp.ceiling(order)) + 2
        inner = sp.series(small, symbol, 0, terms).removeO()
        unit = min(term.as_coeff_exponent(symbol)[1] for term in sp.Add.make_args(sp.expand(inner)))
    bound = order * unit
    outer = sp.series(exact, symbol, 0, int(sp.floor(bound)) + 1).removeO()
    rest = sp.expand(outer - series.xreplace({e: inner}))
    return all(term.as_coeff_exponent(symbol)[1] >= bound for term in sp.Add.make_args(rest) if term != 0)
