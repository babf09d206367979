"""Basins of any size in a Zarr store, tile by tile, by the runner and on the workers that run studies."""

from __future__ import annotations

import dataclasses
import shutil
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dynlatch.errors import InputError, OutputError
from dynlatch.files import going_on, writable_parent
from dynlatch.progress import SILENT, Progress
from dynlatch.regions.basins import MAX_STEPS, Run, describe, prepare
from dynlatch.regions.basins_file import BasinsFile
from dynlatch.studies.kind_basins import block, cell_of, counts_of, counts_text, num_tiles, tile_of, unpacked
from dynlatch.studies.ledger import Done, Ledger
from dynlatch.studies.runner import Standing
from dynlatch.studies.runner import run as run_study
from dynlatch.studies.study import Study

if TYPE_CHECKING:
    from dynlatch.maps.definition import Map
    from dynlatch.regions.attractors import Attractors
    from dynlatch.studies.batches import Batch
    from dynlatch.studies.workers import Executor

_NO_PACKAGE: Final = (
    "a Zarr store needs the package zarr, which is not installed; install it with dynlatch's extra: "
    "pip install 'dynlatch[zarr]', or give the name of a .nc file"
)
_LEDGER: Final = "ledger.sqlite"
_WORK: Final = "work"
_COUNTS: Final = "counts"
_TYPES: Final[Mapping[str, type[np.generic]]] = {"label": np.int16, "time": np.int32}
_NOTHING: Final = -128
"""In a tile that is not there yet; no label and no time."""


def basins_to_zarr(
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
    workers: int | None = None,
    executor: Executor | None = None,
    progress: Progress = SILENT,
) -> BasinsFile:
    """Label every cell of a grid, as ``basins`` does, into a Zarr store; ``xarray.open_zarr`` opens it.

    The grid is cut into tiles of about a million cells, the store's chunks, which ``workers`` processes of this machine
    (by default one for each processor), or the workers of another ``executor`` (a ``ClusterExecutor``), label
    in any order. The work stands in a hidden folder beside ``path``, with a ledger of the tiles that are done, until
    all are: a second call after an interrupt, a kill, or a full disk does only what is missing, and several processes
    may share it. Then the store takes its name; a call that finds the same work there is done at once.

    Raises: InputError as ``basins`` does, without zarr, and for a map that has no exact text; OutputError if the store
    cannot be written, something else has its name, or tiles cannot be labelled.
    Rigor: sampled. Cost: memory for a few tiles a worker whatever the grid; on disk 0.02 to 0.2 bytes a cell
    for the maps of the catalogue that were tried, 6 at most.
    """
    target = writable_store(Path(path))
    run = prepare(m, box, resolution, axes, at, attractors, max_steps, seed, progress)
    store = _Store(target, run)
    if (counts := store.finished()) is None:
        with going_on(target):
            counts = store.made(workers, executor, progress)
    return BasinsFile(target, run.grid, run.attractors, counts)


def writable_store(path: Path) -> Path:
    """``path``, absolute, if a store of that name could be made now, or is there.

    Raises: InputError if zarr is not installed; OutputError for a place that cannot be written.
    """
    try:
        import zarr as _  # noqa: F401
    except ImportError as error:
        raise InputError(_NO_PACKAGE) from error
    target = path.absolute()
    if target.exists():
        return target
    return writable_parent(path)


class _Store:
    """A Zarr group with the arrays ``label`` and ``time``; while it is made, under a name that tells the work."""

    def __init__(self, target: Path, run: Run) -> None:
        self._target, self._run = target, run
        self._cell = cell_of(run)
        self._tile = tile_of(self._cell)
        self._work = self._cell.key(0, 0)
        self._folder = target.with_name(f".{target.name}.{self._work[:16]}.part")
        self._study = Study(target.name, 0, num_tiles(run.grid, self._tile), (self._cell,))

    def finished(self) -> dict[int, int] | None:
        """The counts of this work if it is there, whole. Raises: OutputError if anything else has its name."""
        import zarr

        if not self._target.exists():
            return None
        with suppress(Exception):  # whatever Zarr makes of a folder that is no store
            attributes = zarr.open_group(self._target, mode="r").attrs
            if attributes[_WORK] == self._work:
                return counts_of(str(attributes[_COUNTS]))
        raise OutputError(
            f"{self._target} is there and holds something else, or other settings; remove it or give another name"
        )

    def made(self, workers: int | None, executor: Executor | None, progress: Progress) -> dict[int, int]:
        """Do what is missing; the counts. Raises: as ``fill``, unless a process that shares the work was first."""
        try:
            self.fill(workers, executor, progress)
            return self.finish()
        except Exception:
            if (counts := self.finished()) is None:
                raise
            shutil.rmtree(self._folder, ignore_errors=True)  # what was written when it was whole already
            return counts

    def fill(self, workers: int | None, executor: Executor | None, progress: Progress) -> None:
        """Label what is missing. Raises: OutputError if tiles cannot be labelled."""
        arrays = self._opened()

        def keep(batch: Batch, done: Sequence[Done]) -> list[Done]:
            return [self._kept(arrays, d) for d in done]

        with Ledger(self._folder / _LEDGER) as ledger:
            progress.start("labelling tiles", len(self._study))
            outcome = run_study(
                self._study, ledger, workers=workers, executor=executor, report=_telling(progress), keep=keep
            )
            progress.finish()
        if outcome.failures:
            raise OutputError(
                f"{self._target}: {len(outcome.failures)} of {len(self._study)} tiles could not be labelled "
                f"({outcome.failures[0].reason}); call again to try them once more"
            )

    def _opened(self) -> dict[str, Any]:
        """The arrays, made if they are not there."""
        import zarr
        from zarr.codecs import BloscCodec
        from zarr.errors import ContainsArrayError

        self._folder.mkdir(exist_ok=True)
        grid = self._run.grid
        names = [str(self._run.map.states[i]) for i in grid.axes]
        group = zarr.open_group(self._folder, mode="a", zarr_format=3)
        group.attrs.update(describe(self._run.map, grid, self._run.attractors, self._run.max_steps))
        for k, name in enumerate(names):
            with suppress(ContainsArrayError):
                group.create_array(name, data=grid.centres(k), dimension_names=[name])
        for name, dtype in _TYPES.items():
            with suppress(ContainsArrayError):
                group.create_array(
                    name, shape=grid.counts, chunks=tuple(self._tile), dtype=dtype, dimension_names=names,
                    compressors=BloscCodec(cname="zstd", clevel=1, shuffle="shuffle"), fill_value=_NOTHING,
                    attributes={"units": "steps"} if name == "time" else {},
                )  # fmt: skip
        return {name: group[name] for name in _TYPES}

    def _kept(self, arrays: Mapping[str, Any], done: Done) -> Done:
        """Put a tile into its place; the ledger is to hold its counts."""
        first, counts = block(self._run.grid, self._tile, done.trial)
        place = tuple(slice(begin, begin + count) for begin, count in zip(first, counts, strict=True))
        for name, dtype in _TYPES.items():
            arrays[name][place] = unpacked(str(done.result[name]), dtype, counts)
        return dataclasses.replace(done, result={_COUNTS: done.result[_COUNTS]})

    def finish(self) -> dict[int, int]:
        """Give the whole store its name; returns how often each label occurs."""
        import zarr
        from zarr.errors import ZarrUserWarning

        counts = Counter[int]()
        with Ledger(self._folder / _LEDGER, writes=False) as ledger:
            for record in ledger.records(self._study):
                counts.update(counts_of(str(record.result[_COUNTS])))
        found = dict(sorted(counts.items()))
        zarr.open_group(self._folder, mode="r+").attrs.update({_WORK: self._work, _COUNTS: counts_text(found)})
        with warnings.catch_warnings(category=ZarrUserWarning):
            warnings.simplefilter("ignore")  # that it is no part of the format; xarray warns where it is missing
            zarr.consolidate_metadata(self._folder)
        self._folder.rename(self._target)
        for left in self._target.glob(f"{_LEDGER}*"):
            left.unlink(missing_ok=True)
        return found


def _telling(progress: Progress) -> Callable[[Standing], None]:
    told = 0

    def report(standing: Standing) -> None:
        nonlocal told
        (count,) = standing.counts.values()
        progress.advance(count.done - told)
        told = count.done

    return report
