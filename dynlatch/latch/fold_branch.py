"""Folds reached by driving an attractor: the branch M(a) + h e = a in floats, the fold at its end by proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Final

import numpy as np

from dynlatch.latch.cycle_system import CycleSystem
from dynlatch.latch.fixed_points import MAX_DIMENSION, Point, Stability, fixed_points, stability_of
from dynlatch.maps.balls import ball_map
from dynlatch.maps.definition import Map
from dynlatch.maps.evaluators import numpy_map
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.rigor.krawczyk import Ball, Floats, certify_zero
from dynlatch.seeds import rng_for
from dynlatch.verdict import Stop, Verdict

_MAX_STEPS: Final = 4000
_SMALLEST_STEP: Final = 1e-12
_LARGEST_STEP: Final = 1 / 100
_STRAIGHT: Final = 0.97
_NEAR: Final = 0.2
_NUM_SEEDS: Final = 64
_NUM_SETTLING: Final = 4000


@dataclass(frozen=True, slots=True, repr=False)
class Fold:
    """What happens to one attractor when the input h e grows from 0 with one sign.

    ``value`` is the signed h of the fold and ``state`` where it is, both None if none was found; ``stable_until``
    is the h at which the driven attractor loses stability before the fold (a flip or a Neimark-Sacker
    bifurcation; measured), None if it does not.
    PROVED: a simple fold of a = M(a) + h e exists with this h and state. Only measured: that it is the first one
    on the branch that starts at ``attractor``.
    """

    attractor: Point | None
    sign: int
    value: Enclosure | None
    state: Point | None
    stable_until: float | None
    verdict: Verdict
    stop: Stop
    reason: str
    measured: float | None
    """The h that the float continuation saw, also where the proof failed."""

    def __repr__(self) -> str:
        start = ", ".join(f"{float(e):.6g}" for e in self.attractor or ())
        end = f"h = {float(self.value):.10g}" if self.value is not None else self.reason
        return f"Fold(from ({start}), sign {self.sign:+d}: {end}, {self.verdict})"


@lru_cache(maxsize=32)
def attracting_points(m: Map) -> tuple[tuple[Point, ...], bool]:
    """Certified attracting fixed points, and whether the list is proved complete in the map's domain.

    Up to 4 states by branch and prune; above, by iterating a seeded sample, which may miss some.
    """
    if m.dimension <= MAX_DIMENSION:
        found = fixed_points(m)
        listed = tuple(p.state for p in found.attracting)
        settled = all(p.stability is not Stability.INCONCLUSIVE for p in found)
        return listed, settled and found.verdict is Verdict.PROVED
    system = CycleSystem(m, 1)
    points: list[Point] = []
    for candidate in _settled(m):
        point = system.certify(candidate)
        if point is None or any(all(a.overlaps(b) for a, b in zip(point, other, strict=True)) for other in points):
            continue
        if stability_of(system.multipliers(point)) is Stability.ATTRACTING:
            points.append(point)
    points.sort(key=lambda p: tuple(float(e) for e in p))
    return tuple(points), False


def _settled(m: Map) -> list[Floats]:
    """Distinct ends of orbits from a seeded sample of the domain that came to rest."""
    lo, hi = (np.array([float(side[k]) for side in m.domain])[:, None] for k in (0, 1))
    points = lo + (hi - lo) * rng_for(0, "critical_input", "attractors").random((m.dimension, _NUM_SEEDS))
    step = numpy_map(m).step
    last = points
    with np.errstate(all="ignore"):
        for _ in range(_NUM_SETTLING):
            last, points = points, step(points)
        rest = np.all(np.isfinite(points), axis=0) & (np.max(np.abs(points - last), axis=0) < 1e-9)
    listed: list[Floats] = []
    for column in points[:, rest].T:
        if not any(np.max(np.abs(column - other)) < 1e-6 for other in listed):
            listed.append(column)
    return listed


def folds_along(m: Map, direction: Sequence[Fraction]) -> tuple[Fold, ...]:
    """For each attracting fixed point and each sign, follow M(a) + h e = a in h to its first fold and prove it.

    Pseudo-arclength continuation in floats goes on until det(M' - I) changes sign, or h leaves four times the
    widest side of the domain; then ``certify_fold``. Rigor: see ``Fold``. Cost: about 0.1 s per branch.
    """
    return tuple(_follow(m, direction, point, sign) for point in attracting_points(m)[0] for sign in (1, -1))


def certify_fold(
    m: Map, direction: Sequence[Fraction], a: Floats, h: float, v: Floats
) -> tuple[Enclosure, Point] | None:
    """A simple fold next to (a, h) with null vector v, as enclosures of h and a; None if the proof fails.

    Krawczyk in balls on (M(a) + h e - a, (M'(a) - I) v, c.v - 1) = 0 for (a, h, v), where c = v / v.v is rounded
    to floats. A zero at which this system is regular is a simple fold: the rank of M' - I drops by one, e is not in
    its range and the curvature does not vanish. Rigor: certified.
    """
    n = m.dimension
    evaluator = ball_map(m)
    c = [Fraction(float(x)) for x in v / (v @ v)]

    def value(z: Sequence[Ball]) -> list[Ball]:
        state, h_ball, null = z[:n], z[n], z[n + 1 :]
        image, slope = evaluator.image(state), _minus_identity(evaluator.jacobian(state))
        equilibrium = [y + h_ball * balls.ball(e) - x for x, y, e in zip(state, image, direction, strict=True)]
        kernel = [_dot(row, null) for row in slope]
        return [*equilibrium, *kernel, _dot([balls.ball(x) for x in c], null) - 1]

    def derivative(z: Sequence[Ball]) -> list[list[Ball]]:
        state, null = z[:n], z[n + 1 :]
        slope, bend = _minus_identity(evaluator.jacobian(state)), evaluator.second_derivatives(state)
        zero = balls.ball(0)
        upper = [[*row, balls.ball(e), *[zero] * n] for row, e in zip(slope, direction, strict=True)]
        middle = [
            [*(_dot([bend[i][j][k] for j in range(n)], null) for k in range(n)), zero, *slope[i]] for i in range(n)
        ]
        return [*upper, *middle, [zero] * (n + 1) + [balls.ball(x) for x in c]]

    near = [*a.tolist(), h, *v.tolist()]
    found = certify_zero(value, derivative, near)
    if found is None:
        return None
    size = 1.0 + max(abs(x) for x in near[: n + 1])
    if any(abs(float(e) - x) > 1e-3 * size for e, x in zip(found[: n + 1], near[: n + 1], strict=True)):
        return None  # Newton went to some other fold
    return found[n], found[:n]


def _minus_identity(rows: list[list[Ball]]) -> list[list[Ball]]:
    return [[entry - (i == j) for j, entry in enumerate(row)] for i, row in enumerate(rows)]


def _dot(left: Sequence[Ball], right: Sequence[Ball]) -> Ball:
    return sum((x * y for x, y in zip(left, right, strict=True)), balls.ball(0))


@dataclass(frozen=True, slots=True)
class _At:
    """A point z = (a, h) of the branch, its unit tangent, det(M' - I) and the spectral radius of M' there."""

    z: Floats
    tangent: Floats
    det: float
    radius: float


class _Branch:
    """The curve M(a) + h e = a for one map and one direction. Rigor: floating point."""

    def __init__(self, m: Map, direction: Sequence[Fraction]) -> None:
        self.n = m.dimension
        self.e = np.array([float(d) for d in direction])
        self._evaluator = numpy_map(m)

    def slope(self, z: Floats) -> Floats:
        """M' - I at z."""
        return self._evaluator.jacobian(z[: self.n, None])[:, :, 0] - np.eye(self.n)

    def _bordered(self, z: Floats, last: Floats) -> Floats:
        return np.vstack([np.column_stack([self.slope(z), self.e]), last])

    def describe(self, z: Floats, along: Floats) -> _At:
        """The point with its tangent on the side of ``along``."""
        tangent = np.linalg.solve(self._bordered(z, along), np.eye(self.n + 1)[-1])
        slope = self.slope(z)
        radius = float(np.max(np.abs(np.linalg.eigvals(slope + np.eye(self.n)))))
        return _At(z, tangent / np.linalg.norm(tangent), float(np.linalg.det(slope)), radius)

    def advance(self, start: _At, length: float) -> _At | None:
        """The point of the branch at a distance along the tangent, or None if Newton's method does not settle."""
        guess = start.z + length * start.tangent
        z = guess
        size = 1.0 + float(np.max(np.abs(z)))
        for _ in range(8):
            state = z[: self.n]
            residual = self._evaluator.step(state[:, None])[:, 0] + z[self.n] * self.e - state
            full = np.append(residual, start.tangent @ (z - guess))
            try:
                step = np.linalg.solve(self._bordered(z, start.tangent), full)
            except np.linalg.LinAlgError:
                return None
            z = z - step
            if not np.all(np.isfinite(z)):
                return None
            if np.linalg.norm(z - guess) > _NEAR * abs(length):
                return None  # on its way to another branch
            if np.max(np.abs(step)) < 1e-12 * size:
                try:
                    return self.describe(z, start.tangent)
                except np.linalg.LinAlgError:
                    return None
        return None

    def locate(self, before: _At, length: float) -> _At | None:
        """Bisect for the change of sign of the determinant between ``before`` and the point ``length`` beyond it."""
        low, high = 0.0, length
        found: _At | None = None
        for _ in range(30):
            middle = 0.5 * (low + high)
            found = self.advance(before, middle)
            if found is None:
                return None
            low, high = (middle, high) if found.det * before.det > 0 else (low, middle)
        return found


def _follow(m: Map, direction: Sequence[Fraction], point: Point, sign: int) -> Fold:
    branch = _Branch(m, direction)
    reach = 4.0 * max(float(hi - lo) for lo, hi in m.domain)
    fold = Fold(point, sign, None, None, None, Verdict.INCONCLUSIVE, Stop.STUCK, "", None)
    towards = np.append(np.zeros(m.dimension), float(sign))
    at = branch.describe(np.append([float(e) for e in point], 0.0), towards)
    scale, length = abs(at.det), 1e-3 * reach
    for _ in range(_MAX_STEPS):
        new = branch.advance(at, length)
        if new is None or _too_far(at, new, scale):
            length /= 2
            if length < _SMALLEST_STEP:
                return replace(fold, reason=f"the branch could not be followed beyond h = {at.z[-1]:.6g}")
            continue
        if new.det * at.det <= 0:
            return _prove(m, direction, fold, branch.locate(at, length) or new, branch)
        if fold.stable_until is None and new.radius > 1:
            part = (1 - at.radius) / (new.radius - at.radius)
            fold = replace(fold, stable_until=float(at.z[-1] + part * (new.z[-1] - at.z[-1])))
        at, length = new, min(1.4 * length, _LARGEST_STEP * reach)
        if abs(at.z[-1]) > reach:
            return replace(fold, stop=Stop.SOLVED, reason=f"no fold was met up to h = {sign * reach:.6g}")
    return replace(
        fold, stop=Stop.BUDGET, reason=f"no fold was met within {_MAX_STEPS} steps, up to h = {at.z[-1]:.6g}"
    )


def _too_far(at: _At, new: _At, scale: float) -> bool:
    """Whether the step bends too much or changes the determinant so fast that two changes of sign could hide in it."""
    if not np.isfinite(new.det) or at.tangent @ new.tangent < _STRAIGHT:
        return True
    return abs(new.det - at.det) > 0.25 * max(abs(at.det), 0.2 * scale)


def _prove(m: Map, direction: Sequence[Fraction], fold: Fold, end: _At, branch: _Branch) -> Fold:
    null = np.linalg.svd(branch.slope(end.z))[2][-1]
    h = float(end.z[-1])
    proved = certify_fold(m, direction, end.z[:-1], h, null)
    if proved is None:
        reason = f"det(M' - I) changes sign near h = {h:.6g}, but no simple fold could be proved there"
        return replace(fold, reason=reason, measured=h)
    reason = "a simple fold, proved to exist; that it is the first on the branch is measured"
    return replace(
        fold, value=proved[0], state=proved[1], verdict=Verdict.PROVED, stop=Stop.SOLVED, reason=reason, measured=h
    )
