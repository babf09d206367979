"""Figures of what is proved: cells that must reach an attractor, cells that may, and what is left open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from dynlatch.cells.settle import LEAVES, OPEN
from dynlatch.cells.tree import box_volume
from dynlatch.latch.fixed_points import Stability
from dynlatch.regions.reduced_set import Membership
from dynlatch.views.numbers import share_at_least, share_at_most
from dynlatch.views.style import (
    INK,
    MUTED,
    NUM_LISTED,
    PAPER,
    Floats,
    colour_bytes,
    colour_of,
    frame,
    heading,
    legend_below,
    light_colour_of,
    mark,
    marker_handles,
    new_figure,
    number,
    shape_of,
    stripes,
    symbol_text,
)

if TYPE_CHECKING:
    from dynlatch.cells.certified import CertifiedBasins
    from dynlatch.cells.certified_gamma import CertifiedReducedSet
    from dynlatch.regions.attractors import Attractors

_PIXELS: Final = {1: 2048, 2: 640, 3: 96}
_ROWS: Final = 64
_MOST_PANELS: Final = 6
_GONE: Final = "#d3d7db"
_OPEN: Final = "#4a535c"

Picture = NDArray[np.int32]


def certified_figure(found: CertifiedBasins, reduced: CertifiedReducedSet | None = None) -> Figure | None:
    """Proved basins, with the proved part of Gamma (uniform reading) in full colour; None for 4 states.

    Cells that are open are striped, so that they can be told without colour. Of three states the plane through the
    middle is shown.
    """
    n = len(found.box)
    if n not in _PIXELS:
        return None
    labels = _plane(found.picture(_PIXELS[n]))
    inside = None
    if reduced is not None:
        inside = _plane(reduced.picture("uniform", _PIXELS[n]))
    figure = new_figure(6.9, 2.3) if n == 1 else new_figure(6.6, 1.7 + 6.0 * shape_of(_extent(found)))
    axes = figure.subplots()
    _show(axes, found, _coloured(labels, inside))
    states = found.map.states
    at = f", {symbol_text(states[2])} in the middle" if n == 3 else ""
    axes.set_title(f"Proved basins of {heading(found.map)}{at}")
    handles = _handles(found, labels, inside)
    if n < 3:
        handles += marker_handles(_mark_attractors(axes, found.attractors))
    legend_below(figure, handles, columns=2)
    return figure


def bounds_figure(found: CertifiedBasins) -> Figure | None:
    """For each attractor of a map with two states what must reach it (inner), what may (outer) and what cannot."""
    n, targets = len(found.box), found.targets[:_MOST_PANELS]
    if n != 2 or not targets:
        return None
    columns = min(len(targets), 2)
    rows = -(-len(targets) // columns)
    figure = new_figure(7.6, 1.0 + rows * (0.6 + 6.6 / columns * shape_of(_extent(found))))
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, k in zip(panels, targets, strict=False):
        kinds = np.where(found.label == k, 1, np.where(found.avoids(k), 0, 2)).astype(np.int32)
        picture = _plane(found.picture_of(kinds, _PIXELS[n]))
        shown = np.empty((*picture.shape, 3), dtype=np.uint8)
        shown[picture == 1], shown[picture == 0] = colour_bytes(colour_of(k)), colour_bytes(PAPER)
        may = (picture == 2) | (picture == -1)
        striped = stripes(picture.shape, _stretch(picture))
        shown[may & striped], shown[may & ~striped] = colour_bytes(colour_of(k)), colour_bytes(PAPER)
        _show(axes, found, shown)
        areas, whole = found.areas(k), found.tree.volume(found.tree.leaves)
        inner, outer = share_at_least(areas.inner / whole), share_at_most(areas.outer / whole)
        axes.set_title(f"{k + 1}: must {inner}, may {outer}", fontsize=9)
    for axes in panels[len(targets) :]:
        axes.set_visible(False)
    legend_below(
        figure,
        [
            Patch(facecolor=MUTED, edgecolor=MUTED, label="proved to reach it (inner)"),
            Patch(facecolor=PAPER, edgecolor=MUTED, hatch="////", label="may reach it (outer)"),
            Patch(facecolor=PAPER, edgecolor=MUTED, label="proved not to"),
        ],
    )
    return figure


def _plane(picture: Picture) -> Picture:
    """A picture as rows going up: a band for one state, the middle plane for three."""
    if picture.ndim == 1:
        return np.repeat(picture[None], _ROWS, axis=0)
    if picture.ndim == 3:
        picture = picture[:, :, picture.shape[2] // 2]
    return picture.T


def _stretch(picture: Picture) -> float:
    """How many times taller than wide a pixel of a band is shown."""
    return picture.shape[1] / (_ROWS * 9.0) if picture.shape[0] == _ROWS else 1.0


def _coloured(labels: Picture, inside: Picture | None) -> NDArray[np.uint8]:
    shown = np.empty((*labels.shape, 3), dtype=np.uint8)
    striped = stripes(labels.shape, _stretch(labels))
    for label in np.unique(labels):
        chosen = labels == label
        if label >= 0:
            shown[chosen] = colour_bytes(light_colour_of(int(label)) if inside is not None else colour_of(int(label)))
            if inside is not None:
                shown[chosen & (inside == Membership.IN)] = colour_bytes(colour_of(int(label)))
                if np.any(chosen & (inside == Membership.IN)):
                    shown[chosen & (inside == Membership.UNDECIDED) & striped] = colour_bytes(colour_of(int(label)))
        elif label == LEAVES:
            shown[chosen] = colour_bytes(_GONE)
        else:
            shown[chosen & striped], shown[chosen & ~striped] = colour_bytes(_OPEN), colour_bytes(PAPER)
    return shown


def _extent(found: CertifiedBasins) -> tuple[float, float, float, float]:
    """The plane that is shown, (x0, x1, y0, y1); a band of height 1 for one state."""
    (x0, x1), (y0, y1), *_ = [*((float(lo), float(hi)) for lo, hi in found.box), (0.0, 1.0)]
    return x0, x1, y0, y1


def _show(axes: Axes, found: CertifiedBasins, picture: NDArray[np.uint8]) -> None:
    names = [symbol_text(s) for s in found.map.states]
    x0, x1, y0, y1 = extent = _extent(found)
    axes.imshow(picture, extent=extent, origin="lower", interpolation="none", aspect="auto")
    axes.set(xlim=(x0, x1), ylim=(y0, y1), xlabel=names[0])
    if len(names) > 1:
        axes.set_ylabel(names[1])
        axes.set_box_aspect(shape_of(extent))
    else:
        axes.set_yticks([])
    frame(axes)


def label_share(found: CertifiedBasins, label: int) -> str:
    """The share of the box that carries a label: what is proved rounded down, what is open rounded up."""
    share = found.tree.volume(found.cells(label)) / box_volume(found.box)
    return share_at_most(share) if label == OPEN else share_at_least(share)


def _handles(found: CertifiedBasins, labels: Picture, inside: Picture | None) -> list[Any]:
    handles: list[Any] = []
    for k in [k for k in found.targets if np.any(labels == k)][:NUM_LISTED]:
        what = "enter the block around" if k in found.blocks else "reach"
        face = light_colour_of(k) if inside is not None else colour_of(k)
        handles.append(
            Patch(
                facecolor=face,
                edgecolor=colour_of(k),
                linewidth=0.8,
                label=f"must {what} {k + 1}: {label_share(found, k)}",
            )
        )
    if inside is not None and np.any((inside == Membership.IN) & (labels >= 0)):
        proved = np.unique(labels[(inside == Membership.IN) & (labels >= 0)])
        full, light = colour_of(int(proved[0])), light_colour_of(int(proved[0]))
        handles.append(Patch(facecolor=full, label=r"full colour: proved in $\Gamma$, uniform reading"))
        if np.any((inside == Membership.UNDECIDED) & np.isin(labels, proved)):
            handles.append(Patch(facecolor=light, edgecolor=full, hatch="////", label="striped: undecided there"))
    if np.any(labels == LEAVES):
        handles.append(Patch(facecolor=_GONE, label=f"must leave the box: {label_share(found, LEAVES)}"))
    if found.cells(OPEN).size:
        handles.append(
            Patch(facecolor=PAPER, edgecolor=_OPEN, hatch="////", label=f"undecided: {label_share(found, OPEN)}")
        )
    return handles


def _mark_attractors(axes: Axes, attractors: Attractors) -> list[Stability]:
    occurring: list[Stability] = []
    line = attractors.listed and attractors.listed[0].states.shape[0] == 1
    for k, attractor in enumerate(attractors.listed):
        x: Floats = attractor.states[0]
        y: Sequence[float] | Floats = np.full(x.size, 0.5) if line else attractor.states[1]
        if attractor.point is None:
            axes.plot(x, y, ".", color=INK, markersize=1.6, markeredgecolor=PAPER, markeredgewidth=0.1, zorder=5)
            continue
        mark(axes, x, y, attractor.point.stability)
        occurring.append(attractor.point.stability)
        if 1 < len(attractors) <= 9:
            number(axes, float(x[0]), float(y[0]), k)
    return occurring
