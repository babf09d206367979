"""Verdicts in made-up worlds: where a claim holds, where it fails, where there is too little to tell."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_records import minimal, trained

from dynlatch.claims.outcomes import Claim, Finding, Outcome, Part, Rule, Says, combined, judged
from dynlatch.claims.statements import STATEMENTS, verdicts
from dynlatch.claims.statistics import Interval
from dynlatch.seeds import rng_for
from dynlatch.studies.cell import Cell, Record


def as_claimed(task: str, name: str, T: int) -> tuple[float, float]:
    """The world of the paper; weighting by time is what makes the difference."""
    fall = {10: 0.0, 20: 0.1, 50: 0.2, 100: 0.3}[T]
    chance = {"back-propagation": 0.6, "pseudo-newton": 0.62, "time-weighted": 0.95, "adaptive-newton": 0.62}
    if name == "annealing":
        return 0.99, 5000.0 * T**0.5
    if name == "discrete":
        return 0.98, 400.0
    if name == "multi-grid":
        return (0.03 if task == "parity" else 0.9), 800.0
    return (0.0 if task == "parity" else chance[name] - fall), 500.0 * T**0.5


def against(task: str, name: str, T: int) -> tuple[float, float]:
    """The opposite in every claim; the bounded step is what makes the difference."""
    rise = {10: 0.0, 20: 0.1, 50: 0.2, 100: 0.3}[T]
    chance = {"back-propagation": 0.65, "pseudo-newton": 0.3, "time-weighted": 0.02, "adaptive-newton": 0.65}
    if name == "annealing":
        return 0.1, 400_000.0 * T**-0.5
    if name in ("discrete", "multi-grid"):
        return (0.1 if name == "discrete" else 0.97), 400.0
    return chance[name] + rise, 200.0


def found(records: list[Record]) -> dict[str, Claim]:
    return {claim.name: claim for claim in verdicts(records)}


@pytest.fixture(scope="module")
def holding() -> dict[str, Claim]:
    return found(trained(as_claimed))


@pytest.fixture(scope="module")
def failing() -> dict[str, Claim]:
    return found(trained(against))


TRAINED = ("C3", "C3b", "C4", "C5")


@pytest.mark.parametrize("name", TRAINED)
def test_in_the_world_of_the_paper_a_claim_holds(holding: dict[str, Claim], name: str) -> None:
    assert holding[name].verdict is Outcome.HOLDS
    assert all(part.findings for part in holding[name].parts)


@pytest.mark.parametrize("name", ["C3", "C3b", "C4", "C5", "C6", "C7", "C7a"])
def test_in_the_opposite_world_it_fails(failing: dict[str, Claim], name: str) -> None:
    assert failing[name].verdict is Outcome.FAILS


def test_on_what_no_gradient_algorithm_learns_none_is_the_best(holding: dict[str, Claim]) -> None:
    """Time-weighted wins on two tasks of three; on parity there is no difference, and that is said."""
    claim = holding["C7"]
    for part in claim.parts[:2]:
        says = {f.where.split(",")[0]: f.says for f in part.findings if f.says is not Says.OPEN}
        assert says == {"latch": Says.FOR, "two-sequence": Says.FOR, "parity": Says.EQUAL}
        assert part.verdict is Outcome.HOLDS
    assert holding["C7a"].verdict is Outcome.HOLDS
    assert "it is the weighting by time" in holding["C7a"].notes[0]


def test_the_ablation_tells_the_bounded_step_from_the_weighting(failing: dict[str, Claim]) -> None:
    assert failing["C7a"].notes == ("it is the bounded step: with it, weighting by time makes things worse",)


def test_an_equal_ablation_brings_nothing_more() -> None:
    def world(task: str, name: str, T: int) -> tuple[float, float]:
        return (0.9 if name in ("time-weighted", "adaptive-newton") else 0.3), 300.0

    claim = found(trained(world, tasks=("latch",), lengths=(10, 50), count=150))["C7a"]
    assert claim.verdict is Outcome.FAILS
    assert claim.notes == ("it is the bounded step: with it, weighting by time brings nothing more",)
    assert [part.votes for part in claim.parts] == [True, False, False]


def test_a_task_that_is_left_unsolved_makes_annealings_claim_mixed() -> None:
    def world(task: str, name: str, T: int) -> tuple[float, float]:
        return (0.3, 9e5) if (task, name) == ("parity", "annealing") else as_claimed(task, name, T)

    claim = found(trained(world, lengths=(10, 50), algorithms=("annealing", "time-weighted")))["C3"]
    assert claim.verdict is Outcome.MIXED
    alone = {d.what: d.verdict for d in claim.dependences}
    assert (alone["on latch alone"], alone["on parity alone"]) == (Outcome.HOLDS, Outcome.FAILS)
    assert alone["at T = 50 alone"] is Outcome.MIXED
    assert {d.what for d in claim.depends} >= {"on latch alone", "on two-sequence alone", "on parity alone"}
    assert "at T = 50 alone" not in {d.what for d in claim.depends}
    assert claim.parts[3].told == "latch: for in 4 of 4 cells; two-sequence: for in 4 of 4 cells"
    assert [part.verdict for part in claim.parts] == ["HOLDS", "HOLDS", "FAILS", "HOLDS"]


def test_ten_times_is_told_from_a_hundred_times() -> None:
    def world(task: str, name: str, T: int) -> tuple[float, float]:
        chance, median = as_claimed(task, name, T)
        return chance, median * (10.0 if name == "annealing" else 1.0)

    part = found(trained(world, lengths=(10, 50), algorithms=("annealing", "time-weighted")))["C3"].parts[3]
    assert part.verdict is Outcome.FAILS
    assert part.overall is not None
    assert part.overall.size.low < 100.0 < part.overall.size.high


def test_trials_that_end_at_a_cap_are_not_taken_for_slow_ones() -> None:
    """Annealing needs as much at every T, but is stopped early at the longest: that is no growth of its time."""

    def stopped(record: Record, told: int) -> Record:
        needed = record.result["presentations"]
        if record.cell["T"] != 100 or not isinstance(needed, int) or needed <= 900:
            return record
        settings = dict(record.cell.settings) | {"budget": told}
        result = dict(record.result) | {"solved": False, "presentations": 900}
        return replace(record, cell=Cell.of("train", settings), result=result)

    def overall(budget: int) -> Finding:
        records = trained(lambda task, name, T: (1.0, 1000.0), tasks=("latch",), algorithms=("annealing",), count=100)
        short = [replace(r, cell=Cell.of("train", dict(r.cell.settings) | {"budget": budget}))
                 if r.cell["T"] == 100 else r for r in records]  # fmt: skip
        part = found([stopped(r, budget) for r in short])["C3b"].parts[0]
        assert len(part.findings) == 2
        assert part.overall is not None
        return part.overall

    assert overall(900).p > 0.01
    assert overall(3_000_000).p < 1e-4  # the mutant: a cap that was not told


@pytest.mark.parametrize("world", [as_claimed, against])
def test_too_few_trials_decide_nothing(world: object) -> None:
    claims = found(trained(world, count=3))  # type: ignore[arg-type]
    for name in ("C3", "C3b", "C4", "C5", "C6", "C7", "C7a"):
        assert claims[name].verdict is Outcome.NOT_DECIDED
        assert all(f.says is Says.OPEN for part in claims[name].parts for f in part.findings)


def test_without_records_there_is_no_verdict_but_what_is_needed() -> None:
    claims = verdicts([])
    assert [c.name for c in claims] == [s.name for s in STATEMENTS]
    assert {c.verdict for c in claims} == {Outcome.NO_DATA}
    assert all(c.notes[0].startswith("needs ") for c in claims)


def test_the_order_of_records_changes_nothing() -> None:
    records = trained(as_claimed, count=8) + minimal(lambda w, s, T: 0.5, variances=(0.1, 0.2))
    shuffled = [records[k] for k in rng_for(1, "order").permutation(len(records))]
    assert repr(verdicts(shuffled)) == repr(verdicts(records))


def test_where_all_algorithms_are_alike_hardly_any_cell_says_otherwise() -> None:
    wrong = 0
    for seed in range(24):
        records = trained(
            lambda task, name, T: (0.5, 500.0), count=16, tasks=("latch",), lengths=(10, 20), seed=seed,
            algorithms=("back-propagation", "pseudo-newton", "time-weighted"),
        )  # fmt: skip
        claim = found(records)["C7"]
        said = [f.says for part in claim.parts for f in (*part.findings, part.overall) if f is not None]
        wrong += any(says in (Says.FOR, Says.AGAINST) for says in said)
    assert wrong <= 5, "each claim errs in its cells, and in its parts, at most once in twenty"


# --- settings ---------------------------------------------------------------------------------------------------------


def test_a_verdict_that_hangs_on_a_setting_says_so() -> None:
    def wide(task: str, name: str, T: int) -> tuple[float, float]:
        return 0.97, 900.0

    usual = trained(as_claimed, tasks=("parity",), algorithms=("multi-grid",), **{"algorithm.radius": 2.0})
    other = trained(wide, tasks=("parity",), algorithms=("multi-grid",), lengths=(20,), **{"algorithm.radius": 8.0})
    claim = found(usual + other)["C4"]
    assert claim.verdict is Outcome.HOLDS
    (matters,) = [d for d in claim.depends if d.settings]
    assert (matters.settings, matters.verdict, matters.usual) == ((("algorithm.radius", 8.0),), "FAILS", "HOLDS")
    assert matters.num_cells == 2, "only where both radii were tried"
    assert matters.what == "multi-grid with algorithm.radius = 8.0"
    assert [part.verdict for part in matters.parts] == ["FAILS"], "the parts that turn are told"
    assert claim.departed == ()


def test_of_one_length_the_parts_that_need_several_do_not_count() -> None:
    """Time-weighted is the best, but not worse at longer T: MIXED as a whole, and HOLDS at each T as far as it goes."""

    def flat(task: str, name: str, T: int) -> tuple[float, float]:
        return (0.97 if name == "time-weighted" else 0.3), 300.0

    claim = found(trained(flat, tasks=("latch",), lengths=(10, 50), noises=(0.0,), count=80))["C7"]
    assert claim.verdict is Outcome.MIXED
    at = {d.what: (d.verdict, d.usual, d.matters) for d in claim.dependences}
    assert at["at T = 10 alone"] == (Outcome.HOLDS, Outcome.HOLDS, False)


def test_settings_that_are_not_the_defaults_are_told() -> None:
    claim = found(trained(as_claimed, count=5, budget=4000))["C4"]
    assert claim.departed == (("multi-grid budget", 4000),)


def test_a_reading_can_change_the_verdict() -> None:
    def half(task: str, name: str, T: int) -> tuple[float, float]:
        return 0.6, 900.0

    claim = found(trained(half, tasks=("parity",), algorithms=("multi-grid",), count=200))["C4"]
    assert claim.verdict is Outcome.FAILS
    readings = {d.what: d.verdict for d in claim.dependences}
    assert readings["solved means half of the trials"] is Outcome.FAILS
    assert readings["solved means 9 of 10 trials"] is Outcome.FAILS


# --- the minimal problem ----------------------------------------------------------------------------------------------

WEIGHTS, VARIANCES = (1.0, 1.5, 2.0, 3.0), (0.0, 0.1, 0.3)


def test_c1_as_claimed_reversed_and_turning() -> None:
    grid = {"weights": WEIGHTS, "variances": VARIANCES}
    assert found(minimal(lambda w, s, T: 0.25 * w - 1.0 * s + 0.2, **grid))["C1"].verdict is Outcome.HOLDS
    assert found(minimal(lambda w, s, T: 0.62 - 0.2 * w + 1.2 * s, **grid))["C1"].verdict is Outcome.FAILS
    peak = found(minimal(lambda w, s, T: max({1.0: 0.2, 1.5: 0.6, 2.0: 0.95, 3.0: 0.3}[w] - s, 0.0), **grid))["C1"]
    assert peak.parts[0].verdict is Outcome.HOLDS
    split = {d.what: d.verdict for d in peak.dependences}
    assert split["initial weights up to 2 only"] is Outcome.HOLDS
    assert split["initial weights from 2 on only"] is not Outcome.HOLDS


def test_c2_is_told_beside_what_no_learning_would_do() -> None:
    own = {"lengths": (5, 10, 20), "variances": (0.0, 0.2), "trained": "inputs"}
    claim = found(minimal(lambda w, s, T: 1.0 - T / 25, **own))["C2"]
    assert claim.verdict is Outcome.HOLDS
    (note,) = claim.notes
    assert note.startswith("w = 1.25, variance 0.2: ")
    assert "of 150 trials converge; with the best inputs and no learning 60." in note
    assert found(minimal(lambda w, s, T: 0.3 + T / 40, **own))["C2"].verdict is Outcome.FAILS
    flat = found(minimal(lambda w, s, T: 1.0, **own))["C2"]
    assert flat.verdict is Outcome.FAILS, "that nothing changes is shown, too"


# --- from cells to a verdict ------------------------------------------------------------------------------------------


def finding(says: Says) -> Finding:
    return Finding("", Interval(0.0, 0.0, 0.0), 9, 0.01, says)


@pytest.mark.parametrize(
    ("rule", "cells", "overall", "verdict"),
    [
        (Rule.EVERY, "", "", "NO DATA"),
        (Rule.EVERY, "FFO", "", "HOLDS"),
        (Rule.EVERY, "FOO", "", "NOT DECIDED"),
        (Rule.EVERY, "FFFFA", "", "MIXED"),
        (Rule.EVERY, "AAO", "", "FAILS"),
        (Rule.MORE, "FOO", "F", "HOLDS"),
        (Rule.MORE, "FOO", "O", "NOT DECIDED"),
        (Rule.MORE, "FEE", "F", "MIXED"),
        (Rule.MORE, "FA", "F", "MIXED"),
        (Rule.MORE, "OOO", "F", "HOLDS"),
        (Rule.MORE, "EEE", "E", "FAILS"),
        (Rule.MORE, "FEE", "E", "MIXED"),
        (Rule.MORE, "AOO", "A", "FAILS"),
        (Rule.NOT_LESS, "EEE", "E", "HOLDS"),
        (Rule.NOT_LESS, "EEA", "E", "MIXED"),
        (Rule.NOT_LESS, "AOO", "A", "FAILS"),
        (Rule.NOT_LESS, "OOO", "O", "NOT DECIDED"),
    ],
)
def test_how_cells_make_a_verdict(rule: Rule, cells: str, overall: str, verdict: str) -> None:
    says = {"F": Says.FOR, "A": Says.AGAINST, "E": Says.EQUAL, "O": Says.OPEN}
    whole = finding(says[overall]) if overall else None
    assert judged(rule, [finding(says[c]) for c in cells], whole) == verdict


@pytest.mark.parametrize(
    ("parts", "verdict"),
    [
        ("HH", "HOLDS"), ("HF", "MIXED"), ("FN", "FAILS"), ("HN", "NOT DECIDED"), ("H-", "NOT DECIDED"),
        ("--", "NO DATA"), ("HM", "MIXED"), ("FF", "FAILS"),
    ],
)  # fmt: skip
def test_how_parts_make_a_claim(parts: str, verdict: str) -> None:
    names = {"H": Outcome.HOLDS, "F": Outcome.FAILS, "M": Outcome.MIXED, "N": Outcome.NOT_DECIDED, "-": Outcome.NO_DATA}
    made = [Part("", "", Rule.MORE, names[p], (), None) for p in parts]
    aside = Part("", "", Rule.MORE, Outcome.FAILS, (), None, votes=False)
    assert combined([*made, aside]) == verdict
