"""Cost, gradient, curvature and states of sequences, each under parameters of its own: the passes, from outside.

B sequences stand side by side in rows of lanes, sorted by length, so that the lanes of a row end their work together.
``Batch`` is made once and then asked for many parameters; nothing in it depends on the number of threads.
"""

# pyright: reportMissingParameterType=false, reportUnknownParameterType=false
# numba infers the types of the kernels' arguments.
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from dynlatch.errors import InputError
from dynlatch.jit import jit, jit_part
from dynlatch.lanes import LANES, at_least, lane_array, load, store, where
from dynlatch.learning.backwards import gradient, gradient_and_curvature
from dynlatch.learning.block import STRETCH, Block, new_block
from dynlatch.learning.checks import is_number, shown, thread_count
from dynlatch.learning.forwards import choose_row, forward, forward_only
from dynlatch.learning.network import Network
from dynlatch.learning.trial import Floats, Sequences
from dynlatch.learning.workplace import Workplace
from dynlatch.maps.threads import for_chunks, num_threads

_PARTS: Final = 2
"""Parts of a batch for each of several threads, ..."""
_FEW: Final = 4000
"""... and steps of units, in rows of lanes, that are the least for one: a tenth of a millisecond's work."""


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
        if not is_number(target):
            raise InputError(f"target={shown(target)} must be a finite number")
        if sequences.num_signals != network.num_signals:
            raise InputError(
                f"sequences with {sequences.num_signals} signals do not fit a network that takes {network.num_signals}"
            )
        self.network = network
        self.steps = sequences.steps
        self._order = np.argsort(sequences.lengths, kind="stable")
        self._lengths = sequences.lengths
        self._threads = thread_count(threads)
        self._rows = -(-len(sequences) // LANES)
        self._place = Workplace(network, self.steps, self._rows, backwards=False, terms=False, in_step=True)
        for lane in range(LANES):
            self._place.block.aim[0, lane] = target
        self._place.lay_out(sequences, self._order)
        self._spare: dict[tuple[bool, bool], list[Block]] = {}

    def __len__(self) -> int:
        return len(self._lengths)

    def costs(self, parameters: Floats) -> tuple[Floats, Floats]:
        """Cost and error (0 or 1) of every sequence, two arrays of shape (B,). Memory: independent of T."""
        found = self.costs_in_lanes(self.in_lanes(parameters))
        return self._by_sequence(found[0]), self._by_sequence(found[1])

    def gradients(self, parameters: Floats) -> tuple[Floats, Floats]:
        """Cost (B,) and its gradient (B, P), by back-propagation through time. Memory: T rows of lanes per thread."""
        found, slopes = self.gradients_in_lanes(self.in_lanes(parameters))
        return self._by_sequence(found), self._by_sequence(slopes)

    def costs_in_lanes(self, weights: Floats) -> Floats:
        """As ``costs`` of what ``in_lanes`` gives, left in rows of lanes: (2, rows, LANES)."""
        found = np.empty((2, self._rows, LANES))

        def work(block: Block, first: int, last: int) -> None:
            _costs(self._place.wiring, block, weights, found, first, last, self.steps)

        self._each(work, backwards=False)
        return found

    def gradients_in_lanes(self, weights: Floats) -> tuple[Floats, Floats]:
        """As ``gradients`` of what ``in_lanes`` gives, left in rows of lanes: (rows, LANES) and (rows, P, LANES)."""
        self._refuse_threshold()
        found, slopes = np.empty((self._rows, LANES)), np.empty_like(weights)

        def work(block: Block, first: int, last: int) -> None:
            straight = block._replace(gradient=slopes.reshape(-1, LANES))
            _gradients(self._place.wiring, straight, weights, found, first, last, self.steps)

        self._each(work, backwards=True)
        return found, slopes

    def states(self, parameters: Floats) -> Floats:
        """x_i(t), shape (B, T, n); 0 before a sequence begins."""
        weights = self.in_lanes(parameters)
        found = np.empty((self._rows, self.steps, self.network.num_units, LANES))

        def work(block: Block, first: int, last: int) -> None:
            for row in range(first, last):
                _states(self._place.wiring, block, weights, row, self.steps)
                found[row] = self._by_step(block.signals, self._place.wiring.width)

        self._each(work, backwards=True)
        return self._cut(self._by_sequence(found))

    def terms(self, parameters: Floats) -> Terms:
        """States, gradient and curvature step by step. Memory: of order B T P."""
        self._refuse_threshold()
        weights, n, p = self.in_lanes(parameters), self.network.num_units, len(self.network.parameters)
        parts = [np.empty((self._rows, self.steps, size, LANES)) for size in (n, n, n, p, p)]

        def work(block: Block, first: int, last: int) -> None:
            wiring = self._place.wiring
            for row in range(first, last):
                _terms(wiring, block, weights, row, self.steps)
                parts[0][row] = self._by_step(block.signals, wiring.width)
                parts[1][row] = self._by_step(block.deltas[:-n], n)
                parts[2][row] = self._by_step(block.bends[:-n], n)
                parts[3][row] = block.gradient.reshape(self.steps + 1, p, LANES)[1:]
                parts[4][row] = block.curvature.reshape(self.steps + 1, p, LANES)[1:]

        self._each(work, backwards=True, terms=True)
        return Terms(*(self._cut(self._by_sequence(part)) for part in parts))

    # --- how it is laid out -------------------------------------------------------------------------------------------

    def _each(self, work: Callable[[Block, int, int], None], *, backwards: bool, terms: bool = False) -> None:
        """Share the rows out to threads, each with working arrays of its own, which are used again."""
        spare = self._spare.setdefault((backwards, terms), [])

        def part(first: int, last: int) -> None:
            try:
                block = spare.pop()
            except IndexError:  # to ask first would leave another thread time to take the last one
                block = self._block(backwards=backwards, terms=terms)
            work(block, first, last)
            spare.append(block)

        threads = num_threads(self._threads)
        worth = self._rows * self.steps * self.network.num_units // _FEW
        parts = 1 if threads == 1 else max(1, min(_PARTS * threads, worth))
        for_chunks(part, self._rows, max(1, -(-self._rows // parts)), threads=threads)

    def _block(self, *, backwards: bool, terms: bool) -> Block:
        """Working arrays that share the sequences; with ``terms``, deltas of all steps are kept."""
        shared, n = self._place.block, self.network.num_units
        made = new_block(
            self._place.wiring, len(shared.weights), self.steps, 0, backwards=backwards, terms=terms, in_step=True
        )
        made.weights[:] = shared.weights
        kept = (self.steps + 2) * n if terms else (STRETCH + 1) * n
        return made._replace(
            data=shared.data, lengths=shared.lengths, classes=shared.classes, aim=shared.aim, bases=shared.bases,
            deltas=lane_array(kept), bends=lane_array(kept),
        )  # fmt: skip

    def in_lanes(self, parameters: Floats) -> Floats:
        """Parameters as (rows, P, LANES)."""
        given, p = np.asarray(parameters, dtype=np.float64), len(self.network.parameters)
        shape = (len(self), p)
        if given.shape not in (shape, shape[1:]):
            raise InputError(f"parameters of shape {given.shape} must be of shape {shape} or {shape[1:]}")
        padded = np.zeros((self._rows * LANES, p))
        padded[: len(self)] = given if given.ndim == 1 else given[self._order]
        return np.ascontiguousarray(padded.reshape(self._rows, LANES, p).transpose(0, 2, 1))

    def _by_sequence(self, rows: Floats) -> Floats:
        """(rows, ..., LANES) as (B, ...)."""
        found = np.empty((len(self), *rows.shape[1:-1]))
        found[self._order] = np.moveaxis(rows, -1, 1).reshape(len(rows) * LANES, *rows.shape[1:-1])[: len(self)]
        return found

    def _by_step(self, rows: Floats, width: int) -> Floats:
        """The rows of units at steps 1 to T as (T, n, LANES), units in the order of the network."""
        return rows.reshape(self.steps + 1, width, LANES)[1:, np.argsort(self.network.order)]

    def _cut(self, found: Floats) -> Floats:
        """0 before a sequence begins."""
        before = np.arange(self.steps)[None, :] < (self.steps - self._lengths)[:, None]
        found[before] = 0.0
        return found

    def _refuse_threshold(self) -> None:
        if self.network.kind == "threshold":
            raise InputError("threshold units have no gradient; use costs(), or a network of tanh units")


def measured(
    network: Network, given: Sequence[Sequences], parameters: Sequence[Floats], targets: Sequence[float]
) -> tuple[Floats, Floats]:
    """Fractions of wrong answers and mean costs of several parameters, each on sequences of its own.

    Returns: two arrays of shape (R,). Cost: one forward pass for each sequence; memory for one set of sequences.
    """
    found = np.empty((2, len(given)))
    for k, (sequences, here, target) in enumerate(zip(given, parameters, targets, strict=True)):
        costs, errors = Batch(network, sequences, target, threads=1).costs(here)
        found[:, k] = errors.mean(), costs.mean()
    return found[0], found[1]


# --- compiled ---------------------------------------------------------------------------------------------------------


@jit_part
def _begin(wiring, block, weights, row, steps):
    """The first step of a row of sequences, its parameters in place."""
    for p in range(wiring.num_parameters):
        store(block.weights, p, load(weights, row * wiring.num_parameters + p))
    return choose_row(wiring, block, row, steps)


@jit
def _costs(wiring, block, weights, found, first, last, steps):
    for row in range(first, last):
        output_row = forward_only(wiring, block, _begin(wiring, block, weights, row, steps), steps)
        x, wanted = load(block.signals, output_row), load(block.wanted, 0)
        miss = x - wanted
        right = where(wanted, at_least(x, 0.0), where(0.0 - x, 1.0, 0.0))
        store(found, row, 0.5 * miss * miss)
        store(found, found.shape[1] + row, 1.0 - right)


@jit
def _gradients(wiring, block, weights, found, first, last, steps):
    for row in range(first, last):
        begun = _begin(wiring, block, weights, row, steps)
        output_row = forward(wiring, block, begun, steps)
        gradient(wiring, block, begun, steps, output_row, row * wiring.num_parameters)
        miss = load(block.signals, output_row) - load(block.wanted, 0)
        store(found, row, 0.5 * miss * miss)


@jit
def _states(wiring, block, weights, row, steps):
    forward(wiring, block, _begin(wiring, block, weights, row, steps), steps)


@jit
def _terms(wiring, block, weights, row, steps):
    begun = _begin(wiring, block, weights, row, steps)
    output_row = forward(wiring, block, begun, steps)
    gradient_and_curvature(wiring, block, begun, steps, output_row, True)
