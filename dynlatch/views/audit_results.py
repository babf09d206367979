"""An audit as JSON: one entry a question, with its margin; see ``results``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dynlatch.views.json_values import Json, exact_text, number, of_enclosure
from dynlatch.views.region_results import of_noisy_decay, of_tolerance
from dynlatch.views.theorem_rows import of_case

if TYPE_CHECKING:
    from dynlatch.auditing.audit import AttractorAudit, Audit
    from dynlatch.auditing.entries import Entry


def of_audit(found: Audit) -> Json:
    """The summary, what is said of the whole map, and what of each attractor."""
    return {
        "summary": list(found.summary),
        "norm": f"{found.norm:g}",
        "noise": None if found.noise is None else exact_text(found.noise),
        "about_map": _entries(found.about_map),
        "attractors": [_attractor(a) for a in found.audited],
        "misleading": list(dict.fromkeys(e.statement for e in found.misleading)),
        "seed": found.seed,
    }


def _attractor(found: AttractorAudit) -> Json:
    point = found.attractor.point
    return {
        "attractor": found.number,
        "name": found.attractor.name,
        "period": None if point is None else point.period,
        "state": [number(float(v)) for v in found.attractor.states[:, 0]],
        "mirrors": found.mirrors,
        "tolerance": None if found.tolerance is None else of_tolerance(found.tolerance),
        "noisy_decay": None if found.decay is None else of_noisy_decay(found.decay),
        "entries": _entries(found.entries),
    }


def _entries(found: Iterable[Entry]) -> list[Json]:
    return [
        {
            "statement": e.statement,
            "reading": e.reading or None,
            "asked": e.asked,
            "verdict": str(e.verdict),
            "margin": None if e.margin is None else of_enclosure(e.margin),
            "how": e.finding.how,
            "follows": e.follows,
            "printed": e.printed,
            "misleads": e.misleads,
            "case": None if e.case is None else of_case(e.case),
        }
        for e in found
    ]
