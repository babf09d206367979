"""What the weights of a network hold when nothing comes in, and how much noise that stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
import sympy as sp

from dynlatch.errors import InputError
from dynlatch.latch.critical_input import critical_input
from dynlatch.latch.derivation_checks import enclose
from dynlatch.latch.fixed_points import MAX_DIMENSION, Point, Stability, fixed_points
from dynlatch.latch.fold_branch import attracting_points, folds_along
from dynlatch.latch.neuron_state import critical_of, latched_state
from dynlatch.learning.network import Bias, Network, Previous, SameStep, Signal
from dynlatch.learning.trial import Floats
from dynlatch.maps.balls import ball_map
from dynlatch.maps.catalogue import neuron, tanh_network
from dynlatch.maps.definition import Formulas, Map, TanhLayer, exact_fraction, state_symbol
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.verdict import Verdict

_MAX_STATES: Final = 8
"""Beyond it no folds are followed and no boxes proved: a run has dozens of checkpoints."""
_MAX_BOXES: Final = 20_000
_BITS: Final = 64
_STATE_BITS: Final = 128
_SETTLING: Final = 400
_HALVINGS: Final = 16
_SLACK: Final = 1e-7
"""What a box is enlarged by, so that rounding does not decide."""

_NONE: Final = Fraction(0)


def autonomous_map(network: Network, parameters: Floats, held: Sequence[float] | None = None) -> Map:
    """The map that weights define while every signal stays as it is and no cue is given.

    Where units need states of the step before only, a -> W tanh(a) + b: of the activations (a ``neuron`` for one unit).
    Where a unit needs one of the same step, the map is of the states x that the next step needs, units put into units:
    for ``PARITY`` x1 -> tanh(w_oo x1 + w_oh tanh(w_ho x1 + b_h + w_hu u) + b_o + w_ou u).

    Arguments: ``parameters`` (P,), taken as the exact dyadic numbers they are; ``held``, the constant value of each
    signal, by default 0.
    Raises: InputError for threshold units, parameters that are not finite or too large for a map, a wrong number of
    signals, and a network that keeps nothing from step to step. Rigor: exact.
    """
    if network.kind == "threshold":
        raise InputError("threshold units make a map with jumps, which no Map describes; take a network of tanh units")
    signals = [exact_fraction(v, "held") for v in (held if held is not None else [0.0] * network.num_signals)]
    if len(signals) != network.num_signals:
        raise InputError(f"held has {len(signals)} values but the network has {network.num_signals} signals")
    values = _exact_weights(network, parameters)
    if any(isinstance(c.source, SameStep) for c in network.connections):
        return _composed(network, values, signals)
    n = network.num_units
    weights, bias = [[_NONE] * n for _ in range(n)], [_NONE] * n
    for c in network.connections:
        match c.source:
            case Previous(unit):
                weights[c.unit][unit] += values[c.weight]
            case Signal(channel):
                bias[c.unit] += values[c.weight] * signals[channel]
            case Bias():
                bias[c.unit] += values[c.weight]
            case _:
                pass
    return neuron(weights[0][0], bias[0]) if n == 1 else tanh_network(weights, bias)


def _exact_weights(network: Network, parameters: Floats) -> dict[str | float, Fraction]:
    """The value of every parameter, and of every fixed weight."""
    known: dict[str | float, Fraction] = {
        name: exact_fraction(value, name) for name, value in zip(network.parameters, parameters.tolist(), strict=True)
    }
    return known | {c.weight: Fraction(c.weight) for c in network.connections if not isinstance(c.weight, str)}


def _composed(network: Network, values: dict[str | float, Fraction], signals: Sequence[Fraction]) -> Map:
    """The map of the states that the next step needs; weights and signals by name, so that all share one program."""
    kept = _kept(network)
    if not kept:
        raise InputError("no unit needs a state of the step before, so nothing is held from step to step")
    states = {unit: state_symbol(f"x{unit}") for unit in kept}
    found: dict[int, sp.Expr] = {}
    for unit in network.order:
        terms: list[sp.Expr] = []
        for c in network.connections:
            if c.unit != unit:
                continue
            weight = state_symbol(c.weight) if isinstance(c.weight, str) else _number(Fraction(c.weight))
            match c.source:
                case Previous(source):
                    terms.append(weight * states[source])
                case SameStep(source):
                    terms.append(weight * found[source])
                case Signal(channel):
                    terms.append(weight * state_symbol(f"u{channel}"))
                case Bias():
                    terms.append(weight)
                case _:
                    pass
        found[unit] = sp.tanh(sp.Add(*terms))
    rule = Formulas(tuple(found[unit] for unit in kept))
    used = {str(s) for e in rule.expressions for s in e.free_symbols}
    named = {**{name: values[name] for name in network.parameters}, **{f"u{k}": v for k, v in enumerate(signals)}}
    parameters = tuple((state_symbol(name), _number(value)) for name, value in named.items() if name in used)
    return Map("network", tuple(states.values()), rule, parameters, ((Fraction(-1), Fraction(1)),) * len(kept))


def _number(value: Fraction) -> sp.Expr:
    return sp.Rational(value.numerator, value.denominator)


@dataclass(frozen=True, slots=True)
class Latching:
    """The map that weights define, the fixed points that it holds, and the noise that they stand.

    ``num_fixed_points``: those that were proved; None above 4 states, where only attracting ones are looked for.
    ``attractors``: attracting fixed points, certified; ``complete`` says whether it is proved that there are no more.
    ``latched``: there are two, or more, with outputs of opposite sign. ``stands``: a size of noise up to which each of
    those keeps the sign of its output for ever, whatever the noise does (0 where none was proved). ``critical``: a
    constant input of this size ends one of them in a fold, None where no fold was met. For a neuron the two are h*; for
    other networks what they stand lies between. Both are sizes of the signal. ``reason`` says what is missing.
    Rigor: certified, but for this: that a network's attractor meets no fold before ``critical`` is measured.
    """

    map: Map | None
    num_fixed_points: int | None
    attractors: tuple[Point, ...]
    complete: bool
    latched: bool
    stands: Fraction
    critical: Enclosure | None
    reason: str

    def robust(self, noise: float) -> Verdict:
        """Whether noise of at most this size never changes the sign of a latched output: robustly latched.

        REFUTED where the map is proved to hold one sign only, and for a neuron beyond h*.
        """
        size = Fraction(noise)
        if self.latched and size < self.stands:
            return Verdict.PROVED
        if self.critical is not None and self.stands == self.critical.lower:  # both are ends of the one h*
            return Verdict.REFUTED if size > self.critical.upper else Verdict.INCONCLUSIVE
        return Verdict.REFUTED if self.complete and not self.latched else Verdict.INCONCLUSIVE


def unknown(reason: str) -> Latching:
    """Nothing is known, for this reason."""
    return Latching(None, None, (), False, False, _NONE, None, reason)


def latching(network: Network, parameters: Floats, held: Sequence[float] | None = None) -> Latching:
    """Find what weights hold and what that stands; see ``autonomous_map`` for the arguments and errors.

    Cost: about 10 ms for a neuron, 0.3 s for five units.
    """
    m = autonomous_map(network, parameters, held)
    weight = _unbiased_weight(m)
    closed = None if weight is None else _points_of_neuron(weight)
    count, attractors, complete = _points(m) if closed is None else closed
    units = list(range(m.dimension)) if m.dimension == network.num_units else _kept(network)
    if network.output not in units:
        return Latching(m, count, attractors, False, False, _NONE, None, "the output is no state of the map")
    outputs = [point[units.index(network.output)] for point in attractors]
    signed = [point for point, e in zip(attractors, outputs, strict=True) if 0 not in e]
    if not (any(e.lower > 0 for e in outputs) and any(e.upper < 0 for e in outputs)):
        why = "no two attracting fixed points with outputs of opposite sign"
        return Latching(m, count, attractors, complete, False, _NONE, None, why)
    stands, critical, reason = _tolerance(network, m, weight, signed, _entrance(network, parameters))
    return Latching(m, count, attractors, complete, True, stands, critical, reason)


def _unbiased_weight(m: Map) -> sp.Expr | None:
    """The exact w of a neuron w tanh(a); None for any other map."""
    if m.name != "neuron":
        return None
    (_, weight), (_, bias) = m.parameters
    return weight if bias == 0 else None


def _points_of_neuron(weight: sp.Expr) -> tuple[int, tuple[Point, ...], bool] | None:
    """As ``_points``: 0 alone up to w = 1, which attracts for |w| < 1; two more beyond. None: no proof was found."""
    if weight <= 1:
        return 1, ((Enclosure.exactly(0),),) if weight > -1 and weight < 1 else (), True
    state = latched_state(weight, _STATE_BITS)
    return None if state is None else (3, ((-state,), (state,)), True)


def _tolerance(
    network: Network, m: Map, weight: sp.Expr | None, latched: Sequence[Point], along: list[Fraction] | None
) -> tuple[Fraction, Enclosure | None, str]:
    """What is stood, what is not, and what that rests on."""
    if along is None:
        return _NONE, None, "noise comes in by no signal, or by several"
    if weight is not None:
        whole, size = enclose(critical_of(weight)), abs(along[0])
        return whole.lower / size, Enclosure(whole.lower / size, whole.upper / size), "closed form"
    if m.name == "neuron":  # with a bias
        critical = critical_input(m, [along[0]]).value
        return (_NONE if critical is None else critical.lower), critical, "closed form"
    if not isinstance(m.rule, TanhLayer):
        return _NONE, None, "the signal is not simply added to the states, so that there is no critical input"
    if m.dimension > _MAX_STATES:
        return _NONE, None, f"folds are followed up to {_MAX_STATES} states"
    folds = [fold for fold in folds_along(m, along) if any(_same(fold.attractor, point) for point in latched)]
    proved = sorted((_size(fold.value) for fold in folds if fold.value is not None), key=float)
    reasons = dict.fromkeys(fold.reason for fold in folds)
    stands = min(_stands(m, point, along, network.output) for point in latched)
    return stands, proved[0] if proved else None, "; ".join(reasons)


def _same(point: Point | None, other: Point) -> bool:
    return point is not None and all(a.overlaps(b) for a, b in zip(point, other, strict=True))


def _size(value: Enclosure) -> Enclosure:
    """Of an enclosure away from 0."""
    return value if value.lower >= 0 else -value


def _points(m: Map) -> tuple[int | None, tuple[Point, ...], bool]:
    """How many fixed points there are, those that attract, and whether that is all."""
    if m.dimension > MAX_DIMENSION:
        return None, *attracting_points(m)
    found = fixed_points(m, max_boxes=_MAX_BOXES)
    settled = found.verdict is Verdict.PROVED and all(p.stability is not Stability.INCONCLUSIVE for p in found)
    return len(found), tuple(p.state for p in found.attracting), settled


def _kept(network: Network) -> list[int]:
    """The units whose states the next step needs."""
    return sorted({c.source.unit for c in network.connections if isinstance(c.source, Previous)})


def _entrance(network: Network, parameters: Floats) -> list[Fraction] | None:
    """What a unit of the signal adds to each activation; None unless there is one signal."""
    along = [_NONE] * network.num_units
    values = _exact_weights(network, parameters)
    for c in network.connections:
        if isinstance(c.source, Signal):
            along[c.unit] += values[c.weight]
    return along if network.num_signals == 1 and any(along) else None


# --- networks: a box that noise does not leave ------------------------------------------------------------------------


def _stands(m: Map, point: Point, along: Sequence[Fraction], output: int) -> Fraction:
    """Noise along a direction up to which a box around a fixed point is never left, the output's sign being one there.

    Boxes in floats, by iterating the hull of W tanh(box) + noise; the largest one is then proved in balls. Exact for
    weights that are not negative, else a lower bound; 0 where nothing was proved.
    """
    if not isinstance(m.rule, TanhLayer):
        return _NONE
    weights, entrance = np.array(m.rule.weights, dtype=np.float64), np.abs(np.array(along, dtype=np.float64))
    bias, centre = np.array(m.rule.bias, dtype=np.float64), np.array([float(e) for e in point])
    low, high, best = 0.0, 2.0 * float(np.max(np.abs(centre))) / float(np.max(entrance)), None
    for _ in range(_HALVINGS):
        noise = 0.5 * (low + high)
        box = _settled_box(weights, bias, centre, noise * entrance + _SLACK, output)
        if box is None:
            high = noise
        else:
            low, best = noise, box
    if best is None or not _is_kept(m, point, best, [abs(e) * Fraction(low) for e in along]):
        return _NONE
    return Fraction(low)


def _settled_box(
    weights: Floats, bias: Floats, centre: Floats, noise: Floats, output: int
) -> tuple[Floats, Floats] | None:
    """The smallest box around ``centre`` that noise does not leave; None if the output's sign is lost on the way."""
    rising, falling = np.maximum(weights, 0.0), np.minimum(weights, 0.0)
    lo = hi = centre
    for _ in range(_SETTLING):
        low, high = np.tanh(lo), np.tanh(hi)
        new_lo = np.minimum(lo, rising @ low + falling @ high + bias - noise)
        new_hi = np.maximum(hi, rising @ high + falling @ low + bias + noise)
        if new_lo[output] <= 0.0 <= new_hi[output]:
            return None
        change = max(float(np.max(lo - new_lo)), float(np.max(new_hi - hi)))
        lo, hi = new_lo, new_hi
        if change < 1e-3 * _SLACK:
            return lo, hi
    return None


def _is_kept(m: Map, point: Point, box: tuple[Floats, Floats], noise: Sequence[Fraction]) -> bool:
    """Whether the image of a box, noise added, is proved to lie in it, and the fixed point too. Rigor: certified."""
    sides = [Enclosure(Fraction(a), Fraction(b)) for a, b in zip(*(side.tolist() for side in box), strict=True)]
    with balls.precision(_BITS):
        image = [balls.enclosure(y) for y in ball_map(m).image([balls.ball(side) for side in sides])]
    return all(
        side.lower <= min(y.lower - size, x.lower) and max(y.upper + size, x.upper) <= side.upper
        for side, y, x, size in zip(sides, image, point, noise, strict=True)
    )
