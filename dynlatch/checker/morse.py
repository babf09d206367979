"""Morse graphs: the image of a leaf touches leaves of lower order only, or of its own Morse set."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from dynlatch.checker import intervals as iv
from dynlatch.checker.cells import Cells, Work, for_leaves, middle_of, named, pieces
from dynlatch.checker.fields import Field
from dynlatch.checker.intervals import Interval
from dynlatch.checker.outcome import RefutedError, UnprovedError
from dynlatch.checker.points import PointClaim, check_point, read_point, shown
from dynlatch.checker.systems import Box, System, defined
from dynlatch.checker.trees import MIXED, Judge, Place, Tree, read_tree
from dynlatch.checker.walks import Walk

NO_SET: Final = -1
MAX_DRIFT: Final = 64
_BITS: Final = 256
_HALVINGS: Final = 2


@dataclass(frozen=True, slots=True)
class MorseSet:
    """Whether a Morse set keeps all orbits, and fixed points and cycles that lie in it."""

    attracting: bool
    points: list[PointClaim]


@dataclass(frozen=True, slots=True)
class Drift:
    """f . (M^steps(a) - a) > 0 on all leaves of one order: no orbit can stay in them."""

    functional: tuple[Fraction, ...]
    steps: int


@dataclass(frozen=True, slots=True)
class MorseClaim:
    """The order of every leaf and the Morse set that it belongs to, or -1; ``drifts`` by order."""

    tree: Tree
    order: array[int]
    member: array[int]
    sets: list[MorseSet]
    drifts: dict[int, Drift]


def read_morse(field: Field, dimension: int) -> MorseClaim:
    """The claim of kind "morse graph"."""
    parts = field.parts("tree", "sets", optional=("drifts",))
    sets: list[MorseSet] = []
    for item in parts["sets"].items():
        inner = item.parts("attracting", "points")
        points = [read_point(p, dimension) for p in inner["points"].items()]
        sets.append(MorseSet(inner["attracting"].boolean(), points))
    tree, columns = read_tree(parts["tree"], dimension, {"order": "i4", "set": "i4"})
    if not NO_SET <= min(columns["set"]) <= max(columns["set"]) < len(sets):
        raise parts["tree"].refuse(f"sets must lie between -1 and {len(sets) - 1}, the last set")
    drifts: dict[int, Drift] = {}
    for item in parts["drifts"].items() if "drifts" in parts else ():
        inner = item.parts("order", "functional", "steps")
        order = inner["order"].whole(-(1 << 31), (1 << 31) - 1)
        if order in drifts:
            raise item.refuse(f"a second drift for order {order}")
        drifts[order] = Drift(inner["functional"].vector(dimension), inner["steps"].whole(1, MAX_DRIFT))
    return MorseClaim(tree, columns["order"], columns["set"], sets, drifts)


def check_morse(system: System, claim: MorseClaim, work: Work) -> int:
    """Prove the claim again; returns how many leaves were looked at.

    Raises: UnprovedError, or RefutedError, if that fails.
    """
    rules = _MorseRules(system, claim)
    rules.check_sets()
    return for_leaves(claim.tree, work, rules.check)


class _MorseRules:
    def __init__(self, system: System, claim: MorseClaim) -> None:
        self._claim = claim
        self._cells = Cells(system, claim.tree)
        self._orders = claim.tree.most(claim.order)
        self._members = claim.tree.common(claim.member)

    def check_sets(self) -> None:
        """Prove what is said of the sets themselves: one order each, and the points inside.

        Raises: UnprovedError, or RefutedError, if that fails.
        """
        orders: list[set[int]] = [set() for _ in self._claim.sets]
        for order, member in zip(self._claim.order, self._claim.member, strict=True):
            if member != NO_SET:
                orders[member].add(order)
        for k, (found, morse) in enumerate(zip(orders, self._claim.sets, strict=True)):
            if len(found) != 1:
                raise RefutedError(f"Morse set {k} has leaves of {len(found)} orders; it must have one")
            for point in morse.points:
                at = check_point(self._cells.system, point)
                with iv.precision(_BITS):
                    box = [iv.span(lo, hi) for lo, hi in point.box]
                    if not self._cells.touches_only(box, self._in_set(k)):
                        raise UnprovedError(f"the point at {shown(at)} was not proved to lie in Morse set {k}")

    def check(self, leaf: int, extent: int, corner: Place) -> None:
        """Raises: UnprovedError, or RefutedError, if a leaf's image is not proved to go where it must."""
        order, k = self._claim.order[leaf], self._claim.member[leaf]
        box = self._claim.tree.box(extent, corner)
        attracting = k != NO_SET and self._claim.sets[k].attracting
        drift = self._claim.drifts.get(order) if k == NO_SET else None
        if drift is not None and not self._is_driven(list(box), drift, _HALVINGS):
            raise UnprovedError(f"{named(leaf, box)}: that orbits drift through order {order} was not proved")
        judge = self._in_set(k) if attracting else self._lower(order if drift is None else order + 1, k)
        if not self._cells.proved(box, lambda image: self._cells.touches_only(image, judge, inside=attracting)):
            self._refute(leaf, box, judge, attracting)
            raise UnprovedError(f"{named(leaf, box)}: that its image goes down in order was not proved")

    def _is_driven(self, box: list[Interval], drift: Drift, halvings: int) -> bool:
        """Whether f . (M^steps(a) - a) > 0 is proved on a box, by pieces if need be."""
        walk = Walk(self._cells.system, box)
        while walk.step < drift.steps and walk.advance():
            pass
        if walk.step == drift.steps and walk.displacement([iv.number(f) for f in drift.functional]).lo > 0:
            return True
        return halvings > 0 and all(self._is_driven(piece, drift, halvings - 1) for piece in pieces(box))

    def _in_set(self, k: int) -> Judge:
        members = self._members

        def judge(node: int) -> bool | None:
            return None if members[node] == MIXED else members[node] == k

        return judge

    def _lower(self, order: int, k: int) -> Judge:
        """Whether all leaves of a node are of lower order, or of the same set."""
        orders, members, link = self._orders, self._members, self._claim.tree.link

        def judge(node: int) -> bool | None:
            if orders[node] < order or (k != NO_SET and members[node] == k):
                return True
            return False if link[node] < 0 else None

        return judge

    def _refute(self, leaf: int, box: Box, judge: Judge, attracting: bool) -> None:
        """Say so if the middle of the leaf is proved to be mapped among leaves that are not allowed."""
        image = self._cells.system.image(middle_of(box))
        if not defined(image):
            return
        tree, link = self._claim.tree, self._claim.tree.link
        ranges = tree.ranges(image)
        if ranges is None:
            if attracting:
                raise RefutedError(f"{named(leaf, box)} of an attracting set is mapped out of the box")
            return
        every = list(tree.touched(ranges, lambda node: False if link[node] < 0 else None))
        failing = list(tree.touched(ranges, lambda node: judge(node) if link[node] < 0 else None))
        if every and len(every) == len(failing) and (attracting or tree.holds(image)):
            raise RefutedError(f"{named(leaf, box)}: its middle is mapped into leaves that are not allowed")
