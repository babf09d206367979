"""Theorem 4: whether gradients vanish along a trajectory that inputs keep in the reduced attracting set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from dynlatch.maps.balls import ball_map
from dynlatch.maps.catalogue import tanh_network
from dynlatch.maps.definition import Box
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.rigor.krawczyk import Ball
from dynlatch.theorems.cases import Case, State, case
from dynlatch.theorems.findings import EXACTLY, Finding, at_most, every, less, unknown
from dynlatch.theorems.joint_rates import joint_rate, radius_below_one
from dynlatch.theorems.latched import hyperbolic
from dynlatch.theorems.measures import (
    Reading,
    gradients,
    in_reduced_set,
    log_size,
    reached,
    size,
    spectral_radius,
    sup_size,
)
from dynlatch.theorems.statements import Checker, Plot, Statement, Witness
from dynlatch.theorems.telescoping import falling_gradient, telescopes
from dynlatch.verdict import Verdict

_WHAT: Final = "Theorem 4'"
_SHOWN: Final = 60
_LARGEST_LOG: Final = 700.0


def printed_checker(reading: Reading) -> Checker:
    """The printed theorem: the states stay in Gamma of one attractor, so the gradient tends to 0."""

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        return _latched(on, reading), vanishes(on)

    return check


def repaired_checker(*, start_only: bool = False) -> Checker:
    """The repaired theorem in the norm reading: alpha^t bounds the gradient, alpha = sup of |M'| on K < 1.

    Without a region the trajectory must repeat, and the sum of 1 - |M'(a_t)| over a period be positive, so that it
    tends to infinity. The mutant takes alpha at the first state alone.
    """

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        orbit = on.orbit()
        if on.region is None and on.periodic:
            return [_infinite_sum(on, orbit)], vanishes(on)
        box = on.region_of(f"{_WHAT} (norm), on a trajectory that does not repeat,")
        sup = size(ball_map(on.map).jacobian(orbit[0]), "norm") if start_only else sup_size(on.map, box, "norm")
        hypotheses = [_inside(on, orbit, box), less("alpha = sup of |M'| on K < 1", sup, balls.ball(1))]
        return hypotheses, _geometric(on, orbit, balls.ball(1), sup.upper(), "alpha^t")

    return check


def repaired_spectral_checker(*, pointwise: bool = False) -> Checker:
    """The repaired theorem with eigenvalues: the joint spectral radius of {M'(a): a in K} is below 1.

    The mutant asks that each M'(a) alone has a spectral radius below 1, and concludes that the gradient vanishes.
    """

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        box = on.region_of(f"{_WHAT} (spectral)")
        orbit = on.orbit()
        inside = _inside(on, orbit, box)
        if pointwise:
            return [inside, radius_below_one(on.map, box)], vanishes(on)
        found = joint_rate(on.map, box)
        if found.constant is None:
            return [inside, found.below_one], unknown("|da_t/da_0| <= C rho^t", "no norm that gives C was found")
        constant, rate = balls.ball(found.constant), balls.ball(found.rate)
        text = f"C rho^t, C = {found.constant:.6g}, rho = {found.rate:.6g}"
        return [inside, found.below_one], _geometric(on, orbit, constant, rate, text)

    return check


def vanishes(on: Case) -> Finding:
    """Whether da_t/da_0 -> 0: for a trajectory that repeats, by the product of the Jacobians over one period."""
    text = "da_t/da_0 -> 0"
    if not on.periodic:
        return unknown(text, "a limit, which finitely many steps do not decide; give states= with periodic=True")
    *_, product = gradients(on.map, on.orbit())
    return less(f"{text}: the product over one period has rho < 1", spectral_radius(product), balls.ball(1))


def _latched(on: Case, reading: Reading) -> list[Finding]:
    """Every state in Gamma of one and the same attractor, which is hyperbolic."""
    orbit = on.orbit()
    states = orbit[:-1] if on.periodic else orbit
    text = f"every a_t in Gamma(X) (reading {reading})"
    owner = reached(on.map, states[0])
    if owner is None:
        first = in_reduced_set(on.map, states[0], reading, "a_0")
        return [every(text, [first]) if first.fails else unknown(text, "a_0 was not proved to reach an attractor")]
    inside = [in_reduced_set(on.map, a, reading, f"a_{t}", owner) for t, a in enumerate(states)]
    return [hyperbolic(on.map, states[0], reading), every(text, inside)]


def _infinite_sum(on: Case, orbit: Sequence[State]) -> Finding:
    one, total = balls.ball(1), balls.ball(0)
    for a in orbit[:-1]:
        total += one - size(ball_map(on.map).jacobian(a), "norm")
    return less("the sum of 1 - |M'(a_t)| tends to infinity: over one period it is positive", balls.ball(0), total)


def _inside(on: Case, orbit: Sequence[State], box: Box) -> Finding:
    """Whether every state lies in the region; given states are compared exactly."""
    text = "every a_t in K"
    if on.states:
        room = min(min(a - lo, hi - a) for row in on.states for a, (lo, hi) in zip(row, box, strict=True))
        return Finding(text, Verdict.PROVED if room >= 0 else Verdict.REFUTED, Enclosure.exactly(room), EXACTLY)
    found: list[Finding] = []
    for t, state in enumerate(orbit):
        for a, (lo, hi) in zip(state, box, strict=True):
            found += [at_most(f"a_{t} in K", balls.ball(lo), a), at_most(f"a_{t} in K", a, balls.ball(hi))]
    return every(text, found)


def _geometric(on: Case, orbit: Sequence[State], constant: Ball, rate: Ball, text: str) -> Finding:
    """|da_t/da_0| <= constant rate^t for every t of the case."""
    bound, found = constant, list[Finding]()
    for t, product in enumerate(gradients(on.map, orbit), start=1):
        bound = bound * rate
        found.append(at_most(f"t = {t}", size(product, "norm"), bound))
    return every(f"|da_t/da_0| <= {text}", found)


_ALTERNATING: Final = case(
    tanh_network([[0, 2], [2, 0]]), states=[["4/5", "383/200"], ["383/200", "4/5"]], periodic=True
)  # fmt: skip


def gradient_plot(of: Case, title: str, steps: int = _SHOWN) -> Plot:
    """|da_t/da_0| along a trajectory that repeats."""
    period = of.orbit()[:-1]
    orbit = [period[t % len(period)] for t in range(steps + 1)]
    sizes = (0.0, *(log_size(g) for g in gradients(of.map, orbit)))
    shown = [(float(t), v) for t, v in enumerate(sizes) if abs(v) < _LARGEST_LOG]
    return Plot(
        title, "t (steps)", "|da_t/da_0|",
        (("gradient", tuple(t for t, _ in shown), tuple(math.exp(v) for _, v in shown)),), log_scale=True,
    )  # fmt: skip


_TITLE: Final = "Gradients vanish while the state is latched"
_HYPOTHESES: Final = (
    "a_0 and the inputs are such that a_t lies in Gamma(X) for all t >= 0, X one hyperbolic attractor",
)
_NEEDS: Final = "a map, and states that repeat (periodic=True) so that the limit is decided"
_CONCLUSION: Final = "da_t/da_0 -> 0 as t -> infinity"

STATEMENTS: Final = (
    Statement(
        "T4", _TITLE, "BSF94, Theorem 4", "norm", _HYPOTHESES, _CONCLUSION, Verdict.REFUTED,
        "Every factor is below 1, but a product of factors below 1 need not tend to 0: inputs can let the state creep "
        "towards the edge of Gamma, where |M'| = 1, so fast that the factors 1 - 1/(t+2)^2 have a positive product. "
        "This happens to the neuron itself, for every w > 1.",
        Witness(
            "neuron, any w > 1: a_t = arcosh(sqrt(w) (t+2) / sqrt((t+1)(t+3))), u_t -> -h*: da_T/da_0 = (T+2)/(2(T+1))",
            argument=telescopes, plot=falling_gradient,
        ),
        "T4'", printed_checker("norm"), _NEEDS,
    ),
    Statement(
        "T4", _TITLE, "BSF94, Theorem 4", "spectral", _HYPOTHESES, _CONCLUSION, Verdict.REFUTED,
        "Gamma bounds the eigenvalues of the derivatives of M^l along the autonomous orbit. Under inputs the factors "
        "are another sequence, and eigenvalues of factors say little about those of their product: with two units "
        "that excite each other each factor has small eigenvalues, yet every second state hands the large slope of "
        "one unit on to the other, and the product grows like m(4/5)^t = 1.1181^t.",
        Witness(
            "W = [[0, 2], [2, 0]], a_t = (4/5, 383/200), (383/200, 4/5), and so on: all in Gamma, norm 1.1181^t",
            _ALTERNATING, plot=lambda: gradient_plot(_ALTERNATING, "The gradient of a latched trajectory explodes"),
        ),
        "T4'", printed_checker("spectral"), _NEEDS,
    ),
    Statement(
        "T4'", "Gradients vanish where the contraction adds up", "repairs BSF94, Theorem 4", "norm",
        (
            "the sum over s < t of 1 - |M'(a_s)| tends to infinity: as where |M'| <= alpha < 1 on a set K of all a_t",
        ),
        "da_t/da_0 -> 0, and with K and alpha |da_t/da_0| <= alpha^t for all t; in one dimension, where 0 < |M'(a_t)| "
        "<= 1 for all t, the infinite sum is necessary, too",
        Verdict.PROVED,
        "|da_t/da_0| is at most the product of the |M'(a_s)|, and x <= exp(x - 1): so it is at most exp of minus the "
        "sum. On K every factor is at most alpha. In one dimension the norm is that product, and a product of numbers "
        "in (0, 1) whose distances from 1 have a finite sum is positive.",
        None, None, repaired_checker(),
        "a map, a trajectory, and region= (K); or states that repeat (periodic=True)",
    ),
    Statement(
        "T4'", "Gradients vanish where no product of Jacobians grows", "repairs BSF94, Theorem 4", "spectral",
        (
            "all a_t lie in a compact set K, and M' is continuous there",
            "the joint spectral radius of {M'(a): a in K} is below 1 (so some norm is below 1 for all of them at once)",
        ),
        "|da_t/da_0| <= C rho^t for all t: for every rho above the joint spectral radius there is such a C",
        Verdict.PROVED,
        "The joint spectral radius bounds the growth of every product of the Jacobians on K, in whatever order inputs "
        "make the states follow. For networks it is that of 2^n corner matrices W diag(d).",
        None, None, repaired_spectral_checker(),
        "a map, a trajectory, and region= (K)",
    ),
)  # fmt: skip
"""Theorem 4 as printed and repaired, in both readings."""
