"""Theorem 1 and its sharper form hold; that a ball outside Gamma grows exponentially is refuted."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from dynlatch import InputError, Map, Verdict, logistic, neuron, tanh_network
from dynlatch.maps.definition import Formulas, state_symbol
from dynlatch.rigor import balls
from dynlatch.theorems import case, statement
from dynlatch.theorems.measures import gradients
from dynlatch.theorems.theorem_1 import growth_checker, repaired_checker, separating_point, transient_checker

NORM, SPECTRAL = (statement("T1", reading) for reading in ("norm", "spectral"))
SHARPER = statement("T1'")
GROWTH = [statement("T1-growth", reading) for reading in ("norm", "spectral")]
TRANSIENT = statement("T1-growth'")
SHEAR = tanh_network([["3/2", 1], [0, "1/2"]])


def linear_turn() -> Map:
    """(x, y) -> (-y, x), whose derivative is orthogonal."""
    x, y = map(state_symbol, ("x", "y"))
    return Map("turn", (x, y), Formulas((-y, x)), (), ((Fraction(-2), Fraction(2)),) * 2)


def mutant(**switches):
    return replace(SHARPER, checker=repaired_checker(**switches))


@pytest.mark.parametrize("printed", [NORM, SPECTRAL], ids=["norm", "spectral"])
def test_theorem_1_holds_where_all_of_the_ball_stretches(printed) -> None:
    found = printed.check(case(SHEAR, ["1/10", "1/10"], radius="1/20"))
    assert found.verdict is Verdict.PROVED
    assert found.margin.lower > 0


def test_the_two_readings_differ_in_their_hypothesis() -> None:
    m = tanh_network([[0, 2], [0, 0]])  # norm 2, radius 0
    assert NORM.check(case(m, [0, 0], radius="1/10")).verdict is Verdict.PROVED
    assert SPECTRAL.check(case(m, [0, 0], radius="1/10")).applies is Verdict.REFUTED


def test_a_ball_across_the_edge_is_refused_and_one_that_just_fits_is_taken() -> None:
    edge = "0.8813735870"  # a_c at w = 2 to ten digits, below it
    near = case(neuron(2), "4/5", radius=Fraction(edge) - Fraction(4, 5))
    assert NORM.check(near).verdict is Verdict.PROVED
    assert NORM.check(near).hypotheses[0].margin.lower > 0
    across = replace(near, radius=Fraction("0.0814"))
    assert NORM.check(across).applies is Verdict.REFUTED


def test_the_pitchfork_is_not_decided() -> None:
    found = NORM.check(case(neuron(1), 0, radius="1/100"))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert SHARPER.check(case(neuron(1), 0)).verdict is Verdict.INCONCLUSIVE


def test_one_point_is_enough_and_the_margin_is_the_gain() -> None:
    m = logistic(4)  # M(x) - M(y) = 4 (x - y)(1 - x - y)
    found = SHARPER.check(case(m, "1/8", other="1/16"))
    assert found.verdict is Verdict.PROVED
    assert Fraction(4, 16) * Fraction(13, 16) - Fraction(1, 16) in found.margin
    assert found.margin.width < 1e-60
    stretched = found.hypotheses[0].margin
    assert Fraction(2) in stretched  # |M'(1/8)| - 1 = 4 (1 - 1/4) - 1


def test_y_is_found_where_none_is_given() -> None:
    y = separating_point(SHEAR, (Fraction(1, 10), Fraction(1, 10)), Fraction(1, 20))
    assert sum((a - Fraction(1, 10)) ** 2 for a in y) < Fraction(1, 20) ** 2
    assert SHARPER.check(case(SHEAR, ["1/10", "1/10"])).verdict is Verdict.PROVED
    assert separating_point(neuron("1/2"), (Fraction(0),), Fraction(1)) is None
    assert separating_point(neuron(2), (Fraction(87, 100),), Fraction(3)) is not None  # far points come nearer


def test_a_y_too_far_away_is_not_decided() -> None:
    far = SHARPER.check(case(neuron(2), "1/2", other=3))
    assert far.applies is Verdict.REFUTED  # M' changes by more than it gains at x
    assert far.conclusion.fails
    assert far.verdict is Verdict.INCONCLUSIVE
    dips = SHARPER.check(case(logistic(4), "1/8", other="7/8"))  # |M'| = 3 at both, and M(x) = M(y)
    assert dips.applies is Verdict.REFUTED


def test_mutants_are_refuted() -> None:
    across = case(tanh_network([["3/2", 0], [0, "1/2"]]), [0, 0], other=[0, "1/10"])
    assert SHARPER.check(across).applies is Verdict.REFUTED
    assert mutant(along=False).check(across).verdict is Verdict.REFUTED
    along = case(across.map, [0, 0], other=["1/10", 0])
    assert SHARPER.check(along).verdict is Verdict.PROVED
    assert mutant(in_every_direction=True).check(along).verdict is Verdict.REFUTED


def test_at_least_one_is_not_enough_for_an_orthogonal_map() -> None:
    turn = linear_turn()
    on = case(turn, ["1/4", "1/8"], other=["5/4", "1/8"])
    assert SHARPER.check(on).applies is Verdict.REFUTED
    found = mutant(strict=False).check(on)
    assert found.verdict is Verdict.REFUTED
    assert found.margin.lower <= 0 <= found.margin.upper


@pytest.mark.parametrize("printed", GROWTH, ids=["norm", "spectral"])
def test_the_growth_witness_replays(printed) -> None:
    found = printed.replay()
    assert found.verdict is Verdict.REFUTED
    assert all(f.holds for f in found.findings)
    ((_, times, sizes),) = printed.witness.plot().curves
    assert times[sizes.index(max(sizes))] == 4
    assert 7.82 < max(sizes) < 7.83
    assert sizes[-1] < 1e-12
    with balls.precision(256):
        *_, last = gradients(neuron(2), printed.witness.case.orbit())
        assert balls.ball(Fraction(69, 10**75)) < last[0][0] < balls.ball(Fraction(71, 10**75))


def test_a_spoilt_growth_witness_does_not() -> None:
    for start, steps in (("1/10", 2), ("9/10", 100), (0, 100)):
        # not yet settled; inside Gamma from the start; not in the basin at all
        spoilt = replace(GROWTH[0].witness, case=case(neuron(2), start, steps=steps))
        assert replace(GROWTH[0], witness=spoilt).replay().verdict is Verdict.INCONCLUSIVE


def test_an_attractor_that_is_not_hyperbolic_in_the_reading_refutes_nothing() -> None:
    m = tanh_network([["1/2", 4], [0, "1/2"]])  # the origin attracts, with |M'| > 4 and radius 1/2
    on = case(m, [1, 1], steps=80)
    assert GROWTH[0].check(on).applies is Verdict.REFUTED
    assert replace(GROWTH[1], checker=growth_checker("spectral")).check(on).verdict is not Verdict.PROVED


def test_outside_gamma_the_ball_is_large_once_and_small_in_the_end() -> None:
    found = TRANSIENT.check(case(neuron(2), "1/10", steps=60))
    assert found.verdict is Verdict.PROVED
    assert 6.82 < float(found.margin) < 6.83  # the peak less 1
    assert TRANSIENT.check(case(neuron(2), "1/10", steps=3)).verdict is Verdict.INCONCLUSIVE
    assert TRANSIENT.check(case(neuron(2), "3/2", steps=60)).applies is Verdict.REFUTED
    lasting = replace(TRANSIENT, checker=transient_checker(at_the_end=True))
    assert lasting.check(case(neuron(2), "1/10", steps=60)).verdict is Verdict.REFUTED


def test_bad_input() -> None:
    with pytest.raises(InputError, match="radius="):
        NORM.check(case(neuron(2), "1/2"))
    with pytest.raises(InputError, match="other= apart from start="):
        SHARPER.check(case(neuron(2), "1/2", other="1/2"))
    with pytest.raises(InputError, match="without inputs"):
        GROWTH[0].check(case(neuron(2), "1/10", inputs=["1/10"]))
    with pytest.raises(InputError, match="steps="):
        TRANSIENT.check(case(neuron(2), "1/10"))
