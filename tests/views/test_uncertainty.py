"""The figure of two balls of uncertainty: whole for one and two states, with and without what lies behind."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

import dynlatch as d
from dynlatch.errors import InputError
from dynlatch.noise.uncertainty import Uncertainty, uncertainty
from dynlatch.regions.attractors import find_attractors
from dynlatch.regions.reduced_set import ReducedSet
from dynlatch.views.figures import png_bytes
from dynlatch.views.uncertainty import uncertainty_figure

MAPS = {
    "neuron": (d.neuron(2), ["3/2"], ["1/10"], 0, 60),
    "network": (d.tanh_network([[2, "1/5"], ["1/5", "9/5"]]), ["7/5", "6/5"], ["3/10", "1/5"], "1/25", 12),
    "henon": (d.henon(), ["1/2", "1/5"], ["1/10", "1/10"], 0, 12),
}


@cache
def balls_of(name: str) -> tuple[Uncertainty, Uncertainty]:
    m, inside, outside, noise, steps = MAPS[name]
    known = find_attractors(m, m.domain)
    first, second = (
        uncertainty(m, a0, "1/20", steps, noise, samples=40, pieces=16, attractors=known) for a0 in (inside, outside)
    )
    return first, second


@cache
def ground_of(name: str) -> ReducedSet:
    return d.reduced_set(MAPS[name][0], resolution=60)


def texts(figure: Figure) -> list[str]:
    shown = [axes.get_title(loc="left") for axes in figure.axes]
    return [*shown, *(t.get_text() for axes in figure.axes for child in [axes, *axes.child_axes] for t in child.texts)]


@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("behind", [False, True])
def test_both_rows_are_drawn(name: str, behind: bool) -> None:
    figure = uncertainty_figure(*balls_of(name), ground_of(name) if behind else None)
    assert len(figure.axes) == 4
    titles = texts(figure)
    assert any("inside" in t for t in titles)
    assert any("outside" in t for t in titles)
    for axes in figure.axes[2:]:
        assert axes.get_yscale() == "log"
        assert len(axes.get_lines()) == 4
    assert figure.axes[2].get_ylim() == figure.axes[3].get_ylim()


def test_the_enclosure_is_what_is_drawn() -> None:
    inside, outside = balls_of("neuron")
    figure = uncertainty_figure(inside, outside)
    for axes, found in zip(figure.axes[2:], (inside, outside), strict=True):
        drawn = [line.get_ydata() for line in axes.get_lines()]
        assert any(np.array_equal(y, found.enclosed) for y in drawn)
        assert any(np.array_equal(y, found.linear) for y in drawn)
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()
    assert any("7.8" in t for t in texts(figure))  # the neuron's peak, at t = 4


def test_every_cell_of_the_steps_shown_is_drawn() -> None:
    figure = uncertainty_figure(*balls_of("network"))
    for axes, found in zip(figure.axes[:2], balls_of("network"), strict=True):
        drawn = [c for c in axes.collections if isinstance(c, PolyCollection)]
        assert 2 < len(drawn) <= 6
        assert len(drawn[0].get_paths()) == found.cells[0][0].shape[1]
        x0, x1 = axes.get_xlim()
        y0, y1 = axes.get_ylim()
        assert x1 - x0 == pytest.approx(y1 - y0)
        assert np.all((found.cells[0][0][0] > x0) & (found.cells[0][1][0] < x1))
    sizes = [axes.get_xlim()[1] - axes.get_xlim()[0] for axes in figure.axes[:2]]
    assert sizes[0] == pytest.approx(sizes[1])


def test_the_same_balls_give_the_same_bytes() -> None:
    assert png_bytes(uncertainty_figure(*balls_of("neuron"))) == png_bytes(uncertainty_figure(*balls_of("neuron")))


def test_an_enclosure_that_ends_early_is_drawn_as_far_as_it_goes() -> None:
    m = d.henon()
    known = find_attractors(m, m.domain)
    lost = uncertainty(m, [2, 2], "1/10", 12, samples=20, pieces=8, attractors=known)
    assert len(lost.cells) < 13
    assert len(uncertainty_figure(balls_of("henon")[0], lost).axes) == 4


def test_other_balls_are_refused() -> None:
    three = d.tanh_network([[2, 0, 0], [0, 2, 0], [0, 0, "1/2"]])
    found = uncertainty(three, [1, 1, 1], "1/10", 2, samples=5, pieces=3)
    with pytest.raises(InputError, match="at most 2 states"):
        uncertainty_figure(found, found)
    with pytest.raises(InputError, match="one map"):
        uncertainty_figure(balls_of("neuron")[0], balls_of("network")[0])
