"""Tolerances: noise up to a size never drives an orbit from the attractor out of a set inside its basin, or Gamma."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Final

from flint import arb

from dynlatch.checker import intervals as iv
from dynlatch.checker.basins import BasinRules
from dynlatch.checker.cells import Cells, Work, for_leaves, middle_of, named
from dynlatch.checker.fields import Field
from dynlatch.checker.gamma import IN, GammaRules
from dynlatch.checker.noise import BoxProof, Noise, check_box_proof, read_box_proof, read_noise
from dynlatch.checker.outcome import RefutedError, UnprovedError
from dynlatch.checker.points import shown
from dynlatch.checker.systems import Box, System, defined
from dynlatch.checker.targets import Target, TargetClaim, check_target, read_target
from dynlatch.checker.trees import MIXED, Place, Tree, read_tree

_BITS: Final = 256


@dataclass(frozen=True, slots=True)
class CellProof:
    """The leaves that stay, with what puts them into the basin, and (for Gamma) into Gamma."""

    tree: Tree
    stays: array[int]
    label: array[int]
    rank: array[int]
    steps: array[int] | None
    uniform: array[int] | None
    uniform_steps: array[int] | None


@dataclass(frozen=True, slots=True)
class ToleranceClaim:
    """No orbit with such noise that starts on the target's cycle leaves a set inside its basin, or inside Gamma."""

    noise: Noise
    gamma: bool
    target: TargetClaim
    proof: BoxProof | CellProof

    @property
    def num_leaves(self) -> int:
        """How many leaves the proof has; 1 for a proof by a box."""
        return self.proof.tree.num_leaves if isinstance(self.proof, CellProof) else 1


def read_tolerance(field: Field, dimension: int) -> ToleranceClaim:
    """The claim of kind "tolerance"."""
    parts = field.parts("noise", "noise_norm", "set", "target", "proof")
    gamma = parts["set"].text("basin", "gamma") == "gamma"
    noise, target = read_noise(parts["noise"], parts["noise_norm"]), read_target(parts["target"], dimension)
    proof = parts["proof"]
    if isinstance(proof.value, dict) and proof.value.get("kind") == "box":
        return ToleranceClaim(noise, gamma, target, read_box_proof(proof, dimension))
    inner = proof.parts("kind", "tree")
    inner["kind"].text("cells", "box")
    names = {"stays": "u1", "label": "i4", "rank": "i4", "steps": "i4?"}
    tree, columns = read_tree(
        inner["tree"], dimension, names | ({"uniform": "i4", "uniform_steps": "i4"} if gamma else {})
    )
    if not -2 <= min(columns["label"]) <= max(columns["label"]) <= 0:
        raise inner["tree"].refuse("labels must be 0 (the target), -1 or -2")
    if max(columns["stays"]) > 1:
        raise inner["tree"].refuse("stays must be 0 or 1")
    found = CellProof(
        tree, columns["stays"], columns["label"], columns["rank"], columns.get("steps"), columns.get("uniform"),
        columns.get("uniform_steps"),
    )  # fmt: skip
    return ToleranceClaim(noise, gamma, target, found)


def check_tolerance(system: System, claim: ToleranceClaim, work: Work) -> int:
    """Prove the claim again; returns how many leaves were looked at (1 for a proof by a box).

    Raises: UnprovedError, or RefutedError, if that fails.
    """
    target = check_target(system, claim.target)
    if isinstance(claim.proof, BoxProof):
        check_box_proof(system, claim.proof, target, claim.noise, gamma=claim.gamma)
        return 1
    rules = _Staying(system, claim, claim.proof, target)
    return for_leaves(claim.proof.tree, work, rules.check)


class _Staying:
    """The union S of the leaves that stay: it holds the cycle, M and the noise keep it, and it lies in the basin."""

    def __init__(self, system: System, claim: ToleranceClaim, proof: CellProof, target: Target) -> None:
        self._cells = Cells(system, proof.tree)
        self._proof = proof
        self._noise = claim.noise
        self._stay = proof.tree.common(proof.stays)
        self._basin = BasinRules(system, proof.tree, proof.label, proof.rank, proof.steps, [target])
        self._gamma = GammaRules(system, [target]) if claim.gamma else None
        for trap in target.traps:
            with iv.precision(_BITS):
                place = [iv.span(lo, hi) for lo, hi in trap.claim.point]
                if not self._cells.touches_only(place, self._judge):
                    raise UnprovedError(f"the point at {shown(trap.at)} was not proved to lie in leaves that stay")

    def check(self, leaf: int, extent: int, corner: Place) -> None:
        """Raises: UnprovedError, or RefutedError, if a leaf is not proved to be what it is said to be."""
        proof = self._proof
        if proof.label[leaf] == 0:
            self._basin.check(leaf, extent, corner)
        if not proof.stays[leaf]:
            return
        box = proof.tree.box(extent, corner)
        if proof.label[leaf] != 0:
            raise UnprovedError(f"{named(leaf, box)} stays, but nothing puts it into the basin")
        if self._gamma is not None and proof.uniform is not None and proof.uniform_steps is not None:
            if proof.uniform[leaf] != IN:
                raise UnprovedError(f"{named(leaf, box)} stays, but nothing puts it into Gamma")
            self._gamma.check(leaf, box, 0, {"uniform": (IN, proof.uniform_steps[leaf])})
        size = iv.exact(self._noise.size).upper()
        if not self._cells.proved(box, lambda image: self._keeps(image, size)):
            self._refute(leaf, box)
            raise UnprovedError(f"{named(leaf, box)}: that M and the noise keep it in leaves that stay was not proved")

    def _judge(self, node: int) -> bool | None:
        value = self._stay[node]
        return None if value == MIXED else value == 1

    def _keeps(self, image: Box, size: arb) -> bool:
        """Whether all that is at most ``size`` from the image lies in the box, in leaves that stay."""
        wide = [iv.made(x.lo - size, x.hi + size) for x in image]
        tree = self._proof.tree
        if not tree.holds(wide):
            return False
        ranges = tree.ranges(wide)
        if ranges is None:
            return False
        if self._noise.norm == "inf" or len(image) == 1:
            return tree.all_touched(ranges, self._judge)
        square = (size * size).upper()

        def missed(extent: int, corner: Place) -> bool:
            return _are_farther(image, tree.box(extent, corner), square)

        return next(tree.touched(ranges, self._judge, missed), None) is None

    def _refute(self, leaf: int, box: Box) -> None:
        """Say so if the middle of the leaf, pushed along an axis or not, is mapped among leaves that do not stay."""
        image = self._cells.system.image(middle_of(box))
        if not defined(image):
            return
        push = iv.number(self._noise.size)
        for axis, u in [(0, iv.ZERO), *((i, s) for i in range(len(image)) for s in (push, -push))]:
            state = [x + u if i == axis else x for i, x in enumerate(image)]
            ranges = self._proof.tree.ranges(state)
            if ranges is None:
                raise RefutedError(f"{named(leaf, box)} stays, but its middle is driven out of the box")
            if self._proof.tree.all_touched(ranges, lambda node: _not(self._judge(node))):
                raise RefutedError(f"{named(leaf, box)} stays, but its middle is driven into leaves that do not")


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _are_farther(one: Box, other: Box, square: arb) -> bool:
    """Whether the squared distance of two boxes is proved to be more than that."""
    total = arb(0)
    for x, y in zip(one, other, strict=True):
        gap = x.lo - y.hi if x.lo > y.hi else y.lo - x.hi if y.lo > x.hi else arb(0)
        total += gap * gap
    return bool(total > square)
