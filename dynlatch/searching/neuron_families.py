"""Families of one neuron, a' = w tanh a: tubes at the edge of Gamma, half lines.

Here m(a) = w sech^2 a is the slope, and a_c = arcosh(sqrt w) the edge, where it is 1.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Final

import numpy as np
import sympy as sp

from dynlatch.maps.catalogue import neuron
from dynlatch.rigor import balls
from dynlatch.rigor.krawczyk import Ball
from dynlatch.searching.family import IMPOSSIBLE, Aim, Family, Floats
from dynlatch.searching.rounding import Numbers
from dynlatch.theorems.cases import case
from dynlatch.theorems.findings import Finding, exactly, less
from dynlatch.theorems.statements import Plot, Witness

_STEPS: Final = 3


def slope(w: float, a: float) -> float:
    """m(a) = w sech^2 a."""
    return w / math.cosh(min(abs(a), 300.0)) ** 2


def edge(w: float) -> float:
    """a_c, where the slope is 1."""
    return math.acosh(math.sqrt(w))


def _largest_slope(w: float, a: float, d: float) -> float:
    """The largest slope within d of a."""
    return slope(w, max(abs(a) - d, 0.0))


# --- tubes: Theorem 3 ------------------------------------------------------------------------------------------------


def _draw_tube(rng: np.random.Generator) -> Floats:
    """w, a_0, d, u_1, ..., u_T: a ball just inside Gamma, inputs that point away at a share of the printed bound."""
    w, d = rng.uniform(1.9, 3.0), math.exp(rng.uniform(math.log(1e-3), math.log(2e-2)))
    start = edge(w) + d * rng.uniform(1.05, 2.0)
    free = driven = start
    inputs: list[float] = []
    for _ in range(_STEPS):
        free, driven = w * math.tanh(free), w * math.tanh(driven)
        inputs.append(rng.uniform(0.7, 1.0) * (1.0 - _largest_slope(w, free, d)) * d)
        driven += inputs[-1]
    return np.array([w, start, d, *inputs])


def _tube_margin(x: Floats, delay: int) -> float:
    """By how much of d the state leaves the tube, while no hypothesis is broken by more than that."""
    w, start, d, *inputs = (float(v) for v in x)
    if w <= 1.0 or d <= 0.0 or start <= edge(w):
        return IMPOSSIBLE
    free = driven = start
    sizes = [_largest_slope(w, start, d)]
    away, slack = 0.0, 1.0
    for u in inputs:
        free, driven = w * math.tanh(free), w * math.tanh(driven) + u
        sizes.append(max(_largest_slope(w, free, d), 0.0 if delay else _largest_slope(w, driven, d)))
        away = max(away, abs(driven - free))
        slack = min(slack, 1.0 - sizes[-1], 1.0 - sizes[-1 - delay] - abs(u) / d)
    return min(away / d - 1.0, slack, 1.0 - sizes[0])


def _tube(numbers: Numbers) -> Witness:
    w, start, d, *inputs = numbers
    text = f"neuron w = {w}, a_0 = {start}, d = {d}, u = {', '.join(map(str, inputs))}"
    return Witness(text, case(neuron(w), start, inputs=inputs, radius=d))


_TUBES: Final = Family(
    "tubes",
    f"a neuron with w in [1.9, 3], a ball of radius d in [0.001, 0.02] just inside Gamma, and {_STEPS} inputs that "
    "push the same way",
    ("w", "a_0", "d", *(f"u_{t}" for t in range(1, _STEPS + 1))),
    _draw_tube,
    {
        ("T3", "norm"): Aim(lambda x: _tube_margin(x, delay=0), _tube),
        ("T3", "spectral"): Aim(lambda x: _tube_margin(x, delay=0), _tube),
        ("T3'", "norm"): Aim(lambda x: _tube_margin(x, delay=1), _tube),
    },
)


# --- half lines: Theorem 2 -------------------------------------------------------------------------------------------

_NEARLY: Final = 1e-6
_DIGITS: Final = (0, 1, 3, 6, 12, 30)


def _draw_half_line(rng: np.random.Generator) -> Floats:
    """w, t: D is the open half line (a_c + t, inf)."""
    return np.array([rng.uniform(1.2, 4.0), rng.uniform(0.0, 1.0)])


def _half_line_margin(x: Floats) -> float:
    """How near to 1 the ratio |M(x) - M(y)| / |x - y| comes on D, while every slope is below 1 there."""
    w, t = (float(v) for v in x)
    if w <= 1.1:
        return IMPOSSIBLE
    start = edge(w) + t
    if t < 0.0:
        return 1.0 - slope(w, start)
    pairs = [(start + h, start + 2.0 * h) for h in (0.1, 1e-3, 1e-5, 1e-7)]
    return max((w * math.tanh(b) - w * math.tanh(a)) / (b - a) for a, b in pairs) - (1.0 - _NEARLY)


def _half_line(numbers: Numbers) -> Witness:
    w, t = numbers
    start = f"arcosh(sqrt({w}))" + (f" + {t}" if t else "")
    text = f"neuron w = {w} on D = ({start}, inf): for every alpha < 1 two states with a ratio above it"
    return Witness(text, argument=lambda: _half_line_findings(w, t), plot=lambda: _half_line_plot(w))


def _half_line_findings(w: Fraction, t: Fraction) -> list[Finding]:
    """Every slope is below 1 on D, and no alpha < 1 bounds the ratio of distances.

    For alpha < 1 take x = a_c + s, y = a_c + 2 s with s = (1 - alpha) / (2 w). The ratio is a slope between x and y, so
    at least m(y), and m falls from m(a_c) = 1 by less than w per unit: m(y) > 1 - 2 s w = alpha.
    """
    a, x = sp.symbols("a x", positive=True)
    W, root = sp.Rational(w.numerator, w.denominator), 1 / sp.sqrt(3)
    bend = sp.diff(W * (1 - sp.tanh(a) ** 2), a) + 2 * W * sp.tanh(a) * (1 - sp.tanh(a) ** 2)
    peak = 2 * root / 3 - x * (1 - x**2) - (x - root) ** 2 * (x + 2 * root)
    found = [
        less("1 < w, so the neuron has an edge", balls.ball(1), balls.ball(w)),
        exactly("D begins at a_c = arcosh(sqrt w)", t == 0),
        exactly("m(a) = w / cosh(a)^2 is 1 at a_c", W / sp.cosh(sp.acosh(sp.sqrt(W))) ** 2 == 1),
        exactly("m' = -2 w x (1 - x^2) < 0 with x = tanh a in (0, 1): 0 < m < 1 on D", sp.expand(bend) == 0),
        exactly("x (1 - x^2) <= 2 / (3 sqrt 3) for x >= 0: the rest is a square times x + 2 / sqrt 3",
                sp.expand(peak) == 0),
        less("so |m'| <= 4 w / (3 sqrt 3) < w, and for every alpha in [0, 1) the ratio of x = a_c + s, y = a_c + 2 s "
             "with s = (1 - alpha) / (2 w) is at least m(y) > 1 - 2 s w = alpha",
             4 / (3 * balls.sqrt(balls.ball(3))), balls.ball(1)),
    ]  # fmt: skip
    for k in _DIGITS:
        alpha = 1 - Fraction(1, 10**k)
        found.append(less(f"the ratio exceeds alpha = 1 - 10^-{k}", balls.ball(alpha), _ratio(w, alpha)))
    return found


def _ratio(w: Fraction, alpha: Fraction) -> Ball:
    """|M(x) - M(y)| / |x - y| for the pair that belongs to alpha."""
    weight, s = balls.ball(w), balls.ball((1 - alpha) / (2 * w))
    x = balls.acosh(balls.sqrt(weight)) + s
    return weight * (balls.tanh(x + s) - balls.tanh(x)) / s


def _half_line_plot(w: Fraction) -> Plot:
    gaps = [10.0**-k for k in range(8)]
    start = edge(float(w))
    ratios = [float(w) * (math.tanh(start + 2 * h) - math.tanh(start + h)) / h for h in gaps]
    return Plot(
        "Close to the edge the ratio comes as near to 1 as one likes", "-log10 s, for x = a_c + s and y = a_c + 2 s",
        "|M(x) - M(y)| / |x - y|", (("ratio", tuple(map(float, range(8))), tuple(ratios)),), level=1.0,
        level_label="no contraction",
    )  # fmt: skip


_HALF_LINES: Final = Family(
    "half lines",
    "a neuron with w in [1.2, 4] on an open half line that begins at its edge or within 1 above",
    ("w", "t"),
    _draw_half_line,
    {("T2", "norm"): Aim(_half_line_margin, _half_line)},
)

FAMILIES: Final = (_TUBES, _HALF_LINES)
