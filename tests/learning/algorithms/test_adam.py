"""Adam and RMSProp with clipping: every step as plain NumPy computes it, and bounds that hold for any gradient."""

from __future__ import annotations

import numpy as np
import pytest
from gradient_steps import Floats, presentations, stepped

from dynlatch.errors import InputError
from dynlatch.learning.algorithms.adam import Adam
from dynlatch.learning.algorithms.rms_prop import RMSProp
from dynlatch.learning.tasks import Latch, Parity, TwoSequence

TASKS = [Latch(T=9, noise=0.2, num_train=6), TwoSequence(T=8, noise=0.2, num_train=6), Parity(T=7, num_train=6)]


def shortened(g: Floats, clip: float) -> Floats:
    """At most ``clip`` long."""
    return g * min(1.0, clip / max(float(np.linalg.norm(g)), 1e-300))


def adam(a: Adam, gradients: list[Floats], *, unbiased: bool = True) -> list[Floats]:
    """The steps that Adam takes, by its definition."""
    steps: list[Floats] = []
    for k in range(1, len(gradients) + 1):
        powers = np.arange(k - 1, -1, -1)[:, None]
        seen = np.array([shortened(g, a.clip) for g in gradients[:k]])
        m = (1 - a.beta1) * (a.beta1**powers * seen).sum(axis=0)
        v = (1 - a.beta2) * (a.beta2**powers * seen**2).sum(axis=0)
        if unbiased:
            m, v = m / (1 - a.beta1**k), v / (1 - a.beta2**k)
        steps.append(-a.rate * m / (np.sqrt(v) + a.epsilon))
    return steps


def rms_prop(a: RMSProp, gradients: list[Floats]) -> list[Floats]:
    """The steps that RMSProp takes, by its definition."""
    v, steps = np.zeros_like(gradients[0]), []
    for g in (shortened(g, a.clip) for g in gradients):
        v = a.decay * v + (1 - a.decay) * g**2
        steps.append(-a.rate * g / (np.sqrt(v) + a.epsilon))
    return steps


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_every_step_of_adam_is_that_of_the_reference(task: Latch | TwoSequence | Parity) -> None:
    algorithm = Adam(rate=0.02, beta1=0.8, beta2=0.97, epsilon=1e-4, clip=0.1)
    seen = list(presentations(task.trial(1, 0), algorithm, 20))
    gradients = [s.slopes.sum(axis=0) for s in seen]
    found = np.array([s.after - s.before for s in seen])
    assert np.allclose(found, adam(algorithm, gradients), rtol=1e-8, atol=1e-13)
    assert max(map(np.linalg.norm, gradients)) > 0.1, "clipping is tried"
    assert not np.allclose(found, adam(algorithm, gradients, unbiased=False), rtol=0.01)
    assert not np.allclose(found, adam(Adam(0.02, 0.8, 0.97, 1e-4, clip=1e9), gradients), rtol=0.01)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_every_step_of_rms_prop_is_that_of_the_reference(task: Latch | TwoSequence | Parity) -> None:
    algorithm = RMSProp(rate=0.02, decay=0.9, epsilon=1e-4, clip=0.1)
    seen = list(presentations(task.trial(1, 0), algorithm, 20))
    gradients = [s.slopes.sum(axis=0) for s in seen]
    found = np.array([s.after - s.before for s in seen])
    assert np.allclose(found, rms_prop(algorithm, gradients), rtol=1e-8, atol=1e-13)
    assert max(map(np.linalg.norm, gradients)) > 0.1, "clipping is tried"
    assert not np.allclose(found, rms_prop(RMSProp(0.02, 0.9, 1e-4, clip=1e9), gradients), rtol=0.01)
    assert not np.allclose(found, rms_prop(RMSProp(0.02, 0.95, 1e-4, clip=0.1), gradients), rtol=0.01)


def test_clipping_keeps_the_direction() -> None:
    """One step of RMSProp without memory and with a large epsilon is proportional to the clipped gradient."""
    slopes = np.array([[[30.0, -40.0]], [[0.3, -0.4]]])
    found = stepped(RMSProp(rate=1e8, decay=0.0, epsilon=1e8, clip=1.0), np.zeros((2, 2)), slopes, np.ones((2, 1, 2)))[
        0
    ]
    assert np.allclose(found, [[-0.6, 0.8], [-0.3, 0.4]], rtol=1e-7)


@pytest.mark.parametrize("algorithm", [Adam(rate=0.01), RMSProp(rate=0.01)], ids=lambda a: a.name)
def test_gradients_of_every_size_give_bounded_steps(algorithm: Adam | RMSProp) -> None:
    """The first step is the rate (for RMSProp over sqrt(1 - decay)) up to epsilon, and nothing is ever nan."""
    bound = algorithm.rate * (1.0 if isinstance(algorithm, Adam) else 10.0)
    sizes = np.array([0.0, 1e-300, 1e-200, 1e-160, 1e-12, 1e-3, 1.0, 1e10, 1e200, 1e300])
    slopes = sizes[:, None, None] * np.array([1.0, -0.5])
    weights, memory = stepped(algorithm, np.zeros((10, 2)), slopes, np.ones_like(slopes))
    ordinary = np.abs(weights[5:7])
    assert np.allclose(ordinary, bound, rtol=1e-3)
    assert np.all(np.abs(weights) <= bound * (1 + 1e-12))
    assert np.all(weights[0] == 0.0)
    for _ in range(300):
        weights, memory = stepped(algorithm, weights, -slopes, np.ones_like(slopes), memory)
    assert np.all(np.isfinite(weights))
    assert np.all(np.isfinite(memory))


@pytest.mark.parametrize(
    ("kind", "settings", "said"),
    [
        (Adam, {"rate": 0.0}, "rate=0.0 of Adam"),
        (Adam, {"epsilon": -1e-8}, "epsilon=-1e-08 of Adam"),
        (Adam, {"clip": np.inf}, "clip=inf of Adam"),
        (Adam, {"beta1": 1.0}, "beta1=1.0 of Adam"),
        (Adam, {"beta2": -0.1}, "beta2=-0.1 of Adam"),
        (Adam, {"beta2": np.nan}, "beta2=nan of Adam"),
        (RMSProp, {"rate": np.inf}, "rate=inf of RMSProp"),
        (RMSProp, {"decay": 1.0}, "decay=1.0 of RMSProp"),
        (RMSProp, {"epsilon": 0.0}, "epsilon=0.0 of RMSProp"),
        (RMSProp, {"clip": 0.0}, "clip=0.0 of RMSProp"),
    ],
)
def test_bad_settings_are_refused(kind: type[Adam | RMSProp], settings: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        kind(**settings)
