"""The claims of Section IV about networks: symmetric W, and W of size below 1."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from dynlatch import tanh_network
from dynlatch.theorems import Case, case, statement
from dynlatch.theorems.network_claims import symmetric_checker, unit_norm_checker, unit_norm_repaired_checker
from dynlatch.theorems.strategies import contracting_maps, points, rationals, symmetric_networks
from dynlatch.theorems.strategies.families import weights_of
from properties.property import Mutant, Property


@st.composite
def symmetric(draw: DrawFn, lowest: str = "-98/100", highest: str = "4", steps: int = 4) -> Case:
    """Any eigenvalues in a range, any start, any constant input."""
    m = draw(symmetric_networks((lowest, highest), units=(1, 2)))
    u = draw(points((-1, 1), dimension=m.dimension))
    return case(m, draw(points(m.domain)), inputs=[u] * draw(st.integers(1, steps)))


@st.composite
def alternating(draw: DrawFn) -> Case:
    """An eigenvalue below -3/2: the orbit is caught by a cycle of period 2."""
    m = draw(symmetric_networks((-3, "-8/5"), units=(1, 2)))
    return case(m, [draw(rationals(1, 2)) for _ in range(m.dimension)], steps=40)


@st.composite
def turning(draw: DrawFn) -> Case:
    """W = [[s, -c], [c, s]]: what is added to s I is antisymmetric, and the orbit ends in a cycle of period 4."""
    c, s = draw(rationals("3/2", 3)), draw(rationals("-1/20", "1/20"))
    start = [draw(rationals("1/2", 2)) for _ in range(2)]
    return case(tanh_network([[s, -c], [c, s]]), start, steps=60)


@st.composite
def small(draw: DrawFn) -> Case:
    """|W| <= 4/5 and any start."""
    m, _ = draw(contracting_maps(("1/10", "4/5"), units=(1, 2)))
    return case(m, draw(points(m.domain)), steps=60)


@st.composite
def small_when_weighted(draw: DrawFn) -> Case:
    """|P W P^-1| <= 4/5 for positive weights P = diag(p), given as other."""
    m, _ = draw(contracting_maps(("1/10", "4/5"), units=(1, 2)))
    p = draw(st.tuples(*(rationals("1/4", 4),) * m.dimension))
    weights = [[v * p[j] / p[i] for j, v in enumerate(row)] for i, row in enumerate(weights_of(m))]
    scaled = tanh_network(weights)
    return case(scaled, draw(points(scaled.domain)), steps=60, other=p)


@st.composite
def nilpotent(draw: DrawFn) -> Case:
    """W = c [[-2, 4], [-1, 2]], W^2 = 0: fixed points at +-s (2, 1), s = c tanh(2 s) ... attract beside 0."""
    c = draw(rationals(2, 6))
    return case(tanh_network([[-2 * c, 4 * c], [-c, 2 * c]]), [Fraction(4), Fraction(2)], steps=60)


PROPERTIES = (
    *Property(
        statement("symmetric"), symmetric,
        (
            Mutant("down to -4", symmetric_checker(least=Fraction(-4)), alternating, always=True, examples=6),
            Mutant("W not symmetric", symmetric_checker(any_matrix=True), turning, always=True, examples=6),
        ),
        examples=15,
    ).and_spectral(),
    Property(
        statement("unit-norm"), small,
        (Mutant("eigenvalues for norms", unit_norm_checker("spectral"), nilpotent, always=True, examples=10),),
        examples=15,
    ),
    Property(
        statement("unit-norm'"), small_when_weighted,
        (Mutant("any adapted norm", unit_norm_repaired_checker(any_norm=True), nilpotent, always=True, examples=10),),
        examples=15,
    ),
)  # fmt: skip
