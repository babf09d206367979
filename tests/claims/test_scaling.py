"""The cost of learning: closed forms, power laws that are known, and what cannot be said."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from made_records import trained
from scipy.stats import linregress

from dynlatch.claims.curves import learning_curves
from dynlatch.claims.scaling import PRESENTATIONS, RATE, SECONDS, Growth, costs, growth, num_parameters, power_law
from dynlatch.seeds import rng_for
from dynlatch.studies.cell import Cell, Record

SETTINGS = {"task": "latch", "T": 10, "noise": 0.0, "algorithm": "annealing", "budget": 1000}


def records(needed: list[float], T: int = 10, seconds: float = 1.0) -> list[Record]:
    """Trials that need so many presentations, of which 1000 are granted."""
    cell = Cell.of("train", SETTINGS | {"T": T})
    return [
        Record(cell, 0, k, {"solved": n <= 1000, "presentations": int(min(n, 1000)), "test_error": 0.1}, seconds)
        for k, n in enumerate(needed)
    ]


def of(found: list[Growth], algorithm: str, quantity: str, task: str | None) -> Growth:
    (one,) = [g for g in found if (g.algorithm, g.quantity, g.task) == (algorithm, quantity, task)]
    return one


def test_a_solved_trial_costs_what_the_failures_before_it_cost_too() -> None:
    (cost,) = costs(records([100, 300, math.inf, math.inf], seconds=0.6))
    assert cost.presentations.value == (100 + 300 + 2000) / 2
    assert cost.rate == pytest.approx(2.4 / 2400)
    assert cost.seconds.value == pytest.approx(1.2)
    assert (cost.solved, cost.num, cost.num_parameters) == (2, 4, 3)
    assert cost.presentations.low < 1200 < cost.presentations.high


def test_what_was_never_solved_has_no_finite_cost() -> None:
    (cost,) = costs(records([math.inf] * 3))
    assert (cost.presentations.value, cost.seconds.value) == (math.inf, math.inf)
    (rare,) = costs(records([100] + [math.inf] * 9))
    assert math.isfinite(rare.presentations.value)
    assert rare.presentations.high == math.inf, "many draws hold no solved trial"


def test_the_interval_holds_the_cost_of_starting_anew() -> None:
    """Presentations are geometric, so that the cost of a restart is the mean, whatever the cap."""
    mean, held = 800.0, 0
    for seed in range(60):
        (cost,) = costs(records(rng_for(seed, "geometric").geometric(1 / mean, 60).astype(float).tolist()))
        held += cost.presentations.low <= mean <= cost.presentations.high
    assert held >= 51


def test_a_known_power_of_T_is_found() -> None:
    made = [r for T in (10, 20, 50, 100) for r in records([3.0 * T] * 8, T, seconds=1e-6 * 3.0 * T * T**1.5)]
    found = growth(made)
    assert of(found, "annealing", PRESENTATIONS, "latch").exponents["T"] == pytest.approx((1.0,) * 3)
    assert of(found, "annealing", SECONDS, "latch").exponents["T"] == pytest.approx((2.5,) * 3)
    rate = of(found, "annealing", RATE, None)
    assert rate.exponents == {"T": pytest.approx((1.5,) * 3, abs=1e-6)}
    assert rate.num == 4


def test_the_interval_of_a_noisy_power_holds_it_and_is_narrow() -> None:
    def world(task: str, name: str, T: int) -> tuple[float, float]:
        return 1.0, 20.0 * T**0.7

    found = growth(trained(world, count=100, algorithms=("annealing",), noises=(0.0,)))
    for task in ("latch", "two-sequence", "parity"):
        value, low, high = of(found, "annealing", PRESENTATIONS, task).exponents["T"]
        assert low < value < high
        assert abs(value - 0.7) < 0.12
        assert high - low < 0.25
    exponents = of(found, "annealing", RATE, None).exponents  # records take 1e-7 T seconds a presentation
    assert exponents["T"].value == pytest.approx(1.0)
    assert exponents["parameters"].value == pytest.approx(0.0, abs=1e-9)


def test_cells_in_which_hardly_anything_was_solved_take_part_in_no_fit() -> None:
    made = records([100.0] * 8, 10) + records([200.0] * 8, 20) + records([900.0] * 4 + [math.inf] * 4, 50)
    assert of(growth(made), "annealing", PRESENTATIONS, "latch").num == 2
    assert not [g for g in growth(made[:8]) if g.quantity != RATE]
    for seconds in (0.0, math.nan):  # as of an export without them
        untimed = [replace(r, seconds=seconds) for r in made]
        assert {g.quantity for g in growth(untimed)} == {PRESENTATIONS}


def test_draws_without_a_solved_trial_do_not_spoil_the_interval() -> None:
    rare = [100.0] * 5 + [math.inf] * 195
    made = records(rare, 10) + records([2 * n for n in rare], 20)
    value, low, high = of(growth(made), "annealing", PRESENTATIONS, "latch").exponents["T"]
    assert low <= value <= high
    assert high - low < 0.1, "nearly all is spent on failures, of which there are as many at either T"


def test_a_power_law_is_the_regression_of_logarithms() -> None:
    rng = rng_for(0, "law")
    x = np.log(np.array([10.0, 20.0, 50.0, 100.0, 200.0]))
    y = 1.3 * x + rng.normal(0.0, 0.1, 5)
    expected = linregress(x, y)
    value, low, high = power_law(y, {"T": x})["T"]
    assert value == pytest.approx(expected.slope)
    assert (high - low) / 2 == pytest.approx(
        3.182446 * expected.stderr, rel=1e-6
    )  # Student's, three degrees of freedom


def test_axes_that_determine_one_another_are_not_told_apart() -> None:
    x = np.log(np.array([10.0, 20.0, 50.0, 100.0]))
    assert power_law(x, {"T": x, "parameters": 2.0 * x + 1.0}) == {}
    assert power_law(x[:2], {"T": x[:2]}) == {}
    assert power_law(x, {}) == {}


def test_parameters_are_those_of_the_networks() -> None:
    assert [num_parameters(task) for task in ("latch", "two-sequence", "parity", "mine")] == [3, 25, 7, 0]


def test_curves_tell_those_that_learned_from_those_at_the_cap() -> None:
    made = records([100, 200, 300, math.inf], 10) + records([math.inf] * 3, 20)
    (curve,) = learning_curves(made)
    assert curve.T.tolist() == [10, 20]
    assert curve.solved.tolist() == [3, 0]
    assert curve.needed[0, 0] == 200
    assert np.isnan(curve.needed[0, 1:]).all(), "three trials have no interval of the median"
    assert np.isnan(curve.needed[1]).all()
    assert curve.presented.tolist() == [400, 1000]
    assert curve.learned[:, 0].tolist() == [0.75, 0.0]
    assert np.all(curve.error[:, 1] < curve.error[:, 2])
    seven = learning_curves(records([float(10 * k) for k in range(1, 8)]))[0].needed[0]
    assert seven.tolist() == [40.0, 10.0, 70.0]
