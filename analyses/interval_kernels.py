"""Every interval kernel against balls, at a million points each: nothing is missed, and nothing is wide.

python analyses/interval_kernels.py [--quick] [--count N] [--processes N] [NAME ...]

Arguments are random and adversarial: of moderate size, of any exponent, tiny, huge and subnormal, close to multiples of
pi / 2, to the ends of the domain, and to where a result overflows, underflows or becomes subnormal. A failure is a true
value outside of what a kernel answers, poison where the value exists, or a result wider than 16 ulp. Exits with 1 if
there is any. Units in the last place are those of the true value.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from flint import arb
from numpy.typing import NDArray

from dynlatch.rigor import balls, intervals
from dynlatch.seeds import rng_for

Floats = NDArray[np.float64]
_compiled: Any = numba.njit(error_model="numpy")
"""Not kept on disk: these loops have no module to be found by again."""

BITS, MORE_BITS = 128, 4096
MOST_ULP = 16.0
LARGEST, TINY = math.nextafter(math.inf, 0.0), 5e-324
LARGEST_PHASE = 1e6  # beyond it sin and cos are [-1, 1] and tan is poison, as documented
DOMAIN = {
    "sqrt": (0.0, LARGEST), "log": (TINY, LARGEST), "acosh": (1.0, LARGEST), "asin": (-1.0, 1.0), "acos": (-1.0, 1.0),
    "atanh": (math.nextafter(-1.0, 0.0), math.nextafter(1.0, 0.0)),
}  # fmt: skip
CLAMPED = {
    "tanh": (-1.0, 1.0), "sech2": (0.0, 1.0), "sin": (-1.0, 1.0), "cos": (-1.0, 1.0), "cosh": (1.0, math.inf),
    "exp": (0.0, math.inf), "sqrt": (0.0, math.inf), "sqr": (0.0, math.inf), "acosh": (0.0, math.inf),
    "acos": (0.0, math.inf),
}  # fmt: skip
EXACT = ("neg", "absolute", "sign")
EDGES = [0.5, 1.0, 2.0, 18.7, 19.06, 22.0, 40.0, 354.0, 372.5, 373.0, 709.78, 710.47, 708.4, 745.13, 1e6, 1e22, 1e154]
ARITHMETIC: dict[str, Callable[[arb, arb], arb]] = {
    "add": lambda x, y: x + y, "sub": lambda x, y: x - y, "mul": lambda x, y: x * y, "div": lambda x, y: x / y,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one kernel: the worst width and the least distance of a true value to an end, in ulp; failures."""

    name: str
    points: int
    width: float
    slack: float
    given_up: int
    failures: tuple[str, ...]


def arguments(name: str, count: int) -> Floats:
    """Points of a function's domain: a third of moderate size, the rest where something could go wrong."""
    rng = rng_for(0, "interval kernels", name, count)
    share = count // 8

    def signs() -> Floats:
        return rng.choice([-1.0, 1.0], share)

    def steps(x: Floats) -> Floats:
        return x + rng.integers(-4, 5, x.size) * np.spacing(np.abs(x))

    quarters = np.where(rng.random(share) < 0.5, rng.integers(-636_000, 636_000, share), rng.integers(-99, 99, share))
    parts = [
        rng.uniform(-10, 10, share),
        rng.normal(0, 1, share),
        signs() * np.exp2(rng.uniform(-60, 12, share)),
        signs() * np.exp2(rng.uniform(-1074, 1023.9, share)),
        signs() * np.exp2(rng.choice([-1074.0, -1022.0, -1021.0, 1022.0], share) + rng.uniform(0, 1.9, share)),
        signs() * (1.0 + rng.choice([-1.0, 1.0], share) * np.exp2(rng.uniform(-53, 0, share))),
        steps(quarters * (math.pi / 2)) + rng.choice([0.0, 0.0, 1e-12, 1e-6], share),
        signs() * steps(rng.choice(EDGES, share) * rng.choice([1.0, 1.0 + 1e-9, 1.0 + 1e-3], share)),
    ]
    points = np.concatenate(parts)
    lo, hi = DOMAIN.get(name, (-LARGEST, LARGEST))
    outside = ~((points >= lo) & (points <= hi))
    with np.errstate(all="ignore"):
        inside = np.where(lo < 0.0, 1.0 / points, np.abs(points))
    points[outside] = np.clip(inside[outside], lo, hi)
    return points


def kernel_loop(name: str, kernel: Any = None) -> Any:
    """A compiled loop over points of one kernel; two arguments, of which some kernels use the first alone."""
    kernel = kernel or getattr(intervals, name)
    if name in intervals.BINARY:

        @_compiled
        def loop(x: Any, y: Any, lo: Any, hi: Any) -> None:
            for j in range(x.size):
                lo[j], hi[j] = kernel(x[j], x[j], y[j], y[j])

    elif name == "powi":

        @_compiled
        def loop(x: Any, y: Any, lo: Any, hi: Any) -> None:
            for j in range(x.size):
                lo[j], hi[j] = kernel(x[j], x[j], int(y[j]))

    else:

        @_compiled
        def loop(x: Any, y: Any, lo: Any, hi: Any) -> None:
            for j in range(x.size):
                lo[j], hi[j] = kernel(x[j], x[j])

    return loop


def operands(name: str, count: int) -> tuple[Floats, Floats]:
    """Points for each argument of a kernel."""
    x = arguments(name, count)
    rng = rng_for(1, "interval kernels", name, count)
    if name == "powi":
        k = rng.integers(-64, 65, x.size).astype(np.float64)
        tame = rng.random(x.size) < 0.5  # a result of any size, else most would overflow
        x = np.where(tame, np.sign(x) * np.exp2(rng.uniform(-1074, 1023.9, x.size) / np.maximum(np.abs(k), 1.0)), x)
        return x, k
    y = rng.permutation(arguments(f"{name}, second", count)) if name in intervals.BINARY else x
    near = rng.random(x.size) < 0.2  # sums that cancel
    return x, np.where(near, x * (1.0 + rng.integers(-8, 9, x.size) * 2.0**-52), y) if name in intervals.BINARY else y


def oracle(name: str) -> Callable[[float, float], arb]:
    """The true value as a ball of the current precision."""
    if name in ARITHMETIC:
        operation = ARITHMETIC[name]
        return lambda x, y: operation(arb(x), arb(y))
    if name == "powi":
        return lambda x, y: arb(x) ** int(y)
    function = balls.FUNCTIONS[name]
    return lambda x, _: function(arb(x))


def examine(name: str, count: int, kernel: Any = None) -> Outcome:
    """Run one kernel at about ``count`` points and hold every answer against a ball."""
    x, y = operands(name, count)
    lo, hi = np.empty_like(x), np.empty_like(x)
    kernel_loop(name, kernel)(x, y, lo, hi)
    true, rest = np.empty_like(x), np.empty_like(x)
    value_at, failures = oracle(name), list[str]()
    with balls.precision(BITS):
        for j, (p, q, a, b) in enumerate(zip(x.tolist(), y.tolist(), lo.tolist(), hi.tolist(), strict=True)):
            value = value_at(p, q)
            true[j] = float(value) if value.is_finite() else math.inf
            rest[j] = float((value - true[j]) / math.ulp(true[j])) if math.isfinite(true[j]) else 0.0
            if a == a and not (value >= a and value <= b) and misses(value_at, p, q, a, b):
                failures.append(f"{shown(name, p, q)} is not in [{a!r}, {b!r}]")
    unknown = np.isnan(lo) | np.isinf(lo) | np.isinf(hi)
    allowed = ~(np.abs(true) < LARGEST * (1 - 2.0**-49))
    wide = np.zeros(x.size, dtype=np.bool_)
    if name in ("sin", "cos", "tan"):
        far = np.abs(x) > LARGEST_PHASE
        wide, allowed = far, allowed | far | (np.abs(true) > 2.0**40 / (np.abs(x) + 4))
    if name == "sign":
        wide = x == 0.0
    failures += [f"{shown(name, x[j], y[j])} is poison" for j in np.flatnonzero(unknown & ~allowed)]
    width, slack = in_ulp(name, lo, hi, true, rest, ~(unknown | wide))
    most = 0.0 if name in EXACT else MOST_ULP
    failures += [f"{shown(name, x[j], y[j])} is {width[j]:.2f} ulp wide" for j in np.flatnonzero(width > most)]
    nearest = float(np.min(slack, initial=math.inf))
    return Outcome(name, x.size, float(np.max(width)), nearest, int(np.sum(unknown | wide)), tuple(failures))


def shown(name: str, p: float, q: float) -> str:
    """A call of a kernel as text."""
    return f"{name}({float(p)!r}, {float(q)!r})" if name in (*ARITHMETIC, "powi") else f"{name}({float(p)!r})"


def misses(value_at: Callable[[float, float], arb], p: float, q: float, a: float, b: float) -> bool:
    """Whether the true value is certainly outside; a ball that merely touches an end is made smaller first."""
    with balls.precision(MORE_BITS):
        value = value_at(p, q)
        return not value.is_finite() or bool(value < a) or bool(value > b)


def in_ulp(
    name: str, lo: Floats, hi: Floats, true: Floats, rest: Floats, known: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Widths, and distances of true values to ends that are not those of the function's range.

    A true value is ``true``, the nearest float, and ``rest`` units in its last place beside it.
    """
    with np.errstate(all="ignore"):
        size = np.abs(true)
        unit = np.spacing(size)
        crossed = (np.frexp(size)[0] == 0.5) & (rest * np.sign(true) < 0.0) & (unit > TINY)  # just below a power of 2
        unit = np.where(crossed, 0.5 * unit, unit)
        width = np.where(known, (hi - lo) / unit, 0.0)
        aside = rest * (np.spacing(size) / unit)
        least, greatest = CLAMPED.get(name, (-math.inf, math.inf))
        inexact = known & (lo < hi) & (true != 0.0)
        below = np.where(inexact & (lo > least), (true - lo) / unit + aside, math.inf)
        above = np.where(inexact & (hi < greatest), (hi - true) / unit - aside, math.inf)
    return width, np.minimum(below, above)


def report(outcomes: list[Outcome]) -> str:
    """The table, then the first failures of each kernel."""
    lines = [f"{'kernel':<10}{'points':>10}{'worst width':>14}{'nearest end':>14}{'given up':>11}{'failures':>10}"]
    lines += [
        f"{o.name:<10}{o.points:>10}{o.width:>10.2f} ulp"
        + (f"{o.slack:>10.2f} ulp" if math.isfinite(o.slack) and o.name not in EXACT else f"{'exact':>14}")
        + f"{o.given_up:>11}{len(o.failures):>10}"
        for o in outcomes
    ]
    return "\n".join([*lines, *(f"FAILED: {text}" for o in outcomes for text in o.failures[:5])])


def main() -> None:
    """Examine every kernel, print the table, exit with 1 if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="kernels; all of them unless some are named")
    parser.add_argument("--quick", action="store_true", help="a few hundred points each")
    parser.add_argument("--count", type=int, default=1_000_000, help="points for each kernel")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="how many share the work")
    arguments_given = parser.parse_args()
    names = arguments_given.names or list(intervals.OPERATIONS)
    unknown = [name for name in names if name not in intervals.OPERATIONS]
    if unknown:
        parser.error(f"no kernel is called {unknown[0]}; there are {', '.join(intervals.OPERATIONS)}")
    count = 400 if arguments_given.quick else arguments_given.count
    if arguments_given.quick or arguments_given.processes == 1:
        outcomes = [examine(name, count) for name in names]
    else:
        with ProcessPoolExecutor(arguments_given.processes) as pool:
            outcomes = list(pool.map(examine, names, [count] * len(names)))
    print(report(outcomes))
    sys.exit(any(o.failures for o in outcomes))


if __name__ == "__main__":
    main()
