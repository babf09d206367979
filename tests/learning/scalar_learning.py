"""Scalar oracles for compiled learning, slow and plain: random streams, threshold networks, pseudo-gradients."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np

from dynlatch.learning.network import Bias, Connection, Cue, Network, Previous, SameStep, Signal
from dynlatch.learning.objective import Batch
from dynlatch.learning.streams import key_for
from dynlatch.learning.trial import Trial

MASK = 2**64 - 1
Up = Callable[[float], bool]
"""Whether an event of a given probability happens."""


class Stream:
    """SplitMix64 as published: a state that grows by the golden ratio, and a mixing function."""

    def __init__(self, seed: int) -> None:
        self.state = int(seed)

    def word(self) -> int:
        """The next 64 bits."""
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def uniform(self) -> float:
        """The next number in [0, 1)."""
        return (self.word() >> 11) / 2**53

    def within(self, half: float) -> float:
        """The next number in [-half, half)."""
        return half * (2.0 * self.uniform() - 1.0)

    def shuffle(self, things: list[int]) -> None:
        """In place, from the last to the second."""
        for last in range(len(things) - 1, 0, -1):
            other = int(self.uniform() * (last + 1))
            things[last], things[other] = things[other], things[last]


def stream_of(trial: Trial, name: str) -> Stream:
    """The stream that ``train`` gives a trial under an algorithm of that name."""
    return Stream(int(key_for(trial.seed, name, trial.task, trial.index)))


class Pass:
    """One sequence through a threshold network, in lists; step 0 is the state 0 before it."""

    def __init__(
        self, network: Network, weights: Sequence[float], signals: Sequence[Sequence[float]], c: float
    ) -> None:
        self.network, self.signals, self.positive = network, signals, c > 0
        self.value = dict(zip(network.parameters, weights, strict=True))
        self.states: list[list[float]] = [[0.0] * network.num_units]
        self.activations: list[list[float]] = [[0.0] * network.num_units]
        for t in range(1, len(signals) + 1):
            self.states.append([0.0] * network.num_units)
            self.activations.append([0.0] * network.num_units)
            for unit in network.order:
                a = sum(self.weight(c) * self.carried(c, t) for c in network.connections if c.unit == unit)
                self.activations[t][unit] = a
                self.states[t][unit] = 1.0 if a >= 0 else -1.0

    def weight(self, c: Connection) -> float:
        return self.value[c.weight] if isinstance(c.weight, str) else c.weight

    def carried(self, c: Connection, t: int) -> float:
        """What a connection multiplies its weight by at step t."""
        match c.source:
            case Previous(unit):
                return self.states[t - 1][unit]
            case SameStep(unit):
                return self.states[t][unit]
            case Signal(channel):
                return self.signals[t - 1][channel]
            case Cue(step, positive):
                return float(t == step and positive == self.positive)
            case Bias():
                return 1.0

    def pseudo_gradient(
        self, target: float, least: float, most: float, margin: float, up: Up, desired: int = -1
    ) -> list[float]:
        """Eqs. 7-10 with Delta y = desired * S(g), from the definition: 1 / Delta x where the flip is feasible.

        The sign belongs to the desired change: what has Delta y = -S(g) lowers the cost, so -1 / Delta x is its slope.
        """
        steps, network = len(self.signals), self.network
        slopes: dict[tuple[int, int], float] = {}
        total = dict.fromkeys(network.parameters, 0.0)
        for t in range(steps, 0, -1):
            for unit in reversed(network.order):
                g = self.states[t][unit] - target if t == steps and unit == network.output else 0.0
                for c in network.connections:
                    if c.source == Previous(unit) and t < steps:
                        g += self.weight(c) * slopes[t + 1, c.unit]
                    elif c.source == SameStep(unit):
                        g += self.weight(c) * slopes[t, c.unit]
                g = min(max(g, least), most)
                change = desired * (2 if up((g - least) / (most - least)) else -2)
                a, slope = self.activations[t][unit], 0.0
                if g != 0 and change == 2 and a < 0:
                    slope = desired / (margin - a)
                elif g != 0 and change == -2 and a >= 0:
                    slope = desired / (-margin - a)
                slopes[t, unit] = slope
                for c in network.connections:
                    if c.unit == unit and isinstance(c.weight, str):
                        total[c.weight] += slope * self.carried(c, t)
        return list(total.values())


def every_outcome(one: Callable[[Up], list[float]], draws: int) -> tuple[list[float], list[float]]:
    """Mean and variance of what ``one`` gives, over all outcomes of its draws weighted by their probabilities."""
    mean: list[float] = []
    square: list[float] = []
    for outcome in itertools.product((True, False), repeat=draws):
        left, weight = iter(outcome), 1.0

        def up(p: float) -> bool:
            nonlocal weight
            happens = next(left)  # noqa: B023
            weight *= p if happens else 1.0 - p
            return happens

        values = one(up)
        assert next(left, None) is None
        mean = [weight * v + m for v, m in zip(values, mean or [0.0] * len(values), strict=True)]
        square = [weight * v * v + m for v, m in zip(values, square or [0.0] * len(values), strict=True)]
    return mean, [s - m * m for s, m in zip(square, mean, strict=True)]


def by_length(trial: Trial) -> list[tuple[list[list[float]], float]]:
    """Signals and class of each training sequence, the shortest first: the order in which ``train`` keeps them."""
    train = trial.train
    order = sorted(range(len(train)), key=lambda s: int(train.lengths[s]))
    return [(train.signals[s, train.steps - train.lengths[s] :].tolist(), float(train.classes[s])) for s in order]


def learn_discretely(
    trial: Trial, network: Network, stream: Stream, rate: float, least: float, most: float, margin: float, budget: int,
    *, target: float = 1.0, desired: int = -1,
) -> tuple[list[float], int, bool]:  # fmt: skip
    """Discrete propagation of one trial from beginning to end: parameters, presentations, whether it was learned."""
    sequences = by_length(trial)
    order = list(range(len(sequences)))
    weights, presentations, checking = trial.initial.tolist(), 0, False
    while True:
        errors = 0
        if not checking:
            stream.shuffle(order)
        for s in order[: budget - presentations]:
            signals, c = sequences[s]
            run = Pass(network, weights, signals, c)
            errors += (run.states[-1][network.output] > 0) != (c > 0)
            presentations += 1
            if not checking:
                slope = run.pseudo_gradient(
                    c * target, least, most, margin, lambda p: stream.uniform() < p, desired=desired
                )
                weights = [w - rate * v for w, v in zip(weights, slope, strict=True)]
        if checking and not errors:
            return weights, presentations, True
        if presentations >= budget:
            return weights, presentations, False
        checking = not errors


class Over(Exception):  # noqa: N818
    """A search has ended; its argument says why."""


class Candidates:
    """The mean cost of one point after another, summed in the order in which ``train`` sums; ends as ``train`` does."""

    def __init__(self, trial: Trial, accepted: float, budget: int) -> None:
        network = trial.network
        self.batch = Batch(network, trial.train, 1.0 if network.kind == "threshold" else trial.target, threads=1)
        self.order = np.argsort(trial.train.lengths, kind="stable")
        self.accepted, self.most = accepted, budget // len(trial.train)
        self.lowest = math.inf
        self.best: list[list[float]] = [trial.initial.tolist()]
        """The best point after so many candidates."""

    def __call__(self, x: list[float]) -> float:
        """The cost of a point. Raises: Over where it is accepted, or before it where too many have been asked for."""
        if len(self.best) > self.most:
            raise Over("BUDGET")
        costs, errors = self.batch.costs(np.array(x))
        cost = sum(costs[self.order].tolist()) / len(costs)
        accepted = not errors.any() and cost <= self.accepted
        self.best.append(list(x) if accepted or cost < self.lowest else self.best[-1])
        self.lowest = min(cost, self.lowest)
        if accepted:
            raise Over("SOLVED")
        return cost
