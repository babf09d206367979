"""Theorem 4: both witnesses replay, the repair holds, and its mutants are refuted."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from dynlatch import InputError, Verdict, henon, neuron, tanh_network
from dynlatch.theorems import case, statement
from dynlatch.theorems.joint_rates import joint_rate, radius_below_one
from dynlatch.theorems.telescoping import gradient, telescopes, telescoping
from dynlatch.theorems.theorem_4 import repaired_checker, repaired_spectral_checker

NORM, SPECTRAL = (statement("T4", reading) for reading in ("norm", "spectral"))
BY_NORM, JOINT = (statement("T4'", reading) for reading in ("norm", "spectral"))

ROTOR = tanh_network([[-2, 3], [-2, 2]])
SWAP = {"states": [["2/5", "6/5"], [2, "9/10"]], "periodic": True, "region": [("2/5", 2), ("9/10", "6/5")]}


@pytest.mark.parametrize("printed", [NORM, SPECTRAL], ids=["norm", "spectral"])
def test_the_witnesses_replay(printed) -> None:
    found = printed.replay()
    assert found.verdict is Verdict.REFUTED
    assert all(f.holds for f in found.findings)
    sizes = printed.witness.plot().curves[0][2]
    assert min(sizes) > 0.5


def test_a_spoilt_witness_does_not() -> None:
    on = SPECTRAL.witness.case
    latched = replace(on, states=((Fraction(9, 10), on.states[0][1]), (on.states[1][0], Fraction(9, 10))))
    assert SPECTRAL.check(latched).verdict is Verdict.PROVED  # m(9/10) < 1
    outside = replace(on, states=((Fraction(1, 10), Fraction(1, 10)), on.states[1]))
    assert SPECTRAL.check(outside).verdict is Verdict.INCONCLUSIVE  # explodes, but outside Gamma
    for spoilt in (latched, outside):
        assert replace(SPECTRAL, witness=replace(SPECTRAL.witness, case=spoilt)).replay().verdict is not Verdict.REFUTED


def test_the_gradient_of_the_spectral_witness_grows_like_the_slope_at_four_fifths() -> None:
    margin = SPECTRAL.check(SPECTRAL.witness.case).margin
    slope = 2 * (1 - Fraction("0.6640367702678490") ** 2)  # tanh(4/5) to 16 digits
    assert abs(float(margin) - float(1 - slope**2)) < 1e-12


@pytest.mark.parametrize("offset", [2, "3/2", 10])
def test_any_offset_telescopes(offset) -> None:
    assert all(f.holds for f in telescopes(offset))


def test_the_closed_form_of_the_telescoping_gradient() -> None:
    product = Fraction(1)
    for t in range(30):
        assert gradient(t) == product
        product *= 1 - Fraction(1, (t + 2) ** 2)


def test_norms_refuse_the_spectral_witness() -> None:
    assert NORM.check(SPECTRAL.witness.case).applies is not Verdict.PROVED


def test_a_limit_is_not_decided_by_finitely_many_steps() -> None:
    found = NORM.check(case(neuron(2), "3/2", inputs=["1/10", "-1/10"]))
    assert found.applies is Verdict.PROVED
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "limit" in found.conclusion.how


def test_states_of_two_attractors_are_not_latched_on_one() -> None:
    assert NORM.check(case(neuron(2), states=["3/2", "-3/2"], periodic=True)).applies is Verdict.REFUTED


def test_an_attractor_with_a_large_norm_is_not_hyperbolic_in_that_reading() -> None:
    on = case(tanh_network([["1/2", 3], [0, "1/2"]]), states=[[0, 3]], periodic=True)  # in Gamma(0), but |M'(0)| = 3.08
    assert [f.verdict for f in NORM.check(on).hypotheses] == [Verdict.REFUTED, Verdict.PROVED]
    assert SPECTRAL.check(on).applies is Verdict.PROVED


def test_alpha_bounds_the_gradient_on_a_compact_set() -> None:
    found = BY_NORM.check(telescoping(2, 40))
    assert found.verdict is Verdict.PROVED
    constant = BY_NORM.check(case(neuron(2), states=["3/2"] * 5, region=[("3/2", 2)]))  # the bound is attained
    assert constant.verdict is Verdict.PROVED
    assert 0 <= constant.margin.lower < 1e-20


def test_the_sum_decides_where_there_is_no_set() -> None:
    found = BY_NORM.check(case(neuron(2), states=["1/2", 2], periodic=True))  # m > 1, then m < 1
    assert found.applies is Verdict.PROVED
    assert found.verdict is Verdict.PROVED
    assert BY_NORM.check(SPECTRAL.witness.case).applies is Verdict.REFUTED


def test_alpha_at_the_start_alone_is_refuted_by_the_telescoping_trajectory() -> None:
    mutant = replace(BY_NORM, checker=repaired_checker(start_only=True))
    assert mutant.check(telescoping("5/4", 3)).verdict is Verdict.REFUTED


def test_the_pitchfork_is_not_decided() -> None:
    on = case(neuron(1), 0, steps=3, region=[(-1, 1)])
    assert BY_NORM.check(on).verdict is Verdict.INCONCLUSIVE
    assert JOINT.check(on).verdict is Verdict.INCONCLUSIVE


def test_products_in_any_order_are_bounded_by_the_joint_spectral_radius() -> None:
    on = case(
        tanh_network([["6/5", 1], ["-1/2", "6/5"]]),
        states=[["1", "3/2"], ["3/2", "1"], ["2", "2"], ["1", "1"], ["3/2", "1"]], region=[(1, 2), (1, 2)],
    )  # fmt: skip
    found = JOINT.check(on)
    assert found.verdict is Verdict.PROVED
    outside = replace(on, region=((Fraction(1), Fraction(3, 2)),) * 2)
    assert JOINT.check(outside).applies is Verdict.REFUTED


def test_the_joint_rate_of_one_state_is_the_largest_slope() -> None:
    found = joint_rate(neuron(2), ((Fraction(3, 2), Fraction(2)),))
    slope = 2 / 2.352409615243247**2  # cosh(3/2)
    assert found.below_one.holds
    assert slope <= found.rate < 1.01 * slope + 1e-2
    assert found.constant == 1.0


def test_the_coordinate_swap_refutes_pointwise_eigenvalues_and_not_the_joint_radius() -> None:
    on = case(ROTOR, **SWAP)
    assert radius_below_one(ROTOR, on.region).holds
    mutant = replace(JOINT, checker=repaired_spectral_checker(pointwise=True))
    assert mutant.check(on).verdict is Verdict.REFUTED
    found = JOINT.check(on)
    assert found.applies is Verdict.REFUTED
    assert found.hypotheses[1].margin.upper < 0


def test_pointwise_radii_of_other_maps_are_bounded_too() -> None:
    assert radius_below_one(neuron(2), ((Fraction(1), Fraction(2)),)).holds
    assert radius_below_one(neuron(2), ((Fraction(0), Fraction(2)),)).fails
    assert radius_below_one(ROTOR, ((Fraction(0), Fraction(2)),) * 2).fails


def test_other_maps_have_joint_rates_too() -> None:
    box = ((Fraction(-1, 10), Fraction(1, 10)),) * 2  # |J| of x -> (1 - a x^2 + y, b x) near 0 is small in some norm
    assert joint_rate(henon("1/2", "1/10"), box).below_one.holds


def test_bad_input() -> None:
    with pytest.raises(InputError, match="give region="):
        JOINT.check(case(neuron(2), 1, steps=1))
    with pytest.raises(InputError, match="give region="):
        BY_NORM.check(case(neuron(2), 1, steps=1))
    with pytest.raises(InputError, match="must exceed 1"):
        telescoping(1)
    with pytest.raises(InputError, match="must exceed 1"):
        telescopes(1)
    wide = tanh_network([[0] * 9] * 9)
    with pytest.raises(InputError, match="8 at most"):
        JOINT.check(case(wide, [0] * 9, steps=1, region=[(0, 1)] * 9))
