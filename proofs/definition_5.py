"""Definition 5: is a system that is robustly latched still so one step later?"""

from __future__ import annotations

import sympy as sp

from dynlatch.maps.catalogue import neuron, tanh_network
from dynlatch.theorems.cases import case, exact_state
from dynlatch.theorems.findings import Finding
from dynlatch.theorems.latched import one_of_several
from dynlatch.theorems.measures import READ_AS
from dynlatch.theorems.reduced_sets import LEAVES_GAMMA, STATEMENTS
from proofs.document import Document, Part, decided, fact, holds_on, identity, witness

_NORM, _SPECTRAL, _REPAIRED = STATEMENTS[2:5]
_z, _q = sp.symbols("z q", positive=True)


def _several() -> list[Finding]:
    state = exact_state(LEAVES_GAMMA.start)
    return [one_of_several(LEAVES_GAMMA.map, state, reading) for reading in READ_AS]


DOCUMENT = Document(
    "Def5",
    "Definition 5: robustly latched, and for how long",
    (("Def5", "norm"), ("Def5", "spectral"), ("Def5'", "norm")),
    (
        Part(
            "The claim",
            """
            A system is robustly latched to X at time t_0 if a_{t_0} lies in Gamma(X), and remains so as long as the
            inputs keep a_t in Gamma(X). The paper does not say in so many words that without inputs it remains so for
            ever, that is, that M maps Gamma(X) into itself as it maps beta(X) into itself; but the name "robustly
            latched" and Fig. 3(b), where the ball of uncertainty stays bounded inside Gamma, suggest it.
            """,
        ),
        Part(
            "Why it fails",
            """
            Membership of a_0 is about products that begin with M'(a_0): M'(a_0), M'(a_1) M'(a_0), and so on. Membership
            of a_1 is about products without that first factor. If M'(a_0) is very small, it hides a large M'(a_1). Let
            W = [[2, -2], [0, 2]] and a_0 = (5, 5). There the slope of tanh is 0.00018, and every product that starts
            there is tiny in both readings. The next state is (2 tanh 5 - 2 tanh 5, 2 tanh 5) = (0, 1.9998): the first
            unit is at rest, where its slope is 1. With q the slope of the second one, M' = [[2, -2 q], [0, 2 q]], which
            has the eigenvalue 2. So a_1 is outside Gamma in both readings, for l = 1 already. The orbit converges to
            the fixed point X = (-3.91, 1.915), which is hyperbolic in both readings, and so is its mirror image -X: X
            is one of several.
            """,
            (
                identity(
                    "The characteristic polynomial of [[2, -2 q], [0, 2 q]]",
                    (_z * sp.eye(2) - sp.Matrix([[2, -2 * _q], [0, 2 * _q]])).det(), (_z - 2) * (_z - 2 * _q),
                ),
                witness(_NORM),
                witness(_SPECTRAL),
                decided("X is one of several hyperbolic attractors, in both readings", _several),
            ),
        ),
        Part(
            "The repair",
            """
            Ask for every factor instead of every product: let X be a fixed point, and call a_0 uniformly latched if its
            orbit converges to X and |P M'(abar_t) P^-1| < 1 for all t >= 0, in one norm that belongs to X. The orbit of
            abar_1 is the orbit of a_0 without its first state, so abar_1 is uniformly latched too, and so is every
            later state. All products of factors below 1 are below 1 in that norm. Near X the condition holds by itself
            if the eigenvalues of M' at X are below 1 in modulus, as some norm then makes M' a contraction there (see
            subsample'). For a cycle of period l take M^l in place of M.
            """,
            (
                fact("|P A B P^-1| <= |P A P^-1| |P B P^-1|, as P A B P^-1 = (P A P^-1) (P B P^-1)."),
                holds_on(
                    "The neuron w = 2 from 9/10, just above a_c = 0.8814", _REPAIRED,
                    lambda: case(neuron(2), "9/10", steps=5),
                ),
                holds_on(
                    "W = [[1/2, 3], [0, 1/2]] from (1/10, 1/10): |M'| is near 3, an adapted norm below 1", _REPAIRED,
                    lambda: case(tanh_network([["1/2", 3], [0, "1/2"]]), ["1/10", "1/10"], steps=5),
                ),
            ),
        ),
    ),
)  # fmt: skip
