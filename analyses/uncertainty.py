"""Does a ball of uncertainty outside of Gamma grow for ever? A neuron without noise and a network with some.

python analyses/uncertainty.py [--quick] [--out FOLDER]
"""

from __future__ import annotations

from scripts import options

import dynlatch
from dynlatch.noise.uncertainty import Uncertainty
from dynlatch.regions.attractors import find_attractors
from dynlatch.views.figures import png_bytes
from dynlatch.views.uncertainty import uncertainty_figure

NEURON = dynlatch.neuron(2)
NETWORK = dynlatch.tanh_network([[2, "1/5"], ["1/5", "9/5"]])
PICTURES = {
    # the map, a state of Gamma and one outside of it, the radius, the noise, the steps
    "uncertainty.png": (NEURON, ["3/2"], ["1/10"], "1/20", 0, 100),
    "uncertainty_network.png": (NETWORK, ["7/5", "6/5"], ["3/10", "1/5"], "3/20", "1/25", 30),
}
TIMES = (0, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 50, 100)


def main() -> None:
    """Follow two balls of each map, print what they become and keep the figures."""
    arguments = options(__doc__, quick="coarse cells, few samples")
    samples, resolution = (60, 80) if arguments.quick else (1500, 1000)
    for name, (m, inside, outside, radius, noise, steps) in PICTURES.items():
        known = find_attractors(m, m.domain)
        pieces = 12 if arguments.quick else {1: 512, 2: 96}[m.dimension]
        both = [
            dynlatch.uncertainty(m, a0, radius, steps, noise, pieces=pieces, samples=samples, attractors=known)
            for a0 in (inside, outside)
        ]
        for place, found in zip(("in", "outside of"), both, strict=True):
            table(place, found)
        labelled = dynlatch.reduced_set(m, resolution=resolution)
        (arguments.out / name).write_bytes(png_bytes(uncertainty_figure(both[0], both[1], labelled)))
        print(f"{arguments.out / name}: two balls in {m!r}")


def table(place: str, found: Uncertainty) -> None:
    """The four sizes at some steps, and where everything ends."""
    at, factor = found.peak
    print(f"\n{found!r}")
    print(f"  {place} Gamma; linearised growth is largest at t = {at}: {factor:.4g} times the radius")
    print(f"{'t':>5} {'seen':>11} {'enclosed':>11} {'tube':>11} {'linearised':>11}")
    for t in (t for t in TIMES if t <= found.steps):
        sizes = (found.sampled[t], found.enclosed[t], found.tube[t], found.linear[t])
        print(f"{t:5d} " + " ".join(f"{size:11.4g}" for size in sizes))
    since = "not proved" if found.captured_from is None else f"PROVED from t = {found.captured_from} on"
    print(f"  all at one attractor: {since}; attractors that samples provably reach: {found.reached}")


if __name__ == "__main__":
    main()
