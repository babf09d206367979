"""Latch survival from theory: against exact probabilities, nested integrals, samples and the critical input."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr

import dynlatch as d
from dynlatch.errors import InputError
from dynlatch.noise import transfer
from dynlatch.noise.survival import Gaussian, Uniform, latch_oracle, sampled_survival, survival
from dynlatch.noise.transfer import Noise

SATURATED = math.inf
CASES: list[tuple[float, Noise, float]] = [
    (1.25, Gaussian(0.2), SATURATED),
    (2, Gaussian(0.25), 0.3),
    (0.7, Gaussian(1), -2.0),
    (10, Gaussian(16), SATURATED),
    (1.25, Uniform(0.2), 0.1),
    (2, Uniform(1), -SATURATED),
    (1, Uniform(0.3), 0.0),
    (1.5, Uniform(4), 1.0),
]
LINEAR: list[Noise] = [Gaussian(1e-10), Uniform(1e-5)]
"""Noise so small that tanh a = a to 1e-9 wherever it leads."""


def density(noise: Noise, u: float) -> float:
    """The density, written a second time."""
    if isinstance(noise, Uniform):
        return 0.5 / noise.bound if abs(u) <= noise.bound * (1 + 1e-12) else 0.0
    return math.exp(-u * u / (2 * noise.variance)) / math.sqrt(2 * math.pi * noise.variance)


def above(noise: Noise, level: float) -> float:
    """P(u > level), written a second time."""
    if isinstance(noise, Uniform):
        return min(max(0.5 * (noise.bound - level) / noise.bound, 0.0), 1.0)
    return 0.5 * math.erfc(level / math.sqrt(2 * noise.variance))


@pytest.mark.parametrize("noise", LINEAR)
def test_a_symmetric_walk_survives_with_the_central_binomial(noise: Noise) -> None:
    """Sparre Andersen: P(S_1, ..., S_t > 0) = C(2t, t) / 4^t for every continuous symmetric step."""
    found = survival(1, noise, 0, 60)
    exact = np.array([math.comb(2 * t, t) / 4**t for t in range(1, 61)])
    assert found.survived == pytest.approx(exact, abs=1e-8)
    assert found.right == pytest.approx(0.5, abs=1e-8)
    assert found.error < 1e-8


@pytest.mark.parametrize("w", [0.8, 1.0, 1.1])
def test_the_linear_neuron_is_gaussian(w: float) -> None:
    noise, start = Gaussian(1e-10), 2e-5
    found = survival(w, noise, start, 20)
    t = np.arange(1, 21)
    deviation = noise.scale * np.sqrt(np.cumsum(w ** (2.0 * (t - 1))))
    assert found.right == pytest.approx(ndtr(w**t * start / deviation), abs=1e-7)


def test_two_and_three_signs_of_the_linear_neuron_are_orthants() -> None:
    w = 1.3
    found = survival(w, Gaussian(1e-12), 0, 3).survived
    variances = np.cumsum(w ** (2.0 * np.arange(3)))
    r12, r13, r23 = (w ** (j - i) * math.sqrt(variances[i] / variances[j]) for i, j in ((0, 1), (0, 2), (1, 2)))
    assert found[1] == pytest.approx(1 / 4 + math.asin(r12) / (2 * math.pi), abs=1e-10)
    angles = math.asin(r12) + math.asin(r13) + math.asin(r23)
    assert found[2] == pytest.approx(1 / 8 + angles / (4 * math.pi), abs=1e-10)


@pytest.mark.parametrize(("w", "noise", "start"), CASES)
def test_the_first_two_steps_are_integrals(w: float, noise: Noise, start: float) -> None:
    found = survival(w, noise, start, 2)
    mean = w * math.tanh(abs(start))
    assert found.survived[0] == pytest.approx(above(noise, -mean), abs=1e-13)
    assert found.right[0] == pytest.approx(above(noise, -mean), abs=1e-13)

    def value(a: float) -> float:
        return density(noise, a - mean) * above(noise, -w * math.tanh(a))

    def both(low: float, high: float) -> float:
        kink = math.atanh(noise.reach / w) if noise.reach < w else 0.0
        marks = sorted({low, high, *(m for m in (kink, -kink, 0.0) if low < m < high)})
        return sum(quad(value, lo, hi, epsabs=1e-13, limit=200)[0] for lo, hi in itertools.pairwise(marks))

    low, high = mean - noise.reach, mean + noise.reach
    assert found.survived[1] == pytest.approx(both(max(low, 0.0), high), abs=1e-10)
    assert found.right[1] == pytest.approx(both(low, high), abs=1e-10)


@pytest.mark.parametrize(("w", "noise", "start"), CASES)
def test_samples_agree(w: float, noise: Noise, start: float) -> None:
    found, seen = survival(w, noise, start, 30), sampled_survival(w, noise, start, 30, 40_000)
    assert np.max(np.abs(seen.right - found.right) / seen.right_error) < 4.5
    assert np.max(np.abs(seen.survived - found.survived) / seen.survived_error) < 4.5


def test_samples_refute_a_little_more_noise() -> None:
    """The comparison has teeth: 10 % more variance is seen."""
    seen = sampled_survival(1.25, Gaussian(0.2), SATURATED, 30, 40_000)
    wrong = survival(1.25, Gaussian(0.22), SATURATED, 30)
    assert np.max(np.abs(seen.right - wrong.right) / seen.right_error) > 6
    assert np.max(np.abs(seen.survived - wrong.survived) / seen.survived_error) > 6


def test_the_oracle_of_figure_2b() -> None:
    """The numbers that a sampled prototype gave, to its error, and only for the right number of steps."""
    told = {5: 0.975, 10: 0.779, 15: 0.662, 20: 0.596, 30: 0.531, 50: 0.506}
    found = latch_oracle(1.25, 0.2, 50)
    assert found.shape == (50,)
    assert np.all(found[:3] == 1)
    for t, value in told.items():
        assert found[t - 1] == pytest.approx(value, abs=0.007)
    for wrong in (2, 4):
        other = latch_oracle(1.25, 0.2, 50, inputs=wrong)
        assert max(abs(other[t - 1] - value) for t, value in told.items()) > 0.02
    deviation = latch_oracle(1.25, 0.2**2, 50)
    assert deviation[49] > 0.8, "read as a deviation, the same number keeps the latch"
    assert latch_oracle(1.25, 0.2, 2).tolist() == [1, 1]


@pytest.mark.parametrize("w", [1.25, 2.0, 10.0])
def test_bounded_noise_up_to_the_critical_input_never_escapes(w: float) -> None:
    critical = float(d.critical_input(d.neuron(Fraction(w))).value)  # pyright: ignore[reportArgumentType]
    below = survival(w, Uniform(critical * (1 - 1e-6)), SATURATED, 20_000)
    assert below.safe_steps == 20_000
    assert np.all(below.survived == 1)
    assert np.all(below.right == 1)
    assert (below.escape_rate, below.mean_time, below.rate_error, below.error) == (0, math.inf, 0, 0)
    above = survival(w, Uniform(critical * 1.01), SATURATED, 200)
    assert 0 < above.safe_steps < 200
    assert above.rate_error > 0
    well_above = survival(w, Uniform(critical + 0.3 * w), SATURATED, 200)
    assert well_above.escape_rate > 1e-9
    assert well_above.survived[-1] < 1


@pytest.mark.parametrize("bound", ["1.9", "1", "0.7", "0.6", "0.54"])
def test_the_safe_steps_are_those_of_the_constant_input(bound: str) -> None:
    """The worst noise is the constant one, whose transient length another module proves."""
    neuron = d.neuron(2)
    low, _, high = d.fixed_points(neuron)
    needed = d.transient_length(neuron, bound, start=low, end=high).steps
    found = survival(2, Uniform(float(bound)), float(high.state[0]), 100)
    assert found.safe_steps + 1 == needed
    assert np.all(found.survived[: found.safe_steps] == 1)


def test_a_start_outside_of_the_latch_may_be_caught_in_it() -> None:
    """Below h* a state near 0 is lost or latched for good: the curve ends above 0, and there is no rate."""
    found = survival(2, Uniform(0.3), 0.05, 200)
    assert 0.5 < found.survived[-1] < found.survived[0] < 1
    assert found.survived[-1] == pytest.approx(found.survived[50], abs=1e-10)
    assert found.right[-1] == pytest.approx(found.right[50], abs=1e-10)
    assert (found.escape_rate, found.mean_time) == (0, math.inf)


@pytest.mark.parametrize(
    ("w", "noise"), [(1.25, Gaussian(0.2)), (0.5, Gaussian(1)), (1, Uniform(0.3)), (2, Uniform(3))]
)
def test_the_rate_is_that_of_the_curve_and_the_mean_its_sum(w: float, noise: Noise) -> None:
    found = survival(w, noise, SATURATED, 200)
    ratio = found.survived[150] / found.survived[149]
    assert 1 - ratio == pytest.approx(found.escape_rate, rel=1e-9)
    tail = found.survived[-1] * (1 - found.escape_rate) / found.escape_rate
    assert found.mean_time == pytest.approx(1 + found.survived.sum() + tail, rel=1e-9)
    assert found.rate_error < 1e-9


def test_rare_escapes_keep_their_digits() -> None:
    """1 - rho far below the rounding of rho: 8e-15, the same on other panels, and not told from 0 below 1e-23."""
    rare, finer = (survival(2, Gaussian(0.04), SATURATED, 1, pieces=k) for k in (1, 2))
    assert rare.escape_rate == pytest.approx(finer.escape_rate, rel=1e-6)
    assert 7e-15 < rare.escape_rate < 9e-15
    assert rare.mean_time == pytest.approx(1 / rare.escape_rate, rel=1e-6)
    rarer = survival(2, Gaussian(0.01), SATURATED, 1)
    assert rarer.escape_rate == 0
    assert 1e-23 < rarer.rate_error < 1e-20


def test_at_the_pitchfork_only_the_variance_of_the_noise_counts() -> None:
    """At w = 1 and small noise a^3 / 3 per step opposes a diffusion: the rate is 0.558... deviations, of any noise."""
    deviation = 1e-4 / math.sqrt(3)
    uniform = survival(1, Uniform(1e-4), SATURATED, 1)
    normal = survival(1, Gaussian(deviation**2), SATURATED, 1)
    assert uniform.escape_rate == pytest.approx(normal.escape_rate, rel=2e-3)
    larger = survival(1, Gaussian(1e-6), SATURATED, 1)
    assert larger.escape_rate / 1e-3 == pytest.approx(normal.escape_rate / deviation, rel=0.02)
    for noise in (Gaussian(1e-12), Uniform(1e-5)):
        beyond_the_grid = survival(1, noise, SATURATED, 1)
        told = beyond_the_grid.escape_rate, beyond_the_grid.rate_error
        assert abs(told[0] - 0.558 * (noise.scale if isinstance(noise, Gaussian) else 1e-5 / math.sqrt(3))) < told[1]


@pytest.mark.parametrize(("w", "noise", "start"), CASES)
def test_curves_are_probabilities_in_order(w: float, noise: Noise, start: float) -> None:
    found = survival(w, noise, start, 80)
    assert np.all(np.diff(found.survived) <= 0)
    assert np.all(np.diff(found.right) <= 1e-9)
    assert np.all(found.survived <= found.right + 1e-12)
    assert np.all(found.right >= 0.5 - 1e-12)
    assert found.error < 1e-8
    mirrored = survival(w, noise, -start, 80)
    assert np.array_equal(mirrored.survived, found.survived)
    assert np.array_equal(mirrored.right, found.right)


@pytest.mark.parametrize(("w", "noise", "start"), CASES[3:6])
def test_a_rough_grid_says_so(monkeypatch: pytest.MonkeyPatch, w: float, noise: Noise, start: float) -> None:
    good = survival(w, noise, start, 40)
    monkeypatch.setattr(transfer, "_NODES", 4)
    monkeypatch.setattr(transfer, "_GENERATIONS", 0)
    rough = survival(w, noise, start, 40)
    away = max(np.max(np.abs(rough.right - good.right)), np.max(np.abs(rough.survived - good.survived)))
    assert 10 * good.error < away < rough.error


def test_small_noise_does_not_make_long_runs_grow() -> None:
    """Values at the nodes in place of projections: unstable near w = 1, by a factor of 1.026 a step here."""
    found = survival(1.01, Uniform(1e-4), 2e-4, 800)
    assert found.error < 1e-6
    assert 0.3 < found.survived[-1] < 0.5
    assert found.survived[-1] == pytest.approx(found.survived[600], abs=1e-4)


def test_without_noise_the_sign_stays() -> None:
    for noise in (Gaussian(0), Uniform(0)):
        found = survival(0.5, noise, 0.1, 5)
        assert found.survived.tolist() == found.right.tolist() == [1] * 5
        assert (found.safe_steps, found.escape_rate, found.mean_time) == (5, 0, math.inf)


def test_samples_come_from_the_seed() -> None:
    first, again, other = (sampled_survival(1.25, Gaussian(0.2), 1, 9, 500, seed) for seed in (0, 0, 1))
    assert np.array_equal(first.right, again.right)
    assert not np.array_equal(first.right, other.right)
    assert np.all(first.right_error > 0)


def test_what_it_says() -> None:
    said = repr(survival(1.25, Gaussian(0.2), SATURATED, 17))
    assert "never changed with 0.3" in said
    assert "from inf" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"w": 0}, "w=0 must be positive"),
        ({"w": -1.5}, "the sign alternates"),
        ({"w": math.nan}, "w=nan"),
        ({"w": "2"}, "w='2' is not a number"),
        ({"start": math.nan}, "start=nan is no state"),
        ({"start": None}, "start=None"),
        ({"steps": 0}, "steps=0"),
        ({"steps": 2.0}, "steps=2.0"),
        ({"steps": True}, "steps=True"),
        ({"pieces": 0}, "pieces=0"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, object], said: str) -> None:
    usual: dict[str, object] = {"w": 2.0, "noise": Gaussian(0.1), "start": 1.0, "steps": 3}
    with pytest.raises(InputError, match=said):
        survival(**(usual | arguments))  # pyright: ignore[reportArgumentType]


def test_bad_noise_is_refused() -> None:
    for kind, name in ((Gaussian, "variance"), (Uniform, "bound")):
        for value in (-0.1, math.nan, math.inf, "0.2", True):
            with pytest.raises(InputError, match=name):
                kind(value)  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match="samples=0"):
        sampled_survival(2, Gaussian(0.1), 1, 3, 0)
    with pytest.raises(InputError, match="inputs=0"):
        latch_oracle(2, 0.1, 3, 0)
