"""The ``dynlatch`` command; nothing heavy is imported before a command needs it."""

from __future__ import annotations

from dynlatch.cli.main import main

__all__ = ["main"]
