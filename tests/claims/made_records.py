"""Records that were never measured: worlds in which a claim holds, or in which it does not."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from dynlatch.seeds import rng_for
from dynlatch.studies.cell import Cell, Record, Scalar

BUDGETS = {"discrete": 100_000, "multi-grid": 200_000, "annealing": 3_000_000, "guessing": 3_000_000}
LENGTHS = (10, 20, 50, 100)
ALGORITHMS = (
    "back-propagation", "pseudo-newton", "time-weighted", "adaptive-newton", "discrete", "multi-grid", "annealing",
)  # fmt: skip

World = Callable[[str, str, int], tuple[float, float]]
"""Of a task, an algorithm and T: the chance that a trial learns, and the median of presentations that this takes."""


def trained(
    world: World, *, count: int = 50, tasks: Sequence[str] = ("latch", "two-sequence", "parity"),
    lengths: Sequence[int] = LENGTHS, noises: Sequence[float] = (0.0, 0.2), algorithms: Sequence[str] = ALGORITHMS,
    seed: int = 0, **settings: Scalar,
) -> list[Record]:  # fmt: skip
    """Trials of a world. A trial is lucky or not in all cells alike, as equal initial weights make it."""
    made: list[Record] = []
    for task in tasks:
        luck = rng_for(seed, "luck", task).random(count)
        for T in lengths:
            for noise in noises:
                for name in algorithms:
                    budget = BUDGETS.get(name, 30_000)
                    own = {"task": task, "T": T, "noise": noise, "algorithm": name, "budget": budget, **settings}
                    cell, rng = Cell.of("train", own), rng_for(seed, "trials", task, T, noise, name)
                    chance, median = world(task, name, T)
                    for k in range(count):
                        solved = 0.7 * luck[k] + 0.3 * rng.random() < _quantile(chance)
                        spent = min(round(median * math.exp(rng.normal(0.0, 0.5))), budget) if solved else budget
                        error = 0.0 if solved else 0.5 + 0.05 * rng.uniform(-1.0, 1.0)
                        result = {"solved": bool(solved), "presentations": spent, "test_error": error}
                        made.append(Record(cell, seed, k, result, 1e-7 * T * spent))
    return made


def _quantile(chance: float) -> float:
    """Of 0.7 U + 0.3 V, for independent uniform U, V."""
    edge, slope = 0.3 / 1.4, 2 * 0.7 * 0.3
    if chance <= edge:
        return math.sqrt(chance * slope)
    if chance >= 1.0 - edge:
        return 1.0 - math.sqrt((1.0 - chance) * slope) if chance < 1.0 else 1.1
    return 0.3 + (chance - edge) * 0.7


def minimal(
    chance: Callable[[float, float, int], float], *, weights: Sequence[float] = (1.25,),
    variances: Sequence[float] = (0.2,), lengths: Sequence[int] = (20,), trained: str = "w", count: int = 50,
) -> list[Record]:  # fmt: skip
    """Trials of the minimal problem, by w_0, variance and T."""
    made: list[Record] = []
    luck = rng_for(0, "luck").random(count)
    for w in weights:
        for s in variances:
            for T in lengths:
                cell = Cell.of("minimal", {"w_0": w, "variance": s, "T": T, "trained": trained, "budget": 20_000})
                rng = rng_for(0, "trials", w, s, T)
                for k in range(count):
                    solved = bool(0.7 * luck[k] + 0.3 * rng.random() < _quantile(chance(w, s, T)))
                    result = {"solved": solved, "presentations": 500 if solved else 20_000, "accuracy": 0.5}
                    made.append(Record(cell, 0, k, result, 0.001))
    return made
