"""What came of one trial."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynlatch.learning.algorithm import Algorithm
from dynlatch.learning.trial import Floats, Trial
from dynlatch.verdict import Stop


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """A run at logarithmic checkpoints, by default eight to a decade of presentations; the first is the beginning.

    ``presentations`` (K,); ``parameters`` (K, P) after so many; ``error`` and ``cost`` (K,): the fraction of wrong
    answers and the mean cost over the training set as it was last presented, nan at the beginning. While an online
    algorithm learns, parameters change from one sequence to the next; a search is shown by its best point so far.
    """

    presentations: NDArray[np.int64]
    parameters: Floats
    error: Floats
    cost: Floats

    def __len__(self) -> int:
        return len(self.presentations)


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """The result of training one trial by one algorithm.

    ``parameters`` (P,): the last ones, of a search the best. ``presentations``: forward passes of one sequence, those
    that only verify included, the final measurement of errors not. ``stop``: SOLVED (learned), BUDGET, STUCK (a search
    gave up) or DIVERGED (a parameter is no longer finite, after ``presentations``). ``train_error``, ``test_error``:
    fractions of wrong answers at ``parameters``, without fresh noise (``trial.fresh``); ``train_cost``: the mean cost.
    """

    trial: Trial
    algorithm: Algorithm
    parameters: Floats
    presentations: int
    stop: Stop
    train_error: float
    train_cost: float
    test_error: float
    history: History

    @property
    def learned(self) -> bool:
        """Whether the stopping rule found the task learned."""
        return self.stop is Stop.SOLVED

    @property
    def num_test(self) -> int:
        """How many sequences ``test_error`` rests on."""
        return len(self.trial.test)

    def __repr__(self) -> str:
        return (
            f"Run({self.trial.task}, {self.algorithm.name}, {self.stop} after {self.presentations:,} presentations, "
            f"train error {self.train_error:.3f}, test error {self.test_error:.3f})"
        )
