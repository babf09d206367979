"""How mixed basins are on a labelled grid: basin entropy, and the uncertainty exponent of the boundary."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from dynlatch.errors import InputError
from dynlatch.metrics.colours import Colours, counted_colours, per_axis

Floats = NDArray[np.float64]

BOX_CELLS: Final = 5
"""Cells along each side of a box of ``basin_entropy``, unless said otherwise."""
_ROUNDING: Final = 2.0**-40
_LEAST_POINTS: Final = 3
_RATIO: Final = math.sqrt(2.0)
_SHARE: Final = 16
"""The largest default distance is this part of the shortest side of the grid."""


@dataclass(frozen=True, slots=True, repr=False)
class BasinEntropy:
    """Mixing of the labels in boxes of cells, in nats.

    ``entropy`` is S_b, the mean over all boxes, ``boundary_entropy`` S_bb, the mean over the ``num_boundary_boxes``
    boxes that hold more than one label (0 where there is none). ``num_unused_cells`` cells at the upper ends of the
    axes fill no whole box and were not used. Rigor: sampled.
    """

    entropy: float
    boundary_entropy: float
    num_boxes: int
    num_boundary_boxes: int
    num_unused_cells: int
    labels: tuple[int, ...]
    box_cells: tuple[int, ...]
    attractors_only: bool

    @property
    def exceeds_log_2(self) -> bool:
        """Whether S_bb > ln 2, which suffices for a fractal boundary where boxes are small against the basins.

        A box cut by a smooth boundary holds two labels, whose entropy is at most ln 2; boxes around the points at which
        three smooth basins meet hold more, but are few.
        """
        return self.boundary_entropy > math.log(2.0) * (1.0 + _ROUNDING)

    def __repr__(self) -> str:
        shape = " x ".join(map(str, self.box_cells))
        return (
            f"BasinEntropy(S_b {self.entropy:.6g}, S_bb {self.boundary_entropy:.6g} nats; {self.num_boundary_boxes} of "
            f"{self.num_boxes} boxes of {shape} cells hold more than one of {len(self.labels)} labels)"
        )


def basin_entropy(
    found: object, box_cells: int | Sequence[int] = BOX_CELLS, *, attractors_only: bool = False
) -> BasinEntropy:
    """Mean entropy of the labels in the boxes of a labelled grid of any dimension.

    S_b = mean over boxes of - sum over labels j of p_j log p_j, with p_j the share of the box's cells labelled j; S_bb
    is the same mean over the boxes with more than one label.

    Arguments: ``found``, ``Basins`` or an array of labels; ``box_cells``, cells along each side of a box, one number
    or one per axis. Boxes start at the lower ends; cells that fill no whole box at the upper ends are not used,
    because a smaller box has a smaller entropy. ``attractors_only``: cells with a label below 0 are left out of every
    p, and boxes of such cells alone are not counted; otherwise each such label is a colour like any other.
    Raises: InputError for no labels, a box that does not fit into the grid, or one of a single cell.
    Source: Daza, Wagemakers, Georgeot, Guery-Odelin and Sanjuan 2016. Rigor: sampled; entropies of few cells are biased
    downwards. Cost: nanoseconds a cell and label.

    >>> import numpy as np
    >>> basin_entropy(np.array([0, 0, 0, 1, 1, 1, 1, 1]), 2)
    BasinEntropy(S_b 0.173287, S_bb 0.693147 nats; 1 of 4 boxes of 2 cells hold more than one of 2 labels)
    """
    colours, names = counted_colours(found, attractors_only)
    sides = per_axis(box_cells, colours.shape, "box_cells")
    if math.prod(sides) < 2:
        raise InputError(f"box_cells={box_cells} makes boxes of one cell, which hold one label each; give at least 2")
    counts = _count(colours, len(names), sides)
    entropies = _entropies(counts[:, counts.sum(axis=0) > 0])
    mixed = entropies > 0.0
    return BasinEntropy(
        float(entropies.mean()) if entropies.size else 0.0,
        float(entropies[mixed].mean()) if np.any(mixed) else 0.0,
        entropies.size,
        int(np.count_nonzero(mixed)),
        colours.size - counts.shape[1] * math.prod(sides),
        names,
        sides,
        attractors_only,
    )


def _count(colours: Colours, num: int, sides: tuple[int, ...]) -> NDArray[np.int64]:
    """How many cells of each box have each colour, shape (colours, boxes)."""
    boxes = tuple(cells // side for cells, side in zip(colours.shape, sides, strict=True))
    whole = colours[tuple(slice(0, b * side) for b, side in zip(boxes, sides, strict=True))]
    split = whole.reshape([size for b, side in zip(boxes, sides, strict=True) for size in (b, side)])
    inside = tuple(range(1, 2 * len(sides), 2))
    counts = [np.count_nonzero(split == colour, axis=inside).ravel() for colour in range(num)]
    return np.array(counts, dtype=np.int64).reshape(num, math.prod(boxes))


def _entropies(counts: NDArray[np.int64]) -> Floats:
    shares = counts / np.sum(counts, axis=0)
    terms = np.where(shares > 0.0, shares, 1.0)
    return np.maximum(0.0, -np.sum(terms * np.log(terms), axis=0))  # not -0.0


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class UncertaintyExponent:
    """The exponent alpha of f(epsilon) ~ epsilon^alpha, f the share of cells whose label is uncertain at epsilon.

    ``distances`` are the epsilon, in cells, ``fractions`` the f. ``standard_error`` and ``interval`` (at the level
    ``confidence``) come from the residuals of the straight line in logs: they tell how far the points are from a power
    law, and nothing about what other grids or finer scales would give; points of one grid are not independent.
    ``dimension`` is the boundary's box-counting dimension, D = n - alpha for a grid of n axes (of a slice: that of the
    boundary in the slice). All are nan where ``reason`` says that there was nothing to fit. Rigor: sampled.
    """

    alpha: float
    standard_error: float
    interval: tuple[float, float]
    confidence: float
    r_squared: float
    distances: tuple[int, ...]
    fractions: tuple[float, ...]
    num_axes: int
    num_cells: int
    labels: tuple[int, ...]
    attractors_only: bool
    reason: str

    @property
    def dimension(self) -> float:
        """The boundary's box-counting dimension, n - alpha; its error is that of alpha."""
        return self.num_axes - self.alpha

    @property
    def slopes(self) -> tuple[float, ...]:
        """The exponents between successive distances; a trend in them says that there is no one power law."""
        with np.errstate(divide="ignore", invalid="ignore"):
            rise = np.diff(np.log(np.array(self.fractions))) / np.diff(np.log(np.array(self.distances)))
        return tuple(float(v) for v in rise)

    def __repr__(self) -> str:
        if math.isnan(self.alpha):
            return f"UncertaintyExponent(none: {self.reason})"
        return (
            f"UncertaintyExponent(alpha {self.alpha:.4f} +- {self.standard_error:.2g}, {self.confidence:.0%} interval "
            f"[{self.interval[0]:.4f}, {self.interval[1]:.4f}] from the scatter about the line, dimension "
            f"{self.dimension:.4f}; {len(self.distances)} distances from {self.distances[0]} to {self.distances[-1]} "
            f"cells, R^2 {self.r_squared:.5f})"
        )


def uncertainty_exponent(
    found: object,
    distances: Sequence[int] | None = None,
    *,
    attractors_only: bool = False,
    confidence: float = 0.95,
) -> UncertaintyExponent:
    """Fit f(epsilon) ~ epsilon^alpha, with f the share of cells that an error of epsilon may give another label.

    A cell is uncertain at epsilon if one of the 2n cells at this distance along the n axes, up or down, has another
    label. The same cells are looked at for every epsilon: those at least the largest distance away from the grid's
    edge.

    Arguments: ``found``, ``Basins`` or an array of labels; ``distances``, at least 3 different numbers of cells, by
    default spaced by about sqrt 2 from 1 to a sixteenth of the shortest side; ``attractors_only``: cells with a label
    below 0 are neither counted nor compared with; ``confidence`` of the interval.
    Raises: InputError for no labels, fewer than 3 distances, distances that leave no cell, a grid too small for the
    default ones, or a confidence not between 0 and 1.
    Source: Grebogi, McDonald, Ott and Yorke 1983. Rigor: sampled. Cost: nanoseconds a cell, axis and distance.
    """
    colours, names = counted_colours(found, attractors_only)
    level = checked_confidence(confidence)
    chosen = _distances(distances, colours.shape)
    num, uncertain = _uncertain(colours, chosen)
    fractions = tuple(u / num if num else 0.0 for u in uncertain)
    kept = [(e, f) for e, f in zip(chosen, fractions, strict=True) if f > 0.0]
    reason = ""
    fit = math.nan, math.nan, (math.nan, math.nan), math.nan
    if not kept:
        reason = f"no boundary: no cell has another label within {chosen[-1]} cells along an axis"
    elif len(kept) < _LEAST_POINTS:
        reason = f"too few cells near the boundary: only {len(kept)} of the distances see it; label a finer grid"
    else:
        fit = _line(np.log([e for e, _ in kept]), np.log([f for _, f in kept]), level)
        if len(kept) < len(chosen):
            reason = f"{len(chosen) - len(kept)} distances at which no cell is uncertain are left out of the fit"
    return UncertaintyExponent(
        *fit[:3], level, fit[3], chosen, fractions, colours.ndim, num, names, attractors_only, reason
    )


def checked_confidence(confidence: float) -> float:
    """A level strictly between 0 and 1. Raises: InputError for anything else."""
    if isinstance(confidence, bool) or not isinstance(confidence, float) or not 0.0 < confidence < 1.0:
        raise InputError(f"confidence={confidence} must lie between 0 and 1, without the ends; give 0.95, say")
    return float(confidence)


def _distances(given: Sequence[int] | None, shape: tuple[int, ...]) -> tuple[int, ...]:
    shortest = min(shape)
    if given is None:
        top = shortest // _SHARE
        steps = range(math.floor(2.0 * math.log2(max(1, top))) + 1)
        found = tuple(sorted({round(_RATIO**k) for k in steps}))
        if len(found) < _LEAST_POINTS:
            raise InputError(
                f"a grid of {' x '.join(map(str, shape))} cells is too small for a fit; label at least 48 cells along "
                "each axis, or give distances"
            )
        return found
    for e in given:
        if isinstance(e, bool) or not isinstance(e, int | np.integer) or not 1 <= 2 * e < shortest:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InputError(
                f"distances holds {e}, but each must be a whole number of cells, at least 1 and less than half of the "
                f"{shortest} cells along the shortest side"
            )
    found = tuple(sorted({int(e) for e in given}))
    if len(found) < _LEAST_POINTS:
        raise InputError(f"distances={list(given)} are too few for a fit with an error; give at least 3 different ones")
    return found


def _uncertain(colours: Colours, distances: tuple[int, ...]) -> tuple[int, list[int]]:
    """The number of cells that are looked at, and how many of them are uncertain at each distance."""
    margin = distances[-1]
    core = colours[tuple(slice(margin, n - margin) for n in colours.shape)]
    uncertain: list[int] = []
    for e in distances:
        differs = np.zeros(core.shape, dtype=bool)
        for axis in range(colours.ndim):
            for shift in (-e, e):
                begin = [margin + (shift if k == axis else 0) for k in range(colours.ndim)]
                other = colours[tuple(slice(b, b + n) for b, n in zip(begin, core.shape, strict=True))]
                differs |= (other != core) & (other >= 0)
        uncertain.append(int(np.count_nonzero(differs & (core >= 0))))
    return int(np.count_nonzero(core >= 0)), uncertain


def _line(x: Floats, y: Floats, confidence: float) -> tuple[float, float, tuple[float, float], float]:
    """Slope of the least squares line, its standard error and interval from the residuals, and R^2."""
    free = x.size - 2
    offset, height = x - x.mean(), y - y.mean()
    spread = float(offset @ offset)
    slope = float(offset @ height) / spread
    residuals = height - slope * offset
    rest, total = float(residuals @ residuals), float(height @ height)
    error = math.sqrt(rest / free / spread)
    half = float(stdtrit(free, 0.5 + confidence / 2)) * error
    return slope, error, (slope - half, slope + half), 1.0 - rest / total if total else 1.0
