"""``dynlatch basins``: every cell of a grid labelled, in memory, in a file, or in a store of any size."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, TypedDict

import typer

from dynlatch.cli import arguments, options, terminal
from dynlatch.cli.executors import Cluster, Workers, on_cluster
from dynlatch.cli.steps import tell
from dynlatch.errors import InputError
from dynlatch.files import writable_parent
from dynlatch.progress import Progress

_FILE: Final = ".nc"
_STORE: Final = ".zarr"


class _Settings(TypedDict):
    """The keywords that all three ways have."""

    axes: list[str] | None
    at: dict[str, str]
    max_steps: int
    seed: int
    progress: Progress


def register(app: typer.Typer) -> None:
    """Make the command of the application."""
    app.command("basins")(basins)


def basins(
    map_name: options.MapName,
    param: options.Parameters = None,
    box: options.BoxSides = None,
    resolution: options.Resolution = "400",
    axes: Annotated[
        str | None,
        typer.Option(
            "--axes", metavar="A,B", help="The states to grid.", show_default="all of up to 3, else the first 2"
        ),
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option(
            "--at", metavar="STATE=VALUE", help="Where a state that is not gridded is held.", show_default=False
        ),
    ] = None,
    max_steps: Annotated[int, typer.Option("--max-steps", min=1, max=2**31 - 1, help="Of each orbit.")] = 20_000,
    seed: options.Seed = 0,
    threads: options.Threads = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="PATH",
            help="Write the labels here: a .nc file, or a .zarr folder; any resolution, little memory, resumable.",
        ),
    ] = None,
    workers: Workers = None,
    cluster: Cluster = None,
    as_json: options.AsJson = False,
) -> None:
    """Which attractor every cell of a grid goes to.

    `--workers` and `--cluster` are for .zarr folders, `--threads` for all else.

    Examples:

    - `dynlatch basins henon --resolution 1000`
    - `dynlatch basins my_map.toml --resolution 9000 --out basins.nc`
    - `dynlatch basins my_map.toml --resolution 90000 --out basins.zarr --cluster tcp://127.0.0.1:8786`
    """  # fmt: skip
    m = arguments.the_map(map_name, param or ())
    sides, cells = arguments.box(box, m), arguments.resolution(resolution) or 0
    chosen, values = arguments.names(axes), arguments.held(at)
    from dynlatch.regions.basins import basins as work
    from dynlatch.regions.basins_file import write_basins
    from dynlatch.regions.grid import BYTES_PER_CELL
    from dynlatch.views.results import of_basins

    arguments.refuse_large(m, sides, cells, 0 if out else BYTES_PER_CELL, axes=chosen, at=values)
    if out is not None and out.suffix.lower() not in (_FILE, _STORE):
        raise InputError(
            f"--out {str(out)[:200]!r} is neither a {_FILE} file nor a {_STORE} folder; name one, basins{_FILE} say"
        )
    stored = out is not None and out.suffix.lower() == _STORE
    if stored and threads is not None:
        raise InputError("--threads: a .zarr folder is filled by processes; say how many with --workers")
    if not stored and (workers is not None or cluster is not None):
        raise InputError("--workers and --cluster fill a .zarr folder; name one by --out FOLDER.zarr")
    path = None if out is None else arguments.writable(_writable_store if stored else writable_parent, out)
    with terminal.listening() as progress:
        settings = _Settings(axes=chosen, at=values, max_steps=max_steps, seed=seed, progress=progress)
        if path is not None and stored:
            from dynlatch.studies.basins_zarr import basins_to_zarr

            with on_cluster(cluster, workers, silent=as_json) as executor:
                found = basins_to_zarr(m, path, sides, cells, workers=workers, executor=executor, **settings)
        elif path is not None:
            found = write_basins(m, path, sides, cells, threads=threads, **settings)
        else:
            found = work(m, sides, cells, threads=threads, **settings)
    tell(as_json, m, lambda: {"basins": of_basins(found)}, lambda t: t.basins(found))
    if path is not None and not as_json:
        terminal.show(f"Written to {path}.")


def _writable_store(path: Path) -> Path:
    from dynlatch.studies.basins_zarr import writable_store

    return writable_store(path)
