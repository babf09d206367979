"""Back-propagation through time: one small step down the gradient of each sequence."""

# pyright: reportMissingParameterType=false, reportUnknownParameterType=false
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from dynlatch.jit import jit_as
from dynlatch.lanes import fma, load, store, where
from dynlatch.learning.algorithm import Floats, no_memory, positive
from dynlatch.learning.loops import STEP, Sees
from dynlatch.learning.network import Kind


@jit_as(STEP)
def _step(weights, gradient, curvature, memory, settings, streams, active, num_parameters, begun, steps):
    learns = load(active, 0)
    for p in range(num_parameters):
        w = load(weights, p)
        store(weights, p, where(learns, fma(load(gradient, p), -settings[0], w), w))


@dataclass(frozen=True, slots=True)
class BackPropagation:
    """w <- w - rate * dC/dw after every sequence (BSF94, Sections II and V).

    Raises: InputError unless ``rate`` is a positive number.
    """

    rate: float = 0.01

    name: ClassVar[str] = "back-propagation"
    sees: ClassVar[Sees] = Sees.GRADIENT
    units: ClassVar[Kind | None] = "tanh"
    budget: ClassVar[int] = 30_000
    step: ClassVar[Any] = staticmethod(_step)

    def __post_init__(self) -> None:
        positive(self, "rate")

    def settings(self) -> tuple[float, ...]:
        """What ``step`` reads."""
        return (self.rate,)

    def init(self, initial: Floats) -> Floats:
        """It remembers nothing."""
        return no_memory(initial)
