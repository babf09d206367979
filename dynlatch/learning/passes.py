"""One sequence for each lane: forwards, and backwards through time (BSF94, eq. 4), compiled for any wiring.

x_i(t) = f(a_i(t)). With e the cost (x_N - d)^2 / 2 of a lane and delta_i(t) = de/da_i(t), a parameter's share of the
gradient at step t is the term of eq. 4, delta_i(t) z(t), z being what its connection carries; the diagonal Gauss-Newton
curvature of that share is h_i(t) z(t)^2 (after Becker and Le Cun), where

    h_i(t) = f'(a_i)^2 [ sum_k w_ki^2 h_k(t + 1) + sum_k F_ki^2 h_k(t) + 1{t = N, i = output} ]

and F are the same-step weights.

Discrete error propagation (eqs. 7-10) replaces delta by a random pseudo-gradient.
"""

# pyright: reportMissingParameterType=false, reportUnknownParameterType=false
# numba infers the types of the kernels' arguments.
from __future__ import annotations

from typing import Final

from dynlatch.jit import jit_part
from dynlatch.lanes import (
    LANES,
    at_least,
    equal,
    fma,
    gather,
    larger,
    load,
    magnitude,
    smaller,
    spread,
    store,
    where,
)
from dynlatch.learning.block import RING
from dynlatch.learning.streams import normal, uniform_row
from dynlatch.maps.elementary import tanh

_TINY: Final = 1e-290


# --- forwards ---------------------------------------------------------------------------------------------------------


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
    size = steps * wiring.num_signals
    begun, until, last_cue = steps + 1, 0, max(1, _last_cue(wiring))
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
    """As ``choose`` where every lane presents sequence ``row`` of its own trial."""
    size = steps * wiring.num_signals
    begun, until, last_cue = steps + 1, 0, max(1, _last_cue(wiring))
    store(block.begin, 0, steps + 1.0 - load(block.lengths, row))
    store(block.wanted, 0, load(block.classes, row) * load(block.aim, 0))
    for q in range(wiring.cue_step.size):
        mine = equal(load(block.classes, row), wiring.cue_class[q])
        store(block.cue_at, q, mine * (load(block.begin, 0) + (wiring.cue_step[q] - 1.0)))
    for lane in range(LANES):
        begin = int(block.begin[0, lane])
        block.places[0, lane] = block.bases[0, lane] + row * size
        begun = min(begun, begin)
        until = max(until, begin if begin <= steps else 0)
    block.until[0, 0] = until + last_cue - 1
    return begun


@jit_part
def _normal(x):
    """0 for what is smaller than ``_TINY``: arithmetic with subnormal numbers takes ten times as long."""
    return where(_TINY - magnitude(x), 0.0, x)


@jit_part
def _enter(wiring, block, t, base):
    """The signals and ones of step t, into the rows from ``base`` on."""
    row = base + wiring.num_units
    for k in range(wiring.num_signals):
        store(block.signals, row + k, gather(block.data, block.places, 0, (t - 1) * wiring.num_signals + k))
    if wiring.biased:
        store(block.signals, row + wiring.num_signals, _alive(block, t))


@jit_part
def _alive(block, t):
    """1 where the sequence has begun."""
    return at_least(float(t), load(block.begin, 0)) if t <= block.until[0, 0] else spread(1.0)


@jit_part
def _carried(wiring, block, i, c, t, base):
    """What connection c to unit i carries at step t."""
    if c < wiring.cued[i]:
        return load(block.signals, base + wiring.source[c])
    return equal(load(block.cue_at, wiring.source[c]), float(t))


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
        a = spread(0.0)
        last = wiring.first[i + 1] if cues else wiring.cued[i]
        for c in range(wiring.first[i], last):
            a = fma(load(weights, wiring.weight[c]), _carried(wiring, block, i, c, t, base), a)
        if wiring.threshold:
            store(signals, base + i, where(_alive(block, t), where(at_least(a, 0.0), 1.0, -1.0), 0.0))
            store(block.activations, slot * wiring.num_units + i, a)
        else:
            store(signals, base + i, _normal(tanh(a)))


@jit_part
def is_disturbed(block):
    """Whether any lane wants fresh noise."""
    most = 0.0
    for lane in range(LANES):
        most = max(most, block.fresh[0, lane])
    return most > 0.0


@jit_part
def forward(wiring, block, begun, steps):
    """States of all steps from ``begun`` on, kept; returns the output row."""
    disturbed = is_disturbed(block)
    for i in range(wiring.num_units):
        store(block.signals, (begun - 1) * wiring.width + i, 0.0)
    for t in range(begun, steps + 1):
        base = t * wiring.width
        _enter(wiring, block, t, base)
        if disturbed:
            _disturb(wiring, block, t, base)
        _advance(wiring, block, t, base, t)
    return steps * wiring.width + wiring.output


@jit_part
def forward_only(wiring, block, begun, steps):
    """As ``forward``, but only the last states are kept."""
    disturbed = is_disturbed(block)
    base = 0
    for i in range(wiring.num_units):
        store(block.signals, i, 0.0)
    for t in range(begun, steps + 1):
        if base == RING * wiring.width:
            for i in range(wiring.num_units):
                store(block.signals, i, load(block.signals, base + i))
            base = 0
        base += wiring.width
        _enter(wiring, block, t, base)
        if disturbed:
            _disturb(wiring, block, t, base)
        _advance(wiring, block, t, base, 1)
    return base + wiring.output


# --- backwards --------------------------------------------------------------------------------------------------------


@jit_part
def _begin_backwards(wiring, block, steps, output_row):
    """No error beyond the last step; returns x_N - d."""
    beyond = _delta_row(wiring, block, steps + 1)
    for i in range(wiring.num_units):
        store(block.deltas, beyond + i, 0.0)
        store(block.bends, beyond + i, 0.0)
    return load(block.signals, output_row) - load(block.wanted, 0)


@jit_part
def _delta_row(wiring, block, t):
    """The first row of deltas of step t."""
    return t * wiring.num_units % block.deltas.shape[0]


@jit_part
def _clear(rows, first, count):
    for p in range(first, first + count):
        store(rows, p, 0.0)


@jit_part
def _sent_back(wiring, block, i, here, later):
    """sum_k w_ki delta_k over what unit i leads to."""
    e = spread(0.0)
    for o in range(wiring.out_first[i], wiring.out_first[i + 1]):
        from_row = (later if wiring.out_later[o] else here) + wiring.out_unit[o]
        e = fma(load(block.weights, wiring.out_weight[o]), load(block.deltas, from_row), e)
    return e


@jit_part
def _add_shares(wiring, block, i, t, base, delta):
    """Add what step t contributes to the gradient by the weights that lead to unit i."""
    totals = block.gradient
    for c in range(wiring.free[i], wiring.cued_fixed[i] if t <= block.until[0, 0] else wiring.cued[i]):
        p = wiring.weight[c]
        store(totals, p, fma(delta, _carried(wiring, block, i, c, t, base), load(totals, p)))


@jit_part
def gradient(wiring, block, begun, steps, output_row):
    """The gradient of each lane's cost: totals over all steps."""
    n = wiring.num_units
    miss = _begin_backwards(wiring, block, steps, output_row)
    _clear(block.gradient, 0, wiring.num_parameters)
    for back in range(steps - begun + 1):
        t = steps - back
        base = t * wiring.width
        here, later = _delta_row(wiring, block, t), _delta_row(wiring, block, t + 1)
        alive = _alive(block, t)
        for reverse in range(n):
            i = n - 1 - reverse
            e = _sent_back(wiring, block, i, here, later)
            if t == steps and i == wiring.output:
                e = e + miss
            x = load(block.signals, base + i)
            # Before a sequence begins f' is 1, so deltas could overflow there, and inf * 0 would be nan.
            delta = where(alive, _normal(e * fma(0.0 - x, x, 1.0)), 0.0)
            store(block.deltas, here + i, delta)
            _add_shares(wiring, block, i, t, base, delta)


@jit_part
def gradient_and_curvature(wiring, block, begun, steps, output_row, terms):
    """Gradient and diagonal curvature of each lane's cost: totals, or with ``terms`` those of each step apart."""
    n = wiring.num_units
    signals, weights, deltas, bends = block.signals, block.weights, block.deltas, block.bends
    slopes, curvature = block.gradient, block.curvature
    miss = _begin_backwards(wiring, block, steps, output_row)
    _clear(slopes, 0, wiring.num_parameters)
    _clear(curvature, 0, wiring.num_parameters)
    for back in range(steps - begun + 1):
        t = steps - back
        base = t * wiring.width
        here, later = _delta_row(wiring, block, t), _delta_row(wiring, block, t + 1)
        cues = t <= block.until[0, 0]
        alive = _alive(block, t)
        into = 0
        if terms:
            into = t * wiring.num_parameters
            _clear(slopes, into, wiring.num_parameters)
            _clear(curvature, into, wiring.num_parameters)
        for reverse in range(n):
            i = n - 1 - reverse
            e = spread(0.0)
            h = spread(0.0)
            if t == steps and i == wiring.output:
                e = miss
                h = spread(1.0)
            for o in range(wiring.out_first[i], wiring.out_first[i + 1]):
                w = load(weights, wiring.out_weight[o])
                from_row = (later if wiring.out_later[o] else here) + wiring.out_unit[o]
                e = fma(w, load(deltas, from_row), e)
                h = fma(w * w, load(bends, from_row), h)
            x = load(signals, base + i)
            slope = fma(0.0 - x, x, 1.0)
            delta = where(alive, _normal(e * slope), 0.0)
            bend = where(alive, _normal(h * (slope * slope)), 0.0)
            store(deltas, here + i, delta)
            store(bends, here + i, bend)
            for c in range(wiring.free[i], wiring.cued_fixed[i] if cues else wiring.cued[i]):
                p = into + wiring.weight[c]
                z = _carried(wiring, block, i, c, t, base)
                store(slopes, p, fma(delta, z, load(slopes, p)))
                store(curvature, p, fma(bend, z * z, load(curvature, p)))


@jit_part
def pseudo_gradient(wiring, block, begun, steps, output_row, least, most, margin):
    """Discrete error propagation (eqs. 7-10 as corrected): a random pseudo-gradient, totals over all steps.

    With g = sum_k w_k (dC/da_k), plus y - d at the last output, clipped to [least, most]: S = +2 with probability
    (g - least) / (most - least), else -2, and nothing where g = 0; dC/da = 1 / (margin + a) if S = 2 and a >= 0,
    -1 / (margin - a) if S = -2 and a < 0, else 0.
    """
    n = wiring.num_units
    miss = _begin_backwards(wiring, block, steps, output_row)
    _clear(block.gradient, 0, wiring.num_parameters)
    for back in range(steps - begun + 1):
        t = steps - back
        base = t * wiring.width
        here, later = _delta_row(wiring, block, t), _delta_row(wiring, block, t + 1)
        alive = _alive(block, t)
        for reverse in range(n):
            i = n - 1 - reverse
            g = _sent_back(wiring, block, i, here, later)
            if t == steps and i == wiring.output:
                g = g + miss
            g = larger(smaller(g, most), least)
            uniform_row(block.streams, block.scratch, 0, block.begin, t)
            up = 1.0 - at_least(load(block.scratch, 0) * (most - least), g - least)  # 1 with the probability of S = +2
            a = load(block.activations, t * n + i)
            high = at_least(a, 0.0)
            delta = where(high, up / (margin + a), (up - 1.0) / (margin - a))
            delta = where(equal(g, 0.0), 0.0, where(alive, delta, 0.0))
            store(block.deltas, here + i, delta)
            _add_shares(wiring, block, i, t, base, delta)
