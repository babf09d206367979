"""The figures and the table of a study: what is drawn is what was found, also where little was."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dynlatch.claims.curves import learning_curves
from dynlatch.claims.scaling import costs, growth
from dynlatch.claims.statements import verdicts
from dynlatch.studies.cell import Cell, Record
from dynlatch.views.figures import png_bytes
from dynlatch.views.study import COLUMNS, claims_markdown, claims_rows, figure_4
from dynlatch.views.study_costs import COST_COLUMNS, GROWTH_COLUMNS, costs_rows, growth_rows
from dynlatch.views.study_minimal import figure_2


def records(algorithm: str = "annealing", *, solved: int = 9, noise: float = 0.0, task: str = "latch") -> list[Record]:
    """Ten trials each at T = 10 and 20, of which so many learn at T = 10, and two fewer at T = 20."""
    made: list[Record] = []
    for T, count in ((10, solved), (20, max(solved - 2, 0))):
        cell = Cell.of("train", {"task": task, "T": T, "noise": noise, "algorithm": algorithm, "budget": 9000})
        for k in range(10):
            result = {"solved": k < count, "presentations": 10 * T + k if k < count else 9000, "test_error": 0.01 * k}
            made.append(Record(cell, 0, k, result, 0.01))
    return made


def minimal() -> list[Record]:
    made: list[Record] = []
    for w, s, T, kind in ((1.0, 0.1, 20, "w"), (2.0, 0.3, 20, "w"), (1.25, 0.2, 5, "inputs"), (1.25, 0.2, 9, "inputs")):
        cell = Cell.of("minimal", {"w_0": w, "variance": s, "T": T, "trained": kind, "budget": 2000})
        made += [Record(cell, 0, k, {"solved": k < 3, "presentations": 50, "accuracy": 0.9}, 0.1) for k in range(4)]
    return made


@cache
def picture() -> Figure:
    some = records() + records("multi-grid", solved=4) + records("multi-grid", noise=0.2, solved=0, task="parity")
    return figure_4(some + records("mine", solved=6))


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for found in figure.legends for text in found.get_texts()]


def drawn(axes: Axes, values: object) -> bool:
    return any(np.array_equal(line.get_ydata(), values, equal_nan=True) for line in axes.get_lines())


def faces(axes: Axes) -> set[str]:
    """Of marks: the colours that they are filled with, by their shapes."""
    marks = [line for line in axes.get_lines() if line.get_marker() not in ("None", None, "")]
    return {f"{line.get_marker()} {line.get_markerfacecolor()}" for line in marks}


def test_figure_4_has_a_column_a_task_and_rows_for_each_noise() -> None:
    titles = [axes.get_title(loc="left") for axes in picture().axes]
    assert titles == [
        f"{task}, {noise}" for _ in range(2) for noise in ("without noise", "noise up to 0.2")
        for task in ("latch", "parity")
    ]  # fmt: skip
    labels = [axes.get_ylabel() for axes in picture().axes[::2]]
    assert labels == ["error after training"] * 2 + ["presentations"] * 2
    assert [text.get_text() for text in picture().axes[-1].get_xticklabels()] == ["10", "20"]


def test_figure_4_draws_errors_medians_of_the_solved_and_means_of_all() -> None:
    above, below = picture().axes[0], picture().axes[4]
    for curve in learning_curves(records() + records("multi-grid", solved=4)):
        assert drawn(above, curve.error[:, 0])
        assert drawn(below, curve.needed[:, 0])
        assert drawn(below, curve.presented)
    assert below.get_yscale() == "log"
    assert len(above.collections) >= 3, "a band for each algorithm"


def test_marks_are_open_where_fewer_than_half_learn() -> None:
    found = faces(picture().axes[4])
    assert any(face.startswith("P #56b4e9") for face in found), "annealing: at least 7 of 10"
    assert any(face.startswith("v #fffffe") for face in found), "multi-grid: 4 and 2 of 10"
    assert not any(face.startswith("v #e69f00") for face in found)
    assert not faces(picture().axes[7]), "nothing was learned: only the dotted line at the cap"
    assert drawn(picture().axes[7], [9000.0, 9000.0])


def test_algorithms_keep_their_looks_and_unknown_ones_are_shown() -> None:
    assert legend(picture())[:3] == ["multi-grid", "annealing", "mine"]
    alone = figure_4(records())
    assert {line.get_color() for line in alone.axes[0].get_lines() if line.get_marker() == "P"} == {"#56b4e9"}


def test_what_is_not_drawn_is_counted_and_the_legend_fits() -> None:
    usual, other = records(), records()
    settings = {"algorithm.rate": 0.5, **dict(other[0].cell.settings)}
    figure = figure_4([*usual, *(Record(Cell.of("train", settings), 0, r.trial, r.result, 0.1) for r in other[:10])])
    assert legend(figure)[-1] == "1 cell with other settings is not drawn"
    assert figure.legends[0].get_window_extent().width <= figure.bbox.width
    assert not any("not drawn" in text for text in legend(picture()))


def test_figures_of_nothing_and_of_one_length_can_be_drawn() -> None:
    assert png_bytes(figure_4([])).startswith(b"\x89PNG")
    assert png_bytes(figure_2([])).startswith(b"\x89PNG")
    one = [r for r in records() if r.cell["T"] == 10]
    assert png_bytes(figure_4(one)) == png_bytes(figure_4(one[::-1]))


def test_figure_2_leaves_out_a_panel_without_trials() -> None:
    learned = [r for r in minimal() if r.cell["trained"] == "w"]
    fixed = [r for r in minimal() if r.cell["trained"] != "w"]
    titles = [[a.get_title() for a in figure_2(some).axes] for some in (learned, fixed, [*learned, *fixed], [])]
    assert titles[0] + titles[1] == titles[2] == titles[3]
    assert [len(some) for some in titles] == [1, 1, 2, 2]


def test_figure_2_shows_shares_and_what_no_learning_would_do() -> None:
    figure = figure_2(minimal())
    left, right = figure.axes
    assert sorted(text.get_text() for text in left.texts) == ["75%", "75%"]
    assert drawn(right, [0.75, 0.75])
    dotted = [line for line in right.get_lines() if line.get_linestyle() == ":"]
    assert len(dotted) == 1
    assert 0.0 < np.asarray(dotted[0].get_ydata())[1] < np.asarray(dotted[0].get_ydata())[0] <= 1.0
    assert "best inputs, no learning" in legend(figure)


@pytest.fixture(scope="module")
def table() -> tuple[list[tuple[str, ...]], str]:
    claims = verdicts(records(task="parity") + records("multi-grid", solved=1, task="parity"))
    return claims_rows(claims), claims_markdown(claims)


def test_claims_have_a_row_each_and_one_for_each_part(table: tuple[list[tuple[str, ...]], str]) -> None:
    rows, _ = table
    assert all(len(row) == len(COLUMNS) for row in rows)
    assert [row[:2] for row in rows if row[0]] == [
        ("C1", "NO DATA"), ("C2", "NO DATA"), ("C3", "NOT DECIDED"), ("C3b", "NO DATA"), ("C4", "NOT DECIDED"),
        ("C5", "NOT DECIDED"), ("C6", "NO DATA"), ("C7", "NO DATA"), ("C7a", "NO DATA"),
    ]  # fmt: skip
    at = [row[0] for row in rows].index("C4")
    assert rows[at + 1][3] == "NOT DECIDED"
    assert rows[at + 1][4].startswith("0.05 [")
    assert rows[at + 1][5] == "open in 2 of 2 cells"


def test_claims_as_markdown(table: tuple[list[tuple[str, ...]], str]) -> None:
    rows, text = table
    lines = text.splitlines()
    assert lines[1] == "|" + "---|" * len(COLUMNS)
    assert all(line.count("|") == len(COLUMNS) + 1 for line in lines[: len(rows) + 2])
    assert "**C4** (BSF94" in text
    assert "- not the defaults: multi-grid budget = 9000" in lines
    assert "- needs minimal, w trained, several w_0 and variances" in lines


def test_costs_and_their_growth_have_rows() -> None:
    some = records() + records("multi-grid", solved=0)
    rows = costs_rows(costs(some))
    assert all(len(row) == len(COST_COLUMNS) for row in rows)
    assert rows[0][:5] == ("latch", "10", "0", "annealing", "9 of 10")
    assert rows[0][6].startswith("1,104 [")  # nine of about 104, and one of 9000
    assert rows[1][6:] == ("none solved", "none solved")
    assert not any("nan" in text for row in rows for text in row)
    (first, *_) = growth_rows(growth(some))
    assert len(first) == len(GROWTH_COLUMNS)
    assert first[:4] == ("annealing", "presentations per solved trial", "latch", "0")
    assert first[4].startswith("T^1.")
    assert first[5] == "2"
