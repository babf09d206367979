"""Trajectories of the neuron that never leave Gamma while their gradient stays above a positive number.

cosh a_t = sqrt(w) n / sqrt((n - 1)(n + 1)) with n = t + c, c > 1, so that m(a_t) = w / cosh(a_t)^2 = 1 - 1/n^2. The
product of these telescopes: da_T/da_0 = (c - 1)(T + c) / (c (T + c - 1)) > (c - 1) / c.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final

import sympy as sp

from dynlatch.errors import InputError
from dynlatch.latch.derivation_checks import check_identity
from dynlatch.maps.catalogue import neuron
from dynlatch.maps.definition import Exact, exact_fraction
from dynlatch.rigor import balls
from dynlatch.theorems.cases import Case, case
from dynlatch.theorems.findings import Finding, every, exactly
from dynlatch.theorems.measures import in_reduced_set
from dynlatch.theorems.statements import Plot

_DIGITS: Final = 10**15
_EXAMPLE: Final = 8
_SHOWN: Final = 60
_t, _w, _s = sp.symbols("t w s", positive=True)


def identical(text: str, left: sp.Expr, right: sp.Expr, above: Mapping[sp.Symbol, int] | None = None) -> Finding:
    """Whether two expressions are one function, by SymPy's algebra. ``above``: lower limits of positive symbols."""
    limits = {s: Fraction(v) for s, v in above.items()} if above else None
    found = check_identity(left, right, limits)
    return Finding(text, found.verdict, None, found.what)


def telescoping(w: Exact = 2, steps: int = 20, offset: Exact = 2) -> Case:
    """The first T steps of the trajectory as a case of the neuron, its states to 15 digits, on the box that they span.

    Raises: InputError unless w > 1 and offset > 1.
    """
    weight, c = exact_fraction(w, "w"), exact_fraction(offset, "offset")
    if weight <= 1:
        raise InputError(f"w={w} must exceed 1: at or below it the neuron has one attractor")
    if c <= 1:
        raise InputError(f"offset={offset} must exceed 1: m(a_0) = 1 - 1/offset^2 is a slope of the neuron")
    states = [_state(float(weight), float(c) + t) for t in range(steps + 1)]
    return case(neuron(weight), states=states, region=[(min(states), max(states))])


def _state(w: float, n: float) -> Fraction:
    return Fraction(round(_DIGITS * math.acosh(math.sqrt(w) * n / math.sqrt(n * n - 1))), _DIGITS)


def gradient(steps: sp.Expr | int, offset: sp.Expr | int = 2) -> sp.Expr:
    """da_T/da_0 in closed form."""
    c, t = (sp.Integer(v) if isinstance(v, int) else v for v in (offset, steps))
    return (c - 1) * (t + c) / (c * (t + c - 1))


def telescopes(offset: Exact = 2) -> Sequence[Finding]:
    """What refutes the norm reading of Theorem 4: exact for every w > 1, with a few states by balls at w = 2.

    Raises: InputError unless offset > 1.
    """
    given = exact_fraction(offset, "offset")
    if given <= 1:
        raise InputError(f"offset={offset} must exceed 1: m(a_0) = 1 - 1/offset^2 is a slope of the neuron")
    c = sp.Rational(given.numerator, given.denominator)
    n = _t + c
    squeezed = n / sp.sqrt((n - 1) * (n + 1))
    state = sp.acosh(sp.sqrt(_w) * squeezed)
    critical = _s / (1 - _s**2) - sp.atanh(_s)
    limit = (c - 1) / c
    above = {_w: 1, _t: 0}
    return (
        identical(
            f"m(a_t) = 1 - 1/n^2 with n = t + {c}, so every factor lies in (0, 1)",
            _w * (1 - sp.tanh(state) ** 2), 1 - 1 / n**2, above,
        ),
        identical("a_t > a_c: n^2 - (n - 1)(n + 1) = 1 > 0, so cosh a_t > sqrt w", n**2 - (n - 1) * (n + 1), sp.S.One),
        identical(
            "h* > 0, so that w tanh a > a_c + h* > a_c for a > a_c: with w = 1/(1 - s^2), h* is 0 at s = 0 and has the "
            "slope 2 s^2 / (1 - s^2)^2",
            sp.diff(critical, _s), 2 * _s**2 / (1 - _s**2) ** 2,
        ),
        _near_the_edge(given),
        exactly("the product of no factors is 1", sp.simplify(gradient(0, c) - 1) == 0),
        identical(
            f"the product up to T, times 1 - 1/(T + {c})^2, is the product up to T + 1",
            gradient(_t, c) * (1 - 1 / n**2), gradient(_t + 1, c), {_t: 0},
        ),
        exactly("a_t falls to a_c, so that u_t -> a_c - w tanh a_c = -h*", sp.limit(squeezed, _t, sp.oo) == 1),
        identical(
            f"da_T/da_0 = {limit} + {limit} / (T + {c - 1}) > {limit} for every T: it does not tend to 0",
            gradient(_t, c), limit + limit / (_t + c - 1), {_t: 0},
        ),
    )  # fmt: skip


def _near_the_edge(offset: Fraction) -> Finding:
    """The first states at w = 2, in Gamma by outward-rounded products."""
    found: list[Finding] = []
    for t in range(_EXAMPLE):
        n = balls.ball(offset + t)
        state = balls.acosh(balls.sqrt(balls.ball(2)) * n / balls.sqrt((n - 1) * (n + 1)))
        found.append(in_reduced_set(neuron(2), [state], "norm", f"a_{t}"))
    return every(f"w = 2: a_0, ..., a_{_EXAMPLE - 1} lie in Gamma", found)


def falling_gradient(of: int = _SHOWN) -> Plot:
    """da_T/da_0 and its limit 1/2."""
    times = tuple(float(t) for t in range(of + 1))
    values = tuple(float(gradient(t)) for t in range(of + 1))
    return Plot(
        "The gradient of a latched trajectory stays above 1/2", "T (steps)", "da_T / da_0",
        (("gradient", times, values),), level=0.5, level_label="1/2",
    )  # fmt: skip
