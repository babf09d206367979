"""The tube of Theorem 3' around a cycle: one radius for each of its points, and what gradients do inside."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from dynlatch.auditing.entries import BOTH, Entry, above, below, certified, power, steps_to
from dynlatch.latch.contraction import contraction_bound
from dynlatch.latch.fixed_points import FixedPoint
from dynlatch.maps.definition import Map
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import float_above, float_below
from dynlatch.theorems.findings import unknown

_SCALES: Final = 28
_ROUNDS: Final = 3
_BOXES: Final = 400
_ROUNDED: Final = 2**40
_BITS: Final = 128


@dataclass(frozen=True, slots=True)
class CycleTube:
    """Balls of ``radii`` about the points of a cycle that inputs |u_t| <= noise cannot leave.

    ``rates`` bound |M'| on each; noise = min (d_{i+1} - lambda_i d_i). Rigor: certified.
    """

    radii: tuple[Fraction, ...]
    rates: tuple[Fraction, ...]
    noise: Fraction

    @property
    def rate(self) -> Fraction:
        """The product of the rates over a round, below 1."""
        return math.prod(self.rates, start=Fraction(1))

    def decay(self) -> tuple[float, float]:
        """C and r with |da_t/da_0| <= C r^t for every start in the ball about some point, r the p-th root of the rate.

        With L the rate over a round and P_j a product of j < p rates, C is the largest P_j / r^j: outward rounding.
        """
        p = len(self.rates)
        with balls.precision(_BITS):
            exact = max(self.rate, Fraction(1, 2**_BITS))
            root = balls.ball(float_above(balls.ends(balls.exp(balls.log(balls.ball(exact)) / p))[1]))
            largest = balls.ball(1)
            for start, length in itertools.product(range(p), range(1, p)):
                part = math.prod((self.rates[(start + k) % p] for k in range(length)), start=Fraction(1))
                largest = largest.max(balls.ball(part) / balls.powi(root, length))
            constant, rate = (float_above(balls.ends(x)[1]) for x in (largest, root))
        return constant, rate


def cycle_tube(m: Map, point: FixedPoint, norm: float) -> CycleTube | None:
    """The tube that stands the most noise, over its size; None where none was found.

    |a_{t+1} - x_{i+1}| <= lambda_i |a_t - x_i| + |u_{t+1}|, as in Theorem 3'.
    Rigor: certified. Cost: tenths of a second.
    """
    p = point.period
    best: CycleTube | None = None
    widest = max(float(hi - lo) for lo, hi in m.domain)
    for size in np.geomspace(1e-5 * widest, widest, _SCALES):
        shape = [1.0] * p
        for _ in range(_ROUNDS):
            radii = [_short(float(size) * s / max(shape)) for s in shape]
            rates = [_largest(m, x, d, norm) for x, d in zip(point.orbit, radii, strict=True)]
            product = math.prod(float(r) for r in rates)
            if not product < 1:
                break
            noise = min(radii[(i + 1) % p] - rates[i] * radii[i] for i in range(p))
            if noise > 0 and (best is None or noise > best.noise):
                best = CycleTube(tuple(radii), tuple(rates), noise)
            shape = _shape([float(r) for r in rates])
    return best


def _shape(rates: Sequence[float]) -> list[float]:
    """c with c_{i+1} = lambda_i c_i + 1 around the cycle."""
    p, total, product = len(rates), 0.0, 1.0
    for k in range(p):  # c_0 = 1 + lambda_{p-1} (1 + lambda_{p-2} (...)) + product c_0
        total += product
        product *= rates[-1 - k]
    found = [total / (1 - product)]
    for rate in rates[:-1]:
        found.append(rate * found[-1] + 1)
    return found


def _short(value: float) -> Fraction:
    return Fraction(max(1, round(value * _ROUNDED)), _ROUNDED)


def _largest(m: Map, centre: Sequence[object], radius: Fraction, norm: float) -> Fraction:
    """A bound of |M'| on the box about the ball; a large number where none was found."""
    box = [(e.lower - radius, e.upper + radius) for e in centre]  # pyright: ignore[reportAttributeAccessIssue]
    found = contraction_bound(m, box, norm, tolerance=1e-4, max_boxes=_BOXES).value
    return Fraction(10**6) if found is None else Fraction(found.hi)


def around_cycle(m: Map, point: FixedPoint, noise: Fraction | None, norm: float) -> list[Entry]:
    """Theorems 3' and 4' for a cycle of p points."""
    found, p = cycle_tube(m, point, norm), point.period
    reading = BOTH if m.dimension == 1 else "norm"
    if found is None:
        text, why = "balls around the points of X that some noise cannot leave", "no radii were found"
        told = "no tolerance is certified; in an adapted norm there is one (T2')"
        return [Entry("T3'", reading, unknown(text, why), told)]
    stands = below(found.noise)
    largest = above(max(found.radii))
    tube = certified(
        f"inputs |u_t| <= {stands} keep a_t near X", Fraction(float_below(found.noise)), "contraction bounds"
    )
    told = f"latched robustly against noise {stands}: a_t stays within {largest} of the point of X whose turn it is"
    constant, rate = found.decay()
    b = found.noise if noise is None else noise
    text = f"under noise up to {below(b)} the product of M' shrinks like r^t, r < 1"
    if b > found.noise:
        why = "the tube stands less noise than that"
        return [Entry("T3'", reading, tube, told), Entry("T4'", reading, unknown(text, why), "no rate is certified")]
    shrinks = certified(text, 1 - Fraction(rate), f"|(M^{p})'| <= {above(found.rate)} over a round")
    bound = f"|da_t/da_0| <= {power(constant, rate)}: below 1/1000 after {steps_to(constant, rate)} steps"
    return [Entry("T3'", reading, tube, told), Entry("T4'", reading, shrinks, bound)]
