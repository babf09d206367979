"""BSF94, Fig. 2(b): how often training converges as sequences get longer, w = 1.25; and what no learning could exceed.

python analyses/figure_2b.py [--quick] [--out FOLDER]
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from scipy.stats import t as student_t
from scripts import options

from dynlatch.learning import BackPropagation, Batch, Minimal, Run, train
from dynlatch.learning.minimal import learned_inputs, streak_chance
from dynlatch.noise.survival import Gaussian, latch_oracle, survival
from dynlatch.views.figures import png_bytes
from dynlatch.views.minimal_problem import LengthCurve, length_figure

PICTURE = "figure_2b.png"
SEED = 1994
W = 1.25
READINGS = (("variance 0.2", 0.2), ("standard deviation 0.2", 0.2**2), ("without noise", 0.0))
"""What s = 0.2 can mean, and no noise."""
LENGTHS = (4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 17, 20, 25, 30, 40, 50)
RUNS = 64
OTHER_STREAKS = (10, 50)


Floats = NDArray[np.float64]


def main() -> None:
    """Train at every length, print what came of it beside the theory, and keep the figure."""
    arguments = options(__doc__, quick="three lengths, 8 runs of 1,000 epochs")
    lengths = (4, 8, 20) if arguments.quick else LENGTHS
    runs, budget = (8, 2000) if arguments.quick else (RUNS, Minimal.budget)
    curves = [followed(name, s, lengths, runs, budget) for name, s in READINGS]
    others = [
        (streak, np.array([streak_chance(p, streak, budget // 2) for p in curves[0].right])) for streak in OTHER_STREAKS
    ]
    task = Minimal(w=W, weight_is_learned=False)
    title = (
        f"The minimal problem, $w$ = {W} fixed: {runs} runs at each T; "
        f"converged: {task.streak} epochs in a row without an error, of {budget // 2:,}"
    )
    figure = length_figure(curves, others, right_at_first(task, runs), title)
    (arguments.out / PICTURE).write_bytes(png_bytes(figure))
    print(f"\n{arguments.out / PICTURE}: {len(curves) * len(lengths) * runs} runs of at most {budget:,} presentations")


def right_at_first(task: Minimal, runs: int) -> float:
    """The share of trials whose inputs are right before they learn; the same for all lengths."""
    trials = [task.trial(SEED, k) for k in range(runs)]
    return sum(not Batch(trial.network, trial.train).costs(trial.initial)[1].any() for trial in trials) / runs


def settled(run: Run) -> float:
    """The checkpoint from which on the inputs are right without noise, in presentations; inf if they are not."""
    states = np.zeros((len(run.history), 2))
    for h in learned_inputs(run.trial, run.history.parameters).transpose(2, 0, 1):
        states = W * np.tanh(states) + h
    wrong = np.flatnonzero((states[:, 0] < 0) | (states[:, 1] >= 0))
    since = 0 if not wrong.size else int(wrong[-1]) + 1
    return float(run.history.presentations[since]) if since < len(states) else math.inf


class Row(NamedTuple):
    """What runs at one length gave: shares with intervals, and presentations."""

    converged: float
    low: float
    high: float
    accuracy: float
    half_width: float
    inputs: float
    half: float
    most: float
    presented: float


def measured(task: Minimal, runs: int, budget: int) -> Row:
    """Train ``runs`` trials."""
    found = train([task.trial(SEED, k) for k in range(runs)], BackPropagation(), budget=budget)
    hits = sum(run.learned for run in found)
    interval = binomtest(hits, runs).proportion_ci(0.95, method="wilson")
    accuracy = np.array([1.0 - run.test_error for run in found])
    half, most = np.quantile([settled(run) for run in found], (0.5, 0.9), method="higher").tolist()
    return Row(
        hits / runs,
        float(interval.low),
        float(interval.high),
        float(accuracy.mean()),
        float(student_t.ppf(0.975, runs - 1) * accuracy.std(ddof=1)) / math.sqrt(runs),
        float(np.mean([run.train_error == 0.0 for run in found])),  # training sequences have no noise of their own
        half,
        most,
        float(np.mean([run.presentations for run in found])),
    )


def followed(name: str, variance: float, lengths: tuple[int, ...], runs: int, budget: int) -> LengthCurve:
    """Runs at all lengths, and the theory at all lengths between them."""
    steps = np.arange(lengths[0], lengths[-1] + 1)
    task = Minimal(variance=variance, w=W, weight_is_learned=False)
    right = latch_oracle(W, variance, lengths[-1], task.L)[steps - 1]
    alone = survival(W, Gaussian(variance), math.inf, lengths[-1] - task.L).survived
    survived = np.concatenate([np.ones(task.L), alone])[steps - 1]
    chance = np.array([streak_chance(p, task.streak, budget // 2) for p in right])
    at = np.array(lengths) - lengths[0]
    rows = [measured(replace(task, T=T), runs, budget) for T in lengths]
    table(name, lengths, rows, chance[at], right[at])
    hits, expected = runs * sum(row.converged for row in rows), runs * chance[at]
    deviation = math.sqrt(np.sum(expected * (1.0 - chance[at])))
    print(f"  converged in all: {hits:.0f}; without learning {expected.sum():.1f} +- {deviation:.1f}")
    shares, low, high, accuracy, _, inputs, half, most, _ = np.array(rows).T
    return LengthCurve(
        name, np.array(lengths), shares, np.array([low, high]), accuracy, inputs, np.array([half, most]), steps, chance,
        right, survived,
    )  # fmt: skip


def table(name: str, lengths: Sequence[int], rows: Sequence[Row], chance: Floats, right: Floats) -> None:
    """All numbers of one size of noise."""
    print(
        f"\n{name}: runs that converged with 95 % interval, and those that do with the best inputs and no learning;\n"
        "accuracy on fresh noise with 95 % interval, and that of the best inputs; runs whose inputs are right without\n"
        "noise; presentations until they are for good, in half of the runs and in nine of ten; presentations in all"
    )
    print(
        f"{'T':>4} {'converged':>9} {'no learning':>28} {'accuracy':>9} {'best':>18} {'inputs':>7} {'half':>6} "
        f"{'9/10':>6} {'all':>7}"
    )
    for T, row, by_luck, best in zip(lengths, rows, chance, right, strict=True):
        print(
            f"{T:4d} {row.converged:9.3f}  [{row.low:.3f}, {row.high:.3f}] {by_luck:11.4f} "
            f"{row.accuracy:9.4f} +- {row.half_width:.4f} {best:8.4f} "
            f"{row.inputs:7.3f} {row.half:6.0f} {row.most:6.0f} {row.presented:7.0f}"
        )


if __name__ == "__main__":
    main()
