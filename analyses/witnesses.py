"""How printed statements fail: the witnesses that refute them, side by side.

Each panel is drawn from the stored witness, after it has been replayed.

python analyses/witnesses.py [--quick] [--out FOLDER]
"""

from __future__ import annotations

from scripts import options

from dynlatch import Verdict, theorems
from dynlatch.views.figures import png_bytes
from dynlatch.views.witness import witness_figure

SHOWN = (
    ("T3", "norm"), ("T3", "spectral"), ("T4", "norm"), ("T4", "spectral"), ("Lemma", "norm"), ("T1-growth", "norm"),
)  # fmt: skip
PICTURE = "witnesses.png"


def main() -> None:
    """Replay the witnesses and draw them."""
    arguments = options(__doc__, quick="the first two alone")
    chosen = [theorems.statement(id, reading) for id, reading in (SHOWN[:2] if arguments.quick else SHOWN)]
    for s in chosen:
        replay = s.replay()
        print(f"{replay!r}: {replay.findings[-1].text}")
        if replay.verdict is not Verdict.REFUTED:
            raise SystemExit(f"{s!r}: the stored witness does not refute it")
    (arguments.out / PICTURE).write_bytes(png_bytes(witness_figure(*chosen)))
    print(arguments.out / PICTURE)


if __name__ == "__main__":
    main()
