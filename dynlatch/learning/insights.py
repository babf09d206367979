"""What a run did: what its weights hold, how much noise that stands, and how far back its gradient reaches.

To store a class for T steps against noise a network must latch it, and where it does, the derivative of its last state
by its first input shrinks exponentially in T (BSF94, Sections III and IV): what is stored well can hardly be learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InputError
from dynlatch.learning.checks import is_number, shown
from dynlatch.learning.latching import Latching, latching, unknown
from dynlatch.learning.objective import Batch
from dynlatch.learning.reach import FAR, reach, resting_gradients
from dynlatch.learning.run import History, Run
from dynlatch.learning.trial import Floats, Sequences, Trial
from dynlatch.progress import SILENT, Progress, check_progress
from dynlatch.rigor.enclosure import float_below
from dynlatch.verdict import Verdict

if TYPE_CHECKING:
    import xarray

_QUARTILES: Final = (0.25, 0.5, 0.75)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Insight:
    """A run at its K checkpoints: what is stored, what that stands, and what can still be learned.

    ``presentations``, ``error``, ``cost`` (K,): of the run's history. ``latchings``: the map that the weights of each
    checkpoint define, its fixed points, and the noise that they stand. ``noise``: the bound of the noise in the task;
    with ``gaussian`` its standard deviation, and then nothing is latched robustly. ``first_gradient`` (K, S):
    |dx_N/du_1| of each sequence, u_1 being the signals of its first step (where no signal comes in, the activations of
    that step). ``resting`` (K, S): what it would be if the state rested at the latched fixed point of the sequence's
    class from the first step on; nan where none is latched. ``share`` (K, T): of the terms of BSF94, eq. 4, at a time
    lag tau = N - t, their norms, summed over sequences, by the sum over all lags; nan where the gradient is 0.
    Rigor: fixed points and tolerances certified, as ``Latching`` says; gradients and shares floating point.
    """

    run: Run
    presentations: NDArray[np.int64]
    error: Floats
    cost: Floats
    latchings: tuple[Latching, ...]
    noise: float
    gaussian: bool
    lengths: NDArray[np.int64]
    first_gradient: Floats
    resting: Floats
    share: Floats

    def __len__(self) -> int:
        return len(self.presentations)

    @property
    def steps(self) -> int:
        """T: the most steps of a sequence."""
        return self.share.shape[1]

    @property
    def latched(self) -> NDArray[np.bool_]:
        """(K,): whether there are attracting fixed points of either sign of the output, certified."""
        return np.array([found.latched for found in self.latchings])

    @property
    def stands(self) -> Floats:
        """(K,): the noise that latched states are proved to stand, rounded down; nan where none are latched."""
        return np.array([float_below(found.stands) if found.latched else np.nan for found in self.latchings])

    @property
    def critical(self) -> Floats:
        """(K,): the constant input that ends one of them, h* for a neuron, rounded up; nan where there is none."""
        return np.array([np.nan if found.critical is None else found.critical.hi for found in self.latchings])

    @property
    def margin(self) -> Floats:
        """(K,): ``stands`` minus the noise."""
        return self.stands - self.noise

    @property
    def robust(self) -> tuple[Verdict, ...]:
        """For each checkpoint, whether the noise never changes the sign of a latched output."""
        if self.gaussian:
            return (Verdict.REFUTED,) * len(self)  # it exceeds every bound, sooner or later
        return tuple(found.robust(self.noise) for found in self.latchings)

    @property
    def robustly_latched(self) -> NDArray[np.bool_]:
        """(K,): whether that is proved."""
        return np.array([verdict is Verdict.PROVED for verdict in self.robust])

    @property
    def gradient_quartiles(self) -> Floats:
        """(3, K): quartiles of ``first_gradient`` over the sequences."""
        return _quartiles(self.first_gradient)

    @property
    def mean_log_gradient(self) -> Floats:
        """(K,): the mean of log10 |dx_N/du_1|; -inf where that of one sequence is below the smallest float."""
        with np.errstate(divide="ignore"):
            return np.mean(np.log10(self.first_gradient), axis=1)

    def to_xarray(self) -> xarray.Dataset:
        """Everything over checkpoints (their presentations are a coordinate), sequences, lags and parameters."""
        import xarray

        at, trial = "checkpoint", self.run.trial
        columns: dict[str, Any] = {
            "error": (at, self.error),
            "cost": (at, self.cost),
            "latched": (at, self.latched),
            "robust": (at, [str(verdict) for verdict in self.robust]),
            "stands": (at, self.stands, {"units": "size of the noise"}),
            "critical": (at, self.critical, {"units": "constant input"}),
            "num_attractors": (at, [len(found.attractors) for found in self.latchings]),
            "reason": (at, [found.reason for found in self.latchings]),
            "first_gradient": ((at, "sequence"), self.first_gradient),
            "resting": ((at, "sequence"), self.resting),
            "share": ((at, "lag"), self.share),
            "parameters": ((at, "parameter"), self.run.history.parameters),
        }
        coordinates = {
            "presentations": (at, self.presentations),
            "length": ("sequence", self.lengths),
            "lag": np.arange(self.steps),
            "parameter": list(trial.network.parameters),
        }
        attributes = {
            "task": trial.task, "algorithm": self.run.algorithm.name, "seed": trial.seed, "index": trial.index,
            "noise": self.noise, "noise_is": "standard deviation" if self.gaussian else "bound",
        }  # fmt: skip
        return xarray.Dataset(columns, coords=coordinates, attrs=attributes)

    def __repr__(self) -> str:
        robust = np.flatnonzero(self.robustly_latched)
        since = f"first robustly at {self.presentations[robust[0]]:,}" if robust.size else "never robustly"
        first, last = self.mean_log_gradient[[0, -1]]
        return (
            f"Insight({self.run.trial.task}, {self.run.algorithm.name}: latched at {np.count_nonzero(self.latched)} of "
            f"{len(self)} checkpoints, {since}; mean log10 |dx_N/du_1| from {first:.2f} to {last:.2f})"
        )


def insight(
    run: Run,
    *,
    sequences: Sequences | None = None,
    noise: float | None = None,
    held: Sequence[float] | None = None,
    progress: Progress = SILENT,
) -> Insight:
    """Look at every checkpoint of a run: the map that its weights define, what that stands, the gradient's reach.

    Arguments: ``sequences`` to take gradients over, by default the training set (without noise that is drawn afresh);
    ``noise``, its bound, by default what the task says; ``held``, the constant signals under which the map is taken, by
    default 0 (for ``Parity`` -1 is the input that must leave the answer as it is).
    Raises: InputError for a run of threshold units, which have no gradients; for sequences that do not fit; for noise
    that is negative, or that the task does not name. Parameters that make no map are no error: ``reason`` says why.
    Rigor: see ``Insight``. Cost: 0.1 s for a neuron's run, up to a second a checkpoint for five units.
    """
    _check_run(run)
    check_progress(progress)
    history = run.history
    progress.start("looking at checkpoints", len(history))
    known: dict[bytes, Latching] = {}  # the best point of a search stays for long
    for parameters in history.parameters:
        if parameters.tobytes() not in known:
            known[parameters.tobytes()] = _latching(run, parameters, held)
        progress.advance()
    progress.finish()
    found = [known[parameters.tobytes()] for parameters in history.parameters]
    return _seen(run, found, run.trial.train if sequences is None else sequences, *_noise_of(run.trial, noise))


def _check_run(run: object) -> None:
    if not isinstance(run, Run):
        raise InputError(f"{shown(run)} is no Run; insight takes one of those that train returns, as insight(runs[0])")
    if run.algorithm.units == "threshold" or run.trial.network.kind == "threshold":
        raise InputError(f"{run!r} is of threshold units, which have no gradient; insight takes runs of tanh units")


def _latching(run: Run, parameters: Floats, held: Sequence[float] | None) -> Latching:
    try:
        return latching(run.trial.network, parameters, held)
    except InputError as error:
        return unknown(str(error))


def _seen(run: Run, found: Sequence[Latching], shown: Sequences, noise: float, gaussian: bool) -> Insight:
    """The gradients, beside what is known of the latched states."""
    history, batch = run.history, Batch(run.trial.network, shown, FAR)
    sizes, shares = (np.empty((len(history), n)) for n in (len(shown), shown.steps))
    resting = np.empty_like(sizes)
    for k, parameters in enumerate(history.parameters):
        sizes[k], shares[k] = reach(batch, shown, run.trial.target, parameters)
        resting[k] = resting_gradients(run.trial.network, shown, parameters, found[k])
    return Insight(
        run, history.presentations, history.error, history.cost, tuple(found), noise, gaussian, shown.lengths, sizes,
        resting, shares,
    )  # fmt: skip


def _noise_of(trial: Trial, noise: float | None) -> tuple[float, bool]:
    """The size of the noise, and whether it is a standard deviation."""
    if noise is None and trial.fresh > 0.0:
        return trial.fresh, True
    if noise is None:
        noise = trial.noise
    if noise is None:
        raise InputError(f"{trial!r} does not say how large its noise is; give noise=, its bound, or 0 for none")
    if not is_number(noise) or noise < 0.0:
        raise InputError(f"noise={shown(noise)} must be a finite number and not negative: the bound of the noise")
    return float(noise), False


def _quartiles(sizes: Floats) -> Floats:
    """(3, K) of (K, S), each one of the sizes themselves, so that they are quartiles of the logarithms too."""
    return np.quantile(sizes, _QUARTILES, axis=1, method="inverted_cdf")


# --- many runs --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LatchedGradients:
    """Every checkpoint of many runs at which something is latched: what that stands, and what gradient is left.

    Of shape (M,): ``run``, the number of the run; ``steps``, its T; ``presentations``; ``stands`` and ``noise``;
    ``robust``, whether it is proved to be latched robustly against that noise; ``resting``, the median over sequences
    of what |dx_N/du_1| would be at the latched fixed point. ``quartiles`` (3, M) of |dx_N/du_1| over sequences.
    Rigor: as ``Insight``.
    """

    run: NDArray[np.int64]
    steps: NDArray[np.int64]
    presentations: NDArray[np.int64]
    stands: Floats
    noise: Floats
    robust: NDArray[np.bool_]
    resting: Floats
    quartiles: Floats

    def __len__(self) -> int:
        return len(self.run)

    def to_xarray(self) -> xarray.Dataset:
        """The table, with a row for each checkpoint."""
        import xarray

        names = ("run", "steps", "presentations", "stands", "noise", "robust", "resting")
        columns: dict[str, Any] = {name: ("row", getattr(self, name)) for name in names}
        columns["first_gradient"] = (("quartile", "row"), self.quartiles)
        return xarray.Dataset(columns, coords={"quartile": list(_QUARTILES)})

    def __repr__(self) -> str:
        return (
            f"LatchedGradients({len(self)} latched checkpoints of {np.unique(self.run).size} runs, "
            f"{np.count_nonzero(self.robust)} latched robustly)"
        )


def gradient_when_latched(runs: Sequence[Run], *, progress: Progress = SILENT) -> LatchedGradients:
    """For every run and checkpoint at which a latch exists: the gradient at the first input, and the noise it stands.

    Raises: InputError as ``insight``. Cost: that of ``insight`` for each run.
    """
    if not isinstance(runs, Sequence):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InputError(f"runs={shown(runs)} must be a list of runs, as train returns it")
    for run in runs:
        _check_run(run)
    check_progress(progress)
    rows: list[tuple[Any, ...]] = []
    progress.start("looking at runs", len(runs))
    for number, run in enumerate(runs):
        found = [_latching(run, parameters, None) for parameters in run.history.parameters]
        kept = [k for k, one in enumerate(found) if one.latched]
        if kept:
            part = replace(run, history=History(*(getattr(run.history, f.name)[kept] for f in fields(History))))
            seen = _seen(part, [found[k] for k in kept], run.trial.train, *_noise_of(run.trial, None))
            rest = _quartiles(seen.resting)[1]
            rows += zip(
                repeat(number), repeat(seen.steps), repeat(seen.noise), seen.presentations, seen.stands,
                seen.robustly_latched, rest, *seen.gradient_quartiles, strict=False,
            )  # fmt: skip
        progress.advance()
    progress.finish()
    names = ("run", "steps", "noise", "presentations", "stands", "robust", "resting", "low", "middle", "high")
    kinds = (np.int64, np.int64, np.float64, np.int64, np.float64, np.bool_, *(np.float64,) * 4)
    table = np.array(rows, dtype=list(zip(names, kinds, strict=True)))
    return LatchedGradients(
        table["run"], table["steps"], table["presentations"], table["stands"], table["noise"], table["robust"],
        table["resting"], np.array([table["low"], table["middle"], table["high"]]),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class RestingCurve:
    """What is left of the gradient at the first input of a neuron that rests where it is latched, over its h*.

    ``stands`` (G,): h*; ``shortest``, ``longest`` (G,): |dx_N/du_1| = mu^N / w after N = T/2 and N = T steps.
    """

    steps: int
    stands: Floats
    shortest: Floats
    longest: Floats


def resting_curve(steps: int, most: float = 1.0, points: int = 200) -> RestingCurve:
    """The curve for sequences of T/2 to T steps, for neurons with h* up to ``most`` (about).

    By the latched state p: w = p coth p, mu = 2p / sinh 2p, h* = sqrt(w (w - 1)) - arcosh(sqrt w).
    Source: BSF94, Section III, in closed form. Rigor: floating point.
    """
    p = np.geomspace(0.05, 1.0 + 2.0 * most, points)
    w, mu = p / np.tanh(p), 2.0 * p / np.sinh(2.0 * p)
    critical = np.sqrt(w * (w - 1.0)) - np.arccosh(np.sqrt(w))
    return RestingCurve(steps, critical, mu ** max(1, steps // 2) / w, mu**steps / w)
