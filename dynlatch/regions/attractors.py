"""Phase 1 of basins: what orbits settle on. Points and cycles are certified, the rest is found by recurrence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dynlatch.latch.fixed_points import MAX_DIMENSION, FixedPoint, Stability, cycle_near, fixed_points
from dynlatch.maps.definition import Box, Map
from dynlatch.maps.evaluators import compiled_map
from dynlatch.progress import SILENT, Progress
from dynlatch.regions.labels import FAR
from dynlatch.regions.trapping import TrappingRegion, trapping_regions
from dynlatch.rigor.krawczyk import Floats
from dynlatch.seeds import rng_for
from dynlatch.verdict import Verdict

SAMPLE: Final = 400
"""Orbits started in the box."""
TRANSIENT: Final = 2_000
RECORDED: Final = 20_000
"""Steps whose cells are recorded for an orbit that settles on no cycle."""
LONGEST_CYCLE: Final = 32
_CELLS: Final = {1: 4096, 2: 256, 3: 64, 4: 24}


@dataclass(frozen=True, slots=True, repr=False)
class Attractor:
    """Something that orbits settle on.

    ``point`` is the certified fixed point or cycle with its trapping regions ``traps``; a recurrent set
    (quasi-periodic, chaotic, or converging too slowly to tell) has ``cells`` instead: the numbers, in C order on a
    grid over the box, of the cells that an orbit visited, and ``states``, some of its states, shape (n, k).
    ``verdict`` is PROVED only for a certified point with a certified trapping region.
    """

    name: str
    point: FixedPoint | None
    traps: tuple[TrappingRegion, ...]
    cells: NDArray[np.int64] | None
    states: Floats
    verdict: Verdict

    def __str__(self) -> str:
        where = ", ".join(f"{v:.6g}" for v in self.states[:, 0])
        return f"{self.name} at ({where})"

    def __repr__(self) -> str:
        return f"Attractor({self}, {self.verdict})"


@dataclass(frozen=True, slots=True)
class Attractors:
    """The attractors found in a box, and the cell grid (counts along each side) that recurrent sets refer to."""

    box: Box
    listed: tuple[Attractor, ...]
    cell_counts: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.listed)

    def __getitem__(self, index: int) -> Attractor:
        return self.listed[index]


def find_attractors(m: Map, box: Box, *, seed: int = 0, progress: Progress = SILENT) -> Attractors:
    """Attractors that attract a seeded sample of starting states in a box, and every attracting fixed point there.

    Fixed points come from branch and prune (up to 4 states) and are complete; cycles of period up to 32 and fixed
    points of larger maps are certified where a sampled orbit settles; what else an orbit does is recorded on a cell
    grid. Rigor: certified for points and cycles, sampled for the rest and for completeness beyond fixed points.
    """
    progress.start("finding attractors", 3)
    points = list(fixed_points(m, box).attracting) if m.dimension <= MAX_DIMENSION else []
    progress.advance()
    settled = _settle(m, box, seed)
    rest: list[Floats] = []
    for k in range(settled.shape[1]):
        if any(_near(settled[:, k], p) for p in points):
            continue
        cycle = _certified_cycle(m, settled[:, k])
        if cycle is None:
            rest.append(settled[:, k])
        elif cycle.stability is Stability.ATTRACTING:
            points.append(cycle)
    progress.advance()
    listed = [_of_point(m, p) for p in sorted(points, key=lambda p: (p.period, tuple(p.values)))]
    counts = (_CELLS.get(m.dimension, 0),) * m.dimension
    if rest and m.dimension in _CELLS:
        listed += _recurrent_sets(m, box, counts, np.stack(rest, axis=1))
    progress.advance()
    progress.finish()
    return Attractors(box, tuple(listed), counts)


def _settle(m: Map, box: Box, seed: int) -> Floats:
    """States of the sample after the transient, those that stay bounded and defined."""
    rng = rng_for(seed, "attractors", m.content_hash)
    ends = np.array([[float(lo), float(hi)] for lo, hi in box])
    states = rng.uniform(ends[:, :1], ends[:, 1:], size=(m.dimension, SAMPLE))
    compiled = compiled_map(m)
    for _ in range(TRANSIENT):
        states = compiled.step(states, threads=1)
        bounded = np.all(np.abs(states) <= FAR, axis=0)
        if not np.all(bounded):
            states = np.ascontiguousarray(states[:, bounded])
        if not states.shape[1]:
            break
    inside = np.all((states >= ends[:, :1]) & (states <= ends[:, 1:]), axis=0)
    return states[:, inside]


def _near(state: Floats, point: FixedPoint) -> bool:
    orbit = np.array([[float(e) for e in p] for p in point.orbit])
    scale = max(1.0, float(np.max(np.abs(orbit))))
    return bool(np.min(np.max(np.abs(orbit - state), axis=1)) < 1e-8 * scale)


def _certified_cycle(m: Map, state: Floats) -> FixedPoint | None:
    """The cycle an orbit has settled on, if it returns within 1e-9 after at most 32 steps and Krawczyk agrees."""
    compiled = compiled_map(m)
    current = state[:, None]
    scale = max(1.0, float(np.max(np.abs(state))))
    for period in range(1, LONGEST_CYCLE + 1):
        current = compiled.step(current, threads=1)
        if float(np.max(np.abs(current[:, 0] - state))) < 1e-9 * scale:
            found = cycle_near(m, state, period)
            return found if found is not None and _near(state, found) else None
    return None


def _of_point(m: Map, point: FixedPoint) -> Attractor:
    traps = trapping_regions(m, point)
    name = "fixed point" if point.period == 1 else f"cycle of period {point.period}"
    proved = len(traps) == point.period
    states = np.array([[float(e) for e in p] for p in point.orbit]).T
    return Attractor(name, point, traps, None, states, Verdict.PROVED if proved else Verdict.INCONCLUSIVE)


def _recurrent_sets(m: Map, box: Box, counts: Sequence[int], states: Floats) -> list[Attractor]:
    """Record the cells that the remaining orbits visit; orbits that share cells are on one set.

    An orbit counts as recurrent when most cells of the second half of its record occur in the first half too: one
    that only creeps on (at a bifurcation, say) has found nothing yet.
    """
    lo = np.array([float(a) for a, _ in box])
    width = np.array([float(b - a) for a, b in box]) / np.array(counts)
    compiled = compiled_map(m)
    chosen = states[:, :: max(1, states.shape[1] // 40)]
    record = np.empty((RECORDED, chosen.shape[1]), dtype=np.int64)
    lost = np.zeros(chosen.shape[1], dtype=bool)
    kept: list[Floats] = []
    for step in range(RECORDED):
        chosen = compiled.step(np.ascontiguousarray(chosen), threads=1)
        with np.errstate(invalid="ignore"):
            index = np.floor((chosen - lo[:, None]) / width[:, None])
            lost |= ~np.all((index >= 0) & (index < np.array(counts)[:, None]), axis=0)
            record[step] = np.ravel_multi_index(tuple(np.nan_to_num(index).astype(np.int64)), counts, mode="clip")
        if step >= RECORDED - 1000:
            kept.append(chosen.copy())
    orbits: list[tuple[set[int], Floats]] = []
    for k in np.flatnonzero(~lost):
        first, second = (set(half.tolist()) for half in np.split(record[:, k], 2))
        if len(first & second) > 0.5 * len(second):
            orbits.append((first | second, np.stack([s[:, k] for s in kept], axis=1)))
    return _merged(orbits)


def _merged(orbits: Sequence[tuple[set[int], Floats]]) -> list[Attractor]:
    sets: list[tuple[set[int], Floats]] = []
    for cells, states in orbits:
        for k, (other, theirs) in enumerate(sets):
            if len(cells & other) > 0.1 * min(len(cells), len(other)):
                sets[k] = (cells | other, theirs)
                break
        else:
            sets.append((cells, states))
    return [
        Attractor("recurrent set", None, (), np.array(sorted(cells), dtype=np.int64), states, Verdict.INCONCLUSIVE)
        for cells, states in sets
    ]
