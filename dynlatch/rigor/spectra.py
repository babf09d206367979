"""Certified eigenvalues of real matrices given as balls.

Rigor: certified. Multiple eigenvalues come back as clusters of wide balls rather than not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import acb, acb_mat, arb

from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure


@dataclass(frozen=True, slots=True)
class Eigenvalue:
    """One eigenvalue: enclosures of its real and imaginary part and of its modulus."""

    real: Enclosure
    imag: Enclosure
    modulus: Enclosure

    def __complex__(self) -> complex:
        return complex(float(self.real), float(self.imag))

    def __repr__(self) -> str:
        value = complex(self)
        return f"{value.real:.10g}" if value.imag == 0 else f"{value:.10g}"


def eigenvalues(rows: Sequence[Sequence[arb]]) -> tuple[Eigenvalue, ...] | None:
    """Enclosures of all eigenvalues, largest modulus first; None if an entry is not finite.

    Where the matrix is too wide to tell its eigenvalues apart, each is enclosed by the hull of Gershgorin's discs.
    Cost: O(n^3) ball operations.
    """
    if not all(entry.is_finite() for row in rows for entry in row):
        return None
    if len(rows) == 1:
        found = [acb(rows[0][0])]
    else:
        try:
            found = acb_mat([[acb(entry) for entry in row] for row in rows]).eig(multiple=True)
        except ValueError:
            found = _discs(rows)
    if not all(value.is_finite() for value in found):
        return None
    listed = [_eigenvalue(value) for value in _on_the_axis(found)]
    return tuple(sorted(listed, key=lambda e: (-float(e.modulus), -float(e.real), -float(e.imag))))


def _discs(rows: Sequence[Sequence[arb]]) -> list[acb]:
    n = len(rows)
    real, imag = rows[0][0], arb(0)
    for i, row in enumerate(rows):
        radius = sum((abs(entry) for j, entry in enumerate(row) if j != i), arb(0)).abs_upper()
        real = real.union(row[i] - radius).union(row[i] + radius)
        imag = imag.union(-radius).union(radius)
    return [acb(real, imag)] * n


def _on_the_axis(values: Sequence[acb]) -> list[acb]:
    """Put real eigenvalues on the real axis: the conjugate of an eigenvalue is one too.

    If the mirror image of a ball meets that ball and no other one, then the eigenvalue in it is its own conjugate.
    """
    mirrored = [v.conjugate() for v in values]
    return [
        acb(v.real)
        if v.imag.contains(0) and not any(mirrored[i].overlaps(o) for j, o in enumerate(values) if j != i)
        else v
        for i, v in enumerate(values)
    ]


def _eigenvalue(value: acb) -> Eigenvalue:
    lower, upper = balls.ends(abs(value))
    modulus = Enclosure(max(lower, Fraction(0)), upper)
    return Eigenvalue(balls.enclosure(value.real), balls.enclosure(value.imag), modulus)
