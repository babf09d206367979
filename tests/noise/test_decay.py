"""Decay under noise: the neuron's closed form from both sides, products of random driven orbits below the bound."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.optimize import brentq

import dynlatch as d
from dynlatch.errors import InputError
from dynlatch.maps.evaluators import numpy_map
from dynlatch.noise.decay import NoisyDecay, noisy_decay
from dynlatch.verdict import Verdict

NETWORK = d.tanh_network([[2, "1/5"], ["1/5", "9/5"]])
SKEW = d.tanh_network([["3/2", 1], [0, "3/2"]])


def slope_at_the_noisy_edge(w: float, b: float) -> float:
    """m(a_b), a_b the larger root of a = w tanh a - b."""
    edge = brentq(lambda a: w * math.tanh(a) - b - a, math.acosh(math.sqrt(w)), 2 * w)
    return w / math.cosh(edge) ** 2


@pytest.mark.parametrize("w", [1.05, 1.25, 2.0, 5.0])
@pytest.mark.parametrize("part", [0.0, 0.5, 0.9, 0.999])
def test_the_neurons_rate_is_the_slope_at_the_noisy_edge(w: float, part: float) -> None:
    b = part * (math.sqrt(w * (w - 1)) - math.acosh(math.sqrt(w)))
    found = noisy_decay(d.neuron(w), 1, b)
    expected = slope_at_the_noisy_edge(w, b)
    assert found.verdict is Verdict.PROVED
    assert found.vanishes
    assert found.rate is not None
    assert expected * (1 - 1e-12) < found.rate < expected * (1 + 1e-6)
    assert found.worst_rate is not None
    assert found.worst_rate.hi <= found.rate * (1 + 1e-12)
    assert float(found.worst_rate) > expected * (1 - 1e-9)


def largest_excess(found: NoisyDecay, seed: int = 0) -> float:
    """The largest log of |da_t/da_0| over constant rate^t along random driven orbits."""
    m, rng = found.map, np.random.default_rng(seed)
    n, count = m.dimension, 500
    assert found.rate is not None
    assert found.constant is not None
    states = np.repeat(found.attractors[found.attractor].states, count, axis=1)
    product, worst = np.repeat(np.eye(n)[None], count, axis=0), -math.inf
    kept = rng.normal(size=(n, count))
    for t in range(1, 60):
        product = np.moveaxis(numpy_map(m).jacobian(states), 2, 0) @ product
        kept = kept if t % 7 else rng.normal(size=(n, count))
        u = np.sign(kept) if found.norm == np.inf else kept / np.linalg.norm(kept, axis=0)
        states = numpy_map(m).step(states) + float(found.noise) * u
        size = np.log(np.max(np.linalg.norm(product, 2, axis=(1, 2))))
        worst = max(worst, float(size) - math.log(found.constant) - t * math.log(found.rate))
    return worst


@pytest.mark.parametrize(
    ("m", "k", "b", "norm"),
    [
        (NETWORK, 0, "0.3", "inf"),
        (NETWORK, 0, "0.5", 2),
        (NETWORK, 1, "0.2", "inf"),
        (SKEW, 0, "0.05", 2),
        (d.tanh_network([["3/2", "-1/10"], ["1/10", "3/2"]]), 0, "0.01", 2),
        (d.cubic(), 1, "0.1", 2),
    ],
)
def test_no_driven_orbit_beats_the_bound(m: d.Map, k: int, b: str, norm: object) -> None:
    found = noisy_decay(m, k, b, norm)
    assert found.verdict is Verdict.PROVED
    assert largest_excess(found) <= 1e-9


def test_a_smaller_rate_would_be_beaten() -> None:
    found = noisy_decay(NETWORK, 0, "0.5", 2)
    assert found.rate is not None
    assert found.worst_rate is not None
    assert found.worst_rate.lower < found.rate
    assert float(found.worst_rate) > 0.8 * found.rate, "the two ends are near each other"


def test_products_help_where_no_single_norm_does() -> None:
    found = noisy_decay(SKEW, 0, "0.05", 2)
    assert found.joint is not None
    assert found.box is not None
    assert found.rate == found.joint.upper < found.box.rate


def test_too_much_noise_lets_gradients_grow() -> None:
    """Beyond h* the noise can hold the state at 0, where the slope is w: the bound is w^t."""
    h = math.sqrt(2) - math.acosh(math.sqrt(2))
    found = noisy_decay(d.neuron(2), 1, h * 1.01)
    assert found.rate == pytest.approx(2, rel=1e-6)
    assert not found.vanishes


def test_a_map_whose_orbits_the_noise_can_carry_off_is_inconclusive() -> None:
    found = noisy_decay(d.cubic(), 1, 3)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.rate is None
    assert not found.vanishes


def test_without_noise_it_is_the_multiplier() -> None:
    point = d.fixed_points(d.neuron(2))[2]
    found = noisy_decay(d.neuron(2), point, 0)
    assert found.rate == pytest.approx(float(point.multipliers[0].modulus), rel=1e-9)


@pytest.mark.parametrize(("noise", "said"), [(-1, "noise=-1"), ("x", "noise")])
def test_bad_noise_is_refused(noise: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        noisy_decay(NETWORK, 0, noise)


def test_the_input_that_is_worst_is_within_the_noise() -> None:
    found = noisy_decay(NETWORK, 0, "1/2", 2)
    assert found.worst_input is not None
    assert sum(u * u for u in found.worst_input) <= Fraction(1, 4)
