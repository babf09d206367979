"""Definition 3: the basin of attraction, with one l for every eps, and with a limit."""

from __future__ import annotations

import sympy as sp

from dynlatch.maps.catalogue import neuron, tanh_network
from dynlatch.theorems.cases import case
from dynlatch.theorems.definitions import STATEMENTS
from proofs.document import Document, Part, fact, holds_on, identity, witness

_NORM, _SPECTRAL, _REPAIRED = STATEMENTS[5:8]
_u, _x = sp.symbols("u x", real=True)
_F = _u**2 / (_u**2 + (3 * _u - 2) ** 2)

DOCUMENT = Document(
    "Def3",
    "Definition 3: coming near an attractor, and converging to it",
    (("Def3", "norm"), ("Def3", "spectral"), ("Def3'", "norm")),
    (
        Part(
            "The claim",
            """
            The basin beta(X) holds the points a for which, for every eps > 0, some M^l(a) is within eps of X. The text
            calls these the points that converge to X. Convergence asks more: that all M^l(a) with l large enough are
            within eps of X. Are the two the same for a hyperbolic X? We grant that X is compact and M continuously
            differentiable near X.
            """,
        ),
        Part(
            "Norm: they are",
            """
            By Def2' there are r > 0 and alpha < 1 such that dist(M(a), X) <= alpha dist(a, X) whenever a is within r of
            X. Take eps = r in the definition: some M^l(a) is within r of X, and from there on the distance shrinks by
            alpha at every step.
            """,
            (
                fact("Def2' (norm), proved in the document of Definition 2."),
                holds_on(
                    "From 1/10 the neuron w = 2 comes near abar, and converges to it", _NORM,
                    lambda: case(neuron(2), "1/10", steps=20),
                ),
            ),
        ),
        Part(
            "Spectral: they are not",
            """
            Let F(u) = u^2 / (u^2 + (3 u - 2)^2), a smooth function on the whole line, and M(x, y) = (F(y), F(x)). In
            the coordinate x = 2 - 1/u the function F is 4 x (1 - x), the chaotic logistic map, on u in [1/2, 1]; the
            point at infinity, towards which 4 x (1 - x) attracts more strongly than any linear map, has become u = 0,
            where F and F' are 0. Hence M maps the two axes into each other, (u, 0) to (0, F(u)), and there M' has one
            entry F'(u) off the diagonal and three zeros: its eigenvalues are 0. So every invariant set on the axes is
            hyperbolic to the letter, X = {(4/5, 0), (0, 4/5)} among them, and the chaotic set ([1/2, 1] x {0}) with
            ({0} x [1/2, 1]) as well. (Read as eigenvalues, Definition 2 has room for chaotic attractors, as the text
            says; read as a norm, it has none, by Def2'.)

            Write x = sin^2(pi theta): a step doubles theta, that is, it shifts its binary digits to the left. The fixed
            point x = 3/4 is theta = 1/3 = 0.010101... Take theta with the digits

                01 000 0101 000 010101 000 01010101 000 ...

            Where the n-th block (01)^n begins, theta differs from 1/3 by less than 4^-n and x from 3/4 by less than pi
            4^-n, and u = 1/(2 - x) from 4/5 by no more than x from 3/4. Where a block 000 begins, theta < 1/8, and the
            state is more than 1/4 away from X. So the orbit comes as near to X as one likes, and does not converge to
            it. (This X does not attract, in spite of its rho. Where X is stable, the repair applies.)
            """,
            (
                identity("u moves no faster than x, its slope is 1/(2 - x)^2: (2 - x)^2 - 1 = (1 - x) (3 - x) >= 0",
                         (2 - _x) ** 2 - 1, (1 - _x) * (3 - _x)),
                identity("F(1/(2 - x)) = 1/(2 - 4 x (1 - x))", _F.subs(_u, 1 / (2 - _x)), 1 / (2 - 4 * _x * (1 - _x))),
                identity("F' is 0 at 0 because F has the double zero u^2: F = u^2 G with G = 1/(10 u^2 - 12 u + 4)", _F,
                         _u**2 / (10 * _u**2 - 12 * _u + 4)),
                fact("|sin^2(pi s) - sin^2(pi t)| <= pi |s - t|: the slope is pi sin(2 pi s) (mean value theorem)."),
                witness(_SPECTRAL),
            ),
        ),
        Part(
            "The repair",
            """
            Define beta(X) by the limit: dist(M^t(a), X) -> 0. This is the same set whenever X is stable, that is, if
            for every eps > 0 there is a delta > 0 such that orbits from within delta of X stay within eps of X. For,
            given eps, take its delta; by the definition as printed some M^l(a) is within delta of X, and all later
            states are then within eps of X. As eps was arbitrary, the distance tends to 0. No size of M' is needed. A
            cycle whose multipliers are below 1 in modulus is stable even where |M'| > 1.
            """,
            (
                fact("A cycle with all multipliers below 1 in modulus is stable (the document of subsample')."),
                holds_on(
                    "W = [[1/2, 3], [0, 1/2]], |M'(0)| > 3: an orbit that comes near 0 converges to it", _REPAIRED,
                    lambda: case(tanh_network([["1/2", 3], [0, "1/2"]]), [2, 2], steps=60),
                ),
            ),
        ),
    ),
)  # fmt: skip
