"""What ``certify`` writes, ``verify`` proves again; what was tampered with or is no certificate, it does not."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import dynlatch as d
from dynlatch.proving import Proofs
from dynlatch.views import folder, region_results
from dynlatch.views.json_values import to_text
from dynlatch.views.results import SCHEMA, of_map

Cells = Callable[[str, str], list[str]]
Refused = Callable[..., None]
Run = Callable[..., tuple[int, str, str]]
W2 = ("neuron", "-p", "w=2")
NEURON = d.neuron(2)


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


def test_certify_writes_what_verify_proves_again(tmp_path: Path, run: Run, of_json: Callable[..., Any]) -> None:
    out = tmp_path / "new" / "out"
    found = of_json("certify", *W2, "--depth", "8", "--out", str(out))
    regions = region_results.of_proofs(proofs().regions)
    assert found == json.loads(to_text({"schema": SCHEMA, "map": of_map(NEURON), "proofs": regions}))
    assert found["proofs"] == json.loads((out / "proofs.json").read_text())["proofs"]
    assert {p.name for p in (out / "figures").iterdir()} == {"certified.svg", "certified.png"}
    written = sorted((out / "certificates").iterdir())
    assert {p.stem: p.read_text() for p in written} == {n: c.text() for n, c in proofs().certificates}
    code, text, err = run("verify", *map(str, written))
    assert (code, err) == (0, "")
    assert text.count("PROVED") == len(written) == 14


@pytest.mark.usefixtures("cheap")
def test_certify_tells_a_person(tmp_path: Path, run: Run, cells: Cells) -> None:
    code, text, err = run("certify", *W2, "--out", str(tmp_path))
    assert (code, err) == (0, "")
    assert text.splitlines()[-1] == f"Written to {tmp_path}: 14 certificates, figures and proofs.json."
    assert cells(text, "0 fixed point")[1:] == ["fixed point at (-1.91501)", "49.60 %", "50.40 %", *["38.98 %"] * 3]
    assert [cells(text, row)[-1] for row in ("decided", "open", "must leave")] == ["99.21 %", "0.79 %", "0.00 %"]
    assert cells(text, "verdict") == ["verdict", "PROVED"]
    exact = proofs().decays[0]
    noise, most, kept, verdict = cells(text, "0 0.26641998")[1:]
    assert Fraction(noise) <= exact.noise
    assert exact.rate is not None
    assert exact.worst_rate is not None
    assert Fraction(kept.removesuffix("^t")) <= exact.worst_rate.upper
    assert Fraction(exact.rate) <= Fraction(most.removeprefix("1 * ").removesuffix("^t"))
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
def test_what_is_no_certificate_ends_with_2(
    tmp_path: Path, change: Callable[[str], str], said: str, refused: Refused
) -> None:
    path = tmp_path / "basins.json"
    path.write_text(change(dict(proofs().certificates)["basins"].text()))
    refused(("verify", str(path)), said)


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_certify_that_is_stopped_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException, refused: Refused
) -> None:
    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(folder, "to_text", fail)
    said = "No space left on device" if isinstance(failure, OSError) else "interrupted"
    refused(("certify", *W2, "--out", str(tmp_path / "out")), said, code=1)
    assert list(tmp_path.iterdir()) == []
