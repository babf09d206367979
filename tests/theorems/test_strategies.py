"""The strategies for users: what they promise, in exact arithmetic or balls; what they shrink to; bad input."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from dynlatch import InputError, Map, cubic, henon, logistic, neuron, tanh_network
from dynlatch.maps.balls import ball_map
from dynlatch.rigor import balls
from dynlatch.theorems import Case, strategies
from dynlatch.theorems.cases import exact_state
from dynlatch.theorems.measures import difference, in_reduced_set, length, sup_size
from dynlatch.theorems.network_claims import is_positive_definite, is_symmetric, shifted
from dynlatch.theorems.strategies.families import weights_of
from dynlatch.theorems.strategies.vectors import between, product, transposed

PUBLIC = sorted(n for n, f in vars(strategies).items() if inspect.isfunction(f))
FOLDER = Path(strategies.__file__).parent
MODULES = ["dynlatch.theorems.strategies", *(f"dynlatch.theorems.strategies.{p.stem}" for p in FOLDER.glob("[!_]*.py"))]
COUPLED = tanh_network([[2, "1/5"], ["1/5", "9/5"]])
TINY = Fraction(1, 10**12)

every_check_on = settings(suppress_health_check=())


@pytest.fixture(autouse=True)
def without_database() -> Generator[None]:
    """``find`` keeps what it found under its condition alone, and many strategies here share ``lambda _: True``."""
    before = settings.get_current_profile_name()
    settings.register_profile("without database", settings.get_profile(before), database=None)
    settings.load_profile("without database")
    yield
    settings.load_profile(before)


def never(strategy: st.SearchStrategy[Any], predicate: Callable[[Any], bool]) -> None:
    """No example of a hundred fits."""

    @settings(max_examples=100)
    @given(strategy)
    def unfit(value: Any) -> None:
        assert not predicate(value)

    unfit()


def square_length(v: tuple[Fraction, ...]) -> Fraction:
    return sum((x * x for x in v), Fraction(0))


# --- documentation, and how they are built ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_the_documentation_run(name: str) -> None:
    said: list[str] = []
    runner = doctest.DocTestRunner(verbose=False)
    for test in doctest.DocTestFinder().find(importlib.import_module(name)):
        runner.run(test, out=said.append)
    assert not said, "".join(said)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_strategy_is_documented_by_an_example(name: str) -> None:
    text = inspect.getdoc(getattr(strategies, name)) or ""
    assert ">>> " in text
    assert "Raises: InputError" in text


def test_nothing_is_filtered() -> None:
    names = {n.attr if isinstance(n, ast.Attribute) else n.id for path in FOLDER.glob("*.py")
             for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Attribute | ast.Name)}  # fmt: skip
    assert not names & {"filter", "assume", "reject"}


# --- numbers, vectors, boxes ------------------------------------------------------------------------------------------

ranges = st.tuples(st.fractions(-5, 5, max_denominator=10**6), st.fractions(-5, 5, max_denominator=10**6)).map(sorted)


@every_check_on
@given(st.data(), ranges)
def test_rationals_lie_in_their_range(data: st.DataObject, ends: list[Fraction]) -> None:
    lo, hi = ends
    assert lo <= data.draw(strategies.rationals(lo, hi)) <= hi


@pytest.mark.parametrize(
    ("lo", "hi", "simplest"),
    [("1.1", 4, 2), (-3, 5, 0), ("1/10", "9/10", Fraction(1, 2)), ("0.3001", "0.3009", Fraction("0.30010")),
     ("-7/2", "-3/2", -2)],
)  # fmt: skip
def test_rationals_shrink_to_short_ones(lo: str, hi: str, simplest: Fraction) -> None:
    assert find(strategies.rationals(lo, hi), lambda _: True) == simplest


def test_rationals_reach_both_ends_and_fine_values() -> None:
    for wanted in (lambda v: v == 0, lambda v: v == 1, lambda v: v.denominator == 1000):
        find(strategies.rationals(0, 1), wanted)
    never(strategies.rationals(0, 1), lambda v: v > 1)


@every_check_on
@given(st.integers(1, 4).flatmap(strategies.unit_vectors))
def test_unit_vectors_have_length_one_exactly(v: tuple[Fraction, ...]) -> None:
    assert square_length(v) == 1


def test_unit_vectors_point_everywhere() -> None:
    for signs in ((1, 1, 1), (-1, 1, -1), (1, -1, -1), (-1, -1, 1)):
        find(strategies.unit_vectors(3), lambda v, s=signs: all(a * b > 0 for a, b in zip(v, s, strict=True)))


@every_check_on
@given(st.integers(1, 4).flatmap(strategies.orthogonal_matrices))
def test_rotations_are_orthogonal_exactly(q: tuple[tuple[Fraction, ...], ...]) -> None:
    n = len(q)
    assert product(transposed(q), q) == tuple(tuple(Fraction(int(i == j)) for j in range(n)) for i in range(n))


@every_check_on
@given(st.data(), strategies.boxes([(-2, 3), (0, "1/7")]))
def test_boxes_and_their_points_lie_where_they_should(data: st.DataObject, box: Any) -> None:
    for (lo, hi), (least, most) in zip(box, ((-2, 3), (0, Fraction(1, 7))), strict=True):
        assert least <= lo < hi <= most
        assert hi - lo >= (most - least) / Fraction(100)
    point = data.draw(strategies.points(box))
    assert all(lo <= a <= hi for a, (lo, hi) in zip(point, box, strict=True))


# --- maps -------------------------------------------------------------------------------------------------------------


def largest_singular_value_is(rows: tuple[tuple[Fraction, ...], ...], size: Fraction) -> bool:
    """size^2 I - W W^T has no negative eigenvalue, and with a hair less it has one."""
    gram = between(rows, (Fraction(-1),) * len(rows), transposed(rows))
    above, below = (shifted(gram, size**2 + shift) for shift in (TINY, -TINY))
    return is_positive_definite(above) and not is_positive_definite(below)


@every_check_on
@given(strategies.networks_of_norm("5/4", (1, 3)))
def test_networks_have_exactly_their_norm(m: Map) -> None:
    assert largest_singular_value_is(weights_of(m), Fraction(5, 4))


@every_check_on
@given(st.data(), strategies.contracting_maps(bias=(-1, 1)))
def test_contracting_maps_contract_by_their_constant_and_no_faster(
    data: st.DataObject, pair: tuple[Map, Fraction]
) -> None:
    m, alpha = pair
    assert largest_singular_value_is(weights_of(m), alpha)
    x, y = (exact_state(data.draw(strategies.points(m.domain))) for _ in range(2))
    image = ball_map(m).image
    assert not length(difference(image(x), image(y))) > balls.ball(alpha) * length(difference(x, y))
    around_zero = ((Fraction(-1, 1000), Fraction(1, 1000)),) * m.dimension
    assert sup_size(m, around_zero, "norm") > balls.ball(alpha - TINY)


@every_check_on
@given(strategies.symmetric_networks(("-1/2", 3), units=(1, 4)))
def test_symmetric_networks_have_their_eigenvalues_in_range(m: Map) -> None:
    rows = weights_of(m)
    mirrored = tuple(tuple(-v for v in row) for row in rows)
    assert is_symmetric(rows)
    assert is_positive_definite(shifted(rows, Fraction(1, 2) + TINY))
    assert is_positive_definite(shifted(mirrored, Fraction(3) + TINY))


@every_check_on
@given(strategies.maps((1, 4)))
def test_any_map_can_be_evaluated(m: Map) -> None:
    assert 1 <= m.dimension <= 4
    middle = [balls.ball((lo + hi) / 2) for lo, hi in m.domain]
    assert all(v.is_finite() for v in ball_map(m).image(middle))


@pytest.mark.parametrize("name", ["neuron", "cubic", "logistic", "tanh_network", "henon", "predator_prey"])
def test_every_family_is_among_the_maps(name: str) -> None:
    assert find(strategies.maps(), lambda m: m.name == name).name == name


def test_maps_of_one_size() -> None:
    never(strategies.maps(3), lambda m: m.dimension != 3)


def test_examples_shrink_to_what_one_can_read() -> None:
    assert find(strategies.neurons(), lambda _: True) == neuron(2)
    assert find(strategies.maps(), lambda _: True) == neuron(2)
    assert find(strategies.tanh_networks(bias=(-1, 1)), lambda _: True) == tanh_network([[0]])
    found = find(strategies.symmetric_networks((1, 4)), lambda m: m.dimension == 2)
    assert found == tanh_network([[1, 0], [0, 1]])
    case = find(strategies.driven_cases(neuron(2), 1), lambda on: any(u[0] for u in on.inputs))
    assert (case.start, len(case.inputs), case.inputs[-1]) == ((0,), 1, (1,))


# --- states, inputs, trajectories -------------------------------------------------------------------------------------

WITH_GAMMA = {
    "neuron": neuron(2),
    "with an input": neuron(3, "1/2"),
    "two units": COUPLED,
    "cubic": cubic("3/2"),
    "logistic": logistic("5/2"),
}


@pytest.mark.parametrize("m", WITH_GAMMA.values(), ids=WITH_GAMMA)
def test_gamma_points_and_what_is_near_them_lie_in_gamma(m: Map) -> None:
    margin = Fraction(1, 100)

    @settings(max_examples=15, suppress_health_check=())
    @given(strategies.gamma_points(m, margin), strategies.unit_vectors(m.dimension))
    def inside(a: tuple[Fraction, ...], v: tuple[Fraction, ...]) -> None:
        for share in (Fraction(0), Fraction(99, 100)):
            near = [x + share * margin * y for x, y in zip(a, v, strict=True)]
            assert in_reduced_set(m, exact_state(near), "norm", "a").holds

    inside()


def test_gamma_points_of_the_neuron_come_up_to_the_edge_on_both_sides() -> None:
    edge = Fraction("0.8813736")
    for sign in (1, -1):
        found = find(strategies.gamma_points(neuron(2), "1/10"), lambda a, s=sign: 0 < s * a[0] < 1)
        assert edge + Fraction(1, 10) - TINY < sign * found[0]
    never(strategies.gamma_points(neuron(2), "1/10"), lambda a: abs(a[0]) < edge + Fraction(1, 10) - Fraction(1, 10**6))


def test_gamma_points_reach_every_attractor() -> None:
    for signs in ((1, 1), (-1, -1), (1, -1), (-1, 1)):
        find(strategies.gamma_points(COUPLED), lambda a, s=signs: all(x * y > 0 for x, y in zip(a, s, strict=True)))


@every_check_on
@given(strategies.input_sequences(2, "1/3", steps=(2, 5)))
def test_inputs_stay_inside_their_bound(inputs: tuple[tuple[Fraction, ...], ...]) -> None:
    assert 2 <= len(inputs) <= 5
    assert all(square_length(u) <= Fraction(1, 9) for u in inputs)


def test_inputs_attain_their_bound() -> None:
    assert find(strategies.input_sequences(1, "1/3", steps=1), lambda u: u[0][0] < Fraction(-3, 10)) == (
        (Fraction(-1, 3),),
    )


@every_check_on
@given(strategies.driven_cases(COUPLED, "1/10", steps=(1, 3), start=(1, 2)))
def test_driven_cases(on: Case) -> None:
    assert on.map == COUPLED
    assert all(1 <= a <= 2 for a in on.start)
    assert all(square_length(u) <= Fraction(1, 100) for u in on.inputs)


@every_check_on
@given(strategies.latched_cases(COUPLED, [(1, 2), (-2, -1)], steps=(1, 4)))
def test_latched_cases_are_driven_to_the_states_they_give(on: Case) -> None:
    assert all(1 <= a <= 2 and -2 <= b <= -1 for a, b in on.states)
    assert on.region == ((1, 2), (-2, -1))
    image = ball_map(on.map).image_of_point
    for t, u in enumerate(on.driving_inputs(), start=1):
        reached = [a + b for a, b in zip(image(exact_state(on.states[t - 1])), u, strict=True)]
        assert all(v.contains(b) and v.rad() < 1e-9 for v, b in zip(reached, exact_state(on.states[t]), strict=True))


def test_periodic_latched_cases_return() -> None:
    on = find(strategies.latched_cases(neuron(2), (1, 2), steps=(2, 3), periodic=True), lambda on: on.steps == 3)
    assert on.periodic
    assert len(on.states) == 3
    assert len(on.orbit()) == 4


# --- from_type --------------------------------------------------------------------------------------------------------


def fresh(code: str, **environment: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, env={**os.environ, **environment},
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


DRAWN = (
    "from hypothesis import find, strategies as st\n"
    "import dynlatch\n{extra}\n"
    "print(find(st.from_type(dynlatch.Map), lambda m: True))\n"
)


def test_hypothesis_draws_maps_by_itself() -> None:
    assert fresh(DRAWN.format(extra="")) == repr(neuron(2))


def test_without_plugins_importing_the_strategies_registers_maps() -> None:
    extra = "import dynlatch.theorems.strategies"
    assert fresh(DRAWN.format(extra=extra), HYPOTHESIS_NO_PLUGINS="1") == repr(neuron(2))


def test_the_start_of_hypothesis_imports_little() -> None:
    heavy = "numba scipy matplotlib networkx xarray dynlatch.theorems"
    assert fresh(f"import sys, hypothesis\nprint(*[m for m in '{heavy}'.split() if m in sys.modules])") == ""


# --- bad input --------------------------------------------------------------------------------------------------------

BAD: list[tuple[Callable[[], object], str]] = [
    (lambda: strategies.rationals(2, 1), "inverted"),
    (lambda: strategies.rationals("one", 2), "lo"),
    (lambda: strategies.rationals(0, float("inf")), "hi"),
    (lambda: strategies.points([(1, 0)]), "empty or inverted"),
    (lambda: strategies.points(3), "not a box"),
    (lambda: strategies.points((0, 1), dimension=0), "whole number from 1 to 6"),
    (lambda: strategies.boxes("box"), "text"),
    (lambda: strategies.unit_vectors(0), "dimension=0"),
    (lambda: strategies.unit_vectors(True), "whole number"),
    (lambda: strategies.orthogonal_matrices(99), "from 1 to 6"),
    (lambda: strategies.neurons(w=(3, 2)), "inverted"),
    (lambda: strategies.neurons(w=2), "no pair"),
    (lambda: strategies.neurons(w=(1, 2, 3)), "no pair"),
    (lambda: strategies.tanh_networks(7), "units=7"),
    (lambda: strategies.tanh_networks((2, 1)), "inverted"),
    (lambda: strategies.tanh_networks(2.5), "units"),
    (lambda: strategies.networks_of_norm(0), "must be positive"),
    (lambda: strategies.contracting_maps(("1/2", 1)), "between 0 and 1"),
    (lambda: strategies.contracting_maps((0, "1/2")), "between 0 and 1"),
    (lambda: strategies.symmetric_networks((1, -1)), "inverted"),
    (lambda: strategies.logistic_maps((4, 1)), "inverted"),
    (lambda: strategies.cubic_maps((2, 1)), "inverted"),
    (lambda: strategies.henon_maps(b=("x", 1)), "b"),
    (lambda: strategies.predator_prey_maps(r=(2, 1)), "inverted"),
    (lambda: strategies.maps(0), "units=0"),
    (lambda: strategies.gamma_points(neuron(2), -1), "must not be negative"),
    (lambda: strategies.gamma_points(neuron(2), 9), "leaves nothing"),
    (lambda: strategies.gamma_points(cubic("3/2"), 9), "smaller margin"),
    (lambda: strategies.gamma_points(henon()), "no ball"),
    (lambda: strategies.gamma_points(tanh_network([[0] * 5] * 5)), "up to 4"),
    (lambda: strategies.input_sequences(1, -1), "must not be negative"),
    (lambda: strategies.input_sequences(1, 1, steps=(3, 1)), "inverted"),
    (lambda: strategies.input_sequences(1, 1, steps=-1), "steps=-1"),
    (lambda: strategies.input_sequences(9, 1), "dimension=9"),
    (lambda: strategies.driven_cases(neuron(2), 1, start=(2, 1)), "start"),
    (lambda: strategies.driven_cases(neuron(2), 1, steps=10**6), "from 0 to 1000"),
    (lambda: strategies.latched_cases(neuron(2), (1, 2), steps=0), "steps=0"),
    (lambda: strategies.latched_cases(COUPLED, [(1, 2)]), "region"),
]


@pytest.mark.parametrize(("call", "what"), BAD)
def test_senseless_arguments_are_refused_where_they_are_given(call: Callable[[], object], what: str) -> None:
    with pytest.raises(InputError, match=what) as caught:
        call()
    assert "\n" not in str(caught.value)
