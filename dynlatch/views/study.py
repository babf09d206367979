"""What a study found: Figure 4 of BSF94 with its uncertainty, and the claims as rows of a table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from dynlatch.claims.curves import learning_curves
from dynlatch.views.style import INK, MUTED, PALETTE, PAPER, Floats, arrange, legend_below, new_figure, plain, styled

if TYPE_CHECKING:
    from dynlatch.claims.curves import Curve
    from dynlatch.claims.outcomes import Claim, Dependence, Part
    from dynlatch.claims.redundancy import Fact
    from dynlatch.studies.cell import Record

_ORDER: Final = (
    "back-propagation", "pseudo-newton", "time-weighted", "discrete", "multi-grid", "annealing", "adaptive-newton",
    "guessing", "adam", "rmsprop",
)  # fmt: skip
_TASKS: Final = ("latch", "two-sequence", "parity")
_MARKERS: Final = ("o", "s", "D", "^", "v", "P", "X", "d", "<", ">")
_COLOURS: Final = (*PALETTE, INK, "#5b3a82", MUTED)
_CHANCE: Final = 0.5
_DOTTED: Final = (0, (1, 1.4))
_DASHED: Final = (0, (5, 2))
_THIN: Final[dict[str, Any]] = {"linestyle": _DASHED, "linewidth": 0.8}
_SPREAD: Final = 0.10
"""How far apart, as a part of T, the marks of the first and of the last algorithm stand."""


def figure_4(records: Iterable[Record]) -> Figure:
    """Error after training and presentations against T: a column a task, a row each for every size of noise.

    Error: means with 95 % intervals (bands). Presentations: full lines are medians of the trials that learned, with
    95 % intervals; full marks where at least half of the trials learned, open ones and dashes where fewer did. Dotted
    lines are means over all trials, in which those that did not learn count with what they were given, mostly the cap.
    Of cells that differ in other settings those nearest to the defaults are drawn; the legend counts the rest.
    Raises: InputError for two results of one trial. Cost: about two seconds.
    """
    records = list(records)
    curves = learning_curves(records)
    others = len({r.cell for r in records if r.cell.kind == "train"}) - sum(len(c.T) for c in curves)
    tasks = _known_first({c.task for c in curves}, _TASKS) or ["no trials"]
    noises = sorted({c.noise for c in curves}) or [0.0]
    names = _known_first({c.algorithm for c in curves}, _ORDER)
    lengths = sorted({int(t) for c in curves for t in c.T})
    with styled():
        figure = new_figure(3.4 * len(tasks) + 0.5, 2.3 * 2 * len(noises) + 0.9)
        panels = figure.subplots(2 * len(noises), len(tasks), sharex=True, sharey="row", squeeze=False)
        for row, noise in enumerate(noises):
            for column, task in enumerate(tasks):
                above, below = panels[row][column], panels[len(noises) + row][column]
                here = [c for c in curves if (c.task, c.noise) == (task, noise)]
                for curve in sorted(here, key=lambda c: names.index(c.algorithm)):
                    _draw(above, below, curve, names)
                for axes in (above, below):
                    axes.set_xscale("log")
                    axes.grid(axis="y")
                    axes.set_title(f"{plain(task)}, {_noise_text(noise)}", fontsize=9)
                above.axhline(_CHANCE, color=MUTED, linewidth=0.7, zorder=0)
            panels[row][0].set(ylabel="error after training", ylim=(-0.02, 0.62))
            panels[len(noises) + row][0].set(ylabel="presentations", yscale="log")
        for axes in panels[-1]:
            _lengths(axes, lengths)
        legend_below(figure, _handles(names, others), columns=4)
        arrange(figure)
    return figure


def _known_first(found: Iterable[str], order: Sequence[str]) -> list[str]:
    some = set(found)
    return [name for name in order if name in some] + sorted(some - set(order))


def _noise_text(noise: float) -> str:
    return f"noise up to {noise:g}" if noise else "without noise"


def _look(name: str, others: Sequence[str]) -> dict[str, Any]:
    """The same for an algorithm in every figure; unknown ones repeat the first."""
    index = _ORDER.index(name) if name in _ORDER else others.index(name)
    return {
        "color": _COLOURS[index % len(_COLOURS)], "marker": _MARKERS[index % len(_MARKERS)], "markersize": 4.4,
        "markeredgewidth": 0.8,
    }  # fmt: skip


def _draw(above: Axes, below: Axes, curve: Curve, names: Sequence[str]) -> None:
    look = _look(curve.algorithm, names)
    colour, place = look["color"], names.index(curve.algorithm) / max(1, len(names) - 1)
    at = curve.T * (1.0 + _SPREAD * (place - 0.5))
    for axes, intervals in ((above, curve.error), (below, curve.needed)):
        value, low, high = intervals.T
        axes.fill_between(at, low, high, color=colour, alpha=0.1, linewidth=0.0)
        axes.errorbar(at, value, yerr=_ends(intervals), color=colour, linestyle="", elinewidth=0.8)
    above.plot(at, curve.error[:, 0], linewidth=1.2, **look)
    below.plot(at, curve.presented, color=colour, linestyle=_DOTTED, linewidth=1.0)
    value, often = curve.needed[:, 0], 2 * curve.solved >= curve.num
    for k in range(len(at) - 1):
        style: dict[str, Any] = {"linewidth": 1.2} if often[k] and often[k + 1] else _THIN
        below.plot(at[k : k + 2], value[k : k + 2], color=colour, **style)
    for chosen, face in ((often, colour), (~often, PAPER)):
        some = chosen & np.isfinite(value)
        if some.any():
            below.plot(at[some], value[some], linestyle="", markerfacecolor=face, zorder=3, **look)


def _ends(intervals: Floats) -> Floats:
    """Lengths of error bars below and above, (2, K); 0 where there is no interval."""
    value, low, high = intervals.T
    return np.nan_to_num(np.array([np.maximum(value - low, 0.0), np.maximum(high - value, 0.0)]))


def _lengths(axes: Axes, lengths: Sequence[int]) -> None:
    axes.xaxis.set_major_locator(FixedLocator(lengths))
    axes.xaxis.set_major_formatter(FixedFormatter([str(t) for t in lengths]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("T (steps)")


def _handles(names: Sequence[str], others: int) -> list[Any]:
    made: list[Any] = [Line2D([], [], linewidth=1.2, label=plain(name, 30), **_look(name, names)) for name in names]
    mark: dict[str, Any] = {"color": INK, "marker": "o", "markersize": 4.4}
    made += [
        Line2D([], [], linewidth=1.2, label="median of those that learn", **mark),
        Line2D([], [], markerfacecolor=PAPER, label="the same, fewer than half learn", **mark, **_THIN),
        Line2D([], [], color=INK, linestyle=_DOTTED, linewidth=1.0, label="mean of all, failures at their cap"),
        Patch(facecolor=MUTED, alpha=0.3, label="95 % interval"),
    ]
    if others:
        told = (
            f"{others} cells with other settings are not drawn"
            if others > 1
            else "1 cell with other settings is not drawn"
        )
        made.append(Line2D([], [], linestyle="", label=told))
    return made


# --- claims -----------------------------------------------------------------------------------------------------------

COLUMNS: Final = ("claim", "verdict", "what is asserted", "of it", "all cells together, 95 %", "cells", "p, at most")


def claims_rows(claims: Sequence[Claim]) -> list[tuple[str, ...]]:
    """A row for each claim, followed by one for each of its parts; ``COLUMNS`` names what stands in them.

    p: of the test over all cells; else the largest of the cells that decide the part; both corrected.
    """
    made: list[tuple[str, ...]] = []
    for claim in claims:
        made.append((claim.name, str(claim.verdict), claim.statement, "", "", "", ""))
        for part in claim.parts if claim.verdict != "NO DATA" else ():
            verdict = str(part.verdict) if part.votes else f"({part.verdict})"
            made.append(("", "", part.statement, verdict, _effect(part), part.told, _p_text(part)))
    return made


def claims_markdown(claims: Sequence[Claim]) -> str:
    """The claims as a Markdown table, and under it on what each verdict depends."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    for row in claims_rows(claims):
        cells = [cell.replace("|", "\\|") for cell in row]
        if cells[0]:
            cells[:3] = [f"**{cells[0]}**", f"**{cells[1]}**", f"**{cells[2]}**"]
        lines.append("| " + " | ".join(cells) + " |")
    for claim in claims:
        told = claim_remarks(claim)
        if told:
            lines += ["", f"**{claim.name}** ({claim.source})", "", *(f"- {text}" for text in told)]
    return "\n".join(lines) + "\n"


def claim_remarks(claim: Claim) -> list[str]:
    """What a claim's verdict depends on, which settings are not the defaults, and what else there is to know."""
    made = [_dependence_text(d) for d in claim.depends]
    made += [_dependence_text(d) for d in claim.dependences if d.verdict is d.usual and d.parts]
    steady = [d.what for d in claim.dependences if d.verdict is d.usual and not d.parts]
    if steady:
        made.append(f"the same verdict: {'; '.join(steady)}")
    open_ones = [d.what for d in claim.dependences if not d.matters and d.verdict is not d.usual]
    if open_ones:
        made.append(f"not decided: {'; '.join(open_ones)}")
    if claim.departed:
        made.append("not the defaults: " + ", ".join(f"{name} = {value}" for name, value in claim.departed))
    return made + list(claim.notes)


def _dependence_text(d: Dependence) -> str:
    told = "; ".join(f"{part.statement}: {part.verdict} {_effect(part)}".removesuffix(" -") for part in d.parts)
    other = "the same verdict" if d.verdict is d.usual else f"{d.verdict}, not {d.usual}"
    return f"{d.what}: {other} ({d.num_cells} cells){': ' if told else ''}{told}"


def _effect(part: Part) -> str:
    if part.overall is None or math.isnan(part.overall.size.value):
        return "-"
    form = "{:.3g}" if part.rule == "every" else "{:+.3f}"
    value, low, high = (form.format(v).replace("-", "−") for v in part.overall.size)
    return f"{value} [{low}, {high}]"


def _p_text(part: Part) -> str:
    if part.overall is not None and part.rule != "every":
        return f"{part.overall.p:.2g}"
    decided = [f.p for f in part.findings if f.says != "open"]
    return f"{max(decided):.2g}" if decided else "-"


def fact_lines(some: Iterable[Fact]) -> list[str]:
    """What is proved of ensembles, a line each."""
    said = {True: "more units are better", False: "the same for every n", None: "not settled"}
    return [
        f"{fact.verdict}: w = {fact.w:g}, coupling {fact.coupling:g}, n = {fact.n[0]} to {fact.n[-1]}: {fact.what}: "
        f"{said[fact.improves]} (from {_bounds(fact, 0)} to {_bounds(fact, -1)})"
        for fact in some
    ]


def _bounds(fact: Fact, k: int) -> str:
    return f"[{fact.low[k]:.6g}, {fact.high[k]:.6g}]"
