"""Definitions 1 to 6: invariant sets, cycles that attract, reduced attracting sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from dynlatch import cubic, logistic, neuron, tanh_network
from dynlatch.theorems import Case, Finding, case, statement
from dynlatch.theorems.attractor_claims import adapted_checker
from dynlatch.theorems.definitions import attraction_checker, invariance_checker
from dynlatch.theorems.findings import exactly
from dynlatch.theorems.measures import attractors_of, reached
from dynlatch.theorems.reduced_sets import contracting_checker, inclusion_checker, uniform_checker
from dynlatch.theorems.strategies import contracting_maps, points, rationals
from properties.numbers import edge, latched, short
from properties.property import Mutant, Property
from properties.stretching import mirrors

FEW_WEIGHTS = st.sampled_from([Fraction(2), Fraction(3), Fraction(3, 2)])
"""The attractors of these are found once."""


@st.composite
def finite_sets(draw: DrawFn) -> Case:
    """The points of an orbit that swaps and mirrors the coordinates of a whole-numbered point."""
    m, x = draw(mirrors())
    orbit = [x]
    image = _image(m.expressions, m.states, x)
    while image != orbit[0]:
        orbit.append(image)
        image = _image(m.expressions, m.states, image)
    return case(m, states=orbit, periodic=True)


def _image(rule: Sequence[object], symbols: Sequence[object], x: Sequence[int]) -> tuple[int, ...]:
    at = dict(zip(symbols, x, strict=True))
    return tuple(int(e.xreplace(at)) for e in rule)


@st.composite
def halved_points(draw: DrawFn) -> Case:
    """A point of the logistic map with r = 2 that moves on."""
    x = draw(rationals("1/10", "2/5"))
    return case(logistic(2), states=[x], periodic=True)


def any_set(on: Case) -> tuple[Sequence[Finding], Finding]:
    """Definition 1 without M(E) = E."""
    return [], invariance_checker()(on)[1]


# --- cycles -----------------------------------------------------------------------------------------------------------


@st.composite
def neuron_cycles(draw: DrawFn) -> Case:
    """abar of a neuron, or the 2-cycle {abar, -abar} of one with a negative weight."""
    w, sign = draw(rationals("6/5", 4)), draw(st.sampled_from((1, -1)))
    return case(neuron(sign * w), short(latched(w)), steps=1 if sign > 0 else 2)


@st.composite
def cubic_points(draw: DrawFn) -> Case:
    """sqrt(r - 1) of a cubic map, multiplier 3 - 2 r."""
    r = draw(rationals("11/10", "19/10"))
    return case(cubic(r), short(float(r - 1) ** 0.5), steps=1)


@st.composite
def origins(draw: DrawFn) -> Case:
    """The origin of a network that contracts everywhere."""
    m, _ = draw(contracting_maps(units=(1, 3)))
    return case(m, (0,) * m.dimension, steps=1)


@st.composite
def sheared_origins(draw: DrawFn, least: str = "-3") -> Case:
    """The origin of W = [[p, c], [0, q]], |p|, |q| <= 4/5: multipliers p and q, and a norm above c."""
    p, q = (draw(rationals("-4/5", "4/5")) for _ in range(2))
    return case(tanh_network([[p, draw(rationals(least, 4))], [0, q]]), (0, 0), steps=1)


@st.composite
def logistic_cycles(draw: DrawFn) -> Case:
    """The 2-cycle of a logistic map, multiplier 4 + 2 r - r^2."""
    r = draw(rationals("31/10", "17/5"))
    s = float(r)
    return case(logistic(r), short((s + 1 + ((s - 3) * (s + 1)) ** 0.5) / (2 * s)), steps=2)


@st.composite
def swapped_saddles(draw: DrawFn) -> Case:
    """W = [[0, c], [c, 0]] and its 2-cycle {(P, 0), (0, P)}: small eigenvalues at each point, a multiplier c^2."""
    c = draw(rationals("6/5", 4))
    return case(tanh_network([[0, c], [c, 0]]), (short(latched(c)), 0), steps=2)


HYPERBOLIC: Callable[[], SearchStrategy[Case]] = lambda: neuron_cycles() | cubic_points() | origins()  # noqa: E731


# --- basins and Gamma -------------------------------------------------------------------------------------------------


@st.composite
def settling(draw: DrawFn) -> Case:
    """A start off 0, and steps enough to come near to abar or -abar."""
    w, start = draw(FEW_WEIGHTS), draw(rationals("1/10", 4))
    return case(neuron(w), start * draw(st.sampled_from((1, -1))), steps=draw(st.integers(25, 40)))


@st.composite
def settling_below(draw: DrawFn) -> Case:
    """A negative start."""
    return case(neuron(draw(FEW_WEIGHTS)), draw(rationals(-4, "-1/10")), steps=1)


def all_to_one(on: Case) -> tuple[Sequence[Finding], Finding]:
    """Definition 3 as if beta(X) were everything: every orbit converges to abar."""
    owner = reached(on.map, on.orbit()[0])
    to_abar = owner is not None and float(attractors_of(on.map)[owner].states[0, 0]) > 0
    return [], exactly("a_t converges to abar", to_abar)


@st.composite
def contracted_for_ever(draw: DrawFn) -> Case:
    """A neuron beyond a_c: from there on all slopes are below 1."""
    w = draw(FEW_WEIGHTS)
    start = (short(edge(w) + 1e-2) + draw(rationals(0, 3))) * draw(st.sampled_from((1, -1)))
    return case(neuron(w), start, steps=draw(st.integers(1, 3)))


@st.composite
def small_first_factors(draw: DrawFn) -> Case:
    """W = [[c, -c], [0, c]] from (f, f): both slopes are tiny there, and at the next state, (0, c), one is not."""
    c, far = draw(st.sampled_from([Fraction(2), Fraction(9, 4)])), draw(rationals(5, 7))
    return case(tanh_network([[c, -c], [0, c]]), (far, far), steps=1)


@st.composite
def approaching(draw: DrawFn) -> Case:
    """Two points of the domain of a network that contracts everywhere and maps its domain into itself."""
    m, _ = draw(contracting_maps(units=(1, 2), bias=(-1, 1)))
    x = draw(points(m.domain))
    far = [lo if a > 0 else hi for a, (lo, hi) in zip(x, m.domain, strict=True)]
    share = draw(rationals("1/10", 1))
    y = [a + share * (b - a) for a, b in zip(x, far, strict=True)]
    return case(m, x, other=y, steps=draw(st.integers(1, 3)), region=m.domain)


@st.composite
def sheared_pairs(draw: DrawFn) -> Case:
    """W = [[0, c], [0, 0]] and two points that differ in the second coordinate."""
    c, s = draw(rationals(2, 3)), draw(rationals("1/100", "1/2"))
    return case(tanh_network([[0, c], [0, 0]]), (0, 0), other=(0, s), steps=1, region=(-4, 4))


SADDLES_FOR_NORMS = "eigenvalues for norms"

DEFINITIONS = (
    *Property(
        statement("Def1"), finite_sets, (Mutant("any set", any_set, halved_points, always=True),), examples=25,
    ).and_spectral(),
    Property(
        statement("Def2'"), HYPERBOLIC,
        (Mutant(SADDLES_FOR_NORMS, attraction_checker("spectral"), swapped_saddles, always=True),), examples=25,
    ),
    *(
        Property(
            statement(id), settling, (Mutant("X attracts everything", all_to_one, settling_below, always=True),),
            examples=25,
        )
        for id in ("Def3", "Def3'")
    ),
    Property(
        statement("Def4"), HYPERBOLIC,
        (Mutant(SADDLES_FOR_NORMS, inclusion_checker("spectral"), swapped_saddles, always=True),), examples=25,
    ),
    Property(
        statement("Def5'"), contracted_for_ever,
        (Mutant("the products from a_0 alone", uniform_checker(products_only=True), small_first_factors, always=True),),
        examples=25,
    ),
    *Property(
        statement("Def6"), approaching,
        (Mutant("eigenvalues for alpha", contracting_checker(constant="spectral"), sheared_pairs, always=True),),
        examples=25,
    ).and_spectral(),
)  # fmt: skip

SUBSAMPLING = (
    Property(
        statement("subsample'"), lambda: HYPERBOLIC() | sheared_origins() | logistic_cycles(),
        (Mutant("the Euclidean norm", adapted_checker(euclidean=True), lambda: sheared_origins("2"), always=True),),
        examples=25,
    ),
)  # fmt: skip
