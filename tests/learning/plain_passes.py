"""Networks one number at a time, straight from the equations: what compiled passes are compared with.

States come from a recursion without any order of units, so nothing is shared with ``dynlatch.learning.wiring``. Numbers
may be of any type: complex ones give derivatives without cancellation, those of another library its own autodiff.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from dynlatch.learning.network import Bias, Connection, Cue, Network, Previous, SameStep, Signal
from dynlatch.learning.trial import Sequences

Weight: TypeAlias = Callable[[int, int], Any]
"""The weight of connection k at step t."""
TINY = 1e-100
"""Step of a complex derivative: its square is nothing beside 1."""


def one_by_one(sequences: Sequences) -> list[tuple[np.ndarray, bool]]:
    """Each sequence without what stands before it, and whether it is positive."""
    return [
        (signals[sequences.steps - n :], c > 0)
        for signals, n, c in zip(sequences.signals, sequences.lengths, sequences.classes, strict=True)
    ]


def named(network: Network, values: Any) -> Weight:
    """Weights that do not depend on time."""
    found = dict(zip(network.parameters, values, strict=True))
    fixed = [found.get(c.weight, c.weight) for c in network.connections]
    return lambda k, t: fixed[k]


def nudged(network: Network, values: Any, name: str, at: int | None = None) -> Weight:
    """The weight of this name a little into the complex plane, at one step or at all."""
    usual = named(network, [complex(v) for v in values])

    def weight(k: int, t: int) -> Any:
        here = network.connections[k].weight == name and (at is None or t == at)
        return usual(k, t) + complex(0, TINY) if here else usual(k, t)

    return weight


def carried(c: Connection, state: Callable[[int, int], Any], t: int, signals: np.ndarray, positive: bool) -> Any:
    """What a connection carries at step t, counted from 1."""
    match c.source:
        case Previous(unit):
            return state(unit, t - 1)
        case SameStep(unit):
            return state(unit, t)
        case Signal(channel):
            return float(signals[t - 1, channel])
        case Cue(step, for_positive):
            return 1.0 if step == t and for_positive == positive else 0.0
        case Bias():
            return 1.0


def tanh(a: Any) -> Any:
    return cmath.tanh(a) if isinstance(a, complex) else math.tanh(a)


def threshold(a: Any) -> float:
    return 1.0 if a >= 0 else -1.0


def state_of(
    network: Network, weight: Weight, signals: np.ndarray, positive: bool, f: Callable[[Any], Any] = tanh
) -> Callable[[int, int], Any]:
    """x_i(t) as a function of i and t = 0 to N."""
    known: dict[tuple[int, int], Any] = {}

    def state(i: int, t: int) -> Any:
        if t == 0:
            return 0.0
        if (i, t) not in known:
            a: Any = 0.0
            for k, c in enumerate(network.connections):
                if c.unit == i:
                    a = a + weight(k, t) * carried(c, state, t, signals, positive)
            known[i, t] = f(a)
        return known[i, t]

    for t in range(1, len(signals) + 1):  # forwards, so that the recursion is never deep
        for i in range(network.num_units):
            state(i, t)
    return state


def answer(
    network: Network, weight: Weight, signals: np.ndarray, positive: bool, f: Callable[[Any], Any] = tanh
) -> Any:
    """x_N of the output."""
    return state_of(network, weight, signals, positive, f)(network.output, len(signals))


def cost(x: Any, positive: bool, target: float) -> Any:
    """(x_N - d)^2 / 2."""
    miss = x - (target if positive else -target)
    return miss * miss / 2


def slopes(
    network: Network, values: Any, signals: np.ndarray, positive: bool, target: float, at: int | None = None
) -> np.ndarray:
    """dC/dw of every parameter, or of its copy at one step."""
    return np.array(
        [
            complex(cost(answer(network, nudged(network, values, p, at), signals, positive), positive, target)).imag
            / TINY
            for p in network.parameters
        ]
    )


def answer_slopes(network: Network, values: Any, signals: np.ndarray, positive: bool, at: int) -> np.ndarray:
    """dx_N/dw of every parameter's copy at one step."""
    return np.array(
        [
            complex(answer(network, nudged(network, values, p, at), signals, positive)).imag / TINY
            for p in network.parameters
        ]
    )


def curvatures(network: Network, values: Any, signals: np.ndarray, positive: bool) -> tuple[np.ndarray, np.ndarray]:
    """h_i(t), shape (N, n), and h_i(t) z(t)^2 of every parameter, shape (N, P), by the recursion as it is written."""
    last = len(signals)
    weight = named(network, values)
    state = state_of(network, weight, signals, positive)
    known: dict[tuple[int, int], float] = {}

    def h(i: int, t: int) -> float:
        if t > last:
            return 0.0
        if (i, t) not in known:
            inner = 1.0 if t == last and i == network.output else 0.0
            for k, c in enumerate(network.connections):
                if c.source == Previous(i):
                    inner += weight(k, t + 1) ** 2 * h(c.unit, t + 1)
                elif c.source == SameStep(i):
                    inner += weight(k, t) ** 2 * h(c.unit, t)
            known[i, t] = (1 - state(i, t) ** 2) ** 2 * inner
        return known[i, t]

    bends = np.array([[h(i, t) for i in range(network.num_units)] for t in range(last, 0, -1)])[::-1]
    shares = np.zeros((last, len(network.parameters)))
    for t in range(1, last + 1):
        for c in network.connections:
            if isinstance(c.weight, str):
                z = carried(c, state, t, signals, positive)
                shares[t - 1, network.parameters.index(c.weight)] += h(c.unit, t) * z * z
    return bends, shares
