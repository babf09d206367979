"""Records as samples: the trials of one cell side by side, told apart by settings and paired by trial."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InputError
from dynlatch.studies.cell import Cell, Record, Value

Bools: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]


class Place(NamedTuple):
    """Where in a grid of the kind "train" a sample stands."""

    task: str
    T: int
    noise: float
    algorithm: str


Table: TypeAlias = Mapping[Place, "Sample"]
"""One sample a place."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The trials of one cell, ordered by (seed, trial); all arrays have shape (n,).

    ``trials``: (seed, trial) of each. ``solved``: whether it learned. ``needed``: the presentations that this took,
    ``inf`` where it did not. ``presented``: the presentations that were spent either way. ``cap``: how many a trial may
    take; what is needed by a trial that did not learn is known to be more than that, and no more (it is censored).
    ``error``: the fraction of wrong answers on the test set, nan where it was not told. ``seconds``: of work.
    """

    cell: Cell
    trials: tuple[tuple[int, int], ...]
    solved: Bools
    needed: Floats
    presented: Floats
    cap: float
    error: Floats
    seconds: Floats

    def __len__(self) -> int:
        return len(self.trials)

    def __repr__(self) -> str:
        return f"Sample({self.cell.text()}: {int(self.solved.sum())} of {len(self)} solved)"

    @property
    def place(self) -> Place:
        """Of a cell of the kind "train"."""
        return place_of(self.cell)

    def take(self, trials: Sequence[tuple[int, int]]) -> Sample:
        """These trials alone, in this order. Raises: KeyError for a trial that is not here."""
        at = {key: k for k, key in enumerate(self.trials)}
        chosen = np.array([at[key] for key in trials], dtype=np.intp)
        return dataclasses.replace(
            self, trials=tuple(trials), solved=self.solved[chosen], needed=self.needed[chosen],
            presented=self.presented[chosen], error=self.error[chosen], seconds=self.seconds[chosen],
        )  # fmt: skip


def samples(records: Iterable[Record], kind: str) -> list[Sample]:
    """The records of a kind as samples, a cell each, in the order of the cells' texts, whatever that of the records.

    The same record twice counts once. Raises: InputError for two results of one trial, and for a result without
    ``solved`` or ``presentations``. Cost: some microseconds a record.
    """
    found: dict[Cell, dict[tuple[int, int], Record]] = {}
    for record in records:
        if record.cell.kind != kind:
            continue
        key = (record.seed, record.trial)
        kept = found.setdefault(record.cell, {}).setdefault(key, record)
        if kept is not record and dict(kept.result) != dict(record.result):
            raise InputError(f"seed {key[0]}, trial {key[1]} of {record.cell.text()[:80]} has two results; give one")
    return [_sample(cell, found[cell]) for cell in sorted(found, key=Cell.text)]


def _sample(cell: Cell, found: Mapping[tuple[int, int], Record]) -> Sample:
    trials = sorted(found)
    results = [found[key].result for key in trials]
    presented = np.array([_number(cell, r, "presentations") for r in results])
    solved = np.array([_truth(cell, r) for r in results], dtype=np.bool_)
    budget = dict(cell.settings).get("budget")
    spent = float(np.max(presented))
    cap = max(float(budget), spent) if isinstance(budget, int | float) else spent
    error = [_optional(r, "test_error") if "test_error" in r else 1.0 - _optional(r, "accuracy") for r in results]
    return Sample(
        cell, tuple(trials), solved, np.where(solved, presented, math.inf), presented, cap, np.array(error),
        np.array([found[key].seconds for key in trials]),
    )  # fmt: skip


def _number(cell: Cell, result: Mapping[str, Value], name: str) -> float:
    value = result.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"a result of {cell.text()[:80]} has {name}={value!r}, no number; run that trial again")
    return float(value)


def _truth(cell: Cell, result: Mapping[str, Value]) -> bool:
    value = result.get("solved")
    if not isinstance(value, bool):
        raise InputError(f"a result of {cell.text()[:80]} has solved={value!r}, not true or false; run it again")
    return value


def _optional(result: Mapping[str, Value], name: str) -> float:
    value = result.get(name)
    return float(value) if isinstance(value, int | float) else math.nan


def together(some: Sequence[Sample]) -> list[Sample]:
    """Samples restricted to the trials that all of them have, in one order: row k is the same trial in each."""
    common = sorted(set(some[0].trials).intersection(*(one.trials for one in some[1:]))) if some else []
    return [one.take(common) for one in some]


def place_of(cell: Cell) -> Place:
    """Task, T, noise and algorithm of a cell of the kind "train". Raises: InputError if it lacks one."""
    T, noise = cell["T"], cell["noise"]
    if not isinstance(T, int) or not isinstance(noise, int | float):
        raise InputError(f"T={T!r}, noise={noise!r} of a cell must be a whole number and a number")
    return Place(str(cell["task"]), T, float(noise), str(cell["algorithm"]))
