"""n coupled neurons that hold one bit together: what noise they provably stand, and how fast they forget."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from dynlatch.errors import InputError
from dynlatch.latch.critical_input import critical_input
from dynlatch.latch.tradeoff import forgetting_rate
from dynlatch.maps.catalogue import neuron
from dynlatch.maps.evaluators import Floats
from dynlatch.rigor.enclosure import Enclosure, float_above, float_below

_MOST_UNITS: Final = 4096
_LARGEST: Final = 100.0
_LEAST: Final = 1.001
_NEAR_ONE: Final = Fraction(_LEAST)
_SETTLED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Ensemble:
    """a -> W tanh(a), W = w ((1 - coupling) I + (coupling / n) 1 1^T): n neurons, each of total weight w.

    ``coupling`` 0: neurons apart, whose mean is a vote; 1: all read the mean output, W = (w/n) 1 1^T. The bit is the
    sign of the mean output, mean tanh(a_i), with sign(0) = +1. Whatever n and the coupling, (abar, ..., abar) is the
    latched state, abar the neuron's.
    Raises: InputError unless 1 <= n <= 4096, 1.001 <= w <= 100 and 0 <= coupling <= 1.
    """

    n: int
    w: float
    coupling: float

    def __post_init__(self) -> None:
        if not 1 <= self.n <= _MOST_UNITS:
            raise InputError(f"n={self.n} must be from 1 to {_MOST_UNITS} units")
        if not _LEAST <= self.w <= _LARGEST:
            raise InputError(
                f"w={self.w:g} must be from {_LEAST} to {_LARGEST:g}: at or below 1 a neuron latches nothing"
            )
        if not 0.0 <= self.coupling <= 1.0:
            raise InputError(f"coupling={self.coupling:g} must be from 0 to 1: the part of w that is shared")

    @property
    def latched(self) -> float:
        """abar = w tanh(abar) > 0. Rigor: floating point."""
        return _latched(self.w)

    def mixed(self, values: Floats) -> Floats:
        """W v for columns of values (n, N). Cost: O(n N)."""
        return self.w * ((1.0 - self.coupling) * values + self.coupling * values.mean(axis=0))

    def matrix(self) -> Floats:
        """W, shape (n, n)."""
        return self.mixed(np.eye(self.n))


@dataclass(frozen=True, slots=True)
class Worst:
    """How much noise an ensemble stands whatever the noise does, the two ends of what is known for certain.

    ``inf``: |u_i| <= b at each unit; ``two``: |u|_2 <= b over all of them. ``forgetting``: nats per step of
    |da_t/da_0|_2 at the latched state, -log(w sech^2 abar).
    """

    inf: Enclosure
    two: Enclosure
    forgetting: Enclosure


@lru_cache(maxsize=4096)
def worst_case(e: Ensemble) -> Worst:
    """What an ensemble stands of noise that is bounded, and not random; from the latched state, for ever.

    inf: h*(w), whatever n and the coupling. W has no negative entry and tanh rises, so that a_i(t) >= y_t for
    y_t = w tanh(y_{t-1}) - b, which for b <= h* stays above a_c > 0; and for b > h* the input -b at every unit keeps
    all units equal and takes them below 0.

    two: at least h*, since |u_i| <= |u|_2, and at most sqrt(n) h*, by equal inputs. For coupling 1 at least
    sqrt(n) h* / w: mean tanh(w m + u_i) >= tanh(w m) - |u|_2 / sqrt(n), and m -> tanh(w m) - h*/w maps [a_c / w, 1]
    into itself. At most h*(w_1) + e, where w_1 = (1 - coupling) w + coupling w / n is what a unit gets of itself and
    e = coupling w (1 - 1/n) tanh(abar) what it gets of the others, if e < h*(w_1): noise that turns to one unit after
    the other flips each, and each stays flipped. For coupling 0 that is h*: a vote stands no more than a voter.

    forgetting: W' = W sech^2(abar) is symmetric, with largest eigenvalue w sech^2(abar), on (1, ..., 1).

    Rigor: exact arguments; ends from certified h*(w) and the certified abar, tanh(abar) = abar / w.
    Cost: milliseconds, once for each weight.
    """
    critical, rate, _ = _neuron(Fraction(repr(e.w)))
    root = Fraction(math.isqrt(e.n * 10**40), 10**20)  # rounded down
    above = root if root * root == e.n else root + Fraction(1, 10**20)
    low, high = critical.lower, min(critical.upper * above, _one_by_one(e))
    if e.coupling == 1.0:
        low = max(low, root * critical.lower / Fraction(repr(e.w)))
    return Worst(critical, Enclosure(low, max(low, high)), rate)


def _one_by_one(e: Ensemble) -> Fraction:
    """What takes all units below 0 in turn; more than sqrt(n) h* where they may come back."""
    coupling, w = Fraction(repr(e.coupling)), Fraction(repr(e.w))
    own = (1 - coupling) * w + coupling * w / e.n
    others = coupling * Fraction(e.n - 1, e.n) * _neuron(w).latched.upper  # w tanh(abar) = abar
    if own < _NEAR_ONE or others > own:  # h*(w) < w
        return Fraction(e.n) * w
    critical = _neuron(own).critical
    return critical.upper + others if others < critical.lower else Fraction(e.n) * w


@lru_cache(maxsize=256)
def _latched(w: float) -> float:
    state = w
    for _ in range(_SETTLED):
        before, state = state, w * math.tanh(state)
        if before == state:
            break
    return state


class _Neuron(NamedTuple):
    """h*, the forgetting rate and the latched state abar of one neuron, all certified."""

    critical: Enclosure
    rate: Enclosure
    latched: Enclosure


@lru_cache(maxsize=256)
def _neuron(w: Fraction) -> _Neuron:
    m = neuron(w)
    found = critical_input(m)
    state = found.folds[0].attractor
    rate = None if state is None else forgetting_rate(m, state)
    if found.value is None or rate is None or state is None:
        raise InputError(f"w={float(w):g}: the latched state could not be enclosed; take a weight farther from 1")
    (latched,) = state
    return _Neuron(found.value, rate, Enclosure(*sorted((abs(latched.lower), abs(latched.upper)))))


def ends(value: Enclosure) -> tuple[float, float]:
    """As floats, rounded outward."""
    return float_below(value.lower), float_above(value.upper)
