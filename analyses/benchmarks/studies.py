"""What a study costs beside its trials: workers, the ledger, and a second call that finds all done.

The work is a part of Fig. 4: three tasks, T = 50, four algorithms, 64 trials a cell. Measured are the throughput with
one worker and with all of them, in turns, their start included; the share of the time that goes to the ledger; and the
time of a whole command that resumes a finished study of 50,000 trials.

    python analyses/benchmarks/studies.py [--quick] [--out FILE.json]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dynlatch.studies import Done, Ledger, LocalExecutor, Study, run, study_from_toml
from dynlatch.studies.owners import Owner

GRID = """[[grid]]
task = ["latch", "two-sequence", "parity"]
T = {T}
noise = [0.0, 0.2]
algorithm = ["back-propagation", "time-weighted", "multi-grid", "guessing"]
"""
WIDE = """name = "wide"
trials = {trials}
[[grid]]
task = "latch"
T = 10
algorithm = "back-propagation"
[grid.set]
rate = [{rates}]
"""


class TimedLedger(Ledger):
    """A ledger that adds up the time of its transactions."""

    seconds = 0.0

    def claim(self, *given: Any, **named: Any) -> list[int]:
        """As in a ledger."""
        return self._timed(super().claim, *given, **named)

    def store(self, *given: Any, **named: Any) -> int:
        """As in a ledger."""
        return self._timed(super().store, *given, **named)

    def _timed(self, work: Callable[..., Any], *given: Any, **named: Any) -> Any:
        begin = time.perf_counter()
        try:
            return work(*given, **named)
        finally:
            self.seconds += time.perf_counter() - begin


def once(study: Study, workers: int, folder: Path) -> dict[str, float]:
    """One run on a ledger of its own: wall seconds, those that trials took in workers, those of the ledger."""
    begin = time.perf_counter()
    with TimedLedger(folder / f"{time.time_ns()}.sqlite") as ledger:
        run(study, ledger, executor=LocalExecutor(workers))
        wall = time.perf_counter() - begin
        return {"wall": wall, "trials": math.fsum(r.seconds for r in ledger.records(study)), "ledger": ledger.seconds}


def workers(quick: bool, folder: Path) -> dict[str, Any]:
    """Throughput of one worker and of several, in turns; what is left is their start, sending, and waiting."""
    text = f'name = "part"\ntrials = {4 if quick else 64}\n{GRID.format(T=5 if quick else 50)}'
    study, counts = study_from_toml(text), sorted({1, os.cpu_count() or 1})
    found: dict[int, list[dict[str, float]]] = {n: [] for n in counts}
    for _ in range(1 if quick else 3):
        for n in counts:
            found[n].append(once(study, n, folder))
    rows = []
    for n in counts:
        best = min(found[n], key=lambda one: one["wall"])
        share = best["ledger"] / best["wall"]
        rows.append({"workers": n, **best, "ledger_share": share, "trials_per_second": len(study) / best["wall"]})
        print(
            f"{n} workers: {best['wall']:.1f} s for {len(study)} trials, which took {best['trials']:.1f} s of workers; "
            f"the ledger took {100 * share:.2f} %"
        )
    efficiency = rows[0]["wall"] / (rows[-1]["wall"] * rows[-1]["workers"])
    print(f"efficiency from 1 to {rows[-1]['workers']} workers: {efficiency:.2f}")
    return {"trials": len(study), "by_workers": rows, "efficiency": efficiency}


def resuming(quick: bool, folder: Path) -> dict[str, float]:
    """The whole command that finds all trials of a study done."""
    cells, trials = (4, 50) if quick else (100, 500)
    text = WIDE.format(trials=trials, rates=", ".join(f"{0.001 * (k + 1):.3f}" for k in range(cells)))
    path = folder / "wide.toml"
    path.write_text(text, encoding="utf-8")
    study, owner = study_from_toml(text), Owner.here()
    result = {"solved": True, "presentations": 100, "train_error": 0.0, "train_cost": 0.01, "test_error": 0.0}
    with Ledger(folder / "wide.sqlite") as ledger:
        for cell in study.cells:
            ledger.store(owner, cell, study.seed, [Done(k, result, 1e-3) for k in range(trials)])
    words = ["study", "run", str(path), "--ledger", str(folder / "wide.sqlite")]
    seconds = []
    for _ in range(1 if quick else 5):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-m", "dynlatch", *words], check=True, capture_output=True)
        seconds.append(time.perf_counter() - begin)
    print(f"a finished study of {len(study):,} trials: {min(seconds):.2f} s")
    return {"trials": len(study), "seconds": min(seconds)}


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few trials, one turn")
    parser.add_argument("--out", type=Path, help="a JSON file (default: results/studies.json here; quick: under out/)")
    arguments = parser.parse_args()
    arguments.out = (
        arguments.out or (Path("out") if arguments.quick else Path(__file__).parent) / "results" / "studies.json"
    )
    with tempfile.TemporaryDirectory() as name:
        found = {
            "processors": os.cpu_count(),
            "workers": workers(arguments.quick, Path(name)),
            "resuming": resuming(arguments.quick, Path(name)),
        }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(arguments.out)


if __name__ == "__main__":
    main()
