"""The repaired statements as properties, decided by balls, and the mutants that the same tests refute."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from properties import TABLE
from properties.property import CounterexampleError, Mutant, Property, UndecidedError, mutated, proved_on, run, survives

from dynlatch import Verdict, neuron
from dynlatch.theorems import Case, case, statement
from dynlatch.theorems.table import TABLE as STATEMENTS

MUTANTS = [pytest.param(p, m, id=f"{p}: {m.name}") for p in TABLE for m in p.mutants]
AIMED = [param for param in MUTANTS if param.values[1].always]
UNPAIRED: dict[tuple[str, str], str] = {}
"""Rows of the table that have a checker and no property, each with the reason."""


@pytest.mark.parametrize("prop", TABLE, ids=repr)
def test_the_statement_is_proved_on_every_case(prop: Property) -> None:
    run(prop.statement, prop.cases(), prop.examples)


@pytest.mark.parametrize(("prop", "mutant"), MUTANTS)
def test_no_mutant_survives(prop: Property, mutant: Mutant) -> None:
    assert not survives(prop, mutant)


@pytest.mark.parametrize(("prop", "mutant"), AIMED)
def test_every_case_of_an_aimed_family_refutes_its_mutant(prop: Property, mutant: Mutant) -> None:
    wrong, cases = mutated(prop, mutant)

    @settings(max_examples=min(mutant.examples, settings().max_examples), database=None, suppress_health_check=())
    @given(cases)
    def refuted(on: Case) -> None:
        assert wrong.check(on).verdict is Verdict.REFUTED, wrong.check(on).reason

    refuted()


# --- the tests of the tests -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prop", TABLE, ids=repr)
def test_a_mutant_that_changes_nothing_survives(prop: Property) -> None:
    assert survives(replace(prop, examples=5), Mutant("nothing is changed"))


def test_every_proved_statement_with_a_checker_is_a_property() -> None:
    proved = {(s.id, s.reading) for s in STATEMENTS if s.verdict is Verdict.PROVED and s.checker is not None}
    paired = {(p.statement.id, p.statement.reading) for p in TABLE}
    assert all(p.mutants for p in TABLE)
    assert not paired & UNPAIRED.keys()
    assert proved == paired | UNPAIRED.keys()


def test_a_case_that_decides_nothing_fails_the_test_and_kills_no_mutant() -> None:
    repaired, too_much = statement("T3'"), case(neuron(2), 1, inputs=["1/2"], radius="1/10")
    with pytest.raises(UndecidedError, match="hypothesis fails"):
        proved_on(repaired, too_much)


def test_a_counterexample_fails_the_test_and_is_told() -> None:
    printed = statement("T3")
    assert printed.witness is not None
    assert printed.witness.case is not None
    with pytest.raises(CounterexampleError, match=r"a_0 = 9/10.*\|a_3 - abar_3\|"):
        proved_on(printed, printed.witness.case)
