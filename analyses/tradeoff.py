"""How much forgetting does noise tolerance cost? h* against the forgetting rate: the law of the neuron, and networks.

python analyses/tradeoff.py [--quick] [--out FOLDER]
"""

from __future__ import annotations

from scripts import options

import dynlatch
from dynlatch.latch.tradeoff import Tradeoff
from dynlatch.latch.tradeoff_families import FAMILIES
from dynlatch.views.figures import png_bytes
from dynlatch.views.tradeoff import tradeoff_figure

PICTURE = "tradeoff.png"


def main() -> None:
    """Prove the law, follow each family, print the table and keep the figure."""
    arguments = options(__doc__, quick="a few values of each family")

    law = dynlatch.tradeoff_law()
    print(f"{law.law} for every w > 1: {law.verdict}, {law.reason}")
    for part in law:
        above = "every w beyond" if part.up_to is None else f"w up to {part.up_to}"
        print(f"  from w = {part.above}, {above}: {part.verdict}, {part.num_pieces} pieces, {part.method}")

    curves: list[Tradeoff] = []
    for family in FAMILIES.values():
        values = family.values[:: max(1, len(family.values) // 3)] if arguments.quick else family.values
        curves.append(dynlatch.tradeoff(family.make, values, parameter=family.parameter, name=family.title))
    for curve in curves:
        table(curve)
    (arguments.out / PICTURE).write_bytes(png_bytes(tradeoff_figure(curves, law)))
    print(f"{arguments.out / PICTURE}: h* against the forgetting rate of {len(curves)} families")


def table(curve: Tradeoff) -> None:
    """One line a map: both numbers and the two sides of the law."""
    print(f"\n{curve!r}")
    print(f"{curve.parameter:>8} {'h*':>10} {'gamma':>10} {'gamma-2h*':>10}  2h* < gamma  gamma < 2h*+1")
    for point in curve:
        if point.critical is None or point.rate is None or point.excess is None:
            print(f"{float(point.value):8.4g} none: {point.reason}")
            continue
        numbers = " ".join(f"{float(e):10.6f}" for e in (point.critical, point.rate, point.excess))
        print(f"{float(point.value):8.4g} {numbers}  {point.lower:<12} {point.upper}")


if __name__ == "__main__":
    main()
