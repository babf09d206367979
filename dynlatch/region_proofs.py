"""All that is proved of a map's regions at once: basins, reduced sets, and the noise that its latches stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dynlatch.cells.certified import MAX_CELLS, CertifiedBasins, certified_basins
from dynlatch.cells.certified_gamma import MAX_CELLS as MAX_GAMMA_CELLS
from dynlatch.cells.certified_gamma import CertifiedReducedSet, certified_reduced_set
from dynlatch.maps.definition import Map
from dynlatch.noise.tolerance import NoiseTolerance, is_latch, noise_tolerance
from dynlatch.progress import SILENT, Progress
from dynlatch.regions.attractors import Attractors

MAX_LATCHES: Final = 4
"""Latched states whose tolerance is bounded, unless said otherwise."""


@dataclass(frozen=True, slots=True, repr=False)
class RegionProofs:
    """Certified basins, certified reduced sets, and a noise tolerance for each of the first latched fixed points."""

    basins: CertifiedBasins
    reduced_set: CertifiedReducedSet
    tolerances: tuple[NoiseTolerance, ...]

    def __repr__(self) -> str:
        return f"{self.basins!r}; {self.reduced_set!r}; {len(self.tolerances)} tolerances"


def prove_regions(
    m: Map,
    box: object,
    attractors: Attractors,
    *,
    depth: int | None = None,
    max_cells: int = MAX_CELLS,
    gamma_depth: int | None = None,
    max_gamma_cells: int = MAX_GAMMA_CELLS,
    norm: object = "inf",
    max_latches: int = MAX_LATCHES,
    max_noise_cells: int = 0,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> RegionProofs:
    """Prove basins and reduced sets over a box, and bound the noise (norm ``norm``) that latched fixed points stand.

    ``max_noise_cells`` 0 rests the tolerances on boxes alone, which is quick.
    Raises: InputError as ``certified_basins``. Rigor: certified. Cost: seconds.
    """
    basins = certified_basins(
        m, box, depth=depth, max_cells=max_cells, attractors=attractors, threads=threads, progress=progress
    )
    reduced = certified_reduced_set(
        m, box, depth=gamma_depth, max_cells=max_gamma_cells, attractors=attractors, threads=threads, progress=progress
    )
    latches = [k for k, attractor in enumerate(attractors.listed) if is_latch(attractor)][:max_latches]
    tolerances = tuple(
        noise_tolerance(m, k, norm, attractors=attractors, max_cells=max_noise_cells, progress=progress)
        for k in latches
    )
    return RegionProofs(basins, reduced, tolerances)
