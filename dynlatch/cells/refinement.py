"""What every search over cells shares: how deep it may go, how many cells it may make, which it halves next."""

from __future__ import annotations

import numpy as np

from dynlatch.cells.tree import CellTree, Nodes
from dynlatch.errors import InputError
from dynlatch.maps.definition import Box

MAX_DEPTH = 28


def checked_depth(depth: int) -> int:
    """A usable number of halvings. Raises: InputError."""
    if isinstance(depth, bool) or not isinstance(depth, int) or not 1 <= depth <= MAX_DEPTH:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InputError(
            f"depth={depth} must be a whole number from 1 to {MAX_DEPTH}: how often each side of the box is halved"
        )
    return depth


def check_budget(max_cells: int, first: int) -> None:
    """Refuse a budget below the cells to begin with. Raises: InputError."""
    if max_cells < first:
        raise InputError(f"max_cells={max_cells} must be at least {first}, the cells to begin with; give more")


def within_budget(tree: CellTree, open_: Nodes, max_cells: int) -> tuple[Nodes, bool]:
    """As many of some leaves as may be halved, the largest first, and whether that is all of them."""
    room = max(0, (max_cells - tree.leaves.size) // ((1 << len(tree.roots)) - 1))
    if open_.size <= room:
        return open_, True
    return open_[np.argsort(tree.level[open_], kind="stable")][:room], False


def hull(one: Box, other: Box) -> Box:
    """The least box that holds two boxes."""
    return tuple((min(a, c), max(b, d)) for (a, b), (c, d) in zip(one, other, strict=True))
