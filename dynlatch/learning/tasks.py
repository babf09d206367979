"""The three tasks of BSF94, Section II and V: Latch, 2-Sequence and Parity, for any length and noise."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InputError
from dynlatch.learning.checks import is_number, set_whole, shown
from dynlatch.learning.network import Bias, Connection, Cue, Network, Previous, SameStep, Signal
from dynlatch.learning.trial import Floats, Sequences, Trial
from dynlatch.memory import MAX_BYTES, in_bytes
from dynlatch.seeds import checked_seed, rng_for

_LONGEST: Final = 1_000_000
_LOUDEST: Final = 1e6
_MOST: Final = 10**9
"""Sequences of a set; their length decides how many fit into memory."""
_KEY_LENGTH: Final = 5
_WIDTH: Final = 0.5
"""Initial parameters are uniform between minus this and this."""

LATCH: Final = Network(
    num_units=1,
    num_signals=1,
    output=0,
    connections=(
        Connection(0, Previous(0), "w"),
        Connection(0, Cue(1, True), "u_1"),
        Connection(0, Cue(1, False), "u_0"),
        Connection(0, Signal(0), 1.0),
    ),
)
"""a_t = w x_{t-1} + [t = 1] u_class + [t > 1] noise."""

TWO_SEQUENCE: Final = Network(
    num_units=5,
    num_signals=1,
    output=4,
    connections=(
        *(Connection(i, Previous(j), f"W{i}{j}") for i in range(5) for j in range(5)),
        Connection(0, Signal(0), 1.0),
    ),
)
"""a_t = W x_{t-1} + e_0 u_t, five units, all connected; the last one answers."""

PARITY: Final = Network(
    num_units=2,
    num_signals=1,
    output=1,
    connections=(
        Connection(0, Signal(0), "w_hu"),
        Connection(0, Previous(1), "w_ho"),
        Connection(0, Bias(), "b_h"),
        Connection(1, Signal(0), "w_ou"),
        Connection(1, Previous(1), "w_oo"),
        Connection(1, SameStep(0), "w_oh"),
        Connection(1, Bias(), "b_o"),
    ),
)
"""A minimal exclusive or with feedback from the output; its hidden unit is computed in the same step."""


def _check(task: Task) -> None:
    set_whole(task, "T", 2, _LONGEST, "the most steps of a sequence")
    for name in ("num_train", "num_test"):
        set_whole(task, name, 2, _MOST, "sequences; both classes need one")
    if not is_number(task.noise) or not 0 <= task.noise <= _LOUDEST:
        raise InputError(f"noise={shown(task.noise)} must be from 0 to {_LOUDEST:g}: it bounds the uniform noise")
    if not is_number(task.target) or not 0.0 < task.target < 1.0:
        raise InputError(
            f"target={shown(task.target)} must lie between 0 and 1, inside the range of tanh; BSF94 takes 0.8"
        )
    if task.bytes_a_trial > MAX_BYTES:
        raise InputError(
            f"a trial of num_train={task.num_train} and num_test={task.num_test} sequences of T={task.T} steps needs "
            f"{in_bytes(task.bytes_a_trial)} of memory, more than {in_bytes(MAX_BYTES)}; give fewer or shorter ones"
        )


def _drawn(rng: np.random.Generator, count: int, T: int) -> tuple[NDArray[np.int64], Floats, NDArray[np.int64]]:
    """Lengths, uniform from T/2 to T; classes, as many of one as of the other (the first one more if the count is odd),
    in random order; and for each of the T places the step of the sequence that stands there: 1 the first, less before.
    """
    lengths = rng.integers(max(1, T // 2), T, size=count, endpoint=True)
    classes = rng.permutation(np.where(np.arange(count) % 2 == 0, 1.0, -1.0))
    return lengths, classes, np.arange(1, T + 1)[None, :] - (T - lengths)[:, None]


def _noise(rng: np.random.Generator, bound: float, step: NDArray[np.int64]) -> Floats:
    return rng.uniform(-abs(bound), abs(bound), step.shape)


def _trial(task: Task, seed: int, index: int) -> Trial:
    """Parameters come from (task, trial) and are the same for every T; data come from all settings."""
    seed, index = checked_seed(seed), checked_seed(index, "index")
    noise = abs(float(task.noise))  # -0.0 is no other noise than 0.0
    initial = rng_for(seed, task.name, index, "parameters").uniform(-_WIDTH, _WIDTH, len(task.network.parameters))
    made: list[Sequences] = []
    for part, count in (("train", task.num_train), ("test", task.num_test)):
        rng = rng_for(seed, task.name, task.T, noise, index, part)
        made.append(task.sequences(rng, count, rng_for(seed, task.name, index, "keys")))
    return Trial(
        _label(task, noise), task.network, made[0], made[1], initial, seed, index, target=task.target, noise=noise
    )  # fmt: skip


def _label(task: Task, noise: float) -> str:
    """The name of a task with T, the noise, and what else makes its training set another than the usual one."""
    told = ("T", "noise", "num_test", "target")
    others = [f for f in fields(task) if f.name not in told and getattr(task, f.name) != f.default]
    return " ".join([
        task.name, f"T={task.T}", f"noise={int(noise) if noise.is_integer() else noise!r}",
        *(f"{f.name}={getattr(task, f.name)}" for f in others),
    ])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Task(ABC):
    """A frozen value that makes trials; its fields are settings.

    ``T``: the most steps of a sequence. ``noise``: the bound of uniform noise, drawn once for each sequence.
    ``num_train``, ``num_test``: how many sequences. ``target``: the wanted last output of a positive one.
    Raises: InputError for T < 2, negative noise, fewer than two sequences or more than memory holds, a target outside
    (0, 1).
    """

    T: int = 50
    noise: float = 0.0
    num_train: int = 50
    num_test: int = 300
    target: float = 0.8

    name: ClassVar[str]
    network: ClassVar[Network]

    def __post_init__(self) -> None:
        _check(self)

    @property
    def bytes_a_trial(self) -> int:
        """What the sequences of a trial take in memory."""
        return 8 * (self.num_train + self.num_test) * self.T * self.network.num_signals

    def trial(self, seed: int, index: int) -> Trial:
        """One trial: the same for equal arguments, whatever else is asked for."""
        return _trial(self, seed, index)

    @abstractmethod
    def sequences(self, rng: np.random.Generator, count: int, keys: np.random.Generator) -> Sequences:
        """``count`` sequences from ``rng``; what all sequences of a trial share is drawn from ``keys``."""
        ...


@dataclass(frozen=True, slots=True)
class Latch(Task):
    """The class is told by a learned input at the first step and must be kept to the last one (Section II).

    a_t = w x_{t-1} + [t = 1] u_class + [t > 1] noise, one unit, parameters w, u_1, u_0; N uniform in [T/2, T].
    Settings and errors: ``Task``. Source: BSF94, Sections II and V.
    """

    name: ClassVar[str] = "latch"
    network: ClassVar[Network] = LATCH

    def sequences(self, rng: np.random.Generator, count: int, keys: np.random.Generator) -> Sequences:
        """``count`` sequences; the cue of the first step is the network's own."""
        lengths, classes, step = _drawn(rng, count, self.T)
        signals = np.where(step > 1, _noise(rng, self.noise, step), 0.0)
        return Sequences(signals[:, :, None], lengths, classes)


@dataclass(frozen=True, slots=True)
class TwoSequence(Task):
    """Two sequences of numbers, presented at the beginning, must be told apart at the end (Section V).

    ``mode="keys"``: two fixed sequences of ``key_length`` numbers in [-1, 1], then noise alone; no sequence may be
    shorter, but for T < 10 the usual 5 become T/2.
    ``mode="prefixes"``: the first N numbers of two fixed sequences of T numbers. Noise is added everywhere. Five units,
    25 parameters.
    Settings and errors: ``Task``, and InputError for another mode or a key that does not fit. Source: BSF94, Section V.
    """

    mode: Literal["keys", "prefixes"] = "keys"
    key_length: int = _KEY_LENGTH

    name: ClassVar[str] = "two-sequence"
    network: ClassVar[Network] = TWO_SEQUENCE

    def __post_init__(self) -> None:
        _check(self)
        if self.mode not in ("keys", "prefixes"):
            raise InputError(f"mode={self.mode!r} is none of keys and prefixes")
        set_whole(self, "key_length", 1, _LONGEST, "the numbers by which sequences differ")
        if self.mode == "keys" and self.key_length > max(1, self.T // 2) and self.key_length != _KEY_LENGTH:
            raise InputError(
                f"key_length={self.key_length} must be at most T/2: the shortest sequences of T={self.T} have "
                f"{self.T // 2} steps; give a shorter key or a larger T"
            )

    def sequences(self, rng: np.random.Generator, count: int, keys: np.random.Generator) -> Sequences:
        """``count`` sequences, each one of the two that ``keys`` draws."""
        shown = min(self.key_length, max(1, self.T // 2)) if self.mode == "keys" else self.T
        two = keys.uniform(-1.0, 1.0, size=(shown, 2)).T
        lengths, classes, step = _drawn(rng, count, self.T)
        given = two[np.where(classes > 0, 0, 1)[:, None], np.clip(step - 1, 0, shown - 1)]
        clean = np.where((step >= 1) & (step <= shown), given, 0.0)
        signals = np.where(step >= 1, clean + _noise(rng, self.noise, step), 0.0)
        return Sequences(signals[:, :, None], lengths, classes)


@dataclass(frozen=True, slots=True)
class Parity(Task):
    """The answer is positive if the number of ones among inputs of +-1 is odd (Section V).

    Noise is added to the inputs. Two units, 7 parameters: a minimal exclusive or with feedback.
    Settings and errors: ``Task``. Source: BSF94, Section V.
    """

    name: ClassVar[str] = "parity"
    network: ClassVar[Network] = PARITY

    def sequences(self, rng: np.random.Generator, count: int, keys: np.random.Generator) -> Sequences:
        """``count`` sequences of ones and minus ones; the last input makes the class as drawn."""
        lengths, classes, step = _drawn(rng, count, self.T)
        bits = np.where(rng.random(step.shape) < 0.5, -1.0, 1.0)
        odd = np.count_nonzero((bits > 0) & (step >= 1), axis=1) % 2 == 1
        bits[odd != (classes > 0), -1] *= -1.0
        signals = np.where(step >= 1, bits + _noise(rng, self.noise, step), 0.0)
        return Sequences(signals[:, :, None], lengths, classes)


TASKS: Final = {task.name: task for task in (Latch, TwoSequence, Parity)}
"""By name."""
