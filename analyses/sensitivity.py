"""On which of the settings that BSF94 leaves open do the verdicts on its claims depend?

Runs what is missing of the study sensitivity (every open setting, one at a time, on trials of a seed of its own) and
writes the claims with what they depend on: one setting of one algorithm, the same setting of several, and each
algorithm at its own best rate. Interrupt it at any time: the same command goes on. Quick: ten trials.

python analyses/sensitivity.py [--quick] [--workers N] [--ledger FILE] [--studies FOLDER] [--out FOLDER]
"""

from __future__ import annotations

from trials import done, options

from dynlatch.claims import verdicts
from dynlatch.studies import save
from dynlatch.views.study import claims_markdown

NAME = "sensitivity"


def main() -> None:
    """Run, judge, and keep what came of it."""
    arguments = options(__doc__, NAME, [NAME])
    (study,) = arguments.studies
    records = done(study, arguments.ledger, arguments.workers)
    results = arguments.out / "results"
    save(records, results / f"{NAME}.csv.gz", seconds=False)
    claims = [claim for claim in verdicts(records) if claim.verdict != "NO DATA"]
    for claim in claims:
        told = f"{len(claim.depends)} of {len(claim.dependences)} changes decide otherwise"
        print(f"{claim.name:>4} {claim.verdict:<12} {told}")
    (results / f"{NAME}.md").write_text(claims_markdown(claims), encoding="utf-8")
    print(f"{results / NAME}.md: {len(records):,} trials")


if __name__ == "__main__":
    main()
