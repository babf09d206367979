"""Cells of a box, or of a slice of it, numbered row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InputError
from dynlatch.maps.definition import Box, Map, exact_box, exact_fraction
from dynlatch.memory import MAX_BYTES, in_bytes

Floats = NDArray[np.float64]

BYTES_PER_CELL = 6
"""A label of two bytes and a time of four."""

MAX_CELLS = 10**11


@dataclass(frozen=True, slots=True)
class Grid:
    """Equal cells over chosen axes of a box; the states along the other axes are held at ``at``.

    ``axes`` are the indices of the gridded states, ``sides`` their exact ends, ``counts`` the cells along each,
    ``at`` one value per state of the map (used where a state is not gridded). Cell (i, j, ...) has the number
    that C order gives it.
    """

    axes: tuple[int, ...]
    sides: Box
    counts: tuple[int, ...]
    at: tuple[Fraction, ...]

    @property
    def num_cells(self) -> int:
        """The number of cells."""
        return int(np.prod(np.array(self.counts, dtype=object)))

    def centres(self, k: int) -> Floats:
        """The middles of the cells along gridded axis ``k``, shape (counts[k],)."""
        origin, width = self._scale(k)
        return origin + width * (np.arange(self.counts[k], dtype=np.float64) + 0.5)

    def points(self, start: int, end: int) -> Floats:
        """The middles of cells ``start`` to ``end`` as states, shape (n, end - start)."""
        points = np.repeat(np.array([[float(v)] for v in self.at]), end - start, axis=1)
        indices = np.unravel_index(np.arange(start, end), self.counts)
        for k, axis in enumerate(self.axes):
            origin, width = self._scale(k)
            points[axis] = origin + width * (indices[k] + 0.5)
        return points

    def layout(self, first: Sequence[int] = (), counts: Sequence[int] = ()) -> tuple[NDArray[Any], ...]:
        """Axes, counts, first cell, origins, cell widths and held values as arrays, for compiled loops.

        Of the block of ``counts`` cells whose first one has the indices ``first``; by default of all cells.
        """
        scales = [self._scale(k) for k in range(len(self.axes))]
        return (
            np.array(self.axes, dtype=np.int64),
            np.array(counts or self.counts, dtype=np.int64),
            np.array(first or [0] * len(self.counts), dtype=np.int64),
            np.array([s[0] for s in scales]),
            np.array([s[1] for s in scales]),
            np.array([float(v) for v in self.at]),
        )

    def _scale(self, k: int) -> tuple[float, float]:
        lo, hi = self.sides[k]
        return float(lo), float((hi - lo) / self.counts[k])


def make_grid(
    m: Map,
    box: object = None,
    resolution: int | Sequence[int] = 400,
    *,
    axes: Sequence[str] | None = None,
    at: Mapping[str, object] | None = None,
) -> Grid:
    """A grid over a map's box (its domain by default).

    ``resolution`` is the number of cells along each axis, or one number per axis. ``axes`` names the states to
    grid (all of them up to three states; of more, the first two), ``at`` the values of the others (0 if the box
    holds it, else the middle of their side).

    Raises: InputError for a bad box, an unknown state, or a resolution that is not positive or absurdly large.
    """
    sides = m.domain if box is None else exact_box(box, m.dimension)
    names = [str(s) for s in m.states]
    chosen = list(axes) if axes is not None else names[: m.dimension if m.dimension <= 3 else 2]
    for name in (*chosen, *(at or {})):
        if name not in names:
            raise InputError(f"{name} is no state of {m.name}; its states are {', '.join(names)}")
    if not chosen or len(set(chosen)) < len(chosen):
        raise InputError(f"axes={chosen} must name at least one state, each once; choose from {', '.join(names)}")
    indices = tuple(names.index(name) for name in chosen)
    held = [Fraction(0) if lo <= 0 <= hi else (lo + hi) / 2 for lo, hi in sides]
    for name, value in (at or {}).items():
        held[names.index(name)] = exact_fraction(value, name)
    counts = cell_counts(resolution, len(indices))
    return Grid(indices, tuple(sides[i] for i in indices), counts, tuple(held))


def check_memory(grid: Grid, bytes_per_cell: int) -> None:
    """Refuse a grid whose arrays would need more than ``MAX_BYTES``.

    Raises: InputError with the memory that it would take.
    """
    size = grid.num_cells * bytes_per_cell
    if size > MAX_BYTES:
        shape = " x ".join(map(str, grid.counts))
        raise InputError(
            f"a resolution of {shape} cells needs {in_bytes(size)} of memory, more than {in_bytes(MAX_BYTES)}; "
            "choose a lower one, or write the labels to disk (dynlatch basins --out FILE.nc, or write_basins)"
        )


def cell_counts(resolution: int | Sequence[int], num_axes: int) -> tuple[int, ...]:
    """Cells along each axis from one number for all or one each. Raises: InputError for what is no such number."""
    given = list(resolution) if isinstance(resolution, Sequence) else [resolution] * num_axes
    mend = "give a whole number of cells along each axis, at least 1"
    if len(given) != num_axes:
        raise InputError(f"resolution={resolution} has {len(given)} numbers for {num_axes} axes; {mend}")
    for count in given:
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InputError(f"resolution={resolution} is not usable; {mend}")
    cells = 1
    for count in given:
        cells *= int(count)
    if cells > MAX_CELLS:
        size = cells * BYTES_PER_CELL
        raise InputError(
            f"resolution={resolution} makes {cells:.3g} cells, which need {in_bytes(size)}; "
            f"choose at most {int(MAX_CELLS ** (1 / num_axes))} along each axis"
        )
    return tuple(int(c) for c in given)
