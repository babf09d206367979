"""Boxes that a map with bounded noise never leaves."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from flint import arb

from dynlatch.checker import intervals as iv
from dynlatch.checker.bounds import MAX_PIECES, check_norm
from dynlatch.checker.fields import Field, Matrix, Sides
from dynlatch.checker.inequalities import Margin, everywhere
from dynlatch.checker.intervals import Interval
from dynlatch.checker.jets import Jet
from dynlatch.checker.matrices import Norm
from dynlatch.checker.outcome import RefutedError, UnprovedError
from dynlatch.checker.points import shown
from dynlatch.checker.systems import Box, System, point
from dynlatch.checker.targets import Target
from dynlatch.checker.trapping import read_norm

BITS: Final = 256


@dataclass(frozen=True, slots=True)
class Noise:
    """Inputs u with |u| <= ``size`` in the 2-norm or the largest entry."""

    size: Fraction
    norm: str


def read_noise(size: Field, norm: Field) -> Noise:
    """The bound of the inputs and the norm that it is in."""
    found = size.number()
    if found < 0:
        raise size.refuse("is below 0")
    return Noise(found, norm.text("2", "inf"))


@dataclass(frozen=True, slots=True)
class BoxProof:
    """A box that M and the noise keep, and on which M contracts in the norm of P."""

    box: Sides
    norm: Matrix
    inverse: Matrix
    rate: Fraction


def read_box_proof(field: Field, dimension: int) -> BoxProof:
    """A proof of kind "box" of a tolerance."""
    parts = field.parts("kind", "box", "norm", "rate")
    norm, inverse = read_norm(parts["norm"], dimension)
    return BoxProof(parts["box"].solid_box(dimension), norm, inverse, parts["rate"].number())


def check_box_proof(system: System, proof: BoxProof, target: Target, noise: Noise, *, gamma: bool) -> None:
    """Prove it again. For Gamma the norm must be the target's own, in which Gamma is told.

    Raises: UnprovedError, or RefutedError, if that fails.
    """
    if not proof.rate < 1:
        raise RefutedError(f"the rate {iv.brief(proof.rate)} of a contraction is not below 1")
    if gamma and proof.norm != target.traps[0].claim.norm:
        raise UnprovedError("Gamma is told in the norm of the target's first trap, which is not that of the box")
    if target.period != 1:
        raise UnprovedError("a proof by a box is for fixed points only")
    with iv.precision(BITS):
        check_kept(system, proof.box, target, noise)
        box = [iv.span(lo, hi) for lo, hi in proof.box]
        check_norm(system, box, Norm("adapted", proof.norm, proof.inverse), proof.rate)


def check_kept(system: System, sides: Sides, target: Target, noise: Noise) -> None:
    """Prove that the target's fixed point lies in a box, and that M and the noise map the box into itself.

    Raises: UnprovedError, or RefutedError, if that fails.
    """
    for x, (lo, hi) in zip(target.traps[0].at, sides, strict=True):
        if not (iv.exact(lo) <= x.lo and x.hi <= iv.exact(hi)):
            raise UnprovedError(f"the fixed point at {shown(target.traps[0].at)} was not proved to be in the box")
    box = [iv.span(lo, hi) for lo, hi in sides]
    for i, (lo, hi) in enumerate(sides):
        what = f"that M and the noise keep the box along axis {i}"
        limits = iv.exact(lo + noise.size), iv.exact(hi - noise.size)
        if system.layer is not None:
            _check_row(system, box, i, limits, what)
        else:
            _check_component(system, box, i, limits, what)


def _check_row(system: System, box: Box, i: int, limits: tuple[arb, arb], what: str) -> None:
    """A unit of a network is monotone in every state: its range is that of two corners."""
    image = system.image(box)[i]
    if limits[0] <= image.lo and image.hi <= limits[1]:
        return
    signs = [w >= 0 for w in system.weights()[0][i]]
    top = point([x.hi if s else x.lo for x, s in zip(box, signs, strict=True)])
    bottom = point([x.lo if s else x.hi for x, s in zip(box, signs, strict=True)])
    if system.image(top)[i].lo > limits[1] or system.image(bottom)[i].hi < limits[0]:
        raise RefutedError(f"{what} is false at a corner of it")
    raise UnprovedError(f"{what} was not proved")


def _check_component(system: System, box: Box, i: int, limits: tuple[arb, arb], what: str) -> None:
    low, high = (iv.around(x) for x in limits)

    def is_clear(piece: Box) -> bool:
        image = system.image(piece)[i]
        return bool(limits[0] <= image.lo) and bool(image.hi <= limits[1])

    def above(piece: Box) -> Jet:
        return _shifted(system.jets(piece, 2)[i], -low)

    def below(piece: Box) -> Jet:
        return _shifted(-system.jets(piece, 2)[i], high)

    margins = [Margin(above, decisive=True), Margin(below, decisive=True)]
    everywhere(box, is_clear, lambda _: margins, MAX_PIECES, what)


def _shifted(jet: Jet, by: Interval) -> Jet:
    return Jet(jet.shape, [jet.value + by, *jet.coefficients[1:]])
