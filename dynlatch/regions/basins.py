"""Phase 2 of basins: every cell labelled by the attractor that its middle goes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dynlatch.errors import InputError
from dynlatch.maps.definition import Box, Map
from dynlatch.maps.evaluators import CompiledMap, compiled_map
from dynlatch.maps.threads import for_chunks, num_threads
from dynlatch.progress import SILENT, Progress
from dynlatch.regions.attractors import Attractors, find_attractors
from dynlatch.regions.grid import BYTES_PER_CELL, Floats, Grid, check_memory, make_grid
from dynlatch.regions.labelling import BLOCK, label_cells
from dynlatch.regions.labels import Label, Labels, Times

if TYPE_CHECKING:
    import xarray

MAX_STEPS: Final = 20_000
_CHUNK: Final = 256 * BLOCK
_PART: Final = 8 * _CHUNK
MAX_ATTRACTORS: Final = 30_000
_INSIDE: Final = 1.0 - 1e-9
"""Capture a hair inside the trapping region, so that the rounding of the test does not matter."""
_NEAR: Final = 1e-6
"""Capture radius of an attractor without a certified region, relative to the size of its states."""


@dataclass(frozen=True, slots=True, repr=False)
class Basins:
    """Every cell of a grid labelled: 0, 1, ... an attractor, below 0 a ``Label``.

    ``labels`` and ``times`` have the grid's shape; a time is the step at which the orbit first entered the
    attractor's capture region (or got its other label). Rigor: sampled, one orbit per cell; capture by a certified
    trapping region where the attractor is PROVED.
    """

    map: Map
    grid: Grid
    attractors: Attractors
    labels: Labels
    times: Times
    max_steps: int

    @property
    def counts(self) -> dict[int, int]:
        """How many cells carry each label that occurs."""
        found, number = np.unique(self.labels, return_counts=True)
        return {int(label): int(count) for label, count in zip(found, number, strict=True)}

    @property
    def fractions(self) -> dict[int, float]:
        """The share of the cells that goes to each attractor (0 where none does)."""
        counts = self.counts
        return {k: counts.get(k, 0) / self.grid.num_cells for k in range(len(self.attractors))}

    def to_xarray(self) -> xarray.Dataset:
        """Labels and times over the cells' middles, with the meaning of the labels in the attributes."""
        import xarray

        dims = [str(self.map.states[i]) for i in self.grid.axes]
        coords = {name: self.grid.centres(k) for k, name in enumerate(dims)}
        return xarray.Dataset(
            {"label": (dims, self.labels), "time": (dims, self.times, {"units": "steps"})},
            coords=coords,
            attrs=describe(self.map, self.grid, self.attractors, self.max_steps),
        )

    def __repr__(self) -> str:
        shares = ", ".join(f"{self.attractors[k]!r}: {share:.4f}" for k, share in self.fractions.items())
        return f"Basins of {self.map.name} on {' x '.join(map(str, self.grid.counts))} cells ({shares})"


def basins(
    m: Map,
    box: object = None,
    resolution: int | Sequence[int] = 400,
    *,
    axes: Sequence[str] | None = None,
    at: Mapping[str, object] | None = None,
    attractors: Attractors | None = None,
    max_steps: int = MAX_STEPS,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> Basins:
    """Label every cell of a grid by what the orbit of its middle does.

    Phase 1 finds the attractors (``find_attractors``; pass ``attractors`` to skip it), phase 2 freezes them and labels
    each cell by a pure function, so that the labels depend neither on ``threads`` nor on how the work is cut.

    Arguments: ``box`` and ``resolution`` (cells along each axis), ``axes`` and ``at`` for a slice (see ``make_grid``);
    ``max_steps`` before a cell is called out of time; ``seed`` of phase 1.
    Raises: InputError for a bad box, resolution, slice or step count.
    Rigor: sampled. Cost: some tens of nanoseconds a cell; six bytes a cell of memory (``write_basins`` needs none).
    """
    check_memory(make_grid(m, box, resolution, axes=axes, at=at), BYTES_PER_CELL)
    run = prepare(m, box, resolution, axes, at, attractors, max_steps, seed, progress)
    labels = np.empty(run.grid.num_cells, dtype=np.int16)
    times = np.empty(run.grid.num_cells, dtype=np.int32)
    run.label(0, run.grid.num_cells, labels, times, threads=threads, progress=progress)
    shape = run.grid.counts
    return Basins(m, run.grid, run.attractors, labels.reshape(shape), times.reshape(shape), max_steps)


@dataclass(frozen=True, slots=True)
class Run:
    """Phase 2, ready to label any range of cells."""

    map: Map
    grid: Grid
    attractors: Attractors
    max_steps: int
    compiled: CompiledMap
    arrays: tuple[Any, ...]

    def label(
        self,
        start: int,
        end: int,
        labels: Labels,
        times: Times,
        *,
        threads: int | None = None,
        progress: Progress = SILENT,
    ) -> None:
        """Label cells ``start`` to ``end`` into flat arrays that begin at ``start``."""
        self._label(start, end, np.empty((self.map.dimension, 0)), labels, times, threads, progress, "labelling cells")

    def label_states(
        self, states: Floats, *, threads: int | None = None, progress: Progress = SILENT
    ) -> tuple[Labels, Times]:
        """Labels and times of given states, shape (n, N), by the rule that labels the middles of cells."""
        given = np.ascontiguousarray(states, dtype=np.float64)
        labels, times = np.empty(given.shape[1], dtype=np.int16), np.empty(given.shape[1], dtype=np.int32)
        self._label(0, labels.size, given, labels, times, threads, progress, "labelling states")
        return labels, times

    def _label(
        self, start: int, end: int, given: Floats, labels: Labels, times: Times, threads: int | None,
        progress: Progress, title: str,
    ) -> None:  # fmt: skip
        kernel, constants = self.compiled.step_kernel, self.compiled.step_constants
        where = *self.grid.layout(), given

        def work(a: int, b: int) -> None:
            out = labels[a:b], times[a:b]
            label_cells(kernel, constants, start + a, start + b, self.max_steps, *where, *self.arrays, *out)

        # Smaller chunks where there are few cells, so that every thread has some; multiples of a block all the same.
        fair = -(-(end - start) // (4 * num_threads(threads)) // BLOCK) * BLOCK
        chunk = max(16 * BLOCK, min(_CHUNK, fair))
        for_chunks(work, end - start, chunk, threads=threads, progress=progress, title=title)

    def parts(self) -> Iterator[tuple[int, int]]:
        """Ranges of whole rows (of the first axis), a few million cells each: the unit of writing to disk."""
        row = self.grid.num_cells // self.grid.counts[0]
        rows = max(1, _PART // row)
        for first in range(0, self.grid.counts[0], rows):
            yield first, min(first + rows, self.grid.counts[0])


def prepare(
    m: Map,
    box: object,
    resolution: int | Sequence[int],
    axes: Sequence[str] | None,
    at: Mapping[str, object] | None,
    attractors: Attractors | None,
    max_steps: int,
    seed: int,
    progress: Progress,
) -> Run:
    """Check the arguments of ``basins``, run phase 1 and freeze its result."""
    if isinstance(max_steps, bool) or not 1 <= max_steps < 2**31:
        raise InputError(f"max_steps={max_steps} must be a whole number from 1 to 2147483647; it bounds each orbit")
    grid = make_grid(m, box, resolution, axes=axes, at=at)
    found = attractors
    if found is None:
        found = find_attractors(m, search_box(m, grid), seed=seed, progress=progress)
    if len(found) > MAX_ATTRACTORS:
        raise InputError(
            f"{m.name} has {len(found)} attractors in the box, more than {MAX_ATTRACTORS}; choose a smaller box"
        )
    return Run(m, grid, found, max_steps, compiled_map(m), _frozen(m, found))


def search_box(m: Map, grid: Grid) -> Box:
    """The hull of the map's domain and the grid: where attractors are looked for."""
    sides = list(m.domain)
    for k, axis in enumerate(grid.axes):
        lo, hi = grid.sides[k]
        sides[axis] = min(lo, sides[axis][0]), max(hi, sides[axis][1])
    return tuple(sides)


def _frozen(m: Map, attractors: Attractors) -> tuple[Any, ...]:
    """Capture regions, box and cells as the arrays that ``label_cells`` takes."""
    n = m.dimension
    regions: list[tuple[int, Sequence[float], object, float]] = []
    for k, a in enumerate(attractors.listed):
        for trap in a.traps:
            shape = [[float(v) for v in row] for row in trap.norm.matrix]
            regions.append((k, trap.centre, shape, trap.radius * _INSIDE))
        if a.point is not None and not a.traps:
            regions += [(k, state, np.eye(n), _NEAR * max(1.0, float(np.max(np.abs(state))))) for state in a.states.T]
    box = np.array([[float(lo), float(hi)] for lo, hi in attractors.box])
    cells = np.zeros(0, dtype=np.int16)
    for k, a in enumerate(attractors.listed):
        if a.cells is not None:
            cells = cells if cells.size else np.zeros(int(np.prod(attractors.cell_counts)), dtype=np.int16)
            cells[a.cells] = k + 1
    return (
        np.array([centre for _, centre, _, _ in regions], dtype=np.float64).reshape(-1, n),
        np.array([shape for _, _, shape, _ in regions], dtype=np.float64).reshape(-1, n, n),
        np.array([radius**2 for _, _, _, radius in regions], dtype=np.float64),
        np.array([k for k, _, _, _ in regions], dtype=np.int64),
        np.ascontiguousarray(box[:, 0]),
        np.ascontiguousarray(box[:, 1]),
        cells,
        np.array(attractors.cell_counts, dtype=np.int64),
    )


def describe(m: Map, grid: Grid, attractors: Attractors, max_steps: int) -> dict[str, str]:
    """What a file of labels must say to be understood without this program."""
    meanings = [f"{label.value}: {label.name.lower().replace('_', ' ')}" for label in Label]
    meanings += [f"{k}: {a!r}" for k, a in enumerate(attractors.listed)]
    held = [f"{s} = {grid.at[i]}" for i, s in enumerate(m.states) if i not in grid.axes]
    return {
        "map": repr(m),
        "map_hash": m.content_hash,
        "labels": "; ".join(meanings),
        "held": "; ".join(held),
        "max_steps": str(max_steps),
        "rigor": "sampled: one orbit from the middle of each cell",
    }
