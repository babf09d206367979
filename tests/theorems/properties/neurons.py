"""The claims of Section III about the latching neuron and its critical input."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from dynlatch import neuron
from dynlatch.theorems import Case, Finding, case, statement
from dynlatch.theorems.neuron_claims import flip_repaired_checker, hold_checker, rise_checker, shorter_checker
from dynlatch.theorems.strategies import rationals
from properties.numbers import ALMOST, critical, edge, latched, short
from properties.property import Mutant, Property

WEIGHTS = rationals("6/5", 4)
AIMED_WEIGHTS = rationals("3/2", 3)
TOO_LARGE = Fraction(3, 2)


def mirrored(w: Fraction, start: Fraction, inputs: Sequence[Fraction], sign: int) -> Case:
    """A case of the neuron, or its mirror image."""
    return case(neuron(w), sign * start, inputs=[sign * u for u in inputs])


@st.composite
def held(draw: DrawFn) -> Case:
    """|a_0| beyond a_c, and any inputs of up to 0.999 h*."""
    w = draw(WEIGHTS)
    start = short(edge(w) + 1e-6) + draw(rationals(0, 2))
    shares = draw(st.lists(rationals(-1, 1), min_size=1, max_size=10))
    inputs = [share * ALMOST * short(critical(w)) for share in shares]
    return mirrored(w, start, inputs, draw(st.sampled_from((1, -1))))


@st.composite
def pushed_too_hard(draw: DrawFn) -> Case:
    """Just beyond a_c, against 1.4 to 1.5 h* for 15 steps."""
    w = draw(AIMED_WEIGHTS)
    push = draw(rationals("7/5", TOO_LARGE)) * ALMOST * short(critical(w))
    return mirrored(w, short(edge(w) + 1e-6), [-push] * 15, draw(st.sampled_from((1, -1))))


@st.composite
def held_too_low(draw: DrawFn) -> Case:
    """From at most half of a_c, against 0.9 to 0.999 h* for 15 steps."""
    w = draw(AIMED_WEIGHTS)
    start = draw(rationals("1/10", "1/2")) * short(edge(w))
    push = draw(rationals("9/10", 1)) * ALMOST * short(critical(w))
    return mirrored(w, start, [-push] * 15, draw(st.sampled_from((1, -1))))


@st.composite
def flipped(draw: DrawFn) -> Case:
    """From -abar or above, inputs of at least H = 1.1 to 3 h*, as many as the flip can take and some."""
    w = draw(WEIGHTS)
    least = draw(rationals("11/10", 3)) * short(critical(w))
    more = draw(st.lists(rationals(0, 1), min_size=1, max_size=5))
    count = 1 + int(2 * latched(w) / (float(least) - critical(w)))
    start = -short(latched(w) - 1e-6) + draw(rationals(0, 1))
    return case(neuron(w), start, inputs=[least + extra for extra in (*more, *(0,) * count)])


@st.composite
def flipped_at_last(draw: DrawFn) -> Case:
    """From -abar with a constant H: L_1(H, w) steps are needed, and no fewer do."""
    w = draw(AIMED_WEIGHTS)
    push = draw(rationals("11/10", 2)) * short(critical(w))
    count = 1 + int(2 * latched(w) / (float(push) - critical(w)))
    return case(neuron(w), -short(latched(w) - 1e-9, 12), inputs=[push] * count)


@st.composite
def two_weights(draw: DrawFn) -> Case:
    """w < w'."""
    w = draw(rationals("101/100", 4))
    return case(neuron(w), 0, other=w + draw(rationals("1/1000", 4)))


@st.composite
def two_inputs(draw: DrawFn) -> Case:
    """h* < h < h'."""
    w = draw(WEIGHTS)
    h = short(critical(w)) * draw(rationals("101/100", 4))
    return case(neuron(w), 0, inputs=[h], other=h + draw(rationals("1/1000", 2)))


@st.composite
def two_large_inputs(draw: DrawFn) -> Case:
    """2 abar < h < h': one step is enough under both."""
    w = draw(WEIGHTS)
    h = short(2 * latched(w) + 1e-3) + draw(rationals(0, 2))
    return case(neuron(w), 0, inputs=[h], other=h + draw(rationals("1/10", 2)))


def falls(on: Case) -> tuple[Sequence[Finding], Finding]:
    """h*(w) >= h*(w') for w < w'."""
    hypotheses, rises = rise_checker()(on)
    return hypotheses, rises.denied()


PROPERTIES = (
    *Property(
        statement("hold"), held,
        (
            Mutant("inputs up to 3/2 h*", hold_checker(factor=TOO_LARGE), pushed_too_hard, always=True),
            Mutant("from any start", hold_checker(from_edge=False), held_too_low, always=True),
        ),
        examples=50,
    ).and_spectral(),
    Property(
        statement("flip'"), flipped,
        (Mutant("one step earlier", flip_repaired_checker(early=1), flipped_at_last, always=True, examples=10),),
        examples=15,
    ),
    *Property(
        statement("rise"), two_weights, (Mutant("h* falls", falls, always=True),), examples=50
    ).and_spectral(),
    *Property(
        statement("shorter"), two_inputs,
        (Mutant("fewer steps", shorter_checker(strict=True), two_large_inputs, always=True, examples=6),),
        examples=12,
    ).and_spectral(),
)  # fmt: skip
