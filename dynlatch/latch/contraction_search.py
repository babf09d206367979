"""Branch and bound for the sup of |M'|: floats by the batch first, then balls with second derivatives."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Final, TypeAlias

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from dynlatch.errors import InputError
from dynlatch.maps.balls import ball_map, ball_of
from dynlatch.maps.definition import MAX_SYMBOLIC_DIMENSION, Box, Map
from dynlatch.maps.evaluators import interval_map, numpy_map
from dynlatch.rigor import balls, norms
from dynlatch.rigor.enclosure import Enclosure, float_above, float_below
from dynlatch.rigor.float_norms import norm_upper_bounds
from dynlatch.rigor.krawczyk import Ball
from dynlatch.rigor.norms import OperatorNorm
from dynlatch.verdict import Stop

Floats: TypeAlias = NDArray[np.float64]
Candidates: TypeAlias = tuple[tuple[sp.Expr, ...] | None, ...]
"""Per coordinate the points among which the sup lies, or None for a coordinate that must be searched."""
Bounded: TypeAlias = list[tuple[Fraction, Box]]

_FEW_CORNERS: Final = 64
_COARSE_BOXES: Final = 8192
_BATCH: Final = 512
_LARGE_COST: Final = 2_000_000
_CLIMBS: Final = 4
_BALL_COST: Final = 25
"""How many compiled boxes one box of balls is worth."""
_TINY: Final = Fraction(1, 2**60)
_UNBOUNDED: Final = Fraction(2**2048)
"""Stands for "no bound" among exact numbers; no float is as large."""


class Search:
    """The best point so far and the bounds of everything that is settled."""

    def __init__(self, m: Map, box: Box, norm: OperatorNorm, tolerance: float, max_boxes: int) -> None:
        self.map, self.box, self.norm, self.tolerance, self.max_boxes = m, box, norm, tolerance, max_boxes
        self.lower, self.upper, self.at = Fraction(-1), Fraction(-1), tuple[float, ...]()
        self.num_boxes, self.stop, self.reason = 0, Stop.SOLVED, ""

    def near(self, upper: Fraction) -> bool:
        """Whether a bound is as close to the best value as was asked for."""
        return upper <= self.lower + Fraction(self.tolerance) * max(1, self.lower)

    def visit(self, point: Sequence[Ball]) -> Fraction:
        """Take in the norm at a point of the box; returns an upper bound of it."""
        try:
            lower, upper = balls.ends(norms.operator_norm(ball_map(self.map).jacobian(point), self.norm))
        except ArithmeticError:
            return _UNBOUNDED
        if lower > self.lower:
            self.lower, self.at = max(lower, Fraction(0)), tuple(float(p) for p in point)
        return upper

    def fail(self, point: Sequence[float], stop: Stop) -> None:
        """No bound: M' is undefined or unbounded next to a point, as far as can be told."""
        place = ", ".join(f"{p:.6g}" for p in point)
        self.stop, self.reason = stop, f"M' is undefined or has no bound that was found near ({place})"

    def compare(self, points: Sequence[tuple[sp.Expr, ...]]) -> list[tuple[sp.Expr, ...]]:
        """The largest of finitely many values; returns the points that may attain it."""
        bounds = [math.inf] * len(points)
        if len(points) > _FEW_CORNERS:
            ends = _float_ends([tuple((_exact(v), _exact(v)) for v in point) for point in points])
            bounds = norm_upper_bounds(*interval_map(self.map).jacobian(*ends), self.norm).tolist()
        seen: list[tuple[Fraction, tuple[sp.Expr, ...]]] = []
        for i in sorted(range(len(points)), key=lambda i: -bounds[i]):
            if bounds[i] < self.lower:
                break
            upper = self.visit([ball_of(v) for v in points[i]])
            if upper == _UNBOUNDED:
                self.fail([float(v) for v in points[i]], Stop.STUCK)
                return []
            seen.append((upper, points[i]))
            self.num_boxes += 1
        self.upper = max(upper for upper, _ in seen)
        return [point for upper, point in seen if upper >= self.lower]

    def branch(self, candidates: Candidates) -> None:
        """Search the coordinates that have no candidates: first with floats by the batch, then with balls."""
        rest = [i for i, points in enumerate(candidates) if points is None]
        sides = [
            [side] if p is None else [(_exact(v), _exact(v)) for v in p]
            for p, side in zip(candidates, self.box, strict=True)
        ]
        boxes = [(_UNBOUNDED, box) for box in itertools.product(*sides)]
        if self.map.dimension > 1:
            boxes = self._coarse(boxes, rest)
        if not self.reason and self.map.dimension <= MAX_SYMBOLIC_DIMENSION:
            self._fine(boxes, rest)
        elif not self.reason:
            self.upper = max(bound for bound, _ in boxes)
            self.stop = Stop.SOLVED if self.near(self.upper) else Stop.BUDGET

    def _coarse(self, boxes: Bounded, rest: Sequence[int]) -> Bounded:
        """Bisect the boxes of largest bound, many at a time, with compiled intervals."""
        lo, hi = _float_ends([box for _, box in boxes])
        scale = np.array([float(h - l) for l, h in self.box], dtype=np.float64)[rest, None]
        bounds = self._bounds(lo, hi)
        n = self.map.dimension
        budget = min(self.max_boxes // 2, _COARSE_BOXES if n <= MAX_SYMBOLIC_DIMENSION else _LARGE_COST // n**2)
        while self.num_boxes < budget and not self.near(_fraction(float(np.max(bounds)))):
            open_ = np.flatnonzero(bounds > float_below(self.lower))
            lo, hi, bounds = lo[:, open_], hi[:, open_], bounds[open_]
            order = np.argsort(-bounds, kind="stable")
            first, later = order[:_BATCH], order[_BATCH:]
            columns = np.arange(first.size)
            left_lo, right_hi = lo[:, first], hi[:, first]
            side = np.array(rest)[np.argmax((right_hi - left_lo)[rest] / scale, axis=0)]
            cut = 0.5 * left_lo[side, columns] + 0.5 * right_hi[side, columns]
            left_hi, right_lo = right_hi.copy(), left_lo.copy()
            left_hi[side, columns] = right_lo[side, columns] = cut
            new_lo, new_hi = np.hstack([left_lo, right_lo]), np.hstack([left_hi, right_hi])
            new_bounds = np.minimum(self._bounds(new_lo, new_hi), np.tile(bounds[first], 2))
            lo, hi = np.hstack([lo[:, later], new_lo]), np.hstack([hi[:, later], new_hi])
            bounds = np.concatenate([bounds[later], new_bounds])
        worst = int(np.argmax(bounds))
        if math.isinf(bounds[worst]):
            self.fail((0.5 * lo[:, worst] + 0.5 * hi[:, worst]).tolist(), Stop.BUDGET)
        else:
            self._climb(lo, hi, np.argsort(-bounds, kind="stable")[:_CLIMBS])
        columns = zip(lo.T.tolist(), hi.T.tolist(), strict=True)
        exact = [
            tuple((max(Fraction(l), s), min(Fraction(h), t)) for l, h, (s, t) in zip(*c, self.box, strict=True))
            for c in columns
        ]
        return list(zip(map(_fraction, bounds.tolist()), exact, strict=True))

    def _climb(self, lo: Floats, hi: Floats, starts: NDArray[np.intp]) -> None:
        """Better points by local ascent in floats, so that fewer boxes can hold the sup."""
        from scipy import optimize

        def minus_norm(x: Floats) -> float:
            jacobian = numpy_map(self.map).jacobian(x[:, None])
            size = norm_upper_bounds(jacobian, jacobian, self.norm)[0]
            return -float(size) if np.isfinite(size) else 0.0

        sides = [(float(l), float(h)) for l, h in self.box]
        for j in starts:
            top = optimize.minimize(minus_norm, 0.5 * lo[:, j] + 0.5 * hi[:, j], bounds=sides, method="L-BFGS-B")
            self._visit_floats(top.x.tolist())

    def _visit_floats(self, x: Sequence[float]) -> None:
        self.visit([balls.ball(min(max(Fraction(v), lo), hi)) for v, (lo, hi) in zip(x, self.box, strict=True)])

    def _bounds(self, lo: Floats, hi: Floats) -> Floats:
        """Upper bounds over boxes; the middle of the most promising one may be a new best point."""
        self.num_boxes += lo.shape[1]
        middle = 0.5 * lo + 0.5 * hi
        jacobian = interval_map(self.map).jacobian
        values = norm_upper_bounds(*jacobian(middle, middle), self.norm)
        values[np.isinf(values)] = -1.0
        best = int(np.argmax(values))
        if values[best] > self.lower:
            self._visit_floats(middle[:, best].tolist())
        defined = np.all(np.isfinite(interval_map(self.map).image(lo, hi)), axis=(0, 1))
        return np.where(defined, norm_upper_bounds(*jacobian(lo, hi), self.norm), math.inf)

    def _fine(self, boxes: Bounded, rest: Sequence[int]) -> None:
        """Best first with balls and second derivatives: near a smooth maximum the excess is quadratic in the width."""
        heap = [(-bound, i, box) for i, (bound, box) in enumerate(boxes)]
        heapq.heapify(heap)
        serial = itertools.count(len(heap))
        while heap and not self.near(-heap[0][0]):
            bound, _, box = heapq.heappop(heap)
            upper, spread = self._ball_bound(box)
            upper = min(upper, -bound)
            side = max(rest, key=lambda k: spread[k])
            lo, hi = box[side]
            if self.near(upper):
                self.upper = max(self.upper, upper)
                continue
            small = hi - lo <= _TINY * (self.box[side][1] - self.box[side][0])
            if small or self.num_boxes >= self.max_boxes:
                self.stop = Stop.STUCK if small else Stop.BUDGET
                heap.append((-upper, next(serial), box))
                break
            middle = lo + (hi - lo) * Fraction(127, 256)
            for ends in ((lo, middle), (middle, hi)):
                heapq.heappush(heap, (-upper, next(serial), (*box[:side], ends, *box[side + 1 :])))
        self.upper = max([self.upper, *(-bound for bound, _, _ in heap)])
        if self.upper >= _UNBOUNDED:
            worst = min(heap, key=lambda item: item[0])[2]
            self.fail([float((lo + hi) / 2) for lo, hi in worst], self.stop)

    def _ball_bound(self, box: Box) -> tuple[Fraction, list[float]]:
        """An upper bound over one box, and how much M' varies along each coordinate."""
        self.num_boxes += _BALL_COST
        evaluate = ball_map(self.map)
        whole = [balls.ball(Enclosure(lo, hi)) for lo, hi in box]
        centre = [balls.ball((lo + hi) / 2) for lo, hi in box]
        widths = [float((hi - lo) / (h - l)) for (lo, hi), (l, h) in zip(box, self.box, strict=True)]
        jacobian = evaluate.jacobian(whole)
        if self.visit(centre) == _UNBOUNDED or not _finite(jacobian) or not _finite([evaluate.image(whole)]):
            return _UNBOUNDED, widths
        plain = norms.operator_norm_bound(jacobian, self.norm)
        try:
            bends = evaluate.second_derivatives(whole)
        except InputError:  # a kink: M' has no formula for its derivative
            return _upper_end(plain), widths
        if not all(_finite(matrix) for matrix in bends):
            return _upper_end(plain), widths
        if self.map.dimension == 1 and (bends[0][0][0] > 0 or bends[0][0][0] < 0):
            return max(self.visit([balls.ball(end)]) for end in box[0]), widths
        shift = [x - c for x, c in zip(whole, centre, strict=True)]
        sharp = norms.second_order_bound(evaluate.jacobian(centre), bends, shift, self.norm)
        indices = range(self.map.dimension)
        spread = [sum(float(abs(bends[i][j][k] * shift[k]).upper()) for i in indices for j in indices) for k in indices]
        return _upper_end(plain.min(sharp)), spread


def _fraction(bound: float) -> Fraction:
    return Fraction(bound) if math.isfinite(bound) else _UNBOUNDED


def _upper_end(bound: Ball) -> Fraction:
    try:
        return balls.ends(bound)[1]
    except ArithmeticError:  # not finite, or too large to be written out
        return _UNBOUNDED


def _exact(value: sp.Expr) -> Fraction:
    return Fraction(int(value.p), int(value.q))


def _float_ends(boxes: Sequence[Box]) -> tuple[Floats, Floats]:
    """Lower and upper ends rounded outward, shape (n, N)."""
    lo, hi = ([[r(side[e]) for side in box] for box in boxes] for e, r in enumerate((float_below, float_above)))
    return np.array(lo, dtype=np.float64).T, np.array(hi, dtype=np.float64).T


def _finite(rows: Sequence[Sequence[Ball]]) -> bool:
    return all(v.is_finite() for row in rows for v in row)
