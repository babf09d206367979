"""The transient length between two attractors, against plain simulations and next to the ridges that decide it."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest

import dynlatch as d
from dynlatch.errors import InputError
from dynlatch.latch.fixed_points import FixedPoint, cycle_near
from dynlatch.maps.evaluators import numpy_map
from dynlatch.noise.transient import Transient, transient_length
from dynlatch.verdict import Stop, Verdict

NEURON = d.neuron(2)
LOW, _, HIGH = d.fixed_points(NEURON)
NETWORK = d.tanh_network([[2, "1/5"], ["1/5", "9/5"]])
LATCHES = d.fixed_points(NETWORK).attracting


def simulated(m: d.Map, h: float, along: list[float], start: FixedPoint, end: FixedPoint, most: int) -> int | None:
    """The least number of steps after which 80 free steps end at ``end``, in floats."""
    drive, state = h * np.array(along)[:, None], start.values[:, None]
    for t in range(most + 1):
        free = state
        for _ in range(80):
            free = numpy_map(m).step(free)
        if np.max(np.abs(free[:, 0] - end.values)) < 1e-6:
            return t
        state = numpy_map(m).step(state) + drive
    return None


def flip(h: object, **options: object) -> Transient:
    return transient_length(NEURON, h, start=LOW, end=HIGH, **options)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("h", ["5", "3.9", "1.92", "1.9", "1", "0.9", "0.7", "0.6", "0.55", "0.54", "0.5329"])
def test_the_neuron_flips_when_its_state_has_passed_zero(h: str) -> None:
    found = flip(h)
    a, t = float(LOW.state[0]), 0
    while a <= 0:
        a, t = 2 * math.tanh(a) + float(h), t + 1
    assert found.verdict is Verdict.PROVED
    assert found.stop is Stop.SOLVED
    assert (found.steps, found.measured, found.carries) == (t, t, True)
    assert found.before is LOW
    assert found.state is not None
    assert float(found.state[0]) == pytest.approx(a, rel=1e-9)
    assert found.state[0].width < 1e-25
    count = d.neuron_transient(NEURON, h).steps
    assert count is not None
    assert t <= count <= t + 5  # L_1 also waits until the state has passed a_bar


@pytest.mark.parametrize(("first", "last"), list(itertools.permutations(range(4), 2)))
def test_a_network_s_count_is_that_of_a_simulation(first: int, last: int) -> None:
    for h, along in (("3/4", (1, 1)), ("9/10", (1, -1))):
        found = transient_length(NETWORK, h, along, start=LATCHES[first], end=LATCHES[last])
        expected = simulated(NETWORK, float(Fraction(h)), list(along), LATCHES[first], LATCHES[last], 30)
        assert found.verdict is Verdict.PROVED
        assert found.steps == expected
        assert found.carries is (expected is not None)


def test_next_to_the_ridge_balls_decide_what_floats_cannot() -> None:
    with mp.workdps(90):
        state = mp.findroot(lambda a: 2 * mp.tanh(a) - a, mp.mpf("1.915"))

        def fourth(h: mp.mpf) -> mp.mpf:  # a_3, which is to be 0
            a = -state
            for _ in range(3):
                a = 2 * mp.tanh(a) + h
            return a

        ridge = mp.findroot(fourth, mp.mpf("0.96"))
        on_it = Fraction(int(ridge * mp.mpf(10) ** 80), 10**80)
    for exponent in (12, 25, 40):
        beyond, short = (flip(on_it + side * Fraction(1, 10**exponent)) for side in (1, -1))
        assert (beyond.verdict, beyond.steps) == (Verdict.PROVED, 3)
        assert (short.verdict, short.steps) == (Verdict.PROVED, 4)
    assert beyond.measured == short.measured  # floats see no difference
    open_question = flip(on_it)  # the enclosure of the start is wider than the distance from the ridge
    assert (open_question.verdict, open_question.steps) == (Verdict.INCONCLUSIVE, None)
    assert open_question.measured in (3, 4)
    assert "(measured)" in open_question.reason


@pytest.mark.parametrize("h", ["0.5328", "1/2", "0", "-1"])
def test_an_input_below_the_critical_one_is_proved_never_to_carry(h: str) -> None:
    found = flip(h)
    assert (found.verdict, found.carries, found.steps, found.stop) == (Verdict.PROVED, False, None, Stop.SOLVED)
    assert "trapped in the basin of the start" in found.reason


def test_a_third_attractor_is_named() -> None:
    # (1, -1) drives the second unit down, and the state does not come back
    found = transient_length(NETWORK, "3/4", (1, -1), start=LATCHES[3], end=LATCHES[0])
    assert (found.verdict, found.carries) == (Verdict.PROVED, False)
    assert "in the basin of a third attractor (1.69101, -1.41103)" in found.reason
    # on the way from (-, -) along (1, 1) the mixed latch is passed: before the last step the state belongs to it
    passed = transient_length(NETWORK, "3/4", start=LATCHES[0], end=LATCHES[3])
    assert passed.before in (LATCHES[1], LATCHES[2])


def test_the_budget_is_kept_and_can_be_raised() -> None:
    found = flip("0.5329", max_steps=100)
    assert (found.verdict, found.stop, found.carries, found.examined) == (Verdict.INCONCLUSIVE, Stop.BUDGET, None, 100)
    assert "raise max_steps" in found.reason
    enough = flip("0.5329")
    assert enough.steps is not None
    assert flip("0.5329", max_steps=enough.steps).steps == enough.steps
    assert flip("0.5329", max_steps=enough.steps - 1).steps is None


def test_an_attractor_that_nobody_named_is_not_guessed() -> None:
    five = d.tanh_network([[2 if i == j else 0 for j in range(5)] for i in range(5)])
    near = {signs: np.array(signs) * 1.915 for signs in ((1, 1, 1, 1, 1), (-1, 1, 1, 1, 1), (-1, -1, 1, 1, 1))}
    start, middle, end = (cycle_near(five, x, 1) for x in near.values())
    assert start is not None
    assert middle is not None
    assert end is not None
    along = (-1, "-9/10", 0, 0, 0)  # the first unit flips one step before the second
    lost = transient_length(five, 1, along, start=start, end=end)
    assert (lost.verdict, lost.measured, lost.steps) == (Verdict.INCONCLUSIVE, 4, None)
    assert "others=" in lost.reason
    found = transient_length(five, 1, along, start=start, end=end, others=[middle])
    assert (found.verdict, found.steps) == (Verdict.PROVED, 4)
    assert found.before is middle


def test_cycles_carry_and_never_carry_like_points() -> None:
    # the first unit alternates, the second is the neuron: two 2-cycles
    m = d.tanh_network([[-2, 0], [0, 2]])
    low, high = d.fixed_points(m, period=2).attracting
    assert low.period == 2
    up = transient_length(m, 1, (0, 1), start=low, end=high)
    assert (up.verdict, up.steps) == (Verdict.PROVED, flip(1).steps)
    assert len(up.start_traps) == len(up.end_traps) == 2
    stays = transient_length(m, 1, (0, 1), start=high, end=low)
    assert (stays.verdict, stays.carries) == (Verdict.PROVED, False)


def test_maps_given_by_formulas_can_be_driven_too() -> None:
    m = d.cubic("7/4")  # x -> 7/4 x - x^3, latches at +-sqrt(3)/2
    latches = d.fixed_points(m).attracting
    assert len(latches) == 2
    found = transient_length(m, "1/2", start=latches[0], end=latches[1])
    assert (found.verdict, found.steps) == (
        Verdict.PROVED, simulated(m, 0.5, [1.0], latches[0], latches[1], 50)
    )  # fmt: skip
    below = transient_length(m, "1/5", start=latches[0], end=latches[1])  # h* = 1/4
    assert (below.verdict, below.carries) == (Verdict.PROVED, False)
    away = transient_length(m, -9, start=latches[0], end=latches[1])
    assert (away.stop, away.verdict) == (Stop.DIVERGED, Verdict.INCONCLUSIVE)
    assert "no finite number" in away.reason


def test_a_wrong_count_would_be_found_out() -> None:
    # the verdict is about the least count: from one step earlier the free orbit goes back
    found = flip("0.6")
    assert found.steps is not None
    for steps, end in ((found.steps, HIGH), (found.steps - 1, LOW)):
        orbit = d.trajectory(NEURON, LOW.values, steps, np.full((steps, 1), 0.6))
        free = d.trajectory(NEURON, orbit[-1], 100)
        assert abs(free[-1, 0] - float(end.state[0])) < 1e-9
    assert found.free_steps is not None
    assert found.before_steps is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input": "x", "start": LOW, "end": HIGH}, r"input='x' is not a finite number"),
        ({"input": 1, "start": LOW, "end": LOW}, r"same attractor"),
        (
            {"input": 1, "start": d.fixed_points(NEURON)[1], "end": HIGH},
            r"start is not proved to attract \(repelling\)",
        ),
        ({"input": 1, "start": LOW, "end": LATCHES[0]}, r"end has 2 states but neuron has 1"),
        ({"input": 1, "start": LOW, "end": HIGH, "max_steps": 0}, r"max_steps=0 must be at least 1"),
        ({"input": 1, "start": LOW, "end": HIGH, "max_steps": 2.5}, r"max_steps=2.5 is not a whole number"),
        ({"input": 1, "start": LOW, "end": HIGH, "direction": (1, 1)}, r"direction has 2 entries"),
        ({"input": 1, "start": LOW, "end": HIGH, "direction": (0,)}, r"zero vector"),
    ],
)
def test_bad_questions_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        transient_length(NEURON, **options)  # pyright: ignore[reportArgumentType]
    assert "\n" not in str(caught.value)


def test_without_a_trapping_region_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dynlatch.noise.transient.trapping_regions", lambda m, point: ())
    found = flip(1)
    assert (found.verdict, found.steps) == (Verdict.INCONCLUSIVE, None)
    assert "no trapping region could be certified around the attractor named start" in found.reason


def test_results_read_as_sentences() -> None:
    assert repr(flip(1)).startswith("Transient(3 steps of input 1 from (-1.91501) to (1.91501), PROVED: a_0 to a_3")
    assert repr(flip(0)).startswith("Transient(never of input 0")
    assert "not decided" in repr(replace(flip(1), carries=None, steps=None))
