"""How long must an input last to flip a latch? L_1 of the neuron down to h*, and a network from latch to latch.

python analyses/transient.py [--quick] [--out FOLDER]
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scripts import options

import dynlatch
from dynlatch.noise.transient import Transient
from dynlatch.views.figures import png_bytes
from dynlatch.views.style import INK, MUTED, PAPER, colour_of, legend_below, new_figure, styled

PICTURE = "transient_length.png"
WEIGHTS = ("5/4", "2", "5")
MARKERS = ("o", "s", "^")
NETWORK = dynlatch.tanh_network([[2, "1/5"], ["1/5", "9/5"]])

Counted = list[tuple[float, int]]


def main() -> None:
    """Count, print the tables and keep the figure."""
    arguments = options(__doc__, quick="gaps down to 1e-4, few inputs")
    decades, per_decade, num_inputs = (4, 1, 12) if arguments.quick else (10, 2, 60)
    with styled():
        figure = new_figure(8.2, 4.4)
        left, right = figure.subplots(1, 2)
        for number, w in enumerate(WEIGHTS):
            neuron_panel(left, w, number, decades, per_decade)
        handles = network_panel(right, num_inputs)
        finish(figure, left, right, handles)
    (arguments.out / PICTURE).write_bytes(png_bytes(figure))
    print(f"{arguments.out / PICTURE}: transient lengths of neurons and of {NETWORK!r}")


def neuron_panel(axes: Axes, w: str, number: int, decades: int, per_decade: int) -> None:
    """L_1 against h - h*: certified counts, certified thresholds as the steps between them, the asymptote."""
    m = dynlatch.neuron(w)
    thresholds = dynlatch.transient_thresholds(m, 30)
    gaps = [float(h.middle - thresholds.critical.middle) for h in thresholds]
    colour = colour_of(number)
    # h_k < h <= h_(k - 1) needs k steps
    axes.stairs(np.arange(len(gaps), 1, -1), gaps[::-1], baseline=None, color=colour, linewidth=1.2)

    print(f"\nneuron with w = {w}: h* = {float(thresholds.critical):.10f}, thresholds {thresholds.verdict}")
    print("  h_1, h_2, ... = " + ", ".join(f"{float(h):.8f}" for h in list(thresholds)[:8]))
    print(f"{'h - h*':>10} {'L_1':>8} {'asymptotic':>12} {'ratio':>9}  verdict")
    counted: Counted = []
    for k in range(1, decades * per_decade + 1):
        # a little above h* plus the gap, so that h is a short fraction
        gap = Fraction(f"{10 ** (-k / per_decade):.3g}")
        found = dynlatch.neuron_transient(m, thresholds.critical.upper.limit_denominator(10**24) + gap)
        if found.steps is None or found.asymptotic is None or found.ratio is None:
            print(f"{float(found.gap):10.3e} {'none':>8} {found.reason}")
            continue
        counted.append((float(found.gap), found.steps))
        print(
            f"{float(found.gap):10.3e} {found.steps:8d} {float(found.asymptotic):12.3f} {found.ratio:9.6f}  "
            f"{found.verdict}"
        )
    axes.plot(*zip(*counted, strict=True), MARKERS[number], color=colour, markersize=4.0, label=f"w = {w}")
    reach = np.geomspace(counted[-1][0] / 2, gaps[2], 50)
    s = math.sqrt(1 - 1 / Fraction(w))
    axes.plot(reach, math.pi / np.sqrt(s * reach), color=colour, linewidth=0.8, linestyle=(0, (5, 3)))


def network_panel(axes: Axes, num_inputs: int) -> list[object]:
    """L against h along (1, 1) between three pairs of the network's latches, with the folds that the input meets."""
    latches = dynlatch.fixed_points(NETWORK).attracting
    names = {0: "(−, −)", 1: "(−, +)", 2: "(+, −)", 3: "(+, +)"}
    pairs = ((0, 3), (1, 3), (2, 3))
    critical = dynlatch.critical_input(NETWORK)
    folds = sorted({round(float(f.value), 9) for f in critical.folds if f.value is not None and float(f.value) > 0})
    for fold in folds:
        axes.axvline(fold, color=MUTED, linewidth=0.8, linestyle=":")
    print(f"\n{NETWORK!r}, input along (1, 1); folds at {', '.join(f'{f:.6f}' for f in folds)}")
    inputs = [Fraction(round(1000 * h), 1000) for h in np.geomspace(0.1, 3.0, num_inputs)]
    for number, (a, b) in enumerate(pairs):
        found = [dynlatch.transient_length(NETWORK, h, start=latches[a], end=latches[b]) for h in inputs]
        report(f"{names[a]} to {names[b]}", found)
        shown = [(float(t.input), t.steps) for t in found if t.steps is not None]
        axes.plot(*zip(*shown, strict=True), MARKERS[number], color=colour_of(number + 3), markersize=4.0,
                  linestyle="-", linewidth=0.8, label=f"{names[a]} to {names[b]}")  # fmt: skip
        never = [float(t.input) for t in found if t.carries is False]
        axes.plot(never, [0.62 * 1.25**number] * len(never), MARKERS[number], color=colour_of(number + 3),
                  markersize=3.0, markerfacecolor=PAPER, linestyle="")  # fmt: skip
    axes.text(0.1, 0.62 * 1.25**3, "never, PROVED", fontsize=8.0)
    return [*axes.get_legend_handles_labels()[0]]


def report(title: str, found: list[Transient]) -> None:
    """What was proved along one pair, in two lines."""
    never = [t.input for t in found if t.carries is False]
    counts = sorted({t.steps for t in found if t.steps is not None})
    undecided = [t for t in found if t.carries is None]
    last = float(max(never, default=Fraction(0)))
    print(f"  {title}: L takes the values {counts} (PROVED); never up to h = {last:.3f} (PROVED)")
    for t in undecided:
        print(f"    h = {float(t.input)}: {t.reason}")


def finish(figure: Figure, left: Axes, right: Axes, handles: list[object]) -> None:
    """Scales, labels and the legend."""
    left.set(xscale="log", yscale="log", xlabel="$h - h^*$", ylabel=r"transient length $L_1$ (steps)")
    left.set_title("the neuron, down to its critical input")
    right.set(xscale="log", yscale="log", xlabel="constant input $h$ along (1, 1)", ylabel="steps of input needed")
    right.set_title("a network of two units, from latch to latch")
    ticks = (0.1, 0.2, 0.5, 1.0, 2.0)
    right.set_xticks(ticks, [f"{t:g}" for t in ticks])
    right.minorticks_off()
    for axes in (left, right):
        axes.grid()
    (asymptote,) = left.plot(
        [], [], color=INK, linewidth=0.8, linestyle=(0, (5, 3)), label=r"$\pi / \sqrt{s (h - h^*)}$"
    )
    (steps,) = left.plot([], [], color=INK, linewidth=1.2, label="between certified thresholds")
    (fold,) = right.plot([], [], color=MUTED, linewidth=0.8, linestyle=":", label="folds that the input meets")
    shown = [h for h in left.get_legend_handles_labels()[0] if h not in (asymptote, steps)]
    legend_below(figure, [*shown, asymptote, steps, *handles, fold], columns=3)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


if __name__ == "__main__":
    main()
