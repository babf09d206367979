"""The single steps of an analysis, each with a table for a person and JSON for a machine."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from dynlatch.cli import arguments, options, terminal
from dynlatch.progress import one_step

Found = TypeVar("Found")

if TYPE_CHECKING:
    from rich.table import Table

    from dynlatch.latch.gradients import GradientDecay
    from dynlatch.maps.definition import Map


def register(app: typer.Typer) -> None:
    """Make the steps commands of the application."""
    for step in (derive, fixed_points, critical_input, contraction, decay, maps):
        app.command(step.__name__.replace("_", "-"))(step)


def derive(
    map_name: options.MapName, param: options.Parameters = None, as_json: options.AsJson = False
) -> None:  # fmt: skip
    """The symbolic sheet: derivatives, fixed points, multipliers, h*, each line checked.

    Example: `dynlatch derive neuron -p w=2`
    """
    m = arguments.the_map(map_name, param or ())
    from dynlatch.latch.derivation import derive as work
    from dynlatch.views.results import of_derivation

    found = heard("deriving", lambda: work(m))
    tell(as_json, m, lambda: {"derivation": of_derivation(found)}, lambda t: t.derivation(found))


def fixed_points(
    map_name: options.MapName,
    param: options.Parameters = None,
    box: options.BoxSides = None,
    period: Annotated[int, typer.Option("--period", min=1, max=64, help="1 for fixed points, p for cycles.")] = 1,
    as_json: options.AsJson = False,
) -> None:
    """Every fixed point, or cycle of one period, in a box, with proof.

    Examples: `dynlatch fixed-points neuron -p w=2`, `dynlatch fixed-points logistic -p r=3.5 --period 4 --box 0,1`
    """
    m = arguments.the_map(map_name, param or ())
    sides = arguments.box(box, m)
    from dynlatch.latch.fixed_points import fixed_points as work
    from dynlatch.views.results import of_fixed_points

    key = "fixed_points" if period == 1 else "cycles"
    found = heard("certifying", lambda: work(m, sides, period))
    tell(as_json, m, lambda: of_fixed_points(found, key), lambda t: t.fixed_points(found))


def critical_input(
    map_name: options.MapName,
    param: options.Parameters = None,
    direction: Annotated[
        str | None,
        typer.Option(
            "--direction",
            metavar="E",
            help="One number per state, such as 1,0.",
            show_default="the same to every state",
        ),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """The least constant input at which a latched state is lost.

    Examples: `dynlatch critical-input neuron -p w=5/4`, `dynlatch critical-input my_map.toml --direction 1,0`
    """
    m = arguments.the_map(map_name, param or ())
    along = arguments.vector(direction, "--direction", m)
    from dynlatch.latch.critical_input import critical_input as work
    from dynlatch.views.results import of_critical_input

    found = heard("finding the critical input", lambda: work(m, along))
    tell(as_json, m, lambda: {"critical_input": of_critical_input(found)}, lambda t: t.critical_input(found))


def contraction(
    map_name: options.MapName,
    param: options.Parameters = None,
    box: options.BoxSides = None,
    norm: options.Norm = "2",
    as_json: options.AsJson = False,
) -> None:
    """The largest operator norm of the derivative over a box, enclosed. Norms: 1, 2, inf, adapted.

    Example: `dynlatch contraction neuron -p w=2 --box 1,3`
    """
    m = arguments.the_map(map_name, param or ())
    sides = arguments.box(box, m)
    from dynlatch.latch.contraction import contraction_bound
    from dynlatch.views.results import of_contraction

    found = heard("bounding", lambda: contraction_bound(m, sides, norm))
    tell(as_json, m, lambda: {"contraction": of_contraction(found)}, lambda t: t.contraction(found))


def decay(
    map_name: options.MapName,
    param: options.Parameters = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--start",
            metavar="A",
            help="One number per state, such as 0.1,0.2.",
            show_default="two thirds up the domain",
        ),
    ] = None,
    num_steps: Annotated[int, typer.Option("--steps", min=1, max=10_000_000, help="Of the orbit.")] = 200,
    norm: options.Norm = "2",
    as_json: options.AsJson = False,
) -> None:
    """How the gradient decays or grows along an orbit. Norms: 1, 2, inf.

    Example: `dynlatch decay neuron -p w=2 --start 0.1 --steps 500`
    """
    m = arguments.the_map(map_name, param or ())
    given: list[Any] | None = arguments.vector(start, "--start", m)
    place = given or [(lo + 2 * hi) / 3 for lo, hi in m.domain]
    found = heard("following the gradient", lambda: _decay(m, place, num_steps, norm))
    from dynlatch.views.results import of_decay

    tell(as_json, m, lambda: {"decay": of_decay(found)}, lambda t: t.decay(found))


def _decay(m: Map, start: list[Any], num_steps: int, norm: str) -> GradientDecay:
    """The decay, with the certified rate of the fixed point that the orbit ended on, if it did."""
    from dynlatch.latch.fixed_points import MAX_DIMENSION, fixed_points
    from dynlatch.latch.gradients import gradient_decay
    from dynlatch.verdict import Stop

    found = gradient_decay(m, start, num_steps, norm=norm)
    if m.dimension <= MAX_DIMENSION and found.stop is Stop.SOLVED:
        for point in fixed_points(m).attracting:
            if max(abs(point.values - found.states[-1])) < 1e-3:
                return gradient_decay(m, start, num_steps, norm=norm, fixed_point=point)
    return found


def maps(as_json: options.AsJson = False) -> None:
    """The catalogue: every map with a name, its parameters and their usual values."""
    from dynlatch.maps.catalogue import CATALOGUE

    values = {name: {key: _plain(v) for key, v in entry.parameters.items()} for name, entry in CATALOGUE.items()}
    summaries = {name: entry.summary.replace("``", "") for name, entry in CATALOGUE.items()}
    if as_json:
        listed = [
            {"name": k, "parameters": values[k], "required": list(CATALOGUE[k].example), "summary": summaries[k]}
            for k in CATALOGUE
        ]
        terminal.show_json({"maps": listed})
        return
    from dynlatch.cli.tables import table

    rows = [[k, ", ".join(f"{key}={_typed(v)}" for key, v in values[k].items()), summaries[k]] for k in CATALOGUE]
    terminal.show(
        table("maps", ("name", "parameters", "what it is"), rows),
        "Example: dynlatch analyze neuron -p w=2 --out OUT. Any other map is given as a TOML file.",
    )


def _plain(value: object) -> Any:
    """Tuples as lists, which is how JSON writes them."""
    return [_plain(v) for v in value] if isinstance(value, tuple) else value


def _typed(value: object) -> str:
    """A value as it is typed after ``-p``."""
    return json.dumps(value, separators=(",", ":")) if isinstance(value, list) else str(value)


def heard(title: str, work: Callable[[], Found]) -> Found:
    """Do one piece of work while a bar moves."""
    with terminal.listening() as progress:
        return one_step(progress, title, work)


def tell(
    as_json: bool,
    m: Map,
    for_machines: Callable[[], dict[str, Any]],
    for_people: Callable[[Any], list[Table | str]],
    tables: str = "tables",
) -> None:
    """Print one result in the asked form; JSON has the same shapes under the same keys as ``results.json``.

    ``for_people`` is given the module of ``dynlatch.cli`` that makes the tables.
    """
    if as_json:
        from dynlatch.views.results import SCHEMA, of_map

        terminal.show_json({"schema": SCHEMA, "map": of_map(m), **for_machines()})
        return
    terminal.show(repr(m), *for_people(importlib.import_module(f"dynlatch.cli.{tables}")))
