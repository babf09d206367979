"""A theorem is data: what it assumes, what it concludes, whether that is true, and what shows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from dynlatch.errors import InputError
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.theorems.cases import Case
from dynlatch.theorems.findings import Finding
from dynlatch.theorems.measures import Reading
from dynlatch.verdict import Verdict

BITS: Final = 256
"""The precision at which statements are checked and witnesses replayed."""

Checker = Callable[[Case], tuple[Sequence[Finding], Finding]]
"""From a case to the findings for every hypothesis, and the one for the conclusion."""


@dataclass(frozen=True, slots=True)
class Plot:
    """Curves that show a witness: ``curves`` are (label, x values, y values); ``level`` is a line to compare with."""

    title: str
    x_label: str
    y_label: str
    curves: tuple[tuple[str, tuple[float, ...], tuple[float, ...]], ...]
    log_scale: bool = False
    level: float | None = None
    level_label: str = ""


@dataclass(frozen=True, slots=True)
class Witness:
    """What refutes a statement: a ``case`` on which all its hypotheses hold and its conclusion fails, or, where no
    finite case can do that, an ``argument`` whose findings together are the refutation.

    ``text`` is one line for the table, ``plot`` makes the curves that show it.
    """

    text: str
    case: Case | None = None
    argument: Callable[[], Sequence[Finding]] | None = None
    plot: Callable[[], Plot] | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of BSF94, as printed, or one of ours that repairs it, in our own words and in one reading.

    ``id`` is short ("T3"; a repaired one has a prime, "T3'"), ``source`` BSF94's number or ours. ``verdict`` is PROVED
    (the document of ``proofs/`` proves it), REFUTED (``witness`` can be replayed), or INCONCLUSIVE. ``why`` tells in a
    few sentences why it is false, or how it is proved. ``repaired_by`` is the id of the statement that replaces it.
    ``checker`` decides its hypotheses and its conclusion on a case, where that can be done; ``needs`` says in words
    what the case must hold.
    """

    id: str
    title: str
    source: str
    reading: Reading
    hypotheses: tuple[str, ...]
    conclusion: str
    verdict: Verdict
    why: str
    witness: Witness | None = None
    repaired_by: str | None = None
    checker: Checker | None = None
    needs: str = ""

    def check(self, on: Case) -> Check:
        """Every hypothesis and the conclusion, decided on a case by balls.

        Raises: InputError if the statement has no checker, or the case is not of its kind.
        """
        if self.checker is None:
            raise InputError(f"{self.id} ({self.reading}) is not about one map and trajectory, so no case can check it")
        if not isinstance(on, Case):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InputError(f"{self.id} is checked on a case, not on {repr(on)[:40]}; make it with theorems.case")
        with balls.precision(BITS):
            hypotheses, conclusion = self.checker(on)
        return Check(self, on, tuple(hypotheses), conclusion)

    def replay(self) -> Replay:
        """The stored witness, checked again from nothing. Raises: InputError if there is none."""
        if self.witness is None:
            raise InputError(f"{self.id} ({self.reading}) is {self.verdict} and has no witness to replay")
        if self.witness.case is not None:
            found = self.check(self.witness.case)
            return Replay(self, (*found.hypotheses, found.conclusion.denied()))
        if self.witness.argument is None:
            raise InputError(f"{self.id} ({self.reading}): its witness holds neither a case nor an argument")
        with balls.precision(BITS):
            return Replay(self, tuple(self.witness.argument()))

    def __repr__(self) -> str:
        return f"Statement({self.id}, {self.reading}: {self.verdict})"

    def __str__(self) -> str:
        from dynlatch.theorems.telling import tell  # which looks up the repair among all statements

        return tell(self)


@dataclass(frozen=True, slots=True, repr=False)
class Check:
    """A statement on one case. PROVED: its hypotheses hold and so does its conclusion. REFUTED: they hold and it does
    not, so the case is a counterexample. INCONCLUSIVE: a hypothesis fails (then nothing follows), or something was
    not decided.
    """

    statement: Statement
    case: Case
    hypotheses: tuple[Finding, ...]
    conclusion: Finding

    @property
    def applies(self) -> Verdict:
        """Whether all hypotheses hold."""
        if any(f.fails for f in self.hypotheses):
            return Verdict.REFUTED
        return Verdict.PROVED if all(f.holds for f in self.hypotheses) else Verdict.INCONCLUSIVE

    @property
    def verdict(self) -> Verdict:
        """What the case says of the statement."""
        return self.conclusion.verdict if self.applies is Verdict.PROVED else Verdict.INCONCLUSIVE

    @property
    def margin(self) -> Enclosure | None:
        """By how much the conclusion holds (positive) or fails."""
        return self.conclusion.margin

    @property
    def reason(self) -> str:
        """What decided the verdict, in one line."""
        if failed := [f for f in self.hypotheses if f.fails]:
            return f"nothing follows, a hypothesis fails: {failed[0].text}"
        if open_ := [f for f in (*self.hypotheses, self.conclusion) if not f.holds and not f.fails]:
            return f"not decided: {open_[0].text}"
        ends = "and so does the conclusion" if self.conclusion.holds else "the conclusion does not"
        return f"all hypotheses hold, {ends}: {self.conclusion.text}"

    def __repr__(self) -> str:
        return f"Check({self.statement.id}, {self.statement.reading}: {self.verdict}, {self.reason})"


@dataclass(frozen=True, slots=True, repr=False)
class Replay:
    """A witness replayed: REFUTED if every finding of it is proved again, else INCONCLUSIVE."""

    statement: Statement
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """What the replay says of the statement."""
        return Verdict.REFUTED if self.findings and all(f.holds for f in self.findings) else Verdict.INCONCLUSIVE

    def __repr__(self) -> str:
        return f"Replay({self.statement.id}, {self.statement.reading}: {self.verdict})"
