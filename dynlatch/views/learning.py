"""Pictures of learning: what one run stores and can still learn, many latched runs, and learning curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedFormatter, FixedLocator, LogLocator, NullFormatter, NullLocator
from numpy.typing import NDArray

from dynlatch.verdict import Stop
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
    plain,
    styled,
)

if TYPE_CHECKING:
    from dynlatch.learning.insights import Insight, LatchedGradients, RestingCurve
    from dynlatch.learning.run import Run

_TOLERANCE: Final = PALETTE[0]
_NOISE: Final = PALETTE[1]
_GRADIENT: Final = "#5b3a82"
_ROBUST: Final = "#cfe8de"
_LATCHED: Final = "#eceef0"
_DASHED: Final = (0, (5, 2))
_HEAT: Final = LinearSegmentedColormap.from_list(
    "share", ["#f7f5f0", "#f3d9a4", "#ef9b36", "#de5a4a", "#a8327d", "#5b3a82", "#1d2329"]
)
_NO_NUMBER: Final = "#b4bac0"
_LEAST_SHARE: Final = 1e-6
_ZERO_AT: Final = 0.56
"""Where the beginning stands on a logarithmic axis, as a part of the first number of presentations."""


def insight_figure(seen: Insight) -> Figure:
    """One run on one logarithmic axis of presentations: learning to store against being able to learn.

    From above: the training error; the noise that latched states stand (for networks up to the constant input that ends
    one of them) with the noise that there is; |dx_N/du_1|, median and quartiles over the sequences, and what it would
    be at the latched fixed points; the share of the gradient that comes from each time lag. Shaded: something is
    latched, and in green: robustly latched. Cost: about a second.
    """
    with styled():
        figure = new_figure(8.2, 8.4)
        panels = figure.subplots(4, 1, sharex=True, height_ratios=(0.8, 1.0, 1.2, 1.25))
        x, edges = _places(seen.presentations)
        for axes in panels[:3]:
            _shade(axes, seen, edges)
        _errors(panels[0], seen, x)
        _tolerances(panels[1], seen, x)
        _gradients(panels[2], seen, x)
        _shares(panels[3], seen, edges)
        _presentations_axis(panels[3], seen.presentations, x, edges)
        run = seen.run
        ending = f"learned after {run.presentations:,} presentations" if run.learned else f"stopped: {run.stop}"
        task = f"{run.trial.task}, target {run.trial.target:g}, {run.algorithm.name}, trial {run.trial.index}"
        figure.suptitle(plain(f"{task}: {ending}", 110), x=0.01, ha="left", fontsize=10)
        legend_below(figure, _insight_handles(seen), columns=3)
        arrange(figure)
    return figure


def _places(presentations: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Where checkpoints stand on the axis, and the edges between them; the beginning has a place of its own."""
    x = presentations.astype(np.float64)
    if x[0] == 0.0:
        x[0] = _ZERO_AT * (x[1] if len(x) > 1 else 1.0)
    inner = np.sqrt(x[1:] * x[:-1])
    first, last = (x[0] ** 2 / inner[0], x[-1] ** 2 / inner[-1]) if len(inner) else (0.5 * x[0], 2.0 * x[0])
    return x, np.concatenate([[max(first, 0.8 * x[0])], inner, [min(last, 1.06 * x[-1])]])


def _shade(axes: Axes, seen: Insight, edges: Floats) -> None:
    """Spans in which something is latched, and robustly."""
    for chosen, colour in ((seen.latched & ~seen.robustly_latched, _LATCHED), (seen.robustly_latched, _ROBUST)):
        for k in np.flatnonzero(chosen):
            axes.axvspan(edges[k], edges[k + 1], color=colour, linewidth=0.0, zorder=0)


def _errors(axes: Axes, seen: Insight, x: Floats) -> None:
    axes.grid(axis="y")
    axes.plot(x, seen.error, color=INK, marker=".", markersize=4.0, linewidth=1.4, clip_on=False, zorder=3)
    axes.set_ylim(0.0, max(0.6, 1.08 * float(np.nanmax(seen.error, initial=0.0))))
    axes.set_ylabel("training error")
    axes.set_title("what it gets wrong", fontsize=9)


def _tolerances(axes: Axes, seen: Insight, x: Floats) -> None:
    axes.grid(axis="y")
    lower, upper = seen.stands, seen.critical
    if np.any(upper - lower > 1e-9 * upper):
        axes.fill_between(x, lower, upper, color=_TOLERANCE, alpha=0.22, linewidth=0.0)
        axes.plot(x, upper, color=_TOLERANCE, linewidth=1.0, marker=".", markersize=3.0)
    axes.plot(x, lower, color=_TOLERANCE, marker="o", markersize=3.2, linewidth=1.8, zorder=3)
    axes.axhline(seen.noise, color=_NOISE, linewidth=1.3, linestyle=_DASHED)
    known = max(float(np.nanmax(lower, initial=0.0)), seen.noise, 0.05)
    top = 1.25 * max(known, min(float(np.nanmax(upper, initial=0.0)), 2.0 * known))
    axes.set_ylim(0.0, top)
    axes.set_ylabel("size of the noise")
    axes.set_title("what it stores: the noise that its latched states stand", fontsize=9)
    silent = np.flatnonzero(seen.latched)
    if not silent.size or x[silent[0]] > x[0] ** 0.6 * x[-1] ** 0.4:
        axes.text(0.02, 0.12, "nothing is latched", transform=axes.transAxes, color=MUTED, fontsize=8.5)


def _gradients(axes: Axes, seen: Insight, x: Floats) -> None:
    axes.grid()
    low, middle, high = map(_positive, seen.gradient_quartiles)
    axes.set_yscale("log")
    axes.fill_between(x, low, high, color=_GRADIENT, alpha=0.22, linewidth=0.0)
    axes.plot(x, middle, color=_GRADIENT, marker=".", markersize=4.0, linewidth=1.8, zorder=3)
    rest = _positive(np.array([_median(row) for row in seen.resting]))
    axes.plot(x, rest, color=INK, linewidth=1.2, linestyle=":", marker=".", markersize=3.0)
    axes.yaxis.set_major_locator(LogLocator(numticks=7))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_ylabel(r"$|\partial x_N / \partial u_1|$")
    axes.set_title("what it can still learn: the gradient at the first input", fontsize=9)


def _shares(axes: Axes, seen: Insight, edges: Floats) -> None:
    """A heat map, with its scale inside, where the picture is empty."""
    share = np.ma.masked_invalid(np.clip(seen.share, _LEAST_SHARE, 1.0))
    lags = np.arange(seen.steps + 1) - 0.5
    colours, norm = _HEAT.with_extremes(bad=_NO_NUMBER), LogNorm(_LEAST_SHARE, 1.0)
    mesh = axes.pcolormesh(edges, lags, share.T, cmap=colours, norm=norm, rasterized=True, zorder=1)
    axes.set(ylim=(-0.5, seen.steps - 0.5), ylabel=r"time lag $N - t$ (steps)")
    axes.set_title("from how long ago its gradient comes", fontsize=9, y=1.0)  # not above the scale
    frame(axes)
    scale = axes.inset_axes((0.7, 1.07, 0.3, 0.06))  # beside the title
    bar = axes.figure.colorbar(mesh, cax=scale, orientation="horizontal")
    bar.outline.set_linewidth(0.5)
    bar.ax.minorticks_off()
    scale.xaxis.set_ticks_position("top")
    scale.tick_params(labelsize=7.5, width=0.5, length=2.0, pad=1.0)
    scale.set_ylabel("share ", rotation=0, ha="right", va="center", fontsize=8.5)


def _presentations_axis(axes: Axes, presentations: NDArray[np.int64], x: Floats, edges: Floats) -> None:
    axes.set_xscale("log")
    axes.set_xlim(edges[0], edges[-1])
    powers = 10.0 ** np.arange(math.floor(math.log10(x[0])), math.ceil(math.log10(x[-1])) + 1)
    shown = [float(v) for v in powers if x[min(1, len(x) - 1)] * 0.9 <= v <= edges[-1]]
    labels = [rf"$10^{{{round(math.log10(v))}}}$" for v in shown]
    if len(shown) < 2 <= len(x):
        shown, labels = [*shown, float(x[-1])], [*labels, f"{presentations[-1]:,}"]
    if presentations[0] == 0:
        shown, labels = [float(x[0]), *shown], ["0", *labels]
    axes.xaxis.set_major_locator(FixedLocator(shown))
    axes.xaxis.set_major_formatter(FixedFormatter(labels))
    minor = [k * v for v in powers for k in range(2, 10) if x[min(1, len(x) - 1)] <= k * v <= edges[-1]]
    axes.xaxis.set_minor_locator(FixedLocator(minor))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("presentations")


def _insight_handles(seen: Insight) -> list[Any]:
    """Of all that may be drawn what is."""
    if seen.run.trial.network.num_units == 1:
        stood = "noise that is stood: $h^*$ (PROVED)"
    else:
        stood = f"noise tolerance (PROVED){', up to a critical input' if np.isfinite(seen.critical).any() else ''}"
    kind = "standard deviation of the noise" if seen.gaussian else "bound of the noise"
    lines: tuple[tuple[Floats, dict[str, Any]], ...] = (
        (seen.error, {"color": INK, "marker": ".", "markersize": 4.0, "label": "training error"}),
        (seen.stands, {"color": _TOLERANCE, "marker": "o", "markersize": 3.2, "linewidth": 1.8, "label": stood}),
        (
            np.array([seen.noise]),
            {"color": _NOISE, "linewidth": 1.3, "linestyle": _DASHED, "label": f"{kind}: {seen.noise:g}"},
        ),
        (
            _positive(seen.gradient_quartiles[1]),
            {"color": _GRADIENT, "linewidth": 1.8, "label": "gradient at the first input, quartiles"},
        ),
        (
            _positive(seen.resting),
            {"color": INK, "linewidth": 1.2, "linestyle": ":", "label": "the same at rest where latched"},
        ),
    )
    shades = (
        (seen.latched & ~seen.robustly_latched, _LATCHED, "latched"),
        (seen.robustly_latched, _ROBUST, "robustly latched (PROVED)"),
        (~np.isfinite(seen.share), _NO_NUMBER, "share: no number"),
    )
    return [
        *(Line2D([], [], **look) for values, look in lines if np.isfinite(values).any()),
        *(
            Patch(facecolor=colour, edgecolor=MUTED, linewidth=0.4, label=label)
            for on, colour, label in shades
            if on.any()
        ),
    ]


def _positive(values: Floats) -> Floats:
    return np.where((values > 0.0) & np.isfinite(values), values, np.nan)


def _median(row: Floats) -> float:
    known = row[np.isfinite(row)]
    return float(np.median(known)) if known.size else math.nan


# --- many runs --------------------------------------------------------------------------------------------------------


def scatter_figure(found: LatchedGradients, curves: Sequence[RestingCurve] = ()) -> Figure:
    """The gradient at the first input against the noise that is stood, one mark for each latched checkpoint.

    Marks are medians over sequences, filled where the state is robustly latched; colours tell the runs' T. The band of
    each of ``curves`` is what remains at the latched fixed point of a neuron, from T/2 (upper edge) to T steps.
    Cost: some tenths of a second.
    """
    with styled():
        figure = new_figure(8.2, 5.0)
        axes = figure.subplots()
        axes.grid()
        axes.set_yscale("log")
        lengths = sorted({int(t) for t in found.steps})
        colours = {t: colour_of(k) for k, t in enumerate(lengths)}
        _, middle, _ = map(_positive, found.quartiles)
        for curve in curves:
            colour = colours.get(curve.steps, MUTED)
            axes.fill_between(curve.stands, curve.longest, curve.shortest, color=colour, alpha=0.14, linewidth=0.0)
            axes.plot(curve.stands, curve.shortest, color=colour, linewidth=0.8, alpha=0.8)
            axes.plot(curve.stands, curve.longest, color=colour, linewidth=0.8, alpha=0.8, linestyle=":")
        for t, colour in colours.items():
            for robust in (False, True):
                mine = (found.steps == t) & (found.robust == robust)
                axes.plot(
                    found.stands[mine], middle[mine], linestyle="", marker="o", markersize=4.2, color=colour,
                    markerfacecolor=colour if robust else PAPER, markeredgewidth=0.9, alpha=0.85, zorder=3,
                )  # fmt: skip
        if len(found):
            axes.set_xlim(0.0, 1.05 * float(np.max(found.stands)))
            axes.set_ylim(0.2 * float(np.nanmin(middle)), 3.0)
        axes.set_xlabel("noise that the latched state stands (for a neuron $h^*$)")
        axes.set_ylabel(r"$|\partial x_N / \partial u_1|$, median")
        axes.set_title("what is stored more firmly can be learned less: every latched checkpoint")
        legend_below(figure, _scatter_handles(colours, bool(curves)), columns=3)
        arrange(figure)
    return figure


def _scatter_handles(colours: Mapping[int, str], bands: bool) -> list[Any]:
    handles: list[Any] = [
        Line2D([], [], color=colour, marker="o", linestyle="", markersize=4.2, label=f"T = {t}")
        for t, colour in colours.items()
    ]
    handles += [
        Line2D([], [], color=INK, marker="o", linestyle="", markersize=4.2, label="robustly latched (PROVED)"),
        Line2D(
            [], [], color=INK, marker="o", markerfacecolor=PAPER, linestyle="", markersize=4.2,
            label="latched, not robustly",
        ),
    ]  # fmt: skip
    if bands:
        label = r"at rest where it is latched: $\mu^N / w$, from $N = T/2$ (line) to $T$ (dots)"
        handles.append(Patch(facecolor=MUTED, alpha=0.3, label=label))
    return handles


def curves_figure(groups: Mapping[str, Sequence[Run]]) -> Figure:
    """Learning curves of groups of runs over presentations: the fraction that has learned, and the mean training error.

    The error is that of the answers given while parameters change, with an open circle for that of the last ones. A run
    that has ended stays at its last error, one that diverged (a cross) at 1. ``groups``: runs by the label of their
    line, which names their number too; groups without runs are left out. Cost: some tenths of a second.
    """
    groups = {label: runs for label, runs in groups.items() if runs}
    with styled():
        figure = new_figure(8.2, 4.4)
        left, right = figure.subplots(1, 2, sharex=True)
        for axes in (left, right):
            axes.grid()
            axes.set_xscale("log")
            axes.set_xlabel("presentations")
        last = max((run.presentations for runs in groups.values() for run in runs), default=1)
        for k, runs in enumerate(groups.values()):
            style = _line(k, len(groups))
            at, error = _mean_error(runs)
            solved = sorted(run.presentations for run in runs if run.learned)
            learned = np.arange(len(solved) + 1) / len(runs)
            _curve(left, [*at[:1], *solved, last], [*learned, learned[-1]], drawstyle="steps-post", **style)
            _curve(right, [*at, last], [*error, *error[-1:]], **style)
            lost = _diverged(runs)
            mark = {"color": style["color"], "linestyle": "", "zorder": 4}
            right.plot(lost, error[np.searchsorted(at, lost)], marker="x", markersize=7.0, **mark)
            final = float(np.mean([run.train_error for run in runs]))
            right.plot([last], [final], marker="o", markersize=7.0, markerfacecolor="none", **mark)
        left.set(ylim=(-0.03, 1.03), ylabel="fraction that has learned")
        right.set(ylabel="mean error while training")
        left.set_title("how many have learned", fontsize=9)
        right.set_title("what they got wrong, as last presented", fontsize=9)
        right.set_ylim(bottom=-0.03 * right.get_ylim()[1])
        figure.suptitle(_trained(groups), x=0.01, ha="left", fontsize=10)
        legend_below(figure, _curves_handles(groups), columns=3)
        arrange(figure)
    return figure


def _trained(groups: Mapping[str, Sequence[Run]]) -> str:
    """Which task, if it is one, and how many trials of it."""
    tasks = {run.trial.task for runs in groups.values() for run in runs}
    counts = {len(runs) for runs in groups.values()}
    if len(tasks) != 1:
        return f"{len(tasks)} tasks" if tasks else "no trials"
    (task,) = tasks
    trials = "" if len(counts) > 1 else f": {min(counts)} trial{'s' if min(counts) > 1 else ''}"
    return plain(task, 80) + trials


def _curves_handles(groups: Mapping[str, Sequence[Run]]) -> list[Line2D]:
    handles: list[Line2D] = []
    for k, (label, runs) in enumerate(groups.items()):
        lost = sum(run.stop is Stop.DIVERGED for run in runs)
        count = f"{lost} of {len(runs)} diverged" if lost else f"{len(runs)}"
        handles.append(Line2D([], [], label=f"{plain(label, 40)} ({count})", **_line(k, len(groups))))
    mark: dict[str, Any] = {"color": MUTED, "linestyle": ""}
    if groups:
        last = "error of the last parameters"
        handles.append(Line2D([], [], marker="o", markersize=7.0, markerfacecolor="none", label=last, **mark))
    if any(_diverged(runs).size for runs in groups.values()):
        handles.append(Line2D([], [], marker="x", markersize=7.0, label="diverged: error 1 from here on", **mark))
    return handles


def _curve(axes: Axes, x: Sequence[float], y: Sequence[float], **style: Any) -> None:
    """A line; a mark where it has no length."""
    axes.plot(x, y, marker="" if min(x) < max(x) else "o", markersize=4.5, markevery=[len(x) - 1], **style)


def _line(index: int, count: int) -> dict[str, Any]:
    """Colours and dashes that do not repeat together, and thinner lines above: curves on one another stay apart."""
    dashes = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)))[index % 4]
    return {"color": colour_of(index), "linestyle": dashes, "linewidth": min(3.2, 1.4 + 0.4 * (count - 1 - index))}


def _diverged(runs: Sequence[Run]) -> NDArray[np.int64]:
    """After how many presentations runs diverged."""
    return np.unique(np.array([run.presentations for run in runs if run.stop is Stop.DIVERGED], dtype=np.int64))


def _mean_error(runs: Sequence[Run]) -> tuple[Floats, Floats]:
    """The mean of the runs' errors at all their checkpoints, each as it last was; of those that diverged it is 1."""
    at = np.unique(np.concatenate([*(run.history.presentations[1:] for run in runs), _diverged(runs)]))
    rows: list[Floats] = []
    for run in runs:
        history = run.history
        place = np.searchsorted(history.presentations, at, side="right") - 1
        error = history.error[np.maximum(place, min(1, len(history) - 1))]
        lost = (at >= run.presentations) & (run.stop is Stop.DIVERGED)
        rows.append(np.where(lost, 1.0, error))
    return at.astype(np.float64), np.mean(rows, axis=0)
