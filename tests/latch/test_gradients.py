"""Gradients through time against closed forms, independent loops, certified rates, and wrong orders of products."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

from dynlatch.errors import InputError
from dynlatch.latch.fixed_points import fixed_points
from dynlatch.latch.gradients import gradient_decay
from dynlatch.maps.catalogue import augmented, henon, logistic, neuron, tanh_network
from dynlatch.maps.definition import Formulas, Map, exact_box, state_symbol
from dynlatch.maps.evaluators import numpy_map
from dynlatch.seeds import rng_for
from dynlatch.verdict import Stop


def linear(rows: list[list[object]]) -> Map:
    """The map a -> A a."""
    states = tuple(state_symbol(f"x{i}") for i in range(len(rows)))
    rule = Formulas(tuple(sp.Add(*(sp.Rational(c) * s for c, s in zip(row, states, strict=True))) for row in rows))
    return Map("linear", states, rule, (), exact_box((-1, 1), len(rows)))


def log_multiplier(w: object) -> mp.mpf:
    """log mu at the positive fixed point of the neuron, to 40 digits."""
    with mp.workdps(40):
        a = mp.findroot(lambda x: mp.mpf(w) * mp.tanh(x) - x, mp.mpf(w))
        return mp.log(mp.mpf(w) * mp.sech(a) ** 2)


@pytest.mark.parametrize("w", ["1.25", "2", "3.5"])
def test_at_the_latch_the_rate_is_the_log_of_the_multiplier(w: str) -> None:
    truth = float(log_multiplier(w))
    g = gradient_decay(neuron(w), 1, 400)
    lo, hi = g.rate_interval
    assert lo <= truth <= hi
    assert hi - lo < 1e-12
    assert g.lyapunov_spectrum == pytest.approx([truth], abs=1e-12)
    assert g.forgetting_rate == -g.rate
    assert g.stop is Stop.SOLVED
    if w == "2":
        assert math.exp(truth) == pytest.approx(0.1663720878, abs=1e-10)


def test_the_measured_rate_agrees_with_the_certified_one() -> None:
    m = neuron(2)
    points = fixed_points(m)
    right = max(points, key=lambda p: float(p.state[0]))
    g = gradient_decay(m, 1, 400, fixed_point=right)
    assert g.certified_rate is not None
    assert g.certified_rate.width < 1e-13
    assert g.certified_rate.lo <= log_multiplier(2) <= g.certified_rate.hi
    assert float(g.certified_rate) == pytest.approx(g.rate, abs=1e-13)
    assert gradient_decay(m, -1, 400, fixed_point=right).certified_rate is None
    assert gradient_decay(m, 1, 400, np.zeros(400), fixed_point=right).certified_rate is None


def test_a_cycle_has_its_rate_per_step() -> None:
    m = logistic("3.2")
    cycle = fixed_points(m, period=2)[0]
    g = gradient_decay(m, 0.3, 4000, fixed_point=cycle)
    truth = math.log(0.16) / 2  # the multiplier of the 2-cycle is 4 + 2 r - r^2
    assert g.certified_rate is not None
    assert float(g.certified_rate) == pytest.approx(truth, abs=1e-13)
    assert g.rate_interval[0] <= truth <= g.rate_interval[1]
    assert g.rate == pytest.approx(truth, abs=1e-12)


@pytest.mark.parametrize("w", [2, "5/4", "0.3"])
def test_held_at_the_origin_the_gradient_is_a_power_of_w(w: object) -> None:
    g = gradient_decay(neuron(w), 0, 100_000)  # pyright: ignore[reportArgumentType]
    t = np.arange(100_001)
    expected = t * math.log(float(sp.Rational(str(w))))
    np.testing.assert_allclose(g.log_norm, expected, rtol=1e-12)
    np.testing.assert_allclose(g.log_spectral_radius, expected, rtol=1e-12)
    np.testing.assert_allclose(g.log_norm_to_end, expected[::-1], rtol=1e-12)


def test_the_newest_factor_stands_on_the_left() -> None:
    m = tanh_network([["1.5", "2"], ["-1", "0.5"]], "0.1")
    inputs = rng_for(3, "order").normal(size=(12, 2))
    g = gradient_decay(m, (0.2, -1), 12, inputs, norm=1)
    factors = numpy_map(m).jacobian(g.states[:-1].T).transpose(2, 0, 1)
    right, wrong = np.eye(2), np.eye(2)
    refuted = False
    for t in range(12):
        right, wrong = factors[t] @ right, wrong @ factors[t]
        assert g.log_norm[t + 1] == pytest.approx(math.log(np.linalg.norm(right, 1)), abs=1e-12)
        radius = np.abs(np.linalg.eigvals(right)).max()
        assert g.log_spectral_radius[t + 1] == pytest.approx(math.log(radius), abs=1e-8)
        refuted = refuted or abs(g.log_norm[t + 1] - math.log(np.linalg.norm(wrong, 1))) > 0.1
    assert refuted
    to_end = np.eye(2)
    for t in reversed(range(12)):
        to_end = to_end @ factors[t]
        assert g.log_norm_to_end[t] == pytest.approx(math.log(np.linalg.norm(to_end, 1)), abs=1e-12)


@pytest.mark.parametrize("norm", [1, 2, math.inf, "inf"])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_every_norm_is_numpys(n: int, norm: float | str) -> None:
    m = tanh_network(rng_for(5, "norms", n).normal(size=(n, n)), "0.2")
    g = gradient_decay(m, [0.5] * n, 9, norm=norm)
    product = np.eye(n)
    for t in range(9):
        product = numpy_map(m).jacobian(g.states[t : t + 1].T)[:, :, 0] @ product
        size = np.linalg.norm(product, float(norm))
        assert g.log_norm[t + 1] == pytest.approx(math.log(size), abs=1e-11)
    assert g.log_norm_to_end[0] == pytest.approx(g.log_norm[-1], abs=1e-11)
    assert g.log_norm_to_end[-1] == 0 == g.log_norm[0]


def test_the_lyapunov_exponent_of_the_full_logistic_map_is_log_2() -> None:
    inside = 0
    for seed in range(60):
        start = rng_for(seed, "logistic", "start").uniform(0.05, 0.95)
        g = gradient_decay(logistic(4), start, 4000)
        lo, hi = g.rate_interval
        inside += lo <= math.log(2) <= hi
        assert 1e-5 < hi - lo < 0.1
    assert inside >= 51


def test_the_interval_accounts_for_autocorrelation() -> None:
    # The log of the slope is an autoregressive walk with mean 0, handed in through the second state.
    x, y = state_symbol("x"), state_symbol("y")
    m = Map("driven slope", (x, y), Formulas((sp.exp(y) * x, sp.S.Zero)), (), exact_box((-1, 1), 2))
    steps, inside, naive = 20_000, 0, 0
    for seed in range(60):
        noise = rng_for(seed, "slopes").normal(size=steps)
        slopes = np.empty(steps)
        level = 0.0
        for t in range(steps):
            level = 0.95 * level + noise[t]
            slopes[t] = level
        inputs = np.column_stack([np.zeros(steps), 0.01 * slopes])
        g = gradient_decay(m, (0, 0), steps, inputs, norm=1)
        inside += g.rate_interval[0] <= 0 <= g.rate_interval[1]
        increments = np.diff(g.log_norm[g.transient :])
        naive += abs(increments.mean()) <= 1.96 * increments.std() / math.sqrt(len(increments))
    assert inside >= 51
    assert naive < 40


def test_henon_contracts_areas_by_b() -> None:
    g = gradient_decay(henon(), (0.1, 0.1), 50_000)
    assert g.lyapunov_spectrum.sum() == pytest.approx(math.log(0.3), abs=1e-11)
    assert g.lyapunov_spectrum[0] == pytest.approx(0.4192, abs=0.01)
    assert g.rate_interval[0] <= g.lyapunov_spectrum[0] <= g.rate_interval[1]


def test_the_spectrum_is_sorted_and_that_of_a_diagonal_map() -> None:
    g = gradient_decay(linear([["1/8", 0, 0], [0, "1/2", 0], [0, 0, "1/4"]]), (1, 1, 1), 3000)
    np.testing.assert_allclose(g.lyapunov_spectrum, -np.log([2, 4, 8]), rtol=1e-12)


def test_non_normal_growth() -> None:
    g = gradient_decay(linear([["1/2", 10], [0, "1/2"]]), (1, 1), 200)
    largest = np.linalg.norm([[0.5, 10], [0, 0.5]], 2)
    assert largest == pytest.approx(10.02, abs=0.01)
    assert g.reactivity == pytest.approx(largest - 1, rel=1e-14)
    assert g.power_growth == pytest.approx(largest, rel=1e-14)
    assert g.peak_growth == pytest.approx(largest, rel=1e-12)
    assert g.peak_time == 1
    np.testing.assert_allclose(g.log_spectral_radius, -np.arange(201) * math.log(2), rtol=1e-12)


def test_powers_may_peak_late_and_never_fall_below_the_identity() -> None:
    g = gradient_decay(linear([["9/10", 1], [0, "9/10"]]), (0, 0), 20)
    powers = [np.linalg.norm(np.linalg.matrix_power(np.array([[0.9, 1], [0, 0.9]]), t), 2) for t in range(100)]
    assert g.power_growth == pytest.approx(max(powers), rel=1e-12)
    assert g.power_growth > g.reactivity + 2
    assert gradient_decay(linear([["1/2"]]), 1, 5).power_growth == 1
    assert gradient_decay(linear([["3/2"]]), 0, 5).power_growth == math.inf


@pytest.mark.parametrize("rows", [[[0, 2], [0, 0]], [["1", "1"], ["-1", "-1"]], [[0, 1, 0], [0, 0, 1], [0, 0, 0]]])
def test_a_nilpotent_map_ends_in_minus_infinity_and_never_in_nan(rows: list[list[object]]) -> None:
    n = len(rows)
    g = gradient_decay(linear(rows), [1] * n, 10)
    assert (g.log_norm[n:] == -np.inf).all()
    assert (g.log_spectral_radius[1:] == -np.inf).all() or n == 3
    assert (g.log_norm_to_end[: 11 - n] == -np.inf).all()
    assert np.isfinite(g.log_norm[:n]).all()
    assert g.rate == -math.inf
    assert g.rate_interval == (-math.inf, -math.inf)
    assert g.lyapunov_spectrum[-1] == -math.inf
    assert not np.isnan(g.log_norm).any()
    assert not np.isnan(g.lyapunov_spectrum).any()


def test_a_map_that_forgets_one_state_loses_one_exponent() -> None:
    g = gradient_decay(augmented(neuron(2, 0), ["h"], "1/4"), (1, 0), 400)
    assert g.lyapunov_spectrum[0] == pytest.approx(float(log_multiplier(2)), abs=1e-12)
    assert g.lyapunov_spectrum[1] == -math.inf


def test_a_critical_point_on_the_orbit_kills_the_gradient() -> None:
    g = gradient_decay(logistic(2), 0.25, 60)  # runs into x = 1/2, where the slope is 0
    assert g.log_norm[-1] == -math.inf
    assert g.log_norm[3] > -math.inf


def test_a_million_steps_do_not_underflow() -> None:
    g = gradient_decay(neuron(2), 1, 1_000_000)
    truth = float(log_multiplier(2))
    assert g.log_norm[-1] - g.log_norm[500_000] == pytest.approx(500_000 * truth, rel=1e-12)
    assert g.log_norm[-1] == pytest.approx(g.log_norm_to_end[0], rel=1e-12)
    assert g.peak_growth == 1
    assert g.peak_time == 0


@pytest.mark.parametrize("w", [1.5, 2.0, 4.0])
def test_the_telescoping_orbit_of_theorem_4_keeps_half_of_its_gradient(w: float) -> None:
    steps = 2000
    t = np.arange(steps + 1)
    states = np.arccosh(math.sqrt(w) * (t + 2) / np.sqrt((t + 1) * (t + 3)))
    inputs = states[1:] - w * np.tanh(states[:-1])
    g = gradient_decay(neuron(w), states[0], steps, inputs)
    np.testing.assert_allclose(g.states[:, 0], states, atol=1e-9)
    np.testing.assert_allclose(np.exp(g.log_norm), (t + 2) / (2 * (t + 1)), rtol=1e-6)
    assert abs(g.rate) < 1e-3


def test_a_diverging_orbit_is_an_answer() -> None:
    g = gradient_decay(logistic(5), 2, 100)
    assert g.stop is Stop.DIVERGED
    assert 3 < g.reached < 20
    assert g.states.shape == (g.reached + 1, 1)
    assert g.log_norm.shape == g.log_norm_to_end.shape == (g.reached + 1,)
    assert np.isfinite(g.log_norm).all()
    assert math.isnan(g.rate)
    assert g.message.startswith("diverged: after step")
    assert "diverged" in repr(g)


def test_an_undefined_orbit_is_an_answer() -> None:
    x = state_symbol("x")
    m = Map("falls out", (x,), Formulas((sp.log(x),)), (), exact_box((1, 2), 1))
    g = gradient_decay(m, 2, 50)
    assert g.stop is Stop.DIVERGED
    np.testing.assert_allclose(g.states[:2, 0], [2, math.log(2)], atol=1e-15)
    assert g.reached == 2
    alone = gradient_decay(m, 0, 5)
    assert alone.reached == 0
    assert alone.log_norm.tolist() == [0]


def test_one_step_gives_no_interval() -> None:
    g = gradient_decay(neuron(2), 1, 1)
    assert g.rate == pytest.approx(math.log(2 / math.cosh(1) ** 2), abs=1e-14)
    assert g.rate_interval == (-math.inf, math.inf)


def test_results_are_frozen_and_labelled() -> None:
    g = gradient_decay(henon(), (0.1, 0.1), 30)
    with pytest.raises(ValueError, match="read-only"):
        g.log_norm[0] = 1
    data = g.to_xarray()
    assert data.sizes == {"time": 31, "state": 2, "exponent": 2}
    assert list(data.coords["state"].values) == ["x", "y"]
    assert float(data["log_norm"].sel(time=30)) == g.log_norm[30]
    assert data.attrs["rate"] == g.rate
    assert "henon" in repr(g)
    assert "95%" in repr(g)


def test_the_labelled_form_can_be_stored(tmp_path: object) -> None:
    import xarray as xr

    g = gradient_decay(neuron(2), 1, 30, fixed_point=max(fixed_points(neuron(2)), key=lambda p: float(p.state[0])))
    path = f"{tmp_path}/decay.nc"
    g.to_xarray().to_netcdf(path, engine="h5netcdf")
    with xr.open_dataset(path, engine="h5netcdf") as back:
        np.testing.assert_array_equal(back["log_norm"].values, g.log_norm)
        assert float(back.attrs["rate"]) == g.rate


@pytest.mark.parametrize(
    ("arguments", "options", "word"),
    [
        ((0.5, 0), {}, "steps=0"),
        ((0.5, 10**8), {}, "too many"),
        (((1, 2), 5), {}, "2 numbers"),
        ((math.nan, 5), {}, "finite"),
        ((0.5, 5, [0.1]), {}, "shape"),
        ((0.5, 5), {"norm": 3}, "norm=3"),
        ((0.5, 5), {"norm": "fro"}, "norm='fro'"),
    ],
)
def test_bad_input_is_refused_in_one_line(arguments: tuple[object, ...], options: dict[str, object], word: str) -> None:
    with pytest.raises(InputError) as caught:
        gradient_decay(neuron(2), *arguments, **options)  # pyright: ignore[reportArgumentType, reportCallIssue]
    assert word in str(caught.value)
    assert "\n" not in str(caught.value)
