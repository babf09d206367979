"""Theorem 3: inputs below (1 - lambda) d keep the state within d of the autonomous orbit, for the right lambda."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dynlatch.maps.balls import ball_map
from dynlatch.maps.catalogue import neuron, tanh_network
from dynlatch.rigor import balls
from dynlatch.rigor.krawczyk import Ball
from dynlatch.theorems.cases import Case, State, case, free_orbit
from dynlatch.theorems.findings import Finding, at_most, every, less, unknown
from dynlatch.theorems.latched import later_box, robustly_latched, trapped
from dynlatch.theorems.measures import (
    Reading,
    box_around,
    difference,
    length,
    size,
    size_text,
    sup_size,
)
from dynlatch.theorems.statements import Checker, Plot, Statement, Witness
from dynlatch.verdict import Verdict

_WHAT: Final = "Theorem 3"
_SETTLING: Final = 200
"""Steps after the last input in which the orbits must settle near X."""


def sizes_along(on: Case, orbit: Sequence[State], reading: Reading) -> list[Ball]:
    """At each state of an orbit the largest size of M' on the box around the ball of radius d."""
    radius, nothing = on.radius_of(_WHAT), balls.ball(0) / balls.ball(0)
    boxes = [box_around(a, radius) for a in orbit]
    return [nothing if box is None else sup_size(on.map, box, reading) for box in boxes]


def printed_checker(reading: Reading) -> Checker:
    """The printed theorem: u_t is below (1 - lambda_t) d.

    lambda_t bounds the size of M' on the ball of radius d "around a_t", which the proof takes around abar_t. Here it
    must hold on both, so that a counterexample refutes either. The theorem speaks of all t > 0: where the inputs given
    lead out of the ball, they are followed by zeros, and lambda_t < 1 is asked for at all later times as well.
    """
    sized = size_text(reading).format("M'")

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        free, driven = free_orbit(on.map, on.start, on.steps), on.orbit()
        sizes = _sizes_on_both(on, free, driven, reading)
        asked = [
            *robustly_latched(on.map, free[0], reading),
            _below_one(sized, sizes),
            _inputs(on, sizes, delay=0, strict=True),
        ]
        stays = _stays(on, driven, free)
        if stays.fails and all(f.holds for f in asked):
            asked.append(_below_one_for_ever(on, free[-1], driven[-1], reading))
        return asked, stays

    return check


def _sizes_on_both(on: Case, free: Sequence[State], driven: Sequence[State], reading: Reading) -> list[Ball]:
    along = (sizes_along(on, orbit, reading) for orbit in (free, driven))
    return [a.max(b) for a, b in zip(*along, strict=True)]


def _below_one_for_ever(on: Case, free: State, driven: State, reading: Reading) -> Finding:
    """Whether, with no inputs after t = T, the size of M' stays below 1 within d of both orbits at all later times.

    Both are followed until they are in one ball around X that M^p contracts, and so close to X that the size of M' is
    below 1 within d of all that can come.
    """
    text = "with u_t = 0 from then on, sup " + size_text(reading).format("M'") + " < 1 at all later t"
    m, radius, one = on.map, on.radius_of(_WHAT), balls.ball(1)
    step = ball_map(m).image_of_point
    to_come: list[Finding] = []
    for t in range(on.steps, on.steps + _SETTLING):
        ball = trapped(m, free)
        if ball is not None and ball.holds(driven):
            box = tuple((lo - radius, hi + radius) for lo, hi in later_box(ball, [free, driven]))
            near = less(f"at t = {t}, and every {ball.trap.period} steps from then on", sup_size(m, box, reading), one)
            to_come = [*to_come, near] if near.holds else []
            if len(to_come) == ball.trap.period:
                return every(text, to_come)
        else:
            to_come = []
        free, driven = step(free), step(driven)
        now = less(f"at t = {t + 1}", _sizes_on_both(on, [free], [driven], reading)[0], one)
        if not now.holds:
            return unknown(text, f"not so at t = {t + 1}")
    return unknown(text, "the orbits were not proved to settle")


def repaired_checker(*, delay: int = 1, centre_only: bool = False) -> Checker:
    """The repaired theorem: u_t is bounded by (1 - lambda_{t-1}) d, lambda on the balls around abar_t.

    Its mutants take another ``delay``, or lambda at the centre of the ball alone.
    """

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        free = free_orbit(on.map, on.start, on.steps)
        if centre_only:
            sizes = [size(ball_map(on.map).jacobian(a), "norm") for a in free]
        else:
            sizes = sizes_along(on, free, "norm")
        used = sizes if delay == 0 else sizes[: on.steps]
        return [_below_one("|M'|", used), _inputs(on, sizes, delay=delay)], _stays(on, on.orbit(), free)

    return check


def _below_one(sized: str, sizes: Sequence[Ball]) -> Finding:
    one = balls.ball(1)
    found = [less(f"sup {sized} < 1 on B(abar_{t}, d)", lam, one) for t, lam in enumerate(sizes)]
    return every(f"{sized} < 1 on the balls of radius d", found)


def _inputs(on: Case, sizes: Sequence[Ball], *, delay: int, strict: bool = False) -> Finding:
    d, sign, compared = balls.ball(on.radius_of(_WHAT)), "<" if strict else "<=", less if strict else at_most
    found = [
        compared(f"|u_{t}| {sign} (1 - lambda_{t - delay}) d", length(u), (1 - sizes[t - delay]) * d)
        for t, u in enumerate(on.driving_inputs(), start=1)
    ]
    return every(f"|u_t| {sign} (1 - lambda_{'t' if delay == 0 else '{t-1}'}) d", found)


def _stays(on: Case, driven: Sequence[State], free: Sequence[State]) -> Finding:
    d = balls.ball(on.radius_of(_WHAT))
    away = [length(difference(a, b)) for a, b in zip(driven, free, strict=True)]
    return every("|a_t - abar_t| <= d", [at_most(f"|a_{t} - abar_{t}| <= d", r, d) for t, r in enumerate(away)])


_NORM_WITNESS: Final = case(
    neuron(2), "9/10", inputs=["0.00584", "0.00782", "0.00822"], radius="1/100"
)  # fmt: skip
_SPECTRAL_WITNESS: Final = case(
    tanh_network([[2, 3], [0, 0]]), ["1915008/1000000", 0], inputs=[[0, "1/5"], [0, 0]], radius="3/10"
)  # fmt: skip


def _deviation(of: Case) -> Plot:
    """|a_t - abar_t| / d along a witness."""
    d = of.radius_of(_WHAT)
    free = free_orbit(of.map, of.start, of.steps)
    ratios = tuple(
        float((length(difference(a, b)) / balls.ball(d)).mid()) for a, b in zip(of.orbit(), free, strict=True)
    )
    times = tuple(float(t) for t in range(len(ratios)))
    return Plot(
        "The state leaves the ball of radius d", "t (steps)", "|a_t - abar_t| / d",
        (("deviation", times, ratios),), level=1.0, level_label="d",
    )  # fmt: skip


_HYPOTHESES: Final = (
    "a_0 lies in Gamma(X), X a hyperbolic attractor",
    "abar_t is the autonomous orbit from a_0, and the size of M' is below lambda_t < 1 on balls of radius d around a_t",
    "|u_t| < (1 - lambda_t) d for all t > 0",
)
_CONCLUSION: Final = "|a_t - abar_t| <= d for all t, and the ball around abar_t meets X in the limit"
"""The checkers decide the first half. The second holds because d > 0 and a_0, in Gamma(X), converges to X."""

STATEMENTS: Final = (
    Statement(
        "T3", "Bounded inputs keep the state near its autonomous orbit", "BSF94, Theorem 3", "norm",
        _HYPOTHESES, _CONCLUSION, Verdict.REFUTED,
        "The input u_t is added after a step from the ball around abar_{t-1}, whose expansion is lambda_{t-1}, but it "
        "is bounded by lambda_t. Where the orbit runs into stronger contraction, lambda_t is the smaller of the two "
        "and allows inputs that are too large. (The printed proof adds b_t to lambda_t d, which bounds u_{t+1}, as T3' "
        "does.)",
        Witness(
            "neuron w = 2, a_0 = 9/10, d = 1/100, u = 0.00584, 0.00782, 0.00822: 1.037 d away at t = 3",
            _NORM_WITNESS, plot=lambda: _deviation(_NORM_WITNESS),
        ),
        "T3'", printed_checker("norm"),
        "a map, start, inputs, and radius d",
    ),
    Statement(
        "T3", "Bounded inputs keep the state near its autonomous orbit", "BSF94, Theorem 3", "spectral",
        _HYPOTHESES, _CONCLUSION, Verdict.REFUTED,
        "A matrix with small eigenvalues can stretch some vectors a lot: W = [[2, 3], [0, 0]] sends a small second "
        "coordinate into the first, multiplied by 3, while its eigenvalue there is 0. Even with one constant lambda "
        "the state leaves the ball.",
        Witness(
            "W = [[2, 3], [0, 0]], X = (abar, 0), d = 3/10, u = (0, 1/5), then (0, 0): away by more than d at t = 2",
            _SPECTRAL_WITNESS, plot=lambda: _deviation(_SPECTRAL_WITNESS),
        ),
        "T3'", printed_checker("spectral"),
        "a map, start, inputs, and radius d",
    ),
    Statement(
        "T3'", "Inputs bounded by the contraction of the step before keep the state in the tube",
        "repairs BSF94, Theorem 3", "norm",
        (
            "abar_t is an autonomous orbit, and lambda_t bounds |M'| on the ball of radius d around abar_t",
            "|u_{t+1}| <= (1 - lambda_t) d for all t >= 0",
        ),
        "|a_t - abar_t| <= d for all t; if abar_t converges to X, the ball around it meets X from some t on",
        Verdict.PROVED,
        "By induction: |a_{t+1} - abar_{t+1}| <= |M(a_t) - M(abar_t)| + |u_{t+1}| <= lambda_t d + (1 - lambda_t) d = "
        "d, the first bound by the mean value inequality on a ball, which is convex. The ball meets X once "
        "abar_t is nearer to X than d.",
        None, None, repaired_checker(),
        "a map, start, inputs, and radius d",
    ),
)  # fmt: skip
"""Theorem 3 as printed, in both readings, and repaired."""
