"""A random family that a search for counterexamples draws from, and what it aims at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InputError
from dynlatch.searching.rounding import Numbers
from dynlatch.theorems.statements import Statement, Witness

Floats = NDArray[np.float64]

IMPOSSIBLE: Final = -1e3
"""The margin of numbers that tell no member of a family."""


@dataclass(frozen=True, slots=True)
class Aim:
    """How a family is turned against one statement.

    ``margin``: from the numbers of a draw, in floats, by how much the statement fails: positive only if every
    hypothesis holds and the conclusion does not. ``witness``: from fractions, what the statement's checker (or an
    exact argument) is to decide.
    """

    margin: Callable[[Floats], float]
    witness: Callable[[Numbers], Witness]


@dataclass(frozen=True, slots=True, repr=False)
class Family:
    """Systems that are drawn at random, each told by a few numbers, named by ``symbols``.

    ``text`` says what is drawn; ``draw`` makes the numbers of one member; ``aims`` holds, by (id, reading), the
    statements that it can be turned against, true ones among them.
    """

    name: str
    text: str
    symbols: tuple[str, ...]
    draw: Callable[[np.random.Generator], Floats]
    aims: Mapping[tuple[str, str], Aim]

    def suits(self, statement: Statement) -> bool:
        """Whether it can be turned against the statement."""
        return (statement.id, statement.reading) in self.aims

    def aim_at(self, statement: Statement) -> Aim:
        """How it is turned against the statement. Raises: InputError if it cannot be."""
        if not self.suits(statement):
            known = ", ".join(f"{i} ({r})" for i, r in self.aims)
            raise InputError(
                f"the family {self.name!r} is not aimed at {statement.id} ({statement.reading}), but at {known}"
            )
        return self.aims[statement.id, statement.reading]

    def __repr__(self) -> str:
        return f"Family({self.name}: {self.text})"
