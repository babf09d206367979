"""Runs of learning as JSON; see ``results``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from dynlatch.views.json_values import Json, number

if TYPE_CHECKING:
    from dynlatch.learning.run import Run
    from dynlatch.learning.summary import Summary
    from dynlatch.learning.tasks import Task


def of_training(summary: Summary, runs: Sequence[Run], task: Task, budget: int) -> Json:
    """One algorithm on one task: the settings of both, what all runs came to, and every run with its history."""
    algorithm: Any = runs[0].algorithm
    return {
        "task": summary.task,
        "task_settings": _settings(task),
        "algorithm": summary.algorithm,
        "settings": _settings(algorithm),
        "budget": budget,
        "num_runs": summary.num_runs,
        "learned": summary.learned,
        "learned_interval": [number(summary.low), number(summary.high)],
        "presentations_quartiles": [number(v) for v in summary.presentations],
        "train_error": _with_error(summary.train_error),
        "test_error": _with_error(summary.test_error),
        "rigor": "sampled",
        "runs": [_of_run(run) for run in runs],
    }


def of_settings(types: Mapping[str, type[Any]]) -> list[dict[str, Any]]:
    """Tasks or algorithms by name: what each is, in one line, and its settings with their defaults."""
    return [
        {
            "name": name,
            "what": (of.__doc__ or "").strip().splitlines()[0],
            "settings": {f.name: f.default for f in fields(of)},
        }
        for name, of in types.items()
    ]


def _settings(of: Any) -> Json:
    return {name: value if isinstance(value, str | int) else number(value) for name, value in asdict(of).items()}


def _with_error(value: tuple[float, float]) -> Json:
    return {"mean": number(value[0]), "standard_error": number(value[1])}


def _of_run(run: Run) -> Json:
    history = run.history
    return {
        "seed": run.trial.seed,
        "index": run.trial.index,
        "stop": str(run.stop),
        "presentations": run.presentations,
        "train_error": number(run.train_error),
        "train_cost": number(run.train_cost),
        "test_error": number(run.test_error),
        "parameters": [
            {"name": name, "value": number(float(value))}
            for name, value in zip(run.trial.network.parameters, run.parameters, strict=True)
        ],
        "history": {
            "presentations": [int(v) for v in history.presentations],
            "error": [number(float(v)) for v in history.error],
            "cost": [number(float(v)) for v in history.cost],
        },
    }
