"""Passes against the equations one number at a time: states, gradients, threshold units; and wrong ones are refuted."""

from __future__ import annotations

import itertools
import types
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import plain_passes as plain
import pytest
from hypothesis import given
from hypothesis import strategies as st
from learning_cases import CASES, OWN, TARGET, Case, any_case, case_of, cases, close, networks

from dynlatch.errors import InputError
from dynlatch.lanes import LANES
from dynlatch.learning import backwards, forwards
from dynlatch.learning.block import ITS_OWN
from dynlatch.learning.network import Connection, Network, Previous, Signal
from dynlatch.learning.objective import Batch
from dynlatch.learning.trial import Sequences, at_the_end
from dynlatch.learning.wiring import Wiring
from dynlatch.learning.workplace import Workplace

# --- states -----------------------------------------------------------------------------------------------------------


def check_states(case: Case) -> None:
    network, sequences, values = case
    found = Batch(network, sequences, TARGET).states(values)
    costs, errors = Batch(network, sequences, TARGET).costs(values)
    assert found.shape == (len(sequences), sequences.steps, network.num_units)
    for b, (signals, positive) in enumerate(plain.one_by_one(sequences)):
        state = plain.state_of(network, plain.named(network, values[b]), signals, positive)
        before = sequences.steps - len(signals)
        close(
            found[b, before:],
            np.array([[state(i, t + 1) for i in range(network.num_units)] for t in range(len(signals))]),
        )
        assert not found[b, :before].any(), "states before a sequence begins are 0"
        x = found[b, -1, network.output]
        close(costs[b], np.array(plain.cost(x, positive, TARGET)))
        assert errors[b] == ((x >= 0) != positive)


@any_case
def test_states_and_costs_of_known_networks(case: Case) -> None:
    check_states(case)


@given(cases())
def test_states_and_costs_of_any_network(case: Case) -> None:
    check_states(case)


# --- gradients --------------------------------------------------------------------------------------------------------

Gradients: TypeAlias = Callable[[Case], np.ndarray]
"""Gradients (B, P) of a case."""


def compiled_gradients(case: Case) -> np.ndarray:
    network, sequences, values = case
    return Batch(network, sequences, TARGET).gradients(values)[1]


def check_gradients(case: Case, gradients: Gradients = compiled_gradients) -> None:
    network, sequences, values = case
    found = gradients(case)
    for b, (signals, positive) in enumerate(plain.one_by_one(sequences)):
        close(found[b], plain.slopes(network, values[b], signals, positive, TARGET))


@any_case
def test_gradients_of_known_networks(case: Case) -> None:
    check_gradients(case)


@given(cases())
def test_gradients_of_any_network(case: Case) -> None:
    check_gradients(case)


def test_the_derivatives_that_judge_agree_with_central_differences() -> None:
    """The oracle itself: extrapolated differences of real numbers, for which no complex tanh is needed."""
    network, sequences, values = CASES[3]
    signals, positive = plain.one_by_one(sequences)[0]

    def cost(p: int, h: float) -> float:
        moved = values[0].copy()
        moved[p] += h
        return plain.cost(plain.answer(network, plain.named(network, moved), signals, positive), positive, TARGET)

    def central(p: int, h: float) -> float:
        return (cost(p, h) - cost(p, -h)) / (2 * h)

    exact = plain.slopes(network, values[0], signals, positive, TARGET)
    for p in range(exact.size):
        assert abs((4 * central(p, 5e-4) - central(p, 1e-3)) / 3 - exact[p]) < 1e-10


def _store(a: np.ndarray, r: int, x: Any) -> None:
    a[r] = x


AS_NUMPY: dict[str, Callable[..., Any]] = {
    "load": lambda a, r: a[r].copy(),
    "store": _store,
    "gather": lambda flat, places, r, shift: flat[places[r] + shift],
    "at": lambda a, k: a[k],
    "spread": lambda x: np.full(LANES, x),
    "fma": lambda x, y, z: x * y + z,
    "where": lambda x, y, z: np.where(x > 0, y, z),
    "at_least": lambda x, y: (x >= y) * 1.0,
    "equal": lambda x, y: (x == y) * 1.0,
    "tanh": np.tanh,
    "magnitude": np.abs,
}


def interpreted(case: Case, change: Callable[[Wiring], Wiring] = lambda w: w, **wrong: Any) -> np.ndarray:
    """The very code of the passes, but run by Python on a wiring and with functions that may be wrong."""
    names: dict[str, Any] = {**vars(forwards), **vars(backwards), **AS_NUMPY}
    for name, value in [*vars(forwards).items(), *vars(backwards).items()]:
        kernel = getattr(value, "py_func", None)
        if kernel is not None and kernel.__module__ in (forwards.__name__, backwards.__name__):
            names[name] = types.FunctionType(kernel.__code__, names)
    names |= wrong
    network, sequences, values = case
    place = Workplace(network, sequences.steps, 1, backwards=True, terms=False, in_step=False)
    for b in range(len(sequences)):
        one = Sequences(sequences.signals[b : b + 1], sequences.lengths[b : b + 1], sequences.classes[b : b + 1])
        place.fill(b, one, values[b], TARGET)
    wiring, block, steps = change(place.wiring), place.block, sequences.steps
    begun = names["choose"](wiring, block, np.zeros(LANES, dtype=np.int64), ITS_OWN, steps)
    names["gradient"](wiring, block, begun, steps, names["forward"](wiring, block, begun, steps), 0)
    return block.gradient[:, : len(sequences)].T


def _without(wiring: Wiring, later: bool) -> Wiring:
    """No error along the connections to the next step, or to the same."""
    kept = [
        [o for o in range(wiring.out_first[i], wiring.out_first[i + 1]) if wiring.out_later[o] != later]
        for i in range(wiring.num_units)
    ]
    flat = np.array(list(itertools.chain(*kept)), dtype=np.int64)
    return wiring._replace(
        out_first=np.cumsum([0, *map(len, kept)]), out_unit=wiring.out_unit[flat],
        out_later=wiring.out_later[flat], out_weight=wiring.out_weight[flat],
    )  # fmt: skip


MUTANTS: dict[str, Gradients] = {
    "f' is 1 - x": lambda c: interpreted(c, fma=lambda x, y, z: z + x if isinstance(z, float) else x * y + z),
    "f' is 1": lambda c: interpreted(c, fma=lambda x, y, z: z if isinstance(z, float) else x * y + z),
    "no error along same-step connections": lambda c: interpreted(c, lambda w: _without(w, later=False)),
    "no error through time": lambda c: interpreted(c, lambda w: _without(w, later=True)),
    "errors of this step for the next": lambda c: interpreted(
        c, lambda w: w._replace(out_later=np.zeros_like(w.out_later))
    ),
    "all units taken for twins": lambda c: interpreted(c, lambda w: w._replace(twin=np.arange(w.num_units) > 0)),
    "no target": lambda c: interpreted(c, _begin_backwards=lambda w, block, steps, row: block.signals[row].copy()),
    "the first step left out": lambda c: interpreted(c, choose=lambda *given: forwards.choose(*given) + 1),
    "cues a step late": lambda c: interpreted(c, lambda w: w._replace(cue_step=w.cue_step + 1)),
    "cues of the other class": lambda c: interpreted(c, lambda w: w._replace(cue_class=-w.cue_class)),
    "biases before a sequence begins": lambda c: interpreted(c, at_least=lambda x, y: np.ones(LANES)),
    "another output": lambda c: interpreted(c, lambda w: w._replace(output=(w.output + 1) % w.num_units)),
}


def check_all(gradients: Gradients) -> None:
    for case in CASES:
        check_gradients(case, gradients)


@any_case
def test_the_code_that_mutants_change_is_right_as_it_stands(case: Case) -> None:
    check_gradients(case, interpreted)


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_check_refutes_wrong_gradients(mutant: str) -> None:
    with pytest.raises(AssertionError):
        check_all(MUTANTS[mutant])


# --- threshold units --------------------------------------------------------------------------------------------------

EIGHTHS = st.integers(-16, 16).map(lambda k: k / 8)
"""Sums of these are exact, so that units meet their threshold exactly, too."""


@given(networks(EIGHTHS, "threshold"), st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(0, 2**32 - 1))
def test_states_of_threshold_units(network: Network, lengths: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    pieces = [rng.integers(-8, 9, size=(n, network.num_signals)) / 8.0 for n in lengths]
    sequences = at_the_end(max(lengths) + 1, pieces, rng.choice([-1.0, 1.0], size=len(lengths)))
    values = rng.integers(-16, 17, size=(len(lengths), len(network.parameters))) / 8.0
    batch = Batch(network, sequences, 0.5)
    found, (costs, errors) = batch.states(values), batch.costs(values)
    for b, (signals, positive) in enumerate(plain.one_by_one(sequences)):
        state = plain.state_of(network, plain.named(network, values[b]), signals, positive, plain.threshold)
        before = sequences.steps - len(signals)
        expected = [[state(i, t + 1) for i in range(network.num_units)] for t in range(len(signals))]
        np.testing.assert_array_equal(found[b, before:], expected)
        assert not found[b, :before].any()
        assert costs[b] == plain.cost(expected[-1][network.output], positive, 0.5)
        assert errors[b] == ((expected[-1][network.output] > 0) != positive)


def test_threshold_units_have_no_gradient() -> None:
    network, sequences, values = CASES[2]
    for ask in (Batch.gradients, Batch.terms):
        with pytest.raises(InputError, match="threshold units have no gradient"):
            ask(Batch(network.of_kind("threshold"), sequences), values)


def test_a_network_without_parameters_has_an_empty_gradient() -> None:
    fixed = Network(1, 1, 0, (Connection(0, Signal(0), 1.5), Connection(0, Previous(0), 0.5)))
    case = case_of(fixed, 0, [3, 5])
    check_states(case)
    assert compiled_gradients(case).shape == (2, 0)
    assert Batch(*case[:2]).terms(case[2]).gradient.shape == (2, case[1].steps, 0)


def test_parameters_of_another_shape_are_refused() -> None:
    network, sequences, _ = CASES[0]
    with pytest.raises(InputError, match=r"parameters of shape \(2,\) must be of shape \(4, 3\) or \(3,\)"):
        Batch(network, sequences).costs(np.zeros(2))
    with pytest.raises(InputError, match="1 signals do not fit a network that takes 2"):
        Batch(OWN, sequences)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"threads": "a"}, "threads='a' must be a whole number from 1"),
        ({"threads": 0}, "threads=0"),
        ({"threads": -3}, "threads=-3"),
        ({"target": "x"}, "target='x' must be a finite number"),
        ({"target": True}, "target=True"),
    ],
)
def test_settings_of_a_batch_that_make_no_sense_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Batch(*CASES[0][:2], **settings)
