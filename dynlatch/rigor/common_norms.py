"""One norm for several matrices at once: floats look for it, and every bound in it is certified all the same."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Final

import numpy as np

from dynlatch.rigor.norms import AdaptedNorm, Floats, OperatorNorm

_BITS: Final = 40
_MOST_WORDS: Final = 32
_TRIALS: Final = 150
_ROUNDS: Final = 4
_SEARCHED: Final = 6
"""The most rows for which the shape is searched; beyond, the best of the first guesses is taken."""


def common_norm(matrices: Floats) -> OperatorNorm:
    """A norm in which the largest norm of short products is small, per factor.

    Minimises max over words w of one length of |P A_w P^-1|_2^(1/|w|) over triangular P by the downhill simplex method,
    from the better of P = I and of P^T P = Q, the fixed point of Q -> sum of A^T Q A, in which no direction grows more
    than the others on average. Norms 1 and inf are taken where they are as small.
    Arguments: ``matrices``, finite, shape (m, n, n), of a size near 1. Returns 1, inf or P rounded to 40-bit dyadics.
    Rigor: floating point chooses; nothing rests on it. Cost: some ten milliseconds for n = 2, some hundred for n = 4.
    """
    n = matrices.shape[1]
    if n == 1:
        return 1
    words, length = _words(matrices)
    guesses = [np.zeros(n * (n + 1) // 2 - 1), _average_shape(matrices)]
    best = min(guesses, key=lambda x: _growth(x, words, length))
    best = _improved(best, words, length) if n <= _SEARCHED else best
    simple = {kind: float(np.log(np.max(np.linalg.norm(words, kind, axis=(1, 2))) + 1e-300)) for kind in (1, math.inf)}
    kind = min(simple, key=lambda k: simple[k])
    if simple[kind] / length <= _growth(best, words, length) + 1e-12:
        return kind
    return _rounded(_triangle(best, n))


def _words(matrices: Floats) -> tuple[Floats, int]:
    """All products of the greatest length of which there are not too many."""
    products, length = matrices, 1
    while len(matrices) > 1 and len(products) * len(matrices) <= _MOST_WORDS:
        products = (products[:, None] @ matrices[None]).reshape(-1, *matrices.shape[1:])
        length += 1
    return products, length


def _triangle(x: Floats, n: int) -> Floats:
    """Upper triangular, the first diagonal entry 1, the others positive."""
    p = np.diag(np.exp(np.concatenate([[0.0], x[: n - 1]])))
    p[np.triu_indices(n, 1)] = x[n - 1 :]
    return p


def _growth(x: Floats, words: Floats, length: int) -> float:
    """The logarithm, per factor, of the largest norm."""
    with np.errstate(all="ignore"):
        p = _triangle(np.clip(x, -60.0, 60.0), words.shape[1])
        turned = p @ words @ np.linalg.inv(p)
        if not np.all(np.isfinite(turned)):
            return 1e3
        return float(np.log(np.max(np.linalg.norm(turned, 2, axis=(1, 2))) + 1e-300)) / length


def _average_shape(matrices: Floats) -> Floats:
    n = matrices.shape[1]
    gram = np.eye(n)
    for _ in range(60):
        gram = np.sum(np.swapaxes(matrices, 1, 2) @ gram @ matrices, axis=0) + 1e-6 * np.trace(gram) * np.eye(n)
        gram = gram / np.trace(gram)
    p = np.linalg.cholesky(gram).T
    p = p / p[0, 0]
    return np.concatenate([np.log(np.diag(p)[1:]), p[np.triu_indices(n, 1)]])


def _improved(x: Floats, words: Floats, length: int) -> Floats:
    from scipy import optimize

    value = _growth(x, words, length)
    for _ in range(_ROUNDS):  # a simplex may collapse too early: it is spread anew from where it ended
        simplex = np.vstack([x, x + 0.5 * np.eye(x.size)])
        options = {"initial_simplex": simplex, "maxfev": _TRIALS * words.shape[1], "xatol": 1e-6, "fatol": 1e-8}
        found = optimize.minimize(_growth, x, args=(words, length), method="Nelder-Mead", options=options)
        gain = value - float(found.fun)
        if gain > 0.0:
            x, value = np.asarray(found.x, dtype=np.float64), float(found.fun)
        if gain < 1e-3:
            break
    return x


def _rounded(p: Floats) -> AdaptedNorm:
    scale = 2**_BITS
    size = float(np.max(np.abs(p)))
    rows = [[Fraction(round(float(v) / size * scale), scale) for v in row] for row in p]
    for i, row in enumerate(rows):  # still invertible
        row[i] = max(row[i], Fraction(1, scale))
    return AdaptedNorm(tuple(tuple(row) for row in rows))
