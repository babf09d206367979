"""What a cell can be called, and the compiled loop that calls it so.

A label is a pure function of the cell: it depends on no other cell, on no order and on no number of threads.
"""

from __future__ import annotations

import enum
from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from dynlatch.jit import ARRAY, KERNEL_VALUE, VECTOR, jit_as

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Labels = NDArray[np.int16]
Times = NDArray[np.int32]


class Label(enum.IntEnum):
    """Labels below 0; labels from 0 on are indices of attractors."""

    DIVERGED = -1
    """A coordinate passed 10^6."""
    LEFT_THE_BOX = -2
    """The orbit stayed outside the box of interest."""
    OUT_OF_TIME = -3
    """The orbit had not settled when its steps were used up."""
    UNDECIDED = -4
    """The orbit stands still at a state that is no known attractor, such as an unstable fixed point."""
    UNDEFINED = -5
    """The map has no value somewhere along the orbit."""


DIVERGED, LEFT_THE_BOX, OUT_OF_TIME, UNDECIDED, UNDEFINED = (int(label) for label in Label)
_MOVING = -9.0

BLOCK = 1024
"""Orbits advanced together; small enough for the innermost cache."""
STRIDE = 4
"""Steps between two looks at which orbits have ended."""
FAR = 1e6
LOST_STEPS = 20
CELL_HITS = 16
"""Consecutive steps in the cells of a recurrent set that count as having reached it."""

_INTS: Any = types.int64[::1]


@jit_as(types.void(types.int64, types.int64, _INTS, _INTS, VECTOR, VECTOR, VECTOR, ARRAY))
def _place(
    block: int, m: int, axes: Ints, counts: Ints, origins: Floats, widths: Floats, held: Floats, state: Floats
) -> None:
    """The middles of cells ``block`` to ``block + m``."""
    for i in range(held.size):
        for j in range(m):
            state[i, j] = held[i]
    index = np.empty(counts.size, dtype=np.int64)
    rest = block
    for k in range(counts.size - 1, -1, -1):
        index[k] = rest % counts[k]
        rest //= counts[k]
    last = counts.size - 1
    j = 0
    while j < m:  # one run of cells along the last axis after another
        run = min(m - j, counts[last] - index[last])
        for k in range(last):
            row, middle = state[axes[k]], origins[k] + widths[k] * (index[k] + 0.5)
            for i in range(run):
                row[j + i] = middle
        row, begin = state[axes[last]], index[last] + 0.5
        for i in range(run):
            row[j + i] = origins[last] + widths[last] * (begin + i)
        j += run
        index[last] += run
        k = last
        while k > 0 and index[k] == counts[k]:
            index[k] = 0
            k -= 1
            index[k] += 1


@jit_as(types.void(ARRAY, types.int64, VECTOR, ARRAY, VECTOR))
def _distances(state: Floats, m: int, centre: Floats, shape: Floats, distance2: Floats) -> None:
    """|shape (a - centre)|^2 of ``m`` states."""
    n = state.shape[0]
    part = np.empty(BLOCK)
    for j in range(m):
        distance2[j] = 0.0
    for i in range(n):
        for j in range(m):
            part[j] = 0.0
        for q in range(n):
            weight, middle = shape[i, q], centre[q]
            row = state[q]
            for j in range(m):
                part[j] += weight * (row[j] - middle)
        for j in range(m):
            distance2[j] += part[j] * part[j]


@jit_as(
    types.void(
        ARRAY, types.int64, types.float64, ARRAY, types.float64[:, :, ::1], VECTOR, _INTS,
        VECTOR, VECTOR, VECTOR, VECTOR,
    )
)  # fmt: skip
def _capture(
    state: Floats,
    m: int,
    step: float,
    centres: Floats,
    shapes: Floats,
    radii2: Floats,
    owners: Ints,
    label: Floats,
    time: Floats,
    entered: Floats,
    distance2: Floats,
) -> None:
    """Label the orbits that have entered a capture region; one and two states in a single pass a region."""
    n = state.shape[0]
    for j in range(m):
        entered[j] = _MOVING
    for k in range(radii2.size):
        owner, radius2 = float(owners[k]), radii2[k]
        if n == 1:
            c0, s00, x0 = centres[k, 0], shapes[k, 0, 0], state[0]
            for j in range(m):
                d0 = s00 * (x0[j] - c0)
                entered[j] = owner if d0 * d0 <= radius2 else entered[j]
        elif n == 2:
            c0, c1, x0, x1 = centres[k, 0], centres[k, 1], state[0], state[1]
            s00, s01, s10, s11 = shapes[k, 0, 0], shapes[k, 0, 1], shapes[k, 1, 0], shapes[k, 1, 1]
            for j in range(m):
                d0, d1 = x0[j] - c0, x1[j] - c1
                e0, e1 = s00 * d0 + s01 * d1, s10 * d0 + s11 * d1
                entered[j] = owner if e0 * e0 + e1 * e1 <= radius2 else entered[j]
        else:
            _distances(state, m, centres[k], shapes[k], distance2)
            for j in range(m):
                entered[j] = owner if distance2[j] <= radius2 else entered[j]
    for j in range(m):
        new = (entered[j] != _MOVING) & (label[j] == _MOVING)
        label[j] = entered[j] if new else label[j]
        time[j] = step if new else time[j]


@jit_as(types.void(ARRAY, types.int64, types.float64, VECTOR, VECTOR))
def _watch(state: Floats, m: int, step: float, label: Floats, time: Floats) -> None:
    """Note orbits that became undefined or passed ``FAR``; a quick count first, as nearly always there are none."""
    for i in range(state.shape[0]):
        row = state[i]
        gone = 0
        for j in range(m):
            gone += 0 if abs(row[j]) <= FAR else 1
        if gone:
            for j in range(m):
                if label[j] == _MOVING and not abs(row[j]) <= FAR:
                    label[j] = DIVERGED if abs(row[j]) > FAR else UNDEFINED
                    time[j] = step


@jit_as(types.void(ARRAY, ARRAY, types.int64, types.float64, VECTOR, VECTOR))
def _stand(before: Floats, after: Floats, m: int, step: float, label: Floats, time: Floats) -> None:
    """Note orbits that stand still outside every capture region."""
    for j in range(m):
        still = label[j] == _MOVING
        for i in range(before.shape[0]):
            still &= before[i, j] == after[i, j]
        if still:
            label[j] = UNDECIDED
            time[j] = step


@jit_as(types.void(ARRAY, types.int64, types.int64, VECTOR, VECTOR, _INTS, VECTOR, VECTOR))
def _lose(
    state: Floats, m: int, step: float, box_lo: Floats, box_hi: Floats, lost: Ints, label: Floats, time: Floats
) -> None:
    """Count the steps that orbits spend outside the box."""
    n = state.shape[0]
    for j in range(m):
        outside = False
        for i in range(n):
            outside |= (state[i, j] < box_lo[i]) | (state[i, j] > box_hi[i])
        lost[j] = lost[j] + STRIDE if outside else 0
        if lost[j] > LOST_STEPS and label[j] == _MOVING:
            label[j] = LEFT_THE_BOX
            time[j] = step


@jit_as(
    types.void(
        ARRAY, types.int64, types.float64, VECTOR, VECTOR, types.int16[::1], _INTS, _INTS, VECTOR, VECTOR
    )
)  # fmt: skip
def _hit_cells(
    state: Floats,
    m: int,
    step: float,
    box_lo: Floats,
    box_hi: Floats,
    cells: Labels,
    cell_counts: Ints,
    hits: Ints,
    label: Floats,
    time: Floats,
) -> None:
    """Count the consecutive steps in cells of one recurrent set (packed as owner * 64 + hits)."""
    n = state.shape[0]
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
            time[j] = step


@jit_as(
    types.int64(ARRAY, types.int64, VECTOR, VECTOR, _INTS, _INTS, _INTS, types.int16[::1], types.int32[::1])
)  # fmt: skip
def _compact(
    state: Floats,
    m: int,
    label: Floats,
    time: Floats,
    lost: Ints,
    hits: Ints,
    place: Ints,
    labels: Labels,
    times: Times,
) -> int:
    """Write down the orbits that have ended and close ranks; returns how many go on."""
    n = state.shape[0]
    kept = 0
    for j in range(m):
        if label[j] != _MOVING:
            labels[place[j]] = int(label[j])
            times[place[j]] = int(time[j])
        else:
            if kept != j:
                for i in range(n):
                    state[i, kept] = state[i, j]
                label[kept] = label[j]
                lost[kept] = lost[j]
                hits[kept] = hits[j]
                place[kept] = place[j]
            kept += 1
    return kept


@jit_as(
    types.void(
        KERNEL_VALUE, VECTOR, types.int64, types.int64, types.int64,
        _INTS, _INTS, VECTOR, VECTOR, VECTOR,
        ARRAY, types.float64[:, :, ::1], VECTOR, _INTS,
        VECTOR, VECTOR, types.int16[::1], _INTS,
        types.int16[::1], types.int32[::1],
    )
)  # fmt: skip
def label_cells(
    kernel: Any,
    constants: Floats,
    first: int,
    last: int,
    max_steps: int,
    axes: Ints,
    counts: Ints,
    origins: Floats,
    widths: Floats,
    held: Floats,
    centres: Floats,
    shapes: Floats,
    radii2: Floats,
    owners: Ints,
    box_lo: Floats,
    box_hi: Floats,
    cells: Labels,
    cell_counts: Ints,
    labels: Labels,
    times: Times,
) -> None:
    """Label cells ``first`` to ``last`` and record when their orbits first entered a capture region.

    Capture region k is the set of a with |shapes[k] (a - centres[k])|^2 <= radii2[k]; entering it gives the label
    owners[k]. ``cells`` (empty, or one entry per cell of the box, C order) holds 1 + the label of recurrent sets.
    Results go to ``labels`` and ``times``, from index 0.
    """
    n = held.size
    state = np.empty((n, BLOCK))
    image = np.empty((n, BLOCK))
    label = np.empty(BLOCK)
    time = np.empty(BLOCK)
    lost = np.empty(BLOCK, dtype=np.int64)
    hits = np.empty(BLOCK, dtype=np.int64)
    place = np.empty(BLOCK, dtype=np.int64)
    entered = np.empty(BLOCK)
    distance2 = np.empty(BLOCK)
    for block in range(first, last, BLOCK):
        m = min(BLOCK, last - block)
        _place(block, m, axes, counts, origins, widths, held, state)
        for j in range(m):
            label[j] = _MOVING
            time[j] = 0.0
            lost[j] = 0
            hits[j] = 0
            place[j] = block - first + j
        _capture(state, m, 0.0, centres, shapes, radii2, owners, label, time, entered, distance2)
        step = 0
        while m > 0:
            if cells.size:
                _hit_cells(state, m, float(step), box_lo, box_hi, cells, cell_counts, hits, label, time)
            if step % STRIDE == 0 and step > 0:
                _lose(state, m, step, box_lo, box_hi, lost, label, time)
            if step % STRIDE == 0 or step < STRIDE:
                m = _compact(state, m, label, time, lost, hits, place, labels, times)
            if step >= max_steps:
                for j in range(m):
                    labels[place[j]] = OUT_OF_TIME
                    times[place[j]] = max_steps
                break
            kernel(state, constants, image, m)
            step += 1
            state, image = image, state
            _watch(state, m, float(step), label, time)
            _capture(state, m, float(step), centres, shapes, radii2, owners, label, time, entered, distance2)
            if step % STRIDE == 0:
                _stand(image, state, m, float(step), label, time)
