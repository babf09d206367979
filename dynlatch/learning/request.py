"""What ``train`` is asked for, checked before any work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from dynlatch.errors import InputError
from dynlatch.lanes import LANES
from dynlatch.learning.algorithm import Algorithm
from dynlatch.learning.checks import shown, whole
from dynlatch.learning.loops import Sees
from dynlatch.learning.network import Network
from dynlatch.learning.trial import Trial
from dynlatch.maps.threads import num_threads
from dynlatch.memory import MAX_BYTES, in_bytes

if TYPE_CHECKING:
    from dynlatch.learning.tasks import Task

_MOST_BUDGET: Final = 10**12
"""Presentations that nobody waits for."""


def num_workers(threads: int | None, trials: int) -> int:
    """A thread for each block of lanes that has trials."""
    return min(num_threads(threads), -(-trials // LANES))


def check_memory(task: Task, trials: int, algorithm: Algorithm, threads: int | None = None) -> None:
    """Refuse, before they are made, trials that need too much memory together with what they are trained in.

    Raises: InputError with the memory that they would take, about.
    """
    n, m, terms = task.network.num_units, task.network.num_signals, algorithm.sees is Sees.TERMS
    numbers = task.num_train * m + 2 * n + m + (2 * len(task.network.parameters) if terms else 0)
    size = trials * task.bytes_a_trial + 8 * num_workers(threads, trials) * LANES * task.T * numbers
    if size > MAX_BYTES:
        raise InputError(
            f"{trials} trials of {task.num_train} + {task.num_test} sequences of T={task.T} steps need about "
            f"{in_bytes(size)} of memory, more than {in_bytes(MAX_BYTES)}; give fewer trials, or a smaller T, "
            "num_train or num_test"
        )


def listed_trials(trials: object) -> list[Trial]:
    """Trials as a list. Raises: InputError for what is no trial, such as a task."""
    if isinstance(trials, Trial):
        raise InputError(f"trials={trials!r} is one trial; give a list, as [trial]")
    return [_trial(one) for one in (trials if isinstance(trials, Iterable) else [trials])]


def _trial(one: object) -> Trial:
    if not isinstance(one, Trial):
        raise InputError(f"{shown(one)} is no Trial; a task makes them, as Latch(T=50).trial(seed=0, index=0)")
    return one


def check_algorithm(algorithm: object) -> None:
    """Raises: InputError for what is no algorithm, such as its name or its class."""
    if isinstance(algorithm, type):
        raise InputError(
            f"algorithm={algorithm.__name__} is a class, without settings; call it: {algorithm.__name__}()"
        )
    if not isinstance(algorithm, Algorithm):
        raise InputError(f"algorithm={shown(algorithm)} is no algorithm; make one, as BackPropagation(rate=0.01)")


def common_network(trials: Sequence[Trial], algorithm: Algorithm) -> Network:
    """The network of all trials, of units that the algorithm trains. Raises: InputError where there is none."""
    if not trials:
        raise InputError("no trials to train; make some, as Latch(T=50).trial(seed=0, index=0)")
    network = trials[0].network
    for trial in trials:
        if trial.network != network or len(trial.train) != len(trials[0].train):
            raise InputError(
                f"{trial!r} has another network or another number of training sequences than {trials[0]!r}; "
                "train them in calls of their own"
            )
    if algorithm.units is None or algorithm.units == network.kind:
        return network
    if algorithm.units == "threshold":
        return network.of_kind("threshold")
    raise InputError(f"{algorithm.name} needs the slope of its units, which threshold units do not have; use tanh")


def checked_budget(budget: object, algorithm: Algorithm | type[Algorithm], sequences: int) -> int:
    """The presentations that a trial may take; None asks for the algorithm's own number.

    Raises: InputError outside 1 to 10^12, and for a search that could not look at one candidate.
    """
    if budget is None:
        return max(algorithm.budget, sequences)
    most = whole("budget", budget, 1, _MOST_BUDGET, "presentations that a trial may take")
    if algorithm.sees is Sees.COST and most < sequences:
        raise InputError(
            f"budget={most} is less than one pass over the {sequences} training sequences, which every candidate of "
            f"{algorithm.name} needs"
        )
    return most
