"""The file of a ledger: made in one transaction, and refused untouched if it is anything else."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator
from pathlib import Path
from typing import Final

from dynlatch.errors import InputError, OutputError
from dynlatch.files import writable_parent

APPLICATION: Final = 0x646C6C67
"""``application_id``: the letters dllg."""
FORMAT: Final = 1
"""``user_version``: it grows whenever the tables change."""
_MAGIC: Final = b"SQLite format 3\x00"
_PATIENCE: Final = 60.0
"""Seconds to wait for another process's transaction; one takes milliseconds."""
_TABLES: Final = (
    """CREATE TABLE cells (
        id INTEGER PRIMARY KEY, schema INTEGER NOT NULL, content TEXT NOT NULL, UNIQUE (content, schema)
    )""",
    """CREATE TABLE trials (
        key TEXT PRIMARY KEY, cell INTEGER NOT NULL REFERENCES cells (id), seed INTEGER NOT NULL,
        trial INTEGER NOT NULL, result TEXT NOT NULL, seconds REAL NOT NULL, UNIQUE (cell, seed, trial)
    ) WITHOUT ROWID""",
    """CREATE TABLE failures (
        key TEXT PRIMARY KEY, cell INTEGER NOT NULL REFERENCES cells (id), seed INTEGER NOT NULL,
        trial INTEGER NOT NULL, reason TEXT NOT NULL, UNIQUE (cell, seed, trial)
    ) WITHOUT ROWID""",
    """CREATE TABLE owners (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, machine TEXT NOT NULL, process INTEGER NOT NULL,
        started TEXT NOT NULL, until REAL NOT NULL
    )""",
    """CREATE TABLE claims (
        key TEXT PRIMARY KEY, owner INTEGER NOT NULL REFERENCES owners (id) ON DELETE CASCADE
    ) WITHOUT ROWID""",
    "CREATE INDEX claims_of_owner ON claims (owner)",
)


def connected(path: Path, *, writes: bool) -> sqlite3.Connection:
    """A connection to a ledger, which is made if there is none and ``writes``.

    Raises: InputError for a file that is no ledger, is damaged, or has another format: it is not changed. OutputError
    if the file cannot be read or written. Cost: one scan of the file.
    """
    with telling(path):
        if not path.exists():
            if not writes:
                raise InputError(f"{path}: no such ledger; `dynlatch study run` makes it")
            writable_parent(path)
            return _prepared(path)
        if path.is_dir():
            raise InputError(f"{path} is a folder; give the name of a ledger in it")
        with path.open("rb") as stream:
            begin = stream.read(len(_MAGIC))
        if begin and begin != _MAGIC:
            raise InputError(f"{path} is no ledger, nor any SQLite database; it is left as it is; give another name")
        if not (begin and _is_ledger(path)) and not writes:
            raise InputError(f"{path}: an empty ledger; `dynlatch study run` fills it")
        if writes:
            return _prepared(path)
        connection = _opened(path, "mode=rw")  # else SQLite could not tidy up after itself
        connection.execute("PRAGMA query_only = ON")
        return connection


def _opened(path: Path, how: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=_PATIENCE, isolation_level=None)


def _is_ledger(path: Path) -> bool:
    """Whether a ledger is there; False for a database without anything in it. Nothing is written."""
    log = path.with_name(f"{path.name}-wal")
    if not log.exists():  # nobody has it open: it can be read without a trace
        try:
            return _checked(path, "immutable=1")
        except (InputError, sqlite3.Error):
            if not log.exists():
                raise
    return _checked(path, "mode=ro")


def _checked(path: Path, how: str) -> bool:
    with contextlib.closing(_opened(path, how)) as connection:
        connection.execute("BEGIN")
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if not (application or version or tables):
            return False
        if application != APPLICATION:
            raise InputError(f"{path} is an SQLite database, but no ledger; it is left as it is; give another name")
        if version != FORMAT:
            raise InputError(
                f"{path}: a ledger of format {version}, not {FORMAT}; open it with the dynlatch that wrote it, or "
                "give another name"
            )
        (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if said != "ok":
            raise _damaged(path, said)
    return True


def _prepared(path: Path) -> sqlite3.Connection:
    """A connection that writes; the tables are there."""
    connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
    try:
        # Switching to WAL does not wait for another process that does the same.
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        with transaction(connection):
            if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                for table in _TABLES:
                    connection.execute(table)
                connection.execute(f"PRAGMA application_id = {APPLICATION}")
                connection.execute(f"PRAGMA user_version = {FORMAT}")
        connection.execute("PRAGMA journal_mode = WAL")
    except BaseException:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def passing(connection: sqlite3.Connection) -> Generator[None, None, None]:
    """A transaction that a loss of power may undo, which is quicker: for what ends with the process anyway."""
    connection.execute("PRAGMA synchronous = NORMAL")
    try:
        with transaction(connection):
            yield
    finally:
        connection.execute("PRAGMA synchronous = FULL")


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Generator[None, None, None]:
    """All or nothing; no other process writes meanwhile."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def telling(path: Path) -> Generator[None, None, None]:
    """What SQLite complains of, as one line that says how to go on."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explained(path, error) from error
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(
            f"{path} cannot be opened ({error.strerror or error}); check it and its permissions"
        ) from error


def _explained(path: Path, error: sqlite3.Error) -> InputError | OutputError:
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else None
    match primary:
        case sqlite3.SQLITE_FULL:
            return OutputError(
                f"{path} cannot grow: the disk is full; make room and run the same command again, which goes on from "
                "what is stored"
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return OutputError(
                f"{path} is held by another process for more than {_PATIENCE:.0f} s; try again when it is done"
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return _damaged(path, str(error))
        case _:
            return OutputError(
                f"{path} cannot be read or written ({error}); what was stored before stays; run the same command again "
                "when the cause is gone"
            )


def _damaged(path: Path, reason: object) -> InputError:
    line = " ".join(str(reason).split())[:120]
    return InputError(f"{path} is damaged ({line}); it is left as it is; restore a copy of it, or give another name")
