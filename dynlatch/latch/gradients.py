"""How a gradient decays along an orbit: da_t/da_0, its rate, the Lyapunov spectrum and non-normal growth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from dynlatch.errors import InputError
from dynlatch.latch.trajectory import accumulate, reorthogonalise, run_orbit
from dynlatch.maps.definition import Map
from dynlatch.maps.evaluators import Floats, compiled_map
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.verdict import Stop

if TYPE_CHECKING:
    from dynlatch.latch.fixed_points import FixedPoint

CONFIDENCE = 0.95
"""The level of every interval for a rate."""

MAX_BATCHES = 20
MAX_POWERS = 10_000

_CHUNK_ENTRIES = 1 << 20
_EPSILON = 2.0**-52
_LOG_2 = math.log(2.0)
_NEAR = 1e-6
_BALL_BITS = 160


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class GradientDecay:
    """The gradients da_t/da_0 and da_T/da_t along one orbit, measured.

    Times run from 0 to ``reached`` = T, the last step with finite numbers; row t of each array belongs to time t.
    ``stop`` is ``DIVERGED`` where that is short of ``steps``; ``rate`` and ``lyapunov_spectrum`` are then nan.
    Rigor: floating point, but for ``certified_rate``.
    """

    map: Map
    a0: tuple[float, ...]
    steps: int
    norm: float
    driven: bool
    stop: Stop
    states: Floats
    """(T + 1, n) a_t"""
    log_norm: Floats
    """(T + 1,) log abs(da_t/da_0); -inf from a singular factor's product on that is 0"""
    log_spectral_radius: Floats
    """(T + 1,) log of the spectral radius of da_t/da_0; noise where it is below 1e-15 of the norm"""
    log_norm_to_end: Floats
    """(T + 1,) log abs(da_T/da_t): how much of the error at the end arrives at time t (BSF94, eq. 4)"""
    transient: int
    """first time of the tail that ``rate`` and ``lyapunov_spectrum`` are taken from"""
    rate: float
    """slope of ``log_norm`` over the tail, in nats per step"""
    rate_interval: tuple[float, float]
    """confidence interval of ``rate`` at the level ``CONFIDENCE``"""
    num_batches: int
    """how many batch means the interval rests on"""
    lyapunov_spectrum: Floats
    """(n,) Lyapunov exponents over the tail, descending, in nats per step"""
    reactivity: float
    """abs(J) - 1 for the Jacobian J at the final state: the largest growth of a small deviation in one step, less 1"""
    power_growth: float
    """max over t >= 0 of abs(J^t) for that J (at most 10 000 powers); inf where its spectral radius exceeds 1"""
    peak_growth: float
    """max over t of abs(da_t/da_0) along this orbit (inf if beyond the largest float)"""
    peak_time: int
    certified_rate: Enclosure | None
    """log of the spectral radius per step at the given certified point or cycle, if the orbit ended there"""

    @property
    def reached(self) -> int:
        """T, the last time with a finite state and gradient."""
        return len(self.states) - 1

    @property
    def forgetting_rate(self) -> float:
        """-``rate``: nats of gradient lost per step."""
        return -self.rate

    @property
    def message(self) -> str:
        """What happened, in one line."""
        if self.stop is Stop.DIVERGED:
            return (
                f"diverged: after step {self.reached} of {self.steps} the state or its Jacobian is no finite number; "
                f"the arrays end there and no rate is given"
            )
        return f"all {self.steps} steps were taken"

    def to_xarray(self) -> Any:
        """An ``xarray.Dataset`` over ``time``, ``state`` (names) and ``exponent``, with the scalars as attributes."""
        import xarray as xr

        scalars: dict[str, Any] = {
            "map": repr(self.map),
            "map_hash": self.map.content_hash,
            "a0": list(self.a0),
            "norm": str(self.norm),
            "driven": int(self.driven),
            "stop": str(self.stop),
            "message": self.message,
            "transient": self.transient,
            "rate": self.rate,
            "rate_interval": list(self.rate_interval),
            "confidence": CONFIDENCE,
            "num_batches": self.num_batches,
            "reactivity": self.reactivity,
            "power_growth": self.power_growth,
            "peak_growth": self.peak_growth,
            "peak_time": self.peak_time,
        }
        if self.certified_rate is not None:
            scalars["certified_rate"] = [self.certified_rate.lo, self.certified_rate.hi]
        series = ("log_norm", "log_spectral_radius", "log_norm_to_end")
        return xr.Dataset(
            {
                "states": (("time", "state"), self.states),
                **{name: ("time", getattr(self, name), {"units": "nats"}) for name in series},
                "lyapunov_spectrum": ("exponent", self.lyapunov_spectrum, {"units": "nats per step"}),
            },
            coords={
                "time": ("time", np.arange(self.reached + 1), {"units": "steps"}),
                "state": [str(s) for s in self.map.states],
                "exponent": np.arange(1, len(self.lyapunov_spectrum) + 1),
            },
            attrs=scalars,
        )

    def __repr__(self) -> str:
        lo, hi = self.rate_interval
        spectrum = ", ".join(f"{x:.6g}" for x in self.lyapunov_spectrum)
        kind = "driven from" if self.driven else "from"
        level = (
            f"{CONFIDENCE:.0%} interval [{lo:.8g}, {hi:.8g}], {self.num_batches} batches after step {self.transient}"
        )
        growth = f"one step {self.reactivity + 1:.6g}, all powers {self.power_growth:.6g}"
        lines = [
            f"GradientDecay of {self.map.name} {kind} {list(self.a0)}: {self.message}",
            f"  rate {self.rate:.8g} nats per step in the {self.norm:g}-norm, {level}",
            f"  Lyapunov spectrum [{spectrum}] nats per step",
            f"  growth under the final Jacobian: {growth}",
            f"  largest gradient on the orbit {self.peak_growth:.6g} at step {self.peak_time}",
        ]
        if self.certified_rate is not None:
            lines.append(f"  certified rate at the fixed point {self.certified_rate!r}")
        return "\n".join(lines)


def gradient_decay(
    m: Map,
    a0: object,
    steps: int,
    inputs: object = None,
    *,
    norm: float | str = 2,
    fixed_point: FixedPoint | None = None,
) -> GradientDecay:
    """How the gradient through time grows or decays along a_t = M(a_{t-1}) + u_t.

    da_t/da_0 = M'(a_{t-1}) ... M'(a_0), the newest factor on the left, rescaled at every step with logs added.
    ``a0``, ``steps`` (T) and ``inputs`` are as in ``trajectory``; ``norm`` is 1, 2 or inf, the operator norm of every
    size reported; ``fixed_point`` is a certified point or cycle whose multipliers give ``certified_rate`` if the
    orbit, undriven, ended within 1e-6 of it.
    Rate and spectrum come from the second half of the orbit; the interval from means over up to 20 batches of
    consecutive steps, so that correlations shorter than a batch are accounted for, and is never narrower than rounding;
    it speaks of fluctuations, not of a transient longer than half the orbit.
    Returns a frozen ``GradientDecay``. An orbit that diverges is an answer (``stop``), not an error.
    Raises: InputError for steps below 1 or too many, a wrong shape, numbers that are not finite, an unknown norm.
    Source: BSF94, eq. 4 and Theorem 4. Rigor: floating point; ``certified_rate`` certified (for every orbit that
    converges to that point; that this one does is observed). Cost: O(T n^3), a few microseconds per step for small n.
    """
    order = _checked_norm(norm)
    states, reached = run_orbit(m, a0, steps, inputs)
    requested = len(states) - 1
    reached, log_norm, log_radius, sums = _forward(m, states, reached, order)
    stop = Stop.SOLVED if reached == requested else Stop.DIVERGED
    states = states[: reached + 1]
    transient = reached // 2
    rate, interval, batches = _rate(log_norm, transient, m.dimension)
    spectrum = np.sort(sums)[::-1] / (reached - transient) if reached else sums
    if stop is Stop.DIVERGED:
        rate, interval, batches, spectrum = math.nan, (-math.inf, math.inf), 0, np.full(m.dimension, np.nan)
    final = _jacobians(m, states[-1:])[0]
    reactivity, power_growth = _growth(final, order)
    peak = int(np.argmax(log_norm))
    arrays = states, log_norm, log_radius, _backward(m, states, order), spectrum
    for array in arrays:
        array.flags.writeable = False
    return GradientDecay(
        map=m,
        a0=tuple(map(float, states[0])),
        steps=requested,
        norm=order,
        driven=inputs is not None,
        stop=stop,
        states=states,
        log_norm=log_norm,
        log_spectral_radius=log_radius,
        log_norm_to_end=arrays[3],
        transient=transient,
        rate=rate,
        rate_interval=interval,
        num_batches=batches,
        lyapunov_spectrum=spectrum,
        reactivity=reactivity,
        power_growth=power_growth,
        peak_growth=_exp(float(log_norm[peak])),
        peak_time=peak,
        certified_rate=None if inputs is not None or stop is Stop.DIVERGED else _certified(fixed_point, states[-1]),
    )


def _checked_norm(norm: float | str) -> float:
    known = {"1": 1.0, "1.0": 1.0, "2": 2.0, "2.0": 2.0, "inf": math.inf}
    order = None if isinstance(norm, bool) else known.get(str(norm))
    if order is None:
        raise InputError(f"norm={norm!r} is not a norm known here; give 1, 2 or inf")
    return order


def _forward(m: Map, states: Floats, reached: int, norm: float) -> tuple[int, Floats, Floats, Floats]:
    """Logs of norm and spectral radius of da_t/da_0 for all t that are reached, and summed logs of stretchings."""
    n = m.dimension
    log_norm, log_radius = np.zeros(reached + 1), np.zeros(reached + 1)
    columns, exponents = np.eye(n), np.zeros(n, dtype=np.int64)
    basis, sums = np.eye(n), np.zeros(n)
    chunk = max(1, _CHUNK_ENTRIES // n**2)
    for start in range(0, reached, chunk):
        end = min(start + chunk, reached)
        factors = _jacobians(m, states[start:end])
        finite = np.isfinite(_largest(_largest(np.abs(factors), 2), 1))
        if not finite.all():
            end = start + int(np.argmin(finite))
            factors = factors[: end - start]
        products = np.empty(factors.shape)
        scales = np.empty((end - start, n), dtype=np.int64)
        accumulate(factors, columns, exponents, products, scales)
        scaled, top = _common_scale(products, scales)
        log_norm[start + 1 : end + 1] = _log(_norms(scaled, norm)) + top * _LOG_2
        log_radius[start + 1 : end + 1] = _log(_radii(scaled)) + top * _LOG_2
        reorthogonalise(factors, _log_determinants(factors), basis, sums, max(0, reached // 2 - start))
        if not finite.all():
            return end, log_norm[: end + 1], log_radius[: end + 1], sums
    return reached, log_norm, log_radius, sums


def _backward(m: Map, states: Floats, norm: float) -> Floats:
    """Log norms of da_T/da_t for all t: these grow to the right, their transposes to the left."""
    n, last = m.dimension, len(states) - 1
    result = np.zeros(last + 1)
    columns, exponents = np.eye(n), np.zeros(n, dtype=np.int64)
    chunk = max(1, _CHUNK_ENTRIES // n**2)
    of_transpose = {1.0: math.inf, math.inf: 1.0}.get(norm, norm)
    for end in range(last, 0, -chunk):
        start = max(0, end - chunk)
        factors = np.ascontiguousarray(_jacobians(m, states[start:end])[::-1].transpose(0, 2, 1))
        products = np.empty(factors.shape)
        scales = np.empty((end - start, n), dtype=np.int64)
        accumulate(factors, columns, exponents, products, scales)
        scaled, top = _common_scale(products, scales)
        result[start:end] = (_log(_norms(scaled, of_transpose)) + top * _LOG_2)[::-1]
    return result


def _jacobians(m: Map, states: Floats) -> Floats:
    """M' at each row of ``states``: shape (N, n) to (N, n, n)."""
    columns = compiled_map(m).jacobian(np.ascontiguousarray(states.T))
    return np.ascontiguousarray(columns.transpose(2, 0, 1))


def _common_scale(columns: Floats, exponents: NDArray[np.int64]) -> tuple[Floats, NDArray[np.int64]]:
    """Matrices and one power of two for each, from columns with a power of two each; what underflows is negligible."""
    some = _largest(columns != 0, 1)
    top = _largest(np.where(some, exponents, np.iinfo(np.int64).min), 1)
    top = np.where(_largest(some, 1), top, 0)
    shifts = np.clip(np.where(some, exponents - top[:, None], 0), -2200, 0).astype(np.int32)
    return np.ldexp(columns, shifts[:, None, :]), top


def _largest(values: NDArray[Any], axis: int) -> NDArray[Any]:
    """``values.max(axis)``, of a short axis: NumPy would go along it anew for each of millions of entries."""
    return reduce(np.maximum, np.moveaxis(values, axis, 0))


def _norms(matrices: Floats, norm: float) -> Floats:
    """The operator norm of each of (N, n, n) matrices."""
    if norm != 2 or matrices.shape[1] == 1:
        return _largest(np.abs(matrices).sum(axis=2 if norm == math.inf else 1), 1)
    if matrices.shape[1] == 2:
        a, b, c, d = matrices[:, 0, 0], matrices[:, 0, 1], matrices[:, 1, 0], matrices[:, 1, 1]
        sizes: Floats = (np.hypot(a + d, b - c) + np.hypot(a - d, b + c)) / 2
        return sizes
    return np.asarray(np.linalg.svd(matrices, compute_uv=False)[:, 0], dtype=np.float64)


def _radii(matrices: Floats) -> Floats:
    """The spectral radius of each of (N, n, n) matrices."""
    if matrices.shape[1] == 1:
        return np.abs(matrices[:, 0, 0])
    if matrices.shape[1] == 2:
        half_trace = (matrices[:, 0, 0] + matrices[:, 1, 1]) / 2
        half_gap: Floats = (matrices[:, 0, 0] - matrices[:, 1, 1]) / 2
        square = half_gap**2 + matrices[:, 0, 1] * matrices[:, 1, 0]
        root = np.sqrt(np.abs(square))
        return np.where(square >= 0, np.abs(half_trace) + root, np.hypot(half_trace, root))
    return np.abs(np.linalg.eigvals(matrices)).max(axis=1)


def _log_determinants(matrices: Floats) -> Floats:
    """log abs(det) of each matrix, -inf where it is singular up to rounding (after scaling rows and columns)."""
    shift = np.zeros(len(matrices))
    for axis in (2, 1):
        exponents = np.frexp(_largest(np.abs(matrices), axis))[1]
        matrices = np.ldexp(matrices, -np.expand_dims(exponents, axis))
        shift += exponents.sum(axis=1) * _LOG_2
    logs = np.linalg.slogdet(matrices)[1]
    return np.where(logs > math.log(4 * matrices.shape[1] * _EPSILON), logs + shift, -np.inf)


def _rate(log_norm: Floats, transient: int, dimension: int) -> tuple[float, tuple[float, float], int]:
    """The slope of the tail, its interval by batch means, and the number of batches."""
    last = len(log_norm) - 1
    if not math.isfinite(log_norm[-1]):
        return -math.inf, (-math.inf, -math.inf), 0
    batches = min(MAX_BATCHES, last - transient)
    if batches < 2:
        rate = float(log_norm[-1] - log_norm[transient]) if batches else math.nan
        return rate, (-math.inf, math.inf), batches
    length = (last - transient) // batches
    means = np.diff(log_norm[last - batches * length :: length]) / length
    rate = float(means.mean())
    half = float(stdtrit(batches - 1, (1 + CONFIDENCE) / 2) * means.std(ddof=1) / math.sqrt(batches))
    # Rounding: a few units per factor (entries, product, the state it is taken at), and the logs' own last places.
    largest = float(np.abs(log_norm[transient:]).max())
    half = max(half, 16 * (dimension + 2) * _EPSILON + 4 * _EPSILON * largest / (batches * length))
    return rate, (rate - half, rate + half), batches


def _growth(jacobian: Floats, norm: float) -> tuple[float, float]:
    """abs(J) - 1 and the max over t >= 0 of abs(J^t); nan where J is not finite.

    Once a power's norm is below 1, no later power beats those before it.
    """
    if not np.isfinite(jacobian).all():
        return math.nan, math.nan
    with np.errstate(over="ignore", invalid="ignore"):
        reactivity = float(_norms(jacobian[None], norm)[0]) - 1
        if not float(_radii(jacobian[None])[0]) <= 1:
            return reactivity, math.inf
        largest, power = 1.0, jacobian
        for _ in range(MAX_POWERS):
            size = float(_norms(power[None], norm)[0])
            largest = max(largest, size)
            if size < 1:
                break
            power = jacobian @ power
    return reactivity, largest


def _certified(point: FixedPoint | None, final: Floats) -> Enclosure | None:
    """log of the largest multiplier's modulus per step, if the orbit ended at the point (or on its cycle)."""
    if point is None or not point.multipliers:
        return None
    orbit = np.array([[float(x) for x in state] for state in (point.state, *point.orbit)])
    if np.abs(orbit - final).max(axis=1).min() > _NEAR * (1 + np.abs(final).max()):
        return None
    lower = max(multiplier.modulus.lower for multiplier in point.multipliers)
    upper = max(multiplier.modulus.upper for multiplier in point.multipliers)
    if lower <= 0:
        return None
    with balls.precision(_BALL_BITS):
        below, above = (balls.FUNCTIONS["log"](balls.ball(end)) for end in (lower, upper))
        ends = balls.enclosure(below).lower, balls.enclosure(above).upper
    return Enclosure(ends[0] / point.period, ends[1] / point.period)


def _log(sizes: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.log(sizes)


def _exp(x: float) -> float:
    return math.exp(x) if x < 709 else math.inf
