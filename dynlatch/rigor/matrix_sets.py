"""Sets of matrices as a caller gives them: exact ones, or interval matrices."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from dynlatch.errors import InputError
from dynlatch.rigor.norms import Floats, Rational

Ends: TypeAlias = tuple[Floats, Floats]
"""Lower and upper ends of the entries of N matrices, each of shape (n, n, N)."""


def read_matrices(matrices: object) -> tuple[Ends | None, list[Rational]]:
    """Lower and upper ends of interval matrices, if that is what they are, and one exact member of each.

    Arguments: ``matrices``, square matrices of one size as rows of integers, fractions or floats; or a pair of arrays
    of shape (n, n, N), lower and upper ends. No members are returned where nothing is known of an entry (NaN, inf).
    Raises: InputError for anything else. Rigor: exact, a float being the dyadic that it is.
    """
    if isinstance(matrices, tuple | list) and len(matrices) == 2:
        pair = [np.asarray(m, dtype=np.float64) for m in matrices if isinstance(m, np.ndarray) and m.ndim == 3]
        if len(pair) == 2:
            return _read_ends(pair[0], pair[1])
    if not isinstance(matrices, tuple | list | np.ndarray) or len(matrices) == 0:
        raise InputError(f"matrices={str(matrices)[:40]!r} must be a list of square matrices, one at least")
    members = [_exact(m, k) for k, m in enumerate(matrices)]
    sizes = sorted({len(m) for m in members})
    if len(sizes) > 1:
        raise InputError(f"the matrices have {sizes} rows; products need matrices of one size")
    return None, members


def _read_ends(lo: Floats, hi: Floats) -> tuple[Ends, list[Rational]]:
    if lo.shape != hi.shape or lo.shape[0] != lo.shape[1] or 0 in lo.shape:
        raise InputError(f"the ends of interval matrices have shapes {lo.shape} and {hi.shape}; both must be (n, n, N)")
    if np.any(lo > hi):
        raise InputError("an interval matrix has a lower end above its upper end; give lower ends first, then upper")
    if not np.all(np.isfinite(lo) & np.isfinite(hi)):
        return (lo, hi), []
    middle = np.clip(0.5 * lo + 0.5 * hi, lo, hi)
    return (lo, hi), [_exact(middle[:, :, k], k) for k in range(lo.shape[2])]


def _exact(matrix: object, index: int) -> Rational:
    given = matrix.tolist() if isinstance(matrix, np.ndarray) else matrix
    rows = [list(r) if isinstance(r, tuple | list) else [] for r in given] if isinstance(given, tuple | list) else []
    if not rows or any(len(row) != len(rows) for row in rows):
        raise InputError(f"matrix {index} is {str(given)[:40]}; it must be square, n rows of n numbers")
    return tuple(tuple(_number(v, index) for v in row) for row in rows)


def _number(value: object, index: int) -> Fraction:
    if isinstance(value, int | float | Fraction | np.integer | np.floating) and not isinstance(value, bool):
        number = value.item() if isinstance(value, np.generic) else value
        if not isinstance(number, float) or math.isfinite(number):
            return Fraction(number)
    raise InputError(f"matrix {index} has the entry {str(value)[:40]!r}; give finite numbers: int, float or Fraction")
