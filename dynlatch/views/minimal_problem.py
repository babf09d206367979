"""The minimal problem of BSF94, Section III: what one learned neuron does, when learning succeeds (Figs. 1 and 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from dynlatch.views.style import (
    INK,
    MUTED,
    PALETTE,
    PAPER,
    Floats,
    arrange,
    colour_of,
    frame,
    legend_below,
    new_figure,
    styled,
)

if TYPE_CHECKING:
    from dynlatch.learning.run import Run

Integers = NDArray[np.int64]

_CLASS_COLOURS: Final = (PALETTE[0], PALETTE[1])
_BAND: Final = "#dfe2e5"
_DENSE: Final = LinearSegmentedColormap.from_list("dense", ["#0b2a45", PALETTE[0], "#9cc8e6", PAPER])
"""Dark to white, as the paper has it: white is high density."""
_BRIGHTNESS: Final = (0.299, 0.587, 0.114)
"""How bright red, green and blue are to the eye."""
_DASHED: Final = (0, (5, 2))
_MARKERS: Final = (("o", 7.0), ("s", 5.0), ("^", 3.5))
"""Shapes and sizes: a later one leaves an earlier one in the same place to be seen."""
_ORBITS: Final = 25
_FEW, _MANY = 1.0, 20_000.0
"""Presentations that the axis shows."""


def response_figure(run: Run, inputs: Floats, states: Floats, latched: float, critical: float) -> Figure:
    """Inputs of the neuron as in Fig. 1(b), and beside them what its state does.

    ``inputs`` (S, T) and ``states`` (S, T): h_t, of which the first L are learned, and x_t of the run's test
    sequences; the first of each class is drawn bold. ``latched``: the fixed point of x -> tanh(w x) above 0.
    ``critical``: h* of the learned weight, the noise that a latched sign stands. Cost: some tenths of a second.
    """
    trial = run.trial
    learned, steps = len(trial.network.cues) // 2, trial.test.steps
    t = np.arange(1, steps + 1)
    with styled():
        figure = new_figure(8.2, 4.4)
        left, right = figure.subplots(1, 2)
        left.axhspan(-critical, critical, color=_BAND, linewidth=0.0, zorder=0)
        for axes in (left, right):
            axes.axhline(0.0, color=MUTED, linewidth=0.7)
            axes.set(xlim=(0.5, steps + 0.5), xlabel="t (steps)")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        for level in (latched, -latched):
            right.axhline(level, color=INK, linewidth=0.9, linestyle=":")
        for colour, sign in zip(_CLASS_COLOURS, (1.0, -1.0), strict=True):
            mine = np.flatnonzero(trial.test.classes == sign)
            right.plot(t, states[mine[1 : 1 + _ORBITS]].T, color=colour, linewidth=0.5, alpha=0.35)
            right.plot(t, states[mine[0]], color=colour, linewidth=2.0, marker="o", markersize=3.0)
            right.plot([steps + 0.35], [sign * trial.target], marker="<", color=colour, markersize=7.0, clip_on=False)
            left.plot(t, inputs[mine[0]], color=colour, linewidth=0.8)
            left.plot(t[learned:], inputs[mine[0], learned:], "o", color=colour, markersize=3.0, markerfacecolor=PAPER)
            left.plot(t[:learned], inputs[mine[0], :learned], "o-", color=colour, markersize=5.0, linewidth=2.6)
        left.set(ylabel="$h_t$", title=f"inputs: {learned} learned, then noise")
        right.set(
            ylabel="$x_t$", ylim=(-1.04, 1.04), title=f"states; of all test sequences {run.test_error:.1%} end wrong"
        )
        figure.suptitle(_run_text(run), x=0.01, ha="left", fontsize=10)
        legend_below(figure, _response_handles(), columns=3)
        arrange(figure)
    return figure


def _run_text(run: Run) -> str:
    trial = run.trial
    begins = float(trial.initial[0])
    return (
        f"The minimal problem, learned in {run.presentations:,} presentations: "
        f"$w$ from {begins:g} to {float(run.parameters[0]):.2f}, noise of variance {trial.fresh**2:g}"
    )


def _response_handles() -> list[Any]:
    return [
        Line2D([], [], color=_CLASS_COLOURS[0], linewidth=2.0, marker="o", markersize=4.0, label="class 1"),
        Line2D([], [], color=_CLASS_COLOURS[1], linewidth=2.0, marker="o", markersize=4.0, label="class 0"),
        Line2D([], [], color=MUTED, linewidth=0.6, label=f"{_ORBITS} more sequences of each class"),
        Patch(facecolor=_BAND, label="$|h_t| < h^*$: cannot unlatch the sign"),
        Line2D([], [], color=INK, linewidth=0.9, linestyle=":", label=r"attractors $\pm\bar x$ without input"),
        Line2D([], [], color=MUTED, linestyle="", marker="<", markersize=6.0, label=r"targets $\pm 0.8$"),
    ]


# --- Fig. 2(a) --------------------------------------------------------------------------------------------------------


def density_figure(
    weights: Sequence[float], variances: Sequence[float], converged: Floats, accuracy: Floats, title: str = ""
) -> Figure:
    """Fig. 2(a): how often training converges over initial weights and noise, and how well what it found does.

    ``converged`` and ``accuracy``, shape (W, S): the share of runs that met the stopping rule, and the mean share of
    right answers of all runs on noise that they have not seen. Cost: some tenths of a second.
    """
    with styled():
        figure = new_figure(9.4, 4.8)
        left, right = figure.subplots(1, 2, sharey=True)
        mesh = _cells(left, weights, variances, converged, (0.0, 1.0), "{:.0%}")
        figure.colorbar(mesh, ax=left, shrink=0.85, pad=0.02).outline.set_visible(False)
        mesh = _cells(right, weights, variances, accuracy, (0.5, 1.0), "{:.2f}")
        figure.colorbar(mesh, ax=right, shrink=0.85, pad=0.02).outline.set_visible(False)
        left.set(ylabel="initial weight $w_0$", title="share of runs that converged")
        right.set(title="mean accuracy of all runs on fresh noise")
        figure.suptitle(title, x=0.01, ha="left", fontsize=10)
        arrange(figure)
    return figure


def _cells(
    axes: Axes, weights: Sequence[float], variances: Sequence[float], values: Floats, limits: tuple[float, float],
    form: str,
) -> QuadMesh:  # fmt: skip
    """A matrix of values as cells of equal size, with the numbers in them; the axes are not to scale."""
    mesh = axes.pcolormesh(values, cmap=_DENSE, vmin=limits[0], vmax=limits[1], edgecolors=_BAND, linewidth=0.5)
    for (row, column), value in np.ndenumerate(values):
        bright = float(np.dot(mesh.to_rgba(np.array([value]))[0][:3], _BRIGHTNESS)) > 0.6
        axes.text(
            column + 0.5, row + 0.5, form.format(value), ha="center", va="center", fontsize=7.0,
            color=INK if bright else PAPER,
        )  # fmt: skip
    axes.set_xticks(np.arange(len(variances)) + 0.5, [f"{s:g}\n{np.sqrt(s):.2g}" for s in variances], fontsize=8)
    axes.set_yticks(np.arange(len(weights)) + 0.5, [f"{w:g}" for w in weights])
    axes.tick_params(length=0)
    axes.set_xlabel("noise: variance $s$, and below it the standard deviation")
    frame(axes)
    return mesh


# --- Fig. 2(b) --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class LengthCurve:
    """What becomes of training at one size of noise as sequences get longer.

    ``lengths`` (K,): T of the runs. ``converged`` (K,) and ``interval`` (2, K): the share of runs that met the stopping
    rule, with its confidence interval. ``accuracy`` (K,): their mean share of right answers on fresh noise.
    ``inputs_right`` (K,): the share of runs whose inputs give the right answers to both classes if there is no noise;
    ``needed`` (2, K): after how many presentations this was so for good in half of the runs, and in nine of ten; inf if
    in fewer.
    For a neuron whose inputs are as good as inputs can be, from theory, at ``steps`` (M,): ``chance`` (M,) that it
    meets the rule, ``right`` (M,) that its answer is right, and ``survived`` (M,) that its sign never changed.
    """

    name: str
    lengths: Integers
    converged: Floats
    interval: Floats
    accuracy: Floats
    inputs_right: Floats
    needed: Floats
    steps: Integers
    chance: Floats
    right: Floats
    survived: Floats


def length_figure(
    curves: Sequence[LengthCurve], other_rules: Sequence[tuple[int, Floats]], at_first: float, title: str = ""
) -> Figure:
    """Fig. 2(b): convergence against T beside what no learning exceeds, the accuracy, and whether inputs were learned.

    ``other_rules``: streaks of error-free epochs, and the chances (M,) at the noise of the first curve, of a neuron
    that does not learn to meet a stopping rule that asks for so many. ``at_first``: the share of runs whose inputs are
    right before they learn. Cost: some tenths of a second.
    """
    with styled():
        figure = new_figure(9.0, 7.4)
        panels = figure.subplots(2, 2).ravel()
        left, middle, right, last = panels
        for number, curve in enumerate(curves):
            colour, (marker, size) = colour_of(number), _MARKERS[number % len(_MARKERS)]
            ends = np.abs(curve.interval - curve.converged)
            left.errorbar(curve.lengths, curve.converged, yerr=ends, color=colour, linestyle="", elinewidth=0.9)
            for axes, values in zip(
                panels, (curve.converged, curve.accuracy, curve.inputs_right, curve.needed[0]), strict=True
            ):  # fmt: skip
                axes.plot(curve.lengths, values, color=colour, marker=marker, linestyle="", markersize=size, zorder=3)
            left.plot(curve.steps, curve.chance, color=colour, linewidth=1.3)
            middle.plot(curve.steps, curve.right, color=colour, linewidth=1.3)
            middle.plot(curve.steps, curve.survived, color=colour, linewidth=1.0, linestyle=":")
            right.plot(curve.lengths, curve.inputs_right, color=colour, linewidth=0.6)
            for values, style in zip(curve.needed, ("-", "--"), strict=True):
                last.plot(curve.lengths, values, color=colour, linewidth=0.8, linestyle=style)
        for count, chance in other_rules:
            left.plot(curves[0].steps, chance, color=MUTED, linewidth=0.9, linestyle=_DASHED, zorder=1)
            _name_rule(left, curves[0].steps, chance, count)
        for axes, text in zip(
            panels, ("share of runs that converged", "right answers on fresh noise",
                     "share of runs whose inputs are right without noise",
                     "presentations until they are: half, 9 of 10 runs (dashed)"), strict=True,
        ):  # fmt: skip
            axes.grid()
            axes.set(
                xlabel="length T (steps)", xlim=(curves[0].steps[0] - 1, curves[0].steps[-1] + 1), ylim=(-0.02, 1.04)
            )
            axes.set_title(text)
        middle.axhline(0.5, color=MUTED, linewidth=0.7)
        right.axhline(at_first, color=MUTED, linewidth=0.9, linestyle="-.")
        last.set(yscale="log", ylim=(_FEW, 1.5 * _MANY))
        figure.suptitle(title, x=0.01, ha="left", fontsize=10)
        legend_below(figure, _length_handles(curves), columns=3)
        arrange(figure)
    return figure


def _name_rule(axes: Axes, steps: Integers, chance: Floats, count: int) -> None:
    """The streak of a rule, where its curve falls through a half, or at its end."""
    below = np.flatnonzero(chance < 0.5)
    k = int(below[0]) if below.size else len(steps) - 1
    x, y = float(steps[k]), float(chance[k])
    if below.size and k:
        x, y = float(np.interp(0.5, [chance[k], chance[k - 1]], [steps[k], steps[k - 1]])), 0.5
    axes.annotate(
        str(count), (x, y), ha="center", va="center", fontsize=7.5, color=INK,
        bbox={"boxstyle": "round,pad=0.15", "facecolor": PAPER, "edgecolor": "none"},
    )  # fmt: skip


def _length_handles(curves: Sequence[LengthCurve]) -> list[Any]:
    handles: list[Any] = []
    for k, curve in enumerate(curves):
        marker, size = _MARKERS[k % len(_MARKERS)]
        handles.append(
            Line2D(
                [], [], color=colour_of(k), marker=marker, markersize=size, linestyle="", label=f"learned, {curve.name}"
            )
        )
    named: tuple[tuple[str, str, Any, float], ...] = (
        ("best inputs, no learning (theory)", INK, "-", 1.3),
        ("their sign never changed (theory)", INK, ":", 1.0),
        (f"best inputs, {curves[0].name}, more or fewer epochs in a row", MUTED, _DASHED, 0.9),
        ("before learning", MUTED, "-.", 0.9),
    )
    return handles + [
        Line2D([], [], color=colour, linewidth=width, linestyle=style, label=text)
        for text, colour, style, width in named
    ]
