"""A block of lanes with the trials that are in them."""

# pyright: reportMissingParameterType=false
# numba infers the types of the kernels' arguments.
from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from dynlatch.jit import jit_as
from dynlatch.lanes import LANES, lane_array
from dynlatch.learning.algorithm import Floats
from dynlatch.learning.loops import STEP, State, candidates, new_courses
from dynlatch.learning.network import Network
from dynlatch.learning.passes import beside, new_block
from dynlatch.learning.trial import Sequences
from dynlatch.learning.wiring import fixed_weights, wire


class Workplace:
    """Arrays for up to ``LANES`` trials of one network; lanes are filled and emptied one by one."""

    def __init__(self, network: Network, steps: int, sequences: int, *, backwards: bool, terms: bool) -> None:
        self.wiring = wire(network)
        self.steps = steps
        self.sequences = sequences
        fixed = fixed_weights(network)
        self.num_parameters = self.wiring.num_parameters
        self.block = new_block(
            self.wiring, self.num_parameters + len(fixed), steps, sequences, backwards=backwards, terms=terms
        )
        self.block.weights[self.num_parameters :] = np.array(fixed)[:, None]
        self._data = self.block.data.reshape(LANES, sequences, steps, network.num_signals)

    def fill(self, lane: int, given: Sequences, parameters: Floats, target: float, fresh: float = 0.0) -> None:
        """Put sequences, shortest first (lanes then end their work together), and parameters into a lane."""
        block, by_length = self.block, np.argsort(given.lengths, kind="stable")
        self._data[lane] = 0.0
        self._data[lane, :, self.steps - given.steps :] = given.signals[by_length]
        block.lengths[:, lane] = given.lengths[by_length]
        block.classes[:, lane] = given.classes[by_length]
        block.aim[0, lane] = target
        block.fresh[0, lane] = fresh
        self.set_parameters(lane, parameters)

    def lay_out(self, given: Sequences) -> None:
        """Put one sequence after another into the lanes, row by row."""
        block, rows = self.block, self.sequences
        whole = np.zeros((rows * LANES, self.steps, self._data.shape[-1]))
        whole[: len(given)] = given.signals
        self._data[:] = whole.reshape(rows, LANES, *whole.shape[1:]).swapaxes(0, 1)
        for into, values in ((block.lengths, given.lengths), (block.classes, given.classes)):
            into.reshape(-1)[: len(given)] = values

    def set_parameters(self, lane: int, parameters: Floats) -> None:
        """Free weights of a lane."""
        self.block.weights[: self.num_parameters, lane] = parameters

    def parameters(self, lane: int) -> Floats:
        """A copy of a lane's free weights."""
        return self.block.weights[: self.num_parameters, lane].copy()

    def empty(self, lane: int) -> None:
        """Nothing in the lane takes any time."""
        self.block.lengths[:, lane] = 0.0
        self.block.weights[: self.num_parameters, lane] = 0.0
        self.block.fresh[0, lane] = 0.0


@jit_as(STEP)
def _stay(weights, gradient, curvature, memory, settings, streams, active, num_parameters, begun, steps):
    """Change nothing."""


_NEVER: Final = -1.0


def measured(
    network: Network, given: Sequence[Sequences], parameters: Sequence[Floats], targets: Sequence[float]
) -> tuple[Floats, Floats]:
    """Fractions of wrong answers and mean costs of several parameters, each on sequences of its own.

    Returns: two arrays of shape (R,). Cost: one forward pass for each sequence.
    """
    errors, costs = np.empty(len(given)), np.empty(len(given))
    for size in sorted({len(g) for g in given}):  # usually one
        alike = [k for k, g in enumerate(given) if len(g) == size]
        steps = max(given[k].steps for k in alike)
        place = Workplace(network, steps, size, backwards=False, terms=False)
        for start in range(0, len(alike), LANES):
            some = alike[start : start + LANES]
            for lane in range(LANES):
                if lane < len(some):
                    k = some[lane]
                    place.fill(lane, given[k], parameters[k], targets[k])
                else:
                    place.empty(lane)
            courses = new_courses()
            courses.state[: len(some)] = State.RUNNING
            candidates(
                place.wiring, place.block, beside(place.block), courses, _stay, lane_array(1), np.zeros(1), _NEVER,
                size, 1, size, steps,
            )  # fmt: skip
            errors[some] = courses.errors[: len(some)] / size
            costs[some] = courses.cost[: len(some)]
    return errors, costs
