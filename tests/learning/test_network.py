"""Networks as data: what is refused and why, the order of parameters and of units, weights that are shared or fixed."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from learning_cases import OWN, case_of

from dynlatch.errors import InputError
from dynlatch.learning.network import Bias, Connection, Cue, Network, Previous, SameStep, Signal, Source
from dynlatch.learning.objective import Batch
from dynlatch.learning.tasks import LATCH, PARITY, TWO_SEQUENCE
from dynlatch.learning.trial import Sequences
from dynlatch.learning.wiring import wire

FED = Connection(0, Bias(), "b")


def network(*connections: Connection, units: int = 2, signals: int = 1, output: int = 0, kind: str = "tanh") -> Network:
    return Network(units, signals, output, connections, kind)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("connections", "said"),
    [
        ((FED, Connection(1, SameStep(1), "w")), "units 1 <- 1 need each other's states of the same step"),
        ((Connection(0, SameStep(1), "w"), Connection(1, SameStep(0), 1.0)), "need each other's .* Previous"),
        ((FED, Connection(1, Previous(2), "w")), "Previous.unit=2.* does not fit 2 units and 1 signals"),
        ((FED, Connection(1, Previous(-1), "w")), "does not fit"),
        ((FED, Connection(1, SameStep(7), "w")), "SameStep.unit=7.* does not fit"),
        ((FED, Connection(2, Bias(), "w")), "does not fit"),
        ((FED, Connection(-1, Bias(), "w")), "does not fit"),
        ((FED, Connection(1, Signal(1), "w")), "Signal.channel=1"),
        ((FED, Connection(1, Signal(-1), "w")), "Signal.channel=-1"),
        ((FED, Connection(1, Cue(0, True), "w")), "steps of cues from 1"),
        ((FED, Connection(1, Cue(1.5, True), "w")), "Cue.step=1.5"),  # pyright: ignore[reportArgumentType]
        ((FED, Connection(1, Cue(2**70, True), "w")), "from 1 to 1000000"),
        ((FED, Connection(1, Previous(0.5), "w")), "unit=0.5"),  # pyright: ignore[reportArgumentType]
        ((FED, Connection(True, Bias(), "w")), "unit=True"),
        ((FED, Connection(1, "noise", "w")), "source='noise' is none of"),  # pyright: ignore[reportArgumentType]
        ((FED, Connection(1, Previous(0), None)), "weight=None"),  # pyright: ignore[reportArgumentType]
        ((FED, Connection(1, Previous(0), True)), "weight=True"),
        ((FED, Connection(1, Previous(0), 10**400)), "weight=1000"),
        ((FED, Connection(1, Previous(0), "")), "weight='' of a connection to unit 1 must be a name"),
        ((FED, "w"), "connections hold 'w'; each must be a Connection"),
        ((FED, Connection(1, Cue(1, "yes"), "w")), "positive='yes'.*True or False"),  # pyright: ignore[reportArgumentType]
        ((FED,), "unit 1 has no connection that leads to it"),
        ((FED, Connection(1, Previous(0), math.nan)), "weight=nan of a connection to unit 1"),
        ((FED, Connection(1, Previous(0), -math.inf)), "weight=-inf"),
        ((), "1 to 4096 connections, not 0"),
        ((FED,) * 4097, "not 4097"),
    ],
)
def test_connections_that_make_no_sense_are_refused(connections: tuple[Any, ...], said: str) -> None:
    with pytest.raises(InputError, match=said):
        network(*connections)


@pytest.mark.parametrize("output", [-1, 1])
def test_an_output_that_is_no_unit_is_refused(output: int) -> None:
    with pytest.raises(InputError, match=f"output={output} is no unit"):
        network(FED, units=1, output=output)


def test_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InputError, match="kind='relu' is no kind of unit; it is tanh or threshold"):
        network(FED, units=1, kind="relu")


@pytest.mark.parametrize(("units", "signals"), [(0, 1), (-1, 1), (1.0, 1), (True, 1), (1, -1), (1, 0.5), (10**9, 1)])
def test_sizes_that_make_no_sense_are_refused(units: int, signals: int) -> None:
    with pytest.raises(InputError, match="must be whole numbers, at least one unit"):
        network(FED, units=units, signals=signals)


def test_connections_that_could_not_be_compared_are_refused() -> None:
    with pytest.raises(InputError, match="must be a tuple"):
        Network(1, 1, 0, [FED])  # pyright: ignore[reportArgumentType]


@given(st.permutations(range(4)), st.data())
def test_a_cycle_within_a_step_is_found_wherever_it_is(units: list[int], data: st.DataObject) -> None:
    """A chain of all units is fine; closed by one connection it is refused, unless that one is Previous."""
    chain = [Connection(b, SameStep(a), "w") for a, b in itertools.pairwise(units)]
    last, first = data.draw(st.tuples(st.integers(0, 3), st.integers(0, 3)).map(lambda p: (max(p), min(p))))
    closing: dict[str, Source] = {"now": SameStep(units[last]), "before": Previous(units[last])}
    rest = [Connection(units[0], Bias(), "b"), *data.draw(st.permutations(chain))]
    kept = network(*rest, Connection(units[first], closing["before"], "w"), units=4)
    assert kept.order == tuple(units)
    with pytest.raises(InputError, match="same step"):
        network(*rest, Connection(units[first], closing["now"], "w"), units=4)


def test_parameters_are_numbered_as_their_names_first_occur() -> None:
    assert OWN.parameters == ("c", "b", "a", "in", "d", "e", "f")
    assert LATCH.parameters == ("w", "u_1", "u_0")
    assert PARITY.parameters == ("w_hu", "w_ho", "b_h", "w_ou", "w_oo", "w_oh", "b_o")
    assert TWO_SEQUENCE.parameters == tuple(f"W{i}{j}" for i in range(5) for j in range(5))


def test_units_are_computed_after_those_they_need() -> None:
    place = {unit: k for k, unit in enumerate(OWN.order)}
    assert sorted(place) == list(range(5))
    for c in OWN.connections:
        if isinstance(c.source, SameStep):
            assert place[c.source.unit] < place[c.unit]
    assert OWN.order != tuple(range(5)), "the example is to have another order than its list"


def test_cues_that_are_shared_count_once() -> None:
    assert OWN.cues == (Cue(2, True), Cue(2, False), Cue(1, True))
    assert LATCH.cues == (Cue(1, True), Cue(1, False))


def test_every_connection_is_wired_once_to_a_weight_and_a_source() -> None:
    wiring = wire(OWN)
    assert wiring.first[-1] == len(OWN.connections)
    assert wiring.num_parameters == 7
    assert sorted(wiring.weight[wiring.weight >= 7]) == [7, 8, 9, 10], "each fixed weight has a row of its own"
    for i in range(5):
        bounds = (wiring.first[i], wiring.free[i], wiring.cued[i], wiring.cued_fixed[i], wiring.first[i + 1])
        fixed, free, cues, fixed_cues = (slice(*ends) for ends in itertools.pairwise(bounds))
        assert np.all(wiring.weight[fixed] >= 7)
        assert np.all(wiring.weight[free] < 7)
        assert np.all(wiring.weight[cues] < 7)
        assert np.all(wiring.weight[fixed_cues] >= 7)
        unit = OWN.order[i]
        number = sum(c.unit == unit and isinstance(c.source, Cue) for c in OWN.connections)
        assert wiring.first[i + 1] - wiring.cued[i] == number
        assert np.all(wiring.source[wiring.cued[i] : wiring.first[i + 1]] < len(OWN.cues))
    recurrent = [c for c in OWN.connections if isinstance(c.source, Previous | SameStep)]
    assert wiring.out_first[-1] == len(recurrent)


def test_twins_lead_to_the_same_units_at_the_same_steps() -> None:
    assert wire(TWO_SEQUENCE).twin.tolist() == [False, True, True, True, True]
    assert wire(PARITY).twin.tolist() == [False, False]
    biases = tuple(Connection(unit, Bias(), 0.5) for unit in range(3))
    for sources, expected in [
        ((Previous(0), Previous(1)), [False, True, False]),
        ((Previous(0), SameStep(1)), [False, False, False]),
        ((Previous(0),), [False, False, True]),
    ]:
        into_two = tuple(Connection(2, source, f"w{k}") for k, source in enumerate(sources))
        assert wire(Network(3, 0, 2, biases + into_two)).twin.tolist() == expected


def renumbered(given: Network, places: list[int]) -> Network:
    """The same network, unit i called places[i]."""

    def source(s: Source) -> Source:
        return dataclasses.replace(s, unit=places[s.unit]) if isinstance(s, Previous | SameStep) else s

    connections = tuple(Connection(places[c.unit], source(c.source), c.weight) for c in given.connections)
    return Network(given.num_units, given.num_signals, places[given.output], connections, given.kind)


@given(st.permutations(range(5)), st.integers(0, 2**32 - 1))
def test_names_of_units_do_not_matter(places: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    sequences = Sequences(rng.normal(size=(3, 6, 2)), np.array([6, 6, 6]), np.array([1.0, -1.0, 1.0]))
    values = rng.normal(size=7)
    one, other = Batch(OWN, sequences), Batch(renumbered(OWN, places), sequences)
    np.testing.assert_allclose(other.costs(values)[0], one.costs(values)[0], rtol=1e-12)
    np.testing.assert_allclose(other.gradients(values)[1], one.gradients(values)[1], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(other.states(values)[:, :, places], one.states(values), rtol=1e-12, atol=1e-14)


def test_a_shared_weight_has_the_sum_of_its_parts_as_gradient_and_a_fixed_one_none() -> None:
    rng = np.random.default_rng(1)
    sequences = Sequences(rng.normal(size=(4, 6, 2)), np.full(4, 6), np.array([1.0, -1.0, 1.0, -1.0]))
    apart = dataclasses.replace(
        OWN, connections=tuple(dataclasses.replace(c, weight=f"#{k}") for k, c in enumerate(OWN.connections))
    )
    values = dict(zip(OWN.parameters, rng.normal(size=7), strict=True))
    each = np.array([values[c.weight] if isinstance(c.weight, str) else c.weight for c in OWN.connections])
    parts = Batch(apart, sequences).gradients(each)[1]
    together = Batch(OWN, sequences).gradients(np.array(list(values.values())))[1]
    for p, name in enumerate(OWN.parameters):
        mine = [k for k, c in enumerate(OWN.connections) if c.weight == name]
        np.testing.assert_allclose(together[:, p], parts[:, mine].sum(axis=1), rtol=1e-10, atol=1e-14)


def test_weights_that_one_unit_gets_again_and_again_add_up() -> None:
    """Four at a time are added to totals of their own, unless they have one in common."""
    _, sequences, each = case_of(TWO_SEQUENCE, 4, [3, 9, 11])
    once = tuple(
        dataclasses.replace(c, weight=f"to {c.unit}" if isinstance(c.weight, str) else c.weight)
        for c in TWO_SEQUENCE.connections
    )
    few = each[:, :5]
    together = Batch(dataclasses.replace(TWO_SEQUENCE, connections=once), sequences).gradients(few)[1]
    parts = Batch(TWO_SEQUENCE, sequences).gradients(np.repeat(few, 5, axis=1))[1]
    np.testing.assert_allclose(together, parts.reshape(3, 5, 5).sum(axis=2), rtol=1e-10, atol=1e-14)


def test_another_kind_keeps_the_connections() -> None:
    found = PARITY.of_kind("threshold")
    assert found.kind == "threshold"
    assert found.connections == PARITY.connections
    assert found.parameters == PARITY.parameters
    assert PARITY.of_kind("tanh") is PARITY
    assert found != PARITY
