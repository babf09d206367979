"""What samples say: exact tests paired by trial, intervals, equivalence, and correction for many cells.

One test serves wherever trials are paired. Each trial gives one whole number, its score: by how much the first outcome
exceeds the second, or how often, of two lengths T, the longer one has the larger outcome. If what is compared makes no
difference, the outcomes of a trial may be exchanged, so that every score may as well have the other sign; ``sign_flip``
sums over all signs. Of scores that are -1, 0 and 1 this is McNemar's exact test, or the sign test. Tests of trend for
ordered groups (Page, Jonckheere) assume ranks without ties; outcomes here are mostly ties, trials solved at every T or
at none. The other way about, trials are independent while the cells of a trial are not: they share initial weights.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, norm
from scipy.stats import t as student_t

from dynlatch.claims.rows import Floats
from dynlatch.errors import InputError

Integers: TypeAlias = NDArray[np.int64]

LEVEL: Final = 0.95
RESAMPLES: Final = 2000
_RESOLUTION: Final = 1000
"""Errors are compared to a thousandth: whole numbers keep the test exact."""
_MOST_WORK: Final = 100_000_000
"""Additions, a tenth of a second; beyond it, the sum of the scores is as good as normal."""
_TWO_SIDED: Final = float(norm.ppf(0.5 + LEVEL / 2))


class Interval(NamedTuple):
    """An estimate with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


# --- tests ------------------------------------------------------------------------------------------------------------


def sign_flip(scores: Integers) -> float:
    """The two-sided p of a sum of scores (n,), whole numbers, if each could as well have had the other sign.

    P(|sum_i s_i x_i| >= |sum_i x_i|) for independent signs s_i. Exact up to rounding; beyond 1e8 operations (2000
    trials of scores in the hundreds) normal. 1 if no score differs from 0. Raises: InputError for scores that are not
    whole.
    Cost: n sum |x_i| / 1e9 seconds.

    >>> sign_flip(np.array([1, 1, 1, 1, 1, -1]))
    0.21875
    """
    if not np.issubdtype(scores.dtype, np.integer):
        raise InputError(f"scores of type {scores.dtype} must be whole numbers; round them to a grid first")
    size = np.abs(scores[scores != 0])
    if not size.size:
        return 1.0
    size //= np.gcd.reduce(size)
    total, seen = int(size.sum()), abs(int(np.sum(scores // np.gcd.reduce(np.abs(scores)))))
    if len(size) * total > _MOST_WORK:
        return float(2.0 * norm.sf(seen / math.sqrt(float(np.sum(size.astype(np.float64) ** 2)))))
    chance = np.zeros(total + 1)  # of the sum of those that keep a plus
    chance[0], reached = 1.0, 0
    for x in size.tolist():
        chance[x : reached + x + 1] += chance[: reached + 1].copy()
        reached += x
        chance[: reached + 1] *= 0.5
    sums = np.abs(2 * np.arange(total + 1) - total)
    return min(1.0, float(chance[sums >= seen].sum()))


@lru_cache(maxsize=4096)
def share_below(count: int, total: int, bound: float) -> float:
    """The exact p of the hypothesis that a chance is at least ``bound``, if ``count`` of ``total`` occurred."""
    return float(binomtest(count, total, bound, alternative="less").pvalue)


@lru_cache(maxsize=4096)
def share_above(count: int, total: int, bound: float) -> float:
    """The exact p of the hypothesis that a chance is at most ``bound``, if ``count`` of ``total`` occurred."""
    return float(binomtest(count, total, bound, alternative="greater").pvalue)


def holm(ps: Sequence[float], cells: Sequence[int] | None = None) -> list[float]:
    """Corrected p: the chance that any true hypothesis gets a corrected p <= x is at most x, however they depend.

    Holm's method: in the order of p, each is multiplied by the number of hypotheses that may still be true, and no
    corrected value is below that of a smaller one, or above 1. ``cells``: to which cell each hypothesis belongs, if at
    most one of a cell can be true; then no more may be true than there are cells left (Shaffer 1986).

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    >>> holm([0.01, 0.9, 0.04, 0.8], [0, 0, 1, 1])
    [0.02, 1.0, 0.08, 1.0]
    """
    owners = list(range(len(ps))) if cells is None else list(cells)
    order = sorted(range(len(ps)), key=lambda k: ps[k])
    left = Counter(owners)
    found, largest = [1.0] * len(ps), 0.0
    for k in order:
        largest = max(largest, min(1.0, len(left) * ps[k]))
        found[k] = largest
        left[owners[k]] -= 1
        if not left[owners[k]]:
            del left[owners[k]]
    return found


# --- scores -----------------------------------------------------------------------------------------------------------


def whole(values: Floats) -> Integers:
    """Differences of errors in thousandths; what is not known counts as no difference."""
    return np.rint(_RESOLUTION * np.nan_to_num(values)).astype(np.int64)


def later(first: Floats, first_cap: float, second: Floats, second_cap: float) -> Integers:
    """+1 for trials in which the second needed more presentations than the first, -1 for fewer, else 0; shape (n,).

    ``first``, ``second`` (n,): presentations needed, ``inf`` where training ended without success: then it is only
    known that more than the cap would be needed. A pair that this leaves open is 0 (after Gehan).
    """
    after = (first < second) & (np.isfinite(second) | (first <= second_cap))
    before = (second < first) & (np.isfinite(first) | (second <= first_cap))
    return after.astype(np.int64) - before.astype(np.int64)


def rising(levels: Sequence[Floats], caps: Sequence[float] | None = None) -> Integers:
    """Of all pairs of levels, how many rise less how many fall, for each trial: ``levels`` K arrays (n,), shape (n,).

    A pair of which a value is nan counts as none. ``caps``: of presentations needed, to compare as ``later`` does.
    Between -K(K - 1)/2 and K(K - 1)/2.
    """
    ends = caps or [math.inf] * len(levels)
    scores = np.zeros(len(levels[0]), dtype=np.int64)
    for k, (lower, cap) in enumerate(zip(levels, ends, strict=True)):
        for higher, other in zip(levels[k + 1 :], ends[k + 1 :], strict=True):
            scores += later(lower, cap, higher, other)
    return scores


# --- sizes ------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def wilson(count: int, total: int) -> Interval:
    """A share with Wilson's interval; of nothing (nan, 0, 1). Cost: 0.5 ms, once for equal arguments."""
    if not total:
        return Interval(math.nan, 0.0, 1.0)
    ends = binomtest(count, total).proportion_ci(LEVEL, method="wilson")
    return Interval(count / total, float(ends.low), float(ends.high))


@dataclass(frozen=True, slots=True, eq=False)
class Mean:
    """The mean of n values that lie within a reach of a middle: its interval, and what it can be said to exceed.

    A sample of nearly equal values must not be taken for certainty. Two values are therefore added, one at either end
    of the range, and the mean of the n + 2 is taken as normal, with ``centre`` and ``error``: for shares this is the
    method of Agresti and Coull, for differences of paired shares that of Bonett and Price (2012). ``above`` and
    ``within`` always go by it, ``interval`` where there are at most three different values; of more it is Student's.
    """

    values: Floats
    centre: float
    error: float
    bounds: tuple[float, float]

    @classmethod
    def of(cls, values: Floats, *, middle: float = 0.0, reach: float = 1.0) -> Mean:
        """Of known values (n,); of none (nan, and all that is possible)."""
        more = np.concatenate([values, [middle - reach, middle + reach]])
        error = float(more.std()) / math.sqrt(len(more))
        return cls(values, float(more.mean()), error, (middle - reach, middle + reach))

    def __len__(self) -> int:
        return len(self.values)

    @property
    def interval(self) -> Interval:
        """The mean of the values, and its 95 % interval."""
        n = len(self.values)
        value = float(self.values.mean()) if n else math.nan
        if len(np.unique(self.values)) > 3:
            half = float(student_t.ppf(0.5 + LEVEL / 2, n - 1) * self.values.std(ddof=1)) / math.sqrt(n)
            low, high = value - half, value + half
        else:
            low, high = self.centre - _TWO_SIDED * self.error, self.centre + _TWO_SIDED * self.error
        return Interval(value, max(self.bounds[0], low), min(self.bounds[1], high))

    def above(self, bound: float) -> float:
        """The p of the hypothesis that the mean is at most ``bound``."""
        return float(norm.sf((self.centre - bound) / self.error))

    def within(self, margin: float) -> float:
        """The p of the hypothesis that the mean is at least ``margin`` away from 0: two one-sided tests."""
        return max(self.above(-margin), float(norm.cdf((self.centre - margin) / self.error)))


def ratio_of_medians(above: Floats, below: Floats, rng: np.random.Generator) -> Interval:
    """The median of one over that of the other, both (n,) and paired; the interval is a percentile bootstrap of pairs.

    Of no pairs nan. Cost: n RESAMPLES / 2e7 seconds.
    """
    if not len(above):
        return Interval(math.nan, math.nan, math.nan)
    drawn = redrawn(len(above), rng)
    ratios = np.median(above[drawn], axis=1) / np.median(below[drawn], axis=1)
    return Interval(float(np.median(above) / np.median(below)), *middle(ratios))


def redrawn(num: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Numbers of ``num`` trials drawn with replacement, shape (RESAMPLES, num): the draws of a bootstrap."""
    return rng.integers(num, size=(RESAMPLES, num))


def middle(values: Floats) -> tuple[float, float]:
    """The ends of the middle 95 % of values, both among them: infinite ones are the largest."""
    low = np.quantile(values, 0.5 - LEVEL / 2, method="lower")
    return float(low), float(np.quantile(values, 0.5 + LEVEL / 2, method="higher"))
