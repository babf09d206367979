"""A map in intervals: its image, its derivatives and its orbits, from the formulas or the weights alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from flint import arb

from dynlatch.checker import intervals as iv
from dynlatch.checker.functions import sech2, taylor
from dynlatch.checker.intervals import UNDEFINED, Interval
from dynlatch.checker.jets import Formula, Jet
from dynlatch.maps.definition import Map, TanhLayer

Box: TypeAlias = Sequence[Interval]
Rows: TypeAlias = list[list[Interval]]
"""A matrix of intervals."""


class System:
    """M and its derivatives over boxes, at the precision that holds when they are asked for. Rigor: certified."""

    def __init__(self, m: Map) -> None:
        self.map = m
        self.dimension = m.dimension
        self.layer = m.rule if isinstance(m.rule, TanhLayer) else None
        self._formula = None if self.layer else Formula(m.expressions, m.states, m.values)
        self._weights: dict[int, tuple[list[list[arb]], list[arb]]] = {}

    def image(self, box: Box) -> list[Interval]:
        """The range of M over the box, one interval per state; undefined where M has no value on all of it."""
        if self._formula is not None:
            return self._formula.evaluate(box)
        ends = [iv.increasing(arb.tanh, x) for x in box]
        rows, bias = self.weights()
        found: list[Interval] = []
        for row, low in zip(rows, bias, strict=True):
            high = low
            for w, t in zip(row, ends, strict=True):  # monotone in every state
                if w >= 0:
                    low, high = low + w * t.lo, high + w * t.hi
                else:
                    low, high = low + w * t.hi, high + w * t.lo
            found.append(iv.made(low, high))
        return found

    def weights(self) -> tuple[list[list[arb]], list[arb]]:
        """W and b of a network as balls."""
        assert self.layer is not None
        key = iv.bits()
        if key not in self._weights:
            rows = [[iv.exact(w) for w in row] for row in self.layer.weights]
            self._weights[key] = rows, [iv.exact(b) for b in self.layer.bias]
        return self._weights[key]

    def jacobian(self, box: Box) -> Rows:
        """M' over the box, row by row; undefined wherever M has no value on all of the box."""
        if self._formula is not None:
            return [[j.coefficient(k) for k in range(self.dimension)] for j in self.jets(box, 1)]
        slopes = [sech2(x) for x in box]
        rows, _ = self.weights()
        return [[iv.around(w) * s for w, s in zip(row, slopes, strict=True)] for row in rows]

    def hessians(self, box: Box) -> list[Rows]:
        """The second derivatives d^2 M_i / da_j da_k over the box, as [i][j][k]."""
        n = self.dimension
        if self._formula is None:
            rows, _ = self.weights()
            bends = [taylor("tanh", x, 2)[2] * iv.number(2) for x in box]
            return [
                [[iv.around(row[j]) * bends[j] if j == k else iv.ZERO for k in range(n)] for j in range(n)]
                for row in rows
            ]
        two = iv.number(2)
        return [
            [[j.coefficient(i, k) * (two if i == k else iv.ONE) for k in range(n)] for i in range(n)]
            for j in self.jets(box, 2)
        ]

    def slopes(self, box: Box, order: int) -> list[list[Jet]]:
        """The entries of M' as jets of this order over the box (of formulas only)."""
        return [[j.derivative(k) for k in range(self.dimension)] for j in self.jets(box, order + 1)]

    def is_smooth(self, box: Box) -> bool:
        """Whether M' is proved to exist, and to have a derivative, on the whole box."""
        if self.layer:
            return True
        return all(entry.defined for matrix in self.hessians(box) for row in matrix for entry in row)

    def jets(self, box: Box, order: int) -> list[Jet]:
        """The components of M as jets of this order over the box (of formulas only)."""
        assert self._formula is not None
        jets = self._formula.jets(box, order)
        if all(j.value.defined for j in jets):
            return jets
        # Where M has no value its formulas' derivatives may have one: d/dx atan(tan x) = 1. They prove nothing.
        return [Jet(j.shape, [UNDEFINED for _ in j.coefficients]) for j in jets]

    def orbit_end(self, box: Box, steps: int) -> list[Interval]:
        """The range of M^steps over the box."""
        state = list(box)
        for _ in range(steps):
            state = self.image(state)
        return state

    def power_jacobian(self, box: Box, steps: int) -> Rows:
        """(M^steps)' over the box: the product of M' along its images, newest on the left."""
        product = self.jacobian(box)
        state = list(box)
        for _ in range(1, steps):
            state = self.image(state)
            product = matrix_product(self.jacobian(state), product)
        return product

    def mean_value_image(self, box: Box) -> list[Interval]:
        """The range of M, by M(c) + M'(box)(box - c) about the middle c as well; narrower for small boxes."""
        middle = [Interval(x.middle, x.middle) for x in box]
        spread = [x - c for x, c in zip(box, middle, strict=True)]
        found: list[Interval] = []
        for plain, at_middle, row in zip(self.image(box), self.image(middle), self.jacobian(box), strict=True):
            linear = iv.total([at_middle, *(d * s for d, s in zip(row, spread, strict=True))])
            found.append(iv.meet(plain, linear) if plain.defined else UNDEFINED)
        return found


def defined(box: Box) -> bool:
    """Whether every side has ends."""
    return all(x.defined for x in box)


def point(values: Sequence[arb]) -> list[Interval]:
    """A box without extent."""
    return [Interval(v, v) for v in values]


def matrix_product(left: Sequence[Sequence[Interval]], right: Sequence[Sequence[Interval]]) -> Rows:
    """The product of two interval matrices."""
    columns = list(zip(*right, strict=True))
    return [[iv.total([a * b for a, b in zip(row, c, strict=True)]) for c in columns] for row in left]


def matrix_times(rows: Sequence[Sequence[Interval]], vector: Sequence[Interval]) -> list[Interval]:
    """A matrix times a column."""
    return [iv.total([a * x for a, x in zip(row, vector, strict=True)]) for row in rows]
