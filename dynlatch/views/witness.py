"""The figure of witnesses: the curves that show how a statement fails, and the level that they are compared with."""

from __future__ import annotations

import math
import re
import textwrap
from itertools import cycle
from typing import TYPE_CHECKING, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from dynlatch.errors import InputError
from dynlatch.views.style import INK, MUTED, PALETTE, arrange, new_figure, plain, styled

if TYPE_CHECKING:
    from dynlatch.theorems.statements import Plot, Statement

_COLUMNS: Final = 2
_TITLE: Final = 62
_LINE: Final = 80
"""Characters in a line above a panel, of the title and of the witness."""
_MARKED: Final = 32
"""Curves of no more points than that show every one of them."""
_TICKS: Final = 6
_BESIDE: Final = 8
"""A level's label of so many characters stands at the end of its line, a longer one in the legend."""
_DASHES: Final = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (7, 2, 1, 2)))
_GREEK: Final = "alpha beta gamma eta kappa lambda mu rho sigma Gamma"
_INDEX: Final = r"(\{[^{}]*\}|[A-Za-z0-9]+)"
_SYMBOL: Final = re.compile(rf"\b(?:(d?)(abar|{_GREEK.replace(' ', '|')})(?:_{_INDEX}|\b)|(d?)([A-Za-z])_{_INDEX})")
_LIST: Final = re.compile(r", (?=[^()\[\]]{0,12}[)\]])")
"""Commas within a vector or a row, where no line shall end."""
_POWER: Final = re.compile(r"\^(\{[^{}]*\}|-?[A-Za-z0-9]+)")
_SIGNS: Final = {"<=": "≤", ">=": "≥", "->": "→"}


def witness_figure(*of: Statement) -> Figure:
    """The witnesses of statements, a panel for each.

    Raises: InputError for a statement without a witness that can be drawn. Cost: tenths of a second.
    """
    plots = [_plot_of(s) for s in of]
    columns = min(_COLUMNS, len(of))
    rows = -(-len(of) // columns)
    with styled():
        figure = new_figure(5.4 * columns, 0.5 + 2.7 * rows)
        panels = figure.subplots(rows, columns, squeeze=False)
        for axes, s, plot in zip(panels.flat, of, plots, strict=False):
            draw_plot(axes, plot)
            _head(axes, f"{s.id} ({s.reading}): {plot.title}", s.witness.text if s.witness else "")
        for axes in panels.flat[len(of) :]:
            axes.set_visible(False)
        arrange(figure)
    return figure


def _plot_of(s: Statement) -> Plot:
    if s.witness is None or s.witness.plot is None:
        raise InputError(f"{s.id} ({s.reading}) is {s.verdict} and has no witness that can be drawn")
    return s.witness.plot()


def draw_plot(axes: Axes, plot: Plot) -> None:
    """The curves and the level of a plot. Values that a logarithmic axis cannot show are gaps."""
    axes.grid()
    for (label, xs, ys), colour, dash in zip(plot.curves, cycle(PALETTE), cycle(_DASHES)):
        shown = [y if math.isfinite(y) and (y > 0 or not plot.log_scale) else math.nan for y in ys]
        marker = "o" if len(xs) <= _MARKED else ""
        axes.plot(
            xs, shown, color=colour, linestyle=dash, linewidth=1.6, marker=marker, markersize=4, label=formula(label)
        )  # fmt: skip
    if plot.log_scale:
        _logarithmic(axes)
    named = len(plot.curves) > 1
    if plot.level is not None:
        label = formula(plot.level_label or f"{plot.level:g}")
        beside = len(plot.level_label) <= _BESIDE
        axes.axhline(
            plot.level, color=INK, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1.5, label="_" if beside else label
        )
        if beside:
            axes.annotate(
                label, (1.0, plot.level), xycoords=("axes fraction", "data"), xytext=(4, 0),
                textcoords="offset points", va="center", ha="left", color=INK, annotation_clip=False,
            )  # fmt: skip
        named = named or not beside
    if all(x.is_integer() for _, xs, _ in plot.curves for x in xs):
        axes.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))
    axes.set_xlabel(formula(plot.x_label))
    axes.set_ylabel(formula(plot.y_label))
    if named:
        axes.legend(loc="best", handlelength=2.4)


def _logarithmic(axes: Axes) -> None:
    """A logarithmic axis with ticks at round powers of ten, however many it spans."""
    axes.set_yscale("log")
    low, high = (math.log10(end) for end in axes.get_ylim())
    step = next((s for s in (1, 2, 5, 10, 20, 50) if high - low <= _TICKS * s), 100)
    if step > 1:
        powers = range(math.ceil(low / step) * step, math.floor(high) + 1, step)
        axes.yaxis.set_major_locator(FixedLocator([10.0**k for k in powers]))
        axes.yaxis.set_minor_locator(NullLocator())


def _head(axes: Axes, title: str, witness: str) -> None:
    """The title, and the witness below it in smaller type."""
    unbroken = textwrap.wrap(_LIST.sub(",\u00a0", witness), _LINE, break_long_words=False, break_on_hyphens=False)
    lines = [line.replace("\u00a0", " ") for line in unbroken]
    above = textwrap.wrap(title, _TITLE, break_on_hyphens=False)
    axes.set_title("\n".join(map(formula, above)), pad=8.0 + 11.5 * len(lines), fontsize=10)
    if lines:
        axes.annotate(
            "\n".join(map(formula, lines)), (0, 1), xycoords="axes fraction", xytext=(0, 6),
            textcoords="offset points", va="bottom", ha="left", color=MUTED, fontsize=8, annotation_clip=False,
        )  # fmt: skip


def formula(text: str) -> str:
    """Plain mathematics as a figure shows it: the index of a_t below, abar with its bar, Greek letters, signs for <=.

    >>> formula("|a_t - abar| <= d")
    '|$a_{t}$ - $\\\\bar{a}$| ≤ d'
    """
    shown = plain(text, 200)
    for typed, sign in _SIGNS.items():
        shown = shown.replace(typed, sign)
    return _POWER.sub(lambda found: f"$^{{{_bare(found[1])}}}$", _SYMBOL.sub(_symbol, shown))


def _symbol(found: re.Match[str]) -> str:
    """A name with its index; a d before it is a differential."""
    d, name, index = found.groups()[:3] if found[2] else found.groups()[3:]
    shown = r"\bar{a}" if name == "abar" else rf"\{name}" if name in _GREEK.split() else name
    return f"{d}${shown}_{{{_bare(index)}}}$" if index else f"{d}${shown}$"


def _bare(index: str) -> str:
    return index.removeprefix("{").removesuffix("}")
