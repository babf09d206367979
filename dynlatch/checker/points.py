"""Fixed points and cycles: that there is exactly one in the box, its least period, its multipliers' moduli."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from flint import arb

from dynlatch.checker import intervals as iv
from dynlatch.checker.fields import Field, Sides
from dynlatch.checker.intervals import Interval
from dynlatch.checker.krawczyk import newton, one_zero
from dynlatch.checker.outcome import RefutedError, UnprovedError
from dynlatch.checker.spectra import Spectrum
from dynlatch.checker.systems import Box, Rows, System

MAX_PERIOD: Final = 4096
STABILITIES: Final = ("attracting", "repelling", "saddle", "inconclusive")
LEAST_BITS: Final = 256
MOST_BITS: Final = 8192


@dataclass(frozen=True, slots=True)
class PointClaim:
    """One solution of M^period(a) = a in ``box``, of this least period, and what is said of its multipliers."""

    period: int
    box: Sides
    moduli: tuple[tuple[Fraction, Fraction], ...] | None
    stability: str


def read_point(field: Field, dimension: int) -> PointClaim:
    """The claim of kind "fixed point"."""
    parts = field.parts("period", "box", "moduli", "stability")
    moduli = None
    if parts["moduli"].value is not None:
        moduli = tuple(item.interval() for item in parts["moduli"].items(dimension))
    return PointClaim(
        parts["period"].whole(1, MAX_PERIOD),
        parts["box"].box(dimension),
        moduli,
        parts["stability"].text(*STABILITIES),
    )


def check_point(system: System, claim: PointClaim) -> list[Interval]:
    """A narrow box around the point. Raises: UnprovedError, or RefutedError, if the claim is not proved again."""
    with iv.precision(bits_for(claim.box, claim.period * system.dimension)):
        found = solution(system, claim.period, claim.box)
        for d in range(1, claim.period):
            if claim.period % d == 0:
                _check_no_shorter(system, claim, found, d)
        if claim.moduli is not None or claim.stability != "inconclusive":
            _check_multipliers(system, claim, found)
        return found


def bits_for(box: Sides, extra: int = 0) -> int:
    """A precision with room to spare for a box of this width."""
    widths = [hi - lo for lo, hi in box if hi > lo]
    fineness = max((w.denominator.bit_length() - w.numerator.bit_length() for w in widths), default=0)
    return min(MOST_BITS, max(LEAST_BITS, 2 * fineness) + 8 * extra)


def solution(system: System, period: int, box: Sides) -> list[Interval]:
    """A narrow box, inside ``box``, around the only solution of M^period(a) = a there.

    Raises: RefutedError if there is none, UnprovedError if it could not be decided.
    """

    def f(x: Box) -> list[Interval]:
        return [y - a for y, a in zip(system.orbit_end(x, period), x, strict=True)]

    def derivative(x: Box) -> Rows:
        rows = system.power_jacobian(x, period)
        return [[e - iv.ONE if i == j else e for j, e in enumerate(row)] for i, row in enumerate(rows)]

    claimed = [iv.span(lo, hi) for lo, hi in box]
    near = newton(f, derivative, [x.middle for x in claimed])
    reason = UnprovedError("nothing was decided")
    for grow in (1, 0):
        try:
            found = one_zero(f, derivative, [_enlarged(x, grow) for x in claimed], near)
        except RefutedError:
            raise RefutedError(f"M^{period}(a) = a has no solution in the box around {shown(claimed)}") from None
        except UnprovedError as error:
            reason = error
            continue
        if all(_inside(x, side) for x, side in zip(found, box, strict=True)):
            return found
        if any(_outside(x, side) for x, side in zip(found, box, strict=True)):
            raise RefutedError(f"the solution of M^{period}(a) = a at {shown(found)} is not in the box claimed for it")
        raise UnprovedError(f"the solution at {shown(found)} may lie on the edge of its box")
    if any(v.defined and (bool(v.lo > 0) or bool(v.hi < 0)) for v in f(claimed)):
        raise RefutedError(f"M^{period}(a) = a has no solution in the box around {shown(claimed)}")
    raise UnprovedError(f"the box around {shown(claimed)}: {reason}")


def _enlarged(x: Interval, grow: int) -> Interval:
    room = x.width * grow + (1 + x.magnitude) * arb(2) ** (-iv.bits() // 2)
    return iv.made(x.lo - room, x.hi + room)


def _inside(x: Interval, side: tuple[Fraction, Fraction]) -> bool:
    return bool(iv.exact(side[0]) <= x.lo) and bool(x.hi <= iv.exact(side[1]))


def _outside(x: Interval, side: tuple[Fraction, Fraction]) -> bool:
    return bool(x.hi < iv.exact(side[0])) or bool(iv.exact(side[1]) < x.lo)


def _check_no_shorter(system: System, claim: PointClaim, found: Box, d: int) -> None:
    image = system.orbit_end(found, d)
    if any(y.apart(x) for y, x in zip(image, found, strict=True)):
        return
    try:
        solution(system, d, claim.box)
    except UnprovedError:
        raise UnprovedError(f"the point at {shown(found)} cannot be told from one of period {d}") from None
    raise RefutedError(f"the point at {shown(found)} has period {d}, not {claim.period}")


def _check_multipliers(system: System, claim: PointClaim, found: Box) -> None:
    state = list(found)
    for _ in range(claim.period):
        if not system.is_smooth(state):
            raise UnprovedError(f"M may have no derivative on the orbit of {shown(found)}")
        state = system.image(state)
    spectrum = Spectrum(system.power_jacobian(found, claim.period))
    for i, (low, high) in enumerate(claim.moduli or ()):
        _check_modulus(spectrum, i, low, high)
    if claim.stability != "inconclusive" and _stability(claim) != claim.stability:
        _check_stability(spectrum, claim.stability)


def _check_modulus(spectrum: Spectrum, i: int, low: Fraction, high: Fraction) -> None:
    """Of the i-th largest modulus: at least n - i eigenvalues have one up to ``high``, fewer have one below ``low``."""
    least = spectrum.size - i
    place = f"the modulus number {i + 1} of the multipliers"
    high_end, low_end, room = iv.number(high), iv.number(low), iv.number((high - low) / 16).lo
    if not any(c is not None and c >= least for c in _counts(spectrum, high_end.lo, -room)):
        count = spectrum.count_inside(high_end.hi)
        if count is not None and count < least:
            raise RefutedError(f"{place} is above {iv.brief(high)}")
        raise UnprovedError(f"{place} could not be proved to be at most {iv.brief(high)}")
    if low > 0 and not any(c is not None and c < least for c in _counts(spectrum, low_end.hi, room)):
        count = spectrum.count_inside(low_end.lo)
        if count is not None and count >= least:
            raise RefutedError(f"{place} is below {iv.brief(low)}")
        raise UnprovedError(f"{place} could not be proved to be at least {iv.brief(low)}")


def _counts(spectrum: Spectrum, radius: arb, step: arb) -> Generator[int | None, None, None]:
    """The numbers of eigenvalues inside a radius, and inside some a little inward, where the test may go better."""
    for k in range(4):
        yield spectrum.count_inside((radius + k * step).mid())


def _stability(claim: PointClaim) -> str:
    """What the moduli say."""
    if not claim.moduli:
        return "inconclusive"
    stable, unstable = [hi < 1 for _, hi in claim.moduli], [lo > 1 for lo, _ in claim.moduli]
    if all(stable):
        return "attracting"
    if all(unstable):
        return "repelling"
    return "saddle" if all(s or u for s, u in zip(stable, unstable, strict=True)) else "inconclusive"


def _check_stability(spectrum: Spectrum, claimed: str) -> None:
    count = spectrum.count_inside(arb(1))
    if count is None:
        raise UnprovedError(f"the point could not be proved to be {claimed}: a multiplier may have modulus 1")
    found = "attracting" if count == spectrum.size else "repelling" if count == 0 else "saddle"
    if found != claimed:
        raise RefutedError(f"the point is {found}, not {claimed}")


def cycle(system: System, start: Box, period: int) -> list[list[Interval]]:
    """The points of a cycle, from its first."""
    points = [list(start)]
    for _ in range(period - 1):
        points.append(system.image(points[-1]))
    return points


def are_apart(system: System, first: Box, second: Box, period: int) -> bool:
    """Whether the point in ``first`` is proved not to be on the cycle of this period through the one in ``second``."""
    return all(any(x.apart(y) for x, y in zip(first, p, strict=True)) for p in cycle(system, second, period))


def shown(box: Sequence[Interval]) -> str:
    """A state for a message."""
    return "(" + ", ".join(iv.brief(x.middle) if x.defined else "?" for x in box) + ")"
