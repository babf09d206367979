"""The edge state between two basins: what orbits on their common boundary settle on, finished by Krawczyk's test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from dynlatch.errors import InputError
from dynlatch.latch.fixed_points import FixedPoint, Stability, cycle_near
from dynlatch.latch.trajectory import checked_state
from dynlatch.maps.definition import Map
from dynlatch.metrics.immediate_basin import is_common_end
from dynlatch.progress import SILENT, Progress
from dynlatch.regions.attractors import LONGEST_CYCLE, Attractors
from dynlatch.regions.basins import MAX_STEPS, Run, prepare
from dynlatch.regions.labels import FAR, Label, Labels
from dynlatch.rigor.krawczyk import Floats
from dynlatch.verdict import Stop, Verdict

EDGE_STEPS: Final = 2_000
"""Steps of the edge orbit, unless said otherwise."""
_NARROW: Final = 2.0**-30
"""Bisection ends when the pair is this close together, relative to the size of the states."""
_WIDE: Final = 2.0**-20
"""... and begins again when it has grown this far apart."""
_AT: Final = 2.0**-17
"""An edge orbit this near to a cycle is at it ..."""
_SETTLED: Final = 64
"""... and has settled if it stays there for so many steps."""
MAX_EDGE_STEPS: Final = 1_000_000
_NOWHERE: Final = (Label.OUT_OF_TIME, Label.UNDECIDED, Label.UNDEFINED)
"""Labels of states that are in no basin."""
_PIECES: Final = (33, 1025)
"""Into how many pieces bisection cuts the segment: odd, so that the middle of a symmetric pair is no cut."""
_PERTURBATION: Final = 2.0**-13
"""How far from the edge state the sides of it are looked at, relative to the size of the states."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class EdgeState:
    """What the boundary between the basins of ``labels`` leads to.

    ``point`` is the edge state where the edge orbit settled on a saddle (or repelling) fixed point or cycle,
    ``verdict`` is then PROVED: this point exists and has these multipliers. It is None and the verdict INCONCLUSIVE
    where the edge orbit did not settle (``reason``): the edge state may be chaotic, or not reached yet.

    ``boundary`` is the verdict on whether the point lies on the boundary of these two basins: PROVED in one dimension
    where both immediate basins are proved to end there, else measured. What is measured: the edge orbit, which keeps a
    pair of states with the two labels within ``gap``, stays there, and ``sides`` are the labels of two states a little
    to either side of it along its unstable direction (None where there is not exactly one).

    ``orbit`` (T + 1, n) are the middles of the pairs, step by step, from between the two ``starts`` (2, n) on. Label -1
    stands for diverging or leaving the box. Activations are dimensionless. Rigor: as the verdicts say.
    """

    map: Map
    attractors: Attractors
    labels: tuple[int, int]
    point: FixedPoint | None
    boundary: Verdict
    sides: tuple[int, int] | None
    starts: Floats
    orbit: Floats
    gap: float
    max_steps: int
    seed: int
    verdict: Verdict
    stop: Stop
    reason: str

    @property
    def steps(self) -> int:
        """How many steps the edge orbit was followed."""
        return len(self.orbit) - 1

    def __repr__(self) -> str:
        what = repr(self.point) if self.point is not None else f"none after {self.steps} steps"
        a, b = self.labels
        return f"EdgeState between basins {a} and {b} of {self.map.name}: {what}; {self.verdict}: {self.reason}"


def edge_state(
    m: Map,
    start_a: object,
    start_b: object,
    *,
    attractors: Attractors | None = None,
    steps: int = EDGE_STEPS,
    max_steps: int = MAX_STEPS,
    seed: int = 0,
    progress: Progress = SILENT,
) -> EdgeState:
    """Follow the boundary between two basins to the state that it leads to.

    The segment between two states that go to different attractors is bisected to a narrow pair that still does, the
    pair is iterated until it has grown apart, and bisected anew. The middles of the pairs follow an orbit on the
    boundary: unstable for the map, but often stable within the boundary. Where it settles, Newton's and Krawczyk's
    methods finish.

    Arguments: ``start_a`` and ``start_b``, n numbers each; ``attractors`` to skip phase 1 (attractors are looked for
    in the map's domain); ``steps`` of the edge orbit; ``max_steps`` before a state is called out of time; ``seed`` of
    phase 1.
    Raises: InputError for a state of the wrong length or not finite, starts that do not settle or that go to one and
    the same attractor, and bad step counts.
    Source: Skufca, Yorke and Eckhardt 2006. Rigor: see ``EdgeState``. Cost: some tens of microseconds a step.

    >>> from dynlatch.maps.catalogue import neuron
    >>> edge_state(neuron(2), [-1], ["1/2"]).point
    FixedPoint((0), multipliers [2], repelling, PROVED)
    """
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or not 1 <= steps <= MAX_EDGE_STEPS:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InputError(f"steps={steps} must be a whole number from 1 to {MAX_EDGE_STEPS}; give 2000, say")
    pair = np.stack([checked_state(start_a, m, "start_a"), checked_state(start_b, m, "start_b")], axis=1)
    run = prepare(m, None, 1, [str(s) for s in m.states], None, attractors, max_steps, seed, progress)
    a, b = (int(label) for label in _outcomes(run, pair))
    for name, label in (("start_a", a), ("start_b", b)):
        if label in _NOWHERE:
            what = Label(label).name.lower().replace("_", " ")
            raise InputError(f"{name} goes to no attractor ({what}), so it is in no basin; start from another state")
    if a == b:
        where = f"attractor {a}" if a >= 0 else "nowhere: they diverge or leave the box"
        raise InputError(f"start_a and start_b both go to {where}; give two states that go to different attractors")
    edge = _Edge(run, (a, b))
    stop, reason = edge.follow(pair, int(steps), progress)
    return _result(run, edge, pair.T, seed, stop, reason)


def _outcomes(run: Run, states: Floats) -> Labels:
    """Labels, with leaving the box and diverging as one."""
    labels, _ = run.label_states(states, threads=1)
    return np.where(labels == Label.LEFT_THE_BOX, np.int16(Label.DIVERGED), labels)


class _Edge:
    """An edge orbit on its way; lengths are relative to the size of its states, at least 1."""

    def __init__(self, run: Run, labels: tuple[int, int]) -> None:
        self.labels = labels
        self.orbit: list[Floats] = []
        self.gap = 0.0
        self._run = run
        self._cycle: FixedPoint | None = None
        self._stay = 0
        self._next_try = 1

    @property
    def settled(self) -> FixedPoint | None:
        """The cycle at which the orbit has stayed."""
        return self._cycle if self._stay >= _SETTLED else None

    def follow(self, pair: Floats, steps: int, progress: Progress) -> tuple[Stop, str]:
        """Track until settled, stuck, or out of steps."""
        progress.start("following the edge", steps)
        stop, reason = Stop.BUDGET, f"the edge orbit settled on no cycle within {steps} steps; it may be chaotic"
        narrow = self._narrowed(pair)
        self._record(pair if narrow is None else narrow)
        for _ in range(steps):
            if narrow is None or self.settled:
                break
            pair = self._run.compiled.step(narrow, threads=1)
            if not np.all(np.abs(pair) <= FAR):
                stop, reason = Stop.DIVERGED, "the edge orbit diverges or reaches a state at which the map is undefined"
                break
            narrow = pair if _gap(pair) <= _WIDE else self._narrowed(pair)
            self._record(pair if narrow is None else narrow)
            progress.advance()
        progress.finish()
        if narrow is None:
            a, b = self.labels
            stop = Stop.STUCK
            reason = f"basins {a} and {b} were not seen to touch on the segment between two states; give other starts"
        return stop, reason

    def _narrowed(self, pair: Floats) -> Floats | None:
        """Cut the segment down to a pair with the two labels, ``_NARROW`` apart; None where a gap remains between them.

        States with other labels in between (on the boundary itself, or of a third basin that accumulates there) do no
        harm as long as the gap shrinks.
        """
        while (gap := _gap(pair)) > _NARROW:
            for pieces in _PIECES:
                shares = np.arange(pieces + 1) / pieces
                states = pair[:, :1] + (pair[:, 1:] - pair[:, :1]) * shares
                found = self._nearest(states)
                if found is not None and _gap(found) < 0.75 * gap:
                    break
            else:
                return None
            pair = found
        return pair

    def _nearest(self, states: Floats) -> Floats | None:
        """The two states with the two labels that are nearest to one another along the segment."""
        labels = _outcomes(self._run, states)
        at_a, at_b = (np.flatnonzero(labels == label) for label in self.labels)
        if not (at_a.size and at_b.size):
            return None
        after = np.searchsorted(at_a, at_b)
        sides = np.stack([at_a[np.maximum(after - 1, 0)], at_a[np.minimum(after, at_a.size - 1)]])
        side, b = np.unravel_index(int(np.argmin(np.abs(sides - at_b))), sides.shape)
        return np.ascontiguousarray(states[:, [sides[side, b], at_b[b]]])

    def _record(self, pair: Floats) -> None:
        """Add a state of the edge orbit; look whether it is at a cycle, and for how long it has been."""
        middle = pair.mean(axis=1)
        self.orbit.append(middle)
        self.gap = float(np.linalg.norm(pair[:, 1] - pair[:, 0]))
        size = _size(middle)
        if self._cycle is not None:
            self._stay = self._stay + 1 if _distance(middle, self._cycle) <= _AT * size else 0
            self._cycle = self._cycle if self._stay else None
        elif len(self.orbit) > self._next_try:
            back = np.array(self.orbit[-2 : -LONGEST_CYCLE - 2 : -1]) - middle
            returns = np.flatnonzero(np.max(np.abs(back), axis=1) <= _AT * size)
            if returns.size:
                cycle = self._certified(middle, int(returns[0]) + 1)
                if cycle is not None and _distance(middle, cycle) <= _AT * size:
                    self._cycle = cycle
                else:  # still on its way, or no simple zero: a proof costs more than many steps
                    self._next_try = len(self.orbit) + 8

    def _certified(self, near: Floats, period: int) -> FixedPoint | None:
        """The cycle next to a state, certified anew from its own middle; none that attracts, as no boundary can."""
        found = cycle_near(self._run.map, near, period)
        found = None if found is None else cycle_near(self._run.map, found.values, period)
        return None if found is None or found.stability is Stability.ATTRACTING else found


def _result(run: Run, edge: _Edge, starts: Floats, seed: int, stop: Stop, reason: str) -> EdgeState:
    point, boundary, sides, verdict = edge.settled, Verdict.INCONCLUSIVE, None, Verdict.INCONCLUSIVE
    if point is not None:
        verdict, stop, sides = Verdict.PROVED, Stop.SOLVED, _sides(run, point, edge.labels)
        reason = "the point and its multipliers are proved; that it is on this boundary is measured"
        if sides is not None and set(sides) != set(edge.labels):
            reason += f", though a little to either side of it states go to {sides[0]} and {sides[1]}"
        if _is_boundary(run, point, edge.labels):
            boundary = Verdict.PROVED
            reason = "the point and its multipliers are proved, and that both immediate basins end there"
    orbit, starts = np.array(edge.orbit), starts.copy()
    orbit.flags.writeable = starts.flags.writeable = False
    return EdgeState(
        run.map, run.attractors, edge.labels, point, boundary, sides, starts, orbit, edge.gap, run.max_steps, seed,
        verdict, stop, reason,
    )  # fmt: skip


def _sides(run: Run, point: FixedPoint, labels: tuple[int, int]) -> tuple[int, int] | None:
    """Labels a little to either side along the one unstable direction."""
    if sum(e.modulus.lower > 1 for e in point.multipliers) != 1:
        return None
    product = np.eye(run.map.dimension)
    for state in point.orbit:
        at = np.array([[float(e)] for e in state])
        product = run.compiled.jacobian(at, threads=1)[:, :, 0] @ product
    values, vectors = np.linalg.eig(product)
    away = _PERTURBATION * _size(point.values) * np.real(vectors[:, int(np.argmax(np.abs(values)))])
    states = np.stack([point.values - away, point.values + away], axis=1)
    first, second = (int(label) for label in _outcomes(run, states))
    return (first, second) if first == labels[0] else (second, first)


def _is_boundary(run: Run, point: FixedPoint, labels: tuple[int, int]) -> bool:
    """Whether two fixed points in one dimension are proved to have immediate basins that both end at ``point``."""
    if run.map.dimension > 1 or point.period > 1 or min(labels) < 0:
        return False
    both = [run.attractors[label] for label in labels]
    if any(a.point is None or a.point.period > 1 or not a.traps for a in both):
        return False
    return is_common_end(run.map, point.state[0], [(float(a.states[0, 0]), a.traps[0]) for a in both])


def _size(state: Floats) -> float:
    return max(1.0, float(np.max(np.abs(state))))


def _gap(pair: Floats) -> float:
    """The distance of a pair, relative to the size of the states."""
    return float(np.linalg.norm(pair[:, 1] - pair[:, 0])) / _size(pair)


def _distance(state: Floats, cycle: FixedPoint) -> float:
    orbit = np.array([[float(e) for e in p] for p in cycle.orbit])
    return float(np.min(np.max(np.abs(orbit - state), axis=1)))
