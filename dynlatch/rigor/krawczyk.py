"""Every zero of f in a box, each proved to exist and to be the only one in its cell.

Krawczyk's operator K = m - Y f(m) + (I - Y f'(X))(X - m) maps a box X to a box that holds every zero of f in X;
K inside the interior of X proves exactly one zero, K apart from X proves none. Branch and prune runs breadth
first with compiled outward-rounded intervals; ``certify_zero`` sharpens one zero with balls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from flint import arb, arb_mat
from numpy.typing import NDArray

from dynlatch.jit import jit
from dynlatch.rigor import balls
from dynlatch.rigor import intervals as iv
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.verdict import Stop

Floats: TypeAlias = NDArray[np.float64]

Ball: TypeAlias = arb

BoxFunction: TypeAlias = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""From lower and upper ends, shape (n, N), to enclosures of f, shape (n, N), or of f', shape (n, n, N)."""

_FEW_ULP: Final = 2.0**-49  # below this relative width a box cannot be cut any more

BISECT_AT: Final = 127 / 256
"""Not the middle: a zero at 0 then does not sit on a cut of a symmetric box."""


@dataclass(frozen=True, slots=True)
class ZeroSearch:
    """What a search found: boxes with exactly one zero each, and boxes about which nothing was decided.

    Shapes (n, k); every zero in the searched box lies in one of them. Rigor: certified.
    """

    isolated: tuple[Floats, Floats]
    undecided: tuple[Floats, Floats]
    num_boxes: int
    stop: Stop


def find_zeros(
    f: BoxFunction,
    derivative: BoxFunction,
    box: tuple[Floats, Floats],
    *,
    tolerance: float = 1e-7,
    max_boxes: int = 100_000,
) -> ZeroSearch:
    """Isolate every zero of f in a box by branch and prune.

    Arguments: ``box``, lower and upper ends of shape (n,); ``tolerance``, the width at which an undecided box is
    given up; ``max_boxes``, how many boxes may be examined. Rigor: certified. Cost: about a microsecond a box for
    cheap maps, and a number of boxes that grows exponentially with n.
    """
    lo, hi = box[0][:, None].copy(), box[1][:, None].copy()
    found: list[tuple[Floats, Floats]] = []
    given_up: list[tuple[Floats, Floats]] = []
    examined = 0
    while lo.shape[1] and examined + lo.shape[1] <= max_boxes:
        examined += lo.shape[1]
        k_lo, k_hi = _operator(f, derivative, lo, hi)
        f_lo, f_hi = f(lo, hi)
        empty = np.any((k_hi < lo) | (k_lo > hi) | (f_lo > 0) | (f_hi < 0), axis=0)
        proved = ~empty & np.all((k_lo > lo) & (k_hi < hi), axis=0)
        if np.any(proved):
            found.append((lo[:, proved], hi[:, proved]))
        rest = ~empty & ~proved
        new_lo, new_hi = np.fmax(lo, k_lo)[:, rest], np.fmin(hi, k_hi)[:, rest]
        lo, hi = lo[:, rest], hi[:, rest]
        shrunk = np.max(new_hi - new_lo, axis=0) < 0.6 * np.max(hi - lo, axis=0)
        size = np.max(np.maximum(np.abs(new_lo), np.abs(new_hi)), axis=0)
        small = ~shrunk & (np.max(new_hi - new_lo, axis=0) <= np.maximum(tolerance, _FEW_ULP * size))
        if np.any(small):
            given_up.append((new_lo[:, small], new_hi[:, small]))
        cut = ~shrunk & ~small
        cut_lo, cut_hi = _bisect(new_lo[:, cut], new_hi[:, cut])
        lo = np.concatenate([new_lo[:, shrunk], cut_lo], axis=1)
        hi = np.concatenate([new_hi[:, shrunk], cut_hi], axis=1)
    exhausted = lo.shape[1] > 0
    if exhausted:
        given_up.append((lo, hi))
    n = box[0].size
    return ZeroSearch(_join(found, n), _join(given_up, n), examined, Stop.BUDGET if exhausted else Stop.SOLVED)


def _join(parts: Sequence[tuple[Floats, Floats]], n: int) -> tuple[Floats, Floats]:
    empty = np.empty((n, 0))
    return np.concatenate([empty, *(p[0] for p in parts)], axis=1), np.concatenate(
        [empty, *(p[1] for p in parts)], axis=1
    )


def _operator(f: BoxFunction, derivative: BoxFunction, lo: Floats, hi: Floats) -> tuple[Floats, Floats]:
    mid = lo + 0.5 * (hi - lo)
    f_lo, f_hi = f(mid, mid)
    d_lo, d_hi = derivative(lo, hi)
    with np.errstate(all="ignore"):  # an unbounded derivative has no middle
        inverse = _inverses(d_lo + 0.5 * (d_hi - d_lo))
    k_lo, k_hi = np.empty_like(lo), np.empty_like(lo)
    _krawczyk(lo, hi, mid, f_lo, f_hi, d_lo, d_hi, inverse, k_lo, k_hi)
    return k_lo, k_hi


def _inverses(matrices: Floats) -> Floats:
    """Float inverses of (n, n, N); any values are valid preconditioners, so a singular matrix just gets a poor one."""
    n = matrices.shape[0]
    stack = np.nan_to_num(np.moveaxis(matrices, 2, 0), nan=1.0, posinf=1e300, neginf=-1e300)
    with np.errstate(all="ignore"):
        size = np.abs(np.linalg.det(stack))
        stack[~((size >= 1e-200) & (size < np.inf))] = np.eye(n)
        inverse = np.nan_to_num(np.linalg.inv(stack), nan=0.0, posinf=1e300, neginf=-1e300)
    return np.ascontiguousarray(np.moveaxis(inverse, 0, 2), dtype=np.float64)


def _bisect(lo: Floats, hi: Floats) -> tuple[Floats, Floats]:
    widest = np.argmax(hi - lo, axis=0)
    columns = np.arange(lo.shape[1])
    ends = lo[widest, columns], hi[widest, columns]
    cut = ends[0] + BISECT_AT * (ends[1] - ends[0])
    left_hi, right_lo = hi.copy(), lo.copy()
    left_hi[widest, columns] = cut
    right_lo[widest, columns] = cut
    return np.concatenate([lo, right_lo], axis=1), np.concatenate([left_hi, hi], axis=1)


@jit
def _krawczyk(lo, hi, mid, f_lo, f_hi, d_lo, d_hi, y, k_lo, k_hi):  # pyright: ignore
    n = lo.shape[0]
    for j in range(lo.shape[1]):
        for i in range(n):
            sum_lo, sum_hi = mid[i, j], mid[i, j]
            for k in range(n):
                a, b = iv.mul(y[i, k, j], y[i, k, j], f_lo[k, j], f_hi[k, j])
                sum_lo, sum_hi = iv.sub(sum_lo, sum_hi, a, b)
            for k in range(n):
                e_lo, e_hi = (1.0, 1.0) if i == k else (0.0, 0.0)
                for q in range(n):
                    a, b = iv.mul(y[i, q, j], y[i, q, j], d_lo[q, k, j], d_hi[q, k, j])
                    e_lo, e_hi = iv.sub(e_lo, e_hi, a, b)
                x_lo, x_hi = iv.sub(lo[k, j], hi[k, j], mid[k, j], mid[k, j])
                a, b = iv.mul(e_lo, e_hi, x_lo, x_hi)
                sum_lo, sum_hi = iv.add(sum_lo, sum_hi, a, b)
            k_lo[i, j] = sum_lo
            k_hi[i, j] = sum_hi


BallFunction: TypeAlias = Callable[[Sequence[arb]], list[arb]]
BallDerivative: TypeAlias = Callable[[Sequence[arb]], list[list[arb]]]


def certify_zero(
    f: BallFunction, derivative: BallDerivative, near: Sequence[float], *, bits: int = 160
) -> tuple[Enclosure, ...] | None:
    """Prove a zero of f next to a float approximation and enclose it to about ``bits`` bits.

    Newton's steps sharpen the approximation, then Krawczyk on boxes of growing radius around it proves that there
    is exactly one zero. Returns None where that fails (a zero that is not simple, or none).
    Rigor: certified. Cost: about a millisecond for small systems.
    """
    with balls.precision(bits + 32):
        centre = _newton(f, derivative, [arb(float(x)) for x in near])
        if centre is None:
            return None
        try:
            inverse = arb_mat(derivative(centre)).mid().inv().mid()
        except ZeroDivisionError:
            return None
        scale = max(1.0, *(abs(float(c)) for c in centre))
        for exponent in range(-bits, -16, 16):
            box = [arb(c, scale * 2.0**exponent) for c in centre]
            image = _ball_operator(f, derivative, centre, box, inverse)
            if all(k.is_finite() and x.contains_interior(k) for x, k in zip(box, image, strict=True)):
                return tuple(balls.enclosure(k) for k in image)
        return None


def _newton(f: BallFunction, derivative: BallDerivative, centre: list[arb]) -> list[arb] | None:
    """Newton's method on midpoints: no proof, only a better guess."""
    for _ in range(12):
        try:
            step = arb_mat(derivative(centre)).mid().inv() * arb_mat([[v] for v in f(centre)])
        except ZeroDivisionError:
            return None
        centre = [(c - step[i, 0]).mid() for i, c in enumerate(centre)]
        if not all(c.is_finite() for c in centre):
            return None
    return centre


def _ball_operator(
    f: BallFunction, derivative: BallDerivative, centre: Sequence[arb], box: Sequence[arb], inverse: arb_mat
) -> list[arb]:
    n = len(centre)
    values = inverse * arb_mat([[v] for v in f(centre)])
    identity = arb_mat([[int(i == j) for j in range(n)] for i in range(n)])
    spread = identity - inverse * arb_mat(derivative(box))
    shift = spread * arb_mat([[box[i] - centre[i]] for i in range(n)])
    return [centre[i] - values[i, 0] + shift[i, 0] for i in range(n)]
