"""The immediate basin of an attracting fixed point in one dimension: its ends, enclosed with proof.

The immediate basin (l, r) of a fixed point under a continuous map is carried into itself, and its ends into its ends.
So a finite end is a fixed point, or on a cycle of period 2 with the other end, or goes to the other end in one step.
Floats only guess where an end is; what is returned rests on outward-rounded intervals and balls:

- orbits from [a, b] reach what is known of the basin: intervals cut fine enough get there as a whole;
- orbits from (a, e), e a point of period k with (M^k)' > 1 on [a, e], move away from e until they pass a, and they pass
  it into what is known of the basin;
- M carries [a, e) into what is known of the basin if it falls there and carries e to the other end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dynlatch.latch.cycle_system import CycleSystem
from dynlatch.maps.balls import ball_map
from dynlatch.maps.definition import Map
from dynlatch.maps.evaluators import interval_map
from dynlatch.regions.trapping import TrappingRegion
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure, float_above, float_below
from dynlatch.rigor.krawczyk import Ball, Floats, certify_zero

_BITS: Final = 160
_STEPS: Final = 4_000
"""Steps that an interval's orbit may take into what is known of the basin."""
_MAX_INTERVALS: Final = 4_000
_LEAST_WIDTH: Final = 2.0**-40
"""Intervals narrower than this, relative to what is to be proved, are given up, and the proof with them."""
_HALVINGS: Final = 40
_NEAR: Final = 1e-6
"""How far a certified end may be from its guess, relative to the size of the state."""


@dataclass(frozen=True, slots=True)
class End:
    """One end of the immediate basin, proved, and what is there; ``period`` is 0 if it goes to the other end."""

    value: Enclosure
    period: int
    what: str


class ImmediateBasin:
    """What is proved of the immediate basin so far: all of [lo, hi], and up to each end that is known.

    ``trap`` is the certified trapping region of the fixed point. Sides are -1 (below) and 1 (above).
    """

    def __init__(self, m: Map, trap: TrappingRegion) -> None:
        self._map = m
        centre, reach = Fraction(trap.centre[0]), Fraction(trap.radius) / abs(trap.norm.matrix[0][0])
        self._known = {-1: float_above(centre - reach), 1: float_below(centre + reach)}
        self._ends: dict[int, End] = {}

    def end(self, side: int) -> End | None:
        """The end on one side, if it is proved."""
        return self._ends.get(side)

    def prove_end(self, side: int, guess: float) -> None:
        """Try to prove that the immediate basin ends next to ``guess``."""
        for period, what in ((1, "a repelling fixed point"), (2, "a repelling cycle of period 2")):
            system = CycleSystem(self._map, period)
            point = self._checked(side, guess, system.certify(np.array([guess])))
            if point is not None:
                if self._leaves(side, system, point):
                    self._ends[side] = End(point, period, what)
                return
        other = self._ends.get(-side)
        if other is not None and other.period == 1:
            point = self._checked(side, guess, self._preimage(guess, other.value))
            if point is not None and self._falls(side, point):
                self._ends[side] = End(point, 0, f"a state that goes to {other.what} at the other end")

    def grow(self, side: int, to: float) -> bool:
        """Prove the basin up to ``to``; whether that worked, or was known before."""
        known = self._known[side]
        if side * to <= side * known:
            return True
        lo, hi = (known, to) if side > 0 else (to, known)
        if not _reaches(self._map, lo, hi, (self._known[-1], self._known[1])):
            return False
        self._known[side] = to
        return True

    def _checked(self, side: int, guess: float, found: Sequence[Enclosure] | None) -> Enclosure | None:
        """A certified point if it is the one meant: next to the guess, and beyond the trapping region."""
        if found is None or abs(float(found[0]) - guess) > _NEAR * max(1.0, abs(guess)):
            return None
        beyond = found[0].lo > self._known[1] if side > 0 else found[0].hi < self._known[-1]
        return found[0] if beyond else None

    def _approaches(self, side: int, end: Enclosure) -> list[tuple[float, float]]:
        """Ever smaller intervals [a, e] (or [e, a]) that hold the end."""
        room = abs(float(end) - self._known[side])
        if side > 0:
            return [(end.lo - room * 0.5**k, end.hi) for k in range(1, _HALVINGS)]
        return [(end.lo, end.hi + room * 0.5**k) for k in range(1, _HALVINGS)]

    def _leaves(self, side: int, system: CycleSystem, end: Enclosure) -> bool:
        for lo, hi in self._approaches(side, end):
            box = np.array([[lo]]), np.array([[hi]])
            growth = system.interval_derivative(*box)[0][0, 0, 0]
            image = box
            for _ in range(system.period):
                image = _image(self._map, *image)
            back = image[0][0, 0] >= self._known[-1] if side > 0 else image[1][0, 0] <= self._known[1]
            if growth > 0.0 and back:
                return self.grow(side, lo if side > 0 else hi)
        return False

    def _preimage(self, guess: float, of: Enclosure) -> tuple[Enclosure, ...] | None:
        evaluator = ball_map(self._map)

        def value(box: Sequence[Ball]) -> list[Ball]:
            return [evaluator.image(box)[0] - balls.ball(of)]

        return certify_zero(value, evaluator.jacobian, [guess], bits=_BITS)

    def _falls(self, side: int, end: Enclosure) -> bool:
        for lo, hi in self._approaches(side, end):
            box = np.array([[lo]]), np.array([[hi]])
            slope = interval_map(self._map).jacobian(*box)[1][0, 0, 0]
            image = _image(self._map, *box)
            inside = image[1][0, 0] <= self._known[1] if side > 0 else image[0][0, 0] >= self._known[-1]
            if slope < 0.0 and inside:
                return self.grow(side, lo if side > 0 else hi)
        return False


def is_common_end(m: Map, point: Enclosure, sides: Sequence[tuple[float, TrappingRegion]]) -> bool:
    """Whether a fixed point is proved to end several immediate basins, each given by its fixed point and its region.

    ``point`` must be the enclosure that ``CycleSystem.certify`` gives from its own middle, so that the ends found here,
    which are certified from there as well, are this fixed point and no neighbour of it.
    """
    for attractor, trap in sides:
        basin, side = ImmediateBasin(m, trap), 1 if float(point) > attractor else -1
        basin.prove_end(side, float(point))
        end = basin.end(side)
        if end is None or end.period != 1 or end.value != point:
            return False
    return True


def _image(m: Map, lo: Floats, hi: Floats) -> tuple[Floats, Floats]:
    """Enclosures of M over intervals, shapes (1, N): the values at the ends where M is monotone, else what it gives.

    A formula such as r x - x^3 is evaluated several times too wide, which a long orbit would not survive.
    """
    count = lo.shape[1]
    low, high = interval_map(m).image(
        np.concatenate([lo, lo, hi], axis=1), np.concatenate([hi, lo, hi], axis=1), threads=1
    )
    slope_lo, slope_hi = (d[0] for d in interval_map(m).jacobian(lo, hi, threads=1))
    rises, falls = slope_lo >= 0.0, slope_hi <= 0.0
    first, second = slice(count, 2 * count), slice(2 * count, None)
    image_lo = np.where(rises, low[:, first], np.where(falls, low[:, second], low[:, :count]))
    image_hi = np.where(rises, high[:, second], np.where(falls, high[:, first], high[:, :count]))
    return image_lo, image_hi


def _reaches(m: Map, lo: float, hi: float, target: tuple[float, float]) -> bool:
    """Whether every orbit from [lo, hi] is proved to reach the target: by intervals, cut in two where that fails."""
    lows, highs = np.array([[lo]]), np.array([[hi]])
    examined = 0
    while lows.size:
        examined += lows.size
        late = _late(m, lows, highs, target)
        if late is None:
            return False
        lows, highs = lows[:, late], highs[:, late]
        if examined + 2 * lows.size > _MAX_INTERVALS or np.any(highs - lows <= _LEAST_WIDTH * (hi - lo)):
            return False
        middles = lows + 0.5 * (highs - lows)
        lows, highs = np.concatenate([lows, middles], axis=1), np.concatenate([middles, highs], axis=1)
    return True


def _late(m: Map, lows: Floats, highs: Floats, target: tuple[float, float]) -> NDArray[np.bool_] | None:
    """Which intervals are not carried into the target as a whole; None if one comes to rest elsewhere.

    An interval that comes to cover what it was never gets there, nor one that comes to cover its image a step before.
    """
    late = np.ones(lows.size, dtype=bool)
    moving = np.arange(lows.size)
    a, b = lows, highs
    for _ in range(_STEPS):
        before = a, b
        a, b = _image(m, a, b)
        there = (a[0] >= target[0]) & (b[0] <= target[1])
        late[moving[there]] = False
        resting = (a[0] <= before[0][0]) & (b[0] >= before[1][0])
        if np.any(resting & ((a[0] > target[1]) | (b[0] < target[0]))):
            return None
        covering = ~((a[0] > lows[0, moving]) | (b[0] < highs[0, moving]))  # or nan
        keep = ~there & ~resting & ~covering
        if not np.any(keep):
            break
        if not np.all(keep):
            moving, a, b = moving[keep], np.ascontiguousarray(a[:, keep]), np.ascontiguousarray(b[:, keep])
    return late
