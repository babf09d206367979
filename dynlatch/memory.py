"""How much memory arrays may take, and how a size is written."""

from __future__ import annotations

from typing import Final

MAX_BYTES: Final = 4 * 10**9
"""Arrays larger than this are not made in memory."""


def in_bytes(size: int) -> str:
    """A size with its unit, in three digits."""
    for unit in ("B", "kB", "MB", "GB", "TB", "PB", "EB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size //= 1000
    return f"{size:.3g} ZB"
