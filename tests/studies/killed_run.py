"""A run of a study without the work, in children of a light process that ends them at random moments.

Each child opens the ledger, and claims and stores batch after batch; what ``store`` has returned from it reports
through a pipe. Prints the reports as a line of JSON.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time

from dynlatch.studies.cell import Cell
from dynlatch.studies.ledger import Done, Ledger
from dynlatch.studies.owners import Owner

CELLS = [Cell.of("stub", {"size": size}) for size in range(24)]
TRIALS, BATCH = 60, 6


def work(path: str, reports: int, hasty: bool) -> None:
    """One child; ``hasty`` reports before it stores: a mutant that the test must find out."""
    owner = Owner.here()
    with Ledger(path) as ledger:
        os.write(reports, b"open\n")
        for number, cell in enumerate(CELLS):
            left = ledger.missing(cell, 0, TRIALS)
            while left:
                batch, left = left[:BATCH], left[BATCH:]
                ours = ledger.claim(owner, cell, 0, batch)
                told = "".join(f"{number} {trial}\n" for trial in ours).encode()
                if hasty:
                    os.write(reports, told)
                ledger.store(owner, cell, 0, [Done(t, {"solved": True, "presentations": t}, 0.0) for t in ours])
                if not hasty:
                    os.write(reports, told)
        ledger.release(owner)
    os.write(reports, b"end\n")


def main(path: str, kills: int, seed: int, hasty: bool) -> None:
    """Kill so many children, each soon after a random number of reports, or while it opens the ledger, however fast
    the machine is; one more may end its work, unless they are hasty."""
    chance = random.Random(seed)
    seen: list[str] = []
    for k in range(kills + (not hasty)):
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.close(reading)
            work(path, writing, hasty)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as stream:
            if k < kills:
                seen += [stream.readline() for _ in range(chance.randrange(0, 4 * BATCH))]
                time.sleep(chance.uniform(0.0, 0.004 if k % 2 else 0.0004))
                os.kill(child, signal.SIGKILL)
            seen += stream
        os.waitpid(child, 0)
    seen = [line.strip() for line in seen if line.endswith("\n")]
    sys.stdout.write(json.dumps(seen) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:] == ["hasty"])
