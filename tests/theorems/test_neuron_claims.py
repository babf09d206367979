"""The claims about the neuron: checkers on both sides of h*, the refutation, closed forms, refusals."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import pytest

from dynlatch import InputError, Verdict, logistic, neuron, tanh_network
from dynlatch.latch.transient_neuron import neuron_transient
from dynlatch.rigor import balls
from dynlatch.theorems import case, statement
from dynlatch.theorems import neuron_claims as claims

HOLD, FLIP, REPAIRED, RISE, SHORTER = (statement(i) for i in ("hold", "flip", "flip'", "rise", "shorter"))
W = Fraction(2)


def critical(w: float) -> float:
    return math.sqrt(w * (w - 1)) - math.acosh(math.sqrt(w))


def with_checker(of, checker):
    return replace(of, checker=checker)


# --- hold -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", [1, -1])
def test_inputs_just_below_the_critical_one_keep_the_sign(sign) -> None:
    found = HOLD.check(case(neuron(W), -2 * sign, inputs=[sign * Fraction("0.5328399")] * 300))
    assert found.verdict is Verdict.PROVED
    assert 0.8813 < float(found.margin) < 0.9  # the state creeps to a_c
    assert abs(float(found.hypotheses[1].margin) - (critical(2) - 0.5328399)) < 1e-9
    assert abs(float(found.hypotheses[0].margin) - (2 - math.acosh(math.sqrt(2)))) < 1e-12


def test_inputs_above_it_are_outside_the_claim_and_flip() -> None:
    on = case(neuron(W), -2, inputs=["0.54"] * 200)
    found = HOLD.check(on)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.applies is Verdict.REFUTED
    assert found.conclusion.fails
    assert with_checker(HOLD, claims.hold_checker(factor=Fraction(102, 100))).check(on).verdict is Verdict.REFUTED


def test_the_start_must_lie_beyond_the_edge() -> None:
    on = case(neuron(W), "-0.3", inputs=["0.5"] * 5)
    assert HOLD.check(on).applies is Verdict.REFUTED
    assert with_checker(HOLD, claims.hold_checker(from_edge=False)).check(on).verdict is Verdict.REFUTED


def test_a_repeated_trajectory_is_decided_for_all_times() -> None:
    found = HOLD.check(case(neuron(W), states=["1.6", "1.8", "1.7"], periodic=True))
    assert found.verdict is Verdict.PROVED
    assert float(found.margin) == pytest.approx(1.6)


# --- flip -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reading", ["norm", "spectral"])
def test_the_refutation_replays(reading) -> None:
    printed = statement("flip", reading)
    found = printed.replay()
    assert found.verdict is Verdict.REFUTED
    assert len(found.findings) == 7
    assert printed.repaired_by == "flip'"
    plot = printed.witness.plot()
    assert max(plot.curves[0][2]) < plot.level < plot.curves[1][2][-1]


def test_a_spoilt_refutation_does_not(monkeypatch) -> None:
    right = claims.next_gap
    for spoilt in (lambda w, c, d: right(w, c, d) + d / 100, lambda w, c, d: 2 * right(w, c, d)):
        monkeypatch.setattr(claims, "next_gap", spoilt)
        assert FLIP.replay().verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("w", ["11/10", 2, 8])
def test_the_neuron_itself_stays_below_the_edge(w) -> None:
    with balls.precision(256):
        inputs, states = claims.falling_inputs(neuron(w), 40)
        h, edge = claims.critical_ball(neuron(w)), claims.edge_ball(neuron(w))
        assert all(u > h for u in inputs)
        assert all(a < balls.neg(edge) for a in states)
        assert inputs[-1] - h < balls.ball(Fraction(1, 2**39))  # halved at each step, at least


def test_a_finite_case_confirms_the_printed_claim_or_leaves_it_open() -> None:
    flips = FLIP.check(case(neuron(W), "-1.915", inputs=["0.6"] * 14))
    assert flips.verdict is Verdict.PROVED
    assert "t = 14" in flips.reason
    short = FLIP.check(case(neuron(W), "-1.915", inputs=["0.6"] * 13))
    assert short.verdict is Verdict.INCONCLUSIVE
    assert short.applies is Verdict.PROVED


def test_the_repair_names_the_number_of_steps() -> None:
    on = case(neuron(W), "-1.915", inputs=["0.6"] * 14 + ["0.7"] * 6)
    found = REPAIRED.check(on)
    assert found.verdict is Verdict.PROVED
    assert "14" in found.reason
    assert neuron_transient(neuron(W), "0.6").steps == 14
    early = with_checker(REPAIRED, claims.flip_repaired_checker(early=1))
    assert early.check(case(neuron(W), "-1.915", inputs=["0.6"] * 20)).verdict is Verdict.REFUTED
    assert REPAIRED.check(case(neuron(W), "-1.915", inputs=["0.6"] * 13)).verdict is Verdict.INCONCLUSIVE


def test_the_bound_of_the_repair() -> None:
    latch = 1.9150080481545
    for h in ("0.54", "0.6", 1, 3):
        assert neuron_transient(neuron(W), h).steps <= 1 + 2 * latch / (float(Fraction(h)) - critical(2))


def test_the_hypotheses_of_the_repair() -> None:
    below = REPAIRED.check(case(neuron(W), -1, inputs=["0.6", "0.5"]))
    assert below.applies is Verdict.REFUTED
    assert "h_2" in below.reason
    low = REPAIRED.check(case(neuron(W), -3, inputs=["0.6"]))
    assert low.applies is Verdict.REFUTED
    assert "abar" in low.reason
    by_states = REPAIRED.check(case(neuron(W), states=[-1, 0, 1, 3, 3, 3]))
    assert by_states.verdict is Verdict.PROVED  # the least input is 1 + 2 tanh(0) = 1, and L_1(1, 2) = 5


# --- rise, shorter ----------------------------------------------------------------------------------------------------


def test_the_critical_input_rises() -> None:
    found = RISE.check(case(neuron(W), 0, other=3))
    assert found.verdict is Verdict.PROVED
    assert abs(float(found.margin) - (critical(3) - critical(2))) < 1e-12
    tiny = RISE.check(case(neuron(W), 0, other=W + Fraction(1, 10**30)))
    assert tiny.verdict is Verdict.PROVED
    assert abs(float(tiny.margin) * 1e30 - math.sqrt(0.5)) < 1e-9
    assert RISE.check(case(neuron(W), 0, other="3/2")).verdict is Verdict.INCONCLUSIVE


def test_larger_inputs_flip_no_later() -> None:
    found = SHORTER.check(case(neuron(W), 0, inputs=["0.6"], other=1))
    assert found.verdict is Verdict.PROVED
    assert float(found.margin) == 9
    same = case(neuron(W), 0, inputs=[4], other=5)
    assert SHORTER.check(same).verdict is Verdict.PROVED
    assert float(SHORTER.check(same).margin) == 0
    strictly = with_checker(SHORTER, claims.shorter_checker(strict=True))
    assert strictly.check(same).verdict is Verdict.REFUTED
    assert SHORTER.check(case(neuron(W), 0, inputs=["0.5"], other=1)).applies is Verdict.REFUTED


def test_a_transient_too_long_to_count_is_left_open() -> None:
    slow = Fraction("0.53283998")  # h - h* is about 5e-9: some fifty thousand steps
    found = SHORTER.check(case(neuron(W), 0, inputs=[slow], other=1))
    assert found.applies is Verdict.PROVED
    assert found.verdict is Verdict.INCONCLUSIVE


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("claim", [HOLD, FLIP, REPAIRED, RISE, SHORTER], ids=lambda s: s.id)
@pytest.mark.parametrize("m", [logistic(), neuron(1), neuron("1/2"), neuron(2, "1/10")], ids=repr)
def test_other_maps_are_refused(claim, m) -> None:
    with pytest.raises(InputError, match=r"neuron|exceed 1"):
        claim.check(case(m, 1, inputs=[1], other=3))


def test_networks_of_one_unit_are_neurons() -> None:
    assert HOLD.check(case(tanh_network([[2]]), [-2], inputs=[["0.5"]] * 9)).verdict is Verdict.PROVED
    with pytest.raises(InputError, match="give a neuron"):
        HOLD.check(case(tanh_network([[2, 0], [0, 2]]), [1, 1], steps=3))


def test_what_a_case_must_hold() -> None:
    with pytest.raises(InputError, match="give inputs="):
        REPAIRED.check(case(neuron(W), -1))
    with pytest.raises(InputError, match="give it as other="):
        RISE.check(case(neuron(W), 0))
    with pytest.raises(InputError, match="give a neuron"):
        SHORTER.check(case(tanh_network([[2, 0], [0, 2]]), [1, 1], inputs=[[1, 1]], other=[1, 0]))
    with pytest.raises(InputError, match="checked on a case, not on neuron"):
        RISE.check(neuron(W))
    with pytest.raises(InputError, match="constant input"):
        SHORTER.check(case(neuron(W), 0, inputs=[1, 2], other=3))
    with pytest.raises(InputError, match="constant input"):
        SHORTER.check(case(neuron(W), states=[0, 1], other=3))
