"""The law of the latching neuron: noise tolerance and forgetting are one quantity, 2 h* < gamma < 2 h* + 1."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Final

import sympy as sp

from dynlatch.errors import InputError
from dynlatch.latch.derivation_checks import Line
from dynlatch.latch.neuron_state import critical_of, latched_state
from dynlatch.latch.tradeoff_proof import exact_steps
from dynlatch.latch.tradeoff_ranges import Law, LawPart, law_parts
from dynlatch.maps.balls import ball_of
from dynlatch.maps.definition import exact_fraction
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.verdict import Verdict

_WITNESS_BITS: Final = 512
_EXPONENTS: Final = range(-40, 161)
_MANTISSAS: Final = (Fraction(1), Fraction(5, 4), Fraction(3, 2), Fraction(7, 4))
_BITS: Final = 128


@dataclass(frozen=True, slots=True)
class LawWitness:
    """A weight at which one side of the law is false by balls: ``side`` "lower" or "upper"."""

    weight: Fraction
    rate: Enclosure
    critical: Enclosure
    side: str


@dataclass(frozen=True, slots=True, repr=False)
class TradeoffLaw:
    """The statement lower h*(w) < gamma(w) < upper h*(w) + offset for every w > 1, and what is known about it.

    gamma = -log mu is the forgetting rate of the latched neuron (nats per step), h* its critical input, which is
    also the largest noise it stands. ``steps`` is the proof by algebra, which covers every law that follows from
    2 h* < gamma < 2 h* + 1; ``parts`` is a second proof, by balls, in three ranges of w that overlap; the two
    share one line, the expansion at infinity. PROVED if either of them is whole; REFUTED with a ``witness`` at which
    it is false.
    """

    law: Law
    steps: tuple[Line, ...]
    parts: tuple[LawPart, ...]
    witness: LawWitness | None
    verdict: Verdict
    reason: str

    def __iter__(self) -> Iterator[LawPart]:
        return iter(self.parts)

    def __repr__(self) -> str:
        return f"TradeoffLaw({self.law} for every w > 1: {self.verdict}, {self.reason})"


def tradeoff_law(lower: object = 2, upper: object = 2, offset: object = 1) -> TradeoffLaw:
    """Prove, or refute, that lower h* < gamma < upper h* + offset for every neuron w tanh(a) with w > 1.

    gamma = -log(w sech^2 a_bar), h* = sqrt(w(w - 1)) - arcosh(sqrt w); the defaults are the law. gamma - 2 h* rises
    with w from 0 to 1, so neither 2 nor 1 can be mended. By the proof the law even holds for a neuron with a constant
    input, h* being the distance of that input from the fold at which the latch is lost.

    Arguments: exact numbers. Returns the proof in parts, each with its own verdict; see ``TradeoffLaw``.
    Raises: InputError for what is no finite number.
    Rigor: exact (algebra), and once more certified (balls); a witness is an inequality between balls.
    Cost: about two seconds, once for each statement.

    >>> tradeoff_law().verdict
    <Verdict.PROVED: 'PROVED'>
    >>> tradeoff_law(offset="0.99").witness is not None
    True
    """
    given = ((lower, "lower"), (upper, "upper"), (offset, "offset"))
    return _tradeoff_law(Law(*(exact_fraction(value, name) for value, name in given)))


@lru_cache(maxsize=32)
def _tradeoff_law(law: Law) -> TradeoffLaw:
    steps, parts = exact_steps(), law_parts(law)
    follows = law.lower <= 2 <= law.upper and law.offset >= 1
    by_algebra = follows and all(step.check.verdict is Verdict.PROVED for step in steps)
    by_balls = all(part.verdict is Verdict.PROVED for part in parts) and _covers(parts)
    if by_algebra or by_balls:
        ways = [way for way, holds in (("algebra", by_algebra), ("balls in three ranges of w", by_balls)) if holds]
        return TradeoffLaw(law, steps, parts, None, Verdict.PROVED, f"by {' and again by '.join(ways)}")
    witness = _witness(law)
    if witness is not None:
        parts = tuple(replace(part, verdict=Verdict.REFUTED) if _holds(part, witness) else part for part in parts)
        reason = f"its {witness.side} side is false at w = {float(witness.weight):.6g}"
        return TradeoffLaw(law, steps, parts, witness, Verdict.REFUTED, reason)
    tried = len(_EXPONENTS) * len(_MANTISSAS)
    reason = f"no proof covers every w > 1, and none of {tried} weights contradicts it"
    return TradeoffLaw(law, steps, parts, None, Verdict.INCONCLUSIVE, reason)


def _covers(parts: tuple[LawPart, ...]) -> bool:
    """Whether the ranges, in their order, leave out no w > 1."""
    reached: Fraction | None = Fraction(1)
    for part in parts:
        if reached is not None and part.above <= reached:
            reached = part.up_to
    return reached is None


def _holds(part: LawPart, witness: LawWitness) -> bool:
    """Whether a weight lies in the range of a part."""
    return part.above < witness.weight and (part.up_to is None or witness.weight <= part.up_to)


def _witness(law: Law) -> LawWitness | None:
    """A weight 1 + m 2^k at which balls contradict the law, the least simple ones last."""
    for exponent in sorted(_EXPONENTS, key=abs):
        for mantissa in _MANTISSAS:
            weight = 1 + mantissa * Fraction(2) ** exponent
            found = rate_and_critical_at(weight)
            if found is None:
                continue
            rate, critical = found
            if rate.upper <= law.lower * critical.lower:
                return LawWitness(weight, rate, critical, "lower")
            if rate.lower >= law.upper * (critical.upper if law.upper >= 0 else critical.lower) + law.offset:
                return LawWitness(weight, rate, critical, "upper")
    return None


def rate_and_critical_at(weight: Fraction) -> tuple[Enclosure, Enclosure] | None:
    """gamma and h* of one neuron with an exact weight above 1, to about 100 digits; None where that fails."""
    w = sp.Rational(weight.numerator, weight.denominator)
    state = latched_state(w, _WITNESS_BITS)
    if state is None:
        return None
    with balls.precision(_WITNESS_BITS):
        p = balls.ball(state)
        rate = ((2 * p).sinh() / (2 * p)).log()
        return balls.enclosure(rate), balls.enclosure(ball_of(critical_of(w)))


def critical_input_bound(steps: object, attenuation: object) -> Enclosure:
    """What no neuron's h* can reach if its gradient is to survive: log(1/eps) / (2 T).

    A corollary of the law: mu^T >= eps says gamma <= log(1/eps) / T, and 2 h* < gamma. So a neuron that bridges T
    steps with attenuation at least eps at its latched state stands no constant input, and no noise, of this size.

    Arguments: ``steps``, T > 0; ``attenuation``, eps in (0, 1): exact numbers.
    Raises: InputError for others. Rigor: certified.
    """
    T, eps = exact_fraction(steps, "steps"), exact_fraction(attenuation, "attenuation")
    if T <= 0:
        raise InputError(f"steps={T} must be positive; give the number of steps to bridge")
    if not 0 < eps < 1:
        raise InputError(f"attenuation={eps} must lie between 0 and 1; give what has to remain of the gradient")
    with balls.precision(_BITS):
        return balls.enclosure(balls.neg(balls.ball(eps).log()) / balls.ball(2 * T))
