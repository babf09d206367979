"""Single orbits: an escape by noise, and how long a constant input takes to flip a latch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from dynlatch.checker import intervals as iv
from dynlatch.checker.fields import Field
from dynlatch.checker.intervals import Interval
from dynlatch.checker.noise import Noise, read_noise
from dynlatch.checker.outcome import RefutedError, UnprovedError
from dynlatch.checker.points import shown, solution
from dynlatch.checker.systems import Box, System, defined
from dynlatch.checker.targets import Target, TargetClaim, check_target, differ, read_target
from dynlatch.checker.trapping import TrapClaim, read_trap

MAX_STEPS: Final = 10_000_000
MAX_SETTLING: Final = 1_000_000
_PRECISIONS: Final = (256, 1024, 4096)


@dataclass(frozen=True, slots=True)
class EscapeClaim:
    """Inputs of bounded size that drive the target's first point out of its basin, or out of Gamma.

    ``region`` is a trap of another cycle that the last state enters after ``free_steps`` steps more; None says that
    the last state expands in the target's norm, so is not in Gamma.
    """

    noise: Noise
    target: TargetClaim
    gamma: bool
    inputs: list[tuple[Fraction, ...]]
    region: TrapClaim | None
    free_steps: int


def read_escape(field: Field, dimension: int) -> EscapeClaim:
    """The claim of kind "escape"."""
    parts = field.parts("noise", "noise_norm", "target", "set", "inputs", "start", "end")
    parts["start"].whole(0, 0)
    end, region, free = parts["end"], None, 0
    if isinstance(end.value, dict) and end.value.get("kind") == "expands":
        end.parts("kind")
    else:
        inner = end.parts("kind", "region", "free_steps")
        inner["kind"].text("trap")
        region, free = read_trap(inner["region"], dimension), inner["free_steps"].whole(0, MAX_STEPS)
    return EscapeClaim(
        read_noise(parts["noise"], parts["noise_norm"]), read_target(parts["target"], dimension),
        parts["set"].text("basin", "gamma") == "gamma",
        [item.vector(dimension) for item in parts["inputs"].items()], region, free,
    )  # fmt: skip


def check_escape(system: System, claim: EscapeClaim) -> None:
    """Prove the claim again. Raises: UnprovedError, or RefutedError, if that fails."""
    for t, u in enumerate(claim.inputs):
        size = sum(x * x for x in u) if claim.noise.norm == "2" else max(map(abs, u)) ** 2
        if size > claim.noise.size**2:
            raise RefutedError(f"the input number {t} is larger than {iv.brief(claim.noise.size)}")
    if claim.region is None and not claim.gamma:
        raise UnprovedError("an orbit that expands where it ends has left Gamma, but perhaps not the basin")
    target = check_target(system, claim.target)
    end = None if claim.region is None else check_target(system, TargetClaim((claim.region,)))
    if end is not None and not differ(system, end, target):
        raise UnprovedError("the trap that the orbit ends in was not proved to be another cycle's")
    state: list[Interval] = []
    for bits in _PRECISIONS:
        with iv.precision(bits):
            state = _driven(system, _start(system, target), claim.inputs)
            if end is not None:
                for _ in range(claim.free_steps):
                    state = _image(system, state)
                ended = end.holds(state)
            else:
                ended = target.traps[0].norm.at_least(system.power_jacobian(state, target.period), iv.ONE.lo)
        if ended:
            return
    raise UnprovedError(f"that the orbit, at {shown(state)} last, ends outside was not proved")


def _image(system: System, state: Box) -> list[Interval]:
    """M of a narrow box: by the mean value form it widens as M stretches, not as its formula does."""
    return system.image(state) if system.layer is not None else system.mean_value_image(state)


def _start(system: System, target: Target) -> list[Interval]:
    """The first point of a target's cycle, at the precision of now."""
    return solution(system, target.period, target.traps[0].claim.point)


def _driven(system: System, state: list[Interval], inputs: Sequence[Sequence[Fraction]]) -> list[Interval]:
    for u in inputs:
        state = [y + iv.number(x) for y, x in zip(_image(system, state), u, strict=True)]
        if not defined(state):
            break
    return state


@dataclass(frozen=True, slots=True)
class TransientClaim:
    """After ``steps`` steps of the input h e the state is in the basin of end, one step sooner in that of before."""

    input: Fraction
    direction: tuple[Fraction, ...]
    start: TargetClaim
    end: TargetClaim
    before: TargetClaim
    steps: int


def read_transient(field: Field, dimension: int) -> TransientClaim:
    """The claim of kind "transient"."""
    parts = field.parts("input", "direction", "start", "end", "steps", optional=("before",))
    start = read_target(parts["start"], dimension)
    return TransientClaim(
        parts["input"].number(), parts["direction"].vector(dimension), start, read_target(parts["end"], dimension),
        read_target(parts["before"], dimension) if "before" in parts else start, parts["steps"].whole(1, MAX_STEPS),
    )  # fmt: skip


def check_transient(system: System, claim: TransientClaim) -> None:
    """Prove the claim again. Raises: UnprovedError, or RefutedError, if that fails."""
    start, end = check_target(system, claim.start), check_target(system, claim.end)
    other = start if claim.before is claim.start else check_target(system, claim.before)
    if not differ(system, other, end):
        raise UnprovedError("the cycle before and the one at the end were not proved to be two")
    for bits in _PRECISIONS:
        with iv.precision(bits):
            push = [iv.number(claim.input * e) for e in claim.direction]
            state = before = _start(system, start)
            for _ in range(claim.steps):
                before, state = state, [y + u for y, u in zip(_image(system, state), push, strict=True)]
                if not defined(state):
                    break
            reached = _settled(system, before, other, end), _settled(system, state, other, end)
        if reached == ("other", "end"):
            return
        if reached[0] == "end":
            raise RefutedError(f"already after {claim.steps - 1} steps the orbit is in the basin of the end")
        if reached[1] == "other":
            raise RefutedError(f"after {claim.steps} steps the orbit is not yet in the basin of the end")
    raise UnprovedError("which basins the last two states lie in was not proved")


def _settled(system: System, state: Box, other: Target, end: Target) -> str:
    """Which of the two an undriven orbit converges to; empty if that is not proved.

    A narrow box that has come back into itself goes round near a third attractor: waiting longer would not help.
    """
    now = mark = list(state)
    for step in range(MAX_SETTLING):
        if other.holds(now):
            return "other"
        if end.holds(now):
            return "end"
        if not defined(now) or any(x.width > 1 + x.magnitude for x in now):
            return ""
        if step and all(old.lo <= x.lo and x.hi <= old.hi for x, old in zip(now, mark, strict=True)):
            return ""
        if step.bit_count() == 1:
            mark = now
        now = _image(system, now)
    return ""
