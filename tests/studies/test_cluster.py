"""A cluster: the same results as here, whatever dies, and one line where there is none."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from study_stubs import Inline, stub_cell, stub_result, stub_study

pytest.importorskip("distributed", reason="clusters need the extra dynlatch[cluster]")

from cluster_tasks import LONG, Processes, forgetful, kill, meeting, patience, task, wait_for

import dynlatch
from dynlatch.errors import InputError
from dynlatch.studies import batches, cluster, runner
from dynlatch.studies.basins_zarr import basins_to_zarr
from dynlatch.studies.batches import Batch
from dynlatch.studies.cluster import ClusterExecutor, RemoteError, Workforce, answer
from dynlatch.studies.ledger import Done, Ledger
from dynlatch.studies.runner import Outcome, run
from dynlatch.studies.study import Study
from dynlatch.studies.workers import DeadWorkerError, LostExecutorError

Run = Callable[..., tuple[int, str, str]]
TRAINING = """name = "s"
trials = 5
[[grid]]
task = "latch"
T = [4, 5]
algorithm = ["back-propagation", "guessing"]
budget = 500
[grid.set]
num_test = 10
[[grid]]
kind = "minimal"
T = 4
budget = 200
"""


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    made = Processes(tmp_path_factory.mktemp("cluster"))
    yield made
    made.end()


@pytest.fixture
def there(processes: Processes) -> Processes:
    """With two workers, whatever the last test did to them."""
    processes.staff(2)
    return processes


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "x.sqlite") as opened:
        yield opened


@pytest.fixture
def executor(there: Processes) -> Iterator[ClusterExecutor]:
    made = ClusterExecutor(there.address, task=task)
    yield made
    made.close()


def check(study: Study, ledger: Ledger, outcome: Outcome) -> None:
    """Everything is done and right."""
    assert (outcome.found + outcome.done, outcome.failures) == (len(study), ())
    assert {(r.cell, r.trial): r.result for r in ledger.records(study)} == {
        (cell, trial): stub_result(cell, study.seed, trial) for cell in study.cells for trial in range(study.trials)
    }


# --- as here ----------------------------------------------------------------------------------------------------------


def test_a_study_is_run_by_all_workers(ledger: Ledger, executor: ClusterExecutor, tmp_path: Path) -> None:
    study = stub_study(meeting(tmp_path / "a", 98), meeting(tmp_path / "a", 99), *map(stub_cell, range(1, 40)), seed=7)
    assert executor.workforce == Workforce(2, 2)
    assert (executor.slots, executor.at_once) == (3, 2)
    check(study, ledger, run(study, ledger, executor=executor, report=patience()))
    assert len(wait_for(tmp_path / "a", 2)) == 2
    assert run(study, ledger, executor=Inline()).found == len(study)


def test_the_command_runs_on_a_cluster_as_here(
    run: Run, there: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s.toml").write_text(TRAINING)
    code, out, err = run("study", "run", "s.toml", "--cluster", there.address)
    assert (code, err) == (0, "")
    assert f"{there.address}: 2 workers, 2 batches at a time" in out
    assert "25 are new" in out
    monkeypatch.setattr("dynlatch.studies.runner.LocalExecutor", lambda workers: Inline())
    run("study", "run", "s.toml", "--ledger", "here.sqlite")
    for name in ("s.ledger", "here"):
        code, _, err = run(
            "study", "export", "s.toml", "--ledger", f"{name}.sqlite", "--out", f"{name}.csv", "--no-seconds"
        )
        assert (code, err) == (0, "")
    assert Path("s.ledger.csv").read_text() == Path("here.csv").read_text()


def test_numbers_come_back_to_the_last_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"a": 0.1 + 0.2, "b": float("inf"), "c": 2**80, "d": None, "e": True, "f": "ü\n", "g": 5e-324, "h": 1.0}
    batch = Batch(stub_cell(3, "é"), 1 << 70, (4, 6))

    def look(got: Batch) -> list[Done]:
        assert (got, got.cell.text()) == (batch, batch.cell.text())
        return [Done(trial, values, 0.1) for trial in got.trials]

    monkeypatch.setattr(batches, "work", look)
    done = cluster._done(batch, answer("dynlatch.studies.batches:work", cluster._question(batch)))
    assert done == look(batch)
    assert [type(v) for v in done[0].result.values()] == [type(v) for v in values.values()]


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_a_killed_worker_loses_nothing(ledger: Ledger, executor: ClusterExecutor, tmp_path: Path) -> None:
    study = stub_study(meeting(tmp_path / "a"), *map(stub_cell, range(2, 20)))
    thread = threading.Thread(target=lambda: kill(*wait_for(tmp_path / "a", 1)))
    thread.start()
    outcome = run(study, ledger, executor=executor, report=patience())
    thread.join()
    check(study, ledger, outcome)
    assert len(wait_for(tmp_path / "a", 2)) == 2  # it was begun by one worker and ended by the other


def test_what_kills_its_worker_or_raises_is_told(executor: ClusterExecutor) -> None:
    raises = executor.submit(Batch(stub_cell(1, "raises"), 0, (0,)))
    with pytest.raises(RemoteError, match=r"^ArithmeticError: no\nnumber$"):
        raises.result(LONG)
    with pytest.raises(DeadWorkerError, match="killed, out of memory, or crashed"):
        executor.submit(Batch(stub_cell(1, "dies"), 0, (0,))).result(LONG)
    assert executor.submit(Batch(stub_cell(), 0, (0,))).result(LONG)[0].trial == 0  # the other one is still there


def test_a_lost_scheduler_stops_the_run_and_the_next_goes_on(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    own = Processes(tmp_path / "own")
    try:
        own.staff(1)
        study = stub_study(*map(stub_cell, range(2, 20)), meeting(tmp_path / "a"))  # the one that waits is the cheapest
        executor = ClusterExecutor(own.address, task=task)
        thread = threading.Thread(target=lambda: wait_for(tmp_path / "a", 1) and own.kill_scheduler())
        thread.start()
        begin = time.monotonic()
        with pytest.raises(
            LostExecutorError, match=f"^the scheduler at {own.address} no longer answers; what is stored stays"
        ):
            run(study, ledger, executor=executor, report=patience())
        assert time.monotonic() - begin < LONG / 2
        thread.join()
        with pytest.raises(LostExecutorError):
            executor.submit(Batch(stub_cell(), 0, (0,)))
        with pytest.raises(LostExecutorError):
            _ = executor.slots
    finally:
        own.end()
    kept = sum(count.done for count in ledger.counts(study))
    assert 0 < kept < len(study)
    assert ledger._connection.execute("SELECT count(*) FROM claims").fetchone() == (0,)
    (tmp_path / "a" / "1").touch()  # nobody needs to be met any more
    outcome = run(study, ledger, executor=Inline(task=task))
    assert outcome.found == kept
    check(study, ledger, outcome)


def test_other_code_is_not_mixed_in(ledger: Ledger, executor: ClusterExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "SCHEMA", 99)
    with pytest.raises(
        LostExecutorError, match=r"the worker at tcp://.* with results of version \d+, this is .* with 99"
    ):
        run(stub_study(), ledger, executor=executor, report=patience())
    assert ledger.records(stub_study()) == []


def test_what_workers_cannot_load_stops_the_run(ledger: Ledger, there: Processes) -> None:
    def gone(batch: Batch) -> list[Done]:
        raise AssertionError

    gone.__module__, gone.__qualname__ = "nowhere", "gone"
    with pytest.raises(LostExecutorError, match=r"cannot run dynlatch \(No module named 'nowhere'\): install dynlatch"):
        run(stub_study(), ledger, executor=ClusterExecutor(there.address, task=gone), report=patience())
    there.staff(2)  # neither has died of it
    assert ledger.records(stub_study()) == []


def test_a_lost_trial_is_missed(ledger: Ledger, there: Processes) -> None:
    outcome = run(
        stub_study(trials=3), ledger, executor=ClusterExecutor(there.address, task=forgetful), report=patience()
    )
    assert outcome.done == 0
    assert {f.reason.partition(" were")[0] for f in outcome.failures} == {"RemoteError: 3 trials"}


class Loses(Inline):
    """A mutant: what becomes of one batch is never heard, or it is reported done with nothing in it."""

    def __init__(self, *, silent: bool) -> None:
        super().__init__()
        self._silent = silent

    def submit(self, batch: Batch) -> Future[list[Done]]:
        if batch.cell != stub_cell(2):
            return super().submit(batch)
        lost: Future[list[Done]] = Future()
        if not self._silent:
            lost.set_result([])
        return lost


def test_the_checks_have_teeth(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    study = stub_study()
    with pytest.raises(AssertionError):
        check(study, ledger, run(study, ledger, executor=Loses(silent=False), report=patience()))
    monkeypatch.setattr(runner, "_LOOK", 0.05)
    with pytest.raises(TimeoutError, match="never came back"):
        run(study, ledger, executor=Loses(silent=True), report=patience(0.2))
    outcome = run(study, ledger, executor=Inline())
    assert outcome.done == study.trials
    check(study, ledger, outcome)


# --- no cluster -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["", "127.0.0.1:8786", "http://127.0.0.1:8786", "tcp://127.0.0.1", "tcp://:8786", "tcp://127.0.0.1:x",
     "tcp://127.0.0.1:99999", "tcp://127.0.0.1:0", "tcp://me@127.0.0.1:8786", "tcp://127.0.0.1:8786/x", "tcp://[::1:1"],
)  # fmt: skip
def test_no_address(address: str) -> None:
    with pytest.raises(InputError, match="is no address of a scheduler; give one like tcp://"):
        ClusterExecutor(address)


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(InputError, match=f"^{address}: no scheduler answers there; start one with"):
            ClusterExecutor(address)
    with pytest.raises(InputError, match=f"^{address}: no scheduler answers there .*refused"):
        ClusterExecutor(address)


def test_the_command_needs_a_scheduler_and_takes_no_workers(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s.toml").write_text(TRAINING)
    code, out, err = run("study", "run", "s.toml", "--cluster", "tcp://127.0.0.1:1")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "tcp://127.0.0.1:1: no scheduler answers there" in err
    code, out, err = run("study", "run", "s.toml", "--cluster", "tcp://127.0.0.1:1", "--workers", "2")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "--workers is for this machine" in err
    assert [path.name for path in tmp_path.iterdir()] == ["s.toml"]


def test_a_worker_is_no_scheduler(there: Processes) -> None:
    from distributed import Client

    with Client(there.address, set_as_default=False) as client:
        address = next(iter(client.scheduler_info()["workers"]))
    with pytest.raises(InputError, match=f"^{address} is the address of a worker; give the scheduler's"):
        ClusterExecutor(address)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(InputError, match=r"pip install 'dynlatch\[cluster\]'"):
        ClusterExecutor("tcp://127.0.0.1:8786")


def test_large_basins_are_labelled_there(there: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On processes that share nothing with this one but the wire."""
    xarray, _ = pytest.importorskip("xarray"), pytest.importorskip("zarr")
    monkeypatch.setattr("dynlatch.studies.kind_basins.TILE_CELLS", 900)
    whole = dynlatch.basins(dynlatch.henon(), resolution=100)
    with contextlib.closing(ClusterExecutor(there.address)) as executor:
        stored = basins_to_zarr(dynlatch.henon(), tmp_path / "b.zarr", resolution=100, executor=executor)
    assert stored.counts == whole.counts
    with xarray.open_zarr(tmp_path / "b.zarr") as found:
        assert (found["label"].values == whole.labels).all()
        assert (found["time"].values == whole.times).all()
