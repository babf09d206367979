"""One-parameter families for the trade-off curve: the neuron, and networks for which its law is no bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from dynlatch.latch.tradeoff import Family
from dynlatch.maps.catalogue import neuron, tanh_network
from dynlatch.maps.definition import Map


def uniform(n: int = 3) -> Family:
    """W = (w/n) 1 1^T over w: n units that act as one, so along (1, ..., 1) the neuron's law holds."""

    def make(w: Fraction) -> Map:
        return tanh_network([[w / n] * n] * n)

    return make


def coupled(n: int = 3, w: Fraction | int = 2) -> Family:
    """W = w I + c (1 1^T - I) over c: n neurons that support (c > 0) or oppose one another."""

    def make(c: Fraction) -> Map:
        return tanh_network([[w if i == j else c for j in range(n)] for i in range(n)])

    return make


def rotation(w: Fraction | int = 2) -> Family:
    """W = w [[cos, -sin], [sin, cos]] over t = tan(angle / 2), rational for every rational t."""

    def make(t: Fraction) -> Map:
        cosine, sine = w * (1 - t**2) / (1 + t**2), w * 2 * t / (1 + t**2)
        return tanh_network([[cosine, -sine], [sine, cosine]])

    return make


def feedforward(w: Fraction | int = 2) -> Family:
    """W = [[w, k], [0, 0]] over k: a neuron that a memoryless unit feeds, a matrix far from normal.

    The multipliers, and so gamma, are the neuron's for every k; a constant input h along (1, 1) reaches it as
    h + k tanh h, so h* solves d + k tanh d = h*(w): k > 0 breaks the upper side of the law, k < 0 the lower.
    """

    def make(k: Fraction) -> Map:
        return tanh_network([[w, k], [0, 0]])

    return make


@dataclass(frozen=True, slots=True)
class NamedFamily:
    """A family with what a table or figure calls it, its parameter's name, and values worth looking at."""

    title: str
    parameter: str
    make: Callable[[Fraction], Map]
    values: tuple[Fraction, ...]


def _exactly(text: str) -> tuple[Fraction, ...]:
    return tuple(Fraction(word) for word in text.split())


FAMILIES: Final[Mapping[str, NamedFamily]] = {
    "neuron": NamedFamily("neuron", "w", neuron, _exactly("1.05 1.1 1.2 1.3 1.5 1.7 2 2.3 2.6 3 3.4 3.8")),
    "uniform": NamedFamily("3 units as one", "w", uniform(3), _exactly("1.1 1.3 1.6 2 2.5 3 3.5")),
    "coupled": NamedFamily(
        "3 coupled neurons", "c", coupled(3), _exactly("-3/10 -1/5 -1/10 1/20 1/10 1/5 3/10 2/5 1/2 3/5")
    ),
    "rotation": NamedFamily("rotation", "t", rotation(), _exactly("0 1/50 1/20 1/12 1/10 1/8 1/5")),
    "feedforward": NamedFamily("fed neuron", "k", feedforward(), _exactly("-1 -3/4 -1/2 -1/4 0 1/4 1/2 1 2")),
}
"""The families of the study, by name."""
