"""The README's pictures: figures of `dynlatch.analyze`, as it saves them, and of a Morse graph.

python analyses/pictures.py [--quick] [--out FOLDER]
"""

from __future__ import annotations

import shutil
import tempfile

from scripts import options

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
    arguments = options(__doc__, quick="coarse grids")
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
