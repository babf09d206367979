"""Everything that can be proved of one map's regions, with a certificate for each answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from dynlatch.cells.certified import MAX_CELLS
from dynlatch.cells.refinement import hull
from dynlatch.cells.tree import check_dimension
from dynlatch.certificates.cells import basins_certificate, reduced_set_certificate
from dynlatch.certificates.document import Certificate
from dynlatch.certificates.noise import escape_certificate, tolerance_certificate
from dynlatch.certificates.results import certificate
from dynlatch.errors import InputError
from dynlatch.latch.critical_input import CriticalInput, critical_input
from dynlatch.latch.fixed_points import FixedPoints, fixed_points
from dynlatch.maps.definition import Map, exact_box
from dynlatch.noise.decay import NoisyDecay, noisy_decay
from dynlatch.noise.tolerance import NoiseTolerance, checked_norm
from dynlatch.progress import SILENT, Progress, one_step
from dynlatch.region_proofs import RegionProofs, prove_regions
from dynlatch.regions.attractors import find_attractors
from dynlatch.verdict import Verdict

MAX_NOISE_CELLS = 100_000


@dataclass(frozen=True, slots=True, repr=False)
class Proofs:
    """The proved regions of a map, its fixed points, and the certificates of all of it by name.

    ``critical`` is None where the map has no critical input; ``decays`` bounds the gradients of each latch whose
    tolerance is proved, under half of that noise.
    """

    map: Map
    points: FixedPoints
    critical: CriticalInput | None
    regions: RegionProofs
    decays: tuple[NoisyDecay, ...]
    certificates: tuple[tuple[str, Certificate], ...]

    def save(self, folder: str | Path) -> Path:
        """Write ``certificates/*.json``, figures and ``proofs.json`` into a folder; returns its path.

        Raises: OutputError if the folder cannot be written; then nothing in it has changed.
        """
        from dynlatch.views.folder import save_proofs

        return save_proofs(self, Path(folder))

    def __repr__(self) -> str:
        return f"Proofs of {self.map.name}: {self.regions!r}, {len(self.certificates)} certificates"


def prove(
    m: Map,
    box: object = None,
    *,
    depth: int | None = None,
    max_cells: int = MAX_CELLS,
    norm: object = 2,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> Proofs:
    """Certify points, trapping regions, basins, reduced sets, noise tolerances and decay, and write each as a claim.

    Arguments: ``box`` (the map's domain); ``depth`` and ``max_cells`` of the basins; ``norm`` of the noise.
    Raises: InputError as ``certified_basins``, and for a norm other than 2 or inf. Rigor: certified. Cost: seconds to a
    minute.
    """
    n = check_dimension(m)
    checked_norm(norm)
    sides = m.domain if box is None else exact_box(box, n)
    attractors = find_attractors(m, hull(m.domain, sides), seed=seed, progress=progress)
    points = one_step(progress, "certifying fixed points", lambda: fixed_points(m))
    regions = prove_regions(
        m, sides, attractors, depth=depth, max_cells=max_cells, norm=norm, max_noise_cells=MAX_NOISE_CELLS,
        threads=threads, progress=progress,
    )  # fmt: skip
    critical = one_step(progress, "finding the critical input", lambda: _critical_input(m))
    decays = one_step(progress, "bounding gradients under noise", lambda: tuple(_decays(regions.tolerances)))
    written = one_step(
        progress, "writing claims", lambda: tuple(_certificates(m, points, critical, regions, decays))
    )  # fmt: skip
    return Proofs(m, points, critical, regions, decays, written)


def _critical_input(m: Map) -> CriticalInput | None:
    try:
        found = critical_input(m)
    except InputError:  # no critical input: one attractor, say
        return None
    return found if found.verdict is Verdict.PROVED else None


def _decays(tolerances: Sequence[NoiseTolerance]) -> Iterator[NoisyDecay]:
    for found in tolerances:
        if found.verdict is Verdict.PROVED:
            noise = Fraction(found.lower) / 2
            yield noisy_decay(found.map, found.attractor, noise, found.norm, attractors=found.attractors)


def _certificates(
    m: Map, points: FixedPoints, critical: CriticalInput | None, regions: RegionProofs, decays: Sequence[NoisyDecay]
) -> Iterator[tuple[str, Certificate]]:
    """Each proved answer's certificate, by the name of its file."""
    for i, point in enumerate(points):
        yield f"fixed_point_{i}", certificate(point, m)
    if critical is not None:
        yield "critical_input", certificate(critical)
    for k, attractor in enumerate(regions.basins.attractors.listed):
        for trap in attractor.traps:
            yield f"trapping_region_{k}_{trap.index}", certificate(trap, m, point=attractor.point)
    yield "basins", basins_certificate(regions.basins)
    if any(a.traps for a in regions.reduced_set.attractors.listed):
        yield "reduced_set", reduced_set_certificate(regions.reduced_set)
    for found in regions.tolerances:
        if found.verdict is Verdict.PROVED:
            yield f"tolerance_{found.attractor}", tolerance_certificate(found)
        if found.escape is not None:
            yield f"escape_{found.attractor}", escape_certificate(found)
    for decay in decays:
        if decay.verdict is Verdict.PROVED:
            yield f"decay_{decay.attractor}", certificate(decay)
