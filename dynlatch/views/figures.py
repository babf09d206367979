"""All figures of an analysis, and how they become SVG and PNG: the same bytes every time."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Final

import matplotlib as mpl
from matplotlib.figure import Figure

from dynlatch.views import one_dimension, two_dimensions
from dynlatch.views.certified import bounds_figure, certified_figure
from dynlatch.views.decay import decay_figure
from dynlatch.views.style import arrange, styled

if TYPE_CHECKING:
    from dynlatch.analysis import Analysis
    from dynlatch.region_proofs import RegionProofs

PNG_DPI: Final = 160
_NO_METADATA: Final = {"Date": None, "Creator": None, "Format": None, "Type": None}
_PROLOGUE: Final = re.compile(r"\A.*?(?=<svg)", re.DOTALL)


def figures(analysis: Analysis) -> dict[str, Figure]:
    """Every figure that fits the map's dimension, by its file's stem, in reading order.

    All maps have ``basins``, ``reduced_set``, ``times`` and ``decay``; one state adds ``cobweb``, two states add
    ``phase_portrait``; up to three states add ``certified``, two ``bounds``. Cost: some tenths of a second each.
    """
    line = len(analysis.basins.grid.axes) == 1
    room = one_dimension if line else two_dimensions
    drawn: dict[str, Figure] = {}
    with styled():
        drawn["basins"] = room.basins_figure(analysis)
        if analysis.map.dimension == 1:
            drawn["cobweb"] = one_dimension.cobweb_figure(analysis)
        if analysis.map.dimension == 2 and not line:
            drawn["phase_portrait"] = two_dimensions.phase_portrait_figure(analysis)
        if analysis.proofs is not None:
            drawn |= _proved(analysis.proofs)
        drawn["reduced_set"] = room.reduced_set_figure(analysis)
        drawn["times"] = room.times_figure(analysis)
        drawn["decay"] = decay_figure(analysis)
        for figure in drawn.values():
            arrange(figure)
    return drawn


def proof_figures(proofs: RegionProofs) -> dict[str, Figure]:
    """The figures of what is proved of regions, by their files' stems: ``certified`` and ``bounds`` where they
    exist."""
    with styled():
        drawn = _proved(proofs)
        for figure in drawn.values():
            arrange(figure)
    return drawn


def _proved(proofs: RegionProofs) -> dict[str, Figure]:
    """What is proved of the regions, where it can be drawn."""
    figures = {
        "certified": certified_figure(proofs.basins, proofs.reduced_set), "bounds": bounds_figure(proofs.basins)
    }  # fmt: skip
    return {name: figure for name, figure in figures.items() if figure is not None}


def svg_text(figure: Figure) -> str:
    """A figure as SVG that refers to nothing outside itself: text as outlines, pictures inline, no date."""
    buffer = io.StringIO()
    with styled():
        figure.savefig(buffer, format="svg", metadata=_NO_METADATA)
    return _PROLOGUE.sub("", buffer.getvalue(), count=1)


def png_bytes(figure: Figure) -> bytes:
    """A figure as PNG, at 160 dots per inch."""
    buffer = io.BytesIO()
    with styled(), mpl.rc_context({"savefig.dpi": PNG_DPI}):
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
