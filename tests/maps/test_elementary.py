"""The branch-free tanh, exp and sech^2 of compiled loops, against balls over the whole range of floats."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from dynlatch.jit import jit
from dynlatch.maps import elementary
from dynlatch.rigor import balls

MAX_ULP = 4


def _loop(function: Any) -> Any:
    @jit
    def loop(x: Any, out: Any) -> None:
        for j in range(x.size):
            out[j] = function(x[j])

    return loop


LOOPS = {name: _loop(getattr(elementary, name)) for name in ("exp", "tanh", "sech2")}


def vector(name: str, x: np.ndarray) -> np.ndarray:
    out = np.empty_like(x)
    LOOPS[name](x, out)
    return out


def error_in_ulp(name: str, x: float, value: float) -> float:
    """The distance of a float from the exact value, in units of the last place of the exact value."""
    with balls.precision(200):
        exact = balls.FUNCTIONS[name](arb(x))
        return float(abs(exact - arb(value)) / arb(math.ulp(float(exact))))


def grid(name: str) -> np.ndarray:
    """All sizes from the smallest floats on, both signs, and the places where something changes."""
    rng = np.random.default_rng(3)
    limit = {"exp": 708.0, "tanh": 1e308, "sech2": 353.9}[name]
    sizes = 2.0 ** np.arange(-1074, 1024, 7)
    dense = rng.uniform(0, min(limit, 40), 4000)
    edges = np.array([0.0, 22.0, math.nextafter(22, 0), math.log(2) / 2, math.log(2) / 4, 18.99, 19.1, 0.5, 1.0, limit])
    around = np.concatenate([edges, np.nextafter(edges, np.inf), np.nextafter(edges, 0)])
    positive = np.concatenate([sizes, sizes * rng.uniform(1, 2, sizes.size), dense, around])
    positive = positive[positive <= limit]
    return np.concatenate([positive, -positive])


@pytest.mark.parametrize("name", LOOPS)
def test_errors_stay_below_four_ulp_over_the_whole_range(name: str) -> None:
    x = grid(name)
    values = vector(name, x)
    assert np.all(np.isfinite(values))
    worst = max(error_in_ulp(name, float(a), float(v)) for a, v in zip(x, values, strict=True))
    assert worst <= MAX_ULP


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_tanh_of_any_float_is_odd_bounded_and_close(x: float) -> None:
    value = elementary.tanh(x)
    assert abs(value) <= 1
    assert elementary.tanh(-x) == -value
    assert error_in_ulp("tanh", x, value) <= MAX_ULP


def _of_the_tangent(g: Any) -> Any:
    f = mpmath.sqrt(g)
    return mpmath.tanh(f * mpmath.log(2) / 2) / f


def test_the_rational_function_in_tanh_is_the_one_that_it_is_said_to_be() -> None:
    with mpmath.workdps(50):
        points = [(1 + mpmath.cos(mpmath.pi * (2 * k + 1) / 10)) / 8 for k in range(5)]
        rows = [[1, g, g**2, -_of_the_tangent(g) * g, -_of_the_tangent(g) * g**2] for g in points]
        found = mpmath.lu_solve(mpmath.matrix(rows), mpmath.matrix([_of_the_tangent(g) for g in points]))
        p, q = found[:3], [mpmath.mpf(1), *found[3:]]
        scale = elementary._Q[0]
        assert [float(scale * c) for c in (*p, *q)] == [*elementary._P, *elementary._Q]
        for k in range(1, 200):
            g = mpmath.mpf(k) / 796
            value = mpmath.polyval(p[::-1], g) / mpmath.polyval(q[::-1], g)
            assert abs(value / _of_the_tangent(g) - 1) < 5e-18


def test_the_error_measure_refutes_the_naive_formula() -> None:
    def naive(x: float) -> float:
        return (math.exp(2 * x) - 1) / (math.exp(2 * x) + 1)

    assert error_in_ulp("tanh", 1e-3, naive(1e-3)) > MAX_ULP
    assert error_in_ulp("sech2", 12.0, 1 - math.tanh(12.0) ** 2) > MAX_ULP
    assert error_in_ulp("tanh", 0.7, math.tanh(0.7)) <= 2


@pytest.mark.parametrize("name", LOOPS)
def test_a_vectorised_loop_gives_the_scalar_results_bit_for_bit(name: str) -> None:
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 710.0, -746.0, 1e300])
    x = np.concatenate([grid(name), special])
    scalar: Callable[[float], float] = getattr(elementary, name)
    expected = np.array([scalar(float(a)) for a in x])
    for length in (x.size, 1, 3, 7):  # tails of loops as well
        np.testing.assert_array_equal(
            vector(name, x[-length:].copy()).view(np.int64), expected[-length:].view(np.int64)
        )


def test_special_values() -> None:
    inf, nan = math.inf, math.nan
    assert [elementary.tanh(x) for x in (inf, -inf, 1e308, 25.0)] == [1.0, -1.0, 1.0, 1.0]
    assert math.copysign(1.0, elementary.tanh(-0.0)) == -1.0
    assert math.copysign(1.0, elementary.tanh(0.0)) == 1.0
    assert [elementary.tanh(x) for x in (5e-324, -5e-324, 1e-300)] == [5e-324, -5e-324, 1e-300]
    assert [elementary.exp(x) for x in (inf, -inf, 0.0, -0.0, 709.5, -708.5)] == [inf, 0.0, 1.0, 1.0, inf, 0.0]
    assert [elementary.sech2(x) for x in (inf, -inf, 0.0, 400.0)] == [0.0, 0.0, 1.0, 0.0]
    assert [elementary.sign(x) for x in (3.0, -2.0, 0.0, -0.0, inf)] == [1.0, -1.0, 0.0, 0.0, 1.0]
    for function in (elementary.tanh, elementary.exp, elementary.sech2, elementary.sign):
        assert math.isnan(function(nan))
