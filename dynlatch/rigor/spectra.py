"""Certified eigenvalues of real matrices given as balls.

Rigor: certified. Multiple eigenvalues come back as clusters of wide balls rather than not at all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from flint import acb, acb_mat, arb, arb_mat

from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure

_MAX_POLYNOMIAL: Final = 8
_ROUNDS: Final = 120
_NARROW: Final = 2.0**-30
_SETTLED: Final = 2.0**-140
"""The correction, in units of the matrix, at which a guess is good enough; those of multiple roots never get there."""


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
    """Enclosures of all eigenvalues, largest modulus first; None if an entry is not finite, or too large to write out.

    Eigenvalues that cannot be told apart (multiple ones, or a wide matrix) come back as one ball, once for each.
    Cost: O(n^3) ball operations.
    """
    if not all(entry.is_finite() for row in rows for entry in row):
        return None
    found = [acb(rows[0][0])] if len(rows) == 1 else _split(rows)
    if not all(value.is_finite() for value in found):
        return None
    try:
        listed = [_eigenvalue(value) for value in _on_the_axis(found)]
    except ArithmeticError:
        return None
    return tuple(sorted(listed, key=lambda e: (-float(e.modulus), -float(e.real), -float(e.imag))))


def _split(rows: Sequence[Sequence[arb]]) -> list[acb]:
    """Balls of the eigenvalues by flint, or by other ways where it cannot split a defective matrix or a wide one."""
    ways: list[list[acb]] = []
    with suppress(ValueError):
        ways.append(acb_mat([[acb(entry) for entry in row] for row in rows]).eig(multiple=True))
    if not ways or not _spread(ways[0]) < _NARROW:
        ways.append(_discs(rows))
        ways += [_clusters(rows)] if len(rows) <= _MAX_POLYNOMIAL else []
        ways += [_nearly_double(rows)] if len(rows) == 2 else []
    return min(ways, key=_spread)


def _nearly_double(rows: Sequence[Sequence[arb]]) -> list[acb]:
    """(a + d)/2 +- sqrt(s) with s = (a - d)^2/4 + b c, where nothing is known of the sign of s: exact if s is."""
    (a, b), (c, d) = rows
    off = arb(0, 1) * (balls.sqr((a - d) / 2) + b * c).abs_upper().sqrt().upper()
    return [acb((a + d) / 2 + off, off)] * 2


def _spread(discs: Sequence[acb]) -> float:
    return max(max(float(d.real.rad()), float(d.imag.rad())) if d.is_finite() else math.inf for d in discs)


def _clusters(rows: Sequence[Sequence[arb]]) -> list[acb]:
    """Discs around approximate roots z_i of the characteristic polynomial p: abs(z - z_i) <= n abs(W_i) with
    W_i = p(z_i) / prod over j of (z_i - z_j) (Smith 1970). As many roots as discs lie in each connected group of them.
    """
    n = len(rows)
    coefficients = [acb(c) for c in reversed(arb_mat([list(row) for row in rows]).charpoly().coeffs())]
    size = max(1.0, *(float(abs(entry).upper()) for row in rows for entry in row))
    near = [acb(0.4, 0.9) ** k * acb(1.09375 * size) for k in range(n)]  # hardly any of them a root
    for _ in range(_ROUNDS):  # Durand and Kerner's iteration: no proof, only better guesses
        steps = [c.mid() for c in _corrections(coefficients, near)]
        moved = [(z - c).mid() for z, c in zip(near, steps, strict=True)]
        if not all(z.is_finite() for z in moved) or len(set(map(str, moved))) < n:
            break
        near = moved
        if all(abs(c) < _SETTLED * size for c in steps):
            break
    discs: list[acb] = []
    for z, correction in zip(near, _corrections(coefficients, near), strict=True):
        radius = n * abs(correction).abs_upper()
        if not radius < n * size:  # of no use: wider than the matrix itself
            return _discs(rows)
        discs.append(acb(z.real + arb(0, 1) * radius, z.imag + arb(0, 1) * radius))
    return _grouped(discs)


def _corrections(coefficients: Sequence[acb], near: Sequence[acb]) -> list[acb]:
    found: list[acb] = []
    for i, z in enumerate(near):
        value, product = acb(0), acb(1)
        for c in coefficients:
            value = value * z + c
        for j, other in enumerate(near):
            if j != i:
                product = product * (z - other)
        found.append(value / product)
    return found


def _grouped(discs: list[acb]) -> list[acb]:
    """Every disc replaced by the hull of the connected group that it belongs to."""
    groups: list[list[acb]] = []
    for disc in discs:
        touched = [g for g in groups if any(disc.overlaps(other) for other in g)]
        groups = [*(g for g in groups if not any(g is h for h in touched)), [disc, *(d for g in touched for d in g)]]
    hulls: list[acb] = []
    for group in groups:
        real, imag = group[0].real, group[0].imag
        for disc in group[1:]:
            real, imag = real.union(disc.real), imag.union(disc.imag)
        hulls += [acb(real, imag)] * len(group)
    return hulls


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
