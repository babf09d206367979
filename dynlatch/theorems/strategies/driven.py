"""Strategies for states inside Gamma, inputs inside a bound, and driven trajectories of a map."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from dynlatch.errors import InputError
from dynlatch.latch.derivation_neuron import neuron_form, neuron_formulas
from dynlatch.latch.fixed_points import MAX_DIMENSION, fixed_points
from dynlatch.maps.balls import ball_of
from dynlatch.maps.definition import Exact, Map, exact_box, exact_fraction
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.theorems.cases import Case, case
from dynlatch.theorems.measures import sup_size
from dynlatch.theorems.strategies.vectors import (
    MAX_STEPS,
    Vector,
    points,
    rationals,
    read_counts,
    read_units,
    unit_vectors,
)

_HALVINGS: Final = 20
_ROUNDING: Final = 1000
_STEPS: Final = (1, 6)


def gamma_points(m: Map, margin: Exact = "1/1000") -> SearchStrategy[Vector]:
    """States of Gamma (reading norm) so far inside it that every state within ``margin`` of them lies in it too.

    For the neuron w tanh(a), w > 1, these are all states of its domain with |a| >= a_c + margin. For another map
    they lie in balls around its attracting fixed points on which |M'| is proved to stay below 1: such a ball is
    carried into itself. Raises: InputError for a map without such a ball (or with more than 4 states, where the
    fixed points are not searched for), or a margin that leaves nothing of it. Cost: a search of fixed points.

    >>> from dynlatch import neuron
    >>> from hypothesis import find
    >>> find(gamma_points(neuron(2)), lambda a: True)
    (Fraction(1, 1),)
    """
    depth = exact_fraction(margin, "margin")
    if depth < 0:
        raise InputError(f"margin={margin} must not be negative; it is how far from the edge of Gamma the states stay")
    if (edge := _edge(m)) is not None:
        low, high = edge + depth, m.domain[0][1]
        if low > high:
            raise InputError(f"margin={margin} leaves nothing of Gamma in the domain of {m.name}; give a smaller one")
        return st.tuples(st.builds(_signed, rationals(low, high), st.sampled_from((1, -1))))
    inside = [(centre, radius - depth) for centre, radius in _contracting_balls(m) if radius >= depth]
    if not inside:
        raise InputError(
            f"margin={margin}: no ball around an attracting fixed point of {m.name} in which |M'| < 1 is that large; "
            "give a smaller margin, or a map that has one"
        )
    return st.one_of([_ball(centre, radius) for centre, radius in inside])


def _signed(size: Fraction, sign: int) -> Fraction:
    return size * sign


@st.composite
def _ball(draw: DrawFn, centre: Vector, radius: Fraction) -> Vector:
    share, direction = draw(rationals(0, 1)), draw(unit_vectors(len(centre)))
    return tuple(c + share * radius * v for c, v in zip(centre, direction, strict=True))


@lru_cache(maxsize=256)
def _edge(m: Map) -> Fraction | None:
    """A number just above a_c, for a neuron with w > 1 and no input of its own."""
    form = neuron_form(m)
    if form is None or not form.bias.xreplace(m.values).is_zero:
        return None
    weight = form.weight.xreplace(m.values)
    if not ball_of(weight) > 1:
        return None
    formulas = neuron_formulas()
    return balls.ends(ball_of(formulas.of(formulas.edge, weight)))[1]


@lru_cache(maxsize=256)
def _contracting_balls(m: Map) -> tuple[tuple[Vector, Fraction], ...]:
    """Short centres near the attracting fixed points, with radii of balls on which |M'| < 1."""
    if m.dimension > MAX_DIMENSION:
        raise InputError(f"{m.name} has {m.dimension} states; the fixed points are searched for up to {MAX_DIMENSION}")
    found = ((_short(p.state), p.state) for p in fixed_points(m).attracting)
    sized = ((centre, _radius(m, centre, state)) for centre, state in found)
    return tuple((centre, radius) for centre, radius in sized if radius is not None)


def _short(state: Sequence[Enclosure]) -> Vector:
    return tuple(Fraction(round(float(e) * _ROUNDING), _ROUNDING) for e in state)


def _radius(m: Map, centre: Vector, state: Sequence[Enclosure]) -> Fraction | None:
    """A radius r such that |M'| < 1 on the ball of radius r + 2 e around the centre, e the distance to the state.

    The ball of radius r + e around the state holds that of radius r around the centre, and is carried into itself.
    """
    off = sum((max(abs(e.lower - c), abs(e.upper - c)) for e, c in zip(state, centre, strict=True)), Fraction(0))
    radius = min(hi - lo for lo, hi in m.domain) / 2
    for _ in range(_HALVINGS):
        reach = radius + 2 * off
        if sup_size(m, tuple((c - reach, c + reach) for c in centre), "norm") < 1:
            return radius
        radius /= 2
    return None


def input_sequences(
    dimension: int, bound: Exact, steps: int | Sequence[int] = _STEPS
) -> SearchStrategy[tuple[Vector, ...]]:
    """Inputs u_1, ..., u_T with |u_t| <= bound in the Euclidean length, T in a range; they shrink to few zeros.

    Raises: InputError for a negative bound, or senseless counts.

    >>> from hypothesis import find
    >>> find(input_sequences(1, "1/2", steps=2), lambda u: u[1][0] < 0)
    ((Fraction(0, 1),), (Fraction(-1, 2),))
    """
    size, counts = exact_fraction(bound, "bound"), read_counts(steps, "steps", 0, MAX_STEPS)
    if size < 0:
        raise InputError(f"bound={bound} must not be negative; it bounds the length of every input")
    one = _inside(read_units(dimension, "dimension"), size)
    return st.lists(one, min_size=counts[0], max_size=counts[1]).map(tuple)


@st.composite
def _inside(draw: DrawFn, dimension: int, bound: Fraction) -> Vector:
    share = draw(rationals(0, 1))
    return tuple(share * bound * v for v in draw(unit_vectors(dimension)))


def driven_cases(
    m: Map, bound: Exact, *, steps: int | Sequence[int] = _STEPS, start: object = None
) -> SearchStrategy[Case]:
    """Cases: a start in the box ``start`` (default: the map's domain), and inputs of length ``bound`` at most.

    Raises: InputError for a bad box, a negative bound, or senseless counts.

    >>> from dynlatch import neuron
    >>> from hypothesis import find
    >>> find(driven_cases(neuron(2), "1/10", steps=(2, 4)), lambda on: True).as_text
    'neuron: a -> h + w*tanh(a) with w = 2, h = 0; a_0 = 0'
    """
    begin = points(m.domain if start is None else exact_box(start, m.dimension, "start"))
    drives = input_sequences(m.dimension, bound, steps)
    return st.builds(lambda a, u: case(m, a, inputs=u), begin, drives)


def latched_cases(
    m: Map, region: object, *, steps: int | Sequence[int] = _STEPS, periodic: bool = False
) -> SearchStrategy[Case]:
    """Cases whose states a_0, ..., a_T all lie in a box: the states are chosen, u_t = a_t - M(a_{t-1}) follows.

    With ``periodic`` they repeat for ever, T being the period. The box becomes the case's ``region``.
    Raises: InputError for a bad box, or senseless counts.

    >>> from dynlatch import neuron
    >>> from hypothesis import find
    >>> find(latched_cases(neuron(2), (1, 2), steps=1), lambda on: True).states
    ((Fraction(1, 1),), (Fraction(1, 1),))
    """
    box = exact_box(region, m.dimension, "region")
    least, most = read_counts(steps, "steps", 1, MAX_STEPS)
    more = 0 if periodic else 1
    chosen = st.lists(points(box), min_size=least + more, max_size=most + more)
    return chosen.map(lambda states: case(m, states=states, periodic=periodic, region=box))
