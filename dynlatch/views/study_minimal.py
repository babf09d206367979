"""Figure 2 of BSF94 from the trials of a study: convergence of the minimal problem."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from dynlatch.claims.minimal import density_of, frequencies
from dynlatch.claims.rows import samples
from dynlatch.claims.statistics import wilson
from dynlatch.views.style import INK, MUTED, PALETTE, PAPER, arrange, colour_of, frame, legend_below, new_figure, styled

if TYPE_CHECKING:
    from dynlatch.claims.minimal import Density, Frequency
    from dynlatch.studies.cell import Record

_DENSE: Final = LinearSegmentedColormap.from_list("density", [INK, PALETTE[0], "#9cc8e6", PAPER])
"""Dark to white, as the paper has it: white is high density."""
_BRIGHT: Final = 0.6


def figure_2(records: Iterable[Record]) -> Figure:
    """Left, w learned: the share of trials that converge over noise and initial weight. Right, w fixed: against T.

    A panel without trials is left out, unless there are none at all. On the right with 95 % intervals (Wilson), and
    dotted the chance to converge of the best inputs without learning.
    Raises: InputError for two results of one trial. Cost: about a second.
    """
    some = samples(records, "minimal")
    density, curves = density_of(some), frequencies(some)
    with styled():
        is_learned, is_fixed = density.converged.size > 0, bool(curves)
        drawn = [is_learned or not is_fixed, is_fixed or not is_learned]
        figure = new_figure(4.6 * sum(drawn), 4.2)
        panels = iter(figure.subplots(1, sum(drawn), squeeze=False)[0])
        if drawn[0]:
            _density(next(panels), density)
        if drawn[1]:
            _frequencies(next(panels), curves)
        legend_below(figure, _handles(curves), columns=3 if is_learned and is_fixed else 2)
        arrange(figure)
    return figure


def _density(axes: Axes, found: Density) -> None:
    """A matrix of cells of equal size with the numbers in them; the axes are not to scale."""
    axes.set_title("w learned: share of trials that converge")
    axes.set(xlabel="variance of the noise", ylabel="initial weight $w_0$")
    if found.converged.size:
        axes.pcolormesh(np.ma.masked_invalid(found.converged), cmap=_DENSE, vmin=0.0, vmax=1.0)
    for (row, column), share in np.ndenumerate(found.converged):
        if np.isfinite(share):
            colour = INK if share > _BRIGHT else PAPER
            axes.text(column + 0.5, row + 0.5, f"{share:.0%}", ha="center", va="center", fontsize=7.5, color=colour)
    axes.set_xticks(np.arange(len(found.variances)) + 0.5, [f"{v:g}" for v in found.variances])
    axes.set_yticks(np.arange(len(found.weights)) + 0.5, [f"{w:g}" for w in found.weights])
    axes.tick_params(length=0)
    frame(axes)


def _frequencies(axes: Axes, curves: list[Frequency]) -> None:
    for number, curve in enumerate(curves):
        _frequency(axes, curve, colour_of(number))
    axes.grid()
    axes.set(xlabel="T (steps)", ylabel="share of trials that converge", ylim=(-0.03, 1.03))
    axes.set_title("w fixed: convergence against length")


def _frequency(axes: Axes, curve: Frequency, colour: str) -> None:
    shares = np.array([wilson(k, n) for k, n in zip(curve.converged.tolist(), curve.num.tolist(), strict=True)])
    axes.fill_between(curve.T, shares[:, 1], shares[:, 2], color=colour, alpha=0.12, linewidth=0.0)
    axes.plot(curve.T, shares[:, 0], color=colour, marker="o", markersize=4.2, linewidth=1.2)
    axes.plot(curve.T, curve.without, color=colour, linestyle=":", linewidth=1.4)


def _handles(curves: list[Frequency]) -> list[Any]:
    if not curves:
        return []
    made: list[Any] = [
        Line2D(
            [], [], color=colour_of(k), marker="o", markersize=4.2, linewidth=1.2,
            label=f"w = {curve.weight:g}, variance {curve.variance:g}",
        )
        for k, curve in enumerate(curves)
    ]  # fmt: skip
    return [
        *made,
        Line2D([], [], color=INK, linestyle=":", linewidth=1.4, label="best inputs, no learning"),
        Patch(facecolor=MUTED, alpha=0.3, label="95 % interval"),
    ]
