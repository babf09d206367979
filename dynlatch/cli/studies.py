"""``dynlatch study``: thousands of trials, resumable, and what they say."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from dynlatch.cli import arguments, options, terminal
from dynlatch.cli.drawing import draw, drawable
from dynlatch.cli.executors import Cluster, Workers, on_cluster
from dynlatch.errors import InputError
from dynlatch.files import writable_parent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from dynlatch.cli.study_tables import Labels
    from dynlatch.studies.cell import Cell, Record
    from dynlatch.studies.ledger import Count, Ledger
    from dynlatch.studies.runner import Standing
    from dynlatch.studies.study import Study

_LEDGER: Final = ".ledger.sqlite"
_FRAME: Final = 6
"""Lines of a table that hold no cell."""
_FAILED: Final = 1
"""The exit code where trials failed."""

File: TypeAlias = Annotated[
    Path, typer.Argument(metavar="FILE", help="A study file (TOML).", show_default=False)
]  # fmt: skip
Results: TypeAlias = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="A study file (TOML), or results that `export` wrote (CSV).", show_default=False
    ),
]
LedgerFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--ledger", metavar="FILE", help="Where results are kept.", show_default=f"NAME{_LEDGER} in this folder"
    ),
]
Quick: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--quick",
        help="Of every list of numbers the first two, ten trials at most: a part of the whole, in the same ledger.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Make the commands of the application."""
    group = typer.Typer(help="Studies: grids of many trials, resumable, with statistics.", rich_markup_mode="markdown")
    for command in (run, status, export, plot, claims):
        group.command(command.__name__)(command)
    app.add_typer(group, name="study")


def run(
    file: File,
    ledger: LedgerFile = None,
    workers: Workers = None,
    cluster: Cluster = None,
    quick: Quick = False,
    as_json: options.AsJson = False,
) -> None:
    """Run what is missing of a study. Interrupt it at any time: the same command goes on.

    Examples:

    - `dynlatch study run fig4.toml --quick`
    - `dynlatch study run fig4.toml --ledger results.sqlite --workers 4`
    - `dynlatch study run fig4.toml --cluster tcp://127.0.0.1:8786`
    """  # fmt: skip
    from dynlatch.cli.study_tables import final_parts, labels, study_json

    study, place = _study(file, quick), _ledger_path(file, ledger)
    from dynlatch.studies.ledger import Ledger
    from dynlatch.studies.runner import run as work

    named = labels(study)
    with on_cluster(cluster, workers, silent=as_json) as executor, Ledger(place) as opened:
        with _watching(study, named, silent=as_json) as report:
            outcome = work(study, opened, workers=workers, executor=executor, report=report)
        counts, failures = opened.counts(study), opened.failures(study)
    if as_json:
        found = study_json(study, counts, failures)
        _show_json(found | {"found": outcome.found, "new": outcome.done, "by_others": outcome.elsewhere})
    else:
        terminal.show(*final_parts(study, named, counts, failures))
        terminal.show(f"{outcome.found:,} trials were done before, {outcome.done:,} are new; results are in {place}.")
    if outcome.failures:
        raise typer.Exit(_FAILED)


def status(file: File, ledger: LedgerFile = None, quick: Quick = False, as_json: options.AsJson = False) -> None:
    """How far a study is; from another terminal, too, while it runs.

    Example: `dynlatch study status fig4.toml`
    """  # fmt: skip
    from dynlatch.cli.study_tables import final_parts, labels, study_json

    study = _study(file, quick)
    with _opened(file, ledger) as opened:
        counts, failures = opened.counts(study), opened.failures(study)
    if as_json:
        _show_json(study_json(study, counts, failures))
    else:
        terminal.show(*final_parts(study, labels(study), counts, failures))


def export(
    file: File,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="A .csv, .csv.gz or .parquet file.", show_default=False)
    ],
    ledger: LedgerFile = None,
    seconds: Annotated[
        bool, typer.Option("--seconds/--no-seconds", help="The one column that depends on the machine.")
    ] = True,
    quick: Quick = False,
) -> None:
    """Write the results of a study as one table, a row for each trial.

    Example: `dynlatch study export fig4.toml --out fig4.csv --no-seconds`
    """  # fmt: skip
    from dynlatch.studies.export import save

    target = arguments.writable(writable_parent, out, "--out")
    study = _study(file, quick)
    with _opened(file, ledger) as opened:
        records = opened.records(study)
    save(records, target, seconds=seconds)
    terminal.show(f"{len(records):,} of {len(study):,} trials, written to {target}.")


def plot(
    file: Results,
    figure: Annotated[Path, typer.Option("--figure", metavar="FILE", help="A .png or .svg file.", show_default=False)],
    ledger: LedgerFile = None,
    quick: Quick = False,
) -> None:
    """Draw results: of training as Fig. 4 of BSF94, of the minimal problem as Fig. 2, of redundancy against n.

    Example: `dynlatch study plot fig4.toml --figure fig4.png`
    """  # fmt: skip
    drawing = drawable(figure)
    records = _records(file, ledger, quick)
    figure_of = _figure({record.cell.kind for record in records})
    with terminal.listening() as progress:
        progress.start("drawing", 1)
        draw(drawing, figure_of(records))
    terminal.show(f"Written to {drawing}.")


def claims(
    file: Results,
    ledger: LedgerFile = None,
    quick: Quick = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a Markdown table.", show_default=False)] = False,
    as_json: options.AsJson = False,
) -> None:
    """What the results say of the paper's claims, of short sequences first and of more neurons; with effect sizes.

    Example: `dynlatch study claims fig4.csv`
    """  # fmt: skip
    records = _records(file, ledger, quick)
    from dynlatch.claims import facts, verdicts
    from dynlatch.cli.study_tables import as_json as plain

    found, known = verdicts(records), facts(records)
    if as_json:
        from dynlatch.views.results import SCHEMA

        terminal.show_json({"schema": SCHEMA, "claims": plain(found), "facts": plain(known)})
    elif markdown:
        from dynlatch.views.study import claims_markdown, fact_lines

        terminal.show(claims_markdown(found).rstrip(), *(f"- {line}" for line in fact_lines(known)))
    else:
        from dynlatch.cli.plain_tables import table
        from dynlatch.views.study import COLUMNS, claim_remarks, claims_rows, fact_lines

        remarks = [f"{claim.name}: {text}" for claim in found for text in claim_remarks(claim)]
        terminal.show(table("claims", COLUMNS, claims_rows(found)), *remarks, *fact_lines(known))


def _figure(kinds: set[str]) -> Callable[[Sequence[Record]], Figure]:
    """What draws results of these kinds."""
    if "curriculum" in kinds:  # which stand beside trials of the kind "train"
        from dynlatch.views.study_redundancy import figure_curriculum

        return figure_curriculum
    if "redundancy" in kinds:
        from dynlatch.views.study_redundancy import figure_redundancy

        return figure_redundancy
    if "train" in kinds:
        from dynlatch.views.study import figure_4

        return figure_4
    if "minimal" in kinds:
        from dynlatch.views.study_minimal import figure_2

        return figure_2
    raise InputError("results of regions have no picture; write them by `dynlatch study export`")


# --- what was typed ---------------------------------------------------------------------------------------------------


def _study(file: Path, quick: bool) -> Study:
    from dynlatch.studies.study import read_study

    return read_study(file, quick=quick)


def _ledger_path(file: Path, given: Path | None) -> Path:
    return Path(f"{file.stem}{_LEDGER}") if given is None else given


def _opened(file: Path, given: Path | None) -> Ledger:
    """The ledger, for reading."""
    from dynlatch.studies.ledger import Ledger

    return Ledger(_ledger_path(file, given), writes=False)


def _records(file: Path, ledger: Path | None, quick: bool) -> list[Record]:
    """The results of a study, from its ledger or from a table."""
    if not file.name.lower().endswith((".csv", ".csv.gz")):
        study = _study(file, quick)
        with _opened(file, ledger) as opened:
            records = opened.records(study)
    else:
        from dynlatch.studies.export import load

        if ledger is not None or quick:
            raise InputError(f"{file.name}: --ledger and --quick are for study files; a table is taken as it is")
        records = load(file)
    if not records:
        raise InputError(f"{file.name}: no results yet; run `dynlatch study run` first")
    return records


# --- what is shown meanwhile ------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _watching(study: Study, named: Labels, *, silent: bool) -> Generator[Callable[[Standing], None], None, None]:
    """A live table of the cells under way and the last ones that were; elsewhere a line for each that is finished."""
    from dynlatch.cli.study_tables import count_line, counts_table, total_line

    console = terminal.output()
    ended: set[int] = set()
    begun: list[bool] = []

    def lines(standing: Standing) -> None:
        counts = list(standing.counts.values())
        news = [(k, c) for k, c in enumerate(counts) if k not in ended and c.done + c.failed >= c.asked]
        ended.update(k for k, _ in news)
        if begun and news:
            terminal.show(*(count_line(named, c) for _, c in news), total_line(study, counts, standing.left))
        begun.append(True)  # what was done before needs no lines

    if silent:
        yield lambda standing: None
        return
    if not console.is_terminal:
        yield lines
        return
    from rich.live import Live

    before: dict[Cell, Count] = {}
    latest: dict[Cell, None] = {}
    with Live(console=console, transient=True, auto_refresh=False) as live:

        def renew(standing: Standing) -> None:
            for cell, count in standing.counts.items():
                if before and count is not before[cell]:
                    latest.pop(cell, None)
                    latest[cell] = None
            before.update(standing.counts)
            others = [cell for cell in reversed(latest) if cell not in standing.running]
            shown = [*standing.running, *others][: max(3, console.height - _FRAME)]
            title = total_line(study, list(standing.counts.values()), standing.left)
            live.update(
                counts_table(title, named, (standing.counts[cell] for cell in shown), standing.each), refresh=True
            )

        yield renew


def _show_json(found: dict[str, Any]) -> None:
    from dynlatch.views.results import SCHEMA

    terminal.show_json({"schema": SCHEMA, "study": found})
