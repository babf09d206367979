"""The joint spectral radius of several matrices: how fast the largest of their long products grows, per factor.

JSR = lim over k of max over words w of k letters of |A_w|^(1/k), in any norm. It lies between rho(A_w)^(1/|w|) for
every word w, and the largest |A_w|^(1/|w|) over words w such that every infinite word begins with one of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, TypeAlias

import numpy as np
from flint import arb_mat
from numpy.typing import NDArray

from dynlatch.errors import InputError
from dynlatch.rigor import balls, intervals
from dynlatch.rigor.common_norms import common_norm
from dynlatch.rigor.enclosure import float_above, float_below
from dynlatch.rigor.float_norms import norm_upper_bounds
from dynlatch.rigor.interval_matrices import interval_product
from dynlatch.rigor.matrix_sets import Ends, read_matrices
from dynlatch.rigor.norms import AdaptedNorm, Floats, OperatorNorm, Rational
from dynlatch.rigor.spectra import eigenvalues
from dynlatch.verdict import Stop, Verdict

_BITS: Final = 256
_FIRST_WORDS: Final = 2000
_BETTER: Final = 1.0 + 1e-12
_MOST_PRODUCTS: Final = 4096
_MOST_LETTERS: Final = 500

Word: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class JointRadius:
    """Certified bounds ``lower`` <= JSR <= ``upper`` of the joint spectral radius.

    ``word`` (indices of matrices, from left to right as they stand in the product) is what proves the lower bound,
    ``length`` the number of factors up to which products were followed for the upper one, in ``norm`` (None where no
    norm was needed: one matrix, or products that vanish).
    ``verdict`` is PROVED where there is an upper bound at all, ``stop`` SOLVED where the bounds are as close as was
    asked for, and ``num_products`` how many products were formed.
    """

    lower: float
    upper: float
    verdict: Verdict
    stop: Stop
    word: Word
    length: int
    norm: OperatorNorm | None
    num_products: int

    @property
    def below_one(self) -> Verdict:
        """Whether the joint spectral radius is below 1, so that all products tend to 0; ``word`` refutes it."""
        if self.upper < 1.0:
            return Verdict.PROVED
        return Verdict.REFUTED if self.lower >= 1.0 else Verdict.INCONCLUSIVE

    def __repr__(self) -> str:
        word = " ".join(map(str, self.word))
        return f"JointRadius({self.lower:.10g} to {self.upper:.10g}, word {word}, {self.verdict}, {self.stop})"


def joint_spectral_radius(matrices: object, *, gap: float = 0.01, max_products: int = 200_000) -> JointRadius:
    """Bound the joint spectral radius of a set of matrices from both sides.

    Branch and bound over words (Gripenberg): a word is followed no further once |A_w| <= t^|w| with t a little above
    the best lower bound, in an adapted norm that suits all matrices.
    Arguments: ``matrices``, square matrices of one size as rows of integers, fractions or floats (taken exactly); or a
    pair of arrays, lower and upper ends of N interval matrices, shape (n, n, N), for the set of all matrices in them;
    ``gap``, how far apart the bounds may be, relative to the lower one; ``max_products``, how many may be formed.
    Raises: InputError for no matrices, other shapes or entries than these, or senseless limits.
    Source: Gripenberg 1996. Rigor: certified (balls below, outward-rounded floats above); floats choose norm and words.
    Cost: milliseconds to a second for a few matrices of 2 to 4 rows; the number of products may grow without bound
    as the gap shrinks, or where an interval matrix is wider than the gap.
    """
    if not (gap > 0.0 and math.isfinite(gap)):
        raise InputError(f"gap={gap} must be a positive number: the bounds seldom meet exactly; give 0.01, say")
    if max_products < 1:
        raise InputError(f"max_products={max_products} must be at least 1: every matrix is one; give 200000, say")
    ends, members = read_matrices(matrices)
    if not members:
        return JointRadius(0.0, math.inf, Verdict.INCONCLUSIVE, Stop.STUCK, (0,), 0, None, 0)
    zero_after = _vanishes(members) if ends is None else None
    if zero_after is not None:
        return JointRadius(0.0, 0.0, Verdict.PROVED, Stop.SOLVED, (0,), zero_after, None, 0)
    search = _Search(members, ends)
    if not (len(members) == 1 and ends is None and search.settles(gap)):
        search.branch(gap, max_products)
    return search.result()


def _vanishes(members: Sequence[Rational]) -> int | None:
    """The length from which all products are exactly 0, or None; if there is one then n letters suffice."""
    products = set(members)
    for length in range(1, len(members[0]) + 1):
        products = {p for p in products if any(v for row in p for v in row)}
        if not products:
            return length
        if len(products) * len(members) > _MOST_PRODUCTS:
            return None
        products = {_times(p, a) for p in products for a in members}
    return None


def _times(a: Rational, b: Rational) -> Rational:
    columns = list(zip(*b, strict=True))
    return tuple(tuple(sum((x * y for x, y in zip(r, c, strict=True)), Fraction(0)) for c in columns) for r in a)


# --- the search -------------------------------------------------------------------------------------------------------


class _Search:
    """Bounds that only ever close in. Matrices are scaled by a power of 2, so that products stay of moderate size."""

    def __init__(self, members: Sequence[Rational], ends: Ends | None) -> None:
        largest = max(abs(v) for m in members for row in m for v in row)
        if ends is not None:
            largest = max(largest, Fraction(float(np.max(np.abs(ends)))))
        self.exponent = _exponent(largest)
        self._floats = _as_floats(members, self.exponent)
        word, growth = _first_word(self._floats)
        if growth > 2.0**-20:  # else products of the size of the entries stay in range for long enough
            self.exponent += round(math.log2(growth))
            self._floats = _as_floats(members, self.exponent)
        factor = Fraction(2) ** -self.exponent
        self._size = len(members[0])
        self._members = [tuple(tuple(v * factor for v in row) for row in m) for m in members]
        self.norm = common_norm(self._floats)
        self._kind = 2 if isinstance(self.norm, AdaptedNorm) else self.norm
        self._turned = self._in_the_norm(None if ends is None else _scaled(ends, -self.exponent))
        self.lower, self.word = 0.0, (0,)
        self._raise(word)
        self._leaves: dict[int, float] = {}
        self.upper, self.length, self.num_products, self.stop = math.inf, 0, 0, Stop.BUDGET

    def _in_the_norm(self, ends: Ends | None) -> Ends:
        """Enclosures of P A P^-1, the norms of which are in norm 2; of A itself for norms 1 and inf."""
        if isinstance(self.norm, AdaptedNorm):
            p, q = self.norm.matrix, self.norm.inverse
        else:
            p = q = tuple(tuple(Fraction(int(i == j)) for j in range(self._size)) for i in range(self._size))
        if ends is None:
            return _enclosed([_times(_times(p, m), q) for m in self._members])
        count = ends[0].shape[2]
        left, right = ([np.repeat(side, count, axis=2) for side in _enclosed([m])] for m in (p, q))
        return interval_product(left[0], left[1], *interval_product(*ends, right[0], right[1]))

    def _raise(self, word: Word) -> None:
        """Raise the lower bound to rho(A_w)^(1/|w|), proved with balls, if that is more."""
        bound = self._growth(word, upper=False)
        if bound > self.lower:
            self.lower, self.word = bound, word

    def _growth(self, word: Word, *, upper: bool) -> float:
        """A bound of rho(A_w)^(1/|w|); 0 or inf where none is found."""
        with balls.precision(_BITS):
            product = arb_mat([[balls.ball(v) for v in row] for row in self._members[word[0]]])
            for letter in word[1:]:
                product *= arb_mat([[balls.ball(v) for v in row] for row in self._members[letter]])
            found = eigenvalues(product.tolist())
            if found is None:
                return math.inf if upper else 0.0
            ends = [e.modulus.upper if upper else e.modulus.lower for e in found]
            root = balls.enclosure(balls.ball(max(ends)).root(len(word)))
        return root.hi if upper else max(root.lo, 0.0)

    def settles(self, gap: float) -> bool:
        """Whether the spectral radius of the only matrix, an exact one, is all there is to know."""
        self.upper = self._growth((0,), upper=True)
        solved = self.upper <= (1.0 + gap) * self.lower
        self.stop, self.length, self.num_products = (Stop.SOLVED if solved else Stop.BUDGET), 1, 1
        return solved

    def branch(self, gap: float, max_products: int) -> None:
        """Follow words, all of one length at a time, until every one is small enough or too many were formed."""
        lo, hi = self._turned
        count = lo.shape[2]
        words = np.arange(count)[:, None]
        p_lo, p_hi = lo, hi
        size, length = np.full(count, math.inf), np.ones(count, dtype=np.int64)  # of the best beginning of each word
        self.num_products, self.length = count, 1
        while True:
            self._raise_by(words, p_lo, p_hi)
            norms = norm_upper_bounds(p_lo, p_hi, self._kind)
            better = _roots(norms, self.length) < _roots(size, length)
            size, length = np.where(better, norms, size), np.where(better, self.length, length)
            aim = self.lower * (1.0 + gap * (1.0 - 2.0**-20))
            most = np.array([intervals.powi(aim, aim, k)[0] for k in range(self.length + 1)], dtype=np.float64)
            small = size <= most[length]
            self._close(size[small], length[small])
            rest = np.flatnonzero(~small)
            too_many = self.num_products + rest.size * count > max_products or self.length == _MOST_LETTERS
            if rest.size == 0 or too_many:
                self._close(size[rest], length[rest])
                break
            first, last = np.repeat(rest, count), np.tile(np.arange(count), rest.size)
            words = np.concatenate([words[first], last[:, None]], axis=1)
            size, length = size[first], length[first]
            p_lo, p_hi = interval_product(*_chosen((p_lo, p_hi), first), *_chosen((lo, hi), last))
            self.num_products, self.length = self.num_products + first.size, self.length + 1
        self.upper = self._largest_root()
        self.stop = Stop.SOLVED if self.upper <= self.lower * (1.0 + gap) else Stop.BUDGET

    def _raise_by(self, words: NDArray[np.int64], p_lo: Floats, p_hi: Floats) -> None:
        """Try the word whose product has the largest spectral radius in floats."""
        radii = _radii(np.moveaxis(0.5 * p_lo + 0.5 * p_hi, 2, 0))
        best = int(np.argmax(radii))
        if radii[best] ** (1.0 / words.shape[1]) > self.lower * _BETTER:
            self._raise(tuple(int(i) for i in words[best]))

    def _close(self, sizes: Floats, lengths: NDArray[np.int64]) -> None:
        """Note the largest norm among words of each length that are not followed further."""
        for k in np.unique(lengths).tolist():
            self._leaves[k] = max(self._leaves.get(k, 0.0), float(np.max(sizes[lengths == k])))

    def _largest_root(self) -> float:
        """The least float found whose powers exceed all the norms noted."""
        bound = max(size ** (1.0 / k) for k, size in self._leaves.items())
        while math.isfinite(bound) and any(intervals.powi(bound, bound, k)[0] < s for k, s in self._leaves.items()):
            bound = bound * (1.0 + 2.0**-50) + 5e-324
        return bound

    def result(self) -> JointRadius:
        """The bounds of the matrices as they were given."""
        factor = Fraction(2) ** self.exponent
        lower = float_below(Fraction(self.lower) * factor)
        upper = float_above(Fraction(self.upper) * factor) if math.isfinite(self.upper) else math.inf
        norm = self.norm if self._leaves else None
        verdict = Verdict.PROVED if math.isfinite(upper) else Verdict.INCONCLUSIVE
        return JointRadius(lower, upper, verdict, self.stop, self.word, self.length, norm, self.num_products)


def _exponent(value: Fraction) -> int:
    return value.numerator.bit_length() - value.denominator.bit_length()


def _as_floats(members: Sequence[Rational], exponent: int) -> Floats:
    """The matrices over a power of 2; shape (m, n, n)."""
    factor = Fraction(2) ** -exponent
    return np.array([[[float(v * factor) for v in row] for row in m] for m in members], dtype=np.float64)


def _scaled(ends: Ends, exponent: int) -> Ends:
    """Ends times a power of 2, a step further out where that is subnormal and was rounded."""
    lo, hi = (np.ldexp(side, exponent) for side in ends)
    exact = [np.ldexp(side, -exponent) == given for side, given in zip((lo, hi), ends, strict=True)]
    return np.where(exact[0], lo, np.nextafter(lo, -math.inf)), np.where(exact[1], hi, np.nextafter(hi, math.inf))


def _enclosed(matrices: Sequence[Rational]) -> Ends:
    """Exact matrices between floats; shape (n, n, N)."""
    sides = [[[[side(v) for v in row] for row in m] for m in matrices] for side in (float_below, float_above)]
    lo, hi = (np.ascontiguousarray(np.moveaxis(np.array(side, dtype=np.float64), 0, 2)) for side in sides)
    return lo, hi


def _chosen(ends: Ends, columns: NDArray[np.int64]) -> Ends:
    return np.ascontiguousarray(ends[0][:, :, columns]), np.ascontiguousarray(ends[1][:, :, columns])


def _radii(stack: Floats) -> Floats:
    """Spectral radii in floats; shape (N, n, n)."""
    if stack.shape[1] != 2:
        return np.max(np.abs(np.linalg.eigvals(stack)), axis=1)
    half = 0.5 * (stack[:, 0, 0] + stack[:, 1, 1])
    square = (0.5 * (stack[:, 0, 0] - stack[:, 1, 1])) ** 2 + stack[:, 0, 1] * stack[:, 1, 0]
    real = np.abs(half) + np.sqrt(np.maximum(square, 0.0))
    return np.where(square >= 0.0, real, np.sqrt(half**2 + np.abs(square)))


def _roots(sizes: Floats, lengths: NDArray[np.int64] | int) -> Floats:
    return sizes ** (1.0 / lengths)


def _first_word(matrices: Floats) -> tuple[Word, float]:
    """The word of few letters whose product grows most per letter, in floats, and by how much."""
    count, n = len(matrices), matrices.shape[1]
    products, words = matrices, np.arange(count)[:, None]
    best: tuple[Word, float] = (0,), 0.0
    while True:
        growth = _radii(products) ** (1.0 / words.shape[1])
        k = int(np.argmax(growth))
        if growth[k] > best[1] * _BETTER:
            best = tuple(int(i) for i in words[k]), float(growth[k])
        if count == 1 or len(products) * count > _FIRST_WORDS:
            return best
        products = (products[:, None] @ matrices[None]).reshape(-1, n, n)
        first, last = np.repeat(np.arange(len(words)), count), np.tile(np.arange(count), len(words))
        words = np.concatenate([words[first], last[:, None]], axis=1)


def product_constant(factors: Ends, norm: OperatorNorm, rate: float, length: int) -> float:
    """A number c with |product of t factors|_2 <= c rate^t for all t, rounded up.

    Every product breaks into blocks of at most ``length`` factors, each at most rate^(number of factors) in ``norm``,
    and at most length - 1 factors that are left over, of norm at most L: c = K (L / rate)^(length - 1) with
    |A|_2 <= K |A|, where K is |P| |P^-1| for an adapted norm and sqrt(n) for 1 and inf.

    Arguments: ``factors``, lower and upper ends, shape (n, n, N). Rigor: certified.
    """
    largest = max(rate, float(np.max(norm_upper_bounds(*factors, norm))))
    n = len(factors[0])
    root = 1.0 if n == 1 or norm == 2 else float_above(Fraction(math.sqrt(n)) * (1 + Fraction(1, 2**52)))
    stretch = norm.condition_bound if isinstance(norm, AdaptedNorm) else root
    return float_above(Fraction(stretch) * (Fraction(largest) / Fraction(rate)) ** (length - 1))
