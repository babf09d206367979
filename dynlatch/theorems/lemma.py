"""The Lemma of the appendix: whether gradients explode along a trajectory on the boundary between two basins."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final, Literal

import sympy as sp

from dynlatch.errors import InputError
from dynlatch.latch.derivation_neuron import neuron_form
from dynlatch.maps.balls import ball_map
from dynlatch.maps.catalogue import tanh_network
from dynlatch.maps.definition import Map, TanhLayer
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import float_below
from dynlatch.rigor.krawczyk import Ball
from dynlatch.theorems.cases import Case, State, Vector, case
from dynlatch.theorems.findings import Finding, at_most, every, exactly, less, unknown
from dynlatch.theorems.measures import Reading, gradients, size, size_text, spectral_radius
from dynlatch.theorems.statements import Checker, Statement, Witness
from dynlatch.theorems.telescoping import identical
from dynlatch.theorems.theorem_4 import gradient_plot
from dynlatch.verdict import Verdict

Growth = Literal["above one", "at least one", "any"]

_CLASS: Final = (
    "the printed Lemma needs a boundary that is known exactly: a neuron w tanh a with w > 1, or two units with "
    "W = [[p, q], [q, p]], no bias, and |p - q| <= 1 < p + q (then it is the line a1 + a2 = 0)"
)


def printed_checker(reading: Reading) -> Checker:
    """The printed Lemma: a trajectory on the boundary, off which small changes go to either side, explodes."""

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        needs_known_boundary(on.map)
        inside = _on_the_boundary(on)
        text = "a change of a_0 off the boundary stays on its side for ever, in the basin of one attractor"
        sides = exactly(text, True, "the sum of the units keeps its sign") if inside.holds else unknown(text, "see a_t")
        return [inside, sides], explodes(on, reading)

    return check


def needs_known_boundary(m: Map) -> None:
    """Raises: InputError unless the boundary between the basins of two attractors is known to be sum(a) = 0."""
    form = neuron_form(m)
    if form is not None:
        weight, bias = (x.xreplace(m.values) for x in (form.weight, form.bias))
        if bias != 0 or not bool(weight > 1):
            raise InputError(_CLASS)
        return
    if not (isinstance(m.rule, TanhLayer) and m.dimension == 2 and not any(m.rule.bias)):
        raise InputError(_CLASS)
    (p, q), (r, s) = m.rule.weights
    if (p, q) != (s, r) or not abs(p - q) <= 1 < p + q:
        raise InputError(_CLASS)


def _on_the_boundary(on: Case) -> Finding:
    """Exactly: states whose units add up to 0, or a start and inputs that do (M keeps the line by its symmetry)."""
    given = on.states or (on.start, *on.inputs)
    return exactly("every a_t lies on the boundary, sum(a_t) = 0", all(sum(row, Fraction(0)) == 0 for row in given))


def explodes(on: Case, reading: Reading) -> Finding:
    """Whether |da_t/da_0| -> infinity along a trajectory that repeats, by the product over one period.

    Its spectral radius rho decides: above 1 the norm tends to infinity, below 1 the gradient tends to 0; in the
    spectral reading rho <= 1 refutes as well, while above 1 a period of more than one step leaves steps in between.
    """
    text = f"{size_text(reading).format('da_t/da_0')} -> infinity"
    if not on.periodic:
        return unknown(text, "a limit, which finitely many steps do not decide; give states= with periodic=True")
    *_, product = gradients(on.map, on.orbit())
    radius, one = spectral_radius(product), balls.ball(1)
    found = less(f"{text}: the product over one period has rho > 1", one, radius)
    if found.holds and reading == "spectral" and on.steps > 1:
        return unknown(text, "rho tends to infinity from period to period; the steps in between are not decided")
    if found.fails and reading == "norm" and not radius < 1:
        return unknown(text, "the product over one period has rho = 1, which does not decide it")
    return found


# --- the repair -------------------------------------------------------------------------------------------------------


def repaired_checker(*, growth: Growth = "above one") -> Checker:
    """The repaired Lemma: l M'(a_t) = k_t l with |k_t| >= kappa > 1, so |da_t/da_0| >= kappa^t.

    Its mutants ask for |k_t| >= 1 only ("at least one"), or for nothing ("any"), and conclude that the norm exceeds 1.
    """

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        normal = _normal(on)
        states = on.orbit()[: on.steps]
        rates = [_rates(on.map, normal, a) for a in states]
        sizes = [abs(r[_first(normal)]) for r in rates]
        one = balls.ball(1)
        hypotheses = [every("l M'(a_t) = k_t l", [_kept(on, normal, t, r) for t, r in enumerate(rates)])]
        if growth != "any":
            compare, sign = (less, "<") if growth == "above one" else (at_most, "<=")
            found = [compare(f"1 {sign} |k_{t}|", one, k) for t, k in enumerate(sizes)]
            hypotheses.append(every(f"1 {sign} kappa, the least |k_t|", found))
        products = [size(g, "norm") for g in gradients(on.map, on.orbit())]
        if growth != "above one":
            return hypotheses, every(
                "|da_t/da_0| > 1 for t >= 1", [less(f"|da_{t}/da_0| > 1", one, g) for t, g in enumerate(products, 1)]
            )
        kappa = _below(sizes)
        return hypotheses, every(
            "|da_t/da_0| >= kappa^t", [at_most(f"t = {t}", kappa**t, g) for t, g in enumerate(products, 1)]
        )

    return check


def _normal(on: Case) -> Vector:
    """The covector l, normal to the boundary; any number but 0 for one state."""
    if on.map.dimension == 1 and on.other is None:
        return (Fraction(1),)
    normal = on.other_of("The repaired Lemma", "a covector l that is normal to the boundary")
    if not any(normal):
        raise InputError("other=0 is normal to nothing; give the covector l, one number per state")
    if on.map.dimension > 1 and not isinstance(on.map.rule, TanhLayer):
        raise InputError(
            "the repaired Lemma is checked for one state or a network W tanh(a) + b: there l M'(a_t) = k_t l is exact"
        )
    if sum(v != 0 for v in normal) > 1 and not on.states:
        raise InputError("the repaired Lemma compares states exactly; give states=, the trajectory itself")
    return normal


def _first(normal: Vector) -> int:
    return next(j for j, v in enumerate(normal) if v)


def _rates(m: Map, normal: Vector, state: State) -> list[Ball]:
    """(l M'(a))_j / l_j, and (l M'(a))_j where l_j = 0."""
    rows = ball_map(m).jacobian(state)
    image = [sum((balls.ball(v) * row[j] for v, row in zip(normal, rows, strict=True) if v), balls.ball(0))
             for j in range(m.dimension)]  # fmt: skip
    return [x / balls.ball(v) if v else x for x, v in zip(image, normal, strict=True)]


def _kept(on: Case, normal: Vector, t: int, rates: Sequence[Ball]) -> Finding:
    """l M'(a_t) = k_t l: exact where l W = lambda l and all |a_j| with l_j != 0 are equal; balls can only refute it."""
    text = f"l M'(a_{t}) = k_{t} l"
    support = [j for j, v in enumerate(normal) if v]
    k = rates[support[0]]
    if any(not (x.contains(0) if j not in support else x.overlaps(k)) for j, x in enumerate(rates)):
        return exactly(text, False, "balls")
    if on.map.dimension == 1:
        return exactly(text, True, "one state")
    assert isinstance(on.map.rule, TanhLayer)
    weights = on.map.rule.weights
    image = [sum((v * row[j] for v, row in zip(normal, weights, strict=True)), Fraction(0)) for j in range(len(normal))]
    factor = image[support[0]] / normal[support[0]]
    equal = len(support) == 1 or len({abs(on.states[t][j]) for j in support}) == 1
    if equal and all(x == factor * v for x, v in zip(image, normal, strict=True)):
        return exactly(text, True)
    return unknown(text, "neither exact nor refuted by balls")


def _below(sizes: Sequence[Ball]) -> Ball:
    """kappa: a double below all of them, so that equality can be decided; nan where nothing is known."""
    try:
        return balls.ball(min((float_below(balls.ends(k)[0]) for k in sizes), default=1.0))
    except ArithmeticError:
        return balls.ball(0) / balls.ball(0)


# --- witnesses --------------------------------------------------------------------------------------------------------

_HELD: Final = case(
    tanh_network([["5/4", "3/4"], ["3/4", "5/4"]]), states=[[2, -2]], periodic=True
)  # fmt: skip

IDEMPOTENT: Final = tanh_network([[-2, 6], [-1, 3]])
"""W = p q with p = (2, 1) as a column and q = (-1, 3) as a row, q p = 1: so W^2 = W."""

_t = sp.Symbol("tau", positive=True)


def bounded_on_the_boundary(reading: Reading) -> Sequence[Finding]:
    """W = [[-2, 6], [-1, 3]], a_0 = 0, no inputs: on the boundary for ever, and the gradient is W for ever."""
    w = sp.Matrix([[-2, 6], [-1, 3]])
    p, q = sp.Matrix([2, 1]), sp.Matrix([[-1, 3]])
    x = 2 * _t / (1 + _t**2)
    along = 3 * _t - x
    rise = along - sp.atanh(_t)
    below = 1 - _t**2
    slope = _t**2 * (5 - 6 * _t**2 - 3 * _t**4) / ((1 + _t**2) ** 2 * below)
    norm = sp.sqrt((w.T * w).trace())
    found = [
        exactly("W = p q and q p = 1, so M(a) = s p with s = q tanh(a), and W W = W", p * q == w and w * w == w),
        identical(
            "on the line a = s p with tau = tanh s: the next s is 3 tau - tanh 2s = tau (1 + 3 tau^2) / (1 + tau^2), "
            "of the sign of s",
            along, _t * (1 + 3 * _t**2) / (1 + _t**2),
        ),
        identical(
            "it rises with tau: its slope is (1 + 8 tau^2 + 3 tau^4) / (1 + tau^2)^2",
            sp.diff(along, _t), (1 + 8 * _t**2 + 3 * _t**4) / (1 + _t**2) ** 2,
        ),
        exactly("next s - s is 0 at s = 0", rise.subs(_t, 0) == 0),
        identical(
            "its slope in tau is tau^2 (5 - 6 tau^2 - 3 tau^4) over a positive number: positive up to one tau, then "
            "negative; and next s < 2, so s rises from 0 to the one fixed point s* > 0 and falls to it from above",
            sp.diff(rise, _t), slope,
        ),
        exactly("M'(0) = W and a_t = 0, so that da_t/da_0 = W^t = W for every t >= 1", w * w == w),
    ]  # fmt: skip
    last = (
        exactly("|da_t/da_0| = |p| |q| = sqrt 50 for every t >= 1: it does not tend to infinity", norm == sp.sqrt(50))
        if reading == "norm"
        else exactly(
            "rho(da_t/da_0) = q p = 1 for every t >= 1: it does not tend to infinity, nor does the norm, sqrt 50",
            (q * p)[0] == 1 and norm == sp.sqrt(50),
        )
    )
    return [*found, last]


_TITLE: Final = "Gradients explode on the boundary between two basins"
_HYPOTHESES: Final = (
    "a_t stays on the boundary between the basins of two attractors for all t",
    "an infinitesimal change of a_0 puts the state into either basin, where it stays",
)

STATEMENTS: Final = (
    Statement(
        "Lemma", _TITLE, "BSF94, Lemma (appendix C)", "norm", _HYPOTHESES, "|da_t/da_0| -> infinity",
        Verdict.REFUTED,
        "Inputs can hold the state at a place of the boundary where every slope is small. The units of (2, -2) are "
        "saturated: M' is W sech^2 2, whose eigenvalues are 0.1413 and 0.0353, so that the gradient tends to 0, while "
        "a state with a1 + a2 > 0 keeps that sign for ever and goes to (abar, abar) once the inputs end. Without any "
        "inputs it fails as well: the witness of the other reading has the norm sqrt 50 at every t.",
        Witness(
            "W = [[5/4, 3/4], [3/4, 5/4]], a_t = (2, -2) held by a constant input: |da_t/da_0| = 0.1413^t -> 0",
            _HELD, plot=lambda: gradient_plot(_HELD, "On the boundary, and the gradient vanishes"),
        ),
        "Lemma'", printed_checker("norm"),
        "a neuron with w > 1 or two units W = [[p, q], [q, p]], |p - q| <= 1 < p + q; states that repeat",
    ),
    Statement(
        "Lemma", _TITLE, "BSF94, Lemma (appendix C)", "spectral", _HYPOTHESES, "rho(da_t/da_0) -> infinity",
        Verdict.REFUTED,
        "Even without inputs: a boundary may repel so weakly that the derivative does not see it. Here 0 is a fixed "
        "point on the boundary, and along (2, 1) the map is s -> s + (5/3) s^3 - ...: every small change grows and "
        "ends at one of two attractors, but the derivative has the eigenvalue 1 there, and W^2 = W.",
        Witness(
            "W = [[-2, 6], [-1, 3]], W^2 = W, no inputs, a_t = 0: da_t/da_0 = W for ever, radius 1, norm sqrt 50",
            argument=lambda: bounded_on_the_boundary("spectral"),
            plot=lambda: gradient_plot(
                case(IDEMPOTENT, states=[[0, 0]], periodic=True), "On the boundary, and the gradient is constant"
            ),
        ),
        "Lemma'", printed_checker("spectral"),
        "a neuron with w > 1 or two units W = [[p, q], [q, p]], |p - q| <= 1 < p + q; states that repeat",
    ),
    Statement(
        "Lemma'", "Gradients explode where the boundary repels at every step", "repairs BSF94, Lemma", "norm",
        (
            "l is a covector, not 0, normal to the boundary all along the trajectory: l M'(a_t) = k_t l",
            "|k_t| >= kappa > 1 for all t",
        ),
        "|da_t/da_0| >= kappa^t for all t, and so does the spectral radius; the neuron held at 0 has exactly w^t",
        Verdict.PROVED,
        "l da_t/da_0 = k_{t-1} ... k_0 l: the product of the k is an eigenvalue of the gradient. Where the normal "
        "turns, l_{t+1} M'(a_t) = k_t l_t with unit covectors, the norm is at least kappa^t by the same line. That the "
        "boundary is kept makes l M' parallel to l; that it repels at once, |k_t| >= kappa, is what the printed Lemma "
        "lacks.",
        None, None, repaired_checker(),
        "one state, or a network W tanh(a) + b with states= given exactly, and other= (l)",
    ),
)  # fmt: skip
"""The Lemma as printed, in both readings, and repaired."""
