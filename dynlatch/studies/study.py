"""Study files: which cells, how many trials, which seed. TOML, checked whole before anything runs.

::

    name = "small"
    seed = 0
    trials = 50

    [[grid]]                       # every list is an axis; several grids add up
    kind = "train"                 # or "minimal"
    task = ["latch", "parity"]
    T = [10, 20]
    noise = [0.0, 0.2]
    algorithm = ["back-propagation", "annealing"]

    [grid.set]                     # settings of whatever has them
    num_train = 30
    [grid.set.annealing]           # of one task or algorithm
    cycles = [10, 20]

    [grid.vary]                    # each value alone, all else as above
    rate = [0.003, 0.03]
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dynlatch.errors import InputError
from dynlatch.studies.cell import Cell
from dynlatch.studies.grid import MOST_CELLS, Source, cells_of
from dynlatch.studies.kinds import kind_of, near
from dynlatch.studies.toml_lines import lines_of

QUICK_TRIALS: Final = 10
MOST_TRIALS: Final = 1_000_000
_MOST_BYTES: Final = 1024 * 1024
_MOST_SEED: Final = 2**63 - 1
"""What a ledger's integers hold."""
_KEYS: Final = ("name", "seed", "trials", "grid")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Study:
    """Trials 0 to ``trials - 1`` of ``seed`` in every cell."""

    name: str
    seed: int
    trials: int
    cells: tuple[Cell, ...]

    def __len__(self) -> int:
        return self.trials * len(self.cells)

    def __repr__(self) -> str:
        return f"Study({self.name}: {len(self.cells)} cells, {self.trials} trials each, seed {self.seed})"


def read_study(path: str | Path, *, quick: bool = False) -> Study:
    """The study that a TOML file of at most 1 MiB describes.

    ``quick``: of every list of numbers the first two alone, and at most ten trials; these cells and trials are among
    those of the whole study. Raises: InputError in one line, naming the file and the line in it.
    """
    file = Path(path)
    where = file.name or str(path)
    try:
        if not file.is_file():
            raise InputError(
                f"{where}: {'a folder' if file.is_dir() else 'no such file'}; give the path of a TOML file"
            )
        with file.open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path, or an InputError of ours
        if isinstance(error, InputError):
            raise
        reason = getattr(error, "strerror", None) or "not a path"
        raise InputError(f"{where}: cannot be read ({reason}); check the path and its permissions") from None
    if len(data) > _MOST_BYTES:
        raise InputError(f"{where}: more than the {_MOST_BYTES} bytes that a study may have; is it a study?")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(f"{where}, line {line}: no UTF-8 text; save the file as UTF-8") from None
    return study_from_toml(text, where=where, quick=quick)


def study_from_toml(text: str, *, where: str = "<toml>", quick: bool = False) -> Study:
    """The study that TOML text describes; see ``read_study``."""
    table = _load(text, where)
    source = Source(where, lines_of(text.replace("\r\n", "\n")), quick)
    for key in table:
        if key not in _KEYS:
            raise source.error((key,), f"unknown key; {near(key, _KEYS)}there are {', '.join(_KEYS)}")
    title = table.get("name")
    if not isinstance(title, str) or not _NAME.fullmatch(title):
        raise source.error(
            ("name",) if "name" in table else (),
            "name must be 1 to 64 letters, digits, dots, hyphens and underscores (ASCII), in quotes",
        )
    seed = _whole(table, "seed", 0, _MOST_SEED, 0, source)
    trials = _whole(table, "trials", 1, MOST_TRIALS, None, source)
    grids = table.get("grid")
    if not isinstance(grids, list) or not all(isinstance(grid, dict) for grid in grids):
        raise source.error(("grid",), "there must be one or more tables; write [[grid]] on a line of its own")
    cells: dict[Cell, None] = {}
    for k, grid in enumerate(grids):
        cells |= dict.fromkeys(cells_of(grid, ("grid", k), source))
    if len(cells) > MOST_CELLS:
        raise source.error(("grid",), f"{len(cells):,} cells, more than {MOST_CELLS:,}; make several studies of it")
    for name in dict.fromkeys(cell.kind for cell in cells) if trials > 1 else ():
        if kind_of(name).single:
            why = f"nothing in a {name} cell is random, so that one trial is all there is"
            raise source.error(("trials",), f"{trials} is too many: {why}; write trials = 1 in a study of its own")
    return Study(title, seed, min(trials, QUICK_TRIALS) if quick else trials, tuple(cells))


def _whole(table: Mapping[str, Any], key: str, least: int, most: int, usual: int | None, source: Source) -> int:
    value = table.get(key, usual)
    if value is None:
        raise source.error((), f"{key} is missing; write {key} = 50 before the first table")
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise source.error((key,), f"{str(value)[:40]} must be a whole number from {least} to {most}")
    return value


def _load(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = re.sub(r"[^ -~]", "?", " ".join(str(error).split()))
        found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message)
        if found:
            raise InputError(f"{where}, line {found[2]}: not TOML: {found[1]} (column {found[3]})") from None
        last = text.rstrip().count("\n") + 1
        raise InputError(f"{where}, line {last}: not TOML: {message[:200]}; mend the file there") from None
    except RecursionError:
        raise InputError(f"{where}, line 1: no study: arrays or tables nested too deep; write the file flat") from None
    except ValueError:
        raise InputError(f"{where}, line 1: no study: a number is too long; shorten it") from None
