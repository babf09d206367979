"""The report: valid, closed to the network, deaf to hostile names, and honest about what is proved."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from fractions import Fraction
from functools import cache
from html.parser import HTMLParser

import pytest
import sympy as sp
from analysed_maps import analysed, drawn_of, texts_of
from matplotlib.figure import Figure

from dynlatch.analysis import analyze
from dynlatch.maps.catalogue import henon, neuron
from dynlatch.maps.definition import Formulas, Map, exact_box
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.views.figures import figures, svg_text
from dynlatch.views.mathml import formula, mathml
from dynlatch.views.numbers import (
    at_least_text,
    at_most_text,
    badge,
    certain_digits,
    half_width,
    real_text,
    sentence,
    share_text,
)  # fmt: skip
from dynlatch.views.report import _figure, render_report

HOSTILE = "<script>alert('x')</script>"
VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """What a browser would find: elements, attributes, and whether every tag is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.words))


NAMES = ["neuron", "pitchfork", "doubling", "cubic", "network", "henon", "three"]


@cache
def rendered(name: str) -> str:
    return render_report(analysed(name), texts_of(name))


@pytest.mark.parametrize("name", NAMES)
def test_pages_are_whole_and_load_nothing(name: str) -> None:
    text = rendered(name)
    page = Page(text)
    assert text.startswith("<!DOCTYPE html>")
    assert ("html", "lang", "en") in page.attributes
    assert {"script", "iframe", "object", "embed", "link", "a", "form", "base"}.isdisjoint(page.tags)
    for _, key, value in page.attributes:
        assert not key.startswith("on")
        if key in ("src", "href", "xlink:href", "action", "data", "srcset"):
            assert value.startswith(("#", "data:image/png;base64,"))
        assert not re.search(r"url\((?!#)", value)
    style = text[text.index("<style>") : text.index("</style>")]
    assert "@import" not in style
    assert "url(" not in style
    assert len(text) < 4_000_000


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_is_there_with_words_for_those_who_cannot_see_it(name: str) -> None:
    page = Page(rendered(name))
    drawn = drawn_of(name)
    assert page.tags.count("figure") == page.tags.count("figcaption") == len(drawn)
    names = [value for tag, key, value in page.attributes if tag == "svg" and key == "aria-labelledby"]
    identifiers = [value for _, key, value in page.attributes if key == "id"]
    assert len(names) == len(drawn)
    assert set(names) <= set(identifiers)
    assert len(identifiers) == len(set(identifiers))
    references = {value[1:] for _, key, value in page.attributes if key in ("href", "xlink:href") and value[0] == "#"}
    assert references <= set(identifiers)


@pytest.mark.parametrize("name", NAMES)
def test_tables_have_headers_and_headings_do_not_jump(name: str) -> None:
    page = Page(rendered(name))
    levels = [int(tag[1]) for tag in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels))
    scopes = [value for tag, key, value in page.attributes if tag == "th" and key == "scope"]
    assert len(scopes) == page.tags.count("th")


def test_the_neuron_is_told_in_full() -> None:
    text = Page(rendered("neuron")).text
    for words in (
        "neuron",
        "0.5328399753",
        "1.91500804815",
        "Exactly 3 fixed points",
        "0.88137358702",
        "−1.7935",
        "BSF94",
    ):
        assert words in text
    assert "<math" in rendered("neuron")
    assert "<code>" not in rendered("neuron")  # every formula was typeset


def test_verdicts_stand_where_they_are_due() -> None:
    def status(name: str, title: str) -> str:
        rows = rendered(name)[rendered(name).index('id="ledger"') :]
        row = rows[rows.index(f">{title}<") :]
        found = re.search(r'class="badge (\w+)"', row)
        assert found
        return found[1]

    assert status("neuron", "no other fixed point in the box") == "proved"
    assert status("neuron", "critical input") == "proved"
    assert status("neuron", "M contracts the box") == "refuted"
    assert status("neuron", "sampled basins and their shares") == "measured"
    assert status("neuron", "no other attractor") == "measured"
    assert status("pitchfork", "no other fixed point in the box") == "inconclusive"
    assert status("pitchfork", "M contracts the box") != "proved"
    assert status("henon", "attractor 1, recurrent set") == "measured"


def test_what_is_undecided_is_said() -> None:
    text = Page(rendered("pitchfork")).text
    assert "Undecided." in text
    assert "nor that there is none" in text
    assert "w=1 must exceed 1" in text
    assert "INCONCLUSIVE" in text


@pytest.mark.parametrize("name", ["doubling", "cubic"])
def test_a_map_without_attractors_is_said_to_have_none(name: str) -> None:
    text = Page(rendered(name)).text
    assert "No attractor was found in the box." in text
    assert "diverged" in text


def test_the_same_analysis_gives_the_same_page() -> None:
    found = analysed("neuron")
    assert render_report(found, {key: svg_text(f) for key, f in figures(found).items()}) == rendered("neuron")


def test_a_page_needs_no_figures() -> None:
    assert "figure" not in Page(render_report(analysed("neuron"), {})).tags


def test_hostile_names_are_only_words() -> None:
    x, w = sp.Symbol("<img src=x onerror=alert(1)>", real=True), sp.Symbol('"><b onclick="f()">', real=True)
    m = Map(HOSTILE, (x,), Formulas((w * sp.tanh(x),)), ((w, sp.Integer(2)),), exact_box((-4, 4), 1))
    found = analyze(m, resolution=20, steps=5, max_period=1, proofs=False)
    text = render_report(found, {key: svg_text(figure) for key, figure in figures(found).items()})
    page = Page(text)
    assert HOSTILE not in text
    assert "<img" not in text
    assert {"script", "img", "b onclick"}.isdisjoint(page.tags)
    assert not any(key.startswith("on") for _, key, _ in page.attributes)
    assert HOSTILE in page.text  # but shown


def test_hostile_reasons_are_escaped() -> None:
    found = replace(analysed("pitchfork"), critical_note=HOSTILE, versions=((HOSTILE, HOSTILE),))
    text = render_report(found, {})
    assert HOSTILE not in text
    assert text.count("&lt;script&gt;") >= 3


@pytest.mark.parametrize(
    "latex",
    [
        r"\href{javascript:alert(1)}{x}",
        "<script>x</script>",
        r"\frac{",
        r"\text{<b>}",
        "a & b",
        "\x00",
        r"\style{color:red}{x}",
    ],
)
def test_only_mathematics_comes_through(latex: str) -> None:
    text = str(mathml(latex))
    page = Page(text)
    assert {"script", "a", "b", "style"}.isdisjoint(page.tags)
    assert not any(key in ("href", "style") for _, key, _ in page.attributes)


def test_formulas_are_mathml_with_spaced_functions() -> None:
    (line,) = formula(neuron(2))
    root = ElementTree.fromstring(str(line))
    assert root.tag == "math"
    children = [(e.tag, e.text) for e in root.iter() if e.tag in ("mi", "mspace", "mo")]
    place = children.index(("mi", "tanh"))
    assert children[place - 1][0] == "mspace"
    assert children[place + 1] == ("mo", "(")
    assert len(formula(henon())) == 2


def test_numbers_show_only_certain_digits() -> None:
    third = Fraction(1, 3)
    assert certain_digits(Enclosure(third - Fraction(1, 10**5), third + Fraction(1, 10**5))) == "0.3333"
    assert certain_digits(Enclosure(Fraction(-1, 10), Fraction(1, 10))) == "0"
    assert certain_digits(Enclosure.exactly(Fraction(-5, 4))) == "−5/4"
    assert half_width(Enclosure.exactly(2)) == "exact"
    assert half_width(Enclosure(Fraction(0), Fraction(1, 500))) == "± 1.0e−03"
    assert real_text(float("nan")) == "not defined"
    assert real_text(-0.0) == "0"
    assert (at_least_text(0.53283997, 4), at_most_text(0.53283997, 4)) == ("0.5328", "0.5329")
    assert (at_least_text(-1.96, 2), at_most_text(-1.96, 2), at_most_text(float("inf"))) == ("−2", "−1.9", "∞")
    assert [share_text(x) for x in (0, 2.4e-5, 0.5, 0.99999, 1)] == [
        "0.00 %",
        "0.002 %",
        "50.00 %",
        "99.999 %",
        "100.00 %",
    ]


def test_badges_differ_in_sign_word_and_class() -> None:
    shown = [str(badge(v)) for v in ("PROVED", "REFUTED", "INCONCLUSIVE", "measured")]
    assert len({re.sub(r"[^✓✗?≈]", "", s) for s in shown}) == 4
    assert len({re.search(r'class="([^"]+)"', s)[1] for s in shown}) == 4  # type: ignore[index]
    assert HOSTILE not in str(badge(HOSTILE))


def test_sentences_begin_with_a_capital_unless_a_symbol_stands_first() -> None:
    assert sentence("closed form") == "Closed form."
    assert sentence("w=1 must exceed 1.") == "w=1 must exceed 1."
    assert sentence("") == ""


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def test_text_stands_out_in_light_and_in_dark() -> None:
    style = rendered("neuron")[: rendered("neuron").index("</style>")]
    blocks = [part[: part.index("}")] for part in style.split(":root {")[1:3]]
    themes = [dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block)) for block in blocks]
    assert len(themes) == 2
    for theme in themes:
        for name in ("ink", "soft", "proved", "open", "measured", "refuted"):
            for ground in ("paper", "ground"):
                light, dark = sorted((_luminance(theme[name]), _luminance(theme[ground])), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (name, ground)


def test_equal_pictures_in_one_figure_do_not_share_a_name() -> None:
    figure = Figure()
    for place in (1, 2):
        figure.add_subplot(1, 2, place).imshow([[0.0, 1.0], [1.0, 0.0]])
    svg = svg_text(figure)
    names = re.findall(r'<image [^>]*\bid="([^"]*)"', svg)
    assert len(names) == 2
    svg = svg.replace(names[1], names[0])  # as where their pixels are equal
    shown = Page(str(_figure("basins", svg)["svg"]))
    identifiers = [value for _, key, value in shown.attributes if key == "id"]
    assert shown.tags.count("image") == 2
    assert len(identifiers) == len(set(identifiers))
