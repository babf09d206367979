"""`dynlatch study`: run, status, export, plot and claims; the live table; refusals in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dynlatch.cli import studies
from dynlatch.cli.study_tables import count_line, duration, labels
from dynlatch.studies.batches import work
from dynlatch.studies.export import load
from dynlatch.studies.ledger import Count, Ledger
from dynlatch.studies.owners import Owner
from dynlatch.studies.runner import Standing
from dynlatch.studies.runner import run as work_all
from dynlatch.studies.study import read_study

Run = Callable[..., tuple[int, str, str]]
TEXT = """name = "tiny"
trials = 4
[[grid]]
task = "latch"
T = [4, 6, 8]
noise = [0.0, 0.2]
algorithm = ["back-propagation", "multi-grid"]
budget = 300
[grid.set]
num_test = 10
[grid.vary.multi-grid]
radius = 3.0
"""


class Inline:
    """Batches in this process, in the place of workers."""

    slots = at_once = 1

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers

    def submit(self, batch: Any) -> Any:
        from concurrent.futures import Future

        future: Future[Any] = Future()
        try:
            future.set_result(work(batch))
        except Exception as error:
            future.set_exception(error)
        return future

    def close(self) -> None:
        pass


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a study, where commands run without worker processes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("dynlatch.studies.runner.LocalExecutor", Inline)
    (tmp_path / "tiny.toml").write_text(TEXT)
    return tmp_path


@pytest.fixture
def ran(here: Path) -> Path:
    """The same, after the run."""
    study = read_study(here / "tiny.toml")
    with Ledger(here / "tiny.ledger.sqlite") as ledger:
        work_all(study, ledger, executor=Inline())
    return here


def test_run_runs_what_is_missing(run: Run, here: Path, of_json: Callable[..., Any]) -> None:
    code, out, err = run("study", "run", "tiny.toml", "--quick")
    assert (code, err) == (0, "")
    assert "0 trials were done before, 48 are new" in out
    assert "tiny: 48 of 48 trials done" in out
    code, out, err = run("study", "run", "tiny.toml")
    assert (code, err) == (0, "")
    assert "48 trials were done before, 24 are new; results are in tiny.ledger.sqlite." in out
    assert [p.name for p in sorted(here.iterdir())] == ["tiny.ledger.sqlite", "tiny.toml"]
    found = of_json("study", "run", "tiny.toml")["study"]
    assert (found["asked"], found["done"], found["found"], found["new"]) == (72, 72, 72, 0)


def test_lines_tell_of_finished_cells(run: Run, here: Path) -> None:
    _, out, _ = run("study", "run", "tiny.toml")
    study = read_study("tiny.toml")
    named = labels(study)
    assert named.columns == ("T", "noise", "algorithm", "settings")
    with Ledger("tiny.ledger.sqlite", writes=False) as ledger:
        counts = ledger.counts(study)
    lines = out.splitlines()
    assert all(lines.count(count_line(named, count)) == 1 for count in counts)
    assert "T=4 noise=0.2 multi-grid radius=3: 4 of 4 done" in out


def test_status_reads_what_there_is(run: Run, here: Path, of_json: Callable[..., Any]) -> None:
    study = read_study("tiny.toml")
    (cell, other) = study.cells[:2]
    with Ledger("results.sqlite") as ledger:
        ledger.store(Owner.here(), cell, 0, work(_batch(cell, 3)))
        ledger.fail(Owner.here(), other, 0, [1, 2], "ArithmeticError: no number")
        code, out, err = run("study", "status", "tiny.toml", "--ledger", "results.sqlite")
        found = of_json("study", "status", "tiny.toml", "--ledger", "results.sqlite")["study"]
    assert (code, err) == (0, "")
    assert "tiny: 3 of 72 trials done" in out
    assert "2 failed" in out
    assert "2 trials from 1 on: ArithmeticError: no number" in out
    assert (found["done"], found["failed"], len(found["failures"])) == (3, 2, 2)
    first = found["cells"][0]
    assert (first["kind"], first["settings"], first["done"]) == (cell.kind, dict(cell.settings), 3)


def _batch(cell: Any, count: int) -> Any:
    from dynlatch.studies.batches import Batch

    return Batch(cell, 0, tuple(range(count)))


def test_failures_end_with_another_code(run: Run, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ArithmeticError("no number")

    monkeypatch.setattr("dynlatch.studies.kind_train.train", fails)
    monkeypatch.setattr("dynlatch.studies.kind_train._load", lambda *_: None)
    code, out, err = run("study", "run", "tiny.toml", "--quick")
    assert (code, err) == (1, "")
    assert "tiny: 0 of 48 trials done, 0 solved, 48 failed" in out
    assert out.count("ArithmeticError: no number") == 12


def test_export_and_what_reads_it(run: Run, ran: Path, of_json: Callable[..., Any]) -> None:
    code, out, err = run("study", "export", "tiny.toml", "--out", "x.csv", "--no-seconds")
    assert (code, err) == (0, "")
    assert "72 of 72 trials" in out
    records = load("x.csv")
    with Ledger("tiny.ledger.sqlite", writes=False) as ledger:
        kept = ledger.records(read_study("tiny.toml"))
    assert {(r.cell, r.trial): dict(r.result) for r in records} == {(r.cell, r.trial): dict(r.result) for r in kept}
    one = of_json("study", "claims", "x.csv")["claims"]
    two = of_json("study", "claims", "tiny.toml")["claims"]
    assert one == two
    assert {"C1", "C4", "C7"} <= {claim["name"] for claim in one}


def test_claims_and_the_figure(run: Run, ran: Path) -> None:
    code, out, err = run("study", "claims", "tiny.toml")
    assert (code, err) == (0, "")
    assert "C7" in out
    code, out, err = run("study", "claims", "tiny.toml", "--markdown")
    assert (code, err) == (0, "")
    assert out.startswith("| claim |")
    code, out, err = run("study", "plot", "tiny.toml", "--figure", "x.svg")
    assert (code, err) == (0, "")
    assert (ran / "x.svg").read_text("utf-8").lstrip().startswith("<svg")


def test_the_live_table_shows_what_is_under_way(ran: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console

    console = Console(force_terminal=True, width=120, height=20, record=True, file=(ran / "screen").open("w"))
    monkeypatch.setattr(studies.terminal, "output", lambda: console)
    study = read_study("tiny.toml")
    counts = {cell: Count(cell, 4) for cell in study.cells}
    with studies._watching(study, labels(study), silent=False) as report:
        report(Standing(counts, study.cells[:2], lambda cell: 30.0, 240.0))
        counts = counts | {study.cells[5]: Count(study.cells[5], 4, 4, 2, 0, 1234.5, 1.0)}
        report(Standing(counts, study.cells[1:2], lambda cell: 30.0, 200.0))
    console.file.close()
    screen = (ran / "screen").read_text()
    assert "0 of 72 trials done, 0 solved, about 4 min left" in screen
    assert "4 of 72 trials done, 2 solved, about 3 min left" in screen
    assert "1,234" in screen
    assert "2 min" in screen  # four trials of half a minute


def test_durations() -> None:
    assert [duration(s) for s in (0.4, 59.0, 150.0, 7200.0)] == ["0 s", "59 s", "2 min", "2.0 h"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "none.toml"), ("none.toml: no such file",)),
        (("run", "bad.toml"), ("bad.toml, line 3: trails: unknown key", "did you mean trials?")),
        (("run", "tiny.toml", "--workers", "0"), ("--workers", "than or equal to 1")),
        (("run", "tiny.toml", "--ledger", "tiny.toml"), ("tiny.toml is no ledger",)),
        (("run", "tiny.toml", "--ledger", "."), ("is a folder",)),
        (("status", "tiny.toml"), ("tiny.ledger.sqlite: no such ledger", "study run")),
        (("export", "tiny.toml", "--out", "x.csv"), ("no such ledger",)),
        (("export", "tiny.toml"), ("--out",)),
        (("claims", "tiny.toml"), ("no such ledger",)),
        (("claims", "none.csv"), ("none.csv: cannot be read",)),
        (("claims", "none.csv", "--quick"), ("--quick are for study files",)),
        (("plot", "tiny.toml", "--figure", "x.bmp"), (".png nor .svg",)),
        (("plot", "tiny.toml"), ("--figure",)),
    ],
)
def test_refusals_are_one_line(words: tuple[str, ...], said: tuple[str, ...], here: Path, refused: Any) -> None:
    (here / "bad.toml").write_text('name = "s"\ntrials = 4\ntrails = 5\n')
    refused(("study", *words), *said)


def test_no_results_yet(run: Run, here: Path, refused: Any) -> None:
    Ledger("tiny.ledger.sqlite").close()
    refused(("study", "claims", "tiny.toml"), "no results yet", "study run")
    refused(("study", "export", "tiny.toml", "--out", "x.csv"), "no results to export yet")
    refused(("study", "export", "tiny.toml", "--out", "x.xls"), "neither .csv, .csv.gz nor .parquet")


SAME = 'task = "latch"\nT = 6\nalgorithm = "adam"\nbudget = 200'
KINDS = {
    "redundancy": 'kind = "redundancy"\nn = [1, 2]\npaths = 20\nT = 5',
    "curriculum": f'kind = "curriculum"\nT_0 = 4\n{SAME}',
    "minimal": 'kind = "minimal"\ntrained = "w"\nT = 4\nw_0 = [1.0, 2.0]\nvariance = [0.0, 0.2]\nbudget = 100',
}
SAID = {"redundancy": ("N1", "PROVED: w ="), "curriculum": ("short sequences",), "minimal": ("C1",)}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_picture_and_its_verdicts(
    run: Run, of_json: Callable[..., Any], here: Path, kind: str
) -> None:
    grids = [KINDS[kind], *([f'kind = "train"\n{SAME}'] if kind == "curriculum" else [])]
    text = "".join(f"[[grid]]\n{grid}\n" for grid in grids)
    (here / "k.toml").write_text(f'name = "k"\ntrials = 2\n{text}')
    assert run("study", "run", "k.toml")[::2] == (0, "")
    code, out, err = run("study", "claims", "k.toml")
    assert (code, err) == (0, "")
    assert all(word in out for word in SAID[kind])
    assert ("C3b" in out) == (kind == "minimal")  # what has no data is named where nothing else is asked
    found = of_json("study", "claims", "k.toml")
    assert bool(found["facts"]) == (kind == "redundancy")
    assert run("study", "plot", "k.toml", "--figure", "k.png")[::2] == (0, "")
    assert (here / "k.png").stat().st_size > 1000


def test_regions_have_no_picture(run: Run, refused: Callable[..., None], here: Path) -> None:
    (here / "r.toml").write_text('name = "r"\ntrials = 1\n[[grid]]\nkind = "region"\nmap = "neuron"\nw = 0.5\n')
    assert run("study", "run", "r.toml")[0] == 0
    refused(("study", "plot", "r.toml", "--figure", "r.png"), "regions have no picture")
