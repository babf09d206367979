"""How figures look: one palette, one set of parameters, and how a grid of labels becomes colours.

Colours are those of Okabe and Ito, which stay apart in every kind of colour vision. A light shade is a basin, the
full colour its reduced set; what is no basin is grey and patterned, so that it can be told without colour.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import sympy as sp
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from dynlatch.latch.fixed_points import Stability
from dynlatch.maps.definition import Map, TanhLayer
from dynlatch.regions.basins import Basins
from dynlatch.regions.labels import Label
from dynlatch.regions.reduced_set import Membership

Floats = NDArray[np.float64]
Colour = tuple[float, float, float]

INK: Final = "#1d2329"
"""Text, axes and curves; the page turns it into its own text colour."""
PAPER: Final = "#fffffe"
"""Behind everything; the page turns it into its own background."""
MUTED: Final = "#76808a"
PALETTE: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#b8a800")
NUM_LISTED: Final = 6
"""Attractors named in a legend; the rest are counted."""

_LIGHT: Final = 0.36
_GREYS: Final[dict[Label, tuple[str, str, str]]] = {
    Label.DIVERGED: ("diverged", "#dfe2e5", ""),
    Label.LEFT_THE_BOX: ("left the box", "#d3d7db", "//"),
    Label.OUT_OF_TIME: ("out of time", "#b4bac0", ".."),
    Label.UNDECIDED: ("undecided", "#c6cbd0", "\\\\"),
    Label.UNDEFINED: ("undefined", "#8a929a", "xx"),
}
_GREEK: Final = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa mu nu xi pi rho sigma tau phi chi psi omega".split()
)
_PARAMETERS: Final[dict[str, Any]] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.0,
    "mathtext.fontset": "dejavusans",
    "text.color": INK,
    "text.usetex": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "axes.titlepad": 7.0,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "axes.formatter.use_mathtext": True,
    "axes.axisbelow": True,
    "axes.grid": False,
    "grid.color": MUTED,
    "grid.alpha": 0.25,
    "grid.linewidth": 0.5,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.facecolor": PAPER,
    "figure.dpi": 100.0,
    "savefig.facecolor": PAPER,
    "savefig.dpi": "figure",
    "lines.linewidth": 1.4,
    "hatch.linewidth": 0.8,
    "svg.fonttype": "path",
    "svg.hashsalt": "dynlatch",
    "svg.image_inline": True,
    "path.simplify": True,
}


@contextmanager
def styled() -> Generator[None]:
    """Draw with this style, whatever the user's own settings are; those are back afterwards."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_PARAMETERS)  # pyright: ignore[reportCallIssue, reportArgumentType]
        yield


def new_figure(width: float, height: float, pad: float = 0.06) -> Figure:
    """An empty figure in inches that arranges itself, ``pad`` inches beside it free. Belongs inside ``styled()``."""
    return Figure(
        figsize=(width, height), layout=ConstrainedLayoutEngine(w_pad=pad, h_pad=0.06, wspace=0.03, hspace=0.04)
    )


def arrange(figure: Figure) -> None:
    """Arrange a figure once, for all formats that it is saved in. Belongs inside ``styled()``."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine(None)  # not "none", which has each format arranged again for nothing


def plain(text: str, limit: int = 70) -> str:
    """A user's text as a figure can show it: no mathematics is read into it, and no glyph is missing."""
    shown = "".join(c if c.isprintable() and ord(c) < 0x400 else "?" for c in unicodedata.normalize("NFC", text))
    shown = shown if len(shown) <= limit else shown[: limit - 1] + "…"
    return shown.replace("$", r"\$")


def symbol_text(symbol: sp.Symbol) -> str:
    """A state's name as an axis label: in italics, with its index below, if it is a simple name."""
    stem = str(symbol).rstrip("0123456789")
    index = str(symbol)[len(stem) :]
    stem = stem.removesuffix("_")
    if not (stem.isascii() and ((stem.isalpha() and len(stem) == 1) or stem in _GREEK)):
        return plain(str(symbol), 20)
    name = rf"\{stem}" if stem in _GREEK else stem
    return f"${name}_{{{index}}}$" if index else f"${name}$"


def heading(m: Map) -> str:
    """The map's name and parameters in one line."""
    values = ", ".join(f"{s} = {v}" for s, v in m.parameters)
    if isinstance(m.rule, TanhLayer):
        values = f"{m.dimension} units"
    return plain(f"{m.name}, {values}" if values else m.name)


def colour_of(index: int) -> str:
    """The full colour of an attractor; the palette repeats."""
    return PALETTE[index % len(PALETTE)]


def light_colour_of(index: int) -> Colour:
    """The light shade of an attractor's basin."""
    r, g, b = (1 - _LIGHT * (1 - c) for c in _rgb(colour_of(index)))
    return r, g, b


def paint(labels: NDArray[np.int16], inside: NDArray[np.bool_], stretch: float = 1.0) -> NDArray[np.uint8]:
    """A picture of labels, shape (rows, columns) to (rows, columns, 3): full colour where ``inside``, else light.

    ``stretch`` is how many times taller than wide a pixel will be shown.
    """
    picture = np.empty((*labels.shape, 3), dtype=np.uint8)
    for label in np.unique(labels):
        chosen = labels == label
        if label >= 0:
            picture[chosen] = _bytes(light_colour_of(int(label)))
            picture[chosen & inside] = _bytes(_rgb(colour_of(int(label))))
        else:
            picture[chosen] = _bytes(_rgb(_GREYS[Label(label)][1]))
            picture[chosen & _pattern(labels.shape, Label(label), stretch)] = _bytes(_rgb(MUTED))
    return picture


def _pattern(shape: tuple[int, ...], label: Label, stretch: float) -> NDArray[np.bool_]:
    """Where a label's hatch lies, in pixels."""
    period = max(6, shape[1] // 40)
    row, column = np.indices(shape)
    row = (row * stretch).astype(np.int64)
    thin = max(1, period // 6)
    rising, falling = (row - column) % period < thin, (row + column) % period < thin
    dots = (row % period < 2 * thin) & (column % period < 2 * thin)
    empty = np.zeros(shape, dtype=bool)
    return {
        Label.LEFT_THE_BOX: falling, Label.OUT_OF_TIME: dots, Label.UNDECIDED: rising, Label.UNDEFINED: rising | falling
    }.get(label, empty)  # fmt: skip


def stripes(shape: tuple[int, ...], stretch: float = 1.0) -> NDArray[np.bool_]:
    """Where thin diagonal stripes lie in a picture, whose pixels are shown ``stretch`` times taller than wide."""
    row, column = np.indices(shape[:2])
    period = max(6, shape[1] // 90)
    return ((row * stretch).astype(np.int64) + column) % period < max(2, period // 2)


def colour_bytes(colour: str | Colour) -> tuple[int, int, int]:
    """A colour as three bytes."""
    return _bytes(_rgb(colour) if isinstance(colour, str) else colour)


def special_patches(labels: NDArray[np.int16]) -> list[Patch]:
    """Legend entries for the labels other than attractors that occur."""
    return [
        Patch(facecolor=grey, edgecolor=MUTED, hatch=hatch * 2, linewidth=0.4, label=name)
        for label, (name, grey, hatch) in _GREYS.items()
        if np.any(labels == label)
    ]


def gamma_text(inside: NDArray[np.bool_], reading: str) -> str:
    """What the full colour means, or that it does not occur."""
    return (
        f"full colour: in $\\Gamma$, {reading}"
        if inside.any()
        else f"full colour: in $\\Gamma$, {reading} (no cell is)"
    )


def is_in(members: NDArray[np.int8]) -> NDArray[np.bool_]:
    """The cells that are in the reduced set."""
    return members == Membership.IN


def legend_below(figure: Figure, handles: Sequence[Any], columns: int = 3) -> None:
    """A legend for the whole figure, under everything, in at most so many columns: those that fit."""
    for count in range(columns if handles else 0, 0, -1):
        legend = figure.legend(
            handles=list(handles), loc="outside lower left", ncols=count, handlelength=1.8, columnspacing=1.6
        )
        if legend.get_window_extent().width <= figure.bbox.width:
            return
        if count > 1:
            legend.remove()


def shape_of(extent: tuple[float, float, float, float]) -> float:
    """Height over width of a picture of a plane (x0, x1, y0, y1), within reason."""
    x0, x1, y0, y1 = extent
    return min(1.25, max(0.6, (y1 - y0) / (x1 - x0)))


def frame(axes: Axes) -> None:
    """Close the box around a picture whose edges mean something."""
    for spine in axes.spines.values():
        spine.set_visible(True)


def _rgb(colour: str) -> Colour:
    r, g, b = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return r, g, b


def _bytes(colour: Colour) -> tuple[int, int, int]:
    r, g, b = (round(255 * c) for c in colour)
    return r, g, b


_MARKERS: Final[dict[Stability, tuple[str, str, str]]] = {
    Stability.ATTRACTING: ("o", INK, "attracting"),
    Stability.SADDLE: ("D", PAPER, "saddle"),
    Stability.REPELLING: ("o", PAPER, "repelling"),
    Stability.INCONCLUSIVE: ("s", PAPER, "undecided"),
}


def mark(axes: Axes, x: Sequence[float] | Floats, y: Sequence[float] | Floats, stability: Stability) -> None:
    """Points of a fixed point or cycle: filled where it attracts, open where it does not."""
    shape, fill, _ = _MARKERS[stability]
    edge = PAPER if stability is Stability.ATTRACTING else INK
    size = 44 if stability is Stability.ATTRACTING else 30
    axes.scatter(x, y, s=size, marker=shape, facecolor=fill, edgecolor=edge, linewidth=1.1, zorder=6, clip_on=False)


def number(axes: Axes, x: float, y: float, index: int, place: int = 0) -> None:
    """An attractor's number beside its marker; ``place`` 1, 2, 3 moves it out of the way of others."""
    right, up = ((6, 5), (6, -12), (-14, 5), (-14, -12))[place % 4]
    axes.annotate(
        str(index + 1), (x, y), xytext=(right, up), textcoords="offset points", fontsize=9.5, fontweight="bold",
        zorder=7, path_effects=[withStroke(linewidth=2.0, foreground=PAPER)],
    )  # fmt: skip


def marker_handles(stabilities: Sequence[Stability]) -> list[Line2D]:
    """Legend entries for the markers that occur."""
    return [
        Line2D([], [], marker=shape, linestyle="", color=INK, markerfacecolor=fill, markersize=5.5, label=name)
        for stability, (shape, fill, name) in _MARKERS.items()
        if stability in stabilities
    ]


def basin_handles(found: Basins, gamma: str = "") -> list[Patch]:
    """Legend entries for the basins of the first attractors, the reduced set (what it is called) and other labels."""
    occurring = [k for k in range(len(found.attractors)) if np.any(found.labels == k)]
    handles = [
        Patch(
            facecolor=light_colour_of(k),
            edgecolor=colour_of(k),
            linewidth=0.8,
            label=f"basin of {attractor_name(found, k)}",
        )
        for k in occurring[:NUM_LISTED]
    ]
    if len(occurring) > NUM_LISTED:
        handles.append(Patch(facecolor="none", edgecolor="none", label=f"and {len(occurring) - NUM_LISTED} more"))
    if gamma and occurring:
        handles.append(Patch(facecolor=colour_of(occurring[0]), edgecolor=colour_of(occurring[0]), label=gamma))
    return handles + special_patches(found.labels)


def without_dust(state: Floats) -> Floats:
    """A state with 0 for what is 0 but for rounding."""
    return np.where(np.abs(state) <= 1e-12 * np.max(np.abs(state), initial=0.0), 0.0, state)


def attractor_name(found: Basins, index: int) -> str:
    """An attractor's number, kind and place, short enough for a legend."""
    attractor = found.attractors[index]
    if found.map.dimension > 3 or attractor.point is None:
        return f"{index + 1}, {attractor.name}"
    place = ", ".join(f"{v:.4g}" for v in without_dust(attractor.point.values))
    return f"{index + 1}, {attractor.name} ({place})".replace("-", "−")
