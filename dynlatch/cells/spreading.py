"""Compiled searches for all that orbits with bounded noise may visit.

Noise widens an image to a neighbourhood that may touch thousands of leaves, nearly all of them known already. So a walk
enters only nodes below which something of interest is left (``wanted``), and only where they are near enough.
"""

# pyright: reportMissingParameterType=false
# numba infers the types of the kernels' arguments.
from __future__ import annotations

import numpy as np

from dynlatch.cells.tree import DEFINED, EXITS
from dynlatch.cells.tree_walk import STACK
from dynlatch.jit import jit


@jit
def _near(index, shift, node, first, last, grow, widths, noise):
    """Whether a node may be within the noise of an image: by units along each axis, or by distance if noise > 0."""
    square = 0.0
    for i in range(first.size):
        begin = index[i, node] << shift
        gap = max(begin - last[i] - 1, first[i] - begin - (1 << shift), 0)
        if begin > last[i] + grow[i] or begin + (1 << shift) <= first[i] - grow[i]:
            return False
        square += (gap * widths[i]) ** 2
    return noise <= 0.0 or square * (1.0 - 1e-12) <= noise * noise


@jit
def _next_wanted(child, level, index, num_roots, fine, first, last, grow, widths, noise, wanted, state, stack):
    """The next wanted leaf near an image, or -1; ``state`` holds the next root and the height of the stack."""
    parts = 1 << first.size
    top = state[1]
    while True:
        if top == 0:
            while state[0] < num_roots and not (
                wanted[state[0]] and _near(index, fine, state[0], first, last, grow, widths, noise)
            ):
                state[0] += 1
            if state[0] >= num_roots:
                return -1
            stack[0], top = state[0], 1
            state[0] += 1
        top -= 1
        node = stack[top]
        begin = child[node]
        if begin < 0:
            if wanted[node]:  # what was wanted when it was put on the stack may have been found since
                state[1] = top
                return node
            continue
        shift = fine - level[begin]
        for c in range(parts):
            if wanted[begin + c] and _near(index, shift, begin + c, first, last, grow, widths, noise):
                stack[top] = begin + c
                top += 1


@jit
def parents(child, parts):
    """The node that each node is a part of, -1 for root cells."""
    parent = np.full(child.size, -1, dtype=np.int32)
    for node in range(child.size):
        if child[node] >= 0:
            for c in range(parts):
                parent[child[node] + c] = node
    return parent


@jit
def _take(node, parent, left, wanted):
    """A wanted leaf is found: it is wanted no more, nor is any node below which nothing is left."""
    while node >= 0:
        wanted[node] = False
        node = parent[node]
        if node >= 0:
            left[node] -= 1
            if left[node] > 0:
                return


@jit
def spread(child, level, index, roots, fine, first, last, status, start, allowed, grow, widths, noise, reached):
    """Mark in ``reached`` everything that orbits from ``start`` may visit; stop at the first that is not allowed.

    Images are widened by ``grow`` units (n,) along each axis; where ``noise`` is positive, leaves farther than that
    from the image in norm 2 are left out (``widths``: the units' least widths). Returns the leaf that is not allowed,
    -2 where an image may leave the box or is not known, -1 where all is allowed.
    """
    n = roots.size
    parts, num_roots = 1 << n, 1
    for i in range(n):
        num_roots *= roots[i]
    parent = parents(child, parts)
    wanted, left = np.ones(child.size, dtype=np.bool_), np.full(child.size, parts, dtype=np.int32)
    stack, queue = np.empty(STACK, dtype=np.int64), np.empty(child.size, dtype=np.int64)
    state = np.zeros(2, dtype=np.int64)
    count = 0
    for node in start:
        if not reached[node]:
            if not allowed[node]:
                return node
            reached[node] = True
            _take(node, parent, left, wanted)
            queue[count] = node
            count += 1
    done = 0
    while done < count:
        here = queue[done]
        done += 1
        if not status[here] & DEFINED or status[here] & EXITS:
            return -2
        low, high = first[:, here], last[:, here]
        for i in range(n):
            if low[i] - grow[i] < 0 or high[i] + grow[i] >= roots[i] << fine:
                return -2
        state[0], state[1] = 0, 0
        while True:
            leaf = _next_wanted(
                child, level, index, num_roots, fine, low, high, grow, widths, noise, wanted, state, stack
            )
            if leaf < 0:
                break
            if not allowed[leaf]:
                return leaf
            reached[leaf] = True
            _take(leaf, parent, left, wanted)
            queue[count] = leaf
            count += 1
    return -1


@jit
def at_stake(child, level, index, roots, fine, first, last, nodes, reached, grow, widths, noise, deepest, chosen):
    """Mark what to halve so that noise may grow: leaves at the edge of ``reached``, on either side, and those whose
    widened image comes near one of these inside. Only leaves above level ``deepest`` are marked."""
    n = roots.size
    num_roots = 1
    for i in range(n):
        num_roots *= roots[i]
    parent = parents(child, 1 << n)
    none, zero = np.zeros(n), np.zeros(n, dtype=np.int64)
    low, high = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    stack, state = np.empty(STACK, dtype=np.int64), np.zeros(2, dtype=np.int64)
    outside, edge = np.zeros(child.size, dtype=np.bool_), np.zeros(child.size, dtype=np.bool_)
    for node in range(child.size):
        if child[node] < 0 and not reached[node]:
            _mark(node, parent, outside)
    for here in nodes:
        shift = fine - level[here]
        for i in range(n):
            begin = index[i, here] << shift
            low[i], high[i] = begin - 1, begin + (1 << shift)
        state[0], state[1] = 0, 0
        while True:
            leaf = _next_wanted(child, level, index, num_roots, fine, low, high, zero, none, 0.0, outside, state, stack)
            if leaf < 0:
                break
            if not edge[here]:
                _mark(here, parent, edge)
            chosen[leaf] |= level[leaf] < deepest
        chosen[here] |= edge[here] and level[here] < deepest
    for here in nodes:
        if level[here] < deepest and not chosen[here]:
            state[0], state[1] = 0, 0
            leaf = _next_wanted(
                child, level, index, num_roots, fine, first[:, here], last[:, here], grow, widths, noise, edge, state,
                stack,
            )  # fmt: skip
            chosen[here] = leaf >= 0


@jit
def _mark(node, parent, marked):
    while node >= 0 and not marked[node]:
        marked[node] = True
        node = parent[node]
