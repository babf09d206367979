"""Figure 4 of BSF94 whole, and what thousands of trials say of the paper's claims C1 to C7.

Runs what is missing of the studies fig4, fig2a and fig2b, and writes the figure, the table of claims, the cost of
learning and all results. Interrupt it at any time: the same command goes on. Quick: T = 10 and 20, ten trials.
Only the cost of learning depends on the machine.

python analyses/claims.py [--quick] [--workers N] [--ledger FILE] [--studies FOLDER] [--out FOLDER]
"""

from __future__ import annotations

from trials import done, markdown, options

from dynlatch.claims import costs, growth, verdicts
from dynlatch.studies import Record, save
from dynlatch.views.figures import png_bytes
from dynlatch.views.study import claims_markdown, figure_4
from dynlatch.views.study_costs import COST_COLUMNS, GROWTH_COLUMNS, costs_rows, growth_rows

STUDIES = ("fig4", "fig2a", "fig2b")
PICTURE = "pictures/figure_4.png"


def main() -> None:
    """Run, judge, and keep what came of it."""
    arguments = options(__doc__, "claims", STUDIES)
    out = arguments.out
    found: list[Record] = []
    for name, study in zip(STUDIES, arguments.studies, strict=True):
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


def cost_tables(records: list[Record]) -> str:
    """Seconds and presentations of every cell, and how they grow."""
    cells, laws = costs(records), growth(records)
    return (
        "What a trial that learns costs, those that fail included, on one processor of the machine that ran this:\n\n"
        f"{markdown(COST_COLUMNS, costs_rows(cells))}\nPower laws:\n\n{markdown(GROWTH_COLUMNS, growth_rows(laws))}"
    )


if __name__ == "__main__":
    main()
