"""Networks of two units, a' = W tanh a, in plain floats: fast guesses for the search, never a verdict."""

from __future__ import annotations

import math
from typing import Final

from dynlatch.searching.family import Floats

State = tuple[float, float]
Matrix = tuple[float, float, float, float]
"""By rows."""

_LONG: Final = 200
_STILL: Final = 1e-9


def matrix(x: Floats) -> Matrix:
    """The first four numbers as a matrix."""
    return float(x[0]), float(x[1]), float(x[2]), float(x[3])


def step(W: Matrix, a: State) -> State:
    """W tanh a."""
    x, y = math.tanh(a[0]), math.tanh(a[1])
    return W[0] * x + W[1] * y, W[2] * x + W[3] * y


def settled(W: Matrix, a: State, steps: int = _LONG) -> State:
    """The state after many steps without inputs."""
    for _ in range(steps):
        a = step(W, a)
    return a


def jacobian(W: Matrix, a: State) -> Matrix:
    """W diag(sech^2 a)."""
    d, e = 1.0 - math.tanh(a[0]) ** 2, 1.0 - math.tanh(a[1]) ** 2
    return W[0] * d, W[1] * e, W[2] * d, W[3] * e


def product(A: Matrix, B: Matrix) -> Matrix:
    """A B."""
    return (
        A[0] * B[0] + A[1] * B[2], A[0] * B[1] + A[1] * B[3], A[2] * B[0] + A[3] * B[2], A[2] * B[1] + A[3] * B[3],
    )  # fmt: skip


def gradient(W: Matrix, a: State, steps: int) -> Matrix:
    """(M^steps)'(a)."""
    found = (1.0, 0.0, 0.0, 1.0)
    for _ in range(steps):
        found, a = product(jacobian(W, a), found), step(W, a)
    return found


def radius(A: Matrix) -> float:
    """The largest modulus of an eigenvalue."""
    trace, determinant = A[0] + A[3], A[0] * A[3] - A[1] * A[2]
    inside = trace * trace / 4.0 - determinant
    return math.sqrt(determinant) if inside < 0.0 else abs(trace) / 2.0 + math.sqrt(inside)


def norm(A: Matrix) -> float:
    """The largest singular value."""
    squares, determinant = sum(v * v for v in A), A[0] * A[3] - A[1] * A[2]
    return math.sqrt((squares + math.sqrt(max(squares * squares - 4.0 * determinant * determinant, 0.0))) / 2.0)


def monotone_norm(A: Matrix) -> float:
    """The least of the largest singular value and the weighted max-norms."""
    return min(norm(A), radius((abs(A[0]), abs(A[1]), abs(A[2]), abs(A[3]))))


def largest_on_the_way(W: Matrix, a: State) -> tuple[float, State | None]:
    """Along the orbit without inputs the largest spectral radius of (M^l)', l >= 1, and where it comes to rest."""
    found, largest = (1.0, 0.0, 0.0, 1.0), 0.0
    for _ in range(_LONG):
        found = product(jacobian(W, a), found)
        largest = max(largest, radius(found))
        following = step(W, a)
        if abs(following[0] - a[0]) + abs(following[1] - a[1]) < _STILL:
            return largest, following
        a = following
    return largest, None
