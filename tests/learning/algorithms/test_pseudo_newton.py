"""Eq. 5: every step as plain NumPy computes it, and no other way."""

from __future__ import annotations

import numpy as np
import pytest
from gradient_steps import presentations, stepped

from dynlatch.errors import InputError
from dynlatch.learning.algorithms.back_propagation import BackPropagation
from dynlatch.learning.algorithms.pseudo_newton import PseudoNewton
from dynlatch.learning.tasks import Latch, Parity, TwoSequence

TASKS = [Latch(T=9, noise=0.2, num_train=6), TwoSequence(T=8, noise=0.2, num_train=6), Parity(T=7, num_train=6)]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_every_step_is_that_of_the_reference(task: Latch | TwoSequence | Parity) -> None:
    algorithm = PseudoNewton(rate=0.05, mu=0.02)
    wrong = 0
    for seen in presentations(task.trial(1, 0), algorithm, 12):
        g, h = seen.slopes.sum(axis=0), seen.curvature.sum(axis=0)
        assert np.allclose(seen.after - seen.before, -0.05 * g / (h + 0.02), rtol=1e-9, atol=1e-15)
        wrong += not np.allclose(seen.after - seen.before, -0.05 * (seen.slopes / (seen.curvature + 0.02)).sum(axis=0))
    assert wrong == 12, "eq. 6 is another step"


def test_a_large_mu_is_back_propagation_at_a_lower_rate() -> None:
    rng = np.random.default_rng(0)
    weights, slopes, curvature = rng.normal(size=(8, 3)), rng.normal(size=(8, 4, 3)), rng.random((8, 4, 3))
    large = stepped(PseudoNewton(rate=1e7, mu=1e9), weights, slopes, curvature)[0]
    assert np.allclose(large, stepped(BackPropagation(rate=0.01), weights, slopes, curvature)[0], rtol=1e-7)
    small = stepped(PseudoNewton(rate=0.01, mu=1.0), weights, slopes, curvature)[0]
    assert not np.allclose(small, stepped(BackPropagation(rate=0.01), weights, slopes, curvature)[0], rtol=1e-3)


def test_newtons_step_ends_at_the_minimum_of_a_parabola() -> None:
    """C = h (w - 3)^2 / 2 in each parameter: with rate 1 and next to no mu, one step is enough."""
    weights, h = np.array([[-1.0, 0.5, 8.0]]), np.array([[0.01, 1.0, 50.0]])
    slopes = (h * (weights - 3.0))[:, None, :]
    assert np.allclose(stepped(PseudoNewton(rate=1.0, mu=1e-15), weights, slopes, h[:, None, :])[0], 3.0, rtol=1e-12)


@pytest.mark.parametrize("settings", [{"rate": 0.0}, {"rate": np.nan}, {"mu": 0.0}, {"mu": -1.0}, {"mu": np.inf}])
def test_bad_settings_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(InputError, match=f"{next(iter(settings))}=.* of PseudoNewton must be a positive number"):
        PseudoNewton(**settings)
