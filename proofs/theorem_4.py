"""Theorem 4: whether gradients vanish while inputs keep the state latched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from dynlatch.maps.catalogue import neuron, tanh_network
from dynlatch.theorems.cases import Case, case
from dynlatch.theorems.findings import Finding
from dynlatch.theorems.joint_rates import radius_below_one
from dynlatch.theorems.telescoping import gradient, telescoping
from dynlatch.theorems.theorem_4 import STATEMENTS, vanishes
from proofs.document import Document, Part, also_solved, decided, fact, holds_on, identity, witness

_NORM, _SPECTRAL, _BY_NORM, _JOINT = STATEMENTS
_x = sp.Symbol("x", positive=True)
_t = sp.Symbol("t", positive=True)
_w = sp.Symbol("w", positive=True)
_edge = sp.acosh(sp.sqrt(_w))
_d1, _d2, _e1, _e2 = sp.symbols("d1 d2 e1 e2", positive=True)


def _telescoping(z3: Any) -> Any:
    t, before, after = z3.Reals("t before after")
    known = z3.And(t >= 0, before * 2 * (t + 1) == t + 2, after * (t + 2) * (t + 2) == before * (t + 1) * (t + 3))
    return z3.Implies(known, z3.And(after * 2 * (t + 2) == t + 3, 2 * after > 1))


def _swap() -> Case:
    """Two units, a box on which every single Jacobian has a radius below 1, and an order of them that explodes."""
    return case(
        tanh_network([[-2, 3], [-2, 2]]), states=[["2/5", "6/5"], [2, "9/10"]], periodic=True,
        region=[("2/5", 2), ("9/10", "6/5")],
    )  # fmt: skip


def _pointwise_is_not_enough() -> Sequence[Finding]:
    on = _swap()
    return [radius_below_one(on.map, on.region_of("the example")), vanishes(on).denied()]


def _driven_pair() -> Case:
    states = [["1", "3/2"], ["3/2", "1"], ["2", "2"], ["1", "1"], ["5/4", "7/4"]]
    return case(tanh_network([["6/5", 1], ["-1/2", "6/5"]]), states=states, periodic=True, region=[(1, 2), (1, 2)])


_DOUBLE = sp.Matrix([[0, 2], [2, 0]])


DOCUMENT = Document(
    "T4",
    "Theorem 4: do gradients vanish while the state is latched?",
    (("T4", "norm"), ("T4", "spectral"), ("T4'", "norm"), ("T4'", "spectral")),
    (
        Part(
            "The claim",
            """
            If the inputs keep the state in Gamma(X) at all times, then da_t/da_0 -> 0. The printed proof says that each
            factor M'(a_t) is below 1 in size, and stops there.
            """,
        ),
        Part(
            "Why it fails when |.| is a norm: the neuron itself",
            """
            A product of numbers below 1 may stay away from 0. Take the neuron, any w > 1. To the right of 0 its slope
            m(a) = w / cosh(a)^2 falls with a and is 1 at a_c, cosh a_c = sqrt w.

            *Gamma holds the whole half-line a > a_c.* Let a > a_c. As M rises with a, M(a) > M(a_c) = a_c + h* > a_c:
            the orbit without inputs never leaves the half-line, so that every factor of (M^l)' is below 1, and the
            product too. On a > 0 the function M(a) - a is strictly concave, 0 at 0, positive at a_c and negative for
            a > w, so it has one zero abar > a_c: the orbit rises to abar or falls to it.

            *The trajectory.* Choose the states, and let the inputs follow: u_t = a_t - w tanh a_{t-1}. The states fall
            to the edge a_c without ever reaching it, and the inputs tend to -h*. Any other speed n = t + c, c > 1, does
            the same, with the limit (c - 1)/c: the gradient may keep as much of its size as one likes.
            """,
            (
                identity(
                    "M(a_c) - a_c = sqrt(w(w-1)) - arcosh(sqrt w), which is h*",
                    _w * sp.tanh(_edge) - _edge, sp.sqrt(_w * (_w - 1)) - _edge, above={_w: 1},
                ),
                also_solved(
                    identity(
                        "the product telescopes: (t+2)/(2(t+1)) times (t+1)(t+3)/(t+2)^2 is (t+3)/(2(t+2))",
                        gradient(_t) * (_t + 1) * (_t + 3) / (_t + 2) ** 2, gradient(_t + 1), above={_t: 0},
                    ),
                    _telescoping,
                ),
                witness(_NORM),
            ),
        ),
        Part(
            "Why it fails with eigenvalues: two units that excite each other",
            """
            W = [[0, 2], [2, 0]], X = {(abar, abar)}. The Jacobian at (a1, a2) is [[0, m(a2)], [m(a1), 0]], with
            eigenvalues +-sqrt(m(a1) m(a2)): at X they are +-m(abar), so that X is hyperbolic. One large slope beside a
            small one is allowed, both at (4/5, P) and at (P, 4/5) with P = 383/200, close to abar. Along the autonomous
            orbit the large slope is gone after a step, and Gamma, which is about autonomous orbits only, holds both
            states. Inputs swap them at every step: unit 1 hands its large slope on to unit 2 and gets it back.
            """,
            (
                identity(
                    "the product of two such Jacobians: M'(a2, a1) M'(a1, a2) has the entry m(a1)^2 in the upper left",
                    (_DOUBLE * sp.diag(_d2, _d1) * _DOUBLE * sp.diag(_d1, _d2))[0, 0], (2 * _d1) ** 2,
                ),
                identity(
                    "and 0 beside it: it is diagonal",
                    (_DOUBLE * sp.diag(_d2, _d1) * _DOUBLE * sp.diag(_d1, _d2))[0, 1], sp.S.Zero,
                ),
                witness(_SPECTRAL),
            ),
        ),
        Part(
            "The repair with norms",
            """
            |da_t/da_0| <= product of |M'(a_s)|, s < t, whatever the norm. As x <= exp(x - 1), the product is at most
            exp(-sum of (1 - |M'(a_s)|)): if that sum over s < t tends to infinity with t, the gradient tends to 0, even
            where some of the factors exceed 1. If all states lie in a set K on which |M'| <= alpha < 1, it is at most
            alpha^t.

            *In one dimension, with 0 < |M'| <= 1, nothing less will do.* There |da_t/da_0| is the product. If the sum
            of the 1 - |M'(a_s)| is finite, these tend to 0, so that the |M'(a_s)|, none of which is 0, are all at
            least some q > 0. From x >= exp(1 - 1/x) and 1/x - 1 = (1 - x)/x <= (1 - x)/q the product is at least
            exp(-sum / q) > 0. This is what happens to the telescoping trajectory, where the sum is that of 1/(t+2)^2.
            """,
            (
                fact("|A B| <= |A| |B| for operator norms (any textbook of linear algebra)."),
                identity("x - 1 - log x is 0 at x = 1", (_x - 1 - sp.log(_x)).subs(_x, 1), sp.S.Zero),
                identity(
                    "its slope is (x - 1)/x: it falls before 1 and rises after, so x >= 1 + log x, which is "
                    "x <= exp(x - 1); with 1/x for x this is x >= exp(1 - 1/x)",
                    sp.diff(_x - 1 - sp.log(_x), _x), (_x - 1) / _x,
                ),
                identity("1/x - 1 = (1 - x)/x", 1 / _x - 1, (1 - _x) / _x),
                holds_on(
                    "thirty steps of the telescoping trajectory lie in a compact K, and there alpha^t holds", _BY_NORM,
                    lambda: telescoping(2, 30),
                ),
                holds_on(
                    "inputs that swing the neuron, w = 2, between 1 and 3/2 for ever: the sum tends to infinity",
                    _BY_NORM, lambda: case(neuron(2), states=[1, "3/2"], periodic=True),
                ),
            ),
        ),
        Part(
            "The repair with eigenvalues",
            """
            Let K be compact and M' continuous on it, so that the set {M'(a): a in K} is bounded. While the state stays
            in K, da_t/da_0 is a product of t matrices of this set, in an order that the inputs choose. Its joint
            spectral radius is the growth per factor of the largest product. If it is below 1, all products vanish at
            one rate. That each matrix alone has eigenvalues below 1 is not enough, on a box and with two units either.
            (There the eigenvalues are below 1 if and only if |trace| < 1 + det and det < 1. For W diag(d) both are
            affine in each slope, so the four corners decide.)

            For W tanh a + b the set is contained in {W diag(d): d in a box}. A product is affine in each d of each
            factor, so its norm is largest where every factor is a corner: the 2^n corners have the joint spectral
            radius of the whole.
            """,
            (
                fact(
                    "For every rho above the joint spectral radius of a bounded set of matrices there is a C such that "
                    "products of t of them have norms of at most C rho^t; and some norm makes all of them at most rho "
                    "(Rota and Strang 1960; R. Jungers, The Joint Spectral Radius, 2009, Section 1.2)."
                ),
                fact("z^2 - T z + D has its roots below 1 in modulus exactly if |T| < 1 + D and D < 1 (Jury's test)."),
                fact("A convex function on a box attains its maximum at a corner (any textbook of convex analysis)."),
                identity(
                    "a product is affine in each slope, here in d1 (the second difference is 0)",
                    sp.diff(
                        (sp.Matrix([[-2, 3], [-2, 2]]) * sp.diag(_e1, _e2)
                         * sp.Matrix([[-2, 3], [-2, 2]]) * sp.diag(_d1, _d2))[0, 0], _d1, 2,
                    ),
                    sp.S.Zero,
                ),
                decided(
                    "W = [[-2, 3], [-2, 2]] on the box [2/5, 2] x [9/10, 6/5]: every single Jacobian has a spectral "
                    "radius below 1, yet between (2/5, 6/5) and (2, 9/10) the gradient grows by 1.3315 a step",
                    _pointwise_is_not_enough,
                ),
                holds_on(
                    "W = [[6/5, 1], [-1/2, 6/5]] driven in [1, 2]^2: the joint spectral radius is below 1, and C rho^t "
                    "holds", _JOINT, _driven_pair,
                ),
            ),
        ),
    ),
)  # fmt: skip
