"""Who is at work on a ledger: a process, told apart from every other, and whether it is still there."""

from __future__ import annotations

import hashlib
import os
import platform
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROCESSES: Final = Path("/proc")
_START: Final = 19
"""Where the start time stands in ``/proc/PID/stat``, counted from the state, which follows the name in brackets."""


@dataclass(frozen=True, slots=True)
class Owner:
    """One run of a study, in one process.

    ``machine``: a digest of what tells apart machines, their starts, and sets of process numbers on one machine; empty
    where processes cannot be looked up. ``started``: when the process began, in the machine's own count.
    """

    name: str
    machine: str
    process: int
    started: str

    @classmethod
    def here(cls) -> Owner:
        """A new owner in this process."""
        return cls(secrets.token_hex(8), _machine(), os.getpid(), _started(os.getpid()))

    def is_gone(self) -> bool:
        """Whether it is known to have ended; False if it runs, or cannot be seen from here."""
        return bool(self.machine) and self.machine == _machine() and _started(self.process) != self.started


def _machine() -> str:
    parts = [platform.node()]
    for path in (_PROCESSES / "sys/kernel/random/boot_id", _PROCESSES / "self/ns/pid"):
        try:
            parts.append(str(path.readlink()) if path.is_symlink() else path.read_text("utf-8").strip())
        except OSError:
            return ""  # no way to look up processes: only time tells
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _started(process: int) -> str:
    """Empty if there is no such process."""
    with suppress(OSError, IndexError):
        after_name = (_PROCESSES / str(process) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        return "" if after_name[0] in "ZX" else after_name[_START]
    return ""
