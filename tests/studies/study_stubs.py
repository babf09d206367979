"""Work that is quick: a kind without numbers of its own, tasks that fail, an executor in this process."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import ClassVar

from dynlatch.studies import kinds
from dynlatch.studies.batches import Batch, work
from dynlatch.studies.cell import Cell, Scalar, Value
from dynlatch.studies.ledger import Done
from dynlatch.studies.study import Study


class Stub:
    """A kind whose results are a function of cell, seed and trial; ``doom`` says what happens instead."""

    axes: ClassVar[tuple[str, ...]] = ("size", "doom")
    owners: ClassVar[tuple[str, ...]] = ()
    lanes: ClassVar[int] = 32
    single: ClassVar[bool] = False

    def usual(self, point: Mapping[str, Scalar]) -> dict[str, Scalar]:
        return {"size": 1, "doom": "", "stub.share": 0.5}

    def check(self, settings: Mapping[str, Scalar]) -> None:
        pass

    def seconds(self, cell: Cell) -> float:
        return 1e-3 * float(cell["size"])

    def warm_up(self, cell: Cell) -> None:
        pass

    def run(self, cell: Cell, seed: int, trials: Sequence[int]) -> list[dict[str, Value]]:
        doom = str(cell["doom"])
        if doom == "raises":
            raise ArithmeticError("no\nnumber")
        if doom == "dies":
            os._exit(3)
        if doom.startswith("dies once "):
            marker = Path(doom.removeprefix("dies once "))
            if not marker.exists():
                marker.touch()
                os._exit(3)
        return [stub_result(cell, seed, trial) for trial in trials]


def stub_result(cell: Cell, seed: int, trial: int) -> dict[str, Value]:
    return {"solved": (seed + trial) % 3 == 0, "presentations": 100 * int(cell["size"]) + trial, "stop": "BUDGET"}


sys.modules["dynlatch.studies.kind_stub"] = sys.modules[__name__]
kinds._HOMES["stub"] = ("kind_stub", "Stub")


def stub_cell(size: int = 1, doom: str = "") -> Cell:
    return Cell.of("stub", {"size": size, "doom": doom, "stub.share": 0.5})


def stub_study(*cells: Cell, trials: int = 40, seed: int = 0) -> Study:
    return Study("stub", seed, trials, cells or tuple(stub_cell(size) for size in (1, 2, 3)))


def task(batch: Batch) -> list[Done]:
    """What workers do; to find it they import this file, and so know the kind."""
    return work(batch)


class Inline:
    """Batches run at once, in this process."""

    def __init__(self, slots: int = 1, task: Callable[[Batch], list[Done]] = work) -> None:
        self.slots = self.at_once = slots
        self.batches: list[Batch] = []
        self.closed = False
        self._task = task

    def submit(self, batch: Batch) -> Future[list[Done]]:
        self.batches.append(batch)
        future: Future[list[Done]] = Future()
        try:
            future.set_result(self._task(batch))
        except Exception as error:
            future.set_exception(error)
        return future

    def close(self) -> None:
        self.closed = True
