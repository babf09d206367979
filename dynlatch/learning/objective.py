"""Cost, gradient, curvature and states of sequences, each under parameters of its own: the passes, from outside.

B sequences stand side by side in blocks of lanes. ``Batch`` is made once and then asked for many parameters; nothing in
it depends on the number of threads.
"""

# pyright: reportMissingParameterType=false, reportUnknownParameterType=false
# numba infers the types of the kernels' arguments.
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dynlatch.errors import InputError
from dynlatch.jit import jit
from dynlatch.lanes import LANES
from dynlatch.learning.network import Network
from dynlatch.learning.passes import (
    choose,
    forward,
    forward_only,
    gradient,
    gradient_and_curvature,
)
from dynlatch.learning.trial import Floats, Sequences
from dynlatch.learning.workplace import Workplace
from dynlatch.maps.threads import for_chunks


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What each step contributes, for B sequences of T steps.

    ``states`` (B, T, n): x_i(t). ``deltas`` (B, T, n): dC/da_i(t). ``bends`` (B, T, n): the curvature h_i(t) of C along
    a_i(t). ``gradient`` (B, T, P): the terms of BSF94, eq. 4. ``curvature`` (B, T, P): their diagonal Gauss-Newton
    curvatures. All are 0 before a sequence begins.
    """

    states: Floats
    deltas: Floats
    bends: Floats
    gradient: Floats
    curvature: Floats


class Batch:
    """B sequences of one network, with the cost (x_N - d)^2 / 2, d = target * class.

    ``parameters`` of the methods are of shape (B, P), or (P,) for all alike. For threshold units only ``costs`` and
    ``states`` exist. Raises: InputError where sequences, parameters and network do not fit.
    """

    def __init__(self, network: Network, sequences: Sequences, target: float = 0.8, threads: int | None = None) -> None:
        if sequences.num_signals != network.num_signals:
            raise InputError(
                f"sequences with {sequences.num_signals} signals do not fit a network that takes {network.num_signals}"
            )
        self.network = network
        self.sequences = sequences
        self.steps = sequences.steps
        self._target = target
        self._threads = threads
        self._forwards: list[Workplace] = []
        self._backwards: list[Workplace] = []

    def __len__(self) -> int:
        return len(self.sequences)

    def costs(self, parameters: Floats) -> tuple[Floats, Floats]:
        """Cost and error (0 or 1) of every sequence, two arrays of shape (B,). Memory: independent of T."""
        found = np.empty((2, len(self)))

        def work(place: Workplace, columns: slice) -> None:
            found[:, columns] = _costs(place.wiring, place.block, self.steps)[:, : columns.stop - columns.start]

        if not self._forwards:
            self._forwards = self._places(backwards=False)
        self._each(self._forwards, parameters, work)
        return found[0], found[1]

    def gradients(self, parameters: Floats) -> tuple[Floats, Floats]:
        """Cost (B,) and its gradient (B, P), by back-propagation through time. Memory: T rows of lanes per block."""
        costs, slopes = np.empty(len(self)), np.empty((len(self), len(self.network.parameters)))

        def work(place: Workplace, columns: slice) -> None:
            count = columns.stop - columns.start
            costs[columns] = _gradients(place.wiring, place.block, self.steps)[:count]
            slopes[columns] = place.block.gradient[: place.num_parameters, :count].T

        self._refuse_threshold()
        if not self._backwards:
            self._backwards = self._places(backwards=True)
        self._each(self._backwards, parameters, work)
        return costs, slopes

    def states(self, parameters: Floats) -> Floats:
        """x_i(t), shape (B, T, n); 0 before a sequence begins."""
        found = np.empty((len(self), self.steps, self.network.num_units))

        def work(place: Workplace, columns: slice) -> None:
            _states(place.wiring, place.block, self.steps)
            found[columns] = self._by_step(place, place.block.signals, place.wiring.width, columns)

        self._each(self._places(backwards=True), parameters, work)
        return found

    def terms(self, parameters: Floats) -> Terms:
        """States, gradient and curvature step by step. Memory: of order B T P."""
        shape = (len(self), self.steps)
        n, p = self.network.num_units, len(self.network.parameters)
        sizes = (n, n, n, p, p)
        found = Terms(*(np.empty((*shape, size)) for size in sizes))

        def work(place: Workplace, columns: slice) -> None:
            block, wiring = place.block, place.wiring
            _terms(wiring, block, self.steps)
            found.states[columns] = self._by_step(place, block.signals, wiring.width, columns)
            found.deltas[columns] = self._by_step(place, block.deltas[: (self.steps + 1) * n], n, columns)
            found.bends[columns] = self._by_step(place, block.bends[: (self.steps + 1) * n], n, columns)
            for rows, into in ((block.gradient, found.gradient), (block.curvature, found.curvature)):
                count = columns.stop - columns.start
                into[columns] = rows.reshape(self.steps + 1, p, LANES)[1:, :, :count].transpose(2, 0, 1)

        self._refuse_threshold()
        self._each(self._places(backwards=True, terms=True), parameters, work)
        began = np.arange(self.steps)[None, :] >= (self.steps - self.sequences.lengths)[:, None]
        for array in (found.deltas, found.bends, found.gradient, found.curvature):
            array[~began] = 0.0
        return found

    def _by_step(self, place: Workplace, rows: Floats, width: int, columns: slice) -> Floats:
        """Rows of units by step as (B, T, n), units in the order of the network."""
        back = np.argsort(self.network.order)
        by_step = rows.reshape(self.steps + 1, width, LANES)[1:, back, : columns.stop - columns.start]
        return by_step.transpose(2, 0, 1)

    def _refuse_threshold(self) -> None:
        if self.network.kind == "threshold":
            raise InputError("threshold units have no gradient; use costs(), or a network of tanh units")

    def _places(self, *, backwards: bool, terms: bool = False) -> list[Workplace]:
        """Blocks of lanes, one sequence in each lane."""
        places: list[Workplace] = []
        sequences, nothing = self.sequences, np.zeros(len(self.network.parameters))
        for start in range(0, len(self), LANES):
            place = Workplace(self.network, self.steps, 1, backwards=backwards, terms=terms)
            for lane, k in enumerate(range(start, min(start + LANES, len(self)))):
                part = slice(k, k + 1)
                one = Sequences(sequences.signals[part], sequences.lengths[part], sequences.classes[part])
                place.fill(lane, one, nothing, self._target)
            places.append(place)
        return places

    def _each(self, places: list[Workplace], parameters: Floats, work: Callable[[Workplace, slice], None]) -> None:
        given = np.asarray(parameters, dtype=np.float64)
        shape = (len(self), len(self.network.parameters))
        if given.shape not in (shape, shape[1:]):
            raise InputError(f"parameters of shape {given.shape} must be of shape {shape} or {shape[1:]}")
        columns = np.broadcast_to(given, shape).T

        def some(first: int, last: int) -> None:
            for k in range(first, last):
                part = slice(k * LANES, min((k + 1) * LANES, len(self)))
                places[k].block.weights[: shape[1], : part.stop - part.start] = columns[:, part]
                work(places[k], part)

        for_chunks(some, len(places), max(1, len(places) // 8), threads=self._threads)


@jit
def _begin(wiring, block, steps):
    return choose(wiring, block, np.zeros(LANES, dtype=np.int64), steps)


@jit
def _costs(wiring, block, steps):
    row = forward_only(wiring, block, _begin(wiring, block, steps), steps)
    found = np.empty((2, LANES))
    for lane in range(LANES):
        x = block.signals[row, lane]
        found[0, lane] = 0.5 * (x - block.wanted[0, lane]) ** 2
        found[1, lane] = (x >= 0.0) != (block.wanted[0, lane] > 0.0)
    return found


@jit
def _states(wiring, block, steps):
    forward(wiring, block, _begin(wiring, block, steps), steps)


@jit
def _gradients(wiring, block, steps):
    begun = _begin(wiring, block, steps)
    row = forward(wiring, block, begun, steps)
    gradient(wiring, block, begun, steps, row)
    found = np.empty(LANES)
    for lane in range(LANES):
        found[lane] = 0.5 * (block.signals[row, lane] - block.wanted[0, lane]) ** 2
    return found


@jit
def _terms(wiring, block, steps):
    begun = _begin(wiring, block, steps)
    row = forward(wiring, block, begun, steps)
    gradient_and_curvature(wiring, block, begun, steps, row, True)
