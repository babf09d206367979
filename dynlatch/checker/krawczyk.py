"""One zero of a system of equations in a box: Newton's guess, Krawczyk's proof.

K(X) = c - Y f(c) + (I - Y f'(X)) (X - c) holds every zero of f in X; if it lies inside X there is exactly one, and it
is regular. Rigor: certified; what Newton finds is a guess only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from flint import arb, arb_mat

from dynlatch.checker import intervals as iv
from dynlatch.checker.intervals import Interval
from dynlatch.checker.outcome import RefutedError, UnprovedError
from dynlatch.checker.systems import Box, Rows, defined, point

Function: TypeAlias = Callable[[Box], list[Interval]]
Derivative: TypeAlias = Callable[[Box], Rows]

_NEWTON: Final = 24
_SHRINKING: Final = 8


def newton(f: Function, derivative: Derivative, start: Sequence[arb]) -> list[arb] | None:
    """Newton's method from a point; None if it does not settle."""
    at = list(start)
    for _ in range(_NEWTON):
        values, slopes = f(point(at)), derivative(point(at))
        if not defined(values) or not all(defined(row) for row in slopes):
            return None
        try:
            step = _matrix(slopes).solve(arb_mat([[v.middle] for v in values])).entries()
        except ZeroDivisionError:
            return None
        at = [(x - s).mid() for x, s in zip(at, step, strict=True)]
        if not all(x.is_finite() for x in at):
            return None
        if all(abs(s).mid() <= _tolerance(x) for x, s in zip(at, step, strict=True)):
            return at
    return None


def _tolerance(x: arb) -> arb:
    return (1 + abs(x)) * arb(2) ** (12 - iv.bits())


def one_zero(f: Function, derivative: Derivative, box: Box, near: Sequence[arb] | None) -> list[Interval]:
    """A narrow box around the only zero of f in ``box``.

    Raises: RefutedError if there is no zero in it, UnprovedError if nothing could be decided.
    """
    state, proved = list(box), False
    for _ in range(_SHRINKING):
        centre = [x.middle for x in state]
        if near is not None and all(x.holds(c) for x, c in zip(state, near, strict=True)):
            centre = list(near)
        image = _operator(f, derivative, state, centre)
        if not defined(image):
            break
        if any(k.apart(x) for k, x in zip(image, state, strict=True)):
            raise RefutedError("there is no solution in the box")
        proved = proved or all(bool(x.lo < k.lo) and bool(k.hi < x.hi) for k, x in zip(image, state, strict=True))
        smaller = [iv.meet(k, x) for k, x in zip(image, state, strict=True)]
        if all(2 * s.width > x.width for s, x in zip(smaller, state, strict=True)):
            state = smaller
            break
        state = smaller
    if not proved:
        raise UnprovedError(
            "Krawczyk's test decides nothing there: several solutions, a multiple one, or too large a box"
        )
    return state


def _operator(f: Function, derivative: Derivative, box: Box, centre: Sequence[arb]) -> list[Interval]:
    n = len(box)
    values, slopes, middle = f(point(centre)), derivative(box), derivative(point(centre))
    if not (defined(values) and all(defined(row) for row in (*slopes, *middle))):
        return [iv.UNDEFINED] * n
    try:
        inverse = _matrix(middle).inv().mid()
    except ZeroDivisionError:
        return [iv.UNDEFINED] * n
    shift = arb_mat([[iv.ball(x - Interval(c, c))] for x, c in zip(box, centre, strict=True)])
    product = inverse * arb_mat([[iv.ball(entry) for entry in row] for row in slopes])
    rest = arb_mat([[arb(int(i == j)) - product[i, j] for j in range(n)] for i in range(n)])
    change = rest * shift - inverse * arb_mat([[iv.ball(v)] for v in values])
    return [iv.around(c + change[i, 0]) for i, c in enumerate(centre)]


def _matrix(rows: Rows) -> arb_mat:
    return arb_mat([[entry.middle for entry in row] for row in rows])
