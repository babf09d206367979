"""Basins of any size, written to a NetCDF file part by part in constant memory; interrupted work is taken up again."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dynlatch.errors import OutputError
from dynlatch.files import going_on, replacing, writable_parent
from dynlatch.maps.definition import Map
from dynlatch.progress import SILENT, Progress
from dynlatch.regions.attractors import Attractors
from dynlatch.regions.basins import MAX_STEPS, Run, prepare
from dynlatch.regions.grid import BYTES_PER_CELL, Grid
from dynlatch.regions.grid_file import grid_file
from dynlatch.regions.labels import Labels, Times, label_counts


@dataclass(frozen=True, slots=True)
class BasinsFile:
    """Where the labels were written and how many cells carry each of them; ``xarray.open_dataset`` opens the file."""

    path: Path
    grid: Grid
    attractors: Attractors
    counts: dict[int, int]

    @property
    def fractions(self) -> dict[int, float]:
        """The share of the cells that goes to each attractor (0 where none does)."""
        return {k: self.counts.get(k, 0) / self.grid.num_cells for k in range(len(self.attractors))}


def write_basins(
    m: Map,
    path: str | Path,
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
) -> BasinsFile:
    """Label every cell of a grid, as ``basins`` does, straight into a NetCDF file.

    Finished parts are kept in a folder beside ``path`` until the file is whole, so a second call after an interrupt, a
    kill or a full disk does only what is missing. The file appears under its name when it is complete.

    Raises: InputError as ``basins`` does; OutputError if the file cannot be written.
    Rigor: sampled. Cost: memory for a few million cells whatever the grid; on disk twice ``BYTES_PER_CELL`` a cell
    while it works.
    """
    target = writable_parent(Path(path))
    run = prepare(m, box, resolution, axes, at, attractors, max_steps, seed, progress)
    parts = _Parts(target, run)
    free = shutil.disk_usage(target.parent).free
    if run.grid.num_cells * BYTES_PER_CELL > free + parts.size():
        need = run.grid.num_cells * BYTES_PER_CELL / 1e9
        raise OutputError(
            f"{target}: {need:.3g} GB are needed but {free / 1e9:.3g} GB are free; choose a lower resolution"
        )
    with going_on(target):
        for first, last in run.parts():
            parts.compute(first, last, threads, progress)
        counts = parts.assemble()
    parts.remove()
    return BasinsFile(target, run.grid, run.attractors, counts)


class _Parts:
    """Finished ranges of rows, one NumPy file each, in a folder named after the work."""

    def __init__(self, target: Path, run: Run) -> None:
        self._target = target
        self._run = run
        self._folder = target.with_name(f".{target.name}.{_fingerprint(run)}.parts")
        self._row = run.grid.num_cells // run.grid.counts[0]

    def size(self) -> int:
        """Bytes that are already done."""
        return sum(p.stat().st_size for p in self._folder.glob("*.npy"))

    def _path(self, first: int) -> Path:
        return self._folder / f"{first}.npy"

    def compute(self, first: int, last: int, threads: int | None, progress: Progress) -> None:
        """Label one range of rows unless it is there."""
        if self._path(first).exists():
            return
        self._folder.mkdir(exist_ok=True)
        cells = (last - first) * self._row
        part = np.empty(cells, dtype=[("label", np.int16), ("time", np.int32)])
        labels, times = np.empty(cells, dtype=np.int16), np.empty(cells, dtype=np.int32)
        self._run.label(first * self._row, last * self._row, labels, times, threads=threads, progress=progress)
        part["label"], part["time"] = labels, times
        with replacing(self._path(first)) as temporary, temporary.open("wb") as stream:
            np.save(stream, part, allow_pickle=False)

    def assemble(self) -> dict[int, int]:
        """Join the parts into the file; returns how often each label occurs."""
        run, counts = self._run, Counter[int]()
        rest = run.grid.counts[1:]
        with (
            replacing(self._target) as temporary,
            grid_file(temporary, run.map, run.grid, run.attractors, run.max_steps) as new_variable,
        ):
            label, time = new_variable("label", np.int16), new_variable("time", np.int32, units="steps")
            for first, last in run.parts():
                labels, times = self._read(first)
                label[first:last] = labels.reshape(-1, *rest)
                time[first:last] = times.reshape(-1, *rest)
                counts.update(label_counts(labels))
        return dict(sorted(counts.items()))

    def _read(self, first: int) -> tuple[Labels, Times]:
        part = np.load(self._path(first), allow_pickle=False)
        return part["label"], part["time"]

    def remove(self) -> None:
        """Forget the parts; the file is whole."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _fingerprint(run: Run) -> str:
    """Equal for equal work only: the map, the grid, the attractors as frozen, the step limit."""
    digest = hashlib.sha256()
    digest.update(repr((run.map.content_hash, run.grid, run.max_steps)).encode())
    for array in run.captures:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
