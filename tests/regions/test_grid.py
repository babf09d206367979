"""Grids: cells where they should be, bad requests refused in one line."""

from __future__ import annotations

import numpy as np
import pytest

import dynlatch as d
from dynlatch.regions.grid import make_grid

NETWORK = d.tanh_network([[2, "1/5", 0], ["1/5", "9/5", 0], [0, 0, "3/2"]])


def test_cells_are_the_middles_in_c_order() -> None:
    grid = make_grid(NETWORK, [(-1, 1), (0, 3), (0, 1)], (4, 3, 2))
    points = grid.points(0, grid.num_cells).reshape(3, 4, 3, 2)
    assert grid.num_cells == 24
    np.testing.assert_array_equal(points[0, :, 0, 0], [-0.75, -0.25, 0.25, 0.75])
    np.testing.assert_array_equal(points[1, 2, :, 1], [0.5, 1.5, 2.5])
    np.testing.assert_array_equal(points[2, 3, 2, :], [0.25, 0.75])
    np.testing.assert_array_equal(grid.points(5, 9), grid.points(0, 24)[:, 5:9])


def test_a_slice_holds_the_other_states() -> None:
    grid = make_grid(NETWORK, resolution=3, axes=["a3", "a1"], at={"a2": "1/4"})
    points = grid.points(0, 9)
    assert grid.axes == (2, 0)
    np.testing.assert_array_equal(points[1], np.full(9, 0.25))
    assert len(set(points[2][:3])) == 1, "the first named axis varies slowest"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"box": [(1, 0)]}, "inverted"),
        ({"box": [(0, 0)]}, "empty"),
        ({"box": [(0, float("nan"))]}, "not finite"),
        ({"box": [(0, 1), (0, 1)]}, "wrong shape"),
        ({"box": 3}, "not a box"),
        ({"resolution": 0}, "at least 1"),
        ({"resolution": -4}, "at least 1"),
        ({"resolution": True}, "at least 1"),
        ({"resolution": (3, 3)}, "2 numbers for 1 axes"),
        ({"resolution": 10**15}, "PB"),
        ({"axes": ["b"]}, "no state"),
        ({"axes": ["a", "a"]}, "each once"),
        ({"at": {"z": 0}}, "no state"),
        ({"at": {"a": "x"}}, "not a finite number"),
    ],
)
def test_bad_requests_are_refused_in_one_line(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(d.InputError, match=words) as caught:
        make_grid(d.neuron(2), **arguments)
    assert "\n" not in str(caught.value)
