"""How far a study is, as tables, lines and JSON."""

from __future__ import annotations

import dataclasses
import enum
import math
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from dynlatch.cli.plain_tables import table

if TYPE_CHECKING:
    from rich.table import Table

    from dynlatch.studies.cell import Cell, Scalar
    from dynlatch.studies.ledger import Count, Failure
    from dynlatch.studies.study import Study

_COUNT_FIELDS: Final = ("asked", "done", "solved", "failed", "presentations", "seconds")
_COUNTED: Final = ("done", "solved", "failed", "presentations", "time left")
_MOST_ROWS: Final = 300
"""More are for machines to read, and take long to lay out."""
_LONGEST: Final = 3600.0


class Labels:
    """What tells the cells of a study apart: a column for each axis that has several values, one for all else.

    ``usual``: the defaults of a cell's settings, by name. An axis whose default depends on others, as the budget does
    on the algorithm, is told only where it differs from it. ``owners``: the axes on which it may depend.
    """

    def __init__(
        self,
        cells: Sequence[Cell],
        usual: Callable[[Cell], Mapping[str, Scalar]],
        axes: Iterable[str],
        owners: Container[str],
    ) -> None:
        self._usual = usual
        values: dict[str, set[Scalar]] = {}
        defaults: dict[str, set[Scalar | None]] = {}
        for cell in cells:
            told = usual(cell)
            for name, value in cell.settings:
                values.setdefault(name, set()).add(value)
            for name in axes:
                defaults.setdefault(name, set()).add(told.get(name))
        self._differing = {name for name, some in values.items() if len(some) > 1}
        self._axes = [n for n in axes if n in self._differing and (n in owners or len(defaults[n]) == 1)]
        self._others = {cell: self._other(cell) for cell in cells}
        self.columns = (*self._axes, *(("settings",) if any(self._others.values()) else ()))

    def cells(self, cell: Cell) -> tuple[str, ...]:
        """The label of a cell, by column."""
        axes = (_value(cell, name) for name in self._axes)
        return (*axes, *((self._others[cell],) if "settings" in self.columns else ()))

    def line(self, cell: Cell) -> str:
        """The label of a cell on one line."""
        bare = ("task", "algorithm")
        parts = [_value(cell, n) if n in bare else f"{n}={_value(cell, n)}" for n in self._axes if n in cell]
        return " ".join([*parts, *((self._others[cell],) if self._others[cell] else ())]) or cell.kind

    def _other(self, cell: Cell) -> str:
        """The settings beside the axes that are not the defaults."""
        usual = self._usual(cell)
        differing = [n for n in cell if n in self._differing and n not in self._axes and usual.get(n) != cell[n]]
        return ", ".join(f"{n.rpartition('.')[2]}={_value(cell, n)}" for n in differing)


def labels(study: Study) -> Labels:
    """Of the cells of a study."""
    from dynlatch.studies.kinds import kind_of

    kinds = dict.fromkeys(cell.kind for cell in study.cells)
    axes = dict.fromkeys(axis for kind in kinds for axis in kind_of(kind).axes)

    def usual(cell: Cell) -> Mapping[str, Scalar]:
        kind = kind_of(cell.kind)
        return kind.usual({name: cell[name] for name in kind.owners})

    return Labels(study.cells, usual, axes, {owner for kind in kinds for owner in kind_of(kind).owners})


def counts_table(
    title: str, named: Labels, counts: Iterable[Count], each: Callable[[Cell], float] | None = None
) -> Table:
    """A row for each cell; ``each``: seconds of a trial, where the ledger does not tell."""
    rows = [(*named.cells(count.cell), *_counted(count, each)) for count in counts]
    return table(title, (*named.columns, *_COUNTED), rows)


def _counted(count: Count, each: Callable[[Cell], float] | None) -> tuple[str, ...]:
    left = count.asked - count.done - count.failed
    trial = each(count.cell) if each is not None else count.seconds / count.done if count.done else math.nan
    return (
        f"{count.done} of {count.asked}", str(count.solved), str(count.failed or "-"),
        "-" if math.isnan(count.presentations) else f"{count.presentations:,.0f}",
        "-" if left <= 0 or math.isnan(trial) else duration(left * trial),
    )  # fmt: skip


def final_parts(study: Study, named: Labels, counts: Sequence[Count], failures: Sequence[Failure]) -> list[Table | str]:
    """How far a study is: all that is shown of it."""
    shown = counts[:_MOST_ROWS]
    more = [f"... and {len(counts) - len(shown):,} more cells; --json prints all."] if len(counts) > len(shown) else []
    return [counts_table(total_line(study, counts), named, shown), *more, *failure_lines(named, failures)]


def count_line(named: Labels, count: Count) -> str:
    """One cell on one line."""
    done, solved, failed, presentations, _ = _counted(count, None)
    broken = "" if failed == "-" else f", {failed} failed"
    return f"{named.line(count.cell)}: {done} done, {solved} solved{broken}, mean presentations {presentations}"


def total_line(study: Study, counts: Sequence[Count], left: float | None = None) -> str:
    """The whole study on one line; ``left``: seconds."""
    done, failed = sum(c.done for c in counts), sum(c.failed for c in counts)
    parts = [f"{study.name}: {done:,} of {len(study):,} trials done", f"{sum(c.solved for c in counts):,} solved"]
    parts += [f"{failed:,} failed"] if failed else []
    parts += [f"about {duration(left)} left"] if left is not None and done + failed < len(study) else []
    return ", ".join(parts)


def failure_lines(named: Labels, failures: Iterable[Failure]) -> list[str]:
    """A line for each reason of each cell."""
    found: dict[tuple[Cell, str], list[int]] = {}
    for failure in failures:
        found.setdefault((failure.cell, failure.reason), []).append(failure.trial)
    return [f"failed: {named.line(cell)}, {len(t)} trials from {min(t)} on: {why}" for (cell, why), t in found.items()]


def duration(seconds: float) -> str:
    """To a person."""
    if seconds < 100.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60.0:.0f} min" if seconds < _LONGEST else f"{seconds / 3600.0:.1f} h"


def as_json(value: Any) -> Any:
    """Frozen values as JSON: classes as tables of their fields, cells as their kind and settings."""
    from dynlatch.studies.cell import Cell
    from dynlatch.views.json_values import number

    if isinstance(value, Cell):
        return {"kind": value.kind, "settings": as_json(dict(value.settings))}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: as_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, enum.Enum):
        return str(value)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, Mapping):
        return {str(name): as_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        items: Sequence[Any] = value
        return [as_json(item) for item in items]
    return value


def study_json(study: Study, counts: Sequence[Count], failures: Sequence[Failure]) -> dict[str, Any]:
    """A study and how far it is."""
    return {
        "name": study.name, "seed": study.seed, "trials": study.trials, "asked": len(study),
        "done": sum(count.done for count in counts), "solved": sum(count.solved for count in counts),
        "failed": sum(count.failed for count in counts),
        "cells": [
            as_json(count.cell) | {n: as_json(getattr(count, n)) for n in _COUNT_FIELDS} for count in counts
        ],
        "failures": [
            as_json(failure.cell) | {"seed": failure.seed, "trial": failure.trial, "reason": failure.reason}
            for failure in failures
        ],
    }  # fmt: skip


def _value(cell: Cell, name: str) -> str:
    if name not in cell:
        return "-"
    value = cell[name]
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)
