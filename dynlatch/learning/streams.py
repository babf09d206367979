"""Random numbers inside compiled loops: one stream for each trial, found by its key and a counter.

NumPy's generators cannot be drawn from lane by lane inside a compiled loop. These are SplitMix64 of key + counter *
golden ratio: state is two integers, a stream depends on nothing but its key, and every draw has a number.
"""

# pyright: reportMissingParameterType=false
# numba infers the types of the kernels' arguments.
from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dynlatch.jit import jit_part
from dynlatch.lanes import LANES
from dynlatch.seeds import rng_for

Streams = NDArray[np.uint64]
"""Keys in row 0, counters in row 1; shape (2, LANES)."""

_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_ONE: Final = np.uint64(1)
_SHIFTS: Final = (np.uint64(30), np.uint64(27), np.uint64(31))
_SPARE: Final = np.uint64(11)
_UNIT: Final = 2.0**-53


def new_streams() -> Streams:
    """Streams for a block of lanes, none of them keyed yet."""
    return np.zeros((2, LANES), dtype=np.uint64)


def key_for(seed: int, *names: str | int | float) -> np.uint64:
    """The key of the stream that ``seed`` and ``names`` find."""
    return rng_for(seed, *names).integers(0, 2**64, dtype=np.uint64)


@jit_part
def uniform(streams: Any, lane: Any) -> float:
    """The next number of a lane's stream, uniform in [0, 1)."""
    streams[1, lane] += _ONE
    z = streams[0, lane] + streams[1, lane] * _STEP
    z = (z ^ (z >> _SHIFTS[0])) * _FIRST
    z = (z ^ (z >> _SHIFTS[1])) * _SECOND
    return ((z ^ (z >> _SHIFTS[2])) >> _SPARE) * _UNIT


@jit_part
def normal(streams: Any, lane: Any) -> float:
    """The next standard normal number of a lane's stream, from two uniform ones."""
    radius = math.sqrt(-2.0 * math.log(1.0 - uniform(streams, lane)))
    return radius * math.cos(2.0 * math.pi * uniform(streams, lane))


@jit_part
def uniform_row(streams: Any, rows: Any, row: Any, begin: Any, now: Any) -> None:
    """The next uniform number of every stream, as a row of lanes; where ``now < begin`` the number is not used up."""
    for lane in range(LANES):
        rows[row, lane] = uniform(streams, lane)
        if now < begin[0, lane]:
            streams[1, lane] -= _ONE


@jit_part
def shuffle(streams: Any, order: Any, lane: Any, count: Any) -> None:
    """The first ``count`` entries of a lane's column in a random order, each equally likely."""
    for last in range(count - 1, 0, -1):
        other = int(uniform(streams, lane) * (last + 1))
        kept = order[last, lane]
        order[last, lane] = order[other, lane]
        order[other, lane] = kept
