"""Figures of the minimal problem: what is drawn is what was given."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.figure import Figure

from dynlatch.learning import BackPropagation, Minimal, train
from dynlatch.views.figures import png_bytes, svg_text
from dynlatch.views.minimal_problem import LengthCurve, density_figure, length_figure, response_figure


def points(figure: Figure, panel: int, marker: str) -> list[list[float]]:
    return [np.asarray(line.get_ydata()).tolist() for line in figure.axes[panel].lines if line.get_marker() == marker]


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for found in figure.legends for text in found.get_texts()]


def test_inputs_and_states_are_those_of_the_first_test_sequence_of_each_class() -> None:
    (run,) = train([Minimal(T=9, variance=0.0, num_test=8).trial(0, 0)], BackPropagation(), budget=100)
    rng = np.random.default_rng(0)
    inputs, states = rng.normal(size=(2, 8, 9))
    figure = response_figure(run, inputs, states, 0.9, 0.25)
    left, right = figure.axes
    bold = [np.asarray(line.get_ydata()).tolist() for line in left.lines if line.get_linewidth() > 2.0]
    assert bold == [inputs[0, :3].tolist(), inputs[1, :3].tolist()]
    shown = [np.asarray(line.get_ydata()).tolist() for line in right.lines if line.get_linewidth() == 2.0]
    assert shown == [states[0].tolist(), states[1].tolist()]
    assert [np.asarray(line.get_ydata()).tolist() for line in right.lines if line.get_linestyle() == ":"] == [
        [0.9, 0.9],
        [-0.9, -0.9],
    ]
    band = left.patches[0].get_extents().transformed(left.transData.inverted())
    assert np.allclose([band.y0, band.y1], [-0.25, 0.25])
    assert len([line for line in right.lines if line.get_linewidth() == 0.5]) == 6
    assert len(legend(figure)) == 6


def test_each_pair_is_a_cell_with_its_number() -> None:
    converged, accuracy = np.array([[0.0, 0.5, 1.0], [0.25, 0.75, 1.0]]), np.full((2, 3), 0.625)
    figure = density_figure((1.0, 2.0), (0.0, 0.04, 0.25), converged, accuracy, "what it is")
    left, right, *_ = figure.axes
    assert [text.get_text() for text in left.texts] == ["0%", "50%", "100%", "25%", "75%", "100%"]
    assert [text.get_text() for text in right.texts] == ["0.62"] * 6
    assert [text.get_position() for text in left.texts][3] == (0.5, 1.5)
    assert [label.get_text() for label in left.get_xticklabels()] == ["0\n0", "0.04\n0.2", "0.25\n0.5"]
    colours = [text.get_color() for text in left.texts]
    assert colours[0] != colours[2]  # light on dark, dark on light
    assert png_bytes(figure)[:4] == b"\x89PNG"


def curve(name: str, shift: float) -> LengthCurve:
    steps = np.arange(4, 11)
    lengths = np.array([4, 7, 10])
    fall = np.linspace(1.0, 0.0, 7)
    shares = np.array([1.0, 0.5, 0.0]) - shift * np.array([0.0, 0.1, 0.0])
    return LengthCurve(
        name, lengths, shares, np.array([[0.9, 0.3, 0.0], [1.0, 0.7, 0.1]]), np.array([1.0, 0.8, 0.6]),
        np.array([1.0, 0.9, 0.2]), np.array([[4.0, 40.0, math.inf], [9.0, math.inf, math.inf]]), steps, fall,
        np.linspace(1.0, 0.6, 7), np.linspace(1.0, 0.3, 7),
    )  # fmt: skip


def test_every_length_is_marked_in_every_panel_and_rules_are_named() -> None:
    first, second = curve("loud", 0.0), curve("soft", 1.0)
    rules = [(9, np.linspace(1.0, 0.2, 7)), (2, np.full(7, 0.9))]
    figure = length_figure([first, second], rules, 0.25, "what it is")
    for panel, values in enumerate((first.converged, first.accuracy, first.inputs_right, first.needed[0])):
        assert points(figure, panel, "o") == [values.tolist()]
    assert points(figure, 0, "s") == [second.converged.tolist()]
    assert [text.get_text() for text in figure.axes[0].texts] == ["9", "2"]
    crossing, at_the_end = (text.xyann for text in figure.axes[0].texts)
    assert np.isclose(crossing[0], 4 + 6 * 0.5 / 0.8)
    assert tuple(at_the_end) == (10.0, 0.9)
    assert figure.axes[3].get_yscale() == "log"
    shown = legend(figure)
    assert shown[:2] == ["learned, loud", "learned, soft"]
    assert any("loud" in text and "epochs in a row" in text for text in shown[2:])
    assert svg_text(figure) == svg_text(length_figure([first, second], rules, 0.25, "what it is"))
