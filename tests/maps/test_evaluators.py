"""The evaluators of one map: NumPy, compiled floats, compiled intervals and balls tell the same values."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp

from dynlatch.errors import InputError
from dynlatch.maps import catalogue, codegen
from dynlatch.maps.balls import ball_map
from dynlatch.maps.definition import Formulas, Map, exact_box, state_symbol
from dynlatch.maps.evaluators import compiled_map, interval_map, numpy_map
from dynlatch.maps.program import lower
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure

BITS = 200
ULP = 2.0**-52


def functions_map() -> tuple[Map, Map]:
    """Every operation that compiled text may hold, defined on [1/4, 3/4]^2."""
    x, y, w = map(state_symbol, "xyw")
    rows = (
        sp.exp(x) - sp.log(y) + sp.sqrt(x) / (1 + y) ** 3 + sp.Abs(x - 2) - x ** sp.Rational(-3, 2),
        sp.sin(x) * sp.cos(y) + sp.tan(x) ** 2 - sp.sinh(y) + sp.cosh(x * y) * sp.tanh(w * x) + y**w + sp.sign(x + y),
        sp.asin(x) + sp.acos(y) - sp.atan(x / y) + sp.asinh(x) + sp.acosh(1 + y) + sp.atanh(x) + sp.sech(y) - x**7,
    )
    box = exact_box(("1/4", "3/4"), 2)
    one = Map("functions", (x, y), Formulas(rows[:2]), ((w, sp.pi / 3),), box)
    return one, Map("functions 2", (x, y), Formulas((rows[2], -x)), (), box)


FORMULAS = [catalogue.neuron("5/4", "1/3"), catalogue.henon(), catalogue.ikeda(), catalogue.newton(), *functions_map()]


def random_network(n: int, seed: int = 0) -> Map:
    rng = np.random.default_rng([seed, n])
    return catalogue.tanh_network(rng.normal(size=(n, n)) / math.sqrt(n), rng.normal(size=n) / 3)


NETWORKS = [random_network(n) for n in (1, 2, 3, 4, 5, 6)]
ALL = [*FORMULAS, *NETWORKS]


def inside(m: Map, count: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    lo, hi = (np.array([float(side[k]) for side in m.domain])[:, None] for k in (0, 1))
    return lo + (hi - lo) * rng.random((m.dimension, count))


def truth(m: Map, points: np.ndarray) -> tuple[list[list[Enclosure]], list[list[Enclosure]]]:
    """Per column, the values of M and of M' (row-major), to 50 digits or so."""
    image, slope = [], []
    with balls.precision(BITS):
        for column in points.T:
            state = [balls.ball(float(x)) for x in column]
            image.append([balls.enclosure(v) for v in ball_map(m).image(state)])
            slope.append([balls.enclosure(v) for row in ball_map(m).jacobian(state) for v in row])
    return image, slope


def check(m: Map, points: np.ndarray, expected: tuple[list[list[Enclosure]], list[list[Enclosure]]]) -> None:
    """Intervals hold the truth and both floats, and are a few hundred ulp wide (of the size of what is added up)."""
    n, count = points.shape
    lo, hi = interval_map(m).image(points, points)
    d_lo, d_hi = (d.reshape(n * n, count) for d in interval_map(m).jacobian(points, points))
    floats = [e.step(points) for e in (numpy_map(m), compiled_map(m))]
    slopes = [e.jacobian(points).reshape(n * n, count) for e in (numpy_map(m), compiled_map(m))]
    for values, below, above, floating in ((expected[0], lo, hi, floats), (expected[1], d_lo, d_hi, slopes)):
        exact = np.array([[float(v) for v in column] for column in values]).T
        size = np.max(np.abs(exact), axis=0, keepdims=True) + 1
        assert np.all(np.isfinite(exact))
        for j, column in enumerate(values):
            for i, value in enumerate(column):
                assert below[i, j] <= value.lower
                assert above[i, j] >= value.upper
        assert np.all(above - below <= 400 * ULP * size)
        for found in floating:
            assert np.all((below <= found) & (found <= above))


@pytest.mark.parametrize("m", ALL, ids=lambda m: f"{m.name}-{m.dimension}")
def test_all_evaluators_agree_at_points(m: Map) -> None:
    points = inside(m, 12)
    if m.name == "newton":
        points = points[:, np.hypot(*points) > 0.5]  # away from its pole, where everything is ill-conditioned
    check(m, points, truth(m, points))


@pytest.mark.parametrize("m", [FORMULAS[0], FORMULAS[1], NETWORKS[2]], ids=lambda m: m.name)
def test_an_evaluator_with_a_slightly_wrong_constant_is_refuted(m: Map) -> None:
    points = inside(m, 4)
    expected = truth(m, points)
    check(m, points, expected)
    wrong = (
        m.with_parameters(**{str(m.parameters[0][0]): m.parameters[0][1] + sp.Rational(1, 2**40)})
        if m.parameters
        else None
    )
    if wrong is None:
        rows = [list(row) for row in m.rule.weights]  # pyright: ignore
        rows[1][2] += Fraction(1, 2**40)
        wrong = catalogue.tanh_network(rows, m.rule.bias)  # pyright: ignore
    with pytest.raises(AssertionError):
        check(wrong, points, expected)


@pytest.mark.parametrize("m", ALL, ids=lambda m: f"{m.name}-{m.dimension}")
def test_the_image_of_a_box_holds_its_points(m: Map) -> None:
    rng = np.random.default_rng(5)
    count = 6
    corner = inside(m, count, seed=2)
    bound = np.array([float(side[1]) for side in m.domain])[:, None]
    end = np.minimum(corner + 10.0 ** rng.uniform(-6, -1, (1, count)), bound)
    lo, hi = interval_map(m).image(corner, end)
    d_lo, d_hi = (d.reshape(m.dimension**2, count) for d in interval_map(m).jacobian(corner, end))
    with balls.precision(BITS):
        for j in range(count):
            wide = [
                balls.hull(balls.ball(float(p)), balls.ball(float(q)))
                for p, q in zip(corner[:, j], end[:, j], strict=True)
            ]
            image = ball_map(m).image(wide)
            if m.name != "newton":
                assert np.all(np.isfinite(lo[:, j]))
                assert np.all(np.isfinite(d_lo[:, j]))
                assert all(v.is_finite() for v in image)
            for t in (0.0, 1.0, *rng.random(6)):
                weights = t if t in (0.0, 1.0) else rng.random(m.dimension)
                point = np.clip(corner[:, j] + weights * (end[:, j] - corner[:, j]), corner[:, j], end[:, j])
                (values,), (slopes,) = truth(m, point[:, None])
                for i, value in enumerate(values):
                    assert math.isnan(lo[i, j]) or lo[i, j] <= value.lower <= value.upper <= hi[i, j]
                    assert not image[i].is_finite() or balls.enclosure(image[i]).overlaps(value)
                for i, value in enumerate(slopes):
                    assert math.isnan(d_lo[i, j]) or d_lo[i, j] <= value.lower <= value.upper <= d_hi[i, j]


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_network_boxes_are_exact_up_to_rounding(n: int) -> None:
    """Every unit is monotone in every state, so the exact range is attained at corners that the signs name."""
    m = random_network(n, seed=4)
    corner = inside(m, 8, seed=3)
    end = corner + np.random.default_rng(6).random(corner.shape)
    lo, hi = interval_map(m).image(corner, end)
    d_lo, d_hi = interval_map(m).jacobian(corner, end)
    weights, bias = m.rule.weights, m.rule.bias  # pyright: ignore
    with balls.precision(BITS):
        for j in range(corner.shape[1]):
            least, most = ([balls.tanh(balls.ball(float(x))) for x in side[:, j]] for side in (corner, end))
            for i in range(n):
                low, high = balls.ball(bias[i]), balls.ball(bias[i])
                for k, w in enumerate(weights[i]):
                    low += balls.ball(w) * (least[k] if w >= 0 else most[k])
                    high += balls.ball(w) * (most[k] if w >= 0 else least[k])
                slack = 30 * ULP * float(sum(map(abs, weights[i]), abs(bias[i])))
                exact = Enclosure(balls.enclosure(low).lower, balls.enclosure(high).upper)
                assert exact.lower - Fraction(slack) <= Fraction(lo[i, j]) <= exact.lower
                assert exact.upper <= Fraction(hi[i, j]) <= exact.upper + Fraction(slack)
                for k, w in enumerate(weights[i]):
                    p, q = Fraction(corner[k, j]), Fraction(end[k, j])
                    near = max(p, -q, Fraction(0))
                    top, bottom = (balls.enclosure(balls.sech2(balls.ball(x))) for x in (near, max(-p, q)))
                    found = sorted((float(w) * float(top), float(w) * float(bottom)))
                    assert d_lo[i, k, j] <= found[0] + 1e-15
                    assert d_hi[i, k, j] >= found[1] - 1e-15
                    assert d_hi[i, k, j] - d_lo[i, k, j] <= found[1] - found[0] + 40 * ULP * abs(float(w))


@pytest.mark.parametrize("n", [1, 3, 6])
def test_matrix_kernels_agree_with_the_same_network_written_out(n: int) -> None:
    m = random_network(n, seed=9)
    written = Map("written", m.states, Formulas(m.expressions), (), m.domain)
    points = inside(m, 20)
    tolerance = {"rtol": 0, "atol": 20 * n * ULP * float(max(sum(map(abs, row)) for row in m.rule.weights) + 1)}  # pyright: ignore
    np.testing.assert_allclose(numpy_map(written).step(points), compiled_map(m).step(points), **tolerance)
    np.testing.assert_allclose(numpy_map(written).jacobian(points), compiled_map(m).jacobian(points), **tolerance)
    with balls.precision(BITS):
        for column in points.T[:4]:
            state = [balls.ball(float(x)) for x in column]
            for one, other in zip(ball_map(written).image(state), ball_map(m).image(state), strict=True):
                assert one.overlaps(other)
            for one, other in zip(
                ball_map(written).second_derivatives(state), ball_map(m).second_derivatives(state), strict=True
            ):
                assert all(p.overlaps(q) for r, s in zip(one, other, strict=True) for p, q in zip(r, s, strict=True))
    if n == 3:
        np.testing.assert_allclose(compiled_map(written).step(points), compiled_map(m).step(points), **tolerance)
        for one, other in zip(
            interval_map(written).image(points, points), interval_map(m).image(points, points), strict=True
        ):
            np.testing.assert_allclose(one, other, **tolerance)


def test_fifty_units() -> None:
    m = random_network(50)
    check(m, inside(m, 2), truth(m, inside(m, 2)))


# --- undefined and unbounded ------------------------------------------------------------------------------------------


def test_where_the_map_is_undefined_floats_are_nan_and_intervals_poison() -> None:
    m = functions_map()[0]
    points = np.array([[-0.5, 0.5, 0.5], [0.5, -0.5, 0.5]])
    for evaluator in (numpy_map(m), compiled_map(m)):
        assert np.isnan(evaluator.step(points)[0]).tolist() == [True, True, False]
        assert np.isnan(evaluator.jacobian(points)[0, 0])[0]
    lo, hi = interval_map(m).image(points - 0.75, points)
    assert np.all(np.isnan(lo[0]))
    assert np.all(np.isnan(hi[0]))
    with balls.precision(60):
        assert not ball_map(m).image([balls.ball(-1), balls.ball(1)])[0].is_finite()


@pytest.mark.parametrize("constant", [sp.atanh(2), sp.log(-2), sp.gamma(sp.pi), sp.sqrt(-2) * sp.sqrt(3)])
def test_a_constant_that_is_not_real_is_refused_in_one_line(constant: sp.Expr) -> None:
    x = state_symbol("x")

    def image() -> object:
        m = Map("bad", (x,), Formulas((x * constant,)), (), exact_box((-1, 1), 1))
        return interval_map(m).image(np.zeros((1, 1)), np.zeros((1, 1)))

    with pytest.raises(InputError) as caught:
        image()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("m", [catalogue.neuron(2), catalogue.tanh_network(((2, 1), (0, 1)))], ids=lambda m: m.name)
def test_nan_stays_nan_and_infinity_saturates(m: Map) -> None:
    n = m.dimension
    points = np.tile([np.nan, np.inf, -np.inf, 1e300], (n, 1))
    for evaluator in (numpy_map(m), compiled_map(m)):
        values, slopes = evaluator.step(points), evaluator.jacobian(points)
        assert np.all(np.isnan(values[:, 0]))
        assert np.all(np.isfinite(values[:, 1:]))
        np.testing.assert_array_equal(values[:, 1], -values[:, 2])
        assert np.all(slopes[:, :, 1:] == 0)
    lo, hi = interval_map(m).image(points[:, :1], points[:, :1])
    assert np.all(np.isnan(lo) & np.isnan(hi))
    lo, hi = interval_map(m).image(points[:, 2:3], points[:, 1:2])
    assert np.all((lo <= -1) & (hi >= 1) & (hi < 4))


# --- threads, shapes, kernels -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("m", [catalogue.neuron(2), random_network(3)], ids=lambda m: m.name)
def test_results_do_not_depend_on_threads_or_chunks(m: Map, monkeypatch: pytest.MonkeyPatch) -> None:
    points = inside(m, 70_001)
    whole = compiled_map(m).step(points, threads=1)
    ends = interval_map(m).image(points, points, threads=1)
    for chunk, threads in ((65_536, 2), (1_000, 3), (4_099, None)):
        monkeypatch.setattr("dynlatch.maps.evaluators._CHUNK", chunk)
        np.testing.assert_array_equal(compiled_map(m).step(points, threads=threads), whole)
        for one, other in zip(interval_map(m).image(points, points, threads=threads), ends, strict=True):
            np.testing.assert_array_equal(one, other)
    columns = np.concatenate([compiled_map(m).step(points[:, j : j + 1]) for j in range(40)], axis=1)
    np.testing.assert_array_equal(columns, whole[:, :40])
    assert compiled_map(m).step(points[:, :0]).shape == (m.dimension, 0)
    np.testing.assert_array_equal(compiled_map(m).step(np.asfortranarray(points[:, ::7])), whole[:, ::7])


def test_maps_that_differ_in_values_share_their_kernels() -> None:
    one, other = compiled_map(catalogue.neuron(2)), compiled_map(catalogue.neuron("5/4", 1))
    assert one.step_kernel is other.step_kernel
    assert one.jacobian_kernel is other.jacobian_kernel
    assert interval_map(catalogue.neuron(2)).image_kernel is interval_map(catalogue.neuron(3)).image_kernel
    assert one.step_constants.tolist() != other.step_constants.tolist()
    x = np.array([[0.5]])
    assert one.step(x)[0, 0] == pytest.approx(2 * math.tanh(0.5), rel=1e-15)
    assert other.step(x)[0, 0] == pytest.approx(1.25 * math.tanh(0.5) + 1, rel=1e-15)


def test_a_kernel_computes_the_first_columns_only() -> None:
    compiled = compiled_map(catalogue.henon())
    x, out = np.ones((2, 5)), np.full((2, 5), 7.0)
    compiled.step_kernel(x, compiled.step_constants, out, 3)
    assert np.all(out[:, 3:] == 7.0)
    assert np.all(out[:, :3] != 7.0)


def test_constants_of_intervals_hold_the_exact_constants_and_floats_are_nearest() -> None:
    compiled, intervals = compiled_map(catalogue.henon()), interval_map(catalogue.henon())
    exact = {Fraction(7, 5), Fraction(3, 10), Fraction(1), Fraction(-7, 5)}
    lo, hi = intervals.image_constants
    for below, near, above in zip(lo, compiled.step_constants, hi, strict=True):
        value = next(e for e in exact if below <= e <= above)
        assert float(value) == near
        assert math.nextafter(below, math.inf) >= above


def test_no_constant_and_no_name_of_a_user_stands_in_the_source() -> None:
    s = sp.Symbol("secret_name", real=True)
    p = sp.Symbol("hidden", real=True)
    value = sp.Rational(123457, 7)
    program = lower([p * sp.tanh(s) + sp.Rational(98765, 3)], (s,), {p: value})
    for source in (codegen._float_source(program), codegen._interval_source(program)):
        for text in ("secret", "hidden", "123457", "98765"):
            assert text not in source


def test_a_foreign_file_in_the_cache_is_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codegen, "cache_folder", lambda: tmp_path)
    x = state_symbol("x")
    program = lower([x * x + sp.Rational(1, 3)], (x,), {})
    kernel: Any = codegen._load.__wrapped__(codegen._float_source(program))
    (path,) = tmp_path.glob("kernel_*.py")
    good = path.read_text()
    path.write_text("raise SystemExit('this must not run')\n")
    kernel = codegen._load.__wrapped__(codegen._float_source(program))
    assert path.read_text() == good
    out = np.empty((1, 2))
    kernel(np.array([[1.0, 3.0]]), np.array([0.25]), out, 2)
    assert out.tolist() == [[1.25, 9.25]]
    assert not list(tmp_path.glob("*.tmp"))


_UNWRITABLE = """
from dynlatch.jit import cache_folder, jit
folder = cache_folder()
assert folder.is_dir(), folder
(folder / "probe").write_text("x")
print(jit(lambda x: x + 1.0)(2.0), folder)
"""


def test_an_unwritable_cache_folder_falls_back_to_a_temporary_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    named = tmp_path / "file" / "cache"
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    script = tmp_path / "script.py"
    script.write_text(_UNWRITABLE)
    found = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "DYNLATCH_CACHE": str(named), "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=True,
    )
    value, folder = found.stdout.split()
    assert value == "3.0"
    assert Path(folder).parent == temporary
