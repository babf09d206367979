"""The cell digraph: no true transition is missing, and its components are those that other libraries find."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components

import dynlatch as d
from dynlatch.cells import digraph as module
from dynlatch.cells.digraph import CellDigraph, cell_digraph, strong_components
from dynlatch.cells.tree import EXITS, make_tree
from dynlatch.errors import InputError
from dynlatch.maps.definition import exact_box
from dynlatch.maps.evaluators import numpy_map

NETWORK = d.tanh_network([[2, "1/5"], ["1/5", "9/5"]])
MAPS = {
    "network": (NETWORK, (24, 24)),
    "henon": (d.henon(), (32, 32)),
    "newton": (d.newton(), (20, 20)),
    "logistic": (d.logistic("3.9"), (300,)),
    "three units": (d.tanh_network([[2, 0, "1/5"], ["1/5", "9/5", 0], [0, "1/3", "3/2"]]), (8, 8, 8)),
    "four units": (d.tanh_network((np.eye(4) * 1.5).tolist()), (4, 4, 4, 4)),
}


def missing_transitions(graph: CellDigraph, seed: int = 0) -> int:
    """How many sampled steps inside the box are no edge."""
    tree = graph.tree
    rng = np.random.default_rng(seed)
    lo, hi = tree.ends(graph.cells)
    place = {int(node): k for k, node in enumerate(graph.cells)}
    box = np.array([[float(a), float(b)] for a, b in tree.box])
    units = np.array([[r << tree.fine] for r in tree.roots])
    missing = 0
    for _ in range(3):
        points = lo + (hi - lo) * rng.random(lo.shape)
        image = numpy_map(tree.map).step(points)
        inside = np.all((image > box[:, :1]) & (image < box[:, 1:]), axis=0)
        missing += int(np.sum(~inside & np.all(np.isfinite(image), axis=0) & (tree.status[graph.cells] & EXITS == 0)))
        spot = np.floor((image - box[:, :1]) / (box[:, 1:] - box[:, :1]) * units)
        leaf = tree.locate(np.clip(np.nan_to_num(spot), 0, units - 1).astype(np.int64))
        for c in np.flatnonzero(inside):
            missing += place[int(leaf[c])] not in graph.targets[graph.starts[c] : graph.starts[c + 1]]
    return missing


@pytest.mark.parametrize("name", MAPS)
def test_no_true_transition_is_missing(name: str) -> None:
    m, counts = MAPS[name]
    tree = make_tree(m, m.domain, counts)
    assert missing_transitions(cell_digraph(tree)) == 0
    finer = tree.split(tree.leaves[::3])
    assert missing_transitions(cell_digraph(finer)) == 0


def test_a_digraph_of_middles_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    def middles(m: d.Map, lo: np.ndarray, hi: np.ndarray, **_: object) -> tuple[np.ndarray, np.ndarray]:
        image = numpy_map(m).step(0.5 * (lo + hi))
        return image, image

    monkeypatch.setattr("dynlatch.cells.tree.images", middles)
    assert missing_transitions(cell_digraph(make_tree(NETWORK, NETWORK.domain, (24, 24)))) > 100


def test_a_grid_and_a_tree_of_equal_cells_agree() -> None:
    box = exact_box((-4, 4), 2)
    grid = cell_digraph(make_tree(NETWORK, box, (32, 32)))
    tree = make_tree(NETWORK, box, (4, 4))
    for _ in range(3):
        tree = tree.split(tree.leaves)
    deep = cell_digraph(tree)

    def edges(graph: CellDigraph) -> set[tuple[int, int]]:
        number = 32 * graph.tree.index[0, graph.cells].astype(int) + graph.tree.index[1, graph.cells]
        return set(zip(np.repeat(number, np.diff(graph.starts)).tolist(), number[graph.targets].tolist(), strict=True))

    assert edges(grid) == edges(deep)


@pytest.mark.parametrize("name", MAPS)
def test_components_are_those_of_scipy_in_topological_order(name: str) -> None:
    m, counts = MAPS[name]
    graph = cell_digraph(make_tree(m, m.domain, counts))
    order = graph.components()
    number, labels = connected_components(graph.to_csr(), connection="strong")
    assert number == order.max() + 1
    assert len(set(zip(labels.tolist(), order.tolist(), strict=True))) == number
    source = np.repeat(np.arange(graph.num_cells), np.diff(graph.starts))
    assert np.all(order[graph.targets] <= order[source])


@pytest.mark.parametrize("seed", range(20))
def test_components_of_random_digraphs(seed: int) -> None:
    graph = nx.gnp_random_graph(60, 0.03, seed=seed, directed=True)
    rows = [sorted(graph.successors(k)) for k in range(60)]
    starts = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64)
    order = strong_components(starts, np.array([t for r in rows for t in r], dtype=np.int32))
    expected = {frozenset(c) for c in nx.strongly_connected_components(graph)}
    assert {frozenset(np.flatnonzero(order == k).tolist()) for k in range(order.max() + 1)} == expected
    assert all(order[a] >= order[b] for a, b in graph.edges)


def test_too_many_edges_are_refused_before_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_EDGES", 100)
    with pytest.raises(InputError, match="choose a lower resolution and refine"):
        cell_digraph(make_tree(NETWORK, NETWORK.domain, (16, 16)))
