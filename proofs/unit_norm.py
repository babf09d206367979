"""Networks with |W| < 1: the origin is the one attractor, if |.| only looks at the sizes of the entries."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from dynlatch.latch.fixed_points import Stability, fixed_points
from dynlatch.maps.catalogue import tanh_network
from dynlatch.maps.definition import exact_fraction
from dynlatch.rigor import balls
from dynlatch.rigor.krawczyk import Ball
from dynlatch.theorems.cases import State, case, exact_state
from dynlatch.theorems.findings import Finding, exactly, less
from dynlatch.theorems.measures import length
from dynlatch.theorems.network_claims import NILPOTENT, STATEMENTS
from dynlatch.verdict import Verdict
from proofs.document import Document, Part, decided, fact, holds_on, identity, inequality, witness

_BY_ID = {(s.id, s.reading): s for s in STATEMENTS}
_NORM, _SPECTRAL, _REPAIRED = (
    _BY_ID[key] for key in (("unit-norm", "norm"), ("unit-norm", "spectral"), ("unit-norm'", "norm"))
)
_a, _x = sp.symbols("a x", positive=True)
_s, _a1, _a2 = sp.symbols("s a1 a2", real=True)
_W = sp.Matrix([[-4, 8], [-2, 4]])
_TO_BASIS = sp.Matrix([[sp.Rational(1, 2), 0], [-4, 8]])
"""P: the state in the coordinates (alpha, beta) of alpha (2, 1) + beta (0, 1/8)."""

_ON_LINE = 4 * sp.tanh(_s) - 2 * sp.tanh(2 * _s)
_SLOPE = 4 * _x**2 * (3 + _x**2) * (1 - _x**2) / (1 + _x**2) ** 2
_SLOPE_AT = _SLOPE.subs(_x, sp.tanh(_s))
_IN_BASIS = sp.Matrix([[0, sp.Rational(1, 2)], [0, 0]])


def _matrix(says: str, holds: bool) -> Finding:
    return exactly(says, holds, "exact matrices")


def _all_points() -> list[Finding]:
    found = fixed_points(NILPOTENT)
    kinds = sorted(str(p.stability) for p in found)
    expected = [str(Stability.ATTRACTING)] * 3 + [str(Stability.SADDLE)] * 2
    return [
        exactly("no other fixed points", found.verdict is Verdict.PROVED, "a complete search"),
        exactly("three attract, two are saddles", kinds == expected, "Krawczyk, multipliers in balls"),
    ]


def _adapted(vector: State) -> Ball:
    """|P a|."""
    rows = [[balls.ball(exact_fraction(v, "P")) for v in _TO_BASIS.row(i)] for i in range(2)]
    return length([sum((p * v for p, v in zip(row, vector, strict=True)), balls.ball(0)) for row in rows])


def _longer_in_adapted_norm() -> Finding:
    """In |P a| the state (4, 2) is shorter than its tanh."""
    state = exact_state([Fraction(4), Fraction(2)])
    return less("|P a| < |P tanh a| at a = (4, 2)", _adapted(state), _adapted([balls.tanh(a) for a in state]))


DOCUMENT = Document(
    "unit-norm",
    "Section IV: networks with |W| < 1",
    (("unit-norm", "norm"), ("unit-norm", "spectral"), ("unit-norm'", "norm")),
    (
        Part(
            "The claim",
            """
            If |W| < 1, then a_t = W tanh(a_{t-1}), without inputs, has one attractor, the origin. (The same sentence
            of the paper says it of a stable linear system, a_t = W a_{t-1}. There it is true in both readings: W^t
            tends to 0 if and only if all eigenvalues of W are below 1 in modulus.)
            """,
            (fact("W^t tends to 0 if and only if the spectral radius of W is below 1 (any textbook on matrices)."),),
        ),
        Part(
            "Read with the norm it is true",
            """
            The slope of a - tanh a is tanh^2 a >= 0, so |tanh a| <= |a| for a number, entry by entry for a vector,
            and then for lengths. Hence |a_t| <= |W| |tanh a_{t-1}| <= |W| |a_{t-1}|, and |a_t| <= |W|^t |a_0| tends
            to 0 from every start: nothing but the origin attracts anything.
            """,
            (
                identity("the slope of a - tanh a is tanh^2 a", sp.diff(_a - sp.tanh(_a), _a), sp.tanh(_a) ** 2),
                fact("|W a| <= |W| |a|, the definition of the operator norm."),
                holds_on(
                    "W = [[3/5, -3/5], [3/5, 3/5]], |W| = 0.849, from (3, 4)", _NORM,
                    lambda: case(tanh_network([["3/5", "-3/5"], ["3/5", "3/5"]]), [3, 4]),
                ),
            ),
        ),
        Part(
            "Read with eigenvalues it is false, even at spectral radius 0",
            """
            Let W = [[-4, 8], [-2, 4]]. W^2 = 0, so both eigenvalues are 0. Both columns are multiples of (2, 1), so
            one step takes every state to that line: W tanh(a) = (4 tanh a_2 - 2 tanh a_1) (2, 1). On the line, s (2,
            1) goes to g(s) (2, 1) with

            g(s) = 4 tanh s - 2 tanh 2 s = 4 x^3 / (1 + x^2), x = tanh s.

            For a linear map the two terms would cancel. Here g(1.78) > 1.78 and g(1.79) < 1.79, while 0 < g' < 1/2
            between them: g has one fixed point s* in that interval, maps the interval into itself and contracts it.
            M' has rank one, so its eigenvalues at s* (2, 1) are g'(s*) and 0, and the fixed point attracts all states
            near it. As M is odd, -s* (2, 1) does so too.
            """,
            (
                decided("W^2 = 0", lambda: _matrix("W^2 = 0", sp.zeros(2, 2) == _W**2)),
                decided(
                    "W tanh(a) = (4 tanh a_2 - 2 tanh a_1) (2, 1)",
                    lambda: _matrix(
                        "the two sides are one",
                        sp.expand(_W * sp.Matrix([sp.tanh(_a1), sp.tanh(_a2)])
                                  - (4 * sp.tanh(_a2) - 2 * sp.tanh(_a1)) * sp.Matrix([2, 1])) == sp.zeros(2, 1),
                    ),
                ),
                identity(
                    "g(s) = 4 x^3 / (1 + x^2)",
                    sp.expand_trig(_ON_LINE).subs(sp.tanh(_s), _x), 4 * _x**3 / (1 + _x**2),
                ),
                identity(
                    "g'(s) = 4 x^2 (3 + x^2) (1 - x^2) / (1 + x^2)^2",
                    sp.diff(4 * _x**3 / (1 + _x**2), _x) * (1 - _x**2), _SLOPE,
                ),
                identity(
                    "the trace of M' at s (2, 1), which is its eigenvalue besides 0, is g'(s)",
                    -4 * (1 - sp.tanh(2 * _s) ** 2) + 4 * (1 - sp.tanh(_s) ** 2), sp.diff(_ON_LINE, _s),
                ),
                inequality("g(s) > s at s = 1.78", _ON_LINE - _s, {_s: ("1.78", "1.78")}),
                inequality("g(s) < s at s = 1.79", _s - _ON_LINE, {_s: ("1.79", "1.79")}),
                inequality("g' < 1/2 for 1.78 <= s <= 1.79", sp.Rational(1, 2) - _SLOPE_AT, {_s: ("1.78", "1.79")}),
                inequality("g' > 0 there", _SLOPE_AT, {_s: ("1.78", "1.79")}),
                fact(
                    "A map of an interval into itself whose slopes stay below some q < 1 in size has one fixed point "
                    "there, to which all orbits in the interval converge (Banach)."
                ),
                fact(
                    "A fixed point of a C^1 map whose multipliers are below 1 in modulus attracts a neighbourhood (any "
                    "textbook of dynamics)."
                ),
                decided("All fixed points of this network", _all_points),
                witness(_SPECTRAL),
            ),
        ),
        Part(
            "The repair",
            """
            What the proof needs of a norm is |tanh a| <= |a|. It holds in every norm that depends on the sizes |a_i|
            alone and does not fall when one of them grows: weighted lengths (sum of p_i |a_i|^k)^(1/k), weighted
            maxima max p_i |a_i|, and more. If |W| < 1 in one of these, then |a_t| <= |W|^t |a_0|, as before.

            For weighted maxima there is a simple test. Let B be the matrix of the absolute values |w_ij|.

            If its spectral radius is below 1, then v = (I + B + B^2 + ...) (1, ..., 1) is finite, v >= 1, and B v =
            v - (1, ..., 1) <= (1 - 1 / max v) v. In the norm max |a_i| / v_i that says |W| <= 1 - 1 / max v < 1. So
            the origin is the one attractor.

            Conversely a weighted maximum with |W| < 1 gives B p < p for the p > 0 of its reciprocal weights, and so a
            spectral radius of B < 1. The test is exact for rational W: it holds if and only if elimination on I - B,
            without exchanges, meets positive pivots alone.
            """,
            (
                fact("I + B + B^2 + ... converges if and only if the spectral radius of B is below 1 (Neumann)."),
                fact("B >= 0 with B p <= r p for some p > 0 has spectral radius at most r (Collatz and Wielandt)."),
                fact(
                    "For B >= 0 the leading minors of I - B are all positive if and only if the spectral radius of B "
                    "is below 1 (M-matrices: Berman and Plemmons, Nonnegative Matrices, chapter 6)."
                ),
                holds_on(
                    "W = [[1/2, 100], [0, 1/2]] has length norm 100 but passes the test", _REPAIRED,
                    lambda: case(tanh_network([["1/2", 100], [0, "1/2"]]), [3, 4]),
                ),
                holds_on(
                    "W = [[3/5, -3/5], [3/5, 3/5]] fails the test (B has radius 1.2), but its length norm is below 1",
                    _REPAIRED,
                    lambda: case(tanh_network([["3/5", "-3/5"], ["3/5", "3/5"]]), [3, 4]),
                ),
            ),
        ),
        Part(
            "Why not any adapted norm",
            """
            Whenever the eigenvalues are below 1 there is some P with |P W P^-1| < 1, so a repair that allows every P
            would be the refuted reading again. For W = [[-4, 8], [-2, 4]] take the coordinates of alpha (2, 1) + beta
            (0, 1/8). There W is [[0, 1/2], [0, 0]], of norm 1/2. What fails is |P tanh a| <= |P a|: tanh bends the
            long and the short entry of s (2, 1) differently, and leaves the line in a direction that P makes long.

            What does hold with eigenvalues alone, if they are below 1 at every state: document "schur".
            """,
            (
                decided(
                    "P W P^-1 = [[0, 1/2], [0, 0]]",
                    lambda: _matrix("the same", _TO_BASIS * _W * _TO_BASIS.inv() == _IN_BASIS),
                ),
                decided("|P tanh a| exceeds |P a| at a = (4, 2)", _longer_in_adapted_norm),
            ),
        ),
    ),
)  # fmt: skip
