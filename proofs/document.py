"""What an executable document is made of: prose, and steps that are checked when it is replayed.

A step is an identity (SymPy), an inequality over a stated box (balls), something that ``dynlatch.theorems`` decides (a
checker on a case, a witness), or a quoted elementary fact, which is named as such and never counted as checked.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import sympy as sp

from dynlatch.errors import InputError
from dynlatch.latch.derivation_checks import ball_at, check_identity
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.theorems.cases import Case
from dynlatch.theorems.findings import Finding, every, exactly, unknown
from dynlatch.theorems.statements import Statement
from dynlatch.verdict import Verdict

BITS = 128
MAX_PIECES = 20_000
LEAST_SIDE = Fraction(1, 2**64)
SOLVER_MS = 10_000
FACT = "quoted"

Number = int | str | Fraction


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it says, what kind it is, and what checks it (None for a quoted fact)."""

    says: str
    kind: str
    check: Callable[[], Finding] | None


@dataclass(frozen=True, slots=True)
class Part:
    """A heading, prose in Markdown, and the steps that bear it out."""

    heading: str
    prose: str
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A claim and what becomes of it. ``settles`` names the (id, reading) rows of the table that it settles."""

    id: str
    title: str
    settles: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A step that was replayed."""

    step: Step
    finding: Finding | None
    seconds: float

    @property
    def stands(self) -> bool:
        """Whether it is proved, or a quoted fact."""
        return self.finding is None or self.finding.verdict is Verdict.PROVED


@dataclass(frozen=True, slots=True)
class Replayed:
    """A document that was replayed: every step with its outcome."""

    document: Document
    parts: tuple[tuple[Part, tuple[Outcome, ...]], ...]
    seconds: float = field(default=0.0)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """All steps, in order."""
        return tuple(outcome for _, found in self.parts for outcome in found)

    @property
    def stands(self) -> bool:
        """Whether every step does."""
        return all(outcome.stands for outcome in self.outcomes)

    @property
    def num_checked(self) -> int:
        """Steps that were checked."""
        return sum(outcome.finding is not None for outcome in self.outcomes)

    @property
    def num_quoted(self) -> int:
        """Facts that were quoted."""
        return len(self.outcomes) - self.num_checked


def replay(document: Document) -> Replayed:
    """Check every step anew."""
    began = time.perf_counter()
    parts = tuple((part, tuple(_outcome(step) for step in part.steps)) for part in document.parts)
    return Replayed(document, parts, time.perf_counter() - began)


def _outcome(step: Step) -> Outcome:
    began = time.perf_counter()
    finding = None
    if step.check is not None:
        with balls.precision(BITS):
            finding = step.check()
    return Outcome(step, finding, time.perf_counter() - began)


# --- kinds of steps ---------------------------------------------------------------------------------------------------


def fact(says: str) -> Step:
    """An elementary fact that is quoted, not checked; say where it can be found."""
    return Step(says, FACT, None)


def identity(
    says: str, left: sp.Expr, right: sp.Expr, *, above: Mapping[sp.Symbol, Number] | None = None,
    anchor: Mapping[sp.Symbol, Number] | None = None,
) -> Step:  # fmt: skip
    """Two expressions are one function: SymPy's algebra, and balls at sample points. ``above``: limits of symbols."""

    def check() -> Finding:
        limits, at = ({s: Fraction(v) for s, v in d.items()} if d else None for d in (above, anchor))
        found = check_identity(sp.sympify(left), sp.sympify(right), limits, anchor=at)
        return Finding(says, found.verdict, None, found.what)

    return Step(says, "identity", check)


def inequality(says: str, positive: sp.Expr, over: Mapping[sp.Symbol, tuple[Number, Number]]) -> Step:
    """An expression is positive on a closed box, by balls on pieces of it: the widest side is halved until they decide.

    It must be positive on the whole closed box: divide out what makes it 0 at an end.
    """

    def check() -> Finding:
        box = {s: (Fraction(lo), Fraction(hi)) for s, (lo, hi) in over.items()}
        if any(lo > hi for lo, hi in box.values()) or not positive.free_symbols <= box.keys():
            raise InputError(f"{says}: the box {over} must give each symbol of the expression two ends, lo <= hi")
        todo, pieces = [box], 0
        while todo:
            part = todo.pop()
            pieces += 1
            value = ball_at(positive, {s: balls.ball(Enclosure(lo, hi)) for s, (lo, hi) in part.items()})
            if value > 0:
                continue
            at_middle = ball_at(positive, {s: balls.ball((lo + hi) / 2) for s, (lo, hi) in part.items()})
            if at_middle <= 0:
                return exactly(says, False, f"not positive at {[str((lo + hi) / 2) for lo, hi in part.values()]}")
            widest = max(part, key=lambda s: part[s][1] - part[s][0])
            lo, hi = part[widest]
            if pieces + len(todo) > MAX_PIECES or hi - lo < LEAST_SIDE:
                return unknown(says, f"not decided on {pieces} pieces")
            todo += [{**part, widest: ends} for ends in (((lo + hi) / 2, hi), (lo, (lo + hi) / 2))]
        return Finding(says, Verdict.PROVED, None, f"balls on {pieces} pieces")

    return Step(says, "inequality", check)


def decided(says: str, check: Callable[[], Finding | Sequence[Finding]]) -> Step:
    """Anything that ends in findings, all of which must be proved."""

    def one() -> Finding:
        found = check()
        return found if isinstance(found, Finding) else every(says, found)

    return Step(says, "decided", one)


def witness(statement: Statement) -> Step:
    """The stored witness of a refuted statement, replayed."""

    def check() -> Finding:
        found = statement.replay()
        if found.verdict is not Verdict.REFUTED:
            return unknown("the witness", "; ".join(f.text for f in found.findings if not f.holds) or "no findings")
        last = found.findings[-1]
        return Finding(last.text, Verdict.PROVED, last.margin, f"{len(found.findings)} findings")

    text = statement.witness.text if statement.witness else "no witness"
    return Step(f"Witness ({statement.reading}): {text}", "witness", check)


def holds_on(says: str, statement: Statement, on: Callable[[], Case]) -> Step:
    """A statement holds on an example: hypotheses and conclusion."""

    def check() -> Finding:
        found = statement.check(on())
        return Finding(found.reason, found.verdict, found.margin)

    return Step(says, "example", check)


def also_solved(step: Step, claim: Callable[[Any], Any]) -> Step:
    """A step that an SMT solver proves once more, where one is installed (extra ``smt``).

    ``claim`` is given the module ``z3`` and returns a formula over the reals; it is valid if its negation has no model.
    """

    def check() -> Finding:
        found = step.check() if step.check is not None else unknown(step.says, "nothing to check")
        try:
            z3: Any = importlib.import_module("z3")
        except ImportError:
            return found
        solver = z3.Solver()
        solver.set("timeout", SOLVER_MS)
        solver.add(z3.Not(claim(z3)))
        outcome = solver.check()
        if outcome == z3.sat:
            return Finding(found.text, Verdict.REFUTED, None, f"z3 has a counterexample: {solver.model()}")
        by = "z3: its negation has no model" if outcome == z3.unsat else "z3 did not decide it"
        return replace(found, how=f"{found.how}; {by}")

    return replace(step, check=check)
