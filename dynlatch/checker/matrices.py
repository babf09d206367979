"""Operator norms of interval matrices, from above and from below. Rigor: certified."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final, TypeAlias

from flint import arb, arb_mat, fmpq, fmpq_mat

from dynlatch.checker import intervals as iv
from dynlatch.checker.fields import Matrix
from dynlatch.checker.intervals import Interval
from dynlatch.checker.systems import Rows, matrix_product, matrix_times

Middle: TypeAlias = list[list[arb]]
"""A matrix of exact numbers, or of narrow balls."""

_SWEEPS: Final = 12
_SMALL: Final = 6
"""States up to which products are made entry by entry, which is sharpest; above, by middles and radii."""


def is_defined(rows: Sequence[Sequence[Interval]]) -> bool:
    """Whether every entry has ends."""
    return all(entry.defined for row in rows for entry in row)


def inverse_of(matrix: Matrix) -> Matrix | None:
    """The exact inverse; None for a singular matrix."""
    try:
        found = fmpq_mat([[fmpq(v.numerator, v.denominator) for v in row] for row in matrix]).inv()
    except ZeroDivisionError:
        return None
    return tuple(tuple(Fraction(int(v.p), int(v.q)) for v in row) for row in found.table())


class Norm:
    """An operator norm: "1", "2", "inf", or |P A P^-1|_2 for an exact invertible matrix P ("adapted")."""

    def __init__(self, kind: str, matrix: Matrix | None = None, inverse: Matrix | None = None) -> None:
        self.kind = kind
        self.matrix = matrix
        self._inverse = inverse
        self._rounded: dict[int, tuple[Rows, Rows]] = {}

    def adapted(self, rows: Rows) -> Rows:
        """P A P^-1, or A itself."""
        if self.matrix is None or len(rows) == 1 or not is_defined(rows):
            return rows
        p, q = self.matrices()
        if len(rows) <= _SMALL:
            return matrix_product(matrix_product(p, rows), q)
        middle, radius = _parts(rows)
        left, right = (arb_mat([[iv.ball(x) for x in row] for row in m]) for m in (p, q))
        sizes = [arb_mat([[arb(x.magnitude) for x in row] for row in m]) for m in (p, q)]
        found, spread = left * arb_mat(middle) * right, sizes[0] * arb_mat(radius) * sizes[1]
        return [
            [iv.made(found[i, j] - spread[i, j], found[i, j] + spread[i, j]) for j in range(len(rows))]
            for i in range(len(rows))
        ]

    def matrices(self) -> tuple[Rows, Rows]:
        """P and its inverse, rounded outward."""
        assert self.matrix is not None
        assert self._inverse is not None
        key = iv.bits()
        if key not in self._rounded:
            self._rounded[key] = _rounded(self.matrix), _rounded(self._inverse)
        return self._rounded[key]

    def at_most(self, rows: Rows, bound: arb) -> bool:
        """Whether |A| <= bound is proved for every A in the interval matrix; ``bound`` is an exact number."""
        if not is_defined(rows):
            return False
        if self.kind in ("1", "inf"):
            lines = rows if self.kind == "inf" else list(zip(*rows, strict=True))
            return all(bool(_sum(line) <= bound) for line in lines)
        return two_norm_at_most(self.adapted(rows), bound)

    def size(self, rows: Rows) -> arb:
        """An upper bound of |A| over the interval matrix; not a number if nothing is known."""
        if not is_defined(rows):
            return arb.nan()
        if self.kind in ("1", "inf"):
            lines = rows if self.kind == "inf" else list(zip(*rows, strict=True))
            return _greatest([_sum(line) for line in lines])
        return two_norm(self.adapted(rows))

    def at_least(self, rows: Rows, bound: arb) -> bool:
        """Whether |A| >= bound is proved for every A in the interval matrix."""
        if not is_defined(rows):
            return False
        if self.kind in ("1", "inf"):
            lines = rows if self.kind == "inf" else list(zip(*rows, strict=True))
            return any(bool(iv.total([iv.absolute(x) for x in line]).lo >= bound) for line in lines)
        whole = self.adapted(rows)
        if two_norm_at_least(whole, bound) or self.matrix is None or len(rows) == 1:
            return two_norm_at_least(whole, bound)
        p, q = self.matrices()
        middle = _parts(whole)[0]
        # Of one vector at a time P A P^-1 is narrower than as a matrix; the transpose has the same norm.
        if _maps_far(p, rows, q, middle, bound):
            return True
        return _maps_far(_transposed(q), _transposed(rows), _transposed(p), _transposed(middle), bound)


def _rounded(matrix: Matrix) -> Rows:
    return [[iv.number(v) for v in row] for row in matrix]


def _sum(line: Sequence[Interval]) -> arb:
    return sum((x.magnitude for x in line), arb(0)).upper()


# --- the 2-norm -------------------------------------------------------------------------------------------------------


def two_norm_at_most(rows: Rows, bound: arb) -> bool:
    """Whether |A|_2 <= bound is proved for every A in the interval matrix.

    One or two states: from the closed form. More: |A| <= |C| + |R| for the middle C and the radii R, where |C| <= t is
    proved by a Cholesky factorization of t^2 - C^T C, and |R| by a positive vector (Collatz). The norm of the matrix
    of absolute values is tried as well.
    """
    if bound < 0 or not is_defined(rows):
        return False
    n = len(rows)
    if n == 1:
        return bool(rows[0][0].magnitude <= bound)
    if n == 2 and _plane(rows).hi <= bound:
        return True
    middle, radius = _parts(rows)
    rest = (bound - _of_positive(radius)).lower()
    if rest >= 0 and (_frobenius(middle) <= rest or _point_at_most(middle, rest)):
        return True
    return bool(_of_positive([[x.magnitude for x in row] for row in rows]) <= bound)


def two_norm(rows: Rows) -> arb:
    """An upper bound of |A|_2 over the interval matrix, an exact number; not a number if nothing is known."""
    if not is_defined(rows):
        return arb.nan()
    if len(rows) == 1:
        return rows[0][0].magnitude
    middle, radius = _parts(rows)
    if len(rows) == 2:
        point = _plane([[Interval(x, x) for x in row] for row in middle])
        return _least(_plane(rows).hi, (point.hi + _of_positive(radius)).upper())
    found = _of_positive([[x.magnitude for x in row] for row in rows])
    stretched = _stretched(middle, top_direction(middle))
    stretched = _stretched(middle, _sharper(middle, top_direction(middle), stretched.upper()))
    for exponent in (90, 60, 40, 20, 10):
        guess = (stretched.upper() * (1 + arb(2) ** -exponent)).upper()
        if _point_at_most(middle, guess):
            return _least(found, (guess + _of_positive(radius)).upper())
    return found


def two_norm_at_least(rows: Rows, bound: arb) -> bool:
    """Whether |A|_2 >= bound is proved for every A: |A v| >= bound |v| for one vector v."""
    if not is_defined(rows):
        return False
    n = len(rows)
    if n == 1 or bound <= 0:
        return bool(bound <= 0) or bool(rows[0][0].mignitude >= bound)
    if n == 2:
        return bool(_plane(rows).lo >= bound)
    middle = _parts(rows)[0]
    top = top_direction(middle)
    vectors = [top, _sharper(middle, top, bound), *([arb(int(i == j)) for j in range(n)] for i in range(n))]
    return any(_stretches(rows, v, bound) for v in vectors)


def _maps_far(left: Rows, rows: Rows, right: Rows, middle: Middle, bound: arb) -> bool:
    """Whether |L (A (R v))| >= bound |v| is proved for one vector v, about the one that the middle stretches most."""
    n = len(rows)
    for v in (top_direction(middle), *([arb(int(i == j)) for j in range(n)] for i in range(n))):
        image = matrix_times(left, matrix_times(rows, matrix_times(right, [Interval(x, x) for x in v])))
        if iv.total([iv.square(y) for y in image]).lo >= (bound * bound * sum((x * x for x in v), arb(0))).upper():
            return True
    return False


def _transposed(rows: list[list[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _stretched(rows: Middle, v: Sequence[arb]) -> arb:
    return _length(_image(rows, v)) / _length(v)


def _stretches(rows: Rows, v: Sequence[arb], bound: arb) -> bool:
    size = iv.total([iv.square(iv.total([a * Interval(x, x) for a, x in zip(row, v, strict=True)])) for row in rows])
    return bool(size.lo >= (bound * bound * sum((x * x for x in v), arb(0))).upper())


def _sharper(rows: Middle, v: list[arb], bound: arb) -> list[arb]:
    """A better singular vector by inverse iteration about the bound, which is near the largest singular value."""
    n, c = len(rows), arb_mat(rows)
    gram, shift = c.transpose() * c, bound * bound * (1 + arb(2) ** -80)
    matrix = arb_mat([[(gram[i, j] - shift * int(i == j)).mid() for j in range(n)] for i in range(n)])
    for _ in range(3):
        try:
            found = [x.mid() for x in matrix.solve(arb_mat([[x] for x in v])).entries()]
        except ZeroDivisionError:
            return v
        size = _length(found).mid()
        if not (size.is_finite() and size > 0):
            return v
        v = [(x / size).mid() for x in found]
    return v


def _plane(rows: Rows) -> Interval:
    """|A|_2 for every 2 x 2 matrix A: half the lengths of the conformal and the anticonformal part."""
    (a, b), (c, d) = rows
    lengths = iv.sqrt(_sum_of_squares(a + d, b - c)) + iv.sqrt(_sum_of_squares(a - d, b + c))
    return Interval(lengths.lo / 2, lengths.hi / 2)


def _sum_of_squares(x: Interval, y: Interval) -> Interval:
    return iv.square(x) + iv.square(y)


def _radius(x: Interval, centre: arb) -> arb:
    up, down = (x.hi - centre).upper(), (centre - x.lo).upper()
    return up if up >= down else down


def _parts(rows: Rows) -> tuple[Middle, Middle]:
    """Middles and radii."""
    middle = [[x.middle for x in row] for row in rows]
    pairs = zip(rows, middle, strict=True)
    return middle, [[_radius(x, c) for x, c in zip(row, line, strict=True)] for row, line in pairs]


def _image(rows: Middle, vector: Sequence[arb]) -> list[arb]:
    return [sum((a * x for a, x in zip(row, vector, strict=True)), arb(0)) for row in rows]


def _frobenius(rows: Middle) -> arb:
    return sum((x * x for row in rows for x in row), arb(0)).sqrt().upper()


def _length(vector: Sequence[arb]) -> arb:
    return sum((x * x for x in vector), arb(0)).sqrt()


def _greatest(values: Sequence[arb]) -> arb:
    found = values[0]
    for value in values[1:]:
        found = value if value >= found else found
    return found


def _least(*values: arb) -> arb:
    found = values[0]
    for value in values[1:]:
        found = value if value <= found else found
    return found


def _of_positive(rows: Middle) -> arb:
    """An upper bound of |R|_2 for a matrix of numbers >= 0.

    R^T R has spectral radius at most max_i (R^T R x)_i / x_i for every x > 0; x is about its leading eigenvector.
    """
    n = len(rows)
    floats = [[float(x) for x in row] for row in rows]
    scale = max(max(row) for row in floats)
    if not 0.0 < scale < 1e150:
        return _frobenius(rows)
    x = [1.0] * n
    for _ in range(30):
        y = [sum(a * v for a, v in zip(row, x, strict=True)) / scale for row in floats]
        z = [sum(floats[i][j] * y[i] for i in range(n)) / scale for j in range(n)]
        size = max(z)
        if not size > 0.0:
            return _frobenius(rows)
        x = [v / size + 1e-12 for v in z]
    at = [arb(v) for v in x]
    image = [sum((a * v for a, v in zip(row, at, strict=True)), arb(0)) for row in rows]
    back = [sum((rows[i][j] * image[i] for i in range(n)), arb(0)) / at[j] for j in range(n)]
    return _least(_greatest([ratio.upper() for ratio in back]).sqrt().upper(), _frobenius(rows))


def _point_at_most(rows: Middle, bound: arb) -> bool:
    """Whether |C|_2 <= bound for a matrix of exact numbers: bound^2 - C^T C has a Cholesky factorization."""
    n = len(rows)
    c = arb_mat(rows)
    gram = c.transpose() * c
    square = bound * bound
    return is_positive([[square * int(i == j) - gram[i, j] for j in range(n)] for i in range(n)])


def is_positive(rows: Middle) -> bool:
    """Whether a symmetric matrix of balls is proved positive definite, or so but for a last pivot of exactly 0."""
    n = len(rows)
    work = [list(row) for row in rows]
    for k in range(n):
        pivot = work[k][k]
        if not pivot > 0:
            return k == n - 1 and bool(pivot >= 0)
        for i in range(k + 1, n):
            factor = work[i][k] / pivot
            for j in range(k + 1, i + 1):
                work[i][j] = work[i][j] - factor * work[j][k]
    return True


def top_direction(rows: Middle) -> list[arb]:
    """About the vector that the matrix stretches most; floats choose it, nothing rests on it."""
    floats = [[float(x) for x in row] for row in rows]
    n = len(floats)
    if n <= _SMALL:
        return [arb(row[-1]) for row in singular_vectors(floats)]
    scale = max(abs(x) for row in floats for x in row)
    if not 0.0 < scale < 1e150:
        return [arb(1)] + [arb(0)] * (n - 1)
    x = [1.0 + 0.1 * math.sin(3.0 * i + 1.0) for i in range(n)]
    for _ in range(100):
        y = [sum(a * v for a, v in zip(row, x, strict=True)) / scale for row in floats]
        z = [sum(floats[i][j] * y[i] for i in range(n)) / scale for j in range(n)]
        size = math.sqrt(sum(v * v for v in z))
        if not size > 1e-300:
            break
        x = [v / size for v in z]
    return [arb(v) for v in x]


def singular_vectors(rows: list[list[float]]) -> list[list[float]]:
    """About the right singular vectors as columns, the largest last: Jacobi's rotations of A^T A, in floats."""
    n = len(rows)
    scale = max(abs(x) for row in rows for x in row)
    v = [[float(i == j) for j in range(n)] for i in range(n)]
    if not 0.0 < scale < 1e150:
        return v
    gram = [[sum(r[i] * r[j] for r in rows) / scale / scale for j in range(n)] for i in range(n)]
    for _ in range(_SWEEPS):
        for p, q in itertools.combinations(range(n), 2):
            if gram[p][q] == 0.0:
                continue
            angle = 0.5 * math.atan2(2.0 * gram[p][q], gram[q][q] - gram[p][p])
            c, s = math.cos(angle), math.sin(angle)
            for row in (*v, *gram):
                row[p], row[q] = c * row[p] - s * row[q], s * row[p] + c * row[q]
            gram[p], gram[q] = (
                [c * x - s * y for x, y in zip(gram[p], gram[q], strict=True)],
                [s * x + c * y for x, y in zip(gram[p], gram[q], strict=True)],
            )
    order = sorted(range(n), key=lambda k: gram[k][k])
    return [[row[k] for k in order] for row in v]
