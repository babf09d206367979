"""Figures over a plane of states: maps with two states, and slices of maps with more."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm
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
    NUM_LISTED,
    PALETTE,
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
    shape_of,
    special_patches,
    symbol_text,
)

if TYPE_CHECKING:
    from dynlatch.analysis import Analysis

_MAX_EDGE_SHARE: Final = 0.04
"""Where more of the cells than this lie on the edge of Gamma, its line would hide it."""
_MAX_NUMBERED: Final = 9
_STARTS: Final = 7
_ORBIT_STEPS: Final = 14
_RESTLESS_STEPS: Final = 6
_ARROWS: Final = 19
_FINE: Final = 241


Cell = TypeVar("Cell", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Plane:
    """Two gridded axes, what lies between the other ones, and where those are held; arrays are [y, x]."""

    axes: tuple[int, int]
    extent: tuple[float, float, float, float]
    pick: tuple[int | slice, ...]
    held: str

    def cut(self, values: NDArray[Cell]) -> NDArray[Cell]:
        """The plane's part of a grid's array, rows going up."""
        return values[self.pick].T


def planes(found: Basins, through: Floats | None = None) -> list[Plane]:
    """The grid itself where it has two axes; where it has three, the plane across each, in the middle or at a state."""
    grid, states = found.grid, found.map.states
    names = [symbol_text(s) for s in states]
    outside = [f"{names[i]} = {float(grid.at[i]):g}" for i in range(len(states)) if i not in grid.axes]
    listed: list[Plane] = []
    for across in range(len(grid.axes)) if len(grid.axes) == 3 else (None,):
        k, l = (i for i in range(len(grid.axes)) if i != across)
        held = list(outside)
        choice: tuple[int | slice, ...] = (slice(None),) * len(grid.axes)
        if across is not None:
            centres = grid.centres(across)
            wanted = float(centres.mean()) if through is None else float(through[grid.axes[across]])
            place = int(np.argmin(np.abs(centres - wanted)))
            held.append(f"{names[grid.axes[across]]} = {float(centres[place]):.3g}".replace("-", "−"))
            choice = tuple(place if i == across else slice(None) for i in range(3))
        (x0, x1), (y0, y1) = ((float(v) for v in grid.sides[i]) for i in (k, l))
        listed.append(Plane((grid.axes[k], grid.axes[l]), (x0, x1, y0, y1), choice, _few(held)))
    return listed


def basins_figure(analysis: Analysis) -> Figure:
    """Where each state goes, with the attractors, the other fixed points and the edge of Gamma."""
    found, inside = analysis.basins, is_in(analysis.reduced_set.uniform)
    cuts = planes(found)
    figure = new_figure(8.4, 4.3) if len(cuts) > 1 else new_figure(6.6, 1.7 + 5.4 * _shape(cuts[0]))
    panels = figure.subplots(1, len(cuts), squeeze=False)[0]
    handles: list[Any] = []
    edge = False
    for axes, plane in zip(panels, cuts, strict=True):
        edge |= _picture(axes, found, inside, plane)
        if plane.held:
            axes.set_title(plane.held)
    handles += basin_handles(found, gamma_text(inside, "uniform reading"))
    if edge:
        handles.append(Line2D([], [], color=INK, linewidth=0.9, label=r"edge of $\Gamma$"))
    handles += _points(panels, analysis, cuts)
    title = f"Basins of attraction of {heading(analysis.map)}"
    if analysis.map.dimension > 2:
        kind = "a slice, attractors projected onto it" if len(cuts) == 1 else "slices, attractors projected onto them"
        figure.suptitle(f"{title}: {kind}", x=0.01, ha="left", fontsize=10)
    else:
        panels[0].set_title(title)
    legend_below(figure, handles, columns=2)
    return figure


def reduced_set_figure(analysis: Analysis) -> Figure:
    """Gamma under its three readings side by side, or once where they agree."""
    found, reduced = analysis.basins, analysis.reduced_set
    agree = all(np.array_equal(reduced.spectral, reduced.reading(name)) for name in READINGS)
    shown = READINGS[:1] if agree else READINGS
    plane = _telling_plane(analysis)
    figure = new_figure(5.6, 1.7 + 4.5 * _shape(plane)) if agree else new_figure(8.4, 1.8 + 2.4 * _shape(plane))
    panels = figure.subplots(1, len(shown), sharex=True, sharey=True, squeeze=False)[0]
    for axes, name in zip(panels, shown, strict=True):
        _picture(axes, found, is_in(reduced.reading(name)), plane)
        title = "all three readings agree" if agree else f"{name} reading"
        axes.set_title(f"{title}\n{100 * reduced.fraction(name):.2f} % of the box", fontsize=9)
        if axes is not panels[0]:
            axes.set_ylabel("")
    held = f", on {plane.held}" if plane.held else ""
    figure.suptitle(rf"Reduced attracting sets $\Gamma$ (full colour){held}", x=0.01, ha="left", fontsize=10)
    legend_below(figure, basin_handles(found), columns=2)
    return figure


def times_figure(analysis: Analysis) -> Figure:
    """How many steps each state takes to the trapping region of its attractor, in logarithmic shades."""
    found, plane = analysis.basins, _telling_plane(analysis)
    labels, times = plane.cut(found.labels), plane.cut(found.times)
    settled = labels >= 0
    picture = paint(labels, np.zeros(labels.shape, dtype=bool))
    figure = new_figure(6.9, 1.2 + 5.2 * _shape(plane))
    axes = figure.subplots()
    if settled.any():
        low, top = max(1.0, float(times[settled].min())), max(2.0, float(np.quantile(times[settled], 0.999)))
        top = max(top, low + 1.0)
        shades = ScalarMappable(LogNorm(low, top), "cividis_r")
        picture[settled] = shades.to_rgba(np.maximum(times[settled], 1), bytes=True)[:, :3]
        bar = figure.colorbar(shades, ax=axes, label="steps", shrink=0.9, aspect=28, pad=0.02)
        bar.minorticks_off()
        ticks = _ticks(low, top)
        bar.set_ticks(ticks, labels=[str(tick) for tick in ticks])
    axes.imshow(picture, extent=plane.extent, origin="lower", interpolation="none", aspect="auto")
    _name_axes(axes, found, plane)
    title = "Steps until captured by the attractor"
    axes.set_title(f"{title}, on {plane.held}" if plane.held else title)
    legend_below(figure, special_patches(found.labels))
    return figure


def phase_portrait_figure(analysis: Analysis) -> Figure:
    """Short orbits, the displacement M(a) - a as arrows, its null lines, and the fixed points by stability."""
    m, found = analysis.map, analysis.basins
    plane = planes(found)[0]
    x0, x1, y0, y1 = plane.extent
    figure = new_figure(6.6, 1.7 + 5.4 * _shape(plane))
    axes = figure.subplots()
    handles = _null_lines(axes, analysis, plane)
    x, y = _mesh(plane, _ARROWS)
    dx, dy = _displacement(analysis, x, y)
    scaled = np.hypot(dx / (x1 - x0), dy / (y1 - y0))
    length = np.where(scaled > 0, scaled, 1.0)
    size = np.tanh(scaled / max(float(np.nanmedian(scaled)), 1e-12)) * 0.7 / _ARROWS
    u, v = (np.where(np.isfinite(d), d / length * size, 0.0) for d in (dx, dy))
    axes.quiver(
        x,
        y,
        u,
        v,
        angles="xy",
        scale_units="xy",
        scale=1.0,
        color=MUTED,
        alpha=0.75,
        width=0.0022,
        headwidth=4.5,
        pivot="tail",
    )
    _orbits(axes, analysis, plane)
    handles.append(Line2D([], [], color=MUTED, linewidth=1.0, label=r"direction of $M(a) - a$"))
    handles.append(Line2D([], [], color=colour_of(0), marker=".", linewidth=0.8, label="orbits, coloured by attractor"))
    handles += _points([axes], analysis, [plane])
    _name_axes(axes, found, plane)
    axes.set_title(f"Phase portrait of {heading(m)}")
    legend_below(figure, handles, columns=2)
    return figure


def _picture(axes: Axes, found: Basins, inside: NDArray[np.bool_], plane: Plane) -> bool:
    """The coloured plane; returns whether the edge of Gamma was drawn."""
    labels, members = plane.cut(found.labels), plane.cut(inside)
    axes.imshow(paint(labels, members), extent=plane.extent, origin="lower", interpolation="none", aspect="auto")
    _name_axes(axes, found, plane)
    changes = int(np.sum(members[1:] != members[:-1]) + np.sum(members[:, 1:] != members[:, :-1]))
    if not 0 < changes <= _MAX_EDGE_SHARE * members.size:
        return False
    k, l = (found.grid.axes.index(i) for i in plane.axes)
    axes.contour(
        found.grid.centres(k), found.grid.centres(l), members.astype(np.float64), [0.5], colors=INK, linewidths=0.9
    )
    return True


def _name_axes(axes: Axes, found: Basins, plane: Plane) -> None:
    x0, x1, y0, y1 = plane.extent
    i, j = plane.axes
    axes.set(
        xlim=(x0, x1), ylim=(y0, y1), xlabel=symbol_text(found.map.states[i]), ylabel=symbol_text(found.map.states[j])
    )
    axes.set_box_aspect(_shape(plane) if len(found.grid.axes) == 2 else 1.0)
    frame(axes)


def _points(panels: list[Axes] | NDArray[np.object_], analysis: Analysis, cuts: list[Plane]) -> list[Line2D]:
    """Markers of everything that stands or cycles, clouds of what wanders; returns legend entries."""
    occurring: list[Stability] = []
    wandering = False
    projected = analysis.map.dimension > 2
    for axes, plane in zip(panels, cuts, strict=True):
        i, j = plane.axes
        numbered: list[Floats] = []
        for cluster in () if projected else analysis.fixed_points.undecided:
            mark(axes, [0.5 * sum(cluster.box[i])], [0.5 * sum(cluster.box[j])], Stability.INCONCLUSIVE)
            occurring.append(Stability.INCONCLUSIVE)
        others = [] if projected else [p for p in analysis.fixed_points if p.stability is not Stability.ATTRACTING]
        for point in others:
            if _visible(plane, point.values[i], point.values[j]):
                mark(axes, [point.values[i]], [point.values[j]], point.stability)
                occurring.append(point.stability)
        for k, attractor in enumerate(analysis.attractors.listed):
            x, y = attractor.states[i], attractor.states[j]
            if attractor.point is None:
                wandering = True
                axes.plot(x, y, ".", color=INK, markersize=2.2, markeredgecolor=PAPER, markeredgewidth=0.15, zorder=5)
                continue
            mark(axes, x, y, attractor.point.stability)
            occurring.append(attractor.point.stability)
            if 1 < len(analysis.attractors) <= _MAX_NUMBERED and _visible(plane, float(x[0]), float(y[0])):
                here = np.array(
                    [x[0] / (plane.extent[1] - plane.extent[0]), y[0] / (plane.extent[3] - plane.extent[2])]
                )
                near = sum(bool(np.max(np.abs(here - other)) < 0.08) for other in numbered)
                number(axes, float(x[0]), float(y[0]), k, near)
                numbered.append(here)
    handles = marker_handles(occurring)
    if wandering:
        handles.append(
            Line2D([], [], color=INK, marker=".", linestyle="", markersize=3, label="recurrent set: states of an orbit")
        )
    return handles


def _visible(plane: Plane, x: float, y: float) -> bool:
    x0, x1, y0, y1 = plane.extent
    return x0 <= x <= x1 and y0 <= y <= y1


def _mesh(plane: Plane, count: int) -> tuple[Floats, Floats]:
    x0, x1, y0, y1 = plane.extent
    middles = (np.arange(count) + 0.5) / count
    x, y = np.meshgrid(x0 + (x1 - x0) * middles, y0 + (y1 - y0) * middles)
    return x, y


def _displacement(analysis: Analysis, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    with np.errstate(all="ignore"):
        image = numpy_map(analysis.map).step(np.stack([x.ravel(), y.ravel()]))
    return image[0].reshape(x.shape) - x, image[1].reshape(x.shape) - y


def _null_lines(axes: Axes, analysis: Analysis, plane: Plane) -> list[Line2D]:
    """Where one coordinate of M(a) - a is 0."""
    x, y = _mesh(plane, _FINE)
    handles: list[Line2D] = []
    styles: list[tuple[str, Literal["-", "--"]]] = [(PALETTE[4], "-"), (PALETTE[3], "--")]
    for d, state, (colour, style) in zip(_displacement(analysis, x, y), analysis.map.states, styles, strict=True):
        finite = np.ma.masked_invalid(d)
        if not (finite.count() and float(finite.min()) < 0 < float(finite.max())):
            continue
        axes.contour(x, y, finite, [0.0], colors=colour, linestyles=style, linewidths=1.3)
        name = symbol_text(state)
        handles.append(Line2D([], [], color=colour, linestyle=style, linewidth=1.3, label=f"{name} stands still"))
    return handles


def _orbits(axes: Axes, analysis: Analysis, plane: Plane) -> None:
    """The first steps of orbits from a coarse grid, each in the colour of where it goes."""
    found = analysis.basins
    x0, x1, y0, y1 = plane.extent
    x, y = _mesh(plane, _STARTS)
    states = np.stack([x.ravel(), y.ravel()])
    index = [
        ((s - lo) / (hi - lo) * n).astype(int)
        for s, lo, hi, n in zip(states, (x0, y0), (x1, y1), found.grid.counts, strict=True)
    ]
    labels = found.labels[index[0], index[1]]
    record = [states]
    step = numpy_map(analysis.map).step
    lo, hi = np.array([[x0], [y0]]), np.array([[x1], [y1]])
    restless = any(attractor.point is None for attractor in analysis.attractors.listed)
    for _ in range(_RESTLESS_STEPS if restless else _ORBIT_STEPS):
        with np.errstate(all="ignore"):
            inside = np.all((states >= lo) & (states <= hi), axis=0)  # one step out of the box is the last one shown
            states = np.where(inside & (labels >= 0), step(states), np.nan)
        record.append(states)
    paths = np.stack(record)  # (time, 2, orbit)
    colours = [colour_of(int(k)) if k >= 0 else MUTED for k in labels]
    lines = [path[np.all(np.isfinite(path), axis=1)] for path in np.moveaxis(paths, 2, 0)]
    axes.add_collection(LineCollection(lines, colors=colours, linewidths=0.55, alpha=0.5))
    for path, colour in zip(lines, colours, strict=True):
        axes.plot(path[:, 0], path[:, 1], ".", color=colour, markersize=2.6, alpha=0.9)


def _shape(plane: Plane) -> float:
    """Height over width of a plane's picture, within reason."""
    return shape_of(plane.extent)


def _telling_plane(analysis: Analysis) -> Plane:
    """The plane for a single picture; of three states, one through the first attractor, where something happens."""
    attractors = analysis.attractors.listed
    return planes(analysis.basins, attractors[0].states[:, 0] if attractors else None)[-1]


def _ticks(low: float, top: float) -> list[int]:
    """Round numbers of steps between two others."""
    ticks = [digit * 10**power for power in range(10) for digit in (1, 2, 5) if low <= digit * 10**power <= top]
    return ticks if len(ticks) > 1 else [math.ceil(low), math.floor(top)]


def _few(held: list[str]) -> str:
    """The held states in a line; many equal zeros are summed up."""
    if len(held) > 3 and len({h.split(" = ")[1] for h in held}) == 1:
        return f"the other {len(held)} states = {held[0].split(' = ')[1]}"
    return ", ".join(held[:NUM_LISTED]) + (", ..." if len(held) > NUM_LISTED else "")
