"""Every fixed point and cycle in a box: isolated by intervals, sharpened by balls, exact where SymPy can."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Final

import numpy as np
import sympy as sp

from dynlatch.errors import InputError
from dynlatch.latch.cycle_system import CycleSystem
from dynlatch.latch.exact_points import exact_fixed_points
from dynlatch.maps.definition import Box, Map, check_map, exact_box
from dynlatch.rigor.enclosure import Enclosure, float_above, float_below
from dynlatch.rigor.krawczyk import Floats, find_zeros
from dynlatch.rigor.spectra import Eigenvalue
from dynlatch.verdict import Stop, Verdict

MAX_DIMENSION: Final = 4
MAX_PERIOD: Final = 64

_UNFINISHED: Final = (
    "the budget of boxes ran out: more boxes may decide this, unless it is a bifurcation or a continuum"
)
_MULTIPLE: Final = "a multiple fixed point, a bifurcation or a continuum: Krawczyk's test decides nothing here"
_UNDEFINED: Final = "the map is undefined or unbounded somewhere in this box: nothing is decided here"

Point = tuple[Enclosure, ...]


class Stability(enum.StrEnum):
    """What nearby orbits do; ``INCONCLUSIVE`` where a multiplier's modulus may be 1."""

    ATTRACTING = "attracting"
    REPELLING = "repelling"
    SADDLE = "saddle"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, repr=False)
class FixedPoint:
    """A fixed point (period 1) or a cycle, proved to exist.

    ``state`` is its first point, ``orbit`` all of its ``period`` points, ``multipliers`` the eigenvalues of
    (M^period)' there (empty where they could not be enclosed), ``expression`` the exact state where known.
    """

    state: Point
    period: int
    orbit: tuple[Point, ...]
    multipliers: tuple[Eigenvalue, ...]
    stability: Stability
    verdict: Verdict
    expression: tuple[sp.Expr, ...] | None = None

    @property
    def values(self) -> Floats:
        """The middle of the state as floats, shape (n,)."""
        return np.array([float(e) for e in self.state])

    def __repr__(self) -> str:
        kind = "FixedPoint" if self.period == 1 else f"Cycle of period {self.period}"
        state = ", ".join(f"{float(e):.12g}" for e in self.state)
        return f"{kind}(({state}), multipliers {list(self.multipliers)}, {self.stability}, {self.verdict})"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A small region in which nothing was decided: it may hold no fixed point, one, or many."""

    box: tuple[tuple[float, float], ...]
    reason: str


@dataclass(frozen=True, slots=True)
class FixedPoints:
    """All fixed points (or cycles of one period) of a map in a box.

    ``verdict`` is PROVED when the list is complete: nothing is left undecided. ``undecided`` holds the rest.
    """

    map: Map
    box: Box
    period: int
    points: tuple[FixedPoint, ...]
    undecided: tuple[Cluster, ...]
    verdict: Verdict
    stop: Stop
    num_boxes: int

    @property
    def attracting(self) -> tuple[FixedPoint, ...]:
        """Those that are proved to attract."""
        return tuple(p for p in self.points if p.stability is Stability.ATTRACTING)

    def __iter__(self) -> Iterator[FixedPoint]:
        return iter(self.points)

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index: int) -> FixedPoint:
        return self.points[index]


def cycle_near(m: Map, near: Floats, period: int) -> FixedPoint | None:
    """The certified fixed point or cycle of M^period next to a float approximation, or None; any dimension.

    Rigor: certified (existence and least period; not that there is no other).
    """
    system = CycleSystem(m, period)
    point = system.certify(near)
    return _describe(system, point, None) if point is not None and system.has_least_period(point) else None


def fixed_points(m: Map, box: object = None, period: int = 1, *, max_boxes: int = 100_000) -> FixedPoints:
    """Find and prove every fixed point, or every cycle of least period ``period``, in a box.

    Solves M^p(a) = a by Krawczyk branch and prune in outward-rounded intervals, then encloses each solution by
    balls to about 45 digits. ``box`` is one (lo, hi) per state, the map's domain by default; ``max_boxes`` bounds
    the work. A region that cannot be decided (a bifurcation, a continuum of fixed points) is returned as a cluster.

    Raises: InputError for a map of more than 4 states, a period below 1 or above 64, or a bad box.
    Rigor: certified. Cost: milliseconds in one dimension, up to ``max_boxes`` microseconds in four.
    """
    check_map(m)
    if m.dimension > MAX_DIMENSION:
        raise InputError(
            f"{m.name} has {m.dimension} states but branch and prune covers at most {MAX_DIMENSION}; "
            "fix some states or use a smaller network"
        )
    if isinstance(period, bool) or not isinstance(period, Integral) or not 1 <= period <= MAX_PERIOD:
        raise InputError(
            f"period={period} must be a whole number from 1 to {MAX_PERIOD}; longer cycles are out of reach of a proof"
        )
    period = int(period)
    sides = m.domain if box is None else exact_box(box, m.dimension)
    system = CycleSystem(m, period)
    lower_cycles = [
        p for d in range(1, period) if period % d == 0 for p in fixed_points(m, sides, d, max_boxes=max_boxes).points
    ]
    search = find_zeros(system.intervals, system.interval_derivative, _search_box(sides), max_boxes=max_boxes)
    known = [point for cycle in lower_cycles for point in cycle.orbit]
    found: list[FixedPoint] = []
    exact = exact_fixed_points(m) if period == 1 else ()
    undecided = list(zip(search.undecided[0].T, search.undecided[1].T, strict=True))
    for lo, hi in zip(search.isolated[0].T, search.isolated[1].T, strict=True):
        if any(_inside(point, lo, hi) for point in (*known, *(q for p in found for q in p.orbit))):
            continue
        if any(_touches(q, lo, hi) for p in found for q in p.orbit):
            undecided.append((lo, hi))  # a point of a cycle already found, perhaps: too wide to tell
            continue
        # The box holds one zero, so an exact solution or a certified point inside it is that zero.
        solved = next(((e, x) for e, x in exact if _inside(x, lo, hi)), None)
        point = solved[1] if solved else system.certify(lo + 0.5 * (hi - lo))
        if point is None or not _inside(point, lo, hi):
            undecided.append((lo, hi))
        elif _meets(point, sides):
            cycle = _describe(system, point, solved[0] if solved else None)
            returns = [cycle.orbit[d] for d in range(1, period) if period % d == 0]
            if not any(_overlap(point, other) for other in returns):
                found.append(cycle)
            elif not any(_inside(other, lo, hi) for other in returns):  # inside it is the same zero: a shorter cycle
                undecided.append((lo, hi))
    found.sort(key=lambda p: tuple(float(e) for e in p.state))
    clusters = _clusters(undecided, system, search.stop)
    complete = search.stop is Stop.SOLVED and not clusters
    return FixedPoints(
        m, sides, period, tuple(found), clusters, Verdict.PROVED if complete else Verdict.INCONCLUSIVE,
        search.stop, search.num_boxes,
    )  # fmt: skip


def _search_box(sides: Box) -> tuple[Floats, Floats]:
    """The box a little enlarged, so that a fixed point on its edge is not on an edge of the search."""
    lo = [float_below(a - (b - a) / 2**16) for a, b in sides]
    hi = [float_above(b + (b - a) / 2**17) for a, b in sides]
    return np.array(lo), np.array(hi)


def _inside(point: Point, lo: Floats, hi: Floats) -> bool:
    return all(e.lo >= a and e.hi <= b for e, a, b in zip(point, lo, hi, strict=True))


def _overlap(point: Point, other: Point) -> bool:
    return all(a.overlaps(b) for a, b in zip(point, other, strict=True))


def _touches(point: Point, lo: Floats, hi: Floats) -> bool:
    return all(e.hi >= a and e.lo <= b for e, a, b in zip(point, lo, hi, strict=True))


def _meets(point: Point, sides: Box) -> bool:
    return all(e.upper >= a and e.lower <= b for e, (a, b) in zip(point, sides, strict=True))


def _describe(system: CycleSystem, point: Point, expression: tuple[sp.Expr, ...] | None) -> FixedPoint:
    multipliers, orbit = system.multipliers(point), system.orbit(point)
    stability = stability_of(multipliers)
    return FixedPoint(point, system.period, orbit, multipliers or (), stability, Verdict.PROVED, expression)


def stability_of(multipliers: Sequence[Eigenvalue] | None) -> Stability:
    """Attracting, repelling or a saddle, if every modulus is proved to lie on one side of 1."""
    if not multipliers:
        return Stability.INCONCLUSIVE
    stable = [e.modulus.upper < 1 for e in multipliers]
    unstable = [e.modulus.lower > 1 for e in multipliers]
    if all(stable):
        return Stability.ATTRACTING
    if all(unstable):
        return Stability.REPELLING
    decided = all(s or u for s, u in zip(stable, unstable, strict=True))
    return Stability.SADDLE if decided else Stability.INCONCLUSIVE


def _reason(defined: bool, stop: Stop) -> str:
    if not defined:
        return _UNDEFINED
    return _UNFINISHED if stop is Stop.BUDGET else _MULTIPLE


def _clusters(boxes: Sequence[tuple[Floats, Floats]], system: CycleSystem, stop: Stop) -> tuple[Cluster, ...]:
    """Merge boxes that touch until all are apart, each with the reason."""
    if not boxes:
        return ()
    lo, hi = _merged(boxes)
    values, _ = system.intervals(lo, hi)
    return tuple(
        Cluster(
            tuple((float(a), float(b)) for a, b in zip(lo[:, j], hi[:, j], strict=True)),
            _reason(bool(np.all(np.isfinite(values[:, j]))), stop),
        )
        for j in range(lo.shape[1])
    )


def _merged(boxes: Sequence[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """The hulls of boxes that touch, and of hulls that then touch, until all are apart; shapes (n, k)."""
    lo, hi = (np.stack(side, axis=1) for side in zip(*boxes, strict=True))
    order = np.lexsort(lo[::-1])
    lo, hi = lo[:, order], hi[:, order]
    if len(lo) == 1:  # one sweep: a hull begins where no box before reaches
        begins = np.concatenate([[True], lo[0, 1:] > np.maximum.accumulate(hi[0])[:-1]])
        return lo[:, begins], np.maximum.reduceat(hi, np.flatnonzero(begins), axis=1)
    merged_lo, merged_hi = lo[:, :0], hi[:, :0]
    for j in range(lo.shape[1]):
        new_lo, new_hi = lo[:, j : j + 1], hi[:, j : j + 1]
        while np.any(touching := np.all((merged_lo <= new_hi) & (new_lo <= merged_hi), axis=0)):
            new_lo = np.minimum(new_lo, np.min(merged_lo[:, touching], axis=1, keepdims=True))
            new_hi = np.maximum(new_hi, np.max(merged_hi[:, touching], axis=1, keepdims=True))
            merged_lo, merged_hi = merged_lo[:, ~touching], merged_hi[:, ~touching]
        merged_lo = np.concatenate([merged_lo, new_lo], axis=1)
        merged_hi = np.concatenate([merged_hi, new_hi], axis=1)
    return merged_lo, merged_hi
