"""Presentations to the unit: algorithms that follow a script, on trials of seven sequences."""

# pyright: reportMissingParameterType=false, reportUnknownParameterType=false
from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest
from scalar_learning import stream_of

from dynlatch.errors import InputError
from dynlatch.jit import jit_as
from dynlatch.lanes import LANES
from dynlatch.learning.algorithm import STUCK, Floats, search_memory
from dynlatch.learning.algorithms.annealing import Annealing
from dynlatch.learning.algorithms.back_propagation import BackPropagation
from dynlatch.learning.algorithms.discrete_propagation import DiscretePropagation
from dynlatch.learning.algorithms.guessing import Guessing
from dynlatch.learning.algorithms.multi_grid import MultiGrid
from dynlatch.learning.loops import STEP, Sees
from dynlatch.learning.network import Connection, Network, Signal
from dynlatch.learning.objective import Batch
from dynlatch.learning.run import Run
from dynlatch.learning.tasks import Latch, Parity
from dynlatch.learning.training import train
from dynlatch.learning.trial import Sequences, Trial
from dynlatch.verdict import Stop

S = 7
RIGHT = np.array([2.0, 2.0, -2.0])
RIGHT_TRIAL = replace(Latch(T=6, num_train=S).trial(0, 0), initial=RIGHT)
WRONG_TRIAL = replace(RIGHT_TRIAL, initial=np.array([2.0, -2.0, 2.0]))
"""Every answer of this one is wrong."""


@jit_as(STEP)
def _follow(weights, gradient, curvature, memory, settings, streams, active, num_parameters, begun, steps):
    """At the n-th call: parameters, or the sign of being stuck, if the script has an entry for n."""
    for lane in range(LANES):
        if active[0, lane] > 0.0:
            memory[-1, lane] += 1.0
            for k in range(settings.size // 2):
                if settings[2 * k] == memory[-1, lane]:
                    sign = settings[2 * k + 1]
                    memory[0, lane] = 1.0 if sign == 0.0 else 0.0
                    weights[0, lane] = 2.0 * abs(sign)
                    weights[1, lane] = 2.0 * sign
                    weights[2, lane] = -2.0 * sign


@dataclass(frozen=True)
class Script:
    """(n, sign) pairs: at the n-th update become right (1), wrong (-1), infinite, or stuck (0)."""

    script: tuple[tuple[int, float], ...]
    sees: Any

    name: ClassVar[str] = "script"
    units: ClassVar[Any] = None
    budget: ClassVar[int] = 1000
    step: ClassVar[Any] = staticmethod(_follow)

    def settings(self) -> tuple[float, ...]:
        return tuple(float(v) for pair in self.script for v in pair)

    def init(self, initial: Floats) -> Floats:
        return search_memory(initial, 1)


def followed(trial: Trial, *script: tuple[int, float], sees: Sees = Sees.GRADIENT, budget: int | None = None) -> Run:
    (run,) = train([trial], Script(script, sees), budget=budget)
    return run


def ended(run: Run) -> tuple[Stop, int]:
    assert run.history.presentations[0] == 0
    assert run.history.presentations[-1] == run.presentations
    assert np.array_equal(run.history.parameters[-1], run.parameters, equal_nan=True)
    return run.stop, run.presentations


# --- searches ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", [MultiGrid(), Annealing(), Guessing()], ids=["multi-grid", "annealing", "guess"])
@pytest.mark.parametrize("budget", [S, S + 3, 1000])
def test_a_right_beginning_is_the_first_candidate(algorithm: Any, budget: int) -> None:
    (run,) = train([RIGHT_TRIAL], algorithm, budget=budget)
    assert ended(run) == (Stop.SOLVED, S)
    assert np.array_equal(run.parameters, RIGHT)
    with pytest.raises(InputError, match="less than one pass"):
        train([RIGHT_TRIAL], algorithm, budget=S - 1)


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 32, 33, 100])
def test_a_search_that_is_right_at_candidate_n(count: int) -> None:
    """The n-th candidate is what the step makes of the one before it."""
    found = followed(WRONG_TRIAL, (count, 1.0), sees=Sees.COST)
    assert ended(found) == (Stop.SOLVED, (count + 1) * S)
    assert np.array_equal(found.parameters, RIGHT)
    assert ended(followed(WRONG_TRIAL, (count, 0.0), sees=Sees.COST)) == (Stop.STUCK, count * S)
    assert ended(followed(WRONG_TRIAL, (count, 1.0), sees=Sees.COST, budget=(count + 1) * S - 1)) == (
        Stop.BUDGET,
        count * S,
    )


@pytest.mark.parametrize("algorithm", [MultiGrid(), Annealing(), Guessing()], ids=["multi-grid", "annealing", "guess"])
@pytest.mark.parametrize("candidates", [1, 16, 17, 50])
@pytest.mark.parametrize("over", [0, S - 1])
def test_a_search_begins_no_pass_that_it_cannot_end(algorithm: Any, candidates: int, over: int) -> None:
    (run,) = train([WRONG_TRIAL], algorithm, budget=candidates * S + over, accepted=1e-15)
    assert ended(run) == (Stop.BUDGET, candidates * S)


def test_the_history_of_a_search_is_that_of_its_best_point() -> None:
    """Cost and error belong to the parameters beside them, not to the candidate that was the last one."""
    trial = Parity(T=6, num_train=S).trial(1, 0)
    batch = Batch(trial.network, trial.train)
    for algorithm in (MultiGrid(), Annealing(), Guessing()):
        (run,) = train([trial], algorithm, budget=500 * S, accepted=1e-15)
        history = run.history
        for k in range(1, len(history)):
            costs, errors = batch.costs(history.parameters[k])
            assert history.error[k] == errors.mean()
            assert abs(history.cost[k] - costs.mean()) < 1e-12


def test_no_error_at_a_high_cost_is_not_accepted() -> None:
    (low,) = train([RIGHT_TRIAL], Guessing(width=1e-9), budget=10 * S, accepted=0.02)
    (high,) = train([RIGHT_TRIAL], Guessing(width=1e-9), budget=10 * S, accepted=0.001)
    assert (ended(low), ended(high)) == ((Stop.SOLVED, S), (Stop.BUDGET, 10 * S))
    assert (high.train_error, high.train_cost) == (low.train_error, low.train_cost)


# --- online algorithms ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("budget", "end"),
    [
        (1, (Stop.BUDGET, 1)),
        (S - 1, (Stop.BUDGET, S - 1)),
        (S, (Stop.BUDGET, S)),
        (S + 2, (Stop.BUDGET, S + 2)),
        (2 * S - 1, (Stop.BUDGET, 2 * S - 1)),
        (2 * S, (Stop.SOLVED, 2 * S)),
        (1000, (Stop.SOLVED, 2 * S)),
    ],
)
def test_a_clean_epoch_needs_a_pass_that_confirms_it(budget: int, end: tuple[Stop, int]) -> None:
    assert ended(followed(RIGHT_TRIAL, budget=budget)) == end
    (run,) = train([RIGHT_TRIAL], BackPropagation(rate=1e-9), budget=budget)
    assert ended(run) == end
    (run,) = train([RIGHT_TRIAL], DiscretePropagation(), budget=budget)
    assert ended(run) == end


@pytest.mark.parametrize(
    ("trial", "script", "epochs"),
    [
        (WRONG_TRIAL, ((1, 1.0),), 3),  # wrong, clean, confirmed
        (WRONG_TRIAL, ((S, 1.0),), 3),
        (WRONG_TRIAL, ((S + 1, 1.0),), 4),
        (WRONG_TRIAL, ((3 * S, 1.0),), 5),
        (RIGHT_TRIAL, ((S, -1.0), (S + 1, 1.0)), 5),  # clean, spoilt at its end: not confirmed, wrong, clean, confirmed
        (RIGHT_TRIAL, ((S, -1.0), (2 * S, 1.0)), 5),
        (RIGHT_TRIAL, ((1, -1.0), (2, 1.0)), 3),
    ],
)
def test_epochs_of_a_script(trial: Trial, script: tuple[tuple[int, float], ...], epochs: int) -> None:
    """Updates are counted in epochs that learn alone, presentations in all."""
    assert ended(followed(trial, *script)) == (Stop.SOLVED, epochs * S)
    assert ended(followed(trial, *script, budget=epochs * S - 1)) == (Stop.BUDGET, epochs * S - 1)


@pytest.mark.parametrize(
    ("streak", "script", "epochs"),
    [
        (1, (), 1),
        (3, (), 3),
        (3, ((S + 1, -1.0), (2 * S, 1.0)), 5),  # clean, wrong, and three clean ones
        (3, ((2 * S, -1.0), (2 * S + 1, 1.0)), 6),
        (2, ((2 * S, -1.0),), 2),  # the last update is not looked at
    ],
)
def test_a_streak_needs_no_confirmation(streak: int, script: tuple[tuple[int, float], ...], epochs: int) -> None:
    trial = replace(RIGHT_TRIAL, streak=streak)
    assert ended(followed(trial, *script)) == (Stop.SOLVED, epochs * S)
    assert ended(followed(trial, *script, budget=epochs * S)) == (Stop.SOLVED, epochs * S)
    assert ended(followed(trial, *script, budget=epochs * S - 1)) == (Stop.BUDGET, epochs * S - 1)


@pytest.mark.parametrize("count", [1, 3, S, S + 1, 2 * S])
def test_divergence_is_told_with_its_presentation(count: int) -> None:
    run = followed(WRONG_TRIAL, (count, math.inf))
    assert (run.stop, run.presentations) == (Stop.DIVERGED, count)
    assert not np.all(np.isfinite(run.parameters))
    assert ended(followed(WRONG_TRIAL, (count, math.inf), budget=count))[0] is Stop.DIVERGED
    assert followed(WRONG_TRIAL, (count + 1, math.inf), budget=count).stop is Stop.BUDGET


def test_a_rate_that_diverges_ends_its_own_trials_only() -> None:
    """One loud sequence takes w from 0 to infinity; the stream of the trial tells where the first epoch has it."""
    network = Network(1, 1, 0, (Connection(0, Signal(0), "w"),))
    loud, silent = np.zeros((3, 2, 1)), np.zeros((3, 2, 1))
    loud[2, 1] = 10.0

    def trial(k: int) -> Trial:
        given = Sequences(silent if k % 3 == 0 else loud, np.full(3, 2), np.array([1.0, -1.0, 1.0]))
        return Trial("loud", network, given, given, np.zeros(1), 0, k)

    trials = [trial(k) for k in range(40)]
    runs = train(trials, BackPropagation(rate=1e308), budget=100)
    wanted: list[tuple[Stop, int]] = []
    for k, t in enumerate(trials):
        order = list(range(3))
        stream_of(t, "back-propagation").shuffle(order)
        wanted.append((Stop.BUDGET, 100) if k % 3 == 0 else (Stop.DIVERGED, order.index(2) + 1))
    assert [ended(run) for run in runs] == wanted
    assert {count for stop, count in wanted if stop is Stop.DIVERGED} == {1, 2, 3}
    assert STUCK == 0
