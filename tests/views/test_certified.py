"""Pictures of what is proved of regions: no pixel says more than the proofs do."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from certified_maps import GONE, MAPS, OPEN_COLOUR, PLANES, down, figures, proofs, up
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

import dynlatch as d
from dynlatch.cells.certified import CertifiedBasins
from dynlatch.cells.certified_gamma import CertifiedReducedSet
from dynlatch.cells.settle import LEAVES, OPEN
from dynlatch.cells.tree import box_volume
from dynlatch.regions.reduced_set import Membership
from dynlatch.views.certified import bounds_figure, certified_figure
from dynlatch.views.figures import png_bytes, proof_figures, svg_text
from dynlatch.views.style import PAPER, colour_of, light_colour_of, stripes


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
    for across, along in ((0.5, 0.5), (0.01, 0.01), (0.99, 0.01), (0.01, 0.99), (0.99, 0.99)):
        shares = np.meshgrid((np.arange(columns) + across) / columns, (np.arange(rows) + along) / rows)
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
