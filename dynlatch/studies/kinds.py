"""Kinds of work that a study may ask for: what settings they have, what a trial costs, how a batch is run."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, ClassVar, Final, Protocol

from dynlatch.errors import InputError

if TYPE_CHECKING:
    from dynlatch.studies.cell import Cell, Scalar, Value

_HOMES: Final = {
    "train": ("kind_train", "Training"),
    "minimal": ("kind_minimal", "MinimalProblem"),
    "region": ("kind_region", "Region"),
    "redundancy": ("kind_redundancy", "Redundancy"),
    "curriculum": ("kind_curriculum", "Curriculum"),
}
"""A new kind is a file of its own and a line here."""

NAMES: Final = tuple(_HOMES)
"""What a study file may ask for."""
_OTHERS: Final = {"basins": ("kind_basins", "Tiles")}
"""What other commands ask for."""


class Kind(Protocol):
    """A kind of work. Settings are named ``task.target`` where several owners (a task, an algorithm) have their own."""

    axes: ClassVar[tuple[str, ...]]
    """What a ``[[grid]]`` may name beside ``set`` and ``vary``, in the order in which tables show it."""
    owners: ClassVar[tuple[str, ...]]
    """Axes whose value decides which other settings there are; a grid must give them."""
    lanes: ClassVar[int]
    """Trials that take hardly longer than one, when they are run together."""
    single: ClassVar[bool]
    """Whether a cell has but one trial, as nothing in it is random."""

    def usual(self, point: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """Every setting at a point that names the owners, at its default value.

        Raises: InputError for an owner that there is not.
        """
        ...

    def check(self, settings: Mapping[str, Scalar]) -> None:
        """Raises: InputError for settings that cannot be run; each has the type of its default."""
        ...

    def seconds(self, cell: Cell) -> float:
        """About what a trial takes of one processor, when many run side by side."""
        ...

    def warm_up(self, cell: Cell) -> None:
        """Load what is compiled, which is no part of any trial's time."""
        ...

    def run(self, cell: Cell, seed: int, trials: Sequence[int]) -> list[dict[str, Value]]:
        """The results of these trials, each the same in any company."""
        ...


@cache
def kind_of(name: str) -> Kind:
    """A kind by its name. Raises: InputError for another name, with the nearest one."""
    known = _HOMES | _OTHERS
    if name not in known:
        raise InputError(f"unknown kind {name[:40]!r}; {near(name, NAMES)}there are {', '.join(NAMES)}")
    home, title = known[name]
    return getattr(importlib.import_module(f"dynlatch.studies.{home}"), title)()


def near(name: str, known: Sequence[str]) -> str:
    """``did you mean rate? `` if one of the known names is like this one."""
    found = difflib.get_close_matches(name, known, 1, 0.5)
    return f"did you mean {found[0]}? " if found else ""
