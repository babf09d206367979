"""Theorem 3: tubes around the orbit of the neuron, and around those of networks that contract everywhere."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from dynlatch import neuron, tanh_network
from dynlatch.theorems import Case, case, statement
from dynlatch.theorems.strategies import contracting_maps, points, rationals, unit_vectors
from dynlatch.theorems.theorem_3 import printed_checker, repaired_checker
from properties.numbers import ALMOST, edge, latched, short, slope
from properties.property import Mutant, Property


def free_slopes(w: Fraction, start: Fraction, d: Fraction, steps: int) -> list[float]:
    """The largest slope on the ball of radius d around each state of the orbit from ``start`` > d."""
    a, found = float(start), []
    for _ in range(steps + 1):
        found.append(slope(w, a - float(d)))
        a = float(w) * math.tanh(a)
    return found


def neuron_case(w: Fraction, start: Fraction, d: Fraction, inputs: list[Fraction], sign: int = 1) -> Case:
    """A case of the neuron, or its mirror image."""
    return case(neuron(w), sign * start, inputs=[sign * u for u in inputs], radius=d)


@st.composite
def around_the_neuron(draw: DrawFn) -> Case:
    """w, d < 0.45 (abar - a_c), a_0 >= a_c + d, and inputs at up to 0.999 of (1 - lambda_{t-1}) d."""
    w = draw(rationals("6/5", 4))
    room = latched(w) - edge(w)
    d = short(draw(rationals("1/20", "9/20")) * Fraction(room))
    start = short(edge(w) + draw(rationals("21/20", 3)) * d)
    shares = draw(st.lists(rationals(-1, 1), min_size=1, max_size=5))
    sizes = free_slopes(w, start, d, len(shares))
    inputs = [share * ALMOST * short((1 - lam) * float(d)) for share, lam in zip(shares, sizes, strict=False)]
    return neuron_case(w, start, d, inputs, draw(st.sampled_from((1, -1))))


@st.composite
def around_contracting_networks(draw: DrawFn) -> Case:
    """Any start of a network with |W| = alpha < 1, and inputs of up to (1 - alpha) d."""
    m, alpha = draw(contracting_maps(units=(1, 3), bias=(-1, 1)))
    d = draw(rationals("1/100", 1))
    sized = st.builds(_scaled, rationals(0, 1), unit_vectors(m.dimension), st.just((1 - alpha) * d * ALMOST))
    return case(m, draw(points(m.domain)), inputs=draw(st.lists(sized, min_size=1, max_size=3)), radius=d)


def _scaled(share: Fraction, direction: tuple[Fraction, ...], bound: Fraction) -> tuple[Fraction, ...]:
    return tuple(share * bound * v for v in direction)


@st.composite
def near_the_edge(draw: DrawFn) -> Case:
    """Where the printed index allows too much: a small tube just inside Gamma, inputs at 0.999 of (1 - lambda_t) d."""
    w, d = draw(rationals("19/10", 3)), draw(rationals("1/10000", "3/1000"))
    start = short(edge(w) + draw(rationals("21/20", 2)) * d)
    sizes = free_slopes(w, start, d, 3)
    return neuron_case(w, start, d, [ALMOST * short((1 - lam) * float(d), 12) for lam in sizes[1:]])


@st.composite
def towards_the_edge(draw: DrawFn) -> Case:
    """Inputs at 0.999 of (1 - m(abar_t)) d, lambda at the centre, against the orbit: M bends, so d is exceeded."""
    w = draw(rationals("3/2", 3))
    d = short(draw(rationals("1/4", "9/20")) * Fraction(latched(w) - edge(w)))
    start = short(latched(w) + draw(rationals(0, "1/2")))
    a, inputs = float(start), []
    for _ in range(8):
        inputs.append(-ALMOST * short((1 - slope(w, a)) * float(d)))
        a = float(w) * math.tanh(a)
    return neuron_case(w, start, d, inputs)


@st.composite
def sheared(draw: DrawFn) -> Case:
    """W = [[w, c], [0, 0]]: eigenvalue 0 across, but c passes a small second coordinate on, enlarged."""
    w, c, d = draw(rationals("9/5", 3)), draw(rationals(3, 5)), draw(rationals("1/10", "1/4"))
    start = short(latched(w), 6)
    size = slope(w, float(start - d) - 1e-3)
    u = short((1 - size) * float(d)) * ALMOST
    return case(tanh_network([[w, c], [0, 0]]), (start, 0), inputs=[(0, u), (0, 0)], radius=d)


TUBES: Callable[[], SearchStrategy[Case]] = lambda: around_the_neuron() | around_contracting_networks()  # noqa: E731

PROPERTIES = (
    Property(
        statement("T3'"),
        TUBES,
        (
            Mutant("the printed index", printed_checker("norm"), near_the_edge, always=True),
            Mutant("the printed index, otherwise repaired", repaired_checker(delay=0), near_the_edge, always=True),
            Mutant("lambda at the centre alone", repaired_checker(centre_only=True), towards_the_edge, always=True),
            Mutant("eigenvalues for norms", printed_checker("spectral"), sheared, always=True),
        ),
        examples=50,
    ),
)
