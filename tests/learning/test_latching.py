"""What weights hold and what that stands: closed forms, plain simulations, neurons in disguise."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest

import dynlatch as d
from dynlatch.errors import InputError
from dynlatch.learning.latching import autonomous_map, latching, unknown
from dynlatch.learning.network import Bias, Connection, Network, Previous, SameStep, Signal
from dynlatch.learning.tasks import LATCH, PARITY, TWO_SEQUENCE
from dynlatch.learning.trial import Floats
from dynlatch.maps.evaluators import numpy_map
from dynlatch.verdict import Verdict

XOR = 8.0 * np.array([1.0, 1.0, -1.5, 1.0, 1.0, -2.0, -1.5])


def closed_form(w: float) -> Fraction:
    """h* to 60 digits."""
    with mpmath.workdps(60):
        exact = mpmath.mpf(w)
        value = mpmath.sqrt(exact * (exact - 1)) - mpmath.acosh(mpmath.sqrt(exact))
        return Fraction(str(value))


def chain(weights: list[list[float]], output: int = 0, entrance: float = 1.0) -> Network:
    """A network of fixed weights whose noise comes in at unit 0."""
    n = len(weights)
    links = [Connection(i, Previous(j), weights[i][j]) for i in range(n) for j in range(n)]
    return Network(n, 1, output, (*links, Connection(0, Signal(0), entrance), Connection(0, Bias(), "b")))


def end_of(weights: Floats, start: Floats, noise: Floats, entrance: float = 1.0) -> Floats:
    """The last activations, step by step."""
    a = start.copy()
    for u in noise:
        a = weights @ np.tanh(a)
        a[0] += entrance * u
    return a


# --- the map ----------------------------------------------------------------------------------------------------------


def test_the_latch_is_the_neuron_with_exactly_its_weight() -> None:
    m = autonomous_map(LATCH, np.array([0.1, 5.0, -5.0]))
    assert m == d.neuron(Fraction(0.1))
    assert m.parameters[0][1] != d.neuron("1/10").parameters[0][1]  # the dyadic, not the decimal


def test_a_network_is_its_matrix_in_the_order_of_its_units() -> None:
    parameters = np.random.default_rng(1).normal(size=25)
    m = autonomous_map(TWO_SEQUENCE, parameters)
    a = np.linspace(-1.0, 1.0, 5)
    assert numpy_map(m).step(a[:, None])[:, 0] == pytest.approx(parameters.reshape(5, 5) @ np.tanh(a))
    held = autonomous_map(TWO_SEQUENCE, parameters, [0.25])
    difference = numpy_map(held).step(a[:, None]) - numpy_map(m).step(a[:, None])
    assert difference[:, 0] == pytest.approx([0.25, 0.0, 0.0, 0.0, 0.0])


@pytest.mark.parametrize("bit", [-1.0, 0.0, 1.0])
def test_a_unit_of_the_same_step_is_put_into_the_others(bit: float) -> None:
    parameters = np.random.default_rng(2).normal(size=7)
    w_hu, w_ho, b_h, w_ou, w_oo, w_oh, b_o = parameters
    m = autonomous_map(PARITY, parameters, [bit])
    for x in (-0.9, 0.1, 0.7):
        hidden = math.tanh(w_hu * bit + w_ho * x + b_h)
        expected = math.tanh(w_ou * bit + w_oo * x + w_oh * hidden + b_o)
        found = numpy_map(m).step(np.array([[x]]))[0, 0]
        assert found == pytest.approx(expected, rel=1e-13)
        late = math.tanh(w_ou * bit + w_oo * x + w_oh * math.tanh(w_hu * bit + b_h) + b_o)
        assert found != pytest.approx(late, rel=1e-6)  # the mutant: hidden unit without feedback


def test_parity_keeps_the_answer_at_one_bit_and_exchanges_it_at_the_other() -> None:
    kept, exchanged = latching(PARITY, XOR, [-1.0]), latching(PARITY, XOR, [1.0])
    assert kept.latched
    assert kept.num_fixed_points == 3
    assert not exchanged.latched
    assert exchanged.robust(0.0) is Verdict.REFUTED  # proved: no two fixed points
    assert kept.critical is None
    assert "not simply added" in kept.reason
    x = np.array([[0.9]])
    there = numpy_map(autonomous_map(PARITY, XOR, [1.0])).step(x)
    assert there[0, 0] < -0.9
    assert numpy_map(autonomous_map(PARITY, XOR, [1.0])).step(there)[0, 0] > 0.9


def test_what_makes_no_map_is_refused() -> None:
    with pytest.raises(InputError, match="jumps"):
        autonomous_map(LATCH.of_kind("threshold"), np.ones(3))
    with pytest.raises(InputError, match="not finite"):
        autonomous_map(LATCH, np.array([np.nan, 1.0, 1.0]))
    with pytest.raises(InputError, match="2 values but the network has 1"):
        autonomous_map(LATCH, np.ones(3), [0.0, 0.0])
    forward = Network(2, 1, 1, (Connection(0, Signal(0), "w"), Connection(1, SameStep(0), "v")))
    with pytest.raises(InputError, match="nothing is held"):
        autonomous_map(forward, np.ones(2))


# --- the neuron -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("w", [1.0 + 2.0**-40, 1.1, 1.25, 1.4868704, 2.0, 7.3])
def test_what_a_neuron_stands_is_its_critical_input(w: float) -> None:
    found = latching(LATCH, np.array([w, 2.0, -2.0]))
    assert found.critical is not None
    exact = closed_form(w)
    assert found.stands <= exact + Fraction(1, 10**50)
    assert exact <= found.critical.upper + Fraction(1, 10**50)
    assert found.critical.width < 1e-30
    assert (found.num_fixed_points, len(found.attractors), found.complete, found.latched) == (3, 2, True, True)
    (low,), (high,) = found.attractors
    assert -low.lower == high.upper
    state = float(high)
    assert state == pytest.approx(w * math.tanh(state), rel=1e-12)


def test_robust_against_less_than_the_critical_input_only() -> None:
    found = latching(LATCH, np.array([2.0, 2.0, -2.0]))
    assert found.robust(0.2) is Verdict.PROVED
    assert found.robust(0.53283997) is Verdict.PROVED
    assert found.robust(0.53283998) is Verdict.REFUTED
    assert float(found.stands) == pytest.approx(0.5328399754, abs=1e-10)


@pytest.mark.parametrize(("w", "attracts"), [(-1.5, 0), (-0.9, 1), (0.3, 1), (1.0, 0)])
def test_up_to_w_1_nothing_is_latched(w: float, attracts: int) -> None:
    found = latching(LATCH, np.array([w, 2.0, -2.0]))
    assert (found.num_fixed_points, len(found.attractors)) == (1, attracts)
    assert not found.latched
    assert found.critical is None
    assert found.robust(0.0) is Verdict.REFUTED


def test_tolerance_is_measured_in_the_signal_and_from_a_bias() -> None:
    plain, scaled = latching(chain([[2.0]]), np.zeros(1)), latching(chain([[2.0]], entrance=-4.0), np.zeros(1))
    biased = latching(chain([[2.0]]), np.array([0.25]))
    assert float(scaled.stands) == pytest.approx(float(plain.stands) / 4.0)
    assert float(biased.stands) == pytest.approx(float(plain.stands) - 0.25)
    assert not latching(chain([[2.0]]), np.array([0.75])).latched  # one state only, beyond h*


# --- networks ---------------------------------------------------------------------------------------------------------


def test_a_neuron_beside_others_stands_what_it_stands_alone() -> None:
    weights = [[2.0, 0.0, 0.0], [0.5, 0.3, 0.0], [0.2, 0.4, 0.1]]
    found = latching(chain(weights), np.zeros(1))
    assert found.critical is not None
    exact = float(closed_form(2.0))
    assert float(found.critical) == pytest.approx(exact, rel=1e-12)
    assert exact * (1.0 - 3e-3) < float(found.stands) < exact  # near the fold boxes settle slowly
    assert found.robust(0.5) is Verdict.PROVED
    assert found.robust(0.6) is Verdict.INCONCLUSIVE  # that the fold is the first is measured
    assert found.complete


def test_noise_that_is_stood_does_not_move_the_sign_and_the_critical_input_does() -> None:
    weights = np.array([[1.6, -0.3, 0.1], [0.4, 1.5, 0.2], [0.8, 0.6, -0.2]])
    network, rng = chain(weights.tolist(), output=2), np.random.default_rng(3)
    found = latching(network, np.zeros(1))
    assert found.latched
    assert found.critical is not None
    stands, critical = float(found.stands), float(found.critical)
    assert 0.05 < stands < critical
    for point in found.attractors:
        start = np.array([float(e) for e in point])
        for noise in [*np.sign(rng.normal(size=(40, 300))), np.ones(300), -np.ones(300)]:
            assert end_of(weights, start, stands * noise)[2] * start[2] > 0.0
    moved = [
        end_of(weights, start, np.full(1000, sign * 1.001 * critical))[2] * start[2] < 0.0
        for start in (np.array([float(e) for e in point]) for point in found.attractors)
        for sign in (1.0, -1.0)
    ]
    assert any(moved)


def test_an_output_that_is_not_latched_is_not() -> None:
    weights = [[2.0, 0.0], [0.0, 0.5]]  # unit 1 forgets, whatever unit 0 does
    found = latching(chain(weights, output=1), np.zeros(1))
    assert len(found.attractors) == 2
    assert not found.latched
    assert latching(chain(weights, output=0), np.zeros(1)).latched


def test_an_attractor_without_a_sign_is_no_latch_and_does_not_count() -> None:
    """W^2 = 0, yet there are three attractors; a small input ends the one at 0, and the other two stand much more."""
    weights = np.array([[-4.0, 8.0], [-2.0, 4.0]])
    found = latching(chain(weights.tolist()), np.zeros(1))
    assert found.map is not None
    assert float(d.critical_input(found.map, [1, 0]).value or 0) == pytest.approx(0.1817406448)
    assert len(found.attractors) == 3
    assert found.latched
    assert found.critical is None
    assert "no fold was met" in found.reason
    assert found.robust(1.0) is Verdict.PROVED
    start, rng = np.array([float(e) for e in found.attractors[2]]), np.random.default_rng(4)
    for noise in [*np.sign(rng.normal(size=(20, 100))), -np.ones(100)]:
        assert end_of(weights, start, float(found.stands) * noise)[0] > 0.0


def test_an_output_that_the_next_step_does_not_need_is_not_judged() -> None:
    read = (Connection(0, Previous(0), "w"), Connection(0, Signal(0), 1.0), Connection(1, SameStep(0), "v"))
    found = latching(Network(2, 1, 1, read), np.array([2.0, 1.0]))
    assert len(found.attractors) == 2
    assert not found.latched
    assert found.robust(0.1) is Verdict.INCONCLUSIVE
    assert "no state" in found.reason


def test_noise_that_comes_in_by_several_signals_has_no_direction() -> None:
    both = (Connection(0, Previous(0), "w"), Connection(0, Signal(0), 1.0), Connection(0, Signal(1), 1.0))
    found = latching(Network(1, 2, 0, both), np.array([2.0]))
    assert found.latched
    assert found.critical is None
    assert "several" in found.reason
    assert found.robust(0.1) is Verdict.INCONCLUSIVE


def test_many_units_are_only_looked_at() -> None:
    n = 9
    found = latching(chain((2.0 * np.eye(n)).tolist()), np.zeros(1))
    assert found.num_fixed_points is None
    assert found.critical is None
    assert found.robust(0.0) is Verdict.INCONCLUSIVE


def test_nothing_known_is_inconclusive() -> None:
    assert unknown("no map").robust(0.0) is Verdict.INCONCLUSIVE
