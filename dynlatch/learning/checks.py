"""What numbers a caller may give; each check says in one line what was given and what is wanted."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InputError

_MOST_THREADS: Final = 1024


def shown(value: object) -> str:
    """The value in a few characters, on one line."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # Python writes no whole number of so many digits
        return "a number of thousands of digits"
    return text if len(text) <= 40 else text[:37] + "..."


def whole(name: str, value: object, least: int, most: int, what: str) -> int:
    """A whole number, NumPy's included, as an ``int``. Raises: InputError unless it is from ``least`` to ``most``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not least <= value <= most:
        raise InputError(f"{name}={shown(value)} must be a whole number from {least} to {most}: {what}")
    return int(value)


def set_whole(settings: object, name: str, least: int, most: int, what: str) -> None:
    """Check a field of a frozen value as ``whole`` does, and make it an ``int``."""
    object.__setattr__(settings, name, whole(name, getattr(settings, name), least, most, what))


def is_number(value: object) -> bool:
    """Whether it is a real number that is finite as a float; truth values are no numbers."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def thread_count(threads: object) -> int | None:
    """How many threads; None stands for the number of processors. Raises: InputError for what is no such number."""
    return None if threads is None else whole("threads", threads, 1, _MOST_THREADS, "None takes one per processor")


def real_array(name: str, values: object) -> NDArray[Any]:
    """An array of whole or floating numbers. Raises: InputError for complex numbers, words and rows of many lengths."""
    try:
        found = np.asarray(values)
    except ValueError:
        raise InputError(f"{name}={shown(values)} has rows of different lengths; give an array") from None
    if found.dtype.kind not in "iuf":
        raise InputError(f"{name} of {found.dtype} must be an array of real numbers")
    return found
