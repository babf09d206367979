"""How mixed the basins of some catalogued maps are, and how far their latches can be pushed.

For each map: basin entropy and boundary entropy, the uncertainty exponent with the boundary's dimension, the Wada test
(of three or more basins in the plane), the share of the domain that goes to each attractor, the critical shock of each
latched state, and the edge state between each two attractors. What is proved stands beside what is measured, and the
table says which is which.

    python analyses/metrics.py [--quick] [--out FILE.json]
"""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

from scripts import Words, made, refuse

import dynlatch
from dynlatch import Map
from dynlatch.regions.attractors import Attractors
from dynlatch.verdict import Verdict

MAPS = (
    dynlatch.neuron(2),
    dynlatch.cubic("3/2"),
    dynlatch.tanh_network([[2, "1/5"], ["1/5", "9/5"]]),
    dynlatch.ikeda(),
    dynlatch.newton(),
    dynlatch.newton((1, 0, 0, 0, -1)),
)
RESOLUTION = {1: 100_000, 2: 2_000}
QUICK = {1: 2_000, 2: 200}


def study(m: Map, quick: bool) -> dict[str, Any]:
    """Every metric of one map, as plain numbers."""
    found = dynlatch.basins(m, resolution=(QUICK if quick else RESOLUTION)[m.dimension])
    entropy = dynlatch.basin_entropy(found, attractors_only=True)
    exponent = dynlatch.uncertainty_exponent(found, attractors_only=True)
    samples = 10_000 if quick else 1_000_000
    stability = dynlatch.basin_stability(m, samples=samples, attractors=found.attractors)
    return {
        "map": repr(m),
        "cells": list(found.grid.counts),
        "basin_entropy": entropy.entropy,
        "boundary_entropy": entropy.boundary_entropy,
        "boundary_boxes": [entropy.num_boundary_boxes, entropy.num_boxes],
        "uncertainty_exponent": exponent.alpha,
        "uncertainty_exponent_interval": list(exponent.interval),
        "boundary_dimension": exponent.dimension,
        "wada_least_radius": wada(m, found),
        "shares": {s.label: [s.share, *s.interval] for s in stability.shares},
        "critical_shocks": shocks(m, found.attractors),
        "edge_states": edges(m, found.attractors, 300 if quick else 2_000),
    }


def wada(m: Map, found: Any) -> float | None:
    """The least radius in cells, where there are three basins in the plane."""
    return dynlatch.wada_test(found).least_radius if m.dimension == 2 and len(found.attractors) > 2 else None


def shocks(m: Map, attractors: Attractors) -> dict[int, list[Any]]:
    """The critical shock of each latched state and its verdict."""
    listed: dict[int, list[Any]] = {}
    for k, attractor in enumerate(attractors.listed):
        if attractor.point is not None:
            shock = dynlatch.critical_shock(m, k, attractors=attractors)
            listed[k] = [shock.measured if shock.value is None else float(shock.value), str(shock.verdict)]
    return listed


def edges(m: Map, attractors: Attractors, steps: int) -> dict[str, list[Any]]:
    """Where the boundary between each two attractors leads, from one pair of starts."""
    listed: dict[str, list[Any]] = {}
    for a, b in itertools.combinations(range(len(attractors)), 2):
        starts = (attractors[k].states[:, 0] for k in (a, b))
        edge = dynlatch.edge_state(m, *starts, attractors=attractors, steps=steps)
        state = None if edge.point is None else [float(v) for v in edge.point.values]
        listed[f"{a}-{b}"] = [state, str(edge.verdict), str(edge.stop)]
    return listed


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as Markdown."""
    columns = ("map", "cells", "S_b", "S_bb", "alpha (95 % from the fit)", "dimension", "Wada radius, cells")
    lines = ["| " + " | ".join((*columns, "critical shocks", "edge states")) + " |", "|" + "---|" * 9]
    for row in rows:
        lo, hi = row["uncertainty_exponent_interval"]
        radius = row["wada_least_radius"]
        proved = {Verdict.PROVED: "proved", Verdict.INCONCLUSIVE: "measured"}
        shocks = ", ".join(f"{size:.6g} ({proved[Verdict(v)]})" for size, v in row["critical_shocks"].values())
        settled = sum(state is not None for state, _, _ in row["edge_states"].values())
        lines.append(
            f"| {row['map'].split(':')[0]} | {' x '.join(map(str, row['cells']))} | {row['basin_entropy']:.4f} "
            f"| {row['boundary_entropy']:.4f}{' > ln 2' if row['boundary_entropy'] > math.log(2) else ''} "
            f"| {row['uncertainty_exponent']:.3f} ({lo:.3f} to {hi:.3f}) | {row['boundary_dimension']:.3f} "
            f"| {'-' if radius is None else f'{radius:.3g}'} | {shocks} "
            f"| {settled} of {len(row['edge_states'])} proved |"
        )
    return "\n".join(lines)


def main() -> None:
    """Study every map, print the table and keep the numbers if asked."""
    arguments = Words(__doc__, "coarse grids and few samples", "a JSON file for all numbers").parse_args()
    if arguments.out is not None:
        made(arguments.out.parent)
        if arguments.out.is_dir():
            refuse(f"--out {arguments.out}: a folder; name a JSON file")
    rows = [study(m, arguments.quick) for m in MAPS]
    print(table(rows))
    if arguments.out is not None:
        arguments.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
