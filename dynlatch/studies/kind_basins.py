"""The kind ``basins``: one large grid, cut into tiles, each of which is a trial; see ``basins_to_zarr``."""

from __future__ import annotations

import base64
import itertools
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InputError
from dynlatch.maps.evaluators import compiled_map
from dynlatch.maps.text import map_from_json, map_to_json
from dynlatch.regions.grid import Grid
from dynlatch.regions.labeller import Captures, Labeller
from dynlatch.regions.labels import label_counts
from dynlatch.studies.cell import Cell

if TYPE_CHECKING:
    from dynlatch.regions.labels import Labels, Times
    from dynlatch.studies.cell import Scalar, Value

TILE_CELLS: Final = 2**20
"""In a tile, about: milliseconds of work, a few megabytes."""
_SECONDS_A_CELL: Final = 1e-7
_EFFORT: Final = 1
"""Of compression, from 1 to 9: tiles are soon written and compressed anew."""


class Tiles:
    """All that labels depend on, as text, so that a worker anywhere gives the same: ``map``, exactly; ``grid``;
    ``captures``, the regions that were found to belong to the attractors; ``max_steps``. And ``tile``, its cells along
    each axis.

    Results of a trial: ``label`` and ``time``, the compressed cells of the tile (``unpacked`` reads them), and
    ``counts``, how many cells carry each label (``counts_of``). Rigor: sampled.
    """

    axes: ClassVar[tuple[str, ...]] = ("tile", "max_steps")
    owners: ClassVar[tuple[str, ...]] = ()
    lanes: ClassVar[int] = 1
    single: ClassVar[bool] = False

    def usual(self, point: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """There is no usual map. Raises: InputError."""
        raise InputError("tiles are made by `dynlatch basins MAP --out FOLDER.zarr`, not by a study file")

    def check(self, settings: Mapping[str, Scalar]) -> None:
        """Nothing: ``cell_of`` makes them."""

    def seconds(self, cell: Cell) -> float:
        """By the number of its cells."""
        return _SECONDS_A_CELL * math.prod(tile_of(cell))

    def warm_up(self, cell: Cell) -> None:
        """Compile the map."""
        _labeller(cell).label_tile([0] * len(tile_of(cell)), [1] * len(tile_of(cell)))

    def run(self, cell: Cell, seed: int, trials: Sequence[int]) -> list[dict[str, Value]]:
        """One after the other, on one thread."""
        labeller = _labeller(cell)
        found: list[dict[str, Value]] = []
        for trial in trials:
            labels, times = labeller.label_tile(*block(labeller.grid, tile_of(cell), trial))
            found.append(
                {"label": _packed(labels), "time": _packed(times), "counts": counts_text(label_counts(labels))}
            )
        return found


def cell_of(labeller: Labeller) -> Cell:
    """The cell whose trials are the tiles of this grid. Raises: InputError for a map that has no exact text."""
    n = len(labeller.grid.axes)
    edge = max(1, round(TILE_CELLS ** (1.0 / n)))
    tile = [min(edge, count) for count in labeller.grid.counts]
    return Cell.of(
        "basins",
        {
            "map": json.dumps(map_to_json(labeller.map)),
            "grid": _grid_text(labeller.grid),
            "captures": _captures_text(labeller.captures),
            "max_steps": labeller.max_steps,
            "tile": ",".join(map(str, tile)),
        },
    )


def tile_of(cell: Cell) -> list[int]:
    """Cells of a tile along each axis; those at the far ends of the grid may be smaller."""
    return [int(count) for count in str(cell["tile"]).split(",")]


def num_tiles(grid: Grid, tile: Sequence[int]) -> int:
    """How many trials there are."""
    return math.prod(-(-count // edge) for count, edge in zip(grid.counts, tile, strict=True))


def block(grid: Grid, tile: Sequence[int], trial: int) -> tuple[list[int], list[int]]:
    """The first cell of a tile, and its cells along each axis."""
    numbers = [-(-count // edge) for count, edge in zip(grid.counts, tile, strict=True)]
    where = np.unravel_index(trial, numbers)
    first = [int(k) * edge for k, edge in zip(where, tile, strict=True)]
    return first, [min(edge, count - at) for edge, count, at in zip(tile, grid.counts, first, strict=True)]


# --- what a worker is told, as text -----------------------------------------------------------------------------------


@lru_cache(maxsize=2)
def _labeller(cell: Cell) -> Labeller:
    m = map_from_json(json.loads(str(cell["map"])))
    return Labeller(
        m, _grid(str(cell["grid"])), int(cell["max_steps"]), compiled_map(m), _captures(str(cell["captures"]))
    )  # fmt: skip


def _grid_text(grid: Grid) -> str:
    sides = [[str(lo), str(hi)] for lo, hi in grid.sides]
    return json.dumps([grid.axes, sides, grid.counts, [str(value) for value in grid.at]])


def _grid(text: str) -> Grid:
    axes, sides, counts, at = json.loads(text)
    exact = tuple((Fraction(lo), Fraction(hi)) for lo, hi in sides)
    return Grid(tuple(axes), exact, tuple(counts), tuple(Fraction(value) for value in at))


def _captures_text(captures: Captures) -> str:
    """Arrays as lists, whose numbers read back exactly; the many cells, of which most are 0, as runs."""
    *regions, cells, counts = captures
    runs = [[int(value), len(list(same))] for value, same in itertools.groupby(cells.tolist())]
    return json.dumps([*(array.tolist() for array in regions), runs, counts.tolist()])


def _captures(text: str) -> Captures:
    centres, shapes, radii2, owners, lo, hi, runs, counts = json.loads(text)
    n = len(lo)
    cells = [np.full(length, value, dtype=np.int16) for value, length in runs]
    return (
        np.array(centres, dtype=np.float64).reshape(-1, n),
        np.array(shapes, dtype=np.float64).reshape(-1, n, n),
        np.array(radii2, dtype=np.float64),
        np.array(owners, dtype=np.int64),
        np.array(lo, dtype=np.float64),
        np.array(hi, dtype=np.float64),
        np.concatenate(cells) if cells else np.zeros(0, dtype=np.int16),
        np.array(counts, dtype=np.int64),
    )


# --- what it answers --------------------------------------------------------------------------------------------------


def _packed(array: Labels | Times) -> str:
    """Compressed, all low bytes first, of which the others are mostly equal."""
    planes = np.ascontiguousarray(array.view(np.uint8).reshape(-1, array.itemsize).T)
    return base64.b64encode(zlib.compress(planes.tobytes(), _EFFORT)).decode()


def unpacked(text: str, dtype: type[np.generic], counts: Sequence[int]) -> NDArray[Any]:
    """The cells of a tile."""
    planes = np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype=np.uint8)
    cells = np.ascontiguousarray(planes.reshape(np.dtype(dtype).itemsize, -1).T)
    return cells.view(dtype).reshape(counts)


def counts_text(counts: Mapping[int, int]) -> str:
    """How many cells carry each label, as text."""
    return " ".join(f"{label}:{count}" for label, count in counts.items())


def counts_of(text: str) -> dict[int, int]:
    """What ``counts_text`` wrote."""
    return {int(label): int(count) for label, count in (pair.split(":") for pair in text.split())}
