"""Every kind of claim: what is true is proved again, what is made false (or unprovable) by a mutation is not."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from types import ModuleType
from typing import Any

import pytest
from mutations import (
    bad_basins,
    bad_blocks,
    bad_bound,
    bad_cycle,
    bad_cycle_gamma,
    bad_escaping_basins,
    bad_fixed_point,
    bad_fold,
    bad_gamma,
    bad_region,
    set_to,
)
from noise_mutations import (
    bad_box_tolerance,
    bad_cell_tolerance,
    bad_decay,
    bad_drift,
    bad_escape,
    bad_morse,
    bad_network,
    bad_transient,
)

from dynlatch.verdict import Verdict

F = Fraction
Json = dict[str, Any]
PER_KIND = 60
"""Mutations tried of each kind, drawn from all that are listed."""

NAMES = [
    "fixed_point", "cycle", "fold", "network_fold", "bound", "corner_bound", "region", "cycle_region", "neuron_basins",
    "network_basins", "logistic_basins", "block_basins", "gamma", "cycle_gamma", "tolerance_by_box",
    "tolerance_by_cells", "tolerance_in_gamma", "network_cells", "decay", "decay_in_one", "morse", "drifting_morse",
    "escape", "escape_from_gamma", "transient",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_what_is_true_is_proved_again(maker: ModuleType, name: str) -> None:
    found = maker.checked(maker.ALL[name]())
    assert (found.verdict, found.reason, found.clean) == (Verdict.PROVED, "", True)
    assert found.checked == found.total > 0


def test_every_maker_is_tried(maker: ModuleType) -> None:
    assert sorted(NAMES) == sorted(maker.ALL)


MUTATIONS: dict[str, Callable[[ModuleType], Iterator[Json]]] = {
    f.__name__: f
    for f in (
        bad_fixed_point, bad_cycle, bad_fold, bad_bound, bad_region, bad_basins, bad_escaping_basins, bad_blocks,
        bad_gamma, bad_cycle_gamma, bad_box_tolerance, bad_cell_tolerance, bad_network, bad_decay, bad_morse,
        bad_drift, bad_escape, bad_transient,
    )
}  # fmt: skip


@pytest.mark.parametrize("name", MUTATIONS)
def test_what_is_false_or_unprovable_is_not_proved(maker: ModuleType, name: str) -> None:
    listed = list(MUTATIONS[name](maker))
    chosen = random.Random(name).sample(listed, min(PER_KIND, len(listed)))
    refuted = 0
    for doc in chosen:
        found = maker.checked(doc)
        assert found.verdict is not Verdict.PROVED, doc["claim"]
        assert not found.clean
        assert found.reason
        assert "\n" not in found.reason
        refuted += found.verdict is Verdict.REFUTED
    assert refuted > 0 or name in ("bad_drift", "bad_blocks"), "nothing was refuted with a witness"


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("bound", [(["upper"], "3"), (["lower"], "1"), (["box", 0], ["-1", "1"])]),
        ("bound", [(["lower"], "-1"), (["at"], ["3/2"])]),
        ("region", [(["rate"], "999/1000"), (["radius"], "1/10")]),
        ("region", [(["norm"], [["7"]]), (["radius"], "6")]),
        ("tolerance_by_box", [(["noise"], "0"), (["proof", "rate"], "99/100")]),
        ("tolerance_by_box", [(["noise_norm"], "inf"), (["set"], "basin"), (["proof", "norm"], [["2"]])]),
        ("tolerance_by_cells", [(["noise"], "1/100")]),
        ("tolerance_by_cells", [(["noise_norm"], "2")]),
        ("decay", [(["constant"], "1000"), (["noise"], "0"), (["length"], 4)]),
        ("decay", [(["rate"], "2"), (["length"], 1), (["constant"], "1")]),
        ("escape", [(["noise"], "1"), (["end", "free_steps"], 40)]),
        ("escape", [(["set"], "gamma")]),
        ("fixed_point", [(["moduli"], None)]),
        ("fixed_point", [(["moduli", 0], ["0", "9/10"]), (["box", 0], ["3/2", "3"])]),
        ("fixed_point", [(["stability"], "inconclusive")]),
    ],
)
def test_weaker_claims_are_proved_too(maker: ModuleType, name: str, changes: list[tuple[list[Any], Any]]) -> None:
    doc = set_to(maker, maker.ALL[name](), *changes)
    assert maker.checked(doc).verdict is Verdict.PROVED


def test_a_witness_is_named(maker: ModuleType) -> None:
    doc = maker.neuron_basins()
    label = maker.column(doc, "label")
    wrong = maker.with_areas(maker.with_column(doc, "label", [0, *label[1:]]), maker.neuron_tree())
    found = maker.checked(wrong)
    assert found.verdict is Verdict.REFUTED
    assert found.checked == 0
    assert found.reason.startswith("leaf 0 around (-3.9375")
    assert "the orbit of its middle does not" in found.reason
    short = set_to(maker, maker.region(), (["rate"], "1/2"))
    assert "(M^1)' is larger than 0.5" in maker.checked(short).reason
