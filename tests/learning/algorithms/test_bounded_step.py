"""The rule for mu: obeyed at every step of real trials and of wild ones, from gradients of 1e-290 up to overflow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from gradient_steps import Floats, presentations, stepped

from dynlatch.errors import InputError
from dynlatch.learning.algorithms.adaptive_newton import AdaptiveNewton
from dynlatch.learning.algorithms.back_propagation import BackPropagation
from dynlatch.learning.algorithms.bounded_step import MU
from dynlatch.learning.algorithms.pseudo_newton import PseudoNewton
from dynlatch.learning.algorithms.time_weighted import TimeWeighted
from dynlatch.learning.tasks import Latch, Parity, TwoSequence
from dynlatch.learning.training import train

Bounded = TimeWeighted | AdaptiveNewton
BOTH = [TimeWeighted, AdaptiveNewton]
TASKS = [Latch(T=9, noise=0.2, num_train=6), TwoSequence(T=8, noise=0.2, num_train=6), Parity(T=7, num_train=6)]
TINY = float(np.finfo(np.float64).tiny)


def terms_of(algorithm: Bounded, slopes: Floats, curvature: Floats) -> tuple[Floats, Floats]:
    """What the algorithm takes as terms: those of each step, or one total."""
    if isinstance(algorithm, TimeWeighted):
        return slopes, curvature
    return slopes.sum(axis=0, keepdims=True), curvature.sum(axis=0, keepdims=True)


def branch(algorithm: Bounded, mu: float, slopes: Floats, curvature: Floats) -> str:
    """What should become of mu."""
    size = algorithm.rate * np.abs((slopes / (curvature + mu)).sum(axis=0)).max()
    return "rises" if size > algorithm.most else "falls" if 0 < size < algorithm.least else "stays"


def obeys(algorithm: Bounded, mu: float, new_mu: float, change: Floats, slopes: Floats, curvature: Floats) -> bool:
    """Whether a step and the move of mu are as the rule wants them; (T, P) terms."""
    rate, least, most, inertia = algorithm.rate, algorithm.least, algorithm.most, algorithm.inertia

    def m(x: float) -> float:
        return rate * float(np.abs((slopes / (curvature + x)).sum(axis=0)).max())

    with np.errstate(over="ignore"):
        match branch(algorithm, mu, slopes, curvature):
            case "rises":
                right = new_mu >= mu and abs(m(new_mu) / most - 1) <= 0.0101
            case "falls":
                root = (new_mu - inertia * mu) / (1 - inertia)
                low, high = root - 0.0101 * mu, root + 0.0101 * mu
                crossed = low <= 0 or max(map(m, np.linspace(low, high, 50))) >= least
                right = (root > 0 and abs(m(root) / least - 1) <= 0.0101) or (crossed and m(high) <= least)
            case _:
                right = new_mu == mu
        step = -rate * (slopes / (curvature + new_mu)).sum(axis=0)
        step *= min(1.0, most / max(np.abs(step).max(), TINY))
    return bool(right and np.allclose(change, step, rtol=1e-9, atol=1e-15))


def wild(seed: int, count: int = 32) -> tuple[Floats, Floats, Floats]:
    """Terms (B, 5, 3) of both signs and of sizes from 1e-290 to 1e3, curvature as their squares, and mu."""
    rng = np.random.default_rng(seed)
    spread = np.where(rng.random((count, 1, 1)) < 0.5, 1.0, 10.0 ** rng.uniform(-20, 0, size=(count, 5, 3)))
    size = 10.0 ** rng.uniform(-290, 3, size=(count, 1, 1)) * spread
    slopes = rng.normal(size=(count, 5, 3)) * size
    slopes = np.where(rng.random((count, 1, 1)) < 0.5, slopes, np.abs(slopes))
    with np.errstate(under="ignore"):
        curvature = (size * 10.0 ** rng.uniform(-3, 3, size=(count, 5, 3))) ** 2
    scale = 10.0 ** rng.uniform(-4, 4, size=count)
    mu = np.where(rng.random(count) < 0.5, np.abs(slopes).max(axis=(1, 2)), curvature.max(axis=(1, 2))) * scale
    return slopes, curvature, np.maximum(mu, 1e-300)


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_trials_obey_the_rule(task: Latch | TwoSequence | Parity, kind: type[Bounded]) -> None:
    algorithm = kind(rate=0.05, least=0.01, most=0.014, mu=0.3)
    met: set[str] = set()
    for seen in presentations(task.trial(2, 0), algorithm, 24):
        given = terms_of(algorithm, seen.slopes, seen.curvature)
        mu, new_mu, change = seen.memory_before[MU], seen.memory_after[MU], seen.after - seen.before
        assert obeys(algorithm, mu, new_mu, change, *given)
        met.add(branch(algorithm, mu, *given))
        printed = np.broadcast_to(seen.curvature.sum(axis=0), seen.curvature.shape)
        other = terms_of(AdaptiveNewton() if kind is TimeWeighted else TimeWeighted(), seen.slopes, seen.curvature)
        assert not obeys(algorithm, mu, new_mu, change, *other), "the two algorithms are two"
        if kind is TimeWeighted:
            assert not obeys(algorithm, mu, new_mu, change, seen.slopes, printed), "eq. 6 as printed is eq. 5"
    assert met >= {"rises", "falls"}


@pytest.mark.parametrize("kind", BOTH)
def test_wild_terms_obey_the_rule(kind: type[Bounded]) -> None:
    algorithm = kind()
    met = {"rises": 0, "falls": 0, "stays": 0}
    for seed in range(12):
        slopes, curvature, mu = wild(seed)
        memory = np.array([algorithm.init(np.zeros(3)) for _ in mu])
        memory[:, MU] = mu
        weights, after = stepped(algorithm, np.zeros((len(mu), 3)), slopes, curvature, memory)
        assert np.all(np.abs(weights) <= algorithm.most * (1 + 1e-14))
        assert np.all(np.isfinite(after))
        for k in range(len(mu)):
            given = terms_of(algorithm, slopes[k], curvature[k])
            assert obeys(algorithm, mu[k], after[k, MU], weights[k], *given), (seed, k)
            what = branch(algorithm, mu[k], *given)
            met[what] += 1
            if what == "falls":
                hasty = replace(algorithm, inertia=0.5)
                assert not obeys(hasty, mu[k], after[k, MU], weights[k], *given)
            if what == "rises":
                bolder = replace(algorithm, most=0.4)
                assert not obeys(bolder, mu[k], after[k, MU], weights[k], *given)
    assert min(met.values()) > 20


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("size", [1e-30, 1e-200, 1e-300])
def test_a_tiny_gradient_moves_the_weights_in_the_end(kind: type[Bounded], size: float) -> None:
    """mu falls by 0.8 a step until the largest step is 0.001, and stays there; back-propagation never moves."""
    algorithm = kind()
    slopes, curvature = np.array([[[size, -size / 3]]]), np.full((1, 1, 2), size**2)
    weights, memory = np.zeros((1, 2)), np.array([algorithm.init(np.zeros(2))])
    steps = int(np.log(size * 10 / 0.1) / np.log(0.8)) + 40
    for _ in range(steps):
        was, mu = weights, memory[0, MU]
        weights, memory = stepped(algorithm, weights, slopes, curvature, memory)
        assert memory[0, MU] >= 0.8 * mu
    largest = np.abs(weights - was)
    assert 0.00098 < largest.max() < 0.00102
    assert largest[0, 1] == pytest.approx(largest[0, 0] / 3)
    assert memory[0, MU] == pytest.approx(10 * size, rel=0.02)
    assert np.abs(stepped(BackPropagation(), np.zeros((1, 2)), slopes, curvature)[0]).max() < 1e-30


@pytest.mark.parametrize("kind", BOTH)
def test_without_a_gradient_nothing_changes(kind: type[Bounded]) -> None:
    for mu in (TINY, 0.1):
        algorithm = kind(mu=mu)
        for curvature in (0.0, 1.0):
            weights, memory = stepped(algorithm, np.ones((3, 2)), np.zeros((3, 4, 2)), np.full((3, 4, 2), curvature))
            assert np.all(weights == 1.0)
            assert np.all(memory[:, MU] == mu)


@pytest.mark.parametrize("kind", BOTH)
def test_where_no_mu_is_small_enough_it_falls_to_the_smallest_float_and_comes_back(kind: type[Bounded]) -> None:
    """H = 1 and g = 0.01: the largest step is 1e-4 at most. A gradient of 1e-30 then asks for 1e28, and gets 0.3."""
    algorithm = kind(mu=1e-290)
    memory = np.array([algorithm.init(np.zeros(1))])
    for _ in range(250):
        weights, memory = stepped(algorithm, np.zeros((1, 1)), np.full((1, 1, 1), 0.01), np.ones((1, 1, 1)), memory)
        assert weights[0, 0] == pytest.approx(-1e-4)
    assert memory[0, MU] == TINY
    weights, memory = stepped(algorithm, np.zeros((1, 1)), np.full((1, 1, 1), 1e-30), np.full((1, 1, 1), 1e-60), memory)
    assert 0.297 <= -weights[0, 0] <= 0.3
    assert memory[0, MU] == pytest.approx(0.01 * 1e-30 / 0.3, rel=0.02)


@pytest.mark.parametrize("kind", BOTH)
def test_sums_beyond_all_floats_give_the_largest_step(kind: type[Bounded]) -> None:
    algorithm = kind(rate=1.0, mu=TINY)
    weights, memory = stepped(algorithm, np.zeros((1, 2)), np.full((1, 4, 2), 100.0), np.zeros((1, 4, 2)))
    assert np.allclose(weights, -0.3, rtol=0.01)
    assert np.all(weights >= -0.3)
    assert memory[0, MU] == pytest.approx(400.0 / 0.3, rel=0.01)


def test_with_a_single_step_time_weighting_is_nothing() -> None:
    slopes, curvature, mu = wild(100)
    slopes, curvature = slopes[:, :1], curvature[:, :1]
    found = []
    for kind in BOTH:
        memory = np.array([kind().init(np.zeros(3)) for _ in mu])
        memory[:, MU] = mu
        found.append(stepped(kind(), np.zeros((32, 3)), slopes, curvature, memory))
    assert np.array_equal(found[0][0], found[1][0])
    assert np.array_equal(found[0][1], found[1][1])


def test_with_equal_curvature_at_all_steps_eq_6_has_the_form_of_eq_5() -> None:
    rng = np.random.default_rng(3)
    slopes, h = rng.normal(size=(16, 6, 3)), rng.random((16, 1, 3))
    weights = rng.normal(size=(16, 3))
    by_time = stepped(TimeWeighted(), weights, slopes, np.broadcast_to(h, slopes.shape))[0]
    total = slopes.sum(axis=1, keepdims=True)
    assert np.allclose(by_time, stepped(AdaptiveNewton(), weights, total, h)[0], rtol=1e-9)
    in_bounds = np.abs(0.01 * total / (h + 0.1)).max(axis=(1, 2)) < 0.3
    assert in_bounds.sum() > 8
    assert np.allclose(by_time[in_bounds], stepped(PseudoNewton(), weights, total, h)[0][in_bounds], rtol=1e-9)
    assert not np.allclose(
        by_time, stepped(TimeWeighted(), weights, slopes, h * rng.random(slopes.shape))[0], rtol=0.01
    )


def test_it_moves_where_back_propagation_cannot() -> None:
    """Without noise a small weight forgets over 200 to 400 steps: the gradient is below 1e-50."""
    trial = Latch(T=400, num_train=10, num_test=2).trial(0, 0)
    moved = {
        type(a): np.abs(train([trial], a, budget=1000)[0].parameters - trial.initial).max()
        for a in (BackPropagation(), PseudoNewton(), AdaptiveNewton(), TimeWeighted())
    }
    assert moved[BackPropagation] < 1e-12
    assert moved[PseudoNewton] < 1e-12
    least = TimeWeighted().least
    assert moved[AdaptiveNewton] > least
    assert moved[TimeWeighted] > least


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"rate": 0.0}, "rate=0.0"),
        ({"least": -0.1}, "least=-0.1"),
        ({"most": np.inf}, "most=inf"),
        ({"mu": 0.0}, "mu=0.0"),
        ({"least": 0.3}, "least=0.3 of .* must be smaller than most=0.3"),
        ({"inertia": 1.0}, "inertia=1.0"),
        ({"inertia": -0.1}, "inertia=-0.1"),
        ({"inertia": np.nan}, "inertia=nan"),
    ],
)
def test_bad_settings_are_refused(kind: type[Bounded], settings: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        kind(**settings)
