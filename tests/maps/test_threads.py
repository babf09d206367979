"""Chunks do not depend on threads, every column is worked on once, and an exception comes through."""

from __future__ import annotations

import time

import numpy as np
import pytest

from dynlatch.maps.threads import for_chunks, num_threads


class Recorder:
    """A listener that keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[tuple[str, int]] = []

    def start(self, title: str, total: int) -> None:
        self.events.append((title, total))

    def advance(self, amount: int = 1) -> None:
        self.events.append(("advance", amount))

    def finish(self) -> None:
        self.events.append(("finish", 0))


@pytest.mark.parametrize("threads", [None, 0, 1, 2, 5])
@pytest.mark.parametrize(("total", "chunk"), [(0, 4), (1, 4), (4, 4), (10, 4), (7, 1), (3, 100)])
def test_every_index_is_in_one_chunk_whatever_the_threads(threads: int | None, total: int, chunk: int) -> None:
    count = np.zeros(total, dtype=int)
    seen: list[tuple[int, int]] = []

    def work(start: int, end: int) -> None:
        count[start:end] += 1
        seen.append((start, end))

    recorder = Recorder()
    for_chunks(work, total, chunk, threads=threads, progress=recorder, title="work")
    assert np.all(count == 1)
    assert sorted(seen) == [(s, min(s + chunk, total)) for s in range(0, total, chunk)]
    assert recorder.events[0] == ("work", total)
    assert recorder.events[-1] == ("finish", 0)
    assert sum(amount for _, amount in recorder.events[1:-1]) == total


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_exception_stops_the_work(threads: int, error: type[BaseException]) -> None:
    done: list[int] = []

    def work(start: int, end: int) -> None:
        if start == 2:
            raise error
        done.append(start)

    with pytest.raises(error):
        for_chunks(work, 10_000, 1, threads=threads)
    assert len(done) < 100


def test_a_listener_may_stop_the_work() -> None:
    class Stop(Recorder):
        def advance(self, amount: int = 1) -> None:
            raise KeyboardInterrupt

    done: list[int] = []

    def work(start: int, end: int) -> None:
        done.append(start)
        time.sleep(1e-3)  # as a kernel does, let the other threads run

    with pytest.raises(KeyboardInterrupt):
        for_chunks(work, 10_000, 1, threads=2, progress=Stop())
    assert len(done) < 5_000


def test_work_may_share_out_work_of_its_own() -> None:
    """More pieces at once than there are threads: those who ask do what nobody has begun."""
    count = np.zeros((20, 30), dtype=int)

    def row(r: int) -> None:
        def work(start: int, end: int) -> None:
            count[r, start:end] += 1

        for_chunks(work, 30, 3, threads=10)

    for_chunks(lambda start, _: row(start), 20, 1, threads=20)
    assert np.all(count == 1)


def test_the_number_of_threads_is_that_asked_for() -> None:
    assert num_threads(3) == 3
    assert num_threads(None) >= 1
