"""Online algorithms beside others: a trial's run does not depend on what is trained with it."""

from __future__ import annotations

import numpy as np
import pytest

from dynlatch.learning.algorithm import Algorithm
from dynlatch.learning.algorithms.adam import Adam
from dynlatch.learning.algorithms.adaptive_newton import AdaptiveNewton
from dynlatch.learning.algorithms.back_propagation import BackPropagation
from dynlatch.learning.algorithms.pseudo_newton import PseudoNewton
from dynlatch.learning.algorithms.rms_prop import RMSProp
from dynlatch.learning.algorithms.time_weighted import TimeWeighted
from dynlatch.learning.tasks import Latch, TwoSequence
from dynlatch.learning.training import train

ALL = [BackPropagation(), PseudoNewton(), AdaptiveNewton(), TimeWeighted(), Adam(), RMSProp()]
BUDGET = 250


@pytest.mark.parametrize("algorithm", ALL, ids=lambda a: a.name)
@pytest.mark.parametrize("task", [Latch, TwoSequence], ids=lambda task: task.name)
def test_alone_and_among_40_a_trial_runs_alike(task: type[Latch | TwoSequence], algorithm: Algorithm) -> None:
    """Trials of several T, so that sequences of others begin earlier and later; to the last bit."""
    trials = [task(T=6 + k % 9, noise=0.2, num_train=10, num_test=4).trial(7, k) for k in range(40)]
    together = train(trials, algorithm, budget=BUDGET)
    for k in (0, 17, 39):
        (alone,) = train([trials[k]], algorithm, budget=BUDGET)
        assert np.array_equal(alone.parameters, together[k].parameters)
        assert (alone.presentations, alone.stop) == (together[k].presentations, together[k].stop)
        assert np.array_equal(alone.history.parameters, together[k].history.parameters)
    assert len({run.parameters.tobytes() for run in together}) == 40


def test_every_algorithm_takes_another_way() -> None:
    trial = Latch(T=10, noise=0.2, num_train=10, num_test=4).trial(7, 0)
    ends = [train([trial], algorithm, budget=20)[0].parameters for algorithm in ALL]
    for k, end in enumerate(ends):
        assert np.all(np.isfinite(end))
        assert all(np.abs(end - other).max() > 1e-6 for other in ends[:k])
