"""What a ball of uncertainty becomes under bounded noise: an enclosure, samples, and what theory promises of it."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np

from dynlatch.cells.tree import check_dimension
from dynlatch.errors import InputError
from dynlatch.maps.definition import Map, exact_fraction
from dynlatch.maps.evaluators import Floats, numpy_map
from dynlatch.noise.boxes import Boxes, are_known, farthest, hull, nearest
from dynlatch.noise.tolerance import checked_noise, checked_norm
from dynlatch.noise.uncertainty_cells import NoisyBall
from dynlatch.noise.uncertainty_samples import Samples, starts
from dynlatch.regions.attractors import Attractors, find_attractors
from dynlatch.regions.inner_balls import balls_of, captured_by, destinations
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.verdict import Stop, Verdict

if TYPE_CHECKING:
    import xarray

MAX_STEPS: Final = 2_000
MAX_CELLS: Final = 1_000_000
PIECES: Final = {1: 256, 2: 48, 3: 12, 4: 6}
"""Parts along each axis unless others are asked for."""
_SETTLING_STEPS: Final = 5_000


@dataclass(frozen=True, slots=True, repr=False)
class Uncertainty:
    """What all a_t = M(a_{t-1}) + u_t with |a_0 - centre| <= radius, |u_t| <= noise can be, for t = 0, ..., T.

    ``cells``: for each t boxes (lower and upper ends, shape (n, N)) that hold every a_t. ``centre`` (T + 1, n): the
    orbit abar_t of the middle without noise, to rounding. Sizes, shape (T + 1,): ``enclosed`` bounds |a_t - abar_t|
    from above, ``diameter`` the distance of two such states; ``tube`` is d_t with d_{t+1} = lambda_t d_t + noise,
    lambda_t the largest |M'| on the ball of radius d_t around abar_t (Theorem 3 repaired; inf once it is lost).
    ``sampled`` bounds the largest |a_t - abar_t| from below (0 once rounding hides it); ``linear`` is
    |d abar_t / d a_0| radius, in floating point. ``samples`` (T + 1, n, S) are sampled states (nan once rounding has
    made them uncertain), ``inputs`` (T, n, S) their noise.

    ``captured``: the attractor in whose trapping region all states are at the last step, None if not proved;
    ``captured_from``: since which step. ``reached``: the attractors that sampled orbits provably go to if the noise
    ends. ``verdict`` is PROVED where the enclosure is bounded to the end; else ``stop`` is DIVERGED, and ``cells`` end
    early.
    """

    map: Map
    start: tuple[Fraction, ...]
    radius: Fraction
    noise: Fraction
    norm: float
    attractors: Attractors
    cells: tuple[Boxes, ...]
    centre: Floats
    enclosed: Floats
    diameter: Floats
    tube: Floats
    sampled: Floats
    linear: Floats
    samples: Floats
    inputs: Floats
    captured: int | None
    captured_from: int | None
    reached: tuple[int, ...]
    verdict: Verdict
    stop: Stop

    @property
    def steps(self) -> int:
        """T, the number of steps."""
        return self.enclosed.size - 1

    @property
    def capture(self) -> Verdict:
        """Whether every state ends at one attractor: REFUTED where two samples provably go to different ones."""
        if self.captured is not None:
            return Verdict.PROVED
        return Verdict.REFUTED if len(self.reached) > 1 else Verdict.INCONCLUSIVE

    @property
    def peak(self) -> tuple[int, float]:
        """When the linearised growth is largest, and by what factor."""
        t = int(np.argmax(self.linear))
        return t, float(self.linear[t]) / float(self.radius)

    def hulls(self) -> tuple[Floats, Floats]:
        """Lower and upper ends of everything at each step, shape (T + 1, n); infinite where nothing is known."""
        lo, hi = np.full(self.centre.shape, -math.inf), np.full(self.centre.shape, math.inf)
        for t, boxes in enumerate(self.cells):
            lo[t], hi[t] = (side[:, 0] for side in hull(boxes))
        return lo, hi

    def to_xarray(self) -> xarray.Dataset:
        """Sizes, hulls and the middle's orbit over time."""
        import xarray

        lo, hi = self.hulls()
        sizes = {name: ("t", getattr(self, name)) for name in ("enclosed", "diameter", "tube", "sampled", "linear")}
        states = {"centre": (("t", "state"), self.centre), "lower": (("t", "state"), lo), "upper": (("t", "state"), hi)}
        return xarray.Dataset(
            {**sizes, **states, "samples": (("t", "state", "sample"), self.samples)},
            coords={"t": np.arange(self.steps + 1), "state": [str(s) for s in self.map.states]},
            attrs={"map": repr(self.map), "radius": float(self.radius), "noise": float(self.noise), "norm": self.norm},
        )

    def __repr__(self) -> str:
        where = f"at attractor {self.captured}" if self.captured is not None else f"capture {self.capture}"
        return (
            f"Uncertainty of {self.map.name}: radius {float(self.radius):g} becomes at most {self.enclosed[-1]:.4g} "
            f"(seen: {self.sampled[-1]:.4g}) after {self.steps} steps, {where}, {self.verdict}"
        )


def uncertainty(
    m: Map,
    a0: object,
    radius: object,
    steps: int,
    noise: object = 0,
    *,
    norm: object = 2,
    pieces: int | None = None,
    samples: int = 400,
    seed: int = 0,
    attractors: Attractors | None = None,
) -> Uncertainty:
    """Follow everything that a ball of uncertainty around a state can become, step by step.

    The ball is covered by boxes. Each step takes their outward-rounded images, widens them by the noise, paves the
    union anew with ``pieces`` parts along each axis of its hull, and cuts off what is farther from abar_t than
    lambda e + noise, e the bound before and lambda the largest |M'| within it.
    Arguments: ``a0``, one number per state; ``radius`` > 0 and ``noise`` >= 0, exact numbers in ``norm`` (2 or inf, and
    the operator norm that belongs to it); ``steps``, T; ``samples``, how many orbits to follow beside; ``seed`` of
    those; ``attractors`` if they are known.
    Raises: InputError for more than 4 states, another norm, and numbers that make no sense.
    Source: BSF94, Theorems 1 and 3 (repaired), Fig. 3. Rigor: certified; ``linear`` is floating point.
    Cost: about a millisecond a step.

    >>> from dynlatch.maps.catalogue import neuron
    >>> found = uncertainty(neuron(2), "1/10", "1/20", 100)
    >>> found.verdict, bool(found.sampled[4] > 0.3), bool(found.enclosed[100] < 1e-60), found.captured
    (<Verdict.PROVED: 'PROVED'>, True, True, 1)
    """
    n = check_dimension(m)
    size = checked_norm(norm)
    start = _state(m, a0)
    wide, loud = exact_fraction(radius, "radius"), checked_noise(noise)
    if wide <= 0:
        raise InputError(f"radius={radius} must be positive: without it there is no ball; give 1/10, say")
    for name, value in (("radius", wide), *((f"a0[{i}]", a) for i, a in enumerate(start))):
        if abs(value) > sys.float_info.max:
            raise InputError(f"{name} is larger than every float, and samples are floats; give less")
    _check_count("steps", steps, 1, MAX_STEPS)
    _check_count("samples", samples, 1, 100_000)
    parts = PIECES[n] if pieces is None else pieces
    _check_count("pieces", parts, 1, round(MAX_CELLS ** (1 / n)))
    known = attractors
    if known is None:
        known = find_attractors(m, m.domain, seed=seed)
    return _assembled(NoisyBall(m, start, wide, loud, size), steps, parts, samples, seed, known)


def _check_count(name: str, value: object, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InputError(f"{name}={value!r} is not usable: give a whole number from {least} to {most}")


def _state(m: Map, a0: object) -> tuple[Fraction, ...]:
    given = list(a0) if isinstance(a0, Sequence | np.ndarray) and not isinstance(a0, str) else [a0]
    if len(given) != m.dimension:
        raise InputError(f"a0 has {len(given)} numbers but {m.name} has {m.dimension} states; give one per state")
    return tuple((v.middle if isinstance(v, Enclosure) else exact_fraction(v, f"a0[{i}]")) for i, v in enumerate(given))


def _assembled(
    ball: NoisyBall, steps: int, pieces: int, num_samples: int, seed: int, attractors: Attractors
) -> Uncertainty:
    m, norm = ball.map, ball.norm
    centres = ball.orbit(steps)
    middles = np.stack([_middle(c)[:, 0] for c in centres])
    cells, enclosed, tube = ball.enclose(centres, pieces)
    complete = len(cells) == steps + 1
    followed = Samples(m, starts(ball.start, ball.radius, norm, num_samples, seed), ball.noise, norm, seed)
    states, sampled = [followed.states()], [_seen(followed.boxes, centres[0], norm)]
    for t in range(1, steps + 1):
        followed.advance(middles[t])
        states.append(followed.states())
        sampled.append(_seen(followed.boxes, centres[t], norm))
    owner, since = _capture(attractors, cells) if complete else (None, None)
    return Uncertainty(
        m, ball.start, ball.radius, ball.noise, norm, attractors, tuple(cells), middles, enclosed,
        _diameters(cells, enclosed, norm), tube, np.array(sampled), _linear(m, middles, float(ball.radius), norm),
        np.stack(states), np.stack(followed.inputs), owner, since, _reached(m, attractors, followed.boxes),
        Verdict.PROVED if complete else Verdict.INCONCLUSIVE, Stop.SOLVED if complete else Stop.DIVERGED,
    )  # fmt: skip


def _middle(boxes: Boxes) -> Floats:
    with np.errstate(invalid="ignore"):
        return 0.5 * boxes[0] + 0.5 * boxes[1]


def _seen(boxes: Boxes, centre: Boxes, norm: float) -> float:
    """How far some box certainly is from the centre."""
    return float(np.max(np.nan_to_num(nearest(boxes, centre, norm), nan=0.0, posinf=0.0)))


def _diameters(cells: Sequence[Boxes], enclosed: Floats, norm: float) -> Floats:
    """Upper bounds of the distance of two states: that of the hull's ends, or twice the radius."""
    found = 2.0 * enclosed
    for t, boxes in enumerate(cells):
        lo, hi = hull(boxes)
        found[t] = min(found[t], float(farthest((hi, hi), (lo, lo), norm)[0]))
    return found


def _linear(m: Map, orbit: Floats, radius: float, norm: float) -> Floats:
    """|M'(abar_{t-1}) ... M'(abar_0)| radius; logarithms keep the product in range."""
    product, log = np.eye(m.dimension), math.log(radius)
    sizes = np.full(orbit.shape[0], radius)
    for t in range(1, orbit.shape[0]):
        with np.errstate(all="ignore"):
            product = numpy_map(m).jacobian(orbit[t - 1][:, None])[:, :, 0] @ product
            size = float(np.linalg.norm(product, norm)) if np.all(np.isfinite(product)) else math.nan
            sizes[t] = 0.0 if size == 0.0 else float(np.exp(log + np.log(size)))
        if not size > 0.0:
            sizes[t:] = sizes[t]
            break
        product, log = product / size, log + math.log(size)
    return sizes


def _capture(attractors: Attractors, cells: Sequence[Boxes]) -> tuple[int | None, int | None]:
    """The attractor whose inner balls hold all states at the end, and since which step they have."""
    owner, since = None, None
    for t in range(len(cells) - 1, -1, -1):
        owners = np.unique(captured_by(attractors, *cells[t]))
        if owners.size != 1 or owners[0] < 0 or (owner is not None and owners[0] != owner):
            break
        owner, since = int(owners[0]), t
    return owner, since


def _reached(m: Map, attractors: Attractors, boxes: Boxes) -> tuple[int, ...]:
    """Where orbits go from thin boxes, without further noise, as far as that is proved."""
    targets = [ball for k, a in enumerate(attractors.listed) for ball in balls_of(k, a)]
    usable = are_known(boxes)
    if not targets or not np.any(usable):
        return ()
    lo, hi = (np.ascontiguousarray(side[:, usable]) for side in boxes)
    owners, _ = destinations(m, targets, lo, hi, _SETTLING_STEPS)
    return tuple(int(k) for k in np.unique(owners) if k >= 0)
