"""Where work that is cut into batches is done: options, and the workers that they name."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from dynlatch.cli import terminal
from dynlatch.errors import InputError

if TYPE_CHECKING:
    from dynlatch.studies.cluster import ClusterExecutor

Workers: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--workers", min=1, max=1024, help="Processes; results do not depend on it.", show_default="all processors"
    ),
]
Cluster: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="A Dask scheduler, like tcp://127.0.0.1:8786, whose workers run the batches.",
        show_default="this machine",
    ),
]


@contextlib.contextmanager
def on_cluster(
    address: str | None, workers: int | None, *, silent: bool
) -> Generator[ClusterExecutor | None, None, None]:
    """The workers of a scheduler, if one is named; a line says how many there are.

    Raises: InputError if ``workers`` is given as well.
    """
    if address is None:
        yield None
        return
    if workers is not None:
        raise InputError("--workers is for this machine; a cluster has workers of its own: leave it out with --cluster")
    from dynlatch.studies.cluster import ClusterExecutor

    with contextlib.closing(ClusterExecutor(address)) as executor:
        if not silent:
            terminal.show(f"{address}: {executor.workforce}")
        yield executor
