"""What analyses of many trials share: their command line, and running what is missing of a study."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from dynlatch.studies import Ledger, LocalExecutor, Record, Standing, Study, run

HERE = Path(__file__).parent
PAUSE = 5.0
"""Seconds between two lines of progress."""


def options(doc: str | None, name: str) -> argparse.Namespace:
    """What was typed; the folders for results are made."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a part of the studies, under a minute")
    parser.add_argument("--workers", type=int, help="processes (default: all processors)")
    parser.add_argument("--ledger", type=Path, default=Path(f"{name}.ledger.sqlite"), help="where results are kept")
    parser.add_argument("--studies", type=Path, default=HERE / "studies", help="where the study files are")
    parser.add_argument("--out", type=Path, help=f"where pictures/ and results/ go (default: here; quick: out/{name})")
    found = parser.parse_args()
    found.out = found.out or (Path("out") / name if found.quick else HERE)
    for folder in ("pictures", "results"):
        (found.out / folder).mkdir(parents=True, exist_ok=True)
    return found


def done(study: Study, path: Path, workers: int | None) -> list[Record]:
    """All results of a study, those that are missing made now."""
    told = begin = time.monotonic()

    def report(standing: Standing) -> None:
        nonlocal told
        if (now := time.monotonic()) - told >= PAUSE:
            told = now
            trials = sum(count.done for count in standing.counts.values())
            print(f"{study.name}: {trials:,} of {len(study):,} trials, about {standing.left:.0f} s left", flush=True)

    with Ledger(path) as ledger:
        outcome = run(study, ledger, executor=LocalExecutor(workers), report=report)
        for failure in outcome.failures:
            print(f"{study.name}: trial {failure.trial} of {failure.cell.text()} failed: {failure.reason}")
        print(f"{study.name}: {outcome.done:,} trials in {time.monotonic() - begin:.0f} s, {outcome.found:,} before")
        return ledger.records(study)


def markdown(names: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table."""
    return "".join(f"| {' | '.join(row)} |\n" for row in (names, ("---",) * len(names), *rows))
