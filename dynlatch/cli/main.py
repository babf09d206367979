"""The command itself: its errors, its exit codes, and ``analyze``.

Exit codes: 0 done, 2 bad input, 1 failure. Every error is one line on the standard error.
"""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, cast

import typer

from dynlatch import __version__
from dynlatch.cli import (
    arguments,
    basins,
    options,
    proofs,
    region_steps,
    searches,
    steps,
    studies,
    terminal,
    theorem_steps,
    theorems,
    training,
)
from dynlatch.errors import InputError, OutputError
from dynlatch.files import writable_folder

DONE: Final = 0
FAILURE: Final = 1
BAD_INPUT: Final = 2

_COLLECT_AFTER: Final = 100_000
"""New objects between two looks for garbage: imports and symbolic work make many that live to the end anyway."""
_USAGE_ERROR: Final = typer.BadParameter.mro()[1]
"""The base of typer's complaints about arguments, whichever module typer keeps it in."""

_SMALLER: Final = {
    **dict.fromkeys(
        ("analyze", "basins", "metrics", "morse-graph"),
        "choose a lower --resolution, or write the labels by `dynlatch basins --out FILE.nc`",
    ),
    "train": "choose a smaller -T, fewer --trials, or a smaller --set num_train or num_test",
    "study": "choose a smaller T, num_train, num_test or resolution in the study, or fewer workers",
}
"""What takes less memory, by command."""

app = typer.Typer(
    name="dynlatch",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command with the given words (the process's own by default); returns the exit code."""
    gc.set_threshold(_COLLECT_AFTER)
    given = sys.argv[1:] if words is None else list(words)
    try:
        command = typer.main.get_command(app)
        with command.make_context("dynlatch", list(given)) as context:
            command.invoke(context)
        terminal.output().file.flush()
    except BaseException as error:  # the edge: whatever happens becomes one line and a code
        name = next((word for word in given if not word.startswith("-")), "")
        return _explain(error, name, debug="--debug" in given or bool(os.environ.get("DYNLATCH_DEBUG")))
    return DONE


def _explain(error: BaseException, command: str, *, debug: bool) -> int:
    match error:
        case typer.Exit():
            return int(error.exit_code)
        case BrokenPipeError():
            _forget_output()
            return FAILURE
        case _USAGE_ERROR():  # pyright: ignore[reportGeneralTypeIssues]
            terminal.complain(_usage(cast("typer.BadParameter", error)))
            return BAD_INPUT
        case SystemExit() | GeneratorExit():
            raise error
        case _:
            pass
    if debug:
        traceback.print_exception(error)
    if isinstance(error, InputError):
        terminal.complain(str(error))
        return BAD_INPUT
    terminal.complain(_failure(error, command))
    return FAILURE


def _failure(error: BaseException, command: str) -> str:
    if isinstance(error, OutputError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return (
            "interrupted; nothing is left half written (what `basins --out` or `study run` has finished, the same "
            "command takes up)"
        )
    if isinstance(error, MemoryError):
        return f"out of memory; {_SMALLER.get(command, 'choose a smaller map, or less work in its options')}"
    what = f"{type(error).__name__}: {str(error)[:300]}"
    return (
        f"{what}; this is a defect of dynlatch {__version__}: please report it with what `dynlatch --debug ...` prints"
    )


def _usage(error: typer.BadParameter) -> str:
    path = error.ctx.command_path if error.ctx else "dynlatch"
    return f"{error.format_message().strip().rstrip('.')}{_typed(error.__cause__)}; see `{path} --help`"


def _typed(reason: object) -> str:
    """What was typed for the option, where whatever refused it says so."""
    errors = getattr(reason, "errors", None)
    found: list[dict[str, object]] = errors() if callable(errors) else []  # pyright: ignore[reportAssignmentType]
    return f", not {str(found[0]['input'])[:40]!r}" if found and "input" in found[0] else ""


def _forget_output() -> None:
    """Nobody reads any more: let the interpreter's last flush go nowhere."""
    descriptor = os.open(os.devnull, os.O_WRONLY)
    os.dup2(descriptor, 1)
    os.close(descriptor)


def _version(asked: bool) -> None:
    if asked:
        terminal.show(f"dynlatch {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def dynlatch(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Print the traceback of an error, too.")] = False,
) -> None:
    """What a discrete-time dynamical system can latch, with proofs.

    Start with `dynlatch analyze neuron -p w=2 --out OUT` and open OUT/report.html.
    """
    if context.invoked_subcommand is None:
        terminal.show(context.get_help())


@app.command()
def analyze(
    map_name: options.MapName,
    param: options.Parameters = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FOLDER", help="Where report.html, results.json, basins.nc and figures go."
        ),
    ] = None,
    box: options.BoxSides = None,
    resolution: options.Resolution = None,
    max_period: Annotated[
        int, typer.Option("--max-period", min=1, max=64, help="Of certified cycles (up to 2 states).")
    ] = 4,
    num_steps: Annotated[
        int | None, typer.Option("--steps", min=1, max=10_000_000, help="Of the orbits that gradients follow.")
    ] = None,
    proofs: Annotated[
        bool, typer.Option("--proofs/--no-proofs", help="Prove basins, reduced sets and noise tolerances, too.")
    ] = True,
    seed: options.Seed = 0,
    threads: options.Threads = None,
    as_json: options.AsJson = False,
) -> None:
    """The whole story of one map: derived, certified, mapped and measured.

    Examples:

    - `dynlatch analyze neuron -p w=2 --out OUT`
    - `dynlatch analyze my_map.toml --out OUT --resolution 600`
    - `dynlatch analyze tanh-network -p "W=[[2,0.2],[0.2,1.8]]" --out OUT --box=-4,4`
    """
    if out is None and not as_json:
        raise InputError("nothing to do with the result; give --out FOLDER to write it, or --json to print it")
    m = arguments.the_map(map_name, param or ())
    sides, cells = arguments.box(box, m), arguments.resolution(resolution)
    from dynlatch.analysis import BYTES_PER_CELL, DECAY_STEPS, analyze

    if cells is not None or sides is not None:
        arguments.refuse_large(m, sides, 1 if cells is None else cells, BYTES_PER_CELL)
    folder = None if out is None else arguments.writable(writable_folder, out)
    with terminal.listening() as progress:
        found = analyze(
            m, box=sides, resolution=cells, max_period=max_period, steps=num_steps or DECAY_STEPS, proofs=proofs,
            seed=seed, threads=threads, progress=progress,
        )  # fmt: skip
    if folder is not None:
        with terminal.listening() as progress:
            progress.start("drawing and writing", 1)
            found.save(folder)
    if as_json:
        from dynlatch.views.results import results

        terminal.show_json(results(found))
    else:
        from dynlatch.cli import tables

        terminal.show(*tables.analysis(found), f"Written to {folder}: open report.html there.")


steps.register(app)
basins.register(app)
region_steps.register(app)
proofs.register(app)
theorems.register(app)
theorem_steps.register(app)
searches.register(app)
training.register(app)
studies.register(app)
