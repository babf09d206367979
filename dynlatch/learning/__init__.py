"""Learning to latch: tasks, networks, algorithms, and the one loop that trains (BSF94, Sections II, III and V).

>>> from dynlatch.learning import BackPropagation, Latch, train
>>> runs = train([Latch(T=10).trial(seed=0, index=i) for i in range(4)], BackPropagation())
>>> len(runs), runs[0].presentations > 0
(4, True)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynlatch.lazy import lazily

if TYPE_CHECKING:
    from dynlatch.learning.algorithm import Algorithm as Algorithm
    from dynlatch.learning.algorithms.adam import Adam as Adam
    from dynlatch.learning.algorithms.adaptive_newton import AdaptiveNewton as AdaptiveNewton
    from dynlatch.learning.algorithms.annealing import Annealing as Annealing
    from dynlatch.learning.algorithms.back_propagation import BackPropagation as BackPropagation
    from dynlatch.learning.algorithms.discrete_propagation import DiscretePropagation as DiscretePropagation
    from dynlatch.learning.algorithms.guessing import Guessing as Guessing
    from dynlatch.learning.algorithms.multi_grid import MultiGrid as MultiGrid
    from dynlatch.learning.algorithms.pseudo_newton import PseudoNewton as PseudoNewton
    from dynlatch.learning.algorithms.rms_prop import RMSProp as RMSProp
    from dynlatch.learning.algorithms.time_weighted import TimeWeighted as TimeWeighted
    from dynlatch.learning.insights import Insight as Insight
    from dynlatch.learning.insights import gradient_when_latched as gradient_when_latched
    from dynlatch.learning.insights import insight as insight
    from dynlatch.learning.minimal import Minimal as Minimal
    from dynlatch.learning.network import Bias as Bias
    from dynlatch.learning.network import Connection as Connection
    from dynlatch.learning.network import Cue as Cue
    from dynlatch.learning.network import Network as Network
    from dynlatch.learning.network import Previous as Previous
    from dynlatch.learning.network import SameStep as SameStep
    from dynlatch.learning.network import Signal as Signal
    from dynlatch.learning.objective import Batch as Batch
    from dynlatch.learning.run import History as History
    from dynlatch.learning.run import Run as Run
    from dynlatch.learning.tasks import Latch as Latch
    from dynlatch.learning.tasks import Parity as Parity
    from dynlatch.learning.tasks import TwoSequence as TwoSequence
    from dynlatch.learning.training import train as train
    from dynlatch.learning.trial import Sequences as Sequences
    from dynlatch.learning.trial import Trial as Trial

_HOMES = {
    "algorithm": ("Algorithm",),
    "algorithms.adam": ("Adam",),
    "algorithms.adaptive_newton": ("AdaptiveNewton",),
    "algorithms.annealing": ("Annealing",),
    "algorithms.back_propagation": ("BackPropagation",),
    "algorithms.discrete_propagation": ("DiscretePropagation",),
    "algorithms.guessing": ("Guessing",),
    "algorithms.multi_grid": ("MultiGrid",),
    "algorithms.pseudo_newton": ("PseudoNewton",),
    "algorithms.rms_prop": ("RMSProp",),
    "algorithms.time_weighted": ("TimeWeighted",),
    "insights": ("Insight", "gradient_when_latched", "insight"),
    "minimal": ("Minimal",),
    "network": ("Bias", "Connection", "Cue", "Network", "Previous", "SameStep", "Signal"),
    "objective": ("Batch",),
    "run": ("History", "Run"),
    "tasks": ("Latch", "Parity", "TwoSequence"),
    "training": ("train",),
    "trial": ("Sequences", "Trial"),
}
__getattr__, __dir__, __all__ = lazily(__name__, _HOMES)
