"""What a user types, read exactly and checked before any work starts."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from dynlatch.errors import InputError, OutputError

if TYPE_CHECKING:
    from dynlatch.maps.definition import Box, Map

_MAX_LIST: Final = 65_536
Made = TypeVar("Made")


def the_map(text: str, parameters: Sequence[str]) -> Map:
    """The catalogued map of that name, or the one that a TOML file describes, with the given parameters.

    Raises: InputError in one line, with the nearest name where one is near.
    """
    from dynlatch.maps.catalogue import CATALOGUE
    from dynlatch.maps.toml_file import override_parameters, read_map, split_overrides

    given = split_overrides(parameters)
    name = text.replace("-", "_")
    if name in CATALOGUE:
        return _from_catalogue(name, given)
    if _is_path(text):
        return override_parameters(read_map(text), given)
    near = difflib.get_close_matches(name.lower(), CATALOGUE, 1, 0.5)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(CATALOGUE)}."
    raise InputError(f"unknown map {_quoted(text)}; {hint} A map of your own is given as the path of a TOML file")


def _is_path(text: str) -> bool:
    try:
        return "/" in text or "\\" in text or text.lower().endswith(".toml") or Path(text).exists()
    except (OSError, ValueError):
        return False


def _from_catalogue(name: str, given: Mapping[str, str]) -> Map:
    from dynlatch.maps.catalogue import CATALOGUE
    from dynlatch.maps.grammar import suggestion

    entry = CATALOGUE[name]
    for key in given:
        if key not in entry.parameters:
            hint = suggestion(key, entry.parameters) or f"; it has: {', '.join(entry.parameters)}"
            raise InputError(f"parameter {_quoted(key)}: {name} has no such parameter{hint}")
    for key, example in entry.example.items():
        if key not in given:
            shown = json.dumps(example, separators=(",", ":"))
            raise InputError(f"{name} needs the parameter {key}, which has no default; give it as -p '{key}={shown}'")
    return entry.make(**{key: _value(key, text, entry.parameters[key]) for key, text in given.items()})


def _value(name: str, text: str, usual: object) -> object:
    """A constant of the grammar, or a list of numbers like the usual value: each as exact as it was typed."""
    from dynlatch.maps.grammar import parse_constant

    listed = isinstance(usual, tuple)
    if not listed and not text.startswith("["):
        return parse_constant(text, where=f"parameter {name}")
    shown = json.dumps(usual if listed else [0, "1/2"], separators=(",", ":"))
    example = f"write it like {name}={shown}, with fractions in quotes"
    if len(text) > _MAX_LIST:
        raise InputError(f"parameter {name}: longer than {_MAX_LIST} characters; use Python for a matrix of that size")
    try:
        found = json.loads(
            text, parse_float=str, parse_int=str, parse_constant=_refuse, object_pairs_hook=_refuse
        )  # fmt: skip
        if not isinstance(found, list) or (_has_rows(usual) and not all(isinstance(row, list) for row in found)):
            raise InputError(f"parameter {name}: {_quoted(text)} is not a list of {_kind(usual)}; {example}")
        return found
    except InputError:
        raise
    except json.JSONDecodeError as error:
        raise InputError(f"parameter {name}: column {error.colno}: not a list of numbers; {example}") from None
    except (ValueError, RecursionError):
        raise InputError(f"parameter {name}: not a list of finite numbers; {example}") from None


def _has_rows(usual: object) -> bool:
    return isinstance(usual, tuple) and isinstance(usual[0], tuple)


def _kind(usual: object) -> str:
    return "rows, each a list of numbers" if _has_rows(usual) else "numbers"


def _refuse(part: object) -> NoReturn:
    """For what JSON has and a list of finite numbers has not."""
    raise ValueError(part)


def box(sides: Sequence[str] | None, m: Map) -> Box | None:
    """``--box``: exact sides, one per state, or None if it was not given."""
    from dynlatch.maps.definition import exact_box

    if not sides:
        return None
    pairs: list[tuple[str, ...]] = []
    for side in (part for item in sides for part in item.split(";")):
        ends = tuple(end.strip() for end in side.split(","))
        if len(ends) != 2:
            raise InputError(f"--box {_quoted(side)} is not a side; give its two ends as LO,HI, such as -4,4")
        pairs.append(ends)
    if len(pairs) == 1:
        pairs *= m.dimension
    if len(pairs) != m.dimension:
        raise InputError(
            f"--box has {len(pairs)} sides but {m.name} has {_states(m)}; give one side LO,HI per state, or one for all"
        )
    return exact_box(pairs, m.dimension)


def vector(text: str | None, what: str, m: Map) -> list[str] | None:
    """Numbers with commas between them, one per state."""
    if text is None:
        return None
    entries = [entry.strip() for entry in text.split(",")]
    if len(entries) != m.dimension:
        raise InputError(
            f"{what} {_quoted(text)} has {len(entries)} numbers but {m.name} has {_states(m)}; give one each"
        )
    return entries


def resolution(text: str | None) -> tuple[int, ...] | int | None:
    """``400``, or one number per axis: ``400,200``."""
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch(r"[+-]?[0-9]{1,40}", part) for part in parts):
        raise InputError(
            f"--resolution {_quoted(text)} is not a number of cells; give a whole number such as 400, or one per axis"
        )
    counts = tuple(map(int, parts))
    return counts[0] if len(counts) == 1 else counts


def names(text: str | None) -> list[str] | None:
    """``a1,a2`` as a list."""
    return None if text is None else [name.strip() for name in text.split(",")]


def held(items: Sequence[str] | None) -> dict[str, str]:
    """``--at a3=1/2`` as a mapping."""
    found: dict[str, str] = {}
    for item in items or ():
        name, equals, value = (part.strip() for part in item.partition("="))
        if not (name and equals and value):
            raise InputError(f"--at {_quoted(item)} is not of the form STATE=VALUE; write for example a3=1/2")
        if name in found:
            raise InputError(f"--at gives {_quoted(name)} twice; give it once")
        found[name] = value
    return found


def refuse_large(
    m: Map,
    sides: Box | None,
    cells: int | Sequence[int],
    bytes_per_cell: int,
    *,
    axes: Iterable[str] | None = None,
    at: Mapping[str, object] | None = None,
) -> None:
    """Check box, resolution and slice, and that the arrays fit into memory, before anything is made."""
    from dynlatch.regions.grid import check_memory, make_grid

    check_memory(make_grid(m, sides, cells, axes=None if axes is None else list(axes), at=at), bytes_per_cell)


def writable(check: Callable[[Path], Made], path: Path, option: str = "--out") -> Made:
    """Where a result shall go, checked before the work that it is the result of.

    Raises: InputError where ``check`` raises OutputError: so early, it is a wrong argument.
    """
    try:
        return check(path)
    except OutputError as error:
        raise InputError(f"{option} {error}") from error


def _states(m: Map) -> str:
    listed = ", ".join(str(s) for s in m.states[:6]) + (", ..." if m.dimension > 6 else "")
    return f"{m.dimension} state{'s' if m.dimension > 1 else ''} ({listed})"


def _quoted(text: Any) -> str:
    return json.dumps(text if len(text) <= 40 else text[:37] + "...")
