"""Results as JSON: what ``results.json`` holds, and what ``--json`` prints for the single steps.

The shapes are those of ``results.schema.json`` beside this file (JSON Schema 2020-12); ``schema`` names their version.

- Floats are written by ``repr``, which reads back to the same float. Infinity is the text ``"Infinity"`` or
  ``"-Infinity"``; null stands for what does not exist, and a ``reason``, ``message`` or ``critical_note`` beside it
  says why.
- An enclosure is ``{"lo", "hi", "lower", "upper"}``: floats rounded outward and the exact ends as ``"p/q"``.
- ``verdict`` says what is proved, ``stop`` why work ended.
- Keys come in one order, lists in the order of the analysis; there is no date. Equal analyses give equal text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import sympy as sp

from dynlatch.latch.contraction import ContractionBound
from dynlatch.latch.critical_input import CriticalInput
from dynlatch.latch.derivation import Derivation
from dynlatch.latch.fixed_points import Cluster, FixedPoint, FixedPoints
from dynlatch.latch.fold_branch import Fold
from dynlatch.latch.gradients import CONFIDENCE, GradientDecay
from dynlatch.maps.definition import Box, Map, TanhLayer
from dynlatch.regions.attractors import Attractor, Attractors
from dynlatch.regions.basins import Basins
from dynlatch.regions.basins_file import BasinsFile
from dynlatch.regions.grid import Grid
from dynlatch.regions.labels import Label
from dynlatch.regions.reduced_set import READINGS, Membership, ReducedSet
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.rigor.norms import AdaptedNorm, OperatorNorm
from dynlatch.rigor.spectra import Eigenvalue
from dynlatch.views.json_values import Json, number, of_enclosure
from dynlatch.views.region_results import of_proofs

if TYPE_CHECKING:
    from dynlatch.analysis import Analysis

SCHEMA: Final = "dynlatch.results/1"

_NUM_STATES: Final = 32
"""How many states of a recurrent set are listed."""


def results(analysis: Analysis) -> Json:
    """Everything that an analysis found out, ready for ``to_text``."""
    return {
        "schema": SCHEMA,
        "map": of_map(analysis.map),
        **of_fixed_points(analysis.fixed_points),
        "cycles": [{"period": c.period, **of_fixed_points(c, "cycles")} for c in analysis.cycles],
        "critical_input": None if analysis.critical_input is None else of_critical_input(analysis.critical_input),
        "critical_note": analysis.critical_note,
        "contraction": of_contraction(analysis.contraction),
        "attractors": of_attractors(analysis.attractors),
        "basins": of_basins(analysis.basins),
        "reduced_set": of_reduced_set(analysis.reduced_set),
        "decay": _of_attractor_decay(analysis, 0),
        "decays": [_of_attractor_decay(analysis, k) for k in range(len(analysis.decays))],
        "derivation": of_derivation(analysis.derivation),
        "proofs": None if analysis.proofs is None else of_proofs(analysis.proofs),
        "versions": dict(analysis.versions),
        "seed": analysis.seed,
    }


def of_map(m: Map) -> Json:
    """What the map is, in exact numbers."""
    layer = m.rule if isinstance(m.rule, TanhLayer) else None
    return {
        "name": m.name,
        "states": [str(s) for s in m.states],
        "parameters": {str(s): {"value": number(float(v)), "exact": str(v)} for s, v in m.parameters},
        "expressions": None if layer else [str(e) for e in m.expressions],
        "weights": [[str(v) for v in row] for row in layer.weights] if layer else None,
        "bias": [str(v) for v in layer.bias] if layer else None,
        "domain": of_box(m.domain),
        "hash": m.content_hash,
    }


def of_box(box: Box) -> list[Json]:
    """One interval per state."""
    return [of_enclosure(Enclosure(lo, hi)) for lo, hi in box]


def of_fixed_points(found: FixedPoints, key: str = "fixed_points") -> Json:
    """The list under ``key``, what is ``undecided`` beside it, and how the ``search`` ended (PROVED: complete)."""
    return {
        key: [_of_point(p) for p in found],
        "undecided": [_of_cluster(c) for c in found.undecided],
        "search": {
            "period": found.period,
            "box": of_box(found.box),
            "verdict": str(found.verdict),
            "stop": str(found.stop),
            "num_boxes": found.num_boxes,
        },
    }


def _of_point(point: FixedPoint) -> Json:
    return {
        "state": _middles(point.state),
        "enclosure": [of_enclosure(e) for e in point.state],
        "stability": str(point.stability),
        "verdict": str(point.verdict),
        "multipliers": [_of_multiplier(e) for e in point.multipliers],
        "period": point.period,
        "orbit": [_middles(state) for state in point.orbit],
        "expression": None if point.expression is None else [str(e) for e in point.expression],
    }


def _of_multiplier(multiplier: Eigenvalue) -> Json:
    parts = {"real": multiplier.real, "imag": multiplier.imag, "modulus": multiplier.modulus}
    values = {name: number(float(part)) for name, part in parts.items()}
    return {**values, "enclosure": {name: of_enclosure(part) for name, part in parts.items()}}


def _of_cluster(cluster: Cluster) -> Json:
    return {"box": [{"lo": number(lo), "hi": number(hi)} for lo, hi in cluster.box], "reason": cluster.reason}


def of_critical_input(found: CriticalInput) -> Json:
    """The critical input with its formulas and the fold of each attractor."""
    return {
        **_value(found.value),
        "verdict": str(found.verdict),
        "expression": _formula(found.expression),
        "derivative": _formula(found.derivative),
        "series": _formula(found.series),
        "direction": [str(v) for v in found.direction],
        "sign": found.sign,
        "state": None if found.state is None else _middles(found.state),
        "stable_until": None if found.stable_until is None else number(found.stable_until),
        "stop": str(found.stop),
        "reason": found.reason,
        "folds": [_of_fold(fold) for fold in found.folds],
    }


def _of_fold(fold: Fold) -> Json:
    return {
        "attractor": None if fold.attractor is None else _middles(fold.attractor),
        "sign": fold.sign,
        **_value(fold.value),
        "state": None if fold.state is None else _middles(fold.state),
        "stable_until": None if fold.stable_until is None else number(fold.stable_until),
        "verdict": str(fold.verdict),
        "stop": str(fold.stop),
        "reason": fold.reason,
    }


def of_contraction(found: ContractionBound) -> Json:
    """The sup of the operator norm of M' over a box; ``contracting`` says whether it is proved to be below 1."""
    return {
        **_value(found.value),
        "verdict": str(found.verdict),
        "contracting": str(found.contracting),
        "norm": norm_name(found.norm),
        "norm_matrix": [[str(v) for v in row] for row in found.norm.matrix]
        if isinstance(found.norm, AdaptedNorm)
        else None,
        "box": of_box(found.box),
        "at": None if found.at is None else [number(v) for v in found.at],
        "expression": _formula(found.expression),
        "stop": str(found.stop),
        "reason": found.reason,
    }


def norm_name(norm: OperatorNorm) -> str:
    """``"1"``, ``"2"``, ``"inf"`` or ``"adapted"``."""
    return "adapted" if isinstance(norm, AdaptedNorm) else f"{norm:g}"


def of_attractors(found: Attractors) -> list[Json]:
    """The attractors in the order of their labels."""
    return [_of_attractor(k, attractor) for k, attractor in enumerate(found.listed)]


def _of_attractor(index: int, attractor: Attractor) -> Json:
    traps = [
        {"centre": [number(c) for c in t.centre], "radius": number(t.radius), "rate": number(t.rate), "index": t.index}
        for t in attractor.traps
    ]
    return {
        "attractor": index,
        "name": attractor.name,
        "period": None if attractor.point is None else attractor.point.period,
        "states": [[number(v) for v in state] for state in attractor.states.T[:_NUM_STATES]],
        "trapping_regions": traps,
        "num_cells": None if attractor.cells is None else len(attractor.cells),
        "verdict": str(attractor.verdict),
    }


def label_name(label: int) -> str:
    """``"attractor 0"``, ... or the name of the label, such as ``"left the box"``."""
    return f"attractor {label}" if label >= 0 else Label(label).name.lower().replace("_", " ")


def of_basins(found: Basins | BasinsFile) -> Json:
    """The grid, the share of its cells that goes to each attractor, and how many cells carry each label."""
    counts = found.counts
    labels = [*range(len(found.attractors)), *Label]
    return {
        "grid": _of_grid(found.grid),
        "fractions": {str(k): number(share) for k, share in found.fractions.items()},
        "counts": {label_name(label): counts.get(label, 0) for label in labels},
        "rigor": "sampled",
    }


def _of_grid(grid: Grid) -> Json:
    sides = of_box(grid.sides)
    return {
        "axes": [{"axis": a, "cells": c, **side} for a, c, side in zip(grid.axes, grid.counts, sides, strict=True)],
        "at": [str(v) for v in grid.at],
        "num_cells": grid.num_cells,
    }


def of_reduced_set(found: ReducedSet) -> Json:
    """The shares of the cells in, outside and undecided, in each of the three readings of Gamma."""
    shares: Json = {}
    for name in READINGS:
        members = found.reading(name)
        shares[name] = {kind.name.lower(): number(float((members == kind).mean())) for kind in Membership}
    return {**shares, "rigor": "sampled"}


def _of_attractor_decay(analysis: Analysis, k: int) -> Json:
    return {"attractor": analysis.decays[k].attractor, **of_decay(analysis.decays[k].decay)}


def of_decay(decay: GradientDecay) -> Json:
    """The gradient along one orbit; ``rate`` is null where the orbit diverged, ``message`` then says so."""
    low, high = decay.rate_interval
    return {
        "rate": number(decay.rate),
        "ci": [number(low), number(high)],
        "confidence": CONFIDENCE,
        "certified_rate": None if decay.certified_rate is None else of_enclosure(decay.certified_rate),
        "norm": norm_name(decay.norm),
        "start": [number(v) for v in decay.a0],
        "steps": decay.steps,
        "reached": decay.reached,
        "transient": decay.transient,
        "num_batches": decay.num_batches,
        "lyapunov_spectrum": [number(v) for v in decay.lyapunov_spectrum],
        "reactivity": number(decay.reactivity),
        "power_growth": number(decay.power_growth),
        "peak_growth": number(decay.peak_growth),
        "peak_time": decay.peak_time,
        "log_norm": [number(v) for v in decay.log_norm],
        "log_spectral_radius": [number(v) for v in decay.log_spectral_radius],
        "stop": str(decay.stop),
        "message": decay.message,
    }


def of_derivation(found: Derivation) -> list[Json]:
    """The lines of the symbolic sheet."""
    return [
        {
            "title": line.title,
            "left": str(line.left),
            "right": str(line.right),
            "latex": line.latex,
            "how": line.how,
            "check": {"verdict": str(line.check.verdict), "what": line.check.what},
            **_value(line.value),
        }
        for line in found
    ]


def _value(value: Enclosure | None) -> Json:
    middle = None if value is None else number(float(value))
    return {"value": middle, "enclosure": None if value is None else of_enclosure(value)}


def _middles(state: Iterable[Enclosure]) -> list[float | str | None]:
    return [number(float(e)) for e in state]


def _formula(expression: sp.Expr | None) -> str | None:
    return None if expression is None else str(expression)
