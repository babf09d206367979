"""Compiled loops over a tree of cells: images in whole units, and the leaves that an image touches, one by one."""

# pyright: reportMissingParameterType=false
# numba infers the types of the kernels' arguments.
from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.jit import jit
from dynlatch.rigor import intervals as iv

STACK = 512
"""More than (2^n - 1) nodes for each of 30 levels, n <= 4, and one."""


@jit
def in_units(lo, hi, origin_lo, origin_hi, scale_lo, scale_hi, units, first, last, status):
    """Where boxes lie in units counted from the origin, rounded outward and cut to the box.

    ``scale`` is the number of units in a length of 1; both come as enclosures, one per axis. ``status`` gets flag 1
    where the box is known and flag 2 where it may reach out.
    """
    n = lo.shape[0]
    for j in range(lo.shape[1]):
        known, exits, empty = True, False, False
        for i in range(n):
            a, b = iv.sub(lo[i, j], hi[i, j], origin_lo[i], origin_hi[i])
            a, b = iv.mul(a, b, scale_lo[i], scale_hi[i])
            if not (a <= b):
                known, a, b = False, 0.0, float(units[i])
            exits |= a < 0.0 or b > float(units[i])
            empty |= b < 0.0 or a > float(units[i])
            first[i, j] = math.floor(min(max(a, 0.0), units[i] - 1.0))
            last[i, j] = math.floor(min(max(b, 0.0), units[i] - 1.0))
        if not known:
            exits = True
        elif empty:
            for i in range(n):
                first[i, j], last[i, j] = 1, 0
        status[j] = (1 if known else 0) | (2 if exits else 0)


@jit
def start_walk(first, last, fine, cursor):
    """Begin to visit what lies between two corners given in units: the root cell before the first one."""
    for i in range(cursor.size):
        cursor[i] = first[i] >> fine
    cursor[cursor.size - 1] -= 1


@jit
def next_leaf(child, level, index, roots, fine, first, last, cursor, stack, top):
    """The next leaf that touches the units between two corners, or -1, and the height of the stack of open nodes."""
    n = roots.size
    parts = 1 << n
    while True:
        if top == 0:  # the next root cell, the last axis running fastest
            k = n - 1
            cursor[k] += 1
            while k >= 0 and cursor[k] > last[k] >> fine:
                cursor[k] = first[k] >> fine
                k -= 1
                if k >= 0:
                    cursor[k] += 1
            if k < 0 or first[k] > last[k]:
                return -1, 0
            number = 0
            for i in range(n):
                number = number * roots[i] + cursor[i]
            stack[0] = number
            top = 1
        top -= 1
        node = stack[top]
        begin = child[node]
        if begin < 0:
            return node, top
        shift = fine - level[begin]
        for c in range(parts):
            touched = True
            for i in range(n):
                low = index[i, begin + c] << shift
                touched &= (low <= last[i]) and (low + (1 << shift) > first[i])
            if touched:
                stack[top] = begin + c
                top += 1


@jit
def leaves_between(child, level, index, roots, fine, first, last):
    """All leaves that touch the units between two corners."""
    cursor, stack = np.empty(roots.size, dtype=np.int64), np.empty(STACK, dtype=np.int64)
    found = np.empty(16, dtype=np.int64)
    start_walk(first, last, fine, cursor)
    count, top = 0, 0
    while True:
        leaf, top = next_leaf(child, level, index, roots, fine, first, last, cursor, stack, top)
        if leaf < 0:
            return found[:count]
        if count == found.size:
            longer = np.empty(2 * count, dtype=np.int64)
            longer[:count] = found
            found = longer
        found[count] = leaf
        count += 1


@jit
def leaf_at(child, level, index, roots, fine, place):
    """The leaf that holds each unit, given by its number along each axis; shape (n, N) to (N,)."""
    n = roots.size
    found = np.empty(place.shape[1], dtype=np.int64)
    for j in range(place.shape[1]):
        node = 0
        for i in range(n):
            node = node * roots[i] + (place[i, j] >> fine)
        while child[node] >= 0:
            shift = fine - level[child[node]]
            part = 0
            for i in range(n):
                part = 2 * part + ((place[i, j] >> shift) & 1)
            node = child[node] + part
        found[j] = node
    return found


@jit
def raster(child, level, index, roots, fine, values, resolution):
    """Values of leaves on a regular grid, C order, shape (resolution^n,); -1 where leaves of several values meet."""
    n = roots.size
    total = resolution**n
    picture = np.empty(total, dtype=np.int32)
    cursor, stack = np.empty(n, dtype=np.int64), np.empty(STACK, dtype=np.int64)
    low, high = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    for pixel in range(total):
        rest = pixel
        for i in range(n - 1, -1, -1):
            place = rest % resolution
            rest //= resolution
            units = roots[i] << fine
            low[i] = place * units // resolution
            high[i] = max(low[i], -((-(place + 1) * units) // resolution) - 1)
        start_walk(low, high, fine, cursor)
        value, some, top = -1, False, 0
        while True:
            leaf, top = next_leaf(child, level, index, roots, fine, low, high, cursor, stack, top)
            if leaf < 0:
                break
            if some and values[leaf] != value:
                value = -1
                break
            value, some = values[leaf], True
        picture[pixel] = value
    return picture


@jit
def preorder(child, num_roots, parts):
    """All nodes, depth first over the root cells in turn, every node before its children."""
    order = np.empty(child.size, dtype=np.int64)
    stack = np.empty(STACK, dtype=np.int64)
    done = 0
    for root in range(num_roots):
        stack[0], top = root, 1
        while top:
            top -= 1
            node = stack[top]
            order[done] = node
            done += 1
            if child[node] >= 0:
                for c in range(parts - 1, -1, -1):
                    stack[top] = child[node] + c
                    top += 1
    return order


def walk_arrays(tree: Any) -> tuple[NDArray[Any], ...]:
    """The arrays of a tree that ``next_leaf`` takes first."""
    return tree.child, tree.level, tree.index, np.array(tree.roots, dtype=np.int64)
