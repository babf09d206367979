"""Curves as lines of text: marks on a small grid, ticks, and the level that they are compared with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from dynlatch.theorems.statements import Plot

WIDTH: Final = 60
HEIGHT: Final = 12
_SPARSE: Final = 4
"""Points that stand farther apart than these columns are joined."""
_HUGE: Final = 1e300
"""Neither values of this size can be placed, nor ranges as small as its inverse."""

Point = tuple[float, float]


class _Signs(NamedTuple):
    marks: str
    join: str
    level: str
    side: str
    tick: str
    corner: str
    floor: str
    foot: str


_UNICODE: Final = _Signs("●○◆◇■□▲△", "·", "─", "│", "┤", "└", "─", "┬")
_ASCII: Final = _Signs("*o+x#@%&", ".", "-", "|", "+", "+", "-", "+")


def text_plot(plot: Plot, width: int = WIDTH, height: int = HEIGHT, *, unicode: bool = True) -> str:
    """A plot as text of about that size, its labels around it.

    A point above the level is drawn above its line, one below it below, however near they are. Values that a
    logarithmic scale cannot show, and those that are not finite or huge, are left out, and the legend counts them.
    """
    signs = _UNICODE if unicode else _ASCII
    curves = [_shown(xs, ys, plot.log_scale) for _, xs, ys in plot.curves]
    points = [point for shown in curves for point in shown]
    level = plot.level if plot.level is not None and _can_show(plot.level, plot.log_scale) else None
    whole_steps = all(x.is_integer() for x, _ in points)
    across = _Axis([x for x, _ in points], width - 1, least_step=1.0 if whole_steps else 0.0)
    zero = (-0.5, 0.5) if plot.log_scale else (0.0, 1.0)  # a scale for zeros alone, such as shares
    up = _Axis(
        [y for _, y in points] + ([] if level is None else [level]), height - 1, log_scale=plot.log_scale, zero=zero
    )
    grid = [[" "] * width for _ in range(height)]
    names = {up.place(v): _number(v) for v in up.ticks(5)}
    if level is not None:
        up.leave_room(level, any(y > level for _, y in points), any(y < level for _, y in points))
        here = up.place(level)
        grid[here] = list(signs.level * width)
        names = {up.place(v): _number(v) for v in up.ticks(5) if abs(up.place(v) - here) > 1} | {here: _number(level)}
    for k, shown in enumerate(curves):
        _draw(grid, shown, across, up, level, signs.join, _mark(signs, k))

    margin = max(map(len, names.values()), default=0)
    inset = " " * (margin + 1)
    lines = [plot.title, f"{inset}{plot.y_label}{' (log scale)' if plot.log_scale else ''}"]
    for row in reversed(range(height)):
        side = signs.tick if row in names else signs.side
        lines.append(f"{names.get(row, ''):>{margin}} {side}{''.join(grid[row]).rstrip()}")
    lines += [f"{inset}{line}" for line in _floor(across, width, signs)]
    lines.append(f"{plot.x_label:^{2 * margin + 4 + width}}".rstrip())
    lines += [f"{inset}{line}" for line in _legend(plot, curves, level, signs)]
    return "\n".join(lines)


class _Axis:
    """Where values lie along an axis, from 0 to ``last``; its ticks are at least ``least_step`` apart.

    ``zero``: its ends if all values are 0.
    """

    def __init__(
        self, values: Sequence[float], last: int, *, log_scale: bool = False, least_step: float = 0.0,
        zero: Point = (-0.5, 0.5),
    ) -> None:  # fmt: skip
        self.last, self.log_scale, self.least_step = last, log_scale, least_step
        placed = [self._scaled(v) for v in values]
        low, high = min(placed, default=0.0), max(placed, default=1.0)
        if high - low <= max(1e-12 * max(abs(low), abs(high)), 1.0 / _HUGE):
            pad = max(0.5 * abs(low), 1.0 / _HUGE)
            low, high = (low - pad, high + pad) if low else zero
        self.low, self.high = low, high

    def _scaled(self, value: float) -> float:
        return math.log10(value) if self.log_scale else value

    def exact(self, value: float) -> float:
        return (self._scaled(value) - self.low) / (self.high - self.low) * self.last

    def place(self, value: float) -> int:
        return self.nearest(self.exact(value))

    def nearest(self, exact: float) -> int:
        return min(self.last, max(0, round(exact)))

    def leave_room(self, level: float, above: bool, below: bool) -> None:
        """Widen the range until there is a place above the level's own, and one below it."""
        part = self.exact(level) / self.last
        if above and self.place(level) == self.last:
            self.high = self.low + (self.high - self.low) * part * self.last / (self.last - 1)
        if below and self.place(level) == 0:
            self.low = self.high - (self.high - self.low) * (1 - part) * self.last / (self.last - 1)

    def ticks(self, most: int) -> list[float]:
        """Round numbers within the range, fewer than so many."""
        if self.log_scale and self.high - self.low >= 1:
            return [10.0**v for v in _round_numbers(self.low, self.high, most, 1.0)]
        low, high = (10.0**self.low, 10.0**self.high) if self.log_scale else (self.low, self.high)
        return _round_numbers(low, high, most, self.least_step)


def _round_numbers(low: float, high: float, most: int, least: float) -> list[float]:
    """Multiples of a step of 1, 2 or 5 times a power of ten (at least ``least``)."""
    step = max(least, 10.0 ** math.floor(math.log10((high - low) / most)))
    step *= next(f for f in (1, 2, 5, 10, 20, 50, 100) if (high - low) / (step * f) < most)
    return [k * step for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _draw(
    grid: list[list[str]], shown: Sequence[Point], across: _Axis, up: _Axis, level: float | None, join: str, mark: str
) -> None:
    """Mark the points, and join those that are far apart."""
    for (x0, y0), (x1, y1) in pairwise(shown):
        left, right = across.exact(x0), across.exact(x1)
        for column in range(math.ceil(left), math.floor(right) + 1) if right - left > _SPARSE else ():
            part = (column - left) / (right - left)
            row = up.nearest(up.exact(y0) + part * (up.exact(y1) - up.exact(y0)))
            if grid[row][column] == " ":
                grid[row][column] = join
    for x, y in shown:
        row = up.place(y)
        if level is not None and y != level and row == up.place(level):
            row += 1 if y > level else -1
        grid[up.nearest(row)][across.place(x)] = mark


def _floor(across: _Axis, width: int, signs: _Signs) -> list[str]:
    """The horizontal axis and the numbers below it."""
    line, numbers, end = [signs.floor] * width, [" "] * (width + 8), -1
    ticks = across.ticks(7)
    digits = next((k for k in range(3, 9) if len({_number(v, k) for v in ticks}) == len(ticks)), 9)
    for value in ticks:
        at, text = across.place(value), _number(value, digits)
        start = max(0, at + 1 - len(text) // 2)
        if start > end:
            line[at] = signs.foot
            numbers[start : start + len(text)] = text
            end = start + len(text)
    return [signs.corner + "".join(line), "".join(numbers).rstrip()]


def _legend(plot: Plot, curves: Sequence[Sequence[Point]], level: float | None, signs: _Signs) -> list[str]:
    """What each mark is, where its curve ends, and how many of its points could not be drawn."""
    lines: list[str] = []
    for k, ((label, _, ys), shown) in enumerate(zip(plot.curves, curves, strict=True)):
        end = f", at the end {_number(shown[-1][1], 4)}" if shown else ""
        lost = len(ys) - len(shown)
        lines.append(f"{_mark(signs, k)} {label}{end}" + f" ({lost} of {len(ys)} points cannot be shown)" * (lost > 0))
    if level is not None:
        label, value = plot.level_label or "level", _number(level)
        lines.append(f"{signs.level * 2} {label}" + f": {value}" * (label != value))
    return lines


def _mark(signs: _Signs, k: int) -> str:
    return signs.marks[k % len(signs.marks)]


def _shown(xs: Sequence[float], ys: Sequence[float], log_scale: bool) -> list[Point]:
    return [(x, y) for x, y in zip(xs, ys, strict=True) if abs(x) < _HUGE and _can_show(y, log_scale)]


def _can_show(value: float, log_scale: bool) -> bool:
    return abs(value) < _HUGE and (value > 0 or not log_scale)


def _number(value: float, digits: int = 3) -> str:
    return f"{value + 0.0:.{digits}g}"
