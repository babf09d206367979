"""The ledger: what is stored comes back, one owner at a time, and no other file is ever touched."""

from __future__ import annotations

import dataclasses
import math
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from study_stubs import stub_cell, stub_result, stub_study

from dynlatch.errors import InputError, OutputError
from dynlatch.studies import cell as cells
from dynlatch.studies import ledger as ledgers
from dynlatch.studies.cell import Cell, Record, Value
from dynlatch.studies.ledger import Done, Ledger
from dynlatch.studies.ledger_file import APPLICATION, FORMAT
from dynlatch.studies.owners import Owner

CELL = stub_cell()
STUDY = stub_study(CELL, trials=6)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.sqlite"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with Ledger(path) as opened:
        yield opened


@pytest.fixture
def owner() -> Owner:
    return Owner.here()


def done(*trials: int, cell: Cell = CELL, seed: int = 0) -> list[Done]:
    return [Done(trial, stub_result(cell, seed, trial), 0.25) for trial in trials]


def rows(path: Path, table: str) -> int:
    with sqlite3.connect(path) as connection:
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    connection.close()
    return count


# --- what is stored ---------------------------------------------------------------------------------------------------

SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.sampled_from(["BUDGET", "", "ü\n'"])
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["solved", "cost", "stop", "x"]), SCALARS))
def test_results_come_back_as_they_were(result: dict[str, Value]) -> None:
    back = ledgers._from_text(ledgers._to_text(result))
    assert back.keys() == result.keys()
    for name, value in result.items():
        assert type(back[name]) is type(value)
        assert back[name] == value or (value != value and back[name] != back[name])


def test_records_are_there_after_closing(path: Path, owner: Owner) -> None:
    cell = Cell.of("stub", {"noise": 0.1, "text": "é'\""})
    result: dict[str, Value] = {"solved": False, "train_cost": math.inf, "test_error": 0.1 + 0.2, "stop": "DIVERGED"}
    with Ledger(path) as ledger:
        ledger.store(owner, cell, 7, [Done(2, result, 0.5)])
    with Ledger(path, writes=False) as ledger:
        study = stub_study(cell, trials=3, seed=7)
        assert ledger.records(study) == [Record(cell, 7, 2, result, 0.5)]
        assert ledger.missing(cell, 7, 3) == [0, 1]
        assert ledger.missing(cell, 8, 3) == [0, 1, 2]
        assert ledger.records(dataclasses.replace(study, trials=2)) == []


def test_counts_are_those_of_the_records(ledger: Ledger, owner: Owner) -> None:
    study = stub_study(trials=10, seed=3)
    for k, cell in enumerate(study.cells[:2]):
        ledger.store(owner, cell, 3, done(*range(2 + 3 * k), cell=cell, seed=3))
    ledger.store(owner, study.cells[0], 4, done(0, cell=study.cells[0]))
    ledger.store(owner, study.cells[0], 3, done(11, cell=study.cells[0]))
    ledger.fail(owner, study.cells[1], 3, [8, 9, 10], "no")
    for count in ledger.counts(study):
        records = [r for r in ledger.records(study) if r.cell == count.cell]
        assert (count.asked, count.done) == (10, len(records))
        assert count.solved == sum(r.result["solved"] is True for r in records)
        assert count.seconds == sum(r.seconds for r in records)
        assert count.failed == (2 if count.cell == study.cells[1] else 0)
        if records:
            assert count.presentations == sum(int(r.result["presentations"] or 0) for r in records) / len(records)
        else:
            assert math.isnan(count.presentations)


def test_who_ends_tidies_up_after_the_dead(ledger: Ledger, owner: Owner, path: Path) -> None:
    """A run that died after its last trial leaves its name, and nothing for others to claim."""
    dead = dataclasses.replace(owner, name="dead", started="0")
    away = dataclasses.replace(owner, name="away", machine="elsewhere")
    for some in (dead, away, owner):
        ledger.claim(some, CELL, 0, [])
    assert rows(path, "owners") == 2  # the dead one was forgotten by the next claim already
    ledger.beat(dead)
    ledger.release(owner)
    assert rows(path, "owners") == 1


def test_what_is_stored_is_written_once(ledger: Ledger, owner: Owner, path: Path) -> None:
    assert ledger.store(owner, CELL, 0, done(0, 1)) == 2
    assert ledger.store(owner, CELL, 0, [Done(1, {"solved": None}, 9.0), *done(2)]) == 1
    assert [r.result for r in ledger.records(STUDY)] == [stub_result(CELL, 0, t) for t in range(3)]
    assert rows(path, "trials") == 3
    assert rows(path, "cells") == 1


def test_other_meaning_of_results_runs_anew(ledger: Ledger, owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.store(owner, CELL, 0, done(0))
    monkeypatch.setattr(cells, "SCHEMA", 2)
    monkeypatch.setattr(ledgers, "SCHEMA", 2)
    with Ledger(ledger.path) as later:
        assert later.missing(CELL, 0, 1) == [0]
        later.store(owner, CELL, 0, [Done(0, {"solved": True}, 0.0)])
        assert [r.result for r in later.records(STUDY)] == [{"solved": True}]
    assert [r.result for r in ledger.records(STUDY)] == [stub_result(CELL, 0, 0)]


def test_failures_are_kept_until_the_trial_is_done(ledger: Ledger, owner: Owner) -> None:
    ledger.fail(owner, CELL, 0, [1, 2], "first")
    ledger.fail(owner, CELL, 0, [2], "second")
    assert [(f.trial, f.reason) for f in ledger.failures(STUDY)] == [(1, "first"), (2, "second")]
    assert ledger.missing(CELL, 0, 3) == [0, 1, 2]
    ledger.store(owner, CELL, 0, done(2))
    assert [f.trial for f in ledger.failures(STUDY)] == [1]


# --- claims -----------------------------------------------------------------------------------------------------------


def test_a_trial_is_claimed_by_one(ledger: Ledger, owner: Owner) -> None:
    other = Owner.here()
    ledger.store(owner, CELL, 0, done(0))
    assert ledger.claim(owner, CELL, 0, [0, 1, 2]) == [1, 2]
    assert ledger.claim(other, CELL, 0, [0, 1, 2, 3]) == [3]
    assert ledger.claim(other, CELL, 1, [1]) == [1]
    ledger.store(owner, CELL, 0, done(1))
    ledger.release(owner)
    assert ledger.claim(other, CELL, 0, [0, 1, 2]) == [2]


def test_a_claim_ends_with_its_lease(ledger: Ledger, owner: Owner) -> None:
    other = Owner.here()
    ledger.claim(owner, CELL, 0, [1, 2], lease=-1.0)
    assert ledger.claim(other, CELL, 0, [1]) == [1]
    ledger.beat(owner)
    assert ledger.claim(owner, CELL, 0, [1, 2]) == [2]


def test_a_sign_of_life_keeps_a_claim(ledger: Ledger, owner: Owner) -> None:
    ledger.claim(owner, CELL, 0, [1], lease=-1.0)
    ledger.beat(owner)
    assert ledger.claim(Owner.here(), CELL, 0, [1]) == []


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes can be looked up in /proc alone")
def test_a_claim_ends_with_its_process(ledger: Ledger, owner: Owner) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    here = dataclasses.replace(owner, name="gone", process=gone.pid)
    gone.wait()
    ledger.claim(here, CELL, 0, [1])
    assert here.is_gone()
    assert ledger.claim(owner, CELL, 0, [1]) == [1]
    assert not owner.is_gone()
    assert dataclasses.replace(owner, started="0").is_gone()  # the number is another process's by now
    assert not dataclasses.replace(owner, machine="elsewhere", process=gone.pid).is_gone()


def test_many_trials_are_claimed_at_once(ledger: Ledger, owner: Owner) -> None:
    ledger.store(owner, CELL, 0, done(*range(0, 2500, 2)))
    assert ledger.claim(owner, CELL, 0, range(2500)) == list(range(1, 2500, 2))


# --- a full disk ------------------------------------------------------------------------------------------------------


def test_a_full_disk_stores_nothing_of_the_batch_and_the_next_try_goes_on(ledger: Ledger, owner: Owner) -> None:
    ledger.store(owner, CELL, 0, done(*range(20)))
    pages = ledger._connection.execute("PRAGMA page_count").fetchone()[0]
    ledger._connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    ledger.claim(owner, CELL, 0, [*range(20, 30)])
    with pytest.raises(OutputError, match="disk is full; make room"):
        ledger.store(owner, CELL, 0, done(*range(20, 2000)))
    assert ledger.missing(CELL, 0, 2000) == list(range(20, 2000))
    ledger._connection.execute("PRAGMA max_page_count = 1000000")
    ledger.store(owner, CELL, 0, done(*range(20, 2000)))
    assert ledger.missing(CELL, 0, 2000) == []
    assert ledger._connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no folder"):
        Ledger(tmp_path / "none" / "x.sqlite")


def test_a_locked_ledger_says_so(ledger: Ledger, owner: Owner, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ledger._connection.execute("PRAGMA busy_timeout = 10")
    with pytest.raises(OutputError, match="held by another process"):
        ledger.store(owner, CELL, 0, done(0))
    other.close()
    assert ledger.store(owner, CELL, 0, done(0)) == 1


# --- other files ------------------------------------------------------------------------------------------------------


def refused(path: Path, match: str) -> None:
    """In both ways of opening, with nothing changed and nothing left beside it."""
    before, beside = path.read_bytes(), sorted(path.parent.iterdir())
    for writes in (True, False):
        with pytest.raises(InputError, match=match) as caught:
            Ledger(path, writes=writes)
        assert "\n" not in str(caught.value)
        assert path.read_bytes() == before
        assert sorted(path.parent.iterdir()) == beside


def made(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def test_a_text_is_refused(path: Path) -> None:
    path.write_text("name = 'fig4'\n" * 100)
    refused(path, "nor any SQLite database")


def test_another_database_is_refused(path: Path) -> None:
    made(path, "PRAGMA journal_mode = WAL", "CREATE TABLE t (x)")
    refused(path, "but no ledger")


@pytest.mark.parametrize("version", [0, FORMAT + 1])
def test_another_format_is_refused(path: Path, version: int) -> None:
    Ledger(path).close()
    made(path, f"PRAGMA user_version = {version}")
    refused(path, f"format {version}, not {FORMAT}")


def test_what_a_killed_process_left_is_refused_untouched(path: Path, tmp_path: Path) -> None:
    """The newest content stands in the log beside the file; reading it moves nothing over."""
    other = tmp_path / "copy" / path.name
    other.parent.mkdir()
    with Ledger(path) as ledger:
        ledger._connection.execute("PRAGMA user_version = 99")
        for name in (path.name, f"{path.name}-wal"):
            (other.parent / name).write_bytes((tmp_path / name).read_bytes())
    before = {p.name: p.read_bytes() for p in other.parent.iterdir()}
    assert b"".join(before.values()).count(b"CREATE TABLE trials") >= 1
    for writes in (True, False):
        with pytest.raises(InputError, match="format 99"):
            Ledger(other, writes=writes)
        assert {name: (other.parent / name).read_bytes() for name in before} == before


def test_a_folder_is_refused(tmp_path: Path) -> None:
    for writes in (True, False):
        with pytest.raises(InputError, match="is a folder"):
            Ledger(tmp_path, writes=writes)


@pytest.mark.parametrize("broken", ["cut", "zeros", "noise"])
def test_a_damaged_ledger_is_refused(path: Path, owner: Owner, broken: str) -> None:
    with Ledger(path) as ledger:
        ledger.store(owner, CELL, 0, done(*range(500)))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    if broken == "cut":
        del data[middle + 100 :]
    elif broken == "zeros":
        data[middle : middle + 4096] = bytes(4096)
    else:
        data[middle : middle + 4096] = bytes((37 * k) % 256 for k in range(4096))
    path.write_bytes(data)
    refused(path, "is damaged")


def test_a_file_with_nothing_in_it_becomes_a_ledger(path: Path, owner: Owner) -> None:
    path.touch()
    with pytest.raises(InputError, match="an empty ledger"):
        Ledger(path, writes=False)
    with Ledger(path) as ledger:
        assert ledger.store(owner, CELL, 0, done(0)) == 1
        with Ledger(path, writes=False) as reader:  # while it is written
            assert reader.missing(CELL, 0, 2) == [1]
            with pytest.raises(OutputError, match="readonly"):
                reader.store(owner, CELL, 0, done(1))
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_what_is_not_there_is_not_made_by_reading(path: Path) -> None:
    with pytest.raises(InputError, match="no such ledger"):
        Ledger(path, writes=False)
    assert not path.exists()


def test_what_is_stored_is_flushed_to_the_disk(ledger: Ledger) -> None:
    """A killed process cannot tell: what survives a loss of power is SQLite's promise for these."""
    asked = ("journal_mode", "synchronous", "foreign_keys")
    ledger.claim(Owner.here(), CELL, 0, [0])  # which needs no flush
    assert [ledger._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in asked] == ["wal", 2, 1]


def test_the_file_says_what_it_is(path: Path) -> None:
    Ledger(path).close()
    header = path.read_bytes()[:100]
    assert int.from_bytes(header[68:72], "big") == APPLICATION
    assert int.from_bytes(header[60:64], "big") == FORMAT
    assert header[18:20] == b"\x02\x02"  # write-ahead log
