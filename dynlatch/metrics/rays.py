"""Rays from a state to where its basin ends, measured: sampled states, bisection, and a search for shorter rays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dynlatch.regions.basins import Run
from dynlatch.regions.labels import Label, Labels
from dynlatch.rigor.krawczyk import Floats
from dynlatch.seeds import rng_for

SAMPLE: Final = 1 << 17
"""States that are sampled where there is no grid."""
_LINE: Final = 4096
_RAYS: Final = 64
_STARTS: Final = 4
_PROPOSALS: Final = 64
_WIDEST: Final = 0.5
_NARROWEST: Final = 1e-6
"""Widths of the cones of directions, in radians."""
_NO_EXIT: Final = (Label.OUT_OF_TIME, Label.UNDECIDED)
"""Labels of states of which it is not known that they have left the basin."""


class Rays:
    """The sampled states of a box that are outside of one basin, and the shortest rays to its edge.

    On a grid of all states the sample are the cells' middles and ``sampled_to`` is a cell's diagonal; else the sample
    is random and ``sampled_to`` nan. Rigor: sampled.
    """

    def __init__(self, run: Run, own: int, seed: int, *, gridded: bool) -> None:
        self._run = run
        self._own = own
        self._seed = seed
        grid = run.grid
        self._lo, self._hi = (np.array([[float(side[k])] for side in grid.sides]) for k in (0, 1))
        if gridded:
            states = grid.points(0, grid.num_cells)
            self.sampled_to = float(np.linalg.norm((self._hi - self._lo)[:, 0] / np.array(grid.counts)))
        else:
            rng = rng_for(seed, "rays", run.map.content_hash)
            states = self._lo + (self._hi - self._lo) * rng.random((run.map.dimension, SAMPLE))
            self.sampled_to = math.nan
        self._outside = np.ascontiguousarray(states[:, self._left(run.label_states(states)[0])])

    def _left(self, labels: Labels) -> NDArray[np.bool_]:
        return (labels != self._own) & ~np.isin(labels, _NO_EXIT)

    def shortest(self, at: Floats) -> Floats | None:
        """The shortest ray found, as a displacement; None if no sampled state is outside of the basin."""
        if at.size == 1:
            ends = np.array(list(self.exits(float(at[0])).values())) - at[0]
            return ends[[np.argmin(np.abs(ends))]] if ends.size else None
        rays = sorted((self._exit(at, state - at) for state in self._candidates(at)), key=_length)
        return min((self._turned(at, ray) for ray in _apart(rays)), key=_length, default=None)

    def leaves_box(self, at: Floats, size: float) -> bool:
        """Whether states this far from ``at`` may lie outside of the box, where nothing was sampled."""
        return at.size > 1 and size > float(np.min(np.minimum(at[:, None] - self._lo, self._hi - at[:, None])))

    def label_beyond(self, at: Floats, ray: Floats) -> int:
        """The label a hair further out than the end of a ray."""
        scale = max(1.0, float(np.max(np.abs(at))))
        states = (at + ray * (1.0 + 2.0**-32 * scale / _length(ray)))[:, None]
        return int(self._run.label_states(states, threads=1)[0][0])

    def exits(self, at: float) -> dict[int, float]:
        """In one dimension: where the basin ends below (-1) and above (1), as far as the samples tell.

        Where it ends on one side only within the box, the other side is sampled for as far, even beyond the box.
        """
        found: dict[int, float] = {}
        for side in (-1, 1):
            away = side * (self._outside[0] - at)
            if np.any(away > 0.0):
                found[side] = self._exit_at(at, side * float(np.min(away[away > 0.0])))
        if len(found) == 1:
            (side,) = found
            states = at - (found[side] - at) * np.linspace(0.0, 1.0, _LINE + 1)[1:]
            left = np.flatnonzero(self._left(self._run.label_states(states[None])[0]))
            if left.size:
                found[-side] = self._exit_at(at, float(states[left[0]]) - at)
        return found

    def _exit_at(self, at: float, ray: float) -> float:
        return at + float(self._exit(np.array([at]), np.array([ray]))[0])

    def _candidates(self, at: Floats) -> Floats:
        """Up to ``_RAYS`` sampled states, shape (k, n), one of which may be next to the nearest point of the edge."""
        if not self._outside.shape[1]:
            return np.empty((0, at.size))
        distances = np.linalg.norm(self._outside - at[:, None], axis=0)
        order = np.argsort(distances, kind="stable")
        if math.isnan(self.sampled_to):
            return self._outside[:, order[:_RAYS]].T
        within = np.searchsorted(distances[order], distances[order[0]] + 2.0 * self.sampled_to, "right")
        chosen = np.unique(np.linspace(0, int(within) - 1, _RAYS).astype(np.int64))
        return self._outside[:, order[chosen]].T

    def _exit(self, at: Floats, ray: Floats) -> Floats:
        """Where a ray whose end is outside of the basin first leaves it, as far as 32 states in each round tell."""
        inside, outside = 0.0, 1.0
        while outside - inside > 2.0**-48 * outside:
            shares = inside + (outside - inside) * np.arange(1, 33) / 33
            labels, _ = self._run.label_states(at[:, None] + ray[:, None] * shares, threads=1)
            left = np.flatnonzero(self._left(labels))
            if left.size:
                first = int(left[0])
                inside, outside = (float(shares[first - 1]) if first else inside), float(shares[first])
            else:
                inside = float(shares[-1])
        return ray * outside

    def _turned(self, at: Floats, ray: Floats) -> Floats:
        """The ray turned to where it is shortest: directions are tried in a cone, a smaller one when none is better."""
        rng = rng_for(self._seed, "rays, turning", self._run.map.content_hash)
        turn = _WIDEST
        while turn > _NARROWEST:
            size = _length(ray)
            tried = ray[:, None] / size + turn * rng.normal(size=(at.size, _PROPOSALS)) / math.sqrt(at.size)
            tried *= size / np.linalg.norm(tried, axis=0)
            better = np.flatnonzero(self._left(self._run.label_states(at[:, None] + tried, threads=1)[0]))
            best = min((self._exit(at, tried[:, k]) for k in better[:_STARTS]), key=_length, default=ray)
            if _length(best) < size * (1.0 - 2.0**-40):
                ray = best
            else:
                turn *= 0.6
        return ray


def _length(ray: Floats) -> float:
    return float(np.linalg.norm(ray))


def _apart(rays: Sequence[Floats]) -> list[Floats]:
    """The shortest rays of clearly different directions, from rays in the order of their lengths."""
    chosen: list[Floats] = []
    for ray in rays:
        if all(float(ray @ other) < 0.95 * _length(ray) * _length(other) for other in chosen):
            chosen.append(ray)
    return chosen[:_STARTS]
