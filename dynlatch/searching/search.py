"""A search for counterexamples: random draws that are aimed, a climb in floats, simple fractions, then a proof.

>>> from dynlatch import search
>>> found = search("T3", seed=1)
>>> found.verdict, found.replay().verdict
(<Verdict.REFUTED: 'REFUTED'>, <Verdict.REFUTED: 'REFUTED'>)
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from dynlatch.errors import InputError
from dynlatch.progress import SILENT, Progress
from dynlatch.searching.families import family_for
from dynlatch.searching.family import IMPOSSIBLE, Aim, Family, Floats
from dynlatch.searching.rounding import Numbers, roundings
from dynlatch.seeds import checked_seed, rng_for
from dynlatch.theorems.statements import Replay, Statement, Witness
from dynlatch.theorems.table import statements
from dynlatch.verdict import Stop, Verdict

DRAWS: Final = 100
"""The budget that a search has if none is given."""

_CLIMB: Final = 400
_CANDIDATES: Final = 4


@dataclass(frozen=True, slots=True, repr=False)
class Search:
    """What a search for a counterexample found, and how much was tried.

    ``verdict`` is REFUTED with a ``witness`` that was proved to refute the statement and can be replayed, or
    INCONCLUSIVE: an empty search proves nothing. ``best_margin`` is the largest margin of violation that the climbs
    reached, in floats and as the family measures it (positive: it looked like a violation); ``num_draws`` of
    ``budget`` draws were made, with ``num_evaluations`` of the margin, and ``num_candidates`` fractions were put to the
    proof. ``numbers`` are the fractions that make the witness, in the order of the family's ``symbols``.
    """

    statement: Statement
    family: Family
    verdict: Verdict
    stop: Stop
    witness: Witness | None
    numbers: Numbers
    seed: int
    budget: int
    num_draws: int
    num_evaluations: int
    num_candidates: int
    best_margin: float

    @property
    def has_members(self) -> bool:
        """Whether any draw was a member of the family, so that ``best_margin`` means something."""
        return self.best_margin > IMPOSSIBLE

    def replay(self) -> Replay:
        """The witness, checked again from nothing. Raises: InputError if there is none."""
        if self.witness is None:
            raise InputError(f"the search for a counterexample to {self.statement.id} found none; nothing to replay")
        return replace(self.statement, witness=self.witness).replay()

    def __repr__(self) -> str:
        found = self.witness.text if self.witness is not None else "no counterexample"
        return f"Search({self.statement.id}, {self.statement.reading}: {self.verdict}, {found}; {self.tried})"

    @property
    def tried(self) -> str:
        """How much was tried, in one line."""
        best = f"best margin of violation {self.best_margin:.4g}" if self.has_members else "none of them a member"
        candidates = f"{self.num_candidates} candidate{'' if self.num_candidates == 1 else 's'}"
        return (
            f"{self.num_draws} of {self.budget} draws from {self.family.name!r}, {self.num_evaluations} evaluations, "
            f"{candidates}, {best}, seed {self.seed}"
        )


def search(
    statement: str | Statement,
    family: str | Family | None = None,
    seed: int = 0,
    budget: int = DRAWS,
    *,
    reading: str | None = None,
    progress: Progress = SILENT,
) -> Search:
    """Look for a counterexample to a statement in a random family.

    Each draw is improved by a local search (Nelder and Mead) for the largest margin of violation, in floats. If that is
    positive, the numbers are replaced by the simplest fractions that keep it so, and the statement's own checker, or an
    exact argument that belongs to the family, decides by balls. The first proved counterexample ends the search.

    Arguments: ``statement``, an id (with ``reading``, by default its first one) or a ``Statement``; ``family``, a name
    of ``searching.families()`` or a ``Family``, by default the first that suits; ``seed``; ``budget``, how many draws
    may be made; ``progress``, a listener.
    Returns: ``Search``, REFUTED with a witness, or INCONCLUSIVE. Same arguments, same result.
    Raises: InputError for an unknown statement or family, a family that does not suit, or a budget below 1.
    Rigor: REFUTED is certified; the margins are floating point. Cost: some tenths of a second a draw.

    >>> found = search("T4", reading="spectral", seed=3)
    >>> found.witness.text
    'W = [[2, 2], [2, -6/7]], the states (-2, -1/2) and (-7/5, -2/3) in turn'
    """
    if isinstance(statement, Statement):
        wanted = statement
        if reading not in (None, wanted.reading):
            raise InputError(f"reading={reading!r} does not fit {wanted!r}; leave it out, or give the statement's id")
    else:
        wanted = statements(statement, reading)[0]
    chosen = family_for(wanted, family)
    _check(seed, budget)
    hunt = _Hunt(wanted, chosen, chosen.aim_at(wanted))
    progress.start(f"counterexamples to {wanted.id} ({wanted.reading})", budget)
    drawn, witness, numbers = 0, None, ()
    for number in range(budget):
        rng = rng_for(seed, "search", wanted.id, wanted.reading, chosen.name, number)
        drawn = number + 1
        witness, numbers = hunt.follow(chosen.draw(rng))
        progress.advance()
        if witness is not None:
            break
    progress.finish()
    found = (Verdict.INCONCLUSIVE, Stop.BUDGET) if witness is None else (Verdict.REFUTED, Stop.SOLVED)
    return Search(
        wanted, chosen, *found, witness, numbers, seed, budget, drawn, hunt.evaluations, hunt.candidates, hunt.best
    )


def _check(seed: object, budget: object) -> None:
    if isinstance(budget, bool) or not isinstance(budget, int) or budget < 1:
        raise InputError(f"budget={budget} must be a positive integer: the number of draws that may be made")
    checked_seed(seed)


class _Hunt:
    """One statement, one family, and what has been spent."""

    def __init__(self, statement: Statement, family: Family, aim: Aim) -> None:
        self.statement, self.family, self.aim = statement, family, aim
        self.evaluations, self.candidates, self.best = 0, 0, IMPOSSIBLE

    def follow(self, start: Floats) -> tuple[Witness | None, Numbers]:
        """From one draw: climb, round, prove. A draw that is no member of the family is not worth the climb."""
        if self._margin(start) <= IMPOSSIBLE:
            return None, ()
        top = _climb(self._margin, start)
        value = self._margin(top)
        self.best = max(self.best, value)
        if value <= 0:
            return None, ()
        for numbers in itertools.islice(roundings([float(v) for v in top], self._keeps), _CANDIDATES):
            witness = self.aim.witness(numbers)
            self.candidates += 1
            if replace(self.statement, witness=witness).replay().verdict is Verdict.REFUTED:
                return witness, numbers
        return None, ()

    def _margin(self, x: Floats) -> float:
        self.evaluations += 1
        value = float(self.aim.margin(x))
        return max(value, IMPOSSIBLE) if math.isfinite(value) else IMPOSSIBLE

    def _keeps(self, numbers: Numbers) -> bool:
        return self._margin(np.array([float(v) for v in numbers])) > 0


def _climb(margin: Callable[[Floats], float], start: Floats) -> Floats:
    """A point near the start with a larger margin."""
    from scipy.optimize import minimize  # takes long to import

    options: dict[str, Any] = {"maxfev": _CLIMB, "xatol": 1e-9, "fatol": 1e-9}
    found: Any = minimize(lambda x: -margin(x), start, method="Nelder-Mead", options=options)
    return np.asarray(found.x, dtype=np.float64)
