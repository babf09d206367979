"""Simulated annealing of continuous variables after Corana, Marchesi, Martini and Ridella (1987)."""

# pyright: reportMissingParameterType=false, reportUnknownParameterType=false
# numba infers the types of the kernels' arguments.
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from dynlatch.errors import InputError
from dynlatch.jit import jit, jit_as
from dynlatch.lanes import LANES
from dynlatch.learning.algorithm import BEST, BEST_COST, STUCK, Floats, positive, search_memory
from dynlatch.learning.loops import STEP, Sees
from dynlatch.learning.network import Kind
from dynlatch.learning.search import NOT_YET, counts, fractions, improves, settled
from dynlatch.learning.streams import uniform
from dynlatch.maps.elementary import exp

# Rows of the memory after the best parameters; after the costs come P widths and P numbers of accepted moves.
_COST: Final = 0
_TEMPERATURE: Final = 1
_MOVED: Final = 2
"""The coordinate that the candidate moved, -1 before the first move; what it was before: ..."""
_BEFORE: Final = 3
_SWEEPS: Final = 4
_CYCLES: Final = 5
_COSTS: Final = 6


@jit
def _change_widths(memory, settings, widths, num_parameters, lane):
    """Corana's rule, which keeps about half of all moves accepted."""
    for p in range(widths, widths + num_parameters):
        accepted = memory[p + num_parameters, lane] / settings[1]
        memory[p + num_parameters, lane] = 0.0
        if accepted > 0.6:
            memory[p, lane] = min(memory[p, lane] * (1.0 + 2.0 * (accepted - 0.6) / 0.4), settings[3])
        elif accepted < 0.4:
            memory[p, lane] /= 1.0 + 2.0 * (0.4 - accepted) / 0.4


@jit
def _end_sweep(weights, memory, settings, own, widths, num_parameters, lane):
    """After so many sweeps other widths, after so many of those cycles another temperature, and back to the best."""
    memory[own + _SWEEPS, lane] += 1.0
    if memory[own + _SWEEPS, lane] < settings[1]:
        return
    memory[own + _SWEEPS, lane] = 0.0
    _change_widths(memory, settings, widths, num_parameters, lane)
    memory[own + _CYCLES, lane] += 1.0
    if memory[own + _CYCLES, lane] < settings[2]:
        return
    memory[own + _CYCLES, lane] = 0.0
    if settled(memory, own + _COSTS, int(settings[5]), lane, memory[own + _COST, lane], settings[4]):
        memory[STUCK, lane] = 1.0
    memory[own + _TEMPERATURE, lane] *= settings[0]
    memory[own + _COST, lane] = memory[BEST_COST, lane]
    for p in range(num_parameters):
        weights[p, lane] = memory[BEST + p, lane]


@jit_as(STEP)
def _step(weights, gradient, curvature, memory, settings, streams, active, num_parameters, begun, steps):
    own = BEST + num_parameters
    widths = own + _COSTS + int(settings[5])
    for lane in range(LANES):
        if not active[0, lane] > 0.0:
            continue
        cost = gradient[0, lane]
        improves(weights, gradient, memory, lane, num_parameters)
        moved = int(memory[own + _MOVED, lane])
        if moved < 0:
            memory[own + _COST, lane] = memory[BEST_COST, lane]  # infinite if the first cost is nan
        else:
            rise = cost - memory[own + _COST, lane]
            if rise <= 0.0 or uniform(streams, lane) < exp(-rise / memory[own + _TEMPERATURE, lane]):
                memory[own + _COST, lane] = cost
                memory[widths + num_parameters + moved, lane] += 1.0
            else:
                weights[moved, lane] = memory[own + _BEFORE, lane]
        moved += 1
        if moved == num_parameters:
            moved = 0
            _end_sweep(weights, memory, settings, own, widths, num_parameters, lane)
        memory[own + _MOVED, lane] = moved
        memory[own + _BEFORE, lane] = weights[moved, lane]
        weights[moved, lane] += memory[widths + moved, lane] * (2.0 * uniform(streams, lane) - 1.0)


@dataclass(frozen=True, slots=True)
class Annealing:
    """x_k <- x_k + v_k U[-1, 1], one coordinate after another, accepted with probability exp(-rise / temperature).

    ``rise``: of the mean cost over the training set, where it rises. After ``sweeps`` moves of each coordinate, a
    fraction p of which was accepted, v_k *= 1 + 2 (p - 0.6) / 0.4 if p > 0.6, at most ``largest_width``, and
    v_k /= 1 + 2 (0.4 - p) / 0.4 if p < 0.4. After ``cycles`` of these the temperature is multiplied by ``cooling`` and
    the search goes on from the best point. It gives up when the costs that it held at the ends of the last ``points``
    temperatures are within ``tolerance`` of the lowest (footnote 1). The first candidate is where the trial begins.
    Source: BSF94, Section V-A; Corana et al., ACM TOMS 13 (1987), whose 100 cycles no budget here would hold.
    Raises: InputError for numbers that are not positive, a ``cooling`` not below 1, a width above the largest.
    """

    temperature: float = 1.0
    cooling: float = 0.85
    width: float = 2.0
    largest_width: float = 20.0
    sweeps: int = 20
    cycles: int = 10
    tolerance: float = 0.001
    points: int = 4

    name: ClassVar[str] = "annealing"
    sees: ClassVar[Sees] = Sees.COST
    units: ClassVar[Kind | None] = None
    budget: ClassVar[int] = 3_000_000
    step: ClassVar[Any] = staticmethod(_step)

    def __post_init__(self) -> None:
        positive(self, "temperature", "width", "largest_width", "tolerance")
        fractions(self, "cooling")
        counts(self, "sweeps", "cycles", "points")
        if self.width > self.largest_width:
            raise InputError(f"width={self.width!r} of Annealing must not exceed largest_width={self.largest_width!r}")

    def settings(self) -> tuple[float, ...]:
        """What ``step`` reads."""
        return (
            self.cooling, float(self.sweeps), float(self.cycles), self.largest_width, self.tolerance, float(self.points)
        )  # fmt: skip

    def init(self, initial: Floats) -> Floats:
        """The best point, where the schedule stands, the costs at the last temperatures, widths, accepted moves."""
        count = len(initial)
        return np.concatenate([
            search_memory(initial), [NOT_YET, self.temperature, -1.0, 0.0, 0.0, 0.0], np.full(self.points, NOT_YET),
            np.full(count, self.width), np.zeros(count),
        ])  # fmt: skip
