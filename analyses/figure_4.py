"""A small Figure 4 of BSF94: which algorithm learns which task, and what that takes, T = 10 and 20, 20 trials each.

Three claims of the paper are asked of it: C3 (annealing solves latch and 2-sequence at about ten times the
presentations), C4 (multi-grid random search fails on parity) and C5 (only discrete error propagation and annealing
solve parity). The whole figure, and tests with correction for many cells, are a study of their own.

python analyses/figure_4.py [--quick] [--seed N] [--out FOLDER]
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from dynlatch.learning import Latch, Parity, TwoSequence, train
from dynlatch.learning.algorithms import NAMES, PAPER, algorithm_type
from dynlatch.learning.summary import Summary, summarize
from dynlatch.views.figures import png_bytes
from dynlatch.views.learning_grid import Cell, grid_figure

PICTURE = "figure_4.png"
TASKS = (Latch, TwoSequence, Parity)
NOISES = (0.0, 0.2)
GRADIENTS = ("back-propagation", "pseudo-newton", "time-weighted")


def main() -> None:
    """Train, print the table and what it says of the claims, and keep the figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="T = 5, three trials, small budgets")
    parser.add_argument("--seed", type=int, default=0, help="of the trials")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "pictures", help="where the picture goes")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)

    begin = time.perf_counter()
    cells: list[Cell] = []
    for task in TASKS:
        for steps in (5,) if arguments.quick else (10, 20):
            for noise in NOISES:
                cells += train_all(task(T=steps, noise=noise), arguments.seed, quick=arguments.quick)
    claims([cell for cell in cells if cell[3].algorithm in PAPER])
    (arguments.out / PICTURE).write_bytes(png_bytes(grid_figure(cells)))
    print(f"{arguments.out / PICTURE}: {len(cells)} cells, {time.perf_counter() - begin:.0f} s")


def train_all(task: Latch | TwoSequence | Parity, seed: int, *, quick: bool) -> list[Cell]:
    """One line for each algorithm."""
    trials = [task.trial(seed, k) for k in range(3 if quick else 20)]
    found: list[Cell] = []
    print(f"\n{task!r}")
    for name in NAMES:
        begin = time.perf_counter()
        summary = summarize(train(trials, algorithm_type(name)(), budget=2_000 if quick else None))
        print(line(summary), f"{time.perf_counter() - begin:6.1f} s")
        sys.stdout.flush()
        found.append((task.name, task.T, task.noise, summary))
    return found


def line(s: Summary) -> str:
    """An algorithm's row of the table."""
    low, middle, high = s.presentations
    needed = f"{middle:10,.0f} ({low:,.0f}-{high:,.0f})" if s.learned else "         -"
    return (
        f"{s.algorithm:>17} {s.learned:3d} of {s.num_runs} learn, test error {s.test_error[0]:.3f} "
        f"+- {s.test_error[1]:.3f}, presentations {needed:<32}"
    )


def claims(cells: list[Cell]) -> None:
    """What the cells say of C3, C4 and C5."""

    def share(algorithm: str, task: str) -> list[float]:
        return [s.learned / s.num_runs for name, _, _, s in cells if (name, s.algorithm) == (task, algorithm)]

    print("\nC3: annealing solves latch and 2-sequence, at many times the presentations of gradient descent")
    for task in ("latch", "two-sequence"):
        ratios = [ratio for ratio in map(cost_ratio, by_cell(cells, task)) if ratio is not None]
        said = ", ".join(f"{ratio:.0f}" for ratio in ratios) or "no cell in which both learn"
        solved = ", ".join(f"{v:.0%}" for v in share("annealing", task))
        print(f"  {task}: solved {solved}; times the presentations: {said}")
    print("C4: multi-grid random search fails on parity")
    print(f"  solved {', '.join(f'{v:.0%}' for v in share('multi-grid', 'parity'))}")
    print("C5: of the six, only discrete error propagation and annealing solve parity")
    for name in PAPER:
        print(f"  {name:>17}: {', '.join(f'{v:.0%}' for v in share(name, 'parity'))}")


def by_cell(cells: list[Cell], task: str) -> list[dict[str, Summary]]:
    """The summaries of each (T, noise) of a task, by algorithm."""
    found: dict[tuple[int, float], dict[str, Summary]] = {}
    for name, steps, noise, s in cells:
        if name == task:
            found.setdefault((steps, noise), {})[s.algorithm] = s
    return list(found.values())


def cost_ratio(cell: dict[str, Summary]) -> float | None:
    """Median presentations of annealing over the least median of the gradient algorithms, where both learn."""
    best = [cell[name].presentations[1] for name in GRADIENTS if cell[name].learned]
    return cell["annealing"].presentations[1] / min(best) if best and cell["annealing"].learned else None


if __name__ == "__main__":
    main()
