"""Inputs of bounded size that drive a latched state out: found in floats, replayed by balls."""

# pyright: reportMissingParameterType=false
# numba infers the types of the kernels' arguments.
from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from dynlatch.jit import ARRAY, KERNEL_VALUE, VECTOR, jit_as, types
from dynlatch.latch.trajectory import run_orbit
from dynlatch.maps.balls import ball_map
from dynlatch.maps.definition import Map
from dynlatch.maps.evaluators import compiled_map
from dynlatch.regions.attractors import Attractors
from dynlatch.regions.inner_balls import balls_of
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.rigor.krawczyk import Floats
from dynlatch.rigor.norms import operator_norm
from dynlatch.seeds import rng_for

Goal: TypeAlias = Literal["basin", "gamma"]

_STEPS: Final = {1: 10_000}
_STEPS_BEYOND: Final = 2_000
_LARGEST: Final = 1e150
"""Its square is a float."""
"""Driven steps of constant inputs: near a fold they must be many."""
_SHAPED_STEPS: Final = 200
_FREE_STEPS: Final = 4_000
"""Steps without input after which the state must be in another trapping region."""
_HALVINGS: Final = 24
_DIRECTIONS: Final = 48
_SPREADS: Final = (0.3, 0.1, 0.03, 0.01, 0.003)
_SWEEPS: Final = 12
_BITS: Final = 192
_LOST: Final = 1e-6
"""Balls wider than this will not become narrow again."""


@dataclass(frozen=True, slots=True)
class Escape:
    """Inputs u_1, ..., u_T with |u_t| <= noise that take the orbit from a latched fixed point out.

    ``inputs`` (T, n), exact as the floats they are. ``reached``: the attractor in whose trapping region the orbit is
    after ``free_steps`` more steps without input; None where the last state is proved to lie outside Gamma because
    |P M' P^-1| >= 1 there. Rigor: certified, replayed by balls from the enclosed fixed point.
    """

    noise: Fraction
    inputs: Floats
    reached: int | None
    free_steps: int


def find_escape(m: Map, attractors: Attractors, k: int, norm: float, goal: Goal, *, seed: int = 0) -> Escape | None:
    """The smallest noise found that drives fixed point k out of its basin, or out of Gamma (uniform reading).

    Constant inputs in many directions first, at the size that just suffices; then, for more than one state, inputs that
    follow the gradient of the escape. None where none was found. Cost: tenths of a second.
    """
    search = _Search(m, attractors, k, norm, goal)
    found = search.constant(rng_for(seed, "escape", m.content_hash, k))
    if found is None:
        return None
    for candidate in (search.shaped(found), found):
        proved = None if candidate is None else _replay(m, attractors, k, norm, goal, candidate)
        if proved is not None:
            return proved
    return None


class _Search:
    """Orbits from one fixed point under many inputs. Rigor: floating point."""

    def __init__(self, m: Map, attractors: Attractors, k: int, norm: float, goal: Goal) -> None:
        self.m, self.k, self.norm, self.goal = m, k, norm, goal
        self.start = attractors[k].states[:, 0]
        self.compiled = compiled_map(m)
        n = m.dimension
        traps = [(i, trap) for i, a in enumerate(attractors.listed) for trap in a.traps]
        self.traps: tuple[Any, ...] = (
            np.array([trap.centre for _, trap in traps]).reshape(-1, n),
            np.array([trap.norm.floats()[0] for _, trap in traps]).reshape(-1, n, n),
            np.array([min(trap.radius * (1 - 1e-6), _LARGEST) ** 2 for _, trap in traps]),
            np.array([i for i, _ in traps], dtype=np.int64),
        )
        self.limit = 4.0 * max(float(hi - lo) for lo, hi in m.domain)
        self.shape, self.inverse = attractors[k].traps[0].norm.floats()
        self.steps = _STEPS.get(n, _STEPS_BEYOND)

    def constant(self, rng: np.random.Generator) -> Floats | None:
        """The smallest constant input found that suffices, as (T, n) inputs."""
        n = self.start.size
        corners = np.array([[1.0 if c >> i & 1 else -1.0 for i in range(n)] for c in range(1 << n)])
        random = rng.normal(size=(_DIRECTIONS if n > 1 else 0, n))
        directions = np.concatenate([np.eye(n), -np.eye(n), corners, random])
        best: tuple[float, Floats] | None = None
        for spread in (None, *_SPREADS[: 5 if n > 1 else 0]):
            if spread is not None:
                if best is None:
                    return None
                directions = best[1] + spread * np.max(np.abs(best[1])) * random
            directions = directions / self._size(directions)[:, None]
            for direction in directions:
                size = self._threshold(direction, None if best is None else best[0])
                if size is not None:
                    best = size, direction
        if best is None:
            return None
        steps = self._out_after(np.repeat((best[1] * best[0])[None], self.steps, axis=0))
        return np.repeat((best[1] * best[0])[None], steps, axis=0)

    def _threshold(self, direction: Floats, most: float | None) -> float | None:
        """A size of constant input along a direction from which on the state gets out, if one is below ``most``."""
        inputs = np.repeat(direction[None], self.steps, axis=0)
        # Large inputs may throw the state to infinity instead, so the first size is looked for from below.
        sizes = self.limit * 2.0 ** np.arange(-_HALVINGS, 1) if most is None else np.array([most * (1 - 1e-9)])
        first = next((k for k, size in enumerate(sizes) if self._out_after(inputs * size)), None)
        if first is None:
            return None
        low, high = float(sizes[first - 1]) if first else 0.0, float(sizes[first])
        while high - low > 1e-10 * high:
            middle = 0.5 * (low + high)
            low, high = (low, middle) if self._out_after(inputs * middle) else (middle, high)
        return high

    def shaped(self, inputs: Floats) -> Floats | None:
        """Inputs of one size that follow the gradient of the escape, smaller than the given ones; None if none is."""
        if self.start.size == 1:
            return None
        size = float(np.max(self._size(inputs)))
        current = inputs[-_SHAPED_STEPS:]
        best, step = None, 0.05 * size
        while step > 1e-5 * size:
            trial, end = self._scaled(current, size - step), 0
            for _ in range(_SWEEPS):
                trial = self._improved(trial, size - step)
                end = self._out_after(trial)
                if end:
                    break
            if end:
                best, current, size = trial[:end], trial, size - step
            else:
                step *= 0.5
        return best

    def _improved(self, inputs: Floats, size: float) -> Floats:
        """Inputs of one size along the gradient of the way out at the end, by the adjoint recursion."""
        states, reached = run_orbit(self.m, self.start, len(inputs), inputs)
        if reached < len(inputs):
            return inputs
        jacobians = np.moveaxis(self.compiled.jacobian(np.ascontiguousarray(states.T), threads=1), 2, 0)
        adjoint = self._outward(states[-1])
        new = np.empty_like(inputs)
        for t in range(len(inputs) - 1, -1, -1):
            length = float(np.linalg.norm(adjoint))
            if not length > 0:
                return inputs
            adjoint = adjoint / length
            new[t] = size * (np.sign(adjoint) if self.norm == np.inf else adjoint)
            adjoint = jacobians[t].T @ adjoint
        return new

    def _outward(self, state: Floats) -> Floats:
        """The direction in which a small displacement of a state takes its free orbit farthest."""
        product, here = np.eye(self.start.size), state[:, None]
        largest, direction = 0.0, state - self.start
        for _ in range(40):
            product = self.compiled.jacobian(here, threads=1)[:, :, 0] @ product
            if not np.all(np.isfinite(product)):
                break
            _, s, v = np.linalg.svd(product)
            if s[0] > largest:
                largest, direction = float(s[0]), v[0] * (1.0 if v[0] @ (state - self.start) > 0 else -1.0)
            here = self.compiled.step(here, threads=1)
        return direction

    def _out_after(self, inputs: Floats) -> int:
        """The number of inputs after which the state is out, 0 where they do not suffice."""
        kernel, constants = self.compiled.step_kernel, self.compiled.step_constants
        states = np.empty((len(inputs) + 1, self.start.size))
        states[0] = self.start
        when = _drive(kernel, constants, inputs, states, *self.traps, self.k, _FREE_STEPS, self.limit)
        if self.goal == "gamma":
            jacobian = np.moveaxis(self.compiled.jacobian(np.ascontiguousarray(states.T), threads=1), 2, 0)
            size = np.linalg.norm(self.shape @ np.nan_to_num(jacobian) @ self.inverse, 2, axis=(1, 2))
            expands = np.flatnonzero(size > 1 + 1e-9)
            return min(when or len(inputs), int(expands[0])) if expands.size else when
        return when

    def _size(self, inputs: Floats) -> Floats:
        return np.linalg.norm(inputs, ord=self.norm, axis=1)

    def _scaled(self, inputs: Floats, size: float) -> Floats:
        return inputs * (size / self._size(inputs))[:, None]


_CUBE: Any = types.float64[:, :, ::1]
_NUMBERS: Any = types.int64[::1]


@jit_as(types.int64(KERNEL_VALUE, VECTOR, VECTOR, ARRAY, _CUBE, VECTOR, _NUMBERS, types.int64))
def _free_end(kernel, constants, state, centres, shapes, radii2, owners, steps):
    """The owner of the first trapping region that the free orbit of a state enters, -1 if it enters none in time."""
    n = state.size
    here, there = np.empty((n, 1)), np.empty((n, 1))
    here[:, 0] = state
    for _ in range(steps):
        for k in range(owners.size):
            total = 0.0
            for i in range(n):
                part = 0.0
                for q in range(n):
                    part += shapes[k, i, q] * (here[q, 0] - centres[k, q])
                total += part * part
            if total <= radii2[k]:
                return owners[k]
        kernel(here, constants, there, 1)
        here, there = there, here
        if not np.all(np.abs(here) < 1e6):
            return -1
    return -1


@jit_as(
    types.int64(
        KERNEL_VALUE, VECTOR, ARRAY, ARRAY, ARRAY, _CUBE, VECTOR, _NUMBERS, types.int64, types.int64, types.float64
    )
)
def _drive(kernel, constants, inputs, states, centres, shapes, radii2, owners, own, free_steps, limit):
    """Fill ``states`` from its first row on; the first time from which the free orbit goes elsewhere, 0 if none."""
    n, steps = states.shape[1], inputs.shape[0]
    here, there = np.empty((n, 1)), np.empty((n, 1))
    here[:, 0] = states[0]
    for t in range(steps):
        kernel(here, constants, there, 1)
        for i in range(n):
            value = there[i, 0] + inputs[t, i]
            value = min(max(value, -limit), limit) if value == value else limit
            here[i, 0] = value
            states[t + 1, i] = value
    end = _free_end(kernel, constants, states[steps], centres, shapes, radii2, owners, free_steps)
    if end < 0 or end == own:
        return 0
    low, high = 0, steps
    while high - low > 1:
        middle = (low + high) // 2
        end = _free_end(kernel, constants, states[middle], centres, shapes, radii2, owners, free_steps)
        if end >= 0 and end != own:
            high = middle
        else:
            low = middle
    return high


# --- proof ------------------------------------------------------------------------------------------------------------


def _replay(m: Map, attractors: Attractors, k: int, norm: float, goal: Goal, inputs: Floats) -> Escape | None:
    """The escape with its proof, or None where balls do not confirm it."""
    point = attractors[k].point
    if point is None:
        return None
    with balls.precision(_BITS):
        evaluate = ball_map(m)
        state = [balls.ball(e) for e in point.state]
        for u in inputs:
            image = evaluate.image_of_point(state)
            if not all(x.rad() < _LOST for x in image):
                return None
            state = [x + balls.ball(float(v)) for x, v in zip(image, u, strict=True)]
        if goal == "gamma" and operator_norm(evaluate.jacobian(state), attractors[k].traps[0].norm) >= 1:
            return Escape(_largest(inputs, norm), inputs, None, 0)
        for free in range(_FREE_STEPS):
            if not all(x.rad() < _LOST for x in state):
                return None
            for i, other in enumerate(attractors.listed):
                if any(ball.holds(state) for ball in balls_of(i, other)):
                    return None if i == k else Escape(_largest(inputs, norm), inputs, i, free)
            state = evaluate.image_of_point(state)
    return None


def _largest(inputs: Floats, norm: float) -> Fraction:
    """A rational number that no input exceeds in the norm: the largest itself, or rounded up to a float."""
    exact = [[Fraction(float(v)) for v in u] for u in np.unique(inputs, axis=0)]
    if norm == np.inf or inputs.shape[1] == 1:
        return max(abs(v) for u in exact for v in u)
    square = max(sum((v * v for v in u), Fraction(0)) for u in exact)
    with balls.precision(_BITS):
        return Fraction(Enclosure(*balls.ends(balls.FUNCTIONS["sqrt"](balls.ball(square)))).hi)
