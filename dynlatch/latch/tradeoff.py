"""The trade-off curve: critical input against forgetting rate along a one-parameter family of maps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from dynlatch.errors import InputError
from dynlatch.latch.critical_input import CriticalInput, critical_input, read_direction
from dynlatch.latch.cycle_system import CycleSystem
from dynlatch.latch.fixed_points import Point
from dynlatch.maps.definition import Map, exact_fraction
from dynlatch.progress import SILENT, Progress
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.verdict import Verdict

if TYPE_CHECKING:
    import xarray

Family: TypeAlias = Callable[[Fraction], Map]
"""From the value of a parameter to a map."""

ToleranceOf: TypeAlias = Callable[[Map, Point], Enclosure | None]
"""From a map and the attractor that is lost to an enclosure of its certified noise tolerance, or None."""

_BITS = 160
_TWO, _ONE = Fraction(2), Fraction(1)


@dataclass(frozen=True, slots=True)
class TradeoffPoint:
    """One map of a family: what its weakest latch stands, and how fast it forgets.

    ``critical`` encloses h*, the size of the constant input (along the curve's direction) at which the attractor
    ``state`` is lost; ``rate`` encloses gamma = -log(spectral radius of M' there), in nats per step. ``lower`` and
    ``upper`` compare the two enclosures with the neuron's law: 2 h* < gamma, and gamma < 2 h* + 1. ``reason`` says
    what h* stands on, or why there is none; ``tolerance`` is what the caller's own function gave.
    """

    value: Fraction
    map: Map
    critical: Enclosure | None
    rate: Enclosure | None
    state: Point | None
    lower: Verdict
    upper: Verdict
    reason: str
    tolerance: Enclosure | None = None

    @property
    def excess(self) -> Enclosure | None:
        """gamma - 2 h*, which lies in (0, 1) for the neuron."""
        if self.critical is None or self.rate is None:
            return None
        return Enclosure(self.rate.lower - 2 * self.critical.upper, self.rate.upper - 2 * self.critical.lower)


@dataclass(frozen=True, slots=True, repr=False)
class Tradeoff:
    """The trade-off curve of a family, one point per value of its parameter, in the order given."""

    name: str
    parameter: str
    points: tuple[TradeoffPoint, ...]

    def __iter__(self) -> Iterator[TradeoffPoint]:
        return iter(self.points)

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index: int) -> TradeoffPoint:
        return self.points[index]

    @property
    def known(self) -> tuple[TradeoffPoint, ...]:
        """The points that have both numbers."""
        return tuple(p for p in self.points if p.critical is not None and p.rate is not None)

    @property
    def violations(self) -> tuple[TradeoffPoint, ...]:
        """The points at which one side of the neuron's law is refuted."""
        return tuple(p for p in self.points if Verdict.REFUTED in (p.lower, p.upper))

    def to_xarray(self) -> xarray.Dataset:
        """Both numbers with the ends of their enclosures over the parameter (nan where there is none), and verdicts."""
        import xarray

        columns: dict[str, object] = {}
        kinds = {"critical": "critical input", "rate": "nats per step", "tolerance": "noise"}
        for name, units in kinds.items():
            found: list[Enclosure | None] = [getattr(p, name) for p in self.points]
            for suffix, take in (("", float), ("_lower", lambda e: e.lo), ("_upper", lambda e: e.hi)):
                row = [float("nan") if e is None else take(e) for e in found]
                columns[name + suffix] = (self.parameter, np.array(row), {"units": units})
        for name in ("lower", "upper"):
            columns[f"law_{name}"] = (self.parameter, [str(getattr(p, name)) for p in self.points])
        columns["reason"] = (self.parameter, [p.reason for p in self.points])
        return xarray.Dataset(
            columns, coords={self.parameter: [float(p.value) for p in self.points]}, attrs={"family": self.name}
        )

    def __repr__(self) -> str:
        count = f"{len(self.known)} of {len(self)} values of {self.parameter}"
        return f"Tradeoff of {self.name} ({count} have an h*, {len(self.violations)} contradict the neuron's law)"


def tradeoff(
    family: Family | Map,
    values: Sequence[object],
    *,
    parameter: str | None = None,
    name: str | None = None,
    direction: Sequence[object] | None = None,
    tolerance: ToleranceOf | None = None,
    progress: Progress = SILENT,
) -> Tradeoff:
    """Follow h* and the forgetting rate of the latch that is lost first along a one-parameter family.

    For the neuron 2 h* < gamma < 2 h* + 1 always (``tradeoff_law``). For networks that is no bound: the input need
    not push along the direction in which the state forgets. Each point says whether it holds there, by comparing
    enclosures: PROVED or REFUTED for the two enclosed numbers, a proved fold and proved multipliers. That this fold
    is the first one met is proved for the neuron, and measured for other maps, as ``critical_input`` says. An earlier
    one could only make h* smaller: it would not touch a PROVED lower side nor a REFUTED upper side. Where an earlier
    loss of stability or another unproved fold was seen, both sides stay INCONCLUSIVE.

    Arguments: ``family``, a function from an exact value to a map, or a map with the name of its ``parameter``;
    ``values``, exact numbers; ``direction`` as for ``critical_input``, the same for all; ``name``, for tables and
    figures; ``tolerance``, a function that adds the certified noise tolerance of the attractor that is lost.
    Raises: InputError for no values, a value that is no number, a parameter that the map does not have, and a bad
    direction. Where a value has no h*, the point says why instead.
    Rigor: certified enclosures. Cost: that of ``critical_input`` for each value.

    >>> from dynlatch.maps.catalogue import neuron
    >>> [str(p.upper) for p in tradeoff(neuron(2), ["3/2", 2, 4], parameter="w")]
    ['PROVED', 'PROVED', 'PROVED']
    """
    make, title, label = _read_family(family, parameter, name)
    listed = [exact_fraction(value, f"values[{i}]") for i, value in enumerate(values)]
    if not listed:
        raise InputError("values is empty, so there is no curve; give at least one value of the parameter")
    points: list[TradeoffPoint] = []
    progress.start(f"trade-off of {title}", len(listed))
    for value in listed:
        points.append(_point(value, make(value), direction, tolerance))
        progress.advance()
    progress.finish()
    return Tradeoff(title, label, tuple(points))


def _read_family(family: Family | Map, parameter: str | None, name: str | None) -> tuple[Family, str, str]:
    if not isinstance(family, Map):
        return family, name or getattr(family, "__name__", "family"), parameter or "value"
    if parameter is None:
        listed = ", ".join(str(s) for s, _ in family.parameters) or "none"
        raise InputError(f"{family.name} needs the name of the parameter to vary; give parameter= (it has: {listed})")
    return lambda value: family.with_parameters(**{parameter: value}), name or family.name, parameter


def _point(value: Fraction, m: Map, direction: Sequence[object] | None, tolerance: ToleranceOf | None) -> TradeoffPoint:
    unknown = Verdict.INCONCLUSIVE
    along = read_direction(m, direction)
    try:
        found = critical_input(m, along)
    except InputError as error:  # the neuron says so where it does not latch
        return TradeoffPoint(value, m, None, None, None, unknown, unknown, str(error))
    state = _lost(found)
    rate = None if state is None else forgetting_rate(m, state)
    added = None if tolerance is None or state is None else tolerance(m, state)
    lower, upper, reason = _compare(found, rate)
    return TradeoffPoint(value, m, found.value, rate, state, lower, upper, reason, added)


def _lost(found: CriticalInput) -> Point | None:
    """The attractor that ends in the fold at h*."""
    return next((f.attractor for f in found.folds if f.value is not None and f.state == found.state), None)


def _compare(found: CriticalInput, rate: Enclosure | None) -> tuple[Verdict, Verdict, str]:
    unknown, h = Verdict.INCONCLUSIVE, found.value
    if h is None or rate is None:
        why = found.reason if h is None else "the multipliers at the attractor could not be enclosed away from 0"
        return unknown, unknown, why
    if found.verdict is not Verdict.PROVED or found.stable_until is not None:
        return unknown, unknown, found.reason
    lower = _less(_TWO * h.lower, _TWO * h.upper, rate.lower, rate.upper)
    upper = _less(rate.lower, rate.upper, _TWO * h.lower + _ONE, _TWO * h.upper + _ONE)
    return lower, upper, found.reason


def _less(low: Fraction, high: Fraction, other_low: Fraction, other_high: Fraction) -> Verdict:
    """Whether a number in [low, high] is less than one in [other_low, other_high]."""
    if high < other_low:
        return Verdict.PROVED
    return Verdict.REFUTED if low >= other_high else Verdict.INCONCLUSIVE


def forgetting_rate(m: Map, state: Point) -> Enclosure | None:
    """gamma = -log of the spectral radius of M' at a certified fixed point, in nats per step; None if unbounded.

    It is unbounded, or not known, where the spectral radius could not be enclosed away from 0.
    Rigor: certified, by ball enclosures of the eigenvalues.
    """
    multipliers = CycleSystem(m, 1).multipliers(state)
    if not multipliers:
        return None
    lower = max(e.modulus.lower for e in multipliers)
    upper = max(e.modulus.upper for e in multipliers)
    if lower <= 0:
        return None
    with balls.precision(_BITS):
        return balls.enclosure(balls.neg(balls.FUNCTIONS["log"](balls.ball(Enclosure(lower, upper)))))
