"""Every bad input has an exit code and one line that says what, got, why and how to mend it."""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dynlatch
from dynlatch import files
from dynlatch.analysis import Analysis
from dynlatch.regions import basins_file
from dynlatch.regions.grid import MAX_BYTES, check_memory, make_grid
from dynlatch.views import folder

W2 = ("neuron", "-p", "w=2")
NETWORK = ("tanh-network", "-p", "W=[[2,0.2],[0.2,1.8]]")
Run = Callable[..., tuple[int, str, str]]


def refused(run: Run, words: tuple[str, ...], *said: str, code: int = 2) -> None:
    """The command ends with the code and one line that has all the words, and prints nothing else."""
    got, out, err = run(*words)
    assert (got, out) == (code, ""), err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    for text in said:
        assert text in err


def toml(place: Path, *, state: str = '["x"]', parameters: str = "", rule: str, domain: str, more: str = "") -> str:
    """The path of a map file."""
    path = place / "map.toml"
    path.write_text(
        f'name = "m"\nstate = {state}\n{more}\n[parameters]\n{parameters}\n[map]\n{rule}\n[domain]\n{domain}\n'
    )
    return str(path)


@pytest.mark.parametrize("command", ["derive", "fixed-points", "critical-input", "contraction", "basins", "decay"])
@pytest.mark.parametrize("value", ["abc", "nan", "inf", "-inf", "1e999999", "9**9**9", "1/0"])
def test_a_parameter_that_is_no_number(run: Run, command: str, value: str) -> None:
    refused(run, (command, "neuron", "-p", f"w={value}"), "parameter w")


@pytest.mark.parametrize("value", ["abc", "nan", "inf"])
def test_the_message_shows_what_was_given_and_what_to_give(run: Run, value: str) -> None:
    refused(run, ("analyze", "neuron", "-p", f"w={value}", "--json"), f'"{value}"', "is not a number", "5/4")


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ([], ["needs the parameter w", "-p 'w=2'"]),
        (["w"], ["not of the form name=value"]),
        (["w=1", "w=2"], ["given twice"]),
        (["W=2"], ["no such parameter", 'did you mean "w"']),
        (["w=2", "zzzz=1"], ["no such parameter", "it has: w, h"]),
        (["w=[[2]]"], ["is not a number"]),
    ],
)
def test_parameters_that_do_not_fit(run: Run, parameters: list[str], said: list[str]) -> None:
    words = [word for p in parameters for word in ("-p", p)]
    refused(run, ("fixed-points", "neuron", *words), *said)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("2", "is not a list of rows"),
        ("two", "column 1: not a list of numbers"),
        ('["2"]', "is not a list of rows"),
        ('[{"2":1}]', "finite numbers"),
        ("[[2,0.2],[0.2,1.8]", "column"),
        ("[[2,1/5],[0,1]]", "fractions in quotes"),
        ("[[2,NaN],[0,1]]", "finite"),
        ("[[2,0],[0,Infinity]]", "finite"),
        ("[[2,0],[0,1e999999999]]", "finite"),
        ('[[2,0],[0,"abc"]]', "'abc' is not a finite number"),
        ("[[2,0,1],[0,1,1]]", "must be square"),
        ("[1,2]", "is not a list of rows"),
        ("[[[1]]]", "is not a number"),
        ("[" * 60_000, "parameter W"),
        ("[" + "1," * 40_000 + "1]", "longer than"),
        ("[[" + "1" * 5000 + "]]", "not a finite number"),
    ],
    ids=range(16),
)
def test_a_matrix_that_is_none(run: Run, value: str, said: str) -> None:
    refused(run, ("fixed-points", "tanh-network", "-p", f"W={value}"), said)


@pytest.mark.parametrize("w", ["1", "0.9", "0", "-3"])
def test_no_critical_input_at_or_below_one(run: Run, w: str) -> None:
    refused(run, ("critical-input", "neuron", "-p", f"w={w}"), f"w={w}", "must exceed 1", "one attractor", "larger w")


@pytest.mark.parametrize("command", ["analyze", "fixed-points", "contraction", "basins"])
@pytest.mark.parametrize(
    ("box", "said"),
    [
        ("1,1", "is empty or inverted"),
        ("2,1", "is empty or inverted"),
        ("1", "is not a side"),
        ("1,2,3", "is not a side"),
        ("a,2", "is not a finite number"),
        ("nan,2", "is not a finite number"),
        ("0,inf", "is not a finite number"),
        ("0,1;0,1", "has 2 sides but neuron has 1 state (a)"),
    ],
)
def test_a_box_that_is_none(run: Run, command: str, box: str, said: str) -> None:
    refused(run, (command, *W2, f"--box={box}", *(["--json"] if command == "analyze" else [])), said)


def test_things_of_another_dimension(run: Run) -> None:
    refused(run, ("fixed-points", *NETWORK, "--box=0,1;0,1;0,1"), "has 3 sides but tanh_network has 2 states (a1, a2)")
    refused(run, ("critical-input", *NETWORK, "--direction", "1,0,0"), "has 3 numbers but tanh_network has 2 states")
    refused(run, ("decay", *NETWORK, "--start", "0.5"), "has 1 numbers but tanh_network has 2 states")
    refused(run, ("basins", *NETWORK, "--at", "a3=1"), "a3 is no state of tanh_network", "a1, a2")
    refused(run, ("basins", *NETWORK, "--axes", "a1,b"), "b is no state of tanh_network", "a1, a2")
    refused(run, ("basins", *NETWORK, "--resolution", "4,4,4"), "3 numbers for 2 axes")
    refused(run, ("critical-input", *NETWORK, "--direction", "0,0"), "zero vector")


@pytest.mark.parametrize("command", [("analyze", "--json"), ("basins",)])
@pytest.mark.parametrize(
    ("resolution", "said"),
    [
        ("0", ["resolution=0 is not usable", "at least 1"]),
        ("-5", ["resolution=-5 is not usable", "at least 1"]),
        ("4.5", ["is not a number of cells"]),
        ("many", ["is not a number of cells"]),
        ("1000000", ["1000000 x 1000000 cells", "GB of memory"]),
        ("1" + "0" * 30, ["1e+60 cells, which need", "choose"]),
        ("9" * 100, ["is not a number of cells"]),
    ],
)  # fmt: skip
def test_a_resolution_that_is_none(run: Run, command: tuple[str, ...], resolution: str, said: list[str]) -> None:
    if resolution == "1000000":
        said = ["cells, which need", "B"]
    refused(run, (command[0], *NETWORK, "--resolution", resolution, *command[1:]), *said)


def test_a_resolution_is_refused_with_the_memory_it_would_take(run: Run) -> None:
    words = ("basins", *NETWORK, "--resolution", "100000")
    refused(run, words, "100000 x 100000 cells", "60 GB of memory", "--out FILE.nc")
    refused(run, ("analyze", *NETWORK, "--resolution", "100000", "--json"), "90 GB of memory")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("analyze", *W2), "--out FOLDER"),
        (("analyze", "nueron", "--json"), "did you mean neuron?"),
        (("derive", "zzz"), "there are neuron"),
        (("derive", "missing.toml"), "no such file"),
        (("derive",), "Missing argument 'MAP'"),
        (("deriv", "neuron"), "No such command 'deriv'"),
        (("derive", *W2, "--nope"), "No such option: --nope"),
        (("derive", *W2, "more"), "unexpected extra argument"),
        (("fixed-points", *W2, "--period", "0"), "--period"),
        (("fixed-points", *W2, "--period", "two"), "--period"),
        (("decay", *W2, "--steps", "0"), "--steps"),
        (("decay", *W2, "--norm", "3"), "norm='3' is not a norm"),
        (("contraction", *W2, "--norm", "fro"), "norm='fro' is not a known operator norm"),
        (("basins", *W2, "--threads", "0"), "--threads"),
        (("basins", *W2, "--seed", "-1"), "--seed"),
        (("basins", *W2, "--max-steps", "0"), "--max-steps"),
        (("basins", *W2, "--at", "a"), "STATE=VALUE"),
        (("analyze", *W2, "--json", "--max-period", "0"), "--max-period"),
        (("derive", "x\ny\x1b[31m"), "unknown map"),
    ],
)
def test_words_that_mean_nothing(run: Run, words: tuple[str, ...], said: str) -> None:
    refused(run, words, said)


def test_a_message_never_controls_the_terminal(run: Run) -> None:
    err = run("derive", "neuron", "--\x1b[31mred\n")[2]
    assert err.rstrip("\n").isprintable()


# --- files that describe maps -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"rule": 'x = "x"', "domain": "x = [0, 1]", "parameters": "x = 1"}, 'is also a state'),
        ({"rule": 'x = "x"', "domain": "x = [0, 1]", "more": "colour = 3"}, 'unknown key "colour"'),
        ({"rule": 'x = "x"', "domain": "x = [1, 0]"}, "inverted"),
        ({"rule": 'x = "x"', "domain": "x = [0, 1]\ny = [0, 1]"}, 'unknown state "y"'),
        ({"rule": 'x = "x"', "domain": "x = [0, 1]", "state": '["x", "y"]'}, 'no line for the state "y"'),
        ({"rule": 'x = "x.real"', "domain": "x = [0, 1]"}, "[map] x: column"),
        ({"rule": 'x = "9**9**9"', "domain": "x = [0, 1]"}, "[map] x: column"),
        ({"rule": 'x = "log(-1) + x"', "domain": "x = [0, 1]"}, "[map] x: column"),
        ({"rule": 'x = ', "domain": "x = [0, 1]"}, "not TOML"),
    ],
)  # fmt: skip
def test_a_file_that_describes_no_map(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: dict[str, str], said: str
) -> None:
    toml(tmp_path, **parts)
    monkeypatch.chdir(tmp_path)
    refused(run, ("derive", "map.toml"), '"map.toml": ', said)


def test_where_the_map_is_undefined_the_cells_say_so(run: Run, tmp_path: Path) -> None:
    path = toml(tmp_path, rule='x = "log(x) + 2"', domain="x = [-1, 4]")
    code, out, err = run("basins", path, "--resolution", "50", "--json")
    assert (code, err) == (0, "")
    counts = json.loads(out)["basins"]["counts"]
    assert counts["undefined"] >= 10
    assert counts["attractor 0"] > 0
    assert sum(counts.values()) == 50


def test_a_map_that_diverges_everywhere(run: Run, tmp_path: Path) -> None:
    path = toml(tmp_path, state='["a"]', rule='a = "2*a + 1"', domain="a = [1, 2]")
    code, out, err = run("analyze", path, "--resolution", "20", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["attractors"] == found["fixed_points"] == []
    assert found["basins"]["fractions"] == {}
    lost = found["basins"]["counts"]
    assert lost["diverged"] + lost["left the box"] == 20
    assert found["critical_note"]
    assert found["critical_input"] is None or found["critical_input"]["value"] is None
    assert found["decay"]["attractor"] is None


def test_the_pitchfork_is_undecided_and_said_to_be(run: Run) -> None:
    code, out, err = run("fixed-points", "neuron", "-p", "w=1")
    assert (code, err) == (0, "")
    assert "undecided: [-" in out
    assert "need not be complete: INCONCLUSIVE" in out
    found = json.loads(run("fixed-points", "neuron", "-p", "w=1", "--json")[1])
    assert (found["fixed_points"], found["search"]["verdict"]) == ([], "INCONCLUSIVE")
    assert len(found["undecided"]) == 1


# --- places that cannot be written to ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return dynlatch.analyze(dynlatch.neuron(2), resolution=16, steps=10, max_period=1, proofs=False)


@pytest.fixture
def worked(monkeypatch: pytest.MonkeyPatch, analysis: Analysis) -> list[str]:
    """What work was begun; the work itself costs nothing."""
    begun: list[str] = []

    def instead(*_: Any, **__: Any) -> Analysis:
        begun.append("analyze")
        return analysis

    monkeypatch.setattr("dynlatch.analysis.analyze", instead)
    monkeypatch.setattr(folder, "figures", lambda _: {"cobweb": 1})
    monkeypatch.setattr(folder, "svg_text", lambda _: "<svg/>")
    monkeypatch.setattr(folder, "png_bytes", lambda _: b"png")
    monkeypatch.setattr(folder, "render_report", lambda *_: "<html/>")
    return begun


def test_a_file_where_the_folder_should_be(run: Run, tmp_path: Path, worked: list[str]) -> None:
    (tmp_path / "file").write_text("mine")
    for out in ("file", "file/deeper"):
        refused(
            run, ("analyze", *W2, "--out", str(tmp_path / out)), "--out", "is a file, not a folder", "another folder"
        )
    assert worked == []
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_where_the_file_should_be(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.nc").mkdir()
    refused(run, ("basins", *W2, "--out", str(tmp_path / "x.nc")), "--out", "is a folder")
    refused(run, ("basins", *W2, "--out", str(tmp_path / "missing" / "x.nc")), "--out", "make it first")
    refused(run, ("basins", *W2, "--out", str(tmp_path / "x.csv")), "--out", "x.csv", "neither a .nc file")
    assert [p.name for p in tmp_path.rglob("*")] == ["x.nc"]


def test_what_was_typed_for_an_option_is_said(run: Run) -> None:
    refused(run, ("decay", *W2, "--steps", "ten"), "--steps", "not 'ten'")
    refused(run, ("basins", *W2, "--seed", "-1"), "--seed", "not '-1'")


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_a_folder_that_cannot_be_written_is_refused_before_the_work(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worked: list[str], code: int
) -> None:
    def refuse(**_: object) -> None:
        raise OSError(code, "no way")

    monkeypatch.setattr(files.tempfile, "TemporaryFile", refuse)
    refused(run, ("analyze", *W2, "--out", str(tmp_path / "out")), "--out", "(no way)", "another folder")
    assert worked == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("where", ["to_text", "png_bytes", "write_arrays"])
def test_a_disk_that_fills_up_leaves_nothing_half_written(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worked: list[str], where: str
) -> None:
    def fill(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(folder, where, fill)
    words = ("analyze", *W2, "--out", str(tmp_path / "out"))
    refused(run, words, "No space left on device", "nothing in it was changed", code=1)
    assert worked == ["analyze"]
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_under_the_basins(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(basins_file.np, "save", fill)
    words = ("basins", *W2, "--resolution", "8", "--out", str(tmp_path / "x.nc"))
    refused(run, words, "x.nc", "No space left on device", code=1)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_no_message_is_empty_or_long(run: Run) -> None:
    """A crowd of bad words at once: one line each, short enough to read."""
    for words in (
        ("derive", "n" * 5000),
        ("fixed-points", *W2, "--box", "9" * 5000),
        ("derive", "neuron", "-p", "w=" + "9" * 5000),
    ):
        code, _, err = run(*words)
        assert code == 2
        assert 20 < len(err) < 400
        assert re.search(r"; \S", err)


def test_the_limit_of_memory_is_the_one_that_is_said() -> None:
    m = dynlatch.neuron(2)
    check_memory(make_grid(m, None, MAX_BYTES // 6), 6)
    with pytest.raises(dynlatch.InputError, match=r"needs 4 GB of memory, more than 4 GB"):
        check_memory(make_grid(m, None, MAX_BYTES // 6 + 1), 6)
    for work in (dynlatch.basins, dynlatch.analyze):
        with pytest.raises(dynlatch.InputError, match="GB of memory"):
            work(m, resolution=10**10)
