"""How a check ends when it does not end well; raised, so that no caller can overlook it."""

from __future__ import annotations


class UnprovedError(Exception):
    """The claim could not be proved again; the text says where and why, in one line."""

    checked: int = 0
    """How many local rules were proved before."""


class RefutedError(UnprovedError):
    """The claim is proved false; the text names the witness."""
