"""Subdivisions of a box: unpacked with bounds, searched from the root down.

Places are counted in cells of the finest level, so that every edge is a whole number and only the map's images are
rounded. A closed leaf is touched by a closed box that shares a point with it.
"""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Callable, Generator, Sequence
from fractions import Fraction
from typing import Final, TypeAlias

from flint import arb

from dynlatch.checker import intervals as iv
from dynlatch.checker.document import unpack
from dynlatch.checker.fields import Field
from dynlatch.checker.intervals import Interval
from dynlatch.checker.systems import Box

Place: TypeAlias = tuple[int, ...]
Ranges: TypeAlias = Sequence[tuple[int, int]]
"""Along each axis the first and the last finest cell that are touched."""
Judge: TypeAlias = Callable[[int], bool | None]
"""What is known of all leaves below a node: they pass, one that is touched fails, or it must be looked into."""

MAX_DIMENSION: Final = 8
MAX_NODES: Final = 100_000_000
MAX_FINENESS: Final = 1 << 60
"""Finest cells along one axis."""
MAX_KEPT: Final = 1 << 18
"""Edges that are remembered."""
MIXED: Final = -(1 << 31)
"""In place of a value where leaves below a node differ."""


class Tree:
    """The leaves of a box that is cut into roots, each halved along every axis again and again.

    ``link[node]`` is the first of the node's 2^n children, which follow one another, or ``~leaf``.
    """

    def __init__(self, sides: Sequence[tuple[Fraction, Fraction]], roots: Sequence[int], nodes: array[int]) -> None:
        self.sides = tuple(sides)
        self.roots = tuple(roots)
        self.dimension = len(self.sides)
        self.link, self.depth, self.num_leaves = _linked(nodes, len(self.sides), _product(roots))
        self.counts = tuple(k << self.depth for k in roots)
        self._edges: dict[tuple[int, int, int], tuple[arb, arb]] = {}
        self._frames: dict[int, list[tuple[arb, arb, arb]]] = {}

    def leaves(self) -> Generator[tuple[int, int, Place], None, None]:
        """Every leaf in order: its number, its extent along every axis, and its lowest corner, in finest cells."""
        width = 1 << self.dimension
        size = 1 << self.depth
        steps = list(itertools.product((0, 1), repeat=self.dimension))
        for root, at in enumerate(itertools.product(*map(range, self.roots))):
            stack = [(root, size, tuple(k * size for k in at))]
            while stack:
                node, extent, corner = stack.pop()
                first = self.link[node]
                if first < 0:
                    yield ~first, extent, corner
                    continue
                half = extent >> 1
                stack += [
                    (first + c, half, tuple([x + half * s for x, s in zip(corner, steps[c], strict=True)]))
                    for c in range(width - 1, -1, -1)
                ]

    def box(self, extent: int, corner: Place) -> list[Interval]:
        """The leaf with this place, rounded outward."""
        return [Interval(self._edge(i, x)[0], self._edge(i, x + extent)[1]) for i, x in enumerate(corner)]

    def _edge(self, axis: int, k: int) -> tuple[arb, arb]:
        key = axis, k, iv.bits()
        if key not in self._edges:
            if len(self._edges) > MAX_KEPT:
                self._edges.clear()
            lo, hi = self.sides[axis]
            ball = iv.exact(lo + (hi - lo) * Fraction(k, self.counts[axis]))
            self._edges[key] = ball.lower(), ball.upper()
        return self._edges[key]

    def volume(self, extent: int) -> Fraction:
        """The volume of a leaf of this extent, exactly."""
        found = Fraction(1)
        for (lo, hi), count in zip(self.sides, self.counts, strict=True):
            found *= (hi - lo) * Fraction(extent, count)
        return found

    def _frame(self) -> list[tuple[arb, arb, arb]]:
        """Balls around both ends of each side, and around the finest cells per unit of length."""
        key = iv.bits()
        if key not in self._frames:
            self._frames[key] = [
                (iv.exact(lo), iv.exact(hi), iv.exact(count / (hi - lo)))
                for (lo, hi), count in zip(self.sides, self.counts, strict=True)
            ]
        return self._frames[key]

    def holds(self, box: Box) -> bool:
        """Whether a box is proved to lie inside the tree's box."""
        return all(bool(lo <= x.lo) and bool(x.hi <= hi) for x, (lo, hi, _) in zip(box, self._frame(), strict=True))

    def ranges(self, box: Box) -> Ranges | None:
        """The finest cells that a box touches, or a few more; None if it misses the tree's box altogether."""
        found: list[tuple[int, int]] = []
        for x, (lo, hi, scale), count in zip(box, self._frame(), self.counts, strict=True):
            if x.hi < lo or x.lo > hi:
                return None
            first, last = 0, count - 1
            if x.lo > lo:
                first = max(0, _whole(((x.lo - lo) * scale).lower().ceil()) - 1)
            if x.hi < hi:
                last = min(last, _whole(((x.hi - lo) * scale).upper().floor()))
            found.append((min(first, last), max(first, last)))
        return found

    def all_touched(self, ranges: Ranges, judge: Judge) -> bool:
        """Whether all leaves that are touched pass; ``judge`` must know of every leaf."""
        return next(self.touched(ranges, judge), None) is None

    def touched(
        self, ranges: Ranges, judge: Judge, missed: Callable[[int, Place], bool] | None = None
    ) -> Generator[tuple[int, int, Place], None, None]:
        """The leaves that are touched and do not pass: number, extent and corner (of a node if it fails as a whole).

        With ``missed``, what it says of a node's extent and corner decides which nodes are not touched after all.
        """
        size = 1 << self.depth
        spans = [range(a >> self.depth, (b >> self.depth) + 1) for a, b in ranges]
        for at in itertools.product(*spans):
            root = 0
            for k, count in zip(at, self.roots, strict=True):
                root = root * count + k
            stack: list[tuple[int, int, Place]] = [(root, size, tuple(k * size for k in at))]
            while stack:
                node, extent, corner = stack.pop()
                passes = judge(node)
                if passes or (missed is not None and missed(extent, corner)):
                    continue
                first = self.link[node]
                if passes is False:
                    yield (~first if first < 0 else -1), extent, corner
                    continue
                half = extent >> 1
                places: list[tuple[int, Place]] = [(first, ())]
                bit = 1 << self.dimension
                for (a, b), x in zip(ranges, corner, strict=True):
                    bit >>= 1
                    middle = x + half
                    if b < middle:
                        places = [(k, (*p, x)) for k, p in places]
                    elif a >= middle:
                        places = [(k + bit, (*p, middle)) for k, p in places]
                    else:
                        places = [q for k, p in places for q in ((k, (*p, x)), (k + bit, (*p, middle)))]
                stack += [(k, half, p) for k, p in places]

    def leaves_touched(self, box: Box) -> set[int]:
        """The numbers of the leaves that a box touches."""
        ranges = self.ranges(box)
        if ranges is None:
            return set()
        link = self.link
        return {leaf for leaf, _, _ in self.touched(ranges, lambda node: False if link[node] < 0 else None)}

    def common(self, column: Sequence[int]) -> array[int]:
        """For every node the value that all leaves below it have in a column, or MIXED."""
        link, width = self.link, 1 << self.dimension
        found = array("i", bytes(4 * len(link)))
        for node in range(len(link) - 1, -1, -1):
            first = link[node]
            if first < 0:
                found[node] = column[~first]
            else:
                value = found[first]
                found[node] = value if found[first : first + width].count(value) == width else MIXED
        return found

    def most(self, column: Sequence[int]) -> array[int]:
        """For every node the largest value of a column below it."""
        link, width = self.link, 1 << self.dimension
        found = array("i", bytes(4 * len(link)))
        for node in range(len(link) - 1, -1, -1):
            first = link[node]
            found[node] = column[~first] if first < 0 else max(found[first : first + width])
        return found


def _whole(value: arb) -> int:
    found = value.unique_fmpz()
    if found is None:
        raise ArithmeticError(f"{value} is no whole number at {iv.bits()} bits")
    return int(found)


def _product(values: Sequence[int]) -> int:
    found = 1
    for value in values:
        found *= value
    return found


def _linked(nodes: array[int], dimension: int, num_roots: int) -> tuple[array[int], int, int]:
    """Links, depth and number of leaves of a preorder walk. Raises: ValueError if it is not one."""
    width = 1 << dimension
    link = array("i", bytes(4 * len(nodes)))
    free, leaf, deepest, at = num_roots, 0, 0, 0
    if len(nodes) < num_roots:
        raise ValueError("fewer nodes than roots")
    for root in range(num_roots):
        stack = [(root, 0)]
        while stack:
            if at >= len(nodes):
                raise ValueError("the walk ends before the tree does")
            node, depth = stack.pop()
            value, at = nodes[at], at + 1
            if value == 0:
                link[node] = ~leaf
                leaf += 1
                deepest = max(deepest, depth)
            elif value == 1:
                link[node] = free
                free += width
                if free > len(nodes):
                    raise ValueError("the walk ends before the tree does")
                stack.extend((first, depth + 1) for first in range(free - 1, free - width - 1, -1))
            else:
                raise ValueError(f"a node is {value} where 0 (leaf) or 1 (split) is expected")
    if at != len(nodes):
        raise ValueError("the walk goes on after the tree has ended")
    return link, deepest, leaf


def read_tree(field: Field, dimension: int, columns: dict[str, str]) -> tuple[Tree, dict[str, array[int]]]:
    """A tree and its columns; ``columns`` gives each name its type, with a "?" behind it if it may be missing.

    Raises: InputError if the tree is ill-formed or a column has not one value per leaf.
    """
    parts = field.parts("box", "roots", "num_leaves", "nodes", "columns")
    if dimension > MAX_DIMENSION:
        raise field.refuse(f"a tree in {dimension} dimensions; at most {MAX_DIMENSION} are read")
    sides = parts["box"].solid_box(dimension)
    roots = [k.whole(1, MAX_NODES) for k in parts["roots"].items(dimension)]
    if _product(roots) > MAX_NODES:
        raise parts["roots"].refuse(f"more than {MAX_NODES} cells")
    nodes = unpack(parts["nodes"], "u1", most=MAX_NODES)
    try:
        tree = Tree(sides, roots, nodes)
    except ValueError as error:
        raise parts["nodes"].refuse(f"is no tree: {error}") from None
    if max(tree.counts) > MAX_FINENESS:
        raise parts["nodes"].refuse(f"is {tree.depth} levels deep, more than can be told apart here")
    if parts["num_leaves"].whole(1, MAX_NODES) != tree.num_leaves:
        raise parts["num_leaves"].refuse(f"the tree has {tree.num_leaves} leaves")
    required = [name for name, kind in columns.items() if not kind.endswith("?")]
    given = parts["columns"].parts(*required, optional=[name for name in columns if name not in required])
    return tree, {name: unpack(part, columns[name][:2], tree.num_leaves) for name, part in given.items()}
