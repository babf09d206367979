"""Contraction bounds: |M'| <= upper on a box, and |M'| >= lower at a point of it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from flint import arb, arb_mat

from dynlatch.checker import functions
from dynlatch.checker import intervals as iv
from dynlatch.checker.fields import Field, Sides
from dynlatch.checker.functions import sech2
from dynlatch.checker.inequalities import Margin, everywhere
from dynlatch.checker.intervals import Interval
from dynlatch.checker.jets import Jet
from dynlatch.checker.matrices import Norm, is_defined, singular_vectors
from dynlatch.checker.outcome import RefutedError, UnprovedError
from dynlatch.checker.points import shown
from dynlatch.checker.systems import Box, Rows, System, matrix_product, point
from dynlatch.checker.trapping import read_norm

BITS: Final = 320
MAX_PIECES: Final = 50_000
MAX_CORNERS: Final = 4096
_MAX_SIGNS: Final = 6
"""Entries of M' in one sum whose sign may change, of which all patterns are looked at."""


@dataclass(frozen=True, slots=True)
class BoundClaim:
    """|M'(a)| <= upper for every a of ``box``, |M'(at)| >= lower, in the norm."""

    box: Sides
    norm: Norm
    upper: Fraction
    lower: Fraction
    at: tuple[Fraction, ...]


def read_bound(field: Field, dimension: int) -> BoundClaim:
    """The claim of kind "contraction bound"."""
    parts = field.parts("box", "norm", "upper", "lower", "at")
    norm = parts["norm"]
    if isinstance(norm.value, str):
        kind = Norm(norm.text("1", "2", "inf"))
    else:
        kind = Norm("adapted", *read_norm(norm.parts("adapted")["adapted"], dimension))
    return BoundClaim(
        parts["box"].box(dimension), kind, parts["upper"].number(), parts["lower"].number(),
        parts["at"].vector(dimension),
    )  # fmt: skip


def read_operator_norm(field: Field, dimension: int) -> Norm:
    """ "1", "2", "inf", or an object with the matrix of an adapted norm."""
    if isinstance(field.value, str):
        return Norm(field.text("1", "2", "inf"))
    return Norm("adapted", *read_norm(field.parts("adapted")["adapted"], dimension))


def check_bound(system: System, claim: BoundClaim) -> None:
    """Prove both halves again. Raises: UnprovedError, or RefutedError, if that fails."""
    if any(not lo <= x <= hi for x, (lo, hi) in zip(claim.at, claim.box, strict=True)):
        raise RefutedError("the point at which the norm is said to reach its lower bound is not in the box")
    with iv.precision(BITS):
        at, low = [iv.number(x) for x in claim.at], iv.number(claim.lower)
        slopes = system.jacobian(at)
        if not claim.norm.at_least(slopes, low.hi):
            if claim.norm.at_most(slopes, _below(low.lo)):
                raise RefutedError(f"|M'| is below {iv.brief(claim.lower)} at {shown(at)}")
            raise UnprovedError(f"|M'| could not be proved to reach {iv.brief(claim.lower)} at {shown(at)}")
        check_norm(system, [iv.span(lo, hi) for lo, hi in claim.box], claim.norm, claim.upper)


def _below(x: arb) -> arb:
    return (x - (1 + abs(x)) * arb(2) ** (8 - iv.bits())).lower()


def check_norm(system: System, box: Box, norm: Norm, upper: Fraction) -> None:
    """Prove |M'| <= upper on a box. Raises: UnprovedError, or RefutedError, if that fails."""
    what = f"|M'| <= {iv.brief(upper)}"
    bound = iv.number(upper)
    if system.layer is not None:
        _check_layer(system, box, norm, bound, what)
        return

    def is_clear(piece: Box) -> bool:
        slopes = system.jacobian(piece)
        if norm.at_most(slopes, bound.lo):
            return True
        middle = point([x.middle for x in piece])
        slopes = system.jacobian(middle)
        if not is_defined(slopes):
            raise UnprovedError(f"{what}: M' was not proved to exist at {shown(middle)}")
        if norm.at_least(slopes, _above(bound.hi)):
            raise RefutedError(f"{what} is false at {shown(middle)}")
        return False

    everywhere(box, is_clear, lambda piece: _margins(system, norm, bound, piece), MAX_PIECES, what)


def _above(x: arb) -> arb:
    return (x + (1 + abs(x)) * arb(2) ** (8 - iv.bits())).upper()


# --- networks: the norm grows with each slope, or is convex in them ---------------------------------------------------


def slope_ranges(box: Box) -> list[Interval]:
    """The range of sech^2, the slope of tanh, along each side."""
    return [sech2(x) for x in box]


def _check_layer(system: System, box: Box, norm: Norm, bound: Interval, what: str) -> None:
    """|W diag(d)| grows with every d_i >= 0 in the norms 1, 2 and inf; in an adapted one it is convex in d, and so
    largest at a corner."""
    slopes = slope_ranges(box)
    worst = [min((x.lo, x.hi, arb(0)), key=lambda end: _off(end, x)) for x in box]
    if norm.kind != "adapted":
        if norm.at_most(scaled_weights(system, [d.hi for d in slopes]), bound.lo):
            return
        _refute_at(system, point(worst), norm, bound, what)
        raise UnprovedError(f"{what} could not be proved")
    ends = [(d.lo, d.hi) if d.lo < d.hi else (d.hi,) for d in slopes]
    if math.prod(map(len, ends)) > MAX_CORNERS:
        rows, _ = system.weights()
        whole = [[iv.around(w) * d for w, d in zip(row, slopes, strict=True)] for row in rows]
        if norm.at_most(whole, bound.lo):
            return
        raise UnprovedError(f"{what}: a box of {len(box)} states has too many corners for a sharp bound")
    for corner in itertools.product(*ends):
        if not norm.at_most(scaled_weights(system, corner), bound.lo):
            chosen = [
                (worst[i] if d == slopes[i].hi else max((x.lo, x.hi), key=lambda end: abs(float(end))))
                for i, (x, d) in enumerate(zip(box, corner, strict=True))
            ]
            _refute_at(system, point(chosen), norm, bound, what)
            raise UnprovedError(f"{what} could not be proved")


def _off(end: arb, side: Interval) -> float:
    """The distance from 0 of a point of a side; infinite if it is not on it."""
    return abs(float(end)) if side.holds(end) else math.inf


def scaled_weights(system: System, slopes: Sequence[arb]) -> Rows:
    """W diag(d) for exact d."""
    rows, _ = system.weights()
    return [[iv.around(w) * Interval(d, d) for w, d in zip(row, slopes, strict=True)] for row in rows]


def _refute_at(system: System, at: Box, norm: Norm, bound: Interval, what: str) -> None:
    if norm.at_least(system.jacobian(at), _above(bound.hi)):
        raise RefutedError(f"{what} is false at {shown(at)}")


# --- formulas: the norm is at most the bound where smooth functions are not negative ----------------------------------


def _margins(system: System, norm: Norm, bound: Interval, piece: Box) -> Sequence[Margin] | None:
    if norm.kind in ("1", "inf"):
        return _sums(system, norm.kind, bound, piece)
    return _pivots(system, norm, bound, piece)


def _sums(system: System, kind: str, bound: Interval, piece: Box) -> Sequence[Margin] | None:
    """bound - sum_j s_j J_ij for the signs of a row (or column), all patterns of those that are not known."""
    n = system.dimension
    rows = system.jacobian(piece)
    found: list[Margin] = []
    for i in range(n):
        cells = [(i, j) if kind == "inf" else (j, i) for j in range(n)]
        signs = [(1,) if rows[a][b].lo >= 0 else (-1,) if rows[a][b].hi <= 0 else (1, -1) for a, b in cells]
        if sum(map(len, signs)) - n > _MAX_SIGNS:
            return None
        found += [_sum_margin(system, bound, cells, pattern) for pattern in itertools.product(*signs)]
    return found


def _sum_margin(system: System, bound: Interval, cells: Sequence[tuple[int, int]], signs: Sequence[int]) -> Margin:
    def margin(box: Box) -> Jet:
        slopes = system.slopes(box, 2)
        terms = [slopes[a][b] if s < 0 else -slopes[a][b] for (a, b), s in zip(cells, signs, strict=True)]
        return _raised(_sum_of(terms), bound)

    return Margin(margin, decisive=True)


def _pivots(system: System, norm: Norm, bound: Interval, piece: Box) -> Sequence[Margin] | None:
    """|A|_2 <= r iff r^2 V^T V - (A V)^T (A V) has no negative direction, for any invertible V.

    V turns to about the singular vectors at the middle, the largest last. Elimination then leaves one smooth function,
    or a small block where several singular values are (nearly) largest, which diagonal dominance must settle.
    """
    n = system.dimension
    middle = norm.adapted(system.jacobian(point([x.middle for x in piece])))
    if not all(e.defined for row in middle for e in row):
        return None
    v = singular_vectors([[float(e.middle) for e in row] for row in middle])
    turned = [[Interval(arb(x), arb(x)) for x in row] for row in v]
    if not abs(arb_mat(v).det()) > 0:
        return None
    block = _eliminated(_gram(system, norm, bound, turned, piece))
    size = len(block)
    if sum(range(size)) > _MAX_SIGNS:
        return None
    return [
        _dominance(system, norm, bound, turned, n - size, i, signs)
        for i in range(size)
        for signs in itertools.product((1, -1), repeat=size - 1)
    ]


def _gram(system: System, norm: Norm, bound: Interval, v: Rows, box: Box) -> list[list[Jet]]:
    slopes = system.slopes(box, 2)
    left, right = _identity(len(v)), v
    if norm.matrix is not None:
        left, q = norm.matrices()
        right = matrix_product(q, v)
    image = _from_right(_from_left(left, slopes), right)
    n, square = len(v), iv.square(bound)
    gram = matrix_product(list(zip(*v, strict=True)), v)
    found: list[list[Jet]] = []
    for i in range(n):
        row: list[Jet] = []
        for j in range(i + 1):
            product = _sum_of([image[k][i] * image[k][j] for k in range(n)])
            row.append(_raised(-product, square * gram[i][j]))
        found.append(row)
    return found


def _eliminated(gram: list[list[Jet]], steps: int | None = None) -> list[list[Jet]]:
    """The lower triangle of what is left after eliminating rows with a positive pivot, ``steps`` of them if given."""
    work = gram
    while len(work) > 1 and (steps is None or len(gram) - len(work) < steps):
        pivot = work[0][0]
        if not pivot.value.lo > 0:
            break
        over = pivot.composed(functions.whole_power(pivot.value, -1, pivot.shape.order))
        work = [[work[i][j] - work[i][0] * work[j][0] * over for j in range(1, i + 1)] for i in range(1, len(work))]
    return work


def _dominance(
    system: System, norm: Norm, bound: Interval, v: Rows, steps: int, i: int, signs: Sequence[int]
) -> Margin:
    def margin(box: Box) -> Jet:
        block = _eliminated(_gram(system, norm, bound, v, box), steps)
        if len(block) != len(signs) + 1:
            return Jet(block[0][0].shape, [iv.UNDEFINED] * block[0][0].shape.size)
        others = [block[max(i, j)][min(i, j)] for j in range(len(block)) if j != i]
        return _sum_of([block[i][i], *(o if s > 0 else -o for o, s in zip(others, signs, strict=True))])

    return Margin(margin, decisive=not signs)  # dominance is sufficient, not necessary


def _identity(n: int) -> Rows:
    return [[iv.ONE if i == j else iv.ZERO for j in range(n)] for i in range(n)]


def _sum_of(jets: Sequence[Jet]) -> Jet:
    found = jets[0]
    for jet in jets[1:]:
        found = found + jet
    return found


def _raised(jet: Jet, by: Interval) -> Jet:
    return Jet(jet.shape, [jet.value + by, *jet.coefficients[1:]])


def _times(jet: Jet, factor: Interval) -> Jet:
    return Jet(jet.shape, [None if c is None else c * factor for c in jet.coefficients])


def _from_left(rows: Rows, jets: list[list[Jet]]) -> list[list[Jet]]:
    n = len(rows)
    return [[_sum_of([_times(jets[k][j], rows[i][k]) for k in range(n)]) for j in range(n)] for i in range(n)]


def _from_right(jets: list[list[Jet]], rows: Rows) -> list[list[Jet]]:
    n = len(rows)
    return [[_sum_of([_times(jets[i][k], rows[k][j]) for k in range(n)]) for j in range(n)] for i in range(n)]
