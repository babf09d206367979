"""The kind ``redundancy``: n coupled neurons that latch one bit under noise that is independent from unit to unit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InputError
from dynlatch.noise.ensembles import Ensemble
from dynlatch.noise.transfer import Gaussian, Noise, Uniform
from dynlatch.seeds import rng_for

if TYPE_CHECKING:
    from dynlatch.studies.cell import Cell, Scalar, Value

Bools: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]

NOISES: Final = ("gaussian", "uniform")
_MOST_STEPS: Final = 1_000_000
_MOST_PATHS: Final = 100_000
_MOST_DEVIATION: Final = 10.0
_MOST_WORK: Final = 10**10
_NS_A_STEP: Final = 60.0
"""Of a unit of one orbit."""


class Redundancy:
    """Settings ``n`` units of weight ``w``, of which ``coupling`` is shared, as ``Ensemble`` says; ``noise``,
    ``gaussian`` or ``uniform``, of standard deviation ``deviation`` at each unit and step; ``T`` steps; ``paths``,
    orbits of one trial.

    Results of a trial: ``kept``, in how many of its orbits the mean output had its sign at every step, ``right``, at
    the last one; ``forgetting``, nats of gradient lost per step, the mean over all its orbits, those that lost the bit
    too, of -log |da_T/da_0| / T in the operator norm of inf. Rigor: sampled. Unit k of trial i meets the same noise
    whatever n, w, the coupling and T are, so that trials are paired.
    """

    axes: ClassVar[tuple[str, ...]] = ("w", "coupling", "n", "noise", "deviation", "T", "paths")
    owners: ClassVar[tuple[str, ...]] = ()
    lanes: ClassVar[int] = 1
    single: ClassVar[bool] = False

    def usual(self, point: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """One neuron, alone."""
        return {"w": 1.5, "coupling": 1.0, "n": 1, "noise": "gaussian", "deviation": 0.3, "T": 50, "paths": 200}

    def check(self, settings: Mapping[str, Scalar]) -> None:
        """As ``Ensemble`` does; and noise, steps and paths in range."""
        made = _made(settings)
        if settings["noise"] not in NOISES:
            raise InputError(f"noise={settings['noise']!r} must be {' or '.join(NOISES)}: how it is distributed")
        deviation = float(settings["deviation"])
        if not 0.0 < deviation <= _MOST_DEVIATION:
            raise InputError(f"deviation={deviation:g} must be above 0 and at most {_MOST_DEVIATION:g}")
        steps, paths = int(settings["T"]), int(settings["paths"])
        if not 1 <= steps <= _MOST_STEPS:
            raise InputError(f"T={steps} must be from 1 to {_MOST_STEPS} steps")
        if not 1 <= paths <= _MOST_PATHS:
            raise InputError(f"paths={paths} must be from 1 to {_MOST_PATHS} orbits a trial")
        if made.n * steps * paths > _MOST_WORK:
            raise InputError(f"paths={paths} of {steps} steps of {made.n} units take hours a trial; take fewer")

    def seconds(self, cell: Cell) -> float:
        """From a rate measured once."""
        return 1e-9 * _NS_A_STEP * int(cell["n"]) * int(cell["T"]) * int(cell["paths"])

    def warm_up(self, cell: Cell) -> None:
        """Nothing is compiled."""

    def run(self, cell: Cell, seed: int, trials: Sequence[int]) -> list[dict[str, Value]]:
        """One after the other."""
        settings = dict(cell.settings)
        made, noise, steps, paths = _made(settings), _noise(settings), int(cell["T"]), int(cell["paths"])
        found: list[dict[str, Value]] = []
        for trial in trials:
            orbits = follow(made, noise, steps, paths, _streams(str(cell["noise"]), made.n, seed, trial))
            found.append({
                "kept": int(orbits.kept.sum()), "right": int(orbits.right.sum()),
                "forgetting": float(-orbits.log_gradient.mean() / steps),
            })  # fmt: skip
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Orbits:
    """N orbits of n units at their last step.

    ``states`` (n, N); ``kept`` (N,): the mean output was never negative; ``right`` (N,): it is not now;
    ``log_gradient`` (N,): log |da_T/da_0| in the operator norm of inf.
    """

    states: Floats
    kept: Bools
    right: Bools
    log_gradient: Floats


def follow(e: Ensemble, noise: Noise, steps: int, paths: int, streams: Sequence[np.random.Generator]) -> Orbits:
    """Orbits from the latched state under independent noise; ``streams``: one for each unit.

    No entry of W or of a slope is negative, so that |da_t/da_0| in the norm of inf is the largest entry of
    (da_t/da_0)(1, ..., 1): a vector is carried along, no matrix. Rigor: sampled. Cost: 60 ns a unit, step and path.
    """
    states = np.full((e.n, paths), e.latched)
    outputs = np.tanh(states)
    carried, logs, kept = np.ones((e.n, paths)), np.zeros(paths), np.ones(paths, dtype=np.bool_)
    right = kept
    for _ in range(steps):
        carried = e.mixed(carried / np.cosh(states) ** 2)
        largest = carried.max(axis=0)
        logs += np.log(largest)
        carried /= largest
        states = e.mixed(outputs) + np.stack([noise.draw(rng, paths) for rng in streams])
        outputs = np.tanh(states)
        right = outputs.mean(axis=0) >= 0.0
        kept = kept & right
    return Orbits(states, kept, right, logs)


def _streams(noise: str, n: int, seed: int, trial: int) -> list[np.random.Generator]:
    return [rng_for(seed, "redundancy", noise, trial, unit) for unit in range(n)]


def _made(settings: Mapping[str, Scalar]) -> Ensemble:
    return Ensemble(int(settings["n"]), float(settings["w"]), float(settings["coupling"]))


def _noise(settings: Mapping[str, Scalar]) -> Noise:
    deviation = float(settings["deviation"])
    return Gaussian(deviation**2) if settings["noise"] == "gaussian" else Uniform(deviation * math.sqrt(3.0))
