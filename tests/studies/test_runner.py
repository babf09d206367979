"""The runner: everything once, in any batches, whatever dies; and what is stored stays."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from study_stubs import Inline, Stub, stub_cell, stub_result, stub_study, task

from dynlatch.errors import InputError, OutputError
from dynlatch.studies import batches, runner
from dynlatch.studies.batches import Batch, Plan, work
from dynlatch.studies.cell import Cell
from dynlatch.studies.kind_minimal import MinimalProblem
from dynlatch.studies.kind_train import Training
from dynlatch.studies.ledger import Done, Ledger
from dynlatch.studies.owners import Owner
from dynlatch.studies.runner import Standing, run
from dynlatch.studies.study import Study, study_from_toml
from dynlatch.studies.workers import LocalExecutor, LostExecutorError

HERE = Path(__file__).parent


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "x.sqlite") as opened:
        yield opened


def results(study: Study, ledger: Ledger) -> dict[tuple[str, int], object]:
    return {(r.cell.text(), r.trial): r.result for r in ledger.records(study)}


def wanted(study: Study) -> dict[tuple[str, int], object]:
    return {(c.text(), t): stub_result(c, study.seed, t) for c in study.cells for t in range(study.trials)}


# --- everything, once -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slots", [1, 3])
def test_a_study_is_run_once(ledger: Ledger, slots: int) -> None:
    study = stub_study(trials=100, seed=5)
    executor, heard = Inline(slots), list[Standing]()
    first = run(study, ledger, executor=executor, report=heard.append)
    assert (first.asked, first.found, first.done, first.elsewhere, first.failures) == (300, 0, 300, 0, ())
    assert results(study, ledger) == wanted(study)
    assert Counter((b.cell, t) for b in executor.batches for t in b.trials).most_common(1)[0][1] == 1
    assert executor.closed
    for told, kept in zip(heard[-1].counts.values(), ledger.counts(study), strict=True):
        assert told.seconds == pytest.approx(kept.seconds)
        assert dataclasses.replace(told, seconds=0.0) == dataclasses.replace(kept, seconds=0.0)
    assert (heard[-1].running, heard[-1].left) == ((), 0.0)
    second = run(study, ledger, executor=(idle := Inline(slots)))
    assert (second.found, second.done, idle.batches) == (300, 0, [])


def test_only_what_is_missing_is_run(ledger: Ledger) -> None:
    small = stub_study(trials=10)
    run(small, ledger, executor=Inline())
    larger = stub_study(*small.cells, stub_cell(4), trials=12)
    outcome = run(larger, ledger, executor=(executor := Inline()))
    assert (outcome.found, outcome.done) == (30, 18)
    assert sum(len(b.trials) for b in executor.batches) == 18
    assert results(larger, ledger) == wanted(larger)


def test_results_depend_neither_on_workers_nor_on_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        'name = "s"\ntrials = 9\n[[grid]]\ntask = "latch"\nT = [4, 5]\nalgorithm = ["back-propagation", "guessing"]\n'
        'budget = 500\n[grid.set]\nnum_test = 10\n[[grid]]\nkind = "minimal"\nT = 4\nbudget = 200\n'
    )
    study = study_from_toml(text)
    with Ledger(tmp_path / "one.sqlite") as one:
        run(study, one, executor=Inline())
        here = results(study, one)
    assert len(here) == len(study)
    with Ledger(tmp_path / "two.sqlite") as two:
        for kind in (Training, MinimalProblem):
            monkeypatch.setattr(kind, "lanes", 1)
        monkeypatch.setattr(batches, "_SECONDS", 0.0)
        run(study, two, executor=LocalExecutor(1))
        assert results(study, two) == here


def test_a_batch_has_the_time_of_its_presentations() -> None:
    done = work(Batch(stub_cell(), 0, (0, 100)))
    assert done[1].seconds == pytest.approx(2.0 * done[0].seconds)  # 100 and 200 presentations
    assert [d.trial for d in done] == [0, 100]


# --- plans ------------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(1, 40), st.floats(1e-6, 100.0)), min_size=1, max_size=6),
    st.integers(1, 5),
    st.booleans(),
)
def test_a_plan_hands_out_every_trial_once(cells: list[tuple[int, float]], idle: int, learns: bool) -> None:
    made = {stub_cell(k): (10 * count, guess) for k, (count, guess) in enumerate(cells)}
    plan = Plan(0, {cell: range(count) for cell, (count, _) in made.items()}, lambda cell: made[cell][1])
    found: Counter[tuple[object, int]] = Counter()
    order: list[object] = []
    assert plan.seconds_left() == pytest.approx(sum(count * guess for count, guess in made.values()))
    while (batch := plan.next(idle)) is not None:
        found.update((batch.cell, trial) for trial in batch.trials)
        order.append(batch.cell)
        if learns:
            plan.learn(batch.cell, len(batch.trials), 0.1)
    assert found == Counter((cell, trial) for cell, (count, _) in made.items() for trial in range(count))
    assert not plan
    assert plan.seconds_left() == 0.0
    costs = [made[cell][0] * made[cell][1] for cell in dict.fromkeys(order)]  # type: ignore[index]
    assert costs == sorted(costs, reverse=True)


@given(st.integers(1, 5000), st.floats(1e-6, 1e3))
def test_lanes_are_filled(count: int, guess: float) -> None:
    cell = stub_cell()
    plan = Plan(0, {cell: range(count)}, lambda _: guess)
    sizes = []
    while (batch := plan.next()) is not None:
        sizes.append(len(batch.trials))
    assert all(size % Stub.lanes == 0 for size in sizes[:-1])
    assert len(sizes) == 1 or sizes[-1] >= Stub.lanes
    assert max(sizes) * guess <= 8.0 or max(sizes) < 2 * Stub.lanes


def test_measured_times_correct_the_guess_for_all_cells() -> None:
    one, two = stub_cell(1), stub_cell(2)
    plan = Plan(0, {one: range(10), two: range(10)}, Stub().seconds)
    assert plan.seconds(two) == 2e-3
    plan.learn(one, 5, 5.0)
    assert plan.seconds(one) == pytest.approx(1.0)
    assert plan.seconds(two) == pytest.approx(2.0)


def test_one_long_cell_is_split_among_idle_workers() -> None:
    plan = Plan(0, {stub_cell(): range(50)}, lambda _: 1.0)
    assert [len(plan.next(2).trials), len(plan.next(1).trials)] == [25, 25]  # type: ignore[union-attr]


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_a_batch_that_raises_is_tried_again_and_marked_while_the_rest_goes_on(ledger: Ledger) -> None:
    bad, good = stub_cell(9, "raises"), stub_cell(1)
    study = stub_study(bad, good)
    outcome = run(study, ledger, executor=(executor := Inline()))
    assert outcome.done == study.trials
    assert [(f.cell, f.trial, f.reason) for f in outcome.failures] == [
        (bad, t, "ArithmeticError: no number") for t in range(study.trials)
    ]
    assert sum(b.cell == bad for b in executor.batches) == 2
    assert tuple(ledger.failures(study)) == outcome.failures
    assert [c.failed for c in ledger.counts(study)] == [study.trials, 0]
    again = run(study, ledger, executor=Inline(task=lambda b: [Done(t, {"solved": True}, 0.0) for t in b.trials]))
    assert (again.found, again.done, again.failures) == (study.trials, study.trials, ())
    assert ledger.failures(study) == []


def test_a_dead_worker_takes_its_batch_alone(ledger: Ledger, tmp_path: Path) -> None:
    once, always, fine = stub_cell(3, f"dies once {tmp_path / 'marker'}"), stub_cell(2, "dies"), stub_cell(1)
    study = stub_study(once, always, fine, trials=5)
    outcome = run(study, ledger, executor=LocalExecutor(2, task=task))
    assert outcome.done == 10
    assert {(f.cell, f.reason.partition(":")[0]) for f in outcome.failures} == {(always, "DeadWorkerError")}
    assert {r.cell for r in ledger.records(study)} == {once, fine}


def test_an_interrupt_keeps_what_is_done(ledger: Ledger) -> None:
    study, executor = stub_study(trials=70), Inline()

    def report(standing: Standing) -> None:
        if sum(count.done for count in standing.counts.values()):
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "_PAUSE", 0.0)
        with pytest.raises(KeyboardInterrupt):
            run(study, ledger, executor=executor, report=report)
    assert executor.closed
    kept = sum(count.done for count in ledger.counts(study))
    assert 0 < kept < len(study)
    assert ledger._connection.execute("SELECT count(*) FROM claims").fetchone() == (0,)
    assert run(study, ledger, executor=Inline()).found == kept
    assert results(study, ledger) == wanted(study)


def test_a_lost_executor_stops_cleanly(ledger: Ledger) -> None:
    def fails(batch: Batch) -> list[Done]:
        if batch.cell == stub_cell(1):
            raise LostExecutorError("the scheduler is gone")
        return work(batch)

    study = stub_study()
    with pytest.raises(OutputError, match="the scheduler is gone"):
        run(study, ledger, executor=Inline(task=fails))
    assert run(study, ledger, executor=Inline()).found == 80


def test_a_full_disk_stops_the_run_and_the_next_goes_on(ledger: Ledger) -> None:
    study = stub_study(*(stub_cell(k) for k in range(1, 30)))
    pages = ledger._connection.execute("PRAGMA page_count").fetchone()[0]
    ledger._connection.execute(f"PRAGMA max_page_count = {pages + 30}")
    with pytest.raises(OutputError, match="disk is full"):
        run(study, ledger, executor=Inline())
    found = results(study, ledger)
    assert 0 < len(found) < len(study)
    ledger._connection.execute("PRAGMA max_page_count = 1000000")
    run(study, ledger, executor=Inline())
    assert results(study, ledger) == wanted(study)


def test_bad_numbers_of_workers() -> None:
    for workers in (0, 5000):
        with pytest.raises(InputError, match=f"workers={workers}"):
            LocalExecutor(workers)


def test_workers_end_with_the_process_that_has_them(tmp_path: Path) -> None:
    code = (
        "import os, sys, time\nfrom study_stubs import stub_cell\nfrom dynlatch.studies.batches import Batch\n"
        "from dynlatch.studies.workers import LocalExecutor\nimport test_runner_naps\n"
        "if __name__ == '__main__':\n"
        "    future = LocalExecutor(1, task=test_runner_naps.nap).submit(Batch(stub_cell(), 0, (0,)))\n"
        f"    while not os.path.exists({str(tmp_path / 'pid')!r}): time.sleep(0.01)\n"
        "    os._exit(9)\n"
    )
    nap = (
        "import os, time\ndef nap(batch):\n"
        f"    with open({str(tmp_path / 'half')!r}, 'w') as stream: stream.write(str(os.getpid()))\n"
        f"    os.rename({str(tmp_path / 'half')!r}, {str(tmp_path / 'pid')!r})\n    time.sleep(60)\n"
    )
    (tmp_path / "test_runner_naps.py").write_text(nap)
    (tmp_path / "main.py").write_text(code)
    there = os.pathsep.join([str(tmp_path), str(HERE), str(HERE.parents[1])])
    subprocess.run([sys.executable, str(tmp_path / "main.py")], check=False, env={**os.environ, "PYTHONPATH": there})
    worker = int((tmp_path / "pid").read_text())
    for _ in range(500):
        state = Path(f"/proc/{worker}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] in "ZX":
            return
        time.sleep(0.01)
    pytest.fail("the worker is still there")


# --- two runs on one ledger -------------------------------------------------------------------------------------------


def test_two_processes_run_every_trial_once(tmp_path: Path) -> None:
    code = (
        "import os, sys, time\nfrom study_stubs import Inline, stub_cell, stub_study, task\n"
        "from dynlatch.studies.ledger import Ledger\nfrom dynlatch.studies import batches, runner\n"
        "runner._LOOK = 0.02\nbatches._SECONDS = 0.0\n"
        "log = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)\n"
        "def logged(batch):\n"
        "    open(sys.argv[2] + sys.argv[3], 'w').close()\n"
        "    while not os.path.exists(sys.argv[2] + '10'[int(sys.argv[3])]): time.sleep(0.001)\n"
        "    os.write(log, ''.join(f'{batch.cell[\"size\"]} {t} {sys.argv[3]}\\n' for t in batch.trials).encode())\n"
        "    return task(batch)\n"
        "study = stub_study(*(stub_cell(k) for k in range(1, 9)), trials=200)\n"
        "with Ledger(sys.argv[1]) as ledger:\n"
        "    found = runner.run(study, ledger, executor=Inline(2, logged))\n"
        "sys.stdout.write(f'{found.done} {found.elsewhere} {found.found}\\n')\n"
    )
    log = tmp_path / "log"
    there = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parents[1])])}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "x.sqlite"), str(log), str(k)],
            stdout=subprocess.PIPE, text=True, env=there,
        )
        for k in range(2)
    ]  # fmt: skip
    told = [process.communicate(timeout=60)[0] for process in processes]
    ran = [tuple(line.split()) for line in log.read_text().splitlines()]
    assert Counter(line[:2] for line in ran).most_common(1)[0][1] == 1
    assert len(ran) == 1600
    for line in told:
        done, elsewhere, found = map(int, line.split())
        assert done + elsewhere + found == 1600
        assert done > 0  # each waits in its first batch until the other has begun one, too


def test_what_another_has_claimed_is_waited_for(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_LOOK", 0.02)
    study, other = stub_study(trials=10), Owner.here()
    cell = study.cells[0]
    assert ledger.claim(other, cell, 0, [2, 3, 4]) == [2, 3, 4]

    def ends_later() -> None:
        with Ledger(ledger.path) as there:
            time.sleep(0.15)
            there.store(other, cell, 0, [Done(2, stub_result(cell, 0, 2), 0.0)])
            there.release(other)

    thread = threading.Thread(target=ends_later)
    thread.start()
    outcome = run(study, ledger, executor=(executor := Inline()))
    thread.join()
    assert (outcome.done, outcome.elsewhere) == (29, 1)
    assert (cell, 2) not in {(b.cell, t) for b in executor.batches for t in b.trials}
    assert results(study, ledger) == wanted(study)


def test_what_a_dead_process_has_claimed_is_taken_over(ledger: Ledger) -> None:
    study = stub_study(trials=10)
    ledger.claim(dataclasses.replace(Owner.here(), started="0"), study.cells[0], 0, range(5))
    assert run(study, ledger, executor=Inline()).done == 30


# --- how long it will take --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_the_time_left_is_that_of_what_runs_at_once(ledger: Ledger, at_once: int) -> None:
    """Batches that wait at a cluster do not hurry anything."""
    study, executor, heard = stub_study(), Inline(4), list[Standing]()
    executor.at_once = at_once
    run(study, ledger, executor=executor, report=heard.append)
    assert heard[0].left == pytest.approx(40 * (1e-3 + 2e-3 + 3e-3) / at_once)


def test_what_one_algorithm_took_says_nothing_of_another() -> None:
    """Guessing takes a thousandth of what is guessed; annealing does not."""
    one, more, other = (
        Cell.of("train", {"task": "latch", "algorithm": name, "T": T})
        for name, T in (("guessing", 10), ("guessing", 20), ("annealing", 10))
    )
    plan = Plan(0, {cell: range(10) for cell in (one, more, other)}, lambda _: 1.0)
    plan.learn(one, 5, 5e-3)
    assert plan.seconds(one) == plan.seconds(more) == pytest.approx(1e-3)
    assert plan.seconds(other) == 1.0
