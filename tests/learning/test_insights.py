"""Insight against closed forms, finite differences through a plain simulator, and runs made by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dynlatch.errors import InputError
from dynlatch.learning.algorithms.back_propagation import BackPropagation
from dynlatch.learning.insights import Insight, gradient_when_latched, insight, resting_curve
from dynlatch.learning.latching import latching
from dynlatch.learning.network import Bias, Cue, Network, Previous, SameStep, Signal
from dynlatch.learning.objective import Batch
from dynlatch.learning.reach import FAR, reach, resting_gradients
from dynlatch.learning.run import History, Run
from dynlatch.learning.tasks import LATCH, Latch, Parity, TwoSequence
from dynlatch.learning.training import train
from dynlatch.learning.trial import Floats, Sequences, Trial
from dynlatch.verdict import Stop, Verdict

CRITICAL = 0.5328399753535521
"""h* of w = 2, from the mathematics, not from the code."""
MU = 0.16637208776


def output(network: Network, rows: Floats, signals: Floats, positive: bool) -> float:
    """The last output, unit by unit and step by step; ``rows`` (T, P): the parameters that each step uses."""
    x = np.zeros(network.num_units)
    for t, (row, u) in enumerate(zip(rows, signals, strict=True)):
        known = dict(zip(network.parameters, row, strict=True))
        before, x = x, np.zeros(network.num_units)
        for unit in network.order:
            a = 0.0
            for c in network.connections:
                if c.unit != unit:
                    continue
                match c.source:
                    case Previous(j):
                        z = before[j]
                    case SameStep(j):
                        z = x[j]
                    case Signal(k):
                        z = u[k]
                    case Cue(step, side):
                        z = float(side == positive and step == t + 1)
                    case Bias():
                        z = 1.0
                a += z * (known[c.weight] if isinstance(c.weight, str) else c.weight)
            x[unit] = math.tanh(a)
    return float(x[network.output])


def pieces(given: Sequences) -> list[tuple[Floats, bool]]:
    """The signals of each sequence from its beginning on, and whether its class is positive."""
    return [
        (s[given.steps - n :], bool(c > 0)) for s, n, c in zip(given.signals, given.lengths, given.classes, strict=True)
    ]


def run_of(trial: Trial, parameters: list[list[float]], stop: Stop = Stop.SOLVED) -> Run:
    """A run whose checkpoints have these parameters."""
    count = len(parameters)
    at = np.array([0, *(50 * 2**k for k in range(count - 1))])
    error = np.array([np.nan, *np.linspace(0.5, 0.0, count - 1)])
    history = History(at, np.array(parameters, dtype=np.float64), error, error)
    return Run(trial, BackPropagation(), history.parameters[-1], int(at[-1]), stop, 0.0, 0.0, 0.0, history)


LATCH_TRIAL = Latch(T=12, noise=0.2, num_train=6, num_test=4).trial(seed=1, index=0)
BY_HAND = run_of(LATCH_TRIAL, [[0.3, 0.1, -0.1], [0.9, 1.0, -1.0], [1.25, 2.0, -2.0], [2.0, 2.0, -2.0]])


# --- gradients --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", [Latch(T=9, noise=0.3), TwoSequence(T=7, noise=0.2), Parity(T=6, noise=0.1)], ids=str)
def test_the_gradient_at_the_first_input_is_a_difference_of_simulations(task: Latch | TwoSequence | Parity) -> None:
    trial = replace(task, num_train=5, num_test=2).trial(seed=3, index=1)
    parameters = 1.5 * np.random.default_rng(5).normal(size=trial.initial.size)
    found, _ = reach(Batch(trial.network, trial.train, FAR), trial.train, trial.target, parameters)
    for (signals, positive), size in zip(pieces(trial.train), found, strict=True):
        rows = np.tile(parameters, (len(signals), 1))
        ends: list[float] = []
        for shift in (1e-5, -1e-5):
            moved = signals.copy()
            moved[0, 0] += shift
            ends.append(output(trial.network, rows, moved, positive))
        assert size == pytest.approx(abs(ends[0] - ends[1]) / 2e-5, rel=1e-5, abs=1e-10)


@pytest.mark.parametrize("task", [Latch(T=8, noise=0.3), TwoSequence(T=4, noise=0.2), Parity(T=6, noise=0.1)], ids=str)
def test_shares_are_those_of_parameters_that_move_at_one_step_only(task: Latch | TwoSequence | Parity) -> None:
    trial = replace(task, num_train=3, num_test=2).trial(seed=3, index=1)
    parameters = np.random.default_rng(6).normal(size=trial.initial.size)
    _, share = reach(Batch(trial.network, trial.train, FAR), trial.train, trial.target, parameters)
    sums, h = np.zeros(trial.train.steps), 1e-5
    for signals, positive in pieces(trial.train):
        steps, wanted = len(signals), trial.target if positive else -trial.target
        for t in range(steps):
            terms: list[float] = []
            for p in range(parameters.size):
                costs: list[float] = []
                for shift in (h, -h):
                    rows = np.tile(parameters, (steps, 1))
                    rows[t, p] += shift
                    costs.append(0.5 * (output(trial.network, rows, signals, positive) - wanted) ** 2)
                terms.append((costs[0] - costs[1]) / (2 * h))
            sums[steps - 1 - t] += np.linalg.norm(terms)
    assert share == pytest.approx(sums / sums.sum(), abs=1e-8)
    assert share.sum() == pytest.approx(1.0)


def test_at_rest_the_gradient_is_a_power_of_the_multiplier() -> None:
    parameters = np.array([2.0, 2.0, -2.0])
    given = LATCH_TRIAL.train
    found = resting_gradients(LATCH, given, parameters, latching(LATCH, parameters))
    assert found == pytest.approx(MU**LATCH_TRIAL.train.lengths / 2.0, rel=1e-8)
    assert np.all(np.isnan(resting_gradients(LATCH, given, parameters / 4, latching(LATCH, parameters / 4))))


def test_at_rest_a_network_is_moved_as_a_simulation_is() -> None:
    trial = TwoSequence(T=6, num_train=4, num_test=2).trial(seed=1, index=0)
    weights = np.random.default_rng(8).normal(size=(5, 5)) * 0.2
    weights[0, 0], weights[4, 0] = 2.0, 1.5
    found = latching(trial.network, weights.ravel())
    assert found.latched
    sizes = resting_gradients(trial.network, trial.train, weights.ravel(), found)
    for point in found.attractors:
        rest = np.array([float(e) for e in point])
        for n, c, size in zip(trial.train.lengths, trial.train.classes, sizes, strict=True):
            if c * rest[4] < 0.0:
                continue
            ends: list[float] = []
            for shift in (1e-5, -1e-5):
                a = rest + np.array([shift, 0.0, 0.0, 0.0, 0.0])
                for _ in range(n - 1):
                    a = weights @ np.tanh(a)
                ends.append(math.tanh(a[4]))
            assert size == pytest.approx(abs(ends[0] - ends[1]) / 2e-5, rel=1e-5)


# --- runs made by hand ------------------------------------------------------------------------------------------------


def test_a_run_made_by_hand() -> None:
    seen = insight(BY_HAND)
    assert seen.noise == 0.2
    assert list(seen.latched) == [False, False, True, True]
    assert seen.stands[3] == pytest.approx(CRITICAL, rel=1e-14)
    assert seen.critical[3] == pytest.approx(CRITICAL, rel=1e-14)
    assert seen.stands[2] == pytest.approx(0.0778051693, abs=1e-9)
    assert list(seen.margin[2:] > 0.0) == [False, True]
    assert [len(found.attractors) for found in seen.latchings] == [1, 1, 2, 2]
    assert seen.robust == (Verdict.REFUTED, Verdict.REFUTED, Verdict.REFUTED, Verdict.PROVED)
    assert seen.share.sum(axis=1) == pytest.approx(1.0)
    low, middle, high = seen.gradient_quartiles
    assert np.all((low <= middle) & (middle <= high))
    assert all(m in row for m, row in zip(middle, seen.first_gradient, strict=True))
    assert seen.mean_log_gradient == pytest.approx(np.log10(seen.first_gradient).mean(axis=1))
    assert "latched at 2 of 4 checkpoints, first robustly at 200" in repr(seen)


def test_runs_as_they_are_trained_latch_where_their_weight_exceeds_1() -> None:
    trials = [Latch(T=10, noise=0.1, num_test=20).trial(seed=2, index=i) for i in range(8)]
    runs = train(trials, BackPropagation(), budget=10_000)
    assert any(run.learned for run in runs)
    for run in runs:
        seen = insight(run)
        assert len(seen) == len(run.history)
        assert np.array_equal(seen.latched, run.history.parameters[:, 0] > 1.0)
        assert np.array_equal(np.isfinite(seen.critical), seen.latched)


def test_more_noise_than_it_stands_is_not_robust() -> None:
    assert list(insight(BY_HAND, noise=0.5).robustly_latched) == [False, False, False, True]
    assert not insight(BY_HAND, noise=0.6).robustly_latched.any()
    assert insight(BY_HAND, noise=0.6).margin[3] < 0.0
    assert "never robustly" in repr(insight(BY_HAND, noise=0.6))


def test_gaussian_noise_exceeds_every_bound() -> None:
    gaussian = replace(BY_HAND, trial=replace(LATCH_TRIAL, task="minimal", fresh=0.4))
    seen = insight(gaussian)
    assert (seen.noise, seen.gaussian) == (0.4, True)
    assert set(seen.robust) == {Verdict.REFUTED}
    assert insight(gaussian, noise=0.1).robustly_latched[3]  # asked as of a bound


def test_parameters_that_are_not_finite_say_so_and_the_rest_goes_on() -> None:
    lost = run_of(LATCH_TRIAL, [[2.0, 2.0, -2.0], [np.inf, 0.0, np.nan]], Stop.DIVERGED)
    seen = insight(lost)
    assert list(seen.latched) == [True, False]
    assert "not finite" in seen.latchings[1].reason
    assert np.all(np.isnan(seen.first_gradient[1]))
    assert np.all(np.isnan(seen.share[1]))
    assert seen.robust == (Verdict.PROVED, Verdict.INCONCLUSIVE)
    seen.to_xarray()


def test_a_gradient_that_is_gone_has_no_shares() -> None:
    seen = insight(run_of(LATCH_TRIAL, [[60.0, 50.0, -50.0], [2.0, 2.0, -2.0]]))
    assert np.all(seen.first_gradient[0] == 0.0)
    assert np.all(np.isnan(seen.share[0]))
    assert seen.mean_log_gradient[0] == -np.inf


def test_equal_parameters_are_looked_at_once() -> None:
    seen = insight(run_of(LATCH_TRIAL, [[2.0, 2.0, -2.0]] * 3))
    assert seen.latchings[0] is seen.latchings[2]
    assert np.array_equal(seen.first_gradient[0], seen.first_gradient[2])


def test_other_sequences_and_signals_that_are_held() -> None:
    seen = insight(BY_HAND, sequences=LATCH_TRIAL.test, held=[0.6])
    assert seen.first_gradient.shape == (4, 4)
    assert not seen.latched.any()  # 0.6 is beyond h*
    parity = Parity(T=4, num_train=2, num_test=2).trial(seed=0, index=0)
    kept = insight(run_of(parity, [[8.0, 8.0, -12.0, 8.0, 8.0, -16.0, -12.0]] * 2), held=[-1.0])
    assert kept.latched.all()
    assert np.all(np.isnan(kept.resting))
    assert kept.latchings[0].critical is None


def test_what_it_cannot_look_at() -> None:
    threshold = replace(LATCH_TRIAL, network=LATCH.of_kind("threshold"))
    for look in (insight, lambda run: gradient_when_latched([run])):
        with pytest.raises(InputError, match="threshold units"):
            look(replace(BY_HAND, trial=threshold))
    looks: list[Any] = [
        lambda: insight([BY_HAND]),  # pyright: ignore[reportArgumentType]
        lambda: insight("x"),  # pyright: ignore[reportArgumentType]
        lambda: gradient_when_latched(["x"]),  # pyright: ignore[reportArgumentType]
    ]
    for refused in looks:
        with pytest.raises(InputError, match="is no Run; insight takes one of those that train returns"):
            refused()
    with pytest.raises(InputError, match="runs=2 must be a list of runs"):
        gradient_when_latched(2)  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match="noise='x'"):
        insight(BY_HAND, noise="x")  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match="does not say how large"):
        insight(replace(BY_HAND, trial=replace(LATCH_TRIAL, noise=None)))
    with pytest.raises(InputError, match="not negative"):
        insight(BY_HAND, noise=-0.1)
    with pytest.raises(InputError, match="signals"):
        insight(BY_HAND, sequences=Sequences(np.zeros((1, 3, 2)), np.array([3]), np.ones(1)))


def test_everything_is_in_the_dataset() -> None:
    seen = insight(BY_HAND)
    data = seen.to_xarray()
    assert data.sizes == {"checkpoint": 4, "sequence": 6, "lag": 12, "parameter": 3}
    assert list(data.presentations.values) == [0, 50, 100, 200]
    assert list(data.robust.values) == ["REFUTED"] * 3 + ["PROVED"]
    assert data.attrs["noise_is"] == "bound"
    assert np.array_equal(data.share.sel(lag=0).values, seen.share[:, 0])


# --- many runs --------------------------------------------------------------------------------------------------------


def rows_of(seen: Insight) -> list[int]:
    return np.flatnonzero(seen.latched).tolist()


def test_the_table_holds_the_latched_checkpoints_of_all_runs() -> None:
    never = run_of(LATCH_TRIAL, [[0.3, 0.1, -0.1]] * 3)
    found = gradient_when_latched([BY_HAND, never, BY_HAND])
    seen = insight(BY_HAND)
    assert list(found.run) == [0, 0, 2, 2]
    assert list(found.steps) == [12] * 4
    assert list(found.presentations) == [100, 200] * 2
    assert list(found.robust) == [False, True] * 2
    assert found.stands[:2] == pytest.approx(seen.stands[rows_of(seen)])
    assert np.array_equal(found.quartiles[:, :2], seen.gradient_quartiles[:, rows_of(seen)])
    assert found.resting[1] == pytest.approx(np.sort(seen.resting[3])[2])
    assert set(found.noise) == {0.2}
    assert found.to_xarray().sizes == {"row": 4, "quartile": 3}
    assert "4 latched checkpoints of 2 runs, 2 latched robustly" in repr(found)


def test_a_table_may_be_empty() -> None:
    found = gradient_when_latched([run_of(LATCH_TRIAL, [[0.3, 0.1, -0.1]] * 2)])
    assert len(found) == 0
    assert found.quartiles.shape == (3, 0)


def test_the_curve_at_rest_goes_through_the_neuron_w_2() -> None:
    curve = resting_curve(20, CRITICAL, points=4000)
    assert curve.stands[0] < 1e-4
    assert curve.stands[-1] > CRITICAL
    assert np.interp(CRITICAL, curve.stands, np.log(curve.longest)) == pytest.approx(math.log(MU**20 / 2.0), abs=1e-3)
    assert np.interp(CRITICAL, curve.stands, np.log(curve.shortest)) == pytest.approx(math.log(MU**10 / 2.0), abs=1e-3)
    assert np.all(curve.longest < np.exp(-2.0 * 20 * curve.stands))  # 2 h* < gamma, the trade-off law
