"""Multi-grid random search and guessing against scalar code that draws the same numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scalar_learning import Candidates, Over, Stream, stream_of

from dynlatch.errors import InputError
from dynlatch.learning.algorithms.annealing import Annealing
from dynlatch.learning.algorithms.guessing import Guessing
from dynlatch.learning.algorithms.multi_grid import MultiGrid
from dynlatch.learning.network import Bias, Connection, Network, Signal
from dynlatch.learning.run import Run
from dynlatch.learning.tasks import Latch, Parity
from dynlatch.learning.training import train
from dynlatch.learning.trial import Sequences, Trial
from dynlatch.verdict import Stop

EASY = (Latch(T=5, noise=0.2, num_train=4), Parity(T=4, num_train=4))
BUDGET = 1601
NEVER = 1e-12
"""A cost that is not reached, so that a search goes on."""


def multi_grid(
    cost: Candidates, stream: Stream, of: MultiGrid, *, shrink_at_first: bool = False, stay: bool = False
) -> None:
    """The algorithm as Section V-B tells it; ``shrink_at_first`` and ``stay`` (never recentred) are mutants."""
    centre, radius = cost.best[0], of.radius
    falls = [cost(centre)]
    if shrink_at_first:
        radius *= of.shrink
    while True:
        point = [b + stream.within(radius) for b in centre]
        found = cost(point)
        if found < falls[-1]:
            centre = centre if stay else point
            radius *= of.shrink
            falls.append(found)
            if len(falls) >= of.points and falls[-of.points] - found <= of.tolerance:
                raise Over("STUCK")


def guessing(cost: Candidates, stream: Stream, of: Guessing) -> None:
    """Points that have nothing to do with each other."""
    cost(cost.best[0])
    while True:
        cost([stream.within(of.width) for _ in cost.best[0]])


def trials_of(kind: str) -> list[Trial]:
    made = [task.trial(11, k) for task in EASY for k in range(2)]
    return [replace(t, network=t.network.of_kind(kind)) for t in made]  # pyright: ignore[reportArgumentType]


def agrees(run: Run, accepted: float, scalar: Any, **mutant: bool) -> bool:
    """Whether a run ends as the scalar one does, and has the same best points at all its checkpoints."""
    cost = Candidates(run.trial, accepted, BUDGET)
    with pytest.raises(Over) as over:
        scalar(cost, stream_of(run.trial, run.algorithm.name), run.algorithm, **mutant)
    size = len(run.trial.train)
    if (str(run.stop), run.presentations) != (over.value.args[0], (len(cost.best) - 1) * size):
        return False
    return np.array_equal(run.history.parameters, [cost.best[p // size] for p in run.history.presentations])


@pytest.mark.parametrize("kind", ["tanh", "threshold"])
@pytest.mark.parametrize("accepted", [0.05, NEVER])
@pytest.mark.parametrize(("algorithm", "scalar"), [(MultiGrid(), multi_grid), (Guessing(), guessing)])
def test_runs_agree_with_scalar_code(algorithm: MultiGrid | Guessing, scalar: Any, accepted: float, kind: str) -> None:
    for trial in trials_of(kind):
        (run,) = train([trial], algorithm, budget=BUDGET, accepted=accepted)
        assert agrees(run, accepted, scalar)


@pytest.mark.parametrize("mutant", ["shrink_at_first", "stay"])
def test_mutants_do_not_agree(mutant: str) -> None:
    runs = [run for trial in trials_of("tanh") for run in train([trial], MultiGrid(), budget=BUDGET, accepted=NEVER)]
    assert not any(agrees(run, NEVER, multi_grid, **{mutant: True}) for run in runs)


def test_it_gives_up_when_its_bests_do_not_differ() -> None:
    """tolerance=10 exceeds every cost: stuck at the fourth best point, or at the first with points=1."""
    trial = Parity(T=4, num_train=4).trial(11, 0)
    (first,) = train([trial], MultiGrid(tolerance=10.0, points=1), accepted=NEVER)
    assert (first.stop, first.presentations) == (Stop.STUCK, 4)
    (fourth,) = train([trial], MultiGrid(tolerance=10.0), accepted=NEVER)
    cost = Candidates(trial, NEVER, BUDGET)
    with pytest.raises(Over, match="STUCK"):
        multi_grid(cost, stream_of(trial, "multi-grid"), MultiGrid(tolerance=10.0))
    assert (fourth.stop, fourth.presentations) == (Stop.STUCK, 4 * (len(cost.best) - 1))
    assert len({tuple(x) for x in cost.best[1:]}) == 4


def test_what_cannot_be_improved_uses_up_the_budget() -> None:
    """A fixed bias decides the output of a threshold unit: every candidate costs the same."""
    network = Network(1, 1, 0, (Connection(0, Bias(), 1.0), Connection(0, Bias(), "w")), "threshold")
    two = Sequences(np.zeros((2, 2, 1)), np.array([2, 2]), np.array([1.0, -1.0]))
    trial = Trial("flat", network, two, two, np.zeros(1), 0, 0)
    (run,) = train([trial], MultiGrid(radius=1e-3), budget=101)
    assert (run.stop, run.presentations, run.train_error) == (Stop.BUDGET, 100, 0.5)


@pytest.mark.parametrize("algorithm", [MultiGrid(radius=1.7e308), Annealing(width=1.7e308, largest_width=1.7e308)])
def test_a_point_whose_cost_is_no_number_is_never_the_best(algorithm: MultiGrid | Annealing) -> None:
    """About half of all candidates overflow, and infinity times a signal of 0 is no number."""
    network = Network(1, 1, 0, (Connection(0, Signal(0), "a"), Connection(0, Signal(0), "b")))
    two = Sequences(np.zeros((2, 2, 1)), np.array([2, 2]), np.array([1.0, -1.0]))
    trial = Trial("nan", network, two, two, np.full(2, 1.7e308), 0, 0)
    (run,) = train([trial], algorithm, budget=400)
    assert run.stop is Stop.BUDGET
    assert np.all(np.isfinite(run.parameters))
    assert set(run.history.cost[1:]) == {0.5 * 0.8 * 0.8}


@pytest.mark.parametrize("algorithm", [MultiGrid(), Guessing()], ids=["multi-grid", "guessing"])
def test_runs_do_not_depend_on_their_company(algorithm: MultiGrid | Guessing) -> None:
    trials = [Parity(T=4 + k % 3, num_train=6).trial(12, k) for k in range(40)]
    together = train(trials, algorithm, budget=1200)
    for k in (0, 17, 39):
        (alone,) = train([trials[k]], algorithm, budget=1200)
        assert (alone.presentations, alone.stop) == (together[k].presentations, together[k].stop)
        assert np.array_equal(alone.history.parameters, together[k].history.parameters)


@pytest.mark.parametrize(
    ("make", "settings", "said"),
    [
        (MultiGrid, {"radius": 0.0}, "radius=0.0"),
        (MultiGrid, {"shrink": 1.0}, "shrink=1.0"),
        (MultiGrid, {"tolerance": float("nan")}, "tolerance=nan"),
        (MultiGrid, {"points": 0}, "points=0"),
        (MultiGrid, {"points": 2.5}, "points=2.5"),
        (Guessing, {"width": -1.0}, "width=-1.0"),
    ],
)
def test_bad_settings_are_refused(make: Any, settings: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        make(**settings)
