"""Every kind of claim: what is true is proved again, what is made false (or unprovable) by a mutation is not."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from types import ModuleType
from typing import Any

import pytest

from dynlatch.verdict import Verdict

F = Fraction
Json = dict[str, Any]
PER_KIND = 120
"""Mutations tried of each kind, drawn from all that are listed."""

NAMES = [
    "fixed_point", "cycle", "fold", "network_fold", "bound", "corner_bound", "region", "cycle_region", "neuron_basins",
    "network_basins", "logistic_basins", "block_basins", "gamma", "cycle_gamma", "tolerance_by_box",
    "tolerance_by_cells", "tolerance_in_gamma", "network_cells", "decay", "decay_in_one", "morse", "drifting_morse",
    "escape", "escape_from_gamma", "transient",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_what_is_true_is_proved_again(maker: ModuleType, name: str) -> None:
    found = maker.checked(maker.ALL[name]())
    assert (found.verdict, found.reason, found.clean) == (Verdict.PROVED, "", True)
    assert found.checked == found.total > 0


def test_every_maker_is_tried(maker: ModuleType) -> None:
    assert sorted(NAMES) == sorted(maker.ALL)


# --- mutations: each generator lists documents whose claim is false, or beyond what its local rules can prove ---------


def shifted(maker: ModuleType, doc: Json, path: list[Any], by: Fraction) -> Json:
    """Both ends of an interval moved."""
    lo, hi = (F(end) + by for end in get(doc, path))
    return maker.with_value(doc, path, [str(lo), str(hi)])


def get(doc: Json, path: list[Any]) -> Any:
    place = doc["claim"]
    for key in path:
        place = place[key]
    return place


def distances() -> Iterator[Fraction]:
    """Ways off that are farther than a box of 2 10^-35 is wide."""
    for k in range(1, 34, 2):
        yield from (F(3, 10**k), F(-3, 10**k))


def set_to(maker: ModuleType, doc: Json, *changes: tuple[list[Any], Any]) -> Json:
    for path, value in changes:
        doc = maker.with_value(doc, path, value)
    return doc


def bad_fixed_point(maker: ModuleType) -> Iterator[Json]:
    doc = maker.fixed_point()
    for by in distances():
        yield shifted(maker, doc, ["box", 0], by)
        if abs(by) > F(1, 10**12):
            yield shifted(maker, doc, ["moduli", 0], by)
    yield from (
        set_to(maker, doc, (["box", 0], side)) for side in (["-3", "3"], ["-1/2", "1/2"], ["2", "3"], ["0", "0"])
    )
    yield from (set_to(maker, doc, (["period"], p)) for p in (2, 3, 4, 6))
    yield from (set_to(maker, doc, (["stability"], s), (["moduli"], m)) for s in ("repelling", "saddle")
                for m in (None, get(doc, ["moduli"])))  # fmt: skip


def bad_cycle(maker: ModuleType) -> Iterator[Json]:
    doc = maker.cycle()
    for by in distances():
        yield shifted(maker, doc, ["box", 0], by)
    for by in (F(1, 10**5), F(-1, 10**5), F(1, 2), F(3), F(-1, 4)):
        yield shifted(maker, doc, ["moduli", 0], by)
    yield from (set_to(maker, doc, (["period"], p)) for p in (1, 3, 4, 8))
    fixed = maker.digits_box(0.6875)
    yield set_to(maker, doc, (["box", 0], fixed), (["moduli"], None), (["stability"], "inconclusive"))


def bad_fold(maker: ModuleType) -> Iterator[Json]:
    for doc in (maker.fold(), maker.network_fold()):
        n = len(get(doc, ["state"]))
        for by in distances():
            yield shifted(maker, doc, ["input"], by)
            for i in range(n):
                yield shifted(maker, doc, ["state", i], by)
        yield set_to(maker, doc, (["direction"], ["-1"] + ["0"] * (n - 1)))
        yield set_to(maker, doc, (["direction"], ["2"] + ["0"] * (n - 1)))
        if n == 2:
            yield set_to(maker, doc, (["direction"], ["0", "1"]))
            yield set_to(maker, doc, (["direction"], ["1", "1/10"]))


def bad_bound(maker: ModuleType) -> Iterator[Json]:
    doc, corner = maker.bound(), maker.corner_bound()
    for k in range(1, 31):
        yield set_to(maker, doc, (["upper"], str(2 - F(1, 10**k))))
        yield set_to(maker, doc, (["lower"], str(2 + F(1, 10**k))))
        yield set_to(maker, doc, (["at"], [str(F(1, 10 ** min(k, 14)))]))
        top = F(get(corner, ["upper"]))
        yield set_to(maker, corner, (["upper"], str(top - 3 * F(1, 10**k))))
        yield set_to(maker, corner, (["lower"], str(top + F(1, 10**k))))
        yield set_to(maker, corner, (["box", 0, 0], str(1 - F(1, 10 ** min(k, 29)))))
        yield set_to(maker, corner, (["at"], [str(1 + F(1, 10 ** min(k, 29)))]))
    for at in ("-4", "3", "100"):
        yield set_to(maker, doc, (["at"], [at]))
    for norm in ("1", "inf", {"adapted": [["3"]]}):
        yield set_to(maker, maker.bound(norm), (["upper"], "19/10"))


def bad_region(maker: ModuleType) -> Iterator[Json]:
    doc = maker.region()
    p, r = float(maker.neuron_point()), maker.NEURON_RADIUS
    slope = maker.neuron_slope(p - r)
    for k in range(1, 10):
        yield set_to(maker, doc, (["rate"], str(F(slope * (1 - 10.0**-k)))))
        yield set_to(maker, doc, (["radius"], str(F(r + 2e-6 + 10.0**-k))))
        yield set_to(maker, doc, (["centre"], [str(F(p - 2e-6 - 10.0**-k))]))
    for by in distances():
        yield shifted(maker, doc, ["point", 0], by)
    yield from (set_to(maker, doc, (["rate"], rate)) for rate in ("0", "-1", "1", "2"))
    yield set_to(maker, doc, (["norm"], [["1/2"]]))  # the ball is twice as large
    yield set_to(maker, doc, (["radius"], "1*2^-140"))  # the point's box is not in so small a ball
    for other in (maker.cycle_region(),):
        for k in range(1, 8):
            yield set_to(maker, other, (["rate"], str(F(get(other, ["rate"])) - F(2, 10**4) - F(1, 10**k))))
            yield set_to(maker, other, (["radius"], str(F(get(other, ["radius"])) * 2 + F(1, 10**k))))
        yield set_to(maker, other, (["period"], 1))
        yield set_to(maker, other, (["period"], 3))


def steps_to(maker: ModuleType, a: float, centre: float) -> int:
    """How many steps of the neuron until a state is well inside the inner ball; it is well outside before."""
    count = 0
    while abs(a - centre) > maker.NEURON_RADIUS:
        a, count = maker.neuron(a), count + 1
    return count


def bad_basins(maker: ModuleType) -> Iterator[Json]:
    doc, tree = maker.neuron_basins(), maker.neuron_tree()
    label, rank = maker.column(doc, "label"), maker.column(doc, "rank")
    p = float(maker.neuron_point())

    def remade(changed: Json) -> Json:
        return maker.with_areas(changed, tree)

    for i, ((lo, hi),) in enumerate(tree.floats()):
        for k in {-2, 0, 1} - {label[i]}:
            for r in (0, 1, 2, 5):
                new_label, new_rank = [*label[:i], k, *label[i + 1 :]], [*rank[:i], r, *rank[i + 1 :]]
                yield remade(maker.with_column(maker.with_column(doc, "label", new_label), "rank", new_rank))
        if label[i] >= 0:
            true = max(steps_to(maker, x, p if label[i] == 0 else -p) for x in (lo, hi))
            for r in {*range(true), -1, -(2**31)}:
                yield maker.with_column(doc, "rank", [*rank[:i], r, *rank[i + 1 :]])
        for k in (0, 1):
            avoids = maker.unpacked(doc["claim"]["avoids"][str(k)])
            if not avoids[i] and label[i] != 1 - k:
                more = copy.deepcopy(doc)
                more["claim"]["avoids"][str(k)] = maker.packed([*avoids[:i], 1, *avoids[i + 1 :]], "u1")
                yield remade(more)
    for k in (0, 1):
        for part in ("inner", "outer"):
            yield set_to(maker, doc, (["areas", k, part], str(F(get(doc, ["areas", k, part])) + F(1, 10**9))))
            yield set_to(maker, doc, (["areas", k, part], str(F(get(doc, ["areas", k, part])) - F(1, 8))))
    yield set_to(maker, doc, (["targets"], get(doc, ["targets"])[::-1]))
    yield set_to(maker, doc, (["targets", 1], get(doc, ["targets", 0])))
    yield set_to(maker, doc, (["targets", 0, "traps", 0, "rate"], "1/2"))
    yield set_to(
        maker, doc, (["targets", 0, "traps"], get(doc, ["targets", 0, "traps"]) + get(doc, ["targets", 1, "traps"]))
    )
    for box in (["-5", "3"], ["-3", "5"], ["0", "8"], ["-1", "1"]):
        yield set_to(maker, doc, (["tree", "box"], [box]))
    steps = [1] * 64
    for i, r in enumerate(rank):
        for s in (0, -1, r + 1, 2**31 - 1) if label[i] >= 0 and r > 0 else ():
            yield maker.with_column(doc, "steps", [*steps[:i], s, *steps[i + 1 :]])


def bad_escaping_basins(maker: ModuleType) -> Iterator[Json]:
    """Labels of leaving: no orbit from inside [0, 1] leaves, none from outside comes back."""
    doc, tree = maker.logistic_basins(), maker.logistic_tree()
    label, rank = maker.column(doc, "label"), maker.column(doc, "rank")
    for i, ((lo, hi),) in enumerate(tree.floats()):
        inside, outside = lo >= 0 and hi <= 1, hi < 0 or lo > 1
        wrong = [-2] if inside else [0] if outside else [-2, 0]
        for k in wrong:
            changed = maker.with_column(doc, "label", [*label[:i], k, *label[i + 1 :]])
            yield maker.with_areas(maker.with_column(changed, "rank", [*rank[:i], 9, *rank[i + 1 :]]), tree)
        if outside and rank[i] > 1:
            yield maker.with_column(doc, "rank", [*rank[:i], 0, *rank[i + 1 :]])
    yield set_to(maker, doc, (["tree", "box"], [["-5", "5"]]))


def bad_blocks(maker: ModuleType) -> Iterator[Json]:
    doc, tree = maker.block_basins(), maker.neuron_tree()
    label, rank = maker.column(doc, "label"), maker.column(doc, "rank")
    images = [maker.interval_image("neuron", [lo], [hi])[0] for ((lo, hi),) in tree.floats()]
    for i, ((lo, hi),) in enumerate(tree.floats()):
        for k in (0, 1):
            if k != label[i]:
                changed = maker.with_column(doc, "label", [*label[:i], k, *label[i + 1 :]])
                for r in (0, 1, 3):
                    outside = (
                        images[i][1] < 1.5 or images[i][0] > 2 if k == 0 else images[i][0] > -1.5 or images[i][1] < -2
                    )
                    if r > 1 or outside:
                        yield maker.with_areas(maker.with_column(changed, "rank", [*rank[:i], r, *rank[i + 1 :]]), tree)
        if label[i] >= 0 and rank[i] > 0:
            yield (
                maker.with_column(doc, "rank", [*rank[:i], 0, *rank[i + 1 :]])
                if not (1.5 <= abs(maker.neuron(lo)) <= 2 and 1.5 <= abs(maker.neuron(hi)) <= 2)
                else maker.with_column(doc, "rank", [*rank[:i], -1, *rank[i + 1 :]])
            )
    avoids = maker.unpacked(doc["claim"]["avoids"]["1"])
    for i in range(32):
        more = copy.deepcopy(doc)
        more["claim"]["avoids"]["1"] = maker.packed([*avoids[:i], 1, *avoids[i + 1 :]], "u1")
        yield maker.with_areas(more, tree)
    point = maker.neuron_targets()[0]
    mixed = set_to(maker, doc, (["targets"], [{"kind": "block"}, {"kind": "block"}, point]))
    yield maker.with_areas(mixed, tree)  # the point lies in block 0: an orbit could come to both


def bad_gamma(maker: ModuleType) -> Iterator[Json]:
    doc, tree = maker.gamma(), maker.neuron_tree()
    targets = maker.neuron_targets()
    attractor = maker.column(doc, "attractor")
    for reading in ("spectral", "norm", "uniform"):
        value, steps = maker.column(doc, reading), maker.column(doc, f"{reading}_steps")
        for i, side in enumerate(tree.floats()):
            k = attractor[i]
            for wrong in {0, 1} - {value[i]}:
                yield maker.with_column(doc, reading, [*value[:i], wrong, *value[i + 1 :]])
            if value[i] == 1:
                for s in range(steps[i] if reading != "uniform" else 0):
                    yield maker.with_column(doc, f"{reading}_steps", [*steps[:i], s, *steps[i + 1 :]])
                yield maker.with_column(doc, "attractor", [*attractor[:i], 1 - k, *attractor[i + 1 :]])
                yield maker.with_column(doc, "attractor", [*attractor[:i], -1, *attractor[i + 1 :]])
                early = maker.steps_into(targets[k]["traps"][0], side[0])
                if reading == "uniform" and early > 1:
                    yield maker.with_column(doc, f"{reading}_steps", [*steps[:i], early - 1, *steps[i + 1 :]])
            if value[i] == 0:
                for s in (0, 60, -1, 2**31 - 1):
                    yield maker.with_column(doc, f"{reading}_steps", [*steps[:i], s, *steps[i + 1 :]])


def bad_cycle_gamma(maker: ModuleType) -> Iterator[Json]:
    doc = maker.cycle_gamma()
    for reading in ("norm", "spectral"):
        value, steps = maker.column(doc, reading), maker.column(doc, f"{reading}_steps")
        for i, v in enumerate(value):
            if v == 1:
                yield maker.with_column(doc, reading, [*value[:i], 0, *value[i + 1 :]])
            if v == 0:
                yield maker.with_column(doc, reading, [*value[:i], 1, *value[i + 1 :]])
                yield maker.with_column(doc, f"{reading}_steps", [*steps[:i], 0, *steps[i + 1 :]])
    yield set_to(maker, doc, (["targets", 0, "traps", 1, "rate"], "0"))


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


MUTATIONS: dict[str, Callable[[ModuleType], Iterator[Json]]] = {
    f.__name__: f
    for f in (
        bad_fixed_point, bad_cycle, bad_fold, bad_bound, bad_region, bad_basins, bad_escaping_basins, bad_blocks,
        bad_gamma, bad_cycle_gamma, bad_box_tolerance, bad_cell_tolerance, bad_network, bad_decay, bad_morse,
        bad_drift, bad_escape, bad_transient,
    )
}  # fmt: skip


@pytest.mark.parametrize("name", MUTATIONS)
def test_what_is_false_or_unprovable_is_not_proved(maker: ModuleType, name: str) -> None:
    listed = list(MUTATIONS[name](maker))
    chosen = random.Random(name).sample(listed, min(PER_KIND, len(listed)))
    refuted = 0
    for doc in chosen:
        found = maker.checked(doc)
        assert found.verdict is not Verdict.PROVED, doc["claim"]
        assert not found.clean
        assert found.reason
        assert "\n" not in found.reason
        refuted += found.verdict is Verdict.REFUTED
    assert refuted > 0 or name in ("bad_drift", "bad_blocks"), "nothing was refuted with a witness"


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("bound", [(["upper"], "3"), (["lower"], "1"), (["box", 0], ["-1", "1"])]),
        ("bound", [(["lower"], "-1"), (["at"], ["3/2"])]),
        ("region", [(["rate"], "999/1000"), (["radius"], "1/10")]),
        ("region", [(["norm"], [["7"]]), (["radius"], "6")]),
        ("tolerance_by_box", [(["noise"], "0"), (["proof", "rate"], "99/100")]),
        ("tolerance_by_box", [(["noise_norm"], "inf"), (["set"], "basin"), (["proof", "norm"], [["2"]])]),
        ("tolerance_by_cells", [(["noise"], "1/100")]),
        ("tolerance_by_cells", [(["noise_norm"], "2")]),
        ("decay", [(["constant"], "1000"), (["noise"], "0"), (["length"], 4)]),
        ("decay", [(["rate"], "2"), (["length"], 1), (["constant"], "1")]),
        ("escape", [(["noise"], "1"), (["end", "free_steps"], 40)]),
        ("escape", [(["set"], "gamma")]),
        ("fixed_point", [(["moduli"], None)]),
        ("fixed_point", [(["moduli", 0], ["0", "9/10"]), (["box", 0], ["3/2", "3"])]),
        ("fixed_point", [(["stability"], "inconclusive")]),
    ],
)
def test_weaker_claims_are_proved_too(maker: ModuleType, name: str, changes: list[tuple[list[Any], Any]]) -> None:
    doc = set_to(maker, maker.ALL[name](), *changes)
    assert maker.checked(doc).verdict is Verdict.PROVED


def test_a_witness_is_named(maker: ModuleType) -> None:
    doc = maker.neuron_basins()
    label = maker.column(doc, "label")
    wrong = maker.with_areas(maker.with_column(doc, "label", [0, *label[1:]]), maker.neuron_tree())
    found = maker.checked(wrong)
    assert found.verdict is Verdict.REFUTED
    assert found.checked == 0
    assert found.reason.startswith("leaf 0 around (-3.9375")
    assert "the orbit of its middle does not" in found.reason
    short = set_to(maker, maker.region(), (["rate"], "1/2"))
    assert "(M^1)' is larger than 0.5" in maker.checked(short).reason
