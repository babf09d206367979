"""An audit as tables for a person: the whole in three lines, then what holds at each attractor and what misleads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich.table import Table

from dynlatch.cli.plain_tables import table
from dynlatch.views.numbers import at_least_text, at_most_text

if TYPE_CHECKING:
    from dynlatch.auditing.audit import AttractorAudit, Audit
    from dynlatch.auditing.entries import Entry
    from dynlatch.rigor.enclosure import Enclosure

Parts = list[Table | str]

_COLUMNS: Final = ("statement", "asked", "verdict", "by", "what follows")


def audit(found: Audit) -> Parts:
    """The summary, the whole map, and each attractor."""
    parts: Parts = [*found.summary, ""]
    general = [e for e in found.about_map if not e.misleads]
    if general:
        parts.append(table("the whole map", _COLUMNS, map(_row, general)))
    parts += _misleading("printed conclusions that mislead about the whole map", found.about_map)
    for a in found:
        parts += _attractor(a)
    return parts


def _attractor(found: AttractorAudit) -> Parts:
    name = f"attractor {found.number}: {found.attractor}"
    if found.mirrors is not None:
        return [f"{name}, the mirror image of number {found.mirrors} (M is odd): all is as there.", ""]
    parts: Parts = [table(name, _COLUMNS, map(_row, found.holds))]
    parts += _misleading(f"printed conclusions that mislead at attractor {found.number}", found.entries)
    reasons: dict[str, list[str]] = {}
    for e in found.silent:
        reasons.setdefault(e.follows, []).append(named(e))
    lines = [f"{', '.join(names)}: {why}." for why, names in reasons.items()]
    return [*parts, *(["Other printed statements here:", *(f"  {line}" for line in lines), ""] if lines else [])]


def _misleading(title: str, entries: Sequence[Entry]) -> Parts:
    rows = [[named(e), e.asked, e.follows] for e in entries if e.misleads]
    return [table(title, ("printed", "would conclude, and that is REFUTED", "here"), rows)] if rows else []


def _row(e: Entry) -> list[str]:
    return [named(e), e.asked, str(e.verdict), _margin(e.margin), e.follows]


def named(e: Entry) -> str:
    """A statement with its reading, where there are two."""
    return e.statement if e.reading in ("", "both") else f"{e.statement} ({e.reading})"


def _margin(margin: Enclosure | None) -> str:
    """The least by which it holds, the most by which it fails; a part of which it is not known which."""
    if margin is None:
        return ""
    if margin.lower > 0:
        return at_least_text(margin.lower, 5)
    return at_most_text(margin.upper, 5) if margin.upper < 0 else "0"
