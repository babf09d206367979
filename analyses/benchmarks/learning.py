"""Presentations per second against JAX and PyTorch, against the floating-point limit, and how they grow.

The work, all in float64: B trials side by side, each with parameters of its own, present one sequence of T = 50 at
most: the cost alone, or the cost and its gradient by back-propagation through time. Every contestant gets the batch
size, the number of threads and the options that suit it best, dynlatch too; costs, errors and gradients are compared
before anything is timed; then dynlatch and a peer take turns (a rest, some calls to warm up, and calls that are timed
as a whole, for training calls again and again), and the medians of the ratios are reported. Everybody has parameters
and results in a layout of their own. The limit is a bare loop over as many tanh as the sequences' own steps need, the
same tanh, on one thread, against dynlatch on one thread.

    python analyses/benchmarks/learning.py [--quick] [--out FILE.json]
"""

from __future__ import annotations

import argparse
import json
import os
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from learning_peers import Data, Peer, choices

from dynlatch.jit import jit
from dynlatch.lanes import lane_array, load, store
from dynlatch.learning import BackPropagation, Batch, Latch, Parity, Sequences, TwoSequence, train
from dynlatch.learning.algorithms import NAMES, algorithm_type
from dynlatch.maps.elementary import tanh

T = 50
NOISE = 0.2
TASKS = {"latch": Latch, "two-sequence": TwoSequence, "parity": Parity}
WORKS = ("cost", "gradient")
_REST, _WARM, _SPAN = 0.02, 0.02, 0.05
"""Seconds of a turn: until the threads of others stop waiting for work, until one is at full speed, and timed."""
_TURNS = 7
SIZES = (1024, 4096, 16_384, 65_536)


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


def turn(work: Callable[[], Any]) -> float:
    """Seconds of a call, one of many."""
    time.sleep(_REST)
    during(work, _WARM)
    return during(work, _SPAN)


def during(work: Callable[[], Any], seconds: float) -> float:
    """Seconds of each of the calls, one or more, that fill a time."""
    begin, count, passed = time.perf_counter(), 0, 0.0
    while passed < seconds:
        work()
        count, passed = count + 1, time.perf_counter() - begin
    return passed / count


def rate_of(size: int, call: Callable[[], Any]) -> float:
    """Presentations per second, as they are compared: the median of a few turns."""
    call()
    return size / float(np.median([turn(call) for _ in range(_TURNS)]))


# --- against peers ----------------------------------------------------------------------------------------------------


def contestants(work: str, name: str, compiled: bool) -> dict[str, list[Peer]]:
    """Ways to run the work in other libraries; of each list the one that suits this machine best is compared."""
    cores = sorted({1, os.cpu_count() or 1})
    eager = [Peer("torch", work, cores=c, by_hand=h) for h in (False, True) for c in cores]
    found = {
        "JAX: jit, scan, vmap": [Peer("jax", work, by_hand=False, vmap=True)],
        "JAX, arrays and cores by hand": [Peer("jax", work, by_hand=False, cores=c) for c in cores],
        "PyTorch": eager[:2] if work == "cost" else eager,
    }
    if work == "gradient":
        found["JAX, the way back by hand, too"] = [Peer("jax", work, cores=c) for c in cores]
    if compiled:
        found["PyTorch, compiled into one loop"] = [p for p in choices(name, work, "torch", cores[-1]) if p.compiled]
    return found


def installed(found: dict[str, list[Peer]]) -> dict[str, list[Peer]]:
    """Those whose library is there; a line for each of the others."""
    for title, options in found.items():
        if find_spec(options[0].library) is None:
            print(f"{title}: {options[0].library} is not installed")
    return {title: options for title, options in found.items() if find_spec(options[0].library) is not None}


def batch_of(name: str, size: int, threads: int | None) -> tuple[Batch, np.ndarray, Data]:
    """Sequences, parameters, and the same as plain arrays for a peer."""
    trial = TASKS[name](T=T, noise=NOISE, num_train=size).trial(seed=1, index=0)
    sequences, network = trial.train, trial.network
    parameters = np.random.default_rng(0).uniform(-1.0, 1.0, size=(size, len(network.parameters)))
    data = Data(name, parameters, peer_inputs(name, sequences), sequences.lengths, 0.8 * sequences.classes)
    return Batch(network, sequences, threads=threads), parameters, data


def peer_inputs(name: str, sequences: Sequences) -> np.ndarray:
    """The signals; for the latch with a channel for the cue of each class before them."""
    if name != "latch":
        return sequences.signals
    cues = np.zeros((len(sequences), sequences.steps, 2))
    begin = sequences.steps - sequences.lengths
    cues[np.arange(len(sequences)), begin, np.where(sequences.classes > 0, 0, 1)] = 1.0
    return np.concatenate([cues, sequences.signals], axis=2)


def our_call(batch: Batch, parameters: np.ndarray, work: str) -> Callable[[], Any]:
    """What is timed of dynlatch: from parameters in lanes to costs, or costs and gradients, in lanes."""
    weights = batch.in_lanes(parameters)
    return partial(batch.costs_in_lanes if work == "cost" else batch.gradients_in_lanes, weights)


def check_same(name: str, work: str, peer: Peer) -> None:
    """Leave with a message unless the peer's costs, errors and gradients are dynlatch's."""
    batch, parameters, data = batch_of(name, 256, None)
    costs, errors, gradients = peer.prepare(data)()
    ours = batch.costs(parameters)
    pairs = [(costs, ours[0]), (errors, ours[1])]
    if work == "gradient":
        pairs.append((gradients, batch.gradients(parameters)[1]))
    for theirs, mine in pairs:
        worst = float(np.max(np.abs(np.asarray(theirs, dtype=np.float64) - mine)))
        if not worst < 1e-9:
            raise SystemExit(f"{peer}, {name}, {work}: differs from dynlatch by {worst:.2g}; nothing was timed")


def compare(sizes: tuple[int, ...], repeats: int, compiled: bool) -> list[dict[str, Any]]:
    """Each peer against dynlatch, for every task and work."""
    rows: list[dict[str, Any]] = []
    for name in TASKS:
        for work in WORKS:
            rivals = installed(contestants(work, name, compiled))
            if not rivals:
                continue
            ours = [
                (size, threads, our_call(*batch_of(name, size, threads)[:2], work))
                for size in sizes
                for threads in sorted({1, os.cpu_count() or 1})
            ]
            mine, threads, our = max(ours, key=lambda option: rate_of(option[0], option[2]))
            for title, options in rivals.items():
                rate, peer, best, call = quickest(options, name, sizes)
                check_same(name, work, peer)
                rates = np.array([(mine / turn(our), best / turn(call)) for _ in range(repeats)])
                ratios = rates[:, 0] / rates[:, 1]
                rows.append({
                    "task": name, "work": work, "peer": title, "option": str(peer), "peer_batch": best,
                    "dynlatch_batch": mine, "dynlatch_threads": threads,
                    "dynlatch_per_second": float(np.median(rates[:, 0])),
                    "peer_per_second": float(np.median(rates[:, 1])), "peer_at_its_best": rate,
                    "ratio": float(np.median(ratios)), "ratio_range": [float(ratios.min()), float(ratios.max())],
                })  # fmt: skip
                row = rows[-1]
                print(
                    f"{name:>13} {work:>9} {title:<42} {row['dynlatch_per_second'] / 1e6:7.2f} M/s against "
                    f"{row['peer_per_second'] / 1e6:7.2f} M/s: {row['ratio']:6.1f} times "
                    f"({ratios.min():.1f}-{ratios.max():.1f})", flush=True,
                )  # fmt: skip
    return rows


def quickest(options: list[Peer], name: str, sizes: tuple[int, ...]) -> tuple[float, Peer, int, Callable[[], Any]]:
    """Presentations per second of a peer's best option at its best batch size, and how to call it."""
    found: list[tuple[float, int, Peer, int, Callable[[], Any]]] = []
    for peer in options:
        for size in sizes[1:2] or sizes if peer.compiled else sizes:  # each takes up to minutes to compile
            call = peer.prepare(batch_of(name, size, None)[2])
            found.append((rate_of(size, call), len(found), peer, size, call))
    rate, _, peer, size, call = max(found, key=lambda entry: entry[:2])
    return rate, peer, size, call


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
        needed = float(np.mean(data.lengths)) * batch.network.num_units
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
    """Peak of the arrays that passes make beside sequences and parameters, in MB."""
    rows = []
    for steps in lengths:
        trial = Latch(T=steps, noise=NOISE, num_train=256).trial(seed=1, index=0)
        row: dict[str, Any] = {"T": steps}
        for work in WORKS:
            call = our_call(Batch(trial.network, trial.train, threads=1), np.zeros((256, 3)), work)
            tracemalloc.start()
            call()
            row[work] = tracemalloc.get_traced_memory()[1] / 2**20
            tracemalloc.stop()
        rows.append(row)
        print("T = {T}: beside the data, cost {cost:.2f} MB, gradient {gradient:.2f} MB".format(**row), flush=True)
    return rows


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
    parser.add_argument("--out", type=Path, help="a JSON file (default: results/learning.json here; quick: under out/)")
    parser.add_argument("--compiled", action="store_true", help="torch.compile, too: minutes for each task")
    arguments = parser.parse_args()
    arguments.out = (
        arguments.out or (Path("out") if arguments.quick else Path(__file__).parent) / "results" / "learning.json"
    )
    quick = arguments.quick
    found = {
        "T": T,
        "processors": os.cpu_count(),
        "peers": compare((256,) if quick else SIZES, 3 if quick else 21, arguments.compiled),
        "limit": limit(0.02 if quick else 0.1),
        "growth": growth(quick),
        "training": training(32 if quick else 512, 500 if quick else 3000),
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(arguments.out)


if __name__ == "__main__":
    main()
