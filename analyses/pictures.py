"""The README's pictures: figures of `dynlatch.analyze`, as it saves them.

python analyses/pictures.py [--quick] [--out FOLDER]
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import dynlatch

PICTURES = {
    "network_basins.png": (dynlatch.tanh_network([[2, "1/5"], ["1/5", "9/5"]]), "basins.png"),
    "network_proved.png": (dynlatch.tanh_network([[2, "1/5"], ["1/5", "9/5"]]), "certified.png"),
    "neuron_decay.png": (dynlatch.neuron("5/4"), "decay.png"),
}
PROVED = ("certified.png", "bounds.png")


def main() -> None:
    """Analyze each map and keep the one figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="coarse grids")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "pictures", help="where the pictures go")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, (m, figure) in PICTURES.items():
        with tempfile.TemporaryDirectory() as folder:
            cells = 60 if arguments.quick else None
            saved = dynlatch.analyze(m, resolution=cells, proofs=figure in PROVED).save(folder)
            shutil.copyfile(saved / "figures" / figure, arguments.out / name)
        print(f"{arguments.out / name}: {figure} of {m!r}")


if __name__ == "__main__":
    main()
