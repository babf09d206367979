"""Time-weighted pseudo-Newton: every step of time is a weight of its own, with its own curvature (BSF94, eq. 6)."""

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
    bounded_step(weights, gradient, curvature, memory, settings, active, num_parameters, begun, steps)


@dataclass(frozen=True, slots=True)
class TimeWeighted(BoundedStep):
    """w_i <- w_i - rate * sum_t g_it / (H_it + mu) after every sequence, mu as ``bounded_step`` adapts it.

    g_it and H_it are gradient and diagonal Gauss-Newton curvature of the weight as it stands at step t. The paper
    prints H_i, the same for all t, which is eq. 5 again; its text describes what is done here.
    Settings and errors: ``BoundedStep``. Source: BSF94, eq. 6 and the text below it.
    """

    name: ClassVar[str] = "time-weighted"
    sees: ClassVar[Sees] = Sees.TERMS
    units: ClassVar[Kind | None] = "tanh"
    budget: ClassVar[int] = 30_000
    step: ClassVar[Any] = staticmethod(_step)
