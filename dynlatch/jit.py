"""Compiled code: one decorator, one cache folder.

The folder's name carries a digest of the sources that hold compiled code, because a compiled caller inlines
what it calls and would otherwise go on using an old version of it.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numba
from numba import types

_KEPT_DAYS = 30


@lru_cache(maxsize=1)
def cache_folder() -> Path:
    """Where compiled code is kept: ``$DYNLATCH_CACHE``, or ``dynlatch`` in the user's cache folder.

    Falls back to a fresh temporary folder where that one cannot be written.
    """
    named = os.environ.get("DYNLATCH_CACHE")
    base = Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dynlatch"
    folder = base / _source_digest()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            _forget_unused(base, folder)
            return folder
    except OSError:
        return Path(tempfile.mkdtemp(prefix="dynlatch-"))


def _forget_unused(base: Path, folder: Path) -> None:
    """Remove what other versions left here and nobody has used for ``_KEPT_DAYS`` days."""
    oldest = time.time() - _KEPT_DAYS * 86_400
    with suppress(OSError):  # two processes may tidy up at once
        os.utime(folder)
        for other in base.iterdir():
            if other != folder and re.fullmatch(r"[0-9a-f]{16}", other.name) and other.stat().st_mtime < oldest:
                shutil.rmtree(other, ignore_errors=True)


def _source_digest() -> str:
    digest = hashlib.sha256(f"numba {numba.__version__}".encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        source = path.read_bytes()
        if b"dynlatch.jit" in source or path == Path(__file__):
            digest.update(source)
    return digest.hexdigest()[:16]


numba.config.CACHE_DIR = str(cache_folder())  # pyright: ignore[reportAttributeAccessIssue, reportPrivateImportUsage]

_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True, "cache": True}
"""NumPy's division (no exception, so that loops vectorise), no interpreter lock, kept on disk."""

jit: Any = numba.njit(**_OPTIONS)
"""Compile at the first call."""


_PART_OPTIONS: dict[str, Any] = {**_OPTIONS, "forceinline": True, "_nrt": False}

jit_part: Any = numba.njit(**_PART_OPTIONS)
"""A part of a loop, compiled into whatever calls it. It makes no arrays and counts no references, which for a tuple of
twenty arrays would take longer than the work."""


def jit_as(signature: Any) -> Any:
    """Compile at once for one signature, as the kernels that are passed as values must be."""
    return numba.njit(signature, **_OPTIONS)


ARRAY: Any = types.float64[:, ::1]
VECTOR: Any = types.float64[::1]

KERNEL: Any = types.void(ARRAY, VECTOR, ARRAY, types.int64)
"""Signature of a float kernel: states ``(n, B)``, constants, results ``(k, B)``, number of columns to compute."""

INTERVAL_KERNEL: Any = types.void(ARRAY, ARRAY, VECTOR, VECTOR, ARRAY, ARRAY, types.int64)
"""Signature of an interval kernel: lower and upper states, constants, results, number of columns."""

KERNEL_VALUE: Any = types.FunctionType(KERNEL)
INTERVAL_KERNEL_VALUE: Any = types.FunctionType(INTERVAL_KERNEL)
