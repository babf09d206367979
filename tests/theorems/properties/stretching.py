"""Theorem 1 as printed and sharpened, and what lasts outside Gamma."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from dynlatch import Map, neuron, tanh_network
from dynlatch.maps.definition import Formulas, state_symbol
from dynlatch.theorems import Case, Finding, case, statement
from dynlatch.theorems.measures import READ_AS, Reading
from dynlatch.theorems.strategies import orthogonal_matrices, points, rationals, symmetric_networks
from dynlatch.theorems.strategies.vectors import Rows, between, transposed
from dynlatch.theorems.theorem_1 import printed_checker, repaired_checker, transient_checker
from properties.numbers import edge, short
from properties.property import Mutant, Property


@st.composite
def stretched(draw: DrawFn, units: tuple[int, int] = (1, 3), gain: str = "1", rest: str = "1", along: int = 0) -> Case:
    """W such that M'(x) = (1 + eta) Q diag(1, s_2, ...) R up to rounding, y near x along row ``along`` of R.

    That is the top right singular vector by default, and the one with the least singular value for -1. ``rest``
    bounds the other singular values, ``gain`` eta.
    """
    n = draw(st.integers(*units))
    x = draw(points((-1, 1), dimension=n))
    left, right = draw(orthogonal_matrices(n)), draw(orthogonal_matrices(n))
    eta = draw(rationals("1/20", gain))
    values = (1 + eta, *(draw(rationals(0, rest)) for _ in range(n - 1)))
    target = between(left, values, right)
    unsloped = [short(math.cosh(a) ** 2, 12) for a in x]
    weights = between(target, unsloped, tuple(tuple(Fraction(int(i == j)) for j in range(n)) for i in range(n)))
    largest = max(1, *(abs(v) for row in weights for v in row))
    near = eta / (16 * n * largest) * draw(st.sampled_from((1, -1)))
    return case(tanh_network(weights), x, other=[a + near * v for a, v in zip(x, right[along], strict=True)])


@st.composite
def mirrors(draw: DrawFn) -> tuple[Map, tuple[int, ...]]:
    """A map that swaps and mirrors up to three coordinates, and a whole-numbered point."""
    n = draw(st.integers(1, 3))
    order, signs = draw(st.permutations(range(n))), draw(st.tuples(*(st.sampled_from((1, -1)),) * n))
    symbols = tuple(state_symbol(f"x{i}") for i in range(1, n + 1))
    rule = Formulas(tuple(s * symbols[i] for s, i in zip(signs, order, strict=True)))
    m = Map("mirror", symbols, rule, (), ((Fraction(-9), Fraction(9)),) * n)
    return m, draw(st.tuples(*(st.integers(-4, 4),) * n))


@st.composite
def kept_distances(draw: DrawFn) -> Case:
    """|M'| = 1 everywhere, and every distance is kept exactly."""
    m, x = draw(mirrors())
    side, distance = draw(st.integers(0, m.dimension - 1)), draw(st.sampled_from((1, "1/2", "1/8")))
    return case(m, x, other=[a + (Fraction(distance) if i == side else 0) for i, a in enumerate(x)])


@st.composite
def expanding(draw: DrawFn) -> Case:
    """A symmetric W with an eigenvalue of 3/2 at least, and a small ball near 0."""
    m = draw(symmetric_networks(("3/2", 3), units=(1, 2)))
    return case(m, draw(points(("-1/5", "1/5"), dimension=m.dimension)), radius=draw(rationals("1/50", "1/10")))


@st.composite
def saddles(draw: DrawFn) -> Case:
    """0 is a saddle of a symmetric W; y lies in U(0) on the contracting side."""
    q = draw(orthogonal_matrices(2))
    weights: Rows = between(q, (draw(rationals("3/2", 3)), draw(rationals("-1/2", "1/2"))), transposed(q))
    radius = draw(rationals("1/50", "1/10"))
    return case(tanh_network(weights), (0, 0), radius=radius, other=[radius / 2 * row[1] for row in q])


def every_near_point(reading: Reading) -> object:
    """T1 with "every y" for "some y"; the case says which."""

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        return printed_checker(reading)(on)[0], repaired_checker(along=False)(on)[1]

    return check


@st.composite
def outside(draw: DrawFn) -> Case:
    """A start between 0 and a_c, and steps enough to come near to abar."""
    w = draw(st.sampled_from([Fraction(2), Fraction(3), Fraction(3, 2)]))
    start = draw(rationals("1/10", "9/10")) * short(edge(w), 4) * draw(st.sampled_from((1, -1)))
    return case(neuron(w), start, steps=draw(st.integers(40, 60)))


PROPERTIES = (
    *(
        Property(
            statement("T1", reading),
            expanding,
            (Mutant("every y", every_near_point(reading), saddles, always=True),),
            examples=25,
        )
        for reading in READ_AS
    ),
    Property(
        statement("T1'"),
        stretched,
        (
            Mutant(
                "y in any direction", repaired_checker(along=False),
                lambda: stretched(units=(2, 3), rest="1/2", along=-1), always=True,
            ),
            Mutant(">= 1", repaired_checker(strict=False), kept_distances, always=True),
            Mutant(
                "the ball grows", repaired_checker(in_every_direction=True),
                lambda: stretched(units=(2, 3), gain="1/5", rest="1/2"), always=True,
            ),
        ),
        examples=50,
    ),
    Property(
        statement("T1-growth'"),
        outside,
        (Mutant("large at the end", transient_checker(at_the_end=True), always=True),),
        examples=25,
    ),
)  # fmt: skip
