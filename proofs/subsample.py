"""Subsampling time by the period: is a stable cycle hyperbolic then?"""

from __future__ import annotations

import sympy as sp

from dynlatch.maps.catalogue import logistic
from dynlatch.theorems.attractor_claims import SHEAR, STATEMENTS
from dynlatch.theorems.cases import case
from proofs.document import Document, Part, fact, holds_on, identity, witness

_NORM, _SPECTRAL, _REPAIRED = STATEMENTS[:3]
_x, _z = sp.symbols("x z", real=True)
_s = sp.Symbol("s", positive=True)
_TERMS = 6
_LENGTHS = sp.symbols(f"q0:{_TERMS + 1}", nonnegative=True)
"""q_k stands for |A^k v|^2."""
_SUM = sum((_s ** (-2 * k) * _LENGTHS[k] for k in range(_TERMS)), sp.S.Zero)
_SHIFTED = sum((_s ** (-2 * k) * _LENGTHS[k + 1] for k in range(_TERMS)), sp.S.Zero)
_SHEAR_MATRIX = sp.Matrix([[sp.Rational(1, 2), 3], [0, sp.Rational(1, 2)]])

DOCUMENT = Document(
    "subsample",
    "Subsampling a stable cycle",
    (("subsample", "norm"), ("subsample", "spectral"), ("subsample'", "norm")),
    (
        Part(
            "The claim",
            """
            A stable and attracting cycle of period l becomes a fixed point if one looks at every l-th state only, and
            is said to be hyperbolic for M^l: (M^l)' is below 1 in size at its points. So the results would carry over
            to it. The same is said of stable fixed points, the case l = 1.
            """,
        ),
        Part(
            "Norm: it fails",
            """
            Let W = [[1/2, 3], [0, 1/2]] and X the origin, where M' = W. Both eigenvalues are 1/2, so the origin is
            stable and attracts. But W sends (0, 1) to (3, 1/2), so |M'| > 3: it is 3.08. Deviations along the second
            axis triple before they die out.
            """,
            (
                identity("The eigenvalues of W", (_z * sp.eye(2) - _SHEAR_MATRIX).det(), (_z - sp.Rational(1, 2)) ** 2),
                identity(
                    "|W|^2 is an eigenvalue of W^T W, that is a root of z^2 - (19/2) z + 1/16",
                    (_z * sp.eye(2) - _SHEAR_MATRIX.T * _SHEAR_MATRIX).det(),
                    _z**2 - sp.Rational(19, 2) * _z + sp.Rational(1, 16),
                ),
                witness(_NORM),
            ),
        ),
        Part(
            "Spectral: it fails",
            """
            M(x) = x - x^3 brings every 0 < |x| <= 1 nearer to 0, since x^2 - M(x)^2 = x^4 (2 - x^2) > 0. So |a_t| falls
            and has a limit; by continuity |M| leaves that limit unchanged, and 0 is the only number in [0, 1] that it
            leaves unchanged. The origin is stable and attracts, but its multiplier is exactly 1. The approach is slow,
            like 1/sqrt(2 t), which no hyperbolic attractor allows.
            """,
            (
                identity("x^2 - (x - x^3)^2 = x^4 (2 - x^2)", _x**2 - (_x - _x**3) ** 2, _x**4 * (2 - _x**2)),
                fact("A falling sequence that is bounded below has a limit (any textbook of analysis)."),
                witness(_SPECTRAL),
            ),
        ),
        Part(
            "The repair",
            """
            Suppose that the multipliers, the eigenvalues of A = (M^l)'(x), are below 1 in modulus. They are the same at
            all points of the cycle, as (M^l)' there are the products of the same factors in cyclic order. Choose s
            below 1 but above all these moduli, and measure v by

                |v|_*^2 = sum over k >= 0 of s^(-2k) |A^k v|^2.

            The sum converges, because |A^k|^(1/k) tends to the largest modulus, and it is a quadratic form, so that
            |v|_* = |P v| for some matrix P. A shift of the index gives |A v|_*^2 = s^2 (|v|_*^2 - |v|^2) <= s^2
            |v|_*^2. So |P A P^-1| <= s < 1: the cycle is hyperbolic for M^l in the norm that P adapts to it. (M^l)' is
            continuous, so it stays below 1 in this norm on a ball around x, which is convex: M^l contracts it towards
            x. The checker finds P in floating point, rounds it to rationals, and then decides by balls.
            """,
            (
                fact("|A^k|^(1/k) tends to the spectral radius of A (Gelfand's formula, any textbook)."),
                fact("A B and B A have the same eigenvalues (any textbook of linear algebra)."),
                fact("A positive definite quadratic form v^T Q v is |P v|^2 with P^T P = Q (Cholesky)."),
                identity(
                    f"The shift, q_k = |A^k v|^2, cut off after {_TERMS} terms: sum s^(-2k) q_(k+1) = s^2 (sum s^(-2k) "
                    "q_k - q_0) + the last term, which tends to 0 as more terms are taken",
                    _SHIFTED, _s**2 * (_SUM - _LENGTHS[0]) + _s ** (-2 * (_TERMS - 1)) * _LENGTHS[_TERMS],
                ),
                holds_on("The origin of W = [[1/2, 3], [0, 1/2]]", _REPAIRED, lambda: SHEAR),
                holds_on(
                    "The 2-cycle of 3.2 x (1 - x), for M^2", _REPAIRED,
                    lambda: case(logistic("3.2"), "0.513", steps=2),
                ),
            ),
        ),
    ),
)  # fmt: skip
