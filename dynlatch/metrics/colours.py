"""Labelled grids as colours: what the metrics of basins read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InputError
from dynlatch.regions.basins import Basins

Whole = NDArray[np.integer]
Colours = NDArray[np.int64]


def labels_of(found: object) -> Whole:
    """The labels of ``Basins``, or an array of labels as it is.

    Raises: InputError for anything that is no array of whole numbers with at least one entry.
    """
    labels = np.asarray(found.labels if isinstance(found, Basins) else found)
    if labels.dtype.kind not in "iu" or labels.ndim == 0 or labels.size == 0:
        got = f"an array of {labels.dtype} of shape {labels.shape}" if isinstance(found, np.ndarray) else type(found)
        raise InputError(
            f"found is {got}, which holds no labels; give Basins, or an array of whole numbers, one per cell"
        )
    return labels


def colours_of(labels: Whole, left_out: NDArray[np.bool_] | None = None) -> tuple[Colours, tuple[int, ...]]:
    """Each cell's colour 0, 1, ... (-1 where it is left out) and the label that each colour stands for."""
    counted = np.ones(labels.shape, dtype=bool) if left_out is None else ~left_out
    names, index = np.unique(labels[counted], return_inverse=True)
    colours = np.full(labels.shape, -1, dtype=np.int64)
    colours[counted] = index
    return colours, tuple(int(name) for name in names)


def counted_colours(found: object, attractors_only: bool) -> tuple[Colours, tuple[int, ...]]:
    """Colours of all labels, or of the labels from 0 on. Raises: InputError as ``labels_of``."""
    labels = labels_of(found)
    return colours_of(labels, labels < 0 if attractors_only else None)


def per_axis(given: int | Sequence[int], shape: tuple[int, ...], name: str) -> tuple[int, ...]:
    """One whole number from 1 to the number of cells for each axis.

    Raises: InputError if there are too many or too few, or one is not in that range.
    """
    numbers = list(given) if isinstance(given, Sequence) else [given] * len(shape)
    if len(numbers) != len(shape):
        raise InputError(f"{name}={given} has {len(numbers)} numbers for {len(shape)} axes; give one for all, or each")
    for number, cells in zip(numbers, shape, strict=True):
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or not 1 <= number <= cells:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InputError(
                f"{name}={given} must be whole numbers from 1 to the {cells} cells there are along an axis"
            )
    return tuple(int(number) for number in numbers)
