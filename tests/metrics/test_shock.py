"""The critical shock: closed forms in one dimension, plain scans of directions in more."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp

import dynlatch as d
from dynlatch.maps.definition import Formulas, Map, exact_box, state_symbol
from dynlatch.maps.evaluators import numpy_map
from dynlatch.maps.toml_file import map_from_toml
from dynlatch.regions.attractors import Attractors, find_attractors
from dynlatch.regions.labels import Label
from dynlatch.verdict import Verdict

X, Y = map(state_symbol, "xy")
NETWORK = d.tanh_network([[2, "1/5"], ["1/5", "9/5"]])


@lru_cache
def network_attractors() -> Attractors:
    return find_attractors(NETWORK, NETWORK.domain)


def formula(*expressions: sp.Expr, box: object = (-2, 2)) -> Map:
    n = len(expressions)
    return Map("test", (X, Y)[:n], Formulas(expressions), (), exact_box(box, n))


@pytest.mark.parametrize("w", ["1.01", "5/4", 2, 10])
def test_the_neuron_withstands_abar(w: Any) -> None:
    found = d.critical_shock(d.neuron(w), 1)
    assert found.verdict is Verdict.PROVED
    assert found.value is not None
    assert found.value.width < 1e-40
    with mpmath.workdps(40):
        weight = mpmath.mpf(Fraction(w).numerator) / Fraction(w).denominator
        abar = mpmath.findroot(lambda a: weight * mpmath.tanh(a) - a, mpmath.mpf(found.at[0]))
        assert abs(mpmath.mpf(found.value.middle.numerator) / found.value.middle.denominator - abar) < 1e-35
    assert found.displacement == pytest.approx([-float(found.value)])
    assert found.measured == pytest.approx(float(found.value), abs=1e-9)
    assert found.beyond == 0
    assert found.end is not None
    assert 0 in found.end.value


@pytest.mark.parametrize("r", ["11/10", "5/4", "4/3", "3/2", "19/10"])
def test_the_cubic_map_withstands_the_smaller_of_two_shocks(r: str) -> None:
    """The upper latch sqrt(r - 1) has the basin's ends 0 and sqrt(r), so the side changes at r = 4/3."""
    found = d.critical_shock(d.cubic(r), 1)
    assert found.verdict is Verdict.PROVED
    assert found.value is not None
    inner, outer = sp.sqrt(sp.Rational(r) - 1), sp.sqrt(sp.Rational(r)) - sp.sqrt(sp.Rational(r) - 1)
    expected = sp.Min(inner, outer) if r != "4/3" else inner
    assert abs(sp.N(sp.Rational(found.value.middle.numerator, found.value.middle.denominator) - expected, 60)) < 1e-40
    assert found.beyond == 0
    if r != "4/3":
        assert (found.displacement[0] > 0) == bool(outer < inner)


@pytest.mark.parametrize("r", ["3/2", "5/2", "29/10"])
def test_the_logistic_map(r: str) -> None:
    """The basin of 1 - 1/r is (0, 1)."""
    found = d.critical_shock(d.logistic(r), 0)
    assert found.verdict is Verdict.PROVED
    assert found.value is not None
    assert min(1 - 1 / Fraction(r), 1 / Fraction(r)) in found.value
    assert found.beyond == Label.DIVERGED


def test_a_constant_input_makes_one_latch_the_weaker() -> None:
    lower, upper = (d.critical_shock(d.neuron(2, "1/5"), k) for k in (0, 1))
    edge = d.fixed_points(d.neuron(2, "1/5"))[1].state[0]
    assert lower.value is not None
    assert upper.value is not None
    assert float(lower.value) == pytest.approx(float(edge) - lower.at[0], abs=1e-14)
    assert float(lower.value) < float(upper.value)


def test_both_ends_at_once() -> None:
    found = d.critical_shock(formula(-X / 2 - X**3), 0)
    assert found.value is not None
    assert found.value.lower**2 < Fraction(1, 2) < found.value.upper**2
    assert found.verdict is Verdict.PROVED


P, Q, R, S = map(state_symbol, "pqrs")
BENT = Map(
    "bent",
    (X,),
    Formulas((P * X + Q * X**2 + R * X**3 + S * sp.sin(X),)),
    tuple((symbol, sp.S.One) for symbol in (P, Q, R, S)),
    exact_box((-2, 2), 1),
)


@pytest.mark.parametrize("seed", range(10))
def test_what_is_proved_of_a_random_map_is_what_its_orbits_do(seed: int) -> None:
    """Ends of all three kinds occur among these, in the box and beyond."""
    numbers = np.random.default_rng(seed).integers((-24, -8, -16, -16), (25, 9, 17, 17))
    m = BENT.with_parameters(**{c: Fraction(int(v), 16) for c, v in zip("pqrs", numbers, strict=True)})
    attractors = find_attractors(m, m.domain)
    for k, attractor in enumerate(attractors.listed):
        if attractor.point is None or attractor.point.period > 1:
            continue
        found = d.critical_shock(m, k, attractors=attractors)
        if found.measured == math.inf:
            assert found.verdict is Verdict.INCONCLUSIVE
            continue
        assert found.verdict is Verdict.PROVED
        assert found.value is not None
        size, at, to = float(found.value), float(found.at[0]), float(found.displacement[0])
        states = np.append(np.linspace(at - size * (1 - 1e-5), at + size * (1 - 1e-5), 501), at + to * (1 + 1e-3))[None]
        with np.errstate(all="ignore"):
            for _ in range(1000):
                states = numpy_map(m).step(states)
        assert np.max(np.abs(states[0, :-1] - at)) < 1e-3, "every smaller displacement comes back"
        assert not abs(states[0, -1] - at) < 1e-3, "one a little larger does not"
        assert found.measured == pytest.approx(size, abs=1e-9)


def test_the_nearer_end_may_lie_outside_of_the_box() -> None:
    inside = d.critical_shock(d.cubic("3/2"), 1)
    narrow = d.critical_shock(d.cubic("3/2"), 1, box=("-1/8", 1))
    assert narrow.value is not None
    assert inside.value is not None
    assert narrow.value.overlaps(inside.value)
    assert narrow.measured == pytest.approx(inside.measured, abs=1e-9)


def test_it_ends_at_a_repelling_point_next_to_where_the_map_is_undefined() -> None:
    text = 'name = "log"\nstate = ["a"]\n[map]\na = "log(a) / 4 + 2"\n[domain]\na = [-0.001, 5]\n'
    m = map_from_toml(text)
    found = d.critical_shock(m, 0)
    edge = 1e-3
    for _ in range(60):
        edge = math.exp(4 * edge - 8)  # a = log(a)/4 + 2, solved for the a in the logarithm
    assert found.value is not None
    assert float(found.value) == pytest.approx(found.at[0] - edge, abs=1e-13)
    assert found.beyond == Label.UNDEFINED


def test_without_another_basin_there_is_no_number() -> None:
    found = d.critical_shock(d.neuron("1/2"), 0)
    assert (found.value, found.measured, found.beyond, found.verdict) == (None, math.inf, None, Verdict.INCONCLUSIVE)
    assert "every sampled state" in found.reason


# --- measured ---------------------------------------------------------------------------------------------------------


def neuron_point(w: float) -> float:
    a = w
    for _ in range(200):
        a = w * math.tanh(a)
    return a


def test_uncoupled_units_withstand_the_weakest_unit_s_shock() -> None:
    for weights in ((2, 3), (3, "3/2", 2)):
        m = d.tanh_network(np.diag([Fraction(w) for w in weights]).tolist())
        weakest = min(range(len(weights)), key=lambda i: float(Fraction(weights[i])))
        found = d.critical_shock(m, 0, resolution=100 if len(weights) == 2 else 20)
        expected = neuron_point(float(Fraction(weights[weakest])))
        assert found.measured == pytest.approx(expected, abs=1e-9)
        assert found.measured >= expected * (1 - 1e-13), "an upper bound"
        assert np.argmax(np.abs(found.displacement)) == weakest
        assert found.verdict is Verdict.INCONCLUSIVE
        assert found.value is None


def test_more_states_than_a_grid_covers() -> None:
    m = d.tanh_network([[2, 0, 0, 0], [0, "1/2", 0, 0], [0, 0, "1/2", 0], [0, 0, 0, "1/3"]])
    found = d.critical_shock(m, 0)
    assert found.measured == pytest.approx(neuron_point(2), abs=1e-8)
    assert math.isnan(found.sampled_to)


def test_a_turned_map_has_the_same_shock_along_a_turned_direction() -> None:
    """The edge of the basin is no side of a cell here, and its nearest point no middle of one."""
    c, s = sp.Rational(3, 5), sp.Rational(4, 5)
    u, v = 2 * sp.tanh(c * X + s * Y), 3 * sp.tanh(c * Y - s * X)
    m = formula(c * u - s * v, s * u + c * v, box=(-5, 5))
    found = d.critical_shock(m, 0, resolution=60)
    assert found.measured == pytest.approx(neuron_point(2), abs=1e-9)
    direction = np.abs(found.displacement) / found.measured
    np.testing.assert_allclose(direction, [0.6, 0.8], atol=1e-4)


def scanned(m: Map, at: np.ndarray, reach: float) -> float:
    """The shortest of 2000 directions, each bisected by the signs that 100 steps lead to: for the network only."""
    angles = np.linspace(0, 2 * np.pi, 2000, endpoint=False)
    rays = np.stack([np.cos(angles), np.sin(angles)])
    inside, outside = np.zeros(angles.size), np.full(angles.size, np.inf)
    for size in np.linspace(0, reach, 60)[1:]:  # the first exit along each ray
        fresh = ~same_signs(m, at, at[:, None] + size * rays) & np.isinf(outside)
        outside[fresh], inside[fresh] = size, size - reach / 59
    met = np.isfinite(outside)
    rays, inside, outside = rays[:, met], inside[met], outside[met]
    for _ in range(40):
        middle = 0.5 * (inside + outside)
        stays = same_signs(m, at, at[:, None] + middle * rays)
        inside, outside = np.where(stays, middle, inside), np.where(stays, outside, middle)
    return float(np.min(outside))


def same_signs(m: Map, at: np.ndarray, states: np.ndarray) -> np.ndarray:
    for _ in range(100):
        states = numpy_map(m).step(states)
    return np.all(np.sign(states) == np.sign(at)[:, None], axis=0)


@pytest.mark.parametrize("number", [0, 1])
def test_the_network_s_shock_is_that_of_a_scan_of_directions(number: int) -> None:
    found = d.critical_shock(NETWORK, number, resolution=150, attractors=network_attractors())
    known = scanned(NETWORK, found.at, 3.0)
    assert found.measured == pytest.approx(known, abs=1e-5)
    assert found.measured <= known + 1e-12
    stays, leaves = ((found.at + found.displacement * (1 + h))[:, None] for h in (-1e-9, 1e-9))
    assert same_signs(NETWORK, found.at, stays)[0]
    assert not same_signs(NETWORK, found.at, leaves)[0]


def test_a_cell_alone_would_be_a_poor_measure() -> None:
    """The mutant: the distance to the nearest cell of another label misses by up to a cell."""
    found = d.critical_shock(NETWORK, 1, resolution=40, attractors=network_attractors())
    cells = d.basins(NETWORK, resolution=40, attractors=network_attractors())
    away = cells.grid.points(0, 1600)[:, cells.labels.ravel() != 1] - found.at[:, None]
    assert np.min(np.linalg.norm(away, axis=0)) - found.measured > 0.01
    assert found.measured == pytest.approx(
        d.critical_shock(NETWORK, 1, attractors=network_attractors()).measured, abs=1e-8
    )


def test_symmetric_latches_withstand_the_same() -> None:
    first, last = (d.critical_shock(NETWORK, k, resolution=100, attractors=network_attractors()) for k in (0, 3))
    assert first.measured == pytest.approx(last.measured, abs=1e-9)


def test_a_nearer_edge_of_the_box_is_said() -> None:
    inside = d.critical_shock(NETWORK, 1, resolution=50)
    assert "edge of the box" not in inside.reason
    narrow = d.critical_shock(NETWORK, 1, box=[(-2, 4), (-4, 2)], resolution=50)
    assert "the edge of the box is nearer" in narrow.reason


def test_a_cycle_is_measured_from_its_weakest_point() -> None:
    found = d.critical_shock(d.logistic("3.2"), 0)
    orbit = find_attractors(d.logistic("3.2"), d.logistic("3.2").domain)[0].states[0]
    assert found.measured == pytest.approx(min(*orbit, *(1 - orbit)), abs=1e-9)
    assert found.verdict is Verdict.INCONCLUSIVE


def test_the_latched_state_may_be_given_in_three_ways() -> None:
    m = d.cubic("3/2")
    attractors = find_attractors(m, m.domain)
    for latched in (1, attractors[1], d.fixed_points(m)[2]):
        assert d.critical_shock(m, latched, resolution=50, attractors=attractors).attractor == 1


def test_a_recurrent_set_is_no_latched_state() -> None:
    known = network_attractors()
    moving = replace(known[1], point=None, traps=(), cells=np.array([3]))
    attractors = replace(known, listed=(known[0], moving))
    for latched in (1, moving):
        with pytest.raises(d.InputError, match="recurrent set"):
            d.critical_shock(NETWORK, latched, resolution=10, attractors=attractors)


@pytest.mark.parametrize(
    ("m", "latched", "settings", "said"),
    [
        (d.neuron(2), 2, {}, "latched=2 is no attractor: 2 were found"),
        (d.neuron(2), True, {}, "latched is"),
        (d.neuron(2), "up", {}, "latched is"),
        (d.neuron(2), d.fixed_points(d.neuron(2))[1], {}, "none of the 2 attractors"),
        (d.neuron(2), 1, {"resolution": 0}, "resolution=0"),
        (d.neuron(2), 1, {"box": (1, 1)}, "empty or inverted"),
        (d.neuron(2), 1, {"max_steps": 0}, "max_steps=0"),
        (NETWORK, 1, {"resolution": 10**5}, "GB of memory"),
        (d.tanh_network(np.diag([2] * 4)), 1, {"resolution": 10}, "leave it out"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(m: Map, latched: Any, settings: Any, said: str) -> None:
    with pytest.raises(d.InputError, match=said) as caught:
        d.critical_shock(m, latched, **settings)
    assert "\n" not in str(caught.value)
