"""The claims that BSF94 draws from its experiments, and what the trials of a study say of each.

A claim is data: our wording, its place in the paper, the records it needs, its readings. A reading turns samples into
parts with cells; the first is the usual one, the verdicts of the others are told beside it. What is tested, how cells
are corrected and how they make a verdict: ``statistics``, ``outcomes``, ``parts``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Generic, TypeAlias, TypeVar

from dynlatch.claims.grids import Change, Grid
from dynlatch.claims.minimal import SPLIT, density, frequency, without_learning
from dynlatch.claims.outcomes import Claim, Dependence, Outcome, Part, Plan, Rule, combined, settle
from dynlatch.claims.parts import Measure, better, solving, times, worsening
from dynlatch.claims.rows import Place, Sample, Table, samples
from dynlatch.studies.cell import Record

T = TypeVar("T")

GRADIENTS: Final = ("back-propagation", "pseudo-newton", "time-weighted")
TASKS: Final = ("latch", "two-sequence", "parity")
SOLVES: Final = 0.75
"""A task is solved if three of four trials learn it, failed if at most one of four does; other readings are beside."""
_BOUNDS: Final = {"half of the trials": 0.5, "9 of 10 trials": 0.9}
_ABOUT_TEN: Final = (10**0.5, 10**1.5)
"""Nearer to ten than to another power of ten."""

_FIG_4: Final = "BSF94, Section V and Fig. 4"

Reading: TypeAlias = "tuple[str, Callable[[T], list[Plan]]]"


@dataclass(frozen=True, slots=True)
class Statement(Generic[T]):
    """A claim as data. ``needs``: the records, in words; ``names``: the tasks and algorithms whose settings matter;
    ``readings``: by name, the usual one first; ``notes``: what else samples and the parts' verdicts tell."""

    name: str
    statement: str
    source: str
    needs: str
    names: frozenset[str]
    readings: tuple[Reading[T], ...]
    notes: Callable[[T, Sequence[Part]], tuple[str, ...]] | None = None


# --- readings ---------------------------------------------------------------------------------------------------------


def _annealing(bound: float, table: Table) -> list[Plan]:
    low, high = _ABOUT_TEN
    solved = [solving(table, task, "annealing", bound) for task in TASKS]
    return [*solved, times(table, "annealing", GRADIENTS, low, high)]


def _slower(measure: Measure, table: Table) -> list[Plan]:
    return [worsening(table, "annealing", measure, ("latch",))]


def _multi_grid(bound: float, table: Table) -> list[Plan]:
    return [solving(table, "parity", "multi-grid", bound, fails=True)]


def _parity(bound: float, table: Table) -> list[Plan]:
    alone = [solving(table, "parity", name, bound) for name in ("discrete", "annealing")]
    return alone + [solving(table, "parity", name, bound, fails=True) for name in (*GRADIENTS, "multi-grid")]


def _curvature(measure: Measure, table: Table) -> list[Plan]:
    return [
        better(table, "pseudo-newton", "back-propagation", measure, rule=Rule.NOT_LESS),
        worsening(table, "back-propagation", measure),
        worsening(table, "pseudo-newton", measure),
    ]


def _weighted(measure: Measure, table: Table) -> list[Plan]:
    return [
        better(table, "time-weighted", "back-propagation", measure),
        better(table, "time-weighted", "pseudo-newton", measure),
        worsening(table, "time-weighted", measure),
    ]


def _cause(measure: Measure, table: Table) -> list[Plan]:
    return [
        better(table, "time-weighted", "adaptive-newton", measure),
        better(table, "adaptive-newton", "pseudo-newton", measure, votes=False),
        better(table, "time-weighted", "pseudo-newton", measure, votes=False),
    ]


def _by_bound(plans: Callable[[float, Table], list[Plan]]) -> tuple[Reading[Table], ...]:
    others = [(f"solved means {name}", partial(plans, bound)) for name, bound in _BOUNDS.items()]
    return (("solved means 3 of 4 trials", partial(plans, SOLVES)), *others)


def _by_measure(
    plans: Callable[[Measure, Table], list[Plan]], *measures: Measure
) -> tuple[Reading[Table], ...]:  # fmt: skip
    return tuple((f"judged by {m}", partial(plans, m)) for m in measures or tuple(Measure))


# --- notes ------------------------------------------------------------------------------------------------------------


def _fixed_weight(some: Sequence[Sample], _: Sequence[Part]) -> tuple[str, ...]:
    return without_learning(some)


def _guessing(table: Table, _: Sequence[Part]) -> tuple[str, ...]:
    found = [s for place, s in table.items() if (place.task, place.algorithm) == ("parity", "guessing")]
    if not found:
        return ()
    solved, total = sum(int(s.solved.sum()) for s in found), sum(map(len, found))
    return (f"random guessing, which is none of the paper's, solves {solved} of {total} trials of parity",)


def _decided(_: Table, parts: Sequence[Part]) -> tuple[str, ...]:
    """Which of the two is at work, where both comparisons are decided."""
    weighting, step = parts[0].verdict, parts[1].verdict
    overall = parts[0].overall
    worse = overall is not None and overall.says == "against"
    told = {
        (Outcome.HOLDS, Outcome.HOLDS): "both are at work: the bounded step, and on top of it the weighting by time",
        (Outcome.HOLDS, Outcome.FAILS): "it is the weighting by time: the bounded step alone brings nothing",
        (Outcome.FAILS, Outcome.HOLDS): "it is the bounded step: with it, weighting by time "
        + ("makes things worse" if worse else "brings nothing more"),
        (Outcome.FAILS, Outcome.FAILS): "neither the bounded step alone nor weighting on top of it brings anything",
    }.get((weighting, step))
    if told is None and Outcome.NO_DATA not in (weighting, step):
        told = f"weighting on top of the bounded step: {weighting}; the bounded step alone: {step}"
    return () if told is None else (told,)


# --- the claims -------------------------------------------------------------------------------------------------------

_MINIMAL: Final[tuple[Statement[Sequence[Sample]], ...]] = (
    Statement(
        "C1", "With w learned, convergence gets rarer with more noise and with a smaller initial weight",
        "BSF94, Fig. 2(a)", "minimal, w trained, several w_0 and variances", frozenset(),
        (
            ("all initial weights", density),
            (f"initial weights up to {SPLIT:g} only", partial(density, most=SPLIT)),
            (f"initial weights from {SPLIT:g} on only", partial(density, least=SPLIT)),
        ),
    ),
    Statement(
        "C2", "With w fixed, convergence gets rarer with T", "BSF94, Fig. 2(b)", "minimal, inputs trained, several T",
        frozenset(), (("all", frequency),), _fixed_weight,
    ),
)  # fmt: skip

_TRAINED: Final[tuple[Statement[Table], ...]] = (
    Statement(
        "C3", "Annealing solves all three tasks, at about ten times the presentations", _FIG_4,
        "annealing and gradient algorithms on all tasks", frozenset({*TASKS, *GRADIENTS, "annealing"}),
        _by_bound(_annealing),
    ),
    Statement(
        "C3b", "On latch, annealing takes longer the longer the sequences are", _FIG_4,
        "annealing on latch, several T", frozenset({"latch", "annealing"}),
        _by_measure(_slower, Measure.PRESENTATIONS),
    ),
    Statement(
        "C4", "Multi-grid random search fails on parity", _FIG_4, "multi-grid on parity",
        frozenset({"parity", "multi-grid"}), _by_bound(_multi_grid),
    ),
    Statement(
        "C5", "Of the six algorithms only discrete error propagation and annealing solve parity", _FIG_4,
        "the six algorithms on parity", frozenset({"parity", "discrete", "annealing", "multi-grid", *GRADIENTS}),
        _by_bound(_parity), _guessing,
    ),
    Statement(
        "C6", "Pseudo-Newton does no worse than back-propagation, and both do worse as T grows", _FIG_4,
        "both algorithms, several T", frozenset({*TASKS, "pseudo-newton", "back-propagation"}),
        _by_measure(_curvature),
    ),
    Statement(
        "C7", "Time-weighted pseudo-Newton is the best of the three gradient algorithms, and does worse as T grows",
        _FIG_4, "the three algorithms, several T", frozenset({*TASKS, *GRADIENTS}), _by_measure(_weighted),
    ),
    Statement(
        "C7a", "What time-weighted pseudo-Newton gains it gains by weighting in time, not by its bounded step",
        "BSF94, text below eq. 6 (the ablation is ours)", "time-weighted, adaptive-newton and pseudo-newton",
        frozenset({*TASKS, "time-weighted", "adaptive-newton", "pseudo-newton"}), _by_measure(_cause), _decided,
    ),
)  # fmt: skip

STATEMENTS: Final = (*_MINIMAL, *_TRAINED)


def verdicts(records: Iterable[Record]) -> list[Claim]:
    """Every claim with its verdict, in the order of the paper, those without data too.

    Records of other kinds are left out; their order does not matter. Raises: InputError for two results of one trial.
    Rigor: sampled; the chance of any wrong cell in a claim is at most 5 %, of any wrong claim not corrected.
    Cost: about two seconds for 50 trials in each of 200 cells, and half a second for every other variant of a setting.
    """
    kept = list(records)
    minimal, grid = samples(kept, "minimal"), Grid(samples(kept, "train"))
    table, changes, departed = grid.usual(), grid.changes(), grid.departed()
    found = [_claim(s, minimal) for s in _MINIMAL]
    for s in _TRAINED:
        claim = _claim(s, table)
        if claim.verdict is not Outcome.NO_DATA:
            (_, usual), *_ = s.readings
            more = _alone(claim.parts, table, usual)
            for change in (*changes, *grid.shared(s.names), *grid.tuned(s.names)):
                more += _changed(change, usual) if change.names <= s.names else []
            claim = replace(
                claim, dependences=(*claim.dependences, *more),
                departed=tuple(item for item in departed if _concerns(item[0], s)),
            )  # fmt: skip
        found.append(claim)
    return found


def _concerns(name: str, statement: Statement[Table]) -> bool:
    """Whether a setting as ``Grid.departed`` names it is one of a claim: the task's are everyone's."""
    return name.startswith("task.") or name.split()[0] in statement.names


def _claim(s: Statement[T], data: T) -> Claim:
    """A claim with all that does not take a table of places."""
    (_, usual), *others = s.readings
    parts = settle(usual(data))
    verdict = combined(parts)
    if verdict is Outcome.NO_DATA:
        return Claim(s.name, s.statement, s.source, verdict, parts, notes=(f"needs {s.needs}",))
    dependences: list[Dependence] = []
    for name, plans in others:
        again = settle(plans(data))
        dependences.append(Dependence(name, (), combined(again), verdict, _cells(again)))
    notes = s.notes(data, parts) if s.notes is not None else ()
    return Claim(s.name, s.statement, s.source, verdict, parts, dependences=tuple(dependences), notes=notes)


def _alone(whole: Sequence[Part], table: Table, plans: Callable[[Table], list[Plan]]) -> list[Dependence]:
    """The verdict on each task, noise and length by itself, of the parts of which something is known there."""
    axes: tuple[tuple[str, Callable[[Place], object]], ...] = (
        ("on {} alone", lambda p: p.task),
        ("at noise {:g} alone", lambda p: p.noise),
        ("at T = {} alone", lambda p: p.T),
    )
    made: list[Dependence] = []
    for text, axis in axes:
        found: list[Dependence] = []
        for value in dict.fromkeys(map(axis, table)):
            parts = settle(plans({p: s for p, s in table.items() if axis(p) == value}))
            pairs = [pair for pair in zip(parts, whole, strict=True) if pair[0].findings]
            if pairs:
                here, there = zip(*pairs, strict=True)
                usual = combined(whole if value in TASKS else there)
                found.append(Dependence(text.format(value), (), combined(here), usual, _cells(here)))
        made += found if len(found) > 1 else []
    return made


def _changed(change: Change, plans: Callable[..., list[Plan]]) -> list[Dependence]:
    before, after = settle(plans(change.usual)), settle(plans(change.table))
    if not _cells(after):
        return []
    turned = tuple(new for new, old in zip(after, before, strict=True) if new.votes and new.verdict is not old.verdict)
    told = turned if change.settings else tuple(part for part in after if part.findings)
    return [Dependence(change.what, change.settings, combined(after), combined(before), _cells(after), told)]


def _cells(parts: Sequence[Part]) -> int:
    return sum(len(part.findings) for part in parts)
