"""An analysis saved: what lies in the folder, and what lies there after a failure."""

from __future__ import annotations

import errno
import hashlib
import json
from pathlib import Path

import h5netcdf
import pytest
import xarray

import dynlatch
from dynlatch.analysis import Analysis
from dynlatch.errors import OutputError
from dynlatch.views import folder
from dynlatch.views.json_values import to_text
from dynlatch.views.results import results


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return dynlatch.analyze(dynlatch.neuron(2), resolution=64, steps=40, max_period=1, proofs=False)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures and a page that cost nothing."""
    monkeypatch.setattr(folder, "figures", lambda _: {"cobweb": 1, "decay": 2})
    monkeypatch.setattr(folder, "svg_text", lambda figure: f"<svg>{figure}</svg>")
    monkeypatch.setattr(folder, "png_bytes", lambda figure: b"\x89PNG" + bytes([figure]))
    monkeypatch.setattr(folder, "render_report", lambda _, svgs: "<html>" + "".join(svgs.values()))


def digest(place: Path) -> dict[str, str]:
    files = sorted(p for p in place.rglob("*") if p.is_file())
    return {p.relative_to(place).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_the_real_thing(tmp_path: Path, analysis: Analysis) -> None:
    place = analysis.save(tmp_path / "out")
    assert place == tmp_path / "out"
    names = set(digest(place))
    assert {"report.html", "results.json", "basins.nc"} < names
    vector = {Path(n).stem for n in names if n.startswith("figures/") and n.endswith(".svg")}
    assert vector
    assert vector == {Path(n).stem for n in names if n.startswith("figures/") and n.endswith(".png")}
    assert names == {
        "report.html",
        "results.json",
        "basins.nc",
        *(f"figures/{n}.{e}" for n in vector for e in ("svg", "png")),
    }


@pytest.mark.usefixtures("drawn")
def test_what_is_written_is_what_was_found(tmp_path: Path, analysis: Analysis) -> None:
    folder.save(analysis, tmp_path)
    assert (tmp_path / "results.json").read_text("utf-8") == to_text(results(analysis))
    assert (tmp_path / "report.html").read_text() == "<html><svg>1</svg><svg>2</svg>"
    assert (tmp_path / "figures" / "decay.png").read_bytes() == b"\x89PNG\x02"
    with xarray.open_dataset(tmp_path / "basins.nc", engine="h5netcdf") as stored:
        xarray.testing.assert_identical(stored.load(), analysis.reduced_set.to_xarray())
        assert "0: Attractor(fixed point" in stored.attrs["labels"]


@pytest.mark.usefixtures("drawn")
def test_saving_twice_changes_nothing_and_keeps_what_is_not_ours(tmp_path: Path, analysis: Analysis) -> None:
    folder.save(analysis, tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    before = digest(tmp_path)
    folder.save(analysis, tmp_path)
    assert digest(tmp_path) == before


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize("where", ["figures", "svg_text", "png_bytes", "render_report", "to_text", "write_arrays"])
@pytest.mark.parametrize(
    ("failure", "seen"),
    [(OSError(errno.ENOSPC, "No space left on device"), OutputError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_a_failure_anywhere_leaves_the_old_results(
    tmp_path: Path,
    analysis: Analysis,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    failure: BaseException,
    seen: type[BaseException],
) -> None:
    folder.save(analysis, tmp_path / "old")
    before = digest(tmp_path)

    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(folder, where, fail)
    for place in (tmp_path / "old", tmp_path / "new"):
        with pytest.raises(seen):
            folder.save(analysis, place)
    assert digest(tmp_path) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["old"]


@pytest.mark.usefixtures("drawn")
def test_an_error_of_the_storage_library_is_an_output_error(
    tmp_path: Path, analysis: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("Unable to flush file's cached\n information (No space left on device)")

    monkeypatch.setattr(h5netcdf.File, "close", fail)
    with pytest.raises(OutputError, match=r"cannot be written \(Unable to flush file's cached information"):
        folder.save(analysis, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("drawn")
def test_results_are_read_by_any_json_reader(tmp_path: Path, analysis: Analysis) -> None:
    folder.save(analysis, tmp_path)

    def refuse(text: str) -> None:
        raise AssertionError(f"{text} is no JSON")

    with (tmp_path / "results.json").open(encoding="utf-8") as stream:
        assert json.load(stream, parse_constant=refuse)["schema"] == "dynlatch.results/1"
