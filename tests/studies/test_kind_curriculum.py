"""The two stages of a curriculum: what is handed on, what is counted, and which trials they are."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynlatch.errors import InputError
from dynlatch.learning.algorithms import algorithm_type
from dynlatch.learning.tasks import Latch
from dynlatch.learning.training import train
from dynlatch.studies import kind_curriculum
from dynlatch.studies.cell import Cell
from dynlatch.studies.kind_curriculum import Curriculum, left_of
from dynlatch.studies.kinds import kind_of
from dynlatch.studies.study import study_from_toml

HEAD = 'name = "s"\ntrials = 1\n[[grid]]\nkind = "curriculum"\ntask = "latch"\n'
BUDGET = 2000


def cell(algorithm: str, **given: object) -> Cell:
    usual = kind_of("curriculum").usual({"task": "latch", "algorithm": algorithm})
    small = {"T": 12, "T_0": 4, "budget": BUDGET, "task.num_train": 10, "task.num_test": 20}
    return Cell.of("curriculum", usual | small | {k.replace("__", "."): v for k, v in given.items()})  # type: ignore


@pytest.mark.parametrize("algorithm", ["adam", "discrete", "annealing"])
def test_stages_are_the_trials_of_the_library_one_after_the_other(algorithm: str) -> None:
    budget, share, made = BUDGET, 0.5, algorithm_type(algorithm)()
    for k, found in enumerate(Curriculum().run(cell(algorithm), 3, [0, 1, 2])):
        small = {"num_train": 10, "num_test": 20}
        (first,) = train([Latch(T=4, **small).trial(3, k)], made, budget=round(budget * share), threads=1)
        longer = dataclasses.replace(Latch(T=12, **small).trial(3, k), initial=first.parameters)
        left = left_of(budget, first.presentations)
        (second,) = train([longer], made, budget=left, threads=1)
        assert found == {
            "solved": second.learned, "presentations": first.presentations + second.presentations,
            "stop": str(second.stop), "train_error": second.train_error, "train_cost": second.train_cost,
            "test_error": second.test_error, "first_solved": first.learned,
            "first_presentations": first.presentations,
        }  # fmt: skip
        assert found["presentations"] <= budget  # type: ignore


def test_a_trial_is_the_same_in_any_company() -> None:
    asked = cell("back-propagation", algorithm__rate=0.1)
    whole = Curriculum().run(asked, 0, range(12))
    assert Curriculum().run(asked, 0, [7, 3]) == [whole[7], whole[3]]
    assert len({row["first_presentations"] for row in whole}) > 2  # several groups of second stages


@given(budget=st.integers(1, 10**7), share=st.floats(0.05, 0.9), part=st.floats(0.0, 1.0))
def test_what_is_handed_on_is_what_is_left_down_to_a_twentieth(budget: int, share: float, part: float) -> None:
    spent = math.floor(budget * share * part)
    left = left_of(budget, spent)
    assert 0 <= budget - spent - left < max(1, budget / 20)


def test_a_first_stage_that_diverged_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    starts: list[float] = []

    def spoiled(trials, algorithm, **given):  # type: ignore
        runs = train(trials, algorithm, **given)
        starts.append(float(trials[0].initial[0]))
        return [dataclasses.replace(runs[0], parameters=np.full_like(runs[0].parameters, np.nan))]

    monkeypatch.setattr(kind_curriculum, "train", spoiled)
    Curriculum().run(cell("adam"), 0, [0])
    assert starts[0] == starts[1]


def test_settings_are_those_of_training_and_two_more() -> None:
    point = {"task": "two-sequence", "algorithm": "annealing"}
    usual, plain = kind_of("curriculum").usual(point), kind_of("train").usual(point)
    assert {name: v for name, v in usual.items() if name not in ("T_0", "share")} == plain
    text = HEAD + 'algorithm = "adam"\nT = 50\nT_0 = [10, 20]\nshare = [0.25, 0.5]\n'
    assert len(study_from_toml(text).cells) == 4


def test_a_key_must_fit_into_the_first_stage() -> None:
    usual = kind_of("curriculum").usual({"task": "two-sequence", "algorithm": "adam"})
    given = {"noise": 0.0, "T": 50, "T_0": 10, "task.key_length": 10}
    with pytest.raises(InputError, match="key_length=10 must be at most T/2: the shortest sequences of T=10"):
        Curriculum().check({**usual, **given})
    Curriculum().check({**usual, **given, "T_0": 20})


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('algorithm = "adam"\nT = 20\nT_0 = [10, 20]\n', 8, "T_0=20 must be from 2 to less than T=20"),
        ('algorithm = "adam"\nbudget = 1_000_000_000_001\n', 7, "budget=1000000000001 must be a whole number"),
        ('algorithm = "adam"\nshare = 0.95\n', 7, "from 0.05 to 0.9"),
        ('algorithm = "annealing"\nbudget = 99\n', 7, "too small for the first stage"),
        ('algorithm = "annealing"\nshare = 0.9\nbudget = 100\n', 8, "too small for the second stage"),
        ('algorithm = "adam"\nT = 1\n', 7, "T=1 must be"),
    ],
)
def test_refusals_name_the_line(text: str, line: int, said: str) -> None:
    with pytest.raises(InputError) as caught:
        study_from_toml(HEAD + text)
    assert f"line {line}:" in str(caught.value)
    assert said in str(caught.value)
