"""The figure of the trade-off: the law's band, a line a family, marks that tell proved from open and refuted."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from functools import cache

import numpy as np
from matplotlib.figure import Figure

import dynlatch as d
from dynlatch.latch.tradeoff import Tradeoff, tradeoff
from dynlatch.latch.tradeoff_families import coupled, feedforward
from dynlatch.views.figures import png_bytes, svg_text
from dynlatch.views.style import PAPER, colour_of
from dynlatch.views.tradeoff import tradeoff_figure


@cache
def curves() -> tuple[Tradeoff, ...]:
    return (
        tradeoff(d.neuron(2), [1, "3/2", 2, 3], parameter="w"),
        tradeoff(feedforward(2), [-1, 0, 1], parameter="k", name="fed $neuron"),
        tradeoff(coupled(3), ["-1/5"], parameter="c", name="coupled"),
    )


def marks(figure: Figure, panel: int, marker: str) -> list[tuple[float, float]]:
    lines = [
        line for line in figure.axes[panel].lines if line.get_marker() == marker and line.get_linestyle() == "None"
    ]
    return [(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in lines]


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for found in figure.legends for text in found.get_texts()]


def test_every_known_point_is_marked_and_refutations_are_crossed() -> None:
    figure = tradeoff_figure(curves(), d.tradeoff_law())
    neuron, fed, _ = curves()
    assert marks(figure, 0, "o") == [(float(p.rate or 0), float(p.critical or 0)) for p in neuron.known]
    assert marks(figure, 1, "s") == [(float(p.rate or 0), float(p.excess or 0)) for p in fed.known]
    assert len(marks(figure, 0, "x")) == len(marks(figure, 1, "x")) == 2
    (undecided,) = [line for line in figure.axes[0].lines if line.get_marker() == "^"]
    assert undecided.get_markerfacecolor() == PAPER
    assert undecided.get_color() == colour_of(2)
    shown = legend(figure)
    assert "neuron, over w" in shown
    assert r"fed \$neuron, over k" in shown
    assert "contradicts the neuron's law" in shown
    assert any("PROVED for every neuron" in text for text in shown)


def test_the_band_is_the_law() -> None:
    axes = tradeoff_figure(curves(), d.tradeoff_law()).axes
    for panel, expected in ((0, lambda g: ((g - 1) / 2, g / 2)), (1, lambda g: (0.0, 1.0))):
        outline = np.asarray(axes[panel].collections[0].get_paths()[0].vertices)
        reach = float(outline[:, 0].max())
        heights = outline[np.isclose(outline[:, 0], reach), 1]
        assert np.allclose([heights.min(), heights.max()], expected(reach))


def test_the_same_curves_give_the_same_bytes_and_a_whole_picture() -> None:
    first, second = (tradeoff_figure(curves(), d.tradeoff_law()) for _ in range(2))
    assert svg_text(first) == svg_text(second)
    assert ElementTree.fromstring(svg_text(first)).tag == "{http://www.w3.org/2000/svg}svg"
    assert png_bytes(first).startswith(b"\x89PNG")


def test_there_is_a_picture_without_a_law_and_without_points() -> None:
    bare = tradeoff_figure(curves()[:1])
    assert legend(bare) == ["neuron, over w"]
    assert not bare.axes[0].collections
    empty = tradeoff_figure([tradeoff(d.neuron(2), [1], parameter="w")], d.tradeoff_law())
    assert len(legend(empty)) == 1
