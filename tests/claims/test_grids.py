"""Samples as a grid: which settings are the reference, and what else a setting may be."""

from __future__ import annotations

from dynlatch.claims.grids import Grid
from dynlatch.claims.rows import Place, samples
from dynlatch.studies.cell import Cell, Record, Scalar

NEWTONS = {"pseudo-newton", "adaptive-newton"}


def record(trial: int, error: float = 0.0, **settings: Scalar) -> Record:
    own: dict[str, Scalar] = {"task": "parity", "T": 10, "noise": 0.0, "algorithm": "multi-grid", "budget": 200_000}
    result = {"solved": error < 0.25, "presentations": 10, "test_error": error}
    return Record(Cell.of("train", own | settings), 0, trial, result, 1.0)


def test_the_reference_is_the_variant_nearest_to_the_defaults() -> None:
    name = "algorithm.radius"
    records = [record(0, **{name: r, "T": T}) for r in (1.0, 2.0, 8.0) for T in (10, 20)]
    records += [record(0, **{name: 8.0, "T": T}) for T in (50, 100)]
    grid = Grid(samples(records, "train"))
    assert {dict(s.cell.settings)[name] for s in grid.usual().values()} == {2.0}
    assert grid.departed() == ()
    one, eight = grid.changes()
    assert (one.names, one.settings, eight.settings) == ({"multi-grid"}, ((name, 1.0),), ((name, 8.0),))
    assert set(eight.table) == set(eight.usual) == {Place("parity", T, 0.0, "multi-grid") for T in (10, 20)}
    assert all(s.cell[name] == 8.0 for s in eight.table.values())


def test_without_the_defaults_the_variant_of_most_cells_is_the_reference_and_is_told() -> None:
    records = [record(0, budget=b, T=T) for b, T in ((500, 10), (900, 10), (900, 20))]
    grid = Grid(samples(records, "train"))
    assert len(grid.usual()) == 2
    assert grid.departed() == (("multi-grid budget", 900),)


def test_algorithms_are_compared_under_equal_settings_of_the_task() -> None:
    tasks = [{"task.num_train": n, "algorithm": a} for n in (50, 20) for a in ("multi-grid", "annealing")]
    grid = Grid(samples([record(0, **own) for own in tasks], "train"))
    (change,) = grid.changes()
    assert (change.names, change.settings) == ({"parity"}, (("task.num_train", 20),))
    assert [s.cell["task.num_train"] for s in change.table.values()] == [20, 20]
    assert [s.cell["task.num_train"] for s in grid.usual().values()] == [50, 50]


# --- several algorithms at once ---------------------------------------------------------------------------------------


def rated(algorithm: str, rate: float, errors: tuple[float, float] = (0.1, 0.1), **more: Scalar) -> list[Record]:
    """Trials of an algorithm at a rate; errors of even trials and of odd ones."""
    own: dict[str, Scalar] = {"algorithm": algorithm, "algorithm.rate": rate, "budget": 30_000}
    return [record(k, errors[k % 2], task="latch", **(own | more)) for k in range(6)]


def rates(made: dict[Place, object]) -> dict[str, Scalar]:
    return {place.algorithm: sample.cell["algorithm.rate"] for place, sample in made.items()}  # type: ignore[attr-defined]


def test_a_setting_that_several_were_tried_with_is_changed_in_all_at_once() -> None:
    made = [r for name in (*NEWTONS, "adam") for rate in (0.01, 0.1) for r in rated(name, rate)]
    made += rated("pseudo-newton", 0.3) + rated("adaptive-newton", 0.3, budget=99)  # not alone
    grid = Grid(samples(made, "train"))
    (change,) = grid.shared(NEWTONS)
    assert (change.names, change.settings) == (NEWTONS, (("algorithm.rate", 0.1),))
    assert change.what == "adaptive-newton, pseudo-newton with algorithm.rate = 0.1"
    assert rates(change.table) == {"adam": 0.1, "adaptive-newton": 0.1, "pseudo-newton": 0.1}  # type: ignore[arg-type]
    assert rates(change.usual) == {"adam": 0.1, "adaptive-newton": 0.01, "pseudo-newton": 0.01}  # type: ignore[arg-type]
    assert grid.shared({"pseudo-newton", "back-propagation"}) == []


def test_rates_are_tuned_on_even_trials_and_judged_on_odd_ones() -> None:
    """What is best on all trials, or on the odd ones, is a trap."""
    made = rated("pseudo-newton", 0.01, (0.2, 0.2)) + rated("pseudo-newton", 0.1, (0.1, 0.5))
    made += rated("pseudo-newton", 0.3, (0.3, 0.0)) + rated("adaptive-newton", 0.01) + rated("adaptive-newton", 0.1)
    (change,) = Grid(samples(made, "train")).tuned(NEWTONS)
    assert rates(change.table) == {"adaptive-newton": 0.01, "pseudo-newton": 0.1}  # type: ignore[arg-type]
    for table, errors in ((change.table, 0.5), (change.usual, 0.2)):
        sample = table[Place("latch", 10, 0.0, "pseudo-newton")]
        assert sample.trials == ((0, 1), (0, 3), (0, 5))
        assert sample.error.tolist() == [errors] * 3
    assert (change.what, change.settings) == ("each at its best rate", ())


def test_one_algorithm_alone_is_not_tuned() -> None:
    made = rated("pseudo-newton", 0.01) + rated("pseudo-newton", 0.1) + rated("adaptive-newton", 0.01)
    assert Grid(samples(made, "train")).tuned(NEWTONS) == []
