"""No lane sees another: sequences in company, noise that is drawn as they go, random pseudo-gradients."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import plain_passes as plain
import pytest
from learning_cases import NETWORKS, case_of

from dynlatch.lanes import LANES
from dynlatch.learning import backwards, forwards, objective
from dynlatch.learning.block import ITS_OWN
from dynlatch.learning.network import Network
from dynlatch.learning.objective import Batch
from dynlatch.learning.streams import normal, uniform
from dynlatch.learning.tasks import LATCH
from dynlatch.learning.trial import Sequences
from dynlatch.learning.workplace import Workplace


@pytest.mark.parametrize("name", NETWORKS)
def test_no_sequence_depends_on_its_company(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone, among others, in another order, on other threads and with more room before them: equal to the bit."""
    monkeypatch.setattr(objective, "_FEW", 1)
    rng = np.random.default_rng(5)
    lengths = [int(n) for n in rng.integers(1, 13, size=2 * LANES + 6)]
    network, sequences, values = case_of(NETWORKS[name], 2, lengths)
    order = rng.permutation(len(lengths))
    padded = np.concatenate([np.zeros((len(lengths), 9, network.num_signals)), sequences.signals], axis=1)
    asked: list[tuple[Sequences, np.ndarray]] = [
        (Sequences(padded, sequences.lengths, sequences.classes), np.arange(len(lengths))),
        (Sequences(sequences.signals[order], sequences.lengths[order], sequences.classes[order]), order),
        *((Sequences(padded[[b]], sequences.lengths[[b]], sequences.classes[[b]]), np.array([b])) for b in (0, 40)),
    ]
    usual = Batch(network, sequences, threads=1)
    costs, slopes, terms = *usual.gradients(values), usual.terms(values)
    np.testing.assert_array_equal(usual.costs(values)[0], costs)
    for part, which in asked:
        batch = Batch(network, part, threads=3)
        np.testing.assert_array_equal(batch.gradients(values[which])[1], slopes[which])
        np.testing.assert_array_equal(batch.costs(values[which])[0], costs[which])
        again = batch.terms(values[which])
        for field in ("states", "deltas", "bends", "gradient", "curvature"):
            found, expected = getattr(again, field), getattr(terms, field)[which]
            steps = min(found.shape[1], expected.shape[1])
            np.testing.assert_array_equal(found[:, -steps:], expected[:, -steps:])


def test_a_short_sequence_beside_a_long_one_does_not_overflow_before_it_begins() -> None:
    """There f' is 1, and 4 to the power of the steps until the long one begins is no number any more."""
    alone = Sequences(np.zeros((1, 2, 1)), np.array([2]), np.array([1.0]))
    beside = Sequences(np.zeros((2, 700, 1)), np.array([2, 700]), np.array([1.0, -1.0]))
    values = np.array([4.0, 0.1, 0.1])
    one, both = Batch(LATCH, alone), Batch(LATCH, beside)
    np.testing.assert_array_equal(both.gradients(values)[1][:1], one.gradients(values)[1])
    np.testing.assert_array_equal(both.terms(values).curvature[:1, -2:], one.terms(values).curvature)


# --- random numbers of a lane -----------------------------------------------------------------------------------------


def filled(network: Network, lengths: list[int], fresh: list[float], *, backwards: bool, seed: int = 3) -> Workplace:
    """A sequence in each lane, one after another; the streams of lanes have keys 0, 1, ..."""
    _, sequences, values = case_of(network, seed, lengths)
    place = Workplace(network, sequences.steps, 1, backwards=backwards, terms=False, in_step=False)
    for b in range(len(lengths)):
        one = Sequences(sequences.signals[[b]], sequences.lengths[[b]], sequences.classes[[b]])
        place.fill(b, one, values[b], 1.0, fresh[b])
    place.block.streams[0] = np.arange(LANES)
    return place


def begun(place: Workplace) -> int:
    return forwards.choose(place.wiring, place.block, np.zeros(LANES, dtype=np.int64), ITS_OWN, place.steps)


@pytest.mark.parametrize("name", NETWORKS)
def test_fresh_noise_comes_after_the_cues_from_a_lanes_own_stream(name: str) -> None:
    network = NETWORKS[name]
    last_cue = max((cue.step for cue in network.cues), default=0)
    lengths, fresh = [5, 9, 1, 7, 9], [0.5, 0.0, 2.0, 1.0, 0.25]
    quiet = filled(network, lengths, [0.0] * 5, backwards=True)
    noisy = filled(network, lengths, fresh, backwards=True)
    short = filled(network, lengths, fresh, backwards=False)
    forwards.forward(quiet.wiring, quiet.block, begun(quiet), quiet.steps)
    row = forwards.forward(noisy.wiring, noisy.block, begun(noisy), noisy.steps)
    again = forwards.forward_only(short.wiring, short.block, begun(short), short.steps)
    np.testing.assert_array_equal(short.block.signals[again], noisy.block.signals[row])
    streams = quiet.block.streams.copy()
    for lane, (steps, deviation) in enumerate(zip(lengths, fresh, strict=True)):
        first = noisy.steps - steps + 1
        for t in range(1, noisy.steps + 1):
            for m in range(network.num_signals):
                where = t * noisy.wiring.width + network.num_units + m
                drawn = deviation * normal(streams, lane) if deviation and t >= first + last_cue else 0.0
                assert noisy.block.signals[where, lane] == quiet.block.signals[where, lane] + drawn
    np.testing.assert_array_equal(noisy.block.streams, streams)
    np.testing.assert_array_equal(short.block.streams, streams)


LEAST, MOST, MARGIN = -1.0, 1.0, 0.05


def pseudo_gradient(
    network: Network, values: np.ndarray, signals: np.ndarray, positive: bool, draw: Callable[[], float]
) -> np.ndarray:
    """Discrete error propagation, literally: S = 2 or -2 at random, then a share of size 1 / (margin + |a|) or none."""
    weight, last = plain.named(network, values), len(signals)
    state = plain.state_of(network, weight, signals, positive, plain.threshold)
    shares = np.zeros(len(network.parameters))
    wish: dict[tuple[int, int], float] = {}
    for t in range(last, 0, -1):
        for i in reversed(network.order):
            g = state(i, t) - (1.0 if positive else -1.0) if t == last and i == network.output else 0.0
            for k, c in enumerate(network.connections):
                if c.source == plain.Previous(i):
                    g += weight(k, t + 1) * wish.get((c.unit, t + 1), 0.0)
                elif c.source == plain.SameStep(i):
                    g += weight(k, t) * wish[c.unit, t]
            g = min(max(g, LEAST), MOST)
            up = draw() < (g - LEAST) / (MOST - LEAST)
            into = [(k, c) for k, c in enumerate(network.connections) if c.unit == i]
            a = sum(weight(k, t) * plain.carried(c, state, t, signals, positive) for k, c in into)
            wish[i, t] = 0.0
            if g != 0 and up == (a >= 0):
                wish[i, t] = 1 / (MARGIN + a) if up else -1 / (MARGIN - a)
            for _, c in into:
                if isinstance(c.weight, str):
                    z = plain.carried(c, state, t, signals, positive)
                    shares[network.parameters.index(c.weight)] += wish[i, t] * z
    return shares


@pytest.mark.parametrize("lengths", [[6, 9, 1, 4, 9], [1, 1]], ids=["several", "of one step"])
@pytest.mark.parametrize("name", NETWORKS)
def test_pseudo_gradients_are_those_of_the_equations_with_the_same_random_numbers(
    name: str, lengths: list[int]
) -> None:
    network = NETWORKS[name].of_kind("threshold")
    moved = 0
    for seed in range(5):
        place = filled(network, lengths, [0.0] * len(lengths), backwards=True, seed=seed)
        _, sequences, values = case_of(network, seed, lengths)
        first = begun(place)
        row = forwards.forward(place.wiring, place.block, first, place.steps)
        backwards.pseudo_gradient(place.wiring, place.block, first, place.steps, row, LEAST, MOST, MARGIN)
        streams = np.array([np.arange(LANES), np.zeros(LANES)], dtype=np.uint64)
        for lane, (signals, positive) in enumerate(plain.one_by_one(sequences)):
            draw = partial(uniform, streams, lane)
            expected = pseudo_gradient(network, values[lane], signals, positive, draw)
            np.testing.assert_allclose(place.block.gradient[:, lane], expected, rtol=1e-12, atol=1e-12)
            moved += int(np.any(expected != 0))
        np.testing.assert_array_equal(place.block.streams, streams)
    assert moved > 2 or max(lengths) == 1
