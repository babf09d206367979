"""Orbits of boxes with their derivatives, kept narrow by the mean value form of the whole way."""

from __future__ import annotations

from collections.abc import Sequence

from dynlatch.checker import intervals as iv
from dynlatch.checker.intervals import Interval
from dynlatch.checker.systems import Box, Rows, System, defined, matrix_product, point


class Walk:
    """M^step over a box X (``state``) and (M^step)' (``product``), step by step.

    The state is the image of the state before, met with M^step(c) + (M^step)'(X) (X - c) about the middle c: one hull
    after many steps wraps less than many hulls. ``factor`` is the derivative of the last ``period`` steps.
    Rigor: certified.
    """

    def __init__(self, system: System, box: Box, period: int = 1) -> None:
        middle = [x.middle for x in box]
        self._system = system
        self._period = period
        self._middle = point(middle)
        self._spread = [x - c for x, c in zip(box, self._middle, strict=True)]
        self._at = self._middle
        self._factor: Rows = []
        self.step = 0
        self.state = list(box)
        self.product: Rows = []

    def advance(self) -> bool:
        """One step more; False if M or its derivative may not be defined there."""
        slopes = self._system.jacobian(self.state)
        if not all(defined(row) for row in slopes):
            return False
        self.product = matrix_product(slopes, self.product) if self.step else slopes
        self._factor = matrix_product(slopes, self._factor) if self.step % self._period else slopes
        image = self._system.image(self.state)
        if not defined(image):
            return False
        self._at = self._system.image(self._at)
        self.state = [
            iv.meet(plain, iv.total([at, *(d * s for d, s in zip(row, self._spread, strict=True))]))
            for plain, at, row in zip(image, self._at, self.product, strict=True)
        ]
        self.step += 1
        return True

    @property
    def factor(self) -> Rows | None:
        """The derivative of the last full period, where one ends here."""
        return self._factor if self.step and self.step % self._period == 0 else None

    def displacement(self, functional: Sequence[Interval]) -> Interval:
        """The range of f . (M^step(a) - a) over the box, by the mean value form."""
        rows = [[e - iv.ONE if i == j else e for j, e in enumerate(row)] for i, row in enumerate(self.product)]
        columns = list(zip(*rows, strict=True))
        slopes = [iv.total([f * e for f, e in zip(functional, column, strict=True)]) for column in columns]
        shift = [y - c for y, c in zip(self._at, self._middle, strict=True)]
        return iv.total(
            [f * s for f, s in zip(functional, shift, strict=True)]
            + [d * x for d, x in zip(slopes, self._spread, strict=True)]
        )
