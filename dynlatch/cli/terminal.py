"""Progress bars on a terminal, tables and JSON on the standard output."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import TYPE_CHECKING, Final

from rich.console import Console, RenderableType

from dynlatch.progress import SILENT, Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

WIDTH: Final = 140
"""Columns where the output is no terminal."""


def output() -> Console:
    """The standard output, as text: nothing in it is taken for markup."""
    console = Console(markup=False, emoji=False, highlight=False)
    return console if console.is_terminal else Console(markup=False, emoji=False, highlight=False, width=WIDTH)


def text_width() -> int:
    """Columns that a text may fill and still be read with ease."""
    return min(100, output().width)


def shows_unicode() -> bool:
    """Whether lines and marks beyond ASCII can be printed."""
    return output().encoding.lower().replace("-", "").startswith("utf")


def show(*parts: RenderableType) -> None:
    """Print text and tables."""
    console = output()
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, str))


def show_json(value: object) -> None:
    """Print JSON and nothing else."""
    from dynlatch.views.json_values import to_text

    output().out(to_text(value), end="", highlight=False)


def complain(message: str) -> None:
    """One line on the standard error, whatever the message holds."""
    line = " ".join("".join(c if c.isprintable() else " " for c in message).split())
    Console(stderr=True, markup=False, emoji=False, highlight=False).out(f"error: {line}", highlight=False)


@contextlib.contextmanager
def listening() -> Generator[Progress, None, None]:
    """Progress bars on the standard error while the block works, if that is a terminal; they leave no trace."""
    console = Console(stderr=True, markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        yield SILENT
        return
    from rich.progress import BarColumn, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
    with Bars(*columns, console=console, transient=True) as bars:
        yield _Listener(bars)


class _Listener:
    """One bar for each piece of work under way; a piece of a single unit has a bar that only moves."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: list[TaskID] = []

    def start(self, title: str, total: int) -> None:
        self._tasks.append(self._bars.add_task(title, total=total if total > 1 else None))

    def advance(self, amount: int = 1) -> None:
        self._bars.advance(self._tasks[-1], amount)

    def finish(self) -> None:
        self._bars.remove_task(self._tasks.pop())
