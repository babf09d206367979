"""One inequality, decided: what was asked, the answer, and by how much it holds or fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.rigor.krawczyk import Ball
from dynlatch.verdict import Verdict

BY_BALLS = "balls"
EXACTLY = "exact"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was asked, and what is known of it.

    ``margin`` encloses by how much it holds (positive) or fails (negative), in the units of the two sides; None where
    it is no inequality. ``how`` says what decided it: "balls", "exact", or a few words.
    """

    text: str
    verdict: Verdict
    margin: Enclosure | None = None
    how: str = BY_BALLS

    @property
    def holds(self) -> bool:
        """Whether it is proved."""
        return self.verdict is Verdict.PROVED

    @property
    def fails(self) -> bool:
        """Whether it is refuted."""
        return self.verdict is Verdict.REFUTED

    def denied(self) -> Finding:
        """The opposite: what was refuted is proved."""
        margin = None if self.margin is None else -self.margin
        return Finding(f"not so: {self.text}", _OPPOSITE[self.verdict], margin, self.how)

    def named(self, text: str) -> Finding:
        """The same in other words."""
        return replace(self, text=text)


_OPPOSITE = {
    Verdict.PROVED: Verdict.REFUTED,
    Verdict.REFUTED: Verdict.PROVED,
    Verdict.INCONCLUSIVE: Verdict.INCONCLUSIVE,
}


def less(text: str, left: Ball, right: Ball) -> Finding:
    """Whether left < right. The margin is right - left. Rigor: certified."""
    return _compared(text, right - left, strict=True)


def at_most(text: str, left: Ball, right: Ball) -> Finding:
    """Whether left <= right. The margin is right - left. Rigor: certified."""
    return _compared(text, right - left, strict=False)


def _compared(text: str, gap: Ball, *, strict: bool) -> Finding:
    if not gap.is_finite():
        return Finding(text, Verdict.INCONCLUSIVE)
    holds, fails = (gap > 0, gap <= 0) if strict else (gap >= 0, gap < 0)
    try:
        margin = balls.enclosure(gap)
    except ArithmeticError:  # finite, but too large to be written out
        margin = None
    return Finding(text, _verdict(holds, fails), margin)


def _verdict(holds: bool, fails: bool) -> Verdict:
    return Verdict.PROVED if holds else Verdict.REFUTED if fails else Verdict.INCONCLUSIVE


def exactly(text: str, holds: bool, how: str = EXACTLY) -> Finding:
    """What exact arithmetic or algebra has decided."""
    return Finding(text, Verdict.PROVED if holds else Verdict.REFUTED, None, how)


def unknown(text: str, why: str) -> Finding:
    """What could not be decided, and why."""
    return Finding(text, Verdict.INCONCLUSIVE, None, why)


def every(text: str, findings: Sequence[Finding]) -> Finding:
    """All of them as one: refuted with the worst of those that are, else undecided if one is, else proved.

    The margin is that of the finding that decides: the least one where all hold.
    """
    for verdict in (Verdict.REFUTED, Verdict.INCONCLUSIVE, Verdict.PROVED):
        if chosen := [f for f in findings if f.verdict is verdict]:
            worst = min(chosen, key=lambda f: float("inf") if f.margin is None else float(f.margin))
            where = "" if verdict is Verdict.PROVED else f" ({worst.text})"
            return Finding(text + where, verdict, worst.margin, worst.how)
    return exactly(text, True, "nothing to check")
