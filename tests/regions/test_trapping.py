"""Trapping regions: contraction holds inside, and the certified radius is nearly the largest there is."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import dynlatch as d
from dynlatch.maps.evaluators import numpy_map
from dynlatch.regions.trapping import TrappingRegion, cover, trapping_regions
from dynlatch.rigor.norms import AdaptedNorm

MAPS = {
    "neuron": (d.neuron(2), 1),
    "network": (d.tanh_network([[2, "1/5"], ["1/5", "9/5"]]), 1),
    "spiral": (d.predator_prey(), 1),
    "cycle": (d.logistic("3.2"), 2),
    "newton": (d.newton(), 1),
    "three units": (d.tanh_network([[2, 0, "1/5"], ["1/5", "9/5", 0], [0, "1/3", "3/2"]]), 1),
}


def violation(m: d.Map, trap: TrappingRegion) -> float:
    """The worst |P (M^p(a) - M^p(b))| - rate |P (a - b)| over random pairs in the region."""
    rng = np.random.default_rng(7)
    shape = np.array([[float(v) for v in row] for row in trap.norm.matrix])
    directions = rng.normal(size=(2, m.dimension, 4000))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    lengths = trap.radius * rng.uniform(0.9, 1, size=(2, 1, 4000))
    a, b = (np.array(trap.centre)[:, None] + np.linalg.solve(shape, x) for x in directions * lengths)
    image_a, image_b = a, b
    for _ in range(trap.period):
        image_a, image_b = numpy_map(m).step(image_a), numpy_map(m).step(image_b)
    after, before = (np.linalg.norm(shape @ (p - q), axis=0) for p, q in ((image_a, image_b), (a, b)))
    return float(np.max(after - trap.rate * before))


@pytest.mark.parametrize("name", MAPS)
def test_the_map_contracts_on_the_region(name: str) -> None:
    m, period = MAPS[name]
    points = d.fixed_points(m, period=period).attracting
    assert points
    for point in points:
        traps = trapping_regions(m, point)
        assert len(traps) == period
        for trap in traps:
            assert 0 < trap.rate < 1
            assert violation(m, trap) <= 1e-12


@pytest.mark.parametrize("w", [1.1, 1.5, 2.0, 5.0])
def test_the_neuron_s_region_reaches_nearly_to_the_edge_of_contraction(w: float) -> None:
    point = d.fixed_points(d.neuron(w)).attracting[1]
    (trap,) = trapping_regions(d.neuron(w), point)
    room = float(point.state[0]) - math.acosh(math.sqrt(w))
    assert 0.97 * room < trap.radius < room


def test_a_region_that_is_too_large_is_refuted() -> None:
    m = d.neuron(2)
    (trap,) = trapping_regions(m, d.fixed_points(m).attracting[0])
    assert violation(m, replace(trap, radius=1.5 * trap.radius)) > 0.01


def test_what_does_not_attract_has_no_region() -> None:
    m = d.neuron(2)
    assert trapping_regions(m, d.fixed_points(m)[1]) == ()


def test_pieces_too_far_out_to_be_measured_stay_in_the_cover() -> None:
    norm = AdaptedNorm(((Fraction(10**100), Fraction(0)), (Fraction(0), Fraction(10**100))))
    lo, hi = cover(np.zeros(2), norm, 1e300)
    assert np.all(np.min(lo, axis=1) < 0)
    assert np.all(np.max(hi, axis=1) > 0)
    small, _ = cover(np.zeros(2), norm, 1.0)
    assert lo.shape[1] >= small.shape[1]
