"""Files that appear whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from dynlatch import files
from dynlatch.errors import OutputError
from dynlatch.files import replacing, staged_folder, writable_folder, writable_parent


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder with its text."""
    return {p.relative_to(folder).as_posix(): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


def full_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_replacing_gives_the_name_when_all_went_well(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with replacing(target) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert tree(tmp_path) == {"a.txt": "new"}


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt(), ValueError("x")])
def test_replacing_leaves_the_old_file_after_a_failure(tmp_path: Path, failure: BaseException) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    def work() -> None:
        with replacing(target) as temporary:
            temporary.write_text("half")
            raise failure

    with pytest.raises(type(failure)):
        work()
    assert tree(tmp_path) == {"a.txt": "old"}


def test_replacing_leaves_the_old_file_when_the_bytes_do_not_reach_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("old")
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="space"), replacing(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
    assert tree(tmp_path) == {"a.txt": "old"}


def test_a_staged_folder_replaces_its_own_files_and_keeps_the_others(tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    before = {"report.html": "old", "notes.txt": "mine", "figures/a.svg": "old", "figures/mine.svg": "mine"}
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    with staged_folder(tmp_path) as stage:
        (stage / "figures").mkdir()
        (stage / "figures" / "a.svg").write_text("new")
        (stage / "report.html").write_text("new")
        assert {k: v for k, v in tree(tmp_path).items() if k in before} == before
    assert tree(tmp_path) == {**before, "report.html": "new", "figures/a.svg": "new"}


def test_a_staged_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    with staged_folder(tmp_path / "a" / "b") as stage:
        (stage / "x").write_text("1")
    assert tree(tmp_path) == {"a/b/x": "1"}


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), ValueError("x")])
def test_a_failure_leaves_no_folder_behind(tmp_path: Path, failure: BaseException) -> None:
    def work() -> None:
        with staged_folder(tmp_path / "a" / "b") as stage:
            (stage / "x").write_text("1")
            raise failure

    with pytest.raises(type(failure)):
        work()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_an_output_error_in_one_line(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"written \(No space left on device\)") as caught,
        staged_folder(tmp_path / "a"),
    ):
        full_disk()
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("interruption", [OSError(errno.EIO, "disk"), KeyboardInterrupt()])
@pytest.mark.parametrize("count", range(6))
def test_an_interruption_at_any_move_puts_everything_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, interruption: BaseException
) -> None:
    """The moves are os.link (what was there is kept) and Path.replace (the new takes its place); each may fail."""
    before = {"a": "old a", "c": "old c"}
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    calls = 0
    replace, link = Path.replace, os.link

    def counted() -> None:
        nonlocal calls
        calls += 1
        if calls == count + 1:
            raise interruption

    def replace_or_fail(source: Path, target: Path) -> Path:
        if source.parent.name == "new" or source.parent.parent.name == "new":
            counted()
        return replace(source, target)

    def link_or_fail(source: Path, target: Path) -> None:
        counted()
        link(source, target)

    monkeypatch.setattr(Path, "replace", replace_or_fail)
    monkeypatch.setattr(os, "link", link_or_fail)
    after = {"a": "new a", "b": "new b", "c": "new c", "sub/d": "new d"}
    try:
        with staged_folder(tmp_path) as stage:
            (stage / "sub").mkdir()
            for name, text in after.items():
                (stage / name).write_text(text)
    except (OutputError, KeyboardInterrupt):
        assert tree(tmp_path) == before
        assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "c"]
    else:  # a link that fails is made up for by a copy
        assert isinstance(interruption, OSError)
        assert tree(tmp_path) == after
    assert calls > count


def test_a_folder_in_the_way_of_a_file_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()

    def work() -> None:
        with staged_folder(tmp_path) as stage:
            (stage / "a").write_text("1")
            (stage / "report.html").write_text("new")

    with pytest.raises(OutputError):
        work()
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_where_nothing_can_be_written_is_known_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path / "file", tmp_path / "file" / "deeper"):
        with pytest.raises(OutputError, match="not a folder"):
            writable_folder(folder)
    with pytest.raises(OutputError, match="is a folder"):
        writable_parent(tmp_path)
    with pytest.raises(OutputError, match="make it first"):
        writable_parent(tmp_path / "missing" / "x.nc")
    assert tree(tmp_path) == {"file": "x"}


def test_a_probe_makes_nothing(tmp_path: Path) -> None:
    assert writable_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert writable_parent(tmp_path / "x.nc") == tmp_path / "x.nc"
    assert list(tmp_path.iterdir()) == []


def test_a_refused_probe_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(files.tempfile, "TemporaryFile", refuse)
    for check in (writable_folder, writable_parent):
        with pytest.raises(OutputError, match="Permission denied"):
            check(tmp_path / "x")
