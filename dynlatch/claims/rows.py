"""Records as samples: the trials of one cell side by side, told apart by settings and paired by trial."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InputError
from dynlatch.learning.algorithms import NAMES, algorithm_type
from dynlatch.learning.tasks import TASKS
from dynlatch.studies.cell import Cell, Record, Scalar, Value

Bools: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]
Variant: TypeAlias = tuple[tuple[str, Scalar], ...]
"""The settings of a cell that are not its place, by name, sorted."""

_AXES: Final = frozenset({"task", "T", "noise", "algorithm"})
_OF_TASK: Final = "task."


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


# --- which settings ---------------------------------------------------------------------------------------------------


def place_of(cell: Cell) -> Place:
    """Task, T, noise and algorithm of a cell of the kind "train". Raises: InputError if it lacks one."""
    T, noise = cell["T"], cell["noise"]
    if not isinstance(T, int) or not isinstance(noise, int | float):
        raise InputError(f"T={T!r}, noise={noise!r} of a cell must be a whole number and a number")
    return Place(str(cell["task"]), T, float(noise), str(cell["algorithm"]))


def task_variant(cell: Cell) -> Variant:
    """The settings of the task but T and noise."""
    return tuple(item for item in cell.settings if item[0].startswith(_OF_TASK))


def algorithm_variant(cell: Cell) -> Variant:
    """All settings that are neither the place nor the task's."""
    return tuple(item for item in cell.settings if item[0] not in _AXES and not item[0].startswith(_OF_TASK))


@lru_cache(maxsize=64)
def _usual(task: str, algorithm: str) -> Mapping[str, object]:
    """The defaults of all settings, as cells name them; of unknown names none."""
    from dynlatch.learning.training import ACCEPTED  # brings the compiled loops, as algorithms do

    found: dict[str, object] = {}
    if task in TASKS:
        found |= {f"{_OF_TASK}{f.name}": f.default for f in dataclasses.fields(TASKS[task])}
    if algorithm in NAMES:
        made: Any = algorithm_type(algorithm)
        found |= {f"algorithm.{f.name}": f.default for f in dataclasses.fields(made)}
        found |= {"budget": made.budget, "accepted": ACCEPTED}
    return found


def departures(cell: Cell, variant: Variant) -> Variant:
    """The settings of a variant of the cell that are not the defaults."""
    place = place_of(cell)
    usual = _usual(place.task, place.algorithm)
    return tuple((name, value) for name, value in variant if name in usual and usual[name] != value)


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """A grid in which one task or one algorithm has other settings than usual, and the usual one at the same places.

    ``name``: of the task or algorithm; ``settings``: what differs.
    """

    name: str
    settings: Variant
    table: Table
    usual: Table


class Grid:
    """Samples of the kind "train" by place and by variant.

    Of several variants of a task or an algorithm, the reference is the one whose settings depart least from the
    defaults; of equals, the one at the most places. Trials of two algorithms are set against each other under equal
    settings of the task only.
    """

    __slots__ = ("_algorithms", "_by", "_tasks")

    def __init__(self, some: Iterable[Sample]) -> None:
        self._by: dict[tuple[Variant, Variant, Place], Sample] = {
            (task_variant(s.cell), algorithm_variant(s.cell), s.place): s for s in some
        }
        tasks: dict[str, dict[Variant, list[Cell]]] = {}
        for (of_task, _, place), sample in self._by.items():
            tasks.setdefault(place.task, {}).setdefault(of_task, []).append(sample.cell)
        self._tasks = {name: _ordered(variants) for name, variants in tasks.items()}
        algorithms: dict[tuple[str, str], dict[Variant, list[Cell]]] = {}
        for (of_task, variant, place), sample in self._by.items():
            if of_task == self._tasks[place.task][0]:
                algorithms.setdefault((place.task, place.algorithm), {}).setdefault(variant, []).append(sample.cell)
        self._algorithms = {name: _ordered(variants) for name, variants in algorithms.items()}

    def usual(self) -> Table:
        """The reference variants."""
        return self._table({}, {})

    def departed(self) -> Variant:
        """Settings of the reference variants that are not the defaults, with whose they are: "annealing budget"."""
        found: dict[str, Scalar] = {}
        for place, sample in self.usual().items():
            found |= dict(departures(sample.cell, task_variant(sample.cell)))
            more = departures(sample.cell, algorithm_variant(sample.cell))
            found |= {f"{place.algorithm} {name}": value for name, value in more}
        return tuple(sorted(found.items()))

    def changes(self) -> list[Change]:
        """All other variants, one task or algorithm at a time, in the order of their names and settings."""
        whole, made = self.usual(), list[Change]()
        for task, variants in sorted(self._tasks.items()):
            made += [self._change(whole, task, v, variants[0], {task: v}, {}) for v in variants[1:]]
        of_algorithm: dict[tuple[str, Variant, Variant], dict[tuple[str, str], Variant]] = {}
        for (task, algorithm), variants in sorted(self._algorithms.items()):
            for v in variants[1:]:
                of_algorithm.setdefault((algorithm, v, variants[0]), {})[task, algorithm] = v
        for (algorithm, variant, reference), swaps in sorted(of_algorithm.items(), key=lambda item: repr(item[0])):
            made.append(self._change(whole, algorithm, variant, reference, {}, swaps))
        return made

    def _change(
        self, whole: Table, name: str, variant: Variant, reference: Variant, tasks: Mapping[str, Variant],
        algorithms: Mapping[tuple[str, str], Variant],
    ) -> Change:  # fmt: skip
        """The places of which both variants know something, and of all other algorithms those beside them."""
        table = self._table(tasks, algorithms)
        touched = {p for p, s in table.items() if p in whole and s.cell != whole[p].cell}
        beside = {(p.task, p.T, p.noise) for p in touched}
        kept = {p for p in table if p in whole and (p.task, p.T, p.noise) in beside}
        different = tuple(item for item in variant if item not in reference)
        return Change(name, different, {p: table[p] for p in sorted(kept)}, {p: whole[p] for p in sorted(kept)})

    def _table(self, tasks: Mapping[str, Variant], algorithms: Mapping[tuple[str, str], Variant]) -> Table:
        found: dict[Place, Sample] = {}
        for (of_task, variant, place), sample in self._by.items():
            key = (place.task, place.algorithm)
            if of_task != tasks.get(place.task, self._tasks[place.task][0]):
                continue
            if key in self._algorithms and variant == algorithms.get(key, self._algorithms[key][0]):
                found[place] = sample
        return dict(sorted(found.items()))


def _ordered(variants: Mapping[Variant, Sequence[Cell]]) -> list[Variant]:
    """The reference first; the rest by their settings."""

    def rank(variant: Variant) -> tuple[int, int, str]:
        cells = variants[variant]
        return min(len(departures(cell, variant)) for cell in cells), -len(cells), repr(variant)

    first = min(variants, key=rank)
    return [first, *sorted((v for v in variants if v != first), key=repr)]
