"""Plain NumPy beside the compiled code: the terms of gradient and curvature, and an algorithm led step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes import LANES, lane_array
from dynlatch.learning.algorithm import Algorithm
from dynlatch.learning.loops import Sees, State, epochs, new_courses
from dynlatch.learning.network import Bias, Connection, Cue, Network, Previous, SameStep, Signal
from dynlatch.learning.streams import key_for, new_streams
from dynlatch.learning.trial import Trial
from dynlatch.learning.workplace import Workplace

Floats = NDArray[np.float64]


def terms(network: Network, parameters: Floats, signals: Floats, wanted: float) -> tuple[Floats, Floats]:
    """dC/dw_it and the diagonal Gauss-Newton curvature of w_it, two arrays (N, P), for signals of shape (N, m)."""
    steps, n = len(signals), network.num_units
    names = network.parameters
    x = np.zeros((steps + 1, n))

    def value(c: Connection) -> float:
        return parameters[names.index(c.weight)] if isinstance(c.weight, str) else c.weight

    def carried(c: Connection, t: int) -> float:
        match c.source:
            case Previous(unit):
                return x[t - 1, unit]
            case SameStep(unit):
                return x[t, unit]
            case Signal(channel):
                return signals[t - 1, channel]
            case Cue(step, positive):
                return float(step == t and positive == (wanted > 0))
            case Bias():
                return 1.0

    for t in range(1, steps + 1):
        for i in network.order:
            x[t, i] = np.tanh(sum(value(c) * carried(c, t) for c in network.connections if c.unit == i))
    delta, bend = np.zeros((steps + 2, n)), np.zeros((steps + 2, n))
    slopes, curvature = np.zeros((2, steps, len(names)))
    for t in range(steps, 0, -1):
        for i in reversed(network.order):
            e, h = (x[t, i] - wanted, 1.0) if t == steps and i == network.output else (0.0, 0.0)
            for c in network.connections:
                if c.source in (Previous(i), SameStep(i)):
                    later = t + isinstance(c.source, Previous)
                    e += value(c) * delta[later, c.unit]
                    h += value(c) ** 2 * bend[later, c.unit]
            delta[t, i] = e * (1 - x[t, i] ** 2)
            bend[t, i] = h * (1 - x[t, i] ** 2) ** 2
        for c in network.connections:
            if isinstance(c.weight, str):
                p, z = names.index(c.weight), carried(c, t)
                slopes[t - 1, p] += delta[t, c.unit] * z
                curvature[t - 1, p] += bend[t, c.unit] * z**2
    return slopes, curvature


@dataclass(frozen=True)
class Presentation:
    """One sequence presented to one trial: its terms by the reference, and what the algorithm made of it."""

    slopes: Floats
    curvature: Floats
    before: Floats
    after: Floats
    memory_before: Floats
    memory_after: Floats


def presentations(trial: Trial, algorithm: Algorithm, count: int, lane: int = 5) -> Iterator[Presentation]:
    """The compiled loop with a budget of one sequence, again and again."""
    given, network = trial.train, trial.network
    place = Workplace(
        network, given.steps, len(given), backwards=True, terms=algorithm.sees is Sees.TERMS, in_step=False
    )  # fmt: skip
    place.fill(lane, given, trial.initial, trial.target)
    place.block.streams[:, lane] = key_for(trial.seed, algorithm.name, trial.task, trial.index), 0
    by_length = np.argsort(given.lengths, kind="stable")
    start = algorithm.init(trial.initial)
    memory = lane_array(len(start))
    memory[:, lane] = start
    order = np.tile(np.arange(len(given))[:, None], (1, LANES))
    settings = np.array(algorithm.settings())
    for _ in range(count):
        courses = new_courses()
        courses.state[lane] = State.RUNNING
        before, memory_before = place.parameters(lane), memory[:, lane].copy()
        epochs(
            place.wiring, place.block, courses, int(algorithm.sees), algorithm.step, memory, settings, order, 1, 1,
            given.steps,
        )  # fmt: skip
        assert courses.presentations[lane] == 1
        k = by_length[order[0, lane]]
        signals = given.signals[k, given.steps - given.lengths[k] :]
        slopes, curvature = terms(network, before, signals, trial.target * given.classes[k])
        yield Presentation(
            slopes, curvature, before, place.parameters(lane), memory_before, memory[:, lane].copy()
        )  # fmt: skip


def stepped(
    algorithm: Algorithm, weights: Floats, slopes: Floats, curvature: Floats, memory: Floats | None = None
) -> tuple[Floats, Floats]:
    """One compiled step of B trials from any terms, (B, T, P); returns weights (B, P) and memory (B, M).

    An algorithm that sees totals is given the sums over T.
    """
    count, steps, parameters = slopes.shape
    by_step = algorithm.sees is Sees.TERMS
    memories = np.array([algorithm.init(w) for w in weights]) if memory is None else memory
    whose = np.arange(LANES) % count  # lanes that do not learn hold copies, which no step may change
    rows = [lane_array(size) for size in (parameters, (steps + 1) * parameters, (steps + 1) * parameters)]
    kept, active = lane_array(memories.shape[1]), lane_array(1)
    rows[0][:] = weights[whose].T
    for into, given in zip(rows[1:], (slopes, curvature), strict=True):
        if by_step:
            into.reshape(steps + 1, parameters, LANES)[1:] = given[whose].transpose(1, 2, 0)
        else:
            into[:parameters] = given[whose].sum(axis=1).T
    kept[:] = memories[whose].T
    active[0, :count] = 1.0
    idle = [array[:, count:].copy() for array in (*rows, kept)]
    algorithm.step(*rows, kept, np.array(algorithm.settings()), new_streams(), active, parameters, 1, steps)
    for array, was in zip((*rows, kept), idle, strict=True):
        assert np.array_equal(array[:, count:], was), "a step changed lanes that do not learn"
    return rows[0][:, :count].T.copy(), kept[:, :count].T.copy()
