"""Pseudo-Newton with the damping of the time-weighted algorithm: what of its gain is the bounded step's (ablation)."""

# pyright: reportMissingParameterType=false, reportUnknownParameterType=false
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from dynlatch.jit import jit_as
from dynlatch.learning.algorithm import Floats
from dynlatch.learning.algorithms.bounded_step import bounded_memory, bounded_settings, bounded_step, check_bounds
from dynlatch.learning.loops import STEP, Sees
from dynlatch.learning.network import Kind


@jit_as(STEP)
def _step(weights, gradient, curvature, memory, settings, streams, active, num_parameters, begun, steps):
    bounded_step(weights, gradient, curvature, memory, settings, active, num_parameters, 0, 0)


@dataclass(frozen=True, slots=True)
class AdaptiveNewton:
    """w_i <- w_i - rate * g_i / (H_i + mu) after every sequence, mu as ``bounded_step`` adapts it.

    g_i and H_i are summed over time, as in eq. 5; all else is as in ``TimeWeighted``, settings included.
    Raises: InputError unless all settings are positive, ``least`` < ``most``, ``inertia`` < 1.
    Source: none; between BSF94, eq. 5 and the text below eq. 6.
    """

    rate: float = 0.01
    least: float = 0.001
    most: float = 0.3
    mu: float = 0.1
    inertia: float = 0.8

    name: ClassVar[str] = "adaptive-newton"
    sees: ClassVar[Sees] = Sees.CURVATURE
    units: ClassVar[Kind | None] = "tanh"
    budget: ClassVar[int] = 30_000
    step: ClassVar[Any] = staticmethod(_step)

    def __post_init__(self) -> None:
        check_bounds(self)

    def settings(self) -> tuple[float, ...]:
        """What ``step`` reads."""
        return bounded_settings(self)

    def init(self, initial: Floats) -> Floats:
        """mu, and room for what is tried with others."""
        return bounded_memory(initial, self.mu)
