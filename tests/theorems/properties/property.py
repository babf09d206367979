"""What a property is: a statement, a family of cases on which it must be proved, and mutants that must be refuted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from hypothesis import Phase, given, settings
from hypothesis.strategies import SearchStrategy

from dynlatch import Verdict
from dynlatch.theorems import Case, Statement, statement
from dynlatch.theorems.statements import Checker


class CounterexampleError(AssertionError):
    """Every hypothesis holds on a case and the conclusion fails."""


class UndecidedError(AssertionError):
    """A hypothesis fails on a case, or something was not decided: the case says nothing of the statement."""


@dataclass(frozen=True)
class Mutant:
    """Something near a statement that is false: another ``checker``, another family of ``cases``, or both.

    ``always``: the family is so well aimed that every case of it is a counterexample.
    """

    name: str
    checker: Checker | None = None
    cases: Callable[[], SearchStrategy[Case]] | None = None
    always: bool = False
    examples: int = 12
    """How many cases of an aimed family are drawn at most."""


@dataclass(frozen=True)
class Property:
    """A statement, cases on which its hypotheses hold by construction and with room, and its mutants."""

    statement: Statement
    cases: Callable[[], SearchStrategy[Case]]
    mutants: tuple[Mutant, ...]
    examples: int = 100
    """How many are drawn at most; fewer where a profile asks for fewer."""

    def and_spectral(self) -> tuple[Property, Property]:
        """The same for the spectral reading too, where that says the same: a tenth of the cases is enough for it."""
        other = statement(self.statement.id, "spectral")
        return self, replace(self, statement=other, examples=max(5, self.examples // 10))

    def __repr__(self) -> str:
        return f"{self.statement.id} ({self.statement.reading})"


def proved_on(statement: Statement, on: Case) -> None:
    """The test: the checker proves the statement on this case.

    Raises: CounterexampleError if the case refutes it, UndecidedError if it decides nothing.
    """
    found = statement.check(on)
    if found.verdict is Verdict.REFUTED:
        raise CounterexampleError(f"{on.as_text}: {found.reason}")
    if found.verdict is not Verdict.PROVED:
        raise UndecidedError(f"{on.as_text}: {found.reason}")


def run(statement: Statement, cases: SearchStrategy[Case], examples: int, *, shrink: bool = True) -> None:
    """``proved_on`` for drawn cases, with every health check of Hypothesis on."""

    @settings(
        max_examples=min(examples, settings().max_examples), database=None, suppress_health_check=(),
        report_multiple_bugs=False, phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
    )  # fmt: skip
    @given(cases)
    def every_case(on: Case) -> None:
        proved_on(statement, on)

    every_case()


def mutated(prop: Property, mutant: Mutant) -> tuple[Statement, SearchStrategy[Case]]:
    """The statement and the cases of a mutant."""
    statement = prop.statement if mutant.checker is None else replace(prop.statement, checker=mutant.checker)
    return statement, (mutant.cases or prop.cases)()


def survives(prop: Property, mutant: Mutant) -> bool:
    """Whether the property's own test finds no counterexample to a mutant."""
    try:
        run(*mutated(prop, mutant), prop.examples, shrink=False)
    except CounterexampleError:
        return False
    return True
