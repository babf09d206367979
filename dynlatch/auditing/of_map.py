"""What an audit says of a whole map: which attractors there are, and what can be ruled out from its weights alone."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import sympy as sp

from dynlatch.auditing.entries import BOTH, Entry, about, times
from dynlatch.latch.contraction import contraction_bound
from dynlatch.latch.derivation_neuron import neuron_form
from dynlatch.latch.fixed_points import Stability, fixed_points
from dynlatch.maps.balls import ball_of
from dynlatch.maps.definition import Map, TanhLayer
from dynlatch.regions.attractors import Attractors
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.rigor.krawczyk import Ball
from dynlatch.rigor.spectra import eigenvalues
from dynlatch.theorems.cases import case
from dynlatch.theorems.findings import exactly, less, unknown
from dynlatch.theorems.measures import Matrix, size, spectral_radius
from dynlatch.theorems.table import statement
from dynlatch.verdict import Verdict

_TINY: Final = Fraction(1, 10**12)
"""A spectral radius below this, of which no more is known than that it may be 0, is written as 0."""
_BOXES: Final = 2_000
"""Of the search for the largest |M'| on the domain of a map that is no network."""


def about_map(m: Map, attractors: Attractors) -> Iterator[Entry]:
    """The entries that are about no single attractor. Call it at the precision of the checkers."""
    yield from _uncertified(m, attractors)
    weights = weights_of(m)
    if weights is None:
        yield _contraction(m)
        return
    yield _symmetric(m, weights)
    yield from _unit_norm(m, weights, attractors)
    if m.dimension == 2:
        yield from _saddles(m)


def weights_of(m: Map) -> Matrix | None:
    """W of a network W tanh(a) + b or of a neuron, as balls; None for another map."""
    if isinstance(m.rule, TanhLayer):
        return [[balls.ball(w) for w in row] for row in m.rule.weights]
    form = neuron_form(m)
    return None if form is None else [[ball_of(form.weight.xreplace(m.values))]]


def latches(m: Map) -> bool:
    """Whether a map is the neuron w tanh(a) with w > 1, of which Section III speaks."""
    weights = weights_of(m) if unbiased(m) else None
    return weights is not None and weights[0][0] > 1


def is_odd(m: Map) -> bool:
    """Whether M(-a) = -M(a), as far as exact algebra sees it: then everything comes in mirror images."""
    if isinstance(m.rule, TanhLayer):
        return not any(m.rule.bias)
    turned = {s: -s for s in m.states}
    return all(sp.expand(e.xreplace(turned) + e) == 0 for e in m.explicit)


def _uncertified(m: Map, attractors: Attractors) -> Iterator[Entry]:
    """What orbits settle on that is no certified cycle."""
    rest = [a for a in attractors.listed if a.point is None]
    if rest:
        finding = unknown(
            f"{times(len(rest), 'recurrent set')} that sampled orbits settle on: a hyperbolic attractor?",
            "no cycle of period 32 or less was certified there",
        )
        follows = (
            "compact sets that fit Definition 2 are finite unions of cycles: a chaotic or quasi-periodic set is none, "
            "so no theorem speaks of it"
        )
        yield Entry("Def2'", "norm", finding, follows)
    if any(a.point is not None for a in attractors.listed):
        return
    found = fixed_points(m)
    kinds = [f"{sum(p.stability is kind for p in found)} {kind}" for kind in dict.fromkeys(p.stability for p in found)]
    open_ = f", and {times(len(found.undecided), 'region')} undecided: a bifurcation" if found.undecided else ""
    finding = unknown("an attracting fixed point or cycle", "none was certified")
    points = f"fixed points, certified: {', '.join(kinds)}" if kinds else "no fixed point is certified"
    told = f"{points}{open_}. Nothing is known to be latched"
    yield Entry("Def2", BOTH, finding, told)


def _contraction(m: Map) -> Entry:
    """Whether M contracts its whole domain."""
    found = contraction_bound(m, max_boxes=_BOXES)
    text = "sup |M'| < 1 on the domain"
    if found.value is None:
        return Entry("T2'", "norm", unknown(text, found.reason), "nothing")
    finding = less(text, balls.ball(found.value), balls.ball(1))
    no = f"sup |M'| = {about(found.value)}: M does not contract its domain, several attractors are possible"
    yes = "M contracts its domain: it has one attractor there at most, a fixed point"
    return Entry("T2'", "norm", finding, yes if finding.holds else no)


def _symmetric(m: Map, weights: Matrix) -> Entry:
    """W symmetric, with eigenvalues above -1: only fixed points attract, whatever the constant input."""
    text, rule = "W is symmetric and lambda_min(W) > -1", m.rule
    if isinstance(rule, TanhLayer) and any(w != rule.weights[j][i] for i, row in enumerate(rule.weights)
                                           for j, w in enumerate(row)):  # fmt: skip
        return Entry("symmetric", "", exactly(text, False), "cycles and chaos are not ruled out by this")
    found = eigenvalues(weights)
    if found is None:
        return Entry("symmetric", "", unknown(text, "the eigenvalues of W could not be enclosed"), "nothing")
    least = Enclosure(min(e.real.lower for e in found), min(e.real.upper for e in found))
    finding = less(text, balls.ball(-1), balls.ball(least))
    if finding.holds:
        return Entry("symmetric", "", finding, "only fixed points attract, under every constant input: no cycles")
    return Entry("symmetric", "", finding, f"lambda_min(W) = {about(least)}: cycles are not ruled out by this")


def _unit_norm(m: Map, weights: Matrix, attractors: Attractors) -> Iterator[Entry]:
    """Whether W is so small that there is one attractor only, and what its spectral radius says."""
    one, largest = balls.ball(1), size(weights, "norm")
    plain = less("|W| < 1", largest, one)
    reading = BOTH if m.dimension == 1 else "norm"
    forced = f"there is one attractor, a fixed point{_where(m)}: nothing is latched"
    if plain.holds or m.dimension == 1:
        no = f"|W| = {about(largest)}: more than one attractor is possible"
        yield Entry("unit-norm", reading, plain, forced if plain.holds else no)
        return
    absolute = spectral_radius([[balls.absolute(w) for w in row] for row in weights])
    adapted = less("the matrix of |W_ij| has spectral radius < 1", absolute, one)
    if adapted.holds:
        yield Entry("unit-norm'", "norm", adapted, f"in a weighted norm |M'| < 1 everywhere: {forced}")
        return
    no = f"|W| = {about(largest)}, and {about(absolute)} is the radius of |W_ij|: more than one attractor is possible"
    yield Entry("unit-norm'", "norm", plain, no)
    radius = spectral_radius(weights)
    if radius < one:
        yield _radius_alone(m, radius, attractors)


def _saddles(m: Map) -> Iterator[Entry]:
    """A cycle of two points that fits Definition 2, by eigenvalues, and yet is a saddle."""
    text = "a set on which rho(M') < 1 attracts the states near it"
    for cycle in fixed_points(m, period=2, max_boxes=_BOXES):
        if cycle.stability is Stability.SADDLE:
            start = [f"{float(e):.6f}" for e in cycle.state]
            on = case(m, start, steps=2)
            found = statement("Def2", "spectral").check(on)
            if found.verdict is Verdict.REFUTED:
                where = " and ".join(f"({', '.join(about(e) for e in state)})" for state in cycle.orbit)
                told = f"rho(M') < 1 at both points of the cycle {where}, which is a saddle"
                yield Entry("Def2", "spectral", found.conclusion.named(text), told, printed=True, case=on)
                return


def _where(m: Map) -> str:
    rule = m.rule
    centred = not any(rule.bias) if isinstance(rule, TanhLayer) else unbiased(m)
    return ", the origin" if centred else ""


def unbiased(m: Map) -> bool:
    """Whether a map is a neuron without an input of its own."""
    form = neuron_form(m)
    return form is not None and bool(form.bias.xreplace(m.values).is_zero)


def _radius_alone(m: Map, radius: Ball, attractors: Attractors) -> Entry:
    """A spectral radius of W below 1 is no bound of anything: so many attractors are certified nevertheless."""
    count = sum(a.point is not None and bool(a.traps) for a in attractors.listed)
    text = "rho(W) < 1, so that there is one attractor"
    rho = "0" if radius < balls.ball(_TINY) else about(radius)
    if count > 1:
        follows = f"rho(W) = {rho}, and yet {count} attractors are certified in the domain"
        return Entry("unit-norm", "spectral", exactly(text, False, "certified fixed points"), follows, printed=True)
    why = "the spectral radius of W alone decides nothing"
    return Entry("unit-norm", "spectral", unknown(text, why), f"rho(W) = {rho}, which says nothing by itself")
