"""How long noise leaves the sign of a neuron alone: by a transfer operator on the line, not by sampling."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral
from typing import Final

import numpy as np

from dynlatch.errors import InputError
from dynlatch.noise.transfer import LARGEST, SMALLEST, Noise, curves_on, panel_edges, real_number
from dynlatch.noise.transfer import Gaussian as Gaussian
from dynlatch.noise.transfer import Uniform as Uniform
from dynlatch.rigor.krawczyk import Floats
from dynlatch.seeds import rng_for

_LEAST_RATE: Final = 2e-23
"""No escape rate is told to be better known than this, the part of Gaussian noise that is cut off."""


@dataclass(frozen=True, slots=True, repr=False)
class Survival:
    """The chance that a_t = w tanh(a_{t-1}) + u_t still has the sign of its start; sign(0) = +1.

    ``right`` and ``survived``, shape (steps,): entry t - 1 is the probability that the sign is right at step t, and
    that it was right at every step up to t. In the first ``safe_steps`` of them no noise can change the sign, and both
    are exactly 1; right tends to 1/2 unless that lasts for ever. ``error``: the largest change of either when every
    panel is halved, and the Gaussian noise that was cut off.

    ``escape_rate`` is 1 - rho, with rho the leading eigenvalue of the operator that drops an orbit when its sign
    changes: survived ~ C rho^t. ``rate_error`` is its change when the panels are halved. A rate of 0 whose error is 0
    is exact (bounded noise up to h*); a rate of 0 with an error was not told from 0, and with an infinite error the
    noise is too small for the grid. ``mean_time``: the mean step of the first change of sign, inf where the rate is 0.
    Rigor: floating point.
    """

    w: float
    noise: Noise
    start: float
    steps: int
    right: Floats
    survived: Floats
    safe_steps: int
    escape_rate: float
    mean_time: float
    error: float
    rate_error: float

    def __repr__(self) -> str:
        return (
            f"Survival(w={self.w:g}, {self.noise}, from {self.start:g}: at step {self.steps} the sign is right with "
            f"probability {self.right[-1]:.6g}, never changed with {self.survived[-1]:.6g}, error {self.error:.1e}; "
            f"escape rate {self.escape_rate:.6g} a step)"
        )


@dataclass(frozen=True, slots=True)
class SampledSurvival:
    """The shares of sampled orbits whose sign is ``right`` at step t, and has ``survived`` up to it, shapes (steps,).

    ``right_error`` and ``survived_error``: binomial standard errors, one success and one failure added so that they
    are never 0. Rigor: sampled.
    """

    right: Floats
    survived: Floats
    right_error: Floats
    survived_error: Floats


def survival(w: float, noise: Noise, start: float, steps: int, *, pieces: int = 1) -> Survival:
    """Compute how likely the neuron keeps the sign of its start for t = 1, ..., steps, under independent noise.

    With k the density of the noise, both are f_t(start) of f_t(a) = integral over b > 0 of K(b, a) f_{t-1}(b), f_0 = 1:
    K = k(b - w tanh a) for ``survived``, K = k(b - w tanh a) - k(b + w tanh a) for 2 ``right`` - 1, as tanh is odd and
    the noise symmetric. Functions are polynomials on panels (product integration): panels double in length away
    from 0, and for uniform noise they also end at the kinks of f_1, ..., f_4. Errors below 1e-9 are usual.

    Arguments: ``w`` > 0; ``noise``, ``Uniform(bound)`` or ``Gaussian(variance)``; ``start`` a_0, +-inf for a saturated
    state; ``pieces`` that each panel is cut into (the result comes from twice as many).
    Raises: InputError for w, noise or start out of range, steps < 1 or pieces < 1.
    Source: BSF94, Section III and Fig. 2(b), whose inputs without learning this is. Rigor: floating point, with the
    measured error of the grid. Cost: 0.05 s for Gaussian, 0.15 s for uniform noise, up to T = 100.

    >>> found = survival(1.25, Gaussian(0.2), float("inf"), 17)
    >>> round(float(found.right[16]), 4), round(float(found.survived[16]), 4)
    (0.5941, 0.3294)
    """
    weight, first = _weight(w), real_number(start, "start")
    if math.isnan(first):
        raise InputError("start=nan is no state; give a number, or inf for a saturated state")
    count, cut = _whole(steps, "steps"), _whole(pieces, "pieces")
    safe = _safe_steps(weight, noise, abs(first), count)
    latches = noise.scale == 0 or (isinstance(noise, Uniform) and noise.bound <= _critical(weight))
    if latches and safe == count:
        ones = np.ones(count)
        return Survival(weight, noise, first, count, ones, ones.copy(), safe, 0.0, math.inf, 0.0, 0.0)
    coarse, fine = (
        curves_on(panel_edges(weight, noise, k), weight, noise, abs(first), count, escapes=not latches)
        for k in (cut, 2 * cut)
    )
    for curves in (coarse, fine):
        curves.right[:safe] = curves.survived[:safe] = 1.0
    changes = np.abs([fine.right - coarse.right, fine.survived - coarse.survived])
    error = float(np.max(changes)) + count * noise.missed
    rate, mean, rate_error = fine.escape_rate, fine.mean_time, 0.0
    if not latches:
        told = coarse.trusted and fine.trusted
        rate_error = max(abs(rate - coarse.escape_rate), _LEAST_RATE) if told else math.inf
        if rate <= 2 * rate_error:
            rate, mean, rate_error = 0.0, math.inf, max(abs(rate), rate_error)
    return Survival(weight, noise, first, count, fine.right, fine.survived, safe, rate, mean, error, rate_error)


def latch_oracle(w: float, variance: float, steps: int, inputs: int = 3) -> Floats:
    """What Fig. 2(b) can show without learning: the chance that a saturated input is still right at T = 1, ..., steps.

    The ``inputs`` input steps leave x = 1; from then on the neuron is alone with Gaussian noise of that variance.
    Arguments: as ``survival``; ``inputs`` L >= 1. Returns shape (steps,): 1 up to T = L, then ``survival(...).right``.
    Raises: InputError as ``survival``, and for inputs < 1.
    Source: BSF94, Fig. 2(b). Rigor: floating point. Cost: as ``survival``.
    """
    count, held = _whole(steps, "steps"), _whole(inputs, "inputs")
    alone = survival(w, Gaussian(variance), math.inf, max(count - held, 1)).right
    return np.concatenate([np.ones(held), alone])[:count]


def sampled_survival(w: float, noise: Noise, start: float, steps: int, samples: int, seed: int = 0) -> SampledSurvival:
    """Follow ``samples`` orbits with random noise and count whose sign is right: a check of ``survival``.

    Arguments, errors: as ``survival``, and ``samples`` >= 1. Rigor: sampled. Cost: 30 ns a step and sample.
    """
    weight, first = _weight(w), real_number(start, "start")
    count, size = _whole(steps, "steps"), _whole(samples, "samples")
    rng = rng_for(seed, "survival", weight, repr(noise), first)
    side = first >= 0
    states, alive = np.full(size, first), np.ones(size, dtype=bool)
    hits = np.empty((2, count))
    for t in range(count):
        states = weight * np.tanh(states) + noise.draw(rng, size)
        right = (states >= 0) == side
        alive &= right
        hits[:, t] = np.count_nonzero(right), np.count_nonzero(alive)
    shares, padded = hits / size, (hits + 1) / (size + 2)
    errors = np.sqrt(padded * (1 - padded) / size)
    return SampledSurvival(shares[0], shares[1], errors[0], errors[1])


def _safe_steps(w: float, noise: Noise, start: float, steps: int) -> int:
    """The number of steps, of those asked for, after which the sign is right whatever the noise did."""
    if noise.scale == 0:
        return steps
    if isinstance(noise, Gaussian):
        return 0
    state = start
    for t in range(steps):
        before, state = state, w * math.tanh(state) - noise.bound
        if state < 0:
            return t
        if state >= before:
            return steps
    return steps


def _critical(w: float) -> float:
    """h* = sqrt(w(w - 1)) - arcosh(sqrt w), 0 where the neuron has one attractor."""
    return max(math.sqrt(w * (w - 1)) - math.asinh(math.sqrt(w - 1)), 0.0) if w > 1 else 0.0


def _whole(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise InputError(f"{name}={repr(value)[:40]} must be an integer from 1 on; give how many are wanted")
    return int(value)


def _weight(value: object) -> float:
    w = real_number(value, "w")
    if not SMALLEST <= w <= LARGEST:
        raise InputError(f"w={w:g} must be positive, from 1e-100 to 1e6; for a negative weight the sign alternates")
    return w
