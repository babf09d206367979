"""Inequalities f(x) >= 0 for every x of a box, for smooth f given as jets, however tight they are.

On a piece of the box the range of f is tried, then the mean value form; then the least value is looked for on the faces
where f is monotone, and, where f is convex, below its tangent plane at the lowest point that Newton finds. So a minimum
at a corner, on a face or inside needs few pieces even where f is 0 there up to rounding. Rigor: certified.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from flint import arb, arb_mat

from dynlatch.checker import intervals as iv
from dynlatch.checker.intervals import Interval
from dynlatch.checker.jets import Jet
from dynlatch.checker.matrices import is_positive
from dynlatch.checker.outcome import RefutedError, UnprovedError
from dynlatch.checker.points import shown
from dynlatch.checker.systems import Box, defined, point


@dataclass(frozen=True, slots=True)
class Margin:
    """A function that must not be negative, by its jets of order 2 over boxes.

    ``decisive`` says that the statement is false wherever the function is negative.
    """

    over: Callable[[Box], Jet]
    decisive: bool


_NEWTON: Final = 6
_LEAST: Final = arb(2) ** -64
"""Of a side: a piece as small as this that cannot be settled is at a zero of f that is too flat to be seen."""


def everywhere(
    box: Box,
    is_clear: Callable[[Box], bool],
    margins: Callable[[Box], Sequence[Margin] | None],
    max_pieces: int,
    what: str,
) -> None:
    """Prove a statement on a box by pieces, halved where needed.

    A piece is done if ``is_clear`` says so, or if all of its ``margins`` (functions that are nowhere negative on the
    piece only if the statement holds there, and whose being so implies it; None if there are none) are nowhere
    negative. ``what`` is the statement, in words.
    Raises: RefutedError with the point where a margin is negative; UnprovedError if ``max_pieces`` were not enough.
    """
    pieces = [list(box)]
    for _ in range(max_pieces):
        if not pieces:
            return
        piece = pieces.pop()
        if is_clear(piece):
            continue
        functions = margins(piece)
        if functions is not None and all(is_nowhere_negative(f, piece, what) for f in functions):
            continue
        axis = _axis(functions, piece, box)
        if not piece[axis].width > box[axis].width * _LEAST:
            raise UnprovedError(f"{what} was not proved around {shown(piece)}")
        pieces.extend([half if i == axis else x for i, x in enumerate(piece)] for half in iv.halves(piece[axis]))
    raise UnprovedError(f"{what} was not proved on the whole box, within {max_pieces} pieces of it")


def is_nowhere_negative(f: Margin, box: Box, what: str) -> bool:
    """Whether f >= 0 is proved on a box. Raises: RefutedError where a point with f < 0 was met."""
    jet = f.over(box)
    if not jet.value.defined:
        return False
    if jet.value.lo >= 0:
        return True
    slopes = [jet.coefficient(k) for k in range(len(box))]
    if not defined(slopes):
        return False
    face = [_lower_end(x, s) for x, s in zip(box, slopes, strict=True)]
    if any(x.lo < x.hi and a.lo == a.hi for x, a in zip(box, face, strict=True)):
        return is_nowhere_negative(f, face, what)
    middle = point([x.middle for x in box])
    at = f.over(middle).value
    if at.hi < 0 and f.decisive:
        raise RefutedError(f"{what} is false at {shown(middle)}")
    linear = iv.total([at, *(s * (x - c) for s, x, c in zip(slopes, box, middle, strict=True))])
    return bool(linear.lo >= 0) or _is_above_tangent(f, jet, box, middle, what)


def _lower_end(x: Interval, slope: Interval) -> Interval:
    """The end of a side where f is least, if f is monotone along it; the side itself otherwise."""
    if slope.lo >= 0:
        return Interval(x.lo, x.lo)
    return Interval(x.hi, x.hi) if slope.hi <= 0 else x


def _is_above_tangent(f: Margin, jet: Jet, box: Box, start: Box, what: str) -> bool:
    """For f convex on the box: f >= f(c) + f'(c)(x - c) >= 0, c near the least point."""
    free = [k for k, x in enumerate(box) if x.lo < x.hi]
    bends = [[_second(jet, i, j) for j in free] for i in free]
    if not (all(defined(row) for row in bends) and is_positive([[iv.ball(e) for e in row] for row in bends])):
        return False
    at = [x.lo for x in start]
    for _ in range(_NEWTON):
        at = _nearer(f, at, free, box)
    lowest = f.over(point(at))
    if lowest.value.hi < 0 and f.decisive:
        raise RefutedError(f"{what} is false at {shown(point(at))}")
    rest = [lowest.coefficient(k) * (box[k] - Interval(at[k], at[k])) for k in free]
    return bool(iv.total([lowest.value, *rest]).lo >= 0)


def _second(jet: Jet, i: int, j: int) -> Interval:
    """The second derivative by variables i and j."""
    c = jet.coefficient(i, j)
    return c + c if i == j else c


def _nearer(f: Margin, at: list[arb], free: Sequence[int], box: Box) -> list[arb]:
    """A step of Newton's method for the least point, kept in the box."""
    jet = f.over(point(at))
    try:
        rows = arb_mat([[_second(jet, i, j).middle for j in free] for i in free])
        step = rows.solve(arb_mat([[jet.coefficient(k).middle] for k in free])).entries()
    except ZeroDivisionError:
        return at
    moved = list(at)
    for k, s in zip(free, step, strict=True):
        new = (at[k] - s).mid()
        if not new.is_finite():
            return at
        moved[k] = box[k].lo if new < box[k].lo else box[k].hi if new > box[k].hi else new
    return moved


def _axis(functions: Sequence[Margin] | None, piece: Box, whole: Box) -> int:
    """The side whose halving promises most: along which the margins change most, or simply the longest."""
    found = [0.0] * len(piece)
    for f in functions or ():
        jet = f.over(piece)
        for k, x in enumerate(piece):
            slope = jet.coefficient(k)
            found[k] += float(slope.magnitude) * float(x.width) if slope.defined else 0.0
    if not 0.0 < max(found) < float("inf"):
        found = [float(x.width) / (float(w.width) or 1.0) for x, w in zip(piece, whole, strict=True)]
    return max(range(len(piece)), key=found.__getitem__)
