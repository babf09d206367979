"""The Lemma of the appendix: two ways in which gradients stay bounded on a boundary, and when they do explode."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from dynlatch import InputError, Verdict, henon, neuron, tanh_network
from dynlatch.theorems import case, statement
from dynlatch.theorems.lemma import bounded_on_the_boundary, repaired_checker

NORM, SPECTRAL = (statement("Lemma", reading) for reading in ("norm", "spectral"))
REPAIRED = statement("Lemma'")
PAIR = tanh_network([["5/4", "3/4"], ["3/4", "5/4"]])
SECH2_OF_2 = 0.070650824853164  # 1 / cosh(2)^2


@pytest.mark.parametrize("printed", [NORM, SPECTRAL], ids=["norm", "spectral"])
def test_the_witnesses_replay(printed) -> None:
    found = printed.replay()
    assert found.verdict is Verdict.REFUTED
    assert all(f.holds for f in found.findings)
    assert max(printed.witness.plot().curves[0][2]) < 7.1


@pytest.mark.parametrize("reading", ["norm", "spectral"])
def test_either_witness_refutes_either_reading(reading) -> None:
    assert statement("Lemma", reading).check(NORM.witness.case).verdict is Verdict.REFUTED
    assert all(f.holds for f in bounded_on_the_boundary(reading))


def test_a_spoilt_witness_does_not() -> None:
    on = NORM.witness.case
    off = replace(on, states=((Fraction(2), Fraction(-199, 100)),))
    assert NORM.check(off).applies is Verdict.REFUTED
    steep = replace(on, states=((Fraction(1, 2), Fraction(-1, 2)),))
    assert NORM.check(steep).verdict is Verdict.PROVED  # k = 2 sech(1/2)^2 > 1: here it explodes
    for spoilt in (off, steep):
        assert replace(NORM, witness=replace(NORM.witness, case=spoilt)).replay().verdict is not Verdict.REFUTED


def test_the_rate_is_the_closed_form() -> None:
    margin = NORM.check(NORM.witness.case).margin
    assert abs(float(margin) - (2 * SECH2_OF_2 - 1)) < 1e-12


def test_limits_that_are_not_decided() -> None:
    assert NORM.check(case(neuron(2), 0, steps=4)).verdict is Verdict.INCONCLUSIVE
    two = case(PAIR, states=[["1/2", "-1/2"], ["1/3", "-1/3"]], periodic=True)
    assert NORM.check(two).verdict is Verdict.PROVED
    assert SPECTRAL.check(two).verdict is Verdict.INCONCLUSIVE
    held = case(neuron(2), states=[0], periodic=True)
    assert NORM.check(held).verdict is SPECTRAL.check(held).verdict is Verdict.PROVED


def test_inputs_keep_the_line_if_they_add_up_to_zero() -> None:
    on = case(PAIR, [1, -1], inputs=[["1/2", "-1/2"], [0, 0]])
    assert NORM.check(on).applies is Verdict.PROVED
    assert NORM.check(replace(on, inputs=((Fraction(1, 2), Fraction(0)),))).applies is Verdict.REFUTED


@pytest.mark.parametrize(
    "m",
    [
        neuron(1),
        neuron(2, "1/10"),
        henon(),
        tanh_network([[2, 1], [1, 3]]),
        tanh_network([["1/2", "1/4"], ["1/4", "1/2"]]),
        tanh_network([[3, 0], [0, 3]]),
        tanh_network([["5/4", "3/4"], ["3/4", "5/4"]], [1, 0]),
    ],
)
def test_boundaries_that_are_not_known_are_refused(m) -> None:
    with pytest.raises(InputError, match="boundary that is known exactly"):
        NORM.check(case(m, [0] * m.dimension, steps=1))


@pytest.mark.parametrize("w", [2, "11/10", 5])
def test_the_neuron_held_at_zero_has_exactly_w_to_the_t(w) -> None:
    found = REPAIRED.check(case(neuron(w), 0, steps=30))
    assert found.verdict is Verdict.PROVED
    assert 0 <= found.margin.lower < 1e-12


def test_the_norm_grows_along_the_line_where_it_repels() -> None:
    states = [["1/2", "-1/2"], ["-1/5", "1/5"], ["4/5", "-4/5"], [0, 0]]
    assert REPAIRED.check(case(PAIR, states=states, other=[1, 1])).verdict is Verdict.PROVED
    held = replace(NORM.witness.case, other=(Fraction(1), Fraction(1)))
    found = REPAIRED.check(held)
    assert found.applies is Verdict.REFUTED
    assert "kappa" in found.reason


def test_a_covector_that_is_not_kept() -> None:
    on = case(PAIR, states=[["1/2", "-1/2"], [0, 0]], other=[1, 2])
    assert REPAIRED.check(on).hypotheses[0].fails
    tilted = case(PAIR, states=[["1/2", "-1/3"], [0, 0]], other=[1, 1])
    assert REPAIRED.check(tilted).hypotheses[0].fails
    triangular = case(tanh_network([[2, 0], [1, 3]]), ["1/10", "1/10"], steps=1, other=[1, 0])
    assert REPAIRED.check(triangular).verdict is Verdict.PROVED  # one entry: no states to compare


def test_the_mutants_are_refuted() -> None:
    held = replace(NORM.witness.case, other=(Fraction(1), Fraction(1)))
    assert replace(REPAIRED, checker=repaired_checker(growth="any")).check(held).verdict is Verdict.REFUTED
    isometry = case(neuron(1), 0, steps=5)
    mutant = replace(REPAIRED, checker=repaired_checker(growth="at least one"))
    assert mutant.check(isometry).verdict is Verdict.REFUTED
    assert REPAIRED.check(isometry).applies is Verdict.REFUTED


def test_bad_input() -> None:
    with pytest.raises(InputError, match="give it as other="):
        REPAIRED.check(case(PAIR, [0, 0], steps=1))
    with pytest.raises(InputError, match="normal to nothing"):
        REPAIRED.check(case(PAIR, [0, 0], steps=1, other=[0, 0]))
    with pytest.raises(InputError, match="give states="):
        REPAIRED.check(case(PAIR, [0, 0], steps=1, other=[1, 1]))
    with pytest.raises(InputError, match="one state or a network"):
        REPAIRED.check(case(henon(), [0, 0], steps=1, other=[1, 1]))
