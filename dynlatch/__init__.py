"""dynlatch: can a recurrent system remember, how robustly, and what does that cost in learning?

Names are imported when they are first used, so that ``import dynlatch`` is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from dynlatch import learning as learning
    from dynlatch import theorems as theorems
    from dynlatch.analysis import Analysis as Analysis
    from dynlatch.analysis import analyze as analyze
    from dynlatch.auditing.audit import audit as audit
    from dynlatch.cells.certified import certified_basins as certified_basins
    from dynlatch.cells.certified_gamma import certified_reduced_set as certified_reduced_set
    from dynlatch.cells.morse import morse_graph as morse_graph
    from dynlatch.cells.paving import contracting_region as contracting_region
    from dynlatch.certificates.document import Certificate as Certificate
    from dynlatch.certificates.noise import escape_certificate as escape_certificate
    from dynlatch.certificates.results import certificate as certificate
    from dynlatch.checker.verify import Verification as Verification
    from dynlatch.checker.verify import verify as verify
    from dynlatch.errors import InputError as InputError
    from dynlatch.latch.contraction import contraction_bound as contraction_bound
    from dynlatch.latch.critical_input import critical_input as critical_input
    from dynlatch.latch.derivation import derive as derive
    from dynlatch.latch.fixed_points import fixed_points as fixed_points
    from dynlatch.latch.gradients import gradient_decay as gradient_decay
    from dynlatch.latch.tradeoff import tradeoff as tradeoff
    from dynlatch.latch.tradeoff_law import tradeoff_law as tradeoff_law
    from dynlatch.latch.trajectory import trajectory as trajectory
    from dynlatch.latch.transient_neuron import neuron_transient as neuron_transient
    from dynlatch.latch.transient_neuron import transient_thresholds as transient_thresholds
    from dynlatch.maps.catalogue import augmented as augmented
    from dynlatch.maps.catalogue import cubic as cubic
    from dynlatch.maps.catalogue import driven as driven
    from dynlatch.maps.catalogue import henon as henon
    from dynlatch.maps.catalogue import ikeda as ikeda
    from dynlatch.maps.catalogue import logistic as logistic
    from dynlatch.maps.catalogue import neuron as neuron
    from dynlatch.maps.catalogue import newton as newton
    from dynlatch.maps.catalogue import predator_prey as predator_prey
    from dynlatch.maps.catalogue import tanh_network as tanh_network
    from dynlatch.maps.definition import Map as Map
    from dynlatch.maps.toml_file import read_map as read_map
    from dynlatch.metrics.boundary import basin_entropy as basin_entropy
    from dynlatch.metrics.boundary import uncertainty_exponent as uncertainty_exponent
    from dynlatch.metrics.edge import edge_state as edge_state
    from dynlatch.metrics.shock import critical_shock as critical_shock
    from dynlatch.metrics.stability import basin_stability as basin_stability
    from dynlatch.metrics.wada import wada_test as wada_test
    from dynlatch.noise.decay import noisy_decay as noisy_decay
    from dynlatch.noise.tolerance import noise_tolerance as noise_tolerance
    from dynlatch.noise.transient import transient_length as transient_length
    from dynlatch.noise.uncertainty import uncertainty as uncertainty
    from dynlatch.proving import prove as prove
    from dynlatch.regions.basins import basins as basins
    from dynlatch.regions.basins_file import write_basins as write_basins
    from dynlatch.regions.reduced_set import reduced_set as reduced_set
    from dynlatch.rigor.enclosure import Enclosure as Enclosure
    from dynlatch.rigor.joint_radius import joint_spectral_radius as joint_spectral_radius
    from dynlatch.searching.search import search as search
    from dynlatch.verdict import Stop as Stop
    from dynlatch.verdict import Verdict as Verdict

_HOMES = {
    "analysis": ("Analysis", "analyze"),
    "auditing.audit": ("audit",),
    "cells.certified": ("certified_basins",),
    "cells.certified_gamma": ("certified_reduced_set",),
    "cells.morse": ("morse_graph",),
    "cells.paving": ("contracting_region",),
    "certificates.document": ("Certificate",),
    "certificates.noise": ("escape_certificate",),
    "certificates.results": ("certificate",),
    "checker.verify": ("Verification", "verify"),
    "errors": ("InputError",),
    "latch.contraction": ("contraction_bound",),
    "latch.critical_input": ("critical_input",),
    "latch.derivation": ("derive",),
    "latch.fixed_points": ("fixed_points",),
    "latch.gradients": ("gradient_decay",),
    "latch.tradeoff": ("tradeoff",),
    "latch.tradeoff_law": ("tradeoff_law",),
    "latch.trajectory": ("trajectory",),
    "latch.transient_neuron": ("neuron_transient", "transient_thresholds"),
    "maps.catalogue": (
        "augmented", "cubic", "driven", "henon", "ikeda", "logistic", "neuron", "newton", "predator_prey",
        "tanh_network",
    ),
    "maps.definition": ("Map",),
    "maps.toml_file": ("read_map",),
    "metrics.boundary": ("basin_entropy", "uncertainty_exponent"),
    "metrics.edge": ("edge_state",),
    "metrics.shock": ("critical_shock",),
    "metrics.stability": ("basin_stability",),
    "metrics.wada": ("wada_test",),
    "noise.decay": ("noisy_decay",),
    "noise.tolerance": ("noise_tolerance",),
    "noise.transient": ("transient_length",),
    "noise.uncertainty": ("uncertainty",),
    "proving": ("prove",),
    "regions.basins": ("basins",),
    "regions.basins_file": ("write_basins",),
    "regions.reduced_set": ("reduced_set",),
    "rigor.enclosure": ("Enclosure",),
    "rigor.joint_radius": ("joint_spectral_radius",),
    "searching.search": ("search",),
    "verdict": ("Stop", "Verdict"),
}  # fmt: skip
_ROOMS = ("claims", "learning", "studies", "theorems")
"""Imported as a whole: their own names are asked of them."""
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"dynlatch.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'dynlatch' has no attribute {name!r}")
    return getattr(importlib.import_module(f"dynlatch.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF, *_ROOMS})
