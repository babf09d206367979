"""The maps whose whole analysis is drawn, told and counted in tests, each analysed and drawn once in a process."""

from __future__ import annotations

from functools import cache

import sympy as sp
from matplotlib.figure import Figure

from dynlatch.analysis import Analysis, analyze
from dynlatch.maps.catalogue import cubic, henon, ikeda, logistic, neuron, newton, predator_prey, tanh_network
from dynlatch.maps.definition import Formulas, Map, exact_box, state_symbol
from dynlatch.views.figures import figures, svg_text


def doubling() -> Map:
    x = state_symbol("x")
    return Map("doubling", (x,), Formulas((2 * x + 1,)), (), exact_box((-2, 3), 1))


def logarithm() -> Map:
    x = state_symbol("x")
    return Map("logarithm", (x,), Formulas((sp.log(x),)), (), exact_box((-1, 4), 1))


MAPS = {
    "neuron": (neuron(2), 300, 2),
    "pitchfork": (neuron(1), 20, 2),
    "doubling": (doubling(), 50, 2),
    "logarithm": (logarithm(), 50, 1),
    "cubic": (cubic(5), 50, 2),
    "network": (tanh_network([[2, ".2"], [".2", "1.8"]]), 30, 2),
    "henon": (henon(), 40, 2),
    "newton": (newton(), 40, 2),
    "three": (tanh_network([[2, 0, 0], [0, 2, 0], [0, 0, "1/2"]]), (10, 11, 12), 1),
    "five": (tanh_network([["1/2" if i == j else "1/20" for j in range(5)] for i in range(5)]), 12, 1),
    "logistic": (logistic(), 40, 2),
    "ikeda": (ikeda(), 40, 2),
    "predator_prey": (predator_prey(), 40, 2),
}
"""A map, the cells along each axis, and the longest cycles that are looked for."""

DRAWN = "neuron pitchfork doubling logarithm cubic network henon newton three five".split()

PROVED = {"neuron", "network", "henon"}
"""Maps whose regions are proved as well; ``test_certified.py`` draws those of three states."""


@cache
def analysed(name: str) -> Analysis:
    m, resolution, max_period = MAPS[name]
    return analyze(m, resolution=resolution, steps=40, max_period=max_period, proofs=name in PROVED)


@cache
def drawn_of(name: str) -> dict[str, Figure]:
    return figures(analysed(name))


@cache
def texts_of(name: str) -> dict[str, str]:
    """The figures as SVG."""
    return {key: svg_text(figure) for key, figure in drawn_of(name).items()}
