"""The one loop that runs studies: it claims batches, hands them out, stores what comes back, and tries again."""

from __future__ import annotations

import dataclasses
import math
import queue
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from dynlatch.errors import OutputError
from dynlatch.studies.batches import Batch, Plan
from dynlatch.studies.cell import Cell
from dynlatch.studies.kinds import kind_of
from dynlatch.studies.ledger import Count, Done, Failure, Ledger
from dynlatch.studies.owners import Owner
from dynlatch.studies.study import Study
from dynlatch.studies.workers import Executor, LocalExecutor, LostExecutorError, Pending

_TRIES: Final = 2
"""How often a batch is run before its trials are marked failed."""
_BEAT: Final = 10.0
"""Seconds between two signs of life."""
_LOOK: Final = 1.0
"""Seconds between two reports, and between two looks at what another process has done."""
_PAUSE: Final = 0.1
"""Seconds, at least, between two reports: each looks at all cells."""
_LONGEST_REASON: Final = 300


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a run is: ``counts`` by cell in the study's order, the cells under way, and about how long it will take.

    ``each``: seconds of one worker for a trial of a cell; ``left``: seconds until all is done.
    """

    counts: Mapping[Cell, Count]
    running: tuple[Cell, ...]
    each: Callable[[Cell], float]
    left: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to, in trials: asked for, found done, done now, done meanwhile by another process, failed."""

    asked: int
    found: int
    done: int
    elsewhere: int
    failures: tuple[Failure, ...]


def _silent(standing: Standing) -> None:
    pass


def _whole(batch: Batch, done: Sequence[Done]) -> Sequence[Done]:
    return done


def run(
    study: Study,
    ledger: Ledger,
    *,
    workers: int | None = None,
    executor: Executor | None = None,
    report: Callable[[Standing], None] = _silent,
    keep: Callable[[Batch, Sequence[Done]], Sequence[Done]] = _whole,
) -> Outcome:
    """Run what is missing of a study; a second call finds all done.

    Batches go to ``executor``, which is closed at the end; by default to ``workers`` processes on this machine, one for
    each processor. A batch whose worker dies, or that raises, is tried again, then marked failed with its reason while
    the rest goes on; the next run tries it once more. Trials that another process is running are waited for, and
    taken over if it ends. What was stored stays, whatever stops the run (an interrupt, too). Results depend neither on
    the workers nor on the batches. ``report`` hears of
    batches that come back, and about once a second. ``keep`` is handed each batch's results before they are marked
    done, to put what is large elsewhere, and returns what the ledger is to hold.
    Raises: OutputError if the ledger cannot be written, or no batch can be run any more. Rigor: sampled.
    """
    chosen = LocalExecutor(workers) if executor is None else executor
    owner = Owner.here()
    try:
        return _Run(study, ledger, chosen, owner, report, keep).until_done()
    finally:
        chosen.close()
        with suppress(OutputError):
            ledger.release(owner)


class _Run:
    def __init__(
        self,
        study: Study,
        ledger: Ledger,
        executor: Executor,
        owner: Owner,
        report: Callable[[Standing], None],
        keep: Callable[[Batch, Sequence[Done]], Sequence[Done]],
    ) -> None:
        self._study, self._ledger, self._executor, self._owner = study, ledger, executor, owner
        self._report, self._keep = report, keep
        self._counts = {count.cell: count for count in ledger.counts(study)}
        missing = {
            cell: ledger.missing(cell, study.seed, study.trials)
            for cell, count in self._counts.items()
            if count.done < count.asked
        }
        self._plan = Plan(study.seed, missing, lambda cell: kind_of(cell.kind).seconds(cell))
        for cell in missing:
            if self._counts[cell].done:
                self._plan.learn(cell, self._counts[cell].done, self._counts[cell].seconds)
        self._found = sum(count.done for count in self._counts.values())
        self._counts |= {cell: dataclasses.replace(count, failed=0) for cell, count in self._counts.items()}
        self._running: dict[Pending, Batch] = {}
        self._again: deque[Batch] = deque()
        self._tries: dict[Batch, int] = {}
        self._elsewhere: dict[Cell, set[int]] = {}
        self._failures: list[Failure] = []
        self._inbox: queue.SimpleQueue[Pending] = queue.SimpleQueue()
        self._done = self._others = 0
        self._beat = self._told = self._looked = time.monotonic()

    def until_done(self) -> Outcome:
        self._tell()
        while self._hand_out() or self._elsewhere:
            with suppress(queue.Empty):
                self._receive(self._inbox.get(timeout=_LOOK))
                while True:
                    self._receive(self._inbox.get_nowait())
            self._stay_alive()
        self._tell()
        return Outcome(len(self._study), self._found, self._done, self._others, tuple(self._failures))

    def _hand_out(self) -> bool:
        """Fill idle workers; whether anything is under way."""
        while (idle := self._executor.slots - len(self._running)) > 0:
            batch = self._again.popleft() if self._again else self._claimed(idle)
            if batch is None:
                break
            pending = self._executor.submit(batch)
            self._running[pending] = batch
            pending.add_done_callback(self._inbox.put)
        return bool(self._running)

    def _claimed(self, idle: int) -> Batch | None:
        """The next batch with trials that nobody else runs."""
        while (batch := self._plan.next(idle)) is not None:
            ours = self._ledger.claim(self._owner, batch.cell, batch.seed, batch.trials)
            if theirs := set(batch.trials) - set(ours):
                self._elsewhere.setdefault(batch.cell, set()).update(theirs)
            if ours:
                return Batch(batch.cell, batch.seed, tuple(ours))
        return None

    def _receive(self, pending: Pending) -> None:
        batch = self._running.pop(pending)
        try:
            done = pending.result()
        except LostExecutorError:
            raise
        except Exception as error:
            self._try_again(batch, error)
            return
        done = self._keep(batch, done)
        self._done += self._ledger.store(self._owner, batch.cell, batch.seed, done)
        self._plan.learn(batch.cell, len(done), math.fsum(d.seconds for d in done))
        self._counts[batch.cell] = _counted(self._counts[batch.cell], done)
        self._tries.pop(batch, None)
        self._tell(_PAUSE)

    def _try_again(self, batch: Batch, error: Exception) -> None:
        self._tries[batch] = self._tries.get(batch, 0) + 1
        if self._tries[batch] < _TRIES:
            self._again.append(batch)
            return
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:_LONGEST_REASON]
        self._ledger.fail(self._owner, batch.cell, batch.seed, batch.trials, reason)
        self._failures += [Failure(batch.cell, batch.seed, trial, reason) for trial in batch.trials]
        count = self._counts[batch.cell]
        self._counts[batch.cell] = dataclasses.replace(count, failed=count.failed + len(batch.trials))
        self._tell(_PAUSE)

    def _stay_alive(self) -> None:
        now = time.monotonic()
        if now - self._beat >= _BEAT:
            self._ledger.beat(self._owner)
            self._beat = now
        self._tell(_LOOK)
        if self._elsewhere and not self._plan and now - self._looked >= _LOOK:
            self._look_elsewhere()
            self._looked = now

    def _look_elsewhere(self) -> None:
        """What others had claimed is done by now, or is tried again."""
        for cell, theirs in self._elsewhere.items():
            missing = set(self._ledger.missing(cell, self._study.seed, self._study.trials))
            if done := theirs - missing:
                self._others += len(done)
                here = self._counts[cell]
                (there,) = self._ledger.counts(dataclasses.replace(self._study, cells=(cell,)))
                self._counts[cell] = dataclasses.replace(there, failed=here.failed)
            if left := theirs & missing:
                self._plan.put_back(cell, sorted(left))
        self._elsewhere.clear()

    def _tell(self, pause: float = 0.0) -> None:
        """Report, unless the last report is less than ``pause`` seconds old."""
        now = time.monotonic()
        if now - self._told < pause:
            return
        self._told = now
        under_way = [self._plan.seconds(batch.cell) * len(batch.trials) for batch in self._running.values()]
        left = (self._plan.seconds_left() + 0.5 * math.fsum(under_way)) / max(1, self._executor.at_once)
        running = tuple(dict.fromkeys(batch.cell for batch in self._running.values()))
        self._report(Standing(self._counts, running, self._plan.seconds, left))


def _counted(count: Count, done: Sequence[Done]) -> Count:
    """A count with more trials done."""
    presented = [value for d in done if isinstance(value := d.result.get("presentations"), int | float)]
    before = 0.0 if math.isnan(count.presentations) else count.presentations * count.done
    total = count.done + len(done)
    return Count(
        count.cell, count.asked, total, count.solved + sum(d.result.get("solved") is True for d in done), count.failed,
        (before + math.fsum(presented)) / total if presented else count.presentations,
        count.seconds + math.fsum(d.seconds for d in done),
    )  # fmt: skip
