"""The joint spectral radius of the Jacobians on a box, and the bound of every product that it gives."""

from __future__ import annotations

import itertools
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from dynlatch.errors import InputError
from dynlatch.maps.balls import ball_map
from dynlatch.maps.definition import Box, Map, TanhLayer
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure, float_above, float_below
from dynlatch.rigor.joint_radius import JointRadius, joint_spectral_radius, product_constant
from dynlatch.rigor.norms import Floats
from dynlatch.theorems.cases import State
from dynlatch.theorems.findings import Finding, every, less, unknown
from dynlatch.theorems.measures import identity, spectral_radius, sup_size
from dynlatch.verdict import Verdict

MAX_UNITS: Final = 8
_PIECES: Final = 64
_GAP: Final = 0.01


@dataclass(frozen=True, slots=True)
class JointRate:
    """|product of t Jacobians|_2 <= constant rate^t for every t and all Jacobians of the box.

    ``below_one`` says whether the joint spectral radius is below 1. ``constant`` is None where no bound is known.
    """

    below_one: Finding
    rate: float
    constant: float | None


def joint_rate(m: Map, box: Box) -> JointRate:
    """Bound every product of Jacobians M'(a), a in the box.

    For a network W tanh a + b the Jacobians are W diag(d) with d in a box, whose 2^n corners decide; for other maps
    they are enclosed on pieces of the box.
    Raises: InputError for a network of too many units. Rigor: certified. Cost: tenths of a second.
    """
    text = "the joint spectral radius of {M'(a): a in K} < 1"
    points, ends = _corners(m, box) if isinstance(m.rule, TanhLayer) else _pieces(m, box)
    if not all(np.all(np.isfinite(side)) for side in ends):
        return JointRate(unknown(text, "nothing finite is known of M' on K"), 1.0, None)
    joint = joint_spectral_radius(ends, gap=_GAP)
    return JointRate(_below_one(text, m, joint, points), joint.upper, _constant(ends, joint))


def radius_below_one(m: Map, box: Box) -> Finding:
    """Whether rho(M'(a)) < 1 at every a in the box, one Jacobian at a time.

    For two units this is |trace| < 1 + det and det < 1 (Jury), all of them affine in each slope d_i of W diag(d), so
    that the corners decide; else the sup of the radius is bounded. Rigor: certified.
    """
    text, one = "rho(M'(a)) < 1 for each a in K", balls.ball(1)
    if not (isinstance(m.rule, TanhLayer) and m.dimension == 2):
        return less(text, sup_size(m, box, "spectral"), one)
    found: list[Finding] = []
    for point in _corners(m, box)[0]:
        (a, b), (c, d) = ball_map(m).jacobian(point)
        trace, det = a + d, a * d - b * c
        found += [less("trace < 1 + det", trace, one + det), less("-trace < 1 + det", -trace, one + det)]
        found.append(less("det < 1", det, one))
    return every(text, found)


def _corners(m: Map, box: Box) -> tuple[list[State], tuple[Floats, Floats]]:
    """The states at which each slope is largest or smallest, and the Jacobians there."""
    if m.dimension > MAX_UNITS:
        raise InputError(f"{m.name} has {m.dimension} units; the 2^n corner Jacobians are for {MAX_UNITS} at most")
    slopes = [(max(lo, min(hi, Fraction(0))), max(lo, hi, key=abs)) for lo, hi in box]
    points = [[balls.ball(a) for a in choice] for choice in itertools.product(*slopes)]
    return points, _enclosed(m, points)


def _pieces(m: Map, box: Box) -> tuple[list[State], tuple[Floats, Floats]]:
    """The middles of equal pieces of the box, and the Jacobians on the pieces."""
    parts = max(1, int(_PIECES ** (1 / m.dimension) + 1e-9))
    cuts = [[(lo + (hi - lo) * Fraction(k, parts), lo + (hi - lo) * Fraction(k + 1, parts)) for k in range(parts)]
            for lo, hi in box]  # fmt: skip
    pieces = list(itertools.product(*cuts))
    whole = [[balls.ball(Enclosure(lo, hi)) for lo, hi in piece] for piece in pieces]
    return [[balls.ball((lo + hi) / 2) for lo, hi in piece] for piece in pieces], _enclosed(m, whole)


def _enclosed(m: Map, states: list[State]) -> tuple[Floats, Floats]:
    """Enclosures of the Jacobians; shape (n, n, N), nan where nothing is known."""
    n = m.dimension
    lo, hi = np.full((n, n, len(states)), np.nan), np.full((n, n, len(states)), np.nan)
    for k, state in enumerate(states):
        for i, row in enumerate(ball_map(m).jacobian(state)):
            for j, entry in enumerate(row):
                with suppress(ArithmeticError):  # nothing known, or too large to be written out
                    lower, upper = balls.ends(entry)
                    lo[i, j, k], hi[i, j, k] = float_below(lower), float_above(upper)
    return lo, hi


def _below_one(text: str, m: Map, joint: JointRadius, points: list[State]) -> Finding:
    """Refuted only by a word of Jacobians at states of the box, which also bounds the margin."""
    product = identity(m.dimension)
    for k in joint.word:
        product = balls.matrix_product(product, ball_map(m).jacobian(points[k]))
    radius = spectral_radius(product)
    growth = balls.exp(balls.log(radius) / len(joint.word)) if radius > 0 else balls.ball(0)
    if joint.upper < 1:
        least = balls.ends(growth)[0]
        return Finding(
            text, Verdict.PROVED, Enclosure(1 - Fraction(joint.upper), 1 - min(least, Fraction(joint.upper)))
        )
    if growth >= 1:
        return less(f"{text} (a product of {len(joint.word)} of them does not shrink)", growth, balls.ball(1))
    return unknown(text, f"it is at most {joint.upper:.6g}")


def _constant(ends: tuple[Floats, Floats], joint: JointRadius) -> float | None:
    if joint.norm is None or joint.upper == 0:
        return None
    return product_constant(ends, joint.norm, joint.upper, joint.length)
