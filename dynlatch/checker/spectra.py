"""Eigenvalues of interval matrices: how many lie inside a circle, and the spectral radius. Rigor: certified."""

from __future__ import annotations

from collections.abc import Sequence

from flint import arb, arb_mat

from dynlatch.checker import intervals as iv
from dynlatch.checker.intervals import Interval
from dynlatch.checker.matrices import is_defined, two_norm_at_most
from dynlatch.checker.systems import Rows


class Spectrum:
    """The eigenvalues of every matrix in an interval matrix, counted by circles around 0."""

    def __init__(self, rows: Rows) -> None:
        self.size = len(rows)
        self._rows = rows
        self._defined = is_defined(rows)
        self._polynomial: list[arb] | None = None

    def count_inside(self, radius: arb) -> int | None:
        """How many, with multiplicity, every matrix has in |z| < radius.

        None where that is not proved, or where one may lie on the circle: by Schur's and Cohn's test on the
        characteristic polynomial.
        """
        if not self._defined or not radius > 0:
            return None
        if self.size == 2:
            found = _count_of_two(self._rows, radius)
            if found is not None:
                return found
        scaled: list[arb] = []
        weight = arb(1)
        for c in self._coefficients():
            scaled.append(c * weight)
            weight = weight * radius
        return _schur_cohn(scaled)

    def _coefficients(self) -> list[arb]:
        if self._polynomial is None:
            found = arb_mat([[iv.ball(x) for x in row] for row in self._rows]).charpoly().coeffs()
            self._polynomial = [*found, *[arb(0)] * (self.size + 1 - len(found))]
        return self._polynomial


def _count_of_two(rows: Rows, radius: arb) -> int | None:
    """The same for 2 x 2 from trace and determinant, free of what the general test loses to wide intervals."""
    square = iv.square(Interval(radius, radius))
    det = _determinant(rows)
    at_plus, at_minus = (_shifted_determinant(rows, r) for r in (radius, radius.neg(exact=True)))
    if at_plus.lo > 0 and at_minus.lo > 0:
        # No real eigenvalue lies on the circle; both are inside, or both outside, as the determinant says.
        if det.hi < square.lo:
            return 2
        return 0 if det.lo > square.hi else None
    if (at_plus.hi < 0 < at_minus.lo) or (at_minus.hi < 0 < at_plus.lo):
        return 1  # the polynomial changes sign once between -r and r
    return 0 if at_plus.hi < 0 and at_minus.hi < 0 else None


def _determinant(rows: Rows) -> Interval:
    (a, b), (c, d) = rows
    return a * d - b * c


def _shifted_determinant(rows: Rows, shift: arb) -> Interval:
    """det(A - z I) of a 2 x 2 matrix, in two ways of which now one, now the other is narrower."""
    (a, b), (c, d) = rows
    z = Interval(shift, shift)
    product = (a - z) * (d - z) - b * c
    polynomial = _determinant(rows) - z * (a + d) + iv.square(z)
    return iv.meet(product, polynomial)


def _schur_cohn(polynomial: Sequence[arb]) -> int | None:
    """The number of zeros in |z| < 1, if none lies on the circle.

    With p*(z) = z^n p(1/z): where |a_0| > |a_n|, p - (a_n / a_0) p* has as many zeros inside (Rouche) and a lower
    degree; where |a_0| < |a_n|, (p - (a_0 / a_n) p*) / z has one fewer.
    """
    p, inside = list(polynomial), 0
    while len(p) > 1:
        first, last = p[0], p[-1]
        if abs(first) > abs(last):
            k = last / first
            p = [a - k * b for a, b in zip(p[:-1], p[:0:-1], strict=True)]
        elif abs(first) < abs(last):
            k = first / last
            p = [a - k * b for a, b in zip(p[1:], p[-2::-1], strict=True)]
            inside += 1
        else:
            return None
        if not all(c.is_finite() for c in p):
            return None
    return inside if p[0] > 0 or p[0] < 0 else None


def radius_below_one(rows: Rows) -> bool:
    """Whether every matrix in the interval matrix is proved to have spectral radius below 1."""
    if len(rows) == 1:
        return rows[0][0].defined and bool(rows[0][0].magnitude < 1)
    return Spectrum(rows).count_inside(arb(1)) == len(rows) or _below_one(rows)


def radius_at_least_one(rows: Rows) -> bool:
    """Whether every matrix in the interval matrix is proved to have spectral radius 1 or more."""
    if not is_defined(rows):
        return False
    if iv.total([row[i] for i, row in enumerate(rows)]).mignitude >= len(rows):
        return True  # the trace is the sum of the eigenvalues
    if len(rows) == 1:
        return False
    if len(rows) == 2:
        ends = [_shifted_determinant(rows, z) for z in (arb(1), arb(-1))]
        return any(bool(e.hi <= 0) for e in ends) or bool(_determinant(rows).lo >= 1)
    if _has_real_beyond(rows):
        return True
    found = Spectrum(rows).count_inside(arb(1))
    return found is not None and found < len(rows)


def _has_real_beyond(rows: Rows) -> bool:
    """Whether det(A - I) or det(-A - I) shows a real eigenvalue >= 1 or <= -1: det(z I - A) grows without bound."""
    for sign in (1, -1):
        shifted = arb_mat([[int(i == j) - sign * iv.ball(x) for j, x in enumerate(r)] for i, r in enumerate(rows)])
        if shifted.det() <= 0:
            return True
    return bool(abs(arb_mat([[iv.ball(x) for x in r] for r in rows]).det()) >= 1)


def _below_one(rows: Rows) -> bool:
    return two_norm_at_most(rows, arb(1) - arb(2) ** (4 - iv.bits()))
