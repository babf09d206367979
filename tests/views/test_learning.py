"""The pictures of learning: what is drawn is what was found, also where little was."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from functools import cache

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection, QuadMesh
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from dynlatch.learning.algorithms.back_propagation import BackPropagation
from dynlatch.learning.insights import Insight, gradient_when_latched, insight, resting_curve
from dynlatch.learning.run import History, Run
from dynlatch.learning.tasks import Latch, TwoSequence
from dynlatch.learning.trial import Trial
from dynlatch.verdict import Stop
from dynlatch.views.figures import png_bytes, svg_text
from dynlatch.views.learning import curves_figure, insight_figure, scatter_figure
from dynlatch.views.style import PAPER

LATCH_TRIAL = Latch(T=10, noise=0.2, num_train=6, num_test=2).trial(seed=1, index=0)
NEVER, FIRMLY = [0.3, 0.1, -0.1], [2.0, 2.0, -2.0]


def run_of(trial: Trial, parameters: list[list[float]], last: int = 400, stop: Stop = Stop.SOLVED) -> Run:
    count = len(parameters)
    at = np.array([0, *np.geomspace(50, last, count - 1).astype(np.int64)]) if count > 1 else np.array([0])
    error = np.array([np.nan, *np.linspace(0.5, 0.0, count - 1)])
    history = History(at, np.array(parameters), error, error)
    return Run(trial, BackPropagation(), history.parameters[-1], int(at[-1]), stop, 0.0, 0.0, 0.0, history)


@cache
def seen() -> Insight:
    return insight(run_of(LATCH_TRIAL, [NEVER, [0.9, 1.0, -1.0], [1.25, 2.0, -2.0], [1.6, 2.0, -2.0], FIRMLY]))


@cache
def picture() -> Figure:
    return insight_figure(seen())


@cache
def network() -> Insight:
    trial = TwoSequence(T=4, noise=0.1, num_train=4, num_test=2).trial(seed=0, index=0)
    weights = np.diag([2.0, 0.1, 0.1, 0.1, 0.3])
    weights[4, 0], weights[0, 1], weights[1, 0] = 1.0, -0.5, 1.0
    return insight(run_of(trial, [(0.1 * weights).ravel().tolist(), weights.ravel().tolist()]))


def spans(axes: Axes) -> list[Rectangle | Polygon]:
    return [patch for patch in axes.patches if isinstance(patch, Rectangle | Polygon)]


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for found in figure.legends for text in found.get_texts()]


def drawn(axes: Axes, values: object) -> bool:
    return any(np.array_equal(line.get_ydata(), values, equal_nan=True) for line in axes.get_lines())


def test_the_picture_of_a_run_shows_what_was_found() -> None:
    figure = picture()
    errors, tolerances, gradients, shares = figure.axes[:4]
    assert drawn(errors, seen().error)
    assert drawn(tolerances, seen().stands)
    assert drawn(gradients, seen().gradient_quartiles[1])
    assert any(list(line.get_ydata()) == [0.2, 0.2] for line in tolerances.get_lines())
    assert tolerances.get_ylim()[1] > np.nanmax(seen().stands)
    (mesh,) = [c for c in shares.collections if isinstance(c, QuadMesh)]
    share = np.asarray(mesh.get_array()).reshape(10, 5)
    assert share.sum(axis=0) == pytest.approx(1.0, abs=1e-4)
    assert share[:, 4] == pytest.approx(np.maximum(seen().share[4], 1e-6))
    assert [len(spans(axes)) for axes in figure.axes[:3]] == [3, 3, 3]  # one of them not robust
    assert "robustly latched (PROVED)" in legend(figure)
    assert "latched" in legend(figure)
    assert "noise that is stood: $h^*$ (PROVED)" in legend(figure)
    suptitle = figure.get_suptitle()
    assert "learned after 400 presentations" in suptitle
    assert "target 0.8" in suptitle


def test_the_beginning_has_a_place_on_the_logarithmic_axis() -> None:
    axes = picture().axes[3]
    assert axes.get_xscale() == "log"
    assert axes.get_xticklabels()[0].get_text() == "0"
    assert 0.0 < axes.get_xlim()[0] < axes.get_xticks()[0] < 50.0
    assert axes.get_xlim()[1] > 400.0


def test_of_a_network_both_bounds_are_drawn() -> None:
    figure = insight_figure(network())
    tolerances = figure.axes[1]
    assert network().latched[1]
    assert network().stands[1] < network().critical[1]
    assert drawn(tolerances, network().stands)
    assert drawn(tolerances, network().critical)
    assert any(isinstance(c, PolyCollection) for c in tolerances.collections)
    assert "noise tolerance (PROVED), up to a critical input" in legend(figure)


@pytest.mark.parametrize("count", [1, 2])
def test_a_run_that_latches_nothing_has_a_picture_too(count: int) -> None:
    figure = insight_figure(insight(run_of(LATCH_TRIAL, [NEVER] * count, stop=Stop.BUDGET)))
    assert not any(spans(axes) for axes in figure.axes[:3])
    assert any(text.get_text() == "nothing is latched" for text in figure.axes[1].texts)
    assert not any("PROVED" in text or "latched" in text for text in legend(figure))
    assert "stopped: BUDGET" in figure.get_suptitle()
    assert png_bytes(figure).startswith(b"\x89PNG")


def test_parameters_that_make_no_map_leave_gaps() -> None:
    lost = run_of(LATCH_TRIAL, [FIRMLY, FIRMLY, [np.inf, 0.0, 0.0]], stop=Stop.DIVERGED)
    figure = insight_figure(insight(lost))
    assert png_bytes(figure).startswith(b"\x89PNG")
    assert "share: no number" in legend(figure)
    (mesh,) = [c for c in figure.axes[3].collections if isinstance(c, QuadMesh)]
    assert np.ma.getmaskarray(mesh.get_array()).reshape(10, 3).all(axis=0).tolist() == [False, False, True]


def test_the_same_runs_give_the_same_bytes_and_a_whole_picture() -> None:
    first, second = svg_text(picture()), svg_text(insight_figure(seen()))
    assert first == second
    assert ElementTree.fromstring(first).tag == "{http://www.w3.org/2000/svg}svg"


def test_every_latched_checkpoint_is_a_mark_and_robust_ones_are_filled() -> None:
    longer = Latch(T=20, noise=0.2, num_train=6, num_test=2).trial(seed=1, index=0)
    found = gradient_when_latched([seen().run, run_of(longer, [NEVER, FIRMLY])])
    figure = scatter_figure(found, [resting_curve(10), resting_curve(20)])
    (axes,) = figure.axes
    marks = [line for line in axes.get_lines() if line.get_marker() == "o"]
    filled = [line for line in marks if line.get_markerfacecolor() != PAPER]
    assert sum(len(np.asarray(line.get_xdata())) for line in marks) == len(found) == 4
    assert sum(len(np.asarray(line.get_xdata())) for line in filled) == 3
    assert {line.get_color() for line in marks if len(np.asarray(line.get_xdata()))} == {"#0072b2", "#d55e00"}
    assert sum(isinstance(c, PolyCollection) for c in axes.collections) == 2
    assert {"T = 10", "T = 20"} <= set(legend(figure))
    assert axes.get_yscale() == "log"


def test_no_latched_checkpoint_is_an_empty_picture() -> None:
    found = gradient_when_latched([run_of(LATCH_TRIAL, [NEVER, NEVER])])
    assert png_bytes(scatter_figure(found)).startswith(b"\x89PNG")


def test_learning_curves_count_runs_and_carry_errors_on() -> None:
    early = run_of(LATCH_TRIAL, [NEVER] * 3, last=100)  # errors 0.5 at 50, 0 at 100
    late = run_of(LATCH_TRIAL, [NEVER] * 3, last=1000, stop=Stop.BUDGET)
    figure = curves_figure({"two": [early, late], "none $x": [late]})
    left, right = figure.axes
    learned = {(float(x), float(y)) for x, y in zip(*left.get_lines()[0].get_data(), strict=True)}
    assert learned == {(50.0, 0.0), (100.0, 0.5), (1000.0, 0.5)}
    assert set(np.asarray(left.get_lines()[1].get_ydata())) == {0.0}
    x, y = right.get_lines()[0].get_data()
    assert dict(zip(np.asarray(x), np.asarray(y), strict=True)) == {50.0: 0.5, 100.0: 0.25, 1000.0: 0.0}
    assert legend(figure) == ["two (2)", r"none \$x (1)", "error of the last parameters"]
    assert figure.get_suptitle() == LATCH_TRIAL.task


def test_more_groups_than_colours_stay_apart_and_no_group_is_no_error() -> None:
    runs = [run_of(LATCH_TRIAL, [NEVER] * 3)]
    lines = curves_figure({str(k): runs for k in range(9)}).axes[0].get_lines()
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 9
    assert png_bytes(curves_figure({})).startswith(b"\x89PNG")
    assert legend(curves_figure({"empty": [], "one": runs})) == ["one (1)", "error of the last parameters"]
    assert curves_figure({"one": runs}).get_suptitle() == f"{LATCH_TRIAL.task}: 1 trial"


def test_a_run_that_diverged_ends_there_with_error_1() -> None:
    lost = run_of(LATCH_TRIAL, [NEVER] * 3, last=100, stop=Stop.DIVERGED)  # errors 0.5 at 50, 0 at 100
    kept = run_of(LATCH_TRIAL, [NEVER] * 3, last=1000, stop=Stop.BUDGET)
    figure = curves_figure({"some": [lost, kept]})
    line, cross, circle = figure.axes[1].get_lines()
    found = dict(zip(*(np.asarray(v).tolist() for v in line.get_data()), strict=True))
    assert found == {50.0: 0.5, 100.0: 0.75, 1000.0: 0.5}
    assert (cross.get_marker(), circle.get_marker()) == ("x", "o")
    assert [np.asarray(v).tolist() for v in cross.get_data()] == [[100], [0.75]]
    assert legend(figure)[0] == "some (1 of 2 diverged)"


def test_a_run_with_one_checkpoint_is_a_mark() -> None:
    figure = curves_figure({"short": [run_of(LATCH_TRIAL, [NEVER] * 2)]})
    assert [axes.get_lines()[0].get_marker() for axes in figure.axes] == ["o", "o"]
