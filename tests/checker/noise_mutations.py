"""Mutations of certificates of noise, decay, Morse graphs and transients: see ``mutations``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from types import ModuleType

from mutations import Json, distances, get, set_to, shifted

F = Fraction


def bad_box_tolerance(maker: ModuleType) -> Iterator[Json]:
    doc = maker.tolerance_by_box()
    lo, _ = maker.BOX
    least = 2 * math.tanh(float(lo)) - float(lo)  # the noise that the box stands, 0.467
    for k in range(1, 12):
        yield set_to(maker, doc, (["noise"], str(F(least + 10.0**-k))))
        yield set_to(maker, doc, (["proof", "rate"], str(F(maker.neuron_slope(float(lo)) - 10.0**-k))))
        yield set_to(maker, doc, (["proof", "box", 0, 0], str(F(1.35 + k / 20))))
        yield set_to(maker, doc, (["proof", "box", 0, 1], str(F(2.3 - k / 40))))
        yield set_to(maker, doc, (["proof", "box", 0, 0], str(F(0.88 - k / 20))))
    yield set_to(maker, doc, (["target"], maker.neuron_targets()[1]))
    yield set_to(maker, doc, (["target"], maker.logistic_target()))
    yield set_to(maker, doc, (["proof", "norm"], [["2"]]))
    yield from (set_to(maker, doc, (["proof", "rate"], rate)) for rate in ("1", "3/2", "0", "-1"))
    yield set_to(maker, doc, (["noise"], "3"))


def bad_cell_tolerance(maker: ModuleType) -> Iterator[Json]:
    for kind, low in (("basin", 0.5), ("gamma", 1.0)):
        doc, tree = maker.tolerance_by_cells(kind), maker.neuron_tree()
        columns = ["proof", "tree", "columns"]
        stays = maker.unpacked(get(doc, [*columns, "stays"]))
        label = maker.unpacked(get(doc, [*columns, "label"]))
        most = 2 * math.tanh(low) - low  # 0.424, 0.523
        for k in range(1, 10):
            yield set_to(maker, doc, (["noise"], str(F(most + 1e-6 + 10.0**-k))))
            yield set_to(maker, doc, (["noise_norm"], "2"), (["noise"], str(F(most + 1e-6 + 10.0**-k))))
        for i, ((lo, hi),) in enumerate(tree.floats()):
            if stays[i] and low < lo and hi < 2.3:  # others are driven into it
                yield set_to(maker, doc, ([*columns, "stays"], maker.packed([*stays[:i], 0, *stays[i + 1 :]], "u1")))
            if not stays[i] and lo < 2:
                yield set_to(maker, doc, ([*columns, "stays"], maker.packed([*stays[:i], 1, *stays[i + 1 :]], "u1")))
            if stays[i]:
                yield set_to(maker, doc, ([*columns, "label"], maker.packed([*label[:i], -1, *label[i + 1 :]], "i4")))
                yield set_to(maker, doc, ([*columns, "label"], maker.packed([*label[:i], -2, *label[i + 1 :]], "i4")))
                if kind == "gamma":
                    value = maker.unpacked(get(doc, [*columns, "uniform"]))
                    for wrong in (0, -1):
                        new = maker.packed([*value[:i], wrong, *value[i + 1 :]], "i4")
                        yield set_to(maker, doc, ([*columns, "uniform"], new))
        yield set_to(maker, doc, (["target"], maker.neuron_targets()[1]))


def bad_network(maker: ModuleType) -> Iterator[Json]:
    """In two dimensions: labels of other quadrants, and a set that only the 2-norm's round corners keep."""
    doc, tree = maker.network_basins(), maker.uniform([(-4, 4)] * 2, [4, 4], 3)
    label, rank = maker.column(doc, "label"), maker.column(doc, "rank")
    for i in range(0, 1024, 41):
        k = 0 if label[i] != 0 else 3
        changed = maker.with_column(doc, "label", [*label[:i], k, *label[i + 1 :]])
        yield maker.with_areas(maker.with_column(changed, "rank", [*rank[:i], 9, *rank[i + 1 :]]), tree)
    cells = maker.network_cells()
    yield set_to(maker, cells, (["noise_norm"], "inf"))
    yield set_to(maker, cells, (["noise"], "1/2"))
    stays = maker.unpacked(get(cells, ["proof", "tree", "columns", "stays"]))
    for i, s in enumerate(stays):
        if s:
            new = maker.packed([*stays[:i], 0, *stays[i + 1 :]], "u1")
            yield set_to(maker, cells, (["proof", "tree", "columns", "stays"], new))


def bad_decay(maker: ModuleType) -> Iterator[Json]:
    one, two = maker.corner_norms()
    for length in (1, 2):
        doc = maker.decay(length)
        rate, constant = F(get(doc, ["rate"])), F(get(doc, ["constant"]))
        for k in range(1, 8):
            less = F(one if length == 1 else math.sqrt(two)) * (1 - F(1, 10**k)) - F(1, 10**8)
            if length == 1 or less**2 < F(two):
                yield set_to(maker, doc, (["rate"], str(less)), (["constant"], "1000"))
            yield set_to(maker, doc, (["constant"], str(constant * (1 - F(1, 10**k)) - F(4, 10**6))))
            yield set_to(maker, doc, (["noise"], str(F(2 * math.tanh(1.5) - 1.5 + 10.0**-k))))
            yield set_to(maker, doc, (["box", 1, 0], str(F(1.62 + 0.1 / k))))
            yield set_to(maker, doc, (["box", 0, 1], str(F(3.27 - 0.1 / k))))
        yield set_to(maker, doc, (["target"], maker.network_targets()[0]))
        yield set_to(maker, doc, (["norm"], [["1", "0"], ["0", "2"]]))
        yield set_to(maker, doc, (["norm"], [["3", "0"], ["0", "1"]]))
        yield set_to(maker, doc, (["rate"], str(rate / 2)))
    yield set_to(maker, maker.decay(2), (["length"], 1))


def bad_morse(maker: ModuleType) -> Iterator[Json]:
    doc = maker.morse()
    order, member = maker.column(doc, "order"), maker.column(doc, "set")
    sets = get(doc, ["sets"])
    tree = maker.neuron_tree()
    touched = tree.touched(tree.images("neuron"))
    for i, k in enumerate(member):
        if k >= 0:
            if member.count(k) > 1:
                yield maker.with_column(doc, "order", [*order[:i], order[i] + 1, *order[i + 1 :]])
                yield maker.with_column(doc, "order", [*order[:i], order[i] - 1, *order[i + 1 :]])
            if i in touched[i]:
                yield maker.with_column(doc, "set", [*member[:i], -1, *member[i + 1 :]])
            yield maker.with_column(doc, "set", [*member[:i], (k + 1) % len(sets), *member[i + 1 :]])
        else:
            least = max(order[j] for j in touched[i])
            yield from (
                maker.with_column(doc, "order", [*order[:i], o, *order[i + 1 :]]) for o in (least, least - 1, -5)
            )
            for o in (2**31 - 1, 10**6):  # higher than what leads to it
                if any(i in touched[j] for j in range(64) if j != i):
                    yield maker.with_column(doc, "order", [*order[:i], o, *order[i + 1 :]])
    for k, s in enumerate(sets):
        if not s["attracting"]:
            yield set_to(maker, doc, (["sets", k, "attracting"], True))
        others = [p for j, t in enumerate(sets) if j != k for p in t["points"]]
        for p in others:
            yield set_to(maker, doc, (["sets", k, "points"], [p]))
    yield set_to(maker, doc, (["sets"], [*sets, {"attracting": True, "points": []}]))
    for by in distances():
        yield shifted(maker, doc, ["sets", 0, "points", 0, "box", 0], by)


def bad_drift(maker: ModuleType) -> Iterator[Json]:
    doc = maker.drifting_morse()
    drift = get(doc, ["drifts", 0])
    yield set_to(maker, doc, (["drifts"], []))
    yield set_to(maker, doc, (["drifts", 0, "functional"], ["-1"]))
    yield set_to(maker, doc, (["drifts", 0, "functional"], ["0"]))
    yield set_to(maker, doc, (["drifts", 0, "order"], drift["order"] + 1))
    order = maker.column(doc, "order")
    yield maker.with_column(doc, "order", [0] * len(order))


def bad_escape(maker: ModuleType) -> Iterator[Json]:
    doc = maker.escape()
    inputs = get(doc, ["inputs"])
    for k in range(1, 20):
        yield set_to(maker, doc, (["noise"], str(F(3, 5) - F(1, 10**k))))
        t = k % len(inputs)
        yield set_to(maker, doc, (["inputs", t], [str(F(-3, 5) - F(1, 10**k))]))
        yield set_to(maker, doc, (["inputs", t], [str(F(3, 5) + F(1, 10**k))]))
    for t in range(len(inputs) - 2):
        yield set_to(maker, doc, (["inputs"], inputs[: len(inputs) - 2 - t]))
        yield set_to(maker, doc, (["inputs", t], ["3/5"]))
    yield from (set_to(maker, doc, (["end", "free_steps"], s)) for s in (0, 1))
    yield set_to(maker, doc, (["end", "region"], maker.neuron_trap(1)))
    yield set_to(maker, doc, (["end", "region", "rate"], "1/10"))
    yield set_to(maker, doc, (["end"], {"kind": "expands"}))
    yield set_to(maker, doc, (["target"], maker.neuron_targets()[1]))
    gamma = maker.escape_from_gamma()
    some = get(gamma, ["inputs"])
    a = float(maker.neuron_point())
    for t in range(1, len(some)):
        a = maker.neuron(a) - 0.6
        if a > maker.EDGE + 1e-6:  # still in Gamma
            yield set_to(maker, gamma, (["inputs"], some[:t]))
    yield set_to(maker, gamma, (["set"], "basin"))
    yield set_to(maker, gamma, (["noise"], "59/100"))


def bad_transient(maker: ModuleType) -> Iterator[Json]:
    doc = maker.transient()
    steps = get(doc, ["steps"])
    for s in {*range(1, steps + 20)} - {steps}:
        yield set_to(maker, doc, (["steps"], s))
    for h in range(1, 54):
        yield set_to(maker, doc, (["input"], str(F(-h, 100))))
        yield set_to(maker, doc, (["input"], str(F(h, 50))))
    yield set_to(maker, doc, (["direction"], ["-1"]))
    yield set_to(maker, doc, (["direction"], ["1/2"]))
    targets = maker.neuron_targets()
    yield set_to(maker, doc, (["start"], targets[1]))
    yield set_to(maker, doc, (["end"], targets[0]))
    yield set_to(maker, doc, (["start"], targets[1]), (["end"], targets[0]))
