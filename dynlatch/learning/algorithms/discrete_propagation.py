"""Discrete error propagation: threshold units, and a random pseudo-gradient that does not vanish along a latched loop.

The paper's eqs. 8-9 with a desired change of S(g) ask for the flip that raises the cost, so here the desired change is
-S(g). Its eq. 10 gives E[S] = (4 g - 2 (least + most)) / (most - least), which is g only for least = -2, most = 2. But
g = w / (w + margin) < 1 is what a latched unit hands to itself through a loop of weight w, and S = 2 passes it on: with
probability 3/4 at best for +-2, 1 - margin / (2 (w + margin)) for +-1, and always, as the prose claims, where most is
no larger than g.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from dynlatch.errors import InputError
from dynlatch.learning.algorithm import Floats, no_memory, positive
from dynlatch.learning.algorithms.back_propagation import BackPropagation
from dynlatch.learning.loops import Sees
from dynlatch.learning.network import Kind


@dataclass(frozen=True, slots=True)
class DiscretePropagation:
    """w <- w - rate * (pseudo-gradient of C) after every sequence, in a network of threshold units.

    At a unit g = sum_k w_k (dC/da_k), plus y - d at the last output, is clipped to [``least``, ``most``]. S = 2 with
    probability (g - least) / (most - least), else -2; nothing where g = 0. A unit flips if its activation a changes to
    -+``margin``: dC/da = 1 / (margin + a) if S = 2 and a >= 0, -1 / (margin - a) if S = -2 and a < 0, else 0. Targets
    are +-1: one of +-0.8 would ask a right output to flip. Source: BSF94, eqs. 7-10 as corrected.
    Raises: InputError unless ``rate`` and ``margin`` are positive and ``least`` < 0 < ``most``, all finite.
    """

    rate: float = 0.01
    least: float = -1.0
    most: float = 1.0
    margin: float = 0.05

    name: ClassVar[str] = "discrete"
    sees: ClassVar[Sees] = Sees.PSEUDO
    units: ClassVar[Kind | None] = "threshold"
    budget: ClassVar[int] = 100_000
    step: ClassVar[Any] = staticmethod(BackPropagation.step)

    def __post_init__(self) -> None:
        positive(self, "rate", "margin")
        if not -math.inf < self.least < 0.0 < self.most < math.inf:
            raise InputError(
                f"least={self.least!r} and most={self.most!r} of DiscretePropagation must be finite, one below 0 and "
                "one above: errors of both signs lie between them"
            )

    def settings(self) -> tuple[float, ...]:
        """What ``step`` and, the last three of it, the pseudo-gradient read."""
        return (self.rate, self.least, self.most, self.margin)

    def init(self, initial: Floats) -> Floats:
        """It remembers nothing."""
        return no_memory(initial)
