"""Random weight guessing: the base line that knows nothing of the points it has seen."""

# pyright: reportMissingParameterType=false, reportUnknownParameterType=false
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from dynlatch.jit import jit_as
from dynlatch.lanes import LANES
from dynlatch.learning.algorithm import Floats, positive, search_memory
from dynlatch.learning.loops import STEP, Sees
from dynlatch.learning.network import Kind
from dynlatch.learning.search import improves
from dynlatch.learning.streams import uniform


@jit_as(STEP)
def _step(weights, gradient, curvature, memory, settings, streams, active, num_parameters, begun, steps):
    for lane in range(LANES):
        if active[0, lane] > 0.0:
            improves(weights, gradient, memory, lane, num_parameters)
            for p in range(num_parameters):
                weights[p, lane] = settings[0] * (2.0 * uniform(streams, lane) - 1.0)


@dataclass(frozen=True, slots=True)
class Guessing:
    """Every candidate but the first, which is where the trial begins, is uniform in [-width, width] in each parameter.

    Not in the paper. It never gives up. Raises: InputError unless ``width`` is a positive number.
    """

    width: float = 30.0

    name: ClassVar[str] = "guessing"
    sees: ClassVar[Sees] = Sees.COST
    units: ClassVar[Kind | None] = None
    budget: ClassVar[int] = 3_000_000
    step: ClassVar[Any] = staticmethod(_step)

    def __post_init__(self) -> None:
        positive(self, "width")

    def settings(self) -> tuple[float, ...]:
        """What ``step`` reads."""
        return (self.width,)

    def init(self, initial: Floats) -> Floats:
        """The best point."""
        return search_memory(initial)
