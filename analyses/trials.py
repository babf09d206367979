"""What analyses of many trials share: their command line, and running what is missing of a study."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from scripts import HERE, Words, made, quick_out, told

from dynlatch.studies import Ledger, LocalExecutor, Record, Standing, Study, read_study, run

PAUSE = 5.0
"""Seconds between two lines of progress."""


def options(doc: str | None, name: str, studies: Sequence[str]) -> argparse.Namespace:
    """What was typed, with ``studies`` read; the folders for results are made once nothing is wrong with it."""
    parser = Words(
        doc, "a part of the studies, under a minute",
        f"where pictures/ and results/ go (default: here; quick: {quick_out()}/)",
    )  # fmt: skip
    parser.add_argument("--workers", type=int, help="processes (default: all processors)")
    parser.add_argument("--ledger", type=Path, help=f"where results are kept ({name}.ledger.sqlite, beside quick ones)")
    parser.add_argument("--studies", type=Path, default=HERE / "studies", help="where the study files are")
    found = parser.parse_args()
    found.ledger = found.ledger or (quick_out() if found.quick else Path()) / f"{name}.ledger.sqlite"
    found.out = found.out or (quick_out() if found.quick else HERE)
    with told(f"--studies {found.studies}: "):
        found.studies = [read_study(found.studies / f"{study}.toml", quick=found.quick) for study in studies]
    with told():
        LocalExecutor(found.workers)
        if found.ledger.exists():
            Ledger(found.ledger, writes=False).close()
    for folder in (found.out / "pictures", found.out / "results", found.ledger.parent):
        made(folder)
    return found


def done(study: Study, path: Path, workers: int | None) -> list[Record]:
    """All results of a study, those that are missing made now."""
    last = begin = time.monotonic()

    def report(standing: Standing) -> None:
        nonlocal last
        if (now := time.monotonic()) - last >= PAUSE:
            last = now
            trials = sum(count.done for count in standing.counts.values())
            print(f"{study.name}: {trials:,} of {len(study):,} trials, about {standing.left:.0f} s left", flush=True)

    with told(), Ledger(path) as ledger:
        outcome = run(study, ledger, executor=LocalExecutor(workers), report=report)
        for failure in outcome.failures:
            print(f"{study.name}: trial {failure.trial} of {failure.cell.text()} failed: {failure.reason}")
        print(f"{study.name}: {outcome.done:,} trials in {time.monotonic() - begin:.0f} s, {outcome.found:,} before")
        return ledger.records(study)


def markdown(names: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table."""
    return "".join(f"| {' | '.join(row)} |\n" for row in (names, ("---",) * len(names), *rows))
