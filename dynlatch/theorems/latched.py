"""What "robustly latched" asks of a state (Definition 5), and where a state is once it is near its attractor."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from dynlatch.maps.definition import Box, Map
from dynlatch.regions.attractors import Attractor
from dynlatch.regions.inner_balls import InnerBall, as_balls, balls_of, distance
from dynlatch.rigor import balls
from dynlatch.theorems.cases import State
from dynlatch.theorems.findings import Finding, exactly, unknown
from dynlatch.theorems.measures import (
    Reading,
    attractors_of,
    below_one_on,
    in_reduced_set,
    length,
    reached,
    size_text,
)


def hyperbolic(m: Map, state: State, reading: Reading) -> Finding:
    """Whether the size of M' is below 1 at every point of the attractor that a state converges to (Definition 2)."""
    owner = reached(m, state)
    if owner is None:
        return unknown(_hyperbolic_text(reading), "no certified attractor was proved to be reached")
    return is_hyperbolic(m, attractors_of(m)[owner], reading)


def is_hyperbolic(m: Map, attractor: Attractor, reading: Reading) -> Finding:
    """Whether the size of M' is below 1 at every point of an attractor (Definition 2)."""
    text = _hyperbolic_text(reading)
    if attractor.point is None:
        return unknown(text, "X is no certified point or cycle")
    return below_one_on(text, m, [as_balls(x) for x in attractor.point.orbit], reading)


def _hyperbolic_text(reading: Reading) -> str:
    return "X hyperbolic: " + size_text(reading).format("M'") + " < 1 on X"


def robustly_latched(m: Map, state: State, reading: Reading, what: str = "a_0") -> list[Finding]:
    """That a state lies in Gamma(X), X a hyperbolic attractor. Whether there are others makes no difference here."""
    return [hyperbolic(m, state, reading), in_reduced_set(m, state, reading, what)]


def one_of_several(m: Map, state: State, reading: Reading) -> Finding:
    """That a state converges to one of two or more hyperbolic attractors, as Definition 5 has it."""
    owner, known = reached(m, state), attractors_of(m).listed
    text = f"X is one of several hyperbolic attractors (reading {reading})"
    if owner is None:
        return unknown(text, "no certified attractor was proved to be reached")
    count = sum(is_hyperbolic(m, attractor, reading).holds for attractor in known)
    if not is_hyperbolic(m, known[owner], reading).holds or count < 2:
        return unknown(text, f"{count} were certified")
    return exactly(text, True, f"{count} were certified, X = the {known[owner]} among them")


def trapped(m: Map, state: State) -> InnerBall | None:
    """A ball around a certified attractor, on which M^p contracts in an adapted norm, that holds a state."""
    known = attractors_of(m)
    found = (ball for k in range(len(known)) for ball in balls_of(k, known[k]) if ball.holds(state))
    return next(found, None)


def later_box(ball: InnerBall, states: Sequence[State]) -> Box:
    """A box that holds these states of a ball, and all that become of them after p, 2 p, ... steps without inputs.

    M^p brings them nearer to a point x in the norm of P, so they stay in the ball around x through the farthest; x
    lies within (trap.radius - radius) / 2 of the centre.
    """
    far = max(balls.ends(distance(ball.trap, a))[1] for a in states) + Fraction(ball.trap.radius) - ball.radius
    rows = [balls.ends(length([balls.ball(v) for v in row]))[1] for row in ball.trap.norm.inverse]
    centre = map(Fraction, ball.trap.centre)
    return tuple((c - far * r, c + far * r) for c, r in zip(centre, rows, strict=True))
