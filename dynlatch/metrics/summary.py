"""All metrics of one map's basins at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dynlatch.maps.definition import Map
from dynlatch.metrics.boundary import BasinEntropy, UncertaintyExponent, basin_entropy, uncertainty_exponent
from dynlatch.metrics.shock import CriticalShock, critical_shock
from dynlatch.metrics.stability import BasinStability, basin_stability
from dynlatch.metrics.wada import WadaTest, wada_test
from dynlatch.progress import SILENT, Progress, one_step
from dynlatch.regions.basins import Basins, basins

MAX_SHOCKS: Final = 4
"""Attractors whose critical shock is looked for."""
_RESOLUTION: Final = {1: 20_000, 2: 500, 3: 100}
_LEAST_COLOURS: Final = 3


@dataclass(frozen=True, slots=True)
class Metrics:
    """The metrics of sampled basins; ``wada`` is None unless three basins or more meet in a plane."""

    basins: Basins
    entropy: BasinEntropy
    exponent: UncertaintyExponent
    wada: WadaTest | None
    stability: BasinStability
    shocks: tuple[CriticalShock, ...]


def summarize(
    m: Map,
    box: object = None,
    resolution: int | Sequence[int] | None = None,
    *,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> Metrics:
    """Basin entropies, uncertainty exponent, Wada test, basin stability, and the critical shock of the first
    attractors.

    Arguments: ``box`` and ``resolution`` of the basins (the domain; 20000, 500 or 100 cells along each axis).
    Raises: InputError for a bad box or resolution.
    Rigor: measured, but for critical shocks in one dimension, which are proved. Cost: seconds.
    """
    cells = _RESOLUTION.get(m.dimension, 200) if resolution is None else resolution
    found = basins(m, box, cells, seed=seed, threads=threads, progress=progress)
    coloured = {label for label in found.counts if label >= 0}
    wada = None
    if len(found.grid.axes) == 2 and len(coloured) >= _LEAST_COLOURS:
        wada = one_step(progress, "Wada test", lambda: wada_test(found))
    stability = basin_stability(m, box, attractors=found.attractors, seed=seed, threads=threads, progress=progress)
    shocks: list[CriticalShock] = []
    for k, attractor in enumerate(found.attractors.listed[:MAX_SHOCKS]):
        if attractor.point is not None and attractor.traps:
            shocks.append(critical_shock(m, k, attractors=found.attractors, seed=seed, progress=progress))
    return Metrics(found, basin_entropy(found), uncertainty_exponent(found), wada, stability, tuple(shocks))
