"""The two inner loops of training, compiled: an epoch of presentations, and a run of candidates.

Both hand what was measured to an algorithm's ``step``, a compiled function that is passed as a value, and both treat
every lane as if it were alone.
"""

# pyright: reportMissingParameterType=false, reportUnknownParameterType=false
# numba infers the types of the kernels' arguments.
from __future__ import annotations

import enum
from typing import Any, Final

import numba
import numpy as np

from dynlatch.jit import ARRAY, VECTOR, jit_as, types
from dynlatch.lanes import LANES, equal, fma, lane_array, load, spread, store
from dynlatch.learning.network import Connection, Cue, Network, Previous, Signal
from dynlatch.learning.passes import (
    choose,
    forward,
    forward_only,
    gradient,
    gradient_and_curvature,
    new_block,
    pseudo_gradient,
)
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


_INTEGERS: Any = types.int64[::1]
_ORDER: Any = types.int64[:, ::1]
_STREAMS: Any = types.uint64[:, ::1]
STEP: Any = types.void(
    ARRAY, ARRAY, ARRAY, ARRAY, VECTOR, _STREAMS, ARRAY, types.int64, types.int64, types.int64
)  # fmt: skip
"""step(weights, gradient, curvature, memory, settings, streams, active, P, begun, steps): new parameters in rows 0 to
P - 1 of ``weights``, in the lanes where row 0 of ``active`` is 1."""
_STEP_VALUE: Any = types.FunctionType(STEP)

_SAMPLE: Final = Network(1, 1, 0, (Connection(0, Previous(0), "w"), Connection(0, Cue(1, True), "u"),
                                   Connection(0, Signal(0), 1.0)))  # fmt: skip
_WIRING: Any = numba.typeof(wire(_SAMPLE))
_BLOCK: Any = numba.typeof(new_block(wire(_SAMPLE), 3, 2, 1, backwards=True, terms=False))


@jit_as(types.void(
    _WIRING, _BLOCK, types.int64, _STEP_VALUE, ARRAY, VECTOR, VECTOR, _ORDER, _INTEGERS, ARRAY, ARRAY, types.int64
))  # fmt: skip
def epoch(wiring, block, sees, step, memory, settings, discrete, order, limit, training, tally, steps):
    """Present the sequences of ``order`` one after another, to each lane the first ``limit[lane]`` of them.

    ``training`` (1 row): 1 where a lane learns from what it sees (its column of ``order`` is shuffled first), 0 where it
    only looks. ``tally``: rows of errors, of summed costs, and of presentations after which all parameters were finite.
    ``discrete``: least, most and margin of pseudo-gradients.
    """
    longest = 0
    for lane in range(LANES):
        longest = max(longest, limit[lane])
        if training[0, lane] > 0.0 and limit[lane] > 0:
            shuffle(block.streams, order, lane, order.shape[0])
    for r in range(3):
        store(tally, r, 0.0)
    active = np.zeros((1, LANES))
    for k in range(longest):
        begun = choose(wiring, block, order[k], steps)
        output_row = forward(wiring, block, begun, steps)
        learns = False
        for lane in range(LANES):
            active[0, lane] = 0.0
            if k < limit[lane]:
                x = block.signals[output_row, lane]
                miss = x - block.wanted[0, lane]
                tally[0, lane] += (x >= 0.0) != (block.wanted[0, lane] > 0.0)
                tally[1, lane] += 0.5 * miss * miss
                active[0, lane] = training[0, lane]
                learns |= training[0, lane] > 0.0
        if learns:
            if sees == 1:
                gradient(wiring, block, begun, steps, output_row)
            elif sees == 4:
                pseudo_gradient(wiring, block, begun, steps, output_row, discrete[0], discrete[1], discrete[2])
            else:
                gradient_and_curvature(wiring, block, begun, steps, output_row, sees == 3)
            step(block.weights, block.gradient, block.curvature, memory, settings, block.streams, active,
                 wiring.num_parameters, begun, steps)  # fmt: skip
        total = spread(0.0)
        for p in range(wiring.num_parameters):
            total = fma(load(block.weights, p), 0.0, total)
        store(tally, 2, load(tally, 2) + equal(total, 0.0))


@jit_as(types.void(
    _WIRING, _BLOCK, _STEP_VALUE, ARRAY, VECTOR, _INTEGERS, ARRAY, ARRAY, types.float64, types.int64, types.int64
))  # fmt: skip
def candidates(wiring, block, step, memory, settings, limit, running, tally, accepted, sequences, steps):
    """Present the whole training set to one candidate after another, to each lane at most ``limit[lane]`` of them.

    A lane stops where a candidate makes no error at a mean cost of at most ``accepted``, keeping it, or where the step
    sets row 0 of ``memory``, its sign that it is stuck. ``running`` (1 row): 1 where a lane goes on, changed here; 2
    means solved, 3 stuck. ``tally``: rows of errors, of mean costs (of the last candidate), and of candidates.
    """
    which = np.zeros(LANES, dtype=np.int64)
    active = np.zeros((1, LANES))
    longest = 0
    for lane in range(LANES):
        if running[0, lane] == 1.0:
            longest = max(longest, limit[lane])
    store(tally, 2, 0.0)
    for e in range(longest):
        store(block.gradient, 0, 0.0)
        store(block.gradient, 1, 0.0)
        some = False
        for lane in range(LANES):
            active[0, lane] = running[0, lane] == 1.0 and e < limit[lane]
            some |= active[0, lane] > 0.0
        if not some:
            break
        for s in range(sequences):
            which[:] = s
            begun = choose(wiring, block, which, steps)
            output_row = forward_only(wiring, block, begun, steps)
            for lane in range(LANES):
                x = block.signals[output_row, lane]
                miss = x - block.wanted[0, lane]
                block.gradient[0, lane] += 0.5 * miss * miss
                block.gradient[1, lane] += (x >= 0.0) != (block.wanted[0, lane] > 0.0)
        for lane in range(LANES):
            block.gradient[0, lane] /= sequences
            if active[0, lane] > 0.0:
                tally[0, lane] = block.gradient[1, lane]
                tally[1, lane] = block.gradient[0, lane]
                tally[2, lane] += 1.0
                if block.gradient[1, lane] == 0.0 and block.gradient[0, lane] <= accepted:
                    running[0, lane] = 2.0
                    active[0, lane] = 0.0
        step(block.weights, block.gradient, block.curvature, memory, settings, block.streams, active,
             wiring.num_parameters, 0, steps)  # fmt: skip
        for lane in range(LANES):
            if active[0, lane] > 0.0 and memory[0, lane] > 0.0:
                running[0, lane] = 3.0


def new_tally() -> Any:
    """Room for what the loops count."""
    return lane_array(3)
