"""Pseudo-Newton: each parameter's rate is divided by its curvature (BSF94, eq. 5, after Becker and Le Cun)."""

# pyright: reportMissingParameterType=false, reportUnknownParameterType=false
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from dynlatch.jit import jit_as
from dynlatch.lanes import load, store, where
from dynlatch.learning.algorithm import Floats, no_memory, positive
from dynlatch.learning.loops import STEP, Sees
from dynlatch.learning.network import Kind


@jit_as(STEP)
def _step(weights, gradient, curvature, memory, settings, streams, active, num_parameters, begun, steps):
    learns = load(active, 0)
    rate, mu = settings[0], settings[1]
    for p in range(num_parameters):
        w = load(weights, p)
        store(weights, p, where(learns, w - rate * load(gradient, p) / (load(curvature, p) + mu), w))


@dataclass(frozen=True, slots=True)
class PseudoNewton:
    """w_i <- w_i - rate * g_i / (H_i + mu) after every sequence.

    g_i is dC/dw_i, H_i the diagonal Gauss-Newton curvature, both summed over time; H_i is never negative. ``mu`` bounds
    the step where there is no curvature; the paper does not tell its value.
    Raises: InputError unless ``rate`` and ``mu`` are positive numbers. Source: BSF94, eq. 5.
    """

    rate: float = 0.01
    mu: float = 0.1

    name: ClassVar[str] = "pseudo-newton"
    sees: ClassVar[Sees] = Sees.CURVATURE
    units: ClassVar[Kind | None] = "tanh"
    budget: ClassVar[int] = 30_000
    step: ClassVar[Any] = staticmethod(_step)

    def __post_init__(self) -> None:
        positive(self, "rate", "mu")

    def settings(self) -> tuple[float, ...]:
        """What ``step`` reads."""
        return (self.rate, self.mu)

    def init(self, initial: Floats) -> Floats:
        """It remembers nothing."""
        return no_memory(initial)
