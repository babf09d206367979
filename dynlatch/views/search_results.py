"""A search for counterexamples as JSON, and the families that it can draw from; see ``results``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynlatch.views.json_values import Json, exact_text, number
from dynlatch.views.results import of_map
from dynlatch.views.theorem_rows import of_case, of_finding

if TYPE_CHECKING:
    from dynlatch.searching.family import Family
    from dynlatch.searching.search import Search
    from dynlatch.theorems.statements import Replay


def of_search(found: Search, replayed: Replay | None) -> Json:
    """What was found, in exact numbers, what the replayed counterexample is proved to do, and how much was tried."""
    on = None if found.witness is None else found.witness.case
    return {
        "statement": found.statement.id,
        "reading": found.statement.reading,
        "known": str(found.statement.verdict),
        "family": found.family.name,
        "verdict": str(found.verdict),
        "stop": str(found.stop),
        "witness": None if found.witness is None else found.witness.text,
        "numbers": [
            {"symbol": symbol, "value": exact_text(value)}
            for symbol, value in zip(found.family.symbols, found.numbers, strict=False)
        ],
        "map": None if on is None else of_map(on.map),
        "case": None if on is None else of_case(on),
        "findings": [] if replayed is None else [of_finding(f) for f in replayed.findings],
        "num_draws": found.num_draws,
        "budget": found.budget,
        "num_evaluations": found.num_evaluations,
        "num_candidates": found.num_candidates,
        "best_margin": number(found.best_margin) if found.has_members else None,
        "seed": found.seed,
    }


def of_family(family: Family) -> Json:
    """A family: what is drawn, the numbers that tell a member, and the statements that it can be turned against."""
    return {
        "name": family.name,
        "text": family.text,
        "symbols": list(family.symbols),
        "aims": [{"statement": i, "reading": reading} for i, reading in family.aims],
    }
