"""One inequality decided: three answers, and margins that enclose the truth."""

from __future__ import annotations

from fractions import Fraction

import pytest

from dynlatch import Verdict
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.theorems.findings import Finding, at_most, every, exactly, less, unknown

ONE, TWO = balls.ball(1), balls.ball(2)
WIDE = balls.ball(Enclosure(Fraction(1, 2), Fraction(3, 2)))


@pytest.mark.parametrize(
    ("left", "right", "strict", "loose"),
    [
        (ONE, TWO, Verdict.PROVED, Verdict.PROVED),
        (TWO, ONE, Verdict.REFUTED, Verdict.REFUTED),
        (ONE, ONE, Verdict.REFUTED, Verdict.PROVED),  # exact balls: equality is decided
        (WIDE, ONE, Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE),
        (ONE / balls.ball(0), ONE, Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE),
    ],
)
def test_three_answers(left: object, right: object, strict: Verdict, loose: Verdict) -> None:
    assert less("", left, right).verdict is strict
    assert at_most("", left, right).verdict is loose


def test_a_margin_is_right_minus_left() -> None:
    third = balls.ball(Fraction(1, 3))
    margin = less("", third, ONE).margin
    assert margin is not None
    assert Fraction(2, 3) in margin
    assert margin.width < 1e-15
    assert less("", ONE / balls.ball(0), ONE).margin is None


def test_what_is_denied_is_turned_round() -> None:
    found = less("x < y", TWO, ONE).denied()
    assert found.holds
    assert found.margin is not None
    assert 1 in found.margin
    assert "x < y" in found.text
    assert unknown("x", "why").denied().verdict is Verdict.INCONCLUSIVE


def test_all_of_them_is_as_weak_as_its_weakest() -> None:
    good, better = less("good", ONE, TWO), less("better", ONE, balls.ball(5))
    bad, worse = less("bad", TWO, ONE), less("worse", balls.ball(9), ONE)
    open_ = unknown("open", "nobody knows")
    together = every("all", [better, good])
    assert together.holds
    assert together.margin == good.margin
    assert every("all", [good, open_]).verdict is Verdict.INCONCLUSIVE
    refuted = every("all", [good, bad, worse, open_])
    assert refuted.fails
    assert "worse" in refuted.text
    assert every("all", []).holds
    assert every("all", [exactly("a", True), exactly("b", False)]).fails


def test_findings_are_values() -> None:
    assert Finding("a", Verdict.PROVED) == Finding("a", Verdict.PROVED)
    assert Finding("a", Verdict.PROVED).named("b").text == "b"


def test_a_margin_too_large_to_be_written_out_is_left_out() -> None:
    huge = balls.ball(2) ** (1 << 17)
    assert less("1 < 2^(2^17)", ONE, huge) == Finding("1 < 2^(2^17)", Verdict.PROVED, None)
    assert at_most("2^(2^17) <= 1", huge, ONE).fails
