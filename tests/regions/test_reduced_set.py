"""Gamma, sampled: the neuron's edge in closed form, and states on which the three readings part."""

from __future__ import annotations

import math

import numpy as np
import pytest

import dynlatch as d
from dynlatch.maps.evaluators import numpy_map
from dynlatch.regions.reduced_set import READINGS, Membership, spectral_radii, two_norms


@pytest.mark.parametrize("w", [1.05, 1.25, 2.0, 4.0, 10.0])
def test_the_neuron_s_edge_is_arcosh_of_the_root_of_w(w: float) -> None:
    gamma = d.reduced_set(d.neuron(w), resolution=2000)
    centres = gamma.basins.grid.centres(0)
    for name in READINGS:
        inside = np.abs(centres) > math.acosh(math.sqrt(w))
        np.testing.assert_array_equal(gamma.reading(name) == Membership.IN, inside)


def test_readings_part_on_the_cycle_between_two_units() -> None:
    """W = [[0, 2], [2, 0]] has the cycle (p, 0) <-> (0, p), a saddle of M^2 with pointwise spectral radius below 1."""
    m = d.tanh_network([[0, 2], [2, 0]])
    gamma = d.reduced_set(m, resolution=101)
    spectral, norm = gamma.spectral == Membership.IN, gamma.norm == Membership.IN
    assert np.all(spectral[norm]), "a spectral radius is at most a norm"
    assert np.count_nonzero(spectral & ~norm) > 100


def test_membership_agrees_with_a_long_plain_product() -> None:
    m = d.tanh_network([[2, "1/5"], ["-1/3", "9/5"]])
    gamma = d.reduced_set(m, resolution=25)
    states = gamma.basins.grid.points(0, 625)
    product = np.repeat(np.eye(2)[None], 625, axis=0)
    norm_ok, spectral_ok = np.ones(625, dtype=bool), np.ones(625, dtype=bool)
    for _ in range(300):
        product = np.moveaxis(numpy_map(m).jacobian(states), 2, 0) @ product
        norm_ok &= np.linalg.norm(product, 2, axis=(1, 2)) < 1
        spectral_ok &= np.max(np.abs(np.linalg.eigvals(product)), axis=1) < 1
        states = numpy_map(m).step(states)
    attracted = gamma.basins.labels.ravel() >= 0
    assert np.count_nonzero(attracted) > 500
    np.testing.assert_array_equal((gamma.norm.ravel() == Membership.IN)[attracted], norm_ok[attracted])
    np.testing.assert_array_equal((gamma.spectral.ravel() == Membership.IN)[attracted], spectral_ok[attracted])


def test_a_chaotic_attractor_has_no_reduced_set_and_no_label_is_no_membership() -> None:
    gamma = d.reduced_set(d.henon(), resolution=60)
    assert all(gamma.fraction(name) == 0 for name in READINGS)
    undecided = d.reduced_set(d.neuron(1), resolution=4)
    assert np.all(undecided.norm == Membership.UNDECIDED)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_stacked_norms_and_radii(n: int) -> None:
    stack = np.random.default_rng(n).normal(size=(200, n, n))
    np.testing.assert_allclose(two_norms(stack), np.linalg.norm(stack, 2, axis=(1, 2)), rtol=1e-13)
    np.testing.assert_allclose(spectral_radii(stack), np.max(np.abs(np.linalg.eigvals(stack)), axis=1), rtol=1e-10)


def test_the_spectral_radius_is_not_a_norm() -> None:
    shift = np.array([[[0.0, 2.0], [0.0, 0.0]]])
    assert spectral_radii(shift)[0] == 0
    assert two_norms(shift)[0] == 2
