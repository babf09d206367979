"""results.json: its shape, its numbers, its text."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import mpmath
import pytest

import dynlatch
from dynlatch.analysis import Analysis
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.views import results as module
from dynlatch.views.json_values import number, of_enclosure, to_text
from dynlatch.views.results import results

SCHEMA: dict[str, Any] = json.loads(Path(module.__file__).with_name("results.schema.json").read_text("utf-8"))
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "integer": (int,), "number": (int, float),
    "null": (type(None),),
}  # fmt: skip


def faults(value: Any, schema: dict[str, Any], where: str = "$") -> Iterator[str]:
    """Where a value differs from a schema, for the words of JSON Schema that ours uses."""
    known = {
        "$schema", "$id", "title", "description", "$defs", "$ref", "type", "required", "properties", "items", "enum",
        "const", "anyOf", "allOf", "additionalProperties", "minItems", "maxItems", "minimum", "maximum", "pattern",
    }  # fmt: skip
    assert set(schema) <= known, "the checker must know every word that the schema uses"
    if "$ref" in schema:
        yield from faults(value, SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")], where)
    for part in schema.get("allOf", ()):
        yield from faults(value, part, where)
    if "anyOf" in schema and all(any(True for _ in faults(value, s, where)) for s in schema["anyOf"]):
        yield f"{where}: {value!r} is none of the alternatives"
    if "const" in schema and value != schema["const"]:
        yield f"{where}: {value!r} is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is not among {schema['enum']}"
    names = schema.get("type", [])
    names = [names] if isinstance(names, str) else names
    if names and (isinstance(value, bool) or not any(isinstance(value, TYPES[name]) for name in names)):
        yield f"{where}: {value!r} is no {names}"
    elif isinstance(value, dict):
        yield from (f"{where}: no {key}" for key in schema.get("required", ()) if key not in value)
        others = schema.get("additionalProperties", {})
        for key, entry in value.items():
            yield from faults(entry, schema.get("properties", {}).get(key, others), f"{where}.{key}")
    elif isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", math.inf):
            yield f"{where}: {len(value)} items"
        for k, entry in enumerate(value):
            yield from faults(entry, schema.get("items", {}), f"{where}[{k}]")
    elif isinstance(value, str):
        if not re.search(schema.get("pattern", ""), value):
            yield f"{where}: {value!r} is not of the form {schema['pattern']}"
    elif isinstance(value, int | float) and not schema.get("minimum", -math.inf) <= value <= schema.get(
        "maximum", math.inf
    ):
        yield f"{where}: {value} is out of range"


@pytest.fixture(scope="module")
def neuron() -> Analysis:
    return dynlatch.analyze(dynlatch.neuron(2), resolution=40, steps=60, max_period=2)


@pytest.fixture(scope="module")
def loaded(neuron: Analysis) -> dict[str, Any]:
    return json.loads(to_text(results(neuron)))


def other_maps() -> list[dynlatch.Map]:
    third = [["1/3", "1/5", 0], [0, 2, "1/7"], ["-1/4", 0, "3/2"]]
    return [dynlatch.logistic("7/2"), dynlatch.henon(), dynlatch.tanh_network(third), dynlatch.neuron("1/2")]


def test_a_neuron_fits_the_schema(loaded: dict[str, Any]) -> None:
    assert list(faults(loaded, SCHEMA)) == []


@pytest.mark.parametrize("m", other_maps(), ids=lambda m: f"{m.name}-{m.dimension}")
def test_other_maps_fit_the_schema(m: dynlatch.Map) -> None:
    """Cycles, a recurrent set, three states, no critical input."""
    found = results(dynlatch.analyze(m, resolution=12, steps=20, max_period=2, proofs=m.dimension < 3))
    assert list(faults(json.loads(to_text(found)), SCHEMA)) == []


def test_a_pitchfork_is_undecided_and_fits_the_schema() -> None:
    found = module.of_fixed_points(dynlatch.fixed_points(dynlatch.neuron(1)))
    assert list(faults(found["undecided"], SCHEMA["properties"]["undecided"])) == []
    assert list(faults(found["search"], SCHEMA["$defs"]["search"])) == []
    assert found["search"]["verdict"] == "INCONCLUSIVE"
    assert found["undecided"][0]["box"][0]["lo"] < 0 < found["undecided"][0]["box"][0]["hi"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "dynlatch.results/2"),
        (("map",), None),
        (("fixed_points", 0, "enclosure", 0, "lower"), "1.5"),
        (("fixed_points", 0, "verdict"), "SURE"),
        (("fixed_points", 0, "multipliers", 0, "modulus"), "nan"),
        (("basins", "fractions", "0"), 1.5),
        (("basins", "counts", "diverged"), 0.5),
        (("decay", "ci"), [0.0]),
        (("decays", 0, "attractor"), "0"),
        (("seed",), True),
    ],
)
def test_the_schema_has_teeth(loaded: dict[str, Any], path: tuple[Any, ...], value: object) -> None:
    mutant = json.loads(json.dumps(loaded))
    place = mutant
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert list(faults(mutant, SCHEMA))


@pytest.mark.parametrize("key", SCHEMA["required"])
def test_every_required_key_is_required(loaded: dict[str, Any], key: str) -> None:
    assert list(faults({k: v for k, v in loaded.items() if k != key}, SCHEMA)) == [f"$: no {key}"]


def test_the_numbers_are_the_neuron_s(loaded: dict[str, Any]) -> None:
    with mpmath.workdps(80):
        h = mpmath.sqrt(2) - mpmath.acosh(mpmath.sqrt(2))
        edge = mpmath.findroot(lambda a: 2 * mpmath.tanh(a) - a, 1.9)
        mu = 2 * mpmath.sech(edge) ** 2

        def holds(enclosure: dict[str, Any], truth: mpmath.mpf, width: float) -> bool:
            lo, hi = (
                mpmath.mpf(Fraction(enclosure[k]).numerator) / Fraction(enclosure[k]).denominator
                for k in ("lower", "upper")
            )
            return lo <= truth <= hi and hi - lo < width and enclosure["lo"] <= truth <= enclosure["hi"]

        assert holds(loaded["critical_input"]["enclosure"], h, 1e-12)
        latched = loaded["fixed_points"][2]
        assert holds(latched["enclosure"][0], edge, 1e-20)
        assert holds(latched["multipliers"][0]["enclosure"]["modulus"], mu, 1e-20)
        assert holds(loaded["decay"]["certified_rate"], mpmath.log(mu), 1e-20)
        assert loaded["decay"]["ci"][0] <= mpmath.log(mu) <= loaded["decay"]["ci"][1]
    assert loaded["critical_input"]["value"] == pytest.approx(0.5328399753535520, abs=1e-15)
    assert [p["stability"] for p in loaded["fixed_points"]] == ["attracting", "repelling", "attracting"]
    assert [p["verdict"] for p in loaded["fixed_points"]] == ["PROVED"] * 3
    assert loaded["basins"]["fractions"] == {"0": 0.5, "1": 0.5}
    assert sum(loaded["basins"]["counts"].values()) == loaded["basins"]["grid"]["num_cells"] == 40
    # Gamma is abs(a) > a_c = 0.8814, sampled at the middles of cells of width 1/5 on [-4, 4].
    assert loaded["reduced_set"]["norm"] == {"out": 0.2, "in": 0.8, "undecided": 0.0}


def test_a_map_is_written_in_exact_numbers() -> None:
    found = module.of_map(dynlatch.tanh_network([["1/3", 0], [0.5, 2]], b=[0, "1/7"]))
    assert found["weights"] == [["1/3", "0"], ["1/2", "2"]]
    assert found["bias"] == ["0", "1/7"]
    assert found["expressions"] is None
    assert module.of_map(dynlatch.neuron("5/4"))["parameters"]["w"] == {"value": 1.25, "exact": "5/4"}


def test_equal_analyses_give_equal_text(neuron: Analysis) -> None:
    again = dynlatch.analyze(dynlatch.neuron(2), resolution=40, steps=60, max_period=2, threads=1)
    assert to_text(results(again)) == to_text(results(neuron))


def test_keys_come_in_the_schema_s_order(loaded: dict[str, Any]) -> None:
    assert list(loaded) == SCHEMA["required"]


def test_what_is_not_finite_is_text_or_null() -> None:
    assert [number(v) for v in (math.inf, -math.inf, math.nan, 0.1)] == ["Infinity", "-Infinity", None, 0.1]
    assert float("Infinity") == math.inf
    with pytest.raises(ValueError, match="JSON"):
        to_text({"x": [math.nan]})


def test_an_overflowing_orbit_is_said_to_diverge() -> None:
    decay = dynlatch.gradient_decay(dynlatch.cubic(3), [10], 50)
    found = json.loads(to_text(module.of_decay(decay)))
    assert found["rate"] is None
    assert found["ci"] == ["-Infinity", "Infinity"]
    assert "diverged" in found["message"]


def test_enclosures_read_back_exactly() -> None:
    third = Fraction(1, 3)
    found = of_enclosure(Enclosure(third, third))
    assert found == {"lo": 0.3333333333333333, "hi": 0.33333333333333337, "lower": "1/3", "upper": "1/3"}
    assert Fraction(found["lo"]) < third < Fraction(found["hi"])


def test_ends_too_long_to_write_become_floats_rounded_outward() -> None:
    tiny = Fraction(1, 3**9000)
    found = of_enclosure(Enclosure(-tiny, 1 + tiny))
    assert Fraction(found["lower"]) <= -tiny
    assert Fraction(found["upper"]) >= 1 + tiny
    assert len(found["lower"]) < 400


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        [[]],
        {"a": []},
        {"a": {"b": [1.5, None, "x"]}},
        [{"k" * 70: ["v" * 70]}],
        '\u2028\u00e9\n"',
        [[0.1] * 40] * 3,
    ],
)
def test_the_text_reads_back(value: object) -> None:
    assert json.loads(to_text(value)) == value
    assert to_text(json.loads(to_text(value))) == to_text(value)
