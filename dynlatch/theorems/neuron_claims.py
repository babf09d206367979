"""The claims of Section III about the latching neuron a_t = w tanh(a_{t-1}) + h_t, w > 1, and its critical input h*."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Final

import sympy as sp

from dynlatch.errors import InputError
from dynlatch.latch.derivation_checks import check_identity
from dynlatch.latch.neuron_state import critical_of, latched_state, latching_weight
from dynlatch.latch.tradeoff_proof import BELOW_ONE, check_positive
from dynlatch.latch.transient_neuron import neuron_transient
from dynlatch.maps.balls import ball_of
from dynlatch.maps.catalogue import neuron
from dynlatch.maps.definition import Map
from dynlatch.rigor import balls
from dynlatch.rigor.krawczyk import Ball
from dynlatch.theorems.cases import MAX_STEPS, Case
from dynlatch.theorems.findings import Finding, at_most, every, less, unknown
from dynlatch.theorems.measures import READ_AS
from dynlatch.theorems.statements import BITS, Checker, Plot, Statement, Witness
from dynlatch.verdict import Verdict

_WHAT: Final = "the critical input h*"


@lru_cache(maxsize=256)
def _weight(m: Map) -> sp.Expr:
    """The exact weight. Raises: InputError for a map that is no latching neuron."""
    return latching_weight(m, _WHAT)


def critical_ball(m: Map) -> Ball:
    """h* of a neuron. Raises: InputError for another map, and for w <= 1."""
    return ball_of(critical_of(_weight(m)))


def edge_ball(m: Map) -> Ball:
    """a_c = arcosh(sqrt w), where the slope of w tanh a is 1. Raises: InputError as ``critical_ball``."""
    return ball_of(sp.acosh(sp.sqrt(_weight(m))))


def latched_ball(m: Map) -> Ball:
    """abar > 0 with abar = w tanh abar; nan where it could not be enclosed. Raises: InputError as ``critical_ball``."""
    found = latched_state(_weight(m), BITS)
    return balls.ball(0) / balls.ball(0) if found is None else balls.ball(found)


def _inputs(on: Case) -> list[Ball]:
    return [u[0] for u in on.driving_inputs()]


def _states(on: Case) -> list[Ball]:
    return [a[0] for a in on.orbit()]


# --- checkers ---------------------------------------------------------------------------------------------------------


def hold_checker(*, factor: Fraction = Fraction(1), from_edge: bool = True) -> Checker:
    """Inputs of at most ``factor`` h* keep the sign of a state that starts at or beyond the edge.

    Its mutants take a factor above 1, or any start that is not 0.
    """

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        bound, edge, start = critical_ball(on.map) * balls.ball(factor), edge_ball(on.map), balls.ball(on.start[0])
        side, size = balls.ball(-1 if on.start[0] < 0 else 1), balls.absolute(start)
        begins = at_most("a_c <= |a_0|", edge, size) if from_edge else less("0 < |a_0|", balls.ball(0), size)
        bounded = [at_most(f"|h_{t}| <= h*", balls.absolute(h), bound) for t, h in enumerate(_inputs(on), start=1)]
        kept = [less(f"0 < |a_{t}|, on the side of a_0", balls.ball(0), side * a) for t, a in enumerate(_states(on))]
        return [begins, every("|h_t| <= h* for all t", bounded)], every("a_t keeps the sign of a_0", kept)

    return check


def flip_checker() -> Checker:
    """The printed claim: inputs above h* flip the neuron at some time.

    A case of finitely many steps can confirm that but never refute it.
    """

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        goal, text = latched_ball(on.map), "a_t > abar at some t"
        flipped = [less(f"{text}: at t = {t}", goal, a) for t, a in enumerate(_states(on))]
        found = next((f for f in flipped if f.holds), None)
        why = f"not within the {on.steps} steps of the case, and the claim names no number of steps"
        return _beyond_critical(on), unknown(text, why) if found is None else found

    return check


def flip_repaired_checker(*, early: int = 0) -> Checker:
    """Inputs of at least H > h* carry the state beyond abar within L_1(H, w) steps, and keep it there.

    H is the least input of the case. A mutant allows ``early`` steps less.
    """

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        goal, states = latched_ball(on.map), _states(on)
        text = "a_t > abar from t = L_1(H, w) on"
        hypotheses = _beyond_critical(on)
        steps = neuron_transient(on.map, _least_input(on), max_steps=MAX_STEPS).steps
        if steps is None:
            return hypotheses, unknown(text, f"L_1(H, w) was not counted up to {MAX_STEPS}")
        first = steps - early
        if first > on.steps:
            return hypotheses, unknown(text, f"L_1(H, w) = {steps}, and the case has {on.steps} steps")
        beyond = [less(f"abar < a_{t}", goal, a) for t, a in enumerate(states) if t >= first]
        return hypotheses, every(f"{text} (it is {steps})", beyond)

    return check


def _least_input(on: Case) -> Fraction:
    if not on.steps:
        raise InputError("the claim speaks of inputs h_t; give inputs=, at least one number")
    if on.states:
        return min(balls.ends(h)[0] for h in _inputs(on))
    return min(u[0] for u in on.inputs)


def _beyond_critical(on: Case) -> list[Finding]:
    """a_0 at -abar or above it, and inputs beyond h*."""
    _least_input(on)  # refuses a case without inputs
    critical, start = critical_ball(on.map), balls.ball(on.start[0])
    above = [less(f"h* < h_{t}", critical, h) for t, h in enumerate(_inputs(on), start=1)]
    return [
        at_most("-abar <= a_0", balls.neg(latched_ball(on.map)), start),
        every("h* < h_t for all t", above),
    ]


def rise_checker() -> Checker:
    """h*(w) < h*(w') for w < w'; w' is the case's ``other``."""

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        weight = _weight(on.map)
        (second,) = on.other_of("the claim that h* rises with w", "a second weight w'")
        hypothesis = less("w < w'", ball_of(weight), balls.ball(second))
        if not hypothesis.holds:
            return [hypothesis], unknown("h*(w) < h*(w')", "w' does not exceed w")
        larger = ball_of(critical_of(sp.Rational(second.numerator, second.denominator)))
        return [hypothesis], less("h*(w) < h*(w')", critical_ball(on.map), larger)

    return check


def shorter_checker(*, strict: bool = False) -> Checker:
    """L_1(h', w) <= L_1(h, w) for h* < h <= h'; h is the case's constant input, h' its ``other``.

    A mutant asks for fewer steps (``strict``).
    """
    sign = "<" if strict else "<="

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        critical = critical_ball(on.map)  # first of all, as it refuses maps of another class
        (second,), first = on.other_of("the claim that L_1 falls with h", "a second input h'"), _least_input(on)
        if on.states or len(set(on.inputs)) != 1:
            raise InputError("L_1(h, w) belongs to a constant input; give inputs= with one number, repeated or alone")
        low, high = balls.ball(first), balls.ball(second)
        hypotheses = [less("h* < h", critical, low), at_most("h <= h'", low, high)]
        long, short = (neuron_transient(on.map, h, max_steps=MAX_STEPS).steps for h in (first, second))
        text = f"L_1(h', w) {sign} L_1(h, w)"
        if long is None or short is None:
            return hypotheses, unknown(text, f"a transient was not counted up to {MAX_STEPS} steps")
        compare = less if strict else at_most
        return hypotheses, compare(f"{text}: {short} {sign} {long}", balls.ball(short), balls.ball(long))

    return check


# --- the inputs that fall to h* and flip nothing ----------------------------------------------------------------------

_W, _C, _D, _S, _X, _V = sp.symbols("w c d s x v", positive=True)
_SHOWN_WEIGHT: Final = 2
_SHOWN_STEPS: Final = 60


def next_gap(w: sp.Expr, c: sp.Expr, d: sp.Expr) -> sp.Expr:
    """d_t = (w tanh(a_c + d_{t-1}) - w tanh a_c) / 2, as an expression; c stands for a_c."""
    return (w * sp.tanh(c + d) - w * sp.tanh(c)) / 2


def never_flips() -> Sequence[Finding]:
    """For every w > 1 inputs h_t > h* from a_0 = -abar under which a_t < -a_c for ever. Rigor: exact, and balls."""
    following, critical = next_gap(_W, _C, _D), _W * sp.tanh(_C) - _C
    root = sp.sqrt(1 - 1 / _W)
    falls = (1 - _X**2) / (1 - _S**2)  # the slope w sech^2 a at x = tanh a, where w = 1 / (1 - s^2)
    s = BELOW_ONE
    below, beyond = s / (1 + _V), s + (1 - s) / (1 + _V)  # any x in (0, s), any x in (s, 1)
    return [
        _same("h* = w tanh a_c - a_c with tanh a_c = sqrt(1 - 1/w)", _W * root - sp.atanh(root), critical_of(_W), True),
        _same(
            "from a = -a_c - d the input h* + d' with d' = (w tanh(a_c + d) - w tanh a_c) / 2 leads to -a_c - d'",
            _W * sp.tanh(-_C - _D) + critical + following, -_C - following,
        ),
        _same(
            "1 - slope of w tanh a = (x^2 - s^2) / (1 - s^2), x = tanh a, s = tanh a_c",
            1 - falls, (_X**2 - _S**2) / (1 - _S**2),
        ),
        _positive(
            "below a_c the slope exceeds 1, so that w tanh a - a > 0 on (0, a_c] and d_0 = abar - a_c > 0",
            (falls - 1).xreplace({_X: below, _S: s}),
        ),
        _positive(
            "beyond a_c the slope is below 1, so that 0 < d' < d / 2 for every d > 0",
            (1 - falls).xreplace({_X: beyond, _S: s}),
        ),
        *_shown_orbit(),
    ]  # fmt: skip


def _same(text: str, left: sp.Expr, right: sp.Expr, from_one: bool = False) -> Finding:
    limits = {_W: Fraction(1)} if from_one else None
    found = check_identity(left, right, limits, anchor=limits)
    return Finding(text, found.verdict, None, found.what)


def _positive(text: str, expression: sp.Expr) -> Finding:
    found = check_positive(sp.together(expression))
    return Finding(text, found.verdict, None, found.what)


def falling_inputs(m: Map, steps: int) -> tuple[list[Ball], list[Ball]]:
    """The inputs h_1, ... of the refutation and the states a_0, a_1, ... that the neuron itself has under them."""
    w, edge, critical = ball_of(_weight(m)), edge_ball(m), critical_ball(m)
    gap, states, inputs = latched_ball(m) - edge, [balls.neg(latched_ball(m))], list[Ball]()
    for _ in range(steps):
        gap = (w * (edge + gap).tanh() - w * edge.tanh()) / 2
        inputs.append(critical + gap)
        states.append(w * states[-1].tanh() + inputs[-1])
    return inputs, states


def _shown_orbit() -> list[Finding]:
    m = neuron(_SHOWN_WEIGHT)
    inputs, states = falling_inputs(m, _SHOWN_STEPS)
    critical, edge = critical_ball(m), balls.neg(edge_ball(m))
    where = f"w = {_SHOWN_WEIGHT}, the first {_SHOWN_STEPS} steps"
    return [
        every(f"h* < h_t ({where})", [less(f"h* < h_{t}", critical, h) for t, h in enumerate(inputs, start=1)]),
        every(f"a_t < -a_c ({where})", [less(f"a_{t} < -a_c", a, edge) for t, a in enumerate(states)]),
    ]


def _never_flips_plot() -> Plot:
    """The state that creeps towards -a_c, for w = 2, beside one under a constant input a little above h*."""
    w, steps = float(_SHOWN_WEIGHT), 24
    edge = math.acosh(math.sqrt(w))
    critical = w * math.tanh(edge) - edge
    latch = 2.0
    for _ in range(200):
        latch = w * math.tanh(latch)
    falling, constant, gap = [-latch], [-latch], latch - edge
    for _ in range(steps):
        gap = (w * math.tanh(edge + gap) - w * math.tanh(edge)) / 2
        falling.append(w * math.tanh(falling[-1]) + critical + gap)
        constant.append(w * math.tanh(constant[-1]) + critical + 0.05)
    times = tuple(float(t) for t in range(steps + 1))
    return Plot(
        "Inputs above h* that fall to it, w = 2", "t (steps)", "a_t",
        (("h_t > h*, falling to h*", times, tuple(falling)), ("h = h* + 0.05", times, tuple(constant))),
        level=-edge, level_label="-a_c",
    )  # fmt: skip


# --- the statements ---------------------------------------------------------------------------------------------------

_SECTION: Final = "BSF94, Section III"
_NEURON: Final = "a_t = w tanh(a_{t-1}) + h_t with w > 1, and x_t = tanh a_t"
_FROM: Final = "a_0 = -abar, the lower of the two attractors +-abar"

_HOLD: Final = tuple(
    Statement(
        "hold", "Inputs below h* keep the sign of a latched neuron", _SECTION, reading,
        (_NEURON, "a_0 = -abar or abar (any |a_0| >= a_c will do)", "|h_t| < h* for all t (|h_t| <= h* will do)"),
        "x_t keeps its sign for ever", Verdict.PROVED,
        "w tanh a - a is least, -h*, at -a_c among all a <= 0. So a <= -a_c and h <= h* give w tanh a + h <= -w tanh "
        "a_c + h* = -a_c: the half-line up to -a_c is never left, nor, as tanh is odd, its mirror image. A state is "
        "one number, so the two readings agree.",
        checker=hold_checker(), needs="a neuron with w > 1, start with |a_0| >= a_c, inputs",
    ) for reading in READ_AS
)  # fmt: skip

_FLIP: Final = tuple(
    Statement(
        "flip", "Inputs above h* flip a latched neuron after finitely many steps", _SECTION, reading,
        (_NEURON, _FROM, "h_t > h* for all t"),
        "there is a finite L_1 with x_t > xbar at t = L_1", Verdict.REFUTED,
        "Nothing keeps h_t away from h* (one constant input h > h* flips the neuron: flip' with H = h). Inputs that "
        "fall to h* fast enough let the state creep up to -a_c without ever passing it: with d_0 = abar - a_c, d_t = "
        "(w tanh(a_c + d_{t-1}) - w tanh a_c) / 2 and h_t = h* + d_t the state is -a_c - d_t at every t, for every w > "
        "1.",
        Witness(
            "every w > 1: h_t = h* + d_t, d_0 = abar - a_c, d_t = (w tanh(a_c + d_{t-1}) - w tanh a_c)/2: "
            "a_t = -a_c - d_t for ever",
            argument=never_flips, plot=_never_flips_plot,
        ),
        "flip'", flip_checker(), "a neuron with w > 1, start >= -abar, inputs",
    ) for reading in READ_AS
)  # fmt: skip

_FLIP_REPAIRED: Final = Statement(
    "flip'", "Inputs that stay above some H > h* flip a latched neuron within L_1(H, w) steps",
    f"repairs {_SECTION}", "norm",
    (_NEURON, "a_0 >= -abar", "h_t >= H > h* for all t"),
    "x_t > xbar for all t >= L_1(H, w), the first t at which the constant input H has carried -abar beyond abar; and "
    "L_1(H, w) <= 1 + 2 abar / (H - h*)",
    Verdict.PROVED,
    "Up to abar a step under the constant input H rises by w tanh a - a + H >= H - h*, so abar is passed after at most "
    "1 + 2 abar / (H - h*) steps. As tanh rises, larger inputs and a higher start keep the state above that orbit, and "
    "beyond abar a positive input leads back no more.",
    checker=flip_repaired_checker(), needs="a neuron with w > 1, start >= -abar, inputs (H is the least of them)",
)  # fmt: skip

_RISE: Final = tuple(
    Statement(
        "rise", "The critical input rises with the weight", _SECTION, reading,
        ("1 < w < w'",), "h*(w) < h*(w')", Verdict.PROVED,
        "h* = sqrt(w (w - 1)) - arcosh(sqrt w), whose slope in w is sqrt(1 - 1/w) = tanh a_c > 0. No size of a matrix "
        "is involved, so the two readings agree.",
        checker=rise_checker(), needs="a neuron with w > 1, any start, and other, the second weight",
    ) for reading in READ_AS
)  # fmt: skip

_SHORTER: Final = tuple(
    Statement(
        "shorter", "A larger input flips the neuron no later", _SECTION, reading,
        (_NEURON, _FROM, "h* < h <= h', both constant"),
        "L_1(h', w) <= L_1(h, w), where L_1 is the first t with x_t > xbar", Verdict.PROVED,
        "As tanh rises, a_t <= a'_t and h <= h' give a_{t+1} <= a'_{t+1}: the orbit under h' is nowhere behind, so it "
        "passes abar no later. A strict decrease cannot be meant, as L_1 is a whole number: it is 1 for every h > 2 "
        "abar.",
        checker=shorter_checker(), needs="a neuron with w > 1, any start, inputs (one constant h), and other, the h'",
    ) for reading in READ_AS
)  # fmt: skip

STATEMENTS: Final = (*_HOLD, *_FLIP, _FLIP_REPAIRED, *_RISE, *_SHORTER)
"""The neuron's claims as printed, in both readings, and the one that needs a repair."""
