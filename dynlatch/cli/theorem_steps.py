"""The command that puts the theorems to a map."""

from __future__ import annotations

from typing import Annotated

import typer

from dynlatch.cli import arguments, options, terminal
from dynlatch.cli.steps import tell

_TABLES = "theorem_tables"


def register(app: typer.Typer) -> None:
    """Make the command of the application."""
    app.command("audit")(audit)


def audit(
    map_name: options.MapName,
    param: options.Parameters = None,
    attractor: Annotated[
        int | None,
        typer.Option("--attractor", min=0, help="Its number, from 0.", show_default="every certified one"),
    ] = None,
    noise: Annotated[
        str | None,
        typer.Option(
            "--noise", metavar="B", help="For which gradients are bounded.", show_default="half the tolerance"
        ),
    ] = None,
    norm: Annotated[str, typer.Option("--norm", metavar="NORM", help="Of the noise and of M': 2 or inf.")] = "2",
    seed: options.Seed = 0,
    as_json: options.AsJson = False,
) -> None:
    """Which theorems of BSF94 speak of a map: what holds at its attractors, by how much, and what would mislead.

    Examples: `dynlatch audit neuron -p w=2`, `dynlatch audit my_map.toml --attractor 0 --noise 0.1`
    """
    m = arguments.the_map(map_name, param or ())
    from dynlatch.auditing.audit import audit as work
    from dynlatch.views.audit_results import of_audit

    with terminal.listening() as progress:
        found = work(m, attractor, noise, norm, seed, progress=progress)
    tell(as_json, m, lambda: {"audit": of_audit(found)}, lambda t: t.audit(found), _TABLES)
