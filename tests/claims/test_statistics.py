"""The tests against enumeration, closed forms and SciPy; how often they err where nothing is to be found."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, kendalltau, multinomial, norm, rankdata, ttest_1samp, wilcoxon

from dynlatch.claims import statistics
from dynlatch.claims.statistics import (
    Mean,
    holm,
    later,
    middle,
    ratio_of_medians,
    rising,
    share_above,
    share_below,
    sign_flip,
    whole,
    wilson,
)
from dynlatch.errors import InputError
from dynlatch.seeds import rng_for

SCORES = st.lists(st.integers(-40, 40), min_size=1, max_size=9)


def enumerated(scores: list[int], strict: bool = False) -> float:
    """Over all signs; ``strict`` is the mutant that leaves out what is as extreme as the observed sum."""
    seen = abs(sum(scores))
    sums = [abs(sum(s * x for s, x in zip(signs, scores, strict=True)))
            for signs in itertools.product((-1, 1), repeat=len(scores))]  # fmt: skip
    return sum(s > seen if strict else s >= seen for s in sums) / len(sums)


# --- the exact test ---------------------------------------------------------------------------------------------------


@given(SCORES)
def test_the_sign_flip_test_is_the_sum_over_all_signs(scores: list[int]) -> None:
    assert sign_flip(np.array(scores)) == pytest.approx(enumerated(scores), abs=1e-12)
    assert sign_flip(np.array([-7 * x for x in scores])) == pytest.approx(enumerated(scores), abs=1e-12)


def test_the_mutant_that_leaves_out_equal_sums_is_told_apart() -> None:
    assert enumerated([3, 1, -2, 5], strict=True) < enumerated([3, 1, -2, 5]) == sign_flip(np.array([3, 1, -2, 5]))


@pytest.mark.parametrize(("more", "fewer"), [(0, 0), (1, 0), (6, 1), (14, 3), (8, 8), (50, 20)])
def test_on_shares_it_is_the_exact_test_of_mcnemar(more: int, fewer: int) -> None:
    scores = np.array([1] * more + [-1] * fewer + [0] * 5)
    expected = binomtest(more, more + fewer).pvalue if more + fewer else 1.0
    assert sign_flip(scores) == pytest.approx(expected, rel=1e-10)


def test_on_signed_ranks_it_is_the_exact_test_of_wilcoxon() -> None:
    values = rng_for(1, "wilcoxon").normal(0.4, 1.0, 30)
    ranks = np.rint(rankdata(np.abs(values)) * np.sign(values)).astype(np.int64)
    assert sign_flip(ranks) == pytest.approx(wilcoxon(values, method="exact").pvalue, rel=1e-9)


@pytest.mark.parametrize("sizes", [[1] * 11, list(range(1, 12)), [1, 1, 1, 2, 3, 5, 8, 100, 100, 7, 7]])
def test_where_signs_are_random_it_rejects_at_most_as_often_as_it_says(sizes: list[int]) -> None:
    every = np.array(list(itertools.product((-1, 1), repeat=len(sizes)))) * np.array(sizes)
    sums, counts = np.unique(np.abs(every.sum(axis=1)), return_counts=True)
    ps = np.array([sign_flip(next(row for row in every if abs(row.sum()) == s)) for s in sums])
    for level in (0.01, 0.05, 0.2):
        assert counts[ps <= level].sum() / len(every) <= level
    assert 0.5 < ps.max() <= 1.0


def test_of_very_many_trials_the_sum_is_normal(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = rng_for(2, "many").integers(-30, 33, 300)
    exact = sign_flip(scores)
    monkeypatch.setattr(statistics, "_MOST_WORK", 1000)
    assert sign_flip(scores) == pytest.approx(exact, rel=0.02)
    assert 0.01 < exact < 0.9


def test_scores_that_are_not_whole_are_refused() -> None:
    with pytest.raises(InputError, match="must be whole numbers"):
        sign_flip(np.array([0.5, 1.0]))
    assert whole(np.array([0.1234, -0.5, np.nan])).tolist() == [123, -500, 0]


@pytest.mark.parametrize(("count", "total", "bound"), [(0, 20, 0.25), (20, 20, 0.75), (44, 50, 0.75), (9, 20, 0.5)])
def test_shares_are_tested_by_the_binomial_distribution(count: int, total: int, bound: float) -> None:
    assert share_below(count, total, bound) == pytest.approx(binom.cdf(count, total, bound))
    assert share_above(count, total, bound) == pytest.approx(binom.sf(count - 1, total, bound))


# --- correction -------------------------------------------------------------------------------------------------------


def closed(ps: list[float], cells: list[int]) -> list[float]:
    """The closed test: every set of hypotheses that can all be true is tested by Bonferroni's method."""
    sets = [
        some for size in range(1, len(ps) + 1) for some in itertools.combinations(range(len(ps)), size)
        if len({cells[k] for k in some}) == size
    ]  # fmt: skip
    return [max(min(1.0, len(some) * min(ps[j] for j in some)) for some in sets if k in some) for k in range(len(ps))]


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=6))
def test_holm_is_the_closed_test(ps: list[float]) -> None:
    assert holm(ps) == pytest.approx(closed(ps, list(range(len(ps)))))


@given(st.lists(st.tuples(st.floats(0.0, 1.0), st.integers(0, 2)), min_size=1, max_size=6))
def test_of_hypotheses_that_exclude_one_another_fewer_count_but_never_too_few(pairs: list[tuple[float, int]]) -> None:
    ps, cells = [p for p, _ in pairs], [cell for _, cell in pairs]
    for found, least, most in zip(holm(ps, cells), closed(ps, cells), holm(ps), strict=True):
        assert least - 1e-12 <= found <= most + 1e-12


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


def test_of_many_true_hypotheses_any_is_rejected_as_seldom_as_of_one() -> None:
    rng = rng_for(3, "holm")
    corrected = np.array([min(holm(rng.random(20).tolist())) for _ in range(2000)])
    assert 0.035 < (corrected <= 0.05).mean() < 0.065
    assert (rng.random((2000, 20)).min(axis=1) <= 0.05).mean() > 0.5  # the mutant: no correction


# --- scores -----------------------------------------------------------------------------------------------------------


def test_what_is_only_known_to_be_more_than_a_cap_is_compared_as_far_as_that_goes() -> None:
    inf = math.inf
    first = np.array([5.0, 5.0, 7.0, inf, inf, 5.0, inf, 5.0])
    second = np.array([6.0, 5.0, 5.0, inf, 9.0, inf, 11.0, inf])
    assert later(first, 10.0, second, 10.0).tolist() == [1, 0, -1, 0, -1, 1, 0, 1]
    assert later(first, 10.0, second, 4.0).tolist() == [1, 0, -1, 0, -1, 0, 0, 0]
    assert np.array_equal(later(second, 4.0, first, 10.0), -later(first, 10.0, second, 4.0))
    naive = (first < second).astype(int) - (second < first)  # the mutant: a failure always took longer
    assert not np.array_equal(naive, later(first, 10.0, second, 4.0))


def test_a_trend_is_the_numerator_of_kendalls_tau() -> None:
    levels = rng_for(4, "trend").integers(0, 4, (5, 40)).astype(float)
    scores = rising(list(levels))
    for k in range(40):
        pairs = [np.sign(levels[j, k] - levels[i, k]) for i, j in itertools.combinations(range(5), 2)]
        assert scores[k] == sum(pairs)
    distinct = np.argsort(rng_for(5, "trend").random((5, 20)), axis=0).astype(float)
    taus = [kendalltau(range(5), column).statistic for column in distinct.T]
    assert rising(list(distinct)) / 10 == pytest.approx(taus)


def test_a_trend_counts_no_pair_of_which_a_value_is_unknown() -> None:
    assert rising([np.array([1.0, 1.0]), np.array([np.nan, 2.0]), np.array([3.0, 3.0])]).tolist() == [1, 3]
    assert rising([np.array([5.0]), np.array([math.inf])], [10.0, 4.0]).tolist() == [0]
    assert rising([np.array([5.0]), np.array([math.inf])], [10.0, 10.0]).tolist() == [1]


# --- sizes ------------------------------------------------------------------------------------------------------------


def test_wilsons_interval_solves_its_equation() -> None:
    z = norm.ppf(0.975)
    for count, total in ((0, 20), (7, 20), (50, 50)):
        value, low, high = wilson(count, total)
        assert value == count / total
        for end in (low, high):
            assert abs(value - end) == pytest.approx(z * math.sqrt(end * (1 - end) / total), abs=1e-9)
    assert wilson(0, 0)[1:] == (0.0, 1.0)


def test_a_difference_of_paired_shares_has_the_interval_of_bonett_and_price() -> None:
    n, more, fewer = 40, 12, 3
    size = Mean.of(np.array([1.0] * more + [-1.0] * fewer + [0.0] * (n - more - fewer)))
    p, q = (more + 1) / (n + 2), (fewer + 1) / (n + 2)
    half = norm.ppf(0.975) * math.sqrt((p + q - (p - q) ** 2) / (n + 2))
    assert size.interval == pytest.approx(((more - fewer) / n, p - q - half, p - q + half))


def coverage(n: int, more: float, fewer: float, plain: bool = False) -> float:
    """How likely the interval holds the true difference of paired shares: a sum over all outcomes of n trials."""
    held = 0.0
    for a in range(n + 1):
        for b in range(n + 1 - a):
            values = np.array([1.0] * a + [-1.0] * b + [0.0] * (n - a - b))
            if plain:
                half = 1.96 * values.std() / math.sqrt(n)
                low, high = values.mean() - half, values.mean() + half
            else:
                _, low, high = Mean.of(values).interval
            if low <= more - fewer <= high:
                held += float(multinomial.pmf([a, b, n - a - b], n, [more, fewer, 1 - more - fewer]))
    return held


@pytest.mark.parametrize(("more", "fewer"), [(0.05, 0.05), (0.1, 0.0), (0.4, 0.1)])
def test_the_interval_holds_the_truth_as_often_as_it_says(more: float, fewer: float) -> None:
    assert coverage(20, more, fewer) > 0.93


def test_the_plain_interval_does_not() -> None:
    assert coverage(20, 0.1, 0.0, plain=True) < 0.9


def test_no_difference_is_claimed_seldom_where_there_is_one() -> None:
    """Of n = 50 trials, one in ten differs, all in one direction: the margin itself."""
    chances = binom.pmf(np.arange(51), 50, 0.1)
    values = [np.array([1.0] * k + [0.0] * (50 - k)) for k in range(51)]
    assert sum(p for p, v in zip(chances, values, strict=True) if Mean.of(v).within(0.1) <= 0.05) <= 0.055
    plain = [0.0 if not v.any() else ttest_1samp(v, 0.1, alternative="less").pvalue if v.std() else 1.0 for v in values]
    assert sum(p for p, q in zip(chances, plain, strict=True) if q <= 0.05) > 0.1  # the mutant: no values added
    assert Mean.of(np.zeros(50)).within(0.1) < 0.001
    assert Mean.of(np.zeros(5)).within(0.1) > 0.3


def test_of_many_different_values_the_interval_is_students() -> None:
    values = rng_for(6, "values").normal(0.1, 0.05, 25)
    expected = ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert Mean.of(values, reach=0.5).interval[1:] == pytest.approx((expected.low, expected.high))


def test_an_interval_stays_within_what_is_possible_and_is_never_a_point() -> None:
    for values in (np.ones(30), np.zeros(30), np.array([])):
        _, low, high = Mean.of(values, middle=0.5, reach=0.5).interval
        assert 0.0 <= low < high <= 1.0


def test_a_ratio_of_medians_follows_its_scale_and_is_reproducible() -> None:
    rng = rng_for(7, "ratio")
    above, below = rng.lognormal(3.0, 1.0, 40), rng.lognormal(1.0, 1.0, 40)
    value, low, high = ratio_of_medians(above, below, rng_for(0, "draws"))
    assert value == np.median(above) / np.median(below)
    assert low < value < high
    assert ratio_of_medians(8 * above, below, rng_for(0, "draws")) == pytest.approx((8 * value, 8 * low, 8 * high))
    assert all(map(math.isnan, ratio_of_medians(np.array([]), np.array([]), rng)))


def test_the_middle_of_values_may_end_at_infinity() -> None:
    assert middle(np.array([1.0] * 50 + [2.0] * 45 + [math.inf] * 5)) == (1.0, math.inf)
    assert middle(np.arange(1001.0)) == (25.0, 975.0)
