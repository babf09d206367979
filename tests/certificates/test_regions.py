"""Region certificates from the real makers: each is proved again, and no falsified one is."""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import dynlatch as d
from dynlatch.certificates.document import Certificate
from dynlatch.checker.fields import Field
from dynlatch.errors import InputError
from dynlatch.maps.text import map_from_json
from dynlatch.noise.invariant_box import InvariantBox
from dynlatch.noise.invariant_cells import InvariantCells
from dynlatch.verdict import Verdict

F = Fraction
Json = dict[str, Any]
NEURON = d.neuron(2)
NETWORK = d.tanh_network([[2, "1/5"], ["1/5", "9/5"]])
THREE = d.tanh_network([["19/10", "13/10", "-19/10"], ["-7/10", "3/2", "3/10"], ["-11/10", "7/5", "6/5"]])
LOW, _, HIGH = d.fixed_points(NEURON)
CORNERS = d.fixed_points(NETWORK).attracting


@functools.cache
def tolerance(m: d.Map, k: int, norm: object, kept_in: str, cells: int) -> Any:
    return d.noise_tolerance(m, k, norm, kept_in, max_cells=cells)


MAKERS: dict[str, Callable[[], Certificate]] = {
    "neuron's basins": lambda: d.certificate(d.certified_basins(NEURON, depth=8)),
    "network's basins": lambda: d.certificate(d.certified_basins(NETWORK, depth=4)),
    "cycle's basin": lambda: d.certificate(d.certified_basins(d.logistic("3.2"), depth=9)),
    "chaotic basin": lambda: d.certificate(d.certified_basins(d.logistic("3.7"), depth=7)),
    "cubic's basins": lambda: d.certificate(d.certified_basins(d.cubic(), depth=8)),
    "neuron's reduced set": lambda: d.certificate(d.certified_reduced_set(NEURON, depth=8)),
    "network's reduced set": lambda: d.certificate(d.certified_reduced_set(NETWORK, depth=3)),
    "cycle's reduced set": lambda: d.certificate(d.certified_reduced_set(d.logistic("3.2"), depth=8)),
    "network's Morse graph": lambda: d.certificate(d.morse_graph(NETWORK, resolution=32)),
    "chaotic Morse graph": lambda: d.certificate(d.morse_graph(d.henon(), resolution=32, max_period=2)),
    "box tolerance": lambda: d.certificate(tolerance(NETWORK, 0, "inf", "gamma", 0)),
    "cell tolerance": lambda: d.certificate(tolerance(NETWORK, 0, 2, "basin", 3000)),
    "cell tolerance in Gamma": lambda: d.certificate(tolerance(NETWORK, 0, 2, "gamma", 3000)),
    "neuron's escape": lambda: d.escape_certificate(tolerance(NEURON, 1, 2, "basin", 0)),
    "network's escape": lambda: d.escape_certificate(tolerance(NETWORK, 1, "inf", "gamma", 0)),
    "decay": lambda: d.certificate(d.noisy_decay(NETWORK, 0, "2/5")),
    "decay by products": lambda: d.certificate(d.noisy_decay(THREE, 0, "1/8")),
    "transient": lambda: d.certificate(d.transient_length(NEURON, "3/5", start=LOW, end=HIGH)),
    "transient past a third": lambda: d.certificate(
        d.transient_length(NETWORK, "3/4", start=CORNERS[0], end=CORNERS[3])
    ),
}


@functools.cache
def text_of(name: str) -> str:
    return MAKERS[name]().text()


def document(name: str) -> Json:
    return json.loads(text_of(name))


@pytest.mark.parametrize("name", MAKERS)
def test_what_was_made_is_proved_again(maker: ModuleType, name: str) -> None:
    found = maker.checked(document(name))
    assert (found.verdict, found.reason, found.clean) == (Verdict.PROVED, "", True)


def test_every_way_of_proof_is_tried() -> None:
    """Boxes and cells, a block beside cycles, products of several matrices, a third attractor."""
    assert document("box tolerance")["claim"]["proof"]["kind"] == "box"
    assert document("cell tolerance")["claim"]["proof"]["kind"] == "cells"
    assert {"kind": "block"} in document("chaotic basin")["claim"]["targets"]
    assert document("decay by products")["claim"]["length"] > 1
    claim = document("transient past a third")["claim"]
    assert claim["before"] != claim["start"]


# --- mutations --------------------------------------------------------------------------------------------------------

UNSAFE: dict[str, list[tuple[tuple[str | int, ...], int]]] = {
    "box tolerance": [(("noise",), 1), (("proof", "rate"), -1)],
    "cell tolerance": [(("noise",), 1)],
    "cell tolerance in Gamma": [(("noise",), 1)],
    "neuron's escape": [(("noise",), -1)],
    "network's escape": [(("noise",), -1)],
    "decay": [(("noise",), 1), (("rate",), -1), (("constant",), -1)],
    "decay by products": [(("noise",), 1), (("rate",), -1), (("constant",), -1)],
}
"""Numbers of a claim, and the sense in which a small change makes more of it than was found true.

That the checker rejects them says as much of the makers: what they claim is nearly the most that can be proved.
"""
AREAS = ["neuron's basins", "network's basins", "cycle's basin", "chaotic basin", "cubic's basins"]
NEARLY = {"decay by products": F(1, 4)}
"""How far the claim is from the best that can be proved, where that is not a few parts in a thousand."""
LEAST = F(1, 50)


def altered(maker: ModuleType, doc: Json, path: tuple[str | int, ...], change: Callable[[Fraction], Fraction]) -> Json:
    place = doc["claim"]
    for key in path:
        place = place[key]
    return maker.with_value(doc, path, str(change(Field(place, "number").number())))


@pytest.mark.parametrize("name", UNSAFE)
def test_a_stronger_claim_is_rejected(maker: ModuleType, name: str) -> None:
    rng = random.Random(name)
    for path, sense in UNSAFE[name]:
        for _ in range(4):
            part = NEARLY.get(name, LEAST) * (1 + F(rng.randint(0, 100), 100))
            found = maker.checked(altered(maker, document(name), path, lambda x, p=part, s=sense: x * (1 + s * p)))
            assert found.verdict is not Verdict.PROVED, (path, part)
            assert found.reason


@pytest.mark.parametrize("name", AREAS)
def test_a_wrong_area_is_rejected(maker: ModuleType, name: str) -> None:
    """In either direction, and by however little: areas are exact sums."""
    rng = random.Random(name)
    count = len(document(name)["claim"]["areas"])
    for _ in range(20):
        path = ("areas", rng.randrange(count), rng.choice(["inner", "outer"]))
        by = F(rng.choice([-1, 1]), 10 ** rng.randint(0, 30))
        found = maker.checked(altered(maker, document(name), path, lambda x, by=by: x + by))
        assert found.verdict is Verdict.REFUTED


def traps_in(part: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Ways to all trapping regions of a claim."""
    if isinstance(part, dict) and "radius" in part:
        yield path
    elif isinstance(part, dict | list):
        pairs = part.items() if isinstance(part, dict) else enumerate(part)
        for key, inner in pairs:
            yield from traps_in(inner, (*path, key))


def test_a_stronger_trapping_region_is_rejected(maker: ModuleType) -> None:
    """A smaller rate, another middle, a point elsewhere, in every certificate that holds regions."""
    rng, tried = random.Random(5), 0
    for name in MAKERS:
        if name == "decay by products":  # its rate, far from the least, takes the checker a minute to give up on
            continue
        doc = document(name)
        for path in list(traps_in(doc["claim"]))[:2]:
            part, spread = F(rng.randint(20, 50), 100), F(rng.randint(1, 9), 10)
            moved = altered(maker, doc, (*path, "point", 0, 0), lambda x, s=spread: x - s)
            for changed in (
                altered(maker, doc, (*path, "rate"), lambda x, p=part: x * p),
                altered(maker, doc, (*path, "radius"), lambda x, p=part: x * (3 + 7 * p)),
                altered(maker, moved, (*path, "point", 0, 1), lambda x, s=spread: x - s),
            ):
                assert maker.checked(changed).verdict is not Verdict.PROVED, (name, path)
                tried += 1
    assert tried >= 60


def regrown(maker: ModuleType, doc: Json) -> Any:
    """The tree of a document, with the sides of its leaves."""
    part = doc["claim"]["tree"]
    nodes = iter(maker.unpacked(part["nodes"]))
    sides = [(Field(lo, "lo").number(), Field(hi, "hi").number()) for lo, hi in part["box"]]
    return maker.Tree.grow(sides, part["roots"], lambda *_: next(nodes) == 1)


def relabelled(maker: ModuleType, doc: Json, tree: Any, label: list[int], **columns: list[int]) -> Json:
    """The labels changed, with the areas that follow: only the local rules can find the lie."""
    wrong = maker.with_column(doc, "label", label)
    for name, values in columns.items():
        wrong = maker.with_column(wrong, name, values)
    wrong["claim"]["avoids"] = {}
    return maker.with_areas(wrong, tree)


@pytest.mark.parametrize("name", ["neuron's basins", "network's basins", "cubic's basins", "chaotic basin"])
def test_cells_given_to_another_attractor_are_rejected(maker: ModuleType, name: str) -> None:
    doc, rng = document(name), random.Random(name)
    tree, label = regrown(maker, doc), maker.column(doc, "label")
    owned = [i for i, k in enumerate(label) if k >= 0]
    choices = [-2, *range(len(doc["claim"]["targets"]))]
    assert maker.checked(relabelled(maker, doc, tree, label)).verdict is Verdict.PROVED
    for _ in range(12):
        i = rng.choice(owned)
        wrong = list(label)
        wrong[i] = rng.choice([k for k in choices if k != label[i]])
        assert maker.checked(relabelled(maker, doc, tree, wrong)).verdict is not Verdict.PROVED


@pytest.mark.parametrize("name", ["neuron's basins", "network's basins", "cycle's basin", "cubic's basins"])
def test_cells_that_nothing_leads_from_are_rejected(maker: ModuleType, name: str) -> None:
    """An undecided cell is called decided; a rank is said to be 0; all ranks of a basin are one lower."""
    doc, rng = document(name), random.Random(name)
    tree = regrown(maker, doc)
    label, rank, steps = (maker.column(doc, c) for c in ("label", "rank", "steps"))
    for i in rng.sample([i for i, k in enumerate(label) if k == -1], 2):
        for k in range(len(doc["claim"]["targets"])):
            wrong, ranks, one = list(label), list(rank), list(steps)
            wrong[i], ranks[i], one[i] = k, max(rank) + 1, 1
            changed = relabelled(maker, doc, tree, wrong, rank=ranks, steps=one)
            assert maker.checked(changed).verdict is not Verdict.PROVED
    for i in rng.sample([i for i, r in enumerate(rank) if r >= 1 and label[i] >= 0], 5):
        ranks = list(rank)
        ranks[i] = 0
        assert maker.checked(relabelled(maker, doc, tree, label, rank=ranks)).verdict is not Verdict.PROVED
    lower = [max(r - 1, 0) for r in rank]
    assert maker.checked(relabelled(maker, doc, tree, label, rank=lower)).verdict is not Verdict.PROVED


@pytest.mark.parametrize("name", ["neuron's reduced set", "network's reduced set", "cycle's reduced set"])
@pytest.mark.parametrize("reading", ["spectral", "norm", "uniform"])
def test_membership_turned_round_is_rejected(maker: ModuleType, name: str, reading: str) -> None:
    doc, rng = document(name), random.Random(name + reading)
    members, steps, owner = (maker.column(doc, c) for c in (reading, f"{reading}_steps", "attractor"))
    for value in (0, 1):
        places = [i for i, v in enumerate(members) if v == value and owner[i] >= 0]
        for i in rng.sample(places, min(2, len(places))):
            wrong = list(members)
            wrong[i] = 1 - value
            for length in {1, max(steps[i], 1), 2, 6}:
                lengths = list(steps)
                lengths[i] = length
                changed = maker.with_column(maker.with_column(doc, reading, wrong), f"{reading}_steps", lengths)
                assert maker.checked(changed).verdict is not Verdict.PROVED


@pytest.mark.parametrize("name", ["network's Morse graph", "chaotic Morse graph"])
def test_a_graph_with_a_step_up_is_rejected(maker: ModuleType, name: str) -> None:
    """Orders reversed, or one cell far below what its image touches; a set dropped; attraction where there is none."""
    doc, rng = document(name), random.Random(name)
    order, part = maker.column(doc, "order"), maker.column(doc, "set")
    assert maker.checked(maker.with_column(doc, "order", [max(order) - o for o in order])).verdict is not Verdict.PROVED
    assert maker.checked(maker.with_column(doc, "set", [-1] * len(part))).verdict is not Verdict.PROVED
    inside = [i for i, o in enumerate(order) if part[i] < 0 and o > max(order) // 2]
    for i in rng.sample(inside, 20):
        lower = list(order)
        lower[i] = 0
        found = maker.checked(maker.with_column(doc, "order", lower))
        assert found.verdict is not Verdict.PROVED or leaves_the_box(maker, doc, i)
    for k, listed in enumerate(doc["claim"]["sets"]):
        if not listed["attracting"]:
            changed = maker.with_value(doc, ["sets", k, "attracting"], True)
            assert maker.checked(changed).verdict is not Verdict.PROVED


def leaves_the_box(maker: ModuleType, doc: Json, leaf: int) -> bool:
    """Whether the image of a leaf's middle is outside, so that no order of the leaf is too low."""
    tree, m = regrown(maker, doc), map_from_json(doc["map"])
    middle = np.array([[float((lo + hi) / 2)] for lo, hi in tree.leaves[leaf]])
    image = d.trajectory(m, middle[:, 0], steps=1)[-1]
    return any(not lo <= v <= hi for v, (lo, hi) in zip(image, tree.sides, strict=True))


@pytest.mark.parametrize("name", ["cell tolerance", "cell tolerance in Gamma"])
def test_a_set_with_a_way_out_is_rejected(maker: ModuleType, name: str) -> None:
    doc, rng = document(name), random.Random(name)
    stays = unpacked_column(maker, doc, "stays")
    inner = [i for i, v in enumerate(stays) if v]
    rejected = 0
    for i in rng.sample(inner, 8):
        fewer = list(stays)
        fewer[i] = 0
        rejected += maker.checked(with_column(maker, doc, "stays", fewer, "u1")).verdict is not Verdict.PROVED
    assert rejected >= 6  # nearly every cell of the set is needed by another
    outer = [i for i, v in enumerate(stays) if not v]
    for i in rng.sample(outer, 3):
        more = list(stays)
        more[i] = 1
        found = maker.checked(with_column(maker, doc, "stays", more, "u1"))
        assert found.verdict is not Verdict.PROVED  # else the maker missed a cell


def unpacked_column(maker: ModuleType, doc: Json, name: str) -> list[int]:
    return maker.unpacked(doc["claim"]["proof"]["tree"]["columns"][name])


def with_column(maker: ModuleType, doc: Json, name: str, values: list[int], kind: str) -> Json:
    return maker.with_value(doc, ["proof", "tree", "columns", name], maker.packed(values, kind))


@pytest.mark.parametrize("name", ["transient", "transient past a third"])
def test_another_count_is_rejected(maker: ModuleType, name: str) -> None:
    doc = document(name)
    steps = doc["claim"]["steps"]
    for count in {1, steps - 1, steps + 1, steps + 9}:
        assert maker.checked(maker.with_value(doc, ["steps"], count)).verdict is not Verdict.PROVED
    for key, other in (("start", "end"), ("before", "end"), ("end", "start")):
        changed = maker.with_value(doc, [key], doc["claim"][other])
        assert maker.checked(changed).verdict is not Verdict.PROVED


def test_the_map_is_part_of_the_claim(maker: ModuleType) -> None:
    """A weight or parameter changed: what was proved of one map is not of another."""
    for name in MAKERS:
        doc = document(name)
        if "weights" in doc["map"]["rule"]:
            doc["map"]["rule"]["weights"][0][0] = "23/10"
        else:
            key = next(iter(doc["map"]["parameters"]))
            doc["map"]["parameters"][key] = {"neuron": "23/10", "logistic": "13/4"}.get(doc["map"]["name"], "13/10")
        if name.endswith("Morse graph"):  # only an enclosure: it may well hold of a map nearby
            continue
        assert maker.checked(doc).verdict is not Verdict.PROVED, name


# --- what has none, and what is large ---------------------------------------------------------------------------------


def test_the_two_proofs_of_a_tolerance_are_told_apart() -> None:
    assert isinstance(tolerance(NETWORK, 0, "inf", "gamma", 0).proof, InvariantBox)
    assert isinstance(tolerance(NETWORK, 0, 2, "basin", 3000).proof, InvariantCells)


def test_what_is_not_proved_has_none() -> None:
    undecided = d.transient_length(NEURON, "27/50", start=LOW, end=HIGH, max_steps=2)
    with pytest.raises(InputError, match="this transient has no certificate"):
        d.certificate(undecided)
    with pytest.raises(InputError, match="this decay has no certificate: it is INCONCLUSIVE"):
        d.certificate(d.noisy_decay(d.predator_prey(), 0, "1/5"))
    none = replace(tolerance(NEURON, 1, 2, "basin", 0), upper=None, escape=None)  # as where none was found
    with pytest.raises(InputError, match="no upper bound, so there is no escape"):
        d.escape_certificate(none)


def test_a_large_certificate_is_small_and_can_be_sampled(tmp_path: Any) -> None:
    found = d.certified_basins(d.ikeda("7/10"), depth=8, max_cells=100_000)
    path = d.certificate(found).save(tmp_path / "ikeda.json")
    assert len(found.tree.leaves) > 50_000
    assert path.stat().st_size < len(found.tree.leaves)
    sampled = d.verify(path, sample=500)
    assert (sampled.verdict, sampled.checked, sampled.clean) == (Verdict.INCONCLUSIVE, 500, True)
    assert sampled.total == len(found.tree.leaves)
    assert sampled.reason == f"500 of {sampled.total:,} leaves checked, none failed"
