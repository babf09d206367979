"""What a claim comes to: findings in cells, what they say after correction, and one verdict from many of them."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from dynlatch.claims.statistics import Interval, holm
from dynlatch.studies.cell import Scalar

ALPHA: Final = 0.05
"""The chance of any wrong statement among all cells of a claim."""


class Outcome(enum.StrEnum):
    """What trials say of a claim: measured, never proved."""

    HOLDS = "HOLDS"
    FAILS = "FAILS"
    MIXED = "MIXED"
    NOT_DECIDED = "NOT DECIDED"
    NO_DATA = "NO DATA"


class Says(enum.StrEnum):
    """What one cell says: as claimed, the opposite, no difference that would matter, or too little."""

    FOR = "for"
    AGAINST = "against"
    EQUAL = "equal"
    OPEN = "open"


class Rule(enum.StrEnum):
    """How cells make a verdict.

    EVERY: the claim is of each cell. MORE: of a difference in one direction, which the test over all cells together
    decides unless cells contradict it. NOT_LESS: of no difference in the other direction.
    """

    EVERY = "every"
    MORE = "more"
    NOT_LESS = "not less"


@dataclass(frozen=True, slots=True)
class Draft:
    """A cell before correction: what may be said of it, the first that is significant, each with its p."""

    where: str
    size: Interval
    num: int
    tests: tuple[tuple[Says, float], ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one cell says. ``size``: the effect, positive as claimed unless its part says otherwise, and its 95 %
    interval (of this cell alone); ``num``: trials; ``p``: of what is said, or the least of what might have been,
    corrected for all cells of the claim."""

    where: str
    size: Interval
    num: int
    p: float
    says: Says


@dataclass(frozen=True, slots=True)
class Plan:
    """A part of a claim with its cells, before correction. ``effect``: what the sizes are, in words."""

    statement: str
    effect: str
    rule: Rule
    cells: tuple[Draft, ...]
    overall: Draft | None = None
    votes: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a claim: its verdict, every cell, and all cells together (``overall``, None where nothing is).

    ``votes``: whether the claim asserts it; else it is told for comparison.
    """

    statement: str
    effect: str
    rule: Rule
    verdict: Outcome
    findings: tuple[Finding, ...]
    overall: Finding | None
    votes: bool = True

    @property
    def told(self) -> str:
        """How many cells say what, by task where there are several: "latch: for in 3, open in 5 of 8 cells"."""
        groups: dict[str, list[Says]] = {}
        for finding in self.findings:
            groups.setdefault(finding.where.split(",")[0], []).append(finding.says)
        if not 1 < len(groups) < len(self.findings):
            return _counted([f.says for f in self.findings])
        return "; ".join(f"{head}: {_counted(some)}" for head, some in groups.items())


def _counted(some: Sequence[Says]) -> str:
    counts = Counter(some)
    said = [f"{says} in {counts[says]}" for says in Says if counts[says]]
    return f"{', '.join(said)} of {len(some)} cells" if said else "no cells"


@dataclass(frozen=True, slots=True)
class Dependence:
    """The verdict under another reading or setting, or in some of the cells alone (``what``).

    ``usual``: the verdict that it is set against: under another setting, that of the usual one in the same cells; of
    one task, the claim's; of one noise or T, that of the parts of which something is known there. ``settings``: what
    differs, none for a reading or for some of the cells. ``parts``: those worth telling: under another setting
    those whose verdict is another one, and where each has its best setting all of them.
    """

    what: str
    settings: tuple[tuple[str, Scalar], ...]
    verdict: Outcome
    usual: Outcome
    num_cells: int
    parts: tuple[Part, ...] = ()

    @property
    def matters(self) -> bool:
        """Whether the verdict is another one, and decided."""
        return self.verdict not in (self.usual, Outcome.NOT_DECIDED, Outcome.NO_DATA)


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim of BSF94 and what trials say of it.

    ``name``: C1 to C7. ``statement``: in our words. ``source``: its place in the paper. ``departed``: settings of these
    trials that are not the defaults. ``dependences``: the verdict under other readings, on each task, noise and length
    alone, and under every other variant of a setting among the records. ``notes``: what else there is to know.
    Rigor: sampled.
    """

    name: str
    statement: str
    source: str
    verdict: Outcome
    parts: tuple[Part, ...]
    departed: tuple[tuple[str, Scalar], ...] = ()
    dependences: tuple[Dependence, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def depends(self) -> tuple[Dependence, ...]:
        """The readings and settings under which the verdict is another one."""
        return tuple(d for d in self.dependences if d.matters)


# --- from cells to a verdict ------------------------------------------------------------------------------------------


def settle(plans: Sequence[Plan]) -> tuple[Part, ...]:
    """Correct all cells of a claim together, and the tests over all cells of its parts together; then judge each part.

    The hypotheses that a cell's tests can reject exclude one another: that there is no difference, say, and that there
    is one of some size.
    """
    cells = _corrected([draft for plan in plans for draft in plan.cells])
    overalls = _corrected([plan.overall for plan in plans if plan.overall is not None])
    made: list[Part] = []
    for plan in plans:
        findings = tuple(next(cells) for _ in plan.cells)
        overall = None if plan.overall is None else next(overalls)
        verdict = judged(plan.rule, findings, overall)
        made.append(Part(plan.statement, plan.effect, plan.rule, verdict, findings, overall, plan.votes))
    return tuple(made)


def _corrected(drafts: Sequence[Draft]) -> Iterator[Finding]:
    cells = [k for k, draft in enumerate(drafts) for _ in draft.tests]
    corrected = iter(holm([p for draft in drafts for _, p in draft.tests], cells))
    for draft in drafts:
        tests = [(says, next(corrected)) for says, _ in draft.tests]
        says, p = next((t for t in tests if t[1] <= ALPHA), (Says.OPEN, min((p for _, p in tests), default=1.0)))
        yield Finding(draft.where, draft.size, draft.num, p, says)


def judged(rule: Rule, findings: Sequence[Finding], overall: Finding | None) -> Outcome:
    """The verdict of one part.

    NO DATA without cells. MIXED if some cells are for it and some against. EVERY: HOLDS if more than half are for it,
    FAILS if more than half are against. MORE: ``overall`` decides, HOLDS or FAILS, where it says "equal" FAILS; but
    cells that say otherwise, or a difference in fewer cells than have none, make it MIXED. NOT_LESS: "equal" is HOLDS.
    """
    if not findings:
        return Outcome.NO_DATA
    counts = Counter(f.says for f in findings)
    pro, con, same = counts[Says.FOR], counts[Says.AGAINST], counts[Says.EQUAL]
    if rule is Rule.NOT_LESS:
        pro, same = pro + same, 0
    if pro and con:
        return Outcome.MIXED
    if rule is Rule.EVERY or overall is None:
        return _majority(pro, con, len(findings))
    says = Says.FOR if rule is Rule.NOT_LESS and overall.says is Says.EQUAL else overall.says
    if says is Says.OPEN:
        return Outcome.NOT_DECIDED
    if says is Says.FOR:
        return Outcome.MIXED if con or same > pro else Outcome.HOLDS
    return Outcome.MIXED if pro else Outcome.FAILS


def _majority(pro: int, con: int, count: int) -> Outcome:
    if 2 * pro > count:
        return Outcome.HOLDS
    return Outcome.FAILS if 2 * con > count else Outcome.NOT_DECIDED


def combined(parts: Iterable[Part]) -> Outcome:
    """The verdict of a claim from those of its parts, as far as it asserts them.

    MIXED if a part is, or if some hold and some fail; else FAILS if one fails; else NOT DECIDED if one is not decided
    or lacks data; NO DATA if all do.
    """
    found = {part.verdict for part in parts if part.votes}
    if found <= {Outcome.NO_DATA}:
        return Outcome.NO_DATA
    if Outcome.MIXED in found or found >= {Outcome.HOLDS, Outcome.FAILS}:
        return Outcome.MIXED
    if Outcome.FAILS in found:
        return Outcome.FAILS
    return Outcome.HOLDS if found == {Outcome.HOLDS} else Outcome.NOT_DECIDED
