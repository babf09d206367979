"""What a network is: units, where each gets its input from, and which weights are free."""

from __future__ import annotations

import graphlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Literal, TypeAlias

from dynlatch.errors import InputError
from dynlatch.learning.checks import is_number

Kind: TypeAlias = Literal["tanh", "threshold"]
_MOST: Final = 4096
"""Connections: enough for 64 units, each with all."""
_LAST_STEP: Final = 1_000_000
"""The latest step of a cue."""


def _is_whole(value: object, first: int, last: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and first <= value <= last


@dataclass(frozen=True, slots=True)
class Previous:
    """The state of a unit one step ago."""

    unit: int


@dataclass(frozen=True, slots=True)
class SameStep:
    """The state of a unit in the same step; such connections must not form a cycle."""

    unit: int


@dataclass(frozen=True, slots=True)
class Signal:
    """A channel of the sequence that is presented."""

    channel: int


@dataclass(frozen=True, slots=True)
class Cue:
    """1 at one step (counted from 1) of the sequences of one class, else 0: its weight is an input to be learned."""

    step: int
    positive: bool


@dataclass(frozen=True, slots=True)
class Bias:
    """1 at every step of a sequence."""


Source: TypeAlias = Previous | SameStep | Signal | Cue | Bias


@dataclass(frozen=True, slots=True)
class Connection:
    """``weight`` times ``source`` is added to the activation of ``unit``.

    ``weight``: the name of a free parameter, which other connections may share, or a fixed number.
    """

    unit: int
    source: Source
    weight: str | float


@dataclass(frozen=True)
class Network:
    """A recurrent network: a_i(t) = sum of weight * source, x_i(t) = f(a_i(t)), x(0) = 0.

    f is tanh, or for ``kind="threshold"`` +1 where a >= 0 and -1 elsewhere. ``output`` is the unit whose last state
    answers. Parameters are numbered in the order in which their names first occur.
    Raises: InputError for connections from or to what does not exist, and for a cycle within one step.
    """

    num_units: int
    num_signals: int
    output: int
    connections: tuple[Connection, ...]
    kind: Kind = "tanh"

    def __post_init__(self) -> None:
        if self.kind not in ("tanh", "threshold"):
            raise InputError(f"kind={self.kind!r} is no kind of unit; it is tanh or threshold")
        if not _is_whole(self.num_units, 1, _MOST) or not _is_whole(self.num_signals, 0, _MOST):
            raise InputError(
                f"num_units={self.num_units!r} and num_signals={self.num_signals!r} must be whole numbers, at least "
                f"one unit and at most {_MOST} of each"
            )
        if not _is_whole(self.output, 0, self.num_units - 1):
            raise InputError(f"output={self.output!r} is no unit; units are numbered from 0 to {self.num_units - 1}")
        if not isinstance(self.connections, tuple):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InputError("connections must be a tuple of Connection, so that networks can be compared")
        if not 0 < len(self.connections) <= _MOST:
            raise InputError(f"a network has 1 to {_MOST} connections, not {len(self.connections)}")
        for c in self.connections:
            if not isinstance(c, Connection):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise InputError(f"connections hold {repr(c)[:40]}; each must be a Connection(unit, source, weight)")
            self._check(c)
        idle = set(range(self.num_units)) - {c.unit for c in self.connections}
        if idle:
            raise InputError(f"unit {min(idle)} has no connection that leads to it; give it one, or leave the unit out")
        _ = self.order

    def _check(self, c: Connection) -> None:
        match c.source:
            case Previous(unit) | SameStep(unit):
                known = _is_whole(unit, 0, self.num_units - 1)
            case Signal(channel):
                known = _is_whole(channel, 0, self.num_signals - 1)
            case Cue(step, positive):
                if not isinstance(positive, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
                    raise InputError(f"{repr(c.source)[:40]}: positive must be True or False: the class that is cued")
                known = _is_whole(step, 1, _LAST_STEP)
            case Bias():
                known = True
            case _:  # pyright: ignore[reportUnnecessaryComparison]
                raise InputError(f"source={c.source!r} is none of Previous, SameStep, Signal, Cue and Bias")
        if not known or not _is_whole(c.unit, 0, self.num_units - 1):
            raise InputError(
                f"{c!r} does not fit {self.num_units} units and {self.num_signals} signals, which are numbered from 0 "
                f"(steps of cues from 1 to {_LAST_STEP})"
            )
        if not (c.weight != "" if isinstance(c.weight, str) else is_number(c.weight)):
            raise InputError(
                f"weight={repr(c.weight)[:40]} of a connection to unit {c.unit} must be a name or a finite number"
            )

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The names of the free weights."""
        return tuple(dict.fromkeys(c.weight for c in self.connections if isinstance(c.weight, str)))

    @cached_property
    def cues(self) -> tuple[Cue, ...]:
        """The cues that occur."""
        return tuple(dict.fromkeys(c.source for c in self.connections if isinstance(c.source, Cue)))

    @cached_property
    def order(self) -> tuple[int, ...]:
        """The units, each after those whose state of the same step it needs."""
        needs: dict[int, set[int]] = {i: set() for i in range(self.num_units)}
        for c in self.connections:
            if isinstance(c.source, SameStep):
                needs[c.unit].add(c.source.unit)
        try:
            return tuple(graphlib.TopologicalSorter(needs).static_order())
        except graphlib.CycleError as error:
            cycle = " <- ".join(map(str, error.args[1]))
            raise InputError(
                f"units {cycle} need each other's states of the same step; make one of these connections Previous"
            ) from None

    def of_kind(self, kind: Kind) -> Network:
        """The same connections between other units."""
        return self if kind == self.kind else replace(self, kind=kind)
