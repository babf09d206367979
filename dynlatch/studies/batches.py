"""Batches: some trials of one cell, how many at once, in which order, and what a worker does with them."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from dynlatch.studies.cell import Cell, Scalar
from dynlatch.studies.kinds import kind_of
from dynlatch.studies.ledger import Done

_SECONDS: Final = 2.0
"""What a batch should take: long against what it costs to send and store, short against what a crash may lose."""
_MOST: Final = 1024
"""Trials in a batch."""
_WORTH_SPLITTING: Final = 1.0
"""Seconds below which a cell is not split for the sake of idle workers."""

Group: TypeAlias = tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Trials of one cell, for one worker."""

    cell: Cell
    seed: int
    trials: tuple[int, ...]


def work(batch: Batch) -> list[Done]:
    """What a worker does: run the trials on one thread; compiled code is loaded before the clock starts.

    The time is shared among the trials as their presentations are, where the kind counts them, else equally.
    """
    kind = kind_of(batch.cell.kind)
    kind.warm_up(batch.cell)
    begin = time.perf_counter()
    results = kind.run(batch.cell, batch.seed, batch.trials)
    seconds = time.perf_counter() - begin
    shares = [share if isinstance(share := r.get("presentations", 1), int) else 1 for r in results]
    whole = max(1, sum(shares))
    return [
        Done(trial, result, seconds * share / whole)
        for trial, result, share in zip(batch.trials, results, shares, strict=True)
    ]


class Plan:
    """What is left to do, the costliest cells first, so that the end is not one long batch; and how long it will take.

    ``guess``: seconds of a trial by cell; what batches really took corrects it, for their cell and for its owners'
    other cells.
    """

    def __init__(self, seed: int, missing: Mapping[Cell, Sequence[int]], guess: Callable[[Cell], float]) -> None:
        self._seed = seed
        self._guesses = {cell: guess(cell) for cell in missing}
        order = sorted(missing, key=lambda cell: -self._guesses[cell] * len(missing[cell]))
        self._left = {cell: deque(missing[cell]) for cell in order if missing[cell]}
        self._measured: dict[Cell | Group, tuple[float, float]] = {}

    def __bool__(self) -> bool:
        return bool(self._left)

    def next(self, idle: int = 1) -> Batch | None:
        """The next batch, for one of so many idle workers; None if nothing is left."""
        for cell, trials in self._left.items():
            size = self._size(cell, len(trials), -(-idle // len(self._left)))
            taken = tuple(trials.popleft() for _ in range(size))
            if not trials:
                del self._left[cell]
            return Batch(cell, self._seed, taken)
        return None

    def put_back(self, cell: Cell, trials: Iterable[int]) -> None:
        """These are to be done after all."""
        self._left.setdefault(cell, deque()).extend(trials)

    def learn(self, cell: Cell, trials: int, seconds: float) -> None:
        """What so many trials of a cell took."""
        for key in (cell, _group(cell)):
            took, guessed = self._measured.get(key, (0.0, 0.0))
            self._measured[key] = took + seconds, guessed + trials * self._guesses[cell]

    def seconds(self, cell: Cell) -> float:
        """Of one trial, as far as is known; what some owners took says nothing of others."""
        for key in (cell, _group(cell)):
            took, guessed = self._measured.get(key, (0.0, 0.0))
            if guessed > 0.0:
                return self._guesses[cell] * took / guessed
        return self._guesses[cell]

    def seconds_left(self) -> float:
        """Of one worker, for what is not handed out."""
        return math.fsum(len(trials) * self.seconds(cell) for cell, trials in self._left.items())

    def _size(self, cell: Cell, left: int, workers: int) -> int:
        """Whole blocks of lanes that fill the time; never a block and a bit, whose second half would idle."""
        each, lanes = self.seconds(cell), kind_of(cell.kind).lanes
        blocks = round(_SECONDS / (each * lanes)) if each > 0.0 else _MOST
        size = min(max(1, blocks) * lanes, _MOST)
        if left < 2 * size:
            size = left
        if workers > 1 and left * each > _WORTH_SPLITTING:
            size = min(size, -(-left // workers))
        return size


def _group(cell: Cell) -> Group:
    """Cells that cost about the same times their guess."""
    return (cell.kind, *(cell[name] for name in kind_of(cell.kind).owners))
