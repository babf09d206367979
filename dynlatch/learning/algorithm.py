"""What every algorithm is: ``init`` makes its memory, ``step`` changes parameters; ``train`` owns the loop."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InputError
from dynlatch.learning.checks import is_number, shown
from dynlatch.learning.loops import Sees
from dynlatch.learning.network import Kind

Floats: TypeAlias = NDArray[np.float64]

# Compiled in: a change here must renew what dynlatch.jit keeps, so this comment names it.
STUCK = 0
BEST_COST = 1
BEST_ERRORS = 2
BEST = 3
"""Rows of the memory of an algorithm that sees costs only: a flag that it gives up, the lowest mean cost that it has
seen, how many errors that point makes, and from ``BEST`` on its parameters. What else it remembers stands in the rows
after them."""


@runtime_checkable
class Algorithm(Protocol):
    """A frozen value: its fields are settings.

    One trial's memory is a column of numbers, so that trials stand side by side in lanes. An algorithm is told what
    ``sees`` says after every sequence, or, if it sees costs only, after every pass over the training set.
    """

    name: ClassVar[str]
    """By which it is found, and its random numbers are."""
    sees: ClassVar[Sees]
    units: ClassVar[Kind | None]
    """What units it trains; None: any."""
    budget: ClassVar[int]
    """Presentations after which it usually is stopped."""
    step: ClassVar[Any]
    """Compiled, of signature ``loops.STEP``."""

    def settings(self) -> tuple[float, ...]:
        """What ``step`` reads, in its order."""
        ...

    def init(self, initial: Floats) -> Floats:
        """The memory of a trial that begins at the parameters ``initial`` (P,): numbers of shape (M,)."""
        ...


def no_memory(_initial: Floats) -> Floats:
    """The memory of an algorithm that has none."""
    return np.zeros(1)


def search_memory(initial: Floats, more: int = 0) -> Floats:
    """The memory of an algorithm that sees costs only, with ``more`` rows of its own after the usual ones."""
    return np.concatenate([[0.0, math.inf, math.nan], initial, np.zeros(more)])


def positive(algorithm: object, *names: str) -> None:
    """Check settings. Raises: InputError unless all are positive, finite numbers."""
    for name in names:
        value = getattr(algorithm, name)
        if not (is_number(value) and value > 0):
            raise InputError(f"{name}={shown(value)} of {type(algorithm).__name__} must be a positive number")
