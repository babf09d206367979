"""Cases: what they hold, what they refuse, and that states and inputs agree."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from dynlatch import InputError, Map, neuron, tanh_network
from dynlatch.rigor import balls
from dynlatch.theorems import case
from dynlatch.theorems.cases import driven_orbit, exact_state, free_orbit, number_text, vector_text

ONE, TWO = neuron(2), tanh_network([[2, 0], [0, 2]])


def test_inputs_and_states_tell_the_same_trajectory() -> None:
    given = case(ONE, "9/10", inputs=["1/100", "-1/50"])
    assert given.steps == 2
    with balls.precision(200):
        orbit = given.orbit()
        middle = [Fraction(balls.ends(a[0])[0]).limit_denominator(10**9) for a in orbit]
        inverted = case(ONE, states=middle)
        for u, v in zip(inverted.driving_inputs(), given.driving_inputs(), strict=True):
            assert abs(float((u[0] - v[0]).mid())) < 1e-8
        assert inverted.orbit()[2][0].contains(balls.ball(middle[2]))


def test_a_trajectory_that_repeats_comes_back() -> None:
    swap = tanh_network([[0, 2], [2, 0]])
    on = case(swap, states=[("4/5", "19/10"), ("19/10", "4/5")], periodic=True)
    assert on.steps == 2
    assert len(on.orbit()) == 3
    for a, b in zip(on.orbit()[2], on.orbit()[0], strict=True):
        assert (a - b).contains(0)
    assert len(on.driving_inputs()) == 2


def test_missing_inputs_are_zero() -> None:
    on = case(ONE, 1, inputs=["1/10"], steps=3)
    assert on.inputs == ((Fraction(1, 10),), (Fraction(0),), (Fraction(0),))
    assert case(TWO, (1, 2), steps=2).inputs == ((0, 0), (0, 0))
    assert case(ONE, 1).steps == 0


def test_floats_are_the_dyadics_that_they_are() -> None:
    assert case(ONE, 0.1).start == (Fraction(0.1),)
    assert case(TWO, np.array([0.5, 0.25])).start == (Fraction(1, 2), Fraction(1, 4))
    assert case(TWO, (1, 2), inputs=np.zeros((3, 2))).steps == 3


@pytest.mark.parametrize(
    ("m", "given", "says"),
    [
        (ONE, {}, "needs where it starts"),
        (ONE, {"start": (1, 2)}, "start has 2 entries"),
        (TWO, {"start": 1}, "start=1 is not a vector"),
        (TWO, {"start": "12"}, "start has 2 entries"),
        (TWO, {"start": (1, 2), "inputs": [1, 2]}, "inputs[0]=1 is not a vector"),
        (TWO, {"start": (1, 2), "inputs": [(1, 2, 3)]}, "inputs[0] has 3 entries"),
        (ONE, {"start": 1, "inputs": 5}, "inputs=5 is not a list"),
        (ONE, {"start": 1, "inputs": "12"}, "inputs is text"),
        (ONE, {"start": 1, "inputs": [1, 2, 3], "steps": 2}, "inputs has 3 rows but the trajectory 2 steps"),
        (ONE, {"start": 1, "steps": -1}, "steps=-1"),
        (ONE, {"start": 1, "steps": 10**6}, "steps=1000000"),
        (ONE, {"start": 1, "states": [1, 2]}, "states give the whole trajectory"),
        (ONE, {"states": [1]}, "states has 1 rows"),
        (ONE, {"start": 1, "periodic": True}, "periodic repeats given states"),
        (ONE, {"start": 1, "radius": 0}, "radius=0 must be positive"),
        (ONE, {"start": 1, "radius": "x"}, "radius='x' is not a finite number"),
        (ONE, {"start": float("nan")}, "is not finite"),
        (ONE, {"start": 1, "region": (2, 1)}, "empty or inverted"),
        (TWO, {"start": (1, 2), "other": 3}, "other=3 is not a vector"),
        (ONE, {"start": 1, "steps": 2.5}, "steps=2.5 must be a whole number"),
        (ONE, {"start": 1, "steps": "3"}, "steps='3' must be a whole number"),
        (ONE, {"start": "1e400"}, "start[0] lies beyond 1e306"),
        (ONE, {"start": 1, "radius": "1e400"}, "radius lies beyond 1e306"),
        ("neuron", {"start": 1}, "a case is about a map, not 'neuron'"),
    ],
)
def test_what_makes_no_case_is_refused_in_one_line(m: Map, given: dict[str, object], says: str) -> None:
    with pytest.raises(InputError) as error:
        case(m, **given)  # type: ignore[arg-type]
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_what_a_statement_needs_is_asked_for() -> None:
    on = case(ONE, 1)
    for ask in (on.region_of, on.radius_of):
        with pytest.raises(InputError, match="Theorem 0 speaks of"):
            ask("Theorem 0")
    with pytest.raises(InputError, match="a direction"):
        on.other_of("Theorem 0", "a direction")


def test_orbits_enclose_what_floats_suggest() -> None:
    with balls.precision(128):
        free = free_orbit(ONE, (Fraction(1, 2),), 5)
        a = 0.5
        for state in free:
            assert abs(float(state[0].mid()) - a) < 1e-12
            a = 2 * np.tanh(a)
        same = driven_orbit(ONE, (Fraction(1, 2),), [(Fraction(0),)] * 5)
        assert (same[5][0] - free[5][0]).contains(0)
    assert exact_state((Fraction(1, 4),))[0] == balls.ball(Fraction(1, 4))


def test_a_case_is_told_in_one_line() -> None:
    on = case(TWO, ("1/2", 3), inputs=[(0, "1/5")], radius="3/10")
    assert on.as_text.endswith("a_0 = (1/2, 3); u = (0, 1/5); d = 3/10")
    assert number_text(Fraction(123456789, 10**9)) == "0.123456789"
    assert vector_text((Fraction(1),)) == "1"


def test_numbers_beyond_floats_are_written() -> None:
    assert number_text(Fraction(-(10**400))).startswith("-1.0")
    assert number_text(Fraction(1, 10**400)) == "1e-400"
    assert "a_0 = 1e-400" in case(ONE, Fraction(1, 10**400), steps=1).as_text
