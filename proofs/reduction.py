"""The reduction N -> N' of Section IV: inputs that enter the map become additive ones."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from dynlatch.maps.catalogue import augmented, neuron
from dynlatch.theorems.cases import case, exact_state
from dynlatch.theorems.findings import Finding, exactly
from dynlatch.theorems.measures import in_reduced_set
from dynlatch.theorems.reduction import STATEMENTS
from proofs.document import Document, Part, decided, fact, holds_on, identity, witness

_NORM, _SPECTRAL, _REPAIRED = STATEMENTS
_m, _c, _eta, _theta = sp.symbols("m c eta theta", positive=True)
_mu, _a, _h = sp.symbols("mu a h", real=True)
_w = sp.Symbol("w", positive=True)


def _orbits_agree() -> list[Finding]:
    """The map that ``augmented`` makes of a = w tanh(a) + h, its input h a state: its formulas, entry by entry."""
    n = neuron(2)
    (rule,), (state,) = n.expressions, n.states
    (h,) = (s for s, _ in n.parameters if str(s) == "h")
    made = augmented(n, ["h"], scale="3/4")
    first, last = made.expressions
    return [
        exactly("the last entry of N'(a, z) is 0, so that z_t = 0 + y_t / eta", last == 0),
        exactly("the first entry is N(a, eta z)", sp.simplify(first - rule.subs(h, sp.Rational(3, 4) * h)) == 0),
        exactly("its states are a and z", made.states == (state, h)),
    ]


def _blocks() -> list[Finding]:
    """The product of two matrices [[A, C], [0, 0]], with entries that do not commute."""
    a1, c1, a2, c2 = sp.symbols("A1 C1 A2 C2", commutative=False)
    product = sp.Matrix([[a2, c2], [0, 0]]) * sp.Matrix([[a1, c1], [0, 0]])
    return [exactly("the product is [[A2 A1, A2 C1], [0, 0]]", product == sp.Matrix([[a2 * a1, a2 * c1], [0, 0]]))]


def _rows() -> Finding:
    a, c = sp.symbols("A C", commutative=False)
    at, ct = sp.symbols("At Ct", commutative=False)
    product = sp.Matrix([[a, _eta * c]]) * sp.Matrix([[at], [_eta * ct]])
    return exactly("[A, eta C] [A, eta C]^T = A A^T + eta^2 C C^T",
                   sp.expand(product[0, 0] - (a * at + _eta**2 * c * ct)) == 0)  # fmt: skip


DOCUMENT = Document(
    "N",
    "Section IV: from inputs that enter the map to additive inputs",
    (("N", "norm"), ("N", "spectral"), ("N'", "norm")),
    (
        Part(
            "The claim",
            """
            A system a_t = N(a_{t-1}, y_{t-1}) with inputs y is replaced by one with additive inputs: the state a' = (a,
            y), the map N'(a, y) = (N(a, y), 0) and the inputs u' = (0, y_t). It is said that nothing is lost by
            studying systems with additive inputs only. We read this in two parts: the orbits agree, and what the
            theorems ask of N holds for N' where it holds for N, namely that d a_t / d a_0 is below 1 in size.
            """,
        ),
        Part(
            "The orbits agree",
            """
            The last entries of a'_t are 0 + y_t, and the first are N(a_{t-1}, y_{t-1}). With another unit eta for the
            input, z = y / eta, the map N'(a, z) = (N(a, eta z), 0) and inputs (0, y_t / eta) give z_t = y_t / eta, and
            N(a_{t-1}, eta z_{t-1}) = N(a_{t-1}, y_{t-1}) as before. So this part is true.
            """,
            (decided("The map N' that is made here of the neuron with input h, eta = 3/4, is of this form",
                     _orbits_agree),),
        ),
        Part(
            "Under the norm the hypotheses do not carry over",
            """
            With A = dN/da and C = dN/dy the derivative of N' is [[A, C], [0, 0]]. For one state, with A = m and C = c,
            its norm is sqrt(m^2 + c^2), the root of the one eigenvalue of N'' N''^T that is not 0. For the neuron N = w
            tanh a + y the second is 1, so that |N''| = sqrt(m^2 + 1) > 1 at every state: no state at all lies in the
            norm's Gamma of N', and Theorems 2, 3 and 4 say nothing about it, while Gamma of the neuron itself holds
            every a > a_c. In n dimensions the same happens wherever |C| >= 1, as it is for N = M(a) + y.
            """,
            (
                identity(
                    "N'' N''^T has the characteristic polynomial mu (mu - (m^2 + c^2))",
                    (sp.Matrix([[_m, _c], [0, 0]]) * sp.Matrix([[_m, 0], [_c, 0]]) - _mu * sp.eye(2)).det(),
                    _mu * (_mu - (_m**2 + _c**2)),
                ),
                fact("|A|^2 is the largest eigenvalue of A A^T (any textbook of linear algebra)."),
                fact("A block of a matrix has no larger norm than the matrix (the definition of an operator norm)."),
                identity(
                    "for the neuron A = m = w / cosh(a)^2 > 0 (and C = 1, the slope of + y)",
                    sp.diff(_w * sp.tanh(_a) + _h, _a), _w / sp.cosh(_a) ** 2,
                ),
                decided(
                    "19/10 lies in Gamma of the neuron w = 2, under the norm",
                    lambda: in_reduced_set(neuron(2), exact_state((Fraction(19, 10),)), "norm", "19/10"),
                ),
                witness(_NORM),
            ),
        ),
        Part(
            "Under the spectral radius they do",
            """
            [[A, C], [0, 0]] is block triangular: its eigenvalues are those of A, and 0. The derivative of several
            steps, d a'_t / d a'_0, is [[A_{t-1} ... A_0, A_{t-1} ... A_1 C_0], [0, 0]], of the same shape, with d a_t /
            d a_0 of N in the corner. So the spectral radii agree along every orbit, both ways: hyperbolic attractors X
            of N(., 0) become attractors X x {0} of N', (a, 0) lies in Gamma of N' exactly if a lies in Gamma of N(.,
            0), and each spectral hypothesis carries over. (What the spectral theorems conclude is another matter.)
            """,
            (
                decided("Products keep the shape", _blocks),
                fact(
                    "det(mu I - [[A, C], [0, 0]]) = mu^k det(mu I - A), k the number of inputs (block triangular "
                    "determinants; any textbook of linear algebra)."
                ),
                holds_on(
                    "The witness of the other reading, over 20 steps with inputs", _SPECTRAL,
                    lambda: case(
                        augmented(neuron(2), ["h"]), ["19/10", 0], inputs=[[0, "1/10"], [0, "-1/5"]], steps=20
                    ),
                ),
            ),
        ),
        Part(
            "The repair: a small enough unit",
            """
            Where |A| <= m < 1 and |C| <= c, choose eta < sqrt(1 - m^2) / c and measure the input in units of eta. Then
            |N''|^2 = |A A^T + eta^2 C C^T| <= m^2 + eta^2 c^2 < 1. The later steps multiply by |A| <= m only: a product
            of such steps is [A_{t-1} ... A_1][A_0, eta C_0] and has a norm below 1 too. The price: inputs u' = y / eta
            are longer in the new unit, so that a bound |u'_t| <= b allows only |y_t| <= eta b.
            """,
            (
                decided("[A, eta C] [A, eta C]^T = A A^T + eta^2 C C^T", _rows),
                fact("|A A^T| = |A|^2, and norms obey the triangle inequality (any textbook of linear algebra)."),
                identity(
                    "with eta = theta sqrt(1 - m^2) / c, theta < 1: 1 - m^2 - eta^2 c^2 = (1 - m^2)(1 - theta^2) > 0",
                    1 - (_m**2 + (_theta * sp.sqrt(1 - _m**2) / _c) ** 2 * _c**2), (1 - _m**2) * (1 - _theta**2),
                ),
                holds_on(
                    "The neuron w = 2 on a in [6/5, 3]: m = 0.61, c = 1, eta = 3/4 < 0.79", _REPAIRED,
                    lambda: case(
                        augmented(neuron(2), ["h"], scale="3/4"), ["3/2", 0], region=[("6/5", 3), (-1, 1)]
                    ),
                ),
            ),
        ),
    ),
)  # fmt: skip
