"""The Wada property on a labelled grid: is every boundary cell near every one of the colours?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dynlatch.errors import InputError
from dynlatch.metrics.colours import Colours, colours_of, labels_of
from dynlatch.regions.basins import Basins
from dynlatch.regions.labels import Label
from dynlatch.verdict import Verdict

RADIUS: Final = 5
"""Cells by which a boundary is fattened, unless said otherwise."""
LEAST_COLOURS: Final = 3
_ESCAPED: Final = (Label.DIVERGED, Label.LEFT_THE_BOX)

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class WadaTest:
    """How near the boundaries of the k merged two-colour pictures are to one another, in cells.

    Boundary i is that between label i and all others. ``distances[i, j]`` is the largest distance from a cell of
    boundary j to boundary i (half a Hausdorff distance), and ``least_radius`` the largest of them: fattened by this
    much, every boundary holds all of the others. A distance counts up to the picture's edge at most, beyond which the
    boundary may have a piece that is nearer. ``share_within`` is the share of the boundaries' cells that have every
    boundary within ``radius``, among those of which the picture tells (all but ``share_at_edge``), and ``worst`` the
    cell that is farthest from the boundary of ``worst_label``; ``num_filled`` cells had no basin's label and took the
    nearest one.

    ``holds``: whether least_radius <= radius, at this grid's resolution. It cannot prove the Wada property, as what
    happens inside of a cell is not seen, nor refute it, as a filament thinner than a cell is not seen either: so
    ``verdict`` is always INCONCLUSIVE. Halve the cells and see: in cells, least_radius hardly grows on a Wada boundary
    and doubles elsewhere. A few places where a basin is thin may need more than a small radius, which ``share_within``
    tells from a boundary of two basins. Rigor: sampled.
    """

    labels: tuple[int, ...]
    radius: float
    least_radius: float
    distances: NDArray[np.float64]
    share_within: float
    num_boundary_cells: int
    share_at_edge: float
    worst: tuple[int, int]
    worst_label: int
    num_filled: int
    escape: bool
    verdict: Verdict

    @property
    def holds(self) -> bool:
        """Whether the boundaries agree within ``radius`` cells."""
        return self.least_radius <= self.radius

    def __repr__(self) -> str:
        says = "agree" if self.holds else "do not agree"
        return (
            f"WadaTest(the boundaries of labels {', '.join(map(str, self.labels))} {says} within {self.radius:g} "
            f"cells: least radius {self.least_radius:.4g} cells, {self.share_within:.2%} of {self.num_boundary_cells} "
            f"boundary cells near all of them; {self.verdict}, at this grid's resolution)"
        )


def wada_test(found: object, radius: float = RADIUS, *, escape: bool = False) -> WadaTest:
    """Test by merging whether all basins of a two-dimensional grid share one boundary, within ``radius`` cells.

    For each label the others are merged into one, which leaves a picture of two colours with a boundary: the cells
    with a neighbour (one of four) of the other colour. The basins have the Wada property, as far as the grid can tell,
    if each of these k boundaries, fattened by ``radius``, holds every other.

    Arguments: ``found``, ``Basins`` or an array of labels, of two axes; ``radius`` in cells; ``escape``: diverging and
    leaving the box count as one basin more, of label -1. Every other cell with a label below 0 takes the label of the
    nearest cell of a basin: an orbit that stays outside the box for a while may well come back.
    Raises: InputError for other than two axes, fewer than 3 basins, or a radius that is not positive or reaches across
    the grid.
    Source: Daza, Wagemakers and Sanjuan 2018. Rigor: sampled. Cost: tens of nanoseconds a cell and basin.
    """
    labels = labels_of(found)
    if labels.ndim != 2:
        raise InputError(f"the labels have {labels.ndim} axes but the merging test is for 2; label a slice of two axes")
    if isinstance(radius, bool) or not (isinstance(radius, int | float) and 0 < radius < min(labels.shape) / 2):  # pyright: ignore[reportUnnecessaryIsInstance]
        shape = " x ".join(map(str, labels.shape))
        raise InputError(
            f"radius={radius} must be a number of cells above 0 and below half the shorter side of the {shape} cells, "
            "or else any two boundaries agree; give 5, say, or label a finer grid"
        )
    if escape:
        labels = np.where(np.isin(labels, _ESCAPED), Label.DIVERGED, labels)
    nowhere = (labels < 0) & ~(escape & (labels == Label.DIVERGED))
    colours, names = colours_of(labels, nowhere)
    if len(names) < LEAST_COLOURS:
        listed = ", ".join(map(str, names)) or "none"
        where = f"the grid of {found.map.name}" if isinstance(found, Basins) else "the grid"
        raise InputError(
            f"{where} holds {len(names)} basins (labels {listed}), and the Wada property is about 3 or more; choose a "
            "larger box or another map"
        )
    slim = [_boundary(_filled(colours) == i) for i in range(len(names))]
    return _compare(names, slim, float(radius), int(np.count_nonzero(nowhere)), escape)


def _filled(colours: Colours) -> Colours:
    """Every cell with a colour: its own or the nearest."""
    if np.all(colours >= 0):
        return colours
    nearest = ndimage.distance_transform_edt(colours < 0, return_distances=False, return_indices=True)
    return colours[tuple(nearest)]


def _boundary(inside: Mask) -> Mask:
    """Cells that have one of their four neighbours on the other side."""
    found = np.zeros(inside.shape, dtype=bool)
    down, right = inside[1:] != inside[:-1], inside[:, 1:] != inside[:, :-1]
    found[1:] |= down
    found[:-1] |= down
    found[:, 1:] |= right
    found[:, :-1] |= right
    return found


def _compare(names: tuple[int, ...], slim: list[Mask], radius: float, num_filled: int, escape: bool) -> WadaTest:
    union = np.any(slim, axis=0)
    cells = np.argwhere(union)
    away = np.array([ndimage.distance_transform_edt(~boundary)[union] for boundary in slim])
    outside = np.min(np.minimum(cells, np.array(union.shape) - 1 - cells), axis=1) + 1
    known = np.minimum(away, outside)
    distances = np.array([[np.max(d, where=boundary[union], initial=0.0) for boundary in slim] for d in known])
    label, cell = np.unravel_index(int(np.argmax(known)), known.shape)
    near: Mask = np.all(away <= radius, axis=0)
    far: Mask = np.any(known > radius, axis=0)
    decided = int(np.count_nonzero(near | far))
    return WadaTest(
        names,
        radius,
        float(np.max(distances)),
        distances,
        np.count_nonzero(near) / decided if decided else math.nan,
        len(cells),
        1.0 - decided / len(cells),
        (int(cells[cell, 0]), int(cells[cell, 1])),
        names[label],
        num_filled,
        escape,
        Verdict.INCONCLUSIVE,
    )
