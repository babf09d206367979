"""Finite invariant sets: cycles that are known exactly or enclosed, how large M' is on them, whether they attract."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import sympy as sp

from dynlatch.latch.fixed_points import FixedPoint, cycle_near
from dynlatch.maps.definition import Map, TanhLayer
from dynlatch.regions.trapping import TrappingRegion, trapping_regions
from dynlatch.rigor import balls
from dynlatch.theorems.cases import Case, State, Vector, exact_state
from dynlatch.theorems.findings import EXACTLY, Finding, less, unknown
from dynlatch.theorems.measures import Matrix, Reading, below_one_on, gradients, size_text, spectral_radius
from dynlatch.verdict import Verdict

_MAX_BITS = 1 << 14

NEEDS = "a map, start= next to a point of the cycle, and steps= its period (1 by default)"
"""What a case must hold to name a cycle."""


def exact_image(m: Map, state: Vector) -> Vector | None:
    """M(a) where it is rational and SymPy says so, else None. Rigor: exact."""
    if isinstance(m.rule, TanhLayer):
        return None if any(state) else m.rule.bias
    at = {s: sp.Rational(v.numerator, v.denominator) for s, v in zip(m.states, state, strict=True)}
    values = [e.xreplace(at) for e in m.explicit]
    return tuple(Fraction(int(v.p), int(v.q)) for v in values) if all(v.is_Rational for v in values) else None


@dataclass(frozen=True, slots=True)
class Cycle:
    """A set X that M permutes in one cycle: its points, each the image of the one before, as balls.

    ``enclosed`` is what ``cycle_near`` proved of it, None where it proved nothing (then the cycle is ``exact``: its
    points are rational and M was evaluated there).
    """

    map: Map
    points: tuple[State, ...]
    exact: bool
    enclosed: FixedPoint | None

    @property
    def period(self) -> int:
        """How many points it has."""
        return len(self.points)

    def gradient(self, index: int, steps: int) -> Matrix:
        """(M^l)' at one of its points."""
        orbit = [self.points[(index + t) % self.period] for t in range(steps + 1)]
        *_, last = gradients(self.map, orbit)
        return last

    def traps(self) -> tuple[TrappingRegion, ...]:
        """Certified balls around its points on which M^p contracts; empty where there are none."""
        return () if self.enclosed is None else trapping_regions(self.map, self.enclosed)


def cycle_of(on: Case) -> Cycle | None:
    """The cycle of period ``steps`` through ``start``, if that is exact, or certified next to it; None if neither."""
    period = max(1, on.steps)
    enclosed = cycle_near(on.map, np.array([float(v) for v in on.start]), period)
    points: list[Vector] = [on.start]
    while len(points) <= period and _is_short(points[-1]) and (image := exact_image(on.map, points[-1])) is not None:
        points.append(image)
    if len(points) == period + 1 and points[-1] == on.start and len(set(points)) == period:
        return Cycle(on.map, tuple(exact_state(a) for a in points[:-1]), True, enclosed)
    if enclosed is None:
        return None
    return Cycle(on.map, tuple([balls.ball(e) for e in point] for point in enclosed.orbit), False, enclosed)


def _is_short(state: Vector) -> bool:
    """Whether a state is no longer than those of cycles: the digits of an orbit may double at each step."""
    return all(max(v.numerator.bit_length(), v.denominator.bit_length()) <= _MAX_BITS for v in state)


def no_cycle(on: Case) -> Finding:
    """That nothing could be certified where a case names a cycle."""
    return unknown(
        f"X, of period {max(1, on.steps)}, exists next to a_0",
        "no such cycle could be certified: there may be none, or a bifurcation",
    )


def is_cycle(cycle: Cycle) -> Finding:
    """That X is invariant: exact, or proved by Krawczyk's test."""
    how = EXACTLY if cycle.exact else "Krawczyk's test"
    return Finding(f"X = M(X): a cycle of period {cycle.period}", Verdict.PROVED, None, how)


def below_one(cycle: Cycle, reading: Reading) -> Finding:
    """Whether M' is below 1 in size at every point of the cycle: Definition 2."""
    sized = size_text(reading).format("M'(x)")
    return below_one_on(f"{sized} < 1 at every x in X", cycle.map, cycle.points, reading)


def attracts(cycle: Cycle) -> Finding:
    """Whether the states near X stay near and converge to it: every multiplier, an eigenvalue of (M^p)', below 1.

    Refuted where one exceeds 1. Where the largest is 1 in modulus, or may be, nothing is decided.
    """
    text = "X attracts the states near it: every multiplier is below 1 in modulus"
    radius = spectral_radius(cycle.gradient(0, cycle.period))
    found = less(text, radius, balls.ball(1))
    return found if found.holds or radius > 1 else unknown(text, "the largest multiplier may be 1 in modulus")


def trapped(cycle: Cycle) -> Finding:
    """Whether a neighbourhood of X that it attracts is certified: a ball around every point."""
    text = "M^p contracts a ball around every point of X"
    if len(cycle.traps()) < cycle.period:
        return unknown(text, "no trapping balls could be certified")
    return Finding(text, Verdict.PROVED, None, "outward-rounded intervals")
