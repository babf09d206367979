"""Work over many columns, cut into chunks and shared by threads; kernels release the interpreter lock."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from threading import Lock
from typing import Final

from dynlatch.progress import SILENT, Progress

_MOST: Final = 64
"""Threads beside the callers'."""


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    """Threads that are kept, because to start one takes as long as a small piece of work."""
    return ThreadPoolExecutor(_MOST, thread_name_prefix="dynlatch")


def num_threads(threads: int | None) -> int:
    """``threads``, or the number of processors."""
    return threads if threads is not None else (os.cpu_count() or 1)


def for_chunks(
    work: Callable[[int, int], None],
    total: int,
    chunk: int,
    *,
    threads: int | None = None,
    progress: Progress = SILENT,
    title: str = "",
) -> None:
    """Call ``work(start, end)`` for consecutive chunks of ``range(total)``.

    The chunks depend on ``chunk`` alone, so results do not depend on the number of threads. An exception, or an
    interrupt, stops the work after the chunks that are under way.
    """
    progress.start(title, total)
    share = _Share(work, total, chunk)
    chunks = -(-total // chunk)
    helpers = [_pool().submit(share.help) for _ in range(min(num_threads(threads), chunks) - 1)]
    try:
        while share.do_one():
            progress.advance(share.news())
    finally:
        share.stop()
        for helper in helpers:
            if not helper.cancel():  # what never began has nothing to do any more
                helper.result()
    if rest := share.news():
        progress.advance(rest)
    share.check()
    progress.finish()


class _Share:
    """The chunks that are left; the caller and its helpers each take the next one when they are free."""

    def __init__(self, work: Callable[[int, int], None], total: int, chunk: int) -> None:
        self._work = work
        self._left = iter([(start, min(start + chunk, total)) for start in range(0, total, chunk)])
        self._lock = Lock()
        self._done = 0
        self._error: BaseException | None = None

    def do_one(self) -> bool:
        """Do the next chunk; False if there is none."""
        with self._lock:
            bounds = next(self._left, None)
        if bounds is None:
            return False
        self._work(*bounds)
        with self._lock:
            self._done += bounds[1] - bounds[0]
        return True

    def help(self) -> None:
        """Do chunks until there are none; an exception ends the work of all and is kept for the caller."""
        try:
            while self.do_one():
                pass
        except BaseException as error:
            self._error = error
            self.stop()

    def news(self) -> int:
        """How many indices were done since this was last asked."""
        with self._lock:
            done, self._done = self._done, 0
        return done

    def stop(self) -> None:
        """Hand out no more chunks."""
        with self._lock:
            self._left = iter(())

    def check(self) -> None:
        """Raise what a helper raised."""
        if self._error is not None:
            raise self._error
