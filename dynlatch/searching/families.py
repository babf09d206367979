"""The random families that a search for counterexamples can draw from."""

from __future__ import annotations

import difflib
from typing import Final

from dynlatch.errors import InputError
from dynlatch.searching import creeping_family, matrix_families, network_families, neuron_families
from dynlatch.searching.family import Family
from dynlatch.theorems.statements import Statement

FAMILIES: Final[tuple[Family, ...]] = (
    *neuron_families.FAMILIES, creeping_family.CREEPING, *network_families.FAMILIES, *matrix_families.FAMILIES,
)  # fmt: skip
"""All families; of those that suit a statement, the first is what a search takes by default."""


def families(statement: Statement | None = None) -> tuple[Family, ...]:
    """The families that can be turned against a statement; all of them by default."""
    return FAMILIES if statement is None else tuple(f for f in FAMILIES if f.suits(statement))


def family_for(statement: Statement, family: str | Family | None) -> Family:
    """The family that is meant: by name, itself, or the first that suits.

    Raises: InputError for an unknown name (with the nearest), or if no family suits.
    """
    if isinstance(family, Family):
        return family
    suitable = families(statement)
    if family is None:
        if not suitable:
            aimed = ", ".join(dict.fromkeys(f"{i} ({r})" for f in FAMILIES for i, r in f.aims))
            raise InputError(
                f"no family is aimed at {statement.id} ({statement.reading}); give a Family of your own as family=, "
                f"or take one of {aimed}"
            )
        return suitable[0]
    if not isinstance(family, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InputError(f"family={repr(family)[:40]} is neither a name nor a Family; see searching.families()")
    names = [f.name for f in FAMILIES]
    wanted = family.strip().lower()
    if wanted in names:
        return FAMILIES[names.index(wanted)]
    near = difflib.get_close_matches(wanted, names, 1, 0.4)
    hint = f"did you mean {near[0]!r}? They" if near else "they"
    raise InputError(f"unknown family {family[:40]!r}; {hint} are {', '.join(names)}")
