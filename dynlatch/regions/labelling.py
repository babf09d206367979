"""The compiled loop that labels cells.

A label is a pure function of the cell: it depends on no other cell, on no order and on no number of threads. Orbits
are advanced together in a block, whose arrays hold one orbit, or lane, per column; lanes that end make room for the
next cells. Loops over lanes have no branches that matter, so that they run in the vector unit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from dynlatch.jit import ARRAY, KERNEL_VALUE, VECTOR, jit, jit_as
from dynlatch.regions.labels import CELL_HITS, FAR, LOST_STEPS, Label, Labels, Times

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BLOCK = 1024
"""Orbits advanced together; small enough for the inner caches."""

_DIVERGED, _LEFT, _LATE, _STILL, _UNDEFINED = (float(label) for label in Label)
_MOVING = -9.0
_NUMBERS: Any = types.int64[::1]


@jit_as(
    types.void(
        types.int64, types.int64, types.int64, _NUMBERS, _NUMBERS, _NUMBERS, VECTOR, VECTOR, VECTOR, ARRAY, ARRAY
    )
)  # fmt: skip
def _place(
    cell: int, begin: int, end: int, axes: Ints, counts: Ints, firsts: Ints, origins: Floats, widths: Floats,
    held: Floats, given: Floats, state: Floats,
) -> None:  # fmt: skip
    """Put the middles of the cells from ``cell`` on, or the given states, into lanes ``begin`` to ``end``."""
    if given.shape[1] > 0:
        for i in range(held.size):
            state[i, begin:end] = given[i, cell : cell + end - begin]
        return
    for i in range(held.size):
        state[i, begin:end] = held[i]
    last = counts.size - 1
    index = np.empty(counts.size, dtype=np.int64)
    rest = cell
    for k in range(last, -1, -1):
        index[k] = rest % counts[k]
        rest //= counts[k]
    j = begin
    while j < end:  # one run of cells along the last axis after another
        run = min(end - j, counts[last] - index[last])
        for k in range(last):
            state[axes[k], j : j + run] = origins[k] + widths[k] * (firsts[k] + index[k] + 0.5)
        row, first = state[axes[last]][j : j + run], firsts[last] + index[last] + 0.5
        for i in range(run):
            row[i] = origins[last] + widths[last] * (first + i)
        j += run
        index[last] += run
        k = last
        while k > 0 and index[k] == counts[k]:
            index[k] = 0
            k -= 1
            index[k] += 1


@jit_as(types.void(ARRAY, types.int64, types.int64, VECTOR, ARRAY, VECTOR))
def _distances(state: Floats, begin: int, end: int, centre: Floats, shape: Floats, distance2: Floats) -> None:
    """|shape (a - centre)|^2 for lanes ``begin`` to ``end``."""
    n, m = state.shape[0], end - begin
    for j in range(m):
        distance2[j] = 0.0
    part = np.empty(m)
    for i in range(n):
        for j in range(m):
            part[j] = 0.0
        for q in range(n):
            weight, middle, row = shape[i, q], centre[q], state[q][begin:end]
            for j in range(m):
                part[j] += weight * (row[j] - middle)
        for j in range(m):
            distance2[j] += part[j] * part[j]


@jit_as(
    types.int64(
        ARRAY, types.int64, types.int64, ARRAY, types.float64[:, :, ::1], VECTOR, _NUMBERS, VECTOR, VECTOR, VECTOR
    )
)
def _capture(
    state: Floats, begin: int, end: int, centres: Floats, shapes: Floats, radii2: Floats, owners: Ints, label: Floats,
    entered: Floats, distance2: Floats,
) -> int:  # fmt: skip
    """Label the orbits that are in a capture region; returns how many. One or two states take one pass a region."""
    n, m = state.shape[0], end - begin
    for j in range(m):
        entered[j] = _MOVING
    for k in range(radii2.size):
        owner, radius2 = float(owners[k]), radii2[k]
        if n == 1:
            c0, s00, x0 = centres[k, 0], shapes[k, 0, 0], state[0][begin:end]
            for j in range(m):
                d0 = s00 * (x0[j] - c0)
                entered[j] = owner if d0 * d0 <= radius2 else entered[j]
        elif n == 2:
            c0, c1, x0, x1 = centres[k, 0], centres[k, 1], state[0][begin:end], state[1][begin:end]
            s00, s01, s10, s11 = shapes[k, 0, 0], shapes[k, 0, 1], shapes[k, 1, 0], shapes[k, 1, 1]
            for j in range(m):
                d0, d1 = x0[j] - c0, x1[j] - c1
                e0, e1 = s00 * d0 + s01 * d1, s10 * d0 + s11 * d1
                entered[j] = owner if e0 * e0 + e1 * e1 <= radius2 else entered[j]
        else:
            _distances(state, begin, end, centres[k], shapes[k], distance2)
            for j in range(m):
                entered[j] = owner if distance2[j] <= radius2 else entered[j]
    count, mine = (
        0,
        label[begin:end],
    )  # slices that begin at 0, as an index that might be negative stops the vector unit
    for j in range(m):
        new = (entered[j] != _MOVING) & (mine[j] == _MOVING)
        mine[j] = entered[j] if new else mine[j]
        count += 1 if new else 0
    return count


@jit_as(types.int64(ARRAY, ARRAY, types.int64, VECTOR, VECTOR, VECTOR, VECTOR))
def _watch(before: Floats, after: Floats, m: int, box_lo: Floats, box_hi: Floats, lost: Floats, label: Floats) -> int:
    """Label the orbits that became undefined, passed ``FAR``, stand still or stay outside the box; returns how many.

    Nearly always there are none, which a quick count finds out.
    """
    n = after.shape[0]
    outside = 0
    for i in range(n):
        row, lo, hi = after[i], box_lo[i], box_hi[i]
        for j in range(m):
            outside += 0 if (row[j] >= lo) & (row[j] <= hi) else 1
    same = 0
    old, new = before[0], after[0]
    for j in range(m):
        same += 1 if old[j] == new[j] else 0
    strays = 0
    for j in range(m):
        strays += 1 if lost[j] > 0.0 else 0
    if outside + same + strays == 0:
        return 0
    count = 0
    for j in range(m):
        if label[j] != _MOVING:
            continue
        still, inside, near, defined = True, True, True, True
        for i in range(n):
            value = after[i, j]
            still &= value == before[i, j]
            inside &= (value >= box_lo[i]) and (value <= box_hi[i])
            near &= abs(value) <= FAR
            defined &= value == value
        lost[j] = 0.0 if inside else lost[j] + 1.0
        if not defined or not near:
            label[j] = _DIVERGED if defined else _UNDEFINED
        elif lost[j] >= LOST_STEPS:
            label[j] = _LEFT
        elif still:
            label[j] = _STILL
        count += 1 if label[j] != _MOVING else 0
    return count


@jit_as(types.int64(ARRAY, types.int64, VECTOR, VECTOR, types.int16[::1], _NUMBERS, _NUMBERS, VECTOR))
def _hit_cells(
    state: Floats, m: int, box_lo: Floats, box_hi: Floats, cells: Labels, cell_counts: Ints, hits: Ints, label: Floats
) -> int:
    """Count steps in a row in cells of one recurrent set (packed as owner * 64 + hits); returns how many got there."""
    n = state.shape[0]
    count = 0
    for j in range(m):
        number = 0
        for i in range(n):
            position = (state[i, j] - box_lo[i]) / (box_hi[i] - box_lo[i]) * cell_counts[i]
            if not (position >= 0.0 and position < cell_counts[i]):
                number = -1
                break
            number = number * cell_counts[i] + int(position)
        owner = cells[number] if number >= 0 else 0
        if owner == 0:
            hits[j] = 0
            continue
        hits[j] = hits[j] + 1 if hits[j] // 64 == owner else owner * 64 + 1
        if hits[j] % 64 >= CELL_HITS and label[j] == _MOVING:
            label[j] = owner - 1
            count += 1
    return count


@jit
def _shift(row: NDArray[Any], to: int, begin: int, length: int) -> None:
    target, source = row[to : to + length], row[begin : begin + length]
    for i in range(length):
        target[i] = source[i]


@jit_as(
    types.int64(
        ARRAY,
        types.int64,
        types.int64,
        VECTOR,
        VECTOR,
        VECTOR,
        _NUMBERS,
        _NUMBERS,
        types.boolean,
        types.int16[::1],
        types.int32[::1],
    )
)
def _compact(
    state: Floats, begin: int, end: int, label: Floats, age: Floats, lost: Floats, hits: Ints, place: Ints,
    recurrent: bool, labels: Labels, times: Times,
) -> int:  # fmt: skip
    """Write down the orbits of lanes ``begin`` to ``end`` that have ended and close ranks; returns the new end."""
    n = state.shape[0]
    kept, j = begin, begin
    while j < end:  # a run of lanes that have ended, then a run of lanes that go on: neighbours mostly fare alike
        while j < end and label[j] != _MOVING:
            labels[place[j]] = int(label[j])
            times[place[j]] = int(age[j])
            j += 1
        first = j
        while j < end and label[j] == _MOVING:
            j += 1
        run = j - first
        if kept != first:
            for i in range(n):
                _shift(state[i], kept, first, run)
            _shift(age, kept, first, run)
            _shift(lost, kept, first, run)
            _shift(place, kept, first, run)
            if recurrent:
                _shift(hits, kept, first, run)
        kept += run
    label[begin:kept] = _MOVING
    return kept


@jit_as(
    types.void(
        KERNEL_VALUE, VECTOR, types.int64, types.int64, types.int64,
        _NUMBERS, _NUMBERS, _NUMBERS, VECTOR, VECTOR, VECTOR, ARRAY,
        ARRAY, types.float64[:, :, ::1], VECTOR, _NUMBERS,
        VECTOR, VECTOR, types.int16[::1], _NUMBERS,
        types.int16[::1], types.int32[::1],
    )
)  # fmt: skip
def label_cells(
    kernel: Any, constants: Floats, first: int, last: int, max_steps: int,
    axes: Ints, counts: Ints, firsts: Ints, origins: Floats, widths: Floats, held: Floats, given: Floats,
    centres: Floats, shapes: Floats, radii2: Floats, owners: Ints,
    box_lo: Floats, box_hi: Floats, cells: Labels, cell_counts: Ints,
    labels: Labels, times: Times,
) -> None:  # fmt: skip
    """Label cells ``first`` to ``last`` and record at which step each orbit got its label.

    Cells are numbered in the block of ``counts`` cells whose first one has the indices ``firsts`` in the grid.
    Where ``given`` has columns, these states are labelled in place of the grid's cells, by their numbers.
    Capture region k is the set of a with |shapes[k] (a - centres[k])|^2 <= radii2[k]; entering it gives the label
    owners[k]. ``cells`` (empty, or one entry per cell of the box, C order) holds 1 + the label of recurrent sets.
    Results go to ``labels`` and ``times``, from index 0.
    """
    n = held.size
    state, image = np.empty((n, BLOCK)), np.empty((n, BLOCK))
    label, age, lost = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    hits, place = np.empty(BLOCK, dtype=np.int64), np.empty(BLOCK, dtype=np.int64)
    entered, distance2 = np.empty(BLOCK), np.empty(BLOCK)
    cell, m, ended = first, 0, 0
    while cell < last or m > 0:
        while cell < last and 2 * m <= BLOCK:  # new cells into the free lanes
            end = m + min(BLOCK - m, last - cell)
            _place(cell, m, end, axes, counts, firsts, origins, widths, held, given, state)
            for j in range(m, end):
                label[j] = _MOVING
                age[j] = 0.0
                lost[j] = 0.0
                hits[j] = 0
                place[j] = cell - first + j - m
            cell += end - m
            _capture(state, m, end, centres, shapes, radii2, owners, label, entered, distance2)
            m = _compact(state, m, end, label, age, lost, hits, place, cells.size > 0, labels, times)
        kernel(state, constants, image, m)
        state, image = image, state
        for j in range(m):
            age[j] += 1.0 if label[j] == _MOVING else 0.0
        ended += _capture(state, 0, m, centres, shapes, radii2, owners, label, entered, distance2)
        ended += _watch(image, state, m, box_lo, box_hi, lost, label)
        if cells.size:
            ended += _hit_cells(state, m, box_lo, box_hi, cells, cell_counts, hits, label)
        j = 0
        while j < m and (label[j] != _MOVING or age[j] >= max_steps):  # lanes stand in the order of their birth
            if label[j] == _MOVING:
                label[j] = _LATE
                ended = m
            j += 1
        if 4 * ended >= m:
            m = _compact(state, 0, m, label, age, lost, hits, place, cells.size > 0, labels, times)
            ended = 0
