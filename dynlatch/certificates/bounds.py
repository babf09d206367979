"""The claim about a contraction bound."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Final

from dynlatch.certificates.document import Json, box, matrix, number, rounded_down, rounded_up, vector
from dynlatch.errors import InputError
from dynlatch.latch.contraction import ContractionBound
from dynlatch.maps.balls import ball_map
from dynlatch.rigor import balls, norms
from dynlatch.rigor.norms import AdaptedNorm, OperatorNorm
from dynlatch.verdict import Verdict

_BITS: Final = 192


def contraction_claim(found: ContractionBound) -> Json:
    """The claim of kind "contraction bound": no |M'| on the box exceeds ``upper``, and one reaches ``lower``.

    The point that attains the lower end is known as floats only, so ``lower`` is what it attains there exactly.
    Raises: InputError unless the bound is proved. Rigor: certified.
    """
    if found.verdict is not Verdict.PROVED or found.value is None or found.at is None:
        raise InputError(f"this contraction bound has no certificate: it is {found.verdict} ({found.reason})")
    at = [min(max(Fraction(x), lo), hi) for x, (lo, hi) in zip(found.at, found.box, strict=True)]
    with balls.precision(_BITS):
        jacobian = ball_map(found.map).jacobian([balls.ball(x) for x in at])
        attained = balls.ends(norms.operator_norm(jacobian, found.norm))[0]
    return {
        "box": box(found.box),
        "norm": norm_claim(found.norm),
        "upper": number(rounded_up(found.value.upper)),
        "lower": number(max(Fraction(0), rounded_down(min(attained, found.value.lower)))),
        "at": vector(at),
    }


def norm_claim(norm: OperatorNorm) -> str | Json:
    """``"1"``, ``"2"``, ``"inf"``, or the matrix of an adapted norm."""
    if isinstance(norm, AdaptedNorm):
        return {"adapted": matrix(norm.matrix)}
    return "inf" if norm == math.inf else str(int(norm))
