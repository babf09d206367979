"""Stacks of float interval matrices: products, least norms, and on which side of 1 the spectral radius lies.

A stack is a pair of arrays of shape (n, n, N), the lower and upper ends of the entries of N matrices, as
``IntervalMap.jacobian`` gives them. A matrix with an entry that is poison (NaN, or ends out of order) is one of which
nothing is known: its least norm is 0, and nothing is certain of its spectral radius.
Rigor: certified (outward-rounded floats).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dynlatch.jit import jit
from dynlatch.rigor import intervals as iv
from dynlatch.rigor.enclosure import float_above, float_below
from dynlatch.rigor.float_norms import norm_upper_bounds
from dynlatch.rigor.interval_determinants import jury
from dynlatch.rigor.norms import AdaptedNorm, Floats, Rational, read_norm

_POWERS: Final = 12
_DOUBLINGS: Final = 20
_CHUNK: Final = 4096
_LARGEST: Final = 2.0**1023


def interval_product(a_lo: Floats, a_hi: Floats, b_lo: Floats, b_hi: Floats) -> tuple[Floats, Floats]:
    """Enclosures of A B for N pairs of interval matrices, shapes (n, n, N). Rigor: certified."""
    c_lo, c_hi = np.empty_like(b_lo), np.empty_like(b_lo)
    _multiply(a_lo, a_hi, b_lo, b_hi, c_lo, c_hi)
    return c_lo, c_hi


@jit
def _multiply(a_lo: Floats, a_hi: Floats, b_lo: Floats, b_hi: Floats, c_lo: Floats, c_hi: Floats) -> None:
    n = a_lo.shape[0]
    for j in range(a_lo.shape[2]):
        for i in range(n):
            for k in range(n):
                s_lo, s_hi = 0.0, 0.0
                for q in range(n):
                    p_lo, p_hi = iv.mul(a_lo[i, q, j], a_hi[i, q, j], b_lo[q, k, j], b_hi[q, k, j])
                    s_lo, s_hi = iv.add(s_lo, s_hi, p_lo, p_hi)
                c_lo[i, k, j] = s_lo
                c_hi[i, k, j] = s_hi


# --- least norms ------------------------------------------------------------------------------------------------------


def norm_lower_bounds(j_lo: Floats, j_hi: Floats, norm: object, enough: float = math.inf) -> Floats:
    """A lower bound of |A| that holds for every matrix A in each of N interval matrices; 0 where nothing is known.

    |A| >= |A v| / |v| for any v; tried are the middle's top singular vectors on both sides, columns and rows. In
    norms 1 and inf the bound is the least norm itself, up to rounding.
    Arguments: ``j_lo``, ``j_hi``, shape (n, n, N); ``norm``, as ``norms.read_norm`` takes it; ``enough``, a bound that
    need not be bettered. Returns shape (N,).
    Raises: InputError for an unknown norm. Rigor: certified; for narrow matrices the gap to |A| is of the order of
    their width. Cost: about a microsecond a matrix for n <= 2, some ten for n = 4.
    """
    kind = read_norm(norm, j_lo.shape[0])
    lo, hi = _known(j_lo, j_hi)
    if not isinstance(kind, AdaptedNorm) and kind != 2:
        least = np.maximum(np.maximum(lo, -hi), 0.0)
        return np.max(_down(np.sum(least, axis=0 if kind == 1 else 1), lo.shape[0]), axis=0)
    bounds = np.zeros(lo.shape[2])
    chosen = np.arange(bounds.size)
    if enough < math.inf:  # the member that is nearest to 0 shows where that much cannot be had
        nearest = np.clip(0.0, lo, hi)
        chosen = np.flatnonzero(norm_upper_bounds(nearest, nearest, kind) >= enough)
        lo, hi = lo[:, :, chosen], hi[:, :, chosen]
    bounds[chosen] = _stretched(lo, hi, kind if isinstance(kind, AdaptedNorm) else None, enough)
    return bounds


def _stretched(lo: Floats, hi: Floats, norm: AdaptedNorm | None, enough: float) -> Floats:
    """The least |A v| / |v| over each interval matrix, for the best of some v."""
    left, right = (norm.matrix, norm.inverse) if norm is not None else (None, None)
    n, count = lo.shape[0], lo.shape[2]
    shape, shape_inverse = _ends(left, n), _ends(right, n)
    u, v = _singular_vectors(lo, hi, shape[0], shape_inverse[0])
    transposed = [np.ascontiguousarray(np.swapaxes(m, 0, 1)) for m in (lo, hi)]
    weights = [np.ascontiguousarray(m.T) for m in shape_inverse]
    bounds = np.zeros(count)
    for k in range(-1, n):  # |P A P^-1| is the norm of its transpose as well, in which the shape is P^-T
        unit = np.zeros((n, count))
        unit[k] = 1.0
        _stretch(lo, hi, *shape, v if k < 0 else unit, bounds, enough)
        _stretch(*transposed, *weights, u if k < 0 else unit, bounds, enough)
    return bounds


def _known(j_lo: Floats, j_hi: Floats) -> tuple[Floats, Floats]:
    """Contiguous copies in which a matrix of which nothing is known holds all real numbers in every entry."""
    lo, hi = np.array(j_lo, dtype=np.float64, order="C"), np.array(j_hi, dtype=np.float64, order="C")
    unknown = ~np.all(lo <= hi, axis=(0, 1))
    lo[:, :, unknown], hi[:, :, unknown] = -math.inf, math.inf
    return lo, hi


def _down(values: Floats, operations: int) -> Floats:
    """At most the true value of a non-negative quantity that took this many roundings, each of relative size 2^-53."""
    return np.maximum(np.nextafter(values * (1.0 - (operations + 1) * 2.0**-52), -math.inf), 0.0)


def _ends(matrix: Rational | None, n: int) -> tuple[Floats, Floats]:
    """An exact matrix between floats; the identity if there is none."""
    if matrix is None:
        return np.eye(n), np.eye(n)
    lo, hi = ([[side(v) for v in row] for row in matrix] for side in (float_below, float_above))
    return np.array(lo, dtype=np.float64), np.array(hi, dtype=np.float64)


def _singular_vectors(lo: Floats, hi: Floats, shape: Floats, inverse: Floats) -> tuple[Floats, Floats]:
    """Floats u and v, shapes (n, N), where A^T and A stretch most in the norm: directions to try, of no authority."""
    n = lo.shape[0]
    with np.errstate(all="ignore"):
        middle = np.nan_to_num(0.5 * lo + 0.5 * hi, nan=0.0, posinf=1.0, neginf=-1.0)
        size = np.max(np.abs(middle), axis=(0, 1))
        scaled = np.moveaxis(middle / np.where(size > 0.0, size, 1.0), 2, 0)
        stack = np.nan_to_num(shape @ scaled @ inverse)
    if n == 2:
        a, b, c, d = (stack[:, i, j] for i in (0, 1) for j in (0, 1))
        turn = 0.5 * np.arctan2(2.0 * (a * b + c * d), a * a + c * c - b * b - d * d)
        back = 0.5 * np.arctan2(2.0 * (a * c + b * d), a * a + b * b - c * c - d * d)
        right, left = np.stack([np.cos(turn), np.sin(turn)]), np.stack([np.cos(back), np.sin(back)])
    else:
        first, _, last = np.linalg.svd(stack)
        left, right = first[:, :, 0].T, last[:, 0, :].T
    return np.ascontiguousarray(shape.T @ left), np.ascontiguousarray(inverse @ right)


@jit
def _stretch(j_lo, j_hi, p_lo, p_hi, v, bounds, enough):  # pyright: ignore
    """Raise each bound that is below ``enough`` to |P A v| / |P v|, rounded down."""
    n = j_lo.shape[0]
    w_lo, w_hi, x, sizes = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    for j in range(j_lo.shape[2]):
        if bounds[j] >= enough:
            continue
        for k in range(n):
            x[k] = v[k, j]
        for i in range(n):
            s_lo, s_hi = 0.0, 0.0
            for k in range(n):
                if x[k] > 0.0:
                    s_lo, s_hi = iv.add(s_lo, s_hi, iv.down(j_lo[i, k, j] * x[k]), iv.up(j_hi[i, k, j] * x[k]))
                elif x[k] < 0.0:
                    s_lo, s_hi = iv.add(s_lo, s_hi, iv.down(j_hi[i, k, j] * x[k]), iv.up(j_lo[i, k, j] * x[k]))
            w_lo[i], w_hi[i] = s_lo, s_hi
        above = _length_above(p_lo, p_hi, x, sizes)
        if 0.0 < above < math.inf:
            below = iv.down(_length_below(p_lo, p_hi, w_lo, w_hi, sizes) / above)
            if below > bounds[j]:
                bounds[j] = below


@jit
def _apply(p_lo, p_hi, w_lo, w_hi, i):  # pyright: ignore
    """Entry i of P w."""
    s_lo, s_hi = 0.0, 0.0
    for k in range(p_lo.shape[0]):
        if p_lo[i, k] != 0.0 or p_hi[i, k] != 0.0:  # a product of 0 with an unbounded entry would be poison
            a, b = iv.mul(p_lo[i, k], p_hi[i, k], w_lo[k], w_hi[k])
            s_lo, s_hi = iv.add(s_lo, s_hi, a, b)
    return s_lo, s_hi


@jit
def _length_below(p_lo, p_hi, w_lo, w_hi, sizes):  # pyright: ignore
    """At most |P w|; the entries are divided by the largest before they are squared. ``sizes`` is room for n."""
    n, largest = p_lo.shape[0], 0.0
    for i in range(n):
        a, b = _apply(p_lo, p_hi, w_lo, w_hi, i)
        sizes[i] = min(max(a, -b), _LARGEST / n) if a > 0.0 or b < 0.0 else 0.0
        largest = max(largest, sizes[i])
    if largest == 0.0:
        return 0.0
    total = 0.0
    for i in range(n):
        part = max(iv.down(sizes[i] / largest), 0.0)
        total = max(iv.down(total + max(iv.down(part * part), 0.0)), 0.0)
    return max(iv.down(largest * iv.down(math.sqrt(total))), 0.0)


@jit
def _length_above(p_lo, p_hi, w, sizes):  # pyright: ignore
    """At least |P w|; infinite where nothing is known. ``sizes`` is room for n."""
    n, largest = p_lo.shape[0], 0.0
    for i in range(n):
        a, b = _apply(p_lo, p_hi, w, w, i)
        if not a <= b:
            return math.inf
        sizes[i] = max(-a, b)
        largest = max(largest, sizes[i])
    if largest == 0.0 or largest == math.inf:
        return largest
    total = 0.0
    for i in range(n):
        part = iv.up(sizes[i] / largest)
        total = iv.up(total + iv.up(part * part))
    return iv.up(largest * iv.up(math.sqrt(total)))


# --- the spectral radius ----------------------------------------------------------------------------------------------


def radius_below_one(j_lo: Floats, j_hi: Floats, norms: Sequence[object] = ()) -> NDArray[np.bool_]:
    """Whether the spectral radius of every matrix A in each of N interval matrices is certainly below 1.

    For n <= 2 by Jury's conditions det(I - A) > 0, det(I + A) > 0, det A < 1, in which each entry stands once, so that
    nothing but rounding is lost. For larger n by a norm below 1: 1, 2, inf, those given, and one adapted to the
    middle, for which |P A X| + |P X - I| < 1 is checked (X is nearly P^-1, and (P X)^-1 costs 1 / (1 - |P X - I|));
    for n = 3 and 4 also by that for the middle alone, where no A has an eigenvalue on the unit circle.
    Arguments: ``j_lo``, ``j_hi``, shape (n, n, N); ``norms``, more norms to try, as ``norms.read_norm`` takes them.
    Returns shape (N,). Raises: InputError for an unknown norm. Rigor: certified where True; False says nothing.
    Cost: under a microsecond a matrix for n <= 2, some hundred for larger n where the simple norms do not decide.
    """
    kinds = [read_norm(norm, j_lo.shape[0]) for norm in norms]
    lo, hi = _known(j_lo, j_hi)
    n, count = lo.shape[0], lo.shape[2]
    apart, above = np.zeros(count, dtype=np.bool_), np.zeros(count, dtype=np.bool_)
    if n <= 4:
        jury(lo, hi, apart, above)
    if n <= 2:
        return apart
    below = np.zeros(count, dtype=np.bool_)
    for kind in (1, math.inf, 2, *kinds):
        rest = np.flatnonzero(~(below | above))
        below[rest] = norm_upper_bounds(lo[:, :, rest], hi[:, :, rest], kind) < 1.0
    rest = np.flatnonzero(~(below | above))
    for start in range(0, rest.size, _CHUNK):
        some = rest[start : start + _CHUNK]
        middle = _middle(lo[:, :, some], hi[:, :, some])
        below[some] = np.where(
            apart[some],
            _small_in_an_adapted_norm(middle, middle, middle),
            _small_in_an_adapted_norm(lo[:, :, some], hi[:, :, some], middle),
        )
    return below


def _middle(lo: Floats, hi: Floats) -> Floats:
    """A finite matrix between the ends."""
    with np.errstate(all="ignore"):
        return np.clip(np.nan_to_num(0.5 * lo + 0.5 * hi, nan=0.0, posinf=0.0, neginf=0.0), lo, hi)


def _small_in_an_adapted_norm(lo: Floats, hi: Floats, middle: Floats) -> NDArray[np.bool_]:
    p, x = _shapes(middle)
    product = interval_product(p, p, *interval_product(lo, hi, x, x))
    nearly_one = interval_product(p, p, x, x)
    for i in range(lo.shape[0]):
        nearly_one[0][i, i] = np.nextafter(nearly_one[0][i, i] - 1.0, -math.inf)
        nearly_one[1][i, i] = np.nextafter(nearly_one[1][i, i] - 1.0, math.inf)
    total = norm_upper_bounds(*product, 2) + norm_upper_bounds(*nearly_one, 2)
    return np.nextafter(total, math.inf) < 1.0


def _shapes(middle: Floats) -> tuple[Floats, Floats]:
    """Floats P and about P^-1 with Q = P^T P = sum of (A^T)^k A^k for A a matrix over a number above its radius."""
    n = middle.shape[0]
    with np.errstate(all="ignore"):
        a = np.moveaxis(middle, 2, 0)
        radius = np.max(np.abs(np.linalg.eigvals(a)), axis=1)[:, None, None]
        a = a / (radius + 0.25 * np.abs(1.0 - radius) + 2.0**-20)
        gram = np.broadcast_to(np.eye(n), a.shape)
        for _ in range(_DOUBLINGS):  # each step doubles the number of terms
            gram, a = gram + np.swapaxes(a, 1, 2) @ gram @ a, a @ a
        usable = np.all(np.abs(gram) < 1e100, axis=(1, 2))
        values, vectors = np.linalg.eigh(np.where(usable[:, None, None], gram, np.eye(n)))
        roots = np.sqrt(np.maximum(values, 2.0**-40))[:, :, None]
        p = roots * np.swapaxes(vectors, 1, 2)
        x = vectors / np.swapaxes(roots, 1, 2)
    return np.ascontiguousarray(np.moveaxis(p, 0, 2)), np.ascontiguousarray(np.moveaxis(x, 0, 2))


def radius_at_least_one(j_lo: Floats, j_hi: Floats) -> NDArray[np.bool_]:
    """Whether the spectral radius of every matrix A in each of N interval matrices is certainly 1 or more.

    By any of: det(I - A) <= 0 (a real eigenvalue of 1 or more), det(I + A) <= 0 (one of -1 or less), |det A| >= 1, the
    product of 1 - l_i l_k over pairs of eigenvalues not above 0 (a complex pair of modulus 1 or more), all for n <= 4;
    and |trace A^k| >= n for some k (1 for n <= 2, up to 12 above). In a wide matrix each member may have another
    reason, about which nothing is certain then.
    Arguments: ``j_lo``, ``j_hi``, shape (n, n, N). Returns shape (N,).
    Rigor: certified where True; False says nothing. Cost: under a microsecond a matrix for n <= 2, some for n = 4.
    """
    lo, hi = _known(j_lo, j_hi)
    n = lo.shape[0]
    apart, above = np.zeros(lo.shape[2], dtype=np.bool_), np.zeros(lo.shape[2], dtype=np.bool_)
    if n <= 4:
        jury(lo, hi, apart, above)
    rest = np.flatnonzero(~above)
    p_lo, p_hi = lo[:, :, rest], hi[:, :, rest]
    for _ in range(_POWERS if n > 2 else 1):
        found = _trace_is_large(p_lo, p_hi)
        above[rest[found]] = True
        rest, p_lo, p_hi = rest[~found], p_lo[:, :, ~found], p_hi[:, :, ~found]
        if rest.size == 0 or n <= 2:
            break
        p_lo, p_hi = interval_product(lo[:, :, rest], hi[:, :, rest], p_lo, p_hi)
    return above


def _trace_is_large(lo: Floats, hi: Floats) -> NDArray[np.bool_]:
    n = lo.shape[0]
    with np.errstate(all="ignore"):  # inf - inf: nothing known
        slack = np.trace(np.maximum(np.abs(lo), np.abs(hi))) * ((n + 1) * 2.0**-52)
        enough = n * (1.0 + 2.0**-50)
        return (np.trace(lo) - slack >= enough) | (np.trace(hi) + slack <= -enough)
