"""Certified trapping regions: balls in an adapted norm on which M^p contracts towards a cycle's point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from dynlatch.latch.fixed_points import FixedPoint, Stability
from dynlatch.maps.definition import Map
from dynlatch.maps.evaluators import compiled_map, interval_map
from dynlatch.rigor.float_norms import norm_upper_bounds
from dynlatch.rigor.interval_matrices import interval_product
from dynlatch.rigor.krawczyk import Floats
from dynlatch.rigor.norms import AdaptedNorm, adapted_norm

_PIECES: Final = {1: 256, 2: 24, 3: 9, 4: 5}
"""Cells along each axis that cover a ball; one cell for more states."""

_SLACK: Final = 1.0 + 2.0**-30
"""Far more than the rounding of the few float operations that place cells: a larger cover is still a cover. It also
pays for the distance between ``centre`` and the certified point, which is why very small radii are given up."""
_LEAST_RADIUS: Final = 2.0**-18


@dataclass(frozen=True, slots=True)
class TrappingRegion:
    """The ball {a: |P (a - centre)|_2 <= radius}, on which |P (M^p)' P^-1|_2 <= rate < 1.

    So every orbit in it comes closer, in this norm, to the certified point next to ``centre`` (shape (n,), within
    rounding) by the factor ``rate`` every p steps. ``index`` is the point's place in its cycle.
    Rigor: certified by outward-rounded intervals over a cover of a slightly larger ball.
    """

    centre: tuple[float, ...]
    norm: AdaptedNorm
    radius: float
    rate: float
    period: int
    index: int


def trapping_regions(m: Map, point: FixedPoint) -> tuple[TrappingRegion, ...]:
    """One trapping region around each point of an attracting fixed point or cycle, as large as bisection finds.

    Empty for anything that is not proved to attract, or where no region could be certified.
    Rigor: certified. Cost: some thousand interval evaluations a point.
    """
    if point.stability is not Stability.ATTRACTING:
        return ()
    regions: list[TrappingRegion] = []
    for index, state in enumerate(point.orbit):
        centre = np.array([float(e) for e in state])
        region = _largest(m, centre, point.period, index)
        if region is not None and max(e.width for e in state) < 2.0**-50 * max(1.0, float(np.max(np.abs(centre)))):
            regions.append(region)
    return tuple(regions)


def _largest(m: Map, centre: Floats, period: int, index: int) -> TrappingRegion | None:
    norm = adapted_norm(_float_jacobian(m, centre, period))
    size = float(np.linalg.norm(np.array(_floats(norm.matrix)), 2))
    reach = size * max(float(hi - lo) for lo, hi in m.domain)
    best: tuple[float, float] | None = None
    good, bad = 0.0, reach
    radius = reach
    for _ in range(40):
        rate = _contraction(m, centre, norm, radius, period)
        if rate < 1.0:
            best, good = (radius, rate), radius
        else:
            bad = radius
        if good and bad - good < 0.01 * bad:
            break
        radius = 0.5 * (good + bad) if good else 0.25 * bad
    if best is None or best[0] < _LEAST_RADIUS * size * max(1.0, float(np.max(np.abs(centre)))):
        return None
    return TrappingRegion(tuple(float(c) for c in centre), norm, best[0], best[1], period, index)


def _float_jacobian(m: Map, centre: Floats, period: int) -> Floats:
    compiled = compiled_map(m)
    state = centre[:, None]
    product = np.eye(m.dimension)
    for _ in range(period):
        product = compiled.jacobian(state)[:, :, 0] @ product
        state = compiled.step(state)
    return product


def partial_stretch(m: Map, trap: TrappingRegion) -> float:
    """At least the largest |P (M^j)' P^-1|_2 over the region, 0 <= j < p: how much a part of a period may stretch.

    1 for a fixed point. Rigor: certified; inf where nothing is known.
    """
    stretches = _stretches(m, np.array(trap.centre), trap.norm, trap.radius, trap.period - 1, trap.norm)
    return max([1.0, *stretches])


def stretch_in(m: Map, trap: TrappingRegion, norm: AdaptedNorm) -> float:
    """At least the largest |P (M^p)' P^-1|_2 over the region for the P of another norm. Rigor: certified."""
    if norm == trap.norm:
        return trap.rate
    return _stretches(m, np.array(trap.centre), trap.norm, trap.radius, trap.period, norm)[-1]


def _contraction(m: Map, centre: Floats, norm: AdaptedNorm, radius: float, period: int) -> float:
    """An upper bound of |P (M^p)' P^-1| over the ball, or inf."""
    return _stretches(m, centre, norm, radius, period, norm)[-1]


def _stretches(
    m: Map, centre: Floats, norm: AdaptedNorm, radius: float, steps: int, measured_in: AdaptedNorm
) -> list[float]:
    """Upper bounds of |(M^j)'| over a ball of the one norm, measured in the other, for j = 1, ..., steps."""
    lo, hi = cover(centre, norm, radius * _SLACK)
    intervals = interval_map(m)
    product: tuple[Floats, Floats] | None = None
    bounds: list[float] = []
    for _ in range(steps):
        factor = intervals.jacobian(lo, hi)
        product = interval_product(*factor, *product) if product else factor
        bounds.append(float(np.max(norm_upper_bounds(*product, measured_in))))
        lo, hi = intervals.image(lo, hi)
    return bounds


def cover(centre: Floats, norm: AdaptedNorm, radius: float) -> tuple[Floats, Floats]:
    """Boxes, shapes (n, N), that cover the ball |P (a - centre)|_2 <= radius; those that clearly miss it are left
    out."""
    n = centre.size
    matrix, inverse = np.array(_floats(norm.matrix)), np.array(_floats(norm.inverse))
    half = radius * np.linalg.norm(inverse, axis=1) * _SLACK
    pieces = _PIECES.get(n, 1)
    edges = [np.linspace(c - h, c + h, pieces + 1) for c, h in zip(centre, half, strict=True)]
    for edge, c, h in zip(edges, centre, half, strict=True):  # keep the ends at least as far out as meant
        edge[0], edge[-1] = np.nextafter(c - h, -np.inf), np.nextafter(c + h, np.inf)
    if pieces == 1:
        return np.array([edge[:1] for edge in edges]), np.array([edge[1:] for edge in edges])
    lo = np.stack([e.ravel() for e in np.meshgrid(*(edge[:-1] for edge in edges), indexing="ij")])
    hi = np.stack([e.ravel() for e in np.meshgrid(*(edge[1:] for edge in edges), indexing="ij")])
    middle, extent = 0.5 * (lo + hi) - centre[:, None], 0.5 * (hi - lo)
    with np.errstate(over="ignore", invalid="ignore"):  # what is too large to be measured is kept
        nearest = np.linalg.norm(matrix @ middle, axis=0) - np.linalg.norm(np.abs(matrix) @ extent, axis=0)
        rounding = n * 2.0**-49 * np.linalg.norm(np.abs(matrix) @ (np.abs(middle) + extent), axis=0)
        keep = ~(nearest > radius * _SLACK + rounding)
    lo, hi = lo[:, keep], hi[:, keep]
    return lo, hi


def _floats(matrix: Sequence[Sequence[object]]) -> list[list[float]]:
    return [[float(v) for v in row] for row in matrix]  # pyright: ignore[reportArgumentType]
