"""How long a user waits: whole commands, imports included, warm.

Each command runs once to fill the cache of compiled code, then several times; medians of wall-clock seconds and the
peak memory of the process are reported beside the limit that the project sets itself.

    python analyses/benchmarks/commands.py [--quick] [--out FILE.json]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
COMMANDS: dict[str, tuple[list[str], float | None]] = {
    "dynlatch --help": (["dynlatch", "--help"], 0.6),
    "dynlatch maps": (["dynlatch", "maps"], None),
    "dynlatch critical-input neuron -p w=2": (["dynlatch", "critical-input", "neuron", "-p", "w=2"], None),
    "dynlatch analyze neuron -p w=2": (["dynlatch", "analyze", "neuron", "-p", "w=2", "--out", "{out}"], 6.0),
    "dynlatch analyze tanh_network -p W=..., 2 units": (
        ["dynlatch", "analyze", "tanh_network", "-p", "W=[[2,0.2],[0.2,1.8]]", "--out", "{out}"],
        None,
    ),
    "dynlatch theorems": (["dynlatch", "theorems"], 2.0),
    "dynlatch theorems --replay": (["dynlatch", "theorems", "--replay"], None),
    "dynlatch audit neuron -p w=2": (["dynlatch", "audit", "neuron", "-p", "w=2"], 10.0),
    "python -m proofs": (["proofs"], 90.0),
}


def run(arguments: list[str]) -> float:
    """Wall-clock seconds of one command."""
    with tempfile.TemporaryDirectory() as folder:
        filled = [a.replace("{out}", folder) for a in arguments]
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-m", *filled], check=True, capture_output=True, cwd=ROOT)
        return time.perf_counter() - begin


def main() -> None:
    """Run, print the table, and keep the figures if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one counted run of each")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    report: dict[str, dict[str, float | None]] = {}
    print("| command | s, median | s, least | limit, s |\n|---|---|---|---|")
    for name, (words, limit) in COMMANDS.items():
        run(words)
        seconds = [run(words) for _ in range(1 if arguments.quick else 7)]
        report[name] = {"median_s": median(seconds), "least_s": min(seconds), "limit_s": limit}
        print(f"| `{name}` | {median(seconds):.2f} | {min(seconds):.2f} | {limit if limit else ''} |")
    if arguments.out:
        arguments.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
