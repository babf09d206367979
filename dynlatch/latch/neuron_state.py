"""The unbiased neuron a -> w tanh(a), w > 1, to any precision: its weight, its latched state, its critical input."""

from __future__ import annotations

import math
from collections.abc import Sequence

import sympy as sp

from dynlatch.errors import InputError
from dynlatch.latch.critical_input import critical_input
from dynlatch.latch.derivation_neuron import neuron_form, neuron_formulas
from dynlatch.maps.balls import ball_of
from dynlatch.maps.definition import Map
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.rigor.krawczyk import Ball, certify_zero


def latching_weight(m: Map, what: str) -> sp.Expr:
    """The exact weight w > 1 of a map that is the neuron w tanh(a), whatever it is called.

    ``what`` names the quantity asked for, for the messages.
    Raises: InputError for another map, for one with a constant input of its own, and for w <= 1.
    """
    form = neuron_form(m)
    if form is None:
        raise InputError(f"{what} is that of the neuron w tanh(a), which {m.name} is not; give a neuron with w > 1")
    bias: sp.Expr = form.bias.xreplace(m.values)
    if not bias.is_zero:
        raise InputError(
            f"{what} is that of a neuron without an input of its own, but {m.name} has {str(bias)[:24]}; set it to 0"
        )
    critical_input(m)  # refuses w <= 1
    return form.weight.xreplace(m.values)


def critical_of(weight: sp.Expr) -> sp.Expr:
    """h* = sqrt(w(w - 1)) - arcosh(sqrt w) as an exact expression in the given weight."""
    formulas = neuron_formulas()
    return formulas.of(formulas.critical, weight)


def latched_state(weight: sp.Expr, bits: int) -> Enclosure | None:
    """The solution a > 0 of a = w tanh(a), for an exact w > 1, to about ``bits`` bits; None where the proof fails.

    There is one such a only, because w tanh(a) - a is concave for a > 0, 0 at 0 and rises there.
    Rigor: certified, by Krawczyk in balls. Cost: about a millisecond.
    """

    def value(box: Sequence[Ball]) -> list[Ball]:
        return [ball_of(weight) * balls.tanh(box[0]) - box[0]]

    def derivative(box: Sequence[Ball]) -> list[list[Ball]]:
        return [[ball_of(weight) * balls.sech2(box[0]) - 1]]

    found = certify_zero(value, derivative, [_near(weight)], bits=bits)
    return found[0] if found is not None and found[0].lower > 0 else None


def _near(weight: sp.Expr) -> float:
    """The latched state in floats: Newton's method from its right, where w tanh(a) - a is concave and falls."""
    with balls.precision(2048):
        w, excess = float(ball_of(weight)), float(ball_of(weight - 1))
    if not math.isfinite(w):
        raise InputError("the weight is beyond the largest float; give a smaller one")
    a = min(w, math.sqrt(3 * excess) * (1 + excess))  # tanh(a) / a >= 1 - a^2 / 3, so a^2 >= 3 (1 - 1 / w)
    if excess < 1e-9:
        return a  # 0 of the third order would be lost in rounding
    for _ in range(100):
        slope = w * (1 - math.tanh(a) ** 2) - 1
        step = (w * math.tanh(a) - a) / slope if slope < 0 else -a / 4
        a -= step
        if abs(step) < 1e-15 * a:
            break
    return a
