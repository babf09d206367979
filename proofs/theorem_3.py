"""Theorem 3: a tube around the autonomous orbit that bounded inputs cannot leave."""

from __future__ import annotations

from typing import Any

import sympy as sp

from dynlatch.maps.catalogue import neuron
from dynlatch.theorems.cases import case
from dynlatch.theorems.theorem_3 import STATEMENTS
from proofs.document import Document, Part, also_solved, fact, holds_on, identity, witness

_NORM, _SPECTRAL, _REPAIRED = STATEMENTS
_lam, _d = sp.symbols("lambda d", positive=True)
_r = sp.Symbol("r", nonnegative=True)


def _induction(z3: Any) -> Any:
    lam, d, r, u, following = z3.Reals("lambda d r u following")
    assumed = z3.And(lam >= 0, lam < 1, d > 0, r >= 0, r <= d, u <= (1 - lam) * d, following <= lam * r + u)
    return z3.Implies(assumed, following <= d)


DOCUMENT = Document(
    "T3",
    "Theorem 3: bounded inputs and the tube around the autonomous orbit",
    (("T3", "norm"), ("T3", "spectral"), ("T3'", "norm")),
    (
        Part(
            "The claim",
            """
            Start in Gamma(X) and write abar_t for the orbit without inputs. If the size of M' stays below lambda_t < 1
            on the ball of radius d around the state at time t, and if |u_t| < (1 - lambda_t) d, then a_t never gets
            farther than d from abar_t.
            """,
        ),
        Part(
            "Why it fails",
            """
            The step that adds u_t starts from the ball around abar_{t-1}, so a deviation is multiplied by up to
            lambda_{t-1}. The printed bound takes lambda_t. Near the edge of Gamma the orbit runs into stronger
            contraction: lambda_t < lambda_{t-1}, and the inputs that it allows are too large. With eigenvalues in place
            of norms the claim fails even where lambda_t is constant.
            """,
            (witness(_NORM), witness(_SPECTRAL)),
        ),
        Part(
            "The repair",
            """
            If |u_{t+1}| <= (1 - lambda_t) d, then |a_t - abar_t| <= d for all t. Let r_t = |a_t - abar_t|, so r_0 = 0.
            As long as r_t <= d, both states lie in the ball, so that r_{t+1} <= lambda_t r_t + |u_{t+1}|.
            """,
            (
                fact(
                    "Mean value inequality: on a convex set where |M'| <= lambda, |M(x) - M(y)| <= lambda |x - y| (any "
                    "textbook of analysis in several variables)."
                ),
                also_solved(
                    identity(
                        "what is left of d after a step is d - (lambda r + (1 - lambda) d) = lambda (d - r), not "
                        "negative for r <= d",
                        _d - (_lam * _r + (1 - _lam) * _d), _lam * (_d - _r),
                    ),
                    _induction,
                ),
                holds_on(
                    "On the printed theorem's own map, with inputs at 0.99 of the repaired bound", _REPAIRED,
                    lambda: case(neuron(2), "9/10", inputs=["0.00012", "0.0057", "0.0077"], radius="1/100"),
                ),
            ),
        ),
    ),
)  # fmt: skip
