"""One line of an audit, and how its numbers are written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import Final

from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.rigor.krawczyk import Ball
from dynlatch.theorems.cases import Case
from dynlatch.theorems.findings import Finding
from dynlatch.verdict import Verdict

_SMALL: Final = Fraction(1, 1000)

BOTH: Final = "both"
"""The reading where there is one state, so that |.| as norm and as spectral radius are the same."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One question to a map: of which statement, in which reading, the finding, and what follows from it.

    ``reading`` is "norm", "spectral", "both" (they agree), or empty where sizes of matrices do not come in.
    ``printed`` tells that the question is what BSF94's text would conclude here; if that was checked to be false for
    this very map, ``misleads`` holds. ``case`` is the map with a trajectory on which it was checked:
    ``theorems.statement(entry.statement, ...).check(entry.case)`` does it again.
    """

    statement: str
    reading: str
    finding: Finding
    follows: str
    printed: bool = False
    case: Case | None = None

    @property
    def asked(self) -> str:
        """What was asked."""
        return self.finding.text

    @property
    def verdict(self) -> Verdict:
        """What is known of it."""
        return self.finding.verdict

    @property
    def margin(self) -> Enclosure | None:
        """By how much it holds (positive) or fails; None where it is no inequality."""
        return self.finding.margin

    @property
    def misleads(self) -> bool:
        """Whether it is a printed conclusion that was checked to be false here."""
        return self.printed and self.finding.fails

    def __repr__(self) -> str:
        reading = f", {self.reading}" if self.reading else ""
        return f"Entry({self.statement}{reading}: {self.asked}: {self.verdict}; {self.follows})"


def certified(text: str, margin: Fraction | float | Enclosure, how: str) -> Finding:
    """An inequality proved elsewhere, with the margin by which it holds (at least)."""
    known = margin if isinstance(margin, Enclosure) else Enclosure(Fraction(margin), Fraction(margin))
    return Finding(text, Verdict.PROVED, known, how)


def below(value: float | Fraction, digits: int = 5) -> str:
    """A proved lower bound to some digits, rounded down."""
    return _rounded(value, digits, ROUND_FLOOR)


def above(value: float | Fraction, digits: int = 5) -> str:
    """A proved upper bound to some digits, rounded up."""
    return _rounded(value, digits, ROUND_CEILING)


def power(constant: float, rate: float) -> str:
    """C r^t, rounded up."""
    return f"{'' if constant == 1 else above(constant, 4) + ' * '}{above(rate)}^t"


def steps_to(constant: float, rate: float) -> int:
    """Steps t after which C r^t is certainly at most 1/1000, for 0 < r < 1."""
    steps = max(0, math.ceil(math.log(float(_SMALL) / constant) / math.log(rate)))
    with balls.precision(128):
        while not balls.ball(constant) * balls.powi(balls.ball(rate), steps) <= balls.ball(_SMALL):
            steps += 1
    return steps


def about(value: Enclosure | Ball | float, digits: int = 5) -> str:
    """An enclosed number by its middle; 0 where it may be that."""
    if isinstance(value, float | int):
        return f"{value + 0.0:.{digits}g}"
    known = value if isinstance(value, Enclosure) else balls.enclosure(value)
    return "0" if 0 in known else f"{float(known):.{digits}g}"


def _rounded(value: float | Fraction, digits: int, rounding: str) -> str:
    exact = Fraction(value)
    rounded = Context(prec=digits, rounding=rounding).divide(Decimal(exact.numerator), Decimal(exact.denominator))
    return f"{float(rounded):.{digits}g}"


def times(count: int, what: str) -> str:
    """A number of things."""
    return f"{count} {what}{'' if count == 1 else 's'}"
