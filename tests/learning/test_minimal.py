"""The minimal problem: against a slow loop with the same random numbers, and against what theory says of luck."""

from __future__ import annotations

import itertools
import math
import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dynlatch.errors import InputError
from dynlatch.learning import BackPropagation, History, Minimal, Network, Run, Trial, train
from dynlatch.learning.minimal import learned_inputs, streak_chance
from dynlatch.learning.streams import key_for, new_streams, normal, uniform
from dynlatch.noise.survival import Gaussian, latch_oracle, survival
from dynlatch.verdict import Stop

ANALYSES = Path(__file__).parents[2] / "analyses"
FIXED = Minimal(weight_is_learned=False, num_test=2)


# --- what a trial is --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("T", "L", "learned"), [(20, 3, True), (7, 1, True), (12, 5, False), (4, 4, False)])
def test_a_trial_has_the_papers_shapes(T: int, L: int, learned: bool) -> None:
    trial = Minimal(T=T, L=L, w=1.5, weight_is_learned=learned, num_test=11).trial(3, 5)
    assert trial.train.signals.shape == (2, T, 1)
    assert not trial.train.signals.any()
    assert trial.train.classes.tolist() == [1.0, -1.0]
    assert trial.test.signals.shape == (11, T, 1)
    assert np.count_nonzero(trial.test.classes == 1.0) == 6
    assert not trial.test.signals[:, :L].any()
    assert np.all(trial.test.signals[:, L:] != 0.0)
    assert trial.initial.shape == (2 * L + learned,)
    assert trial.network.parameters[: int(learned)] == ("w",) * learned
    assert trial.initial[: int(learned)].tolist() == [1.5] * learned
    assert learned_inputs(trial, trial.initial).shape == (2, L)
    assert np.all(np.abs(learned_inputs(trial, trial.initial)) <= 0.1)
    assert trial.fresh == math.sqrt(0.2)
    assert trial.streak == 20


def test_equal_arguments_give_equal_trials_and_others_other_noise() -> None:
    task = Minimal()
    one, again = task.trial(0, 4), task.trial(0, 4)
    assert np.array_equal(one.test.signals, again.test.signals)
    assert np.array_equal(one.initial, again.initial)
    for other in (task.trial(0, 5), task.trial(1, 4), replace(task, variance=0.3).trial(0, 4)):
        assert not np.any(other.test.signals[:, 3:] == one.test.signals[:, 3:])
    for setting in ({"T": 9}, {"variance": 0.0}, {"w": 3.0}, {"weight_is_learned": False}):
        other = replace(task, **setting).trial(0, 4)
        assert np.array_equal(learned_inputs(other, other.initial), learned_inputs(one, one.initial))
        assert other.task != one.task


def test_the_noise_of_the_test_set_has_the_variance_and_the_inputs_fill_their_range() -> None:
    task = Minimal(T=100, variance=0.3, num_test=300)
    noise = np.concatenate([task.trial(0, k).test.signals[:, 3:].ravel() for k in range(3)])
    assert abs(noise.mean()) < 5 * math.sqrt(0.3 / noise.size)
    assert abs(noise.var() / 0.3 - 1) < 5 * math.sqrt(2 / noise.size)
    inputs = np.array([FIXED.trial(0, k).initial for k in range(500)])
    assert abs(inputs.mean()) < 5 * 0.1 / math.sqrt(3 * inputs.size)
    assert abs(inputs.var() / (0.1**2 / 3) - 1) < 5 * math.sqrt(0.8 / inputs.size)


@pytest.mark.parametrize(
    "setting",
    [{"T": 2}, {"T": 3.0}, {"L": 0}, {"L": 21}, {"variance": -0.1}, {"variance": math.inf}, {"w": math.nan},
     {"w": True}, {"num_test": 1}, {"streak": 0}, {"target": 1.0}],
)  # fmt: skip
def test_settings_out_of_range_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(setting)) if setting != {"L": 21} else "T=20"):
        Minimal(**setting)


# --- training, against a loop as slow as it is plain ------------------------------------------------------------------


def slow(
    trial: Trial, epochs: int, rate: float = 0.01, *, frozen: bool = False, from_step: int = 0
) -> list[np.ndarray]:
    """Parameters after each epoch, until ``streak`` epochs in a row are without an error: every step written out.

    The mutants: noise that is drawn once, or from another step on.
    """
    algorithm = BackPropagation(rate)
    streams = new_streams()
    streams[0, 0] = key_for(trial.seed, algorithm.name, trial.task, trial.index)
    has_weight = trial.network.parameters[0] == "w"
    p = trial.initial.copy() if has_weight else np.concatenate([[trial.network.connections[0].weight], trial.initial])
    T, L = trial.train.steps, len(trial.network.cues) // 2
    order, streak, found, kept = [0, 1], 0, [], {}
    for _ in range(epochs):
        if int(uniform(streams, 0) * 2) == 0:
            order.reverse()
        wrong = 0
        for s in order:
            first, d = (1, trial.target) if s == 0 else (1 + L, -trial.target)
            h = np.zeros(T)
            h[:L] = p[first : first + L]
            noisy = np.arange(T) >= (from_step or L)
            fresh = np.array([trial.fresh * normal(streams, 0) if n and trial.fresh else 0.0 for n in noisy])
            h += kept.setdefault(s, fresh) if frozen else fresh
            x = np.zeros(T + 1)
            for t in range(T):
                x[t + 1] = math.tanh(p[0] * x[t] + h[t])
            wrong += (x[T] >= 0) != (d > 0)
            slope, delta = np.zeros_like(p), x[T] - d
            for t in reversed(range(T)):
                delta *= 1 - x[t + 1] ** 2
                slope[0] += delta * x[t]
                if t < L:
                    slope[first + t] += delta
                delta *= p[0]
            p = p - rate * slope * ([1.0] * (2 * L + 1) if has_weight else [0.0] + [1.0] * (2 * L))
        found.append(p[0 if has_weight else 1 :].copy())
        streak = 0 if wrong else streak + 1
        if streak == trial.streak:
            break
    return found


TASKS = (
    Minimal(T=8, L=2, variance=0.05, w=1.5, streak=12, num_test=2),
    Minimal(T=6, L=3, variance=0.3, w=1.25, streak=4, num_test=2),
    Minimal(T=10, L=1, variance=0.2, w=0.9, streak=50, num_test=2),
    Minimal(T=9, L=3, variance=0.1, w=1.25, weight_is_learned=False, streak=8, num_test=2),
)


@pytest.mark.parametrize("task", TASKS)
def test_training_is_the_slow_loop_in_any_company(task: Minimal) -> None:
    trials = [task.trial(7, k) for k in range(3)] + [replace(task, T=13).trial(7, 3)]
    for trial, run in zip(trials, train(trials, BackPropagation(), budget=160), strict=True):
        after = slow(trial, 80)
        assert run.presentations == 2 * len(after)
        assert np.allclose(run.parameters, after[-1], rtol=1e-9, atol=1e-12)
        assert run.learned == (len(after) < 80)
    assert len(slow(trials[0], 80, frozen=True)) != len(slow(trials[0], 80)) or not np.allclose(
        slow(trials[0], 80, frozen=True)[-1], slow(trials[0], 80)[-1], rtol=1e-3
    )


def test_the_slow_loop_tells_noise_that_is_not_fresh_or_begins_too_early_or_late() -> None:
    trial = replace(TASKS[0].trial(7, 0), streak=1000)
    (run,) = train([trial], BackPropagation(), budget=60)
    assert np.allclose(run.parameters, slow(trial, 30)[-1], rtol=1e-9)
    for mutant in ({"frozen": True}, {"from_step": 1}, {"from_step": 3}):
        assert not np.allclose(run.parameters, slow(trial, 30, **mutant)[-1], rtol=1e-3)


def test_two_presentations_of_one_sequence_differ() -> None:
    """Costs of an epoch in which nothing is learned: with noise no two are equal, without it all are."""
    for variance, distinct in ((0.2, 8), (0.0, 1)):
        trial = replace(FIXED, variance=variance, streak=1000).trial(0, 0)
        budgets = [2 * n for n in (1, 2, 3, 4, 5, 6, 7, 8)]
        costs = [train([trial], BackPropagation(1e-300), budget=b)[0].history.cost[-1] for b in budgets]
        assert len({round(float(c), 12) for c in costs}) == distinct


# --- stopping ---------------------------------------------------------------------------------------------------------


def test_without_noise_every_run_converges_and_answers() -> None:
    runs = train([Minimal(variance=0.0).trial(11, k) for k in range(32)], BackPropagation(), budget=Minimal.budget)
    for run in runs:
        assert run.stop is Stop.SOLVED
        assert run.presentations % 2 == 0
        assert run.presentations >= 40
        assert (run.train_error, run.test_error) == (0.0, 0.0)
    assert min(run.presentations for run in runs) == 40  # right from the start: nothing but the streak


def test_a_longer_streak_goes_on_where_a_shorter_one_stops() -> None:
    task = Minimal(T=7, w=1.5, num_test=2)
    needed = np.array([
        [run.presentations for run in train([replace(task, streak=s).trial(2, k) for k in range(16)], BackPropagation(),
                                            budget=2000)] for s in (2, 5, 10)
    ])  # fmt: skip
    assert np.all(needed[0] + 6 <= needed[1])
    assert np.all((needed[1] + 10 <= needed[2]) | (needed[2] == 2000))


def test_a_streak_that_the_budget_cuts_is_not_one() -> None:
    trial = next(t for t in (Minimal(variance=0.0).trial(11, k) for k in range(32))
                 if train([t], BackPropagation(), budget=40)[0].learned)  # fmt: skip
    (run,) = train([trial], BackPropagation(), budget=39)
    assert (run.stop, run.presentations) == (Stop.BUDGET, 39)


def saturated(task: Minimal, count: int) -> list[Trial]:
    """Trials that begin with the best inputs."""
    best = np.repeat([20.0, -20.0], task.L)
    return [replace(task.trial(5, k), initial=best) for k in range(count)]


def test_what_does_not_learn_stops_as_often_as_luck_has_it() -> None:
    """Theory from end to end: the transfer operator gives the chance of a right answer, that the chance of a streak."""
    task = replace(FIXED, streak=5)
    count, epochs = 128, 200
    expected = streak_chance(latch_oracle(1.25, 0.2, 20)[-1], 5, epochs)
    assert 0.3 < expected < 0.7
    runs = train(saturated(task, count), BackPropagation(1e-300), budget=2 * epochs)
    hits = sum(run.learned for run in runs)
    assert abs(hits / count - expected) < 4 * math.sqrt(expected * (1 - expected) / count)


def test_fresh_noise_makes_the_errors_that_theory_expects() -> None:
    trial = replace(FIXED, num_test=4000).trial(0, 0)
    trial = replace(trial, initial=np.array([0.3, 0.2, 0.1, -0.1, -0.2, 0.05]))
    (run,) = train([trial], BackPropagation(1e-300), budget=2)
    right = []
    for inputs in learned_inputs(trial, trial.initial):
        a = 0.0
        for h in inputs:
            a = 1.25 * math.tanh(a) + h
        right.append(survival(1.25, Gaussian(0.2), a, 17).right[-1])
    assert 0.52 < min(right) < max(right) < 0.6
    assert abs(1 - run.test_error - np.mean(right)) < 4 * 0.5 / math.sqrt(4000)


# --- luck -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("streak", "epochs", "sequences"), [(1, 1, 1), (2, 7, 1), (3, 12, 2), (5, 5, 3), (12, 12, 1)])
@pytest.mark.parametrize("right", [0.0, 0.3, 0.9, 1.0])
def test_the_chance_of_a_streak_is_the_sum_over_all_outcomes(
    right: float, streak: int, epochs: int, sequences: int
) -> None:
    q = right**sequences
    total = 0.0
    for outcome in itertools.product((0, 1), repeat=epochs):
        if "1" * streak in "".join(map(str, outcome)):
            total += q ** sum(outcome) * (1 - q) ** (epochs - sum(outcome))
    assert streak_chance(right, streak, epochs, sequences) == pytest.approx(total, abs=1e-13)


def test_the_chance_rises_with_what_helps_and_long_runs_keep_their_digits() -> None:
    chances = [streak_chance(p) for p in (0.5, 0.6, 0.75, 0.9, 1.0)]
    assert chances == sorted(chances)
    assert chances[-1] == 1.0
    assert streak_chance(0.9, 5) > streak_chance(0.9, 20) > streak_chance(0.9, 80)
    assert chances[0] == pytest.approx(0.25**20 * (1 + 9980 * 0.75), rel=1e-9)
    with pytest.raises(InputError, match="right"):
        streak_chance(1.1)
    with pytest.raises(InputError, match="streak"):
        streak_chance(0.5, 0)


# --- the studies ------------------------------------------------------------------------------------------------------


def test_the_trend_is_that_of_trials_which_may_be_exchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ANALYSES))
    trend = runpy.run_path(str(ANALYSES / "figure_2a.py"))["trend"]
    rising = np.zeros((4, 2, 10))
    rising[3] = 1.0
    found = trend(rising)
    assert (found.value, found.p) == (0.5, 2 / 2**10)
    assert trend(rising[::-1]).value == -0.5
    rng = np.random.default_rng(0)
    flat = rng.random((4, 1, 10)) < 0.5
    flat = np.repeat(flat, 30, axis=1).astype(float)  # cells of a trial that are copies are no more evidence
    found = trend(flat)
    assert found.low < 0.0 < found.high
    assert found.p > 0.01
    assert trend(np.ones((3, 2, 5))).p == 1.0


def test_inputs_are_settled_from_the_first_checkpoint_after_the_last_wrong_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(ANALYSES))
    settled = runpy.run_path(str(ANALYSES / "figure_2b.py"))["settled"]
    trial = FIXED.trial(0, 0)
    good, bad = np.repeat([1.0, -1.0], 3), np.repeat([1.0, 0.5], 3)
    for rows, expected in (([good, good], 0), ([bad, good, bad, good, good], 30), ([good, bad], math.inf)):
        history = History(10 * np.arange(len(rows)), np.array(rows), np.zeros(len(rows)), np.zeros(len(rows)))
        run = Run(trial, BackPropagation(), rows[-1], 40, Stop.BUDGET, 0.0, 0.0, 0.0, history)
        assert settled(run) == expected


def test_the_network_is_one_unit_and_shared_by_trials_that_may_train_together() -> None:
    networks = {Minimal(T=T, w=w, variance=s).network for T in (5, 20) for w in (1.0, 2.0) for s in (0.0, 0.2)}
    assert len(networks) == 1
    (network,) = networks
    assert isinstance(network, Network)
    assert (network.num_units, network.num_signals, len(network.cues)) == (1, 1, 6)
    assert replace(FIXED, w=1.0).network != replace(FIXED, w=2.0).network
