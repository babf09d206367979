"""Edge states: saddles that are known, what is proved of them, and answers where there is none."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest

import dynlatch as d
from dynlatch.latch.fixed_points import Stability
from dynlatch.maps.evaluators import numpy_map
from dynlatch.maps.toml_file import map_from_toml
from dynlatch.metrics import edge as module
from dynlatch.regions.attractors import Attractors, find_attractors
from dynlatch.verdict import Stop, Verdict

NETWORK = d.tanh_network([[2, "1/5"], ["1/5", "9/5"]])


@lru_cache
def network_attractors() -> Attractors:
    return find_attractors(NETWORK, NETWORK.domain)


SADDLES = {
    (0, 1): (-1.8556804864882, 0.2494251041613),
    (0, 2): (0.1896749589046, -1.6292257015196),
    (1, 3): (-0.1896749589046, 1.6292257015196),
    (2, 3): (1.8556804864882, -0.2494251041613),
}


@pytest.mark.parametrize("m", [d.neuron(2), d.neuron("1.01"), d.cubic("3/2"), d.cubic("11/10")], ids=repr)
def test_in_one_dimension_the_edge_is_the_repelling_point_0(m: d.Map) -> None:
    found = d.edge_state(m, ["-1/2"], ["1/3"])
    assert found.verdict is Verdict.PROVED
    assert found.stop is Stop.SOLVED
    assert found.point is not None
    assert found.point.stability is Stability.REPELLING
    assert 0 in found.point.state[0]
    assert found.labels == found.sides == (0, 1)
    assert found.boundary is Verdict.PROVED
    assert d.edge_state(m, "1/3", "-1/2").labels == (1, 0)


@pytest.mark.parametrize("labels", SADDLES)
def test_the_network_s_edges_lead_to_its_saddles(labels: tuple[int, int]) -> None:
    attractors = network_attractors()
    starts = [attractors[k].states[:, 0] + shift for k, shift in zip(labels, (0.1, -0.2), strict=True)]
    found = d.edge_state(NETWORK, *starts, attractors=attractors)
    assert found.verdict is Verdict.PROVED
    assert found.point is not None
    assert found.point.stability is Stability.SADDLE
    assert found.labels == found.sides == labels
    assert found.boundary is Verdict.INCONCLUSIVE, "measured"
    np.testing.assert_array_equal(found.starts, starts)
    np.testing.assert_allclose(found.point.values, SADDLES[labels], atol=1e-12)
    known = next(p for p in d.fixed_points(NETWORK) if np.allclose(p.values, SADDLES[labels]))
    assert all(a.overlaps(b) for a, b in zip(found.point.state, known.state, strict=True))
    assert found.point.multipliers == pytest.approx(known.multipliers)


def test_the_edge_orbit_is_an_orbit_on_the_boundary() -> None:
    found = d.edge_state(NETWORK, [-2, -2], [2, -2])
    after = numpy_map(NETWORK).step(found.orbit[:-1].T).T
    assert np.max(np.abs(after - found.orbit[1:])) < 2e-6, "an orbit, but for the bisections"
    assert found.steps == len(found.orbit) - 1 >= module._SETTLED
    assert 0 < found.gap < 4e-6
    with pytest.raises(ValueError, match="read-only"):
        found.orbit[0] = 0


def test_beside_a_plain_orbit_the_tracking_is_needed() -> None:
    """The mutant: without bisection anew, the pair that straddles the boundary parts and its middle leaves."""
    found = d.edge_state(NETWORK, [-2, -2], [2, -2])
    states = found.orbit[0][:, None]
    for _ in range(found.steps):
        states = numpy_map(NETWORK).step(states)
    assert np.linalg.norm(states[:, 0] - found.orbit[-1]) > 1


def test_a_source_is_an_edge_state_where_symmetry_leads_there() -> None:
    found = d.edge_state(NETWORK, [-2, -2], [2, 2])
    assert found.point is not None
    assert found.point.stability is Stability.REPELLING
    assert found.sides is None, "two unstable directions have no two sides"


def test_basins_that_do_not_touch_have_no_edge() -> None:
    found = d.edge_state(NETWORK, [-2, -2], [2, "11/5"])
    assert (found.verdict, found.stop, found.point) == (Verdict.INCONCLUSIVE, Stop.STUCK, None)
    assert "basins 0 and 3" in found.reason
    assert "none" in repr(found)


def test_a_cycle_and_a_third_basin_that_accumulates_there() -> None:
    """Beyond +-sqrt(r + 1), a cycle of period 2, the cubic map diverges; short of it both latches alternate."""
    found = d.edge_state(d.cubic("3/2"), [1], ["19/10"])
    assert found.labels == (1, -1)
    assert found.point is not None
    assert found.point.period == 2
    assert abs(found.point.values[0]) == pytest.approx(2.5**0.5, abs=1e-14)
    assert float(found.point.multipliers[0].real) == pytest.approx((1.5 - 3 * 2.5) ** 2)


def test_a_saddle_beside_a_chaotic_attractor() -> None:
    found = d.edge_state(d.ikeda(), [0, 0], [3, "7/2"])
    assert found.verdict is Verdict.PROVED
    assert found.point is not None
    np.testing.assert_allclose(numpy_map(d.ikeda()).step(found.point.values[:, None])[:, 0], found.point.values)
    assert found.point.stability is Stability.SADDLE
    assert sorted(found.sides or ()) == [0, 1]


def test_three_states() -> None:
    m = d.tanh_network([[2, "1/5", 0], ["1/5", "9/5", "1/10"], [0, 0, "3/2"]])
    found = d.edge_state(m, [2, 2, 1], [2, 2, -1])
    assert found.verdict is Verdict.PROVED
    assert found.point is not None
    assert sum(e.modulus.lower > 1 for e in found.point.multipliers) == 1
    assert set(found.sides or ()) == set(found.labels)


def test_a_chaotic_edge_is_inconclusive_and_hands_back_its_orbit() -> None:
    found = d.edge_state(d.newton(), [1, "1/10"], [-1, 1], steps=150)
    assert (found.verdict, found.stop, found.point) == (Verdict.INCONCLUSIVE, Stop.BUDGET, None)
    assert found.steps == 150
    assert len(np.unique(np.round(found.orbit, 3), axis=0)) > 100, "it wanders about"


def test_too_few_steps_are_inconclusive() -> None:
    found = d.edge_state(d.neuron(2), -1, 1, steps=5)
    assert (found.verdict, found.stop, found.steps) == (Verdict.INCONCLUSIVE, Stop.BUDGET, 5)


def test_an_edge_at_which_the_map_is_undefined_diverges_or_sticks() -> None:
    text = 'name = "pole"\nstate = ["a"]\n[map]\na = "a/2 + 1/a"\n[domain]\na = [-3, 3]\n'
    found = d.edge_state(map_from_toml(text), -2, 2)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.stop in (Stop.DIVERGED, Stop.STUCK)


@pytest.mark.parametrize(
    ("starts", "settings", "said"),
    [
        ((1, 2), {}, "both go to attractor 1"),
        ((0, 2), {}, r"start_a goes to no attractor \(undecided\)"),
        ((2, 0), {}, r"start_b goes to no attractor \(undecided\)"),
        (([0, 1], 2), {}, "start_a has 2 numbers"),
        ((1, "x"), {}, r"start_b\[0\]"),
        ((1, float("nan")), {}, "not finite"),
        ((-1, 1), {"steps": 0}, "steps=0"),
        ((-1, 1), {"steps": True}, "steps=True"),
        ((-1, 1), {"max_steps": 0}, "max_steps=0"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(starts: tuple[Any, Any], settings: Any, said: str) -> None:
    with pytest.raises(d.InputError, match=said) as caught:
        d.edge_state(d.neuron(2), *starts, **settings)
    assert "\n" not in str(caught.value)


def test_starts_that_diverge_both_are_refused() -> None:
    with pytest.raises(d.InputError, match="both go to nowhere"):
        d.edge_state(d.cubic("3/2"), ["9/5"], ["-19/10"])
