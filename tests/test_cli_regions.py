"""The commands about regions: what they print agrees with the library and with closed forms, and how they refuse."""

from __future__ import annotations

import errno
import json
import math
import re
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import mpmath
import networkx as nx
import numpy as np
import pytest

import dynlatch as d
from dynlatch import files
from dynlatch.latch.tradeoff import tradeoff
from dynlatch.latch.tradeoff_law import tradeoff_law
from dynlatch.metrics.summary import summarize
from dynlatch.noise.tolerance import tolerance_at
from dynlatch.proving import Proofs
from dynlatch.views import folder, region_results
from dynlatch.views.figures import png_bytes
from dynlatch.views.json_values import to_text
from dynlatch.views.morse import morse_figure
from dynlatch.views.results import SCHEMA, of_map

pytestmark = pytest.mark.xdist_group("commands about regions")
"""One process, so that the neuron is proved once."""
Run = Callable[..., tuple[int, str, str]]
W2 = ("neuron", "-p", "w=2")
NEURON = d.neuron(2)
FIVE = ("tanh-network", "-p", f"W={[[2 * (i == j) for j in range(5)] for i in range(5)]}")
COMMANDS = "certify tolerance morse-graph uncertainty transient metrics tradeoff verify".split()
H = math.sqrt(2) - math.acosh(math.sqrt(2))
LATCHED = 1.9150080481545374


@pytest.fixture
def of_json(run: Run, results_schema: ModuleType) -> Callable[..., Any]:
    """What a command prints with ``--json``; nothing else may be printed, and each part has the shape of its key."""

    def called(*words: str) -> Any:
        code, out, err = run(*words, "--json")
        assert (code, err) == (0, "")
        found = json.loads(out, parse_constant=lambda text: pytest.fail(f"{text} is no JSON"))
        assert to_text(found) == out
        shapes = results_schema.SCHEMA["properties"]
        assert [fault for key, part in found.items() for fault in results_schema.faults(part, shapes[key])] == []
        return found

    return called


def as_read(value: object) -> Any:
    return json.loads(to_text(value))


def refused(run: Run, words: tuple[str, ...], *said: str, code: int = 2) -> None:
    """The command ends with the code and one line that has all the words, and prints nothing else."""
    got, out, err = run(*words)
    assert (got, out) == (code, ""), err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert "defect" not in err
    for text in said:
        assert text in err


def cells(out: str, row: str) -> list[str]:
    """The cells of the table's row that begins with these words."""
    (line,) = [line for line in out.splitlines() if line.split()[: len(row.split())] == row.split()]
    return re.split(r"\s{2,}", line.strip())


def size(text: str) -> Fraction:
    return Fraction(text)


@cache
def proofs() -> Proofs:
    return d.prove(NEURON, depth=8)


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """No work and no drawing behind ``certify``."""
    ready = proofs()  # made before its maker is replaced
    monkeypatch.setattr("dynlatch.proving.prove", lambda *_, **__: ready)
    monkeypatch.setattr(folder, "proof_figures", lambda _: {"certified": 1})
    monkeypatch.setattr(folder, "svg_text", lambda _: "<svg/>")
    monkeypatch.setattr(folder, "png_bytes", lambda _: b"png")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_s_help_has_an_example(run: Run, command: str) -> None:
    code, out, err = run(command, "--help")
    assert (code, err) == (0, "")
    assert "Example" in out
    assert f"dynlatch {command}" in " ".join(out.split())
    assert command in run("--help")[1]


# --- certify and verify -----------------------------------------------------------------------------------------------


def test_certify_writes_what_verify_proves_again(tmp_path: Path, run: Run, of_json: Callable[..., Any]) -> None:
    out = tmp_path / "new" / "out"
    found = of_json("certify", *W2, "--depth", "8", "--out", str(out))
    regions = region_results.of_proofs(proofs().regions)
    assert found == as_read({"schema": SCHEMA, "map": of_map(NEURON), "proofs": regions})
    assert found["proofs"] == json.loads((out / "proofs.json").read_text())["proofs"]
    assert {p.name for p in (out / "figures").iterdir()} == {"certified.svg", "certified.png"}
    written = sorted((out / "certificates").iterdir())
    assert {p.stem: p.read_text() for p in written} == {n: c.text() for n, c in proofs().certificates}
    code, text, err = run("verify", *map(str, written))
    assert (code, err) == (0, "")
    assert text.count("PROVED") == len(written) == 14


@pytest.mark.usefixtures("cheap")
def test_certify_tells_a_person(tmp_path: Path, run: Run) -> None:
    code, text, err = run("certify", *W2, "--out", str(tmp_path))
    assert (code, err) == (0, "")
    assert text.splitlines()[-1] == f"Written to {tmp_path}: 14 certificates, figures and proofs.json."
    assert cells(text, "0 fixed point")[1:] == ["fixed point at (-1.91501)", "49.60 %", "50.40 %", *["38.98 %"] * 3]
    assert [cells(text, row)[-1] for row in ("decided", "open", "must leave")] == ["99.21 %", "0.79 %", "0.00 %"]
    assert cells(text, "verdict") == ["verdict", "PROVED"]
    exact = proofs().decays[0]
    noise, most, kept, verdict = cells(text, "0 0.26641998")[1:]
    assert size(noise) <= exact.noise
    assert exact.rate is not None
    assert exact.worst_rate is not None
    assert size(kept.removesuffix("^t")) <= exact.worst_rate.upper
    assert Fraction(exact.rate) <= size(most.removeprefix("1 * ").removesuffix("^t"))
    assert verdict.startswith("PROVED")


@pytest.mark.usefixtures("cheap")
def test_certify_passes_its_options_on(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    seen: dict[str, Any] = {}
    monkeypatch.setattr("dynlatch.proving.prove", lambda m, box, **rest: seen.update(rest, m=m, box=box) or proofs())
    words = "--box -1,2 --depth 3 --max-cells 999 --seed 5 --threads 2 --json".split()
    assert run("certify", *W2, *words)[0] == 0
    del seen["progress"]
    box = ((Fraction(-1), Fraction(2)),)
    assert seen == {"m": NEURON, "box": box, "depth": 3, "max_cells": 999, "seed": 5, "threads": 2}


@pytest.mark.usefixtures("cheap")
def test_a_sample_of_leaves_is_enough_to_end_well_but_not_to_prove(tmp_path: Path, run: Run) -> None:
    assert run("certify", *W2, "--out", str(tmp_path))[0] == 0
    path = str(tmp_path / "certificates" / "basins.json")
    code, out, _ = run("verify", path, "--sample", "10", "--seed", "7", "--json")
    (found,) = json.loads(out)["verifications"]
    assert (code, found["verdict"], found["clean"]) == (0, "INCONCLUSIVE", True)
    assert (found["checked"], found["total"], found["reason"]) == (10, 256, "10 of 256 leaves checked, none failed")
    assert "PROVED" not in run("verify", path, "--sample", "10")[1]


@pytest.mark.usefixtures("cheap")
def test_a_tampered_certificate_ends_with_1(tmp_path: Path, run: Run) -> None:
    """A noise that is 1 % too large, areas that are too large, a constant too small; each names what failed."""
    assert run("certify", *W2, "--out", str(tmp_path))[0] == 0
    for name, key, value, said in (
        ("tolerance_0", ("noise",), "539/1000", "REFUTED: that M and the noise keep the box"),
        ("basins", ("areas", 0, "inner"), "4", "REFUTED: "),
        ("decay_1", ("constant",), "1/2", "constant"),
        ("critical_input", ("input",), ["1/2", "51/100"], "REFUTED: "),
    ):
        path = tmp_path / "certificates" / f"{name}.json"
        document = json.loads(path.read_text())
        place = document["claim"]
        for step in key[:-1]:
            place = place[step]
        place[key[-1]] = value
        path.write_text(json.dumps(document))
        code, out, err = run("verify", str(path))
        assert (code, err) == (1, ""), name
        assert said in out
        assert ": PROVED" not in out


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text[: len(text) // 2], "is the file cut, or another kind of file?"),
        (lambda text: text.replace('"version": 1', '"version": 2'), "this checker reads version 1"),
        (lambda text: text.replace("dynlatch certificate", "dynlatch.results/1"), 'must be "dynlatch certificate"'),
        (lambda text: text.replace('"kind": "basins"', '"kind": "magic"'), '"magic" is not known'),
        (lambda text: text.replace('"length": 256', '"length": 255'), "does not unpack to the 255 bytes"),
        (lambda text: text.replace('"tree"', '"shrub"'), "tree is missing"),
        (lambda _: "", "is empty"),
    ],
    ids="cut version format kind length part empty".split(),
)
def test_what_is_no_certificate_ends_with_2(tmp_path: Path, run: Run, change: Callable[[str], str], said: str) -> None:
    path = tmp_path / "basins.json"
    path.write_text(change(dict(proofs().certificates)["basins"].text()))
    refused(run, ("verify", str(path)), said)


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_certify_that_is_stopped_leaves_nothing(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(folder, "to_text", fail)
    said = "No space left on device" if isinstance(failure, OSError) else "interrupted"
    refused(run, ("certify", *W2, "--out", str(tmp_path / "out")), said, code=1)
    assert list(tmp_path.iterdir()) == []


# --- tolerance --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("w", "goal", "norm"), [("2", "basin", "2"), ("5/4", "gamma", "inf")])
def test_the_tolerance_brackets_the_critical_input(of_json: Callable[..., Any], w: str, goal: str, norm: str) -> None:
    found = of_json("tolerance", "neuron", "-p", f"w={w}", "--set", goal, "--norm", norm)["tolerances"]
    with mpmath.workdps(50):
        v = mpmath.mpf(Fraction(w).numerator) / Fraction(w).denominator
        h = Fraction(str(mpmath.sqrt(v * (v - 1)) - mpmath.acosh(mpmath.sqrt(v))))
    assert [t["attractor"] for t in found] == [0, 1]
    for t in found:
        lower, upper = Fraction(t["lower"]), Fraction(t["upper"])
        assert lower <= h <= upper
        assert h - lower < h / 10**9
        assert upper - h < h / 10**4
        assert (t["verdict"], t["stop"], t["set"], t["norm"]) == ("PROVED", "SOLVED", goal, norm)
        assert 0 < t["closed"] < t["tube"]["noise"] < t["lower"]


def test_the_printed_tolerance_is_rounded_to_the_safe_side(run: Run) -> None:
    code, out, err = run("tolerance", *W2, "--attractor", "1")
    assert (code, err) == (0, "")
    latch, stands, out_by, tube, closed, verdict = cells(out, "1:")
    exact = d.noise_tolerance(NEURON, 1)
    assert latch == "1: fixed point at (1.91501)"
    assert exact.upper is not None
    assert size(stands) <= Fraction(exact.lower) < size(stands) + Fraction(1, 10**12)
    assert size(out_by) - Fraction(1, 10**12) < Fraction(exact.upper) <= size(out_by)
    assert size(closed) < size(tube) < Fraction(H) < size(out_by)
    assert verdict.startswith("PROVED")
    assert "0: fixed point" not in out


def test_every_option_of_the_tolerance_is_heard(of_json: Callable[..., Any]) -> None:
    words = ("--attractor", "1", "--norm", "inf", "--max-cells", "0", "--set", "gamma")
    (found,) = of_json("tolerance", *W2, *words)["tolerances"]
    expected = d.noise_tolerance(NEURON, 1, "inf", "gamma", max_cells=0)
    assert found == as_read(region_results.of_tolerance(expected))
    assert (found["attractor"], found["norm"], found["set"], found["proof"]) == (1, "inf", "gamma", "box")


# --- morse-graph ------------------------------------------------------------------------------------------------------


def test_the_neuron_s_morse_graph(tmp_path: Path, of_json: Callable[..., Any], run: Run) -> None:
    words = ("morse-graph", *W2, "--resolution", "64")
    found = of_json(*words)["morse_graph"]
    assert found == as_read(region_results.of_morse_graph(d.morse_graph(NEURON, None, 64, refine=3)))
    assert [s["attracting"] for s in found["sets"]] == [True, True, False]
    assert [s["leads_to"] for s in found["sets"]] == [[], [], ["0", "1"]]
    assert [s["points"][0]["state"] for s in found["sets"]] == [[pytest.approx(v)] for v in (-LATCHED, LATCHED, 0.0)]
    for s, place in zip(found["sets"], (-LATCHED, LATCHED, 0.0), strict=True):
        ((lo, hi),) = s["box"]
        assert Fraction(lo) < place < Fraction(hi)
        assert Fraction(hi) - Fraction(lo) == Fraction(s["volume"]) <= Fraction(2 * 8, 64 * 2**3)
    path = tmp_path / "neuron.graphml"
    picture = tmp_path / "neuron.png"
    code, out, err = run(*words, "--out", str(path), "--figure", str(picture))
    assert (code, err) == (0, "")
    assert out.splitlines()[-2:] == [f"Written to {path}.", f"Written to {picture}."]
    assert picture.read_bytes() == png_bytes(morse_figure(d.morse_graph(NEURON, None, 64, refine=3)))
    assert cells(out, "2 2")[-3:] == ["repelling fixed point (0)", "0, 1", "PROVED"]
    assert "Everything recurrent lies in them: PROVED." in out
    read = nx.read_graphml(path)
    assert sorted(read.edges) == [("2", "0"), ("2", "1")]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["neuron.graphml", "neuron.png"]


# --- uncertainty ------------------------------------------------------------------------------------------------------


def test_a_ball_around_a_state(of_json: Callable[..., Any], run: Run) -> None:
    words = ("uncertainty", *W2, "--start", "0.1", "--radius", "0.01", "--steps", "30", "--noise", "1/1000")
    found = of_json(*words)["uncertainty"]
    assert found == as_read(region_results.of_uncertainty(d.uncertainty(NEURON, "1/10", "1/100", 30, "1/1000")))
    assert (found["start"], found["radius"], found["noise"]) == (["1/10"], "1/100", "1/1000")
    bounds = np.array([found[name] for name in ("sampled", "enclosed", "tube")])
    assert bounds.shape == (3, 31)
    assert np.all(np.diff(bounds, axis=0) >= 0)
    orbit = np.array([[0.09], [0.1], [0.11]])
    for t in range(31):  # the outermost orbits stay within, to rounding, and are seen
        farthest = np.max(np.abs(orbit - orbit[1]))
        assert found["sampled"][t] * (1 - 1e-6) <= farthest <= found["enclosed"][t] + 1e-15
        orbit = 2 * np.tanh(orbit) + np.array([[-0.001], [0.0], [0.001]])
    assert (found["captured"], found["capture"], found["verdict"]) == (1, "PROVED", "PROVED")
    code, out, err = run(*words)
    assert (code, err) == (0, "")
    row = [size(cell) for cell in cells(out, "30")]
    assert row[1] >= Fraction(found["enclosed"][30])
    assert row[2] <= Fraction(found["sampled"][30])
    assert "PROVED: every state ends at attractor 1" in out


def test_a_ball_that_is_parted_and_one_that_is_lost(tmp_path: Path, of_json: Callable[..., Any], run: Run) -> None:
    parted = of_json("uncertainty", *W2, "--start", "0", "--radius", "0.1", "--steps", "60")["uncertainty"]
    assert (parted["capture"], parted["reached"], parted["captured"]) == ("REFUTED", [0, 1], None)
    path = tmp_path / "escapes.toml"
    path.write_text('name = "escapes"\nstate = ["x"]\n[map]\nx = "x**3/2"\n[domain]\nx = [-2, 2]\n')
    words = ("uncertainty", str(path), "--start", "1.9", "--radius", "0.1", "--steps", "40")
    lost = of_json(*words)["uncertainty"]
    assert (lost["verdict"], lost["stop"], lost["capture"]) == ("INCONCLUSIVE", "DIVERGED", "INCONCLUSIVE")
    assert lost["enclosed"][-1] == lost["tube"][-1] == "Infinity"
    assert "INCONCLUSIVE: DIVERGED" in run(*words)[1]


# --- transient --------------------------------------------------------------------------------------------------------


def steps_of_input(h: float) -> int:
    """How long an input needs until the state has passed 0, from the lower latch; 0 if it never does."""
    a = -LATCHED
    for t in range(10_000):
        if a > 0:
            return t
        a = 2 * math.tanh(a) + h
    return 0


@pytest.mark.parametrize("h", ["0.54", "0.6", "1", "2.5"])
def test_the_steps_are_those_of_a_simulation(of_json: Callable[..., Any], run: Run, h: str) -> None:
    found = of_json("transient", *W2, "--input", h)["transient"]
    assert (found["steps"], found["carries"], found["verdict"]) == (steps_of_input(float(h)), True, "PROVED")
    assert found["input"] == str(Fraction(h))
    back = of_json("transient", *W2, f"--input=-{h}", "--from", "1", "--to", "0")["transient"]
    assert back["steps"] == found["steps"]
    assert cells(run("transient", *W2, "--input", h)[1], "steps of input")[1] == str(found["steps"])


def test_an_input_below_the_critical_one_never_carries(of_json: Callable[..., Any], run: Run) -> None:
    for h in (f"{H - 1e-4:.6f}", "-1"):
        found = of_json("transient", *W2, f"--input={h}")["transient"]
        assert (found["steps"], found["carries"], found["verdict"]) == (None, False, "PROVED")
    assert steps_of_input(H - 1e-4) == 0 < steps_of_input(H + 1e-4)
    assert "never" in run("transient", *W2, "--input", "1/2")[1]
    unknown = of_json("transient", *W2, "--input", "0.54", "--max-steps", "5")["transient"]
    assert (unknown["carries"], unknown["verdict"], unknown["stop"]) == (None, "INCONCLUSIVE", "BUDGET")


# --- metrics ----------------------------------------------------------------------------------------------------------


def test_the_neuron_s_metrics(of_json: Callable[..., Any], run: Run) -> None:
    words = ("metrics", *W2, "--resolution", "800", "--box=-3,5")
    found = of_json(*words)["metrics"]
    assert found == as_read(region_results.of_metrics(summarize(NEURON, (-3, 5), 800)))
    assert found["wada"] is None
    assert found["uncertainty_exponent"]["alpha"] == pytest.approx(1.0, abs=1e-9)  # the boundary is one point
    for share, exact in zip(found["basin_stability"], (3 / 8, 5 / 8), strict=True):
        assert share["interval"][0] <= exact <= share["interval"][1]
    with mpmath.workdps(60):
        latched = Fraction(str(mpmath.findroot(lambda a: 2 * mpmath.tanh(a) - a, 1.9)))
    for shock in found["critical_shocks"]:
        assert Fraction(shock["value"]["lower"]) <= latched <= Fraction(shock["value"]["upper"])
        assert shock["verdict"] == "PROVED"
    code, out, err = run(*words)
    assert (code, err) == (0, "")
    assert cells(out, "0:")[1] == f"{found['basin_stability'][0]['share']:.6f}"
    assert "1.91500804815454... (width" in out


# --- tradeoff ---------------------------------------------------------------------------------------------------------


def test_the_law_and_the_neuron_s_curve(of_json: Callable[..., Any], run: Run) -> None:
    found = of_json("tradeoff", "neuron", "--values", "1, 2", "--tolerance")["tradeoff"]
    assert (found["verdict"], found["family"], found["parameter"]) == ("PROVED", "neuron", "w")
    curve = tradeoff(d.neuron, [1, 2], parameter="w", name="neuron", tolerance=tolerance_at)
    assert found == as_read(region_results.of_tradeoff(curve, tradeoff_law()))
    none, p = found["points"]
    assert (none["w"], none["critical"], none["rate"], none["lower"]) == ("1", None, None, "INCONCLUSIVE")
    assert "must exceed 1" in none["reason"]
    with mpmath.workdps(60):
        h = Fraction(str(mpmath.sqrt(2) - mpmath.acosh(mpmath.sqrt(2))))
        latched = mpmath.findroot(lambda a: 2 * mpmath.tanh(a) - a, 1.9)
        gamma = Fraction(str(-mpmath.log(2 * mpmath.sech(latched) ** 2)))
    for name, exact in (("critical", h), ("rate", gamma), ("tolerance", h)):
        assert Fraction(p[name]["lower"]) <= exact <= Fraction(p[name]["upper"])
    assert 2 * h < gamma < 2 * h + 1
    assert (p["lower"], p["upper"]) == ("PROVED", "PROVED")
    code, out, err = run("tradeoff", "neuron", "--values", "2")
    assert (code, err) == (0, "")
    assert out.startswith("2 h* < gamma < 2 h* + 1 for every w > 1: PROVED")
    assert cells(out, "2 0.5328399754") == ["2", "0.5328399754", "1.793528507", "0.7278485558", "PROVED", "PROVED"]


def test_a_family_that_breaks_the_law_is_drawn(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "fed.png"
    code, out, err = run("tradeoff", "feedforward", "--values", "-1,0,1/2", "--out", str(path))
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == f"Written to {path}."
    assert [cells(out, row)[-2:] for row in ("-1", "0", "1/2")] == [
        ["REFUTED", "PROVED"], ["PROVED", "PROVED"], ["PROVED", "REFUTED"]
    ]  # fmt: skip
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [p.name for p in tmp_path.iterdir()] == ["fed.png"]


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("certify", *W2), "--out FOLDER to write them, or --json"),
        (("certify", *W2, "--out", "file"), "is a file, not a folder"),
        (("certify", *W2, "--out", "file/deeper"), "is a file, not a folder"),
        (("certify", *W2, "--json", "--depth", "0"), "--depth"),
        (("certify", *W2, "--json", "--depth", "29"), "--depth"),
        (("certify", *W2, "--json", "--max-cells", "3"), "max_cells=3 must be at least 256"),
        (("certify", *W2, "--json", "--box", "1,1"), "is empty or inverted"),
        (("certify", *W2, "--json", "--box", "0,1;0,1"), "has 2 sides but neuron has 1 state"),
        (("certify", *FIVE, "--json"), "has 5 states but cells cover at most 4"),
        (("tolerance", *W2, "--norm", "1"), "norm='1' is no norm for noise"),
        (("tolerance", *W2, "--set", "sphere"), "set='sphere'"),
        (("tolerance", *W2, "--attractor", "2"), "choose: 0, 1"),
        (("tolerance", *W2, "--attractor", "-1"), "--attractor"),
        (("tolerance", *W2, "--max-cells", "-1"), "--max-cells"),
        (("tolerance", "logistic", "-p", "r=5"), "so no latch is known"),
        (("tolerance", "logistic", "-p", "r=3.2", "--attractor", "0"), "choose: none"),
        (("tolerance", *FIVE), "has 5 states but cells cover at most 4"),
        (("morse-graph", *W2, "--resolution", "0"), "resolution=0 is not usable"),
        (("morse-graph", *W2, "--resolution", "4,4"), "2 numbers for 1 axes"),
        (("morse-graph", *W2, "--refine", "-1"), "--refine"),
        (("morse-graph", *W2, "--max-cells", "10"), "max_cells=10 is below the 4096 cells"),
        (("morse-graph", *W2, "--resolution", "1" + "0" * 11), "is below the 100000000000 cells"),
        (("morse-graph", *W2, "--out", "."), "--out . is a folder"),
        (("morse-graph", *W2, "--out", "none/x.graphml"), "make it first"),
        (("morse-graph", *FIVE), "has 5 states but cells cover at most 4"),
        (("uncertainty", *W2, "--radius", "1"), "Missing option '--start'"),
        (("uncertainty", *W2, "--start", "0"), "Missing option '--radius'"),
        (("uncertainty", *W2, "--start", "0.1,2", "--radius", "1"), "has 2 numbers but neuron has 1 state"),
        (("uncertainty", *W2, "--start", "nan", "--radius", "1"), "'nan' is not a finite number"),
        (("uncertainty", *W2, "--start", "0", "--radius", "0"), "radius=0 must be positive"),
        (("uncertainty", *W2, "--start", "0", "--radius", "x"), "radius='x'"),
        (("uncertainty", *W2, "--start", "0", "--radius", "1", "--noise", "-0.1"), "noise=-0.1 must not be negative"),
        (("uncertainty", *W2, "--start", "0", "--radius", "1", "--norm", "1"), "norm='1'"),
        (("uncertainty", *W2, "--start", "0", "--radius", "1", "--steps", "0"), "--steps"),
        (("uncertainty", *W2, "--start", "0", "--radius", "1", "--steps", "2001"), "--steps"),
        (("uncertainty", *FIVE, "--start", "0,0,0,0,0", "--radius", "1"), "has 5 states"),
        (("transient", *W2), "Missing option '--input'"),
        (("transient", *W2, "--input", "abc"), "input='abc' is not a finite number"),
        (("transient", *W2, "--input", "1", "--from", "2"), "--from 2: neuron has 2 attracting fixed points"),
        (("transient", *W2, "--input", "1", "--to", "9"), "--to 9: neuron has 2 attracting fixed points"),
        (("transient", *W2, "--input", "1", "--from", "1"), "same attractor"),
        (("transient", *W2, "--input", "1", "--direction", "1,0"), "has 2 numbers but neuron has 1 state"),
        (("transient", *W2, "--input", "1", "--direction", "0"), "zero vector"),
        (("transient", "neuron", "-p", "w=1/2", "--input", "1"), "certified in its domain (1)"),
        (("transient", "logistic", "-p", "r=3.7", "--input", "1"), "certified in its domain (0)"),
        (("metrics", *W2, "--resolution", "0"), "resolution=0 is not usable"),
        (("metrics", *W2, "--resolution", "1" + "0" * 10), "GB of memory"),
        (("metrics", *W2, "--box", "2,1"), "is empty or inverted"),
        (("tradeoff", "nueron"), 'did you mean "neuron"?'),
        (("tradeoff", "xyz"), "there are neuron, uniform, coupled, rotation, feedforward"),
        (("tradeoff", "--values", "1,abc"), "values[1]='abc' is not a finite number"),
        (("tradeoff", "--values", "2,"), "values[1]=''"),
        (("tradeoff", "--out", "."), "--out . is a folder"),
        (("tradeoff", "--out", "none/x.png"), "make it first"),
        (("morse-graph", *W2, "--figure", "none/x.png"), "make it first"),
        (("verify",), "Missing argument 'FILE...'"),
        (("verify", "none.json"), '"none.json": no such file'),
        (("verify", "."), "a folder; give the path of a certificate"),
        (("verify", "file"), "not JSON from line 1, column 1 on"),
        (("verify", "file", "--sample", "0"), "--sample"),
        (("verify", "file", "--seed", "-1"), "--seed"),
    ],
)
def test_bad_words_get_one_line_and_write_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "file").write_text("mine")
    monkeypatch.chdir(tmp_path)
    refused(run, words, said)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("file", "mine")]


@pytest.mark.parametrize("command", ["certify", "tolerance", "morse-graph", "transient", "metrics"])
def test_a_map_that_is_none_is_refused(run: Run, command: str) -> None:
    more = {"certify": ["--json"], "transient": ["--input", "1"]}.get(command, [])
    refused(run, (command, "nueron", *more), "did you mean neuron?")
    refused(run, (command, "neuron", *more), "needs the parameter w", "-p 'w=2'")
    refused(run, (command, "neuron", "-p", "w=nan", *more), "parameter w")


@pytest.mark.parametrize("words", [("certify", *W2), ("morse-graph", *W2), ("tradeoff",)], ids=lambda words: words[0])
def test_a_place_that_cannot_be_written_is_refused_before_the_work(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    def refuse(**_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    for work in ("proving.prove", "cells.morse.morse_graph", "latch.tradeoff_law.tradeoff_law"):
        monkeypatch.setattr(f"dynlatch.{work}", lambda *_, **__: pytest.fail("work was begun"))
    monkeypatch.setattr(files.tempfile, "TemporaryFile", refuse)
    refused(run, (*words, "--out", str(tmp_path / "x")), "--out", "(Read-only file system)", "another folder")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words", [("morse-graph", *W2, "--resolution", "8"), ("tradeoff", "--values", "2")], ids=lambda words: words[0]
)
def test_a_disk_that_fills_up_is_told_and_the_old_file_stays(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "x").write_text("old")
    monkeypatch.setattr(files, "_flush", full)
    refused(run, (*words, "--out", str(tmp_path / "x")), "cannot be written (No space left on device)", code=1)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("x", "old")]
