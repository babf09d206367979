"""Basin stability: known shares, the rule that labels cells, and intervals that cover as often as they say."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

import dynlatch as d
from dynlatch.metrics import stability as module
from dynlatch.metrics.stability import binomial_interval
from dynlatch.progress import SILENT
from dynlatch.regions.attractors import find_attractors
from dynlatch.regions.basins import prepare
from dynlatch.regions.labels import Label

NEURON = d.neuron(2)
Interval = Callable[[int, int, float], tuple[float, float]]


def exact(count: int, total: int, level: float) -> tuple[float, float]:
    return binomial_interval(count, total, level, "exact")


def wilson(count: int, total: int, level: float) -> tuple[float, float]:
    return binomial_interval(count, total, level, "wilson")


def wald(count: int, total: int, level: float) -> tuple[float, float]:
    """The mutant: an interval of normal width around k / N, which at few successes is far too short."""
    share = count / total
    half = {0.95: 1.959964}[level] * math.sqrt(share * (1 - share) / total)
    return share - half, share + half


def coverage(interval: Interval, share: float, total: int) -> float:
    """The probability, summed exactly, that the interval of a binomial sample holds the share."""
    counts = np.arange(total + 1)
    ends = np.array([interval(int(k), total, 0.95) for k in counts])
    return float(np.sum(binom.pmf(counts, total, share)[(ends[:, 0] <= share) & (share <= ends[:, 1])]))


SHARES = (0.01, 0.03, 0.1, 0.25, 0.5, 0.9, 0.995)


@pytest.mark.parametrize("total", [20, 40])
def test_the_exact_interval_covers_as_often_as_it_says(total: int) -> None:
    assert min(coverage(exact, share, total) for share in SHARES) >= 0.95


def test_wilson_s_interval_covers_so_often_on_average_and_is_shorter() -> None:
    assert np.mean([coverage(wilson, share, 60) for share in np.linspace(0.02, 0.98, 25)]) == pytest.approx(
        0.95, abs=0.01
    )
    assert all(np.diff(wilson(k, 60, 0.95)) < np.diff(exact(k, 60, 0.95)) for k in (2, 5, 30))


def test_the_mutant_is_refuted() -> None:
    assert coverage(wald, 0.03, 60) < 0.85
    assert wald(0, 60, 0.95) == (0, 0), "it claims to know that the share is 0"


def test_intervals_of_samples_hold_the_known_share() -> None:
    """9/16 of [-7/4, 9/4] is positive and goes to the upper latch; 120 seeds, of which 95 % or more must hold it."""
    attractors = find_attractors(NEURON, NEURON.domain)
    held = 0
    for seed in range(120):
        found = d.basin_stability(NEURON, ("-7/4", "9/4"), samples=40, attractors=attractors, seed=seed)
        held += found[1].interval[0] <= 9 / 16 <= found[1].interval[1]
    assert held >= binom.ppf(1e-6, 120, 0.95)


def test_known_shares() -> None:
    found = d.basin_stability(NEURON, (-1, 3), samples=20_000)
    assert found.fractions[1] == pytest.approx(0.75, abs=0.02)
    assert found[0].count + found[1].count == found.samples
    assert found[1].interval[0] < 0.75 < found[1].interval[1]
    beyond = d.basin_stability(d.cubic(), (-2, 2), samples=20_000)
    diverging = 1 - math.sqrt(2.5) / 2
    assert beyond[Label.DIVERGED].interval[0] < diverging < beyond[Label.DIVERGED].interval[1]
    assert beyond[Label.DIVERGED].name == "diverged"


def test_states_get_the_labels_that_cells_get() -> None:
    for m in (d.newton(), d.logistic("3.9"), d.predator_prey()):
        run = prepare(m, None, 61, None, None, None, 3000, 0, SILENT)
        cells = d.basins(m, resolution=61, attractors=run.attractors, max_steps=3000)
        labels, times = run.label_states(run.grid.points(0, run.grid.num_cells))
        np.testing.assert_array_equal(labels, cells.labels.ravel())
        np.testing.assert_array_equal(times, cells.times.ravel())


def test_the_sample_depends_on_the_seed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = d.basin_stability(d.newton(), samples=3000, seed=5, threads=1)
    assert whole.shares != d.basin_stability(d.newton(), samples=3000, seed=6).shares
    monkeypatch.setattr(module, "_PART", 701)
    assert whole.shares == d.basin_stability(d.newton(), samples=3000, seed=5, threads=3).shares


def test_it_agrees_with_the_shares_of_a_fine_grid() -> None:
    network = d.tanh_network([[2, "1/5"], ["1/5", "9/5"]])
    grid = d.basins(network, resolution=1000)
    found = d.basin_stability(network, samples=20_000, attractors=grid.attractors, confidence=0.999)
    for label, share in grid.fractions.items():
        assert found[label].interval[0] < share < found[label].interval[1]


def test_many_states_need_no_grid() -> None:
    found = d.basin_stability(d.tanh_network(np.diag([2.0] * 5)), samples=4000, confidence=1 - 1e-6)
    assert len(found.shares) == 32
    assert all(s.interval[0] < 1 / 32 < s.interval[1] for s in found.shares)


def test_an_unknown_label_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        d.basin_stability(NEURON, samples=10)[7]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"samples": 0}, "samples=0"),
        ({"samples": True}, "samples=True"),
        ({"samples": 1.5}, "samples=1.5"),
        ({"samples": 10**12}, "samples="),
        ({"confidence": 1.0}, "confidence=1.0"),
        ({"method": "wald"}, "method='wald'"),
        ({"max_steps": 0}, "max_steps=0"),
        ({"box": (1, 1)}, "empty or inverted"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(d.InputError, match=named) as caught:
        d.basin_stability(NEURON, **settings)
    assert "\n" not in str(caught.value)
