"""Hypothesis strategies for property tests about latching, of yours and of ours (extra ``dynlatch[hypothesis]``).

Everything is built and nothing filtered, so no health check of Hypothesis needs to be switched off. All numbers are
exact, and examples shrink to short fractions, few units and few steps. A property of one's own, decided by balls:

>>> from hypothesis import given, settings
>>> from dynlatch import neuron
>>> from dynlatch.theorems import statement
>>> from dynlatch.theorems.strategies import latched_cases
>>> @settings(max_examples=10)
... @given(latched_cases(neuron(2), (1, 3), steps=(1, 4)))
... def test_gradients_fall_while_the_state_is_kept_beyond_1(on):
...     assert statement("T4'").check(on).verdict == "PROVED"
>>> test_gradients_fall_while_the_state_is_kept_beyond_1()

Importing this module registers ``maps()`` for ``hypothesis.strategies.from_type(dynlatch.Map)``; where dynlatch is
installed, Hypothesis does that by itself.
"""

from __future__ import annotations

from hypothesis import strategies as _st

from dynlatch.maps.definition import Map
from dynlatch.theorems.strategies.driven import driven_cases as driven_cases
from dynlatch.theorems.strategies.driven import gamma_points as gamma_points
from dynlatch.theorems.strategies.driven import input_sequences as input_sequences
from dynlatch.theorems.strategies.driven import latched_cases as latched_cases
from dynlatch.theorems.strategies.families import contracting_maps as contracting_maps
from dynlatch.theorems.strategies.families import cubic_maps as cubic_maps
from dynlatch.theorems.strategies.families import henon_maps as henon_maps
from dynlatch.theorems.strategies.families import logistic_maps as logistic_maps
from dynlatch.theorems.strategies.families import maps as maps
from dynlatch.theorems.strategies.families import networks_of_norm as networks_of_norm
from dynlatch.theorems.strategies.families import neurons as neurons
from dynlatch.theorems.strategies.families import predator_prey_maps as predator_prey_maps
from dynlatch.theorems.strategies.families import symmetric_networks as symmetric_networks
from dynlatch.theorems.strategies.families import tanh_networks as tanh_networks
from dynlatch.theorems.strategies.vectors import boxes as boxes
from dynlatch.theorems.strategies.vectors import orthogonal_matrices as orthogonal_matrices
from dynlatch.theorems.strategies.vectors import points as points
from dynlatch.theorems.strategies.vectors import rationals as rationals
from dynlatch.theorems.strategies.vectors import unit_vectors as unit_vectors

_st.register_type_strategy(Map, lambda _: maps())
