"""Mutations of certificates of points, bounds and regions: documents whose claim is false, or beyond what its local
rules can prove.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from fractions import Fraction
from types import ModuleType
from typing import Any

F = Fraction
Json = dict[str, Any]


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
