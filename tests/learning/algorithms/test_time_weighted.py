"""Eq. 6 as meant, seen from outside: what it weighs, and that a trial is led there as plain NumPy leads it."""

from __future__ import annotations

import numpy as np
import pytest
from gradient_steps import Floats, presentations, stepped

from dynlatch.learning.algorithms.bounded_step import MU
from dynlatch.learning.algorithms.time_weighted import TimeWeighted
from dynlatch.learning.tasks import Latch, Parity, TwoSequence

TASKS = [Latch(T=9, noise=0.2, num_train=6), TwoSequence(T=8, noise=0.2, num_train=6), Parity(T=7, num_train=6)]


def eq_6(slopes: Floats, curvature: Floats, mu: float) -> Floats:
    """The sum over time of each step's own damped Newton step."""
    step = np.zeros(slopes.shape[1])
    for g, h in zip(slopes, curvature, strict=True):
        step -= 0.01 * g / (h + mu)
    return step


def as_printed(slopes: Floats, curvature: Floats, mu: float) -> Floats:
    """The same with the curvature of the shared weight."""
    return -0.01 * slopes.sum(axis=0) / (curvature.sum(axis=0) + mu)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_within_bounds_it_is_eq_6_with_the_first_mu(task: Latch | TwoSequence | Parity) -> None:
    """Bounds that nothing leaves: mu stays what it was, and the weights go where the reference leads them."""
    algorithm = TimeWeighted(least=1e-12, most=1e3, mu=0.02)
    trial = task.trial(3, 0)
    weights, printed = trial.initial, trial.initial
    for seen in presentations(trial, algorithm, 18):
        weights = weights + eq_6(seen.slopes, seen.curvature, 0.02)
        printed = printed + as_printed(seen.slopes, seen.curvature, 0.02)
        assert np.allclose(seen.after, weights, rtol=1e-10)
        assert seen.memory_after[MU] == 0.02
    assert np.abs(printed - weights).max() > 1e-3, "eq. 6 as printed leads elsewhere"


def test_a_flat_step_outweighs_a_steep_one() -> None:
    """Terms 1 and -1 cancel in the gradient; where the first is 99 times as curved, the second decides."""
    slopes, curvature = np.array([[[1.0], [-1.0]]]), np.array([[[9.9], [0.0]]])
    weights = stepped(TimeWeighted(), np.zeros((1, 1)), slopes, curvature)[0]
    assert weights[0, 0] == pytest.approx(-0.01 * (1 / 10 - 1 / 0.1))
    flipped = stepped(TimeWeighted(), np.zeros((1, 1)), slopes, curvature[:, ::-1])[0]
    assert flipped[0, 0] == pytest.approx(-weights[0, 0])


def test_terms_before_a_sequence_begins_do_not_matter() -> None:
    """A lane's zeros, whatever the company made it begin with, leave every bit of the result."""
    rng = np.random.default_rng(5)
    slopes, curvature = rng.normal(size=(32, 6, 3)) * 10.0 ** rng.uniform(-9, 3, (32, 1, 1)), rng.random((32, 6, 3))
    weights = rng.normal(size=(32, 3))
    before = np.zeros((32, 9, 3))
    longer = stepped(TimeWeighted(), weights, np.hstack([before, slopes]), np.hstack([before, curvature]))
    for found, wanted in zip(longer, stepped(TimeWeighted(), weights, slopes, curvature), strict=True):
        assert np.array_equal(found, wanted)
