"""The search: what it refuses, what it says of an empty search, how it rounds, and families of one's own."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynlatch import InputError, Stop, Verdict, neuron, search
from dynlatch.searching import Aim, Family, families
from dynlatch.searching.rounding import roundings, simplest_between
from dynlatch.theorems import Case, Finding, Statement, Witness, case, statement
from dynlatch.theorems.findings import exactly

FRACTIONS = st.fractions(min_value=-5, max_value=5, max_denominator=200)

# --- fractions --------------------------------------------------------------------------------------------------------


@given(FRACTIONS, FRACTIONS)
def test_no_fraction_of_a_smaller_denominator_lies_between(a: Fraction, b: Fraction) -> None:
    lo, hi = min(a, b), max(a, b)
    found = simplest_between(lo, hi)
    assert lo <= found <= hi
    for q in range(1, found.denominator):
        assert math.ceil(lo * q) > math.floor(hi * q)
    if lo > 0:
        assert found.numerator == math.ceil(lo * found.denominator)


def test_roundings_keep_the_property_and_begin_with_the_simplest() -> None:
    """Near sqrt 2, whose square must exceed 1, and near pi."""
    found = list(roundings([math.sqrt(2), math.pi], lambda v: v[0] ** 2 > 1 and v[1] < Fraction(22, 7)))
    assert found[0] == (Fraction(3, 2), 0)
    assert all(v[0] ** 2 > 1 and v[1] < Fraction(22, 7) for v in found)
    exact = list(roundings([math.pi], lambda v: abs(float(v[0]) - math.pi) < 1e-2))
    assert exact[0] == (Fraction(22, 7),)
    assert all(abs(float(v[0]) - math.pi) < 1e-2 for v in exact)


def test_roundings_of_what_nothing_near_keeps() -> None:
    assert list(roundings([0.3, 0.7], lambda v: False)) == []


# --- the result -------------------------------------------------------------------------------------------------------


def test_a_search_is_determined_by_its_arguments() -> None:
    first, again = (search("T3", seed=3) for _ in range(2))
    assert (first.numbers, first.num_evaluations) == (again.numbers, again.num_evaluations)
    assert first.numbers != search("T3", seed=4).numbers
    with pytest.raises(dataclasses.FrozenInstanceError):
        first.seed = 5  # pyright: ignore[reportAttributeAccessIssue]


def test_what_is_found_says_so() -> None:
    found = search("T3", "tubes", 1)
    assert repr(found).startswith("Search(T3, norm: REFUTED, neuron w = ")
    assert len(found.numbers) == len(found.family.symbols)
    assert found.witness is not None
    assert isinstance(found.witness.case, Case)
    assert statement("T3").check(found.witness.case).verdict is Verdict.REFUTED


def test_a_spoilt_witness_does_not_replay() -> None:
    found = search("T3", seed=1)
    assert found.witness is not None
    assert found.witness.case is not None
    spoilt = dataclasses.replace(found.witness.case, inputs=((Fraction(1),),) * 3)
    with_it = dataclasses.replace(found, witness=Witness("spoilt", spoilt))
    assert with_it.replay().verdict is Verdict.INCONCLUSIVE


def test_an_empty_search_proves_nothing_and_says_how_much_was_tried() -> None:
    found = search("T3'", seed=1, budget=4)
    assert (found.verdict, found.stop, found.witness, found.numbers) == (Verdict.INCONCLUSIVE, Stop.BUDGET, None, ())
    assert (found.num_draws, found.budget, found.num_candidates) == (4, 4, 0)
    assert found.num_evaluations > 4
    assert -1 < found.best_margin <= 0
    assert "no counterexample; 4 of 4 draws from 'tubes'" in repr(found)
    with pytest.raises(InputError, match="found none"):
        found.replay()


def test_compact_boxes_do_not_refute_theorem_2_and_the_half_line_does() -> None:
    assert search("T2", "boxes", 1, 10).verdict is Verdict.INCONCLUSIVE
    assert search("T2", "half lines", 1, 10).verdict is Verdict.REFUTED


class _Listener:
    def __init__(self) -> None:
        self.heard: list[object] = []

    def start(self, title: str, total: int) -> None:
        self.heard += [title, total]

    def advance(self, amount: int = 1) -> None:
        self.heard.append(amount)

    def finish(self) -> None:
        self.heard.append("finished")


def test_progress_is_told_draw_by_draw() -> None:
    listener = _Listener()
    search("T3'", budget=3, progress=listener)
    assert listener.heard == ["counterexamples to T3' (norm)", 3, 1, 1, 1, "finished"]


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("budget", [0, -1, True, 2.5])
def test_a_budget_is_a_positive_integer(budget: int) -> None:
    with pytest.raises(InputError, match="budget="):
        search("T3", budget=budget)


@pytest.mark.parametrize("seed", [-1, "a"])
def test_a_seed_is_an_integer(seed: int) -> None:
    with pytest.raises(InputError, match="seed="):
        search("T3", seed=seed)


def test_unknown_names_suggest_the_nearest() -> None:
    with pytest.raises(InputError, match="unknown family 'tube'; did you mean 'tubes'"):
        search("T3", "tube")
    with pytest.raises(InputError, match="unknown statement"):
        search("T33")
    with pytest.raises(InputError, match="reading"):
        search("T3'", reading="spectral")
    with pytest.raises(InputError, match="reading='spectral' does not fit"):
        search(statement("T3", "norm"), reading="spectral")


def test_a_family_that_does_not_suit() -> None:
    with pytest.raises(InputError, match=r"'tubes' is not aimed at T4 \(norm\), but at T3 \(norm\)"):
        search("T4", "tubes")
    with pytest.raises(InputError, match=r"no family is aimed at T1 \(norm\)"):
        search("T1")


def test_families_are_listed_by_what_they_suit() -> None:
    assert [f.name for f in families(statement("T2"))] == ["half lines", "boxes"]
    assert families(statement("T1")) == ()
    names = [f.name for f in families()]
    assert len(set(names)) == len(names)
    assert all(len(f.draw(np.random.default_rng(1))) == len(f.symbols) for f in families())


# --- a statement and a family of one's own ----------------------------------------------------------------------------


def _never_beyond(limit: int) -> Statement:
    """No start of the neuron lies beyond a limit: as false as can be."""

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        return [exactly("it starts above 0", on.start[0] > 0)], exactly("a_0 is small", on.start[0] <= limit)

    return Statement("own", "", "", "norm", (), "", Verdict.INCONCLUSIVE, "", checker=check)


def _starts(reach: float) -> Family:
    def margin(x: np.ndarray) -> float:
        return min(float(x[0]) - 3.5, reach - float(x[0]))

    aim = Aim(margin, lambda numbers: Witness(f"a_0 = {numbers[0]}", case(neuron(2), numbers[0])))
    return Family("starts", "a start", ("a_0",), lambda rng: rng.uniform(1.0, 2.0, 1), {("own", "norm"): aim})


def test_a_family_of_ones_own_finds_a_simple_counterexample() -> None:
    found = search(_never_beyond(3), _starts(8.0), budget=1)
    assert (found.verdict, found.numbers) == (Verdict.REFUTED, (Fraction(5),))


def test_floats_never_refute() -> None:
    """The margin claims a violation that the checker does not confirm."""
    found = search(_never_beyond(100), _starts(8.0), budget=2)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.best_margin > 0
    assert found.num_candidates > 0


def test_margins_that_are_not_numbers_are_no_violation() -> None:
    broken = dataclasses.replace(
        _starts(8.0), aims={("own", "norm"): Aim(lambda x: math.nan, lambda numbers: Witness("never"))}
    )
    found = search(_never_beyond(3), broken, budget=2)
    assert (found.verdict, found.num_candidates) == (Verdict.INCONCLUSIVE, 0)
