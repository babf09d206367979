"""Multi-grid random search: random points in a cube around the best one, which shrinks as better ones are found."""

# pyright: reportMissingParameterType=false, reportUnknownParameterType=false
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from dynlatch.jit import jit_as
from dynlatch.lanes import LANES
from dynlatch.learning.algorithm import BEST, STUCK, Floats, positive, search_memory
from dynlatch.learning.loops import STEP, Sees
from dynlatch.learning.network import Kind
from dynlatch.learning.search import NOT_YET, counts, fractions, improves, settled
from dynlatch.learning.streams import uniform

# Rows of the memory after the best parameters.
_RADIUS: Final = 0
_BEGUN: Final = 1
_COSTS: Final = 2


@jit_as(STEP)
def _step(weights, gradient, curvature, memory, settings, streams, active, num_parameters, begun, steps):
    own = BEST + num_parameters
    for lane in range(LANES):
        if not active[0, lane] > 0.0:
            continue
        if improves(weights, gradient, memory, lane, num_parameters):
            if memory[own + _BEGUN, lane] > 0.0:
                memory[own + _RADIUS, lane] *= settings[0]
            if settled(memory, own + _COSTS, int(settings[2]), lane, gradient[0, lane], settings[1]):
                memory[STUCK, lane] = 1.0
        memory[own + _BEGUN, lane] = 1.0
        radius = memory[own + _RADIUS, lane]
        for p in range(num_parameters):
            weights[p, lane] = memory[BEST + p, lane] + radius * (2.0 * uniform(streams, lane) - 1.0)


@dataclass(frozen=True, slots=True)
class MultiGrid:
    """The next candidate is best + r U[-1, 1] in each parameter; a better one becomes the best, and r <- shrink * r.

    The first candidate is where the trial begins, the first r is ``radius``. It gives up when the last ``points`` bests
    differ by at most ``tolerance`` in cost (footnote 1, of the points that it moved to: all others are far from the
    lowest cost, as there is no temperature to bring them near). Source: BSF94, Section V-B.
    Raises: InputError unless ``radius`` and ``tolerance`` are positive, ``shrink`` is below 1, ``points`` at least 1.
    """

    radius: float = 2.0
    shrink: float = 0.9
    tolerance: float = 0.001
    points: int = 4

    name: ClassVar[str] = "multi-grid"
    sees: ClassVar[Sees] = Sees.COST
    units: ClassVar[Kind | None] = None
    budget: ClassVar[int] = 200_000
    step: ClassVar[Any] = staticmethod(_step)

    def __post_init__(self) -> None:
        positive(self, "radius", "tolerance")
        fractions(self, "shrink")
        counts(self, "points")

    def settings(self) -> tuple[float, ...]:
        """What ``step`` reads."""
        return (self.shrink, self.tolerance, float(self.points))

    def init(self, initial: Floats) -> Floats:
        """The best point, the radius, whether a candidate has been seen, and the costs of the last bests."""
        return np.concatenate([search_memory(initial), [self.radius, 0.0], np.full(self.points, NOT_YET)])
