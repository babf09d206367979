"""Definitions 4 to 6: the reduced attracting set Gamma(X), what it means to be latched, and contracting maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dynlatch.errors import InputError
from dynlatch.maps.balls import ball_map
from dynlatch.maps.catalogue import tanh_network
from dynlatch.maps.definition import Box, Map
from dynlatch.regions.inner_balls import balls_of
from dynlatch.rigor import balls
from dynlatch.rigor.norms import AdaptedNorm, operator_norm
from dynlatch.theorems.cases import Case, State, case, exact_state, free_orbit
from dynlatch.theorems.cycles import NEEDS, Cycle, below_one, cycle_of, is_cycle, no_cycle
from dynlatch.theorems.definitions import SADDLE_CYCLE
from dynlatch.theorems.findings import Finding, at_most, every, less, unknown
from dynlatch.theorems.latched import robustly_latched
from dynlatch.theorems.measures import (
    READ_AS,
    Reading,
    attractors_of,
    difference,
    gradients,
    in_reduced_set,
    length,
    reached,
    size,
    size_text,
    sup_size,
)
from dynlatch.theorems.statements import Checker, Plot, Statement, Witness
from dynlatch.verdict import Verdict

_MOST_STEPS: Final = 500

# --- Definition 4 -----------------------------------------------------------------------------------------------------


def inclusion_checker(reading: Reading) -> Checker:
    """A cycle on which M' is below 1 in size lies in its own Gamma: every (M^l)' is below 1 there, l >= 1."""

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        cycle = cycle_of(on)
        if cycle is None:
            return [no_cycle(on)], unknown("X lies in Gamma(X)", "no cycle is known")
        return [is_cycle(cycle), below_one(cycle, reading)], _all_powers(cycle, reading)

    return check


def _all_powers(cycle: Cycle, reading: Reading) -> Finding:
    p, one = cycle.period, balls.ball(1)
    sized = size_text(reading).format("(M^l)'(x)")
    text = f"{sized} < 1 for every x in X and every l >= 1"
    found: list[Finding] = []
    for steps in range(1, 2 * p + 1):
        matrices = [cycle.gradient(k, steps) for k in range(p)]
        found += [less(f"at point {k}, l = {steps}", size(a, reading), one) for k, a in enumerate(matrices)]
        small = steps == 1 and all(size(a, "norm") < one for a in matrices)
        if small or any(f.fails for f in found):  # where all factors are below 1 in norm, so are all products
            return every(text, found)
    later = [in_reduced_set(cycle.map, a, reading, f"point {k}") for k, a in enumerate(cycle.points)]
    return every(text, [*found, *later])


# --- Definition 5 -----------------------------------------------------------------------------------------------------


def forward_checker(reading: Reading) -> Checker:
    """A state in Gamma(X), X hyperbolic, stays in Gamma without inputs: followed for ``steps``."""

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        steps = max(1, on.steps)
        orbit = free_orbit(on.map, on.start, steps)
        asked, text = robustly_latched(on.map, orbit[0], reading), f"a_t in Gamma for 1 <= t <= {steps}"
        if not all(f.holds for f in asked):  # the later states of an orbit that goes nowhere would take long
            return asked, unknown(text, "not looked at, as a_0 is not proved to lie in Gamma")
        later = [in_reduced_set(on.map, a, reading, f"a_{t}") for t, a in enumerate(orbit[1:], start=1)]
        return asked, every(text, later)

    return check


def uniform_checker(*, products_only: bool = False) -> Checker:
    """One norm in which every factor M'(a_t) from a_0 on is below 1: then so is every product from every later state.

    The norm is that of the trapping ball of the fixed point that a_0 converges to. The mutant asks only that the
    products from a_0 on are below 1, as Definition 4 does.
    """

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        ends = "|P (M^l)'(a_t) P^-1| < 1 for all t >= 0, l >= 1"
        orbit, norm = _until_trapped(on)
        if norm is None:
            return [unknown("a_0 converges to an attracting fixed point", "not proved")], unknown(ends, "no norm known")
        if products_only:
            asked = [_products("a_0", on.map, orbit, norm)]
        else:
            factors = [operator_norm(ball_map(on.map).jacobian(a), norm) for a in orbit]
            found = [less(f"|P M'(a_{t}) P^-1| < 1", f, balls.ball(1)) for t, f in enumerate(factors)]
            asked = [every("|P M'(a_t) P^-1| < 1 for all t >= 0", found)]
        starts = range(min(len(orbit), max(1, on.steps) + 1))
        return asked, every(ends, [_products(f"a_{t}", on.map, orbit[t:], norm) for t in starts])

    return check


def _until_trapped(on: Case) -> tuple[list[State], AdaptedNorm | None]:
    """The orbit up to a ball on which M contracts in a norm P, and that norm; from there on every factor is below 1."""
    orbit = [exact_state(on.start)]
    index = reached(on.map, orbit[0])
    if index is None:
        return orbit, None
    attractor = attractors_of(on.map)[index]
    if attractor.point is None or attractor.point.period != 1:
        raise InputError(
            f"Definition 5' speaks of every factor M'(a_t), so X must be a fixed point; a_0 goes to the {attractor}"
        )
    targets = balls_of(index, attractor)
    while len(orbit) <= _MOST_STEPS:
        if any(target.holds(orbit[-1]) for target in targets):
            return orbit, attractor.traps[0].norm
        orbit.append(ball_map(on.map).image_of_point(orbit[-1]))
    return orbit, None


def _products(what: str, m: Map, orbit: Sequence[State], norm: AdaptedNorm) -> Finding:
    """Every product from the first state on, up to the ball where all further factors are below 1."""
    later = [*orbit, ball_map(m).image_of_point(orbit[-1])]
    found = [
        less(f"|P (M^{steps})'({what}) P^-1| < 1", operator_norm(a, norm), balls.ball(1))
        for steps, a in enumerate(gradients(m, later), start=1)
    ]
    return every(f"|P (M^l)'({what}) P^-1| < 1", found)


# --- Definition 6 -----------------------------------------------------------------------------------------------------


def contracting_checker(*, constant: Reading = "norm") -> Checker:
    """Two orbits that stay in a box D, on which |M'| <= alpha < 1, approach each other like alpha^t.

    D is convex, so alpha bounds |M(x) - M(y)| / |x - y|. The mutant takes eigenvalues for alpha.
    """

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        what = "Definition 6"
        region, other = on.region_of(what), on.other_of(what, "two orbits and their distance")
        steps = max(1, on.steps)
        orbits = [free_orbit(on.map, a, steps) for a in (on.start, other)]
        rate = sup_size(on.map, region, constant)
        stay = [_inside(f"{name}_{t}", a, region)
                for name, orbit in zip("xy", orbits, strict=True) for t, a in enumerate(orbit[:-1])]  # fmt: skip
        alpha = rate.upper()
        apart = [length(difference(a, b)) for a, b in zip(*orbits, strict=True)]
        bounds = [at_most(f"t = {t}", apart[t], alpha**t * apart[0]) for t in range(1, steps + 1)]
        return [
            less("M contracts D: alpha < 1", rate, balls.ball(1)),
            every("both orbits stay in D", stay),
        ], every("|M^t(x) - M^t(y)| <= alpha^t |x - y|", bounds)

    return check


def _inside(what: str, state: State, region: Box) -> Finding:
    found = [
        at_most(f"{what} in D", left, right)
        for a, (lo, hi) in zip(state, region, strict=True)
        for left, right in ((balls.ball(lo), a), (a, balls.ball(hi)))
    ]
    return every(f"{what} in D", found)


# --- the rows ---------------------------------------------------------------------------------------------------------

LEAVES_GAMMA: Final = case(tanh_network([[2, -2], [0, 2]]), [5, 5], steps=1)
"""a_0 lies in Gamma, where tanh is flat, and a_1 = (0, 1.9998) does not."""


def _leaving_plot() -> Plot:
    """|M'| at each state of the orbit."""
    orbit = free_orbit(LEAVES_GAMMA.map, LEAVES_GAMMA.start, 8)
    sizes = tuple(float(size(ball_map(LEAVES_GAMMA.map).jacobian(a), "norm").mid()) for a in orbit)
    radii = tuple(float(size(ball_map(LEAVES_GAMMA.map).jacobian(a), "spectral").mid()) for a in orbit)
    times = tuple(float(t) for t in range(len(sizes)))
    return Plot(
        "A state that leaves Gamma without any input", "t (steps)", "size of M'(a_t)",
        (("|M'|", times, sizes), ("rho(M')", times, radii)), level=1.0, level_label="1",
    )  # fmt: skip


def _product_plot() -> Plot:
    """The size of (M^l)' at (P, 0)."""
    with balls.precision(128):
        cycle = cycle_of(SADDLE_CYCLE)
        steps = range(1, 9)
        found = [] if cycle is None else [float(size(cycle.gradient(0, n), "spectral").mid()) for n in steps]
    return Plot(
        "On X, but not in Gamma(X)", "l (steps)", "rho((M^l)'(x))",
        (("x = (P, 0)", tuple(map(float, steps)), tuple(found)),), log_scale=True, level=1.0, level_label="1",
    )  # fmt: skip


_IN_GAMMA: Final = "a_0 in Gamma(X), X a hyperbolic attractor"
_KEEPS: Final = "without inputs a_t stays in Gamma(X): a system that is robustly latched remains so"
_LEAVES: Final = (
    "At (5, 5) both slopes of tanh are almost 0, so every product that starts there is tiny. The next state is (0, "
    "1.9998), where the slope of the first unit is 1 and the weight 2 is felt: M' has the eigenvalue 2. (The paper "
    "suggests the claim, by its words, and does not state it.)"
)

STATEMENTS: Final = (
    Statement(
        "Def4", "X lies in Gamma(X), and Gamma(X) in beta(X)", "BSF94, Definition 4", "norm",
        ("X = M(X), and |M'(x)| < 1 for every x in X",), "|(M^l)'(x)| < 1 for every x in X and every l >= 1",
        Verdict.PROVED,
        "(M^l)'(x) is a product of factors M' at points of X, each below 1 in norm. That Gamma lies in beta is part of "
        "its definition.",
        None, None, inclusion_checker("norm"), NEEDS,
    ),
    Statement(
        "Def4", "X lies in Gamma(X), and Gamma(X) in beta(X)", "BSF94, Definition 4", "spectral",
        ("X = M(X), and the eigenvalues of M'(x) are below 1 in modulus for every x in X",),
        "the eigenvalues of (M^l)'(x) are below 1 in modulus for every x in X and every l >= 1", Verdict.REFUTED,
        "The radius of a product is not bounded by the radii of its factors: on this 2-cycle they are 0.577, and that "
        "of the product is 4. (To the letter, Definition 4 forgets the modulus as well.)",
        Witness(
            "W = [[0, 2], [2, 0]], X = {(P, 0), (0, P)}, P = 2 tanh P: rho(M') = 0.577, rho((M^2)') = 4",
            SADDLE_CYCLE, plot=_product_plot,
        ),
        "Def2'", inclusion_checker("spectral"), NEEDS,
    ),
    *(
        Statement(
            "Def5", "Without inputs, latched means latched for ever", "BSF94, Definition 5", reading,
            (_IN_GAMMA,), _KEEPS, Verdict.REFUTED, _LEAVES,
            Witness(
                "W = [[2, -2], [0, 2]], a_0 = (5, 5) in Gamma, a_1 = (0, 1.9998) outside",
                LEAVES_GAMMA, plot=_leaving_plot,
            ),
            "Def5'", forward_checker(reading), "a map, start, and steps",
        )
        for reading in READ_AS
    ),
    Statement(
        "Def5'", "One norm for all factors makes Gamma forward invariant", "repairs BSF94, Definition 5", "norm",
        ("X is a fixed point, abar_t an autonomous orbit that converges to it",
         "in one norm, of X's own choice, |P M'(abar_t) P^-1| < 1 for all t >= 0"),
        "the same holds from every later state on, and every product of the factors is below 1 in that norm",
        Verdict.PROVED,
        "The factors that belong to a later state are among those of the first. Definition 4 asks about products that "
        "start at a_0: a small first factor can hide a large second one. For an l-cycle take M^l for M.",
        None, None, uniform_checker(), "a map, start, and steps; the orbit must end at a fixed point",
    ),
    *(
        Statement(
            "Def6", "Orbits of a contracting map approach each other", "BSF94, Definition 6", reading,
            ("M is contracting on D with alpha < 1", "the orbits of x and y stay in D"),
            "|M^t(x) - M^t(y)| <= alpha^t |x - y| for all t", Verdict.PROVED,
            "By induction, one factor alpha at each step. The definition speaks of distances only, so the two readings "
            "agree; eigenvalues below 1 do not make a map contracting (see T2).",
            None, None, contracting_checker(), "a map, start (x), other (y), steps, and region (D, a box)",
        )
        for reading in READ_AS
    ),
)  # fmt: skip
"""Definitions 4 to 6 as claims, in both readings, and their repairs."""
