"""Claims about noise and inputs: tolerances, escapes, decay, transients."""

from __future__ import annotations

import numpy as np

from dynlatch.certificates.cells import Columns, of_target, of_tree
from dynlatch.certificates.document import Certificate, Json, box, matrix, number, rounded_up, vector
from dynlatch.certificates.points import target_claim, trap_claim
from dynlatch.errors import InputError
from dynlatch.noise.decay import NoisyDecay
from dynlatch.noise.escape import Escape
from dynlatch.noise.invariant_box import InvariantBox
from dynlatch.noise.invariant_cells import InvariantCells
from dynlatch.noise.tolerance import NoiseTolerance
from dynlatch.noise.transient import Transient
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.rigor.norms import AdaptedNorm, OperatorNorm
from dynlatch.verdict import Verdict


def tolerance_certificate(found: NoiseTolerance) -> Certificate:
    """Kind "tolerance": the set that noise up to the lower bound cannot leave. Raises: InputError if none is proved."""
    if found.proof is None:
        raise InputError(f"this tolerance has no certificate: {found.reason}")
    claim: Json = {
        "noise": number(found.proof.noise),
        "noise_norm": f"{found.norm:g}",
        "set": found.goal,
        "target": of_target(found.map, found.attractors[found.attractor]),
        "proof": _box_proof(found.proof) if isinstance(found.proof, InvariantBox) else _cell_proof(found),
    }
    return Certificate("tolerance", found.map, claim)


def _box_proof(proof: InvariantBox) -> Json:
    return {
        "kind": "box",
        "box": box([Enclosure(lo, hi) for lo, hi in proof.box]),
        "norm": matrix(proof.norm.matrix),
        "rate": number(proof.rate),
    }


def _cell_proof(found: NoiseTolerance) -> Json:
    proof = found.proof
    assert isinstance(proof, InvariantCells)
    leaves = proof.tree.in_order()
    mine = proof.label[leaves] == found.attractor
    columns: Columns = {
        "stays": (proof.stays[leaves].astype(np.uint8), "u1"),
        "label": (np.where(mine, 0, -1).astype(np.int32), "i4"),
        "rank": (proof.rank[leaves], "i4"),
        "steps": (proof.steps[leaves], "i4"),
    }
    if proof.gamma_steps is not None:
        columns["uniform"] = (np.where(proof.stays[leaves], 1, -1).astype(np.int32), "i4")
        columns["uniform_steps"] = (proof.gamma_steps[leaves], "i4")
    return {"kind": "cells", "tree": of_tree(proof.tree, columns)}


def escape_certificate(found: NoiseTolerance) -> Certificate:
    """Kind "escape": inputs that drive the state out, so that the tolerance is no larger. Raises: InputError if
    none."""
    escape: Escape | None = found.escape
    if escape is None:
        raise InputError("this tolerance has no upper bound, so there is no escape to certify")
    end: Json = {"kind": "expands"}
    if escape.reached is not None:
        other = found.attractors[escape.reached]
        assert other.point is not None
        region = trap_claim(found.map, other.point, other.traps[0])
        end = {"kind": "trap", "region": region, "free_steps": escape.free_steps}
    claim: Json = {
        "noise": number(escape.noise),
        "noise_norm": f"{found.norm:g}",
        "set": found.goal,
        "target": of_target(found.map, found.attractors[found.attractor]),
        "inputs": [vector([float(v) for v in u]) for u in escape.inputs],
        "start": 0,
        "end": end,
    }
    return Certificate("escape", found.map, claim)


def decay_certificate(found: NoisyDecay) -> Certificate:
    """Kind "decay": |da_t/da_0| <= constant rate^t under all inputs of that size. Raises: InputError if not proved."""
    if found.box is None or found.rate is None or found.constant is None or found.measured_in is None:
        raise InputError(f"this decay has no certificate: it is {found.verdict} ({found.reason})")
    claim: Json = {
        "noise": number(found.noise),
        "noise_norm": f"{found.norm:g}",
        "target": of_target(found.map, found.attractors[found.attractor]),
        "box": box([Enclosure(lo, hi) for lo, hi in found.box.box]),
        "norm": _norm(found.measured_in),
        "rate": number(rounded_up(found.rate)),
        "constant": number(rounded_up(found.constant)),
        "length": found.length,
    }
    return Certificate("decay", found.map, claim)


def _norm(norm: OperatorNorm) -> str | list[list[str]]:
    return matrix(norm.matrix) if isinstance(norm, AdaptedNorm) else f"{norm:g}"


def transient_certificate(found: Transient) -> Certificate:
    """Kind "transient": the least number of steps of a constant input. Raises: InputError unless it is proved."""
    if found.verdict is not Verdict.PROVED or found.steps is None:
        raise InputError(f"this transient has no certificate: {found.reason}")
    assert found.before is not None
    claim: Json = {
        "input": number(found.input),
        "direction": vector(found.direction),
        "start": target_claim(found.map, found.start, found.start_traps),
        "end": target_claim(found.map, found.end, found.end_traps),
        "before": target_claim(found.map, found.before, found.before_traps),
        "steps": found.steps,
    }
    return Certificate("transient", found.map, claim)
