"""Subdivisions of a box into cells, as the trees of certificates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.certificates.document import Json, packed
from dynlatch.certificates.document import box as box_of
from dynlatch.errors import InputError
from dynlatch.maps.definition import Box


def tree_claim(
    box: Box, roots: Sequence[int], nodes: NDArray[Any], columns: Mapping[str, tuple[NDArray[Any], str]]
) -> Json:
    """A subdivision of a box into leaves with one value per leaf in each column.

    Arguments: ``roots``, into how many equal cells each axis is cut; ``nodes``, depth-first preorder over those cells
    in C order, 1 for a cell that is halved along every axis into 2^n children, 0 for a leaf (child c takes the upper
    half along axis i iff bit n-1-i of c is set); ``columns``, name to (values in the order of the leaves, "u1" or
    "i4").
    Raises: InputError if a column has not one value per leaf.
    """
    flat = np.asarray(nodes).ravel()
    leaves = int(np.count_nonzero(flat == 0))
    for name, (values, _) in columns.items():
        if np.size(values) != leaves:
            raise InputError(f"the column {name} has {np.size(values)} values for {leaves} leaves; give one per leaf")
    return {
        "box": box_of(box),
        "roots": [int(k) for k in roots],
        "num_leaves": leaves,
        "nodes": packed(flat, "u1"),
        "columns": {name: packed(values, kind) for name, (values, kind) in columns.items()},
    }
