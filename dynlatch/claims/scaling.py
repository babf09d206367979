"""The cost of learning: presentations and seconds to a solved trial, and how they grow with T and with parameters."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import t as student_t

from dynlatch.claims.grids import Grid
from dynlatch.claims.rows import Floats, Place, Sample, samples, together
from dynlatch.claims.statistics import LEVEL, Integers, Interval, middle, redrawn
from dynlatch.learning.tasks import TASKS
from dynlatch.seeds import rng_for
from dynlatch.studies.cell import Record

LEAST_SOLVED: Final = 5
"""A cell with fewer solved trials takes part in no fit: of too many draws of its trials none would be solved."""

PRESENTATIONS: Final = "presentations per solved trial"
SECONDS: Final = "seconds per solved trial"
RATE: Final = "seconds per presentation"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a solved trial of one cell costs.

    ``presentations``: all that the cell's trials took, those that failed too, over the number that solved (``solved``
    of ``num``): what it takes on average to start trials anew until one learns within the cap; ``inf`` if none solved.
    Interval: percentile bootstrap of trials, 95 %. ``rate``: seconds per presentation. ``seconds``: the product; trials
    that ran side by side share their time, so that it is not known of each trial.
    """

    place: Place
    num_parameters: int
    num: int
    solved: int
    rate: float
    presentations: Interval
    seconds: Interval


@dataclass(frozen=True, slots=True)
class Growth:
    """A power law of a quantity: exponents by the name of what it grows with, each with its 95 % interval.

    ``task``, ``noise``: of the cells that it is fitted to, None for all of them. ``num``: how many cells.
    """

    algorithm: str
    quantity: str
    task: str | None
    noise: float | None
    exponents: Mapping[str, Interval]
    num: int


def costs(records: Iterable[Record]) -> list[Cost]:
    """The cost of every cell of the kind "train" with its reference settings, in the order of places.

    Raises: InputError for two results of one trial, or for an unknown task. Rigor: sampled. Cost: 1 ms a cell.
    """
    return [_cost(place, sample) for place, sample in Grid(samples(records, "train")).usual().items()]


def _cost(place: Place, sample: Sample) -> Cost:
    everyone = np.arange(len(sample))[None, :]
    value = float(_per_solved(sample, everyone)[0])
    low, high = middle(_per_solved(sample, redrawn(len(sample), rng_for(0, "cost", *place))))
    rate = _rate(sample)
    return Cost(
        place, num_parameters(place.task), len(sample), int(sample.solved.sum()), rate,
        Interval(value, low, high), Interval(rate * value, rate * low, rate * high),
    )  # fmt: skip


def _rate(sample: Sample) -> float:
    return float(sample.seconds.sum()) / float(sample.presented.sum())


def _per_solved(sample: Sample, draws: Integers) -> Floats:
    """For each row of trials (B, n) the presentations that were spent over the number that solved."""
    solved, total = sample.solved[draws].sum(axis=1), sample.presented[draws].sum(axis=1)
    return np.where(solved > 0, total / np.maximum(solved, 1), math.inf)


def num_parameters(task: str) -> int:
    """Of a task's network; 0 for a task that is none of ours."""
    return len(TASKS[task].network.parameters) if task in TASKS else 0


# --- power laws -------------------------------------------------------------------------------------------------------


def growth(records: Iterable[Record]) -> list[Growth]:
    """Power laws: costs of a solved trial against T, and seconds per presentation against T and parameters.

    A solved trial's, for each algorithm, task and noise with two lengths or more at which ``LEAST_SOLVED`` trials
    solved: the slope of its logarithm, with the interval of a bootstrap that draws the same trials at every T, as these
    share their initial weights; ``costs`` says how seconds follow. Where many trials fail the exponent is one of the
    caps as well. Seconds per presentation, for each algorithm: least squares in logarithms over all tasks, T and
    noises, with Student's intervals, which are of the residuals; units are not told apart from parameters, as three
    tasks are too few for that. What is known of too few cells is left out.
    Raises: InputError as ``costs``. Rigor: sampled. Cost: 1 ms a cell.
    """
    table = Grid(samples(records, "train")).usual()
    groups: dict[tuple[str, str, float], list[Sample]] = {}
    of_algorithm: dict[str, list[Sample]] = {}
    for place, sample in table.items():
        of_algorithm.setdefault(place.algorithm, []).append(sample)
        if sample.solved.sum() >= LEAST_SOLVED:
            groups.setdefault((place.algorithm, place.task, place.noise), []).append(sample)
    made: list[Growth] = []
    for (algorithm, task, noise), some in sorted(groups.items()):
        levels = together(some)
        if len(levels) < 2 or min(int(s.solved.sum()) for s in levels) < LEAST_SOLVED:
            continue
        for quantity, factors in ((PRESENTATIONS, [1.0] * len(levels)), (SECONDS, [_rate(s) for s in some])):
            if not np.all(np.array(factors) > 0.0):
                continue  # no time was told
            slope = _slope(levels, np.log(factors))
            made.append(Growth(algorithm, quantity, task, noise, {"T": slope}, len(levels)))
    for algorithm, some in sorted(of_algorithm.items()):
        fitted = _rates(some)
        if fitted:
            made.append(Growth(algorithm, RATE, None, None, fitted, len(some)))
    return made


def _slope(levels: Sequence[Sample], factors: Floats) -> Interval:
    """Of the logarithm of presentations per solved trial, and of the ``factors`` that they are multiplied by."""
    log_T = np.log([s.place.T for s in levels])
    weights = (log_T - log_T.mean()) / float(np.sum((log_T - log_T.mean()) ** 2))
    place, num = levels[0].place, len(levels[0])

    def slopes(drawn: Integers) -> Floats:
        each = np.array([_per_solved(s, drawn) for s in levels])
        return weights @ (np.log(each[:, np.isfinite(each).all(axis=0)]) + factors[:, None])

    draws = redrawn(num, rng_for(0, "growth", place.task, place.noise, place.algorithm))
    return Interval(float(slopes(np.arange(num)[None, :])[0]), *middle(slopes(draws)))


def _rates(some: Sequence[Sample]) -> dict[str, Interval]:
    """Exponents of the seconds per presentation, of what differs among the cells."""
    rates = [_rate(s) for s in some]
    axes = {
        "T": np.log([float(s.place.T) for s in some]),
        "parameters": np.log([float(max(num_parameters(s.place.task), 1)) for s in some]),
    }
    kept = {name: values for name, values in axes.items() if np.ptp(values) > 0.0}
    return power_law(np.log(rates), kept) if np.all(np.array(rates) > 0.0) else {}


def power_law(logs: Floats, axes: Mapping[str, Floats]) -> dict[str, Interval]:
    """Least squares of the logarithm of a quantity (n,) against those of others, by name (n,): their exponents.

    Intervals: Student's, 95 %. Nothing without axes, of no more points than exponents and factor, or if the axes
    determine one another.
    """
    design = np.column_stack([np.ones(len(logs)), *axes.values()])
    free = len(logs) - design.shape[1]
    if not axes or free < 1 or np.linalg.matrix_rank(design) < design.shape[1]:
        return {}
    found, *_ = np.linalg.lstsq(design, logs)
    variance = float(np.sum((logs - design @ found) ** 2)) / free
    errors = np.sqrt(variance * np.diag(np.linalg.inv(design.T @ design)))
    half = float(student_t.ppf(0.5 + LEVEL / 2, free)) * errors
    return {
        name: Interval(float(found[k]), float(found[k] - half[k]), float(found[k] + half[k]))
        for k, name in enumerate(axes, start=1)
    }
