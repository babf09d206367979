"""Which boxes lie wholly inside a certified trapping region, by outward-rounded bounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dynlatch.regions.attractors import Attractors
from dynlatch.regions.trapping import TrappingRegion
from dynlatch.rigor import balls
from dynlatch.rigor.krawczyk import Ball, Floats

_MARGIN: Final = 1.0 - 4e-9
"""Pays for the distance between a region's centre and the certified point, which is below 2e-10 of the radius, and for
the rounding of the few float operations here, below 1e-9 of it (regions are never smaller than 2^-18 of the state)."""


def inside(trap: TrappingRegion, lo: Floats, hi: Floats) -> NDArray[np.bool_]:
    """Whether each of N boxes lies in the ball around the certified point on which M^p contracts; shapes (n, N).

    Rigor: certified; False where it is not settled.
    """
    shape, _ = trap.norm.floats()
    centre = np.array(trap.centre)[:, None]
    with np.errstate(all="ignore"):  # a comparison with nan or inf is False
        middle, half = 0.5 * lo + 0.5 * hi, 0.5 * (hi - lo)
        reach = np.abs(shape @ (middle - centre)) + np.abs(shape) @ half
        return np.sqrt(np.sum(reach**2, axis=0)) <= trap.radius * _MARGIN


def captured_by(attractors: Attractors, lo: Floats, hi: Floats) -> NDArray[np.int32]:
    """The attractor in one of whose trapping regions each box lies, -1 where in none; shape (N,). Rigor: certified."""
    result = np.full(lo.shape[1], -1, dtype=np.int32)
    for k, attractor in enumerate(attractors.listed):
        for trap in attractor.traps:
            result[inside(trap, lo, hi)] = k
    return result


def holds_ball(trap: TrappingRegion, state: Sequence[Ball]) -> bool:
    """Whether a state given as balls is proved to lie in a trapping region, a little inside it. Rigor: certified."""
    offset = [x - balls.ball(c) for x, c in zip(state, trap.centre, strict=True)]
    square = balls.ball(0)
    for row in trap.norm.matrix:
        part = sum((balls.ball(p) * v for p, v in zip(row, offset, strict=True)), balls.ball(0))
        square = square + part * part
    return bool(square < balls.ball(trap.radius * _MARGIN) ** 2)
