"""Gamma(X): the states from which no later derivative is expanding, in three readings of "less than 1"."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InputError
from dynlatch.maps.definition import Map
from dynlatch.maps.evaluators import compiled_map
from dynlatch.maps.threads import for_chunks
from dynlatch.progress import SILENT, Progress
from dynlatch.regions.attractors import Attractor
from dynlatch.regions.basins import Basins, basins
from dynlatch.regions.labels import Label
from dynlatch.rigor.krawczyk import Floats
from dynlatch.rigor.norms import AdaptedNorm, adapted_norm

if TYPE_CHECKING:
    import xarray

Members = NDArray[np.int8]

BYTES_OF_MEMBERSHIP: Final = 3
"""Per cell: one for each reading."""
READINGS: Final = ("spectral", "norm", "uniform")
MEMBERSHIPS: Final = "1 in, 0 out, -1 undecided"
"""What a file says of the numbers in it."""
_CHUNK: Final = 16_384
_SHORT: Final = 64
"""Steps for cells that go to a set that is no point or cycle."""


class Membership(enum.IntEnum):
    """Whether a state is in the reduced attracting set of the attractor it goes to."""

    OUT = 0
    IN = 1
    UNDECIDED = -1


@dataclass(frozen=True, slots=True, repr=False)
class ReducedSet:
    """Membership (a ``Membership`` per cell, in the grid's shape) in Gamma of the cell's own attractor.

    ``spectral``: every power's derivative (M^l)'(y), l >= 1, has spectral radius below 1 (BSF94, Definition 4, to the
    letter). ``norm``: every one has 2-norm below 1. ``uniform``: every factor of it is below 1 in one norm, adapted to
    the attractor, the reading under which the repaired theorems hold. For cycles the factors are those of M^p.
    All three are in the coordinates of the map's states. Rigor: sampled, in floating point.
    """

    basins: Basins
    spectral: Members
    norm: Members
    uniform: Members

    def reading(self, name: str) -> Members:
        """One of the three by name."""
        return {"spectral": self.spectral, "norm": self.norm, "uniform": self.uniform}[name]

    def fraction(self, name: str) -> float:
        """The share of all cells that are in Gamma under the named reading."""
        return float(np.mean(self.reading(name) == Membership.IN))

    def to_xarray(self) -> xarray.Dataset:
        """The basins' dataset with one variable more for each reading."""
        dataset = self.basins.to_xarray()
        dims = list(dataset["label"].dims)
        for name in READINGS:
            dataset[f"gamma_{name}"] = (dims, self.reading(name), {"values": MEMBERSHIPS})
        return dataset

    def __repr__(self) -> str:
        shares = ", ".join(f"{name} {self.fraction(name):.4f}" for name in READINGS)
        return f"ReducedSet of {self.basins.map.name} (share of the cells: {shares})"


def reduced_set(
    m: Map,
    box: object = None,
    resolution: int | Sequence[int] = 200,
    *,
    axes: Sequence[str] | None = None,
    at: Mapping[str, object] | None = None,
    labelled: Basins | None = None,
    max_steps: int = 2_000,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> ReducedSet:
    """Sample Gamma(X) on a grid, for every attractor X at once, in the three readings.

    The derivative of M^l is multiplied along each cell's orbit until the orbit is in the attractor's trapping region
    and the product so small there that it stays below 1 for ever. Pass ``labelled`` to use basins already computed.

    Raises: InputError as ``basins`` does.
    Rigor: sampled. Cost: about a microsecond a cell and step in two dimensions.
    """
    if isinstance(max_steps, bool) or max_steps < 1:
        raise InputError(f"max_steps={max_steps} must be at least 1; it bounds each orbit")
    found = labelled or basins(
        m, box, resolution, axes=axes, at=at, seed=seed, threads=threads, progress=progress
    )  # fmt: skip
    total = found.grid.num_cells
    members = np.empty((3, total), dtype=np.int8)
    labels = found.labels.ravel()

    def work(start: int, end: int) -> None:
        members[:, start:end] = _classify(m, found, start, labels[start:end], max_steps)

    for_chunks(work, total, _CHUNK, threads=threads, progress=progress, title="reduced attracting sets")
    shape = found.grid.counts
    return ReducedSet(found, members[0].reshape(shape), members[1].reshape(shape), members[2].reshape(shape))


def _classify(m: Map, found: Basins, start: int, labels: NDArray[np.int16], max_steps: int) -> Members:
    members = np.full((3, labels.size), Membership.OUT, dtype=np.int8)
    open_labels = (Label.OUT_OF_TIME, Label.UNDECIDED)
    members[:, np.isin(labels, open_labels)] = Membership.UNDECIDED
    points = found.grid.points(start, start + labels.size)
    for k, attractor in enumerate(found.attractors.listed):
        chosen = np.flatnonzero(labels == k)
        if chosen.size:
            # Gamma belongs to hyperbolic attractors; for any other set a short look finds what is clearly outside.
            steps = max_steps if attractor.point is not None else min(max_steps, _SHORT)
            members[:, chosen] = _follow(m, attractor, np.ascontiguousarray(points[:, chosen]), steps)
    return members


def _follow(m: Map, attractor: Attractor, states: Floats, max_steps: int) -> Members:
    """Multiply derivatives along orbits that go to one attractor; shape (3, N)."""
    n, total = states.shape
    compiled = compiled_map(m)
    norm, period = _norm_of(m, attractor)
    p, q = _matrices(norm)
    condition = float(np.linalg.norm(p, 2) * np.linalg.norm(q, 2))
    # In the trapping region |J| <= condition |P J P^-1|, which falls, and |P J P^-1| <= condition |J|.
    # Inside a period the product may grow for a while before it shrinks.
    small = (1.0 if period == 1 else 1e-6) / condition**2
    result = np.full((3, total), Membership.IN, dtype=np.int8)
    active = np.arange(total)
    product = np.repeat(np.eye(n)[None], total, axis=0)
    factor = product.copy()
    for step in range(1, max_steps + 1):
        jacobian = np.moveaxis(compiled.jacobian(states, threads=1), 2, 0)
        with np.errstate(all="ignore"):
            product = jacobian @ product
            factor = jacobian @ factor
            large = _at_least_one(product)
            result[1, active[large]] = Membership.OUT
            # A spectral radius is at most a norm, so only a product of norm 1 or more can have one of 1 or more.
            result[0, active[large[~(spectral_radii(product[large]) < 1.0)]]] = Membership.OUT
            if step % period == 0:
                result[2, active[_at_least_one(p @ factor @ q)]] = Membership.OUT
                factor = np.repeat(np.eye(n)[None], active.size, axis=0)
        states = compiled.step(states, threads=1)
        settled = np.sqrt(np.sum(product**2, axis=(1, 2))) < small
        settled[settled] = _trapped(attractor, states[:, settled])
        keep = ~settled & np.any(result[:, active] == Membership.IN, axis=0)
        if not np.all(keep):
            active, states = active[keep], np.ascontiguousarray(states[:, keep])
            product, factor = product[keep], factor[keep]
        if not active.size:
            return result
    late = result[:, active]
    late[late == Membership.IN] = Membership.UNDECIDED
    result[:, active] = late
    return result


def _at_least_one(matrices: Floats) -> NDArray[np.intp]:
    """The indices of matrices whose 2-norm is not below 1; the cheap Frobenius norm settles most."""
    doubtful = np.flatnonzero(~(np.sum(matrices**2, axis=(1, 2)) < 1.0))
    return doubtful[~(two_norms(matrices[doubtful]) < 1.0)]


def _norm_of(m: Map, attractor: Attractor) -> tuple[AdaptedNorm, int]:
    if attractor.traps:
        return attractor.traps[0].norm, attractor.traps[0].period
    if attractor.point is not None:
        state = attractor.point.values[:, None]
        return adapted_norm(compiled_map(m).jacobian(state, threads=1)[:, :, 0]), attractor.point.period
    return adapted_norm(np.zeros((m.dimension, m.dimension))), 1


def _matrices(norm: AdaptedNorm) -> tuple[Floats, Floats]:
    return (
        np.array([[float(v) for v in row] for row in norm.matrix]),
        np.array([[float(v) for v in row] for row in norm.inverse]),
    )


def _trapped(attractor: Attractor, states: Floats) -> NDArray[np.bool_]:
    inside = np.zeros(states.shape[1], dtype=bool)
    for trap in attractor.traps:
        shape = _matrices(trap.norm)[0]
        inside |= np.linalg.norm(shape @ (states - np.array(trap.centre)[:, None]), axis=0) <= trap.radius
    return inside


def two_norms(matrices: Floats) -> Floats:
    """Largest singular values of a stack of matrices, shape (N, n, n) to (N,). Rigor: floating point."""
    n = matrices.shape[1]
    if n == 1:
        return np.abs(matrices[:, 0, 0])
    if n == 2:  # half the sum of the lengths of the conformal and the anticonformal part
        a, b, c, d = (matrices[:, i, j] for i in (0, 1) for j in (0, 1))
        return 0.5 * (np.hypot(a + d, b - c) + np.hypot(a - d, b + c))
    return np.linalg.norm(matrices, 2, axis=(1, 2))


def spectral_radii(matrices: Floats) -> Floats:
    """Largest moduli of the eigenvalues of a stack of matrices, shape (N, n, n) to (N,). Rigor: floating point."""
    n = matrices.shape[1]
    if n == 1:
        return np.abs(matrices[:, 0, 0])
    if n == 2:
        half = 0.5 * (matrices[:, 0, 0] + matrices[:, 1, 1])
        determinant = matrices[:, 0, 0] * matrices[:, 1, 1] - matrices[:, 0, 1] * matrices[:, 1, 0]
        gap = half * half - determinant
        return np.where(gap >= 0, np.abs(half) + np.sqrt(np.maximum(gap, 0)), np.sqrt(np.abs(determinant)))
    finite = np.all(np.isfinite(matrices), axis=(1, 2))
    radii = np.full(matrices.shape[0], np.inf)
    radii[finite] = np.max(np.abs(np.linalg.eigvals(matrices[finite])), axis=1)
    return radii
