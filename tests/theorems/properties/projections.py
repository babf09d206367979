"""The Lemma, the projection of Appendix D, the reduction to additive inputs, and jumps between attractors."""

from __future__ import annotations

import math
from fractions import Fraction

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from dynlatch import augmented, neuron, tanh_network
from dynlatch.theorems import Case, case, statement
from dynlatch.theorems.attractor_claims import jumping_checker, mean_checker
from dynlatch.theorems.lemma import printed_checker as printed_lemma
from dynlatch.theorems.lemma import repaired_checker as repaired_lemma
from dynlatch.theorems.projection import repaired_checker as projected
from dynlatch.theorems.reduction import printed_checker as reduced
from dynlatch.theorems.reduction import repaired_checker as rescaled
from dynlatch.theorems.strategies import networks_of_norm, points, rationals
from dynlatch.theorems.strategies.families import weights_of
from properties.numbers import critical, edge, latched, short, slope
from properties.property import Mutant, Property

FEW_WEIGHTS = st.sampled_from([Fraction(2), Fraction(7, 4), Fraction(3, 2)])

# --- the boundary -----------------------------------------------------------------------------------------------------


@st.composite
def on_the_boundary(draw: DrawFn) -> Case:
    """The neuron kept between -a_c and a_c, where every slope exceeds 1."""
    w = draw(rationals("6/5", 4))
    side = short(edge(w) * 0.9)
    states = draw(st.lists(points((-side, side), dimension=1), min_size=2, max_size=6))
    return case(neuron(w), states=states)


@st.composite
def on_the_diagonal(draw: DrawFn) -> Case:
    """Two units W = [[p, q], [q, p]] held on a1 + a2 = 0, where l = (1, 1) is multiplied by (p + q) sech^2 a1 > 1."""
    total, across = draw(rationals("6/5", 4)), draw(rationals(-1, 1))
    p, q = (total + across) / 2, (total - across) / 2
    side = short(edge(total) * 0.9)
    states = [(a, -a) for a in draw(st.lists(rationals(-side, side), min_size=2, max_size=4))]
    return case(tanh_network([[p, q], [q, p]]), states=states, other=(1, 1))


@st.composite
def saturated(draw: DrawFn) -> Case:
    """The same two units held at (s, -s), where every slope is small."""
    total, across = draw(rationals("3/2", 3)), draw(rationals(-1, 1))
    p, q = (total + across) / 2, (total - across) / 2
    s = short(edge(total)) + draw(rationals("1/10", 2))
    return case(tanh_network([[p, q], [q, p]]), states=[(s, -s)], periodic=True)


@st.composite
def beyond_the_edge(draw: DrawFn) -> Case:
    """The neuron beyond a_c: no slope reaches 1."""
    w = draw(rationals("6/5", 4))
    low = short(edge(w) + 1e-2)
    states = draw(st.lists(points((low, low + 2), dimension=1), min_size=2, max_size=4))
    return case(neuron(w), states=states)


@st.composite
def without_stretch(draw: DrawFn) -> Case:
    """a -> tanh a or -tanh a held at 0: the slope is 1 in size for ever."""
    w = draw(st.sampled_from((1, -1)))
    return case(neuron(w), states=[0] * draw(st.integers(2, 6)))


# --- Appendix D -------------------------------------------------------------------------------------------------------


@st.composite
def one_way(draw: DrawFn) -> Case:
    """z of one or two units with |W_zz| <= 9/10, y of one unit that reads z and is read by nobody; states repeat."""
    inner = draw(networks_of_norm(draw(rationals("1/10", "9/10")), (1, 2)))
    n = inner.dimension + 1
    rows = [(*row, Fraction(0)) for row in weights_of(inner)]
    rows.append(draw(st.tuples(*(rationals(-2, 2),) * n)))
    states = draw(st.lists(points((-2, 2), dimension=n), min_size=1, max_size=3))
    return case(tanh_network(rows), states=states, periodic=True, other=(1,) * (n - 1) + (0,))


@st.composite
def remembering(draw: DrawFn) -> Case:
    """W = [[z, 0], [c, y]] at rest, |z| < 1 <= y: y keeps what z was."""
    z, y = draw(rationals("-9/10", "9/10")), draw(rationals(1, 2))
    c = draw(rationals("1/10", 2)) * draw(st.sampled_from((1, -1)))
    return case(tanh_network([[z, 0], [c, y]]), states=[(0, 0)], periodic=True, other=(1, 0))


@st.composite
def growing(draw: DrawFn) -> Case:
    """The same with z > 1: z forgets nothing."""
    z, c, y = draw(rationals("11/10", 3)), draw(rationals(-2, 2)), draw(rationals(-2, 2))
    return case(tanh_network([[z, 0], [c, y]]), states=[(0, 0)], periodic=True, other=(1, 0))


# --- N -> N' ----------------------------------------------------------------------------------------------------------


@st.composite
def fed(draw: DrawFn) -> Case:
    """The neuron with its input as a second state: beyond a_c, inputs of up to 0.9 h*."""
    w = draw(rationals("6/5", 4))
    start = short(edge(w) + 1e-2) + draw(rationals(0, 2))
    bound = short(critical(w) * 0.9)
    inputs = draw(st.lists(rationals(-bound, bound), min_size=1, max_size=5))
    return case(augmented(neuron(w), ["h"]), (start, inputs[0]), inputs=[(0, y) for y in inputs])


@st.composite
def rescaled_boxes(draw: DrawFn, least: str = "1/10", most: str = "19/20") -> Case:
    """A box beyond a_c, and eta between ``least`` and ``most`` of sqrt(1 - m^2)."""
    w = draw(rationals("6/5", 4))
    low = short(edge(w) + 1e-1) + draw(rationals(0, 1))
    room = short(math.sqrt(1 - slope(w, float(low)) ** 2))
    eta = draw(rationals(least, most)) * room
    return case(augmented(neuron(w), ["h"], scale=eta), (low, 0), region=[(low, low + 1), (-1, 1)])


# --- jumps ------------------------------------------------------------------------------------------------------------


@st.composite
def jumps(draw: DrawFn) -> Case:
    """Sides in turn, one step beyond abar on each, then up to two between -a_c and a_c: mu w^2 < 1 for every w."""
    w = draw(rationals("3/2", 2))
    states: list[Fraction] = []
    for k in range(draw(st.integers(1, 2)) * 2):
        states.append((-1) ** k * (short(latched(w) + 1e-4) + draw(rationals(0, "1/10"))))
        states += [share * short(edge(w)) for share in draw(st.lists(rationals("-9/10", "9/10"), max_size=2))]
    return case(neuron(w), states=states, periodic=True)


@st.composite
def slow_jumps(draw: DrawFn) -> Case:
    """One step next to abar, three or four at 0, then the same on the other side: mu w^3 > 1."""
    w = draw(FEW_WEIGHTS)
    passing = draw(st.integers(3, 4))
    states = [sign * a for sign in (1, -1) for a in (short(latched(w), 4), *(Fraction(0),) * passing)]
    return case(neuron(w), states=states, periodic=True)


@st.composite
def swapped_jumps(draw: DrawFn) -> Case:
    """W = [[0, c], [c, 0]]: every state in a Gamma, and the factor above 1 meets itself in every product."""
    c = draw(rationals("9/5", "5/2"))
    s, p = draw(rationals("7/10", "3/4")), short(latched(c), 4)
    return case(tanh_network([[0, c], [c, 0]]), states=[(s, p), (-p, -s)], periodic=True)


LEMMA = (
    Property(
        statement("Lemma'"),
        lambda: on_the_boundary() | on_the_diagonal(),
        (
            Mutant("on the boundary is enough", printed_lemma("norm"), saturated, always=True),
            Mutant("any k", repaired_lemma(growth="any"), beyond_the_edge, always=True),
            Mutant("k >= 1", repaired_lemma(growth="at least one"), without_stretch, always=True),
        ),
        examples=50,
    ),
)
PROJECTION = (
    Property(
        statement("D'"),
        one_way,
        (
            Mutant("the printed block", projected(columns=True), remembering, always=True),
            Mutant("z need not vanish", projected(vanishing=False), growing, always=True),
        ),
        examples=50,
    ),
)
REDUCTION = (
    Property(
        statement("N", "spectral"),
        fed,
        (Mutant("norms for eigenvalues", reduced("norm"), always=True),),
        examples=25,
    ),
    Property(
        statement("N'"),
        rescaled_boxes,
        (
            Mutant(
                "any eta", rescaled(scaled=False), lambda: rescaled_boxes("21/20", "4"), always=True,
            ),
        ),
        examples=25,
    ),
)  # fmt: skip
JUMPS = (
    Property(
        statement("jump'"),
        jumps,
        (
            Mutant("printed: hyperbolic attractors again and again", jumping_checker("norm"), slow_jumps, always=True),
            Mutant("only the steps that contract", mean_checker(dwelling_only=True), slow_jumps, always=True),
            Mutant("eigenvalues for norms", mean_checker(reading="spectral"), swapped_jumps, always=True),
        ),
        examples=50,
    ),
)
