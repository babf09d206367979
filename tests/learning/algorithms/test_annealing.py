"""Simulated annealing against scalar code that draws the same numbers, its step rule, and when it gives up."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scalar_learning import Candidates, Over, Stream, stream_of

from dynlatch.errors import InputError
from dynlatch.learning.algorithms.annealing import Annealing
from dynlatch.learning.network import Bias, Connection, Network
from dynlatch.learning.run import Run
from dynlatch.learning.tasks import Latch, Parity
from dynlatch.learning.training import train
from dynlatch.learning.trial import Sequences, Trial
from dynlatch.verdict import Stop

NEVER = 1e-12
"""A cost that is not reached, so that a search goes on."""
QUICK = Annealing(sweeps=5, cycles=2, temperature=0.3, width=1.0, largest_width=3.0)
EASY = (Latch(T=5, noise=0.2, num_train=4), Parity(T=4, num_train=4))


def changed(width: float, accepted: float, largest: float) -> float:
    """Corana's rule for c = 2."""
    if accepted > 0.6:
        return min(width * (1 + 2 * (accepted - 0.6) / 0.4), largest)
    return width / (1 + 2 * (0.4 - accepted) / 0.4) if accepted < 0.4 else width


def anneal(
    cost: Candidates, stream: Stream, of: Annealing, *, wander: bool = False, greedy: bool = False, rigid: bool = False
) -> None:
    """Corana's loops, one in another. Mutants: never back to the best, nothing worse accepted, constant widths."""
    x = list(cost.best[0])
    here, temperature = cost(x), of.temperature
    widths, ends = [of.width] * len(x), [math.inf] * of.points
    while True:
        for _ in range(of.cycles):
            accepted = [0] * len(x)
            for _ in range(of.sweeps):
                for k in range(len(x)):
                    moved = x.copy()
                    moved[k] += stream.within(1.0) * widths[k]
                    there = cost(moved)
                    if there <= here or (stream.uniform() < math.exp((here - there) / temperature) and not greedy):
                        x, here = moved, there
                        accepted[k] += 1
            if not rigid:
                widths = [changed(v, n / of.sweeps, of.largest_width) for v, n in zip(widths, accepted, strict=True)]
        ends = [*ends[1:], here]
        if max(ends) - min(ends) <= of.tolerance and max(ends) - cost.lowest <= of.tolerance:
            raise Over("STUCK")
        temperature *= of.cooling
        if not wander:
            x, here = list(cost.best[-1]), cost.lowest


def agrees(run: Run, accepted: float, budget: int, **mutant: bool) -> bool:
    """Whether a run ends as the scalar one does, and has the same best points at all its checkpoints."""
    cost = Candidates(run.trial, accepted, budget)
    assert isinstance(run.algorithm, Annealing)
    with pytest.raises(Over) as over:
        anneal(cost, stream_of(run.trial, "annealing"), run.algorithm, **mutant)
    size = len(run.trial.train)
    if (str(run.stop), run.presentations) != (over.value.args[0], (len(cost.best) - 1) * size):
        return False
    return np.array_equal(run.history.parameters, [cost.best[p // size] for p in run.history.presentations])


@pytest.mark.parametrize("kind", ["tanh", "threshold"])
@pytest.mark.parametrize("task", EASY, ids=[task.name for task in EASY])
def test_runs_agree_with_scalar_code(task: Latch | Parity, kind: Any) -> None:
    """The default schedule through its first two temperatures (latch), a quick one through many."""
    for k in range(2):
        trial = task.trial(21, k)
        trial = replace(trial, network=trial.network.of_kind(kind))
        for algorithm, accepted, budget in ((Annealing(), NEVER, 5201), (QUICK, NEVER, 4000), (QUICK, 0.05, 4000)):
            (run,) = train([trial], algorithm, budget=budget, accepted=accepted)
            assert agrees(run, accepted, budget)


@pytest.mark.parametrize("mutant", ["wander", "greedy", "rigid"])
def test_mutants_do_not_agree(mutant: str) -> None:
    trials = [EASY[0].trial(22, k) for k in range(3)]
    for run in train(trials, QUICK, budget=4000, accepted=NEVER):
        assert agrees(run, NEVER, 4000)
        assert not agrees(run, NEVER, 4000, **{mutant: True})


def flat_trial(num_parameters: int) -> Trial:
    """A fixed bias decides the output of a threshold unit: every candidate of moderate size costs the same."""
    free = tuple(Connection(0, Bias(), f"w{p}") for p in range(num_parameters))
    network = Network(1, 1, 0, (Connection(0, Bias(), 1e6), *free), "threshold")
    two = Sequences(np.zeros((2, 2, 1)), np.array([2, 2]), np.array([1.0, -1.0]))
    return Trial("flat", network, two, two, np.zeros(num_parameters), 0, 0)


@pytest.mark.parametrize("num_parameters", [1, 3])
@pytest.mark.parametrize("algorithm", [Annealing(), Annealing(sweeps=3, cycles=2, points=6)])
def test_it_gives_up_after_so_many_equal_temperatures(algorithm: Annealing, num_parameters: int) -> None:
    """One presentation of all for the beginning, then points * cycles * sweeps * P moves, and not one more."""
    (run,) = train([flat_trial(num_parameters)], algorithm)
    moves = algorithm.points * algorithm.cycles * algorithm.sweeps * num_parameters
    assert (run.stop, run.presentations) == (Stop.STUCK, 2 * (1 + moves))


def test_runs_do_not_depend_on_their_company() -> None:
    trials = [Latch(T=4 + k % 3, noise=0.2, num_train=6).trial(23, k) for k in range(40)]
    together = train(trials, QUICK, budget=3000, accepted=0.02)
    assert len({run.stop for run in together}) > 1
    for k in (0, 17, 39):
        (alone,) = train([trials[k]], QUICK, budget=3000, accepted=0.02)
        assert (alone.presentations, alone.stop) == (together[k].presentations, together[k].stop)
        assert np.array_equal(alone.history.parameters, together[k].history.parameters)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"temperature": 0.0}, "temperature=0.0"),
        ({"cooling": 1.0}, "cooling=1.0"),
        ({"width": 30.0}, "must not exceed largest_width=20.0"),
        ({"sweeps": 0}, "sweeps=0"),
        ({"cycles": 1.5}, "cycles=1.5"),
        ({"points": True}, "points=True"),
        ({"points": 10**30}, "points=1000000000000000000000000000000 must be .* to 1000000"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Annealing(**settings)
