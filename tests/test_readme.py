"""The README's session and its table of claims are true, and its files are read."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from dynlatch.claims import verdicts
from dynlatch.maps.toml_file import map_from_toml
from dynlatch.studies import load, study_from_toml
from dynlatch.views.study import claims_markdown

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    session = "\n".join(blocks("python"))
    test = doctest.DocTestParser().get_doctest(session, {}, "README", "README.md", 0)
    assert len(test.examples) >= 20
    said: list[str] = []
    results = doctest.DocTestRunner(verbose=False).run(test, out=said.append)
    assert results.failed == 0, "".join(said)
    assert (tmp_path / "out" / "neuron" / "report.html").exists()


def test_the_map_file_and_the_study() -> None:
    text, study = blocks("toml")
    m = map_from_toml(text)
    assert m.dimension == 2
    assert str(m.expressions[0]) == "b/3 + w*tanh(a)"
    assert len(study_from_toml(study)) == 50 * 8 * (1 + 3)  # annealing, and time-weighted with two changes


def test_the_table_of_claims_has_the_verdicts_of_the_trials_that_are_kept() -> None:
    """The verdicts, and the numbers that decide them."""
    results = Path(__file__).parent.parent / "analyses" / "results"
    records = [record for name in ("fig4", "fig2a", "fig2b") for record in load(results / f"{name}.csv.gz")]
    assert f"What {len(records):,} trials say" in README
    table = dict(re.findall(r"^\| (C\d[ab]?) \|.*?\| ([A-Z ]+) \|", README, flags=re.MULTILINE))
    found = verdicts(records)
    assert table == {claim.name: str(claim.verdict) for claim in found}
    assert claims_markdown(found) == (results / "claims.md").read_text(encoding="utf-8")


def test_pictures_and_files_that_it_names_exist() -> None:
    root = Path(__file__).parent.parent
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (root / target).exists(), target
