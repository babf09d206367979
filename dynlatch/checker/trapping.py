"""Trapping regions: balls in an adapted norm in which orbits of M^p come closer and closer to one point."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from flint import arb

from dynlatch.checker import intervals as iv
from dynlatch.checker.fields import Field, Matrix, Sides
from dynlatch.checker.intervals import Interval
from dynlatch.checker.matrices import Norm, inverse_of, two_norm
from dynlatch.checker.outcome import RefutedError, UnprovedError
from dynlatch.checker.points import MAX_PERIOD, bits_for, shown, solution
from dynlatch.checker.systems import Box, System, defined, matrix_times, point

BITS: Final = 96
"""Of the cover of a ball."""
MAX_PIECES: Final = 100_000
_BELOW_ONE: Final = 1 - Fraction(1, 2**64)
_STRETCH_PIECES: Final = 4000
_STRETCH_SLACK: Final = 1.01
_CORNERS: Final = 4
"""States up to which a box is compared with a ball at its corners, which is exact."""


@dataclass(frozen=True, slots=True)
class TrapClaim:
    """One fixed point of M^period in ``point``, and a ball |P (a - centre)|_2 <= radius on which M^period contracts."""

    period: int
    point: Sides
    norm: Matrix
    inverse: Matrix
    centre: tuple[Fraction, ...]
    radius: Fraction
    rate: Fraction


def read_trap(field: Field, dimension: int) -> TrapClaim:
    """The claim of kind "trapping region"."""
    parts = field.parts("period", "point", "norm", "centre", "radius", "rate")
    norm, inverse = read_norm(parts["norm"], dimension)
    return TrapClaim(
        parts["period"].whole(1, MAX_PERIOD),
        parts["point"].box(dimension),
        norm,
        inverse,
        parts["centre"].vector(dimension),
        parts["radius"].positive(),
        parts["rate"].number(),
    )


def read_norm(field: Field, dimension: int) -> tuple[Matrix, Matrix]:
    """An invertible matrix and its inverse."""
    matrix = field.matrix(dimension)
    inverse = inverse_of(matrix)
    if inverse is None:
        raise field.refuse("is singular, so that it makes no norm")
    return matrix, inverse


class Ball:
    """The points with |P (a - centre)|_2 <= radius."""

    def __init__(self, norm: Norm, centre: Sequence[Fraction]) -> None:
        self.norm = norm
        self._centre = centre
        self._rounded: dict[int, list[Interval]] = {}

    def centre(self) -> list[Interval]:
        """The centre at the precision of now."""
        key = iv.bits()
        if key not in self._rounded:
            self._rounded[key] = [iv.number(c) for c in self._centre]
        return self._rounded[key]

    def distance_squared(self, box: Box) -> Interval:
        """The range of |P (a - centre)|^2 over the box."""
        shift = [x - c for x, c in zip(box, self.centre(), strict=True)]
        return iv.total([iv.square(y) for y in matrix_times(self.norm.matrices()[0], shift)])

    def holds(self, box: Box, radius: arb) -> bool:
        """Whether every point of the box is proved to be at most ``radius`` away; the farthest one is a corner."""
        if not defined(box) or radius < 0:
            return False
        square = (radius * radius).lower()
        if self.distance_squared(box).hi <= square:
            return True
        if not 1 < len(box) <= _CORNERS:
            return False
        return all(
            bool(self.distance_squared(point(corner)).hi <= square)
            for corner in itertools.product(*((x.lo, x.hi) for x in box))
        )

    def bounding_box(self, radius: Interval) -> list[Interval]:
        """A box around the ball."""
        found: list[Interval] = []
        for c, row in zip(self.centre(), self.norm.matrices()[1], strict=True):
            half = (iv.sqrt(iv.total([iv.square(q) for q in row])) * radius).hi
            found.append(iv.made(c.lo - half, c.hi + half))
        return found


@dataclass(frozen=True, slots=True)
class Trap:
    """A trapping region that was proved again: its point, narrowly, and the ball from which every orbit of M^period
    converges to it."""

    claim: TrapClaim
    at: tuple[Interval, ...]
    ball: Ball
    inner: arb

    @property
    def norm(self) -> Norm:
        """|P A P^-1|_2."""
        return self.ball.norm

    def holds(self, box: Box) -> bool:
        """Whether every orbit of M^period from the box is proved to converge to the point."""
        return self.ball.holds(box, self.inner)


def check_trap(system: System, claim: TrapClaim) -> Trap:
    """Prove a trapping region again. Raises: UnprovedError, or RefutedError, if that fails."""
    if claim.rate >= 1:
        raise RefutedError(f"the rate {iv.brief(claim.rate)} of a trapping region is not below 1")
    ball = Ball(Norm("adapted", claim.norm, claim.inverse), claim.centre)
    with iv.precision(bits_for(claim.point, claim.period * system.dimension)):
        at = solution(system, claim.period, claim.point)
        farthest = iv.sqrt(ball.distance_squared([iv.span(lo, hi) for lo, hi in claim.point]))
        radius = iv.number(claim.radius)
        if farthest.lo >= radius.hi:
            raise RefutedError(f"the box of the point at {shown(at)} is not in the ball around it")
        if not farthest.hi < radius.lo:
            raise UnprovedError(f"the box of the point at {shown(at)} may reach out of the ball around it")
        inner = (radius - farthest - farthest).lo
    with iv.precision(BITS):
        check_contraction(system, ball, claim.radius, claim.period, ball.norm, claim.rate)
    return Trap(claim, tuple(at), ball, inner)


def check_contraction(system: System, ball: Ball, radius: Fraction, period: int, norm: Norm, rate: Fraction) -> None:
    """That |(M^period)'| <= rate in the norm, on the whole ball: pieces of a box around it, halved where needed.

    Raises: UnprovedError, or RefutedError, if that fails.
    """
    size, bound = iv.number(radius), iv.number(rate)
    whole = ball.bounding_box(size)
    square = iv.square(size).hi
    pieces = [whole]
    for _ in range(MAX_PIECES):
        if not pieces:
            return
        piece = pieces.pop()
        if ball.distance_squared(piece).lo > square:
            continue
        if norm.at_most(system.power_jacobian(piece, period), bound.lo):
            continue
        middle = point([x.middle for x in piece])
        if ball.holds(middle, size.lo) and norm.at_least(system.power_jacobian(middle, period), _above(bound.hi)):
            raise RefutedError(f"(M^{period})' is larger than {iv.brief(rate)} at {shown(middle)}, in its norm")
        pieces.extend(halved(piece, whole))
    raise UnprovedError(f"the rate {iv.brief(rate)} was not proved on the whole ball around {shown(ball.centre())}")


def largest_stretch(system: System, trap: Trap) -> arb:
    """At least |P (M^j)' P^-1|_2 at every point of a trap, for 0 <= j < period: what a part of a period may stretch.

    Of the pieces of a cover that with the largest bound is halved, until the bound is near to what is attained.
    """
    if trap.claim.period == 1:
        return arb(1)
    with iv.precision(BITS):
        whole = trap.ball.bounding_box(iv.number(trap.claim.radius))
        square = iv.square(iv.number(trap.claim.radius)).hi
        numbers = itertools.count()
        heap = [(-math.inf, next(numbers), whole)]
        attained = 1.0
        for _ in range(_STRETCH_PIECES):
            if -heap[0][0] <= attained * _STRETCH_SLACK:
                break
            _, _, piece = heapq.heappop(heap)
            for half in halved(piece, whole):
                if not trap.ball.distance_squared(half).lo > square:
                    heapq.heappush(heap, (-_stretch(system, trap, half), next(numbers), half))
                    attained = max(attained, _stretch(system, trap, point([x.middle for x in half])))
        worst = max(1.0, -heap[0][0])
        return (arb(worst) * (1 + arb(2) ** -40)).upper() if math.isfinite(worst) else arb.nan()


def _stretch(system: System, trap: Trap, piece: Box) -> float:
    """The largest bound over a piece, to the nearest float."""
    worst = 1.0
    for j in range(1, trap.claim.period):
        size = two_norm(trap.norm.adapted(system.power_jacobian(piece, j)))
        worst = max(worst, float(size)) if size.is_finite() else math.inf
    return worst


def contracts_below_one(system: System, trap: Trap, norm: Norm) -> bool:
    """Whether (M^p)' is proved to be below 1 in another norm on the whole ball of a trap."""
    with iv.precision(BITS):
        try:
            check_contraction(system, trap.ball, trap.claim.radius, trap.claim.period, norm, _BELOW_ONE)
        except UnprovedError:
            return False
    return True


def _above(bound: arb) -> arb:
    """Something a little larger: what is at least this is larger than the bound."""
    return (bound + (1 + abs(bound)) * arb(2) ** (8 - iv.bits())).upper()


def halved(piece: Box, whole: Box) -> list[list[Interval]]:
    """The two halves of a piece across the side that is longest, as a part of the whole."""
    shares = [float(x.width) / (float(w.width) or 1.0) for x, w in zip(piece, whole, strict=True)]
    axis = max(range(len(piece)), key=shares.__getitem__)
    return [[half if i == axis else x for i, x in enumerate(piece)] for half in iv.halves(piece[axis])]
