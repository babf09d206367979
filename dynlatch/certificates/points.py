"""Claims about points: fixed points and cycles, folds, and the regions that they trap."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from dynlatch.certificates.document import Json, box, interval, matrix, number, vector, widened
from dynlatch.errors import InputError
from dynlatch.latch.critical_input import CriticalInput
from dynlatch.latch.fixed_points import FixedPoint, Point
from dynlatch.latch.fold_branch import Fold
from dynlatch.maps.definition import Map
from dynlatch.regions.trapping import TrappingRegion
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.rigor.spectra import Eigenvalue
from dynlatch.verdict import Verdict

_LEAST_SCALE = Fraction(1, 2**20)
"""Of the domain's narrowest side: how far from 0 a point counts as being, at least, when its box is rounded."""


def point_claim(m: Map, point: FixedPoint) -> Json:
    """The claim of kind "fixed point": the box of the first point, the moduli of the multipliers, the stability.

    Raises: InputError if the point is not proved.
    """
    if point.verdict is not Verdict.PROVED:
        raise InputError(f"{point!r} has no certificate: it is {point.verdict}, and only what is proved has one")
    return {
        "period": point.period,
        "box": box(point_box(m, point.state)),
        "moduli": [interval(_modulus(e)) for e in point.multipliers] or None,
        "stability": str(point.stability),
    }


def point_box(m: Map, state: Point) -> list[Enclosure]:
    """A box of short dyadics around a proved point, with room enough to be proved again."""
    scale = max(
        min(hi - lo for lo, hi in m.domain) * _LEAST_SCALE,
        *(max(abs(e.lower), abs(e.upper)) for e in state),
    )
    return [widened(e, scale) for e in state]


def _modulus(multiplier: Eigenvalue) -> Enclosure:
    """A rounded enclosure of the modulus, on the same side of 1 as before."""
    wide = widened(multiplier.modulus, 1)
    low, high = max(wide.lower, Fraction(0)), wide.upper
    if multiplier.modulus.upper < 1 <= high:
        high = (multiplier.modulus.upper + 1) / 2
    if multiplier.modulus.lower > 1 >= low:
        low = (multiplier.modulus.lower + 1) / 2
    return Enclosure(low, high)


def fold_claim(m: Map, direction: Sequence[Fraction], state: Point, value: Enclosure) -> Json:
    """The claim of kind "fold": a simple fold of a = M(a) + h e in these boxes of a and h."""
    boxes = point_box(m, state)
    scale = max(*(max(abs(e.lower), abs(e.upper)) for e in boxes), abs(value.upper))
    return {"direction": vector(direction), "state": box(boxes), "input": interval(widened(value, scale))}


def critical_input_claim(found: CriticalInput) -> Json:
    """The fold that a critical input stands on. Raises: InputError unless it is proved."""
    fold = next((f for f in found.folds if f.value is not None and f.state == found.state), None)
    if found.verdict is not Verdict.PROVED or fold is None or fold.value is None or fold.state is None:
        raise InputError(f"this critical input has no certificate: it is {found.verdict} ({found.reason})")
    return fold_claim(found.map, found.direction, fold.state, fold.value)


def single_fold_claim(m: Map, fold: Fold, direction: Sequence[Fraction]) -> Json:
    """One fold of a branch. Raises: InputError unless it is proved."""
    if fold.verdict is not Verdict.PROVED or fold.value is None or fold.state is None:
        raise InputError(f"this fold has no certificate: it is {fold.verdict} ({fold.reason})")
    return fold_claim(m, direction, fold.state, fold.value)


def trap_claim(m: Map, point: FixedPoint, region: TrappingRegion) -> Json:
    """The claim of kind "trapping region": the ball, the norm and the rate around one point of a proved cycle.

    Raises: InputError if the region does not belong to the point.
    """
    if not (0 <= region.index < len(point.orbit)) or region.period != point.period:
        raise InputError(
            f"the trapping region (period {region.period}, index {region.index}) is not one of the point's "
            f"(period {point.period}); give the point that it was made from"
        )
    return {
        "period": region.period,
        "point": box(point_box(m, point.orbit[region.index])),
        "norm": matrix(region.norm.matrix),
        "centre": vector(region.centre),
        "radius": number(region.radius),
        "rate": number(region.rate),
    }


def target_claim(m: Map, point: FixedPoint, regions: Sequence[TrappingRegion]) -> Json:
    """A target of kind "point": what orbits reach when they enter one of these regions of one cycle.

    Raises: InputError without a region, or if one does not belong to the point.
    """
    if not regions:
        raise InputError("a target needs at least one trapping region; give those that trapping_regions found")
    return {"kind": "point", "traps": [trap_claim(m, point, region) for region in regions]}
