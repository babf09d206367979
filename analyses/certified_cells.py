"""Do the cells of certified basins keep their word? Random states of must-reach cells, followed until they arrive.

From each of some 10^5 cells, over maps with points, cycles and a chaotic set, 100 random states are followed in
floating point. One that does not come within `NEAR` of the attractor that its cell is proved to reach (or, where only
a block of cells is proved, is not in that block after as many steps as the cell's rank) would be a counterexample.

    python analyses/certified_cells.py [--quick]
"""

from __future__ import annotations

import argparse
import sys
from typing import Final

import numpy as np

import dynlatch
from dynlatch.cells.certified import CertifiedBasins
from dynlatch.maps.evaluators import compiled_map
from dynlatch.seeds import rng_for

NEAR: Final = 1e-6
MOST_STEPS: Final = 100_000
CELLS_AT_ONCE: Final = 2_000
MAPS: Final = {
    "neuron": (dynlatch.neuron(2), 18),
    "driven neuron": (dynlatch.neuron(2, "1/2"), 18),
    "cubic": (dynlatch.cubic(), 18),
    "cycle of 2": (dynlatch.logistic("16/5"), 14),
    "cycle of 4": (dynlatch.logistic("7/2"), 14),
    "network": (dynlatch.tanh_network([[2, "1/5"], ["1/5", "9/5"]]), 12),
    "turning network": (dynlatch.tanh_network([["3/2", "-2/5"], ["2/5", "3/2"]]), 9),
    "network of 3": (dynlatch.tanh_network([[2, 0, "1/5"], ["1/5", "9/5", 0], [0, "1/3", "3/2"]]), 6),
    "Newton": (dynlatch.newton(), 9),
    "predator and prey": (dynlatch.predator_prey(), 8),
    "Henon (a block)": (dynlatch.henon(), 8),
}


def astray(found: CertifiedBasins, k: int, cells: np.ndarray, each: int, rng: np.random.Generator) -> int:
    """How many of ``each`` random states of every cell do not arrive at attractor k."""
    lo, hi = (np.repeat(ends, each, axis=1) for ends in found.tree.ends(cells))
    states = lo + (hi - lo) * rng.random(lo.shape)
    step = compiled_map(found.map).step
    if k in found.blocks:
        left = np.repeat(found.rank[cells], each)
        for _ in range(int(left.max())):
            states = np.where(left > 0, step(states), states)
            left -= 1
        return int(np.sum(found.label_at(states) != k))
    point = found.attractors[k].point
    assert point is not None
    orbit = np.array([[float(v) for v in state] for state in point.orbit])
    for _ in range(MOST_STEPS):
        gaps = np.stack([np.max(np.abs(states - middle[:, None]), axis=0) for middle in orbit])
        states = states[:, ~(np.min(gaps, axis=0) <= NEAR)]
        if not states.size:
            break
        states = step(states)
    return states.shape[1]


def main() -> None:
    """Follow the states, print a table, and fail if one went astray."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few cells, few states")
    quick = parser.parse_args().quick
    most, each = (200, 10) if quick else (20_000, 100)
    total = wrong = 0
    print(f"{'map':<18} {'attractors':>10} {'cells':>8} {'states':>10} {'astray':>7}")
    for name, (m, depth) in MAPS.items():
        found = dynlatch.certified_basins(m, depth=min(depth, 8) if quick else depth)
        rng = rng_for(0, "certified cells", m.content_hash)
        count = lost = 0
        for k in found.targets:
            cells = found.cells(k)
            cells = rng.permutation(cells)[: most // len(found.targets)]
            for start in range(0, cells.size, CELLS_AT_ONCE):
                lost += astray(found, k, cells[start : start + CELLS_AT_ONCE], each, rng)
            count += cells.size
        print(f"{name:<18} {len(found.targets):>10} {count:>8} {count * each:>10} {lost:>7}", flush=True)
        total, wrong = total + count, wrong + lost
    print(f"{'all':<18} {'':>10} {total:>8} {total * each:>10} {wrong:>7}")
    if wrong:
        sys.exit("a must-reach cell has a state that does not arrive: the proof, or the code, is wrong")


if __name__ == "__main__":
    main()
