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
        sizes: dict[Future[None], int] = {pool.submit(work, start, end): end - start for start, end in bounds}
        waiting = set(sizes)
        try:
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
                    progress.advance(sizes[future])
        finally:
            for future in waiting:
                future.cancel()
    progress.finish()
