"""The transfer operator of a neuron with independent noise, on polynomials between panels of the line."""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass
from numbers import Real
from typing import Final, TypeAlias

import numpy as np
from numpy.polynomial.legendre import leggauss, legvander
from scipy.linalg import lu_factor, lu_solve
from scipy.special import ndtr

from dynlatch.errors import InputError
from dynlatch.rigor.krawczyk import Floats

SMALLEST: Final = 1e-100
LARGEST: Final = 1e6
_TAIL: Final = 10.0
"""Gaussian noise is cut off at so many standard deviations."""
_NODES: Final = 12
"""Nodes of a panel: a function on it is the polynomial through its values there."""
_PER_DEVIATION: Final = 2.5
"""Gauss nodes for each standard deviation that a panel is long."""
_GENERATIONS: Final = 4
"""Of kinks that panels end at: those of the next have a jump in the derivative number 5."""
_APART: Final = 1e-9
"""Ends of panels that are closer, relative to where they are, count as one."""
_SHIFT: Final = 1e-14
"""Keeps I - K from being singular where nothing is lost."""
_INVERSE_STEPS: Final = 60
_LEFT_OVER: Final = 1e-11
_STEP_BACK: Final = 1e-6
"""How well a function, at most 1, must be an eigenfunction, and how nearly monotone: 1e-14 and 1e-9 are usual."""


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

    @property
    def missed(self) -> float:
        """The probability of noise beyond ``reach``."""
        return 0.0

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
        variance = real_number(self.variance, "variance")
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
        """The size beyond which noise is neglected."""
        return _TAIL * self.scale

    @property
    def missed(self) -> float:
        """The probability of noise beyond ``reach``."""
        return 2.0 * float(ndtr(-_TAIL))

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


# --- both curves on one grid ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Curves:
    """What one grid gives, from a start >= 0; ``trusted``: whether the escape rate is the leading eigenvalue's."""

    right: Floats
    survived: Floats
    escape_rate: float
    mean_time: float
    trusted: bool


def curves_on(edges: Floats, w: float, noise: Noise, start: float, steps: int, *, escapes: bool) -> Curves:
    """Both curves by one grid: the operators act on the values of a function at the nodes of all panels.

    ``escapes``: whether an escape rate is wanted; it is 0 where bounded noise cannot drive a latched state out.

    An image is projected on the polynomials from twice as many values. Its values at the nodes alone would do for the
    first steps, but where w tanh a is close to a and the noise small, errors then grow at every step.
    """
    x, wx = _gauss(2 * _NODES)
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
    return Curves(
        np.clip(right, 0.0, 1.0),
        np.minimum.accumulate(np.clip(survived, 0.0, 1.0)),
        *(_escape(operator, kept[-1], lost) if escapes else (0.0, math.inf, True)),
    )


def _iterated(operator: Floats, row: Floats, steps: int) -> Floats:
    """row . operator^(t-1) . 1 for t = 1, ..., steps."""
    values, found = np.ones(operator.shape[1]), np.empty(steps)
    for t in range(steps):
        found[t] = row @ values
        values = operator @ values
    return found


def _escape(operator: Floats, row: Floats, lost: Floats) -> tuple[float, float, bool]:
    """1 - rho of the killed operator, the mean step of the first change of sign, and whether to trust both.

    rho belongs to the quasi-stationary weights p = p K / rho, so that 1 - rho = p . (chance to be lost): no difference
    of nearly equal numbers. (I - K)^-1 sums f_t over t; where it is ill-conditioned, p . sum = 1 / (1 - rho) mends it.
    The leading function r = K r / rho, and no other, is positive, and like every f_t it grows with the state. Where the
    grid is too coarse for the noise, what is found near 1 is no such function.
    """
    n = len(operator)
    factors = lu_factor((1.0 + _SHIFT) * np.eye(n) - operator)
    p, r = np.full(n, 1.0 / n), np.ones(n)
    for _ in range(_INVERSE_STEPS):
        before, p, r = p, lu_solve(factors, p, trans=1), lu_solve(factors, r)
        p, r = p / p.sum(), r / r[np.argmax(np.abs(r))]
        if np.max(np.abs(p - before)) <= 1e-15 * np.max(np.abs(p)):
            break
    rate = float(p @ lost)
    left_over = np.max(np.abs(operator @ r - (1.0 - rate) * r))
    trusted = bool(left_over < _LEFT_OVER and np.min(r) > 0 and np.min(np.diff(r)) > -_STEP_BACK)
    if not rate > 0:
        return rate, math.inf, trusted
    total = lu_solve(factors, np.ones(n))
    return rate, float(1.0 + row @ total / (rate * (p @ total))), trusted


def _at_nodes(x: Floats, wx: Floats) -> Floats:
    """Values at Gauss nodes x to values at the nodes of a panel, of the polynomial nearest in the mean square."""
    nodes, _ = _gauss(_NODES)
    degrees = np.arange(_NODES)
    return legvander(nodes, _NODES - 1) @ ((degrees + 0.5) * legvander(x, _NODES - 1) * wx[:, None]).T


def _weights(edges: Floats, centres: Floats, noise: Noise) -> Floats:
    """W with sum_j W[i, j] f(node j) = integral of f(b) k(b - centres[i]) over the panels, f a polynomial on each."""
    x, wx = _gauss(_NODES)
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
        local = np.clip((u + centres[rows, None] - 0.5 * (left + right)) / (0.5 * (right - left)), -1.0, 1.0)
        moments = np.einsum("rq,rqm->rm", noise.density(u) * half * wy, legvander(local, _NODES - 1))
        found[rows, k * _NODES : (k + 1) * _NODES] = moments @ to_nodes
    return found


def _quadrature(noise: Noise, length: float) -> tuple[Floats, Floats]:
    """Gauss nodes that integrate density times polynomial over a panel to rounding; for uniform noise exactly."""
    if isinstance(noise, Uniform):
        return _gauss(_NODES // 2)
    return _gauss(_NODES + math.ceil(_PER_DEVIATION * min(length / noise.scale, 2 * _TAIL)))


@functools.cache
def _gauss(count: int) -> tuple[Floats, Floats]:
    """Gauss-Legendre nodes and weights on [-1, 1]."""
    return leggauss(count)


def panel_edges(w: float, noise: Noise, pieces: int) -> Floats:
    """The ends of the panels on [0, w + reach], which no orbit leaves, each cut into so many equal pieces."""
    top = w + noise.reach
    finest = max(0.5 * min(noise.scale / w, 1.0), 1e-12 * top)
    doublings = max(1, math.ceil(math.log2(top / finest)))
    marks = [0.0, *(top * 2.0**-k for k in range(doublings + 1))]
    if isinstance(noise, Uniform):
        marks += _kinks(w, noise.bound, top)
    edges = [0.0]
    for mark in sorted(marks):
        if mark > edges[-1] * (1.0 + _APART):
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
        found += last
    return found


def real_number(value: object, name: str) -> float:
    """A real number as a float. Raises: InputError for anything else."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InputError(f"{name}={repr(value)[:40]} is not a number; give a real number")
    return float(value)


def _size(value: object, name: str) -> float:
    size = real_number(value, name)
    if not (size == 0 or SMALLEST <= size <= LARGEST):
        raise InputError(f"{name}={size:g} must be 0 or lie between 1e-100 and 1e6; give the size of the noise")
    return size
