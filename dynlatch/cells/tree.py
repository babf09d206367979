"""A box cut into cells of many sizes: leaves of a tree whose nodes are halved along every axis.

Where an image lies is held in whole *units*: the box has ``roots[i] << FINE`` of them along axis i, far more than the
cells of any depth, so that every later question is exact arithmetic of integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dynlatch.cells.images import images
from dynlatch.cells.tree_walk import in_units, leaf_at, leaves_between, preorder, walk_arrays
from dynlatch.errors import InputError
from dynlatch.maps.definition import Box, Map
from dynlatch.maps.threads import for_chunks
from dynlatch.progress import SILENT, Progress
from dynlatch.rigor.enclosure import Enclosure, float_above, float_below
from dynlatch.rigor.krawczyk import Floats

Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]
Nodes = NDArray[np.int64]
"""Numbers of nodes."""

MAX_DIMENSION: Final = 4
UNIT_BITS: Final = 30
"""An axis has at most 2^30 units."""

DEFINED: Final = 1
"""The image of the cell is known."""
EXITS: Final = 2
"""It may reach out of the box."""
_CHUNK: Final = 16_384


@dataclass(frozen=True, slots=True, repr=False)
class CellTree:
    """Cells of a box by node: ``child`` is a node's first child (-1 in a leaf), children stand together.

    Root nodes come first, in C order; child number c is the upper half along axis i where bit n - 1 - i of c is set.
    ``level`` counts halvings, ``index`` (n, N) is the cell's place among the cells of its level. ``first`` and ``last``
    (n, N) hold the units that the image of a leaf may touch, ``status`` the flags ``DEFINED`` and ``EXITS``; all three
    are empty in a tree that was made without images.
    Rigor: certified; images are outward rounded, to floats and then to units.
    """

    map: Map
    box: Box
    roots: tuple[int, ...]
    child: Ints
    level: Bytes
    index: Ints
    first: Ints
    last: Ints
    status: Bytes

    @property
    def fine(self) -> int:
        """How many halvings of a root cell make one unit."""
        return UNIT_BITS - (max(self.roots) - 1).bit_length()

    @property
    def num_nodes(self) -> int:
        """Leaves and nodes that are split."""
        return int(self.child.size)

    @property
    def leaves(self) -> Nodes:
        """The nodes that are cells, in the order of their making."""
        return np.flatnonzero(self.child < 0)

    @property
    def depth(self) -> int:
        """The most halvings of a root cell."""
        return int(self.level.max())

    def ends(self, nodes: Nodes) -> tuple[Floats, Floats]:
        """Lower and upper ends of cells, rounded outward; shapes (n, N)."""
        lo, hi = np.empty((len(self.roots), nodes.size)), np.empty((len(self.roots), nodes.size))
        levels = self.level[nodes]
        for level in np.unique(levels):
            chosen = slice(None) if levels[0] == level and np.all(levels == level) else levels == level
            for i, (side, count) in enumerate(zip(self.box, self.roots, strict=True)):
                place = self.index[i, nodes[chosen]].astype(np.int64)
                lo[i, chosen], hi[i, chosen] = edges(side, count << int(level), place)
        return lo, hi

    def image_ends(self, nodes: Nodes) -> tuple[Floats, Floats]:
        """Ends of a box that holds each leaf's image.

        Shapes (n, N); nan where the image is not known or reaches out of the box.
        """
        lo, hi = np.empty((len(self.roots), nodes.size)), np.empty((len(self.roots), nodes.size))
        inside = self.status[nodes] == DEFINED
        for i, (side, roots) in enumerate(zip(self.box, self.roots, strict=True)):
            first, last = self.first[i, nodes].astype(np.int64), self.last[i, nodes].astype(np.int64)
            lo[i] = np.where(inside, edges(side, roots << self.fine, first)[0], np.nan)
            hi[i] = np.where(inside, edges(side, roots << self.fine, last)[1], np.nan)
        return lo, hi

    def locate(self, place: NDArray[np.int64]) -> NDArray[np.int64]:
        """The leaves that hold units given by their numbers along each axis; shape (n, N) to (N,)."""
        return leaf_at(*walk_arrays(self), self.fine, place)

    def volume(self, nodes: Nodes) -> Fraction:
        """The exact sum of the volumes of cells."""
        total = Fraction(0)
        for level, count in zip(*np.unique(self.level[nodes], return_counts=True), strict=True):
            total += Fraction(int(count), 1 << (int(level) * len(self.roots)))
        return total * box_volume(self.box) / int(np.prod(np.array(self.roots, dtype=object)))

    def unit_widths(self) -> Floats:
        """The width of a unit along each axis, rounded down; shape (n,)."""
        return np.array(
            [float_below((hi - lo) / (r << self.fine)) for (lo, hi), r in zip(self.box, self.roots, strict=True)]
        )

    def in_order(self) -> Nodes:
        """The leaves as a walk over the tree meets them, depth first."""
        order = self.preorder()
        return order[self.child[order] < 0]

    def preorder(self) -> Nodes:
        """All nodes as a walk over the tree meets them, depth first, first children first."""
        return preorder(self.child, int(np.prod(self.roots)), 1 << len(self.roots))

    def touched(self, state: Sequence[Enclosure]) -> list[int]:
        """The leaves that an enclosed state may lie in; none if it is outside the box."""
        ends = [(float_below(e.lower), float_above(e.upper)) for e in state]
        lo, hi = (np.array([[end[k]] for end in ends]) for k in (0, 1))
        first, last, _ = in_cells(self.box, tuple(r << self.fine for r in self.roots), lo, hi)
        return leaves_between(*walk_arrays(self), self.fine, first[:, 0], last[:, 0]).tolist()

    def split(self, nodes: Nodes, *, threads: int | None = None) -> CellTree:
        """The tree with some leaves halved along every axis; old nodes keep their numbers."""
        n, parts = len(self.roots), 1 << len(self.roots)
        if nodes.size and int(self.level[nodes].max()) >= self.fine:
            raise InputError(f"cells of depth {self.fine} cannot be halved any more; choose a smaller depth")
        bits = np.array([[c >> (n - 1 - i) & 1 for c in range(parts)] for i in range(n)], dtype=np.int32)
        index = (2 * self.index[:, nodes, None] + bits[:, None, :]).reshape(n, -1)
        child = np.concatenate([self.child, np.full(nodes.size * parts, -1, dtype=np.int32)])
        child[nodes] = self.num_nodes + parts * np.arange(nodes.size, dtype=np.int32)
        level = np.repeat(self.level[nodes] + 1, parts).astype(np.uint8)
        grown = replace(
            self, child=child, level=np.concatenate([self.level, level]),
            index=np.concatenate([self.index, index], axis=1).astype(np.int32),
        )  # fmt: skip
        return grown._with_images(np.arange(self.num_nodes, grown.num_nodes), threads) if self.status.size else grown

    def _with_images(self, nodes: Nodes, threads: int | None, progress: Progress = SILENT) -> CellTree:
        """The tree with the images of its last nodes, which have none yet."""
        old, n = self.status.size, len(self.roots)
        first, last = (np.empty((n, self.num_nodes), dtype=np.int32) for _ in range(2))
        status = np.empty(self.num_nodes, dtype=np.uint8)
        first[:, :old], last[:, :old], status[:old] = self.first, self.last, self.status
        units = tuple(r << self.fine for r in self.roots)

        def work(start: int, end: int) -> None:
            touched = in_cells(self.box, units, *images(self.map, *self.ends(nodes[start:end]), threads=1))
            here = slice(old + start, old + end)
            first[:, here], last[:, here], status[here] = touched

        for_chunks(work, nodes.size, _CHUNK, threads=threads, progress=progress, title="images of cells")
        return replace(self, first=first, last=last, status=status)

    def __repr__(self) -> str:
        return f"CellTree of {self.map.name}: {self.leaves.size} cells down to depth {self.depth}"


def make_tree(
    m: Map, box: Box, roots: tuple[int, ...], *, with_images: bool = True, threads: int | None = None,
    progress: Progress = SILENT,
) -> CellTree:  # fmt: skip
    """The tree of root cells alone, with their images if they are wanted. Raises: InputError for more than 4 states."""
    n = check_dimension(m)
    total = int(np.prod(roots))
    index = np.stack(np.unravel_index(np.arange(total), roots)).astype(np.int32)
    none = np.empty((n, 0), dtype=np.int32)
    tree = CellTree(
        m, box, roots, np.full(total, -1, dtype=np.int32), np.zeros(total, dtype=np.uint8), index, none, none,
        np.empty(0, dtype=np.uint8),
    )  # fmt: skip
    if not with_images:
        return tree
    return tree._with_images(np.arange(total), threads, progress)  # pyright: ignore[reportPrivateUsage]


def check_dimension(m: Map) -> int:
    """The number of states. Raises: InputError for more than ``MAX_DIMENSION``, or for what is no map."""
    if not isinstance(m, Map):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InputError(f"{repr(m)[:40]} is no map; make one, such as dynlatch.neuron(2)")
    if m.dimension > MAX_DIMENSION:
        raise InputError(
            f"{m.name} has {m.dimension} states but cells cover at most {MAX_DIMENSION}; "
            "fix some states or use a smaller network"
        )
    return m.dimension


def box_volume(box: Box) -> Fraction:
    """The exact volume of a box."""
    volume = Fraction(1)
    for lo, hi in box:
        volume *= hi - lo
    return volume


def edges(side: tuple[Fraction, Fraction], count: int, place: Nodes) -> tuple[Floats, Floats]:
    """Outward-rounded ends of the cells at some places of a side cut into ``count`` equal cells."""
    lo, width = side[0], side[1] - side[0]
    step = width / count
    if lo.denominator & (lo.denominator - 1) == 0 and step.denominator & (step.denominator - 1) == 0:
        scale = max(lo.denominator, step.denominator)
        start, stride = int(lo * scale), int(step * scale)
        if abs(start) + abs(stride) * count < 1 << 53 and scale < 1 << 900:
            # Whole numbers below 2^53 over a power of two: every end is a float.
            inverse: Floats = np.array(1.0 / scale)  # a power of two
            return (start + stride * place) * inverse, (start + stride * (place + 1)) * inverse
    # Two roundings of the start, one of the step, a product and a sum: each below 2^-53 of the largest term.
    size = float_above(max(abs(side[0]), abs(side[1])) + width)
    slack = 8.0 * 2.0**-53 * size + 4.0 * 5e-324
    start, stride = float(lo), float(step)
    at: Floats = place.astype(np.float64)
    return start + stride * at - slack, start + stride * (at + 1.0) + slack


def in_cells(box: Box, counts: Sequence[int], lo: Floats, hi: Floats) -> tuple[Ints, Ints, Bytes]:
    """First and last place of the equal cells of a box that each of N boxes touches, and flags.

    Shapes (n, N), (n, N), (N,). A box that misses all cells has ``first`` above ``last``; one about which nothing is
    known (nan) touches all. Rigor: certified (rounded outward).
    """
    n, total = lo.shape
    first, last = np.empty((n, total), dtype=np.int32), np.empty((n, total), dtype=np.int32)
    status = np.empty(total, dtype=np.uint8)
    exact = [(side[0], Fraction(count) / (side[1] - side[0])) for side, count in zip(box, counts, strict=True)]
    ends = [np.array([rounded(v[k]) for v in exact]) for k in (0, 1) for rounded in (float_below, float_above)]
    units = np.array(counts, dtype=np.int64)
    in_units(np.ascontiguousarray(lo), np.ascontiguousarray(hi), *ends, units, first, last, status)
    return first, last, status
