"""Appendix D: the row of the latched coordinates vanishes, their column need not."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
import sympy as sp

from dynlatch import InputError, Map, Verdict, henon, neuron, tanh_network
from dynlatch.maps.definition import Formulas, state_symbol
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.theorems import case, statement
from dynlatch.theorems.projection import repaired_checker

NORM, SPECTRAL = (statement("D", reading) for reading in ("norm", "spectral"))
REPAIRED = statement("D'")
WITNESS = NORM.witness.case


def held(weights, z=(1, 0), state=None):
    """A network held at one state for ever."""
    return case(tanh_network(weights), states=[state or [0] * len(weights)], periodic=True, other=z)


@pytest.mark.parametrize("printed", [NORM, SPECTRAL], ids=["norm", "spectral"])
def test_the_witness_replays_with_the_exact_limit(printed) -> None:
    found = printed.replay()
    assert found.verdict is Verdict.REFUTED
    assert found.findings[-1].margin == Enclosure.exactly(2)  # d y_t / d z_0 -> 2, not 0
    ((_, _, values),) = printed.witness.plot().curves
    assert values[:3] == (1.0, 1.5, 1.75)
    assert 2 - values[-1] == 2.0**-11


@pytest.mark.parametrize(
    ("weights", "applies", "verdict"),
    [
        ([["1/2", 0], [0, 1]], True, Verdict.PROVED),  # y never sees z
        ([["1/2", 0], [1, "1/2"]], True, Verdict.PROVED),  # y forgets
        ([["1/2", 0], [1, -3]], True, Verdict.REFUTED),  # y amplifies what it saw
        ([[1, 0], [1, 1]], False, Verdict.INCONCLUSIVE),  # z does not vanish
        ([["1/2", "1/9"], [1, 1]], False, Verdict.INCONCLUSIVE),  # z sees y
    ],
)
def test_the_printed_formula_on_other_networks(weights, applies, verdict) -> None:
    found = NORM.check(held(weights))
    assert (found.applies is Verdict.PROVED) == applies
    assert found.verdict is verdict


def test_the_margin_is_the_limit_where_y_keeps_it() -> None:
    # d y_t / d z_0 -> C / (1 - Z) for Y = 1
    found = NORM.check(held([["1/3", 0], ["5/2", 1]]))
    assert abs(-float(found.margin) - 2.5 / (1 - 1 / 3)) < 1e-12


def test_readings_differ_where_the_latched_block_stretches() -> None:
    weights = [["1/2", 2, 0], [0, "1/2", 0], [1, 0, 1]]
    on = held(weights, (1, 1, 0))
    assert NORM.check(on).applies is Verdict.REFUTED
    assert SPECTRAL.check(on).verdict is Verdict.REFUTED
    assert REPAIRED.check(on).verdict is Verdict.PROVED


@pytest.mark.parametrize("swapped", [False, True])
def test_the_repaired_inference_holds_on_the_witness_in_any_order_of_coordinates(swapped: bool) -> None:
    on = held([[1, 1], [0, "1/2"]], (0, 1)) if swapped else WITNESS
    found = REPAIRED.check(on)
    assert found.verdict is Verdict.PROVED
    assert found.margin == Enclosure.exactly(Fraction(1, 2))
    assert NORM.check(on).verdict is Verdict.REFUTED


def test_over_a_driven_cycle_the_product_decides() -> None:
    m = tanh_network([[2, 0], [1, 1]])  # 2 sech(0)^2 2 sech(2)^2 = 0.28: below 1 over both steps, not at each
    on = case(m, states=[[0, 1], [2, 0]], periodic=True, other=[1, 0])
    assert REPAIRED.check(on).verdict is Verdict.PROVED
    assert NORM.check(on).applies is Verdict.REFUTED


def test_formulas_are_differentiated_exactly() -> None:
    z, y = map(state_symbol, ("z", "y"))
    box = ((Fraction(-1), Fraction(1)),) * 2
    own = Map("own", (z, y), Formulas((z / 2 + (y + 1) ** 2 - y**2 - 2 * y - 1, y + z)), (), box)
    on = case(own, states=[[0, 0]], periodic=True, other=[1, 0])
    assert REPAIRED.check(on).hypotheses[0].holds
    mixed = case(henon(), states=[[0, 0]], periodic=True, other=[1, 0])
    assert not REPAIRED.check(mixed).hypotheses[0].holds
    assert REPAIRED.check(mixed).verdict is Verdict.INCONCLUSIVE


def test_two_free_coordinates_that_keep_it_are_left_open() -> None:
    on = held([["1/2", 0, 0], [1, 1, 0], [0, 0, 1]], (1, 0, 0))
    assert NORM.check(on).verdict is Verdict.INCONCLUSIVE
    assert REPAIRED.check(on).verdict is Verdict.PROVED


def test_a_multiplier_of_exactly_one_in_z_is_not_vanishing() -> None:
    assert REPAIRED.check(held([[1, 0], [1, "1/2"]])).applies is Verdict.REFUTED
    edge = REPAIRED.check(held([["1/3", 0], [1, 1]], state=[0, "1/3"]))
    assert edge.verdict is Verdict.PROVED


def test_mutants_are_refuted() -> None:
    printed = replace(REPAIRED, checker=repaired_checker(columns=True))
    assert printed.check(WITNESS).verdict is Verdict.REFUTED
    lasting = replace(REPAIRED, checker=repaired_checker(vanishing=False))
    assert lasting.check(held([[2, 0], [1, "1/2"]])).verdict is Verdict.REFUTED


def test_a_spoilt_witness_does_not_replay() -> None:
    spoilt = held([["1/2", 0], [0, 1]])
    assert replace(NORM, witness=replace(NORM.witness, case=spoilt)).replay().verdict is Verdict.INCONCLUSIVE


def test_bad_input() -> None:
    with pytest.raises(InputError, match="other="):
        NORM.check(case(neuron(2), states=[1], periodic=True))
    for mask in ([1, 1], [0, 0], ["1/2", 1]):
        with pytest.raises(InputError, match="both kinds"):
            NORM.check(held([["1/2", 0], [1, 1]], mask))
    with pytest.raises(InputError, match="periodic=True"):
        REPAIRED.check(case(WITNESS.map, [0, 0], steps=3, other=[1, 0]))


def test_a_formula_whose_derivative_by_y_is_0_may_still_depend_on_y_by_a_jump() -> None:
    z, y = state_symbol("z"), state_symbol("y")
    rule = Formulas((z / 2 + sp.atan(y) + sp.atan(1 / y), y / 2 + z))  # z / 2 + pi / 2 or - pi / 2
    m = Map("jump", (z, y), rule, (), ((Fraction(-2), Fraction(2)),) * 2)
    found = REPAIRED.check(case(m, states=[[1, 1]], periodic=True, other=[1, 0]))
    assert found.hypotheses[0].verdict is Verdict.INCONCLUSIVE
