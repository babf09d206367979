"""Lanes are numbers side by side: every function against NumPy bit for bit, and no lane sees another."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from dynlatch.jit import jit
from dynlatch.lanes import (
    LANES,
    at,
    at_least,
    equal,
    fma,
    gather,
    lane_array,
    larger,
    load,
    magnitude,
    power_of_two,
    root,
    smaller,
    spread,
    store,
    where,
    with_sign_of,
)
from dynlatch.maps import elementary
from dynlatch.rigor import balls

SPECIAL = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 5e-324, -5e-324, 2.2e-308, 1.7e308, -1.7e308, 1e-160]
"""Zeros of both signs, the ends of the range, subnormals, and sizes whose products leave the range."""
MAX_ULP = 4


@jit
def _several(x: Any, y: Any, z: Any) -> Any:
    return (
        x + y, x - y, x * y, x / y, fma(x, y, z), with_sign_of(x, y), smaller(x, y), larger(x, y), at_least(x, y),
        equal(x, y), where(x, y, z),
    )  # fmt: skip


@jit
def _one(x: Any) -> Any:
    return magnitude(x), root(x), elementary.tanh(x)


NAMES = (
    "add", "subtract", "multiply", "divide", "fma", "with_sign_of", "smaller", "larger", "at_least",
    "equal", "where", "magnitude", "root", "tanh",
)  # fmt: skip
FUNCTIONS = len(NAMES)


@jit
def _of_lanes(a: Any, out: Any) -> None:
    for k in range(a.shape[0] // 3):
        several, one = _several(load(a, 3 * k), load(a, 3 * k + 1), load(a, 3 * k + 2)), _one(load(a, 3 * k))
        for f in range(FUNCTIONS):
            store(out, k * FUNCTIONS + f, several[f] if f < len(several) else one[f - len(several)])


@jit
def _with_number_first(a: Any, out: Any) -> None:
    for k in range(a.shape[0] // 3):
        found = _several(a[3 * k, 0], load(a, 3 * k + 1), load(a, 3 * k + 2))
        for f in range(len(found)):
            store(out, k * FUNCTIONS + f, found[f])


@jit
def _with_number_second(a: Any, out: Any) -> None:
    for k in range(a.shape[0] // 3):
        found = _several(load(a, 3 * k), a[3 * k + 1, 0], load(a, 3 * k + 2))
        for f in range(len(found)):
            store(out, k * FUNCTIONS + f, found[f])


def of_lanes(x: np.ndarray, y: np.ndarray, z: np.ndarray, kernel: Any = _of_lanes) -> np.ndarray:
    """All results for rows of lanes: shape (functions, rows, LANES)."""
    a = lane_array(3 * len(x))
    a[0::3], a[1::3], a[2::3] = x, y, z
    out = lane_array(len(NAMES) * len(x))
    kernel(a, out)
    return out.reshape(len(x), len(NAMES), LANES).swapaxes(0, 1)


def of_numbers(x: float, y: float, z: float) -> tuple[float, ...]:
    """The same functions without lanes."""
    return (*_several(x, y, z), *_one(x))


def rounded_once(x: float, y: float, z: float) -> float:
    """x y + z by exact rationals; where these are silent, by floats, which then do not round."""
    if math.isfinite(x) and math.isfinite(y) and not math.isfinite(z):
        return z
    if not (math.isfinite(x) and math.isfinite(y)):
        return x * y + z
    exact = Fraction(x) * Fraction(y) + Fraction(z)
    if exact == 0:
        return 0.0 if x != 0 and y != 0 else x * y + z
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


ORACLES: dict[str, Callable[..., np.ndarray]] = {
    "add": lambda x, y, z: x + y,
    "subtract": lambda x, y, z: x - y,
    "multiply": lambda x, y, z: x * y,
    "divide": lambda x, y, z: x / y,
    "fma": np.vectorize(rounded_once),
    "magnitude": lambda x, y, z: np.abs(x),
    "root": lambda x, y, z: np.sqrt(x),
    "with_sign_of": lambda x, y, z: np.copysign(x, y),
    "smaller": lambda x, y, z: np.where(x > y, y, x),
    "larger": lambda x, y, z: np.where(x < y, y, x),
    "at_least": lambda x, y, z: (x >= y).astype(float),
    "equal": lambda x, y, z: (x == y).astype(float),
    "where": lambda x, y, z: np.where(x > 0, y, z),
    "tanh": lambda x, y, z: np.vectorize(elementary.tanh)(x),
}


def same(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Equal bits, or both no number: IEEE 754 leaves open which nan a result is."""
    return (one.view(np.int64) == other.view(np.int64)) | (np.isnan(one) & np.isnan(other))


def triples() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All pairs of special values, with a third one, and random numbers of all sizes, in shuffled lanes."""
    rng = np.random.default_rng(7)
    pairs = np.array([(x, y, z) for x, y in itertools.product(SPECIAL, SPECIAL) for z in (-0.0, 1.5, -math.inf)])
    sizes = rng.choice([-1.0, 1.0], (900, 3)) * 2.0 ** rng.uniform(-1070, 1020, (900, 3))
    usual = rng.normal(size=(900, 3))
    close = usual.copy()
    close[:, 2] = -close[:, 0] * close[:, 1] * (1 + rng.choice([0.0, 2.0**-52, 1e-9], 900))
    every = np.concatenate([pairs, sizes, usual, close])
    every = rng.permutation(every[: len(every) // LANES * LANES])
    x, y, z = every.T.reshape(3, -1, LANES)
    return x.copy(), y.copy(), z.copy()


@pytest.mark.parametrize("name", NAMES)
def test_every_function_of_lanes_is_that_of_numbers_bit_for_bit(name: str) -> None:
    x, y, z = triples()
    found = of_lanes(x, y, z)[NAMES.index(name)]
    with np.errstate(all="ignore"):
        assert np.all(same(found, ORACLES[name](x, y, z)))
    numbers = [of_numbers(*v)[NAMES.index(name)] for v in zip(x.flat, y.flat, z.flat, strict=True)]
    assert np.all(same(found.ravel(), np.array(numbers)))


def test_a_number_beside_lanes_counts_for_every_lane() -> None:
    x, y, z = triples()
    spread_y, spread_x = np.repeat(y[:, :1], LANES, axis=1), np.repeat(x[:, :1], LANES, axis=1)
    of_two = slice(0, NAMES.index("magnitude"))
    assert np.all(same(of_lanes(x, spread_y, z, _with_number_second), of_lanes(x, spread_y, z))[of_two])
    assert np.all(same(of_lanes(spread_x, y, z, _with_number_first), of_lanes(spread_x, y, z))[of_two])


def test_fma_of_numbers_rounds_once() -> None:
    x = 1 + 2.0**-30
    assert of_numbers(x, x, -(x * x))[NAMES.index("fma")] == 2.0**-60
    assert x * x - x * x == 0.0


@given(st.lists(st.floats(), min_size=LANES, max_size=LANES), st.integers(0, LANES - 1), st.floats())
def test_lanes_do_not_mix(values: list[float], lane: int, other: float) -> None:
    x = np.array([values])
    changed = x.copy()
    changed[0, lane] = other
    rest = np.arange(LANES) != lane
    before, after = of_lanes(x, x[:, ::-1], x + 1), of_lanes(changed, x[:, ::-1], x + 1)
    assert np.all(same(before, after)[:, 0, rest])


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=LANES))
def test_tanh_of_lanes_is_close_to_the_exact_one(values: list[float]) -> None:
    x = np.resize(np.array(values), (1, LANES))
    found = of_lanes(x, x, x)[NAMES.index("tanh"), 0]
    for a, value in zip(x[0], found, strict=True):
        with balls.precision(200):
            exact = balls.FUNCTIONS["tanh"](arb(float(a)))
            assert float(abs(exact - arb(float(value))) / arb(math.ulp(float(exact)))) <= MAX_ULP
        assert abs(value - math.tanh(a)) <= (MAX_ULP + 1) * math.ulp(value)


@jit
def _powers(a: Any, out: Any) -> None:
    store(out, 0, power_of_two(load(a, 0)))
    for lane in range(a.shape[1]):
        out[1, lane] = power_of_two(a[0, lane])


def test_powers_of_two_over_the_whole_range_of_normal_numbers() -> None:
    exponents = np.arange(-1022, 1024)
    for start in range(0, exponents.size, LANES):
        k = np.resize(exponents[start : start + LANES], LANES)
        a, out = lane_array(1), lane_array(2)
        a[0] = 1.5 * 2.0**52 + k
        _powers(a, out)
        np.testing.assert_array_equal(out, np.broadcast_to(np.ldexp(1.0, k), (2, LANES)))


@jit
def _moved(flat: Any, places: Any, row: Any, shift: Any, out: Any) -> None:
    store(out, row, gather(flat, places, row, shift))
    store(out, row + 1, 2.5)
    store(out, row + 2, spread(flat[0]))
    store(out, row + 3, load(out, row + 1))


@given(st.integers(0, 3), st.integers(-5, 5), st.integers(0, 2**32 - 1))
def test_gather_load_and_store_touch_their_own_places_only(row: int, shift: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    flat = rng.normal(size=300)
    places = rng.integers(5, 295, size=(4, LANES))
    out = lane_array(8)
    out[:] = rng.normal(size=out.shape)
    expected = out.copy()
    expected[row] = flat[places[row] + shift]
    expected[row + 1] = expected[row + 3] = 2.5
    expected[row + 2] = flat[0]
    _moved(flat, places, row, shift, out)
    np.testing.assert_array_equal(out, expected)


@jit
def _taken(numbers: Any, truths: Any, index: Any) -> Any:
    return at(numbers, index), at(truths, index)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1), st.data())
def test_at_takes_one_number_or_truth_of_an_array(numbers: list[int], data: st.DataObject) -> None:
    k = data.draw(st.integers(0, len(numbers) - 1))
    given_numbers = np.array(numbers, dtype=np.int64)
    assert _taken(given_numbers, given_numbers > 0, k) == (numbers[k], numbers[k] > 0)


@pytest.mark.parametrize("rows", [0, 1, 2, 7, 50])
def test_arrays_of_lanes_begin_at_a_cache_line(rows: int) -> None:
    for _ in range(20):
        a = lane_array(rows)
        assert a.shape == (rows, LANES)
        assert a.flags.c_contiguous
        assert a.ctypes.data % 64 == 0 or not rows
        assert not a.any()


def test_the_comparison_has_teeth() -> None:
    """What differs by the last bit, or by the sign of a zero, is told apart."""
    assert not same(np.array([1.0]), np.array([np.nextafter(1.0, 2)]))[0]
    assert not same(np.array([0.0]), np.array([-0.0]))[0]
    x, y, z = triples()
    with np.errstate(all="ignore"):
        assert not np.all(same(x * y + z, of_lanes(x, y, z)[NAMES.index("fma")]))
        assert not np.all(same(np.minimum(x, y), of_lanes(x, y, z)[NAMES.index("smaller")]))
