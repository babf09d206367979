"""Sampled basins against a vectorised NumPy loop, and their growth to 10^8 cells.

The work: label 1000 x 1000 cells of a -> [[2, .2], [.2, 1.8]] tanh a on [-4, 4]^2. Two peers, both the usual active-set
loop in NumPy, each in pieces of the size that suits it best: one stops an orbit where dynlatch does, at the certified
trapping regions; the other, which has no such regions, at a distance of 1e-6 from the attractor. Labels are compared
before anything is timed; then the contestants take turns, and the medians of the ratios are reported.

    python analyses/benchmarks/basins.py [--quick] [--out FILE.json]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

# BLAS threads would slow the peer's 2 x 2 products down, and go on spinning on a core while dynlatch is timed.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import numpy as np

import dynlatch
from dynlatch.regions.attractors import Attractors, find_attractors

WEIGHTS = [[2, "1/5"], ["1/5", "9/5"]]
SIDE = (-4, 4)
NEAR = 1e-6

Target = tuple[int, np.ndarray, np.ndarray, float]
"""An attractor's number, and the centre, shape and radius of the region that stops an orbit."""


def system() -> tuple[dynlatch.Map, Attractors]:
    """The map and its attractors; phase 1 is no part of what is timed."""
    m = dynlatch.tanh_network(WEIGHTS)
    return m, find_attractors(m, m.with_domain(SIDE).domain)


def numpy_loop(points: np.ndarray, targets: list[Target], piece: int) -> np.ndarray:
    """Labels of columns of states by an active-set loop over pieces of ``piece`` columns."""
    weights = np.array([[2.0, 0.2], [0.2, 1.8]])
    labels = np.full(points.shape[1], -3, dtype=np.int16)
    for start in range(0, points.shape[1], piece):
        state = points[:, start : start + piece]
        active = np.arange(start, start + state.shape[1])
        while active.size:
            moving = np.ones(active.size, dtype=bool)
            for owner, centre, shape, radius in targets:
                offset = shape @ (state - centre[:, None])
                hit = offset[0] * offset[0] + offset[1] * offset[1] <= radius * radius
                labels[active[hit]] = owner
                moving &= ~hit
            active, state = active[moving], state[:, moving]
            state = weights @ np.tanh(state)
    return labels


def targets_of(attractors: Attractors, certified: bool) -> list[Target]:
    """Where the loop stops an orbit: dynlatch's trapping regions, or small discs."""
    listed: list[Target] = []
    for k, attractor in enumerate(attractors.listed):
        for trap in attractor.traps:
            shape = np.array([[float(v) for v in row] for row in trap.norm.matrix]) if certified else np.eye(2)
            listed.append((k, np.array(trap.centre), shape, trap.radius if certified else NEAR))
    return listed


def timed(work: Callable[[], Any]) -> float:
    """Seconds of one call."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def best_piece(points: np.ndarray, targets: list[Target]) -> int:
    """The piece size that suits the loop best on this machine."""
    pieces = [p for p in (4096, 16_384, 65_536, 1 << 20, points.shape[1]) if p <= points.shape[1]]
    return min(pieces, key=lambda piece: min(timed(lambda: numpy_loop(points, targets, piece)) for _ in range(2)))


def in_turns(ours: Callable[[], Any], theirs: Callable[[], Any], repeats: int) -> dict[str, Any]:
    """Medians of both and of their ratio, from calls that take turns."""
    pairs = np.array([(timed(ours), timed(theirs)) for _ in range(repeats)])
    ratios = pairs[:, 1] / pairs[:, 0]
    mine, peer = np.median(pairs, axis=0) * 1e3
    spread = [float(ratios.min()), float(ratios.max())]
    return {
        "dynlatch_ms": float(mine),
        "peer_ms": float(peer),
        "ratio": float(np.median(ratios)),
        "ratio_range": spread,
    }


def compare(resolution: int, repeats: int) -> dict[str, Any]:
    """Times in turns and their ratios, for dynlatch on all threads and on one."""
    m, attractors = system()
    grid = dynlatch.basins(m, SIDE, resolution, attractors=attractors)
    points = grid.grid.points(0, grid.grid.num_cells)
    rows: list[dict[str, Any]] = []
    for name, certified in ((f"NumPy loop, distance {NEAR:g}", False), ("NumPy loop, certified regions", True)):
        targets = targets_of(attractors, certified)
        piece = best_piece(points, targets)
        if not np.array_equal(numpy_loop(points, targets, piece), grid.labels.ravel()):
            raise SystemExit(f"{name}: the labels differ from dynlatch's; nothing was timed")
        for threads in (None, 1):
            ours = partial(dynlatch.basins, m, SIDE, resolution, attractors=attractors, threads=threads)
            row = in_turns(ours, partial(numpy_loop, points, targets, piece), repeats)
            rows.append({"peer": name, "piece": piece, "threads": "all" if threads is None else threads, **row})
    return {"resolution": resolution, "repeats": repeats, "rows": rows}


# ru_maxrss starts at what the parent held when it forked; the kernel's own high-water mark starts at the exec.
_PEAK = """
from pathlib import Path
status = Path("/proc/self/status")
if status.exists():
    print(1024 * int(status.read_text().split("VmHWM:")[1].split()[0]))
else:
    import resource, sys
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""


def peak_memory(code: str) -> tuple[float, float]:
    """Seconds and peak resident megabytes of a Python process of its own."""
    probe = f"import time; b = time.perf_counter()\n{code}\nprint(time.perf_counter() - b)\n{_PEAK}"
    out = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True).stdout.split()
    return float(out[0]), float(out[1]) / 1e6


def memory(resolution: int) -> dict[str, float]:
    """What the in-memory call needs from start to end, imports included."""
    seconds, megabytes = peak_memory(f"import dynlatch as d; d.basins(d.tanh_network({WEIGHTS}), {SIDE}, {resolution})")
    return {"resolution": resolution, "seconds": seconds, "peak_MB": megabytes}


def growth(resolutions: list[int]) -> list[dict[str, float]]:
    """Time and peak memory of writing ever larger grids to disk."""
    rows: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        for n in resolutions:
            path = Path(folder) / f"{n}.nc"
            seconds, megabytes = peak_memory(
                "import dynlatch as d; from dynlatch.regions.basins_file import write_basins; "
                f"write_basins(d.tanh_network({WEIGHTS}), {str(path)!r}, {SIDE}, {n})"
            )
            rows.append(
                {"cells": n * n, "seconds": seconds, "peak_MB": megabytes, "file_MB": path.stat().st_size / 1e6}
            )
            path.unlink()
    return rows


def main() -> None:
    """Run, print the tables, and keep the figures if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small grids, to see that it runs")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    report = compare(200 if arguments.quick else 1000, 3 if arguments.quick else 9)
    report["memory"] = memory(200 if arguments.quick else 1000)
    report["growth"] = growth([200, 500] if arguments.quick else [300, 1000, 3000, 10_000])
    print("| peer | pieces of | dynlatch's threads | dynlatch, ms | peer, ms | times faster (median, range) |")
    print("|---|---|---|---|---|---|")
    for row in report["rows"]:
        low, high = row["ratio_range"]
        print(
            f"| {row['peer']} | {row['piece']} | {row['threads']} | {row['dynlatch_ms']:.1f} | {row['peer_ms']:.0f} "
            f"| {row['ratio']:.0f} ({low:.0f}-{high:.0f}) |"
        )
    print(
        f"\nin memory, whole process: {report['memory']['peak_MB']:.0f} MB\n\n| cells to disk | s | peak MB | file MB |"
    )
    print("|---|---|---|---|")
    for row in report["growth"]:
        print(f"| {row['cells']:.0e} | {row['seconds']:.1f} | {row['peak_MB']:.0f} | {row['file_MB']:.1f} |")
    if arguments.out:
        arguments.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
