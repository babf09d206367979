"""The claim after Theorem 1: outside Gamma(X) a ball of uncertainty grows exponentially."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from dynlatch.maps.catalogue import neuron, tanh_network
from dynlatch.rigor import balls
from dynlatch.theorems.cases import case, free_orbit
from dynlatch.theorems.findings import Finding, less
from dynlatch.theorems.measures import difference, gradients, length, size
from dynlatch.theorems.theorem_1 import STATEMENTS
from proofs.document import Document, Part, decided, fact, holds_on, identity, witness

_NORM, _SPECTRAL, _REPAIRED = STATEMENTS[3:]
_STEPS = 100
_alpha = sp.Symbol("alpha", positive=True)
_t, _first = sp.symbols("t s", positive=True)


def _amplification() -> list[Finding]:
    orbit = free_orbit(neuron(2), (Fraction(1, 10),), _STEPS)
    sizes = [size(product, "norm") for product in gradients(neuron(2), orbit)]
    at_4 = sizes[3]
    return [
        less("7.82 < |d a_4 / d a_0|", balls.ball(Fraction(782, 100)), at_4),
        less("|d a_4 / d a_0| < 7.83", at_4, balls.ball(Fraction(783, 100))),
        *(less(f"|d a_{t} / d a_0| is less", s, at_4) for t, s in enumerate(sizes, start=1) if t != 4),
        less("|d a_100 / d a_0| < 10^-73", sizes[-1], balls.ball(Fraction(1, 10**73))),
    ]


def _true_ball() -> list[Finding]:
    ends = [free_orbit(neuron(2), (Fraction(k, 20),), _STEPS) for k in (1, 3)]
    widths = [length(difference(b, a)) for a, b in zip(*ends, strict=True)]
    return [
        less("at t = 4 it is wider than 0.8", balls.ball(Fraction(4, 5)), widths[4]),
        less("at t = 100 it is narrower than 10^-30", widths[-1], balls.ball(Fraction(1, 10**30))),
    ]


DOCUMENT = Document(
    "T1-growth",
    "Outside Gamma(X) a ball of uncertainty grows, for a while",
    (("T1-growth", "norm"), ("T1-growth", "spectral"), ("T1-growth'", "norm")),
    (
        Part(
            "The claim",
            """
            From Theorem 1 it is concluded, and said again after Theorem 3: if a_0 lies in beta(X) but not in Gamma(X),
            a ball of uncertainty around a_0 grows exponentially with t.
            """,
        ),
        Part(
            "Why it fails",
            """
            Theorem 1 speaks of one step and of one point, and of a point where M' itself exceeds 1. A point of beta(X)
            converges to X, and near X all steps contract. So the ball grows while the orbit is far from X, and then it
            shrinks exponentially, for ever. For one state both readings are the same, and one orbit refutes both: the
            neuron with w = 2 from a_0 = 1/10. Once the orbit is in a trapping interval around abar, on which |M'| is
            certified to be below 1, every later step shrinks d a_t / d a_0.

            The size of the ball is taken here as that of its linearisation, |d a_t / d a_0|. The ball itself does the
            same: M increases, so the image of [1/20, 3/20] is the interval between the images of its ends.

            What is right: below a_c each step of the neuron multiplies a small ball by more than 1, so it grows while
            the orbit has not reached Gamma, as in Fig. 3(a). That takes finitely many steps, and from then on every
            step multiplies it by less than 1.
            """,
            (
                witness(_NORM),
                witness(_SPECTRAL),
                decided(
                    "|d a_t / d a_0| from 1/10 is largest at t = 4, between 7.82 and 7.83, and below 10^-73 at t = 100",
                    _amplification,
                ),
                decided("The ball [1/20, 3/20], of width 1/10: its width along the orbit", _true_ball),
            ),
        ),
        Part(
            "What is true",
            """
            Let a_0 lie in beta(X) outside Gamma(X), in either reading, X compact.

            First, some l >= 1 has |(M^l)'(a_0)| >= 1. That is what it means not to lie in Gamma(X): for some l the size
            of (M^l)'(a_0) is at least 1, and if the size is the spectral radius, the norm is no smaller. A small ball
            of radius r around a_0 is then mapped, up to o(r), to an ellipsoid whose longest half axis is |(M^l)'(a_0)|
            r: at time l the linearised ball is at least as large as at the start.

            Second, it shrinks exponentially in the end, if X has an open neighbourhood V with M(V) in V on which |P
            M'(a) P^-1| <= alpha < 1 for one invertible P. The orbit comes as near to X as one likes, so it is in V at
            some time s, and stays there. With D_t = d a_t / d a_0 and D_{t+1} = M'(a_t) D_t, for t >= s, |P D_{t+1}
            P^-1| <= alpha |P D_t P^-1|, hence |P D_t P^-1| <= alpha^(t-s) |P D_s P^-1|, and |D_t| <= C alpha^t with C
            the largest of |P^-1| |P| |P D_s P^-1| alpha^-s and |D_t| alpha^-t for t < s. For a cycle of period p the
            same holds with M^p in place of M, along every p-th state; the steps between multiply by bounded factors.
            """,
            (
                fact("The spectral radius of a matrix is at most its norm (as in the document T1)."),
                fact(
                    "A matrix A maps the unit ball to an ellipsoid whose longest half axis is |A|, the largest "
                    "singular value (any textbook of linear algebra)."
                ),
                fact("Norms of products: |A B| <= |A| |B| (the definition of an operator norm)."),
                fact(
                    "A compact X inside an open V has a distance from the complement of V, so that a point close "
                    "enough to X is in V (any textbook of analysis)."
                ),
                identity(
                    "the induction: alpha alpha^(t-s) = alpha^(t+1-s)",
                    _alpha * _alpha ** (_t - _first), _alpha ** (_t + 1 - _first),
                ),
                holds_on(
                    "The witness: once large, in the end small", _REPAIRED,
                    lambda: case(neuron(2), "1/10", steps=60),
                ),
                holds_on(
                    "W = [[3/2, 1], [0, 1/2]] from (1/10, 1/10)", _REPAIRED,
                    lambda: case(tanh_network([["3/2", 1], [0, "1/2"]]), ["1/10", "1/10"], steps=60),
                ),
            ),
        ),
    ),
)  # fmt: skip
