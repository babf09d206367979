"""The commands about regions: what they print agrees with the library and with closed forms."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import mpmath
import networkx as nx
import numpy as np
import pytest

import dynlatch as d
from dynlatch.latch.tradeoff import tradeoff
from dynlatch.latch.tradeoff_law import tradeoff_law
from dynlatch.metrics.summary import summarize
from dynlatch.noise.tolerance import tolerance_at
from dynlatch.views import region_results
from dynlatch.views.figures import png_bytes
from dynlatch.views.json_values import to_text
from dynlatch.views.morse import morse_figure

Cells = Callable[[str, str], list[str]]
Run = Callable[..., tuple[int, str, str]]
W2 = ("neuron", "-p", "w=2")
NEURON = d.neuron(2)
H = math.sqrt(2) - math.acosh(math.sqrt(2))
LATCHED = 1.9150080481545374


def as_read(value: object) -> Any:
    return json.loads(to_text(value))


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


def test_the_printed_tolerance_is_rounded_to_the_safe_side(run: Run, cells: Cells) -> None:
    code, out, err = run("tolerance", *W2, "--attractor", "1")
    assert (code, err) == (0, "")
    latch, stands, out_by, tube, closed, verdict = cells(out, "1:")
    exact = d.noise_tolerance(NEURON, 1)
    assert latch == "1: fixed point at (1.91501)"
    assert exact.upper is not None
    assert Fraction(stands) <= Fraction(exact.lower) < Fraction(stands) + Fraction(1, 10**12)
    assert Fraction(out_by) - Fraction(1, 10**12) < Fraction(exact.upper) <= Fraction(out_by)
    assert Fraction(closed) < Fraction(tube) < Fraction(H) < Fraction(out_by)
    assert verdict.startswith("PROVED")
    assert "0: fixed point" not in out


def test_every_option_of_the_tolerance_is_heard(of_json: Callable[..., Any]) -> None:
    words = ("--attractor", "1", "--norm", "inf", "--max-cells", "0", "--set", "gamma")
    (found,) = of_json("tolerance", *W2, *words)["tolerances"]
    expected = d.noise_tolerance(NEURON, 1, "inf", "gamma", max_cells=0)
    assert found == as_read(region_results.of_tolerance(expected))
    assert (found["attractor"], found["norm"], found["set"], found["proof"]) == (1, "inf", "gamma", "box")


# --- morse-graph ------------------------------------------------------------------------------------------------------


def test_the_neuron_s_morse_graph(tmp_path: Path, of_json: Callable[..., Any], run: Run, cells: Cells) -> None:
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


def test_a_ball_around_a_state(of_json: Callable[..., Any], run: Run, cells: Cells) -> None:
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
    row = [Fraction(cell) for cell in cells(out, "30")]
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
def test_the_steps_are_those_of_a_simulation(of_json: Callable[..., Any], run: Run, h: str, cells: Cells) -> None:
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


def test_the_neuron_s_metrics(of_json: Callable[..., Any], run: Run, cells: Cells) -> None:
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


def test_the_law_and_the_neuron_s_curve(of_json: Callable[..., Any], run: Run, cells: Cells) -> None:
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


def test_a_family_that_breaks_the_law_is_drawn(tmp_path: Path, run: Run, cells: Cells) -> None:
    path = tmp_path / "fed.png"
    code, out, err = run("tradeoff", "feedforward", "--values", "-1,0,1/2", "--out", str(path))
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == f"Written to {path}."
    assert [cells(out, row)[-2:] for row in ("-1", "0", "1/2")] == [
        ["REFUTED", "PROVED"], ["PROVED", "PROVED"], ["PROVED", "REFUTED"]
    ]  # fmt: skip
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [p.name for p in tmp_path.iterdir()] == ["fed.png"]
