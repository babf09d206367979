"""Fill the cache of compiled code once, so that the workers of the tests do not each compile the same: a script."""

from __future__ import annotations

import numpy as np

import dynlatch
from dynlatch.learning import Batch, Latch
from dynlatch.learning.algorithms import NAMES, algorithm_type


def main() -> None:
    """Use what most tests use."""
    for name in NAMES:
        algorithm_type(name)
    trial = Latch(T=4).trial(seed=0, index=0)
    batch, parameters = Batch(trial.network, trial.train), np.zeros(3)
    for work in (batch.costs, batch.gradients, batch.states, batch.terms):
        work(parameters)
    for m in (dynlatch.neuron(2), dynlatch.tanh_network([[2, "1/5"], ["1/5", "9/5"]])):
        dynlatch.analyze(m, resolution=50, steps=100)


if __name__ == "__main__":
    main()
