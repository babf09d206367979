"""Killed at any moment, a ledger keeps what was reported done, has nothing twice, and the next run goes on."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from study_stubs import stub_study

from dynlatch.studies.cell import Cell
from dynlatch.studies.ledger import Ledger

HERE = Path(__file__).parent
KILLS = 120
TRIALS = 60
CELLS = [Cell.of("stub", {"size": size}) for size in range(24)]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="children are made by fork")


def reports(path: Path, kills: int, *words: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, str(HERE / "killed_run.py"), str(path), str(kills), "1994", *words],
        check=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
    )  # fmt: skip
    return json.loads(done.stdout)


def stored(path: Path) -> list[str]:
    """As they are reported."""
    with Ledger(path, writes=False) as ledger:
        return [f"{CELLS.index(r.cell)} {r.trial}" for r in ledger.records(stub_study(*CELLS, trials=TRIALS))]


def test_nothing_reported_is_lost_and_nothing_is_there_twice(tmp_path: Path) -> None:
    path = tmp_path / "killed.sqlite"
    seen = reports(path, KILLS)
    told = [word for word in seen if word not in ("open", "end")]
    found = stored(path)
    assert max(Counter(told).values()) == 1  # no later child was given it again
    assert sorted(found) == sorted({*found})
    assert set(told) <= set(found)
    assert len(found) == len(CELLS) * TRIALS  # the last child was left to end
    assert seen.count("end") >= 1
    assert seen.count("open") > seen.count("end")  # some were killed while they worked
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    for table in ("owners", "claims"):
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    connection.close()
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_the_kills_have_teeth(tmp_path: Path) -> None:
    seen = reports(tmp_path / "hasty.sqlite", 60, "hasty")
    told = [word for word in seen if word not in ("open", "end")]
    assert max(Counter(told).values()) > 1 or not set(told) <= set(stored(tmp_path / "hasty.sqlite"))
