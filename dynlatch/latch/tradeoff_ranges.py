"""The trade-off law in three overlapping ranges of w by balls: a series near 1, pieces between, an expansion beyond.

Everything is written in the latched state p = a_bar > 0: w = p coth p, which rises with p, mu = 2p / sinh 2p,
gamma = -log mu, s = sqrt(1 - tanh(p)/p), h* = s w - artanh s. This proof shares one line with that of
``tradeoff_proof``: the expansion on which the last range rests.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from dynlatch.latch.tradeoff_proof import expansion_check
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.rigor.krawczyk import Ball
from dynlatch.verdict import Verdict

NEAR_ONE_TO: Final = Fraction(5, 4)
MIDDLE_FROM: Final = Fraction(9, 8)
MIDDLE_TO: Final = Fraction(8)
INFINITY_FROM: Final = Fraction(6)

_SQUARE_TO: Final = Fraction(4, 5)
"""p^2 up to which the series near w = 1 is used: beyond w = 5/4."""
_STATES: Final = Fraction(3, 5), Fraction(8)
"""The p of the middle range: from below w = 9/8 to beyond w = 8."""
_STATE_FROM: Final = Fraction(59, 10)
"""A p below w = 6."""
_TERMS: Final = 24
_BITS: Final = 96
_MAX_PIECES: Final = 4096


@dataclass(frozen=True, slots=True)
class Law:
    """The statement lower h* < gamma < upper h* + offset, for exact coefficients."""

    lower: Fraction
    upper: Fraction
    offset: Fraction

    def __str__(self) -> str:
        return f"{self.lower} h* < gamma < {self.upper} h* + {self.offset}"


@dataclass(frozen=True, slots=True)
class LawPart:
    """The law on the weights ``above`` < w <= ``up_to`` (None: every w beyond; the end ``above`` = 1 is left out).

    ``method`` and ``shown`` say in words how and what; ``num_pieces`` is how many intervals balls were evaluated on.
    """

    above: Fraction
    up_to: Fraction | None
    method: str
    shown: str
    num_pieces: int
    verdict: Verdict


def law_parts(law: Law) -> tuple[LawPart, ...]:
    """The law near w = 1, in the middle and beyond. Rigor: certified. Cost: about half a second."""
    with balls.precision(_BITS):
        return _near_one(law), _middle(law), _beyond(law)


def cover(inequalities: Callable[[Ball], Sequence[Ball]], lo: Fraction, hi: Fraction) -> tuple[int, Fraction | None]:
    """Prove that functions of one variable are positive on [lo, hi], by halving until balls decide.

    Returns the number of pieces, and None or the middle of a piece on which that was given up: at once where a
    function is negative in the middle, else after 4096 pieces.
    """
    todo, num_pieces = [(lo, hi)], 0
    while todo:
        a, b = todo.pop()
        num_pieces += 1
        if all(value > 0 for value in inequalities(balls.ball(Enclosure(a, b)))):
            continue
        middle = (a + b) / 2
        if num_pieces + len(todo) > _MAX_PIECES or any(value <= 0 for value in inequalities(balls.ball(middle))):
            return num_pieces, middle
        todo += [(middle, b), (a, middle)]
    return num_pieces, None


def _part(above: Fraction, up_to: Fraction | None, method: str, shown: str, pieces: int, proved: bool) -> LawPart:
    return LawPart(above, up_to, method, shown, pieces, Verdict.PROVED if proved else Verdict.INCONCLUSIVE)


# --- near w = 1 -------------------------------------------------------------------------------------------------------


def _near_one(law: Law) -> LawPart:
    """With z = p^2: s^2 = z R(z), gamma = z L(z), h* = s^3 H(s^2), so gamma - c h* = z (L - c z^(1/2) R^(3/2) H)."""
    lower, upper, offset = (balls.ball(c) for c in (law.lower, law.upper, law.offset))

    def inequalities(z: Ball) -> list[Ball]:
        rate, critical = series_near_one(z)
        return [rate - lower * critical, offset + z * (upper * critical - rate)]

    pieces, failed = cover(inequalities, Fraction(0), _SQUARE_TO)
    reaches = weight_of(balls.ball(_SQUARE_TO).sqrt()) > balls.ball(NEAR_ONE_TO)
    return _part(
        Fraction(1), NEAR_ONE_TO, "power series in p^2 with their remainders, divided by p^2, in balls",
        "(gamma - c h*) / p^2 = L(p^2) - c p R(p^2)^(3/2) H > 0 down to p = 0, where it is 2/3; the upper side",
        pieces, failed is None and bool(reaches),
    )  # fmt: skip


def series_near_one(z: Ball) -> tuple[Ball, Ball]:
    """gamma / p^2 and h* / p^2 over a ball of z = p^2 in [0, 1].

    cosh p = sum z^k / (2k)!, and s^2 = 1 - tanh(p)/p = z T / cosh p with T = sum 2k z^(k-1) / (2k+1)!;
    gamma = log(sinh(2p) / 2p) = log(1 + z Q) with Q = sum 4^k z^(k-1) / (2k+1)!; h* = sum 2k/(2k+1) s^(2k+1).
    """
    cosh = _rising_series(z, [Fraction(1, math.factorial(2 * k)) for k in range(_TERMS + 1)])
    T = _rising_series(z, [Fraction(2 * k, math.factorial(2 * k + 1)) for k in range(1, _TERMS + 2)])
    Q = _rising_series(z, [Fraction(4**k, math.factorial(2 * k + 1)) for k in range(1, _TERMS + 2)])
    ratio = T / cosh
    square = z * ratio
    H = _rising_series(square, [Fraction(2 * k, 2 * k + 1) for k in range(1, _TERMS + 1)] + [Fraction(1)])
    return Q * _log_ratio(z * Q), balls.sqrt(_above_zero(z)) * balls.sqrt(ratio) ** 3 * H


def _rising_series(z: Ball, coefficients: Sequence[Fraction]) -> Ball:
    """sum c_k z^k with positive c_k over a ball in [0, 1): its value at either end, and a bound of the tail.

    The last coefficient given is at least every later one, so the tail from its power on is at most c z^K / (1 - z).
    """
    *kept, last = coefficients

    def value(end: Ball) -> Ball:
        total = balls.ball(0)
        for c in reversed(kept):
            total = total * end + balls.ball(c)
        return total

    lo, hi = balls.ends(_above_zero(z))
    low, high = balls.ball(lo), balls.ball(hi)
    return balls.hull(value(low), value(high) + balls.ball(last) * high ** len(kept) / (1 - high))


def _log_ratio(y: Ball) -> Ball:
    """log(1 + y) / y for y >= 0, which falls from 1."""
    lo, hi = (balls.ball(end) for end in balls.ends(_above_zero(y)))
    above = balls.ball(1) if lo <= 0 else (1 + lo).log() / lo
    return balls.hull((1 + hi).log() / hi, above) if hi > 0 else balls.ball(1)


def _above_zero(x: Ball) -> Ball:
    """The ball of a number that is not negative, without what lies below 0."""
    lo, hi = balls.ends(x)
    return balls.ball(Enclosure(max(lo, Fraction(0)), max(hi, Fraction(0))))


# --- in the middle ----------------------------------------------------------------------------------------------------


def _middle(law: Law) -> LawPart:
    """gamma - c h* in mean-value form, f(m) + f'(P)(P - m), on pieces P of p."""
    lower, upper, offset = (balls.ball(c) for c in (law.lower, law.upper, law.offset))

    def inequalities(p: Ball) -> list[Ball]:
        middle = p.mid()
        rate, critical = rate_and_critical(middle)
        rate_slope, critical_slope = slopes(p)
        below, above = (rate - c * critical + (rate_slope - c * critical_slope) * (p - middle) for c in (lower, upper))
        return [below, offset - above]

    pieces, failed = cover(inequalities, *_STATES)
    low, high = (weight_of(balls.ball(p)) for p in _STATES)
    reaches = low < balls.ball(MIDDLE_FROM) and high > balls.ball(MIDDLE_TO)
    return _part(
        MIDDLE_FROM, MIDDLE_TO, f"mean-value form in balls over p in [{_STATES[0]}, {_STATES[1]}]",
        f"both sides of {law}", pieces, failed is None and bool(reaches),
    )  # fmt: skip


def weight_of(p: Ball) -> Ball:
    """w = p coth p, which rises with p."""
    return p / balls.tanh(p)


def rate_and_critical(p: Ball) -> tuple[Ball, Ball]:
    """gamma and h* of the neuron that latches at p, for a narrow p."""
    s = (1 - p.tanh() / p).sqrt()
    return ((2 * p).sinh() / (2 * p)).log(), s * p / p.tanh() - s.atanh()


def slopes(p: Ball) -> tuple[Ball, Ball]:
    """d gamma/dp = coth p + tanh p - 1/p and dh*/dp = s (1 - mu) / tanh p, by dh*/dw = s, over a ball."""
    x, lo, hi = balls.tanh(p), p.lower(), p.upper()
    s = balls.hull((1 - lo.tanh() / lo).sqrt(), (1 - hi.tanh() / hi).sqrt())
    mu = balls.hull(2 * lo / (2 * lo).sinh(), 2 * hi / (2 * hi).sinh())
    return 1 / x + x - 1 / p, s * (1 - mu) / x


# --- beyond -----------------------------------------------------------------------------------------------------------


def _beyond(law: Law) -> LawPart:
    """gamma = 2 h* + 1 - A(y) - E(t), y = (1 - s)/2, t = 2p, by ``tradeoff_proof``; here both parts by their size.

    A = y - sum (1 - 2/k) y^k over k >= 3 lies between y - y^3 / (1 - y) and y. E = 2t / (e^t - 1) - 2 log(1 + e^-t)
    lies between 0 and 2t / (e^t - 1), which falls: log(1 + e^-t) < e^-t, and t e^t > e^t - 1.
    """
    p, w = balls.ball(_STATE_FROM), balls.ball(INFINITY_FROM)
    s = (1 - 1 / w).sqrt()
    y, t = (1 - s) / 2, 2 * p
    algebraic, exponential = y, 2 * t / (t.exp() - 1)
    critical = s * w - s.atanh()
    lower = (2 - balls.ball(law.lower)) * critical + 1 - algebraic - exponential
    upper = (balls.ball(law.upper) - 2) * critical + (balls.ball(law.offset) - 1)
    below = law.lower <= 2 and lower > 0
    above = law.upper >= 2 and upper >= 0 and y * y < 1 - y  # then A > 0 as well as E
    return _part(
        INFINITY_FROM, None, "expansion in y = (1 - s)/2, about 1/(4w), and e^(-2p), with both remainders bounded",
        f"gamma - 2 h* = 1 - A - E, 0 < A <= y <= {_decimal(algebraic)}, 0 < E < {_decimal(exponential)}; h* rises",
        1, bool(below and above and weight_of(p) < w) and expansion_check().verdict is Verdict.PROVED,
    )  # fmt: skip


def _decimal(x: Ball) -> float:
    """A number rounded up to four decimals."""
    return math.ceil(float(x.upper()) * 10_000) / 10_000
