"""Compiled loops that decide leaves of a tree by where their images lie: what must be reached, what cannot be.

A label is what every orbit from a leaf must reach: 0, 1, ... a target, ``LEAVES`` the outside of the box, ``OPEN``
nothing known. A rank bounds the steps until then; a leaf's label rests on leaves of lower rank only.
"""

# pyright: reportMissingParameterType=false
# numba infers the types of the kernels' arguments.
from __future__ import annotations

from typing import Final

import numpy as np

from dynlatch.cells.tree import DEFINED, EXITS
from dynlatch.cells.tree_walk import STACK, next_leaf, start_walk
from dynlatch.jit import jit

OPEN: Final = -1
LEAVES: Final = -2
_UNSET: Final = -9


@jit
def must_reach(child, level, index, roots, fine, leaves, first, last, status, captured, steps, label, rank):
    """Label open leaves until nothing changes: the least fixed point. Returns which were labelled, shape (N,).

    ``first``, ``last`` (n, N), ``status`` (N,) and ``captured`` (N,) belong to ``leaves``: where M^steps takes them,
    and the target whose trapping region holds all of that, else ``OPEN``.
    """
    cursor, stack = np.empty(roots.size, dtype=np.int64), np.empty(STACK, dtype=np.int64)
    decided = np.zeros(leaves.size, dtype=np.bool_)
    changed = True
    while changed:
        changed = False
        for c in range(leaves.size):
            here = leaves[c]
            if label[here] != OPEN or not status[c] & DEFINED:
                continue
            found, most = captured[c], 0
            if found == OPEN:
                found, top = _UNSET, 0
                low, high = first[:, c], last[:, c]
                start_walk(low, high, fine, cursor)
                while True:
                    leaf, top = next_leaf(child, level, index, roots, fine, low, high, cursor, stack, top)
                    if leaf < 0:
                        break
                    if label[leaf] == OPEN or (found != _UNSET and label[leaf] != found):
                        found = OPEN
                        break
                    found = label[leaf]
                    most = max(most, rank[leaf])
                if status[c] & EXITS:
                    found = LEAVES if found in (_UNSET, LEAVES) else OPEN
            if found >= 0 or found == LEAVES:
                label[here], rank[here] = found, most + steps
                decided[c] = True
                changed = True
    return decided


@jit
def cannot_reach(child, level, index, roots, fine, first, last, status, leaves, captured, label, target, avoids):
    """The largest set of leaves that no orbit leads from to a target: the greatest fixed point below ``avoids``.

    ``avoids`` (num_nodes,) begins with what may avoid it and is cut down: a leaf stays if its orbit must reach another
    target, or its image is captured by one, or all that the image touches stays and is in the box.
    """
    cursor, stack = np.empty(roots.size, dtype=np.int64), np.empty(STACK, dtype=np.int64)
    changed = True
    while changed:
        changed = False
        for c in range(leaves.size):
            here = leaves[c]
            if not avoids[here] or (label[here] >= 0 and label[here] != target):
                continue
            if captured[here] >= 0 and captured[here] != target:
                continue
            keep = bool(status[here] & DEFINED) and not status[here] & EXITS
            if keep:
                top = 0
                low, high = first[:, here], last[:, here]
                start_walk(low, high, fine, cursor)
                while True:
                    leaf, top = next_leaf(child, level, index, roots, fine, low, high, cursor, stack, top)
                    if leaf < 0:
                        break
                    if not avoids[leaf]:
                        keep = False
                        break
            if not keep:
                avoids[here] = False
                changed = True


@jit
def successors(child, level, index, roots, fine, first, last, nodes, reached):
    """Mark in ``reached`` the leaves that the images of some leaves touch."""
    cursor, stack = np.empty(roots.size, dtype=np.int64), np.empty(STACK, dtype=np.int64)
    for here in nodes:
        low, high = first[:, here], last[:, here]
        start_walk(low, high, fine, cursor)
        top = 0
        while True:
            leaf, top = next_leaf(child, level, index, roots, fine, low, high, cursor, stack, top)
            if leaf < 0:
                break
            reached[leaf] = True
