"""Theorem 3: inputs below (1 - lambda) d keep the state within d of the autonomous orbit, for the right lambda."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dynlatch.maps.balls import ball_map
from dynlatch.maps.catalogue import neuron, tanh_network
from dynlatch.rigor import balls
from dynlatch.rigor.krawczyk import Ball
from dynlatch.theorems.cases import Case, State, case, free_orbit
from dynlatch.theorems.findings import Finding, at_most, every, less
from dynlatch.theorems.measures import (
    Reading,
    box_around,
    difference,
    in_reduced_set,
    length,
    size,
    size_text,
    sup_size,
)
from dynlatch.theorems.statements import Checker, Plot, Statement, Witness
from dynlatch.verdict import Verdict

_WHAT: Final = "Theorem 3"


def sizes_along(on: Case, orbit: Sequence[State], reading: Reading) -> list[Ball]:
    """At each state of an orbit the largest size of M' on the box around the ball of radius d."""
    radius, nothing = on.radius_of(_WHAT), balls.ball(0) / balls.ball(0)
    boxes = [box_around(a, radius) for a in orbit]
    return [nothing if box is None else sup_size(on.map, box, reading) for box in boxes]


def printed_checker(reading: Reading) -> Checker:
    """The printed theorem: u_t is bounded by (1 - lambda_t) d.

    lambda_t bounds the size of M' on the ball of radius d "around a_t", which the proof takes around abar_t. Here it
    must hold on both, so that a counterexample refutes either.
    """
    sized = size_text(reading).format("M'")

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        free, driven = free_orbit(on.map, on.start, on.steps), on.orbit()
        at_free, at_driven = (sizes_along(on, orbit, reading) for orbit in (free, driven))
        sizes = [a.max(b) for a, b in zip(at_free, at_driven, strict=True)]
        return [
            in_reduced_set(on.map, free[0], reading, "a_0"),
            _below_one(sized, sizes),
            _inputs(on, sizes, delay=0),
        ], _stays(on, driven, free)

    return check


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


def _inputs(on: Case, sizes: Sequence[Ball], *, delay: int) -> Finding:
    d = balls.ball(on.radius_of(_WHAT))
    found = [
        at_most(f"|u_{t}| <= (1 - lambda_{t - delay}) d", length(u), (1 - sizes[t - delay]) * d)
        for t, u in enumerate(on.driving_inputs(), start=1)
    ]
    return every(f"|u_t| <= (1 - lambda_{'t' if delay == 0 else '{t-1}'}) d", found)


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
    "a_0 lies in Gamma(X)",
    "abar_t is the autonomous orbit from a_0, and lambda_t < 1 bounds the size of M' on the ball of radius d around it",
    "|u_t| < (1 - lambda_t) d for all t > 0",
)
_CONCLUSION: Final = "|a_t - abar_t| <= d for all t, and the ball around abar_t meets X in the limit"

STATEMENTS: Final = (
    Statement(
        "T3", "Bounded inputs keep the state near its autonomous orbit", "BSF94, Theorem 3", "norm",
        _HYPOTHESES, _CONCLUSION, Verdict.REFUTED,
        "The input u_t is added after a step from the ball around abar_{t-1}, whose expansion is lambda_{t-1}, but it "
        "is bounded by lambda_t. Where the orbit runs into stronger contraction, lambda_t is the smaller of the two "
        "and allows inputs that are too large.",
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
        "|a_t - abar_t| <= d for all t; if abar_t converges to X, the ball around it meets X in the limit",
        Verdict.PROVED,
        "By induction: |a_{t+1} - abar_{t+1}| <= |M(a_t) - M(abar_t)| + |u_{t+1}| <= lambda_t d + (1 - lambda_t) d = "
        "d, the first bound by the mean value inequality on a ball, which is convex.",
        None, None, repaired_checker(),
        "a map, start, inputs, and radius d",
    ),
)  # fmt: skip
"""Theorem 3 as printed, in both readings, and repaired."""
