"""Algorithms that do little, one for all that an algorithm may be told: what the loop does with any of them."""

# pyright: reportMissingParameterType=false, reportUnknownParameterType=false
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from dynlatch.jit import jit_as
from dynlatch.lanes import LANES, fma, load, spread, store, where
from dynlatch.learning.algorithm import BEST, BEST_COST, BEST_ERRORS, Floats, no_memory, search_memory
from dynlatch.learning.algorithms.back_propagation import BackPropagation
from dynlatch.learning.loops import STEP, Sees
from dynlatch.learning.streams import uniform


@jit_as(STEP)
def _descend(weights, gradient, curvature, memory, settings, streams, active, num_parameters, begun, steps):
    """Down what is told, which is summed over the steps if settings[1] says so, plus noise of a lane's own."""
    learns = load(active, 0)
    for p in range(num_parameters):
        slope = load(gradient, p)
        if settings[1] > 0.0:
            slope = spread(0.0)
            for t in range(begun, steps + 1):
                slope = slope + load(gradient, t * num_parameters + p) / (load(curvature, t * num_parameters + p) + 1.0)
        w = load(weights, p)
        store(weights, p, where(learns, fma(slope, -settings[0], w), w))
    for lane in range(LANES):
        if active[0, lane] > 0.0:
            weights[0, lane] += 1e-3 * (uniform(streams, lane) - 0.5)


@jit_as(STEP)
def _guess(weights, gradient, curvature, memory, settings, streams, active, num_parameters, begun, steps):
    for lane in range(LANES):
        if active[0, lane] > 0.0:
            if gradient[0, lane] < memory[BEST_COST, lane]:
                memory[BEST_COST, lane] = gradient[0, lane]
                memory[BEST_ERRORS, lane] = gradient[1, lane]
                for p in range(num_parameters):
                    memory[BEST + p, lane] = weights[p, lane]
            for p in range(num_parameters):
                weights[p, lane] = 8.0 * uniform(streams, lane) - 4.0


@jit_as(STEP)
def count(weights, gradient, curvature, memory, settings, streams, active, num_parameters, begun, steps):
    for lane in range(LANES):
        if active[0, lane] > 0.0:
            weights[0, lane] += settings[0]


@dataclass(frozen=True)
class Toy:
    """By default down the gradient, with a little noise."""

    sees: Any = Sees.GRADIENT
    step: Any = _descend
    rate: float = 0.05

    name: ClassVar[str] = "toy"
    budget: ClassVar[int] = 1000

    @property
    def units(self) -> Any:
        """Pseudo-gradients need threshold units, other gradients a slope."""
        return {Sees.COST: None, Sees.PSEUDO: "threshold"}.get(self.sees, "tanh")

    def settings(self) -> tuple[float, ...]:
        return (self.rate, 1.0 if self.sees is Sees.TERMS else 0.0, -1.0, 1.0, 0.05)

    def init(self, initial: Floats) -> Floats:
        return search_memory(initial) if self.sees is Sees.COST else no_memory(initial)


COUNTING = Toy(step=count, rate=1.0)
GUESSING = Toy(Sees.COST, _guess)
ALL = [BackPropagation(rate=0.3), GUESSING, *(Toy(sees) for sees in Sees if sees is not Sees.COST)]
