"""Where batches are run: what the runner asks of an executor, and worker processes on this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from dynlatch.errors import DynlatchError, InputError, OutputError
from dynlatch.studies.batches import Batch, work
from dynlatch.studies.ledger import Done

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_MOST_WORKERS: Final = 1024


class DeadWorkerError(DynlatchError):
    """The process that ran a batch has ended: killed, out of memory, or crashed."""


class LostExecutorError(OutputError):
    """No batch can be run any more, as when a scheduler is gone; what is stored stays."""


class Pending(Protocol):
    """A batch under way."""

    def result(self) -> list[Done]:
        """What came of it. Raises: DeadWorkerError, LostExecutorError, or what the batch raised."""
        ...

    def add_done_callback(self, fn: Callable[[Any], object], /) -> None:
        """``fn(self)`` is called, in any thread, when the result is there."""
        ...


class Executor(Protocol):
    """Whatever runs batches: processes here, or a cluster."""

    @property
    def slots(self) -> int:
        """How many batches it wants at a time; may change."""
        ...

    @property
    def at_once(self) -> int:
        """How many of them it runs at the same time; the others wait there."""
        ...

    def submit(self, batch: Batch) -> Pending:
        """Begin to run a batch."""
        ...

    def close(self) -> None:
        """Give up what is under way."""
        ...


class LocalExecutor:
    """Worker processes on this machine, each started when first needed.

    Every worker is a pool of its own: if it dies it takes its one batch with it, and a fresh one takes its place. A
    worker ends when this process does, however that ends. ``workers``: all processors by default. ``task``: what is
    done with a batch; a function that can be imported by name. Raises: InputError for a number outside 1 to 1024.
    """

    def __init__(self, workers: int | None = None, *, task: Callable[[Batch], list[Done]] = work) -> None:
        if workers is not None and not 1 <= workers <= _MOST_WORKERS:
            raise InputError(f"workers={workers} must be from 1 to {_MOST_WORKERS}: processes that run batches")
        self._slots = workers if workers is not None else (os.cpu_count() or 1)
        self._task = task
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._lock = threading.Lock()

    @property
    def slots(self) -> int:
        """One batch for each worker."""
        return self._slots

    @property
    def at_once(self) -> int:
        """All of them."""
        return self._slots

    def submit(self, batch: Batch) -> Future[list[Done]]:
        """Begin to run a batch in an idle worker."""
        outer: Future[list[Done]] = Future()
        while True:
            with self._lock:
                worker = self._idle.pop() if self._idle else _Worker()
                self._busy.add(worker)
            try:
                inner = worker.pool.submit(self._task, batch)
            except BrokenProcessPool:  # it died while it had nothing to do
                with self._lock:
                    self._busy.discard(worker)
                worker.end()
                continue
            inner.add_done_callback(partial(self._finish, worker, outer))
            return outer

    def _finish(self, worker: _Worker, outer: Future[list[Done]], inner: Future[list[Done]]) -> None:
        """In a thread of the pool."""
        error = inner.exception()
        with self._lock:
            self._busy.discard(worker)
            if not isinstance(error, BrokenProcessPool):
                self._idle.append(worker)
        if isinstance(error, BrokenProcessPool):
            worker.end()
            error = DeadWorkerError("the worker process died: killed, out of memory, or crashed")
        if error is None:
            outer.set_result(inner.result())
        else:
            outer.set_exception(error)

    def close(self) -> None:
        """End all workers, whatever they do."""
        with self._lock:
            workers = [*self._idle, *self._busy]
            self._idle.clear()
            self._busy.clear()
        for worker in workers:
            worker.end()
        for worker in workers:
            worker.pool.shutdown(wait=True, cancel_futures=True)


class _Worker:
    """A process with a leash: it ends when the other end of the leash is closed."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")  # threads and locks of this process stay here
        self._kept, self._leash = context.Pipe(duplex=False)
        self.pool = ProcessPoolExecutor(1, context, _begin, cast("tuple[Connection]", (self._kept,)))

    def end(self) -> None:
        """Now, without waiting."""
        self._leash.close()
        self._kept.close()
        self.pool.shutdown(wait=False, cancel_futures=True)


def _begin(leash: Connection) -> None:
    """In the new process: interrupts are the runner's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, args=(leash,), daemon=True).start()


def _watch(leash: Connection) -> None:
    with suppress(EOFError, OSError):
        leash.recv_bytes()
    os._exit(1)
