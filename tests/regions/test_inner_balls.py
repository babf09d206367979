"""Inner balls: what is in one converges, what is certified to be in one is, and destinations are the true ones."""

from __future__ import annotations

import numpy as np
import pytest

import dynlatch as d
from dynlatch.maps.evaluators import numpy_map
from dynlatch.regions.inner_balls import InnerBall, destinations, distance, inner_balls
from dynlatch.regions.trapping import trapping_regions
from dynlatch.rigor import balls

MAPS = {
    "neuron": (d.neuron(2), 1),
    "network": (d.tanh_network([[2, "1/5"], ["1/5", "9/5"]]), 1),
    "cycle": (d.logistic("3.2"), 2),
    "three units": (d.tanh_network([[2, 0, "1/5"], ["1/5", "9/5", 0], [0, "1/3", "3/2"]]), 1),
}


def all_balls(m: d.Map, period: int) -> list[InnerBall]:
    cycles = d.fixed_points(m, period=period).attracting
    return [ball for k, cycle in enumerate(cycles) for ball in inner_balls(k, cycle, trapping_regions(m, cycle))]


def inside(ball: InnerBall, share: float, count: int) -> np.ndarray:
    """Random points at a share of the radius, shape (n, count)."""
    shape = np.array([[float(v) for v in row] for row in ball.trap.norm.matrix])
    directions = np.random.default_rng(3).normal(size=(len(shape), count))
    directions *= share * float(ball.radius) / np.linalg.norm(directions, axis=0)
    return np.array(ball.trap.centre)[:, None] + np.linalg.solve(shape, directions)


@pytest.mark.parametrize("name", MAPS)
def test_orbits_from_an_inner_ball_come_closer_every_period(name: str) -> None:
    m, period = MAPS[name]
    found = all_balls(m, period)
    assert found
    for ball in found:
        assert 0 < ball.radius < ball.trap.radius
        points = inside(ball, 0.999, 200)
        image = points
        for _ in range(period):
            image = numpy_map(m).step(image)
        shape = np.array([[float(v) for v in row] for row in ball.trap.norm.matrix])
        centre = np.array(ball.trap.centre)[:, None]
        before, after = (np.linalg.norm(shape @ (x - centre), axis=0) for x in (points, image))
        assert np.all(after <= ball.trap.rate * before + 1e-14)


@pytest.mark.parametrize("name", MAPS)
def test_floats_and_balls_agree_on_what_is_inside(name: str) -> None:
    m, period = MAPS[name]
    for ball in all_balls(m, period):
        for share, expected in ((0.0, True), (1 - 1e-9, True), (1 + 1e-9, False), (3.0, False)):
            points = inside(ball, share, 20)
            assert ball.holds_boxes(points, points).tolist() == [expected] * 20
            with balls.precision(128):
                assert ball.holds([balls.ball(float(x)) for x in points[:, 0]]) is expected
                reach = float(distance(ball.trap, [balls.ball(float(x)) for x in points[:, 0]]))
            assert reach == pytest.approx(share * float(ball.radius), abs=1e-12)


def test_a_wide_box_counts_as_inside_only_as_a_whole() -> None:
    (_, ball) = all_balls(d.neuron(2), 1)
    scale = float(ball.trap.norm.matrix[0][0])
    centre, half = ball.trap.centre[0], float(ball.radius) / scale
    lo = np.array([[centre - 0.99 * half, centre - 1.01 * half, centre, np.nan, -np.inf]])
    hi = np.array([[centre + 0.99 * half, centre, centre + 1.01 * half, centre, centre]])
    assert ball.holds_boxes(lo, hi).tolist() == [True, False, False, False, False]


def test_destinations_are_those_of_float_orbits_and_the_ridge_stays_open() -> None:
    m = d.tanh_network([[2, "1/5"], ["1/5", "9/5"]])
    found = all_balls(m, 1)
    states = np.random.default_rng(5).uniform(-4, 4, size=(2, 300))
    owners, times = destinations(m, found, states, states, 500)
    ends = states
    for _ in range(200):
        ends = numpy_map(m).step(ends)
    centres = np.array([ball.trap.centre for ball in found])
    nearest = np.argmin(np.linalg.norm(ends.T[:, None] - centres[None], axis=2), axis=1)
    assert owners.tolist() == [found[k].owner for k in nearest]
    assert times.max() < 30
    odd, _ = destinations(m, found, np.array([[0.0, -0.1, np.nan]] * 2), np.array([[0.0, 0.1, np.nan]] * 2), 200)
    assert odd.tolist() == [-1, -1, -1]  # a fixed point of its own, across the ridge, nothing
