"""Rays out of a basin: first exits, both sides of one dimension, and samples without a grid."""

from __future__ import annotations

import math

import numpy as np
import pytest

import dynlatch as d
from dynlatch.metrics.rays import Rays
from dynlatch.progress import SILENT
from dynlatch.regions.basins import prepare


def rays_of(m: d.Map, own: int, resolution: int, *, gridded: bool = True, box: object = None) -> Rays:
    run = prepare(m, box, resolution, [str(s) for s in m.states], None, None, 20_000, 0, SILENT)
    return Rays(run, own, 0, gridded=gridded)


def test_both_exits_of_one_dimension() -> None:
    exits = rays_of(d.cubic("3/2"), 1, 500).exits(0.5**0.5)
    assert exits[-1] == pytest.approx(0, abs=1e-12)
    assert exits[1] == pytest.approx(1.5**0.5, abs=1e-12)


def test_the_side_without_an_exit_is_looked_at_as_far_as_the_other_beyond_the_box() -> None:
    exits = rays_of(d.cubic("3/2"), 1, 500, box=("-1/2", 1)).exits(0.5**0.5)
    assert exits[1] == pytest.approx(1.5**0.5, abs=1e-12)
    assert set(rays_of(d.neuron(2), 1, 500).exits(1.9)) == {-1}, "the neuron's basin has no upper end"


def test_the_shortest_ray_from_a_state_that_is_no_attractor() -> None:
    m = d.tanh_network([[2, 0], [0, 3]])
    for at in ([1.0, 2.0], [3.0, 0.25]):
        ray = rays_of(m, 3, 50).shortest(np.array(at))
        assert ray is not None
        assert np.linalg.norm(ray) == pytest.approx(min(at), abs=1e-9)


def test_a_random_sample_says_nothing_about_cells() -> None:
    rays = rays_of(d.tanh_network([[2, 0], [0, 3]]), 3, 1, gridded=False)
    assert math.isnan(rays.sampled_to)
    ray = rays.shortest(np.array([1.0, 2.0]))
    assert ray is not None
    assert np.linalg.norm(ray) == pytest.approx(1, abs=1e-8)
    assert rays.leaves_box(np.array([1.0, 2.0]), 3.5)
    assert not rays.leaves_box(np.array([1.0, 2.0]), 0.5)


def test_what_lies_beyond_a_ray() -> None:
    rays = rays_of(d.neuron(2), 1, 100)
    at = np.array([1.5])
    assert rays.label_beyond(at, np.array([-1.5])) == 0
    assert rays.label_beyond(at, np.array([-1.4])) == 1


def test_a_basin_without_an_outside_has_no_ray() -> None:
    assert rays_of(d.neuron("1/2"), 0, 100).shortest(np.array([0.5])) is None
    assert rays_of(d.tanh_network([["1/2", 0], [0, "1/3"]]), 0, 10).shortest(np.array([0.5, 0])) is None
