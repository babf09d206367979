"""Phase 1: known attractors are found, what cannot be proved is not said to be."""

from __future__ import annotations

import pytest

import dynlatch as d
from dynlatch.regions.attractors import find_attractors
from dynlatch.verdict import Verdict


def kinds(m: d.Map, seed: int = 0) -> list[tuple[str, Verdict]]:
    return [(a.name, a.verdict) for a in find_attractors(m, m.domain, seed=seed).listed]


POINT, SET = ("fixed point", Verdict.PROVED), ("recurrent set", Verdict.INCONCLUSIVE)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(
    ("m", "expected"),
    [
        (d.neuron(2), [POINT, POINT]),
        (d.neuron("1/2"), [POINT]),
        (d.logistic("3.2"), [("cycle of period 2", Verdict.PROVED)]),
        (d.logistic("3.5"), [("cycle of period 4", Verdict.PROVED)]),
        (d.logistic("3.83"), [("cycle of period 3", Verdict.PROVED)]),
        (d.newton(), [POINT] * 3),
        (d.cubic(5), []),
    ],
    ids=repr,
)
def test_points_and_cycles_are_certified(m: d.Map, expected: list[tuple[str, Verdict]], seed: int) -> None:
    assert kinds(m, seed) == expected


@pytest.mark.parametrize("m", [d.henon(), d.logistic("3.9"), d.predator_prey(d="3.7")], ids=repr)
def test_other_attractors_are_found_but_not_called_proved(m: d.Map) -> None:
    assert kinds(m) == [SET]


def test_two_kinds_at_once() -> None:
    assert kinds(d.ikeda()) == [POINT, SET]


def test_an_orbit_that_only_creeps_on_is_no_attractor() -> None:
    assert kinds(d.neuron(1)) == []


def test_more_states_than_branch_and_prune_covers() -> None:
    n = 7
    ring = [[2 if i == j else ("1/10" if abs(i - j) == 1 else 0) for j in range(n)] for i in range(n)]
    found = find_attractors(d.tanh_network(ring), d.tanh_network(ring).domain)
    assert len(found) > 100, "nearly every one of 128 patterns of signs is latched"
    assert all(a.verdict is Verdict.PROVED for a in found.listed)
