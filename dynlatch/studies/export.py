"""Results as one table (CSV, Parquet) or as labelled arrays: the same wherever and in whatever order they were made."""

from __future__ import annotations

import csv
import gzip
import importlib
import io
import json
import math
import zlib
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dynlatch.errors import InputError
from dynlatch.files import whole_file
from dynlatch.studies.cell import Cell, Record, Scalar, Value

if TYPE_CHECKING:
    import xarray as xr

_KIND: Final = "kind"
_SEED: Final = "seed"
_TRIAL: Final = "trial"
_SECONDS: Final = "seconds"
_WORDS: Final[dict[str, Value]] = {"true": True, "false": False, "": None}


def columns(records: Sequence[Record], *, seconds: bool = True) -> dict[str, list[Value]]:
    """A column for the kind, for each setting, for seed and trial, for each result, and for seconds, in this order.

    Settings and results are in alphabetical order; a record that has not one of them has None there. Rows are ordered
    by cell, seed and trial. ``seconds`` are the only numbers that depend on the machine; without them exports of equal
    studies are equal. Raises: InputError for no records.
    """
    if not records:
        raise InputError("no results to export yet; run the study first")
    texts = {cell: cell.text() for cell in {r.cell for r in records}}
    ordered = sorted(records, key=lambda r: (texts[r.cell], r.seed, r.trial))
    settings = [dict[str, Value](r.cell.settings) for r in ordered]
    found: dict[str, list[Value]] = {_KIND: [r.cell.kind for r in ordered]}
    found |= {name: [s.get(name) for s in settings] for name in sorted({n for s in settings for n in s})}
    found |= {_SEED: [r.seed for r in ordered], _TRIAL: [r.trial for r in ordered]}
    found |= {name: [r.result.get(name) for r in ordered] for name in _results(ordered)}
    return found | (dict[str, list[Value]]({_SECONDS: [r.seconds for r in ordered]}) if seconds else {})


def save(records: Sequence[Record], path: str | Path, *, seconds: bool = True) -> Path:
    """Write ``columns`` as the name of the file says: ``.csv``, ``.csv.gz`` or ``.parquet``; whole, or not at all.

    CSV: UTF-8, numbers such that they read back exactly, true, false, nothing for None. Parquet needs pyarrow.
    Raises: InputError for another name, no records, or Parquet without pyarrow. OutputError if it cannot be written.
    """
    target = Path(path)
    writers = {".csv": _write_csv, ".csv.gz": _write_csv_gz, ".parquet": _write_parquet}
    writer = next((write for end, write in writers.items() if target.name.lower().endswith(end)), None)
    if writer is None:
        raise InputError(f"{target.name[:40]!r} is neither .csv, .csv.gz nor .parquet; name the file so")
    if writer is _write_parquet and find_spec("pyarrow") is None:
        raise InputError("Parquet files need pyarrow, which is not installed: pip install pyarrow, or write a .csv")
    table = columns(records, seconds=seconds)
    with whole_file(target) as temporary:
        writer(table, temporary)
    return target


def load(path: str | Path) -> list[Record]:
    """The records of a ``.csv`` or ``.csv.gz`` that ``save`` wrote; ``seconds`` are nan where they were left out.

    Raises: InputError for a file that is no such table, with its line.
    """
    where = Path(path).name
    try:
        content = Path(path).read_bytes()
        if where.lower().endswith(".gz"):
            content = gzip.decompress(content)
        names, *rows = csv.reader(io.StringIO(content.decode(), newline=""))
    except (OSError, EOFError, ValueError, zlib.error, csv.Error) as error:
        reason = getattr(error, "strerror", None) or "not a table"
        raise InputError(
            f"{where}: cannot be read ({reason}); give a .csv that `dynlatch study export` wrote"
        ) from None
    try:
        after, trial = names.index(_SEED), names.index(_TRIAL)
    except ValueError:
        after = trial = -1
    if names[:1] != [_KIND] or trial != after + 1:
        raise InputError(
            f"{where}, line 1: no table of results; its columns must be kind, settings, seed, trial, results"
        )
    cells: dict[tuple[str, ...], Cell] = {}
    return [
        _record(names, row, after, cells, f"{where}, line {line}") for line, row in enumerate(rows, start=2)
    ]  # fmt: skip


def as_dataset(records: Sequence[Record]) -> xr.Dataset:
    """Results as arrays over ``cell`` and ``trial``; what has not been run is nan (of words and truths: None).

    Coordinates: every setting by cell (``kind`` too), seed and number by trial. Raises: InputError for no records.
    """
    import numpy as np
    import xarray as xr

    if not records:
        raise InputError("no results to arrange yet; run the study first")
    cells = sorted({r.cell for r in records}, key=Cell.text)
    trials = sorted({(r.seed, r.trial) for r in records})
    rows, places = {cell: k for k, cell in enumerate(cells)}, {trial: k for k, trial in enumerate(trials)}
    at = [rows[r.cell] for r in records], [places[r.seed, r.trial] for r in records]
    data: dict[str, Any] = {}
    for name in (*_results(records), _SECONDS):
        values = [r.seconds if name == _SECONDS else r.result.get(name) for r in records]
        plain = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
        made = np.full((len(cells), len(trials)), math.nan if plain else None, dtype=float if plain else object)
        made[at] = values
        if not plain and all(isinstance(v, bool) for v in made.flat):
            made = made.astype(bool)
        data[name] = (("cell", "trial"), made)
    settings = [dict(cell.settings) for cell in cells]
    coordinates: dict[str, Any] = {_KIND: ("cell", [cell.kind for cell in cells])}
    for name in sorted({n for s in settings for n in s}):
        coordinates[name] = ("cell", _array([s.get(name) for s in settings]))
    coordinates |= {_SEED: (_TRIAL, [s for s, _ in trials]), "number": (_TRIAL, [t for _, t in trials])}
    return xr.Dataset(data, coords=coordinates)


def _results(records: Sequence[Record]) -> list[str]:
    return sorted({name for r in records for name in r.result})


def _array(values: Sequence[Scalar | None]) -> Any:
    """Numbers as numbers, with nan for None; truths and words, where none is missing, as such; else as objects."""
    import numpy as np

    if all(v is None or (isinstance(v, int | float) and not isinstance(v, bool)) for v in values):
        return np.array([math.nan if v is None else v for v in values])
    if len({type(v) for v in values}) == 1:
        return np.array(values)
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def _write_csv(table: dict[str, list[Value]], path: Path) -> None:
    path.write_bytes(_csv_bytes(table))


def _write_csv_gz(table: dict[str, list[Value]], path: Path) -> None:
    path.write_bytes(gzip.compress(_csv_bytes(table), mtime=0))  # equal tables make equal files


def _csv_bytes(table: dict[str, list[Value]]) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(table)
    writer.writerows([_word(value) for value in row] for row in zip(*table.values(), strict=True))
    return stream.getvalue().encode()


def _write_parquet(table: dict[str, list[Value]], path: Path) -> None:
    pyarrow: Any = importlib.import_module("pyarrow")
    parquet: Any = importlib.import_module("pyarrow.parquet")
    parquet.write_table(pyarrow.table(table), path)


def _word(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return json.dumps(value) if _value(value) != value or type(_value(value)) is not str else value
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(word: str) -> Value:
    """What ``_word`` wrote: a word that looks like a number was one, else it would stand in quotes."""
    if word in _WORDS:
        return _WORDS[word]
    quoted = word[0] == word[-1] == '"' and len(word) > 1
    for read in (json.loads,) if quoted else (int, float):
        with suppress(ValueError):
            return read(word)
    return word


def _record(
    names: Sequence[str], row: Sequence[str], after: int, cells: dict[tuple[str, ...], Cell], at: str
) -> Record:
    if len(row) != len(names):
        raise InputError(f"{at}: {len(row)} values for {len(names)} columns; is the file whole?")
    before = tuple(row[:after])
    if before not in cells:
        given = {n: v for n, word in zip(names[1:after], row[1:after], strict=True) if (v := _value(word)) is not None}
        cells[before] = Cell.of(row[0], given)
    seed, trial = _value(row[after]), _value(row[after + 1])
    if not isinstance(seed, int) or not isinstance(trial, int):
        raise InputError(f"{at}: seed and trial must be whole numbers")
    result = {
        n: v for n, word in zip(names[after + 2 :], row[after + 2 :], strict=True) if (v := _value(word)) is not None
    }
    seconds = result.pop(_SECONDS, math.nan)
    return Record(cells[before], seed, trial, result, float(seconds) if isinstance(seconds, int | float) else math.nan)
