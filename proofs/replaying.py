"""One document replayed, as the little that another process needs to hear of it."""

from __future__ import annotations

from dataclasses import dataclass

from proofs import document
from proofs.document import replay
from proofs.page import page


@dataclass(frozen=True, slots=True)
class Line:
    """What the table says of one document, and the document as text."""

    id: str
    title: str
    num_checked: int
    num_quoted: int
    seconds: float
    failed: tuple[str, ...]
    text: str


def replayed(module: str) -> Line:
    """Replay one document. Runs in a process of its own: the precision of balls belongs to a process."""
    found = replay(document(module))
    failed = tuple(
        f"{o.step.says}: {o.finding.verdict}, {o.finding.how}"
        for o in found.outcomes
        if not o.stands and o.finding is not None
    )
    doc = found.document
    return Line(doc.id, doc.title, found.num_checked, found.num_quoted, found.seconds, failed, page(found))
