"""The reduction N -> N': spectra carry over, norms do not, and a small unit mends that."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import pytest

from dynlatch import InputError, Verdict, augmented, henon, neuron, tanh_network
from dynlatch.theorems import case, statement
from dynlatch.theorems.measures import sup_over
from dynlatch.theorems.reduction import num_own_states, repaired_checker

NORM, SPECTRAL = (statement("N", reading) for reading in ("norm", "spectral"))
REPAIRED = statement("N'")
FED = augmented(neuron(2), ["h"])


def on_box(scale, low="6/5", m=None):
    chosen = m or augmented(neuron(2), ["h"], scale=scale)
    return case(chosen, [low, 0], region=[(low, 3), (-1, 1)])


def test_the_witness_replays_and_the_norm_is_the_closed_form() -> None:
    found = NORM.replay()
    assert found.verdict is Verdict.REFUTED
    slope = 2 / math.cosh(1.9) ** 2
    assert abs(float(found.findings[-1].margin) - (math.sqrt(slope**2 + 1) - 1)) < 1e-12
    curves = NORM.witness.plot().curves
    assert min(curves[1][2]) > 1
    assert min(curves[0][2]) < 1


@pytest.mark.parametrize("start", ["1/2", "9/10", 3, 40])
def test_no_state_of_the_augmented_neuron_is_below_one(start) -> None:
    found = NORM.check(case(FED, [start, 0], steps=1))
    assert found.conclusion.fails


def test_a_spoilt_witness_does_not_replay() -> None:
    for spoilt in (
        case(FED, ["1/2", 0], steps=1),
        case(augmented(neuron(2), ["h"], scale="1/2"), ["19/10", 0], steps=1),
    ):
        assert replace(NORM, witness=replace(NORM.witness, case=spoilt)).replay().verdict is Verdict.INCONCLUSIVE


def test_the_spectral_reduction_holds_along_a_driven_orbit() -> None:
    found = SPECTRAL.check(case(FED, ["19/10", 0], inputs=[[0, "1/10"], [0, "-1/5"]], steps=10))
    assert found.verdict is Verdict.PROVED
    assert found.margin.overlaps(found.hypotheses[1].margin)
    growing = SPECTRAL.check(case(FED, ["1/10", 0], steps=3))
    assert growing.applies is Verdict.REFUTED
    assert growing.conclusion.fails  # as it should: both ways


def test_inputs_that_push_the_states_of_n_are_no_inputs_of_n() -> None:
    found = SPECTRAL.check(case(FED, ["19/10", 0], inputs=[["1/10", 0]]))
    assert found.applies is Verdict.REFUTED
    assert "reach y alone" in found.reason


def test_a_small_unit_keeps_contraction() -> None:
    found = REPAIRED.check(on_box("3/4"))
    assert found.verdict is Verdict.PROVED
    slope = 2 / math.cosh(1.2) ** 2
    assert abs(float(found.margin) - (1 - math.hypot(slope, 0.75))) < 1e-3
    assert abs(float(found.hypotheses[1].margin) - (math.sqrt(1 - slope**2) - 0.75)) < 2e-3


def test_the_limit_of_the_unit_is_not_decided_and_beyond_it_is_refused() -> None:
    limit = Fraction(math.sqrt(1 - 4 / math.cosh(1.2) ** 4)).limit_denominator(10**9)
    assert REPAIRED.check(on_box(limit)).verdict is Verdict.INCONCLUSIVE
    assert REPAIRED.check(on_box(1)).applies is Verdict.REFUTED
    assert REPAIRED.check(on_box("1/2", low="1/2")).applies is Verdict.REFUTED  # the neuron itself expands there


def test_the_mutant_without_the_unit_is_refuted() -> None:
    found = replace(REPAIRED, checker=repaired_checker(scaled=False)).check(on_box(1))
    assert found.verdict is Verdict.REFUTED
    assert float(found.margin) < -0.1


def test_two_inputs_one_of_them_the_weight() -> None:
    both = augmented(neuron(2), ["h", "w"], scale="1/4")  # a -> z_2/4 tanh a + z_1/4
    assert num_own_states(both) == 1
    found = REPAIRED.check(case(both, [1, 0, 3], region=[(1, 2), (-1, 1), (2, 4)]))
    assert found.verdict is Verdict.PROVED
    slope, by_inputs = 1 / math.cosh(1) ** 2, math.hypot(1, math.tanh(2)) / 4
    assert abs(float(found.hypotheses[0].margin) - (1 - slope)) < 1e-3
    assert abs(float(found.hypotheses[1].margin) - (math.sqrt(1 - slope**2) - by_inputs)) < 2e-3
    assert float(found.margin) >= 1 - math.hypot(slope, by_inputs) - 1e-3


def test_a_map_of_the_plane_with_two_inputs() -> None:
    plane = augmented(henon("1/5", "1/10"), ["a", "b"], scale="1/10")
    assert num_own_states(plane) == 2
    found = SPECTRAL.check(case(plane, [0, 0, 2, 1], inputs=[[0, 0, 1, -1]], steps=2))
    assert found.verdict is Verdict.PROVED
    assert found.margin.overlaps(found.hypotheses[1].margin)


def test_the_sup_over_a_box_cuts_where_it_helps() -> None:
    m = tanh_network([[2, 0, 0], [0, 0, 0], [0, 0, 0]])
    box = ((Fraction(1), Fraction(3)), (Fraction(-9), Fraction(9)), (Fraction(-9), Fraction(9)))
    found = sup_over(m, box, lambda j: j[0][0])
    exact = 2 / math.cosh(1) ** 2
    assert abs(float(found.mid()) - exact) < 2e-3
    assert float(found.lower()) <= exact <= float(found.upper())


def test_bad_input() -> None:
    with pytest.raises(InputError, match="augmented"):
        NORM.check(case(neuron(2), 1, steps=1))
    with pytest.raises(InputError, match="augmented"):
        num_own_states(tanh_network([[0, 0], [0, 0]]))
    with pytest.raises(InputError, match="steps="):
        NORM.check(case(FED, [1, 0]))
    with pytest.raises(InputError, match="region="):
        REPAIRED.check(case(FED, [1, 0]))


def test_inputs_that_follow_from_states_are_not_decided_to_be_none() -> None:
    found = NORM.check(case(FED, states=[["1/3", 0], ["2/3", 0]]))
    assert found.hypotheses[0].fails  # no orbit of N' goes there without an input to a
    orbit_like = NORM.check(case(FED, states=[[0, 0], [0, 0]]))
    assert not orbit_like.hypotheses[0].fails
