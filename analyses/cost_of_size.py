"""What a presentation costs each algorithm, against T, units and parameters told apart: BSF94 leaves it open.

Random networks of n units, each fed by k of the others (n k parameters), are trained on classes that nothing tells, so
that whole budgets are spent; the least of several times counts. Fitted are exponents (least squares in logarithms,
Student's 95 %), and nanoseconds a step for each unit and each parameter. One thread; depends on the machine.

python analyses/cost_of_size.py [--quick] [--out FOLDER]
"""

from __future__ import annotations

import dataclasses
import time

import numpy as np
from scripts import options
from trials import markdown

from dynlatch.claims.scaling import power_law
from dynlatch.lanes import LANES
from dynlatch.learning import Latch, train
from dynlatch.learning.algorithm import Algorithm
from dynlatch.learning.algorithms import NAMES, algorithm_type
from dynlatch.learning.network import Connection, Network, Previous, Signal
from dynlatch.learning.trial import Trial
from dynlatch.seeds import rng_for

SIZES = ((2, 1), (2, 2), (4, 1), (4, 2), (4, 4), (8, 1), (8, 4), (8, 8), (16, 1), (16, 4), (16, 16))
"""Units, and connections to each of them."""
LENGTHS = (20, 40, 80, 160)
WORK = 5e7
"""Steps of units and connections in one measurement, about."""
COLUMNS = ("algorithm", "seconds per presentation grow as, 95 %", "ns a step and unit", "ns a step and parameter")


def ring(n: int, k: int) -> Network:
    """n units, each fed by itself and the k - 1 before it; the first one is told the signal."""
    wires = [Connection(i, Previous((i - j) % n), f"w{i}_{j}") for i in range(n) for j in range(k)]
    return Network(n, 1, n - 1, (*wires, Connection(0, Signal(0), 1.0)))


def unlearnable(n: int, k: int, T: int, count: int) -> list[Trial]:
    """Trials of which nothing tells the classes."""
    network, made = ring(n, k), list[Trial]()
    for index in range(count):
        drawn = rng_for(0, "cost of size", n, k, index).uniform(-0.5, 0.5, len(network.parameters))
        trial = Latch(T=T, noise=0.2, num_test=2).trial(0, index)
        made.append(dataclasses.replace(trial, network=network, initial=drawn))
    return made


def seconds(algorithm: Algorithm, n: int, k: int, T: int, repeats: int) -> float:
    """Of one presentation of one of the trials that stand side by side, at best."""
    trials = unlearnable(n, k, T, LANES)
    budget = max(100, round(WORK / (LANES * T * n * (1 + k))))
    times: list[float] = []
    for _ in range(repeats + 1):  # the first one loads what is compiled
        begin = time.perf_counter()
        runs = train(trials, algorithm, budget=budget, threads=1, per_decade=1)
        times.append((time.perf_counter() - begin) / sum(run.presentations for run in runs))
    return min(times[1:])


def fitted(algorithm: Algorithm, quick: bool) -> tuple[str, ...]:
    """A row of the table."""
    sizes, lengths = (SIZES[:5], LENGTHS[:2]) if quick else (SIZES, LENGTHS)
    cells = [(n, k, T) for n, k in sizes for T in lengths]
    found = np.array([seconds(algorithm, *cell, repeats=1 if quick else 3) for cell in cells])
    n, k, T = np.array(cells, dtype=np.float64).T
    laws = power_law(np.log(found), {"T": np.log(T), "units": np.log(n), "parameters": np.log(n * k)})
    steps = np.column_stack([T * n, T * n * k])
    of_unit, of_parameter = np.linalg.lstsq(steps / found[:, None], np.ones(len(found)))[0]  # relative errors
    grows = ", ".join(f"{name}^{e.value:.2f} [{e.low:.2f}, {e.high:.2f}]" for name, e in laws.items())
    return algorithm.name, grows.replace("-", "−"), f"{1e9 * of_unit:.2g}", f"{1e9 * of_parameter:.2g}"


def main() -> None:
    """Measure, fit, write."""
    arguments = options(__doc__, quick="three algorithms, small networks, once each", kept="results")
    out = arguments.out
    rows: list[tuple[str, ...]] = []
    for name in NAMES[::4] if arguments.quick else NAMES:
        rows.append(fitted(algorithm_type(name)(), arguments.quick))
        print(*rows[-1], sep="; ", flush=True)
    head = f"{len(SIZES) * len(LENGTHS)} networks and lengths, one thread, {LANES} trials side by side:\n\n"
    (out / "cost_of_size.md").write_text(f"{head}{markdown(COLUMNS, rows)}", encoding="utf-8")


if __name__ == "__main__":
    main()
