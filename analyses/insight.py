"""What does a run store, and what can it still learn? One latch run over its presentations, and many that latched.

A target d asks a neuron for the latched state x = d, that of the weight artanh(d) / d. For the usual 0.8 its h* is
0.138: a run that does as it is told never stands noise of 0.2. The picture of one run takes 0.9, the other one several.

python analyses/insight.py [--quick] [--out FOLDER]
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np
from scripts import options

import dynlatch
from dynlatch.learning.algorithms.back_propagation import BackPropagation
from dynlatch.learning.insights import Insight, LatchedGradients, gradient_when_latched, insight, resting_curve
from dynlatch.learning.run import History, Run
from dynlatch.learning.tasks import Latch
from dynlatch.learning.training import train
from dynlatch.views.figures import png_bytes
from dynlatch.views.learning import insight_figure, scatter_figure

RUN, SCATTER = "insight_latch.png", "latched_gradients.png"
SEED = 5
TASK = Latch(T=20, noise=0.2, target=0.9)
TARGETS = (0.7, 0.8, 0.9, 0.95)
NOISE = 0.1
"""Of the many runs: some of their targets ask for states that stand it, some do not."""
STREAK = 200
"""Epochs without an error that count as learned: runs go on, so that one sees what becomes of the gradient."""


def main() -> None:
    """Train, look, print the tables and keep the pictures."""
    arguments = options(__doc__, quick="few checkpoints, few runs")
    count, indices, lengths = (12, 16, (10, 20)) if arguments.quick else (60, 64, (10, 20, 40))

    wanted(TARGETS)
    seen = insight(looked_at_often(next(run for run in trained(TASK, 16) if run.learned), count))
    over_presentations(seen)
    (arguments.out / RUN).write_bytes(png_bytes(insight_figure(seen)))
    print(f"{arguments.out / RUN}: {seen!r}\n")

    runs = [run for T in lengths for d in TARGETS for run in trained(Latch(T=T, noise=NOISE, target=d), indices)]
    found = gradient_when_latched(runs)
    over_tolerance(found, runs)
    curves = [resting_curve(T, float(np.max(found.stands))) for T in lengths]
    (arguments.out / SCATTER).write_bytes(png_bytes(scatter_figure(found, curves)))
    print(f"{arguments.out / SCATTER}: {found!r}")


def trained(task: Latch, indices: int) -> list[Run]:
    """Runs of back-propagation with the usual budget, in the order of the trials' indices."""
    return train([replace(task.trial(SEED, i), streak=STREAK) for i in range(indices)], BackPropagation())


def looked_at_often(run: Run, count: int) -> Run:
    """The same run with ``count`` checkpoints: stopped at a budget, training is what it would have been until then."""
    size = len(run.trial.train)
    budgets = np.unique(np.geomspace(2, run.presentations // size, count).round().astype(np.int64)) * size
    stopped = [train([run.trial], run.algorithm, budget=int(budget))[0].history for budget in budgets]
    return replace(
        run,
        history=History(
            *(
                np.concatenate([getattr(run.history, f.name)[:1], *(getattr(h, f.name)[-1:] for h in stopped)])
                for f in fields(History)
            )
        ),
    )


def wanted(targets: Sequence[float]) -> None:
    """What each target asks for."""
    print(f"{'target':>7} {'w':>8} {'h*':>8}")
    for d in targets:
        w = math.atanh(d) / d
        print(f"{d:7g} {w:8.4f} {float(dynlatch.critical_input(dynlatch.neuron(w)).value or 0):8.4f}")
    print()


def over_presentations(seen: Insight) -> None:
    """One line a checkpoint."""
    print(
        f"{'presentations':>13} {'error':>6} {'h*':>8} {'robust':>12} {'|dx_N/du_1|':>12} {'at rest':>10} {'lag 0':>6}"
    )
    middle, rest = seen.gradient_quartiles[1], np.median(seen.resting, axis=1)
    for k in range(len(seen)):
        print(
            f"{seen.presentations[k]:13,} {seen.error[k]:6.2f} {seen.stands[k]:8.4f} {seen.robust[k]:>12} "
            f"{middle[k]:12.3e} {rest[k]:10.2e} {seen.share[k, 0]:6.3f}"
        )


def over_tolerance(found: LatchedGradients, runs: Sequence[Run]) -> None:
    """One line for each T and target: the last checkpoints of the runs that have learned."""
    print(f"{'T':>3} {'target':>7} {'learned':>8} {'h*':>8} {'|dx_N/du_1|':>12} {'at rest':>10}  (medians)")
    last = {int(run): row for row, run in enumerate(found.run)}  # rows come in the order of presentations
    settings = dict.fromkeys((run.trial.train.steps, run.trial.target) for run in runs)
    for steps, target in settings:
        mine = [k for k, run in enumerate(runs) if (run.trial.train.steps, run.trial.target) == (steps, target)]
        rows = [last[k] for k in mine if runs[k].learned and k in last]
        if rows:
            numbers = (found.stands[rows], found.quartiles[1][rows], found.resting[rows])
            critical, gradient, rest = (float(np.median(v)) for v in numbers)
            print(f"{steps:3} {target:7g} {len(rows):4}/{len(mine):<3} {critical:8.4f} {gradient:12.3e} {rest:10.2e}")


if __name__ == "__main__":
    main()
