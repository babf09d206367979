"""A statement in plain text: what it says, whether that is true and why, what shows it, and what repairs it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from decimal import ROUND_FLOOR, Context, Decimal
from typing import Final

from dynlatch.rigor.enclosure import Enclosure
from dynlatch.theorems.findings import Finding
from dynlatch.theorems.measures import Reading
from dynlatch.theorems.statements import Replay, Statement
from dynlatch.verdict import Verdict

WIDTH: Final = 100
_READ_AS: Final[dict[Reading, str]] = {
    "norm": "|A| is read as the operator norm, the largest singular value of A",
    "spectral": "|A| is read as the spectral radius, the largest modulus of an eigenvalue of A",
}
_WHY: Final = {
    Verdict.PROVED: "Why it holds.",
    Verdict.REFUTED: "Why it fails.",
    Verdict.INCONCLUSIVE: "What is not decided.",
}
_STANDS: Final = {Verdict.PROVED: "holds", Verdict.REFUTED: "fails", Verdict.INCONCLUSIVE: "undecided"}


def tell(
    of: Statement, *alike: Statement, picture: str = "", replays: Sequence[Replay] = (), width: int = WIDTH
) -> str:  # fmt: skip
    """The whole story of a statement.

    Arguments: ``alike``, rows that differ from it in nothing but the reading, as ``told_alike`` finds them;
    ``picture``, lines that stand below the witness; ``replays``, witnesses that were replayed; ``width``, the columns
    to fill.
    """
    rows = (of, *alike)
    parts = [_heading(rows, width), claim(of, width), _paragraph(f"{of.verdict}. {_WHY[of.verdict]} {of.why}", width)]
    if of.witness is not None:
        parts.append(_paragraph(f"Witness. {of.witness.text}", width))
    parts += [picture] if picture else []
    parts += [replayed(found, width) for found in replays]
    mending = list(dict.fromkeys(mended for row in rows for mended in repairs(row)))
    parts += [_repair(row, width) for row in mending]
    parts.append("\n".join(_paragraph(line, width) for line in _where_to_go_on(rows, mending)))
    return "\n\n".join(parts)


def told_alike(rows: Sequence[Statement]) -> list[tuple[Statement, ...]]:
    """Rows in their order, those together that read the same in both readings."""
    found: dict[tuple[object, ...], list[Statement]] = {}
    for s in rows:
        witness = None if s.witness is None else s.witness.text
        words = (s.id, s.title, s.source, s.hypotheses, s.conclusion, s.verdict, s.why, witness, s.repaired_by, s.needs)
        found.setdefault(words, []).append(s)
    return [tuple(alike) for alike in found.values()]


def repairs(of: Statement) -> tuple[Statement, ...]:
    """The rows that repair a statement: those in its own reading if there are any, else all."""
    from dynlatch.theorems.table import TABLE  # the table is made of statements

    rows = tuple(s for s in TABLE if s.id == of.repaired_by)
    return tuple(s for s in rows if s.reading == of.reading) or rows


def repaired(by: Statement) -> tuple[Statement, ...]:
    """The rows that a statement repairs."""
    from dynlatch.theorems.table import TABLE

    return tuple(s for s in TABLE if by in repairs(s))


def claim(of: Statement, width: int = WIDTH) -> str:
    """The hypotheses and the conclusion, each on lines of its own."""
    joints = ["If", *["and"] * (len(of.hypotheses) - 1)] if of.hypotheses else []
    lines = [_item(joint, text, width) for joint, text in zip(joints, of.hypotheses, strict=True)]
    return "\n".join([*lines, _item("then" if lines else "", of.conclusion, width)])


def replayed(found: Replay, width: int = WIDTH) -> str:
    """A replayed witness: what was found, by how much, and what decided it."""
    of = found.statement
    lines = [
        f"Replayed. {of.id} ({of.reading}): {found.verdict}"
        + ("" if found.verdict is Verdict.REFUTED else ", so the stored witness does not show that it is false")
    ]
    return "\n".join([*lines, *(_item(_STANDS[f.verdict], _finding(f), width) for f in found.findings)])


def margin_text(found: Finding) -> str:
    """By how much it holds or fails, rounded to the safe side: "by 0.0123"; empty where it is no inequality."""
    if found.margin is None or not (found.holds or found.fails):
        return ""
    least = found.margin if found.holds else -found.margin
    return f"by {_rounded_down(least)}" if least.lower > 0 else "with nothing to spare"


def _rounded_down(value: Enclosure, digits: int = 4) -> str:
    lower = Context(prec=digits, rounding=ROUND_FLOOR).divide(
        Decimal(value.lower.numerator), Decimal(value.lower.denominator)
    )
    return f"{lower.normalize():g}"


def _finding(found: Finding) -> str:
    margin = margin_text(found)
    return f"{found.text}{', ' * bool(margin)}{margin} [{found.how.partition(';')[0]}]"


def _heading(rows: Sequence[Statement], width: int) -> str:
    of = rows[0]
    title = f"{of.id}. {of.title}"
    source = of.source[:1].upper() + of.source[1:]
    reading = (
        f"reading {of.reading}: {_READ_AS[of.reading]}" if len(rows) == 1 else
        "the same in both readings of |A|, as the operator norm and as the spectral radius of A"
    )  # fmt: skip
    line = "=" * min(len(title), width)
    return "\n".join([_paragraph(title, width), line, _paragraph(f"{source}; {reading}.", width)])


def _repair(row: Statement, width: int) -> str:
    inner = width - 4
    parts = [
        f"Repaired by {row.id} (reading {row.reading}): {row.title}",
        claim(row, inner),
        _paragraph(f"{row.verdict}. {_WHY[row.verdict]} {row.why}", inner),
    ]
    return "\n".join([_paragraph(parts[0], width), *(textwrap.indent(part, "    ") for part in parts[1:])])


def _where_to_go_on(rows: Sequence[Statement], mending: Sequence[Statement]) -> list[str]:
    of, lines = rows[0], list[str]()
    mended: dict[str, list[str]] = {}
    for s in repaired(of):
        mended.setdefault(s.id, []).append(s.reading)
    if mended:
        named = [f"{i} ({', '.join(readings)})" for i, readings in mended.items()]
        lines.append(f"It repairs {' and '.join(named)}.")
    if of.checker is not None:
        reading = f', "{of.reading}"' if len(rows) == 1 else ""
        lines.append(
            f'On a map m of your own (from dynlatch import theorems): theorems.statement("{of.id}"{reading})'
            ".check(theorems.case(m, ...))" + (f"; the case holds {of.needs}." if of.needs else ".")
        )
    words = " ".join(f'"{i}"' if "'" in i else i for i in dict.fromkeys(row.id for row in (of, *mending)))
    lines.append(f"The whole argument, each step checked: python -m proofs {words} (in the repository).")
    return lines


def _paragraph(text: str, width: int) -> str:
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)


def _item(word: str, text: str, width: int) -> str:
    """A word, and text with all its lines beside it."""
    start = f"  {word}".ljust(8)
    start = start if start.endswith(" ") else f"{start} "
    return textwrap.fill(
        text, width, initial_indent=start, subsequent_indent=" " * len(start),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
