"""What labels cells, frozen: the map's compiled code, the grid, and what captures an orbit, all as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np

from dynlatch.maps.definition import Map
from dynlatch.maps.evaluators import CompiledMap
from dynlatch.maps.threads import for_chunks, num_threads
from dynlatch.progress import SILENT, Progress
from dynlatch.regions.attractors import Attractors
from dynlatch.regions.grid import Floats, Grid
from dynlatch.regions.labelling import BLOCK, label_cells
from dynlatch.regions.labels import Labels, Times

CHUNK: Final = 256 * BLOCK
"""Cells that a thread takes at a time, at most."""
_INSIDE: Final = 1.0 - 1e-9
"""Capture a hair inside the trapping region, so that the rounding of the test does not matter."""
_NEAR: Final = 1e-6
"""Capture radius of an attractor without a certified region, relative to the size of its states."""

Captures: TypeAlias = tuple[Any, ...]
"""Capture regions, box and cells of recurrent sets, as ``label_cells`` takes them."""


@dataclass(frozen=True, slots=True)
class Labeller:
    """Labels any range of cells, or any states, each by a pure function of its middle.

    So labels depend neither on ``threads`` nor on how the work is cut. Labels are int16, times int32 (steps).
    """

    map: Map
    grid: Grid
    max_steps: int
    compiled: CompiledMap
    captures: Captures

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
        given = np.empty((self.map.dimension, 0))
        self._label(self.grid.layout(), start, end, given, labels, times, threads, progress, "labelling cells")

    def label_tile(self, first: Sequence[int], counts: Sequence[int]) -> tuple[Labels, Times]:
        """Labels and times of the block of ``counts`` cells from cell ``first`` on, in its shape; on this thread."""
        labels, times = np.empty(tuple(counts), dtype=np.int16), np.empty(tuple(counts), dtype=np.int32)
        layout, given = self.grid.layout(first, counts), np.empty((self.map.dimension, 0))
        self._label(layout, 0, labels.size, given, labels.reshape(-1), times.reshape(-1), 1, SILENT, "")
        return labels, times

    def label_states(
        self, states: Floats, *, threads: int | None = None, progress: Progress = SILENT
    ) -> tuple[Labels, Times]:
        """Labels and times of given states, shape (n, N), by the rule that labels the middles of cells."""
        given = np.ascontiguousarray(states, dtype=np.float64)
        labels, times = np.empty(given.shape[1], dtype=np.int16), np.empty(given.shape[1], dtype=np.int32)
        self._label(
            self.grid.layout(), 0, labels.size, given, labels, times, threads, progress, "labelling states"
        )  # fmt: skip
        return labels, times

    def _label(
        self, layout: tuple[Any, ...], start: int, end: int, given: Floats, labels: Labels, times: Times,
        threads: int | None, progress: Progress, title: str,
    ) -> None:  # fmt: skip
        kernel, constants = self.compiled.step_kernel, self.compiled.step_constants

        def work(a: int, b: int) -> None:
            out = labels[a:b], times[a:b]
            label_cells(
                kernel, constants, start + a, start + b, self.max_steps, *layout, given, *self.captures, *out
            )  # fmt: skip

        # Smaller chunks where there are few cells, so that every thread has some; multiples of a block all the same.
        fair = -(-(end - start) // (4 * num_threads(threads)) // BLOCK) * BLOCK
        chunk = max(16 * BLOCK, min(CHUNK, fair))
        for_chunks(work, end - start, chunk, threads=threads, progress=progress, title=title)


def captures_of(m: Map, attractors: Attractors) -> Captures:
    """What captures an orbit for each attractor."""
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
