"""What is proved of regions as JSON: shares of cells, exact volumes, tolerances; see ``results``."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from dynlatch.cells.settle import LEAVES
from dynlatch.cells.tree import box_volume
from dynlatch.noise.invariant_box import InvariantBox
from dynlatch.regions.reduced_set import READINGS, Membership
from dynlatch.views.json_values import Json, exact_text, number, of_enclosure

if TYPE_CHECKING:
    from dynlatch.cells.certified import CertifiedBasins
    from dynlatch.cells.certified_gamma import CertifiedReducedSet
    from dynlatch.cells.morse import MorseGraph
    from dynlatch.latch.tradeoff import Tradeoff
    from dynlatch.latch.tradeoff_law import TradeoffLaw
    from dynlatch.metrics.summary import Metrics
    from dynlatch.noise.decay import NoisyDecay
    from dynlatch.noise.tolerance import NoiseTolerance
    from dynlatch.noise.transient import Transient
    from dynlatch.noise.uncertainty import Uncertainty
    from dynlatch.region_proofs import RegionProofs


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


def of_noisy_decay(found: NoisyDecay) -> Json:
    """The bound of gradients under all noise of one size, and the input found that comes nearest to it."""
    return {
        "attractor": found.attractor,
        "noise": number(float(found.noise)),
        "norm": f"{found.norm:g}",
        "rate": None if found.rate is None else number(found.rate),
        "constant": None if found.constant is None else number(found.constant),
        "length": found.length,
        "worst_input": None if found.worst_input is None else [number(float(v)) for v in found.worst_input],
        "worst_rate": None if found.worst_rate is None else of_enclosure(found.worst_rate),
        "verdict": str(found.verdict),
        "reason": found.reason,
    }


def of_morse_graph(found: MorseGraph) -> Json:
    """The Morse sets with their exact volumes, and the direct steps of the order between them."""
    graph = found.graph
    return {
        "sets": [
            {
                "set": s.number,
                "num_cells": int(s.cells.size),
                "box": [[str(lo), str(hi)] for lo, hi in s.box],
                "volume": exact_text(s.volume),
                "attracting": s.attracting,
                "points": [{"state": [number(v) for v in p.values], "period": p.period} for p in s.points],
                "leads_to": sorted(map(str, graph.successors(s.number))),
                "verdict": str(s.verdict),
            }
            for s in found.sets
        ],
        "num_cells": found.digraph.num_cells,
        "num_edges": found.digraph.num_edges,
        "verdict": str(found.verdict),
        "stop": str(found.stop),
    }


def of_uncertainty(found: Uncertainty) -> Json:
    """The size of the ball by step: proved from above, sampled from below, and as theory has it."""
    series = ("enclosed", "diameter", "tube", "sampled", "linear")
    return {
        "start": [str(v) for v in found.start],
        "radius": str(found.radius),
        "noise": str(found.noise),
        "norm": f"{found.norm:g}",
        **{name: [number(v) for v in getattr(found, name)] for name in series},
        "captured": found.captured,
        "reached": list(found.reached),
        "capture": str(found.capture),
        "verdict": str(found.verdict),
        "stop": str(found.stop),
    }


def of_transient(found: Transient) -> Json:
    """The steps of a constant input that carry the state over; null with ``carries`` false where none do."""
    return {
        "input": str(found.input),
        "direction": [str(v) for v in found.direction],
        "steps": found.steps,
        "carries": found.carries,
        "free_steps": found.free_steps,
        "measured": found.measured,
        "verdict": str(found.verdict),
        "stop": str(found.stop),
        "reason": found.reason,
    }


def of_metrics(found: Metrics) -> Json:
    """Entropies, exponent, Wada test, stability with intervals, critical shocks."""
    exponent, wada = found.exponent, found.wada
    return {
        "basin_entropy": number(found.entropy.entropy),
        "boundary_entropy": number(found.entropy.boundary_entropy),
        "uncertainty_exponent": {
            "alpha": number(exponent.alpha),
            "standard_error": number(exponent.standard_error),
            "interval": [number(v) for v in exponent.interval],
            "reason": exponent.reason,
        },
        "wada": None
        if wada is None
        else {"holds": wada.holds, "radius": number(wada.radius), "least_radius": number(wada.least_radius)},
        "basin_stability": [
            {"label": s.label, "name": s.name, "share": number(s.share), "interval": [number(v) for v in s.interval]}
            for s in found.stability.shares
        ],
        "critical_shocks": [
            {
                "attractor": s.attractor,
                "value": None if s.value is None else of_enclosure(s.value),
                "measured": number(s.measured),
                "displacement": [number(v) for v in s.displacement],
                "verdict": str(s.verdict),
                "reason": s.reason,
            }
            for s in found.shocks
        ],
        "rigor": "measured, but for enclosed values",
    }


def of_tradeoff(curve: Tradeoff, law: TradeoffLaw) -> Json:
    """The law with its verdict, and every point of the curve with enclosures."""
    points: list[Json] = []
    for p in curve:
        enclosures = {"critical": p.critical, "rate": p.rate, "tolerance": p.tolerance}
        points.append(
            {
                curve.parameter: str(p.value),
                **{name: None if e is None else of_enclosure(e) for name, e in enclosures.items()},
                "lower": str(p.lower),
                "upper": str(p.upper),
                "reason": p.reason,
            }
        )
    return {
        "law": str(law.law),
        "verdict": str(law.verdict),
        "reason": law.reason,
        "family": curve.name,
        "parameter": curve.parameter,
        "points": points,
    }
