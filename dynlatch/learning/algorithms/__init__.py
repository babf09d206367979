"""Algorithms, a file each: how parameters change after a presentation, or after a candidate."""

from __future__ import annotations

import difflib
import importlib
from typing import TYPE_CHECKING, Final

from dynlatch.errors import InputError

if TYPE_CHECKING:
    from dynlatch.learning.algorithm import Algorithm

_HOMES: Final = {
    "back-propagation": ("back_propagation", "BackPropagation"),
    "pseudo-newton": ("pseudo_newton", "PseudoNewton"),
    "time-weighted": ("time_weighted", "TimeWeighted"),
    "discrete": ("discrete_propagation", "DiscretePropagation"),
    "multi-grid": ("multi_grid", "MultiGrid"),
    "annealing": ("annealing", "Annealing"),
    "adaptive-newton": ("adaptive_newton", "AdaptiveNewton"),
    "guessing": ("guessing", "Guessing"),
    "adam": ("adam", "Adam"),
    "rmsprop": ("rms_prop", "RMSProp"),
}

NAMES: Final = tuple(_HOMES)
"""The paper's six, then an ablation, a base line, and two that a user of today would try first."""
PAPER: Final = NAMES[:6]
"""The six of BSF94."""


def algorithm_type(name: str) -> type[Algorithm]:
    """The class of an algorithm; calling it without arguments gives its default settings.

    Raises: InputError for another name, with the nearest one.
    """
    if name not in _HOMES:
        near = difflib.get_close_matches(name, NAMES, 1, 0.5)
        hint = f"did you mean {near[0]}? " if near else ""
        raise InputError(f"unknown algorithm {name[:40]!r}; {hint}there are {', '.join(NAMES)}")
    home, title = _HOMES[name]
    return getattr(importlib.import_module(f"dynlatch.learning.algorithms.{home}"), title)
