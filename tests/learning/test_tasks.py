"""The three tasks: what their sequences are, what lengths and trials share, and what is refused."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Any

import numpy as np
import plain_passes as plain
import pytest
from hypothesis import given
from hypothesis import strategies as st
from learning_cases import OWN

from dynlatch.errors import InputError
from dynlatch.learning.network import Network
from dynlatch.learning.tasks import LATCH, TASKS, Latch, Parity, Task, TwoSequence
from dynlatch.learning.trial import Sequences, Trial, at_the_end

PLAIN_TASKS: list[type[Latch] | type[TwoSequence] | type[Parity]] = [Latch, TwoSequence, Parity]
any_task = pytest.mark.parametrize("task", PLAIN_TASKS, ids=[t.name for t in PLAIN_TASKS])
lengths = st.integers(2, 40)
seeds = st.integers(0, 10**6)


@st.composite
def tasks(draw: st.DrawFn) -> Task:
    """Any task, as short as they come and with as few sequences."""
    settings = {
        "T": draw(lengths),
        "noise": draw(st.sampled_from([0.0, 0.2, 3.0]) | st.floats(0, 10)),
        "num_train": draw(st.integers(2, 9)),
        "num_test": draw(st.integers(2, 9)),
    }
    kind = draw(st.sampled_from(PLAIN_TASKS))
    if kind is TwoSequence:
        settings["mode"] = draw(st.sampled_from(["keys", "prefixes"]))
    return kind(**settings)


def clean(task: Any, trial: Trial, part: str) -> list[np.ndarray]:
    """What the same sequences are without noise, from the description of the task alone."""
    if isinstance(task, Latch):
        return [np.zeros(n) for n in getattr(trial, part).lengths]
    if isinstance(task, Parity):
        return [np.where(s[:, 0] > 0, 1.0, -1.0) for s, _ in plain.one_by_one(getattr(trial, part))]
    quiet = dataclasses.replace(task, noise=0.0, num_train=1000).trial(trial.seed, trial.index)
    longest: dict[bool, np.ndarray] = {}
    for s, positive in plain.one_by_one(quiet.train):
        if len(s) > len(longest.get(positive, [])):
            longest[positive] = s[:, 0]
    found: list[np.ndarray] = []
    for s, positive in plain.one_by_one(getattr(trial, part)):
        key = longest[positive]
        if task.mode == "keys":
            key = np.concatenate([key[: min(5, task.T // 2)], np.zeros(task.T)])
        found.append(key[: len(s)])
    return found


# --- what sequences are -----------------------------------------------------------------------------------------------


@given(tasks(), seeds, st.integers(0, 50))
def test_shapes_lengths_and_classes(task: Any, seed: int, index: int) -> None:
    trial = task.trial(seed, index)
    assert trial.network == task.network
    assert trial.initial.shape == (len(task.network.parameters),)
    assert np.all(np.abs(trial.initial) <= 0.5)
    assert trial.target == task.target
    for part, count in ((trial.train, task.num_train), (trial.test, task.num_test)):
        assert part.signals.shape == (count, task.T, 1)
        assert part.steps == task.T
        assert len(part) == count
        assert part.lengths.min() >= task.T // 2
        assert part.lengths.max() <= task.T
        assert np.count_nonzero(part.classes > 0) == (count + 1) // 2, "as many of one class as of the other"
        for signals, n in zip(part.signals, part.lengths, strict=True):
            assert not signals[: task.T - n].any(), "a sequence ends at the last step"


@given(tasks(), seeds)
def test_noise_stays_within_its_bound_and_the_first_input_of_a_latch_is_none(task: Any, seed: int) -> None:
    if isinstance(task, Parity):
        task = dataclasses.replace(task, noise=min(task.noise, 0.9))
    trial = task.trial(seed, 0)
    for part in ("train", "test"):
        for (signals, _), expected in zip(
            plain.one_by_one(getattr(trial, part)), clean(task, trial, part), strict=True
        ):
            assert np.all(np.abs(signals[:, 0] - expected) <= task.noise * (1 + 1e-15) + 1e-15)
            if isinstance(task, Latch):
                assert signals[0, 0] == 0.0


@any_task
def test_noise_fills_its_range_and_without_it_there_is_none(task: Any) -> None:
    loud, quiet = task(T=30, noise=0.5).trial(3, 1), task(T=30).trial(3, 1)
    differences = [
        s[1:, 0] - c[1:]
        for (s, _), c in zip(plain.one_by_one(loud.test), clean(task(T=30, noise=0.5), loud, "test"), strict=True)
    ]
    drawn = np.concatenate(differences)
    assert abs(drawn.mean()) < 4 * 0.5 / math.sqrt(3 * drawn.size)
    assert 0.49 < drawn.max() <= 0.5
    assert -0.5 <= drawn.min() < -0.49
    values = np.unique(np.concatenate([s[:, 0] for s, _ in plain.one_by_one(quiet.test)]))
    assert len(values) <= {"latch": 1, "parity": 2, "two-sequence": 11}[task.name]


@given(st.integers(2, 60), st.floats(0, 0.99), seeds)
def test_the_class_of_parity_is_the_parity(T: int, noise: float, seed: int) -> None:
    trial = Parity(T=T, noise=noise, num_train=20, num_test=21).trial(seed, 0)
    for part in (trial.train, trial.test):
        for signals, positive in plain.one_by_one(part):
            assert (np.count_nonzero(signals > 0) % 2 == 1) == positive


def test_parity_shows_every_input_of_its_class_equally_often() -> None:
    """All 8 of three bits, 4 of each parity: chi squared with 6 degrees of freedom; above 40 once in a million."""
    trial = Parity(T=3, num_train=9000).trial(0, 0)
    full = trial.train.signals[trial.train.lengths == 3, :, 0] > 0
    counts = np.bincount(full @ [4, 2, 1], minlength=8)
    odd = np.array([bin(k).count("1") % 2 for k in range(8)])
    share = np.array([counts[odd == 0].sum(), counts[odd == 1].sum()])[odd] / 4
    assert np.sum((counts - share) ** 2 / share) < 40


def test_lengths_take_every_value_of_their_range() -> None:
    for T in (2, 3, 7, 10):
        found = Latch(T=T, num_train=400).trial(0, 0).train.lengths
        assert set(found) == set(range(max(1, T // 2), T + 1))


@pytest.mark.parametrize("shown", [1, 3, 5, 9])
def test_keys_are_as_long_as_asked_for_and_as_half_of_the_sequence(shown: int) -> None:
    for T in (2, 7, 30):
        if shown > T // 2 and shown != 5:
            continue  # refused
        trial = TwoSequence(T=T, key_length=shown).trial(0, 0)
        for signals, _ in plain.one_by_one(trial.train):
            assert np.all(np.abs(signals) <= 1)
            assert np.all(signals[: min(shown, T // 2)] != 0)
            assert not signals[min(shown, T // 2) :].any()


# --- what is shared ---------------------------------------------------------------------------------------------------


def key_of(trial: Trial, positive: bool) -> np.ndarray:
    """The first inputs of a class, without noise."""
    return next(s[:, 0] for s, c in plain.one_by_one(trial.train) if c == positive)


@pytest.mark.parametrize("mode", ["keys", "prefixes"])
def test_keys_are_the_same_for_every_length_and_in_both_sets(mode: Any) -> None:
    seen: dict[bool, np.ndarray] = {}
    for T in (60, 20, 10):
        trial = TwoSequence(T=T, mode=mode).trial(5, 2)
        for part in (trial.train, trial.test):
            for signals, positive in plain.one_by_one(part):
                count = min(5, len(signals))
                first = seen.setdefault(positive, signals[:, 0])
                assert np.array_equal(signals[:count, 0], first[:count])
    assert not np.array_equal(seen[True][:5], seen[False][:5])
    other = TwoSequence(T=60, mode=mode).trial(5, 3)
    assert not np.array_equal(key_of(other, True)[:5], seen[True][:5]), "another trial has other keys"


@any_task
def test_initial_parameters_are_the_same_for_every_length_and_noise(task: Any) -> None:
    one = task(T=10).trial(1, 4).initial
    for other in (task(T=1000, num_train=2, num_test=2), task(T=10, noise=0.2), task(T=11, num_train=7)):
        assert np.array_equal(other.trial(1, 4).initial, one)
    assert not np.array_equal(task(T=10).trial(1, 5).initial, one)
    assert not np.array_equal(task(T=10).trial(2, 4).initial, one)


def everything(trial: Trial) -> list[Any]:
    return [
        trial.initial, trial.target, trial.task, trial.seed, trial.index, trial.fresh, trial.streak,
        *itertools.chain(*((p.signals, p.lengths, p.classes) for p in (trial.train, trial.test))),
    ]  # fmt: skip


@given(tasks(), seeds, st.integers(0, 9))
def test_equal_arguments_give_equal_trials_whatever_else_is_asked_for(task: Any, seed: int, index: int) -> None:
    first = everything(task.trial(seed, index))
    for other in (*(t(T=6, num_train=3, num_test=3) for t in PLAIN_TASKS), dataclasses.replace(task, num_train=3)):
        other.trial(seed, index)
        task.trial(seed + 1, index + 1)
    assert all(map(np.array_equal, first, everything(dataclasses.replace(task).trial(seed, index))))


@any_task
def test_sets_trials_seeds_lengths_and_noises_have_data_of_their_own(task: Any) -> None:
    usual = task(T=20, noise=0.2, num_test=50).trial(0, 0)
    others = [
        usual.test,
        task(T=20, noise=0.2).trial(0, 1).train,
        task(T=20, noise=0.2).trial(1, 0).train,
        task(T=20, noise=0.3).trial(0, 0).train,
        task(T=21, noise=0.2).trial(0, 0).train,
    ]
    for other in others:
        assert not np.array_equal(other.lengths, usual.train.lengths)


@any_task
def test_no_noise_is_no_noise_however_it_is_written(task: Any) -> None:
    one = everything(task(T=8, noise=0.0).trial(0, 0))
    for zero in (0, -0.0):
        assert all(map(np.array_equal, one, everything(task(T=8, noise=zero).trial(0, 0))))


def test_tasks_are_found_by_name() -> None:
    assert list(TASKS.items()) == [("latch", Latch), ("two-sequence", TwoSequence), ("parity", Parity)]


# --- what is refused --------------------------------------------------------------------------------------------------


@any_task
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"T": 1}, "T=1 must be a whole number from 2"),
        ({"T": 0}, "T=0"),
        ({"T": -5}, "T=-5"),
        ({"T": 2.0}, "T=2.0"),
        ({"T": True}, "T=True"),
        ({"T": 10**7}, "to 1000000"),
        ({"noise": -0.1}, "noise=-0.1 must be from 0"),
        ({"noise": math.nan}, "noise=nan"),
        ({"noise": math.inf}, "noise=inf"),
        ({"noise": 1e308}, r"noise=1e\+308"),
        ({"noise": "loud"}, "noise='loud'"),
        ({"target": 1.0}, "target=1.0 must lie between 0 and 1"),
        ({"target": 0.0}, "target=0.0"),
        ({"target": -0.8}, "target=-0.8"),
        ({"target": math.nan}, "target=nan"),
        ({"num_train": 1}, "num_train=1 must be a whole number from 2 .* both classes need one"),
        ({"num_test": 0}, "num_test=0"),
        ({"num_train": 2.5}, "num_train=2.5"),
        ({"num_train": 1e3}, "num_train=1000.0 must be a whole number"),
        ({"num_train": "50"}, "num_train='50' must be a whole number"),
        ({"num_train": 10**9}, "num_train=1000000000 .* needs 400 GB of memory, more than 4 GB"),
        ({"num_test": math.nan}, "num_test=nan"),
    ],
)
def test_bad_settings_are_refused(task: Any, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        task(**settings)


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"mode": "both"}, "mode='both' is none of keys and prefixes"), ({"key_length": 0}, "key_length=0 must be"),
     ({"key_length": 26}, "key_length=26 must be at most T/2: .* have 25 steps"),
     ({"T": 6, "key_length": 4}, "key_length=4"),
     ({"key_length": 1.5}, "key_length=1.5"), ({"key_length": math.nan}, "key_length=nan")],
)  # fmt: skip
def test_bad_keys_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        TwoSequence(**settings)


@any_task
def test_whole_numbers_of_numpy_become_those_of_python(task: Any) -> None:
    made = task(T=np.int64(10), num_train=np.int32(6), num_test=np.uint8(4))
    assert made == task(T=10, num_train=6, num_test=4)
    assert {type(n) for n in (made.T, made.num_train, made.num_test)} == {int}
    one, other = made.trial(np.int64(3), np.int64(1)), task(T=10, num_train=6, num_test=4).trial(3, 1)
    assert all(map(np.array_equal, everything(one), everything(other)))


def test_a_number_that_python_does_not_write_is_refused() -> None:
    with pytest.raises(InputError, match="T=a number of thousands of digits must be"):
        Latch(T=10**5000)


def test_a_key_is_as_long_as_no_sequence_is_short() -> None:
    assert TwoSequence(key_length=25).key_length == 25
    assert TwoSequence(T=4).key_length == 5, "the usual one is cut"
    assert TwoSequence(key_length=100, mode="prefixes").mode == "prefixes", "there it has no meaning"


@any_task
@pytest.mark.parametrize("number", [-1, 0.5, True, None])
def test_a_seed_or_an_index_that_is_no_number_from_0_on_is_refused(task: Any, number: Any) -> None:
    for arguments in ((number, 0), (0, number)):
        with pytest.raises(InputError, match="must be an integer that is not negative"):
            task(T=4).trial(*arguments)


def sequences(**changes: Any) -> Sequences:
    given = {"signals": np.zeros((2, 4, 1)), "lengths": np.array([4, 2]), "classes": np.array([1.0, -1.0])} | changes
    return Sequences(**given)


EARLY = np.zeros((2, 4, 1))
EARLY[1, 1] = 0.5


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"signals": np.zeros((2, 4))}, r"signals of shape \(2, 4\) .* give \(S, T, m\)"),
        ({"lengths": np.array([4])}, r"lengths \(1,\)"),
        ({"classes": np.ones((2, 1))}, r"classes \(2, 1\)"),
        (
            {"signals": np.zeros((0, 4, 1)), "lengths": np.zeros(0, int), "classes": np.zeros(0)},
            "at least one sequence",
        ),
        ({"lengths": np.array([0, 4])}, "1 to T=4, not 0 to 4"),
        ({"lengths": np.array([1, 5])}, "1 to T=4, not 1 to 5"),
        ({"lengths": np.array([1.5, 2.0])}, "whole numbers of steps, not float64"),
        ({"lengths": np.array([math.nan, 2.0])}, "whole numbers"),
        ({"classes": np.array([1.0, 0.0])}, r"classes must be \+1 or -1"),
        ({"classes": np.array([1.0, math.nan])}, "classes"),
        ({"signals": np.full((2, 4, 1), math.nan)}, "finite"),
        ({"signals": np.full((2, 4, 1), math.inf)}, "finite"),
        ({"signals": EARLY}, "before a sequence begins must be 0"),
        ({"signals": np.zeros((2, 4, 1), complex)}, "signals of complex128 must be an array of real numbers"),
        ({"signals": [[[0.0]], [[0.0], [1.0]]]}, "signals=.* has rows of different lengths"),
        ({"classes": ["a", "b"]}, "classes of <U1 must be an array of real numbers"),
    ],
)
def test_sequences_that_make_no_sense_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        sequences(**changes)


def test_lists_are_made_arrays() -> None:
    found = Sequences([[[0.0], [1.0]]], [2], [1])  # pyright: ignore[reportArgumentType]
    assert found.signals.tolist() == [[[0.0], [1.0]]]
    assert (found.lengths.tolist(), found.classes.tolist()) == ([2], [1.0])
    assert {a.dtype for a in (found.signals, found.classes)} == {np.dtype(np.float64)}
    assert trial(initial=[1, 2, 3]).initial.dtype == np.float64


def trial(network: Network = LATCH, initial: Any = (0.1, 0.2, 0.3), **changes: Any) -> Trial:
    given = {"train": sequences(), "test": sequences(), "seed": 0, "index": 0} | changes
    return Trial("made by hand", network, initial=initial, **given)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"target": 1.0}, "target=1.0 must lie between 0 and 1"),
        ({"target": math.nan}, "target=nan"),
        ({"initial": [0.0, 0.0]}, r"initial of shape \(2,\) must be 3 finite numbers, one for each of w, u_1, u_0"),
        ({"initial": [0.0, math.nan, 0.0]}, "3 finite numbers"),
        ({"network": OWN, "initial": np.zeros(7)}, "sequences with 1 signals do not fit a network that takes 2"),
        ({"fresh": -1.0}, "fresh=-1.0"),
        ({"fresh": math.nan}, "fresh=nan"),
        ({"fresh": math.inf}, "fresh=inf"),
        ({"fresh": "x"}, "fresh='x'"),
        ({"target": "0.8"}, "target='0.8'"),
        ({"initial": [0.1]}, r"initial of shape \(1,\)"),
        ({"initial": "abc"}, "initial of <U3 must be an array"),
        ({"noise": "x"}, "noise='x' must be a finite bound"),
        ({"noise": -1}, "noise=-1"),
        ({"seed": "s"}, "seed='s' must be an integer"),
        ({"index": 0.5}, "index=0.5 must be an integer"),
        ({"network": 3}, "network=3 of a trial must be a Network"),
        ({"test": None}, "test=None of a trial must be a Sequences"),
        ({"streak": -1}, "streak=-1"),
        ({"streak": 1.5}, "streak=1.5"),
        ({"streak": 10**20}, "streak=1000"),
    ],
)
def test_trials_that_make_no_sense_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        trial(**changes)


def test_pieces_are_put_at_the_end() -> None:
    found = at_the_end(4, [np.array([[1.0], [2.0]]), np.array([[3.0]])], np.array([1.0, -1.0]))
    assert found.signals[:, :, 0].tolist() == [[0, 0, 1, 2], [0, 0, 0, 3]]
    assert found.lengths.tolist() == [2, 1]
    assert found.num_signals == 1
    assert repr(trial()) == "Trial(made by hand, seed=0, index=0)"
