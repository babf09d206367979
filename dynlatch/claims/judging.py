"""All that trials say: the claims of BSF94's figures, of its conclusion, and of more neurons."""

from __future__ import annotations

from collections.abc import Iterable

from dynlatch.claims import curriculum, redundancy, statements
from dynlatch.claims.outcomes import Claim, Outcome
from dynlatch.studies.cell import Record


def verdicts(records: Iterable[Record]) -> list[Claim]:
    """Every claim with its verdict: C1 to C7 in the order of the paper, and the others where there are trials of their
    kinds. Claims without data are named only if there are no others.

    The order of records does not matter. Raises: InputError for two results of one trial. Rigor: sampled.
    """
    kept = list(records)
    kinds = {record.cell.kind for record in kept}
    others = curriculum.verdicts(kept) if "curriculum" in kinds else []
    others += redundancy.verdicts(kept) if "redundancy" in kinds else []
    return [c for c in statements.verdicts(kept) if c.verdict is not Outcome.NO_DATA or not others] + others
