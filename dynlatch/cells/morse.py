"""The Morse graph of a map: where its recurrent dynamics can be, proved, and what can lead from where to where."""

# pyright: reportMissingParameterType=false
# numba infers the types of the kernels' arguments.
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from dynlatch.cells.digraph import CellDigraph, Longs, cell_digraph
from dynlatch.cells.images import displacements
from dynlatch.cells.tree import EXITS, CellTree, Ints, box_volume, check_dimension, make_tree
from dynlatch.errors import InputError
from dynlatch.files import whole_file, writable_parent
from dynlatch.jit import jit
from dynlatch.latch.fixed_points import FixedPoint, fixed_points
from dynlatch.maps.definition import Box, Map, exact_box
from dynlatch.progress import SILENT, Progress
from dynlatch.regions.grid import cell_counts
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.rigor.krawczyk import Floats
from dynlatch.verdict import Stop, Verdict

OUTSIDE: Final = "outside"
"""The node that stands for everything beyond the box; no edge leaves it, since nothing is known there."""
MAX_CELLS: Final = 2_000_000
_RESOLUTION: Final = {1: 4096, 2: 256, 3: 40, 4: 16}
DRIFT_STEPS: Final = (1, 2)
"""Powers of M for which a functional is tried that drives all orbits through a component."""
_CHUNK: Final = 65_536
_MOST_DRAWN: Final = 400
"""Morse sets up to which the order is reduced to its direct steps."""


@dataclass(frozen=True, slots=True, repr=False)
class MorseSet:
    """A recurrent part of the digraph: a strongly connected set of cells.

    ``cells`` are nodes of the graph's tree, ``box`` is their hull, ``volume`` the exact sum of their volumes.
    ``attracting``: M maps the union of the cells into itself, so it holds an attractor. ``points`` are certified
    fixed points and cycles that lie inside. ``verdict`` is PROVED where the set is known to hold an invariant set
    (one of the two), INCONCLUSIVE where it may be empty.
    """

    number: int
    cells: Longs
    box: Box
    volume: Fraction
    attracting: bool
    points: tuple[FixedPoint, ...]
    verdict: Verdict

    def __repr__(self) -> str:
        kind = "attracting" if self.attracting else "not attracting"
        held = (
            ", ".join("fixed point" if p.period == 1 else f"{p.period}-cycle" for p in self.points) or "nothing known"
        )
        return f"MorseSet({self.number}: {self.cells.size} cells, {kind}, holds {held}, {self.verdict})"


@dataclass(frozen=True, slots=True, repr=False)
class MorseGraph:
    """The Morse sets of a map on the leaves of a tree, and the order in which orbits can pass them.

    An orbit that stays in the box ends up in one Morse set (its limit set lies there), and passes them only along
    ``reachable``: a ``networkx.DiGraph`` on the numbers of the sets and ``"outside"``, the full order. ``order`` (N,)
    belongs to ``digraph.cells``: no edge leads to a higher order, and within one order only inside a Morse set.
    ``verdict`` PROVED holds for that statement. ``stop`` is BUDGET where refinement ended early.
    """

    digraph: CellDigraph
    sets: tuple[MorseSet, ...]
    order: Ints
    reachable: nx.DiGraph[int | str]
    verdict: Verdict
    stop: Stop

    @property
    def map(self) -> Map:
        """The map."""
        return self.digraph.tree.map

    @property
    def box(self) -> Box:
        """The box that was cut into cells."""
        return self.digraph.tree.box

    @property
    def graph(self) -> nx.DiGraph[int | str]:
        """The order's direct steps (its transitive reduction), with what is known of each set as attributes."""
        direct = nx.transitive_reduction(self.reachable) if len(self.sets) <= _MOST_DRAWN else self.reachable.copy()
        direct.add_nodes_from((node, self._attributes(node)) for node in self.reachable)
        return direct

    @property
    def volume(self) -> Fraction:
        """The exact volume of all Morse sets together."""
        return sum((s.volume for s in self.sets), Fraction(0))

    def set_of(self) -> Ints:
        """The Morse set of every cell of the digraph, -1 where it is in none; shape (N,)."""
        place = np.full(self.digraph.tree.num_nodes, -1, dtype=np.int32)
        for s in self.sets:
            place[s.cells] = s.number
        return place[self.digraph.cells]

    def to_graphml(self, path: str | Path) -> Path:
        """Write ``graph`` as GraphML, whole or not at all. Raises: OutputError if it cannot be written."""
        target = writable_parent(Path(path))
        with whole_file(target) as temporary:
            nx.write_graphml(self.graph, temporary)
        return target

    def _attributes(self, node: int | str) -> dict[str, Any]:
        if isinstance(node, str):
            return {"label": "outside the box", "cells": 0, "volume": 0.0, "attracting": False, "holds": ""}
        s = self.sets[node]
        held = ", ".join(
            f"{'fixed point' if p.period == 1 else f'cycle of period {p.period}'} ({p.stability})" for p in s.points
        )
        return {
            "label": f"set {node}", "cells": int(s.cells.size), "volume": float(s.volume), "attracting": s.attracting,
            "holds": held,
        }  # fmt: skip

    def __repr__(self) -> str:
        held = sum(s.verdict is Verdict.PROVED for s in self.sets)
        share = float(self.volume / box_volume(self.box))
        return (
            f"MorseGraph of {self.map.name}: {len(self.sets)} Morse sets ({held} proved to hold something) on "
            f"{share:.3g} of the box, {self.digraph.num_cells} cells, {self.verdict}"
        )


def morse_graph(
    m: Map,
    box: object = None,
    resolution: int | Sequence[int] | None = None,
    *,
    refine: int = 0,
    max_cells: int = MAX_CELLS,
    max_period: int = 1,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> MorseGraph:
    """Enclose everything recurrent in a box and prove what can lead where.

    Outward-rounded images of cells make a digraph that covers the dynamics; its strongly connected components are the
    Morse sets. ``refine`` times the cells of the Morse sets are halved along every axis and the digraph is made anew.

    Arguments: ``box`` (the map's domain), ``resolution``, cells along each axis before refinement (4096, 256, 40, 16
    for 1 to 4 states); ``max_cells``, at which refinement ends (the largest Morse sets go first); ``max_period`` of the
    certified cycles looked for inside the sets (up to 2 states for periods above 1).
    Raises: InputError for more than 4 states, a bad box or resolution, a negative ``refine``, a budget below the grid,
    too many edges.
    Rigor: certified. Cost: about 0.1 microseconds a cell and 5 bytes an edge for a network of two units.
    """
    n = check_dimension(m)
    sides = m.domain if box is None else exact_box(box, n)
    counts = cell_counts(_RESOLUTION[n] if resolution is None else resolution, n)
    total = int(np.prod(np.array(counts, dtype=object)))
    if isinstance(refine, bool) or not isinstance(refine, int) or not 0 <= refine <= 24:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InputError(f"refine={refine} must be a whole number from 0 to 24: how often recurrent cells are halved")
    if max_cells < total:
        raise InputError(
            f"max_cells={max_cells} is below the {total} cells of resolution {' x '.join(map(str, counts))}; "
            "choose a lower resolution and refine, or a larger budget"
        )
    tree = make_tree(m, sides, counts, threads=threads, progress=progress)
    digraph = cell_digraph(tree)
    order = digraph.components()
    stop = Stop.SOLVED
    for _ in range(refine):
        chosen, whole = _worth_splitting(digraph, order, max_cells)
        stop = stop if whole else Stop.BUDGET
        if not chosen.size:
            break
        tree = tree.split(chosen, threads=threads)
        digraph = cell_digraph(tree)
        order = digraph.components()
    return _described(m, digraph, order, _known_points(m, sides, max_period), stop)


def _recurrent(digraph: CellDigraph, order: Ints) -> NDArray[np.bool_]:
    """Whether orbits may stay in each component: it has a circle of edges, and no functional drives all through."""
    recurrent = circular(digraph, order)
    for steps in DRIFT_STEPS:
        recurrent &= drift(digraph, order, recurrent, steps) == 0
    return recurrent


def circular(digraph: CellDigraph, order: Ints) -> NDArray[np.bool_]:
    """Whether each component has a circle of edges: two cells, or one with an edge to itself."""
    found = np.bincount(order) > 1
    found[order[_self_loops(digraph.starts, digraph.targets)]] = True
    return found


def drift(digraph: CellDigraph, order: Ints, chosen: NDArray[np.bool_], steps: int) -> Ints:
    """For each chosen component a functional that drives all orbits through: its number from 1 on, its sign; else 0.

    Where f . (M^s(a) - a) has one sign on all cells of a component, it is bounded away from 0 there, so no orbit can
    stay. ``steps`` is s; two steps see through the flips at a negative multiplier.
    """
    tree = digraph.tree
    inside = np.flatnonzero(chosen[order])
    functionals = drifts(len(tree.roots))
    lower, upper = np.full((2, len(functionals), chosen.size), np.inf)
    for start in range(0, inside.size, _CHUNK):
        part = inside[start : start + _CHUNK]
        least, most = displacements(tree.map, *tree.ends(digraph.cells[part]), functionals, steps)
        for k in range(len(functionals)):
            np.minimum.at(lower[k], order[part], np.where(np.isnan(least[k]), -np.inf, least[k]))
            np.minimum.at(upper[k], order[part], np.where(np.isnan(most[k]), -np.inf, -most[k]))
    found = np.zeros(chosen.size, dtype=np.int32)
    for k in range(len(functionals)):
        found[(lower[k] > 0) & chosen] = k + 1
        found[(upper[k] > 0) & chosen] = -(k + 1)
    return found


def drifts(n: int) -> Floats:
    """The functionals that are tried: the coordinates, and sums and differences of two of them."""
    rows = [*np.eye(n), *(np.eye(n)[i] + sign * np.eye(n)[j] for i in range(n) for j in range(i) for sign in (1, -1))]
    return np.array(rows)


def _worth_splitting(digraph: CellDigraph, order: Ints, max_cells: int) -> tuple[Longs, bool]:
    """The cells of as many Morse sets as the budget lets be halved, largest volume first, and whether it lets all."""
    tree, parts = digraph.tree, 1 << len(digraph.tree.roots)
    numbers = np.flatnonzero(_recurrent(digraph, order))
    place = np.full(int(order.max()) + 1, -1, dtype=np.int64)
    place[numbers] = np.arange(numbers.size)
    owner = place[order]
    inside = owner >= 0
    weights = np.ldexp(1.0, -len(tree.roots) * tree.level[digraph.cells[inside]].astype(np.int32))
    volume = np.bincount(owner[inside], weights, numbers.size)
    size = np.bincount(owner[inside], minlength=numbers.size)
    by_volume = np.argsort(-volume, kind="stable")
    fits = digraph.num_cells + (parts - 1) * np.cumsum(size[by_volume]) <= max_cells
    kept = np.zeros(numbers.size, dtype=bool)
    kept[by_volume[fits]] = True
    chosen = np.zeros(owner.size, dtype=bool)
    chosen[inside] = kept[owner[inside]]
    return digraph.cells[chosen], bool(np.all(fits))


def _described(m: Map, digraph: CellDigraph, order: Ints, points: list[FixedPoint], stop: Stop) -> MorseGraph:
    tree = digraph.tree
    numbers = np.flatnonzero(_recurrent(digraph, order))
    place = np.full(int(order.max()) + 1, -1, dtype=np.int32)
    place[numbers] = np.arange(numbers.size, dtype=np.int32)
    owner = place[order]
    exits = (tree.status[digraph.cells] & EXITS) != 0
    closed = _closed(digraph.starts, digraph.targets, owner, exits, numbers.size)
    by_owner = np.argsort(owner, kind="stable")
    bounds = np.searchsorted(owner[by_owner], np.arange(numbers.size + 1))
    held = _placed(tree, digraph, owner, points)
    sets: list[MorseSet] = []
    for k in range(numbers.size):
        cells = digraph.cells[by_owner[bounds[k] : bounds[k + 1]]]
        proved = Verdict.PROVED if closed[k] or held[k] else Verdict.INCONCLUSIVE
        sets.append(MorseSet(k, cells, _hull(tree, cells), tree.volume(cells), bool(closed[k]), tuple(held[k]), proved))
    reachable: nx.DiGraph[int | str] = nx.DiGraph()
    reachable.add_nodes_from([*range(numbers.size), OUTSIDE])
    by_order = np.argsort(order, kind="stable")
    for first in range(0, numbers.size + 1, 64):  # 64 sets at once, the last bit of all for the outside
        last = min(first + 64, numbers.size + 1)
        masks = _reach(digraph.starts, digraph.targets, order, by_order, place, exits, numbers.size, first, last)
        for k, mask in enumerate(masks[numbers].tolist()):
            ends = [first + b for b in range(last - first) if mask >> b & 1]
            reachable.add_edges_from((k, OUTSIDE if e == numbers.size else e) for e in ends if e != k)
    return MorseGraph(digraph, tuple(sets), order, reachable, Verdict.PROVED, stop)


def _hull(tree: CellTree, cells: Longs) -> Box:
    """The exact hull of cells."""
    shift = tree.fine - tree.level[cells].astype(np.int64)
    hull: list[tuple[Fraction, Fraction]] = []
    for i, ((lo, hi), roots) in enumerate(zip(tree.box, tree.roots, strict=True)):
        place = tree.index[i, cells].astype(np.int64)
        unit = (hi - lo) / (roots << tree.fine)
        hull.append((lo + unit * int(np.min(place << shift)), lo + unit * int(np.max((place + 1) << shift))))
    return tuple(hull)


def _known_points(m: Map, box: Box, max_period: int) -> list[FixedPoint]:
    longest = max_period if m.dimension <= 2 else 1
    return [p for period in range(1, longest + 1) for p in fixed_points(m, box, period, max_boxes=20_000)]


def _placed(tree: CellTree, digraph: CellDigraph, owner: Ints, points: list[FixedPoint]) -> list[list[FixedPoint]]:
    """The certified points by Morse set: those whose whole orbit is proved to lie in the set's cells."""
    held: list[list[FixedPoint]] = [[] for _ in range(int(owner.max(initial=-1)) + 1)]
    of_node = np.full(tree.num_nodes, -1, dtype=np.int32)
    of_node[digraph.cells] = owner
    for point in points:
        found = {_owner_of(tree, of_node, state) for state in point.orbit}
        if len(found) == 1 and (k := found.pop()) is not None:
            held[k].append(point)
    return held


def _owner_of(tree: CellTree, of_node: Ints, state: Sequence[Enclosure]) -> int | None:
    """The Morse set whose cells hold an enclosed state, whichever cells it may lie in; None if that is not settled."""
    owners = {int(of_node[leaf]) for leaf in tree.touched(state)}
    return owners.pop() if len(owners) == 1 and -1 not in owners else None


@jit
def _self_loops(starts, targets):
    found = np.zeros(starts.size - 1, dtype=np.bool_)
    for c in range(starts.size - 1):
        for e in range(starts[c], starts[c + 1]):
            if targets[e] == c:
                found[c] = True
    return found


@jit
def _closed(starts, targets, owner, exits, num_sets):
    """Whether every image of each set's cells stays among its cells."""
    closed = np.ones(num_sets, dtype=np.bool_)
    for c in range(owner.size):
        k = owner[c]
        if k >= 0:
            if exits[c]:
                closed[k] = False
            for e in range(starts[c], starts[c + 1]):
                if owner[targets[e]] != k:
                    closed[k] = False
    return closed


@jit
def _reach(starts, targets, order, by_order, place, exits, num_sets, first, last):
    """For each component the sets ``first`` to ``last`` (``num_sets`` is the outside) that it leads to, as bits."""
    masks = np.zeros(place.size, dtype=np.uint64)
    one = np.uint64(1)
    for c in by_order:
        k = order[c]
        mask = masks[k]
        if place[k] >= first and place[k] < last:
            mask |= one << np.uint64(place[k] - first)
        if exits[c] and last == num_sets + 1:
            mask |= one << np.uint64(num_sets - first)
        for e in range(starts[c], starts[c + 1]):
            mask |= masks[order[targets[e]]]
        masks[k] = mask
    return masks
