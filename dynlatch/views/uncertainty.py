"""What becomes of a ball of uncertainty, inside and outside of the reduced attracting set, side by side."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from dynlatch.errors import InputError
from dynlatch.latch.fixed_points import Stability
from dynlatch.views.style import (
    INK,
    MUTED,
    PALETTE,
    PAPER,
    Floats,
    arrange,
    frame,
    heading,
    is_in,
    legend_below,
    light_colour_of,
    mark,
    new_figure,
    paint,
    styled,
    symbol_text,
)

if TYPE_CHECKING:
    from dynlatch.noise.uncertainty import Uncertainty
    from dynlatch.regions.reduced_set import ReducedSet

_SHOWN: Final = 6
_LINES: Final = 40
_TIMES: Final = 14
_FIRST: Final = 8
"""Steps that are shown magnified."""
_MANY_DECADES: Final = 12.0
_MARGIN: Final = 0.1
_DOTS: Final = 700
_TUBE: Final = PALETTE[0]
_SEEN: Final = "#b3202a"
_LINEAR: Final = PALETTE[2]
_DASHED: Final = (0, (5, 2))
_SHADES: Final = ("#1d2329", "#5b3a82", "#a8327d", "#de5a4a", "#ef9b36", "#d8c534")
"""Earlier to later, dark to light."""


def uncertainty_figure(inside: Uncertainty, outside: Uncertainty, labelled: ReducedSet | None = None) -> Figure:
    """Two balls and what they become: where they are above, how large they are below.

    ``inside`` and ``outside`` are of one map with one or two states, one from a state of Gamma and one from outside;
    ``labelled`` gives the basins and Gamma (its uniform reading) behind them. Of two states boxes and samples of some
    steps are shown, of one state the enclosure and samples over time. Below, on a logarithmic axis: the certified
    enclosure, the samples, the tube of Theorem 3 and the linearised growth.
    Raises: InputError for more than two states, or two different maps. Cost: about a second.
    """
    m = inside.map
    if m != outside.map or m.dimension > 2:
        raise InputError(
            f"{m.name} has {m.dimension} states and {outside.map.name} {outside.map.dimension}; "
            "the figure takes two balls of one map with at most 2 states"
        )
    both = (inside, outside)
    with styled():
        figure = new_figure(8.4, 7.6)
        panels = figure.subplots(2, 2, height_ratios=(1.25, 1.0))
        windows = _windows(both)
        handles: list[Any] = []
        for found, place, window, (above, below) in zip(both, ("inside", "outside"), windows, panels.T, strict=True):
            handles = (_over_time if m.dimension == 1 else _in_the_plane)(above, found, labelled, window)
            above.set_title(_title(found, place), fontsize=9)
            _sizes(below, found, both)
        for axes in panels[:, 1]:
            axes.set_ylabel("")
        figure.suptitle(f"A ball of uncertainty in {heading(m)}{_noise_text(inside)}", x=0.01, ha="left", fontsize=10)
        legend_below(figure, [*_size_handles(), *handles], columns=3)
        arrange(figure)
    return figure


def _windows(both: Sequence[Uncertainty]) -> list[tuple[Floats, Floats]]:
    """Lower and upper ends of what each panel shows, of one size for both; of one state the same for both."""
    ends: list[tuple[Floats, Floats]] = []
    for found in both:
        times = range(min(found.steps, _TIMES) + 1) if found.map.dimension == 1 else _telling_steps(found)
        lo, hi = (side[list(times)] for side in found.hulls())
        known = np.all(np.isfinite(lo) & np.isfinite(hi), axis=1)
        ends.append((np.min(lo[known], axis=0), np.max(hi[known], axis=0)))
    if both[0].map.dimension == 1:
        low, high = np.minimum(ends[0][0], ends[1][0]), np.maximum(ends[0][1], ends[1][1])
        room = _MARGIN * (high - low)
        return [(low - room, high + room)] * 2
    half = (0.5 + _MARGIN) * max(float(np.max(hi - lo)) for lo, hi in ends)
    return [(0.5 * (lo + hi) - half, 0.5 * (lo + hi) + half) for lo, hi in ends]


def _title(found: Uncertainty, place: str) -> str:
    at = ", ".join(f"{float(v):.4g}" for v in found.start).replace("-", "−")
    where = at if len(found.start) == 1 else f"({at})"
    ends = f"all end at attractor {found.captured + 1}" if found.captured is not None else ""
    ends = ends or {"REFUTED": "several attractors reached"}.get(found.capture, "")
    slope = rf"$|M'(a_0)|$ = {found.linear[1] / float(found.radius):.3g}"
    return rf"{place} $\Gamma$: $a_0$ = {where}, {slope}" + (f"\n{ends} (PROVED)" if ends else "")


def _noise_text(found: Uncertainty) -> str:
    return rf": $|u_t| \leq$ {float(found.noise):g}" if found.noise else ", without noise"


# --- where they are ---------------------------------------------------------------------------------------------------


def _over_time(axes: Axes, found: Uncertainty, labelled: ReducedSet | None, window: tuple[Floats, Floats]) -> list[Any]:
    """One state: the enclosure as a band, samples as lines, the tube around the middle's orbit."""
    last = min(found.steps, _TIMES)
    t = np.arange(last + 1)
    lo, hi = (side[: last + 1, 0] for side in found.hulls())
    low, high = float(window[0][0]), float(window[1][0])
    handles = _stripes(axes, labelled, low, high, last)
    axes.fill_between(t, lo, hi, color=MUTED, alpha=0.45, linewidth=0.0)
    samples = found.samples[: last + 1, 0, :: max(1, found.samples.shape[2] // _LINES)]
    axes.plot(t, samples, color=_SEEN, linewidth=0.5, alpha=0.6)
    middle, tube = found.centre[: last + 1, 0], found.tube[: last + 1]
    for side in (middle - tube, middle + tube):
        axes.plot(t, side, color=_TUBE, linewidth=1.0, linestyle=_DASHED)
    axes.plot(t, middle, color=INK, linewidth=1.4)
    axes.set(xlim=(0, last), ylim=(low, high), xlabel="t (steps)", ylabel=symbol_text(found.map.states[0]))
    frame(axes)
    return [
        Patch(facecolor=MUTED, alpha=0.45, label="all that is possible: enclosure (PROVED)"),
        Line2D([], [], color=INK, linewidth=1.4, label="orbit of the middle, without noise"),
        *handles,
    ]


def _stripes(axes: Axes, labelled: ReducedSet | None, low: float, high: float, last: int) -> list[Any]:
    """Basins as bands of light colour, their boundary and the edge of Gamma as lines."""
    if labelled is None:
        return []
    basins = labelled.basins
    x, labels, members = basins.grid.centres(0), basins.labels, is_in(labelled.uniform)
    edges = 0.5 * (x[1:] + x[:-1])
    cuts = edges[labels[1:] != labels[:-1]]
    ends = np.concatenate([[-math.inf], cuts, [math.inf]])
    for a, b in itertools.pairwise(ends.tolist()):
        label = int(labels[np.clip(np.searchsorted(x, 0.5 * (max(a, x[0]) + min(b, x[-1]))), 0, x.size - 1)])
        if label >= 0:
            axes.axhspan(max(a, low), min(b, high), color=light_colour_of(label), linewidth=0.0, zorder=0)
    inner = np.setdiff1d(edges[members[1:] != members[:-1]], cuts)
    for lines, style in ((cuts, "-"), (inner, ":")):
        for y in lines[(lines > low) & (lines < high)]:
            axes.axhline(y, color=INK, linewidth=0.9, linestyle=style)
    for attractor in basins.attractors.listed:
        for y in attractor.states[0] if attractor.point is not None else ():
            if low < y < high:
                mark(axes, [float(last)], [float(y)], Stability.ATTRACTING)
    return _background_handles()


def _in_the_plane(
    axes: Axes, found: Uncertainty, labelled: ReducedSet | None, window: tuple[Floats, Floats]
) -> list[Any]:
    """Two states: cells and samples of some steps, over the basins."""
    (x0, y0), (x1, y1) = (side.tolist() for side in window)
    handles = _ground(axes, labelled)
    lo, hi = found.hulls()
    named = [attractor.states[:, 0] for attractor in found.attractors.listed]  # numbers stay off their marks
    for shade, t in zip(_SHADES, _telling_steps(found), strict=False):
        cells = list(_corners(*found.cells[t]))
        tint = _tint(shade)
        axes.add_collection(PolyCollection(cells, facecolors=tint, edgecolors=tint, linewidths=0.5, zorder=3))
        samples = found.samples[t, :, :: max(1, found.samples.shape[2] // _DOTS)]
        axes.plot(*samples, ".", color=shade, markersize=1.3, markeredgewidth=0.0, zorder=4)
        here = 0.5 * (lo[t] + hi[t])
        if any(float(np.max(np.abs(here - there))) < 0.05 * (x1 - x0) for there in named):
            continue
        named.append(here)
        axes.annotate(
            f"t = {t}" if t == 0 else str(t), here.tolist(), ha="center", va="center", fontsize=9.0,
            fontweight="bold", zorder=7, path_effects=[withStroke(linewidth=2.2, foreground=PAPER)],
        )  # fmt: skip
    for attractor in found.attractors.listed:
        if attractor.point is not None:
            x, y = attractor.states
            seen = (x > x0) & (x < x1) & (y > y0) & (y < y1)
            mark(axes, x[seen], y[seen], Stability.ATTRACTING)
    names = [symbol_text(s) for s in found.map.states]
    axes.set(xlim=(x0, x1), ylim=(y0, y1), xlabel=names[0], ylabel=names[1])
    axes.set_box_aspect(1.0)
    frame(axes)
    shade = _SHADES[2]
    return [
        Patch(facecolor=_tint(shade), label="all that is possible: cells (PROVED)"),
        Line2D([], [], color=shade, marker=".", linestyle="", markersize=3, label="samples, many of them extreme"),
        *handles,
    ]


def _telling_steps(found: Uncertainty) -> list[int]:
    """The first step and later ones at which the set has moved or changed, while it can be seen."""
    chosen, widest = [0], float(np.max(found.enclosed[: len(found.cells)]))
    for t in range(1, len(found.cells)):
        before, size = chosen[-1], float(found.enclosed[t])
        apart = float(np.linalg.norm(found.centre[t] - found.centre[before]))
        if size < widest / 60:
            break
        if apart > 0.3 * size or not 0.7 < size / float(found.enclosed[before]) < 1.4:
            chosen.append(t)
        if len(chosen) == _SHOWN:
            break
    return chosen


def _ground(axes: Axes, labelled: ReducedSet | None) -> list[Any]:
    """Basins in light colours, their boundary, and the edge of Gamma."""
    if labelled is None:
        return []
    basins = labelled.basins
    (x0, x1), (y0, y1) = ((float(v) for v in side) for side in basins.grid.sides)
    labels, members = basins.labels.T, is_in(labelled.uniform).T
    picture = paint(labels, np.zeros(labels.shape, dtype=np.bool_))
    axes.imshow(picture, extent=(x0, x1, y0, y1), origin="lower", interpolation="none", aspect="auto", zorder=0)
    x, y = basins.grid.centres(0), basins.grid.centres(1)
    for values, style in ((_steps_of(labels), "-"), ([members], ":")):
        for value in values:
            if value.any() and not value.all():
                axes.contour(
                    x, y, value.astype(np.float64), [0.5], colors=INK, linewidths=0.9, linestyles=style, zorder=1
                )
    return _background_handles()


def _steps_of(labels: NDArray[np.int16]) -> list[NDArray[np.bool_]]:
    return [labels == k for k in np.unique(labels) if k >= 0]


def _background_handles() -> list[Any]:
    return [
        Line2D([], [], color=INK, linewidth=0.9, label="boundary of the basins (sampled)"),
        Line2D([], [], color=INK, linewidth=0.9, linestyle=":", label=r"edge of $\Gamma$, uniform reading (sampled)"),
        Line2D([], [], color=INK, marker="o", markeredgecolor=PAPER, linestyle="", markersize=6, label="attractor"),
    ]


def _corners(lo: Floats, hi: Floats) -> Floats:
    """The corners of boxes as polygons; shape (N, 4, 2)."""
    x, y = (lo[0], hi[0]), (lo[1], hi[1])
    return np.stack([np.stack([x[i], y[j]], axis=1) for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))], axis=1)


def _tint(colour: str) -> tuple[float, float, float]:
    r, g, b = to_rgb(colour)
    return 1 - 0.45 * (1 - r), 1 - 0.45 * (1 - g), 1 - 0.45 * (1 - b)


# --- how large they are -----------------------------------------------------------------------------------------------


def _sizes(axes: Axes, found: Uncertainty, both: Sequence[Uncertainty]) -> None:
    """The four sizes over time; where they fall through many decades, the first steps once more, magnified."""
    sizes = np.concatenate([_positive(u.enclosed) for u in both])
    low, high = math.log10(float(np.nanmin(sizes))), math.log10(float(np.nanmax(sizes)))
    room = max(1.3, 0.08 * (high - low))
    limits = 10.0 ** (low - 0.04 * (high - low)), 10.0 ** (high + room)
    _size_lines(axes, found, max(1, found.steps // 50), found.steps, limits)
    axes.set(xlabel="t (steps)", ylabel=r"largest $|a_t - \bar a_t|$")
    if high - low <= _MANY_DECADES:
        _name_peak(axes, found, (0.42, 0.52))
        return
    inset = axes.inset_axes((0.58, 0.56, 0.41, 0.42))
    first = np.concatenate([_positive(u.enclosed)[: _FIRST + 1] for u in both])
    _size_lines(inset, found, 1, _FIRST, (float(np.nanmin(first)) / 3, 10.0 ** (high + 1.3)))
    inset.set_facecolor(PAPER)
    inset.tick_params(labelsize=7.5)
    frame(inset)
    _name_peak(inset, found, (0.05, 0.08))


def _name_peak(axes: Axes, found: Uncertainty, place: tuple[float, float]) -> None:
    at, factor = found.peak
    if at:
        axes.annotate(
            f"linearised: × {factor:.1f}\nat t = {at}", (at, found.linear[at]), xytext=place, va="bottom",
            textcoords="axes fraction", color=_LINEAR, fontsize=8.5,
            arrowprops={"arrowstyle": "-", "color": _LINEAR, "linewidth": 0.8},
        )  # fmt: skip


def _size_lines(axes: Axes, found: Uncertainty, every: int, last: int, limits: tuple[float, float]) -> None:
    t = np.arange(found.steps + 1)
    axes.grid()
    axes.set(yscale="log", xlim=(0, last), ylim=limits)  # also keeps a tube beyond all bounds out of the scaling
    axes.plot(t, _positive(found.tube), color=_TUBE, linewidth=1.3, linestyle=_DASHED)
    axes.plot(t, _positive(found.enclosed), color=INK, linewidth=1.8)
    axes.plot(t, _positive(found.linear), color=_LINEAR, linewidth=1.6, linestyle=":")
    axes.plot(t[::every], _positive(found.sampled)[::every], ".", color=_SEEN, markersize=4.5)


def _positive(values: Floats) -> Floats:
    return np.where((values > 0.0) & np.isfinite(values), values, np.nan)


def _size_handles() -> list[Any]:
    return [
        Line2D([], [], color=INK, linewidth=1.8, label="certified enclosure"),
        Line2D([], [], color=_SEEN, marker=".", linestyle="", markersize=5, label="reached by a sample (PROVED)"),
        Line2D([], [], color=_TUBE, linewidth=1.3, linestyle=_DASHED, label="tube of Theorem 3, repaired (PROVED)"),
        Line2D([], [], color=_LINEAR, linewidth=1.6, linestyle=":", label="linearised growth (floating point)"),
    ]
