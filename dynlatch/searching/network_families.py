"""Families of two units that inputs hold at a state, or drive between two: Theorem 4, the Lemma, the projection."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import numpy as np

from dynlatch.maps.catalogue import tanh_network
from dynlatch.searching.family import IMPOSSIBLE, Aim, Family, Floats
from dynlatch.searching.planar import jacobian, largest_on_the_way, matrix, norm, product, radius, settled
from dynlatch.searching.rounding import Numbers
from dynlatch.theorems.cases import case
from dynlatch.theorems.statements import Witness

_SAME: Final = 1e-3
_CLEARLY: Final = 0.01
_LONG: Final = 60


def text_of(rows: Sequence[Sequence[Fraction]]) -> str:
    """A matrix in one line."""
    return f"[{', '.join(f'[{row[0]}, {row[1]}]' for row in rows)}]"


# --- two states in turn: Theorem 4 with eigenvalues ------------------------------------------------------------------


def _draw_turns(rng: np.random.Generator) -> Floats:
    """W, a, b: entries of W within 3, states at some distance from where a random orbit comes to rest."""
    W = rng.uniform(-3.0, 3.0, 4)
    rest = settled(matrix(W), (rng.normal(), rng.normal()))
    return np.concatenate([W, np.array([*rest, *rest]) * rng.uniform(0.2, 1.2, 4)])


def _turns_margin(x: Floats) -> float:
    """The logarithm of the growth over both steps, while both states are clearly in Gamma of one attracting point."""
    W, a, b = matrix(x), (float(x[4]), float(x[5])), (float(x[6]), float(x[7]))
    (at_a, from_a), (at_b, from_b) = largest_on_the_way(W, a), largest_on_the_way(W, b)
    if from_a is None or from_b is None or math.dist(from_a, from_b) > _SAME:
        return IMPOSSIBLE
    growth = math.log(radius(product(jacobian(W, b), jacobian(W, a))) + 1e-9)
    return min(growth, 1.0 - at_a, 1.0 - at_b, 0.95 - radius(jacobian(W, from_a))) - _CLEARLY


def _turns(numbers: Numbers) -> Witness:
    rows, a, b = [numbers[:2], numbers[2:4]], numbers[4:6], numbers[6:]
    text = f"W = {text_of(rows)}, the states ({a[0]}, {a[1]}) and ({b[0]}, {b[1]}) in turn"
    return Witness(text, case(tanh_network(rows), states=[a, b], periodic=True))


_TURNS: Final = Family(
    "turns",
    "a network of two units with weights in [-3, 3], driven between two states in turn",
    ("W_11", "W_12", "W_21", "W_22", "a_1", "a_2", "b_1", "b_2"),
    _draw_turns,
    {("T4", "spectral"): Aim(_turns_margin, _turns)},
)

# --- a state held on the boundary of two symmetric basins: the Lemma -----------------------------------------------


def _draw_held(rng: np.random.Generator) -> Floats:
    """p, q, x: W = [[p, q], [q, p]] and the state (x, -x)."""
    return np.array([*rng.uniform(-2.0, 2.0, 2), rng.uniform(0.0, 3.0)])


def _held_margin(x: Floats) -> float:
    """How far the gradient is from growing, on a line that two attractors share as their boundary.

    Along (1, 1) W multiplies by p + q: above 1, so that states leave the line for one of two attractors; along (1, -1)
    by p - q: within 1, so that on the line all orbits fall to 0.
    """
    p, q, a = (float(v) for v in x)
    growth = radius(jacobian((p, q, q, p), (a, -a)))
    return min(1.0 - growth, p + q - 1.0, 1.0 - abs(p - q), 4.0 - abs(a))


def _expanding_margin(x: Floats) -> float:
    """How far the gradient's norm stays below the transverse expansion k = (p + q) sech^2 x, where k > 1."""
    p, q, a = (float(v) for v in x)
    J = jacobian((p, q, q, p), (a, -a))
    k = abs(J[0] + J[2])
    return min(k - 1.0, k - norm(J) - 1e-9)


def _held(numbers: Numbers, normal: tuple[int, int] | None = None) -> Witness:
    p, q, a = numbers
    rows = [(p, q), (q, p)]
    text = f"W = {text_of(rows)}, held at ({a}, {-a}) on the boundary a_1 + a_2 = 0"
    return Witness(text, case(tanh_network(rows), states=[(a, -a)], periodic=True, other=normal))


_HELD: Final = Family(
    "held on the boundary",
    "a symmetric network of two units [[p, q], [q, p]] with p, q in [-2, 2], held at a state (x, -x)",
    ("p", "q", "x"),
    _draw_held,
    {
        ("Lemma", "norm"): Aim(_held_margin, _held),
        ("Lemma", "spectral"): Aim(_held_margin, _held),
        ("Lemma'", "norm"): Aim(_expanding_margin, lambda numbers: _held(numbers, (1, 1))),
    },
)

# --- one unit that drives another: the projection ------------------------------------------------------------------


def _draw_chain(rng: np.random.Generator) -> Floats:
    """p, q, r, z, y: W = [[p, 0], [q, r]], held at (z, y); z is the projection."""
    return np.array([*rng.uniform(-2.0, 2.0, 3), *rng.uniform(-1.0, 1.0, 2)])


def _chain_margin(x: Floats, *, repaired: bool) -> float:
    """How far d a_t/d a_0 stays, after many steps, from what is claimed of it, where d z_t/d z_0 vanishes.

    Printed: the entry d y_t/d z_0 vanishes too (it is kept below 10, or the climb would have no end). Repaired: only
    the row of z does.
    """
    p, q, r, z, y = (float(v) for v in x)
    J = jacobian((p, 0.0, q, r), (z, y))
    power = J
    for _ in range(_LONG - 1):
        power = product(J, power)
    left = math.hypot(power[0], power[1]) if repaired else abs(power[2])
    return min(0.9 - abs(J[0]), left - 0.1, 10.0 - left)


def _chain(numbers: Numbers) -> Witness:
    p, q, r, z, y = numbers
    rows = [(p, Fraction(0)), (q, r)]
    text = f"W = {text_of(rows)}, held at ({z}, {y}); the first unit is projected on"
    return Witness(text, case(tanh_network(rows), states=[(z, y)], periodic=True, other=(1, 0)))


_CHAIN: Final = Family(
    "chain",
    "a unit that drives a second one, W = [[p, 0], [q, r]] with p, q, r in [-2, 2], held at a state",
    ("p", "q", "r", "z", "y"),
    _draw_chain,
    {
        ("D", "norm"): Aim(lambda x: _chain_margin(x, repaired=False), _chain),
        ("D", "spectral"): Aim(lambda x: _chain_margin(x, repaired=False), _chain),
        ("D'", "norm"): Aim(lambda x: _chain_margin(x, repaired=True), _chain),
    },
)

FAMILIES: Final = (_TURNS, _HELD, _CHAIN)
