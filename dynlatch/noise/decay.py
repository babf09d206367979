"""How fast gradients vanish under every bounded noise: a bound for all inputs at once, and the worst input found."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from dynlatch.cells.tree import check_dimension
from dynlatch.latch.fixed_points import FixedPoint, Stability, cycle_near
from dynlatch.maps.catalogue import driven
from dynlatch.maps.definition import Map, TanhLayer
from dynlatch.maps.evaluators import compiled_map
from dynlatch.noise.invariant_box import InvariantBox, invariant_box
from dynlatch.noise.tolerance import checked_noise, checked_norm, latched
from dynlatch.regions.attractors import Attractors, find_attractors
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure, float_above, float_below
from dynlatch.rigor.joint_radius import JointRadius, joint_spectral_radius, product_constant
from dynlatch.rigor.krawczyk import Floats
from dynlatch.rigor.norms import OperatorNorm
from dynlatch.seeds import rng_for
from dynlatch.verdict import Stop, Verdict

_DIRECTIONS: Final = 64
_SETTLE: Final = 4000
_GAP: Final = 0.01
_BITS: Final = 128


@dataclass(frozen=True, slots=True, repr=False)
class NoisyDecay:
    """|da_t/da_0|_2 <= constant rate^t along every orbit from ``box`` driven by |u_t| <= noise, in norm ``norm``.

    The fixed point lies in ``box``, which the noise cannot leave. ``rate`` comes from one norm, ``measured_in``, in
    which every factor is at most that (``length`` 1), or from products of the corner Jacobians of a network, one of
    which of at most ``length`` factors is small enough in it (their joint spectral radius, ``joint``). ``worst_rate``
    is the spectral radius at the fixed point that the constant input ``worst_input`` leads to: along it gradients decay
    no faster, so that the true supremum of rates lies between the two. Rigor: certified, both ends. ``rate`` is None
    (INCONCLUSIVE) where no such box was found; ``reason`` says so.
    """

    map: Map
    attractor: int
    attractors: Attractors
    noise: Fraction
    norm: float
    box: InvariantBox | None
    rate: float | None
    constant: float | None
    measured_in: OperatorNorm | None
    length: int
    joint: JointRadius | None
    worst_input: tuple[Fraction, ...] | None
    worst_rate: Enclosure | None
    verdict: Verdict
    stop: Stop
    reason: str

    @property
    def vanishes(self) -> bool:
        """Whether gradients are proved to vanish exponentially whatever the noise does."""
        return self.rate is not None and self.rate < 1

    def __repr__(self) -> str:
        above = "no bound" if self.rate is None else f"at most {self.constant:.4g} * {self.rate:.8g}^t"
        below = "" if self.worst_rate is None else f", some input keeps {float(self.worst_rate):.8g}^t"
        return f"NoisyDecay of {self.map.name} at noise {float(self.noise):.6g}: {above}{below}, {self.verdict}"


def noisy_decay(
    m: Map,
    attractor: int | FixedPoint = 0,
    noise: object = 0,
    norm: object = 2,
    *,
    attractors: Attractors | None = None,
    seed: int = 0,
) -> NoisyDecay:
    """Bound the decay of gradients da_t/da_0 from a latched fixed point under every input |u_t| <= noise.

    For the neuron the bound is m(a_b), the slope at the larger root of a = w tanh a - b; for networks the joint
    spectral radius of the corners W diag(d) over the box that orbits cannot leave; for other maps the largest factor
    in one adapted norm.

    Arguments: ``attractor``, an attracting fixed point or its number; ``noise`` b >= 0, exactly; ``norm`` of the noise,
    2 or inf.
    Raises: InputError as ``noise_tolerance``, and for a negative noise.
    Source: the repaired form of BSF94, Theorem 4. Rigor: certified. Cost: tenths of a second.
    """
    n = check_dimension(m)
    size, b = checked_norm(norm), checked_noise(noise)
    found = attractors
    if found is None:
        found = find_attractors(m, m.domain, seed=seed)
    k = latched(m, found, attractor)
    box = invariant_box(m, found[k], b)
    worst = _worst_input(m, found, k, b, size, seed)
    if box is None:
        why = "no box that this noise cannot leave was found: it may drive the state out (see noise_tolerance)"
        return NoisyDecay(
            m, k, found, b, size, None, None, None, None, 0, None, *worst, Verdict.INCONCLUSIVE, Stop.STUCK, why
        )  # fmt: skip
    rate, constant, length, joint = box.rate, box.norm.condition_bound, 1, None
    measured_in: OperatorNorm = box.norm
    if isinstance(m.rule, TanhLayer) and n > 1:
        corners = _corners(m, box)
        joint = joint_spectral_radius(corners, gap=_GAP)
        if joint.upper < rate and joint.norm is not None:
            rate, measured_in, length = joint.upper, joint.norm, joint.length
            constant = product_constant(_ends(corners), joint.norm, rate, length)
    reason = "every factor is bounded in one norm" if length == 1 else "products of the corner Jacobians are bounded"
    return NoisyDecay(
        m,
        k,
        found,
        b,
        size,
        box,
        rate,
        constant,
        measured_in,
        length,
        joint,
        *worst,
        Verdict.PROVED,
        Stop.SOLVED,
        reason,
    )


def _ends(corners: Sequence[Sequence[Sequence[Fraction]]]) -> tuple[Floats, Floats]:
    """Exact matrices between floats, shape (n, n, N)."""
    lo, hi = (
        np.array([[[f(v) for v in row] for row in corner] for corner in corners]).transpose(1, 2, 0)
        for f in (float_below, float_above)
    )
    return lo, hi


def _corners(m: Map, box: InvariantBox) -> list[list[list[Fraction]]]:
    """W diag(d) with each d at either end of the range of sech^2 over the box, as exact numbers rounded outward."""
    assert isinstance(m.rule, TanhLayer)
    with balls.precision(_BITS):
        ranges = [balls.ends(balls.FUNCTIONS["sech2"](balls.ball(Enclosure(lo, hi)))) for lo, hi in box.box]
    return [
        [[w * d for w, d in zip(row, choice, strict=True)] for row in m.rule.weights]
        for choice in itertools.product(*ranges)
    ]


def _worst_input(
    m: Map, attractors: Attractors, k: int, noise: Fraction, norm: float, seed: int
) -> tuple[tuple[Fraction, ...] | None, Enclosure | None]:
    """The constant input found under which the latched fixed point moves to where M' has the largest spectral
    radius."""
    n, start = m.dimension, attractors[k].states[:, :1]
    corners = np.array(list(itertools.product((1.0, -1.0), repeat=n)))
    rng = rng_for(seed, "noisy decay", m.content_hash, k)
    random = rng.normal(size=(_DIRECTIONS if n > 1 and norm == 2 else 0, n))
    directions = np.concatenate([np.zeros((1, n)), np.eye(n), -np.eye(n), corners, random])
    sizes = np.linalg.norm(directions, ord=norm, axis=1)
    inputs = directions / np.where(sizes > 0, sizes, 1.0)[:, None] * float(noise) * (1 - 1e-12)
    states = _settled(m, np.repeat(start, len(inputs), axis=1), inputs.T)
    jacobians = np.moveaxis(compiled_map(m).jacobian(states, threads=1), 2, 0)
    moved = np.max(np.abs(compiled_map(m).step(states, threads=1) + inputs.T - states), axis=0)
    usable = np.all(np.isfinite(jacobians), axis=(1, 2)) & (moved < 1e-9)
    radii = np.array(
        [np.max(np.abs(np.linalg.eigvals(j))) if ok else -1.0 for j, ok in zip(jacobians, usable, strict=True)]
    )
    for j in np.argsort(-radii):
        if radii[j] < 0 or radii[j] >= 1:
            continue
        u = tuple(Fraction(float(v)) for v in inputs[j])
        point = cycle_near(driven(m, u), states[:, j], 1)
        if point is not None and point.stability is Stability.ATTRACTING:
            return u, point.multipliers[0].modulus
    return None, None


def _settled(m: Map, states: Floats, inputs: Floats) -> Floats:
    compiled = compiled_map(m)
    for _ in range(_SETTLE):
        new = compiled.step(states, threads=1) + inputs
        new = np.where(np.isfinite(new), new, states)
        if np.max(np.abs(new - states)) < 1e-15:
            break
        states = np.ascontiguousarray(new)
    return states
