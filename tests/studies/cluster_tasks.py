"""What workers of a cluster do in tests, and a cluster of processes on this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from study_stubs import stub_cell

from dynlatch.studies.batches import Batch, work
from dynlatch.studies.cell import Cell
from dynlatch.studies.ledger import Done
from dynlatch.studies.runner import Standing

HERE = Path(__file__).parent
LONG = 60.0
"""Seconds after which a test fails instead of waiting on."""


def meeting(folder: Path, size: int = 1) -> Cell:
    """A cell whose batch waits until two processes have begun one like it."""
    folder.mkdir(exist_ok=True)
    return stub_cell(size, f"meets {folder}")


def task(batch: Batch) -> list[Done]:
    """What workers do; to find it they import this file, and so know the kind."""
    doom = str(batch.cell["doom"])
    if doom.startswith("meets "):
        folder = Path(doom.removeprefix("meets "))
        (folder / str(os.getpid())).touch()
        wait_for(folder, 2)
    return work(batch)


def forgetful(batch: Batch) -> list[Done]:
    """A mutant: the last trial of a batch is lost on the way."""
    return work(batch)[:-1]


def wait_for(folder: Path, count: int) -> list[int]:
    """The processes that have come to a meeting, when there are so many."""
    for _ in range(int(LONG / 0.02)):
        if len(found := [int(path.name) for path in folder.iterdir()]) >= count:
            return found
        time.sleep(0.02)
    raise TimeoutError(f"{folder}: only {len(found)} came")


def patience(seconds: float = LONG) -> Callable[[Standing], None]:
    """A report that ends a run which would go on for ever."""
    end = time.monotonic() + seconds

    def report(standing: Standing) -> None:
        if time.monotonic() > end:
            raise TimeoutError("a batch never came back")

    return report


class Processes:
    """A scheduler and workers of one thread; a batch is failed by the first worker that dies of it.

    They end by themselves, too, if nobody ends them.
    """

    def __init__(self, folder: Path, *, path: str = os.pathsep.join([str(HERE), str(HERE.parents[1])])) -> None:
        self._folder = folder
        self._environment = {
            **os.environ, "PYTHONPATH": path, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
        }  # fmt: skip
        self._workers: dict[str, subprocess.Popen[bytes]] = {}
        file = folder / "scheduler.json"
        quiet = "--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0", "--no-dashboard"
        self._scheduler = self._start(
            "scheduler", *quiet, "--port", "0", "--idle-timeout", "180 s", "--scheduler-file", str(file)
        )
        for _ in range(int(LONG / 0.05)):
            if file.exists() and (text := file.read_text()):
                self.address: str = json.loads(text)["address"]
                return
            time.sleep(0.05)
        self.end()
        raise TimeoutError(f"no scheduler: {(folder / 'log').read_text()}")

    def _start(self, what: str, *words: str) -> subprocess.Popen[bytes]:
        with (self._folder / "log").open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{what}", *words],
                env=self._environment, stdout=log, stderr=log, cwd=self._folder,
            )  # fmt: skip

    def staff(self, count: int) -> None:
        """Have so many workers, new ones for those that died."""
        from distributed import Client

        for name in [name for name, process in self._workers.items() if process.poll() is not None]:
            del self._workers[name]
        for _ in range(count - len(self._workers)):
            name = f"w{time.monotonic_ns()}"
            self._workers[name] = self._start(
                "worker", self.address, "--name", name, "--nthreads", "1", "--no-nanny", "--no-dashboard",
                "--death-timeout", "20", "--local-directory", str(self._folder),
            )  # fmt: skip
        with Client(self.address, set_as_default=False) as client:
            for _ in range(int(LONG / 0.05)):
                if {w["name"] for w in client.scheduler_info()["workers"].values()} == set(self._workers):
                    return
                time.sleep(0.05)
        raise TimeoutError(f"no workers: {(self._folder / 'log').read_text()}")

    def kill_scheduler(self) -> None:
        self._scheduler.kill()
        self._scheduler.wait()

    def end(self) -> None:
        for process in (*self._workers.values(), self._scheduler):
            process.kill()
            process.wait()


def kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)
