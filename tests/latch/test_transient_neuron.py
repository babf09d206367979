"""The neuron's transient length and its thresholds, against counts and roots that mpmath finds on its own."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from itertools import pairwise

import mpmath as mp
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

import dynlatch as d
from dynlatch.errors import InputError
from dynlatch.latch import transient_neuron
from dynlatch.latch.neuron_state import critical_of, latched_state
from dynlatch.latch.transient_neuron import TransientThresholds, neuron_transient, transient_thresholds
from dynlatch.verdict import Stop, Verdict

DIGITS = 70


def latched(w: Fraction) -> mp.mpf:
    """a_bar by bisection in mpmath: w tanh(a) - a is positive before it and negative beyond."""
    weight = mp.mpf(w.numerator) / w.denominator
    low, high = mp.acosh(mp.sqrt(weight)), weight
    for _ in range(260):
        middle = (low + high) / 2
        low, high = (middle, high) if weight * mp.tanh(middle) > middle else (low, middle)
    return low


def orbit_end(w: Fraction, h: Fraction, steps: int) -> mp.mpf:
    weight, drive = (mp.mpf(x.numerator) / x.denominator for x in (w, h))
    a = -latched(w)
    for _ in range(steps):
        a = weight * mp.tanh(a) + drive
    return a


def counted(w: Fraction, h: Fraction) -> int:
    weight, drive = (mp.mpf(x.numerator) / x.denominator for x in (w, h))
    goal = latched(w)
    a, t = -goal, 0
    while a <= goal:
        a, t = weight * mp.tanh(a) + drive, t + 1
    return t


@pytest.mark.parametrize("w", ["1.01", "5/4", "2", "7", "1000"])
@pytest.mark.parametrize("share", ["3", "1.01", "1/2", "1/5", "1/40"])
def test_the_count_is_that_of_a_simulation_with_seventy_digits(w: str, share: str) -> None:
    m = d.neuron(w)
    critical = d.critical_input(m).value
    assert critical is not None
    with mp.workdps(DIGITS):
        goal = Fraction(int(latched(Fraction(w)) * 10**12), 10**12)
        h = critical.upper.limit_denominator(10**15) + Fraction(share) * (goal - critical.upper)
        h = h.limit_denominator(10**12)
        found = neuron_transient(m, h)
        assert found.verdict is Verdict.PROVED
        assert found.carries is True
        assert found.steps == counted(Fraction(w), h)


def test_next_to_the_critical_input_the_count_is_the_asymptotic_one() -> None:
    m = d.neuron(2)
    critical = d.critical_input(m).value
    assert critical is not None
    found = neuron_transient(m, critical.upper + Fraction(1, 10**8))
    assert found.verdict is Verdict.PROVED
    assert found.steps == 37360
    assert found.ratio == pytest.approx(1, abs=2e-6)
    assert float(found.gap) == pytest.approx(1e-8, rel=1e-12)


@pytest.mark.parametrize("w", ["5/4", "2", "5"])
def test_the_asymptote_needs_its_constant(w: str) -> None:
    m, s = d.neuron(w), math.sqrt(1 - 1 / Fraction(w))
    critical = d.critical_input(m).value
    assert critical is not None
    for exponent in (4, 6):
        found = neuron_transient(m, critical.upper + Fraction(1, 10**exponent))
        assert found.steps is not None
        assert abs(found.steps - float(found.asymptotic or 0)) < 3
        mutant = math.pi / math.sqrt(10.0**-exponent)  # without s
        assert abs(found.steps - mutant) > 3
        assert found.asymptotic is not None
        assert float(found.asymptotic) == pytest.approx(math.pi / math.sqrt(s * float(found.gap)), rel=1e-12)


@pytest.mark.parametrize("h", ["0.5328399753", "0", "-3", "0.1"])
def test_at_and_below_the_critical_input_the_answer_is_never(h: str) -> None:
    found = neuron_transient(d.neuron(2), h)
    assert found.verdict is Verdict.PROVED
    assert found.carries is False
    assert found.steps is found.asymptotic is found.ratio is None
    assert "below h*" in found.reason


def test_exactly_the_critical_input_never_carries() -> None:
    exactly = sp.sqrt(2) - sp.acosh(sp.sqrt(2))
    found = neuron_transient(d.neuron(2), exactly)
    assert (found.verdict, found.carries) == (Verdict.PROVED, False)
    assert "exactly h*" in found.reason
    beyond = neuron_transient(d.neuron(2), exactly + sp.Rational(1, 100))
    assert (beyond.verdict, beyond.steps) == (Verdict.PROVED, 37)


def test_what_no_precision_decides_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transient_neuron, "_MAX_BITS", 256)
    with mp.workdps(110):
        weight = mp.mpf(2)
        state = mp.findroot(lambda a: weight * mp.tanh(a) - a, mp.mpf("1.915"))
        on_it = Fraction(int(state * mp.mpf(10) ** 100), 10**100)
        critical = mp.sqrt(2) - mp.acosh(mp.sqrt(2))
        next_to = Fraction(int(critical * mp.mpf(10) ** 100), 10**100)
    found = neuron_transient(d.neuron(2), on_it)
    assert (found.verdict, found.steps, found.carries) == (Verdict.INCONCLUSIVE, None, True)
    assert "on a threshold" in found.reason
    found = neuron_transient(d.neuron(2), next_to)
    assert (found.verdict, found.steps, found.carries) == (Verdict.INCONCLUSIVE, None, None)
    assert "told apart" in found.reason


def test_a_count_beyond_the_budget_is_not_begun_and_one_at_its_edge_is_cut() -> None:
    critical = d.critical_input(d.neuron(2)).value
    assert critical is not None
    far = neuron_transient(d.neuron(2), critical.upper + Fraction(1, 10**20))
    assert (far.verdict, far.stop, far.steps, far.carries) == (Verdict.INCONCLUSIVE, Stop.BUDGET, None, True)
    assert "3.74e+10 steps" in far.reason
    h = critical.upper + Fraction(1, 10**4)
    assert neuron_transient(d.neuron(2), h, max_steps=373).stop is Stop.BUDGET
    assert neuron_transient(d.neuron(2), h, max_steps=374).steps == 374


@pytest.mark.parametrize("w", ["1.0001", "5/4", "2", "20"])
def test_thresholds_hold_the_roots_and_are_narrow(w: str) -> None:
    found = transient_thresholds(d.neuron(w), 12)
    assert found.verdict is Verdict.PROVED
    assert len(found) == 12
    with mp.workdps(DIGITS):
        state = latched(Fraction(w))
        for k, value in enumerate(found, start=1):
            assert orbit_end(Fraction(w), value.lower, k) <= state <= orbit_end(Fraction(w), value.upper, k)
            assert value.width < 1e-28 * float(value)
        for k, factor in ((1, 2), (2, 1)):
            ends = (mp.mpf(x.numerator) / x.denominator for x in (found.values[k - 1].lower, found.values[k - 1].upper))
            low, high = ends
            assert low <= factor * state <= high
    falling = [*found, found.critical]
    assert all(a.lower > b.upper for a, b in pairwise(falling))


def test_a_threshold_moved_aside_is_found_out() -> None:
    found = transient_thresholds(d.neuron(2), 5)
    with mp.workdps(DIGITS):
        state = latched(Fraction(2))
        for k, value in enumerate(found, start=1):
            aside = Fraction(1, 10**20)
            assert (
                orbit_end(Fraction(2), value.lower - aside, k) < state < orbit_end(Fraction(2), value.upper + aside, k)
            )
            assert neuron_transient(d.neuron(2), value.upper + aside).steps == k
            assert neuron_transient(d.neuron(2), value.lower - aside).steps == k + 1
            assert found.steps(value.upper + aside) == k
            assert found.steps(value.middle) is None


@cache
def of_two() -> TransientThresholds:
    return transient_thresholds(d.neuron(2), 25)


@given(h=st.fractions(min_value=Fraction(56, 100), max_value=5, max_denominator=10**9))
def test_thresholds_and_counts_say_the_same(h: Fraction) -> None:
    assert of_two().steps(h) == neuron_transient(d.neuron(2), h).steps


def test_thresholds_fall_to_the_critical_input_like_the_asymptote() -> None:
    found = transient_thresholds(d.neuron(2), 60)
    s = math.sqrt(0.5)
    for k in (30, 60):
        gap = float(found.values[k - 1].middle - found.critical.middle)
        assert math.pi / math.sqrt(s * gap) == pytest.approx(k, abs=1)
    data = found.to_xarray()
    assert data["gap"].to_numpy()[59] == pytest.approx(gap)
    assert (data["threshold_lower"] <= data["threshold_upper"]).all()


def test_thresholds_beyond_the_working_precision_stay_open() -> None:
    found = transient_thresholds(d.neuron("1e100"), 5)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert len(found) == 2
    assert "h_3" in found.reason


@pytest.mark.parametrize("w", ["1.000000000001", "1.3", "1e6"])
def test_the_latched_state_is_enclosed_for_any_weight(w: str) -> None:
    found = latched_state(sp.Rational(w), 160)
    assert found is not None
    weight = Fraction(w)
    with mp.workdps(DIGITS):
        for end, sign in ((found.lower, 1), (found.upper, -1)):
            a = mp.mpf(end.numerator) / end.denominator
            assert sign * (mp.mpf(weight.numerator) / weight.denominator * mp.tanh(a) - a) >= 0
    assert found.width < 1e-30


def test_names_of_the_map_do_not_matter() -> None:
    assert neuron_transient(d.tanh_network([[2]]), "0.6").steps == neuron_transient(d.neuron(2), "0.6").steps == 14
    assert critical_of(sp.Integer(2)) == sp.sqrt(2) - sp.acosh(sp.sqrt(2))


@pytest.mark.parametrize(
    ("m", "h", "message"),
    [
        (d.neuron(1), 1, r"must exceed 1: .* one attractor"),
        (d.neuron("1/2"), 1, r"must exceed 1"),
        (d.neuron(2, "1/10"), 1, r"without an input of its own, but neuron has 1/10"),
        (d.logistic(), 1, r"which logistic is not"),
        (d.neuron(2), "nan", r"h='nan' is not a finite number"),
        (d.neuron(2), "x", r"h='x' is not a finite number"),
    ],
)
def test_what_has_no_transient_length_is_refused(m: d.Map, h: object, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        neuron_transient(m, h)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("count", [0, -1, 1.5, "3", True])
def test_bad_counts_are_refused(count: object) -> None:
    with pytest.raises(InputError, match="max_steps="):
        neuron_transient(d.neuron(2), 1, max_steps=count)
    with pytest.raises(InputError, match="num="):
        transient_thresholds(d.neuron(2), count)
    with pytest.raises(InputError, match="from 1 to 1000"):
        transient_thresholds(d.neuron(2), 1001)


def test_results_read_as_sentences() -> None:
    assert repr(neuron_transient(d.neuron(2), "0.6")).startswith("NeuronTransient(14 steps, asymptotically 14.4162")
    assert repr(neuron_transient(d.neuron(2), 0)).startswith("NeuronTransient(never, ")
    assert "h* = 0.53283998, PROVED" in repr(transient_thresholds(d.neuron(2), 8))
