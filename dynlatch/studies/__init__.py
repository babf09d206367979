"""Studies: grids of many trials, run in any order by any workers, kept in one ledger.

>>> from dynlatch.studies import study_from_toml
>>> grid = 'task = "latch"\\nalgorithm = ["adam", "annealing"]\\nT = [10, 20]'
>>> study_from_toml(f'name = "s"\\ntrials = 50\\n[[grid]]\\n{grid}')
Study(s: 4 cells, 50 trials each, seed 0)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynlatch.lazy import lazily

if TYPE_CHECKING:
    from dynlatch.studies.basins_zarr import basins_to_zarr as basins_to_zarr
    from dynlatch.studies.batches import Batch as Batch
    from dynlatch.studies.cell import Cell as Cell
    from dynlatch.studies.cell import Record as Record
    from dynlatch.studies.cluster import ClusterExecutor as ClusterExecutor
    from dynlatch.studies.export import as_dataset as as_dataset
    from dynlatch.studies.export import load as load
    from dynlatch.studies.export import save as save
    from dynlatch.studies.ledger import Count as Count
    from dynlatch.studies.ledger import Done as Done
    from dynlatch.studies.ledger import Failure as Failure
    from dynlatch.studies.ledger import Ledger as Ledger
    from dynlatch.studies.runner import Outcome as Outcome
    from dynlatch.studies.runner import Standing as Standing
    from dynlatch.studies.runner import run as run
    from dynlatch.studies.study import Study as Study
    from dynlatch.studies.study import read_study as read_study
    from dynlatch.studies.study import study_from_toml as study_from_toml
    from dynlatch.studies.workers import Executor as Executor
    from dynlatch.studies.workers import LocalExecutor as LocalExecutor

_HOMES = {
    "basins_zarr": ("basins_to_zarr",),
    "batches": ("Batch",),
    "cell": ("Cell", "Record"),
    "cluster": ("ClusterExecutor",),
    "export": ("as_dataset", "load", "save"),
    "ledger": ("Count", "Done", "Failure", "Ledger"),
    "runner": ("Outcome", "Standing", "run"),
    "study": ("Study", "read_study", "study_from_toml"),
    "workers": ("Executor", "LocalExecutor"),
}
__getattr__, __dir__, __all__ = lazily(__name__, _HOMES)
