"""Records as samples: paired by trial, told apart by settings, whatever their order."""

from __future__ import annotations

import math

import numpy as np
import pytest
from made_records import trained

from dynlatch.claims.rows import samples, together
from dynlatch.errors import InputError
from dynlatch.seeds import rng_for
from dynlatch.studies.cell import Cell, Record


def record(trial: int, seed: int = 0, presentations: int = 10, solved: object = True, **settings: object) -> Record:
    own = {"task": "parity", "T": 10, "noise": 0.0, "algorithm": "multi-grid", "budget": 200_000} | settings
    return Record(Cell.of("train", own), seed, trial, {"solved": solved, "presentations": presentations}, 1.0)  # type: ignore[arg-type]


def test_a_sample_is_in_the_order_of_its_trials_and_knows_what_is_only_a_bound() -> None:
    records = [record(2, solved=False, presentations=777), record(0), record(1, seed=1), record(1, presentations=30)]
    (sample,) = samples([*records, records[0]], "train")
    assert sample.trials == ((0, 0), (0, 1), (0, 2), (1, 1))
    assert sample.needed.tolist() == [10, 30, math.inf, 10]
    assert sample.presented.tolist() == [10, 30, 777, 10]
    assert sample.cap == 200_000, "a search that gave up would not have learned within its budget either"
    assert np.isnan(sample.error).all()
    assert samples(records, "minimal") == []


def test_the_order_of_records_does_not_matter() -> None:
    records = trained(lambda task, name, T: (0.5, 100.0), count=4)
    shuffled = [records[k] for k in rng_for(0, "order").permutation(len(records))]
    for one, other in zip(samples(records, "train"), samples(shuffled, "train"), strict=True):
        assert one.cell == other.cell
        assert one.trials == other.trials
        assert np.array_equal(one.needed, other.needed)


def test_samples_are_paired_by_seed_and_trial() -> None:
    first = samples([record(k, presentations=k) for k in (3, 1, 2)], "train")[0]
    second = samples([record(k, presentations=10 * k, T=20) for k in (5, 2, 3)], "train")[0]
    a, b = together([first, second])
    assert a.trials == b.trials == ((0, 2), (0, 3))
    assert (10 * a.needed).tolist() == b.needed.tolist()
    assert together([]) == []


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ([record(0), record(0, presentations=11)], "has two results"),
        ([record(0, solved=1)], "not true or false"),
        ([Record(record(0).cell, 0, 0, {"solved": True}, 0.0)], "presentations=None, no number"),
    ],
)
def test_what_is_no_result_is_refused(bad: list[Record], said: str) -> None:
    with pytest.raises(InputError, match=said):
        samples(bad, "train")
