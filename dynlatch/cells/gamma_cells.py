"""Whether whole boxes lie in the reduced attracting set, by interval products of Jacobians along interval orbits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dynlatch.cells.images import box_orbit
from dynlatch.maps.definition import Map
from dynlatch.regions.attractors import Attractors
from dynlatch.regions.inner_balls import InnerBall, balls_of, captured_by
from dynlatch.regions.reduced_set import READINGS, Membership
from dynlatch.regions.trapping import partial_stretch, stretch_in
from dynlatch.rigor.float_norms import norm_upper_bounds
from dynlatch.rigor.interval_matrices import (
    interval_product,
    norm_lower_bounds,
    radius_at_least_one,
    radius_below_one,
)
from dynlatch.rigor.krawczyk import Floats

_SPECTRAL, _NORM, _UNIFORM = (READINGS.index(name) for name in ("spectral", "norm", "uniform"))
_UP: Final = 1.0 + 2.0**-50
_LOST: Final = 48
"""Steps for boxes that are not proved to reach an attractor: they can only be proved to be out."""


@dataclass(frozen=True, slots=True)
class Classified:
    """What is proved of N boxes.

    ``attractor`` (N,): the one whose trapping region the box's orbit enters, -1 where that is not proved. ``members``
    (3, N): a ``Membership`` per reading, in the order of ``READINGS``. ``steps`` (3, N): the length l of the product
    (M^l)' after which that is settled.
    """

    attractor: NDArray[np.int32]
    members: NDArray[np.int8]
    steps: NDArray[np.int32]

    @classmethod
    def of(cls, total: int) -> Classified:
        """Nothing known of so many boxes."""
        return cls(
            np.full(total, -1, dtype=np.int32),
            np.full((3, total), Membership.UNDECIDED, dtype=np.int8),
            np.zeros((3, total), dtype=np.int32),
        )

    def joined(self, other: Classified) -> Classified:
        """These boxes and then others."""
        return Classified(
            np.concatenate([self.attractor, other.attractor]),
            np.concatenate([self.members, other.members], axis=1),
            np.concatenate([self.steps, other.steps], axis=1),
        )


def classify(m: Map, attractors: Attractors, lo: Floats, hi: Floats, max_steps: int) -> Classified:
    """Classify boxes, shapes (n, N), by following them for at most ``max_steps`` steps.

    A box is in where every product (every factor, for the uniform reading) is bounded below 1 until the rest is
    settled; it is out where one product (factor) is 1 or more at all of its points. Where the attractor is not known,
    a box is out only if it is out for every attractor. Rigor: certified. Cost: some microseconds a box and step.
    """
    found = Classified.of(lo.shape[1])
    found.attractor[:] = _captured(m, attractors, lo, hi, max_steps)
    for k in np.unique(found.attractor):
        chosen = np.flatnonzero(found.attractor == k)
        box = np.ascontiguousarray(lo[:, chosen]), np.ascontiguousarray(hi[:, chosen])
        if k >= 0:
            found.members[:, chosen], found.steps[:, chosen] = _follow(
                m, balls_of(int(k), attractors[k]), *box, max_steps
            )
        else:
            found.members[:, chosen], found.steps[:, chosen] = _follow(m, (), *box, min(_LOST, max_steps))
            out = _out_for_all(m, attractors, *box)
            found.members[_UNIFORM, chosen[out]], found.steps[_UNIFORM, chosen[out]] = Membership.OUT, 1
    return found


def _captured(m: Map, attractors: Attractors, lo: Floats, hi: Floats, max_steps: int) -> NDArray[np.int32]:
    """The attractor whose trapping region holds all of each box after some steps, or -1."""
    result = captured_by(attractors, lo, hi)
    active = np.flatnonzero(result < 0)
    orbit = box_orbit(m, lo, hi).only(active)
    for _ in range(max_steps):
        if not active.size:
            break
        orbit = orbit.advanced()
        result[active] = captured_by(attractors, *orbit.box)
        keep = (result[active] < 0) & np.all(np.isfinite(orbit.box), axis=(0, 1))
        if not np.all(keep):
            active, orbit = active[keep], orbit.only(np.flatnonzero(keep))
    return result


def _out_for_all(m: Map, attractors: Attractors, lo: Floats, hi: Floats) -> NDArray[np.bool_]:
    """Whether the first factor is 1 or more for every attractor, each in its own norm and over its own period."""
    if not len(attractors) or not all(a.traps for a in attractors.listed):
        return np.zeros(lo.shape[1], dtype=bool)
    out = np.ones(lo.shape[1], dtype=bool)
    orbit = box_orbit(m, lo, hi)
    for attractor in sorted(attractors.listed, key=lambda a: a.traps[0].period):
        while orbit.steps < attractor.traps[0].period:
            orbit = orbit.advanced()
        out &= norm_lower_bounds(*orbit.product, attractor.traps[0].norm, 1.0) >= 1
    return out


def _follow(
    m: Map, targets: Sequence[InnerBall], lo: Floats, hi: Floats, max_steps: int
) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
    """Members and steps of boxes that go to one attractor, given by its inner balls; to none that is known, if ()."""
    total = lo.shape[1]
    members = np.full((3, total), Membership.UNDECIDED, dtype=np.int8)
    steps = np.zeros((3, total), dtype=np.int32)
    holds = np.ones((3, total), dtype=bool)
    norm = targets[0].trap.norm if targets else None
    period = targets[0].trap.period if targets else 1
    # In region i later products are D' T D with |P_i T P_i^-1| < 1 and D' a part of a period: |P_i D' P_i^-1| <= L_i,
    # so that they stay below 1 in norm once |D| cond(P_i) L_i does. Rounded up: it is the product of two bounds.
    tails = [partial_stretch(m, b.trap) * b.trap.norm.condition_bound * _UP for b in targets]
    uniform = [norm is not None and stretch_in(m, b.trap, norm) < 1 for b in targets]
    active, orbit = np.arange(total), box_orbit(m, lo, hi)
    factor: tuple[Floats, Floats] | None = None
    for step in range(1, max_steps + 1):
        orbit = orbit.advanced()
        factor = interval_product(*orbit.factor, *factor) if factor and (step - 1) % period else orbit.factor
        bound = norm_upper_bounds(*orbit.product, 2)
        large = np.flatnonzero(~(bound < 1))
        if large.size:
            matrices = orbit.product[0][:, :, large], orbit.product[1][:, :, large]
            below = radius_below_one(*matrices, norms=() if norm is None else (norm,))
            holds[_NORM, active[large]] = False
            holds[_SPECTRAL, active[large[~below]]] = False
            _settle(
                members, steps, _NORM, active[large[norm_lower_bounds(*matrices, 2, 1.0) >= 1]], Membership.OUT, step
            )
            _settle(members, steps, _SPECTRAL, active[large[radius_at_least_one(*matrices)]], Membership.OUT, step)
        if norm is not None and step % period == 0:
            holds[_UNIFORM, active[~(norm_upper_bounds(*factor, norm) < 1)]] = False
            fails = norm_lower_bounds(*factor, norm, 1.0) >= 1
            _settle(members, steps, _UNIFORM, active[fails], Membership.OUT, step)
        settled, steady = (np.zeros(active.size, dtype=bool) for _ in range(2))
        for ball, tail, contracts in zip(targets, tails, uniform, strict=True):
            within = ball.holds_boxes(*orbit.box)
            settled |= within & (bound < 1 / tail)
            steady |= within & contracts
        ended = steady & (step % period == 0)  # from here on every factor is below 1
        for reading, now in ((_SPECTRAL, settled), (_NORM, settled), (_UNIFORM, ended)):
            _settle(members, steps, reading, active[now & holds[reading, active]], Membership.IN, step)
        lost = ~np.all(np.isfinite(orbit.box), axis=(0, 1))
        undecided = members[:, active] == Membership.UNDECIDED
        keep = ~lost & (
            (~settled & (undecided[_SPECTRAL] | undecided[_NORM])) | ((norm is not None) & ~ended & undecided[_UNIFORM])
        )
        if not np.all(keep):
            kept = np.flatnonzero(keep)
            active, orbit = active[kept], orbit.only(kept)
            factor = factor[0][:, :, kept], factor[1][:, :, kept]
        if not active.size:
            break
    return members, steps


def _settle(
    members: NDArray[np.int8],
    steps: NDArray[np.int32],
    reading: int,
    boxes: NDArray[np.intp],
    as_: Membership,
    step: int,
) -> None:
    """Write down what is decided now and was not before."""
    new = boxes[members[reading, boxes] == Membership.UNDECIDED]
    members[reading, new], steps[reading, new] = as_, step
