"""Symmetric networks: an energy falls at every step, so that nothing but fixed points attracts."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from dynlatch.latch.fixed_points import Stability, fixed_points
from dynlatch.maps.catalogue import tanh_network
from dynlatch.theorems.cases import case
from dynlatch.theorems.findings import Finding, exactly
from dynlatch.theorems.network_claims import STATEMENTS, symmetric_checker
from dynlatch.verdict import Verdict
from proofs.document import Document, Part, decided, fact, holds_on, identity

_NORM = next(s for s in STATEMENTS if (s.id, s.reading) == ("symmetric", "norm"))
_x, _y, _w = sp.symbols("x y w", real=True)
_x1, _x2, _y1, _y2, _w11, _w12, _w22 = sp.symbols("x1 x2 y1 y2 w11 w12 w22", real=True)
_p = sp.Symbol("p", positive=True)


def _bend(x: sp.Expr) -> sp.Expr:
    """G(x), whose slope is artanh x."""
    return x * sp.atanh(x) + sp.log(1 - x**2) / 2


def _rest(x: sp.Expr, y: sp.Expr) -> sp.Expr:
    """r(x, y) = artanh(y) (y - x) - (G(y) - G(x)) - (y - x)^2 / 2."""
    return sp.atanh(y) * (y - x) - (_bend(y) - _bend(x)) - (y - x) ** 2 / 2


def _energy(x: tuple[sp.Expr, sp.Expr], u: tuple[sp.Expr, sp.Expr]) -> sp.Expr:
    """L for two units."""
    square = _w11 * x[0] ** 2 + 2 * _w12 * x[0] * x[1] + _w22 * x[1] ** 2
    return -square / 2 - u[0] * x[0] - u[1] * x[1] + _bend(x[0]) + _bend(x[1])


def _step_of_two() -> tuple[sp.Expr, sp.Expr]:
    """Both sides of the energy's balance for two units, u eliminated by artanh y = W x + u."""
    drive = sp.atanh(_y1) - _w11 * _x1 - _w12 * _x2, sp.atanh(_y2) - _w12 * _x1 - _w22 * _x2
    d1, d2 = _y1 - _x1, _y2 - _x2
    change = _energy((_y1, _y2), drive) - _energy((_x1, _x2), drive)
    form = (_w11 + 1) * d1**2 + 2 * _w12 * d1 * d2 + (_w22 + 1) * d2**2
    return change, -form / 2 - _rest(_x1, _y1) - _rest(_x2, _y2)


def _without_bound() -> list[Finding]:
    """W = -2: without the bound on eigenvalues a 2-cycle attracts."""
    loose = replace(_NORM, checker=symmetric_checker(least=None))
    found = loose.check(case(tanh_network([[-2]]), [1], steps=3))
    return [*found.hypotheses, found.conclusion.denied()]


def _without_symmetry() -> list[Finding]:
    """W = [[0, -2], [2, 0]]: without symmetry a 4-cycle attracts."""
    m = tanh_network([[0, -2], [2, 0]])
    loose = replace(_NORM, checker=symmetric_checker(any_matrix=True))
    found = loose.check(case(m, [1, 1], steps=3))
    return [*found.hypotheses, found.conclusion.denied()]


def _only_fixed_points() -> list[Finding]:
    """All cycles of periods 1 and 2 of one symmetric network, certified."""
    m = tanh_network([["3/2", "1/2"], ["1/2", "-1/2"]], ["1/10", "-1/5"])
    points, pairs = fixed_points(m), fixed_points(m, period=2)
    attracting = [p for p in points if p.stability is Stability.ATTRACTING]
    complete = points.verdict is Verdict.PROVED and bool(attracting)
    return [
        exactly(f"{len(points)} fixed points, {len(attracting)} attracting, no others", complete, "a complete search"),
        exactly("no 2-cycle", pairs.verdict is Verdict.PROVED and not len(pairs), "a complete search"),
    ]


DOCUMENT = Document(
    "symmetric",
    "Section IV: symmetric networks come to rest",
    (("symmetric", "norm"), ("symmetric", "spectral")),
    (
        Part(
            "The claim",
            """
            Let a_t = W tanh(a_{t-1}) + u with a constant input u, W symmetric, and every eigenvalue of W above -1.
            Then every attractor is a fixed point. The claim compares no |W|, so it has one meaning in both readings.

            We show: an energy L falls at each step that moves the state at all; every limit of an orbit is a fixed
            point; so no cycle of two or more states exists, and a set on which some orbit is dense, or of which every
            point is a limit of some orbit, consists of fixed points.
            """,
        ),
        Part(
            "The energy",
            """
            Work with x = tanh a, entry by entry. A step takes x to y with artanh y = W x + u. On the open cube
            |x_i| < 1 let

            L(x) = -1/2 x^T W x - u^T x + sum of G(x_i), G(x) = x artanh x + log(1 - x^2) / 2.

            G is made so that its slope is artanh x. Then the gradient of L is artanh x - W x - u, which is 0 at the
            fixed points and nowhere else.
            """,
            (
                identity("G'(x) = artanh x", sp.diff(_bend(_x), _x), sp.atanh(_x)),
                identity("G''(x) = 1 / (1 - x^2), which is at least 1", sp.diff(sp.atanh(_x), _x), 1 / (1 - _x**2)),
                identity(
                    "G(x) = a tanh a - log cosh a at x = tanh a (the checkers use this form)",
                    _bend(_x), _x * sp.atanh(_x) - sp.log(sp.cosh(sp.atanh(_x))), anchor={_x: 0},
                ),
            ),
        ),
        Part(
            "What one entry contributes",
            """
            Let r(x, y) = artanh(y) (y - x) - (G(y) - G(x)) - (y - x)^2 / 2. It is 0 at y = x, and its slope in y is
            (y - x) y^2 / (1 - y^2), which has the sign of y - x wherever it is not 0. So r falls until y = x and
            rises after that: r(x, y) >= 0 on the whole square.
            """,
            (
                identity("r(x, x) = 0", _rest(_x, _x), sp.S.Zero),
                identity(
                    "the slope of r in y", sp.diff(_rest(_x, _y), _y), (_y - _x) * _y**2 / (1 - _y**2),
                ),
            ),
        ),
        Part(
            "What W contributes",
            """
            For a symmetric W and d = y - x, y^T W y - x^T W x = d^T W d + 2 (W x)^T d. Both sides are sums over the
            entries of W: over w_ii, and over pairs w_ij = w_ji. So two identities prove it in every dimension.
            """,
            (
                identity(
                    "diagonal entries: y^2 - x^2 = (y - x)^2 + 2 x (y - x)",
                    _w * (_y**2 - _x**2), _w * ((_y - _x) ** 2 + 2 * _x * (_y - _x)),
                ),
                identity(
                    "pairs: 2 (y_i y_j - x_i x_j) = 2 d_i d_j + 2 (x_j d_i + x_i d_j)",
                    2 * _w * (_y1 * _y2 - _x1 * _x2),
                    _w * (2 * (_y1 - _x1) * (_y2 - _x2) + 2 * (_x2 * (_y1 - _x1) + _x1 * (_y2 - _x2))),
                ),
            ),
        ),
        Part(
            "L falls",
            """
            Put the two together, with W x + u = artanh y:

            L(y) - L(x) = -1/2 d^T W d - (W x + u)^T d + sum of (G(y_i) - G(x_i)) = -1/2 d^T (W + I) d - sum of r(x_i,
            y_i).

            Every r is at least 0, and d^T (W + I) d >= (1 + lambda_min) |d|^2. Hence

            L(x_{t+1}) - L(x_t) <= -1/2 (1 + lambda_min) |x_{t+1} - x_t|^2,

            and L falls unless the state stays where it is. On a cycle L would have to come back to its value: a cycle
            of more than one state cannot exist.
            """,
            (
                identity("the same balance for two units, multiplied out in all symbols", *_step_of_two()),
                fact("For symmetric A, d^T A d >= lambda_min(A) |d|^2 (Rayleigh's quotient; any textbook)."),
            ),
        ),
        Part(
            "Every limit is a fixed point",
            """
            After one step |a_i| is at most c_i = |u_i| + sum over j of |w_ij|, so x stays in the closed box |x_i| <=
            tanh c_i, which lies inside the open cube. L is continuous there, so bounded. The sum of all falls is
            therefore finite, and with it the sum of |x_{t+1} - x_t|^2: the steps tend to 0. If x* is the limit of
            some x_{t_k}, then x_{t_k + 1} has the same limit, and as the step is continuous, x* = tanh(W x* + u). So
            every limit point of every orbit is a fixed point of M.

            An attractor, if it is made of limits of orbits, consists of fixed points; where fixed points are isolated,
            which Krawczyk's test certifies, it is one of them, or several that each attract.

            Definition 2 does not ask for limits: a compact X = M(X) on which M' is below 1 in size, in either reading.
            It consists of fixed points, too. As X = M(X), every a_0 in X has states a_{-1}, a_{-2}, ... in X before it.
            L rises along these and is bounded, so that the steps tend to 0 as before and some limit p of them is a
            fixed point in X. There the eigenvalues of M' are below 1 in modulus (they never exceed the norm), so p is
            stable: an orbit that comes close enough to p stays as close as one likes. The orbit does so at times as far
            back as one likes, so a_0 = p.
            """,
            (
                fact("A sum of numbers that are not negative and stay bounded converges; then its terms tend to 0."),
                fact("Every bounded sequence in R^n has limit points (Bolzano and Weierstrass)."),
                fact(
                    "A fixed point of a C^1 map at which the eigenvalues of M' are below 1 in modulus is stable: in "
                    "some norm the states near it come nearer at every step (any textbook of dynamics)."
                ),
                fact(
                    "More is true, and not needed here: L is analytic and |grad L(x_t)| = |a_t - a_{t+1}| is at most a "
                    "constant times |x_t - x_{t+1}| on the closed box, so the whole orbit converges even where fixed "
                    "points fill a curve (Absil, Mahony and Andrews, SIAM J. Optim. 16, 2005, on strong descent of "
                    "analytic functions)."
                ),
            ),
        ),
        Part(
            "On examples",
            "The checker follows L in balls; a complete search finds the fixed points and no 2-cycle.",
            (
                holds_on(
                    "W = [[3/2, 1/2], [1/2, -1/2]] (lambda_min = -0.618) with the input (1/10, -1/5)", _NORM,
                    lambda: case(
                        tanh_network([["3/2", "1/2"], ["1/2", "-1/2"]]), ["1/10", "7/10"],
                        inputs=[["1/10", "-1/5"]] * 30,
                    ),
                ),
                decided("the same network: all fixed points and 2-cycles", _only_fixed_points),
            ),
        ),
        Part(
            "What the hypotheses are for",
            """
            Without the bound: W = -2 takes x to -tanh(2 x). The two states +-p with p = 2 tanh p change places, and
            the multiplier of the pair is (2 sech^2 p)^2 < 1.

            Without symmetry: W = [[0, -2], [2, 0]], whose symmetric part is 0. It takes (p, p) to (-p, p), a quarter
            turn, and four of them make an attracting 4-cycle.
            """,
            (
                identity("M(p) + p = p - 2 tanh p, which is 0 at p", -2 * sp.tanh(_p) + _p, _p - 2 * sp.tanh(_p)),
                decided("W = -2 is refuted when the bound is left out", _without_bound),
                decided("W = [[0, -2], [2, 0]] is refuted when symmetry is left out", _without_symmetry),
            ),
        ),
    ),
)  # fmt: skip
