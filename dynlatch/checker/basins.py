"""Basins: every orbit from a labelled leaf reaches its target within ``rank`` steps, or leaves the box."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from dynlatch.checker import intervals as iv
from dynlatch.checker.cells import Cells, Rule, Work, for_leaves, middle_of, named
from dynlatch.checker.document import unpack
from dynlatch.checker.fields import Field
from dynlatch.checker.outcome import RefutedError, UnprovedError
from dynlatch.checker.points import shown
from dynlatch.checker.systems import Box, System, defined
from dynlatch.checker.targets import Target, TargetClaim, check_apart, check_target, orbit_of, read_targets
from dynlatch.checker.trees import MIXED, Judge, Place, Tree, read_tree

LEAVES: Final = -2
NOTHING: Final = -1
MAX_POWER: Final = 4096
"""Of M that one leaf's rule may be about."""
_REPLAYED: Final = 100_000
_BITS: Final = 256


@dataclass(frozen=True, slots=True)
class BasinsClaim:
    """Labels and ranks of leaves, the leaves that avoid a target, and volumes that follow."""

    tree: Tree
    label: array[int]
    rank: array[int]
    steps: array[int] | None
    avoids: dict[int, array[int]]
    targets: list[TargetClaim]
    areas: list[tuple[Fraction, Fraction]]


def read_basins(field: Field, dimension: int) -> BasinsClaim:
    """The claim of kind "basins"."""
    parts = field.parts("tree", "targets", "areas", optional=("avoids",))
    targets = read_targets(parts["targets"], dimension, blocks=True)
    tree, columns = read_tree(parts["tree"], dimension, {"label": "i4", "rank": "i4", "steps": "i4?"})
    if tree.num_leaves and not LEAVES <= min(columns["label"]) <= max(columns["label"]) < len(targets):
        raise parts["tree"].refuse(f"labels must lie between {LEAVES} and {len(targets) - 1}, the last target")
    avoids: dict[int, array[int]] = {}
    for name, part in parts["avoids"].entries().items() if "avoids" in parts else ():
        if not (name.isdecimal() and name.isascii() and len(name) < 6 and int(name) < len(targets)):
            raise part.refuse("is not the number of a target")
        avoids[int(name)] = unpack(part, "u1", tree.num_leaves)
    areas = [item.parts("inner", "outer") for item in parts["areas"].items(len(targets))]
    volumes = [(area["inner"].number(), area["outer"].number()) for area in areas]
    return BasinsClaim(tree, columns["label"], columns["rank"], columns.get("steps"), avoids, targets, volumes)


def check_basins(system: System, claim: BasinsClaim, work: Work) -> int:
    """Prove the claim again, leaf by leaf; returns how many leaves were looked at.

    Raises: UnprovedError, or RefutedError, if that fails.
    """
    targets = [check_target(system, target) for target in claim.targets]
    check_apart(system, targets)
    check_areas(claim)
    with iv.precision(_BITS):
        rules = BasinRules(system, claim.tree, claim.label, claim.rank, claim.steps, targets)
        avoiding = [_Avoiding(rules, k, column) for k, column in claim.avoids.items()]
        rules.check_blocks()

    def check(leaf: int, extent: int, corner: Place) -> None:
        rules.check(leaf, extent, corner)
        for rule in avoiding:
            rule.check(leaf, extent, corner)

    return for_leaves(claim.tree, work, check)


class BasinRules:
    """The local rules of labels: what they say of a leaf follows from what they say of leaves of lower rank."""

    def __init__(
        self,
        system: System,
        tree: Tree,
        label: array[int],
        rank: array[int],
        steps: array[int] | None,
        targets: Sequence[Target],
    ) -> None:
        self.cells = Cells(system, tree)
        self.tree = tree
        self.label = label
        self.rank = rank
        self.targets = targets
        self._steps = steps
        self._labels = tree.common(label)
        self._ranks = tree.most(rank)

    def check(self, leaf: int, extent: int, corner: Place) -> None:
        """Prove what is said of a leaf. Raises: UnprovedError, or RefutedError, if that fails."""
        k, rank = self.label[leaf], self.rank[leaf]
        if k == NOTHING:
            return
        box = self.tree.box(extent, corner)
        if not self._holds(k, rank, 1 if self._steps is None else self._steps[leaf], box):
            self._refute(leaf, k, rank, box)
            raise UnprovedError(f"{named(leaf, box)}: {_said(k, rank)} was not proved")

    def _holds(self, k: int, rank: int, steps: int, box: Box) -> bool:
        """The rule for M^steps: its image lies in the target, or in leaves of the label that need fewer steps yet."""
        if rank == 0:
            if k == LEAVES:
                return False
            target = self.targets[k]
            return self.cells.proved(box, self._falls(k, 1)) if target.is_block else target.holds(box)
        if not 1 <= steps <= min(rank, MAX_POWER):
            return False
        return self.cells.proved(box, self._falls(k, rank - steps + 1), steps)

    def _falls(self, k: int, rank: int) -> Rule:
        """Whether an image touches leaves of label k with a rank below ``rank`` only, or is in an inner ball."""
        lower = self._below(k, rank)
        if k == LEAVES:
            return lambda image: self.cells.touches_only(image, lower, inside=False)
        target = self.targets[k]
        return lambda image: self.cells.touches_only(image, lower) or target.holds(image)

    def _below(self, k: int, rank: int) -> Judge:
        """Whether all leaves of a node have label k and a rank below ``rank``."""
        labels, ranks, link = self._labels, self._ranks, self.tree.link

        def judge(node: int) -> bool | None:
            label = labels[node]
            if label == MIXED:
                return None
            if label != k:
                return False
            if ranks[node] < rank:
                return True
            return False if link[node] < 0 else None

        return judge

    def check_blocks(self) -> None:
        """Prove that no cycle of a target touches a block: then no orbit both converges to it and ends in the block.

        Two blocks cannot touch: the image of a common point would lie in leaves of the one and of the other only.
        Raises: UnprovedError if that fails.
        """
        blocks = {k for k, target in enumerate(self.targets) if target.is_block}
        if not blocks:
            return
        inside = self.tree.common(
            [k if k in blocks and r == 0 else NOTHING for k, r in zip(self.label, self.rank, strict=True)]
        )

        def judge(node: int) -> bool | None:
            return None if inside[node] == MIXED else inside[node] == NOTHING

        for target in self.targets:
            for point in orbit_of(self.cells.system, target) if not target.is_block else ():
                if not self.cells.touches_only(point, judge, inside=False):
                    raise UnprovedError(f"the cycle point {shown(point)} of a target may lie in the block of another")

    def _refute(self, leaf: int, k: int, rank: int, box: Box) -> None:
        """Follow the orbit of the middle, and say so if it is proved not to do what is said of it."""
        if not 0 <= rank <= _REPLAYED:
            return
        with iv.precision(_BITS):
            state = middle_of(box)
            for step in range(rank + 1):
                if not defined(state):
                    return
                if k == LEAVES:
                    if not self.tree.holds(state):
                        return
                elif not self._misses(k, state):
                    return
                if step < rank:
                    state = self.cells.system.image(state)
        raise RefutedError(f"{named(leaf, box)}: {_said(k, rank)}, but the orbit of its middle does not")

    def _misses(self, k: int, state: Box) -> bool:
        """Whether a state is proved to be in no inner ball of a target, or outside the block."""
        target = self.targets[k]
        if target.is_block:
            ranges, link = self.tree.ranges(state), self.tree.link
            found = self.tree.touched(ranges, lambda node: None if link[node] >= 0 else False) if ranges else ()
            return all(self.label[leaf] != k or self.rank[leaf] != 0 for leaf, _, _ in found)
        return all(t.inner < 0 or t.ball.distance_squared(state).lo > (t.inner * t.inner).upper() for t in target.traps)


def _said(k: int, rank: int) -> str:
    return f"that orbits {'leave the box' if k == LEAVES else f'reach target {k}'} within {rank} steps"


class _Avoiding:
    """Leaves from which no orbit converges to a cycle, or enters a block.

    Such an orbit stays in leaves of this kind for ever, or comes to another target for good. In the first case it keeps
    away from one point of the cycle, which is in none of them.
    """

    def __init__(self, rules: BasinRules, k: int, column: array[int]) -> None:
        self.rules = rules
        self.k = k
        self.column = column
        tree, target = rules.tree, rules.targets[k]
        others = [label >= 0 and label != k for label in rules.label]
        self._avoided = tree.common([int(bool(a) or o) for a, o in zip(column, others, strict=True)])
        self._others = others
        if target.is_block:
            pairs = zip(rules.label, rules.rank, strict=True)
            self._touched = {i for i, (label, rank) in enumerate(pairs) if label == k and rank == 0}
        else:
            self._touched = set[int]()
            for trap in target.traps:
                self._touched |= tree.leaves_touched([iv.span(lo, hi) for lo, hi in trap.claim.point])

    def check(self, leaf: int, extent: int, corner: Place) -> None:
        """Raises: UnprovedError, or RefutedError, if a leaf that is said to avoid the target is not proved to."""
        if not self.column[leaf] or self._others[leaf]:
            return
        box = self.rules.tree.box(extent, corner)
        what = f"{named(leaf, box)}: that no orbit from it comes to target {self.k}"
        if self.column[leaf] != 1 or leaf in self._touched or self.rules.label[leaf] == self.k:
            raise UnprovedError(f"{what} was not proved")
        if not self.rules.cells.proved(box, self._is_kept):
            self._refute(what, box)
            raise UnprovedError(f"{what} was not proved")

    def _is_kept(self, image: Box) -> bool:
        if self.rules.cells.touches_only(image, self._judge):
            return True
        return any(t.holds(image) for j, t in enumerate(self.rules.targets) if j != self.k)

    def _judge(self, node: int) -> bool | None:
        value = self._avoided[node]
        return None if value == MIXED else value == 1

    def _refute(self, what: str, box: Box) -> None:
        target = self.rules.targets[self.k]
        if target.is_block:
            return
        with iv.precision(_BITS):
            state = middle_of(box)
            for _ in range(200):
                if target.holds(state):
                    raise RefutedError(f"{what} is false of the orbit of its middle")
                state = self.rules.cells.system.image(state)
                if not defined(state):
                    return


def check_areas(claim: BasinsClaim) -> None:
    """Compare the volumes with the leaves', exactly. Raises: RefutedError if one is wrong."""
    tree = claim.tree
    inner = [Fraction(0)] * len(claim.targets)
    outer = [Fraction(0)] * len(claim.targets)
    counts: dict[tuple[int, int, tuple[int, ...]], int] = {}
    for leaf, extent, _ in tree.leaves():
        avoided = tuple(k for k, column in claim.avoids.items() if column[leaf])
        key = extent, claim.label[leaf], avoided
        counts[key] = counts.get(key, 0) + 1
    for (extent, label, avoided), count in counts.items():
        volume = tree.volume(extent) * count
        for k in range(len(claim.targets)):
            inner[k] += volume if label == k else 0
            outer[k] += volume if label in (k, NOTHING, LEAVES) and k not in avoided else 0
    for k, (low, high) in enumerate(claim.areas):
        if (low, high) != (inner[k], outer[k]):
            raise RefutedError(
                f"the volumes of target {k} are {iv.brief(inner[k])} and {iv.brief(outer[k])}, "
                f"not {iv.brief(low)} and {iv.brief(high)}"
            )
