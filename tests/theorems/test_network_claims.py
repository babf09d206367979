"""The claims about networks: energies that fall, cycles without symmetry, norms that see sizes only, refusals."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from fractions import Fraction

import pytest

from dynlatch import InputError, Verdict, henon, neuron, tanh_network
from dynlatch.rigor import balls
from dynlatch.theorems import case, statement
from dynlatch.theorems import network_claims as claims

SYMMETRIC = statement("symmetric")
NORM, SPECTRAL, REPAIRED = statement("unit-norm"), statement("unit-norm", "spectral"), statement("unit-norm'")

W = tanh_network([["3/2", "1/2"], ["1/2", "-1/2"]])
LEAST = (1 - math.sqrt(5)) / 2  # of W
QUARTER_TURN = tanh_network([[0, -2], [2, 0]])
ROTATION = tanh_network([["3/5", "-3/5"], ["3/5", "3/5"]])
SHEAR = tanh_network([["1/2", 100], [0, "1/2"]])


def with_checker(of, checker):
    return replace(of, checker=checker)


# --- symmetric W ------------------------------------------------------------------------------------------------------


def test_the_energy_falls() -> None:
    found = SYMMETRIC.check(case(W, ["1/10", "7/10"], inputs=[["1/10", "-1/5"]] * 10))
    assert found.verdict is Verdict.PROVED
    assert 0 < float(found.margin) < 1e-4
    assert abs(float(found.hypotheses[1].margin) - (LEAST + 1)) < 1e-12


def test_the_energy_falls_by_what_the_proof_says() -> None:
    u = [Fraction(1, 10), Fraction(-1, 5)]
    on = case(W, [3, -2], inputs=[u] * 6)
    layer = claims.layer_of(W)
    with balls.precision(256):
        drive = [balls.ball(v) for v in u]
        orbit = on.orbit()
        for before, after in itertools.pairwise(orbit):
            moved = sum((balls.tanh(a) - balls.tanh(b)) ** 2 for a, b in zip(after, before, strict=True))
            fall = claims.energy(layer, drive, before) - claims.energy(layer, drive, after)
            assert fall >= balls.ball(Fraction(1 + LEAST - 1e-9)) * moved / 2


def test_the_energy_in_closed_form() -> None:
    x, (u, v) = (math.tanh(0.3), math.tanh(-1.2)), (0.1, -0.2)
    square = 1.5 * x[0] ** 2 + 2 * 0.5 * x[0] * x[1] - 0.5 * x[1] ** 2
    bends = [y * math.atanh(y) + math.log(1 - y * y) / 2 for y in x]
    with balls.precision(128):
        state, drive = ([balls.ball(t) for t in vector] for vector in ((0.3, -1.2), (u, v)))
        found = float(claims.energy(claims.layer_of(W), drive, state))
    assert abs(found - (-square / 2 - u * x[0] - v * x[1] + sum(bends))) < 1e-12


def test_an_orbit_that_has_come_to_rest_is_decided_by_its_trapping_region() -> None:
    assert SYMMETRIC.check(case(W, ["1/10", "7/10"], steps=400)).verdict is Verdict.PROVED
    assert SYMMETRIC.check(case(W, [0, 0], steps=3)).verdict is Verdict.PROVED  # the saddle itself, exactly at rest


def test_a_creeping_orbit_is_decided_as_far_as_it_goes() -> None:
    pitchfork = tanh_network([[1]])
    assert SYMMETRIC.check(case(pitchfork, ["1/2"], steps=50)).verdict is Verdict.PROVED
    assert SYMMETRIC.check(case(pitchfork, ["1/2"])).verdict is Verdict.INCONCLUSIVE  # no step, nothing reached


def test_the_edge_of_the_bound_is_exact() -> None:
    at_edge, inside = ([[w, 0], [0, 0]] for w in (Fraction(-1), Fraction(-1) + Fraction(1, 10**40)))
    assert not claims.is_positive_definite(claims.shifted(at_edge, Fraction(1)))
    assert claims.is_positive_definite(claims.shifted(inside, Fraction(1)))
    found = SYMMETRIC.check(case(tanh_network([[-1]]), ["1/10"], steps=3))
    assert found.applies is Verdict.REFUTED
    assert float(found.hypotheses[1].margin) == 0


def test_without_the_bound_a_pair_of_states_attracts() -> None:
    on = case(tanh_network([[-2]]), ["1/10"], steps=10)
    assert SYMMETRIC.check(on).verdict is Verdict.INCONCLUSIVE
    for least in (None, Fraction(-3)):
        found = with_checker(SYMMETRIC, claims.symmetric_checker(least=least)).check(on)
        assert found.verdict is Verdict.REFUTED
        assert "period 2" in found.reason


def test_without_symmetry_a_cycle_of_four_attracts() -> None:
    on = case(QUARTER_TURN, [1, 1], steps=5)
    found = SYMMETRIC.check(on)
    assert found.applies is Verdict.REFUTED
    assert "W = W^T" in found.reason
    loose = with_checker(SYMMETRIC, claims.symmetric_checker(any_matrix=True)).check(on)
    assert loose.verdict is Verdict.REFUTED
    assert "period 4" in loose.reason


def test_the_input_must_be_constant() -> None:
    found = SYMMETRIC.check(case(W, [1, 1], inputs=[[0, 0], [1, 0]]))
    assert found.applies is Verdict.REFUTED
    assert SYMMETRIC.check(case(W, states=[[1, 1], [0, 0], [1, 0]])).applies is Verdict.REFUTED
    alike = case(neuron(2), states=["1/2", "1/2", "1/2"])  # balls never tell that two inputs are one
    assert SYMMETRIC.check(alike).applies is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("rows", "definite"),
    [([[2, 1], [1, 2]], True), ([[1, 1], [1, 1]], False), ([[1, 2], [2, 1]], False), ([[0]], False)],
)
def test_definiteness_is_exact(rows, definite) -> None:
    assert claims.is_positive_definite([[Fraction(v) for v in row] for row in rows]) is definite


# --- W of size below 1 ------------------------------------------------------------------------------------------------


def test_a_small_norm_leads_to_the_origin() -> None:
    found = NORM.check(case(ROTATION, [3, 4]))
    assert found.verdict is Verdict.PROVED
    assert abs(float(found.hypotheses[0].margin) - (1 - 0.6 * math.sqrt(2))) < 1e-12
    assert NORM.check(case(SHEAR, [3, 4])).applies is Verdict.REFUTED


def test_the_spectral_witness_replays() -> None:
    found = SPECTRAL.replay()
    assert found.verdict is Verdict.REFUTED
    assert all(f.holds for f in found.findings)
    assert float(found.findings[0].margin) == 1  # rho(W) = 0
    plot = SPECTRAL.witness.plot()
    assert abs(plot.curves[0][2][-1] - 2 * 1.7834469) < 1e-4
    assert abs(plot.curves[1][2][-1]) < 1e-6


@pytest.mark.parametrize("start", [[1, "1/2"], [0, 0], ["-1/10", "1/10"]])
def test_a_spoilt_spectral_witness_does_not(start) -> None:
    spoilt = case(claims.NILPOTENT, start)
    assert replace(SPECTRAL, witness=replace(SPECTRAL.witness, case=spoilt)).replay().verdict is Verdict.INCONCLUSIVE
    assert SPECTRAL.check(spoilt).verdict is Verdict.PROVED


def test_the_saddles_between_are_not_decided() -> None:
    on = case(claims.NILPOTENT, [0, 0], steps=0)
    assert SPECTRAL.check(on).verdict is Verdict.PROVED
    # 4 x^3 / (1 + x^2) = s at the saddle: no rational start converges to it, and one within 1e-20 takes too long
    low, high = Fraction(1, 2), Fraction(3, 2)
    for _ in range(300):
        middle = (low + high) / 2
        with balls.precision(400):
            x = balls.tanh(balls.ball(middle))
            grows = 4 * x**3 / (1 + x * x) > balls.ball(middle)
        low, high = (low, middle) if grows else (middle, high)
    found = SPECTRAL.check(case(claims.NILPOTENT, [2 * low, low]))
    assert found.applies is Verdict.PROVED
    assert found.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("c", [2, 3, 6])
def test_the_whole_family_refutes_eigenvalues(c) -> None:
    m = tanh_network([[-2 * c, 4 * c], [-c, 2 * c]])
    assert SPECTRAL.check(case(m, [2 * c, c])).verdict is Verdict.REFUTED
    repaired = REPAIRED.check(case(m, [2 * c, c]))
    assert repaired.verdict is Verdict.INCONCLUSIVE
    assert not repaired.hypotheses[0].holds
    loose = with_checker(REPAIRED, claims.unit_norm_repaired_checker(any_norm=True))
    assert loose.check(case(m, [2 * c, c])).verdict is Verdict.REFUTED


def test_the_repair_takes_lengths_and_maxima() -> None:
    assert REPAIRED.check(case(ROTATION, [3, 4])).verdict is Verdict.PROVED  # by the length, rho(|w_ij|) = 1.2
    by_maximum = REPAIRED.check(case(SHEAR, [3, 4]))
    assert by_maximum.verdict is Verdict.PROVED
    assert float(by_maximum.hypotheses[0].margin) == pytest.approx(0.5)


def test_the_repair_takes_weights() -> None:
    turned = tanh_network([["3/5", "-6/5"], ["3/10", "3/5"]])  # the rotation with the second state halved
    assert REPAIRED.check(case(turned, [3, 4])).applies is Verdict.INCONCLUSIVE
    assert REPAIRED.check(case(turned, [3, 4], other=[1, 2])).verdict is Verdict.PROVED
    for bad in ([1, 0], [-1, 2]):
        with pytest.raises(InputError, match="must be positive"):
            REPAIRED.check(case(turned, [3, 4], other=bad))


def test_no_norm_is_below_one_where_the_radius_is_not() -> None:
    assert REPAIRED.check(case(tanh_network([[2, 0], [0, 0]]), [1, 1])).applies is Verdict.REFUTED
    assert REPAIRED.check(case(tanh_network([[1]]), [1])).applies is Verdict.REFUTED  # the pitchfork


@pytest.mark.parametrize("claim", [NORM, SPECTRAL, REPAIRED], ids=repr)
def test_inputs_are_outside_these_claims(claim) -> None:
    for driven in (case(ROTATION, [1, 1], inputs=[[1, 0]]), case(tanh_network([["1/2"]], 1), [1])):
        assert claim.check(driven).applies is Verdict.REFUTED
    assert claim.check(case(ROTATION, states=[[1, 1], [0, 1]])).applies is Verdict.INCONCLUSIVE


# --- other maps -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("claim", [SYMMETRIC, NORM, SPECTRAL, REPAIRED], ids=repr)
def test_other_maps_are_refused(claim) -> None:
    with pytest.raises(InputError, match="give a tanh_network"):
        claim.check(case(henon(), [0, 0], steps=2))


def test_neurons_are_networks_of_one_unit() -> None:
    assert NORM.check(case(neuron("1/2"), 3)).verdict is Verdict.PROVED
    assert SYMMETRIC.check(case(neuron(2, "1/10"), -1, steps=5)).verdict is Verdict.PROVED
