"""States of the neuron that creep to the edge of Gamma so fast that the gradient does not vanish: Theorem 4.

m(a_t) = 1 - c / (t + s)^p: the larger p, the sooner the slopes come near 1.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Final

import numpy as np

from dynlatch.rigor import balls
from dynlatch.rigor.krawczyk import Ball
from dynlatch.searching.family import IMPOSSIBLE, Aim, Family, Floats
from dynlatch.searching.rounding import Numbers
from dynlatch.theorems.findings import Finding, less
from dynlatch.theorems.statements import Plot, Witness

_BLOCK: Final = 2048
_FIRST: Final = 1000


def _draw_creeping(rng: np.random.Generator) -> Floats:
    """w, c, s, p: the states with m(a_t) = 1 - c / (t + s)^p for t = 0, 1, ..."""
    return np.array([rng.uniform(1.2, 4.0), rng.uniform(0.1, 2.0), rng.uniform(1.0, 4.0), rng.uniform(0.3, 3.0)])


def _creeping_margin(x: Floats) -> float:
    """The limit of the gradient, as it looks from the sums of 1 - m(a_t) over blocks of time, each twice as long as the
    one before: they must shrink. And the first state must lie well inside Gamma, or there is nothing to see.
    """
    w, c, s, p = (float(v) for v in x)
    if w <= 1.0 or c <= 0.0 or s <= 0.0 or c >= s**p:
        return IMPOSSIBLE
    with np.errstate(over="ignore"):
        lost = c / (np.arange(4 * _BLOCK) + s) ** p
    blocks = [float(part.sum()) for part in np.split(lost, [_BLOCK, 2 * _BLOCK])]
    shrinks = blocks[2] / blocks[1] if blocks[1] > 0.0 else 0.0
    if shrinks > 0.9:
        return 0.9 - shrinks
    later = blocks[2] * shrinks / (1.0 - shrinks)
    limit = math.exp(float(np.log1p(-lost).sum()) - later)
    return min(limit - 0.01, float(lost[0]) - 0.2, w - 1.2)


def _creeping(numbers: Numbers) -> Witness:
    w, c, s, p = numbers
    text = f"neuron w = {w} driven so that m(a_t) = 1 - ({c}) / (t + {s})^({p}), t = 0, 1, ..."
    return Witness(text, argument=lambda: _creeping_findings(w, c, s, p), plot=lambda: _creeping_plot(w, c, s, p))


def _creeping_findings(w: Fraction, c: Fraction, s: Fraction, p: Fraction) -> list[Finding]:
    """All states are in Gamma, and the gradient stays above a positive number for ever.

    With e_t = c / (t + s)^p = 1 - m(a_t), the gradient is the product of the 1 - e_t. The first K factors are
    multiplied in balls; the others are at least 1 minus the sum of their e_t, which the integral bounds.
    """
    bc, bs, bp, one = balls.ball(c), balls.ball(s), balls.ball(p), balls.ball(1)

    def lost(t: int) -> Ball:
        return bc * balls.exp(-bp * balls.log(bs + t))

    weight = balls.ball(w)
    critical = balls.acosh(balls.sqrt(weight))
    first = one
    for t in range(_FIRST):
        first = first * (1 - lost(t))
    at = bs + _FIRST
    tail = lost(_FIRST) * (1 + at / (bp - 1))
    return [
        less("1 < w, so the neuron has the attractors +-abar and the edge a_c", one, weight),
        less("a_c < M(a_c), so that orbits from above a_c stay there, M being increasing: (a_c, inf) is Gamma of +abar",
             critical, weight * balls.tanh(critical)),
        less("c > 0, so every slope m(a_t) is below 1, which says a_t > a_c", balls.ball(0), bc),
        less("e_0 < 1, and e_t falls, so every slope is positive and w sech^2 a_t = 1 - e_t has a solution",
             lost(0), one),
        less("p > 1: sum over t >= K of e_t <= e_K + integral from K of c / (t + s)^p dt, which is finite", one, bp),
        less(f"the sum over t >= K = {_FIRST} of e_t is below 1", tail, one),
        less("the limit of the gradient is at least (product of the first K factors)(1 - that sum) > 0",
             balls.ball(0), first * (1 - tail)),
    ]  # fmt: skip


def _creeping_plot(w: Fraction, c: Fraction, s: Fraction, p: Fraction) -> Plot:
    times = np.arange(200)
    slopes = 1.0 - float(c) / (times + float(s)) ** float(p)
    states = np.arccosh(np.sqrt(float(w) / slopes))
    ts = tuple(map(float, times))
    return Plot(
        "The state creeps to the edge of Gamma, the gradient does not vanish", "t (steps)", "",
        (
            ("da_t / da_0", ts, tuple(map(float, np.concatenate([[1.0], np.cumprod(slopes)[:-1]])))),
            ("a_t", ts, tuple(map(float, states))),
        ),
        level=math.acosh(math.sqrt(float(w))), level_label="a_c",
    )  # fmt: skip


CREEPING: Final = Family(
    "creeping",
    "a neuron with w in [1.2, 4] that is driven so that its slope is 1 - c / (t + s)^p, with p in [0.3, 3]",
    ("w", "c", "s", "p"),
    _draw_creeping,
    {("T4", "norm"): Aim(_creeping_margin, _creeping)},
)
