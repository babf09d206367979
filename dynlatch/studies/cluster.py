"""A Dask cluster as the place where batches are run (extra ``dynlatch[cluster]``).

Batches and results go over the wire as JSON text, and what a batch raises as its name and message.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import operator
import pkgutil
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit
from uuid import uuid4

from dynlatch import __version__
from dynlatch.errors import DynlatchError, InputError
from dynlatch.studies.batches import Batch, work
from dynlatch.studies.cell import SCHEMA, Cell
from dynlatch.studies.ledger import Done
from dynlatch.studies.workers import DeadWorkerError, LostExecutorError

_SCHEMES: Final = ("tcp", "tls")
_EXAMPLE: Final = "tcp://127.0.0.1:8786"
_PATIENCE: Final = 4.0
"""Seconds for each of two tries: to find something at the address, and to hear that it is a scheduler."""
_SILENCE: Final = 30.0
"""Seconds after which a scheduler that does not answer is lost."""
_LOOK: Final = 2.0
"""Seconds between two looks at how many workers there are."""
_LOGGERS: Final = ("distributed", "distributed.client")
_GOES_ON: Final = "what is stored stays, and the same command goes on from there"
_INSTALL: Final = f"install dynlatch[cluster] {__version__} on all workers"
_ANSWER: Final = "dynlatch.studies.cluster:answer"
"""By name, for what cannot be loaded must be an error of the batch, not the end of the worker that reads it."""
_NO_PACKAGE: Final = (
    "a cluster needs the package distributed, which is not installed; install it with dynlatch's extra: "
    "pip install 'dynlatch[cluster]'"
)


class RemoteError(DynlatchError):
    """What a batch raised on a worker of a cluster: the name of the exception and its text."""


@dataclass(frozen=True, slots=True)
class Workforce:
    """How large a cluster is at the moment: worker processes, and their threads, each of which runs a batch."""

    workers: int
    threads: int

    def __str__(self) -> str:
        if not self.workers:
            return "no workers yet; batches wait for the first"
        return f"{_counted(self.workers, 'worker')}, {_counted(self.threads, 'batch', 'es')} at a time"


class ClusterExecutor:
    """The workers of a Dask scheduler, as many as there are at any time; with none, batches wait for the first.

    A batch whose worker dies is given to others by the scheduler, as often as its setting ``allowed-failures`` says (3
    by default); then it fails with DeadWorkerError. Workers need the same version of dynlatch as this process, with
    one thread each to be fast; the scheduler needs none. ``address``: of the scheduler, like tcp://127.0.0.1:8786; or
    tls://, if Dask's configuration names certificates. ``task``: what is done with a batch; a function that workers
    can import by name. Raises, within about ten seconds: InputError for another form of address, or where no scheduler
    answers, or if ``distributed`` is not installed. Later, from ``slots``, ``submit`` and what is pending:
    LostExecutorError if the scheduler is gone, or workers have other code. Cost: some milliseconds and kilobytes a
    batch, beside its results.
    """

    def __init__(self, address: str, *, task: Callable[[Batch], list[Done]] = work) -> None:
        parts = _split(address)
        self._address = parts.geturl()
        self._task = f"{task.__module__}:{task.__qualname__}"
        self._client: Any = _connected(self._address, parts)
        self._quiet = _Quiet()
        self._force, self._looked = Workforce(0, 0), -math.inf

    @property
    def workforce(self) -> Workforce:
        """At most two seconds old."""
        if self._client.status != "running":
            raise self._lost()
        if time.monotonic() - self._looked >= _LOOK:
            self._force = self._look()
            self._looked = time.monotonic()
        return self._force

    @property
    def slots(self) -> int:
        """One batch for each thread, and a few that wait at the scheduler, so that no worker waits for this process."""
        return self.at_once + 1 + self.at_once // 16

    @property
    def at_once(self) -> int:
        """One batch for each thread."""
        return self.workforce.threads

    def submit(self, batch: Batch) -> Future[list[Done]]:
        """Send a batch to the scheduler."""
        outer: Future[list[Done]] = Future()
        try:
            key = f"dynlatch-{uuid4().hex}"
            call = (operator.call, (pkgutil.resolve_name, _ANSWER), self._task, _question(batch))
            inner = self._client.get({key: call}, key, sync=False, retries=0)
            self._client.loop.add_callback(self._follow, batch, inner, outer)
        except Exception as error:
            if self._client.status == "running":
                raise
            raise self._lost() from error
        return outer

    def close(self) -> None:
        """Let go of what is under way: workers end their batches, whose results nobody asks for any more."""
        with suppress(Exception):  # nothing more is wanted of it
            self._client.close(timeout=_PATIENCE)
        self._quiet.end()

    async def _follow(self, batch: Batch, inner: Any, outer: Future[list[Done]]) -> None:
        """In the thread of the client."""
        try:
            text = await self._client.gather(inner, asynchronous=True)
            outer.set_result(_done(batch, text))
        except BaseException as error:  # a cancellation, too
            outer.set_exception(self._meaning(error))

    def _meaning(self, error: BaseException) -> BaseException:
        """What the runner should hear."""
        from distributed.client import FutureCancelledError
        from distributed.scheduler import KilledWorker, NoValidWorkerError, NoWorkerError

        if isinstance(error, DynlatchError):  # what the answer says
            return error
        if isinstance(error, FutureCancelledError) and error.reason != "scheduler-connection-lost":
            return DeadWorkerError(f"the batch was cancelled by somebody else: {error.reason}")
        if self._client.status != "running" or isinstance(error, FutureCancelledError):
            return self._lost()
        if isinstance(error, KilledWorker):
            return DeadWorkerError("every worker that ran it died: killed, out of memory, or crashed")
        if isinstance(error, NoWorkerError | NoValidWorkerError):
            return DeadWorkerError("the cluster has had no workers for too long")
        if isinstance(error, ImportError | AttributeError):
            return LostExecutorError(f"a worker cannot run dynlatch ({error}): {_INSTALL}; {_GOES_ON}")
        return error if isinstance(error, Exception) else DeadWorkerError("the batch was lost on its way")

    def _look(self) -> Workforce:
        try:
            found = self._client.sync(self._client.scheduler.identity, n_workers=0, callback_timeout=_SILENCE)
        except (OSError, TimeoutError) as error:
            raise self._lost() from error
        return Workforce(found["n_workers"], found["total_threads"])

    def _lost(self) -> LostExecutorError:
        return LostExecutorError(f"the scheduler at {self._address} no longer answers; {_GOES_ON}")


def answer(task: str, question: str) -> str:
    """On a worker: do the task of that name with the batch that a text asks for, if the code here is the code there."""
    asked = json.loads(question)
    if asked["code"] != _code():
        from distributed import get_worker

        return json.dumps({"code": _code(), "at": get_worker().address})
    kind, settings = asked["cell"]
    batch = Batch(Cell(kind, tuple((name, value) for name, value in settings)), asked["seed"], tuple(asked["trials"]))
    run = pkgutil.resolve_name(task)
    try:
        done = run(batch)
    except Exception as error:
        return json.dumps({"error": f"{type(error).__name__}: {error}"})
    return json.dumps({"done": [(d.trial, dict(d.result), d.seconds) for d in done]})


def _question(batch: Batch) -> str:
    cell = json.loads(batch.cell.text())
    return json.dumps({"code": _code(), "cell": cell, "seed": batch.seed, "trials": batch.trials})


def _done(batch: Batch, text: str) -> list[Done]:
    """Raises: RemoteError for what the batch raised; LostExecutorError if the worker runs other code."""
    found = json.loads(text)
    if "code" in found:
        (there, its), (here, ours) = found["code"], _code()
        raise LostExecutorError(
            f"the worker at {found['at']} runs dynlatch {there} with results of version {its}, this is {here} with "
            f"{ours}: {_INSTALL}; {_GOES_ON}"
        )
    if "error" in found:
        raise RemoteError(found["error"])
    done = [Done(trial, result, seconds) for trial, result, seconds in found["done"]]
    if tuple(d.trial for d in done) != batch.trials:
        raise RemoteError(f"{len(batch.trials)} trials were asked for, and the worker's answer holds others")
    return done


def _counted(count: int, noun: str, plural: str = "s") -> str:
    return f"{count:,} {noun}{plural if count != 1 else ''}"


def _code() -> list[str | int]:
    """Whatever decides what results mean."""
    return [__version__, SCHEMA]


# --- the way to the scheduler -----------------------------------------------------------------------------------------


def _split(address: str) -> SplitResult:
    """Raises: InputError for what is no address."""
    why = f"{address[:80]!r} is no address of a scheduler; give one like {_EXAMPLE}"
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise InputError(f"{why} ({error})") from error
    if parts.scheme not in _SCHEMES or not parts.hostname or not port or parts.username is not None:
        raise InputError(why)
    if parts.path or parts.query or parts.fragment:
        raise InputError(why)
    return parts


def _connected(address: str, parts: SplitResult) -> Any:
    """A client, whose types are not to be relied on.

    Raises: InputError if ``distributed`` is not installed, or no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise InputError(_NO_PACKAGE) from error
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=_PATIENCE).close()
        with ThreadPoolExecutor(1) as apart:  # this thread may have an event loop of its own
            found = apart.submit(asyncio.run, _identity(address)).result()
        if found["type"] != "Scheduler":
            raise InputError(f"{address} is the address of a {str(found['type']).lower()[:20]}; give the scheduler's")
        return Client(address, timeout=_PATIENCE, set_as_default=False, direct_to_workers=False)
    except InputError:
        raise
    except Exception as error:  # whatever Dask makes of an answer that is none
        reason = f" ({error})" if isinstance(error, OSError | TypeError) and str(error) else ""
        raise InputError(
            f"{address[:80]}: no scheduler answers there{reason}; start one with `dask scheduler`, and workers with "
            "`dask worker`"
        ) from error


async def _identity(address: str) -> dict[str, Any]:
    """What answers; a connection that is made but never answered has no limit of its own in Dask."""
    from distributed import Security, rpc

    async def ask() -> dict[str, Any]:
        opened: Any = rpc(address, connection_args=Security().get_connection_args("client"))
        async with opened as there:
            return await there.identity()

    return await asyncio.wait_for(ask(), _PATIENCE)


class _Quiet:
    """Dask's messages held back: what goes wrong is told once, by an exception."""

    def __init__(self) -> None:
        self._levels = {name: logging.getLogger(name).level for name in _LOGGERS}
        for name in _LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)

    def end(self) -> None:
        """As before."""
        for name, level in self._levels.items():
            logging.getLogger(name).setLevel(level)
