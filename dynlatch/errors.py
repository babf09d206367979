"""Errors that say in one line what was given, why it cannot be used, and how to mend it."""

from __future__ import annotations


class DynlatchError(Exception):
    """Base of every error that dynlatch raises on purpose; its text is one line for a person."""


class InputError(DynlatchError, ValueError):
    """The caller asked for something that has no meaning: a wrong value, shape, name or file."""


class OutputError(DynlatchError, OSError):
    """A result could not be written; nothing was left half written."""
