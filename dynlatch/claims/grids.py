"""Samples as a grid of places, and what else a setting may be: of one algorithm, of several alike, of each its best."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias

import numpy as np

from dynlatch.claims.rows import Place, Sample, Table, place_of
from dynlatch.learning.algorithms import NAMES, algorithm_type
from dynlatch.learning.tasks import TASKS
from dynlatch.studies.cell import Cell, Scalar

Variant: TypeAlias = tuple[tuple[str, Scalar], ...]
"""The settings of a cell that are not its place, by name, sorted."""
_Key: TypeAlias = tuple[str, str]
"""A task and an algorithm."""

_AXES: Final = frozenset({"task", "T", "noise", "algorithm"})
_OF_TASK: Final = "task."
_RATE: Final = "algorithm.rate"


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
    """A grid in which some have other settings than usual, and the usual one at the same places.

    ``names``: the task, or the algorithms; ``what``: what differs, in words; ``settings``: as data, none where they
    differ from place to place.
    """

    names: frozenset[str]
    what: str
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
        algorithms: dict[_Key, dict[Variant, list[Cell]]] = {}
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
            for v in variants[1:]:
                made += self._change(whole, {task}, _difference(v, variants[0]), {task: v}, {})
        of_algorithm: dict[tuple[str, Variant, Variant], dict[_Key, Variant]] = {}
        for (task, algorithm), variants in sorted(self._algorithms.items()):
            for v in variants[1:]:
                of_algorithm.setdefault((algorithm, v, variants[0]), {})[task, algorithm] = v
        for (algorithm, variant, reference), swaps in sorted(of_algorithm.items(), key=lambda item: repr(item[0])):
            made += self._change(whole, {algorithm}, _difference(variant, reference), {}, swaps)
        return made

    def shared(self, names: Collection[str]) -> list[Change]:
        """Each setting that several of these algorithms were tried with, alone, in all of them at once."""
        found: dict[tuple[str, Scalar], dict[_Key, Variant]] = {}
        for key, variants in self._algorithms.items():
            for v in variants[1:] if key[1] in names else ():
                if len(different := _difference(v, variants[0])) == 1:
                    found.setdefault(different[0], {})[key] = v
        whole, made = self.usual(), list[Change]()
        for item, swaps in sorted(found.items(), key=repr):
            if len(involved := {algorithm for _, algorithm in swaps}) > 1:
                made += self._change(whole, involved, (item,), {}, swaps)
        return made

    def tuned(self, names: Collection[str]) -> list[Change]:
        """Each of these algorithms at the rate that errs least, task by task; at most one change.

        Rates are chosen on the trials with even numbers; the table has those with odd ones, as has the usual one.
        """
        swaps: dict[_Key, Variant] = {}
        for key, variants in self._algorithms.items():
            rivals = [v for v in variants if all(name == _RATE for name, _ in _difference(v, variants[0]))]
            if key[1] in names and len(rivals) > 1:
                swaps[key] = min(rivals, key=lambda v: self._error_of_even(key, v))
        if len(involved := {algorithm for _, algorithm in swaps}) < 2:
            return []
        (change,) = self._change(self.usual(), involved, (), {}, swaps)
        what = "each at its best rate"
        return [dataclasses.replace(change, what=what, table=_odd(change.table), usual=_odd(change.usual))]

    def _error_of_even(self, key: _Key, variant: Variant) -> float:
        task, algorithm = key
        found = [
            float(np.nanmean([e for (_, k), e in zip(s.trials, s.error.tolist(), strict=True) if k % 2 == 0]))
            for (of_task, v, place), s in self._by.items()
            if (place.task, place.algorithm, v, of_task) == (task, algorithm, variant, self._tasks[task][0])
        ]
        return float(np.mean(found))

    def _change(
        self, whole: Table, names: Collection[str], different: Variant, tasks: Mapping[str, Variant],
        algorithms: Mapping[_Key, Variant],
    ) -> list[Change]:  # fmt: skip
        """The places of which both variants know something, and of all other algorithms those beside them."""
        table = self._table(tasks, algorithms)
        touched = {p for p, s in table.items() if p in whole and s.cell != whole[p].cell}
        beside = {(p.task, p.T, p.noise) for p in touched}
        kept = sorted(p for p in table if p in whole and (p.task, p.T, p.noise) in beside)
        settings = ", ".join(f"{name} = {value}" for name, value in different)
        what = f"{', '.join(sorted(names))} with {settings}"
        return [Change(frozenset(names), what, different, {p: table[p] for p in kept}, {p: whole[p] for p in kept})]

    def _table(self, tasks: Mapping[str, Variant], algorithms: Mapping[_Key, Variant]) -> Table:
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


def _difference(variant: Variant, reference: Variant) -> Variant:
    return tuple(item for item in variant if item not in reference)


def _odd(table: Table) -> Table:
    return {place: s.take([key for key in s.trials if key[1] % 2 == 1]) for place, s in table.items()}
