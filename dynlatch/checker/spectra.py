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
    (a, b), (c, d) = rows
    r = Interval(radius, radius)
    trace, det, square = a + d, a * d - b * c, iv.square(r)
    at_plus, at_minus = det - r * trace + square, det + r * trace + square
    if at_plus.lo > 0 and at_minus.lo > 0:
        # No real eigenvalue lies on the circle; both are inside, or both outside, as the determinant says.
        if det.hi < square.lo:
            return 2
        return 0 if det.lo > square.hi else None
    if (at_plus.hi < 0 < at_minus.lo) or (at_minus.hi < 0 < at_plus.lo):
        return 1  # the polynomial changes sign once between -r and r
    return 0 if at_plus.hi < 0 and at_minus.hi < 0 else None


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
    if len(rows) == 1:
        return bool(rows[0][0].mignitude >= 1)
    if len(rows) == 2:
        (a, b), (c, d) = rows
        trace, det = a + d, a * d - b * c
        return bool(iv.absolute(trace).lo >= (1 + det.hi).upper()) or bool(det.lo >= 1)
    found = Spectrum(rows).count_inside(arb(1))
    return found is not None and found < len(rows)


def _below_one(rows: Rows) -> bool:
    return two_norm_at_most(rows, arb(1) - arb(2) ** (4 - iv.bits()))
