"""Decay under noise: |da_t/da_0|_2 <= constant rate^t along every orbit that stays in a box."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from flint import arb

from dynlatch.checker import intervals as iv
from dynlatch.checker.bounds import MAX_CORNERS, check_norm, read_operator_norm, scaled_weights, slope_ranges
from dynlatch.checker.fields import Field, Sides
from dynlatch.checker.intervals import Interval
from dynlatch.checker.matrices import Norm, two_norm
from dynlatch.checker.noise import BITS, Noise, check_kept, read_noise
from dynlatch.checker.outcome import UnprovedError
from dynlatch.checker.systems import Rows, System, matrix_product
from dynlatch.checker.targets import TargetClaim, check_target, read_target
from dynlatch.checker.trapping import read_norm

MAX_LENGTH: Final = 64
MAX_PRODUCTS: Final = 400_000
"""Of corner matrices, for one claim."""


@dataclass(frozen=True, slots=True)
class DecayClaim:
    """Noise keeps orbits in ``box``, and products of M' along them decay as constant rate^t.

    ``length`` 1: every factor is at most ``rate`` in the norm; else every product has a prefix of at most that length
    which is.
    """

    noise: Noise
    target: TargetClaim
    box: Sides
    norm: Norm
    rate: Fraction
    constant: Fraction
    length: int


def read_decay(field: Field, dimension: int) -> DecayClaim:
    """The claim of kind "decay"."""
    parts = field.parts("noise", "noise_norm", "target", "box", "norm", "rate", "constant", "length")
    norm = parts["norm"]
    return DecayClaim(
        read_noise(parts["noise"], parts["noise_norm"]), read_target(parts["target"], dimension),
        parts["box"].solid_box(dimension),
        Norm("adapted", *read_norm(norm, dimension)) if isinstance(norm.value, list) else
        read_operator_norm(norm, dimension),
        parts["rate"].positive(), parts["constant"].positive(), parts["length"].whole(1, MAX_LENGTH),
    )  # fmt: skip


def check_decay(system: System, claim: DecayClaim) -> None:
    """Prove the claim again. Raises: UnprovedError, or RefutedError, if that fails."""
    target = check_target(system, claim.target)
    if target.period != 1:
        raise UnprovedError("the target is a cycle, and the claim is for fixed points only")
    norm = claim.norm
    with iv.precision(BITS):
        check_kept(system, claim.box, target, claim.noise)
        condition = _condition(norm, system.dimension)
        if claim.length == 1:
            check_norm(system, [iv.span(lo, hi) for lo, hi in claim.box], norm, claim.rate)
        else:
            condition = condition * _growth(system, claim, norm)
        if not condition.hi <= iv.exact(claim.constant):
            raise UnprovedError(
                f"the constant {iv.brief(claim.constant)} was not proved to be at least "
                f"K (L / rate)^(length - 1), about {iv.brief(condition.hi)}"
            )


def _condition(norm: Norm, dimension: int) -> Interval:
    """K with |A|_2 <= K |A|: |P|_2 |P^-1|_2, or sqrt(n) for the norms 1 and inf (bounded from above)."""
    if norm.kind == "2" or dimension == 1:
        return iv.ONE
    if norm.kind != "adapted":
        return iv.sqrt(iv.number(dimension))
    size, inverse_size = (two_norm(m) for m in norm.matrices())
    return Interval(size, size) * Interval(inverse_size, inverse_size)


def _growth(system: System, claim: DecayClaim, norm: Norm) -> Interval:
    """(L / rate)^(length - 1), L the largest norm of one factor, once the prefixes are proved.

    Along an orbit every M' is W diag(d) with d in a box, an average of the box's corners. So a product of any length is
    an average of products of corners, each of which splits into prefixes of norm <= rate^j and fewer than ``length``
    further factors of norm <= L.
    """
    if system.layer is None:
        raise UnprovedError("products of several factors are for maps W tanh(a) + b only")
    ends = [(d.lo, d.hi) if d.lo < d.hi else (d.lo,) for d in slope_ranges([iv.span(lo, hi) for lo, hi in claim.box])]
    if 2 ** len(ends) > MAX_CORNERS:
        raise UnprovedError(f"a box of {len(ends)} states has too many corners")
    corners = [norm.adapted(scaled_weights(system, d)) for d in itertools.product(*ends)]
    rate = iv.number(claim.rate)
    plain = Norm("2" if norm.kind == "adapted" else norm.kind)  # the corners are in P's coordinates already
    _check_prefixes(corners, plain, rate, claim.length)
    largest = rate.hi
    for corner in corners:
        size = plain.size(corner)
        if not size <= largest:
            largest = size
    return iv.power(Interval(largest, largest) / rate, claim.length - 1)


def _check_prefixes(corners: Sequence[Rows], plain: Norm, rate: Interval, length: int) -> None:
    """Depth first over products of corners: each must come to a norm of at most rate^j within ``length`` factors."""
    powers: list[arb] = [iv.power(rate, j).lo for j in range(length + 1)]
    stack: list[tuple[Rows, int]] = [(corner, 1) for corner in corners]
    for _ in range(MAX_PRODUCTS):
        if not stack:
            return
        product, j = stack.pop()
        if plain.at_most(product, powers[j]):
            continue
        if j == length:
            raise UnprovedError(f"a product of {length} corner matrices was not proved to be at most rate^{length}")
        stack += [(matrix_product(product, corner), j + 1) for corner in corners]
    raise UnprovedError(f"more than {MAX_PRODUCTS} products of corner matrices; the claim was not proved")
