"""Determinants of interval matrices of up to four rows, and what their signs say about the spectral radius.

Compiled, and without memory that grows. Rigor: certified; poison gives poison, of which nothing is concluded.
"""

from __future__ import annotations

import numpy as np

from dynlatch.jit import jit
from dynlatch.rigor import intervals as iv


@jit
def jury(lo, hi, apart, above):  # pyright: ignore
    """Whether no A in an interval matrix has an eigenvalue on the unit circle (``apart``), or all have one outside.

    det(I - A), det(I + A) and the product of 1 - l_i l_k over pairs of eigenvalues are positive where the spectral
    radius is below 1, and as A moves to a radius of 1 one of them vanishes first. So ``apart`` is whether all three
    are positive everywhere: then every A is on the same side, which for n <= 2 is the inner one. ``above``, that every
    radius is 1 or more: one of them is nowhere positive, or |det A| >= 1. Arguments: lower and upper ends, shape
    (n, n, N) with n <= 4; two arrays of N booleans that take the answers. Source: Jury 1974 (the inners).
    """
    n = lo.shape[0]
    m_lo, m_hi = np.empty((n, n)), np.empty((n, n))
    for j in range(lo.shape[2]):
        d_lo, d_hi = _determinant(lo[:, :, j], hi[:, :, j])
        _one_minus(lo[:, :, j], hi[:, :, j], 1.0, m_lo, m_hi)
        a_lo, a_hi = _determinant(m_lo, m_hi)
        _one_minus(lo[:, :, j], hi[:, :, j], -1.0, m_lo, m_hi)
        b_lo, b_hi = _determinant(m_lo, m_hi)
        apart[j] = a_lo > 0.0 and b_lo > 0.0 and d_hi < 1.0
        above[j] = a_hi <= 0.0 or b_hi <= 0.0 or d_lo >= 1.0 or d_hi <= -1.0
        if n >= 3 and not above[j]:
            p_lo, p_hi = _pairs(lo[:, :, j], hi[:, :, j], d_lo, d_hi)
            apart[j] = apart[j] and p_lo > 0.0
            above[j] = p_hi <= 0.0


@jit
def _one_minus(lo, hi, sign, m_lo, m_hi):  # pyright: ignore
    """I - sign A."""
    n = lo.shape[0]
    for i in range(n):
        for k in range(n):
            a, b = (lo[i, k], hi[i, k]) if sign > 0.0 else (-hi[i, k], -lo[i, k])
            m_lo[i, k], m_hi[i, k] = iv.sub(1.0, 1.0, a, b) if i == k else (-b, -a)


@jit
def _pairs(lo, hi, d_lo, d_hi):  # pyright: ignore
    """The product of 1 - l_i l_k over pairs of eigenvalues, for n = 3 or 4, from the characteristic polynomial.

    With z^n + c_1 z^(n-1) + ... + c_n it is det(X - Y) of n - 1 rows, X_ik = c_(k-i) (c_0 = 1), Y_ik = c_(i+k+2).
    """
    n = lo.shape[0]
    c_lo, c_hi = np.zeros(2 * n), np.zeros(2 * n)
    c_lo[0], c_hi[0] = 1.0, 1.0
    for i in range(n):
        c_lo[1], c_hi[1] = iv.sub(c_lo[1], c_hi[1], lo[i, i], hi[i, i])
        for k in range(i):
            a, b = _minor2(lo, hi, k, i, k, i)
            c_lo[2], c_hi[2] = iv.add(c_lo[2], c_hi[2], a, b)
    c_lo[n], c_hi[n] = (d_lo, d_hi) if n == 4 else (-d_hi, -d_lo)
    if n == 4:
        for q, r, s in ((0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3)):
            a, b = _minor3(lo, hi, q, r, s, q, r, s)
            c_lo[3], c_hi[3] = iv.sub(c_lo[3], c_hi[3], a, b)
    m_lo, m_hi = np.zeros((n - 1, n - 1)), np.zeros((n - 1, n - 1))
    for i in range(n - 1):
        for k in range(n - 1):
            x_lo, x_hi = (c_lo[k - i], c_hi[k - i]) if k >= i else (0.0, 0.0)
            m_lo[i, k], m_hi[i, k] = iv.sub(x_lo, x_hi, c_lo[i + k + 2], c_hi[i + k + 2])
    return _determinant(m_lo, m_hi)


@jit
def _minor2(lo, hi, r, s, c, d):  # pyright: ignore
    """The determinant of rows r, s and columns c, d."""
    p_lo, p_hi = iv.mul(lo[r, c], hi[r, c], lo[s, d], hi[s, d])
    q_lo, q_hi = iv.mul(lo[r, d], hi[r, d], lo[s, c], hi[s, c])
    return iv.sub(p_lo, p_hi, q_lo, q_hi)


@jit
def _minor3(lo, hi, q, r, s, c, d, e):  # pyright: ignore
    """The determinant of rows q, r, s and columns c, d, e."""
    s_lo, s_hi = 0.0, 0.0
    for x, y, z in ((c, d, e), (d, e, c), (e, c, d)):
        a, b = _minor2(lo, hi, r, s, y, z)
        a, b = iv.mul(lo[q, x], hi[q, x], a, b)
        s_lo, s_hi = iv.add(s_lo, s_hi, a, b)
    return s_lo, s_hi


@jit
def _determinant(lo, hi):  # pyright: ignore
    """The determinant for n <= 4, by cofactors of the first row."""
    n = lo.shape[0]
    if n == 1:
        return lo[0, 0], hi[0, 0]
    if n == 2:
        return _minor2(lo, hi, 0, 1, 0, 1)
    if n == 3:
        return _minor3(lo, hi, 0, 1, 2, 0, 1, 2)
    s_lo, s_hi = 0.0, 0.0
    for k, (x, y, z) in enumerate(((1, 2, 3), (0, 2, 3), (0, 1, 3), (0, 1, 2))):
        a, b = _minor3(lo, hi, 1, 2, 3, x, y, z)
        a, b = iv.mul(lo[0, k], hi[0, k], a, b)
        s_lo, s_hi = iv.add(s_lo, s_hi, a, b) if k % 2 == 0 else iv.sub(s_lo, s_hi, a, b)
    return s_lo, s_hi
