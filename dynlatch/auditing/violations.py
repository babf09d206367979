"""Where printed conclusions fail on a given map: aimed in floats, then decided by the statements' own checkers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Final

import numpy as np

from dynlatch.auditing.samples import Samples, jacobians, orbits, sizes
from dynlatch.errors import InputError
from dynlatch.maps.balls import ball_map
from dynlatch.maps.definition import Map
from dynlatch.rigor import balls
from dynlatch.rigor.krawczyk import Floats
from dynlatch.theorems.cases import Case, case, free_orbit
from dynlatch.theorems.measures import Reading, spectral_radius
from dynlatch.theorems.statements import Check
from dynlatch.theorems.table import statement
from dynlatch.verdict import Verdict

Look = Callable[[Samples, Reading], Check | None]
"""A search for a case on which a printed conclusion fails."""

_STARTS: Final = {1: 400, 2: 160}
_FEW_STARTS: Final = 60
_ENDS: Final = {1: (2, 3, 4, 5, 6, 8, 12, 20, 40, 80), 2: (2, 3, 4, 5, 6, 8, 12, 20)}
_FEW_ENDS: Final = (2, 3, 4, 5)
"""Steps after which a deviation is looked at."""
_CLEAR: Final = 1.02
_LEAST: Final = 1.002
"""Deviations in units of d: the first that is clear is taken, else the largest."""
_RADII: Final = (0.1, 0.02, 0.004, 0.0004)
"""Of the balls of Theorem 3, in parts of the length in which M contracts around X."""
_SLACK: Final = 0.99
_TRIES: Final = 3
_NARROW: Final = 0.002
_PEAK: Final = 10.0
_FALL_STEPS: Final = 120
_PAIRS: Final = 300


def first_refutation(id: str, reading: Reading, cases: Iterable[Case]) -> Check | None:
    """The first case on which the statement's own checker proves all hypotheses and refutes the conclusion."""
    for on in itertools.islice(cases, _TRIES):
        try:
            found = statement(id, reading).check(on)
        except InputError:  # outside the checker's class
            return None
        if found.verdict is Verdict.REFUTED:
            return found
    return None


# --- Theorem 3: inputs bounded by the contraction of their own step ---------------------------------------------------


def theorem_3(s: Samples, reading: Reading) -> Check | None:
    """A start in Gamma and inputs |u_t| < (1 - lambda_t) d that take the state farther than d from its orbit."""
    cases = _driven_out(s, reading)
    return first_refutation("T3", reading, cases if reading == "norm" else filter(_is_quick, cases))


def _some(states: Floats, count: int) -> Floats:
    """At most so many of the states, spread over all."""
    return states[:, np.linspace(0, states.shape[1] - 1, min(states.shape[1], count), dtype=int)]


def _is_quick(on: Case) -> bool:
    """Whether rho(M') is known well enough on the balls of radius d that its sup takes no long search."""
    radius = on.radius_of("Theorem 3")
    orbit = (*on.orbit(), *free_orbit(on.map, on.start, on.steps))
    boxes = [[balls.hull(a - balls.ball(radius), a + balls.ball(radius)) for a in state] for state in orbit]
    found = [spectral_radius(ball_map(on.map).jacobian(box)) for box in boxes]
    return all(r.is_finite() and float(r.rad()) < _NARROW for r in found)


def _driven_out(s: Samples, reading: Reading) -> Iterator[Case]:
    """Cases by the linearisation along the free orbit: short ones with a clear deviation, then the largest."""
    n = s.map.dimension
    starts = _some(s.inside(reading), _STARTS.get(n, _FEW_STARTS))
    if not starts.shape[1] or not s.scale > 0:
        return
    ends = _ENDS.get(n, _FEW_ENDS)
    free = orbits(s.map, starts, ends[-1])
    along = [jacobians(s.map, a) for a in free]
    found: list[tuple[float, Case]] = []
    for part in _RADII:
        radius = _short(s.scale * part)
        rates = np.stack([_largest_near(s.map, a, float(radius), reading) for a in free])
        for end in ends:
            ratio, pulls = _adjoint(along, rates, end)
            ratio = np.where(np.all(rates[: end + 1] < 1 - 1e-6, axis=0), ratio, 0.0)
            j = int(np.argmax(ratio))
            if ratio[j] > _LEAST:
                bounds = _SLACK * (1 - rates[1 : end + 1, j]) * float(radius)
                inputs = [_toward_zero(b * p[j]) for b, p in zip(bounds, pulls, strict=True)]
                found.append((float(ratio[j]), case(s.map, s.exact(starts[:, j]), inputs=inputs, radius=radius)))
    yield from (on for _, on in sorted(found, key=lambda f: (0, f[1].steps) if f[0] > _CLEAR else (1, -f[0])))


def _largest_near(m: Map, states: Floats, radius: float, reading: Reading) -> Floats:
    """The size of M' on the boxes about some states, by their corners, a little enlarged."""
    n = m.dimension
    corners = np.array([*itertools.product((-1.0, 1.0), repeat=n), (0.0,) * n, *np.eye(n), *-np.eye(n)])
    return np.max([sizes(jacobians(m, states + 2 * radius * c[:, None]), reading) for c in corners], axis=0)


def _adjoint(along: list[Floats], rates: Floats, end: int) -> tuple[Floats, list[Floats]]:
    """|e_end| / d for inputs of the largest size in the worst directions, and these directions, a row (N, n) a step.

    e_t = J_{t-1} e_{t-1} + u_t; along a unit vector v each input counts J_{end-1} ... J_t, transposed, applied to v.
    """
    product = along[1]
    for t in range(2, end):
        product = along[t] @ product
    pull = np.linalg.svd(np.nan_to_num(product))[0][:, :, 0]
    total, pulls = np.zeros(pull.shape[0]), list[Floats]()
    for t in range(end, 0, -1):
        length = np.maximum(np.linalg.norm(pull, axis=1), 1e-300)
        total += _SLACK * (1 - rates[t]) * length
        pulls.append(pull / length[:, None])
        pull = np.einsum("kij,ki->kj", np.nan_to_num(along[t - 1]), pull)
    return total, pulls[::-1]


def _short(value: float) -> Fraction:
    """A short decimal at most this large."""
    exponent = math.floor(math.log10(value))
    return Fraction(10) ** exponent


def _toward_zero(vector: Floats) -> list[Fraction]:
    """Three digits of the largest entry, none larger than it was."""
    unit = Fraction(10) ** (math.floor(math.log10(max(float(np.max(np.abs(vector))), 1e-300))) - 2)
    return [math.trunc(Fraction(float(v)) / unit) * unit for v in vector]


# --- growth outside Gamma ---------------------------------------------------------------------------------------------


def growth(s: Samples, reading: Reading) -> Check | None:
    """A state of the basin outside Gamma around which uncertainty grows for some steps only."""
    return first_refutation("T1-growth", reading, _passing(s, reading))


def _passing(s: Samples, reading: Reading) -> Iterator[Case]:
    starts = s.outside(reading)
    if not starts.shape[1]:
        return
    free = orbits(s.map, starts, _FALL_STEPS)
    product = jacobians(s.map, free[0])
    peak, last = sizes(product, "norm"), np.zeros(starts.shape[1])
    falls = np.full(starts.shape[1], _FALL_STEPS)
    for t in range(1, _FALL_STEPS):
        product = jacobians(s.map, free[t]) @ product
        last = sizes(product, "norm")
        peak = np.maximum(peak, last)
        falls = np.where(last < 1e-3, np.minimum(falls, t + 1), falls)
    usable = np.flatnonzero((last < 1e-3) & (peak > 1))
    for j in usable[np.argsort(np.abs(np.log(peak[usable] / _PEAK)), kind="stable")]:
        yield case(s.map, s.exact(starts[:, j]), steps=int(falls[j]) + 20)


# --- Gamma left by the map itself, and gradients that survive in it ---------------------------------------------------


def leaving_gamma(s: Samples, reading: Reading) -> Check | None:
    """A state of Gamma whose image is not in Gamma."""
    return first_refutation("Def5", reading, _leaving(s, reading))


def _leaving(s: Samples, reading: Reading) -> Iterator[Case]:
    starts = s.inside(reading)
    if not starts.shape[1]:
        return
    images = orbits(s.map, starts, 1)[1]
    out = np.flatnonzero(s.members_of(images, reading) == 0)
    largest = sizes(jacobians(s.map, images[:, out]), reading)
    for j in out[np.argsort(-largest, kind="stable")]:
        yield case(s.map, s.exact(starts[:, j]), steps=1)


def exploding_gradients(s: Samples, reading: Reading = "spectral") -> Check | None:
    """Two states of Gamma, by eigenvalues, between which inputs drive the state to and fro while gradients grow."""
    return first_refutation("T4", reading, _pairs(s))


def _pairs(s: Samples) -> Iterator[Case]:
    starts = s.inside("spectral")
    if starts.shape[1] < 2 or s.map.dimension == 1:
        return
    starts = _some(starts, _PAIRS)
    here = jacobians(s.map, starts)
    best: list[tuple[float, int, int]] = []
    for i in range(len(here)):
        radius = sizes(here @ here[i], "spectral")
        j = int(np.argmax(radius))
        best.append((float(radius[j]), i, j))
    for radius, i, j in sorted(best, reverse=True):
        if radius > 1.01:
            yield case(s.map, states=[s.exact(starts[:, i]), s.exact(starts[:, j])], periodic=True)
