"""How far back a gradient reaches: to the first input, and with what share to each time lag."""

from __future__ import annotations

from typing import Final

import numpy as np

from dynlatch.learning.latching import Latching
from dynlatch.learning.network import Network, SameStep, Signal
from dynlatch.learning.objective import Batch
from dynlatch.learning.trial import Floats, Sequences
from dynlatch.maps.evaluators import numpy_map

FAR: Final = 2.0
"""A target outside of the range of tanh: the miss x_N - d, by which deltas are divided, is then never small."""


def reach(batch: Batch, given: Sequences, target: float, parameters: Floats) -> tuple[Floats, Floats]:
    """|dx_N/du_1| of each sequence, and the share of the gradient at each time lag.

    Arguments: ``batch`` of the S sequences ``given``, made with the target ``FAR``; ``target``, the true one, on which
    shares depend; ``parameters`` (P,). Returns: arrays of shape (S,) and (T,), nan where parameters are not finite, and
    shares where the gradient is 0. Rigor: floating point. Cost: a pass forwards and backwards; memory of order S T P.
    """
    network = batch.network
    if not np.all(np.isfinite(parameters)):
        return np.full(len(given), np.nan), np.full(given.steps, np.nan)
    terms = batch.terms(parameters)
    outputs = terms.states[:, -1, network.output]
    miss = outputs - FAR * given.classes
    first = terms.deltas[np.arange(len(given)), given.steps - given.lengths] / miss[:, None]
    true = np.abs((outputs - target * given.classes) / miss)
    by_lag = (np.linalg.norm(terms.gradient, axis=2) * true[:, None]).sum(axis=0)[::-1]
    total = by_lag.sum()
    share = by_lag / total if total > 0.0 else np.full(given.steps, np.nan)
    return np.linalg.norm(first @ _entrance(network, parameters), axis=1), share


def resting_gradients(network: Network, given: Sequences, parameters: Floats, found: Latching) -> Floats:
    """|dx_N/du_1| of each sequence if the state rested, from the first step on, where the sequence's class is latched.

    x_N = tanh(a_N), so that dx_N/da_1 = f'(a) e M'(a)^(N - 1), e being the output's unit vector; for a neuron mu^N / w.
    Returns: shape (S,), the largest where there are several such fixed points, nan where there is none.
    Rigor: floating point.
    """
    sizes = np.full(len(given), np.nan)
    composed = any(isinstance(c.source, SameStep) for c in network.connections)
    if found.map is None or not found.latched or composed:
        return sizes
    entrance = _entrance(network, parameters)
    for point in found.attractors:
        if 0 in point[network.output]:
            continue
        state = np.array([float(e) for e in point])
        jacobian = numpy_map(found.map).jacobian(state[:, None])[:, :, 0]
        row = np.zeros(network.num_units)
        row[network.output] = 1.0 - np.tanh(state[network.output]) ** 2
        by_length = np.empty(given.steps)
        for n in range(given.steps):
            by_length[n] = np.linalg.norm(row @ entrance)
            row = row @ jacobian
        mine = state[network.output] * given.classes > 0.0
        sizes = np.where(mine, np.fmax(sizes, by_length[given.lengths - 1]), sizes)
    return sizes


def _entrance(network: Network, parameters: Floats) -> Floats:
    """What each signal adds to each activation, shape (n, m); the identity where no signal comes in."""
    into = [c for c in network.connections if isinstance(c.source, Signal)]
    if not into:
        return np.eye(network.num_units)
    weights = dict(zip(network.parameters, parameters.tolist(), strict=True))
    matrix = np.zeros((network.num_units, network.num_signals))
    for c in into:
        channel = c.source.channel if isinstance(c.source, Signal) else 0
        matrix[c.unit, channel] += weights[c.weight] if isinstance(c.weight, str) else c.weight
    return matrix
