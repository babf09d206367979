"""What is proved of regions as rows for the page, and as entries of its summary and ledger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from dynlatch.cells.settle import LEAVES, OPEN
from dynlatch.cells.tree import box_volume
from dynlatch.noise.invariant_box import InvariantBox
from dynlatch.regions.reduced_set import READINGS, Membership
from dynlatch.verdict import Verdict
from dynlatch.views.certified import label_share
from dynlatch.views.numbers import at_least_text, at_most_text, share_at_least, share_at_most
from dynlatch.views.style import attractor_name

if TYPE_CHECKING:
    from dynlatch.analysis import Analysis
    from dynlatch.noise.tolerance import NoiseTolerance
    from dynlatch.region_proofs import RegionProofs
    from dynlatch.regions.basins import Basins

Row = dict[str, Any]
Entry = tuple[str, str, str, str]

_MAX_ROWS: Final = 40


def region_rows(proofs: RegionProofs, sampled: Basins) -> Row:
    """The tables of the section on proved regions."""
    found, whole = proofs.basins, box_volume(proofs.basins.box)

    basins: list[Row] = []
    for k in found.targets[:_MAX_ROWS]:
        areas = found.areas(k)
        basins.append(
            {
                "number": k + 1,
                "name": attractor_name(sampled, k) + (" (its block)" if k in found.blocks else ""),
                "inner": share_at_least(areas.inner / whole),
                "outer": share_at_most(areas.outer / whole),
                "gamma": [_gamma(proofs, name, k) for name in READINGS],
            }
        )
    return {
        "basins": basins,
        "blocks": bool(found.blocks),
        "leaves": label_share(found, LEAVES) if found.cells(LEAVES).size else "",
        "open": label_share(found, OPEN),
        "cells": f"{found.tree.leaves.size:,}".replace(",", " "),
        "verdict": found.verdict,
        "tolerances": [_tolerance(t, sampled) for t in proofs.tolerances],
        "norm": f"{proofs.tolerances[0].norm:g}" if proofs.tolerances else "",
    }


def _gamma(proofs: RegionProofs, reading: str, k: int) -> str:
    volume = proofs.reduced_set.volume(reading, Membership.IN, k)
    return share_at_least(volume / box_volume(proofs.reduced_set.box))


def _tolerance(t: NoiseTolerance, sampled: Basins) -> Row:
    return {
        "name": attractor_name(sampled, t.attractor),
        "lower": at_least_text(t.lower, 10),
        "upper": "–" if t.upper is None else at_most_text(t.upper, 10),
        "tube": "–" if t.tube is None else at_least_text(t.tube.noise, 6),
        "closed": "–" if t.closed is None else at_least_text(t.closed, 6),
        "verdict": t.verdict,
        "reason": t.reason,
    }


def tolerance_summary(analysis: Analysis) -> Entry | None:
    """The box of the summary: what the weakest latch stands."""
    latches = () if analysis.proofs is None else analysis.proofs.tolerances
    if not latches:
        return None
    weakest = min(latches, key=lambda t: t.lower)
    above = (
        "no escape was found"
        if weakest.upper is None
        else f"an input of {at_most_text(weakest.upper, 8)} drives it out"
    )
    which = "of the weakest latch" if len(latches) > 1 else "of the latch"
    return (
        "Noise tolerance",
        f"≥ {at_least_text(weakest.lower, 8)}",
        f"{which}, norm {weakest.norm:g}; {above}",
        weakest.verdict,
    )


def region_ledger(analysis: Analysis) -> Iterator[Entry]:
    """What the ledger says of regions."""
    proofs = analysis.proofs
    if proofs is None:
        return
    found = proofs.basins
    cells = f"{found.tree.leaves.size} cells"
    yield (
        "basins, cell by cell",
        f"{share_at_least(found.decided)} of the box",
        f"outward-rounded images of {cells}",
        found.verdict,
    )
    inside = share_at_least(proofs.reduced_set.share("uniform", Membership.IN))
    basis = "interval products of derivatives along interval orbits"
    yield "Γ, cell by cell", f"{inside} of the box (uniform)", basis, proofs.reduced_set.verdict
    for t in proofs.tolerances:
        what = "a box" if isinstance(t.proof, InvariantBox) else "cells"
        name = f"noise that {attractor_name(analysis.basins, t.attractor)} stands"
        yield name, f"≥ {at_least_text(t.lower, 8)}", f"{what} that the noise cannot leave", t.verdict
        if t.upper is not None:
            yield (
                f"{name} not",
                at_most_text(t.upper, 8),
                "inputs of that size drive it out, replayed by balls",
                Verdict.PROVED,
            )
