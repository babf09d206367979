"""The README's session gives what the README says, and its map file is read."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from dynlatch.maps.toml_file import map_from_toml

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


def test_the_map_file() -> None:
    (text,) = blocks("toml")
    m = map_from_toml(text)
    assert m.dimension == 2
    assert str(m.expressions[0]) == "b/3 + w*tanh(a)"


def test_pictures_and_files_that_it_names_exist() -> None:
    root = Path(__file__).parent.parent
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (root / target).exists(), target
