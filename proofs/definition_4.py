"""Definition 4: does an attractor lie in its own reduced attracting set?"""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from dynlatch.maps.catalogue import tanh_network
from dynlatch.maps.definition import Formulas, Map, state_symbol
from dynlatch.theorems.cases import case
from dynlatch.theorems.cycles import attracts, cycle_of, no_cycle
from dynlatch.theorems.findings import Finding, exactly
from dynlatch.theorems.reduced_sets import STATEMENTS
from proofs.document import Document, Part, decided, fact, holds_on, identity, witness

_NORM, _SPECTRAL = STATEMENTS[:2]
_z, _mu = sp.symbols("z mu", positive=True)
_FIRST, _SECOND = sp.Matrix([[0, 2], [_mu, 0]]), sp.Matrix([[0, _mu], [2, 0]])

_A = sp.Matrix([[-1, 3], [0, -1]]) / 2
_B = sp.Matrix([[-1, 0], [-2, -1]]) / 2
_x, _y = state_symbol("x"), state_symbol("y")
_EXCHANGE = Map(
    "exchange", (_x, _y), Formulas(
        ((_x**3 - 5 * _x + 3 * _y + 3 * _x * _y) / 4, (1 - _x) * (_x**2 - 1) / 4 - _y / 2)
    ), (), ((Fraction(-2), Fraction(2)),) * 2,
)  # fmt: skip


def _attracting() -> list[Finding]:
    on = case(_EXCHANGE, [1, 0], steps=2)
    cycle = cycle_of(on)
    if cycle is None:
        return [no_cycle(on)]
    found = _SPECTRAL.check(on)
    at = {point: dict(zip((_x, _y), point, strict=True)) for point in ((1, 0), (-1, 0))}
    return [
        exactly("M' is A at (1, 0) and B at (-1, 0)",
                [_EXCHANGE.jacobian.subs(where) for where in at.values()] == [_A, _B]),
        attracts(cycle),
        *found.hypotheses,
        found.conclusion.denied(),
    ]  # fmt: skip


DOCUMENT = Document(
    "Def4",
    "Definition 4: X, Gamma(X) and beta(X)",
    (("Def4", "norm"), ("Def4", "spectral")),
    (
        Part(
            "The claim",
            """
            Gamma(X) holds the points y of the basin beta(X) at which (M^l)'(y) is below 1 in size for every l >= 1. It
            is noted that X lies in Gamma(X), and Gamma(X) in beta(X), for every hyperbolic attractor X.
            """,
        ),
        Part(
            "Norm: it holds",
            """
            Gamma(X) lies in beta(X) because its definition says so. A point x of X lies in beta(X), as all M^l(x) lie
            in X. By the chain rule (M^l)'(x) = M'(x_{l-1}) ... M'(x_1) M'(x_0) with x_i = M^i(x), all of which lie in
            X. Each factor is below 1 in norm, and so is their product. Compactness is not needed.
            """,
            (
                fact("The chain rule (any textbook of analysis in several variables)."),
                fact("|A B| <= |A| |B| for an operator norm (any textbook of linear algebra)."),
                holds_on(
                    "The 2-cycle {(P, -P), (-P, P)} of W = [[0, 2], [2, 0]]", _NORM,
                    lambda: case(tanh_network([[0, 2], [2, 0]]), ["1.915", "-1.915"], steps=2),
                ),
            ),
        ),
        Part(
            "Spectral: it fails",
            """
            The largest modulus of an eigenvalue, rho, is not submultiplicative: rho(A B) may exceed rho(A) rho(B). Let
            W = [[0, 2], [2, 0]], P = 2 tanh P with multiplier mu = 0.166, and X the 2-cycle {(P, 0), (0, P)}. At its
            points M' = [[0, 2], [mu, 0]] and [[0, mu], [2, 0]], both with rho = sqrt(2 mu) = 0.577, so that X is a
            hyperbolic attractor to the letter. Their product is diag(mu^2, 4), with rho = 4: no point of X lies in
            Gamma(X). To the letter, Definition 4 asks that eigenvalues, not their moduli, be below 1; this is taken for
            a slip of the pen, and 4 is not below 1 either way.

            This X is a saddle (Def2), and it may be said that an attractor has to attract. It makes no difference: the
            polynomial map M(x, y) = ((x^3 - 5 x + 3 y + 3 x y) / 4, (1 - x) (x^2 - 1) / 4 - y / 2) exchanges (1, 0) and
            (-1, 0), where M' is A = [[-1/2, 3/2], [0, -1/2]] and B = [[-1/2, 0], [-1, -1/2]]. Both have the eigenvalue
            -1/2 alone, and A B has z^2 + z + 1/16, with roots -0.93 and -0.07: this 2-cycle does attract the states
            near it. But A B A, the derivative of three steps, has z^2 - (5/4) z + 1/64, with a root of 1.237.
            """,
            (
                identity("The characteristic polynomial of the first factor", (_z * sp.eye(2) - _FIRST).det(),
                         _z**2 - 2 * _mu),
                identity("That of the second factor", (_z * sp.eye(2) - _SECOND).det(), _z**2 - 2 * _mu),
                identity("That of the product", (_z * sp.eye(2) - _SECOND * _FIRST).det(), (_z - _mu**2) * (_z - 4)),
                witness(_SPECTRAL),
                identity("The characteristic polynomial of A B", (_z * sp.eye(2) - _A * _B).det(),
                         _z**2 + _z + sp.Rational(1, 16)),
                identity("That of A B A", (_z * sp.eye(2) - _A * _B * _A).det(),
                         _z**2 - sp.Rational(5, 4) * _z + sp.Rational(1, 64)),
                decided("{(1, 0), (-1, 0)} attracts, is hyperbolic to the letter, and is not in Gamma", _attracting),
            ),
        ),
        Part(
            "The repair",
            """
            Read the size as a norm, in Definition 2 as in Definition 4: then the claim is true, and by Def2' X does
            attract the states near it.
            """,
        ),
    ),
)  # fmt: skip
