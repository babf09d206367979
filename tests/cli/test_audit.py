"""``dynlatch audit``: three lines, tables, JSON, refusals."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

import dynlatch as d
from dynlatch.theorems import case, statement
from dynlatch.verdict import Verdict

Run = Callable[..., tuple[int, str, str]]
W2 = ("neuron", "-p", "w=2")


def test_the_command_tells_what_holds_and_what_misleads(run: Run, cells: Callable[[str, str], list[str]]) -> None:
    code, out, err = run("audit", *W2)
    assert (code, err) == (0, "")
    first = out.splitlines()[:4]
    assert first[0].startswith("neuron: a ->")
    assert first[1] == (
        "Latched: 2 fixed points, robust against every noise up to 0.532839 (norm 2), and 0.532841 drives it out."
    )
    assert first[2] == (
        "Gradients: under noise up to 0.26642 they vanish: |da_t/da_0| <= 0.32017^t: below 1/1000 after 7 steps."
    )
    assert first[3] == "Printed conclusions that mislead here: T1-growth, T2, T3, T4."
    assert cells(out, "Def2")[:4] == ["Def2", "|M'| < 1 at X", "PROVED", "0.83362"]
    assert cells(out, "trade-off")[:4] == ["trade-off", "2 h* < gamma < 2 h* + 1", "PROVED", "0.27215"]
    assert "attractor 1: fixed point at (1.91501), the mirror image of number 0 (M is odd): all is as there." in out
    assert max(map(len, out.splitlines())) <= 140


def test_every_number_of_the_json_can_be_checked_again(of_json: Callable[..., Any]) -> None:
    """A counterexample that is printed in exact numbers is one, and margins are those of the API."""
    found = of_json("audit", *W2, "--attractor", "1")["audit"]
    assert found["misleading"] == ["T1-growth", "T2", "T3", "T4"]
    (attractor,) = found["attractors"]
    assert (attractor["attractor"], attractor["mirrors"], attractor["period"]) == (1, None, 1)
    api = d.audit(d.neuron(2), 1)[0]
    assert [e["statement"] for e in attractor["entries"]] == [e.statement for e in api.entries]
    (entry,) = [e for e in attractor["entries"] if e["statement"] == "T3"]
    assert (entry["verdict"], entry["misleads"], entry["reading"]) == ("REFUTED", True, "both")
    given = entry["case"]
    on = case(d.neuron(2), given["start"], inputs=given["inputs"], radius=given["radius"])
    assert statement("T3").check(on).verdict is Verdict.REFUTED
    assert found["summary"] == list(d.audit(d.neuron(2), 1).summary)


@pytest.mark.parametrize(
    "words",
    [
        ("logistic", "-p", "r=3.2"),
        ("henon",),
        ("neuron", "-p", "w=1"),
        ("neuron", "-p", "w=0.5", "--norm", "inf", "--noise", "1/3"),
        ("tanh-network", "-p", "W=[[0.5,3],[0,0.5]]", "--seed", "3"),
    ],
    ids=" ".join,
)
def test_other_maps_fit_the_schema_and_read_well(run: Run, of_json: Callable[..., Any], words: tuple[str, ...]) -> None:
    found = of_json("audit", *words)["audit"]
    code, out, err = run("audit", *words)
    assert (code, err) == (0, "")
    assert out.splitlines()[1:4] == found["summary"]
    titles = re.findall(r"^attractor \d+", out, re.MULTILINE)
    assert titles == [f"attractor {a['attractor']}" for a in found["attractors"]]
    assert max(map(len, out.splitlines()[4:])) <= 140 + 60  # lists of silent statements are not wrapped


def test_help_has_an_example(run: Run) -> None:
    code, out, err = run("audit", "--help")
    assert (code, err) == (0, "")
    assert "dynlatch audit neuron -p w=2" in " ".join(out.split())
    assert "audit" in run("--help")[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*W2, "--attractor", "2"), "attractor=2 is not the number of a certified attractor of neuron; choose: 0, 1"),
        ((*W2, "--attractor", "-1"), "--attractor"),
        ((*W2, "--noise", "-1"), "noise=-1 is negative"),
        ((*W2, "--noise", "much"), "noise='much'"),
        ((*W2, "--norm", "1"), "norm='1' is no norm for noise"),
        (("henon", "--attractor", "0"), "choose: none"),
        (("neurn",), "did you mean neuron?"),
        (
            ("tanh-network", "-p", f"W={[[2 * (i == j) for j in range(5)] for i in range(5)]}"),
            "has 5 states but cells cover at most 4",
        ),
    ],
)
def test_bad_input_is_refused(refused: Callable[..., None], words: tuple[str, ...], said: str) -> None:
    refused(("audit", *words), said)
