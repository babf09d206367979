"""Does it help to start with short sequences? Trials of the kind ``curriculum`` against those of ``train``, paired."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from dynlatch.claims.outcomes import Claim, Dependence, Finding, Outcome, Part, Plan, Says, combined, settle
from dynlatch.claims.parts import Measure, better
from dynlatch.claims.rows import Place, Sample, samples, together
from dynlatch.studies.cell import Cell, Record, Scalar
from dynlatch.studies.kind_curriculum import OWN

_SOURCE: Final = "BSF94, conclusion"
_NEEDS: Final = "needs trials of the kinds curriculum and train with equal settings"
_WORDS: Final = {
    Says.FOR: "helps", Says.AGAINST: "hurts", Says.EQUAL: "makes no difference", Says.OPEN: "not decided",
}  # fmt: skip


class Stage(NamedTuple):
    """The first stage of a curriculum: its length, and the part of the budget that it may take."""

    T_0: int
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A curriculum and training at full length from the start, at one place, trial for trial."""

    stage: Stage
    place: Place
    short_first: Sample
    direct: Sample


def pairs(records: Iterable[Record]) -> list[Pair]:
    """Every cell of the kind "curriculum" with that of the kind "train" whose settings are the same, where both are.

    Raises: InputError for two results of one trial.
    """
    kept = list(records)
    direct = {s.cell.settings: s for s in samples(kept, "train")}
    made: list[Pair] = []
    for sample in samples(kept, "curriculum"):
        beside = direct.get(tuple(item for item in sample.cell.settings if item[0] not in OWN))
        if beside is None:
            continue
        mine, its = together([sample, beside])
        if len(mine):
            made.append(Pair(_stage(sample.cell), beside.place, mine, its))
    return sorted(made, key=lambda p: (p.stage, p.place, p.direct.cell.text()))


def verdicts(records: Iterable[Record]) -> list[Claim]:
    """For each first stage among the records: does it help, algorithm by algorithm, in every cell?

    Both are given the same initial parameters, training set and budget of presentations, all stages counted. Judged by
    the trials that learn; the verdicts by error and by presentations are told beside it, and those on each task and T
    alone. Tests are exact and paired by trial, cells corrected by Holm's method. Rigor: sampled.
    """
    some = pairs(records)
    stages = sorted({p.stage for p in some})
    return [_claim(stage, [p for p in some if p.stage == stage]) for stage in stages] or [_claim(None, [])]


def findings(claim: Claim) -> dict[tuple[str, str], Finding]:
    """The cells of a claim by algorithm and ``where`` of the place."""
    return {(part.statement.split()[0], f.where): f for part in claim.parts for f in part.findings}


def word(finding: Finding) -> str:
    """What a cell says: helps, hurts, makes no difference, not decided."""
    return _WORDS[finding.says]


def _claim(stage: Stage | None, some: list[Pair]) -> Claim:
    if stage is None:
        statement = "It helps to begin with short sequences"
        return Claim("CL", statement, _SOURCE, Outcome.NO_DATA, (), notes=(_NEEDS,))
    statement = (
        f"It helps to begin with sequences of up to {stage.T_0} steps, for at most {stage.share:.0%} of the budget"
    )
    parts = settle(_plans(some, Measure.SOLVED))
    verdict = combined(parts)
    dependences: list[Dependence] = []
    for measure in (Measure.ERROR, Measure.PRESENTATIONS):
        again = settle(_plans(some, measure))
        dependences.append(_dependence(f"judged by {measure}", again, verdict))
    for text, axis in (("on {} alone", "task"), ("at T = {} alone", "T"), ("at noise {:g} alone", "noise")):
        values = sorted({getattr(p.place, axis) for p in some})
        for value in values if len(values) > 1 else []:
            here = settle(_plans([p for p in some if getattr(p.place, axis) == value], Measure.SOLVED))
            dependences.append(_dependence(text.format(value), here, verdict))
    return Claim(
        f"CL{stage.T_0}-{stage.share:g}", statement, _SOURCE, verdict, parts, dependences=tuple(dependences),
        notes=_told(parts),
    )  # fmt: skip


def _dependence(what: str, parts: tuple[Part, ...], usual: Outcome) -> Dependence:
    return Dependence(what, (), combined(parts), usual, sum(len(part.findings) for part in parts))


def _told(parts: Iterable[Part]) -> tuple[str, ...]:
    """The cells of each algorithm by what they say."""
    made: list[str] = []
    for part in parts:
        for says, said in _WORDS.items():
            cells = [f.where for f in part.findings if f.says is says]
            if cells:
                made.append(f"{part.statement.split()[0]}, {said}: {'; '.join(cells)}")
    return tuple(made)


def _plans(some: Iterable[Pair], measure: Measure) -> list[Plan]:
    """A part for each algorithm; variants of other settings are parts of their own."""
    tables: dict[tuple[str, tuple[tuple[str, Scalar], ...]], dict[Place, Sample]] = {}
    for pair in some:
        name = pair.place.algorithm
        others = tuple(item for item in pair.direct.cell.settings if item[0] not in Place._fields)
        own = tuple(item for item in others if not item[0].startswith("task."))
        table = tables.setdefault((name, own), {})
        table[pair.place] = pair.direct
        table[pair.place._replace(algorithm=_title(name))] = pair.short_first
    return [better(table, _title(name), name, measure) for (name, _), table in sorted(tables.items(), key=_by_text)]


def _title(algorithm: str) -> str:
    return f"{algorithm} with short sequences first"


def _by_text(item: tuple[tuple[str, object], Mapping[Place, Sample]]) -> str:
    return repr(item[0])


def _stage(cell: Cell) -> Stage:
    return Stage(int(cell["T_0"]), float(cell["share"]))
