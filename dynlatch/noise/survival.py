"""How long noise leaves the sign of a neuron alone: by a transfer operator on the line, not by sampling."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Final, TypeAlias

import numpy as np
from numpy.polynomial.legendre import leggauss, legvander
from scipy.linalg import lu_factor, lu_solve
from scipy.sparse.linalg import ArpackNoConvergence, eigs
from scipy.special import ndtr

from dynlatch.errors import InputError
from dynlatch.rigor.krawczyk import Floats
from dynlatch.seeds import rng_for

_NODES: Final = 12
"""Gauss nodes of a panel: a function on it is the polynomial through its values there."""
_TAIL: Final = 10.0
"""Gaussian noise is cut off at so many standard deviations; 2e-23 of it lies beyond."""
_KINKS: Final = 48
_GENERATIONS: Final = 6
_PER_DEVIATION: Final = 2.5
"""Gauss nodes for each standard deviation that a panel is long."""
_INVERSE_STEPS: Final = 60
_POLISH: Final = 5
_SAME: Final = 1e-10
_SHIFT: Final = 1e-14
"""Keeps I - K from being singular where nothing is lost."""
_SMALLEST, _LARGEST = 1e-100, 1e6


@dataclass(frozen=True, slots=True)
class Uniform:
    """Noise u_t uniform on [-bound, bound]. Raises: InputError unless 0 <= bound < inf."""

    bound: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "bound", _size(self.bound, "bound"))

    @property
    def scale(self) -> float:
        """What a state is measured against: the bound."""
        return self.bound

    @property
    def reach(self) -> float:
        """The size that the noise does not exceed."""
        return self.bound

    def density(self, u: Floats) -> Floats:
        """The probability density at values within ``reach``."""
        return np.full_like(u, 0.5 / self.bound)

    def below(self, u: Floats) -> Floats:
        """The probability of noise below given values."""
        return np.clip(0.5 + 0.5 * u / self.bound, 0.0, 1.0)

    def draw(self, rng: np.random.Generator, count: int) -> Floats:
        """Independent values, shape (count,)."""
        return rng.uniform(-self.bound, self.bound, count)


@dataclass(frozen=True, slots=True)
class Gaussian:
    """Noise u_t normal with mean 0 and the given variance, not deviation. Raises: InputError unless finite and >= 0."""

    variance: float

    def __post_init__(self) -> None:
        variance = _real(self.variance, "variance")
        if not 0 <= variance < math.inf:
            raise InputError(f"variance={variance:g} must be finite and not negative; give the square of a deviation")
        _size(math.sqrt(variance), "deviation")
        object.__setattr__(self, "variance", variance)

    @property
    def scale(self) -> float:
        """The standard deviation."""
        return math.sqrt(self.variance)

    @property
    def reach(self) -> float:
        """The size that all but 2e-23 of the noise does not exceed."""
        return _TAIL * self.scale

    def density(self, u: Floats) -> Floats:
        """The probability density at given values."""
        return np.exp(-0.5 * (u / self.scale) ** 2) / (self.scale * math.sqrt(2.0 * math.pi))

    def below(self, u: Floats) -> Floats:
        """The probability of noise below given values."""
        return ndtr(u / self.scale)

    def draw(self, rng: np.random.Generator, count: int) -> Floats:
        """Independent values, shape (count,)."""
        return rng.normal(0.0, self.scale, count)


Noise: TypeAlias = Uniform | Gaussian


@dataclass(frozen=True, slots=True, repr=False)
class Survival:
    """The chance that a_t = w tanh(a_{t-1}) + u_t still has the sign of its start; sign(0) = +1.

    ``right`` and ``survived``, shape (steps,): entry t - 1 is the probability that the sign is right at step t, and
    that it was right at every step up to t; right tends to 1/2. During the first ``safe_steps`` steps no noise can
    change the sign: both are exactly 1. ``error``: the largest change of either when every panel is halved.

    ``escape_rate`` is 1 - rho, with rho the leading eigenvalue of the operator that forgets an orbit when its sign
    changes: survived ~ C rho^t. ``rate_error`` is its change when the panels are halved. A rate of 0 whose error is 0
    is exact (bounded noise up to h*); a rate of 0 with an error is too small to be told from 0. ``mean_time``: the mean
    step at which the sign changes for the first time, inf where the rate is 0. Rigor: floating point.
    """

    w: float
    noise: Noise
    start: float
    steps: int
    right: Floats
    survived: Floats
    safe_steps: int
    escape_rate: float
    mean_time: float
    error: float
    rate_error: float

    def __repr__(self) -> str:
        return (
            f"Survival(w={self.w:g}, {self.noise}, from {self.start:g}: at step {self.steps} the sign is right with "
            f"probability {self.right[-1]:.6g}, never changed with {self.survived[-1]:.6g}, error {self.error:.1e}; "
            f"escape rate {self.escape_rate:.6g} a step)"
        )


@dataclass(frozen=True, slots=True)
class SampledSurvival:
    """The shares of sampled orbits whose sign is ``right`` at step t, and has ``survived`` up to it, shapes (steps,).

    ``right_error`` and ``survived_error``: binomial standard errors, one success and one failure added so that they
    are never 0. Rigor: sampled.
    """

    right: Floats
    survived: Floats
    right_error: Floats
    survived_error: Floats


def survival(w: float, noise: Noise, start: float, steps: int, *, pieces: int = 1) -> Survival:
    """Compute how likely the neuron keeps the sign of its start for t = 1, ..., steps, under independent noise.

    With k the density of the noise, both are f_t(start) of f_t(a) = integral over b > 0 of K(b, a) f_{t-1}(b), f_0 = 1:
    K = k(b - w tanh a) for ``survived``, K = k(b - w tanh a) - k(b + w tanh a) for 2 ``right`` - 1, as tanh is odd and
    the noise symmetric. Functions are polynomials on panels (product integration): panels double in length away
    from 0, and for uniform noise they also end where f_1, ..., f_6 have kinks.

    Arguments: ``w`` > 0; ``noise``, ``Uniform(bound)`` or ``Gaussian(variance)``; ``start`` a_0, +-inf for a saturated
    state; ``pieces`` that each panel is cut into (the result comes from twice as many).
    Raises: InputError for w, noise or start out of range, steps < 1 or pieces < 1.
    Source: BSF94, Section III and Fig. 2(b), whose inputs without learning this is. Rigor: floating point, with the
    measured error of the grid. Cost: 0.03 s for Gaussian, 0.2 s for uniform noise, up to T = 100.

    >>> found = survival(1.25, Gaussian(0.2), float("inf"), 17)
    >>> round(float(found.right[16]), 4), round(float(found.survived[16]), 4)
    (0.5945, 0.3296)
    """
    weight, first = _weight(w), _real(start, "start")
    if math.isnan(first):
        raise InputError("start=nan is no state; give a number, or inf for a saturated state")
    count, cut = _whole(steps, "steps"), _whole(pieces, "pieces")
    safe = _safe_steps(weight, noise, abs(first), count)
    latches = noise.scale == 0 or (isinstance(noise, Uniform) and noise.bound <= _critical(weight))
    if latches and safe == count:
        ones = np.ones(count)
        return Survival(weight, noise, first, count, ones, ones.copy(), safe, 0.0, math.inf, 0.0, 0.0)
    coarse, fine = (_curves(_edges(weight, noise, k), weight, noise, abs(first), count) for k in (cut, 2 * cut))
    for curves in (coarse, fine):
        curves.right[:safe] = curves.survived[:safe] = 1.0
    error = max(np.max(np.abs(fine.right - coarse.right)), np.max(np.abs(fine.survived - coarse.survived)))
    rate, mean = fine.escape_rate, fine.mean_time
    rate_error = max(abs(rate - coarse.escape_rate), coarse.doubt, fine.doubt)
    if latches or rate <= 2 * rate_error:
        rate, mean, rate_error = 0.0, math.inf, 0.0 if latches else max(abs(rate), rate_error)
    return Survival(
        weight, noise, first, count, fine.right, fine.survived, safe, rate, mean, float(error), rate_error
    )  # fmt: skip


def latch_oracle(w: float, variance: float, steps: int, inputs: int = 3) -> Floats:
    """What Fig. 2(b) can show without learning: the chance that a saturated input is still right at T = 1, ..., steps.

    The ``inputs`` input steps leave x = 1; from then on the neuron is alone with Gaussian noise of that variance.
    Arguments: as ``survival``; ``inputs`` L >= 1. Returns shape (steps,): 1 up to T = L, then ``survival(...).right``.
    Raises: InputError as ``survival``, and for inputs < 1.
    Source: BSF94, Fig. 2(b). Rigor: floating point. Cost: as ``survival``.
    """
    count, held = _whole(steps, "steps"), _whole(inputs, "inputs")
    alone = survival(w, Gaussian(variance), math.inf, max(count - held, 1)).right
    return np.concatenate([np.ones(held), alone])[:count]


def sampled_survival(w: float, noise: Noise, start: float, steps: int, samples: int, seed: int = 0) -> SampledSurvival:
    """Follow ``samples`` orbits with random noise and count whose sign is right: a check of ``survival``.

    Arguments, errors: as ``survival``, and ``samples`` >= 1. Rigor: sampled. Cost: 20 ns a step and sample.
    """
    weight, first = _weight(w), _real(start, "start")
    count, size = _whole(steps, "steps"), _whole(samples, "samples")
    rng = rng_for(seed, "survival", weight, repr(noise), first)
    side = first >= 0
    states, alive = np.full(size, first), np.ones(size, dtype=bool)
    hits = np.empty((2, count))
    for t in range(count):
        states = weight * np.tanh(states) + noise.draw(rng, size)
        right = (states >= 0) == side
        alive &= right
        hits[:, t] = np.count_nonzero(right), np.count_nonzero(alive)
    shares, padded = hits / size, (hits + 1) / (size + 2)
    errors = np.sqrt(padded * (1 - padded) / size)
    return SampledSurvival(shares[0], shares[1], errors[0], errors[1])


# --- the operators ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Curves:
    """What one grid gives, from a start >= 0."""

    right: Floats
    survived: Floats
    escape_rate: float
    mean_time: float
    doubt: float


def _curves(edges: Floats, w: float, noise: Noise, start: float, steps: int) -> _Curves:
    """Both curves by one grid: the operators act on the values of a function at the nodes of all panels.

    An image is projected on the polynomials from twice as many values. Its values at the nodes alone would do for the
    first steps, but where w tanh a is close to a and the noise small, errors then grow at every step.
    """
    x, wx = leggauss(2 * _NODES)
    places = (0.5 * (edges[1:] + edges[:-1])[:, None] + 0.5 * np.diff(edges)[:, None] * x).ravel()
    images = w * np.tanh(np.append(places, start))
    to_nodes = _at_nodes(x, wx)

    def projected(values: Floats) -> Floats:
        return (to_nodes @ values.reshape(len(edges) - 1, 2 * _NODES, -1)).reshape(-1, values.shape[1])

    kept, reflected = _weights(edges, images, noise), _weights(edges, -images, noise)
    operator, mirror = projected(kept[:-1]), projected(reflected[:-1])
    survived = _iterated(operator, kept[-1], steps)
    right = 0.5 + 0.5 * _iterated(operator - mirror, kept[-1] - reflected[-1], steps)
    lost = projected(noise.below(-images[:-1, None]))[:, 0]
    return _Curves(
        np.clip(right, 0.0, 1.0),
        np.minimum.accumulate(np.clip(survived, 0.0, 1.0)),
        *_escape(operator, kept[-1], lost),
    )


def _iterated(operator: Floats, row: Floats, steps: int) -> Floats:
    """row . operator^(t-1) . 1 for t = 1, ..., steps."""
    values, found = np.ones(operator.shape[1]), np.empty(steps)
    for t in range(steps):
        found[t] = row @ values
        values = operator @ values
    return found


def _escape(operator: Floats, row: Floats, lost: Floats) -> tuple[float, float, float]:
    """1 - rho of the killed operator, the mean step of the first change of sign, and how far rho is in doubt.

    rho belongs to the quasi-stationary weights p = p K / rho, so that 1 - rho = p . (chance to be lost): no difference
    of nearly equal numbers. (I - K)^-1 sums f_t over t; where it is ill-conditioned, p . sum = 1 / (1 - rho) mends it.
    """
    n = len(operator)
    factors = lu_factor((1.0 + _SHIFT) * np.eye(n) - operator)
    p = np.full(n, 1.0 / n)
    for _ in range(_INVERSE_STEPS):
        before, p = p, lu_solve(factors, p, trans=1)
        p = p / p.sum()
        if np.max(np.abs(p - before)) <= 1e-15 * np.max(np.abs(p)):
            break
    for _ in range(_POLISH):  # the smallest weights, from which orbits are lost, get digits of their own
        p = p @ operator
        p = p / p.sum()
    rate = float(p @ lost)
    doubt = abs(_leading(operator) - (1.0 - rate))
    doubt = doubt if doubt > _SAME else 0.0
    if not rate > 0:
        return 0.0, math.inf, doubt
    total = lu_solve(factors, np.ones(n))
    return rate, float(1.0 + row @ total / (rate * (p @ total))), doubt


def _leading(operator: Floats) -> complex:
    """The eigenvalue of largest modulus, which is no density's where the grid is too coarse for the noise."""
    try:
        return complex(eigs(operator, k=1, v0=np.ones(len(operator)), return_eigenvectors=False)[0])
    except ArpackNoConvergence:
        return complex(math.inf)


def _at_nodes(x: Floats, wx: Floats) -> Floats:
    """Values at Gauss nodes x to values at the nodes of a panel, of the polynomial nearest in the mean square."""
    nodes, _ = leggauss(_NODES)
    degrees = np.arange(_NODES)
    return legvander(nodes, _NODES - 1) @ ((degrees + 0.5) * legvander(x, _NODES - 1) * wx[:, None]).T


def _weights(edges: Floats, centres: Floats, noise: Noise) -> Floats:
    """W with sum_j W[i, j] f(node j) = integral of f(b) k(b - centres[i]) over the panels, f a polynomial on each."""
    x, wx = leggauss(_NODES)
    degrees = np.arange(_NODES)
    to_nodes = ((degrees + 0.5) * legvander(x, _NODES - 1) * wx[:, None]).T
    found = np.zeros((centres.size, (edges.size - 1) * _NODES))
    for k, (left, right) in enumerate(itertools.pairwise(edges)):
        # in terms of the noise u = b - centre, so that small noise keeps its digits
        low, high = np.maximum(left - centres, -noise.reach), np.minimum(right - centres, noise.reach)
        rows = np.flatnonzero(high > low)
        if not rows.size:
            continue
        y, wy = _quadrature(noise, right - left)
        half = 0.5 * (high - low)[rows, None]
        u = 0.5 * (high + low)[rows, None] + half * y
        local = (u + centres[rows, None] - 0.5 * (left + right)) / (0.5 * (right - left))
        moments = np.einsum("rq,rqm->rm", noise.density(u) * half * wy, legvander(local, _NODES - 1))
        found[rows, k * _NODES : (k + 1) * _NODES] = moments @ to_nodes
    return found


def _quadrature(noise: Noise, length: float) -> tuple[Floats, Floats]:
    """Gauss nodes that integrate density times polynomial over a panel to rounding; for uniform noise exactly."""
    if isinstance(noise, Uniform):
        return leggauss(_NODES // 2)
    return leggauss(_NODES + math.ceil(_PER_DEVIATION * min(length / noise.scale, 2 * _TAIL)))


def _edges(w: float, noise: Noise, pieces: int) -> Floats:
    """The ends of the panels on [0, w + reach], which no orbit leaves, each cut into so many equal pieces."""
    top = w + noise.reach
    finest = max(0.5 * min(noise.scale / w, 1.0), 1e-12 * top)
    doublings = max(1, math.ceil(math.log2(top / finest)))
    marks = [0.0, *(top * 2.0**-k for k in range(doublings + 1))]
    if isinstance(noise, Uniform):
        marks += _kinks(w, noise.bound, top)
    edges = [0.0]
    for mark in sorted(marks):
        if mark - edges[-1] > 1e-9 * top or (mark > edges[-1] and mark < 1e-6 * top):
            edges.append(mark)
    ends = np.array(edges)
    inner = ends[:-1, None] + np.diff(ends)[:, None] * (np.arange(pieces) / pieces)
    return np.append(inner.ravel(), ends[-1])


def _kinks(w: float, bound: float, top: float) -> list[float]:
    """States from which one end of the noise leads to 0 in one step, to such a state in one step, and so on.

    At those of generation m, f_t has a jump in its derivative number m.
    """
    found: list[float] = []
    last = [0.0]
    for _ in range(_GENERATIONS):
        images = {abs(b + s) for b in last for s in (bound, -bound)}
        last = sorted(b for b in (math.atanh(y / w) for y in images if y < w) if 0 < b < top)
        if len(found) + len(last) > _KINKS:
            break
        found += last
    return found


def _safe_steps(w: float, noise: Noise, start: float, steps: int) -> int:
    """How many of the steps the worst noise needs less than: those before it can have changed the sign."""
    if noise.scale == 0:
        return steps
    if isinstance(noise, Gaussian):
        return 0
    state = start
    for t in range(steps):
        before, state = state, w * math.tanh(state) - noise.bound
        if state < 0:
            return t
        if state >= before:
            return steps
    return steps


def _critical(w: float) -> float:
    """h* = sqrt(w(w - 1)) - arcosh(sqrt w), 0 where the neuron has one attractor."""
    return max(math.sqrt(w * (w - 1)) - math.asinh(math.sqrt(w - 1)), 0.0) if w > 1 else 0.0


# --- checks -----------------------------------------------------------------------------------------------------------


def _real(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InputError(f"{name}={repr(value)[:40]} is not a number; give a real number")
    return float(value)


def _whole(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise InputError(f"{name}={repr(value)[:40]} must be an integer from 1 on; give how many are wanted")
    return int(value)


def _weight(value: object) -> float:
    w = _real(value, "w")
    if not _SMALLEST <= w <= _LARGEST:
        raise InputError(f"w={w:g} must be positive, from 1e-100 to 1e6; for a negative weight the sign alternates")
    return w


def _size(value: object, name: str) -> float:
    size = _real(value, name)
    if not (size == 0 or _SMALLEST <= size <= _LARGEST):
        raise InputError(f"{name}={size:g} must be 0 or lie between 1e-100 and 1e6; give the size of the noise")
    return size
