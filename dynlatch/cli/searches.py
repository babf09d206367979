"""``dynlatch search``: a counterexample to a statement, from a random family alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dynlatch.cli import options, terminal
from dynlatch.errors import InputError
from dynlatch.verdict import Verdict

if TYPE_CHECKING:
    from rich.table import Table

    from dynlatch.searching.family import Family
    from dynlatch.searching.search import Search
    from dynlatch.theorems.statements import Replay, Statement

_DRAWS = 100
"""As ``searching.search.DRAWS``, which would take long to import."""


def register(app: typer.Typer) -> None:
    """Make the command of the application."""
    app.command("search")(search)


def search(
    statement: Annotated[
        str | None, typer.Argument(metavar="STATEMENT", help="T3, Lemma, unit-norm, ...", show_default=False)
    ] = None,
    reading: Annotated[
        str | None, typer.Option("--reading", metavar="READING", help="norm or spectral.", show_default="its first")
    ] = None,
    family: Annotated[
        str | None,
        typer.Option("--family", metavar="FAMILY", help="What to draw from.", show_default="the first that suits"),
    ] = None,
    seed: options.Seed = 0,
    budget: Annotated[int, typer.Option("--budget", metavar="N", help="How many draws may be made.")] = _DRAWS,
    list_families: Annotated[
        bool,
        typer.Option("--families", help="List the families, and the statements they are aimed at.", show_default=False),
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Look for a counterexample to a statement of BSF94: random draws, improved, rounded, and then proved.

    Exit code 0 whether or not one is found: an empty search is an answer, though it proves nothing.

    Examples: `dynlatch search T3`, `dynlatch search T4 --reading spectral --seed 3`, `dynlatch search --families`
    """
    from dynlatch.theorems.table import statements

    rows = None if statement is None else statements(statement, reading)
    if list_families:
        _list(rows, as_json=as_json)
        return
    if rows is None:
        raise InputError("no statement to refute; name one, such as T3, or ask for --families")
    from dynlatch.searching.search import search as work

    with terminal.listening() as progress:
        found = work(rows[0], family, seed, budget, progress=progress)
    replayed = None if found.witness is None else found.replay()
    if as_json:
        from dynlatch.views.results import SCHEMA
        from dynlatch.views.search_results import of_search

        terminal.show_json({"schema": SCHEMA, "counterexample_search": of_search(found, replayed)})
    else:
        terminal.show(_told(found, replayed))


# --- families ---------------------------------------------------------------------------------------------------------


def _list(rows: tuple[Statement, ...] | None, *, as_json: bool) -> None:
    """All families, or those that suit some rows."""
    from dynlatch.searching.families import families

    listed = [f for f in families() if rows is None or any(f.suits(s) for s in rows)]
    if as_json:
        from dynlatch.views.results import SCHEMA
        from dynlatch.views.search_results import of_family

        terminal.show_json({"schema": SCHEMA, "families": [of_family(f) for f in listed]})
    elif listed:
        terminal.show(_families(listed), "`dynlatch search STATEMENT --family FAMILY` draws from one of them.")
    else:
        terminal.show(f"No family is aimed at {rows[0].id if rows else 'any'}: `dynlatch search --families` lists all.")


def _families(listed: list[Family]) -> Table:
    from dynlatch.cli.plain_tables import table

    made = table("random families", ("family", "what is drawn", "told by", "aimed at"), ())
    made.columns[0].no_wrap = True
    for f in listed:
        made.add_row(f.name, f.text, ", ".join(f.symbols), _aims(f))
    return made


def _aims(family: Family) -> str:
    """The statements, each with its readings."""
    readings: dict[str, list[str]] = {}
    for i, reading in family.aims:
        readings.setdefault(i, []).append(reading)
    return ", ".join(f"{i} ({', '.join(found)})" for i, found in readings.items())


# --- what was found ---------------------------------------------------------------------------------------------------


def _told(found: Search, replayed: Replay | None) -> str:
    """The counterexample in full with the findings that prove it, or that there is none; and how much was tried."""
    of = found.statement
    parts = [f"{of.id} ({of.reading}). {of.title}"]
    if found.witness is None or replayed is None:
        parts.append(f"{found.verdict}: no counterexample was found. {_known(of)}")
    else:
        parts.append(_counterexample(found, replayed))
    family = f"The family {found.family.name!r}: {found.family.text}."
    return "\n\n".join([*parts, f"Tried: {found.tried}.\n{family}"])


def _known(of: Statement) -> str:
    match of.verdict:
        case Verdict.PROVED:
            from dynlatch.theorems.table import statements

            other = [s.reading for s in statements(of.id) if s.verdict is Verdict.REFUTED]
            hint = f" It is false with --reading {other[0]}." if other else ""
            return f"There is none: the statement is proved (`dynlatch theorems {_quoted(of.id)}`).{hint}"
        case Verdict.REFUTED:
            return (
                f"There is one elsewhere (`dynlatch theorems {_quoted(of.id)} --reading {of.reading}`); "
                "try another --seed, a larger --budget, or another of the --families."
            )
        case Verdict.INCONCLUSIVE:
            return "An empty search proves nothing."


def _quoted(name: str) -> str:
    """An id as a shell takes it."""
    return f'"{name}"' if "'" in name else name


def _counterexample(found: Search, replayed: Replay) -> str:
    from dynlatch.theorems.telling import replayed as findings

    assert found.witness is not None
    numbers = ", ".join(f"{s} = {v}" for s, v in zip(found.family.symbols, found.numbers, strict=False))
    on = found.witness.case
    lines = [f"Counterexample. {found.witness.text}", f"  exact numbers: {numbers}"]
    lines += [] if on is None else [f"  map: {on.map!r}"]
    again = (
        f'dynlatch.search("{found.statement.id}", "{found.family.name}", seed={found.seed}, budget={found.budget}, '
        f'reading="{found.statement.reading}")'
    )
    return "\n\n".join(["\n".join(lines), findings(replayed, terminal.text_width()), f"In Python: {again}"])
