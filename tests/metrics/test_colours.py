"""Labels as colours: what is left out, and what is no labelled grid."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dynlatch as d
from dynlatch.metrics.colours import colours_of, labels_of, per_axis


def test_labels_of_basins_are_theirs() -> None:
    found = d.basins(d.neuron(2), resolution=9)
    assert labels_of(found) is found.labels


def test_colours_count_from_0_in_the_order_of_the_labels() -> None:
    labels = np.array([[7, -1], [-4, 7]])
    colours, names = colours_of(labels)
    assert names == (-4, -1, 7)
    np.testing.assert_array_equal(colours, [[2, 1], [0, 2]])
    colours, names = colours_of(labels, labels < 0)
    assert names == (7,)
    np.testing.assert_array_equal(colours, [[0, -1], [-1, 0]])


@pytest.mark.parametrize("found", [np.zeros((2, 2)), np.zeros(0, dtype=int), 3, "ab", None, [[1.5]]], ids=repr)
def test_what_holds_no_labels_is_refused_in_one_line(found: Any) -> None:
    with pytest.raises(d.InputError, match="holds no labels") as caught:
        labels_of(found)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("given", [0, 5, True, 1.5, (2, 5), (2,), "ab"])
def test_bad_numbers_of_cells_are_refused(given: Any) -> None:
    with pytest.raises(d.InputError, match="box_cells"):
        per_axis(given, (8, 4), "box_cells")
