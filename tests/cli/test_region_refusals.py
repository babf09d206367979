"""How the commands about regions refuse: one line, nothing written, no work done for nothing."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

import dynlatch as d
from dynlatch import files

Refused = Callable[..., None]
Run = Callable[..., tuple[int, str, str]]
W2 = ("neuron", "-p", "w=2")
NEURON = d.neuron(2)
FIVE = ("tanh-network", "-p", f"W={[[2 * (i == j) for j in range(5)] for i in range(5)]}")
COMMANDS = "certify tolerance morse-graph uncertainty transient metrics tradeoff verify".split()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_s_help_has_an_example(run: Run, command: str) -> None:
    code, out, err = run(command, "--help")
    assert (code, err) == (0, "")
    assert "Example" in out
    assert f"dynlatch {command}" in " ".join(out.split())
    assert command in run("--help")[1]


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
        (("uncertainty", *W2, "--start", "0", "--radius", "1", "--noise", "-0.1"), "noise=-0.1 is negative"),
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
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str, refused: Refused
) -> None:
    (tmp_path / "file").write_text("mine")
    monkeypatch.chdir(tmp_path)
    refused(words, said)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("file", "mine")]


@pytest.mark.parametrize("command", ["certify", "tolerance", "morse-graph", "transient", "metrics"])
def test_a_map_that_is_none_is_refused(command: str, refused: Refused) -> None:
    more = {"certify": ["--json"], "transient": ["--input", "1"]}.get(command, [])
    refused((command, "nueron", *more), "did you mean neuron?")
    refused((command, "neuron", *more), "needs the parameter w", "-p 'w=2'")
    refused((command, "neuron", "-p", "w=nan", *more), "parameter w")


@pytest.mark.parametrize("words", [("certify", *W2), ("morse-graph", *W2), ("tradeoff",)], ids=lambda words: words[0])
def test_a_place_that_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], refused: Refused
) -> None:
    def refuse(**_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    for work in ("proving.prove", "cells.morse.morse_graph", "latch.tradeoff_law.tradeoff_law"):
        monkeypatch.setattr(f"dynlatch.{work}", lambda *_, **__: pytest.fail("work was begun"))
    monkeypatch.setattr(files.tempfile, "TemporaryFile", refuse)
    refused((*words, "--out", str(tmp_path / "x")), "--out", "(Read-only file system)", "another folder")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words", [("morse-graph", *W2, "--resolution", "8"), ("tradeoff", "--values", "2")], ids=lambda words: words[0]
)
def test_a_disk_that_fills_up_is_told_and_the_old_file_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], refused: Refused
) -> None:
    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "x").write_text("old")
    monkeypatch.setattr(files, "_flush", full)
    refused((*words, "--out", str(tmp_path / "x")), "cannot be written (No space left on device)", code=1)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("x", "old")]
