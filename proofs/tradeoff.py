"""The trade-off law of the latching neuron, 2 h* < gamma < 2 h* + 1 for every w > 1: by algebra, and again by balls."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

import sympy as sp

from dynlatch.latch.derivation_checks import Line
from dynlatch.latch.neuron_state import critical_of
from dynlatch.latch.tradeoff_law import critical_input_bound, rate_and_critical_at, tradeoff_law
from dynlatch.latch.tradeoff_proof import algebraic_part, excess, exponential_part
from dynlatch.latch.tradeoff_ranges import LawPart
from dynlatch.rigor import balls
from dynlatch.theorems.findings import Finding, at_most, exactly, less, unknown
from proofs.document import Document, Part, Step, decided, fact, identity

_a, _f, _H, _k, _p, _q, _s, _w, _y = sp.symbols("a f H k p q s w y", positive=True)
_root = sp.sqrt(1 - 1 / _w)
_WEIGHT, _MU = _p / sp.tanh(_p), 2 * _p / sp.sinh(2 * _p)
_MU_BY_X = _p * (1 - sp.tanh(_p) ** 2) / sp.tanh(_p)
_A_SLOPE = (1 - 2 * _y) / (1 - _y) ** 2
_BY_S = _s / (1 - _s**2) - sp.atanh(_s)
"""h* in s, where w = 1 / (1 - s^2)."""


def _line(title: str, says: str) -> Step:
    """A line of the algebraic proof that the library keeps, with its check."""

    def check() -> Finding:
        found: Line = next(step for step in tradeoff_law().steps if step.title.startswith(title))
        return Finding(says, found.check.verdict, None, found.check.what)

    return decided(says, check)


def _range(index: int, says: str) -> Step:
    """One range of weights of the proof by balls, with its method."""

    def check() -> Finding:
        part = tradeoff_law().parts[index]
        return Finding(f"{_reach(part)}: {part.shown}", part.verdict, None, f"{part.method}; {part.num_pieces} pieces")

    return decided(says, check)


def _reach(part: LawPart) -> str:
    upper = "every w beyond" if part.up_to is None else f"w <= {part.up_to}"
    return f"{part.above} < w, {upper}"


def _no_gap() -> list[Finding]:
    """The ranges begin at 1, overlap, and have no end."""
    parts = tradeoff_law().parts
    return [
        exactly(f"the first range begins at w = {parts[0].above}", parts[0].above == 1),
        *(exactly(f"{b.above} <= {a.up_to}", a.up_to is not None and b.above <= a.up_to) for a, b in pairwise(parts)),
        exactly("the last range has no end", parts[-1].up_to is None),
    ]


def _refuted(lower: str, upper: str, offset: str, weight: int) -> Callable[[], Finding]:
    """A sharper law fails at this weight: one of its sides is the wrong way round."""

    def check() -> Finding:
        both = rate_and_critical_at(Fraction(weight))
        if both is None:
            return unknown("gamma and h*", f"not enclosed at w = {weight}")
        rate, critical = balls.ball(both[0]), balls.ball(both[1])
        below = less(f"{lower} h* < gamma at w = {weight}", balls.ball(Fraction(lower)) * critical, rate)
        above = balls.ball(Fraction(upper)) * critical + balls.ball(Fraction(offset))
        failed = [f for f in (below, less(f"gamma < {upper} h* + {offset} at w = {weight}", rate, above)) if f.fails]
        return failed[0].denied() if failed else unknown("a side that fails", "none")

    return check


def _examples() -> list[Finding]:
    """Both sides at weights from 1 + 2^-20 to 1000."""
    found: list[Finding] = []
    for weight in (1 + Fraction(1, 2**20), Fraction(5, 4), Fraction(2), Fraction(10), Fraction(1000)):
        both = rate_and_critical_at(weight)
        if both is None:
            return [unknown("gamma and h*", f"not enclosed at w = {weight}")]
        rate, twice = balls.ball(both[0]), 2 * balls.ball(both[1])
        text = f"at w = {float(weight):.8g}"
        found += [less(f"2 h* < gamma {text}", twice, rate), less(f"gamma < 2 h* + 1 {text}", rate, twice + 1)]
    return found


def _latches_that_remember() -> list[Finding]:
    """What a gradient that has to survive 100 steps leaves of h*."""
    bound = balls.ball(critical_input_bound(100, "1/1000"))
    return [at_most("log(1000) / 200 <= 0.0346, so h* < 0.0346", bound, balls.ball(Fraction(346, 10_000)))]


DOCUMENT = Document(
    "trade-off",
    "The trade-off law: noise tolerance and forgetting are one quantity",
    (),
    (
        Part(
            "The law",
            """
            The neuron a_t = w tanh(a_{t-1}) + h_t with w > 1 latches at +-abar, abar = w tanh abar. Its multiplier
            there is mu = w sech^2 abar < 1, so an error or a gradient shrinks by mu at each step: the neuron forgets
            at the rate gamma = -log mu nats per step. Its critical input h* = sqrt(w (w - 1)) - arcosh(sqrt w) is the
            largest noise, of any shape, that never flips it (document "neuron"). For every w > 1

            2 h* < gamma < 2 h* + 1,

            and gamma - 2 h* rises with w, from 0 at w = 1 to 1 as w grows. It is not a statement of BSF94; it makes
            their point, that what latches robustly forgets, an equation but for one nat per step.
            """,
            (decided("Both sides at five weights", _examples),),
        ),
        Part(
            "Two functions on the latched side",
            """
            Let s = sqrt(1 - 1/w) = tanh a_c, so w = 1 / (1 - s^2). At a state a > a_c the slope of M is w (1 - tanh^2
            a) < 1. Such a state is held by the constant input h = a - w tanh a, and h is D = h* - (w tanh a - a) away
            from the input -h* at which the latch is lost. Write gamma(a) = -log(w (1 - tanh^2 a)) for its forgetting
            rate, and

            F(a) = gamma(a) - 2 D(a).

            At a = abar the input is 0 and D = h*, so F(abar) = gamma - 2 h*. The law is 0 < F < 1 at abar; we prove
            it for all a > a_c, that is, for the neuron under any constant input that leaves this latch.
            """,
            (
                identity(
                    "h* = w s - artanh s", _w * _root - sp.atanh(_root), critical_of(_w), above={_w: 1}, anchor={_w: 1},
                ),
                identity(
                    "w = 1 / (1 - s^2) at s = sqrt(1 - 1/w)", 1 / (1 - _root**2), _w,
                ),
            ),
        ),
        Part(
            "The lower side: F > 0",
            """
            F is 0 at a = a_c, where the slope is 1 and D = 0. With x = tanh a, its slope in a is 2 (1 - x) (w (1 +
            x) - 1), which is positive for 0 < x < 1 and w > 1, because w (1 + x) > 1. So F > 0 for every a > a_c.
            """,
            (
                identity("F(a_c) = 0", excess(_BY_S, 1 / (1 - _s**2), sp.atanh(_s), _s), sp.S.Zero),
                identity(
                    "F'(a) = 2 (1 - x) (w (1 + x) - 1)",
                    sp.diff(excess(_H, _w, _a, sp.tanh(_a)), _a),
                    2 * (1 - sp.tanh(_a)) * (_w * (1 + sp.tanh(_a)) - 1),
                ),
                _line("which is positive", "F'(a) > 0, with x = 1 / (1 + u) and w = 1 + e for numbers u, e > 0"),
            ),
        ),
        Part(
            "The upper side: F < 1",
            """
            Let y = (1 - s) / 2, which lies in (0, 1/2), and q = e^(-2 a) = (1 - x) / (1 + x), which lies in (0, 1).
            Then

            F = 1 - A(y) - B(q), A = -y / (1 - y) - 2 log(1 - y), B = 4 w q / (1 + q) - 2 log(1 + q).

            To see it, compare slopes in x, where A does not depend on x, and then at x = 0 slopes in s and the values
            at s = 0.

            A is 0 at y = 0 and its slope (1 - 2 y) / (1 - y)^2 is positive up to y = 1/2. B is 0 at q = 0 and its
            slope (4 w - 2 (1 + q)) / (1 + q)^2 is positive, as 4 w > 4 > 2 (1 + q). So A > 0 and B > 0, and F < 1.
            """,
            (
                _line("excess by its two small parts", "F = 1 - A - B"),
                identity("A'(y) = (1 - 2 y) / (1 - y)^2", sp.diff(algebraic_part(_y), _y), _A_SLOPE),
                _line("algebraic part", "A is 0 at 0 and rises up to y = 1/2"),
                identity(
                    "dB/dq = (4 w - 2 (1 + q)) / (1 + q)^2",
                    sp.diff(exponential_part(_w, _q), _q), (4 * _w - 2 * (1 + _q)) / (1 + _q) ** 2,
                ),
                _line("exponential part", "B is 0 at 0 and rises up to q = 1"),
                fact("A function that is 0 at 0 and has a positive slope is positive beyond (mean value theorem)."),
            ),
        ),
        Part(
            "From 0 to 1, and why 2 and 1 are best",
            """
            Write abar = p > 0. Then w = p coth p and mu = 2 p / sinh 2 p. The slope of gamma - 2 h* in w is (1 -
            s)^2 + 2 s^2 mu / (1 - mu), which is positive. As w falls to 1, gamma and h* both tend to 0. As w grows, y
            and q tend to 0, w q too, and F tends to 1. So no constant larger than 2 on the left, none smaller than 2
            or than 1 on the right would do; each of these is refuted at some weight.
            """,
            (
                identity("w = p coth p solves p = w tanh p", _WEIGHT * sp.tanh(_p), _p),
                identity("mu = w (1 - tanh^2 p) = 2 p / sinh 2 p", _WEIGHT * (1 - sp.tanh(_p) ** 2), _MU),
                identity("d h*/dw = s", sp.diff(critical_of(_w), _w), _root, above={_w: 1}),
                _line("slope of the excess in w", "d (gamma - 2 h*)/dw = (1 - s)^2 + 2 s^2 mu / (1 - mu)"),
                decided("2.001 h* < gamma is refuted", _refuted("2.001", "2", "1", 2000)),
                decided("gamma < 1.999 h* + 1 is refuted", _refuted("2", "1.999", "1", 2000)),
                decided("gamma < 2 h* + 0.999 is refuted", _refuted("2", "2", "0.999", 2000)),
            ),
        ),
        Part(
            "Once more by balls: 1 < w <= 5/4",
            """
            A second proof, in three ranges of w that overlap, uses balls in place of F; only the last range rests on
            F = 1 - A - B. All is written in p = abar, which rises with w.

            Near w = 1 both gamma and h* tend to 0, where no ball can compare them. So the factor that tends to 0 is
            divided out. With z = p^2:

            s^2 = 1 - tanh(p) / p = z R(z), R = T / cosh p, T = sum of 2 k z^(k-1) / (2 k + 1)! over k >= 1;

            gamma = log(sinh(2 p) / (2 p)) = log(1 + z Q(z)), Q = sum of 4^k z^(k-1) / (2 k + 1)! over k >= 1;

            h* = s^3 H(s^2), H = sum of 2 k / (2 k + 1) s^(2 k - 2) over k >= 1.

            Hence (gamma - 2 h*) / z = Q log(1 + z Q) / (z Q) - 2 z^(1/2) R^(3/2) H, which is 2/3 at z = 0. Balls show
            it positive on pieces that cover 0 <= z <= 4/5, and 1 - (gamma - 2 h*) too. Each series is cut after 24
            terms. All its terms are positive and no later coefficient exceeds some c (the first one left out for T, Q
            and cosh, 1 for H), so what is cut off is at most c z^K / (1 - z), K the first power left out. p^2 = 4/5
            lies beyond w = 5/4.
            """,
            (
                identity("1 - 1/w = 1 - tanh(p) / p at w = p coth p", 1 - 1 / _WEIGHT, 1 - sp.tanh(_p) / _p),
                identity(
                    "the k-th coefficient of cosh p - sinh(p) / p: 1/(2 k)! - 1/(2 k + 1)! = 2 k / (2 k + 1)!, with f "
                    "= 1/(2 k)! and 1/(2 k + 1)! = f / (2 k + 1)",
                    _f - _f / (2 * _k + 1), 2 * _k * _f / (2 * _k + 1),
                ),
                identity(
                    "the k-th coefficient of s / (1 - s^2) - artanh s: 1 - 1/(2 k + 1) = 2 k / (2 k + 1)",
                    1 - 1 / (2 * _k + 1), 2 * _k / (2 * _k + 1),
                ),
                identity(
                    "h* = s / (1 - s^2) - artanh s", _BY_S.subs(_s, _root), critical_of(_w), above={_w: 1},
                    anchor={_w: 1},
                ),
                fact("The power series of cosh, sinh, artanh and 1 / (1 - z), and of log(1 + y), where they converge."),
                _range(0, "both sides on 1 < w <= 5/4"),
            ),
        ),
        Part(
            "Once more by balls: 9/8 <= w <= 8",
            """
            On a piece P of p with middle m, a function f lies in f(m) + f'(P) (P - m). With f = gamma - 2 h* balls
            show 0 < f < 1 on pieces that cover 3/5 <= p <= 8, which reaches from below w = 9/8 to beyond w = 8.
            """,
            (
                identity(
                    "d gamma/dp = coth p + tanh p - 1/p, with mu = p (1 - tanh^2 p) / tanh p",
                    -sp.diff(sp.log(_MU_BY_X), _p), 1 / sp.tanh(_p) + sp.tanh(_p) - 1 / _p,
                ),
                identity("dw/dp = (1 - mu) / tanh p", sp.diff(_WEIGHT, _p), (1 - _MU_BY_X) / sp.tanh(_p)),
                fact("d h*/dp = s dw/dp (chain rule, with d h*/dw = s); sinh t > t > 0, so that mu < 1."),
                _range(1, "both sides on 9/8 < w <= 8"),
            ),
        ),
        Part(
            "Once more by balls: w >= 6",
            """
            Here F = 1 - A - B is used with A, B > 0 from above and two bounds. 0 < A < y, because the slope of y - A
            is y^2 / (1 - y)^2 > 0. And as log(1 + q) > 0, B < 4 w q / (1 + q) = 4 p q / (1 - q) = 4 p / (e^(2 p) -
            1), with w = p coth p and q = e^(-2 p). Both bounds fall as w grows, so their values at w = 6 cover all
            that is beyond: A + B < 1 there.
            """,
            (
                identity("1 - A'(y) = y^2 / (1 - y)^2, so that A(y) < y", 1 - _A_SLOPE, _y**2 / (1 - _y) ** 2),
                identity(
                    "4 w q / (1 + q) = 4 p q / (1 - q) at w = p coth p, coth p = (1 + q) / (1 - q)",
                    4 * _p * (1 + _q) / (1 - _q) * _q / (1 + _q), 4 * _p * _q / (1 - _q),
                ),
                fact("log(1 + q) > 0 for q > 0, and t e^t > e^t - 1 for t > 0."),
                _range(2, "both sides on w > 6"),
            ),
        ),
        Part(
            "No gap",
            "Every w > 1 lies in one of the three ranges.",
            (decided("1 < w <= 5/4, 9/8 < w <= 8, 6 < w overlap", _no_gap),),
        ),
        Part(
            "What follows",
            """
            If at least the share eps of a gradient is to be left after T steps at the latched state, mu^T >= eps,
            then gamma <= log(1/eps) / T, and by the lower side h* < log(1/eps) / (2 T). A neuron that can still learn
            across T steps stands no more noise than that.
            """,
            (decided("T = 100, eps = 1/1000", _latches_that_remember),),
        ),
    ),
)  # fmt: skip
