"""Discrete propagation: the pseudo-gradient against scalar code and all outcomes of its draws, and what it learns."""

# pyright: reportMissingParameterType=false, reportUnknownParameterType=false
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scalar_learning import Pass, Stream, every_outcome, learn_discretely, stream_of

import dynlatch.learning.training
from dynlatch.errors import InputError
from dynlatch.jit import jit_as
from dynlatch.lanes import LANES, fma, lane_array, load, store
from dynlatch.learning.algorithms.discrete_propagation import DiscretePropagation
from dynlatch.learning.loops import STEP, Sees, State, epochs, new_courses
from dynlatch.learning.network import Bias, Connection, Network, Previous, SameStep, Signal
from dynlatch.learning.tasks import LATCH, PARITY, TWO_SEQUENCE, Latch, Parity, TwoSequence
from dynlatch.learning.training import train
from dynlatch.learning.trial import Sequences
from dynlatch.learning.workplace import Workplace
from dynlatch.verdict import Stop

PAIR = Network(2, 1, 1, (
    Connection(0, Signal(0), "a"), Connection(0, Previous(1), "b"), Connection(1, SameStep(0), "c"),
    Connection(1, Previous(1), "d"), Connection(1, Previous(0), 0.4),
), "threshold")  # fmt: skip
CONSTANT = Network(1, 1, 0, (Connection(0, Bias(), "b"),), "threshold")
LOOP = Network(1, 1, 0, (Connection(0, Previous(0), "w"), Connection(0, Signal(0), "u")), "threshold")


@jit_as(STEP)
def _record(weights, gradient, curvature, memory, settings, streams, active, num_parameters, begun, steps):
    """Add pseudo-gradients to the memory, and learn nothing."""
    for p in range(num_parameters):
        store(memory, p, fma(load(gradient, p), load(active, 0), load(memory, p)))


def pseudo_gradients(
    network: Network, given: list[Sequences], weights: np.ndarray, targets: np.ndarray, keys: list[int],
    settings: tuple[float, float, float], count: int = 1,
) -> np.ndarray:  # fmt: skip
    """The sum of ``count`` pseudo-gradients of one sequence in each lane, shape (lanes, P)."""
    place = Workplace(network, max(g.steps for g in given), 1, backwards=True, terms=False, in_step=False)
    for lane, key in enumerate(keys):
        place.fill(lane, given[lane], weights[lane], targets[lane])
        place.block.streams[0, lane] = key
    memory, courses = lane_array(place.num_parameters), new_courses()
    courses.state[: len(keys)] = State.RUNNING
    epochs(
        place.wiring, place.block, courses, int(Sees.PSEUDO), _record, memory, np.array(settings),
        np.zeros((count, LANES), dtype=np.int64), count, 1, place.steps,
    )  # fmt: skip
    return memory[:, : len(keys)].T


def one_sequence(signals: np.ndarray, c: float) -> Sequences:
    return Sequences(signals[None], np.array([len(signals)]), np.array([c]))


@pytest.mark.parametrize(
    "network", [PAIR, LATCH, PARITY, TWO_SEQUENCE], ids=["pair", "latch", "parity", "two-sequence"]
)
@pytest.mark.parametrize("settings", [(-1.0, 1.0, 0.05), (-2.0, 1.5, 0.3)])
def test_every_draw_agrees_with_scalar_code(network: Network, settings: tuple[float, float, float]) -> None:
    rng = np.random.default_rng(0)
    network = network.of_kind("threshold")
    signals = [rng.normal(size=(n, 1)) for n in rng.integers(1, 7, LANES)]
    weights = rng.normal(size=(LANES, len(network.parameters)))
    classes, targets = rng.choice([-1.0, 1.0], LANES), rng.uniform(0.2, 1.0, LANES)
    given = [one_sequence(s, c) for s, c in zip(signals, classes, strict=True)]
    found = pseudo_gradients(network, given, weights, targets, list(range(LANES)), settings)
    assert np.count_nonzero(found) > LANES
    for lane in range(LANES):
        stream = Stream(lane)
        wanted = Pass(network, weights[lane], signals[lane].tolist(), classes[lane]).pseudo_gradient(
            classes[lane] * targets[lane], *settings, lambda p, stream=stream: stream.uniform() < p
        )
        assert np.allclose(found[lane], wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("settings", [(-1.0, 1.0, 0.05), (-2.0, 2.0, 0.5), (-0.4, 0.7, 0.2)])
def test_the_mean_over_all_outcomes_of_the_draws_is_met(settings: tuple[float, float, float]) -> None:
    """Two units, two and three steps: 16 and 64 outcomes with their probabilities."""
    rng = np.random.default_rng(1)
    count = 2000
    for steps in (2, 3):
        signals, weights = rng.normal(size=(steps, 1)), rng.normal(size=4)
        run = Pass(PAIR, weights.tolist(), signals.tolist(), 1.0)
        mean, variance = every_outcome(lambda up: run.pseudo_gradient(0.4, *settings, up), 2 * steps)  # noqa: B023
        sums = pseudo_gradients(
            PAIR, [one_sequence(signals, 1.0)] * LANES, np.tile(weights, (LANES, 1)), np.full(LANES, 0.4),
            list(range(LANES)), settings, count,
        )  # fmt: skip
        error = np.sqrt(np.maximum(variance, 1e-24) / (LANES * count))
        assert np.all(np.abs(sums.sum(axis=0) / (LANES * count) - mean) < 5 * error + 1e-12)


@pytest.mark.parametrize(("least", "most"), [(-1.0, 1.0), (-2.0, 2.0), (-0.5, 1.5)])
def test_the_expectation_of_s_is_that_of_eq_10(least: float, most: float) -> None:
    """E[S] = (4 g - 2 (least + most)) / (most - least): P(S = 2) is seen where a >= 0, P(S = -2) where a < 0."""
    count, margin, a = 4000, 0.05, 0.5
    g = np.linspace(least - 0.3, most + 0.3, LANES)
    mean_of: dict[float, np.ndarray] = {}
    for y in (1.0, -1.0):
        sums = pseudo_gradients(
            CONSTANT, [one_sequence(np.zeros((1, 1)), 1.0)] * LANES, np.full((LANES, 1), y * a), y - g,
            list(range(LANES)), (least, most, margin), count,
        )  # fmt: skip
        mean_of[y] = sums[:, 0] / count * (margin + a)
    assert np.all(mean_of[1.0] >= 0)
    assert np.all(mean_of[-1.0] <= 0)
    clipped = np.clip(g, least, most)
    up = (clipped - least) / (most - least)
    error = 2 * np.sqrt(2 * up * (1 - up) / count)
    wanted = (4 * clipped - 2 * (least + most)) / (most - least)
    assert np.all(np.abs(2 * (mean_of[1.0] + mean_of[-1.0]) - wanted) <= 5 * error + 1e-12)
    unbiased = bool(np.allclose(wanted, clipped))
    assert unbiased == (least == -2 and most == 2)


@pytest.mark.parametrize(("most", "passes"), [(2.0, 0.7439), (1.0, 0.9878), (0.9, 1.0)])
def test_credit_along_a_latched_loop(most: float, passes: float) -> None:
    """Each step passes it on with the probability of S = 2, g = w / (w + margin): always only where most <= g."""
    w, margin, steps, count = 2.0, 0.05, 12, 500
    signals = np.zeros((steps, 1))
    signals[0] = 1.0
    sums = pseudo_gradients(
        LOOP, [one_sequence(signals, -1.0)] * LANES, np.tile([w, w], (LANES, 1)), np.ones(LANES), list(range(LANES)),
        (-most, most, margin), count,
    )  # fmt: skip
    arrived = sums[:, 1].sum() * (margin + w) / (LANES * count)
    g = min(w / (w + margin), most)
    chance = (g + most) / (2 * most)
    assert abs(chance - passes) < 1e-4
    expected = chance ** (steps - 1)
    assert abs(arrived - expected) < 5 * np.sqrt(expected * (1 - expected) / (LANES * count)) + 1e-12


def test_a_sequence_of_one_step_has_an_activation() -> None:
    sums = pseudo_gradients(
        CONSTANT, [one_sequence(np.zeros((1, 1)), 1.0)] * 2, np.array([[0.45], [-0.45]]), np.ones(2), [0, 1],
        (-1.0, 1.0, 0.05),
    )  # fmt: skip
    assert sums[:, 0].tolist() == [0.0, -2.0]


# --- learning ---------------------------------------------------------------------------------------------------------

ALGORITHM = DiscretePropagation()
EASY = (Latch(T=6, noise=0.2, num_train=8), TwoSequence(T=6, num_train=8), Parity(T=4, num_train=8))


@pytest.mark.parametrize("task", EASY, ids=[task.name for task in EASY])
def test_a_run_agrees_with_scalar_code(task: Latch | TwoSequence | Parity) -> None:
    """At the default margin rounding errors would grow tenfold in ten presentations."""
    algorithm = replace(ALGORITHM, margin=0.5)
    trials = [task.trial(3, k) for k in range(3)]
    for trial, run in zip(trials, train(trials, algorithm, budget=200), strict=True):
        network = trial.network.of_kind("threshold")
        weights, presentations, learned = learn_discretely(
            trial, network, stream_of(trial, "discrete"), *algorithm.settings(), budget=200
        )
        assert (run.presentations, run.learned) == (presentations, learned)
        assert np.allclose(run.parameters, weights, rtol=1e-9)


def test_a_desired_change_of_s_learns_nothing() -> None:
    """Eqs. 8-9 with Delta y = S(g), as printed: wrong outputs ask for the flip that they cannot make."""
    trials = [Latch(T=6, num_train=8).trial(4, k) for k in range(8)]
    open_at_first = [
        t for t, run in zip(trials, train(trials, ALGORITHM, budget=8), strict=True) if run.train_error > 0
    ]
    assert len(open_at_first) >= 3
    learned = {
        desired: sum(
            learn_discretely(
                t, t.network.of_kind("threshold"), stream_of(t, "discrete"), *ALGORITHM.settings(), budget=800,
                desired=desired,
            )[2]
            for t in open_at_first
        )
        for desired in (-1, 1)
    }  # fmt: skip
    assert learned[-1] == len(open_at_first)
    assert learned[1] == 0


def test_targets_inside_the_range_learn_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """With +-0.8 a right output has g = +-0.2 and is asked to flip in 3 of 5 presentations."""
    trials = [Parity(T=8).trial(5, k) for k in range(20)]
    right = train(trials, ALGORITHM, budget=10_000)
    monkeypatch.setattr(dynlatch.learning.training, "target_of", lambda trial, _network: trial.target)
    wrong = train(trials, ALGORITHM, budget=10_000)
    assert sum(run.learned for run in right) >= 19
    assert sum(run.learned for run in wrong) <= 1


def test_noise_and_length_do_not_keep_it_from_learning() -> None:
    for task in (Latch(T=40, noise=0.2), TwoSequence(T=40, noise=0.2)):
        runs = train([task.trial(6, k) for k in range(4)], ALGORITHM)
        assert all(run.stop is Stop.SOLVED and run.train_error == 0 for run in runs)


def test_runs_do_not_depend_on_their_company() -> None:
    trials = [Latch(T=9, noise=0.2).trial(7, k) for k in range(40)]
    together = train(trials, ALGORITHM, budget=2000)
    for k in (0, 17, 39):
        (alone,) = train([trials[k]], ALGORITHM, budget=2000)
        assert alone.presentations == together[k].presentations
        assert np.array_equal(alone.parameters, together[k].parameters)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"rate": 0.0}, "rate=0.0"),
        ({"margin": -1.0}, "margin=-1.0"),
        ({"least": 0.0}, "one below 0 and one above"),
        ({"most": float("inf")}, "must be finite"),
        ({"least": float("nan")}, "must be finite"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        DiscretePropagation(**settings)
