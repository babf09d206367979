"""The ledger: one row for each trial that is done, written once, in the transaction that marks it done."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from dynlatch.studies.cell import SCHEMA, Cell, Record, Value
from dynlatch.studies.ledger_file import connected, passing, telling, transaction
from dynlatch.studies.owners import Owner

if TYPE_CHECKING:
    from dynlatch.studies.study import Study

LEASE: Final = 60.0
"""Seconds without a sign of life after which what an owner has claimed is free again."""
_NUMBERS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_AT_ONCE: Final = 500
"""Keys in one query: SQLite may allow no more than 999."""


@dataclass(frozen=True, slots=True)
class Done:
    """The result of a trial of a batch; ``seconds``: its share of the batch's time."""

    trial: int
    result: Mapping[str, Value]
    seconds: float


@dataclass(frozen=True, slots=True)
class Count:
    """How far a cell is: trials asked for, done, solved (of those done) and failed at the last try.

    ``presentations``: the mean over those done, nan if there are none or the kind counts none; ``seconds``: in all.
    """

    cell: Cell
    asked: int
    done: int = 0
    solved: int = 0
    failed: int = 0
    presentations: float = math.nan
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a trial could not be run."""

    cell: Cell
    seed: int
    trial: int
    reason: str


class Ledger:
    """Results by the key of their content, in one SQLite file that several processes may use at once.

    Not for network file systems, on which SQLite's write-ahead log does not work. Close it, or use it in a ``with``
    block. Raises, at any call: OutputError if the file cannot be read or written (a full disk, another process that
    holds it for a minute): what was stored stays, what was not is not marked done. Cost: two transactions a batch, of
    which one is flushed to the disk.
    """

    def __init__(self, path: str | Path, *, writes: bool = True) -> None:
        """Open a ledger, or make one if ``writes``.

        Raises: InputError for a file that is no ledger, is damaged, or has another format: it is left as it is.
        """
        self.path = Path(path)
        self._connection = connected(self.path, writes=writes)
        self._ids: dict[Cell, int] = {}

    def close(self) -> None:
        """Nothing is kept open."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # --- what is there ------------------------------------------------------------------------------------------------

    def missing(self, cell: Cell, seed: int, trials: int) -> list[int]:
        """Which of the first ``trials`` trials are not done."""
        with telling(self.path):
            query = "SELECT trial FROM trials WHERE cell = ? AND seed = ? AND trial < ?"
            found = {trial for (trial,) in self._connection.execute(query, (self._id(cell), seed, trials))}
        return [trial for trial in range(trials) if trial not in found] if len(found) < trials else []

    def counts(self, study: Study) -> list[Count]:
        """How far each cell of a study is."""
        with telling(self.path):
            return [self._count(cell, study.seed, study.trials) for cell in study.cells]

    def _count(self, cell: Cell, seed: int, trials: int) -> Count:
        where = "WHERE cell = ? AND seed = ? AND trial < ?"
        given = (self._id(cell), seed, trials)
        done, solved, presentations, seconds = self._connection.execute(
            "SELECT count(*), total(json_extract(result, '$.solved')), avg(json_extract(result, '$.presentations')), "
            f"total(seconds) FROM trials {where}", given,
        ).fetchone()  # fmt: skip
        (failed,) = self._connection.execute(f"SELECT count(*) FROM failures {where}", given).fetchone()
        mean = math.nan if presentations is None else float(presentations)
        return Count(cell, trials, done, int(solved), failed, mean, seconds)

    def records(self, study: Study) -> list[Record]:
        """All results of a study that are there, by cell, in the study's order, and trial."""
        query = "SELECT trial, result, seconds FROM trials WHERE cell = ? AND seed = ? AND trial < ? ORDER BY trial"
        with telling(self.path):
            return [
                Record(cell, study.seed, trial, _from_text(text), seconds)
                for cell in study.cells
                for trial, text, seconds in self._connection.execute(query, (self._id(cell), study.seed, study.trials))
            ]

    def failures(self, study: Study) -> list[Failure]:
        """Trials that could not be run at the last try."""
        query = "SELECT trial, reason FROM failures WHERE cell = ? AND seed = ? AND trial < ? ORDER BY trial"
        with telling(self.path):
            return [
                Failure(cell, study.seed, trial, reason)
                for cell in study.cells
                for trial, reason in self._connection.execute(query, (self._id(cell), study.seed, study.trials))
            ]

    def _id(self, cell: Cell) -> int:
        """The number of a cell in this file; -1 if it has none yet."""
        if cell not in self._ids:
            query = "SELECT id FROM cells WHERE content = ? AND schema = ?"
            found = self._connection.execute(query, (cell.text(), SCHEMA)).fetchone()
            if found is None:
                return -1
            self._ids[cell] = found[0]
        return self._ids[cell]

    # --- who does what ------------------------------------------------------------------------------------------------

    def claim(self, owner: Owner, cell: Cell, seed: int, trials: Sequence[int], *, lease: float = LEASE) -> list[int]:
        """Those of the trials that are now the owner's to run: not done, and nobody else's who is alive.

        An owner is alive until ``lease`` seconds after its last claim, result or ``beat``, unless its process is seen
        to be gone.
        """
        keys = {cell.key(seed, trial): trial for trial in trials}
        with telling(self.path), passing(self._connection):
            self._forget_the_dead()
            number = self._alive(owner, lease)
            for some in _pieces(list(keys)):
                marks = ", ".join("?" * len(some))
                for table in ("trials", "claims"):
                    for (key,) in self._connection.execute(f"SELECT key FROM {table} WHERE key IN ({marks})", some):
                        del keys[key]
            self._connection.executemany("INSERT INTO claims VALUES (?, ?)", [(key, number) for key in keys])
        return list(keys.values())

    def beat(self, owner: Owner, *, lease: float = LEASE) -> None:
        """A sign of life."""
        with telling(self.path), passing(self._connection):
            self._alive(owner, lease)

    def release(self, owner: Owner) -> None:
        """The owner has ended; what it has claimed and not stored is free, as is what the dead have left."""
        with telling(self.path), passing(self._connection):
            self._connection.execute("DELETE FROM owners WHERE name = ?", (owner.name,))
            self._forget_the_dead()

    def _alive(self, owner: Owner, lease: float) -> int:
        until = time.time() + lease
        self._connection.execute(
            "INSERT INTO owners (name, machine, process, started, until) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET until = excluded.until",
            (owner.name, owner.machine, owner.process, owner.started, until),
        )
        return self._connection.execute("SELECT id FROM owners WHERE name = ?", (owner.name,)).fetchone()[0]

    def _forget_the_dead(self) -> None:
        now = time.time()
        query = "SELECT id, name, machine, process, started, until FROM owners"
        for number, *who, until in self._connection.execute(query).fetchall():
            if until < now or Owner(*who).is_gone():
                self._connection.execute("DELETE FROM owners WHERE id = ?", (number,))

    # --- what is written ----------------------------------------------------------------------------------------------

    def store(self, owner: Owner, cell: Cell, seed: int, done: Iterable[Done]) -> int:
        """Keep results, all or none; when this returns they are on the disk. How many were new.

        A result that is there already stays as it is: equal keys have equal results.
        """
        rows = [(cell.key(seed, d.trial), d.trial, _to_text(d.result), d.seconds) for d in done]
        with telling(self.path), transaction(self._connection):
            number, before = self._new_id(cell), self._connection.total_changes
            self._connection.executemany(
                "INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [(key, number, seed, trial, text, seconds) for key, trial, text, seconds in rows],
            )
            new = self._connection.total_changes - before
            self._finish(owner, [key for key, *_ in rows])
            self._connection.executemany("DELETE FROM failures WHERE key = ?", [(key,) for key, *_ in rows])
        self._ids[cell] = number
        return new

    def fail(self, owner: Owner, cell: Cell, seed: int, trials: Sequence[int], reason: str) -> None:
        """Keep why trials could not be run; the next run tries them again."""
        keys = [cell.key(seed, trial) for trial in trials]
        with telling(self.path), transaction(self._connection):
            number = self._new_id(cell)
            self._connection.executemany(
                "INSERT INTO failures VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET reason = excluded.reason",
                [(key, number, seed, trial, reason) for key, trial in zip(keys, trials, strict=True)],
            )
            self._finish(owner, keys)
        self._ids[cell] = number

    def _new_id(self, cell: Cell) -> int:
        known = self._id(cell)
        if known >= 0:
            return known
        given = (SCHEMA, cell.text())
        made = self._connection.execute("INSERT INTO cells (schema, content) VALUES (?, ?)", given).lastrowid
        assert made is not None
        return made

    def _finish(self, owner: Owner, keys: Sequence[str]) -> None:
        self._alive(owner, LEASE)
        self._connection.executemany(
            "DELETE FROM claims WHERE key = ? AND owner = (SELECT id FROM owners WHERE name = ?)",
            [(key, owner.name) for key in keys],
        )


def _pieces(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    return (keys[k : k + _AT_ONCE] for k in range(0, len(keys), _AT_ONCE))


def _to_text(result: Mapping[str, Value]) -> str:
    """As JSON; numbers that it has not as words, the same that ``json`` would write without quotes."""
    plain = {
        name: json.dumps(value) if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in result.items()
    }
    return json.dumps(plain, separators=(",", ":"), allow_nan=False)


def _from_text(text: str) -> dict[str, Value]:
    found: dict[str, Any] = json.loads(text)
    return {name: _NUMBERS.get(value, value) if isinstance(value, str) else value for name, value in found.items()}
