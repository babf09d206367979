"""A set of states covered by boxes: paved anew at every step, cut by a ball, measured. Rigor: certified.

Boxes are pairs of arrays, lower and upper ends, shape (n, N); a point is a box that is nearly one.
"""

from __future__ import annotations

import math
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dynlatch.jit import jit
from dynlatch.maps.evaluators import Floats

Boxes: TypeAlias = tuple[Floats, Floats]

_FEW_ULP: Final = 64
_UP: Final = 1.0 + 2.0**-46
_DOWN: Final = 1.0 - 2.0**-46
"""Far more than the rounding of a distance in at most four coordinates."""


def paved(boxes: Boxes, pieces: int) -> Boxes:
    """The same set or a little more as at most ``pieces`` parts along each axis: the hull of what lies in each part.

    A part keeps what boxes have in it, not all of it, so that in one dimension nothing is added. An axis along which
    the set is hardly wider than rounding stays whole. Cost: about 10 ns for every part that a box touches.
    """
    lo, hi = boxes
    n = lo.shape[0]
    least, greatest = np.min(lo, axis=1), np.max(hi, axis=1)
    fine = greatest - least > _FEW_ULP * pieces * np.spacing(np.maximum(np.abs(least), np.abs(greatest)))
    counts = np.where(fine, pieces, 1).astype(np.int64)
    edges = np.zeros((n, pieces + 1))
    for i in range(n):
        edges[i, : counts[i] + 1] = np.linspace(least[i], greatest[i], int(counts[i]) + 1)
        edges[i, 0], edges[i, counts[i]] = least[i], greatest[i]  # whatever linspace has rounded
    total = int(np.prod(counts))
    new_lo, new_hi = np.full((n, total), math.inf), np.full((n, total), -math.inf)
    _pave(np.ascontiguousarray(lo), np.ascontiguousarray(hi), edges, counts, new_lo, new_hi)
    used = np.flatnonzero(new_lo[0] <= new_hi[0])
    return np.ascontiguousarray(new_lo[:, used]), np.ascontiguousarray(new_hi[:, used])


@jit
def _pave(lo, hi, edges, counts, new_lo, new_hi):  # pyright: ignore
    """Every box is cut at the edges; the parts between two of them are joined."""
    n = lo.shape[0]
    first, last, at = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    for j in range(lo.shape[1]):
        for i in range(n):
            row = edges[i, : counts[i] + 1]
            first[i] = max(np.searchsorted(row, lo[i, j], side="right") - 1, 0)
            last[i] = min(max(np.searchsorted(row, hi[i, j], side="left") - 1, first[i]), counts[i] - 1)
            first[i] = min(first[i], last[i])
            at[i] = first[i]
        while True:
            cell = 0
            for i in range(n):
                cell = cell * counts[i] + at[i]
            for i in range(n):
                new_lo[i, cell] = min(new_lo[i, cell], max(lo[i, j], edges[i, at[i]]))
                new_hi[i, cell] = max(new_hi[i, cell], min(hi[i, j], edges[i, at[i] + 1]))
            k = n - 1
            while k >= 0 and at[k] == last[k]:
                at[k] = first[k]
                k -= 1
            if k < 0:
                break
            at[k] += 1


def widened(boxes: Boxes, by: float) -> Boxes:
    """Every box widened by ``by`` along each axis, rounded outward."""
    if by == 0.0:
        return boxes
    return np.nextafter(boxes[0] - by, -math.inf), np.nextafter(boxes[1] + by, math.inf)


def hull(boxes: Boxes) -> Boxes:
    """The smallest box around all of them, as boxes of N = 1."""
    return np.min(boxes[0], axis=1, keepdims=True), np.max(boxes[1], axis=1, keepdims=True)


def within(boxes: Boxes, centre: Boxes, radius: float, norm: float) -> Boxes:
    """The part of the boxes within ``radius`` of a point, or a little more: boxes cut by the ball's hull.

    Boxes that miss the ball are left out. ``norm`` is 2 or inf.
    """
    lo = np.maximum(boxes[0], np.nextafter(centre[0] - radius, -math.inf))
    hi = np.minimum(boxes[1], np.nextafter(centre[1] + radius, math.inf))
    meets = np.all(lo <= hi, axis=0) & (nearest(boxes, centre, norm) <= radius)
    return np.ascontiguousarray(lo[:, meets]), np.ascontiguousarray(hi[:, meets])


def nearest(boxes: Boxes, centre: Boxes, norm: float) -> Floats:
    """A lower bound of |a - c| for a in each box and c in the box ``centre``; shape (N,)."""
    apart = np.maximum(np.maximum(boxes[0] - centre[1], centre[0] - boxes[1]), 0.0)
    return np.maximum(_lengths(apart, norm) * _DOWN - 5e-324, 0.0)


def farthest(boxes: Boxes, centre: Boxes, norm: float) -> Floats:
    """An upper bound of |a - c| for a in each box and c in the box ``centre``; shape (N,), inf where unknown."""
    apart = np.maximum(boxes[1] - centre[0], centre[1] - boxes[0])
    lengths = _lengths(apart, norm) * _UP + 5e-324
    return np.where(np.isnan(lengths), math.inf, lengths)


def _lengths(vectors: Floats, norm: float) -> Floats:
    """|v| of columns, without overflow or underflow on the way."""
    size = np.max(np.abs(vectors), axis=0)
    if norm == math.inf:
        return size
    with np.errstate(all="ignore"):
        scaled = np.where(size > 0.0, vectors / size, 0.0)
        return np.where(np.isfinite(size), size * np.sqrt(np.sum(scaled**2, axis=0)), size)


def are_known(boxes: Boxes) -> NDArray[np.bool_]:
    """Which boxes are bounded; shape (N,)."""
    return np.all(np.isfinite(boxes[0]) & np.isfinite(boxes[1]), axis=0)
