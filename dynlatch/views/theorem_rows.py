"""Statements as JSON: the rows that ``dynlatch theorems --json`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynlatch.views.json_values import Json, exact_text, of_enclosure

if TYPE_CHECKING:
    from dynlatch.theorems.cases import Case
    from dynlatch.theorems.findings import Finding
    from dynlatch.theorems.statements import Replay, Statement


def of_statement(found: Statement) -> Json:
    """One row of the table; ``witness`` in words, null where there is none."""
    return {
        "id": found.id,
        "title": found.title,
        "source": found.source,
        "reading": found.reading,
        "hypotheses": list(found.hypotheses),
        "conclusion": found.conclusion,
        "verdict": str(found.verdict),
        "why": found.why,
        "witness": None if found.witness is None else found.witness.text,
        "repaired_by": found.repaired_by,
    }


def of_replay(found: Replay | None) -> Json:
    """What a replayed witness adds to its row; null and nothing for a row without one."""
    return {
        "replayed": None if found is None else str(found.verdict),
        "findings": [] if found is None else [of_finding(f) for f in found.findings],
    }


def of_finding(found: Finding) -> Json:
    """What was asked, the answer, by how much (null where it is no inequality), and what decided it."""
    return {
        "text": found.text,
        "verdict": str(found.verdict),
        "margin": None if found.margin is None else of_enclosure(found.margin),
        "how": found.how,
    }


def of_case(on: Case) -> Json:
    """The exact numbers of a case; its map is told elsewhere."""
    return {
        "start": [exact_text(v) for v in on.start],
        "inputs": [[exact_text(v) for v in u] for u in on.inputs],
        "states": [[exact_text(v) for v in a] for a in on.states],
        "periodic": on.periodic,
        "region": None if on.region is None else [[exact_text(v) for v in side] for side in on.region],
        "radius": None if on.radius is None else exact_text(on.radius),
        "other": None if on.other is None else [exact_text(v) for v in on.other],
    }
