"""How many steps a constant input needs to carry the state from one latch to another, for any map."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from dynlatch.errors import InputError
from dynlatch.latch.critical_input import read_direction
from dynlatch.latch.fixed_points import MAX_DIMENSION, FixedPoint, Point, Stability, cycle_near, fixed_points
from dynlatch.latch.trajectory import run_orbit
from dynlatch.maps.balls import ball_map
from dynlatch.maps.definition import Exact, Formulas, Map, TanhLayer, exact_fraction
from dynlatch.regions.inner_balls import InnerBall, as_balls, destinations, distance, inner_balls
from dynlatch.regions.trapping import TrappingRegion, trapping_regions
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.rigor.krawczyk import Ball, Floats
from dynlatch.verdict import Stop, Verdict

MAX_STEPS: Final = 10_000
"""Steps of input that are tried unless more are asked for."""
SETTLING_STEPS: Final = 5_000
"""Steps without input within which an orbit has to enter an attractor's ball."""

_START, _END = 0, 1
_MAX_DOUBTFUL: Final = 8
"""Undriven orbits that are followed in balls where intervals of floats did not settle them."""
_BALL_STEPS: Final = 1_000
_TOO_WIDE, _NOWHERE = -1, -2
_LEAST_BITS: Final = 128
_MAX_BITS: Final = 1024
_FIRST_BLOCK: Final = 64
_LARGEST_BLOCK: Final = 4096
_AT_REST: Final = 2.0**-46


@dataclass(frozen=True, slots=True, repr=False)
class Transient:
    """The transient length from one attractor to another under a constant input h e.

    ``steps`` is L, the least t for which the undriven orbit from a_t goes to ``end``, where a_0 is the first point of
    ``start`` and a_t = M(a_{t-1}) + h e; ``state`` encloses a_L, whose undriven orbit is in the ball around ``end``
    after ``free_steps`` steps. ``before`` is the attractor that the undriven orbit from a_{L-1} goes to (nearly
    always ``start``), in ``before_steps`` steps. ``carries`` is False where no number of steps is enough, None where
    that was not decided. ``measured`` is the count in floats, also where it was not proved, and ``examined`` the last
    t looked at. With the trapping regions of the attractors this is all that a certificate holds.
    PROVED: of ``steps``, or of ``carries`` = False.
    """

    map: Map
    input: Fraction
    direction: tuple[Fraction, ...]
    start: FixedPoint
    end: FixedPoint
    start_traps: tuple[TrappingRegion, ...]
    end_traps: tuple[TrappingRegion, ...]
    before_traps: tuple[TrappingRegion, ...]
    carries: bool | None
    steps: int | None
    state: Point | None
    free_steps: int | None
    before: FixedPoint | None
    before_steps: int | None
    measured: int | None
    examined: int
    verdict: Verdict
    stop: Stop
    reason: str

    def __repr__(self) -> str:
        count = "never" if self.carries is False else "not decided" if self.steps is None else f"{self.steps} steps"
        ends = " to ".join(f"({', '.join(f'{v:.6g}' for v in p.values)})" for p in (self.start, self.end))
        return f"Transient({count} of input {float(self.input):.6g} from {ends}, {self.verdict}: {self.reason})"


def transient_length(
    m: Map,
    input: Exact,
    direction: Sequence[object] | None = None,
    *,
    start: FixedPoint,
    end: FixedPoint,
    others: Sequence[FixedPoint] | None = None,
    max_steps: int = MAX_STEPS,
) -> Transient:
    """Count the steps of a constant input that are enough to carry the state from one attractor's basin to another's.

    L = the least t for which a_t lies in the basin of ``end``: driven from the first point of ``start``, with the
    input off after t steps. Floats find the count; then every a_t up to it is enclosed by balls, and its undriven
    orbit followed in outward-rounded intervals (in balls of rising precision where those grow too wide) into the
    inner ball of some attractor's trapping region. PROVED if all are decided. An input that never carries is PROVED
    to where the driven orbit enters a trapping region of the driven map in which all states go elsewhere.

    Arguments: ``input``, h, an exact number; ``direction``, e as for ``critical_input``; ``start`` and ``end``,
    attracting fixed points or cycles, as ``fixed_points`` gives them; ``others``, further ones at which undriven
    orbits may end, by default the attracting fixed points in the map's domain (up to 4 states); ``max_steps``, the
    longest input tried.
    Raises: InputError for a bad number, direction or count, and for attractors that are not two that attract.
    Source: BSF94, Section III, for the neuron (there the state must also pass a_bar: ``neuron_transient``).
    Rigor: certified. Cost: about 0.1 ms for each step of input, and 10 ms.

    >>> from dynlatch.maps.catalogue import neuron
    >>> low, _, high = fixed_points(neuron(2))
    >>> transient_length(neuron(2), 1, start=low, end=high).steps
    3
    """
    h, along, limit = exact_fraction(input, "input"), read_direction(m, direction), _count(max_steps)
    cycles = _cycles(m, start, end, others)
    traps = [trapping_regions(m, cycle) for cycle in cycles]
    targets = [ball for k, cycle in enumerate(cycles) for ball in inner_balls(k, cycle, traps[k])]
    found = Transient(
        m, h, along, start, end, traps[_START], traps[_END], (), None, None, None, None, None, None, None, 0,
        Verdict.INCONCLUSIVE, Stop.STUCK, "",
    )  # fmt: skip
    for owner, name in ((_START, "start"), (_END, "end")):
        if not any(target.owner == owner for target in targets):
            return replace(found, reason=f"no trapping region could be certified around the attractor named {name}")
    return _search(found, cycles, targets, limit)


def _count(max_steps: int) -> int:
    try:
        count = operator.index(max_steps)
    except TypeError:
        raise InputError(f"max_steps={max_steps!r} is not a whole number; give how many steps to try") from None
    if isinstance(max_steps, bool) or count < 1:
        raise InputError(f"max_steps={max_steps} must be at least 1; it bounds the steps of input that are tried")
    return count


def _cycles(m: Map, start: FixedPoint, end: FixedPoint, others: Sequence[FixedPoint] | None) -> list[FixedPoint]:
    """The attractors in the order of their numbers: start, end, and all others once."""
    for point, name in ((start, "start"), (end, "end")):
        if len(point.state) != m.dimension:
            raise InputError(
                f"{name} has {len(point.state)} states but {m.name} has {m.dimension}; take one of its own"
            )
        if point.stability is not Stability.ATTRACTING:
            raise InputError(
                f"{name} is not proved to attract ({point.stability}), so it has no basin; take one that does"
            )
    if _same(start, end):
        raise InputError("start and end are the same attractor, so there is nothing to carry; give two")
    if others is None:
        others = fixed_points(m).attracting if m.dimension <= MAX_DIMENSION else ()
    listed = [start, end]
    listed += [p for p in others if p.stability is Stability.ATTRACTING and not any(_same(p, q) for q in listed)]
    return listed


def _same(one: FixedPoint, other: FixedPoint) -> bool:
    return any(all(a.overlaps(b) for a, b in zip(one.state, state, strict=True)) for state in other.orbit)


# --- by floats: how far to look ---------------------------------------------------------------------------------------


def _search(found: Transient, cycles: Sequence[FixedPoint], targets: Sequence[InnerBall], limit: int) -> Transient:
    """Drive the state, block by block, until its undriven orbit goes to the end or nothing new can happen."""
    m, drive = found.map, float(found.input) * np.array([float(e) for e in found.direction])
    state = found.start.values
    done, block = 0, _FIRST_BLOCK
    while done < limit:
        length = min(block, limit - done)
        states, reached = run_orbit(m, state.tolist(), length, np.tile(drive, (length, 1)))
        columns = np.ascontiguousarray(states[: reached + 1].T)
        owners, _ = destinations(m, targets, columns, columns, SETTLING_STEPS)
        arrived = np.flatnonzero(owners == _END)
        if arrived.size:
            count = done + int(arrived[0])
            return _prove(replace(found, measured=count, examined=count), cycles, targets)
        done += reached
        found = replace(found, examined=done)
        if reached < length:
            reason = f"the driven orbit is no finite number after step {done}, and did not pass the basin of the end"
            return replace(found, stop=Stop.DIVERGED, reason=reason)
        state = states[-1]
        returns = np.max(np.abs(states[-1 - found.start.period : -1] - state), axis=1)[::-1]  # after 1, 2, ... steps
        at_rest = np.flatnonzero(returns <= _AT_REST * max(1.0, float(np.max(np.abs(state)))))
        if at_rest.size:
            return _never(found, cycles, targets, state, int(at_rest[0]) + 1, int(owners[-1]))
        block = min(2 * block, _LARGEST_BLOCK)
    reason = f"{limit} steps of input do not lead to the basin of the end (measured); more may: raise max_steps"
    return replace(found, stop=Stop.BUDGET, reason=reason)


# --- by balls: the proof ----------------------------------------------------------------------------------------------


def _prove(found: Transient, cycles: Sequence[FixedPoint], targets: Sequence[InnerBall]) -> Transient:
    """Certify where the undriven orbits from a_0, ..., a_L go, with as many bits as that takes."""
    bits, owners = _LEAST_BITS, np.empty(0, dtype=np.int64)
    while bits <= _MAX_BITS:
        with balls.precision(bits):
            orbit = _driven_orbit(found, found.examined + 1)  # floats may have been one step early
            owners, times = _certified_destinations(found.map, targets, orbit)
            arrived = np.flatnonzero(owners == _END)
            steps = int(arrived[0]) if arrived.size else -1
            if steps > 0 and np.all(owners[: steps + 1] >= 0):
                state = tuple(balls.enclosure(a) for a in orbit[steps])
                before = int(owners[steps - 1])
                return replace(
                    found, carries=True, steps=steps, state=state, free_steps=int(times[steps]),
                    before=cycles[before], before_traps=tuple(t.trap for t in targets if t.owner == before),
                    before_steps=int(times[steps - 1]), examined=steps,
                    verdict=Verdict.PROVED, stop=Stop.SOLVED,
                    reason=f"a_0 to a_{steps} by balls of {bits} bits, each followed into a ball around its attractor",
                )  # fmt: skip
        if np.any(owners == _NOWHERE):
            break
        bits *= 2
    return replace(found, reason=_undecided(found.measured, owners))


def _undecided(measured: int | None, owners: NDArray[np.int64]) -> str:
    times = np.flatnonzero(owners < 0)
    where = f"from a_{times[0]}" if times.size else "from a_0"
    return (
        f"{measured} steps (measured): the undriven orbit {where} enters no known attractor's ball within "
        f"{SETTLING_STEPS} steps, or its balls grow too wide with {_MAX_BITS} bits; name what is missing in others="
    )


def _driven_orbit(found: Transient, steps: int) -> list[list[Ball]]:
    """a_0, ..., a_T in balls of the current precision."""
    evaluator, state = ball_map(found.map), as_balls(found.start.state)
    drive = [balls.ball(found.input * e) for e in found.direction]
    orbit = [state]
    for _ in range(steps):
        state = [a + u for a, u in zip(evaluator.image(state), drive, strict=True)]
        orbit.append(state)
    return orbit


def _certified_destinations(
    m: Map, targets: Sequence[InnerBall], orbit: Sequence[Sequence[Ball]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Owners and times as ``destinations`` gives them, by balls for those that intervals of floats leave open."""
    lo, hi = (np.full((m.dimension, len(orbit)), np.nan) for _ in range(2))
    for t, state in enumerate(orbit):
        if all(a.is_finite() for a in state):
            ends = [balls.enclosure(a) for a in state]
            lo[:, t], hi[:, t] = [e.lo for e in ends], [e.hi for e in ends]
    owners, times = destinations(m, targets, lo, hi, SETTLING_STEPS)
    doubtful = np.flatnonzero(owners < 0)
    for t in doubtful.tolist() if doubtful.size <= _MAX_DOUBTFUL else ():
        owners[t], times[t] = _ball_destination(m, targets, orbit[t])
    return owners, times


def _ball_destination(m: Map, targets: Sequence[InnerBall], state: Sequence[Ball]) -> tuple[int, int]:
    evaluator, here = ball_map(m), list(state)
    for step in range(_BALL_STEPS + 1):
        if not all(a.is_finite() and a.rad() < 1 for a in here):
            return _TOO_WIDE, 0
        for target in targets:
            if target.holds(here):
                return target.owner, step
        here = evaluator.image(here)
    return _NOWHERE, 0


def _never(
    found: Transient, cycles: Sequence[FixedPoint], targets: Sequence[InnerBall], rest: Floats, period: int, owner: int
) -> Transient:
    """The driven orbit has settled in floats where undriven orbits go elsewhere: prove that it stays there."""
    place = "where the undriven orbit goes to no known attractor"
    if owner >= 0:
        name = "in the basin of the start" if owner == _START else "in the basin of a third attractor"
        place = f"{name} ({', '.join(f'{v:.6g}' for v in cycles[owner].values)})"
    found = replace(found, stop=Stop.SOLVED)
    measured = f"the driven orbit settles {place} within {found.examined} steps (measured)"
    driven = _driven_map(found.map, [found.input * e for e in found.direction])
    cycle = cycle_near(driven, rest, period)
    if owner < 0 or cycle is None or cycle.stability is not Stability.ATTRACTING:
        return replace(found, reason=measured)
    with balls.precision(_LEAST_BITS):
        orbit = _driven_orbit(found, found.examined + period - 1)
        around = inner_balls(0, cycle, trapping_regions(driven, cycle))
        if len(around) == period and all(b.holds(orbit[found.examined + b.trap.index]) for b in around):
            sides = [_box_beyond(b, orbit[found.examined + b.trap.index]) for b in around]
            lo, hi = (np.concatenate([side[k] for side in sides], axis=1) for k in (0, 1))
            later, _ = destinations(found.map, targets, lo, hi, SETTLING_STEPS)
            until, _ = _certified_destinations(found.map, targets, orbit)
            if not any(np.any((owners < 0) | (owners == _END)) for owners in (later, until)):
                reason = f"the driven orbit is trapped {place} from step {found.examined} on, by balls"
                return replace(found, carries=False, verdict=Verdict.PROVED, reason=reason)
    return replace(found, reason=measured)


def _box_beyond(ball: InnerBall, state: Sequence[Ball]) -> tuple[Floats, Floats]:
    """A box that holds what an orbit of the driven map that is in an inner ball now is after every full period.

    |P (a_t - z)| falls, z being the cycle's point, so |P (a_t - centre)| stays below what it is now plus 2 |P (z -
    centre)|, which is at most the trapping region's radius less the inner ball's.
    """
    reach = distance(ball.trap, state) + balls.ball(Fraction(ball.trap.radius) - ball.radius)
    sides: list[Enclosure] = []
    for centre, row in zip(ball.trap.centre, ball.trap.norm.inverse, strict=True):
        half = reach * balls.sqrt(sum((balls.sqr(balls.ball(v)) for v in row), balls.ball(0)))
        middle = balls.ball(centre)
        sides.append(Enclosure(balls.ends(middle - half)[0], balls.ends(middle + half)[1]))
    return np.array([[s.lo] for s in sides]), np.array([[s.hi] for s in sides])


def _driven_map(m: Map, drive: Sequence[Fraction]) -> Map:
    """The map a -> M(a) + h e."""
    if isinstance(m.rule, TanhLayer):
        rule = TanhLayer(m.rule.weights, tuple(b + u for b, u in zip(m.rule.bias, drive, strict=True)))
        return replace(m, rule=rule)
    added = [sp.Rational(u.numerator, u.denominator) for u in drive]
    return replace(m, rule=Formulas(tuple(e + u for e, u in zip(m.rule.expressions, added, strict=True))))
