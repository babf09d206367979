"""The figure of a Morse graph: every cell and every step is in it, and what is not proved looks different."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from matplotlib.text import Annotation

import dynlatch as d
from dynlatch.cells.morse import MorseGraph
from dynlatch.verdict import Verdict
from dynlatch.views.figures import png_bytes
from dynlatch.views.morse import MOST_SETS, layers, morse_figure, together
from dynlatch.views.style import PAPER, colour_of

NETWORK = d.tanh_network([[2, "1/5"], ["1/5", "9/5"]])
GRAPHS = {
    "neuron": d.morse_graph(d.neuron(2), resolution=64),
    "network": d.morse_graph(NETWORK, resolution=64),
    "henon": d.morse_graph(d.henon(), resolution=64),
    "coarse": d.morse_graph(NETWORK, resolution=16, refine=0),
    "three": d.morse_graph(d.tanh_network([[2, 0, 0], [0, "1/2", 0], [0, 0, "1/2"]]), resolution=8),
}


def panels(found: MorseGraph) -> tuple[Axes, Axes]:
    left, right = morse_figure(found).axes
    return left, right


@pytest.mark.parametrize("name", GRAPHS)
def test_every_cell_is_drawn_in_the_colour_of_its_set(name: str) -> None:
    found = GRAPHS[name]
    left, _ = panels(found)
    drawn = [c for c in left.collections if isinstance(c, PolyCollection)]
    assert len(drawn) == len(found.sets)
    for s, polygons in zip(found.sets, drawn, strict=True):
        lo, hi = found.digraph.tree.ends(s.cells)
        corners = np.array([path.vertices[:4] for path in polygons.get_paths()])
        assert np.array_equal(corners[:, 0, 0], lo[0])
        assert np.array_equal(corners[:, 2, 0], hi[0])
        if len(lo) > 1:
            assert np.array_equal(corners[:, 2, 1], hi[1])
        assert to_hex(polygons.get_facecolor()[0]) == colour_of(s.number)


@pytest.mark.parametrize("name", ["neuron", "network", "henon", "three"])
def test_every_step_is_an_arrow_down(name: str) -> None:
    found = GRAPHS[name]
    _, right = panels(found)
    arrows = [(t.xy, t.xyann) for t in right.texts if isinstance(t, Annotation) and t.arrow_patch is not None]
    assert len(arrows) == found.graph.number_of_edges() > 0
    assert all(end[1] < start[1] for end, start in arrows)
    shown = {text.get_text() for text in right.texts} - {""}
    leaves = any(node == "outside" for _, node in found.graph.edges)
    assert shown == {str(s.number) for s in found.sets} | ({"outside"} if leaves else set())


def test_what_is_not_proved_is_hollow_and_what_attracts_is_square() -> None:
    for name in ("network", "henon", "coarse"):
        found = GRAPHS[name]
        _, right = panels(found)
        in_order = [node for node in layers(found.graph) if not isinstance(node, str)]
        for s, line in zip((found.sets[k] for k in in_order), right.lines, strict=True):
            assert line.get_marker() == ("s" if s.attracting else "o")
            assert (to_hex(line.get_markerfacecolor()) == to_hex(PAPER)) == (s.verdict is not Verdict.PROVED)


def test_a_speck_is_marked_where_its_point_is() -> None:
    found = d.morse_graph(NETWORK)
    left, _ = panels(found)
    for s, line in zip(found.sets, left.lines, strict=True):
        (x,), (y,) = line.get_data()
        (point,) = s.points
        for shown, value, (lo, hi) in zip((x, y), point.values, s.box, strict=True):
            assert abs(shown - value) <= float(hi - lo) / 2


def test_numbers_of_sets_that_lie_close_stand_side_by_side() -> None:
    places = [(0.0, 0.0), (0.05, -0.03), (0.5, 0.0), (0.0, 0.05), (-0.05, 0.01)]
    assert list(together(places, (0.06, 0.04)).values()) == [[0, 1, 4], [2], [3]]
    left, _ = panels(replace(GRAPHS["network"], sets=GRAPHS["network"].sets * 2))
    assert [text.get_text() for text in left.texts] == [f"{k}, {k}" for k in range(9)]
    left, _ = panels(GRAPHS["network"])
    assert [text.get_text() for text in left.texts] == [str(k) for k in range(9)]


def test_too_many_sets_for_a_graph_are_said_to_be() -> None:
    sets = GRAPHS["network"].sets * 6
    assert len(sets) > MOST_SETS
    _, right = panels(replace(GRAPHS["network"], sets=sets))
    assert right.texts[0].get_text().startswith(f"{len(sets)} sets are too many to draw")


def test_the_same_graph_gives_the_same_bytes() -> None:
    first, second = (png_bytes(morse_figure(GRAPHS["henon"])) for _ in range(2))
    assert first == second
