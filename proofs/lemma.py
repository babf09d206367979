"""The Lemma of the appendix: whether gradients explode on the boundary between two basins."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import sympy as sp

from dynlatch.maps.catalogue import neuron, tanh_network
from dynlatch.maps.definition import Map
from dynlatch.theorems.cases import case, exact_state
from dynlatch.theorems.findings import Finding, exactly, unknown
from dynlatch.theorems.lemma import IDEMPOTENT, STATEMENTS, bounded_on_the_boundary, printed_checker, repaired_checker
from dynlatch.theorems.measures import attractors_of, reached
from proofs.document import Document, Part, decided, fact, holds_on, identity, witness

_NORM, _SPECTRAL, _REPAIRED = STATEMENTS
_p, _q, _x1, _x2, _s, _d, _g, _k = sp.symbols("p q x1 x2 s d g k", positive=True)
_HELD = tanh_network([["5/4", "3/4"], ["3/4", "5/4"]])
_NEAR = Fraction(1, 1000)

_sum = sp.tanh((_s + _d) / 2) + sp.tanh((_s - _d) / 2)
_gap = sp.tanh((_s + _d) / 2) - sp.tanh((_s - _d) / 2)
_both = sp.cosh(_s) + sp.cosh(_d)
_swapping = sp.Matrix([[_p, _q], [_q, _p]])


def _either_side(m: Map, sides: Sequence[Sequence[Fraction | int]]) -> Sequence[Finding]:
    """The two states converge to two different attractors."""
    goals = [reached(m, exact_state([Fraction(v) for v in state])) for state in sides]
    if None in goals:
        return [unknown("they go to different attractors", "no certified attractor was proved to be reached")]
    names = " and the ".join(str(attractors_of(m)[k]) for k in goals if k is not None)
    return [exactly(f"they go to the {names}", goals[0] != goals[1], "trapping regions")]


def _beside_the_line() -> Sequence[Finding]:
    return _either_side(_HELD, [[2 + _NEAR, -2 + _NEAR], [2 - _NEAR, -2 - _NEAR]])


def _beside_zero() -> Sequence[Finding]:
    return _either_side(IDEMPOTENT, [[2, 1], [-2, -1]])


def _also_spectral() -> Sequence[Finding]:
    hypotheses, conclusion = printed_checker("spectral")(case(_HELD, states=[[2, -2]], periodic=True))
    return [*hypotheses, conclusion.denied()]


def _one_is_not_enough() -> Sequence[Finding]:
    hypotheses, conclusion = repaired_checker(growth="at least one")(case(neuron(1), 0, steps=20))
    return [*hypotheses, conclusion.denied()]


DOCUMENT = Document(
    "Lemma",
    "The Lemma: do gradients explode on the boundary between two basins?",
    (("Lemma", "norm"), ("Lemma", "spectral"), ("Lemma'", "norm")),
    (
        Part(
            "The claim",
            """
            Let a_0 and the inputs be such that a_t stays on the boundary between the basins of two attractors, and let
            an infinitesimal change of a_0 put the state into either basin, where it stays. Then |da_t/da_0| tends to
            infinity.
            """,
        ),
        Part(
            "A boundary that is known exactly",
            """
            Two units with W = [[p, q], [q, p]], no bias, |p - q| <= 1 < g = p + q. Write s = a1 + a2, d = a1 - a2. The
            line s = 0 is mapped into itself, and every state with s > 0 goes to (abar, abar), abar = g tanh abar > 0;
            by the symmetry M(-a) = -M(a), every state with s < 0 goes to the opposite one. So the line is the boundary.

            Proof. Without inputs s becomes 2 g sinh s / (cosh s + cosh d): it keeps its sign. The gap becomes
            (p - q) 2 sinh d / (cosh s + cosh d), at most 2 tanh(|d| / 2) in size, so |d| falls to a fixed point of
            2 tanh(d / 2), which is 0. Let s > 0. Once cosh d < 2 g - 1 and stays so, 2 g sinh s / (cosh s + cosh d)
            exceeds (1 + eta) s for all small s, some eta > 0; as it rises with s, s does not come back near 0 once it
            has left. So the limit points of the orbit have d = 0 and s at least some s_0 > 0. They form a compact set
            that M maps onto itself, and there M is s -> 2 g tanh(s / 2), which rises: the least and the greatest s of
            the set are fixed points. As tanh is strictly concave on s > 0, only 2 abar is one.
            """,
            (
                fact(
                    "The limit points of a bounded orbit of a continuous map form a compact, non-empty set that the "
                    "map maps onto itself, and the orbit tends to it (any textbook of dynamical systems)."
                ),
                identity(
                    "the next s: (p + q)(x1 + x2), x = tanh a",
                    (sp.Matrix([[1, 1]]) * _swapping * sp.Matrix([_x1, _x2]))[0], (_p + _q) * (_x1 + _x2),
                ),
                identity(
                    "the next d: (p - q)(x1 - x2)",
                    (sp.Matrix([[1, -1]]) * _swapping * sp.Matrix([_x1, _x2]))[0], (_p - _q) * (_x1 - _x2),
                ),
                identity(
                    "x1 + x2 = 2 sinh s / (cosh s + cosh d)",
                    _sum.rewrite(sp.exp), (2 * sp.sinh(_s) / _both).rewrite(sp.exp),
                ),
                identity(
                    "x1 - x2 = 2 sinh d / (cosh s + cosh d)",
                    _gap.rewrite(sp.exp), (2 * sp.sinh(_d) / _both).rewrite(sp.exp),
                ),
                identity(
                    "with cosh s >= 1 this is at most 2 sinh d / (1 + cosh d) = 2 tanh(d / 2)",
                    (2 * sp.sinh(_d) / (1 + sp.cosh(_d))).rewrite(sp.exp), (2 * sp.tanh(_d / 2)).rewrite(sp.exp),
                ),
                identity(
                    "s becomes more as s rises: the slope of sinh s / (cosh s + k) is (1 + k cosh s) / (cosh s + k)^2, "
                    "and 1/(1 + k) at s = 0",
                    sp.diff(sp.sinh(_s) / (sp.cosh(_s) + _k), _s), (1 + _k * sp.cosh(_s)) / (sp.cosh(_s) + _k) ** 2,
                ),
            ),
        ),
        Part(
            "Why it fails: held where the slopes are small",
            """
            p = 5/4, q = 3/4: the eigenvalues of W are 2 and 1/2. A constant input, a multiple of (1, -1), holds the
            state at (2, -2), on the line. There both units are saturated, and M' = sech(2)^2 W shrinks every direction.
            Such inputs add up to 0 and leave the law of s as it is, up to the gap d: a change of a_0 off the line puts
            the state into one basin, s keeps its sign for ever, and when the inputs end the state goes to the
            attractor of its side. The gradient tends to 0 all the same, in either reading.
            """,
            (
                witness(_NORM),
                decided(
                    "and in the spectral reading, on the same case",
                    _also_spectral,
                ),
                decided(
                    "once the inputs end, (2, -2) + (1, 1)/1000 and (2, -2) - (1, 1)/1000 go to different attractors",
                    _beside_the_line,
                ),
            ),
        ),
        Part(
            "Why it fails even without inputs",
            """
            One may object that under those inputs the changed state creeps back towards the line. So let there be no
            inputs: W = p q with p = (2, 1) as a column and q = (-1, 3) as a row, q p = 1. Every image is s p with
            s = q tanh(a). A state with s > 0 goes to s* p, one with s < 0 to -s* p, and one with s = 0 to 0: the
            boundary is the curve q tanh(a) = 0, and 0 lies on it. Every change of a_0 = 0 along p, however small, grows
            and ends at an attractor. But it grows like s + (5/3) s^3, and the derivative, which sees the first order
            only, is W at every step, with W W = W.
            """,
            (
                witness(_SPECTRAL),
                decided("and in the norm reading", lambda: bounded_on_the_boundary("norm")),
                decided("by balls: (2, 1) and -(2, 1) go to different attractors", _beside_zero),
            ),
        ),
        Part(
            "The repair",
            """
            Let l, a covector other than 0, be normal to the boundary all along the trajectory. Where a flat boundary is
            kept, l M'(a_t) is a multiple k_t of l: a change v along it, l v = 0, stays along it, so that
            l M'(a_t) v = 0 for all such v. If |k_t| >= kappa > 1 for all t, then |da_t/da_0| >= kappa^t.

            Proof. l da_t/da_0 = l M'(a_{t-1}) ... M'(a_0) = k_{t-1} ... k_0 l: the product of the k is an eigenvalue of
            the gradient (with l on the left), so that its spectral radius, and any operator norm, is at least kappa^t.
            Where the boundary is curved, take its unit normal l_t at a_t: l_{t+1} M'(a_t) = k_t l_t, and in the
            Euclidean norm kappa^t <= |l_t da_t/da_0| <= |da_t/da_0|. The neuron held at 0 has k_t = w, so exactly w^t.
            For W = [[p, q], [q, p]] on its line, k = (p + q) sech(a1)^2. This is what (2, -2) lacks.
            """,
            (
                fact("|l A| <= |l| |A|, and eigenvalues are at most |A| in modulus (any textbook of linear algebra)."),
                identity(
                    "on the line both slopes are one number k: (1, 1) W diag(k, k) = (p + q) k (1, 1)",
                    (sp.Matrix([[1, 1]]) * _swapping * sp.diag(_k, _k))[0], (_p + _q) * _k,
                ),
                holds_on(
                    "the neuron, w = 11/10, held at 0 for 20 steps", _REPAIRED,
                    lambda: case(neuron("11/10"), 0, steps=20),
                ),
                holds_on(
                    "the two units, moved along the line where the slopes are large", _REPAIRED,
                    lambda: case(
                        _HELD, states=[["1/2", "-1/2"], ["-1/5", "1/5"], ["3/5", "-3/5"], [0, 0]], other=[1, 1]
                    ),
                ),
                decided("kappa = 1 is not enough: the neuron with w = 1, held at 0, has norm 1", _one_is_not_enough),
            ),
        ),
    ),
)  # fmt: skip
