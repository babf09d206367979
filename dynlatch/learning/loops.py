"""The two inner loops of training, compiled: epochs of presentations, and candidates of searches.

Both hand what was measured to an algorithm's ``step``, a compiled function that is passed as a value, count
presentations, and apply the stopping rules, for every lane as if it were alone. They return when a lane needs
attention: when its run is over, or when a row of its history is due.
"""

# pyright: reportMissingParameterType=false, reportUnknownParameterType=false
# numba infers the types of the kernels' arguments.
from __future__ import annotations

import enum
from typing import Any, Final, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from dynlatch.jit import ARRAY, VECTOR, jit_as, jit_part, types
from dynlatch.lanes import LANES, equal, fma, load, spread, store
from dynlatch.learning.backwards import gradient, gradient_and_curvature, pseudo_gradient
from dynlatch.learning.block import ITS_OWN, new_block
from dynlatch.learning.forwards import choose, choose_row, forward, forward_only, is_disturbed
from dynlatch.learning.network import Connection, Cue, Network, Previous, Signal
from dynlatch.learning.streams import shuffle
from dynlatch.learning.wiring import wire


class Sees(enum.IntEnum):
    """What an algorithm's step is told."""

    COST = 0
    """Row 0 of ``gradient``: the mean cost over the training set; row 1: how many of its sequences are wrong."""
    GRADIENT = 1
    """The gradient of the cost of one sequence, summed over time."""
    CURVATURE = 2
    """That, and the diagonal Gauss-Newton curvature, summed over time."""
    TERMS = 3
    """Both, step by step: rows ``t P`` to ``t P + P - 1`` for t from ``begun`` to ``steps``."""
    PSEUDO = 4
    """The random pseudo-gradient of discrete error propagation, summed over time."""


class State(enum.IntEnum):
    """What a lane is doing."""

    IDLE = 0
    RUNNING = 1
    SOLVED = 2
    BUDGET = 3
    STUCK = 4
    DIVERGED = 5


class Courses(NamedTuple):
    """How far the trials in a block of lanes are; every field is of shape (LANES,)."""

    state: NDArray[np.int64]
    presentations: NDArray[np.int64]
    due: NDArray[np.int64]
    """The number of presentations at which a row of history is due."""
    checking: NDArray[np.int64]
    """1 while a pass with frozen parameters confirms an epoch without an error."""
    streak: NDArray[np.int64]
    """Epochs in a row without an error, ..."""
    goal: NDArray[np.int64]
    """... and how many of them count as learned; 0: one, and a pass that confirms it."""
    errors: NDArray[np.int64]
    """Wrong answers in the last epoch, or of the last candidate."""
    seen: NDArray[np.int64]
    """Presentations of the last epoch."""
    cost: NDArray[np.float64]
    """Their mean cost."""


def new_courses() -> Courses:
    """Courses of a block in which every lane is idle."""
    a, b, c, d, e, f, g, h = (np.zeros(LANES, dtype=np.int64) for _ in range(8))
    return Courses(a, b, c, d, e, f, g, h, np.zeros(LANES))


_ORDER: Any = types.int64[:, ::1]
_STREAMS: Any = types.uint64[:, ::1]
STEP: Any = types.void(ARRAY, ARRAY, ARRAY, ARRAY, VECTOR, _STREAMS, ARRAY, types.int64, types.int64, types.int64)
"""step(weights, gradient, curvature, memory, settings, streams, active, P, begun, steps): new parameters in rows 0 to
P - 1 of ``weights``, in the lanes where row 0 of ``active`` is 1."""
_STEP_VALUE: Any = types.FunctionType(STEP)

_SAMPLE: Final = Network(
    1,
    1,
    0,
    (Connection(0, Previous(0), "w"), Connection(0, Cue(1, True), "u"), Connection(0, Signal(0), 1.0)),
)
_WIRING: Any = numba.typeof(wire(_SAMPLE))
_BLOCK: Any = numba.typeof(new_block(wire(_SAMPLE), 3, 2, 1, backwards=True, terms=False, in_step=False))
_COURSES: Any = numba.typeof(new_courses())

_IDLE: Final = int(State.IDLE)
_RUNNING: Final = int(State.RUNNING)
_SOLVED: Final = int(State.SOLVED)
_BUDGET: Final = int(State.BUDGET)
_STUCK: Final = int(State.STUCK)
_DIVERGED: Final = int(State.DIVERGED)
_GRADIENT: Final = int(Sees.GRADIENT)
_TERMS: Final = int(Sees.TERMS)
_PSEUDO: Final = int(Sees.PSEUDO)


# --- epochs of presentations ------------------------------------------------------------------------------------------


@jit_part
def _miss(block, output_row, lane):
    """The cost of a lane's present sequence, and 1 if its answer is wrong, as nan is."""
    x, wanted = block.signals[output_row, lane], block.wanted[0, lane]
    right = x >= 0.0 if wanted > 0.0 else x < 0.0
    return 0.5 * (x - wanted) * (x - wanted), int(not right)


@jit_part
def _note_finite(block, num_parameters, finite):
    """Count a presentation in lanes whose parameters are all finite."""
    total = spread(0.0)
    for p in range(num_parameters):
        total = fma(load(block.weights, p), 0.0, total)
    store(finite, 0, load(finite, 0) + equal(total, 0.0))


@jit_part
def _begin_epoch(block, courses, order, budget):
    """How many presentations each lane takes; the longest of them. Lanes that learn see a new order."""
    longest = 0
    for lane in range(LANES):
        courses.errors[lane] = 0
        courses.cost[lane] = 0.0
        courses.seen[lane] = 0
        if courses.state[lane] == _RUNNING:
            courses.seen[lane] = min(order.shape[0], budget - courses.presentations[lane])
            if not courses.checking[lane]:
                shuffle(block.streams, order, lane, order.shape[0])
        longest = max(longest, courses.seen[lane])
    return longest


@jit_part
def _end_epoch(courses, finite, sequences, budget):
    """Count, and apply the stopping rule; whether a lane needs attention."""
    needed = False
    for lane in range(LANES):
        if courses.state[lane] != _RUNNING:
            continue
        diverged = finite[0, lane] < courses.seen[lane]
        if diverged:
            courses.seen[lane] = int(finite[0, lane]) + 1
        seen = courses.seen[lane]
        courses.cost[lane] /= seen
        courses.presentations[lane] += seen
        clean = courses.errors[lane] == 0 and seen == sequences
        if diverged:
            courses.state[lane] = _DIVERGED
        else:
            courses.streak[lane] = courses.streak[lane] + 1 if clean else 0
            goal = courses.goal[lane]
            if (courses.checking[lane] and clean) or 0 < goal <= courses.streak[lane]:
                courses.state[lane] = _SOLVED
            elif courses.presentations[lane] >= budget:
                courses.state[lane] = _BUDGET
            courses.checking[lane] = clean and goal == 0
        needed |= courses.state[lane] != _RUNNING or courses.presentations[lane] >= courses.due[lane]
    return needed


@jit_as(
    types.void(
        _WIRING, _BLOCK, _COURSES, types.int64, _STEP_VALUE, ARRAY, VECTOR, _ORDER, types.int64, types.int64,
        types.int64,
    )
)  # fmt: skip
def epochs(wiring, block, courses, sees, step, memory, settings, order, budget, rounds, steps):
    """At most ``rounds`` epochs: present to each running lane the sequences of its column of ``order``.

    A lane learns from every one of them, or only looks while it is ``checking``; it sees no more once a parameter is no
    longer finite. ``settings``: the algorithm's; for pseudo-gradients the last three are least, most and margin.
    """
    active, finite = np.zeros((1, LANES)), np.zeros((1, LANES))
    for _ in range(rounds):
        longest = _begin_epoch(block, courses, order, budget)
        store(finite, 0, 0.0)
        for k in range(longest):
            begun = choose(wiring, block, order[k], ITS_OWN, steps)
            output_row = forward(wiring, block, begun, steps)
            learns = False
            for lane in range(LANES):
                active[0, lane] = 0.0
                if k < courses.seen[lane] and finite[0, lane] == k:
                    cost, error = _miss(block, output_row, lane)
                    courses.cost[lane] += cost
                    courses.errors[lane] += error
                    if not courses.checking[lane]:
                        active[0, lane] = 1.0
                        learns = True
            if learns:
                if sees == _GRADIENT:
                    gradient(wiring, block, begun, steps, output_row, 0)
                elif sees == _PSEUDO:
                    least, most, margin = settings[-3], settings[-2], settings[-1]
                    drawn = block.streams[1].copy()
                    pseudo_gradient(wiring, block, begun, steps, output_row, least, most, margin)
                    for lane in range(LANES):
                        if active[0, lane] == 0.0:  # alone it would not have drawn
                            block.streams[1, lane] = drawn[lane]
                else:
                    gradient_and_curvature(wiring, block, begun, steps, output_row, sees == _TERMS)
                step(
                    block.weights, block.gradient, block.curvature, memory, settings, block.streams, active,
                    wiring.num_parameters, begun, steps,
                )  # fmt: skip
            _note_finite(block, wiring.num_parameters, finite)
        if _end_epoch(courses, finite, order.shape[0], budget) or longest == 0:
            return


# --- candidates of searches -------------------------------------------------------------------------------------------


@jit_part
def _count(block, output_row, lane, trial):
    """Add what a lane's present sequence showed to the sums of a trial."""
    cost, error = _miss(block, output_row, lane)
    block.gradient[0, trial] += cost
    block.gradient[1, trial] += error


@jit_part
def _side_by_side(wiring, block, sequences, steps):
    """Every lane presents its trial's sequences, one after another."""
    for s in range(sequences):
        output_row = forward_only(wiring, block, choose_row(wiring, block, s, steps), steps)
        for lane in range(LANES):
            _count(block, output_row, lane, lane)


@jit_part
def _spread_out(wiring, wide, which, whose, trial, sequences, steps):
    """All lanes present sequences of one trial."""
    for lane in range(LANES):
        whose[lane] = trial
    for first in range(0, sequences, LANES):
        for lane in range(LANES):
            which[lane] = min(first + lane, sequences - 1)
        output_row = forward_only(wiring, wide, choose(wiring, wide, which, whose, steps), steps)
        for lane in range(min(LANES, sequences - first)):
            _count(wide, output_row, lane, trial)


@jit_part
def _evaluate(wiring, block, wide, active, which, whose, sequences, steps):
    """Mean costs of the candidates of active lanes in row 0 of ``gradient``, their errors in row 1.

    Whichever takes fewer passes: each lane a trial of its own, or all lanes one trial after another. Sums are taken in
    the same order, so that the numbers are the same.
    """
    store(block.gradient, 0, 0.0)
    store(block.gradient, 1, 0.0)
    count = 0
    for lane in range(LANES):
        count += active[0, lane] > 0.0
    if count * -(-sequences // LANES) < sequences and not is_disturbed(block):
        for trial in range(LANES):
            if active[0, trial] > 0.0:
                for p in range(wiring.num_parameters):
                    wide.weights[p] = block.weights[p, trial]
                _spread_out(wiring, wide, which, whose, trial, sequences, steps)
    else:
        _side_by_side(wiring, block, sequences, steps)
    for lane in range(LANES):
        block.gradient[0, lane] /= sequences


@jit_as(
    types.void(
        _WIRING, _BLOCK, _BLOCK, _COURSES, _STEP_VALUE, ARRAY, VECTOR, types.float64, types.int64, types.int64,
        types.int64, types.int64,
    )
)  # fmt: skip
def candidates(wiring, block, wide, courses, step, memory, settings, accepted, budget, rounds, sequences, steps):
    """At most ``rounds`` candidates: present the whole training set to the parameters in each running lane.

    A lane stops where they make no error at a mean cost of at most ``accepted``, and keeps them; where the step sets
    row 0 of ``memory``, its sign that it gives up; and where the budget does not suffice for another candidate.
    ``wide``: ``block.beside(block)``.
    """
    which, whose = np.zeros(LANES, dtype=np.int64), np.zeros(LANES, dtype=np.int64)
    active = np.zeros((1, LANES))
    for _ in range(rounds):
        for lane in range(LANES):
            active[0, lane] = courses.state[lane] == _RUNNING
        _evaluate(wiring, block, wide, active, which, whose, sequences, steps)
        for lane in range(LANES):
            if courses.state[lane] == _RUNNING:
                courses.presentations[lane] += sequences
                courses.cost[lane] = block.gradient[0, lane]
                courses.errors[lane] = int(block.gradient[1, lane])
                courses.seen[lane] = sequences
                if courses.errors[lane] == 0 and courses.cost[lane] <= accepted:
                    courses.state[lane] = _SOLVED
                    active[0, lane] = 0.0
        step(
            block.weights, block.gradient, block.curvature, memory, settings, block.streams, active,
            wiring.num_parameters, 0, steps,
        )  # fmt: skip
        needed = False
        for lane in range(LANES):
            if courses.state[lane] == _RUNNING:
                if memory[0, lane] > 0.0:
                    courses.state[lane] = _STUCK
                elif courses.presentations[lane] + sequences > budget:
                    courses.state[lane] = _BUDGET
            if courses.state[lane] != _IDLE:
                needed |= courses.state[lane] != _RUNNING or courses.presentations[lane] >= courses.due[lane]
        if needed:
            return
