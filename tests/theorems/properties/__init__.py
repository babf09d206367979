"""Every repaired statement as a property: cases by construction on which it is proved, and mutants it must refute."""

from __future__ import annotations

from properties import contraction, definitions, networks, neurons, projections, stretching, tubes
from properties.property import Property

TABLE: tuple[Property, ...] = (
    *neurons.PROPERTIES,
    *definitions.DEFINITIONS,
    *networks.PROPERTIES,
    *stretching.PROPERTIES,
    *contraction.THEOREM_2,
    *tubes.PROPERTIES,
    *contraction.THEOREM_4,
    *projections.LEMMA,
    *projections.PROJECTION,
    *projections.REDUCTION,
    *definitions.SUBSAMPLING,
    *projections.JUMPS,
)
"""In the order of the table of statements."""
