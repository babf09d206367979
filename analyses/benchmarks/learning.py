"""Presentations per second against JAX and PyTorch, against the floating-point limit, and how they grow.

The work, all in float64: B trials side by side, each with parameters of its own, present one sequence of T = 50 at
most: the cost alone, or the cost and its gradient by back-propagation through time. Every contestant gets the batch
size and the options that suit it best; costs, errors and gradients are compared before anything is timed; then dynlatch
and a peer take turns, and the medians of the ratios are reported. dynlatch is timed with the conversion from and to
plain arrays of shape (B, P), the peers without. The limit is a bare loop over as many tanh as the passes need, the same
tanh, on one thread, against dynlatch on one thread.

    python analyses/benchmarks/learning.py [--quick] [--out FILE.json]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import learning_peers
import numpy as np

from dynlatch.jit import jit
from dynlatch.lanes import LANES, lane_array, load, store
from dynlatch.learning import BackPropagation, Batch, Latch, Parity, TwoSequence, train
from dynlatch.learning.algorithms import NAMES, algorithm_type
from dynlatch.maps.elementary import tanh

T = 50
NOISE = 0.2
TASKS = {"latch": Latch, "two-sequence": TwoSequence, "parity": Parity}
WORKS = ("cost", "gradient")
SIZES = (256, 1024, 4096, 16_384)


def timed(work: Callable[[], Any]) -> float:
    """Seconds of one call."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def best_of(work: Callable[[], Any], least: float = 0.2) -> float:
    """Seconds of the quickest of several calls that take ``least`` seconds together."""
    work()
    found = [timed(work)]
    while sum(found) < least:
        found.append(timed(work))
    return min(found)


# --- against peers ----------------------------------------------------------------------------------------------------


def batch_of(name: str, size: int, threads: int | None) -> tuple[Batch, np.ndarray, Any]:
    """Sequences, parameters, and the same as plain arrays for a peer."""
    trial = TASKS[name](T=T, noise=NOISE, num_train=size).trial(seed=1, index=0)
    sequences, network = trial.train, trial.network
    parameters = np.random.default_rng(0).uniform(-1.0, 1.0, size=(size, len(network.parameters)))
    data = learning_peers.Data(
        task=name,
        parameters=parameters,
        inputs=peer_inputs(name, sequences),
        lengths=sequences.lengths,
        targets=0.8 * sequences.classes,
    )
    return Batch(network, sequences, threads=threads), parameters, data


def peer_inputs(name: str, sequences: Any) -> np.ndarray:
    """The signals; for the latch with a channel for the cue of each class before them."""
    if name != "latch":
        return sequences.signals
    rows = np.arange(len(sequences))
    cues = np.zeros((len(sequences), sequences.steps, 2))
    cues[rows, sequences.steps - sequences.lengths, (sequences.classes < 0).astype(int)] = 1.0
    return np.concatenate([cues, sequences.signals], axis=2)


def our_call(batch: Batch, parameters: np.ndarray, work: str) -> Callable[[], Any]:
    """What is timed of dynlatch."""
    if work == "cost":
        return lambda: (*batch.costs(parameters), None)
    return lambda: batch.gradients(parameters)


def check_same(name: str, work: str, peer: Any) -> None:
    """Leave with a message unless the peer's costs, errors and gradients are dynlatch's."""
    batch, parameters, data = batch_of(name, 256, None)
    costs, errors, gradients = peer.prepare(data, work)()
    ours = batch.costs(parameters)
    pairs = [(costs, ours[0]), (errors, ours[1])]
    if work == "gradient":
        pairs.append((gradients, batch.gradients(parameters)[1]))
    for theirs, mine in pairs:
        worst = float(np.max(np.abs(np.asarray(theirs) - mine)))
        if not worst < 1e-9:
            raise SystemExit(f"{peer.name}, {name}, {work}: differs from dynlatch by {worst:.2g}; nothing was timed")


def compare(sizes: tuple[int, ...], repeats: int) -> list[dict[str, Any]]:
    """Each peer against dynlatch, for every task and work."""
    rows: list[dict[str, Any]] = []
    for name in TASKS:
        for work in WORKS:
            calls = {}
            for size in sizes:
                batch, parameters, _ = batch_of(name, size, None)
                calls[size] = our_call(batch, parameters, work)
            mine = max(sizes, key=lambda size: size / best_of(calls[size]))
            for peer in learning_peers.peers():
                check_same(name, work, peer)
                theirs = {size: peer.prepare(batch_of(name, size, None)[2], work) for size in sizes}
                best = max(sizes, key=lambda size: size / best_of(theirs[size]))
                rates = np.array([(mine / timed(calls[mine]), best / timed(theirs[best])) for _ in range(repeats)])
                ratios = rates[:, 0] / rates[:, 1]
                rows.append({
                    "task": name, "work": work, "peer": peer.name,
                    "dynlatch_batch": mine, "peer_batch": best,
                    "dynlatch_per_second": float(np.median(rates[:, 0])),
                    "peer_per_second": float(np.median(rates[:, 1])),
                    "ratio": float(np.median(ratios)), "ratio_range": [float(ratios.min()), float(ratios.max())],
                })  # fmt: skip
                print("{task:>13} {work:>9} {peer:>28} {ratio:8.1f} times".format(**rows[-1]), flush=True)
    return rows


# --- against the limit ------------------------------------------------------------------------------------------------


@jit
def bare(x: Any, out: Any, repeats: Any) -> None:
    """tanh of every row, again and again."""
    for _ in range(repeats):
        for row in range(x.shape[0]):
            store(out, row, tanh(load(x, row)))


def limit(seconds: float) -> list[dict[str, Any]]:
    """dynlatch on one thread against a bare loop over the tanh that the sequences' own steps need."""
    x, out = lane_array(64), lane_array(64)
    x[:] = np.random.default_rng(0).normal(size=x.shape)
    rows: list[dict[str, Any]] = []
    for name in TASKS:
        batch, parameters, data = batch_of(name, 4096, 1)
        units = batch.network.num_units
        needed = float(np.mean(data.lengths)) * units
        for work in WORKS:
            call = our_call(batch, parameters, work)
            pairs = []
            for _ in range(9):
                one = best_of(lambda: bare(x, out, 200), seconds) / (200 * x.size)
                pairs.append((best_of(call, seconds) / 4096, one * needed))
            found = np.array(pairs)
            ratio = float(np.median(found[:, 0] / found[:, 1]))
            rows.append({"task": name, "work": work, "tanh_ns": 1e9 * float(np.median(found[:, 1])) / needed,
                         "times_the_limit": ratio})  # fmt: skip
            print(f"{name:>13} {work:>9} {ratio:5.2f} times the bare tanh loop", flush=True)
    return rows


# --- how it grows -----------------------------------------------------------------------------------------------------


def growth(quick: bool) -> dict[str, Any]:
    """Time per presentation against T, time against the number of trials, and peak memory of both."""
    lengths = (10, 100) if quick else (10, 30, 100, 300, 1000, 3000, 10_000)
    by_length = []
    for steps in lengths:
        trial = Latch(T=steps, noise=NOISE, num_train=256).trial(seed=1, index=0)
        batch = Batch(trial.network, trial.train, threads=1)
        parameters = np.random.default_rng(0).uniform(-1.0, 1.0, size=(256, 3))
        row = {"T": steps} | {w: 1e9 * best_of(our_call(batch, parameters, w)) / 256 for w in WORKS}
        by_length.append(row)
        print(f"T = {steps:6d}: cost {row['cost']:10.1f} ns, gradient {row['gradient']:10.1f} ns", flush=True)
    counts = (32, 128) if quick else (32, 128, 512, 2048)
    by_count = []
    for count in counts:
        trials = [Latch(T=20, noise=NOISE).trial(seed=1, index=k) for k in range(count)]
        work = partial(train, trials, BackPropagation(), budget=2000, threads=1)
        seconds = min(timed(work) for _ in range(3))
        by_count.append({"trials": count, "seconds": seconds})
        print(f"{count:5d} trials: {seconds:.3f} s", flush=True)
    return {
        "by_T": by_length,
        "exponents": {w: slope([r["T"] for r in by_length], [r[w] for r in by_length]) for w in WORKS},
        "by_trials": by_count,
        "trials_exponent": slope([r["trials"] for r in by_count], [r["seconds"] for r in by_count]),
        "memory": memory((100, 1000) if quick else (100, 1000, 10_000)),
    }


def slope(x: list[float], y: list[float]) -> float:
    """The exponent of a power law through the upper half of the points."""
    half = len(x) // 2 if len(x) > 3 else 0
    return float(np.polyfit(np.log(x[half:]), np.log(y[half:]), 1)[0])


def memory(lengths: tuple[int, ...]) -> list[dict[str, Any]]:
    """Peak memory in MB beyond that of the sequences and of the process, each in a process of its own."""
    rows = []
    for steps in lengths:
        row: dict[str, Any] = {"T": steps}
        for work in WORKS:
            done = subprocess.run(
                [sys.executable, __file__, "--memory", work, str(steps)], capture_output=True, text=True, check=True
            )
            row[work] = float(done.stdout.split()[-1])
        rows.append(row)
        print("T = {T}: beyond the data, cost {cost:.1f} MB, gradient {gradient:.1f} MB".format(**row), flush=True)
    return rows


def peak_of(work: str, steps: int) -> None:
    """Print how much the peak grows while passes work on sequences that are already there."""
    trial = Latch(T=steps, noise=NOISE, num_train=LANES).trial(seed=1, index=0)
    batch, parameters = Batch(trial.network, trial.train, threads=1), np.zeros((LANES, 3))
    small = Latch(T=2, num_train=LANES).trial(seed=1, index=0)
    our_call(Batch(small.network, small.train, threads=1), parameters, work)()  # compiled code is loaded
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    our_call(batch, parameters, work)()
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)


def training(count: int, budget: int) -> list[dict[str, Any]]:
    """Presentations per second of whole training runs: every algorithm on every task."""
    rows: list[dict[str, Any]] = []
    for name, task in TASKS.items():
        trials = [task(T=T, noise=NOISE).trial(seed=1, index=k) for k in range(count)]
        for title in NAMES:
            begin = time.perf_counter()
            runs = train(trials, algorithm_type(title)(), budget=budget)
            rate = sum(run.presentations for run in runs) / (time.perf_counter() - begin)
            rows.append({"task": name, "algorithm": title, "per_second": rate})
            print(f"{name:>13} {title:>17} {rate:12,.0f} presentations/s", flush=True)
    return rows


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small batches, few repeats")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "learning.json")
    parser.add_argument("--memory", nargs=2, metavar=("WORK", "T"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.memory:
        peak_of(arguments.memory[0], int(arguments.memory[1]))
        return
    quick = arguments.quick
    found = {
        "T": T,
        "processors": os.cpu_count(),
        "peers": compare(SIZES[:1] if quick else SIZES, 3 if quick else 11),
        "limit": limit(0.02 if quick else 0.1),
        "growth": growth(quick),
        "training": training(32 if quick else 128, 500 if quick else 10_000),
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(arguments.out)


if __name__ == "__main__":
    main()
