"""Strategies for maps, one family each: the neuron, networks with known norms or eigenvalues, the classics."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from dynlatch.errors import InputError
from dynlatch.maps import catalogue
from dynlatch.maps.definition import Exact, Map, exact_fraction
from dynlatch.theorems.strategies.vectors import (
    MAX_UNITS,
    Range,
    Rows,
    between,
    orthogonal_matrices,
    ranging,
    rationals,
    read_counts,
    read_range,
    transposed,
)

Numbers = SearchStrategy[Fraction]
Counts = tuple[int, int]

_NO_BIAS: Final = (0, 0)
_SIGNS: Final = st.sampled_from((1, -1))
_SHARES: Final = rationals(-1, 1)


def neurons(w: Range = ("11/10", 4), h: Range = _NO_BIAS) -> SearchStrategy[Map]:
    """Neurons a -> w tanh(a) + h with w and h in the given ranges; they shrink to w = 2, h = 0.

    Raises: InputError for a range that is none.

    >>> from hypothesis import find
    >>> find(neurons(), lambda m: True)
    neuron: a -> h + w*tanh(a) with w = 2, h = 0
    """
    return st.builds(catalogue.neuron, ranging(w, "w"), ranging(h, "h"))


def tanh_networks(
    units: int | Sequence[int] = (1, 3), weights: Range = (-3, 3), bias: Range = _NO_BIAS
) -> SearchStrategy[Map]:
    """Networks a -> W tanh(a) + b, every entry of W and of b drawn by itself; they shrink to few units.

    ``units`` is a number, or the least and the greatest one. Raises: InputError for a range that is none.

    >>> from hypothesis import find
    >>> find(tanh_networks(2, weights=(1, 3)), lambda m: True).rule.weights[0]
    (Fraction(1, 1), Fraction(1, 1))
    """
    return _tanh_networks(_read_units(units), ranging(weights, "weights"), ranging(bias, "bias"))


@st.composite
def _tanh_networks(draw: DrawFn, units: Counts, entries: Numbers, shifts: Numbers) -> Map:
    n = draw(st.integers(*units))
    rows = [[draw(entries) for _ in range(n)] for _ in range(n)]
    return catalogue.tanh_network(rows, [draw(shifts) for _ in range(n)])


def networks_of_norm(
    norm: Exact = 2, units: int | Sequence[int] = (1, 3), bias: Range = _NO_BIAS
) -> SearchStrategy[Map]:
    """Networks with |W| exactly ``norm`` (the largest singular value): W = Q diag(norm, s_2, ..., s_n) R.

    Q and R are rational rotations, |s_i| <= norm. W shrinks to diag(norm, 0, ..., 0).
    Raises: InputError for a norm that is not positive, or a range that is none.

    >>> from hypothesis import find
    >>> find(networks_of_norm("1/2", 2), lambda m: True).rule.weights
    ((Fraction(1, 2), Fraction(0, 1)), (Fraction(0, 1), Fraction(0, 1)))
    """
    size = exact_fraction(norm, "norm")
    if size <= 0:
        raise InputError(f"norm={norm} must be positive; a network of norm 0 forgets everything at once")
    return _networks_of_norm(size, _read_units(units), ranging(bias, "bias"))


@st.composite
def _networks_of_norm(draw: DrawFn, norm: Fraction, units: Counts, shifts: Numbers) -> Map:
    n = draw(st.integers(*units))
    values = (draw(_SIGNS) * norm, *(draw(_SHARES) * norm for _ in range(n - 1)))
    left, right = draw(orthogonal_matrices(n)), draw(orthogonal_matrices(n))
    return catalogue.tanh_network(between(left, values, right), [draw(shifts) for _ in range(n)])


def contracting_maps(
    alpha: Range = ("1/10", "9/10"), units: int | Sequence[int] = (1, 3), bias: Range = _NO_BIAS
) -> SearchStrategy[tuple[Map, Fraction]]:
    """Pairs (map, alpha): a network that contracts everywhere, and its constant: |M(x) - M(y)| <= alpha |x - y|.

    alpha = |W| is the least such constant. Raises: InputError unless 0 < alpha < 1 all over its range.

    >>> from hypothesis import find
    >>> find(contracting_maps(), lambda pair: True)
    (tanh_network: a -> tanh(a)/2, Fraction(1, 2))
    """
    lo, hi = read_range(alpha, "alpha")
    if lo <= 0 or hi >= 1:
        raise InputError(f"alpha=({lo}, {hi}) must lie between 0 and 1, both excluded; else nothing is contracted")
    return _contracting_maps(rationals(lo, hi), _read_units(units), ranging(bias, "bias"))


@st.composite
def _contracting_maps(draw: DrawFn, alphas: Numbers, units: Counts, shifts: Numbers) -> tuple[Map, Fraction]:
    alpha = draw(alphas)
    return draw(_networks_of_norm(alpha, units, shifts)), alpha


def symmetric_networks(
    eigenvalues: Range = ("-98/100", 4), units: int | Sequence[int] = (1, 3), bias: Range = _NO_BIAS
) -> SearchStrategy[Map]:
    """Networks with a symmetric W = Q diag(l) Q^T, every eigenvalue l_i in the given range, Q a rational rotation.

    They shrink to diagonal matrices. Raises: InputError for a range that is none.

    >>> from hypothesis import find
    >>> find(symmetric_networks((1, 4), 2), lambda m: True).rule.weights
    ((Fraction(1, 1), Fraction(0, 1)), (Fraction(0, 1), Fraction(1, 1)))
    """
    return _symmetric_networks(ranging(eigenvalues, "eigenvalues"), _read_units(units), ranging(bias, "bias"))


@st.composite
def _symmetric_networks(draw: DrawFn, eigenvalues: Numbers, units: Counts, shifts: Numbers) -> Map:
    n = draw(st.integers(*units))
    values, q = [draw(eigenvalues) for _ in range(n)], draw(orthogonal_matrices(n))
    return catalogue.tanh_network(between(q, values, transposed(q)), [draw(shifts) for _ in range(n)])


def logistic_maps(r: Range = (1, 4)) -> SearchStrategy[Map]:
    """Logistic maps x -> r x (1 - x). Raises: InputError for a range that is none.

    >>> from hypothesis import find
    >>> find(logistic_maps((3, 4)), lambda m: True)
    logistic: x -> r*x*(1 - x) with r = 3
    """
    return st.builds(catalogue.logistic, ranging(r, "r"))


def cubic_maps(r: Range = ("11/10", 2)) -> SearchStrategy[Map]:
    """Odd cubic maps x -> r x - x^3, which latch for r between 1 and 2. Raises: InputError for a range that is none.

    >>> from hypothesis import find
    >>> find(cubic_maps(), lambda m: True)
    cubic: x -> r*x - x**3 with r = 2
    """
    return st.builds(catalogue.cubic, ranging(r, "r"))


def henon_maps(a: Range = (0, "7/5"), b: Range = ("-3/10", "3/10")) -> SearchStrategy[Map]:
    """Henon maps (x, y) -> (1 - a x^2 + y, b x). Raises: InputError for a range that is none.

    >>> from hypothesis import find
    >>> find(henon_maps((1, "7/5")), lambda m: True)
    henon: (x, y) -> (-a*x**2 + y + 1, b*x) with a = 1, b = 0
    """
    return st.builds(catalogue.henon, ranging(a, "a"), ranging(b, "b"))


def predator_prey_maps(r: Range = (1, 4), b: Range = (1, 3), d: Range = (1, 4)) -> SearchStrategy[Map]:
    """Predator and prey, (x, y) -> (r x (1 - x) - b x y, d x y). Raises: InputError for a range that is none.

    >>> from hypothesis import find
    >>> find(predator_prey_maps(), lambda m: True).dimension
    2
    """
    spans = (ranging(value, name) for value, name in ((r, "r"), (b, "b"), (d, "d")))
    return st.builds(catalogue.predator_prey, *spans)


def maps(units: int | Sequence[int] = (1, 3)) -> SearchStrategy[Map]:
    """Any map of these families with one of the given numbers of states; ``from_type(dynlatch.Map)`` gives these.

    They shrink to the neuron with w = 2, or else to the smallest network.
    Raises: InputError for a number of units outside 1 to 6.

    >>> from hypothesis import find
    >>> find(maps(), lambda m: True)
    neuron: a -> h + w*tanh(a) with w = 2, h = 0
    """
    least, most = _read_units(units)
    sizes = range(least, most + 1)
    families = [neurons(), neurons(h=(-1, 1)), cubic_maps(), logistic_maps()] if 1 in sizes else []
    families += [
        tanh_networks((least, most), bias=(-1, 1)),
        symmetric_networks(units=(least, most), bias=(-1, 1)),
        contracting_maps(units=(least, most), bias=(-1, 1)).map(lambda pair: pair[0]),
    ]
    families += [henon_maps(), predator_prey_maps()] if 2 in sizes else []
    return st.one_of(families)


def weights_of(m: Map) -> Rows:
    """W of a network that these strategies have made. Raises: InputError for a map that is no network."""
    weights = getattr(m.rule, "weights", None)
    if weights is None:
        raise InputError(f"{m.name} is not given by a matrix; make it with tanh_network")
    return weights


def _read_units(units: int | Sequence[int]) -> tuple[int, int]:
    return read_counts(units, "units", 1, MAX_UNITS)
