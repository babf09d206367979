"""Large basins: equal to those in memory, taken up where they were left, never half written."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest
import xarray

import dynlatch as d
from dynlatch.errors import OutputError
from dynlatch.regions import basins as module
from dynlatch.regions import basins_file
from dynlatch.regions.basins_file import write_basins

NETWORK = d.tanh_network([[2, "1/5"], ["1/5", "9/5"]])


class StopAfter:
    """Progress that interrupts at the start of the given piece of labelling."""

    def __init__(self, pieces: int) -> None:
        self.left = pieces
        self.seen = 0

    def start(self, title: str, total: int) -> None:
        if title == "labelling cells":
            self.seen += 1
            if self.seen > self.left:
                raise KeyboardInterrupt

    def advance(self, amount: int = 1) -> None:
        pass

    def finish(self) -> None:
        pass


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PART", 1000)


def test_the_file_holds_what_memory_would(tmp_path: Path) -> None:
    written = write_basins(NETWORK, tmp_path / "b.nc", resolution=(90, 70))
    whole = d.basins(NETWORK, resolution=(90, 70))
    with xarray.open_dataset(tmp_path / "b.nc") as dataset:
        np.testing.assert_array_equal(dataset["label"].values, whole.labels)
        np.testing.assert_array_equal(dataset["time"].values, whole.times)
        np.testing.assert_array_equal(dataset["a2"].values, whole.grid.centres(1))
    assert written.counts == whole.counts
    assert [p.name for p in tmp_path.iterdir()] == ["b.nc"], "no part is left behind"


def test_interrupted_work_is_taken_up_again(tmp_path: Path) -> None:
    target = tmp_path / "b.nc"
    with pytest.raises(KeyboardInterrupt):
        write_basins(NETWORK, target, resolution=90, progress=StopAfter(4))
    assert not target.exists()
    watcher = StopAfter(10**9)
    write_basins(NETWORK, target, resolution=90, progress=watcher)
    assert watcher.seen == 9 - 4, "nine parts of eleven rows or fewer, of which four were done"
    with xarray.open_dataset(target) as dataset:
        np.testing.assert_array_equal(dataset["label"].values, d.basins(NETWORK, resolution=90).labels)


def test_other_work_does_not_mix_with_it(tmp_path: Path) -> None:
    target = tmp_path / "b.nc"
    with pytest.raises(KeyboardInterrupt):
        write_basins(NETWORK, target, resolution=90, progress=StopAfter(4))
    other = d.tanh_network([[2, "1/5"], ["1/5", "17/10"]])
    watcher = StopAfter(10**9)
    write_basins(other, target, resolution=90, progress=watcher)
    assert watcher.seen == 9
    with xarray.open_dataset(target) as dataset:
        np.testing.assert_array_equal(dataset["label"].values, d.basins(other, resolution=90).labels)


def test_a_full_disk_leaves_the_old_file_and_the_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "b.nc"
    target.write_text("what was here before")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(basins_file.np, "save", full)
        with pytest.raises(OutputError, match="No space left"):
            write_basins(NETWORK, target, resolution=40)
    assert target.read_text() == "what was here before"
    write_basins(NETWORK, target, resolution=40)
    assert target.stat().st_size > 100


def test_more_than_the_disk_holds_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="GB are needed"):
        write_basins(NETWORK, tmp_path / "b.nc", resolution=300_000)


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is a folder"):
        write_basins(NETWORK, tmp_path, resolution=4)
