"""The kind ``curriculum``: short sequences first, then the long ones, within one budget (BSF94, conclusion)."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from dynlatch.errors import InputError
from dynlatch.lanes import LANES
from dynlatch.learning.algorithms import algorithm_type
from dynlatch.learning.tasks import TASKS
from dynlatch.learning.training import ACCEPTED, train
from dynlatch.studies.kind_train import Training, part, result_of

if TYPE_CHECKING:
    from dynlatch.learning.algorithm import Algorithm
    from dynlatch.learning.run import Run
    from dynlatch.learning.tasks import Task
    from dynlatch.learning.trial import Trial
    from dynlatch.studies.cell import Cell, Scalar, Value

OWN: Final = ("T_0", "share")
"""The settings that a cell of the kind "train" does not have."""
_PORTIONS: Final = 20
"""What is left of the budget is handed on in such parts of it, rounded down, so that trials can run side by side."""


class Curriculum:
    """The settings of the kind ``train``, and ``T_0``, the length of the first stage, and ``share``, the part of the
    budget that this may take.

    The first stage ends when it has learned or has spent its share; its parameters are where the second begins, on the
    very training set that a trial of the kind ``train`` with these settings has. Both stages together present at most
    ``budget`` sequences: what the first did not spend the second may, down to a twentieth of the budget. Where the
    first stage diverged the second begins at the initial parameters.

    Results: those of the kind ``train``, with the ``presentations`` of both stages; ``first_solved`` and
    ``first_presentations``, of the first alone.
    """

    axes: ClassVar[tuple[str, ...]] = (*Training.axes, *OWN)
    owners: ClassVar[tuple[str, ...]] = Training.owners
    lanes: ClassVar[int] = LANES
    single: ClassVar[bool] = False

    def usual(self, point: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """Those of the kind ``train``; at most half of the budget for T = 10."""
        return {**Training().usual(point), "T_0": 10, "share": 0.5}

    def check(self, settings: Mapping[str, Scalar]) -> None:
        """As the kind ``train``; and the first stage must be the shorter one, and leave something to the second."""
        Training().check(_of_train(settings))
        first, whole, share = settings["T_0"], settings["T"], float(settings["share"])
        if not isinstance(first, int) or not 2 <= first < int(whole):
            raise InputError(f"T_0={first!r} must be from 2 to less than T={whole}: the first stage is the shorter one")
        Training().check({**_of_train(settings), "T": first})
        if not 0.05 <= share <= 0.9:
            raise InputError(f"share={share:g} must be from 0.05 to 0.9: the part of the budget for the first stage")
        for which, stage in (("first", share), ("second", 1.0 - share)):
            try:
                Training().check({**_of_train(settings), "budget": _floored(int(settings["budget"]), stage)})
            except InputError as error:
                raise InputError(f"budget={settings['budget']!r} is too small for the {which} stage: {error}") from None

    def seconds(self, cell: Cell) -> float:
        """As if all were spent on long sequences."""
        return Training().seconds(cell)

    def warm_up(self, cell: Cell) -> None:
        """As the kind ``train``."""
        Training().warm_up(cell)

    def run(self, cell: Cell, seed: int, trials: Sequence[int]) -> list[dict[str, Value]]:
        """Side by side, on one thread: all first stages, then the second ones that have as much left."""
        settings = dict(cell.settings)
        task, algorithm = _made(settings)
        short = dataclasses.replace(task, T=int(cell["T_0"]))
        budget = int(cell["budget"])
        accepted = float(cell["accepted"]) if "accepted" in cell else ACCEPTED
        stage: dict[str, Any] = {"accepted": accepted, "per_decade": 1, "threads": 1}
        spent = max(1, math.floor(budget * float(cell["share"])))
        first = train([short.trial(seed, k) for k in trials], algorithm, budget=spent, **stage)
        groups: dict[int, list[int]] = {}
        for row, run in enumerate(first):
            groups.setdefault(left_of(budget, run.presentations), []).append(row)
        second: dict[int, Run] = {}
        for left, rows in sorted(groups.items()):
            longer = [_from(first[row], task.trial(seed, trials[row])) for row in rows]
            second |= zip(rows, train(longer, algorithm, budget=left, **stage), strict=True)
        return [_together(run, second[row]) for row, run in enumerate(first)]


def left_of(budget: int, spent: int) -> int:
    """Presentations for the second stage: what is left, rounded down to a twentieth of the budget."""
    portion = max(1, budget // _PORTIONS)
    return (budget - spent) // portion * portion


def _from(before: Run, trial: Trial) -> Trial:
    """A trial that begins where a run ended."""
    return dataclasses.replace(trial, initial=before.parameters) if np.all(np.isfinite(before.parameters)) else trial


def _together(first: Run, second: Run) -> dict[str, Value]:
    return {
        **result_of(second), "presentations": first.presentations + second.presentations,
        "first_solved": first.learned, "first_presentations": first.presentations,
    }  # fmt: skip


def _floored(budget: int, share: float) -> int:
    portion = max(1, budget // _PORTIONS)
    return math.floor(budget * share + 1e-9) // portion * portion


def _of_train(settings: Mapping[str, Scalar]) -> dict[str, Scalar]:
    return {name: value for name, value in settings.items() if name not in OWN}


def _made(settings: Mapping[str, Scalar]) -> tuple[Task, Algorithm]:
    given: dict[str, Any] = {"T": settings["T"], "noise": settings["noise"], **part(settings, "task")}
    algorithm = algorithm_type(str(settings["algorithm"]))
    return TASKS[str(settings["task"])](**given), algorithm(**part(settings, "algorithm"))
