"""The loop that trains: no trial depends on its company, presentations to the unit, history, listeners, refusals."""

from __future__ import annotations

import importlib
import math
from dataclasses import replace
from typing import Any

import numpy as np
import plain_passes as plain
import pytest
from toy_algorithms import ALL, COUNTING, GUESSING, Toy

from dynlatch.errors import InputError
from dynlatch.lanes import LANES
from dynlatch.learning.algorithm import Floats, no_memory
from dynlatch.learning.algorithms.back_propagation import BackPropagation
from dynlatch.learning.loops import Sees
from dynlatch.learning.network import Bias, Connection, Cue, Network, SameStep, Signal
from dynlatch.learning.request import check_memory
from dynlatch.learning.run import Run
from dynlatch.learning.tasks import LATCH, PARITY, Latch, Parity, Task, TwoSequence
from dynlatch.learning.training import train
from dynlatch.learning.trial import Trial, at_the_end
from dynlatch.verdict import Stop


def facts(run: Run) -> list[Any]:
    h = run.history
    return [
        run.parameters, run.presentations, run.stop, run.train_error, run.train_cost, run.test_error, h.presentations,
        h.parameters, h.error, h.cost,
    ]  # fmt: skip


def same(one: Run, other: Run) -> bool:
    return all(
        np.array_equal(a, b, equal_nan=not isinstance(a, Stop)) for a, b in zip(facts(one), facts(other), strict=True)
    )


# --- company ----------------------------------------------------------------------------------------------------------


def mixed_trials() -> list[Trial]:
    """A hundred trials of several lengths, some with fresh noise, some that ask for a streak: they end one by one."""
    made: list[Trial] = []
    for i in range(100):
        usual = Latch(T=[8, 20, 2, 13][i % 4], noise=0.1 * (i % 3), num_train=6, num_test=4 + i % 3).trial(1, i)
        made.append(replace(usual, fresh=0.5 * (i % 5 == 0), streak=2 * (i % 7 == 0), initial=3 * usual.initial))
    return made


@pytest.mark.parametrize("algorithm", ALL, ids=lambda a: a.sees.name)
def test_a_trial_alone_and_among_a_hundred_on_any_number_of_threads_gives_equal_runs(algorithm: Any) -> None:
    trials = mixed_trials()
    budget = 60 if algorithm.sees is Sees.COST else 300  # some end before it, some do not
    first = train(trials, algorithm, budget=budget, threads=1)
    for threads in (2, 3):
        assert all(map(same, first, train(trials, algorithm, budget=budget, threads=threads)))
    assert all(map(same, first, reversed(train(trials[::-1], algorithm, budget=budget, threads=1))))
    for k in (*range(12), 50, 70, 99):
        (alone,) = train([trials[k]], algorithm, budget=budget)
        assert same(alone, first[k])
    assert {run.stop for run in first} >= {Stop.SOLVED, Stop.BUDGET}
    assert len({run.presentations for run in first}) > 3
    assert not same(first[0], first[1])


@pytest.mark.parametrize("task", [TwoSequence(T=6, num_train=4, num_test=4), Parity(T=4, num_train=40, num_test=4)])
def test_other_networks_are_as_independent(task: Any) -> None:
    trials = [task.trial(0, i) for i in range(40)]
    for algorithm in ALL:
        runs = train(trials, algorithm, budget=160)
        for k in (0, 17, 39):
            assert same(train([trials[k]], algorithm, budget=160)[0], runs[k])


def by_hand(network: Network, pieces: list[Any], initial: list[float], index: int = 0, **more: Any) -> Trial:
    """Sequences of one signal; every other one is negative."""
    classes = np.where(np.arange(len(pieces)) % 2 == 0, 1.0, -1.0)
    steps = max(map(len, pieces))
    data = at_the_end(steps, [np.array(piece, dtype=float)[:, None] for piece in pieces], classes)
    return Trial("by hand", network, data, data, np.array(initial), seed=0, index=index, **more)


@pytest.mark.parametrize(
    "algorithm", [BackPropagation(), Toy(Sees.CURVATURE), Toy(Sees.TERMS)], ids=lambda a: a.sees.name
)
def test_a_short_trial_beside_a_long_one_does_not_overflow(algorithm: Any) -> None:
    """With w = 4 a delta grows fourfold a step before a sequence begins, were it not stopped there."""
    short = by_hand(LATCH, [[0.0], [0.0]], [4.0, 0.1, 0.1])
    long = by_hand(LATCH, [[0.0] * 800] * 2, [4.0, 0.1, 0.1], 1)
    assert same(train([short, long], algorithm, budget=40)[0], train([short], algorithm, budget=40)[0])


BIASED = Network(2, 1, 1, (Connection(0, Bias(), "b"), Connection(1, SameStep(0), 4.0)))


def test_a_run_that_diverges_stops_there_and_is_the_same_in_any_company() -> None:
    """The first step makes b infinite. Beside longer sequences, inf * 0 before its beginning would be no number."""
    short = by_hand(BIASED, [[0.0]] * 6, [0.0])
    others = [by_hand(BIASED, [[0.0] * 4] * 6, [0.1], i) for i in range(1, 40)]
    (run,) = train([short], BackPropagation(rate=1.7e308), budget=100)
    assert (run.stop, run.presentations) == (Stop.DIVERGED, 1)
    assert math.isinf(run.parameters[0])
    assert run.history.presentations.tolist() == [0, 1]
    assert run.history.cost[-1] == pytest.approx(0.32), "of the presentations that there were"
    assert same(train([short, *others], BackPropagation(rate=1.7e308), budget=100)[0], run)


def test_a_rate_that_is_far_too_large_ends_its_own_run_only() -> None:
    wild = [replace(Parity(T=5).trial(0, i), initial=np.full(7, 0.3 if i % 2 else 1e308)) for i in range(6)]
    runs = train(wild, BackPropagation(rate=1e306), budget=200)
    assert all(run.stop is Stop.DIVERGED for run in runs[::2])
    assert all(1 <= run.presentations <= 200 for run in runs)


# --- presentations ----------------------------------------------------------------------------------------------------

KEEPING = Network(
    2, 1, 1, (Connection(0, Bias(), "n"), Connection(1, Cue(1, True), 3.5), Connection(1, Cue(1, False), -3.5))
)
"""Answers rightly whatever n is."""
DRIFTING = replace(
    KEEPING, connections=(Connection(0, Signal(0), 1.0), Connection(1, Bias(), "n"), *KEEPING.connections[1:])
)
"""Answers +3.5 + n or -3.5 + n: rightly while n < 3.5."""
FOUR = [[0.0]] * 4


@pytest.mark.parametrize(
    ("network", "streak", "budget", "presentations", "stop", "updates"),
    [
        (KEEPING, 0, 1000, 8, Stop.SOLVED, 4),  # an epoch, and a pass that confirms it
        (KEEPING, 0, 8, 8, Stop.SOLVED, 4),
        (KEEPING, 0, 7, 7, Stop.BUDGET, 4),  # the pass is cut short: nothing is confirmed
        (KEEPING, 0, 4, 4, Stop.BUDGET, 4),
        (KEEPING, 0, 3, 3, Stop.BUDGET, 3),
        (KEEPING, 0, 1, 1, Stop.BUDGET, 1),
        (KEEPING, 1, 1000, 4, Stop.SOLVED, 4),
        (KEEPING, 3, 1000, 12, Stop.SOLVED, 12),
        (KEEPING, 3, 12, 12, Stop.SOLVED, 12),
        (KEEPING, 3, 11, 11, Stop.BUDGET, 11),
        (DRIFTING, 0, 30, 30, Stop.BUDGET, 26),  # n = 0, 1, 2, 3: no error; the pass at n = 4 finds one
        (DRIFTING, 1, 30, 4, Stop.SOLVED, 4),
        (DRIFTING, 2, 30, 30, Stop.BUDGET, 30),
    ],
)
def test_presentations_are_counted_to_the_unit(
    network: Network, streak: int, budget: int, presentations: int, stop: Stop, updates: int
) -> None:
    (run,) = train([by_hand(network, FOUR, [0.0], streak=streak)], COUNTING, budget=budget)
    assert (run.presentations, run.stop, run.parameters[0]) == (presentations, stop, updates)
    assert run.learned == (stop is Stop.SOLVED)


@pytest.mark.parametrize(("budget", "presentations"), [(4, 4), (7, 4), (8, 8), (99, 96)])
def test_a_search_stops_where_the_budget_does_not_suffice_for_another_candidate(
    budget: int, presentations: int
) -> None:
    wrong = by_hand(replace(KEEPING, output=0), FOUR, [-1.0])
    (run,) = train([wrong], GUESSING, budget=budget)
    assert (run.presentations, run.stop) == (presentations, Stop.BUDGET)


def test_a_search_accepts_the_first_point_without_error_at_little_cost() -> None:
    (run,) = train([by_hand(KEEPING, FOUR, [0.25])], GUESSING, budget=99)
    assert (run.presentations, run.stop) == (4, Stop.SOLVED)
    assert run.parameters.tolist() == [0.25], "the point itself, not the next one"
    cost = run.train_cost
    for accepted, solved in ((cost, True), (cost * (1 - 1e-12), False)):
        (again,) = train([by_hand(KEEPING, FOUR, [0.25])], GUESSING, budget=99, accepted=accepted)
        assert again.learned == solved


# --- history and errors -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ALL, ids=lambda a: a.sees.name)
def test_history_is_logarithmic_from_the_initial_parameters_to_the_end(algorithm: Any) -> None:
    trials = [replace(Latch(T=6, noise=2.0, num_train=5, num_test=5).trial(0, i), fresh=1.0) for i in range(5)]
    for trial, run in zip(trials, train(trials, algorithm, budget=7003), strict=True):
        h = run.history
        assert len(h) == len(h.parameters) == len(h.error) == len(h.cost)
        assert h.presentations[0] == 0
        assert np.array_equal(h.parameters[0], trial.initial)
        assert math.isnan(h.error[0])
        assert math.isnan(h.cost[0])
        assert h.presentations[-1] == run.presentations
        assert np.array_equal(h.parameters[-1], run.parameters)
        assert np.all((h.error[1:] >= 0) & (h.error[1:] <= 1) & (h.cost[1:] >= 0))
        if run.stop is Stop.BUDGET:
            expected, due = [0], 5
            for seen in [*range(5, 7003, 5), run.presentations]:
                if seen >= due or seen == run.presentations:
                    expected.append(seen)
                    due = math.ceil(seen * 10 ** (1 / 8))
            assert h.presentations.tolist() == sorted(set(expected))
            assert len(h) < 30


def test_the_history_of_a_search_is_that_of_its_best_point() -> None:
    trial = Latch(T=6, noise=2.0, num_train=5, num_test=5).trial(0, 0)
    (run,) = train([trial], GUESSING, budget=2000, accepted=1e-9)
    assert np.all(np.diff(run.history.cost[1:]) <= 0)
    for values, error, cost in list(zip(run.history.parameters, run.history.error, run.history.cost, strict=True))[1:]:
        answers = [(plain.answer(LATCH, plain.named(LATCH, values), s, c), c) for s, c in plain.one_by_one(trial.train)]
        assert error == np.mean([(x >= 0) != c for x, c in answers])
        assert cost == pytest.approx(np.mean([plain.cost(x, c, trial.target) for x, c in answers]), rel=1e-12)


@pytest.mark.parametrize("algorithm", ALL, ids=lambda a: a.sees.name)
def test_errors_and_costs_at_the_end_are_those_of_the_equations(algorithm: Any) -> None:
    trials = [Latch(T=n, noise=0.5, num_train=5, num_test=30 + i % 2).trial(2, i) for i, n in enumerate([4, 9, 6])]
    for trial, run in zip(trials, train(trials, algorithm, budget=60), strict=True):
        f, target = (plain.threshold, 1.0) if algorithm.units == "threshold" else (plain.tanh, trial.target)
        measured = []
        for part in (trial.train, trial.test):
            weight = plain.named(LATCH, run.parameters)
            answers = [(plain.answer(LATCH, weight, s, c, f), c) for s, c in plain.one_by_one(part)]
            measured.append(np.mean([(x >= 0) != c for x, c in answers]))
            measured.append(np.mean([plain.cost(x, c, target) for x, c in answers]))
        assert run.train_error == pytest.approx(measured[0], abs=1e-15)
        assert run.train_cost == pytest.approx(measured[1], rel=1e-12)
        assert run.test_error == pytest.approx(measured[2], abs=1e-15)
        assert run.num_test == len(trial.test)


def test_back_propagation_is_that_of_the_equations() -> None:
    """One presentation of a sequence: down its own gradient by the rate."""
    trial = replace(Parity(T=6).trial(0, 0), train=Parity(T=6, num_train=2).trial(0, 0).train)
    (run,) = train([trial], BackPropagation(rate=0.125), budget=1)
    steps = [plain.slopes(PARITY, trial.initial, s, c, trial.target) for s, c in plain.one_by_one(trial.train)]
    moved = (trial.initial - run.parameters) / 0.125
    assert min(np.max(np.abs(moved - step)) for step in steps) < 1e-12


# --- listeners --------------------------------------------------------------------------------------------------------


class Listener:
    """Writes down what it is told; may interrupt."""

    def __init__(self, interrupts: bool = False) -> None:
        self.told: list[Any] = []
        self.interrupts = interrupts

    def start(self, title: str, total: int) -> None:
        self.told.append((title, total))

    def advance(self, amount: int = 1) -> None:
        self.told.append(amount)
        if self.interrupts:
            raise KeyboardInterrupt

    def finish(self) -> None:
        self.told.append("finished")


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_listener_hears_of_every_trial(threads: int) -> None:
    for _ in range(5):
        listener = Listener()
        train(mixed_trials(), COUNTING, budget=50, threads=threads, progress=listener)
        first, *amounts, last = listener.told
        assert first == ("training by toy", 100)
        assert last == "finished"
        assert sum(amounts) == 100


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_an_interrupt_stops_all_threads_soon(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One trial ends at once; of what the others have before them, 10,000 epochs each, little is done after that."""
    training = importlib.import_module("dynlatch.learning.training")
    begun, listener, run_epochs = [], Listener(interrupts=True), training.epochs

    def epochs(*arguments: Any) -> None:
        begun.append(len(listener.told))
        run_epochs(*arguments)

    monkeypatch.setattr(training, "epochs", epochs)
    monkeypatch.setattr(training, "_STEPS", 1)
    right = by_hand(DRIFTING, FOUR, [-3.0], streak=1)
    wrong = [by_hand(DRIFTING, FOUR, [-1e6], i) for i in range(1, 4 * LANES)]
    with pytest.raises(KeyboardInterrupt):
        train([right, *wrong], COUNTING, budget=40_000, threads=threads, progress=listener)
    assert len(listener.told) == 2
    assert begun.count(2) < 1000


def test_what_fails_in_a_helper_is_raised() -> None:
    class Broken(Toy):
        def init(self, initial: Floats) -> Floats:
            if initial[0] == 77.0:
                raise ZeroDivisionError
            return no_memory(initial)

    trials = [by_hand(KEEPING, FOUR, [77.0 if i == 90 else 0.0], i) for i in range(96)]
    with pytest.raises(ZeroDivisionError):
        train(trials, Broken(), budget=40, threads=3)


# --- refusals ---------------------------------------------------------------------------------------------------------

ONE = Latch(T=4).trial(0, 0)


@pytest.mark.parametrize(
    ("trials", "algorithm", "settings", "said"),
    [
        ([], BackPropagation(), {}, "no trials to train"),
        ([ONE, Parity(T=4).trial(0, 0)], BackPropagation(), {}, "Trial.parity.* has another network"),
        ([ONE, Latch(T=4, num_train=9).trial(0, 0)], BackPropagation(), {}, "another number of training sequences"),
        ([ONE], BackPropagation(), {"budget": 0}, "budget=0 must be a whole number from 1"),
        ([ONE], BackPropagation(), {"budget": -1}, "budget=-1"),
        ([ONE], BackPropagation(), {"budget": 1.5}, "budget=1.5"),
        ([ONE], BackPropagation(), {"budget": True}, "budget=True"),
        ([ONE], BackPropagation(), {"budget": "all"}, "budget='all'"),
        ([ONE], BackPropagation(), {"budget": 10**12 + 1}, "budget=1000000000001 must be .* to 1000000000000"),
        (ONE, BackPropagation(), {}, r"is one trial; give a list, as \[trial\]"),
        ([Latch(T=10)], BackPropagation(), {}, r"Latch.T=10.* is no Trial; .*trial\(seed=0, index=0\)"),
        (Latch(T=10), BackPropagation(), {}, "is no Trial"),
        ([ONE], BackPropagation, {}, r"algorithm=BackPropagation is a class.* call it: BackPropagation\(\)"),
        ([ONE], "adam", {}, "algorithm='adam' is no algorithm; make one"),
        ([ONE], BackPropagation(), {"threads": "2"}, "threads='2' must be a whole number"),
        ([ONE], BackPropagation(), {"threads": 0}, "threads=0"),
        ([ONE], BackPropagation(), {"per_decade": 2.5}, "per_decade=2.5 must be a whole number"),
        ([ONE], BackPropagation(), {"per_decade": 0}, "per_decade=0"),
        ([ONE], BackPropagation(), {"progress": None}, "progress=None must be a listener"),
        ([ONE], GUESSING, {"accepted": "x"}, "accepted='x' must be positive"),
        ([ONE], GUESSING, {"budget": 49}, "budget=49 is less than one pass over the 50 training sequences"),
        ([ONE], GUESSING, {"accepted": 0.0}, "accepted=0.0 must be positive"),
        ([ONE], GUESSING, {"accepted": math.nan}, "accepted=nan"),
        (
            [replace(ONE, network=LATCH.of_kind("threshold"))],
            BackPropagation(),
            {},
            "back-propagation needs the slope of its units",
        ),
    ],
)
def test_what_cannot_be_trained_is_refused(trials: Any, algorithm: Any, settings: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        train(trials, algorithm, **settings)


@pytest.mark.parametrize("rate", [0, -0.1, math.nan, math.inf, "fast", True, 10**400])
def test_a_bad_rate_is_refused(rate: Any) -> None:
    with pytest.raises(InputError, match=r"rate=.* of BackPropagation must be a positive number"):
        BackPropagation(rate=rate)


def test_whole_numbers_of_numpy_are_whole_numbers() -> None:
    (run,) = train([by_hand(KEEPING, FOUR, [0.0])], COUNTING, budget=np.int64(8), per_decade=np.int32(8), threads=None)
    assert run.presentations == 8


def test_the_largest_budget_is_counted() -> None:
    (run,) = train([by_hand(KEEPING, FOUR, [0.0])], COUNTING, budget=10**12)
    assert run.presentations == 8


@pytest.mark.parametrize(
    ("task", "trials", "refused"),
    [(Latch(T=1_000_000), 1, True), (Latch(), 1_000_000, True), (Latch(), 20, False), (Latch(T=1000), 500, False)],
)
def test_trials_that_memory_does_not_hold_are_refused_before_they_are_made(
    task: Task, trials: int, refused: bool
) -> None:
    if not refused:
        check_memory(task, trials, BackPropagation(), 2)
        return
    with pytest.raises(InputError, match=f"{trials} trials of .* sequences of T={task.T} steps need about .* memory"):
        check_memory(task, trials, BackPropagation(), 2)


def test_sequences_of_one_step_and_networks_without_parameters_are_trained_as_well() -> None:
    fixed = replace(KEEPING, connections=(Connection(0, Bias(), 1.0), *KEEPING.connections[1:]))
    (run,) = train([by_hand(fixed, FOUR, [])], BackPropagation(), budget=99)
    assert (run.stop, run.presentations) == (Stop.SOLVED, 8)
    one = by_hand(LATCH, [[0.0], [0.0]], [0.1, -0.2, 0.3])
    (run,) = train([one], Toy(Sees.PSEUDO, rate=0.01), budget=4000)
    assert run.stop is Stop.SOLVED, "threshold units of one step learn, too"
