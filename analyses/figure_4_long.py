"""Figure 4 of BSF94 for sequences ten times as long, T = 200 to 1000, of what still learns at T = 100.

Runs what is missing of the study fig4-long and writes the figure, all results, and how the presentations of a trial
that learns grow from T = 10 to 1000, with the kept results of fig4. Interrupt it at any time: the same command goes on.
Quick: T = 200 and 500, ten trials.

python analyses/figure_4_long.py [--quick] [--workers N] [--ledger FILE] [--studies FOLDER] [--out FOLDER]
"""

from __future__ import annotations

from scripts import HERE
from trials import done, markdown, options

from dynlatch.claims import growth
from dynlatch.claims.scaling import PRESENTATIONS
from dynlatch.studies import load, save
from dynlatch.views.figures import png_bytes
from dynlatch.views.study import figure_4
from dynlatch.views.study_costs import GROWTH_COLUMNS, growth_rows

NAME = "fig4-long"
PICTURE = "figure_4_long.png"
HEAD = "Presentations for each trial that learns, those that fail included, against T, over so many lengths:\n\n"


def main() -> None:
    """Run, draw, and keep what came of it."""
    arguments = options(__doc__, NAME, [NAME])
    (study,) = arguments.studies
    records = done(study, arguments.ledger, arguments.workers)
    save(records, arguments.out / "results" / f"{NAME}.csv.gz", seconds=False)
    picture = arguments.out / "pictures" / PICTURE
    picture.write_bytes(png_bytes(figure_4(records)))
    laws = growth([*load(HERE / "results" / "fig4.csv.gz"), *records])
    table = markdown(GROWTH_COLUMNS, growth_rows([law for law in laws if law.quantity == PRESENTATIONS]))
    (arguments.out / "results" / "growth.md").write_text(f"{HEAD}{table}", encoding="utf-8")
    print(f"{picture}: {len(records):,} trials")


if __name__ == "__main__":
    main()
