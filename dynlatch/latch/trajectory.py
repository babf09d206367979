"""Orbits a_t = M(a_{t-1}) + u_t, and products of Jacobians along them: the compiled loops over time."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from typing import Any

import numpy as np

from dynlatch.errors import InputError
from dynlatch.jit import ARRAY, KERNEL_VALUE, VECTOR, jit, jit_as
from dynlatch.maps.definition import Map, exact_fraction
from dynlatch.maps.evaluators import Floats, compiled_map
from dynlatch.rigor.enclosure import Enclosure

MAX_STEPS = 10_000_000
MAX_BYTES = 2 << 30
"""Longer or larger orbits than this are refused."""

_EPSILON = 2.0**-52
_LOG_2 = math.log(2.0)


def trajectory(m: Map, a0: object, steps: int, inputs: object = None) -> Floats:
    """The orbit a_0, a_1, ..., a_T of a map from one state.

    a_t = M(a_{t-1}) + u_t, with u_t = ``inputs[t - 1]``.
    ``a0`` holds n numbers (or is one number for n = 1), ``steps`` is T >= 1, ``inputs`` has shape (T, n), or (T,)
    for n = 1; without it u_t = 0. Activations are dimensionless, time counts steps.
    Returns an array of shape (T + 1, n); rows from the first state that is not finite on (the orbit diverged or left
    the set where M is defined) are nan.
    Raises: InputError for steps below 1 or too many, a wrong shape, and numbers that are not finite.
    Source: BSF94, eq. 1. Rigor: floating point. Cost: T evaluations of M, one after another.
    """
    states, reached = run_orbit(m, a0, steps, inputs)
    states[reached + 1 :] = np.nan
    return states


def run_orbit(m: Map, a0: object, steps: int, inputs: object) -> tuple[Floats, int]:
    """The orbit as ``trajectory`` takes it, and the index of its last finite state; what comes after has no meaning."""
    num_steps = _checked_steps(steps, m)
    states = np.empty((num_steps + 1, m.dimension))
    states[0] = checked_state(a0, m, "a0")
    driven = _checked_inputs(inputs, num_steps, m)
    compiled = compiled_map(m)
    return states, int(_iterate(compiled.step_kernel, compiled.step_constants, driven, states))


def _checked_steps(steps: int, m: Map) -> int:
    try:
        count = operator.index(steps)
    except TypeError:
        raise InputError(f"steps={steps!r} is not a whole number; give how many steps to take, at least 1") from None
    if isinstance(steps, bool) or count < 1:
        raise InputError(f"steps={steps} must be at least 1: no step, no gradient; give a positive number")
    size = 8 * (count + 1) * m.dimension
    if count > MAX_STEPS or size > MAX_BYTES:
        raise InputError(
            f"steps={count} is too many: the states alone would take {size / 2**30:.3g} GiB "
            f"(at most {MAX_STEPS} steps and {MAX_BYTES >> 30} GiB); give fewer steps"
        )
    return count


def checked_state(state: object, m: Map, name: str) -> Floats:
    """A state as floats, shape (n,), from n numbers or, for n = 1, one. Raises: InputError, which calls it ``name``."""
    single = isinstance(state, str | Enclosure) or not isinstance(state, Iterable) or np.ndim(state) == 0  # pyright: ignore[reportArgumentType]
    given: list[object] = [state] if single else list(state)  # pyright: ignore[reportArgumentType]
    if len(given) != m.dimension:
        raise InputError(
            f"{name} has {len(given)} numbers but {m.name} has {m.dimension} states; give one number per state"
        )
    return np.array([_float(value, f"{name}[{i}]") for i, value in enumerate(given)])


def _float(value: object, what: str) -> float:
    number = float(value) if isinstance(value, Enclosure) else float(Enclosure.exactly(exact_fraction(value, what)))
    if not math.isfinite(number):
        raise InputError(f"{what}={str(value)[:40]} is beyond the largest float; give a smaller number")
    return number


def _checked_inputs(inputs: object, steps: int, m: Map) -> Floats:
    n = m.dimension
    if inputs is None:
        return np.empty((0, n))
    shape = f"({steps}, {n})" + (f" or ({steps},)" if n == 1 else "")
    try:
        raw: Any = np.asarray(inputs)
        if raw.dtype.kind not in "iufO":
            raise TypeError
        array: Floats = np.ascontiguousarray(raw, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"inputs are not an array of real numbers; give shape {shape}, one row per step") from None
    if n == 1 and array.ndim == 1:
        array = array[:, None]
    if array.shape != (steps, n):
        raise InputError(
            f"inputs have shape {np.shape(raw)} but must have {shape}: one row per step, one column per state"
        )
    if not np.isfinite(array).all():
        step = int(np.argmin(np.isfinite(array).all(axis=1)))
        raise InputError(f"inputs[{step}] is not finite; give finite numbers, 0 where there is no input")
    return np.ascontiguousarray(array)


@jit_as((KERNEL_VALUE, VECTOR, ARRAY, ARRAY))
def _iterate(step, constants, inputs, states):  # pyright: ignore
    """Fill ``states`` from its first row on; the index of the last row that is finite."""
    n = states.shape[1]
    here = np.empty((n, 1))
    there = np.empty((n, 1))
    driven = inputs.shape[0] > 0
    for i in range(n):
        here[i, 0] = states[0, i]
    for t in range(states.shape[0] - 1):
        step(here, constants, there, 1)
        finite = True
        for i in range(n):
            value = there[i, 0]
            if driven:
                value += inputs[t, i]
            finite = finite and math.isfinite(value)
            here[i, 0] = value
            states[t + 1, i] = value
        if not finite:
            return t
    return states.shape[0] - 1


@jit
def _exponent(x):  # pyright: ignore
    """The k for which abs(x) / 2^k lies in [1/2, 1), or 0 for 0."""
    return math.frexp(x)[1]


@jit
def accumulate(factors, columns, exponents, all_columns, all_exponents):  # pyright: ignore
    """Multiply ``factors`` (N, n, n) from the left, one after another, onto a product; keep the product after each.

    Column j of the product is ``columns[:, j] * 2^exponents[j]``. Columns never mix when the newest factor stands on
    the left, so each has its own scale; powers of two make the scaling exact, and nothing underflows.
    """
    n = columns.shape[0]
    fresh = np.empty((n, n))
    for t in range(factors.shape[0]):
        biggest = 0.0
        for i in range(n):
            for k in range(n):
                biggest = max(biggest, abs(factors[t, i, k]))
        shift = _exponent(biggest)
        fresh[:] = 0.0
        for i in range(n):
            for k in range(n):
                entry = math.ldexp(factors[t, i, k], -shift)
                for j in range(n):
                    fresh[i, j] += entry * columns[k, j]
        for j in range(n):
            biggest = 0.0
            for i in range(n):
                biggest = max(biggest, abs(fresh[i, j]))
            own = _exponent(biggest)
            exponents[j] += shift + own
            for i in range(n):
                columns[i, j] = math.ldexp(fresh[i, j], -own)
        all_columns[t] = columns
        all_exponents[t] = exponents


@jit
def _length(v):  # pyright: ignore
    biggest = 0.0
    for x in v:
        biggest = max(biggest, abs(x))
    if biggest == 0.0:
        return 0.0
    total = 0.0
    for x in v:
        total += (x / biggest) ** 2
    return biggest * math.sqrt(total)


@jit
def _project_out(v, basis, count):  # pyright: ignore
    """Take the first ``count`` directions out of v, twice: once leaves rounding errors of the size of v."""
    for _ in range(2):
        for i in range(count):
            along = 0.0
            for k in range(v.shape[0]):
                along += basis[i, k] * v[k]
            for k in range(v.shape[0]):
                v[k] -= along * basis[i, k]


@jit
def _complete(basis, last):  # pyright: ignore
    """Set row ``last`` to a unit vector orthogonal to the rows before it."""
    n = basis.shape[1]
    best = 0.0
    trial = np.empty(n)
    for axis in range(n):
        trial[:] = 0.0
        trial[axis] = 1.0
        _project_out(trial, basis, last)
        size = _length(trial)
        if size > best:
            best = size
            for k in range(n):
                basis[last, k] = trial[k] / size


@jit
def reorthogonalise(factors, log_determinants, basis, sums, skip):  # pyright: ignore
    """Carry an orthonormal basis (one direction per row) along; add the log of each stretching to ``sums``.

    The first ``skip`` factors move the basis only. A direction that a factor sends to 0, or into the span of those
    before it up to rounding, becomes 0 and its sum -inf; but what the last direction lost to rounding is recovered
    from the determinant, where that is finite.
    """
    n = basis.shape[0]
    image = np.empty((n, n))
    weights = np.empty((n, n))
    stretch = np.empty(n)
    for t in range(factors.shape[0]):
        biggest = 0.0
        for i in range(n):
            for k in range(n):
                biggest = max(biggest, abs(factors[t, i, k]))
        shift = _exponent(biggest)
        for j in range(n):
            for i in range(n):
                total = 0.0
                weight = 0.0
                for k in range(n):
                    term = math.ldexp(factors[t, i, k], -shift) * basis[j, k]
                    total += term
                    weight += abs(term)
                image[j, i] = total
                weights[j, i] = weight
        for j in range(n):
            before = _length(weights[j])  # what the image would measure without cancellation
            _project_out(image[j], basis, j)
            after = _length(image[j])
            if after > 8 * n * _EPSILON * before:
                stretch[j] = math.log(after) + shift * _LOG_2
                for i in range(n):
                    basis[j, i] = image[j, i] / after
                continue
            stretch[j] = -np.inf
            others = stretch[:j].sum()
            if j == n - 1 and before > 0.0 and math.isfinite(others) and math.isfinite(log_determinants[t]):
                stretch[j] = log_determinants[t] - others
                _complete(basis, j)
            else:
                basis[j] = 0.0
        if t >= skip:
            for j in range(n):
                sums[j] += stretch[j]
