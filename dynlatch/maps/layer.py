"""Matrix kernels for W tanh(a) + b with any number of units; the constants are W row by row, then b."""

from __future__ import annotations

import math

import numpy as np

from dynlatch.jit import INTERVAL_KERNEL, KERNEL, jit_as
from dynlatch.maps.elementary import sech2, tanh
from dynlatch.rigor import intervals as iv


@jit_as(KERNEL)
def step(x, c, out, m):  # pyright: ignore
    """M(a) = W tanh(a) + b for ``m`` columns of states."""
    n = x.shape[0]
    squashed = np.empty(m)
    for k in range(n):
        column = x[k]
        for j in range(m):
            squashed[j] = tanh(column[j])
        for i in range(n):
            weight, bias, row = c[i * n + k], c[n * n + i], out[i]
            if k == 0:
                for j in range(m):
                    row[j] = bias + weight * squashed[j]
            else:
                for j in range(m):
                    row[j] += weight * squashed[j]


@jit_as(KERNEL)
def jacobian(x, c, out, m):  # pyright: ignore
    """M'(a) = W diag(sech^2 a), row-major, for ``m`` columns of states."""
    n = x.shape[0]
    slope = np.empty(m)
    for k in range(n):
        column = x[k]
        for j in range(m):
            slope[j] = sech2(column[j])
        for i in range(n):
            weight = c[i * n + k]
            row = out[i * n + k]
            for j in range(m):
                row[j] = weight * slope[j]


@jit_as(INTERVAL_KERNEL)
def interval_step(x_lo, x_hi, c_lo, c_hi, out_lo, out_hi, m):  # pyright: ignore
    """An enclosure of M over each of ``m`` boxes; exact up to rounding, since M is monotone in every state."""
    n = x_lo.shape[0]
    for i in range(n):
        for j in range(m):
            out_lo[i, j] = c_lo[n * n + i]
            out_hi[i, j] = c_hi[n * n + i]
    for k in range(n):
        # Neighbouring cells of a grid share ends, and tanh is what costs: keep the last two values.
        last_lo, last_hi, at_lo, at_hi = math.nan, math.nan, math.nan, math.nan
        for j in range(m):
            lo, hi = x_lo[k, j], x_hi[k, j]
            if lo != last_lo:
                at_lo = at_hi if lo == last_hi else math.tanh(lo)
            if hi != last_hi:
                at_hi = math.tanh(hi)
            last_lo, last_hi = lo, hi
            t_lo, t_hi = iv.tanh_between(at_lo, at_hi)
            for i in range(n):
                p_lo, p_hi = iv.mul(c_lo[i * n + k], c_hi[i * n + k], t_lo, t_hi)
                out_lo[i, j], out_hi[i, j] = iv.add(out_lo[i, j], out_hi[i, j], p_lo, p_hi)


@jit_as(INTERVAL_KERNEL)
def interval_jacobian(x_lo, x_hi, c_lo, c_hi, out_lo, out_hi, m):  # pyright: ignore
    """An enclosure of each entry of M' over each of ``m`` boxes, exact up to rounding."""
    n = x_lo.shape[0]
    for k in range(n):
        for j in range(m):
            s_lo, s_hi = iv.sech2(x_lo[k, j], x_hi[k, j])
            for i in range(n):
                e = i * n + k
                out_lo[e, j], out_hi[e, j] = iv.mul(c_lo[e], c_hi[e], s_lo, s_hi)
