"""From a proved result to its certificate."""

from __future__ import annotations

from collections.abc import Sequence

from dynlatch.cells.certified import CertifiedBasins
from dynlatch.cells.certified_gamma import CertifiedReducedSet
from dynlatch.cells.morse import MorseGraph
from dynlatch.certificates.bounds import contraction_claim
from dynlatch.certificates.cells import basins_certificate, morse_certificate, reduced_set_certificate
from dynlatch.certificates.document import Certificate
from dynlatch.certificates.noise import decay_certificate, tolerance_certificate, transient_certificate
from dynlatch.certificates.points import critical_input_claim, point_claim, single_fold_claim, trap_claim
from dynlatch.errors import InputError
from dynlatch.latch.contraction import ContractionBound
from dynlatch.latch.critical_input import CriticalInput
from dynlatch.latch.fixed_points import FixedPoint, FixedPoints
from dynlatch.latch.fold_branch import Fold
from dynlatch.maps.definition import Map, exact_fraction
from dynlatch.noise.decay import NoisyDecay
from dynlatch.noise.tolerance import NoiseTolerance
from dynlatch.noise.transient import Transient
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
    and its ``point``), or the result of ``certified_basins``, ``certified_reduced_set``, ``morse_graph``,
    ``noise_tolerance`` (its lower bound; ``escape_certificate`` is for the upper one), ``noisy_decay`` or
    ``transient_length``.
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
        case CertifiedBasins():
            return basins_certificate(result)
        case CertifiedReducedSet():
            return reduced_set_certificate(result)
        case MorseGraph():
            return morse_certificate(result)
        case NoiseTolerance():
            return tolerance_certificate(result)
        case NoisyDecay():
            return decay_certificate(result)
        case Transient():
            return transient_certificate(result)
        case _:
            what = type(result).__name__
            raise InputError(
                f"a {what} has no certificate; give a proved point, fold, bound, region, tolerance or decay"
            )


def _needed(m: Map | None, what: str) -> Map:
    if m is None:
        raise InputError(f"{what} does not know its map; give it: certificate(result, m)")
    return m
