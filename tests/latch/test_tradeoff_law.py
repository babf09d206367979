"""The law 2 h* < gamma < 2 h* + 1: both proofs, their pieces against mpmath, and mutants that must be refuted."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import mpmath as mp
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

import dynlatch as d
from dynlatch.errors import InputError
from dynlatch.latch.tradeoff_law import _covers, critical_input_bound, rate_and_critical_at, tradeoff_law
from dynlatch.latch.tradeoff_proof import ABOVE_ONE, BELOW_ONE, _rising, check_positive, exact_steps
from dynlatch.latch.tradeoff_ranges import cover, rate_and_critical, series_near_one, slopes, weight_of
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.verdict import Verdict

DIGITS = 200


def truth(w: Fraction) -> tuple[mp.mpf, mp.mpf]:
    """gamma and h* in mpmath."""
    weight = mp.mpf(w.numerator) / w.denominator
    low, high = mp.acosh(mp.sqrt(weight)), weight
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if weight * mp.tanh(middle) > middle else (low, middle)
    for _ in range(12):
        low -= (weight * mp.tanh(low) - low) / (weight * mp.sech(low) ** 2 - 1)
    return -mp.log(weight * mp.sech(low) ** 2), mp.sqrt(weight * (weight - 1)) - mp.acosh(mp.sqrt(weight))


def of_state(p: mp.mpf) -> tuple[mp.mpf, mp.mpf]:
    """gamma and h* of the neuron that latches at p, in mpmath."""
    w = p * mp.coth(p)
    return mp.log(mp.sinh(2 * p) / (2 * p)), mp.sqrt(w * (w - 1)) - mp.acosh(mp.sqrt(w))


def as_mpf(x: Fraction) -> mp.mpf:
    return mp.mpf(x.numerator) / x.denominator


def holds(enclosed: Enclosure, value: mp.mpf) -> bool:
    return bool(as_mpf(enclosed.lower) <= value <= as_mpf(enclosed.upper))


def test_the_law_is_proved_twice_without_a_gap() -> None:
    law = tradeoff_law()
    assert law.verdict is Verdict.PROVED
    assert law.reason == "by algebra and again by balls in three ranges of w"
    assert law.witness is None
    assert {step.check.verdict for step in law.steps} == {Verdict.PROVED}
    assert {part.verdict for part in law} == {Verdict.PROVED}
    first, middle, last = law.parts
    assert first.above == 1
    assert first.up_to is not None
    assert middle.up_to is not None
    assert middle.above < first.up_to  # they overlap
    assert last.above < middle.up_to
    assert last.up_to is None
    assert middle.num_pieces > 5


def test_a_gap_between_the_ranges_is_seen() -> None:
    first, middle, last = tradeoff_law().parts
    assert _covers((first, middle, last))
    assert not _covers((first, last))
    assert not _covers((replace(first, above=Fraction(2)), middle, last))
    assert not _covers((first, middle, replace(last, up_to=Fraction(10**6))))


@given(k=st.integers(min_value=-60, max_value=60), m=st.fractions(min_value=1, max_value=2, max_denominator=1000))
def test_the_law_and_its_limits_in_mpmath(k: int, m: Fraction) -> None:
    w = 1 + m * Fraction(2) ** k
    with mp.workdps(DIGITS):
        rate, critical = truth(w)
        excess = rate - 2 * critical
        assert 0 < excess < 1
        if k < -10:
            assert excess < 3 * as_mpf(w - 1)  # gamma is about 2 (w - 1)
        if k > 10:
            assert abs((1 - excess) * 4 * as_mpf(w) - 1) < 0.01  # 1 - A, A about 1 / (4 w)


@given(w=st.fractions(min_value=Fraction(11, 10), max_value=50), share=st.floats(min_value=1e-6, max_value=30))
def test_the_law_holds_with_every_constant_input(w: Fraction, share: float) -> None:
    with mp.workdps(40):
        weight = as_mpf(w)
        edge = mp.acosh(mp.sqrt(weight))
        a = edge + mp.mpf(share)
        rate = -mp.log(weight * mp.sech(a) ** 2)
        distance = (weight * mp.tanh(edge) - edge) - (weight * mp.tanh(a) - a)
        assert 0 < rate - 2 * distance < 1


@pytest.mark.parametrize(
    ("law", "side"),
    [
        ((2, 2, "0.99"), "upper"),
        ((2, 2, "0.999999"), "upper"),
        ((2, "1.99", 1), "upper"),
        ((2, 1, 1), "upper"),
        (("2.01", 2, 1), "lower"),
        (("2.000001", 2, 1), "lower"),
        ((3, 2, 1), "lower"),
        ((2, 2, 0), "upper"),
        ((2, 2, "1/2"), "upper"),
    ],
)
def test_mutants_are_refuted_by_a_weight_that_can_be_replayed(law: tuple[object, ...], side: str) -> None:
    found = tradeoff_law(*law)
    assert found.verdict is Verdict.REFUTED
    assert found.witness is not None
    assert found.witness.side == side
    with mp.workdps(DIGITS):
        rate, critical = truth(found.witness.weight)
        lower, upper, offset = (as_mpf(Fraction(str(c)) if isinstance(c, str) else Fraction(c)) for c in law)
        wrong = rate <= lower * critical if side == "lower" else rate >= upper * critical + offset
        assert wrong
        assert holds(found.witness.rate, rate)
        assert holds(found.witness.critical, critical)
    inside = [
        p for p in found if p.above < found.witness.weight and (p.up_to is None or found.witness.weight <= p.up_to)
    ]
    assert {p.verdict for p in inside} == {Verdict.REFUTED}


def test_laws_that_do_not_follow_can_still_be_proved_by_balls() -> None:
    for law in ((2, "2.1", "0.95"), (0, "5/2", "1/2")):
        found = tradeoff_law(*law)
        assert found.verdict is Verdict.PROVED
        assert found.reason == "by balls in three ranges of w"
        with mp.workdps(DIGITS):
            for k in range(-30, 30):
                rate, critical = truth(1 + Fraction(2) ** k)
                assert rate < as_mpf(Fraction(law[1])) * critical + as_mpf(Fraction(law[2]))
    weaker = tradeoff_law(1, 3, 2)
    assert weaker.verdict is Verdict.PROVED
    assert "algebra" in weaker.reason


def test_bad_coefficients_are_refused() -> None:
    with pytest.raises(InputError, match="offset='one' is not a finite number"):
        tradeoff_law(offset="one")


# --- the pieces of the proof by balls ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lo", "hi"), [("0", "1/1000"), ("0", "1/2"), ("1/10", "1/10"), ("1/2", "51/100"), ("1e-9", "2e-9")]
)
def test_the_series_near_one_holds_the_functions(lo: str, hi: str) -> None:
    a, b = Fraction(lo), Fraction(hi)
    with balls.precision(96):
        rate, critical = (balls.enclosure(x) for x in series_near_one(balls.ball(Enclosure(a, b))))
    with mp.workdps(DIGITS):
        for share in (Fraction(0), Fraction(1, 3), Fraction(1)):
            z = as_mpf(a + share * (b - a))
            if z == 0:
                assert Fraction(2, 3) in rate  # gamma / p^2 at p = 0, where h* / p^2 is 0
                assert 0 in critical
                continue
            value, other = of_state(mp.sqrt(z))
            assert holds(rate, value / z)
            assert holds(critical, other / z)
    if a == b:
        assert rate.width < 1e-25
        assert critical.width < 1e-25


def test_the_middle_forms_hold_the_functions_and_their_slopes() -> None:
    with balls.precision(96), mp.workdps(DIGITS):
        for p in (Fraction(1, 2), Fraction(3), Fraction(15, 2)):
            point, wide = balls.ball(p), balls.ball(Enclosure(p, p + Fraction(1, 100)))
            values = [balls.enclosure(x) for x in rate_and_critical(point)]
            derivatives = [balls.enclosure(x) for x in slopes(wide)]
            assert holds(balls.enclosure(weight_of(point)), as_mpf(p) * mp.coth(as_mpf(p)))
            for k in range(2):
                assert holds(values[k], of_state(as_mpf(p))[k])
                assert values[k].width < 1e-25
                for x in (p, p + Fraction(1, 200), p + Fraction(1, 100)):
                    assert holds(derivatives[k], mp.diff(lambda t, k=k: of_state(t)[k], as_mpf(x)))
                assert derivatives[k].width < 0.2


def test_covering_an_interval_has_teeth() -> None:
    with balls.precision(64):
        assert cover(lambda x: [x * x + balls.ball(Fraction(1, 1000))], Fraction(-1), Fraction(1))[1] is None
        pieces, where = cover(lambda x: [x * x - 2], Fraction(1), Fraction(2))
        assert where is not None
        assert pieces < 5
        touching = cover(lambda x: [x * x], Fraction(-1), Fraction(1))  # not positive at 0, negative nowhere
        assert touching[1] is not None


def test_gamma_and_h_of_one_weight() -> None:
    found = rate_and_critical_at(Fraction(2))
    assert found is not None
    with mp.workdps(DIGITS):
        for enclosed, value in zip(found, truth(Fraction(2)), strict=True):
            assert holds(enclosed, value)
            assert enclosed.width < 1e-100


# --- the pieces of the proof by algebra -------------------------------------------------------------------------------


def test_the_steps_are_the_ones_of_the_proof() -> None:
    titles = [step.title for step in exact_steps()]
    assert len(titles) == len(set(titles)) == 8
    assert all("exact" in step.check.what for step in exact_steps())


def test_a_wrong_slope_is_not_called_positive() -> None:
    x, w = sp.symbols("x w", positive=True)
    for slope in (2 * (1 - x) * (w * x - 1), 2 * (1 - x) * (w * (1 + x) - 2)):  # negative for small x; for w near 1
        mutant = slope.xreplace({x: BELOW_ONE, w: ABOVE_ONE})
        assert check_positive(mutant).verdict is Verdict.INCONCLUSIVE


def test_a_function_that_does_not_rise_from_zero_is_not_called_positive() -> None:
    y = sp.Symbol("y", positive=True)
    wanted = -y / (1 - y) - 2 * sp.log(1 - y)
    assert _rising(wanted, y, (1 - 2 * y) / (1 - y) ** 2, {y: BELOW_ONE / 2}).verdict is Verdict.PROVED
    assert _rising(wanted, y, (1 - 3 * y) / (1 - y) ** 2, {y: BELOW_ONE / 2}).verdict is Verdict.REFUTED
    assert _rising(wanted - 1, y, (1 - 2 * y) / (1 - y) ** 2, {y: BELOW_ONE / 2}).verdict is Verdict.INCONCLUSIVE
    assert (
        _rising(wanted, y, (1 - 2 * y) / (1 - y) ** 2, {y: BELOW_ONE}).verdict is Verdict.INCONCLUSIVE
    )  # y beyond 1/2


# --- the corollary ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("w", ["1.05", "1.5", "3"])
def test_no_neuron_that_bridges_stands_the_bound(w: str) -> None:
    found = rate_and_critical_at(Fraction(w))
    assert found is not None
    for steps in (1, 20, 500):
        with mp.workdps(DIGITS):
            left = mp.exp(-steps * as_mpf(found[0].middle))
            attenuation = Fraction(int(left * mp.mpf(10) ** 1000), 10**1000).limit_denominator(10**800)
        if attenuation > 0:
            bound = critical_input_bound(steps, attenuation)
            assert found[1].upper < bound.lower
            assert float(bound) < float(found[1]) + 0.5  # and it is not far off


def test_the_bound_in_figures_and_what_it_refuses() -> None:
    bound = critical_input_bound(100, "1/100")
    with mp.workdps(DIGITS):
        assert holds(bound, mp.log(100) / 200)
    assert bound.width < 1e-30
    for steps, eps, message in ((0, "1/2", "steps=0 must be positive"), (5, 1, "between 0 and 1"), (5, 0, "between")):
        with pytest.raises(InputError, match=message):
            critical_input_bound(steps, eps)


def test_the_law_reads_as_a_sentence() -> None:
    assert repr(d.tradeoff_law()) == (
        "TradeoffLaw(2 h* < gamma < 2 h* + 1 for every w > 1: PROVED, by algebra and again by balls in three "
        "ranges of w)"
    )
    assert "REFUTED, its upper side is false at w = 29" in repr(d.tradeoff_law(offset="0.99"))
