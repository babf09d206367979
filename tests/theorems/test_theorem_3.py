"""Theorem 3: the printed index is refuted, the repaired one holds, and the difference is the index alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dynlatch import InputError, Verdict, logistic, neuron, tanh_network
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.theorems import case, statement

NORM, SPECTRAL = (statement("T3", reading) for reading in ("norm", "spectral"))
REPAIRED = statement("T3'")


@pytest.mark.parametrize("printed", [NORM, SPECTRAL], ids=["norm", "spectral"])
def test_the_witnesses_replay(printed) -> None:
    found = printed.replay()
    assert found.verdict is Verdict.REFUTED
    assert all(f.holds for f in found.findings)
    assert printed.witness.plot().curves[0][2][-1] > 1


def test_a_spoilt_witness_does_not() -> None:
    on = NORM.witness.case
    smaller = replace(on, inputs=tuple((u[0] / 2,) for u in on.inputs))
    spoilt = replace(NORM, witness=replace(NORM.witness, case=smaller))
    assert spoilt.replay().verdict is Verdict.INCONCLUSIVE
    larger = replace(on, inputs=tuple((2 * u[0],) for u in on.inputs))  # leaves, but the hypothesis fails
    assert replace(NORM, witness=replace(NORM.witness, case=larger)).replay().verdict is Verdict.INCONCLUSIVE


def test_the_repaired_bound_keeps_the_state() -> None:
    found = REPAIRED.check(case(neuron(2), "9/10", inputs=["0.00012", "0.0057", "0.0077"], radius="1/100"))
    assert found.verdict is Verdict.PROVED
    assert found.margin is not None
    assert found.margin.lower > 0


def test_the_printed_witness_breaks_the_repaired_hypothesis_and_nothing_follows() -> None:
    found = REPAIRED.check(NORM.witness.case)
    assert found.applies is Verdict.REFUTED
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "lambda_{t-1}" in found.reason


def test_the_printed_bound_is_strict_and_the_repaired_one_is_not() -> None:
    at_the_bound = case(logistic(0), 0, inputs=["1/8"], radius="1/8")  # lambda = 0
    assert NORM.check(at_the_bound).applies is Verdict.REFUTED
    assert REPAIRED.check(at_the_bound).verdict is Verdict.PROVED


def test_a_counterexample_holds_for_all_later_times() -> None:
    for printed in (NORM, SPECTRAL):
        *_, later, left = printed.replay().findings
        assert "all later t" in later.text
        assert later.margin is not None
        assert later.margin.lower > 0
        assert left.text.startswith("not so")


def test_the_deviation_is_that_of_the_closed_form() -> None:
    m = logistic(0)  # x -> 0: every deviation is the input itself
    found = REPAIRED.check(case(m, 0, inputs=["1/8", 0], radius="1/8"))
    assert found.verdict is Verdict.PROVED
    assert found.margin == Enclosure.exactly(0)
    assert REPAIRED.check(case(m, 0, inputs=["9/64"], radius="1/8")).applies is Verdict.REFUTED


def test_what_is_not_contracting_is_not_decided_in_its_favour() -> None:
    wide = case(neuron(2), "9/10", inputs=["0.0001"], radius=1)  # the ball reaches beyond a_c, where |M'| > 1
    assert REPAIRED.check(wide).applies is Verdict.REFUTED
    pitchfork = case(neuron(1), "1/10", inputs=[0], radius="1/10")
    assert REPAIRED.check(pitchfork).verdict is Verdict.INCONCLUSIVE


def test_it_needs_a_radius() -> None:
    with pytest.raises(InputError, match="give radius="):
        REPAIRED.check(case(neuron(2), "9/10", inputs=["0.0001"]))


def test_eigenvalues_miss_what_norms_see() -> None:
    on = SPECTRAL.witness.case
    assert NORM.check(on).applies is not Verdict.PROVED
    still = case(tanh_network([[2, 3], [0, 0]]), ["1.915", 0], inputs=[[0, 0]] * 2, radius="3/10")
    assert SPECTRAL.check(still).verdict is Verdict.PROVED
