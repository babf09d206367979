"""Theorem 3: a tube around the autonomous orbit that bounded inputs cannot leave."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy as sp

from dynlatch.maps.catalogue import neuron
from dynlatch.regions.inner_balls import as_balls
from dynlatch.rigor import balls
from dynlatch.theorems.cases import case, exact_state, free_orbit
from dynlatch.theorems.findings import Finding, less, unknown
from dynlatch.theorems.latched import later_box, one_of_several, trapped
from dynlatch.theorems.measures import attractors_of, length
from dynlatch.theorems.theorem_3 import STATEMENTS, sizes_along
from proofs.document import Document, Part, also_solved, decided, fact, holds_on, identity, witness

_NORM, _SPECTRAL, _REPAIRED = STATEMENTS
_lam, _d = sp.symbols("lambda d", positive=True)
_r = sp.Symbol("r", nonnegative=True)


def _induction(z3: Any) -> Any:
    lam, d, r, u, following = z3.Reals("lambda d r u following")
    assumed = z3.And(lam >= 0, lam < 1, d > 0, r >= 0, r <= d, u <= (1 - lam) * d, following <= lam * r + u)
    return z3.Implies(assumed, following <= d)


def _several() -> list[Finding]:
    witnesses = [s.witness for s in (_NORM, _SPECTRAL) if s.witness is not None]
    cases = [w.case for w in witnesses if w.case is not None]
    readings = zip(cases, (_NORM.reading, _SPECTRAL.reading), strict=True)
    return [one_of_several(on.map, exact_state(on.start), reading) for on, reading in readings]


def _whichever_index() -> list[Finding]:
    shown = _SPECTRAL.witness
    on = None if shown is None else shown.case
    if on is None:
        return [unknown("the spectral witness", "it is no case")]
    sizes = [a.max(b) for a, b in zip(*(sizes_along(on, o, "spectral") for o in (
        on.orbit(), free_orbit(on.map, on.start, on.steps))), strict=True)]  # fmt: skip
    lam, d = balls.ball(Fraction(293, 1000)), balls.ball(on.radius_of("Theorem 3"))
    return [
        *(less(f"rho(M') < 0.293 on the balls at t = {t}", found, lam) for t, found in enumerate(sizes)),
        *(less(f"|u_{t}| < (1 - 0.293) d", length(u), (1 - lam) * d) for t, u in enumerate(on.driving_inputs(), 1)),
    ]


def _meets() -> list[Finding]:
    m, first, d = neuron(2), (Fraction(9, 10),), balls.ball(Fraction(1, 100))
    orbit = free_orbit(m, first, 5)
    ball = trapped(m, orbit[-1])
    if ball is None:
        return [unknown("abar_5 lies in a ball around abar that M contracts", "not proved")]
    point = attractors_of(m)[ball.owner].point
    if point is None:
        return [unknown("X is a point", "not proved")]
    ((lower, upper),) = later_box(ball, [orbit[-1]])
    here = as_balls(point.state)[0]
    return [
        less("abar_t, t >= 5, lies above abar - d", here - d, balls.ball(lower)),
        less("and below abar + d", balls.ball(upper), here + d),
    ]


DOCUMENT = Document(
    "T3",
    "Theorem 3: bounded inputs and the tube around the autonomous orbit",
    (("T3", "norm"), ("T3", "spectral"), ("T3'", "norm")),
    (
        Part(
            "The claim",
            """
            Start in Gamma(X), X one of several hyperbolic attractors, and write abar_t for the orbit without inputs. If
            the size of M' stays below lambda_t < 1 on a ball of radius d at time t, and if |u_t| < (1 - lambda_t) d for
            all t > 0, then a_t never gets farther than d from abar_t, and the ball of radius d around abar_t meets X in
            the limit. The theorem puts the ball of lambda_t around a_t, its proof around abar_t; the witnesses below
            satisfy both.
            """,
        ),
        Part(
            "Why it fails",
            """
            The step that adds u_t starts from the ball around abar_{t-1}, so a deviation is multiplied by up to
            lambda_{t-1}. The printed bound takes lambda_t. Near the edge of Gamma the orbit runs into stronger
            contraction: lambda_t < lambda_{t-1}, and the inputs that it allows are too large. It is a slip of an index:
            the printed proof has rho_{t+1} <= lambda_t d + b_t, that is, it bounds by b_t the input of the step from t
            to t + 1, which in a_t = M(a_{t-1}) + u_t is u_{t+1}. The repair below reads it so.

            With eigenvalues in place of norms the claim fails even where lambda_t is constant, and whichever the index:
            the witness has lambda_t < lambda = 0.293 for t <= 2, and |u_1| = 0.2 < (1 - lambda) d, u_2 = 0.

            The witnesses give finitely many inputs; zeros follow. Then |u_t| < (1 - lambda_t) d needs no more than
            lambda_t < 1: both orbits are followed to a ball around X that M maps into itself, and the size of M' is
            below 1 within d of that ball. For strict inequalities: lambda_t may be any number above the sup of the
            size on the ball, so the hypotheses hold with some lambda_t once |u_t| < (1 - sup) d. Both maps are odd, so
            -X is an attractor as well.
            """,
            (
                witness(_NORM),
                witness(_SPECTRAL),
                decided("In both, X is one of several hyperbolic attractors", _several),
                decided("The spectral witness obeys the repaired index as well", _whichever_index),
            ),
        ),
        Part(
            "The repair",
            """
            Let lambda_t bound |M'|, the operator norm, on the ball of radius d around abar_t. If |u_{t+1}| <= (1 -
            lambda_t) d for all t >= 0, then |a_t - abar_t| <= d for all t. Let r_t = |a_t - abar_t|, so r_0 = 0. As
            long as r_t <= d, both states lie in the ball, which is convex, so that r_{t+1} <= |M(a_t) - M(abar_t)| +
            |u_{t+1}| <= lambda_t r_t + |u_{t+1}|, and this is at most d again. Nothing is asked of a_0.

            The second half of the conclusion is not about the inputs, and it holds as printed: if abar_t converges to
            X, as it does from every a_0 in beta(X) (defined by a limit, see Def3') and so in Gamma(X), then from some t
            on a point of X is nearer to abar_t than d, and lies in the ball. The state itself is then within 2 d of X.
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
                decided("On that map the ball around abar_t meets X = {abar} from t = 5 on", _meets),
            ),
        ),
    ),
)  # fmt: skip
