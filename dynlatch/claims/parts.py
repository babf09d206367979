"""Parts of claims as cells with tests: who solves what, who does better, what changes along an axis, what costs."""

from __future__ import annotations

import enum
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from dynlatch.claims.outcomes import Draft, Plan, Rule, Says
from dynlatch.claims.rows import Floats, Place, Sample, Table, together
from dynlatch.claims.statistics import (
    Integers,
    Interval,
    Mean,
    later,
    ratio_of_medians,
    rising,
    share_above,
    share_below,
    sign_flip,
    whole,
    wilson,
)
from dynlatch.seeds import rng_for

Trial = tuple[int, int]

_FLAT: Final = 0.2
"""A trend that does not matter: the longer sequences do worse in 60 % of pairs that differ, better in 40 %."""
_FAR: Final = math.log(1e4)
"""Logarithm of a ratio of presentations that is hardly ever met."""


class Measure(enum.StrEnum):
    """By what trials are judged; trials that end at the cap have no presentations to compare, only a bound of them."""

    ERROR = "error after training"
    SOLVED = "trials that learn"
    PRESENTATIONS = "presentations needed"


_MARGIN: Final = {Measure.ERROR: 0.05, Measure.SOLVED: 0.1, Measure.PRESENTATIONS: 0.2}
"""Differences that do not matter."""
_ADVANTAGE: Final = {
    Measure.ERROR: "difference of mean test errors",
    Measure.SOLVED: "difference of the shares that learn",
    Measure.PRESENTATIONS: "trials that learn sooner less those that learn later, as shares",
}


# --- who solves what --------------------------------------------------------------------------------------------------


def solving(table: Table, task: str, algorithm: str, bound: float, *, fails: bool = False) -> Plan:
    """Whether a task is learned with a chance above ``bound``, or, if ``fails``, below 1 - ``bound``, in each cell."""
    limit = 1.0 - bound if fails else bound
    chosen = {p: s for p, s in table.items() if (p.task, p.algorithm) == (task, algorithm)}
    drafts = [_share(place, sample, limit, fails) for place, sample in chosen.items()]
    means = mean_by_trial([(s.trials, s.solved.astype(np.float64)) for s in chosen.values()])
    overall = Draft("all cells", Mean.of(means, middle=0.5, reach=0.5).interval, len(means), ()) if drafts else None
    verb, side = ("fails on", "below") if fails else ("solves", "above")
    statement = f"{algorithm} {verb} {task}: the chance that a trial learns is {side} {limit:.3g}"
    return Plan(statement, "share of trials that learn", Rule.EVERY, tuple(drafts), overall)


def _share(place: Place, sample: Sample, limit: float, fails: bool) -> Draft:
    count, total = int(sample.solved.sum()), len(sample)
    above, below = share_above(count, total, limit), share_below(count, total, limit)
    tests = ((Says.FOR, below), (Says.AGAINST, above)) if fails else ((Says.FOR, above), (Says.AGAINST, below))
    return Draft(where(place), wilson(count, total), total, tests)


# --- who does better --------------------------------------------------------------------------------------------------


def better(
    table: Table, one: str, other: str, measure: Measure, *, rule: Rule = Rule.MORE, votes: bool = True
) -> Plan:  # fmt: skip
    """Whether ``one`` does better than ``other``, or no worse (``Rule.NOT_LESS``), in each cell and in all together."""
    drafts: list[Draft] = []
    scored: list[tuple[Sequence[Trial], Integers]] = []
    sized: list[tuple[Sequence[Trial], Floats]] = []
    for place, sample in table.items():
        beside = table.get(place._replace(algorithm=other))
        if place.algorithm != one or beside is None:
            continue
        mine, its = together([sample, beside])
        known, scores, values = _advantage(mine, its, measure)
        if len(known):
            drafts.append(_tested(where(place), scores, _mean(values, measure), _MARGIN[measure], rule))
            scored.append((known, scores))
            sized.append((known, values))
    overall = None
    if drafts:
        size = _mean(mean_by_trial(sized), measure)
        overall = _tested("all cells", sum_by_trial(scored), size, _MARGIN[measure], rule)
    said = "does no worse than" if rule is Rule.NOT_LESS else "does better than"
    return Plan(f"{one} {said} {other}, by {measure}", _ADVANTAGE[measure], rule, tuple(drafts), overall, votes)


def _advantage(mine: Sample, its: Sample, measure: Measure) -> tuple[Sequence[Trial], Integers, Floats]:
    """The trials that can be compared, whole-number scores and the sizes: positive where the first does better."""
    if measure is Measure.ERROR:
        values = its.error - mine.error
        known = np.isfinite(values)
        trials = [key for key, is_known in zip(mine.trials, known, strict=True) if is_known]
        return trials, whole(values[known]), values[known]
    if measure is Measure.SOLVED:
        scores = mine.solved.astype(np.int64) - its.solved.astype(np.int64)
    else:
        scores = later(mine.needed, mine.cap, its.needed, its.cap)
    return mine.trials, scores, scores.astype(np.float64)


def _mean(values: Floats, measure: Measure) -> Mean:
    """Untrained networks err in half of all cases: errors differ by a half where one learned all, the other nothing."""
    return Mean.of(values, reach=0.5 if measure is Measure.ERROR else 1.0)


def _tested(name: str, scores: Integers, size: Mean, margin: float, rule: Rule) -> Draft:
    side = Says.FOR if scores.sum() >= 0 else Says.AGAINST
    same = size.above(-margin) if rule is Rule.NOT_LESS else size.within(margin)
    return Draft(name, size.interval, len(size), ((side, sign_flip(scores)), (Says.EQUAL, same)))


# --- what changes along an axis ---------------------------------------------------------------------------------------


def worsening(table: Table, algorithm: str, measure: Measure, tasks: Collection[str] | None = None) -> Plan:
    """Whether an algorithm does worse as T grows, for each task and noise and for all together."""
    groups: dict[tuple[str, float], list[Sample]] = {}
    for place, sample in table.items():
        if place.algorithm == algorithm and (tasks is None or place.task in tasks):
            groups.setdefault((place.task, place.noise), []).append(sample)
    named = {f"{task}, noise {noise:g}": some for (task, noise), some in groups.items()}
    if measure is Measure.PRESENTATIONS:
        statement = f"{algorithm} needs more presentations as T grows"
    else:
        statement = f"{algorithm} does worse as T grows, by {measure}"
    return along(statement, "of two lengths, how much more often the longer one is worse than better", named, measure)


def along(
    statement: str, effect: str, groups: Mapping[str, Sequence[Sample]], measure: Measure, *, better: bool = False
) -> Plan:  # fmt: skip
    """Whether trials do worse (or ``better``) from sample to sample of each group, which are in order."""
    drafts: list[Draft] = []
    scored: list[tuple[Sequence[Trial], Integers]] = []
    sized: list[tuple[Sequence[Trial], Floats]] = []
    margin = _MARGIN[Measure.SOLVED] if measure is Measure.SOLVED else _FLAT
    for name, some in groups.items():
        levels = together(some)
        if len(levels) < 2 or not len(levels[0]):
            continue
        scores = _trend(levels, measure) * (-1 if better else 1)
        values = scores / (len(levels) * (len(levels) - 1) / 2)
        drafts.append(_tested(name, scores, Mean.of(values), margin, Rule.MORE))
        scored.append((levels[0].trials, scores))
        sized.append((levels[0].trials, values))
    overall = None
    if drafts:
        overall = _tested("all cells", sum_by_trial(scored), Mean.of(mean_by_trial(sized)), margin, Rule.MORE)
    return Plan(statement, effect, Rule.MORE, tuple(drafts), overall)


def _trend(levels: Sequence[Sample], measure: Measure) -> Integers:
    if measure is Measure.ERROR:
        return rising([s.error for s in levels])
    if measure is Measure.SOLVED:
        return rising([np.where(s.solved, 0.0, 1.0) for s in levels])
    return rising([s.needed for s in levels], [s.cap for s in levels])


# --- what costs more --------------------------------------------------------------------------------------------------


def times(table: Table, one: str, others: Sequence[str], low: float, high: float) -> Plan:
    """Whether ``one`` needs ``low`` to ``high`` times the presentations of the quickest of others, in each cell.

    The quickest is that with the least median, those at the cap counted as infinite. Compared are the trials that both
    solve; the median of their ratios is tested by sign tests, the size is the ratio of medians.
    """
    drafts: list[Draft] = []
    logs: list[tuple[Sequence[Trial], Floats]] = []
    for place, sample in table.items():
        beside = [table[q] for q in (place._replace(algorithm=name) for name in others) if q in table]
        if place.algorithm != one or not beside:
            continue
        mine, its = together([sample, min(beside, key=_quickness)])
        both = mine.solved & its.solved
        if both.any():
            name = f"{where(place)}, against {its.place.algorithm}"
            drafts.append(_ratio(name, mine.needed[both], its.needed[both], low, high))
            trials = [key for key, is_both in zip(mine.trials, both.tolist(), strict=True) if is_both]
            logs.append((trials, np.log(mine.needed[both] / its.needed[both])))
    statement = f"{one} needs {low:.3g} to {high:.3g} times the presentations of the quickest of {', '.join(others)}"
    effect = "ratio of median presentations, of trials that both solve; over all cells the geometric mean of ratios"
    means = mean_by_trial(logs)
    middle = Interval(*np.exp(Mean.of(means, reach=_FAR).interval).tolist())
    overall = Draft("all cells", middle, len(means), ()) if drafts else None
    return Plan(statement, effect, Rule.EVERY, tuple(drafts), overall)


def _quickness(sample: Sample) -> tuple[float, float]:
    needed = np.quantile(sample.needed, 0.5, method="higher")
    return float(needed), -float(sample.solved.mean())


def _ratio(name: str, above: Floats, below: Floats, low: float, high: float) -> Draft:
    ratios, n = above / below, len(above)
    more, less = int(np.sum(ratios > low)), int(np.sum(ratios < high))
    inside = max(share_above(more, n, 0.5), share_above(less, n, 0.5))
    outside = min(1.0, 2.0 * min(share_below(more, n, 0.5), share_below(less, n, 0.5)))
    size = ratio_of_medians(above, below, rng_for(0, "ratio of medians", name))
    return Draft(name, size, n, ((Says.FOR, inside), (Says.AGAINST, outside)))


# --- all cells of a trial ---------------------------------------------------------------------------------------------


def where(place: Place) -> str:
    """A place without its algorithm, in words."""
    return f"{place.task}, T = {place.T}, noise {place.noise:g}"


def mean_by_trial(some: Iterable[tuple[Sequence[Trial], Floats]]) -> Floats:
    """The mean over a trial's cells, for each trial: trials are independent, their cells are not."""
    found: dict[Trial, list[float]] = {}
    for trials, values in some:
        for key, value in zip(trials, values.tolist(), strict=True):
            found.setdefault(key, []).append(value)
    return np.array([math.fsum(found[key]) / len(found[key]) for key in sorted(found)])


def sum_by_trial(some: Iterable[tuple[Sequence[Trial], Integers]]) -> Integers:
    """The sum over a trial's cells, for each trial."""
    found: dict[Trial, int] = {}
    for trials, scores in some:
        for key, score in zip(trials, scores.tolist(), strict=True):
            found[key] = found.get(key, 0) + score
    return np.array([found[key] for key in sorted(found)], dtype=np.int64)
