"""Where a map takes boxes: outward-rounded images, sharpened by the mean value form where that helps."""

# pyright: reportMissingParameterType=false
# numba infers the types of the kernels' arguments.
from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dynlatch.jit import jit
from dynlatch.maps.definition import Map, TanhLayer
from dynlatch.maps.evaluators import Floats, interval_map
from dynlatch.maps.threads import for_chunks
from dynlatch.rigor import intervals as iv
from dynlatch.rigor.interval_matrices import interval_product

_CHUNK: Final = 8192


def images(m: Map, lo: Floats, hi: Floats, *, threads: int | None = None) -> tuple[Floats, Floats]:
    """Lower and upper ends of a box that holds M(a) for every a in each of N boxes; shapes (n, N).

    For W tanh(a) + b the natural interval image is the exact hull. For formulas it is intersected with
    M(c) + M'(X)(X - c), c the middle, whose excess shrinks with the square of the width.
    Rigor: certified; (nan, nan) where M may have no value. Cost: some tens of nanoseconds a box and state for
    networks, several times that for formulas.
    """
    result = np.empty_like(lo), np.empty_like(lo)
    evaluator = interval_map(m)

    def work(start: int, end: int) -> None:
        part_lo, part_hi = (np.ascontiguousarray(ends[:, start:end]) for ends in (lo, hi))
        image_lo, image_hi = evaluator.image(part_lo, part_hi, threads=1)
        if not isinstance(m.rule, TanhLayer):
            middle = _middles(part_lo, part_hi)
            at_middle = evaluator.image(middle, middle, threads=1)
            slopes = evaluator.jacobian(part_lo, part_hi, threads=1)
            _sharpen(part_lo, part_hi, middle, *at_middle, *slopes, image_lo, image_hi)
        result[0][:, start:end], result[1][:, start:end] = image_lo, image_hi

    for_chunks(work, lo.shape[1], _CHUNK, threads=threads)
    return result


@dataclass(frozen=True, slots=True)
class BoxOrbit:
    """N boxes X followed together: what holds M^s(a), and (M^s)'(a), for every a in X.

    ``box`` encloses M^s over X as M^s(c) + (M^s)'(X)(X - c), intersected with the image of the box before: one hull
    after s steps wraps less than s hulls. Where orbits spiral inwards it shrinks while images of images grow.
    ``product`` (n, n, N) encloses (M^s)', ``factor`` the last M' in it; both are the identity before the first step.
    Rigor: certified; (nan, nan) where M may have no value on the way.
    """

    map: Map
    lo: Floats
    hi: Floats
    box: tuple[Floats, Floats]
    at: tuple[Floats, Floats]
    """M^s of the boxes' middles"""
    product: tuple[Floats, Floats]
    factor: tuple[Floats, Floats]
    steps: int

    def advanced(self, *, threads: int | None = 1) -> BoxOrbit:
        """One step on."""
        evaluator = interval_map(self.map)
        factor = evaluator.jacobian(*self.box, threads=threads)
        product = interval_product(*factor, *self.product) if self.steps else factor
        box = images(self.map, *self.box, threads=threads)
        at = evaluator.image(*self.at, threads=threads)
        _sharpen(self.lo, self.hi, _middles(self.lo, self.hi), *at, *product, *box)
        return BoxOrbit(self.map, self.lo, self.hi, box, at, product, factor, self.steps + 1)

    def only(self, chosen: NDArray[np.intp]) -> BoxOrbit:
        """Some of the boxes."""

        def cut(ends: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
            return np.ascontiguousarray(ends[0][..., chosen]), np.ascontiguousarray(ends[1][..., chosen])

        lo, hi = cut((self.lo, self.hi))
        return BoxOrbit(
            self.map, lo, hi, cut(self.box), cut(self.at), cut(self.product), cut(self.factor), self.steps
        )  # fmt: skip


def box_orbit(m: Map, lo: Floats, hi: Floats) -> BoxOrbit:
    """The orbit of N boxes, shapes (n, N), before its first step."""
    middle = _middles(lo, hi)
    n = m.dimension
    identity = np.repeat(np.eye(n)[:, :, None], lo.shape[1], axis=2)
    return BoxOrbit(m, lo, hi, (lo, hi), (middle, middle), (identity, identity), (identity, identity), 0)


def _middles(lo: Floats, hi: Floats) -> Floats:
    """Some point of each box; nan where it is unbounded both ways."""
    with np.errstate(invalid="ignore"):
        return 0.5 * lo + 0.5 * hi


def displacements(
    m: Map, lo: Floats, hi: Floats, functionals: Floats, steps: int = 1
) -> tuple[Floats, Floats]:  # fmt: skip
    """Bounds of f . (M^s(a) - a) over each of N boxes for K functionals f; shapes (n, N), (n, N), (K, n) to (K, N).

    The mean value form (M^s(c) - c) + ((M^s)'(X) - I)(X - c) keeps what M^s(a) and a have in common.
    Rigor: certified; (nan, nan) where nothing is known.
    """
    orbit = box_orbit(m, lo, hi)
    for _ in range(steps):
        orbit = orbit.advanced(threads=None)
    shape = functionals.shape[0], lo.shape[1]
    result = np.empty(shape), np.empty(shape)
    _displace(lo, hi, _middles(lo, hi), *orbit.at, *orbit.product, functionals, *result)
    return result


@jit
def _displace(lo, hi, middle, m_lo, m_hi, j_lo, j_hi, functionals, out_lo, out_hi):
    n = lo.shape[0]
    for j in range(lo.shape[1]):
        for q in range(functionals.shape[0]):
            s_lo, s_hi = 0.0, 0.0
            for k in range(n):
                f = functionals[q, k]
                d_lo, d_hi = iv.sub(m_lo[k, j], m_hi[k, j], middle[k, j], middle[k, j])
                d_lo, d_hi = iv.mul(f, f, d_lo, d_hi)
                s_lo, s_hi = iv.add(s_lo, s_hi, d_lo, d_hi)
                g_lo, g_hi = -f, -f  # (f . (M' - I))_k
                for i in range(n):
                    d_lo, d_hi = iv.mul(functionals[q, i], functionals[q, i], j_lo[i, k, j], j_hi[i, k, j])
                    g_lo, g_hi = iv.add(g_lo, g_hi, d_lo, d_hi)
                d_lo, d_hi = iv.sub(lo[k, j], hi[k, j], middle[k, j], middle[k, j])
                d_lo, d_hi = iv.mul(g_lo, g_hi, d_lo, d_hi)
                s_lo, s_hi = iv.add(s_lo, s_hi, d_lo, d_hi)
            out_lo[q, j], out_hi[q, j] = s_lo, s_hi


@jit
def _sharpen(lo, hi, middle, m_lo, m_hi, j_lo, j_hi, image_lo, image_hi):
    """Intersect images with the mean value form; a slope that is not known leaves them as they are."""
    n = lo.shape[0]
    for j in range(lo.shape[1]):
        for i in range(n):
            s_lo, s_hi = m_lo[i, j], m_hi[i, j]
            for k in range(n):
                d_lo, d_hi = iv.sub(lo[k, j], hi[k, j], middle[k, j], middle[k, j])
                p_lo, p_hi = iv.mul(j_lo[i, k, j], j_hi[i, k, j], d_lo, d_hi)
                s_lo, s_hi = iv.add(s_lo, s_hi, p_lo, p_hi)
            if s_lo > image_lo[i, j]:  # false for nan
                image_lo[i, j] = s_lo
            if s_hi < image_hi[i, j]:
                image_hi[i, j] = s_hi
