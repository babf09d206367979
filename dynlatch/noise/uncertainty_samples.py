"""Points of a ball followed with chosen noise: each a thin box that certainly holds an orbit that can occur."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import numpy as np

from dynlatch.cells.images import images
from dynlatch.maps.definition import Map
from dynlatch.maps.evaluators import Floats
from dynlatch.noise.boxes import Boxes
from dynlatch.seeds import rng_for

_INSIDE: Final = 1.0 - 2.0**-30
_THIN: Final = 2.0**-36
KINDS: Final = ("none", "outward", "inward", "constant", "random")
"""How the noise of sample number k is chosen: kind k modulo 5. Always of the largest size, save for "none"."""


def starts(centre: Sequence[Fraction], radius: Fraction, norm: float, count: int, seed: int) -> Floats:
    """States of a ball: its middle, the ends of its axes (its corners in norm inf), then random ones, half on its edge.

    Each is checked to lie in the ball exactly; what rounding has put outside is left out. Returns shape (n, <= count).
    """
    n, size = len(centre), float(radius)
    rng = rng_for(seed, "uncertainty", "starts", n)
    signs = np.array(list(itertools.product((-1.0, 1.0), repeat=n))).T
    first = signs if norm == math.inf else np.concatenate([np.eye(n), -np.eye(n)], axis=1)
    directions = rng.normal(size=(n, max(count, 1)))
    directions /= _lengths(directions, norm)
    deep = rng.random(directions.shape[1]) ** (1.0 / n)
    deep[: directions.shape[1] // 2] = 1.0
    shifts = np.concatenate([np.zeros((n, 1)), first, directions * deep], axis=1)[:, : max(count, 1)]
    middle = np.array([float(c) for c in centre])[:, None]
    points = middle + size * _INSIDE * shifts
    inside = [_is_in(points[:, k].tolist(), centre, radius, norm) for k in range(points.shape[1])]
    return np.ascontiguousarray(points[:, inside])


def _lengths(vectors: Floats, norm: float) -> Floats:
    lengths = np.linalg.norm(vectors, norm, axis=0)
    return np.where(lengths > 0.0, lengths, 1.0)


def _is_in(point: Sequence[float], centre: Sequence[Fraction], radius: Fraction, norm: float) -> bool:
    apart = [abs(Fraction(p) - c) for p, c in zip(point, centre, strict=True)]
    return max(apart) <= radius if norm == math.inf else sum(a * a for a in apart) <= radius * radius


class Samples:
    """Orbits that can occur, each in a thin box, with the inputs that were added.

    ``boxes`` hold the states now, shape (n, S); ``inputs`` is what was added at each step, shape (n, S), exactly.
    """

    def __init__(self, m: Map, points: Floats, noise: Fraction, norm: float, seed: int) -> None:
        self.boxes: Boxes = points, points
        self.inputs: list[Floats] = []
        self._map, self._norm = m, norm
        self._size = float(noise) * _INSIDE
        self._rng = rng_for(seed, "uncertainty", "noise", m.dimension)
        constant = self._rng.normal(size=points.shape)
        self._constant = constant / _lengths(constant, norm)
        self._kinds = np.arange(points.shape[1]) % len(KINDS)

    def advance(self, centre: Floats) -> None:
        """One step; the noise pushes some away from ``centre`` (where the middle's orbit goes), some towards it."""
        lo, hi = images(self._map, *self.boxes, threads=1)
        added = np.zeros_like(lo)
        if self._size > 0.0:
            added = self._noise(0.5 * lo + 0.5 * hi, centre)
            lo, hi = np.nextafter(lo + added, -math.inf), np.nextafter(hi + added, math.inf)
        self.inputs.append(added)
        self.boxes = lo, hi

    def states(self) -> Floats:
        """The states now, shape (n, S); nan where a box has grown too wide to be one state."""
        lo, hi = self.boxes
        with np.errstate(invalid="ignore"):
            middle = 0.5 * lo + 0.5 * hi
            thin = np.all(hi - lo <= _THIN * (1.0 + np.abs(middle)), axis=0)
        return np.where(thin, middle, math.nan)

    def _noise(self, states: Floats, centre: Floats) -> Floats:
        """Inputs of the norm that is allowed, or 0; a sum of squares that rounds up stays below it."""
        away = np.nan_to_num(states - centre[:, None])
        if self._norm == math.inf:
            away = np.where(away >= 0.0, 1.0, -1.0)
        else:
            away = np.where(np.any(away, axis=0), away / _lengths(away, 2), self._constant)
        random = self._rng.normal(size=states.shape)
        random /= _lengths(random, self._norm)
        chosen = np.select(
            [self._kinds == k for k in range(len(KINDS))], [0.0 * away, away, -away, self._constant, random]
        )
        return self._size * chosen
