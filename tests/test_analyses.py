"""The scripts in analyses/ run, in their quick form."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ANALYSES = Path(__file__).parent.parent / "analyses"


def run(script: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, ANALYSES / script, "--quick", *words], check=True, capture_output=True, text=True
    )
    return done.stdout


def test_the_pictures(tmp_path: Path) -> None:
    run("pictures.py", "--out", str(tmp_path))
    kept = {p.name for p in (ANALYSES / "pictures").iterdir()}
    assert {p.name for p in tmp_path.iterdir()} == kept, "every picture that is kept can be made again"


def test_the_benchmark_of_basins_checks_the_labels_and_reports(tmp_path: Path) -> None:
    table = run("benchmarks/basins.py", "--out", str(tmp_path / "figures.json"))
    assert "NumPy loop" in table
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    kept = json.loads((ANALYSES / "benchmarks" / "results" / "basins.json").read_text(encoding="utf-8"))
    assert figures.keys() == kept.keys()


def test_the_study_of_metrics_reports_every_map(tmp_path: Path) -> None:
    table = run("metrics.py", "--out", str(tmp_path / "metrics.json"))
    rows = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert len(table.splitlines()) == len(rows) + 2
    latches = rows[0]["critical_shocks"].values()
    assert list(latches) == [[pytest.approx(1.9150080481545), "PROVED"]] * 2
