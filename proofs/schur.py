"""Networks whose Jacobian has eigenvalues below 1 at every state: one fixed point, no 2-cycle, and what is open."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from dynlatch.latch.fixed_points import fixed_points
from dynlatch.maps.balls import ball_map
from dynlatch.maps.catalogue import tanh_network
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.theorems.cases import case, exact_state
from dynlatch.theorems.findings import Finding, exactly, less
from dynlatch.theorems.measures import gradients, size, spectral_radius
from dynlatch.theorems.network_claims import NILPOTENT, absolute_radius, layer_of, matrix_balls
from dynlatch.verdict import Verdict
from proofs.document import Document, Part, decided, fact, identity

_a, _d1, _d2, _s = sp.symbols("a d1 d2 s", positive=True)
_x1, _x2, _z = sp.symbols("x1 x2 z", real=True)
_W = sp.Matrix([[-4, 8], [-2, 4]])
_TURN = tanh_network([["9/10", "-13/10"], ["13/10", "-9/10"]])
_TURN_MATRIX = sp.Matrix([[9, -13], [13, -9]]) / 10


def _jacobian(x: sp.Expr, y: sp.Expr) -> sp.Matrix:
    """W diag(x, y) of the network with W^2 = 0."""
    return _W * sp.diag(x, y)


def _one_point() -> list[Finding]:
    """All cycles of periods 1 and 2 of the example, and that no size of W shows it."""
    rows = layer_of(_TURN).weights
    points, pairs, one = fixed_points(_TURN), fixed_points(_TURN, period=2), balls.ball(1)
    return [
        less("|W| > 1", one, size(matrix_balls(rows), "norm")),
        less("rho(|w_ij|) > 1, so that |W| > 1 in every weighted maximum", one, absolute_radius(rows)),
        exactly("one fixed point", points.verdict is Verdict.PROVED and len(points) == 1, "a complete search"),
        exactly("no 2-cycle", pairs.verdict is Verdict.PROVED and not len(pairs), "a complete search"),
    ]


def _a_product_grows() -> Finding:
    """Two Jacobians of the example, each with a radius below 1, whose product has one above 1."""
    on = case(_TURN, states=[[2, 0], [0, 2]], periodic=True)
    *_, product = gradients(on.map, on.orbit())
    return less("1 < rho(M'(0, 2) M'(2, 0))", balls.ball(1), spectral_radius(product))


def _radius_at_two() -> list[Finding]:
    jacobian = ball_map(NILPOTENT).jacobian
    radius = spectral_radius(jacobian(exact_state([Fraction(2), Fraction(0)])))
    return [less("37/10 < rho(M'(2, 0))", balls.ball(Fraction(37, 10)), radius)]


def _between() -> list[Finding]:
    """The state c at which the slopes are the mean slopes from 0 to s* (2, 1), for all s* in [1.78, 1.79]."""
    s = balls.ball(Enclosure(Fraction(178, 100), Fraction(179, 100)))
    means = balls.tanh(2 * s) / (2 * s), balls.tanh(s) / s
    found: list[Finding] = []
    for i, (mean, middle) in enumerate(zip(means, (Fraction(125, 100), Fraction(84, 100)), strict=True), start=1):
        c, near = balls.acosh(balls.sqrt(1 / mean)), Fraction(1, 100)
        found += [less(f"{middle - near} < c_{i}", balls.ball(middle - near), c)]
        found += [less(f"c_{i} < {middle + near}", c, balls.ball(middle + near))]
    return found


DOCUMENT = Document(
    "schur",
    "Networks whose Jacobian has eigenvalues below 1 at every state",
    (),
    (
        Part(
            "The claim",
            """
            Let M(a) = W tanh(a), any number of units. If rho(M'(a)) < 1 at every state a, then M has no fixed point but
            the origin, and no 2-cycle. This is no statement of BSF94. It is what is left, in the reading by
            eigenvalues, of "|W| < 1 leaves the origin as the only attractor" (document unit-norm), where |W| is M' at
            the origin alone.
            """,
        ),
        Part(
            "Proof",
            """
            Let a and b be two different states, v = a - b. By the mean value theorem tanh a_i - tanh b_i = d_i v_i,
            where d_i = sech^2 c_i is the slope of tanh at some c_i between a_i and b_i (at a_i, where the two are
            equal). So

            M(a) - M(b) = W D v, D = diag(d_1, ..., d_n), and W D = M'(c) at the state c = (c_1, ..., c_n).

            The slopes of the units may be taken at different c_i, because unit i enters M through its own tanh alone:
            for a general map there is no such c.

            *Fixed points.* If M(a) = a and M(b) = b, then v = M'(c) v: M'(c) has the eigenvalue 1. So there is at most
            one fixed point, and the origin is one.

            *2-cycles.* If M(a) = b and M(b) = a, then b - a = M(a) - M(b) = M'(c) v, that is M'(c) v = -v: M'(c) has
            the eigenvalue -1.

            Both contradict rho(M'(c)) < 1. The c_i lie between states of the cycle, so it is enough to know rho(M') < 1
            on the box |a_i| <= sum over j of |w_ij|, which holds all cycles. A constant input drops out of M(a) - M(b):
            with one there is at most one fixed point and no 2-cycle either.
            """,
            (
                identity("the slope of tanh is sech^2", sp.diff(sp.tanh(_a), _a), 1 / sp.cosh(_a) ** 2),
                fact("The mean value theorem, for each unit by itself (any textbook of analysis)."),
            ),
        ),
        Part(
            "An example that no norm of unit-norm' covers",
            """
            W = [[0.9, -1.3], [1.3, -0.9]]. With slopes 0 < d_1, d_2 <= 1 the trace of W diag(d_1, d_2) is 0.9 (d_1 -
            d_2), below 1 in size, and the determinant 0.88 d_1 d_2 lies between 0 and 1. So both eigenvalues are below
            1 in modulus at every state. But |W| = 2.2, and so is the least weighted maximum.

            No other norm of unit-norm' is below 1 for this W either. Such a norm depends on the sizes of the entries
            and grows with them, so that |diag(d_1, d_2)| <= 1. With |W| < 1 all products of Jacobians would be below 1.
            But the product of those at (2, 0) and (0, 2) has a spectral radius above 1.
            """,
            (
                identity(
                    "the characteristic polynomial of W diag(d_1, d_2)",
                    (_z * sp.eye(2) - _TURN_MATRIX * sp.diag(_d1, _d2)).det(),
                    _z**2 - sp.Rational(9, 10) * (_d1 - _d2) * _z + sp.Rational(22, 25) * _d1 * _d2,
                ),
                fact("z^2 - T z + D has its roots below 1 in modulus exactly if |T| < 1 + D and D < 1 (Jury's test)."),
                decided("the origin is its one fixed point, and there is no 2-cycle", _one_point),
                fact("The spectral radius is at most any operator norm (any textbook of linear algebra)."),
                decided("the product of the Jacobians at (2, 0) and (0, 2)", _a_product_grows),
            ),
        ),
        Part(
            "Where the network with W^2 = 0 has larger eigenvalues",
            """
            In the document unit-norm, W = [[-4, 8], [-2, 4]] has rho(W) = 0 and three attractors. So rho(M') must reach
            1 somewhere, and it does: M' has the eigenvalues 0 and 4 (tanh^2 a_1 - tanh^2 a_2), both 0 at the origin. So
            rho(M') >= 1 at all states with |tanh^2 a_1 - tanh^2 a_2| >= 1/4, at (2, 0) for example, where it is 3.72.

            The proof above tells one such state for each pair of fixed points. Between 0 and s* (2, 1) the mean slopes
            are d_1 = tanh(2 s*) / (2 s*) and d_2 = tanh(s*) / s*, and the eigenvalue besides 0 is 4 (d_2 - d_1) =
            g(s*) / s* = 1: at a state c close to (1.25, 0.84) one eigenvalue of M' is exactly 1.
            """,
            (
                identity(
                    "the characteristic polynomial of M'(a), x = tanh a",
                    (_z * sp.eye(2) - _jacobian(1 - _x1**2, 1 - _x2**2)).det(), _z * (_z - 4 * (_x1**2 - _x2**2)),
                ),
                decided("rho(M') > 3.7 at (2, 0)", _radius_at_two),
                identity(
                    "the trace for the mean slopes is g(s) / s, g(s) = 4 tanh s - 2 tanh 2 s",
                    _jacobian(sp.tanh(2 * _s) / (2 * _s), sp.tanh(_s) / _s).trace(),
                    (4 * sp.tanh(_s) - 2 * sp.tanh(2 * _s)) / _s,
                ),
                decided("for every s* from 1.78 to 1.79, c lies within 0.01 of (1.25, 0.84) in each entry", _between),
            ),
        ),
        Part(
            "What is open",
            """
            Longer cycles and other attractors are not excluded by this, for two units either. Along a cycle of three
            states the differences of neighbours obey v_2 = W D_1 v_1, v_3 = W D_2 v_2, v_1 = W D_3 v_3, with three
            different D. So W D_3 W D_2 W D_1 has the eigenvalue 1, which rho(W D) < 1 for each D alone does not forbid:
            products of Jacobians can have a spectral radius above 1, as in the example. Whether rho(M') < 1 at every
            state makes the origin attract all states is open here, we give neither a proof nor a counterexample. So
            unit-norm' asks for more, a norm of W below 1.
            """,
        ),
    ),
)  # fmt: skip
