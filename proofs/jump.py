"""Jumping from one hyperbolic attractor to another: do the gradients vanish?"""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from dynlatch.maps.catalogue import neuron, tanh_network
from dynlatch.theorems.attractor_claims import STATEMENTS
from dynlatch.theorems.cases import case
from dynlatch.theorems.cycles import below_one, cycle_of
from dynlatch.theorems.definitions import SADDLE_CYCLE
from dynlatch.theorems.findings import Finding, unknown
from dynlatch.theorems.telescoping import telescopes
from proofs.document import Document, Part, decided, fact, holds_on, identity, inequality, witness

_NORM, _SPECTRAL, _REPAIRED = STATEMENTS[3:6]
_p, _y, _a, _v = sp.symbols("p y a v", positive=True)
_w = _p * sp.cosh(_p) / sp.sinh(_p)
_mu = _p / (sp.sinh(_p) * sp.cosh(_p))


def _between_saddles() -> Sequence[Finding]:
    """The 2-cycles +-{(P, 0), (0, P)} are hyperbolic by eigenvalues; states next to them, in turn, amplify."""
    cycles = [cycle_of(SADDLE_CYCLE), cycle_of(case(SADDLE_CYCLE.map, ["-1.915", 0], steps=2))]
    hyperbolic = [unknown("the cycle", "not found") if c is None else below_one(c, "spectral") for c in cycles]
    jumps = case(SADDLE_CYCLE.map, states=[["1.915", 0], [0, "-1.915"]], periodic=True)
    return [*hyperbolic, _REPAIRED.check(jumps).conclusion.denied()]


DOCUMENT = Document(
    "jump",
    "Jumping between hyperbolic attractors",
    (("jump", "norm"), ("jump", "spectral"), ("jump'", "norm")),
    (
        Part(
            "The claim",
            """
            A system need not stay near one attractor: like a finite automaton it may jump from one hyperbolic attractor
            to another. It is concluded that the gradients vanish as well, since the norm of the derivative is below 1
            near each of the attractors.

            How near, and for how many of the steps, is left open. There are three readings. The states come into Gamma
            of the attractors again and again, with passages of bounded length in between: that is the row of the table,
            and it fails. All states lie in Gamma of one of the attractors: that fails as well, in both readings of |.|.
            All states lie so near the attractors that |M'| <= alpha < 1 there, in one norm for all of them: that is
            true, since then |d a_t / d a_0| <= alpha^t; it is a case of the repair.
            """,
        ),
        Part(
            "Norm: it fails, because of the steps in between",
            """
            Between two attractors there are states that lie near neither, and nothing bounds M' there. The neuron w
            tanh a has its two attractors abar and -abar on either side of 0, where the slope is w > 1. Let the inputs
            keep it near abar for one step, at 0 for k steps, near -abar for one step, at 0 for k steps, and so on. With
            mu the multiplier at abar the gradient is multiplied by mu w^k each time. With p = abar, w = p coth p and mu
            = 2 p / sinh(2 p) = p / (sinh p cosh p).

            k = 2 is never enough: mu w^2 = p^3 cosh p / sinh^3 p < 1, since (sinh p / p)^3 > cosh p for every p > 0. To
            see that, let f(p) = sinh p cosh(p)^(-1/3) - p, which is 0 at p = 0. With y = cosh(p)^(2/3) > 1 its slope is
            (2/3) y + (1/3) y^(-2) - 1 = (y - 1)^2 (2 y + 1) / (3 y^2) > 0.

            k = 3 is enough for small and moderate weights: mu w^3 = (p^2 cosh p / sinh^2 p)^2, which exceeds 1 for p
            between 1/4 and 5/2, that is for w between 1.03 and 2.53. For every other w > 1 some larger k does it, as
            w^k grows beyond all bounds.

            The witness has w = 2 and rational states next to +-abar, each in Gamma of its attractor.
            """,
            (
                identity("w tanh p = p: p is the latched state", _w * sp.sinh(_p) / sp.cosh(_p), _p),
                identity(
                    "mu = w / cosh(p)^2", _mu, _w / sp.cosh(_p) ** 2,
                ),
                identity("mu w^2 = p^3 cosh p / sinh^3 p", _mu * _w**2, _p**3 * sp.cosh(_p) / sp.sinh(_p) ** 3),
                identity(
                    "f' = (2/3) cosh^(2/3) + (1/3) cosh^(-4/3) - 1, by sinh^2 = cosh^2 - 1",
                    sp.diff(sp.sinh(_p) * sp.cosh(_p) ** sp.Rational(-1, 3) - _p, _p)
                    + sp.cosh(_p) ** sp.Rational(-4, 3) * (sp.sinh(_p) ** 2 - sp.cosh(_p) ** 2 + 1) / 3,
                    sp.Rational(2, 3) * sp.cosh(_p) ** sp.Rational(2, 3)
                    + sp.cosh(_p) ** sp.Rational(-4, 3) / 3 - 1,
                ),
                identity(
                    "(2/3) y + (1/3) y^-2 - 1 = (y - 1)^2 (2 y + 1) / (3 y^2)",
                    sp.Rational(2, 3) * _y + _y**-2 / 3 - 1, (_y - 1) ** 2 * (2 * _y + 1) / (3 * _y**2),
                ),
                fact("cosh^2 - sinh^2 = 1, and cosh p > 1 for p > 0 (any textbook of analysis)."),
                identity(
                    "mu w^3 = (p^2 cosh p / sinh^2 p)^2", _mu * _w**3, (_p**2 * sp.cosh(_p) / sp.sinh(_p) ** 2) ** 2,
                ),
                inequality(
                    "p^2 cosh p - sinh^2 p > 0 for 1/4 <= p <= 5/2", _p**2 * sp.cosh(_p) - sp.sinh(_p) ** 2,
                    {_p: ("1/4", "5/2")},
                ),
                witness(_NORM),
                holds_on(
                    "With two steps at 0 instead of three the gradient vanishes", _NORM,
                    lambda: case(neuron(2), states=["1.915", 0, 0, "-1.915", 0, 0], periodic=True),
                ),
            ),
        ),
        Part(
            "Norm: it fails, even without such steps",
            """
            Theorem 4 fails for states of the neuron that fall to the edge a_c of Gamma(abar) without leaving it
            (document T4). Give every second one the other sign: a_t = (-1)^t arcosh(sqrt(w) (t+2) / sqrt((t+1)(t+3))).
            By the symmetry M(-a) = -M(a) these lie in Gamma(abar) and Gamma(-abar) in turn, so each step jumps; the
            inputs u_t = a_t - M(a_{t-1}) that do it tend to 2 a_c + h* in size. The slope m is the same at a and -a:
            the gradient is that of T4, (T+2) / (2 (T+1)) in size, for every w > 1, and stays above 1/2.
            """,
            (
                identity("m(-a) = m(a)", _v / sp.cosh(-_a) ** 2, _v / sp.cosh(_a) ** 2),
                decided("the states with one sign, and their gradient", telescopes),
            ),
        ),
        Part(
            "Spectral: it fails, even without such steps",
            """
            W = [[0, 2], [2, 0]] has the attractors (P, P) and (-P, -P), P = 2 tanh P. The state (0.8, 1.915) lies in
            Gamma of the first and (-1.915, -0.8) in Gamma of the second, by eigenvalues and for every l. Let the inputs
            send each of the two to the other. M' has the entries 2 / cosh^2(0.8) = 1.118 and 2 / cosh^2(1.915) = 0.166
            off its diagonal, in places that alternate, so that over two steps one direction is multiplied by 1.118^2.
            No step is spent outside Gamma.

            The states can also lie as near as one likes to sets that are hyperbolic to the letter: the 2-cycles {(P,
            0), (0, P)} and its mirror image, in turn, multiply the gradient by 4 every two steps (see Def2).
            """,
            (
                witness(_SPECTRAL),
                decided("From (1.915, 0) to (0, -1.915) and back: rho(M') = 0.577 at both sets", _between_saddles),
            ),
        ),
        Part(
            "The repair",
            """
            By the chain rule |d a_t / d a_0| <= |M'(a_{t-1})| ... |M'(a_0)| = exp(sum of log |M'(a_s)|), with log 0
            read as minus infinity. If the limsup of the mean of these logarithms over s < t is -c < 0, then for every
            c' < c the mean is at most -c' from some time on, and |d a_t / d a_0| <= exp(-c' t) from then on. Whether
            that is so is a matter of how long the system dwells where M' is small, and how long its passages take. If
            the states repeat, the mean is that over one period.
            """,
            (
                fact("The chain rule, and |A B| <= |A| |B| for an operator norm."),
                fact("The definition of the limsup: beyond it by any margin, only finitely many terms."),
                holds_on(
                    "The neuron w = 2, one step near each attractor and two at 0 in between", _REPAIRED,
                    lambda: case(neuron(2), states=["1.915", 0, 0, "-1.915", 0, 0], periodic=True),
                ),
                holds_on(
                    "W = [[0, 2], [2, 0]], jumping between states close to (P, P) and (-P, -P)", _REPAIRED,
                    lambda: case(
                        tanh_network([[0, 2], [2, 0]]), states=[["1.9", "1.915"], ["-1.915", "-1.9"]], periodic=True
                    ),
                ),
            ),
        ),
    ),
)  # fmt: skip
