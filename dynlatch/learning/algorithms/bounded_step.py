"""Steps whose largest component stays within bounds, by a damping mu that each trial adapts (BSF94, below eq. 6).

With g_it and H_it the terms of gradient and curvature, the step of parameter i is -rate s_i(mu) with

    s_i(x) = sum_t g_it / (H_it + x),        m(x) = rate max_i |s_i(x)|.

Every sequence moves mu once, m taken of that sequence:

    m(mu) > most:         mu <- mu*,                                  m(mu*) = most,
    0 < m(mu) < least:    mu <- inertia mu + (1 - inertia) mu*,       m(mu*) = least,

and the step at the new mu is scaled to at most ``most``. What t runs over is the caller's choice: steps of time, or one
total. m falls as 1/x for large x, but may rise on the way where terms of both signs cancel: mu* is one root of several.
Where the curvature keeps m below ``least`` for every mu, mu* is 0 and mu falls by the factor ``inertia``. Gradients of
1e-250 are met, and H is of the order of their squares: mu has no floor but the smallest float that is not subnormal.
"""

# pyright: reportMissingParameterType=false, reportUnknownParameterType=false
# numba infers the types of the kernels' arguments.
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from dynlatch.errors import InputError
from dynlatch.jit import jit
from dynlatch.lanes import LANES, at_least, fma, larger, load, magnitude, spread, store, where
from dynlatch.learning.algorithm import Floats, positive
from dynlatch.learning.algorithms.moments import check_decays

MU: Final = 0
_LARGEST: Final = 1
_SUMS: Final = 2
"""Rows of the memory: mu; then what only one step needs: m, and from here on the s_i."""

_CLOSE: Final = 0.01
"""Relative error of m(mu*)."""
_NARROW: Final = 0.02
"""Where mu falls, an interval of mu* of this width over mu is enough: it leaves mu known to 0.01 (1 - inertia)."""
_ROUNDS: Final = 64
_NEWTON: Final = 8
"""Rounds after which an interval is only halved."""
_LEAP: Final = 1e20
"""The most by which x grows at once, should m(x) be beyond all floats."""
_TINY: Final = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True, slots=True)
class BoundedStep:
    """The settings of an algorithm with bounded steps.

    ``rate``; ``least`` and ``most``: bounds of the largest component of a step; ``mu``: the first damping; ``inertia``:
    how much of it is kept when it falls. Raises: InputError unless all are positive, ``least`` < ``most``, ``inertia``
    in [0, 1).
    """

    rate: float = 0.01
    least: float = 0.001
    most: float = 0.3
    mu: float = 0.1
    inertia: float = 0.8

    def __post_init__(self) -> None:
        positive(self, "rate", "least", "most", "mu")
        check_decays(self, "inertia")
        if self.least >= self.most:
            raise InputError(f"least={self.least} of {type(self).__name__} must be smaller than most={self.most}")

    def settings(self) -> tuple[float, ...]:
        """What ``bounded_step`` reads."""
        return (self.rate, self.least, self.most, self.inertia)

    def init(self, initial: Floats) -> Floats:
        """mu, and room for what is tried with others."""
        memory = np.zeros(_SUMS + len(initial))
        memory[MU] = self.mu
        return memory


@jit
def bounded_step(weights, gradient, curvature, memory, settings, active, num_parameters, first, last):
    """Move mu and take the step in every active lane; t runs from ``first`` to ``last``.

    Cost: a division for each term, and for a lane out of bounds two to five more, one lane at a time.
    """
    rate, least, most, inertia = settings[0], settings[1], settings[2], settings[3]
    learns, mu, largest = load(active, 0), load(memory, MU), spread(0.0)
    for p in range(num_parameters):
        total = spread(0.0)
        for t in range(first, last + 1):
            row = t * num_parameters + p
            total = total + load(gradient, row) / (load(curvature, row) + mu)
        store(memory, _SUMS + p, where(learns, total, load(memory, _SUMS + p)))
        largest = larger(largest, magnitude(total))
    store(memory, _LARGEST, where(learns, largest * rate, load(memory, _LARGEST)))
    terms = (gradient, curvature, num_parameters, first, last)
    for lane in range(LANES):  # one by one, because few are out of bounds at a time, and not for equally long
        size, mu_here = memory[_LARGEST, lane], memory[MU, lane]
        if active[0, lane] > 0.0 and size > most:
            memory[MU, lane] = _root(terms, memory, rate, most, 0.0, lane)
        elif active[0, lane] > 0.0 and 0.0 < size < least:
            wanted = _root(terms, memory, rate, least, _NARROW * mu_here, lane)
            memory[MU, lane] = max(inertia * mu_here + (1.0 - inertia) * wanted, _TINY)
            _measure(terms, memory, rate, memory[MU, lane], lane)
    largest = load(memory, _LARGEST)
    scale = where(at_least(most, largest), 1.0, most / largest) * rate
    for p in range(num_parameters):
        w = load(weights, p)
        store(weights, p, where(learns, fma(load(memory, _SUMS + p), 0.0 - scale, w), w))


@jit
def _root(terms, memory, rate, goal, narrow, lane):
    """An x with m(x) = ``goal`` to 1 %, or the middle of an interval of width ``narrow`` that holds one if any does.

    Newton's method for 1 / m from x = mu: exact for a single term, and for terms of one sign never above the root,
    because then 1 / m is concave. Where it leaves the interval that the root is known to be in, or takes too long, the
    interval is halved instead.
    """
    x, below, above = memory[MU, lane], 0.0, math.inf
    for k in range(_ROUNDS):
        size, fall, reach = _measure(terms, memory, rate, x, lane)
        if abs(size - goal) <= _CLOSE * goal:
            break
        if size > goal:
            below = x
        elif reach < goal:  # a term grows at most by x / y from x down to y, so m stays below the goal to here
            above = x * (reach / goal)
        else:
            above = x
        if above - below <= narrow:
            return 0.5 * (below + above)
        guess = max(x * (1.0 + (size / goal - 1.0) / fall), narrow)
        if k < _NEWTON and below < guess < above:
            x = guess
        elif above == math.inf:
            x = below * min(max(size / goal, 2.0), _LEAP)
        elif below > 0.0 and above > 4.0 * below:
            x = math.sqrt(below) * math.sqrt(above)
        else:
            x = 0.5 * (below + above)
    return x


@jit
def _measure(terms, memory, rate, x, lane):
    """m(x) of one lane, -d log m / d log x, and what m(x) would be if no terms cancelled; the s_i are kept."""
    gradient, curvature, num_parameters, first, last = terms
    largest, fall, reach = 0.0, 1.0, 0.0
    for p in range(num_parameters):
        total, bent, size = 0.0, 0.0, 0.0
        for t in range(first, last + 1):
            row = t * num_parameters + p
            inverse = 1.0 / (curvature[row, lane] + x)
            share = gradient[row, lane] * inverse
            total += share
            bent = fma(share, inverse * x, bent)
            size += abs(share)
        memory[_SUMS + p, lane] = total
        if abs(total) > largest:
            largest, fall = abs(total), bent / total
        reach = max(reach, size)
    memory[_LARGEST, lane] = rate * largest
    return rate * largest, fall, rate * reach
