"""What Figure 4 draws: of each algorithm, error after training and presentations against T."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import quantile_test

from dynlatch.claims.grids import Grid
from dynlatch.claims.rows import Floats, Sample, samples
from dynlatch.claims.statistics import LEVEL, Integers, Interval, Mean, wilson
from dynlatch.studies.cell import Record

_FEWEST: Final = 6
"""Of fewer values, none lies below the median with a chance above 2.5 %."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One algorithm on one task at one noise, for K values of T in order; intervals (95 %) have shape (K, 3).

    ``error``: the mean test error. ``learned``: the share of trials that learn. ``needed``: the median of presentations
    over the trials that learned, nan if none did; its ends nan of fewer than 6. ``presented`` (K,): the mean over all
    trials, those that ended at a cap with what they took, as the paper has it. ``caps`` (K,). ``num``, ``solved`` (K,).
    """

    task: str
    noise: float
    algorithm: str
    T: Integers
    error: Floats
    learned: Floats
    needed: Floats
    presented: Floats
    caps: Floats
    num: Integers
    solved: Integers


def learning_curves(records: Iterable[Record]) -> list[Curve]:
    """Records of the kind "train", with their reference settings, as curves; ordered by task, noise and algorithm.

    Raises: InputError for two results of one trial. Rigor: sampled. Cost: a millisecond a cell.
    """
    groups: dict[tuple[str, float, str], list[Sample]] = {}
    for place, sample in Grid(samples(records, "train")).usual().items():
        groups.setdefault((place.task, place.noise, place.algorithm), []).append(sample)
    return [_curve(*key, some) for key, some in sorted(groups.items())]


def _curve(task: str, noise: float, algorithm: str, some: Sequence[Sample]) -> Curve:
    solved, num = [int(s.solved.sum()) for s in some], [len(s) for s in some]
    return Curve(
        task, noise, algorithm, np.array([s.place.T for s in some]),
        np.array([Mean.of(s.error[np.isfinite(s.error)], middle=0.5, reach=0.5).interval for s in some]),
        np.array([wilson(k, n) for k, n in zip(solved, num, strict=True)]),
        np.array([_median(s.needed[s.solved]) for s in some]),
        np.array([s.presented.mean() for s in some]), np.array([s.cap for s in some]), np.array(num), np.array(solved),
    )  # fmt: skip


def _median(values: Floats) -> Interval:
    """The median, with the interval between order statistics."""
    if not values.size:
        return Interval(math.nan, math.nan, math.nan)
    ends = (math.nan, math.nan)
    if values.size >= _FEWEST:
        found = quantile_test(values, p=0.5).confidence_interval(LEVEL)
        ends = (float(found.low), float(found.high))
    return Interval(float(np.median(values)), *ends)
