"""From a proved result to its certificate."""

from __future__ import annotations

from collections.abc import Sequence

from dynlatch.certificates.bounds import contraction_claim
from dynlatch.certificates.document import Certificate
from dynlatch.certificates.points import critical_input_claim, point_claim, single_fold_claim, trap_claim
from dynlatch.certificates.regions import WRITERS
from dynlatch.errors import InputError
from dynlatch.latch.contraction import ContractionBound
from dynlatch.latch.critical_input import CriticalInput
from dynlatch.latch.fixed_points import FixedPoint, FixedPoints
from dynlatch.latch.fold_branch import Fold
from dynlatch.maps.definition import Map, exact_fraction
from dynlatch.regions.trapping import TrappingRegion


def certificate(
    result: object,
    m: Map | None = None,
    *,
    point: FixedPoint | None = None,
    direction: Sequence[object] | None = None,
) -> Certificate:
    """The certificate of a proved result, to be saved and to be re-proved by ``dynlatch.verify``.

    Arguments: ``result``: a ``FixedPoint`` (a point or a cycle; give its map ``m``), a ``CriticalInput``, a ``Fold``
    (give ``m``, and ``direction`` if it is not (1, ..., 1)), a ``ContractionBound``, a ``TrappingRegion`` (give ``m``
    and its ``point``), or one of the region results that ``dynlatch.certificates.regions.WRITERS`` lists.
    Raises: InputError for a result that is not proved or of another type, and where the map or point is missing.
    Rigor: the claim is the result's, rounded outward; nothing is proved here. Cost: milliseconds.

    >>> from dynlatch.latch.critical_input import critical_input
    >>> from dynlatch.maps.catalogue import neuron
    >>> certificate(critical_input(neuron(2)))
    Certificate(fold of neuron)
    """
    match result:
        case FixedPoint():
            given = _needed(m, "a fixed point")
            return Certificate("fixed point", given, point_claim(given, result))
        case CriticalInput():
            return Certificate("fold", result.map, critical_input_claim(result))
        case Fold():
            given = _needed(m, "a fold")
            along = [1] * given.dimension if direction is None else direction
            exact = [exact_fraction(v, f"direction[{i}]") for i, v in enumerate(along)]
            return Certificate("fold", given, single_fold_claim(given, result, exact))
        case ContractionBound():
            return Certificate("contraction bound", result.map, contraction_claim(result))
        case TrappingRegion():
            if point is None:
                raise InputError("a trapping region does not know its fixed point; give it: certificate(region, m, "
                                 "point=...)")  # fmt: skip
            given = _needed(m, "a trapping region")
            return Certificate("trapping region", given, trap_claim(given, point, result))
        case FixedPoints():
            raise InputError("a list of points has no certificate: that none is missing is not in the format; "
                             "take one of its points")  # fmt: skip
        case _:
            return _of_region(result)


certificate_of = certificate


def _of_region(result: object) -> Certificate:
    for kind, write in WRITERS.items():
        if isinstance(result, kind):
            return write(result)
    raise InputError(f"a {type(result).__name__} has no certificate; give a proved point, fold, bound or region")


def _needed(m: Map | None, what: str) -> Map:
    if m is None:
        raise InputError(f"{what} does not know its map; give it: certificate(result, m)")
    return m
