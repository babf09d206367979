"""All that trials say: the claims of BSF94's figures, of its conclusion, and of more neurons."""

from __future__ import annotations

from collections.abc import Iterable

from dynlatch.claims import curriculum, redundancy, statements
from dynlatch.claims.outcomes import Claim
from dynlatch.studies.cell import Record


def verdicts(records: Iterable[Record]) -> list[Claim]:
    """Every claim with its verdict: C1 to C7 in the order of the paper, those without data too; the others where there
    are trials of their kinds.

    The order of records does not matter. Raises: InputError for two results of one trial. Rigor: sampled.
    """
    kept = list(records)
    kinds = {record.cell.kind for record in kept}
    found = statements.verdicts(kept)
    found += curriculum.verdicts(kept) if "curriculum" in kinds else []
    found += redundancy.verdicts(kept) if "redundancy" in kinds else []
    return found
