"""Definition 6: contracting maps bring orbits together."""

from __future__ import annotations

from typing import Any

import sympy as sp

from dynlatch.maps.catalogue import neuron
from dynlatch.theorems.cases import case
from dynlatch.theorems.reduced_sets import STATEMENTS
from proofs.document import Document, Part, also_solved, fact, holds_on, identity

_CLAIM = STATEMENTS[-1]
_alpha, _t, _r = sp.symbols("alpha t r", positive=True)


def _induction(z3: Any) -> Any:
    alpha, bound, apart, following = z3.Reals("alpha bound apart following")
    assumed = z3.And(alpha >= 0, apart >= 0, apart <= bound, following <= alpha * apart)
    return z3.Implies(assumed, following <= alpha * bound)


DOCUMENT = Document(
    "Def6",
    "Definition 6: contracting maps",
    (("Def6", "norm"), ("Def6", "spectral")),
    (
        Part(
            "The claim",
            """
            M is contracting on D if |M(x) - M(y)| <= alpha |x - y| for all x and y in D, with one alpha < 1. As long as
            the orbits of x and y stay in D, |M^t(x) - M^t(y)| <= alpha^t |x - y|. The definition compares distances and
            names no derivative, so the two readings are one.
            """,
        ),
        Part(
            "Why it holds",
            """
            For t = 0 there is nothing to show. If the distance at time t is at most alpha^t |x - y| and both states lie
            in D, the next distance is at most alpha times that. D need be neither convex nor compact, but the orbits
            must stay in it: the definition does not say that M maps D into D.
            """,
            (
                also_solved(
                    identity("alpha (alpha^t r) = alpha^(t+1) r", _alpha * (_alpha**_t * _r), _alpha ** (_t + 1) * _r),
                    _induction,
                ),
                fact("Induction over t."),
                holds_on(
                    "The neuron w = 2 on D = [9/10, 3], where |M'| <= 0.974: the orbits of 1 and 2", _CLAIM,
                    lambda: case(neuron(2), "1", other="2", region=[("9/10", 3)], steps=20),
                ),
            ),
        ),
        Part(
            "How alpha is found",
            """
            The checker takes for D a box, which is convex, and for alpha an upper bound of |M'| over it, which is a
            valid constant by the mean value inequality. Eigenvalues would not do, and neither would |M'| on a set that
            is not convex: that is the matter of Theorem 2.
            """,
            (fact("Mean value inequality: on a convex set where |M'| <= alpha, |M(x) - M(y)| <= alpha |x - y|."),),
        ),
    ),
)  # fmt: skip
