"""The cache of compiled code keeps what is used and forgets the rest."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dynlatch import jit


def test_the_cache_forgets_only_old_folders_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"old": "0123456789abcdef", "recent": "fedcba9876543210", "foreign": "my notes"}
    for name in names.values():
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("kept?")
    for name in ("old", "foreign"):
        os.utime(tmp_path / names[name], (0, 0))
    monkeypatch.setenv("DYNLATCH_CACHE", str(tmp_path))
    jit.cache_folder.cache_clear()
    try:
        mine = jit.cache_folder()
    finally:
        jit.cache_folder.cache_clear()
    assert {p.name for p in tmp_path.iterdir()} == {names["recent"], names["foreign"], mine.name}
