"""Figure 4 of BSF94 whole, and what thousands of trials say of the paper's claims C1 to C7.

Runs what is missing of the studies fig4, fig2a and fig2b, and writes the figure, the table of claims, the cost of
learning and all results. Interrupt it at any time: the same command goes on. Quick: T = 10 and 20, ten trials, the same
ledger. Only the cost of learning depends on the machine.

python analyses/claims.py [--quick] [--workers N] [--ledger FILE] [--studies FOLDER] [--out FOLDER]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from dynlatch.claims import costs, growth, verdicts
from dynlatch.studies import Ledger, LocalExecutor, Record, Standing, Study, read_study, run, save
from dynlatch.views.figures import png_bytes
from dynlatch.views.study import claims_markdown, figure_4
from dynlatch.views.study_costs import COST_COLUMNS, GROWTH_COLUMNS, costs_rows, growth_rows

HERE = Path(__file__).parent
STUDIES = ("fig4", "fig2a", "fig2b")
PICTURE = "pictures/figure_4.png"
PAUSE = 5.0
"""Seconds between two lines of progress."""


def main() -> None:
    """Run, judge, and keep what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a part of the studies, under a minute")
    parser.add_argument("--workers", type=int, help="processes (default: all processors)")
    parser.add_argument("--ledger", type=Path, default=Path("claims.ledger.sqlite"), help="where results are kept")
    parser.add_argument("--studies", type=Path, default=HERE / "studies", help="where the study files are")
    parser.add_argument("--out", type=Path, help="where pictures/ and results/ go (default: here; quick: out/claims)")
    arguments = parser.parse_args()
    out = arguments.out or (Path("out/claims") if arguments.quick else HERE)
    for folder in ("pictures", "results"):
        (out / folder).mkdir(parents=True, exist_ok=True)

    found: list[Record] = []
    for name in STUDIES:
        study = read_study(arguments.studies / f"{name}.toml", quick=arguments.quick)
        records = done(study, arguments.ledger, arguments.workers)
        save(records, out / "results" / f"{name}.csv.gz", seconds=False)
        found += records
    claims = verdicts(found)
    for claim in claims:
        print(f"{claim.name:>4} {claim.verdict:<12} {claim.statement}")
    (out / PICTURE).write_bytes(png_bytes(figure_4(found)))
    (out / "results" / "claims.md").write_text(claims_markdown(claims), encoding="utf-8")
    (out / "results" / "costs.md").write_text(cost_tables(found), encoding="utf-8")
    print(f"{out / PICTURE}, and {out / 'results'}: {len(found):,} trials")


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


def cost_tables(records: list[Record]) -> str:
    """Seconds and presentations of every cell, and how they grow."""
    cells, laws = costs(records), growth(records)
    return (
        "What a trial that learns costs, those that fail included, on one processor of the machine that ran this:\n\n"
        f"{markdown(COST_COLUMNS, costs_rows(cells))}\nPower laws:\n\n{markdown(GROWTH_COLUMNS, growth_rows(laws))}"
    )


def markdown(names: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table."""
    return "".join(f"| {' | '.join(row)} |\n" for row in (names, ("---",) * len(names), *rows))


if __name__ == "__main__":
    main()
