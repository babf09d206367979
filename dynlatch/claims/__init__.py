"""What trials say: of BSF94's claims, the cost of learning, more neurons, and short sequences first.

>>> from dynlatch.claims import verdicts
>>> [str(claim.verdict) for claim in verdicts([])][:2]
['NO DATA', 'NO DATA']
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynlatch.lazy import lazily

if TYPE_CHECKING:
    from dynlatch.claims.judging import verdicts as verdicts
    from dynlatch.claims.outcomes import Claim as Claim
    from dynlatch.claims.outcomes import Outcome as Outcome
    from dynlatch.claims.redundancy import Fact as Fact
    from dynlatch.claims.redundancy import facts as facts
    from dynlatch.claims.scaling import costs as costs
    from dynlatch.claims.scaling import growth as growth

_HOMES = {
    "outcomes": ("Claim", "Outcome"),
    "redundancy": ("Fact", "facts"),
    "scaling": ("costs", "growth"),
    "judging": ("verdicts",),
}
__getattr__, __dir__, __all__ = lazily(__name__, _HOMES)
