"""Maps and questions that cells cannot settle: what is open stays open, what is labelled is true, nothing crashes."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
import sympy as sp

import dynlatch as d
from dynlatch.cells.certified import CertifiedBasins, certified_basins
from dynlatch.cells.certified_gamma import CertifiedReducedSet, certified_reduced_set
from dynlatch.cells.morse import OUTSIDE, morse_graph
from dynlatch.cells.settle import LEAVES, OPEN
from dynlatch.cells.tree import DEFINED, EXITS
from dynlatch.errors import InputError
from dynlatch.maps.definition import Formulas, Map, exact_box
from dynlatch.maps.grammar import parse_expression
from dynlatch.region_proofs import prove_regions
from dynlatch.regions.reduced_set import READINGS, Membership
from dynlatch.verdict import Stop, Verdict

DEPTH = 8
FORMULAS: dict[str, tuple[str, int, int]] = {
    "kink": ("abs(x)/2 - 1/4", -2, 2),
    "tent": ("1 - 6/5*abs(x)", -2, 2),
    "pole": ("x/2 + 1/(100*x)", -2, 2),
    "jump": ("-9/10*atan(tan(x)) + 7/5", -4, 4),
    "logarithm": ("log(x) + 2", -1, 4),
    "towers": ("exp(exp(x))", -2, 10),
    "powers": ("x**64", -4, 4),
    "doubling": ("2*x + 1", 1, 2),
}
UNDEFINED: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "pole": lambda lo, hi: (lo <= 0) & (hi >= 0),
    "jump": lambda lo, hi: ((lo < math.pi / 2) & (hi > math.pi / 2)) | ((lo < -math.pi / 2) & (hi > -math.pi / 2)),
    "logarithm": lambda lo, _: lo <= 0,
}
"""The cells of a line on which a map has no value somewhere."""
NETWORK = d.tanh_network([[2, "1/5"], ["1/5", "9/5"]])
FIVE = d.tanh_network([[2 * (i == j) for j in range(5)] for i in range(5)])


@cache
def map_of(name: str) -> Map:
    text, lo, hi = FORMULAS[name]
    x = sp.Symbol("x", real=True)
    return Map(name, (x,), Formulas((parse_expression(text, {"x": x}, where=name),)), (), exact_box((lo, hi), 1))


@cache
def basins_of(name: str) -> CertifiedBasins:
    return certified_basins(map_of(name), depth=DEPTH)


@cache
def gamma_of(name: str) -> CertifiedReducedSet:
    return certified_reduced_set(map_of(name), depth=DEPTH, attractors=basins_of(name).attractors)


def step(name: str, x: np.ndarray) -> np.ndarray:
    """The map, written once more."""
    with np.errstate(all="ignore"):
        return {
            "kink": lambda: np.abs(x) / 2 - 0.25, "tent": lambda: 1 - 1.2 * np.abs(x), "pole": lambda: x / 2 + 0.01 / x,
            "jump": lambda: 1.4 - 0.9 * (x - np.pi * np.round(x / np.pi)), "logarithm": lambda: np.log(x) + 2,
            "towers": lambda: np.exp(np.exp(x)), "powers": lambda: x**64, "doubling": lambda: 2 * x + 1,
        }[name]()  # fmt: skip


def astray(found: CertifiedBasins, name: str, label: np.ndarray) -> int:
    """How many random states of labelled cells do not end where the label says within 500 steps."""
    rng, wrong = np.random.default_rng(0), 0
    (low, high) = (float(end) for end in found.box[0])
    for k in {*label[found.tree.leaves].tolist()} - {OPEN}:
        lo, hi = found.tree.ends(found.tree.leaves[label[found.tree.leaves] == k])
        x = (lo + (hi - lo) * rng.random((4, lo.shape[1]))).ravel()
        gone = np.zeros(x.size, dtype=bool)
        for _ in range(500):
            gone |= ~((x >= low) & (x <= high))
            x = step(name, x)
        if k == LEAVES:
            wrong += int(np.sum(~gone))
        elif k not in found.blocks:
            (place,) = found.attractors[k].states[:, 0]
            wrong += int(np.sum(~(np.abs(x - place) < 1e-6)))
        else:
            wrong += int(np.sum(gone))
    return wrong


# --- what the map does not have ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMULAS)
def test_every_label_is_true_and_the_rest_is_open(name: str) -> None:
    found = basins_of(name)
    assert (found.verdict, found.stop) == (Verdict.PROVED, Stop.SOLVED)
    assert astray(found, name, found.label) == 0
    assert set(found.label[found.tree.leaves].tolist()) <= {OPEN, LEAVES, *found.targets}


@pytest.mark.parametrize("name", ["pole", "logarithm", "powers"])
def test_a_label_on_an_open_cell_would_be_found_out(name: str) -> None:
    found = basins_of(name)
    for k in (*found.targets, LEAVES):
        mutant = found.label.copy()
        mutant[found.cells(OPEN)] = k
        assert astray(found, name, mutant) > 0


@pytest.mark.parametrize("name", UNDEFINED)
def test_cells_without_a_value_stay_open_and_keep_the_reason(name: str) -> None:
    """The reason is that no image is known; it is kept by the leaf, and nothing is claimed of it anywhere."""
    found, tree = basins_of(name), basins_of(name).tree
    without = tree.leaves[UNDEFINED[name](*(ends[0] for ends in tree.ends(tree.leaves)))]
    assert without.size >= 2
    assert np.all(found.label[without] == OPEN)
    assert not np.any(tree.status[without] & DEFINED)
    assert np.all(np.isnan(tree.image_ends(without)))
    rest = np.setdiff1d(tree.leaves, without)
    assert np.all(tree.status[rest] & DEFINED)
    for k in found.targets:
        assert not np.any(found.avoids(k)[without])
    reduced = gamma_of(name)
    cells = reduced.tree.leaves
    inside = cells[UNDEFINED[name](*(ends[0] for ends in reduced.tree.ends(cells)))]
    assert np.all(reduced.members[:, inside] == Membership.UNDECIDED)
    assert np.all(reduced.attractor[inside] == -1)


@pytest.mark.parametrize(("name", "held"), [("pole", 2), ("jump", 2)])
def test_a_morse_graph_lets_anything_follow_where_the_map_has_no_value(name: str, held: int) -> None:
    """Recurrence there cannot be excluded: those cells are in Morse sets, and none is proved to hold anything more."""
    graph = morse_graph(map_of(name), resolution=128)
    tree, owner = graph.digraph.tree, graph.set_of()
    lo, hi = (ends[0] for ends in tree.ends(graph.digraph.cells))
    without = UNDEFINED[name](lo, hi)
    assert np.all(owner[without] >= 0)
    for s in (graph.sets[k] for k in set(owner[without].tolist())):
        assert not s.attracting
        assert s.verdict is (Verdict.PROVED if s.points else Verdict.INCONCLUSIVE)
        assert graph.reachable.has_edge(s.number, OUTSIDE)
    assert sum(len(s.points) for s in graph.sets) == held == len(d.fixed_points(map_of(name)))


def test_a_kink_is_decided_only_where_both_sides_agree() -> None:
    """Slopes of +-6/5 hold 0 between them: at the kink nothing is known of Gamma, beside it all is out."""
    reduced = gamma_of("tent")
    cells = reduced.tree.leaves
    lo, hi = (ends[0] for ends in reduced.tree.ends(cells))
    kink = (lo <= 0) & (hi >= 0)
    assert kink.sum() == 2
    assert np.all(reduced.members[:, cells[kink]] == Membership.UNDECIDED)
    assert np.all(reduced.members[:2, cells[~kink]] == Membership.OUT)
    below = gamma_of("kink")  # slopes of +-1/2: every slope at the kink is below 1
    assert all(below.share(name, Membership.IN) == 1 for name in READINGS)
    assert basins_of("kink").inner(0) == 4


def test_what_passes_the_largest_float_is_not_known() -> None:
    """exp(exp(x)) up to 10^308 is out of the box, at once; beyond it there is no float to say so."""
    found, tree = basins_of("towers"), basins_of("towers").tree
    last = math.log(math.log(np.finfo(np.float64).max))
    lo, hi = (ends[0] for ends in tree.ends(tree.leaves))
    far = (math.log(math.log(10)) < lo) & (hi < last)
    huge = lo > last
    assert (far.sum(), huge.sum()) == (121, 73)
    assert np.all(tree.status[tree.leaves[far]] == DEFINED | EXITS)
    assert np.all(found.label[tree.leaves[far]] == LEAVES)
    assert np.all(found.rank[tree.leaves[far]] == 1)
    assert not np.any(tree.status[tree.leaves[huge]] & DEFINED)
    assert np.all(found.label[tree.leaves[huge]] == OPEN)
    assert found.targets == ()


def test_large_powers_part_the_line_at_1() -> None:
    found = basins_of("powers")
    lo, hi = (ends[0] for ends in found.tree.ends(found.cells(0)))
    assert lo.min() >= -1
    assert hi.max() <= 1
    lo, hi = (ends[0] for ends in found.tree.ends(found.cells(LEAVES)))
    assert np.all((lo >= 1) | (hi <= -1))
    assert found.decided > Fraction(98, 100)


@pytest.mark.parametrize("text", ["x**3/2", "exp(exp(x))", "2*x + 1"])
def test_a_ball_that_grows_beyond_all_floats_is_lost_and_said_to_be(text: str) -> None:
    x = sp.Symbol("x", real=True)
    m = Map("lost", (x,), Formulas((parse_expression(text, {"x": x}, where="lost"),)), (), exact_box((-2, 2), 1))
    found = d.uncertainty(m, "19/10", "1/10", 1100)
    assert (found.verdict, found.stop, found.capture) == (Verdict.INCONCLUSIVE, Stop.DIVERGED, Verdict.INCONCLUSIVE)
    assert found.enclosed[-1] == math.inf
    assert found.enclosed[0] < 0.11
    assert len(found.cells) < 1100
    assert not np.any(found.sampled > found.enclosed)


# --- a box without attractors, and a budget without cells -------------------------------------------------------------


def test_a_box_that_every_orbit_leaves() -> None:
    """x -> 2 x + 1 on [1, 2]: at once, and there is nothing else to tell."""
    found, reduced, graph = basins_of("doubling"), gamma_of("doubling"), morse_graph(map_of("doubling"), resolution=16)
    assert (found.targets, found.decided, found.stop) == ((), 1, Stop.SOLVED)
    assert np.all(found.rank[found.cells(LEAVES)] == 1)
    assert all(reduced.volume(name, Membership.IN) == 0 for name in READINGS)
    assert reduced.share("norm", Membership.OUT) == 1
    assert (graph.sets, graph.volume, list(graph.reachable)) == ((), 0, [OUTSIDE])
    regions = prove_regions(found.map, found.box, found.attractors, depth=4, gamma_depth=4)
    assert regions.tolerances == ()
    with pytest.raises(InputError, match=r"attractor=0 is not the number .* choose: none"):
        d.noise_tolerance(found.map, 0, attractors=found.attractors)


@pytest.mark.parametrize("name", ["pole", "tent", "powers"])
def test_a_tiny_budget_gives_a_part_and_says_so(name: str) -> None:
    whole = basins_of(name)
    small = certified_basins(map_of(name), depth=20, max_cells=260, attractors=whole.attractors)
    assert small.stop is Stop.BUDGET
    assert small.tree.leaves.size <= 260
    assert 0 < small.decided < 1
    assert astray(small, name, small.label) == 0
    least = certified_reduced_set(map_of(name), depth=12, max_cells=64, attractors=whole.attractors)
    assert (least.stop, least.tree.leaves.size) == (Stop.BUDGET, 64)


def test_a_tolerance_without_cells_says_what_it_lacks() -> None:
    found = d.noise_tolerance(d.tanh_network([[2, "1/5"], ["1/5", "1/2"]]), 0, 2, max_cells=0)
    assert (found.verdict, found.stop) == (Verdict.PROVED, Stop.BUDGET)
    assert found.upper is not None
    assert 0 < found.lower < found.upper
    assert "more than was asked for; more cells may close it" in found.reason


# --- questions without a meaning --------------------------------------------------------------------------------------

Question = Callable[..., object]
QUESTIONS: dict[str, Question] = {
    "basins": certified_basins, "reduced set": certified_reduced_set, "morse graph": morse_graph, "all": d.prove,
}  # fmt: skip


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=list(QUESTIONS))
@pytest.mark.parametrize(
    ("box", "said"),
    [
        ([(0, 1)], "give one (lo, hi) per state, 2 in all"),
        ([(0, 1)] * 3, "give one (lo, hi) per state, 2 in all"),
        ([(0, 1, 2), (0, 1)], "lo, hi"),
        ((1, 1), "is empty or inverted"),
        ((2, -2), "is empty or inverted"),
        ([(0, 1), (1, 0)], "side 2"),
        ((0, math.inf), "upper end=inf is not finite"),
        ((math.nan, 1), "lower end=nan is not finite"),
        ("wide", "box"),
        (3, "box"),
    ],
)
def test_a_box_that_is_none(ask: Question, box: object, said: str) -> None:
    with pytest.raises(InputError) as caught:
        ask(NETWORK, box)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("resolution", [0, -3, 2.5, True, (4,), (4, 4, 4), (4, 0), "4"])
def test_a_resolution_that_is_none(resolution: object) -> None:
    with pytest.raises(InputError, match="resolution="):
        morse_graph(NETWORK, None, resolution)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    "ask",
    [*QUESTIONS.values(), d.noise_tolerance, lambda m: d.uncertainty(m, [0] * 5, 1, 5)],
    ids=[*QUESTIONS, "tolerance", "uncertainty"],
)
def test_five_states_are_refused_at_once(monkeypatch: pytest.MonkeyPatch, ask: Question) -> None:
    monkeypatch.setattr("dynlatch.cells.certified.find_attractors", lambda *_, **__: pytest.fail("work was begun"))
    with pytest.raises(InputError) as caught:
        ask(FIVE)
    assert str(caught.value) == (
        "tanh_network has 5 states but cells cover at most 4; fix some states or use a smaller network"
    )


def test_a_box_beside_the_attractors_is_left() -> None:
    """All orbits of the neuron from [10, 20] go to the latch at 1.9, and so out of the box in a single step."""
    found = certified_basins(d.neuron(2), (10, 20), depth=4)
    assert [a.verdict for a in found.attractors.listed] == [Verdict.PROVED] * 2
    assert (found.inner(1), found.decided) == (0, 1)
    assert np.all(found.rank[found.cells(LEAVES)] == 1)
    assert [found.areas(k).outer for k in (0, 1)] == [10, 10], "orbits that have left the box may still reach either"


@pytest.mark.parametrize("value", [0, 29, 2.5, True, "3", None])
def test_a_depth_that_is_none(value: object) -> None:
    for ask in (certified_basins, certified_reduced_set):
        if value is not None:
            with pytest.raises(InputError, match=f"depth={value} must be a whole number from 1 to 28"):
                ask(NETWORK, depth=value)  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match="must be a whole number from 0 to 24"):
        morse_graph(NETWORK, resolution=4, refine=-1 if value == 0 else value)  # pyright: ignore[reportArgumentType]
