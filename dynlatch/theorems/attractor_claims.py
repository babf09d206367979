"""Two claims about attractors: subsampling makes a stable cycle hyperbolic, and jumping between attractors is no way
out of vanishing gradients.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final

import sympy as sp

from dynlatch.errors import InputError
from dynlatch.latch.derivation_checks import check_identity
from dynlatch.maps.balls import ball_map
from dynlatch.maps.catalogue import cubic, neuron, tanh_network
from dynlatch.rigor import balls
from dynlatch.rigor.krawczyk import Ball
from dynlatch.rigor.norms import AdaptedNorm, operator_norm
from dynlatch.theorems.cases import Case, State, case, free_orbit
from dynlatch.theorems.cycles import NEEDS, Cycle, attracts, cycle_of, is_cycle, no_cycle
from dynlatch.theorems.findings import Finding, every, exactly, less, unknown
from dynlatch.theorems.latched import hyperbolic
from dynlatch.theorems.measures import (
    Matrix,
    Reading,
    gradients,
    in_reduced_set,
    log_size,
    reached,
    size,
    size_text,
    spectral_radius,
)
from dynlatch.theorems.statements import Checker, Plot, Statement, Witness
from dynlatch.theorems.theorem_4 import vanishes
from dynlatch.verdict import Verdict

# --- subsampling ------------------------------------------------------------------------------------------------------


def subsampling_checker(reading: Reading) -> Checker:
    """A cycle that attracts is hyperbolic for M^l, l its period: (M^l)' is below 1 in size at each of its points."""
    sized = size_text(reading).format("(M^l)'(x)")

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        cycle = cycle_of(on)
        if cycle is None:
            return [no_cycle(on)], unknown(f"{sized} < 1 at every x in X", "no cycle is known")
        sizes = [size(a, reading) for a in _powers(cycle)]
        return [is_cycle(cycle), attracts(cycle)], _all_below(f"{sized} < 1 at every x in X", sizes)

    return check


def adapted_checker(*, euclidean: bool = False) -> Checker:
    """A cycle with multipliers below 1 in modulus is hyperbolic for M^l in an adapted norm, one for each point.

    The norms are those of certified trapping balls. The mutant keeps the Euclidean norm.
    """

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        cycle, text = cycle_of(on), "|P (M^l)'(x) P^-1| < 1 at every x in X"
        if cycle is None:
            return [no_cycle(on)], unknown(text, "no cycle is known")
        radius = spectral_radius(cycle.gradient(0, cycle.period))
        asked = [is_cycle(cycle), less("every multiplier is below 1 in modulus", radius, balls.ball(1))]
        norms: list[AdaptedNorm | int] = [2] * cycle.period if euclidean else [trap.norm for trap in cycle.traps()]
        if len(norms) < cycle.period:
            return asked, unknown(text, "no trapping balls could be certified")
        return asked, _all_below(text, [operator_norm(a, p) for a, p in zip(_powers(cycle), norms, strict=True)])

    return check


def _powers(cycle: Cycle) -> list[Matrix]:
    return [cycle.gradient(k, cycle.period) for k in range(cycle.period)]


def _all_below(text: str, sizes: Sequence[Ball]) -> Finding:
    return every(text, [less(f"at point {k}", s, balls.ball(1)) for k, s in enumerate(sizes)])


def _cubic_findings() -> Sequence[Finding]:
    """x -> x - x^3 attracts towards 0 from all 0 < |x| < 1, and its slope there is exactly 1."""
    (x,), (rule,) = CUBIC.states, CUBIC.explicit
    halves = check_identity(x**2 - rule**2, x**4 * (2 - x**2))
    root = sp.solveset(sp.Eq(rule, x), x, sp.S.Reals)
    from_start = free_orbit(CUBIC, case(CUBIC, "1/2").start, 200)
    return [
        Finding("x^2 - M(x)^2 = x^4 (2 - x^2) > 0 for 0 < |x| <= 1, so |a_t| falls to a limit", halves.verdict, None,
                halves.what),
        exactly("by continuity |M| keeps the limit where it is, and 0 is the only such point within 1: 0 attracts",
                root == sp.FiniteSet(0)),
        exactly("M'(0) = 1, and no size of a 1 x 1 matrix is below 1 then", sp.diff(rule, x).subs(x, 0) == 1),
        less("from 1/2 the orbit is below 1/19 after 200 steps", from_start[-1][0], balls.ball(1) / 19),
    ]  # fmt: skip


# --- jumping between attractors ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Visit:
    """A state of the period: the attractor in whose Gamma it is proved to lie, None in transit."""

    state: State
    owner: int | None


def jumping_checker(reading: Reading) -> Checker:
    """A trajectory that repeats and visits Gamma of two hyperbolic attractors or more: its gradients vanish."""

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        visits = _visits(on, reading)
        owners = {v.owner: v.state for v in visits if v.owner is not None}
        dwelling = sum(v.owner is not None for v in visits)
        text = f"Gamma of {len(owners)} attractors is visited for ever, in {dwelling} of {len(visits)} steps"
        return [
            exactly(text, True, "outward rounding") if len(owners) > 1 else unknown(text, "fewer than two were proved"),
            *(hyperbolic(on.map, first, reading) for first in owners.values()),
        ], vanishes(on)

    return check


def mean_checker(*, reading: Reading = "norm", dwelling_only: bool = False) -> Checker:
    """The mean of log |M'(a_t)| over the period is below 0: then the gradients vanish exponentially.

    Its mutants take eigenvalues, or count only the states where M' is below 1.
    """
    sized = size_text(reading).format("M'(a_t)")

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        one = balls.ball(1)
        sizes = [size(ball_map(on.map).jacobian(a), reading) for a in _period(on)]
        used = [s for s in sizes if s < one] if dwelling_only else sizes
        product = reduce(lambda x, y: x * y, used, one)
        return [less(f"the mean of log {sized} is below 0: the product over a period below 1", product, one)], vanishes(
            on
        )

    return check


def _period(on: Case) -> list[State]:
    if not (on.states and on.periodic):
        raise InputError("a limit needs a trajectory without end; give one period as states=, with periodic=True")
    return on.orbit()[:-1]


def _visits(on: Case, reading: Reading) -> list[_Visit]:
    return [_Visit(a, reached(on.map, a) if _is_latched(on, a, reading) else None) for a in _period(on)]


def _is_latched(on: Case, state: State, reading: Reading) -> bool:
    """Whether a state is proved to lie in Gamma; the first factor alone rules most others out."""
    factor = size(ball_map(on.map).jacobian(state), reading)
    return not factor >= 1 and in_reduced_set(on.map, state, reading, "a").holds


# --- the rows ---------------------------------------------------------------------------------------------------------

CUBIC: Final = cubic(1)
SHEAR: Final = case(tanh_network([["1/2", 3], [0, "1/2"]]), [0, 0])
"""The origin attracts with both multipliers 1/2, but |M'| = 3.08 there."""

SLOW_JUMPS: Final = case(
    neuron(2), states=["1.915", 0, 0, 0, "-1.915", 0, 0, 0], periodic=True
)  # fmt: skip
"""Next to abar, three steps at 0 on the way, next to -abar, three steps at 0: the gradient grows by 1.77 a period."""

QUICK_JUMPS: Final = case(
    tanh_network([[0, 2], [2, 0]]), states=[["4/5", "1.915"], ["-1.915", "-4/5"]], periodic=True
)  # fmt: skip
"""Each step jumps from Gamma(P, P) to Gamma(-P, -P) or back, and the gradient grows by 1.118 a step."""


def _growth(of: Case, title: str, periods: int) -> Plot:
    with balls.precision(128):
        orbit = [*(of.orbit()[:-1] * periods), of.orbit()[0]]
        sizes = tuple(math.exp(log_size(a)) for a in gradients(of.map, orbit))
    return Plot(
        title, "t (steps)", "|d a_t / d a_0|",
        (("gradient", tuple(float(t) for t in range(1, len(sizes) + 1)), sizes),),
        log_scale=True, level=1.0, level_label="at the start",
    )  # fmt: skip


def _shear_plot() -> Plot:
    """A deviation grows before it shrinks."""
    steps = 20
    pushed = free_orbit(SHEAR.map, case(SHEAR.map, [0, "1/100"]).start, steps)
    sizes = tuple(float((balls.sqr(a[0]) + balls.sqr(a[1])).mid()) ** 0.5 * 100 for a in pushed)
    return Plot(
        "A stable fixed point that is not hyperbolic in norm", "t (steps)", "|a_t| / |a_0|",
        (("from (0, 1/100)", tuple(float(t) for t in range(steps + 1)), sizes),), level=1.0, level_label="1",
    )  # fmt: skip


def _cubic_plot() -> Plot:
    """The slow fall towards 0, like 1 / sqrt(2 t)."""
    steps = 200
    states = tuple(float(a[0].mid()) for a in free_orbit(CUBIC, case(CUBIC, "1/2").start, steps))
    times = tuple(float(t) for t in range(steps + 1))
    law = tuple((4 + 2 * t) ** -0.5 for t in times)
    return Plot(
        "0 attracts with multiplier 1", "t (steps)", "a_t", (("a_t", times, states), ("1/sqrt(4 + 2 t)", times, law))
    )


_STABLE: Final = ("X is a cycle of period l of M", "X is stable and attracts")
_VISITS: Final = (
    "the states come again and again, after a bounded number of steps, into Gamma of hyperbolic attractors",
    "they jump from one such attractor to another",
)

STATEMENTS: Final = (
    Statement(
        "subsample", "A stable cycle is hyperbolic for M^l", "BSF94, Sections IV and VI", "norm",
        _STABLE, "|(M^l)'(x)| < 1 at every x in X", Verdict.REFUTED,
        "Stability is a matter of the eigenvalues of (M^l)'. A matrix with small eigenvalues can have a large norm: "
        "here both are 1/2, but a push along the second axis is sent into the first, multiplied by 3.",
        Witness(
            "W = [[1/2, 3], [0, 1/2]], X = the origin: multipliers 1/2, 1/2, but |M'(0)| = 3.08",
            SHEAR, plot=_shear_plot,
        ),
        "subsample'", subsampling_checker("norm"), NEEDS,
    ),
    Statement(
        "subsample", "A stable cycle is hyperbolic for M^l", "BSF94, Sections IV and VI", "spectral",
        _STABLE, "the eigenvalues of (M^l)'(x) are below 1 in modulus at every x in X", Verdict.REFUTED,
        "A point can attract by its higher terms alone: x - x^3 brings every 0 < |x| < 1 nearer to 0, while its slope "
        "at 0 is exactly 1.",
        Witness("M(x) = x - x^3, X = {0}: it attracts, and M'(0) = 1", None, _cubic_findings, _cubic_plot),
        "subsample'", subsampling_checker("spectral"), NEEDS,
    ),
    Statement(
        "subsample'", "A cycle with multipliers below 1 is hyperbolic for M^l in an adapted norm",
        "repairs BSF94, Sections IV and VI", "norm",
        ("X is a cycle of period l of a C^1 map M", "its multipliers, the eigenvalues of (M^l)', lie below 1 in size"),
        "at every x in X there is a norm with |P (M^l)'(x) P^-1| < 1, in which M^l contracts a ball around x",
        Verdict.PROVED,
        "For s between the spectral radius of A = (M^l)'(x) and 1 take |v|^2 = sum over k of s^(-2k) |A^k v|^2: then "
        "|A v| <= s |v|. As (M^l)' is continuous, it stays below 1 in this norm on a ball. The multipliers are the "
        "same at every point of X.",
        None, None, adapted_checker(), NEEDS,
    ),
    Statement(
        "jump", "Jumping between hyperbolic attractors: gradients vanish as well", "BSF94, Section VI", "norm",
        _VISITS, "d a_t / d a_0 -> 0", Verdict.REFUTED,
        "M' is below 1 near the attractors, but not on the way from one to the other. The neuron passes 0, where its "
        "slope is w = 2; mu = 0.166 is its multiplier at abar, and mu w^3 = 1.33 > 1: three steps near 0 for each step "
        "at an attractor make up for what is lost there. (Two never do: mu w^2 < 1 for every w.) Nor does it help to "
        "jump at every step, from Gamma of one attractor into Gamma of the other: the states of T4 with signs that "
        "alternate keep half of the gradient. It is true where all states stay in a set on which |M'| <= alpha < 1: "
        "then alpha^t bounds the gradient.",
        Witness(
            "neuron w = 2, a_t = 1.915, 0, 0, 0, -1.915, 0, 0, 0, repeated: the gradient grows 1.77-fold a period",
            SLOW_JUMPS, plot=lambda: _growth(SLOW_JUMPS, "Gradients grow along jumps between +-abar", 6),
        ),
        "jump'", jumping_checker("norm"), "a map, and one period of states=, with periodic=True",
    ),
    Statement(
        "jump", "Jumping between hyperbolic attractors: gradients vanish as well", "BSF94, Section VI", "spectral",
        _VISITS, "d a_t / d a_0 -> 0", Verdict.REFUTED,
        "No transit is needed here: every state lies in Gamma, and each step jumps to the other attractor. M' swaps "
        "the two coordinates, so that the factor above 1, m(4/5) = 1.118, meets itself in every product.",
        Witness(
            "W = [[0, 2], [2, 0]], a_t = (0.8, 1.915), (-1.915, -0.8), repeated: the gradient grows 1.118-fold a step",
            QUICK_JUMPS, plot=lambda: _growth(QUICK_JUMPS, "Every state in Gamma, and the gradient grows", 20),
        ),
        "jump'", jumping_checker("spectral"), "a map, and one period of states=, with periodic=True",
    ),
    Statement(
        "jump'", "Gradients vanish where the mean of log |M'| is negative", "repairs BSF94, Section VI", "norm",
        ("the limsup of (1/t) sum over s < t of log |M'(a_s)| is -c < 0, in one operator norm",),
        "d a_t / d a_0 -> 0, and in the end faster than exp(-c' t) for every c' < c", Verdict.PROVED,
        "|d a_t / d a_0| is at most the product of the |M'(a_s)|, that is exp of t times the mean. Along jumps the "
        "stays at attractors must outweigh the passages between them.",
        None, None, mean_checker(), "a map, and one period of states=, with periodic=True",
    ),
)  # fmt: skip
"""The claims about subsampling and about jumps, in both readings, and their repairs."""
