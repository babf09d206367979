"""Local rules on the leaves of a tree: the loop over the leaves, and rules proved on them by pieces."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from dynlatch.checker import intervals as iv
from dynlatch.checker.intervals import UNDEFINED, Interval
from dynlatch.checker.outcome import UnprovedError
from dynlatch.checker.points import shown
from dynlatch.checker.systems import Box, System, defined
from dynlatch.checker.trees import Judge, Place, Tree
from dynlatch.checker.walks import Walk
from dynlatch.progress import Progress

Rule: TypeAlias = Callable[[Box], bool]
"""Whether what is said is proved of a set, from an enclosure of its image."""
LeafRule: TypeAlias = Callable[[int, int, Place], None]
"""Of a leaf, its extent and corner; raises what stands against it."""

BITS: Final = 80
_HALVINGS: Final = {1: 8, 2: 5, 3: 3, 4: 2}
"""How often a leaf is halved along every axis before its rule is given up."""
_BATCH: Final = 1024


@dataclass(frozen=True, slots=True)
class Work:
    """How much is checked, and who listens: ``sample`` leaves of a tree, chosen by ``seed``, or all of them."""

    sample: int | None
    seed: int
    progress: Progress


def for_leaves(tree: Tree, work: Work, rule: LeafRule) -> int:
    """Apply a rule to every leaf, or to a sample of them; returns to how many."""
    total = tree.num_leaves
    chosen: set[int] | None = None
    if work.sample is not None and work.sample < total:
        chosen = set(random.Random(work.seed).sample(range(total), work.sample))
    checked = 0
    work.progress.start("checking leaves", total)
    with iv.precision(BITS):
        for count, (leaf, extent, corner) in enumerate(tree.leaves(), start=1):
            if chosen is None or leaf in chosen:
                try:
                    rule(leaf, extent, corner)
                except UnprovedError as error:
                    error.checked = checked
                    raise
                checked += 1
            if count % _BATCH == 0:
                work.progress.advance(_BATCH)
    work.progress.advance(total % _BATCH)
    work.progress.finish()
    return checked


class Cells:
    """A map on the leaves of a tree."""

    def __init__(self, system: System, tree: Tree) -> None:
        self.system = system
        self.tree = tree
        self._halvings = _HALVINGS.get(system.dimension, 1)

    def touches_only(self, image: Box, judge: Judge, *, inside: bool = True) -> bool:
        """Whether an image touches passing leaves only, and (if ``inside``) lies in the tree's box."""
        if inside and not self.tree.holds(image):
            return False
        ranges = self.tree.ranges(image)
        return ranges is None or self.tree.all_touched(ranges, judge)

    def proved(self, box: Box, rule: Rule, steps: int = 1) -> bool:
        """Whether a rule about M^steps that is true of a set if it is true of its parts is proved on a box."""
        return self._proved(list(box), rule, steps, self._halvings)

    def _proved(self, box: list[Interval], rule: Rule, steps: int, halvings: int) -> bool:
        if steps == 1:
            image = self.system.image(box)
            if defined(image) and rule(image):
                return True
        if steps > 1 or self.system.layer is None:  # one step of a network is sharp already
            walk = Walk(self.system, box)
            while walk.step < steps and walk.advance():
                pass
            if walk.step == steps and rule(walk.state):
                return True
        if halvings == 0:
            # Where M has no value, or one that is not bounded, the image may be anywhere, or there is none.
            return rule([UNDEFINED] * len(box))
        return all(self._proved(piece, rule, steps, halvings - 1) for piece in pieces(box))


def pieces(box: Sequence[Interval]) -> list[list[Interval]]:
    """The 2^n parts of a box that is halved along every axis."""
    found: list[list[Interval]] = [[]]
    for x in box:
        found = [[*part, half] for part in found for half in iv.halves(x)]
    return found


def middle_of(box: Box) -> list[Interval]:
    """A point in the middle of a box, as a box."""
    return [Interval(x.middle, x.middle) for x in box]


def named(leaf: int, box: Box) -> str:
    """A leaf for a message."""
    return f"leaf {leaf} around {shown(box)}"
