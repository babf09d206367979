"""Claims about sets of cells: basins, reduced sets, Morse graphs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dynlatch.cells.certified import CertifiedBasins
from dynlatch.cells.certified_gamma import CertifiedReducedSet
from dynlatch.cells.morse import DRIFT_STEPS, MorseGraph, circular, drift, drifts
from dynlatch.cells.tree import CellTree, box_volume
from dynlatch.certificates.document import Certificate, Json, number, packed, vector
from dynlatch.certificates.points import point_claim, target_claim
from dynlatch.certificates.trees import tree_claim
from dynlatch.errors import InputError
from dynlatch.maps.definition import Map
from dynlatch.regions.attractors import Attractor, Attractors
from dynlatch.regions.reduced_set import READINGS

MOST_AVOIDS: Final = 12
"""Attractors up to which the certificate of basins also holds what avoids each of them."""

Columns = dict[str, tuple[NDArray[Any], str]]


def basins_certificate(found: CertifiedBasins) -> Certificate:
    """Kind "basins": a label and a rank for every cell, the regions that the labels mean, exact areas."""
    targets = found.targets
    leaves = found.tree.in_order()
    columns: Columns = {
        "label": (renumbered(found.label[leaves], targets), "i4"),
        "rank": (found.rank[leaves], "i4"),
        "steps": (found.steps[leaves], "i4"),
    }
    claim: Json = {
        "tree": of_tree(found.tree, columns),
        "targets": [
            {"kind": "block"} if k in found.blocks else of_target(found.map, found.attractors[k]) for k in targets
        ],
    }
    whole = box_volume(found.box)
    areas: list[Json] = []
    avoids: Json = {}
    for i, k in enumerate(targets):
        others = (found.tree.child < 0) & (found.label >= 0) & (found.label != k)
        if len(targets) <= MOST_AVOIDS:
            others = found.avoids(k)
            avoids[str(i)] = packed(others[leaves].astype(np.uint8), "u1")
        outer = whole - found.tree.volume(np.flatnonzero(others))
        areas.append({"inner": number(found.inner(k)), "outer": number(outer)})
    claim |= {"avoids": avoids, "areas": areas}
    return Certificate("basins", found.map, claim)


def reduced_set_certificate(found: CertifiedReducedSet) -> Certificate:
    """Kind "reduced set": membership of every cell in the three readings, and the length of what settles it."""
    targets = with_regions(found.attractors)
    leaves = found.tree.in_order()
    columns: Columns = {"attractor": (renumbered(found.attractor[leaves], targets), "i4")}
    for i, name in enumerate(READINGS):
        columns[name] = (found.members[i, leaves], "i4")
        columns[f"{name}_steps"] = (found.steps[i, leaves], "i4")
    claim = {
        "tree": of_tree(found.tree, columns),
        "targets": [of_target(found.map, found.attractors[k]) for k in targets],
    }
    return Certificate("reduced set", found.map, claim)


def morse_certificate(found: MorseGraph) -> Certificate:
    """Kind "morse graph": an order of all cells that no image leads up, the Morse sets, and what each holds."""
    digraph, order = found.digraph, found.order
    place = np.full(digraph.tree.num_nodes, -1, dtype=np.int64)
    place[digraph.cells] = np.arange(digraph.cells.size)
    rows = place[digraph.tree.in_order()]
    columns: Columns = {"order": (order[rows], "i4"), "set": (found.set_of()[rows], "i4")}
    sets = [
        {"attracting": s.attracting, "points": [point_claim(found.map, p) for p in s.points]} for s in found.sets
    ]  # fmt: skip
    claim = {"tree": of_tree(digraph.tree, columns), "sets": sets, "drifts": _drifts(found)}
    return Certificate("morse graph", found.map, claim)


def _drifts(found: MorseGraph) -> list[Json]:
    """The functionals that drive orbits through the components that are no Morse sets."""
    digraph, order = found.digraph, found.order
    functionals = drifts(len(digraph.tree.roots))
    left = circular(digraph, order)
    listed: list[Json] = []
    for steps in DRIFT_STEPS:
        numbers = drift(digraph, order, left, steps)
        for component in np.flatnonzero(numbers):
            k = int(numbers[component])
            functional = [float(v) * (1 if k > 0 else -1) for v in functionals[abs(k) - 1]]
            listed.append({"order": int(component), "functional": vector(functional), "steps": steps})
        left &= numbers == 0
    return listed


def of_tree(tree: CellTree, columns: Columns) -> Json:
    """A tree with columns whose values stand in the order of its leaves."""
    return tree_claim(tree.box, tree.roots, (tree.child[tree.preorder()] >= 0).astype(np.uint8), columns)


def of_target(m: Map, attractor: Attractor) -> Json:
    """The trapping regions of an attractor. Raises: InputError where it has none."""
    if attractor.point is None:
        raise InputError(f"{attractor!r} is no certified point or cycle, so nothing is claimed about it")
    return target_claim(m, attractor.point, attractor.traps)


def with_regions(attractors: Attractors) -> tuple[int, ...]:
    """The attractors that have trapping regions."""
    return tuple(k for k, attractor in enumerate(attractors.listed) if attractor.traps)


def renumbered(labels: NDArray[np.int32], targets: Sequence[int]) -> NDArray[np.int32]:
    """Attractors' numbers as places among the targets; what is below 0 stays."""
    place = np.full(max([0, *targets, int(labels.max(initial=0))]) + 1, -1, dtype=np.int32)
    place[list(targets)] = np.arange(len(targets), dtype=np.int32)
    return np.where(labels >= 0, place[np.maximum(labels, 0)], labels).astype(np.int32)
