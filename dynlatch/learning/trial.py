"""What is to be learned in one trial: sequences with classes, and where the parameters begin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InputError
from dynlatch.learning.checks import is_number, real_array, set_whole, shown
from dynlatch.learning.network import Network
from dynlatch.seeds import checked_seed, rng_for

Floats = NDArray[np.float64]
_LONGEST_STREAK: Final = 1_000_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Sequences:
    """Sequences of one or more signals that end together, each with its class.

    ``signals`` (S, T, m): a sequence of N steps occupies the last N of the T; what stands before is 0.
    ``lengths`` (S,): N. ``classes`` (S,): +1 or -1. Lists are made arrays.
    Raises: InputError for shapes that do not fit, lengths outside 1..T, other classes, and signals that are not finite.
    """

    signals: Floats
    lengths: NDArray[np.int64]
    classes: Floats

    def __post_init__(self) -> None:
        for name, kind in (("signals", np.float64), ("lengths", None), ("classes", np.float64)):
            object.__setattr__(self, name, np.asarray(real_array(name, getattr(self, name)), kind))
        shape = self.signals.shape
        if len(shape) != 3 or self.lengths.shape != shape[:1] or self.classes.shape != shape[:1] or not shape[0]:
            raise InputError(
                f"signals of shape {shape} with lengths {self.lengths.shape} and classes {self.classes.shape}: "
                "give (S, T, m), (S,) and (S,), at least one sequence"
            )
        if self.lengths.dtype.kind not in "iu":
            raise InputError(f"lengths must be whole numbers of steps, not {self.lengths.dtype}")
        if self.lengths.min() < 1 or self.lengths.max() > shape[1]:
            raise InputError(f"lengths must be 1 to T={shape[1]}, not {self.lengths.min()} to {self.lengths.max()}")
        if not np.all(np.abs(self.classes) == 1.0):
            raise InputError("classes must be +1 or -1")
        if not np.all(np.isfinite(self.signals)):
            raise InputError("signals must be finite numbers")
        before = np.arange(shape[1])[None, :] < (shape[1] - self.lengths)[:, None]
        if np.any(self.signals[before]):
            raise InputError("signals before a sequence begins must be 0: sequences end at the last of the T steps")

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def steps(self) -> int:
        """T: the most steps that a sequence may have."""
        return self.signals.shape[1]

    @property
    def num_signals(self) -> int:
        """m: signals at each step."""
        return self.signals.shape[2]


def at_the_end(steps: int, pieces: list[Floats], classes: Floats) -> Sequences:
    """Sequences from their own signals, each of shape (N, m)."""
    signals = np.zeros((len(pieces), steps, pieces[0].shape[1]))
    for row, piece in zip(signals, pieces, strict=True):
        row[steps - len(piece) :] = piece
    return Sequences(signals, np.array([len(piece) for piece in pieces]), classes)


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A training set, a test set and initial parameters for one network: the same for every algorithm.

    ``task`` names what it is, with its settings. ``target``: the wanted last output of a positive sequence, a negative
    one's is its opposite (threshold units are always asked for +-1). ``fresh``: standard deviation of Gaussian noise
    that each presentation adds anew to the signals after the cues. ``streak``: this many epochs in a row without an
    error count as learned; 0 asks for one such epoch and a pass with frozen parameters that confirms it. ``noise``: the
    bound of the noise in its signals, where it is known (which ``insight`` compares with what the weights can stand).
    Raises: InputError for targets outside the range of tanh, and for data that do not fit the network.
    """

    task: str
    network: Network
    train: Sequences
    test: Sequences
    initial: Floats
    seed: int
    index: int
    target: float = 0.8
    fresh: float = 0.0
    streak: int = 0
    noise: float | None = None

    def __post_init__(self) -> None:
        self._check_parts()
        if not is_number(self.target) or not 0.0 < self.target < 1.0:
            raise InputError(
                f"target={shown(self.target)} must lie between 0 and 1, the range of tanh without its ends, which no "
                "sum reaches; BSF94 takes 0.8"
            )
        if self.initial.shape != (len(self.network.parameters),) or not np.all(np.isfinite(self.initial)):
            raise InputError(
                f"initial of shape {self.initial.shape} must be {len(self.network.parameters)} finite numbers, one for "
                f"each of {', '.join(self.network.parameters[:8])}"
            )
        for part in (self.train, self.test):
            if part.num_signals != self.network.num_signals:
                raise InputError(
                    f"sequences with {part.num_signals} signals do not fit a network that takes "
                    f"{self.network.num_signals}"
                )
        if not is_number(self.fresh) or self.fresh < 0.0:
            raise InputError(f"fresh={shown(self.fresh)} must be a finite standard deviation, not negative")
        if self.noise is not None and not (is_number(self.noise) and self.noise >= 0.0):
            raise InputError(
                f"noise={shown(self.noise)} must be a finite bound, not negative; leave it out where none is known"
            )
        set_whole(self, "streak", 0, _LONGEST_STREAK, "epochs in a row without an error")

    def _check_parts(self) -> None:
        """What kind each is; numbers that stand for themselves become ``int``, initial parameters an array."""
        for name, kind in (("network", Network), ("train", Sequences), ("test", Sequences)):
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise InputError(f"{name}={shown(value)} of a trial must be a {kind.__name__}")
        object.__setattr__(self, "initial", np.asarray(real_array("initial", self.initial), np.float64))
        for name in ("seed", "index"):
            object.__setattr__(self, name, checked_seed(getattr(self, name), name))

    def stream(self, name: str) -> np.random.Generator:
        """The random numbers of this trial for one purpose."""
        return rng_for(self.seed, name, self.task, self.index)

    def __repr__(self) -> str:
        return f"Trial({self.task}, seed={self.seed}, index={self.index})"
