"""What a cell can be called."""

from __future__ import annotations

import enum
from typing import Final

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int16]
Times = NDArray[np.int32]


class Label(enum.IntEnum):
    """Labels below 0; labels from 0 on are indices of attractors."""

    DIVERGED = -1
    """A coordinate passed ``FAR``."""
    LEFT_THE_BOX = -2
    """The orbit stayed outside the box of interest for ``LOST_STEPS`` steps in a row."""
    OUT_OF_TIME = -3
    """The orbit had not settled when its steps were used up."""
    UNDECIDED = -4
    """The orbit stands still at a state that is no known attractor, such as an unstable fixed point."""
    UNDEFINED = -5
    """The map has no value somewhere along the orbit."""


FAR: Final = 1e6
LOST_STEPS: Final = 20
CELL_HITS: Final = 16
"""Consecutive steps in the cells of a recurrent set that count as having reached it."""


def label_counts(labels: Labels) -> dict[int, int]:
    """How many cells carry each label that occurs, the least label first."""
    found, number = np.unique(labels, return_counts=True)
    return dict(zip(found.tolist(), number.tolist(), strict=True))
