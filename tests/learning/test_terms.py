"""Gradient and curvature step by step: terms of eq. 4, and the Gauss-Newton diagonal, dense and by its recursion."""

from __future__ import annotations

import numpy as np
import plain_passes as plain
import pytest
from hypothesis import given
from learning_cases import CASES, TARGET, Case, any_case, case_of, cases, close

from dynlatch.learning.network import Bias, Connection, Cue, Network, Previous, SameStep, Signal
from dynlatch.learning.objective import Batch
from dynlatch.learning.tasks import LATCH, PARITY, Latch


def check_terms(case: Case) -> None:
    """Each term is the derivative with respect to the weight at that step alone, and they sum to the gradient."""
    network, sequences, values = case
    found = Batch(network, sequences, TARGET).terms(values)
    total = Batch(network, sequences, TARGET).gradients(values)[1]
    close(found.gradient.sum(axis=1), total)
    for b, (signals, positive) in enumerate(plain.one_by_one(sequences)):
        before = sequences.steps - len(signals)
        assert not found.gradient[b, :before].any()
        assert not found.curvature[b, :before].any()
        assert not found.deltas[b, :before].any()
        steps = range(1, len(signals) + 1)
        expected = np.array([plain.slopes(network, values[b], signals, positive, TARGET, at=t) for t in steps])
        close(found.gradient[b, before:], expected)
        bends, shares = plain.curvatures(network, values[b], signals, positive)
        close(found.bends[b, before:], bends)
        close(found.curvature[b, before:], shares)


@any_case
def test_terms_of_known_networks(case: Case) -> None:
    check_terms(case)


@given(cases())
def test_terms_of_any_network(case: Case) -> None:
    check_terms(case)


def gauss_newton(case: Case) -> np.ndarray:
    """The diagonal of the dense Gauss-Newton matrix over all copies of all weights: (dx_N/dw_it)^2, (B, T, P)."""
    network, sequences, values = case
    found = np.zeros((len(sequences), sequences.steps, len(network.parameters)))
    for b, (signals, positive) in enumerate(plain.one_by_one(sequences)):
        for t in range(1, len(signals) + 1):
            row = plain.answer_slopes(network, values[b], signals, positive, t)
            found[b, sequences.steps - len(signals) + t - 1] = row**2
    return found


TREE = Network(
    num_units=4,
    num_signals=1,
    output=2,
    connections=(
        Connection(2, SameStep(0), "a"),
        Connection(0, Previous(3), "b"),
        Connection(3, Previous(3), "loop"),
        Connection(3, Signal(0), "in"),
        Connection(2, Previous(1), "c"),
        Connection(1, Signal(0), "d"),
        Connection(1, Bias(), "e"),
        Connection(0, Cue(2, True), "f"),
    ),
)
"""From the state of any unit at any step one path leads to the answer."""


@pytest.mark.parametrize("network", [LATCH, TREE], ids=["single unit", "tree"])
def test_the_curvature_is_the_gauss_newton_diagonal_where_one_path_leads_to_the_answer(network: Network) -> None:
    case = case_of(network, 11, [8, 5, 1, 8])
    found = Batch(*case[:2], TARGET).terms(case[2]).curvature
    expected = gauss_newton(case)
    close(found, expected)
    np.testing.assert_allclose(found[expected > 0], expected[expected > 0], rtol=1e-9)
    assert np.count_nonzero(expected) > 20


def test_the_curvature_is_another_one_where_paths_meet() -> None:
    """It leaves out products of different paths: neither a bound from above nor from below."""
    network, sequences, values = CASES[2]
    found, dense = Batch(network, sequences, TARGET).terms(values).curvature, gauss_newton(CASES[2])
    assert np.any(found > dense * 1.01)
    assert np.any(found < dense * 0.99)
    last = slice(sequences.steps - 1, sequences.steps)
    into_output = [p for p, name in enumerate(PARITY.parameters) if name in ("w_ou", "w_oo", "w_oh", "b_o")]
    close(found[:, last][:, :, into_output], dense[:, last][:, :, into_output])


def test_what_fades_becomes_0_and_is_never_subnormal() -> None:
    """A weight of 0.3 forgets within some hundred steps; subnormal numbers would make the rest ten times as slow."""
    trial = Latch(T=2000, num_train=2).trial(seed=0, index=0)
    terms = Batch(trial.network, trial.train).terms(np.array([0.3, 0.5, -0.5]))
    for values in (terms.states, terms.deltas, terms.bends):
        assert np.abs(values[values != 0.0]).min() >= np.finfo(float).tiny
        assert np.count_nonzero(values) < values.size // 2
