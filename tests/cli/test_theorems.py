"""`dynlatch theorems`: the table, one statement in full, JSON, replayed witnesses, figures, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dynlatch import Verdict, theorems
from dynlatch.cli import terminal
from dynlatch.cli.text_plot import text_plot
from dynlatch.theorems import table as module
from dynlatch.theorems.table import TABLE
from dynlatch.views.figures import png_bytes, svg_text
from dynlatch.views.witness import witness_figure

Run = Callable[..., tuple[int, str, str]]
T3 = theorems.statements("T3")


def words(text: str) -> str:
    return " ".join(text.split())


# --- the table --------------------------------------------------------------------------------------------------------


def test_the_table_names_every_statement_in_the_paper_s_order(run: Run) -> None:
    code, out, err = run("theorems")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert all(len(line) <= 140 for line in lines)
    ids = list(dict.fromkeys(s.id for s in TABLE))
    starts = [line[1:].split("  ")[0].strip() for line in lines[4:-2]]
    assert [name for name in starts if name] == ids
    assert lines[-2].startswith(f"{len(TABLE)} rows: ")
    for v in (Verdict.PROVED, Verdict.REFUTED):
        assert f"{sum(s.verdict is v for s in TABLE)} {v}" in lines[-2]
    assert "…" not in out


def test_the_words_of_a_row_are_all_there(run: Run) -> None:
    _, out, _ = run("theorems", "--verdict", "refuted", "--reading", "norm")
    said = words(out)
    assert "T3' PROVED" not in said
    for s in TABLE:
        if s.verdict is Verdict.REFUTED and s.reading == "norm" and s.witness is not None:
            assert s.witness.text.split()[0] in said
    assert f" {Verdict.PROVED} " not in said


def test_rows_that_read_the_same_in_both_readings_are_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    same = (T3[0], replace(T3[0], reading="spectral"))
    monkeypatch.setattr(module, "TABLE", (*same, theorems.statement("T3'")))
    _, out, _ = run("theorems")
    assert "norm, spectral" in out
    assert out.count("Bounded inputs keep") == 1
    monkeypatch.setattr(module, "TABLE", (same[0], replace(same[1], repaired_by="X'"), theorems.statement("T3'")))
    _, out, _ = run("theorems")
    assert "norm, spectral" not in out
    assert out.count("Bounded inputs keep") == 1, "a title is not repeated"


def test_the_table_as_json(of_json: Callable[..., Any]) -> None:
    found = of_json("theorems")
    assert list(found) == ["schema", "theorems"]
    assert [(row["id"], row["reading"], row["verdict"], row["repaired_by"]) for row in found["theorems"]] == [
        (s.id, s.reading, s.verdict, s.repaired_by) for s in TABLE
    ]
    assert "replayed" not in found["theorems"][0]


# --- one in full ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("s", TABLE, ids=lambda s: f"{s.id}-{s.reading}")
def test_a_statement_in_full(run: Run, s: theorems.Statement) -> None:
    code, out, err = run("theorems", s.id.lower().replace("'", "-repaired"), "--reading", s.reading)
    assert (code, err) == (0, "")
    for part in (s.title, *s.hypotheses, s.conclusion, s.why, s.witness.text if s.witness else ""):
        assert words(part) in words(out)
    if s.witness is not None and s.witness.plot is not None:
        assert text_plot(s.witness.plot()) in out


def test_all_readings_of_several_ids_each_once(run: Run, of_json: Callable[..., Any]) -> None:
    code, out, _ = run("theorems", "t3'", "Theorem 3", "T3-repaired")
    assert code == 0
    titles = [line for line in out.splitlines() if line.startswith("T3") and ". " in line]
    assert [line.split(".")[0] for line in titles] == ["T3'", "T3", "T3"]
    rows = of_json("theorems", "t3'", "T3")["theorems"]
    assert [(row["id"], row["reading"]) for row in rows] == [("T3'", "norm"), ("T3", "norm"), ("T3", "spectral")]


def test_what_is_the_same_in_both_readings_is_told_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TABLE", (T3[0], replace(T3[0], reading="spectral"), theorems.statement("T3'")))
    _, out, _ = run("theorems", "T3", "--replay")
    assert out.count("T3. Bounded inputs") == 1
    assert [line for line in out.splitlines() if line.startswith("Replayed. ")] == [
        "Replayed. T3 (norm): REFUTED", "Replayed. T3 (spectral): REFUTED"
    ]  # fmt: skip


def test_a_terminal_without_unicode_gets_ascii(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "shows_unicode", lambda: False)
    _, out, _ = run("theorems", "T3", "--reading", "norm")
    assert out.isascii()
    assert "* deviation" in out


# --- replaying --------------------------------------------------------------------------------------------------------


@pytest.fixture
def spoilt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table with a witness of T3 that is none: the same inputs, and a ball that is twice as large."""
    witness = T3[0].witness
    assert witness is not None
    assert witness.case is not None
    assert witness.case.radius is not None
    wrong = replace(witness, case=replace(witness.case, radius=2 * witness.case.radius))
    monkeypatch.setattr(module, "TABLE", (replace(T3[0], witness=wrong), T3[1], theorems.statement("T3'")))


def test_every_stored_witness_refutes_again(run: Run) -> None:
    code, out, err = run("theorems", "--replay")
    assert (code, err) == (0, "")
    refuted = sum(s.verdict is Verdict.REFUTED for s in TABLE)
    assert out.count("Replayed. ") == refuted
    assert f"{refuted} of {refuted} witnesses refute their statements again." in out
    assert "rows are proved: `python -m proofs` in the repository replays their proofs." in out
    assert "  fails " not in out
    assert "  undecided " not in out


def test_a_witness_that_is_none_is_told_by_the_exit_code(run: Run, spoilt: None) -> None:
    code, out, _ = run("theorems", "--replay")
    assert code == 1
    assert "1 of 2 witnesses" in out
    assert "Replayed. T3 (norm): INCONCLUSIVE, so the stored witness does not show that it is false" in out
    code, out, _ = run("theorems", "T3", "--replay", "--json")
    assert code == 1
    assert [row["replayed"] for row in json.loads(out)["theorems"]] == ["INCONCLUSIVE", "REFUTED"]
    assert run("theorems", "T3", "--replay", "--reading", "spectral")[0] == 0
    assert run("theorems")[0] == 0, "nothing is replayed unless it is asked for"


def test_replayed_rows_as_json(of_json: Callable[..., Any]) -> None:
    rows = of_json("theorems", "T3", "T3'", "--replay")["theorems"]
    assert [row["replayed"] for row in rows] == ["REFUTED", "REFUTED", None]
    assert [len(row["findings"]) for row in rows] == [*(len(s.replay().findings) for s in T3), 0]
    assert all(f["verdict"] == "PROVED" for row in rows for f in row["findings"])


def test_a_replay_stands_in_the_story(run: Run) -> None:
    _, out, _ = run("theorems", "T3", "--reading", "norm", "--replay")
    order = [out.index(text) for text in ("Witness. ", "● deviation", "Replayed. ", "Repaired by ")]
    assert order == sorted(order)


# --- figures ----------------------------------------------------------------------------------------------------------


def test_the_figure_of_a_witness(run: Run, tmp_path: Path) -> None:
    picture, drawing = tmp_path / "T3.PNG", tmp_path / "T3.svg"
    code, out, err = run("theorems", "T3", "--reading", "norm", "--figure", str(picture))
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == f"Written to {picture}."
    assert picture.read_bytes() == png_bytes(witness_figure(T3[0]))
    assert run("theorems", "t3", "--reading", "spectral", "--json", "--figure", str(drawing))[0] == 0
    assert drawing.read_text(encoding="utf-8") == svg_text(witness_figure(T3[1]))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["T3.PNG", "T3.svg"]


def test_a_figure_of_a_witness_that_serves_both_readings(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TABLE", (T3[0], replace(T3[0], reading="spectral"), theorems.statement("T3'")))
    assert run("theorems", "T3", "--figure", str(tmp_path / "T3.png"))[0] == 0
    assert (tmp_path / "T3.png").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("T3", "T3'"), ("T3 (norm), T3 (spectral)", "--reading")),
        (("T3'",), ("T3' (norm)", "none that can be drawn")),
        ((), ("one witness", "name its statement")),
    ],
)
def test_a_figure_needs_one_witness(
    refused: Callable[..., None], tmp_path: Path, given: tuple[str, ...], said: tuple[str, ...]
) -> None:
    refused(("theorems", *given, "--figure", str(tmp_path / "x.png")), "--figure", *said)
    assert list(tmp_path.iterdir()) == []


def test_a_figure_that_cannot_be_written(refused: Callable[..., None], tmp_path: Path) -> None:
    one = ("theorems", "T3", "--reading", "norm", "--figure")
    refused((*one, str(tmp_path / "x.pdf")), "--figure 'x.pdf' is neither .png nor .svg")
    refused((*one, str(tmp_path / "no" / "x.png")), "--figure", "there is no folder")
    (tmp_path / "x.png").mkdir()
    refused((*one, str(tmp_path / "x.png")), "--figure", "is a folder")


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("T33",), ("unknown statement 'T33'", "did you mean T3?")),
        (("theorem 9",), ("unknown statement 'theorem 9'", "did you mean T")),
        (("T3", "qqqqqqq"), ("unknown statement 'qqqqqqq'", "there are ", "T3, T3'")),
        (("",), ("unknown statement ''", "there are ")),
        (("T3'", "--reading", "spectral"), ("T3' has no spectral reading", "it has norm")),
        (("--reading", "eigenvalues"), ("unknown reading 'eigenvalues'", "norm and spectral")),
        (("T3", "--verdict", "refuted", "--reading", "fro"), ("unknown reading 'fro'",)),
        (("T3'", "--verdict", "refuted"), ("none of T3' is refuted", "--verdict")),
        (("--verdict", "true"), ("--verdict", "proved", "refuted")),
    ],
)
@pytest.mark.parametrize("more", [(), ("--json",), ("--replay",)])
def test_bad_input_is_refused_in_one_line(
    refused: Callable[..., None], given: tuple[str, ...], said: tuple[str, ...], more: tuple[str, ...]
) -> None:
    refused(("theorems", *given, *more), *said)
