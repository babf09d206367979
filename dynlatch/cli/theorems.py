"""``dynlatch theorems``: the statements of BSF94, what is true of them, and what shows it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

from dynlatch.cli import options, terminal
from dynlatch.cli.drawing import draw, drawable
from dynlatch.errors import InputError
from dynlatch.progress import Progress
from dynlatch.verdict import Verdict

if TYPE_CHECKING:
    from rich.table import Table

    from dynlatch.theorems.statements import Replay, Statement

NOT_REPLAYED: Final = 1
"""The exit code if a stored witness does not refute its statement again."""
_TITLE: Final = 40
"""Columns for a title in the table."""

Row: TypeAlias = "tuple[Statement, Replay | None]"


class Known(StrEnum):
    """What a row of the table can be."""

    PROVED = "proved"
    REFUTED = "refuted"


def register(app: typer.Typer) -> None:
    """Make the command of the application."""
    app.command("theorems")(theorems)


def theorems(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID...]", help="Tell these in full: T3, T4-repaired, Lemma, ...", show_default=False),
    ] = None,
    reading: Annotated[
        str | None, typer.Option("--reading", metavar="READING", help="norm or spectral.", show_default="both")
    ] = None,
    verdict: Annotated[
        Known | None, typer.Option("--verdict", help="Only those.", case_sensitive=False, show_default=False)
    ] = None,
    replay: Annotated[
        bool, typer.Option("--replay", help="Check the stored witnesses again, from nothing.", show_default=False)
    ] = False,
    figure: Annotated[
        Path | None, typer.Option("--figure", metavar="FILE", help="Draw the one witness here, as .png or .svg.")
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """The theorems of BSF94 as printed and as repaired, in both readings of |.|, each with its verdict.

    Exit codes: 0; with --replay 1 if a stored witness does not refute its statement again.

    Examples: `dynlatch theorems`, `dynlatch theorems T4 --reading spectral`, `dynlatch theorems --replay`
    """
    drawing = None if figure is None else drawable(figure)
    from dynlatch.theorems.table import statements

    chosen = _distinct([s for i in ids or [None] for s in statements(i, reading)], verdict)
    witness = None if drawing is None else _one_witness(chosen, named=bool(ids))
    with terminal.listening() as progress:
        rows = _replayed(chosen, progress) if replay else [(s, None) for s in chosen]
        if drawing is not None and witness is not None:
            progress.start("drawing", 1)
            from dynlatch.views.witness import witness_figure

            draw(drawing, witness_figure(witness))
            progress.finish()
    if as_json:
        _show_json(rows, replay=replay)
    elif ids:
        terminal.show(_told(rows))
    elif replay:
        terminal.show(_findings(rows))
    else:
        terminal.show(_table(chosen), _summary(chosen))
    if drawing is not None and not as_json:
        terminal.show(f"Written to {drawing}.")
    if any(found is not None and found.verdict is not Verdict.REFUTED for _, found in rows):
        raise typer.Exit(NOT_REPLAYED)


def _distinct(rows: Sequence[Statement], verdict: Known | None) -> list[Statement]:
    """Each row once, in the order given, with that verdict."""
    found = {(s.id, s.reading): s for s in rows if verdict is None or s.verdict.lower() == verdict}
    if not found:
        asked = ", ".join(dict.fromkeys(s.id for s in rows))
        raise InputError(f"none of {asked} is {verdict} in that reading; leave out --verdict")
    return list(found.values())


# --- pictures ---------------------------------------------------------------------------------------------------------


def _one_witness(rows: Sequence[Statement], *, named: bool) -> Statement:
    if not named:
        raise InputError("--figure draws one witness; name its statement, such as T3 --reading norm")
    found = {s.witness.text: s for s in rows if s.witness is not None and s.witness.plot is not None}
    if len(found) == 1:
        return next(iter(found.values()))
    if not found:
        what = ", ".join(f"{s.id} ({s.reading})" for s in rows)
        raise InputError(f"--figure draws a witness, but {what} has none that can be drawn")
    several = ", ".join(f"{s.id} ({s.reading})" for s in found.values())
    raise InputError(f"--figure draws one witness, not those of {several}; name one, and its --reading")


# --- replaying --------------------------------------------------------------------------------------------------------


def _replayed(rows: Sequence[Statement], progress: Progress) -> list[Row]:
    progress.start("replaying witnesses", len(rows))
    found: list[Row] = []
    for s in rows:
        found.append((s, None if s.witness is None else s.replay()))
        progress.advance()
    progress.finish()
    return found


def _findings(rows: Sequence[Row]) -> str:
    """What every replayed witness found, and how many rows there were without one."""
    from dynlatch.theorems.telling import replayed

    width = terminal.text_width()
    shown = [replayed(found, width) for _, found in rows if found is not None]
    again = sum(found is not None and found.verdict is Verdict.REFUTED for _, found in rows)
    proved = sum(s.verdict is Verdict.PROVED for s, _ in rows)
    counts = [f"{again} of {len(shown)} witnesses refute their statements again."] if shown else []
    counts += (
        [f"{proved} rows are proved: `python -m proofs` in the repository replays their proofs."] if proved else []
    )
    return "\n\n".join([*shown, " ".join(counts)])


# --- for people -------------------------------------------------------------------------------------------------------


def _told(rows: Sequence[Row]) -> str:
    """Statements in full, each with its witness drawn in text; once, if both readings read the same."""
    from dynlatch.cli.text_plot import text_plot
    from dynlatch.theorems.telling import tell, told_alike

    replays = {(s.id, s.reading): found for s, found in rows}
    told: list[str] = []
    for alike in told_alike([s for s, _ in rows]):
        witness = alike[0].witness
        picture = ""
        if witness is not None and witness.plot is not None:
            picture = text_plot(witness.plot(), unicode=terminal.shows_unicode())
        found = [replay for s in alike if (replay := replays[s.id, s.reading]) is not None]
        told.append(tell(*alike, picture=picture, replays=found, width=terminal.text_width()))
    return "\n\n\n".join(told)


def _table(rows: Sequence[Statement]) -> Table:
    """A line for each row, or for the rows of one statement that read the same in both readings.

    What repairs a statement stands with it.
    """
    from dynlatch.cli.plain_tables import table

    title = "The statements of BSF94, as printed and, with a prime, as repaired"
    made = table(title, ("id", "statement", "reading", "verdict", "witness", "repaired by"), ())
    made.columns[1].max_width = _TITLE
    for _, family in groupby(rows, key=lambda s: s.id.rstrip("'")):
        merged: dict[tuple[str, ...], list[Statement]] = {}
        for s in family:
            merged.setdefault((s.id, s.title, *_outcome(s)), []).append(s)
        above = ("", "")
        for (name, claim, *outcome), alike in merged.items():
            shown = ("" if name == above[0] else name, "" if (name, claim) == above else claim)
            made.add_row(*shown, ", ".join(s.reading for s in alike), *outcome)
            above = (name, claim)
        made.add_section()
    return made


def _outcome(s: Statement) -> tuple[str, str, str]:
    return str(s.verdict), "" if s.witness is None else s.witness.text, s.repaired_by or ""


def _summary(rows: Sequence[Statement]) -> str:
    counts = ", ".join(f"{sum(s.verdict is v for s in rows)} {v}" for v in Verdict if any(s.verdict is v for s in rows))
    return (
        f"{len(rows)} rows: {counts}. `dynlatch theorems ID` tells one in full.\n"
        "--replay checks the stored witnesses again, `python -m proofs` in the repository every proof."
    )


# --- for machines -----------------------------------------------------------------------------------------------------


def _show_json(rows: Sequence[Row], *, replay: bool) -> None:
    from dynlatch.views.results import SCHEMA
    from dynlatch.views.theorem_rows import of_replay, of_statement

    listed = [{**of_statement(s), **(of_replay(found) if replay else {})} for s, found in rows]
    terminal.show_json({"schema": SCHEMA, "theorems": listed})
