"""Statements in plain text: nothing of a statement is left out, and no bound is rounded to the wrong side."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from dynlatch import Enclosure, Verdict, theorems
from dynlatch.theorems import Finding, Statement
from dynlatch.theorems.table import TABLE
from dynlatch.theorems.telling import claim, margin_text, repaired, repairs, replayed, tell, told_alike


def words(text: str) -> str:
    """The text without its line breaks."""
    return " ".join(text.split())


def name_of(s: Statement) -> str:
    return f"{s.id}-{s.reading}"


@pytest.mark.parametrize("s", TABLE, ids=name_of)
def test_everything_is_told_within_the_width(s: Statement) -> None:
    text = str(s)
    said = words(text)
    for part in (s.id, s.title, *s.hypotheses, s.conclusion, s.why, str(s.verdict), s.reading):
        assert words(part) in said
    assert s.witness is None or words(s.witness.text) in said
    for row in repairs(s):
        for part in (row.id, row.title, *row.hypotheses, row.conclusion, row.why):
            assert words(part) in said
    assert text.isascii()
    assert all(len(line) <= 100 and line == line.rstrip() for line in text.splitlines())


@pytest.mark.parametrize("s", TABLE, ids=name_of)
def test_a_repair_is_a_proved_statement_in_the_same_reading_where_there_is_one(s: Statement) -> None:
    rows = repairs(s)
    assert (len(rows) > 0) == (s.repaired_by is not None)
    assert all(row.verdict is Verdict.PROVED for row in rows)
    if any(t.id == s.repaired_by and t.reading == s.reading for t in TABLE):
        assert [row.reading for row in rows] == [s.reading]


def test_a_statement_prints_as_its_story() -> None:
    assert str(theorems.statement("T3")) == tell(theorems.statement("T3"))
    assert repr(theorems.statement("T3")) == "Statement(T3, norm: REFUTED)"


def test_a_repaired_one_names_what_it_repairs_and_the_command_for_the_proof() -> None:
    text = str(theorems.statement("T3'"))
    assert "It repairs T3 (norm, spectral)." in text
    assert """python -m proofs "T3'" (in the repository).""" in text
    assert "python -m proofs T3 " in str(theorems.statement("T3"))


def test_what_repairs_and_what_is_repaired_agree() -> None:
    for s in TABLE:
        assert all(s in repaired(row) for row in repairs(s))
        assert all(s in repairs(row) for row in repaired(s))


def test_rows_that_differ_in_the_reading_alone_are_told_once() -> None:
    norm, spectral = theorems.statements("T3")
    assert told_alike([norm, spectral]) == [(norm,), (spectral,)]
    same = replace(norm, reading="spectral")
    assert told_alike([norm, spectral, same]) == [(norm, same), (spectral,)]
    assert told_alike([norm, replace(same, why="else")]) == [(norm,), (replace(same, why="else"),)]
    text = words(tell(norm, same))
    assert "the same in both readings of |A|" in text
    assert 'theorems.statement("T3").check(theorems.case(m, ...))' in text


def test_a_claim_without_hypotheses_is_its_conclusion() -> None:
    bare = replace(theorems.statement("T3"), hypotheses=(), conclusion="it is so")
    assert claim(bare).split() == ["it", "is", "so"]
    assert claim(replace(bare, hypotheses=("p", "q"))).split() == ["If", "p", "and", "q", "then", "it", "is", "so"]


def test_a_narrow_page() -> None:
    text = tell(theorems.statement("T3"), width=50)
    assert all(len(line) <= 50 for line in text.splitlines() if "theorems.statement" not in line)


def test_a_replay_lists_every_finding_with_its_margin() -> None:
    found = theorems.statement("T3").replay()
    lines = replayed(found, 400).splitlines()
    assert lines[0] == "Replayed. T3 (norm): REFUTED"
    assert len(lines) == 1 + len(found.findings)
    for line, finding in zip(lines[1:], found.findings, strict=True):
        assert line.startswith("  holds ")
        assert finding.text in line
        assert finding.how in line
    spoilt = replace(found, findings=(*found.findings[:-1], found.findings[-1].denied()))
    assert replayed(spoilt, 400).splitlines()[0].startswith("Replayed. T3 (norm): INCONCLUSIVE, so")
    assert replayed(spoilt, 400).splitlines()[-1].startswith("  fails ")


@pytest.mark.parametrize(
    ("verdict", "ends", "text"),
    [
        (Verdict.PROVED, ("2/3", "2/3"), "by 0.6666"),
        (Verdict.PROVED, ("19999/10000", 2), "by 1.999"),
        (Verdict.REFUTED, (-1, "-2/3"), "by 0.6666"),
        (Verdict.PROVED, (0, 1), "with nothing to spare"),
        (Verdict.REFUTED, (0, 0), "with nothing to spare"),
        (Verdict.INCONCLUSIVE, (-1, 1), ""),
        (Verdict.PROVED, (Fraction(1, 7**500), 1), "by 2.824e-423"),
        (Verdict.PROVED, None, ""),
    ],
)
def test_margins_are_rounded_down(verdict: Verdict, ends: tuple[object, object] | None, text: str) -> None:
    margin = None if ends is None else Enclosure(*(Fraction(e) for e in ends))  # pyright: ignore[reportArgumentType]
    assert margin_text(Finding("p", verdict, margin)) == text
