"""Subsampled cycles and jumps between attractors: witnesses, checkers, mutants, and what must not be decided."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from dynlatch.errors import InputError
from dynlatch.maps.catalogue import cubic, logistic, neuron, tanh_network
from dynlatch.theorems import attractor_claims
from dynlatch.theorems.attractor_claims import (
    QUICK_JUMPS,
    SHEAR,
    SLOW_JUMPS,
    STATEMENTS,
    adapted_checker,
    mean_checker,
)
from dynlatch.theorems.cases import case
from dynlatch.theorems.definitions import SADDLE_CYCLE
from dynlatch.verdict import Verdict

ROWS = {(s.id, s.reading): s for s in STATEMENTS}
PAIR = tanh_network([[0, 2], [2, 0]])
SHORT_JUMPS = case(neuron(2), states=["1.915", 0, 0, "-1.915", 0, 0], periodic=True)


def slope(a, w=2.0):
    return w / math.cosh(a) ** 2


def checked(id, on, reading="norm", checker=None):
    row = ROWS[id, reading]
    return (replace(row, checker=checker) if checker else row).check(on)


def test_every_row_is_there_with_its_verdict():
    found = {id: "".join(s.verdict[0] for (i, _), s in ROWS.items() if i == id) for id, _ in ROWS}
    assert found == {"subsample": "RR", "subsample'": "P", "jump": "RR", "jump'": "P"}


@pytest.mark.parametrize("row", [s for s in STATEMENTS if s.witness], ids=repr)
def test_witnesses_replay_and_can_be_drawn(row):
    assert row.replay().verdict is Verdict.REFUTED
    curves = row.witness.plot().curves
    assert curves
    assert all(len(x) == len(y) > 1 and all(map(math.isfinite, y)) for _, x, y in curves)


@pytest.mark.parametrize(
    ("id", "reading", "spoilt"),
    [
        ("subsample", "norm", case(neuron(2), "1.9")),
        ("jump", "norm", SHORT_JUMPS),
        ("jump", "spectral", case(PAIR, states=[["1.9", "1.915"], ["-1.915", "-1.9"]], periodic=True)),
    ],
)
def test_a_spoilt_case_refutes_nothing(id, reading, spoilt):
    row = ROWS[id, reading]
    assert replace(row, witness=replace(row.witness, case=spoilt)).replay().verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("rate", ["9/10", "11/10"])
def test_a_spoilt_cubic_refutes_nothing(monkeypatch, rate):
    monkeypatch.setattr(attractor_claims, "CUBIC", cubic(rate))
    assert ROWS["subsample", "spectral"].replay().verdict is Verdict.INCONCLUSIVE


class TestSubsampling:
    def test_the_norm_of_the_shear(self):
        found = checked("subsample", SHEAR)
        root = math.sqrt((9.5 + math.sqrt(9.5**2 - 0.25)) / 2)
        assert float(found.margin) == pytest.approx(1 - root, abs=1e-12)
        assert found.margin.width < 1e-30

    @pytest.mark.parametrize("reading", ["norm", "spectral"])
    def test_a_cycle_of_the_logistic_map(self, reading):
        found = checked("subsample", case(logistic("3.2"), "0.51", steps=2), reading)
        assert found.verdict is Verdict.PROVED
        assert float(found.margin) == pytest.approx(1 - abs(4 + 2 * 3.2 - 3.2**2), abs=1e-12)

    @pytest.mark.parametrize("m", [neuron(1), cubic(1)])
    @pytest.mark.parametrize("id", ["subsample", "subsample'"])
    def test_a_multiplier_of_one_is_never_decided(self, m, id):
        assert checked(id, case(m, 0)).verdict is Verdict.INCONCLUSIVE

    def test_a_saddle_fails_the_hypothesis(self):
        assert checked("subsample", SADDLE_CYCLE).applies is Verdict.REFUTED

    def test_where_there_is_no_cycle_nothing_is_decided(self):
        assert checked("subsample'", case(neuron(2), 1, steps=3)).verdict is Verdict.INCONCLUSIVE

    def test_the_adapted_norm_and_its_mutant(self):
        found = checked("subsample'", SHEAR)
        assert found.verdict is Verdict.PROVED
        assert 0 < float(found.margin) < 0.5  # no norm of W is below its radius 1/2
        assert checked("subsample'", SHEAR, checker=adapted_checker(euclidean=True)).verdict is Verdict.REFUTED


class TestJumps:
    def test_the_growth_of_the_witnesses(self):
        slow = checked("jump", SLOW_JUMPS)
        assert float(slow.margin) == pytest.approx(1 - (slope(1.915) * 8) ** 2, abs=1e-12)
        quick = checked("jump", QUICK_JUMPS, "spectral")
        assert float(quick.margin) == pytest.approx(1 - slope(0.8) ** 2, abs=1e-12)

    def test_the_first_witness_refutes_both_readings(self):
        assert checked("jump", SLOW_JUMPS, "spectral").verdict is Verdict.REFUTED

    def test_in_norm_the_second_witness_is_not_latched(self):
        assert checked("jump", QUICK_JUMPS).verdict is Verdict.INCONCLUSIVE

    def test_two_steps_at_zero_are_too_few(self):
        found = checked("jump", SHORT_JUMPS)
        assert found.verdict is Verdict.PROVED
        assert float(found.margin) == pytest.approx(1 - (slope(1.915) * 4) ** 2, abs=1e-12)

    @pytest.mark.parametrize("w", ["1.1", "1.25", "2", "2.5"])
    def test_three_are_enough_at_moderate_weights(self, w):
        latched = case(neuron(w), states=[_latched(float(w)), 0, 0, 0], periodic=True)
        both = case(neuron(w), states=[_latched(float(w)), 0, 0, 0, -_latched(float(w)), 0, 0, 0], periodic=True)
        assert checked("jump", both).verdict is Verdict.REFUTED
        assert checked("jump", latched).verdict is Verdict.INCONCLUSIVE  # it visits one attractor only

    def test_at_large_weights_they_are_not(self):
        both = case(neuron(3), states=[_latched(3.0), 0, 0, 0, -_latched(3.0), 0, 0, 0], periodic=True)
        assert checked("jump", both).verdict is Verdict.PROVED

    @pytest.mark.parametrize("id", ["jump", "jump'"])
    def test_a_limit_needs_a_trajectory_that_repeats(self, id):
        with pytest.raises(InputError, match="periodic=True"):
            checked(id, case(neuron(2), 1, steps=5))

    def test_the_repair_on_both_witnesses_and_on_short_jumps(self):
        assert checked("jump'", SLOW_JUMPS).applies is Verdict.REFUTED
        assert checked("jump'", QUICK_JUMPS).applies is Verdict.REFUTED
        assert checked("jump'", SHORT_JUMPS).verdict is Verdict.PROVED

    def test_its_mutants_are_refuted(self):
        assert checked("jump'", SLOW_JUMPS, checker=mean_checker(dwelling_only=True)).verdict is Verdict.REFUTED
        assert checked("jump'", QUICK_JUMPS, checker=mean_checker(reading="spectral")).verdict is Verdict.REFUTED

    def test_a_product_of_exactly_one_is_no_proof(self):
        held = case(neuron(1), states=[0, 0], periodic=True)
        assert checked("jump'", held).applies is not Verdict.PROVED


def _latched(w):
    """A decimal a little beyond the latched state: it lies in Gamma, as every a > a_c does."""
    a = w
    for _ in range(400):
        a = w * math.tanh(a)
    return round(a + 5e-7, 6)
