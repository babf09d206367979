"""The claims of Fig. 2 about the minimal problem: convergence against noise, initial weight and length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from dynlatch.claims.outcomes import Plan
from dynlatch.claims.parts import Measure, along
from dynlatch.claims.rows import Floats, Sample
from dynlatch.claims.statistics import Integers
from dynlatch.errors import InputError
from dynlatch.learning.minimal import Minimal, streak_chance
from dynlatch.noise.survival import latch_oracle
from dynlatch.studies.cell import Cell

SPLIT: Final = 2.0
"""Up to about this initial weight convergence rises with it: seen on trials of another seed than the studies'."""

_USUAL: Final = Minimal()
_EPOCH: Final = 2
"""Presentations: one sequence of either class."""


def density(some: Sequence[Sample], least: float = -math.inf, most: float = math.inf) -> list[Plan]:
    """C1, from trials that learn w, with initial weights from ``least`` to ``most``."""
    chosen = [s for s in some if _is(s.cell, "w") and least <= number_of(s.cell, "w_0", 0.0) <= most]
    return [
        along(
            "convergence gets rarer as noise grows", "of two sizes of noise, how much more often the larger one alone "
            "fails", _groups(chosen, "variance"), Measure.SOLVED,
        ),
        along(
            "convergence gets rarer as the initial weight gets smaller", "of two initial weights, how much more often "
            "the smaller one alone fails", _groups(chosen, "w_0"), Measure.SOLVED, better=True,
        ),
    ]  # fmt: skip


def frequency(some: Sequence[Sample]) -> list[Plan]:
    """C2, from trials whose w is fixed."""
    chosen = [s for s in some if _is(s.cell, "inputs")]
    effect = "of two lengths, how much more often the longer one alone fails"
    return [along("convergence gets rarer as T grows", effect, _groups(chosen, "T"), Measure.SOLVED)]


@dataclass(frozen=True, slots=True, eq=False)
class Frequency:
    """Convergence against T (K,) at one weight, fixed, and one variance of the noise.

    ``converged``, ``num`` (K,): trials. ``without`` (K,): the chance to converge of the best inputs without any
    learning, that is, of meeting the stopping rule by luck; nan without noise, and for a weight that holds nothing.
    """

    weight: float
    variance: float
    T: Integers
    converged: Integers
    num: Integers
    without: Floats


def frequencies(some: Sequence[Sample]) -> list[Frequency]:
    """Of the samples whose w is fixed, in the order of weight and variance.

    Cost: the survival of one neuron to the largest T, for each pair.
    """
    chosen = [s for s in some if _is(s.cell, "inputs")]
    found = [_frequency(group) for group in _groups(chosen, "T").values()]
    return sorted(found, key=lambda f: (f.weight, f.variance))


def _frequency(some: Sequence[Sample]) -> Frequency:
    cell = some[0].cell
    weight, variance = number_of(cell, "w_0", _USUAL.w), number_of(cell, "variance", _USUAL.variance)
    inputs = int(number_of(cell, "L", _USUAL.L))
    steps = np.array([int(number_of(s.cell, "T", 0.0)) for s in some])
    without = np.full(len(some), math.nan)
    if variance > 0.0:
        try:
            right = latch_oracle(weight, variance, int(steps.max()), inputs)
        except InputError:  # a weight for which a neuron holds nothing
            right = None
        if right is not None:
            without = np.array([_chance(s.cell, float(right[T - 1])) for s, T in zip(some, steps, strict=True)])
    converged = np.array([int(s.solved.sum()) for s in some])
    return Frequency(weight, variance, steps, converged, np.array([len(s) for s in some]), without)


@dataclass(frozen=True, slots=True, eq=False)
class Density:
    """Convergence (W, S) over initial weights (W,) and variances (S,), w learned; nan where there are no trials."""

    weights: Floats
    variances: Floats
    converged: Floats


def density_of(some: Sequence[Sample]) -> Density:
    """Of the samples that learn w, with the other settings that most of them have."""
    groups: dict[tuple[tuple[str, object], ...], list[Sample]] = {}
    for sample in some:
        if _is(sample.cell, "w"):
            others = tuple(item for item in sample.cell.settings if item[0] not in ("w_0", "variance"))
            groups.setdefault(others, []).append(sample)
    chosen = max(groups.values(), key=len, default=[])
    at = {
        (number_of(s.cell, "w_0", _USUAL.w), number_of(s.cell, "variance", _USUAL.variance)): float(s.solved.mean())
        for s in chosen
    }
    weights, variances = sorted({w for w, _ in at}), sorted({v for _, v in at})
    shares = np.array([[at.get((w, v), math.nan) for v in variances] for w in weights])
    return Density(np.array(weights), np.array(variances), shares.reshape(len(weights), len(variances)))


def without_learning(some: Sequence[Sample]) -> tuple[str, ...]:
    """For each weight and noise: trials that converged, and how many would with the best inputs and no learning."""
    made: list[str] = []
    for f in frequencies(some):
        if np.isnan(f.without).any():
            continue
        spread = math.sqrt(float(np.sum(f.num * f.without * (1.0 - f.without))))
        made.append(
            f"w = {f.weight:g}, variance {f.variance:g}: {f.converged.sum()} of {f.num.sum()} trials converge; with "
            f"the best inputs and no learning {float(f.num @ f.without):.1f} ± {spread:.1f} would"
        )
    return tuple(made)


def _chance(cell: Cell, right: float) -> float:
    streak = int(number_of(cell, "streak", _USUAL.streak))
    return streak_chance(min(right, 1.0), streak, int(number_of(cell, "budget", Minimal.budget)) // _EPOCH)


def _is(cell: Cell, trained: str) -> bool:
    return dict(cell.settings).get("trained") == trained


def number_of(cell: Cell, name: str, usual: object) -> float:
    """A setting of a minimal cell, under its own name or as the task's."""
    settings = dict(cell.settings)
    value = settings.get(name, settings.get(f"task.{name}", usual))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{name}={value!r} of a {cell.kind} cell must be a number")
    return float(value)


def _groups(some: Sequence[Sample], axis: str) -> dict[str, list[Sample]]:
    """Samples that differ in one setting alone, in the order of its values; named by what tells the groups apart."""
    found: dict[tuple[tuple[str, object], ...], list[Sample]] = {}
    for sample in some:
        others = tuple(item for item in sample.cell.settings if item[0] != axis)
        found.setdefault(others, []).append(sample)
    counts: dict[str, set[object]] = {}
    for others in found:
        for name, value in others:
            counts.setdefault(name, set()).add(value)
    named: dict[str, list[Sample]] = {}
    for others, group in found.items():
        told = [f"{name} = {value}" for name, value in others if len(counts[name]) > 1 or name in ("w_0", "variance")]
        named[", ".join(told)] = sorted(group, key=lambda s: number_of(s.cell, axis, 0.0))
    return named
