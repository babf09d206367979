"""The float and interval evaluators of a map; the ball evaluator stands in ``balls``.

States are columns: an array of shape ``(n, N)`` holds N states of n activations each (dimensionless).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InputError
from dynlatch.maps import codegen, layer
from dynlatch.maps.balls import ball_of, is_total, jacobian_program
from dynlatch.maps.definition import Map, TanhLayer
from dynlatch.maps.program import Program, lower, run
from dynlatch.maps.threads import for_chunks
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure

Floats: TypeAlias = NDArray[np.float64]

_CHUNK = 65_536
_CONSTANT_BITS = 160


class NumpyMap:
    """M and M' by NumPy's own functions: the plain evaluator, independent of the compiled ones.

    Rigor: floating point. Make it with ``numpy_map``.
    """

    def __init__(self, m: Map) -> None:
        self._map = m

    def step(self, points: Floats) -> Floats:
        """M at each column; nan where the map is undefined. Shape (n, N) to (n, N)."""
        if isinstance(self._map.rule, TanhLayer):
            weights, bias = _float_layer(self._map.rule)
            return weights @ np.tanh(points) + bias[:, None]
        return _run_numpy(_image_program(self._map), points)

    def jacobian(self, points: Floats) -> Floats:
        """M' at each column. Shape (n, N) to (n, n, N)."""
        n = self._map.dimension
        if isinstance(self._map.rule, TanhLayer):
            weights, _ = _float_layer(self._map.rule)
            return weights[:, :, None] * _sech2(points)[None, :, :]
        return _run_numpy(jacobian_program(self._map), points).reshape(n, n, -1)


class CompiledMap:
    """M and M' as compiled kernels with their constants; ``step_kernel`` is what drivers take.

    Rigor: floating point. Make it with ``compiled_map``; a kernel compiles at its first use and stays on disk.
    """

    def __init__(self, m: Map) -> None:
        self._map = m
        self.dimension = m.dimension

    @cached_property
    def step_kernel(self) -> Any:
        """The kernel of M, of signature ``KERNEL``."""
        return layer.step if isinstance(self._map.rule, TanhLayer) else codegen.float_kernel(_image_program(self._map))

    @cached_property
    def jacobian_kernel(self) -> Any:
        """The kernel of M' (row-major), of signature ``KERNEL``."""
        if isinstance(self._map.rule, TanhLayer):
            return layer.jacobian
        return codegen.float_kernel(jacobian_program(self._map))

    @cached_property
    def step_constants(self) -> Floats:
        """The constants that ``step_kernel`` takes, each rounded to nearest."""
        return _step_constants(self._map)[0]

    @cached_property
    def jacobian_constants(self) -> Floats:
        """The constants that ``jacobian_kernel`` takes."""
        return _jacobian_constants(self._map)[0]

    def step(self, points: Floats, *, threads: int | None = None) -> Floats:
        """M at each column; nan where the map is undefined. Shape (n, N) to (n, N)."""
        return _apply(self.step_kernel, (self.step_constants,), (points,), self.dimension, threads)[0]

    def jacobian(self, points: Floats, *, threads: int | None = None) -> Floats:
        """M' at each column. Shape (n, N) to (n, n, N)."""
        n = self.dimension
        return _apply(self.jacobian_kernel, (self.jacobian_constants,), (points,), n * n, threads)[0].reshape(n, n, -1)


class IntervalMap:
    """M and M' over boxes as compiled kernels with outward rounding.

    Rigor: certified; (nan, nan) where nothing is known. Make it with ``interval_map``.
    """

    def __init__(self, m: Map) -> None:
        self._map = m
        self.dimension = m.dimension

    @cached_property
    def image_kernel(self) -> Any:
        """The kernel of M, of signature ``INTERVAL_KERNEL``."""
        if isinstance(self._map.rule, TanhLayer):
            return layer.interval_step
        return codegen.interval_kernel(_image_program(self._map))

    @cached_property
    def jacobian_kernel(self) -> Any:
        """The kernel of M' (row-major), of signature ``INTERVAL_KERNEL``."""
        if isinstance(self._map.rule, TanhLayer):
            return layer.interval_jacobian
        return codegen.interval_kernel(jacobian_program(self._map))

    @cached_property
    def image_constants(self) -> tuple[Floats, Floats]:
        """Lower and upper ends of the constants that ``image_kernel`` takes."""
        return _step_constants(self._map)[1:]

    @cached_property
    def jacobian_constants(self) -> tuple[Floats, Floats]:
        """Lower and upper ends of the constants that ``jacobian_kernel`` takes."""
        return _jacobian_constants(self._map)[1:]

    def image(self, lo: Floats, hi: Floats, *, threads: int | None = None) -> tuple[Floats, Floats]:
        """Lower and upper ends of M over each box. Shapes (n, N)."""
        result = _apply(self.image_kernel, self.image_constants, (lo, hi), self.dimension, threads)
        return result[0], result[1]

    def jacobian(self, lo: Floats, hi: Floats, *, threads: int | None = None) -> tuple[Floats, Floats]:
        """Lower and upper ends of every entry of M' over each box; nan unless M has a value on all of the box.

        Without that, a pole or a jump of M could go unseen where the formula of M' has none: d/dx atan(tan x) = 1.
        Shapes (n, N) to (n, n, N).
        """
        n = self.dimension
        result = _apply(self.jacobian_kernel, self.jacobian_constants, (lo, hi), n * n, threads)
        if not is_total(self._map):
            image_lo, image_hi = self.image(lo, hi, threads=threads)
            defined = np.all(np.isfinite(image_lo) & np.isfinite(image_hi), axis=0)
            for ends in result:
                ends[:, ~defined] = np.nan
        return result[0].reshape(n, n, -1), result[1].reshape(n, n, -1)


@lru_cache(maxsize=64)
def numpy_map(m: Map) -> NumpyMap:
    """The NumPy evaluator of a map."""
    return NumpyMap(m)


@lru_cache(maxsize=64)
def compiled_map(m: Map) -> CompiledMap:
    """The compiled float evaluator of a map."""
    return CompiledMap(m)


@lru_cache(maxsize=64)
def interval_map(m: Map) -> IntervalMap:
    """The compiled interval evaluator of a map."""
    return IntervalMap(m)


def _apply(
    kernel: Any, constants: tuple[Floats, ...], points: tuple[Floats, ...], rows: int, threads: int | None
) -> list[Floats]:
    """Run a kernel over all columns; as many result arrays as there are inputs."""
    total = points[0].shape[1]
    results = [np.empty((rows, total)) for _ in points]

    if 0 < total <= _CHUNK:  # orbits take many small steps
        kernel(*(np.ascontiguousarray(p, dtype=np.float64) for p in points), *constants, *results, total)
        return results

    def work(start: int, end: int) -> None:
        inputs = [np.ascontiguousarray(p[:, start:end], dtype=np.float64) for p in points]
        outputs = [np.empty((rows, end - start)) for _ in points]
        kernel(*inputs, *constants, *outputs, end - start)
        for result, output in zip(results, outputs, strict=True):
            result[:, start:end] = output

    for_chunks(work, total, _CHUNK, threads=threads)
    return results


@lru_cache(maxsize=64)
def _image_program(m: Map) -> Program:
    return lower(m.expressions, m.states, m.values)


@lru_cache(maxsize=64)
def _step_constants(m: Map) -> tuple[Floats, Floats, Floats]:
    if isinstance(m.rule, TanhLayer):
        return _layer_constants(m.rule)
    return _rounded([_enclose(c) for c in _image_program(m).constants])


@lru_cache(maxsize=64)
def _jacobian_constants(m: Map) -> tuple[Floats, Floats, Floats]:
    if isinstance(m.rule, TanhLayer):
        return _layer_constants(m.rule)
    return _rounded([_enclose(c) for c in jacobian_program(m).constants])


@lru_cache(maxsize=64)
def _layer_constants(rule: TanhLayer) -> tuple[Floats, Floats, Floats]:
    return _rounded([Enclosure.exactly(v) for row in (*rule.weights, rule.bias) for v in row])


def _enclose(constant: Any) -> Enclosure:
    with balls.precision(_CONSTANT_BITS):
        try:
            return balls.enclosure(ball_of(constant))
        except ArithmeticError:
            raise InputError(f"the constant {constant} of this map is not a finite real number; mend the map") from None


def _rounded(constants: Sequence[Enclosure]) -> tuple[Floats, Floats, Floats]:
    return (
        np.array([float(c) for c in constants], dtype=np.float64),
        np.array([c.lo for c in constants], dtype=np.float64),
        np.array([c.hi for c in constants], dtype=np.float64),
    )


@lru_cache(maxsize=64)
def _float_layer(rule: TanhLayer) -> tuple[Floats, Floats]:
    weights = np.array([[float(w) for w in row] for row in rule.weights], dtype=np.float64)
    return weights, np.array([float(b) for b in rule.bias], dtype=np.float64)


def _run_numpy(program: Program, points: Floats) -> Floats:
    constants = [float(_enclose(c)) for c in program.constants]
    with np.errstate(all="ignore"):
        values = run(program, list(points), constants, _NUMPY_OPERATIONS)
        return np.stack([np.broadcast_to(np.asarray(v, dtype=np.float64), points.shape[1:]) for v in values])


def _sech2(x: Any) -> Any:
    with np.errstate(over="ignore"):
        return 1.0 / np.cosh(x) ** 2


_NUMPY_OPERATIONS: dict[str, Callable[..., object]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "neg": np.negative,
    "powi": lambda x, k: np.power(x, float(k)),
    "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos, "tan": np.tan,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "sech2": _sech2, "asin": np.arcsin, "acos": np.arccos,
    "atan": np.arctan, "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh, "absolute": np.abs,
    "sign": np.sign,
}  # fmt: skip
