"""Small certificates of every kind, made by plain arithmetic: floats with a margin, mpmath for points.

No code of the package's makers is used. What is made here is true by construction (closed forms of the neuron) or by a
wide margin, and every number is written by a few lines of its own, so that a checker that passes it has read and proved
the format, not an echo of itself.
"""

from __future__ import annotations

import base64
import copy
import functools
import itertools
import json
import math
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import mpmath
import networkx as nx

from dynlatch.checker.verify import Verification, verify

F = Fraction
Json = dict[str, Any]
MARGIN = 1e-9


# --- documents --------------------------------------------------------------------------------------------------------


def packed(values: Sequence[int], kind: str) -> Json:
    data = struct.pack(f"<{len(values)}{'B' if kind == 'u1' else 'i'}", *values)
    return {"type": kind, "length": len(values), "data": base64.b64encode(zlib.compress(data)).decode()}


def unpacked(part: Json) -> list[int]:
    data = zlib.decompress(base64.b64decode(part["data"]))
    return list(struct.unpack(f"<{part['length']}{'B' if part['type'] == 'u1' else 'i'}", data))


def text(x: float | int | Fraction) -> str:
    return str(F(x))


def box_text(sides: Sequence[tuple[Fraction, Fraction]]) -> list[list[str]]:
    return [[text(lo), text(hi)] for lo, hi in sides]


@dataclass
class Source:
    """Something with a text, as ``verify`` takes it."""

    document: Json

    def text(self) -> str:
        return json.dumps(self.document)


def document(kind: str, map_: Json, claim: Json) -> Json:
    return {"format": "dynlatch certificate", "version": 1, "kind": kind, "map": map_, "claim": claim}


def checked(doc: Json, **settings: Any) -> Verification:
    return verify(Source(doc), **settings)


# --- maps -------------------------------------------------------------------------------------------------------------


def formulas(name: str, states: Sequence[str], lines: Sequence[str], domain: Any, **parameters: str) -> Json:
    return {
        "name": name, "states": list(states), "parameters": parameters, "rule": {"formulas": list(lines)},
        "domain": box_text([(F(lo), F(hi)) for lo, hi in domain]),
    }  # fmt: skip


NEURON = formulas("neuron", ["a"], ["w*tanh(a) + h"], [(-4, 4)], w="2", h="0")
LOGISTIC = formulas("logistic", ["x"], ["r*x*(1 - x)"], [("-1/4", "5/4")], r="16/5")
NETWORK = {
    "name": "network", "states": ["a", "b"], "parameters": {},
    "rule": {"weights": [["2", "1/5"], ["1/5", "9/5"]], "bias": ["0", "0"]}, "domain": [["-4", "4"], ["-4", "4"]],
}  # fmt: skip


def neuron(a: float) -> float:
    return 2.0 * math.tanh(a)


def neuron_slope(a: float) -> float:
    return 2.0 / math.cosh(a) ** 2


def logistic(x: float) -> float:
    return 3.2 * x * (1 - x)


def network(x: Sequence[float]) -> tuple[float, float]:
    t = [math.tanh(v) for v in x]
    return 2 * t[0] + 0.2 * t[1], 0.2 * t[0] + 1.8 * t[1]


def monotone_image(f: Callable[..., Any], lo: Sequence[float], hi: Sequence[float]) -> list[tuple[float, float]]:
    """The image of a box under a map that grows in every state, a little too wide."""
    a, b = f(lo), f(hi)
    return [(x - MARGIN, y + MARGIN) for x, y in zip(a, b, strict=True)]


def interval_image(name: str, lo: Sequence[float], hi: Sequence[float]) -> list[tuple[float, float]]:
    if name == "logistic":
        values = [logistic(lo[0]), logistic(hi[0])] + ([0.8] if lo[0] <= 0.5 <= hi[0] else [])
        return [(min(values) - MARGIN, max(values) + MARGIN)]
    if name == "neuron":
        return monotone_image(lambda x: [neuron(x[0])], lo, hi)
    return monotone_image(network, lo, hi)


# --- trees ------------------------------------------------------------------------------------------------------------


@dataclass
class Tree:
    """Leaves in the order of the walk, with their exact sides."""

    sides: list[tuple[Fraction, Fraction]]
    roots: list[int]
    nodes: list[int] = field(default_factory=list)
    leaves: list[list[tuple[Fraction, Fraction]]] = field(default_factory=list)

    @classmethod
    def grow(cls, sides: Any, roots: Sequence[int], split: Callable[[Any, int], bool]) -> Tree:
        tree = cls([(F(lo), F(hi)) for lo, hi in sides], list(roots))
        for at in itertools.product(*map(range, roots)):
            cell = [(lo + (hi - lo) * k / n, lo + (hi - lo) * (k + 1) / n)
                    for (lo, hi), k, n in zip(tree.sides, at, roots, strict=True)]  # fmt: skip
            tree._walk(cell, 0, split)
        return tree

    def _walk(self, cell: list[tuple[Fraction, Fraction]], depth: int, split: Callable[[Any, int], bool]) -> None:
        if not split(cell, depth):
            self.nodes.append(0)
            self.leaves.append(cell)
            return
        self.nodes.append(1)
        halves = [((lo, (lo + hi) / 2), ((lo + hi) / 2, hi)) for lo, hi in cell]
        for parts in itertools.product(*halves):  # the first axis has the most significant bit
            self._walk(list(parts), depth + 1, split)

    def floats(self) -> list[list[tuple[float, float]]]:
        """The leaves' sides as floats, which are exact for the boxes used here."""
        return [[(float(lo), float(hi)) for lo, hi in leaf] for leaf in self.leaves]

    def touched(self, images: Sequence[Sequence[tuple[float, float]]]) -> list[list[int]]:
        leaves = self.floats()
        if len(self.sides) == 1:
            return [[i for i, ((lo, hi),) in enumerate(leaves) if a <= hi and lo <= b] for ((a, b),) in images]
        return [
            [i for i, ((p, q), (r, s)) in enumerate(leaves) if a <= q and p <= b and c <= s and r <= d]
            for (a, b), (c, d) in images
        ]

    def inside(self, image: Sequence[tuple[float, float]]) -> bool:
        return all(lo <= a and b <= hi for (lo, hi), (a, b) in zip(self.sides, image, strict=True))

    def volume(self, leaves: Sequence[int]) -> Fraction:
        return sum((math.prod(hi - lo for lo, hi in self.leaves[i]) for i in leaves), F(0))

    def claim(self, **columns: tuple[Sequence[int], str]) -> Json:
        return {
            "box": box_text(self.sides), "roots": self.roots, "num_leaves": len(self.leaves),
            "nodes": packed(self.nodes, "u1"),
            "columns": {name: packed(values, kind) for name, (values, kind) in columns.items()},
        }  # fmt: skip

    def images(self, name: str) -> list[list[tuple[float, float]]]:
        return [interval_image(name, [float(a) for a, _ in c], [float(b) for _, b in c]) for c in self.leaves]


def uniform(sides: Any, roots: Sequence[int], depth: int) -> Tree:
    return Tree.grow(sides, roots, lambda _, d: d < depth)


# --- traps ------------------------------------------------------------------------------------------------------------


def trap(period: int, point: Sequence[Any], norm: Any, radius: float, rate: float) -> Json:
    """A trapping region around a point known to 50 digits."""
    return {
        "period": period, "point": [digits_box(x) for x in point], "norm": [[text(v) for v in row] for row in norm],
        "centre": [text(float(x)) for x in point], "radius": text(radius), "rate": text(rate),
    }  # fmt: skip


def digits_box(x: Any, digits: int = 35) -> list[str]:
    """An interval of width 2 10^-35 around a number of many digits."""
    with mpmath.workdps(60):
        k = int(mpmath.nint(mpmath.mpf(x) * mpmath.mpf(10) ** digits))
    return [f"{k - 1}/{10**digits}", f"{k + 1}/{10**digits}"]


@functools.cache
def neuron_point() -> Any:
    with mpmath.workdps(60):
        return mpmath.findroot(lambda a: 2 * mpmath.tanh(a) - a, mpmath.mpf("1.9"))


EDGE = math.acosh(math.sqrt(2.0))
"""a_c of the neuron with w = 2: the slope is 1 there."""
NEURON_RADIUS = 0.9


def neuron_trap(sign: int) -> Json:
    p = neuron_point()
    with mpmath.workdps(60):
        return trap(1, [sign * p], [[1]], NEURON_RADIUS, neuron_slope(float(p) - NEURON_RADIUS) + 1e-6)


def neuron_targets() -> list[Json]:
    return [{"kind": "point", "traps": [neuron_trap(1)]}, {"kind": "point", "traps": [neuron_trap(-1)]}]


def logistic_cycle() -> list[Any]:
    """Both points of the 2-cycle at r = 16/5, in closed form."""
    with mpmath.workdps(60):
        r = mpmath.mpf(16) / 5
        root = mpmath.sqrt((r + 1) * (r - 3))
        return [(r + 1 - root) / (2 * r), (r + 1 + root) / (2 * r)]


def logistic_target() -> Json:
    """Radii at which abs((M^2)') stays below the rate, from a scan."""
    traps = []
    for p, radius in zip(logistic_cycle(), (0.03, 0.03), strict=True):
        xs = [float(p) - radius + 2 * radius * k / 2000 for k in range(2001)]
        rate = max(abs(3.2**2 * (1 - 2 * x) * (1 - 2 * logistic(x))) for x in xs)
        traps.append(trap(2, [p], [[1]], radius, rate + 1e-4))
    return {"kind": "point", "traps": traps}


@functools.cache
def network_points() -> list[list[Any]]:
    with mpmath.workdps(60):
        found = []
        for sa, sb in itertools.product((1, -1), repeat=2):
            at = mpmath.findroot(
                lambda a, b: (
                    2 * mpmath.tanh(a) + mpmath.tanh(b) / 5 - a,
                    mpmath.tanh(a) / 5 + mpmath.mpf(9) / 5 * mpmath.tanh(b) - b,
                ),
                (2.1 * sa, 1.7 * sb),
            )
            found.append([at[0], at[1]])
        return found


def network_targets() -> list[Json]:
    """|M'| <= |W| max sech^2, the largest slope in the ball being that of the state nearest to 0."""
    targets = []
    for p in network_points():
        radius = 0.4
        slope = 1 / math.cosh(min(abs(float(p[0])), abs(float(p[1]))) - radius) ** 2
        targets.append({"kind": "point", "traps": [trap(1, p, [[1, 0], [0, 1]], radius, 2.1237 * slope)]})
    return targets


def is_trapped(part: Json, image: Sequence[tuple[float, float]]) -> bool:
    """Whether a box is in the ball of a trap (in the plain norm), with a margin."""
    centre, radius = [float(F(c)) for c in part["centre"]], float(F(part["radius"]))
    far = sum(max(abs(a - c), abs(b - c)) ** 2 for (a, b), c in zip(image, centre, strict=True))
    return math.sqrt(far) <= radius - MARGIN


# --- labels -----------------------------------------------------------------------------------------------------------


def labelled(tree: Tree, name: str, targets: Sequence[Json]) -> tuple[list[int], list[int]]:
    """Labels and ranks by the local rules, round by round."""
    images = tree.images(name)
    touched = tree.touched(images)
    inside = [tree.inside(image) for image in images]
    label, rank = [-1] * len(images), [0] * len(images)
    for i, leaf in enumerate(tree.leaves):
        for k, target in enumerate(targets):
            if any(is_trapped(t, [(float(a), float(b)) for a, b in leaf]) for t in target["traps"]):
                label[i] = k
    for step in range(1, 200):
        new = {}
        for i in (i for i, known in enumerate(label) if known == -1):
            held = [k for k, target in enumerate(targets) if any(is_trapped(t, images[i]) for t in target["traps"])]
            around = {label[j] for j in touched[i]}
            if held:
                new[i] = held[0]
            elif inside[i] and len(around) == 1 and around != {-1} and around != {-2}:
                new[i] = around.pop()
            elif not touched[i] or around == {-2}:
                new[i] = -2
        if not new:
            break
        for i, k in new.items():
            label[i], rank[i] = k, step
    return label, rank


def areas(tree: Tree, label: Sequence[int], avoids: dict[int, Sequence[int]], count: int) -> list[Json]:
    found = []
    for k in range(count):
        away = avoids.get(k, [0] * len(label))
        inner = tree.volume([i for i, v in enumerate(label) if v == k])
        outer = tree.volume([i for i, v in enumerate(label) if v in (k, -1, -2) and not away[i]])
        found.append({"inner": text(inner), "outer": text(outer)})
    return found


def with_areas(doc: Json, tree: Tree) -> Json:
    """The same document with the volumes that follow from its labels."""
    claim = doc["claim"]
    label = unpacked(claim["tree"]["columns"]["label"])
    avoids = {int(k): unpacked(v) for k, v in claim.get("avoids", {}).items()}
    claim["areas"] = areas(tree, label, avoids, len(claim["targets"]))
    return doc


def column(doc: Json, name: str) -> list[int]:
    return unpacked(doc["claim"]["tree"]["columns"][name])


def with_column(doc: Json, name: str, values: Sequence[int], kind: str = "i4") -> Json:
    changed = copy.deepcopy(doc)
    changed["claim"]["tree"]["columns"][name] = packed(values, kind)
    return changed


def with_value(doc: Json, path: Sequence[Any], value: Any) -> Json:
    """The same document with one part of its claim changed."""
    changed = copy.deepcopy(doc)
    place = changed["claim"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


def numbers(part: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Every exact number of a claim, with the way to it."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key not in ("nodes", "columns", "avoids"):
                yield from numbers(value, (*path, key))
    elif isinstance(part, list):
        for i, value in enumerate(part):
            yield from numbers(value, (*path, i))
    elif isinstance(part, str) and part.lstrip("-")[:1].isdigit():
        yield path, part


def basins_of(name: str, map_: Json, tree: Tree, targets: list[Json]) -> Json:
    label, rank = labelled(tree, name, targets)
    claim = {"tree": tree.claim(label=(label, "i4"), rank=(rank, "i4")), "targets": targets, "areas": []}
    return with_areas(document("basins", map_, claim), tree)


# --- one document of every kind ---------------------------------------------------------------------------------------


def fixed_point() -> Json:
    p = neuron_point()
    slope = 2 / mpmath.cosh(p) ** 2
    low, high = digits_box(slope, 14)
    claim = {"period": 1, "box": [digits_box(p)], "moduli": [[low, high]], "stability": "attracting"}
    return document("fixed point", NEURON, claim)


def cycle() -> Json:
    """The 2-cycle of the logistic map: its multiplier is 4 + 2r - r^2 = 4/25."""
    claim = {
        "period": 2, "box": [digits_box(logistic_cycle()[0])], "moduli": [["159999/1000000", "160001/1000000"]],
        "stability": "attracting",
    }  # fmt: skip
    return document("fixed point", LOGISTIC, claim)


def fold() -> Json:
    """h* = sqrt(w (w - 1)) - arcosh(sqrt w), reached from the upper state at a = arcosh(sqrt w) with input -h*."""
    with mpmath.workdps(60):
        edge = mpmath.acosh(mpmath.sqrt(2))
        h = edge - mpmath.sqrt(2)
        return document("fold", NEURON, {"direction": ["1"], "state": [digits_box(edge)], "input": digits_box(h)})


def network_fold() -> Json:
    """Two neurons that do not see each other, the first at its fold."""
    with mpmath.workdps(60):
        edge = mpmath.acosh(mpmath.sqrt(2))
        rest = mpmath.findroot(lambda b: 3 * mpmath.tanh(b) - b, mpmath.mpf("2.98"))
        h = edge - mpmath.sqrt(2)
        rule = {"weights": [["2", "0"], ["0", "3"]], "bias": ["0", "0"]}
        claim = {"direction": ["1", "0"], "state": [digits_box(edge), digits_box(rest)], "input": digits_box(h)}
        return document("fold", NETWORK | {"rule": rule}, claim)


def bound(norm: Any = "2") -> Json:
    """|M'| <= 2 on a box that holds 0, tight to 1e-30."""
    claim = {
        "box": [["-3", "7/3"]], "norm": norm, "upper": f"{2 * 10**30 + 1}/{10**30}", "lower": "2", "at": ["0"],
    }  # fmt: skip
    return document("contraction bound", NEURON, claim)


def corner_bound() -> Json:
    with mpmath.workdps(60):
        top = 2 / mpmath.cosh(1) ** 2
    low, high = digits_box(top, 31)
    claim = {"box": [["1", "3"]], "norm": "inf", "upper": high, "lower": low, "at": ["1"]}
    return document("contraction bound", NEURON, claim)


def region() -> Json:
    return document("trapping region", NEURON, neuron_trap(1))


def cycle_region() -> Json:
    return document("trapping region", LOGISTIC, logistic_target()["traps"][0])


def neuron_tree() -> Tree:
    return uniform([(-4, 4)], [4], 4)


@functools.cache
def _neuron_basins() -> Json:
    tree, targets = neuron_tree(), neuron_targets()
    label, rank = labelled(tree, "neuron", targets)
    claim = {"tree": tree.claim(label=(label, "i4"), rank=(rank, "i4")), "targets": targets, "areas": []}
    # From a < 0 no orbit comes to the upper state: all leaves below 0, and none that touches 0.
    claim["avoids"] = {
        "0": packed([int(hi < 0) for ((_, hi),) in tree.leaves], "u1"),
        "1": packed([int(lo > 0) for ((lo, _),) in tree.leaves], "u1"),
    }
    return with_areas(document("basins", NEURON, claim), tree)


def neuron_basins() -> Json:
    return copy.deepcopy(_neuron_basins())


@functools.cache
def _network_basins() -> Json:
    return basins_of("network", NETWORK, uniform([(-4, 4)] * 2, [4, 4], 3), network_targets())


def network_basins() -> Json:
    return copy.deepcopy(_network_basins())


def logistic_tree() -> Tree:
    """Finer around 0 and 1, where orbits that leave are near orbits that stay."""
    return Tree.grow([("-1/4", "5/4")], [3], lambda c, d: d < 5 or (d < 8 and (c[0][0] < F(1, 8) or c[0][1] > F(7, 8))))


def logistic_basins() -> Json:
    """Orbits from outside [0, 1] leave the box: label -2."""
    return basins_of("logistic", LOGISTIC, logistic_tree(), [logistic_target()])


def block_basins() -> Json:
    """[3/2, 2] and its mirror image are blocks: M([3/2, 2]) = [1.81, 1.93]."""
    tree = neuron_tree()
    targets = [{"kind": "block"}, {"kind": "block"}]
    images = tree.images("neuron")
    touched, inside = tree.touched(images), [tree.inside(image) for image in images]
    label, rank = [-1] * len(images), [0] * len(images)
    for i, ((lo, hi),) in enumerate(tree.leaves):
        if F(3, 2) <= lo and hi <= 2:
            label[i] = 0
        if lo >= -2 and hi <= F(-3, 2):
            label[i] = 1
    for step in range(1, 30):
        around = {i: {label[j] for j in touched[i]} for i, k in enumerate(label) if k == -1 and inside[i]}
        for i, found in around.items():
            if found in ({0}, {1}):
                label[i], rank[i] = found.pop(), step
    claim = {"tree": tree.claim(label=(label, "i4"), rank=(rank, "i4")), "targets": targets, "areas": []}
    claim["avoids"] = {"1": packed([int(lo > 0) for ((lo, _),) in tree.leaves], "u1")}
    return with_areas(document("basins", NEURON, claim), tree)


def steps_into(part: Json, image: tuple[float, float]) -> int:
    """After how many steps (at least one) of the neuron an interval is in a trap."""
    for step in range(1, 500):
        image = interval_image("neuron", [image[0]], [image[1]])[0]
        if is_trapped(part, [image]):
            return step
    raise AssertionError(image)


def gamma() -> Json:
    """Gamma of the upper state is (a_c, inf) under all readings: one step of slope below 1, then all."""
    tree, targets = neuron_tree(), neuron_targets()
    attractor, value, steps = [], [], []
    for ((lo, hi),) in tree.floats():
        k = 0 if lo > 0 else 1 if hi < 0 else -1
        attractor.append(k)
        near, far = min(abs(lo), abs(hi)), max(abs(lo), abs(hi))
        known = near > EDGE or far < EDGE
        value.append(-1 if not known else int(near > EDGE))
        steps.append(steps_into(targets[k]["traps"][0], (lo, hi)) if near > EDGE else 1)
    columns = {"attractor": (attractor, "i4")}
    for reading in ("spectral", "norm", "uniform"):
        columns |= {reading: (value, "i4"), f"{reading}_steps": (steps, "i4")}
    return document("reduced set", NEURON, {"tree": tree.claim(**columns), "targets": targets})


BOX = (F(6, 5), F(13, 5))
"""M maps it into [1.667, 1.978]; the slope in it is at most 2 sech(1.2)^2 = 0.6101."""


def tolerance_by_box() -> Json:
    proof = {"kind": "box", "box": box_text([BOX]), "norm": [["1"]], "rate": "6102/10000"}
    claim = {"noise": "2/5", "noise_norm": "2", "set": "gamma", "target": neuron_targets()[0], "proof": proof}
    return document("tolerance", NEURON, claim)


def tolerance_by_cells(kind: str = "basin") -> Json:
    """S = [1/2, 5/2] (for Gamma [1, 5/2]) with noise 2/5 < h*: 2 tanh(1/2) - 2/5 = 0.524, 2 tanh(1) - 2/5 = 1.123."""
    tree, target = neuron_tree(), neuron_targets()[0]
    label, rank = labelled(tree, "neuron", [target])
    low = F(1, 2) if kind == "basin" else F(1)
    stays = [int(low <= lo and hi <= F(5, 2)) for ((lo, hi),) in tree.leaves]
    columns = {"stays": (stays, "u1"), "label": (label, "i4"), "rank": (rank, "i4")}
    if kind == "gamma":
        inside = [(lo, hi) if s else None for s, ((lo, hi),) in zip(stays, tree.floats(), strict=True)]
        columns["uniform"] = ([1 if c else -1 for c in inside], "i4")
        columns["uniform_steps"] = ([steps_into(target["traps"][0], c) if c else 0 for c in inside], "i4")
    proof = {"kind": "cells", "tree": tree.claim(**columns)}
    claim = {"noise": "2/5", "noise_norm": "inf", "set": kind, "target": target, "proof": proof}
    return document("tolerance", NEURON, claim)


@functools.cache
def _network_cells() -> Json:
    """All cells that orbits from the upper right state may visit with noise 1/3 in norm 2; fewer than in norm inf."""
    tree, target = uniform([(-4, 4)] * 2, [4, 4], 3), network_targets()[0]
    label, rank = labelled(tree, "network", [target])
    images, leaves, size = tree.images("network"), tree.floats(), 1 / 3 + MARGIN
    point = [float(x) for x in network_points()[0]]
    start = {i for i, c in enumerate(leaves) if all(lo <= x <= hi for (lo, hi), x in zip(c, point, strict=True))}
    stays, new = set[int](), start
    while new:
        stays |= new
        found = set[int]()
        for i in new:
            for j, leaf in enumerate(leaves):
                gaps = [max(0.0, a - q, p - b) for (a, b), (p, q) in zip(images[i], leaf, strict=True)]
                if math.hypot(*gaps) <= size:
                    found.add(j)
        new = found - stays
    columns = {"stays": ([int(i in stays) for i in range(len(leaves))], "u1"), "label": (label, "i4")}
    proof = {"kind": "cells", "tree": tree.claim(**columns, rank=(rank, "i4"))}
    claim = {"noise": "1/3", "noise_norm": "2", "set": "basin", "target": target, "proof": proof}
    return document("tolerance", NETWORK, claim)


def network_cells() -> Json:
    return copy.deepcopy(_network_cells())


SKEW = {"weights": [["2", "1"], ["0", "2"]], "bias": ["0", "0"]}
SKEW_BOX = [(F(12, 5), F(33, 10)), (F(3, 2), F(12, 5))]
"""M maps it into [2.872, 2.978] x [1.810, 1.967]."""


def skew_target() -> Json:
    with mpmath.workdps(60):
        b = neuron_point()
        a = mpmath.findroot(lambda x: 2 * mpmath.tanh(x) + mpmath.tanh(b) - x, mpmath.mpf("2.93"))
        slopes = [1 / math.cosh(float(v) - 0.1) ** 2 for v in (a, b)]
        return {"kind": "point", "traps": [trap(1, [a, b], [[1, 0], [0, 1]], 0.1, 2.62 * max(slopes))]}


def corner_norms() -> tuple[float, float]:
    """The largest norm of one corner matrix W diag(d), and of a product of two, on the skew box."""
    ends = [[1 / math.cosh(float(v)) ** 2 for v in side] for side in SKEW_BOX]
    matrices = [((2 * d, e), (0.0, 2 * e)) for d, e in itertools.product(*ends)]
    products = [
        tuple(tuple(sum(p[i][k] * q[k][j] for k in range(2)) for j in range(2)) for i in range(2))
        for p, q in itertools.product(matrices, repeat=2)
    ]
    return max(map(two_norm, matrices)), max(map(two_norm, products))


def two_norm(m: Sequence[Sequence[float]]) -> float:
    (a, b), (c, d) = m
    return 0.5 * (math.hypot(a + d, b - c) + math.hypot(a - d, b + c))


def decay(length: int = 2) -> Json:
    """One factor reaches 0.405, two reach 0.390^2: a rate between them needs products of two."""
    one, two = corner_norms()
    rate = F(round(one * 10**6) + 1, 10**6) if length == 1 else F(round(math.sqrt(two) * 10**6) + 1, 10**6)
    constant = F(1) if length == 1 else F(round(one * 10**6) + 1, 10**6) / rate
    claim = {
        "noise": "3/10", "noise_norm": "2", "target": skew_target(), "box": box_text(SKEW_BOX),
        "norm": [["1", "0"], ["0", "1"]], "rate": text(rate), "constant": text(constant), "length": length,
    }  # fmt: skip
    return document("decay", NETWORK | {"rule": SKEW}, claim)


def morse() -> Json:
    tree = neuron_tree()
    images = tree.images("neuron")
    graph = nx.DiGraph([(i, j) for i, found in enumerate(tree.touched(images)) for j in found])
    graph.add_nodes_from(range(len(images)))
    condensed = nx.condensation(graph)
    order, member, sets = [0] * len(images), [-1] * len(images), []
    for height, c in enumerate(reversed(list(nx.topological_sort(condensed)))):
        members = condensed.nodes[c]["members"]
        recurrent = len(members) > 1 or any(graph.has_edge(i, i) for i in members)
        for i in members:
            order[i] = height
            member[i] = len(sets) if recurrent else -1
        if recurrent:
            attracting = condensed.out_degree(c) == 0 and all(tree.inside(images[i]) for i in members)
            sets.append({"attracting": attracting, "points": []})
    p = neuron_point()
    with mpmath.workdps(60):
        for x in (-p, mpmath.mpf(0), p):
            leaf = next(i for i, ((lo, hi),) in enumerate(tree.floats()) if lo <= x <= hi)
            claim = {"period": 1, "box": [digits_box(x)], "moduli": None, "stability": "inconclusive"}
            sets[member[leaf]]["points"].append(claim)
    claim = {"tree": tree.claim(order=(order, "i4"), set=(member, "i4")), "sets": sets}
    return document("morse graph", NEURON, claim)


def escape() -> Json:
    """Noise 3/5 > h* pushed down all the time crosses 0 within a few dozen steps, and falls to the lower state."""
    a, count = float(neuron_point()), 0
    while a > -0.05:
        a, count = neuron(a) - 0.6, count + 1
    claim = {
        "noise": "3/5", "noise_norm": "2", "target": neuron_targets()[0], "set": "basin",
        "inputs": [["-3/5"]] * count, "start": 0, "end": {"kind": "trap", "region": neuron_trap(-1), "free_steps": 8},
    }  # fmt: skip
    return document("escape", NEURON, claim)


def escape_from_gamma() -> Json:
    a, count = float(neuron_point()), 0
    while a > EDGE - 0.01:
        a, count = neuron(a) - 0.6, count + 1
    claim = {
        "noise": "3/5", "noise_norm": "inf", "target": neuron_targets()[0], "set": "gamma",
        "inputs": [["-3/5"]] * count, "start": 0, "end": {"kind": "expands"},
    }  # fmt: skip
    return document("escape", NEURON, claim)


def transient() -> Json:
    a, steps = float(neuron_point()), 0
    while a > 0:
        a, steps = neuron(a) - 0.6, steps + 1
    targets = neuron_targets()
    claim = {"input": "-3/5", "direction": ["1"], "start": targets[0], "end": targets[1], "steps": steps}
    return document("transient", NEURON, claim)


def tolerance_in_gamma() -> Json:
    return tolerance_by_cells("gamma")


def decay_in_one() -> Json:
    return decay(1)


def cycle_gamma() -> Json:
    """The 2-cycle of the logistic map: leaves whose derivatives along the orbit are below 1 (or not), followed by hand.

    M' = 3.2 (1 - 2x); (M^2)' near the cycle is 4/25. Inside a trap a part of a period stretches by less than 3.2.
    """
    tree, target = uniform([("0", "1")], [4], 7), logistic_target()
    value, steps = [], []
    for ((lo, hi),) in tree.floats():
        slope, image, found = (1.0, 1.0), (lo, hi), (-1, 0)
        for step in range(1, 60):
            ends = [3.2 * (1 - 2 * v) for v in image]
            least = 0.0 if ends[0] * ends[1] <= 0 else min(map(abs, ends))
            slope = slope[0] * least * (1 - MARGIN), slope[1] * max(map(abs, ends)) * (1 + MARGIN)
            image = interval_image("logistic", [image[0]], [image[1]])[0]
            if slope[0] >= 1 + MARGIN:
                found = 0, step
            elif slope[1] >= 1 - MARGIN:
                found = -1, 0
            elif any(is_trapped(t, [image]) for t in target["traps"]) and slope[1] < 1 / 3.3:
                found = 1, step
            else:
                continue
            break
        value.append(found[0])
        steps.append(found[1])
    columns = {"attractor": ([0] * len(value), "i4")}
    for reading in ("spectral", "norm"):
        columns |= {reading: (value, "i4"), f"{reading}_steps": (steps, "i4")}
    return document("reduced set", LOGISTIC, {"tree": tree.claim(**columns), "targets": [target]})


def drifting_morse() -> Json:
    """x + 1/8 + x^3/100 on [0, 1]: no orbit stays, though every leaf but the last touches itself."""
    m = formulas("drift", ["x"], ["x + 1/8 + x**3/100"], [(0, 1)])
    tree = uniform([(0, 1)], [4], 0)
    columns = {"order": ([7] * 4, "i4"), "set": ([-1] * 4, "i4")}
    drift = {"order": 7, "functional": ["1"], "steps": 2}
    return document("morse graph", m, {"tree": tree.claim(**columns), "sets": [], "drifts": [drift]})


ALL: dict[str, Callable[[], Json]] = {
    maker.__name__: maker
    for maker in (
        fixed_point, cycle, fold, network_fold, bound, corner_bound, region, cycle_region, neuron_basins,
        network_basins, logistic_basins, block_basins, gamma, cycle_gamma, tolerance_by_box, tolerance_by_cells,
        tolerance_in_gamma, network_cells, decay, decay_in_one, morse, drifting_morse, escape, escape_from_gamma,
        transient,
    )
}  # fmt: skip
