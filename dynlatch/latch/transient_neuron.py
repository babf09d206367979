"""How long a constant input must last to flip the latching neuron: BSF94's L_1(h, w), counted and bounded exactly."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np
import sympy as sp

from dynlatch.errors import InputError
from dynlatch.latch.neuron_state import critical_of, latched_state, latching_weight
from dynlatch.maps.balls import ball_of
from dynlatch.maps.definition import Exact, Map, exact, exact_fraction
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.rigor.krawczyk import Ball
from dynlatch.verdict import Stop, Verdict

if TYPE_CHECKING:
    import xarray

MAX_STEPS: Final = 2_000_000
"""Steps that are counted unless more are asked for: a few seconds."""
MAX_THRESHOLDS: Final = 1_000

_LEAST_BITS: Final = 128
_MAX_BITS: Final = 4096
_LOOK_EQUAL: Final = 512
"""Bits at which an h that still looks like h* is given to SymPy."""
_THRESHOLD_BITS: Final = 192
_NARROWEST: Final = Fraction(1, 2**100)
_WIDEST: Final = Fraction(1, 2**40)


@dataclass(frozen=True, slots=True, repr=False)
class NeuronTransient:
    """The transient length L_1(h, w) of one neuron under one constant input.

    ``steps`` is L_1 where it was counted; ``carries`` says whether the input flips the latch at all (None: not
    decided). ``gap`` encloses h - h*, ``asymptotic`` pi / sqrt(s (h - h*)) with s = sqrt(1 - 1/w), the length that
    L_1 approaches as h falls to h* (None for h <= h*). ``reason`` says in words what ``verdict`` stands on.
    """

    map: Map
    input: sp.Expr
    steps: int | None
    carries: bool | None
    critical: Enclosure
    gap: Enclosure
    asymptotic: Enclosure | None
    verdict: Verdict
    stop: Stop
    reason: str

    @property
    def ratio(self) -> float | None:
        """L_1 over its asymptotic value."""
        return None if self.steps is None or self.asymptotic is None else self.steps / float(self.asymptotic)

    def __repr__(self) -> str:
        count = "never" if self.carries is False else "not counted" if self.steps is None else f"{self.steps} steps"
        near = "" if self.asymptotic is None else f", asymptotically {float(self.asymptotic):.6g}"
        gap = float(self.gap)
        return f"NeuronTransient({count}{near}, h - h* = {gap:.6g}, {self.verdict}: {self.reason})"


def neuron_transient(m: Map, h: Exact, *, max_steps: int = MAX_STEPS) -> NeuronTransient:
    """Count how many steps the constant input h needs to carry the neuron from -a_bar beyond +a_bar.

    L_1(h, w) = the least t with a_t > a_bar, where a_0 = -a_bar and a_t = w tanh(a_{t-1}) + h.
    For h > h* the orbit rises until it is beyond a_bar, so it is enough to prove a_{t-1} < a_bar < a_t: in balls, of
    rising precision until both are decided. For h <= h* the input leaves a fixed point below 0 that no orbit from
    below it passes, so the answer is never, PROVED. INCONCLUSIVE where no precision decides (h on a threshold, or
    within 2^-4096 of h*) or where more than ``max_steps`` steps would be needed.

    Arguments: ``m``, a map that is w tanh(a) with w > 1 and no input of its own; ``h``, an exact number
    (dimensionless; below 0 it never carries from -a_bar, and does to +a_bar what -h does to -a_bar).
    Raises: InputError for another map, for w <= 1, for an h that is no finite number and for max_steps below 1.
    Source: BSF94, Section III. Rigor: certified. Cost: about a microsecond a step.

    >>> from dynlatch.maps.catalogue import neuron
    >>> neuron_transient(neuron(2), "0.6").steps
    14
    """
    weight, given = latching_weight(m, "the transient length L_1"), exact(h, "h")
    limit = _checked(max_steps, "max_steps", None)
    bits = _LEAST_BITS
    critical, gap = _gap(weight, given, bits)
    while not (gap > 0 or gap < 0) and bits < _MAX_BITS:
        bits *= 2
        if bits == _LOOK_EQUAL and sp.simplify(given - critical_of(weight)) == 0:
            gap = balls.ball(0)
            break
        critical, gap = _gap(weight, given, bits)
    found = NeuronTransient(
        m, given, None, None, balls.enclosure(critical), balls.enclosure(gap), None, Verdict.INCONCLUSIVE, Stop.STUCK,
        f"h and h* cannot be told apart with {bits} bits",
    )  # fmt: skip
    if gap <= 0:
        where = "below h*" if gap < 0 else "exactly h*"
        reason = f"h is {where}: a = w tanh(a) + h has a solution below 0, which no orbit from below it passes"
        return replace(found, carries=False, verdict=Verdict.PROVED, stop=Stop.SOLVED, reason=reason)
    return _counted(found, weight, limit, bits) if gap > 0 else found


def _gap(weight: sp.Expr, h: sp.Expr, bits: int) -> tuple[Ball, Ball]:
    """h* and h - h*."""
    with balls.precision(bits):
        critical = ball_of(critical_of(weight))
        return critical, ball_of(h) - critical


def _counted(found: NeuronTransient, weight: sp.Expr, limit: int, bits: int) -> NeuronTransient:
    """The count for h > h*, at a precision that begins with what the passage of the bottleneck costs.

    An error made where the orbit moves by h - h* a step has grown by the factor 1 / (h - h*) at its end.
    """
    with balls.precision(bits + 64):
        gap = ball_of(found.input) - ball_of(critical_of(weight))
        asymptotic = ball_of(sp.pi) / (ball_of(sp.sqrt(1 - 1 / weight)) * gap).sqrt()
        lost = max(0.0, -float(gap.log()))
    found = replace(found, carries=True, asymptotic=balls.enclosure(asymptotic), gap=balls.enclosure(gap))
    if float(asymptotic) > 2 * limit:
        reason = f"about {float(asymptotic):.3g} steps would be needed, more than max_steps={limit}"
        return replace(found, stop=Stop.BUDGET, reason=f"h > h* carries (PROVED), but was not counted: {reason}")
    bits = max(bits, 64 * math.ceil((64 + 2 * lost) / 64))
    while bits <= _MAX_BITS:
        state = latched_state(weight, bits)
        if state is None:
            return replace(found, reason="h > h* carries (PROVED), but a_bar could not be enclosed")
        steps, decided = _first_beyond(weight, found.input, state, limit, bits)
        if decided and steps is None:
            reason = f"h > h* carries (PROVED), but not within max_steps={limit}"
            return replace(found, stop=Stop.BUDGET, reason=reason)
        if decided:
            reason = f"a_(L-1) < a_bar < a_L by balls of {bits} bits, and the orbit rises up to there"
            return replace(found, steps=steps, verdict=Verdict.PROVED, stop=Stop.SOLVED, reason=reason)
        bits *= 2
    reason = f"h > h* carries (PROVED), but h is on a threshold: some a_t and a_bar look equal with {_MAX_BITS} bits"
    return replace(found, reason=reason)


def _first_beyond(weight: sp.Expr, h: sp.Expr, state: Enclosure, limit: int, bits: int) -> tuple[int | None, bool]:
    """The first t with a_t > a_bar, None if there is none up to ``limit``; and whether every comparison was decided.

    The balls are narrow, so arb's own tanh is as good as the hull of its ends, and much faster.
    """
    with balls.precision(bits):
        w, drive, goal = ball_of(weight), ball_of(h), balls.ball(state)
        a = balls.neg(goal)
        for t in range(1, limit + 1):
            a = w * a.tanh() + drive
            if a > goal:
                return t, True
            if not a < goal:
                return None, False
    return None, True


@dataclass(frozen=True, slots=True, repr=False)
class TransientThresholds:
    """h_1 > h_2 > ... > h*: L_1(h, w) <= k if and only if h > h_k.

    ``values[k - 1]`` encloses h_k (dimensionless), ``critical`` h*, to which they fall. PROVED: each enclosure holds
    h_k; they do not overlap one another nor h*.
    """

    map: Map
    values: tuple[Enclosure, ...]
    critical: Enclosure
    verdict: Verdict
    reason: str

    def __iter__(self) -> Iterator[Enclosure]:
        return iter(self.values)

    def __len__(self) -> int:
        return len(self.values)

    def steps(self, h: Exact) -> int | None:
        """L_1(h, w) by comparison with the thresholds; None beyond the last of them or inside an enclosure.

        Raises: InputError if h is no exact rational number.
        """
        given = exact_fraction(h, "h")
        for k, value in enumerate(self.values, start=1):
            if given > value.upper:
                return k
            if given >= value.lower:
                return None
        return None

    def to_xarray(self) -> xarray.Dataset:
        """Lower and upper ends of h_k over ``steps`` (k), and the gaps h_k - h*, as floats."""
        import xarray

        ends = {"lower": [v.lo for v in self.values], "upper": [v.hi for v in self.values]}
        gaps = [float(v.middle - self.critical.middle) for v in self.values]
        return xarray.Dataset(
            {
                **{f"threshold_{name}": ("steps", np.array(listed)) for name, listed in ends.items()},
                "gap": ("steps", np.array(gaps)),
            },
            coords={"steps": ("steps", np.arange(1, len(self.values) + 1), {"units": "steps"})},
            attrs={
                "map": repr(self.map),
                "map_hash": self.map.content_hash,
                "critical": [self.critical.lo, self.critical.hi],
                "verdict": str(self.verdict),
                "reason": self.reason,
            },
        )

    def __repr__(self) -> str:
        shown = ", ".join(f"{float(v):.8g}" for v in self.values[:6]) + (", ..." if len(self.values) > 6 else "")
        return f"TransientThresholds({shown}; h* = {float(self.critical):.8g}, {self.verdict})"


def transient_thresholds(m: Map, num: int = 8) -> TransientThresholds:
    """Enclose the inputs h_1 > h_2 > ... at which one step fewer is enough to flip the neuron.

    h_k = inf {h: L_1(h, w) <= k} is the one solution of a_k(h) = a_bar, where a_0 = -a_bar: every a_k rises with h
    (by at least 1 per unit of h), so opposite signs at the two ends of an interval prove that it holds h_k.
    h_1 = 2 a_bar and h_2 = a_bar exactly; h_k falls to h* like (pi / k)^2 / s.

    Arguments: ``num``, how many, from 1 to 1000.
    Raises: InputError as ``neuron_transient`` does, and for a bad ``num``.
    Source: BSF94, Section III (L_1). Rigor: certified. Cost: num^2 * 5 microseconds.

    >>> from dynlatch.maps.catalogue import neuron
    >>> [round(float(h), 6) for h in transient_thresholds(neuron(2), 3)]
    [3.830016, 1.915008, 1.33797]
    """
    weight = latching_weight(m, "a threshold of the transient length")
    count = _checked(num, "num", MAX_THRESHOLDS)
    state = latched_state(weight, _THRESHOLD_BITS)
    with balls.precision(_THRESHOLD_BITS + 32):
        critical = balls.enclosure(ball_of(critical_of(weight)))
    if state is None:
        return TransientThresholds(m, (), critical, Verdict.INCONCLUSIVE, "a_bar could not be enclosed")
    listed = [Enclosure(2 * state.lower, 2 * state.upper), state][:count]
    for k in range(3, count + 1):
        value = _threshold(weight, state, k, float(critical), float(listed[-1]))
        if value is None or not critical.upper < value.lower <= value.upper < listed[-1].lower:
            reason = f"h_{k} could not be enclosed narrowly enough to tell it from h* and from the threshold before it"
            return TransientThresholds(m, tuple(listed), critical, Verdict.INCONCLUSIVE, reason)
        listed.append(value)
    reason = "h_1 = 2 a_bar and h_2 = a_bar exactly; then a_k(h) - a_bar changes sign, by balls, and rises with h"
    return TransientThresholds(m, tuple(listed), critical, Verdict.PROVED, reason)


def _threshold(weight: sp.Expr, state: Enclosure, k: int, low: float, high: float) -> Enclosure | None:
    """h_k between two floats, proved by opposite signs at the ends of an interval as narrow as allows that."""
    with balls.precision(_THRESHOLD_BITS):
        w, goal = ball_of(weight), balls.ball(state)
        near, slope = _measured_threshold(float(w), float(goal), k, low, high)
        h = balls.ball(near)
        for _ in range(8):  # Newton's method with the slope in floats: some forty bits a time
            step = float(_excess(w, goal, h, k)) / slope
            h = (h - balls.ball(step)).mid()
            if abs(step) < float(_NARROWEST) * float(h) / 16:
                break
        radius = _NARROWEST
        while radius < _WIDEST:
            below, above = (h * balls.ball(1 - radius)).mid(), (h * balls.ball(1 + radius)).mid()
            if _excess(w, goal, below, k) < 0 < _excess(w, goal, above, k):
                return Enclosure(balls.ends(below)[0], balls.ends(above)[1])
            radius *= 16
    return None


def _excess(w: Ball, goal: Ball, h: Ball, k: int) -> Ball:
    """a_k(h) - a_bar, which rises with h."""
    a = balls.neg(goal)
    for _ in range(k):
        a = w * a.tanh() + h
    return a - goal


def _measured_threshold(w: float, goal: float, k: int, low: float, high: float) -> tuple[float, float]:
    """h_k and the slope of a_k there, in floats: Newton's method, held in a bracket that shrinks."""
    h, slope = low + (high - low) * ((k - 1) / k) ** 2, 1.0
    for _ in range(200):
        a, slope = -goal, 0.0
        for _ in range(k):
            x = math.tanh(a)
            a, slope = w * x + h, w * (1 - x * x) * slope + 1
        low, high = (h, high) if a < goal else (low, h)
        moved = h - (a - goal) / slope
        moved = moved if low < moved < high else 0.5 * (low + high)
        if abs(moved - h) <= 4e-16 * h:
            break
        h = moved
    return h, slope


def _checked(value: int, what: str, most: int | None) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise InputError(f"{what}={value!r} is not a whole number; give one, at least 1") from None
    if isinstance(value, bool) or number < 1 or (most is not None and number > most):
        allowed = "at least 1" if most is None else f"from 1 to {most}"
        raise InputError(f"{what}={value} must be {allowed}; it counts steps")
    return number
