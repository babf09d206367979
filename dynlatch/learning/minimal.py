"""The minimal problem of BSF94, Sections II and III: one neuron, whose first inputs are learned and must be kept."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Final

import numpy as np

from dynlatch.errors import InputError
from dynlatch.learning.checks import is_number, set_whole, whole
from dynlatch.learning.network import Connection, Cue, Network, Previous, Signal
from dynlatch.learning.trial import Floats, Sequences, Trial
from dynlatch.seeds import checked_seed, rng_for

_LONGEST: Final = 1_000_000
_MOST_INPUTS: Final = 1000
_WIDTH: Final = 0.1
"""Inputs begin uniform between minus this and this."""
_CLASSES: Final = (1.0, -1.0)


@dataclass(frozen=True, slots=True)
class Minimal:
    """Two sequences of T steps, told apart by L learned inputs each; what follows is noise, anew at each presentation.

    a_t = w x_{t-1} + h_t, x_t = tanh(a_t), x_0 = 0: h_1, ..., h_L are parameters of the sequence's class that begin
    uniform in [-0.1, 0.1]; later h_t are normal with the given ``variance`` (for noise of standard deviation s, give
    s * s). The weight begins at ``w`` and is learned, or stays there if not ``weight_is_learned``. Learned is what
    makes no error in ``streak`` epochs in a row; an epoch is one sequence of either class. The test set has noise of
    the same variance, drawn once. The initial inputs depend on the trial alone, not on the settings.
    Raises: InputError for T < L, L < 1, a negative variance, a weight that is not finite, fewer than two test
    sequences, streak < 1, a target outside (0, 1). Source: BSF94, Sections II and III.

    >>> Minimal(T=20, w=1.5).trial(seed=0, index=0).network.parameters
    ('w', 'h1_1', 'h1_2', 'h1_3', 'h0_1', 'h0_2', 'h0_3')
    """

    T: int = 20
    L: int = 3
    variance: float = 0.2
    w: float = 1.25
    weight_is_learned: bool = True
    num_test: int = 300
    streak: int = 20
    target: float = 0.8

    name: ClassVar[str] = "minimal"
    budget: ClassVar[int] = 20_000
    """Presentations after which training is stopped: 10,000 epochs."""

    def __post_init__(self) -> None:
        set_whole(self, "L", 1, _MOST_INPUTS, "learned inputs of a class")
        set_whole(self, "T", self.L, _LONGEST, "the steps of a sequence, the L learned inputs among them")
        set_whole(self, "num_test", 2, _LONGEST, "test sequences; both classes need one")
        set_whole(self, "streak", 1, _LONGEST, "epochs in a row without an error")
        if not (is_number(self.variance) and self.variance >= 0):
            raise InputError(
                f"variance={self.variance!r} must be finite and not negative; give the square of a deviation"
            )
        if not is_number(self.w):
            raise InputError(f"w={self.w!r} must be a finite number: the weight of the neuron's own state")
        if not is_number(self.target) or not 0.0 < self.target < 1.0:
            raise InputError(
                f"target={self.target!r} must lie between 0 and 1, inside the range of tanh; BSF94 takes 0.8"
            )

    @property
    def network(self) -> Network:
        """One unit; parameters: w if it is learned, then the inputs of class 1 and those of class 0."""
        return _network(self.L, None if self.weight_is_learned else float(self.w))

    def trial(self, seed: int, index: int) -> Trial:
        """One trial: the same for equal arguments, whatever else is asked for."""
        seed, index = checked_seed(seed), checked_seed(index, "index")
        inputs = rng_for(seed, self.name, index, "parameters").uniform(-_WIDTH, _WIDTH, (self.L, 2)).T.ravel()
        initial = np.concatenate([[float(self.w)], inputs]) if self.weight_is_learned else inputs
        silent = np.zeros((2, self.T, 1))
        label = (
            f"{self.name} T={self.T} L={self.L} variance={float(self.variance):g} w={float(self.w):g} "
            f"{'learned' if self.weight_is_learned else 'fixed'}"
        )
        return Trial(
            label, self.network, Sequences(silent, np.full(2, self.T), np.array(_CLASSES)), self._test(seed, index),
            initial, seed, index, target=self.target, fresh=math.sqrt(self.variance), streak=self.streak,
        )  # fmt: skip

    def _test(self, seed: int, index: int) -> Sequences:
        """Sequences of either class in turn, with noise of their own."""
        rng = rng_for(seed, self.name, self.T, self.L, float(self.variance), index, "test")
        signals = np.zeros((self.num_test, self.T, 1))
        signals[:, self.L :] = rng.normal(0.0, math.sqrt(self.variance), (self.num_test, self.T - self.L, 1))
        classes = np.resize(_CLASSES, self.num_test)
        return Sequences(signals, np.full(self.num_test, self.T), classes)


def learned_inputs(trial: Trial, parameters: Floats) -> Floats:
    """The inputs h_1, ..., h_L of a trial of ``Minimal``, class 1 first; shape (..., 2, L).

    ``parameters`` (..., P): the trial's own, as ``trial.initial``, ``Run.parameters`` or ``History.parameters``.
    """
    inputs = parameters[..., -len(trial.network.cues) :]
    return inputs.reshape(*inputs.shape[:-1], 2, -1)


def streak_chance(right: float, streak: int = 20, epochs: int = Minimal.budget // 2, sequences: int = 2) -> float:
    """How likely luck is to meet the stopping rule: ``streak`` error-free epochs in a row, within ``epochs``.

    Each of the ``sequences`` of each epoch is right with probability ``right``, independently: what becomes of a
    network that does not learn. With q = right^sequences: P_n = P_{n-1} + (1 - P_{n-1-streak}) (1 - q) q^streak.
    Raises: InputError for a probability outside [0, 1] and for counts below 1. Rigor: floating point, sums of positive
    terms. Cost: 0.2 us an epoch.

    >>> round(streak_chance(0.5, streak=2, epochs=3, sequences=1), 3)
    0.375
    """
    if not (is_number(right) and 0.0 <= right <= 1.0):
        raise InputError(f"right={right!r} must be a probability, from 0 to 1")
    for value, name in ((streak, "streak"), (epochs, "epochs"), (sequences, "sequences")):
        whole(name, value, 1, _LONGEST, "what is counted")
    clean = float(right) ** sequences
    first = clean**streak
    chances = np.zeros(epochs + 1)
    for n in range(streak, epochs + 1):
        before = 1.0 if n == streak else (1.0 - chances[n - 1 - streak]) * (1.0 - clean)
        chances[n] = chances[n - 1] + before * first
    return float(min(chances[epochs], 1.0))


@lru_cache(maxsize=64)
def _network(L: int, fixed: float | None) -> Network:
    return Network(
        num_units=1,
        num_signals=1,
        output=0,
        connections=(
            Connection(0, Previous(0), "w" if fixed is None else fixed),
            *(Connection(0, Cue(t, positive), f"h{positive:d}_{t}") for positive in (True, False)
              for t in range(1, L + 1)),
            Connection(0, Signal(0), 1.0),
        ),
    )  # fmt: skip
