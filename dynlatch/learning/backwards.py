"""One sequence for each lane, backwards through time (BSF94, eq. 4), compiled for any wiring.

With e the cost (x_N - d)^2 / 2 of a lane and delta_i(t) = de/da_i(t), a parameter's share of the
gradient at step t is the term of eq. 4, delta_i(t) z(t), z being what its connection carries; the diagonal Gauss-Newton
curvature of that share is h_i(t) z(t)^2 (after Becker and Le Cun), where

    h_i(t) = f'(a_i)^2 [ sum_k w_ki^2 h_k(t + 1) + sum_k F_ki^2 h_k(t) + 1{t = N, i = output} ]

and F are the same-step weights.

Discrete error propagation (eqs. 7-10) replaces delta by a random pseudo-gradient.
"""

# pyright: reportMissingParameterType=false, reportUnknownParameterType=false
# numba infers the types of the kernels' arguments.
from __future__ import annotations

from dynlatch.jit import jit_part
from dynlatch.lanes import at, at_least, equal, fma, larger, load, smaller, spread, store, where
from dynlatch.learning.block import STRETCH
from dynlatch.learning.forwards import alive, carried, cue, unless_tiny
from dynlatch.learning.streams import uniform_row


@jit_part
def _begin_backwards(wiring, block, beyond, output_row):
    """No error beyond the last step, in the rows of deltas from ``beyond`` on; returns x_N - d."""
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
    for o in range(at(wiring.out_first, i), at(wiring.out_first, i + 1)):
        from_row = (later if at(wiring.out_later, o) else here) + at(wiring.out_unit, o)
        e = fma(load(block.weights, at(wiring.out_weight, o)), load(block.deltas, from_row), e)
    return e


@jit_part
def _sent_back_to_twins(wiring, block, i, here, later):
    """As ``_sent_back`` for unit i and the one before it, its twin, so that a delta is read once for both."""
    e, before = spread(0.0), spread(0.0)
    apart = at(wiring.out_first, i) - at(wiring.out_first, i - 1)
    for o in range(at(wiring.out_first, i), at(wiring.out_first, i + 1)):
        from_row = (later if at(wiring.out_later, o) else here) + at(wiring.out_unit, o)
        delta = load(block.deltas, from_row)
        e = fma(load(block.weights, at(wiring.out_weight, o)), delta, e)
        before = fma(load(block.weights, at(wiring.out_weight, o - apart)), delta, before)
    return e, before


@jit_part
def _add_shares(wiring, block, i, t, base, delta):
    """Add what step t contributes to the gradient by the weights that lead to unit i."""
    totals = block.gradient
    for c in range(at(wiring.free, i), at(wiring.cued, i)):
        p = at(wiring.weight, c)
        store(totals, p, fma(delta, carried(wiring, block, c, base), load(totals, p)))
    if t <= block.until[0, 0]:
        _add_cue_shares(wiring, block, i, t, delta, 0)


@jit_part
def _add_cue_shares(wiring, block, i, t, delta, into):
    """That by the weights of cues, to the totals in the rows from ``into`` on."""
    totals = block.gradient
    for c in range(at(wiring.cued, i), at(wiring.cued_fixed, i)):
        p = into + at(wiring.weight, c)
        store(totals, p, fma(delta, cue(wiring, block, c, t), load(totals, p)))


@jit_part
def gradient(wiring, block, begun, steps, output_row, into):
    """The gradient of each lane's cost: totals over all steps, in the rows from ``into`` on.

    ``STRETCH`` steps at a time: first their deltas, which then stand one step after another, and after those what the
    steps contribute, four weights at a time, so that their totals are read and written once.
    """
    n = wiring.num_units
    miss = _begin_backwards(wiring, block, STRETCH * n, output_row)
    _clear(block.gradient, into, wiring.num_parameters)
    last = steps
    while last >= begun:
        count = min(STRETCH, last - begun + 1)
        first = (STRETCH - count) * n
        for back in range(count):
            t, here = last - back, (STRETCH - 1 - back) * n
            i = n - 1
            while i >= 0:
                if at(wiring.twin, i):
                    e, before = _sent_back_to_twins(wiring, block, i, here, here + n)
                    _set_delta(wiring, block, i, t, back, e, miss, steps, into)
                    _set_delta(wiring, block, i - 1, t, back, before, miss, steps, into)
                    i -= 2
                else:
                    e = _sent_back(wiring, block, i, here, here + n)
                    _set_delta(wiring, block, i, t, back, e, miss, steps, into)
                    i -= 1
        for i in range(n):
            _add_stretch(wiring, block, i, first + i, (last - count + 1) * wiring.width, count, into)
        for i in range(n):
            store(block.deltas, STRETCH * n + i, load(block.deltas, first + i))
        last -= count


@jit_part
def _set_delta(wiring, block, i, t, back, e, miss, steps, into):
    """Keep the delta of unit i at step t, ``back`` steps before the end of a stretch, from what is sent back to it."""
    if t == steps and i == wiring.output:
        e = e + miss
    x = load(block.signals, t * wiring.width + i)
    delta = e * fma(0.0 - x, x, 1.0)
    if back == 0:
        delta = unless_tiny(delta)
    if t <= block.until[0, 0]:
        # Before a sequence begins f' is 1, so deltas could overflow there, and inf * 0 would be nan.
        delta = where(alive(block, t), delta, 0.0)
        _add_cue_shares(wiring, block, i, t, delta, into)
    store(block.deltas, (STRETCH - 1 - back) * wiring.num_units + i, delta)


@jit_part
def _add_stretch(wiring, block, i, delta_row, base, count, into):
    """Add what ``count`` steps, the last one first, contribute by the weights to unit i that come from no cue.

    ``delta_row``, ``base``: where the delta of unit i and the signals of the first of these steps are.
    """
    n, width, totals = wiring.num_units, wiring.width, block.gradient
    c, end = at(wiring.free, i), at(wiring.cued, i)
    while wiring.apart and c + 4 <= end:
        _add_four(wiring, block, c, delta_row, base, count, into)
        c += 4
    while c < end:
        p, row = into + at(wiring.weight, c), base + at(wiring.source, c)
        total = load(totals, p)
        for step in range(count - 1, -1, -1):
            total = fma(load(block.deltas, delta_row + step * n), load(block.signals, row + step * width), total)
        store(totals, p, total)
        c += 1


@jit_part
def _add_four(wiring, block, c, delta_row, base, count, into):
    """As ``_add_stretch`` by the weights of connections c to c + 3 at once, so that a delta is read once for them."""
    n, width, totals, signals = wiring.num_units, wiring.width, block.gradient, block.signals
    p, q = into + at(wiring.weight, c), into + at(wiring.weight, c + 1)
    r, s = into + at(wiring.weight, c + 2), into + at(wiring.weight, c + 3)
    of_p, of_q = base + at(wiring.source, c), base + at(wiring.source, c + 1)
    of_r, of_s = base + at(wiring.source, c + 2), base + at(wiring.source, c + 3)
    by_p, by_q, by_r, by_s = load(totals, p), load(totals, q), load(totals, r), load(totals, s)
    for step in range(count - 1, -1, -1):
        delta, later = load(block.deltas, delta_row + step * n), step * width
        by_p = fma(delta, load(signals, of_p + later), by_p)
        by_q = fma(delta, load(signals, of_q + later), by_q)
        by_r = fma(delta, load(signals, of_r + later), by_r)
        by_s = fma(delta, load(signals, of_s + later), by_s)
    store(totals, p, by_p)
    store(totals, q, by_q)
    store(totals, r, by_r)
    store(totals, s, by_s)


@jit_part
def gradient_and_curvature(wiring, block, begun, steps, output_row, terms):
    """Gradient and diagonal curvature of each lane's cost: totals, or with ``terms`` those of each step apart."""
    n = wiring.num_units
    signals, weights, deltas, bends = block.signals, block.weights, block.deltas, block.bends
    slopes, curvature = block.gradient, block.curvature
    miss = _begin_backwards(wiring, block, _delta_row(wiring, block, steps + 1), output_row)
    _clear(slopes, 0, wiring.num_parameters)
    _clear(curvature, 0, wiring.num_parameters)
    for back in range(steps - begun + 1):
        t = steps - back
        base = t * wiring.width
        here, later = _delta_row(wiring, block, t), _delta_row(wiring, block, t + 1)
        cues = t <= block.until[0, 0]
        begun_here = alive(block, t)
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
            for o in range(at(wiring.out_first, i), at(wiring.out_first, i + 1)):
                w = load(weights, at(wiring.out_weight, o))
                from_row = (later if at(wiring.out_later, o) else here) + at(wiring.out_unit, o)
                e = fma(w, load(deltas, from_row), e)
                h = fma(w * w, load(bends, from_row), h)
            x = load(signals, base + i)
            slope = fma(0.0 - x, x, 1.0)
            delta = where(begun_here, unless_tiny(e * slope), 0.0)
            bend = where(begun_here, unless_tiny(h * (slope * slope)), 0.0)
            store(deltas, here + i, delta)
            store(bends, here + i, bend)
            for c in range(at(wiring.free, i), at(wiring.cued_fixed, i) if cues else at(wiring.cued, i)):
                p = into + at(wiring.weight, c)
                z = carried(wiring, block, c, base) if c < at(wiring.cued, i) else cue(wiring, block, c, t)
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
    miss = _begin_backwards(wiring, block, _delta_row(wiring, block, steps + 1), output_row)
    _clear(block.gradient, 0, wiring.num_parameters)
    for back in range(steps - begun + 1):
        t = steps - back
        base = t * wiring.width
        here, later = _delta_row(wiring, block, t), _delta_row(wiring, block, t + 1)
        begun_here = alive(block, t)
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
            delta = where(equal(g, 0.0), 0.0, where(begun_here, delta, 0.0))
            store(block.deltas, here + i, delta)
            _add_shares(wiring, block, i, t, base, delta)
