"""Certified operator norms of ball matrices, and norms adapted to a matrix; ``float_norms`` has the fast bounds.

|A| is the largest |A x| with |x| = 1. Norm 1 is the largest absolute column sum, inf the largest absolute row sum,
2 the largest singular value, and an adapted norm is |P A P^-1| in norm 2. The spectral radius is none of them:
[[0, 2], [0, 0]] has radius 0 and norm 2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, reduce
from typing import Final, TypeAlias

import numpy as np
from flint import arb, arb_mat, fmpq, fmpq_mat
from numpy.typing import NDArray

from dynlatch.errors import InputError
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import float_above

Floats: TypeAlias = NDArray[np.float64]
Rational: TypeAlias = tuple[tuple[Fraction, ...], ...]

_BITS: Final = 20
_NORMAL: Final = 1e100
"""Entries up to this size have squares and sums of squares far from overflow."""
_LARGEST: Final = 2**500
_NEGLIGIBLE: Final = 2.0**-100
"""Beside a diagonal of at most 1: such entries of P are left out, lest they lie beyond what ``AdaptedNorm`` holds."""


@dataclass(frozen=True, slots=True)
class AdaptedNorm:
    """The norm |P A P^-1|_2 for an exact invertible matrix P, given by its rows.

    Raises: InputError if P is not square, not invertible, or holds entries (or its inverse does) beyond 2^+-500.
    """

    matrix: Rational

    def __post_init__(self) -> None:
        n = len(self.matrix)
        if n == 0 or any(len(row) != n for row in self.matrix):
            raise InputError(
                f"P has {n} rows of {[len(r) for r in self.matrix][:4]} entries; it must be square, n rows of n"
            )
        try:
            entries = [abs(v) for m in (self.matrix, _inverse(self.matrix)) for row in m for v in row if v != 0]
        except ZeroDivisionError:
            raise InputError("P is singular: |P A P^-1| has no meaning; give an invertible matrix") from None
        if min(entries) * _LARGEST < 1 or max(entries) > _LARGEST:
            raise InputError(
                "P or its inverse has entries beyond 2^+-500, too far apart for floats; scale or balance P"
            )

    @property
    def inverse(self) -> Rational:
        """P^-1, exactly."""
        return _inverse(self.matrix)

    def floats(self) -> tuple[Floats, Floats]:
        """P and P^-1 as floats, each entry rounded to nearest; shapes (n, n)."""
        p, q = (np.array([[float(v) for v in row] for row in m], dtype=np.float64) for m in (self.matrix, self.inverse))
        return p, q

    @property
    def condition_bound(self) -> float:
        """At least |P|_2 |P^-1|_2, the most by which sizes in this norm and in norm 2 differ. Rigor: certified."""
        return _condition_bound(self.matrix)

    def __repr__(self) -> str:
        if len(self.matrix) > 4:
            return f"AdaptedNorm({len(self.matrix)} x {len(self.matrix)})"
        rows = ", ".join("[" + ", ".join(f"{float(v):.6g}" for v in row) + "]" for row in self.matrix)
        return f"AdaptedNorm([{rows}])"


OperatorNorm: TypeAlias = float | AdaptedNorm
"""1, 2, ``math.inf`` or an adapted norm."""


def read_norm(norm: object, dimension: int | None = None) -> OperatorNorm:
    """The operator norm that ``norm`` names: 1, 2, inf ("inf"), or an ``AdaptedNorm``.

    Raises: InputError for anything else, or for an adapted norm of another dimension than the given one.
    """
    if isinstance(norm, AdaptedNorm):
        if dimension is not None and len(norm.matrix) != dimension:
            raise InputError(
                f"norm: P has {len(norm.matrix)} rows but the map has {dimension} states; give P one row per state"
            )
        return norm
    known: dict[str, OperatorNorm] = {"1": 1, "2": 2, "1.0": 1, "2.0": 2, "inf": math.inf}
    if isinstance(norm, bool) or str(norm) not in known:
        raise InputError(
            f"norm={str(norm)[:40]!r} is not a known operator norm; give 1, 2, inf, adapted or an AdaptedNorm(P)"
        )
    return known[str(norm)]


def adapted_norm(jacobian: Floats) -> AdaptedNorm:
    """A norm in which a matrix is about as small as its spectral radius allows.

    P^T P = Q solves the discrete Lyapunov equation Q - A^T Q A = I for A = J / s, with s a little above the spectral
    radius of J, so that |P J P^-1| < s; P is triangular and rounded to 20-bit dyadics. The matrix J has shape (n, n).
    Raises: InputError if J is not finite.
    Rigor: floating point chooses P; every bound in the norm of P is certified nevertheless.
    """
    from scipy import linalg

    if not np.all(np.isfinite(jacobian)):
        raise InputError("the Jacobian is not finite there, so no norm can be adapted to it; choose another point")
    radius = float(np.max(np.abs(np.linalg.eigvals(jacobian))))
    scale = radius + 0.25 * (1.0 - radius) if radius < 1.0 else 1.05 * radius
    gram = np.asarray(linalg.solve_discrete_lyapunov(jacobian.T / scale, np.eye(len(jacobian))))
    try:
        factor = np.asarray(linalg.cholesky(0.5 * (gram + gram.T)))
    except linalg.LinAlgError:
        factor = np.eye(len(jacobian))
    factor = np.triu(factor) / np.max(np.abs(np.diag(factor)))
    factor[(np.abs(factor) < _NEGLIGIBLE) & ~np.eye(len(factor), dtype=bool)] = 0.0
    return AdaptedNorm(tuple(tuple(_short(float(v)) for v in row) for row in factor))


def _short(value: float) -> Fraction:
    mantissa, exponent = math.frexp(value)
    return Fraction(round(mantissa * 2**_BITS)) * Fraction(2) ** (exponent - _BITS)


@lru_cache(maxsize=64)
def _inverse(matrix: Rational) -> Rational:
    inverse = fmpq_mat([[fmpq(v.numerator, v.denominator) for v in row] for row in matrix]).inv()
    return tuple(tuple(Fraction(int(v.p), int(v.q)) for v in row) for row in inverse.table())


@lru_cache(maxsize=64)
def _condition_bound(matrix: Rational) -> float:
    sizes = [operator_norm_bound(_balls(m), 2) for m in (matrix, _inverse(matrix))]
    return float_above(balls.ends(sizes[0] * sizes[1])[1])


# --- one matrix of balls ----------------------------------------------------------------------------------------------


def operator_norm(rows: Sequence[Sequence[arb]], norm: object) -> arb:
    """A ball that holds |A| for every real matrix A in a matrix of balls; NaN where nothing is known.

    Arguments: ``rows``, n rows of n balls; ``norm``, as ``read_norm`` takes it.
    Raises: InputError for an unknown norm. Rigor: certified.
    Cost: O(n^3) ball operations; for point matrices the width is a few units of the working precision, except
    where n >= 3 and the largest singular value (nearly) coincides with others: then about n 2^-53 relative.
    """
    kind = read_norm(norm, len(rows))
    if not all(entry.is_finite() for row in rows for entry in row):
        return arb.nan()
    if isinstance(kind, AdaptedNorm):
        product = arb_mat(_balls(kind.matrix)) * arb_mat([list(row) for row in rows]) * arb_mat(_balls(kind.inverse))
        return _two_norm([[product[i, j] for j in range(len(rows))] for i in range(len(rows))])
    if kind == 2:
        return _two_norm(rows)
    return _largest_sum(list(zip(*rows, strict=True)) if kind == 1 else rows)


def operator_norm_bound(rows: Sequence[Sequence[arb]], norm: object) -> arb:
    """An exact number that no |A| exceeds, for A in a matrix of balls; see ``operator_norm``."""
    return operator_norm(rows, norm).upper()


def _balls(matrix: Rational) -> list[list[arb]]:
    return [[balls.ball(v) for v in row] for row in matrix]


def _largest_sum(rows: Sequence[Sequence[arb]]) -> arb:
    return _largest([sum((balls.absolute(v) for v in row), arb(0)) for row in rows])


def _largest(values: Sequence[arb]) -> arb:
    return reduce(lambda x, y: x.max(y), values)


def _two_norm(rows: Sequence[Sequence[arb]]) -> arb:
    """|mid A| -+ |rad A|, which is exact for a point matrix."""
    if len(rows) == 1:
        return balls.absolute(rows[0][0])
    middle = _point_two_norm([[v.mid() for v in row] for row in rows])
    if all(v.is_exact() for row in rows for v in row):
        return middle
    radius = _crude_two_norm([[v.rad() for v in row] for row in rows])
    below, above = (middle - radius).lower(), (middle + radius).upper()
    return balls.hull(below.max(arb(0)), above)


def _crude_two_norm(rows: Sequence[Sequence[arb]]) -> arb:
    """An upper bound: the least of the Frobenius norm and sqrt(|A|_1 |A|_inf)."""
    frobenius = sum((v * v for row in rows for v in row), arb(0)).sqrt().upper()
    product = _largest_sum(rows) * _largest_sum(list(zip(*rows, strict=True)))
    return frobenius.min(product.upper().sqrt().upper())


def _point_two_norm(rows: Sequence[Sequence[arb]]) -> arb:
    if len(rows) == 2:  # the sum and the difference of the two singular values are lengths in the plane
        (a, b), (c, d) = rows
        return (_length([a + d, b - c]) + _length([a - d, b + c])) / 2
    floats = np.array([[float(v) for v in row] for row in rows], dtype=np.float64)
    above = _crude_two_norm(rows)
    columns = [_length(column).lower() for column in zip(*rows, strict=True)]
    below = _largest(columns)
    if np.any(floats) and float(np.max(np.abs(floats))) < _NORMAL:
        scaled = floats / np.max(np.abs(floats))
        right = np.linalg.svd(scaled)[2]
        matrix, basis = arb_mat([list(row) for row in rows]), arb_mat([[arb(float(v)) for v in row] for row in right.T])
        image = matrix * basis
        n = len(rows)
        stretched = _length([image[i, 0] for i in range(n)]) / _length([basis[i, 0] for i in range(n)])
        below = below.max(stretched.lower())
        above = above.min(_gershgorin(basis.inv() * (matrix.transpose() * image)).sqrt().upper())
    return balls.hull(below, above)


def _length(vector: Sequence[arb]) -> arb:
    return sum((balls.sqr(v) for v in vector), arb(0)).sqrt()


def _gershgorin(d: arb_mat) -> arb:
    """A bound of the eigenvalues of a nearly diagonal matrix whose first diagonal entry is the largest.

    Every row sum is one, in any positive scaling of the coordinates. Shrinking all but the first coordinate by
    2 off / gap makes the first row's excess quadratic in the entries off the diagonal.
    """
    n = d.nrows()
    size = [[balls.absolute(d[i, j]).upper() for j in range(n)] for i in range(n)]
    plain = _largest_sum(size)
    off = max(float(size[i][0]) for i in range(1, n))
    gap = float(size[0][0]) - max(float(size[i][i]) for i in range(1, n))
    if not 0.0 < 2.0 * off < gap:
        return plain.upper()
    shrink = arb(2.0 ** math.ceil(math.log2(2.0 * off / gap)))
    scaled = [
        [v * (shrink if i == 0 < j else 1 / shrink if j == 0 < i else 1) for j, v in enumerate(row)]
        for i, row in enumerate(size)
    ]
    return plain.upper().min(_largest_sum(scaled).upper())


def second_order_bound(
    at_centre: list[list[arb]], bends: list[list[list[arb]]], shift: Sequence[arb], norm: OperatorNorm
) -> arb:
    """A bound of |J + sum_k H_k s_k|, ``bends[i][j][k]`` being (H_k)_ij, for wide shifts s around 0.

    Where the norm is smooth its excess over the true maximum is quadratic in s: in the singular directions of J the
    change of the largest singular value is one entry, and those beside it count squared; for n = 2 the same is done
    with the two lengths of the closed form, and sums of absolute values keep their signs until they are added.
    """
    n = len(at_centre)
    parts = [arb_mat(at_centre)] + [arb_mat([[bends[i][j][k] for j in range(n)] for i in range(n)]) for k in range(n)]
    shifts = [arb(1), *shift]
    if isinstance(norm, AdaptedNorm):
        p, q = arb_mat(_balls(norm.matrix)), arb_mat(_balls(norm.inverse))
        parts = [p * part * q for part in parts]
    floats = np.array([[float(v.mid()) for v in row] for row in parts[0].tolist()], dtype=np.float64)
    if not np.all(np.abs(floats) < _NORMAL):
        return arb("inf")
    if n == 1 or norm in (1, math.inf):
        lines = [[(i, j) if norm == 1 else (j, i) for i in range(n)] for j in range(n)]
        return _largest([_sum_bound(parts, shifts, line) for line in lines])
    if n == 2:
        pairs = [[(m[0, 0] + s * m[1, 1], m[0, 1] - s * m[1, 0]) for m in parts] for s in (1, -1)]
        return ((_length_bound(pairs[0], shifts) + _length_bound(pairs[1], shifts)) / 2).upper()
    left, _, right = np.linalg.svd(floats)
    u, v = (arb_mat([[arb(float(x)) for x in row] for row in f]) for f in (left, right))
    turned = [u.transpose() * part * v.transpose() for part in parts]
    sizes = [[abs(_combine([m[i, j] for m in turned], shifts)).upper() for j in range(n)] for i in range(n)]
    slack = operator_norm_bound(u.inv().tolist(), 2) * operator_norm_bound(v.inv().tolist(), 2)
    return (operator_norm_bound(sizes, 2) * slack).upper()


def _combine(parts: Sequence[arb], shifts: Sequence[arb]) -> arb:
    return sum((s * part for s, part in zip(shifts, parts, strict=True)), arb(0))


def _sum_bound(parts: Sequence[arb_mat], shifts: Sequence[arb], cells: Sequence[tuple[int, int]]) -> arb:
    """Of the sum of absolute values of some entries; those of one sign are added with it before they are bounded."""
    signed = [arb(0) for _ in parts]
    total = arb(0)
    for cell in cells:
        entry = [m[cell] for m in parts]
        sign = balls.sign(_combine(entry, shifts))
        if sign.is_exact():
            signed = [s + sign * v for s, v in zip(signed, entry, strict=True)]
        else:
            total += abs(_combine(entry, shifts))
    return (total + _combine(signed, shifts)).upper()


def _length_bound(vectors: Sequence[tuple[arb, arb]], shifts: Sequence[arb]) -> arb:
    """Of the length of a plane vector, along its middle direction and across it."""
    x, y = (float(v.mid()) for v in vectors[0])
    size = math.hypot(x, y) or 1.0
    c, s = (arb(x / size), arb(y / size)) if x or y else (arb(1), arb(0))
    along = _combine([c * p + s * q for p, q in vectors], shifts)
    across = _combine([c * q - s * p for p, q in vectors], shifts)
    return (_length([abs(along).upper(), abs(across).upper()]) / _length([c, s])).upper()
