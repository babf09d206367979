"""The figure of witnesses shows the curves, the level and the words of each; and statements become JSON."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Annotation

from dynlatch import InputError, theorems
from dynlatch.theorems.statements import Plot
from dynlatch.theorems.table import TABLE
from dynlatch.views.figures import png_bytes, svg_text
from dynlatch.views.json_values import to_text
from dynlatch.views.style import PALETTE
from dynlatch.views.theorem_rows import of_replay, of_statement
from dynlatch.views.witness import draw_plot, formula, witness_figure

T3 = theorems.statements("T3")
DRAWN = {s.witness.text: s for s in TABLE if s.witness is not None and s.witness.plot is not None}.values()
CURVES = (("first", (0.0, 1.0, 2.0), (1.0, 10.0, 100.0)), ("second", (0.0, 1.0, 2.0), (0.0, 1e-3, math.inf)))


def drawn(plot: Plot) -> Axes:
    axes = Figure().subplots()
    draw_plot(axes, plot)
    return axes


@pytest.mark.parametrize("s", DRAWN, ids=lambda s: f"{s.id}-{s.reading}")
def test_every_witness_can_be_drawn(s: theorems.Statement) -> None:
    """Nothing is cut off, no glyph is missing (that would warn), and every curve has something to show."""
    assert s.witness is not None
    assert s.witness.plot is not None
    plot = s.witness.plot()
    figure = witness_figure(s)
    (axes,) = figure.axes
    lines = axes.get_lines()
    assert len(lines) == len(plot.curves) + (plot.level is not None)
    for line, (_, xs, ys) in zip(lines, plot.curves, strict=False):
        assert len(xs) == len(ys) > 0
        assert np.isfinite(line.get_ydata()).any()
    assert axes.get_yscale() == ("log" if plot.log_scale else "linear")
    assert "?" not in "".join(t.get_text() for t in (axes.title, *axes.texts))
    box = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert box.x0 >= 0
    assert box.y0 >= 0
    assert box.x1 <= width
    assert box.y1 <= height


def test_each_statement_has_a_panel() -> None:
    figure = witness_figure(*T3, T3[0])
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title(loc="left").split(":")[0] for axes in shown] == ["T3 (norm)", "T3 (spectral)", "T3 (norm)"]
    for axes, s in zip(shown, (*T3, T3[0]), strict=True):
        notes = [t.get_text() for t in axes.texts if isinstance(t, Annotation)]
        assert s.witness is not None
        assert any(formula(s.witness.text.split(",")[0]) in note for note in notes)


def test_a_statement_without_a_picture_is_refused() -> None:
    with pytest.raises(InputError, match=r"T3' \(norm\) is PROVED and has no witness that can be drawn"):
        witness_figure(T3[0], theorems.statement("T3'"))


def test_curves_have_their_own_colours_and_dashes_and_gaps_where_a_logarithm_has_none() -> None:
    axes = drawn(Plot("title", "t (steps)", "size", CURVES, log_scale=True))
    first, second = axes.get_lines()
    assert [to_hex(line.get_color()) for line in (first, second)] == list(PALETTE[:2])
    assert first.get_linestyle() != second.get_linestyle()
    assert list(np.isnan(second.get_ydata())) == [True, False, True]
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["first", "second"]
    assert list(drawn(Plot("title", "t", "size", CURVES)).get_lines()[1].get_ydata())[:2] == [0.0, 1e-3]


@pytest.mark.parametrize(("label", "in_legend"), [("d", False), ("what it should have been", True), ("", False)])
def test_a_level_is_named(label: str, in_legend: bool) -> None:
    axes = drawn(Plot("title", "t", "size", CURVES[:1], level=5.0, level_label=label))
    level = axes.get_lines()[-1]
    assert list(level.get_ydata()) == [5.0, 5.0]
    legend = axes.get_legend()
    assert (legend is not None) == in_legend
    if legend is not None:
        assert label in [text.get_text() for text in legend.get_texts()]
    else:
        assert [t.get_text() for t in axes.texts] == [label or "5"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("|a_t - abar_t| <= d", r"|$a_{t}$ - $\bar{a}_{t}$| ≤ d"),
        ("lambda_{t-1} >= 2^t", r"$\lambda_{t-1}$ ≥ 2$^{t}$"),
        ("|d a_t / d a_0|", "|d $a_{t}$ / d $a_{0}$|"),
        ("da_T/da_0, dabar_1", r"d$a_{T}$/d$a_{0}$, d$\bar{a}_{1}$"),
        ("Gamma(X) and alphabet", r"$\Gamma$(X) and alphabet"),
        ("M'(a), arcosh(a)", "M'(a), arcosh(a)"),
        ("costs $5", r"costs \$5"),
    ],
)
def test_plain_mathematics_is_set(text: str, shown: str) -> None:
    assert formula(text) == shown


def test_the_same_witness_gives_the_same_bytes() -> None:
    first, second = (witness_figure(T3[0]) for _ in range(2))
    assert png_bytes(first) == png_bytes(second)
    assert svg_text(first) == svg_text(second)


# --- JSON -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("s", TABLE, ids=lambda s: f"{s.id}-{s.reading}")
def test_a_row_fits_the_schema_and_names_a_repair_that_is_there(
    s: theorems.Statement, results_schema: ModuleType
) -> None:
    row = json.loads(to_text(of_statement(s)))
    shape = results_schema.SCHEMA["$defs"]["theorem"]
    assert list(results_schema.faults(row, shape)) == []
    assert list(row) == shape["required"]
    assert (row["witness"] is None) == (s.witness is None)
    assert row["repaired_by"] is None or theorems.statements(row["repaired_by"])


def test_a_replay_has_all_findings(results_schema: ModuleType) -> None:
    found = T3[0].replay()
    row = json.loads(to_text({**of_statement(T3[0]), **of_replay(found)}))
    assert list(results_schema.faults(row, results_schema.SCHEMA["$defs"]["theorem"])) == []
    assert row["replayed"] == "REFUTED"
    assert [f["text"] for f in row["findings"]] == [f.text for f in found.findings]
    assert [f["margin"] is None for f in row["findings"]] == [f.margin is None for f in found.findings]
    assert any(f["margin"] is None for f in row["findings"])
    assert 0 < row["findings"][-1]["margin"]["lo"] < 0.001
    spoilt = replace(found, findings=())
    assert of_replay(spoilt) == {"replayed": "INCONCLUSIVE", "findings": []}
    assert of_replay(None) == {"replayed": None, "findings": []}
