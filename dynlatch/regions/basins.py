"""Phase 2 of basins: every cell labelled by the attractor that its middle goes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from dynlatch.errors import InputError
from dynlatch.maps.definition import Box, Map
from dynlatch.maps.evaluators import compiled_map
from dynlatch.progress import SILENT, Progress
from dynlatch.regions.attractors import Attractors, find_attractors
from dynlatch.regions.grid import BYTES_PER_CELL, Grid, check_memory, make_grid
from dynlatch.regions.labeller import CHUNK, Labeller, captures_of
from dynlatch.regions.labels import Label, Labels, Times, label_counts

if TYPE_CHECKING:
    import xarray

MAX_STEPS: Final = 20_000
_PART: Final = 8 * CHUNK
MAX_ATTRACTORS: Final = 30_000


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
        return label_counts(self.labels)

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
class Run(Labeller):
    """Phase 2, ready to label any range of cells; ``attractors`` are what the labels mean."""

    attractors: Attractors

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
    return Run(m, grid, max_steps, compiled_map(m), captures_of(m, found), found)


def search_box(m: Map, grid: Grid) -> Box:
    """The hull of the map's domain and the grid: where attractors are looked for."""
    sides = list(m.domain)
    for k, axis in enumerate(grid.axes):
        lo, hi = grid.sides[k]
        sides[axis] = min(lo, sides[axis][0]), max(hi, sides[axis][1])
    return tuple(sides)


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
