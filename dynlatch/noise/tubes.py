"""The tubes of the repaired Theorem 3 around a fixed point, and the closed bound that follows for networks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from dynlatch.latch.contraction import largest_norm
from dynlatch.latch.derivation_neuron import neuron_form
from dynlatch.maps.balls import ball_map, ball_of
from dynlatch.maps.definition import Box, Map, TanhLayer
from dynlatch.maps.evaluators import interval_map
from dynlatch.regions.attractors import Attractor
from dynlatch.regions.trapping import cover
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import float_below
from dynlatch.rigor.float_norms import norm_upper_bounds
from dynlatch.rigor.krawczyk import Ball, Floats
from dynlatch.rigor.norms import AdaptedNorm, operator_norm_bound

_SAMPLES: Final = 48
_ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class Tube:
    """A ball of radius d around a fixed point that inputs |u_t| <= noise cannot leave: noise = (1 - rate) d.

    ``rate`` bounds |M'| on the ball, in the operator norm that belongs to the norm of the noise.
    Rigor: certified. Source: BSF94, Theorem 3, repaired (constant d and lambda).
    """

    radius: float
    rate: float
    noise: float


def widest_tube(m: Map, attractor: Attractor, norm: float) -> Tube | None:
    """The tube that stands the most noise, over the radius d; None where |M'| is not below 1 at the fixed point.

    (1 - sup |M'|) d is searched over d in floats with certified suprema. Rigor: certified. Cost: tenths of a second.
    """
    if attractor.point is None or attractor.point.period > 1:
        return None
    centre = np.array([float(e) for e in attractor.point.state])
    best: Tube | None = None
    low, high = 0.0, max(float(hi - lo) for lo, hi in m.domain)
    for _ in range(_ROUNDS):
        radii = np.linspace(low, high, _SAMPLES + 1)[1:]
        tubes = [_tube(m, centre, float(d), norm) for d in radii]
        noise = np.array([t.noise if t else -1.0 for t in tubes])
        k = int(np.argmax(noise))
        if noise[k] <= 0:
            high = float(radii[0])
            continue
        if best is None or noise[k] > best.noise:
            best = tubes[k]
        step = (high - low) / _SAMPLES
        low, high = max(0.0, float(radii[k]) - step), float(radii[k]) + step
    return best


def _tube(m: Map, centre: Floats, radius: float, norm: float) -> Tube | None:
    """The tube of one radius; None where M does not contract on it."""
    n = centre.size
    reach = radius * (1 + 2.0**-40)  # more than the distance of ``centre`` from the certified point
    if n == 1:
        box: Box = ((Fraction(float(centre[0])) - Fraction(reach), Fraction(float(centre[0])) + Fraction(reach)),)
        found = largest_norm(m, box, tolerance=1e-12, max_boxes=4000)
        rate = math.inf if found is None else found.hi
    else:
        if norm == 2:
            identity = AdaptedNorm(tuple(tuple(Fraction(int(i == j)) for j in range(n)) for i in range(n)))
            lo, hi = cover(centre, identity, reach)
        else:
            edges = [np.linspace(c - reach, c + reach, 25) for c in centre]
            lo, hi = (np.stack([g.ravel() for g in np.meshgrid(*(e[s] for e in edges), indexing="ij")])
                      for s in (slice(None, -1), slice(1, None)))  # fmt: skip
        rate = float(np.max(norm_upper_bounds(*interval_map(m).jacobian(lo, hi), norm)))
    if not rate < 1:
        return None
    noise = float_below((1 - Fraction(rate)) * Fraction(radius))
    return Tube(radius, rate, noise)


def closed_tolerance(m: Map, attractor: Attractor, norm: float) -> float | None:
    """(1 - lambda)^2 / (4H) for W tanh(a) + b, lambda = |M'| at the fixed point, H = 4 |W| / (3 sqrt 3), rounded down.

    |M'(x) - M'(y)| <= H |x - y|, since the slope of tanh changes by at most 4 / (3 sqrt 3) in a unit; so the tube of
    radius (1 - lambda) / (2H) stands it. None for other maps, and where lambda is not below 1. Rigor: certified.
    """
    point = attractor.point
    with balls.precision(128):
        weights = _weights(m)
        if weights is None or point is None or point.period > 1:
            return None
        rate = operator_norm_bound(ball_map(m).jacobian([balls.ball(e) for e in point.state]), norm)
        steepest = 4 * operator_norm_bound(weights, norm) / (3 * balls.FUNCTIONS["sqrt"](balls.ball(3)))
        if not (rate < 1 and steepest > 0):  # M is constant for W = 0: no bound is needed
            return None
        bound = (1 - rate) ** 2 / (4 * steepest)
        return float_below(balls.ends(bound)[0])


def _weights(m: Map) -> list[list[Ball]] | None:
    """W of a network or neuron W tanh(a) + b."""
    if isinstance(m.rule, TanhLayer):
        return [[balls.ball(v) for v in row] for row in m.rule.weights]
    form = neuron_form(m)
    return None if form is None else [[ball_of(form.weight.xreplace(m.values))]]
