"""Definitions 1 to 6: their witnesses, their checkers, and what must not be decided."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import pytest

from dynlatch.errors import InputError
from dynlatch.maps.catalogue import cubic, logistic, neuron, tanh_network
from dynlatch.maps.definition import Formulas
from dynlatch.rigor import balls
from dynlatch.theorems import definition_witnesses, reduced_sets
from dynlatch.theorems.cases import case, exact_state, free_orbit
from dynlatch.theorems.definitions import SADDLE_CYCLE, attraction_checker
from dynlatch.theorems.definitions import STATEMENTS as FIRST
from dynlatch.theorems.reduced_sets import LEAVES_GAMMA, contracting_checker, uniform_checker
from dynlatch.theorems.reduced_sets import STATEMENTS as SECOND
from dynlatch.verdict import Verdict

ROWS = {(s.id, s.reading): s for s in (*FIRST, *SECOND)}
PAIR = tanh_network([[0, 2], [2, 0]])
SHEAR = tanh_network([["1/2", 3], [0, "1/2"]])
MU = 2 * (1 - (1.9150080481545375 / 2) ** 2)


def checked(id, on, reading="norm", checker=None):
    row = ROWS[id, reading]
    return (replace(row, checker=checker) if checker else row).check(on)


EXPECTED = {
    "Def1": "PP", "Def2": "RR", "Def2'": "P", "Def3": "PR", "Def3'": "P",
    "Def4": "PR", "Def5": "RR", "Def5'": "P", "Def6": "PP",
}  # fmt: skip


def test_every_row_is_there_with_its_verdict():
    found = {id: "".join(s.verdict[0] for (i, _), s in ROWS.items() if i == id) for id, _ in ROWS}
    assert found == EXPECTED


@pytest.mark.parametrize("row", [s for s in ROWS.values() if s.verdict is Verdict.REFUTED], ids=repr)
def test_witnesses_replay_and_can_be_drawn(row):
    assert row.replay().verdict is Verdict.REFUTED
    curves = row.witness.plot().curves
    assert curves
    assert all(len(x) == len(y) > 1 and all(map(math.isfinite, y)) for _, x, y in curves)


@pytest.mark.parametrize("row", [s for s in ROWS.values() if s.witness and s.witness.case], ids=repr)
def test_a_spoilt_case_refutes_nothing(row):
    quiet = case(neuron(2), "1.9", steps=1)
    spoilt = replace(row, witness=replace(row.witness, case=quiet))
    assert spoilt.replay().verdict is Verdict.INCONCLUSIVE


def test_stairs_with_too_strong_a_pull_refute_nothing(monkeypatch):
    stairs = definition_witnesses.STAIRS
    strong = Formulas(tuple(e.subs(definition_witnesses._PULL, Fraction(1, 2)) for e in stairs.explicit))
    monkeypatch.setattr(definition_witnesses, "STAIRS", replace(stairs, rule=strong))
    assert ROWS["Def2", "norm"].replay().verdict is Verdict.INCONCLUSIVE


def test_chaos_with_another_map_on_the_axes_refutes_nothing(monkeypatch):
    monkeypatch.setattr(definition_witnesses, "_chaotic", lambda u: u**2 / (u**2 + (3 * u - 2) ** 2 + 1))
    assert ROWS["Def3", "spectral"].replay().verdict is Verdict.INCONCLUSIVE


def test_the_wandering_orbit_follows_its_binary_digits():
    digits, near, far = definition_witnesses._digits()
    with balls.precision(256):
        orbit = definition_witnesses._wandering()
        theta = definition_witnesses._angle()
        for t, state in enumerate(orbit):
            x = math.sin(math.pi * float((theta * 2**t) % 1)) ** 2
            assert float(state[t % 2].mid()) == pytest.approx(1 / (2 - x), abs=1e-9)
    assert all(digits[t : t + 2] == "01" for t in near)
    assert all(digits[t : t + 3] == "000" for t in far)


class TestInvariantSets:
    @pytest.mark.parametrize(
        ("m", "states"),
        [(cubic("5/4"), ["1/2", "-1/2"]), (logistic(4), [0, "3/4"]), (neuron(2), [0]), (cubic(2), [1, -1, 0])],
    )
    def test_proved(self, m, states):
        assert checked("Def1", case(m, states=states, periodic=True)).verdict is Verdict.PROVED

    @pytest.mark.parametrize(
        ("m", "states", "why"),
        [
            (logistic(4), ["3/4", "1/4"], "is an image"),
            (logistic(4), ["1/2", "1"], "lies in E"),
            (neuron(2), [0, 1], "lies in E"),
        ],
    )
    def test_a_set_that_is_not_invariant_fails_a_hypothesis(self, m, states, why):
        found = checked("Def1", case(m, states=states, periodic=True))
        assert found.applies is Verdict.REFUTED
        assert why in found.reason

    def test_other_cases_are_refused(self):
        with pytest.raises(InputError, match="finite sets"):
            checked("Def1", case(neuron(2), 1, steps=3))


class TestAttraction:
    @pytest.mark.parametrize("reading", ["norm", "spectral"])
    def test_the_latched_state_attracts_by_its_multiplier(self, reading):
        found = checked("Def2", case(neuron(2), "1.9"), reading)
        assert found.verdict is Verdict.PROVED
        assert float(found.margin) == pytest.approx(1 - MU, abs=1e-12)
        assert found.margin.width < 1e-30

    def test_the_repair_certifies_a_neighbourhood(self):
        found = checked("Def2'", case(PAIR, ["1.915", "-1.915"], steps=2))
        assert found.verdict is Verdict.PROVED
        assert float(found.margin) == pytest.approx(1 - MU**2, abs=1e-12)

    def test_its_mutant_with_eigenvalues_is_refuted(self):
        found = checked("Def2'", SADDLE_CYCLE, checker=attraction_checker("spectral"))
        assert found.verdict is Verdict.REFUTED
        assert float(found.margin) == pytest.approx(-3)
        assert checked("Def2'", SADDLE_CYCLE).applies is Verdict.REFUTED

    @pytest.mark.parametrize("m", [neuron(1), cubic(1)])
    def test_the_pitchfork_is_not_decided(self, m):
        found = checked("Def2", case(m, 0), "spectral")
        assert found.verdict is Verdict.INCONCLUSIVE
        assert found.conclusion.verdict is Verdict.INCONCLUSIVE

    def test_where_there_is_no_cycle_nothing_is_decided(self):
        found = checked("Def2", case(neuron(2), 1, steps=2))
        assert found.verdict is Verdict.INCONCLUSIVE
        assert "not decided" in found.reason

    def test_pointwise_radii_of_the_saddle(self):
        hypothesis = ROWS["Def2", "spectral"].check(SADDLE_CYCLE).hypotheses[1]
        assert float(hypothesis.margin) == pytest.approx(1 - math.sqrt(2 * MU), abs=1e-12)


class TestApproach:
    def test_an_orbit_that_comes_near_converges(self):
        assert checked("Def3", case(neuron(2), "1/10", steps=20)).verdict is Verdict.PROVED

    def test_one_that_has_not_come_near_yet_is_not_decided(self):
        assert checked("Def3", case(neuron(2), "1/1000", steps=1)).verdict is Verdict.INCONCLUSIVE

    def test_the_unstable_point_is_not_decided(self):
        assert checked("Def3'", case(neuron(2), 0, steps=5)).verdict is Verdict.INCONCLUSIVE

    def test_only_the_repair_speaks_of_a_stable_point_with_large_norm(self):
        on = case(SHEAR, [2, 2], steps=60)
        assert checked("Def3", on).applies is Verdict.REFUTED
        assert checked("Def3'", on).verdict is Verdict.PROVED


class TestInclusion:
    def test_a_cycle_in_its_own_reduced_set(self):
        found = checked("Def4", case(PAIR, ["1.915", "-1.915"], steps=2))
        assert found.verdict is Verdict.PROVED
        assert float(found.margin) == pytest.approx(1 - MU, abs=1e-12)

    def test_spectral_membership_where_the_norm_is_large(self):
        found = checked("Def4", case(SHEAR, [0, 0]), "spectral")
        assert found.verdict is Verdict.PROVED
        assert float(found.margin) == pytest.approx(0.5)

    def test_the_saddle_is_outside_by_three(self):
        found = checked("Def4", SADDLE_CYCLE, "spectral")
        assert found.verdict is Verdict.REFUTED
        assert float(found.margin) == pytest.approx(-3)

    def test_the_edge_is_not_decided(self):
        assert checked("Def4", case(cubic(1), 0), "spectral").verdict is Verdict.INCONCLUSIVE


class TestLatched:
    @pytest.mark.parametrize("reading", ["norm", "spectral"])
    def test_the_neuron_stays_latched(self, reading):
        assert checked("Def5", case(neuron(2), "9/10", steps=3), reading).verdict is Verdict.PROVED

    def test_below_the_edge_it_is_not_latched(self):
        assert checked("Def5", case(neuron(2), "0.88", steps=3)).applies is Verdict.REFUTED

    def test_the_repair_and_its_mutant(self):
        mutant = uniform_checker(products_only=True)
        assert checked("Def5'", LEAVES_GAMMA).applies is Verdict.REFUTED
        assert checked("Def5'", LEAVES_GAMMA, checker=mutant).verdict is Verdict.REFUTED
        calm = case(neuron(2), "9/10", steps=4)
        found = checked("Def5'", calm)
        assert found.verdict is Verdict.PROVED
        assert float(found.margin) == pytest.approx(1 - 2 / math.cosh(0.9) ** 2, abs=1e-12)

    def test_cycles_are_refused(self):
        with pytest.raises(InputError, match="must be a fixed point"):
            checked("Def5'", case(PAIR, ["1.9", "-1.9"], steps=1))

    def test_an_orbit_without_attractor_is_not_decided(self):
        assert checked("Def5'", case(neuron(2), 0)).verdict is Verdict.INCONCLUSIVE


class TestContracting:
    def test_orbits_of_the_neuron_approach(self):
        on = case(neuron(2), 1, other=2, region=[("9/10", 3)], steps=5)
        found = checked("Def6", on)
        assert found.verdict is Verdict.PROVED
        assert float(found.hypotheses[0].margin) == pytest.approx(1 - 2 / math.cosh(0.9) ** 2, abs=1e-9)

    @pytest.mark.parametrize(
        ("lower", "steps", "why"), [("8/10", 5, "alpha < 1"), ("11/10", 2, "stay in D")]
    )  # fmt: skip
    def test_a_box_that_is_too_large_or_left(self, lower, steps, why):
        found = checked("Def6", case(neuron(2), 1, other=2, region=[(lower, 3)], steps=steps))
        assert found.applies is Verdict.REFUTED
        assert why in found.reason

    def test_its_mutant_with_eigenvalues_is_refuted(self):
        on = case(SHEAR, [0, 1], other=[0, 0], region=[(-4, 4)] * 2, steps=3)
        assert checked("Def6", on).applies is Verdict.REFUTED
        mutant = checked("Def6", on, checker=contracting_checker(constant="spectral"))
        assert mutant.verdict is Verdict.REFUTED
        stretched = math.hypot(3 * math.tanh(1), 0.5 * math.tanh(1))
        assert float(mutant.margin) == pytest.approx(0.5 - stretched)

    @pytest.mark.parametrize("given", [{}, {"region": [(0, 3)]}, {"other": 1}])
    def test_missing_parts_are_named(self, given):
        with pytest.raises(InputError, match=r"region=|other="):
            checked("Def6", case(neuron(2), 1, steps=2, **given))


def test_the_state_that_leaves_gamma_is_where_the_text_says():
    with balls.precision(128):
        after = free_orbit(LEAVES_GAMMA.map, LEAVES_GAMMA.start, 1)[1]
        assert after[0].contains(0)
        assert float(after[1].mid()) == pytest.approx(2 * math.tanh(5))
        assert reduced_sets.in_reduced_set(LEAVES_GAMMA.map, exact_state((Fraction(5),) * 2), "norm", "a_0").holds


def test_no_cycle_is_looked_for_among_numbers_of_ever_more_digits() -> None:
    asked = ROWS["Def2'", "norm"].check(case(logistic("3.2"), "-3/7", steps=60))  # 2^60 digits, if followed exactly
    assert asked.verdict is Verdict.INCONCLUSIVE


def test_nothing_is_asked_of_the_orbit_of_a_state_outside_gamma() -> None:
    found = ROWS["Def5", "norm"].check(case(neuron(2), 0, steps=10_000))  # 0 is a fixed point, with slope 2
    assert found.applies is not Verdict.PROVED
    assert "not looked at" in found.conclusion.how
