"""All statements, in the paper's order, and how to find one."""

from __future__ import annotations

import difflib
import re
from typing import Final

from dynlatch.errors import InputError
from dynlatch.theorems import (
    attractor_claims,
    definitions,
    lemma,
    network_claims,
    neuron_claims,
    projection,
    reduced_sets,
    reduction,
    theorem_1,
    theorem_2,
    theorem_3,
    theorem_4,
)
from dynlatch.theorems.measures import READ_AS
from dynlatch.theorems.statements import Statement

TABLE: Final[tuple[Statement, ...]] = (
    *neuron_claims.STATEMENTS,
    *definitions.STATEMENTS,
    *reduced_sets.STATEMENTS,
    *network_claims.STATEMENTS,
    *theorem_1.STATEMENTS,
    *theorem_2.STATEMENTS,
    *theorem_3.STATEMENTS,
    *theorem_4.STATEMENTS,
    *lemma.STATEMENTS,
    *projection.STATEMENTS,
    *reduction.STATEMENTS,
    *attractor_claims.STATEMENTS,
)  # fmt: skip
"""The statements of BSF94 as printed, each in both readings, and those that repair them."""


def statements(id: str | None = None, reading: str | None = None) -> tuple[Statement, ...]:
    """The rows of the table with this id and this reading; all of them by default.

    Ids are not case-sensitive, "T3-repaired" is "T3'", and "Theorem 3" is "T3". Raises: InputError for an unknown id
    (with the nearest), or a reading that the statement lacks.
    """
    found = TABLE
    if id is not None:
        wanted = _normal(id)
        found = tuple(s for s in TABLE if s.id.lower() == wanted)
        if not found:
            known = list(dict.fromkeys(s.id for s in TABLE))
            near = difflib.get_close_matches(wanted, [i.lower() for i in known], 1, 0.4)
            names = {i.lower(): i for i in known}
            hint = f"did you mean {names[near[0]]}?" if near else f"there are {', '.join(known)}"
            raise InputError(f"unknown statement {id[:40]!r}; {hint}")
    if reading is not None:
        if reading not in READ_AS:
            raise InputError(f"unknown reading {str(reading)[:40]!r}; the readings are {' and '.join(READ_AS)}")
        chosen = tuple(s for s in found if s.reading == reading)
        if not chosen:
            raise InputError(f"{found[0].id} has no {reading} reading; it has {', '.join(s.reading for s in found)}")
        found = chosen
    return found


def _normal(id: str) -> str:
    """An id as it stands in the table, but in lower case."""
    if not isinstance(id, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InputError(f"a statement is named by text such as T3, not by {repr(id)[:40]}")
    text = id.strip().lower().replace("-repaired", "'").replace("’", "'")
    return re.sub(r"^(t|def)(?:heorem|inition)\s*(\d)", r"\1\2", text)


def statement(id: str, reading: str = "norm") -> Statement:
    """One statement in one reading. Raises: InputError as ``statements``."""
    return statements(id, reading)[0]
