"""Upper bounds of operator norms of float interval matrices, by the thousand."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from dynlatch.rigor.norms import AdaptedNorm, Floats, read_norm

_NORMAL: Final = 1e100
"""Entries up to this size have squares and sums of squares far from overflow."""
_UNDERFLOW: Final = 2.0**-500
"""More than the root of everything that a product of floats can lose below the least normal number."""


def norm_upper_bounds(j_lo: Floats, j_hi: Floats, norm: object) -> Floats:
    """An upper bound of |A| over each of N interval matrices; inf where nothing is known.

    Arguments: ``j_lo``, ``j_hi``, lower and upper ends of the entries, shape (n, n, N), as
    ``IntervalMap.jacobian`` gives them; ``norm``, as ``read_norm`` takes it. Returns shape (N,).
    Raises: InputError for an unknown norm. Rigor: certified (outward-rounded floats; any summation order).
    Cost: under a microsecond a matrix for n <= 2, some ten microseconds in norm 2 for larger n.
    """
    kind = read_norm(norm, j_lo.shape[0])
    lo, hi = (np.ascontiguousarray(np.moveaxis(ends, 2, 0)) for ends in (j_lo, j_hi))
    unknown = ~np.all(np.isfinite(lo) & np.isfinite(hi) & (lo <= hi), axis=(1, 2))
    lo[unknown], hi[unknown] = 0.0, 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        if isinstance(kind, AdaptedNorm):
            centre, radius = _conjugated(*_centred(lo, hi), kind)
            bounds = _two_norms(centre, radius, _up(np.abs(centre) + radius, 1))
        elif kind == 2:
            bounds = _two_norms(*_centred(lo, hi), np.maximum(np.abs(lo), np.abs(hi)))
        else:
            bounds = _sums(np.maximum(np.abs(lo), np.abs(hi)), 1 if kind == 1 else 2)
    bounds[unknown | np.isnan(bounds)] = math.inf
    return bounds


def _up(values: Floats, operations: int) -> Floats:
    """At least the true value of a non-negative quantity that took this many roundings, each of relative size 2^-53.

    (1 - 2^-53)^-k < 1 + k 2^-52 for every k that fits in memory; one more pays for this product, and the step to the
    next float for its underflow.
    """
    return np.nextafter(values * (1.0 + (operations + 1) * 2.0**-52), math.inf)


def _sums(sizes: Floats, axis: int) -> Floats:
    return np.max(_up(np.sum(sizes, axis=axis), sizes.shape[1]), axis=1)


def _centred(lo: Floats, hi: Floats) -> tuple[Floats, Floats]:
    """Any centre would do; the radius covers both ends from it. A difference that is 0 is exactly 0."""
    centre = 0.5 * lo + 0.5 * hi
    radius = np.maximum(hi - centre, centre - lo)
    return centre, np.where(radius > 0.0, _up(radius, 1), 0.0)


def _conjugated(centre: Floats, radius: Floats, norm: AdaptedNorm) -> tuple[Floats, Floats]:
    """P A P^-1 as centre and radius.

    The computed centre errs by at most (2n + 2) 2^-53 |P| |A| |P^-1| to first order (two products of n terms, P and
    its inverse each rounded to nearest), for which twice that is allowed.
    """
    n = len(norm.matrix)
    p, q = norm.floats()
    spread = np.abs(p) @ (radius + (n + 1) * 2.0**-51 * np.abs(centre)) @ np.abs(q)
    return p @ centre @ q, _up(spread, 4 * n + 8) + _UNDERFLOW


def _two_norms(centre: Floats, radius: Floats, sizes: Floats) -> Floats:
    """The lesser of |centre| + |radius| and of the norm of the absolute values: both bound every matrix between."""
    if centre.shape[1] == 1:
        return sizes[:, 0, 0]
    point = _plane if centre.shape[1] == 2 else _verified
    return np.minimum(_up(point(centre) + point(radius), 1), point(sizes))


def _plane(matrices: Floats) -> Floats:
    """The closed form for n = 2: five roundings on each way, seven with their halves beneath the root."""
    a, b, c, d = matrices[:, 0, 0], matrices[:, 0, 1], matrices[:, 1, 0], matrices[:, 1, 1]
    total = np.sqrt((a + d) ** 2 + (b - c) ** 2) + np.sqrt((a - d) ** 2 + (b + c) ** 2)
    return np.where(np.any(matrices, axis=(1, 2)), _up(0.5 * total, 8) + _UNDERFLOW, 0.0)


def _verified(matrices: Floats) -> Floats:
    """For n >= 3: float eigenvectors V of C^T C, then |C|^2 <= |(CV)^T (CV)|_inf / (1 - |I - V^T V|_inf), verified.

    V need not be orthogonal, nor its columns eigenvectors: a poor V gives a large bound, not a wrong one. A computed
    product X Y errs by at most g |X| |Y| entrywise, g = n 2^-52, whatever the order of its sums; Frobenius norms
    bound what that adds.
    """
    n = matrices.shape[1]
    g = n * 2.0**-52
    simple = np.minimum(
        _up(np.sqrt(np.sum(matrices**2, axis=(1, 2))), n * n + 2) + _UNDERFLOW,
        _up(np.sqrt(_sums(np.abs(matrices), 1)) * np.sqrt(_sums(np.abs(matrices), 2)), 3),
    )
    c = np.where((simple < _NORMAL)[:, None, None], matrices, 0.0)
    v = np.linalg.eigh(np.swapaxes(c, 1, 2) @ c)[1]
    image = c @ v
    gram = np.swapaxes(image, 1, 2) @ image
    image_size, v_size, c_size = (np.sum(m**2, axis=(1, 2)) for m in (image, v, c))
    squared = np.max(np.sum(np.abs(gram), axis=2), axis=1) + 2.0 * g * math.sqrt(n) * image_size
    stretch = np.sqrt(squared) + 2.0 * g * np.sqrt(c_size * v_size)
    defect = np.max(np.sum(np.abs(np.eye(n) - np.swapaxes(v, 1, 2) @ v), axis=2), axis=1) + 2.0 * g * (
        1.0 + math.sqrt(n) * v_size
    )
    sharp = _up(stretch / np.sqrt(1.0 - defect), 4 * n + 16) + _UNDERFLOW
    usable = (simple < _NORMAL) & (defect < 0.5)
    return np.where(usable & (sharp < simple), sharp, simple)
