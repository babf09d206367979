"""Proof status and run status: two separate words on every result."""

from __future__ import annotations

import enum


class Verdict(enum.StrEnum):
    """What is known about a statement.

    ``PROVED`` rests on exact algebra or outward-rounded arithmetic only, ``REFUTED`` on a witness that
    can be replayed. Everything that floating point merely suggests is ``INCONCLUSIVE``.
    """

    PROVED = "PROVED"
    REFUTED = "REFUTED"
    INCONCLUSIVE = "INCONCLUSIVE"


class Stop(enum.StrEnum):
    """Why a computation ended; says nothing about truth."""

    SOLVED = "SOLVED"
    STUCK = "STUCK"
    BUDGET = "BUDGET"
    DIVERGED = "DIVERGED"
