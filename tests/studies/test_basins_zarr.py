"""Large basins: equal to those in memory however they are cut, taken up where they were left, never half there."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from study_stubs import Inline

import dynlatch as d
from dynlatch.errors import InputError, OutputError
from dynlatch.regions.basins import prepare
from dynlatch.regions.labels import label_counts
from dynlatch.studies import kind_basins
from dynlatch.studies.batches import Batch
from dynlatch.studies.kind_basins import cell_of, counts_of, counts_text, unpacked
from dynlatch.studies.ledger import Done
from dynlatch.studies.owners import Owner
from dynlatch.studies.workers import LocalExecutor

zarr = pytest.importorskip("zarr", reason="Zarr stores need the extra dynlatch[zarr]")
xarray = pytest.importorskip("xarray")

from dynlatch.studies import basins_zarr  # noqa: E402
from dynlatch.studies.basins_zarr import basins_to_zarr  # noqa: E402

HERE = Path(__file__).parent
NETWORK = d.tanh_network([[2, "1/5"], ["1/5", "9/5"]])
THREE = d.tanh_network([[2, 0, "1/10"], ["1/5", "9/5", 0], [0, "1/10", "3/2"]])
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kind_basins, "TILE_CELLS", 400)


def opened(path: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return xarray.open_zarr(path)


def same(path: Path, whole: d.regions.basins.Basins) -> bool:  # type: ignore[name-defined]
    with opened(path) as found:
        return np.array_equal(found["label"].values, whole.labels) and np.array_equal(found["time"].values, whole.times)


# --- the same as in memory --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("m", "settings"),
    [
        (d.neuron(2), {"resolution": 1234}),
        (NETWORK, {"resolution": (90, 71)}),
        (NETWORK, {"resolution": (7, 130), "box": [(-1, 2), (-3, "1/3")], "max_steps": 5}),
        (THREE, {"resolution": (12, 9, 14)}),
        (THREE, {"resolution": (41, 30), "axes": ["a3", "a1"], "at": {"a2": "1/2"}}),
        (d.henon(), {"resolution": 61}),  # with a chaotic set, which is known by its cells
    ],
)
def test_the_store_holds_what_memory_would(tmp_path: Path, m: d.Map, settings: dict[str, Any]) -> None:
    whole = d.basins(m, **settings)
    executor = Inline()
    stored = basins_to_zarr(m, tmp_path / "b.zarr", executor=executor, **settings)
    assert sum(len(batch.trials) for batch in executor.batches) > 3
    assert same(tmp_path / "b.zarr", whole)
    assert stored.counts == whole.counts
    assert stored.fractions == whole.fractions
    with opened(tmp_path / "b.zarr") as found:
        for k, axis in enumerate(whole.grid.axes):
            np.testing.assert_array_equal(found[str(m.states[axis])].values, whole.grid.centres(k))
        assert found.attrs["map_hash"] == m.content_hash
        assert found["label"].dims == tuple(str(m.states[axis]) for axis in whole.grid.axes)
    assert [p.name for p in tmp_path.iterdir()] == ["b.zarr"], "nothing else is left behind"
    assert [p.name for p in (tmp_path / "b.zarr").glob("ledger*")] == []


def test_processes_label_the_same(tmp_path: Path) -> None:
    basins_to_zarr(NETWORK, tmp_path / "b.zarr", resolution=60, executor=LocalExecutor(2))
    assert same(tmp_path / "b.zarr", d.basins(NETWORK, resolution=60))


def test_a_tile_in_a_wrong_place_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mutant: every tile shows the grid's first cells."""
    layout = d.regions.grid.Grid.layout  # type: ignore[attr-defined]
    monkeypatch.setattr(
        "dynlatch.regions.grid.Grid.layout", lambda self, first=(), counts=(): layout(self, [0] * len(first), counts)
    )
    basins_to_zarr(NETWORK, tmp_path / "b.zarr", resolution=60, executor=Inline())
    monkeypatch.undo()
    assert not same(tmp_path / "b.zarr", d.basins(NETWORK, resolution=60))


@given(
    hnp.arrays(
        st.sampled_from([np.int16, np.int32]),  # type: ignore[arg-type]
        hnp.array_shapes(max_dims=3, max_side=6),
        elements=st.integers(-(2**15), 2**15 - 1),
    )
)
def test_cells_survive_the_way(array: np.ndarray[Any, Any]) -> None:
    found = unpacked(kind_basins._packed(array), array.dtype.type, array.shape)
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize("m", [NETWORK, d.henon(), d.logistic("7/2")])
def test_a_worker_is_told_all_to_the_last_bit(m: d.Map) -> None:
    run = prepare(m, None, 50, None, None, None, 700, 3, d.progress.SILENT)  # type: ignore[attr-defined]
    told = kind_basins._labeller(cell_of(run))
    assert (told.map.content_hash, told.grid, told.max_steps) == (m.content_hash, run.grid, 700)
    for here, there in zip(run.captures, told.captures, strict=True):
        assert (here.dtype, here.shape) == (there.dtype, there.shape)
        assert here.tobytes() == there.tobytes()


# --- whatever happens -------------------------------------------------------------------------------------------------


class Breaks(Inline):
    """Work that is interrupted after so many batches."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._after = after

    def submit(self, batch: Batch) -> Any:
        if len(self.batches) == self._after:
            raise KeyboardInterrupt
        return super().submit(batch)


@pytest.fixture
def tile_by_tile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dynlatch.studies.batches._SECONDS", 0.0)


@pytest.mark.usefixtures("tile_by_tile")
def test_interrupted_work_is_taken_up_again(tmp_path: Path) -> None:
    target = tmp_path / "b.zarr"
    with pytest.raises(KeyboardInterrupt):
        basins_to_zarr(NETWORK, target, resolution=90, executor=Breaks(7))
    assert not target.exists()
    executor = Inline()
    basins_to_zarr(NETWORK, target, resolution=90, executor=executor)
    assert sum(len(batch.trials) for batch in executor.batches) == 25 - 7
    assert same(target, d.basins(NETWORK, resolution=90))
    again = Inline()
    counts = basins_to_zarr(NETWORK, target, resolution=90, executor=again).counts
    assert again.batches == []
    assert counts == d.basins(NETWORK, resolution=90).counts


@pytest.mark.usefixtures("tile_by_tile")
def test_a_killed_process_leaves_what_it_said_was_done(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom study_stubs import Inline\nimport dynlatch as d\n"
        "from dynlatch.studies import batches, kind_basins\nfrom dynlatch.studies.basins_zarr import basins_to_zarr\n"
        "batches._SECONDS = 0.0\nkind_basins.TILE_CELLS = 400\n"
        "class Told:\n"
        "    def start(self, title, total): self.tiles = title == 'labelling tiles'\n"
        "    def finish(self): pass\n"
        "    def advance(self, amount=1): sys.stdout.write('tile\\n' * amount * self.tiles); sys.stdout.flush()\n"
        "m = d.tanh_network([[2, '1/5'], ['1/5', '9/5']])\n"
        "from dynlatch.studies import runner\nrunner._PAUSE = 0.0\n"
        "basins_to_zarr(m, sys.argv[1], resolution=300, executor=Inline(), progress=Told())\n"
    )
    there = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parents[1])])}
    target = tmp_path / "b.zarr"
    process = subprocess.Popen([sys.executable, "-c", code, str(target)], stdout=subprocess.PIPE, text=True, env=there)
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(40)]
    process.send_signal(signal.SIGKILL)
    told += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    assert not target.exists()
    executor = Inline()
    basins_to_zarr(NETWORK, target, resolution=300, executor=executor)
    assert told.count("tile\n") >= 40
    assert 0 < sum(len(batch.trials) for batch in executor.batches) <= 225 - told.count("tile\n")
    assert same(target, d.basins(NETWORK, resolution=300))


def test_other_settings_are_other_work(tmp_path: Path) -> None:
    target = tmp_path / "b.zarr"
    with pytest.raises(KeyboardInterrupt):
        basins_to_zarr(NETWORK, target, resolution=90, executor=Breaks(0))
    basins_to_zarr(NETWORK, target, resolution=80, executor=Inline())
    for settings in ({"resolution": 81}, {"resolution": 80, "max_steps": 3}):
        with pytest.raises(OutputError, match=r"b\.zarr is there and holds something else"):
            basins_to_zarr(NETWORK, target, executor=Inline(), **settings)  # type: ignore[arg-type]
    assert same(target, d.basins(NETWORK, resolution=80))


def test_what_is_no_store_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "b.zarr"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="holds something else"):
        basins_to_zarr(NETWORK, mine, resolution=20, executor=Inline())
    assert [p.name for p in tmp_path.rglob("*")] == ["b.zarr", "thesis.txt"]


def test_a_full_disk_stops_and_the_next_call_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "b.zarr"

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(basins_zarr, "unpacked", full)
        with pytest.raises(OutputError, match=r"No space left on device.*to go on"):
            basins_to_zarr(NETWORK, target, resolution=40, executor=Inline())
    basins_to_zarr(NETWORK, target, resolution=40, executor=Inline())
    assert same(target, d.basins(NETWORK, resolution=40))


def test_tiles_that_fail_are_told_and_tried_again(tmp_path: Path) -> None:
    def fails(batch: Batch) -> list[Done]:
        raise MemoryError("too little")

    with pytest.raises(OutputError, match=r"9 of 9 tiles could not be labelled \(MemoryError: too little\)"):
        basins_to_zarr(NETWORK, tmp_path / "b.zarr", resolution=60, executor=Inline(task=fails))
    basins_to_zarr(NETWORK, tmp_path / "b.zarr", resolution=60, executor=Inline())
    assert same(tmp_path / "b.zarr", d.basins(NETWORK, resolution=60))


@pytest.mark.parametrize("when", ["close", "submit"])
def test_another_process_that_shares_the_work_may_be_first(tmp_path: Path, when: str) -> None:
    """It ends after all tiles are done here, or while some are under way."""
    target, whole = tmp_path / "b.zarr", d.basins(NETWORK, resolution=60)

    class Overtaken(Inline):
        def overtake(self, moment: str) -> None:
            if moment == when and not target.exists():
                assert basins_to_zarr(NETWORK, target, resolution=60, executor=Inline()).counts == whole.counts

        def submit(self, batch: Batch) -> Any:
            made = super().submit(batch)
            self.overtake("submit")
            return made

        def close(self) -> None:
            super().close()
            self.overtake("close")

    if when == "submit":  # as when this process was taken for dead
        owner = Owner.here()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Owner, "is_gone", lambda self: self != owner)
            assert basins_to_zarr(NETWORK, target, resolution=60, executor=Overtaken()).counts == whole.counts
    else:
        assert basins_to_zarr(NETWORK, target, resolution=60, executor=Overtaken()).counts == whole.counts
    assert same(target, whole)
    assert [p.name for p in tmp_path.iterdir()] == ["b.zarr"]


# --- what cannot be ---------------------------------------------------------------------------------------------------


def test_without_zarr_a_line_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zarr", None)
    with pytest.raises(InputError, match=r"pip install 'dynlatch\[zarr\]'"):
        basins_to_zarr(NETWORK, tmp_path / "b.zarr", resolution=20)


def test_the_command(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int | None] = []

    def here(workers: int | None) -> Inline:
        asked.append(workers)
        return Inline()

    monkeypatch.setattr("dynlatch.studies.runner.LocalExecutor", here)
    words = "basins", "neuron", "-p", "w=2", "--resolution", "999", "--workers", "3"
    code, out, err = run(*words, "--out", str(tmp_path / "b.zarr"))
    assert (code, err, asked) == (0, "", [3])
    assert f"Written to {tmp_path / 'b.zarr'}." in out
    assert "basins on 999 cells" in out
    assert same(tmp_path / "b.zarr", d.basins(d.neuron(2), resolution=999))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--out", "b.zarr", "--threads", "2"), "--workers"),
        (("--workers", "2"), "--out FOLDER.zarr"),
        (("--out", "b.nc", "--cluster", "tcp://127.0.0.1:1"), "--out FOLDER.zarr"),
        (("--out", "b.zarr", "--cluster", "nowhere"), "no address of a scheduler"),
        (("--out", "b.zarr", "--cluster", "tcp://127.0.0.1:1", "--workers", "2"), "leave it out with --cluster"),
        (("--out", "none/b.zarr"), "make it first"),
    ],
)
def test_what_does_not_go_together_is_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: Sequence[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run("basins", "neuron", "-p", "w=2", *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err
    assert list(tmp_path.iterdir()) == []


def test_a_study_file_has_no_tiles(run: Run, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('name = "s"\ntrials = 1\n[[grid]]\nkind = "basins"\n')
    code, _, err = run("study", "run", str(tmp_path / "s.toml"))
    assert code == 2
    assert "s.toml, line 4" in err or "s.toml, line 3" in err
    assert "dynlatch basins MAP --out FOLDER.zarr" in err


def test_counts_read_back() -> None:
    counts = label_counts(np.array([[-1, 0], [3, 0]], dtype=np.int16))
    assert counts_of(counts_text(counts)) == counts == {-1: 1, 0: 2, 3: 1}
