"""The kind ``region``: what a family of maps can latch, one map a cell; nothing in it is random."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar, Final

from dynlatch.errors import InputError
from dynlatch.latch.critical_input import critical_input
from dynlatch.latch.tradeoff import forgetting_rate
from dynlatch.maps.catalogue import CATALOGUE, tanh_network
from dynlatch.noise.decay import noisy_decay
from dynlatch.noise.tolerance import is_latch, noise_tolerance
from dynlatch.regions.attractors import find_attractors
from dynlatch.regions.reduced_set import READINGS, reduced_set
from dynlatch.rigor.enclosure import float_above, float_below
from dynlatch.studies.kinds import near
from dynlatch.verdict import Verdict

if TYPE_CHECKING:
    from dynlatch.latch.fixed_points import Point
    from dynlatch.maps.definition import Map
    from dynlatch.regions.attractors import Attractors
    from dynlatch.studies.cell import Cell, Scalar, Value

NETWORK: Final = "network"
"""n units, W = ``w`` on the diagonal and ``coupling`` beside it, input ``h`` to each."""
_MOST_UNITS: Final = 4
_OF_NETWORK: Final[Mapping[str, Scalar]] = {"w": 2.0, "coupling": 0.2, "h": 0.0}
_NEURON_REACH: Final = 4.0
_MOST_SAMPLES: Final = 10_000_000
_SECONDS: Final = {1: 1.0, 2: 3.0, 3: 6.0, 4: 90.0}
"""Of a cell by its dimension; boxes only."""
_SECONDS_A_CELL: Final = 2e-4


class Region:
    """Settings ``map``: ``neuron``, ``network``, or another map of the catalogue whose parameters are numbers, and each
    of its parameters (``w``, ``h``; a network also has ``n``, from 1 to 4). ``norm`` of the noise, ``inf`` or ``2``;
    ``max_cells``, to refine what boxes do not prove; ``share`` of the tolerance at which decay is bounded; ``samples``,
    states at which Gamma is looked for, in the cube from -``reach`` to ``reach`` (0: in the map's own domain).

    Numbers are taken as the decimals that they are written as: 1.2 is 6/5.

    Results, of the latch whose coordinates have the largest sum (None where there is none, or nothing was proved, as of
    the folds of units apart, which come all at once): ``latches``, attracting fixed points with a trapping region;
    ``tolerance``, a noise that provably cannot unlatch it, and ``tolerance_upper``, one that does;
    ``critical_input`` and ``critical_input_upper``, ends of h* along (1, ..., 1), the smaller of the two signs;
    ``forgetting_rate``, nats per step lost at the latch without noise, and ``forgetting_bound``, what is lost at least
    under any noise up to ``share`` times the tolerance; ``gamma_spectral``, ``gamma_norm``, ``gamma_uniform``, the
    share of sampled states in the reduced attracting set of their attractor, in the three readings; ``verdict``, of the
    tolerance. Rigor: certified, but for Gamma, which is sampled.

    A cell has one trial, number 0: all others would be the same.
    """

    axes: ClassVar[tuple[str, ...]] = ("map", "n", "w", "coupling", "h", "norm", "share", "samples", "reach")
    owners: ClassVar[tuple[str, ...]] = ("map",)
    lanes: ClassVar[int] = 1
    single: ClassVar[bool] = True

    def usual(self, point: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """The catalogue's own parameters, written out."""
        name = str(point["map"])
        given, reach = _parameters(name), _NEURON_REACH if name in ("neuron", NETWORK) else 0.0
        return {
            "map": name, **({"n": 2} if name == NETWORK else {}), **given,
            "norm": "inf", "max_cells": 0, "share": 0.5, "samples": 40_000, "reach": reach,
        }  # fmt: skip

    def check(self, settings: Mapping[str, Scalar]) -> None:
        """Raises: InputError for a map that there is not, and for settings out of range."""
        n = settings.get("n", 1)
        if not isinstance(n, int) or not 1 <= n <= _MOST_UNITS:
            raise InputError(f"n={n!r} must be from 1 to {_MOST_UNITS} units: what is proved is proved up to there")
        _made(settings)
        if settings["norm"] not in ("inf", "2"):
            raise InputError(f"norm={settings['norm']!r} is no norm for noise that is known here; give inf or 2")
        share, reach = float(settings["share"]), float(settings["reach"])
        if not 0.0 <= share < 1.0:
            raise InputError(f"share={share:g} must be from 0 to less than 1: a part of the tolerance")
        if reach < 0.0:
            raise InputError(f"reach={reach:g} must not be negative: half an edge of the cube that is sampled, or 0")
        if not 16 <= int(settings["samples"]) <= _MOST_SAMPLES:
            raise InputError(f"samples={settings['samples']!r} must be from 16 to {_MOST_SAMPLES}: states on a grid")
        if int(settings["max_cells"]) < 0:
            raise InputError(f"max_cells={settings['max_cells']!r} must not be negative; 0 is for boxes only")

    def seconds(self, cell: Cell) -> float:
        """By dimension."""
        return _SECONDS[_made(dict(cell.settings)).dimension] + _SECONDS_A_CELL * int(cell["max_cells"])

    def warm_up(self, cell: Cell) -> None:
        """Nothing: that a map's code is compiled is part of the work."""

    def run(self, cell: Cell, seed: int, trials: Sequence[int]) -> list[dict[str, Value]]:
        """The one trial, on one thread where there is a choice. Raises: InputError for any other trial."""
        if any(trials):
            raise InputError(
                f"trial {max(trials)} of a region cell: nothing in it is random, so that one trial is all there is; "
                "write trials = 1"
            )
        return [_result(cell, seed) for _ in trials]


def _result(cell: Cell, seed: int) -> dict[str, Value]:
    settings = dict(cell.settings)
    m, reach = _made(settings), float(cell["reach"])
    attractors = find_attractors(m, m.domain, seed=seed)
    per_axis = max(2, int(float(cell["samples"]) ** (1.0 / m.dimension) + 1e-9))
    box = None if reach == 0.0 else [(-_exact(reach), _exact(reach))] * m.dimension
    sampled = reduced_set(m, box, per_axis, seed=seed, threads=1)
    gamma: dict[str, Value] = {f"gamma_{name}": sampled.fraction(name) for name in READINGS}
    latches = [k for k, attractor in enumerate(attractors.listed) if is_latch(attractor)]
    found: dict[str, Value] = dict.fromkeys((
        "tolerance", "tolerance_upper", "critical_input", "critical_input_upper", "forgetting_rate", "forgetting_bound",
    ))  # fmt: skip
    found |= {"latches": len(latches), "verdict": str(Verdict.INCONCLUSIVE), **gamma}
    if latches:
        found |= _of_latch(m, attractors, max(latches, key=lambda k: _sum(attractors, k)), cell, seed)
    return found


def _of_latch(m: Map, attractors: Attractors, k: int, cell: Cell, seed: int) -> dict[str, Value]:
    norm, point = str(cell["norm"]), attractors[k].point
    assert point is not None
    stands = noise_tolerance(m, k, norm, attractors=attractors, max_cells=int(cell["max_cells"]), seed=seed)
    quiet = _exact(float(cell["share"])) * Fraction(stands.lower)
    bound = noisy_decay(m, k, quiet, norm, attractors=attractors, seed=seed).rate
    rate = forgetting_rate(m, point.state)
    return {
        "tolerance": stands.lower, "tolerance_upper": stands.upper, "verdict": str(stands.verdict),
        "forgetting_rate": None if rate is None else float(rate),
        "forgetting_bound": None if bound is None or bound <= 0.0 else math.nextafter(-math.log(bound), -math.inf),
        **_critical(m, point.state),
    }  # fmt: skip


def _critical(m: Map, state: Point) -> dict[str, Value]:
    """h* of this latch: the smaller one of its folds in either direction; empty if none was proved."""
    try:
        folds = critical_input(m).folds
    except InputError:  # the neuron says so where it does not latch
        return {}
    proved = [
        fold.value
        for fold in folds
        if fold.value is not None
        and fold.attractor is not None
        and all(a.overlaps(b) for a, b in zip(fold.attractor, state, strict=True))
    ]
    if not proved:
        return {}
    least = min(proved, key=lambda value: abs(float(value)))
    ends = sorted((abs(least.lower), abs(least.upper)))
    return {"critical_input": float_below(ends[0]), "critical_input_upper": float_above(ends[1])}


def _sum(attractors: Attractors, k: int) -> float:
    point = attractors[k].point
    assert point is not None
    return float(point.values.sum())


# --- maps by their settings -------------------------------------------------------------------------------------------


def _parameters(name: str) -> dict[str, Scalar]:
    """The parameters of a map with the values that they have in the catalogue."""
    if name == NETWORK:
        return dict(_OF_NETWORK)
    known = {
        title: {key: float(Fraction(str(value))) for key, value in entry.parameters.items()}
        for title, entry in CATALOGUE.items()
        if not any(isinstance(value, tuple) for value in entry.parameters.values())
    }
    if name not in known:
        listed = (*known, NETWORK)
        raise InputError(f"unknown map {name[:40]!r}; {near(name, listed)}there are {', '.join(listed)}")
    return dict(known[name])


def _made(settings: Mapping[str, Scalar]) -> Map:
    name = str(settings["map"])
    given = {key: _exact(float(settings[key])) for key in _parameters(name)}
    if name != NETWORK:
        return CATALOGUE[name].make(**given)
    units = range(int(settings["n"]))
    return tanh_network([[given["w"] if i == j else given["coupling"] for j in units] for i in units], given["h"])


def _exact(value: float) -> Fraction:
    """The decimal that was written."""
    return Fraction(repr(value))
