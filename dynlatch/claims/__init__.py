"""What trials say: of BSF94's claims, the cost of learning, more neurons, and short sequences first.

>>> from dynlatch.claims import verdicts
>>> [str(claim.verdict) for claim in verdicts([])][:2]
['NO DATA', 'NO DATA']
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

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
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'dynlatch.claims' has no attribute {name!r}")
    return getattr(importlib.import_module(f"dynlatch.claims.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
