"""What is proved of regions in results.json and on the page: no row or number says more than the proofs do."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from types import ModuleType
from typing import Any

import pytest
from certified_maps import MAPS, analysed, down, proofs, up

import dynlatch as d
from dynlatch.cells.tree import box_volume
from dynlatch.regions.reduced_set import READINGS
from dynlatch.verdict import Verdict
from dynlatch.views.json_values import to_text
from dynlatch.views.region_results import of_proofs, of_tolerance
from dynlatch.views.region_rows import region_ledger, region_rows, tolerance_summary

# --- results.json -----------------------------------------------------------------------------------------------------


def document(name: str) -> Any:
    return json.loads(to_text(of_proofs(proofs(name))))


@pytest.mark.parametrize("name", MAPS)
def test_every_proof_fits_the_schema(results_schema: ModuleType, name: str) -> None:
    part = results_schema.SCHEMA["$defs"]["proofs"]
    assert list(results_schema.faults(document(name), part)) == []
    assert list(results_schema.faults(None, results_schema.SCHEMA["properties"]["proofs"])) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("certified_basins", "decided"), 1.01),
        (("certified_basins", "attractors", 0, "kind"), "cycle"),
        (("certified_basins", "attractors", 0, "attractor"), -1),
        (("certified_basins", "attractors", 1, "inner", "volume"), "3.9"),
        (("certified_basins", "attractors", 1, "outer", "share"), "0.5"),
        (("certified_basins", "leaves_the_box"), 0),
        (("certified_basins", "depth"), 0),
        (("certified_basins", "verdict"), "SURE"),
        (("certified_basins", "rigor"), "sampled"),
        (("certified_reduced_set", "uniform", "in"), -0.1),
        (("certified_reduced_set", "num_cells"), 1.5),
        (("certified_reduced_set", "verdict"), True),
        (("certified_reduced_set", "stop"), "DONE"),
        (("certified_reduced_set", "rigor"), "measured"),
        (("tolerances",), {}),
        (("tolerances", 0, "lower"), None),
        (("tolerances", 0, "lower"), -1.0),
        (("tolerances", 0, "norm"), "1"),
        (("tolerances", 0, "set"), "box"),
        (("tolerances", 0, "proof"), "sample"),
        (("tolerances", 0, "escape_steps"), 0),
        (("tolerances", 0, "tube", "noise"), "0.2"),
        (("tolerances", 0, "tightness", "lower"), []),
        (("tolerances", 1, "reason"), None),
    ],
)
def test_the_schema_has_teeth(results_schema: ModuleType, path: tuple[Any, ...], value: object) -> None:
    mutant = document("network")
    place = mutant
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert list(results_schema.faults(mutant, results_schema.SCHEMA["$defs"]["proofs"]))


def test_every_key_is_required(results_schema: ModuleType) -> None:
    part = results_schema.SCHEMA["$defs"]["proofs"]
    for way in ((), ("certified_basins",), ("certified_basins", "attractors", 0), ("certified_reduced_set",),
                ("tolerances", 0), ("tolerances", 0, "tube")):  # fmt: skip
        place = document("network")
        for key in way:
            place = place[key]
        for key in place:
            mutant = document("network")
            inner = mutant
            for step in way:
                inner = inner[step]
            del inner[key]
            assert any(fault.endswith(f"no {key}") for fault in results_schema.faults(mutant, part)), (way, key)


@pytest.mark.parametrize("name", MAPS)
def test_volumes_are_exact_and_shares_add_up(name: str) -> None:
    found, written = proofs(name).basins, document(name)
    whole = box_volume(found.box)
    assert [entry["attractor"] for entry in written["certified_basins"]["attractors"]] == list(found.targets)
    for k, entry in zip(found.targets, written["certified_basins"]["attractors"], strict=True):
        inner, outer, open_ = (Fraction(entry[key]["volume"]) for key in ("inner", "outer", "undecided"))
        assert (inner, outer) == (found.areas(k).inner, found.areas(k).outer)
        assert inner + open_ == outer
        assert entry["inner"]["share"] == float(inner / whole)
        assert entry["kind"] == ("block" if k in found.blocks else "point")
    gone = Fraction(written["certified_basins"]["leaves_the_box"]["volume"])
    assert written["certified_basins"]["decided"] == float((gone + sum(map(found.inner, found.targets))) / whole)
    for reading in READINGS:
        shares = written["certified_reduced_set"][reading]
        assert shares.keys() == {"in", "out", "undecided"}
        assert sum(shares.values()) == pytest.approx(1, abs=1e-15)


def test_a_latch_of_which_nothing_is_proved_is_written_as_such() -> None:
    known = proofs("neuron").tolerances[0]
    bare = replace(
        known, lower=0.0, upper=None, proof=None, escape=None, tube=None, closed=None, verdict=Verdict.INCONCLUSIVE
    )
    written = of_tolerance(bare)
    assert (written["lower"], written["proof"], written["verdict"]) == (0.0, "none", "INCONCLUSIVE")
    assert [written[key] for key in ("upper", "escape_steps", "tube", "closed")] == [None] * 4
    assert written["tightness"] == {}


# --- the page ---------------------------------------------------------------------------------------------------------


def number(text: str) -> Fraction:
    return Fraction(text.removeprefix("≥ ").replace("−", "-"))


def test_rows_are_rounded_to_the_safe_side() -> None:
    found = analysed()
    assert found.proofs is not None
    rows = region_rows(found.proofs, found.basins)
    basins, whole = found.proofs.basins, box_volume(found.proofs.basins.box)
    assert [row["number"] for row in rows["basins"]] == [1, 2]
    for k, row in enumerate(rows["basins"]):
        areas = basins.areas(k)
        assert (row["inner"], row["outer"]) == (down(areas.inner / whole), up(areas.outer / whole))
        assert len(row["gamma"]) == len(READINGS)
    assert (rows["leaves"], rows["blocks"], rows["verdict"], rows["norm"]) == ("", False, Verdict.PROVED, "inf")
    assert 1 - basins.decided <= Fraction(rows["open"].removesuffix(" %")) / 100 < 2 * (1 - basins.decided)
    for t, row in zip(found.proofs.tolerances, rows["tolerances"], strict=True):
        assert t.upper is not None
        assert t.tube is not None
        assert t.closed is not None
        for text, exact in ((row["lower"], t.lower), (row["tube"], t.tube.noise), (row["closed"], t.closed)):
            assert Fraction(99_999, 100_000) * Fraction(exact) < number(text) <= Fraction(exact)
        assert Fraction(t.upper) <= number(row["upper"]) < Fraction(100_001, 100_000) * Fraction(t.upper)
        assert (row["verdict"], row["reason"]) == (t.verdict, t.reason)


def test_blocks_and_open_latches_are_named_as_such() -> None:
    chaotic = proofs("chaotic")
    sampled = d.basins(chaotic.basins.map, resolution=50, attractors=chaotic.basins.attractors)
    rows = region_rows(chaotic, sampled)
    assert [row["name"] for row in rows["basins"]] == ["1, recurrent set (its block)"]
    assert (rows["blocks"], rows["tolerances"], rows["norm"]) == (True, [], "")
    assert rows["leaves"] != ""
    known = proofs("neuron")
    bare = replace(known.tolerances[1], upper=None, escape=None, tube=None, closed=None)
    sampled = d.basins(known.basins.map, resolution=50, attractors=known.basins.attractors)
    (row,) = region_rows(replace(known, tolerances=(bare,)), sampled)["tolerances"]
    assert (row["upper"], row["tube"], row["closed"]) == ("–", "–", "–")


def test_the_summary_and_the_ledger_tell_the_weakest_latch_and_every_proof() -> None:
    found = analysed()
    assert found.proofs is not None
    strong, weak = (replace(t, lower=v) for t, v in zip(found.proofs.tolerances, (0.25, 0.125), strict=True))
    shown = tolerance_summary(replace(found, proofs=replace(found.proofs, tolerances=(strong, weak))))
    assert shown is not None
    title, value, text, verdict = shown
    assert (title, value, verdict) == ("Noise tolerance", "≥ 0.125", Verdict.PROVED)
    assert text.startswith("of the weakest latch, norm inf; an input of ")
    alone = tolerance_summary(replace(found, proofs=replace(found.proofs, tolerances=(replace(weak, upper=None),))))
    assert alone is not None
    assert alone[2] == "of the latch, norm inf; no escape was found"
    ledger = list(region_ledger(found))
    assert [entry[0].split(" (")[0] for entry in ledger] == [
        "basins, cell by cell", "Γ, cell by cell",
        *["noise that 1, fixed point"] * 2, *["noise that 2, fixed point"] * 2,
    ]  # fmt: skip
    assert all(entry[3] is Verdict.PROVED for entry in ledger)
    for t, (lower, upper) in zip(found.proofs.tolerances, zip(ledger[2::2], ledger[3::2], strict=True), strict=True):
        assert t.upper is not None
        assert number(lower[1]) <= Fraction(t.lower) <= Fraction(t.upper) <= number(upper[1])


def test_without_proofs_nothing_is_said() -> None:
    bare = replace(analysed(), proofs=None)
    assert tolerance_summary(bare) is None
    assert list(region_ledger(bare)) == []
