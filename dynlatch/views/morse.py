"""The figure of a Morse graph: where its sets lie in the box, and what can lead where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from dynlatch.verdict import Verdict
from dynlatch.views.style import (
    INK,
    MUTED,
    PAPER,
    Floats,
    arrange,
    colour_of,
    frame,
    heading,
    legend_below,
    new_figure,
    styled,
    symbol_text,
)

if TYPE_CHECKING:
    from dynlatch.cells.morse import MorseGraph, MorseSet

_SPECK: Final = 0.015
"""A set that is smaller than this part of the box on every side is marked, else nobody would see it."""
_CLOSE: Final = (0.06, 0.04)
"""Parts of the box: the numbers of sets nearer than that would lie on one another, and stand side by side."""
_MOST_NUMBERS: Final = 4
MOST_SETS: Final = 40
"""More sets than that are drawn where they lie, but not in the graph."""


def morse_figure(found: MorseGraph) -> Figure:
    """The cells of every Morse set, and the order's direct steps as arrows that lead down.

    Squares are attracting sets, circles are not; filled ones are proved to hold an invariant set. Of three or four
    states the first two are shown. Sets have the numbers of ``MorseSet.number``. Cost: tenths of a second.
    """
    with styled():
        figure = new_figure(8.4, 4.6)
        left, right = figure.subplots(1, 2, width_ratios=(1.2, 1.0))
        _show_sets(left, found)
        _show_graph(right, found)
        legend_below(figure, _handles(), columns=2)
        arrange(figure)
    return figure


def _show_sets(axes: Axes, found: MorseGraph) -> None:
    box = [(float(lo), float(hi)) for lo, hi in found.box]
    flat = len(box) == 1
    (x0, x1), (y0, y1) = box[0], (0.0, 1.0) if flat else box[1]
    places: list[tuple[float, float]] = []
    for s in found.sets:
        lo, hi = found.digraph.tree.ends(s.cells)
        bottom, top = (np.zeros(s.cells.size), np.ones(s.cells.size)) if flat else (lo[1], hi[1])
        colour = colour_of(s.number)
        axes.add_collection(
            PolyCollection(list(_corners(lo[0], hi[0], bottom, top)), facecolor=colour, edgecolor=colour,
                           linewidth=1.0, rasterized=True)
        )  # fmt: skip
        (x, *rest), sides = zip(*((0.5 * float(a + b), float(b - a)) for a, b in s.box), strict=True)
        y = 0.5 if flat else rest[0]
        if not flat and all(side < _SPECK * (b - a) for side, (a, b) in zip(sides, box, strict=True)):
            _mark_set(axes, s, x, y, 6.0)
        places.append((x, y))
    if len(found.sets) <= MOST_SETS:
        reach = _CLOSE[0] * (x1 - x0), _CLOSE[1] * (y1 - y0)
        for place, members in together(places, reach).items():
            numbers = [str(found.sets[k].number) for k in members]
            if len(numbers) > _MOST_NUMBERS:
                numbers[_MOST_NUMBERS - 1 : -1] = ["…"]
            axes.annotate(
                ", ".join(numbers), place, xytext=(6, 6), textcoords="offset points", color=INK, fontsize=8,
                fontweight="bold", zorder=7, path_effects=[withStroke(linewidth=2.0, foreground=PAPER)],
            )  # fmt: skip
    axes.set(xlim=(x0, x1), ylim=(y0, y1), xlabel=symbol_text(found.map.states[0]))
    if flat:
        axes.set_yticks([])
    else:
        axes.set_ylabel(symbol_text(found.map.states[1]))
    axes.set_title(f"Morse sets of {heading(found.map)}")
    frame(axes)


def together(
    places: Sequence[tuple[float, float]], reach: tuple[float, float]
) -> dict[tuple[float, float], list[int]]:  # fmt: skip
    """Which places lie within reach of one of them, the first that is."""
    found: dict[tuple[float, float], list[int]] = {}
    for k, (x, y) in enumerate(places):
        near = ((a, b) for a, b in found if abs(x - a) < reach[0] and abs(y - b) < reach[1])
        found.setdefault(next(near, (x, y)), []).append(k)
    return found


def _corners(left: Floats, right: Floats, bottom: Floats, top: Floats) -> Floats:
    """Rectangles as polygons, shape (N, 4, 2)."""
    x, y = np.stack([left, right, right, left], axis=1), np.stack([bottom, bottom, top, top], axis=1)
    return np.stack([x, y], axis=2)


def _show_graph(axes: Axes, found: MorseGraph) -> None:
    axes.set_axis_off()
    axes.set_title("what can lead where")
    if len(found.sets) > MOST_SETS:
        text = f"{len(found.sets)} sets are too many to draw;\nthe graph as GraphML has them all"
        axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)
        return
    graph = found.graph
    graph.remove_nodes_from([node for node in list(graph) if isinstance(node, str) and not graph.degree(node)])
    places = layers(graph)
    for a, b in graph.edges:
        arrow = {"arrowstyle": "-|>", "color": MUTED, "shrinkA": 9, "shrinkB": 9, "linewidth": 1.0}
        axes.annotate("", places[b], places[a], arrowprops=arrow)
    for node, (x, y) in places.items():
        if isinstance(node, str):
            axes.text(x, y, node, ha="center", va="center", fontsize=8, color=MUTED)
        else:
            _mark_set(axes, found.sets[node], x, y, 14.0)
            colour = PAPER if found.sets[node].verdict is Verdict.PROVED else INK
            axes.text(x, y, str(node), ha="center", va="center", fontsize=8, fontweight="bold", color=colour)
    depth = max((-y for _, y in places.values()), default=0.0)
    axes.set(xlim=(-0.05, 1.05), ylim=(-depth - 0.5, 0.5))


def layers(graph: nx.DiGraph[int | str]) -> Mapping[int | str, tuple[float, float]]:
    """Places of an acyclic graph's nodes: rows go down by the longest way to a node, columns spread from 0 to 1."""
    places: dict[int | str, tuple[float, float]] = {}
    for row, nodes in enumerate(nx.topological_generations(graph)):
        for k, node in enumerate(sorted(nodes, key=str)):
            places[node] = (k + 1) / (len(nodes) + 1), -float(row)
    return places


def _mark_set(axes: Axes, s: MorseSet, x: float, y: float, size: float) -> None:
    colour = colour_of(s.number)
    axes.plot(
        [x], [y], marker="s" if s.attracting else "o", markersize=size, markeredgewidth=1.6, color=colour,
        markerfacecolor=colour if s.verdict is Verdict.PROVED else PAPER,
    )  # fmt: skip


def _handles() -> list[Line2D]:
    def handle(marker: str, face: str, label: str) -> Line2D:
        return Line2D([], [], linestyle="", marker=marker, color=MUTED, markerfacecolor=face, markersize=9, label=label)

    return [
        handle("s", MUTED, "attracting: M maps it into itself (PROVED)"),
        handle("o", MUTED, "not attracting, holds a point or cycle (PROVED)"),
        handle("o", PAPER, "may be empty (INCONCLUSIVE)"),
    ]
