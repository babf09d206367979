"""One small certificate of every kind, and by what its parts are changed; see ``parts`` for how they are made."""

from __future__ import annotations

import copy
import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import networkx as nx

# isort: off
from checker_parts import (  # noqa: F401  (loaded by conftest.py; tests find all of it here)
    EDGE, LOGISTIC, MARGIN, NETWORK, NEURON, NEURON_RADIUS, F, Json, Source, Tree, basins_of, box_text, checked, column,
    digits_box, document, formulas, interval_image, is_trapped, labelled, logistic_cycle, logistic_target,
    network_points, network_targets, neuron, neuron_point, neuron_slope, neuron_targets, neuron_trap, numbers, packed,
    text, trap, uniform, unpacked, with_areas, with_column, with_value,
)  # fmt: skip

# isort: on


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
