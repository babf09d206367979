"""`dynlatch search`: what is found, told in full and as JSON, empty searches, the families, refusals."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from dynlatch import Verdict, search, tanh_network
from dynlatch.searching import families
from dynlatch.theorems import case, statement

Run = Callable[..., tuple[int, str, str]]
Refused = Callable[..., None]


def test_a_counterexample_is_told_in_full(run: Run) -> None:
    code, out, err = run("search", "t3", "--seed", "1")
    assert (code, err) == (0, "")
    found = search("T3", seed=1)
    assert found.witness is not None
    assert f"Counterexample. {found.witness.text}" in out
    for symbol, value in zip(found.family.symbols, found.numbers, strict=True):
        assert f"{symbol} = {value}" in out
    assert "Replayed. T3 (norm): REFUTED" in out
    assert out.count("  holds ") == len(found.replay().findings)
    assert f"Tried: {found.tried}." in out
    assert 'dynlatch.search("T3", "tubes", seed=1, budget=100, reading="norm")' in out


def test_the_numbers_of_the_json_are_a_counterexample(of_json: Callable[..., Any]) -> None:
    """What is printed is all that one needs to check it again."""
    found = of_json("search", "T4", "--reading", "spectral", "--seed", "3", "--budget", "30")["counterexample_search"]
    assert (found["statement"], found["reading"], found["family"]) == ("T4", "spectral", "turns")
    assert (found["verdict"], found["known"], found["stop"]) == ("REFUTED", "REFUTED", "SOLVED")
    assert found["map"]["weights"][0] == [n["value"] for n in found["numbers"][:2]]
    on = case(tanh_network(found["map"]["weights"]), states=found["case"]["states"], periodic=True)
    assert statement("T4", "spectral").check(on).verdict is Verdict.REFUTED
    assert found["findings"]
    assert all(f["verdict"] == "PROVED" for f in found["findings"])
    assert 0 < found["num_draws"] <= found["budget"] == 30


def test_a_counterexample_in_a_box_has_its_box(of_json: Callable[..., Any]) -> None:
    given = of_json("search", "T2", "--reading", "spectral")["counterexample_search"]
    on = given["case"]
    made = case(tanh_network(given["map"]["weights"]), on["start"], other=on["other"], region=on["region"])
    assert statement("T2", "spectral").check(made).verdict is Verdict.REFUTED


def test_one_that_no_finite_trajectory_shows_has_no_case(of_json: Callable[..., Any]) -> None:
    found = of_json("search", "T4", "--family", "creeping")["counterexample_search"]
    assert (found["verdict"], found["map"], found["case"]) == ("REFUTED", None, None)
    assert Fraction(next(n["value"] for n in found["numbers"] if n["symbol"] == "p")) > 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("T3'",), """There is none: the statement is proved (`dynlatch theorems "T3'"`)."""),
        (("unit-norm",), "It is false with --reading spectral."),
        (("T2", "--family", "boxes"), "There is one elsewhere (`dynlatch theorems T2 --reading norm`)"),
    ],
)
def test_an_empty_search_is_an_answer(run: Run, of_json: Callable[..., Any], words: tuple[str, ...], said: str) -> None:
    code, out, err = run("search", *words, "--budget", "2")
    assert (code, err) == (0, "")
    assert "INCONCLUSIVE: no counterexample was found." in out
    assert said in out
    assert "2 of 2 draws from" in out
    found = of_json("search", *words, "--budget", "2")["counterexample_search"]
    assert (found["verdict"], found["witness"], found["numbers"], found["findings"]) == ("INCONCLUSIVE", None, [], [])


def test_the_families_and_what_they_are_aimed_at(run: Run, of_json: Callable[..., Any]) -> None:
    code, out, err = run("search", "--families")
    assert (code, err) == (0, "")
    assert "T3 (norm, spectral), T3' (norm)" in out
    listed = of_json("search", "--families")["families"]
    assert [f["name"] for f in listed] == [f.name for f in families()]
    assert all(f.name in out for f in families())
    suiting = of_json("search", "T2", "--families")["families"]
    assert [f["name"] for f in suiting] == ["half lines", "boxes"]
    assert run("search", "hold", "--families")[1].startswith("No family is aimed at hold")
    assert of_json("search", "hold", "--families") == {"schema": "dynlatch.results/1", "families": []}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), ("no statement to refute", "--families")),
        (("T33",), ("unknown statement 'T33'", "did you mean T3?")),
        (("T3'", "--reading", "spectral"), ("T3' has no spectral reading", "it has norm")),
        (("T3", "--reading", "operator"), ("unknown reading 'operator'",)),
        (("T3", "--family", "tube"), ("unknown family 'tube'; did you mean 'tubes'? They are tubes, ",)),
        (("T3", "--family", "boxes"), ("'boxes' is not aimed at T3 (norm), but at T2",)),
        (("hold",), ("no family is aimed at hold (norm)",)),
        (("T3", "--budget", "0"), ("budget=0 must be a positive integer",)),
        (("T3", "--budget", "many"), ("--budget",)),
        (("T3", "--seed", "-1"), ("--seed",)),
    ],
)
def test_bad_input_is_refused_in_one_line(refused: Refused, words: tuple[str, ...], said: tuple[str, ...]) -> None:
    refused(("search", *words), *said)
