"""Figures of maps with one state: the line of basins, the three readings of Gamma, the cobweb, the times."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from dynlatch.latch.fixed_points import Stability
from dynlatch.maps.evaluators import numpy_map
from dynlatch.regions.basins import Basins
from dynlatch.regions.reduced_set import READINGS
from dynlatch.views.style import (
    INK,
    MUTED,
    PAPER,
    Floats,
    basin_handles,
    colour_of,
    frame,
    gamma_text,
    heading,
    is_in,
    legend_below,
    mark,
    marker_handles,
    new_figure,
    number,
    paint,
    symbol_text,
)

if TYPE_CHECKING:
    from dynlatch.analysis import Analysis

_MAX_EDGES: Final = 40
"""Edges drawn as lines; a fractal has more, and shows them by its colours."""
_MAX_NAMED: Final = 6
_ROWS: Final = 40
_SHAPE: Final = 7.0
"""Width of the band over its height, about."""
_ORBIT_STEPS: Final = 60
_NUM_ORBITS: Final = 6


def basins_figure(analysis: Analysis) -> Figure:
    """The state line, coloured by where each state goes, with attractors, basin edges and the edge of Gamma."""
    found, inside = analysis.basins, is_in(analysis.reduced_set.uniform)
    figure = new_figure(8.2, 2.5)
    axes = figure.subplots()
    _band(axes, found, inside)
    handles: list[Any] = [*basin_handles(found, gamma_text(inside, "uniform reading"))]
    basin_edges, gamma_edges = edges(found, found.labels), edges(found, found.labels * 2 + inside)
    gamma_edges = np.setdiff1d(gamma_edges, basin_edges)
    lines: list[tuple[Floats, Literal["-", "--"], str]] = [
        (basin_edges, "-", "basin edge"), (gamma_edges, "--", r"edge of $\Gamma$")
    ]  # fmt: skip
    for places, style, name in lines:
        if 0 < places.size <= _MAX_EDGES:
            axes.vlines(places, 0, 1, colors=INK, linestyles=style, linewidth=1.1)
            handles.append(Line2D([], [], color=INK, linestyle=style, linewidth=1.1, label=name))
    named = np.concatenate([basin_edges, gamma_edges])
    if named.size <= _MAX_NAMED and _far_apart(named, found):
        for place in named:
            axes.annotate(_rounded(place, found), (place, 1), xytext=(0, 3), textcoords="offset points", ha="center")
    stabilities = _mark_points(axes, analysis, 0.5)
    axes.set_title(f"Basins of attraction of {heading(analysis.map)}", pad=18)
    legend_below(figure, [*handles, *marker_handles(stabilities)])
    return figure


def reduced_set_figure(analysis: Analysis) -> Figure:
    """Gamma under its three readings, one line each, or one line where they agree."""
    reduced = analysis.reduced_set
    agree = all(np.array_equal(reduced.spectral, reduced.reading(name)) for name in READINGS)
    shown = READINGS[:1] if agree else READINGS
    figure = new_figure(8.2, 1.3 + 1.0 * len(shown))
    panels = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
    for axes, name in zip(panels, shown, strict=True):
        _band(axes, analysis.basins, is_in(reduced.reading(name)))
        title = "all three readings agree" if agree else f"{name} reading"
        axes.set_title(rf"$\Gamma$, {title}: {100 * reduced.fraction(name):.2f} % of the box")
        if axes is not panels[-1]:
            axes.set_xlabel("")
    legend_below(figure, basin_handles(analysis.basins, gamma_text(is_in(reduced.spectral), "sampled")))
    return figure


def cobweb_figure(analysis: Analysis) -> Figure:
    """The map's curve, the diagonal, a few orbits, fixed points by stability and the edge of Gamma."""
    m, found = analysis.map, analysis.basins
    (lo, hi), a = ((float(v) for v in found.grid.sides[0]), symbol_text(m.states[0]))
    x = np.linspace(lo, hi, 1601)
    with np.errstate(all="ignore"):
        y = numpy_map(m).step(x[None])[0]
    figure = new_figure(6.4, 6.6)
    axes = figure.subplots()
    axes.plot([lo, hi], [lo, hi], color=MUTED, linewidth=0.9)
    for start in lo + (hi - lo) * (np.arange(_NUM_ORBITS) + 0.62) / _NUM_ORBITS:
        label = int(found.labels[min(int((start - lo) / (hi - lo) * found.grid.counts[0]), found.grid.counts[0] - 1)])
        path = _cobweb(analysis, float(start), 4 * (hi - lo))
        restless = label >= 0 and found.attractors[label].point is None
        colour = colour_of(label) if label >= 0 else MUTED
        axes.plot(*path, color=colour, linewidth=0.6 if restless else 0.9, alpha=0.4 if restless else 0.85)
    axes.plot(x, np.where(np.isfinite(y), y, np.nan), color=INK, linewidth=2.0)
    points = analysis.fixed_points
    for point in points:
        mark(axes, point.values, point.values, point.stability)
    undecided = [0.5 * sum(cluster.box[0]) for cluster in points.undecided]
    mark(axes, undecided, undecided, Stability.INCONCLUSIVE)
    handles = [
        Line2D([], [], color=INK, linewidth=2.0, label=f"{a} ↦ M({a})"),
        Line2D([], [], color=MUTED, linewidth=0.9, label="diagonal"),
        *marker_handles([*(p.stability for p in points), *[Stability.INCONCLUSIVE] * len(undecided)]),
    ]
    inside = is_in(analysis.reduced_set.uniform)
    gamma = np.setdiff1d(edges(found, found.labels * 2 + inside), edges(found, found.labels))
    if 0 < gamma.size <= _MAX_NAMED:
        for place in gamma:
            axes.axvline(place, color=INK, linestyle="--", linewidth=0.9)
        values = ", ".join(_rounded(place, found) for place in gamma)
        handles.append(
            Line2D([], [], color=INK, linestyle="--", linewidth=0.9, label=rf"edge of $\Gamma$, about {values}")
        )
    axes.set(xlim=(lo, hi), ylim=(lo, hi), aspect="equal", xlabel=f"{a} now", ylabel=f"{a} one step later")
    frame(axes)
    axes.set_title(f"Cobweb of {heading(m)}")
    legend_below(figure, handles)
    return figure


def times_figure(analysis: Analysis) -> Figure:
    """How many steps each state takes until its label is certain."""
    found = analysis.basins
    x = found.grid.centres(0)
    figure = new_figure(8.2, 3.0)
    axes = figure.subplots()
    for label in np.unique(found.labels):
        steps = np.where(found.labels == label, found.times.astype(float), np.nan)
        colour = colour_of(int(label)) if label >= 0 else MUTED
        axes.plot(x, steps, color=colour, linewidth=1.3, drawstyle="steps-mid")
    if int(found.times.max()) > 50:
        axes.set_yscale("symlog", linthresh=10)
    axes.set_ylim(bottom=0)
    axes.set_xlim(*(float(v) for v in found.grid.sides[0]))
    axes.grid(axis="y")
    axes.set(xlabel=symbol_text(analysis.map.states[0]), ylabel="steps")
    axes.set_title("Steps until an orbit is captured by its attractor, or gets another label")
    legend_below(figure, basin_handles(found))
    return figure


def edges(found: Basins, values: NDArray[np.int16]) -> Floats:
    """Where a value changes from one cell to the next."""
    x = found.grid.centres(0)
    return (0.5 * (x[1:] + x[:-1]))[values[1:] != values[:-1]]


def _band(axes: Axes, found: Basins, inside: NDArray[np.bool_]) -> None:
    lo, hi = (float(v) for v in found.grid.sides[0])
    labels, members = np.repeat(found.labels[None], _ROWS, axis=0), np.repeat(inside[None], _ROWS, axis=0)
    picture = paint(labels, members, stretch=found.labels.size / (_ROWS * _SHAPE))
    axes.imshow(picture, extent=(lo, hi, 0, 1), aspect="auto", origin="lower", interpolation="none")
    axes.set(xlim=(lo, hi), ylim=(0, 1), yticks=[], xlabel=symbol_text(found.map.states[0]))
    frame(axes)


def _mark_points(axes: Axes, analysis: Analysis, height: float) -> list[Stability]:
    """Markers on the line; returns the stabilities that occur."""
    found: list[Stability] = []
    for point in analysis.fixed_points:
        if point.stability is not Stability.ATTRACTING:
            mark(axes, point.values, [height], point.stability)
            found.append(point.stability)
    for cluster in analysis.fixed_points.undecided:
        mark(axes, [0.5 * sum(cluster.box[0])], [height], Stability.INCONCLUSIVE)
        found.append(Stability.INCONCLUSIVE)
    for k, attractor in enumerate(analysis.attractors.listed):
        x = attractor.states[0]
        if attractor.point is None:
            axes.plot(
                x, np.full(x.size, height), ".", color=INK, markersize=2.5, markeredgecolor=PAPER, markeredgewidth=0.1
            )
            continue
        mark(axes, x, np.full(x.size, height), attractor.point.stability)
        found.append(attractor.point.stability)
        if len(analysis.attractors) > 1:
            number(axes, float(x[0]), height, k)
    return found


def _cobweb(analysis: Analysis, start: float, reach: float) -> tuple[list[float], list[float]]:
    """The broken line of one orbit, until it leaves the picture far behind."""
    step = numpy_map(analysis.map).step
    xs, ys, x = [start], [start], start
    for _ in range(_ORBIT_STEPS):
        with np.errstate(all="ignore"):
            y = float(step(np.array([[x]]))[0, 0])
        if not math.isfinite(y) or abs(y) > abs(start) + reach:
            break
        xs += [x, y]
        ys += [y, y]
        x = y
    return xs, ys


def _rounded(place: float, found: Basins) -> str:
    """A place to the accuracy that cells have."""
    lo, hi = found.grid.sides[0]
    digits = max(0, math.floor(-math.log10(float(hi - lo) / found.grid.counts[0])))
    return f"{round(place, digits) + 0.0:.{digits}f}".replace("-", "−")


def _far_apart(places: Floats, found: Basins) -> bool:
    lo, hi = (float(v) for v in found.grid.sides[0])
    return places.size < 2 or float(np.diff(np.sort(places)).min()) > 0.06 * (hi - lo)
