"""The figure of vanishing gradients: how da_t/da_0 shrinks along an orbit into each attractor."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dynlatch.latch.gradients import CONFIDENCE, GradientDecay
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.views.style import INK, MUTED, attractor_name, colour_of, heading, legend_below, new_figure

if TYPE_CHECKING:
    from dynlatch.analysis import Analysis

MAX_PANELS: Final = 4
_LN10: Final = math.log(10.0)


def decay_figure(analysis: Analysis) -> Figure:
    """log10 of the gradient's norm and spectral radius over time, with the fitted and the proved slopes."""
    shown = analysis.decays[:MAX_PANELS]
    columns = 1 if len(shown) == 1 else 2
    rows = -(-len(shown) // columns)
    figure = new_figure(8.2, 1.2 + 2.9 * rows)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    sup = analysis.contraction.value
    handles: dict[str, object] = {}
    for axes, entry in zip(panels.flat, shown, strict=False):
        colour = MUTED if entry.attractor is None else colour_of(entry.attractor)
        _panel(axes, entry.decay, colour, sup)
        place = "an orbit" if entry.attractor is None else f"to {attractor_name(analysis.basins, entry.attractor)}"
        axes.set_title(f"{place}\n{_rate_text(entry.decay)}", fontsize=9)
        for line in axes.get_lines():
            handles.setdefault(str(line.get_label()), line)
    for axes in panels.flat[len(shown) :]:
        axes.set_visible(False)
        panels[-2, -1].tick_params(labelbottom=True)
    for axes in panels[:, 0]:
        axes.set_ylabel(r"$\log_{10}\,|\partial a_t/\partial a_0|$")
    for k in range(columns):
        panels[(len(shown) - 1 - k) // columns, k].set_xlabel("t (steps)")
    lo, hi = _limits([entry.decay for entry in shown])
    panels[0, 0].set_ylim(lo, hi)
    more = len(analysis.decays) - len(shown)
    figure.suptitle(
        f"Gradients through time in {heading(analysis.map)}" + (f" ({more} more attractors not shown)" if more else ""),
        x=0.01, ha="left", fontsize=10,
    )  # fmt: skip
    legend_below(figure, [h for name, h in handles.items() if not name.startswith("_")], columns=2)
    return figure


def _panel(axes: Axes, decay: GradientDecay, colour: str, sup: Enclosure | None) -> None:
    t = np.arange(decay.reached + 1, dtype=np.float64)
    norm, radius = (np.where(np.isfinite(v), v, np.nan) / _LN10 for v in (decay.log_norm, decay.log_spectral_radius))
    shift = 0.045 * max(1.0, float(np.nanmax(norm) - np.nanmin(norm)))
    axes.grid()
    axes.axhline(0.0, color=MUTED, linewidth=0.6)
    axes.plot(t, norm, color=colour, linewidth=2.6, alpha=0.55, label=f"norm ({decay.norm:g})")
    axes.plot(t, radius, color=INK, linewidth=1.0, linestyle=(0, (4, 3)), label="spectral radius")
    if math.isfinite(decay.rate) and math.isfinite(norm[-1]):
        tail = t[decay.transient :]
        fitted = norm[-1] - decay.rate / _LN10 * (t[-1] - tail)
        axes.plot(tail, fitted + shift, color=INK, linewidth=1.2, linestyle=":", label="fitted slope (set higher)")
    if decay.certified_rate is not None and math.isfinite(norm[-1]):
        proved = norm[-1] + float(decay.certified_rate) / _LN10 * (t - t[-1])
        axes.plot(
            t, proved - shift, color=INK, linewidth=0.9, linestyle=(0, (7, 2, 1, 2)),
            label="proved slope at the attractor (set lower)",
        )  # fmt: skip
    if sup is not None and sup.upper > 0:
        kind = "bound" if sup.upper <= 1 else "bound, which allows growth"
        axes.plot(
            t,
            t * math.log10(sup.hi),
            color=MUTED,
            linewidth=1.2,
            linestyle="-.",
            label=rf"$(\sup |M'|)^t$: proved {kind}",
        )
    lost = np.flatnonzero(np.isneginf(decay.log_norm))
    if lost.size:
        axes.text(0.97, 0.9, f"0 from t = {lost[0]}", transform=axes.transAxes, ha="right")
    axes.set_xlim(0, max(decay.steps, 1))


def _rate_text(decay: GradientDecay) -> str:
    if math.isnan(decay.rate):
        return f"diverged after {decay.reached} steps: no rate"
    if math.isinf(decay.rate):
        return "a factor is 0: the gradient is gone"
    lo, hi = decay.rate_interval
    width = max(hi - lo, 1e-12)
    digits = min(9, max(3, 1 - math.floor(math.log10(width)))) if math.isfinite(width) else 4
    text = f"rate {decay.rate:.{digits}f} nats/step"
    if math.isfinite(width):
        text += f", {CONFIDENCE:.0%} interval ±{width / 2:.1e}"
    return text.replace("-", "−")


def _limits(decays: list[GradientDecay]) -> tuple[float, float]:
    """The range of the data; the bound may run out of it."""
    logs = np.concatenate([d.log_norm[np.isfinite(d.log_norm)] for d in decays]) / _LN10
    lo, hi = min(float(logs.min()), -1.0), max(float(logs.max()), 0.0)
    return lo - 0.08 * (hi - lo), hi + 0.12 * (hi - lo)
