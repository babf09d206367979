"""`dynlatch train`: the table, curves, JSON, settings, the lists, and refusals before any work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dynlatch.learning import BackPropagation, Latch, train
from dynlatch.learning.algorithms import NAMES, PAPER
from dynlatch.learning.tasks import TASKS

Run = Callable[..., tuple[int, str, str]]
Refused = Callable[..., None]
SMALL = ("-T", "6", "--trials", "3", "--budget", "2000")


def test_the_table_counts_what_the_library_counts(run: Run, cells: Callable[[str, str], list[str]]) -> None:
    code, out, err = run("train", "latch", *SMALL, "--seed", "4")
    assert (code, err) == (0, "")
    runs = train([Latch(T=6).trial(4, k) for k in range(3)], BackPropagation(), budget=2000)
    assert cells(out, "back-propagation")[1] == f"{sum(r.learned for r in runs)} of 3"
    assert "share of trials that have learned" in out


@pytest.mark.parametrize("task", TASKS)
def test_every_algorithm_trains_on_every_task(task: str, of_json: Callable[..., Any]) -> None:
    found = of_json("train", task, "-a", "all", "-T", "4", "--trials", "2", "--budget", "400")["training"]
    assert tuple(part["algorithm"] for part in found) == NAMES
    for part in found:
        assert part["num_runs"] == len(part["runs"]) == 2
        assert part["learned"] == sum(r["stop"] == "SOLVED" for r in part["runs"])
        assert all(0 < r["presentations"] <= 400 for r in part["runs"])


def test_json_holds_the_runs_of_the_library(of_json: Callable[..., Any]) -> None:
    (found,) = of_json("train", "latch", *SMALL, "--set", "rate=0.05", "--set", "num_test=20")["training"]
    runs = train([Latch(T=6, num_test=20).trial(0, k) for k in range(3)], BackPropagation(rate=0.05), budget=2000)
    assert found["settings"] == {"rate": 0.05}
    assert found["task_settings"] == {"T": 6, "noise": 0.0, "num_train": 50, "num_test": 20, "target": 0.8}
    assert found["budget"] == 2000
    for got, wanted in zip(found["runs"], runs, strict=True):
        assert got["presentations"] == wanted.presentations
        assert [p["value"] for p in got["parameters"]] == wanted.parameters.tolist()
        assert got["history"]["presentations"] == wanted.history.presentations.tolist()


def test_paper_means_the_six(of_json: Callable[..., Any]) -> None:
    found = of_json("train", "latch", "-a", "paper", "-a", "adam", "-T", "2", "--trials", "1", "--budget", "100")
    assert [part["algorithm"] for part in found["training"]] == [*PAPER, "adam"]


def test_the_lists_name_all_and_their_settings(run: Run) -> None:
    code, out, err = run("train", "--list")
    assert (code, err) == (0, "")
    assert all(name in out for name in (*NAMES, *TASKS))
    assert "rate=0.01" in out
    assert "target=0.8" in out


def test_the_lists_as_json_hold_the_defaults(of_json: Callable[..., Any]) -> None:
    found = of_json("train", "--list")
    assert [entry["name"] for entry in found["tasks"]] == list(TASKS)
    assert {entry["name"]: entry["settings"] for entry in found["algorithms"]}["back-propagation"] == {"rate": 0.01}


def test_a_picture_is_drawn(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "curves.svg"
    code, out, err = run("train", "latch", *SMALL, "--figure", str(path))
    assert (code, err) == (0, "")
    assert str(path) in out
    assert path.read_text("utf-8").lstrip().startswith("<svg")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), ("no task", "latch, two-sequence, parity")),
        (("lach",), ("unknown task 'lach'", "did you mean latch?", "parity")),
        (("latch", "-a", "newton"), ("unknown algorithm 'newton'", "pseudo-newton", "annealing")),
        (("latch", "-T", "1"), ("T=1", "from 2")),
        (("latch", "--noise", "-0.1"), ("noise=-0.1", "must be from 0")),
        (("latch", "--noise", "nan"), ("noise=nan", "must be finite")),
        (("latch", "--budget", "0"), ("budget=0", "from 1")),
        (("latch", "-a", "annealing", "--budget", "49"), ("budget=49", "50 training sequences")),
        (("latch", "--budget", "9" * 20), ("budget=99999999999999999999", "to 1000000000000")),
        (("latch", "-T", "1000000", "--budget", "50"), ("20 trials", "T=1000000", "of memory", "fewer trials")),
        (("latch", "--trials", "1000000"), ("1000000 trials", "140 GB of memory")),
        (("latch", "--set", "num_train=1000000000"), ("num_train=1000000000", "memory")),
        (("two-sequence", "--set", "key_length=100"), ("key_length=100", "at most T/2")),
        (("latch", "--trials", "0"), ("--trials 0", "from 1")),
        (("latch", "--set", "rate=-1"), ("rate=-1.0", "positive")),
        (("latch", "--set", "rate=fast"), ("rate='fast'", "not a number")),
        (("latch", "--set", "rat=1"), ("'rat'", "did you mean rate?")),
        (("latch", "--set", "rate"), ("NAME=VALUE",)),
        (("latch", "--set", "T=3"), ("use -T",)),
        (("latch", "--set", "target=1.5"), ("target=1.5", "between 0 and 1")),
        (("latch", "--set", "num_train=1"), ("num_train=1", "from 2")),
        (("two-sequence", "--set", "mode=words"), ("mode='words'", "keys and prefixes")),
        (("latch", "--figure", "curves.bmp"), (".png nor .svg",)),
    ],
)
def test_refusals_are_one_line(words: tuple[str, ...], said: tuple[str, ...], refused: Refused) -> None:
    refused(("train", *words), *said)


def test_a_rate_that_makes_no_numbers_ends_the_run_and_says_so(of_json: Callable[..., Any]) -> None:
    (found,) = of_json("train", "latch", *SMALL, "-a", "discrete", "--set", "rate=1e308")["training"]
    assert {r["stop"] for r in found["runs"]} <= {"DIVERGED", "SOLVED", "BUDGET"}
    assert any(r["stop"] == "DIVERGED" for r in found["runs"])
