"""Would more neurons help, and does it help to begin with short sequences: two studies as figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from dynlatch.claims.curriculum import findings, pairs, verdicts, word
from dynlatch.claims.parts import where
from dynlatch.claims.redundancy import curves
from dynlatch.claims.statistics import wilson
from dynlatch.noise.ensembles import ends
from dynlatch.views.style import INK, MUTED, PALETTE, PAPER, arrange, colour_of, legend_below, new_figure, plain, styled

if TYPE_CHECKING:
    from dynlatch.claims.curriculum import Pair
    from dynlatch.claims.outcomes import Finding
    from dynlatch.claims.redundancy import Curve
    from dynlatch.claims.rows import Sample
    from dynlatch.studies.cell import Record

_STYLES: Final = ("-", (0, (5, 2)), (0, (1, 1.4)), (0, (5, 1.5, 1, 1.5)))
_MARKERS: Final = ("o", "s", "^", "D")
_VERDICT_COLOURS: Final = {"helps": PALETTE[2], "hurts": PALETTE[1]}
_ROW: Final = 0.21
"""Inches for one cell of the curriculum."""


def figure_redundancy(records: Iterable[Record], T: int | None = None) -> Figure:
    """What grows with the number of units n, and what does not: a row for each weight and distribution of the noise.

    Left: the share of orbits whose bit is kept to ``T`` (by default the middle one of those there are), Wilson's
    intervals. Middle: nats of gradient lost per step along these orbits, and at the latched state (grey, exact). Right:
    bounds of the noise that is stood for certain, whatever it does: its 2-norm over the units, and at each unit (grey).
    Raises: InputError for two results of one trial. Cost: about a second.
    """
    some = curves(records)
    lengths = sorted({c.setting.T for c in some})
    shown = T if T is not None else lengths[len(lengths) // 2] if lengths else 0
    some = [c for c in some if shown == c.setting.T]
    rows = sorted({(c.setting.w, c.setting.noise) for c in some}) or [(0.0, "no")]
    couplings = sorted({c.setting.coupling for c in some})
    deviations = sorted({c.setting.deviation for c in some})
    with styled():
        figure = new_figure(9.6, 2.7 * len(rows) + 0.8)
        panels = figure.subplots(len(rows), 3, squeeze=False)
        for row, (w, noise) in zip(panels, rows, strict=True):
            here = [c for c in some if (c.setting.w, c.setting.noise) == (w, noise)]
            for curve in here:
                look = _look(curve, couplings, deviations)
                _band(row[0], curve, curve.kept_intervals, look)
                _band(row[1], curve, curve.forgetting_intervals, look)
            _exactly(row[1], row[2], here, couplings)
            row[0].set(ylim=(-0.03, 1.03), ylabel=f"bit kept to T = {shown}")
            row[0].set_title(f"w = {w:g}, {plain(noise)} noise", fontsize=9)
            row[1].set(ylabel="nats lost per step", ylim=(0.0, None))
            row[1].set_title("gradients", fontsize=9)
            row[2].set(ylabel="noise stood for certain", ylim=(0.0, None))
            row[2].set_title("worst noise", fontsize=9)
            for axes in row:
                _units(axes, here)
        legend_below(figure, _redundancy_handles(couplings, deviations), columns=4)
        arrange(figure)
    return figure


def _look(curve: Curve, couplings: Sequence[float], deviations: Sequence[float]) -> dict[str, Any]:
    at = deviations.index(curve.setting.deviation)
    return {
        "color": colour_of(couplings.index(curve.setting.coupling)), "linestyle": _STYLES[at % len(_STYLES)],
        "marker": _MARKERS[at % len(_MARKERS)], "markersize": 3.8, "linewidth": 1.1,
    }  # fmt: skip


def _band(axes: Axes, curve: Curve, intervals: np.ndarray[Any, Any], look: dict[str, Any]) -> None:
    value, low, high = intervals.T
    axes.fill_between(curve.n, low, high, color=look["color"], alpha=0.12, linewidth=0.0)
    axes.plot(curve.n, value, **look)


def _exactly(gradients: Axes, noise: Axes, here: Sequence[Curve], couplings: Sequence[float]) -> None:
    """What does not depend on the random noise."""
    for coupling in couplings:
        curve = next((c for c in here if c.setting.coupling == coupling), None)
        if curve is None:
            continue
        colour = colour_of(couplings.index(coupling))
        low, high = zip(*(ends(x.two) for x in curve.worst), strict=True)
        noise.fill_between(curve.n, low, high, color=colour, alpha=0.15, linewidth=0.0)
        noise.plot(curve.n, low, color=colour, linewidth=1.3)
        noise.plot(curve.n, high, color=colour, linewidth=0.7)
        noise.plot(curve.n, [float(x.inf) for x in curve.worst], color=MUTED, linestyle=_STYLES[1], linewidth=1.3)
        gradients.plot(
            curve.n, [float(x.forgetting) for x in curve.worst], color=MUTED, linestyle=_STYLES[1], linewidth=1.3
        )  # fmt: skip


def _units(axes: Axes, here: Sequence[Curve]) -> None:
    units = sorted({int(n) for c in here for n in c.n})
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(units))
    axes.xaxis.set_major_formatter(FixedFormatter([str(n) for n in units]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("units n")
    axes.grid(axis="y")


def _redundancy_handles(couplings: Sequence[float], deviations: Sequence[float]) -> list[Any]:
    names = {0.0: "neurons apart", 1.0: "mean field"}
    made: list[Any] = [
        Line2D([], [], color=colour_of(k), linewidth=2.0, label=names.get(c, f"coupling {c:g}"))
        for k, c in enumerate(couplings)
    ]
    made += [
        Line2D(
            [], [], color=INK, linestyle=_STYLES[k % len(_STYLES)], marker=_MARKERS[k % len(_MARKERS)], markersize=3.8,
            linewidth=1.1, label=f"deviation {d:g}",
        )
        for k, d in enumerate(deviations)
    ]  # fmt: skip
    return [
        *made,
        Line2D([], [], color=MUTED, linestyle=_STYLES[1], linewidth=1.3, label="exact, the same for every n"),
        Patch(facecolor=MUTED, alpha=0.3, label="95 % interval; right: between bounds"),
    ]


# --- curriculum -------------------------------------------------------------------------------------------------------


def figure_curriculum(records: Iterable[Record]) -> Figure:
    """Shares of trials that learn, from the start at full length (open) and with short sequences first (full).

    A panel for each task and noise, a line for each algorithm and T, with Wilson's intervals and what paired tests say,
    corrected for all cells. Of several first stages the first is drawn.
    Raises: InputError for two results of one trial. Cost: about a second.
    """
    kept = list(records)
    found = pairs(kept)
    stage = found[0].stage if found else None
    some = {p.place: p for p in reversed(found) if p.stage == stage}
    said = findings(verdicts(kept)[0])
    tasks = sorted({place.task for place in some}) or ["no trials"]
    noises = sorted({place.noise for place in some}) or [0.0]
    lines = sorted({(place.algorithm, place.T) for place in some})
    with styled():
        size = 4.6 * len(tasks) + 0.8, (_ROW * len(lines) + 0.8) * len(noises) + 0.8
        figure = new_figure(*size, pad=0.2)  # small letters are wider on paper than where they are measured
        panels = figure.subplots(len(noises), len(tasks), sharex=True, sharey=True, squeeze=False)
        for row, noise in zip(panels, noises, strict=True):
            for axes, task in zip(row, tasks, strict=True):
                axes.set_title(f"{plain(task)}, noise {noise:g}", fontsize=9)
                for place, pair in some.items():
                    if (place.task, place.noise) == (task, noise):
                        height = lines.index((place.algorithm, place.T))
                        _dumbbell(axes, height, pair, said.get((place.algorithm, where(place))))
                axes.set_yticks(range(len(lines)), [f"{plain(a, 24)}, T = {t}" for a, t in lines], fontsize=7.5)
                axes.set(xlim=(-0.03, 1.55), xticks=np.linspace(0.0, 1.0, 5))
                axes.grid(axis="x")
        panels[0][0].invert_yaxis()
        for axes in panels[-1]:
            axes.set_xlabel("share of trials that learn")
        legend_below(figure, _curriculum_handles(found[0] if found else None), columns=3)
        arrange(figure)
    return figure


def _dumbbell(axes: Axes, height: int, pair: Pair, finding: Finding | None) -> None:
    text = "" if finding is None else word(finding)
    colour = _VERDICT_COLOURS.get(text, MUTED)
    ends_of = [_share(axes, height + shift, s) for s, shift in ((pair.direct, -0.16), (pair.short_first, 0.16))]
    axes.plot(ends_of, [height - 0.16, height + 0.16], color=colour, linewidth=1.6, zorder=2)
    for share, shift, face in zip(ends_of, (-0.16, 0.16), (PAPER, colour), strict=True):
        axes.plot(
            [share], [height + shift], marker="o", markersize=4.2, color=colour, markerfacecolor=face, zorder=3,
            clip_on=False,
        )  # fmt: skip
    axes.text(1.05, height, text, fontsize=7, color=INK if colour != MUTED else MUTED, va="center")


def _share(axes: Axes, height: float, sample: Sample) -> float:
    value, low, high = wilson(int(sample.solved.sum()), len(sample))
    axes.plot([low, high], [height, height], color=MUTED, linewidth=0.8, zorder=1)
    return value


def _curriculum_handles(pair: Pair | None) -> list[Any]:
    if pair is None:
        return []
    mark: dict[str, Any] = {"linestyle": "", "marker": "o", "markersize": 4.2, "color": INK}
    first = f"first T = {pair.stage.T_0}, for at most {pair.stage.share:.0%} of the budget"
    return [
        Line2D([], [], markerfacecolor=PAPER, label="T from the start", **mark),
        Line2D([], [], label=first, **mark),
        Line2D([], [], color=MUTED, linewidth=0.8, label="95 % interval"),
    ]
