"""Balls around a certified cycle in which every orbit converges to it, and orbits that provably enter them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dynlatch.latch.fixed_points import FixedPoint, Point
from dynlatch.maps.definition import Map
from dynlatch.maps.evaluators import interval_map
from dynlatch.regions.attractors import Attractor, Attractors
from dynlatch.regions.trapping import TrappingRegion
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import float_below
from dynlatch.rigor.krawczyk import Ball, Floats

_BITS = 192
_NOWHERE = -1


@dataclass(frozen=True, slots=True)
class InnerBall:
    """The set {a: |P (a - centre)|_2 <= radius}, from which every orbit of M^p converges to one point of a cycle.

    With e the largest |P (a - centre)|_2 over the enclosure of that point, the radius is the trapping region's less
    2 e: so the set lies in the ball around the point itself on which M^p contracts. ``owner`` numbers the cycle.
    """

    owner: int
    trap: TrappingRegion
    radius: Fraction

    def holds(self, state: Sequence[Ball]) -> bool:
        """Whether a box of balls is proved to lie inside. Rigor: certified."""
        return bool(distance(self.trap, state) <= balls.ball(self.radius))

    def holds_boxes(self, lo: Floats, hi: Floats) -> NDArray[np.bool_]:
        """Which boxes, shapes (n, N), are proved to lie inside. Rigor: certified (floats with a margin for rounding).

        P has 20-bit entries and the centre is a float, so both are exact here; a sum of n products of three roundings
        each errs by less than (n + 4) 2^-52 of the sum of its absolute values.
        """
        n = lo.shape[0]
        (shape, _), centre = self.trap.norm.floats(), self.trap.centre
        with np.errstate(invalid="ignore", over="ignore"):
            middle = 0.5 * lo + 0.5 * hi
            half = np.maximum(hi - middle, middle - lo)
            shift = middle - np.array(centre)[:, None]
            size = np.abs(shape) @ (np.abs(shift) + half)
            sides = np.abs(shape @ shift) + np.abs(shape) @ half + (n + 4) * 2.0**-51 * size + 1e-300
            reach = np.sqrt(np.sum(sides**2, axis=0)) * (1.0 + (n + 4) * 2.0**-51)
            return reach <= float_below(self.radius)


def distance(trap: TrappingRegion, state: Sequence[Ball]) -> Ball:
    """|P (a - centre)|_2 for a box of balls, at the current precision."""
    shift = [a - balls.ball(c) for a, c in zip(state, trap.centre, strict=True)]
    squares = [balls.sqr(_dot(row, shift)) for row in trap.norm.matrix]
    total = sum(squares, balls.ball(0))
    # Next to the centre the rounding of the sum may reach below 0, where no sum of squares is.
    return balls.sqrt(total if total >= 0 else balls.hull(balls.ball(0), total.upper()))


def _dot(row: Sequence[Fraction], shift: Sequence[Ball]) -> Ball:
    return sum((balls.ball(v) * s for v, s in zip(row, shift, strict=True)), balls.ball(0))


@lru_cache(maxsize=1024)
def inner_balls(owner: int, point: FixedPoint, traps: tuple[TrappingRegion, ...]) -> tuple[InnerBall, ...]:
    """The inner balls of a cycle's trapping regions; those whose radius leaves nothing are left out."""
    found: list[InnerBall] = []
    with balls.precision(_BITS):
        for trap in traps:
            off = balls.ends(distance(trap, as_balls(point.orbit[trap.index])))[1]
            radius = Fraction(trap.radius) - 2 * off
            if radius > 0:
                found.append(InnerBall(owner, trap, radius))
    return tuple(found)


def captured_by(attractors: Attractors, lo: Floats, hi: Floats) -> NDArray[np.int32]:
    """The attractor in one of whose inner balls each of N boxes lies, -1 where in none; shapes (n, N) to (N,).

    Rigor: certified.
    """
    result = np.full(lo.shape[1], _NOWHERE, dtype=np.int32)
    for k, attractor in enumerate(attractors.listed):
        for ball in balls_of(k, attractor):
            result[ball.holds_boxes(lo, hi)] = k
    return result


def balls_of(k: int, attractor: Attractor) -> tuple[InnerBall, ...]:
    """The inner balls of attractor number k; none where it is no certified point or cycle."""
    return () if attractor.point is None else inner_balls(k, attractor.point, attractor.traps)


def as_balls(point: Point) -> list[Ball]:
    """An enclosed state as balls of the current precision."""
    return [balls.ball(e) for e in point]


def destinations(
    m: Map, targets: Sequence[InnerBall], lo: Floats, hi: Floats, max_steps: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the orbits of many boxes go: the owner of the inner ball that each enters, and after how many steps.

    Boxes, shapes (n, N), are carried along in outward-rounded intervals; -1 for those that enter none within
    ``max_steps`` or grow too wide. Rigor: certified.
    """
    total = lo.shape[1]
    owners, times = np.full(total, _NOWHERE, dtype=np.int64), np.zeros(total, dtype=np.int64)
    active, intervals = np.arange(total), interval_map(m)
    for step in range(max_steps + 1):
        entered = np.full(active.size, _NOWHERE, dtype=np.int64)
        for target in targets:
            entered[target.holds_boxes(lo, hi)] = target.owner
        inside = entered != _NOWHERE
        owners[active[inside]], times[active[inside]] = entered[inside], step
        with np.errstate(invalid="ignore"):
            narrow = np.all(hi - lo <= 1.0 + np.abs(lo), axis=0)  # False for nan as well
        keep = ~inside & narrow
        active, lo, hi = active[keep], np.ascontiguousarray(lo[:, keep]), np.ascontiguousarray(hi[:, keep])
        if not active.size:
            break
        lo, hi = intervals.image(lo, hi, threads=1)
    return owners, times
