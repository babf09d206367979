"""The command: what it prints, what it writes, and how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp
import xarray

import dynlatch
from dynlatch.analysis import Analysis
from dynlatch.cli import arguments, terminal, training
from dynlatch.maps.catalogue import CATALOGUE
from dynlatch.views import folder
from dynlatch.views.json_values import to_text
from dynlatch.views.results import results

NETWORK = "W=[[2,0.2],[0.2,1.8]]"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def of_json(run: Run) -> Callable[..., Any]:
    """What a command prints with ``--json``; nothing else may be printed."""

    def called(*words: str) -> Any:
        code, out, err = run(*words, "--json")
        assert (code, err) == (0, "")
        found = json.loads(out, parse_constant=lambda text: pytest.fail(f"{text} is no JSON"))
        assert to_text(found) == out
        return found

    return called


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return dynlatch.analyze(dynlatch.neuron(2), resolution=32, steps=30, max_period=1)


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch, analysis: Analysis) -> None:
    """No work and no drawing behind ``analyze``."""

    def instead(*_: object, progress: dynlatch.analysis.Progress, **__: object) -> Analysis:
        progress.start("working", 2)
        progress.advance()
        progress.advance()
        progress.finish()
        return analysis

    monkeypatch.setattr("dynlatch.analysis.analyze", instead)
    monkeypatch.setattr(folder, "figures", lambda _: {"cobweb": 1})
    monkeypatch.setattr(folder, "svg_text", lambda _: "<svg/>")
    monkeypatch.setattr(folder, "png_bytes", lambda _: b"png")
    monkeypatch.setattr(folder, "render_report", lambda *_: "<html/>")


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",)])
def test_help_lists_every_command(run: Run, words: tuple[str, ...]) -> None:
    code, out, err = run(*words)
    assert (code, err) == (0, "")
    for command in "analyze derive fixed-points critical-input contraction basins decay maps".split():
        assert command in out


@pytest.mark.parametrize("command", "analyze derive fixed-points critical-input contraction basins decay".split())
def test_every_command_s_help_has_an_example(run: Run, command: str) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    assert f"dynlatch {command} " in " ".join(out.split())
    assert "Example" in out


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; from dynlatch.cli import main; code = main(['--help']); "
        "names = 'numpy', 'sympy', 'numba', 'scipy', 'flint', 'matplotlib', 'xarray'; "
        "heavy = [name for name in names if name in sys.modules]; "
        "sys.exit(f'{code} {heavy}')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "0 []"


def test_the_version(run: Run) -> None:
    assert run("--version") == (0, f"dynlatch {dynlatch.__version__}\n", "")


def test_the_catalogue_is_listed(run: Run, of_json: Callable[..., Any]) -> None:
    listed = of_json("maps")["maps"]
    assert [entry["name"] for entry in listed] == list(CATALOGUE)
    assert listed[0]["required"] == ["w"]
    out = run("maps")[1]
    assert all(name in out for name in CATALOGUE)


def test_every_catalogued_map_can_be_made_from_what_the_list_shows() -> None:
    for name, entry in CATALOGUE.items():
        typed = [f"{k}={json.dumps(v) if isinstance(v, tuple) else v}" for k, v in entry.parameters.items()]
        assert arguments.the_map(name, typed) == entry.make(**entry.parameters)


def test_parameters_are_exact() -> None:
    assert arguments.the_map("neuron", ["w=5/4", "h=0.1"]) == dynlatch.neuron("5/4", "1/10")
    assert arguments.the_map("neuron", ["w=sqrt(2)"]) == dynlatch.neuron(sp.sqrt(2))
    network = dynlatch.tanh_network([[2, "1/5"], ["1/5", "9/5"]], b=["1/3", 0])
    assert arguments.the_map("tanh-network", [NETWORK, 'b=["1/3",0]']) == network
    assert arguments.the_map("tanh_network", ["W = [[1e-1]]"]) == dynlatch.tanh_network([["1/10"]])


def test_a_file_s_parameters_can_be_overridden(tmp_path: Path, of_json: Callable[..., Any]) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\nstate = ["x"]\n[parameters]\nr = 2\n[map]\nx = "r*x*(1-x)"\n[domain]\nx = [0, 1]\n')
    found = of_json("fixed-points", str(path), "-p", "r=5/2")
    assert found["map"]["parameters"]["r"]["exact"] == "5/2"
    assert [p["expression"] for p in found["fixed_points"]] == [["0"], ["3/5"]]


def test_fixed_points_and_cycles(of_json: Callable[..., Any]) -> None:
    found = of_json("fixed-points", "neuron", "-p", "w=2")
    assert [p["stability"] for p in found["fixed_points"]] == ["attracting", "repelling", "attracting"]
    assert found["search"]["verdict"] == "PROVED"
    right = of_json("fixed-points", "neuron", "-p", "w=2", "--box", "1,3")
    assert [p["state"] for p in right["fixed_points"]] == [[pytest.approx(1.9150080481545375)]]
    cycle = of_json("fixed-points", "logistic", "-p", "r=3.2", "--period", "2")
    (point,) = cycle["cycles"]
    assert point["orbit"] == [[pytest.approx(0.5130445095326298)], [pytest.approx(0.7994554904673701)]]


@pytest.mark.parametrize("box", [["--box=-4,4"], ["--box", "-4,4;-4,4"], ["--box", "-4,4", "--box", "-4,4"]])
def test_three_ways_to_write_a_box(box: list[str]) -> None:
    m = dynlatch.henon()
    sides = [word.removeprefix("--box=") for word in box if word != "--box"]
    assert arguments.box(sides, m) == ((Fraction(-4), Fraction(4)),) * 2
    assert arguments.box(None, m) is None


def test_the_critical_input(of_json: Callable[..., Any], run: Run) -> None:
    found = of_json("critical-input", "neuron", "-p", "w=5/4")["critical_input"]
    exact = sp.sqrt(5) / 4 - sp.acosh(sp.sqrt(5) / 2)
    lower, upper = (sp.Rational(found["enclosure"][k]) for k in ("lower", "upper"))
    assert bool((lower < exact) & (exact < upper))
    assert upper - lower < sp.Rational(1, 10**12)
    assert found["verdict"] == "PROVED"
    code, out, err = run("critical-input", "neuron", "-p", "w=5/4")
    assert (code, err) == (0, "")
    assert "0.077805169315344" in out
    assert "PROVED" in out


def test_a_direction_with_a_minus_sign(of_json: Callable[..., Any]) -> None:
    found = of_json("critical-input", "tanh-network", "-p", NETWORK, "--direction", "-1,0.5")
    assert found["critical_input"]["direction"] == ["-1", "1/2"]


def test_the_contraction(of_json: Callable[..., Any]) -> None:
    found = of_json("contraction", "neuron", "-p", "w=2", "--box", "1,3")["contraction"]
    assert found["value"] == pytest.approx(2 / np.cosh(1.0) ** 2, rel=1e-14)
    assert found["contracting"] == "PROVED"
    found = of_json("contraction", "tanh-network", "-p", NETWORK, "--norm", "inf")["contraction"]
    assert (found["value"], found["norm"]) == (2.2, "inf")


def test_the_derivation(of_json: Callable[..., Any], run: Run) -> None:
    lines = of_json("derive", "cubic")["derivation"]
    assert {"title", "left", "right", "latex", "how", "check", "value", "enclosure"} == set(lines[0])
    assert "SymPy" in run("derive", "cubic")[1]


def test_the_decay(of_json: Callable[..., Any]) -> None:
    found = of_json("decay", "neuron", "-p", "w=2", "--start", "-0.1", "--steps", "60")["decay"]
    certified = found["certified_rate"]
    assert certified["lo"] <= np.log(0.16637208775167434) <= certified["hi"]
    assert found["ci"][0] <= found["rate"] <= found["ci"][1]
    assert len(found["log_norm"]) == 61
    assert found["start"] == [-0.1]


def test_basins_in_memory_and_on_disk_agree(tmp_path: Path, of_json: Callable[..., Any], run: Run) -> None:
    words = ("basins", "henon", "--resolution", "40,30", "--box=-2,2")
    path = tmp_path / "henon.nc"
    in_memory = of_json(*words)["basins"]
    assert of_json(*words, "--out", str(path))["basins"] == in_memory
    assert [p.name for p in tmp_path.iterdir()] == ["henon.nc"]
    with xarray.open_dataset(path, engine="h5netcdf") as stored:
        assert stored["label"].shape == (40, 30)
        assert int((stored["label"] == 0).sum()) == in_memory["counts"]["attractor 0"] > 0
    code, out, _ = run(*words)
    assert code == 0
    assert str(in_memory["counts"]["attractor 0"]) in out


def test_a_slice_of_more_states(of_json: Callable[..., Any]) -> None:
    network = "W=[[2,0,0,0],[0,2,0,0],[0,0,2,0],[0,0,0,2]]"
    words = ("--axes", "a1,a3", "--at", "a2=1/2", "--at", "a4=-1/2", "--resolution", "4")
    found = of_json("basins", "tanh-network", "-p", network, *words)["basins"]
    assert [axis["axis"] for axis in found["grid"]["axes"]] == [0, 2]
    assert found["grid"]["at"][1::2] == ["1/2", "-1/2"]
    assert sum(found["counts"].values()) == 16


@pytest.mark.usefixtures("cheap")
def test_analyze_writes_the_folder_and_prints_the_story(tmp_path: Path, run: Run, analysis: Analysis) -> None:
    code, out, err = run("analyze", "neuron", "-p", "w=2", "--out", str(tmp_path / "new" / "out"))
    assert (code, err) == (0, "")
    names = {p.relative_to(tmp_path / "new" / "out").as_posix() for p in tmp_path.rglob("*.*")}
    assert names == {"report.html", "results.json", "basins.nc", "figures/cobweb.svg", "figures/cobweb.png"}
    assert "0.53283997535" in out
    assert (tmp_path / "new" / "out" / "results.json").read_text() == to_text(results(analysis))


@pytest.mark.usefixtures("cheap")
def test_analyze_prints_what_it_writes(tmp_path: Path, of_json: Callable[..., Any]) -> None:
    found = of_json("analyze", "neuron", "-p", "w=2", "--out", str(tmp_path))
    assert found == json.loads((tmp_path / "results.json").read_text())


def test_analyze_passes_its_options_on(monkeypatch: pytest.MonkeyPatch, run: Run, analysis: Analysis) -> None:
    seen: dict[str, Any] = {}

    def noted(m: dynlatch.Map, **settings: object) -> Analysis:
        seen.update(settings, map=m)
        return analysis

    monkeypatch.setattr("dynlatch.analysis.analyze", noted)
    words = "--box -1,2 --resolution 7 --max-period 3 --steps 9 --seed 5 --threads 2 --json".split()
    assert run("analyze", "neuron", "-p", "w=2", *words)[0] == 0
    del seen["progress"]
    assert seen == {
        "map": dynlatch.neuron(2), "box": ((Fraction(-1), Fraction(2)),), "resolution": 7, "max_period": 3,
        "steps": 9, "proofs": True, "seed": 5, "threads": 2,
    }  # fmt: skip


class _Interrupts:
    """A listener at which the user presses Ctrl-C after some steps."""

    def __init__(self, after: int) -> None:
        self._left = after

    def start(self, title: str, total: int) -> None:
        self.advance(0)

    def advance(self, amount: int = 1) -> None:
        self._left -= 1
        if self._left < 0:
            raise KeyboardInterrupt

    def finish(self) -> None:
        pass


@pytest.mark.parametrize("after", range(4))
@pytest.mark.usefixtures("cheap")
def test_an_interrupt_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run, after: int) -> None:
    listener = _Interrupts(after)
    monkeypatch.setattr(terminal, "listening", lambda: contextlib.nullcontext(listener))
    code, out, err = run("analyze", "neuron", "-p", "w=2", "--out", str(tmp_path / "out"))
    assert (code, out) == (1, "")
    assert err.startswith("error: interrupted; nothing is left half written")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("cheap")
def test_an_interrupt_while_writing_keeps_the_old_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    (tmp_path / "results.json").write_text("old")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(folder, "write_arrays", interrupt)
    assert run("analyze", "neuron", "-p", "w=2", "--out", str(tmp_path))[0] == 1
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("results.json", "old")]


def test_bars_are_for_terminals_only_and_stay_out_of_the_json(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    words = ("basins", "neuron", "-p", "w=2", "--resolution", "8", "--json")
    plain = run(*words)
    assert plain[2] == ""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    code, out, err = run(*words)
    assert (code, out) == plain[:2]
    assert "labelling cells" in err


def test_pieces_of_work_within_others(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with terminal.listening() as progress:
        progress.start("outer", 2)
        progress.start("inner", 1)
        progress.advance()
        progress.finish()
        progress.advance()
        progress.finish()
    assert capsys.readouterr().out == ""


@pytest.fixture
def defective(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def fail(*_: object) -> None:
        raise RuntimeError("first\nsecond")

    monkeypatch.setattr(arguments, "the_map", fail)
    return


@pytest.mark.usefixtures("defective")
def test_a_defect_is_one_line_that_says_how_to_report_it(run: Run) -> None:
    code, out, err = run("derive", "neuron")
    assert (code, out) == (1, "")
    assert err.startswith("error: RuntimeError: first second; this is a defect of dynlatch")
    assert err.count("\n") == 1


@pytest.mark.usefixtures("defective")
def test_a_defect_has_a_traceback_for_those_who_ask(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Traceback" in run("--debug", "derive", "neuron")[2]
    monkeypatch.setenv("DYNLATCH_DEBUG", "1")
    assert "Traceback" in run("derive", "neuron")[2]


def test_running_out_of_memory_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(arguments, "the_map", fail)
    monkeypatch.setattr(training, "_trials", fail)
    for words, said in (
        (("derive", "neuron"), "smaller map"),
        (("basins", "neuron", "-p", "w=2"), "--resolution"),
        (("--debug", "train", "latch"), "num_train"),
    ):
        code, _, err = run(*words)
        assert code == 1
        line = err.splitlines()[-1]
        assert "out of memory" in line
        assert said in line
        assert ("--resolution" in line) == (words[0] == "basins")


@pytest.mark.skipif(os.name == "nt", reason="pipes end otherwise there")
def test_a_reader_who_leaves_is_no_reason_to_complain() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "dynlatch", "maps"], stdout=writing, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")
