"""Networks, sequences and parameters for the tests of passes: known ones, and strategies for any."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import strategies as st

from dynlatch.learning.network import Bias, Connection, Cue, Kind, Network, Previous, SameStep, Signal, Source
from dynlatch.learning.tasks import LATCH, PARITY, TWO_SEQUENCE
from dynlatch.learning.trial import Sequences, at_the_end

TARGET = 0.8
CLOSE = 1e-10
"""Relative to the largest number of a result: derivatives in the complex plane have no error of their own."""
Case: TypeAlias = tuple[Network, Sequences, np.ndarray]
"""A network, sequences, and parameters for each of them."""
OWN = Network(
    num_units=5,
    num_signals=2,
    output=2,
    connections=(
        Connection(2, SameStep(0), "c"),
        Connection(0, SameStep(3), "b"),
        Connection(3, SameStep(1), "a"),
        Connection(2, SameStep(3), -0.75),
        Connection(1, Signal(1), "in"),
        Connection(1, Previous(2), "a"),
        Connection(4, Previous(4), 0.5),
        Connection(4, Signal(0), "in"),
        Connection(3, Previous(4), "d"),
        Connection(0, Bias(), "e"),
        Connection(2, Previous(1), 0.25),
        Connection(1, Cue(2, True), "f"),
        Connection(1, Cue(2, False), -0.5),
        Connection(0, Cue(1, True), "f"),
    ),
)
"""A user's own: 1 -> 3 -> 0 -> 2 within a step, listed in another order; weights and cues that are shared."""
NETWORKS = {"latch": LATCH, "two-sequence": TWO_SEQUENCE, "parity": PARITY, "own": OWN}


def case_of(network: Network, seed: int, lengths: list[int]) -> Case:
    """Random signals and parameters."""
    rng = np.random.default_rng(seed)
    pieces = [rng.uniform(-1, 1, size=(n, network.num_signals)) for n in lengths]
    classes = rng.choice([-1.0, 1.0], size=len(lengths))
    values = rng.uniform(-1.5, 1.5, size=(len(lengths), len(network.parameters)))
    return network, at_the_end(max(lengths) + int(rng.integers(2)), pieces, classes), values


USUAL = st.floats(-1.5, 1.5)


@st.composite
def networks(draw: st.DrawFn, numbers: st.SearchStrategy[float] = USUAL, kind: Kind = "tanh") -> Network:
    """Up to four units with same-step connections along a random order, shared and fixed weights, cues, biases."""
    order = draw(st.permutations(range(draw(st.integers(1, 4)))))
    signals = draw(st.integers(0, 2))
    weights = st.sampled_from(["p", "q", "r", "s"]) | numbers
    connections: list[Connection] = []
    for place, unit in enumerate(order):
        sources: list[st.SearchStrategy[Source]] = [
            st.builds(Previous, st.sampled_from(order)),
            st.builds(Cue, st.integers(1, 3), st.booleans()),
            st.just(Bias()),
        ]
        if signals:
            sources.append(st.builds(Signal, st.integers(0, signals - 1)))
        if place:
            sources.append(st.builds(SameStep, st.sampled_from(order[:place])))
        found = draw(st.lists(st.one_of(sources), min_size=1, max_size=4))
        connections.extend(Connection(unit, source, draw(weights)) for source in found)
    mixed = draw(st.permutations(connections))
    return Network(len(order), signals, draw(st.sampled_from(order)), tuple(mixed), kind)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any network with sequences of different lengths."""
    lengths = draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    return case_of(draw(networks()), draw(st.integers(0, 2**32 - 1)), lengths)


CASES = [case_of(network, seed, [7, 3, 1, 6]) for seed, network in enumerate(NETWORKS.values())]
any_case = pytest.mark.parametrize("case", CASES, ids=list(NETWORKS))


def close(found: np.ndarray, expected: np.ndarray) -> None:
    scale = max(1e-3, float(np.max(np.abs(expected), initial=0.0)))
    np.testing.assert_allclose(found, expected, rtol=0, atol=CLOSE * scale)
