"""Replay the documents: ``python -m proofs [ID ...] [--write FOLDER]``.

Without an id all are replayed, in two processes, and a table with times is printed; with ids (of documents, or of
statements that they settle) those documents are printed in full, as Markdown, with the outcome of every step. Exit
codes: 0 if every step stands and every row of the table of statements is settled, 1 if not, 2 for bad input.
"""

from __future__ import annotations

import argparse
import difflib
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from dynlatch.errors import OutputError
from dynlatch.files import whole_file, writable_folder
from dynlatch.theorems.table import TABLE
from proofs import MODULES, document
from proofs.replaying import Line, replayed

PROCESSES = 2


def unsettled() -> list[str]:
    """Rows of the table of statements that no document settles."""
    settled = {row for module in MODULES for row in document(module).settles}
    return [f"{s.id} ({s.reading})" for s in TABLE if (s.id, s.reading) not in settled]


def names(module: str) -> list[str]:
    """What a document may be called by: its id, and those of the statements that it settles."""
    found = document(module)
    return [found.id, *dict.fromkeys(i for i, _ in found.settles)]


def _known() -> dict[str, list[str]]:
    """The documents of each name, in lower case."""
    known: dict[str, list[str]] = {}
    for module in MODULES:
        for name in dict.fromkeys(name.lower() for name in names(module)):
            known.setdefault(name, []).append(module)
    return known


def _refused(folder: Path) -> str:
    """Why nothing can be written to a folder, asked before the work and not after it; empty where it can."""
    try:
        writable_folder(folder)
    except OutputError as error:
        return str(error)
    return ""


def main(words: Sequence[str] | None = None) -> int:
    """Replay, print, and say by the exit code whether all of it stands."""
    parser = argparse.ArgumentParser(prog="python -m proofs", description="Replay the executable documents.")
    parser.add_argument("ids", nargs="*", metavar="ID", help="print these documents in full")
    parser.add_argument("--write", metavar="FOLDER", type=Path, help="write every document replayed as FOLDER/ID.md")
    given = parser.parse_args(words)
    known = _known()
    asked = [known.get(i.strip().lower().replace("-repaired", "'"), []) for i in given.ids]
    if wrong := [i for i, found in zip(given.ids, asked, strict=True) if not found]:
        near = difflib.get_close_matches(wrong[0].lower(), known, 1, 0.3)
        named = {name.lower(): name for module in MODULES for name in names(module)}
        hint = f"did you mean {named[near[0]]}?" if near else f"there are {', '.join(named.values())}."
        print(f"python -m proofs: no document {wrong[0]!r}; {hint}", file=sys.stderr)
        return 2
    if given.write and (refused := _refused(given.write)):
        print(f"python -m proofs: --write {refused}", file=sys.stderr)
        return 2
    began = time.perf_counter()
    modules = list(dict.fromkeys(module for found in asked for module in found)) or list(MODULES)
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        lines = list(pool.map(replayed, modules))
    if given.write:
        given.write.mkdir(parents=True, exist_ok=True)
        for line in lines:
            with whole_file(given.write / f"{line.id}.md") as path:
                path.write_text(line.text, encoding="utf-8")
    print("\n\n".join(line.text for line in lines) if given.ids else _table(lines))
    left = [] if given.ids else unsettled()
    for line in lines:
        for what in line.failed:
            print(f"{line.id} does not stand: {what}", file=sys.stderr)
    for row in left:
        print(f"no document settles {row}", file=sys.stderr)
    failed = bool(left) or any(line.failed for line in lines)
    if not given.ids:
        print(
            f"{len(lines)} documents, {time.perf_counter() - began:.1f} s: {'NOT all stand' if failed else 'all stand'}"
        )
    return int(failed)


def _table(lines: Sequence[Line]) -> str:
    rows = [("document", "checked", "quoted", "seconds", "", "title")]
    rows += [
        (n.id, str(n.num_checked), str(n.num_quoted), f"{n.seconds:.1f}", "FAILS" if n.failed else "stands", n.title)
        for n in lines
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)


if __name__ == "__main__":
    sys.exit(main())
