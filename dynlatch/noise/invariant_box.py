"""Boxes that bounded noise cannot leave, found by optimization and proved by outward rounding."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from dynlatch.cells.images import images
from dynlatch.maps.definition import Box, Map, TanhLayer
from dynlatch.maps.evaluators import compiled_map, interval_map
from dynlatch.regions.attractors import Attractor
from dynlatch.regions.trapping import TrappingRegion
from dynlatch.rigor.float_norms import norm_upper_bounds
from dynlatch.rigor.krawczyk import Floats
from dynlatch.rigor.norms import AdaptedNorm, adapted_norm

_PIECES: Final = {1: 512, 2: 32, 3: 10, 4: 6}
_STARTS: Final = (0.1, 0.5)
"""Half widths of boxes to begin from, in parts of the trapping region's reach."""
_STEPS: Final = 20_000
_CREEPING: Final = 15_000
_FAR: Final = 8.0
"""Sides of the domain that a box may reach from the fixed point."""
_RETREATS: Final = (0.0, *(10.0**-k for k in (7, 6, 5, 4, 3)), *(0.01 * 1.4**k for k in range(14)))
"""How far a box is drawn in towards the fixed point until M contracts on it."""


@dataclass(frozen=True, slots=True)
class InvariantBox:
    """A box X about a fixed point with M(X) + [-b, b]^n inside X, and |P M' P^-1|_2 <= rate on it.

    ``noise`` is b, exactly. With rate < 1 every orbit of X goes to the fixed point, with or without noise that fades.
    Rigor: certified.
    """

    box: Box
    noise: Fraction
    norm: AdaptedNorm
    rate: float


def widest_tolerance(m: Map, attractor: Attractor, norms: Sequence[AdaptedNorm] = ()) -> InvariantBox | None:
    """The box about an attracting fixed point that stands the most noise while M contracts on it.

    b = the least distance of the sides of M(X) from those of X is maximized over X (in floats), then X is drawn in
    until a norm is found in which M contracts there, and b is bounded from below. Noise of norm b, in norm 2 or inf,
    adds at most b to every coordinate, so that the bound serves both. ``norms``: in which contraction is to be shown
    (by default some that suit the box). None where no box with b > 0 was found. Rigor: certified.
    """
    if not attractor.traps or attractor.traps[0].period > 1:
        return None
    trap = attractor.traps[0]
    centre = np.array(trap.centre)
    best: InvariantBox | None = None
    for lo, hi in _candidates(m, trap):
        for retreat in _RETREATS:
            a, b = (1 - retreat) * lo + retreat * centre, (1 - retreat) * hi + retreat * centre
            noise = _slack(m, a, b)
            if best is not None and noise <= best.noise:
                break
            found = _contracting(m, a, b, norms or (trap.norm, *_suited(m, a, b)))
            if found is not None and noise > 0:
                best = InvariantBox(_exact(a, b), noise, *found)
                break
    return best


def invariant_box(m: Map, attractor: Attractor, noise: Fraction) -> InvariantBox | None:
    """A small box about an attracting fixed point that noise of size b cannot leave; None where none is found.

    The hull of all orbits under the noise, iterated in floats, then widened a little and proved. Rigor: certified.
    """
    if not attractor.traps or attractor.traps[0].period > 1:
        return None
    trap, size = attractor.traps[0], float(noise)
    lo = hi = np.array(trap.centre)
    reach = 4.0 * max(float(b - a) for a, b in m.domain)
    for step in range(_STEPS):
        image_lo, image_hi = _image(m, lo, hi)
        new_lo, new_hi = np.minimum(lo, image_lo - size), np.maximum(hi, image_hi + size)
        moved = max(float(np.max(lo - new_lo)), float(np.max(new_hi - hi)))
        lo, hi = new_lo, new_hi
        if not moved <= reach:
            return None
        if moved <= 1e-13 * max(1.0, float(np.max(np.abs([lo, hi])))) or step % 500 == 499:
            # Just beyond the hull at first; near the largest tolerable noise orbits creep, and it takes more.
            for widening in (1e-12, 1e-10, 1e-8, *((1e-6, 1e-4, 1e-3) if step >= _CREEPING else ())):
                more = widening * (hi - lo) + 1e-15
                if _slack(m, lo - more, hi + more) >= noise:
                    found = _contracting(m, lo - more, hi + more, (trap.norm, *_suited(m, lo, hi)), must=False)
                    return InvariantBox(_exact(lo - more, hi + more), noise, *found) if found else None
    return None


def _candidates(m: Map, trap: TrappingRegion) -> list[tuple[Floats, Floats]]:
    """Boxes with a large least slack from several starts, with M held to contract there in the region's norm or not."""
    from scipy import optimize

    centre = np.array(trap.centre)
    n, reach = centre.size, trap.radius * np.linalg.norm(trap.norm.floats()[1], axis=1)

    def slacks(x: Floats) -> Floats:
        lo, hi = x[:n], x[n : 2 * n]
        image_lo, image_hi = _image(m, lo, hi)
        found = np.concatenate([image_lo - lo, hi - image_hi])
        return np.where(np.isfinite(found), found, -1e6) - x[2 * n]

    def contraction(x: Floats) -> float:
        jacobian = interval_map(m).jacobian(*_where_it_stretches(m, x[:n], x[n : 2 * n]), threads=1)
        return 1.0 - min(1e6, float(np.max(norm_upper_bounds(*jacobian, trap.norm))))

    sides = [{"type": "ineq", "fun": slacks}, {"type": "ineq", "fun": contraction}]
    far = _FAR * max(float(b - a) for a, b in m.domain)  # where no noise drives the state out, the box ends here
    about = [(float(c) - far, float(c)) for c in centre] + [(float(c), float(c) + far) for c in centre] + [(None, None)]
    boxes: list[tuple[Floats, Floats]] = []
    for constraints, part in itertools.product((sides[:1], sides), _STARTS):
        start = np.concatenate([centre - part * reach, centre + part * reach, [0.0]])
        start[2 * n] = float(np.min(slacks(start)))
        with np.errstate(all="ignore"):
            top = optimize.minimize(
                lambda x: -x[2 * n] / float(np.max(reach)), start, bounds=about, method="SLSQP",
                constraints=constraints, options={"maxiter": 200, "ftol": 1e-15},
            )  # fmt: skip
        lo, hi = np.minimum(top.x[:n], centre), np.maximum(top.x[n : 2 * n], centre)
        if np.all(np.isfinite(lo)) and np.all(np.isfinite(hi)):
            boxes.append((lo, hi))
    return sorted(boxes, key=lambda box: -_slack(m, *box))


def _slack(m: Map, lo: Floats, hi: Floats) -> Fraction:
    """The least distance of the sides of M(X) from those of X, rounded down; negative where M(X) sticks out."""
    image_lo, image_hi = _image(m, lo, hi)
    if not (np.all(np.isfinite(image_lo)) and np.all(np.isfinite(image_hi))):
        return Fraction(-1)
    gaps = [Fraction(float(i)) - Fraction(float(x)) for i, x in zip(image_lo, lo, strict=True)]
    gaps += [Fraction(float(x)) - Fraction(float(i)) for i, x in zip(image_hi, hi, strict=True)]
    return min(gaps)


def _image(m: Map, lo: Floats, hi: Floats) -> tuple[Floats, Floats]:
    """Ends of a box that holds M(X) for a box X, shapes (n,); formulas are bounded piece by piece."""
    whole = isinstance(m.rule, TanhLayer)
    image_lo, image_hi = images(m, *((lo[:, None], hi[:, None]) if whole else pieces(lo, hi)), threads=1)
    return np.min(image_lo, axis=1), np.max(image_hi, axis=1)


def _suited(m: Map, lo: Floats, hi: Floats) -> list[AdaptedNorm]:
    """Norms adapted to M' at the middle and at the corners of a box."""
    n = lo.size
    corners = np.array([[hi[i] if c >> i & 1 else lo[i] for c in range(1 << n)] for i in range(n)])
    states = np.concatenate([0.5 * (lo + hi)[:, None], corners], axis=1)
    jacobians = np.moveaxis(compiled_map(m).jacobian(states, threads=1), 2, 0)
    return [adapted_norm(j) for j in jacobians if np.all(np.isfinite(j))]


def _contracting(
    m: Map, lo: Floats, hi: Floats, norms: Sequence[AdaptedNorm], *, must: bool = True
) -> tuple[AdaptedNorm, float] | None:
    """The norm in which |P M' P^-1|_2 has the least bound over a box, and that; None if it must be below 1 and is
    not."""
    jacobian = interval_map(m).jacobian(*_where_it_stretches(m, lo, hi), threads=1)
    bounds = [float(np.max(norm_upper_bounds(*jacobian, norm))) for norm in norms]
    k = int(np.argmin(bounds))
    if not np.isfinite(bounds[k]) or (must and not bounds[k] < 1):
        return None
    return norms[k], bounds[k]


def _where_it_stretches(m: Map, lo: Floats, hi: Floats) -> tuple[Floats, Floats]:
    """Boxes, shapes (n, N), among which |P M' P^-1| is largest over a box, whatever P is.

    For W tanh(a) + b the norm of W diag(d) is convex in d, so it is largest where every d_i = sech^2 a_i is at an end
    of its range: at 2^n points. For formulas all pieces of the box.
    """
    if not isinstance(m.rule, TanhLayer):
        return pieces(lo, hi)
    near, far = np.clip(0.0, lo, hi), np.where(np.abs(lo) > np.abs(hi), lo, hi)
    points = np.array(list(itertools.product(*zip(near, far, strict=True)))).T
    return np.ascontiguousarray(points), np.ascontiguousarray(points)


def pieces(lo: Floats, hi: Floats) -> tuple[Floats, Floats]:
    """A box cut into equal pieces that cover it; shapes (n, N)."""
    n = lo.size
    cuts = [np.linspace(a, b, _PIECES[n] + 1) for a, b in zip(lo, hi, strict=True)]
    for cut, a, b in zip(cuts, lo, hi, strict=True):
        cut[0], cut[-1] = a, b
    below = np.stack([c.ravel() for c in np.meshgrid(*(cut[:-1] for cut in cuts), indexing="ij")])
    above = np.stack([c.ravel() for c in np.meshgrid(*(cut[1:] for cut in cuts), indexing="ij")])
    return below, above


def _exact(lo: Floats, hi: Floats) -> Box:
    return tuple((Fraction(float(a)), Fraction(float(b))) for a, b in zip(lo, hi, strict=True))
