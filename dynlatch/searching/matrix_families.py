"""Families of two units without inputs: small eigenvalues with a large shear, boxes of states."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Final

import numpy as np

from dynlatch.maps.catalogue import tanh_network
from dynlatch.searching.family import IMPOSSIBLE, Aim, Family, Floats
from dynlatch.searching.network_families import text_of
from dynlatch.searching.planar import Matrix, State, gradient, matrix, monotone_norm, norm, radius, settled, step
from dynlatch.searching.rounding import Numbers
from dynlatch.theorems.cases import case
from dynlatch.theorems.statements import Witness

Size = Callable[[Matrix], float]

_NARROW: Final = 0.05
_TWELVE: Final = 12
"""A multiple of the periods 1, 2, 3, 4 and 6."""

# --- small eigenvalues and large entries: |W| < 1 -------------------------------------------------------------------


def _draw_sheared(rng: np.random.Generator) -> Floats:
    """W = R [[l, s], [0, m]] R^T, eigenvalues l and m within 0.9, a shear s in [1, 10], R a rotation; and a start."""
    angle, (l, m), s = rng.uniform(0.0, math.pi), rng.uniform(-0.9, 0.9, 2), rng.uniform(1.0, 10.0)
    R = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return np.concatenate([(R @ np.array([[l, s], [0.0, m]]) @ R.T).ravel(), rng.normal(0.0, 5.0, 2)])


def _sheared_margin(x: Floats, size: Size) -> float:
    """How far from 0 the orbit ends, near a cycle that clearly attracts, while |W| is clearly below 1."""
    W = matrix(x)
    end = settled(W, (float(x[4]), float(x[5])))
    return min(0.9 - size(W), math.hypot(*end) - 0.1, 0.9 - radius(gradient(W, end, _TWELVE)))


def _sheared(numbers: Numbers) -> Witness:
    rows, start = [numbers[:2], numbers[2:4]], numbers[4:]
    text = f"W = {text_of(rows)}: the orbit from ({start[0]}, {start[1]}) does not converge to 0"
    return Witness(text, case(tanh_network(rows), start))


_SHEARED: Final = Family(
    "sheared",
    "a network of two units whose eigenvalues are within 0.9, with a shear in [1, 10] in a random direction",
    ("W_11", "W_12", "W_21", "W_22", "a_1", "a_2"),
    _draw_sheared,
    {
        ("unit-norm", "spectral"): Aim(lambda x: _sheared_margin(x, radius), _sheared),
        ("unit-norm", "norm"): Aim(lambda x: _sheared_margin(x, norm), _sheared),
        ("unit-norm'", "norm"): Aim(lambda x: _sheared_margin(x, monotone_norm), _sheared),
    },
)

# --- boxes: Theorem 2 ------------------------------------------------------------------------------------------------


def _draw_boxes(rng: np.random.Generator) -> Floats:
    """W, c, r: entries of W in [0, 2], the box with centre c and half sides r."""
    return np.concatenate([rng.uniform(0.0, 2.0, 4), rng.normal(0.0, 1.5, 2), rng.uniform(0.1, 1.0, 2)])


def _box_margin(x: Floats, size: Size) -> float:
    """By how much two corners of the box are driven apart, where the size of M' stays clearly below 1 on it."""
    W, (c, d), (r, s) = matrix(x), (float(x[4]), float(x[5])), (float(x[6]), float(x[7]))
    if min(W) < 0.0 or min(r, s) < _NARROW:
        return IMPOSSIBLE
    slopes = [_slopes(c, r), _slopes(d, s)]
    largest = max(size((W[0] * e, W[1] * f, W[2] * e, W[3] * f)) for e, f in itertools.product(*slopes))
    a, b = _far_corners(W, (c, d), (r, s))
    ratio = math.dist(step(W, a), step(W, b)) / math.dist(a, b)
    return min(0.98 - largest, ratio - 1.0)


def _slopes(centre: float, half: float) -> list[float]:
    """Values of sech^2 over an interval, its least and its largest among them."""
    least, largest = (1.0 - math.tanh(v) ** 2 for v in (abs(centre) + half, max(abs(centre) - half, 0.0)))
    return [least + k / 4.0 * (largest - least) for k in range(5)]


def _far_corners(W: Matrix, centre: State, half: State) -> tuple[State, State]:
    """The two corners with the largest ratio |M(a) - M(b)| / |a - b|."""
    corners = [(centre[0] + e * half[0], centre[1] + f * half[1]) for e in (-1, 1) for f in (-1, 1)]
    pairs = itertools.combinations(corners, 2)
    return max(pairs, key=lambda ab: math.dist(step(W, ab[0]), step(W, ab[1])) / math.dist(*ab))


def _boxes(numbers: Numbers) -> Witness:
    rows, (c, d), (r, s) = [numbers[:2], numbers[2:4]], numbers[4:6], numbers[6:]
    box = [(c - r, c + r), (d - s, d + s)]
    W = matrix(np.array([float(v) for v in numbers]))
    chosen = _far_corners(W, (float(c), float(d)), (float(r), float(s)))
    a, b = ([lo if v < float(m) else hi for v, m, (lo, hi) in zip(p, (c, d), box, strict=True)] for p in chosen)
    sides = " x ".join(f"[{lo}, {hi}]" for lo, hi in box)
    text = f"W = {text_of(rows)} on {sides}: ({a[0]}, {a[1]}) and ({b[0]}, {b[1]}) come no closer"
    return Witness(text, case(tanh_network(rows), a, other=b, region=box))


_BOXES: Final = Family(
    "boxes",
    "a network of two units with weights in [0, 2] on a box of states, and two corners of it",
    ("W_11", "W_12", "W_21", "W_22", "c_1", "c_2", "r_1", "r_2"),
    _draw_boxes,
    {
        ("T2", "spectral"): Aim(lambda x: _box_margin(x, radius), _boxes),
        ("T2", "norm"): Aim(lambda x: _box_margin(x, norm), _boxes),
        ("T2'", "norm"): Aim(lambda x: _box_margin(x, norm), _boxes),
    },
)

FAMILIES: Final = (_SHEARED, _BOXES)
