"""What a statement is checked on: a map, a driven trajectory of it, and the sets the statement speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cached_property
from typing import Final

import numpy as np

from dynlatch.errors import InputError
from dynlatch.maps.balls import ball_map
from dynlatch.maps.definition import FARTHEST, Box, Map, exact_box, exact_fraction
from dynlatch.rigor import balls
from dynlatch.rigor.krawczyk import Ball

Vector = tuple[Fraction, ...]
State = list[Ball]

MAX_STEPS: Final = 10_000


@dataclass(frozen=True)
class Case:
    """A map, a trajectory a_0, ..., a_T of a_t = M(a_{t-1}) + u_t, and what else a statement may need.

    Either ``inputs`` (u_1, ..., u_T) are exact and the states follow, or ``states`` are exact and the inputs follow:
    u_t = a_t - M(a_{t-1}). With ``periodic`` the states a_0, ..., a_{T-1} repeat for ever (a_T = a_0), so that limits
    can be decided. ``region`` is a box (D or K of the statements), ``radius`` the d of Theorem 3, ``other`` a second
    state or a direction. Make it with ``case``, which checks.
    """

    map: Map
    start: Vector
    inputs: tuple[Vector, ...] = ()
    states: tuple[Vector, ...] = ()
    periodic: bool = False
    region: Box | None = None
    radius: Fraction | None = None
    other: Vector | None = None

    @property
    def steps(self) -> int:
        """T, the number of steps (the period, of a trajectory that repeats)."""
        if self.states:
            return len(self.states) - (0 if self.periodic else 1)
        return len(self.inputs)

    def orbit(self) -> list[State]:
        """The states a_0, ..., a_T as balls, at the current precision (a_T = a_0 where they repeat)."""
        if self.states:
            listed = (*self.states, self.states[0]) if self.periodic else self.states
            return [exact_state(a) for a in listed]
        return driven_orbit(self.map, self.start, self.inputs)

    def driving_inputs(self) -> list[State]:
        """The inputs u_1, ..., u_T as balls."""
        if not self.states:
            return [exact_state(u) for u in self.inputs]
        orbit, step = self.orbit(), ball_map(self.map).image_of_point
        return [[b - c for b, c in zip(orbit[t + 1], step(orbit[t]), strict=True)] for t in range(self.steps)]

    def region_of(self, what: str) -> Box:
        """The region. Raises: InputError if there is none."""
        if self.region is None:
            raise InputError(f"{what} speaks of a set of states; give region=, one (lo, hi) per state")
        return self.region

    def radius_of(self, what: str) -> Fraction:
        """The radius. Raises: InputError if there is none."""
        if self.radius is None:
            raise InputError(f"{what} speaks of balls of radius d around the orbit; give radius=")
        return self.radius

    def other_of(self, what: str, meaning: str) -> Vector:
        """The second vector. Raises: InputError if there is none."""
        if self.other is None:
            raise InputError(f"{what} speaks of {meaning}; give it as other=, one number per state")
        return self.other

    @cached_property
    def as_text(self) -> str:
        """The case in one line."""
        parts = [repr(self.map), f"a_0 = {vector_text(self.start)}"]
        if self.states:
            parts.append(f"states {', '.join(map(vector_text, self.states[:4]))}{', ...' * (len(self.states) > 4)}")
        elif any(any(u) for u in self.inputs):
            parts.append(f"u = {', '.join(map(vector_text, self.inputs[:4]))}{', ...' * (len(self.inputs) > 4)}")
        parts += ["repeated for ever"] if self.periodic else []
        parts += [f"d = {number_text(self.radius)}"] if self.radius is not None else []
        parts += [f"other = {vector_text(self.other)}"] if self.other is not None else []
        return "; ".join(parts)


def case(
    m: Map,
    start: object = None,
    *,
    inputs: object = None,
    steps: int | None = None,
    states: object = None,
    periodic: bool = False,
    region: object = None,
    radius: object = None,
    other: object = None,
) -> Case:
    """A checked ``Case``.

    Arguments: ``start``, a_0, one exact number per state (a bare number for one state); ``inputs``, rows of one number
    per state (numbers, for one state), shape (T, n); ``steps`` T, if it is more than the inputs given: the rest are 0;
    or ``states``, the trajectory itself, shape (T + 1, n), or (T, n) with ``periodic``; ``region``, one (lo, hi) per
    state; ``radius`` > 0; ``other``, a second vector.
    Raises: InputError for wrong shapes, inputs longer than the trajectory, both inputs and states, or neither start
    nor states.

    >>> from dynlatch import neuron
    >>> case(neuron(2), "0.9", inputs=["1/100", "1/200"]).steps
    2
    """
    if not isinstance(m, Map):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InputError(f"a case is about a map, not {repr(m)[:40]}; make one, such as dynlatch.neuron(2)")
    if states is not None:
        if start is not None or inputs is not None or steps is not None:
            raise InputError("states give the whole trajectory, so start, inputs and steps have no place; give either")
        rows = _rows(states, m, "states")
        if len(rows) < (1 if periodic else 2):
            raise InputError(f"states has {len(rows)} rows; give a_0 and at least one state after it")
        first, driven = rows[0], ()
    else:
        if start is None:
            raise InputError("a case needs where it starts; give start=, one number per state, or states=")
        if periodic:
            raise InputError("periodic repeats given states; give them as states=")
        first, rows = _vector(start, m, "start"), ()
        driven = _padded(() if inputs is None else _rows(inputs, m, "inputs"), steps, m)
    sides = None if region is None else exact_box(region, m.dimension, "region")
    size = None if radius is None else _within_floats(exact_fraction(radius, "radius"), "radius")
    if size is not None and size <= 0:
        raise InputError(f"radius={size} must be positive; give the size of the balls around the orbit")
    second = None if other is None else _vector(other, m, "other")
    return Case(m, first, driven, rows, periodic, sides, size, second)


def _padded(driven: tuple[Vector, ...], steps: int | None, m: Map) -> tuple[Vector, ...]:
    count = len(driven) if steps is None else steps
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MAX_STEPS:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InputError(
            f"steps={repr(count)[:40]} must be a whole number from 0 to {MAX_STEPS}: each is followed in balls"
        )
    if len(driven) > count:
        raise InputError(
            f"inputs has {len(driven)} rows but the trajectory {count} steps; give at most one row per step"
        )
    return driven + ((Fraction(0),) * m.dimension,) * (count - len(driven))


def _vector(value: object, m: Map, what: str) -> Vector:
    given = [value] if m.dimension == 1 and _is_number(value) else value
    try:
        parts = list(given)  # pyright: ignore[reportArgumentType]
    except TypeError:
        raise InputError(f"{what}={str(value)[:40]} is not a vector; give {_shape(m)}") from None
    if isinstance(given, str) or len(parts) != m.dimension:
        raise InputError(f"{what} has {len(parts)} entries but {m.name} has {_states(m)}; give {_shape(m)}")
    return tuple(_within_floats(exact_fraction(v, f"{what}[{i}]"), f"{what}[{i}]") for i, v in enumerate(parts))


def _within_floats(value: Fraction, what: str) -> Fraction:
    if abs(value) > FARTHEST:
        raise InputError(f"{what} lies beyond 1e306, too far for floats; give a smaller number")
    return value


def _rows(value: object, m: Map, what: str) -> tuple[Vector, ...]:
    try:
        rows = list(value)  # pyright: ignore[reportArgumentType]
    except TypeError:
        raise InputError(f"{what}={str(value)[:40]} is not a list; give one row of {_shape(m)} per step") from None
    if isinstance(value, str):
        raise InputError(f"{what} is text; give one row of {_shape(m)} per step")
    return tuple(_vector(row, m, f"{what}[{t}]") for t, row in enumerate(rows))


def _is_number(value: object) -> bool:
    return isinstance(value, str | int | float | Fraction) or np.ndim(value) == 0  # pyright: ignore[reportArgumentType]


def _states(m: Map) -> str:
    return "1 state" if m.dimension == 1 else f"{m.dimension} states"


def _shape(m: Map) -> str:
    return "one number" if m.dimension == 1 else f"{m.dimension} numbers, one per state"


# --- orbits in balls --------------------------------------------------------------------------------------------------


def exact_state(vector: Sequence[Fraction]) -> State:
    """An exact vector as balls of the current precision."""
    return [balls.ball(v) for v in vector]


def driven_orbit(m: Map, start: Vector, inputs: Sequence[Vector]) -> list[State]:
    """a_0, ..., a_T under given inputs, as balls. Rigor: certified."""
    step, found = ball_map(m).image_of_point, [exact_state(start)]
    for u in inputs:
        image = step(found[-1])
        found.append([a + balls.ball(v) for a, v in zip(image, u, strict=True)])
    return found


def free_orbit(m: Map, start: Vector, steps: int) -> list[State]:
    """The autonomous orbit of T steps, as balls."""
    return driven_orbit(m, start, ((Fraction(0),) * m.dimension,) * steps)


def vector_text(vector: Sequence[Fraction]) -> str:
    """A vector as a person writes it."""
    text = ", ".join(number_text(v) for v in vector)
    return text if len(vector) == 1 else f"({text})"


def number_text(value: Fraction) -> str:
    """A short fraction as such, another as a decimal of nine digits."""
    if value.denominator <= 1000 and abs(value.numerator) < 10_000:
        return str(value)
    try:
        near = float(value)
    except OverflowError:
        near = 0.0
    if near:
        return f"{near:.9g}"
    with localcontext(prec=15):  # it lies beyond the floats
        return f"{Decimal(value.numerator) / Decimal(value.denominator):.9g}"
