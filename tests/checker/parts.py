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
