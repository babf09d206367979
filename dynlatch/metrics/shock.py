"""The critical shock: how far a latched state may be pushed at once before it leaves its basin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from dynlatch.errors import InputError
from dynlatch.latch.fixed_points import FixedPoint
from dynlatch.maps.definition import Box, Map
from dynlatch.maps.evaluators import numpy_map
from dynlatch.metrics.immediate_basin import End, ImmediateBasin
from dynlatch.metrics.rays import Rays
from dynlatch.progress import SILENT, Progress
from dynlatch.regions.attractors import Attractor, Attractors
from dynlatch.regions.basins import MAX_STEPS, Run, prepare
from dynlatch.regions.grid import check_memory, make_grid
from dynlatch.rigor.enclosure import Enclosure, float_above, float_below
from dynlatch.rigor.krawczyk import Floats
from dynlatch.verdict import Stop, Verdict

RESOLUTION: Final = {1: 4096, 2: 400, 3: 80}
"""Cells along each axis among which the nearest of another label is looked for."""
_BYTES_PER_STATE: Final = 48


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class CriticalShock:
    """The least displacement of a latched state that takes it out of its basin, in the 2-norm (dimensionless).

    ``value`` encloses it where it is PROVED (fixed points in one dimension): every smaller displacement leaves the
    state in its basin, and this one, along ``displacement``, does not; ``end`` tells what is there. ``measured`` is
    the size of the smallest displacement found by sampling and bisection, inf if none was found: a state a hair beyond
    goes to the label ``beyond`` (below 0 a ``Label``), so that up to rounding it is an upper bound. How much smaller
    the true one may be is not known: ``sampled_to`` is the diagonal of the cells that were looked at (nan for a random
    sample), and a piece of another basin thinner than that, or outside of the box, may be nearer. ``at`` is the
    latched state, shape (n,), of attractor number ``attractor``.
    """

    map: Map
    attractors: Attractors
    attractor: int
    at: Floats
    value: Enclosure | None
    measured: float
    displacement: Floats
    beyond: int | None
    end: End | None
    sampled_to: float
    box: Box
    max_steps: int
    seed: int
    verdict: Verdict
    stop: Stop
    reason: str

    def __repr__(self) -> str:
        at = ", ".join(f"{v:.6g}" for v in self.at)
        along = ", ".join(f"{v:.6g}" for v in self.displacement)
        size = (
            f"{self.measured:.9g}" if self.value is None else f"{float(self.value):.15g}, width {self.value.width:.1e}"
        )
        return f"CriticalShock of ({at}): {size} along ({along}) into {self.beyond}; {self.verdict}: {self.reason}"


def critical_shock(
    m: Map,
    latched: Attractor | FixedPoint | int,
    box: object = None,
    resolution: int | Sequence[int] | None = None,
    *,
    attractors: Attractors | None = None,
    max_steps: int = MAX_STEPS,
    seed: int = 0,
    progress: Progress = SILENT,
) -> CriticalShock:
    """How large an instantaneous displacement a latched state withstands: its distance from the edge of its basin.

    inf over d of |d|_2 such that a + d is not in the basin of a's attractor; of a cycle, the least over its points.

    In one dimension the ends of a fixed point's immediate basin are proved where they are hyperbolic
    (``ImmediateBasin``) and the shock is enclosed to about 45 digits: for the neuron w tanh a it is abar, for its
    basin ends at 0. Where the basin ends in the box on one side only, the other side is looked at for as far, even
    beyond the box. Otherwise the shock is measured: the nearest sampled states of another label, bisection along the
    rays to them, and a search for shorter rays in ever smaller cones.

    Arguments: ``latched``, an attracting fixed point or cycle, as ``fixed_points`` or ``find_attractors`` give it, or
    its number among the attractors; ``box`` to look in, by default the map's domain; ``resolution``, cells along each
    axis (by default 4096, 400 or 80 for 1, 2 and 3 states; more states are sampled at random); ``attractors`` to skip
    phase 1; ``max_steps`` before a state is called out of time; ``seed``.
    Raises: InputError for something that is no attractor of the map in the box, a recurrent set, a bad box or
    resolution.
    Rigor: certified where PROVED, else sampled. Cost: tenths of a second.

    >>> from dynlatch.maps.catalogue import neuron
    >>> shock = critical_shock(neuron(2), 1)
    >>> shock.verdict, round(float(shock.value), 10)
    (<Verdict.PROVED: 'PROVED'>, 1.9150080482)
    """
    axes = [str(s) for s in m.states]
    cells = RESOLUTION.get(m.dimension, 1) if resolution is None else resolution
    if m.dimension > len(RESOLUTION) and resolution is not None:
        raise InputError(
            f"resolution={resolution} is for up to 3 states, but {m.name} has {m.dimension}, whose box is sampled at "
            "random; leave it out"
        )
    check_memory(make_grid(m, box, cells, axes=axes), _BYTES_PER_STATE)
    run = prepare(m, box, cells, axes, None, attractors, max_steps, seed, progress)
    number = _number(run.attractors, latched)
    point = run.attractors[number].point
    if point is None:
        raise InputError(f"attractor {number} is a recurrent set, no latched state; give a fixed point or a cycle")
    rays = Rays(run, number, seed, gridded=m.dimension in RESOLUTION)
    found = min((_measured(run, number, state, rays, seed) for state in run.attractors[number].states.T), key=_size)
    attractor = run.attractors[number]
    if m.dimension == 1 and point.period == 1 and attractor.traps:
        return _proved(ImmediateBasin(m, attractor.traps[0]), point.state[0], found, rays)
    return found


def _size(shock: CriticalShock) -> float:
    return shock.measured


def _number(attractors: Attractors, latched: object) -> int:
    total = len(attractors)
    if isinstance(latched, int | np.integer) and not isinstance(latched, bool):
        if not 0 <= latched < total:
            raise InputError(f"latched={latched} is no attractor: {total} were found in the box, numbered from 0")
        return int(latched)
    given = latched.point if isinstance(latched, Attractor) else latched
    if isinstance(latched, Attractor) and given is None:
        raise InputError("latched is a recurrent set, no latched state; give a fixed point or a cycle")
    if not isinstance(given, FixedPoint):
        raise InputError(f"latched is {type(latched)}; give an attractor, a fixed point, or an attractor's number")
    for number, attractor in enumerate(attractors.listed):
        orbit = attractor.point.orbit if attractor.point is not None else ()
        if any(
            len(state) == len(given.state) and all(a.overlaps(b) for a, b in zip(given.state, state, strict=True))
            for state in orbit
        ):
            return number
    raise InputError(
        f"latched, {given!r}, is none of the {total} attractors found; give one that attracts, or a larger box"
    )


def _measured(run: Run, number: int, at: Floats, rays: Rays, seed: int) -> CriticalShock:
    best = rays.shortest(at)
    if best is None:
        size, ray, beyond, stop = math.inf, np.full(at.size, math.nan), None, Stop.STUCK
        reason = f"every sampled state of the box stays with attractor {number}"
    else:
        size, ray, beyond, stop = float(np.linalg.norm(best)), best, rays.label_beyond(at, best), Stop.SOLVED
        reason = "measured: the shortest of the sampled rays out of the basin"
        if rays.leaves_box(at, size):
            reason += "; the edge of the box is nearer, and what lies beyond it was not looked at"
    return CriticalShock(
        run.map, run.attractors, number, at, None, size, ray, beyond, None, rays.sampled_to, run.grid.sides,
        run.max_steps, seed, Verdict.INCONCLUSIVE, stop, reason,
    )  # fmt: skip


def _proved(basin: ImmediateBasin, state: Enclosure, found: CriticalShock, rays: Rays) -> CriticalShock:
    """The same with proof: both ends of the immediate basin, or one, and the basin for as far on the other side."""
    guesses = rays.exits(float(state))
    if len(guesses) == 1:  # the other end may be where this one goes, however far away
        (side,) = guesses
        image = float(numpy_map(found.map).step(np.array([[guesses[side]]]))[0, 0])
        if side * image < side * float(state):
            guesses[-side] = image
    for side in (-1, 1, -1):  # an end that goes to the other end needs that one first
        if side in guesses and basin.end(side) is None:
            basin.prove_end(side, guesses[side])
    ends = {side: end for side in (-1, 1) if (end := basin.end(side)) is not None}
    sizes = {side: _distance(state, end.value, side) for side, end in ends.items()}
    if not sizes:
        return found
    value = Enclosure(min(s.lower for s in sizes.values()), min(s.upper for s in sizes.values()))
    side = min(sizes, key=lambda s: sizes[s].middle)
    if len(sizes) == 1 and not basin.grow(-side, _beyond(state, -side, value)):
        return found
    displacement = np.array([side * float(value)])
    return replace(
        found,
        value=value,
        displacement=displacement,
        beyond=rays.label_beyond(found.at, displacement),
        end=ends[side],
        verdict=Verdict.PROVED,
        stop=Stop.SOLVED,
        reason=f"the immediate basin ends at {ends[side].what}; what lies beyond is measured",
    )


def _distance(state: Enclosure, end: Enclosure, side: int) -> Enclosure:
    lower, upper = (state, end) if side > 0 else (end, state)
    return Enclosure(upper.lower - lower.upper, upper.upper - lower.lower)


def _beyond(state: Enclosure, side: int, size: Enclosure) -> float:
    """A float at least ``size`` away from a state on one side."""
    return float_above(state.upper + size.upper) if side > 0 else float_below(state.lower - size.upper)
