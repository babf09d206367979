"""The ball of uncertainty: exact images in one dimension, exact ellipsoids of linear maps, and what theory promises."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import dynlatch as d
from dynlatch.errors import InputError
from dynlatch.maps.balls import ball_map
from dynlatch.maps.definition import Formulas, exact_box, state_symbol
from dynlatch.maps.evaluators import numpy_map
from dynlatch.noise import uncertainty_cells
from dynlatch.noise.uncertainty import Uncertainty, uncertainty
from dynlatch.regions.attractors import Attractors, find_attractors
from dynlatch.rigor import balls
from dynlatch.verdict import Stop, Verdict

NEURON = d.neuron(2)
NETWORK = d.tanh_network([[2, "1/5"], ["1/5", "9/5"]])


def linear(rows: Sequence[Sequence[object]]) -> d.Map:
    x = tuple(state_symbol(f"x{i}") for i in range(len(rows)))
    images = tuple(sp.Add(*(sp.nsimplify(v) * s for v, s in zip(row, x, strict=True))) for row in rows)
    return d.Map("linear", x, Formulas(images), (), exact_box([(-2, 2)] * len(rows), len(rows)))


@cache
def attractors_of(m: d.Map) -> Attractors:
    return find_attractors(m, m.domain)


def follow(m: d.Map, a0: object, radius: object, steps: int, noise: object = 0, **more: object) -> Uncertainty:
    return uncertainty(m, a0, radius, steps, noise, attractors=attractors_of(m), **more)  # pyright: ignore


def escapes(found: Uncertainty) -> int:
    """How many sampled states lie in no cell of their step, or farther off than ``enclosed`` says, but for rounding."""
    count = 0
    for t, (lo, hi) in enumerate(found.cells):
        known = found.samples[t][:, np.all(np.isfinite(found.samples[t]), axis=0)]
        states = known[:, :, None]
        slack = 1e-10 * (1 + np.abs(states))
        inside = np.any(np.all((states >= lo[:, None] - slack) & (states <= hi[:, None] + slack), axis=0), axis=1)
        far = np.linalg.norm(known - found.centre[t][:, None], found.norm, axis=0)
        count += int(np.sum(~inside | (far > found.enclosed[t] + 1e-10)))
    return count


# --- exact sets -------------------------------------------------------------------------------------------------------


def exact_interval(
    m: d.Map, lo: Fraction, hi: Fraction, noise: Fraction, steps: int
) -> list[tuple[Fraction, Fraction]]:
    """Proved ends of what an increasing map makes of an interval, to 200 bits."""
    found = [(lo, hi)]
    with balls.precision(200):
        ends = [balls.ball(lo), balls.ball(hi)]
        for _ in range(steps):
            ends = [ball_map(m).image([e])[0] + balls.ball(s * noise) for e, s in zip(ends, (-1, 1), strict=True)]
            found.append((balls.ends(ends[0])[0], balls.ends(ends[1])[1]))
    return found


@pytest.mark.parametrize("noise", [Fraction(0), Fraction(1, 50), Fraction(1, 2), Fraction(11, 20)])
@pytest.mark.parametrize("a0", [Fraction(1, 10), Fraction(3, 2), Fraction(0)])
def test_an_increasing_map_of_one_state_has_its_exact_image(a0: Fraction, noise: Fraction) -> None:
    radius = Fraction(1, 20)
    found = follow(NEURON, a0, radius, 40, noise)
    lo, hi = found.hulls()
    for t, (low, high) in enumerate(exact_interval(NEURON, a0 - radius, a0 + radius, noise, 40)):
        width = float(high - low)
        assert Fraction(float(lo[t, 0])) <= low
        assert Fraction(float(hi[t, 0])) >= high
        assert hi[t, 0] - lo[t, 0] <= width * (1 + 1e-9) + 2e-14
        assert Fraction(float(found.diameter[t])) >= high - low
        assert found.sampled[t] <= found.enclosed[t]
        if width > 1e-10:  # the ends of the interval and noise that pushes outward are among the samples
            assert found.sampled[t] >= found.enclosed[t] * (1 - 1e-3)
    assert escapes(found) == 0


def largest(a: np.ndarray, radius: float, noise: float, steps: int) -> np.ndarray:
    """max |a_t| over all orbits of a linear map from a ball around 0: its support function on a fine circle."""
    angle = np.linspace(0, math.pi, 20_001)
    direction = np.stack([np.cos(angle), np.sin(angle)])
    sizes, reach, carried = [radius], np.zeros(angle.size), direction
    for _ in range(steps):
        reach += noise * np.linalg.norm(carried, axis=0)
        carried = a.T @ carried
        sizes.append(float(np.max(radius * np.linalg.norm(carried, axis=0) + reach)))
    return np.array(sizes)


@pytest.mark.parametrize(
    "rows", [[["1/2", "1"], [0, "1/3"]], [["3/5", "-4/5"], ["4/5", "3/5"]], [["6/5", 0], ["1/10", "4/5"]]]
)
@pytest.mark.parametrize("noise", [0, "1/20"])
def test_a_linear_map_has_its_ellipsoids(rows: list[list[str]], noise: object) -> None:
    m = linear(rows)
    a = np.array([[float(Fraction(v)) for v in row] for row in rows])
    found = follow(m, [0, 0], "1/4", 8, noise, pieces=80, samples=200)
    exact = largest(a, 0.25, float(Fraction(noise)), 8)
    tube = [0.25]
    for _ in range(8):
        tube.append(float(np.linalg.norm(a, 2)) * tube[-1] + float(Fraction(noise)))
    assert np.all(found.enclosed >= exact * (1 - 1e-8))
    assert np.all(found.enclosed <= exact * (1.12 if noise == 0 else 1.3))  # a box around noise is larger than a ball
    assert np.all(found.sampled <= exact * (1 + 1e-12))
    assert np.all(found.sampled >= exact * (0.97 if noise == 0 else 0.6))
    assert found.tube == pytest.approx(tube, rel=1e-9)
    if noise == 0:
        assert found.linear == pytest.approx([0.25 * np.linalg.norm(np.linalg.matrix_power(a, t), 2) for t in range(9)])
    assert escapes(found) == 0


def test_a_box_in_norm_inf_is_followed_exactly_by_a_diagonal_map() -> None:
    found = follow(linear([["1/2", 0], [0, "3/4"]]), [0, 0], 1, 10, "1/8", norm="inf")
    x, y = 1.0, 1.0
    for t in range(11):
        lo, hi = (side[t] for side in found.hulls())
        assert [*(-lo), *hi] == pytest.approx([x, y, x, y], rel=1e-12)
        assert found.enclosed[t] == pytest.approx(max(x, y), rel=1e-12)
        assert found.sampled[t] == pytest.approx(max(x, y), rel=1e-6)
        x, y = x / 2 + 0.125, 3 * y / 4 + 0.125


# --- samples, and mutants ---------------------------------------------------------------------------------------------

CASES = {
    "network": (NETWORK, ["3/10", "1/5"], "3/20", "1/25", 2),
    "network inf": (NETWORK, ["3/10", "1/5"], "3/20", "1/25", "inf"),
    "henon": (d.henon(), ["1/10", "1/10"], "1/100", 0, 2),
    "logistic": (d.logistic("3.9"), ["3/10"], "1/1000", "1/1000", 2),
    "spiral": (d.predator_prey(), ["1/2", "1/2"], "1/50", "1/1000", 2),
    "three": (d.tanh_network([[2, 0, "1/5"], ["1/5", "9/5", 0], [0, "1/3", "3/2"]]), [1, 1, 1], "1/4", "1/20", 2),
}


@pytest.mark.parametrize("name", CASES)
def test_no_sample_leaves_the_enclosure(name: str) -> None:
    m, a0, radius, noise, norm = CASES[name]
    found = follow(m, a0, radius, 12, noise, norm=norm, samples=300)
    assert escapes(found) == 0
    assert len(found.cells) == 13
    assert np.all(found.sampled <= found.enclosed)
    assert np.all(found.enclosed <= found.tube)
    assert np.all(found.sampled[:4] > 0.5 * found.enclosed[:4])
    assert found.verdict is Verdict.PROVED


def test_leaving_out_the_noise_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uncertainty_cells, "widened", lambda boxes, by: boxes)
    assert escapes(follow(NETWORK, ["3/10", "1/5"], "3/20", 12, "1/25")) > 0


def test_images_of_corners_that_are_not_rounded_outward_are_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    def nearest(m: d.Map, lo: np.ndarray, hi: np.ndarray, *, threads: int) -> tuple[np.ndarray, np.ndarray]:
        return numpy_map(m).step(lo), numpy_map(m).step(hi)

    def misses() -> int:
        found = follow(NEURON, "1/10", "1/20", 15)
        lo, hi = found.hulls()
        exact = exact_interval(NEURON, Fraction(1, 20), Fraction(3, 20), Fraction(0), 15)
        return sum(
            Fraction(float(a)) > low or Fraction(float(b)) < high
            for a, b, (low, high) in zip(lo[:, 0], hi[:, 0], exact, strict=True)
        )

    assert misses() == 0
    monkeypatch.setattr(uncertainty_cells, "images", nearest)
    assert misses() > 3


def test_the_middle_s_slope_in_the_tube_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    """lambda must be the sup over the ball: at the centre alone it is too small where the slope bends upwards."""
    real = uncertainty_cells.paved

    def at_the_middle(boxes: tuple[np.ndarray, np.ndarray], pieces: int) -> tuple[np.ndarray, np.ndarray]:
        middle = 0.5 * (boxes[0] + boxes[1])
        return (middle, middle) if boxes[0].shape[1] == 1 and pieces == 64 else real(boxes, pieces)

    monkeypatch.setattr(uncertainty_cells, "paved", at_the_middle)
    found = follow(NEURON, "3/2", "2/5", 3)
    assert escapes(found) > 0


@settings(max_examples=10)
@given(seed=st.integers(0, 10**6))
def test_samples_are_orbits_that_can_occur(seed: int) -> None:
    found = follow(NETWORK, ["3/10", "-1/5"], "1/10", 6, "1/25", samples=40, seed=seed)
    for k in range(0, found.samples.shape[2], 7):
        start = [Fraction(float(v)) for v in found.samples[0, :, k]]
        assert sum((s - c) ** 2 for s, c in zip(start, found.start, strict=True)) <= found.radius**2
        with balls.precision(120):
            state = [balls.ball(v) for v in start]
            for t in range(6):
                added = [Fraction(float(v)) for v in found.inputs[t, :, k]]
                assert sum(v * v for v in added) <= found.noise**2
                state = [s + balls.ball(u) for s, u in zip(ball_map(NETWORK).image(state), added, strict=True)]
                assert [float(s) for s in state] == pytest.approx(found.samples[t + 1, :, k].tolist(), abs=1e-12)


def test_the_seed_decides_the_samples_and_nothing_else() -> None:
    one, same, other = (follow(NETWORK, [1, 1], "1/4", 5, "1/20", seed=s, samples=50) for s in (1, 1, 2))
    assert np.array_equal(one.samples, same.samples)
    assert not np.array_equal(one.samples, other.samples)
    assert np.array_equal(one.enclosed, other.enclosed)
    finer = follow(NETWORK, [1, 1], "1/4", 5, "1/20", seed=1, samples=50, pieces=96)
    assert np.array_equal(one.samples, finer.samples)
    assert np.all(finer.enclosed <= one.enclosed * (1 + 1e-12))


# --- what theory promises ---------------------------------------------------------------------------------------------


def test_outside_of_gamma_the_ball_grows_and_then_is_gone() -> None:
    found = follow(NEURON, "1/10", "1/20", 100)
    a, factor, factors = 0.1, 1.0, [1.0]
    for _ in range(100):
        factor *= 2 / math.cosh(a) ** 2
        a = 2 * math.tanh(a)
        factors.append(factor)
    assert found.linear == pytest.approx([f / 20 for f in factors], rel=1e-9)
    assert found.peak == (4, pytest.approx(7.8245, abs=1e-4))
    assert found.sampled[4] > 10 * found.sampled[0]
    assert found.enclosed[100] < 1e-70
    assert (found.captured, found.capture) == (1, Verdict.PROVED)
    assert found.tube[4] > found.enclosed[4]  # Theorem 3 promises less and less outside


def test_the_tube_of_theorem_3_is_its_recursion() -> None:
    found = follow(NEURON, "3/2", "1/5", 12, "1/10")
    a, size = 1.5, 0.2
    for t in range(12):
        assert found.tube[t] == pytest.approx(size, rel=1e-9)
        size = size * 2 / math.cosh(max(abs(a) - size, 0.0)) ** 2 + 0.1
        a = 2 * math.tanh(a)


def test_a_latched_state_stands_noise_up_to_h_star_and_not_beyond() -> None:
    critical = d.critical_input(NEURON).value
    below, above = Fraction(critical.lower) * Fraction(19, 20), Fraction(critical.upper) * Fraction(21, 20)
    held = follow(NEURON, "1.9", "1/20", 150, below.limit_denominator(10**6))
    lost = follow(NEURON, "1.9", "1/20", 150, above.limit_denominator(10**6))
    assert (held.capture, held.captured, held.captured_from) == (Verdict.PROVED, 1, 0)
    assert (lost.capture, lost.captured, lost.reached) == (Verdict.REFUTED, None, (0, 1))


def test_a_ball_across_the_boundary_reaches_both_attractors() -> None:
    found = follow(NEURON, "1/100", "1/20", 40)
    assert found.capture is Verdict.REFUTED
    assert found.reached == (0, 1)
    corner = follow(NETWORK, [0, 0], "1/5", 40)
    assert corner.reached == (0, 1, 2, 3)


# --- what is lost, and what is refused --------------------------------------------------------------------------------


def test_where_the_map_is_undefined_the_enclosure_ends() -> None:
    x = state_symbol("x")
    logarithm = d.Map("logarithm", (x,), Formulas((sp.log(x),)), (), exact_box((-1, 4), 1))
    found = follow(logarithm, 3, "1/10", 6)
    assert (found.verdict, found.stop) == (Verdict.INCONCLUSIVE, Stop.DIVERGED)
    assert 2 <= len(found.cells) <= 4
    assert np.isinf(found.enclosed[len(found.cells) :]).all()
    assert np.isinf(found.hulls()[1][len(found.cells) :]).all()
    doubling = d.Map("doubling", (x,), Formulas((2 * x + 1,)), (), exact_box((-2, 3), 1))
    assert follow(doubling, 1, "1/10", 60).stop is Stop.DIVERGED


def test_a_chaotic_orbit_is_followed_as_long_as_balls_know_it() -> None:
    found = follow(d.logistic("3.9"), ["3/10"], "1/100000", 60, samples=50)
    assert found.verdict is Verdict.PROVED
    assert found.enclosed[60] > 0.3
    assert found.linear[60] > 1
    assert escapes(found) == 0
    assert np.isfinite(found.samples[8]).all()
    assert np.isnan(found.samples[60]).all()  # rather than states that are no longer those of an orbit
    assert found.sampled[60] < found.enclosed[60]


@pytest.mark.parametrize(
    ("arguments", "more", "message"),
    [
        (([1, 2], "1/10", 5), {}, "1 states"),
        ((1, 0, 5), {}, "radius"),
        ((1, "-1/2", 5), {}, "radius"),
        ((1, "wide", 5), {}, "radius"),
        ((1, "1/10", 0), {}, "steps"),
        ((1, "1/10", True), {}, "steps"),
        ((1, "1/10", 10**9), {}, "steps"),
        ((1, "1/10", 5, -1), {}, "noise"),
        ((1, "1/10", 5, math.inf), {}, "noise"),
        ((math.nan, "1/10", 5), {}, "a0"),
        ((1, "1/10", 5), {"norm": 1}, "norm"),
        ((1, "1/10", 5), {"pieces": 0}, "pieces"),
        ((1, "1/10", 5), {"samples": 0}, "samples"),
    ],
)
def test_bad_input_is_refused_in_one_line(arguments: tuple[object, ...], more: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message) as refusal:
        uncertainty(NEURON, *arguments, **more)  # pyright: ignore
    assert "\n" not in str(refusal.value)


def test_more_than_four_states_are_refused() -> None:
    five = d.tanh_network([["1/2" if i == j else 0 for j in range(5)] for i in range(5)])
    with pytest.raises(InputError, match="5 states"):
        uncertainty(five, [0] * 5, "1/10", 3)


def test_the_result_is_labelled_and_readable() -> None:
    found = follow(NETWORK, [1, 1], "1/4", 5, "1/20", samples=50)
    dataset = found.to_xarray()
    assert dict(dataset.sizes) == {"t": 6, "state": 2, "sample": 50}
    assert dataset["enclosed"].dims == ("t",)
    assert float(dataset["upper"][0, 0]) >= 1.25
    assert "PROVED" in repr(found)
    assert found.steps == 5
