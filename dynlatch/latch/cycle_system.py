"""The system M^p(a) - a whose zeros are the cycles of a map, in intervals and in balls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dynlatch.jit import jit
from dynlatch.maps.balls import ball_map
from dynlatch.maps.definition import Map
from dynlatch.maps.evaluators import interval_map
from dynlatch.rigor import balls
from dynlatch.rigor import intervals as iv
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.rigor.interval_matrices import interval_product
from dynlatch.rigor.krawczyk import Ball, Floats, certify_zero
from dynlatch.rigor.spectra import Eigenvalue, eigenvalues

_BITS = 160


class CycleSystem:
    """f(a) = M^p(a) - a with its derivative, as boxes of intervals and as balls. Rigor: certified."""

    def __init__(self, m: Map, period: int) -> None:
        self.map = m
        self.period = period
        self._intervals = interval_map(m)
        self._balls = ball_map(m)

    def intervals(self, lo: Floats, hi: Floats) -> tuple[Floats, Floats]:
        """An enclosure of f over each box; shapes (n, N)."""
        image_lo, image_hi = lo, hi
        for _ in range(self.period):
            image_lo, image_hi = self._intervals.image(image_lo, image_hi)
        f_lo, f_hi = np.empty_like(lo), np.empty_like(lo)
        _subtract(image_lo, image_hi, lo, hi, f_lo, f_hi)
        return f_lo, f_hi

    def interval_derivative(self, lo: Floats, hi: Floats) -> tuple[Floats, Floats]:
        """An enclosure of (M^p)' - I over each box; shapes (n, N) to (n, n, N)."""
        p_lo, p_hi = self._intervals.jacobian(lo, hi)
        for _ in range(1, self.period):
            lo, hi = self._intervals.image(lo, hi)
            j_lo, j_hi = self._intervals.jacobian(lo, hi)
            p_lo, p_hi = interval_product(j_lo, j_hi, p_lo, p_hi)
        for i in range(self.map.dimension):
            one = np.ones((1, p_lo.shape[2]))
            f_lo, f_hi = np.empty_like(one), np.empty_like(one)
            _subtract(p_lo[i, i][None], p_hi[i, i][None], one, one, f_lo, f_hi)
            p_lo[i, i], p_hi[i, i] = f_lo[0], f_hi[0]
        return p_lo, p_hi

    def certify(self, near: NDArray[np.float64]) -> tuple[Enclosure, ...] | None:
        """A proved zero of f next to ``near``, enclosed to about 45 digits, or None."""
        return certify_zero(self._value, self._derivative, [float(x) for x in near], bits=_BITS)

    def orbit(self, point: Sequence[Enclosure]) -> tuple[tuple[Enclosure, ...], ...]:
        """The ``period`` points of the cycle through a certified point."""
        points = [tuple(point)]
        with balls.precision(_BITS + 32):
            state = [balls.ball(e) for e in point]
            for _ in range(1, self.period):
                state = self._balls.image(state)
                points.append(tuple(balls.enclosure(b) for b in state))
        return tuple(points)

    def has_least_period(self, point: Sequence[Enclosure]) -> bool:
        """Whether balls prove that the point does not return after any proper divisor of the period."""
        orbit = self.orbit(point)
        divisors = [d for d in range(1, self.period) if self.period % d == 0]
        return all(any(not a.overlaps(b) for a, b in zip(orbit[0], orbit[d], strict=True)) for d in divisors)

    def multipliers(self, point: Sequence[Enclosure]) -> tuple[Eigenvalue, ...] | None:
        """Enclosures of the eigenvalues of (M^p)' at a certified point, or None."""
        with balls.precision(_BITS + 32):
            return eigenvalues(self._product([balls.ball(e) for e in point]))

    def _value(self, box: Sequence[Ball]) -> list[Ball]:
        state = list(box)
        for _ in range(self.period):
            state = self._balls.image(state)
        return [b - a for a, b in zip(box, state, strict=True)]

    def _derivative(self, box: Sequence[Ball]) -> list[list[Ball]]:
        rows = self._product(box)
        return [[entry - (i == j) for j, entry in enumerate(row)] for i, row in enumerate(rows)]

    def _product(self, box: Sequence[Ball]) -> list[list[Ball]]:
        """(M^p)' over a box of balls, the newest factor on the left."""
        state = list(box)
        rows = self._balls.jacobian(state)
        for _ in range(1, self.period):
            state = self._balls.image(state)
            rows = balls.matrix_product(self._balls.jacobian(state), rows)
        return rows


@jit
def _subtract(a_lo: Floats, a_hi: Floats, b_lo: Floats, b_hi: Floats, c_lo: Floats, c_hi: Floats) -> None:
    for i in range(a_lo.shape[0]):
        for j in range(a_lo.shape[1]):
            c_lo[i, j], c_hi[i, j] = iv.sub(a_lo[i, j], a_hi[i, j], b_lo[i, j], b_hi[i, j])
