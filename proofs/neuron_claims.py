"""The claims of Section III: what inputs a latched neuron stands, and what inputs flip it."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from dynlatch.latch.neuron_state import critical_of
from dynlatch.maps.catalogue import neuron
from dynlatch.rigor import balls
from dynlatch.theorems.cases import case
from dynlatch.theorems.findings import Finding, less
from dynlatch.theorems.neuron_claims import STATEMENTS, critical_ball, hold_checker, latched_ball, next_gap
from proofs.document import Document, Part, decided, fact, holds_on, identity, witness

_BY_ID = {(s.id, s.reading): s for s in STATEMENTS}
_HOLD, _FLIP, _REPAIRED = _BY_ID["hold", "norm"], _BY_ID["flip", "norm"], _BY_ID["flip'", "norm"]
_RISE, _SHORTER = _BY_ID["rise", "norm"], _BY_ID["shorter", "norm"]

_w, _a, _d, _s, _x = sp.symbols("w a d s x", positive=True)
_root = sp.sqrt(1 - 1 / _w)


def _just_above() -> list[Finding]:
    """1.01 h* for ever flips the neuron with w = 2, so that h* cannot be replaced by anything larger."""
    with balls.precision(256):
        wide = case(neuron(2), -2, inputs=["0.538"] * 200)
        hypotheses, conclusion = hold_checker(factor=Fraction(101, 100))(wide)
    return [*hypotheses, conclusion.denied()]


def _same_length() -> list[Finding]:
    """Two inputs beyond 2 abar that both need one step."""
    m = neuron(2)
    goal = latched_ball(m)
    return [
        finding
        for h in (4, 5)
        for finding in (
            less(f"h* < {h}", critical_ball(m), balls.ball(h)),
            less(f"abar < -abar + {h}, the state after one step", goal, balls.ball(h) - goal),
        )
    ]


DOCUMENT = Document(
    "neuron",
    "Section III: the latching neuron and its critical input",
    tuple((s.id, s.reading) for s in STATEMENTS),
    (
        Part(
            "The claims",
            """
            The neuron is a_t = w tanh(a_{t-1}) + h_t with w > 1, x_t = tanh a_t. Without inputs it has two
            attractors, abar and -abar, abar = w tanh abar > 0. From -abar there is said to be an h* > 0 such that
            (hold) inputs with |h_t| < h* for all t never change the sign, and (flip) inputs with h_t > h* for all t
            lead beyond +abar within some finite number L_1 of steps; further, (rise) h* increases with w, and
            (shorter) L_1 decreases as the input grows. The state is one number, so |.| is its modulus and the two
            readings say the same.

            Two slips of the pen on the way: the mirrored case starts at x_0 = +xbar, with h < -h*, and the fixed
            points are where the line x = a/w meets the curve x = tanh a.
            """,
        ),
        Part(
            "What h* is",
            """
            Write D(a) = w tanh a - a for what one step without input adds to the state. With x = tanh a and s =
            sqrt(1 - 1/w), which is tanh a_c, the slope of D is positive for |x| < s and negative for |x| > s. So on
            a >= 0 it rises from 0 to its greatest value at a_c, then falls for ever and passes 0 at abar > a_c. That
            greatest value is h*. As D is odd, it is least on (-infinity, abar] at -a_c:

            D(a) >= -h* for all a <= abar, with equality at -a_c alone.
            """,
            (
                identity(
                    "the slope of D is (s^2 - x^2) / (1 - s^2), as w = 1 / (1 - s^2)",
                    sp.diff(sp.tanh(_a) / (1 - _s**2) - _a, _a), (_s**2 - sp.tanh(_a) ** 2) / (1 - _s**2),
                ),
                identity(
                    "D(a_c) = w tanh a_c - a_c = sqrt(w (w - 1)) - arcosh(sqrt w), which is h*",
                    _w * _root - sp.atanh(_root), critical_of(_w), above={_w: 1}, anchor={_w: 1},
                ),
                fact("Mean value theorem: a function with a positive slope on an interval rises there (any textbook)."),
            ),
        ),
        Part(
            "hold: inputs up to h* keep the sign",
            """
            Let a_{t-1} <= -a_c and h_t <= h*. As tanh rises, w tanh(a_{t-1}) + h_t <= -w tanh a_c + h* = -a_c: the
            half-line up to -a_c is never left. By symmetry the half-line from a_c is never left while h_t >= -h*.
            Both attractors lie there (abar > a_c), so from either of them the sign is kept, even with |h_t| = h*, and
            the state does not even come nearer to 0 than a_c. Nothing larger than h* would do: a constant input above
            h* adds more than D takes away at every state up to abar.
            """,
            (
                identity(
                    "w tanh(-a_c) + h* = -a_c, with h* = w tanh a_c - a_c",
                    _w * sp.tanh(-_a) + (_w * sp.tanh(_a) - _a), -_a,
                ),
                fact("A rising function keeps the order of its arguments; tanh rises, as its slope is 1 - tanh^2 > 0."),
                holds_on(
                    "w = 2 (h* = 0.53284), from -2 with the input 0.5328 for 200 steps", _HOLD,
                    lambda: case(neuron(2), -2, inputs=["0.5328"] * 200),
                ),
                holds_on(
                    "w = 2, from the other side, inputs of either sign", _HOLD,
                    lambda: case(neuron(2), "1.9", inputs=["-0.53", "0.53", "-0.53", "-0.53", "-0.53", "-0.53"]),
                ),
                decided("w = 2: inputs of 0.538 = 1.0097 h* do change the sign, so h* is sharp", _just_above),
            ),
        ),
        Part(
            "flip: inputs above h* need not flip the neuron",
            """
            The claim asks for h_t > h* but not for a distance from h*. With one constant input h > h* it is true: that
            is flip' with H = h. With inputs that may change it is false, even if L_1 may depend on them. Let d_0 =
            abar - a_c > 0,

            d_t = (w tanh(a_c + d_{t-1}) - w tanh a_c) / 2, h_t = h* + d_t.

            Beyond a_c the slope of w tanh a is below 1 and positive, so 0 < d_t < d_{t-1} / 2: all inputs exceed h*.
            From a_0 = -abar = -a_c - d_0 they lead to a_t = -a_c - d_t at every t, which stays below -a_c for ever.
            No L_1 exists, for any w > 1. The witness checks each of these lines with the symbols w, a_c and d, and
            then follows the neuron with w = 2 through 60 steps in balls.
            """,
            (
                identity(
                    "w tanh(-a_c - d) + h* + d' = -a_c - d' for d' = (w tanh(a_c + d) - w tanh a_c) / 2, h* = D(a_c)",
                    _w * sp.tanh(-_a - _d) + (_w * sp.tanh(_a) - _a) + next_gap(_w, _a, _d), -_a - next_gap(_w, _a, _d),
                ),
                identity(
                    "the slope of w tanh a is 1 - (x^2 - s^2) / (1 - s^2): between 0 and 1 where s < x < 1, beyond a_c",
                    sp.diff(sp.tanh(_a) / (1 - _s**2), _a), 1 - (sp.tanh(_a) ** 2 - _s**2) / (1 - _s**2),
                ),
                witness(_FLIP),
                witness(_BY_ID["flip", "spectral"]),
            ),
        ),
        Part(
            "flip': what is true",
            """
            Let h_t >= H > h* for all t, and let b_0 = -abar, b_t = w tanh(b_{t-1}) + H. L_1(H, w) is the first t with
            b_t > abar.

            As long as b_{t-1} <= abar, b_t - b_{t-1} = D(b_{t-1}) + H >= H - h* > 0. So after k steps below abar,
            b_k >= -abar + k (H - h*), and abar is passed at the latest at the first k with k (H - h*) > 2 abar. That
            is L_1(H, w) <= 1 + 2 abar / (H - h*), a finite number.

            If a_0 >= b_0, then a_t >= b_t for all t: w tanh a + h >= w tanh b + H for a >= b and h >= H. So a_t is
            beyond abar at t = L_1(H, w). From there it does not come back: a > abar and h > 0 give w tanh a + h > w
            tanh abar = abar.
            """,
            (
                identity(
                    "b_t - b_{t-1} = D(b) + H, and D(-a_c) + H = H - h*",
                    (_w * sp.tanh(-_a) + sp.Symbol("H") + _a), sp.Symbol("H") - (_w * sp.tanh(_a) - _a),
                ),
                fact("Induction over t, with the order that the rising function tanh keeps."),
                holds_on(
                    "w = 2, inputs between 0.6 and 0.7 from -1.915: beyond abar from t = L_1(0.6, 2) on", _REPAIRED,
                    lambda: case(neuron(2), "-1.915", inputs=["0.6", "0.7", "0.65", "0.6"] * 5),
                ),
            ),
        ),
        Part(
            "rise: h* increases with w",
            "The slope of h* in w is sqrt(1 - 1/w) = tanh a_c, which is positive for every w > 1.",
            (
                identity(
                    "d h*/dw = sqrt(1 - 1/w)", sp.diff(critical_of(_w), _w), _root, above={_w: 1},
                ),
                identity(
                    "the same from D = w x - artanh x at its greatest value x = s: there its slope in x is 0, and what "
                    "is left is its slope in w, which is x = s",
                    sp.diff(_w * _x - sp.atanh(_x), _x).subs(_x, _root), sp.S.Zero, above={_w: 1},
                ),
                holds_on("w = 2 and w' = 2.001", _RISE, lambda: case(neuron(2), 0, other="2.001")),
            ),
        ),
        Part(
            "shorter: a larger input flips no later",
            """
            Let h* < h <= h', both constant, and start both orbits at -abar. If a_{t-1} <= a'_{t-1}, then w
            tanh(a_{t-1}) + h <= w tanh(a'_{t-1}) + h'. So a'_t is nowhere behind a_t and passes abar no later:
            L_1(h', w) <= L_1(h, w).

            That L_1 decreases can only mean this. A whole number cannot fall strictly while h runs through an
            interval: L_1 = 1 for every h > 2 abar, because the state after one step is -abar + h.
            """,
            (
                fact("Induction over t, as in flip'."),
                holds_on(
                    "w = 2, h = 0.6 and h' = 0.61", _SHORTER, lambda: case(neuron(2), 0, inputs=["0.6"], other="0.61")
                ),
                decided("w = 2: h = 4 and h = 5 both need one step, so the decrease is not strict", _same_length),
            ),
        ),
    ),
)  # fmt: skip
