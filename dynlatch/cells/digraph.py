"""The digraph of a map on cells: from each cell to every cell that its image may touch.

Rows are compressed (CSR): the successors of cell c are ``targets[starts[c]:starts[c + 1]]``. Every true image is
covered, so an orbit of points in the box is a walk in the digraph until it leaves the box.
"""

# pyright: reportMissingParameterType=false
# numba infers the types of the kernels' arguments.
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from dynlatch.cells.tree import CellTree, Ints
from dynlatch.cells.tree_walk import STACK, next_leaf, start_walk, walk_arrays
from dynlatch.errors import InputError
from dynlatch.jit import jit

if TYPE_CHECKING:
    from scipy import sparse

MAX_EDGES: Final = 400_000_000
"""Edges take four bytes each; more than these are refused."""

Longs = NDArray[np.int64]


@dataclass(frozen=True, slots=True, repr=False)
class CellDigraph:
    """The digraph on the leaves of a tree of cells; cell c is the node ``cells[c]``.

    ``starts`` (N + 1,) and ``targets`` (num_edges,) are the rows. A cell whose ``tree.status`` has the flag ``EXITS``
    has an edge more, to the sink outside the box. Rigor: certified (every true transition is an edge).
    """

    tree: CellTree
    cells: Longs
    starts: Longs
    targets: Ints

    @property
    def num_cells(self) -> int:
        """The number of cells."""
        return int(self.cells.size)

    @property
    def num_edges(self) -> int:
        """The number of edges inside the box."""
        return int(self.targets.size)

    def to_csr(self) -> sparse.csr_matrix:
        """The adjacency matrix as ``scipy.sparse.csr_matrix`` of booleans (it shares the arrays)."""
        from scipy import sparse

        ones = np.ones(self.num_edges, dtype=bool)
        return sparse.csr_matrix((ones, self.targets, self.starts), shape=(self.num_cells, self.num_cells))

    def components(self) -> Ints:
        """The strongly connected component of every cell, numbered so that edges never lead to a higher number.

        Shape (N,). Rigor: exact. Cost: O(cells + edges).
        """
        return strong_components(self.starts, self.targets)

    def __repr__(self) -> str:
        return f"CellDigraph of {self.tree.map.name} on {self.num_cells} cells: {self.num_edges} edges"


def cell_digraph(tree: CellTree) -> CellDigraph:
    """The digraph on the leaves of a tree.

    Raises: InputError where it would have more than ``MAX_EDGES`` edges.
    Rigor: certified. Cost: a few nanoseconds an edge where all cells are of one size, some ten elsewhere; four bytes an
    edge.
    """
    cells = tree.leaves
    if tree.depth == 0:
        fine = tree.fine
        first, last = tree.first >> fine, tree.last >> fine
        starts = _checked(tree, _count(first, last))
        return CellDigraph(tree, cells, starts, _fill(first, last, np.array(tree.roots), starts))
    place = np.full(tree.num_nodes, -1, dtype=np.int32)
    place[cells] = np.arange(cells.size, dtype=np.int32)
    arrays = *walk_arrays(tree), tree.fine, tree.first, tree.last, cells
    starts = _checked(tree, _count_leaves(*arrays))
    return CellDigraph(tree, cells, starts, _fill_leaves(*arrays, place, starts))


def _checked(tree: CellTree, starts: Longs) -> Longs:
    if starts[-1] > MAX_EDGES:
        raise InputError(
            f"{tree.map.name}: the images of {starts.size - 1} cells touch {starts[-1]:.3g} cells, more than "
            f"{MAX_EDGES:.3g}; choose a lower resolution and refine instead"
        )
    return starts


@jit
def _count_leaves(child, level, index, roots, fine, first, last, cells):
    cursor, stack = np.empty(roots.size, dtype=np.int64), np.empty(STACK, dtype=np.int64)
    starts = np.zeros(cells.size + 1, dtype=np.int64)
    for c in range(cells.size):
        low, high = first[:, cells[c]], last[:, cells[c]]
        start_walk(low, high, fine, cursor)
        count, top = 0, 0
        while True:
            leaf, top = next_leaf(child, level, index, roots, fine, low, high, cursor, stack, top)
            if leaf < 0:
                break
            count += 1
        starts[c + 1] = starts[c] + count
    return starts


@jit
def _fill_leaves(child, level, index, roots, fine, first, last, cells, place, starts):
    cursor, stack = np.empty(roots.size, dtype=np.int64), np.empty(STACK, dtype=np.int64)
    targets = np.empty(starts[cells.size], dtype=np.int32)
    for c in range(cells.size):
        low, high = first[:, cells[c]], last[:, cells[c]]
        start_walk(low, high, fine, cursor)
        at, top = starts[c], 0
        while True:
            leaf, top = next_leaf(child, level, index, roots, fine, low, high, cursor, stack, top)
            if leaf < 0:
                break
            targets[at] = place[leaf]
            at += 1
    return targets


@jit
def _count(first, last):
    n, total = first.shape
    starts = np.zeros(total + 1, dtype=np.int64)
    for j in range(total):
        size = 1
        for i in range(n):
            size *= max(0, last[i, j] - first[i, j] + 1)
        starts[j + 1] = starts[j] + size
    return starts


@jit
def _fill(first, last, counts, starts):
    n, total = first.shape
    targets = np.empty(starts[total], dtype=np.int32)
    row = np.empty(n, dtype=np.int64)
    for j in range(total):
        at = starts[j]
        if at == starts[j + 1]:
            continue
        for i in range(n):
            row[i] = first[i, j]
        length = last[n - 1, j] - first[n - 1, j] + 1
        while True:
            base = row[0]
            for i in range(1, n):
                base = base * counts[i] + row[i]
            for k in range(length):
                targets[at + k] = base + k
            at += length
            i = n - 2
            while i >= 0:
                row[i] += 1
                if row[i] <= last[i, j]:
                    break
                row[i] = first[i, j]
                i -= 1
            if i < 0:
                break
    return targets


@jit
def strong_components(starts: Any, targets: Any) -> Any:
    """Strongly connected components of a digraph in rows, numbered so that no edge leads to a higher number.

    Pearce's one-pass form of Tarjan's algorithm, on a stack of its own. Shape (N,), int32. Rigor: exact.
    """
    total = starts.size - 1
    number = np.zeros(total, dtype=np.int32)  # 0: new; small: visit order; large: finished, total - component
    root = np.ones(total, dtype=np.uint8)
    open_ = np.empty(total, dtype=np.int32)
    call = np.empty(total, dtype=np.int32)
    edge = np.empty(total, dtype=np.int64)
    num_open, index, finished = 0, 1, total
    for begin in range(total):
        if number[begin] != 0:
            continue
        call[0], edge[0], depth = begin, starts[begin], 1
        number[begin] = index
        index += 1
        while depth > 0:
            v, e, end = call[depth - 1], edge[depth - 1], starts[call[depth - 1] + 1]
            least, deeper = number[v], False
            while e < end:
                w = targets[e]
                e += 1
                if number[w] == 0:
                    call[depth], edge[depth - 1], edge[depth] = w, e, starts[w]
                    depth += 1
                    number[w] = index
                    index += 1
                    deeper = True
                    break
                if number[w] < least:
                    least = number[w]
                    root[v] = 0
            number[v] = least
            if deeper:
                continue
            depth -= 1
            if root[v] == 1:
                index -= 1
                while num_open > 0 and number[v] <= number[open_[num_open - 1]]:
                    num_open -= 1
                    number[open_[num_open]] = finished
                    index -= 1
                number[v] = finished
                finished -= 1
            else:
                open_[num_open] = v
                num_open += 1
            if depth > 0:
                u = call[depth - 1]
                if number[v] < number[u]:
                    number[u] = number[v]
                    root[u] = 0
    for v in range(total):
        number[v] = total - number[v]
    return number
