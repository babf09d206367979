"""BSF94, Fig. 1(b): what a neuron's inputs look like once they are learned, and what they do to its state.

python analyses/figure_1b.py [--quick] [--out FOLDER]
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq
from scripts import options

import dynlatch
from dynlatch.learning import BackPropagation, Batch, Minimal, Run, train
from dynlatch.learning.minimal import learned_inputs
from dynlatch.noise.survival import Gaussian, survival
from dynlatch.views.figures import png_bytes
from dynlatch.views.minimal_problem import response_figure

PICTURE = "figure_1b.png"
SEED = 1994


def main() -> None:
    """Train, take the first run that converged, print what it learned and keep the figure."""
    arguments = options(__doc__, quick="a larger first weight, with which learning is easier")
    task = Minimal(w=2.0, variance=0.05) if arguments.quick else Minimal(num_test=2000)
    runs = train([task.trial(SEED, k) for k in range(32)], BackPropagation(), budget=task.budget)
    table(runs)
    run = next(run for run in runs if run.learned)

    w = float(run.parameters[0])
    latched = brentq(lambda x: math.tanh(w * x) - x, 1e-9, 1.0) if w > 1 else 0.0
    critical = stood(w)
    test = run.trial.test
    inputs = test.signals[:, :, 0].copy()
    learned = learned_inputs(run.trial, run.parameters)
    inputs[:, : task.L] = learned[np.where(test.classes > 0, 0, 1)]
    states = Batch(run.trial.network, test).states(run.parameters)[:, :, 0]
    report(run, inputs, states, latched, critical)
    (arguments.out / PICTURE).write_bytes(png_bytes(response_figure(run, inputs, states, latched, critical)))
    print(f"{arguments.out / PICTURE}: {run!r}")


def stood(w: float) -> float:
    """h*: the noise that a latched sign stands."""
    found = dynlatch.critical_input(dynlatch.neuron(str(w))).value if w > 1 else None
    return 0.0 if found is None else float(found)


def table(runs: list[Run]) -> None:
    """What came of every run."""
    print(f"{'trial':>5} {'stop':>8} {'presentations':>13} {'w':>7} {'test error':>10}")
    for run in runs:
        k, w = run.trial.index, run.parameters[0]
        print(f"{k:5d} {run.stop:>8} {run.presentations:13,d} {w:7.3f} {run.test_error:10.3f}")


def report(run: Run, inputs: np.ndarray, states: np.ndarray, latched: float, critical: float) -> None:
    """The learned numbers, and whether the answers are as often right as theory has it."""
    w, task_steps = float(run.parameters[0]), run.trial.test.steps
    learned = learned_inputs(run.trial, run.parameters)
    count = learned.shape[1]
    for name, row in zip((1, 0), learned, strict=True):
        print(f"  inputs of class {name}: " + ", ".join(f"{h:+.3f}" for h in row))
    noise = inputs[:, count:]
    print(f"  w = {w:.4f}, attractors +-{latched:.4f}, h* = {critical:.4f}")
    print(f"  noise beyond h*: {np.mean(np.abs(noise) > critical):.1%} of all steps")
    for sign, row in zip((1.0, -1.0), learned, strict=True):
        state = 0.0
        for h in row:
            state = w * math.tanh(state) + h
        mine = states[run.trial.test.classes == sign, -1]
        seen = float(np.mean((mine >= 0) == (sign > 0)))
        expected = survival(w, Gaussian(run.trial.fresh**2), state, task_steps - count).right[-1]
        error = math.sqrt(expected * (1 - expected) / mine.size)
        print(
            f"  class of sign {sign:+.0f}: after its inputs a = {state:+.3f}; right in the end {seen:.4f}, "
            f"by theory {expected if (state >= 0) == (sign > 0) else 1 - expected:.4f} +- {error:.4f}"
        )


if __name__ == "__main__":
    main()
