"""A network as the arrays of numbers that compiled passes follow.

The rows of a step t are, in this order: the states of the units, the signals, and, where there are biases, a row of
ones while the sequence lasts. Cues need no rows: they are told by the step at which they are given. Units stand in the
order in which a step computes them. Sequences end together: a shorter one begins later, and before it begins everything
is 0, so that its states stay 0.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.learning.network import Bias, Connection, Cue, Network, Previous, SameStep, Signal

Integers = NDArray[np.int64]


# The order of these fields is compiled in: a change here must renew what dynlatch.jit keeps, so this comment names it.
class Wiring(NamedTuple):
    """Connections sorted by the unit they lead to, and by kind; and again by the unit they come from."""

    num_units: int
    num_signals: int
    num_parameters: int
    width: int
    """Rows of one step."""
    output: int
    threshold: bool
    biased: bool
    """Whether there is a row of ones."""
    apart: bool
    """Whether no two connections share a free weight."""
    first: Integers
    """(n + 1): connections ``first[i]`` to ``first[i + 1] - 1`` lead to unit i: fixed ones, ..."""
    free: Integers
    """(n): ... from ``free[i]`` on those with free weights, ..."""
    cued: Integers
    """(n): ... from ``cued[i]`` on those that come from cues, first free ones, ..."""
    cued_fixed: Integers
    """(n): ... and from ``cued_fixed[i]`` on cues with fixed weights."""
    source: Integers
    """(C): the row of the source relative to the first row of the step, or the number of the cue."""
    weight: Integers
    """(C): the row of the weight: parameters first, fixed weights after them."""
    out_first: Integers
    """(n + 1): the connections that come from unit j, ..."""
    out_unit: Integers
    """... which unit they lead to, ..."""
    out_later: NDArray[np.bool_]
    """... whether at the next step or at the same, ..."""
    out_weight: Integers
    """... and the rows of their weights."""
    twin: NDArray[np.bool_]
    """(n): whether unit j leads to the same units, at the same steps, as the one before it."""
    cue_step: Integers
    """(q): the step of each cue."""
    cue_class: NDArray[np.float64]
    """(q): the sign of its class."""


def fixed_weights(network: Network) -> list[float]:
    """The weights that are no parameters, in the order of their rows."""
    return [float(c.weight) for c in network.connections if not isinstance(c.weight, str)]


@lru_cache(maxsize=64)
def wire(network: Network) -> Wiring:
    """The arrays of a network."""
    n, m = network.num_units, network.num_signals
    biased = any(isinstance(c.source, Bias) for c in network.connections)
    width = n + m + biased
    place = {unit: k for k, unit in enumerate(network.order)}
    number = {name: p for p, name in enumerate(network.parameters)}
    fixed = len(number)
    rows: list[tuple[Connection, int]] = []
    for c in network.connections:
        if isinstance(c.weight, str):
            rows.append((c, number[c.weight]))
        else:
            rows.append((c, fixed))
            fixed += 1

    def source(c: Connection) -> int:
        match c.source:
            case Previous(unit):
                return place[unit] - width
            case SameStep(unit):
                return place[unit]
            case Signal(channel):
                return n + channel
            case Cue():
                return network.cues.index(c.source)
            case Bias():
                return n + m

    def kind(row: tuple[Connection, int]) -> tuple[bool, bool]:
        cue = isinstance(row[0].source, Cue)
        return cue, cue != isinstance(row[0].weight, str)

    def ends(group: list[tuple[int, bool, int]]) -> list[tuple[int, bool]]:
        return [(unit, later) for unit, later, _ in group]

    into = [sorted((r for r in rows if r[0].unit == unit), key=kind) for unit in network.order]
    out: list[list[tuple[int, bool, int]]] = [[] for _ in range(n)]
    for c, row in rows:
        if isinstance(c.source, Previous):
            out[place[c.source.unit]].append((place[c.unit], True, row))
        elif isinstance(c.source, SameStep):
            out[place[c.source.unit]].append((place[c.unit], False, row))
    first = np.cumsum([0, *map(len, into)])

    def count(*kinds: tuple[bool, bool]) -> Integers:
        return np.array([sum(kind(row) in kinds for row in group) for group in into])

    return Wiring(
        num_units=n,
        num_signals=m,
        num_parameters=len(number),
        width=width,
        output=place[network.output],
        threshold=network.kind == "threshold",
        biased=biased,
        apart=len(number) == sum(isinstance(c.weight, str) for c in network.connections),
        first=first,
        free=first[:-1] + count((False, False)),
        cued=first[:-1] + count((False, False), (False, True)),
        cued_fixed=first[:-1] + count((False, False), (False, True), (True, False)),
        source=np.array([source(c) for group in into for c, _ in group]),
        weight=np.array([row for group in into for _, row in group]),
        out_first=np.cumsum([0, *map(len, out)]),
        out_unit=np.array([unit for group in out for unit, _, _ in group], dtype=np.int64),
        out_later=np.array([later for group in out for _, later, _ in group], dtype=np.bool_),
        out_weight=np.array([row for group in out for _, _, row in group], dtype=np.int64),
        twin=np.array([j > 0 and ends(out[j]) == ends(out[j - 1]) for j in range(n)]),
        cue_step=np.array([cue.step for cue in network.cues], dtype=np.int64),
        cue_class=np.array([1.0 if cue.positive else -1.0 for cue in network.cues]),
    )
