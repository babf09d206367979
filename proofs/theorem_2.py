"""Theorem 2: which size of M' on a convex set makes M a contraction there."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from dynlatch.maps.balls import ball_of
from dynlatch.maps.catalogue import neuron, tanh_network
from dynlatch.rigor import balls
from dynlatch.theorems.cases import case, exact_state
from dynlatch.theorems.findings import Finding, exactly, less
from dynlatch.theorems.theorem_2 import STATEMENTS, ratio
from proofs.document import Document, Part, decided, fact, holds_on, identity, inequality, witness

_NORM, _SPECTRAL, _REPAIRED = STATEMENTS
_a, _x = sp.symbols("a x", positive=True)
_root = 1 / sp.sqrt(3)
_edge = sp.acosh(sp.sqrt(2))

# The example on a compact set, x^2 (1 - x) sin(1/x): the factors of its derivative, and what is left of 1.
_wave = _x**2 * (1 - _x) * sp.sin(1 / _x)
_of_sine, _of_cosine = 2 * _x - 3 * _x**2, -(1 - _x)
_rest = 2 - 5 * _x + 12 * _x**2 - 9 * _x**3


def _slopes_tend_to_one() -> Finding:
    k = sp.Symbol("k", integer=True, positive=True)
    at = sp.diff(_wave, _x).subs(_x, 1 / (2 * sp.pi * k))
    return exactly("f'(1 / (2 pi k)) = -(1 - 1 / (2 pi k))", sp.simplify(at + 1 - 1 / (2 * sp.pi * k)) == 0)


def _across_the_gap() -> list[Finding]:
    edge = ball_of(_edge)
    worst, wide = ratio([-edge], [edge]), exact_state((Fraction(9, 10),))
    return [
        less("at the edge it is above 1.6045", balls.ball(Fraction(16045, 10**4)), worst),
        less("at the edge it is below 1.6046", worst, balls.ball(Fraction(16046, 10**4))),
        less("for -9/10 and 9/10 it is above 1.59", balls.ball(Fraction(159, 100)), ratio([-wide[0]], wide)),
    ]


DOCUMENT = Document(
    "T2",
    "Theorem 2: which size of M' makes M a contraction",
    (("T2", "norm"), ("T2", "spectral"), ("T2'", "norm")),
    (
        Part(
            "The claim",
            """
            If M is differentiable on a convex set D and the size of M'(x) is below 1 for all x in D, then M is
            contracting on D: |M(x) - M(y)| <= alpha |x - y| for one alpha < 1 and all x and y in D.
            """,
        ),
        Part(
            "Why it fails under the norm",
            """
            The sizes may all be below 1 while their sup is 1. The neuron M(a) = 2 tanh a does this on the set that the
            paper is about. Let a_c = arcosh(sqrt 2) and D = (a_c, inf), which is convex, and Gamma of the positive
            attractor. With x = tanh a the slope is m(a) = 2 (1 - x^2). It is 1 at a_c and falls, so it is below 1 on D.

            Take any alpha in [0, 1), and s = (1 - alpha) / 4. The states a_c + s and a_c + 2 s lie in D. Their images
            are closer than they are by a factor that is a slope between them, so at least m(a_c + 2 s). Since |m'| < 2,
            that is above m(a_c) - 4 s = alpha. So no alpha < 1 will do. The same works for every w > 1, where |m'| <= 4
            w / (3 sqrt 3).
            """,
            (
                identity("the edge: 2 / cosh(arcosh(sqrt 2))^2 = 1", 2 / sp.cosh(_edge) ** 2, sp.Integer(1)),
                identity(
                    "the slope is M' = 2 (1 - tanh(a)^2)",
                    sp.diff(2 * sp.tanh(_a), _a), 2 * (1 - sp.tanh(_a) ** 2),
                ),
                identity(
                    "its derivative is m' = -4 x (1 - x^2), negative for 0 < x < 1",
                    sp.diff(2 * (1 - sp.tanh(_a) ** 2), _a), -4 * sp.tanh(_a) * (1 - sp.tanh(_a) ** 2),
                ),
                identity(
                    "x (1 - x^2) <= 2 / (3 sqrt 3) for x >= 0: what is left is (x - 1/sqrt 3)^2 (x + 2/sqrt 3)",
                    2 * _root / 3 - _x * (1 - _x**2), (_x - _root) ** 2 * (_x + 2 * _root),
                ),
                inequality("so |m'| <= 8 / (3 sqrt 3) < 2", 2 - 8 * _root / 3, {}),
                fact(
                    "Mean value theorem: for f differentiable on [x, y], f(y) - f(x) = f'(z)(y - x) for some z between "
                    "(any textbook of analysis)."
                ),
                witness(_NORM),
            ),
        ),
        Part(
            "Why it fails under the spectral radius",
            """
            The half line refutes that reading too, since for one state both are the same. But there is worse: even on a
            compact set with sup rho(M') = 0 the map may stretch. M' = W diag(1 - tanh(a_i)^2) with W = [[0, 2], [0, 0]]
            has only the eigenvalue 0, and M(0, s) = (2 tanh s, 0).
            """,
            (witness(_SPECTRAL),),
        ),
        Part(
            "A compact set does not save it",
            """
            If D is compact and M' continuous, |M'| takes its largest value, which is then below 1, and T2' applies. A
            derivative need not be continuous, though. On D = [0, 1/2] let f(x) = x^2 (1 - x) sin(1/x), f(0) = 0. Then
            |f(x) / x| <= x gives f'(0) = 0, and for x > 0 the derivative is a sine and a cosine of 1/x with the factors
            p = 2 x - 3 x^2 and q = -(1 - x). So f'(x)^2 <= p^2 + q^2 = 1 - x (2 - 5 x + 12 x^2 - 9 x^3) < 1: |f'| < 1
            at every point of D. But f' comes as near to -1 as one likes, at 1 / (2 pi k), and a slope is a limit of
            ratios, so no alpha < 1 will do.
            """,
            (
                identity(
                    "f' = (2 x - 3 x^2) sin(1/x) - (1 - x) cos(1/x)", sp.diff(_wave, _x),
                    _of_sine * sp.sin(1 / _x) + _of_cosine * sp.cos(1 / _x),
                ),
                fact("|p sin t + q cos t|^2 <= p^2 + q^2 (the inequality of Cauchy and Schwarz)."),
                identity("p^2 + q^2 = 1 - x (2 - 5 x + 12 x^2 - 9 x^3)", _of_sine**2 + _of_cosine**2, 1 - _x * _rest),
                inequality("2 - 5 x + 12 x^2 - 9 x^3 > 0 on [0, 1/2]", _rest, {_x: (0, "1/2")}),
                decided("f'(1 / (2 pi k)) = -(1 - 1 / (2 pi k)) for k = 1, 2, ...", _slopes_tend_to_one),
                fact("A continuous function takes its largest value on a compact set (any textbook of analysis)."),
            ),
        ),
        Part(
            "Convexity is needed",
            """
            On D = {|a| > a_c} the slopes of the neuron are below 1 as well, and the states a and -a of D go apart, by
            the factor 2 tanh(a) / a: up to 2 tanh(a_c) / a_c = sqrt 2 / arcosh(sqrt 2) = 1.6045... The segment between
            them leaves D and crosses the states where M expands. Restricting to |a| > 6/5, say, does not help: there
            the sup of the slopes is 0.61, but the factor across the gap is still 1.39.
            """,
            (
                identity(
                    "2 tanh(arcosh(sqrt 2)) = sqrt 2", 2 * sp.tanh(_edge), sp.sqrt(2),
                ),
                decided("the ratio across the gap", _across_the_gap),
                decided(
                    "for -6/5 and 6/5 it is above 1.38",
                    lambda: less(
                        "", balls.ball(Fraction(138, 100)),
                        ratio(exact_state((Fraction(-6, 5),)), exact_state((Fraction(6, 5),))),
                    ),
                ),
            ),
        ),
        Part(
            "The repair",
            """
            Let D be convex and alpha = sup over D of |M'(x)| < 1, with the operator norm. For x and y in D the segment
            x + s (y - x), 0 <= s <= 1, lies in D. If M(y) = M(x) there is nothing to show. Else let u be the unit
            vector along M(y) - M(x), and phi(s) = u . M(x + s (y - x)). Then phi(1) - phi(0) = u . (M(y) - M(x)) =
            |M(y) - M(x)|, and by the mean value theorem it is phi'(s) = u . M'(z)(y - x) for some z on the segment,
            which is at most |M'(z)| |y - x| <= alpha |y - x|.

            For networks W tanh(a) with |W| = g > 1 this gives sets that are easy to state: on all states of one orthant
            with |a_i| >= m, where m > arcosh(sqrt g), |M'| <= g / cosh(m)^2 < 1.
            """,
            (
                fact("Mean value theorem, as above, for phi."),
                fact("d . d = |d|^2, so that u . d = |d| for u = d / |d| (the definition of the Euclidean length)."),
                fact("u . A v <= |A| |v| for a unit vector u (the inequality of Cauchy and Schwarz)."),
                fact("|W diag(d)| <= |W| max |d_i| (the definition of an operator norm)."),
                holds_on(
                    "the neuron w = 2 on [1, 3], from 1 to 5/4", _REPAIRED,
                    lambda: case(neuron(2), 1, other="5/4", region=[(1, 3)]),
                ),
                holds_on(
                    "W = [[1, -1], [1, 1]], |W| = sqrt 2, on [3/4, 2] x [-2, -3/4], where sqrt 2 / cosh(3/4)^2 = 0.84",
                    _REPAIRED,
                    lambda: case(
                        tanh_network([[1, -1], [1, 1]]), ["3/4", "-3/4"], other=[1, "-4/5"],
                        region=[("3/4", 2), (-2, "-3/4")],
                    ),
                ),
            ),
        ),
    ),
)  # fmt: skip
