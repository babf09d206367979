"""Where a map takes boxes: outward-rounded images, sharpened by the mean value form where that helps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from dynlatch.jit import jit
from dynlatch.latch.cycle_system import interval_product
from dynlatch.maps.definition import Map, TanhLayer
from dynlatch.maps.evaluators import Floats, interval_map
from dynlatch.maps.threads import for_chunks
from dynlatch.rigor import intervals as iv

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


def power_images(
    m: Map, lo: Floats, hi: Floats, powers: Sequence[int], *, threads: int | None = None
) -> Iterator[tuple[int, Floats, Floats]]:
    """For each of some rising powers s, ends of a box that holds M^s(a) for every a in each of N boxes; shapes (n, N).

    M^s(c) + (M^s)'(X)(X - c), intersected with the image of the image. One hull after s steps wraps less than s hulls:
    where orbits spiral inwards it shrinks, while the images of images grow.
    Rigor: certified; (nan, nan) where M may have no value on the way.
    """
    evaluator = interval_map(m)
    middle = _middles(lo, hi)
    at = middle, middle
    whole, slopes = (lo, hi), None
    for s in range(1, powers[-1] + 1):
        factor = evaluator.jacobian(*whole, threads=threads)
        slopes = factor if slopes is None else interval_product(*factor, *slopes)
        whole = images(m, *whole, threads=threads)
        at = evaluator.image(*at, threads=threads)
        _sharpen(lo, hi, middle, *at, *slopes, *whole)
        if s in powers:
            yield s, *whole


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
    evaluator = interval_map(m)
    middle = _middles(lo, hi)
    at_middle, slopes = evaluator.image(middle, middle), evaluator.jacobian(lo, hi)
    whole = lo, hi
    for _ in range(1, steps):
        whole = images(m, *whole)
        slopes = interval_product(*evaluator.jacobian(*whole), *slopes)
        at_middle = evaluator.image(*at_middle)
    shape = functionals.shape[0], lo.shape[1]
    result = np.empty(shape), np.empty(shape)
    _displace(lo, hi, middle, *at_middle, *slopes, functionals, *result)
    return result


@jit
def _displace(lo, hi, middle, m_lo, m_hi, j_lo, j_hi, functionals, out_lo, out_hi):  # pyright: ignore
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
def _sharpen(lo, hi, middle, m_lo, m_hi, j_lo, j_hi, image_lo, image_hi):  # pyright: ignore
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
