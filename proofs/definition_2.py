"""Definition 2: does a hyperbolic attractor attract?"""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from dynlatch.maps.catalogue import neuron, tanh_network
from dynlatch.rigor import balls
from dynlatch.theorems.cases import case, exact_state
from dynlatch.theorems.definitions import SADDLE_CYCLE, STATEMENTS
from dynlatch.theorems.findings import Finding, less, unknown
from dynlatch.theorems.measures import attractors_of, reached
from proofs.document import Document, Part, decided, fact, holds_on, identity, witness

_NORM, _SPECTRAL, _REPAIRED = STATEMENTS[2:5]
_z, _mu, _k, _s, _t = sp.symbols("z mu k s t", positive=True)
_HALF = sp.Rational(1, 2)
_FIRST, _SECOND = sp.Matrix([[0, 2], [_mu, 0]]), sp.Matrix([[0, _mu], [2, 0]])


def _leaves() -> Sequence[Finding]:
    """From next to the 2-cycle, on either side of it, to a fixed point far away."""
    m, found = SADDLE_CYCLE.map, []
    for offset in ("1/1000000", "-1/1000000"):
        owner = reached(m, exact_state(case(m, ["1.915", offset]).start))
        point = None if owner is None else attractors_of(m)[owner].point
        if point is None:
            return [unknown(f"(1.915, {offset}) converges to an attractor", "not proved")]
        for k, x in enumerate(point.orbit):
            low = [balls.absolute(balls.ball(e)) for e in x]
            found += [less(f"(1.915, {offset}) converges to x_{k}, |x_{k}| > 1 in both coordinates", balls.ball(1), v)
                      for v in low]  # fmt: skip
    return found


DOCUMENT = Document(
    "Def2",
    "Definition 2: what fits it need not attract",
    (("Def2", "norm"), ("Def2", "spectral"), ("Def2'", "norm")),
    (
        Part(
            "The claim",
            """
            A hyperbolic attractor is a set X with M(X) = X such that M' is below 1 in size at every point of X. The
            name says that it attracts: the states near X stay near and converge to X. Size is read as the operator norm
            |M'(x)|, or as the largest modulus of an eigenvalue, rho(M'(x)); the definition speaks of eigenvalues.

            One may also hold that an attractor attracts by its name, and that the definition only says which attractors
            are hyperbolic. Then there is nothing to refute here, and nothing that says how to tell an attractor. What
            is refuted later does not hang on this: the witnesses against Definitions 4 and 5 and Theorem 3 hold for
            sets X that do attract.
            """,
        ),
        Part(
            "Norm: a set without end need not attract",
            """
            Let M(a) = a + 1 - phi(a) sin(2 pi a) / (2 pi) with phi(a) = 1/(4 (1 + a^2)), and let X be the set of all
            integers, each of which goes to the next one. At the integer k the slope is 1 - phi(k), between 3/4 and 1.
            Write a_t = t + s_t for an orbit that starts at s_0 in (0, 1/2]. As sin has the period 2 pi, s_{t+1} = s_t -
            phi(t + s_t) sin(2 pi s_t) / (2 pi). So s_t stays in (0, 1/2], and a step takes at most the share phi(t +
            s_t) <= phi(t) of s_t away. The shares have a sum of at most 3/4: phi(0) = 1/4, and for k >= 1 4 phi(k) =
            1/(1 + k^2) < 1/(k^2 - 1/4) = 1/(k - 1/2) - 1/(k + 1/2), which adds up to 1/(1 - 1/2) = 2. Hence

                s_t >= (1 - phi(0)) (1 - phi(1)) ... (1 - phi(t-1)) s_0 >= (1 - 3/4) s_0 = s_0 / 4.

            The distance to X does not go to 0, however near the orbit starts.
            """,
            (
                fact("0 <= sin x <= x for 0 <= x <= pi (any textbook of analysis)."),
                fact(
                    "(1 - p_1) ... (1 - p_n) >= 1 - (p_1 + ... + p_n) for numbers p_i in [0, 1]: the inequality of "
                    "Weierstrass, by induction."
                ),
                identity(
                    "phi falls: 1/phi(t + s) - 1/phi(t) = 4 s (2 t + s) > 0",
                    4 * (1 + (_t + _s) ** 2) - 4 * (1 + _t**2), 4 * _s * (2 * _t + _s),
                ),
                identity(
                    "1/(k - 1/2) - 1/(k + 1/2) exceeds 1/(1 + k^2), for k >= 1, by (5/4) / ((k^2 - 1/4) (1 + k^2))",
                    1 / (_k - _HALF) - 1 / (_k + _HALF) - 1 / (1 + _k**2),
                    sp.Rational(5, 4) / ((_k**2 - sp.Rational(1, 4)) * (1 + _k**2)), above={_k: 1},
                ),
                witness(_NORM),
            ),
        ),
        Part(
            "Spectral: a saddle",
            """
            Let W = [[0, 2], [2, 0]] and P = 2 tanh P, the latched state of the neuron with w = 2, with multiplier mu
            there. M(x, y) = (2 tanh y, 2 tanh x) permutes (P, 0) and (0, P). At the first M' = [[0, 2], [mu, 0]], whose
            eigenvalues are +-sqrt(2 mu), of modulus 0.577; at the second the two entries are exchanged. The product is
            diag(mu^2, 4) or diag(4, mu^2): one direction is contracted, the other one multiplied by 4 every two steps.
            From (P, s), however small s > 0 is, the second coordinate follows s -> 2 tanh(2 tanh s) every two steps. As
            2 tanh s > s on (0, P), it rises to P: the orbit converges to the fixed point (P, P), not to X.
            """,
            (
                identity(
                    "The characteristic polynomial of [[0, 2], [mu, 0]] is z^2 - 2 mu",
                    (_z * sp.eye(2) - _FIRST).det(), _z**2 - 2 * _mu,
                ),
                identity(
                    "[[0, mu], [2, 0]] [[0, 2], [mu, 0]] = diag(mu^2, 4): its characteristic polynomial",
                    (_z * sp.eye(2) - _SECOND * _FIRST).det(), (_z - _mu**2) * (_z - 4),
                ),
                fact("2 tanh s > s for 0 < s < P: 2 tanh s - s is concave there and 0 at both ends."),
                fact(
                    "A cycle with a multiplier beyond 1 in modulus is unstable: states as near to it as one likes "
                    "leave a fixed neighbourhood of it (instability by linearisation; any textbook on dynamics)."
                ),
                witness(_SPECTRAL),
                decided("Two orbits that start a millionth beside it end more than 1 away from X", _leaves),
            ),
        ),
        Part(
            "The repair, first half: X attracts",
            """
            Let X be compact and not empty, M(X) = X, M continuously differentiable near X, and |M'(x)| < 1 at every x
            in X, in one operator norm. Being continuous on a compact set, |M'| has a largest value on X, which is below
            1. Choose alpha between it and 1. The set where |M'| < alpha is open and holds X, so it holds everything
            within some r > 0 of X. For such a state a, let x be a point of X nearest to it. The whole ball of radius |a
            - x| around x lies within r of X, so |M(a) - M(x)| <= alpha |a - x|, and M(x) lies in X:

                dist(M(a), X) <= alpha dist(a, X), hence dist(M^t(a), X) <= alpha^t dist(a, X) for all t.
            """,
            (
                fact("A continuous function on a compact set has a largest value (Weierstrass; any textbook)."),
                fact("A compact set has a positive distance from a closed set that it does not meet (any textbook)."),
                fact("A compact set has a point nearest to a given one (any textbook)."),
                fact("Mean value inequality: on a convex set where |M'| <= alpha, |M(x) - M(y)| <= alpha |x - y|."),
            ),
        ),
        Part(
            "The repair, second half: X is a finite union of cycles",
            """
            X is compact, so N balls of radius r around points x_1, ..., x_N of X cover it. As above, M^k maps the
            points within r of x_i to points within alpha^k r of M^k(x_i). Since X = M^k(X), it is covered by N balls of
            radius alpha^k r, for every k. Suppose X had N + 1 different points, and let delta be their least distance.
            Two of them lie in one ball, for every k, so that delta <= 2 alpha^k r; but the right side tends to 0. So X
            has at most N points. M maps this finite set onto itself, so it permutes it, and a permutation consists of
            cycles. In particular no chaotic set is hyperbolic in the norm reading.
            """,
            (
                fact("Every cover of a compact set by open balls has a finite part that covers it."),
                fact("N + 1 points in N balls: two lie in one (the pigeonhole principle)."),
                fact("A map of a finite set onto itself is a permutation, and a permutation is a product of cycles."),
            ),
        ),
        Part(
            "The repair on examples",
            """
            On a certified cycle the hypothesis is decided by balls, and M^p is shown to contract a ball around every
            point. The neuron's latched state passes, and so does the 2-cycle {(P, -P), (-P, P)} of the network above.
            """,
            (
                holds_on("The latched state of the neuron w = 2", _REPAIRED, lambda: case(neuron(2), "1.915")),
                holds_on(
                    "The 2-cycle {(P, -P), (-P, P)} of W = [[0, 2], [2, 0]]", _REPAIRED,
                    lambda: case(tanh_network([[0, 2], [2, 0]]), ["1.915", "-1.915"], steps=2),
                ),
            ),
        ),
    ),
)  # fmt: skip
