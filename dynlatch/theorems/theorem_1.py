"""Theorem 1: where M' stretches, some near point moves away; and what of it lasts outside Gamma(X)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import numpy as np

from dynlatch.errors import InputError
from dynlatch.maps.balls import ball_map
from dynlatch.maps.catalogue import neuron
from dynlatch.maps.definition import Box, Map
from dynlatch.regions.inner_balls import InnerBall
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.rigor.krawczyk import Ball
from dynlatch.theorems.cases import Case, State, Vector, case, exact_state, number_text
from dynlatch.theorems.findings import Finding, at_most, every, exactly, less, unknown
from dynlatch.theorems.latched import hyperbolic, trapped
from dynlatch.theorems.measures import (
    Matrix,
    Reading,
    box_around,
    difference,
    gradients,
    in_reduced_set,
    length,
    reached,
    size,
    size_text,
)
from dynlatch.theorems.statements import Checker, Plot, Statement, Witness
from dynlatch.verdict import Verdict

_PIECES: Final = 1024
_HALVINGS: Final = 80
_ONE_STEP: Final = "M(y) is farther from M(x) than y is from x"


def printed_checker(reading: Reading) -> Checker:
    """Theorem 1: the size of M' exceeds 1 on a ball around x = a_0, so some y in the ball separates from x.

    Such a y is looked for along the most stretched direction at x; a search that finds none refutes nothing.
    """

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        radius = on.radius_of("Theorem 1")
        y = separating_point(on.map, on.start, radius)
        if y is None:
            found = unknown(_ONE_STEP, "no such y was found along the most stretched direction")
        else:
            found = _separates(on.map, on.start, y).named("some y in U(x) separates from x")
        return [_expands_around(on, radius, reading)], found

    return check


def repaired_checker(*, along: bool = True, strict: bool = True, in_every_direction: bool = False) -> Checker:
    """The stronger theorem: |M'(x)| > 1 at x = a_0 alone, y = ``other`` in a stretched direction and near enough.

    Near enough: sup |M'(z) - M'(x)| on the segment is below |M'(x) v| - 1, v the unit vector towards y. Without
    ``other`` such a y is looked for. Its mutants: any y near enough (``along=False``), |M'(x)| >= 1
    (``strict=False``), and a ball that grows in every direction of the coordinates.
    """
    exceeds = less if strict else at_most
    sign = ">" if strict else ">="

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        y = on.other or separating_point(on.map, on.start, on.radius or Fraction(1))
        if y is None:
            return [_is_stretched(on)], unknown(_ONE_STEP, "no such y was found along the most stretched direction")
        if y == on.start:
            raise InputError("T1' speaks of a second point y; give other= apart from start=")
        x, one = exact_state(on.start), balls.ball(1)
        step = difference(exact_state(y), x)
        jacobian = ball_map(on.map).jacobian(x)
        whole, stretch = size(jacobian, "norm"), length(_times(jacobian, step)) / length(step)
        hypotheses = [exceeds(f"|M'(x)| {sign} 1", one, whole)]
        hypotheses += [exceeds(f"|M'(x) v| {sign} 1, v the direction from x to y", one, stretch)] if along else []
        room = (stretch if along else whole) - 1
        turns = _change_of_jacobian(on.map, on.start, y, jacobian)
        hypotheses += [exceeds("|M'(z) - M'(x)| on the segment is below what M'(x) gains over 1", turns, room)]
        conclusion = _in_every_direction(on.map, on.start, y) if in_every_direction else _separates(on.map, on.start, y)
        return hypotheses, conclusion

    return check


def separating_point(m: Map, x: Vector, reach: Fraction) -> Vector | None:
    """A y nearer to x than ``reach`` with |M(x) - M(y)| > |x - y|, along the top right singular vector of M'(x).

    The distance is halved until balls prove it; None if that does not happen. Rigor: certified.
    """
    jacobian = ball_map(m).jacobian(exact_state(x))
    entries = np.array([[float(v.mid()) for v in row] for row in jacobian], dtype=np.float64)
    if not np.all(np.isfinite(entries)):
        return None
    top = [Fraction(float(v)) for v in np.linalg.svd(entries)[2][0]]
    for k in range(1, _HALVINGS):
        y = tuple(a + reach * v / 2**k for a, v in zip(x, top, strict=True))
        if y != x and _separates(m, x, y).holds:
            return y
    return None


def _is_stretched(on: Case) -> Finding:
    return less("|M'(x)| > 1", balls.ball(1), size(ball_map(on.map).jacobian(exact_state(on.start)), "norm"))


def _separates(m: Map, x: Vector, y: Vector) -> Finding:
    image = ball_map(m).image
    start, end = exact_state(x), exact_state(y)
    return less("|M(x) - M(y)| > |x - y|", length(difference(end, start)), length(difference(image(end), image(start))))


def _in_every_direction(m: Map, x: Vector, y: Vector) -> Finding:
    """Whether the points at about the distance of y along every axis, on both sides, separate from x."""
    r = Fraction(float(length(difference(exact_state(y), exact_state(x))).mid()))
    shifted = [tuple(a + (s * r if i == j else 0) for j, a in enumerate(x)) for i in range(len(x)) for s in (1, -1)]
    return every("every point at this distance separates from x", [_separates(m, x, z) for z in shifted])


def _times(matrix: Matrix, vector: State) -> State:
    return [sum((v * c for v, c in zip(row, vector, strict=True)), balls.ball(0)) for row in matrix]


def _change_of_jacobian(m: Map, x: Vector, y: Vector, at_x: Matrix) -> Ball:
    """The largest |M'(z) - M'(x)| on the segment: at least that at y, at most that on the box with corners x and y."""
    corners = zip(exact_state(x), exact_state(y), strict=True)

    def change(state: State) -> Ball:
        rows = zip(ball_map(m).jacobian(state), at_x, strict=True)
        return size([difference(row, fixed) for row, fixed in rows], "norm")

    return balls.hull(change(exact_state(y)).lower(), change([balls.hull(a, b) for a, b in corners]).upper())


def _expands_around(on: Case, radius: Fraction, reading: Reading) -> Finding:
    """Whether the size of M' exceeds 1 on the ball around x, by balls on pieces of a box around it."""
    text = size_text(reading).format("M'") + f" > 1 on U(x), the ball of radius {number_text(radius)}"
    one, jacobian = balls.ball(1), ball_map(on.map).jacobian
    box = box_around(exact_state(on.start), radius)
    if box is None:
        return unknown(text, "no box around x is known")
    todo, found, count = [box], list[Ball](), 0
    while todo:
        part, count = todo.pop(), count + 1
        if not _meets(part, on.start, radius):
            continue
        value = size(jacobian([balls.hull(balls.ball(lo), balls.ball(hi)) for lo, hi in part]), reading)
        if value > 1:
            found.append(value)
            continue
        middle = tuple((lo + hi) / 2 for lo, hi in part)
        at_middle = less(text, one, size(jacobian(exact_state(middle)), reading))
        inside = sum((a - b) ** 2 for a, b in zip(middle, on.start, strict=True)) < radius**2
        if at_middle.fails and inside:
            return at_middle
        if count + len(todo) > _PIECES or not value.is_finite():
            return unknown(text, f"not decided with {count} pieces")
        side = max(range(len(part)), key=lambda i: part[i][1] - part[i][0])
        lo, hi = part[side]
        todo += [(*part[:side], ends, *part[side + 1 :]) for ends in ((lo, (lo + hi) / 2), ((lo + hi) / 2, hi))]
    try:
        lower, upper = (min(ends) for ends in zip(*map(balls.ends, found), strict=True))
        margin = Enclosure(lower - 1, upper - 1)
    except ArithmeticError:  # too large to be written out
        margin = None
    return Finding(text, Verdict.PROVED, margin, f"balls on {count} pieces")


def _meets(box: Box, x: Vector, radius: Fraction) -> bool:
    """Whether a box has a point nearer to x than the radius."""
    nearest = [max(lo, min(hi, a)) for (lo, hi), a in zip(box, x, strict=True)]
    return sum((a - b) ** 2 for a, b in zip(nearest, x, strict=True)) < radius**2


# --- outside Gamma ----------------------------------------------------------------------------------------------------


def growth_checker(reading: Reading) -> Checker:
    """The printed consequence: a ball of uncertainty around a point of beta(X) outside Gamma(X) grows exponentially.

    Its linearised size is |d a_t / d a_0|. Once the orbit is in a trapping ball of X, on which M' (of p steps, for a
    cycle of period p) is below 1 in an adapted norm, the size falls exponentially for ever: that refutes it.
    """

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        orbit, text = on.orbit(), "|d a_t / d a_0| grows exponentially as t increases"
        ball = trapped(on.map, orbit[-1])
        if ball is None:
            conclusion = unknown(text, f"a_{on.steps} is not proved to lie in a trapping ball; give more steps")
        else:
            conclusion = exactly(text, False, _falls(on, ball))
        return [*_outside(on, orbit[0], reading), hyperbolic(on.map, orbit[0], reading)], conclusion

    return check


def transient_checker(*, at_the_end: bool = False) -> Checker:
    """What is true outside Gamma(X): some later derivative has norm at least 1, and in the end they fall exponentially.

    Its mutant asks for norm at least 1 at the last step.
    """

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        orbit = on.orbit()
        sizes = [size(product, "norm") for product in gradients(on.map, orbit)]
        if not sizes:
            raise InputError("T1-growth' follows an orbit; give steps=, at least 1")
        ball, text = trapped(on.map, orbit[-1]), "in the end |d a_t / d a_0| falls exponentially"
        peak = max(range(len(sizes)), key=lambda t: float(sizes[t].mid()))
        chosen = len(sizes) - 1 if at_the_end else peak
        large = at_most(f"|d a_{chosen + 1} / d a_0| >= 1", balls.ball(1), sizes[chosen])
        if large.fails and not at_the_end:
            large = unknown("some |d a_l / d a_0| >= 1", f"none up to l = {on.steps}; give more steps")
        falls = unknown(text, "give more steps") if ball is None else exactly(text, True, _falls(on, ball))
        return _outside(on, orbit[0], "norm"), every("large once, and small in the end", [large, falls])

    return check


def _falls(on: Case, ball: InnerBall) -> str:
    trap = ball.trap
    times = "every later step" if trap.period == 1 else f"every {trap.period} later steps"
    return f"from t = {on.steps} on {times} multiplies it, in an adapted norm, by at most {trap.rate:.6g}"


def _outside(on: Case, first: State, reading: Reading) -> list[Finding]:
    if on.states or any(v for u in on.inputs for v in u):
        raise InputError("this speaks of the map without inputs; give start= and steps= alone")
    owner, text = reached(on.map, first), "a_0 in beta(X), X a certified attractor"
    known = unknown(text, "no certified attractor was proved to be reached") if owner is None else exactly(text, True)
    member = in_reduced_set(on.map, first, reading, "a_0")
    return [known, member.denied().named(f"a_0 outside Gamma(X) (reading {reading})")]


_WITNESS: Final = case(neuron(2), "1/10", steps=100)


def _amplification() -> Plot:
    shown = _WITNESS.orbit()[:26]
    found = [float(size(product, "norm").mid()) for product in gradients(_WITNESS.map, shown)]
    times = tuple(float(t) for t in range(len(found) + 1))
    return Plot(
        "The ball of uncertainty grows for four steps, then it shrinks for ever", "t (steps)", "|d a_t / d a_0|",
        (("linearised size", times, (1.0, *found)),), log_scale=True, level=1.0, level_label="size at the start",
    )  # fmt: skip


def _t1(reading: Reading, why: str) -> Statement:
    sized = size_text(reading).format("M'(z)")
    return Statement(
        "T1", "Where M' exceeds 1, some near point moves away", "BSF94, Theorem 1", reading,
        (f"{sized} > 1 for all z in an open ball U(x) around x",),
        "some y in U(x) has |M(x) - M(y)| > |x - y|", Verdict.PROVED, why,
        None, None, printed_checker(reading), "a map, start (x) and radius (of U(x))",
    )  # fmt: skip


def _growth(reading: Reading) -> Statement:
    return Statement(
        "T1-growth", "Outside Gamma(X) a ball of uncertainty grows exponentially", "BSF94, after Theorems 1 and 3",
        reading,
        ("a_0 lies in beta(X), X a hyperbolic attractor", "a_0 does not lie in Gamma(X)"),
        "the size of a ball of uncertainty around a_0 grows exponentially as t increases", Verdict.REFUTED,
        "Theorem 1 speaks of one step. Outside Gamma(X) some steps expand, but the orbit goes to X, where all steps "
        "contract: the ball grows for a while and then shrinks exponentially. At w = 2 and a_0 = 1/10 it is largest "
        "at t = 4, 7.8 times its size at the start.",
        Witness(
            "neuron w = 2, a_0 = 1/10: |d a_t / d a_0| is 7.8 at t = 4 and 7.0e-74 at t = 100",
            _WITNESS, plot=_amplification,
        ),
        "T1-growth'", growth_checker(reading), "a map, start, and steps",
    )  # fmt: skip


STATEMENTS: Final = (
    _t1(
        "norm",
        "M'(x) stretches some unit vector v by more than 1, and for small lambda the remainder of M(x + lambda v) is "
        "smaller than what it gains. T1' needs |M'| > 1 at x alone and says which y, and how near.",
    ),
    _t1(
        "spectral",
        "The norm of M'(x) is at least its spectral radius, so the theorem under the norm applies. T1' needs "
        "|M'| > 1 at x alone and says which y, and how near.",
    ),
    Statement(
        "T1'", "Where M'(x) exceeds 1 at x alone, the points along a stretched direction move away",
        "sharpens BSF94, Theorem 1", "norm",
        (
            "|M'(x)| > 1 at x",
            "y - x has a direction v with |M'(x) v| > 1, as the top right singular vector of M'(x) has",
            "on the segment from x to y, |M'(z) - M'(x)| < |M'(x) v| - 1, as it is for all y near enough",
        ),
        "|M(x) - M(y)| > |x - y|", Verdict.PROVED,
        "M(z) - M'(x) z changes by at most sup |M'(z) - M'(x)| |y - x| along the segment, which is less than "
        "M'(x)(y - x) gains over |y - x|. If M is differentiable at x alone, the same holds for all y = x + lambda v "
        "with small lambda, since the remainder is o(lambda).",
        None, None, repaired_checker(), "a map, start (x), and other (y); without other one is looked for",
    ),
    _growth("norm"),
    _growth("spectral"),
    Statement(
        "T1-growth'", "Outside Gamma(X) a ball of uncertainty is later no smaller than at first, yet ends by shrinking",
        "repairs BSF94, after Theorems 1 and 3", "norm",
        (
            "a_0 lies in beta(X), X compact",
            "M(V) lies in V for an open V around X, and |P M' P^-1| <= alpha < 1 on V, for one invertible P",
            "a_0 does not lie in Gamma(X), under the norm or under the spectral radius",
        ),
        "|d a_l / d a_0| >= 1 for some l >= 1, and |d a_t / d a_0| <= C alpha^t for all t, for some C", Verdict.PROVED,
        "The first is what it means to lie outside Gamma(X), since no spectral radius exceeds the norm. The orbit "
        "enters V, and from then on every step multiplies the derivative, in the norm of P, by at most alpha. (For a "
        "cycle of period p the same holds for M^p.)",
        None, None, transient_checker(), "a map, start, and steps",
    ),
)  # fmt: skip
"""Theorem 1 in both readings and sharpened, and the growth outside Gamma in both readings and repaired."""
