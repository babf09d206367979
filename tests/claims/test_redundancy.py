"""What a study of redundancy says: of worlds in which more neurons help, and of worlds in which they do not."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pytest

from dynlatch.claims.outcomes import Says
from dynlatch.claims.redundancy import curves, facts, proved, verdicts
from dynlatch.errors import InputError
from dynlatch.seeds import rng_for
from dynlatch.studies.cell import Cell, Record
from dynlatch.studies.kinds import kind_of
from dynlatch.verdict import Verdict

UNITS = (1, 2, 4, 8)
PATHS = 200


def made(
    chance: Callable[[int], float], rate: Callable[[int], float], *, couplings: tuple[float, ...] = (1.0,),
    trials: int = 20,
) -> list[Record]:  # fmt: skip
    """Trials of a world: the chance that a bit is kept, and the rate at which gradients are lost, by n."""
    found: list[Record] = []
    for coupling in couplings:
        for n in UNITS:
            usual = kind_of("redundancy").usual({})
            cell = Cell.of("redundancy", usual | {"n": n, "coupling": coupling, "paths": PATHS})
            rng = rng_for(0, "made", coupling, n)
            for k in range(trials):
                kept = int(rng.binomial(PATHS, chance(n)))
                result = {"kept": kept, "right": kept, "forgetting": rate(n) + rng.normal(0.0, 0.01)}
                found.append(Record(cell, 0, k, result, 0.1))
    return found


def told(records: list[Record]) -> list[str]:
    return [str(claim.verdict) for claim in verdicts(records)]


def test_a_world_in_which_more_neurons_help() -> None:
    records = made(lambda n: 1.0 - 0.5 / n, lambda n: 0.5 + 0.3 / n, couplings=(0.0, 1.0))
    assert told(records) == ["HOLDS", "HOLDS", "HOLDS"]
    survival, slower, _ = verdicts(records)
    assert [part.statement.split(":")[0] for part in survival.parts] == ["neurons apart", "mean field"]
    for part in survival.parts:
        assert part.findings[0].size.low <= 0.4375 <= part.findings[0].size.high  # (1 - 1/16) - 1/2
    for part in slower.parts:
        assert part.findings[0].size.low <= 1 - (0.5 + 0.3 / 8) / 0.8 <= part.findings[0].size.high


def test_a_world_in_which_they_do_harm() -> None:
    assert told(made(lambda n: 0.4 + 0.4 / n, lambda n: 0.8 - 0.3 / n)) == ["FAILS", "FAILS", "HOLDS"]


def test_a_world_in_which_they_make_no_difference_is_not_one_in_which_they_help() -> None:
    claims = verdicts(made(lambda n: 0.7, lambda n: 0.7))
    assert [str(c.verdict) for c in claims] == ["FAILS", "FAILS", "HOLDS"]
    assert claims[0].parts[0].findings[0].says is Says.EQUAL
    few = verdicts(made(lambda n: 0.7, lambda n: 0.7, trials=3))
    assert few[0].parts[0].findings[0].says is Says.OPEN


def test_a_world_in_which_gradients_grow() -> None:
    assert told(made(lambda n: 0.7, lambda n: -0.1))[2] == "FAILS"


def test_one_number_of_units_says_nothing() -> None:
    only = [r for r in made(lambda n: 0.7, lambda n: 0.7) if r.cell["n"] == 1]
    assert told(only) == ["NO DATA"] * 3
    assert told([]) == ["NO DATA"] * 3


def test_shuffled_records_and_repeated_ones_say_the_same() -> None:
    records = made(lambda n: 1.0 - 0.5 / n, lambda n: 0.7)
    assert verdicts(records[::-1]) == verdicts(records) == verdicts(records + records[:7])
    other = dataclasses.replace(records[0], result={**records[0].result, "kept": 3})
    with pytest.raises(InputError, match="two results"):
        verdicts([*records, other])


def test_curves_hold_what_the_records_hold() -> None:
    records = made(lambda n: 0.7, lambda n: 0.7)
    (curve,) = curves(records)
    assert curve.n.tolist() == list(UNITS)
    assert curve.orbits.tolist() == [20 * PATHS] * 4
    assert curve.kept[0].tolist() == [r.result["kept"] / PATHS for r in records if r.cell["n"] == 1]  # type: ignore
    value, low, high = curve.kept_intervals.T
    assert value == pytest.approx(curve.kept.mean(axis=1))
    assert ((low < value) & (value < high)).all()


def test_what_is_proved_of_worst_noise_and_of_gradients() -> None:
    units = (1, 2, 4, 8, 16)
    at_each, over_all, gradient = proved(1.5, 1.0, units)
    assert (at_each.improves, at_each.verdict) == (False, Verdict.PROVED)
    assert (over_all.improves, over_all.verdict) == (True, Verdict.PROVED)
    assert (gradient.improves, gradient.verdict) == (False, Verdict.PROVED)
    h = math.sqrt(0.75) - math.acosh(math.sqrt(1.5))
    assert [*at_each.low, *at_each.high] == pytest.approx([h] * 2 * len(units), rel=1e-12)
    assert all(low < high for low, high in zip(at_each.low, at_each.high, strict=True))
    assert over_all.low[-1] == pytest.approx(4 * h / 1.5)
    assert [f.improves for f in proved(1.5, 0.0, units)] == [False, False, False]
    middle = proved(1.5, 0.5, units)[1]
    assert (middle.improves, middle.verdict) == (None, Verdict.INCONCLUSIVE)  # the bounds do not settle it


def test_facts_are_of_the_settings_among_the_records() -> None:
    found = facts(made(lambda n: 0.7, lambda n: 0.7, couplings=(0.0, 1.0), trials=2))
    assert [(f.coupling, f.w, f.n) for f in found] == [(c, 1.5, UNITS) for c in (0.0, 1.0) for _ in range(3)]
    assert np.isfinite([*found[0].low, *found[0].high]).all()


def test_the_figure_is_drawn() -> None:
    from dynlatch.views.study_redundancy import figure_redundancy

    figure = figure_redundancy(made(lambda n: 0.7, lambda n: 0.7, couplings=(0.0, 1.0), trials=3))
    left, gradients, worst = figure.axes
    assert len(left.lines) == 2
    assert len(gradients.lines) == len(worst.lines) - 2 == 4
    assert figure_redundancy([]).axes
