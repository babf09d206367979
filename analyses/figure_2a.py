"""BSF94, Fig. 2(a): how often training converges, over the initial weight w_0 and the variance s of the noise.

python analyses/figure_2a.py [--quick] [--out FOLDER]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import permutation_test
from scripts import options

from dynlatch.learning import BackPropagation, Batch, Minimal, Run, train
from dynlatch.views.figures import png_bytes
from dynlatch.views.minimal_problem import density_figure

PICTURE = "figure_2a.png"
SEED = 1994
"""The grid, the tests and where the second of them splits the weights were chosen on seed 0."""
WEIGHTS = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0)
VARIANCES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8)
SPLIT = 2.0
"""Convergence rises with w_0 up to about here."""
RUNS = 18

Floats = NDArray[np.float64]


class Trend(NamedTuple):
    """Of two levels that differ, how much more often the higher one alone has a 1 than the lower one alone."""

    value: float
    low: float
    high: float
    p: float

    def __str__(self) -> str:
        return f"{self.value:+.3f}  95 % interval [{self.low:+.3f}, {self.high:+.3f}]  p = {self.p:.2g}"


def main() -> None:
    """Train all pairs, print the densities and what they depend on, and keep the figure."""
    arguments = options(__doc__, quick="few pairs, 6 runs of 1,000 epochs")
    weights = (1.0, 1.5, 2.0, 4.0) if arguments.quick else WEIGHTS
    variances = (0.0, 0.05, 0.2) if arguments.quick else VARIANCES
    count, budget = (6, 2000) if arguments.quick else (RUNS, Minimal.budget)
    trials = [
        Minimal(w=w, variance=s).trial(SEED, k) for w in weights for s in variances for k in range(count)
    ]  # fmt: skip
    runs = train(trials, BackPropagation(), budget=budget)
    shape = (len(weights), len(variances), count)
    converged = np.array([run.learned for run in runs], dtype=np.float64).reshape(shape)
    accuracy = np.array([1.0 - run.test_error for run in runs]).reshape(shape)

    table("share of runs that converged", weights, variances, converged.mean(axis=2))
    table("mean accuracy on fresh noise, of all runs", weights, variances, accuracy.mean(axis=2))
    of_converged = np.where(converged.sum(axis=2) > 0, (accuracy * converged).sum(axis=2), np.nan)
    table(
        "mean accuracy on fresh noise, of the runs that converged", weights, variances,
        of_converged / np.maximum(converged.sum(axis=2), 1),
    )  # fmt: skip
    tests(weights, variances, converged)
    beginnings(runs)
    task = Minimal()
    title = (
        f"The minimal problem, T = {task.T}, $w$ learned: {count} runs a pair; "
        f"converged: {task.streak} epochs in a row without an error, of {budget // 2:,}"
    )
    figure = density_figure(weights, variances, converged.mean(axis=2), accuracy.mean(axis=2), title)
    (arguments.out / PICTURE).write_bytes(png_bytes(figure))
    print(f"\n{arguments.out / PICTURE}: {len(runs)} runs, {sum(run.presentations for run in runs):,} presentations")


def table(title: str, weights: Sequence[float], variances: Sequence[float], values: Floats) -> None:
    """A number for each pair."""
    print(f"\n{title}; rows w_0, columns s\n{'':>6}" + "".join(f"{s:7g}" for s in variances))
    for w, row in zip(weights, values, strict=True):
        print(f"{w:6g}" + "".join("      -" if np.isnan(v) else f"{v:7.2f}" for v in row))


def trend(levels: Floats) -> Trend:
    """The trend of zeros and ones along ordered levels, shape (levels, others, trials).

    Trials are independent, the cells of a trial are not (all begin with the same inputs): each trial gives one number,
    the mean over pairs of levels of their difference, and trials are tested against 0, by exchanging signs. The
    interval holds the shifts that this test does not refute at 5 %: it has 0 in it where p is above 0.05.
    """
    steps = len(levels)
    rank = 2.0 * np.arange(steps) - (steps - 1)  # the sum over pairs of (higher - lower), level by level
    each = np.tensordot(rank, levels, axes=1).mean(axis=0) / (0.5 * steps * (steps - 1))
    exact = permutation_test((each,), np.mean, permutation_type="samples", n_resamples=np.inf)
    return Trend(float(each.mean()), *not_refuted(each), float(exact.pvalue))


def not_refuted(each: Floats) -> tuple[float, float]:
    """Where the sign-flip test leaves the centre, two-sided at 5 %: between means of subsets (Hartigan 1969).

    It leaves a centre that more than 2.5 % of all subsets have their mean below, the empty one counted, and as many
    above. Of fewer than six values that is every difference of shares.
    """
    sums, sizes = np.zeros(1), np.zeros(1)
    for value in each:
        sums, sizes = np.concatenate([sums, sums + value]), np.concatenate([sizes, sizes + 1.0])
    means = np.sort(sums[1:] / sizes[1:])
    k = int(0.025 * len(sums))
    return (float(means[k - 1]), float(means[-k])) if k else (-1.0, 1.0)


def tests(weights: Sequence[float], variances: Sequence[float], converged: Floats) -> None:
    """Claim C1: convergence falls with noise and with smaller w_0."""
    low = np.array([w <= SPLIT for w in weights])
    high = np.array([w >= SPLIT for w in weights])
    noisy = np.array([s > 0 for s in variances])
    by_noise = converged.transpose(1, 0, 2)
    print("\nof two levels, how much more often the higher one alone converges (trials are paired; two-sided, exact)")
    for name, levels in (
        ("with noise, all w_0", by_noise),
        (f"with noise, w_0 <= {SPLIT:g}", by_noise[:, low]),
        (f"with noise, w_0 > {SPLIT:g}", by_noise[:, ~low]),
        ("with w_0, all", converged),
        (f"with w_0 up to {SPLIT:g}", converged[low]),
        (f"with w_0 from {SPLIT:g} on", converged[high]),
        (f"the same, s > 0 only, up to {SPLIT:g}", converged[low][:, noisy]),
    ):
        print(f"  {name:<32} {trend(levels)}")


def beginnings(runs: Sequence[Run]) -> None:
    """Convergence by how many of the two sequences the initial parameters get wrong if there is no noise."""
    wrong = [int(Batch(run.trial.network, run.trial.train).costs(run.trial.initial)[1].sum()) for run in runs]
    print(
        "\nsequences that the initial parameters answer wrongly without noise, and what became of the runs with noise"
    )
    for count in range(3):
        chosen = [run for run, k in zip(runs, wrong, strict=True) if k == count and run.trial.fresh > 0]
        learned = [run.presentations for run in chosen if run.learned]
        if chosen:
            middle = f"{np.median(learned):,.0f}" if learned else "-"
            print(
                f"  {count}: {len(chosen):5d} runs, {len(learned) / len(chosen):.2f} converged, "
                f"half of these within {middle} presentations"
            )


if __name__ == "__main__":
    main()
