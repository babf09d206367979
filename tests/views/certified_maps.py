"""The maps whose proved regions are shown in tests, each proved once in a process."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache

from matplotlib.figure import Figure

import dynlatch as d
from dynlatch.analysis import Analysis, analyze
from dynlatch.maps.definition import Formulas, Map, exact_box, state_symbol
from dynlatch.region_proofs import RegionProofs, prove_regions
from dynlatch.regions.attractors import find_attractors
from dynlatch.views.figures import proof_figures


def down(share: Fraction) -> str:
    """A share in per cent with two decimals, rounded down."""
    return f"{math.floor(10_000 * share) / 100:.2f} %"


def up(share: Fraction) -> str:
    return f"{math.ceil(10_000 * share) / 100:.2f} %"


def escaping() -> Map:
    """Two latches, states that leave the box, and no symmetry."""
    x, y = state_symbol("x"), state_symbol("y")
    rule = Formulas((3 * x / 2 - x**3 / 2 + y / 5, y / 2 + x**2 / 10))
    return Map("escaping", (x, y), rule, (), exact_box([(-3, 3), (-2, 3)], 2))


MAPS: dict[str, tuple[Map, int, int]] = {
    "neuron": (d.neuron(2), 7, 9),
    "chaotic": (d.logistic("3.7"), 7, 9),
    "lost": (d.logistic(5), 7, 9),
    "network": (d.tanh_network([[2, "1/5"], ["1/5", "9/5"]]), 5, 5),
    "escaping": (escaping(), 6, 5),
    "three": (d.tanh_network([[2, 0, "1/5"], ["1/5", "1/2", 0], [0, "1/3", "1/2"]]), 3, 2),
}
"""A map, and the halvings of its basins and of Gamma."""
PLANES = ["network", "escaping"]
OPEN_COLOUR, GONE = "#4a535c", "#d3d7db"


@cache
def proofs(name: str) -> RegionProofs:
    m, depth, gamma_depth = MAPS[name]
    latches = 2 if name in ("neuron", "network") else 0
    known = find_attractors(m, m.domain)
    return prove_regions(m, m.domain, known, depth=depth, gamma_depth=gamma_depth, max_latches=latches)


@cache
def figures(name: str) -> dict[str, Figure]:
    return proof_figures(proofs(name))


@cache
def analysed() -> Analysis:
    return analyze(d.neuron(2), resolution=12, steps=10, max_period=1)
