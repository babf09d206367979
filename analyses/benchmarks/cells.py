"""Rigorous cells against the peers of the field: CMGDB's Morse graphs, codac's pavings, and growth to 10^7 cells.

The system is a -> [[2, .2], [.2, 1.8]] tanh a on [-4, 4]^2.

- Images, digraph and strongly connected components of 256 x 256 cells against CMGDB (`pip install dynlatch[peers]`), as
  its documentation has it (a box map that samples corners, called cell by cell) and with its batched form. Both find
  the same components, which is checked first; dynlatch's images are outward rounded, the peer's are corner samples.
- {|M'| < 1} in the 2-norm and the inf-norm against codac's separators, at equal or better accuracy: the volume that
  stays undecided.
- Certified basins: the share of the box that is decided, and the time it takes.
- Growth: cells against time and peak memory, each in a process of its own, with the slopes of their logarithms
  (FILE.png beside FILE.json).

Contestants take turns; medians and ranges of ratios are reported.

    python analyses/benchmarks/cells.py [--quick] [--out FILE.json]
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import numpy as np
from matplotlib.figure import Figure

import dynlatch
from dynlatch.maps.definition import exact_box
from dynlatch.regions.reduced_set import Membership
from dynlatch.views.figures import png_bytes
from dynlatch.views.style import colour_of, new_figure, styled

WEIGHTS = [[2, "1/5"], ["1/5", "9/5"]]
FLOATS = np.array([[2.0, 0.2], [0.2, 1.8]])
SIDE = (-4, 4)


def timed(work: Callable[[], Any]) -> float:
    """Seconds of one call."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def in_turns(ours: Callable[[], Any], theirs: Callable[[], Any], repeats: int) -> dict[str, Any]:
    """Medians of both and of their ratio, from calls that take turns."""
    pairs = np.array([(timed(ours), timed(theirs)) for _ in range(repeats)])
    ratios = pairs[:, 1] / pairs[:, 0]
    mine, peer = np.median(pairs, axis=0) * 1e3
    return {
        "dynlatch_ms": float(mine), "peer_ms": float(peer), "ratio": float(np.median(ratios)),
        "ratio_range": [float(ratios.min()), float(ratios.max())],
    }  # fmt: skip


def peer(name: str) -> Any:
    """A peer's module, or None with a line that says so."""
    try:
        return importlib.import_module(name)
    except ImportError:
        print(f"{name} is not installed (pip install dynlatch[peers]): not compared")
        return None


# --- Morse graphs -----------------------------------------------------------------------------------------------------


def components(resolution: int) -> tuple[Any, Any]:
    """Images, digraph and strongly connected components, as `morse_graph` makes them."""
    from dynlatch.cells.digraph import cell_digraph
    from dynlatch.cells.tree import make_tree

    digraph = cell_digraph(make_tree(dynlatch.tanh_network(WEIGHTS), exact_box(SIDE, 2), (resolution, resolution)))
    return digraph, digraph.components()


def morse(resolution: int, repeats: int) -> list[dict[str, Any]]:
    """dynlatch against CMGDB, scalar and batched."""
    cmgdb = peer("CMGDB")
    if cmgdb is None:
        return []
    from dynlatch.cells.morse import circular

    def scalar(x: list[float]) -> list[float]:
        a, b = math.tanh(x[0]), math.tanh(x[1])
        return [2.0 * a + 0.2 * b, 0.2 * a + 1.8 * b]

    def model(batched: bool) -> Any:
        depth = 2 * (resolution.bit_length() - 1)
        made = cmgdb.Model(depth, [-4.0, -4.0], [4.0, 4.0], lambda rect: cmgdb.BoxMap(scalar, rect, padding=False))
        if batched:
            made.set_batch_map(lambda rects: cmgdb.BoxMapBatch(lambda x: np.tanh(x) @ FLOATS.T, rects))
        return made

    digraph, order = components(resolution)
    recurrent = circular(digraph, order)
    graph, cells = cmgdb.ComputeMorseGraph(model(batched=True))
    theirs = [len(graph.morse_set_boxes(v)) for v in range(graph.num_vertices())]
    mine = np.bincount(order)[recurrent]
    if sorted(theirs) != sorted(mine.tolist()) or cells.num_vertices() != digraph.num_cells:
        raise SystemExit("CMGDB: the components differ from dynlatch's; nothing was timed")
    rows: list[dict[str, Any]] = []
    for name, batched in (("CMGDB, box map called cell by cell", False), ("CMGDB, batched box map", True)):
        row = in_turns(
            lambda: components(resolution), lambda b=batched: cmgdb.ComputeMorseGraph(model(b)), repeats
        )  # fmt: skip
        rows.append({"peer": name, "cells": digraph.num_cells, "components": int(recurrent.sum()), **row})
    return rows


# --- pavings ----------------------------------------------------------------------------------------------------------


def paving(repeats: int, accuracies: list[float]) -> list[dict[str, Any]]:
    """dynlatch against codac on {|M'| < 1}; dynlatch halves until no more volume is left undecided than with codac."""
    codac = peer("codac")
    if codac is None:
        return []
    x = codac.VectorVar(2)
    d1, d2 = 1 - codac.sqr(codac.tanh(x[0])), 1 - codac.sqr(codac.tanh(x[1]))
    p, q = 4.04 * codac.sqr(d1), 3.28 * codac.sqr(d2)  # the squared columns of M' = W diag(d1, d2)
    det = 3.56 * d1 * d2
    below = {  # conditions that hold together; one formula with a root or a maximum takes codac far longer
        "2": ((p + q, 2.0), (p + q - codac.sqr(det), 1.0)),
        "inf": ((2 * d1 + 0.2 * d2, 1.0), (0.2 * d1 + 1.8 * d2, 1.0)),
    }
    m = dynlatch.tanh_network(WEIGHTS)
    rows: list[dict[str, Any]] = []
    for (name, conditions), accuracy in itertools.product(below.items(), accuracies):
        one, other = (
            codac.SepInverse(codac.AnalyticFunction([x], formula), codac.Interval(-codac.oo, most))
            for formula, most in conditions
        )
        separator = one & other

        def theirs(separator: Any = separator, eps: float = accuracy) -> Any:
            return codac.pave([[-4, 4], [-4, 4]], separator, eps)

        found = theirs()
        kinds = {k: sum(box.volume() for box in found.boxes(getattr(codac.PavingInOut, k))) for k in ("inner", "bound")}
        depth = 5
        ours = dynlatch.contracting_region(m, SIDE, name, depth=depth)
        while float(ours.volume(Membership.UNDECIDED)) > kinds["bound"]:
            depth += 1
            ours = dynlatch.contracting_region(m, SIDE, name, depth=depth)
        inner, outer = float(ours.volume(Membership.IN)), 64.0 - float(ours.volume(Membership.OUT))
        if not (kinds["inner"] <= outer and inner <= kinds["inner"] + kinds["bound"]):
            raise SystemExit(f"codac, norm {name}: the two pavings contradict each other; nothing was timed")
        row = in_turns(
            lambda name=name, depth=depth: dynlatch.contracting_region(m, SIDE, name, depth=depth), theirs, repeats
        )  # fmt: skip
        rows.append(
            {"peer": f"codac, norm {name}, boxes to {accuracy:g}", "undecided_peer": kinds["bound"],
             "undecided": float(ours.volume(Membership.UNDECIDED)), **row}
        )  # fmt: skip
    return rows


# --- basins and growth ------------------------------------------------------------------------------------------------


def basins(repeats: int, depth: int | None) -> list[dict[str, Any]]:
    """The share of the box that certified basins decide, and the seconds that takes with the attractors known."""
    rows: list[dict[str, Any]] = []
    for name, m, box in (
        ("neuron, w = 2", dynlatch.neuron(2), None),
        ("network of 2 units on [-4, 4]^2", dynlatch.tanh_network(WEIGHTS), SIDE),
        ("Henon's chaotic attractor", dynlatch.henon(), None),
    ):
        found = dynlatch.certified_basins(m, box, depth=depth)
        again = partial(dynlatch.certified_basins, m, box, depth=depth, attractors=found.attractors)
        seconds = [timed(again) for _ in range(repeats)]
        rows.append(
            {"map": name, "decided": float(found.decided), "cells": int(found.tree.leaves.size),
             "seconds": float(np.median(seconds))}
        )  # fmt: skip
    return rows


_PEAK = """
from pathlib import Path
status = Path("/proc/self/status")
if status.exists():
    print(1024 * int(status.read_text().split("VmHWM:")[1].split()[0]))
else:
    import resource, sys
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""


def growth(resolutions: list[int]) -> list[dict[str, float]]:
    """Seconds and peak memory of `morse_graph` on ever finer grids, each in a process of its own, warm."""
    rows: list[dict[str, float]] = []
    for n in resolutions:
        code = (
            "import time, dynlatch as d\n"
            f"m = d.tanh_network({WEIGHTS}); d.morse_graph(m, {SIDE}, 32); b = time.perf_counter()\n"
            f"g = d.morse_graph(m, {SIDE}, {n}, max_cells=10**9)\nprint(time.perf_counter() - b, len(g.sets))\n{_PEAK}"
        )
        out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
        rows.append({"cells": n * n, "seconds": float(out[0]), "sets": int(out[1]), "peak_MB": float(out[2]) / 1e6})
    return rows


def slope(rows: list[dict[str, float]], key: str) -> float:
    """The exponent of growth with the number of cells, by least squares in logarithms."""
    x, y = (np.log([row[k] for row in rows]) for k in ("cells", key))
    return float(np.polyfit(x, y, 1)[0])


def growth_figure(rows: list[dict[str, float]], slopes: dict[str, float]) -> Figure:
    """Time and memory against cells, on logarithmic axes, with the fitted slopes."""
    with styled():
        figure = new_figure(7.6, 3.6)
        panels = (("seconds", "time (s)"), ("peak_MB", "peak memory (MB)"))
        for axes, (key, label) in zip(figure.subplots(1, 2), panels, strict=True):
            axes.grid()
            axes.loglog([row["cells"] for row in rows], [row[key] for row in rows], "o-", color=colour_of(0))
            axes.set(xlabel="cells", ylabel=label, title=f"slope {slopes[key]:.2f}")
    return figure


def main() -> None:
    """Run, print the tables, and keep the figures if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="coarse grids, to see that it runs")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    quick, repeats = arguments.quick, 2 if arguments.quick else 7
    report: dict[str, Any] = {
        "morse": morse(24 if quick else 256, repeats),
        "paving": paving(1 if quick else 5, [0.2] if quick else [0.05, 0.02, 0.01]),
        "basins": basins(1, 5) if quick else basins(5, None),
        "growth": growth([32, 64] if quick else [128, 256, 512, 1024, 2048, 3163]),
    }
    report["slopes"] = {key: slope(report["growth"], key) for key in ("seconds", "peak_MB")}
    print("| peer | dynlatch, ms | peer, ms | times faster: median (range) |\n|---|---|---|---|")
    for row in [*report["morse"], *report["paving"]]:
        low, high = row["ratio_range"]
        ratio = f"{row['ratio']:.2g} ({low:.2g}-{high:.2g})"
        print(f"| {row['peer']} | {row['dynlatch_ms']:.1f} | {row['peer_ms']:.0f} | {ratio} |")
    print("\n| certified basins of | decided | cells | seconds |\n|---|---|---|---|")
    for row in report["basins"]:
        print(f"| {row['map']} | {100 * row['decided']:.4f} % | {row['cells']} | {row['seconds']:.2f} |")
    print("\n| cells | seconds | peak MB |\n|---|---|---|")
    for row in report["growth"]:
        print(f"| {row['cells']:.2e} | {row['seconds']:.2f} | {row['peak_MB']:.0f} |")
    print("slopes: " + ", ".join(f"{key} {value:.2f}" for key, value in report["slopes"].items()))
    if arguments.out:
        arguments.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        arguments.out.with_suffix(".png").write_bytes(png_bytes(growth_figure(report["growth"], report["slopes"])))


if __name__ == "__main__":
    main()
