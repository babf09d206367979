"""The largest operator norm of M' over a box: how much one step can stretch there, at most.

Where M' is affine in one function of a coordinate, such as x, x^2 or sech^2 x, its norm is convex in that function, so
the sup lies at an end of the function's range: at a known point. Where that settles every coordinate, the sup is the
largest of finitely many values. The other coordinates are searched by branch and bound.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

import numpy as np
import sympy as sp

from dynlatch.errors import InputError
from dynlatch.latch.contraction_search import Candidates, Search
from dynlatch.maps.balls import ball_map, ball_of, is_total
from dynlatch.maps.definition import MAX_SYMBOLIC_DIMENSION, Box, Map, TanhLayer, exact_box
from dynlatch.maps.evaluators import numpy_map
from dynlatch.rigor import balls, norms
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.rigor.norms import AdaptedNorm, OperatorNorm
from dynlatch.verdict import Stop, Verdict

_BITS: Final = 128
_MAX_CORNERS: Final = 4096
_MAX_TERMS: Final = 2000


@dataclass(frozen=True, slots=True)
class ContractionBound:
    """The sup of |M'| over a box. ``value`` encloses it, or is None where no bound was found (``reason`` says why).

    ``norm`` is the operator norm (1, 2, inf or the adapted one that was chosen), ``at`` the point that attains the
    lower end, ``expression`` the sup in the parameters' symbols where it is known exactly (which point attains it was
    decided at the map's values), ``verdict`` PROVED where ``value`` is an enclosure, and ``stop`` SOLVED where that is
    as narrow as was asked for.
    """

    map: Map
    box: Box
    norm: OperatorNorm
    value: Enclosure | None
    at: tuple[float, ...] | None
    expression: sp.Expr | None
    verdict: Verdict
    stop: Stop
    num_boxes: int
    reason: str

    @property
    def contracting(self) -> Verdict:
        """Whether the sup is below 1, so that M contracts this (convex) box in this norm."""
        if self.value is None or self.value.lower < 1 <= self.value.upper:
            return Verdict.INCONCLUSIVE
        return Verdict.PROVED if self.value.upper < 1 else Verdict.REFUTED

    def __repr__(self) -> str:
        return f"ContractionBound({self.map.name}: sup |M'| = {self.value}, norm={self.norm}, {self.verdict})"


def contraction_bound(
    m: Map, box: object = None, norm: object = 2, *, tolerance: float = 1e-9, max_boxes: int = 100_000
) -> ContractionBound:
    """Enclose the largest operator norm of M' over a box, sup over a in the box of |M'(a)|.

    Arguments: ``box``, one (lo, hi) per state (default: the map's domain); ``norm``: 1, 2, inf, "adapted" (P is
    chosen at the attracting fixed point that the box's middle leads to, or else at the middle) or an
    ``AdaptedNorm``; ``tolerance``, the width to search for, relative where the sup exceeds 1; ``max_boxes``, how many
    boxes may be examined. Where M' is undefined or may be unbounded on the box, the value is None.
    Raises: InputError for an empty or inverted box, an unknown norm, or senseless limits.
    Source: the repaired form of BSF94, theorem 2. Rigor: certified; exact to about 30 digits where no search is needed
    (the neuron, networks of up to 12 units, Henon, the logistic map), within ``tolerance`` elsewhere.
    Cost: milliseconds without a search; with one, seconds, growing exponentially with n.
    """
    if not (tolerance > 0 and math.isfinite(tolerance)):
        raise InputError(f"tolerance={tolerance} must be a positive number: no search ends without one; give 1e-9, say")
    if max_boxes < 1:
        raise InputError(f"max_boxes={max_boxes} must be at least 1: the box itself is one; give 100000, say")
    sides = m.domain if box is None else exact_box(box, m.dimension)
    kind = _adapt(m, sides) if isinstance(norm, str) and norm == "adapted" else norms.read_norm(norm, m.dimension)
    with balls.precision(_BITS):
        run, winners = _searched(m, sides, kind, tolerance, max_boxes)
        found = None, None, None, Verdict.INCONCLUSIVE
        if not run.reason:
            found = _value(run), run.at, _expression(m, winners, kind), Verdict.PROVED
    return ContractionBound(m, sides, kind, *found, run.stop, run.num_boxes, run.reason)


def largest_norm(m: Map, box: Box, norm: OperatorNorm = 2, *, tolerance: float, max_boxes: int) -> Enclosure | None:
    """The value of ``contraction_bound`` alone, which takes half as long where its closed form need not be found."""
    with balls.precision(_BITS):
        run, _ = _searched(m, box, norm, tolerance, max_boxes)
    return None if run.reason else _value(run)


def _searched(
    m: Map, box: Box, norm: OperatorNorm, tolerance: float, max_boxes: int
) -> tuple[Search, Sequence[tuple[sp.Expr, ...]]]:
    """The search, done, and the points that attain the sup where none was needed."""
    run = Search(m, box, norm, tolerance, max_boxes)
    candidates = _candidates(m, box, isinstance(norm, AdaptedNorm))
    if all(points is not None for points in candidates) and _defined(m, box):
        return run, run.compare(list(itertools.product(*(p for p in candidates if p is not None))))
    run.branch(candidates if _defined(m, box) else (None,) * m.dimension)
    return run, ()


def _value(run: Search) -> Enclosure:
    return Enclosure(run.lower, max(run.lower, run.upper))


def _defined(m: Map, box: Box) -> bool:
    """Whether M is proved to have a value on the whole box; else a few points of it say nothing about the rest."""
    sides = [balls.hull(balls.ball(lo), balls.ball(hi)) for lo, hi in box]
    return is_total(m) or all(value.is_finite() for value in ball_map(m).image(sides))


def _adapt(m: Map, box: Box) -> AdaptedNorm:
    """P for M' where the box's middle settles, else for M' at the middle; floats choose it, nothing rests on it."""
    middle = last = point = np.array([[float((lo + hi) / 2)] for lo, hi in box], dtype=np.float64)
    for _ in range(500):
        last, point = point, numpy_map(m).step(point)
    inside = all(lo <= p <= hi for (lo, hi), p in zip(box, np.nan_to_num(point[:, 0]).tolist(), strict=True))
    jacobian = numpy_map(m).jacobian(point if inside and np.allclose(last, point, 1e-9, 1e-12) else middle)[:, :, 0]
    return norms.adapted_norm(jacobian if np.all(np.isfinite(jacobian)) else np.eye(m.dimension))


# --- coordinates that need no search ----------------------------------------------------------------------------------


def _candidates(m: Map, box: Box, adapted: bool) -> Candidates:
    if isinstance(m.rule, TanhLayer):
        # |W diag(d)| grows with every d >= 0 in the norms 1, 2 and inf; in an adapted norm it is only convex in d.
        found: Candidates = tuple(_extremes(Fraction(0), lo, hi)[: 2 if adapted else 1] for lo, hi in box)
    else:
        found = tuple(_points(m, s, lo, hi) for s, (lo, hi) in zip(m.states, box, strict=True))
    while math.prod(len(points or (0,)) for points in found) > _MAX_CORNERS:
        last = max(i for i, points in enumerate(found) if points is not None and len(points) > 1)
        found = (*found[:last], None, *found[last + 1 :])
    return found


def _points(m: Map, x: sp.Symbol, lo: Fraction, hi: Fraction) -> tuple[sp.Expr, ...] | None:
    entries = _entries(m)
    if entries is None:
        return None
    parts = {t.as_independent(x, as_Add=False)[1] for e in entries for t in sp.Add.make_args(e) if t.has(x)}
    if not parts:
        return (_rational((lo + hi) / 2),)
    if len(parts) == 1:
        centre = _shape(parts.pop(), x)
        if centre is not None:
            return _extremes(centre if isinstance(centre, Fraction) else lo, lo, hi)
    return _critical_points(entries[0], x, lo, hi) if m.dimension == 1 else None


@lru_cache(maxsize=64)
def _entries(m: Map) -> tuple[sp.Expr, ...] | None:
    """The entries of M', multiplied out; None if they are too long for that."""
    entries = [e.xreplace(m.values) for e in m.jacobian]
    return None if sum(e.count_ops() for e in entries) > _MAX_TERMS else tuple(sp.expand(e) for e in entries)


def _shape(g: sp.Expr, x: sp.Symbol) -> Fraction | bool | None:
    """Where g, a function of x alone, turns round (being even about that point), True if g is monotone, else None."""
    base, power = g.as_base_exp()
    if base == sp.E:
        base, power = g, sp.S.One
    if not (power.is_Integer and power > 0):
        return None
    even = isinstance(base, sp.sech | sp.cosh) or (not isinstance(base, sp.exp) and power % 2 == 0)
    inner = base.args[0] if isinstance(base, sp.tanh | sp.sinh | sp.sech | sp.cosh | sp.exp) else base
    slope, rest = sp.diff(inner, x), inner.xreplace({x: sp.S.Zero})
    if not (slope.is_Rational and rest.is_Rational and slope != 0):
        return None
    return Fraction(int(-rest.p * slope.q), int(rest.q * slope.p)) if even else True


def _extremes(centre: Fraction, lo: Fraction, hi: Fraction) -> tuple[sp.Expr, ...]:
    """The point of [lo, hi] nearest to the centre and the one farthest from it."""
    return _rational(min(max(centre, lo), hi)), _rational(max(lo, hi, key=lambda end: abs(end - centre)))


def _critical_points(slope: sp.Expr, x: sp.Symbol, lo: Fraction, hi: Fraction) -> tuple[sp.Expr, ...] | None:
    """Both ends and the zeros of M'' between them, for a rational polynomial whose zeros are square roots."""
    polynomial = sp.Poly(sp.diff(slope, x), x) if slope.is_polynomial(x) else None
    if polynomial is None or not (polynomial.domain.is_QQ or polynomial.domain.is_ZZ):
        return None
    factors = [factor for factor, _ in polynomial.factor_list()[1]]
    if any(factor.degree() > 2 for factor in factors):
        return None
    ends = _rational(lo), _rational(hi)
    zeros = [z for factor in factors for z in sp.roots(factor) if z.is_real]
    return (*ends, *(z for z in zeros if (z > ends[0]) == True and (z < ends[1]) == True))  # noqa: E712 SymPy's truth


def _rational(value: Fraction) -> sp.Expr:
    return sp.Rational(value.numerator, value.denominator)


def _expression(m: Map, winners: Sequence[tuple[sp.Expr, ...]], norm: OperatorNorm) -> sp.Expr | None:
    """The norm of M' at the points that attain the sup, or None where it has no short closed form."""
    n = m.dimension
    awkward = n > 1 and (isinstance(norm, AdaptedNorm) or (norm == 2 and n > 2))
    if awkward or n > MAX_SYMBOLIC_DIMENSION or not 0 < len(winners) <= 8:
        return None
    at = [m.jacobian.xreplace(dict(zip(m.states, p, strict=True))) for p in winners]
    values = {v for jacobian in at for v in _symbolic_norm(jacobian, norm)}
    known = [(v, ball_of(v.xreplace(m.values))) for v in values]
    largest = [v for v, b in known if not any(b < other for _, other in known)]
    return sp.Max(*largest) if len(largest) > 1 else largest[0]


def _symbolic_norm(j: sp.ImmutableMatrix, norm: OperatorNorm) -> list[sp.Expr]:
    """Expressions whose largest is the norm."""
    if j.shape == (1, 1):
        return [sp.Abs(j[0, 0])]
    if norm == 2:
        (a, b), (c, d) = j.tolist()
        return [(sp.sqrt((a + d) ** 2 + (b - c) ** 2) + sp.sqrt((a - d) ** 2 + (b + c) ** 2)) / 2]
    return [sp.Add(*(sp.Abs(v) for v in row)) for row in (j.T if norm == 1 else j).tolist()]
