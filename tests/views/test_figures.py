"""Figures: one set per dimension, self-contained, the same bytes every time, and coloured by what was found."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import matplotlib as mpl
import numpy as np
import pytest
import sympy as sp
from analysed_maps import DRAWN, MAPS, PROVED, analysed, drawn_of, texts_of

from dynlatch.analysis import analyze
from dynlatch.maps.definition import Formulas, Map, exact_box, state_symbol
from dynlatch.regions.labels import Label
from dynlatch.views.figures import figures, png_bytes, svg_text
from dynlatch.views.one_dimension import edges
from dynlatch.views.style import colour_of, heading, light_colour_of, paint, plain, styled, symbol_text
from dynlatch.views.two_dimensions import planes

COMMON = {"basins", "reduced_set", "times", "decay"}
SHADE = tuple(round(255 * c) for c in light_colour_of(0))
FULL = tuple(int(colour_of(0)[i : i + 2], 16) for i in (1, 3, 5))


@pytest.mark.parametrize("name", DRAWN)
def test_every_dimension_has_its_figures_and_each_is_whole(name: str) -> None:
    extra = {1: {"cobweb"}, 2: {"phase_portrait"}}.get(MAPS[name][0].dimension, set())
    proved = name in PROVED
    drawn = drawn_of(name)
    regions = {"certified", "bounds"} if proved and MAPS[name][0].dimension == 2 else {"certified"} if proved else set()
    assert set(drawn) == COMMON | extra | regions
    for text in texts_of(name).values():
        root = ElementTree.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert not re.search(r'(?:href|src)="(?!#|data:image/png;base64,)', text)
        assert not re.search(r"url\((?!#)", text)
        assert "<text" not in text  # outlines: no font is needed
        assert "<!DOCTYPE" not in text
    assert png_bytes(drawn["basins"]).startswith(b"\x89PNG")


def test_the_same_analysis_gives_the_same_bytes() -> None:
    first, second = drawn_of("three"), figures(analysed("three"))
    for key in ("basins", "times", "decay"):
        assert texts_of("three")[key] == svg_text(second[key])
    assert texts_of("three")["decay"] == svg_text(first["decay"])
    assert png_bytes(first["basins"]) == png_bytes(second["basins"])


def test_a_users_settings_are_neither_used_nor_changed() -> None:
    plain_text = texts_of("neuron")["cobweb"]
    with mpl.rc_context({"font.size": 30.0, "svg.fonttype": "none", "svg.hashsalt": "mine", "axes.facecolor": "red"}):
        before = dict(mpl.rcParams)
        assert svg_text(figures(analysed("neuron"))["cobweb"]) == plain_text
        assert dict(mpl.rcParams) == before


def test_colours_are_light_in_the_basin_full_in_gamma_and_grey_elsewhere() -> None:
    labels = np.full((40, 40), 0, dtype=np.int16)
    inside = np.zeros((40, 40), dtype=bool)
    inside[:10] = True
    labels[20:30], labels[30:] = Label.DIVERGED, Label.UNDEFINED
    picture = paint(labels, inside)
    assert {tuple(map(int, c)) for c in picture[:10].reshape(-1, 3)} == {FULL}
    assert {tuple(map(int, c)) for c in picture[10:20].reshape(-1, 3)} == {SHADE}
    diverged = {tuple(map(int, c)) for c in picture[20:30].reshape(-1, 3)}
    undefined = {tuple(map(int, c)) for c in picture[30:].reshape(-1, 3)}
    assert len(diverged) == 1  # plain
    assert len(undefined) == 2  # hatched
    assert diverged.isdisjoint(undefined)
    assert all(max(c) - min(c) <= 20 for c in diverged | undefined)


def test_special_labels_differ_in_more_than_colour() -> None:
    pictures = [paint(np.full((60, 60), label, dtype=np.int16), np.zeros((60, 60), dtype=bool)) for label in Label]
    patterns = [(p != p[3, 4]).any(axis=2) for p in pictures]
    for i, first in enumerate(patterns):
        for second in patterns[:i]:
            assert not np.array_equal(first, second)


def test_the_edge_of_gamma_is_where_the_slope_is_one() -> None:
    found = analysed("neuron")
    inside = found.reduced_set.uniform == 1
    places = edges(found.basins, found.basins.labels * 2 + inside)
    width = 8 / 300
    assert np.min(np.abs(places - np.arccosh(np.sqrt(2)))) <= width
    assert np.min(np.abs(places + np.arccosh(np.sqrt(2)))) <= width
    assert np.min(np.abs(places)) <= width  # the basins meet at 0


def test_pictures_have_the_first_state_to_the_right_and_the_second_upwards() -> None:
    found = analysed("network").basins
    (plane,) = planes(found)
    picture = plane.cut(found.labels)
    corner = found.labels[-1, 0]  # a1 large, a2 small
    assert picture[0, -1] == corner != picture[-1, 0]
    assert plane.extent == (-4.0, 4.0, -3.0, 3.0)


def test_three_states_give_three_middle_slices_and_say_what_is_held() -> None:
    found = analysed("three").basins
    cuts = planes(found)
    assert [cut.axes for cut in cuts] == [(1, 2), (0, 2), (0, 1)]
    assert [cut.cut(found.labels).shape for cut in cuts] == [(12, 11), (12, 10), (11, 10)]
    assert cuts[0].held.startswith("$a_{1}$ = ")
    assert np.array_equal(cuts[2].cut(found.labels), found.labels[:, :, 5].T)


def test_more_states_say_where_the_others_are_held() -> None:
    (plane,) = planes(analysed("five").basins)
    assert plane.held == "$a_{3}$ = 0, $a_{4}$ = 0, $a_{5}$ = 0"


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script> --> & ]]>", "$\\frac", "名前 $ \x00 \N{GRINNING FACE}", "a" * 500]
)
def test_any_name_can_be_drawn(name: str) -> None:
    m = Map(name, (state_symbol("x"),), Formulas((state_symbol("x") / 2,)), (), exact_box((-1, 1), 1))
    drawn = figures(analyze(m, resolution=10, steps=5, max_period=1, proofs=False))
    for figure in drawn.values():
        ElementTree.fromstring(svg_text(figure))
    assert len(heading(m)) < 90


def test_names_of_states_become_symbols_only_where_that_is_safe() -> None:
    assert symbol_text(state_symbol("a12")) == "$a_{12}$"
    assert symbol_text(state_symbol("theta")) == r"$\theta$"
    assert symbol_text(state_symbol("speed")) == "speed"
    assert symbol_text(sp.Symbol("a$b")) == r"a\$b"
    assert plain("x" * 100, 10) == "x" * 9 + "…"


def test_style_is_left_behind() -> None:
    before = dict(mpl.rcParams)
    with pytest.raises(ValueError, match="on purpose"), styled():
        raise ValueError("on purpose")
    assert dict(mpl.rcParams) == before
