"""Work over many columns, cut into chunks and shared by threads; kernels release the interpreter lock."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from dynlatch.progress import SILENT, Progress


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
    bounds = [(start, min(start + chunk, total)) for start in range(0, total, chunk)]
    count = min(num_threads(threads), len(bounds))
    if count <= 1:
        for start, end in bounds:
            work(start, end)
            progress.advance(end - start)
        progress.finish()
        return
    with ThreadPoolExecutor(count) as pool:
        under_way: dict[Future[None], int] = {}
        try:
            for start, end in bounds:
                if len(under_way) >= 2 * count:  # a short queue: an interrupt need not wait for what is in it
                    _settle(under_way, progress)
                under_way[pool.submit(work, start, end)] = end - start
            while under_way:
                _settle(under_way, progress)
        finally:
            for future in under_way:
                future.cancel()
    progress.finish()


def _settle(under_way: dict[Future[None], int], progress: Progress) -> None:
    """Wait for at least one chunk, raise what it raised, and report it."""
    done, _ = wait(under_way, return_when=FIRST_COMPLETED)
    for future in done:
        size = under_way.pop(future)
        future.result()
        progress.advance(size)
