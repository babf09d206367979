"""Tables as text, without a result in sight: quick to import."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box as borders
from rich.table import Table


def table(title: str, columns: Iterable[str], rows: Iterable[Sequence[str]]) -> Table:
    """A plain table with its title on the left; minus signs are hyphens, so that numbers can be read in again."""
    made = Table(title=title, title_justify="left", box=borders.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(cell.replace("−", "-") for cell in row))
    return made


def facts_table(title: str, facts: Iterable[Sequence[str]]) -> Table:
    """Names and what they are."""
    made = table(title, ("", ""), facts)
    made.show_header = False
    return made
