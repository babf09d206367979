"""Pseudo-Newton with the damping of the time-weighted algorithm: what of its gain is the bounded step's (ablation)."""

# pyright: reportMissingParameterType=false, reportUnknownParameterType=false
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from dynlatch.jit import jit_as
from dynlatch.learning.algorithms.bounded_step import BoundedStep, bounded_step
from dynlatch.learning.loops import STEP, Sees
from dynlatch.learning.network import Kind


@jit_as(STEP)
def _step(weights, gradient, curvature, memory, settings, streams, active, num_parameters, begun, steps):
    bounded_step(weights, gradient, curvature, memory, settings, active, num_parameters, 0, 0)


@dataclass(frozen=True, slots=True)
class AdaptiveNewton(BoundedStep):
    """w_i <- w_i - rate * g_i / (H_i + mu) after every sequence, mu as ``bounded_step`` adapts it.

    g_i and H_i are summed over time, as in eq. 5; all else is as in ``TimeWeighted``. Settings and errors:
    ``BoundedStep``. Source: none; between BSF94, eq. 5 and the text below eq. 6.
    """

    name: ClassVar[str] = "adaptive-newton"
    sees: ClassVar[Sees] = Sees.CURVATURE
    units: ClassVar[Kind | None] = "tanh"
    budget: ClassVar[int] = 30_000
    step: ClassVar[Any] = staticmethod(_step)
