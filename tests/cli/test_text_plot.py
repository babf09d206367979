"""Plots in text: every point is where it belongs, whatever the scale, and above the level if it is above."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dynlatch.cli.text_plot import HEIGHT, WIDTH, text_plot
from dynlatch.theorems.statements import Plot
from dynlatch.theorems.table import TABLE

Curve = tuple[str, tuple[float, ...], tuple[float, ...]]


def curve(*ys: float, label: str = "curve") -> Curve:
    return label, tuple(float(t) for t in range(len(ys))), tuple(ys)


def area(text: str) -> list[str]:
    """The rows of the drawing, from the top, without what stands left of it."""
    return [re.split("[│┤]", line, maxsplit=1)[1].ljust(WIDTH) for line in text.splitlines() if re.search("[│┤]", line)]


def marks(text: str, mark: str = "●") -> dict[int, int]:
    """The row, from below, of the mark in each column."""
    rows = area(text)
    return {x: HEIGHT - 1 - y for y, row in enumerate(rows) for x, sign in enumerate(row) if sign == mark}


@pytest.mark.parametrize("s", [s for s in TABLE if s.witness and s.witness.plot], ids=lambda s: f"{s.id}-{s.reading}")
@pytest.mark.parametrize("unicode", [True, False])
def test_every_witness_can_be_drawn(s: object, unicode: bool) -> None:
    plot = s.witness.plot()  # type: ignore[attr-defined]
    text = text_plot(plot, unicode=unicode)
    lines = text.splitlines()
    assert lines[0] == plot.title
    assert plot.y_label in lines[1]
    assert any(line.strip() == plot.x_label for line in lines)
    assert all(len(line) <= 100 for line in lines)
    assert all(any(label in line for line in lines) for label, _, _ in plot.curves)
    assert "cannot be shown" not in text or plot.log_scale
    assert unicode or text.isascii()


def test_points_stand_where_they_belong() -> None:
    text = text_plot(Plot("title", "t", "y", (curve(0, 11, 5),)))
    assert len(area(text)) == HEIGHT
    assert marks(text) == {0: 0, 30: 11, 59: 5}
    assert "·" in text
    assert "at the end 5" in text


def test_many_points_are_not_joined() -> None:
    text = text_plot(Plot("title", "t", "y", (curve(*range(60)),)))
    assert "·" not in text
    assert len(marks(text)) == 60


def test_a_logarithmic_scale_is_straight_for_powers() -> None:
    text = text_plot(Plot("title", "t", "size", (curve(*(10.0**-k for k in range(12))),), log_scale=True))
    assert list(marks(text).values()) == list(range(11, -1, -1))
    assert "size (log scale)" in text
    assert re.search(r"1e-10 ┤", text)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20), st.floats(-1e6, 1e6))
@example([5e-324], 0.0)
def test_a_point_is_on_the_side_of_the_level_that_it_is_on(ys: list[float], level: float) -> None:
    text = text_plot(Plot("title", "t", "y", (curve(*ys),), level=level))
    (line,) = [HEIGHT - 1 - k for k, row in enumerate(area(text)) if "─" * 5 in row or set(row) <= {"─", "●"}]
    rows = marks(text)
    for t, y in enumerate(ys):
        column = 30 if len(ys) == 1 else round(t / (len(ys) - 1) * (WIDTH - 1))
        assert (rows[column] > line) == (y > level)
        assert (rows[column] < line) == (y < level)


@pytest.mark.parametrize("value", [1.0000001, 1.03, 0.97])
def test_a_point_near_the_level_is_not_drawn_on_it(value: float) -> None:
    text = text_plot(Plot("title", "t", "y", (curve(0, value),), level=1.0, level_label="d"))
    (line,) = [HEIGHT - 1 - k for k, row in enumerate(area(text)) if "─────" in row]
    assert (marks(text)[59] > line) == (value > 1)
    assert "── d: 1" in text


def test_what_cannot_be_shown_is_counted() -> None:
    text = text_plot(Plot("title", "t", "y", (curve(1, 0, math.nan, math.inf, 1e301, 10),), log_scale=True))
    assert "(4 of 6 points cannot be shown)" in text
    assert set(marks(text)) == {0, 59}
    empty = text_plot(Plot("title", "t", "y", (curve(0, 0),), log_scale=True, level=0.0))
    assert marks(empty) == {}
    assert "(2 of 2 points cannot be shown)" in empty


@pytest.mark.parametrize(
    "ys", [(3.0,), (2.0, 2.0), (0.0, 0.0), (9e299, -9e299), (1e-305, 2e-305), (0.0, 5e-324), (1.0, 1.0 + 1e-15)]
)
def test_no_range_is_too_narrow_or_too_wide(ys: tuple[float, ...]) -> None:
    text = text_plot(Plot("title", "t", "y", (curve(*ys),)))
    assert len(marks(text)) == len(ys)


def test_steps_are_whole_and_curves_have_marks_of_their_own() -> None:
    text = text_plot(Plot("title", "t", "y", (curve(0, 1, 2, label="one"), curve(2, 1, 0, label="two"))))
    assert re.search(r"\n +0 +1 +2\n", text)
    assert "● one" in text
    assert "○ two" in text
    assert set(marks(text, "○")) == {0, 30, 59}
