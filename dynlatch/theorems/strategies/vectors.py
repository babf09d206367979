"""Strategies for exact numbers, vectors, matrices and boxes, all of them rational and as short as the range allows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from typing import Final, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from dynlatch.errors import InputError
from dynlatch.maps.definition import Box, Exact, exact_box, exact_fraction

Vector = tuple[Fraction, ...]
T = TypeVar("T")
Rows = tuple[Vector, ...]
Range = Sequence[Exact]
"""A pair (lo, hi), both ends included."""

MAX_UNITS: Final = 6
MAX_STEPS: Final = 1000

_GRIDS: Final = (1, 2, 4, 5, 10, 20, 100, 1000)
"""Denominators, from the most readable on."""
_FINE: Final = 100
"""Between the ends of a range there are about this many values at least."""
_SHORT_TURNS: Final = (1, 2, 3, 5)
_SPREAD: Final = (Fraction(0), Fraction(9, 10))
_SHARE: Final = (Fraction(1, 10), Fraction(1))


def rationals(lo: Exact, hi: Exact) -> SearchStrategy[Fraction]:
    """Fractions from ``lo`` to ``hi``, both included, that shrink to the one with the smallest denominator.

    Raises: InputError if an end is no finite rational number, or the range is inverted.

    >>> from hypothesis import find
    >>> find(rationals("1.1", 4), lambda w: True)
    Fraction(2, 1)
    """
    low, high = exact_fraction(lo, "lo"), exact_fraction(hi, "hi")
    if low > high:
        raise InputError(f"the range from {lo} to {hi} is inverted; its lower end must not lie above its upper end")
    if low == high:
        return st.just(low)
    finest = max(_GRIDS[-1], 10 ** math.ceil(math.log10(_FINE / min(high - low, Fraction(_FINE)))))
    return _on_grids(low, high, [n for n in (*_GRIDS, finest) if math.ceil(low * n) <= math.floor(high * n)])


@st.composite
def _on_grids(draw: DrawFn, low: Fraction, high: Fraction, grids: Sequence[int]) -> Fraction:
    n = draw(st.sampled_from(grids))
    return Fraction(draw(st.integers(math.ceil(low * n), math.floor(high * n))), n)


def points(box: object, *, dimension: int | None = None) -> SearchStrategy[Vector]:
    """States in a box, one exact number per state.

    ``box`` is one (lo, hi) per state; or a single pair with ``dimension``. Raises: InputError for a bad box.

    >>> from hypothesis import find
    >>> find(points([(0, 1), ("1/2", 3)]), lambda a: True)
    (Fraction(0, 1), Fraction(1, 1))
    """
    return st.tuples(*(rationals(lo, hi) for lo, hi in read_box(box, dimension)))


def boxes(within: object, *, dimension: int | None = None) -> SearchStrategy[Box]:
    """Boxes inside a given one, no side below a hundredth of it; they shrink to the whole of it.

    Raises: InputError for a bad box.

    >>> from hypothesis import find
    >>> find(boxes([(-1, 1)]), lambda box: True)
    ((Fraction(-1, 1), Fraction(1, 1)),)
    """
    return st.tuples(*(_part(lo, hi) for lo, hi in read_box(within, dimension)))


@st.composite
def _part(draw: DrawFn, lo: Fraction, hi: Fraction) -> tuple[Fraction, Fraction]:
    low = lo + draw(rationals(*_SPREAD)) * (hi - lo)
    return low, low + draw(rationals(*_SHARE)) * (hi - low)


def unit_vectors(dimension: int) -> SearchStrategy[Vector]:
    """Rational vectors whose Euclidean length is exactly 1; they shrink to (1, 0, ..., 0).

    Raises: InputError unless there are 1 to 6 entries.

    >>> from hypothesis import find
    >>> find(unit_vectors(2), lambda v: v[1] > 0)
    (Fraction(0, 1), Fraction(1, 1))
    """
    return _unit_vectors(read_units(dimension, "dimension"))


@st.composite
def _unit_vectors(draw: DrawFn, n: int) -> Vector:
    column = [Fraction(int(i == 0)) for i in range(n)]
    for i in range(n - 1):
        cosine, sine = draw(_turns())
        column[i], column[i + 1] = cosine * column[i], sine * column[i]
    sign = draw(st.sampled_from((1, -1)))
    return tuple(sign * v for v in column)


def orthogonal_matrices(dimension: int) -> SearchStrategy[Rows]:
    """Rational rotations Q, Q^T Q = I exactly: products of turns in the planes of two axes; they shrink to I.

    Every turn is ((1 - t^2, -2 t), (2 t, 1 - t^2)) / (1 + t^2) for a short fraction t (Cayley's form).
    Raises: InputError unless there are 1 to 6 rows.

    >>> from hypothesis import find
    >>> find(orthogonal_matrices(2), lambda q: q[0][1] != 0)
    ((Fraction(0, 1), Fraction(-1, 1)), (Fraction(1, 1), Fraction(0, 1)))
    """
    return _orthogonal_matrices(read_units(dimension, "dimension"))


@st.composite
def _orthogonal_matrices(draw: DrawFn, n: int) -> Rows:
    rows = [[Fraction(int(i == j)) for j in range(n)] for i in range(n)]
    for i, j in combinations(range(n), 2):
        cosine, sine = draw(_turns())
        for row in rows:
            row[i], row[j] = cosine * row[i] + sine * row[j], cosine * row[j] - sine * row[i]
    return tuple(map(tuple, rows))


@st.composite
def _turns(draw: DrawFn) -> tuple[Fraction, Fraction]:
    n = draw(st.sampled_from(_SHORT_TURNS))
    t = Fraction(draw(st.integers(-n, n)), n)
    return (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)


def product(a: Rows, b: Rows) -> Rows:
    """The matrix product of exact matrices."""
    return tuple(tuple(sum((x * y for x, y in zip(row, column, strict=True)), Fraction(0))
                       for column in zip(*b, strict=True)) for row in a)  # fmt: skip


def between(left: Rows, diagonal: Sequence[Fraction], right: Rows) -> Rows:
    """left diag(diagonal) right."""
    return product(tuple(tuple(v * d for v, d in zip(row, diagonal, strict=True)) for row in left), right)


def transposed(a: Rows) -> Rows:
    """The transpose."""
    return tuple(zip(*a, strict=True))


# --- what is given is read once, where it is given -------------------------------------------------------------------


def read_box(box: object, dimension: int | None) -> Box:
    """A box with exact ends; without a dimension it has as many states as there are pairs."""
    if dimension is not None:
        return exact_box(box, read_units(dimension, "dimension"))
    try:
        count = len(box)  # pyright: ignore[reportArgumentType]
    except TypeError:
        count = 1
    return exact_box(box, count)


def read_units(value: int, what: str = "units") -> int:
    """A number of units. Raises: InputError outside 1 to 6."""
    return read_whole(value, what, 1, MAX_UNITS)


def read_whole(value: int, what: str, least: int, most: int) -> int:
    """A whole number in a range. Raises: InputError outside it."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InputError(f"{what}={str(value)[:40]} must be a whole number from {least} to {most}")
    return value


def read_counts(value: int | Sequence[int], what: str, least: int, most: int) -> tuple[int, int]:
    """One whole number, or the least and the greatest one. Raises: InputError as ``read_whole``, or if inverted."""
    if isinstance(value, int):
        count = read_whole(value, what, least, most)
        return count, count
    first, last = read_pair(value, what)
    lo, hi = read_whole(first, what, least, most), read_whole(last, what, least, most)
    if lo > hi:
        raise InputError(f"{what}=({lo}, {hi}) is inverted; give the least number first")
    return lo, hi


def read_range(value: Range, what: str) -> tuple[Fraction, Fraction]:
    """A pair of exact numbers in order. Raises: InputError for anything else."""
    lo, hi = (exact_fraction(v, what) for v in read_pair(value, what))
    if lo > hi:
        raise InputError(f"{what}=({lo}, {hi}) is inverted; give the lower end first")
    return lo, hi


def ranging(value: Range, what: str) -> SearchStrategy[Fraction]:
    """Fractions in a given range. Raises: InputError as ``read_range``."""
    return rationals(*read_range(value, what))


def read_pair(value: Sequence[T], what: str) -> tuple[T, T]:
    """A pair. Raises: InputError for anything else."""
    try:
        lo, hi = value
    except (TypeError, ValueError):
        raise InputError(f"{what}={str(value)[:40]} is no pair; give (lo, hi), equal for a fixed value") from None
    return lo, hi
