"""Sets of cells that bounded noise cannot leave: all that a latched orbit may visit, inside what is proved of it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dynlatch.cells.certified import CertifiedBasins, decide
from dynlatch.cells.gamma_cells import classify
from dynlatch.cells.settle import OPEN
from dynlatch.cells.spreading import at_stake, spread
from dynlatch.cells.tree import CellTree, Ints, Nodes
from dynlatch.cells.tree_walk import walk_arrays
from dynlatch.regions.reduced_set import READINGS, Membership
from dynlatch.rigor.krawczyk import Floats

_ROUNDS: Final = 30
_BISECTIONS: Final = 8
"""In a round; the next one begins where it ends."""
_STEPS: Final = 200
_UNIFORM: Final = READINGS.index("uniform")


@dataclass(frozen=True, slots=True, repr=False)
class InvariantCells:
    """Leaves that hold a fixed point and that no orbit with noise |u_t| <= ``noise`` can leave.

    ``stays`` (nodes) marks them; ``label``, ``rank`` and ``steps`` are as in ``CertifiedBasins`` and prove that each
    lies in the basin; ``gamma_steps`` (nodes; None for the basin), as in ``CertifiedReducedSet``, that it lies in Gamma
    (uniform reading). Rigor: certified.
    """

    tree: CellTree
    stays: NDArray[np.bool_]
    label: Ints
    rank: Ints
    steps: Ints
    gamma_steps: Ints | None
    noise: Fraction

    def __repr__(self) -> str:
        return f"InvariantCells({int(np.sum(self.stays))} cells, noise {float(self.noise):.6g})"


def largest_noise(
    basins: CertifiedBasins, k: int, norm: float, gamma: bool, *, most: float, max_cells: int, gap: float
) -> InvariantCells | None:
    """The largest noise found for which the cells that orbits from fixed point k may visit lie in its basin (or Gamma).

    Bisection over the noise with a certified search of all that can be visited at each step; then the cells at stake
    are halved, and so on, until noise ``most`` is missed by less than ``gap`` (relative) or cells run out. None where
    not even orbits without noise were kept. Rigor: certified.
    """
    state = _State(basins, k, norm, gamma)
    low, best = 0.0, None
    for _ in range(_ROUNDS):
        stays = state.kept(low)  # as before, on the finer cells
        best = None if stays is None else state.invariant(stays, low)
        high = most
        for _ in range(_BISECTIONS):
            if stays is None or high - low <= 0.2 * gap * most:
                break
            middle = 0.5 * (low + high)
            more = state.kept(middle)
            low, high = (low, middle) if more is None else (middle, high)
            best = best if more is None else state.invariant(more, middle)
        if (best is not None and low >= most * (1 - gap)) or not state.refine(best, low, max_cells):
            break
    return best


class _State:
    """The tree under refinement, with what is proved of each node."""

    def __init__(self, basins: CertifiedBasins, k: int, norm: float, gamma: bool) -> None:
        self.basins, self.k, self.norm, self.gamma = basins, k, norm, gamma
        self.tree, self.label, self.rank, self.steps = basins.tree, basins.label, basins.rank, basins.steps
        self.deepest = self.tree.fine - 2
        self.member = np.empty(0, dtype=np.int8)
        self.member_steps = np.empty(0, dtype=np.int32)
        self._classify()

    def _classify(self) -> None:
        """Membership in Gamma of the nodes that are new, where it is asked for and they are in the basin."""
        new = np.arange(self.member.size, self.tree.num_nodes)
        member, steps = np.full(new.size, Membership.UNDECIDED, np.int8), np.zeros(new.size, dtype=np.int32)
        chosen = np.flatnonzero((self.label[new] == self.k) & (self.tree.child[new] < 0)) if self.gamma else new[:0]
        if chosen.size:
            known = classify(self.tree.map, self.basins.attractors, *self.tree.ends(new[chosen]), _STEPS)
            inside = (known.attractor == self.k) & (known.members[_UNIFORM] == Membership.IN)
            member[chosen[inside]] = Membership.IN
            steps[chosen] = known.steps[_UNIFORM]
        self.member, self.member_steps = (
            np.concatenate([self.member, member]),
            np.concatenate([self.member_steps, steps]),
        )

    @property
    def allowed(self) -> NDArray[np.bool_]:
        """The leaves that are proved to lie in the basin, or in Gamma."""
        leaves = (self.tree.child < 0) & (self.label == self.k)
        return leaves & (self.member == Membership.IN) if self.gamma else leaves

    def start(self) -> Nodes:
        """The leaves that may hold the fixed point."""
        point = self.basins.attractors[self.k].point
        assert point is not None
        return np.array(self.tree.touched(point.state), dtype=np.int64)

    def widened(self, noise: float) -> tuple[NDArray[np.int64], Floats, float]:
        """The noise in units along each axis, rounded up; the units' widths; and its size where the norm is 2."""
        widths = self.tree.unit_widths()
        return np.ceil(noise / widths * (1 + 1e-12)).astype(np.int64), widths, noise if self.norm == 2 else 0.0

    def kept(self, noise: float) -> NDArray[np.bool_] | None:
        """All that orbits from the fixed point may visit, if it is allowed."""
        tree = self.tree
        reached = np.zeros(tree.num_nodes, dtype=np.bool_)
        arrays = *walk_arrays(tree), tree.fine, tree.first, tree.last, tree.status
        end = spread(*arrays, self.start(), self.allowed, *self.widened(noise), reached)
        return reached if end == -1 else None

    def invariant(self, stays: NDArray[np.bool_], noise: float) -> InvariantCells:
        """What was kept, as a result."""
        steps = self.member_steps if self.gamma else None
        return InvariantCells(self.tree, stays, self.label, self.rank, self.steps, steps, Fraction(noise))

    def refine(self, best: InvariantCells | None, noise: float, max_cells: int) -> bool:
        """Halve the leaves at stake and decide those that were open; False where there is no room or none to halve."""
        tree = self.tree
        chosen = np.zeros(tree.num_nodes, dtype=np.bool_)
        if best is None:
            chosen[self.start()] = True
        else:
            nodes = np.flatnonzero(best.stays)
            deepest = min(self.deepest, int(tree.level[nodes].max()) + 1)
            walk = *walk_arrays(tree), tree.fine, tree.first, tree.last
            at_stake(*walk, nodes, best.stays, *self.widened(noise), deepest, chosen)
        chosen &= tree.child < 0
        split = np.flatnonzero(chosen)
        parts = 1 << len(tree.roots)
        if not split.size or tree.leaves.size + split.size * (parts - 1) > max_cells:
            return False
        self.tree = tree.split(split)
        old = tuple(np.repeat(values[split], parts) for values in (self.label, self.rank, self.steps))
        self.label, self.rank, self.steps = (
            np.concatenate([a, b]) for a, b in zip((self.label, self.rank, self.steps), old, strict=True)
        )
        if np.any(self.label[split] == OPEN):
            decide(self.tree, self.basins.attractors, self.label, self.rank, self.steps, None)
        self._classify()
        return True
