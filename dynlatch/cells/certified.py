"""Basins that are proved: cells from which every orbit must reach an attractor, and cells from which none can."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from dynlatch.cells.images import box_orbit
from dynlatch.cells.refinement import check_budget, checked_depth, hull, within_budget
from dynlatch.cells.settle import LEAVES, OPEN, cannot_reach, must_reach, successors
from dynlatch.cells.spreading import spread
from dynlatch.cells.tree import DEFINED, CellTree, Ints, Nodes, box_volume, check_dimension, in_cells, make_tree
from dynlatch.cells.tree_walk import raster, walk_arrays
from dynlatch.errors import InputError
from dynlatch.maps.definition import Box, Map, exact_box
from dynlatch.progress import SILENT, Progress
from dynlatch.regions.attractors import Attractor, Attractors, find_attractors
from dynlatch.regions.inner_balls import captured_by
from dynlatch.verdict import Stop, Verdict

if TYPE_CHECKING:
    import xarray

MAX_CELLS: Final = 1_000_000
DEPTH: Final = {1: 18, 2: 10, 3: 7, 4: 5}
"""Halvings of each side of the box, unless said otherwise."""
_FIRST_DEPTH: Final = {1: 8, 2: 5, 3: 3, 4: 2}
_MAX_POWER: Final = 16
"""M^2, M^4, ... up to this power of M are tried on cells that M itself leaves open."""
_WORTHWHILE: Final = 0.01
"""The share of open cells that a power must decide for the next one to be tried."""
_BLOCK_DEPTH: Final = 3
"""Halvings more that such a block may need."""
_BLOCK_SHARE: Final = 2
"""At most this part of the budget goes into the block around an attractor that is no point or cycle."""


@dataclass(frozen=True, slots=True)
class Areas:
    """Exact volumes: ``inner`` is proved to reach an attractor, all that may reach it is in ``outer``."""

    inner: Fraction
    outer: Fraction

    @property
    def undecided(self) -> Fraction:
        """What lies between the two."""
        return self.outer - self.inner


@dataclass(frozen=True, slots=True, repr=False)
class CertifiedBasins:
    """A tree of cells, each with what every orbit from it is proved to do.

    ``label`` and ``rank`` belong to the tree's nodes (leaves matter): label k >= 0 says that every orbit from the cell
    enters, within ``rank`` steps, a trapping region of attractor k and so converges to it, or the block of cells around
    it (``blocks``: the attractors that are no point or cycle, for which no more than that is known); ``LEAVES`` (-2)
    that it leaves the box within ``rank`` steps; ``OPEN`` (-1) nothing. ``verdict`` is PROVED for every label.
    ``stop`` is BUDGET where cells ran out before the depth was reached.
    """

    tree: CellTree
    attractors: Attractors
    label: Ints
    rank: Ints
    steps: Ints
    blocks: tuple[int, ...]
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

    @property
    def targets(self) -> tuple[int, ...]:
        """The attractors about which something can be proved: those with trapping regions, and those with blocks."""
        return tuple(k for k, a in enumerate(self.attractors.listed) if a.traps or k in self.blocks)

    def cells(self, label: int) -> Nodes:
        """The leaves that carry a label."""
        return np.flatnonzero((self.tree.child < 0) & (self.label == label))

    def inner(self, k: int) -> Fraction:
        """The exact volume that is proved to reach attractor k."""
        return self.tree.volume(self.cells(k))

    def avoids(self, k: int) -> NDArray[np.bool_]:
        """For each node whether it is a leaf from which no orbit can reach attractor k while it stays in the box.

        Rigor: certified (a set of cells that M maps into itself or into other basins). Raises: InputError if k has
        neither a trapping region nor a block.
        """
        if k not in self.targets:
            raise InputError(f"attractor {k} has no certified region, so nothing is known about what reaches it")
        tree, attractor = self.tree, self.attractors[k]
        result = (tree.child < 0) & (self.label != k) & (self.label != LEAVES)
        for state in attractor.point.orbit if attractor.point is not None else ():
            result[tree.touched(state)] = False
        open_ = self.cells(OPEN)
        captured = _captures(tree, self.attractors, np.arange(tree.num_nodes))
        arrays = *walk_arrays(tree), tree.fine, tree.first, tree.last, tree.status
        cannot_reach(*arrays, open_, captured, self.label, k, result)
        return result

    def areas(self, k: int) -> Areas:
        """The exact volumes of what must reach attractor k and of what may."""
        kept = np.flatnonzero(self.avoids(k))
        return Areas(self.inner(k), box_volume(self.box) - self.tree.volume(kept))

    @property
    def decided(self) -> Fraction:
        """The share of the box, exactly, whose orbits are proved to reach an attractor or to leave the box."""
        return 1 - self.tree.volume(self.cells(OPEN)) / box_volume(self.box)

    def label_at(self, states: NDArray[np.float64]) -> Ints:
        """The label of the cell that each state is in, ``LEAVES`` outside the box; shape (n, N) to (N,).

        A state within rounding of an edge may be given the label of the neighbour.
        """
        lo = np.array([[float(a)] for a, _ in self.box])
        width = np.array([[float(b - a)] for a, b in self.box])
        units = np.array([[r << self.tree.fine] for r in self.tree.roots])
        place = np.floor((states - lo) / width * units)
        within = np.all((place >= 0) & (place < units), axis=0)
        result = np.full(states.shape[1], LEAVES, dtype=np.int32)
        found = self.tree.locate(np.where(within, place, 0).astype(np.int64))
        result[within] = self.label[found[within]]
        return result

    def picture(self, resolution: int) -> Ints:
        """Labels on a regular grid of ``resolution`` cells along each axis; a cell of several labels is ``OPEN``."""
        return self.picture_of(self.label, resolution)

    def picture_of(self, values: Ints, resolution: int) -> Ints:
        """Values of nodes on a regular grid; -1 where cells of several values meet."""
        flat = raster(*walk_arrays(self.tree), self.tree.fine, values, resolution)
        return flat.reshape((resolution,) * len(self.tree.roots))

    def to_xarray(self) -> xarray.Dataset:
        """The cells as a table: ends along each axis (rounded outward), label, rank, level.

        ``has_image`` is False where a cell is open because M is not proved to have a finite value on all of it.
        """
        import xarray

        leaves = self.tree.in_order()
        lo, hi = self.tree.ends(leaves)
        names = [str(s) for s in self.map.states]
        columns: dict[str, Any] = {}
        for i, name in enumerate(names):
            columns[f"{name}_lo"], columns[f"{name}_hi"] = ("cell", lo[i]), ("cell", hi[i])
        columns |= {
            "label": ("cell", self.label[leaves]), "rank": ("cell", self.rank[leaves], {"units": "steps"}),
            "level": ("cell", self.tree.level[leaves]),
            "has_image": ("cell", (self.tree.status[leaves] & DEFINED) != 0),
        }  # fmt: skip
        attrs = {
            "map": repr(self.map), "map_hash": self.map.content_hash, "rigor": "certified", "stop": str(self.stop),
            "labels": "k >= 0: must reach attractor k; -1: open; -2: must leave the box",
        }  # fmt: skip
        return xarray.Dataset(columns, attrs=attrs)

    def __repr__(self) -> str:
        shares = ", ".join(f"{k}: {float(self.inner(k) / box_volume(self.box)):.6f}" for k in self.targets)
        return (
            f"CertifiedBasins of {self.map.name}: {float(self.decided):.6f} of the box decided ({shares}), "
            f"{self.tree.leaves.size} cells, {self.verdict}"
        )


def certified_basins(
    m: Map,
    box: object = None,
    *,
    depth: int | None = None,
    max_cells: int = MAX_CELLS,
    attractors: Attractors | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> CertifiedBasins:
    """Prove which attractor the orbits of a box must reach, cell by cell, and halve only the cells left open.

    A cell is decided when its outward-rounded image lies in a certified trapping region, or touches decided cells of
    one label only. Attractors that are no point or cycle are surrounded by cells that M maps into themselves, where
    that succeeds, and basins of that block are proved.

    Arguments: ``box`` (the map's domain); ``depth``, how often each side of the box may be halved (18, 10, 7, 5 for 1
    to 4 states); ``max_cells``; ``attractors`` from ``find_attractors`` (found with ``seed`` otherwise).
    Raises: InputError for more than 4 states, a bad box, depth or budget.
    Source: BSF94, Definition 3 (basin of attraction), for whole cells. Rigor: certified; that all attractors are known
    is not claimed, cells of others stay open. Cost: under a microsecond a cell and halving; 45 bytes a cell.
    """
    n = check_dimension(m)
    sides = m.domain if box is None else exact_box(box, n)
    deepest = checked_depth(DEPTH[n] if depth is None else depth)
    first = min(deepest, _FIRST_DEPTH[n])
    check_budget(max_cells, 1 << (first * n))
    found = attractors
    if found is None:
        found = find_attractors(m, hull(m.domain, sides), seed=seed, progress=progress)
    tree = make_tree(m, sides, (1 << first,) * n, threads=threads)
    progress.start("proving basins", deepest - first + 1)
    tree, blocks = _blocks(tree, found, deepest - first + _BLOCK_DEPTH, max_cells // _BLOCK_SHARE, threads)
    label, rank = (np.full(tree.num_nodes, fill, dtype=np.int32) for fill in (OPEN, 0))
    for k, nodes in blocks.items():
        label[nodes] = k
    steps = np.ones(tree.num_nodes, dtype=np.int32)
    new, stop = np.arange(tree.num_nodes), Stop.SOLVED
    while True:
        _label_inside(tree, found, new, label)
        decide(tree, found, label, rank, steps, threads)
        progress.advance()
        open_ = np.flatnonzero((tree.child < 0) & (label == OPEN) & (tree.level < deepest - first))
        chosen, whole = within_budget(tree, open_, max_cells)
        stop = stop if whole else Stop.BUDGET
        if not chosen.size:
            break
        before = tree.num_nodes
        tree = tree.split(chosen, threads=threads)
        new = np.arange(before, tree.num_nodes)
        old = (label, OPEN), (rank, 0), (steps, 1)
        label, rank, steps = (np.concatenate([a, np.full(new.size, fill, dtype=np.int32)]) for a, fill in old)
    progress.finish()
    return CertifiedBasins(tree, found, label, rank, steps, tuple(sorted(blocks)), deepest, Verdict.PROVED, stop)


def decide(
    tree: CellTree, attractors: Attractors, label: Ints, rank: Ints, steps: Ints, threads: int | None
) -> None:  # fmt: skip
    """Label open leaves by where M takes them, then, those that stay open, by where its powers do."""
    walk = *walk_arrays(tree), tree.fine
    open_ = np.flatnonzero((tree.child < 0) & (label == OPEN))
    captured = _captures(tree, attractors, open_)
    must_reach(*walk, open_, tree.first[:, open_], tree.last[:, open_], tree.status[open_], captured, 1, label, rank)
    open_ = open_[(label[open_] == OPEN) & (tree.status[open_] == DEFINED)]
    units = tuple(r << tree.fine for r in tree.roots)
    orbit, power = box_orbit(tree.map, *tree.ends(open_)), 1
    while open_.size and power < _MAX_POWER:
        power *= 2
        while orbit.steps < power:
            orbit = orbit.advanced(threads=threads)
        touched = in_cells(tree.box, units, *orbit.box)
        captured = captured_by(attractors, *orbit.box)
        decided = must_reach(*walk, open_, *touched, captured, power, label, rank)
        steps[open_[decided]] = power
        if np.mean(decided) < _WORTHWHILE:
            break
        kept = np.flatnonzero(~decided)
        open_, orbit = open_[kept], orbit.only(kept)


def _captures(tree: CellTree, attractors: Attractors, nodes: Nodes) -> Ints:
    """The attractor whose trapping region holds all of a node's image, else ``OPEN``."""
    lo, hi = tree.image_ends(nodes)
    return captured_by(attractors, lo, hi)


def _label_inside(tree: CellTree, attractors: Attractors, nodes: Nodes, label: Ints) -> None:
    """Label the leaves that lie in a trapping region."""
    found = captured_by(attractors, *tree.ends(nodes))
    label[nodes] = np.where(found >= 0, found, label[nodes])


def _blocks(
    tree: CellTree, attractors: Attractors, levels: int, max_cells: int, threads: int | None
) -> tuple[CellTree, dict[int, Nodes]]:
    """For attractors that are no point or cycle: all that can be reached from the cells of their states, closed."""
    blocks: dict[int, Nodes] = {}
    for k, attractor in enumerate(attractors.listed):
        if attractor.point is not None:
            continue
        while True:
            nodes = _closure(tree, attractor, attractors)
            chosen = _around(tree, _seen(tree, attractor)) if nodes is None else nodes
            chosen = chosen[tree.level[chosen] < levels]
            if not chosen.size or tree.leaves.size + chosen.size * (1 << len(tree.roots)) > max_cells:
                break
            tree = tree.split(chosen, threads=threads)
        if nodes is not None:
            blocks[k] = nodes
    return tree, blocks


def _seen(tree: CellTree, attractor: Attractor) -> Nodes:
    """The leaves that hold states of an attractor."""
    lo, hi = (np.array([[float(side[e])] for side in tree.box]) for e in (0, 1))
    states = attractor.states[:, np.all((attractor.states >= lo) & (attractor.states < hi), axis=0)]
    units = np.array([[r << tree.fine] for r in tree.roots])
    place = np.clip(np.floor((states - lo) / (hi - lo) * units), 0, units - 1).astype(np.int64)
    return np.unique(tree.locate(place))


def _around(tree: CellTree, nodes: Nodes) -> Nodes:
    """Some leaves, and those that their images and the images of these touch."""
    reached = np.zeros(tree.num_nodes, dtype=np.bool_)
    reached[nodes] = True
    for _ in range(2):
        successors(*walk_arrays(tree), tree.fine, tree.first, tree.last, np.flatnonzero(reached), reached)
    return np.flatnonzero(reached)


def _closure(tree: CellTree, attractor: Attractor, attractors: Attractors) -> Nodes | None:
    """The leaves that orbits from an attractor's cells may visit; None if they may leave the box or reach others."""
    allowed = tree.child < 0
    for other in attractors.listed:
        for state in other.point.orbit if other.point is not None else ():
            allowed[tree.touched(state)] = False
    n = len(tree.roots)
    reached = np.zeros(tree.num_nodes, dtype=np.bool_)
    arrays = *walk_arrays(tree), tree.fine, tree.first, tree.last, tree.status
    end = spread(*arrays, _seen(tree, attractor), allowed, np.zeros(n, dtype=np.int64), np.zeros(n), 0.0, reached)
    return np.flatnonzero(reached) if end == -1 else None
