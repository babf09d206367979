"""The sizes that the statements compare, as balls: norms, spectral radii, products of Jacobians, membership in Gamma.

``norm`` reads |A| as the operator norm that belongs to the Euclidean length, ``spectral`` as the largest modulus of an
eigenvalue; see ``Reading``.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache, reduce
from typing import Final, Literal

import numpy as np

from dynlatch.cells.gamma_cells import classify
from dynlatch.latch.contraction import largest_norm
from dynlatch.maps.balls import ball_map
from dynlatch.maps.definition import Box, Map, TanhLayer
from dynlatch.regions.attractors import Attractors, find_attractors
from dynlatch.regions.reduced_set import READINGS, Membership
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure, float_above, float_below
from dynlatch.rigor.krawczyk import Ball
from dynlatch.rigor.norms import operator_norm
from dynlatch.rigor.spectra import eigenvalues
from dynlatch.theorems.cases import State
from dynlatch.theorems.findings import Finding, every, exactly, less, unknown

Reading = Literal["norm", "spectral"]
READ_AS: Final[tuple[Reading, ...]] = ("norm", "spectral")
Matrix = list[list[Ball]]

_MEMBER_STEPS: Final = 2000
_PIECES: Final = 4096
_SPECTRAL_PIECES: Final = 400
"""Shared by the dimensions: eigenvalues of a wide matrix, or next to a multiple one, cost milliseconds."""
_FINE: Final = 1e-3
_MAX_BENDS: Final = 8


def size_text(reading: Reading) -> str:
    """How a size is written in this reading."""
    return "|{}|" if reading == "norm" else "rho({})"


def size(matrix: Sequence[Sequence[Ball]], reading: Reading) -> Ball:
    """|A| in a reading, as a ball; nan where nothing is known."""
    return operator_norm(matrix, 2) if reading == "norm" else spectral_radius(matrix)


def spectral_radius(matrix: Sequence[Sequence[Ball]]) -> Ball:
    """The largest modulus of an eigenvalue, as a ball."""
    found = eigenvalues(matrix)
    if not found:
        return balls.ball(0) / balls.ball(0)
    lower, upper = (max(getattr(e.modulus, end) for e in found) for end in ("lower", "upper"))
    return balls.ball(Enclosure(lower, upper))


def length(vector: Sequence[Ball]) -> Ball:
    """The Euclidean length."""
    total = sum((balls.sqr(v) for v in vector), balls.ball(0))
    return balls.sqrt(total if total >= 0 else balls.hull(balls.ball(0), total.upper()))


def difference(a: State, b: State) -> State:
    """a - b."""
    return [x - y for x, y in zip(a, b, strict=True)]


def identity(n: int) -> Matrix:
    """The n x n unit matrix."""
    return [[balls.ball(int(i == j)) for j in range(n)] for i in range(n)]


def gradients(m: Map, orbit: Sequence[State]) -> Iterator[Matrix]:
    """d a_t / d a_0 for t = 1, 2, ...: M'(a_{t-1}) ... M'(a_0), the newest factor on the left."""
    product = identity(m.dimension)
    for state in orbit[:-1]:
        product = balls.matrix_product(ball_map(m).jacobian(state), product)
        yield product


def sup_size(m: Map, box: Box, reading: Reading) -> Ball:
    """The largest size of M' on a box, enclosed as narrowly as the work allowed; nan where nothing is known.

    Rigor: certified. Cost: milliseconds where the structure of M' settles it, else up to some thousand boxes (norm) or
    some hundred (spectral), a second or two: then the enclosure may be wide.
    """
    if reading == "norm" or m.dimension == 1:
        found = largest_norm(m, box, tolerance=1e-12, max_boxes=_PIECES)
        return balls.ball(0) / balls.ball(0) if found is None else balls.ball(found)
    corners = _corners_of_largest_radius(m, box)
    if corners is None:
        return sup_over(m, box, spectral_radius, pieces=_SPECTRAL_PIECES // m.dimension)
    radii = [spectral_radius(ball_map(m).jacobian([balls.ball(a) for a in state])) for state in corners]
    return reduce(lambda x, y: x.max(y), radii)


def _corners_of_largest_radius(m: Map, box: Box) -> list[tuple[Fraction, ...]] | None:
    """The states among which rho(M') is largest on a box, for a network whose weights tell; None for others.

    M' = W diag(d). For W >= 0 its radius grows with every d_i >= 0 (Perron and Frobenius), so the largest slopes have
    it. For two units it is below r where r^2 - trace r + det, r^2 + trace r + det and r^2 - det are positive (Jury):
    each is affine in each d_i, so least at a corner, and the radius is largest at one.
    """
    if not isinstance(m.rule, TanhLayer):
        return None
    steepest = [max(lo, min(hi, Fraction(0))) for lo, hi in box]
    if all(w >= 0 for row in m.rule.weights for w in row):
        return [tuple(steepest)]
    if m.dimension != 2:
        return None
    flattest = [max(side, key=abs) for side in box]
    return list(itertools.product(*zip(steepest, flattest, strict=True)))


def sup_over(m: Map, box: Box, sized: Callable[[Matrix], Ball], *, pieces: int = _PIECES) -> Ball:
    """The largest size of M', in any continuous sense of size, on a box, to a part in a thousand; nan if not known.

    Branch and bound: the box with the largest bound is halved across the side along which M' varies most on it, up to
    ``pieces`` times; what is found then may be wider.
    Rigor: certified, if ``sized`` encloses the size of every matrix in a matrix of balls. Cost: up to some thousand
    sizes.
    """
    jacobian = ball_map(m).jacobian

    def bounds(part: Box) -> tuple[Fraction, Fraction]:
        middle = [balls.ball((lo + hi) / 2) for lo, hi in part]
        whole = sized(jacobian([balls.hull(balls.ball(lo), balls.ball(hi)) for lo, hi in part]))
        return balls.ends(sized(jacobian(middle)))[0], balls.ends(whole)[1]

    try:
        lower, upper = bounds(box)
        todo = [(-upper, 0, box)]
        for count in range(pieces):
            upper, part = -todo[0][0], todo[0][2]
            if upper - lower <= Fraction(_FINE) * max(1, upper):
                break
            heapq.heappop(todo)
            for number, half in enumerate(_halves(part, _side_to_cut(m, part))):
                below, above = bounds(half)
                lower = max(lower, below)
                heapq.heappush(todo, (-above, 2 * count + number + 1, half))
        return balls.ball(Enclosure(max(Fraction(0), lower), max(lower, -todo[0][0])))
    except ArithmeticError:
        return balls.ball(0) / balls.ball(0)


def _halves(box: Box, side: int) -> list[Box]:
    lo, hi = box[side]
    return [(*box[:side], ends, *box[side + 1 :]) for ends in ((lo, (lo + hi) / 2), ((lo + hi) / 2, hi))]


def _side_to_cut(m: Map, box: Box) -> int:
    """The side along which the entries of M' vary most, by bounds of its derivatives; the widest if none are known."""
    widths = [float(hi - lo) for lo, hi in box]
    if m.dimension <= _MAX_BENDS:
        bends = ball_map(m).second_derivatives([balls.hull(balls.ball(lo), balls.ball(hi)) for lo, hi in box])
        sums = [sum(abs(float(row[k].abs_upper())) for hessian in bends for row in hessian) for k in range(m.dimension)]
        if all(map(math.isfinite, sums)) and any(sums):
            widths = [w * s for w, s in zip(widths, sums, strict=True)]
    return max(range(len(box)), key=lambda i: widths[i])


def box_around(state: State, radius: Fraction) -> Box | None:
    """A box that holds the ball of this radius around an enclosed state; None where nothing is known of that."""
    try:
        return tuple((lower - radius, upper + radius) for lower, upper in map(balls.ends, state))
    except ArithmeticError:
        return None


def below_one_on(text: str, m: Map, points: Sequence[State], reading: Reading) -> Finding:
    """Whether the size of M' is below 1 at each of some states: what Definition 2 asks of X."""
    jacobian, one = ball_map(m).jacobian, balls.ball(1)
    return every(text, [less(f"at point {k}", size(jacobian(a), reading), one) for k, a in enumerate(points)])


# --- attractors and their reduced sets --------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def attractors_of(m: Map) -> Attractors:
    """The certified attractors of a map in its domain."""
    return find_attractors(m, m.domain)


def _floats(state: State) -> tuple[np.ndarray, np.ndarray] | None:
    try:
        found = [balls.ends(a) for a in state]
    except ArithmeticError:
        return None
    lo, hi = (np.array([[v] for v in side], dtype=np.float64) for side in (
        [float_below(a) for a, _ in found], [float_above(b) for _, b in found]))  # fmt: skip
    return (lo, hi) if np.all(np.isfinite(lo) & np.isfinite(hi)) else None


def reached(m: Map, state: State) -> int | None:
    """The number of the attractor (in ``attractors_of``) that a state is proved to converge to."""
    ends = _floats(state)
    if ends is None:
        return None
    found = int(classify(m, attractors_of(m), *ends, _MEMBER_STEPS).attractor[0])
    return None if found < 0 else found


def in_reduced_set(m: Map, state: State, reading: Reading, what: str, attractor: int | None = None) -> Finding:
    """Whether a state lies in Gamma of the attractor that it converges to (of the given one, if one is given).

    Every derivative (M^l)' there, l >= 1, must be below 1 in size. Rigor: certified.
    """
    text = f"{what} in Gamma (reading {reading})"
    ends = _floats(state)
    if ends is None:
        return unknown(text, "nothing finite is known of the state")
    known = attractors_of(m)
    found = classify(m, known, *ends, _MEMBER_STEPS)
    owner, member = int(found.attractor[0]), int(found.members[READINGS.index(reading), 0])
    if member == Membership.OUT:
        return exactly(text, False, f"outward-rounded products, l = {int(found.steps[READINGS.index(reading), 0])}")
    if owner < 0:
        return unknown(text, "no certified attractor was proved to be reached")
    if attractor is not None and owner != attractor:
        return exactly(text, False, f"it converges to the {known[owner]} instead")
    if member == Membership.UNDECIDED:
        return unknown(text, "the products of Jacobians did not decide it")
    return exactly(text, True, f"outward-rounded products up to l = {int(found.steps[READINGS.index(reading), 0])}")


def log_size(matrix: Matrix, reading: Reading = "norm") -> float:
    """The logarithm of a size in floats, for pictures: -inf for 0."""
    value = float(size(matrix, reading).mid())
    return math.log(value) if value > 0 else -math.inf
