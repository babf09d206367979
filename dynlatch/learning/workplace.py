"""A block of lanes with the trials that are in them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes import LANES
from dynlatch.learning.algorithm import Floats
from dynlatch.learning.block import new_block
from dynlatch.learning.network import Network
from dynlatch.learning.trial import Sequences
from dynlatch.learning.wiring import fixed_weights, wire


class Workplace:
    """Arrays for up to ``LANES`` trials of one network; lanes are filled and emptied one by one."""

    def __init__(
        self, network: Network, steps: int, sequences: int, *, backwards: bool, terms: bool, in_step: bool
    ) -> None:
        self.wiring = wire(network)
        self.steps = steps
        self.sequences = sequences
        fixed = fixed_weights(network)
        self.num_parameters = self.wiring.num_parameters
        self.block = new_block(
            self.wiring, self.num_parameters + len(fixed), steps, sequences, backwards=backwards, terms=terms,
            in_step=in_step,
        )  # fmt: skip
        self.block.weights[self.num_parameters :] = np.array(fixed)[:, None]
        shape = (sequences, steps, network.num_signals)
        data = self.block.data
        self._data = np.moveaxis(data.reshape(*shape, LANES), -1, 0) if in_step else data.reshape(LANES, *shape)

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

    def lay_out(self, given: Sequences, order: NDArray[np.int64]) -> None:
        """Put one sequence after another, in that order, into the lanes, row by row."""
        block, rows = self.block, self.sequences
        whole = np.zeros((rows * LANES, self.steps, self._data.shape[-1]))
        whole[: len(given)] = given.signals[order]
        self._data[:] = whole.reshape(rows, LANES, *whole.shape[1:]).swapaxes(0, 1)
        for into, values in ((block.lengths, given.lengths), (block.classes, given.classes)):
            into.reshape(-1)[: len(given)] = values[order]

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
