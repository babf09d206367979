"""States to try a printed conclusion on: short decimals in a basin, sorted by membership in Gamma, in floats."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dynlatch.cells.gamma_cells import classify
from dynlatch.maps.definition import Map
from dynlatch.maps.evaluators import compiled_map
from dynlatch.regions.attractors import Attractors
from dynlatch.regions.reduced_set import READINGS, Membership
from dynlatch.rigor.krawczyk import Floats
from dynlatch.seeds import rng_for
from dynlatch.theorems.cases import Vector
from dynlatch.theorems.measures import Reading

_WIDE: Final = 1200
_NEAR: Final = 150
_SCALES: Final = (1.0, 0.3, 0.1)
_STEPS: Final = 200


@dataclass(frozen=True, slots=True)
class Samples:
    """States that go to attractor k, shape (n, N), each entry a multiple of 10^-digits.

    ``members`` (3, N) says where they lie in Gamma, in the order of ``READINGS``. ``scale`` is a length in which M
    contracts around the attractor.
    """

    map: Map
    attractors: Attractors
    number: int
    states: Floats
    members: NDArray[np.int8]
    digits: int
    scale: float

    def inside(self, reading: Reading) -> Floats:
        """Those that are proved to be in Gamma."""
        return self.states[:, self.members[READINGS.index(reading)] == Membership.IN]

    def outside(self, reading: Reading) -> Floats:
        """Those that are proved not to be."""
        return self.states[:, self.members[READINGS.index(reading)] == Membership.OUT]

    def exact(self, state: Floats) -> Vector:
        """A sample as the exact decimal that it is."""
        unit = 10**self.digits
        return tuple(Fraction(round(float(v) * unit), unit) for v in state)

    def members_of(self, states: Floats, reading: Reading) -> NDArray[np.int8]:
        """Membership of other states, as narrow boxes."""
        box = np.ascontiguousarray(states)
        return classify(self.map, self.attractors, box, box, _STEPS).members[READINGS.index(reading)]


def sample_basin(m: Map, attractors: Attractors, k: int, seed: int) -> Samples:
    """Random states of the domain and near the attractor's points that are proved to go there. Rigor: certified."""
    rng = rng_for(seed, "audit", m.content_hash, k)
    ends = np.array([[float(lo), float(hi)] for lo, hi in m.domain])
    reach = min((t.radius / float(np.linalg.norm(t.norm.floats()[0], 2)) for t in attractors[k].traps), default=0.0)
    parts = [rng.uniform(ends[:, :1], ends[:, 1:], size=(m.dimension, _WIDE))]
    parts += [
        centre[:, None] + 3 * scale * reach * rng.uniform(-1, 1, size=(m.dimension, _NEAR))
        for centre in attractors[k].states.T[:4]
        for scale in _SCALES
    ]
    width = min(float(np.min(ends[:, 1] - ends[:, 0])), 4 * reach or 1.0)
    digits = max(0, 2 - math.floor(math.log10(width)))
    states = np.unique(np.round(np.concatenate(parts, axis=1), digits), axis=1)
    found = classify(m, attractors, states, states, _STEPS)
    own = found.attractor == k
    return Samples(m, attractors, k, np.ascontiguousarray(states[:, own]), found.members[:, own], digits, reach)


def sizes(matrices: Floats, reading: Reading) -> Floats:
    """|A| or rho(A) of matrices, shape (..., n, n). Rigor: floating point."""
    if matrices.shape[-1] == 1:
        return np.abs(matrices[..., 0, 0])
    safe = np.nan_to_num(matrices, nan=1e6, posinf=1e6, neginf=-1e6)
    if reading == "norm":
        return np.linalg.norm(safe, 2, axis=(-2, -1))
    return np.max(np.abs(np.linalg.eigvals(safe)), axis=-1)


def jacobians(m: Map, states: Floats) -> Floats:
    """M' at states of shape (n, N), as (N, n, n)."""
    return np.moveaxis(compiled_map(m).jacobian(np.ascontiguousarray(states), threads=1), 2, 0)


def orbits(m: Map, states: Floats, steps: int) -> list[Floats]:
    """The free orbits of many states, one array (n, N) a step."""
    step: Callable[..., Floats] = compiled_map(m).step
    found = [np.ascontiguousarray(states)]
    for _ in range(steps):
        found.append(step(found[-1], threads=1))
    return found
