"""Gradients against other people's autodiff: PyTorch and JAX differentiate a network that knows no compiled pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import plain_passes as plain
import pytest
from learning_cases import TARGET, Case, any_case, close

from dynlatch.learning.objective import Batch

ABSENT = "{} is not installed: no gradient is compared with its autodiff here"


def compare(case: Case, derivatives: Any) -> None:
    """Costs and gradients against ``derivatives(cost, values)``, where cost takes another library's array and tanh."""
    network, sequences, values = case
    costs, slopes = Batch(network, sequences, TARGET).gradients(values)
    for b, (signals, positive) in enumerate(plain.one_by_one(sequences)):

        def cost(given: Any, tanh: Any, signals: np.ndarray = signals, positive: bool = positive) -> Any:
            weight = plain.named(network, [given[p] for p in range(len(network.parameters))])
            return plain.cost(plain.answer(network, weight, signals, positive, tanh), positive, TARGET)

        found, gradient = derivatives(cost, values[b])
        close(costs[b], found)
        close(slopes[b], gradient)


@any_case
def test_gradients_are_those_of_pytorch(case: Case) -> None:
    torch: Any = pytest.importorskip("torch", reason=ABSENT.format("PyTorch"))

    def tanh(a: Any) -> Any:
        return torch.tanh(torch.as_tensor(a, dtype=torch.float64))

    def derivatives(cost: Any, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        given = torch.tensor(values, dtype=torch.float64, requires_grad=True)
        found = cost(given, tanh)
        (gradient,) = torch.autograd.grad(found, given)
        return found.detach().numpy(), gradient.numpy()

    compare(case, derivatives)


@any_case
def test_gradients_are_those_of_jax(case: Case) -> None:
    jax: Any = pytest.importorskip("jax", reason=ABSENT.format("JAX"))
    jax.config.update("jax_enable_x64", True)

    def derivatives(cost: Any, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found, gradient = jax.value_and_grad(lambda given: cost(given, jax.numpy.tanh))(jax.numpy.asarray(values))
        return np.asarray(found), np.asarray(gradient)

    compare(case, derivatives)
