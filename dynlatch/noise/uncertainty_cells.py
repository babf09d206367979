"""A ball on its way under bounded noise: all its states in cells, and as a radius around the middle's orbit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from dynlatch.cells.images import images
from dynlatch.maps.balls import ball_map
from dynlatch.maps.definition import Map
from dynlatch.maps.evaluators import Floats, interval_map
from dynlatch.noise.boxes import Boxes, are_known, farthest, paved, widened, within
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import float_above, float_below
from dynlatch.rigor.float_norms import norm_upper_bounds
from dynlatch.rigor.krawczyk import Ball

_STRETCH_PIECES: Final = {1: 64, 2: 16, 3: 8, 4: 5}
_BITS: Final = 160
_BITS_PER_STEP: Final = 4
_MOST_BITS: Final = 2000
_FAR: Final = 1e12


@dataclass(frozen=True, slots=True)
class NoisyBall:
    """The states |a_0 - start| <= radius of a map, driven by inputs |u_t| <= noise, in norm 2 or inf."""

    map: Map
    start: tuple[Fraction, ...]
    radius: Fraction
    noise: Fraction
    norm: float

    def orbit(self, steps: int) -> list[Boxes]:
        """The orbit of ``start`` without noise, each state between two floats; nan once nothing is known."""
        found: list[Boxes] = []
        with balls.precision(min(_MOST_BITS, _BITS + _BITS_PER_STEP * steps)):
            state = [balls.ball(v) for v in self.start]
            for t in range(steps + 1):
                if t:
                    state = ball_map(self.map).image(state)
                found.append(_between(state))
        return found

    def first_cells(self, centre: Boxes, pieces: int) -> Boxes:
        """Cells that hold the ball."""
        lo = np.array([[float_below(v - self.radius)] for v in self.start])
        hi = np.array([[float_above(v + self.radius)] for v in self.start])
        return within(paved((lo, hi), pieces), centre, float_above(self.radius), self.norm)

    def next_cells(self, boxes: Boxes, centre: Boxes, bound: float, pieces: int) -> Boxes | None:
        """Cells one step later, all of them within ``bound`` of ``centre``; None where nothing is known any more."""
        moved = widened(images(self.map, *boxes, threads=1), float_above(self.noise))
        if not np.all(are_known(moved)) or max(float(np.max(np.abs(side))) for side in moved) > _FAR:
            return None
        if not math.isfinite(bound):
            return paved(moved, pieces)
        kept = within(moved, centre, bound, self.norm)
        return within(paved(kept, pieces), centre, bound, self.norm) if kept[0].shape[1] else None

    def next_radius(self, radius: float, centre: Boxes) -> float:
        """lambda radius + noise, rounded up, lambda bounding |M'| on the ball of this radius around ``centre``."""
        if not (math.isfinite(radius) and bool(are_known(centre)[0])):
            return math.inf
        around = paved(widened(centre, radius), _STRETCH_PIECES[self.map.dimension])
        slopes = interval_map(self.map).jacobian(*within(around, centre, radius, self.norm), threads=1)
        rate = float(np.max(norm_upper_bounds(*slopes, self.norm)))
        return math.nextafter(math.nextafter(rate * radius, math.inf) + float_above(self.noise), math.inf)

    def enclose(self, centres: Sequence[Boxes], pieces: int) -> tuple[list[Boxes], Floats, Floats]:
        """Cells at each step, as far as there are any; bounds of |a_t - abar_t|; and the tube of Theorem 3."""
        cells = [self.first_cells(centres[0], pieces)]
        enclosed, tube = np.full(len(centres), math.inf), np.full(len(centres), math.inf)
        enclosed[0] = tube[0] = float_above(self.radius)
        for t in range(1, len(centres)):
            tube[t] = self.next_radius(float(tube[t - 1]), centres[t - 1])
            if len(cells) < t:
                continue
            same = tube[t - 1] <= enclosed[t - 1]
            bound = float(tube[t]) if same else self.next_radius(float(enclosed[t - 1]), centres[t - 1])
            boxes = self.next_cells(cells[-1], centres[t], bound, pieces)
            if boxes is not None:
                cells.append(boxes)
                enclosed[t] = min(bound, float(np.max(farthest(boxes, centres[t], self.norm))))
        return cells, enclosed, tube


def _between(state: Sequence[Ball]) -> Boxes:
    """A box of balls as one of floats; nan where nothing is known, or where it is too large to be written out."""
    try:
        ends = [balls.enclosure(b) for b in state]
    except ArithmeticError:
        nothing = np.full((len(state), 1), math.nan)
        return nothing, nothing
    return np.array([[e.lo] for e in ends]), np.array([[e.hi] for e in ends])
