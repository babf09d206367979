"""``dynlatch train``: tasks learned by algorithms, many trials at once."""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from dynlatch.cli import options, terminal
from dynlatch.cli.drawing import draw, drawable
from dynlatch.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

    from dynlatch.learning.algorithm import Algorithm
    from dynlatch.learning.run import Run
    from dynlatch.learning.summary import Summary
    from dynlatch.learning.tasks import Task
    from dynlatch.learning.trial import Trial
    from dynlatch.progress import Progress

_MOST_TRIALS: Final = 1_000_000
_ALL: Final = "all"
_PAPER: Final = "paper"


def register(app: typer.Typer) -> None:
    """Make the command of the application."""
    app.command("train")(train)


def train(
    task: Annotated[
        str | None,
        typer.Argument(metavar="TASK", help="latch, two-sequence or parity.", show_default=False),
    ] = None,
    algorithm: Annotated[
        list[str] | None,
        typer.Option(
            "--algorithm",
            "-a",
            metavar="NAME",
            help="Repeat it for more; `paper` for the six of BSF94, `all` for every one; --list names them.",
            show_default="back-propagation",
        ),
    ] = None,
    steps: Annotated[int, typer.Option("-T", "--steps", metavar="T", help="The most steps of a sequence.")] = 50,
    noise: Annotated[float, typer.Option("--noise", metavar="B", help="The bound of uniform noise.")] = 0.0,
    trials: Annotated[
        int, typer.Option("--trials", metavar="N", help="How many, each with data and parameters of its own.")
    ] = 20,
    budget: Annotated[
        int | None,
        typer.Option("--budget", metavar="N", help="Presentations that a trial may take.", show_default="algorithm's"),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            show_default=False,
            help="A setting of the task (target, num_train, num_test, mode) or of the algorithms (rate, mu, ...).",
        ),
    ] = None,
    figure: Annotated[
        Path | None, typer.Option("--figure", metavar="FILE", help="Draw the curves here, as .png or .svg.")
    ] = None,
    list_them: Annotated[
        bool, typer.Option("--list", help="List tasks, algorithms and their settings.", show_default=False)
    ] = False,
    seed: options.Seed = 0,
    threads: options.Threads = None,
    as_json: options.AsJson = False,
) -> None:
    """Train networks on a task of BSF94, and count what it takes.

    Examples:

    - `dynlatch train latch --algorithm time-weighted -T 50 --trials 20`
    - `dynlatch train parity -a paper -T 10 --noise 0.2 --figure curves.png`
    - `dynlatch train latch -a adam --set rate=0.01 -T 100 --json`
    """  # fmt: skip
    if list_them:
        _list(as_json)
        return
    chosen, given = _algorithms(algorithm or ["back-propagation"]), _settings(setting or ())
    made, algorithms = _task(task, steps, noise, given), [_with_settings(a, given) for a in chosen]
    unknown = given.keys() - {name for value in (made, *algorithms) for name in _fields(value)}
    if unknown:
        raise InputError(_unknown_setting(min(unknown), (made, *algorithms)))
    if not 1 <= trials <= _MOST_TRIALS:
        raise InputError(f"--trials {trials} must be from 1 to {_MOST_TRIALS}")
    drawing = None if figure is None else drawable(figure)
    from dynlatch.learning.request import check_memory, checked_budget
    from dynlatch.learning.summary import summarize
    from dynlatch.learning.training import train as work

    budgets = {one.name: checked_budget(budget, one, made.num_train) for one in algorithms}
    for one in algorithms:
        check_memory(made, trials, one, threads)
    runs: dict[str, list[Run]] = {}
    with terminal.listening() as progress:
        listed = _trials(made, trials, seed, progress)
        for one in algorithms:
            runs[one.name] = work(listed, one, budget=budgets[one.name], threads=threads, progress=progress)
        if drawing is not None:
            from dynlatch.views.learning import curves_figure

            draw(drawing, curves_figure(runs))
    summaries = [summarize(some) for some in runs.values()]
    if as_json:
        from dynlatch.views.learning_runs import of_training
        from dynlatch.views.results import SCHEMA

        found = [of_training(s, runs[s.algorithm], made, budgets[s.algorithm]) for s in summaries]
        terminal.show_json({"schema": SCHEMA, "training": found})
    else:
        terminal.show(_table(summaries), _curves(runs))
        if drawing is not None:
            terminal.show(f"Written to {drawing}.")


def _trials(task: Task, count: int, seed: int, progress: Progress) -> list[Trial]:
    progress.start("making trials", count)
    made: list[Trial] = []
    for k in range(count):
        made.append(task.trial(seed, k))
        progress.advance()
    progress.finish()
    return made


# --- what was typed ---------------------------------------------------------------------------------------------------


def _algorithms(names: Sequence[str]) -> list[type[Algorithm]]:
    from dynlatch.learning.algorithms import NAMES, PAPER, algorithm_type

    some: list[str] = []
    for name in names:
        some += NAMES if name == _ALL else PAPER if name == _PAPER else (name,)
    return [algorithm_type(name) for name in dict.fromkeys(some)]


def _task(name: str | None, steps: int, noise: float, given: dict[str, str]) -> Task:
    from dynlatch.learning.tasks import TASKS

    if name is None:
        raise InputError(f"no task to learn; name one of {', '.join(TASKS)}, or ask for --list")
    if name not in TASKS:
        near = difflib.get_close_matches(name, TASKS, 1, 0.4)
        hint = f"did you mean {near[0]}? " if near else ""
        raise InputError(f"unknown task {name[:40]!r}; {hint}there are {', '.join(TASKS)}")
    return _with_settings(TASKS[name], given | {"T": str(steps), "noise": repr(noise)})


def _settings(items: Sequence[str]) -> dict[str, str]:
    """``--set rate=0.05`` as a mapping."""
    found: dict[str, str] = {}
    for item in items:
        name, equals, value = (part.strip() for part in item.partition("="))
        if not (name and equals and value):
            raise InputError(f"--set {item[:40]!r} is not of the form NAME=VALUE; write for example rate=0.05")
        if name in ("T", "noise"):
            raise InputError(f"--set {name}: use {'-T' if name == 'T' else '--noise'} for it")
        if name in found:
            raise InputError(f"--set gives {name[:40]!r} twice; give it once")
        found[name] = value
    return found


def _fields(value: Any) -> list[str]:
    return [f.name for f in dataclasses.fields(value)]


def _with_settings(made: Any, given: dict[str, str]) -> Any:
    """A task or an algorithm, with those of the given settings that it has."""
    usual = {f.name: f.default for f in dataclasses.fields(made)}
    return made(**{name: _value(name, text, usual[name]) for name, text in given.items() if name in usual})


def _value(name: str, text: str, usual: object) -> object:
    """What was typed, as a number like the usual value, or as the word it is."""
    if isinstance(usual, str):
        return text
    try:
        found = int(text) if isinstance(usual, int) else float(text)
    except ValueError:
        kind = "a whole number" if isinstance(usual, int) else "a number"
        raise InputError(f"{name}={text[:40]!r} is not {kind}; by default it is {usual}") from None
    if not math.isfinite(found):
        raise InputError(f"{name}={text[:40]} must be finite; by default it is {usual}")
    return found


def _unknown_setting(name: str, having: Sequence[Any]) -> str:
    known = list(dict.fromkeys(n for value in having for n in _fields(value) if n not in ("T", "noise")))
    near = difflib.get_close_matches(name, known, 1, 0.5)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"--set {name[:40]!r}: nothing here has such a setting; {hint}there are {', '.join(known)}"


# --- what is shown ----------------------------------------------------------------------------------------------------


def _list(as_json: bool) -> None:
    """Tasks and algorithms with their settings."""
    from dynlatch.cli.plain_tables import table
    from dynlatch.learning.algorithms import NAMES, algorithm_type
    from dynlatch.learning.tasks import TASKS
    from dynlatch.views.learning_runs import of_settings
    from dynlatch.views.results import SCHEMA

    found = {"tasks": of_settings(TASKS), "algorithms": of_settings({name: algorithm_type(name) for name in NAMES})}
    if as_json:
        terminal.show_json({"schema": SCHEMA, **found})
        return
    for title, entries in found.items():
        rows = [(e["name"], e["what"], _defaults(e["settings"])) for e in entries]
        terminal.show(table(title, ("", "what it is", "--set"), rows))


def _defaults(settings: dict[str, object]) -> str:
    return ", ".join(f"{name}={value}" for name, value in settings.items() if name not in ("T", "noise"))


def _table(summaries: Sequence[Summary]) -> Table:
    from dynlatch.cli.plain_tables import table

    first = summaries[0]
    title = (
        f"{first.task}: {first.num_runs} trial{'s' * (first.num_runs > 1)}; needed: median (quartiles) of the "
        "presentations of those that learned"
    )
    columns = (
        "algorithm", "learned", "chance, 95 %", "needed", "train error", "test error", "ended",
    )  # fmt: skip
    made = table(title, columns, [_row(s) for s in summaries])
    made.columns[0].no_wrap = True
    return made


def _row(s: Summary) -> tuple[str, ...]:
    low, middle, high = s.presentations
    needed = f"{middle:,.0f} ({low:,.0f} to {high:,.0f})" if s.learned else "none learned"
    ended = ", ".join(f"{count} {stop}" for stop, count in s.stops.items())
    return (
        s.algorithm, f"{s.learned} of {s.num_runs}", f"{100 * s.low:.0f}-{100 * s.high:.0f} %", needed,
        _mean(s.train_error), _mean(s.test_error), ended,
    )  # fmt: skip


def _mean(value: tuple[float, float]) -> str:
    mean, error = value
    return f"{mean:.3f}" + ("" if math.isnan(error) else f" +- {error:.3f}")


def _curves(runs: dict[str, list[Run]]) -> str:
    """The share of trials that have learned, against presentations."""
    from dynlatch.cli.text_plot import text_plot
    from dynlatch.learning.summary import checkpoints, share_learned
    from dynlatch.theorems.statements import Plot

    at = checkpoints([run for some in runs.values() for run in some], per_decade=8)
    across = tuple(math.log10(v) for v in at.tolist())
    curves = tuple((name, across, tuple(share_learned(some, at).tolist())) for name, some in runs.items())
    plot = Plot("", "log10 of presentations", "share of trials that have learned", curves)
    return text_plot(plot, unicode=terminal.shows_unicode())
