"""Random streams found by what they are for, never by the order in which they are asked for."""

from __future__ import annotations

import hashlib

import numpy as np

from dynlatch.errors import InputError


def checked_seed(seed: object, name: str = "seed") -> int:
    """A seed, or the number of a trial. Raises: InputError unless it is a whole number from 0 on."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError(f"{name}={repr(seed)[:40]} must be an integer that is not negative")
    return int(seed)


def rng_for(seed: int, *names: str | int | float) -> np.random.Generator:
    """A generator that depends on ``seed`` and on ``names`` alone.

    ``rng_for(0, "basins", "phase 1")`` is the same stream in every process and on every machine, and adding
    a consumer elsewhere changes no other stream.
    """
    text = "\x1f".join(f"{type(name).__name__}:{name!r}" for name in names)
    digest = hashlib.sha256(text.encode()).digest()
    words = [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 32, 4)]
    return np.random.default_rng(np.random.SeedSequence([checked_seed(seed), *words]))
