"""Cells of claims, each against a count by hand: pairing, pooling by trial, who is the quickest, what is no worse."""

from __future__ import annotations

import numpy as np
import pytest

from dynlatch.claims.grids import Grid
from dynlatch.claims.outcomes import Rule, Says
from dynlatch.claims.parts import Measure, better, mean_by_trial, solving, sum_by_trial, times, worsening
from dynlatch.claims.rows import Table, samples
from dynlatch.claims.statistics import share_above, share_below, sign_flip
from dynlatch.studies.cell import Cell, Record


def table(*cells: tuple[str, int, dict[int, int | None]], budget: int = 1000, error: float = 0.5) -> Table:
    """Latch without noise: for each algorithm and T, what each trial needs, None if it did not learn."""
    made: list[Record] = []
    for name, T, needed in cells:
        cell = Cell.of("train", {"task": "latch", "T": T, "noise": 0.0, "algorithm": name, "budget": budget})
        for trial, count in needed.items():
            result = {
                "solved": count is not None,
                "presentations": budget if count is None else count,
                "test_error": error if count is None else 0.0,
            }
            made.append(Record(cell, 0, trial, result, 0.1))
    return Grid(samples(made, "train")).usual()


def test_algorithms_are_compared_on_the_trials_that_both_have() -> None:
    found = table(("adam", 10, {0: 5, 1: 9, 2: None, 7: 1}), ("rmsprop", 10, {1: None, 2: None, 3: 9, 0: 3}))
    (cell,) = better(found, "adam", "rmsprop", Measure.SOLVED).cells
    assert cell.size.value == pytest.approx(1 / 3)  # trials 0, 1, 2: both, one, none
    (cell,) = better(found, "adam", "rmsprop", Measure.PRESENTATIONS).cells
    assert cell.size.value == 0.0  # trial 0 later, trial 1 sooner
    (cell,) = better(found, "adam", "rmsprop", Measure.ERROR).cells
    assert cell.size.value == pytest.approx(0.5 / 3)
    assert better(found, "adam", "guessing", Measure.ERROR).cells == ()


def test_over_all_cells_a_trial_counts_once() -> None:
    """Six trials at four lengths are six independent scores, not twenty-four."""
    won, lost = dict.fromkeys(range(6), 5), dict.fromkeys(range(6))
    found = table(*[(n, T, won if n == "adam" else lost) for T in (10, 20, 30, 40) for n in ("adam", "rmsprop")])
    plan = better(found, "adam", "rmsprop", Measure.SOLVED)
    assert len(plan.cells) == 4
    assert plan.overall is not None
    assert plan.overall.tests[0] == (Says.FOR, pytest.approx(2 / 2**6))
    assert plan.overall.num == 6
    assert sign_flip(np.ones(24, dtype=np.int64)) < 1e-6  # the mutant: cells as if they were trials


def test_sums_and_means_are_of_all_cells_of_a_trial() -> None:
    trials = [((0, 0), (0, 1)), ((0, 1), (1, 0))]
    sums = sum_by_trial([(t, np.array(v)) for t, v in zip(trials, ([1, 2], [3, -4]), strict=True)])
    assert sums.tolist() == [1, 5, -4]
    means = mean_by_trial([(t, np.array(v)) for t, v in zip(trials, ([1.0, 2.0], [3.0, -4.0]), strict=True)])
    assert means.tolist() == [1.0, 2.5, -4.0]


@pytest.mark.parametrize(("worse", "says"), [(0, Says.EQUAL), (30, Says.AGAINST)])
def test_no_worse_is_more_than_not_shown_to_be_worse(worse: int, says: Says) -> None:
    one = {k: None if k < worse else 5 for k in range(100)}
    found = table(("adam", 10, one), ("rmsprop", 10, dict.fromkeys(range(100), 5)))
    (cell,) = better(found, "adam", "rmsprop", Measure.SOLVED, rule=Rule.NOT_LESS).cells
    ps = dict(cell.tests)
    assert ps[says] < 0.001
    assert all(p > 0.5 for other, p in ps.items() if other is not says)
    few = table(("adam", 10, dict.fromkeys(range(6), 5)), ("rmsprop", 10, dict.fromkeys(range(6), 5)))
    assert dict(better(few, "adam", "rmsprop", Measure.SOLVED, rule=Rule.NOT_LESS).cells[0].tests)[Says.EQUAL] > 0.1


def test_the_quickest_is_that_of_the_least_median_with_failures_as_infinite() -> None:
    slow, quick = dict.fromkeys(range(8), 20), {k: 10 if k < 5 else None for k in range(8)}
    rare = {k: 1 if k < 3 else None for k in range(8)}
    found = table(
        ("annealing", 10, dict.fromkeys(range(8), 100)), ("adam", 10, slow), ("rmsprop", 10, quick),
        ("guessing", 10, rare),
    )  # fmt: skip
    (cell,) = times(found, "annealing", ("adam", "rmsprop", "guessing"), 3.0, 30.0).cells
    assert cell.where == "latch, T = 10, noise 0, against rmsprop"
    assert cell.num == 5
    assert cell.size == (10.0, 10.0, 10.0)
    assert dict(cell.tests) == {Says.FOR: pytest.approx(1 / 2**5), Says.AGAINST: 1.0}
    (far,) = times(found, "annealing", ("adam", "rmsprop", "guessing"), 30.0, 300.0).cells
    assert dict(far.tests) == {Says.FOR: 1.0, Says.AGAINST: pytest.approx(2 / 2**5)}


def test_failing_is_tested_from_the_other_side() -> None:
    found = table(("adam", 10, {k: 5 if k < 2 else None for k in range(30)}))
    (cell,) = solving(found, "latch", "adam", 0.75, fails=True).cells
    assert dict(cell.tests) == {Says.FOR: share_below(2, 30, 0.25), Says.AGAINST: share_above(2, 30, 0.25)}
    (cell,) = solving(found, "latch", "adam", 0.75).cells
    assert dict(cell.tests) == {Says.FOR: share_above(2, 30, 0.75), Says.AGAINST: share_below(2, 30, 0.75)}
    assert solving(found, "parity", "adam", 0.75).cells == ()


@pytest.mark.parametrize("measure", list(Measure))
def test_worsening_is_positive_whatever_it_is_judged_by(measure: Measure) -> None:
    needed = {10: 5, 20: 50, 30: None}
    found = table(*[("adam", T, dict.fromkeys(range(12), count)) for T, count in needed.items()])
    plan = worsening(found, "adam", measure)
    (cell,) = plan.cells
    assert cell.size.value == pytest.approx(1.0 if measure is Measure.PRESENTATIONS else 2 / 3)
    assert cell.tests[0] == (Says.FOR, pytest.approx(2 / 2**12))
    assert worsening(found, "adam", measure, ("parity",)).cells == ()
