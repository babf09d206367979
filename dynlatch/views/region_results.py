"""What is proved of regions as JSON: shares of cells, exact volumes, tolerances; see ``results``."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from dynlatch.regions.noise_box import InvariantBox
from dynlatch.regions.reduced_set import READINGS, Membership
from dynlatch.regions.settle import LEAVES
from dynlatch.regions.tree import box_volume
from dynlatch.views.json_values import Json, exact_text, number

if TYPE_CHECKING:
    from dynlatch.regions.certified import CertifiedBasins
    from dynlatch.regions.certified_gamma import CertifiedReducedSet
    from dynlatch.regions.region_proofs import RegionProofs
    from dynlatch.regions.tolerance import NoiseTolerance


def of_proofs(proofs: RegionProofs) -> Json:
    """Certified basins, certified reduced sets and tolerances."""
    return {
        "certified_basins": of_certified_basins(proofs.basins),
        "certified_reduced_set": of_certified_reduced_set(proofs.reduced_set),
        "tolerances": [of_tolerance(t) for t in proofs.tolerances],
    }


def of_certified_basins(found: CertifiedBasins) -> Json:
    """Exact volumes by attractor, and the share of the box that is decided."""
    whole = box_volume(found.box)
    listed: list[Json] = []
    for k in found.targets:
        areas = found.areas(k)
        listed.append(
            {
                "attractor": k,
                "kind": "block" if k in found.blocks else "point",
                "inner": _volume(areas.inner, whole),
                "outer": _volume(areas.outer, whole),
                "undecided": _volume(areas.undecided, whole),
            }
        )
    return {
        "decided": number(float(found.decided)),
        "attractors": listed,
        "leaves_the_box": _volume(found.tree.volume(found.cells(LEAVES)), whole),
        "num_cells": int(found.tree.leaves.size),
        "depth": found.depth,
        "verdict": str(found.verdict),
        "stop": str(found.stop),
        "rigor": "certified",
    }


def _volume(volume: Fraction, whole: Fraction) -> Json:
    return {"volume": exact_text(volume), "share": number(float(volume / whole))}


def of_certified_reduced_set(found: CertifiedReducedSet) -> Json:
    """The exact shares of the box in, outside and undecided, in each of the three readings of Gamma."""
    shares: Json = {}
    for name in READINGS:
        shares[name] = {kind.name.lower(): number(float(found.share(name, kind))) for kind in Membership}
    return {
        **shares, "num_cells": int(found.tree.leaves.size), "depth": found.depth, "verdict": str(found.verdict),
        "stop": str(found.stop), "rigor": "certified",
    }  # fmt: skip


def of_tolerance(found: NoiseTolerance) -> Json:
    """Both bounds of the noise that a latched state stands, what they rest on, and the bounds by formula."""
    proof = "none" if found.proof is None else "box" if isinstance(found.proof, InvariantBox) else "cells"
    escape = found.escape
    return {
        "attractor": found.attractor,
        "set": found.goal,
        "norm": f"{found.norm:g}",
        "lower": number(found.lower),
        "upper": None if found.upper is None else number(found.upper),
        "proof": proof,
        "escape_steps": None if escape is None else len(escape.inputs),
        "tube": None
        if found.tube is None
        else {"radius": number(found.tube.radius), "rate": number(found.tube.rate), "noise": number(found.tube.noise)},
        "closed": None if found.closed is None else number(found.closed),
        "tightness": {name: number(value) for name, value in found.tightness.items()},
        "verdict": str(found.verdict),
        "stop": str(found.stop),
        "reason": found.reason,
    }
