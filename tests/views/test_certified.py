"""What is proved of regions, shown: no pixel, row or number says more than the proofs do."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from fractions import Fraction
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

import dynlatch as d
from dynlatch.analysis import Analysis, analyze
from dynlatch.cells.certified import CertifiedBasins
from dynlatch.cells.certified_gamma import CertifiedReducedSet
from dynlatch.cells.settle import LEAVES, OPEN
from dynlatch.cells.tree import box_volume
from dynlatch.maps.definition import Formulas, Map, exact_box, state_symbol
from dynlatch.region_proofs import RegionProofs, prove_regions
from dynlatch.regions.attractors import find_attractors
from dynlatch.regions.reduced_set import READINGS, Membership
from dynlatch.verdict import Verdict
from dynlatch.views.certified import bounds_figure, certified_figure
from dynlatch.views.figures import png_bytes, proof_figures, svg_text
from dynlatch.views.json_values import to_text
from dynlatch.views.region_results import of_proofs, of_tolerance
from dynlatch.views.region_rows import region_ledger, region_rows, tolerance_summary
from dynlatch.views.style import PAPER, colour_of, light_colour_of, stripes

pytestmark = pytest.mark.xdist_group("certified views")
"""One process, so that each map is proved once."""


def down(share: Fraction) -> str:
    """A share in per cent with two decimals, rounded down."""
    return f"{math.floor(10_000 * share) / 100:.2f} %"


def up(share: Fraction) -> str:
    return f"{math.ceil(10_000 * share) / 100:.2f} %"


def escaping() -> Map:
    """Two latches, states that leave the box, and no symmetry."""
    x, y = state_symbol("x"), state_symbol("y")
    rule = Formulas((3 * x / 2 - x**3 / 2 + y / 5, y / 2 + x**2 / 10))
    return Map("escaping", (x, y), rule, (), exact_box([(-3, 3), (-2, 3)], 2))


MAPS: dict[str, tuple[Map, int, int]] = {
    "neuron": (d.neuron(2), 7, 9),
    "chaotic": (d.logistic("3.7"), 7, 9),
    "lost": (d.logistic(5), 7, 9),
    "network": (d.tanh_network([[2, "1/5"], ["1/5", "9/5"]]), 5, 5),
    "escaping": (escaping(), 6, 5),
    "three": (d.tanh_network([[2, 0, "1/5"], ["1/5", "1/2", 0], [0, "1/3", "1/2"]]), 3, 2),
}
"""A map, and the halvings of its basins and of Gamma."""
PLANES = ["network", "escaping"]
OPEN_COLOUR, GONE = "#4a535c", "#d3d7db"


@cache
def proofs(name: str) -> RegionProofs:
    m, depth, gamma_depth = MAPS[name]
    latches = 2 if name in ("neuron", "network") else 0
    known = find_attractors(m, m.domain)
    return prove_regions(m, m.domain, known, depth=depth, gamma_depth=gamma_depth, max_latches=latches)


@cache
def figures(name: str) -> dict[str, Figure]:
    return proof_figures(proofs(name))


@cache
def analysed() -> Analysis:
    return analyze(d.neuron(2), resolution=12, steps=10, max_period=1)


def pixels(figure: Figure, panel: int = 0) -> np.ndarray:
    """The picture in a panel, shape (rows, columns, 3), the lowest row first."""
    (image,) = figure.axes[panel].images
    assert image.origin == "lower"
    return np.asarray(image.get_array())


def is_colour(picture: np.ndarray, colour: Any) -> np.ndarray:
    return np.all(picture == np.round(255 * np.array(to_rgb(colour))).astype(np.uint8), axis=-1)


def striped(picture: np.ndarray) -> np.ndarray:
    """Where the stripes of a plane's picture lie."""
    return stripes(picture.shape[:2])


def within(found: CertifiedBasins, picture: np.ndarray) -> np.ndarray:
    """Five states of every pixel of a plane: its middle, and four near its corners; shape (2, 5, rows, columns)."""
    rows, columns = picture.shape[:2]
    parts = []
    for across, up in ((0.5, 0.5), (0.01, 0.01), (0.99, 0.01), (0.01, 0.99), (0.99, 0.99)):
        shares = np.meshgrid((np.arange(columns) + across) / columns, (np.arange(rows) + up) / rows)
        parts.append([float(a) + float(b - a) * s for (a, b), s in zip(found.box, shares, strict=True)])
    return np.moveaxis(np.array(parts), 0, 1)


def leaves_at(found: CertifiedBasins | CertifiedReducedSet, states: np.ndarray) -> np.ndarray:
    """The leaf that holds each state."""
    lo, hi = (np.array([float(side[e]) for side in found.box]).reshape(-1, 1) for e in (0, 1))
    units = np.array([[r << found.tree.fine] for r in found.tree.roots])
    place = np.floor((states.reshape(len(units), -1) - lo) / (hi - lo) * units)
    return found.tree.locate(np.clip(place, 0, units - 1).astype(np.int64)).reshape(states.shape[1:])


def legend(figure: Figure) -> dict[str, Patch]:
    """What the legend says, and how it looks."""
    (below,) = figure.legends
    texts = [text.get_text() for text in below.get_texts()]
    return dict(zip(texts, below.legend_handles, strict=True))  # pyright: ignore[reportReturnType]


# --- pictures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MAPS)
def test_every_dimension_has_its_figures_and_each_is_whole(name: str) -> None:
    assert set(figures(name)) == ({"certified", "bounds"} if name in PLANES else {"certified"})
    for figure in figures(name).values():
        assert ElementTree.fromstring(svg_text(figure)).tag == "{http://www.w3.org/2000/svg}svg"
        assert png_bytes(figure).startswith(b"\x89PNG")


def test_four_states_have_no_picture_and_no_attractor_no_bounds() -> None:
    four = d.certified_basins(d.tanh_network([["1/2" if i == j else 0 for j in range(4)] for i in range(4)]), depth=1)
    assert certified_figure(four) is None
    assert bounds_figure(four) is None
    known = proofs("escaping").basins
    assert bounds_figure(replace(known, attractors=replace(known.attractors, listed=()))) is None


@pytest.mark.parametrize("name", ["neuron", "escaping"])
def test_the_same_proofs_give_the_same_bytes(name: str) -> None:
    for stem, figure in proof_figures(proofs(name)).items():
        assert png_bytes(figure) == png_bytes(figures(name)[stem])
        assert svg_text(figure) == svg_text(figures(name)[stem])


def overstated(found: CertifiedBasins, picture: np.ndarray) -> int:
    """How many pixels show a label that not all of their states have."""
    labels = found.label[leaves_at(found, within(found, picture))]
    wrong = np.zeros(picture.shape[:2], dtype=bool)
    for k in found.targets:
        wrong |= (is_colour(picture, colour_of(k)) | is_colour(picture, light_colour_of(k))) & np.any(labels != k, 0)
    return int(np.sum(wrong | (is_colour(picture, GONE) & np.any(labels != LEAVES, 0))))


@pytest.mark.parametrize("name", PLANES)
def test_a_pixel_shows_a_basin_only_where_all_of_it_is_proved(name: str) -> None:
    found, picture = proofs(name).basins, pixels(figures(name)["certified"])
    assert overstated(found, picture) == 0
    known = [*(colour_of(k) for k in found.targets), *(light_colour_of(k) for k in found.targets), GONE]
    known += [OPEN_COLOUR, PAPER]
    assert np.all(np.any([is_colour(picture, c) for c in known], axis=0))
    for k in found.targets:
        shown = is_colour(picture, colour_of(k)) | is_colour(picture, light_colour_of(k))
        exact = float(found.inner(k) / box_volume(found.box))
        assert 0.95 * exact < shown.mean() <= exact


@pytest.mark.parametrize("name", PLANES)
def test_a_picture_turned_round_would_be_found_out(name: str) -> None:
    found, picture = proofs(name).basins, pixels(figures(name)["certified"])
    for mutant in (picture[::-1], picture[:, ::-1], np.roll(picture, 20, axis=0)):
        assert overstated(found, mutant) > 100


@pytest.mark.parametrize("name", PLANES)
def test_full_colour_is_proved_in_gamma_and_light_is_not(name: str) -> None:
    """Between the two the stripes of what is undecided: full off a stripe is in, light on a stripe is out."""
    regions, picture = proofs(name), pixels(figures(name)["certified"])
    reduced = regions.reduced_set
    members = reduced.reading("uniform")[leaves_at(reduced, within(regions.basins, picture))]
    on = striped(picture)
    for k in regions.basins.targets:
        full, light = is_colour(picture, colour_of(k)) & ~on, is_colour(picture, light_colour_of(k)) & on
        assert full.sum() > 100
        assert np.all(members[:, full] == Membership.IN)
        assert np.all(members[:, light] == Membership.OUT)


@pytest.mark.parametrize("name", PLANES)
def test_what_must_and_what_may_reach_each_attractor(name: str) -> None:
    regions, figure = proofs(name), figures(name)["bounds"]
    found = regions.basins
    for panel, k in enumerate(found.targets):
        picture = pixels(figure, panel)
        leaves = leaves_at(found, within(found, picture))
        colour, paper, on = is_colour(picture, colour_of(k)), is_colour(picture, PAPER), striped(picture)
        assert np.all(colour | paper)
        assert np.all(found.label[leaves[:, colour & ~on]] == k)
        assert np.all(found.avoids(k)[leaves[:, paper & on]])
        assert np.any(paper & ~on)
        areas, whole = found.areas(k), box_volume(found.box)
        must, may = down(areas.inner / whole), up(areas.outer / whole)
        assert figure.axes[panel].get_title(loc="left") == f"{k + 1}: must {must}, may {may}"
    assert sum(axes.get_visible() for axes in figure.axes) == len(found.targets)


def grey(picture: np.ndarray) -> np.ndarray:
    return picture @ np.array([0.2126, 0.7152, 0.0722]) / 255


@pytest.mark.parametrize("name", ["neuron", "lost", "network", "escaping"])
def test_what_is_open_is_told_without_colour(name: str) -> None:
    """Stripes of two far greys in the picture and a hatch in the legend; every other area is even, with no hatch."""
    found, figure = proofs(name).basins, figures(name)["certified"]
    picture = pixels(figure)
    dark = is_colour(picture, OPEN_COLOUR)
    light = is_colour(picture, PAPER)
    assert dark.any()
    assert light.any()
    assert grey(picture[light]).min() - grey(picture[dark]).max() > 0.5
    assert 0.4 < dark.sum() / (dark.sum() + light.sum()) < 0.6
    hatches = {text: patch.get_hatch() for text, patch in legend(figure).items() if isinstance(patch, Patch)}
    share = up(found.tree.volume(found.cells(OPEN)) / box_volume(found.box))
    kept_open = ["striped: undecided there"] if name in ("neuron", "network", "escaping") else []  # in Gamma
    assert [text for text, hatch in hatches.items() if hatch] == [*kept_open, f"undecided: {share}"]
    bounds = figures(name).get("bounds")
    if bounds is not None:
        looks = [(t, p.get_hatch(), to_rgb(p.get_facecolor()[:3]) == to_rgb(PAPER)) for t, p in legend(bounds).items()]
        assert looks == [
            ("proved to reach it (inner)", None, False),
            ("may reach it (outer)", "////", True),
            ("proved not to", None, True),
        ]


def test_a_line_is_drawn_as_a_band() -> None:
    found, figure = proofs("neuron").basins, figures("neuron")["certified"]
    (axes,) = figure.axes
    picture = pixels(figure)
    assert (axes.get_xlabel(), axes.get_ylabel(), list(axes.get_yticks())) == ("$a$", "", [])
    assert axes.get_xlim() == (-4.0, 4.0)
    assert axes.get_title(loc="left") == "Proved basins of neuron, w = 2, h = 0"
    columns = picture.shape[1]
    places = -4 + 8 * (np.arange(columns) + 0.5) / columns
    edge = np.arccosh(np.sqrt(2))  # Gamma is abs(a) > 0.8814, in every reading
    for k, side in ((0, -1), (1, 1)):
        full = np.all(is_colour(picture, colour_of(k)), axis=0)
        light = np.all(is_colour(picture, light_colour_of(k)), axis=0)
        assert np.min(side * places[full]) == pytest.approx(edge, abs=0.02)
        assert np.min(side * places[full]) > edge > np.max(side * places[light])
        assert np.min(side * places[light]) > 0
    open_ = np.any(is_colour(picture, OPEN_COLOUR), axis=0)
    assert np.max(np.abs(places[open_])) <= 8 / 2**7
    assert np.array_equal(found.label_at(places[open_][None]), np.full(open_.sum(), OPEN))


def test_the_legend_says_what_is_proved() -> None:
    shown = legend(figures("neuron")["certified"])
    assert list(shown) == [
        "must reach 1: 49.21 %", "must reach 2: 49.21 %", r"full colour: proved in $\Gamma$, uniform reading",
        "striped: undecided there", "undecided: 1.57 %", "attracting",
    ]  # fmt: skip
    assert to_rgb(shown["must reach 1: 49.21 %"].get_facecolor()[:3]) == pytest.approx(light_colour_of(0), abs=1e-6)
    chaotic = list(legend(figures("chaotic")["certified"]))
    assert chaotic[0].startswith("must enter the block around 1: ")
    assert not any("Gamma" in text for text in chaotic)
    lost = list(legend(figures("lost")["certified"]))
    assert [text.split(":")[0] for text in lost] == ["must leave the box", "undecided"]


def test_planes_and_spaces_are_labelled() -> None:
    (axes,) = figures("network")["certified"].axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("$a_{1}$", "$a_{2}$")
    assert (axes.get_xlim(), axes.get_ylim()) == ((-4.0, 4.0), (-3.0, 3.0))
    numbers = sorted(text.get_text() for text in axes.texts)
    assert numbers == ["1", "2", "3", "4"]
    (axes,) = figures("three")["certified"].axes
    assert axes.get_title(loc="left").endswith(", $a_{3}$ in the middle")


# --- results.json -----------------------------------------------------------------------------------------------------


def document(name: str) -> Any:
    return json.loads(to_text(of_proofs(proofs(name))))


@pytest.mark.parametrize("name", MAPS)
def test_every_proof_fits_the_schema(results_schema: ModuleType, name: str) -> None:
    part = results_schema.SCHEMA["$defs"]["proofs"]
    assert list(results_schema.faults(document(name), part)) == []
    assert list(results_schema.faults(None, results_schema.SCHEMA["properties"]["proofs"])) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("certified_basins", "decided"), 1.01),
        (("certified_basins", "attractors", 0, "kind"), "cycle"),
        (("certified_basins", "attractors", 0, "attractor"), -1),
        (("certified_basins", "attractors", 1, "inner", "volume"), "3.9"),
        (("certified_basins", "attractors", 1, "outer", "share"), "0.5"),
        (("certified_basins", "leaves_the_box"), 0),
        (("certified_basins", "depth"), 0),
        (("certified_basins", "verdict"), "SURE"),
        (("certified_basins", "rigor"), "sampled"),
        (("certified_reduced_set", "uniform", "in"), -0.1),
        (("certified_reduced_set", "num_cells"), 1.5),
        (("certified_reduced_set", "verdict"), True),
        (("certified_reduced_set", "stop"), "DONE"),
        (("certified_reduced_set", "rigor"), "measured"),
        (("tolerances",), {}),
        (("tolerances", 0, "lower"), None),
        (("tolerances", 0, "lower"), -1.0),
        (("tolerances", 0, "norm"), "1"),
        (("tolerances", 0, "set"), "box"),
        (("tolerances", 0, "proof"), "sample"),
        (("tolerances", 0, "escape_steps"), 0),
        (("tolerances", 0, "tube", "noise"), "0.2"),
        (("tolerances", 0, "tightness", "lower"), []),
        (("tolerances", 1, "reason"), None),
    ],
)
def test_the_schema_has_teeth(results_schema: ModuleType, path: tuple[Any, ...], value: object) -> None:
    mutant = document("network")
    place = mutant
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert list(results_schema.faults(mutant, results_schema.SCHEMA["$defs"]["proofs"]))


def test_every_key_is_required(results_schema: ModuleType) -> None:
    part = results_schema.SCHEMA["$defs"]["proofs"]
    for way in ((), ("certified_basins",), ("certified_basins", "attractors", 0), ("certified_reduced_set",),
                ("tolerances", 0), ("tolerances", 0, "tube")):  # fmt: skip
        place = document("network")
        for key in way:
            place = place[key]
        for key in place:
            mutant = document("network")
            inner = mutant
            for step in way:
                inner = inner[step]
            del inner[key]
            assert any(fault.endswith(f"no {key}") for fault in results_schema.faults(mutant, part)), (way, key)


@pytest.mark.parametrize("name", MAPS)
def test_volumes_are_exact_and_shares_add_up(name: str) -> None:
    found, written = proofs(name).basins, document(name)
    whole = box_volume(found.box)
    assert [entry["attractor"] for entry in written["certified_basins"]["attractors"]] == list(found.targets)
    for k, entry in zip(found.targets, written["certified_basins"]["attractors"], strict=True):
        inner, outer, open_ = (Fraction(entry[key]["volume"]) for key in ("inner", "outer", "undecided"))
        assert (inner, outer) == (found.areas(k).inner, found.areas(k).outer)
        assert inner + open_ == outer
        assert entry["inner"]["share"] == float(inner / whole)
        assert entry["kind"] == ("block" if k in found.blocks else "point")
    gone = Fraction(written["certified_basins"]["leaves_the_box"]["volume"])
    assert written["certified_basins"]["decided"] == float((gone + sum(map(found.inner, found.targets))) / whole)
    for reading in READINGS:
        shares = written["certified_reduced_set"][reading]
        assert shares.keys() == {"in", "out", "undecided"}
        assert sum(shares.values()) == pytest.approx(1, abs=1e-15)


def test_a_latch_of_which_nothing_is_proved_is_written_as_such() -> None:
    known = proofs("neuron").tolerances[0]
    bare = replace(
        known, lower=0.0, upper=None, proof=None, escape=None, tube=None, closed=None, verdict=Verdict.INCONCLUSIVE
    )
    written = of_tolerance(bare)
    assert (written["lower"], written["proof"], written["verdict"]) == (0.0, "none", "INCONCLUSIVE")
    assert [written[key] for key in ("upper", "escape_steps", "tube", "closed")] == [None] * 4
    assert written["tightness"] == {}


# --- the page ---------------------------------------------------------------------------------------------------------


def number(text: str) -> Fraction:
    return Fraction(text.removeprefix("≥ ").replace("−", "-"))


def test_rows_are_rounded_to_the_safe_side() -> None:
    found = analysed()
    assert found.proofs is not None
    rows = region_rows(found.proofs, found.basins)
    basins, whole = found.proofs.basins, box_volume(found.proofs.basins.box)
    assert [row["number"] for row in rows["basins"]] == [1, 2]
    for k, row in enumerate(rows["basins"]):
        areas = basins.areas(k)
        assert (row["inner"], row["outer"]) == (down(areas.inner / whole), up(areas.outer / whole))
        assert len(row["gamma"]) == len(READINGS)
    assert (rows["leaves"], rows["blocks"], rows["verdict"], rows["norm"]) == ("", False, Verdict.PROVED, "inf")
    assert 1 - basins.decided <= Fraction(rows["open"].removesuffix(" %")) / 100 < 2 * (1 - basins.decided)
    for t, row in zip(found.proofs.tolerances, rows["tolerances"], strict=True):
        assert t.upper is not None
        assert t.tube is not None
        assert t.closed is not None
        for text, exact in ((row["lower"], t.lower), (row["tube"], t.tube.noise), (row["closed"], t.closed)):
            assert Fraction(99_999, 100_000) * Fraction(exact) < number(text) <= Fraction(exact)
        assert Fraction(t.upper) <= number(row["upper"]) < Fraction(100_001, 100_000) * Fraction(t.upper)
        assert (row["verdict"], row["reason"]) == (t.verdict, t.reason)


def test_blocks_and_open_latches_are_named_as_such() -> None:
    chaotic = proofs("chaotic")
    sampled = d.basins(chaotic.basins.map, resolution=50, attractors=chaotic.basins.attractors)
    rows = region_rows(chaotic, sampled)
    assert [row["name"] for row in rows["basins"]] == ["1, recurrent set (its block)"]
    assert (rows["blocks"], rows["tolerances"], rows["norm"]) == (True, [], "")
    assert rows["leaves"] != ""
    known = proofs("neuron")
    bare = replace(known.tolerances[1], upper=None, escape=None, tube=None, closed=None)
    sampled = d.basins(known.basins.map, resolution=50, attractors=known.basins.attractors)
    (row,) = region_rows(replace(known, tolerances=(bare,)), sampled)["tolerances"]
    assert (row["upper"], row["tube"], row["closed"]) == ("–", "–", "–")


def test_the_summary_and_the_ledger_tell_the_weakest_latch_and_every_proof() -> None:
    found = analysed()
    assert found.proofs is not None
    strong, weak = (replace(t, lower=v) for t, v in zip(found.proofs.tolerances, (0.25, 0.125), strict=True))
    shown = tolerance_summary(replace(found, proofs=replace(found.proofs, tolerances=(strong, weak))))
    assert shown is not None
    title, value, text, verdict = shown
    assert (title, value, verdict) == ("Noise tolerance", "≥ 0.125", Verdict.PROVED)
    assert text.startswith("of the weakest latch, norm inf; an input of ")
    alone = tolerance_summary(replace(found, proofs=replace(found.proofs, tolerances=(replace(weak, upper=None),))))
    assert alone is not None
    assert alone[2] == "of the latch, norm inf; no escape was found"
    ledger = list(region_ledger(found))
    assert [entry[0].split(" (")[0] for entry in ledger] == [
        "basins, cell by cell", "Γ, cell by cell",
        *["noise that 1, fixed point"] * 2, *["noise that 2, fixed point"] * 2,
    ]  # fmt: skip
    assert all(entry[3] is Verdict.PROVED for entry in ledger)
    for t, (lower, upper) in zip(found.proofs.tolerances, zip(ledger[2::2], ledger[3::2], strict=True), strict=True):
        assert t.upper is not None
        assert number(lower[1]) <= Fraction(t.lower) <= Fraction(t.upper) <= number(upper[1])


def test_without_proofs_nothing_is_said() -> None:
    bare = replace(analysed(), proofs=None)
    assert tolerance_summary(bare) is None
    assert list(region_ledger(bare)) == []
