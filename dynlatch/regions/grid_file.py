"""A NetCDF 4 file of what is known of every cell of a grid, for ``xarray.open_dataset``.

It is written by h5netcdf: to import xarray for it, and pandas with it, takes longer than everything else that is done.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from dynlatch.maps.definition import Map
from dynlatch.regions.attractors import Attractors
from dynlatch.regions.basins import describe
from dynlatch.regions.grid import Grid

NewVariable: TypeAlias = Callable[..., Any]
"""``(name, dtype, **attributes)``: a variable over all cells, to be filled by assigning to ranges of it."""

_ROWS_PER_CHUNK: Final = 64
_MOST_PER_CHUNK: Final = 1024


@contextmanager
def grid_file(path: Path, m: Map, grid: Grid, attractors: Attractors, max_steps: int) -> Generator[NewVariable]:
    """Make a file with the cells' middles along each axis and what the labels mean; yields what adds a variable.

    Raises: OSError if the file cannot be written.
    """
    import h5netcdf

    names = tuple(str(m.states[i]) for i in grid.axes)
    chunks = (min(_ROWS_PER_CHUNK, grid.counts[0]), *(min(_MOST_PER_CHUNK, n) for n in grid.counts[1:]))

    def new_variable(name: str, dtype: type[np.generic], **attributes: str) -> Any:
        made = file.create_variable(
            name, names, dtype, chunks=chunks, compression="gzip", compression_opts=1, shuffle=True
        )
        made.attrs.update(attributes)
        return made

    try:
        with h5netcdf.File(path, "w") as file:
            file.dimensions = dict(zip(names, grid.counts, strict=True))
            for k, name in enumerate(names):
                file.create_variable(name, (name,), float)[:] = grid.centres(k)
            file.attrs.update(describe(m, grid, attractors, max_steps))
            yield new_variable
    except RuntimeError as error:  # how HDF5 reports what the system told it while closing a file
        raise OSError(" ".join(str(error).split())[:200]) from error
