"""What the commands about regions are held to: JSON in the shapes of the schema, tables, refusals in one line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from dynlatch.views.json_values import to_text

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def of_json(run: Run, results_schema: ModuleType) -> Callable[..., Any]:
    """What a command prints with ``--json``; nothing else may be printed, and each part has the shape of its key."""

    def called(*words: str) -> Any:
        code, out, err = run(*words, "--json")
        assert (code, err) == (0, "")
        found = json.loads(out, parse_constant=lambda text: pytest.fail(f"{text} is no JSON"))
        assert to_text(found) == out
        shapes = results_schema.SCHEMA["properties"]
        assert [fault for key, part in found.items() for fault in results_schema.faults(part, shapes[key])] == []
        return found

    return called


@pytest.fixture(scope="session")
def cells() -> Callable[[str, str], list[str]]:
    """The cells of a printed table's row that begins with some words."""

    def called(out: str, row: str) -> list[str]:
        (line,) = [line for line in out.splitlines() if line.split()[: len(row.split())] == row.split()]
        return re.split(r"\s{2,}", line.strip())

    return called


@pytest.fixture
def refused(run: Run) -> Callable[..., None]:
    """That a command ends with the code and one line that has all the words, and prints nothing else."""

    def called(words: tuple[str, ...], *said: str, code: int = 2) -> None:
        got, out, err = run(*words)
        assert (got, out) == (code, ""), err
        assert err.startswith("error: ")
        assert err.count("\n") == 1
        assert "defect" not in err
        for text in said:
            assert text in err

    return called
