"""The cost of learning as rows of tables: of every cell, and how costs grow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dynlatch.claims.scaling import Cost, Growth
    from dynlatch.claims.statistics import Interval

COST_COLUMNS: Final = (
    "task", "T", "noise", "algorithm", "solved", "µs a presentation", "presentations a solved trial, 95 %",
    "seconds a solved trial, 95 %",
)  # fmt: skip
GROWTH_COLUMNS: Final = ("algorithm", "quantity", "task", "noise", "grows as, 95 %", "cells")


def costs_rows(found: Sequence[Cost]) -> list[tuple[str, ...]]:
    """A row for each cell; ``COST_COLUMNS`` names what stands in them."""
    return [
        (
            c.place.task, str(c.place.T), f"{c.place.noise:g}", c.place.algorithm, f"{c.solved} of {c.num}",
            f"{1e6 * c.rate:.3g}", _range(c.presentations), _range(c.seconds),
        )
        for c in found
    ]  # fmt: skip


def growth_rows(found: Sequence[Growth]) -> list[tuple[str, ...]]:
    """A row for each power law; ``GROWTH_COLUMNS`` names what stands in them."""
    return [
        (
            g.algorithm, g.quantity, g.task or "all", "all" if g.noise is None else f"{g.noise:g}",
            ", ".join(_power(name, exponent) for name, exponent in g.exponents.items()), str(g.num),
        )
        for g in found
    ]  # fmt: skip


def _range(found: Interval) -> str:
    if math.isinf(found.value):
        return "none solved"
    low, high = (f"{v:,.3g}" if v < 1000 else f"{v:,.0f}" for v in found[1:])
    value = f"{found.value:,.3g}" if found.value < 1000 else f"{found.value:,.0f}"
    return f"{value} [{low}, {high if math.isfinite(found.high) else '∞'}]"


def _power(name: str, exponent: Interval) -> str:
    value, low, high = (f"{v:.2f}".replace("-", "−") for v in exponent)
    return f"{name}^{value} [{low}, {high}]"
