"""Theorem 2: which size of M' on a convex set makes M a contraction there."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import sympy as sp

from dynlatch.maps.balls import ball_map, ball_of
from dynlatch.maps.catalogue import neuron, tanh_network
from dynlatch.maps.definition import Box
from dynlatch.rigor import balls
from dynlatch.rigor.krawczyk import Ball
from dynlatch.theorems.cases import Case, State, Vector, case, exact_state
from dynlatch.theorems.findings import Finding, at_most, exactly, less
from dynlatch.theorems.measures import Reading, difference, length, size_text, sup_size
from dynlatch.theorems.statements import Checker, Plot, Statement, Witness
from dynlatch.verdict import Verdict

_WHAT: Final = "Theorem 2"
_MEANING: Final = "a second point y of D, beside start="


def printed_checker(reading: Reading) -> Checker:
    """Theorem 2: on a box D (``region``) the size of M' is below 1, so M contracts D.

    Two points x = ``start`` and y = ``other`` of D with |M(x) - M(y)| >= |x - y| refute that. A box of finite size is
    compact and M' continuous, so |M'| < 1 at every point is the same as sup |M'| < 1.
    """

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        box, x, y = on.region_of(_WHAT), on.start, on.other_of(_WHAT, _MEANING)
        largest = sup_size(on.map, box, reading)
        below = less("sup " + size_text(reading).format("M'") + " < 1 on D", largest, balls.ball(1))
        before, after = _lengths(on, x, y)
        apart = exactly("x and y are two points", x != y)
        return [below, _lie_in([box], x, y), apart], less("|M(x) - M(y)| < |x - y|", after, before)

    return check


def repaired_checker(*, reading: Reading = "norm", convex: bool = True, alpha: Fraction | None = None) -> Checker:
    """The repaired theorem: |M(x) - M(y)| <= alpha |x - y| for alpha = sup |M'| over the box D, which must be below 1.

    Its mutants take eigenvalues (``reading="spectral"``), a D that is not convex (``convex=False``: the box and its
    mirror image at the origin), or promise one ``alpha`` for every D with |M'| < 1, as an open D with sup 1 would need.
    """
    sized = size_text(reading).format("M'")

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        box, x, y = on.region_of(_WHAT), on.start, on.other_of(_WHAT, _MEANING)
        pieces = [box] if convex else [box, tuple((-hi, -lo) for lo, hi in box)]
        largest = sup_size(on.map, pieces[0], reading)
        for piece in pieces[1:]:
            largest = largest.max(sup_size(on.map, piece, reading))
        rate = largest.upper() if alpha is None else balls.ball(alpha)
        before, after = _lengths(on, x, y)
        below = less(f"alpha = sup {sized} < 1 on D", largest, balls.ball(1))
        return [below, _lie_in(pieces, x, y)], at_most("|M(x) - M(y)| <= alpha |x - y|", after, rate * before)

    return check


def _lengths(on: Case, x: Vector, y: Vector) -> tuple[Ball, Ball]:
    """|x - y| and |M(x) - M(y)|."""
    image = ball_map(on.map).image
    start, end = exact_state(x), exact_state(y)
    return length(difference(end, start)), length(difference(image(end), image(start)))


def _lie_in(pieces: Sequence[Box], *points: Vector) -> Finding:
    def inside(point: Vector) -> bool:
        return any(all(lo <= a <= hi for (lo, hi), a in zip(box, point, strict=True)) for box in pieces)

    return exactly("x and y lie in D", all(map(inside, points)))


# --- the half line on which every slope is below 1 and no alpha is enough ---------------------------------------------

_EDGE: Final = sp.acosh(sp.sqrt(2))
_DIGITS: Final = (0, 1, 3, 6, 12, 30)


def close_pair(alpha: Fraction) -> tuple[State, State]:
    """For alpha < 1 two states of the neuron w = 2 above the edge a_c whose images are more than alpha as far apart.

    x = a_c + s and y = a_c + 2 s with s = (1 - alpha) / 4. The ratio of the distances is a slope between x and y, so
    at least m(y), and m falls from m(a_c) = 1 by less than 2 per unit: m(y) > 1 - 4 s = alpha.
    """
    edge, s = ball_of(_EDGE), balls.ball((1 - alpha) / 4)
    return [edge + s], [edge + 2 * s]


def ratio(x: State, y: State) -> Ball:
    """|M(x) - M(y)| / |x - y| for the neuron w = 2."""
    image = ball_map(neuron(2)).image
    return length(difference(image(y), image(x))) / length(difference(y, x))


def half_line() -> list[Finding]:
    """Why the neuron w = 2 is no contraction of (a_c, inf), though |M'| < 1 at every point of it."""
    a, x = sp.symbols("a x", positive=True)
    slope, root = 2 * (1 - sp.tanh(a) ** 2), 1 / sp.sqrt(3)
    bend = sp.diff(slope, a) + 4 * sp.tanh(a) * (1 - sp.tanh(a) ** 2)
    peak = 2 * root / 3 - x * (1 - x**2) - (x - root) ** 2 * (x + 2 * root)
    found = [
        exactly("m(a) = 2 / cosh(a)^2 is 1 at a_c = arcosh(sqrt 2)", 2 / sp.cosh(_EDGE) ** 2 == 1),
        exactly("m' = -4 x (1 - x^2) < 0 with x = tanh a in (0, 1): 0 < m < 1 above a_c", sp.expand(bend) == 0),
        exactly("x (1 - x^2) <= 2 / (3 sqrt 3) for x >= 0: the rest is a square times x + 2 / sqrt 3",
                sp.expand(peak) == 0),
        less("so |m'| <= 8 / (3 sqrt 3) < 2, and x = a_c + s, y = a_c + 2 s, s = (1 - alpha) / 4 have a ratio of at "
             "least m(y) > 1 - 4 s = alpha, for every alpha in [0, 1)", ball_of(8 * root / 3), balls.ball(2)),
    ]  # fmt: skip
    for k in _DIGITS:
        alpha = 1 - Fraction(1, 10**k)
        found.append(less(f"the ratio exceeds alpha = 1 - 10^-{k}", balls.ball(alpha), ratio(*close_pair(alpha))))
    return found


def _missing() -> Plot:
    digits = range(1, 13)
    with balls.precision(128):
        left = [float((1 - ratio(*close_pair(1 - Fraction(1, 10**k)))).mid()) for k in digits]
    steps = tuple(float(k) for k in digits)
    return Plot(
        "Close to the edge the ratio comes as near to 1 as one likes", "k, for alpha = 1 - 10^-k", "distance from 1",
        (("1 - ratio", steps, tuple(left)), ("1 - alpha", steps, tuple(10.0**-k for k in digits))), log_scale=True,
    )  # fmt: skip


_SHEAR: Final = case(
    tanh_network([[0, 2], [0, 0]]), [0, 0], other=[0, "1/2"], region=[(-1, 1), (-1, 1)]
)  # fmt: skip


def _stretched() -> Plot:
    lengths = [k / 20 for k in range(1, 21)]
    images = [float(ball_map(_SHEAR.map).image(exact_state((Fraction(0), Fraction(s))))[0].mid()) for s in lengths]
    return Plot(
        "Every eigenvalue is 0, and distances grow", "s, for x = (0, 0) and y = (0, s)", "|M(x) - M(y)| / |x - y|",
        (("ratio", tuple(lengths), tuple(b / s for b, s in zip(images, lengths, strict=True))),), level=1.0,
        level_label="no contraction above",
    )  # fmt: skip


def _printed(reading: Reading, why: str, witness: Witness) -> Statement:
    sized = size_text(reading).format("M'(x)")
    return Statement(
        "T2", "Where M' is below 1 on a convex set, M contracts it", "BSF94, Theorem 2", reading,
        ("M is differentiable on a convex set D", f"{sized} < 1 for all x in D"),
        "for some alpha < 1, |M(x) - M(y)| <= alpha |x - y| for all x and y in D", Verdict.REFUTED, why, witness,
        "T2'", printed_checker(reading), "a map, region (D, a box), start and other (two points of D)",
    )  # fmt: skip


STATEMENTS: Final = (
    _printed(
        "norm",
        "Every |M'(x)| may be below 1 while their sup is 1, and then no alpha < 1 is enough. The neuron does this on "
        "the very set the paper means: above its edge a_c, which is Gamma of the positive attractor. A compact D does "
        "not save it unless M' is continuous, and it must be the sup over a convex set.",
        Witness(
            "neuron w = 2 on D = (arcosh(sqrt 2), inf): |M'| < 1 on D, and for every alpha < 1 two states with a ratio "
            "above alpha", None, half_line, _missing,
        ),
    ),
    _printed(
        "spectral",
        "Eigenvalues do not bound how far a matrix stretches. W = [[0, 2], [0, 0]] has only the eigenvalue 0, so has "
        "M' everywhere, and yet M doubles small distances along the second axis, on a compact convex D.",
        Witness(
            "W = [[0, 2], [0, 0]] on [-1, 1]^2: M' has radius 0; (0, 0) and (0, 1/2) go 1.85 times as far apart",
            _SHEAR, plot=_stretched,
        ),
    ),
    Statement(
        "T2'", "A sup of |M'| below 1 over a convex set is a rate of contraction", "repairs BSF94, Theorem 2", "norm",
        ("M is differentiable on a convex set D", "alpha = sup over D of |M'(x)| is below 1, |.| the operator norm"),
        "|M(x) - M(y)| <= alpha |x - y| for all x and y in D", Verdict.PROVED,
        "The segment from x to y lies in D. With u the unit vector along M(y) - M(x), the mean value theorem for the "
        "function u . M(x + s (y - x)) of s in [0, 1] gives |M(y) - M(x)| = u . M'(z)(y - x) <= |M'(z)| |y - x|.",
        None, None, repaired_checker(), "a map, region (D, a box), start and other (two points of D)",
    ),
)  # fmt: skip
"""Theorem 2 as printed, in both readings, and repaired."""
