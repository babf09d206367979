"""Noise tolerance: both ends bracket h*, no noise leaves what is proved, every escape escapes."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import dynlatch as d
from dynlatch.cells.certified import certified_basins
from dynlatch.errors import InputError
from dynlatch.maps.evaluators import numpy_map
from dynlatch.noise.escape import Escape, find_escape
from dynlatch.noise.invariant_box import InvariantBox, invariant_box, widest_tolerance
from dynlatch.noise.invariant_cells import InvariantCells, largest_noise
from dynlatch.noise.tolerance import NoiseTolerance, noise_tolerance
from dynlatch.verdict import Stop, Verdict

NETWORK = d.tanh_network([[2, "1/5"], ["1/5", "9/5"]])


def strays(t: NoiseTolerance, noise: float, seed: int = 0) -> int:
    """How many driven orbits leave the proved set within 300 steps: random and extreme noise of a given size."""
    rng = np.random.default_rng(seed)
    n, count = t.map.dimension, 600
    states = np.repeat(t.attractors[t.attractor].states, count, axis=1)
    out = np.zeros(count, dtype=bool)
    kept = rng.normal(size=(n, count))
    for step in range(300):
        kept = kept if step % 20 else rng.normal(size=(n, count))
        u = np.sign(kept) if t.norm == np.inf else kept / np.linalg.norm(kept, axis=0)
        u = u * noise * np.where(rng.random(count) < 0.7, 1.0, rng.random(count))
        states = numpy_map(t.map).step(states) + u
        out |= ~inside(t.proof, states)
    return int(out.sum())


def inside(proof: InvariantBox | InvariantCells | None, states: np.ndarray) -> np.ndarray:
    """Whether states are in the proved set."""
    if isinstance(proof, InvariantBox):
        lo, hi = (np.array([[float(side[e])] for side in proof.box]) for e in (0, 1))
        return np.all((states >= lo - 1e-12) & (states <= hi + 1e-12), axis=0)
    assert proof is not None
    tree = proof.tree
    lo, hi = (np.array([[float(side[e])] for side in tree.box]) for e in (0, 1))
    units = np.array([[r << tree.fine] for r in tree.roots])
    place = np.floor((states - lo) / (hi - lo) * units)
    known = np.all((place >= 0) & (place < units), axis=0)
    return known & proof.stays[tree.locate(np.where(known, place, 0).astype(np.int64))]


@pytest.mark.parametrize("w", ["1.05", "2", "10"])
@pytest.mark.parametrize("goal", ["basin", "gamma"])
def test_both_ends_bracket_the_critical_input(w: str, goal: str) -> None:
    m = d.neuron(w)
    critical = d.critical_input(m).value
    assert critical is not None
    for k in (0, 1):
        found = noise_tolerance(m, k, set=goal)
        assert found.verdict is Verdict.PROVED
        assert found.stop is Stop.SOLVED
        assert found.upper is not None
        assert Fraction(found.lower) <= critical.upper
        assert Fraction(found.upper) >= critical.lower
        assert found.lower > float(critical) * (1 - 1e-9)
        assert found.upper < float(critical) * (1 + 1e-4)


@pytest.fixture(scope="module", params=[(0, 2, "basin"), (0, "inf", "gamma"), (1, 2, "gamma"), (1, "inf", "basin")])
def network(request: pytest.FixtureRequest) -> NoiseTolerance:
    k, norm, goal = request.param
    return noise_tolerance(NETWORK, k, norm, goal)


def test_the_networks_bounds_are_close(network: NoiseTolerance) -> None:
    assert network.upper is not None
    assert network.lower < network.upper < network.lower * 1.004
    kind = InvariantCells if network.norm == 2 else InvariantBox
    assert isinstance(network.proof, kind)


def test_no_noise_of_that_size_leaves_the_proved_set(network: NoiseTolerance) -> None:
    assert strays(network, network.lower) == 0


def test_its_escape_escapes(network: NoiseTolerance) -> None:
    escape = network.escape
    assert escape is not None
    assert all(np.linalg.norm(escape.inputs, ord=network.norm, axis=1) <= float(escape.noise) * (1 + 1e-15))
    states = network.attractors[network.attractor].states
    for u in escape.inputs:
        states = numpy_map(NETWORK).step(states) + u[:, None]
    if escape.reached is None:
        p, q = network.attractors[network.attractor].traps[0].norm.floats()
        assert np.linalg.norm(p @ numpy_map(NETWORK).jacobian(states)[:, :, 0] @ q, 2) >= 1 - 1e-9
        return
    for _ in range(escape.free_steps + 200):
        states = numpy_map(NETWORK).step(states)
    assert escape.reached != network.attractor
    assert np.allclose(states, network.attractors[escape.reached].states, atol=1e-9)


def test_the_tubes_are_lower_bounds_too(network: NoiseTolerance) -> None:
    assert network.tube is not None
    assert network.closed is not None
    assert 0 < network.closed < network.tube.noise < network.lower
    assert network.tightness["lower"] > 0.996


def test_theorem_3s_tube_of_the_neuron_is_the_best_there_is() -> None:
    """(1 - sup |M'|) d over d, by golden section on the closed form; the ratio to h* falls to 0.478... at w = 1."""
    for w, ratio in ((2.0, None), (1.0005, math.sqrt(4 - 8 * math.sqrt(2) / 3))):
        found = noise_tolerance(d.neuron(w), 1)
        abar = float(found.attractors[1].states[0, 0])
        radii = np.linspace(0, abar, 400_001)[1:]
        best = float(np.max((1 - w / np.cosh(np.maximum(abar - radii, 0)) ** 2) * radii))
        assert found.tube is not None
        assert best * (1 - 1e-4) < found.tube.noise < best * (1 + 1e-8)
        if ratio is not None:
            h = math.sqrt(w * (w - 1)) - math.acosh(math.sqrt(w))
            assert abs(found.tube.noise / h - ratio) < 0.01


def test_more_noise_than_proved_leaves_the_box() -> None:
    """The property has teeth: 2 % more than the upper bound drives some of the same orbits out."""
    found = noise_tolerance(NETWORK, 1, "inf")
    assert found.upper is not None
    assert strays(found, found.upper * 1.3) > 0


def test_a_box_is_not_claimed_for_more_noise() -> None:
    m = d.neuron(2)
    attractor = certified_basins(m, depth=8).attractors[1]
    found = widest_tolerance(m, attractor)
    assert found is not None
    assert float(found.noise) < math.sqrt(2) - math.acosh(math.sqrt(2))
    assert invariant_box(m, attractor, found.noise * Fraction(999, 1000)) is not None
    wider = invariant_box(m, attractor, found.noise * Fraction(1001, 1000))
    assert wider is not None
    assert wider.box[0][0] < 0, "only a box that holds both latches stands more"
    assert wider.rate >= 2


def test_cells_alone_come_close_to_the_critical_input() -> None:
    found = certified_basins(d.neuron(2), depth=10)
    h = math.sqrt(2) - math.acosh(math.sqrt(2))
    for gamma in (False, True):
        cells = largest_noise(found, 1, 2, gamma, most=h * 1.0001, max_cells=20_000, gap=1e-3)
        assert cells is not None
        assert 0.99 * h < float(cells.noise) < h
        above = largest_noise(found, 1, 2, gamma, most=2 * h, max_cells=20_000, gap=1e-3)
        assert above is not None
        assert 0.9 * h < float(above.noise) < h


def test_an_escape_is_replayed_not_believed() -> None:
    found = certified_basins(d.neuron(2), depth=8)
    escape = find_escape(d.neuron(2), found.attractors, 1, 2, "basin")
    assert isinstance(escape, Escape)
    assert escape.reached == 0
    assert escape.noise == max(abs(Fraction(float(u))) for u in escape.inputs.ravel())


def test_a_single_attractor_has_no_escape() -> None:
    found = noise_tolerance(d.tanh_network([["1/2", 0], [0, "1/2"]]), 0)
    assert found.upper is None
    assert found.lower > 1
    assert "no input was found" in found.reason


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"norm": 1}, "norm='1'"),
        ({"set": "sphere"}, "set='sphere'"),
        ({"attractor": 7}, "attractor=7"),
        ({"gap": 0}, "gap=0"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        noise_tolerance(NETWORK, **arguments)  # pyright: ignore[reportArgumentType]


def test_a_point_that_does_not_attract_is_refused() -> None:
    m = d.neuron(2)
    with pytest.raises(InputError, match="no certified attractor"):
        noise_tolerance(m, d.fixed_points(m)[1])
    assert noise_tolerance(m, d.fixed_points(m)[2]).attractor == 1


def test_a_cycle_is_refused() -> None:
    with pytest.raises(InputError, match="choose: none"):
        noise_tolerance(d.logistic("3.2"), 0)


def test_a_constant_map_has_no_closed_tolerance() -> None:
    assert noise_tolerance(d.tanh_network([[0, 0], [0, 0]]), 0, max_cells=0).closed is None
