"""Appendix D: what is left of d a_t / d a_0 where a projection of the state is latched."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from dynlatch.maps.catalogue import tanh_network
from dynlatch.maps.definition import Formulas, Map, state_symbol
from dynlatch.theorems.cases import case
from dynlatch.theorems.findings import Finding, exactly
from dynlatch.theorems.projection import STATEMENTS
from proofs.document import Document, Part, decided, fact, holds_on, identity, witness

_NORM, _SPECTRAL, _REPAIRED = STATEMENTS
_t = sp.Symbol("t", positive=True)
_z, _y = state_symbol("z"), state_symbol("y")
_theta, _zeta, _mu = sp.symbols("theta zeta mu", real=True)
_row = sp.Matrix([[sp.cos(_theta), sp.sin(_theta)]])
_rest = _row.T * _zeta * _row


def _powers() -> list[Finding]:
    """W^t by induction, entry by entry."""
    w = sp.Matrix([[sp.Rational(1, 2), 0], [1, 1]])

    def power(t: sp.Expr) -> sp.Matrix:
        return sp.Matrix([[2**-t, 0], [2 - 2 * 2**-t, 1]])

    step = (w * power(_t) - power(_t + 1)).applyfunc(sp.simplify)
    return [
        exactly("W^0 is the unit matrix", power(sp.Integer(0)) == sp.eye(2)),
        exactly("W W^t = W^(t+1)", step == sp.zeros(2, 2)),
    ]


def _mixed_block() -> Finding:
    x, y, z = sp.symbols("X Y Z", commutative=False)
    k = sp.Symbol("k", integer=True, nonnegative=True)
    following = (x * z - y * x) * z**k + y * (x * z**k - y**k * x)
    left = sp.expand(following) - sp.expand(x * z ** (k + 1) - y ** (k + 1) * x)
    return exactly("C Z^k + Y C_k = C_{k+1}", sp.expand(sp.powsimp(left)) == 0)


def _latch() -> list[Finding]:
    m = Map("bit", (_z, _y), Formulas((sp.Rational(5, 4) * _z - _z**3, _y + _z**2 - sp.Rational(1, 4))), (),
            ((Fraction(-1), Fraction(1)),) * 2)  # fmt: skip
    on = case(m, states=[["1/2", 0]], periodic=True, other=[1, 0])
    half, found = sp.Rational(1, 2), list[Finding]()
    for z in (half, -half):
        at = {_z: z, _y: 0}
        found += [
            exactly(f"z = {z} is a fixed point of M_P, and y = 0 stays", [e.subs(at) for e in m.explicit] == [z, 0]),
            exactly(f"M_P'({z}) = 1/2", m.jacobian[0, 0].subs(at) == half),
        ]
    for printed in (_NORM, _SPECTRAL):
        checked = printed.check(on)
        found += [*checked.hypotheses, checked.conclusion.denied()]
    return found


DOCUMENT = Document(
    "D",
    "Appendix D: a latched projection of the state",
    (("D", "norm"), ("D", "spectral"), ("D'", "norm")),
    (
        Part(
            "The claim",
            """
            Let a = P+ z + R+ y with z = P a and y = R a, for orthogonal projections P and R. Suppose z_t follows its
            own dynamics M_P, whatever y is, and converges to an attractor of it, so that d z_t / d z_0 -> 0. Then d a_t
            / d a_0 -> R+ (d y_t / d y_0) R: only the derivative of y by y is left, and the influence of the start of z
            is lost.
            """,
        ),
        Part(
            "Why it fails",
            """
            The derivative has four blocks. That of z by z vanishes, and that of z by y is 0 because z does not depend
            on y. So the row of z vanishes. The printed formula also drops the column of z: d y_t / d z_0. But y may
            remember where z started. In the network W tanh(a) with W = [[1/2, 0], [1, 1]], at rest in a = 0, the
            derivative by the start is W^t. Here z_t shrinks by 1/2 at each step, 0 is a hyperbolic attractor of z ->
            tanh(z)/2 in both readings, and y adds up what it sees: W^t = [[2^-t, 0], [2 - 2 2^-t, 1]], whose limit is
            [[0, 0], [2, 1]]. The printed limit is [[0, 0], [0, 1]].

            The checker decides such limits for any trajectory that repeats. Over one period the derivative is [[Z, 0],
            [C, Y]], and after k periods the mixed block C_k obeys C_{k+1} = C Z^k + Y C_k. If Y is one number with |Y|
            >= 1 and Z^k -> 0, then X = C (Z - Y)^-1 exists and C_k = X Z^k - Y^k X, whose norm tends to no less than
            |X| >= |C| / |Z - Y|: it vanishes only if C = 0.

            In that network z has one attractor only. A latch that keeps a bit gives the same numbers: for M(z, y) =
            (5/4 z - z^3, y + z^2 - 1/4) the map of z has the two hyperbolic attractors 1/2 and -1/2, with M_P' = 1/2 at
            both, and at the fixed point (1/2, 0) the derivative is [[1/2, 0], [1, 1]] again.
            """,
            (
                decided("W^t = [[2^-t, 0], [2 - 2 2^-t, 1]] for t = 0, 1, 2, ..., by induction", _powers),
                decided(
                    "C_k = X Z^k - Y^k X solves C_{k+1} = C Z^k + Y C_k, C_0 = 0, where C = X Z - Y X", _mixed_block
                ),
                fact("Z^k -> 0 exactly if all eigenvalues of Z are below 1 in modulus (any linear algebra textbook)."),
                witness(_NORM),
                witness(_SPECTRAL),
                decided("The same where z is a latch with two attractors", _latch),
            ),
        ),
        Part(
            "The repair",
            """
            d a_t / d a_0 - R+ (d y_t / d a_0) -> 0, with the whole row d y_t / d a_0 = [d y_t / d z_0, d y_t / d y_0]
            in place of one block.

            Differentiate a_t = P+ z_t + R+ y_t by a_0: d a_t / d a_0 = P+ (d z_t / d a_0) + R+ (d y_t / d a_0). Since
            z_t is a function of z_0 = P a_0 alone, d z_t / d a_0 = (d z_t / d z_0) P. So what is left is exactly P+ (d
            z_t / d z_0) P. The rows of P are orthonormal, P+ = P^T and P P+ = I, so that |P+ Z P v| = |Z P v|, at most
            |Z| |v|, with equality for v = P+ w where w is what Z stretches most. The norm of the difference is |d z_t /
            d z_0| at every t, and it tends to 0 as fast as that.

            So the latched part of the state is forgotten by z itself, not by the rest of the network. A unit that reads
            z before the latch closes over it can carry its gradient on.
            """,
            (
                fact("Chain rule (any textbook of analysis)."),
                fact("The rows of an orthogonal projection a -> z are orthonormal: P P^T = I, and P+ = P^T."),
                identity(
                    "for one latched coordinate along (cos theta, sin theta), Z = zeta: (P+ Z P)^T (P+ Z P) has the "
                    "characteristic polynomial mu (mu - zeta^2), so |P+ Z P| = |zeta|",
                    (_mu * sp.eye(2) - _rest.T * _rest).det(), _mu * (_mu - _zeta**2),
                ),
                holds_on(
                    "On the witness", _REPAIRED,
                    lambda: case(tanh_network([["1/2", 0], [1, 1]]), states=[[0, 0]], periodic=True, other=[1, 0]),
                ),
                holds_on(
                    "Three units, two of them latched and driven around a 2-cycle", _REPAIRED,
                    lambda: case(
                        tanh_network([["1/2", "1/4", 0], [-1, "1/3", 0], [2, 1, 2]]),
                        states=[[1, 0, "1/2"], [0, "-1/2", 1]], periodic=True, other=[1, 1, 0],
                    ),
                ),
            ),
        ),
    ),
)  # fmt: skip
