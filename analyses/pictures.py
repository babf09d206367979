"""The README's pictures: figures of `dynlatch.analyze`, as it saves them, and of a Morse graph.

python analyses/pictures.py [--quick] [--out FOLDER]
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import dynlatch
from dynlatch.views.figures import png_bytes
from dynlatch.views.morse import morse_figure

NETWORK = dynlatch.tanh_network([[2, "1/5"], ["1/5", "9/5"]])
PICTURES = (
    (NETWORK, {"network_basins.png": "basins.png", "network_proved.png": "certified.png"}),
    (dynlatch.neuron("5/4"), {"neuron_decay.png": "decay.png"}),
)
PROVED = ("certified.png", "bounds.png")
MORSE = "network_morse.png"


def main() -> None:
    """Analyze each map and keep some of its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="coarse grids")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "pictures", help="where the pictures go")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for m, kept in PICTURES:
        proofs = any(figure in PROVED for figure in kept.values())
        with tempfile.TemporaryDirectory() as folder:
            saved = dynlatch.analyze(m, resolution=30 if arguments.quick else None, proofs=proofs).save(folder)
            for name, figure in kept.items():
                shutil.copyfile(saved / "figures" / figure, arguments.out / name)
                print(f"{arguments.out / name}: {figure} of {m!r}")
    graph = dynlatch.morse_graph(NETWORK, resolution=32 if arguments.quick else None)
    (arguments.out / MORSE).write_bytes(png_bytes(morse_figure(graph)))
    print(f"{arguments.out / MORSE}: {graph!r}")


if __name__ == "__main__":
    main()
