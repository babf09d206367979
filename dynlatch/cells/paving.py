"""Where one step contracts: the set of states with |M'(a)| < 1, paved by cells that are proved in or out."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from dynlatch.cells.refinement import check_budget, checked_depth, within_budget
from dynlatch.cells.tree import CellTree, Ints, Nodes, box_volume, check_dimension, make_tree
from dynlatch.cells.tree_walk import raster, walk_arrays
from dynlatch.maps.definition import Box, Map, exact_box
from dynlatch.maps.evaluators import interval_map
from dynlatch.maps.threads import for_chunks
from dynlatch.progress import SILENT, Progress
from dynlatch.regions.reduced_set import Members, Membership
from dynlatch.rigor.float_norms import norm_upper_bounds
from dynlatch.rigor.interval_matrices import norm_lower_bounds
from dynlatch.rigor.norms import OperatorNorm, read_norm
from dynlatch.verdict import Stop, Verdict

MAX_CELLS: Final = 2_000_000
DEPTH: Final = {1: 20, 2: 9, 3: 6, 4: 5}
_FIRST_DEPTH: Final = {1: 6, 2: 4, 3: 3, 4: 2}
_CHUNK: Final = 4096


@dataclass(frozen=True, slots=True, repr=False)
class ContractingRegion:
    """A tree of cells: ``member`` (nodes; leaves matter) is IN where |M'| < 1 on the whole cell, OUT where >= 1 on it.

    ``norm`` is the operator norm. ``verdict`` is PROVED for every IN and OUT; ``stop`` is BUDGET where cells ran out.
    """

    tree: CellTree
    norm: OperatorNorm
    member: Members
    verdict: Verdict
    stop: Stop

    @property
    def box(self) -> Box:
        """The box that was paved."""
        return self.tree.box

    def cells(self, membership: Membership) -> Nodes:
        """The leaves of one kind."""
        return np.flatnonzero((self.tree.child < 0) & (self.member == membership))

    def volume(self, membership: Membership) -> Fraction:
        """The exact volume of the leaves of one kind."""
        return self.tree.volume(self.cells(membership))

    def picture(self, resolution: int) -> Ints:
        """Memberships on a regular grid; -1 where cells of two kinds meet."""
        flat = raster(*walk_arrays(self.tree), self.tree.fine, self.member.astype(np.int32), resolution)
        return flat.reshape((resolution,) * len(self.tree.roots))

    def __repr__(self) -> str:
        shares = ", ".join(
            f"{kind.name.lower()} {float(self.volume(kind) / box_volume(self.box)):.6f}" for kind in Membership
        )
        return (
            f"ContractingRegion of {self.tree.map.name}, norm {self.norm} (share of the box: {shares}), {self.verdict}"
        )


def contracting_region(
    m: Map,
    box: object = None,
    norm: object = 2,
    *,
    depth: int | None = None,
    max_cells: int = MAX_CELLS,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> ContractingRegion:
    """Pave {a: |M'(a)| < 1} from inside and from outside.

    Arguments: ``box`` (the map's domain); ``norm``: 1, 2, inf or an ``AdaptedNorm``; ``depth``, how often each side of
    the box may be halved (20, 9, 6, 5 for 1 to 4 states); ``max_cells``.
    Raises: InputError for more than 4 states, a bad box, norm, depth or budget.
    Source: BSF94, Definition 4 and Theorem 2, for one step. Rigor: certified. Cost: about a microsecond a cell.
    """
    n = check_dimension(m)
    sides = m.domain if box is None else exact_box(box, n)
    kind = read_norm(norm, n)
    deepest = checked_depth(DEPTH[n] if depth is None else depth)
    first = min(deepest, _FIRST_DEPTH[n])
    check_budget(max_cells, 1 << (first * n))
    tree = make_tree(m, sides, (1 << first,) * n, with_images=False)
    member, stop = np.empty(0, dtype=np.int8), Stop.SOLVED
    while True:
        new = np.arange(member.size, tree.num_nodes)
        member = np.concatenate([member, _members(tree, new, kind, threads, progress)])
        open_ = new[(member[new] == Membership.UNDECIDED) & (tree.level[new] < deepest - first)]
        chosen, whole = within_budget(tree, open_, max_cells)
        stop = stop if whole else Stop.BUDGET
        if not chosen.size:
            return ContractingRegion(tree, kind, member, Verdict.PROVED, stop)
        tree = tree.split(chosen)


def _members(tree: CellTree, nodes: Nodes, norm: OperatorNorm, threads: int | None, progress: Progress) -> Members:
    """On which side of 1 |M'| is proved to be on each of some nodes."""
    members = np.full(nodes.size, Membership.UNDECIDED, dtype=np.int8)

    def work(start: int, end: int) -> None:
        j_lo, j_hi = interval_map(tree.map).jacobian(*tree.ends(nodes[start:end]), threads=1)
        below = norm_upper_bounds(j_lo, j_hi, norm) < 1
        rest = np.flatnonzero(~below)
        above = rest[norm_lower_bounds(j_lo[:, :, rest], j_hi[:, :, rest], norm, 1.0) >= 1]
        members[start:end][below], members[start:end][above] = Membership.IN, Membership.OUT

    for_chunks(work, nodes.size, _CHUNK, threads=threads, progress=progress, title="paving")
    return members
