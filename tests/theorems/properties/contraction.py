"""Theorems 2 and 4: contraction on a set, and gradients of trajectories that stay in one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from dynlatch import neuron, tanh_network
from dynlatch.maps.definition import Box, Map
from dynlatch.rigor import balls
from dynlatch.theorems import Case, Finding, case, statement
from dynlatch.theorems.findings import at_most
from dynlatch.theorems.measures import gradients, size
from dynlatch.theorems.strategies import boxes, contracting_maps, networks_of_norm, points, rationals
from dynlatch.theorems.theorem_2 import repaired_checker as contracts
from dynlatch.theorems.theorem_4 import printed_checker, repaired_checker, repaired_spectral_checker
from properties.numbers import edge, latched, short
from properties.property import Mutant, Property

HALF = Fraction(1, 2)


@st.composite
def slow_corners(draw: DrawFn, units: tuple[int, int] = (1, 2)) -> tuple[Map, Box]:
    """|W| = g, and a box in one orthant with |a_i| >= m > arcosh sqrt g: there |M'| <= g sech^2 m < 1."""
    g = draw(rationals("11/10", 3))
    m = draw(networks_of_norm(g, units, bias=(-1, 1)))
    least = short(edge(g) + 1e-3, 4)
    sides: list[tuple[Fraction, Fraction]] = []
    for _ in range(m.dimension):
        lo = least + draw(rationals(0, 1))
        hi = lo + draw(rationals("1/10", 2))
        sides.append((lo, hi) if draw(st.booleans()) else (-hi, -lo))
    return m, tuple(sides)


@st.composite
def anywhere_contracting(draw: DrawFn) -> tuple[Map, Box]:
    """A network that contracts everywhere, and any box."""
    m, _ = draw(contracting_maps(units=(1, 2), bias=(-1, 1)))
    return m, draw(boxes((-2, 2), dimension=m.dimension))


def contracted() -> SearchStrategy[tuple[Map, Box]]:
    """A map and a box on which it contracts."""
    return slow_corners() | anywhere_contracting()


@st.composite
def two_points(draw: DrawFn) -> Case:
    """Two points of a box on which M contracts: y lies from x towards a far corner, a tenth of the way at least."""
    m, box = draw(contracted())
    x = draw(points(box))
    shares = (draw(rationals("1/10", 1)), *(draw(rationals(0, 1)) for _ in range(m.dimension - 1)))
    far = (lo if a - lo > hi - a else hi for a, (lo, hi) in zip(x, box, strict=True))
    return case(m, x, other=[a + s * (b - a) for a, b, s in zip(x, far, shares, strict=True)], region=box)


@st.composite
def mirror_images(draw: DrawFn) -> Case:
    """m and -m, between a_c and abar, for D = {|a| >= m}, which is not convex."""
    w = draw(rationals("3/2", 4))
    a = short(edge(w) + 1e-3, 4) + draw(rationals(0, "3/4")) * short(latched(w) - edge(w))
    return case(neuron(w), a, other=-a, region=(a, 5))


@st.composite
def sheared(draw: DrawFn) -> Case:
    """W = [[0, c], [0, 0]] has the eigenvalue 0 alone, and stretches the second axis."""
    c, s = draw(rationals(2, 4)), draw(rationals("1/100", "1/2"))
    return case(tanh_network([[0, c], [0, 0]]), (0, 0), other=(0, s), region=(-1, 1))


@st.composite
def at_the_edge(draw: DrawFn) -> Case:
    """Two points just above a_c, where the slope is above 99/100 and below 1."""
    w = draw(rationals("3/2", 4))
    x = short(edge(w) + 1e-5) + draw(rationals(0, "1/1000"))
    return case(neuron(w), x, other=x + draw(rationals("1/10000", "1/1000")), region=(x, 5))


# --- gradients --------------------------------------------------------------------------------------------------------


def inner(box: Box) -> Box:
    """A box inside, away from every face: nothing that is reached at a face is attained there."""
    return tuple((lo + (hi - lo) / 50, hi - (hi - lo) / 50) for lo, hi in box)


@st.composite
def kept_in(draw: DrawFn) -> Case:
    """The states are chosen in a box K on which |M'| < 1; u follows by inversion."""
    m, box = draw(slow_corners())
    states = draw(st.lists(points(inner(box)), min_size=2, max_size=5))
    return case(m, states=states, region=box)


@st.composite
def repeated(draw: DrawFn) -> Case:
    """States that repeat, with |M'| < 1 at each of them."""
    m, box = draw(contracted())
    return case(m, states=draw(st.lists(points(box), min_size=1, max_size=4)), periodic=True)


@st.composite
def to_the_edge_from_inside(draw: DrawFn) -> Case:
    """a_0 = 3 or beyond, where the slope is small, then states near a_c."""
    w = draw(rationals("3/2", 3))
    low = short(edge(w) + 1e-2, 4)
    near = points((low, low + Fraction(1, 10)), dimension=1)
    states = [(draw(rationals(3, 4)),), *draw(st.lists(near, min_size=2, max_size=4))]
    return case(neuron(w), states=states, region=(low, 5))


@st.composite
def swapping(draw: DrawFn) -> Case:
    """W = [[0, c], [c, 0]] with states (s, p), (p, s): each has small eigenvalues, their product a large one."""
    c = draw(st.sampled_from([Fraction(2), Fraction(9, 4), Fraction(5, 2)]))
    s = draw(rationals("7/10", "17/20"))
    p = short(latched(c), 4)
    return case(tanh_network([[0, c], [c, 0]]), states=[(s, p), (p, s)], periodic=True)


@st.composite
def telescoping(draw: DrawFn) -> Case:
    """a_t = arcosh(sqrt(w) (t + 2) / sqrt((t + 1)(t + 3))): all in Gamma, and the slopes' product stays above 1/2."""
    w = draw(st.sampled_from([Fraction(2), Fraction(3, 2), Fraction(3)]))
    last = draw(st.integers(2, 20))
    states = [math.acosh(math.sqrt(w) * (t + 2) / math.sqrt((t + 1) * (t + 3))) for t in range(last + 1)]
    return case(neuron(w), states=[short(a, 12) for a in states])


def in_gamma_is_enough(on: Case) -> tuple[Sequence[Finding], Finding]:
    """Theorem 4 as if latching gave a rate: states in Gamma for T >= 2 steps, so |da_T/da_0| <= 1/2."""
    *_, product = gradients(on.map, on.orbit())
    return printed_checker("norm")(on)[0], at_most("|da_T/da_0| <= 1/2", size(product, "norm"), balls.ball(HALF))


@st.composite
def triangular(draw: DrawFn) -> Case:
    """W with its eigenvalues below 1 on the diagonal and anything above it: every W diag(d) is triangular as well."""
    first, second = draw(rationals("1/10", "4/5")), draw(rationals("-4/5", "4/5"))
    weights = [[first, draw(rationals(-3, 3))], [0, second]]
    if draw(st.booleans()):
        weights = [row[::-1] for row in weights[::-1]]
    box = draw(boxes((-2, 2), dimension=2))
    return case(tanh_network(weights), states=draw(st.lists(points(box), min_size=2, max_size=4)), region=box)


@st.composite
def turning(draw: DrawFn) -> Case:
    """W = [[p, q], [-q, -p]], p < 1 < q, q^2 - p^2 < 1: every W diag(d) has radius below 1, and two of them do not."""
    p, q = draw(rationals("4/5", "19/20")), draw(rationals("21/20", "23/20"))
    far = draw(rationals(4, 5))
    return case(tanh_network([[p, q], [-q, -p]]), states=[(0, far), (far, 0)], region=(0, 5), periodic=True)


THEOREM_2 = (
    Property(
        statement("T2'"),
        two_points,
        (
            Mutant("D is not convex", contracts(convex=False), mirror_images, always=True),
            Mutant("eigenvalues for norms", contracts(reading="spectral"), sheared, always=True),
            Mutant("an open D with sup 1", contracts(alpha=Fraction(99, 100)), at_the_edge, always=True),
        ),
        examples=50,
    ),
)
THEOREM_4 = (
    Property(
        statement("T4'"),
        lambda: kept_in() | repeated(),
        (
            Mutant("alpha at the start alone", repaired_checker(start_only=True), to_the_edge_from_inside, always=True),
            Mutant("in Gamma, by eigenvalues", printed_checker("spectral"), swapping, always=True),
            Mutant("in Gamma is enough for a rate", in_gamma_is_enough, telescoping, always=True),
        ),
        examples=50,
    ),
    Property(
        statement("T4'", "spectral"),
        triangular,
        (
            Mutant(
                "every M'(a) alone has a radius below 1", repaired_spectral_checker(pointwise=True), turning,
                always=True,
            ),
        ),
        examples=15,
    ),
)  # fmt: skip
