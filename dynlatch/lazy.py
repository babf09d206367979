"""Names of a room that are loaded when they are first asked for, so that importing it costs nothing.

The package itself does the same by its own code: the checker, which loads it, is to load the reading of maps alone.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def lazily(
    room: str, homes: Mapping[str, tuple[str, ...]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """``__getattr__``, ``__dir__`` and ``__all__`` of a room; ``homes``: which names each of its modules has."""
    home_of = {name: home for home, names in homes.items() for name in names}

    def get(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{room}.{home_of[name]}"), name)

    def names() -> list[str]:
        return sorted({*vars(sys.modules[room]), *home_of})

    return get, names, sorted(home_of)
