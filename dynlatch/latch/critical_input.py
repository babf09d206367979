"""The critical input: how much constant input a latch withstands before its attractor ends in a fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import sympy as sp

from dynlatch.errors import InputError
from dynlatch.latch.cycle_system import CycleSystem
from dynlatch.latch.derivation_checks import enclose
from dynlatch.latch.derivation_neuron import NeuronForm, neuron_form, neuron_formulas
from dynlatch.latch.fixed_points import Point
from dynlatch.latch.fold_branch import Fold, attracting_points, folds_along
from dynlatch.maps.balls import ball_of
from dynlatch.maps.definition import Map, exact_fraction
from dynlatch.maps.evaluators import numpy_map
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.verdict import Stop, Verdict


@dataclass(frozen=True, slots=True, repr=False)
class CriticalInput:
    """The least constant input along a direction at which an attractor of the map is lost in a fold.

    ``value`` encloses that size of h (dimensionless, not negative) in a -> M(a) + sign h direction, None if no
    fold was proved; ``state`` is where the fold is. ``expression``, ``derivative`` (with respect to the weight) and
    ``series`` (in ``e``, the weight minus 1, at input 0) are exact and exist for the neuron only.
    ``folds`` has one entry per attractor and sign (for the neuron: per attractor). ``reason`` says in words what
    ``verdict`` stands on.
    """

    map: Map
    value: Enclosure | None
    expression: sp.Expr | None
    derivative: sp.Expr | None
    series: sp.Expr | None
    state: Point | None
    direction: tuple[Fraction, ...]
    sign: int
    folds: tuple[Fold, ...]
    verdict: Verdict
    stop: Stop
    reason: str

    @property
    def stable_until(self) -> float | None:
        """The h at which the driven attractor loses stability before this fold (measured), None if it does not."""
        return next((f.stable_until for f in self.folds if f.value is not None and f.state == self.state), None)

    def __repr__(self) -> str:
        along = "" if len(self.direction) == 1 else f" along ({', '.join(map(str, self.direction))})"
        value = "none" if self.value is None else f"{float(self.value):.15g}..., width {self.value.width:.1e},"
        formula = "" if self.expression is None else f" = {self.expression}"
        return f"CriticalInput({value}{formula}{along}, {self.verdict}: {self.reason})"


def critical_input(m: Map, direction: Sequence[object] | None = None) -> CriticalInput:
    """Find the input at which a latched state disappears: h* with a = M(a) + h e at a fold.

    For the neuron w tanh(a) + h_0, whatever the map is called, SymPy derives h* = sqrt(w(w - 1)) - arcosh(sqrt w)
    and the result is PROVED. A constant input h_0 it already has is counted: the two folds are at total input
    +-h*, so the nearer one is h* - abs(h_0) away, which is the value; its sign is that of h_0.

    For other maps the branch of each attracting fixed point is followed in floats with both signs of h until
    det(M' - I) changes sign, and the fold there is proved in balls (``fold_branch.certify_fold``). PROVED then says:
    a simple fold with this h and state exists. It is measured, not proved, that the branch from the attractor meets
    no other fold before, and that the attractor stays stable up to it (``Fold.stable_until``). Attractors are the
    attracting fixed points in the map's domain: all of them up to 4 states, above that those which a seeded sample
    finds. INCONCLUSIVE, with value None, if no fold was met; INCONCLUSIVE with a value if a smaller one was seen but
    not proved.

    Arguments: ``direction``, e as n exact numbers, by default (1, ..., 1), the same input to every state; it is
    taken as it is, not normalised.
    Raises: InputError for a direction of the wrong length or without a nonzero entry, and for a neuron with w <= 1 or
    with a constant input beyond h*, which has one attractor only.
    Source: BSF94, Section III. Rigor: certified, in the sense above. Cost: milliseconds for the neuron after
    a first call of about 0.3 s, else about 0.1 s per attractor and sign.

    >>> from dynlatch.maps.catalogue import neuron
    >>> critical_input(neuron(2)).expression
    sqrt(w)*sqrt(w - 1) - acosh(sqrt(w))
    """
    along = read_direction(m, direction)
    form = neuron_form(m)
    return _general(m, along) if form is None else _neuron(m, form, along)


def read_direction(m: Map, direction: Sequence[object] | None) -> tuple[Fraction, ...]:
    """The direction of a constant input as one exact number per state, by default 1 for every state.

    Raises: InputError for a wrong length, an entry that is no finite number, or the zero vector.
    """
    if direction is None:
        return (Fraction(1),) * m.dimension
    try:
        entries = list(direction)
    except TypeError:
        raise InputError(
            f"direction={direction!r} is not a vector; give {m.dimension} numbers, one per state"
        ) from None
    if len(entries) != m.dimension:
        raise InputError(
            f"direction has {len(entries)} entries but {m.name} has {m.dimension} states; give one per state"
        )
    found = tuple(exact_fraction(v, f"direction[{i}]") for i, v in enumerate(entries))
    if not any(found):
        raise InputError("direction is the zero vector, along which no input acts; give at least one nonzero entry")
    return found


def _neuron(m: Map, form: NeuronForm, along: tuple[Fraction, ...]) -> CriticalInput:
    weight: sp.Expr = form.weight.xreplace(m.values)
    bias: sp.Expr = form.bias.xreplace(m.values)
    name = str(form.symbol)
    if not _is_above(weight, sp.S.One):
        why = "at or below it the neuron has one attractor and h* does not exist"
        raise InputError(f"{name}={_shown(weight)} must exceed 1: {why}; take a larger {name}")
    f = neuron_formulas()
    size = sp.Abs(bias)
    whole = f.of(f.critical, weight)
    if not bias.is_zero and not _is_above(whole, size):
        raise InputError(
            f"the constant input {_shown(bias)} must stay below h* = {float(enclose(whole)):.6g} in size: at or beyond "
            f"it the neuron has one attractor; use a smaller input or a larger {name}"
        )
    scale = sp.Rational(along[0].numerator, along[0].denominator)
    factor = 1 / abs(scale)
    towards = -1 if _is_above(sp.Integer(0), bias) else 1  # of the total input at the nearer fold
    written = form.weight if form.weight.free_symbols else form.symbol
    edge = enclose(f.of(f.edge, weight))
    expression = f.of(f.critical, written) - (sp.Abs(form.bias) if not bias.is_zero else 0)
    folds = tuple(
        _neuron_fold(m, enclose((side * whole - bias) / scale), -edge if side > 0 else edge)
        for side in (towards, -towards)
    )
    return CriticalInput(
        m, enclose((whole - size) * factor), factor * expression, factor * f.of(f.derivative, written),
        factor * f.critical_series if bias.is_zero else factor * (f.critical_series - sp.Abs(form.bias)),
        folds[0].state, along, towards if scale > 0 else -towards, folds, Verdict.PROVED, Stop.SOLVED,
        "closed form, derived exactly",
    )  # fmt: skip


def _neuron_fold(m: Map, value: Enclosure, state: Enclosure) -> Fold:
    """The fold at a state on the edge, which ends the attractor on the same side of 0."""
    sign = 1 if value.lower > 0 else -1
    return Fold(
        _latched(m, state), sign, value, (state,), None, Verdict.PROVED, Stop.SOLVED, "closed form, derived exactly",
        float(value),
    )  # fmt: skip


def _latched(m: Map, edge: Enclosure) -> Point | None:
    """The neuron's attractor beyond the given edge: Newton's method from afar, then a proof; None if that fails."""
    evaluator, a = numpy_map(m), np.array([[float(m.domain[0][1 if float(edge) > 0 else 0])]])
    with np.errstate(all="ignore"):
        for _ in range(200):
            a = a - (evaluator.step(a) - a) / (evaluator.jacobian(a)[0] - 1)
    try:
        found = CycleSystem(m, 1).certify(a[:, 0]) if np.isfinite(a[0, 0]) else None
    except ArithmeticError:
        return None
    if found is None or not (found[0].lower > edge.upper if float(edge) > 0 else found[0].upper < edge.lower):
        return None
    return found


def _general(m: Map, along: tuple[Fraction, ...]) -> CriticalInput:
    attractors, complete = attracting_points(m)
    folds = folds_along(m, along)
    proved = [f for f in folds if f.value is not None]
    unproved = [abs(f.measured) for f in folds if f.value is None and f.measured is not None]
    lost = [f for f in folds if f.value is None and f.measured is None and f.stop is not Stop.SOLVED]

    def result(best: Fold | None, verdict: Verdict, stop: Stop, reason: str) -> CriticalInput:
        value = None if best is None or best.value is None else _size(best.value)
        if best is not None and best.stable_until is not None:
            reason += (
                f"; the attractor itself is lost earlier, to a flip or a rotation near h = {best.stable_until:.6g}"
            )
        return CriticalInput(
            m, value, None, None, None, best.state if best else None, along, best.sign if best else 1, folds, verdict,
            stop, reason if complete else f"{reason}; there may be attractors that were not found",
        )  # fmt: skip

    if not attractors:
        return result(None, Verdict.INCONCLUSIVE, Stop.STUCK, "no attracting fixed point was found in the domain")
    if not proved:
        stop = Stop.STUCK if unproved or lost else Stop.SOLVED
        reason = next((f.reason for f in folds if f.measured is not None), "no branch met a fold: " + folds[0].reason)
        return result(None, Verdict.INCONCLUSIVE, stop, reason)
    best = min(proved, key=lambda f: abs(float(f.value or 0)))
    smallest = abs(float(best.value or 0))
    if any(h < smallest for h in unproved):
        return result(
            best, Verdict.INCONCLUSIVE, Stop.STUCK, f"a change of sign at h = {min(unproved):.6g} was not proved a fold"
        )
    reason = "this fold is proved to exist; that no branch meets one earlier is measured"
    if lost:
        reason += f", except that {len(lost)} of {len(folds)} branches could not be followed to their end"
    return result(best, Verdict.PROVED, Stop.SOLVED, reason)


def _size(value: Enclosure) -> Enclosure:
    if value.lower >= 0:
        return value
    return -value if value.upper <= 0 else Enclosure(Fraction(0), max(-value.lower, value.upper))


def _is_above(left: sp.Expr, right: sp.Expr) -> bool:
    """Whether left > right for exact real numbers; numbers that no precision can tell apart count as equal."""
    if left.is_Rational and right.is_Rational:
        return bool(left > right)
    bits = 128
    while bits <= 1 << 14:
        with balls.precision(bits):
            difference = ball_of(left) - ball_of(right)
            if difference > 0 or difference < 0:
                return bool(difference > 0)
        bits *= 2
    return False


def _shown(number: sp.Expr) -> str:
    """A number as a user may have typed it, and never long."""
    if number.is_Rational:
        exact, short = Fraction(int(number.p), int(number.q)), repr(float(number))
        if exact in (Fraction(short), Fraction(float(number))):
            return short.removesuffix(".0")
    text = str(number)
    return text if len(text) <= 24 else str(sp.N(number, 8))
