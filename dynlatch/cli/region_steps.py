"""Commands about sets of states: what is proved of them, and how much noise they stand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dynlatch.cli import arguments, options, terminal
from dynlatch.cli.steps import heard, tell
from dynlatch.errors import InputError
from dynlatch.files import whole_file, writable_folder, writable_parent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from dynlatch.latch.fixed_points import FixedPoint
    from dynlatch.maps.definition import Map


_TABLES = "region_tables"


def register(app: typer.Typer) -> None:
    """Make the steps commands of the application."""
    for step in (certify, tolerance, morse_graph, uncertainty, transient, metrics, tradeoff):
        app.command(step.__name__.replace("_", "-"))(step)


def certify(
    map_name: options.MapName,
    param: options.Parameters = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FOLDER", help="Where certificates, figures and proofs.json go."),
    ] = None,
    box: options.BoxSides = None,
    depth: Annotated[
        int | None,
        typer.Option("--depth", min=1, max=28, help="How often each side is halved.", show_default="by dimension"),
    ] = None,
    max_cells: Annotated[int, typer.Option("--max-cells", min=1, help="At which refinement ends.")] = 1_000_000,
    seed: options.Seed = 0,
    threads: options.Threads = None,
    as_json: options.AsJson = False,
) -> None:
    """Prove it: basins, reduced sets, fixed points, noise tolerances, each with a certificate that anyone can check.

    Examples: `dynlatch certify neuron -p w=2 --out OUT`, then `dynlatch verify OUT/certificates/basins.json`
    """
    if out is None and not as_json:
        raise InputError("nothing to do with the proofs; give --out FOLDER to write them, or --json to print a summary")
    m = arguments.the_map(map_name, param or ())
    sides = arguments.box(box, m)
    folder = None if out is None else arguments.writable(writable_folder, out)
    from dynlatch.proving import prove

    with terminal.listening() as progress:
        found = prove(m, sides, depth=depth, max_cells=max_cells, seed=seed, threads=threads, progress=progress)
        if folder is not None:
            progress.start("writing certificates", 1)
            found.save(folder)
            progress.finish()
    from dynlatch.views.region_results import of_proofs

    tell(as_json, m, lambda: {"proofs": of_proofs(found.regions)}, lambda t: t.proofs(found), _TABLES)
    if folder is not None and not as_json:
        terminal.show(f"Written to {folder}: {len(found.certificates)} certificates, figures and proofs.json.")


def tolerance(
    map_name: options.MapName,
    param: options.Parameters = None,
    attractor: Annotated[
        int | None,
        typer.Option("--attractor", min=0, help="Its number, from 0.", show_default="every latched state"),
    ] = None,
    norm: Annotated[str, typer.Option("--norm", metavar="NORM", help="Of the noise: 2 or inf.")] = "2",
    kept_in: Annotated[
        str, typer.Option("--set", metavar="SET", help="Where the state is to stay: basin or gamma.")
    ] = "basin",
    max_cells: Annotated[int, typer.Option("--max-cells", min=0, help="Of the proof; 0 for boxes alone.")] = 200_000,
    seed: options.Seed = 0,
    as_json: options.AsJson = False,
) -> None:
    """How much noise a latched state stands: a bound that is proved, and an input that exceeds it.

    Examples: `dynlatch tolerance neuron -p w=2`, `dynlatch tolerance my_map.toml --norm inf --set gamma`
    """
    m = arguments.the_map(map_name, param or ())
    from dynlatch.cells.tree import check_dimension
    from dynlatch.noise.tolerance import checked_norm, is_latch, noise_tolerance
    from dynlatch.regions.attractors import find_attractors
    from dynlatch.views.region_results import of_tolerance

    check_dimension(m)
    checked_norm(norm)
    with terminal.listening() as progress:
        known = find_attractors(m, m.domain, seed=seed, progress=progress)
        chosen = [k for k, a in enumerate(known.listed) if is_latch(a)] if attractor is None else [attractor]
        if not chosen:
            raise InputError(
                f"no attracting fixed point of {m.name} is certified in its domain with a trapping region, so no latch "
                "is known; choose a map with one"
            )
        found = [
            noise_tolerance(
                m, k, norm, kept_in, attractors=known, max_cells=max_cells, seed=seed, progress=progress
            )
            for k in chosen
        ]  # fmt: skip
    tell(as_json, m, lambda: {"tolerances": [of_tolerance(t) for t in found]}, lambda t: t.tolerances(found), _TABLES)


def morse_graph(
    map_name: options.MapName,
    param: options.Parameters = None,
    box: options.BoxSides = None,
    resolution: options.Resolution = None,
    refine: Annotated[int, typer.Option("--refine", min=0, max=24, help="How often recurrent cells are halved.")] = 3,
    max_cells: Annotated[int, typer.Option("--max-cells", min=1, help="At which refinement ends.")] = 2_000_000,
    max_period: Annotated[int, typer.Option("--max-period", min=1, max=64, help="Of certified cycles inside.")] = 1,
    threads: options.Threads = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE.graphml", help="Write the graph here.")
    ] = None,
    figure: Annotated[Path | None, typer.Option("--figure", metavar="FILE.png", help="Draw it here.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """Enclose everything recurrent, and prove what can lead where.

    Example: `dynlatch morse-graph henon --refine 4 --out henon.graphml --figure henon.png`
    """
    m = arguments.the_map(map_name, param or ())
    sides, cells = arguments.box(box, m), arguments.resolution(resolution)
    path = None if out is None else arguments.writable(writable_parent, out)
    drawing = None if figure is None else arguments.writable(writable_parent, figure)
    from dynlatch.cells.morse import morse_graph as work
    from dynlatch.views.region_results import of_morse_graph

    with terminal.listening() as progress:
        found = work(
            m, sides, cells, refine=refine, max_cells=max_cells, max_period=max_period, threads=threads,
            progress=progress,
        )  # fmt: skip
    if path is not None:
        found.to_graphml(path)
    if drawing is not None:
        from dynlatch.views.morse import morse_figure

        _draw(drawing, morse_figure(found))
    tell(as_json, m, lambda: {"morse_graph": of_morse_graph(found)}, lambda t: t.morse_graph(found), _TABLES)
    for written in (path, drawing):
        if written is not None and not as_json:
            terminal.show(f"Written to {written}.")


def _draw(path: Path, figure: Figure) -> None:
    from dynlatch.views.figures import png_bytes

    with whole_file(path) as temporary:
        temporary.write_bytes(png_bytes(figure))


def uncertainty(
    map_name: options.MapName,
    start: Annotated[str, typer.Option("--start", metavar="A", help="The middle: one number per state.")],
    radius: Annotated[str, typer.Option("--radius", metavar="R", help="Of the ball around it.")],
    param: options.Parameters = None,
    num_steps: Annotated[int, typer.Option("--steps", min=1, max=2000, help="Steps to follow.")] = 100,
    noise: Annotated[str, typer.Option("--noise", metavar="B", help="Largest size of the inputs.")] = "0",
    norm: Annotated[str, typer.Option("--norm", metavar="NORM", help="2 or inf.")] = "2",
    seed: options.Seed = 0,
    as_json: options.AsJson = False,
) -> None:
    """What a ball of uncertain states becomes under noise: enclosed, sampled, and what theory promises.

    Example: `dynlatch uncertainty neuron -p w=2 --start 0.1 --radius 0.01`
    """
    m = arguments.the_map(map_name, param or ())
    middle = arguments.vector(start, "--start", m)
    from dynlatch.noise.uncertainty import uncertainty as work
    from dynlatch.views.region_results import of_uncertainty

    found = heard("following the ball", lambda: work(m, middle, radius, num_steps, noise, norm=norm, seed=seed))
    tell(as_json, m, lambda: {"uncertainty": of_uncertainty(found)}, lambda t: t.uncertainty(found), _TABLES)


def transient(
    map_name: options.MapName,
    given: Annotated[str, typer.Option("--input", metavar="H", help="The constant input.")],
    param: options.Parameters = None,
    direction: Annotated[
        str | None,
        typer.Option("--direction", metavar="E", help="One number per state.", show_default="the same to every state"),
    ] = None,
    start: Annotated[int, typer.Option("--from", min=0, help="Number of the fixed point to start from.")] = 0,
    end: Annotated[int, typer.Option("--to", min=0, help="Number of the fixed point to reach.")] = 1,
    max_steps: Annotated[int, typer.Option("--max-steps", min=1, help="Of the input.")] = 10_000,
    as_json: options.AsJson = False,
) -> None:
    """How many steps a constant input needs to carry the state from one latch to another. Latches are numbered from 0.

    Example: `dynlatch transient neuron -p w=2 --input 0.6`
    """
    m = arguments.the_map(map_name, param or ())
    along = arguments.vector(direction, "--direction", m)
    from dynlatch.noise.transient import transient_length
    from dynlatch.views.region_results import of_transient

    def work() -> Any:
        latches = _latches(m)
        if len(latches) < 2:
            raise InputError(
                f"fewer than two attracting fixed points of {m.name} are certified in its domain ({len(latches)}): an "
                "input carries the state from one to another; choose a map with two"
            )
        for option, k in (("--from", start), ("--to", end)):
            if k >= len(latches):
                raise InputError(
                    f"{option} {k}: {m.name} has {len(latches)} attracting fixed points; number them from 0"
                )
        return transient_length(m, given, along, start=latches[start], end=latches[end], max_steps=max_steps)

    found = heard("counting steps", work)
    tell(as_json, m, lambda: {"transient": of_transient(found)}, lambda t: t.transient(found), _TABLES)


def _latches(m: Map) -> tuple[FixedPoint, ...]:
    from dynlatch.latch.fixed_points import fixed_points

    return fixed_points(m).attracting


def metrics(
    map_name: options.MapName,
    param: options.Parameters = None,
    box: options.BoxSides = None,
    resolution: options.Resolution = None,
    seed: options.Seed = 0,
    threads: options.Threads = None,
    as_json: options.AsJson = False,
) -> None:
    """How mixed the basins are: entropies, uncertainty exponent, Wada test, basin stability, critical shocks.

    Example: `dynlatch metrics newton --resolution 1000`
    """
    m = arguments.the_map(map_name, param or ())
    sides, cells = arguments.box(box, m), arguments.resolution(resolution)
    from dynlatch.metrics.summary import summarize
    from dynlatch.views.region_results import of_metrics

    with terminal.listening() as progress:
        found = summarize(m, sides, cells, seed=seed, threads=threads, progress=progress)
    tell(as_json, m, lambda: {"metrics": of_metrics(found)}, lambda t: t.metrics(found), _TABLES)


def tradeoff(
    family: Annotated[
        str, typer.Argument(metavar="FAMILY", help="neuron, uniform, coupled, rotation or feedforward.")
    ] = "neuron",
    values: Annotated[
        str | None,
        typer.Option("--values", metavar="V,V,...", help="Of the family's parameter.", show_default="a dozen"),
    ] = None,
    with_tolerance: Annotated[
        bool, typer.Option("--tolerance", help="The certified noise tolerance beside h*.", show_default=False)
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE.png", help="Draw the curve here.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """Noise tolerance against forgetting: the law of the neuron, proved, and families for which it is no bound.

    Examples: `dynlatch tradeoff`, `dynlatch tradeoff feedforward --values -1,0,1 --out tradeoff.png`
    """
    from dynlatch.latch.tradeoff_families import FAMILIES
    from dynlatch.maps.grammar import suggestion

    if family not in FAMILIES:
        hint = suggestion(family, FAMILIES) or f"; there are {', '.join(FAMILIES)}"
        raise InputError(f"unknown family {family[:40]!r}{hint}")
    path = None if out is None else arguments.writable(writable_parent, out)
    chosen = FAMILIES[family]
    given = [v.strip() for v in values.split(",")] if values is not None else chosen.values
    from dynlatch.latch.tradeoff import tradeoff as work
    from dynlatch.latch.tradeoff_law import tradeoff_law
    from dynlatch.views.region_results import of_tradeoff
    from dynlatch.views.results import SCHEMA

    law = heard("proving the law", tradeoff_law)
    with terminal.listening() as progress:
        tolerance_of = None
        if with_tolerance:
            from dynlatch.noise.tolerance import tolerance_at

            tolerance_of = tolerance_at
        curve = work(
            chosen.make, given, parameter=chosen.parameter, name=chosen.title, tolerance=tolerance_of, progress=progress
        )
    if path is not None:
        from dynlatch.views.tradeoff import tradeoff_figure

        _draw(path, tradeoff_figure([curve], law))
    if as_json:
        terminal.show_json({"schema": SCHEMA, "tradeoff": of_tradeoff(curve, law)})
        return
    from dynlatch.cli import region_tables

    terminal.show(*region_tables.tradeoff(curve, law))
    if path is not None:
        terminal.show(f"Written to {path}.")
