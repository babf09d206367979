"""Orbits against plain loops, closed forms and refusals; the compiled products against NumPy's."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynlatch.errors import InputError
from dynlatch.latch.trajectory import accumulate, reorthogonalise, trajectory
from dynlatch.maps.catalogue import henon, logistic, neuron, tanh_network
from dynlatch.maps.evaluators import compiled_map
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.seeds import rng_for


def test_the_orbit_of_a_polynomial_map_is_that_of_a_plain_loop() -> None:
    states = trajectory(henon(), (0.1, -0.2), 20)
    x, y = 0.1, -0.2
    for t in range(20):
        x, y = 1 - 1.4 * x * x + y, 0.3 * x
        np.testing.assert_allclose(states[t + 1], (x, y), rtol=0, atol=1e-11)


def test_inputs_are_added_after_the_map() -> None:
    inputs = np.array([[0.5], [-3.0], [0.25]])
    states = trajectory(neuron(2), 1, 3, inputs)
    a = 1.0
    for t in range(3):
        a = 2 * math.tanh(a) + inputs[t, 0]
        assert states[t + 1, 0] == pytest.approx(a, abs=1e-14)
    assert states[3, 0] != pytest.approx(trajectory(neuron(2), 1, 3)[3, 0], abs=1e-3)


def test_one_state_may_be_given_without_brackets() -> None:
    flat = trajectory(neuron(2), "1/2", 4, [0.1, 0.2, 0.3, 0.4])
    full = trajectory(neuron(2), [0.5], 4, [[0.1], [0.2], [0.3], [0.4]])
    np.testing.assert_array_equal(flat, full)
    assert flat.shape == (5, 1)


@pytest.mark.parametrize("a0", [Fraction(1, 4), np.float64(0.25), Enclosure.exactly(0.25), [0.25], np.array([0.25])])
def test_a_state_may_be_any_exact_number(a0: object) -> None:
    assert trajectory(logistic(2), a0, 1)[0, 0] == 0.25


def test_every_step_is_one_application_of_the_compiled_map() -> None:
    m = tanh_network(rng_for(1, "network").normal(size=(5, 5)), 0.1)
    states = trajectory(m, np.full(5, 0.3), 50)
    np.testing.assert_allclose(compiled_map(m).step(np.ascontiguousarray(states[:-1].T)).T, states[1:], atol=1e-14)


def test_a_diverging_orbit_ends_in_nan() -> None:
    states = trajectory(logistic(5), 2, 40)
    reached = int(np.isfinite(states[:, 0]).sum())
    assert 3 < reached < 20
    assert np.isfinite(states[:reached]).all()
    assert np.isnan(states[reached:]).all()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((0.5, 0), "steps=0"),
        ((0.5, -3), "steps=-3"),
        ((0.5, True), "steps=True"),
        ((0.5, 2.5), "whole number"),
        ((0.5, 10**9), "GiB"),
        ((math.nan, 5), "finite"),
        ((math.inf, 5), "finite"),
        (("1e320", 5), "largest float"),
        (("x", 5), "a0"),
        (((1, 2), 5), "2 numbers"),
        (((), 5), "0 numbers"),
        ((0.5, 5, [1, 2]), "shape"),
        ((0.5, 2, [[1, 2], [3, 4]]), "shape"),
        ((0.5, 2, [1, math.nan]), "inputs[1]"),
        ((0.5, 2, ["a", "b"]), "real numbers"),
        ((0.5, 2, [1j, 0]), "real numbers"),
        ((0.5, 2, [[1], [2, 3]]), "real numbers"),
    ],
)
def test_bad_input_is_refused_in_one_line(arguments: tuple[object, ...], word: str) -> None:
    with pytest.raises(InputError) as caught:
        trajectory(neuron(2), *arguments)  # pyright: ignore[reportArgumentType]
    assert word in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.integers(1, 4), st.integers(1, 12), st.integers(0, 10**6))
def test_products_are_newest_left(n: int, steps: int, seed: int) -> None:
    factors = rng_for(seed, "factors").normal(size=(steps, n, n))
    products, exponents = np.empty((steps, n, n)), np.empty((steps, n), dtype=np.int64)
    accumulate(factors, np.eye(n), np.zeros(n, dtype=np.int64), products, exponents)
    expected = np.eye(n)
    for t in range(steps):
        expected = factors[t] @ expected
        np.testing.assert_allclose(products[t] * 2.0 ** exponents[t], expected, atol=1e-12 * np.abs(expected).max())


def test_a_column_that_decays_is_still_there_when_the_others_vanish() -> None:
    factors = np.array([np.diag([1.0, 1e-3])] * 1000 + [np.diag([0.0, 1.0])])
    products, exponents = np.empty(factors.shape), np.empty((1001, 2), dtype=np.int64)
    accumulate(factors, np.eye(2), np.zeros(2, dtype=np.int64), products, exponents)
    assert (products[-1, :, 0] == 0).all()
    log_norm = math.log(products[-1, 1, 1]) + int(exponents[-1, 1]) * math.log(2)
    assert log_norm == pytest.approx(-3000 * math.log(10), rel=1e-14)


def _sums(factors: np.ndarray, log_determinants: np.ndarray) -> np.ndarray:
    n = factors.shape[1]
    sums = np.zeros(n)
    reorthogonalise(factors, log_determinants, np.eye(n), sums, 0)
    return sums


@given(st.integers(1, 5), st.integers(0, 10**6))
def test_stretchings_are_those_of_a_qr_loop(n: int, seed: int) -> None:
    factors = rng_for(seed, "stretch").normal(size=(20, n, n))
    q, expected = np.eye(n), np.zeros(n)
    for factor in factors:
        q, r = np.linalg.qr(factor @ q)
        expected += np.log(np.abs(np.diag(r)))
    np.testing.assert_allclose(_sums(factors, np.linalg.slogdet(factors)[1]), expected, atol=1e-8)


def test_a_singular_factor_costs_one_direction_only() -> None:
    factors = np.array([[[1.0, 1.0], [1.0, 1.0]]] * 7)
    assert _sums(factors, np.full(7, -np.inf)) == pytest.approx([6.5 * math.log(2), -math.inf])


def test_a_direction_beyond_rounding_is_recovered_from_the_determinant() -> None:
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    factors = np.array([turn @ np.diag([1.0, 1e-20]) @ turn.T] * 3)
    exact = np.full(3, -20 * math.log(10))
    assert _sums(factors, exact).sum() == pytest.approx(-60 * math.log(10), rel=1e-12)
    assert _sums(factors, np.full(3, -np.inf))[1] == -math.inf
