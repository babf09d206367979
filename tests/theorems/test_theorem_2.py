"""Theorem 2: sizes below 1 do not make a contraction, their sup below 1 on a convex set does."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import pytest

from dynlatch import InputError, Verdict, logistic, neuron, tanh_network
from dynlatch.rigor import balls
from dynlatch.theorems import case, statement
from dynlatch.theorems.theorem_2 import close_pair, ratio, repaired_checker

NORM, SPECTRAL = (statement("T2", reading) for reading in ("norm", "spectral"))
REPAIRED = statement("T2'")


def mutant(**switches):
    return replace(REPAIRED, checker=repaired_checker(**switches))


@pytest.mark.parametrize("printed", [NORM, SPECTRAL], ids=["norm", "spectral"])
def test_the_witnesses_replay(printed) -> None:
    found = printed.replay()
    assert found.verdict is Verdict.REFUTED
    assert all(f.holds for f in found.findings)
    assert printed.witness.plot().curves


@pytest.mark.parametrize("digits", [0, 1, 5, 20, 40])
def test_every_alpha_has_a_pair_above_it(digits: int) -> None:
    alpha = 1 - Fraction(1, 10**digits)
    with balls.precision(512):
        x, y = close_pair(alpha)
        found = ratio(x, y)
        assert balls.ball(alpha) < found
        assert found < balls.ball(1)
        assert balls.ball(2) * (1 - balls.tanh(x[0]) ** 2) < balls.ball(1)  # both states lie in D


def test_a_pair_farther_from_the_edge_does_not_show_it() -> None:
    alpha = Fraction(999, 1000)
    with balls.precision(128):
        far = close_pair(1 - 4 * (1 - alpha))  # s four times as large
        assert ratio(*far) < balls.ball(alpha)


def test_the_plot_falls_with_alpha() -> None:
    (_, _, missing), (_, _, allowed) = NORM.witness.plot().curves
    assert all(m < a for m, a in zip(missing, allowed, strict=True))
    assert missing[-1] < 1e-12


def test_the_spectral_witness_needs_its_weight() -> None:
    on = SPECTRAL.witness.case
    smaller = replace(on, map=tanh_network([[0, "9/10"], [0, 0]]))
    spoilt = replace(SPECTRAL, witness=replace(SPECTRAL.witness, case=smaller))
    assert spoilt.replay().verdict is Verdict.INCONCLUSIVE
    outside = replace(on, other=(Fraction(0), Fraction(3, 2)))
    assert replace(SPECTRAL, witness=replace(SPECTRAL.witness, case=outside)).replay().verdict is Verdict.INCONCLUSIVE
    twice = SPECTRAL.check(replace(on, other=on.start))
    assert twice.applies is Verdict.REFUTED
    margin = SPECTRAL.check(on).margin
    assert abs(float(margin) - (0.5 - 2 * math.tanh(0.5))) < 1e-12


def test_on_a_compact_box_the_printed_theorem_agrees_with_the_repaired_one() -> None:
    on = case(neuron(2), 1, other=2, region=[(1, 3)])
    assert NORM.check(on).verdict is Verdict.PROVED
    assert REPAIRED.check(on).verdict is Verdict.PROVED


def test_alpha_is_the_closed_form_and_the_margin_is_what_is_left() -> None:
    found = REPAIRED.check(case(neuron(2), 1, other="3/2", region=[(1, 3)]))
    alpha = 2 / math.cosh(1) ** 2
    assert abs(float(found.hypotheses[0].margin) - (1 - alpha)) < 1e-14
    assert abs(float(found.margin) - (alpha / 2 - 2 * (math.tanh(1.5) - math.tanh(1)))) < 1e-14
    assert found.margin.width < 1e-30


def test_the_bound_is_attained_and_still_proved() -> None:
    linear = logistic(0)  # x -> 0: alpha = 0 and the images agree
    found = REPAIRED.check(case(linear, "1/4", other="3/4", region=[(0, 1)]))
    assert found.verdict is Verdict.PROVED
    assert found.margin.lower == 0


@pytest.mark.parametrize("m", ["61/100", "3/4", 2])
def test_networks_on_one_orthant(m) -> None:
    low = Fraction(m)  # above arcosh(2^(1/4)) = 0.60585
    on = case(
        tanh_network([[1, -1], [1, 1]]), [low, -low], other=[low + 1, -low - Fraction(1, 8)],
        region=[(low, low + 2), (-low - 2, -low)],
    )  # fmt: skip
    found = REPAIRED.check(on)
    assert found.verdict is Verdict.PROVED
    assert abs(1 - float(found.hypotheses[0].margin) - math.sqrt(2) / math.cosh(low) ** 2) < 1e-9


def test_below_the_edge_nothing_follows_and_on_it_nothing_is_decided() -> None:
    assert REPAIRED.check(case(neuron(2), 1, other=2, region=[("87/100", 3)])).applies is Verdict.REFUTED
    pitchfork = REPAIRED.check(case(neuron(1), 0, other=1, region=[(0, 1)]))
    assert pitchfork.applies is not Verdict.PROVED
    assert pitchfork.verdict is Verdict.INCONCLUSIVE
    assert REPAIRED.check(case(neuron(2), "1/2", other=2, region=[(1, 3)])).applies is Verdict.REFUTED  # x not in D


def test_a_set_that_is_not_convex_refutes_the_mutant() -> None:
    on = case(neuron(2), "9/10", other="-9/10", region=[("9/10", 3)])
    assert REPAIRED.check(on).applies is Verdict.REFUTED  # y is not in D
    found = mutant(convex=False).check(on)
    assert found.verdict is Verdict.REFUTED
    alpha = 2 / math.cosh(0.9) ** 2
    assert abs(float(found.margin) - (1.8 * alpha - 4 * math.tanh(0.9))) < 1e-9


def test_eigenvalues_and_a_promised_alpha_refute_their_mutants() -> None:
    assert mutant(reading="spectral").check(SPECTRAL.witness.case).verdict is Verdict.REFUTED
    on = case(neuron(2), "8814/10000", other="8815/10000", region=[("8814/10000", 3)])
    assert REPAIRED.check(on).verdict is Verdict.PROVED
    assert mutant(alpha=Fraction(999, 1000)).check(on).verdict is Verdict.REFUTED


def test_bad_input() -> None:
    with pytest.raises(InputError, match="region="):
        REPAIRED.check(case(neuron(2), 1, other=2))
    with pytest.raises(InputError, match="other="):
        NORM.check(case(neuron(2), 1, region=[(1, 2)]))
