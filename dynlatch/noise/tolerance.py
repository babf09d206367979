"""How much noise a latched state stands: a bound that is proved, and inputs that exceed it."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from dynlatch.cells.certified import CertifiedBasins, certified_basins
from dynlatch.cells.tree import MAX_DIMENSION, check_dimension
from dynlatch.errors import InputError
from dynlatch.latch.fixed_points import FixedPoint, Point
from dynlatch.maps.definition import Map, exact_fraction
from dynlatch.noise.escape import Escape, Goal, find_escape
from dynlatch.noise.invariant_box import InvariantBox, widest_tolerance
from dynlatch.noise.invariant_cells import InvariantCells, largest_noise
from dynlatch.noise.tubes import Tube, closed_tolerance, widest_tube
from dynlatch.progress import SILENT, Progress, one_step
from dynlatch.regions.attractors import Attractor, Attractors, find_attractors
from dynlatch.rigor.enclosure import Enclosure, float_above, float_below
from dynlatch.verdict import Stop, Verdict

MAX_CELLS: Final = 200_000
GAP: Final = 3e-3
"""Relative distance of the two bounds at which the search ends."""
_BASIN_DEPTH: Final = {1: 12, 2: 8, 3: 6, 4: 4}


@dataclass(frozen=True, slots=True, repr=False)
class NoiseTolerance:
    """Bounds of the largest b such that inputs |u_t| <= b, whatever they are, never drive a latched state out.

    ``lower``: every orbit that starts on attractor ``attractor`` with |u_t| <= lower stays for ever in a set inside its
    basin (``goal`` "basin") or inside Gamma in the uniform reading ("gamma"); ``proof`` is that set. ``upper``:
    ``escape`` is a sequence of inputs of at most that size which drives it out; None where none was found.
    ``tube``: the best constant tube of the repaired Theorem 3; ``closed``: (1 - |M'|)^2 / (4H) for W tanh(a) + b, where
    it applies; both are lower bounds too. ``norm`` measures the noise. All floats are rounded to the safe side.
    ``verdict`` is PROVED where ``lower`` is positive.
    """

    map: Map
    attractor: int
    attractors: Attractors
    norm: float
    goal: Goal
    lower: float
    upper: float | None
    proof: InvariantBox | InvariantCells | None
    escape: Escape | None
    tube: Tube | None
    closed: float | None
    verdict: Verdict
    stop: Stop
    reason: str

    @property
    def tightness(self) -> dict[str, float]:
        """The lower bounds over the upper one (over ``lower`` where there is none): 1 is best."""
        best = self.lower if self.upper is None else self.upper
        known = {"lower": self.lower, "tube": self.tube.noise if self.tube else None, "closed": self.closed}
        return {name: value / best for name, value in known.items() if value is not None and best > 0}

    def __repr__(self) -> str:
        above = "no escape found" if self.upper is None else f"{self.upper:.10g}"
        return (
            f"NoiseTolerance of {self.map.name}, {self.attractors[self.attractor].name} {self.attractor}, {self.goal}: "
            f"[{self.lower:.10g}, {above}] in norm {self.norm:g}, {self.verdict}"
        )


def noise_tolerance(
    m: Map,
    attractor: int | FixedPoint = 0,
    norm: object = 2,
    set: str = "basin",
    *,
    attractors: Attractors | None = None,
    basins: CertifiedBasins | None = None,
    max_cells: int = MAX_CELLS,
    gap: float = GAP,
    seed: int = 0,
    progress: Progress = SILENT,
) -> NoiseTolerance:
    """Bound the noise that a latched fixed point stands, from below by proof and from above by an escape.

    From below: the box about the fixed point that stands the most noise (``noise_box``); where the upper bound is
    farther off than ``gap``, also all cells that an orbit may visit (``noise_cells``), refined where it matters. For
    the neuron both ends are h* to many digits.

    Arguments: ``attractor``, an attracting fixed point or its number in ``attractors``; ``norm`` of the noise, 2 or
    inf; ``set``, "basin" or "gamma" (uniform reading: |P M' P^-1| < 1 all along in the attractor's norm);
    ``attractors`` and ``basins`` if they are known; ``max_cells`` of the refinement (0: boxes only).
    Raises: InputError for more than 4 states, a norm other than 2 or inf, an unknown set, or an attractor that is no
    certified fixed point with a trapping region.
    Source: the repaired form of BSF94, Theorem 3, and its exact counterpart. Rigor: certified; that no smaller escape
    exists than ``upper`` is not claimed. Cost: seconds.
    """
    n = check_dimension(m)
    size, goal = checked_norm(norm), _checked_goal(set)
    if not 0 < gap < 1:
        raise InputError(f"gap={gap} must lie between 0 and 1: the relative distance of the bounds to be reached")
    found = basins.attractors if basins is not None else attractors
    if found is None:
        found = find_attractors(m, m.domain, seed=seed, progress=progress)
    k = latched(m, found, attractor)
    escape = one_step(progress, "looking for an escape", lambda: find_escape(m, found, k, size, goal, seed=seed))
    norms = (found[k].traps[0].norm,) if goal == "gamma" else ()
    box = one_step(progress, "proving a box", lambda: widest_tolerance(m, found[k], norms))
    upper = float_above(escape.noise) if escape else None
    lower = float_below(box.noise) if box else 0.0
    proof: InvariantBox | InvariantCells | None = box
    far = box is None if upper is None else n > 1 and lower < upper * (1 - gap)
    if far and max_cells > 0:
        known = basins or certified_basins(m, depth=_BASIN_DEPTH[n], attractors=found, progress=progress)
        most = upper if upper is not None else max(float(b - a) for a, b in m.domain)
        cells = one_step(
            progress, "proving cells",
            lambda: largest_noise(known, k, size, goal == "gamma", most=most, max_cells=max_cells, gap=gap),
        )  # fmt: skip
        if cells is not None and cells.noise > lower:
            lower, proof = float_below(cells.noise), cells
    tube = widest_tube(m, found[k], size)
    closed = closed_tolerance(m, found[k], size)
    reached = upper is not None and lower >= upper * (1 - gap)
    return NoiseTolerance(
        m, k, found, size, goal, lower, upper, proof, escape, tube, closed,
        Verdict.PROVED if lower > 0 else Verdict.INCONCLUSIVE, Stop.SOLVED if reached else Stop.BUDGET,
        _reason(proof, lower, upper, gap),
    )  # fmt: skip


def _reason(proof: InvariantBox | InvariantCells | None, lower: float, upper: float | None, gap: float) -> str:
    if proof is None:
        return "no set around the fixed point could be proved to stand any noise"
    what = "a box" if isinstance(proof, InvariantBox) else f"{int(proof.stays.sum())} cells"
    if upper is None:
        return f"{what} cannot be left; no input was found that drives the state into another basin"
    left = (upper - lower) / upper
    how = "" if left <= gap else ", more than was asked for; more cells may close it"
    return f"{what} cannot be left; the bounds are {100 * max(0.0, left):.2g} % apart{how}"


def checked_norm(norm: object) -> float:
    """The norm of the noise. Raises: InputError unless it is 2 or inf."""
    known = {"2": 2.0, "2.0": 2.0, "inf": math.inf}
    if isinstance(norm, bool) or str(norm) not in known:
        raise InputError(f"norm={str(norm)[:40]!r} is no norm for noise that is known here; give 2 or inf")
    return known[str(norm)]


def checked_noise(noise: object) -> Fraction:
    """The largest size of the inputs, exactly. Raises: InputError if it is negative or beyond every float."""
    size = exact_fraction(noise, "noise")
    if size < 0:
        raise InputError(f"noise={str(noise)[:40]} is negative; give the largest size of the inputs, 0 or more")
    if size > sys.float_info.max:
        raise InputError(f"noise={str(noise)[:40]} is larger than every float, so it drives any state away; give less")
    return size


def _checked_goal(goal: str) -> Goal:
    if goal == "basin":
        return "basin"
    if goal == "gamma":
        return "gamma"
    raise InputError(f"set={str(goal)[:40]!r} is not a set the state can be kept in; give basin or gamma")


def latched(m: Map, attractors: Attractors, attractor: int | FixedPoint) -> int:
    """The number of an attracting fixed point with a trapping region.

    Raises: InputError where there is none, or it is a cycle, or not among the attractors.
    """
    usable = [k for k, a in enumerate(attractors.listed) if is_latch(a)]
    listed = ", ".join(map(str, usable)) or "none"
    if isinstance(attractor, FixedPoint):
        for k in usable:
            point = attractors[k].point
            if point is not None and all(a.overlaps(b) for a, b in zip(point.state, attractor.state, strict=True)):
                return k
        raise InputError(
            f"attractor: this fixed point is no certified attractor of {m.name} in its domain; choose: {listed}"
        )
    if isinstance(attractor, bool) or attractor not in usable:
        raise InputError(
            f"attractor={attractor} is not the number of an attracting fixed point that is certified; choose: {listed}"
        )
    return attractor


def is_latch(attractor: Attractor) -> bool:
    """Whether an attractor is a certified fixed point with a trapping region."""
    return attractor.point is not None and attractor.point.period == 1 and bool(attractor.traps)


def tolerance_at(m: Map, state: Point) -> Enclosure | None:
    """Both bounds of the noise (norm inf) that the latch at a certified state stands, for ``tradeoff``; None if
    unknown.

    Rigor: certified. Cost: about a second.
    """
    if m.dimension > MAX_DIMENSION:
        return None
    known = find_attractors(m, m.domain)
    for k, attractor in enumerate(known.listed):
        point = attractor.point
        if is_latch(attractor) and point and all(a.overlaps(b) for a, b in zip(point.state, state, strict=True)):
            found = noise_tolerance(m, k, "inf", attractors=known, max_cells=0)
            return None if found.upper is None else Enclosure(Fraction(found.lower), Fraction(found.upper))
    return None
