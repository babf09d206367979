"""Proofs in files: certificates, and proving them again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dynlatch.cli import options, terminal

if TYPE_CHECKING:
    from dynlatch.checker.verify import Verification

NOT_PROVED = 1
"""The exit code for a certificate that was not proved again."""


def register(app: typer.Typer) -> None:
    """Make the proofs commands of the application."""
    app.command("verify")(verify)


def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A certificate.", show_default=False)],
    sample: Annotated[
        int | None,
        typer.Option(
            "--sample", metavar="N", min=1, help="Check N leaves of a larger tree, drawn at random.", show_default="all"
        ),
    ] = None,
    seed: options.Seed = 0,
    as_json: options.AsJson = False,
) -> None:
    """Prove a certificate again, from its text and the map alone.

    Exit codes: 0 if it is proved again (or every leaf of a sample is), 1 if not, 2 if it is no certificate.

    Example: `dynlatch verify point.json`
    """
    from dynlatch.checker.verify import verify as work

    with terminal.listening() as progress:
        found = work(file, sample=sample, seed=seed, progress=progress)
    if as_json:
        terminal.show_json({"verification": _of(found)})
    else:
        terminal.show(repr(found.map), *_lines(found))
    if not found.clean:
        raise typer.Exit(NOT_PROVED)


def _of(found: Verification) -> dict[str, object]:
    return {
        "kind": found.kind,
        "verdict": str(found.verdict),
        "checked": found.checked,
        "total": found.total,
        "clean": found.clean,
        "reason": found.reason,
    }


def _lines(found: Verification) -> list[str]:
    counted = f" ({found.checked:,} of {found.total:,} leaves)" if found.total > 1 else ""
    reason = f": {found.reason}" if found.reason else ""
    return [f"{found.kind}: {found.verdict}{counted if not found.reason else ''}{reason}"]
