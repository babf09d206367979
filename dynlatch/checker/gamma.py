"""Reduced attracting sets: leaves whose orbits' later derivatives all stay below 1, or some of which do not."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from flint import arb

from dynlatch.checker import intervals as iv
from dynlatch.checker.cells import Work, for_leaves, middle_of, named, pieces
from dynlatch.checker.fields import Field
from dynlatch.checker.matrices import two_norm, two_norm_at_least, two_norm_at_most
from dynlatch.checker.outcome import RefutedError, UnprovedError
from dynlatch.checker.spectra import radius_at_least_one, radius_below_one
from dynlatch.checker.systems import Box, Rows, System, matrix_product
from dynlatch.checker.targets import Target, TargetClaim, check_apart, check_target, read_targets
from dynlatch.checker.trapping import Trap, contracts_below_one, largest_stretch
from dynlatch.checker.trees import Place, Tree, read_tree
from dynlatch.checker.walks import Walk

READINGS: Final = ("spectral", "norm", "uniform")
IN: Final = 1
OUT: Final = 0
UNDECIDED: Final = -1
MAX_STEPS: Final = 1_000_000

_HALVINGS: Final = {1: 7, 2: 4, 3: 2, 4: 1}
_BITS: Final = 128
_REPLAYED: Final = 10_000

Wanted: TypeAlias = Mapping[str, tuple[int, int]]
"""For each reading that says something about a leaf, what it says (in or out) and after how many steps."""


@dataclass(frozen=True, slots=True)
class GammaClaim:
    """Whether leaves are in Gamma of their target ``attractor``, per reading, and after how many steps that shows."""

    tree: Tree
    attractor: array[int]
    values: dict[str, array[int]]
    steps: dict[str, array[int]]
    targets: list[TargetClaim]


def read_gamma(field: Field, dimension: int) -> GammaClaim:
    """The claim of kind "reduced set"."""
    parts = field.parts("tree", "targets")
    targets = read_targets(parts["targets"], dimension, blocks=False)
    names = {name: "i4?" for reading in READINGS for name in (reading, f"{reading}_steps")}
    tree, columns = read_tree(parts["tree"], dimension, {"attractor": "i4", **names})
    if not -1 <= min(columns["attractor"]) <= max(columns["attractor"]) < len(targets):
        raise parts["tree"].refuse(f"attractors must lie between -1 and {len(targets) - 1}, the last target")
    given = [reading for reading in READINGS if reading in columns]
    for reading in READINGS:
        if (reading in columns) != (f"{reading}_steps" in columns):
            raise parts["tree"].refuse(f"{reading} and {reading}_steps must both be there, or neither")
        if reading in columns and not UNDECIDED <= min(columns[reading]) <= max(columns[reading]) <= IN:
            raise parts["tree"].refuse(f"{reading} must be 1 (in), 0 (out) or -1 (undecided)")
    return GammaClaim(
        tree, columns["attractor"], {r: columns[r] for r in given}, {r: columns[f"{r}_steps"] for r in given}, targets
    )


def check_gamma(system: System, claim: GammaClaim, work: Work) -> int:
    """Prove the claim again, leaf by leaf; returns how many leaves were looked at.

    Raises: UnprovedError, or RefutedError, if that fails.
    """
    targets = [check_target(system, target) for target in claim.targets]
    check_apart(system, targets)
    rules = GammaRules(system, targets)

    def check(leaf: int, extent: int, corner: Place) -> None:
        wanted = {r: (c[leaf], claim.steps[r][leaf]) for r, c in claim.values.items() if c[leaf] != UNDECIDED}
        if wanted:
            rules.check(leaf, claim.tree.box(extent, corner), claim.attractor[leaf], wanted)

    return for_leaves(claim.tree, work, check)


class GammaRules:
    """What is asked of a leaf: the derivatives along the orbits of all its points, until the tail is settled."""

    def __init__(self, system: System, targets: Sequence[Target]) -> None:
        self._system = system
        self._targets = targets
        self._halvings = _HALVINGS.get(system.dimension, 0)
        self._tails: dict[tuple[int, int], arb] = {}
        self._settling: dict[int, list[Trap]] = {}

    def check(self, leaf: int, box: Box, attractor: int, wanted: Wanted) -> None:
        """Prove what is said of a leaf. Raises: UnprovedError, or RefutedError, if that fails."""
        for reading, (value, steps) in wanted.items():
            least = 0 if reading == "uniform" and value == IN else 1
            senseless = not least <= steps <= MAX_STEPS or (attractor < 0 and value == IN)
            if reading == "uniform":
                senseless |= steps % self._targets[attractor].period != 0 if attractor >= 0 else steps != 1
            if senseless:
                raise UnprovedError(f"{_said(leaf, box, reading, value, steps)} has no target, or senseless steps")
        if self._proved(box, attractor, wanted, self._halvings):
            return
        for reading, (value, steps) in wanted.items():
            if not self._proved(box, attractor, {reading: (value, steps)}, self._halvings):
                said = _said(leaf, box, reading, value, steps)
                self._refute(said, box, attractor, reading, value, steps)
                raise UnprovedError(f"{said} was not proved")

    def _proved(self, box: Box, attractor: int, wanted: Wanted, halvings: int) -> bool:
        if self._holds(box, attractor, wanted):
            return True
        return halvings > 0 and all(self._proved(p, attractor, wanted, halvings - 1) for p in pieces(box))

    def _holds(self, box: Box, attractor: int, wanted: Wanted) -> bool:
        pending = dict(wanted)
        if "uniform" in pending and not self._begins(box, attractor, pending):
            return False
        walk = Walk(self._system, box, self._targets[attractor].period if attractor >= 0 else 1)
        last = max((steps for _, steps in pending.values()), default=0)
        while pending and walk.step < last:
            if not walk.advance():
                return False
            for reading, (value, steps) in list(pending.items()):
                found = self._judged(walk, attractor, reading, value, steps)
                if found is False:
                    return False
                if found:
                    del pending[reading]
        return not pending

    def _begins(self, box: Box, attractor: int, pending: dict[str, tuple[int, int]]) -> bool:
        """What the uniform reading may say at once: that the box is in a trap, or violates the norm of every target."""
        if pending["uniform"] == (IN, 0):
            del pending["uniform"]
            return self._settles(attractor, box)
        if attractor < 0:
            del pending["uniform"]
            return all(
                t.traps[0].norm.at_least(self._system.power_jacobian(box, t.period), arb(1)) for t in self._targets
            )
        return True

    def _judged(self, walk: Walk, attractor: int, reading: str, value: int, steps: int) -> bool | None:
        """True once the reading is settled, False where it cannot be proved, None while more steps are needed."""
        if reading == "uniform":
            return self._uniform(walk, attractor, value, steps)
        if value == OUT:
            return None if walk.step < steps else _is_violated(walk.product, reading)
        if not self._is_kept(walk.product, attractor, reading):
            return False
        if walk.step < steps:
            return None
        return any(self._is_small(walk, attractor, i) for i in range(len(self._targets[attractor].traps)))

    def _is_kept(self, product: Rows, attractor: int, reading: str) -> bool:
        if two_norm_at_most(product, _below_one()):
            return True
        if reading == "norm":
            return False
        norm = self._targets[attractor].traps[0].norm
        return radius_below_one(product) or norm.at_most(product, _below_one())

    def _is_small(self, walk: Walk, attractor: int, index: int) -> bool:
        """Whether the orbit is in a trap and L |P^-1| |P D| < 1 for the derivative D up to here.

        Every later one is D' T D, where T is made of full periods, below 1 in the norm of P, and D' of a part of one,
        at most L in it: so none reaches 1.
        """
        trap = self._targets[attractor].traps[index]
        if not trap.holds(walk.state):
            return False
        key = attractor, index
        if key not in self._tails:
            with iv.precision(_BITS):
                self._tails[key] = (two_norm(trap.norm.matrices()[1]) * largest_stretch(self._system, trap)).upper()
        bound = (_below_one() / self._tails[key]).lower()
        return two_norm_at_most(matrix_product(trap.norm.matrices()[0], walk.product), bound)

    def _uniform(self, walk: Walk, attractor: int, value: int, steps: int) -> bool | None:
        factor = walk.factor
        if factor is None:
            return None
        norm = self._targets[attractor].traps[0].norm
        if value == OUT:
            return None if walk.step < steps else norm.at_least(factor, arb(1))
        if not norm.at_most(factor, _below_one()):
            return False
        return None if walk.step < steps else self._settles(attractor, walk.state)

    def _settles(self, attractor: int, state: Box) -> bool:
        """Whether the state is in a trap on which (M^p)' is below 1 in the norm of the target's first trap."""
        if attractor not in self._settling:
            first, *others = self._targets[attractor].traps
            same = [t for t in others if contracts_below_one(self._system, t, first.norm)]
            self._settling[attractor] = [first, *same]
        return any(trap.holds(state) for trap in self._settling[attractor])

    def _refute(self, said: str, box: Box, attractor: int, reading: str, value: int, steps: int) -> None:
        """Follow the middle of the leaf, and say so if what is said is proved false of it."""
        if reading == "uniform" and attractor < 0:
            return
        walk = Walk(self._system, middle_of(box), self._targets[attractor].period if attractor >= 0 else 1)
        while walk.step < min(steps, _REPLAYED) and walk.advance():
            if reading == "uniform":
                norm, factor = self._targets[attractor].traps[0].norm, walk.factor
                above = factor is not None and norm.at_least(factor, arb(1))
                below = factor is not None and norm.at_most(factor, _below_one())
            else:
                above = _is_violated(walk.product, reading)
                below = two_norm_at_most(walk.product, _below_one())
            if (value == IN and above) or (value == OUT and walk.step == steps and below):
                raise RefutedError(f"{said} is false of its middle at step {walk.step}")


def _is_violated(product: Rows, reading: str) -> bool:
    return two_norm_at_least(product, arb(1)) if reading == "norm" else radius_at_least_one(product)


def _below_one() -> arb:
    """The largest bound that still says "below 1"."""
    return (1 - arb(2) ** (2 - iv.bits())).lower()


def _said(leaf: int, box: Box, reading: str, value: int, steps: int) -> str:
    return f"{named(leaf, box)}: that it is {'in' if value == IN else 'out of'} Gamma ({reading}, {steps} steps)"
