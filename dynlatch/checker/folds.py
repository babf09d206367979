"""Folds: that a = M(a) + h e has a simple one in the boxes claimed for a and h."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from flint import arb, arb_mat

from dynlatch.checker import intervals as iv
from dynlatch.checker.fields import Field, Sides
from dynlatch.checker.intervals import Interval
from dynlatch.checker.krawczyk import newton, one_zero
from dynlatch.checker.outcome import RefutedError, UnprovedError
from dynlatch.checker.points import bits_for, shown
from dynlatch.checker.systems import Box, Rows, System, defined, matrix_times


@dataclass(frozen=True, slots=True)
class FoldClaim:
    """A simple fold of a = M(a) + h ``direction`` with a in ``state`` and h in ``input``."""

    direction: tuple[Fraction, ...]
    state: Sides
    input: tuple[Fraction, Fraction]


def read_fold(field: Field, dimension: int) -> FoldClaim:
    """The claim of kind "fold"."""
    parts = field.parts("direction", "state", "input")
    direction = parts["direction"].vector(dimension)
    if not any(direction):
        raise parts["direction"].refuse("is the zero vector, along which no input acts")
    return FoldClaim(direction, parts["state"].box(dimension), parts["input"].interval())


def check_fold(system: System, claim: FoldClaim) -> None:
    """Krawczyk on M(a) + h e - a = 0, (M'(a) - I) v = 0, c.v = 1 for (a, h, v), with a null vector found here.

    A regular zero of it is a simple fold: the rank of M' - I falls by one, e is not in its range, and the curvature
    along v does not vanish.
    Raises: UnprovedError, or RefutedError, if the claim is not proved again.
    """
    with iv.precision(bits_for((*claim.state, claim.input), system.dimension)):
        equations = _Equations(system, claim)
        near = newton(equations.values, equations.derivative, equations.start)
        found = None
        if near is not None:
            for exponent in (iv.bits() // 2, iv.bits() // 3, iv.bits() // 4):
                room = [(1 + abs(x)).upper() * arb(2) ** -exponent for x in near]
                box = [iv.made(x - r, x + r) for x, r in zip(near, room, strict=True)]
                try:
                    found = one_zero(equations.values, equations.derivative, box, near)
                    break
                except UnprovedError:
                    continue
        sides = (*claim.state, claim.input)
        if found is None or not _inside(found[: len(sides)], sides):
            _refute(system, claim)
            raise UnprovedError("no simple fold could be proved in the boxes claimed for it")


class _Equations:
    def __init__(self, system: System, claim: FoldClaim) -> None:
        self.system = system
        self.direction = [iv.number(e) for e in claim.direction]
        state = [iv.span(lo, hi).middle for lo, hi in claim.state]
        null = _null_vector(system, state)
        size = sum((x * x for x in null), arb(0))
        self.normal = [Interval((x / size).mid(), (x / size).mid()) for x in null]
        self.start = [*state, iv.span(*claim.input).middle, *null]

    def values(self, z: Box) -> list[Interval]:
        """The 2n + 1 equations."""
        n = self.system.dimension
        state, h, v = z[:n], z[n], z[n + 1 :]
        image = self.system.image(state)
        resting = [y + h * e - a for a, y, e in zip(state, image, self.direction, strict=True)]
        kernel = matrix_times(_less_identity(self.system.jacobian(state)), v)
        return [*resting, *kernel, iv.total([c * x for c, x in zip(self.normal, v, strict=True)]) - iv.ONE]

    def derivative(self, z: Box) -> Rows:
        """Their derivatives by (a, h, v)."""
        n = self.system.dimension
        state, v = z[:n], z[n + 1 :]
        slopes, bends = _less_identity(self.system.jacobian(state)), self.system.hessians(state)
        zeros = [iv.ZERO] * n
        upper = [[*row, e, *zeros] for row, e in zip(slopes, self.direction, strict=True)]
        # The Hessian of M_i is symmetric: the derivative of row i of M' v by a_k is its k-th row times v.
        middle = [[*matrix_times(bends[i], v), iv.ZERO, *slopes[i]] for i in range(n)]
        return [*upper, *middle, [*zeros, iv.ZERO, *self.normal]]


def _null_vector(system: System, state: list[arb]) -> list[arb]:
    """About the null vector of M' - I, by inverse iteration."""
    n = len(state)
    rows = _less_identity(system.jacobian([Interval(x, x) for x in state]))
    vector = [arb(1) + arb(i) / 7 for i in range(n)]
    if not all(defined(row) for row in rows):
        return vector
    shift = arb(2) ** (-iv.bits() // 3)
    matrix = arb_mat([[e.middle + (shift if i == j else 0) for j, e in enumerate(r)] for i, r in enumerate(rows)])
    for _ in range(4):
        try:
            found = [x.mid() for x in matrix.mid().solve(arb_mat([[x] for x in vector])).entries()]
        except ZeroDivisionError:
            return vector
        size = max(found, key=lambda x: abs(float(x)) if x.is_finite() else 0.0)
        if not (size > 0 or size < 0):
            return vector
        vector = [(x / size).mid() for x in found]
    return vector


def _less_identity(rows: Rows) -> Rows:
    return [[e - iv.ONE if i == j else e for j, e in enumerate(row)] for i, row in enumerate(rows)]


def _inside(found: Box, sides: Sides) -> bool:
    return all(
        bool(iv.exact(lo) <= x.lo) and bool(x.hi <= iv.exact(hi)) for x, (lo, hi) in zip(found, sides, strict=True)
    )


def _refute(system: System, claim: FoldClaim) -> None:
    """Show, if possible, that no fold is in the boxes: no solution at all, or M' - I invertible throughout."""
    state, h = [iv.span(lo, hi) for lo, hi in claim.state], iv.span(*claim.input)
    image = system.mean_value_image(state)
    for a, y, e in zip(state, image, claim.direction, strict=True):
        rest = y + h * iv.number(e) - a
        if rest.defined and (rest.lo > 0 or rest.hi < 0):
            raise RefutedError(f"a = M(a) + h e has no solution in the boxes around {shown(state)}, h = {shown([h])}")
    rows = _less_identity(system.jacobian(state))
    if all(defined(row) for row in rows):
        det = arb_mat([[iv.ball(e) for e in row] for row in rows]).det()
        if det > 0 or det < 0:
            raise RefutedError(f"M' - I is invertible around {shown(state)}, so no fold is there")
