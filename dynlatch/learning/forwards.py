"""One sequence for each lane, forwards: x_i(t) = f(a_i(t)), compiled for any wiring."""

# pyright: reportMissingParameterType=false, reportUnknownParameterType=false
# numba infers the types of the kernels' arguments.
from __future__ import annotations

from typing import Final

from dynlatch.jit import jit_part
from dynlatch.lanes import LANES, at, at_least, equal, fma, gather, load, magnitude, spread, store, where
from dynlatch.learning.block import RING, STRETCH
from dynlatch.learning.streams import normal
from dynlatch.maps.elementary import tanh

_TINY: Final = 1e-290


@jit_part
def _last_cue(wiring):
    last = 0
    for q in range(wiring.cue_step.size):
        last = max(last, wiring.cue_step[q])
    return last


@jit_part
def choose(wiring, block, which, whose, steps):
    """Make sequence ``which[lane]`` of the trial in column ``whose[lane]`` the present one of each lane.

    Returns: the first step at which any of them has begun.
    """
    size = steps * wiring.num_signals * block.apart[0, 0]
    begun, until, last_cue = steps + 1, 0, max(1, _last_cue(wiring))
    block.row[0, 0] = -1
    for lane in range(LANES):
        s, trial = which[lane], whose[lane]
        begin = steps + 1 - int(block.lengths[s, trial])
        begun = min(begun, begin)
        if begin <= steps:
            until = max(until, begin + last_cue - 1)
        block.places[0, lane] = block.bases[0, trial] + s * size
        block.begin[0, lane] = begin
        block.wanted[0, lane] = block.classes[s, trial] * block.aim[0, trial]
        for q in range(wiring.cue_step.size):
            mine = block.classes[s, trial] == wiring.cue_class[q]
            block.cue_at[q, lane] = begin + wiring.cue_step[q] - 1 if mine else 0
    block.until[0, 0] = until
    return begun


@jit_part
def choose_row(wiring, block, row, steps):
    """As ``choose`` where every lane presents sequence ``row`` of its own trial, of a block that is ``in_step``."""
    begun, until, last_cue = steps + 1, 0, max(1, _last_cue(wiring))
    store(block.begin, 0, steps + 1.0 - load(block.lengths, row))
    store(block.wanted, 0, load(block.classes, row) * load(block.aim, 0))
    for q in range(wiring.cue_step.size):
        mine = equal(load(block.classes, row), wiring.cue_class[q])
        store(block.cue_at, q, mine * (load(block.begin, 0) + (wiring.cue_step[q] - 1.0)))
    for lane in range(LANES):
        begin = int(block.begin[0, lane])
        begun = min(begun, begin)
        until = max(until, begin if begin <= steps else 0)
    block.until[0, 0] = until + last_cue - 1
    block.row[0, 0] = row * steps * wiring.num_signals
    return begun


@jit_part
def unless_tiny(x):
    """0 for what is smaller than ``_TINY``: arithmetic with subnormal numbers takes ten times as long.

    To do so every ``STRETCH`` steps is enough: 1e-290 takes as many to fade to a subnormal number, unless each step
    divides it by more than 100.
    """
    return where(_TINY - magnitude(x), 0.0, x)


@jit_part
def _enter(wiring, block, t, base):
    """The signals and ones of step t, into the rows from ``base`` on."""
    row, first = base + wiring.num_units, block.row[0, 0]
    for k in range(wiring.num_signals):
        place = (t - 1) * wiring.num_signals + k
        if first >= 0:
            z = load(block.data, first + place)
        else:
            z = gather(block.data, block.places, 0, place * block.apart[0, 0])
        store(block.signals, row + k, z)
    if wiring.biased:
        store(block.signals, row + wiring.num_signals, alive(block, t))


@jit_part
def alive(block, t):
    """1 where the sequence has begun."""
    return at_least(float(t), load(block.begin, 0)) if t <= block.until[0, 0] else spread(1.0)


@jit_part
def carried(wiring, block, c, base):
    """What connection c, which comes from no cue, carries at the step whose rows begin at ``base``."""
    return load(block.signals, base + at(wiring.source, c))


@jit_part
def cue(wiring, block, c, t):
    """What connection c, which comes from a cue, carries at step t."""
    return equal(load(block.cue_at, at(wiring.source, c)), float(t))


@jit_part
def _disturb(wiring, block, t, base):
    """Add fresh noise to the signals of step t in lanes that want it."""
    last_cue = _last_cue(wiring)
    for lane in range(LANES):
        if block.fresh[0, lane] > 0.0 and t >= block.begin[0, lane] + last_cue:
            for k in range(wiring.num_signals):
                block.signals[base + wiring.num_units + k, lane] += block.fresh[0, lane] * normal(block.streams, lane)


@jit_part
def _advance(wiring, block, t, base, slot):
    """The states of all units at step t; activations of threshold units are kept as those of step ``slot``."""
    signals, weights = block.signals, block.weights
    cues = t <= block.until[0, 0]
    for i in range(wiring.num_units):
        a = _activation(wiring, block, i, base)
        if cues:
            for c in range(at(wiring.cued, i), at(wiring.first, i + 1)):
                a = fma(load(weights, at(wiring.weight, c)), cue(wiring, block, c, t), a)
        if wiring.threshold:
            store(signals, base + i, where(alive(block, t), where(at_least(a, 0.0), 1.0, -1.0), 0.0))
            store(block.activations, slot * wiring.num_units + i, a)
        else:
            store(signals, base + i, _state(a, t))


@jit_part
def _activation(wiring, block, i, base):
    """What unit i gets at the step whose rows begin at ``base``, but from cues."""
    a = spread(0.0)
    for c in range(at(wiring.first, i), at(wiring.cued, i)):
        a = fma(load(block.weights, at(wiring.weight, c)), carried(wiring, block, c, base), a)
    return a


@jit_part
def _state(a, t):
    """tanh at step t."""
    x = tanh(a)
    return unless_tiny(x) if t % STRETCH == 0 else x


@jit_part
def _go_on(wiring, block, t, base):
    """As ``_enter`` and ``_advance`` of tanh units, where every sequence has begun and no cue or noise is to come."""
    _enter(wiring, block, t, base)
    for i in range(wiring.num_units):
        store(block.signals, base + i, _state(_activation(wiring, block, i, base), t))


@jit_part
def is_disturbed(block):
    """Whether any lane wants fresh noise."""
    found = False
    for lane in range(LANES):
        found |= block.fresh[0, lane] > 0.0
    return found


@jit_part
def _last_special(wiring, block, disturbed, steps):
    """The last step that needs more than ``_go_on``: a loop of this alone keeps all its constants in registers."""
    return steps if wiring.threshold or disturbed else min(block.until[0, 0], steps)


@jit_part
def forward(wiring, block, begun, steps):
    """States of all steps from ``begun`` on, kept; returns the output row."""
    disturbed = is_disturbed(block)
    special = _last_special(wiring, block, disturbed, steps)
    for i in range(wiring.num_units):
        store(block.signals, (begun - 1) * wiring.width + i, 0.0)
    for t in range(begun, special + 1):
        base = t * wiring.width
        _enter(wiring, block, t, base)
        if disturbed:
            _disturb(wiring, block, t, base)
        _advance(wiring, block, t, base, t)
    for t in range(max(begun, special + 1), steps + 1):
        _go_on(wiring, block, t, t * wiring.width)
    return steps * wiring.width + wiring.output


@jit_part
def _turn(wiring, block, base):
    """Where the rows of the next step begin, after those from ``base`` on, in a ring."""
    if base == RING * wiring.width:
        for i in range(wiring.num_units):
            store(block.signals, i, load(block.signals, base + i))
        base = 0
    return base + wiring.width


@jit_part
def forward_only(wiring, block, begun, steps):
    """As ``forward``, but only the last states are kept."""
    disturbed = is_disturbed(block)
    special = _last_special(wiring, block, disturbed, steps)
    base = 0
    for i in range(wiring.num_units):
        store(block.signals, i, 0.0)
    for t in range(begun, special + 1):
        base = _turn(wiring, block, base)
        _enter(wiring, block, t, base)
        if disturbed:
            _disturb(wiring, block, t, base)
        _advance(wiring, block, t, base, 1)
    for t in range(max(begun, special + 1), steps + 1):
        base = _turn(wiring, block, base)
        _go_on(wiring, block, t, base)
    return base + wiring.output
