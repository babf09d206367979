"""Many runs of one kind in a few numbers, each with its uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from dynlatch.errors import InputError
from dynlatch.learning.run import Run
from dynlatch.learning.trial import Floats
from dynlatch.verdict import Stop


@dataclass(frozen=True, slots=True)
class Summary:
    """What runs of one algorithm on one task came to.

    ``learned``: how many of ``num_runs``; ``low``, ``high``: the 95 % interval (Wilson) of the chance to learn.
    ``presentations``: quartiles over the runs that learned, nan if none did. ``train_error``, ``test_error``: means
    over all runs, with their standard errors (nan for a single run). ``stops``: how many runs ended for which reason.
    Rigor: sampled.
    """

    task: str
    algorithm: str
    num_runs: int
    learned: int
    low: float
    high: float
    presentations: tuple[float, float, float]
    train_error: tuple[float, float]
    test_error: tuple[float, float]
    stops: dict[Stop, int]


def summarize(runs: Sequence[Run]) -> Summary:
    """The numbers of runs of one algorithm on one task. Raises: InputError for no runs, or for a mixture."""
    kinds = {(run.trial.task, run.algorithm.name) for run in runs}
    if len(kinds) != 1:
        raise InputError(f"summarize takes runs of one algorithm on one task, not of {len(kinds)} kinds")
    ((task, algorithm),) = kinds
    needed = [run.presentations for run in runs if run.learned]
    interval = binomtest(len(needed), len(runs)).proportion_ci(method="wilson")
    low, middle, high = np.quantile(needed, [0.25, 0.5, 0.75]) if needed else (np.nan, np.nan, np.nan)
    return Summary(
        task=task,
        algorithm=algorithm,
        num_runs=len(runs),
        learned=len(needed),
        low=float(interval.low),
        high=float(interval.high),
        presentations=(float(low), float(middle), float(high)),
        train_error=_mean([run.train_error for run in runs]),
        test_error=_mean([run.test_error for run in runs]),
        stops={stop: count for stop in Stop if (count := sum(run.stop is stop for run in runs))},
    )


def _mean(values: Sequence[float]) -> tuple[float, float]:
    """The mean and its standard error."""
    error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return float(np.mean(values)), float(error)


def share_learned(runs: Sequence[Run], presentations: NDArray[np.int64]) -> Floats:
    """The fraction of runs that have learned within so many presentations, for each of them."""
    needed = np.sort([run.presentations for run in runs if run.learned])
    return np.searchsorted(needed, presentations, side="right") / len(runs)


def checkpoints(runs: Sequence[Run], per_decade: int = 16) -> NDArray[np.int64]:
    """Numbers of presentations, evenly spaced in logarithms, from the first epoch to the longest run."""
    first = min(len(run.trial.train) for run in runs)
    last = max(first + 1, *(run.presentations for run in runs))
    count = 2 + int(per_decade * np.log10(last / first))
    return np.unique(np.geomspace(first, last, count).round().astype(np.int64))
