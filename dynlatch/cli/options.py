"""The options that commands share, and their help."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

MapName: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="MAP", help="A name that `dynlatch maps` lists, or the path of a TOML file.", show_default=False
    ),
]
Parameters: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--param",
        "-p",
        metavar="NAME=VALUE",
        help="A parameter, exactly: w=2, w=5/4, w=0.1, W=[[2,0.2],[0.2,1.8]]. Repeat it for more.",
        show_default=False,
    ),
]
BoxSides: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--box",
        metavar="LO,HI",
        help="One side per state, repeated or as LO,HI;LO,HI; a single one is used for every state.",
        show_default="the map's domain",
    ),
]
Resolution: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--resolution", metavar="N", help="Cells along each axis, or one number per axis: N,N.", show_default=False
    ),
]
Norm: TypeAlias = Annotated[str, typer.Option("--norm", metavar="NORM", help="The operator norm.")]
Seed: TypeAlias = Annotated[
    int, typer.Option("--seed", min=0, help="Of everything that is sampled; equal seeds give equal results.")
]
Threads: TypeAlias = Annotated[
    int | None,
    typer.Option("--threads", min=1, max=1024, help="The results do not depend on it.", show_default="all processors"),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.", show_default=False)]
