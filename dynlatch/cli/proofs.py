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
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Certificates.", show_default=False)],
    sample: Annotated[
        int | None,
        typer.Option(
            "--sample", metavar="N", min=1, help="Check N leaves of a larger tree, drawn at random.", show_default="all"
        ),
    ] = None,
    seed: options.Seed = 0,
    as_json: options.AsJson = False,
) -> None:
    """Prove certificates again, from their text and the map alone.

    Exit codes: 0 if each is proved again (or every leaf of a sample is), 1 if one is not, 2 if one is no certificate.

    Examples: `dynlatch verify point.json`, `dynlatch verify OUT/certificates/*.json`
    """
    from dynlatch.checker.verify import verify as work

    checked: list[tuple[Path, Verification]] = []
    for file in files:
        with terminal.listening() as progress:
            found = work(file, sample=sample, seed=seed, progress=progress)
        checked.append((file, found))
        if not as_json:
            terminal.show(f"{file}:" if len(files) > 1 else repr(found.map), _line(found))
    if as_json:
        from dynlatch.views.results import SCHEMA

        terminal.show_json(
            {"schema": SCHEMA, "verifications": [{"file": str(file), **_of(found)} for file, found in checked]}
        )
    if not all(found.clean for _, found in checked):
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


def _line(found: Verification) -> str:
    counted = f" ({found.checked:,} of {found.total:,} leaves)" if found.total > 1 else ""
    reason = f": {found.reason}" if found.reason else ""
    return f"{found.kind}: {found.verdict}{counted if not found.reason else ''}{reason}"
