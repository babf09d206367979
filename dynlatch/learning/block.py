"""What a block of lanes works with while sequences are presented to it."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes import LANES, lane_array
from dynlatch.learning.streams import Streams, new_streams
from dynlatch.learning.wiring import Wiring

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


# The order of these fields is compiled in: a change here must renew what dynlatch.jit keeps, so this comment names it.
class Block(NamedTuple):
    """What a block of lanes works with; rows of lanes unless said otherwise."""

    weights: Floats
    """Parameters, then fixed weights."""
    signals: Floats
    """A row of signals (see ``wiring``) for each step from 0 to T, or for ``RING`` where nothing goes backwards."""
    deltas: Floats
    """de/da of each unit for the present step and the one after it, or for each step from 0 to T + 1."""
    bends: Floats
    """h of each unit, as ``deltas``."""
    activations: Floats
    """a of each unit for each step from 0 to T: what threshold units need on the way back."""
    gradient: Floats
    """(P) rows of totals, or for each step from 0 to T its (P) terms."""
    curvature: Floats
    """As ``gradient``."""
    data: Floats
    """The signals of all lanes' sequences, flat: lane, sequence, step, channel; or with the lane last (``row``)."""
    lengths: Floats
    """(S): how many steps the sequences of each lane last."""
    classes: Floats
    """(S): +1 or -1."""
    aim: Floats
    """(1): the target of a positive sequence; that of a negative one is its opposite."""
    fresh: Floats
    """(1): the standard deviation of Gaussian noise that is drawn anew after the cues of each presentation."""
    bases: Integers
    """(1): where a lane's data begin, ..."""
    apart: Integers
    """One number: ... and how far apart two of its numbers are: 1, or ``LANES`` where the lane comes last."""
    places: Integers
    """(1): where the data of its present sequence begin."""
    row: Integers
    """One number: the row of lanes at which the data of all present sequences begin; -1 if they are scattered."""
    begin: Floats
    """(1): the first step of the present sequence."""
    until: Integers
    """One number: the last step at which a sequence begins or a cue is given, in any lane."""
    wanted: Floats
    """(1): its target."""
    cue_at: Floats
    """(q): the step at which each cue is given, or 0 for never."""
    scratch: Floats
    """(1)."""
    streams: Streams


def new_block(
    wiring: Wiring, weights: int, steps: int, sequences: int, *, backwards: bool, terms: bool, in_step: bool
) -> Block:
    """Room for ``sequences`` of at most ``steps`` in each lane, all idle.

    ``in_step``: lanes present their sequences in the same order, so that what they read together lies together.
    """
    n, p = wiring.num_units, wiring.num_parameters
    kept = steps if backwards else RING
    totals = p * (steps + 1) if terms else p
    numbers = sequences * steps * wiring.num_signals
    return Block(
        weights=lane_array(weights),
        signals=lane_array((kept + 1) * wiring.width),
        deltas=lane_array((STRETCH + 1) * n),
        bends=lane_array((STRETCH + 1) * n),
        activations=lane_array((steps + 1 if backwards else 2) * n),
        gradient=lane_array(totals if backwards else 2),
        curvature=lane_array(totals if backwards else 1),
        data=lane_array(numbers).reshape(-1),
        lengths=lane_array(sequences),
        classes=lane_array(sequences),
        aim=lane_array(1),
        fresh=lane_array(1),
        bases=np.arange(LANES)[None, :] * (1 if in_step else numbers),
        apart=np.array([[LANES if in_step else 1]]),
        places=np.zeros((1, LANES), dtype=np.int64),
        row=np.full((1, 1), -1),
        begin=lane_array(1),
        until=np.zeros((1, 1), dtype=np.int64),
        wanted=lane_array(1),
        cue_at=lane_array(max(1, wiring.cue_step.size)),
        scratch=lane_array(1),
        streams=new_streams(),
    )


RING: Final = 16
"""Steps that are kept at a time where nothing goes backwards."""
STRETCH: Final = 8
"""Steps whose deltas are kept at a time where gradients are totals."""
ITS_OWN: Final = np.arange(LANES)
"""Every lane presents the sequences of its own trial."""


def beside(block: Block) -> Block:
    """Other working arrays for the same sequences and fixed weights, where nothing goes backwards."""
    return block._replace(
        weights=block.weights.copy(),
        signals=lane_array(block.signals.shape[0]),
        activations=lane_array(block.activations.shape[0]),
        places=block.places.copy(),
        row=block.row.copy(),
        begin=lane_array(1),
        until=block.until.copy(),
        wanted=lane_array(1),
        cue_at=lane_array(block.cue_at.shape[0]),
    )
