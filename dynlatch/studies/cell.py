"""What a study is made of: cells, the trials in them, and the keys by which their results are found again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from dynlatch.errors import InputError

Scalar: TypeAlias = str | int | float | bool
Value: TypeAlias = Scalar | None

SCHEMA: Final = 1
"""The version of what results mean: it grows whenever the same settings would give other numbers."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One point of a study's grid: a kind of work, and everything that decides its results but seed and trial.

    ``settings``: by name, sorted; defaults that were left out are written in, so that equal work has equal cells.
    """

    kind: str
    settings: tuple[tuple[str, Scalar], ...]

    @classmethod
    def of(cls, kind: str, settings: Mapping[str, Scalar]) -> Cell:
        """A cell of these settings."""
        return cls(kind, tuple(sorted(settings.items())))

    def __getitem__(self, name: str) -> Scalar:
        for known, value in self.settings:
            if known == name:
                return value
        raise InputError(f"a {self.kind} cell has no setting {name!r}; it has {', '.join(n for n, _ in self.settings)}")

    def __contains__(self, name: object) -> bool:
        return any(known == name for known, _ in self.settings)

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.settings)

    def text(self) -> str:
        """Canonical JSON: the same for equal cells, in every process and on every machine."""
        return json.dumps([self.kind, self.settings], separators=(",", ":"), ensure_ascii=True, allow_nan=False)

    def key(self, seed: int, trial: int) -> str:
        """By which the result of one trial is found: 32 hexadecimal digits of its whole content."""
        content = f"{SCHEMA}\n{self.text()}\n{seed}\n{trial}"
        return hashlib.sha256(content.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Record:
    """The result of one trial of a cell; ``seconds``: its share of the time that its batch took on one worker."""

    cell: Cell
    seed: int
    trial: int
    result: Mapping[str, Value] = field(hash=False)
    seconds: float
