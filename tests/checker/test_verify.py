"""``verify`` itself: samples, progress, interrupts, and the command."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flint import ctx

import dynlatch
from dynlatch.checker.verify import KINDS
from dynlatch.verdict import Verdict

Run = Callable[..., tuple[int, str, str]]


class Ear:
    """Counts what it hears, and stops the work after so many units."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.heard: list[str] = []
        self.units = 0
        self.stop_after = stop_after

    def start(self, title: str, total: int) -> None:
        self.heard.append(f"{title} {total}")

    def advance(self, amount: int = 1) -> None:
        self.units += amount
        if self.stop_after is not None and self.units > self.stop_after:
            raise KeyboardInterrupt

    def finish(self) -> None:
        self.heard.append("done")


@pytest.fixture
def file(maker: ModuleType, tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    def written(doc: dict[str, Any]) -> Path:
        path = tmp_path / "certificate.json"
        path.write_text(json.dumps(doc), encoding="utf-8")
        return path

    return written


def test_a_sample_is_never_a_proof(maker: ModuleType) -> None:
    doc = maker.network_basins()
    found = maker.checked(doc, sample=100)
    assert (found.verdict, found.checked, found.total, found.clean) == (Verdict.INCONCLUSIVE, 100, 1024, True)
    assert found.reason == "100 of 1,024 leaves checked, none failed"
    assert maker.checked(doc, sample=1024).verdict is Verdict.PROVED
    assert maker.checked(doc, sample=10**9).verdict is Verdict.PROVED
    assert maker.checked(maker.fixed_point(), sample=1).verdict is Verdict.PROVED


def test_a_sample_finds_what_is_common_and_checks_all_the_rest(maker: ModuleType) -> None:
    doc, tree = maker.neuron_basins(), maker.neuron_tree()
    label = maker.column(doc, "label")
    wrong = maker.with_areas(maker.with_column(doc, "label", [0 if k == 1 else k for k in label]), tree)
    found = maker.checked(wrong, sample=20, seed=1)
    assert found.verdict is not Verdict.PROVED
    assert not found.clean
    rate = maker.with_value(doc, ["targets", 0, "traps", 0, "rate"], "1/2")
    assert maker.checked(rate, sample=1).verdict is Verdict.REFUTED
    areas = maker.with_value(doc, ["areas", 0, "inner"], "7/2")
    assert maker.checked(areas, sample=1).verdict is Verdict.REFUTED


def test_samples_depend_on_the_seed_alone(maker: ModuleType) -> None:
    """One wrong leaf of 64: some seeds find it with 32 draws, and always the same ones."""
    doc, tree = maker.neuron_basins(), maker.neuron_tree()
    label = maker.column(doc, "label")
    wrong = maker.with_areas(maker.with_column(doc, "label", [*label[:5], 0, *label[6:]]), tree)
    first = [maker.checked(wrong, sample=32, seed=s).clean for s in range(12)]
    assert first == [maker.checked(wrong, sample=32, seed=s).clean for s in range(12)]
    assert 0 < sum(first) < 12


def test_progress_is_told_and_an_interrupt_is_felt(maker: ModuleType) -> None:
    ear = Ear()
    assert maker.checked(maker.network_basins(), progress=ear).verdict is Verdict.PROVED
    assert ear.heard == ["checking leaves 1024", "done"]
    assert ear.units == 1024
    before = ctx.prec
    with pytest.raises(KeyboardInterrupt):
        maker.checked(maker.network_basins(), progress=Ear(stop_after=100))
    assert ctx.prec == before
    ear = Ear()
    maker.checked(maker.fold(), progress=ear)
    assert ear.heard == ["checking 1", "done"]


def test_the_map_is_that_of_the_certificate(maker: ModuleType, file: Callable[..., Path]) -> None:
    found = dynlatch.verify(file(maker.region()))
    assert found.kind == "trapping region"
    assert repr(found.map) == "neuron: a -> h + w*tanh(a) with w = 2, h = 0"
    assert str(found) == "Verification(trapping region of neuron, PROVED)"


def test_every_kind_is_known() -> None:
    assert sorted(KINDS) == [
        "basins", "contraction bound", "decay", "escape", "fixed point", "fold", "morse graph", "reduced set",
        "tolerance", "transient", "trapping region",
    ]  # fmt: skip


def test_the_format_is_told_in_the_package() -> None:
    text = (Path(dynlatch.__file__).parent / "checker" / "certificates.md").read_text(encoding="utf-8")
    for kind in KINDS:
        assert f'"{kind}"' in text
    assert '"dynlatch certificate"' in text


def test_the_checker_loads_nothing_of_the_makers() -> None:
    """Beyond the reading of maps, which asks the balls of the grammar whether a constant is defined."""
    code = "import sys, dynlatch.checker.verify\nprint(*sorted(m for m in sys.modules if m.startswith('dynlatch.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {m for m in done.stdout.split() if not m.startswith("dynlatch.checker")}
    assert loaded == {
        "dynlatch.errors", "dynlatch.maps", "dynlatch.maps.definition", "dynlatch.maps.grammar", "dynlatch.maps.text",
        "dynlatch.maps.toml_file", "dynlatch.progress", "dynlatch.rigor", "dynlatch.rigor.balls",
        "dynlatch.rigor.enclosure", "dynlatch.verdict",
    }  # fmt: skip


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_proves(run: Run, maker: ModuleType, file: Callable[..., Path]) -> None:
    code, out, err = run("verify", str(file(maker.network_basins())))
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "basins: PROVED (1,024 of 1,024 leaves)"
    point = str(file(maker.fixed_point()))
    code, out, err = run("verify", point, "--json")
    assert (code, err) == (0, "")
    (only,) = json.loads(out)["verifications"]
    assert only == {
        "file": point, "kind": "fixed point",
        "verdict": "PROVED", "checked": 1, "total": 1, "clean": True, "reason": "",
    }  # fmt: skip


def test_the_command_samples(run: Run, maker: ModuleType, file: Callable[..., Path]) -> None:
    code, out, _ = run("verify", str(file(maker.network_basins())), "--sample", "50", "--seed", "3")
    assert code == 0
    assert out.splitlines()[-1] == "basins: INCONCLUSIVE: 50 of 1,024 leaves checked, none failed"


def test_the_command_says_what_failed(run: Run, maker: ModuleType, file: Callable[..., Path]) -> None:
    path = file(maker.with_value(maker.region(), ["rate"], "1/2"))
    code, out, err = run("verify", str(path))
    assert (code, err) == (1, "")
    assert "trapping region: REFUTED: (M^1)' is larger than 0.5" in out
    code, out, _ = run("verify", str(path), "--json")
    assert code == 1
    assert json.loads(out)["verifications"][0]["clean"] is False


def test_the_command_proves_several_and_fails_if_one_does(run: Run, maker: ModuleType, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(maker.region()), encoding="utf-8")
    bad.write_text(json.dumps(maker.with_value(maker.region(), ["rate"], "1/2")), encoding="utf-8")
    code, out, err = run("verify", str(good), str(good))
    assert (code, err) == (0, "")
    assert out.splitlines() == [f"{good}:", "trapping region: PROVED"] * 2
    code, out, _ = run("verify", str(bad), str(good))
    assert code == 1
    assert out.splitlines()[2:] == [f"{good}:", "trapping region: PROVED"]


@pytest.mark.parametrize("words", [["missing.json"], ["--sample", "0", "x.json"], []])
def test_the_command_refuses(run: Run, words: list[str]) -> None:
    code, out, err = run("verify", *words)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
