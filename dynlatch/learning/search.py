"""What the searches share: the best point so far, and when one gives up (BSF94, Section V-A, footnote 1).

A search's cost of a point is the mean of (x_N - d)^2 / 2 over the training set, the same at every presentation unless
the trial asks for fresh noise. All its work is in scalar loops: a step is short against the pass that it follows.
"""

# pyright: reportMissingParameterType=false, reportUnknownParameterType=false
# numba infers the types of the kernels' arguments.
from __future__ import annotations

import math
from typing import Final

from dynlatch.errors import InputError
from dynlatch.jit import jit
from dynlatch.learning.algorithm import BEST, BEST_COST, BEST_ERRORS
from dynlatch.learning.checks import is_number, set_whole, shown

_MOST: Final = 1_000_000
"""Of what a search counts; costs that it remembers take memory."""


@jit
def improves(weights, gradient, memory, lane, num_parameters):
    """Whether a lane's candidate costs less than its best one, whose place it then takes; a cost of nan never does."""
    if not gradient[0, lane] < memory[BEST_COST, lane]:
        return False
    memory[BEST_COST, lane] = gradient[0, lane]
    memory[BEST_ERRORS, lane] = gradient[1, lane]
    for p in range(num_parameters):
        memory[BEST + p, lane] = weights[p, lane]
    return True


@jit
def settled(memory, first, points, lane, cost, tolerance):
    """Footnote 1: whether the last ``points`` costs, this one included, are all within ``tolerance`` of the lowest.

    They stand in the rows from ``first`` on, infinite until there are so many. No cost is below the lowest, so that
    they then do not differ by more than ``tolerance`` among themselves either, the footnote's other condition.
    """
    last = first + points - 1
    highest = cost
    for k in range(first, last):
        memory[k, lane] = memory[k + 1, lane]
        highest = max(highest, memory[k, lane])
    memory[last, lane] = cost
    return highest - memory[BEST_COST, lane] <= tolerance


def fractions(algorithm: object, *names: str) -> None:
    """Check settings. Raises: InputError unless all lie strictly between 0 and 1."""
    for name in names:
        value = getattr(algorithm, name)
        if not (is_number(value) and 0.0 < value < 1.0):
            raise InputError(f"{name}={shown(value)} of {type(algorithm).__name__} must lie between 0 and 1")


def counts(algorithm: object, *names: str) -> None:
    """Check settings, and make them ``int``. Raises: InputError unless all are whole numbers from 1 to a million."""
    for name in names:
        set_whole(algorithm, name, 1, _MOST, f"a setting of {type(algorithm).__name__}")


NOT_YET = math.inf
"""The cost of a point that there has not been."""
