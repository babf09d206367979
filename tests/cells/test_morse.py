"""Morse graphs: what is recurrent lies inside, what is proved to be an attractor is one, and the order is right."""

from __future__ import annotations

import itertools
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

import dynlatch as d
from dynlatch.cells.morse import OUTSIDE, MorseGraph, morse_graph
from dynlatch.errors import InputError
from dynlatch.maps.evaluators import numpy_map
from dynlatch.verdict import Stop, Verdict

NETWORK = d.tanh_network([[2, "1/5"], ["1/5", "9/5"]])


def set_at(graph: MorseGraph, states: np.ndarray) -> np.ndarray:
    """The Morse set that each state lies in, -1 where it lies in none."""
    tree = graph.digraph.tree
    owner = np.full(tree.num_nodes, -1)
    owner[graph.digraph.cells] = graph.set_of()
    box = np.array([[float(a), float(b)] for a, b in tree.box])
    units = np.array([[r << tree.fine] for r in tree.roots])
    place = np.floor((states - box[:, :1]) / (box[:, 1:] - box[:, :1]) * units).astype(np.int64)
    return owner[tree.locate(place)]


@pytest.fixture(scope="module")
def network() -> MorseGraph:
    return morse_graph(NETWORK, (-4, 4), 64, refine=5)


def test_the_network_has_nine_morse_sets_one_for_each_fixed_point(network: MorseGraph) -> None:
    assert network.verdict is Verdict.PROVED
    assert len(network.sets) == 9
    assert all(len(s.points) == 1 and s.verdict is Verdict.PROVED for s in network.sets)
    attracting = {s.number for s in network.sets if s.attracting}
    assert attracting == {s.number for s in network.sets if s.points[0].stability == "attracting"}
    assert len(attracting) == 4


def test_its_order_is_that_of_the_dynamics(network: MorseGraph) -> None:
    """Each saddle leads to the two attractors beside it, the repeller at 0 to all saddles."""
    kinds = {s.number: str(s.points[0].stability) for s in network.sets}
    steps = network.graph
    for k, kind in kinds.items():
        below = sorted(kinds[j] for j in steps.successors(k))
        assert below == {"attracting": [], "saddle": ["attracting"] * 2, "repelling": ["saddle"] * 4}[kind]
    assert network.reachable.in_degree(OUTSIDE) == 0
    assert nx.is_directed_acyclic_graph(network.reachable)


def test_no_edge_leads_up_the_order(network: MorseGraph) -> None:
    graph, order, owner = network.digraph, network.order, network.set_of()
    source = np.repeat(np.arange(graph.num_cells), np.diff(graph.starts))
    assert np.all(order[graph.targets] <= order[source])
    for s in network.sets:
        assert len(set(order[owner == s.number])) == 1


def test_sampled_orbits_pass_the_sets_in_the_order_proved() -> None:
    graph = morse_graph(NETWORK, (-4, 4), 48)
    states = np.random.default_rng(0).uniform(-4, 4, size=(2, 4000))
    closure = nx.transitive_closure(graph.reachable)
    last = set_at(graph, states)
    for _ in range(60):
        states = numpy_map(NETWORK).step(states)
        now = set_at(graph, states)
        for a, b in set(
            zip(last[(last >= 0) & (now >= 0)].tolist(), now[(last >= 0) & (now >= 0)].tolist(), strict=True)
        ):
            assert a == b or closure.has_edge(a, b)
        last = np.where(now >= 0, now, last)
    assert np.all(set_at(graph, states) >= 0)


@pytest.mark.parametrize(("m", "period"), [(d.logistic("3.5"), 4), (d.henon(), 2), (d.newton(), 2), (d.cubic("2"), 2)])
def test_every_certified_point_and_cycle_lies_in_a_morse_set(m: d.Map, period: int) -> None:
    graph = morse_graph(m, resolution={1: 200, 2: 40}[m.dimension], refine=3)
    for p in range(1, period + 1):
        for point in d.fixed_points(m, period=p):
            states = np.array([[float(e) for e in s] for s in point.orbit]).T
            assert np.all(set_at(graph, states) >= 0)


def test_the_henon_attractor_is_proved_to_be_one() -> None:
    graph = morse_graph(d.henon(), None, 128, refine=4)
    (attractor,) = [s for s in graph.sets if s.attracting]
    orbit = np.array([[0.1], [0.1]])
    for _ in range(3000):
        orbit = numpy_map(d.henon()).step(orbit)
        assert set_at(graph, orbit)[0] in (attractor.number, -1)
    assert set_at(graph, orbit)[0] == attractor.number
    assert attractor.verdict is Verdict.PROVED


def test_a_chaotic_repeller_is_enclosed_and_left_undecided() -> None:
    graph = morse_graph(d.logistic(5), None, 100, refine=6)
    assert not any(s.attracting for s in graph.sets)
    assert all((OUTSIDE in graph.reachable.successors(s.number)) for s in graph.sets)


def test_refinement_shrinks_what_is_recurrent() -> None:
    volumes = [morse_graph(d.henon(), None, 64, refine=k).volume for k in range(4)]
    assert all(a > b for a, b in itertools.pairwise(volumes))


def test_a_budget_refines_the_largest_first_and_says_so() -> None:
    graph = morse_graph(d.henon(), None, 64, refine=8, max_cells=9000)
    assert graph.stop is Stop.BUDGET
    assert graph.digraph.num_cells <= 9000
    assert morse_graph(d.henon(), None, 64, refine=1).stop is Stop.SOLVED


def test_graphml_is_read_back(network: MorseGraph, tmp_path: Path) -> None:
    read = nx.read_graphml(network.to_graphml(tmp_path / "morse.graphml"))
    assert read.number_of_nodes() == 10
    assert sum(bool(data["attracting"]) for _, data in read.nodes(data=True)) == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"refine": -1}, "refine=-1"),
        ({"resolution": 0}, "resolution=0"),
        ({"box": (1, 1)}, "empty or inverted"),
        ({"max_cells": 10}, "max_cells=10 is below"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        morse_graph(NETWORK, **arguments)  # pyright: ignore[reportArgumentType]
