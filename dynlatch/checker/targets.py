"""What orbits are claimed to reach: cycles with trapping regions, and blocks of leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dynlatch.checker import intervals as iv
from dynlatch.checker.fields import Field
from dynlatch.checker.intervals import Interval
from dynlatch.checker.outcome import UnprovedError
from dynlatch.checker.points import are_apart, cycle, shown
from dynlatch.checker.systems import Box, System
from dynlatch.checker.trapping import Trap, TrapClaim, check_trap, read_trap

MAX_TARGETS: Final = 4096
_BITS: Final = 256


@dataclass(frozen=True, slots=True)
class TargetClaim:
    """A cycle with one or more trapping regions, or (without any) a block of leaves."""

    traps: tuple[TrapClaim, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """A target whose regions were proved again; a block has none."""

    traps: tuple[Trap, ...]

    @property
    def is_block(self) -> bool:
        """Whether it is a block of leaves rather than a cycle."""
        return not self.traps

    @property
    def period(self) -> int:
        """A period of the cycle."""
        return self.traps[0].claim.period

    def holds(self, box: Box) -> bool:
        """Whether every orbit from the box is proved to converge to the cycle, as the box is in an inner ball."""
        return any(trap.holds(box) for trap in self.traps)


def read_target(field: Field, dimension: int) -> TargetClaim:
    """A target of kind "point"."""
    parts = field.parts("kind", "traps")
    parts["kind"].text("point")
    return TargetClaim(tuple(read_trap(item, dimension) for item in parts["traps"].items(least=1)))


def read_targets(field: Field, dimension: int, *, blocks: bool) -> list[TargetClaim]:
    """A list of targets, blocks among them if they are allowed."""
    items = field.items()
    if len(items) > MAX_TARGETS:
        raise field.refuse(f"{len(items)} targets; at most {MAX_TARGETS} are read")
    found: list[TargetClaim] = []
    for item in items:
        value = item.value
        if blocks and isinstance(value, dict) and value.get("kind") == "block":
            item.parts("kind")
            found.append(TargetClaim(()))
        else:
            found.append(read_target(item, dimension))
    return found


def check_target(system: System, claim: TargetClaim) -> Target:
    """Prove every region of a target again, and that they belong to one cycle. Raises: UnprovedError if that fails."""
    traps = tuple(check_trap(system, trap) for trap in claim.traps)
    if len(traps) > 1:
        with iv.precision(_BITS):
            points = cycle(system, traps[0].at, traps[0].claim.period)
            for trap in traps[1:]:
                if trap.claim.period != traps[0].claim.period or not any(_is_in(p, trap.claim) for p in points):
                    raise UnprovedError(f"the trap at {shown(trap.at)} was not proved to belong to its target's cycle")
    return Target(traps)


def _is_in(box: Box, claim: TrapClaim) -> bool:
    return all(
        bool(iv.exact(lo) <= x.lo) and bool(x.hi <= iv.exact(hi)) for x, (lo, hi) in zip(box, claim.point, strict=True)
    )


def check_apart(system: System, targets: Sequence[Target]) -> None:
    """Prove that no two of the cycles are one. Raises: UnprovedError if that fails."""
    points = [t for t in targets if not t.is_block]
    with iv.precision(_BITS):
        for i, one in enumerate(points):
            for other in points[:i]:
                if not differ(system, one, other):
                    raise UnprovedError(f"the targets at {shown(one.traps[0].at)} and {shown(other.traps[0].at)} were "
                                        "not proved to be two")  # fmt: skip


def differ(system: System, one: Target, other: Target) -> bool:
    """Whether the cycles of two targets are proved to be two."""
    with iv.precision(_BITS):
        return are_apart(system, one.traps[0].at, other.traps[0].at, other.period)


def orbit_of(system: System, target: Target) -> list[list[Interval]]:
    """All points of a target's cycle."""
    with iv.precision(_BITS):
        return cycle(system, target.traps[0].at, target.period)
