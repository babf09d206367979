"""What an audit says of one attractor: hyperbolic or not, where M contracts, what noise it stands, how gradients go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from dynlatch.auditing.entries import BOTH, Entry, about, above, below, certified, power, steps_to
from dynlatch.auditing.of_map import unbiased
from dynlatch.errors import InputError
from dynlatch.latch.critical_input import critical_input
from dynlatch.latch.fixed_points import FixedPoint
from dynlatch.latch.tradeoff import forgetting_rate
from dynlatch.maps.balls import ball_map
from dynlatch.maps.definition import Map
from dynlatch.noise.decay import NoisyDecay
from dynlatch.noise.tolerance import NoiseTolerance
from dynlatch.regions.attractors import Attractor
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure, float_above
from dynlatch.rigor.krawczyk import Ball
from dynlatch.rigor.norms import operator_norm
from dynlatch.theorems.findings import Finding, every, less, unknown
from dynlatch.theorems.measures import Matrix, identity, spectral_radius
from dynlatch.verdict import Verdict

_GROWTH_STEPS: Final = 400


@dataclass(frozen=True, slots=True)
class Growth:
    """The most that a small displacement from a cycle grows: sup over t of |(M^t)'| <= ``peak``, reached at ``when``;
    from step ``until`` on it is below 1 at each round of the cycle.
    """

    peak: Ball
    when: int
    until: int


def jacobians_at(m: Map, point: FixedPoint) -> list[Matrix]:
    """M' at each point of a cycle, as balls."""
    return [ball_map(m).jacobian([balls.ball(e) for e in state]) for state in point.orbit]


def product_from(jacobians: list[Matrix], start: int) -> Matrix:
    """(M^p)' at a point of a cycle of p points, the newest factor on the left."""
    product = identity(len(jacobians[0]))
    for k in range(len(jacobians)):
        product = balls.matrix_product(jacobians[(start + k) % len(jacobians)], product)
    return product


def transient_growth(jacobians: list[Matrix], norm: float) -> Growth | None:
    """The sup of |(M^t)'| over all t >= 0 and all points of the cycle; None where it was not found in time.

    Once |(M^T)'| < 1 for a multiple T of the period, (M^(T + s))' is a product of one such factor and an earlier one,
    so that no later one is larger than all before T. Rigor: certified.
    """
    p, found = len(jacobians), list[Growth]()
    for start in range(p):
        product, peak, when = identity(len(jacobians[0])), balls.ball(1), 0
        for t in range(1, _GROWTH_STEPS + 1):
            product = balls.matrix_product(jacobians[(start + t - 1) % p], product)
            size = operator_norm(product, norm)
            if t % p == 0 and size < 1:
                found.append(Growth(peak, when, t))
                break
            if not size.is_finite():
                return None
            when = t if float(size.mid()) > float(peak.mid()) else when
            peak = peak.max(size)
        else:
            return None
    return max(found, key=lambda g: float(g.peak.mid()))


def hyperbolic(m: Map, point: FixedPoint, norm: float) -> Iterator[Entry]:
    """Definition 2 in both readings, and for a cycle of p points the same for M^p."""
    one, here = balls.ball(1), jacobians_at(m, point)
    p, where = point.period, "at X" if point.period == 1 else "at each point of X"
    sizes = [operator_norm(j, norm) for j in here]
    by_norm = every(f"|M'| < 1 {where}", [less(f"point {i}", s, one) for i, s in enumerate(sizes)]).named(
        f"|M'| < 1 {where}"
    )
    growth = transient_growth(here, norm)
    if m.dimension == 1 or p > 1:
        yield Entry("Def2", BOTH if m.dimension == 1 else "norm", by_norm, _of_norm(sizes, by_norm, growth, p))
    else:
        radius = spectral_radius(here[0])
        by_radius = less("rho(M') < 1 at X", radius, one)
        yield Entry("Def2", "norm", by_norm, _of_norm(sizes, by_norm, growth, p))
        yield Entry("Def2", "spectral", by_radius, _of_radius(radius, by_norm, by_radius))
    if p > 1:
        yield from _rounds(m, here, norm)


def _of_norm(sizes: list[Ball], finding: Finding, growth: Growth | None, period: int) -> str:
    largest = about(max(sizes, key=lambda s: float(s.mid())))
    if finding.holds:
        return f"hyperbolic: |M'| = {largest}{'' if period == 1 else ' at most'}"
    if finding.fails and growth is not None:
        cause = "not normal: " if period == 1 else ""
        return (
            f"{cause}|M'| = {largest}; small displacements grow up to {about(growth.peak, 4)}-fold (t = {growth.when}) "
            f"before they shrink, all of them at t = {growth.until}"
        )
    return f"|M'| = {largest}" + ("" if finding.fails else ": too close to 1 to tell")


def _of_radius(radius: Ball, by_norm: Finding, finding: Finding) -> str:
    if not finding.holds:
        return f"rho(M') = {about(radius)}"
    unlike = "" if by_norm.holds else ", unlike in the norm; T2' finds a norm in which it is"
    return f"hyperbolic{unlike}: rho(M') = {about(radius)}"


def _rounds(m: Map, here: list[Matrix], norm: float) -> Iterator[Entry]:
    """The claim that a stable cycle of p points is hyperbolic for M^p."""
    one, p = balls.ball(1), len(here)
    products = [product_from(here, k) for k in range(p)]
    sizes = [operator_norm(j, norm) for j in products]
    text = f"|(M^{p})'| < 1 at each point of X"
    by_norm = every(text, [less(text, s, one) for s in sizes]).named(text)
    largest = max(sizes, key=lambda s: float(s.mid()))
    radius = spectral_radius(products[0])
    yes = f"hyperbolic for M^{p}: |(M^{p})'| = {about(largest)} at most"
    no = f"|(M^{p})'| = {about(largest)}: X is stable, but hyperbolic for M^{p} in an adapted norm only"
    if m.dimension == 1:
        yield Entry("subsample'", BOTH, by_norm, yes if by_norm.holds else f"|(M^{p})'| = {about(largest)}")
        return
    yield Entry("subsample'", "spectral", less(f"rho((M^{p})') < 1", radius, one), f"stable: {about(radius)} a round")
    yield Entry("subsample", "norm", by_norm, yes if by_norm.holds else no, printed=True)


def contracting(attractor: Attractor) -> Entry:
    """Where M^p contracts for certain: the trapping region of Theorem 2'."""
    if not attractor.traps:
        why = "no region was certified: M may contract too slowly near X"
        return Entry("T2'", "norm", unknown("M contracts around X in an adapted norm", why), "nothing")
    trap = min(attractor.traps, key=lambda t: t.radius)
    plain, p = len(trap.norm.matrix) == 1, trap.period
    power = "M'" if p == 1 else f"(M^{p})'"
    size = f"|{power}|" if plain else f"|P {power} P^-1|"
    ball = f"|a - X| <= {below(trap.radius)}" if plain else f"|P (a - X)| <= {below(trap.radius)}"
    rate = max(t.rate for t in attractor.traps)
    finding = certified(f"{size} < 1 where {ball}", 1 - Fraction(rate), "outward-rounded intervals over a cover")
    ends = "" if plain else f"; {_reach(attractor)}"
    each = "each orbit from there" if p == 1 else "each orbit from around any of its points"
    return Entry(
        "T2'", BOTH if plain else "norm", finding, f"{each} comes closer at every {_step(p)} and ends at X{ends}"
    )


def _step(period: int) -> str:
    return "step" if period == 1 else f"round of {period} steps"


def _reach(attractor: Attractor) -> str:
    """The least distance, in every direction, up to which the region reaches."""
    trap = min(attractor.traps, key=lambda t: t.radius)
    with balls.precision(128):
        stretch = balls.ends(operator_norm([[balls.ball(v) for v in row] for row in trap.norm.matrix], 2))[1]
    return f"every state within {below(Fraction(trap.radius) / stretch)} of X is in it"


def tube(m: Map, point: FixedPoint, found: NoiseTolerance) -> Entry:
    """The best constant tube of Theorem 3'."""
    reading, best = BOTH if m.dimension == 1 else "norm", found.tube
    if best is not None:
        finding = certified(f"|M'| < 1 on |a - X| <= {below(best.radius)}", 1 - Fraction(best.rate), "intervals")
        noise = f"inputs |u_t| <= {below(best.noise)} keep the state within {above(best.radius)} of X"
        return Entry("T3'", reading, finding, f"|M'| <= {above(best.rate)} there: {noise}")
    text = "|M'| < 1 on a ball around X"
    (here,) = jacobians_at(m, point)
    at_x = less(text, operator_norm(here, found.norm), balls.ball(1))
    if at_x.fails:
        return Entry("T3'", reading, at_x, "no tube of constant size in this norm; T2' has an adapted one")
    return Entry("T3'", reading, unknown(text, "no radius was found"), "nothing")


def stands(found: NoiseTolerance) -> Entry:
    """The certified tolerance and the input that exceeds it."""
    text = "some noise cannot drive the state out of a set that M contracts"
    over = "no escape was found" if found.upper is None else f"some input of size {above(found.upper, 8)} drives it out"
    if found.verdict is not Verdict.PROVED:
        return Entry("Def5'", "", unknown(text, found.reason), f"no noise is proved to be tolerated; {over}")
    noise = below(found.lower, 8)
    finding = certified(text, found.lower, "intervals")
    if len(found.attractors.listed) == 1:
        alone = f"noise {noise} cannot; but no other attractor is known, so that nothing is stored"
        return Entry("Def5'", "", finding, alone)
    return Entry("Def5'", "", finding, f"latched robustly against noise {noise}; {over}")


def neuron(m: Map, point: FixedPoint) -> Iterator[Entry]:
    """h* of the neuron for this latch, and the trade-off between noise and forgetting."""
    try:
        found = critical_input(m)
    except InputError:  # no neuron that latches
        return
    fold = next((f for f in found.folds if f.attractor is not None and _same(f.attractor[0], point.state[0])), None)
    if found.expression is None or fold is None or fold.value is None:
        return
    size = max(abs(fold.value.lower), abs(fold.value.upper)), min(abs(fold.value.lower), abs(fold.value.upper))
    h = Enclosure(size[1], size[0])
    finding = certified("the critical input, at which X is lost, is above 0", h, "closed form")
    most = f"h* = {about(h, 10)}" if unbiased(m) else about(h, 10)
    told = f"inputs |u_t| <= {most} keep the latch for ever, each larger constant input against it flips it"
    yield Entry("hold", "", finding, told)
    rate = forgetting_rate(m, point.state)
    if unbiased(m) and rate is not None:
        gamma, twice = balls.ball(rate), 2 * balls.ball(h)
        law = every(
            "2 h* < gamma < 2 h* + 1", [less("2 h* < gamma", twice, gamma), less("gamma < 2 h* + 1", gamma, twice + 1)]
        )
        numbers = f"{about(twice)} < {about(gamma)} < {about(twice + 1)}"
        yield Entry("trade-off", "", law, f"{numbers}: more noise tolerance means faster forgetting")


def _same(a: Enclosure, b: Enclosure) -> bool:
    return a.overlaps(b)


def decays(m: Map, found: NoisyDecay, tolerance: NoiseTolerance) -> Entry:
    """Theorem 4': the rate at which gradients vanish whatever bounded noise does."""
    b = about(float(found.noise), 6)
    text = f"under noise up to {b} the product of M' shrinks like r^t, r < 1"
    reading = BOTH if m.dimension == 1 else "spectral"
    if found.rate is None or found.constant is None or not found.rate < 1:
        too_much = tolerance.upper is not None and float(found.noise) >= tolerance.upper
        if not found.noise and (plain := _undriven(m, found)) is not None:
            return plain
        why = "this noise can drive the state out" if too_much else found.reason
        return Entry("T4'", reading, unknown(text, why), "no rate is certified; choose less noise")
    finding = certified(text, 1 - Fraction(found.rate), found.reason)
    bound = f"|da_t/da_0| <= {power(found.constant, found.rate)}"
    worst = "" if found.worst_rate is None else f"; some input keeps {below(found.worst_rate.lower)}^t"
    return Entry(
        "T4'", reading, finding, f"{bound}: below 1/1000 after {steps_to(found.constant, found.rate)} steps{worst}"
    )


def _undriven(m: Map, found: NoisyDecay) -> Entry | None:
    """Gradients from X itself without any noise, by the adapted norm of its trapping region."""
    attractor = found.attractors[found.attractor]
    if attractor.point is None or not attractor.traps:
        return None
    norm = attractor.traps[0].norm
    rate = operator_norm(jacobians_at(m, attractor.point)[0], norm)
    if not rate < 1:
        return None
    _, upper = balls.ends(rate)
    finding = certified("without noise the product of M' at X shrinks like r^t, r < 1", 1 - upper, "an adapted norm")
    return Entry("T4'", "norm", finding, f"|da_t/da_0| <= {power(norm.condition_bound, float_above(upper))} from X")
