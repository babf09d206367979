"""What a study of the curriculum says: of worlds in which it helps, does harm, or makes no difference."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from made_records import trained

from dynlatch.claims.curriculum import findings, pairs, verdicts, word
from dynlatch.claims.outcomes import Outcome
from dynlatch.seeds import rng_for
from dynlatch.studies.cell import Cell, Record

TASKS = ("latch", "two-sequence")
LENGTHS = (20, 50)
BUDGET = 30_000


def made(
    better: Callable[[str, str], float], *, algorithms: tuple[str, ...] = ("adam", "back-propagation"),
    T_0: int = 10, count: int = 40,
) -> list[Record]:  # fmt: skip
    """Direct trials of which 40 % learn, and as many that began short and learn with the chance ``better`` gives."""
    direct = trained(
        lambda task, name, T: (0.4, 8000.0), count=count, tasks=TASKS, lengths=LENGTHS, noises=(0.2,),
        algorithms=algorithms,
    )  # fmt: skip
    found: list[Record] = []
    for record in direct:
        own = dict(record.cell.settings)
        cell = Cell.of("curriculum", own | {"T_0": T_0, "share": 0.5})
        rng = rng_for(0, "short first", cell.text(), record.trial)
        chance = better(str(own["task"]), str(own["algorithm"]))
        solved = record.result["solved"] is True
        if chance >= 0.4:
            solved = solved or bool(rng.random() < (chance - 0.4) / 0.6)
        else:
            solved = solved and bool(rng.random() < chance / 0.4)
        result = {
            "solved": solved, "presentations": 6000 if solved else BUDGET, "test_error": 0.0 if solved else 0.5,
            "first_solved": True, "first_presentations": 900,
        }  # fmt: skip
        found.append(Record(cell, record.seed, record.trial, result, 0.01))
    return direct + found


def test_a_world_in_which_it_helps() -> None:
    (claim,) = verdicts(made(lambda task, name: 0.9))
    assert claim.verdict is Outcome.HOLDS
    assert [part.num for part in (p.overall for p in claim.parts) if part is not None] == [40, 40]
    assert {word(f) for f in findings(claim).values()} == {"helps"}
    assert all(f.size.low <= 0.5 + 0.15 and f.size.high >= 0.5 - 0.15 for f in findings(claim).values())


def test_a_world_in_which_it_does_harm() -> None:
    (claim,) = verdicts(made(lambda task, name: 0.02))
    assert claim.verdict is Outcome.FAILS
    assert {word(f) for f in findings(claim).values()} == {"hurts"}


def test_a_world_in_which_it_makes_no_difference() -> None:
    (claim,) = verdicts(made(lambda task, name: 0.4, count=200))
    assert claim.verdict is Outcome.FAILS
    assert {word(f) for f in findings(claim).values()} == {"makes no difference"}


def test_a_few_trials_decide_nothing() -> None:
    (claim,) = verdicts(made(lambda task, name: 0.6, count=4))
    assert claim.verdict is Outcome.NOT_DECIDED
    assert {word(f) for f in findings(claim).values()} == {"not decided"}


def test_algorithms_and_tasks_are_told_apart() -> None:
    (claim,) = verdicts(made(lambda task, name: 0.9 if name == "adam" else 0.4, count=150))
    assert [str(p.verdict) for p in claim.parts] == ["HOLDS", "FAILS"]
    assert claim.verdict is Outcome.MIXED
    assert any(note.startswith("adam, helps: latch, T = 20, noise 0.2") for note in claim.notes)
    (other,) = verdicts(made(lambda task, name: 0.9 if task == "latch" else 0.02))
    assert other.verdict is Outcome.MIXED
    told = {d.what: str(d.verdict) for d in other.dependences}
    assert (told["on latch alone"], told["on two-sequence alone"]) == ("HOLDS", "FAILS")


def test_trials_are_paired_with_equal_settings_only() -> None:
    records = made(lambda task, name: 0.9)
    assert len(pairs(records)) == len(TASKS) * len(LENGTHS) * 2
    direct = [r for r in records if r.cell.kind == "train"]
    short = [r for r in records if r.cell.kind == "curriculum"]
    other = [
        Record(Cell.of("train", dict(r.cell.settings) | {"budget": 10}), r.seed, r.trial, r.result, r.seconds)
        for r in direct
    ]
    assert not pairs(short + other)
    assert [c.verdict for c in verdicts(short + other)] == [Outcome.NO_DATA]
    some = pairs([r for r in records if r.cell.kind == "train" or r.trial % 2])
    assert all(p.short_first.trials == p.direct.trials and len(p.direct) == 20 for p in some)


def test_every_first_stage_is_a_claim_of_its_own() -> None:
    records = made(lambda task, name: 0.9) + made(lambda task, name: 0.4, T_0=5)
    claims = verdicts(records)
    assert [c.name for c in claims] == ["CL5-0.5", "CL10-0.5"]
    assert claims[1].verdict is Outcome.HOLDS
    assert claims[0].verdict is not Outcome.HOLDS


def test_the_figure_is_drawn() -> None:
    from dynlatch.views.study_redundancy import figure_curriculum

    figure = figure_curriculum(made(lambda task, name: 0.9))
    assert len(figure.axes) == len(TASKS)
    said = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert said == ["helps"] * len(TASKS) * len(LENGTHS) * 2
    assert figure_curriculum([]).axes


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_records_does_not_matter(order: int) -> None:
    records = made(lambda task, name: 0.7)
    assert verdicts(records[::order]) == verdicts(records)
