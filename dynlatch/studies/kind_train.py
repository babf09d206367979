"""The kind ``train``: tasks learned by algorithms (BSF94, Section V)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Final

from dynlatch.errors import InputError
from dynlatch.lanes import LANES
from dynlatch.learning.algorithms import algorithm_type
from dynlatch.learning.loops import Sees
from dynlatch.learning.request import checked_budget
from dynlatch.learning.tasks import TASKS
from dynlatch.learning.training import ACCEPTED, train
from dynlatch.studies.kinds import near

if TYPE_CHECKING:
    from dynlatch.learning.algorithm import Algorithm
    from dynlatch.learning.network import Network
    from dynlatch.learning.run import Run
    from dynlatch.learning.tasks import Task
    from dynlatch.studies.cell import Cell, Scalar, Value

_TIMES_A_COST: Final = {Sees.COST: 1, Sees.GRADIENT: 4, Sees.CURVATURE: 5, Sees.TERMS: 8, Sees.PSEUDO: 4}
"""What a presentation costs more than the forward pass alone; roughly, as all of these: the runner measures."""
_NS_A_UNIT: Final = 0.6
_NS_A_CONNECTION: Final = 0.1
_SHARE_OF_BUDGET: Final = 0.6
_SHORT: Final = 100
"""Presentations of a run that only loads compiled code."""


class Training:
    """Settings ``task``, ``T``, ``noise``, ``algorithm``, ``budget``, of a search ``accepted``, and every field of the
    task (``task.num_train``) and of the algorithm (``algorithm.rate``).

    Results: ``solved``, ``presentations``, ``stop``, ``train_error``, ``train_cost``, ``test_error``, as in ``Run``.
    """

    axes: ClassVar[tuple[str, ...]] = ("task", "T", "noise", "algorithm", "budget", "accepted")
    owners: ClassVar[tuple[str, ...]] = ("task", "algorithm")
    lanes: ClassVar[int] = LANES
    single: ClassVar[bool] = False

    def usual(self, point: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """The defaults of the library for this task and this algorithm, written out."""
        task, algorithm = _task_type(point["task"]), algorithm_type(str(point["algorithm"]))
        search = {"accepted": ACCEPTED} if algorithm.sees is Sees.COST else {}
        return {
            "task": task.name, "algorithm": algorithm.name, "budget": algorithm.budget, **search,
            **{name if name in ("T", "noise") else f"task.{name}": value for name, value in defaults(task)},
            **{f"algorithm.{name}": value for name, value in defaults(algorithm)},
        }  # fmt: skip

    def check(self, settings: Mapping[str, Scalar]) -> None:
        """As ``Task``, the algorithms and ``train`` do."""
        task, algorithm = _made(settings)
        checked_budget(settings["budget"], algorithm, task.num_train)
        accepted = settings.get("accepted", ACCEPTED)
        if not isinstance(accepted, float) or not accepted > 0.0:
            raise InputError(f"accepted={accepted!r} must be positive: no search reaches a mean cost of 0")

    def seconds(self, cell: Cell) -> float:
        """From rates measured once on one processor; a guess of how much of the budget is used."""
        task, algorithm = _made(dict(cell.settings))
        steps = _SHARE_OF_BUDGET * int(cell["budget"]) * task.T
        return 1e-9 * steps * _nanoseconds(task.network) * _TIMES_A_COST[algorithm.sees]

    def warm_up(self, cell: Cell) -> None:
        """A short run of the same algorithm."""
        _load(str(cell["task"]), str(cell["algorithm"]))

    def run(self, cell: Cell, seed: int, trials: Sequence[int]) -> list[dict[str, Value]]:
        """Side by side, on one thread."""
        task, algorithm = _made(dict(cell.settings))
        accepted = float(cell["accepted"]) if "accepted" in cell else ACCEPTED
        runs = train(
            [task.trial(seed, k) for k in trials], algorithm, budget=int(cell["budget"]), accepted=accepted,
            per_decade=1, threads=1,
        )  # fmt: skip
        return [result_of(run) for run in runs]


def result_of(run: Run) -> dict[str, Value]:
    """What is kept of a run."""
    return {
        "solved": run.learned,
        "presentations": run.presentations,
        "stop": str(run.stop),
        "train_error": run.train_error,
        "train_cost": run.train_cost,
        "test_error": run.test_error,
    }


def defaults(settings: Any) -> Iterator[tuple[str, Any]]:
    """The fields of a frozen class and their usual values."""
    return ((field.name, field.default) for field in dataclasses.fields(settings))


def part(settings: Mapping[str, Scalar], owner: str) -> dict[str, Any]:
    """The settings of one owner, without its name before them."""
    return {name.removeprefix(f"{owner}."): v for name, v in settings.items() if name.startswith(f"{owner}.")}


def _task_type(name: Scalar) -> type[Task]:
    if name not in TASKS:
        raise InputError(f"unknown task {str(name)[:40]!r}; {near(str(name), list(TASKS))}there are {', '.join(TASKS)}")
    return TASKS[str(name)]


def _made(settings: Mapping[str, Scalar]) -> tuple[Task, Algorithm]:
    task, algorithm = _task_type(settings["task"]), algorithm_type(str(settings["algorithm"]))
    given: dict[str, Any] = {"T": settings["T"], "noise": settings["noise"], **part(settings, "task")}
    return task(**given), algorithm(**part(settings, "algorithm"))


def _nanoseconds(network: Network) -> float:
    """Of the forward pass, for a step of one sequence of one trial."""
    return _NS_A_UNIT * network.num_units + _NS_A_CONNECTION * len(network.connections)


@cache
def _load(task: str, algorithm: str) -> None:
    train([TASKS[task](T=2, num_test=2).trial(0, 0)], algorithm_type(algorithm)(), budget=_SHORT, threads=1)
