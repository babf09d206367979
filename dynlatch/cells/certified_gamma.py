"""The reduced attracting set, proved cell by cell in its three readings."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from dynlatch.cells.gamma_cells import Classified, classify
from dynlatch.cells.refinement import check_budget, checked_depth, hull, within_budget
from dynlatch.cells.tree import CellTree, Ints, Nodes, box_volume, check_dimension, make_tree
from dynlatch.cells.tree_walk import raster, walk_arrays
from dynlatch.errors import InputError
from dynlatch.maps.definition import Box, Map, exact_box
from dynlatch.maps.threads import for_chunks
from dynlatch.progress import SILENT, Progress
from dynlatch.regions.attractors import Attractors, find_attractors
from dynlatch.regions.reduced_set import READINGS, Members, Membership
from dynlatch.verdict import Stop, Verdict

if TYPE_CHECKING:
    import xarray

MAX_CELLS: Final = 200_000
DEPTH: Final = {1: 16, 2: 8, 3: 5, 4: 3}
"""Halvings of each side of the box, unless said otherwise."""
_FIRST_DEPTH: Final = {1: 6, 2: 4, 3: 2, 4: 1}
_MAX_STEPS: Final = 200
_CHUNK: Final = 2048


@dataclass(frozen=True, slots=True, repr=False)
class CertifiedReducedSet:
    """A tree of cells, each with what is proved of its membership in Gamma.

    ``attractor`` (nodes of the tree; leaves matter): the attractor that every orbit from the cell is proved to reach,
    else -1. ``members`` (3, nodes): ``Membership.IN``: the whole cell lies in Gamma of that attractor; ``OUT``: no
    point of it lies in Gamma of its own attractor, whichever that is; ``UNDECIDED``: neither is proved. ``steps`` (3,
    nodes): the length of the product that settled it. Rows in the order of ``READINGS``; coordinates are the map's
    states.
    """

    tree: CellTree
    attractors: Attractors
    attractor: Ints
    members: Members
    steps: NDArray[np.int32]
    depth: int
    verdict: Verdict
    stop: Stop

    @property
    def map(self) -> Map:
        """The map."""
        return self.tree.map

    @property
    def box(self) -> Box:
        """The box that was cut into cells."""
        return self.tree.box

    def reading(self, name: str) -> NDArray[np.int8]:
        """The members' row of ``"spectral"``, ``"norm"`` or ``"uniform"``, by node."""
        return self.members[READINGS.index(name)]

    def cells(self, name: str, membership: Membership, attractor: int | None = None) -> Nodes:
        """The leaves of one membership in a reading, of all attractors or of one."""
        chosen = (self.tree.child < 0) & (self.reading(name) == membership)
        return np.flatnonzero(chosen if attractor is None else chosen & (self.attractor == attractor))

    def volume(self, name: str, membership: Membership, attractor: int | None = None) -> Fraction:
        """The exact volume of those cells."""
        return self.tree.volume(self.cells(name, membership, attractor))

    def share(self, name: str, membership: Membership) -> Fraction:
        """The exact share of the box."""
        return self.volume(name, membership) / box_volume(self.box)

    def picture(self, name: str, resolution: int) -> Ints:
        """Memberships on a regular grid of ``resolution`` cells along each axis; -1 where cells of two kinds meet."""
        flat = raster(*walk_arrays(self.tree), self.tree.fine, self.reading(name).astype(np.int32), resolution)
        return flat.reshape((resolution,) * len(self.tree.roots))

    def to_xarray(self) -> xarray.Dataset:
        """The cells as a table: ends along each axis (rounded outward), attractor, memberships, steps."""
        import xarray

        leaves = self.tree.in_order()
        lo, hi = self.tree.ends(leaves)
        columns: dict[str, Any] = {"attractor": ("cell", self.attractor[leaves])}
        for i, state in enumerate(self.map.states):
            columns[f"{state}_lo"], columns[f"{state}_hi"] = ("cell", lo[i]), ("cell", hi[i])
        for i, name in enumerate(READINGS):
            columns[name] = ("cell", self.members[i, leaves], {"values": "1 in, 0 out, -1 undecided"})
            columns[f"{name}_steps"] = ("cell", self.steps[i, leaves], {"units": "steps"})
        return xarray.Dataset(columns, attrs={"map": repr(self.map), "rigor": "certified", "stop": str(self.stop)})

    def __repr__(self) -> str:
        shares = ", ".join(
            f"{name}: {', '.join(f'{kind.name.lower()} {float(self.share(name, kind)):.4f}' for kind in Membership)}"
            for name in READINGS
        )
        return f"CertifiedReducedSet of {self.map.name} (share of the box: {shares}), {self.verdict}"


def certified_reduced_set(
    m: Map,
    box: object = None,
    *,
    depth: int | None = None,
    max_cells: int = MAX_CELLS,
    max_steps: int = _MAX_STEPS,
    attractors: Attractors | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> CertifiedReducedSet:
    """Prove which cells lie in Gamma(X), for every attractor X with a trapping region, and which lie outside.

    y is in Gamma(X) if its orbit goes to X and, for every l >= 1, (M^l)'(y) has spectral radius (``spectral``) or
    2-norm (``norm``) below 1, or every factor is below 1 in the norm adapted to X (``uniform``; for a cycle the factors
    are those of M^p). Cells left undecided in one of the readings are halved along every axis.

    Arguments: ``box`` (the map's domain); ``depth``, how often each side may be halved (16, 8, 5, 3 for 1 to 4 states);
    ``max_cells``; ``max_steps`` of an orbit of a cell; ``attractors`` (found with ``seed`` otherwise).
    Raises: InputError as ``certified_basins``.
    Source: BSF94, Definitions 4 and 5. Rigor: certified. Cost: some ten microseconds a cell and step.
    """
    n = check_dimension(m)
    sides = m.domain if box is None else exact_box(box, n)
    deepest = checked_depth(DEPTH[n] if depth is None else depth)
    first = min(deepest, _FIRST_DEPTH[n])
    check_budget(max_cells, 1 << (first * n))
    if isinstance(max_steps, bool) or max_steps < 1:
        raise InputError(f"max_steps={max_steps} must be at least 1; it bounds each orbit")
    found = attractors
    if found is None:
        found = find_attractors(m, hull(m.domain, sides), seed=seed, progress=progress)
    tree = make_tree(m, sides, (1 << first,) * n, with_images=False)
    known, stop = Classified.of(0), Stop.SOLVED
    while True:
        new = np.arange(known.attractor.size, tree.num_nodes)
        known = known.joined(_classified(tree, found, new, max_steps, threads, progress))
        undecided = np.any(known.members == Membership.UNDECIDED, axis=0)
        open_ = np.flatnonzero((tree.child < 0) & undecided & (tree.level < deepest - first))
        chosen, whole = within_budget(tree, open_, max_cells)
        stop = stop if whole else Stop.BUDGET
        if not chosen.size:
            break
        tree = tree.split(chosen)
    return CertifiedReducedSet(
        tree, found, known.attractor, known.members, known.steps, deepest, Verdict.PROVED, stop
    )  # fmt: skip


def _classified(
    tree: CellTree, attractors: Attractors, nodes: Nodes, max_steps: int, threads: int | None, progress: Progress
) -> Classified:
    """What is proved of some nodes, chunk by chunk."""
    result = Classified.of(nodes.size)

    def work(start: int, end: int) -> None:
        part = slice(start, end)
        known = classify(tree.map, attractors, *tree.ends(nodes[part]), max_steps)
        result.attractor[part], result.members[:, part], result.steps[:, part] = (
            known.attractor, known.members, known.steps
        )  # fmt: skip

    for_chunks(work, nodes.size, _CHUNK, threads=threads, progress=progress, title="proving reduced sets")
    return result
