"""The kind ``minimal``: one neuron whose first inputs are learned and must be kept (BSF94, Fig. 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Final

from dynlatch.errors import InputError
from dynlatch.lanes import LANES
from dynlatch.learning.algorithms.back_propagation import BackPropagation
from dynlatch.learning.minimal import Minimal
from dynlatch.learning.request import checked_budget
from dynlatch.learning.training import train
from dynlatch.studies.kind_train import defaults, part

if TYPE_CHECKING:
    from dynlatch.studies.cell import Cell, Scalar, Value

_AXES: Final = {"T": "T", "variance": "variance", "w_0": "w"}
"""Settings of a cell by the names that the paper's figure has for them, and the fields that they are."""
_TRAINED: Final = {"w": True, "inputs": False}
_NS_A_STEP: Final = 8.0


class MinimalProblem:
    """Settings ``w_0``, ``variance``, ``T``, ``trained`` (``w``: the weight, too; ``inputs``: these alone), ``budget``,
    and the other fields of ``Minimal`` (``task.L``) and of ``BackPropagation`` (``algorithm.rate``).

    Results: ``solved``, ``presentations``, ``stop``, ``train_error`` (without noise), and ``accuracy`` on fresh noise.
    """

    axes: ClassVar[tuple[str, ...]] = ("w_0", "variance", "T", "trained", "budget")
    owners: ClassVar[tuple[str, ...]] = ()
    lanes: ClassVar[int] = LANES
    single: ClassVar[bool] = False

    def usual(self, point: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """The defaults of ``Minimal``, written out."""
        fields = dict(defaults(Minimal))
        others = {f"task.{n}": v for n, v in fields.items() if n not in (*_AXES.values(), "weight_is_learned")}
        return {
            **{name: fields[field] for name, field in _AXES.items()}, **others,
            "trained": "w", "budget": Minimal.budget,
            **{f"algorithm.{name}": value for name, value in defaults(BackPropagation)},
        }  # fmt: skip

    def check(self, settings: Mapping[str, Scalar]) -> None:
        """As ``Minimal`` and ``train`` do."""
        if settings["trained"] not in _TRAINED:
            raise InputError(f"trained={settings['trained']!r} must be {' or '.join(_TRAINED)}: what is learned")
        try:
            _made(settings)
        except InputError as error:
            text = str(error)
            raise InputError(f"w_0{text[1:]}" if text.startswith("w=") else text) from None
        checked_budget(settings["budget"], BackPropagation, sequences=2)

    def seconds(self, cell: Cell) -> float:
        """As if half of the budget were used."""
        return 0.5e-9 * _NS_A_STEP * int(cell["budget"]) * int(cell["T"])

    def warm_up(self, cell: Cell) -> None:
        """A short run."""
        _load()

    def run(self, cell: Cell, seed: int, trials: Sequence[int]) -> list[dict[str, Value]]:
        """Side by side, on one thread."""
        task, algorithm = _made(dict(cell.settings))
        made = [task.trial(seed, k) for k in trials]
        runs = train(made, algorithm, budget=int(cell["budget"]), per_decade=1, threads=1)
        return [
            {
                "solved": run.learned,
                "presentations": run.presentations,
                "stop": str(run.stop),
                "train_error": run.train_error,
                "accuracy": 1.0 - run.test_error,
            }
            for run in runs
        ]


def _made(settings: Mapping[str, Scalar]) -> tuple[Minimal, BackPropagation]:
    given: dict[str, Any] = {field: settings[name] for name, field in _AXES.items()}
    learned = _TRAINED[str(settings["trained"])]
    task = Minimal(**given, weight_is_learned=learned, **part(settings, "task"))
    return task, BackPropagation(**part(settings, "algorithm"))


@cache
def _load() -> None:
    train([Minimal(T=3, num_test=2).trial(0, 0)], BackPropagation(), budget=2, threads=1)
