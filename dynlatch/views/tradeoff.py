"""The figure of the trade-off between noise tolerance and forgetting, with the band in which every neuron lies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from dynlatch.verdict import Verdict
from dynlatch.views.style import INK, MUTED, PAPER, arrange, colour_of, legend_below, new_figure, plain, styled

if TYPE_CHECKING:
    from dynlatch.latch.tradeoff import Tradeoff, TradeoffPoint
    from dynlatch.latch.tradeoff_law import TradeoffLaw

_BAND: Final = "#dfe2e5"
_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")


def tradeoff_figure(curves: Sequence[Tradeoff], law: TradeoffLaw | None = None) -> Figure:
    """h* against the forgetting rate gamma, and gamma - 2 h* beside it, one line with markers per family.

    With a ``law`` its band, between lower h* and upper h* + offset, is shaded in both panels. A filled mark is a
    point at which each side is proved or refuted, an open one where that is not decided; a cross marks a refutation.
    Cost: some tenths of a second.
    """
    with styled():
        figure = new_figure(8.2, 4.6)
        left, right = figure.subplots(1, 2)
        shown = [(k, curve) for k, curve in enumerate(curves) if curve.known]
        rates = [float(p.rate) for _, curve in shown for p in curve.known if p.rate is not None]
        reach = 1.06 * max(rates, default=1.0)
        for axes, excess in ((left, False), (right, True)):
            axes.grid()
            if law is not None:
                _band(axes, law, reach, excess)
            for k, curve in shown:
                _curve(axes, curve, k, excess)
            axes.set_xlim(0.0, reach)
            axes.set_xlabel(r"forgetting rate $\gamma$ of the latch lost first (nats per step)")
        left.set_ylim(bottom=0.0)
        left.set_ylabel(r"critical input $h^*$")
        left.set_title("what a latch stands, and how fast it forgets")
        right.set_ylabel(r"$\gamma - 2 h^*$")
        right.set_title("the excess of forgetting")
        legend_below(figure, _handles([curve for _, curve in shown], [k for k, _ in shown], law), columns=3)
        arrange(figure)
    return figure


def _band(axes: Axes, law: TradeoffLaw, reach: float, excess: bool) -> None:
    rate = np.linspace(0.0, reach, 201)
    lower, upper, offset = (float(c) for c in (law.law.lower, law.law.upper, law.law.offset))
    if lower <= 0 or upper <= 0:  # no h* follows from gamma then
        return
    most, least = rate / lower, np.maximum((rate - offset) / upper, 0.0)
    ends = (rate - 2 * most, rate - 2 * least) if excess else (least, most)
    axes.fill_between(rate, *ends, color=_BAND, linewidth=0.0, zorder=0)
    for end in ends:
        axes.plot(rate, end, color=MUTED, linewidth=0.8, zorder=0.5)


def _curve(axes: Axes, curve: Tradeoff, number: int, excess: bool) -> None:
    points, colour = curve.known, colour_of(number)
    x = [float(p.rate) for p in points if p.rate is not None]
    y = [_height(p, excess) for p in points]
    axes.plot(x, y, color=colour, linewidth=1.1, alpha=0.8, zorder=2)
    for at, height, point in zip(x, y, points, strict=True):
        decided = Verdict.INCONCLUSIVE not in (point.lower, point.upper)
        axes.plot(
            [at], [height], marker=_MARKERS[number % len(_MARKERS)], color=colour, linestyle="", markersize=5.0,
            markerfacecolor=colour if decided else PAPER, markeredgewidth=1.0, zorder=3,
        )  # fmt: skip
        if Verdict.REFUTED in (point.lower, point.upper):
            axes.plot([at], [height], marker="x", color=INK, linestyle="", markersize=8.0, zorder=4)


def _height(point: TradeoffPoint, excess: bool) -> float:
    if excess:
        return float("nan") if point.excess is None else float(point.excess)
    return float("nan") if point.critical is None else float(point.critical)


def _handles(curves: Sequence[Tradeoff], numbers: Sequence[int], law: TradeoffLaw | None) -> list[Any]:
    handles: list[Any] = [
        Line2D(
            [], [], color=colour_of(k), marker=_MARKERS[k % len(_MARKERS)], markersize=5.0, linewidth=1.1,
            label=plain(f"{curve.name}, over {curve.parameter}", 40),
        )
        for k, curve in zip(numbers, curves, strict=True)
    ]  # fmt: skip
    points = [p for curve in curves for p in curve.known]
    if any(Verdict.REFUTED in (p.lower, p.upper) for p in points):
        handles.append(Line2D([], [], color=INK, marker="x", linestyle="", label="contradicts the neuron's law"))
    if any(Verdict.INCONCLUSIVE in (p.lower, p.upper) for p in points):
        handles.append(
            Line2D([], [], color=INK, marker="o", markerfacecolor=PAPER, linestyle="", label="law not decided there")
        )
    if law is not None:
        text = f"${law.law.lower} h^* < \\gamma < {law.law.upper} h^* + {law.law.offset}$"
        handles.append(Patch(facecolor=_BAND, edgecolor=MUTED, label=f"{text} ({law.verdict} for every neuron)"))
    return handles
