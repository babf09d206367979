"""The whole story of one map: from its formula to what it can hold and what that costs."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numpy as np

from dynlatch import __version__
from dynlatch.errors import InputError
from dynlatch.latch.contraction import ContractionBound, contraction_bound
from dynlatch.latch.critical_input import CriticalInput, critical_input
from dynlatch.latch.derivation import Derivation, derive
from dynlatch.latch.fixed_points import MAX_DIMENSION, FixedPoints, fixed_points
from dynlatch.latch.gradients import GradientDecay, gradient_decay
from dynlatch.maps.definition import Map, check_map
from dynlatch.progress import SILENT, Progress, one_step
from dynlatch.region_proofs import RegionProofs, prove_regions
from dynlatch.regions.attractors import Attractors, find_attractors
from dynlatch.regions.basins import Basins, basins, search_box
from dynlatch.regions.grid import BYTES_PER_CELL as BYTES_OF_LABEL
from dynlatch.regions.grid import check_memory, make_grid
from dynlatch.regions.reduced_set import BYTES_OF_MEMBERSHIP, ReducedSet, reduced_set
from dynlatch.verdict import Stop, Verdict

DECAY_STEPS: Final = 200
"""Steps of the orbits along which gradients are followed, unless said otherwise."""
BYTES_PER_CELL: Final = BYTES_OF_LABEL + BYTES_OF_MEMBERSHIP

_BASIN_STEPS: Final = 2_000
"""Fewer than ``basins`` takes by itself: a map whose orbits never settle would use them all in every cell."""
_CONTRACTION_BOXES: Final = 20_000
_PROVED_CELLS: Final = 100_000
_GAMMA_CELLS: Final = 10_000
_RESOLUTION: Final = {1: 2_000, 2: 400, 3: 100}
_SLICE_RESOLUTION: Final = 200
_PACKAGES: Final = ("numpy", "scipy", "sympy", "numba", "python-flint", "networkx", "matplotlib", "xarray")


@dataclass(frozen=True, slots=True)
class AttractorDecay:
    """The gradient along an orbit that ends on one attractor; ``attractor`` is None where the map has none."""

    attractor: int | None
    decay: GradientDecay


@dataclass(frozen=True, slots=True, repr=False)
class Analysis:
    """Everything ``analyze`` found out about a map, each part with its own verdict.

    ``critical_input`` is None where the map has no critical input, ``critical_note`` then says why. ``cycles`` holds
    the certified search for each period from 2 on. ``decays`` follows the gradient into each attractor. ``proofs``
    holds what is proved of basins, reduced sets and noise over the same box; None above 4 states, or if it was not
    asked for.
    """

    map: Map
    derivation: Derivation
    fixed_points: FixedPoints
    cycles: tuple[FixedPoints, ...]
    critical_input: CriticalInput | None
    critical_note: str
    contraction: ContractionBound
    attractors: Attractors
    basins: Basins
    reduced_set: ReducedSet
    decays: tuple[AttractorDecay, ...]
    proofs: RegionProofs | None
    versions: tuple[tuple[str, str], ...]
    seed: int

    def save(self, folder: str | Path) -> Path:
        """Write ``report.html``, ``results.json``, ``basins.nc`` and the figures into a folder; returns its path.

        Raises: OutputError if the folder cannot be written; then nothing in it has changed.
        """
        from dynlatch.views.folder import save

        return save(self, Path(folder))

    def __repr__(self) -> str:
        return f"Analysis of {self.map!r}: {len(self.fixed_points)} fixed points, {len(self.attractors)} attractors"


def analyze(
    m: Map,
    *,
    box: object = None,
    resolution: int | Sequence[int] | None = None,
    max_period: int = 4,
    steps: int = DECAY_STEPS,
    proofs: bool = True,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> Analysis:
    """Derive, certify, map, measure and prove: the whole walk from a map to what it latches.

    Arguments: ``box`` and ``resolution`` of the basins (the map's domain; 2000, 400 or 100 cells along each axis for
    1, 2 and 3 states, a slice of 200 x 200 for more), ``max_period`` of the certified cycles (up to 2 states),
    ``steps`` of the gradients' orbits, ``proofs`` of basins, reduced sets and noise (up to 4 states), ``seed`` of
    everything sampled.
    Raises: InputError for bad arguments. What cannot be decided is a verdict, not an error.
    Rigor: each part says its own. Cost: seconds.
    """
    check_map(m)
    if isinstance(max_period, bool) or max_period < 1:
        raise InputError(f"max_period={max_period} must be at least 1; 1 looks for fixed points only")
    grid = make_grid(m, box, _RESOLUTION.get(m.dimension, _SLICE_RESOLUTION) if resolution is None else resolution)
    check_memory(grid, BYTES_PER_CELL)
    derivation = one_step(progress, "deriving", lambda: derive(m))
    attractors = find_attractors(m, search_box(m, grid), seed=seed, progress=progress)
    points = one_step(progress, "certifying fixed points", lambda: _fixed_points(m, attractors))
    cycles = one_step(progress, "certifying cycles", lambda: _cycles(m, max_period))
    critical, note = one_step(progress, "finding the critical input", lambda: _critical_input(m))
    contraction = one_step(
        progress, "bounding the contraction", lambda: contraction_bound(m, max_boxes=_CONTRACTION_BOXES)
    )
    labelled = basins(
        m, box, grid.counts, attractors=attractors, max_steps=_BASIN_STEPS, threads=threads, progress=progress
    )
    reduced = reduced_set(m, labelled=labelled, threads=threads, progress=progress)
    decays = one_step(progress, "following gradients", lambda: _decays(m, labelled, steps))
    proved = None
    if proofs and m.dimension <= MAX_DIMENSION:
        proved = prove_regions(
            m, box, attractors, max_cells=_PROVED_CELLS, max_gamma_cells=_GAMMA_CELLS, threads=threads,
            progress=progress,
        )  # fmt: skip
    return Analysis(
        m, derivation, points, cycles, critical, note, contraction, attractors, labelled, reduced, decays, proved,
        _versions(), seed,
    )  # fmt: skip


def _fixed_points(m: Map, attractors: Attractors) -> FixedPoints:
    """All of them by branch and prune; beyond its reach those that attract, as a list that need not be complete."""
    if m.dimension <= MAX_DIMENSION:
        return fixed_points(m)
    listed = tuple(a.point for a in attractors.listed if a.point is not None and a.point.period == 1)
    return FixedPoints(m, m.domain, 1, listed, (), Verdict.INCONCLUSIVE, Stop.BUDGET, 0)


def _cycles(m: Map, max_period: int) -> tuple[FixedPoints, ...]:
    if m.dimension > 2:
        return ()
    return tuple(fixed_points(m, period=period, max_boxes=20_000) for period in range(2, max_period + 1))


def _critical_input(m: Map) -> tuple[CriticalInput | None, str]:
    try:
        found = critical_input(m)
    except InputError as error:
        return None, str(error)
    return found, found.reason


def _decays(m: Map, labelled: Basins, steps: int) -> tuple[AttractorDecay, ...]:
    """One orbit into each attractor, from the cell whose orbit takes the middling time to get there."""
    labels, times = labelled.labels.ravel(), labelled.times.ravel()
    decays: list[AttractorDecay] = []
    for k, attractor in enumerate(labelled.attractors.listed):
        cells = np.flatnonzero(labels == k)
        if cells.size:
            chosen = int(cells[np.argsort(times[cells], kind="stable")[cells.size // 2]])
            start = labelled.grid.points(chosen, chosen + 1)[:, 0]
            decay = gradient_decay(m, [float(v) for v in start], steps, fixed_point=attractor.point)
            decays.append(AttractorDecay(k, decay))
    if not decays:
        middle = [float((lo + 2 * hi) / 3) for lo, hi in m.domain]
        decays.append(AttractorDecay(None, gradient_decay(m, middle, steps)))
    return tuple(decays)


def _versions() -> tuple[tuple[str, str], ...]:
    packages = [("dynlatch", __version__), ("python", platform.python_version())]
    return (*packages, *((name, version(name)) for name in _PACKAGES))
