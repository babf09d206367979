"""Algorithms against tasks, lengths and noise: how many trials learn, and what that takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dynlatch.views.style import INK, MUTED, PALETTE, PAPER, arrange, frame, legend_below, new_figure, styled

if TYPE_CHECKING:
    from dynlatch.learning.summary import Summary

Cell: TypeAlias = "tuple[str, int, float, Summary]"
"""The name of a task, T, the bound of the noise, and what the trials came to."""

_SPREAD: Final = 0.62
"""The part of an algorithm's place that its marks fill."""


def grid_figure(cells: Sequence[Cell]) -> Figure:
    """One column a task: above, the share of trials that learned with its 95 % interval; below, their presentations.

    Within the place of an algorithm T grows to the right; full marks are without noise, open ones with noise. Below,
    marks are medians and lines reach from quartile to quartile, over the trials that learned.
    """
    tasks = list(dict.fromkeys(task for task, _, _, _ in cells))
    names = list(dict.fromkeys(summary.algorithm for _, _, _, summary in cells))
    kinds = sorted({(steps, noise) for _, steps, noise, _ in cells})
    lengths = sorted({steps for steps, _ in kinds})
    with styled():
        figure = new_figure(3.3 * len(tasks) + 0.6, 5.6)
        panels = figure.subplots(2, len(tasks), sharex=True, sharey="row", squeeze=False)
        for task, (above, below) in zip(tasks, panels.T, strict=True):
            for name, steps, noise, summary in cells:
                if name != task:
                    continue
                offset = _SPREAD * (kinds.index((steps, noise)) / max(1, len(kinds) - 1) - 0.5)
                at = names.index(summary.algorithm) + offset
                colour = PALETTE[lengths.index(steps) % len(PALETTE)]
                _mark(above, at, summary.learned / summary.num_runs, summary.low, summary.high, colour, noise)
                if summary.learned:
                    low, middle, high = summary.presentations
                    _mark(below, at, middle, low, high, colour, noise)
            above.set_title(task)
            _panel(above, len(names))
            _panel(below, len(names))
            below.set_xticks(range(len(names)), names, rotation=60, ha="right", rotation_mode="anchor")
        panels[0][0].set(ylabel="share of trials that learn", ylim=(-0.04, 1.04))
        panels[1][0].set(ylabel="presentations to learn", yscale="log")
        legend_below(figure, _handles(lengths, kinds), columns=6)
        arrange(figure)
    return figure


def _mark(axes: Axes, at: float, value: float, low: float, high: float, colour: str, noise: float) -> None:
    axes.plot([at, at], [low, high], color=colour, linewidth=1.1, solid_capstyle="butt")
    face = PAPER if noise else colour
    axes.plot([at], [value], "o", color=colour, markerfacecolor=face, markersize=4.2, markeredgewidth=1.1, zorder=3)


def _panel(axes: Axes, count: int) -> None:
    """Bands that hold the marks of one algorithm together."""
    for k in range(0, count, 2):
        axes.axvspan(k - 0.5, k + 0.5, color=MUTED, alpha=0.1, linewidth=0.0, zorder=0)
    axes.set_xlim(-0.5, count - 0.5)
    axes.tick_params(axis="x", length=0.0)
    axes.grid(axis="y")
    frame(axes)


def _handles(lengths: Sequence[int], kinds: Sequence[tuple[int, float]]) -> list[Any]:
    made: list[Any] = [
        Line2D([], [], color=PALETTE[k % len(PALETTE)], marker="o", markersize=4.2, linewidth=1.1, label=f"T = {steps}")
        for k, steps in enumerate(lengths)
    ]
    for noise in sorted({noise for _, noise in kinds}):
        face, label = (PAPER, f"noise up to {noise:g}") if noise else (INK, "without noise")
        made.append(
            Line2D([], [], color=INK, marker="o", markerfacecolor=face, linestyle="", markersize=4.2, label=label)
        )
    return made
