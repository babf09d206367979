"""The scripts in analyses/ run, in their quick form."""

from __future__ import annotations

import json
import math
import runpy
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numba
import numpy as np
import pytest

import dynlatch
from dynlatch.rigor import intervals
from dynlatch.views import folder

ANALYSES = Path(__file__).parent.parent / "analyses"
STUDIES = {
    "figure_1b.py": ("figure_1b.png",),
    "figure_2a.py": ("figure_2a.png",),
    "figure_2b.py": ("figure_2b.png",),
    "insight.py": ("insight_latch.png", "latched_gradients.png"),
    "pictures.py": ("network_basins.png", "network_morse.png", "network_proved.png", "neuron_decay.png"),
    "tradeoff.py": ("tradeoff.png",),
    "transient.py": ("transient_length.png",),
    "uncertainty.py": ("uncertainty.png", "uncertainty_network.png"),
    "witnesses.py": ("witnesses.png",),
}
"""What makes the pictures that are kept."""
RESULTS = ("claims.md", "costs.md", "fig2a.csv.gz", "fig2b.csv.gz", "fig4.csv.gz")
OTHER_RESULTS = ("cost_of_size.md", "fig4-long.csv.gz", "growth.md", "sensitivity.csv.gz", "sensitivity.md")
TINY = {
    "fig4": 'task = "latch"\nT = [4, 6]\nalgorithm = ["time-weighted", "adaptive-newton", "adam"]\nbudget = 99',
    "fig2a": 'kind = "minimal"\ntrained = "w"\nT = 4\nw_0 = [1.0, 2.0]\nvariance = [0.0, 0.2]\nbudget = 200',
    "fig2b": 'kind = "minimal"\ntrained = "inputs"\nw_0 = 1.25\nT = [4, 6]\nvariance = 0.2\nbudget = 200',
    "fig4-long": 'task = "latch"\nT = [4, 6]\nalgorithm = ["discrete", "guessing"]\nbudget = 99',
    "sensitivity": 'task = "latch"\nT = [4, 6]\nalgorithm = ["time-weighted", "adaptive-newton", "pseudo-newton"]\n'
    "budget = 99\n[grid.vary]\nrate = [0.001, 0.1]",
}
Quick = Callable[..., str]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Quick:
    """A script's quick form, in this process, where everything is imported already: what it prints."""
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")  # as the benchmarks set them, and put back afterwards
    monkeypatch.setenv("PYTHONPATH", str(ANALYSES.parent))  # the processes that scripts start use this checkout

    def printed(script: str, *words: str) -> str:
        monkeypatch.syspath_prepend(str((ANALYSES / script).parent))
        monkeypatch.setattr(sys, "argv", [script, "--quick", *words])
        try:
            runpy.run_path(str(ANALYSES / script), run_name="__main__")
        except SystemExit as end:
            if end.code:
                pytest.fail(f"{script} ended with {end.code}")
        return capsys.readouterr().out

    return printed


@pytest.mark.parametrize("script", STUDIES)
def test_the_studies_make_their_pictures(
    quick: Quick, script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "svg_text", lambda _: "<svg/>")  # of a saved folder the studies keep PNG alone
    monkeypatch.setattr(folder, "render_report", lambda *_: "<html/>")
    quick(script, "--out", str(tmp_path))
    assert {p.name for p in tmp_path.iterdir()} == set(STUDIES[script])


@pytest.mark.parametrize(
    "words",
    [
        ("figure_2a.py", "--out", "a file"),
        ("metrics.py", "--out", "."),
        ("claims.py", "--out", "a file"),
        ("claims.py", "--workers", "0"),
        ("claims.py", "--workers", "few"),
        ("claims.py", "--studies", "nope"),
        ("claims.py", "--ledger", "a file"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_leaves_nothing(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(ANALYSES))
    monkeypatch.setattr(sys, "argv", [words[0], "--quick", *words[1:]])
    Path("a file").write_text("kept", encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ANALYSES / words[0]), run_name="__main__")
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1), err
    assert words[-1] in err or words[-1] == "."
    assert [(p.name, p.read_text()) for p in tmp_path.rglob("*")] == [("a file", "kept")]


def test_the_quick_form_leaves_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(ANALYSES))
    shared = runpy.run_path(str(ANALYSES / "scripts.py"))
    monkeypatch.setattr(sys, "argv", ["some/script.py", "--quick"])
    assert shared["options"](None, "less").out == Path("out/script")
    assert Path("out/script").is_dir()
    monkeypatch.setattr(sys, "argv", ["some/script.py"])
    assert shared["options"](None, "less").out == ANALYSES / "pictures"


def test_the_interval_of_a_trend_has_0_in_it_where_its_p_is_above_5_percent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ANALYSES))
    trend = runpy.run_path(str(ANALYSES / "figure_2a.py"))["trend"]
    rng, sides = np.random.default_rng(0), set[bool]()
    for count in (3, 6, 8, 9) * 6:
        found = trend((rng.random((3, 2, count)) < np.array([0.3, 0.5, 0.8])[:, None, None]).astype(float))
        assert -1.0 <= found.low <= found.value <= found.high <= 1.0
        assert (found.low <= 0.0 <= found.high) == (found.p > 0.05), found
        sides.add(found.p > 0.05)
    assert len(sides) == 2


def test_every_picture_that_is_kept_is_made_by_a_study() -> None:
    kept = sorted(p.name for p in (ANALYSES / "pictures").iterdir())
    assert kept == sorted(
        ["figure_4.png", "figure_4_long.png", *(name for names in STUDIES.values() for name in names)]
    )


@pytest.fixture
def tiny(tmp_path: Path) -> list[str]:
    """What a script about trials is told: studies of a few of them, one worker, and where its ledger goes."""
    studies = tmp_path / "studies"
    studies.mkdir()
    for name, grid in TINY.items():
        (studies / f"{name}.toml").write_text(f'name = "{name}"\ntrials = 2\n[[grid]]\n{grid}', encoding="utf-8")
    return ["--studies", str(studies), "--ledger", str(tmp_path / "x.sqlite"), "--workers", "1"]


def made_by(quick: Quick, words: list[str], out: Path) -> tuple[str, dict[str, bytes]]:
    """What a script printed, and the files that it made."""
    printed = quick(*words, "--out", str(out))
    return printed, {str(p.relative_to(out)): p.read_bytes() for p in sorted(out.rglob("*.*"))}


def test_the_claims_are_judged_and_a_second_run_finds_all_done(quick: Quick, tmp_path: Path, tiny: list[str]) -> None:
    """The same script on studies of a few trials."""
    words = ["claims.py", *tiny]
    printed, made = made_by(quick, words, tmp_path / "one")
    assert "C7a NOT DECIDED" in printed
    assert "fig4: 12 trials in" in printed
    again, same = made_by(quick, words, tmp_path / "two")
    assert "fig4: 0 trials in 0 s, 12 before" in again
    assert list(made) == ["pictures/figure_4.png", *(f"results/{n}" for n in RESULTS)]
    assert made == same
    assert sorted(p.name for p in (ANALYSES / "results").iterdir()) == sorted([*RESULTS, *OTHER_RESULTS])


def test_the_cost_of_size_is_fitted(quick: Quick, tmp_path: Path) -> None:
    printed, made = made_by(quick, ["cost_of_size.py"], tmp_path)
    assert list(made) == ["cost_of_size.md"]
    rows = [line for line in made["cost_of_size.md"].decode().splitlines() if "units^" in line]
    assert [row.split(" | ")[0] for row in rows] == ["| back-propagation", "| multi-grid", "| adam"]
    assert all(float(cell) > 0.0 for row in rows for cell in row.strip("| ").split(" | ")[2:]), printed


def test_longer_sequences_and_other_settings(quick: Quick, tmp_path: Path, tiny: list[str]) -> None:
    printed, long = made_by(quick, ["figure_4_long.py", *tiny], tmp_path / "long")
    assert "fig4-long: 8 trials in" in printed
    assert list(long) == ["pictures/figure_4_long.png", "results/fig4-long.csv.gz", "results/growth.md"]
    printed, other = made_by(quick, ["sensitivity.py", *tiny], tmp_path / "other")
    assert "sensitivity: 36 trials in" in printed
    assert list(other) == ["results/sensitivity.csv.gz", "results/sensitivity.md"]
    assert "each at its best rate" in other["results/sensitivity.md"].decode()


def test_the_benchmark_of_basins_checks_the_labels_and_reports(quick: Quick, tmp_path: Path) -> None:
    table = quick("benchmarks/basins.py", "--out", str(tmp_path / "figures.json"))
    assert "NumPy loop" in table
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    kept = json.loads((ANALYSES / "benchmarks" / "results" / "basins.json").read_text(encoding="utf-8"))
    assert figures.keys() == kept.keys()


def test_the_benchmark_of_cells_compares_with_whatever_peer_there_is(quick: Quick, tmp_path: Path) -> None:
    table = quick("benchmarks/cells.py", "--out", str(tmp_path / "figures.json"))
    assert "certified basins of" in table
    assert table.count("is not installed") == sum(find_spec(peer) is None for peer in ("CMGDB", "codac"))
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    kept = json.loads((ANALYSES / "benchmarks" / "results" / "cells.json").read_text(encoding="utf-8"))
    assert figures.keys() == kept.keys()
    assert (tmp_path / "figures.png").stat().st_size > 0


def test_the_benchmark_of_learning_compares_with_whatever_peer_there_is(quick: Quick, tmp_path: Path) -> None:
    table = quick("benchmarks/learning.py", "--out", str(tmp_path / "figures.json"))
    assert table.count("times the bare tanh loop") == 6
    for library in ("jax", "torch"):
        assert (f"{library} is not installed" in table) == (find_spec(library) is None)
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    kept = json.loads((ANALYSES / "benchmarks" / "results" / "learning.json").read_text(encoding="utf-8"))
    assert figures.keys() == kept.keys()


def test_the_benchmark_of_studies_runs(quick: Quick, tmp_path: Path) -> None:
    table = quick("benchmarks/studies.py", "--out", str(tmp_path / "figures.json"))
    assert "96 trials" in table
    assert "a finished study of 200 trials" in table
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    kept = json.loads((ANALYSES / "benchmarks" / "results" / "studies.json").read_text(encoding="utf-8"))
    assert figures.keys() == kept.keys()


def test_the_reference_of_that_benchmark_agrees_with_the_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain NumPy, sequence after sequence, gradients by complex steps."""
    monkeypatch.syspath_prepend(str(ANALYSES / "benchmarks"))
    study = runpy.run_path(str(ANALYSES / "benchmarks" / "learning.py"))
    reference = sys.modules["learning_peers"].reference
    for name in study["TASKS"]:
        batch, parameters, data = study["batch_of"](name, 40, 1)
        costs, errors, gradients = reference(data)
        np.testing.assert_allclose(batch.costs(parameters)[0], costs, rtol=1e-10)
        assert np.array_equal(batch.costs(parameters)[1] > 0, errors)
        np.testing.assert_allclose(batch.gradients(parameters)[1], gradients, rtol=1e-9, atol=1e-12)


def test_states_of_certified_cells_arrive(quick: Quick) -> None:
    table = quick("certified_cells.py").splitlines()
    assert table[-1].split()[0] == "all"
    assert all(line.split()[-1] == "0" for line in table[1:])


def test_the_study_of_certified_cells_finds_states_that_go_elsewhere() -> None:
    """The labels of two attractors exchanged: no state arrives where its cell would have it."""
    study = runpy.run_path(str(ANALYSES / "certified_cells.py"))
    found = dynlatch.certified_basins(dynlatch.neuron(2), depth=8)
    cells, rng = found.cells(1), np.random.default_rng(0)
    assert study["astray"](found, 1, cells, 10, rng) == 0
    assert study["astray"](found, 0, cells, 10, rng) == 10 * cells.size


def test_the_interval_kernels_hold_and_every_one_is_in_the_table(quick: Quick) -> None:
    table = quick("interval_kernels.py")
    assert "FAILED" not in table
    assert {line.split()[0] for line in table.splitlines()[1:]} == set(intervals.OPERATIONS)


@numba.njit
def _not_rounded(lo: float, hi: float) -> tuple[float, float]:
    return math.tanh(lo), math.tanh(hi)


@numba.njit
def _too_wide(lo: float, hi: float) -> tuple[float, float]:
    return math.tanh(lo) * (1 - 2.0**-48), math.tanh(hi) * (1 + 2.0**-48)


@numba.njit
def _poison(lo: float, hi: float) -> tuple[float, float]:
    return math.nan, math.nan


@pytest.mark.parametrize(
    ("mutant", "complaint"), [(_not_rounded, "is not in"), (_too_wide, "ulp wide"), (_poison, "is poison")]
)
def test_the_study_of_interval_kernels_refutes_mutants(mutant: object, complaint: str) -> None:
    examine = runpy.run_path(str(ANALYSES / "interval_kernels.py"))["examine"]
    assert sum(complaint in text for text in examine("tanh", 400, mutant).failures) > 40
    assert not examine("tanh", 400).failures


def test_the_study_of_metrics_reports_every_map(quick: Quick, tmp_path: Path) -> None:
    table = quick("metrics.py", "--out", str(tmp_path / "metrics.json"))
    rows = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert len(table.splitlines()) == len(rows) + 2
    latches = rows[0]["critical_shocks"].values()
    assert list(latches) == [[pytest.approx(1.9150080481545), "PROVED"]] * 2
