"""From one ``[[grid]]`` of a study file to its cells: every list is an axis, and an error names the line at fault."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from dynlatch.errors import InputError
from dynlatch.studies.cell import Cell, Scalar
from dynlatch.studies.kinds import NAMES, Kind, kind_of, near
from dynlatch.studies.toml_lines import Place, line_at

MOST_CELLS: Final = 100_000
_USUAL_KIND: Final = "train"
_KIND: Final = "kind"
_SET: Final = "set"
_VARY: Final = "vary"
_WANTED: Final[Mapping[type, str]] = {
    int: "a whole number", float: "a finite number", bool: "true or false", str: "text in quotes",
}  # fmt: skip
_QUICK_VALUES: Final = 2
"""Of a list of numbers, in a quick study."""

Given: TypeAlias = tuple[Scalar, Place]
"""A value and where it stands."""
Point: TypeAlias = dict[str, Given]


@dataclass(frozen=True, slots=True)
class Source:
    """The text that is read, for messages; ``quick``: of every list of numbers, the first two alone."""

    where: str
    lines: dict[Place, int]
    quick: bool = False

    def error(self, place: Place, message: str) -> InputError:
        """What is wrong, with the line and the key."""
        keys = ".".join(str(key) for key in place if isinstance(key, str))
        return InputError(f"{self.where}, line {line_at(self.lines, place)}: {keys + ': ' if keys else ''}{message}")


@dataclass(frozen=True, slots=True)
class _Axis:
    """Values of one key of the grid, of ``set`` or of ``vary``; for one owner, or for all that have such a setting."""

    name: str
    owner: str | None
    values: tuple[Given, ...]
    place: Place

    def names(self, kind: Kind, usual: Mapping[str, Scalar]) -> list[str]:
        """The settings that it means where these are the settings."""
        if self.owner is None:
            return [name for name in usual if name == self.name or name.endswith(f".{self.name}")]
        titles = [title for title in kind.owners if usual[title] == self.owner]
        return [name for title in titles for name in (f"{title}.{self.name}", self.name) if name in usual]


def cells_of(table: Mapping[str, Any], place: Place, source: Source) -> list[Cell]:
    """The cells of one grid, in the order in which its axes are written, each once.

    Raises: InputError with the line at fault: unknown keys, values of a wrong type, settings that cannot be run,
    settings that nothing in the grid has.
    """
    kind_name = table.get(_KIND, _USUAL_KIND)
    if not isinstance(kind_name, str):
        raise source.error((*place, _KIND), f"must be one of {', '.join(NAMES)}, in quotes")
    try:
        kind = kind_of(kind_name)
    except InputError as error:
        raise source.error((*place, _KIND), str(error)) from None
    axes, varied = _axes(table, place, kind, source)
    owners = [_owner(table, name, place, source) for name in kind.owners]
    found: dict[Cell, None] = {}
    used: set[Place] = set()
    for combination in itertools.product(*owners):
        base = dict(zip(kind.owners, combination, strict=True))
        usual = _usual(kind, base, source, place)
        here = [(axis, names) for axis in axes if (names := axis.names(kind, usual))]
        there = [(axis, names) for axis in varied if (names := axis.names(kind, usual))]
        used |= {axis.place for axis, _ in (*here, *there)}
        for point in _points(base, here, there):
            found[_cell(kind_name, kind, usual, point, place, source)] = None
            if len(found) > MOST_CELLS:
                raise source.error(place, f"more than {MOST_CELLS:,} cells; make several studies of it")
    for axis in (*axes, *varied):
        if axis.place not in used:
            raise source.error(axis.place, f"nothing in this grid has such a setting; {_hint(axis, kind, owners)}")
    return list(found)


def _hint(axis: _Axis, kind: Kind, owners: Sequence[Sequence[Given]]) -> str:
    """Which settings there are."""
    known: dict[str, None] = {}
    for combination in itertools.product(*owners):
        point = {title: value for title, (value, _) in zip(kind.owners, combination, strict=True)}
        known |= dict.fromkeys(name.rpartition(".")[2] for name in kind.usual(point) if name not in kind.owners)
    return f"{near(axis.name, list(known))}there are {', '.join(known)}"


def _points(
    base: Point, axes: Sequence[tuple[_Axis, list[str]]], varied: Sequence[tuple[_Axis, list[str]]]
) -> Iterator[Point]:
    """The product of the axes; at each of its points, what is varied, one at a time."""
    for values in itertools.product(*(axis.values for axis, _ in axes)):
        point = dict(base)
        for (_, names), given in zip(axes, values, strict=True):
            point |= dict.fromkeys(names, given)
        yield point
        for axis, names in varied:
            for given in axis.values:
                yield point | dict.fromkeys(names, given)


def _cell(
    name: str, kind: Kind, usual: Mapping[str, Scalar], point: Point, place: Place, source: Source
) -> Cell:  # fmt: skip
    settings = dict(usual)
    for key, (value, where) in point.items():
        settings[key] = _like(usual[key], value, where, source)
    try:
        kind.check(settings)
    except InputError as error:
        raise source.error(_at_fault(str(error), point, place), str(error)) from None
    return Cell.of(name, settings)


def _at_fault(message: str, point: Point, place: Place) -> Place:
    """Where the first setting stands that the message names and the file gives."""
    for said in re.findall(r"(\w+)=", message):
        for name, (_, where) in point.items():
            if name.rpartition(".")[2] == said:
                return where
    return place


def _usual(kind: Kind, base: Point, source: Source, place: Place) -> dict[str, Scalar]:
    try:
        return kind.usual({name: value for name, (value, _) in base.items()})
    except InputError as error:
        where = next((at for value, at in base.values() if repr(value)[:40] in str(error)), place)
        raise source.error(where, str(error)) from None


def _like(usual: Scalar, value: Scalar, where: Place, source: Source) -> Scalar:
    """A value as the default's type has it, so that 0 and 0.0 are one cell."""
    right = type(value) is type(usual)
    if isinstance(usual, float) and type(value) is int:
        value, right = float(value), True
    if not right or (isinstance(value, float) and not math.isfinite(value)):
        wanted = _WANTED[type(usual)]
        raise source.error(where, f"{str(value)[:40]!r} is not {wanted}; by default it is {usual}")
    return value + 0.0 if isinstance(value, float) else value  # -0.0 + 0.0 is 0.0


# --- reading the tables -----------------------------------------------------------------------------------------------


def _axes(table: Mapping[str, Any], place: Place, kind: Kind, source: Source) -> tuple[list[_Axis], list[_Axis]]:
    """What is a product, and what is tried one at a time; what is more special comes later, and prevails."""
    axes: list[_Axis] = []
    for key, value in table.items():
        if key in (_KIND, _SET, _VARY, *kind.owners):
            continue
        if key not in kind.axes:
            known = (_KIND, *kind.axes, _SET, _VARY)
            hint = near(key, known)
            raise source.error(
                (*place, key),
                f"unknown key; {hint}there are {', '.join(known)} (other settings stand in [grid.{_SET}])",
            )
        axes.append(_Axis(key, None, _values(value, (*place, key), source), (*place, key)))
    axes += _settings(table, _SET, place, kind, source)
    return axes, _settings(table, _VARY, place, kind, source)


def _settings(table: Mapping[str, Any], title: str, place: Place, kind: Kind, source: Source) -> list[_Axis]:
    """``[grid.set]`` and its sub-tables, each for one owner."""
    here = (*place, title)
    given = table.get(title, {})
    if not isinstance(given, dict):
        raise source.error(here, f"must be a table; write [grid.{title}] on a line of its own")
    common: list[_Axis] = []
    special: list[_Axis] = []
    for key, value in given.items():
        if isinstance(value, dict):
            special += [_Axis(n, key, _values(v, (*here, key, n), source), (*here, key, n)) for n, v in value.items()]
        elif key in kind.owners:
            raise source.error((*here, key), f"{key} stands in [[grid]] itself; move it there")
        else:
            common.append(_Axis(key, None, _values(value, (*here, key), source), (*here, key)))
    return common + special


def _owner(table: Mapping[str, Any], name: str, place: Place, source: Source) -> tuple[Given, ...]:
    if name not in table:
        raise source.error(place, f"{name} is missing; a grid of this kind needs it")
    return _values(table[name], (*place, name), source)


def _values(value: object, place: Place, source: Source) -> tuple[Given, ...]:
    """The values of an axis: a list, or a single one."""
    items: list[Any] = value if isinstance(value, list) else [value]
    places = [(*place, k) for k in range(len(items))] if isinstance(value, list) else [place]
    if not items:
        raise source.error(place, "an empty list, which leaves nothing to run; give a value, or leave the key out")
    for item, at in zip(items, places, strict=True):
        if not isinstance(item, str | int | float | bool):
            raise source.error(at, f"{str(item)[:40]!r} is no number, text, true or false, nor a list of these")
    numbers = all(isinstance(item, int | float) and not isinstance(item, bool) for item in items)
    count = _QUICK_VALUES if source.quick and numbers else len(items)
    return tuple(zip(items, places, strict=True))[:count]
