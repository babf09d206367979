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
from dynlatch.checker.matrices import is_defined, two_norm, two_norm_at_least, two_norm_at_most
from dynlatch.checker.outcome import RefutedError, UnprovedError
from dynlatch.checker.spectra import radius_at_least_one, radius_below_one
from dynlatch.checker.systems import Box, Rows, System, matrix_product
from dynlatch.checker.targets import Target, TargetClaim, check_apart, check_target, read_targets
from dynlatch.checker.trapping import Trap, contracts_below_one
from dynlatch.checker.trees import Place, Tree, read_tree

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


class _Walk:
    """The orbit of a box: M^step over it, (M^step)', and the derivative of the last full period."""

    def __init__(self, system: System, box: Box, period: int) -> None:
        self._system = system
        self._period = period
        self._factor: Rows | None = None
        self.step = 0
        self.state = list(box)
        self.product: Rows = []

    def advance(self) -> bool:
        """One step more; False if a derivative is not defined there."""
        slopes = self._system.jacobian(self.state)
        if not is_defined(slopes):
            return False
        self.product = matrix_product(slopes, self.product) if self.step else slopes
        fresh = self.step % self._period == 0 or self._factor is None
        self._factor = slopes if fresh or self._factor is None else matrix_product(slopes, self._factor)
        self.state = self._system.image(self.state)
        self.step += 1
        return True

    @property
    def factor(self) -> Rows | None:
        """(M^p)' over the state p steps ago, where p divides the steps."""
        return self._factor if self.step % self._period == 0 else None


class GammaRules:
    """What is asked of a leaf: the derivatives along the orbits of all its points, until the tail is settled."""

    def __init__(self, system: System, targets: Sequence[Target]) -> None:
        self._system = system
        self._targets = targets
        self._halvings = _HALVINGS.get(system.dimension, 0)
        with iv.precision(_BITS):
            self._inverse_norms = [[two_norm(trap.norm.matrices()[1]) for trap in t.traps] for t in targets]
        self._settling: dict[int, list[Trap]] = {}

    def check(self, leaf: int, box: Box, attractor: int, wanted: Wanted) -> None:
        """Prove what is said of a leaf. Raises: UnprovedError, or RefutedError, if that fails."""
        for reading, (value, steps) in wanted.items():
            senseless = not 0 <= steps <= MAX_STEPS or (attractor < 0 and (value == IN or reading == "uniform"))
            if senseless or (reading == "uniform" and steps % self._targets[attractor].period):
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
        period = self._targets[attractor].period if attractor >= 0 else 1
        walk = _Walk(self._system, box, period)
        pending = dict(wanted)
        if pending.get("uniform") == (IN, 0):
            if not self._settles(attractor, box):
                return False
            del pending["uniform"]
        last = max((steps for _, steps in pending.values()), default=0) + period - 1
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

    def _judged(self, walk: _Walk, attractor: int, reading: str, value: int, steps: int) -> bool | None:
        """True once the reading is settled, False where it cannot be proved, None while more steps are needed."""
        if reading == "uniform":
            return self._uniform(walk, attractor, value, steps)
        if value == OUT:
            return None if walk.step < steps else _is_violated(walk.product, reading)
        if not _is_kept(walk.product, reading):
            return False
        if walk.step < steps:
            return None
        if not any(self._is_small(walk, attractor, i) for i in range(len(self._targets[attractor].traps))):
            return False
        return True if walk.step == steps + self._targets[attractor].period - 1 else None

    def _is_small(self, walk: _Walk, attractor: int, index: int) -> bool:
        """Whether the orbit is in the trap and |P^-1| |P D| < 1 for the derivative D up to here.

        Each further period multiplies by a factor below 1 in the norm of P: no later product, this many steps and
        whole periods on, reaches 1.
        """
        trap = self._targets[attractor].traps[index]
        if not trap.holds(walk.state):
            return False
        bound = (_below_one() / self._inverse_norms[attractor][index]).lower()
        return two_norm_at_most(matrix_product(trap.norm.matrices()[0], walk.product), bound)

    def _uniform(self, walk: _Walk, attractor: int, value: int, steps: int) -> bool | None:
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
        walk = _Walk(self._system, middle_of(box), self._targets[attractor].period if attractor >= 0 else 1)
        while walk.step < min(steps, _REPLAYED) and walk.advance():
            if reading == "uniform":
                norm, factor = self._targets[attractor].traps[0].norm, walk.factor
                above = factor is not None and norm.at_least(factor, arb(1))
                below = factor is not None and norm.at_most(factor, _below_one())
            else:
                above, below = _is_violated(walk.product, reading), _is_kept(walk.product, reading)
            if (value == IN and above) or (value == OUT and walk.step == steps and below):
                raise RefutedError(f"{said} is false of its middle at step {walk.step}")


def _is_violated(product: Rows, reading: str) -> bool:
    return two_norm_at_least(product, arb(1)) if reading == "norm" else radius_at_least_one(product)


def _is_kept(product: Rows, reading: str) -> bool:
    return two_norm_at_most(product, _below_one()) or (reading == "spectral" and radius_below_one(product))


def _below_one() -> arb:
    """The largest bound that still says "below 1"."""
    return (1 - arb(2) ** (2 - iv.bits())).lower()


def _said(leaf: int, box: Box, reading: str, value: int, steps: int) -> str:
    return f"{named(leaf, box)}: that it is {'in' if value == IN else 'out of'} Gamma ({reading}, {steps} steps)"
