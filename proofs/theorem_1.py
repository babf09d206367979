"""Theorem 1: where M' stretches at a point, the points along the stretched direction move away."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy as sp

from dynlatch.maps.balls import ball_map
from dynlatch.maps.catalogue import neuron, tanh_network
from dynlatch.theorems.cases import case, exact_state
from dynlatch.theorems.findings import Finding, exactly, less
from dynlatch.theorems.measures import difference, length, size
from dynlatch.theorems.theorem_1 import STATEMENTS
from proofs.document import Document, Part, also_solved, decided, fact, holds_on, identity

_NORM, _SPECTRAL, _REPAIRED = STATEMENTS[:3]
_lam, _s = sp.symbols("lambda s", positive=True)
_k = sp.Symbol("k", nonnegative=True)
_p, _q = sp.symbols("p q", real=True)
_SHEAR = tanh_network([["3/2", 1], [0, "1/2"]])
_TURN = tanh_network([[0, -1], [1, 0]])


def _small_remainder(z3: Any) -> Any:
    lam, s, rest, image = z3.Reals("lambda s rest image")
    return z3.Implies(z3.And(lam > 0, s > 1, rest < lam * (s - 1), image >= lam * s - rest), image > lam)


def _small_turn(z3: Any) -> Any:
    r, s, k, image = z3.Reals("r s k image")
    return z3.Implies(z3.And(r > 0, s > 1, k < s - 1, image >= (s - k) * r), image > r)


def _comes_nearer() -> list[Finding]:
    m, x, y = tanh_network([["3/2", 0], [0, "1/2"]]), exact_state((Fraction(0),) * 2), exact_state((0, Fraction(1, 10)))
    image = ball_map(m).image
    return [
        less("|M'(0)| > 1", exact_state((Fraction(1),))[0], size(ball_map(m).jacobian(x), "norm")),
        less("|M(y)| < |y|", length(difference(image(y), image(x))), length(difference(y, x))),
    ]


def _quarter_turn() -> list[Finding]:
    image, zero = ball_map(_TURN).image, exact_state((Fraction(0),) * 2)
    found = [exactly("|M'(0)| = 1", bool(size(ball_map(_TURN).jacobian(zero), "norm") == 1))]
    for y in ((Fraction(1, 10), Fraction(0)), (Fraction(1, 10**6), Fraction(-1, 10**6))):
        point = exact_state(y)
        found.append(less("|M(y) - M(0)| < |y|", length(image(point)), length(point)))
    return found


DOCUMENT = Document(
    "T1",
    "Theorem 1: where M' exceeds 1, some near point moves away",
    (("T1", "norm"), ("T1", "spectral"), ("T1'", "norm")),
    (
        Part(
            "The claim",
            """
            If the size of M'(z) exceeds 1 for all z in an open ball U(x) around x, then some y in U(x) has |M(x) -
            M(y)| > |x - y|. This is true in both readings. More is true: |M'(x)| > 1 at x alone is enough, and one can
            say which y separate.
            """,
        ),
        Part(
            "The proof, in both readings",
            """
            Let s = |M'(x)| > 1 and let v be a unit vector with |M'(x) v| = s. Put y = x + lambda v. Then M(y) - M(x) =
            lambda M'(x) v + r(lambda), where |r(lambda)| / lambda -> 0 as lambda -> 0: this is all that
            differentiability at x says, and all that is needed. Take lambda so small that y lies in U(x) and
            |r(lambda)| < lambda (s - 1). By the triangle inequality |M(y) - M(x)| >= lambda s - |r(lambda)|, which is
            more than lambda = |y - x|.

            Under the spectral radius the hypothesis is stronger: rho(M'(x)) > 1 implies |M'(x)| > 1.

            Two slips of the printed proof do no harm: it takes the remainder to be O(lambda^2), which asks for more
            than a derivative, and in its last inequality the norm of the remainder is added where it must be
            subtracted.
            """,
            (
                fact(
                    "A matrix A has a unit vector v with |A v| = |A|, the right singular vector of its largest "
                    "singular value (singular value decomposition; any textbook of linear algebra)."
                ),
                fact(
                    "No eigenvalue of A exceeds |A| in modulus: for A u = mu u, |mu| |u| = |A u| <= |A| |u|, and the "
                    "largest singular value is the norm over complex vectors u as well (any textbook)."
                ),
                also_solved(
                    identity(
                        "with the remainder at its limit lambda (s - 1), lambda s - lambda (s - 1) = lambda is left: "
                        "below the limit, more",
                        _lam * _s - _lam * (_s - 1), _lam,
                    ),
                    _small_remainder,
                ),
                holds_on(
                    "W = [[3/2, 1], [0, 1/2]] at (1/10, 1/10), U(x) of radius 1/20, under the norm", _NORM,
                    lambda: case(_SHEAR, ["1/10", "1/10"], radius="1/20"),
                ),
                holds_on(
                    "the same under the spectral radius", _SPECTRAL,
                    lambda: case(_SHEAR, ["1/10", "1/10"], radius="1/20"),
                ),
            ),
        ),
        Part(
            "Sharper: which y, and how near",
            """
            T1' says how small lambda must be. Let v be the direction from x to y and s = |M'(x) v| > 1. The map g(z) =
            M(z) - M'(x) z has the derivative M'(z) - M'(x). If its norm is at most k < s - 1 on the segment from x to
            y, then |g(y) - g(x)| <= k |y - x|, so that |M(y) - M(x)| >= (s - k) |y - x| > |y - x|. Where M' is
            continuous at x, all y near enough in any stretched direction satisfy this.
            """,
            (
                fact(
                    "Mean value inequality: where |g'| <= k on a segment, |g(y) - g(x)| <= k |y - x| (any textbook of "
                    "analysis in several variables; the document T2 proves it)."
                ),
                also_solved(
                    identity("s - k exceeds 1 by what is left: (s - k) - 1 = (s - 1) - k", _s - _k - 1, (_s - 1) - _k),
                    _small_turn,
                ),
                holds_on(
                    "W = [[3/2, 1], [0, 1/2]], from (1/10, 1/10) to (1/8, 1/9)", _REPAIRED,
                    lambda: case(_SHEAR, ["1/10", "1/10"], other=["1/8", "1/9"]),
                ),
                holds_on(
                    "the neuron w = 2, from 4/5 to 79/100", _REPAIRED,
                    lambda: case(neuron(2), "4/5", other="79/100"),
                ),
            ),
        ),
        Part(
            "What may not be asked for",
            """
            Not every near y separates, and so the ball need not grow in every direction: diag(3/2, 1/2) tanh(a)
            stretches the first axis and shrinks the second. And > 1 cannot become >= 1: a rotation keeps every distance
            though its norm is 1 everywhere, and a quarter turn of tanh(a) has norm 1 at 0 and brings the points near 0
            nearer.
            """,
            (
                decided("diag(3/2, 1/2) tanh(a) has norm 3/2 at 0, and y = (0, 1/10) comes nearer to 0", _comes_nearer),
                identity("a rotation keeps lengths", ((3 * _p - 4 * _q) / 5) ** 2 + ((4 * _p + 3 * _q) / 5) ** 2,
                         _p**2 + _q**2),
                decided("W = [[0, -1], [1, 0]] has norm 1 at 0, and (1/10, 0) and (1, -1) / 10^6 come nearer",
                        _quarter_turn),
            ),
        ),
    ),
)  # fmt: skip
